//! Own unlock: what an authority takes for it, and what it does not.

use ::risk::reason::End;
use ::risk::visit::MOST_SECONDS;
use credential::message::{Outcome, Verdict};
use credential::{Unlock, UnlockMethod};
use documents::{Measure, Side};

use crate::bay::{Bay, Shown, Wallet, ask, in_memory, show, show_unlocked};
use crate::risk::{always, bring, end, numbers, traveller};

/// Seconds from the question to the code that is shown for it.
const LATER: i64 = 20;

fn wants(measure: Measure) -> Outcome {
    Outcome::Verify(numbers(&[measure]))
}

fn by_pin(seconds: u8) -> Option<Unlock> {
    Unlock::new(UnlockMethod::Pin, seconds)
}

async fn exit(bay: &Bay, wallet: &Wallet, shown: &Shown) -> Verdict {
    ask(bay, wallet, shown, Side::Exit).await.1
}

/// A traveller whose phone is in doubt, asked at once; gives what they showed.
async fn asked(bay: &Bay, wallet: &Wallet, live: &[u8], name: &str) -> Shown {
    let shown = show(bay, wallet, live);
    let verdict = exit(bay, wallet, &shown).await;
    assert_eq!(verdict.outcome, wants(Measure::Pin), "{name}");
    shown
}

/// What the same traveller shows next, in the same clearance, with what the gate says was carried out.
fn next(
    (bay, wallet, live): (&Bay, &Wallet, &[u8]),
    first: &Shown,
    unlock: Option<Unlock>,
    done: &[Measure],
) -> Shown {
    let shown = show_unlocked(bay, wallet, live, unlock);
    Shown { clearance: first.clearance, done: numbers(done), ..shown }
}

#[tokio::test]
async fn an_own_unlock_since_the_question_or_the_document_in_its_place_answers_whose_phone_it_is() {
    use Measure::{PhysicalDocument, Pin};
    for (name, doubt, unlock, done) in [
        ("by PIN, just now", "whose_phone", by_pin(3), Pin),
        ("by the phone's own lock", "whose_phone", Unlock::new(UnlockMethod::Platform, 0), Pin),
        ("as the question was asked", "code_relayed", by_pin(20), Pin),
        ("on a phone whose clock is ten seconds behind", "code_relayed", by_pin(30), Pin),
        ("without a phone: the document", "whose_phone", None, PhysicalDocument),
    ] {
        let Some((mut bay, wallet, live, _)) = traveller("an_own_unlock", in_memory().await).await else {
            return;
        };
        bring(&bay, 2, &always(doubt, "medium", "")).await;
        let first = asked(&bay, &wallet, &live, name).await;
        bay.now = bay.now.plus_seconds(LATER);
        let shown = next((&bay, &wallet, &live), &first, unlock, &[done]);
        let verdict = exit(&bay, &wallet, &shown).await;
        assert_eq!(verdict.outcome, Outcome::Admit, "{name}");
        assert_eq!(end(&bay, &verdict).await, End::Answered, "{name}");
    }
}

#[tokio::test]
async fn what_is_no_own_unlock_uses_an_attempt_and_after_two_a_person_looks() {
    use Measure::{ActiveLiveness, Officer, Pin};
    let Some((mut bay, wallet, live, _)) = traveller("no_own_unlock", in_memory().await).await else {
        return;
    };
    bring(&bay, 2, &always("whose_phone", "medium", "")).await;
    for (name, unlock, done) in [
        ("the gate says so, and the proof does not", None, Pin),
        ("unlocked before the question", by_pin(31), Pin),
        ("the proof says so, and the gate did not ask", by_pin(3), ActiveLiveness),
    ] {
        let first = asked(&bay, &wallet, &live, name).await;
        bay.now = bay.now.plus_seconds(LATER);
        let wrong = next((&bay, &wallet, &live), &first, unlock, &[done]);
        assert_eq!(exit(&bay, &wallet, &wrong).await.outcome, wants(Pin), "{name}: one attempt is left");
        bay.now = bay.now.plus_seconds(1);
        let wrong =
            next((&bay, &wallet, &live), &first, unlock.and_then(|u| by_pin(u.seconds() + 1)), &[done]);
        assert_eq!(
            exit(&bay, &wallet, &wrong).await.outcome,
            wants(Officer),
            "{name}: after two a person looks"
        );
        bay.now = bay.now.plus_seconds(120);
    }
}

#[tokio::test]
async fn an_own_unlock_after_a_wrong_code_counts_and_one_after_a_minute_does_not() {
    let Some((mut bay, wallet, live, _)) = traveller("after_a_minute", in_memory().await).await else {
        return;
    };
    bring(&bay, 2, &always("whose_phone", "medium", "")).await;
    let first = asked(&bay, &wallet, &live, "too late").await;
    bay.now = bay.now.plus_seconds(MOST_SECONDS);
    let late = next((&bay, &wallet, &live), &first, by_pin(3), &[Measure::Pin]);
    assert_eq!(exit(&bay, &wallet, &late).await.outcome, wants(Measure::Officer), "a minute is over");

    bay.now = bay.now.plus_seconds(120);
    let first = asked(&bay, &wallet, &live, "the second time").await;
    bay.now = bay.now.plus_seconds(LATER);
    let wrong = next((&bay, &wallet, &live), &first, None, &[Measure::Pin]);
    assert_eq!(exit(&bay, &wallet, &wrong).await.outcome, wants(Measure::Pin));
    bay.now = bay.now.plus_seconds(LATER);
    let right = next((&bay, &wallet, &live), &first, by_pin(3), &[Measure::Pin]);
    assert_eq!(exit(&bay, &wallet, &right).await.outcome, Outcome::Admit);
}

#[tokio::test]
async fn an_own_unlock_lowers_only_the_doubt_that_it_answers() {
    for (doubt, harm, measure) in [
        ("whose_face", "medium", Measure::SecondLook),
        ("whose_phone", "high", Measure::PhysicalDocument),
        ("device_cloned", "medium", Measure::PhysicalDocument),
        ("watch_list", "high", Measure::Officer),
    ] {
        let Some((mut bay, wallet, live, _)) = traveller("lowers_only", in_memory().await).await else {
            return;
        };
        let rules =
            if doubt == "watch_list" { always("random_check", harm, "") } else { always(doubt, harm, "") };
        bring(&bay, 2, &rules).await;
        let first = show(&bay, &wallet, &live);
        assert_eq!(exit(&bay, &wallet, &first).await.outcome, wants(measure), "{doubt} {harm}");
        bay.now = bay.now.plus_seconds(LATER);
        let unlocked = next((&bay, &wallet, &live), &first, by_pin(3), &[Measure::Pin]);
        assert_eq!(
            exit(&bay, &wallet, &unlocked).await.outcome,
            wants(measure),
            "{doubt} {harm}: still open"
        );
    }
}

#[tokio::test]
async fn a_first_code_that_says_it_was_unlocked_again_is_what_the_rules_see() {
    let Some((mut bay, wallet, live, _)) = traveller("the_rules_see", in_memory().await).await else {
        return;
    };
    let rule = "name = \"unlocked\"\n[[rule]]\nid = \"locked\"\nsays = \"Not unlocked again.\"\ndoubt = \"whose_phone\"\n\
                harm = \"high\"\nwhen = \"!own_unlock\"\n[[rule.case]]\nsays = \"it holds\"\nholds = true\n\
                signals = { own_unlock = false }\n[[rule.case]]\nsays = \"it does not\"\nholds = false\nsignals = { own_unlock = true }\n";
    bring(&bay, 2, rule).await;
    let shown = show(&bay, &wallet, &live);
    assert_eq!(exit(&bay, &wallet, &shown).await.outcome, wants(Measure::PhysicalDocument));
    bay.now = bay.now.plus_seconds(90);
    let unlocked = show_unlocked(&bay, &wallet, &live, by_pin(2));
    assert_eq!(exit(&bay, &wallet, &unlocked).await.outcome, Outcome::Admit);
}
