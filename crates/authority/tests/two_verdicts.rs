//! One traveller, two authorities, real photographs: what each of them answers to what a lane shows.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a bay that cannot be set up fails the test")]

use std::path::PathBuf;
use std::sync::Arc;

use authority::{DeviceProof, Faces, KEY_ID, Keys, Service, ServiceError, possession, status_list_number};
use clearance::Envelope;
use credential::message::{self, Event, Kind, Outcome, Passage, Request, Verdict};
use credential::{Audience, KeyClass, PartHash, SigningKey, random, sha256, sign_proof};
use documents::AuthorityCode::{Chn, Mac};
use documents::{
    AuthorityCode, Direction, DocumentNumber, LaneKind, LocalDate, PortId, Rules, Side, Timestamp,
};
use face::{Embedder, FaceConfig, Finder, Image, ModelFolder, Probe};
use trust::{Approval, Approvals, KeyEntry, Role, SCENARIO_BORDER, TrustList, TrustStore};

const GATE: &str = "hengqin/CHN-MAC";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Two photographs of one person ten years apart, and one of somebody else; `None` (said loudly) without the folder.
fn photographs(test: &str) -> Option<(Vec<u8>, Vec<u8>, Vec<u8>)> {
    let shared = std::env::var_os("BAYPASS_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let folder = shared.join("faces/genuine");
    if !folder.is_dir() {
        eprintln!("SKIPPED: {test}: no shared folder with photographs");
        return None;
    }
    let read = |name: &str| std::fs::read(folder.join(name)).expect("a photograph of the shared folder");
    Some((read("B001243-b.jpg"), read("B001243-a.jpg"), read("A000055-b.jpg")))
}

fn faces() -> Arc<Faces> {
    let config = FaceConfig::builtin().unwrap();
    let folder = ModelFolder::new(&root().join("models"), &config);
    let finder = Finder::load(&folder, &config).expect("the face models; run `make models`");
    let embedder = Embedder::load(&folder, &config).expect("the face models; run `make models`");
    Arc::new(Faces { finder, embedder, config })
}

struct Bay {
    chn: Service,
    mac: Service,
    gate: SigningKey,
    now: Timestamp,
}

struct Secrets {
    keys: Keys,
    list: SigningKey,
    approval: SigningKey,
}

fn secrets() -> Secrets {
    Secrets {
        keys: Keys::generate().unwrap(),
        list: SigningKey::generate().unwrap(),
        approval: SigningKey::generate().unwrap(),
    }
}

fn trust_list(authority: AuthorityCode, secrets: &Secrets, gate: &SigningKey, now: Timestamp) -> Vec<u8> {
    let (from, to) = (now.plus_seconds(-86_400), now.plus_seconds(86_400 * 90));
    let entry = |role, kid: &[u8], key: &SigningKey| KeyEntry {
        role,
        kid: kid.to_vec(),
        key: key.public().as_bytes().to_vec(),
        from,
        to,
        compromised: false,
    };
    let mut keys = secrets.keys.entries(from, to);
    keys.push(entry(Role::Approval, KEY_ID, &secrets.approval));
    keys.push(entry(Role::Gate, GATE.as_bytes(), gate));
    let list = TrustList { authority, number: 1, issued: now, expires: now.plus_seconds(7 * 86_400), keys };
    list.sign(KEY_ID, &secrets.list).unwrap()
}

async fn bay(now: Timestamp) -> Bay {
    let faces = faces();
    let gate = SigningKey::generate().unwrap();
    let (chn, mac) = (secrets(), secrets());
    let roots = [(Chn, *chn.list.public()), (Mac, *mac.list.public())];
    let mut trust = TrustStore::new(&roots).unwrap();
    trust.update(&trust_list(Chn, &chn, &gate, now), now).unwrap();
    trust.update(&trust_list(Mac, &mac, &gate, now), now).unwrap();
    let both = |text: &str| vec![(Chn, text.to_owned()), (Mac, text.to_owned())];
    let approval = Approval {
        id: "2026-001".into(),
        scenario: SCENARIO_BORDER.into(),
        jurisdictions: vec![Chn, Mac],
        ports: vec!["hengqin".parse().unwrap()],
        from: "2026-01-01".parse().unwrap(),
        to: "2026-03-31".parse().unwrap(),
        hours: (0, 1440),
        claims: vec!["permit".into()],
        retention_days: 30,
        assessment: "PIA-1".into(),
        filings: both("filing 1"),
        probe_grounds: both("statutory duty"),
    };
    let signed = [(Chn, &chn.approval), (Mac, &mac.approval)]
        .map(|(code, key)| (code, approval.sign(KEY_ID, key).unwrap()));
    let approval = Approval::open(&Approval::bundle(&signed), &trust, now).unwrap();
    let mut approvals = Approvals::default();
    approvals.add(approval);
    let service = async |code, keys| {
        let store = authority::store::Store::open("sqlite::memory:").await.unwrap();
        let rules = Rules::builtin().unwrap();
        Service::new(code, store, rules, faces.clone(), keys, trust.clone(), approvals.clone())
    };
    let bay = Bay { chn: service(Chn, chn.keys).await, mac: service(Mac, mac.keys).await, gate, now };
    for weeks in 0..3 {
        let week = now.local_date().iso_week().plus_weeks(weeks);
        let key = bay.chn.hand_over(Mac, week, now).await.unwrap();
        bay.mac.take_handover(&key, now).await.unwrap();
        assert!(bay.chn.take_handover(&key, now).await.is_err(), "a weekly key is for its receiver alone");
    }
    let list = status_list_number(KeyClass::Hardware.expiry_for(now.local_date()));
    let signed = bay.chn.status_list(list, now).await.unwrap();
    bay.mac.take_status_list(Chn, list, &signed, now).unwrap();
    bay
}

const RECORD: &str = r#"{
  "person": {"name": "SPECIMEN LI NA", "name_zh": "李娜样本", "birth": "1991-05-06", "home": "CHN", "height_cm": 165},
  "documents": [{"kind": "exit_entry_permit", "number": "CA1234567", "expires": "2030-01-01",
    "endorsements": [{"kind": "G", "destination": "MAC", "from": "2026-01-10", "to": "2026-04-09", "entries": 1}]}]
}"#;

struct Wallet {
    device: SigningKey,
    token: Vec<u8>,
    own: Vec<u8>,
    sealed: Vec<u8>,
}

async fn wallet(bay: &Bay, selfie: &[u8]) -> Wallet {
    let number = DocumentNumber::recognise("CA1234567").unwrap();
    let birth: LocalDate = "1991-05-06".parse().unwrap();
    let session = bay.chn.enrol(&number, "Specimen Li Na", birth, selfie, bay.now).await.unwrap();
    let device = SigningKey::generate().unwrap();
    let proof = possession(&device, Chn, Chn, &session, bay.now).unwrap();
    let stolen = DeviceProof { key: *SigningKey::generate().unwrap().public(), proof: proof.clone() };
    let refused = bay.chn.issue(&session, KeyClass::Hardware, &[stolen], bay.now).await;
    assert!(matches!(refused, Err(ServiceError::Possession)), "a filmed key without its proof gets nothing");
    let keys = [DeviceProof { key: *device.public(), proof }];
    let mut issued = bay.chn.issue(&session, KeyClass::Hardware, &keys, bay.now).await.unwrap();
    let again = bay.chn.issue(&session, KeyClass::Hardware, &keys, bay.now).await.unwrap();
    assert_eq!(
        again.first().map(|i| &i.own),
        issued.first().map(|i| &i.own),
        "the same key again reveals nothing new"
    );
    let tomorrow = bay.now.plus_seconds(86_400);
    let proof = possession(&device, Chn, Chn, &session, tomorrow).unwrap();
    let later = [DeviceProof { key: *device.public(), proof }];
    let refused = bay.chn.issue(&session, KeyClass::Hardware, &later, tomorrow).await;
    assert!(
        matches!(refused, Err(ServiceError::KeyTaken)),
        "a device key is not renewed past its revocation"
    );
    let issued = issued.remove(0);
    let (receiver, sealed) = issued.sealed.into_iter().find(|(r, _)| *r == Mac).unwrap();
    assert_eq!(receiver, Mac);
    Wallet { device, token: issued.token, own: issued.own, sealed }
}

struct Shown {
    proof: Vec<u8>,
    probe: Vec<u8>,
    clearance: [u8; 16],
}

fn show(bay: &Bay, wallet: &Wallet, live: &[u8]) -> Shown {
    let direction = Direction::new(Chn, Mac).unwrap();
    let audience = Audience::new("hengqin".parse().unwrap(), direction, None);
    let parts = [PartHash::of(&wallet.own), PartHash::of(&wallet.sealed)];
    let proof = sign_proof(&wallet.device, &audience, &wallet.token, &parts, bay.now).unwrap();
    let config = FaceConfig::builtin().unwrap();
    let finder = Finder::load(&ModelFolder::new(&root().join("models"), &config), &config).unwrap();
    let (probe, _) = Probe::from_image(&finder, &Image::decode(live).unwrap()).unwrap();
    let mut clearance = [0; 16];
    random(&mut clearance).unwrap();
    Shown { proof, probe: probe.encode(), clearance }
}

fn request(bay: &Bay, wallet: &Wallet, shown: &Shown, role: Side, own: &[u8], other: &[u8]) -> Vec<u8> {
    let device = credential::DeviceKey::new(*wallet.device.public()).unwrap();
    let request = Request {
        clearance: shown.clearance,
        gate: GATE.into(),
        port: "hengqin".parse::<PortId>().unwrap(),
        lane: LaneKind::Code,
        direction: Direction::new(Chn, Mac).unwrap(),
        role,
        joint: true,
        token: device.thumbprint().token_id(),
        made_at: bay.now,
        part: PartHash::of(own),
        other_part: Some(PartHash::of(other)),
        probe: sha256(&shown.probe),
        at: bay.now,
        measures_done: Vec::new(),
    };
    message::sign(Kind::Request, GATE.as_bytes(), &bay.gate, &request.encode()).unwrap()
}

async fn ask(bay: &Bay, wallet: &Wallet, shown: &Shown, role: Side) -> (Vec<u8>, Verdict, String) {
    let (service, own, other) = match role {
        Side::Exit => (&bay.chn, &wallet.own, &wallet.sealed),
        Side::Entry => (&bay.mac, &wallet.sealed, &wallet.own),
    };
    let request = request(bay, wallet, shown, role, own, other);
    let envelope = Envelope {
        request: &request,
        token: &wallet.token,
        proof: &shown.proof,
        part: own,
        probe: &shown.probe,
    };
    let signed = service.verdict(&envelope.encode(), bay.now).await.unwrap();
    let verdict = Verdict::decode(message::unverified_payload(&signed).unwrap()).unwrap();
    assert_eq!(verdict.request, message::hash(&request), "a verdict answers one request");
    let (_, code, _) = service.reason(&verdict.reference).await.unwrap().unwrap();
    (signed, verdict, code)
}

async fn pass(bay: &Bay, shown: &Shown, number: u64, previous: [u8; 32], verdicts: &[&[u8]]) -> Vec<u8> {
    let event = Event {
        gate: GATE.into(),
        number,
        previous,
        clearance: shown.clearance,
        passage: Passage::Passed,
        at: bay.now,
        verdicts: verdicts.iter().map(|v| message::hash(v)).collect(),
        probe: sha256(&shown.probe),
    };
    let signed = message::sign(Kind::Event, GATE.as_bytes(), &bay.gate, &event.encode()).unwrap();
    for service in [&bay.chn, &bay.mac] {
        service.hear_event(&signed, bay.now).await.unwrap();
        service.hear_event(&signed, bay.now).await.expect("told twice, counted once");
    }
    signed
}

#[tokio::test]
async fn one_scan_gets_two_verdicts_and_a_passage_is_counted_once_on_each_side() {
    let Some((photo, live, stranger)) = photographs("one_scan_gets_two_verdicts") else { return };
    let bay = bay("2026-03-02T10:00:00+08:00".parse().unwrap()).await;
    bay.chn.add_resident(RECORD, &photo).await.unwrap();
    let twice = bay.chn.add_resident(RECORD, &photo).await;
    assert!(matches!(twice, Err(ServiceError::NumberTaken(_))), "two residents with one number");

    let number = DocumentNumber::recognise("CA1234567").unwrap();
    let birth: LocalDate = "1991-05-06".parse().unwrap();
    let refused = bay.chn.enrol(&number, "Specimen Li Na", birth, &stranger, bay.now).await;
    assert!(matches!(refused, Err(ServiceError::FaceMismatch)));
    let refused = bay.chn.enrol(&number, "Somebody Else", birth, &live, bay.now).await;
    assert!(matches!(refused, Err(ServiceError::Unknown)));

    let wallet = wallet(&bay, &live).await;
    let shown = show(&bay, &wallet, &live);

    // Somebody else's face under the same code: both sides refer, each by its own comparison.
    let borrowed = show(&bay, &wallet, &stranger);
    for role in [Side::Exit, Side::Entry] {
        let (_, verdict, code) = ask(&bay, &wallet, &borrowed, role).await;
        assert_eq!((verdict.outcome, code.as_str()), (Outcome::Refer, "face_mismatch"), "{role}");
    }

    let (exit, verdict, code) = ask(&bay, &wallet, &shown, Side::Exit).await;
    assert_eq!((verdict.outcome, code.as_str()), (Outcome::Admit, "admitted"));
    let (entry, verdict, code) = ask(&bay, &wallet, &shown, Side::Entry).await;
    assert_eq!((verdict.outcome, code.as_str()), (Outcome::Admit, "admitted"));

    let event = pass(&bay, &shown, 1, [0; 32], &[&exit, &entry]).await;
    for service in [&bay.chn, &bay.mac] {
        assert_eq!(service.ledger().await.unwrap().len(), 1, "{}", service.code());
    }

    // The entry is used up: the mainland says so, and Macao has seen him go in.
    let again = show(&bay, &wallet, &live);
    let (_, verdict, code) = ask(&bay, &wallet, &again, Side::Exit).await;
    assert_eq!(verdict.outcome, Outcome::Refer);
    assert_ne!(code, "admitted");

    // A gap in a gate's events is refused, and so is a second event with a used number.
    let later = Event {
        gate: GATE.into(),
        number: 3,
        previous: message::hash(&event),
        clearance: [9; 16],
        passage: Passage::NotPassed,
        at: bay.now,
        verdicts: Vec::new(),
        probe: [0; 32],
    };
    let sign = |e: &Event| message::sign(Kind::Event, GATE.as_bytes(), &bay.gate, &e.encode()).unwrap();
    let gap = bay.chn.hear_event(&sign(&later), bay.now).await;
    assert!(matches!(gap, Err(ServiceError::Gap { expected: 2, got: 3 })));
    let fork = bay.chn.hear_event(&sign(&Event { number: 1, ..later }), bay.now).await;
    assert!(matches!(fork, Err(ServiceError::Fork(1))));
}

#[tokio::test]
async fn a_part_that_was_moved_changed_or_made_by_the_traveller_never_opens() {
    let Some((photo, live, _)) = photographs("a_part_that_was_moved") else { return };
    let bay = bay("2026-03-02T10:00:00+08:00".parse().unwrap()).await;
    bay.chn.add_resident(RECORD, &photo).await.unwrap();
    let good = wallet(&bay, &live).await;
    let moved = wallet(&bay, &live).await;
    let mut changed = good.sealed.clone();
    changed[20] ^= 1;
    for (part, role, expected) in [
        (&moved.own, Side::Exit, "part_unreadable"),
        (&moved.sealed, Side::Entry, "part_mismatch"),
        (&changed, Side::Entry, "part_mismatch"),
        (&good.own, Side::Entry, "part_mismatch"),
    ] {
        let (own, sealed) = match role {
            Side::Exit => (part.clone(), good.sealed.clone()),
            Side::Entry => (good.own.clone(), part.clone()),
        };
        let device = SigningKey::from_pkcs8(&good.device.to_pkcs8().unwrap()).unwrap();
        let forged = Wallet { device, token: good.token.clone(), own, sealed };
        let shown = show(&bay, &forged, &live);
        let (_, verdict, code) = ask(&bay, &forged, &shown, role).await;
        assert_eq!((verdict.outcome, code.as_str()), (Outcome::Refer, expected));
    }
}

#[tokio::test]
async fn an_ended_pass_and_a_lost_permit_open_nothing_and_a_port_without_approval_stays_shut() {
    let Some((photo, live, _)) = photographs("an_ended_pass") else { return };
    let mut bay = bay("2026-03-02T10:00:00+08:00".parse().unwrap()).await;
    bay.chn.add_resident(RECORD, &photo).await.unwrap();
    let wallet = wallet(&bay, &live).await;
    let number = DocumentNumber::recognise("CA1234567").unwrap();
    bay.chn.lose_document(&number, bay.now).await.unwrap();
    let shown = show(&bay, &wallet, &live);
    assert_eq!(ask(&bay, &wallet, &shown, Side::Exit).await.2, "pass_ended");
    let list = status_list_number(KeyClass::Hardware.expiry_for(bay.now.local_date()));
    let signed = bay.chn.status_list(list, bay.now.plus_seconds(1)).await.unwrap();
    bay.mac.take_status_list(Chn, list, &signed, bay.now).unwrap();
    assert_eq!(ask(&bay, &wallet, &shown, Side::Entry).await.2, "token_revoked");
    bay.now = "2026-04-01T00:00:00+08:00".parse().unwrap();
    let shown = show(&bay, &wallet, &live);
    assert_eq!(ask(&bay, &wallet, &shown, Side::Exit).await.2, "not_approved");
}

#[tokio::test]
async fn every_statement_can_be_prepared() {
    use sqlx::{Executor, SqlSafeStr};
    let store = authority::store::Store::open("sqlite::memory:").await.unwrap();
    for (name, sql) in authority::store::STATEMENTS {
        store.pool().prepare((*sql).into_sql_str()).await.unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}
