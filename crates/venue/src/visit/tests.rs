//! Tests of visits: what a visit may become, and who stands on the evacuation list.

use credential::venue::Pseudonym;
use proptest::prelude::*;

use super::*;

fn now() -> Timestamp {
    "2026-11-29T09:00:00+08:00".parse().unwrap()
}

fn at(hours: i64) -> Timestamp {
    now().plus_seconds(hours * 3600)
}

fn plan(recurring: bool) -> Plan {
    let zones = vec!["12F".parse().unwrap(), "Lobby".parse().unwrap()];
    let words = ("Engineering".parse().unwrap(), "meeting".parse().unwrap());
    Plan::new(words, zones, (now(), at(8)), recurring).unwrap()
}

fn visitor() -> Visitor {
    Visitor {
        pseudonym: Some(Pseudonym::from_bytes([3; 16])),
        name: Some("WONG".to_owned()),
        document: Some(Permit::Hkid),
        source: Source::Presentation,
        needs_help: true,
    }
}

fn badge() -> BadgeNumber {
    BadgeNumber::from_random([0, 0, 0, 42])
}

fn zone(text: &str) -> Zone {
    text.parse().unwrap()
}

fn inside() -> Visit {
    let visit =
        Visit::invited(plan(false), Some("Mr Wong")).unwrap().arrive(visitor(), badge(), at(1)).unwrap();
    visit.enter(zone("12F"), at(1)).unwrap().0
}

#[test]
fn a_transition_is_refused_with_its_own_code() {
    let expected = || Visit::invited(plan(false), None).unwrap();
    let waiting = || Visit::at_counter(plan(false), visitor(), now()).unwrap();
    let declined = || waiting().host_says(false, badge(), now()).unwrap();
    let over = || inside().end(at(2)).unwrap();
    let bell = Visitor { name: Some("W\u{7}".to_owned()), ..visitor() };
    for (refused, code) in [
        (expected().arrive(visitor(), badge(), at(-1)), "too_early"),
        (expected().arrive(visitor(), badge(), at(8)), "visit_ended"),
        (expected().arrive(bell, badge(), at(1)), "name_form"),
        (inside().arrive(visitor(), badge(), at(1)), "visit_step"),
        (declined().arrive(visitor(), badge(), at(1)), "not_expected"),
        (expected().host_says(true, badge(), at(1)), "visit_step"),
        (waiting().host_says(true, badge(), at(9)), "visit_ended"),
        (expected().enter(zone("12F"), at(1)).map(|done| done.0), "visit_step"),
        (waiting().enter(zone("12F"), at(1)).map(|done| done.0), "host_silent"),
        (declined().enter(zone("12F"), at(1)).map(|done| done.0), "not_expected"),
        (inside().enter(zone("13F"), at(1)).map(|done| done.0), "zone_not_open"),
        (inside().enter(zone("12F"), at(8)).map(|done| done.0), "visit_ended"),
        (over().enter(zone("12F"), at(3)).map(|done| done.0), "visit_ended"),
        (over().end(at(3)), "visit_step"),
        (expected().mark(RollMark { safe: true, at: now(), by: "w".parse().unwrap() }), "visit_step"),
    ] {
        assert_eq!(refused.unwrap_err().code(), code);
    }
    // What a visitor hears of a host's no has no reason in it.
    assert_eq!(VisitError::NotExpected.to_string(), "not expected; please ask at reception");
}

#[test]
fn a_plan_is_refused_for_what_is_wrong_with_it() {
    let make = |zones: Vec<Zone>, hours: i64, recurring: bool| {
        let words = ("Host".parse().unwrap(), "meeting".parse().unwrap());
        Plan::new(words, zones, (now(), at(hours)), recurring).map(drop).map_err(|error| error.code())
    };
    for (zones, hours, recurring, expected) in [
        (vec![], 1, false, Err("plan_zones")),
        (vec![zone("A")], 0, false, Err("plan_time")),
        (vec![zone("A")], 25, false, Err("plan_time")),
        (vec![zone("A")], 25, true, Ok(())),
        (vec![zone("A")], 367 * 24, true, Err("plan_time")),
    ] {
        assert_eq!(make(zones, hours, recurring), expected, "row {hours} {recurring}");
    }
    assert_eq!("Meeting".parse::<Purpose>(), Err(NotAWord::Purpose));
    assert_eq!("12\n".parse::<Zone>(), Err(NotAWord::Zone));
    assert!("".parse::<Host>().is_err());
}

#[test]
fn what_is_odd_is_warned_about_and_nobody_is_kept_in() {
    let (again, warning) = inside().enter(zone("Lobby"), at(2)).unwrap();
    assert_eq!(warning, Some(Warning::InsideAlready));
    let (left, warning) = again.leave(at(3));
    assert_eq!((left.presence(), warning), (&Presence::Outside { badge: badge(), since: at(3) }, None));
    let (left, warning) = left.leave(at(3));
    assert_eq!(warning, Some(Warning::NotInside));
    assert!(left.enter(zone("12F"), at(4)).is_ok(), "in and out as long as the badge counts");
    assert!(inside().is_overstayed(at(9)) && !inside().is_overstayed(at(7)));
    let (left, warning) = inside().leave(at(9));
    assert_eq!((left.presence(), warning), (&Presence::Over { at: at(9) }, Some(Warning::Overstayed)));
}

#[test]
fn a_badge_shows_what_a_guard_needs_and_ends_with_its_time() {
    let lines = inside().badge().unwrap();
    assert_eq!(lines, ["VISITOR 000042", "WONG", "Engineering", "12F, Lobby", "2026-11-29T17:00:00+08:00"]);
    assert_eq!(inside().end(at(2)).unwrap().badge(), None);
    assert_eq!(inside().keep_until(None), "2026-12-30T00:00:00+08:00".parse().unwrap());
    assert_eq!(inside().keep_until(Some(7)), "2026-12-07T00:00:00+08:00".parse().unwrap());
    assert_eq!(inside().keep_until(Some(99)), inside().keep_until(None));
}

#[test]
fn an_evacuation_list_counts_everybody_and_names_who_needs_help_first() {
    let id = |n: u8| VisitId::from_bytes([n; 16]);
    let mark = |safe| RollMark { safe, at: at(2), by: "warden".parse().unwrap() };
    let nameless = Visitor { name: None, needs_help: false, ..visitor() };
    let nameless = Visit::at_counter(plan(false), nameless, now()).unwrap();
    let nameless = nameless.host_says(true, BadgeNumber::from_random([0, 0, 0, 7]), now()).unwrap();
    let nameless = nameless.enter(zone("12F"), now()).unwrap().0;
    let (gone, _) = inside().leave(at(2));
    let visits = [
        (id(1), nameless.mark(mark(true)).unwrap()),
        (id(2), inside()),
        (id(3), inside().mark(mark(false)).unwrap()),
        (id(4), gone),
    ];
    let mut list = EvacuationList::new(visits.iter().map(|(id, visit)| (*id, visit)), true, at(2));
    list.count_staff(zone("Lobby"), StaffCount { expected: 5, safe: 4 });
    let summary = Summary { people: 8, safe: 5, missing: 1, unaccounted: 2, need_help: 2 };
    assert_eq!(list.summary(), summary);
    let print = list.print();
    assert!(print[0].starts_with("EXERCISE"), "{print:?}");
    let at_12: Vec<_> = print.iter().skip_while(|line| !line.starts_with("== 12F")).take(5).collect();
    assert!(at_12[1].contains("NEEDS HELP") && at_12[3].contains("badge 000007"), "{at_12:?}");
    assert_eq!(print.last().unwrap(), "staff: 4 of 5 safe");
    assert!(!list.is_stale(at(2).plus_seconds(300)) && list.is_stale(at(2).plus_seconds(301)));
}

#[derive(Debug, Clone)]
enum Step {
    Arrive,
    Host(bool),
    Enter(bool),
    Leave,
    End,
}

proptest! {
    /// In whatever order things happen: who is inside has a badge that the host or an invitation stands for, leaving always
    /// works, and what is over stays over.
    #[test]
    fn a_visit_never_lets_in_whom_nobody_expects_and_never_holds_anybody(
        invited in any::<bool>(),
        steps in prop::collection::vec(
            (
                prop_oneof![
                    Just(Step::Arrive),
                    any::<bool>().prop_map(Step::Host),
                    any::<bool>().prop_map(Step::Enter),
                    Just(Step::Leave),
                    Just(Step::End),
                ],
                -1_i64..10,
            ),
            0..30,
        ),
    ) {
        let mut visit = if invited {
            Visit::invited(plan(true), None).unwrap()
        } else {
            Visit::at_counter(plan(true), visitor(), now()).unwrap()
        };
        let mut welcome = false;
        for (step, hour) in steps {
            let before = visit.clone();
            let next = match step {
                Step::Arrive => visit.clone().arrive(visitor(), badge(), at(hour)),
                Step::Host(yes) => visit.clone().host_says(yes, badge(), at(hour)),
                Step::Enter(open) => {
                    visit.clone().enter(zone(if open { "12F" } else { "Vault" }), at(hour)).map(|done| done.0)
                }
                Step::Leave => Ok(visit.clone().leave(at(hour)).0),
                Step::End => visit.clone().end(at(hour)),
            };
            if let Ok(next) = next {
                welcome |= matches!(step, Step::Arrive | Step::Host(true));
                let ended = |visit: &Visit| matches!(visit.presence, Presence::Over { .. } | Presence::NotExpected { .. });
                prop_assert!(!ended(&before) || ended(&next));
                if let Presence::Inside { zone, .. } = &next.presence {
                    prop_assert!(welcome && zone.as_str() == "12F" && next.visitor.is_some());
                }
                if matches!(step, Step::Leave) {
                    let inside = matches!(next.presence, Presence::Inside { .. });
                    prop_assert!(!inside);
                }
                visit = next;
            }
        }
    }
}
