//! Connections: made when they are needed, tried again after pauses, never shared with an answer that comes too late.

use std::time::Duration;

use sip2::{ErrorDetection, Language, Unknown};
use venue::library_system::stand_in::{Faults, Switches};
use venue::library_system::{AskError, LibrarySystem, Unreachable};

use crate::library::{BOTH, World, impatient, now, switches};

#[tokio::test]
async fn a_refused_login_is_not_tried_again_within_a_minute() {
    let login = Some(("desk".to_owned(), "right".to_owned()));
    let world = World::with(Switches { login, ..switches(ErrorDetection::On) }, |setup| {
        setup.login.as_mut().unwrap().password = "wrong".to_owned();
    })
    .await;
    for _ in 0..20 {
        let error = world.desk.item("B1", now()).await.unwrap_err();
        assert!(matches!(error, AskError::Refused) && !error.may_have_happened());
    }
    assert_eq!((world.library.counts().logins, world.library.counts().connections), (1, 1));
    world.desk.go_ahead(59).await;
    assert!(matches!(world.desk.status(now()).await, Err(AskError::Refused)));
    assert_eq!(world.library.counts().logins, 1);
    world.desk.go_ahead(1).await;
    world.library.switch(|switches| switches.login = Some(("desk".to_owned(), "wrong".to_owned())));
    assert!(world.desk.status(now()).await.is_ok());
    assert_eq!(world.library.counts().logins, 2);
}

#[tokio::test]
async fn a_system_that_is_down_is_tried_after_1_2_4_seconds_and_holds_up_nobody_meanwhile() {
    let world = World::new(switches(ErrorDetection::On)).await;
    world.library.switch(|switches| switches.down = true);
    let mut connections = 0;
    for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
        let error = world.desk.status(now()).await.unwrap_err();
        assert!(matches!(error, AskError::Unreachable(Unreachable::Session(Unknown::Closed))), "{error:?}");
        connections += 1;
        for _ in 0..5 {
            let error = world.desk.item("B1", now()).await.unwrap_err();
            assert!(matches!(error, AskError::Unreachable(Unreachable::Pause)) && !error.may_have_happened());
        }
        assert_eq!(world.library.counts().connections, connections);
        world.desk.go_ahead(seconds).await;
    }
    world.library.switch(|switches| switches.down = false);
    assert!(world.desk.status(now()).await.is_ok());
}

#[tokio::test]
async fn nobody_listens_there_and_the_error_says_what_to_look_at() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("sip2://{}", listener.local_addr().unwrap());
    drop(listener);
    let world =
        World::with(switches(ErrorDetection::On), |setup| setup.address = address.parse().unwrap()).await;
    let error = world.desk.status(now()).await.unwrap_err();
    assert!(matches!(error, AskError::Unreachable(Unreachable::Connect(_))), "{error:?}");
    assert!(error.to_string().contains("check the network and its address"), "{error}");
}

#[tokio::test]
async fn error_detection_that_is_set_otherwise_than_the_librarys_ends_in_a_sentence_about_it() {
    let world =
        World::with(switches(ErrorDetection::Off), |setup| setup.library.detection = ErrorDetection::On)
            .await;
    let error = world.desk.status(now()).await.unwrap_err();
    let AskError::Unreachable(Unreachable::Session(Unknown::Unreadable(error))) = error else {
        panic!("{error:?}")
    };
    assert!(error.to_string().contains("error_detection"), "{error}");
}

#[tokio::test]
async fn a_connection_that_the_system_ended_at_rest_is_made_again_unseen() {
    for detection in BOTH {
        let world = World::new(switches(detection)).await;
        world.desk.status(now()).await.unwrap();
        world.library.end_connections();
        tokio::time::sleep(Duration::from_millis(50)).await;
        let lent = world.desk.checkout(&world.patron, "B1", false, now()).await.unwrap();
        assert!(lent.answer.ok && !lent.repeated);
        assert_eq!(world.library.counts().connections, 2);
        // A question that meets the end itself goes out again: it changes nothing.
        world.library.set_faults(Faults { drop_before: 200, seed: 2, ..Faults::default() });
        let (mut answered, before) = (0, world.library.loans());
        for _ in 0..20 {
            answered += usize::from(world.desk.item("B1", now()).await.is_ok());
            world.desk.go_ahead(60).await;
        }
        assert!(answered >= 10, "{answered}");
        assert_eq!(world.library.loans(), before);
    }
}

#[tokio::test]
async fn after_a_minute_of_rest_the_status_is_asked_for() {
    let world = World::new(switches(ErrorDetection::On)).await;
    world.desk.keep(now()).await.unwrap();
    assert_eq!(world.library.counts().connections, 0, "nobody connects for nothing");
    world.desk.status(now()).await.unwrap();
    let lines = world.library.counts().lines;
    world.desk.go_ahead(59).await;
    world.desk.keep(now()).await.unwrap();
    assert_eq!(world.library.counts().lines, lines);
    world.desk.go_ahead(1).await;
    world.library.switch(|switches| switches.checkout = false);
    world.desk.keep(now()).await.unwrap();
    assert_eq!(world.library.counts().lines, lines + 1);
    assert!(!world.desk.last_status().await.unwrap().lends());
}

#[tokio::test]
async fn without_error_detection_a_connection_on_which_something_came_again_is_not_used_again() {
    let world = World::new(impatient(ErrorDetection::Off)).await;
    world.desk.status(now()).await.unwrap();
    // The first answer is held back: it comes in one packet with the second.
    world.library.set_faults(Faults { joined: 1000, ..Faults::default() });
    let lending = world.desk.checkout(&world.patron, "B1", false, now());
    let calm = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        world.library.set_faults(Faults::default());
    };
    let (lent, ()) = tokio::join!(lending, calm);
    let lent = lent.unwrap();
    assert!(lent.answer.ok && lent.repeated);
    let other = world.desk.checkout(&world.other, "B1", false, now()).await.unwrap();
    assert!(!other.answer.ok && !other.repeated);
    assert_eq!(world.library.counts().connections, 2);
    // With it the numbers tell, and the connection stays.
    let world = World::new(switches(ErrorDetection::On)).await;
    world.library.set_faults(Faults { duplicate_answer: 1000, ..Faults::default() });
    for number in 1..=9 {
        let lent = world.desk.checkout(&world.patron, &format!("B{number}"), false, now()).await.unwrap();
        assert!(lent.answer.ok && !lent.repeated, "{number}");
    }
    assert_eq!(world.library.counts().connections, 1);
}

#[tokio::test]
async fn whoever_goes_away_in_the_middle_leaves_no_answer_to_the_next() {
    for detection in BOTH {
        let world = World::new(switches(detection)).await;
        world.desk.status(now()).await.unwrap();
        world.library.set_faults(Faults { silent_after: 1000, ..Faults::default() });
        let lending = world.desk.checkout(&world.patron, "B1", false, now());
        assert!(tokio::time::timeout(Duration::from_millis(100), lending).await.is_err());
        world.library.set_faults(Faults::default());
        let other = world.desk.checkout(&world.other, "B1", false, now()).await.unwrap();
        assert!(!other.answer.ok, "the first reader has it");
        assert_eq!(world.library.counts().connections, 2);
    }
}

#[tokio::test]
async fn calls_take_turns_and_too_many_are_told_so() {
    let world = World::new(switches(ErrorDetection::On)).await;
    let calls: Vec<_> = (0..40)
        .map(|number| {
            let (desk, item) = (world.desk.clone(), format!("B{}", number % 9 + 1));
            tokio::spawn(async move { (item.clone(), desk.item(&item, now()).await) })
        })
        .collect();
    let (mut answered, mut busy) = (0, 0);
    for call in calls {
        match call.await.unwrap() {
            (item, Ok(answer)) => {
                assert_eq!(answer.item, item);
                answered += 1;
            }
            (_, Err(error)) => {
                assert!(matches!(error, AskError::TooMany) && !error.may_have_happened());
                busy += 1;
            }
        }
    }
    assert!(answered >= 16 && answered + busy == 40, "{answered} answered, {busy} sent away");
    assert_eq!(world.library.counts().connections, 1);
}

#[tokio::test]
async fn an_unknown_reader_is_an_answer_and_no_fault() {
    let world = World::new(switches(ErrorDetection::On)).await;
    let reader = world.desk.patron("R99999", Language::Chinese, None, now()).await.unwrap();
    assert!(!reader.is_known() && reader.flags.charge_denied);
    let desk: LibrarySystem = world.desk.clone();
    assert!(!desk.checkout("R99999", "B1", false, now()).await.unwrap().answer.ok);
}
