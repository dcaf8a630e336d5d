//! Strangers: pictures of anybody who can reach the service, in great number and of the worst kind.

use std::sync::Arc;

use documents::Side;
use test_support::bombs::{Answer as BombAnswer, bombs};

use crate::bay::{BIRTH, NAME, NUMBER, RECORD, ask, bay, in_memory, photographs, show, strangers, wallet};
use crate::door::{Door, enrolment};
use crate::http::MORNING;

/// While every place for enrolments is taken and more are refused, a lane gets its verdict.
#[tokio::test]
async fn a_storm_of_enrolments_keeps_no_lane_waiting() {
    let Some((photo, live, _)) = photographs("a_storm_of_enrolments") else { return };
    let mut bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    let service = Arc::into_inner(bay.chn).unwrap().with_concurrency(1, 0);
    bay.chn = Arc::new(service);
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let wallet = wallet(&bay, &live).await;
    let shown = show(&bay, &wallet, &live);
    let chn = Door::open(&bay.chn, &bay).await;
    let storm: Vec<_> = (0..12)
        .map(|nth| {
            let wanted = enrolment("exit_entry_permit", &format!("C{nth:08}"), NAME, BIRTH, &live);
            let chn = chn.clone();
            tokio::spawn(async move { chn.post("/v1/enrolments", None, &wanted).await.status })
        })
        .collect();
    // Asked again and again until the storm is over: `ask` wants a verdict each time, and no refusal.
    let mut asked = 0;
    while asked == 0 || !storm.iter().all(tokio::task::JoinHandle::is_finished) {
        ask(&bay, &wallet, &shown, Side::Exit).await;
        asked += 1;
    }
    let mut refused = 0;
    for each in storm {
        refused += usize::from(each.await.unwrap() == 503);
    }
    assert!(refused > 0, "there was no storm");
}

/// What asks for gigabytes is a picture without a face, or is refused; the service goes on.
#[tokio::test]
async fn a_selfie_that_would_take_all_memory_costs_nobody_but_its_sender() {
    let Some((_, live, _)) = photographs("a_selfie_that_would_take_all_memory") else { return };
    let bay = strangers(MORNING.parse().unwrap(), in_memory().await).await;
    let chn = Door::open(&bay.chn, &bay).await;
    let mut seen = 0;
    for bomb in bombs().into_iter().filter(|bomb| bomb.file.len() < 6_000_000) {
        let wanted = enrolment("exit_entry_permit", &format!("C{seen:08}"), NAME, BIRTH, &bomb.file);
        let answer = chn.post("/v1/enrolments", None, &wanted).await;
        let code = match bomb.answer {
            BombAnswer::Read => "face_unusable",
            BombAnswer::TooLarge | BombAnswer::Damaged => "picture_unreadable",
        };
        chn.problem(&answer, "enrol", code);
        seen += 1;
    }
    assert!(seen > 15, "{seen} bombs");
    let wanted = enrolment("exit_entry_permit", NUMBER, NAME, BIRTH, &live);
    let answer = chn.post("/v1/enrolments", None, &wanted).await;
    chn.problem(&answer, "enrol", "unknown_person");
}
