//! Persons: who is registered here with which documents, who was seen at the border, whose pass is in force.
//!
//! Lives here: the rows of a person that a lane or a wallet reads. Not here: what an officer writes (`registry`).
//! Names, numbers, birth dates and endorsements lie sealed under the person's own key.

use credential::RecordKey;
use documents::{
    AuthorityCode, Birth, Document, DocumentKind, DocumentNumber, DocumentStatus, Endorsement, FormCode,
    Holder, LocalDate, Nationality, Residence, ResidenceClass, Timestamp,
};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

use super::carer::{self, CarerId, KeptCarer};
use super::vault::{self, PersonKey, Tag, Vault};
use super::{Result, StoreError, Tx, all, array, column, define_statements, optional, run};

define_statements! {
    ADD_PERSON = "INSERT INTO person (person_key, kind, wrapped_key, sealed, changed_at) VALUES ($1, $2, $3, $4, $5)";
    FIND_PERSON = "SELECT person.kind AS kind, person.wrapped_key AS wrapped_key, person.sealed AS sealed, pass.session AS session, look_alike.marked_by AS marked_by, carer.id AS carer_id, carer.sealed AS carer FROM person LEFT JOIN pass ON pass.person_key = person.person_key LEFT JOIN look_alike ON look_alike.person_key = person.person_key LEFT JOIN carer ON carer.id = pass.carer WHERE person.person_key = $1";
    ADD_DOCUMENT = "INSERT INTO document (person_key, tag, ordinal, kind, lost_at, sealed) VALUES ($1, $2, $3, $4, $5, $6)";
    ADD_ENDORSEMENT = "INSERT INTO endorsement (person_key, tag, ordinal, sealed) VALUES ($1, $2, $3, $4)";
    FIND_DOCUMENTS = "SELECT document.tag AS tag, document.lost_at AS lost_at, document.sealed AS sealed, endorsement.ordinal AS ordinal, endorsement.sealed AS endorsement FROM document LEFT JOIN endorsement ON endorsement.person_key = document.person_key AND endorsement.tag = document.tag WHERE document.person_key = $1 ORDER BY document.ordinal, endorsement.ordinal";
    FIND_TEMPLATES = "SELECT kind, sealed FROM template WHERE person_key = $1 ORDER BY kind";
    HOLD_PERSON = "INSERT INTO person_hold (person_key, holds) VALUES ($1, 1) ON CONFLICT (person_key) DO UPDATE SET holds = person_hold.holds + 1";
    ADD_TAG = "INSERT INTO person_tag (tag, person_key) VALUES ($1, $2) ON CONFLICT (tag) DO NOTHING";
    FIND_TAG = "SELECT person_key FROM person_tag WHERE tag = $1";
    FIND_LOST = "SELECT lost_at FROM document WHERE person_key = $1 AND tag = $2";
    FIND_SESSION = "SELECT person_key FROM pass WHERE session = $1 AND session IS NOT NULL";
    END_PASS = "UPDATE pass SET session = NULL, changed_at = $1 WHERE person_key = $2";
    FIND_WATCH = "SELECT until FROM watch WHERE tag = $1";
}

/// What a person is to this authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PersonKind {
    /// In its registry.
    Registered,
    /// Seen at its border with another authority's part.
    Seen,
    /// Erased: their key is destroyed.
    Erased,
}

impl PersonKind {
    pub(super) const fn number(self) -> i16 {
        match self {
            Self::Registered => 1,
            Self::Seen => 2,
            Self::Erased => 3,
        }
    }

    fn from_number(number: i16) -> Result<Self> {
        match number {
            1 => Ok(Self::Registered),
            2 => Ok(Self::Seen),
            3 => Ok(Self::Erased),
            _ => Err(StoreError::Row { table: "person", column: "kind" }),
        }
    }
}

/// A resident as the registry has them.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Resident {
    /// Latin name.
    pub name: String,
    /// Chinese name.
    pub name_zh: Option<String>,
    /// The city in which they live, where the registry has it.
    pub city: Option<String>,
    /// The person as the rules see them.
    pub holder: Holder,
    /// Their documents in the order of registration; one that was reported lost has that status.
    pub documents: Vec<Document>,
}
documents::redact_debug!(Resident);

/// A person as the verdict needs them.
pub(crate) struct Person {
    /// The authority's own key of the person.
    pub key: PersonKey,
    /// What they are here.
    pub kind: PersonKind,
    /// SHA-256 of the wallet's secret; `None` where no pass is in force.
    pub session: Option<Vec<u8>>,
    /// Whether the registry marks them as somebody whom another person resembles.
    pub look_alike: bool,
    /// The relation by which their pass is, or last was, on a carer's phone; `None` where it is on their own.
    pub carried: Option<KeptCarer>,
    sealed: Option<(RecordKey, Vec<u8>)>,
}
documents::redact_debug!(Person);

impl Person {
    /// Whether a relation stands at `now` by which their pass is on a carer's phone.
    pub(crate) fn is_carried(&self, now: Timestamp) -> bool {
        self.carried.is_some_and(|kept| kept.relation.stands(now).is_ok())
    }

    /// The key under which their records lie; `None` where nothing is known of them.
    pub(super) fn record_key(&self) -> Option<&RecordKey> {
        self.sealed.as_ref().map(|(key, _)| key)
    }
}

/// What is sealed of a person.
#[derive(Serialize, Deserialize)]
struct SealedPerson {
    name: String,
    name_zh: Option<String>,
    /// Rows of the version before have none.
    #[serde(default)]
    city: Option<String>,
    home: AuthorityCode,
    residences: Vec<(AuthorityCode, String)>,
    birth: SealedBirth,
    nationality: Option<String>,
    registered: bool,
    tall_enough: bool,
    zone_staff: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SealedBirth {
    Date(LocalDate),
    Year(i16),
}

#[derive(Serialize, Deserialize)]
struct SealedDocument {
    kind: DocumentKind,
    number: String,
    issued: Option<LocalDate>,
    expires: Option<LocalDate>,
}

#[derive(Serialize, Deserialize)]
struct SealedEndorsement {
    form: u8,
    destination: AuthorityCode,
    entries: Option<u8>,
    from: LocalDate,
    to: LocalDate,
    issued: LocalDate,
    approved_until: Option<LocalDate>,
}

const CLASSES: [ResidenceClass; 3] =
    [ResidenceClass::Permanent, ResidenceClass::NonPermanent, ResidenceClass::NonPermanentMarked];

impl SealedPerson {
    fn of(resident: &Resident) -> Self {
        let holder = &resident.holder;
        Self {
            name: resident.name.clone(),
            name_zh: resident.name_zh.clone(),
            city: resident.city.clone(),
            home: holder.home,
            residences: holder.residences.iter().map(|r| (r.of, r.class.as_str().to_owned())).collect(),
            birth: match holder.birth {
                Birth::Date(day) => SealedBirth::Date(day),
                Birth::Year(year) => SealedBirth::Year(year),
            },
            nationality: holder.nationality.map(|n| n.as_str().to_owned()),
            registered: holder.registered,
            tall_enough: holder.tall_enough,
            zone_staff: holder.zone_staff,
        }
    }

    fn holder(&self) -> Result<Holder> {
        let damaged = || StoreError::Row { table: "person", column: "sealed" };
        let residence = |(of, class): &(AuthorityCode, String)| {
            let class = CLASSES.into_iter().find(|known| known.as_str() == class).ok_or_else(damaged)?;
            Ok(Residence { of: *of, class })
        };
        let nationality = self.nationality.as_deref().map(str::parse::<Nationality>).transpose();
        Ok(Holder {
            home: self.home,
            residences: self.residences.iter().map(residence).collect::<Result<_>>()?,
            birth: match self.birth {
                SealedBirth::Date(day) => Birth::Date(day),
                SealedBirth::Year(year) => Birth::Year(year),
            },
            nationality: nationality.map_err(|_| damaged())?,
            registered: self.registered,
            tall_enough: self.tall_enough,
            height_cm: None,
            zone_staff: self.zone_staff,
        })
    }
}

/// The whole number, as it is parsed again: of a Home Return Permit with its renewals.
fn whole_number(number: &DocumentNumber) -> &str {
    match number {
        DocumentNumber::HomeReturnPermit(number) => number.as_str(),
        DocumentNumber::MainlandId(_)
        | DocumentNumber::ResidencePermit(_)
        | DocumentNumber::Hkid(_)
        | DocumentNumber::MacaoBir(_)
        | DocumentNumber::ExitEntryPermit(_)
        | DocumentNumber::Passport(_)
        | DocumentNumber::OneWayPermit(_)
        | DocumentNumber::OneTimePass(_)
        | DocumentNumber::DocumentOfIdentity(_)
        | DocumentNumber::VisitPermit(_)
        | DocumentNumber::InboundPass(_)
        | DocumentNumber::ReentryPermit(_)
        | DocumentNumber::HksarPassport(_)
        | DocumentNumber::OfficialPermit(_) => number.match_key(),
    }
}

fn written<T: Serialize>(record: &T, table: &'static str) -> Result<Vec<u8>> {
    serde_json::to_vec(record).map_err(|_| StoreError::Row { table, column: "sealed" })
}

fn read<'b, T: Deserialize<'b>>(bytes: &'b [u8], table: &'static str) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|_| StoreError::Row { table, column: "sealed" })
}

/// Where a sealed endorsement stands, for its context.
fn place(person: PersonKey, tag: &[u8], ordinal: i16) -> Vec<u8> {
    [person.as_bytes(), tag, &ordinal.to_be_bytes()].concat()
}

/// Adds a person of the registry with documents, endorsements and tags; gives the key under which they are sealed.
/// Documents whose status is lost are lost since `now`.
pub(super) async fn add_resident(
    tx: &mut Tx,
    vault: &Vault,
    key: PersonKey,
    resident: &Resident,
    now: Timestamp,
) -> Result<RecordKey> {
    let (record_key, wrapped) = vault.new_person_key(key)?;
    let sealed = written(&SealedPerson::of(resident), "person")?;
    let sealed = vault::seal(&record_key, "person", key.as_bytes(), &sealed)?;
    let kind = PersonKind::Registered.number();
    run!(tx, ADD_PERSON, key.to_vec(), kind, Some(wrapped), Some(sealed), now.unix())?;
    for (ordinal, document) in (0_i16..).zip(&resident.documents) {
        let tag = vault.number_tag(&document.number);
        let lost_at = if document.status == DocumentStatus::Lost { now.unix() } else { 0 };
        add_document(tx, &record_key, key, (tag, ordinal, lost_at), document).await?;
    }
    Ok(record_key)
}

/// Adds one document with its endorsements.
pub(super) async fn add_document(
    tx: &mut Tx,
    record_key: &RecordKey,
    key: PersonKey,
    (tag, ordinal, lost_at): (Tag, i16, i64),
    document: &Document,
) -> Result<()> {
    let record = SealedDocument {
        kind: document.kind(),
        number: whole_number(&document.number).to_owned(),
        issued: document.issued,
        expires: document.expires,
    };
    let row = [key.as_bytes().as_slice(), tag.as_bytes()].concat();
    let sealed = vault::seal(record_key, "document", &row, &written(&record, "document")?)?;
    let kind = i16::from(document.kind().code());
    run!(tx, ADD_DOCUMENT, key.to_vec(), tag.to_vec(), ordinal, kind, lost_at, sealed)?;
    for (ordinal, endorsement) in (0_i16..).zip(&document.endorsements) {
        let record = SealedEndorsement {
            form: endorsement.form.get(),
            destination: endorsement.destination,
            entries: endorsement.entries,
            from: endorsement.valid_from,
            to: endorsement.valid_to,
            issued: endorsement.issued,
            approved_until: endorsement.approved_until,
        };
        let row = place(key, tag.as_bytes(), ordinal);
        let sealed = vault::seal(record_key, "endorsement", &row, &written(&record, "endorsement")?)?;
        run!(tx, ADD_ENDORSEMENT, key.to_vec(), tag.to_vec(), ordinal, sealed)?;
    }
    Ok(())
}

/// Adds a person who was seen at the border: nothing is known of them but the tags that point at them.
pub(crate) async fn add_seen(tx: &mut Tx, key: PersonKey, now: Timestamp) -> Result<()> {
    let nothing: Option<Vec<u8>> = None;
    let kind = PersonKind::Seen.number();
    run!(tx, ADD_PERSON, key.to_vec(), kind, nothing.clone(), nothing, now.unix()).map(drop)
}

/// The person with this key.
pub(crate) async fn find_person(tx: &mut Tx, vault: &Vault, key: PersonKey) -> Result<Option<Person>> {
    let Some(row) = optional!(tx, FIND_PERSON, key.to_vec())? else { return Ok(None) };
    let wrapped: Option<Vec<u8>> = column(&row, "person", "wrapped_key")?;
    let sealed: Option<Vec<u8>> = column(&row, "person", "sealed")?;
    let sealed = match (wrapped, sealed) {
        (Some(wrapped), Some(sealed)) => Some((vault.person_key(key, &wrapped)?, sealed)),
        (None, _) | (_, None) => None,
    };
    let kind = PersonKind::from_number(column(&row, "person", "kind")?)?;
    let session = column(&row, "pass", "session")?;
    let marked_by: Option<i16> = column(&row, "look_alike", "marked_by")?;
    let mut person = Person { key, kind, session, look_alike: marked_by.is_some(), carried: None, sealed };
    let carried: Option<Vec<u8>> = column(&row, "carer", "carer")?;
    if let Some(sealed) = carried {
        let id = CarerId::from_bytes(array(&row, "carer", "carer_id")?);
        person.carried = Some(carer::open(&person, id, &sealed)?);
    }
    Ok(Some(person))
}

/// What the registry has of a person; `None` for one who is not registered.
pub(crate) async fn find_resident(tx: &mut Tx, person: &Person) -> Result<Option<Resident>> {
    let Some((record_key, sealed)) = &person.sealed else { return Ok(None) };
    let opened = vault::open(record_key, "person", person.key.as_bytes(), sealed)?;
    let record: SealedPerson = read(&opened, "person")?;
    let rows = all!(tx, FIND_DOCUMENTS, person.key.to_vec())?;
    let mut documents: Vec<(Vec<u8>, Document)> = Vec::new();
    for row in &rows {
        let tag: Vec<u8> = column(row, "document", "tag")?;
        if documents.last().is_none_or(|(last, _)| *last != tag) {
            documents.push((tag.clone(), document(row, record_key, person.key, &tag)?));
        }
        if let Some(endorsement) = endorsement(row, record_key, person.key, &tag)?
            && let Some((_, document)) = documents.last_mut()
        {
            document.endorsements.push(endorsement);
        }
    }
    let documents = documents.into_iter().map(|(_, document)| document).collect();
    let holder = record.holder()?;
    let (name, name_zh, city) = (record.name, record.name_zh, record.city);
    Ok(Some(Resident { name, name_zh, city, holder, documents }))
}

fn document(row: &AnyRow, record_key: &RecordKey, person: PersonKey, tag: &[u8]) -> Result<Document> {
    let sealed: Vec<u8> = column(row, "document", "sealed")?;
    let context = [person.as_bytes().as_slice(), tag].concat();
    let opened = vault::open(record_key, "document", &context, &sealed)?;
    let record: SealedDocument = read(&opened, "document")?;
    let number = DocumentNumber::parse(record.kind, &record.number)
        .map_err(|_| StoreError::Row { table: "document", column: "sealed" })?;
    let lost_at: i64 = column(row, "document", "lost_at")?;
    Ok(Document {
        number,
        issued: record.issued,
        expires: record.expires,
        status: if lost_at == 0 { DocumentStatus::Valid } else { DocumentStatus::Lost },
        endorsements: Vec::new(),
    })
}

fn endorsement(
    row: &AnyRow,
    record_key: &RecordKey,
    person: PersonKey,
    tag: &[u8],
) -> Result<Option<Endorsement>> {
    let sealed: Option<Vec<u8>> = column(row, "endorsement", "endorsement")?;
    let ordinal: Option<i16> = column(row, "endorsement", "ordinal")?;
    let (Some(sealed), Some(ordinal)) = (sealed, ordinal) else { return Ok(None) };
    let opened = vault::open(record_key, "endorsement", &place(person, tag, ordinal), &sealed)?;
    let record: SealedEndorsement = read(&opened, "endorsement")?;
    let form = FormCode::new(record.form);
    Ok(Some(Endorsement {
        form: form.ok_or(StoreError::Row { table: "endorsement", column: "sealed" })?,
        destination: record.destination,
        entries: record.entries,
        valid_from: record.from,
        valid_to: record.to,
        issued: record.issued,
        approved_until: record.approved_until,
    }))
}

/// The face templates of a resident, each with its kind; none where nobody is registered.
pub(crate) async fn find_templates(tx: &mut Tx, person: &Person) -> Result<Vec<(u8, Vec<u8>)>> {
    let Some((record_key, _)) = &person.sealed else { return Ok(Vec::new()) };
    let mut templates = Vec::new();
    for row in all!(tx, FIND_TEMPLATES, person.key.to_vec())? {
        let kind: i16 = column(&row, "template", "kind")?;
        let sealed: Vec<u8> = column(&row, "template", "sealed")?;
        let template = vault::open(record_key, "template", &template_place(person.key, kind), &sealed)?;
        let kind = u8::try_from(kind).map_err(|_| StoreError::Row { table: "template", column: "kind" })?;
        templates.push((kind, template.to_vec()));
    }
    Ok(templates)
}

/// What a template is sealed for: the person and its kind. Those of the first two kinds lie as they always did, for the
/// person alone; another kind's bytes in their place have another length.
pub(super) fn template_place(key: PersonKey, kind: i16) -> Vec<u8> {
    let mut place = key.as_bytes().to_vec();
    if kind > 2 {
        place.extend(kind.to_be_bytes());
    }
    place
}

/// Holds a person until the transaction ends: transactions that read and then write of them come one after the other.
pub(crate) async fn hold_person(tx: &mut Tx, key: PersonKey) -> Result<()> {
    run!(tx, HOLD_PERSON, key.to_vec()).map(drop)
}

/// Makes a tag point at a person; false where it points somewhere already.
pub(crate) async fn add_tag(tx: &mut Tx, tag: Tag, key: PersonKey) -> Result<bool> {
    Ok(run!(tx, ADD_TAG, tag.to_vec(), key.to_vec())? == 1)
}

/// The person that a tag points at.
pub(crate) async fn find_tag(tx: &mut Tx, tag: Tag) -> Result<Option<PersonKey>> {
    let row = optional!(tx, FIND_TAG, tag.to_vec())?;
    row.map(|row| Ok(PersonKey::from_bytes(array(&row, "person_tag", "person_key")?))).transpose()
}

/// Whether a person's document was reported lost.
pub(crate) async fn is_lost(tx: &mut Tx, key: PersonKey, tag: Tag) -> Result<bool> {
    let row = optional!(tx, FIND_LOST, key.to_vec(), tag.to_vec())?;
    let lost_at: Option<i64> = row.map(|row| column(&row, "document", "lost_at")).transpose()?;
    Ok(lost_at.is_some_and(|at| at != 0))
}

/// Whose wallet this is: the person whose pass has this session.
pub(crate) async fn find_session(tx: &mut Tx, session: &[u8; 32]) -> Result<Option<PersonKey>> {
    let row = optional!(tx, FIND_SESSION, session.to_vec())?;
    row.map(|row| Ok(PersonKey::from_bytes(array(&row, "pass", "person_key")?))).transpose()
}

/// Ends a pass; its tokens are ended by [`super::token::end_tokens`].
pub(crate) async fn end_pass(tx: &mut Tx, key: PersonKey, now: Timestamp) -> Result<()> {
    run!(tx, END_PASS, now.unix(), key.to_vec()).map(drop)
}

/// Whether a document is on the watch list at `now`.
pub(crate) async fn is_watched(tx: &mut Tx, tag: Tag, now: Timestamp) -> Result<bool> {
    let row = optional!(tx, FIND_WATCH, tag.to_vec())?;
    let until: Option<i64> = row.map(|row| column(&row, "watch", "until")).transpose()?;
    Ok(until.is_some_and(|until| now.unix() < until))
}
