//! The transitions of a clearance one by one: what binds, what is refused, what is shown and told.

#![expect(clippy::unwrap_used, reason = "a test's helpers, outside of the test functions themselves")]

use clearance::{
    ASK_SECONDS, Answer, BAND_SECONDS, Clearance, ClearanceId, Command, DOOR_SECONDS, Digest, Event,
    MAX_ROUNDS, MEASURES_SECONDS, Measures, Mismatch, Passage, Place, Request, ReservationId, Round,
    RoundError, Sentence, Sides, Subject, Told, TransitionError, Verdict, VerdictError,
};
use credential::TokenId;
use documents::{AuthorityCode, Direction, LaneKind, Measure, Side, Timestamp};

const JOINT: Sides<()> = Sides::Both { exit: (), entry: () };

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(1_800_000_000 + seconds).unwrap()
}

fn place(sides: Sides<()>) -> Place {
    let direction = Direction::new(AuthorityCode::Mac, AuthorityCode::Chn).unwrap();
    Place { lane: "lane-1".parse().unwrap(), port: "hengqin".parse().unwrap(), direction, sides }
}

fn number(side: Side) -> u8 {
    match side {
        Side::Exit => 1,
        Side::Entry => 2,
    }
}

fn subject() -> Subject {
    Subject {
        clearance: ClearanceId::from_bytes([1; 16]),
        place: place(JOINT),
        token: TokenId::from_bytes([2; 16]),
        shown_at: at(-2),
        probe: Digest::from_bytes([3; 32]),
    }
}

/// Requests whose hashes begin at `series`.
fn requests(series: u8) -> Sides<Request> {
    JOINT.map(|side, ()| Request {
        part: Digest::from_bytes([number(side); 32]),
        hash: Digest::from_bytes([series + number(side); 32]),
    })
}

fn first_round() -> Round {
    Round::new(subject(), requests(10)).unwrap()
}

fn verdict(side: Side, series: u8, answer: Answer) -> Verdict {
    let hash = [series + number(side) + 100; 32];
    Verdict {
        authority: subject().place.direction.authority(side),
        side,
        request: Digest::from_bytes([series + number(side); 32]),
        answer,
        valid_until: at(60),
        hash: Digest::from_bytes(hash),
    }
}

fn admit(side: Side) -> Answer {
    Answer::Admit { reservation: ReservationId::from_bytes([number(side); 16]) }
}

fn verify(measure: Measure) -> Answer {
    Answer::Verify { measures: Measures::new([measure]).unwrap() }
}

fn answered(side: Side, answer: Answer) -> Event {
    Event::Answered { verdict: verdict(side, 10, answer), now: at(1) }
}

/// Takes the events in turn, all of which must be accepted; gives the last state and every command.
fn run(events: impl IntoIterator<Item = Event>) -> (Clearance, Vec<Command>) {
    let mut state = Clearance::new(subject().clearance, place(JOINT));
    let mut all = Vec::new();
    for event in events {
        let step = state.step(event).unwrap();
        state = step.state;
        all.extend(step.commands);
    }
    (state, all)
}

fn asked() -> Vec<Event> {
    vec![Event::Checked { round: first_round(), now: at(0) }, Event::AskingRecorded { now: at(0) }]
}

fn asked_then(events: impl IntoIterator<Item = Event>) -> Vec<Event> {
    asked().into_iter().chain(events).collect()
}

fn refusal(events: Vec<Event>, last: Event) -> TransitionError {
    let (state, _) = run(events);
    let refused = state.clone().step(last).unwrap_err();
    assert_eq!(refused.state, state, "a refused event changed the state");
    refused.why
}

fn opened() -> Vec<Event> {
    asked_then([
        answered(Side::Exit, admit(Side::Exit)),
        answered(Side::Entry, admit(Side::Entry)),
        Event::OpeningRecorded { now: at(2) },
    ])
}

fn is_door(command: &Command) -> bool {
    matches!(command, Command::CommandDoor(_))
}

fn told(commands: &[Command]) -> Vec<(AuthorityCode, Told)> {
    commands
        .iter()
        .filter_map(|c| match c {
            Command::TellAuthority { authority, told } => Some((*authority, *told)),
            Command::RecordAsking(_)
            | Command::AskAuthority { .. }
            | Command::RunMeasures(_)
            | Command::RecordOpening(_)
            | Command::CommandDoor(_)
            | Command::RecordPassage(_)
            | Command::CallOfficer
            | Command::ShowTraveller(_) => None,
        })
        .collect()
}

fn shown(commands: &[Command]) -> Sentence {
    commands
        .iter()
        .rev()
        .find_map(|c| if let Command::ShowTraveller(sentence) = c { Some(*sentence) } else { None })
        .unwrap()
}

#[test]
fn two_admits_open_the_door_once_and_a_passage_is_told_to_both_at_once() {
    let mut events = opened();
    let (state, commands) = run(events.clone());
    assert_eq!(state.name(), "open");
    assert_eq!(commands.iter().filter(|c| is_door(c)).count(), 1);
    events.extend([Event::Door { passage: Passage::Passed, now: at(9) }, Event::PassageRecorded]);
    let (state, commands) = run(events);
    let expected = Told { passage: Passage::Passed, at: at(9) };
    assert_eq!(told(&commands), [(AuthorityCode::Mac, expected), (AuthorityCode::Chn, expected)]);
    let Clearance::Ended(record) = state else { unreachable!() };
    assert_eq!(record.told_verdicts().unwrap().iter().count(), 2);
}

#[test]
fn one_admit_of_two_opens_nothing() {
    for side in [Side::Exit, Side::Entry] {
        let (state, commands) = run(asked_then([answered(side, admit(side))]));
        assert_eq!(state.name(), "asking");
        assert!(!commands.iter().any(is_door));
        // A repeat of the one does not stand for the other.
        let again = state.step(answered(side, admit(side))).unwrap();
        assert_eq!((again.state.name(), again.commands.len()), ("asking", 0));
    }
}

#[test]
fn a_verdict_that_is_not_bound_to_this_request_is_refused_and_changes_nothing() {
    let good = verdict(Side::Exit, 10, admit(Side::Exit));
    let foreign = AuthorityCode::Chn;
    for (row, change, expected) in [
        (
            "another request",
            Verdict { request: Digest::from_bytes([99; 32]), ..good },
            VerdictError::OtherRequest,
        ),
        (
            "the other side's request",
            Verdict { request: Digest::from_bytes([12; 32]), ..good },
            VerdictError::OtherRequest,
        ),
        (
            "the other authority",
            Verdict { authority: foreign, ..good },
            VerdictError::Authority { side: Side::Exit, signed_by: foreign, expected: AuthorityCode::Mac },
        ),
        ("expired", Verdict { valid_until: at(1), ..good }, VerdictError::Expired { until: at(1) }),
        ("too long", Verdict { valid_until: at(72), ..good }, VerdictError::TooLong { until: at(72) }),
    ] {
        let why = refusal(asked(), Event::Answered { verdict: change, now: at(1) });
        assert_eq!(why, TransitionError::Verdict(expected), "row {row}");
    }
    // At the bounds it is taken.
    for valid_until in [at(2), at(71)] {
        run(asked_then([Event::Answered { verdict: Verdict { valid_until, ..good }, now: at(1) }]));
    }
}

#[test]
fn an_authority_cannot_answer_one_request_twice_in_different_ways() {
    for (first, second) in [(Answer::Refer, admit(Side::Exit)), (admit(Side::Exit), Answer::Refer)] {
        let why = refusal(asked_then([answered(Side::Exit, first)]), answered(Side::Exit, second));
        assert_eq!(why, TransitionError::AnsweredOtherwise { side: Side::Exit });
    }
    // The same class in other signed bytes is another verdict: the passage event names one by its hash.
    let twin = Verdict { hash: Digest::from_bytes([250; 32]), ..verdict(Side::Exit, 10, admit(Side::Exit)) };
    let why = refusal(
        asked_then([answered(Side::Exit, admit(Side::Exit))]),
        Event::Answered { verdict: twin, now: at(1) },
    );
    assert_eq!(why, TransitionError::AnsweredOtherwise { side: Side::Exit });
}

#[test]
fn a_lane_of_one_authority_takes_no_verdict_of_the_other_side() {
    let sides = Sides::One(Side::Entry, ());
    let subject = Subject { place: place(sides), ..subject() };
    let request = *requests(10).get(Side::Entry).unwrap();
    let round = Round::new(subject.clone(), Sides::One(Side::Entry, request)).unwrap();
    let mut state = Clearance::new(subject.clearance, place(sides));
    for event in [Event::Checked { round, now: at(0) }, Event::AskingRecorded { now: at(0) }] {
        state = state.step(event).unwrap().state;
    }
    for event in [answered(Side::Exit, admit(Side::Exit)), Event::Unanswered { side: Side::Exit, now: at(1) }]
    {
        let refused = state.clone().step(event).unwrap_err();
        assert_eq!(refused.why, TransitionError::Side { side: Side::Exit });
    }
    let step = state.step(answered(Side::Entry, admit(Side::Entry))).unwrap();
    assert_eq!(step.state.name(), "opening");
}

#[test]
fn a_round_must_fit_the_lane_and_the_clearance() {
    let only_exit = Sides::One(Side::Exit, *requests(10).get(Side::Exit).unwrap());
    assert_eq!(Round::new(subject(), only_exit), Err(RoundError::Sides));
    let one = *requests(10).get(Side::Exit).unwrap();
    assert_eq!(Round::new(subject(), Sides::Both { exit: one, entry: one }), Err(RoundError::SameRequest));
    let elsewhere = Place { lane: "lane-2".parse().unwrap(), ..place(JOINT) };
    for (subject, why) in [
        (Subject { clearance: ClearanceId::from_bytes([8; 16]), ..subject() }, Mismatch::Clearance),
        (Subject { place: elsewhere, ..subject() }, Mismatch::Place),
    ] {
        let round = Round::new(subject, requests(10)).unwrap();
        assert_eq!(refusal(vec![], Event::Checked { round, now: at(0) }), TransitionError::OtherRound(why));
    }
}

#[test]
fn an_admit_that_expires_while_the_opening_is_written_opens_nothing_and_nobody_is_in_doubt() {
    for (row, exit, entry) in [("both", 40, 40), ("the exit's", 40, 60), ("the entry's", 60, 40)] {
        let until = |side, seconds| Event::Answered {
            verdict: Verdict { valid_until: at(seconds), ..verdict(side, 10, admit(side)) },
            now: at(1),
        };
        let written = Event::OpeningRecorded { now: at(40) };
        let events = [until(Side::Exit, exit), until(Side::Entry, entry), written, Event::PassageRecorded];
        let (state, commands) = run(asked_then(events));
        assert!(!commands.iter().any(is_door), "{row}");
        assert_eq!(shown(&commands), Sentence::SeeOfficer, "{row}");
        // The door was never commanded, so nobody can have gone through.
        let Clearance::Ended(record) = state else { unreachable!() };
        assert_eq!((record.passage, record.told_verdicts()), (Passage::NotPassed, None), "{row}");
    }
}

#[test]
fn an_admit_that_expires_while_the_other_side_is_awaited_opens_nothing() {
    let early = Verdict { valid_until: at(3), ..verdict(Side::Exit, 10, admit(Side::Exit)) };
    let late = Event::Answered { verdict: verdict(Side::Entry, 10, admit(Side::Entry)), now: at(4) };
    let (state, commands) = run(asked_then([Event::Answered { verdict: early, now: at(1) }, late]));
    assert_eq!(state.name(), "closing");
    assert!(!commands.iter().any(|c| matches!(c, Command::RecordOpening(_))));
}

/// Every way in which one side says no while the other admits, and the traveller's own ways of not passing.
fn ways_not_to_pass() -> Vec<(&'static str, Vec<Event>)> {
    let other = || answered(Side::Entry, admit(Side::Entry));
    let no = |answer| asked_then([other(), answered(Side::Exit, answer)]);
    let measured = |last: Event| asked_then([other(), answered(Side::Exit, verify(Measure::Pin)), last]);
    let opened_then = |last: Event| opened().into_iter().chain([last]).collect::<Vec<_>>();
    vec![
        ("refer", no(Answer::Refer)),
        ("busy", no(Answer::Busy)),
        ("not open", no(Answer::NotOpenToHolder { open: LaneKind::Manual })),
        ("no answer", asked_then([other(), Event::Unanswered { side: Side::Exit, now: at(2) }])),
        ("time out", asked_then([other(), Event::Tick { now: at(ASK_SECONDS) }])),
        ("measures failed", measured(Event::MeasuresFailed { now: at(12) })),
        ("left during measures", measured(Event::WalkedAway { now: at(3) })),
        (
            "left at once",
            vec![Event::Checked { round: first_round(), now: at(0) }, Event::WalkedAway { now: at(1) }],
        ),
        ("left while asking", asked_then([other(), Event::WalkedAway { now: at(4) }])),
        ("turned round at the door", opened_then(Event::Door { passage: Passage::NotPassed, now: at(21) })),
        ("disk full before the door", {
            let mut events = opened();
            events.pop();
            events.push(Event::RecordFailed { now: at(2) });
            events
        }),
    ]
}

#[test]
fn what_one_authority_is_told_does_not_depend_on_why_the_other_said_no() {
    let expected = Told { passage: Passage::NotPassed, at: at(BAND_SECONDS) };
    for (way, mut events) in ways_not_to_pass() {
        events.push(Event::PassageRecorded);
        let (state, commands) = run(events);
        let both = [(AuthorityCode::Mac, expected), (AuthorityCode::Chn, expected)];
        assert_eq!(told(&commands), both, "{way}");
        let Clearance::Ended(record) = state else { unreachable!() };
        assert_eq!(
            record.told_verdicts(),
            None,
            "{way}: a verdict hash would show that the other side had admitted"
        );
    }
}

#[test]
fn the_traveller_sees_one_sentence_for_every_reason_an_authority_may_have() {
    for (answer, sentence) in [
        (Answer::Refer, Sentence::SeeOfficer),
        (Answer::Busy, Sentence::TryAgain),
        (Answer::NotOpenToHolder { open: LaneKind::Manual }, Sentence::OtherLane(LaneKind::Manual)),
        (verify(Measure::Pin), Sentence::FurtherCheck),
    ] {
        for side in [Side::Exit, Side::Entry] {
            let other = if side == Side::Exit { Side::Entry } else { Side::Exit };
            let (_, commands) = run(asked_then([answered(side, answer), answered(other, admit(other))]));
            assert_eq!(shown(&commands), sentence, "{answer:?}");
            // A refer on the other side covers all of it.
            let (_, commands) = run(asked_then([answered(side, answer), answered(other, Answer::Refer)]));
            assert_eq!(shown(&commands), Sentence::SeeOfficer, "{answer:?} beside a refer");
        }
    }
}

#[test]
fn a_no_is_known_only_when_both_sides_have_answered() {
    let (state, commands) = run(asked_then([answered(Side::Exit, Answer::Refer)]));
    assert_eq!(state.name(), "asking");
    assert_eq!(shown(&commands), Sentence::PleaseWait);
    assert_eq!(state.verdict(Side::Exit).unwrap().answer, Answer::Refer);
    assert_eq!(state.verdict(Side::Entry), None);
}

fn measuring() -> Vec<Event> {
    asked_then([answered(Side::Exit, verify(Measure::Pin)), answered(Side::Entry, admit(Side::Entry))])
}

fn asked_sides(commands: &[Command]) -> Vec<Side> {
    commands
        .iter()
        .filter_map(|c| if let Command::AskAuthority { side, .. } = c { Some(*side) } else { None })
        .collect()
}

#[test]
fn after_measures_about_the_same_face_only_those_are_asked_who_have_not_admitted() {
    let round = Round::new(subject(), requests(20)).unwrap();
    let (state, before) = run(measuring());
    assert!(before.contains(&Command::RunMeasures(Measures::new([Measure::Pin]).unwrap())));
    let step = state.step(Event::MeasuresTaken { round, now: at(10) }).unwrap();
    assert_eq!(asked_sides(&step.commands), [Side::Exit]);
    let last = verdict(Side::Exit, 20, admit(Side::Exit));
    let step = step.state.step(Event::Answered { verdict: last, now: at(11) }).unwrap();
    assert_eq!(step.state.name(), "opening");
}

#[test]
fn after_a_new_face_or_showing_or_a_long_while_everybody_is_asked_again() {
    let face = Subject { probe: Digest::from_bytes([5; 32]), ..subject() };
    let showing = Subject { shown_at: at(8), ..subject() };
    for (row, subject, now) in [("face", face, 10), ("showing", showing, 10), ("late", subject(), 53)] {
        let (state, _) = run(measuring());
        let round = Round::new(subject, requests(20)).unwrap();
        let step = state.step(Event::MeasuresTaken { round, now: at(now) }).unwrap();
        assert_eq!(asked_sides(&step.commands), [Side::Exit, Side::Entry], "{row}");
        // The admit of the first round no longer counts.
        let old = answered(Side::Entry, admit(Side::Entry));
        let refused = step.state.step(old).unwrap_err();
        assert_eq!(refused.why, TransitionError::Verdict(VerdictError::OtherRequest), "{row}");
    }
}

#[test]
fn what_either_side_asks_for_is_carried_out_before_both_are_asked_again() {
    let wanted =
        [answered(Side::Exit, verify(Measure::Pin)), answered(Side::Entry, verify(Measure::Officer))];
    let (_, commands) = run(asked_then(wanted));
    let both = Measures::new([Measure::Pin, Measure::Officer]).unwrap();
    assert!(commands.contains(&Command::RunMeasures(both)), "{commands:?}");
}

#[test]
fn an_old_request_is_never_asked_again() {
    let (state, _) = run(measuring());
    let face = Subject { probe: Digest::from_bytes([5; 32]), ..subject() };
    for subject in [subject(), face] {
        let round = Round::new(subject, requests(10)).unwrap();
        let refused = state.clone().step(Event::MeasuresTaken { round, now: at(10) }).unwrap_err();
        assert_eq!(refused.why, TransitionError::OtherRound(Mismatch::Request));
    }
}

#[test]
fn the_next_round_is_about_the_same_clearance_lane_and_token() {
    let (state, _) = run(measuring());
    let elsewhere = Place { lane: "lane-2".parse().unwrap(), ..place(JOINT) };
    for (subject, why) in [
        (Subject { clearance: ClearanceId::from_bytes([8; 16]), ..subject() }, Mismatch::Clearance),
        (Subject { place: elsewhere, ..subject() }, Mismatch::Place),
        (Subject { token: TokenId::from_bytes([7; 16]), ..subject() }, Mismatch::Token),
    ] {
        let round = Round::new(subject, requests(20)).unwrap();
        let refused = state.clone().step(Event::MeasuresTaken { round, now: at(10) }).unwrap_err();
        assert_eq!((&refused.state, refused.why), (&state, TransitionError::OtherRound(why)));
    }
}

#[test]
fn measures_that_come_too_late_ask_nobody_again() {
    let (state, _) = run(measuring());
    let round = Round::new(subject(), requests(20)).unwrap();
    let step = state.step(Event::MeasuresTaken { round, now: at(1 + MEASURES_SECONDS) }).unwrap();
    assert_eq!((step.state.name(), asked_sides(&step.commands).len()), ("closing", 0));
}

#[test]
fn a_failed_check_is_said_to_the_traveller_and_asks_nobody() {
    for (sentence, officer) in
        [(Sentence::CheckFailed("show_fresh_code"), false), (Sentence::SeeOfficer, true)]
    {
        let (state, commands) = run([Event::CheckFailed { sentence }]);
        assert_eq!((state.name(), shown(&commands)), ("unasked", sentence));
        assert_eq!(commands.contains(&Command::CallOfficer), officer, "{sentence:?}");
        let again = state.clone().step(Event::CheckFailed { sentence }).unwrap();
        assert_eq!((again.state, again.commands), (state, vec![]));
    }
    let late = Event::CheckFailed { sentence: Sentence::SeeOfficer };
    assert_eq!(refusal(asked(), late), TransitionError::State { state: "asking" });
}

#[test]
fn the_screen_is_the_next_travellers_once_this_one_has_turned_round() {
    for (row, events, expected) in [
        ("left before the asking", vec![Event::WalkedAway { now: at(1) }], Sentence::Welcome),
        ("left while asking", asked_then([Event::WalkedAway { now: at(1) }]), Sentence::Welcome),
        ("turned round at the door", at_the_door(Passage::NotPassed), Sentence::Welcome),
        ("passed", at_the_door(Passage::Passed), Sentence::GoThrough),
        ("came back", at_the_door(Passage::Returned), Sentence::SeeOfficer),
        ("the door does not know", at_the_door(Passage::Unknown), Sentence::SeeOfficer),
    ] {
        assert_eq!(shown(&run(events).1), expected, "row {row}");
    }
}

fn at_the_door(passage: Passage) -> Vec<Event> {
    opened().into_iter().chain([Event::Door { passage, now: at(4) }]).collect()
}

#[test]
fn an_officer_is_called_for_a_no_and_for_a_door_that_does_not_fit_and_for_nothing_else() {
    let calls = |events: Vec<Event>| run(events).1.contains(&Command::CallOfficer);
    let no = |answer| asked_then([answered(Side::Exit, answer), answered(Side::Entry, admit(Side::Entry))]);
    for (row, events, expected) in [
        ("refer", no(Answer::Refer), true),
        ("no answer", asked_then([Event::Tick { now: at(ASK_SECONDS) }]), true),
        ("busy", no(Answer::Busy), false),
        ("another lane", no(Answer::NotOpenToHolder { open: LaneKind::Manual }), false),
        ("walked away", asked_then([Event::WalkedAway { now: at(2) }]), false),
        ("passed", at_the_door(Passage::Passed), false),
        ("turned round", at_the_door(Passage::NotPassed), false),
        ("came back", at_the_door(Passage::Returned), true),
        ("the door does not know", at_the_door(Passage::Unknown), true),
    ] {
        assert_eq!(calls(events), expected, "row {row}");
    }
}

#[test]
fn measures_are_asked_for_a_few_times_and_then_an_officer_comes() {
    let (mut state, _) = run(asked());
    let mut now = 1;
    for round in 1..=MAX_ROUNDS {
        for side in [Side::Exit, Side::Entry] {
            let answer =
                Verdict { valid_until: at(now + 60), ..verdict(side, round * 10, verify(Measure::Officer)) };
            state = state.step(Event::Answered { verdict: answer, now: at(now) }).unwrap().state;
        }
        if round < MAX_ROUNDS {
            assert_eq!(state.name(), "measuring", "round {round}");
            now += 5;
            let next = Round::new(subject(), requests((round + 1) * 10)).unwrap();
            state = state.step(Event::MeasuresTaken { round: next, now: at(now) }).unwrap().state;
        }
    }
    assert_eq!(state.name(), "closing");
}

#[test]
fn each_wait_has_its_end() {
    let (state, _) = run(asked());
    assert_eq!(state.deadline(), Some(at(ASK_SECONDS)));
    assert_eq!(state.step(Event::Tick { now: at(ASK_SECONDS) }).unwrap().state.name(), "closing");
    let (state, _) = run(measuring());
    let end = at(1 + MEASURES_SECONDS);
    assert_eq!(state.deadline(), Some(end));
    assert_eq!(state.step(Event::Tick { now: end }).unwrap().state.name(), "closing");
    let (state, _) = run(opened());
    let end = at(2 + DOOR_SECONDS);
    assert_eq!(state.clone().step(Event::Tick { now: end.plus_seconds(-1) }).unwrap().state, state);
    let Clearance::Closing(record) = state.step(Event::Tick { now: end }).unwrap().state else {
        unreachable!()
    };
    assert_eq!(record.passage, Passage::Unknown);
}

#[test]
fn once_the_door_is_open_only_the_door_says_who_went_where() {
    let why = refusal(opened(), Event::WalkedAway { now: at(4) });
    assert_eq!(why, TransitionError::State { state: "open" });
}

#[test]
fn a_door_that_says_the_same_again_changes_nothing_and_one_that_says_otherwise_is_refused() {
    let said = |passage| Event::Door { passage, now: at(9) };
    for ended in [vec![said(Passage::Passed)], vec![said(Passage::Passed), Event::PassageRecorded]] {
        let events = || opened().into_iter().chain(ended.clone()).collect::<Vec<_>>();
        let (state, _) = run(events());
        let again = state.clone().step(said(Passage::Passed)).unwrap();
        assert_eq!((&again.state, again.commands.len()), (&state, 0));
        for otherwise in [Passage::NotPassed, Passage::Returned, Passage::Unknown] {
            assert_eq!(refusal(events(), said(otherwise)), TransitionError::State { state: state.name() });
        }
    }
}

#[test]
fn a_door_that_was_never_commanded_has_nothing_to_say() {
    let left = Event::WalkedAway { now: at(2) };
    for (state, events) in [
        ("checking", vec![]),
        ("asking", asked()),
        ("measuring", measuring()),
        ("closing", asked_then([left.clone()])),
        ("ended", asked_then([left, Event::PassageRecorded])),
    ] {
        for passage in Passage::ALL {
            let why = refusal(events.clone(), Event::Door { passage, now: at(9) });
            assert_eq!(why, TransitionError::State { state }, "{passage:?}");
        }
    }
}

#[test]
fn an_authority_has_eight_seconds_to_answer() {
    assert_eq!(ASK_SECONDS, 8);
}

#[test]
fn without_a_record_nobody_is_asked_and_an_end_is_tried_until_it_is_written() {
    let (state, commands) =
        run([Event::Checked { round: first_round(), now: at(0) }, Event::RecordFailed { now: at(1) }]);
    assert_eq!((state.name(), asked_sides(&commands).len()), ("unasked", 0));
    assert_eq!(shown(&commands), Sentence::SeeOfficer);
    assert!(commands.contains(&Command::CallOfficer), "nobody else can help the traveller");
    let (state, _) = run(asked_then([Event::WalkedAway { now: at(2) }]));
    let step = state.clone().step(Event::RecordFailed { now: at(3) }).unwrap();
    assert_eq!(step.state, state);
    assert!(matches!(step.commands.as_slice(), [Command::RecordPassage(_)]));
}
