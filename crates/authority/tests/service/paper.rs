//! Paper passes: somebody without a phone and without a pass, real photographs, two authorities.

use authority::issuance::paper::{PaperCode, PaperOrder};
use authority::{DeviceProof, IssueError, Service, possession, status_list_number};
use clearance::Envelope;
use credential::message::{self, Kind, Outcome, Request, Verdict};
use credential::paper::sign_paper;
use credential::{
    Audience, KeyClass, PartHash, SigningKey, TokenId, UnverifiedToken, random, sha256, sign_proof,
};
use documents::AuthorityCode::{Chn, Hkg, Mac};
use documents::{AuthorityCode, Direction, Document, DocumentNumber, LaneKind, LocalDate, Measure, Side};

use crate::bay::{
    Bay, FACE_ONLY, GATE, NUMBER, RECORD, Shown, bay, enrol, hash_of, in_memory, pass, photographs, show,
    token,
};
use crate::cards::{CARD, CARD_RECORD, PERMIT, PERMIT_RECORD, probe};
use crate::door::{Door, OFFICER, b64, un64};
use crate::http::MORNING;
use serde_json::json;

fn number(text: &str) -> DocumentNumber {
    DocumentNumber::recognise(text).unwrap()
}

fn audience() -> Audience {
    Audience::new("hengqin".parse().unwrap(), Direction::new(Chn, Mac).unwrap(), None)
}

/// One visit at a counter.
struct Visit {
    key: SigningKey,
    id: [u8; 32],
}

impl Visit {
    fn new() -> Self {
        let mut id = [0; 32];
        random(&mut id).unwrap();
        Self { key: SigningKey::generate().unwrap(), id }
    }

    fn device(&self, bay: &Bay, at: AuthorityCode, issuer: AuthorityCode) -> DeviceProof {
        let proof = possession(&self.key, at, issuer, &self.id, bay.now).unwrap();
        DeviceProof { key: *self.key.public(), proof }
    }
}

/// A paper pass of a mainland resident.
async fn mainland(bay: &Bay, day: LocalDate) -> Result<PaperCode, IssueError> {
    let (visit, number) = (Visit::new(), number(NUMBER));
    let device = visit.device(bay, Chn, Chn);
    let order = PaperOrder { number: &number, device: &device, visit: &visit.id, day };
    bay.chn.issue_paper(order, &audience(), None, bay.now).await
}

/// A paper pass of a Macao resident: the mainland makes its own part.
async fn macao(bay: &Bay) -> PaperCode {
    let (visit, day) = (Visit::new(), bay.now.local_date());
    let (card, permit) = (number(CARD), number(PERMIT));
    let device = visit.device(bay, Chn, Mac);
    let order = PaperOrder { number: &permit, device: &device, visit: &visit.id, day };
    let part = bay.chn.paper_part(order, Mac, bay.now).await.unwrap();
    let device = visit.device(bay, Mac, Mac);
    let order = PaperOrder { number: &card, device: &device, visit: &visit.id, day };
    bay.mac.issue_paper(order, &audience(), Some(&part), bay.now).await.unwrap()
}

fn id_of(token: &[u8]) -> TokenId {
    UnverifiedToken::parse(token).unwrap().device_key().unwrap().thumbprint().token_id()
}

/// What a lane sends one authority about a paper pass.
struct Showing<'s> {
    code: &'s PaperCode,
    proof: &'s [u8],
    probe: &'s [u8],
    clearance: [u8; 16],
    done: &'s [Measure],
    lane: LaneKind,
}

fn showing<'s>(code: &'s PaperCode, probe: &'s [u8], done: &'s [Measure]) -> Showing<'s> {
    let mut clearance = [0; 16];
    random(&mut clearance).unwrap();
    Showing { code, proof: &code.proof, probe, clearance, done, lane: LaneKind::Code }
}

async fn ask(bay: &Bay, shown: &Showing<'_>, role: Side) -> (Vec<u8>, Outcome, String) {
    let service: &Service = if role == Side::Exit { &bay.chn } else { &bay.mac };
    let [exit, entry] = shown.code.parts.as_slice() else { panic!("two parts") };
    let (own, other) = if role == Side::Exit { (exit, entry) } else { (entry, exit) };
    let gate = if shown.lane == LaneKind::FaceOnly { FACE_ONLY } else { GATE };
    let day = shown.code.expires.plus_seconds(-86_400);
    let request = Request {
        clearance: shown.clearance,
        gate: gate.into(),
        port: "hengqin".parse().unwrap(),
        lane: shown.lane,
        direction: Direction::new(Chn, Mac).unwrap(),
        role,
        joint: true,
        token: id_of(&shown.code.token),
        shown: message::shown_hash(&shown.code.token, shown.proof),
        made_at: day,
        part: PartHash::of(own),
        other_part: Some(PartHash::of(other)),
        probe: sha256(shown.probe),
        at: bay.now,
        measures_done: shown.done.iter().map(|measure| clearance::measure_number(*measure)).collect(),
    };
    let signed = message::sign(Kind::Request, gate.as_bytes(), &bay.gate, &request.encode()).unwrap();
    let (token, proof, probe) = (shown.code.token.as_slice(), shown.proof, shown.probe);
    let envelope = Envelope { request: &signed, token, proof, part: own, probe }.encode();
    let signed = service.verdict(&envelope, bay.now).await.unwrap();
    let verdict = Verdict::decode(message::unverified_payload(&signed).unwrap()).unwrap();
    let reason = service.reason(&verdict.reference).await.unwrap().unwrap();
    (signed, verdict.outcome, reason.code)
}

async fn code_of(bay: &Bay, code: &PaperCode, probe: &[u8], role: Side) -> String {
    ask(bay, &showing(code, probe, &[Measure::PhysicalDocument]), role).await.2
}

/// Brings each authority the newest status list of the other in which this code stands.
async fn bring_status(bay: &Bay, code: &PaperCode) {
    let list = status_list_number(code.expires);
    for (of, to, issuer) in [(&bay.chn, &bay.mac, Chn), (&bay.mac, &bay.chn, Mac)] {
        let signed = of.status_list(list, bay.now.plus_seconds(1)).await.unwrap();
        to.take_status_list(issuer, list, &signed, bay.now).unwrap();
    }
}

#[tokio::test]
async fn somebody_without_a_wallet_crosses_once_beside_document_and_face() {
    let Some((photo, live, stranger)) = photographs("somebody_without_a_wallet_crosses_once") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let code = mainland(&bay, bay.now.local_date()).await.unwrap();
    bring_status(&bay, &code).await;
    let (own, other) = (probe(&live), probe(&stranger));
    let document = clearance::measure_number(Measure::PhysicalDocument);
    let officer = clearance::measure_number(Measure::Officer);
    for side in [Side::Exit, Side::Entry] {
        let (_, outcome, code_word) = ask(&bay, &showing(&code, &other, &[]), side).await;
        assert_eq!((outcome, code_word.as_str()), (Outcome::Refer, "face_mismatch"), "{side}");
        let (_, outcome, code_word) = ask(&bay, &showing(&code, &own, &[]), side).await;
        assert_eq!(
            (outcome, code_word.as_str()),
            (Outcome::Verify(vec![document]), "paper_document"),
            "{side}"
        );
        // Without a usable face an officer compares it with the document, as everywhere.
        let (_, outcome, _) = ask(&bay, &showing(&code, &[], &[]), side).await;
        assert_eq!(outcome, Outcome::Verify(vec![document, officer]), "{side}");
        let (_, outcome, _) = ask(&bay, &showing(&code, &[], &[Measure::PhysicalDocument]), side).await;
        assert_eq!(outcome, Outcome::Verify(vec![officer]), "the document alone is not enough, {side}");
    }
    let shown = showing(&code, &own, &[Measure::PhysicalDocument]);
    let (exit, outcome, _) = ask(&bay, &shown, Side::Exit).await;
    assert_eq!(outcome, Outcome::Admit);
    let (entry, outcome, _) = ask(&bay, &shown, Side::Entry).await;
    assert_eq!(outcome, Outcome::Admit);
    let told = Shown {
        proof: code.proof.clone(),
        probe: own.clone(),
        clearance: shown.clearance,
        gate: GATE,
        done: Vec::new(),
    };
    let first = pass(&bay, &told, 1, [0; 32], &[&exit, &entry]).await;
    assert_ne!(hash_of(&first), [0; 32]);
    // A copy of the sheet is worth nothing any more, at either side.
    for side in [Side::Exit, Side::Entry] {
        let answer = ask(&bay, &showing(&code, &own, &[Measure::PhysicalDocument]), side).await;
        assert_ne!(answer.1, Outcome::Admit, "{side}: {}", answer.2);
    }
}

#[tokio::test]
async fn a_region_and_the_mainland_each_judge_their_own_part_of_a_paper_pass() {
    let Some((photo, live, _)) = photographs("a_region_and_the_mainland_each") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(PERMIT_RECORD, &photo, bay.now).await.unwrap();
    bay.mac.add_resident(CARD_RECORD, &photo, bay.now).await.unwrap();
    let own = probe(&live);
    let code = macao(&bay).await;
    bring_status(&bay, &code).await;
    for side in [Side::Exit, Side::Entry] {
        assert_eq!(code_of(&bay, &code, &own, side).await, "admitted", "{side}");
    }
    // It ends at the one that made a part for it, whatever the issuer knows.
    let ended = macao(&bay).await;
    assert_eq!(bay.chn.end_papers(&number(PERMIT)).await.unwrap(), 2);
    bring_status(&bay, &ended).await;
    assert_eq!(code_of(&bay, &ended, &own, Side::Exit).await, "token_revoked");
    // And at the issuer, whose status list tells the other one.
    let ended = macao(&bay).await;
    bay.mac.end_pass(&number(CARD), bay.now).await.unwrap();
    assert_eq!(code_of(&bay, &ended, &own, Side::Entry).await, "token_revoked");
    bring_status(&bay, &ended).await;
    assert_eq!(code_of(&bay, &ended, &own, Side::Exit).await, "token_revoked");
}

#[tokio::test]
async fn what_ends_a_document_ends_its_paper_passes_at_once() {
    let Some((photo, live, _)) = photographs("what_ends_a_document_ends_its_paper") else { return };
    let own = probe(&live);
    for what in ["end_papers", "end_pass", "lose", "replace", "erase"] {
        let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
        bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
        let code = mainland(&bay, bay.now.local_date()).await.unwrap();
        let card = number(NUMBER);
        let expected = match what {
            "end_papers" => {
                assert_eq!(bay.chn.end_papers(&card).await.unwrap(), 1);
                "token_revoked"
            }
            "end_pass" => {
                bay.chn.end_pass(&card, bay.now).await.unwrap();
                "token_revoked"
            }
            "lose" => {
                bay.chn.lose_document(&card, bay.now).await.unwrap();
                let refused = mainland(&bay, bay.now.local_date()).await;
                assert!(matches!(refused, Err(IssueError::NoPermit(Chn))), "none on a lost document");
                "pass_ended"
            }
            "replace" => {
                let new = Document {
                    number: number("CB7654321"),
                    issued: None,
                    expires: None,
                    status: documents::DocumentStatus::Valid,
                    endorsements: Vec::new(),
                };
                bay.chn.replace_document(&card, &new, bay.now).await.unwrap();
                "pass_ended"
            }
            _ => {
                bay.chn.erase(&card, bay.now).await.unwrap();
                "not_registered"
            }
        };
        bring_status(&bay, &code).await;
        assert_eq!(code_of(&bay, &code, &own, Side::Exit).await, expected, "{what}");
        assert_eq!(code_of(&bay, &code, &own, Side::Entry).await, "token_revoked", "{what}");
    }
}

#[tokio::test]
async fn a_wallet_goes_on_when_paper_passes_end() {
    let Some((photo, live, _)) = photographs("a_wallet_goes_on_when_paper") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let session = enrol(&bay, &live).await;
    let wallet = token(&bay, &session).await;
    mainland(&bay, bay.now.local_date()).await.unwrap();
    assert_eq!(bay.chn.end_papers(&number(NUMBER)).await.unwrap(), 1, "the paper pass alone");
    let shown = show(&bay, &wallet, &live);
    assert_eq!(crate::bay::ask(&bay, &wallet, &shown, Side::Exit).await.2, "admitted");
}

#[tokio::test]
async fn a_proof_of_the_other_kind_another_day_and_a_lane_by_face_alone_are_refused() {
    let Some((photo, live, _)) = photographs("a_proof_of_the_other_kind") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let (own, today) = (probe(&live), bay.now.local_date());
    let (visit, card) = (Visit::new(), number(NUMBER));
    let device = visit.device(&bay, Chn, Chn);
    let order = PaperOrder { number: &card, device: &device, visit: &visit.id, day: today };
    let code = bay.chn.issue_paper(order, &audience(), None, bay.now).await.unwrap();
    let hashes: Vec<PartHash> = code.parts.iter().map(|part| PartHash::of(part)).collect();

    // Whoever kept the key of the visit gains nothing by it, and neither does a key that is no counter's.
    let held = sign_proof(&visit.key, &audience(), &code.token, &hashes, bay.now).unwrap();
    let forged = sign_paper((&visit.key, 1), &audience(), &code.token, &hashes, today).unwrap();
    let unknown = sign_paper((&visit.key, 9), &audience(), &code.token, &hashes, today).unwrap();
    for (proof, expected) in
        [(held, "proof_invalid"), (forged, "proof_invalid"), (unknown, "counter_unknown")]
    {
        let shown = Showing { proof: &proof, ..showing(&code, &own, &[Measure::PhysicalDocument]) };
        assert_eq!(ask(&bay, &shown, Side::Exit).await.2, expected);
    }
    let by_face = Showing { lane: LaneKind::FaceOnly, ..showing(&code, &own, &[Measure::PhysicalDocument]) };
    assert_eq!(ask(&bay, &by_face, Side::Exit).await.2, "paper_lane");

    let tomorrow = mainland(&bay, today.plus_days(1)).await.unwrap();
    assert_eq!(code_of(&bay, &tomorrow, &own, Side::Exit).await, "paper_not_today");
    let mut bay = bay;
    bay.now = tomorrow.expires;
    assert_eq!(code_of(&bay, &tomorrow, &own, Side::Exit).await, "token_expired");
}

#[tokio::test]
async fn a_counter_is_told_why_no_paper_pass_is_made() {
    let Some((photo, _, _)) = photographs("a_counter_is_told_why") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    bay.chn.add_resident(PERMIT_RECORD, &photo, bay.now).await.unwrap();
    let today = bay.now.local_date();
    for days in [-1, 3] {
        let refused = mainland(&bay, today.plus_days(days)).await;
        assert!(matches!(refused, Err(IssueError::PaperDay)), "{days} days ahead: {refused:?}");
    }
    let last = mainland(&bay, today.plus_days(2)).await.unwrap();
    assert_eq!(last.expires, KeyClass::Paper.expiry_for(today.plus_days(2)));
    let visit = Visit::new();
    let device = visit.device(&bay, Chn, Chn);
    let order = |number| PaperOrder { number, device: &device, visit: &visit.id, day: today };
    let (mine, foreign, nobody) = (number(NUMBER), number(PERMIT), number("CA9999999"));
    let port = |name: &str| name.parse().unwrap();
    let way = Direction::new(Chn, Mac).unwrap();
    let here = audience();
    for (row, number, audience, other, expected) in [
        ("nobody", &nobody, &here, None, "no resident with this number"),
        ("a resident of Macao", &foreign, &here, None, "issued none of these documents"),
        ("no such port", &mine, &Audience::new(port("nowhere"), way, None), None, "no lane for codes"),
        (
            "a port of others",
            &mine,
            &Audience::new(port("hengqin"), Direction::new(Hkg, Mac).unwrap(), None),
            None,
            "no lane for codes",
        ),
        (
            "one side of a joint lane",
            &mine,
            &Audience::new(port("hengqin"), way, Some(Side::Exit)),
            None,
            "no lane for codes",
        ),
        ("a part too many", &mine, &here, Some(&[7_u8; 131][..]), "one part of each other authority"),
    ] {
        let error = bay.chn.issue_paper(order(number), audience, other, bay.now).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{row}: {error}");
    }
    let other_visit = PaperOrder { visit: &[9; 32], ..order(&mine) };
    let refused = bay.chn.issue_paper(other_visit, &here, None, bay.now).await;
    assert!(matches!(refused, Err(IssueError::Possession)), "a proof of another visit");
    let refused = bay.chn.paper_part(order(&foreign), Chn, bay.now).await;
    assert!(matches!(refused, Err(IssueError::NothingIssued(Chn))), "no part of its own for its own token");
    // A key that is one person's is not another's.
    let made = bay.chn.issue_paper(order(&mine), &here, None, bay.now).await.unwrap();
    assert_eq!(made.parts.len(), 2);
    let device = visit.device(&bay, Chn, Mac);
    let taken = PaperOrder { number: &foreign, device: &device, visit: &visit.id, day: today };
    let refused = bay.chn.paper_part(taken, Mac, bay.now).await;
    assert!(matches!(refused, Err(IssueError::KeyTaken)), "{refused:?}");
}

#[tokio::test]
async fn a_counter_prints_ends_and_replaces_over_its_own_doors() {
    let Some((photo, live, _)) = photographs("a_counter_prints_ends_and_replaces") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(PERMIT_RECORD, &photo, bay.now).await.unwrap();
    bay.mac.add_resident(CARD_RECORD, &photo, bay.now).await.unwrap();
    let (chn, mac) = (Door::open(&bay.chn, &bay).await, Door::open(&bay.mac, &bay).await);
    let (officer, visit) = (Some(OFFICER), Visit::new());
    let asked = |at, kind: &str, number: &str, day: &str| {
        let device = visit.device(&bay, at, Mac);
        json!({
            "document": {"kind": kind, "number": number}, "visit": b64(&visit.id), "day": day,
            "device": {"key": b64(device.key.as_bytes()), "proof": b64(&device.proof)},
        })
    };
    let today = "2026-03-02";
    let permit = asked(Chn, "home_return_permit", PERMIT, today);
    let made =
        chn.post("/v1/residents/papers/parts", officer, &json!({"visit": permit, "issuer": "MAC"})).await;
    let part = made.is(201).json()["part"].clone();
    let wanted = |day: &str, other: &serde_json::Value| {
        json!({
            "visit": asked(Mac, "macao_bir", CARD, day), "port": "hengqin", "from": "CHN", "to": "MAC", "other": other,
        })
    };
    let late = mac.post("/v1/residents/papers", officer, &wanted("2026-03-09", &part)).await;
    mac.problem(&late, "issue_paper", "paper_refused");
    let without = mac.post("/v1/residents/papers", officer, &wanted(today, &serde_json::Value::Null)).await;
    mac.problem(&without, "issue_paper", "paper_refused");
    let nobody = json!({"visit": asked(Chn, "home_return_permit", "M99999999", today), "issuer": "MAC"});
    let nobody = chn.post("/v1/residents/papers/parts", officer, &nobody).await;
    chn.problem(&nobody, "paper_part", "unknown_person");
    let made = mac.post("/v1/residents/papers", officer, &wanted(today, &part)).await.is(201).json();
    let code = PaperCode {
        token: un64(&made["token"]),
        proof: un64(&made["proof"]),
        parts: made["parts"].as_array().unwrap().iter().map(un64).collect(),
        expires: made["expires"].as_str().unwrap().parse().unwrap(),
    };
    bring_status(&bay, &code).await;
    let own = probe(&live);
    for side in [Side::Exit, Side::Entry] {
        assert_eq!(code_of(&bay, &code, &own, side).await, "admitted", "{side}");
    }
    let whose = json!({"document": {"kind": "home_return_permit", "number": PERMIT}});
    let ended = chn.post("/v1/residents/papers/end", officer, &whose).await.is(200).json();
    assert_eq!(ended, json!({"ended": 1}));
    assert_eq!(code_of(&bay, &code, &own, Side::Exit).await, "token_revoked");

    // A new card: what was printed on the old one ends, at the authority of that card at once.
    let next = json!({"document": {"kind": "macao_bir", "number": CARD}, "number": "12"});
    let wrong = mac.post("/v1/residents/replace", officer, &next).await;
    mac.problem(&wrong, "replace", "number_invalid");
    let next =
        json!({"document": {"kind": "macao_bir", "number": CARD}, "number": CARD, "endorsements": ["G:HKG"]});
    let wrong = mac.post("/v1/residents/replace", officer, &next).await;
    mac.problem(&wrong, "replace", "wrong_field");
    let next =
        json!({"document": {"kind": "macao_bir", "number": CARD}, "number": CARD, "expires": "2036-01-01"});
    mac.post("/v1/residents/replace", officer, &next).await.is(204);
    assert_eq!(code_of(&bay, &code, &own, Side::Entry).await, "token_revoked");
}
