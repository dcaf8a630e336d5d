//! The hand-over to a hotel's system: the message's structure, its queue, and what is not in it.

use quick_xml::events::Event;
use quick_xml::reader::Reader;
use venue::Hotel;
use venue::hotel_system::stand_in::HotelSystem;
use venue::hotel_system::{
    HandOver, HotelCodes, HotelSystemClient, Notification, NotifiedGuest, ReservationState,
};
use venue::profile::Field;
use venue::stay::{Admission, Guest, Notes, Typed, admit};
use venue::store::Act;
use venue::store::report::{Kind, ReportState};

use crate::desk::*;
use crate::hotel::typed;

fn codes() -> HotelCodes {
    HotelCodes {
        hotel: "SZX-0007".to_owned(),
        desk: "desk-1".to_owned(),
        production: false,
        room_type: Some("TWN".to_owned()),
    }
}

fn guest(name: &str, sex: &str) -> Guest {
    let mut shown = with_pass(1);
    shown.name = Some(name.to_owned());
    let admitted =
        admit(&profile("mainland"), &shown, &typed(Field::Sex, sex), &Notes::new(), now()).unwrap();
    let Admission::Guest(guest, _) = admitted else { panic!("{admitted:?}") };
    *guest
}

fn notified(guest: Guest, room: &str) -> NotifiedGuest {
    NotifiedGuest {
        room: room.parse().unwrap(),
        from: now().local_date(),
        to: now().local_date().plus_days(2),
        arrived: now(),
        guest,
        expires: Some("2032-03-01".parse().unwrap()),
    }
}

fn notification(guests: Vec<NotifiedGuest>) -> Notification {
    Notification {
        echo: "7f3c0a527f3c0a527f3c0a527f3c0a52".parse().unwrap(),
        made: now(),
        reservation: "RES-2041".to_owned(),
        walk_in: false,
        state: ReservationState::InHouse,
        guests,
    }
}

/// Elements in their order, each with its depth and the names of its attributes.
fn structure(xml: &str) -> Vec<(usize, String, Vec<String>)> {
    let mut reader = Reader::from_str(xml);
    let (mut depth, mut found) = (0, Vec::new());
    loop {
        let event = reader.read_event().unwrap();
        if matches!(event, Event::Eof) {
            return found;
        }
        if matches!(event, Event::End(_)) {
            depth -= 1;
        }
        let opens = usize::from(matches!(event, Event::Start(_)));
        let (Event::Start(element) | Event::Empty(element)) = event else { continue };
        let names =
            element.attributes().map(|attribute| attribute.unwrap().key.as_ref().to_owned()).collect();
        found.push((depth, element.name().as_ref().to_owned(), names));
        depth += opens;
    }
}

#[test]
fn a_message_has_the_structure_of_the_published_example() {
    let test = "a_message_has_the_structure_of_the_published_example";
    let Some(file) = test_support::shared(test, "vectors/opentravel/checked-in-guest.xml") else { return };
    let published = std::fs::read_to_string(file).unwrap();
    let message = notification(vec![notified(guest("CHAN, SIU MING", "F"), "1203")]).write(&codes()).unwrap();
    let ours = String::from_utf8(message).unwrap();
    assert_eq!(structure(&ours), structure(&published));
    for text in [
        r#"ResStatus="In-house""#,
        r#"Gender="Female" BirthDate="1990-05-17""#,
        "<GivenName>SIU MING</GivenName><Surname>CHAN</Surname>",
        r#"DocType="5" DocIssueCountry="CN" DocHolderNationality="CN""#,
        "bay:permit=hk-mo-home-return",
    ] {
        assert!(ours.contains(text), "{text}: {ours}");
    }
}

#[test]
fn a_family_is_one_message_and_what_was_not_released_is_left_out() {
    let family = vec![notified(guest("A <&\"' B", "X"), "1"), notified(guest("LI", "M"), "2")];
    let mut message = notification(family);
    message.state = ReservationState::CheckedOut;
    let xml = String::from_utf8(message.write(&codes()).unwrap()).unwrap();
    assert!(xml.contains("A &lt;&amp;&quot;&apos; B") && xml.contains(r#"ResStatus="Checked out""#), "{xml}");
    let count = |name: &str| structure(&xml).iter().filter(|(_, own, _)| own == name).count();
    assert_eq!((count("RoomStay"), count("ResGuest"), count("Document")), (2, 2, 2));
    assert_eq!((xml.matches("Gender").count(), xml.matches("PrimaryIndicator").count()), (1, 1));
    assert!(!xml.to_lowercase().contains("unknown") && !xml.contains("GivenName"));
    let mut control = codes();
    control.desk = "desk\u{b}".to_owned();
    assert_eq!(message.write(&control).unwrap_err().code(), "xml_character");
    message.guests.clear();
    assert_eq!(message.write(&codes()).unwrap_err().code(), "xml_guests");
}

async fn system() -> (HotelSystem, HotelSystemClient) {
    let system = HotelSystem::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/ota", listener.local_addr().unwrap());
    let router = system.router();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (system, HotelSystemClient::new(http(), &address, None))
}

#[tokio::test]
async fn a_guest_is_handed_over_once_whatever_happens_on_the_way() {
    let desk = Desk::new("mainland").await;
    let hotel = Hotel::new(desk.hotel.store().clone(), profile("mainland"), None).with_hotel_system(codes());
    let (system, client) = system().await;
    let hand_over = HandOver::new(hotel.store().clone(), client);
    let answers = hotel.check_in(&party(1, vec![line(1, with_pass(1))]), &clerk(), now()).await.unwrap();
    let id = id_of(&answers, 1);
    let mut at = now();
    system.switch(|switches| switches.down = true);
    assert_eq!(hand_over.round(at).await.unwrap().fault.unwrap().code(), "hotel_system_status");
    system.switch(|switches| {
        *switches = venue::hotel_system::stand_in::Switches { lose_answers: 1, ..Default::default() }
    });
    at = hand_over.next().await.unwrap().unwrap();
    assert_eq!(hand_over.round(at).await.unwrap().sent, 0);
    at = hand_over.next().await.unwrap().unwrap();
    assert_eq!(hand_over.round(at).await.unwrap().sent, 1);
    assert_eq!((system.taken().len(), system.requests()), (1, 3), "the same EchoToken each time");
    hotel.check_out(id, &Typed::new(), &clerk(), at).await.unwrap();
    assert_eq!(hand_over.round(at).await.unwrap().sent, 1);
    let last = String::from_utf8(system.taken()[1].clone()).unwrap();
    assert!(last.contains("Checked out"));
    assert_eq!(hand_over.health(at).await.unwrap(), Default::default());
}

#[tokio::test]
async fn an_error_of_the_hotels_system_is_a_clerks_and_is_not_tried_again() {
    let desk = Desk::new("mainland").await;
    let hotel = Hotel::new(desk.hotel.store().clone(), profile("mainland"), None).with_hotel_system(codes());
    let (system, client) = system().await;
    let hand_over = HandOver::new(hotel.store().clone(), client);
    system.switch(|switches| switches.refuse = Some("RoomID=\"1201\"".to_owned()));
    let answers = hotel.check_in(&party(1, vec![line(1, with_pass(1))]), &clerk(), now()).await.unwrap();
    let id = id_of(&answers, 1);
    assert_eq!(hand_over.round(now()).await.unwrap().refused, 1);
    assert_eq!(hand_over.round(now().plus_seconds(9999)).await.unwrap().refused, 0);
    let record = hotel.see(id, &clerk(), Act::See, now()).await.unwrap();
    let ReportState::Refused { answer } = &record.handed_over[0].state else { panic!("{record:?}") };
    assert!(answer.contains("no such reservation or room"));
    hotel.change_room(id, "1300".parse().unwrap(), &clerk(), now()).await.unwrap();
    assert_eq!(hand_over.round(now()).await.unwrap().sent, 1);
    let record = hotel.see(id, &clerk(), Act::See, now()).await.unwrap();
    let states: Vec<_> = record.handed_over.iter().map(|report| (report.kind, &report.state)).collect();
    assert!(matches!(
        states[..],
        [(Kind::In, ReportState::Replaced), (Kind::Correct, ReportState::Sent { .. })]
    ));
}
