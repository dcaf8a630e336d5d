//! Crossing: one arrival at a lane: papers by the rules of documents, the risk engine of both authorities, the measures, and the passage.
//!
//! Lives here: [`Bay`], [`cross`]. Not here: what the engine is given (`sight`); it is never given a case.

use std::collections::BTreeSet;

use credential::SecretKey;
use documents::{
    Answer, Direction, LaneAnswer, Movement, Outcome, Question, Rules, Timestamp, Verdict, may_cross,
};
use risk::ladder::Doubts;
use risk::rules::RuleSet;
use risk::schema::Schema;
use risk::state::{Crossed, Crossing, DeviceState, PersonState};
use risk::{Cause, Doubt, Findings, Harm, Judging, Policy, RuleId, judge, lot, without_rules};

use crate::arrival::Arrival;
use crate::cases::Case;
use crate::chance::Chance;
use crate::places::Places;
use crate::population::{Device, Drawing, Person, Shard, purpose};
use crate::scenario::{Begins, HolderDoes, Scenario};
use crate::showing::{Trick, show};
use crate::sight::{Sight, place};
use crate::tally::{SCORES, Tally};
use crate::visits::{Ended, Traveller, visit};

/// All that a crossing needs and does not change.
pub(crate) struct Bay<'a> {
    pub drawing: &'a Drawing<'a>,
    pub rules: &'a Rules,
    pub schema: &'a Schema,
    /// The risk rules in force; none: the stricter policy.
    pub set: Option<&'a RuleSet>,
    pub policy: Policy,
    pub none_in_shadow: BTreeSet<RuleId>,
    pub scenario: &'a Scenario,
    /// For each rule, whether it reads the face comparison.
    pub reads_face: Vec<bool>,
    /// The key of each authority's lot.
    pub keys: [SecretKey; 3],
}

impl Bay<'_> {
    const fn places(&self) -> &Places<'_> {
        self.drawing.places
    }

    /// The real engine over one authority's facts.
    pub fn ask(&self, facts: &risk::Facts) -> Findings {
        let Some(set) = self.set else { return without_rules(self.policy) };
        let judging = Judging {
            schema: self.schema,
            policy: self.policy,
            in_shadow: &self.none_in_shadow,
            on_trial: false,
        };
        judge(set, facts, &judging, &mut || 0)
    }

    fn rule_at(&self, id: &RuleId) -> Option<usize> {
        self.set?.rules().iter().position(|rule| rule.id == *id)
    }
}

/// What a lane did, for its state.
#[derive(Debug, Clone)]
pub(crate) struct LaneEvent {
    pub at: i64,
    /// Port, direction, whether it is the entry's, and which lane.
    pub lane: (usize, Direction, bool, usize),
    pub failed: bool,
    pub overridden: bool,
    /// The case of an insider, by part of the people and place.
    pub insider: Option<(usize, usize)>,
}

/// One judgement as an authority keeps it: the facts, and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The facts' deterministic form.
    pub facts: Vec<u8>,
    /// The findings' deterministic form.
    pub findings: Vec<u8>,
}

/// Where one part's results go.
pub(crate) struct Out<'a> {
    pub tally: &'a mut Tally,
    pub lanes: &'a mut Vec<LaneEvent>,
    pub kept: Option<&'a mut Vec<Kept>>,
    pub week: usize,
}

/// What the engine made of a crossing.
#[derive(Default)]
struct Found {
    asked: bool,
    asked_without_face: bool,
    lot: bool,
    score: i64,
    score_without_face: i64,
    undecided: bool,
    rules: BTreeSet<usize>,
    /// Two people use one pass, or one device is there twice: it shows at whichever of the two comes second.
    two_at_once: bool,
}

impl Found {
    fn take(&mut self, bay: &Bay<'_>, findings: &Findings) {
        let (mut score, mut without_face) = (0, 0);
        for finding in findings.iter().filter(|finding| finding.doubt != Doubt::Lane) {
            let rule = bay.rule_at(&finding.rule);
            let face = rule.and_then(|at| bay.reads_face.get(at)).is_some_and(|reads| *reads);
            if finding.doubt == Doubt::RandomCheck {
                self.lot |= finding.counts;
                continue;
            }
            let weight = match (finding.counts, finding.harm) {
                (false, _) => 1,
                (true, Harm::Low) => 10,
                (true, Harm::Medium) => 30,
                (true, Harm::High) => 90,
            };
            score += weight;
            without_face += if face { 0 } else { weight };
            self.asked |= finding.counts;
            self.asked_without_face |= finding.counts && !face;
            self.undecided |= finding.counts && finding.cause != Cause::Held;
            self.two_at_once |=
                finding.counts && matches!(finding.doubt, Doubt::DeviceCloned | Doubt::TravelImpossible);
            self.rules.extend(rule.filter(|_| finding.counts));
        }
        let most = i64::try_from(SCORES - 1).unwrap_or(255);
        self.score = self.score.max(score.min(most));
        self.score_without_face = self.score_without_face.max(without_face.min(most));
    }
}

/// One crossing that was tried, for the counts.
struct Tried {
    found: Found,
    papers: Outcome,
    /// Why papers or the lane did not serve.
    why: &'static str,
    passes: bool,
    seconds: i64,
    watched: [i64; 5],
}

/// Takes one arrival through.
pub(crate) fn cross(
    bay: &Bay<'_>,
    shard: &mut Shard,
    cases: &mut [Case],
    arrival: &Arrival,
    out: &mut Out<'_>,
) {
    let Some(now) = Timestamp::from_unix(arrival.at) else { return };
    if !comes(bay, shard, cases, (arrival, now), out) {
        return;
    }
    let Some(tried) = at_the_lane(bay, shard, cases, (arrival, now), out) else { return };
    count(bay, shard, cases, (arrival, now, tried), out);
}

/// Whether anybody comes to the lane, and the gate takes what is shown.
fn comes(
    bay: &Bay<'_>,
    shard: &mut Shard,
    cases: &mut [Case],
    (arrival, now): (&Arrival, Timestamp),
    out: &mut Out<'_>,
) -> bool {
    let Some(person) = shard.people.get_mut(arrival.person) else { return false };
    let silent = (person.silent.0..person.silent.1).contains(&arrival.at);
    if arrival.own && (silent || person.position != arrival.direction.from()) {
        out.tally.not_at_lanes += 1;
        if person.position == arrival.direction.from() && arrival.direction.to() == person.base {
            // Home by a counter, with the card.
            person.position = person.base;
            if let Some(id) = bay.places().id(arrival.place) {
                person.moved(Movement::new(now, id.clone(), arrival.direction));
            }
        }
        return false;
    }
    let Some(case) = arrival.case.and_then(|at| cases.get_mut(at)) else { return true };
    if case.is_over(arrival.person) {
        return false;
    }
    if case.reported.is_some_and(|at| at <= arrival.at) {
        // The gate refuses what the status list has; no authority is asked.
        case.story.by_status = true;
        case.ends(arrival.person);
        if let Some(counts) = out.tally.kinds.get_mut(case.kind) {
            counts.by_status += 1;
        }
        return false;
    }
    true
}

/// What both authorities make of it, and whether it passes.
fn at_the_lane(
    bay: &Bay<'_>,
    shard: &mut Shard,
    cases: &mut [Case],
    (arrival, now): (&Arrival, Timestamp),
    out: &mut Out<'_>,
) -> Option<Tried> {
    let person = shard.people.get_mut(arrival.person)?;
    let mut case = arrival.case.and_then(|at| cases.get_mut(at));
    let kind = case.as_ref().and_then(|case| bay.scenario.kinds.get(case.kind));
    let stream = person.id | u64::from(!arrival.own) << 40;
    let mut chance = Chance::new(bay.drawing.seed, purpose::CROSSING, stream, arrival.at.unsigned_abs());
    let case_stream = case
        .as_ref()
        .map_or(0, |case| Chance::new(bay.drawing.seed, purpose::TRICK, case.number(), 0).bits());
    // On their own journeys a holder who travels does nothing but travel.
    let plain =
        kind.is_some_and(|kind| kind.begins == Begins::OwnJourneys && kind.holder == HolderDoes::Travels);
    let trick = kind
        .map(|kind| Trick::draw(kind, &bay.scenario.artefacts, case_stream, &mut chance))
        .filter(|_| !plain);
    let device_at =
        case.as_ref().and_then(|case| case.device).filter(|_| !arrival.own).unwrap_or(person.device);
    let declared = if device_at == person.device {
        person.device_declared
    } else {
        case.as_ref().is_some_and(|case| case.holders.first() == Some(&arrival.person))
    };
    let device = shard.devices.get_mut(device_at)?;
    let copy = trick
        .as_ref()
        .filter(|trick| trick.copy)
        .and(case.as_mut())
        .and_then(|case| case.copy_counter.as_mut());
    let world = (bay.drawing.tables, &bay.drawing.habits.life);
    let shown =
        show(person, device, trick.as_ref().map(|trick| (trick, case_stream)), copy, world, &mut chance);
    let port = bay.places().get(arrival.place)?;
    let question = Question::new(port.port.id.clone(), arrival.direction, now);
    let answer = may_cross(bay.rules, &person.holder, &person.documents, &person.movements, &question);
    let insider = kind.is_some_and(|kind| kind.insider);
    let mut found = Found::default();
    let (mut passes, mut seconds) = (answer.outcome() != Outcome::Shut, 0);
    let later = now.plus_seconds(port.between_seconds);
    for (authority, at, entry) in
        [(arrival.direction.from(), now, false), (arrival.direction.to(), later, true)]
    {
        if !passes && entry {
            break;
        }
        let mine = place(authority);
        let crossed = Crossed { port: port.port.id.clone(), direction: arrival.direction, at };
        if let Some(state) = person.states.get_mut(mine).and_then(Option::as_mut) {
            for _ in 0..shown.refused_before {
                **state = state.code_failed(at);
            }
        }
        let id = clearance(person.id, arrival.at);
        let lot =
            bay.keys.get(mine).is_some_and(|key| lot::random_check(key, at.local_date(), &id, lot::ONE_IN));
        let tag = u64::try_from(arrival.shard << 40 | device_at).unwrap_or(0);
        let sight = Sight { schema: bay.schema, documents: bay.rules, authority, device: tag, lot };
        let facts = sight.facts((person, device), declared, &shown, &crossed).ok()?;
        let findings = bay.ask(&facts);
        out.tally.judged += 1;
        if let Some(kept) = out.kept.as_mut() {
            kept.push(Kept { facts: facts.encode(), findings: findings.encode() });
        }
        found.take(bay, &findings);
        let doubts = Doubts::new(findings.doubts());
        let beyond_lot =
            doubts.iter().any(|(doubt, _)| !matches!(doubt, Doubt::RandomCheck | Doubt::WatchList));
        let listed = person.listed.get(mine) == Some(&true);
        let traveller =
            Traveller { shown: &shown, trick: trick.as_ref(), phone: !person.without_phone, listed, insider };
        let ended = if doubts.is_empty() {
            Ended { cleared: true, by_officer: false, seconds: 0 }
        } else {
            visit(doubts, &traveller, at, bay.drawing.tables, &mut chance)
        };
        seconds += ended.seconds;
        passes &= ended.cleared;
        out.lanes.push(LaneEvent {
            at: at.unix(),
            lane: (arrival.place, arrival.direction, entry, arrival.lane.unwrap_or(0)),
            failed: !ended.cleared,
            overridden: ended.cleared && ended.by_officer && beyond_lot,
            insider: arrival.case.filter(|_| insider).map(|case| (arrival.shard, case)),
        });
        let own = person.states.get_mut(mine)?.get_or_insert_with(|| Box::new(PersonState::new(at)));
        if shown.face_margin < 0 {
            **own = own.face_failed(at);
        }
        if passes && !chance.happens(bay.drawing.habits.life.unrecorded) {
            **own = own.crossed(&Crossing { crossed: crossed.clone(), device: tag });
            note_device(device, (mine, shown.counter), (person.tag(), declared), &crossed);
        }
    }
    if passes {
        person.moved(Movement::new(now, port.port.id.clone(), arrival.direction));
        if arrival.direction.to().is_sar() && arrival.direction.from() == person.base {
            person.entries_used = person.entries_used.saturating_add(1);
        }
        if arrival.own || kind.is_some_and(|kind| kind.holder == HolderDoes::Travels) {
            person.position = arrival.direction.to();
        }
    }
    let watched = [found.score, shown.face_margin, shown.quality, shown.liveness, shown.code_age];
    Some(Tried { found, papers: answer.outcome(), why: why(&answer), passes, seconds, watched })
}

/// Counts a crossing as what it was: of a case, of the holder of a case, or honest.
fn count(
    bay: &Bay<'_>,
    shard: &mut Shard,
    cases: &mut [Case],
    (arrival, now, tried): (&Arrival, Timestamp, Tried),
    out: &mut Out<'_>,
) {
    let (tally, found) = (&mut *out.tally, &tried.found);
    tally.watch(out.week, tried.watched);
    if let Some(case) = arrival.case.and_then(|at| cases.get_mut(at)) {
        count_fraud(case, arrival.person, &tried, tally);
        return;
    }
    if held_by_a_case(cases, arrival.person) {
        tally.of_holders += 1;
        tally.of_holders_stepped += u64::from(found.asked);
        let tried_before =
            |case: &&mut Case| case.holders.contains(&arrival.person) && case.story.crossings > 0;
        for case in cases.iter_mut().filter(tried_before) {
            case.story.at_holders_own |= found.two_at_once;
        }
        return;
    }
    let Some(person) = shard.people.get_mut(arrival.person) else { return };
    if tried.papers == Outcome::Shut {
        tally.refused_by_documents += 1;
        *tally.refusals.entry(tried.why).or_default() += 1;
        // Whoever is refused on the way home goes by a counter.
        if arrival.direction.to() == person.base {
            person.position = person.base;
        }
        return;
    }
    tally.asked_by_documents += u64::from(tried.papers == Outcome::Measures);
    person.audit.crossings += 1;
    person.audit.alarmed += u32::from(found.asked);
    if found.asked && !found.asked_without_face {
        renew_photograph(person, bay, now);
    }
    count_honest(found, tried.seconds, tally);
}

/// Why papers or a lane did not serve somebody.
fn why(answer: &Answer) -> &'static str {
    let verdicts = [&answer.exit, &answer.entry].into_iter().flatten().map(|side| &side.verdict);
    let refused = verdicts.filter_map(|verdict| match verdict {
        Verdict::Refer(refusal) => Some(refusal.reason.as_str()),
        Verdict::Admit(_) | Verdict::Verify { .. } => None,
    });
    refused.into_iter().next().unwrap_or(match answer.lane {
        LaneAnswer::Closed { .. } => "port_closed",
        LaneAnswer::NotOpenToHolder { .. } => "lane_not_open_to_holder",
        LaneAnswer::Open => "none",
    })
}

fn note_device(
    device: &mut Device,
    (at, counter): (usize, u32),
    (tag, declared): (u64, bool),
    crossed: &Crossed,
) {
    if let Some(state) = device.states.get_mut(at) {
        let state = state.get_or_insert_with(|| Box::new(DeviceState::new()));
        **state = state.crossed(tag, declared, crossed);
    }
    if let Some(seen) = device.seen.get_mut(at) {
        *seen = (*seen).max(counter);
    }
}

/// Whether this person's pass is misused in a case that has begun.
fn held_by_a_case(cases: &[Case], person: usize) -> bool {
    cases.iter().any(|case| case.has_begun() && case.holders.contains(&person))
}

fn count_honest(found: &Found, seconds: i64, tally: &mut Tally) {
    tally.honest += 1;
    tally.stepped += u64::from(found.asked);
    tally.stepped_without_face += u64::from(found.asked_without_face);
    tally.lot_alone += u64::from(found.lot && !found.asked);
    tally.undecided += u64::from(found.undecided);
    tally.scores.add(found.score);
    tally.scores_without_face.add(found.score_without_face);
    if found.asked {
        tally.seconds.add(seconds);
    }
    for rule in &found.rules {
        if let Some(count) = tally.by_rule.get_mut(*rule) {
            *count += 1;
        }
    }
}

fn count_fraud(case: &mut Case, holder: usize, tried: &Tried, tally: &mut Tally) {
    let (found, shut) = (&tried.found, tried.papers == Outcome::Shut);
    let story = &mut case.story;
    story.crossings += 1;
    if found.asked && story.first_found == 0 {
        story.first_found = story.crossings;
    }
    if found.asked_without_face && story.first_found_without_face == 0 {
        story.first_found_without_face = story.crossings;
    }
    story.by_documents |= shut;
    if !tried.passes {
        case.ends(holder);
    }
    if let Some(counts) = tally.kinds.get_mut(case.kind) {
        counts.crossings += 1;
        counts.found += u64::from(found.asked);
        counts.found_without_face += u64::from(found.asked_without_face);
        counts.refused += u64::from(!tried.passes);
        counts.by_documents += u64::from(shut);
        counts.scores.add(found.score);
        counts.scores_without_face.add(found.score_without_face);
        for rule in &found.rules {
            if let Some(count) = counts.by_rule.get_mut(*rule) {
                *count += 1;
            }
        }
    }
}

/// Whoever is asked for their face again and again is photographed anew: nobody is troubled every day for an old picture.
fn renew_photograph(person: &mut Person, bay: &Bay<'_>, now: Timestamp) {
    person.face_alarms += 1;
    if person.face_alarms >= bay.drawing.habits.life.photo_renewed_after {
        let mut chance = Chance::new(bay.drawing.seed, purpose::PERSON, person.id, now.unix().unsigned_abs());
        person.face_alarms = 0;
        person.face = bay.drawing.tables.draw("face_person", &mut chance);
        person.photo_taken = now.local_date();
    }
}

/// The id of a clearance: who and when, as good as random under the lot's key.
fn clearance(person: u64, at: i64) -> [u8; 16] {
    let mut id = [0; 16];
    for (slot, byte) in id.iter_mut().zip(person.to_be_bytes().into_iter().chain(at.to_be_bytes())) {
        *slot = byte;
    }
    id
}
