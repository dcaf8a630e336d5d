//! Binding: a gate's key counts at the place for which the trust list has it, and nowhere else.

use authority::{SenderError, VerdictError};
use credential::message::{self, Kind, Outcome, Passage, ReceiptResult, Request};
use documents::{AuthorityCode, Direction, LaneKind, Side};
use trust::Outside;

use crate::bay::{
    Bay, ELSEWHERE, GATE, LANE_2, RECORD, Shown, TURNED, Wallet, ask, bay, enrol, envelope, event, hash_of,
    in_memory, photographs, receipt_of, show, token,
};
use crate::http::MORNING;

/// What the authority of one side says to the same request, signed by this gate and changed like this.
async fn refused(
    bay: &Bay,
    wallet: &Wallet,
    shown: &Shown,
    change: impl FnOnce(&mut Request),
) -> Option<(String, Outside)> {
    let (bytes, _) = envelope(bay, wallet, shown, Side::Exit);
    let envelope = clearance::Envelope::decode(&bytes).unwrap();
    let payload = message::unverified_payload(envelope.request).unwrap();
    let mut request = Request::decode(payload).unwrap();
    change(&mut request);
    let signed = message::sign(Kind::Request, shown.gate.as_bytes(), &bay.gate, &request.encode()).unwrap();
    let changed = clearance::Envelope { request: &signed, ..envelope }.encode();
    match bay.chn.verdict(&changed, bay.now).await {
        Ok(_) => None,
        Err(VerdictError::Sender(SenderError::OutsideBinding { gate, outside })) => Some((gate, outside)),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_gate_is_heard_at_its_own_port_lane_and_direction_alone() {
    let Some((photo, live, _)) = photographs("a_gate_is_heard_at_its_own_port") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let session = enrol(&bay, &live).await;
    let wallet = token(&bay, &session).await;
    let shown = show(&bay, &wallet, &live);
    let at = |gate| Shown { gate, ..shown.clone() };
    let outside = |gate: &str, what| Some((gate.to_owned(), what));
    assert_eq!(refused(&bay, &wallet, &at(ELSEWHERE), |_| ()).await, outside(ELSEWHERE, Outside::Port));
    assert_eq!(refused(&bay, &wallet, &at(TURNED), |_| ()).await, outside(TURNED, Outside::Direction));
    let gongbei = |r: &mut Request| r.port = "gongbei".parse().unwrap();
    assert_eq!(refused(&bay, &wallet, &at(GATE), gongbei).await, outside(GATE, Outside::Port));
    // The way back: there the mainland judges the entry.
    let back = |r: &mut Request| {
        r.direction = Direction::new(AuthorityCode::Mac, AuthorityCode::Chn).unwrap();
        r.role = Side::Entry;
    };
    assert_eq!(refused(&bay, &wallet, &at(GATE), back).await, outside(GATE, Outside::Direction));
    let both = |r: &mut Request| {
        r.port = "gongbei".parse().unwrap();
        r.direction = Direction::new(AuthorityCode::Mac, AuthorityCode::Chn).unwrap();
        r.role = Side::Entry;
    };
    assert_eq!(refused(&bay, &wallet, &at(GATE), both).await, outside(GATE, Outside::Port));
    let manual = |r: &mut Request| r.lane = LaneKind::Manual;
    assert_eq!(refused(&bay, &wallet, &at(GATE), manual).await, outside(GATE, Outside::Lane));
    let alone = |r: &mut Request| (r.joint, r.other_part) = (false, None);
    assert_eq!(refused(&bay, &wallet, &at(GATE), alone).await, outside(GATE, Outside::Joint));

    // At its own place it is heard; and no other gate tells what became of that.
    let (_, verdict, code) = ask(&bay, &wallet, &shown, Side::Exit).await;
    assert_eq!((&verdict.outcome, code.as_str()), (&Outcome::Admit, "admitted"));
    let mut previous = [0; 32];
    for (gate, passage, number) in [
        (ELSEWHERE, Passage::NotPassed, 1),
        (TURNED, Passage::Returned, 1),
        (LANE_2, Passage::NotPassed, 1),
        (LANE_2, Passage::Passed, 2),
    ] {
        // It is written down, for an officer to look at; it changes nothing, and holds up nothing of that gate's.
        let told = event(&bay, &at(gate), passage, (number, previous), &[]);
        let receipt = bay.chn.hear_event(&told, bay.now).await.unwrap();
        let outside = ReceiptResult::Conflict("gate_outside_binding".to_owned());
        assert_eq!(receipt_of(&bay, AuthorityCode::Chn, &receipt, &told), outside, "{gate}");
        previous = if gate == LANE_2 { hash_of(&told) } else { previous };
    }
    let renewed = Shown { done: vec![2], ..shown.clone() };
    let (_, again, code) = ask(&bay, &wallet, &renewed, Side::Exit).await;
    assert_eq!((again.outcome, code.as_str()), (Outcome::Admit, "admitted"));
    assert_eq!(again.reservation, verdict.reservation, "the reservation is still held");
}

#[tokio::test]
async fn the_lists_say_whose_connection_it_is_and_a_service_takes_the_newest() {
    let bay = bay("2026-03-02T10:00:00+08:00".parse().unwrap(), in_memory().await).await;
    for (party, key) in &bay.connections {
        let peer = bay.chn.trust().peer(key.public(), bay.now).unwrap();
        assert_eq!(&peer.party, party);
    }
}
