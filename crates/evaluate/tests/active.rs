//! The active challenge on drawn sequences: who passes, and for which reason each other one does not.
#![expect(clippy::unwrap_used, reason = "tests: a failure here fails the test")]

use evaluate::attack::{Chance, Kind, Noise, Played, Subject, play};
use face::active::{ActiveRules, Attempt, Attempts, Challenge, Frame, Motion, Prompt, Refusal, judge};
use face::{Landmarks, Point, QualityFault};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::OnceLock;

const RULES: &str = include_str!("../../face/data/active.toml");

fn rules() -> &'static ActiveRules {
    static RULES: OnceLock<ActiveRules> = OnceLock::new();
    RULES.get_or_init(|| ActiveRules::builtin().unwrap())
}

fn noise() -> &'static Noise {
    static NOISE: OnceLock<Noise> = OnceLock::new();
    NOISE.get_or_init(|| Noise::as_measured(&mut Chance::of_seed(1)))
}

fn played(kind: Kind, seed: u64) -> Played {
    let mut chance = Chance::of_seed(seed);
    let subject = Subject::generic(&mut chance);
    play(kind, subject, noise(), rules(), &mut chance)
}

/// A sequence that passes, with its challenge.
fn honest() -> &'static Played {
    static HONEST: OnceLock<Played> = OnceLock::new();
    HONEST.get_or_init(|| (0..20).map(|seed| played(Kind::Honest, seed)).find(|p| p.answer.is_ok()).unwrap())
}

fn judged(challenge: &Challenge, frames: &[Frame]) -> Result<(), Refusal> {
    judge(challenge.clone(), rules(), frames).map(drop)
}

/// The same points `right` pixels further right.
fn moved(frame: &Frame, right: f32) -> Frame {
    let points = frame.landmarks.points().iter().map(|p| Point { x: p.x + right, ..*p }).collect();
    let mut moved = frame.clone();
    moved.landmarks = Landmarks::new(points).unwrap();
    moved.bounds.left += right;
    moved
}

#[test]
fn an_honest_head_passes_and_the_frames_to_be_matched_are_straight_ones_of_its_track() {
    let Played { challenge, frames, .. } = honest();
    let passed = judge(challenge.clone(), rules(), frames).unwrap();
    let matched = passed.matched();
    assert!(
        (face::MAX_FRAMES..=usize::from(face::MAX_PICTURES)).contains(&matched.len()),
        "{}",
        matched.len()
    );
    assert!(matched.is_sorted() && *matched.last().unwrap() < frames.len());
    assert_eq!(passed.pick(0..frames.len()), matched, "what is kept beside a frame is picked by its number");
    assert!(passed.evidence().frames >= 10 && passed.evidence().turned >= 6, "{:?}", passed.evidence());
    assert_eq!(judge(challenge.clone(), rules(), frames), Ok(passed), "the same frames, the same answer");
}

#[test]
fn of_a_few_hundred_motions_honest_heads_pass_and_planes_do_not() {
    const EACH: u64 = 300;
    for kind in Kind::ALL {
        let mut reasons = BTreeMap::new();
        for seed in 0..EACH {
            let answer = played(kind, 1000 + seed).answer;
            *reasons.entry(answer.map_or_else(Refusal::code, |_| "passed")).or_insert(0_u64) += 1;
        }
        eprintln!("{}: {reasons:?}", kind.code());
        let passed = reasons.get("passed").copied().unwrap_or(0);
        if kind == Kind::Honest {
            assert!(passed * 100 >= EACH * 98, "honest heads: {reasons:?}");
        } else if kind.is_planar() {
            assert!(passed * 100 <= EACH, "{}: {reasons:?}", kind.code());
        }
    }
}

#[test]
fn each_wrong_sequence_has_its_own_reason() {
    let Played { challenge, frames, .. } = honest();
    let last = frames.len() - 1;
    let every = |step: usize| frames.iter().step_by(step).cloned().collect::<Vec<_>>();
    // A straight frame again and again: a still picture.
    let straight = judge(challenge.clone(), rules(), frames).unwrap().matched()[0];
    let still: Vec<Frame> =
        frames.iter().map(|f| Frame { at_ms: f.at_ms, ..frames[straight].clone() }).collect();
    // A print that is only pushed to and fro.
    let pushed: Vec<Frame> = (0..90_u16)
        .map(|i| Frame {
            at_ms: 80 * u64::from(i),
            ..moved(&frames[straight], 60.0 * (f32::from(i) / 6.0).sin())
        })
        .collect();
    // From the middle on, the frames of before once more.
    let half = frames.len() / 2;
    let looped: Vec<Frame> = (0..frames.len())
        .map(|i| {
            let from = if i < half { i } else { half - (i - half) % half - 1 };
            Frame { at_ms: frames[i].at_ms, ..frames[from].clone() }
        })
        .collect();
    // From the middle on somebody else, who stands elsewhere.
    let mut cut = frames.clone();
    cut[half..].iter_mut().for_each(|frame| *frame = moved(frame, 300.0));
    let mut gap = frames.clone();
    gap[half..].iter_mut().for_each(|frame| frame.at_ms += 400);
    let mut back = frames.clone();
    back[half].at_ms = back[half - 1].at_ms;
    let mut covered = frames.clone();
    covered[half..].iter_mut().for_each(|frame| frame.cover = Some(QualityFault::Mask));
    let rows: Vec<(&str, Vec<Frame>, Refusal)> = vec![
        ("nothing", vec![], Refusal::TooFewFrames),
        ("nine frames", frames[..9].to_vec(), Refusal::TooFewFrames),
        ("all but the last frame", frames[..last].to_vec(), Refusal::TooSlow),
        ("one frame in eight", every(8), Refusal::FramesMissing),
        ("a still picture", still, Refusal::Still),
        ("a picture that is pushed to and fro", pushed, Refusal::Flat),
        ("a loop", looped, Refusal::Looped),
        ("a cut", cut, Refusal::TrackBroken),
        ("a gap", gap, Refusal::FramesMissing),
        ("time that stands still", back, Refusal::TimeOrder),
        ("a mask", covered, Refusal::Covered),
    ];
    assert_eq!(judged(challenge, frames), Ok(()));
    for (name, frames, expected) in rows {
        assert_eq!(judged(challenge, &frames), Err(expected), "row {name}");
    }
}

#[test]
fn the_answer_to_one_challenge_is_none_to_another() {
    let Played { challenge, frames, .. } = honest();
    let motions = |c: &Challenge| c.steps().iter().map(|s| s.motion).collect::<Vec<_>>();
    let (mut others, mut reasons) = (0, BTreeMap::new());
    for seed in 0..400 {
        let other = Challenge::of_seed(seed, rules());
        if motions(&other)[..2] != motions(challenge)[..2] {
            others += 1;
            let refusal = judged(&other, frames).unwrap_err();
            *reasons.entry(refusal).or_insert(0) += 1;
        }
    }
    assert!(others > 200);
    // Another order is seen as another motion, or as one that came before it was asked for.
    let named = [Refusal::WrongMotion, Refusal::NotAsked, Refusal::TooEarly];
    let seen: i32 = named.iter().filter_map(|refusal| reasons.get(refusal)).sum();
    assert_eq!(seen, others, "{reasons:?}");
}

#[test]
fn a_head_that_takes_longer_than_is_allowed_is_too_slow() {
    let hasty = ActiveRules::from_toml(&RULES.replace("step_ms = 4000", "step_ms = 500")).unwrap();
    let Played { challenge, frames, .. } = honest();
    assert_eq!(judge(challenge.clone(), &hasty, frames).map(drop), Err(Refusal::TooSlow));
}

#[test]
fn a_motion_that_follows_at_once_was_on_its_way_before_it_was_asked() {
    let slow = ActiveRules::from_toml(&RULES.replace("reaction_ms = 150", "reaction_ms = 3900")).unwrap();
    let Played { challenge, frames, .. } = honest();
    assert_eq!(judge(challenge.clone(), &slow, frames).map(drop), Err(Refusal::TooEarly));
}

#[test]
fn a_head_that_turns_before_it_is_asked_is_told_to_wait() {
    let patient = RULES.replace("pause_ms = [400, 1200]", "pause_ms = [20000, 20000]");
    let patient = ActiveRules::from_toml(&patient.replace("settle_ms = 5000", "settle_ms = 50000")).unwrap();
    let Played { challenge, frames, .. } = honest();
    assert!(challenge.steps()[0].motion.is_turn() || challenge.steps()[1].motion.is_turn());
    let asked = Challenge::of_seed(3, &patient);
    assert_eq!(judge(asked, &patient, frames).map(drop), Err(Refusal::NotAsked));
}

#[test]
fn a_profile_is_never_taken_for_a_straight_look() {
    let Played { challenge, frames, .. } = honest();
    let profile = |frame: &Frame| {
        let mut points = frame.landmarks.points().to_vec();
        let eyes = frame.landmarks.eye_distance();
        points[27..36].iter_mut().for_each(|p| p.x += 0.5 * eyes);
        Frame { landmarks: Landmarks::new(points).unwrap(), ..frame.clone() }
    };
    let profiles: Vec<Frame> = (0..100_u16)
        .map(|i| Frame { at_ms: u64::from(i) * 70, ..profile(&frames[usize::from(i) % 20]) })
        .collect();
    assert_eq!(judged(challenge, &profiles), Err(Refusal::NotStraight));
}

#[test]
fn a_challenge_follows_from_its_seed_and_all_ten_orders_come_equally_often() {
    let mut orders = BTreeMap::new();
    let mut pauses = std::collections::BTreeSet::new();
    for seed in 0..5000_u64 {
        let challenge = Challenge::of_seed(seed.wrapping_mul(0x9e37_79b9), rules());
        assert_eq!(challenge, Challenge::of_seed(seed.wrapping_mul(0x9e37_79b9), rules()));
        let motions: Vec<Motion> = challenge.steps().iter().map(|s| s.motion).collect();
        assert_eq!(motions.len(), 3);
        assert!(motions.windows(2).all(|two| two[0] != two[1]));
        assert!(motions.iter().filter(|m| m.is_turn()).count() >= 2, "two turns show a head from two sides");
        assert!(challenge.steps().iter().all(|s| (400..=1200).contains(&s.pause_ms)));
        pauses.extend(challenge.steps().iter().map(|s| s.pause_ms));
        *orders.entry(motions.iter().map(|m| m.code()).collect::<Vec<_>>()).or_insert(0) += 1;
    }
    assert_eq!(orders.len(), 10);
    assert!(orders.values().all(|count| (400..600).contains(count)), "{orders:?}");
    assert!(pauses.len() > 700, "pauses to the millisecond");
}

#[test]
fn attempts_are_counted_and_end() {
    let mut attempts = Attempts::new(rules());
    for left in [2, 1, 0] {
        assert!(attempts.next(u64::from(left), rules()).is_ok());
        assert_eq!(attempts.left(), left);
    }
    assert!(attempts.next(9, rules()).unwrap_err().to_string().contains("officer"));
    assert!(attempts.next(9, rules()).is_err());
}

#[test]
fn every_reason_has_a_code_and_a_sentence_of_its_own() {
    let codes: std::collections::BTreeSet<_> = Refusal::ALL.iter().map(|r| r.code()).collect();
    let sentences: std::collections::BTreeSet<_> = Refusal::ALL.iter().map(ToString::to_string).collect();
    assert_eq!((codes.len(), sentences.len()), (Refusal::ALL.len(), Refusal::ALL.len()));
    assert!(codes.iter().all(|code| code.starts_with("active_")));
    let page = include_str!("../../../docs/liveness.md");
    for code in codes {
        assert!(page.contains(&format!("`{code}`")), "{code} is missing in docs/liveness.md");
    }
}

#[test]
fn rules_that_cannot_hold_are_refused_for_what_is_wrong() {
    for (from, to, expected) in [
        ("steps = 3", "steps = 2", "challenge.steps"),
        ("pause_ms = [400, 1200]", "pause_ms = [1200, 400]", "challenge.pause_ms"),
        ("attempts = 3", "attempts = 0", "challenge.attempts"),
        ("least = 10", "least = 9", "frames.least"),
        ("turn_deg = ", "turn_deg = 4", "pose.turn_deg"),
        ("overlap = 0.45", "overlap = nan", "track.overlap"),
        ("relief = ", "relief = 1", "solid.relief"),
        ("steps = 3", "stops = 3", "cannot be read"),
    ] {
        let error = ActiveRules::from_toml(&RULES.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(expected), "row {to}: {error}");
    }
}

/// What an attacker may do to a sequence.
#[derive(Debug, Clone)]
enum Change {
    Drop(usize),
    Twice(usize),
    Later(usize, u64),
    Swap(usize, usize),
    Shift(usize, f32),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = prop_oneof![
        (0..200_usize).prop_map(Change::Drop),
        (0..200_usize).prop_map(Change::Twice),
        (0..200_usize, 0..2000_u64).prop_map(|(i, ms)| Change::Later(i, ms)),
        (0..200_usize, 0..200_usize).prop_map(|(i, j)| Change::Swap(i, j)),
        (0..200_usize, -500.0..500.0_f32).prop_map(|(i, by)| Change::Shift(i, by)),
    ];
    prop::collection::vec(change, 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_to_a_sequence_the_machine_keeps_its_promises(changes in changes(), seed in any::<u64>(), same in any::<bool>()) {
        let Played { challenge, frames, .. } = honest();
        let challenge = if same { challenge.clone() } else { Challenge::of_seed(seed, rules()) };
        let mut frames = frames.clone();
        for change in changes {
            let count = frames.len();
            if count == 0 { break; }
            match change {
                Change::Drop(i) => drop(frames.remove(i % count)),
                Change::Twice(i) => frames.insert(i % count, frames[i % count].clone()),
                Change::Later(i, ms) => frames[i % count..].iter_mut().for_each(|f| f.at_ms += ms),
                Change::Swap(i, j) => frames.swap(i % count, j % count),
                Change::Shift(i, by) => frames[i % count] = moved(&frames[i % count], by),
            }
        }
        let mut attempt = Attempt::new(challenge.clone(), rules().clone());
        prop_assert_eq!(attempt.prompt(), Prompt::LookStraight, "nothing is asked before a face was seen straight");
        let (mut asked, mut ended) = (Vec::new(), false);
        for frame in &frames {
            let prompt = attempt.see(frame);
            prop_assert!(!ended || prompt == Prompt::Ended, "what has ended stays ended");
            ended = prompt == Prompt::Ended;
            if let Prompt::Move(motion) = prompt && asked.last() != Some(&motion) { asked.push(motion); }
        }
        let order: Vec<Motion> = challenge.steps().iter().map(|s| s.motion).collect();
        prop_assert!(order.starts_with(&asked), "asked in the order of the challenge: {:?} of {:?}", asked, order);
        let answer = attempt.finish();
        prop_assert_eq!(&answer, &judge(challenge, rules(), &frames), "frame by frame or at once");
        if let Ok(passed) = answer {
            let track = &frames[*passed.matched().first().unwrap()..=*passed.matched().last().unwrap()];
            prop_assert!(frames.len() >= 10 && asked == order);
            prop_assert!(track.windows(2).all(|two| two[0].at_ms < two[1].at_ms && two[1].at_ms - two[0].at_ms <= 300));
            prop_assert!(track.iter().all(|frame| frame.cover.is_none()) || track.iter().filter(|f| f.cover.is_some()).count() < 2);
        }
    }

    #[test]
    fn no_points_make_it_panic(values in prop::collection::vec(prop::collection::vec(-1e30_f32..1e30, 136), 1..14), seed in any::<u64>()) {
        let mut attempt = Attempt::new(Challenge::of_seed(seed, rules()), rules().clone());
        for (i, numbers) in values.iter().enumerate() {
            let points = numbers.chunks(2).map(|xy| Point { x: xy[0], y: xy[1] }).collect();
            let Some(landmarks) = Landmarks::new(points) else { continue };
            let bounds = honest().frames[0].bounds;
            attempt.see(&Frame { at_ms: i as u64 * 70, bounds, landmarks, cover: None, embedding: None });
        }
        prop_assert!(attempt.finish().is_err());
    }
}
