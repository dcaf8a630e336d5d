//! Visits, drawn at random: each ends, none is clear with an open doubt, none asks more than twice.

#![expect(clippy::unwrap_used, reason = "a failing helper fails the test that called it")]

use documents::{Measure, Timestamp};
use proptest::prelude::*;
use risk::ladder::{Doubts, LADDER, Means, answers};
use risk::visit::{Decided, Decision, MOST_ATTEMPTS, MOST_SECONDS, Outcome, Step, begin};
use risk::{Doubt, Harm};

fn now() -> Timestamp {
    "2026-11-29T10:00:00+08:00".parse().unwrap()
}

fn any_doubts() -> impl Strategy<Value = Doubts> {
    let one = (prop::sample::select(Doubt::ALL), prop::sample::select(Harm::ALL));
    prop::collection::vec(one, 0..6).prop_map(Doubts::new)
}

fn any_means() -> impl Strategy<Value = Means> {
    any::<[bool; 6]>().prop_map(|[phone, face, document, challenge, camera, reader]| Means {
        phone,
        face,
        document,
        challenge,
        camera,
        reader,
    })
}

fn any_answer() -> impl Strategy<Value = (Outcome, i64)> {
    (prop::sample::select(vec![Outcome::Passed, Outcome::Failed, Outcome::Declined]), 0..40_i64)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_visit_ends_and_is_clear_only_without_an_open_doubt(
        doubts in any_doubts(),
        means in any_means(),
        answered in prop::collection::vec(any_answer(), 2),
    ) {
        let mut time = now();
        let mut step = begin(doubts.clone(), means, time);
        let mut asked = 0;
        for (outcome, seconds) in answered {
            let Step::Ask(asking) = step else { break };
            prop_assert!(asking.measure() != Measure::Officer && LADDER.contains(&asking.measure()));
            prop_assert!(means.can(asking.measure()));
            asked += 1;
            time = time.plus_seconds(seconds);
            step = asking.came_out(outcome, time);
        }
        prop_assert!(asked <= MOST_ATTEMPTS);
        match step {
            Step::Ask(asking) => return Err(TestCaseError::fail(format!("no end: {asking:?}"))),
            Step::Clear(clear) => {
                prop_assert!(!clear.by_officer());
                prop_assert!(time.seconds_since(now()) < MOST_SECONDS || clear.asked().is_empty());
                for (doubt, harm) in doubts.iter() {
                    let answered = clear.asked().iter().any(|asked| asked.outcome == Outcome::Passed && answers(asked.measure, doubt, harm));
                    prop_assert!(answered, "{doubt} is open");
                }
            }
            Step::Person(with) => {
                prop_assert!(!doubts.is_empty());
                let Decided::Refused { .. } = with.clone().decided(Decision::Refuse) else { panic!("admitted") };
                let Decided::Clear(clear) = with.decided(Decision::NoDoubt) else { panic!("refused") };
                prop_assert!(clear.by_officer());
            }
        }
    }
}

#[test]
fn a_passed_measure_lowers_only_the_doubt_that_it_answers() {
    let doubts = Doubts::new([(Doubt::WhosePhone, Harm::Medium), (Doubt::WhoseFace, Harm::Medium)]);
    let Step::Ask(asking) = begin(doubts, Means::ALL, now()) else { panic!() };
    assert_eq!(asking.measure(), Measure::SecondLook);
    let Step::Ask(asking) = asking.came_out(Outcome::Passed, now().plus_seconds(5)) else { panic!() };
    assert_eq!(asking.measure(), Measure::Pin);
    let Step::Clear(clear) = asking.came_out(Outcome::Passed, now().plus_seconds(20)) else { panic!() };
    assert_eq!(clear.asked().len(), 2);
}

#[test]
fn a_second_failure_time_and_a_refusal_to_take_part_lead_to_a_person() {
    let pin = || match begin(Doubts::new([(Doubt::WhosePhone, Harm::Low)]), Means::ALL, now()) {
        Step::Ask(asking) => asking,
        other @ (Step::Clear(_) | Step::Person(_)) => panic!("{other:?}"),
    };
    let Step::Ask(again) = pin().came_out(Outcome::Failed, now().plus_seconds(10)) else { panic!() };
    assert_eq!(again.measure(), Measure::Pin);
    assert!(matches!(again.came_out(Outcome::Failed, now().plus_seconds(20)), Step::Person(_)));
    assert!(matches!(pin().came_out(Outcome::Declined, now()), Step::Person(_)));
    // Passed a moment too late.
    assert!(matches!(pin().came_out(Outcome::Passed, now().plus_seconds(60)), Step::Person(_)));
    assert!(matches!(pin().came_out(Outcome::Passed, now().plus_seconds(59)), Step::Clear(_)));
    assert!(matches!(pin().tick(now().plus_seconds(59)), Step::Ask(_)));
    assert!(matches!(pin().tick(now().plus_seconds(60)), Step::Person(_)));
}

#[test]
fn who_has_no_phone_or_no_usable_face_has_another_way() {
    let first = |doubt, harm, means| match begin(Doubts::new([(doubt, harm)]), means, now()) {
        Step::Ask(asking) => Some(asking.measure()),
        Step::Person(_) => Some(Measure::Officer),
        Step::Clear(_) => None,
    };
    let no_phone = Means { phone: false, ..Means::ALL };
    let no_face = Means { face: false, ..Means::ALL };
    let nothing =
        Means { phone: false, face: false, document: false, challenge: false, camera: false, reader: false };
    for (doubt, harm, means, expected) in [
        (Doubt::WhosePhone, Harm::Low, Means::ALL, Some(Measure::Pin)),
        (Doubt::WhosePhone, Harm::Low, no_phone, Some(Measure::PhysicalDocument)),
        (Doubt::WhoseFace, Harm::Low, no_face, Some(Measure::Officer)),
        (Doubt::LiveFace, Harm::Low, no_face, Some(Measure::Officer)),
        (Doubt::UnusualUse, Harm::Low, no_phone, Some(Measure::SecondLook)),
        (Doubt::UnusualUse, Harm::Low, nothing, Some(Measure::Officer)),
        (Doubt::Lane, Harm::High, Means::ALL, None),
    ] {
        assert_eq!(first(doubt, harm, means), expected, "{doubt} {harm}");
    }
}
