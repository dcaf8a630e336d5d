//! Faults, each alone and all together: every answer that a desk gets is right, and of every act it knows what became of it, or that it
//! does not know.

use std::collections::BTreeMap;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};
use sip2::{Currency, ErrorDetection, FeeType, Language, PaymentType, Settled, StaffReason, Summary, settle};
use venue::library_system::stand_in::{Faults, Payment, Switches};
use venue::library_system::{AskError, Asked};

use crate::library::{World, now, switches};

/// What a library knows, from inside.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Truth {
    loans: BTreeMap<String, String>,
    due: BTreeMap<String, String>,
    fines: Vec<Option<u64>>,
    payments: BTreeMap<String, Payment>,
}

fn truth(world: &World) -> Truth {
    let library = &world.library;
    let loans = library.loans();
    let due = loans.keys().map(|item| (item.clone(), library.due(item).unwrap().to_string())).collect();
    let fines = [&world.patron, &world.other].map(|patron| library.fines(patron)).to_vec();
    Truth { loans, due, fines, payments: library.payments() }
}

/// What became of the requests of a run.
#[derive(Debug, Default)]
struct Seen {
    answered: usize,
    repeated: usize,
    unknown: usize,
    not_sent: usize,
    settled: usize,
}

impl Seen {
    /// Holds an act to the truth: `done` says whether the library did it, between `before` and `after`.
    fn act<T>(
        &mut self,
        asked: Result<Asked<T>, AskError>,
        ok: impl Fn(&T) -> bool,
        change: (&Truth, &Truth),
        done: bool,
    ) {
        let (before, after) = change;
        match asked {
            Ok(Asked { answer, repeated }) => {
                self.answered += 1;
                self.repeated += usize::from(repeated);
                match (ok(&answer), repeated) {
                    (true, _) => assert!(done, "a yes is a yes: {change:?}"),
                    (false, false) => assert_eq!(before, after, "a no to what went out once is a no"),
                    (false, true) => {}
                }
            }
            Err(error) if error.may_have_happened() => self.unknown += 1,
            Err(error) => {
                assert_eq!(before, after, "{error}");
                self.not_sent += 1;
            }
        }
    }
}

/// Runs requests of every kind, and holds each answer to what the library knows.
async fn run(switches: Switches, faults: Faults, requests: usize) -> Seen {
    let detection = switches.detection;
    let world = World::new(switches).await;
    let desk = &world.desk;
    let (mut chance, mut seen) = (Xoshiro256PlusPlus::seed_from_u64(faults.seed), Seen::default());
    for patron in [&world.patron, &world.other] {
        world.library.fine(patron, 1_000_000);
    }
    world.library.set_faults(faults);
    for number in 0..requests {
        let item = format!("B{}", chance.random_range(1..=9));
        let patron = if chance.random() { &world.patron } else { &world.other };
        // Each moment is another one, so that no two requests have the same bytes.
        let now = now().plus_seconds(i64::try_from(number).unwrap() * 3600);
        let before = truth(&world);
        let had = before.loans.get(&item).cloned();
        let context = format!("{detection:?}, request {number}, {item}, {patron}");
        match chance.random_range(0..7) {
            0 | 1 => {
                let asked = desk.checkout(patron, &item, false, now).await;
                let after = truth(&world);
                let lost = matches!(&asked, Err(error) if error.may_have_happened());
                let lent = had.is_none() && after.loans.get(&item) == Some(patron);
                if let Ok(asked) = &asked {
                    assert_eq!(asked.answer.item, item, "{context}");
                    assert!(!asked.answer.unlock || asked.answer.ok, "{context}");
                }
                seen.act(asked, |loan| loan.ok, (&before, &after), lent);
                if lost {
                    settled(&world, patron, &item, &mut seen).await;
                }
            }
            2 => {
                let asked = desk.checkin(&item, now, now).await;
                let after = truth(&world);
                seen.act(asked, |back| back.ok, (&before, &after), !after.loans.contains_key(&item));
            }
            3 => {
                let asked = desk.renew(patron, &item, now).await;
                let after = truth(&world);
                let own = had.as_ref() == Some(patron);
                let due = now.local_date().plus_days(21).to_string();
                seen.act(asked, |loan| loan.ok, (&before, &after), own && after.due.get(&item) == Some(&due));
            }
            4 => {
                let (currency, id): (Currency, _) = ("MOP".parse().unwrap(), format!("T{number}"));
                let (fee, payment) = (FeeType::Overdue, PaymentType::Cash);
                let asked = desk.fee_paid(patron, fee, payment, currency, "1.25", &id, now).await;
                let after = truth(&world);
                let taken = Payment { patron: patron.clone(), cents: 125 };
                seen.act(asked, |(ok, _)| *ok, (&before, &after), after.payments.get(&id) == Some(&taken));
            }
            5 => match desk.item(&item, now).await {
                Ok(answer) => {
                    assert_eq!(answer.item, item, "{context}");
                    let charged = answer.status.unwrap().is_charged();
                    assert_eq!(charged, had.is_some(), "{context}");
                    assert_eq!(answer.title, Some(item.replace('B', "Book ")), "{context}");
                    seen.answered += 1;
                }
                Err(_) => seen.unknown += 1,
            },
            _ => match desk.patron(patron, Language::English, Some(Summary::Charged), now).await {
                Ok(answer) => {
                    let own = before.loans.iter().filter(|(_, who)| *who == patron).map(|(item, _)| item);
                    assert_eq!(
                        answer.charged.iter().collect::<Vec<_>>(),
                        own.collect::<Vec<_>>(),
                        "{context}"
                    );
                    assert!(answer.lists_all_charged(), "{context}");
                    let fines = world.library.fines(patron).unwrap();
                    assert_eq!(answer.fees, Some(format!("{}.{:02}", fines / 100, fines % 100)), "{context}");
                    seen.answered += 1;
                }
                Err(_) => seen.unknown += 1,
            },
        }
        // Out of a pause, where there is one.
        if desk.last_status().await.is_none() || matches!(desk.keep(now).await, Err(AskError::Unreachable(_)))
        {
            desk.go_ahead(60).await;
        }
        if chance.random_range(0..4) == 0 {
            desk.go_ahead(60).await;
        }
    }
    // No book was ever with two readers.
    let mut open = BTreeMap::new();
    for record in world.library.record() {
        if !record.ended {
            assert_eq!(
                open.insert(record.item.clone(), record.patron),
                None,
                "{} is lent twice",
                record.item
            );
        }
    }
    assert_eq!(open, world.library.loans());
    seen
}

/// What became of a loan whose answer was lost: asked until it is answered.
async fn settled(world: &World, patron: &str, item: &str, seen: &mut Seen) {
    let now = now();
    for _ in 0..40 {
        let at = world.desk.item(item, now).await;
        let whose = world.desk.patron(patron, Language::English, Some(Summary::Charged), now).await;
        let outcome = settle(item, at.ok().as_ref(), whose.ok().as_ref());
        let truth = world.library.loans().get(item).cloned();
        match outcome {
            Settled::Stands => assert_eq!(truth.as_deref(), Some(patron)),
            Settled::Free => assert_eq!(truth, None),
            Settled::Staff(StaffReason::LentToAnother) => assert!(truth.is_some_and(|who| who != patron)),
            Settled::Staff(StaffReason::NotLendable) => panic!("no book here is lost"),
            Settled::Locked => {
                world.desk.go_ahead(60).await;
                continue;
            }
        }
        seen.settled += 1;
        return;
    }
    panic!("{item} stays locked");
}

/// The three ways in which a library's system takes what comes again.
fn systems() -> [(&'static str, Switches); 3] {
    let on = switches(ErrorDetection::On);
    [
        ("answers what comes again from memory", on.clone()),
        ("does what comes again twice", Switches { run_twice: true, ..on }),
        ("has no error detection", switches(ErrorDetection::Off)),
    ]
}

async fn alone(name: &str, set: fn(&mut Faults)) {
    for (what, mut switches) in systems() {
        switches.timeout = "001".to_owned();
        let mut faults = Faults::all(0, 20_260_302);
        set(&mut faults);
        let seen = run(switches, faults, 60).await;
        assert!(seen.answered >= 30, "{name}, a system that {what}: {seen:?}");
    }
}

macro_rules! alone {
    ($($test:ident: $fault:ident,)*) => {$(
        #[tokio::test]
        async fn $test() {
            alone(stringify!($fault), |faults| faults.$fault = 120).await;
        }
    )*};
}

alone! {
    answers_in_several_packets_are_right: split,
    answers_in_one_packet_are_right: joined,
    answers_with_a_wrong_checksum_are_right: wrong_checksum,
    answers_without_an_end_are_right: no_cr,
    answers_with_a_line_feed_are_right: cr_lf,
    answers_after_silence_are_right: silent_before,
    answers_after_an_act_and_silence_are_right: silent_after,
    answers_among_those_of_others_are_right: other_answer,
    answers_after_a_lost_connection_are_right: drop_before,
    answers_after_an_act_and_a_lost_connection_are_right: drop_after,
    answers_that_come_twice_are_right: duplicate_answer,
}

#[tokio::test]
async fn no_fault_at_all_leaves_nothing_unknown() {
    for (what, switches) in systems() {
        let seen = run(switches, Faults::all(0, 1), 300).await;
        assert_eq!((seen.answered, seen.repeated, seen.unknown), (300, 0, 0), "{what}");
    }
}

#[tokio::test]
async fn all_faults_together_over_300_requests_leave_every_answer_right() {
    for (what, mut switches) in systems() {
        switches.timeout = "001".to_owned();
        let seen = run(switches, Faults::all(20, 7), 300).await;
        assert!(seen.answered >= 150 && seen.unknown > 0 && seen.settled > 0, "{what}: {seen:?}");
        eprintln!("a system that {what}: {seen:?}");
    }
}
