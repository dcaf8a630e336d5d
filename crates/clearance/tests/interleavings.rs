//! Every interleaving of answers, time-outs, repeats, reorderings, losses, failed writes and crashes for one traveller,
//! with the two authorities' reservations beside it and a second lane that wants the same person.
//!
//! The network is the set of all messages ever sent: any of them may arrive at any time and any number of times, or
//! never. So loss, repeat and reordering are one thing, and the search misses none of them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helpers, outside of the test functions themselves, where these end a test"
)]

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};

use clearance::{
    Answer, Clearance, ClearanceId, Command, Digest, Event, Hold, HoldAnswer, HoldRequest, LaneId, Measures,
    Passage, PassageId, Place, Recovery, Request, Reservation, ReservationId, Round, Sides, Subject, Told,
    Trail, Verdict, ask_hold, recover,
};
use credential::TokenId;
use documents::{AuthorityCode, Direction, Measure, Side, Timestamp};

/// The instants at which things may happen: within the asking, after it, after the band, after the verdicts' end.
const FINE_CLOCK: &[i64] = &[0, 5, 9, 62, 100];
/// The joint lane has the square of the states, so fewer instants and either a crash or a failed write.
const COARSE_CLOCK: &[i64] = &[0, 9, 62];
const HOLD_SECONDS: i64 = 90;
const TOKEN: TokenId = TokenId::from_bytes([9; 16]);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(1_800_000_000 + seconds).unwrap()
}

fn id(n: u8) -> ClearanceId {
    ClearanceId::from_bytes([n; 16])
}

fn lane(name: &str) -> LaneId {
    name.parse().unwrap()
}

fn digest(a: u8, b: u8) -> Digest {
    let mut bytes = [0; 32];
    bytes[0] = a;
    bytes[1] = b;
    Digest::from_bytes(bytes)
}

fn side_number(side: Side) -> u8 {
    match side {
        Side::Exit => 0,
        Side::Entry => 1,
    }
}

fn place(sides: Sides<()>) -> Place {
    let direction = Direction::new(AuthorityCode::Mac, AuthorityCode::Chn).unwrap();
    Place { lane: lane("lane-1"), port: "hengqin".parse().unwrap(), direction, sides }
}

/// Round `number`; a `fresh` one has a new picture.
fn round(sides: Sides<()>, number: u8, fresh: bool) -> Round {
    let probe = digest(7, if fresh { number } else { 1 });
    let place = place(sides);
    let requests =
        sides.map(|side, ()| Request { part: digest(6, side_number(side)), hash: request(side, number) });
    Round::new(Subject { clearance: id(1), place, token: TOKEN, shown_at: at(0), probe }, requests).unwrap()
}

fn request(side: Side, number: u8) -> Digest {
    digest(10 + number, side_number(side))
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Authority {
    holds: Vec<Hold>,
    answers: Vec<(Digest, Verdict)>,
    /// Clearances whose end was heard before any request of theirs.
    ended: bool,
    applied: u8,
    heard: Option<Passage>,
    rival_asked: bool,
}

impl Authority {
    fn new() -> Self {
        Self {
            holds: Vec::new(),
            answers: Vec::new(),
            ended: false,
            applied: 0,
            heard: None,
            rival_asked: false,
        }
    }

    /// Answers a request. `wish` is what its rules say; a reservation may turn an admit into something else.
    fn answer(&mut self, side: Side, hash: Digest, wish: Wish, now: Timestamp) -> Verdict {
        if let Some((_, verdict)) = self.answers.iter().find(|(h, _)| *h == hash) {
            return *verdict;
        }
        let answer = match wish {
            Wish::Refer => Answer::Refer,
            Wish::Verify => verify(),
            Wish::Admit => self.reserve(id(1), "lane-1", now),
        };
        let number = hash.as_bytes()[0] * 8 + answer_number(&answer);
        let verdict = Verdict {
            authority: place(Sides::One(side, ())).direction.authority(side),
            side,
            request: hash,
            answer,
            valid_until: now.plus_seconds(60),
            hash: digest(number, side_number(side)),
        };
        self.answers.push((hash, verdict));
        verdict
    }

    fn reserve(&mut self, clearance: ClearanceId, at_lane: &str, now: Timestamp) -> Answer {
        if self.ended && clearance == id(1) {
            return Answer::Refer;
        }
        let request = HoldRequest { clearance, lane: lane(at_lane), token: TOKEN, settled: false };
        let until = now.plus_seconds(HOLD_SECONDS);
        match ask_hold(&self.holds, &request, now) {
            HoldAnswer::Hold => {
                let reservation = ReservationId::from_bytes([clearance.as_bytes()[0]; 16]);
                let state = Reservation::hold(until);
                self.holds.push(Hold {
                    id: reservation,
                    clearance,
                    lane: lane(at_lane),
                    token: TOKEN,
                    state,
                });
                Answer::Admit { reservation }
            }
            HoldAnswer::Renew(reservation) => {
                let hold = self.holds.iter_mut().find(|h| h.id == reservation).unwrap();
                hold.state = Reservation::hold(until);
                Answer::Admit { reservation }
            }
            HoldAnswer::Busy => Answer::Busy,
            HoldAnswer::Unresolved(_) => verify(),
            HoldAnswer::TokenSpent | HoldAnswer::ClearanceOver => Answer::Refer,
            HoldAnswer::Replace(_) => unreachable!("the lane serves one clearance here"),
        }
    }

    fn hear(&mut self, passage: Passage, now: Timestamp) {
        self.ended = true;
        self.heard.get_or_insert(passage);
        assert_eq!(self.heard, Some(passage), "one clearance was told two ends");
        let Some(hold) = self.holds.iter_mut().find(|h| h.clearance == id(1)) else { return };
        let before = hold.state.at(now);
        hold.state = before.hear(passage, PassageId::from_bytes([1; 16]), now).unwrap();
        let counted = |s: Reservation| matches!(s, Reservation::Applied { .. });
        if counted(hold.state) && !counted(before) {
            self.applied += 1;
        }
    }

    fn own(&self, now: Timestamp) -> Option<Reservation> {
        self.holds.iter().find(|h| h.clearance == id(1)).map(|h| h.state.at(now))
    }

    fn held(&self, now: Timestamp) -> usize {
        self.holds.iter().filter(|h| matches!(h.state.at(now), Reservation::Held { .. })).count()
    }
}

fn verify() -> Answer {
    Answer::Verify { measures: Measures::new([Measure::Pin]).unwrap() }
}

fn answer_number(answer: &Answer) -> u8 {
    match answer {
        Answer::Admit { .. } => 0,
        Answer::Verify { .. } => 1,
        Answer::Refer => 2,
        Answer::Busy => 3,
        Answer::NotOpenToHolder { .. } => 4,
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Wish {
    Admit,
    Verify,
    Refer,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Message {
    Ask(Side, u8),
    Answer(Side, u8),
    Tell(Side),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct World {
    sides: Sides<()>,
    clock: &'static [i64],
    gate: Option<Clearance>,
    durable: Option<Trail>,
    tick: usize,
    round: u8,
    crashes_left: u8,
    write_failures_left: u8,
    door: u8,
    /// What the door said, which the gate may have forgotten since.
    door_said: Option<Passage>,
    network: BTreeSet<Message>,
    exit: Authority,
    entry: Authority,
    measured: bool,
}

#[derive(Clone, Copy, Debug)]
enum Action {
    Check,
    Written,
    WriteFails,
    WrittenUnheard,
    Deliver(Message, Option<Wish>),
    Unanswered(Side),
    Measured { fresh: bool },
    MeasuresFail,
    WalkAway,
    Door(Passage),
    Rival(Side),
    Advance,
    Crash,
}

impl World {
    fn new(sides: Sides<()>, clock: &'static [i64], crashes_left: u8, write_failures_left: u8) -> Self {
        Self {
            sides,
            gate: Some(Clearance::new(id(1), place(sides))),
            durable: None,
            tick: 0,
            round: 1,
            crashes_left,
            write_failures_left,
            clock,
            door: 0,
            door_said: None,
            network: BTreeSet::new(),
            exit: Authority::new(),
            entry: Authority::new(),
            measured: false,
        }
    }

    fn now(&self) -> Timestamp {
        at(self.clock[self.tick])
    }

    fn authority(&mut self, side: Side) -> &mut Authority {
        match side {
            Side::Exit => &mut self.exit,
            Side::Entry => &mut self.entry,
        }
    }

    fn served(&self) -> Vec<Side> {
        self.sides.iter().map(|(side, ())| side).collect()
    }

    fn actions(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        let state = self.gate.as_ref().map_or("down", Clearance::name);
        match state {
            "checking" => actions.push(Action::Check),
            "noting" | "opening" | "closing" => {
                actions.push(Action::Written);
                if self.crashes_left > 0 {
                    actions.push(Action::WrittenUnheard);
                }
                if self.write_failures_left > 0 {
                    actions.push(Action::WriteFails);
                }
            }
            "asking" => actions.extend(self.served().into_iter().map(Action::Unanswered)),
            "measuring" => {
                actions.push(Action::MeasuresFail);
                if self.round < 2 {
                    actions.extend([Action::Measured { fresh: true }, Action::Measured { fresh: false }]);
                }
            }
            "open" => actions.extend(Passage::ALL.map(Action::Door)),
            _ => {}
        }
        if ["noting", "asking", "measuring", "opening"].contains(&state) {
            actions.push(Action::WalkAway);
        }
        for message in &self.network {
            match message {
                Message::Ask(..) => actions.extend(
                    [Wish::Admit, Wish::Verify, Wish::Refer].map(|w| Action::Deliver(*message, Some(w))),
                ),
                Message::Answer(..) | Message::Tell(_) => actions.push(Action::Deliver(*message, None)),
            }
        }
        // The rival at one side is enough: the two authorities share nothing.
        if !self.entry.rival_asked && self.sides.get(Side::Entry).is_some() {
            actions.push(Action::Rival(Side::Entry));
        }
        if self.tick + 1 < self.clock.len() {
            actions.push(Action::Advance);
        }
        if self.crashes_left > 0 && self.gate.is_some() && state != "checking" {
            actions.push(Action::Crash);
        }
        actions
    }

    /// Does one action.
    fn act(&mut self, action: Action) {
        let now = self.now();
        match action {
            Action::Check => self.tell_gate(&Event::Checked { round: round(self.sides, 1, true), now }),
            Action::Written => {
                self.write();
                self.acknowledge();
            }
            // The write got through, and the machine stopped before it knew.
            Action::WrittenUnheard => {
                self.write();
                self.crash();
            }
            Action::WriteFails => {
                self.write_failures_left -= 1;
                self.tell_gate(&Event::RecordFailed { now });
            }
            Action::Deliver(Message::Ask(side, number), wish) => {
                let hash = request(side, number);
                self.authority(side).answer(side, hash, wish.unwrap_or(Wish::Refer), now);
                self.network.insert(Message::Answer(side, number));
            }
            Action::Deliver(Message::Answer(side, number), _) => {
                let hash = request(side, number);
                let verdict = self.authority(side).answers.iter().find(|(h, _)| *h == hash).unwrap().1;
                if self.gate.is_some() {
                    self.tell_gate(&Event::Answered { verdict, now });
                }
            }
            Action::Deliver(Message::Tell(side), _) => {
                let Some(Trail::Passage(record)) = self.durable.clone() else {
                    panic!("told before it was written")
                };
                self.authority(side).hear(record.passage, now);
            }
            Action::Unanswered(side) => {
                self.tell_gate(&Event::Unanswered { side, now });
            }
            Action::Measured { fresh } => {
                self.round += 1;
                self.measured = true;
                self.tell_gate(&Event::MeasuresTaken { round: round(self.sides, self.round, fresh), now });
            }
            Action::MeasuresFail => {
                self.measured = true;
                self.tell_gate(&Event::MeasuresFailed { now });
            }
            Action::WalkAway => {
                self.tell_gate(&Event::WalkedAway { now });
            }
            Action::Door(passage) => {
                self.door_said = Some(passage);
                self.tell_gate(&Event::Door { passage, now });
            }
            Action::Rival(side) => {
                let authority = self.authority(side);
                authority.rival_asked = true;
                authority.reserve(id(2), "lane-2", now);
            }
            Action::Advance => {
                self.tick += 1;
                let now = self.now();
                if self.gate.is_some() {
                    self.tell_gate(&Event::Tick { now });
                }
                self.send_due();
            }
            Action::Crash => self.crash(),
        }
    }

    fn write(&mut self) {
        match self.gate.clone().unwrap() {
            Clearance::Noting(record) => self.durable = Some(record.trail()),
            Clearance::Opening(record) => self.durable = Some(record.trail()),
            Clearance::Closing(record) => self.durable = Some(Trail::Passage(record)),
            Clearance::Checking { .. }
            | Clearance::Asking(_)
            | Clearance::Measuring(_)
            | Clearance::Open { .. }
            | Clearance::Unasked
            | Clearance::Ended(_) => panic!("nothing to write"),
        }
    }

    fn acknowledge(&mut self) {
        let now = self.now();
        let event = match self.gate.as_ref().unwrap().name() {
            "noting" => Event::AskingRecorded { now },
            "opening" => Event::OpeningRecorded { now },
            _ => Event::PassageRecorded,
        };
        self.tell_gate(&event);
        self.send_due();
    }

    /// Stops and starts: what is not durable is gone, and recovery says what follows.
    fn crash(&mut self) {
        self.crashes_left = self.crashes_left.saturating_sub(1);
        self.gate = match self.durable.clone().map(|trail| recover(trail, self.now())) {
            None => None,
            Some(Recovery::RecordPassage(record)) => Some(Clearance::Closing(record)),
            Some(Recovery::Tell(_)) => None,
        };
        self.send_due();
    }

    /// The outbox: what is durable and due goes out, whether the gate remembers it or not.
    fn send_due(&mut self) {
        if let Some(Trail::Passage(record)) = &self.durable
            && self.now() >= record.told().at
        {
            let sides = self.served();
            self.network.extend(sides.into_iter().map(Message::Tell));
        }
    }

    fn tell_gate(&mut self, event: &Event) {
        let before = self.gate.clone().unwrap();
        let (state, commands) = match before.clone().step(event.clone()) {
            Ok(step) => (step.state, step.commands),
            Err(refused) => {
                assert_eq!(refused.state, before, "a refused event changed the state: {event:?}");
                return;
            }
        };
        if !matches!(event, Event::RecordFailed { .. }) {
            match state.clone().step(event.clone()) {
                Ok(again) => {
                    assert_eq!(again.state, state, "a repeat moved the state: {event:?}");
                    assert_eq!(again.commands, Vec::new(), "a repeat did something: {event:?}");
                }
                Err(refused) => assert_eq!(refused.state, state),
            }
        }
        for command in &commands {
            self.obey(command, &before);
        }
        self.gate = Some(state);
    }

    fn obey(&mut self, command: &Command, before: &Clearance) {
        match command {
            Command::AskAuthority { side, request: asked, .. } => {
                assert!(self.durable.is_some(), "asked before the asking was durable");
                assert_eq!(asked.hash, request(*side, self.round));
                self.network.insert(Message::Ask(*side, self.round));
            }
            Command::CommandDoor(clearance) => {
                assert_eq!(*clearance, id(1));
                self.door += 1;
                self.check_opening(before);
            }
            Command::TellAuthority { told, .. } => {
                let Some(Trail::Passage(record)) = &self.durable else {
                    panic!("told before it was written")
                };
                assert_eq!(*told, record.told());
            }
            Command::RecordAsking(_)
            | Command::RunMeasures(_)
            | Command::RecordOpening(_)
            | Command::RecordPassage(_)
            | Command::CallOfficer
            | Command::ShowTraveller(_) => {}
        }
    }

    /// Never opens without every admit that the lane needs, each bound to one subject, alive, and durably written.
    fn check_opening(&mut self, before: &Clearance) {
        let Clearance::Opening(opening) = before else { panic!("opened from {before:?}") };
        assert_eq!(self.door, 1, "the door was commanded twice");
        assert_eq!(self.durable, Some(opening.trail()), "opened before it was written");
        let now = self.now();
        let sides = self.served();
        assert_eq!(opening.admits.iter().map(|(side, _)| side).collect::<Vec<_>>(), sides);
        for side in sides {
            let admit = *opening.admits.get(side).unwrap();
            let issued = self.authority(side).answers.iter().any(|(_, v)| v == admit.verdict());
            assert!(issued, "an admit that its authority never gave");
            assert!(matches!(admit.verdict().answer, Answer::Admit { .. }));
            assert!(now < admit.verdict().valid_until, "opened on an expired verdict");
            // The request of the admit was about the very subject that is opened for.
            let subject_of = |number: u8, fresh| round(self.sides, number, fresh).subject().clone();
            let number = admit.verdict().request.as_bytes()[0] - 10;
            assert!(
                [true, false].into_iter().any(|fresh| subject_of(number, fresh) == opening.subject),
                "an admit about another face or lane"
            );
            assert_eq!(admit.verdict().request, request(side, number));
        }
    }

    fn check(&self) {
        let now = self.now();
        for (side, authority) in [(Side::Exit, &self.exit), (Side::Entry, &self.entry)] {
            assert!(authority.held(now) <= 1, "{side}: two lanes hold one person");
            assert!(authority.applied <= 1, "{side}: one passage was counted twice");
            assert!(
                authority.applied == 0 || self.door == 1,
                "{side}: counted a passage through a closed door"
            );
        }
    }

    /// From any state, once everybody is up again and every message arrives, nothing is held any more, and a passage
    /// that the door reported and the gate wrote is counted once at every side.
    fn check_that_all_ends_well(&self) {
        let mut world = self.clone();
        world.tick = world.clock.len() - 1;
        if world.gate.as_ref().is_some_and(|g| !matches!(g.name(), "closing" | "ended" | "unasked")) {
            world.crash();
        }
        if world.gate.as_ref().is_some_and(|g| g.name() == "closing") {
            world.write();
            world.acknowledge();
        }
        let end = match &world.durable {
            None => None,
            Some(Trail::Passage(record)) => Some(record.clone()),
            // A failed write of the asking that reached the disk all the same is told at the next start.
            Some(Trail::Asked { .. } | Trail::Opening { .. }) => {
                world.crash();
                world.write();
                world.acknowledge();
                let Some(Trail::Passage(record)) = &world.durable else { panic!() };
                Some(record.clone())
            }
        };
        if let Some(record) = &end
            && world.door == 1
        {
            // Once the door was commanded nobody but the door can say that nobody went through.
            let may_say = world.door_said == Some(record.passage) || record.passage == Passage::Unknown;
            assert!(may_say, "{:?} was told of an open door that said {:?}", record.passage, world.door_said);
        }
        let late: Vec<Message> = world.network.iter().copied().collect();
        for side in world.served() {
            if let Some(record) = &end {
                world.authority(side).hear(record.passage, record.told().at);
            }
            // Requests that come after the end find no traveller.
            for message in &late {
                if let Message::Ask(asked, number) = message
                    && *asked == side
                {
                    world.authority(side).answer(side, request(side, *number), Wish::Admit, at(100));
                }
            }
            let own = world.authority(side).own(at(100));
            let passed = end.as_ref().is_some_and(|r| r.passage == Passage::Passed);
            match own {
                None | Some(Reservation::Released { .. }) => assert!(!passed, "{side}: a passage was lost"),
                Some(Reservation::Applied { .. }) => assert!(passed, "{side}: counted what nobody saw pass"),
                Some(Reservation::Unresolved { .. }) => {
                    assert!(
                        end.as_ref().is_some_and(|r| r.passage == Passage::Unknown),
                        "{side}: in doubt for nothing"
                    );
                }
                Some(Reservation::Held { .. }) => panic!("{side}: a reservation has no owner: {self:?}"),
            }
        }
    }
}

struct Found {
    states: usize,
    opened: usize,
    /// Whether measures were taken, what was told, how many seconds after the asking: how often.
    told: BTreeMap<(bool, &'static str, i64), usize>,
}

fn explore(start: World) -> Found {
    // Two fingerprints of 64 bits stand for a state: with a few million states the odds of taking one for another are
    // less than one in 10^25, and the states themselves would not fit.
    let mut seen: HashSet<(u64, u64)> = HashSet::new();
    let hasher = BuildHasherDefault::<DefaultHasher>::new();
    let fingerprint = |world: &World| (hasher.hash_one(world), hasher.hash_one((1_u8, world)));
    let mut found = Found { states: 0, opened: 0, told: BTreeMap::new() };
    seen.insert(fingerprint(&start));
    let mut todo = vec![start];
    while let Some(world) = todo.pop() {
        world.check();
        world.check_that_all_ends_well();
        found.opened += usize::from(world.door == 1);
        if let Some(Trail::Passage(record)) = &world.durable {
            let Told { passage, at: told_at } = record.told();
            let key = (world.measured, passage.code(), told_at.seconds_since(record.asked_at));
            *found.told.entry(key).or_default() += 1;
        }
        for action in world.actions() {
            let mut next = world.clone();
            next.act(action);
            if seen.insert(fingerprint(&next)) {
                todo.push(next);
            }
        }
    }
    found.states = seen.len();
    found
}

fn check_found(name: &str, found: &Found) {
    println!("{name}: {} states, {} with an open door", found.states, found.opened);
    assert!(found.opened > 0, "{name}: the search never opened, so it proves nothing");
    for (measured, passage, seconds) in found.told.keys() {
        println!("  measures {measured}: {passage} told {seconds} s after the asking");
        assert!(*passage != "not_passed" || seconds % 30 == 0, "{name}: the time of a no leaked");
    }
}

#[test]
fn no_interleaving_at_a_lane_of_one_authority_breaks_a_promise() {
    check_found("entry lane", &explore(World::new(Sides::One(Side::Entry, ()), FINE_CLOCK, 2, 1)));
}

#[test]
fn no_interleaving_with_a_crash_at_a_joint_lane_breaks_a_promise() {
    check_found("joint lane", &explore(World::new(Sides::Both { exit: (), entry: () }, COARSE_CLOCK, 1, 0)));
}

#[test]
fn no_interleaving_with_a_failed_write_at_a_joint_lane_breaks_a_promise() {
    check_found("joint lane", &explore(World::new(Sides::Both { exit: (), entry: () }, COARSE_CLOCK, 0, 1)));
}
