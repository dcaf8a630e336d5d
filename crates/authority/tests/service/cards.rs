//! A lane by document: a traveller of eighty without a phone and without a pass, two cards, one face, real photographs.

use authority::{NoticeError, PartKeys, SenderError, Service, VerdictError};
use clearance::{DocumentEnvelope, Enveloped};
use credential::message::{
    self, DocumentNotice, Event, Kind, Outcome, Passage, ReceiptResult, Request, Verdict, laid_hash,
};
use credential::page::{NumberContext, Page, PageContext};
use credential::{PartHash, TokenId, hpke, random, sha256};
use documents::AuthorityCode::{Chn, Hkg, Mac};
use documents::{AuthorityCode, Direction, DocumentNumber, LaneKind, Measure, Side};
use trust::Outside;

use crate::bay::{
    BY_DOCUMENT, Bay, GATE, RECORD, Wallet, bare_event, bay, envelope_with, hash_of, in_memory, photographs,
    receipt_of, show, sign_event, token,
};
use crate::http::MORNING;

const BIRTH: &str = "1946-03-17";
pub const PERMIT: &str = "M12345678";
pub const CARD: &str = "5123456(7)";
/// The mainland knows the Home Return Permit, Macao the identity card; neither knows of the other's.
pub const PERMIT_RECORD: &str = r#"{
  "person": {"name": "SPECIMEN LEONG SAM", "birth": "1946-03-17", "home": "MAC", "height_cm": 155},
  "documents": [{"kind": "home_return_permit", "number": "M12345678", "expires": "2031-01-01"}]
}"#;
pub const CARD_RECORD: &str = r#"{
  "person": {"name": "SPECIMEN LEONG SAM", "birth": "1946-03-17", "home": "MAC", "height_cm": 155},
  "documents": [{"kind": "macao_bir", "number": "5123456(7)", "expires": "2034-01-01"}]
}"#;

/// What was laid down, and the face before the camera.
#[derive(Clone)]
pub struct Laid {
    pub exit: Page,
    pub entry: Page,
    pub probe: Vec<u8>,
    pub clearance: [u8; 16],
    pub showing: [u8; 16],
    pub gate: &'static str,
    pub done: Vec<u8>,
}

pub fn drawn() -> [u8; 16] {
    let mut bytes = [0; 16];
    random(&mut bytes).unwrap();
    bytes
}

pub fn typed(number: &str, birth: &str) -> Page {
    Page::typed(DocumentNumber::recognise(number).unwrap(), birth.parse().unwrap()).unwrap()
}

pub fn probe(live: &[u8]) -> Vec<u8> {
    let faces = crate::bay::faces();
    let image = face::Image::decode(live).unwrap();
    face::Probe::from_image(&faces.finder, &image).unwrap().0.encode()
}

pub fn lay(exit: Page, entry: Page, probe: Vec<u8>) -> Laid {
    Laid { exit, entry, probe, clearance: drawn(), showing: drawn(), gate: BY_DOCUMENT, done: Vec::new() }
}

/// A day on which both authorities know the traveller, and what they lay down.
async fn day(test: &str) -> Option<(Bay, Laid, Vec<u8>)> {
    let (photo, live, other) = photographs(test)?;
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(PERMIT_RECORD, &photo, bay.now).await.unwrap();
    bay.mac.add_resident(CARD_RECORD, &photo, bay.now).await.unwrap();
    let laid = lay(typed(PERMIT, BIRTH), typed(CARD, BIRTH), probe(&live));
    Some((bay, laid, probe(&other)))
}

fn sealed(bay: &Bay, laid: &Laid, role: Side) -> Vec<u8> {
    let (page, receiver) = match role {
        Side::Exit => (&laid.exit, Chn),
        Side::Entry => (&laid.entry, Mac),
    };
    let context = PageContext { receiver, gate: laid.gate, clearance: &laid.clearance, role };
    page.seal(bay.trust.part_key(receiver, bay.now).unwrap(), &context).unwrap()
}

/// The envelope to the authority of one side, with a request that was changed before the gate signed it.
fn envelope(
    bay: &Bay,
    laid: &Laid,
    pages: &[Vec<u8>; 2],
    role: Side,
    change: impl FnOnce(&mut Request),
) -> (Vec<u8>, [u8; 32]) {
    let hashes = [PartHash::of(&pages[0]), PartHash::of(&pages[1])];
    let (mine, other) = if role == Side::Exit { (0, 1) } else { (1, 0) };
    let mut request = Request {
        clearance: laid.clearance,
        gate: laid.gate.into(),
        port: "hengqin".parse().unwrap(),
        lane: LaneKind::Document,
        direction: Direction::new(Chn, Mac).unwrap(),
        role,
        joint: true,
        token: TokenId::from_bytes(laid.showing),
        shown: laid_hash(&hashes),
        made_at: bay.now,
        part: hashes[mine],
        other_part: Some(hashes[other]),
        probe: sha256(&laid.probe),
        at: bay.now,
        measures_done: laid.done.clone(),
    };
    change(&mut request);
    let signed = message::sign(Kind::Request, laid.gate.as_bytes(), &bay.gate, &request.encode()).unwrap();
    let envelope = DocumentEnvelope { request: &signed, page: &pages[mine], probe: &laid.probe };
    (envelope.encode(), hash_of(&signed))
}

fn service(bay: &Bay, role: Side) -> &Service {
    match role {
        Side::Exit => &bay.chn,
        Side::Entry => &bay.mac,
    }
}

async fn answered(bay: &Bay, role: Side, body: &[u8], request: [u8; 32]) -> (Vec<u8>, Verdict, String) {
    let service = service(bay, role);
    let signed = service.verdict(body, bay.now).await.unwrap();
    let verdict = Verdict::decode(message::unverified_payload(&signed).unwrap()).unwrap();
    assert_eq!(verdict.request, request, "a verdict answers one request");
    let reason = service.reason(&verdict.reference).await.unwrap().unwrap();
    (signed, verdict, reason.code)
}

pub async fn ask(bay: &Bay, laid: &Laid, role: Side) -> (Vec<u8>, Verdict, String) {
    let pages = [sealed(bay, laid, Side::Exit), sealed(bay, laid, Side::Entry)];
    let (body, request) = envelope(bay, laid, &pages, role, |_| {});
    answered(bay, role, &body, request).await
}

pub fn by_officer() -> Vec<u8> {
    [Measure::PhysicalDocument, Measure::Officer].map(clearance::measure_number).to_vec()
}

#[tokio::test]
async fn two_cards_and_one_face_get_two_verdicts_without_phone_and_pass_and_a_showing_is_spent_once() {
    let Some((bay, laid, _)) = day("two_cards_and_one_face").await else { return };
    let (exit, first, code) = ask(&bay, &laid, Side::Exit).await;
    assert_eq!((&first.outcome, code.as_str()), (&Outcome::Admit, "admitted"));
    let (entry, second, code) = ask(&bay, &laid, Side::Entry).await;
    assert_eq!((&second.outcome, code.as_str()), (&Outcome::Admit, "admitted"));
    let event = Event {
        gate: laid.gate.into(),
        clearance: laid.clearance,
        passage: Passage::Passed,
        verdicts: vec![hash_of(&exit), hash_of(&entry)],
        probe: sha256(&laid.probe),
        ..bare_event(&bay, 1, [0; 32])
    };
    let passed = sign_event(&bay, &event);
    for service in [&bay.chn, &bay.mac] {
        for _ in 0..2 {
            let receipt = service.hear_event(&passed, bay.now).await.unwrap();
            assert_eq!(receipt_of(&bay, service.code(), &receipt, &passed), ReceiptResult::Taken);
        }
    }
    // The same showing under another clearance: it was spent. The cards themselves are not.
    let again = Laid { clearance: drawn(), ..laid.clone() };
    for side in [Side::Exit, Side::Entry] {
        let (_, verdict, code) = ask(&bay, &again, side).await;
        // Both ledgers have the traveller in Macao by now, which an officer would clear up: that it is spent is told first.
        assert_eq!((verdict.outcome, code.as_str()), (Outcome::Refer, "token_spent"), "{side}");
        let settled = Laid { done: vec![6], ..again.clone() };
        let (_, verdict, code) = ask(&bay, &settled, side).await;
        assert_eq!((verdict.outcome, code.as_str()), (Outcome::Refer, "token_spent"), "{side}");
        let fresh = Laid { showing: drawn(), clearance: drawn(), ..settled };
        assert_eq!(ask(&bay, &fresh, side).await.1.outcome, Outcome::Admit, "{side}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_cards_or_face_is_refused_each_with_its_own_reason() {
    let Some((bay, laid, stranger)) = day("what_is_wrong_with_cards").await else { return };
    let rows: [(&str, Laid, &str); 6] = [
        ("another person's face", Laid { probe: stranger, ..laid.clone() }, "face_mismatch"),
        ("nobody's number", Laid { exit: typed("M87654321", BIRTH), ..laid.clone() }, "not_registered"),
        ("another birth date", Laid { exit: typed(PERMIT, "1946-03-18"), ..laid.clone() }, "page_mismatch"),
        (
            "a card that the mainland does not read",
            Laid { exit: typed(CARD, BIRTH), ..laid.clone() },
            "page_foreign",
        ),
        (
            "a card of the other region",
            Laid { exit: typed("A123456(3)", BIRTH), ..laid.clone() },
            "page_foreign",
        ),
        ("bytes that are no probe", Laid { probe: vec![0], ..laid.clone() }, "probe_unreadable"),
    ];
    for (row, laid, expected) in rows {
        let laid = Laid { clearance: drawn(), ..laid };
        let (_, verdict, code) = ask(&bay, &laid, Side::Exit).await;
        assert_eq!((verdict.outcome, code.as_str()), (Outcome::Refer, expected), "row {row}");
        assert_eq!(verdict.reservation, None, "row {row}");
    }
    // The pages of another clearance, exchanged with each other, and of another time.
    let other = Laid { clearance: drawn(), ..laid.clone() };
    let pages = [sealed(&bay, &laid, Side::Exit), sealed(&bay, &laid, Side::Entry)];
    let (body, request) = envelope(&bay, &other, &pages, Side::Exit, |_| {});
    assert_eq!(answered(&bay, Side::Exit, &body, request).await.2, "page_unreadable", "another clearance's");
    let exchanged = [pages[1].clone(), pages[0].clone()];
    for side in [Side::Exit, Side::Entry] {
        let (body, request) = envelope(&bay, &laid, &exchanged, side, |_| {});
        assert_eq!(
            answered(&bay, side, &body, request).await.2,
            "page_unreadable",
            "{side}: the other's page"
        );
    }
    for (elapsed, done, expected) in [
        (121, vec![], "page_stale"),
        (120, vec![], "admitted"),
        (301, vec![6], "page_stale"),
        (-11, vec![], "page_stale"),
    ] {
        let laid = Laid { clearance: drawn(), done, ..laid.clone() };
        let pages = [sealed(&bay, &laid, Side::Exit), sealed(&bay, &laid, Side::Entry)];
        let earlier = bay.now.plus_seconds(-elapsed);
        let (body, request) = envelope(&bay, &laid, &pages, Side::Exit, |r| r.made_at = earlier);
        assert_eq!(answered(&bay, Side::Exit, &body, request).await.2, expected, "after {elapsed} s");
    }
    let alone = Laid { clearance: drawn(), ..laid.clone() };
    let pages = [sealed(&bay, &alone, Side::Exit), sealed(&bay, &alone, Side::Entry)];
    let (body, _) = envelope(&bay, &alone, &pages, Side::Exit, |r| r.other_part = None);
    let refused = bay.chn.verdict(&body, bay.now).await;
    assert!(
        matches!(refused, Err(VerdictError::Sender(SenderError::Envelope))),
        "one page fewer than was laid down"
    );
}

#[tokio::test]
async fn a_lost_card_opens_nothing_but_the_way_home_and_there_an_officer_looks() {
    let Some((bay, laid, _)) = day("a_lost_card_opens_nothing").await else { return };
    for (service, number) in [(&bay.chn, PERMIT), (&bay.mac, CARD)] {
        service.lose_document(&DocumentNumber::recognise(number).unwrap(), bay.now).await.unwrap();
    }
    let (_, verdict, code) = ask(&bay, &laid, Side::Exit).await;
    assert_eq!((verdict.outcome, code.as_str()), (Outcome::Refer, "document_lost"));
    // Macao is home: it never refuses its own.
    let (_, verdict, code) = ask(&bay, &laid, Side::Entry).await;
    assert_eq!((verdict.outcome, code.as_str()), (Outcome::Verify(vec![6]), "document_lost"));
}

#[tokio::test]
async fn a_card_that_was_replaced_opens_nothing_but_the_way_home() {
    let Some((photo, live, _)) = photographs("a_card_that_was_replaced") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    let permits = r#"{
      "person": {"name": "SPECIMEN LI NA", "birth": "1991-05-06", "home": "CHN", "height_cm": 165},
      "documents": [
        {"kind": "exit_entry_permit", "number": "CA1234567", "issued": "2020-01-01", "expires": "2030-01-01",
          "endorsements": [{"kind": "G", "destination": "MAC", "from": "2026-01-10", "to": "2026-04-09", "entries": 1}]},
        {"kind": "exit_entry_permit", "number": "CA7654321", "issued": "2026-01-02", "expires": "2036-01-01",
          "endorsements": [{"kind": "G", "destination": "MAC", "from": "2026-01-10", "to": "2026-04-09", "entries": 1}]}]
    }"#;
    bay.chn.add_resident(permits, &photo, bay.now).await.unwrap();
    for (number, expected) in [("CA1234567", "document_replaced"), ("CA7654321", "admitted")] {
        let page = typed(number, "1991-05-06");
        let (_, _, code) = ask(&bay, &lay(page.clone(), page, probe(&live)), Side::Exit).await;
        assert_eq!(code, expected, "{number}");
    }
}

#[tokio::test]
async fn a_document_of_another_issuer_never_admits_by_itself() {
    let Some((photo, live, other)) = photographs("a_document_of_another_issuer") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let page = typed("CA1234567", crate::bay::BIRTH);
    let laid = lay(page.clone(), page.clone(), probe(&live));
    assert_eq!(ask(&bay, &laid, Side::Exit).await.2, "admitted", "the mainland knows its own permit");
    // Macao holds neither portrait nor endorsement: whatever face stands there, an officer looks at both.
    for probe in [laid.probe.clone(), probe(&other), Vec::new()] {
        let expected = if probe.is_empty() { "face_absent" } else { "no_portrait" };
        let laid = Laid { probe, clearance: drawn(), ..laid.clone() };
        for (done, wanted) in [(vec![], by_officer()), (vec![4], vec![6]), (vec![6], vec![4])] {
            let (_, verdict, code) = ask(&bay, &Laid { done, ..laid.clone() }, Side::Entry).await;
            assert_eq!((verdict.outcome, code.as_str()), (Outcome::Verify(wanted), expected));
        }
    }
    // Once the officer has looked at both they are let in, and it stands there why an officer looked.
    let looked = Laid { clearance: drawn(), done: by_officer(), ..laid };
    let (_, verdict, code) = ask(&bay, &looked, Side::Entry).await;
    assert_eq!((verdict.outcome, code.as_str()), (Outcome::Admit, "admitted"));
    let detail = bay.mac.reason(&verdict.reference).await.unwrap().unwrap().detail;
    assert!(detail.starts_with("no_portrait"), "{detail}");
}

#[tokio::test]
async fn an_envelope_of_one_kind_is_nothing_at_a_lane_of_the_other() {
    let Some((bay, laid, _)) = day("an_envelope_of_one_kind").await else { return };
    let Some((photo, live, _)) = photographs("an_envelope_of_one_kind") else { return };
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let session = crate::bay::enrol(&bay, &live).await;
    let wallet: Wallet = token(&bay, &session).await;
    let outside = |result: Result<Vec<u8>, VerdictError>| match result {
        Err(VerdictError::Sender(SenderError::OutsideBinding { gate, outside })) => Some((gate, outside)),
        Ok(_) | Err(_) => None,
    };
    let pages = |laid: &Laid| [sealed(&bay, laid, Side::Exit), sealed(&bay, laid, Side::Entry)];
    // A gate for codes that lays pages before an authority, and a gate for documents that shows a code.
    let at_code = Laid { gate: GATE, ..laid.clone() };
    let (body, _) = envelope(&bay, &at_code, &pages(&at_code), Side::Exit, |_| {});
    assert_eq!(outside(bay.chn.verdict(&body, bay.now).await), Some((GATE.to_owned(), Outside::Lane)));
    let shown = crate::bay::Shown { gate: BY_DOCUMENT, ..show(&bay, &wallet, &live) };
    let (body, _) = envelope_with(&bay, &wallet, &shown, Side::Exit, |_| {});
    assert_eq!(outside(bay.chn.verdict(&body, bay.now).await), Some((BY_DOCUMENT.to_owned(), Outside::Lane)));
    // Each says the kind of lane for which its key is listed, and sends what the other kind sends.
    let (body, _) = envelope(&bay, &at_code, &pages(&at_code), Side::Exit, |r| r.lane = LaneKind::Code);
    let refused = bay.chn.verdict(&body, bay.now).await;
    assert!(matches!(refused, Err(VerdictError::Sender(SenderError::Envelope))), "pages at a lane for codes");
    let (body, _) = envelope_with(&bay, &wallet, &shown, Side::Exit, |r| r.lane = LaneKind::Document);
    let refused = bay.chn.verdict(&body, bay.now).await;
    assert!(
        matches!(refused, Err(VerdictError::Sender(SenderError::Envelope))),
        "a code at a lane for documents"
    );
    // A showing has the id of a token: the token is not spent by it.
    let id = credential::DeviceKey::new(*wallet.device.public()).unwrap().thumbprint().token_id();
    let laid = Laid { showing: *id.as_bytes(), ..laid.clone() };
    let (exit, verdict, _) = ask(&bay, &laid, Side::Exit).await;
    assert_eq!(verdict.outcome, Outcome::Admit);
    let event = Event {
        gate: laid.gate.into(),
        clearance: laid.clearance,
        passage: Passage::Passed,
        verdicts: vec![hash_of(&exit)],
        probe: sha256(&laid.probe),
        ..bare_event(&bay, 1, [0; 32])
    };
    bay.chn.hear_event(&sign_event(&bay, &event), bay.now).await.unwrap();
    let shown = show(&bay, &wallet, &live);
    assert_eq!(crate::bay::ask(&bay, &wallet, &shown, Side::Exit).await.2, "admitted");
}

#[tokio::test]
async fn a_changed_page_probe_or_request_gets_no_verdict() {
    let Some((bay, laid, _)) = day("a_changed_page_probe_or_request").await else { return };
    let pages = [sealed(&bay, &laid, Side::Exit), sealed(&bay, &laid, Side::Entry)];
    let (body, _) = envelope(&bay, &laid, &pages, Side::Exit, |_| {});
    let Ok(Enveloped::Document(sent)) = Enveloped::decode(&body) else { panic!("an envelope by document") };
    let other_page = sealed(&bay, &laid, Side::Exit);
    for (row, changed) in [
        ("another page", DocumentEnvelope { page: &other_page, ..sent }),
        ("another probe", DocumentEnvelope { probe: b"other", ..sent }),
    ] {
        let refused = bay.chn.verdict(&changed.encode(), bay.now).await;
        assert!(matches!(refused, Err(VerdictError::Sender(SenderError::Envelope))), "row {row}");
    }
    let other = [other_page.clone(), pages[1].clone()];
    let (body, _) = envelope(&bay, &laid, &other, Side::Exit, |r| r.shown = laid_hash(&[r.part]));
    let refused = bay.chn.verdict(&body, bay.now).await;
    assert!(matches!(refused, Err(VerdictError::Sender(SenderError::Envelope))), "a hash of other pages");
}

/// A move from Hong Kong to Macao that Macao tells the mainland of.
fn notice(bay: &Bay, number: &str, showing: [u8; 16], to: AuthorityCode) -> DocumentNotice {
    let context = NumberContext { from: Mac, to, showing: TokenId::from_bytes(showing) };
    let number = DocumentNumber::recognise(number).unwrap();
    let number = context.seal(&number, bay.trust.part_key(Chn, bay.now).unwrap()).unwrap();
    DocumentNotice {
        from: Mac,
        showing: context.showing,
        number,
        port: "hzmb-hkg-mac".parse().unwrap(),
        direction: Direction::new(Hkg, Mac).unwrap(),
        date: bay.now.local_date(),
    }
}

#[tokio::test]
async fn a_notice_with_a_sealed_number_is_counted_once_for_whoever_holds_the_document() {
    let Some((photo, _, _)) = photographs("a_notice_with_a_sealed_number") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let sign = |kind, notice: &DocumentNotice| {
        message::sign(kind, authority::KEY_ID, &bay.notice, &notice.encode()).unwrap()
    };
    let first = notice(&bay, "CA1234567", [1; 16], Chn);
    let signed = sign(Kind::DocumentNotice, &first);
    assert!(!signed.windows(9).any(|window| window == b"CA1234567"), "nothing personal travels in plain");
    // The same bytes twice, and the same showing with its number sealed afresh: one movement.
    let resealed = sign(Kind::DocumentNotice, &notice(&bay, "CA1234567", [1; 16], Chn));
    for signed in [&signed, &signed, &resealed] {
        let receipt = bay.chn.take_notice(signed, bay.now).await.unwrap();
        assert_eq!(receipt_of(&bay, Chn, &receipt, signed), ReceiptResult::Taken);
    }
    let holder = DocumentNumber::recognise("CA1234567").unwrap();
    let counted = || async { bay.chn.movements_of(&holder).await.unwrap().len() };
    assert_eq!(counted().await, 1);
    let other = sign(Kind::DocumentNotice, &notice(&bay, "CA1234567", [2; 16], Chn));
    bay.chn.take_notice(&other, bay.now).await.unwrap();
    assert_eq!(counted().await, 2, "another passage");
    // A notice waits for days: the key to which its number was sealed may have been followed by another meanwhile.
    let late = sign(Kind::DocumentNotice, &notice(&bay, "CA1234567", [7; 16], Chn));
    let keys = bay.chn.part_keys();
    let old = hpke::ReceiverKey::from_bytes(keys.newest().public(), keys.newest().expose()).unwrap();
    bay.chn.use_part_keys(PartKeys::new(hpke::ReceiverKey::generate().unwrap(), vec![old]));
    bay.chn.take_notice(&late, bay.now).await.unwrap();
    assert_eq!(counted().await, 3, "sealed to the key before");
    let bent = DocumentNotice { showing: TokenId::from_bytes([3; 16]), ..first.clone() };
    for (row, signed) in [
        ("nobody's number", sign(Kind::DocumentNotice, &notice(&bay, "CA7654321", [4; 16], Chn))),
        (
            "a document of another issuer",
            sign(Kind::DocumentNotice, &notice(&bay, "A123456(3)", [5; 16], Chn)),
        ),
        ("a number sealed for another showing", sign(Kind::DocumentNotice, &bent)),
        (
            "a number sealed to another issuer",
            sign(Kind::DocumentNotice, &notice(&bay, "CA1234567", [6; 16], Hkg)),
        ),
        ("a signature of the other kind", sign(Kind::Notice, &first)),
    ] {
        let refused = bay.chn.take_notice(&signed, bay.now).await;
        assert!(matches!(refused, Err(NoticeError::Sender(_))), "row {row}");
    }
    assert_eq!(counted().await, 3);
}
