//! Grants: what wallets of others were given for a time: requests, codes, access tokens, credentials.
//!
//! Lives here: rows, by a keyed hash of the secret that was handed out. Not here: what a grant allows (`crate::openid`).

use documents::Timestamp;

use super::vault::{PersonKey, Tag};
use super::{Result, StoreError, Tx, column, define_statements, optional, optional_array, run, time};

define_statements! {
    ADD_GRANT = "INSERT INTO openid_grant (tag, kind, person_key, expires, record) VALUES ($1, $2, $3, $4, $5)";
    FIND_GRANT = "SELECT person_key, expires, record FROM openid_grant WHERE tag = $1 AND kind = $2";
    DROP_GRANT = "DELETE FROM openid_grant WHERE tag = $1 AND kind = $2";
    ERASE_GRANTS = "DELETE FROM openid_grant WHERE person_key = $1";
}

const TABLE: &str = "openid_grant";

/// What kind of grant it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GrantKind {
    /// A request that was pushed.
    Request,
    /// An authorization code.
    Code,
    /// A pre-authorized code of a counter.
    Counter,
    /// An access token.
    Access,
    /// Credentials that were not ready.
    Deferred,
    /// Credentials that were given.
    Given,
}

impl GrantKind {
    const fn number(self) -> i16 {
        match self {
            Self::Request => 1,
            Self::Code => 2,
            Self::Counter => 3,
            Self::Access => 4,
            Self::Deferred => 5,
            Self::Given => 6,
        }
    }
}

/// A grant that counts.
pub(crate) struct KeptGrant {
    pub person: Option<PersonKey>,
    pub expires: Timestamp,
    pub record: Vec<u8>,
}

/// Keeps a grant.
pub(crate) async fn add(
    tx: &mut Tx,
    (tag, kind): (Tag, GrantKind),
    person: Option<PersonKey>,
    expires: Timestamp,
    record: Vec<u8>,
) -> Result<()> {
    let person = person.map(PersonKey::to_vec);
    run!(tx, ADD_GRANT, tag.to_vec(), kind.number(), person, expires.unix(), record).map(drop)
}

/// A grant that is not over at `now`.
pub(crate) async fn find(
    tx: &mut Tx,
    (tag, kind): (Tag, GrantKind),
    now: Timestamp,
) -> Result<Option<KeptGrant>> {
    let Some(row) = optional!(tx, FIND_GRANT, tag.to_vec(), kind.number())? else { return Ok(None) };
    let expires = time(&row, TABLE, "expires")?;
    if expires <= now {
        return Ok(None);
    }
    let person = optional_array(&row, TABLE, "person_key")?.map(PersonKey::from_bytes);
    Ok(Some(KeptGrant { person, expires, record: column(&row, TABLE, "record")? }))
}

/// Takes a grant away: it is there for one taker alone. `None` where it is over or another one came first.
pub(crate) async fn take(tx: &mut Tx, which: (Tag, GrantKind), now: Timestamp) -> Result<Option<KeptGrant>> {
    let found = find(tx, which, now).await?;
    let gone = run!(tx, DROP_GRANT, which.0.to_vec(), which.1.number())?;
    Ok(found.filter(|_| gone == 1))
}

/// Takes every grant of a person away.
pub(crate) async fn erase(tx: &mut Tx, person: PersonKey) -> Result<()> {
    run!(tx, ERASE_GRANTS, person.to_vec()).map(drop)
}

/// A record that this program never wrote.
pub(crate) const fn damaged() -> StoreError {
    StoreError::Row { table: TABLE, column: "record" }
}
