//! Somebody between the parties: copies, altered signatures, exchanged bytes, late words. No passage is lost by it.

use authority::{SettleError, Settlement};
use credential::message::{self, Chain, ChainReason, Kind, Passage, ReceiptResult};
use documents::{AuthorityCode, Side};
use test_support::other_signature;

use crate::bay::{
    Bay, GATE, RECORD, Shown, ask, bare_event, bay, envelope, event, hash_of, in_memory, passed, photographs,
    receipt_of, show, sign_event, wallet,
};
use crate::http::MORNING;

async fn hear(bay: &Bay, from: AuthorityCode, sent: &[u8]) -> ReceiptResult {
    let service = if from == AuthorityCode::Chn { &bay.chn } else { &bay.mac };
    let receipt = service.hear_event(sent, bay.now).await.unwrap();
    receipt_of(bay, from, &receipt, sent)
}

const CHN: AuthorityCode = AuthorityCode::Chn;

#[tokio::test]
async fn a_copy_of_an_envelope_gets_the_same_bytes_and_the_passage_counts_after_it() {
    let Some((photo, live, _)) = photographs("a_copy_of_an_envelope") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let wallet = wallet(&bay, &live).await;
    let shown = show(&bay, &wallet, &live);
    let (sent, _) = envelope(&bay, &wallet, &shown, Side::Exit);
    let first = bay.chn.verdict(&sent, bay.now).await.unwrap();
    let later = bay.now.plus_seconds(20);
    assert_eq!(bay.chn.verdict(&sent, later).await.unwrap(), first, "byte for byte");
    // The request under its other valid signature is the same request.
    let read = clearance::Envelope::decode(&sent).unwrap();
    let request = other_signature(read.request);
    let copy = clearance::Envelope { request: &request, ..read }.encode();
    assert_ne!(copy, sent);
    assert_eq!(bay.chn.verdict(&copy, later).await.unwrap(), first);
    // And so is the verdict, and the event.
    let told = passed(&bay, &shown, 1, [0; 32], &[&other_signature(&first)]);
    assert_eq!(hear(&bay, CHN, &told).await, ReceiptResult::Taken);
    assert_eq!(hear(&bay, CHN, &other_signature(&told)).await, ReceiptResult::Taken);
    assert_eq!(bay.chn.ledger().await.unwrap().len(), 1);
    // The chain goes on from it, whichever of the two was heard first.
    let next = event(&bay, &shown, Passage::Opening, (2, hash_of(&other_signature(&told))), &[]);
    assert_eq!(hear(&bay, CHN, &next).await, ReceiptResult::Taken);
}

#[tokio::test]
async fn two_copies_in_the_same_moment_get_one_verdict_and_one_reservation() {
    let Some((photo, live, _)) = photographs("two_copies_in_the_same_moment") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let wallet = wallet(&bay, &live).await;
    let shown = show(&bay, &wallet, &live);
    let (sent, _) = envelope(&bay, &wallet, &shown, Side::Exit);
    let (a, b) = tokio::join!(bay.chn.verdict(&sent, bay.now), bay.chn.verdict(&sent, bay.now));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!(a, b);
    let told = passed(&bay, &shown, 1, [0; 32], &[&a]);
    assert_eq!(hear(&bay, CHN, &told).await, ReceiptResult::Taken);
}

#[tokio::test]
async fn what_was_exchanged_in_an_envelope_gets_no_verdict_and_spoils_none() {
    let Some((photo, live, other)) = photographs("what_was_exchanged") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let wallet = wallet(&bay, &live).await;
    let shown = show(&bay, &wallet, &live);
    let (sent, _) = envelope(&bay, &wallet, &shown, Side::Exit);
    let read = clearance::Envelope::decode(&sent).unwrap();
    let strange = show(&bay, &wallet, &other);
    let (token, proof) = (other_signature(read.token), other_signature(read.proof));
    for exchanged in [
        clearance::Envelope { probe: &strange.probe, ..read },
        clearance::Envelope { part: &wallet.sealed, ..read },
        clearance::Envelope { token: &token, ..read },
        clearance::Envelope { proof: &proof, ..read },
        clearance::Envelope { probe: &[], ..read },
    ] {
        assert!(bay.chn.verdict(&exchanged.encode(), bay.now).await.is_err());
    }
    let (_, verdict, code) = ask(&bay, &wallet, &shown, Side::Exit).await;
    assert_eq!((verdict.outcome, code.as_str()), (message::Outcome::Admit, "admitted"));
}

#[tokio::test]
async fn every_verdict_that_was_given_for_a_reservation_carries_its_passage() {
    let Some((photo, live, _)) = photographs("every_verdict_that_was_given") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let wallet = wallet(&bay, &live).await;
    let shown = show(&bay, &wallet, &live);
    let (first, ..) = ask(&bay, &wallet, &shown, Side::Exit).await;
    // Asked once more in a second round, the reservation is renewed; the door opens by the first verdict all the same.
    let again = Shown { done: vec![2], ..shown.clone() };
    let (second, ..) = ask(&bay, &wallet, &again, Side::Exit).await;
    assert_ne!(first, second);
    let told = passed(&bay, &shown, 1, [0; 32], &[&first]);
    assert_eq!(hear(&bay, CHN, &told).await, ReceiptResult::Taken);
    assert_eq!(bay.chn.ledger().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_passage_after_a_release_is_a_conflict_that_an_officer_settles() {
    let Some((photo, live, _)) = photographs("a_passage_after_a_release") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let wallet = wallet(&bay, &live).await;
    let shown = show(&bay, &wallet, &live);
    let (verdict, ..) = ask(&bay, &wallet, &shown, Side::Exit).await;
    let release = event(&bay, &shown, Passage::NotPassed, (1, [0; 32]), &[]);
    assert_eq!(hear(&bay, CHN, &release).await, ReceiptResult::Taken);
    let late = passed(&bay, &shown, 2, hash_of(&release), &[&verdict]);
    let conflict = ReceiptResult::Conflict("after_release".to_owned());
    assert_eq!(hear(&bay, CHN, &late).await, conflict);
    assert_eq!(hear(&bay, CHN, &late).await, conflict, "and so it is answered again");
    // What comes after it for others is heard.
    let next = event(&bay, &shown, Passage::Opening, (3, hash_of(&late)), &[]);
    assert_eq!(hear(&bay, CHN, &next).await, ReceiptResult::Taken);

    let conflicts = bay.chn.conflicts().await.unwrap();
    assert_eq!(conflicts.len(), 1);
    assert_eq!((conflicts[0].event.code.as_str(), &conflicts[0].event.event), ("after_release", &late));
    assert_eq!(conflicts[0].verdicts, [verdict], "both signed records are there");
    assert_eq!(conflicts[0].told.unwrap().0, Passage::Passed);
    let id = conflicts[0].event.id;
    let why = ("officer 17", "seen on the camera");
    assert!(matches!(
        bay.chn.settle(&[7; 32], Settlement::Passed, why, bay.now).await,
        Err(SettleError::Unknown)
    ));
    bay.chn.settle(&id, Settlement::Passed, why, bay.now).await.unwrap();
    let ledger = bay.chn.ledger().await.unwrap();
    assert_eq!(ledger.len(), 1);
    assert!(ledger[0].entry.spends.is_some(), "the entry is spent");
    assert!(bay.chn.conflicts().await.unwrap().is_empty());
    assert!(matches!(bay.chn.settle(&id, Settlement::Passed, why, bay.now).await, Err(SettleError::Unknown)));
    assert_eq!(hear(&bay, CHN, &late).await, conflict, "a repeat counts nothing");
    assert_eq!(bay.chn.ledger().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_passage_that_nobody_admitted_or_that_was_told_otherwise_waits_for_an_officer() {
    let Some((photo, live, _)) = photographs("a_passage_that_nobody_admitted") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let wallet = wallet(&bay, &live).await;
    let shown = show(&bay, &wallet, &live);
    let unknown = passed(&bay, &shown, 1, [0; 32], &[]);
    assert_eq!(hear(&bay, CHN, &unknown).await, ReceiptResult::Conflict("not_admitted".to_owned()));
    let why = ("officer 17", "asked the lane");
    let id = bay.chn.conflicts().await.unwrap()[0].event.id;
    let nothing = bay.chn.settle(&id, Settlement::Passed, why, bay.now).await;
    assert!(matches!(nothing, Err(SettleError::NoReservation)));
    bay.chn.settle(&id, Settlement::Noted, why, bay.now).await.unwrap();

    let (verdict, ..) = ask(&bay, &wallet, &shown, Side::Exit).await;
    let unseen = passed(&bay, &shown, 2, hash_of(&unknown), &[&unknown]);
    assert_eq!(hear(&bay, CHN, &unseen).await, ReceiptResult::Conflict("not_judged".to_owned()));
    let good = passed(&bay, &shown, 3, hash_of(&unseen), &[&verdict]);
    assert_eq!(hear(&bay, CHN, &good).await, ReceiptResult::Taken);
    let otherwise = event(&bay, &shown, Passage::NotPassed, (4, hash_of(&good)), &[]);
    assert_eq!(hear(&bay, CHN, &otherwise).await, ReceiptResult::Conflict("after_passage".to_owned()));
    let conflicts = bay.chn.conflicts().await.unwrap();
    let codes: Vec<_> = conflicts.iter().map(|c| c.event.code.as_str()).collect();
    assert_eq!(codes.len(), 2, "{codes:?}");
    let id = conflicts.iter().find(|c| c.event.code == "after_passage").unwrap().event.id;
    let back = bay.chn.settle(&id, Settlement::NotPassed, why, bay.now).await;
    assert!(matches!(back, Err(SettleError::Counted)), "a passage is not taken back");
    bay.chn.settle(&id, Settlement::Noted, why, bay.now).await.unwrap();
}

#[tokio::test]
async fn a_passage_with_an_unknown_end_is_settled_by_an_officer_and_asks_nobody_again() {
    let Some((photo, live, _)) = photographs("a_passage_with_an_unknown_end") else { return };
    let mut bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let session = crate::bay::enrol(&bay, &live).await;
    let wallet = crate::bay::token(&bay, &session).await;
    let shown = show(&bay, &wallet, &live);
    let (verdict, ..) = ask(&bay, &wallet, &shown, Side::Exit).await;
    let unknown = event(&bay, &shown, Passage::Unknown, (1, [0; 32]), &[&verdict]);
    assert_eq!(hear(&bay, CHN, &unknown).await, ReceiptResult::Taken);
    bay.now = bay.now.plus_seconds(30);
    let next = crate::bay::token(&bay, &session).await;
    let again = show(&bay, &next, &live);
    let (_, _, code) = ask(&bay, &next, &again, Side::Exit).await;
    assert_eq!(code, "unresolved_passage");

    let waiting = bay.chn.unresolved(bay.now).await.unwrap();
    assert_eq!((waiting.len(), waiting[0].lane.as_str()), (1, GATE));
    let why = ("officer 17", "the door did not move");
    bay.chn.settle(waiting[0].id.as_bytes(), Settlement::NotPassed, why, bay.now).await.unwrap();
    assert!(bay.chn.unresolved(bay.now).await.unwrap().is_empty());
    assert!(bay.chn.ledger().await.unwrap().is_empty());
    bay.now = bay.now.plus_seconds(30);
    let next = crate::bay::token(&bay, &session).await;
    let again = show(&bay, &next, &live);
    let (_, verdict, code) = ask(&bay, &next, &again, Side::Exit).await;
    assert_eq!((verdict.outcome, code.as_str()), (message::Outcome::Admit, "admitted"));
}

#[tokio::test]
async fn a_gate_that_lost_its_store_begins_a_chain_that_is_known_before_its_events_count() {
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    let sign = |epoch, number, previous, clearance: u8| {
        let event = bare_event(&bay, number, previous);
        sign_event(&bay, &message::Event { epoch, clearance: [clearance; 16], ..event })
    };
    let first = sign(0, 1, [0; 32], 1);
    assert_eq!(hear(&bay, CHN, &first).await, ReceiptResult::Taken);
    assert_eq!(hear(&bay, CHN, &sign(0, 1, [0; 32], 2)).await, ReceiptResult::Forked);
    let anew = sign(50, 1, [0; 32], 2);
    assert_eq!(hear(&bay, CHN, &anew).await, ReceiptResult::UnknownChain);
    let begin = |epoch| {
        let note = "the disk was replaced".to_owned();
        let chain = Chain { gate: GATE.into(), epoch, reason: ChainReason::StoreLost, note, at: bay.now };
        message::sign(Kind::Chain, GATE.as_bytes(), &bay.gate, &chain.encode()).unwrap()
    };
    for (epoch, expected) in
        [(50, ReceiptResult::Taken), (50, ReceiptResult::Taken), (49, ReceiptResult::Forked)]
    {
        let sent = begin(epoch);
        let receipt = bay.chn.hear_chain(&sent, bay.now).await.unwrap();
        assert_eq!(receipt_of(&bay, CHN, &receipt, &sent), expected, "{epoch}");
    }
    assert_eq!(hear(&bay, CHN, &anew).await, ReceiptResult::Taken);
    // The old chain may repeat itself, and goes on no more.
    assert_eq!(hear(&bay, CHN, &first).await, ReceiptResult::Taken);
    assert_eq!(hear(&bay, CHN, &sign(0, 2, hash_of(&first), 3)).await, ReceiptResult::Forked);
    // Somebody without the gate's key begins nothing.
    let chain = message::unverified_payload(&begin(60)).unwrap().to_vec();
    let forged = message::sign(Kind::Chain, GATE.as_bytes(), &bay.handover, &chain).unwrap();
    assert!(bay.chn.hear_chain(&forged, bay.now).await.is_err());
}

#[tokio::test]
async fn a_ledger_that_lost_more_than_a_gate_keeps_goes_on_where_its_operator_says() {
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    let sign = |number, previous| sign_event(&bay, &bare_event(&bay, number, previous));
    let ninth = sign(9, [8; 32]);
    assert_eq!(hear(&bay, CHN, &ninth).await, ReceiptResult::Expected(1));
    bay.chn.rejoin_gate(GATE, 9, bay.now).await.unwrap();
    assert_eq!(hear(&bay, CHN, &ninth).await, ReceiptResult::Taken);
    assert_eq!(hear(&bay, CHN, &sign(10, [3; 32])).await, ReceiptResult::Forked, "only one step is let go");
    assert_eq!(hear(&bay, CHN, &sign(10, hash_of(&ninth))).await, ReceiptResult::Taken);
    bay.chn.rejoin_gate(GATE, 3, bay.now).await.unwrap();
    assert_eq!(hear(&bay, CHN, &ninth).await, ReceiptResult::Taken, "nothing goes back");
}

#[tokio::test]
async fn an_own_part_that_this_authority_never_made_is_refused_and_listed() {
    let Some((photo, live, _)) = photographs("an_own_part_that_this_authority_never_made") else { return };
    let stores = in_memory().await;
    let pool = stores[0].store.pool().clone();
    let bay = bay(MORNING.parse().unwrap(), stores).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let wallet = wallet(&bay, &live).await;
    // As if somebody had made it with a stolen weekly key: it opens, and the log of parts does not know it.
    sqlx::query("UPDATE own_part SET hash = $1").bind(vec![7_u8; 32]).execute(&pool).await.unwrap();
    let shown = show(&bay, &wallet, &live);
    let (_, verdict, code) = ask(&bay, &wallet, &shown, Side::Exit).await;
    assert_eq!((verdict.outcome, code.as_str()), (message::Outcome::Refer, "part_forged"));
    let listed = bay.chn.conflicts().await.unwrap();
    assert_eq!((listed.len(), listed[0].event.code.as_str(), listed[0].told), (1, "part_forged", None));
    let noted = bay.chn.settle(&listed[0].event.id, Settlement::Noted, ("operator", "keys changed"), bay.now);
    noted.await.unwrap();
    // The other side's part is sealed by its maker's signature, and is not asked of this log.
    let (_, verdict, _) = ask(&bay, &wallet, &shown, Side::Entry).await;
    assert_eq!(verdict.outcome, message::Outcome::Admit);
}

#[tokio::test]
async fn a_request_that_was_held_back_until_its_clearance_ended_reserves_nothing() {
    let Some((photo, live, _)) = photographs("a_request_that_was_held_back") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let wallet = wallet(&bay, &live).await;
    let shown = show(&bay, &wallet, &live);
    let over = event(&bay, &shown, Passage::NotPassed, (1, [0; 32]), &[]);
    assert_eq!(hear(&bay, CHN, &over).await, ReceiptResult::Taken);
    let (_, verdict, code) = ask(&bay, &wallet, &shown, Side::Exit).await;
    assert_eq!((verdict.reservation, code.as_str()), (None, "clearance_over"));
    assert!(bay.chn.unresolved(bay.now.plus_seconds(3600)).await.unwrap().is_empty());
}
