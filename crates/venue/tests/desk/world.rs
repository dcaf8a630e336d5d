//! A world around one desk: an authority that issues, lists that can be old, wallets that answer.

use std::sync::{Arc, Mutex};

use credential::status::Status;
use credential::venue::{
    ClaimName, ClaimSet, ClaimValue, Claims, CredentialFrame, CredentialKind, Exchange, PseudonymSecret,
    Shown, VenueCredential, VenueRequest, answer, issue_credential,
};
use credential::{KeyClass, SigningKey, StatusRef, VerifyingKey};
use documents::{AuthorityCode, Timestamp};
use trust::{
    Approval, Approvals, Binding, DeskBinding, Face, Freshness, KeyEntry, Role, Root, Terms, TrustList,
    TrustStore, VenueKind,
};
use venue::desk::{Book, Desk, DeskKeys, DeskSetup, Lists};
use venue::store::{DatabaseAddress, Keys, Store};
use venue::{Building, Hotel};

use crate::desk::{now, profile};

use AuthorityCode::Chn;

const KID: u8 = 7;

/// What a desk goes by, each part as old as a test wants.
#[derive(Clone)]
pub struct Held {
    trust: TrustStore,
    pub approvals: Approvals,
    pub heard: Option<Timestamp>,
    pub status_issued: Timestamp,
    pub status: Status,
}

impl Lists for Held {
    fn trust(&self) -> &TrustStore {
        &self.trust
    }

    fn approvals(&self) -> &Approvals {
        &self.approvals
    }

    fn approvals_heard(&self) -> Option<Timestamp> {
        self.heard
    }

    fn status(&self, _: AuthorityCode, _: StatusRef, now: Timestamp) -> Option<(Status, Freshness)> {
        Some((self.status, Freshness::of_status_list(self.status_issued, None, None, now)))
    }
}

/// One authority, one desk in a folder of its own.
pub struct World {
    pub folder: tempfile::TempDir,
    issuer: SigningKey,
    desk_key: Vec<u8>,
    pub kind: VenueKind,
    pub lists: Arc<Mutex<Held>>,
    pub desk: Desk,
    wallets: Mutex<u32>,
}

fn set(claims: &[ClaimName]) -> ClaimSet {
    claims.iter().copied().collect()
}

pub fn approval(kind: VenueKind) -> Approval {
    let each = |text: &str| vec![(Chn, text.to_owned())];
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Approval {
        id: "desk-1".to_owned(),
        number: 1,
        withdrawn: false,
        scenario: kind.scenario(),
        jurisdictions: vec![Chn],
        ports: vec![],
        from: "2026-01-01".parse().unwrap(),
        to: "2027-12-31".parse().unwrap(),
        hours: (0, 24 * 60),
        claims: names(&["name", "birth_date", "nationality", "document_kind", "document_number"]),
        retention_days: 30,
        assessment: "PIA-2".to_owned(),
        filings: each("filing"),
        probe_grounds: each("ground"),
        terms: Some(Terms {
            venues: vec!["specimen-desk".parse().unwrap(), "specimen-other".parse().unwrap()],
            purposes: names(&["register"]),
            face: Face::NotCompared,
        }),
    }
}

/// What the desk asks.
pub fn setup(kind: VenueKind) -> DeskSetup {
    use ClaimName::{BirthDate, DocumentKind, DocumentNumber, Name, Nationality};
    let (required, optional) = match kind {
        VenueKind::Hotel => (set(&[Name, DocumentKind, DocumentNumber]), set(&[BirthDate, Nationality])),
        VenueKind::Building => (set(&[DocumentKind]), set(&[Name])),
        VenueKind::Library => (set(&[Name]), ClaimSet::default()),
    };
    DeskSetup {
        name: "Specimen Desk".to_owned(),
        name_zh: "樣本櫃檯".to_owned(),
        authority: Chn,
        venue: "specimen-desk".parse().unwrap(),
        kind,
        scenario: kind.scenario(),
        approval: "desk-1".to_owned(),
        purpose: "register".to_owned(),
        required,
        optional,
        retention_days: 30,
        face: false,
    }
}

pub async fn book(folder: &std::path::Path, kind: VenueKind) -> Book {
    let keys = Keys::open_or_make(&folder.join("book.keys")).unwrap();
    let store = Store::open(&DatabaseAddress::sqlite(&folder.join("book.db")), keys).await.unwrap();
    match kind {
        VenueKind::Hotel => Book::Hotel(Box::new(Hotel::new(store, profile("mainland"), Some(30)))),
        VenueKind::Building => Book::Building(Building::new(store, Some(30))),
        VenueKind::Library => panic!("a library needs its system: World::over"),
    }
}

impl World {
    pub async fn new(kind: VenueKind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let book = book(folder.path(), kind).await;
        Self::over(kind, folder, book)
    }

    /// A desk over a book that is open already; the folder goes with it.
    pub fn over(kind: VenueKind, folder: tempfile::TempDir, book: Book) -> Self {
        let (root, issuer) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let (pkcs8, desk) = key();
        let signed_by = Root::of(1, [("root", *root.public())]).unwrap();
        let mut trust = TrustStore::new(&[(Chn, signed_by.clone())]).unwrap();
        let entry = |role, kid: &[u8], key: &SigningKey, binding| KeyEntry {
            role,
            kid: kid.to_vec(),
            key: key.public().as_bytes().to_vec(),
            from: now().plus_seconds(-86_400),
            to: now().plus_seconds(90 * 86_400),
            compromised: false,
            binding,
        };
        let setup = setup(kind);
        let binding = DeskBinding::new(setup.venue.clone(), kind, [setup.scenario]).unwrap();
        let keys = vec![
            entry(Role::Venue, &[KID], &issuer, None),
            entry(Role::Desk, b"specimen-desk", &desk, Some(Binding::Desk(binding))),
        ];
        let (issued, expires) = (now(), now().plus_seconds(7 * 86_400));
        let list =
            TrustList { authority: Chn, number: 1, issued, expires, root: signed_by, next: None, keys };
        trust.update(&list.sign(b"root", &root).unwrap(), now()).unwrap();
        let mut approvals = Approvals::default();
        approvals.take(approval(kind)).unwrap();
        let held = Held { trust, approvals, heard: Some(now()), status_issued: now(), status: Status::Valid };
        let desk = Desk::new(setup, DeskKeys::one(b"specimen-desk".to_vec(), desk), book);
        let lists = Arc::new(Mutex::new(held));
        Self { folder, issuer, desk_key: pkcs8, kind, lists, desk, wallets: Mutex::new(0) }
    }

    /// The same desk after a stop.
    pub async fn again(&self) -> Desk {
        self.with(|_| {}).await
    }

    /// The same desk with another setup.
    pub async fn with(&self, change: impl FnOnce(&mut DeskSetup)) -> Desk {
        let mut setup = setup(self.kind);
        change(&mut setup);
        let key = SigningKey::from_pkcs8(&self.desk_key).unwrap();
        let keys = DeskKeys::one(b"specimen-desk".to_vec(), key);
        Desk::new(setup, keys, book(self.folder.path(), self.kind).await)
    }

    pub fn own_key(&self) -> SigningKey {
        SigningKey::from_pkcs8(&self.desk_key).unwrap()
    }

    pub fn desk_public(&self) -> VerifyingKey {
        VerifyingKey::new(*self.own_key().public()).unwrap()
    }

    pub fn held(&self) -> Held {
        self.lists.lock().unwrap().clone()
    }

    /// Lists that a test has made older or otherwise changed.
    pub fn held_with(&self, change: impl FnOnce(&mut Held)) -> Held {
        let mut held = self.held();
        change(&mut held);
        held
    }

    /// A new wallet with one identity credential.
    pub fn wallet(&self) -> Wallet {
        let mut secret = [0; 32];
        credential::random(&mut secret).unwrap();
        self.wallet_with(secret)
    }

    /// The same wallet with its next credential: one is shown to a desk once.
    pub fn restocked(&self, wallet: &Wallet) -> Wallet {
        self.wallet_with(wallet.bytes)
    }

    fn wallet_with(&self, secret: [u8; 32]) -> Wallet {
        let mut wallets = self.wallets.lock().unwrap();
        *wallets += 1;
        let n = *wallets;
        let device = SigningKey::generate().unwrap();
        let day = now().local_date();
        let frame = CredentialFrame {
            issuer: Chn,
            kind: CredentialKind::Identity,
            issued: day.start(),
            expires: KeyClass::Hardware.expiry_for(day),
            device_key: *device.public(),
            status: StatusRef::new(3, 70_000 + n).unwrap(),
        };
        let mut claims = Claims::default();
        for (claim, text) in [
            (ClaimName::Name, format!("CANARY, SPECIMEN {n:04}")),
            (ClaimName::NameZh, "樣本".to_owned()),
            (ClaimName::BirthDate, "1990-05-17".to_owned()),
            (ClaimName::Nationality, "CHN".to_owned()),
            (ClaimName::DocumentKind, "home_return_permit".to_owned()),
            (ClaimName::DocumentNumber, format!("H{:08}", 12_340_000 + n)),
        ] {
            claims.insert(claim, ClaimValue::Text(text)).unwrap();
        }
        let mut salts = || {
            let mut salt = [0; credential::sd_cwt::SALT_LEN];
            credential::random(&mut salt).map(|()| salt)
        };
        let bytes = issue_credential(&frame, &claims, KID, &self.issuer, &mut salts).unwrap();
        let issuer = VerifyingKey::new(*self.issuer.public()).unwrap();
        let credential = VenueCredential::receive(&bytes, &issuer, device.public()).unwrap();
        Wallet { credential, device, secret: PseudonymSecret::from_bytes(secret), bytes: secret }
    }
}

fn key() -> (Vec<u8>, SigningKey) {
    let key = SigningKey::generate().unwrap();
    (key.to_pkcs8().unwrap().to_vec(), key)
}

/// A wallet with one credential.
pub struct Wallet {
    credential: VenueCredential,
    device: SigningKey,
    secret: PseudonymSecret,
    bytes: [u8; 32],
}

impl Wallet {
    /// Agrees to everything that the credential has.
    pub fn answer(&self, request: &VenueRequest, made: Timestamp) -> Vec<u8> {
        self.show(request, &request.asked(), made)
    }

    /// Agrees to what is required alone.
    pub fn answer_required(&self, request: &VenueRequest, made: Timestamp) -> Vec<u8> {
        self.show(request, &request.required, made)
    }

    fn show(&self, request: &VenueRequest, chosen: &ClaimSet, made: Timestamp) -> Vec<u8> {
        let shown = [Shown { credential: &self.credential, device: &self.device }];
        answer(request, chosen, &shown, self.secret.at(&request.venue), made).unwrap()
    }
}

/// A request of another venue, of the same form.
pub fn other_venue(request: &VenueRequest) -> VenueRequest {
    VenueRequest { venue: "specimen-other".parse().unwrap(), ..request.clone() }
}

/// The same request on a sign for ten days.
pub fn on_a_sign(request: &VenueRequest) -> VenueRequest {
    let ends = request.made.plus_seconds(10 * 86_400);
    VenueRequest { exchange: Exchange::Standing, ends, ..request.clone() }
}
