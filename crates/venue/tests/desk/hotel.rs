//! Check-in to check-out, and what the register hears of it.

use std::collections::BTreeMap;

use venue::police::Refusal;
use venue::profile::Field;
use venue::stay::{Stay, Typed};
use venue::store::report::{Kind, QueueHealth, ReportState};
use venue::store::{Act, Look};

use crate::desk::*;

pub fn typed(field: Field, text: &str) -> Typed {
    BTreeMap::from([(field, text.to_owned())])
}

#[tokio::test]
async fn forty_guests_check_in_at_once_and_one_bad_record_holds_up_nobody() {
    let desk = Desk::new("mainland").await;
    let (register, client) = register().await;
    let mut arrivals: Vec<_> = (0..40).map(|n| line(n, with_pass(u32::from(n)))).collect();
    arrivals[17].shown.birth = None;
    let first = desk.hotel.check_in(&party(1, arrivals.clone()), &clerk(), now()).await.unwrap();
    assert_eq!(tally(&first), BTreeMap::from([("new", 39), ("refused", 1)]));
    let round = desk.courier(&client).round(now()).await.unwrap();
    assert_eq!((round.sent, round.refused, round.put_off), (39, 0, 0));
    assert_eq!(register.requests(), 1, "one batch");
    // The clerk mends the line and sends the whole party again.
    arrivals[17].shown.birth = Some(documents::Birth::Date("1990-05-17".parse().unwrap()));
    let later = now().plus_seconds(120);
    let second = desk.hotel.check_in(&party(1, arrivals.clone()), &clerk(), later).await.unwrap();
    assert_eq!(tally(&second), BTreeMap::from([("already", 39), ("new", 1)]));
    assert_eq!(desk.courier(&client).round(later).await.unwrap().sent, 1);
    assert_eq!(register.taken().len(), 40);
    assert_eq!(desk.hotel.in_house(&clerk(), later).await.unwrap().len(), 40);
    // Somebody else under the same line is no second try.
    arrivals[0].shown = with_pass(999);
    let third = desk.hotel.check_in(&party(1, arrivals), &clerk(), later).await.unwrap();
    assert_eq!(tally(&third), BTreeMap::from([("already", 39), ("other_content", 1)]));
}

#[tokio::test]
async fn a_stay_is_told_in_order_arrival_room_correction_departure() {
    let desk = Desk::new("mainland").await;
    let (register, client) = register().await;
    let answers = desk.hotel.check_in(&party(1, vec![by_card(1, "LI NA")]), &clerk(), now()).await.unwrap();
    let id = id_of(&answers, 1);
    let at = |minutes: i64| now().plus_seconds(minutes * 60);
    desk.hotel.change_room(id, "808".parse().unwrap(), &clerk(), at(1)).await.unwrap();
    desk.hotel.correct(id, &typed(Field::Name, "LEE NA"), &clerk(), at(2)).await.unwrap();
    let left = desk.hotel.check_out(id, &Typed::new(), &clerk(), at(3)).await.unwrap();
    assert!(matches!(left, Stay::Left(_)));
    let round = desk.courier(&client).round(at(4)).await.unwrap();
    assert_eq!((round.sent, round.put_off), (4, 0));
    let told: Vec<_> = register.taken().iter().map(|taken| (taken.kind.clone(), taken.of.clone())).collect();
    let expected = ["in", "correct", "correct", "out"].map(|kind| (kind.to_owned(), "R000001".to_owned()));
    assert_eq!(told, expected);
    let bodies: Vec<_> = register.taken().into_iter().map(|taken| taken.body).collect();
    assert_eq!(bodies[0]["guest"]["document_number"], "11010519491231002X");
    assert_eq!((bodies[1]["room"].as_str(), bodies[1]["guest"].as_object().unwrap().len()), (Some("808"), 0));
    assert_eq!(bodies[2]["guest"], serde_json::json!({ "name": "LEE NA" }));
    assert_eq!(bodies[3]["left"], at(3).to_string());
    let record = desk.hotel.see(id, &clerk(), Act::Export, at(5)).await.unwrap();
    assert!(record.reports.iter().all(|report| matches!(report.state, ReportState::Sent { .. })));
    let acts: Vec<_> = record.looks.iter().map(|Look { act, .. }| act.code()).collect();
    assert_eq!(acts, ["register", "move", "correct", "check_out", "export"]);
    let twice = desk.hotel.check_out(id, &Typed::new(), &clerk(), at(6)).await.unwrap_err();
    assert_eq!(twice.code(), "left_already");
    let nobody = venue::stay::StayId::from_bytes([0; 16]);
    assert_eq!(desk.hotel.see(nobody, &clerk(), Act::See, at(6)).await.unwrap_err().code(), "unknown_stay");
}

#[tokio::test]
async fn what_the_register_refuses_is_shown_and_goes_out_again_once_it_is_corrected() {
    let desk = Desk::new("mainland").await;
    let (register, client) = register().await;
    register.switch(|switches| {
        switches.refuse_field = Some("name".to_owned());
        switches.refuse_value = Some("LI NA".to_owned());
    });
    let arrivals = vec![by_card(1, "LI NA"), line(2, with_pass(2)), line(3, with_pass(3))];
    let answers = desk.hotel.check_in(&party(1, arrivals), &clerk(), now()).await.unwrap();
    let id = id_of(&answers, 1);
    // The guest leaves before anybody noticed: the departure waits for an arrival that is taken.
    let out = now().plus_seconds(60);
    desk.hotel.check_out(id, &Typed::new(), &clerk(), out).await.unwrap();
    let round = desk.courier(&client).round(out).await.unwrap();
    assert_eq!((round.sent, round.refused), (2, 1));
    let health = desk.hotel.queue_health(out).await.unwrap();
    assert_eq!(health, QueueHealth { waiting: 1, refused: 1, ..QueueHealth::default() });
    let record = desk.hotel.see(id, &clerk(), Act::See, out).await.unwrap();
    let ReportState::Refused { answer } = &record.reports[0].state else { panic!("{record:?}") };
    let faults: Vec<Refusal> = serde_json::from_str(answer).unwrap();
    assert_eq!((faults[0].field.as_str(), faults[0].code.as_str()), ("name", "not_accepted"));
    let mended = out.plus_seconds(60);
    desk.hotel.correct(id, &typed(Field::Name, "LEE NA"), &clerk(), mended).await.unwrap();
    assert_eq!(desk.courier(&client).round(mended).await.unwrap().sent, 2);
    let record = desk.hotel.see(id, &clerk(), Act::See, mended).await.unwrap();
    let states: Vec<_> = record.reports.iter().map(|r| (r.kind, r.state == ReportState::Replaced)).collect();
    assert_eq!(states, [(Kind::In, true), (Kind::Out, false), (Kind::In, false)]);
    assert_eq!(
        record.reports[0].due_at, record.reports[2].due_at,
        "the law's time still runs from the arrival"
    );
    assert_eq!(desk.hotel.queue_health(mended).await.unwrap(), QueueHealth::default());
}

#[tokio::test]
async fn the_alarm_sounds_at_twenty_hours_and_the_time_is_over_at_twenty_four() {
    let desk = Desk::new("mainland").await;
    let (register, client) = register().await;
    register.switch(|switches| switches.down = true);
    desk.hotel.check_in(&party(1, vec![by_card(1, "LI NA")]), &clerk(), now()).await.unwrap();
    let hours = |hours: i64, seconds: i64| now().plus_seconds(hours * 3600 + seconds);
    let open = |alarm, overdue| QueueHealth { waiting: 1, alarm, overdue, ..QueueHealth::default() };
    for (at, expected) in [
        (hours(20, -1), open(0, 0)),
        (hours(20, 0), open(1, 0)),
        (hours(24, -1), open(1, 0)),
        (hours(24, 0), open(1, 1)),
    ] {
        let round = desk.courier(&client).round(at).await.unwrap();
        assert!(round.fault.is_none_or(|fault| fault.code() == "register_down") && round.sent == 0);
        assert_eq!(desk.hotel.queue_health(at).await.unwrap(), expected, "at {at}");
    }
    register.switch(|switches| switches.down = false);
    let back = hours(25, 0);
    assert_eq!(desk.courier(&client).round(back).await.unwrap().sent, 1);
    assert_eq!(desk.hotel.queue_health(back).await.unwrap(), QueueHealth::default());
}

#[tokio::test]
async fn hong_kong_tells_nobody_and_macao_leaves_its_residents_alone() {
    let hong_kong = Desk::new("hong-kong").await;
    let mut guest = with_pass(1);
    guest.document = None;
    hong_kong.hotel.check_in(&party(1, vec![line(1, guest)]), &clerk(), now()).await.unwrap();
    assert_eq!(hong_kong.hotel.queue_health(now()).await.unwrap(), QueueHealth::default());
    let macao = Desk::new("macao").await;
    let mut resident = venue::stay::Disclosed::nothing(venue::stay::Source::Presentation);
    resident.region = Some(documents::AuthorityCode::Mac);
    let answers = macao.hotel.check_in(&party(1, vec![line(1, resident)]), &clerk(), now()).await.unwrap();
    assert_eq!(tally(&answers), BTreeMap::from([("new", 1)]));
    assert_eq!(macao.hotel.queue_health(now()).await.unwrap(), QueueHealth::default());
}

#[tokio::test]
async fn a_foreign_guest_in_hong_kong_says_how_he_came_and_on_leaving_where_to() {
    let desk = Desk::new("hong-kong").await;
    let mut foreign = with_pass(1);
    foreign.document = None;
    foreign.nationality = Some("PRT".parse().unwrap());
    let mut arrival = line(1, foreign);
    let bare = desk.hotel.check_in(&party(1, vec![arrival.clone()]), &clerk(), now()).await.unwrap();
    assert_eq!(tally(&bare), BTreeMap::from([("refused", 1)]));
    for (field, text) in
        [(Field::ArrivedOn, "2026-11-28"), (Field::ArrivedBy, "CX250"), (Field::Occupation, "cook")]
    {
        arrival.typed.insert(field, text.to_owned());
    }
    let answers = desk.hotel.check_in(&party(1, vec![arrival]), &clerk(), now()).await.unwrap();
    let id = id_of(&answers, 1);
    let silent = desk.hotel.check_out(id, &Typed::new(), &clerk(), now()).await.unwrap_err();
    assert_eq!(silent.code(), "field_missing");
    let mut leaving = typed(Field::NextPlace, "Macao");
    leaving.insert(Field::LeavesBy, "ferry".to_owned());
    let left = desk.hotel.check_out(id, &leaving, &clerk(), now()).await.unwrap();
    assert_eq!(left.guest().field(Field::NextPlace), Some("Macao"));
    let record = desk.again().await.see(id, &clerk(), Act::See, now()).await.unwrap();
    assert_eq!(record.stay, left, "what is read back is what was written");
}

#[tokio::test]
async fn a_guest_takes_back_what_was_optional_and_the_law_keeps_the_rest() {
    let desk = Desk::new("mainland").await;
    let (register, client) = register().await;
    let mut arrival = line(1, with_pass(1));
    arrival.shown.name_zh = Some("陳".to_owned());
    let answers = desk.hotel.check_in(&party(1, vec![arrival]), &clerk(), now()).await.unwrap();
    let id = id_of(&answers, 1);
    for (field, code) in [(Field::Name, "field_required"), (Field::Sex, "field_not_kept")] {
        let refused = desk.hotel.withdraw(id, &[field].into(), &clerk(), now()).await.unwrap_err();
        assert_eq!(refused.code(), code);
    }
    desk.hotel.withdraw(id, &[Field::NameZh].into(), &clerk(), now()).await.unwrap();
    let record = desk.again().await.see(id, &clerk(), Act::See, now()).await.unwrap();
    assert_eq!(record.stay.guest().field(Field::NameZh), None);
    desk.courier(&client).round(now()).await.unwrap();
    assert_eq!(register.taken().len(), 1, "the register hears of the arrival alone");
}
