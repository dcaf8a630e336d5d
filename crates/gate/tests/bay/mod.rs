//! A small bay: three authorities' keys and lists, a device, codes for any lane, and authorities that answer as told.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's helpers, outside of the test functions themselves"
)]
#![expect(dead_code, reason = "each test file uses its own part of the bay")]

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use clearance::{Enveloped, LaneId, Place, Sides};
use code::{CrossingCode, Parts};
use credential::ProofWindow;
use credential::message::{self, Event, Kind, Outcome, Receipt, ReceiptResult, Request, Verdict};
use credential::paper::sign_paper;
use credential::part::PartForm;
use credential::status::{SignedStatusList, Status, StatusList};
use credential::{
    Audience, DeviceKey, KeyClass, PartHash, SealedHashes, ShortHash, SigningKey, StatusRef, TokenClaims,
    TokenId, Unlock, hpke, sign_proof, sign_proof_with, sign_token,
};
use documents::{AuthorityCode, Direction, LaneKind, LocalDate, Side, Timestamp};
use face::Track;
use face::active::{ActiveRules, Frame};
use gate::outbox::GateKey;
use gate::{AuthorityLink, CaptureFault, Captured, FaceCapture, GateReason, LaneConfig, LinkError, Lists};
use trust::{Approval, KeyEntry, Role, Root, TrustList, TrustStore};

pub use AuthorityCode::{Chn, Hkg, Mac};

pub const GATE: &str = "hengqin/1";
const KID: u8 = 1;

pub fn now() -> Timestamp {
    "2026-03-02T10:00:00+08:00".parse().unwrap()
}

pub fn at(seconds: i64) -> Timestamp {
    now().plus_seconds(seconds)
}

/// One authority's keys.
pub struct Keys {
    pub token: SigningKey,
    pub verdict: SigningKey,
    pub status: SigningKey,
    pub approval: SigningKey,
    pub list: SigningKey,
    pub other: SigningKey,
    pub counter: SigningKey,
    /// To which pages are sealed.
    pub part: hpke::ReceiverKey,
}

pub struct Bay {
    pub keys: BTreeMap<AuthorityCode, Keys>,
    pub gate: Vec<u8>,
    pub lists: Lists,
}

pub fn entry(role: Role, kid: &[u8], key: &SigningKey) -> KeyEntry {
    KeyEntry {
        role,
        kid: kid.to_vec(),
        key: key.public().as_bytes().to_vec(),
        from: at(-86_400),
        to: at(30 * 86_400),
        compromised: false,
        binding: None,
    }
}

impl Keys {
    fn new() -> Self {
        let key = || SigningKey::generate().unwrap();
        let part = hpke::ReceiverKey::generate().unwrap();
        Self {
            token: key(),
            verdict: key(),
            status: key(),
            approval: key(),
            list: key(),
            other: key(),
            counter: key(),
            part,
        }
    }

    pub fn root(&self) -> Root {
        Root::of(1, [("l1", *self.list.public())]).unwrap()
    }

    pub fn entries(&self) -> Vec<KeyEntry> {
        vec![
            entry(Role::Token, &[KID], &self.token),
            entry(Role::Verdict, b"v1", &self.verdict),
            // The same byte that a token could name, for another role.
            entry(Role::Verdict, &[9], &self.verdict),
            entry(Role::Status, b"s1", &self.status),
            entry(Role::Approval, b"a1", &self.approval),
            entry(Role::Counter, &[1], &self.counter),
            KeyEntry { key: self.part.public().to_vec(), ..entry(Role::Part, b"p1", &self.token) },
        ]
    }
}

impl Bay {
    /// The next list of an authority.
    pub fn list(&self, authority: AuthorityCode, number: u64, keys: Vec<KeyEntry>) -> TrustList {
        let root = self.keys[&authority].root();
        TrustList { authority, number, issued: at(-3600), expires: at(86_400), root, next: None, keys }
    }
}

pub fn approval() -> Approval {
    let ports = ["hengqin", "gongbei", "hzmb-hkg-mac"].map(|port| port.parse().unwrap());
    Approval::specimen("2026-001", ports.to_vec(), now().local_date())
}

pub fn subject(authority: AuthorityCode) -> String {
    format!("urn:baypass:status:{authority}:0")
}

impl Bay {
    pub fn new() -> Self {
        let keys: BTreeMap<_, _> = AuthorityCode::ALL.into_iter().map(|a| (a, Keys::new())).collect();
        let gate = SigningKey::generate().unwrap().to_pkcs8().unwrap().to_vec();
        let mut bay = Self { keys, gate, lists: Lists::default() };
        bay.lists = bay.pinned();
        for authority in AuthorityCode::ALL {
            bay.trust(&bay.list(authority, 1, bay.keys[&authority].entries()));
            bay.status(authority, |_| {});
        }
        let bundle = bay.approved(&approval());
        bay.lists.take_approval(&bundle, now()).unwrap();
        bay
    }

    /// What a gate begins with: pinned keys, and no list.
    pub fn pinned(&self) -> Lists {
        let roots: Vec<_> = self.keys.iter().map(|(a, k)| (*a, k.root())).collect();
        Lists::new(TrustStore::new(&roots).unwrap())
    }

    pub fn trust(&mut self, list: &TrustList) {
        let bytes = list.sign(b"l1", &self.keys[&list.authority].list).unwrap();
        self.lists.take_trust(&bytes, now()).unwrap();
    }

    pub fn signed_status(
        &self,
        authority: AuthorityCode,
        issued: Timestamp,
        change: impl FnOnce(&mut StatusList),
    ) -> Vec<u8> {
        let mut list = StatusList::with_entries(100_000);
        change(&mut list);
        let expires = Some(issued.plus_seconds(86_400));
        SignedStatusList { subject: subject(authority), issued, expires, ttl: None, list }
            .sign(b"s1", &self.keys[&authority].status)
            .unwrap()
    }

    pub fn status(&mut self, authority: AuthorityCode, change: impl FnOnce(&mut StatusList)) {
        let bytes = self.signed_status(authority, at(-60), change);
        self.lists.take_status(authority, 0, &subject(authority), &bytes, now()).unwrap();
    }

    pub fn approved(&self, approval: &Approval) -> Vec<u8> {
        let signatures: Vec<_> = AuthorityCode::ALL
            .into_iter()
            .map(|a| (a, approval.sign(b"a1", &self.keys[&a].approval).unwrap()))
            .collect();
        Approval::bundle(&signatures)
    }

    pub fn gate_key(&self) -> GateKey {
        GateKey {
            gate: GATE.into(),
            kid: GATE.as_bytes().to_vec(),
            key: Arc::new(SigningKey::from_pkcs8(&self.gate).unwrap()),
        }
    }
}

/// A traveller's device and what its wallet holds for it.
pub struct Wallet {
    pub device: SigningKey,
    pub issuer: AuthorityCode,
    pub claims: TokenClaims,
    pub token: Vec<u8>,
    pub parts: BTreeMap<AuthorityCode, Vec<u8>>,
}

pub fn index() -> StatusRef {
    StatusRef::new(0, 70_000).unwrap()
}

impl Wallet {
    pub fn new(bay: &Bay, issuer: AuthorityCode) -> Self {
        Self::with(bay, issuer, |_| {}, KID, &bay.keys[&issuer].token)
    }

    /// A wallet whose token was made otherwise.
    pub fn with(
        _bay: &Bay,
        issuer: AuthorityCode,
        change: impl FnOnce(&mut TokenClaims),
        kid: u8,
        key: &SigningKey,
    ) -> Self {
        let device = SigningKey::generate().unwrap();
        let parts: BTreeMap<_, _> = AuthorityCode::ALL
            .into_iter()
            .map(|to| {
                let mut part = vec![0; PartForm::of(issuer, to).length()];
                credential::random(&mut part).unwrap();
                (to, part)
            })
            .collect();
        let short = |to: AuthorityCode| PartHash::of(&parts[&to]).short();
        let sealed = match SealedHashes::receivers(issuer) {
            [only] => SealedHashes::One(short(*only)),
            [first, second, ..] => SealedHashes::Two(short(*first), short(*second)),
            [] => SealedHashes::One(ShortHash([0; 16])),
        };
        let mut claims = TokenClaims {
            issuer,
            expires: KeyClass::Hardware.expiry_for(now().local_date()),
            device_key: *device.public(),
            key_class: KeyClass::Hardware,
            status: index(),
            sealed,
        };
        change(&mut claims);
        let token = sign_token(&claims, kid, key).unwrap();
        Self { device, issuer, claims, token, parts }
    }

    /// What a counter issues for a paper pass of this day.
    pub fn paper(bay: &Bay, issuer: AuthorityCode, day: LocalDate) -> Self {
        let class = |claims: &mut TokenClaims| {
            claims.key_class = KeyClass::Paper;
            claims.expires = KeyClass::Paper.expiry_for(day);
        };
        Self::with(bay, issuer, class, KID, &bay.keys[&issuer].token)
    }

    /// The printed code.
    pub fn print(&self, counter: (&SigningKey, u8), audience: &Audience, day: LocalDate) -> String {
        let parts = self.parts_for(audience);
        let hashes: Vec<_> = parts.iter().map(|p| PartHash::of(p)).collect();
        let proof = sign_paper(counter, audience, &self.token, &hashes, day).unwrap();
        text(&self.token, &proof, &parts)
    }

    pub fn id(&self) -> TokenId {
        DeviceKey::new(*self.device.public()).unwrap().thumbprint().token_id()
    }

    pub fn parts_for(&self, audience: &Audience) -> Vec<Vec<u8>> {
        let receivers = audience.sides().iter().map(|side| audience.direction().authority(*side));
        receivers.map(|to| self.parts[&to].clone()).collect()
    }

    pub fn show(&self, audience: &Audience, made_at: Timestamp) -> String {
        let parts = self.parts_for(audience);
        self.show_parts(audience, &parts, made_at)
    }

    /// A code whose proof says how the wallet was unlocked again for it.
    pub fn show_unlocked(&self, audience: &Audience, made_at: Timestamp, unlock: Option<Unlock>) -> String {
        let parts = self.parts_for(audience);
        let hashes: Vec<_> = parts.iter().map(|p| PartHash::of(p)).collect();
        let made = (made_at, unlock);
        let proof = sign_proof_with(&self.device, audience, &self.token, &hashes, made).unwrap();
        text(&self.token, &proof, &parts)
    }

    pub fn show_parts(&self, audience: &Audience, parts: &[Vec<u8>], made_at: Timestamp) -> String {
        let hashes: Vec<_> = parts.iter().map(|p| PartHash::of(p)).collect();
        let proof = sign_proof(&self.device, audience, &self.token, &hashes, made_at).unwrap();
        text(&self.token, &proof, parts)
    }
}

pub fn text(token: &[u8], proof: &[u8], parts: &[Vec<u8>]) -> String {
    let slices: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    CrossingCode::Full { token, proof, parts: Parts::new(&slices).unwrap() }.to_text().unwrap()
}

pub fn direction(from: AuthorityCode, to: AuthorityCode) -> Direction {
    Direction::new(from, to).unwrap()
}

pub fn audience(port: &str, way: Direction, side: Option<Side>) -> Audience {
    Audience::new(port.parse().unwrap(), way, side)
}

pub fn hengqin() -> Audience {
    audience("hengqin", direction(Mac, Chn), None)
}

pub fn lane_config(lane: &str) -> LaneConfig {
    LaneConfig {
        place: Place {
            lane: lane.parse().unwrap(),
            port: "hengqin".parse().unwrap(),
            direction: direction(Mac, Chn),
            sides: Sides::Both { exit: (), entry: () },
        },
        kind: LaneKind::Code,
        window: ProofWindow::default(),
        pictures: 2,
        simulated_camera: true,
        elsewhere: elsewhere(),
    }
}

pub fn elsewhere() -> Vec<Audience> {
    vec![
        audience("hengqin", direction(Chn, Mac), None),
        audience("gongbei", direction(Mac, Chn), Some(Side::Exit)),
        audience("gongbei", direction(Mac, Chn), Some(Side::Entry)),
    ]
}

pub fn lane_id(name: &str) -> LaneId {
    name.parse().unwrap()
}

/// Sees what it was told to see: the pictures themselves, joined, as the probe.
pub struct TestCapture {
    pub fault: Option<GateReason>,
    pub suspicious: bool,
}

impl FaceCapture for TestCapture {
    fn capture(&self, pictures: &[Vec<u8>]) -> Result<Captured, CaptureFault> {
        match self.fault {
            Some(reason) => Err(CaptureFault { reason, detail: "as told".into(), quality: None }),
            None => Ok(Captured { probe: pictures.concat(), suspicious: self.suspicious }),
        }
    }

    fn active_rules(&self) -> Option<&ActiveRules> {
        None
    }

    fn follow(&self, _: &mut Track, _: &[u8], _: u64) -> Result<Frame, CaptureFault> {
        Err(CaptureFault {
            reason: GateReason::FaceModels,
            detail: "no challenge is judged here".into(),
            quality: None,
        })
    }
}

/// How an authority answers, and what goes wrong on the way.
#[derive(Clone, Debug)]
pub enum Says {
    Outcome(Outcome),
    Nothing,
    Garbage,
    WrongKey,
    WrongRole,
    OtherRequest,
    OtherAuthority,
    Expired,
    TooLong,
    NoReservation,
}

/// How an authority, or somebody on the way to it, answers an event.
#[derive(Clone, Debug)]
pub enum Answers {
    Receipt(ReceiptResult),
    /// "Yes", without a signature.
    Unsigned,
    /// A receipt with another authority's signature.
    WrongKey,
    /// A receipt for another message.
    OtherMessage,
    /// A receipt that was signed ten minutes ago.
    Old,
}

/// The authorities of a lane in this process. What each got and was told is kept.
pub struct Authorities {
    pub keys: BTreeMap<AuthorityCode, (SigningKey, SigningKey)>,
    pub says: Mutex<BTreeMap<AuthorityCode, VecDeque<Says>>>,
    pub asked: Mutex<Vec<(AuthorityCode, Vec<u8>)>>,
    pub told: Mutex<BTreeMap<AuthorityCode, Vec<Vec<u8>>>>,
    pub cut_off: Mutex<Vec<AuthorityCode>>,
    /// Takes the event and then loses the answer, so that it is sent again.
    pub deaf_once: Mutex<bool>,
    /// The next answers to events; taken where there is none.
    pub receipts: Mutex<BTreeMap<AuthorityCode, VecDeque<Answers>>>,
    pub chains: Mutex<BTreeMap<AuthorityCode, Vec<Vec<u8>>>>,
    pub time: Mutex<Timestamp>,
}

impl Authorities {
    pub fn new(bay: &Bay) -> Self {
        let copy = |k: &SigningKey| SigningKey::from_pkcs8(&k.to_pkcs8().unwrap()).unwrap();
        Self {
            keys: bay.keys.iter().map(|(a, k)| (*a, (copy(&k.verdict), copy(&k.token)))).collect(),
            says: Mutex::default(),
            asked: Mutex::default(),
            told: Mutex::default(),
            cut_off: Mutex::default(),
            deaf_once: Mutex::new(false),
            receipts: Mutex::default(),
            chains: Mutex::default(),
            time: Mutex::new(now()),
        }
    }

    pub fn say(&self, authority: AuthorityCode, says: impl IntoIterator<Item = Says>) {
        self.says.lock().unwrap().entry(authority).or_default().extend(says);
    }

    pub fn events(&self, authority: AuthorityCode, gate: &SigningKey) -> Vec<Event> {
        let key = credential::VerifyingKey::new(*gate.public()).unwrap();
        let told = self.told.lock().unwrap();
        let read = |bytes: &Vec<u8>| Event::decode(message::open(Kind::Event, bytes, &key).unwrap()).unwrap();
        told.get(&authority).map(|all| all.iter().map(read).collect()).unwrap_or_default()
    }

    pub fn requests(&self, authority: AuthorityCode) -> Vec<Request> {
        let asked = self.asked.lock().unwrap();
        asked
            .iter()
            .filter(|(a, _)| *a == authority)
            .map(|(_, body)| {
                let envelope = Enveloped::decode(body).unwrap();
                Request::decode(message::unverified_payload(envelope.request()).unwrap()).unwrap()
            })
            .collect()
    }

    fn receipt(&self, authority: AuthorityCode, sent: &[u8], answers: Answers) -> Vec<u8> {
        let payload = message::unverified_payload(sent).unwrap();
        let mut receipt = Receipt {
            authority,
            message: message::payload_hash(payload),
            result: ReceiptResult::Taken,
            at: *self.time.lock().unwrap(),
        };
        let mut key = &self.keys[&authority].0;
        match answers {
            Answers::Receipt(result) => receipt.result = result,
            Answers::Unsigned => return Vec::new(),
            Answers::WrongKey => key = &self.keys[&authority].1,
            Answers::OtherMessage => receipt.message = [9; 32],
            Answers::Old => receipt.at = receipt.at.plus_seconds(-600),
        }
        message::sign(Kind::Receipt, b"v1", key, &receipt.encode()).unwrap()
    }

    fn verdict_for(&self, authority: AuthorityCode, request: &[u8], says: &Says) -> Option<Vec<u8>> {
        let now = *self.time.lock().unwrap();
        let outcome = if let Says::Outcome(outcome) = says { outcome.clone() } else { Outcome::Admit };
        let admits = outcome == Outcome::Admit;
        let mut verdict = Verdict {
            authority,
            request: message::payload_hash(message::unverified_payload(request).unwrap()),
            outcome,
            reservation: admits.then_some([authority.code().as_bytes()[0]; 16]),
            reference: [7; 16],
            approval: "2026-001".into(),
            rules: "r1".into(),
            valid_until: now.plus_seconds(60),
        };
        let (verdict_key, token_key) = &self.keys[&authority];
        let mut key = verdict_key;
        match says {
            Says::Outcome(_) => {}
            Says::Nothing => return None,
            Says::Garbage => return Some(b"no verdict".to_vec()),
            Says::WrongKey => key = token_key,
            Says::WrongRole => {
                return Some(message::sign(Kind::Verdict, &[1], token_key, &verdict.encode()).unwrap());
            }
            Says::OtherRequest => verdict.request = [3; 32],
            Says::OtherAuthority => verdict.authority = Hkg,
            Says::Expired => verdict.valid_until = now,
            Says::TooLong => verdict.valid_until = now.plus_seconds(600),
            Says::NoReservation => verdict.reservation = None,
        }
        Some(message::sign(Kind::Verdict, b"v1", key, &verdict.encode()).unwrap())
    }
}

impl AuthorityLink for Authorities {
    async fn verdict(&self, authority: AuthorityCode, body: Vec<u8>) -> Result<Vec<u8>, LinkError> {
        let envelope = Enveloped::decode(&body).unwrap();
        let says = self.says.lock().unwrap().entry(authority).or_default().pop_front();
        let answer =
            self.verdict_for(authority, envelope.request(), &says.unwrap_or(Says::Outcome(Outcome::Admit)));
        self.asked.lock().unwrap().push((authority, body));
        answer.ok_or(LinkError::Unreachable { authority })
    }

    async fn deliver(&self, authority: AuthorityCode, event: Vec<u8>) -> Result<Vec<u8>, LinkError> {
        if self.cut_off.lock().unwrap().contains(&authority) {
            return Err(LinkError::Unreachable { authority });
        }
        self.told.lock().unwrap().entry(authority).or_default().push(event.clone());
        if std::mem::take(&mut *self.deaf_once.lock().unwrap()) {
            return Err(LinkError::TimedOut { authority });
        }
        let answers = self.receipts.lock().unwrap().entry(authority).or_default().pop_front();
        Ok(self.receipt(authority, &event, answers.unwrap_or(Answers::Receipt(ReceiptResult::Taken))))
    }

    async fn begin_chain(&self, authority: AuthorityCode, chain: Vec<u8>) -> Result<Vec<u8>, LinkError> {
        self.chains.lock().unwrap().entry(authority).or_default().push(chain.clone());
        Ok(self.receipt(authority, &chain, Answers::Receipt(ReceiptResult::Taken)))
    }
}

pub fn revoke(list: &mut StatusList) {
    assert!(list.set(index().index(), Status::Invalid));
}
