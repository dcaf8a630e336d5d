//! Enrolment: invitations, second enrolments that wait, tries on a number.
//!
//! Lives here: their rows. Not here: what is decided by them (`enrolment`).

use credential::dpop::DpopThumbprint;
use documents::{Timestamp, redact_debug};

use super::carer::CarerId;
use super::vault::{PersonKey, Tag, Vault};
use super::{Result, Tx, all, array, column, define_statements, optional, optional_array, run, time};

define_statements! {
    SET_INVITATION = "INSERT INTO invitation (person_key, tag, made_at, expires, replaces, made) VALUES ($1, $2, $3, $4, $5, 1) ON CONFLICT (person_key) DO UPDATE SET tag = excluded.tag, made_at = excluded.made_at, expires = excluded.expires, replaces = excluded.replaces, made = invitation.made + 1";
    FIND_INVITATION = "SELECT tag, expires, replaces, made FROM invitation WHERE person_key = $1";
    USE_INVITATION = "UPDATE invitation SET tag = NULL WHERE person_key = $1 AND tag = $2";
    ERASE_INVITATION = "DELETE FROM invitation WHERE person_key = $1";
    SET_PENDING = "INSERT INTO pending_pass (person_key, session, device, made_at, due_at, carer) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (person_key) DO UPDATE SET session = excluded.session, device = excluded.device, made_at = excluded.made_at, due_at = excluded.due_at, carer = excluded.carer";
    FIND_PENDING = "SELECT person_key, session, device, made_at, due_at, carer FROM pending_pass WHERE person_key = $1";
    FIND_PENDING_SESSION = "SELECT person_key, session, device, made_at, due_at, carer FROM pending_pass WHERE session = $1";
    FIND_PENDING_CARRIED = "SELECT carer.person_key AS person_key FROM carer JOIN pending_pass ON pending_pass.person_key = carer.person_key AND pending_pass.carer = carer.id WHERE carer.carer_tag = $1";
    MOVE_PENDING = "UPDATE pending_pass SET carer = $1 WHERE person_key = $2 AND carer = $3";
    LIST_PENDING = "SELECT person_key, session, device, made_at, due_at, carer FROM pending_pass WHERE due_at > $1 ORDER BY due_at LIMIT 500";
    DROP_PENDING = "DELETE FROM pending_pass WHERE person_key = $1";
    SET_SESSION = "INSERT INTO pass (person_key, session, device, changed_at, carer) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (person_key) DO UPDATE SET session = excluded.session, device = excluded.device, changed_at = excluded.changed_at, carer = excluded.carer";
    FIND_PASS = "SELECT session, device, carer FROM pass WHERE person_key = $1";
    FIND_BOUND = "SELECT person_key, device, carer FROM pass WHERE session = $1 AND session IS NOT NULL";
    BIND_DEVICE = "UPDATE pass SET device = $1 WHERE session = $2 AND session IS NOT NULL AND device IS NULL";
    FIND_TRIES = "SELECT tries FROM enrolment_try WHERE tag = $1";
    CLEAR_TRIES = "DELETE FROM enrolment_try WHERE tag = $1";
    COUNT_TRY = "INSERT INTO enrolment_try (tag, tries, since) VALUES ($1, 1, $2) ON CONFLICT (tag) DO UPDATE SET tries = CASE WHEN enrolment_try.since < $3 THEN 1 WHEN enrolment_try.tries < 30000 THEN enrolment_try.tries + 1 ELSE enrolment_try.tries END, since = CASE WHEN enrolment_try.since < $3 THEN excluded.since ELSE enrolment_try.since END";
}

const PENDING: &str = "pending_pass";
const PASS: &str = "pass";

/// An invitation to be kept.
pub(crate) struct NewInvitation {
    pub tag: Tag,
    pub expires: Timestamp,
    pub replaces: bool,
}

/// A second enrolment that waits.
#[derive(Clone)]
pub(crate) struct PendingRow {
    pub key: PersonKey,
    pub session: [u8; 32],
    pub device: DpopThumbprint,
    pub made_at: Timestamp,
    pub due_at: Timestamp,
    /// The relation by which it is on a carer's phone.
    pub carer: Option<CarerId>,
}

/// Keeps a person's invitation in place of an earlier one; gives how many there were.
pub(crate) async fn set_invitation(
    tx: &mut Tx,
    key: PersonKey,
    new: &NewInvitation,
    now: Timestamp,
) -> Result<i64> {
    let replaces = i16::from(new.replaces);
    run!(tx, SET_INVITATION, key.to_vec(), new.tag.to_vec(), now.unix(), new.expires.unix(), replaces)?;
    let row = optional!(tx, FIND_INVITATION, key.to_vec())?;
    row.map_or(Ok(0), |row| column(&row, "invitation", "made"))
}

/// Whether this is a person's invitation and counts at `now`: `Some` with whether it replaces a pass in force.
pub(crate) async fn find_invitation(
    tx: &mut Tx,
    key: PersonKey,
    tag: Tag,
    now: Timestamp,
) -> Result<Option<bool>> {
    let Some(row) = optional!(tx, FIND_INVITATION, key.to_vec())? else { return Ok(None) };
    let kept: Option<Vec<u8>> = column(&row, "invitation", "tag")?;
    let expires: i64 = column(&row, "invitation", "expires")?;
    let replaces: i16 = column(&row, "invitation", "replaces")?;
    let counts = kept.is_some_and(|kept| kept == tag.to_vec()) && now.unix() < expires;
    Ok(counts.then_some(replaces != 0))
}

/// Uses an invitation up; false where somebody was faster.
pub(crate) async fn use_invitation(tx: &mut Tx, key: PersonKey, tag: Tag) -> Result<bool> {
    Ok(run!(tx, USE_INVITATION, key.to_vec(), tag.to_vec())? == 1)
}

/// Lets a second enrolment wait, in place of an earlier one that waits.
pub(crate) async fn set_pending(tx: &mut Tx, pending: &PendingRow) -> Result<()> {
    let PendingRow { key, session, device, made_at, due_at, carer } = pending;
    let (device, carer) = (device.as_bytes().to_vec(), carer.map(CarerId::to_vec));
    let (made_at, due_at) = (made_at.unix(), due_at.unix());
    run!(tx, SET_PENDING, key.to_vec(), session.to_vec(), device, made_at, due_at, carer).map(drop)
}

fn carer_of(row: &sqlx::any::AnyRow, table: &'static str) -> Result<Option<CarerId>> {
    Ok(optional_array(row, table, "carer")?.map(CarerId::from_bytes))
}

fn device_of(row: &sqlx::any::AnyRow) -> Result<Option<DpopThumbprint>> {
    Ok(optional_array(row, PASS, "device")?.map(DpopThumbprint::from_bytes))
}

fn pending(row: &sqlx::any::AnyRow) -> Result<PendingRow> {
    Ok(PendingRow {
        key: PersonKey::from_bytes(array(row, PENDING, "person_key")?),
        session: array(row, PENDING, "session")?,
        device: DpopThumbprint::from_bytes(array(row, PENDING, "device")?),
        made_at: time(row, PENDING, "made_at")?,
        due_at: time(row, PENDING, "due_at")?,
        carer: carer_of(row, PENDING)?,
    })
}

/// The second enrolment of a person that waits.
pub(crate) async fn find_pending(tx: &mut Tx, key: PersonKey) -> Result<Option<PendingRow>> {
    optional!(tx, FIND_PENDING, key.to_vec())?.map(|row| pending(&row)).transpose()
}

/// The waiting enrolment with this session.
pub(crate) async fn find_pending_session(tx: &mut Tx, session: &[u8; 32]) -> Result<Option<PendingRow>> {
    optional!(tx, FIND_PENDING_SESSION, session.to_vec())?.map(|row| pending(&row)).transpose()
}

/// Whose enrolments wait on this carer's phone.
pub(crate) async fn find_pending_carried(
    tx: &mut Tx,
    vault: &Vault,
    carer: PersonKey,
) -> Result<Vec<PersonKey>> {
    let rows = all!(tx, FIND_PENDING_CARRIED, vault.carer_tag(carer).to_vec())?;
    rows.iter().map(|row| array(row, PENDING, "person_key").map(PersonKey::from_bytes)).collect()
}

/// Lets an enrolment that waits to be carried by one relation be carried by another.
pub(crate) async fn move_pending(tx: &mut Tx, ward: PersonKey, from: CarerId, to: CarerId) -> Result<()> {
    run!(tx, MOVE_PENDING, to.to_vec(), ward.to_vec(), from.to_vec()).map(drop)
}

/// Up to 500 second enrolments that wait at `now`, those first whose time ends first.
pub(crate) async fn list_pending(tx: &mut Tx, now: Timestamp) -> Result<Vec<PendingRow>> {
    all!(tx, LIST_PENDING, now.unix())?.iter().map(pending).collect()
}

/// Drops a second enrolment that waits; false where there is none.
pub(crate) async fn drop_pending(tx: &mut Tx, key: PersonKey) -> Result<bool> {
    Ok(run!(tx, DROP_PENDING, key.to_vec())? == 1)
}

/// Forgets everything about enrolling a person.
pub(crate) async fn erase(tx: &mut Tx, key: PersonKey) -> Result<()> {
    run!(tx, ERASE_INVITATION, key.to_vec())?;
    run!(tx, DROP_PENDING, key.to_vec()).map(drop)
}

/// Puts a pass in force, bound to a device key; `carer`: by which relation on a carer's phone. The caller holds the person.
pub(crate) async fn set_session(
    tx: &mut Tx,
    key: PersonKey,
    session: &[u8; 32],
    (device, carer): (Option<DpopThumbprint>, Option<CarerId>),
    now: Timestamp,
) -> Result<()> {
    let device = device.map(|device| device.as_bytes().to_vec());
    let carer = carer.map(CarerId::to_vec);
    run!(tx, SET_SESSION, key.to_vec(), session.to_vec(), device, now.unix(), carer).map(drop)
}

/// A pass in force, as a session finds it.
pub(crate) struct Bound {
    pub key: PersonKey,
    /// The device key to which it is bound; `None` where it is bound to none yet.
    pub device: Option<DpopThumbprint>,
    /// Whether it is on a carer's phone.
    pub carried: bool,
}

/// Whose wallet this is, and the device key to which it is bound.
pub(crate) async fn find_bound(tx: &mut Tx, session: &[u8; 32]) -> Result<Option<Bound>> {
    let Some(row) = optional!(tx, FIND_BOUND, session.to_vec())? else { return Ok(None) };
    let (device, carried) = (device_of(&row)?, carer_of(&row, PASS)?.is_some());
    Ok(Some(Bound { key: PersonKey::from_bytes(array(&row, PASS, "person_key")?), device, carried }))
}

/// What stands of a pass beside its person.
pub(crate) struct PassRow {
    pub session: Option<[u8; 32]>,
    pub device: Option<DpopThumbprint>,
    pub carer: Option<CarerId>,
}
redact_debug!(PassRow);

/// The pass of a person, in force or not.
pub(crate) async fn find_pass(tx: &mut Tx, key: PersonKey) -> Result<Option<PassRow>> {
    let Some(row) = optional!(tx, FIND_PASS, key.to_vec())? else { return Ok(None) };
    let session = optional_array(&row, PASS, "session")?;
    Ok(Some(PassRow { session, device: device_of(&row)?, carer: carer_of(&row, PASS)? }))
}

/// Binds a session of an earlier version to a device key; false where it is bound already.
pub(crate) async fn bind_device(tx: &mut Tx, session: &[u8; 32], device: DpopThumbprint) -> Result<bool> {
    Ok(run!(tx, BIND_DEVICE, device.as_bytes().to_vec(), session.to_vec())? == 1)
}

/// Forgets the tries on a number.
pub(crate) async fn clear_tries(tx: &mut Tx, tag: Tag) -> Result<()> {
    run!(tx, CLEAR_TRIES, tag.to_vec()).map(drop)
}

/// Counts one more try on a number, from 1 again where the last count began before `before`; gives the count. Two tries at
/// once are two: the row is held until the transaction ends.
pub(crate) async fn count_try(tx: &mut Tx, tag: Tag, now: Timestamp, before: Timestamp) -> Result<i64> {
    run!(tx, COUNT_TRY, tag.to_vec(), now.unix(), before.unix())?;
    let row = optional!(tx, FIND_TRIES, tag.to_vec())?;
    let tries: Option<i16> = row.map(|row| column(&row, "enrolment_try", "tries")).transpose()?;
    Ok(tries.map_or(0, i64::from))
}
