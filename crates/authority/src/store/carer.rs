//! Carers: whose pass may be on whose phone.
//!
//! Lives here: rows of relations, sealed under the ward's key. Not here: who may agree to one, and when it ends
//! (`documents::Carer`), what ends with it (`carers`).

use credential::CryptoError;
use documents::{Carer, CarerEnd, CarerGround, CarerStop, CarerTerms, LocalDate, Timestamp, redact_debug};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

use super::person::Person;
use super::vault::{self, PersonKey, Vault};
use super::{Result, StoreError, Tx, all, array, column, define_statements, optional, run};

define_statements! {
    ADD_CARER = "INSERT INTO carer (id, person_key, carer_tag, session, ended_at, sealed) VALUES ($1, $2, $3, NULL, 0, $4)";
    FIND_CARERS = "SELECT id, person_key, sealed FROM carer WHERE person_key = $1 ORDER BY ended_at, id LIMIT 64";
    FIND_CARER = "SELECT id, person_key, sealed FROM carer WHERE id = $1";
    FIND_WARDS = "SELECT id, person_key, sealed FROM carer WHERE carer_tag = $1 ORDER BY ended_at, id LIMIT 64";
    FIND_CARRIED = "SELECT carer.id AS id, carer.person_key AS person_key FROM carer JOIN pass ON pass.carer = carer.id WHERE carer.carer_tag = $1 AND pass.session IS NOT NULL";
    FIND_ENDED_CARER = "SELECT id, person_key, sealed FROM carer WHERE session = $1 AND session IS NOT NULL";
    END_CARER = "UPDATE carer SET session = $1, ended_at = $2, sealed = $3 WHERE id = $4";
    MOVE_CARRIED = "UPDATE pass SET carer = $1 WHERE person_key = $2 AND carer = $3";
    OPEN_CARERS = "SELECT id, person_key FROM carer WHERE ended_at = 0 AND id > $1 ORDER BY id LIMIT $2";
    ERASE_CARERS = "DELETE FROM carer WHERE person_key = $1";
}

const TABLE: &str = "carer";

/// Names a relation, beyond its persons' keys: 16 random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CarerId([u8; 16]);

impl CarerId {
    /// The id with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    pub(crate) fn to_vec(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

/// A relation as it is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeptCarer {
    pub id: CarerId,
    pub relation: Carer<PersonKey>,
}
redact_debug!(KeptCarer);

/// What is sealed of a relation.
#[derive(Serialize, Deserialize)]
struct SealedCarer {
    carer: [u8; 16],
    ground: String,
    from: LocalDate,
    /// Whether it ends with a birthday.
    of_age: bool,
    end: LocalDate,
    stopped: Option<String>,
}

const fn damaged() -> StoreError {
    StoreError::Row { table: TABLE, column: "sealed" }
}

fn seal(person: &Person, kept: &KeptCarer) -> Result<Vec<u8>> {
    let key = person.record_key().ok_or(StoreError::Seal(CryptoError::Seal))?;
    let terms = kept.relation.terms();
    let (of_age, end) = match terms.end {
        CarerEnd::OfAge(day) => (true, day),
        CarerEnd::Over(day) => (false, day),
    };
    let record = SealedCarer {
        carer: *kept.relation.carer().as_bytes(),
        ground: terms.ground.as_str().to_owned(),
        from: terms.from,
        of_age,
        end,
        stopped: kept.relation.stopped().map(|by| by.as_str().to_owned()),
    };
    let record = serde_json::to_vec(&record).map_err(|_| damaged())?;
    vault::seal(key, TABLE, kept.id.as_bytes(), &record)
}

/// A relation of this person from the columns of its row.
pub(super) fn open(person: &Person, id: CarerId, sealed: &[u8]) -> Result<KeptCarer> {
    let key = person.record_key().ok_or_else(damaged)?;
    let opened = vault::open(key, TABLE, id.as_bytes(), sealed)?;
    let record: SealedCarer = serde_json::from_slice(&opened).map_err(|_| damaged())?;
    let ground: CarerGround = record.ground.parse().map_err(|_| damaged())?;
    let stopped = record.stopped.as_deref().map(str::parse::<CarerStop>).transpose();
    let end = if record.of_age { CarerEnd::OfAge(record.end) } else { CarerEnd::Over(record.end) };
    let terms = CarerTerms { ground, from: record.from, end };
    let carer = PersonKey::from_bytes(record.carer);
    let relation = Carer::kept(person.key, carer, terms, stopped.map_err(|_| damaged())?);
    Ok(KeptCarer { id, relation })
}

fn place(row: &AnyRow) -> Result<(CarerId, PersonKey)> {
    let id = CarerId(array(row, TABLE, "id")?);
    Ok((id, PersonKey::from_bytes(array(row, TABLE, "person_key")?)))
}

async fn opened(tx: &mut Tx, vault: &Vault, row: &AnyRow) -> Result<Option<(Person, KeptCarer)>> {
    let (id, ward) = place(row)?;
    let Some(person) = super::person::find_person(tx, vault, ward).await? else { return Ok(None) };
    let sealed: Vec<u8> = column(row, TABLE, "sealed")?;
    let kept = open(&person, id, &sealed)?;
    Ok(Some((person, kept)))
}

/// Keeps a relation of this ward.
pub(crate) async fn add_carer(tx: &mut Tx, vault: &Vault, ward: &Person, kept: &KeptCarer) -> Result<()> {
    let sealed = seal(ward, kept)?;
    let tag = vault.carer_tag(kept.relation.carer());
    run!(tx, ADD_CARER, kept.id.to_vec(), ward.key.to_vec(), tag.to_vec(), sealed).map(drop)
}

/// The relations of this ward: 64 at most, those that nobody ended first.
pub(crate) async fn find_carers(tx: &mut Tx, ward: &Person) -> Result<Vec<KeptCarer>> {
    let rows = all!(tx, FIND_CARERS, ward.key.to_vec())?;
    let kept = rows.iter().map(|row| {
        let sealed: Vec<u8> = column(row, TABLE, "sealed")?;
        open(ward, place(row)?.0, &sealed)
    });
    kept.collect()
}

/// The relation with this id, and its ward.
pub(crate) async fn find_carer(
    tx: &mut Tx,
    vault: &Vault,
    id: CarerId,
) -> Result<Option<(Person, KeptCarer)>> {
    match optional!(tx, FIND_CARER, id.to_vec())? {
        Some(row) => opened(tx, vault, &row).await,
        None => Ok(None),
    }
}

/// The relations in which this person is the carer: 64 at most, those that nobody ended first.
pub(crate) async fn find_wards(tx: &mut Tx, vault: &Vault, carer: PersonKey) -> Result<Vec<KeptCarer>> {
    let rows = all!(tx, FIND_WARDS, vault.carer_tag(carer).to_vec())?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        found.extend(opened(tx, vault, row).await?.map(|(_, kept)| kept));
    }
    Ok(found)
}

/// Whose passes are in force on this carer's phone.
pub(crate) async fn find_carried(tx: &mut Tx, vault: &Vault, carer: PersonKey) -> Result<Vec<PersonKey>> {
    let rows = all!(tx, FIND_CARRIED, vault.carer_tag(carer).to_vec())?;
    rows.iter().map(|row| place(row).map(|(_, ward)| ward)).collect()
}

/// The relation by which the wallet with this session was on a carer's phone until it ended.
pub(crate) async fn find_ended(tx: &mut Tx, vault: &Vault, session: &[u8; 32]) -> Result<Option<KeptCarer>> {
    match optional!(tx, FIND_ENDED_CARER, session.to_vec())? {
        Some(row) => Ok(opened(tx, vault, &row).await?.map(|(_, kept)| kept)),
        None => Ok(None),
    }
}

/// Writes that a relation ended. `session`: the hash of the secret that a wallet had by it.
pub(crate) async fn end_carer(
    tx: &mut Tx,
    ward: &Person,
    kept: &KeptCarer,
    session: Option<[u8; 32]>,
    now: Timestamp,
) -> Result<()> {
    let (sealed, session) = (seal(ward, kept)?, session.map(|session| session.to_vec()));
    run!(tx, END_CARER, session, now.unix(), sealed, kept.id.to_vec()).map(drop)
}

/// Lets a pass that is carried by one relation be carried by another.
pub(crate) async fn move_carried(tx: &mut Tx, ward: PersonKey, from: CarerId, to: CarerId) -> Result<()> {
    run!(tx, MOVE_CARRIED, to.to_vec(), ward.to_vec(), from.to_vec()).map(drop)
}

/// Forgets the relations of a ward, with their key.
pub(crate) async fn erase(tx: &mut Tx, ward: PersonKey) -> Result<()> {
    run!(tx, ERASE_CARERS, ward.to_vec()).map(drop)
}

/// Relations after this id whose end nobody noticed yet: id and ward, in the order of ids.
pub(crate) async fn open_carers(
    tx: &mut Tx,
    after: CarerId,
    most: usize,
) -> Result<Vec<(CarerId, PersonKey)>> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    all!(tx, OPEN_CARERS, after.to_vec(), most)?.iter().map(place).collect()
}
