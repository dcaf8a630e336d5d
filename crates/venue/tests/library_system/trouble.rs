//! Trouble, row by row: what a desk does about it, and what it says of an act whose fate it cannot know.

use sip2::answer::Patron;
use sip2::{
    Charset, CirculationStatus, Currency, ErrorDetection, FeeType, Language, PaymentType, Settled, SipError,
    Summary, Unknown, settle,
};
use venue::library_system::stand_in::{Faults, Switches};
use venue::library_system::{AskError, Unreachable};

use crate::library::{BOTH, World, impatient, now, switches};

async fn charged(world: &World, patron: &str) -> Result<Patron, AskError> {
    world.desk.patron(patron, Language::English, Some(Summary::Charged), now()).await
}

fn mop() -> Currency {
    "MOP".parse().unwrap()
}

#[tokio::test]
async fn a_reader_borrows_renews_returns_pays_and_goes() {
    for detection in BOTH {
        let world = World::new(switches(detection)).await;
        let (desk, library, patron) = (&world.desk, &world.library, world.patron.as_str());
        library.fine(patron, 250);
        assert_eq!(desk.last_status().await, None);
        let status = desk.status(now()).await.unwrap();
        assert!(status.lends() && status.timeout_tenths == Some(50) && status.retries == Some(2));
        assert_eq!(desk.last_status().await, Some(status));
        let reader = charged(&world, patron).await.unwrap();
        assert_eq!(
            (reader.valid, reader.fees.as_deref(), reader.charged.len()),
            (Some(true), Some("2.50"), 0)
        );
        assert_eq!(desk.item("B1", now()).await.unwrap().status, Some(CirculationStatus::Available));
        let lent = desk.checkout(patron, "B1", false, now()).await.unwrap();
        assert!(lent.answer.ok && lent.answer.unlock && !lent.repeated);
        assert_eq!(lent.answer.due.as_deref(), Some("2026-03-23 23:59:00 CST"));
        let refused = desk.checkout(&world.other, "B1", false, now()).await.unwrap();
        assert!(!refused.answer.ok && !refused.answer.unlock && !refused.repeated);
        assert_eq!(library.counts().asked_for_lent, 1);
        assert_eq!(charged(&world, patron).await.unwrap().charged, ["B1"]);
        assert!(desk.renew(patron, "B1", now().plus_seconds(86_400)).await.unwrap().answer.ok);
        assert_eq!(library.due("B1"), Some("2026-03-24".parse().unwrap()));
        library.hold("B1", &world.other);
        let back = desk.checkin("B1", now(), now()).await.unwrap();
        assert!(back.answer.ok && back.answer.alert && back.answer.bin.as_deref() == Some("holds"));
        assert_eq!(library.loans().len(), 0);
        let pay =
            |amount| desk.fee_paid(patron, FeeType::Overdue, PaymentType::Cash, mop(), amount, "T1", now());
        assert!(pay("2.00").await.unwrap().answer.0);
        assert_eq!(library.fines(patron), Some(50));
        desk.end_session(patron, now()).await.unwrap();
        assert_eq!(library.counts().connections, 1, "one connection for all");
    }
}

#[tokio::test]
async fn an_answer_that_is_damaged_or_anothers_is_asked_for_again_and_taken_if_it_fits() {
    // A wrong checksum; another number; another kind; another book; what nobody can parse.
    let damaged = b"1803010120260302    100000ABB1|AJBook 1|AY1AZ0000\r".to_vec();
    for (what, line) in [
        ("damaged", damaged),
        ("another number", checked("1803010120260302    100000ABB1|AJBook 1|AY7AZ")),
        ("another kind", checked("101YNN20260302    100000AOlib|ABB1|AQMain|AY1AZ")),
        ("another book", checked("1803010120260302    100000ABB2|AJBook 2|AY1AZ")),
        ("no message", b"None\r".to_vec()),
    ] {
        let world = World::new(switches(ErrorDetection::On)).await;
        world.desk.status(now()).await.unwrap();
        world.library.switch(|switches| switches.next_bytes = Some(line.clone()));
        let item = world.desk.item("B1", now()).await;
        // The library answered without having been asked: what it says again is its last answer, to 99.
        let unknown = AskError::Unknown(Unknown::Unreadable(SipError::OtherKind));
        assert_eq!(item.unwrap_err().code(), unknown.code(), "{what}");
    }
}

#[tokio::test]
async fn an_answer_that_comes_damaged_or_late_is_right_once_it_is_asked_for_again() {
    let world = World::new(switches(ErrorDetection::On)).await;
    world.library.set_faults(Faults { wrong_checksum: 400, other_answer: 300, seed: 5, ..Faults::default() });
    let mut read = 0;
    for number in (1..=9).cycle().take(40) {
        let (item, title) = (format!("B{number}"), format!("Book {number}"));
        match world.desk.item(&item, now()).await {
            Ok(answer) => {
                assert_eq!((answer.item, answer.title), (item, Some(title)));
                read += 1;
            }
            Err(error) => {
                assert!(matches!(error, AskError::Unknown(_) | AskError::Unreachable(_)), "{error}");
                world.desk.go_ahead(60).await;
            }
        }
    }
    assert!(read >= 20, "{read}");
}

fn checked(text: &str) -> Vec<u8> {
    format!("{text}{:04X}\r", sip2::checksum(text.as_bytes())).into_bytes()
}

#[tokio::test]
async fn an_act_whose_answer_stays_damaged_is_given_up_as_unknown() {
    let world = World::new(switches(ErrorDetection::On)).await;
    world.desk.status(now()).await.unwrap();
    world.library.set_faults(Faults { wrong_checksum: 1000, ..Faults::default() });
    let lines = world.library.counts().lines;
    let error = world.desk.checkout(&world.patron, "B1", false, now()).await.unwrap_err();
    assert!(matches!(error, AskError::Unknown(Unknown::Unreadable(SipError::Checksum))), "{error:?}");
    assert!(error.may_have_happened() && error.code() == "sip_checksum");
    assert_eq!(world.library.counts().lines - lines, 3, "asked once, and again as often as 98 says");
    assert_eq!(world.library.loans().len(), 1, "it had happened");
}

#[tokio::test]
async fn a_request_that_is_asked_for_again_goes_out_with_the_same_bytes() {
    for detection in BOTH {
        let world = World::new(switches(detection)).await;
        world.desk.status(now()).await.unwrap();
        world.library.switch(|switches| switches.next_bytes = Some(b"96\r".to_vec()));
        let lent = world.desk.checkout(&world.patron, "B1", false, now()).await.unwrap();
        assert!(lent.answer.ok && lent.repeated, "it says that it went out twice");
    }
}

#[tokio::test]
async fn silence_is_met_with_the_same_bytes_and_a_repeated_loan_says_so() {
    for (run_twice, ok) in [(false, true), (true, false)] {
        let world = World::new(Switches { run_twice, ..impatient(ErrorDetection::On) }).await;
        world.desk.status(now()).await.unwrap();
        // Held back until it is asked for again: the first answer comes in one packet with the second.
        world.library.set_faults(Faults { silent_after: 1000, ..Faults::default() });
        let lending = world.desk.checkout(&world.patron, "B1", false, now());
        let calm = async {
            tokio::time::sleep(std::time::Duration::from_millis(150)).await;
            world.library.set_faults(Faults::default());
        };
        let (lent, ()) = tokio::join!(lending, calm);
        let lent = lent.unwrap();
        assert_eq!((lent.answer.ok, lent.repeated), (ok, true), "run twice: {run_twice}");
        assert_eq!(world.library.record().len(), 1);
    }
}

#[tokio::test]
async fn silence_to_the_end_is_unknown_and_closes_the_connection() {
    let world = World::new(impatient(ErrorDetection::On)).await;
    world.desk.status(now()).await.unwrap();
    world.library.set_faults(Faults { silent_after: 1000, ..Faults::default() });
    let error = world.desk.checkout(&world.patron, "B1", false, now()).await.unwrap_err();
    assert!(matches!(error, AskError::Unknown(Unknown::Silent)) && error.may_have_happened());
    world.library.set_faults(Faults::default());
    assert_eq!(world.desk.item("B1", now()).await.unwrap().status, Some(CirculationStatus::Charged));
    assert_eq!(world.library.counts().connections, 2);
}

#[tokio::test]
async fn a_loan_whose_connection_was_lost_is_settled_by_item_and_reader() {
    for (what, faults, settled) in [
        ("before", Faults { drop_before: 1000, ..Faults::default() }, Settled::Free),
        ("after", Faults { drop_after: 1000, ..Faults::default() }, Settled::Stands),
    ] {
        for detection in BOTH {
            let world = World::new(switches(detection)).await;
            world.desk.status(now()).await.unwrap();
            world.library.set_faults(faults);
            let error = world.desk.checkout(&world.patron, "B1", false, now()).await.unwrap_err();
            assert!(matches!(error, AskError::Unknown(Unknown::Closed)) && error.may_have_happened());
            world.library.set_faults(Faults::default());
            let (item, patron) = (world.desk.item("B1", now()).await, charged(&world, &world.patron).await);
            assert_eq!(settle("B1", item.ok().as_ref(), patron.ok().as_ref()), settled, "{what}");
            assert_eq!(world.library.counts().asked_for_lent, 0);
        }
    }
}

#[tokio::test]
async fn a_book_that_came_back_while_the_line_was_lost_is_found_by_its_state() {
    let world = World::new(switches(ErrorDetection::On)).await;
    world.desk.checkout(&world.patron, "B1", false, now()).await.unwrap();
    world.library.set_faults(Faults { drop_after: 1000, ..Faults::default() });
    let error = world.desk.checkin("B1", now(), now()).await.unwrap_err();
    assert!(error.may_have_happened());
    world.library.set_faults(Faults::default());
    let item = world.desk.item("B1", now()).await.unwrap();
    assert!(item.status.is_some_and(CirculationStatus::is_back));
}

#[tokio::test]
async fn a_payment_that_comes_again_under_its_id_counts_once() {
    for (swapped, detection) in [(false, BOTH[0]), (true, BOTH[0]), (false, BOTH[1]), (true, BOTH[1])] {
        let switches = Switches { fee_paid_order_swapped: swapped, run_twice: true, ..switches(detection) };
        let world = World::new(switches).await;
        world.library.fine(&world.patron, 700);
        world.desk.status(now()).await.unwrap();
        world.library.set_faults(Faults { drop_after: 1000, ..Faults::default() });
        let pay = || {
            let (desk, patron) = (&world.desk, &world.patron);
            desk.fee_paid(patron, FeeType::Overdue, PaymentType::Cash, mop(), "3.00", "T1", now())
        };
        assert!(pay().await.unwrap_err().may_have_happened());
        world.library.set_faults(Faults::default());
        let taken = pay().await.unwrap();
        assert!(taken.answer.0, "swapped: {swapped}, {detection:?}");
        assert_eq!((world.library.fines(&world.patron), world.library.counts().paid_again), (Some(400), 1));
    }
}

#[tokio::test]
async fn an_answer_to_a_payment_in_the_other_order_is_refused_where_the_setting_is_off() {
    let switches = Switches { fee_paid_order_swapped: true, ..switches(ErrorDetection::On) };
    let world = World::with(switches, |setup| setup.fee_paid_order_swapped = false).await;
    world.library.fine(&world.patron, 700);
    let (desk, patron) = (&world.desk, &world.patron);
    let taken = desk.fee_paid(patron, FeeType::Overdue, PaymentType::Cash, mop(), "3.00", "T1", now()).await;
    let error = taken.unwrap_err();
    assert!(error.may_have_happened() && error.code() == "sip_date", "{error:?}");
}

#[tokio::test]
async fn what_is_none_of_the_protocol_closes_the_connection_and_is_left_alone_for_a_while() {
    let too_long = vec![b'A'; 40_000];
    for (what, bytes, code) in [
        ("a NUL", b"18030101\x0020260302    100000ABB1|\r".to_vec(), "sip_control"),
        ("too long", too_long, "sip_too_long"),
        (
            "no UTF-8",
            {
                let mut line = b"1803010120260302    100000ABB1|AJ\xff|AY2AZ".to_vec();
                let sum = sip2::checksum(&line);
                line.extend_from_slice(format!("{sum:04X}\r").as_bytes());
                line
            },
            "sip_not_text",
        ),
    ] {
        let login = Some(("desk".to_owned(), "pw".to_owned()));
        let world = World::new(Switches { login, ..switches(ErrorDetection::On) }).await;
        world.desk.status(now()).await.unwrap();
        world.library.switch(|switches| switches.next_bytes = Some(bytes.clone()));
        let error = world.desk.item("B1", now()).await.unwrap_err();
        assert_eq!((error.code(), error.may_have_happened()), (code, true), "{what}");
        let paused = world.desk.item("B1", now()).await.unwrap_err();
        assert!(matches!(paused, AskError::Unreachable(Unreachable::Pause)), "{what}: {paused:?}");
        world.desk.go_ahead(1).await;
        assert_eq!(world.desk.item("B1", now()).await.unwrap().item, "B1", "{what}");
        assert_eq!(world.library.counts().connections, 2, "{what}");
    }
}

#[tokio::test]
async fn a_text_in_the_librarys_own_character_set_is_read() {
    for charset in [Charset::Utf8, Charset::Latin1, Charset::Cp850] {
        let world = World::new(Switches { charset, ..switches(ErrorDetection::On) }).await;
        world.library.add_item("B10", "Ü à Ñ");
        assert_eq!(world.desk.item("B10", now()).await.unwrap().title.as_deref(), Some("Ü à Ñ"));
    }
}

#[tokio::test]
async fn off_line_nothing_is_lent_and_it_is_asked_again_after_ten_seconds() {
    let world = World::new(switches(ErrorDetection::On)).await;
    let lend = || world.desk.checkout(&world.patron, "B1", false, now());
    for change in [
        (|switches: &mut Switches| switches.online = false) as fn(&mut Switches),
        |switches| switches.checkout = false,
        |switches| switches.supported = "YNYNYYYYYYYNNNYN".to_owned(),
        |switches| switches.supported = "Y".to_owned(),
    ] {
        world.library.switch(change);
        world.desk.status(now()).await.unwrap();
        let lines = world.library.counts().lines;
        let error = lend().await.unwrap_err();
        assert!(matches!(error, AskError::Offline) && !error.may_have_happened(), "{error:?}");
        assert_eq!(world.library.counts().lines, lines, "nothing was sent");
        world.library.switch(|switches| *switches = crate::library::switches(ErrorDetection::On));
        world.desk.go_ahead(10).await;
        assert!(lend().await.unwrap().answer.ok);
        world.desk.checkin("B1", now(), now()).await.unwrap();
    }
    // Where 63 is not taken, 23 serves; where that is not taken either, nothing does.
    world.library.switch(|switches| switches.supported = "YYYNYYYNNNNNNNNN".to_owned());
    world.desk.status(now()).await.unwrap();
    let reader = charged(&world, &world.patron).await.unwrap();
    assert_eq!((reader.charged_count, reader.valid), (None, Some(true)));
    let fees = world.desk.end_session(&world.patron, now()).await;
    assert!(matches!(fees, Err(AskError::Offline)));
}

#[tokio::test]
async fn a_number_that_the_protocol_cannot_carry_is_sent_nowhere() {
    let world = World::new(switches(ErrorDetection::On)).await;
    for item in ["B1|AAP2", "B1\r", &"9".repeat(256)] {
        let error = world.desk.checkout(&world.patron, item, false, now()).await.unwrap_err();
        assert!(matches!(error, AskError::Request(SipError::Value)) && !error.may_have_happened());
    }
    assert_eq!(world.library.counts().connections, 0);
}
