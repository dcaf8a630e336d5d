//! A building's visitor book: invited and not, in and out, evacuation, retention.

use documents::Timestamp;
use venue::profile::Permit;
use venue::stay::Source;
use venue::store::Act;
use venue::visit::{BadgeNumber, Plan, Presence, Summary, VisitId, Visitor, Warning};
use venue::{Building, Invited};

use crate::desk::*;

fn at(hours: i64) -> Timestamp {
    now().plus_seconds(hours * 3600)
}

fn plan(hours: i64, recurring: bool) -> Plan {
    let words = ("Engineering".parse().unwrap(), "meeting".parse().unwrap());
    Plan::new(words, vec!["12F".parse().unwrap()], (now(), at(hours)), recurring).unwrap()
}

fn visitor(n: u32) -> Visitor {
    Visitor {
        pseudonym: with_pass(n).pseudonym,
        name: Some(format!("CANARY VISITOR {n}")),
        document: Some(Permit::Hkid),
        source: Source::Presentation,
        needs_help: n == 2,
    }
}

fn id(n: u8) -> VisitId {
    VisitId::from_bytes([n; 16])
}

fn badge(n: u8) -> BadgeNumber {
    BadgeNumber::from_random([0, 0, 0, n])
}

fn zone() -> venue::visit::Zone {
    "12F".parse().unwrap()
}

#[tokio::test]
async fn an_invited_visitor_gets_a_badge_comes_and_goes_and_one_whom_nobody_expects_does_not() {
    let desk = Desk::new("mainland").await;
    let building = Building::new(desk.hotel.store().clone(), None);
    let invite = || building.invite(id(1), plan(8, false), Some("Ms Wong"), &HOST, now());
    static HOST: std::sync::LazyLock<venue::Actor> = std::sync::LazyLock::new(|| "host-7".parse().unwrap());
    assert_eq!(invite().await.unwrap(), Invited::New);
    assert_eq!(invite().await.unwrap(), Invited::Already, "sent twice");
    building.arrive(id(1), visitor(1), badge(1), &clerk(), at(1)).await.unwrap();
    let (visit, warning) = building.enter(id(1), zone(), &clerk(), at(1)).await.unwrap();
    assert!(warning.is_none() && visit.badge().unwrap()[1] == "CANARY VISITOR 1");
    let (_, warning) = building.enter(id(1), zone(), &clerk(), at(2)).await.unwrap();
    assert_eq!(warning, Some(Warning::InsideAlready));
    let (_, warning) = building.leave(id(1), &clerk(), at(9)).await.unwrap();
    assert_eq!(warning, Some(Warning::Overstayed));
    building.register(id(2), plan(8, false), visitor(2), &clerk(), now()).await.unwrap();
    assert_eq!(building.enter(id(2), zone(), &clerk(), now()).await.unwrap_err().code(), "host_silent");
    building.host_says(id(2), false, badge(2), &HOST, now()).await.unwrap();
    let refused = building.enter(id(2), zone(), &clerk(), now()).await.unwrap_err();
    assert_eq!(refused.to_string(), "not expected; please ask at reception");
    assert_eq!(building.see(id(9), &clerk(), Act::See, now()).await.unwrap_err().code(), "unknown_visit");
    // The log says who did what.
    let looks = building.see(id(1), &clerk(), Act::Export, at(9)).await.unwrap().looks;
    assert_eq!(looks.len(), 6);
    assert_eq!((looks[0].actor.to_string(), looks[0].act), ("host-7".to_owned(), Act::Register));
}

#[tokio::test]
async fn one_who_comes_again_and_again_is_found_by_the_pass() {
    let desk = Desk::new("mainland").await;
    let building = Building::new(desk.hotel.store().clone(), None);
    building.invite(id(1), plan(24 * 60, true), None, &clerk(), now()).await.unwrap();
    building.arrive(id(1), visitor(1), badge(1), &clerk(), now()).await.unwrap();
    for day in 0..3 {
        building.enter(id(1), zone(), &clerk(), at(24 * day)).await.unwrap();
        building.leave(id(1), &clerk(), at(24 * day + 5)).await.unwrap();
    }
    let again = desk.again().await;
    let building = Building::new(again.store().clone(), None);
    let found = building.search(visitor(1).pseudonym.unwrap(), &clerk(), at(80)).await.unwrap();
    assert!(matches!(found[0].visit.presence(), Presence::Outside { .. }), "{found:?}");
    assert!(building.search(visitor(2).pseudonym.unwrap(), &clerk(), at(80)).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_evacuation_list_knows_who_is_inside_and_what_wardens_said_after_a_restart() {
    let desk = Desk::new("mainland").await;
    let building = Building::new(desk.hotel.store().clone(), None);
    for n in 1..=4_u8 {
        building.register(id(n), plan(8, false), visitor(u32::from(n)), &clerk(), now()).await.unwrap();
        building.host_says(id(n), true, badge(n), &clerk(), now()).await.unwrap();
        building.enter(id(n), zone(), &clerk(), now()).await.unwrap();
    }
    building.leave(id(4), &clerk(), at(1)).await.unwrap();
    building.mark(id(1), true, &clerk(), at(2)).await.unwrap();
    building.mark(id(3), false, &clerk(), at(2)).await.unwrap();
    assert_eq!(building.mark(id(4), true, &clerk(), at(2)).await.unwrap_err().code(), "visit_step");
    let again = Building::new(desk.again().await.store().clone(), None);
    let list = again.evacuation(true, &clerk(), at(2)).await.unwrap();
    let expected = Summary { people: 3, safe: 1, missing: 1, unaccounted: 1, need_help: 1 };
    assert_eq!(list.summary(), expected);
    let print = list.print().join("\n");
    assert!(
        print.contains("[MISSING] CANARY VISITOR 3")
            && print.contains("CANARY VISITOR 2 (host Engineering) - NEEDS")
    );
    assert!(!print.contains("CANARY VISITOR 4"), "who has left is on no list");
    again.withdraw(id(2), &clerk(), at(2)).await.unwrap();
    let print = again.evacuation(true, &clerk(), at(2)).await.unwrap().print().join("\n");
    assert!(print.contains("badge 000002") && !print.contains("CANARY VISITOR 2"), "{print}");
    assert_eq!(again.erase(id(1), &clerk(), at(2)).await.unwrap_err().code(), "inside");
}

#[tokio::test]
async fn visits_end_by_themselves_after_thirty_days_and_lie_sealed_until_then() {
    let desk = Desk::new("mainland").await;
    let building = Building::new(desk.hotel.store().clone(), Some(99));
    building.register(id(1), plan(8, false), visitor(1), &clerk(), now()).await.unwrap();
    building.host_says(id(1), true, badge(1), &clerk(), now()).await.unwrap();
    // Nobody gave this badge back.
    building.enter(id(1), zone(), &clerk(), now()).await.unwrap();
    building.invite(id(2), plan(8, false), Some("CANARY INVITED"), &clerk(), now()).await.unwrap();
    for name in ["book.db", "book.db-wal"] {
        let bytes = std::fs::read(desk.folder.path().join(name)).unwrap();
        for canary in ["CANARY", "Engineering", "12F", "hkid"] {
            let found = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
            assert!(!found, "{canary} lies in {name}");
        }
    }
    let over = now().local_date().plus_days(31).start();
    assert_eq!(building.store().retain(over.plus_seconds(-1)).await.unwrap().visits, 0);
    let report = building.store().retain(over).await.unwrap();
    assert_eq!((report.persons, report.visits), (2, 2));
    assert!(building.open_visits(&clerk(), over).await.unwrap().is_empty());
}
