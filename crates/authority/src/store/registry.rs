//! Registry: what officers write of residents, and what a change of face model reads.
//!
//! Lives here: residents added, documents lost, watch list, templates and photographs, erasure. Not here: what a lane or
//! a wallet reads (`person`).

use credential::{CryptoError, RecordKey};
use documents::{Document, Timestamp};

use super::person::{Person, PersonKind, Resident};
use super::vault::{self, PersonKey, Tag, Vault};
use super::{Result, StoreError, Tx, array, column, define_statements, optional, person, run};

define_statements! {
    FIND_PHOTOGRAPH = "SELECT sealed FROM photograph WHERE person_key = $1";
    ADD_PHOTOGRAPH = "INSERT INTO photograph (person_key, sealed) VALUES ($1, $2)";
    ADD_TEMPLATE = "INSERT INTO template (person_key, kind, sealed) VALUES ($1, $2, $3)";
    COUNT_OTHER_TEMPLATES = "SELECT COUNT(*) AS counted FROM photograph WHERE (SELECT COUNT(*) FROM template WHERE template.person_key = photograph.person_key AND template.kind IN ($1, $2, $3)) < $4";
    NEXT_OTHER_TEMPLATE = "SELECT photograph.person_key AS person_key, photograph.sealed AS photograph, person.wrapped_key AS wrapped_key FROM photograph JOIN person ON person.person_key = photograph.person_key WHERE (SELECT COUNT(*) FROM template WHERE template.person_key = photograph.person_key AND template.kind IN ($1, $2, $3)) < $4 AND photograph.person_key > $5 ORDER BY photograph.person_key LIMIT 1";
    LOSE_DOCUMENT = "UPDATE document SET lost_at = $1 WHERE person_key = $2 AND tag = $3";
    DELETE_DOCUMENT = "DELETE FROM document WHERE person_key = $1 AND tag = $2";
    DELETE_ENDORSEMENTS = "DELETE FROM endorsement WHERE person_key = $1 AND tag = $2";
    LAST_ORDINAL = "SELECT MAX(ordinal) AS last FROM document WHERE person_key = $1";
    SET_WATCH = "INSERT INTO watch (tag, until) VALUES ($1, $2) ON CONFLICT (tag) DO UPDATE SET until = excluded.until";
    ERASE_PERSON = "UPDATE person SET kind = $1, wrapped_key = NULL, sealed = NULL, changed_at = $2 WHERE person_key = $3";
    ERASE_DOCUMENTS = "DELETE FROM document WHERE person_key = $1";
    ERASE_ENDORSEMENTS = "DELETE FROM endorsement WHERE person_key = $1";
    ERASE_PHOTOGRAPH = "DELETE FROM photograph WHERE person_key = $1";
    ERASE_TEMPLATE = "DELETE FROM template WHERE person_key = $1";
    ERASE_PASS = "DELETE FROM pass WHERE person_key = $1";
    ERASE_TAGS = "DELETE FROM person_tag WHERE person_key = $1";
    TAKE_BACK_PERSON = "DELETE FROM person WHERE person_key = $1";
    TAKE_BACK_HOLD = "DELETE FROM person_hold WHERE person_key = $1";
    TAKE_BACK_MOVEMENTS = "DELETE FROM movement WHERE person_key = $1";
    ERASE_DEVICES = "DELETE FROM device WHERE person_key = $1";
}

/// A resident for the registry: the person, the templates of their photograph with their kinds, and the photograph.
pub(crate) struct NewResident<'r> {
    pub resident: &'r Resident,
    pub templates: &'r [(u8, Vec<u8>)],
    pub photograph: Option<&'r [u8]>,
}

/// Adds a resident with everything that the registry keeps of them.
pub(crate) async fn add_resident(
    tx: &mut Tx,
    vault: &Vault,
    key: PersonKey,
    new: &NewResident<'_>,
    now: Timestamp,
) -> Result<()> {
    let record_key = person::add_resident(tx, vault, key, new.resident, now).await?;
    add_templates(tx, &record_key, key, new.templates).await?;
    if let Some(photograph) = new.photograph {
        let sealed = vault::seal(&record_key, "photograph", key.as_bytes(), photograph)?;
        run!(tx, ADD_PHOTOGRAPH, key.to_vec(), sealed)?;
    }
    Ok(())
}

async fn add_templates(
    tx: &mut Tx,
    record_key: &RecordKey,
    key: PersonKey,
    templates: &[(u8, Vec<u8>)],
) -> Result<()> {
    for (kind, template) in templates {
        let kind = i16::from(*kind);
        let sealed = vault::seal(record_key, "template", &person::template_place(key, kind), template)?;
        run!(tx, ADD_TEMPLATE, key.to_vec(), kind, sealed)?;
    }
    Ok(())
}

/// The kinds of template that every resident should have: at most three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WantedKinds {
    kinds: [i16; 3],
    count: i64,
}

impl WantedKinds {
    /// `None` for none or more than three.
    pub(crate) fn of(codes: &[u8]) -> Option<Self> {
        let first = i16::from(*codes.first()?);
        let kind = |index: usize| codes.get(index).map_or(first, |code| i16::from(*code));
        let count = i64::try_from(codes.len()).ok()?;
        (codes.len() <= 3).then(|| Self { kinds: [kind(0), kind(1), kind(2)], count })
    }
}

/// The photograph that the registry has of a person.
pub(crate) async fn find_photograph(tx: &mut Tx, person: &Person) -> Result<Option<Vec<u8>>> {
    let Some(record_key) = person.record_key() else { return Ok(None) };
    let Some(row) = optional!(tx, FIND_PHOTOGRAPH, person.key.to_vec())? else { return Ok(None) };
    let sealed: Vec<u8> = column(&row, "photograph", "sealed")?;
    Ok(Some(vault::open(record_key, "photograph", person.key.as_bytes(), &sealed)?.to_vec()))
}

/// How many residents with a photograph lack a template of these kinds.
pub(crate) async fn count_other_templates(tx: &mut Tx, wanted: WantedKinds) -> Result<i64> {
    let [a, b, c] = wanted.kinds;
    let row = optional!(tx, COUNT_OTHER_TEMPLATES, a, b, c, wanted.count)?;
    row.map_or(Ok(0), |row| column(&row, "template", "counted"))
}

/// The next of them after this key, in the order of keys: key and photograph.
pub(crate) async fn next_other_template(
    tx: &mut Tx,
    vault: &Vault,
    wanted: WantedKinds,
    after: &[u8],
) -> Result<Option<(PersonKey, Vec<u8>)>> {
    let [a, b, c] = wanted.kinds;
    let row = optional!(tx, NEXT_OTHER_TEMPLATE, a, b, c, wanted.count, after.to_vec())?;
    let Some(row) = row else { return Ok(None) };
    let key = PersonKey::from_bytes(array(&row, "photograph", "person_key")?);
    let wrapped: Vec<u8> = column(&row, "person", "wrapped_key")?;
    let sealed: Vec<u8> = column(&row, "photograph", "photograph")?;
    let record_key = vault.person_key(key, &wrapped)?;
    let photograph = vault::open(&record_key, "photograph", key.as_bytes(), &sealed)?;
    Ok(Some((key, photograph.to_vec())))
}

/// Replaces the templates of a resident, of whatever kinds they were.
pub(crate) async fn set_templates(
    tx: &mut Tx,
    vault: &Vault,
    key: PersonKey,
    templates: &[(u8, Vec<u8>)],
) -> Result<()> {
    let person = person::find_person(tx, vault, key).await?;
    let record_key = person.as_ref().and_then(|person| person.record_key());
    let record_key = record_key.ok_or(StoreError::Seal(CryptoError::Seal))?;
    run!(tx, ERASE_TEMPLATE, key.to_vec())?;
    add_templates(tx, record_key, key, templates).await
}

/// Writes the document that follows an earlier one of the same person, with its endorsements. One that keeps its number takes the
/// earlier one's place; else the earlier one is void from now on.
pub(crate) async fn replace_document(
    tx: &mut Tx,
    vault: &Vault,
    person: &Person,
    old: Tag,
    document: &Document,
    now: Timestamp,
) -> Result<()> {
    let record_key = person.record_key().ok_or(StoreError::Seal(CryptoError::Seal))?;
    let (key, tag) = (person.key, vault.number_tag(&document.number));
    let row = optional!(tx, LAST_ORDINAL, key.to_vec())?;
    let last: Option<i16> = row.map(|row| column(&row, "document", "last")).transpose()?.flatten();
    if tag == old {
        run!(tx, DELETE_ENDORSEMENTS, key.to_vec(), tag.to_vec())?;
        run!(tx, DELETE_DOCUMENT, key.to_vec(), tag.to_vec())?;
    } else {
        lose_document(tx, key, old, now).await?;
    }
    let ordinal = last.unwrap_or(0).saturating_add(1);
    person::add_document(tx, record_key, key, (tag, ordinal, 0), document).await
}

/// Marks a document as lost.
pub(crate) async fn lose_document(tx: &mut Tx, key: PersonKey, tag: Tag, now: Timestamp) -> Result<()> {
    run!(tx, LOSE_DOCUMENT, now.unix(), key.to_vec(), tag.to_vec()).map(drop)
}

/// Puts a document on the watch list.
pub(crate) async fn set_watch(tx: &mut Tx, tag: Tag, until: Timestamp) -> Result<()> {
    run!(tx, SET_WATCH, tag.to_vec(), until.unix()).map(drop)
}

/// Takes back a resident whose registration was cut short, as if they had never been added. The person has no pass yet, and no
/// movement but those that the registration itself brought.
pub(crate) async fn take_back(tx: &mut Tx, key: PersonKey, now: Timestamp) -> Result<()> {
    erase_person(tx, key, now).await?;
    run!(tx, TAKE_BACK_MOVEMENTS, key.to_vec())?;
    run!(tx, TAKE_BACK_HOLD, key.to_vec())?;
    run!(tx, TAKE_BACK_PERSON, key.to_vec()).map(drop)
}

/// Erases a person: their key is destroyed with everything that was sealed under it, and no tag points at them any
/// more. What the ledger counted stays, by a key that is nobody's.
pub(crate) async fn erase_person(tx: &mut Tx, key: PersonKey, now: Timestamp) -> Result<()> {
    person::hold_person(tx, key).await?;
    run!(tx, ERASE_PERSON, PersonKind::Erased.number(), now.unix(), key.to_vec())?;
    run!(tx, ERASE_DOCUMENTS, key.to_vec())?;
    run!(tx, ERASE_ENDORSEMENTS, key.to_vec())?;
    run!(tx, ERASE_PHOTOGRAPH, key.to_vec())?;
    run!(tx, ERASE_TEMPLATE, key.to_vec())?;
    run!(tx, ERASE_PASS, key.to_vec())?;
    super::enrolment::erase(tx, key).await?;
    super::carer::erase(tx, key).await?;
    super::look_alike::end_mark(tx, key).await?;
    super::risk::erase(tx, key).await?;
    super::openid::erase(tx, key).await?;
    run!(tx, ERASE_TAGS, key.to_vec())?;
    run!(tx, ERASE_DEVICES, key.to_vec()).map(drop)
}
