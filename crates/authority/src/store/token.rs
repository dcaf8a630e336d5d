//! Tokens and device keys that this authority issued for, by keyed hashes of their ids.
//!
//! Lives here: rows of issued tokens, of tokens that were spent here, of device keys. Not here: a token's form
//! (`credential`).

use std::ops::Range;

use documents::Timestamp;

use super::vault::{PersonKey, Tag};
use super::{Result, StoreError, Tx, all, array, column, define_statements, optional, run};

define_statements! {
    ADD_DEVICE = "INSERT INTO device (tag, person_key, made_at) VALUES ($1, $2, $3) ON CONFLICT (tag) DO NOTHING";
    ADD_OWN_PART = "INSERT INTO own_part (device, hash, made_at) VALUES ($1, $2, $3) ON CONFLICT (device, hash) DO NOTHING";
    FIND_OWN_PART = "SELECT (SELECT COUNT(*) FROM own_part WHERE device = $1 AND hash = $2) AS made, (SELECT COUNT(*) FROM own_part WHERE device = $1) AS others, (SELECT made_at FROM device WHERE tag = $1) AS logged_at, (SELECT MIN(made_at) FROM own_part) AS since";
    COUNT_DEVICES = "SELECT COUNT(*) AS counted FROM device WHERE person_key = $1 AND made_at > $2";
    FIND_DEVICE = "SELECT person_key FROM device WHERE tag = $1";
    ADD_TOKEN = "INSERT INTO token (tag, person_key, list, place, expires, status, purpose) VALUES ($1, $2, $3, $4, $5, 0, $6) ON CONFLICT DO NOTHING";
    FIND_TOKEN = "SELECT person_key, list, place, expires, status, purpose FROM token WHERE tag = $1";
    COUNT_TOKENS = "SELECT COUNT(*) AS counted FROM token WHERE person_key = $1 AND expires > $2 AND status = 0 AND purpose = 0 AND NOT EXISTS (SELECT 1 FROM spent_token WHERE spent_token.tag = token.tag)";
    END_TOKENS = "UPDATE token SET status = 1 WHERE person_key = $1 AND status <> 1";
    END_CARRIED_TOKENS = "UPDATE token SET status = 1 WHERE person_key = $1 AND status <> 1 AND EXISTS (SELECT 1 FROM pass WHERE pass.person_key = token.person_key AND pass.carer IS NOT NULL)";
    END_PHONE_TOKENS = "UPDATE token SET status = 1 WHERE person_key = $1 AND purpose IN (0, 1) AND status <> 1";
    END_PAPERS = "UPDATE token SET status = 1 WHERE person_key = $1 AND purpose = 2 AND status <> 1";
    SET_STATUS = "UPDATE token SET status = $1 WHERE tag = $2";
    LAST_PLACE = "SELECT MAX(place) AS place FROM token WHERE list = $1 AND place >= 0";
    TAKEN_PLACES = "SELECT place FROM token WHERE list = $1 AND place >= $2 AND place < $3 AND place >= 0 AND expires >= $4 ORDER BY place";
    COUNT_PLACES = "SELECT COUNT(*) AS counted FROM token WHERE list = $1 AND place >= $2 AND place < $3 AND place >= 0 AND expires >= $4";
    FREE_PLACE = "UPDATE token SET place = -1 WHERE list = $1 AND place = $2 AND place >= 0 AND expires < $3";
    ENDED_PLACES = "SELECT place, status FROM token WHERE list = $1 AND status <> 0 AND expires > $2 AND place >= 0";
    SPEND_TOKEN = "INSERT INTO spent_token (tag, spent_at) VALUES ($1, $2) ON CONFLICT (tag) DO NOTHING";
}

/// The status of a token whose pass is suspended (Token Status List, 7.1).
pub(crate) const SUSPENDED: i16 = 2;
/// Stands for a place that went to another token.
const NO_PLACE: i64 = -1;

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A border token.
    Border,
    /// A credential for venues.
    Venue,
    /// A paper pass: the issuer's token, or another authority's part for one.
    Paper,
    /// A credential in a wallet of others.
    Other,
}

impl Purpose {
    const fn number(self) -> i16 {
        match self {
            Self::Border => 0,
            Self::Venue => 1,
            Self::Paper => 2,
            Self::Other => 3,
        }
    }

    fn from_number(number: i16) -> Result<Self> {
        match number {
            0 => Ok(Self::Border),
            1 => Ok(Self::Venue),
            2 => Ok(Self::Paper),
            3 => Ok(Self::Other),
            _ => Err(StoreError::Row { table: "token", column: "purpose" }),
        }
    }
}

/// An issued token or venue credential: whose, where its status stands, until when, and the status.
pub(crate) struct IssuedToken {
    pub person: PersonKey,
    pub purpose: Purpose,
    pub list: u8,
    /// `None` where its place went to another one.
    pub place: Option<u32>,
    pub expires: Timestamp,
    /// 0 valid, 1 invalid, 2 suspended.
    pub status: i16,
}

/// Logs an own part that was made for a device key.
pub(crate) async fn add_own_part(tx: &mut Tx, device: Tag, hash: &[u8; 32], now: Timestamp) -> Result<()> {
    run!(tx, ADD_OWN_PART, device.to_vec(), hash.to_vec(), now.unix()).map(drop)
}

/// Whether this authority made an own part for a device key. Before the log began, a logged device key is all there is to
/// go by.
pub(crate) async fn is_own_part(tx: &mut Tx, device: Tag, hash: &[u8; 32]) -> Result<bool> {
    const TABLE: &str = "own_part";
    let Some(row) = optional!(tx, FIND_OWN_PART, device.to_vec(), hash.to_vec())? else { return Ok(false) };
    let (made, others): (i64, i64) = (column(&row, TABLE, "made")?, column(&row, TABLE, "others")?);
    let (logged_at, since): (Option<i64>, Option<i64>) =
        (column(&row, TABLE, "logged_at")?, column(&row, TABLE, "since")?);
    let before = logged_at.is_some_and(|logged| since.is_none_or(|since| logged < since));
    Ok(made > 0 || (others == 0 && before))
}

/// How many device keys were logged for a person after `since`.
pub(crate) async fn count_devices(tx: &mut Tx, person: PersonKey, since: Timestamp) -> Result<i64> {
    optional!(tx, COUNT_DEVICES, person.to_vec(), since.unix())?
        .map_or(Ok(0), |row| column(&row, "device", "counted"))
}

/// Logs a device key; gives the person that it belongs to.
pub(crate) async fn add_device(
    tx: &mut Tx,
    device: Tag,
    person: PersonKey,
    now: Timestamp,
) -> Result<PersonKey> {
    run!(tx, ADD_DEVICE, device.to_vec(), person.to_vec(), now.unix())?;
    let row = optional!(tx, FIND_DEVICE, device.to_vec())?;
    row.map_or(Ok(person), |row| Ok(PersonKey::from_bytes(array(&row, "device", "person_key")?)))
}

/// Logs an issued token; false where its id or its place in the list is taken.
pub(crate) async fn add_token(tx: &mut Tx, tag: Tag, token: &IssuedToken) -> Result<bool> {
    let (list, place) = (i16::from(token.list), token.place.map_or(NO_PLACE, i64::from));
    let (person, purpose) = (token.person.to_vec(), token.purpose.number());
    let done = run!(tx, ADD_TOKEN, tag.to_vec(), person, list, place, token.expires.unix(), purpose)?;
    Ok(done == 1)
}

/// The issued token with this tag.
pub(crate) async fn find_token(tx: &mut Tx, tag: Tag) -> Result<Option<IssuedToken>> {
    let Some(row) = optional!(tx, FIND_TOKEN, tag.to_vec())? else { return Ok(None) };
    let damaged = |column| move |_| StoreError::Row { table: "token", column };
    let list: i16 = column(&row, "token", "list")?;
    let place: i64 = column(&row, "token", "place")?;
    Ok(Some(IssuedToken {
        person: PersonKey::from_bytes(array(&row, "token", "person_key")?),
        purpose: Purpose::from_number(column(&row, "token", "purpose")?)?,
        list: u8::try_from(list).map_err(damaged("list"))?,
        place: if place == NO_PLACE { None } else { Some(u32::try_from(place).map_err(damaged("place"))?) },
        expires: super::time(&row, "token", "expires")?,
        status: column(&row, "token", "status")?,
    }))
}

/// Border tokens of a person that are neither over, ended nor spent here.
pub(crate) async fn count_tokens(tx: &mut Tx, person: PersonKey, now: Timestamp) -> Result<i64> {
    let row = optional!(tx, COUNT_TOKENS, person.to_vec(), now.unix())?;
    row.map_or(Ok(0), |row| column(&row, "token", "counted"))
}

/// Ends every token of a person.
pub(crate) async fn end_tokens(tx: &mut Tx, person: PersonKey) -> Result<()> {
    run!(tx, END_TOKENS, person.to_vec()).map(drop)
}

/// Ends every token and credential for venues that a person's phone holds: the pass moves to another one. Paper passes stay.
pub(crate) async fn end_phone_tokens(tx: &mut Tx, person: PersonKey) -> Result<()> {
    run!(tx, END_PHONE_TOKENS, person.to_vec()).map(drop)
}

/// Ends every token of a person whose pass is on a carer's phone: it moves to another one.
pub(crate) async fn end_carried_tokens(tx: &mut Tx, person: PersonKey) -> Result<()> {
    run!(tx, END_CARRIED_TOKENS, person.to_vec()).map(drop)
}

/// Ends every paper pass of a person; gives how many.
pub(crate) async fn end_papers(tx: &mut Tx, person: PersonKey) -> Result<u64> {
    run!(tx, END_PAPERS, person.to_vec())
}

/// Sets the status of one token.
pub(crate) async fn set_status(tx: &mut Tx, tag: Tag, status: i16) -> Result<()> {
    run!(tx, SET_STATUS, status, tag.to_vec()).map(drop)
}

/// Places of a list whose tokens are not valid any more and not over yet, with their status.
pub(crate) async fn ended_places(tx: &mut Tx, list: u8, now: Timestamp) -> Result<Vec<(i64, i16)>> {
    all!(tx, ENDED_PLACES, i16::from(list), now.unix())?
        .iter()
        .map(|row| Ok((column(row, "token", "place")?, column(row, "token", "status")?)))
        .collect()
}

/// The last place of a list that a token has; `None` where it has none.
pub(crate) async fn last_place(tx: &mut Tx, list: u8) -> Result<Option<u32>> {
    let Some(row) = optional!(tx, LAST_PLACE, i16::from(list))? else { return Ok(None) };
    let place: Option<i64> = column(&row, "token", "place")?;
    let damaged = |_| StoreError::Row { table: "token", column: "place" };
    place.map(|place| u32::try_from(place).map_err(damaged)).transpose()
}

/// Places of this part of a list that tokens have which end at `rested` or later, in their order.
pub(crate) async fn taken_places(
    tx: &mut Tx,
    list: u8,
    part: Range<u32>,
    rested: Timestamp,
) -> Result<Vec<u32>> {
    let (from, to) = (i64::from(part.start), i64::from(part.end));
    let damaged = |_| StoreError::Row { table: "token", column: "place" };
    all!(tx, TAKEN_PLACES, i16::from(list), from, to, rested.unix())?
        .iter()
        .map(|row| u32::try_from(column::<i64>(row, "token", "place")?).map_err(damaged))
        .collect()
}

/// How many places of this part of a list tokens have which end at `rested` or later.
pub(crate) async fn count_places(tx: &mut Tx, list: u8, part: Range<u32>, rested: Timestamp) -> Result<u64> {
    let (from, to) = (i64::from(part.start), i64::from(part.end));
    let row = optional!(tx, COUNT_PLACES, i16::from(list), from, to, rested.unix())?;
    let counted: i64 = row.map_or(Ok(0), |row| column(&row, "token", "counted"))?;
    Ok(u64::try_from(counted).unwrap_or(0))
}

/// Takes its place from a token that ended before `rested`; false where no such token has it.
pub(crate) async fn free_place(tx: &mut Tx, list: u8, place: u32, rested: Timestamp) -> Result<bool> {
    Ok(run!(tx, FREE_PLACE, i16::from(list), i64::from(place), rested.unix())? == 1)
}

/// Marks a token as spent by a passage here.
pub(crate) async fn spend_token(tx: &mut Tx, tag: Tag, now: Timestamp) -> Result<()> {
    run!(tx, SPEND_TOKEN, tag.to_vec(), now.unix()).map(drop)
}
