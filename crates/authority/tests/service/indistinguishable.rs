//! Referrals of every cause as the outside sees them: bytes, text and time. A hit on the list must be one of many.
//!
//! The clock is simulated: each cause takes its own time, as an authority's answers do, and what is measured is when they go out.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use ::risk::band::BAND_MS;
use ::risk::reason::RECORD_LEN;
use ::risk::rules::RULES_TEXT;
use authority::bench::{BenchAsk, BenchFace, BenchLane, LedgerBench, Traveller};
use authority::{EnrolmentRules, RiskControl, Service};
use credential::message::{self, Outcome, Verdict};
use credential::{SigningKey, sha256};
use documents::AuthorityCode::Chn;
use documents::{Measure, Rules, Side, Timestamp};
use trust::{Approvals, Root, TrustStore};

use crate::bay::{
    NUMBER, RECORD, ask, bay_with, enrol, envelope, faces, in_memory, photographs, place, show, token,
};
use crate::http::MORNING;
use crate::risk::{always, numbers};

/// Referrals of each cause.
const EACH: u32 = 1000;
/// The greatest distance between the times of two causes (two-sample Kolmogorov-Smirnov).
const BAR: f64 = 0.06;
const SEED: &[u8] = b"referrals of each cause";

/// A clock that stands still but for what a test says that the next answer takes, and that notes what answers wait.
#[derive(Clone, Default)]
pub struct SimulatedClock {
    takes: Arc<AtomicU32>,
    waited: Arc<Mutex<Vec<u32>>>,
}

impl SimulatedClock {
    pub fn attach(&self, risk: RiskControl) -> RiskControl {
        let (takes, waited) = (Arc::clone(&self.takes), Arc::clone(&self.waited));
        // The first watch after the test spoke is the answer's; those of the rules' budget stand still.
        let watch = move || -> authority::Watch {
            let took = takes.swap(0, Ordering::SeqCst);
            Box::new(move || took)
        };
        let pause = move |ms| -> authority::Pause {
            waited.lock().unwrap().push(ms);
            Box::pin(std::future::ready(()))
        };
        risk.with_watch(Arc::new(watch)).with_pause(Arc::new(pause))
    }

    pub fn next_takes(&self, ms: u32) {
        self.takes.store(ms, Ordering::SeqCst);
    }

    /// What the last answer waited, taken away.
    fn waits(&self) -> Vec<u32> {
        std::mem::take(&mut *self.waited.lock().unwrap())
    }
}

async fn bench(clock: &SimulatedClock, one_in: Option<NonZeroU32>, now: Timestamp) -> LedgerBench {
    let place = place("sqlite::memory:").await;
    let root = Root::of(1, [("root", *SigningKey::generate().unwrap().public())]).unwrap();
    let trust = TrustStore::new(&[(Chn, root)]).unwrap();
    let (rules, enrolment) = (Rules::builtin().unwrap(), EnrolmentRules::builtin().unwrap());
    let risk = clock.attach(RiskControl::builtin(Chn).unwrap().with_random_checks(one_in));
    let approvals = Approvals::default();
    let service =
        Service::new(Chn, place.store, rules, enrolment, faces(), place.keys, trust, approvals, risk);
    LedgerBench::new(service, now).unwrap()
}

/// What calls an officer.
struct Cause {
    name: &'static str,
    /// Rules that are in force; `None`: none.
    rules: Option<String>,
    face: BenchFace,
    /// Rounds of the clearance before the officer is called: measures that were asked for and not passed.
    failed_rounds: u32,
    /// What an answer takes for this cause, in milliseconds: made up, and different for each, so that a gate could tell them apart.
    takes: u32,
}

fn causes() -> Vec<Cause> {
    let first = || Some(RULES_TEXT.to_owned());
    let doubt = |doubt: &str| Some(always(doubt, "high", ""));
    let cause = |name, rules, failed_rounds, takes| Cause {
        name,
        rules,
        face: BenchFace::Near,
        failed_rounds,
        takes,
    };
    vec![
        cause("the list", first(), 0, 9),
        cause("an officer's interest", first(), 0, 12),
        cause("the lot", first(), 0, 5),
        Cause { face: BenchFace::Unsure, ..cause("a face too close to call", first(), 0, 60) },
        cause("whose face", doubt("whose_face"), 0, 16),
        cause("a living face", doubt("live_face"), 0, 22),
        cause("which document", doubt("which_document"), 0, 26),
        cause("unusual use", doubt("unusual_use"), 0, 30),
        cause("no rules", None, 0, 2),
        cause("whose phone", doubt("whose_phone"), 2, 34),
        cause("a relayed code", doubt("code_relayed"), 2, 38),
        cause("a cloned device", doubt("device_cloned"), 2, 42),
        cause("an impossible journey", doubt("travel_impossible"), 2, 46),
    ]
}

/// A number below `below`, drawn by the seed: the same in every run.
fn drawn(cause: &str, number: u32, what: &str, below: u32) -> u32 {
    let bytes = sha256(&[SEED, cause.as_bytes(), &number.to_be_bytes(), what.as_bytes()].concat());
    u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) % below
}

/// What an answer takes: the cause's own time, what the machine adds, and once in ten times a queue that may be longer than a band.
fn takes(cause: &Cause, number: u32) -> u32 {
    let queue = if drawn(cause.name, number, "queue", 10) == 0 {
        drawn(cause.name, number, "length", BAND_MS + 100)
    } else {
        0
    };
    cause.takes + drawn(cause.name, number, "machine", 8) + queue
}

/// The greatest distance between the distributions of two samples: the statistic of Kolmogorov and Smirnov.
fn ks_distance(one: &[u32], other: &[u32]) -> f64 {
    let share = |sample: &[u32], at: u32| {
        let below = sample.iter().filter(|value| **value <= at).count();
        f64::from(u32::try_from(below).unwrap()) / f64::from(u32::try_from(sample.len()).unwrap())
    };
    let mut values: Vec<u32> = one.iter().chain(other).copied().collect();
    values.sort_unstable();
    values.dedup();
    values.into_iter().map(|at| (share(one, at) - share(other, at)).abs()).fold(0.0, f64::max)
}

/// What the outside sees of referrals of one cause.
#[derive(Debug, Default)]
struct Seen {
    /// Verdicts without what is drawn or hashed anew in each: all that is left of them, with the length of the signed bytes.
    texts: BTreeMap<(usize, Vec<u8>), u32>,
    /// When they went out, in milliseconds after the request came.
    at: Vec<u32>,
    /// When they would have gone out without a band.
    ready: Vec<u32>,
}

/// A verdict without the hash of its request, its reference and its end.
fn without_fresh(signed: &[u8]) -> Vec<u8> {
    let verdict = Verdict::decode(message::unverified_payload(signed).unwrap()).unwrap();
    let valid_until = Timestamp::from_unix(0).unwrap();
    Verdict { request: [0; 32], reference: [0; 16], valid_until, ..verdict }.encode()
}

async fn referrals(
    bench: &LedgerBench,
    clock: &SimulatedClock,
    traveller: &Traveller,
    cause: &Cause,
    now: Timestamp,
) -> Seen {
    bench.bring_rules(cause.rules.as_deref(), now).unwrap();
    let (lane, mut seen) = (BenchLane::new(0), Seen::default());
    let officer = Outcome::Verify(numbers(&[Measure::Officer]));
    for number in 0..EACH {
        let drawn = sha256(&[SEED, cause.name.as_bytes(), &number.to_be_bytes()].concat());
        let clearance: [u8; 16] = *drawn.first_chunk().unwrap();
        let mut asked = BenchAsk { clearance, face: cause.face, done: Vec::new(), at: now };
        for round in 0..cause.failed_rounds {
            let (signed, _) = bench.answer(&lane, traveller, &asked).await.unwrap();
            let verdict = Verdict::decode(message::unverified_payload(&signed).unwrap()).unwrap();
            assert_ne!(verdict.outcome, officer, "{}: round {round}", cause.name);
            assert_eq!(
                clock.waits(),
                [0_u32; 0],
                "{}: what the traveller does at the lane is asked at once",
                cause.name
            );
            asked.at = asked.at.plus_seconds(1);
        }
        let ready = takes(cause, number);
        clock.next_takes(ready);
        let (signed, given) = bench.answer(&lane, traveller, &asked).await.unwrap();
        let verdict = Verdict::decode(message::unverified_payload(&signed).unwrap()).unwrap();
        assert_eq!(verdict.outcome, officer, "{}: referral {number}", cause.name);
        let waits = clock.waits();
        *seen.texts.entry((signed.len(), without_fresh(&signed))).or_default() += 1;
        seen.at.push(ready + waits.iter().sum::<u32>());
        seen.ready.push(ready);
        if number == 0 {
            let record =
                bench.service().risk_record(given.reference(), asked.at).await.unwrap().unwrap().record;
            assert_eq!(record.encode().len(), RECORD_LEN, "{}", cause.name);
        }
    }
    seen
}

#[tokio::test]
async fn a_thousand_referrals_of_each_cause_are_alike_in_bytes_text_and_time() {
    let now: Timestamp = MORNING.parse().unwrap();
    let clock = SimulatedClock::default();
    let (listed, lots) = (bench(&clock, None, now).await, bench(&clock, Some(NonZeroU32::MIN), now).await);
    let mut seen = BTreeMap::new();
    for cause in causes() {
        let bench = if cause.name == "the lot" { &lots } else { &listed };
        let nth = u32::try_from(seen.len()).unwrap();
        let traveller = bench.add_travellers(20_000_000 + nth, 1, now).await.unwrap().remove(0);
        let until = now.plus_seconds(86_400);
        match cause.name {
            "the list" => bench.service().watch(traveller.number(), until).await.unwrap(),
            "an officer's interest" => bench.service().ask_to_see(traveller.number(), until).await.unwrap(),
            _ => {}
        }
        seen.insert(cause.name, referrals(bench, &clock, &traveller, &cause, now).await);
    }
    let all: Vec<_> = seen.iter().collect();
    for (one, of_one) in &all {
        assert_eq!(
            of_one.texts.len(),
            1,
            "{one}: every verdict has the same bytes but for what is drawn in it"
        );
        for (other, of_other) in &all {
            assert_eq!(of_one.texts, of_other.texts, "{one}, {other}");
            let distance = ks_distance(&of_one.at, &of_other.at);
            assert!(distance <= BAR, "{one}, {other}: {distance}");
        }
    }
    // The simulated times tell the causes apart: it is the band that hides them.
    let bare = ks_distance(&seen["the list"].ready, &seen["a face too close to call"].ready);
    assert!(bare > 0.5, "{bare}");
}

#[test]
fn the_distance_of_two_samples_is_that_of_the_published_definition() {
    for (one, other, distance) in [
        (vec![1, 2, 3, 4], vec![1, 2, 3, 4], 0.0),
        (vec![1, 2, 3, 4], vec![5, 6, 7, 8], 1.0),
        (vec![1, 2, 3, 4], vec![3, 4, 5, 6], 0.5),
        (vec![1, 1, 1, 2], vec![1, 2, 2, 2], 0.5),
        (vec![1, 2], vec![1, 2, 3, 4], 0.5),
    ] {
        assert!((ks_distance(&one, &other) - distance).abs() < 1e-9, "row {one:?} {other:?}");
        assert!((ks_distance(&other, &one) - distance).abs() < 1e-9, "row {other:?} {one:?}");
    }
}

#[tokio::test]
async fn a_gate_hears_a_referral_at_the_end_of_its_band_and_everything_else_at_once() {
    let Some((photo, live, stranger)) = photographs("a_gate_hears_a_referral") else { return };
    let clock = SimulatedClock::default();
    let bay = bay_with(MORNING.parse().unwrap(), in_memory().await, &|risk| clock.attach(risk)).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let session = enrol(&bay, &live).await;
    let wallet = token(&bay, &session).await;
    let heard = async |shown: &crate::bay::Shown| {
        let (sent, _) = envelope(&bay, &wallet, shown, Side::Exit);
        clock.waits();
        clock.next_takes(120);
        let signed = bay.chn.answer_gate(&sent, bay.now).await.unwrap();
        let verdict = Verdict::decode(message::unverified_payload(&signed).unwrap()).unwrap();
        (verdict.outcome, clock.waits())
    };
    let admitted = heard(&show(&bay, &wallet, &live)).await;
    assert_eq!(admitted, (Outcome::Admit, vec![]));
    let other_face = show(&bay, &wallet, &stranger);
    assert_eq!(heard(&other_face).await, (Outcome::Refer, vec![BAND_MS - 120]));
    // The same request again is answered from what was given, and no sooner.
    assert_eq!(heard(&other_face).await, (Outcome::Refer, vec![BAND_MS - 120]));
    let number = documents::DocumentNumber::recognise(NUMBER).unwrap();
    bay.chn.watch(&number, bay.now.plus_seconds(3600)).await.unwrap();
    let listed = heard(&show(&bay, &wallet, &live)).await;
    assert_eq!(listed, (Outcome::Verify(numbers(&[Measure::Officer])), vec![BAND_MS - 120]));
    // At the service itself a verdict is there at once: who waits is the door.
    ask(&bay, &wallet, &show(&bay, &wallet, &live), Side::Exit).await;
    assert_eq!(clock.waits(), [0_u32; 0]);
}
