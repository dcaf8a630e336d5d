//! A bay for tests: two authorities over whatever database, one gate, one traveller, real photographs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, OnceLock};

use ::risk::rules::RULES_TEXT;
use ::risk::schema::Schema;
use ::risk::version::{RulesVersion, Stage};
use authority::store::Store;
use authority::{
    Claim, DeviceProof, EnrolError, EnrolRequest, EnrolmentRules, Faces, InvitationCode, IssueError, KEY_ID,
    Keys, Pause, RiskControl, Service, possession, status_list_number,
};
use chip::CountrySigners;
use clearance::Envelope;
use credential::dpop::DpopThumbprint;
use credential::message::{self, Event, Kind, Passage, Receipt, ReceiptResult, Request, Verdict};
use credential::{Audience, KeyClass, PartHash, SigningKey, Unlock, random, sha256, sign_proof_with};
use documents::AuthorityCode::{Chn, Mac};
use documents::{
    AuthorityCode, Direction, DocumentKind, DocumentNumber, LaneKind, LocalDate, PortId, Rules, Scenario,
    Side, Timestamp,
};
use face::{Embedder, FaceConfig, Finder, Image, ModelFolder, Probe};
use test_support::SignerChain;
use test_support::chip::{Country, Scheme};
use trust::{
    Approval, Approvals, Binding, CredentialType, FOREIGN_IDENTITY, GateBinding, IssuerBinding, KeyEntry,
    Party, Role, Root, TlsKey, TrustList, TrustStore,
};

pub const GATE: &str = "hengqin/CHN-MAC";
/// A second lane beside it.
pub const LANE_2: &str = "hengqin/CHN-MAC/2";
/// A gate of another port.
pub const ELSEWHERE: &str = "qingmao/CHN-MAC";
/// A gate of the other way.
pub const TURNED: &str = "hengqin/MAC-CHN";
/// A lane by document beside them.
pub const BY_DOCUMENT: &str = "hengqin/CHN-MAC/document";
/// A lane by face alone beside them.
pub const FACE_ONLY: &str = "hengqin/CHN-MAC/face";
pub const NUMBER: &str = "CA1234567";
pub const NAME: &str = "Specimen Li Na";
pub const BIRTH: &str = "1991-05-06";

pub const RECORD: &str = r#"{
  "person": {"name": "SPECIMEN LI NA", "name_zh": "李娜样本", "birth": "1991-05-06", "home": "CHN", "city": "Zhuhai",
    "height_cm": 165},
  "documents": [{"kind": "exit_entry_permit", "number": "CA1234567", "expires": "2030-01-01",
    "endorsements": [{"kind": "G", "destination": "MAC", "from": "2026-01-10", "to": "2026-04-09", "entries": 1}]}]
}"#;

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Two photographs of one person ten years apart, and one of somebody else; `None` (said loudly) without the folder.
pub fn photographs(test: &str) -> Option<(Vec<u8>, Vec<u8>, Vec<u8>)> {
    let folder = test_support::shared(test, "faces/genuine")?;
    let read = |name: &str| std::fs::read(folder.join(name)).expect("a photograph of the shared folder");
    Some((read("B001243-b.jpg"), read("B001243-a.jpg"), read("A000055-b.jpg")))
}

/// The mainland as a state that signs chips, believed by every authority.
pub fn country() -> &'static Country {
    static COUNTRY: OnceLock<Country> = OnceLock::new();
    COUNTRY.get_or_init(|| Country::new("CN", Scheme::P256))
}

/// The models, loaded once.
pub fn faces() -> Arc<Faces> {
    static FACES: OnceLock<Arc<Faces>> = OnceLock::new();
    let load = || {
        let config = FaceConfig::builtin().unwrap();
        let folder = ModelFolder::new(&root().join("models"), &config).with_workers(2);
        let finder = Finder::load(&folder, &config).expect("the face models; run `make models`");
        let embedder = Embedder::load(&folder, &config).expect("the face models; run `make models`");
        Arc::new(Faces { finder, embedder, config })
    };
    Arc::clone(FACES.get_or_init(load))
}

pub struct Bay {
    pub chn: Arc<Service>,
    pub mac: Arc<Service>,
    pub gate: SigningKey,
    /// The mainland's keys for hand-overs and tokens, for those that it would never sign.
    pub handover: SigningKey,
    pub token: SigningKey,
    /// Macao's key for notices: the bay has no lane between the regions.
    pub notice: SigningKey,
    pub trust: TrustStore,
    /// The keys of connections: of both authorities, and of the gates.
    pub connections: BTreeMap<Party, SigningKey>,
    /// Macao's trust list with the next number.
    pub newer_list: Vec<u8>,
    pub approval: Vec<u8>,
    /// With which the mainland's supervisors sign approvals and risk rules.
    pub supervisors: SigningKey,
    /// The same of Macao's.
    pub supervisors_mac: SigningKey,
    pub now: Timestamp,
}

fn copy(key: &SigningKey) -> SigningKey {
    SigningKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap()
}

struct Secrets {
    keys: Keys,
    list: SigningKey,
    approval: SigningKey,
}

impl Secrets {
    fn root(&self) -> Root {
        Root::of(1, [(KEY_ID, *self.list.public())]).unwrap()
    }
}

fn secrets(keys: Keys) -> Secrets {
    Secrets { keys, list: SigningKey::generate().unwrap(), approval: SigningKey::generate().unwrap() }
}

fn trust_list(
    authority: AuthorityCode,
    number: u64,
    secrets: &Secrets,
    gate: &SigningKey,
    connections: &BTreeMap<Party, SigningKey>,
    now: Timestamp,
) -> Vec<u8> {
    let (from, to) = (now.plus_seconds(-86_400), now.plus_seconds(86_400 * 90));
    let entry = |role, kid: &[u8], key: &SigningKey| KeyEntry {
        role,
        kid: kid.to_vec(),
        key: key.public().as_bytes().to_vec(),
        from,
        to,
        compromised: false,
        binding: None,
    };
    let mut keys = secrets.keys.entries(from, to);
    keys.push(entry(Role::Approval, KEY_ID, &secrets.approval));
    let out = Direction::new(Chn, Mac).unwrap();
    let at = |port: &str, direction| {
        Some(Binding::Gate(GateBinding::code_lane(port.parse().unwrap(), direction, true)))
    };
    let by_document = GateBinding::lane("hengqin".parse().unwrap(), LaneKind::Document, out, true);
    let by_document = Some(Binding::Gate(by_document));
    let by_face = GateBinding::lane("hengqin".parse().unwrap(), LaneKind::FaceOnly, out, true);
    let by_face = Some(Binding::Gate(by_face));
    for (name, binding) in [
        (GATE, at("hengqin", out)),
        (LANE_2, at("hengqin", out)),
        (ELSEWHERE, at("qingmao", out)),
        (TURNED, at("hengqin", out.reversed())),
        (BY_DOCUMENT, by_document),
        (FACE_ONLY, by_face),
    ] {
        keys.push(KeyEntry { binding, ..entry(Role::Gate, name.as_bytes(), gate) });
    }
    for (party, key) in connections {
        if !matches!(party, Party::Authority(code) if *code != authority) {
            let kid = TlsKey { party: party.clone(), number: 1 }.kid();
            keys.push(entry(Role::Tls, &kid, key));
        }
    }
    if authority == Chn {
        for (name, of) in [("elsewhere", &FOREIGN_ELSEWHERE), ("identities", &FOREIGN)] {
            keys.push(foreign(name, of, (from, to)));
        }
    }
    let (root, expires) = (secrets.root(), now.plus_seconds(7 * 86_400));
    let list = TrustList { authority, number, issued: now, expires, root, next: None, keys };
    list.sign(KEY_ID, &secrets.list).unwrap()
}

/// An issuer of another system that the mainland lists: it may tell numbers of exit-entry permits.
pub static FOREIGN: LazyLock<SignerChain> =
    LazyLock::new(|| SignerChain::new("Identities", &["id.example"], None));
/// One that is listed for another jurisdiction than its signer's certificate names.
pub static FOREIGN_ELSEWHERE: LazyLock<SignerChain> =
    LazyLock::new(|| SignerChain::new("Elsewhere", &["elsewhere.example"], None));
/// The types of its credentials.
pub const FOREIGN_VCT: &str = "urn:example:identity:1";
pub const FOREIGN_DOCTYPE: &str = "org.iso.23220.photoID.1";

fn foreign(name: &str, of: &SignerChain, (from, to): (Timestamp, Timestamp)) -> KeyEntry {
    let jurisdiction = if name == "elsewhere" { "MO" } else { "HK" };
    let types = [CredentialType::SdJwt(FOREIGN_VCT.into()), CredentialType::Mdoc(FOREIGN_DOCTYPE.into())];
    let documents = [DocumentKind::ExitEntryPermit];
    let binding =
        IssuerBinding::new(jurisdiction.parse().unwrap(), types, documents, of.root.clone()).unwrap();
    KeyEntry {
        role: Role::ForeignIssuer,
        kid: name.as_bytes().to_vec(),
        key: binding.key().as_bytes().to_vec(),
        from,
        to,
        compromised: false,
        binding: Some(Binding::Issuer(binding)),
    }
}

/// A bay over these two databases, where nothing was handed over yet.
pub async fn strangers(now: Timestamp, stores: [Place; 2]) -> Bay {
    // The lot falls on nobody, so that a test is not refused by chance; those of risk control draw it.
    let bay = bare(now, stores, &|risk| risk).await;
    bring_rules(&bay).await;
    bay
}

/// Brings the first rules into force on both sides.
async fn bring_rules(bay: &Bay) {
    for (service, key) in [(&bay.chn, &bay.supervisors), (&bay.mac, &bay.supervisors_mac)] {
        let signed = risk_rules((service.code(), 1), RULES_TEXT, Stage::Full, key, bay.now);
        service.take_risk_rules(&signed, "rules of the bay", bay.now).await.unwrap();
    }
}

/// The same without any risk rules, and with another risk control.
async fn bare(now: Timestamp, stores: [Place; 2], with: &dyn Fn(RiskControl) -> RiskControl) -> Bay {
    let faces = faces();
    let gate = SigningKey::generate().unwrap();
    let [first, second] = stores;
    let (chn, mac) = (secrets(first.keys), secrets(second.keys));
    let (handover, notice) = (copy(&chn.keys.signing.handover.key), copy(&mac.keys.signing.notice.key));
    let token = copy(&chn.keys.signing.token.key);
    let (supervisors, supervisors_mac) = (copy(&chn.approval), copy(&mac.approval));
    let parties = [Party::Authority(Chn), Party::Authority(Mac), Party::Gates("hengqin".parse().unwrap())];
    let connections: BTreeMap<_, _> =
        parties.map(|party| (party, SigningKey::generate().unwrap())).into_iter().collect();
    let roots = [(Chn, chn.root()), (Mac, mac.root())];
    let mut trust = TrustStore::new(&roots).unwrap();
    trust.update(&trust_list(Chn, 1, &chn, &gate, &connections, now), now).unwrap();
    trust.update(&trust_list(Mac, 1, &mac, &gate, &connections, now), now).unwrap();
    let newer_list = trust_list(Mac, 2, &mac, &gate, &connections, now);
    let both = |text: &str| vec![(Chn, text.to_owned()), (Mac, text.to_owned())];
    let approval = Approval {
        id: "2026-001".into(),
        number: 1,
        withdrawn: false,
        scenario: Scenario::BorderCrossing,
        jurisdictions: vec![Chn, Mac],
        ports: vec!["hengqin".parse().unwrap()],
        from: "2026-01-01".parse().unwrap(),
        to: "2026-03-31".parse().unwrap(),
        hours: (0, 1440),
        claims: vec!["permit".into(), FOREIGN_IDENTITY.into()],
        retention_days: 30,
        assessment: "PIA-1".into(),
        filings: both("filing 1"),
        probe_grounds: both("statutory duty"),
        terms: None,
    };
    let signed = [(Chn, &chn.approval), (Mac, &mac.approval)]
        .map(|(code, key)| (code, approval.sign(KEY_ID, key).unwrap()));
    let bundle = Approval::bundle(&signed);
    let mut approvals = Approvals::default();
    approvals.take(Approval::open(&bundle, &trust, now).unwrap()).unwrap();
    let service = |code, store, keys| {
        let rules = Rules::builtin().unwrap();
        let enrolment = EnrolmentRules::builtin().unwrap();
        let (faces, trust, approvals) = (faces.clone(), trust.clone(), approvals.clone());
        // No test waits for the moment at which an answer goes out.
        let at_once = Arc::new(|_: u32| -> Pause { Box::pin(std::future::ready(())) });
        let risk = RiskControl::builtin(code).unwrap().with_random_checks(None).with_pause(at_once);
        let risk = with(risk);
        let service = Service::new(code, store, rules, enrolment, faces, keys, trust, approvals, risk);
        let countries = CountrySigners::from_certificates([country().certificate()]).unwrap();
        Arc::new(service.with_simulated_cameras(true).with_country_signers(countries))
    };
    let (chn, mac) = (service(Chn, first.store, chn.keys), service(Mac, second.store, mac.keys));
    let trust = trust.clone();
    Bay {
        chn,
        mac,
        gate,
        handover,
        token,
        notice,
        trust,
        connections,
        newer_list,
        approval: bundle,
        supervisors,
        supervisors_mac,
        now,
    }
}

/// A signed version of an authority's risk rules.
pub fn risk_rules(
    (authority, number): (AuthorityCode, u64),
    text: &str,
    stage: Stage,
    key: &SigningKey,
    now: Timestamp,
) -> Vec<u8> {
    let (starts, schema) = (now.local_date(), *Schema::builtin().unwrap().hash());
    let text = text.to_owned();
    let version = RulesVersion { authority, number, made: now, starts, stage, schema, text };
    version.sign(KEY_ID, key).unwrap()
}

/// A bay over these two databases, with weekly keys and status lists where they belong.
pub async fn bay(now: Timestamp, stores: [Place; 2]) -> Bay {
    prepared(strangers(now, stores).await).await
}

/// The same with another risk control.
pub async fn bay_with(now: Timestamp, stores: [Place; 2], with: &dyn Fn(RiskControl) -> RiskControl) -> Bay {
    let bay = bare(now, stores, with).await;
    bring_rules(&bay).await;
    prepared(bay).await
}

/// The same where no risk rules were ever brought into force.
pub async fn bay_without_rules(now: Timestamp, stores: [Place; 2]) -> Bay {
    prepared(bare(now, stores, &|risk| risk).await).await
}

async fn prepared(bay: Bay) -> Bay {
    let now = bay.now;
    for weeks in 0..3 {
        let week = now.local_date().iso_week().plus_weeks(weeks);
        let key = bay.chn.hand_over(Mac, week, now).await.unwrap();
        bay.mac.take_handover(&key, now).await.unwrap();
        assert!(bay.chn.take_handover(&key, now).await.is_err(), "a weekly key is for its receiver alone");
    }
    let list = status_list_number(KeyClass::Software.expiry_for(now.local_date()));
    let signed = bay.chn.status_list(list, now).await.unwrap();
    bay.mac.take_status_list(Chn, list, &signed, now).unwrap();
    bay
}

/// A database with the keys of the authority whose it is.
pub struct Place {
    pub store: Store,
    pub keys: Keys,
}

/// A database at this address, with new keys.
pub async fn place(url: &str) -> Place {
    let keys = Keys::generate().unwrap();
    let store = Store::open(&url.parse().unwrap(), keys.vault(), &Rules::builtin().unwrap()).await;
    Place { store: store.unwrap(), keys }
}

/// Two databases in memory.
pub async fn in_memory() -> [Place; 2] {
    [place("sqlite::memory:").await, place("sqlite::memory:").await]
}

pub struct Wallet {
    pub device: SigningKey,
    pub token: Vec<u8>,
    pub own: Vec<u8>,
    pub sealed: Vec<u8>,
}

/// The device key of every wallet here that needs none of its own.
pub static DEVICE: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate().unwrap());

pub fn device_thumbprint() -> DpopThumbprint {
    DpopThumbprint::of(DEVICE.public()).unwrap()
}

pub async fn enrol(bay: &Bay, selfie: &[u8]) -> [u8; 32] {
    let number = DocumentNumber::recognise(NUMBER).unwrap();
    let birth: LocalDate = BIRTH.parse().unwrap();
    enrol_as(&bay.chn, (&number, NAME, birth), selfie, bay.now).await.unwrap()
}

/// A code for whoever has this number, by which an earlier wallet of theirs ends; where nobody has it, a code that nobody made.
pub async fn invitation(service: &Service, number: &DocumentNumber, now: Timestamp) -> String {
    match service.invite(number, true, now).await {
        Ok(made) => made.code.printed(),
        Err(_) => guessed(service.code()),
    }
}

/// A code that nobody made.
pub fn guessed(authority: AuthorityCode) -> String {
    let mut drawn = [0; 9];
    random(&mut drawn).unwrap();
    InvitationCode::new(authority, drawn).printed()
}

pub fn claim(
    service: &Service,
    (number, name, birth): (&DocumentNumber, &str, LocalDate),
    invitation: Option<String>,
    now: Timestamp,
) -> Result<Claim, EnrolError> {
    let (number, name) = (number.clone(), name.to_owned());
    service.read_claim(EnrolRequest { number, name, birth, mrz: None, invitation }, None, now)
}

/// Enrols with a fresh invitation.
pub async fn enrol_as(
    service: &Service,
    who: (&DocumentNumber, &str, LocalDate),
    selfie: &[u8],
    now: Timestamp,
) -> Result<[u8; 32], EnrolError> {
    let invitation = invitation(service, who.0, now).await;
    let claim = claim(service, who, Some(invitation), now)?;
    Ok(service.enrol(&claim, device_thumbprint(), selfie, now).await?.secret)
}

/// One more token of an enrolled wallet.
pub async fn token(bay: &Bay, session: &[u8; 32]) -> Wallet {
    let device = SigningKey::generate().unwrap();
    let proof = possession(&device, Chn, Chn, session, bay.now).unwrap();
    let keys = [DeviceProof { key: *device.public(), proof }];
    let issued = bay.chn.issue(session, &keys, None, bay.now).await.unwrap().tokens.remove(0);
    let (_, sealed) = issued.sealed.into_iter().find(|(r, _)| *r == Mac).unwrap();
    Wallet { device, token: issued.token, own: issued.own, sealed }
}

/// An enrolled wallet with a token; what must not be issued is tried on the way.
pub async fn wallet(bay: &Bay, selfie: &[u8]) -> Wallet {
    let session = enrol(bay, selfie).await;
    let device = SigningKey::generate().unwrap();
    let proof = possession(&device, Chn, Chn, &session, bay.now).unwrap();
    let stolen = DeviceProof { key: *SigningKey::generate().unwrap().public(), proof: proof.clone() };
    let refused = bay.chn.issue(&session, &[stolen], None, bay.now).await;
    assert!(matches!(refused, Err(IssueError::Possession)), "a filmed key without its proof gets nothing");
    let keys = [DeviceProof { key: *device.public(), proof }];
    let mut issued = bay.chn.issue(&session, &keys, None, bay.now).await.unwrap().tokens;
    let again = bay.chn.issue(&session, &keys, None, bay.now).await.unwrap().tokens;
    assert_eq!(
        again.first().map(|i| &i.own),
        issued.first().map(|i| &i.own),
        "the same key again reveals nothing new"
    );
    let tomorrow = bay.now.plus_seconds(86_400);
    let proof = possession(&device, Chn, Chn, &session, tomorrow).unwrap();
    let later = [DeviceProof { key: *device.public(), proof }];
    let refused = bay.chn.issue(&session, &later, None, tomorrow).await;
    assert!(matches!(refused, Err(IssueError::KeyTaken)), "a device key is not renewed past its revocation");
    let issued = issued.remove(0);
    let (receiver, sealed) = issued.sealed.into_iter().find(|(r, _)| *r == Mac).unwrap();
    assert_eq!(receiver, Mac);
    Wallet { device, token: issued.token, own: issued.own, sealed }
}

#[derive(Clone)]
pub struct Shown {
    pub proof: Vec<u8>,
    pub probe: Vec<u8>,
    pub clearance: [u8; 16],
    /// At which lane.
    pub gate: &'static str,
    /// Numbers of the measures that were carried out there.
    pub done: Vec<u8>,
}

pub fn show(bay: &Bay, wallet: &Wallet, live: &[u8]) -> Shown {
    show_unlocked(bay, wallet, live, None)
}

/// The same, with what the proof says of an own unlock.
pub fn show_unlocked(bay: &Bay, wallet: &Wallet, live: &[u8], unlock: Option<Unlock>) -> Shown {
    let direction = Direction::new(Chn, Mac).unwrap();
    let audience = Audience::new("hengqin".parse().unwrap(), direction, None);
    let parts = [PartHash::of(&wallet.own), PartHash::of(&wallet.sealed)];
    let made = (bay.now, unlock);
    let proof = sign_proof_with(&wallet.device, &audience, &wallet.token, &parts, made).unwrap();
    let (probe, _) = Probe::from_image(&faces().finder, &Image::decode(live).unwrap()).unwrap();
    let mut clearance = [0; 16];
    random(&mut clearance).unwrap();
    Shown { proof, probe: probe.encode(), clearance, gate: GATE, done: Vec::new() }
}

fn request(bay: &Bay, wallet: &Wallet, shown: &Shown, role: Side, own: &[u8], other: &[u8]) -> Request {
    let device = credential::DeviceKey::new(*wallet.device.public()).unwrap();
    Request {
        clearance: shown.clearance,
        gate: shown.gate.into(),
        port: "hengqin".parse::<PortId>().unwrap(),
        lane: LaneKind::Code,
        direction: Direction::new(Chn, Mac).unwrap(),
        role,
        joint: true,
        token: device.thumbprint().token_id(),
        shown: message::shown_hash(&wallet.token, &shown.proof),
        made_at: bay.now,
        part: PartHash::of(own),
        other_part: Some(PartHash::of(other)),
        probe: sha256(&shown.probe),
        at: bay.now,
        measures_done: shown.done.clone(),
    }
}

/// Hash of a signed message's payload.
pub fn hash_of(signed: &[u8]) -> [u8; 32] {
    message::payload_hash(message::unverified_payload(signed).unwrap())
}

/// What a receipt says, once its signature and the message that it speaks of are as they should be.
pub fn receipt_of(bay: &Bay, from: AuthorityCode, receipt: &[u8], sent: &[u8]) -> ReceiptResult {
    let key = bay.trust.find(from, Role::Verdict, KEY_ID, bay.now).unwrap();
    let read = Receipt::decode(message::open(Kind::Receipt, receipt, key).unwrap()).unwrap();
    assert_eq!((read.authority, read.message, read.at), (from, hash_of(sent), bay.now));
    read.result
}

/// The envelope for the authority of this side, and the hash of the request in it.
pub fn envelope(bay: &Bay, wallet: &Wallet, shown: &Shown, role: Side) -> (Vec<u8>, [u8; 32]) {
    envelope_with(bay, wallet, shown, role, |_| {})
}

/// The envelope with a request that was changed before the gate signed it.
pub fn envelope_with(
    bay: &Bay,
    wallet: &Wallet,
    shown: &Shown,
    role: Side,
    change: impl FnOnce(&mut Request),
) -> (Vec<u8>, [u8; 32]) {
    let (own, other) = match role {
        Side::Exit => (&wallet.own, &wallet.sealed),
        Side::Entry => (&wallet.sealed, &wallet.own),
    };
    let mut request = request(bay, wallet, shown, role, own, other);
    change(&mut request);
    let request = message::sign(Kind::Request, shown.gate.as_bytes(), &bay.gate, &request.encode()).unwrap();
    let envelope = Envelope {
        request: &request,
        token: &wallet.token,
        proof: &shown.proof,
        part: own,
        probe: &shown.probe,
    };
    (envelope.encode(), hash_of(&request))
}

pub async fn ask(bay: &Bay, wallet: &Wallet, shown: &Shown, role: Side) -> (Vec<u8>, Verdict, String) {
    let service = match role {
        Side::Exit => &bay.chn,
        Side::Entry => &bay.mac,
    };
    let (envelope, request) = envelope(bay, wallet, shown, role);
    let signed = service.verdict(&envelope, bay.now).await.unwrap();
    let verdict = Verdict::decode(message::unverified_payload(&signed).unwrap()).unwrap();
    assert_eq!(verdict.request, request, "a verdict answers one request");
    let reason = service.reason(&verdict.reference).await.unwrap().unwrap();
    (signed, verdict, reason.code)
}

/// An event as the gate signs it.
pub fn event(
    bay: &Bay,
    shown: &Shown,
    passage: Passage,
    (number, previous): (u64, [u8; 32]),
    verdicts: &[&[u8]],
) -> Vec<u8> {
    let event = Event {
        gate: shown.gate.into(),
        clearance: shown.clearance,
        passage,
        verdicts: verdicts.iter().map(|v| hash_of(v)).collect(),
        probe: sha256(&shown.probe),
        ..bare_event(bay, number, previous)
    };
    sign_event(bay, &event)
}

/// The gate's word that somebody did not pass, in a clearance that nobody judged.
pub fn bare_event(bay: &Bay, number: u64, previous: [u8; 32]) -> Event {
    Event {
        gate: GATE.into(),
        epoch: 0,
        number,
        previous,
        clearance: [1; 16],
        passage: Passage::NotPassed,
        at: bay.now,
        verdicts: Vec::new(),
        probe: [0; 32],
    }
}

/// An event, signed by the gate that it names.
pub fn sign_event(bay: &Bay, event: &Event) -> Vec<u8> {
    message::sign(Kind::Event, event.gate.as_bytes(), &bay.gate, &event.encode()).unwrap()
}

/// A passage as the gate signs it.
pub fn passed(bay: &Bay, shown: &Shown, number: u64, previous: [u8; 32], verdicts: &[&[u8]]) -> Vec<u8> {
    event(bay, shown, Passage::Passed, (number, previous), verdicts)
}

pub async fn pass(bay: &Bay, shown: &Shown, number: u64, previous: [u8; 32], verdicts: &[&[u8]]) -> Vec<u8> {
    let signed = passed(bay, shown, number, previous, verdicts);
    for service in [&bay.chn, &bay.mac] {
        for _ in 0..2 {
            // Told twice, counted once, answered alike.
            let receipt = service.hear_event(&signed, bay.now).await.unwrap();
            assert_eq!(receipt_of(bay, service.code(), &receipt, &signed), ReceiptResult::Taken);
        }
    }
    signed
}
