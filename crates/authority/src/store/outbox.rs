//! Outbox and inbox: notices to issuers, gates' events, and the reasons of verdicts.
//!
//! Lives here: rows of messages. Not here: what they say (`credential::message`).

use credential::message::Chain;
use documents::{AuthorityCode, Timestamp};

use super::{Result, Tx, all, array, column, define_statements, optional, parsed, run};

define_statements! {
    ADD_REASON = "INSERT INTO verdict_reason (reference, at, outcome, code, detail) VALUES ($1, $2, $3, $4, $5)";
    FIND_REASON = "SELECT outcome, code, detail FROM verdict_reason WHERE reference = $1";
    LAST_EVENT = "SELECT number, hash FROM gate_event WHERE gate = $1 AND epoch = $2 ORDER BY number DESC LIMIT 1";
    FIND_EVENT = "SELECT hash FROM gate_event WHERE gate = $1 AND epoch = $2 AND number = $3";
    ADD_EVENT = "INSERT INTO gate_event (gate, epoch, number, hash, heard_at) VALUES ($1, $2, $3, $4, $5)";
    LAST_CHAIN = "SELECT epoch FROM gate_chain WHERE gate = $1 ORDER BY epoch DESC LIMIT 1";
    ADD_CHAIN = "INSERT INTO gate_chain (gate, epoch, reason, note, last_epoch, last_number, heard_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (gate, epoch) DO NOTHING";
    ADD_NOTICE_OUT = "INSERT INTO notice_out (hash, issuer, message, made_at, delivered_at) VALUES ($1, $2, $3, $4, 0) ON CONFLICT (hash) DO NOTHING";
    WAITING_NOTICES = "SELECT hash, issuer, message FROM notice_out WHERE delivered_at = 0 ORDER BY made_at LIMIT 1000";
    COUNT_NOTICES = "SELECT COUNT(*) AS counted FROM notice_out WHERE delivered_at = 0";
    NOTICE_DELIVERED = "UPDATE notice_out SET delivered_at = $1, message = $2 WHERE hash = $3";
    ADD_NOTICE_IN = "INSERT INTO notice_in (hash, taken_at) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING";
}

/// Why a verdict was given: outcome, stable code, and what more there is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerdictReason {
    /// `admit`, `verify`, `refer`, `busy` or `not_open_to_holder`.
    pub outcome: String,
    /// The stable code, as in `docs/reasons.md`.
    pub code: String,
    /// What more there is to say; may be empty.
    pub detail: String,
}

/// Keeps the reason of a verdict.
pub(crate) async fn add_reason(
    tx: &mut Tx,
    reference: &[u8; 16],
    at: Timestamp,
    (outcome, code, detail): (&str, &str, &str),
) -> Result<()> {
    let (outcome, code, detail) = (outcome.to_owned(), code.to_owned(), detail.to_owned());
    run!(tx, ADD_REASON, reference.to_vec(), at.unix(), outcome, code, detail).map(drop)
}

/// The reason of a verdict.
pub(crate) async fn find_reason(tx: &mut Tx, reference: &[u8; 16]) -> Result<Option<VerdictReason>> {
    const TABLE: &str = "verdict_reason";
    let Some(row) = optional!(tx, FIND_REASON, reference.to_vec())? else { return Ok(None) };
    Ok(Some(VerdictReason {
        outcome: column(&row, TABLE, "outcome")?,
        code: column(&row, TABLE, "code")?,
        detail: column(&row, TABLE, "detail")?,
    }))
}

/// Number and hash of the last event here of a gate's chain.
pub(crate) async fn last_event(tx: &mut Tx, gate: &str, epoch: i64) -> Result<Option<(i64, [u8; 32])>> {
    optional!(tx, LAST_EVENT, gate.to_owned(), epoch)?
        .map(|row| Ok((column(&row, "gate_event", "number")?, array(&row, "gate_event", "hash")?)))
        .transpose()
}

/// Hash of the event with this number.
pub(crate) async fn find_event(tx: &mut Tx, gate: &str, epoch: i64, number: i64) -> Result<Option<[u8; 32]>> {
    optional!(tx, FIND_EVENT, gate.to_owned(), epoch, number)?
        .map(|row| array(&row, "gate_event", "hash"))
        .transpose()
}

/// Logs a gate's event.
pub(crate) async fn add_event(
    tx: &mut Tx,
    gate: &str,
    (epoch, number): (i64, i64),
    hash: &[u8; 32],
    now: Timestamp,
) -> Result<()> {
    run!(tx, ADD_EVENT, gate.to_owned(), epoch, number, hash.to_vec(), now.unix()).map(drop)
}

/// The epoch of a gate's newest chain; 0 where it never began one anew.
pub(crate) async fn last_chain(tx: &mut Tx, gate: &str) -> Result<i64> {
    optional!(tx, LAST_CHAIN, gate.to_owned())?.map_or(Ok(0), |row| column(&row, "gate_chain", "epoch"))
}

/// Logs the beginning of a chain, and where the chain before it had come to.
pub(crate) async fn add_chain(
    tx: &mut Tx,
    chain: &Chain,
    (last_epoch, last_number): (i64, i64),
    now: Timestamp,
) -> Result<()> {
    let epoch = i64::try_from(chain.epoch).unwrap_or(i64::MAX);
    let (gate, reason, note) = (chain.gate.clone(), chain.reason.as_str().to_owned(), chain.note.clone());
    run!(tx, ADD_CHAIN, gate, epoch, reason, note, last_epoch, last_number, now.unix()).map(drop)
}

/// A notice that waits for delivery.
#[derive(Debug, Clone)]
pub struct WaitingNotice {
    /// SHA-256 of its contents.
    pub id: [u8; 32],
    /// To whom.
    pub issuer: AuthorityCode,
    /// The signed message.
    pub message: Vec<u8>,
}

/// Puts a notice on its way.
pub(crate) async fn add_notice_out(tx: &mut Tx, notice: &WaitingNotice, now: Timestamp) -> Result<()> {
    let (id, issuer) = (notice.id.to_vec(), notice.issuer.code().to_owned());
    run!(tx, ADD_NOTICE_OUT, id, issuer, notice.message.clone(), now.unix()).map(drop)
}

/// Notices that were not delivered yet, the oldest first.
pub(crate) async fn waiting_notices(tx: &mut Tx) -> Result<Vec<WaitingNotice>> {
    const TABLE: &str = "notice_out";
    let read = |row: &sqlx::any::AnyRow| {
        let (id, issuer) = (array(row, TABLE, "hash")?, parsed(row, TABLE, "issuer")?);
        Ok(WaitingNotice { id, issuer, message: column(row, TABLE, "message")? })
    };
    all!(tx, WAITING_NOTICES)?.iter().map(read).collect()
}

/// How many notices wait for delivery.
pub(crate) async fn count_notices(tx: &mut Tx) -> Result<i64> {
    optional!(tx, COUNT_NOTICES)?.map_or(Ok(0), |row| column(&row, "notice_out", "counted"))
}

/// Marks a notice as delivered; its message, which names a token, is not kept.
pub(crate) async fn set_notice_delivered(tx: &mut Tx, id: &[u8; 32], now: Timestamp) -> Result<()> {
    run!(tx, NOTICE_DELIVERED, now.unix(), Vec::<u8>::new(), id.to_vec()).map(drop)
}

/// Logs a notice that came in; false where it was applied already.
pub(crate) async fn add_notice_in(tx: &mut Tx, id: &[u8; 32], now: Timestamp) -> Result<bool> {
    Ok(run!(tx, ADD_NOTICE_IN, id.to_vec(), now.unix())? == 1)
}
