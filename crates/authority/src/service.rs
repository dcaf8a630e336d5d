//! The service of one authority: what it may do, in terms of bytes in and bytes out.
//!
//! Lives here: the registry, enrolment, parts, tokens, weekly keys, status, what a ledger hears. Not here: the verdict
//! (`verdict`), SQL (`store`), any clock: `now` is an argument of every call.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use credential::cbor::{CborError, Reader, Writer};
use credential::message::{self, Event, Handover, Kind, MessageError, Notice, Passage};
use credential::part::{
    EndorsementSlot, HolderIdentity, Name, OWN_SLOTS, PartContents, PartContext, PartError, SEALED_SLOTS,
    TEMPLATE_LEN, open_weekly_key, part_week, seal_weekly_key,
};
use credential::status::{SignedStatusList, Status, StatusList, StatusListError};
use credential::{
    CryptoError, DeviceKey, FIRST_STATUS_INDEX, KeyClass, PartHash, PublicKey, SealedHashes, SecretKey,
    ShortHash, SigningKey, StatusRef, Thumbprint, TokenClaims, TokenError, hpke, random, sha256, sign_token,
};
use documents::{
    AuthorityCode, CaseError, CaseFile, Document, DocumentKind, DocumentNumber, DocumentStatus, IsoWeek,
    LocalDate, Mrz, MrzError, MrzField, Nationality, Rules, Timestamp,
};
use face::{
    Decision, Embedder, Embedding, FaceConfig, FaceError, Finder, Image, ImageError, Liveness, LivenessScore,
    Probe, Template, TemplateFormat,
};
use trust::{ApprovalError, Approvals, KeyEntry, Role, TrustError, TrustStore};

use crate::ledger::LedgerEntry;
use crate::publish::Published;
use crate::store::{self, MovementRow, PersonRow, Store, StoreError, TokenRow, Tx};
use crate::work::Desk;

/// Failed enrolments on one number within an hour, after which it rests.
pub const MAX_TRIES: i64 = 5;
const TRIES_SECONDS: i64 = 3600;
/// How old a proof of possession may be, in seconds.
const POSSESSION_SECONDS: i64 = 300;
/// Most device keys in one batch.
pub const MAX_BATCH: usize = 64;
/// Entries of a status list.
const LIST_ENTRIES: u32 = 1 << 20;

/// The private keys of one authority; each role has its own.
#[derive(Debug)]
pub struct Keys {
    /// Signs tokens, under this one-byte id.
    pub token: (u8, SigningKey),
    /// Signs verdicts.
    pub verdict: SigningKey,
    /// Signs hand-overs.
    pub handover: SigningKey,
    /// Signs notices.
    pub notice: SigningKey,
    /// Signs status lists.
    pub status: SigningKey,
    /// Opens weekly keys that others hand over.
    pub part: hpke::ReceiverKey,
    /// Hashes document numbers; person keys and references come from it.
    pub numbers: SecretKey,
}

impl Keys {
    /// New keys; the token key has the id 1.
    ///
    /// # Errors
    /// When the library finds no randomness.
    pub fn generate() -> Result<Self, CryptoError> {
        Ok(Self {
            token: (1, SigningKey::generate()?),
            verdict: SigningKey::generate()?,
            handover: SigningKey::generate()?,
            notice: SigningKey::generate()?,
            status: SigningKey::generate()?,
            part: hpke::ReceiverKey::generate()?,
            numbers: SecretKey::generate()?,
        })
    }

    /// The entries of these keys in a trust list, in use from `from` until before `to`.
    #[must_use]
    pub fn entries(&self, from: Timestamp, to: Timestamp) -> Vec<KeyEntry> {
        let entry = |role, kid: &[u8], key: &[u8]| KeyEntry {
            role,
            kid: kid.to_vec(),
            key: key.to_vec(),
            from,
            to,
            compromised: false,
        };
        let signing = |role, key: &SigningKey| entry(role, KEY_ID, key.public().as_bytes());
        vec![
            entry(Role::Token, &[self.token.0], self.token.1.public().as_bytes()),
            signing(Role::Verdict, &self.verdict),
            signing(Role::Handover, &self.handover),
            signing(Role::Notice, &self.notice),
            signing(Role::Status, &self.status),
            entry(Role::Part, KEY_ID, self.part.public()),
        ]
    }
}

/// The id of every key but those for tokens.
pub const KEY_ID: &[u8] = b"1";

/// The face models of a service.
#[derive(Debug)]
pub struct Faces {
    /// Finds faces.
    pub finder: Finder,
    /// Describes them.
    pub embedder: Embedder,
    /// Thresholds.
    pub config: FaceConfig,
}

impl Faces {
    /// What a template says of a face.
    pub(crate) fn decide(
        &self,
        template: &[u8],
        kind: i64,
        embedding: &Embedding,
    ) -> Result<Decision, ServiceError> {
        let code = u8::try_from(kind).map_err(|_| ServiceError::Template)?;
        let kind = self.config.kind(code).ok_or(ServiceError::Template)?;
        let template = Template::from_bytes(kind, template).map_err(|_| ServiceError::Template)?;
        Ok(kind.decide(template.compare(embedding).map_err(|_| ServiceError::Template)?))
    }

    /// The one face of a selfie, described.
    fn describe(&self, selfie: &[u8]) -> Result<(Image, Embedding), ServiceError> {
        let image = Image::decode(selfie)?;
        let (probe, _) = Probe::from_image(&self.finder, &image)?;
        let embedding = self.embedder.embed(&probe)?;
        Ok((image, embedding))
    }

    /// The kind of template that is made of a photo today.
    fn made_today(&self) -> Result<i64, ServiceError> {
        let kind = self.config.kind_for(TemplateFormat::Compact72).ok_or(ServiceError::Template)?;
        Ok(i64::from(kind.code()))
    }

    /// The template of a registry's photo, with its kind.
    fn template(&self, photo: &[u8]) -> Result<(Vec<u8>, i64), ServiceError> {
        let embedding = self.embedder.enrol(&self.finder, &Image::decode(photo)?)?;
        let kind = self.config.kind_for(TemplateFormat::Compact72).ok_or(ServiceError::Template)?;
        let template = Template::pack(kind, &embedding).map_err(|_| ServiceError::Template)?;
        Ok((template.as_bytes().to_vec(), i64::from(kind.code())))
    }
}

/// One resident whose photo was described anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewed {
    /// The authority's own key of the person.
    pub key: Vec<u8>,
    /// Whether the photo gave a template.
    pub described: bool,
}

/// One authority's service.
#[derive(Debug)]
pub struct Service {
    pub(crate) me: AuthorityCode,
    pub(crate) store: Store,
    pub(crate) rules: Rules,
    pub(crate) faces: Arc<Faces>,
    pub(crate) keys: Keys,
    pub(crate) trust: RwLock<TrustStore>,
    pub(crate) approvals: RwLock<Approvals>,
    pub(crate) statuses: RwLock<BTreeMap<(AuthorityCode, u8), SignedStatusList>>,
    pub(crate) published: Published,
    pub(crate) desk: Desk,
    liveness: Option<Arc<Liveness>>,
}

/// Why the service refused, or could not.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A resident's record cannot be read.
    #[error("the resident's record: {0}")]
    Record(#[from] CaseError),
    /// A photo cannot be read.
    #[error("the photo: {0}")]
    Image(#[from] ImageError),
    /// A photo shows no single face.
    #[error("the photo: {0}")]
    Face(#[from] FaceError),
    /// Two residents with one number.
    #[error("a resident with this {0} is registered already; look it up instead of adding it again")]
    NumberTaken(DocumentKind),
    /// The record has no document that this authority issues.
    #[error("{0} issued none of these documents")]
    NothingIssued(AuthorityCode),
    /// No resident has this number with this name and birth date. One answer for all three: it tells nobody which.
    #[error("number, name and birth date do not belong together here; check them and try again")]
    Unknown,
    /// Too many tries.
    #[error("too many tries with this number; wait an hour, or go to an office with your card")]
    TooManyTries,
    /// The selfie is not the person of the registry's photo.
    #[error("the face does not match the photo held here; try again in good light, or go to an office")]
    FaceMismatch,
    /// No pass is in force for this wallet.
    #[error("no pass is in force for this wallet; enrol again")]
    NoPass,
    /// The batch is empty or too large.
    #[error("a batch has 1 to {MAX_BATCH} device keys")]
    Batch,
    /// The holder gave no valid proof for a device key.
    #[error("a device key came without a valid proof that its holder has it")]
    Possession,
    /// The device key has a part of another person.
    #[error("a device key is in use already; make a new one")]
    KeyTaken,
    /// No permit of this authority.
    #[error("no valid document of {0} is registered that a pass could rest on")]
    NoPermit(AuthorityCode),
    /// The weekly key is missing.
    #[error("the weekly key {maker} to {receiver} for {week} is not here yet; hand it over first")]
    NoWeeklyKey {
        /// Who makes it.
        maker: AuthorityCode,
        /// Who receives it.
        receiver: AuthorityCode,
        /// For which week.
        week: IsoWeek,
    },
    /// A signed message.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// A message's form.
    #[error("the message is not in its form: {0}")]
    Form(#[from] CborError),
    /// A key that does not count.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// An approval.
    #[error(transparent)]
    Approval(#[from] ApprovalError),
    /// A part.
    #[error(transparent)]
    Part(#[from] PartError),
    /// A token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A status list.
    #[error(transparent)]
    Status(#[from] StatusListError),
    /// The crypto library.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// The face models.
    #[error(transparent)]
    Inference(#[from] face::InferenceError),
    /// A gate's event out of its order.
    #[error("the event is number {got}, {expected} comes next; send the missing ones first")]
    Gap {
        /// What must come.
        expected: u64,
        /// What came.
        got: u64,
    },
    /// A second event with a number that was used.
    #[error("event {0} of this gate is known with other contents; an officer must look at the gate")]
    Fork(u64),
    /// The event names a verdict or a probe that was not judged here.
    #[error("the event names a verdict or a face that was not judged here")]
    NotJudged,
    /// The message is for somebody else.
    #[error("the message is not for this authority")]
    NotForUs,
    /// Face template of a model that is not loaded.
    #[error("the face template is of another model; run `baypass resident re-enrol`")]
    Template,
    /// The machine-readable zone cannot be read.
    #[error("the machine-readable zone: {0}")]
    Mrz(#[from] MrzError),
    /// The machine-readable zone belongs to another document or person than the rest.
    #[error("the {0} in the machine-readable zone is not the one that was typed; compare both with the card")]
    MrzMismatch(MrzField),
    /// Every place for comparing faces is taken.
    #[error("too many faces are being compared at this moment; try again in a second")]
    Busy,
    /// A comparison did not come to its end.
    #[error("the comparison was interrupted; try again")]
    Interrupted,
}

/// What a wallet gives to be enrolled.
#[derive(Clone)]
pub struct EnrolRequest {
    /// The number of one of the traveller's documents.
    pub number: DocumentNumber,
    /// The name as the registry has it.
    pub name: String,
    /// The birth date.
    pub birth: LocalDate,
    /// The lines of the machine-readable zone, where the document has one that was read.
    pub mrz: Option<String>,
    /// A selfie: JPEG, PNG or WebP.
    pub selfie: Vec<u8>,
}
documents::redact_debug!(EnrolRequest);

/// A wallet that was enrolled.
#[derive(Clone)]
pub struct Enrolled {
    /// The wallet's secret for this authority.
    pub secret: [u8; 32],
    /// Whether this is the holder's home authority, which signs his tokens.
    pub home: bool,
    /// The weak hint whether the selfie shows a living face; `None` without the network.
    pub liveness: Option<LivenessScore>,
}
documents::redact_debug!(Enrolled);

/// One device key with the proof that its holder has it.
#[derive(Debug, Clone)]
pub struct DeviceProof {
    /// The key.
    pub key: PublicKey,
    /// The signed proof ([`possession`]).
    pub proof: Vec<u8>,
}

/// What the home authority hands out for one device key.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The token.
    pub token: Vec<u8>,
    /// The issuer's own part.
    pub own: Vec<u8>,
    /// Parts for other authorities; none where there is nothing to seal.
    pub sealed: Vec<(AuthorityCode, Vec<u8>)>,
}

/// Makes the proof that the holder of `key` wants a part from `authority` for a token of `issuer`, in this session.
///
/// # Errors
/// When the library cannot sign.
pub fn possession(
    key: &SigningKey,
    authority: AuthorityCode,
    issuer: AuthorityCode,
    session: &[u8; 32],
    now: Timestamp,
) -> Result<Vec<u8>, MessageError> {
    let payload = Writer::new()
        .array(4)
        .text(authority.code())
        .text(issuer.code())
        .uint(now.unix().unsigned_abs())
        .bytes(&sha256(session))
        .finish();
    message::sign(Kind::Possession, KEY_ID, key, &payload)
}

/// The name of an issuer's status list.
#[must_use]
pub fn status_name(issuer: AuthorityCode, list: u8) -> String {
    format!("urn:baypass:status:{issuer}:{list}")
}

impl Service {
    /// A service over its database.
    #[must_use]
    pub fn new(
        me: AuthorityCode,
        store: Store,
        rules: Rules,
        faces: Arc<Faces>,
        keys: Keys,
        trust: TrustStore,
        approvals: Approvals,
    ) -> Self {
        Self {
            me,
            store,
            rules,
            faces,
            keys,
            trust: RwLock::new(trust),
            approvals: RwLock::new(approvals),
            statuses: RwLock::default(),
            published: Published::default(),
            desk: Desk::new(),
            liveness: None,
        }
    }

    /// Looks at selfies with the liveness network too. Its score is written into the log as a weak hint and refuses
    /// nobody: one picture cannot tell.
    #[must_use]
    pub fn with_liveness(mut self, liveness: Liveness) -> Self {
        self.liveness = Some(Arc::new(liveness));
        self
    }

    /// Compares so many faces at once and lets so many more wait; who comes then is told [`ServiceError::Busy`].
    /// Without this, as many as there are processors.
    #[must_use]
    pub fn with_seats(mut self, seats: usize, waiting: usize) -> Self {
        self.desk = Desk::with(seats, waiting);
        self
    }

    /// Whose service this is.
    #[must_use]
    pub const fn code(&self) -> AuthorityCode {
        self.me
    }

    /// Takes a newer trust list.
    ///
    /// # Errors
    /// Why it was refused.
    pub fn take_trust_list(&self, bytes: &[u8], now: Timestamp) -> Result<AuthorityCode, ServiceError> {
        Ok(self.trust.write().unwrap_or_else(PoisonError::into_inner).update(bytes, now)?)
    }

    /// Takes another issuer's status list.
    ///
    /// # Errors
    /// Why it was refused; an older one than the one in use is passed over.
    pub fn take_status_list(
        &self,
        issuer: AuthorityCode,
        list: u8,
        bytes: &[u8],
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        let trust = self.trust.read().unwrap_or_else(PoisonError::into_inner);
        let key = trust.find(issuer, Role::Status, KEY_ID, now)?;
        let fresh = SignedStatusList::open(bytes, key, &status_name(issuer, list))?;
        let mut held = self.statuses.write().unwrap_or_else(PoisonError::into_inner);
        if held.get(&(issuer, list)).is_none_or(|old| old.issued <= fresh.issued) {
            held.insert((issuer, list), fresh);
        }
        Ok(())
    }

    /// Registers a resident: the record (form of `docs/cases.md`) holds the documents that this authority issued.
    ///
    /// # Errors
    /// What is wrong with record or photo, or that a number is registered already; nothing is kept then.
    pub async fn add_resident(&self, record: &str, photo: &[u8]) -> Result<(), ServiceError> {
        let case = CaseFile::parse(record, &self.rules)?;
        if case.documents.is_empty() {
            return Err(ServiceError::NothingIssued(self.me));
        }
        let (faces, picture) = (Arc::clone(&self.faces), photo.to_vec());
        let (template, template_kind) = self.desk.run(move || faces.template(&picture)).await??;
        let mut key = vec![0; 16];
        random(&mut key)?;
        let mut tx = self.store.begin().await?;
        for document in &case.documents {
            if !store::add_tag(&mut tx, &self.number_tag(&document.number), &key).await? {
                return Err(ServiceError::NumberTaken(document.kind()));
            }
        }
        let person = PersonRow {
            key,
            record: record.to_owned(),
            template,
            template_kind,
            session: Vec::new(),
            ended: 0,
        };
        store::add_person(&mut tx, &person).await?;
        store::add_photo(&mut tx, &person.key, photo).await?;
        Ok(store::commit(tx).await?)
    }

    /// How many residents have a template of another kind than the one that is made today: of another face model, say.
    ///
    /// # Errors
    /// The database's.
    pub async fn templates_to_renew(&self) -> Result<usize, ServiceError> {
        let kind = self.faces.made_today()?;
        let mut tx = self.store.begin().await?;
        let count = store::count_other_kinds(&mut tx, kind).await?;
        store::commit(tx).await?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    /// Describes the next resident's photo anew, after that of key `after` (empty: the first). Each is a transaction of
    /// its own, so whoever is interrupted goes on where he stopped. `None` when nobody is left.
    ///
    /// # Errors
    /// The database's. A photo in which the model finds no face is no error: its template stays, and nobody is let
    /// through by it, for a template of another model is compared with nothing.
    pub async fn renew_template(&self, after: &[u8]) -> Result<Option<Renewed>, ServiceError> {
        let kind = self.faces.made_today()?;
        let mut tx = self.store.begin().await?;
        let Some((key, photo)) = store::next_other_kind(&mut tx, kind, after).await? else { return Ok(None) };
        let faces = Arc::clone(&self.faces);
        let described = match self.desk.run(move || faces.template(&photo)).await? {
            Ok((template, kind)) => {
                store::set_template(&mut tx, &key, &template, kind).await?;
                true
            }
            Err(ServiceError::Image(_) | ServiceError::Face(_)) => false,
            Err(error) => return Err(error),
        };
        store::commit(tx).await?;
        Ok(Some(Renewed { key, described }))
    }

    /// Enrols a wallet as [`Service::enrol_with`] does, without a machine-readable zone; gives its secret alone.
    ///
    /// # Errors
    /// As there.
    pub async fn enrol(
        &self,
        number: &DocumentNumber,
        name: &str,
        birth: LocalDate,
        selfie: &[u8],
        now: Timestamp,
    ) -> Result<[u8; 32], ServiceError> {
        let (number, name, selfie) = (number.clone(), name.to_owned(), selfie.to_vec());
        let request = EnrolRequest { number, name, birth, mrz: None, selfie };
        Ok(self.enrol_with(request, now).await?.secret)
    }

    /// Enrols a wallet: number, name and birth date must belong together, the machine-readable zone must agree with
    /// them where there is one, and the selfie must show the person of the registry's photo.
    ///
    /// The selfie is described before anybody is looked up: neither an error of the picture nor the time taken tells
    /// whether a number is registered.
    ///
    /// # Errors
    /// What to do next; one answer where number, name or birth date do not fit.
    pub async fn enrol_with(&self, request: EnrolRequest, now: Timestamp) -> Result<Enrolled, ServiceError> {
        let EnrolRequest { number, name, birth, mrz, selfie } = request;
        if let Some(mrz) = &mrz {
            agrees(&Mrz::parse(mrz, now.local_date())?, &number, birth)?;
        }
        let tag = self.number_tag(&number);
        let before = now.plus_seconds(-TRIES_SECONDS).unix();
        let mut tx = self.store.begin().await?;
        let (tries, since) = store::find_tries(&mut tx, &tag).await?;
        store::commit(tx).await?;
        if since >= before && tries >= MAX_TRIES {
            return Err(ServiceError::TooManyTries);
        }
        let (faces, eyes) = (Arc::clone(&self.faces), self.liveness.clone());
        let described = self.desk.run(move || {
            let (image, embedding) = faces.describe(&selfie)?;
            let hint = |eyes: Arc<Liveness>| eyes.score(&image, &faces.finder.one_face(&image).ok()?).ok();
            Ok::<_, ServiceError>((embedding, eyes.and_then(hint)))
        });
        let (embedding, liveness) = described.await??;
        let mut tx = self.store.begin().await?;
        // Counted before it is looked at, so that tries at the same time are counted each.
        let tries = store::bump_tries(&mut tx, &tag, now.unix(), before).await?;
        if tries > MAX_TRIES {
            return Err(ServiceError::TooManyTries);
        }
        match self.enrol_checked(&mut tx, &tag, &name, birth, &embedding).await {
            Ok((key, home)) => {
                let mut secret = [0; 32];
                random(&mut secret)?;
                store::set_session(&mut tx, &key, &sha256(&secret)).await?;
                store::set_tries(&mut tx, &tag, 0, 0).await?;
                store::commit(tx).await?;
                if let Some(score) = liveness {
                    tracing::info!(liveness = score.value(), "a wallet was enrolled");
                }
                Ok(Enrolled { secret, home, liveness })
            }
            Err(error @ (ServiceError::Unknown | ServiceError::FaceMismatch)) => {
                store::commit(tx).await?;
                Err(error)
            }
            // Nothing was looked at: the try does not count, as the transaction is dropped.
            Err(error) => Err(error),
        }
    }

    async fn enrol_checked(
        &self,
        tx: &mut Tx,
        tag: &[u8],
        name: &str,
        birth: LocalDate,
        embedding: &Embedding,
    ) -> Result<(Vec<u8>, bool), ServiceError> {
        let (key, lost) = store::find_tag(tx, tag).await?.ok_or(ServiceError::Unknown)?;
        let person = store::find_person(tx, &key).await?.ok_or(ServiceError::Unknown)?;
        // One who was only seen at the border has no record to enrol with.
        if person.record.is_empty() {
            return Err(ServiceError::Unknown);
        }
        let case = CaseFile::parse(&person.record, &self.rules)?;
        let same_name = |a: &str| a.trim().eq_ignore_ascii_case(name.trim());
        let named = same_name(&case.name) || case.name_zh.as_deref().is_some_and(same_name);
        if lost != 0 || !named || case.holder.birth != documents::Birth::Date(birth) {
            return Err(ServiceError::Unknown);
        }
        match self.faces.decide(&person.template, person.template_kind, embedding)? {
            Decision::Accept => Ok((key, case.holder.home == self.me)),
            Decision::Officer | Decision::Reject => Err(ServiceError::FaceMismatch),
        }
    }

    /// Own parts of an authority that is not the token's issuer (the mainland's, for residents of a region).
    ///
    /// # Errors
    /// Why none are made; all or nothing.
    pub async fn own_parts(
        &self,
        session: &[u8; 32],
        issuer: AuthorityCode,
        class: KeyClass,
        keys: &[DeviceProof],
        now: Timestamp,
    ) -> Result<Vec<Vec<u8>>, ServiceError> {
        let mut tx = self.store.begin().await?;
        let (person, devices) = self.admit_batch(&mut tx, session, issuer, keys, now).await?;
        let case = CaseFile::parse(&person.record, &self.rules)?;
        let expires = class.expiry_for(now.local_date());
        let mut parts = Vec::with_capacity(devices.len());
        for device in &devices {
            parts.push(
                self.own_part(&mut tx, &person, &case, issuer, device.thumbprint(), expires, now).await?,
            );
        }
        store::commit(tx).await?;
        Ok(parts)
    }

    /// Tokens with own and sealed parts, for this authority's own residents.
    ///
    /// # Errors
    /// Why none are made; all or nothing.
    pub async fn issue(
        &self,
        session: &[u8; 32],
        class: KeyClass,
        keys: &[DeviceProof],
        now: Timestamp,
    ) -> Result<Vec<Issued>, ServiceError> {
        let mut tx = self.store.begin().await?;
        let (person, devices) = self.admit_batch(&mut tx, session, self.me, keys, now).await?;
        let case = CaseFile::parse(&person.record, &self.rules)?;
        if case.holder.home != self.me {
            return Err(ServiceError::NothingIssued(self.me));
        }
        let expires = class.expiry_for(now.local_date());
        let mut issued = Vec::with_capacity(devices.len());
        for device in &devices {
            let thumbprint = device.thumbprint();
            let own = self.own_part(&mut tx, &person, &case, self.me, thumbprint, expires, now).await?;
            let mut sealed = Vec::new();
            let mut hashes = Vec::new();
            for receiver in SealedHashes::receivers(self.me) {
                match self.sealed_part(&mut tx, &person, &case, *receiver, thumbprint, expires, now).await? {
                    Some(part) => {
                        hashes.push(PartHash::of(&part).short());
                        sealed.push((*receiver, part));
                    }
                    None => {
                        let mut nothing = [0; 16];
                        random(&mut nothing)?;
                        hashes.push(ShortHash(nothing));
                    }
                }
            }
            let hashes = match hashes.as_slice() {
                [a] => SealedHashes::One(*a),
                [a, b] => SealedHashes::Two(*a, *b),
                _ => return Err(ServiceError::Token(TokenError::Hashes)),
            };
            let status = self.status_place(&mut tx, &person, thumbprint, expires).await?;
            let claims = TokenClaims {
                issuer: self.me,
                expires,
                device_key: *device.key().public(),
                key_class: class,
                status,
                sealed: hashes,
            };
            issued.push(Issued {
                token: sign_token(&claims, self.keys.token.0, &self.keys.token.1)?,
                own,
                sealed,
            });
        }
        store::commit(tx).await?;
        Ok(issued)
    }

    async fn admit_batch(
        &self,
        tx: &mut Tx,
        session: &[u8; 32],
        issuer: AuthorityCode,
        keys: &[DeviceProof],
        now: Timestamp,
    ) -> Result<(PersonRow, Vec<DeviceKey>), ServiceError> {
        if keys.is_empty() || keys.len() > MAX_BATCH {
            return Err(ServiceError::Batch);
        }
        let hash = sha256(session);
        let key = store::find_session(tx, &hash).await?.ok_or(ServiceError::NoPass)?;
        // Asked again once the person is held: a pass that ends at this moment takes every token along.
        store::hold_person(tx, &key).await?;
        if store::find_session(tx, &hash).await?.as_ref() != Some(&key) {
            return Err(ServiceError::NoPass);
        }
        let person = store::find_person(tx, &key).await?.ok_or(ServiceError::NoPass)?;
        let mut devices = Vec::with_capacity(keys.len());
        for device in keys {
            let parsed = DeviceKey::new(device.key)?;
            self.proven(&parsed, &device.proof, issuer, session, now)?;
            let owner = store::device_owner(tx, parsed.thumbprint().as_bytes(), &key, now.unix()).await?;
            if owner != key {
                return Err(ServiceError::KeyTaken);
            }
            devices.push(parsed);
        }
        Ok((person, devices))
    }

    fn proven(
        &self,
        device: &DeviceKey,
        proof: &[u8],
        issuer: AuthorityCode,
        session: &[u8; 32],
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        let payload =
            message::open(Kind::Possession, proof, device.key()).map_err(|_| ServiceError::Possession)?;
        let mut r = Reader::new(payload);
        r.array_exact(4)?;
        let (authority, token_issuer) = (message::read_authority(&mut r)?, message::read_authority(&mut r)?);
        let at = message::read_time(&mut r)?;
        let bound = r.bytes_exact::<32>()?;
        let fits = authority == self.me
            && token_issuer == issuer
            && *bound == sha256(session)
            && now.seconds_since(at).abs() <= POSSESSION_SECONDS;
        if fits { Ok(()) } else { Err(ServiceError::Possession) }
    }

    #[expect(clippy::too_many_arguments, reason = "a part is bound to all of these, and to nothing else")]
    async fn own_part(
        &self,
        tx: &mut Tx,
        person: &PersonRow,
        case: &CaseFile,
        issuer: AuthorityCode,
        thumbprint: Thumbprint,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<u8>, ServiceError> {
        let document = self.permit(case, self.me).ok_or(ServiceError::NoPermit(self.me))?;
        let year = match case.holder.birth {
            documents::Birth::Date(day) => day.ymd().0,
            documents::Birth::Year(year) => year,
        };
        let contents = contents(person, case, document, None, HolderIdentity::Own { birth_year: year }, now)?;
        let week = self.making_key(tx, self.me, part_week(expires)).await?;
        Ok(contents.seal(&week, &PartContext { issuer, receiver: self.me, thumbprint })?)
    }

    #[expect(clippy::too_many_arguments, reason = "a part is bound to all of these, and to nothing else")]
    async fn sealed_part(
        &self,
        tx: &mut Tx,
        person: &PersonRow,
        case: &CaseFile,
        receiver: AuthorityCode,
        thumbprint: Thumbprint,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, ServiceError> {
        let Some(document) = self.permit(case, receiver) else { return Ok(None) };
        let documents::Birth::Date(birth) = case.holder.birth else { return Ok(None) };
        let identity = HolderIdentity::Sealed {
            latin_name: Name::new(&case.name),
            chinese_name: Name::new(case.name_zh.as_deref().unwrap_or_default()),
            birth,
            nationality: *case.holder.nationality.unwrap_or(Nationality::CHINESE).bytes(),
        };
        let contents = contents(person, case, document, Some(receiver), identity, now)?;
        let week = self.making_key(tx, receiver, part_week(expires)).await?;
        Ok(Some(contents.seal(&week, &PartContext { issuer: self.me, receiver, thumbprint })?))
    }

    /// The document of this authority that `receiver` wants to see; a lost one is none.
    pub(crate) fn permit<'c>(&self, case: &'c CaseFile, receiver: AuthorityCode) -> Option<&'c Document> {
        let wanted: &[DocumentKind] = match (self.me, case.holder.home, receiver) {
            (AuthorityCode::Chn, AuthorityCode::Chn, _) => {
                &[DocumentKind::ExitEntryPermit, DocumentKind::OneWayPermit]
            }
            (AuthorityCode::Chn, _, _) => &[DocumentKind::HomeReturnPermit],
            (AuthorityCode::Hkg, _, _) => &[DocumentKind::Hkid],
            (AuthorityCode::Mac, _, _) => &[DocumentKind::MacaoBir],
        };
        let usable = |d: &&Document| wanted.contains(&d.kind()) && d.status != DocumentStatus::Lost;
        case.documents.iter().filter(usable).max_by_key(|d| d.expires)
    }

    async fn status_place(
        &self,
        tx: &mut Tx,
        person: &PersonRow,
        thumbprint: Thumbprint,
        expires: Timestamp,
    ) -> Result<StatusRef, ServiceError> {
        let list = status_list_number(expires);
        let known = store::find_token(tx, thumbprint.token_id().as_bytes()).await?;
        if let Some(known) = known {
            // The same device key again (a lost answer): the same place, so that nothing is issued twice. Never with
            // another end: a revocation leaves the list at the end that was logged first.
            if known.expires != expires.unix() || known.person != person.key {
                return Err(ServiceError::KeyTaken);
            }
            let place = u32::try_from(known.place).unwrap_or(0);
            let list = u8::try_from(known.list).unwrap_or(list);
            return StatusRef::new(list, place).ok_or(ServiceError::KeyTaken);
        }
        for _ in 0..64 {
            let mut drawn = [0; 4];
            random(&mut drawn)?;
            let place = FIRST_STATUS_INDEX + u32::from_be_bytes(drawn) % (LIST_ENTRIES - FIRST_STATUS_INDEX);
            let token = TokenRow {
                person: person.key.clone(),
                list: i64::from(list),
                place: i64::from(place),
                expires: expires.unix(),
                status: 0,
            };
            if store::add_token(tx, thumbprint.token_id().as_bytes(), &token).await? {
                return StatusRef::new(list, place).ok_or(ServiceError::Token(TokenError::Hashes));
            }
        }
        Err(ServiceError::KeyTaken)
    }

    /// The weekly key with which a part or a hand-over is made: made here where there is none yet.
    async fn making_key(
        &self,
        tx: &mut Tx,
        receiver: AuthorityCode,
        week: IsoWeek,
    ) -> Result<SecretKey, ServiceError> {
        let fresh = SecretKey::generate()?;
        let (me, end) = (self.me.code(), week.plus_weeks(1).monday().start().unix());
        // The first key kept for a week stays: a second one made meanwhile is dropped.
        store::add_weekly(tx, me, receiver.code(), &week.to_string(), end, fresh.expose()).await?;
        self.weekly_key(tx, self.me, receiver, week).await
    }

    /// The weekly key of a pair, to open with.
    pub(crate) async fn weekly_key(
        &self,
        tx: &mut Tx,
        maker: AuthorityCode,
        receiver: AuthorityCode,
        week: IsoWeek,
    ) -> Result<SecretKey, ServiceError> {
        let bytes = store::find_weekly(tx, maker.code(), receiver.code(), &week.to_string()).await?;
        let bytes: Option<[u8; 32]> = bytes.and_then(|b| b.try_into().ok());
        bytes.map(SecretKey::from_bytes).ok_or(ServiceError::NoWeeklyKey { maker, receiver, week })
    }

    /// The weekly key for `receiver`, signed and sealed to it: a week ahead of its use.
    ///
    /// # Errors
    /// Where the receiver lists no key to seal to.
    pub async fn hand_over(
        &self,
        receiver: AuthorityCode,
        week: IsoWeek,
        now: Timestamp,
    ) -> Result<Vec<u8>, ServiceError> {
        let mut tx = self.store.begin().await?;
        let key = self.making_key(&mut tx, receiver, week).await?;
        store::commit(tx).await?;
        let trust = self.trust.read().unwrap_or_else(PoisonError::into_inner);
        let (enc, ciphertext) =
            seal_weekly_key(&key, self.me, receiver, week, trust.part_key(receiver, now)?)?;
        let handover = Handover { from: self.me, to: receiver, week, enc, ciphertext };
        Ok(message::sign(Kind::Handover, KEY_ID, &self.keys.handover, &handover.encode())?)
    }

    /// Takes a weekly key that another authority handed over.
    ///
    /// # Errors
    /// Why it was refused.
    pub async fn take_handover(&self, bytes: &[u8], now: Timestamp) -> Result<(), ServiceError> {
        let claimed = Handover::decode(message::unverified_payload(bytes)?)?;
        let handover = {
            let trust = self.trust.read().unwrap_or_else(PoisonError::into_inner);
            let key = trust.find(claimed.from, Role::Handover, message::kid(bytes)?, now)?;
            Handover::decode(message::open(Kind::Handover, bytes, key)?)?
        };
        if handover.to != self.me || handover.from == self.me {
            return Err(ServiceError::NotForUs);
        }
        let Handover { from, to, week, enc, ciphertext } = handover;
        let key = open_weekly_key(&enc, &ciphertext, from, to, week, &self.keys.part)?;
        let end = week.plus_weeks(1).monday().start().unix();
        let mut tx = self.store.begin().await?;
        store::add_weekly(&mut tx, from.code(), to.code(), &week.to_string(), end, key.expose()).await?;
        Ok(store::commit(tx).await?)
    }

    /// Destroys weekly keys a day after their week; gives how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn destroy_old_keys(&self, now: Timestamp) -> Result<u64, ServiceError> {
        let mut tx = self.store.begin().await?;
        let gone = store::drop_weekly(&mut tx, now.plus_seconds(-86_400).unix()).await?;
        store::commit(tx).await?;
        Ok(gone)
    }

    /// Places of a list that are not valid any more, as the database has them now.
    pub(crate) async fn revoked(&self, list: u8, now: Timestamp) -> Result<Vec<(i64, i64)>, ServiceError> {
        let mut tx = self.store.begin().await?;
        let places = store::revoked_places(&mut tx, i64::from(list), now.unix()).await?;
        store::commit(tx).await?;
        Ok(places)
    }

    /// One of this authority's status lists, signed.
    ///
    /// # Errors
    /// The database's, or the library's.
    pub async fn status_list(&self, list: u8, now: Timestamp) -> Result<Vec<u8>, ServiceError> {
        let places = self.revoked(list, now).await?;
        self.sign_status_list(list, &places, now)
    }

    pub(crate) fn sign_status_list(
        &self,
        list: u8,
        places: &[(i64, i64)],
        now: Timestamp,
    ) -> Result<Vec<u8>, ServiceError> {
        let mut entries = StatusList::with_entries(LIST_ENTRIES);
        for &(place, status) in places {
            let status = if status == 2 { Status::Suspended } else { Status::Invalid };
            entries.set(u32::try_from(place).unwrap_or(u32::MAX), status);
        }
        let signed = SignedStatusList {
            subject: status_name(self.me, list),
            issued: now,
            expires: Some(now.plus_seconds(86_400)),
            ttl: Some(3600),
            list: entries,
        };
        Ok(signed.sign(KEY_ID, &self.keys.status)?)
    }

    /// Ends the pass of the person with this number, with all its tokens.
    ///
    /// # Errors
    /// [`ServiceError::Unknown`], or the database's.
    pub async fn end_pass(&self, number: &DocumentNumber, now: Timestamp) -> Result<(), ServiceError> {
        let mut tx = self.store.begin().await?;
        let found = store::find_tag(&mut tx, &self.number_tag(number)).await?;
        let (key, _) = found.ok_or(ServiceError::Unknown)?;
        store::end_pass(&mut tx, &key, now.unix()).await?;
        Ok(store::commit(tx).await?)
    }

    /// A document was lost: it opens nothing any more, and the pass goes along.
    ///
    /// # Errors
    /// [`ServiceError::Unknown`], or the database's.
    pub async fn lose_document(&self, number: &DocumentNumber, now: Timestamp) -> Result<(), ServiceError> {
        let tag = self.number_tag(number);
        let mut tx = self.store.begin().await?;
        let (key, _) = store::find_tag(&mut tx, &tag).await?.ok_or(ServiceError::Unknown)?;
        store::lose_tag(&mut tx, &tag, now.unix()).await?;
        store::end_pass(&mut tx, &key, now.unix()).await?;
        Ok(store::commit(tx).await?)
    }

    /// Puts a document number on the watch list until `until`.
    ///
    /// # Errors
    /// The database's.
    pub async fn watch(&self, number: &DocumentNumber, until: Timestamp) -> Result<(), ServiceError> {
        let mut tx = self.store.begin().await?;
        store::add_watch(&mut tx, &self.number_tag(number), until.unix()).await?;
        Ok(store::commit(tx).await?)
    }

    /// Hears a gate's event: in order, exactly once.
    ///
    /// # Errors
    /// Why it was refused; a repeat of a known event is no error.
    pub async fn hear_event(&self, bytes: &[u8], now: Timestamp) -> Result<(), ServiceError> {
        let event = {
            let trust = self.trust.read().unwrap_or_else(PoisonError::into_inner);
            let gate = message::kid(bytes)?;
            let key = trust.find(self.me, Role::Gate, gate, now)?;
            let event = Event::decode(message::open(Kind::Event, bytes, key)?)?;
            if event.gate.as_bytes() != gate {
                return Err(ServiceError::NotForUs);
            }
            event
        };
        let hash = message::hash(bytes);
        let number = i64::try_from(event.number).unwrap_or(i64::MAX);
        let mut tx = self.store.begin().await?;
        let (last, previous) =
            store::last_event(&mut tx, &event.gate).await?.unwrap_or_else(|| (0, vec![0; 32]));
        if number <= last {
            let known = store::find_event(&mut tx, &event.gate, number).await?;
            let same = known.is_some_and(|known| known == hash);
            return if same { Ok(()) } else { Err(ServiceError::Fork(event.number)) };
        }
        if number != last + 1 {
            let expected = u64::try_from(last + 1).unwrap_or(1);
            return Err(ServiceError::Gap { expected, got: event.number });
        }
        if previous != event.previous {
            return Err(ServiceError::Fork(event.number));
        }
        store::add_event(&mut tx, &event.gate, number, &hash).await?;
        self.apply(&mut tx, &event, hash).await?;
        Ok(store::commit(tx).await?)
    }

    async fn apply(&self, tx: &mut Tx, event: &Event, hash: [u8; 32]) -> Result<(), ServiceError> {
        let passage = match event.passage {
            Passage::Opening => return Ok(()),
            Passage::Passed => clearance::Passage::Passed,
            Passage::NotPassed => clearance::Passage::NotPassed,
            Passage::Returned => clearance::Passage::Returned,
            Passage::Unknown => clearance::Passage::Unknown,
        };
        // No reservation here: this authority did not admit, so there is nothing to spend or to release.
        let rows = store::find_clearance(tx, &event.clearance).await?;
        let Some(row) = rows.first() else { return Ok(()) };
        // Read again once the person is held: a verdict may be replacing this reservation at this moment.
        store::hold_person(tx, &row.person).await?;
        let rows = store::find_clearance(tx, &event.clearance).await?;
        let Some(row) = rows.first() else { return Ok(()) };
        if passage == clearance::Passage::Passed
            && (row.probe != event.probe || !event.verdicts.iter().any(|v| row.verdict == v))
        {
            return Err(ServiceError::NotJudged);
        }
        let mut id = [0; 16];
        id.copy_from_slice(hash.split_at(16).0);
        let state = crate::ledger::state_of(row)?;
        let heard = state.hear(passage, clearance::PassageId::from_bytes(id), event.at);
        let Ok(next) = heard else { return Ok(()) };
        let (state, at, passage_id) = crate::ledger::columns_of(next);
        store::set_reservation(tx, &row.id, &state, at, &passage_id).await?;
        if passage != clearance::Passage::Passed {
            return Ok(());
        }
        let movement = MovementRow {
            id: hash.to_vec(),
            person: row.person.clone(),
            at: event.at.unix(),
            record: row.record.clone(),
        };
        if store::add_movement(tx, &movement).await? {
            self.notify(tx, row, event).await?;
        }
        Ok(())
    }

    /// A move between the regions on a mainland token: the issuer is told token, place and date, and nothing else.
    async fn notify(
        &self,
        tx: &mut Tx,
        row: &store::ReservationRow,
        event: &Event,
    ) -> Result<(), ServiceError> {
        let entry = LedgerEntry::from_json(&row.record)?;
        let direction = entry.direction()?;
        let between_regions = direction.from().is_sar() && direction.to().is_sar();
        if direction.to() != self.me || !between_regions || entry.issuer != AuthorityCode::Chn {
            return Ok(());
        }
        let token: [u8; 16] = row.token.as_slice().try_into().map_err(|_| ServiceError::NotJudged)?;
        let notice = Notice {
            from: self.me,
            token: credential::TokenId::from_bytes(token),
            port: entry.port()?,
            direction,
            date: event.at.local_date(),
        };
        let signed = message::sign(Kind::Notice, KEY_ID, &self.keys.notice, &notice.encode())?;
        Ok(store::add_notice_out(tx, &sha256(&notice.encode()), entry.issuer.code(), &signed).await?)
    }

    /// Notices that wait for delivery: id, issuer, message.
    ///
    /// # Errors
    /// The database's.
    pub async fn notices(&self) -> Result<Vec<(Vec<u8>, AuthorityCode, Vec<u8>)>, ServiceError> {
        let mut tx = self.store.begin().await?;
        let rows = store::pending_notices(&mut tx).await?;
        store::commit(tx).await?;
        Ok(rows.into_iter().filter_map(|(id, issuer, m)| Some((id, issuer.parse().ok()?, m))).collect())
    }

    /// Marks a notice as delivered.
    ///
    /// # Errors
    /// The database's.
    pub async fn notice_delivered(&self, id: &[u8], now: Timestamp) -> Result<(), ServiceError> {
        let mut tx = self.store.begin().await?;
        store::notice_delivered(&mut tx, id, now.unix()).await?;
        Ok(store::commit(tx).await?)
    }

    /// Takes a notice: the issuer alone knows whose token it is, and counts.
    ///
    /// # Errors
    /// Why it was refused; a repeat is no error and counts nothing.
    pub async fn take_notice(&self, bytes: &[u8], now: Timestamp) -> Result<(), ServiceError> {
        let notice = {
            let trust = self.trust.read().unwrap_or_else(PoisonError::into_inner);
            let claimed = Notice::decode(message::unverified_payload(bytes)?)?;
            let key = trust.find(claimed.from, Role::Notice, message::kid(bytes)?, now)?;
            Notice::decode(message::open(Kind::Notice, bytes, key)?)?
        };
        if notice.direction.to() != notice.from {
            return Err(ServiceError::NotForUs);
        }
        let mut tx = self.store.begin().await?;
        let token =
            store::find_token(&mut tx, notice.token.as_bytes()).await?.ok_or(ServiceError::NotForUs)?;
        // By its contents: the same notice signed again is the same notice.
        let id = sha256(&notice.encode());
        if store::add_notice_in(&mut tx, &id, now.unix()).await? {
            let end_of_day = notice.date.plus_days(1).start().plus_seconds(-1);
            let entry = LedgerEntry::noticed(&notice.port, notice.direction, self.me);
            let movement = MovementRow {
                id: id.to_vec(),
                person: token.person,
                at: now.min(end_of_day).unix(),
                record: entry.to_json()?,
            };
            store::add_movement(&mut tx, &movement).await?;
        }
        Ok(store::commit(tx).await?)
    }

    /// The ledger: times and passages, by the authority's own person keys (shown as keyed hashes).
    ///
    /// # Errors
    /// The database's.
    pub async fn ledger(&self) -> Result<Vec<(String, Timestamp, LedgerEntry)>, ServiceError> {
        let mut tx = self.store.begin().await?;
        let rows = store::all_movements(&mut tx).await?;
        store::commit(tx).await?;
        rows.iter()
            .map(|row| {
                let person: String = row.person.iter().take(4).map(|b| format!("{b:02x}")).collect();
                Ok((
                    person,
                    Timestamp::from_unix(row.at).unwrap_or(Timestamp::MAX),
                    LedgerEntry::from_json(&row.record)?,
                ))
            })
            .collect()
    }

    /// Reservations that wait for an officer: lane and since when.
    ///
    /// # Errors
    /// The database's.
    pub async fn unresolved(&self, now: Timestamp) -> Result<Vec<(String, Timestamp)>, ServiceError> {
        let mut tx = self.store.begin().await?;
        let rows = store::unresolved(&mut tx, now.unix()).await?;
        store::commit(tx).await?;
        Ok(rows.into_iter().map(|r| (r.lane, Timestamp::from_unix(r.at).unwrap_or(Timestamp::MAX))).collect())
    }

    pub(crate) fn number_tag(&self, number: &DocumentNumber) -> [u8; 32] {
        let mut bytes = vec![number.kind().code()];
        bytes.extend_from_slice(number.match_key().as_bytes());
        self.keys.numbers.tag(&bytes)
    }
}

/// The number of the status list for tokens that end then: one list a week, sixteen in turn.
#[must_use]
pub fn status_list_number(expires: Timestamp) -> u8 {
    let week = expires.local_date().iso_week().monday().days_since_epoch() / 7;
    u8::try_from(week.rem_euclid(16)).unwrap_or(0)
}

/// Whether a machine-readable zone is that of this document and this birth date.
fn agrees(mrz: &Mrz, number: &DocumentNumber, birth: LocalDate) -> Result<(), ServiceError> {
    let same = |own: DocumentNumber| own.kind() == number.kind() && own.match_key() == number.match_key();
    if !mrz.document_number().is_some_and(same) {
        return Err(ServiceError::MrzMismatch(MrzField::Number));
    }
    // Month or day may be unknown in a zone (ICAO 9303-3, 4.8): what is known must agree.
    let (year, month, _) = birth.ymd();
    let read = mrz.birth();
    let fits = match (read.date(), read.month()) {
        (Some(date), _) => date == birth,
        (None, Some(known)) => (read.year(), known) == (year, month),
        (None, None) => read.year() == year,
    };
    if fits { Ok(()) } else { Err(ServiceError::MrzMismatch(MrzField::Birth)) }
}

fn contents(
    person: &PersonRow,
    case: &CaseFile,
    document: &Document,
    receiver: Option<AuthorityCode>,
    identity: HolderIdentity,
    now: Timestamp,
) -> Result<PartContents, ServiceError> {
    let template: [u8; TEMPLATE_LEN] =
        person.template.as_slice().try_into().map_err(|_| ServiceError::Template)?;
    let template_format = u8::try_from(person.template_kind).map_err(|_| ServiceError::Template)?;
    let mut endorsements: Vec<_> =
        document.endorsements.iter().filter(|e| receiver.is_none_or(|r| r == e.destination)).collect();
    // The newest first: a slot that has no room loses the one that ends soonest.
    endorsements.sort_by_key(|e| std::cmp::Reverse(e.valid_to));
    let slots = if receiver.is_some() { SEALED_SLOTS } else { OWN_SLOTS };
    Ok(PartContents {
        kind: document.kind().code(),
        number: document.number.mrz9().ok_or(ServiceError::Template)?,
        expiry: document.expires,
        snapshot: now.local_date(),
        holder_class: case.holder.wire_class(),
        identity,
        endorsements: endorsements
            .into_iter()
            .take(slots)
            .map(|e| EndorsementSlot {
                form: e.form.get(),
                entries: e.entries,
                from: e.valid_from,
                to: e.valid_to,
            })
            .collect(),
        template_format,
        template,
    })
}
