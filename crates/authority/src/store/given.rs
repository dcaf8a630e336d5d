//! Given verdicts: every verdict by the hash of its request, so that the same request gets the same bytes back.
//!
//! Lives here: rows of given verdicts. Not here: how one is made (`verdict`).

use clearance::ReservationId;
use documents::Timestamp;

use super::{Result, Tx, all, array, column, define_statements, optional, run};

define_statements! {
    ADD_GIVEN = "INSERT INTO given_verdict (request, reservation, verdict, probe, signed, at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (request) DO NOTHING";
    FIND_GIVEN = "SELECT signed FROM given_verdict WHERE request = $1";
    FIND_GIVEN_FOR = "SELECT verdict, probe FROM given_verdict WHERE reservation = $1";
    FIND_SIGNED_FOR = "SELECT signed FROM given_verdict WHERE reservation = $1 ORDER BY at, verdict";
}

const TABLE: &str = "given_verdict";

/// A verdict as it was given.
pub(crate) struct GivenVerdict<'a> {
    /// Hash of the request's payload.
    pub request: [u8; 32],
    /// The reservation beside it.
    pub reservation: Option<ReservationId>,
    /// Hash of its own payload.
    pub verdict: [u8; 32],
    /// Hash of the probe that was judged.
    pub probe: [u8; 32],
    /// The signed bytes.
    pub signed: &'a [u8],
}

/// Keeps a verdict; false where one was given for the same request already.
pub(crate) async fn add_given(tx: &mut Tx, given: &GivenVerdict<'_>, now: Timestamp) -> Result<bool> {
    let added = run!(
        tx,
        ADD_GIVEN,
        given.request.to_vec(),
        given.reservation.map(|id| id.as_bytes().to_vec()),
        given.verdict.to_vec(),
        given.probe.to_vec(),
        given.signed.to_vec(),
        now.unix(),
    )?;
    Ok(added == 1)
}

/// The signed verdict that was given for a request.
pub(crate) async fn find_given(tx: &mut Tx, request: &[u8; 32]) -> Result<Option<Vec<u8>>> {
    optional!(tx, FIND_GIVEN, request.to_vec())?.map(|row| column(&row, TABLE, "signed")).transpose()
}

/// Hashes of verdict and probe of each verdict that was given for a reservation.
pub(crate) async fn find_given_for(tx: &mut Tx, id: ReservationId) -> Result<Vec<([u8; 32], [u8; 32])>> {
    all!(tx, FIND_GIVEN_FOR, id.as_bytes().to_vec())?
        .iter()
        .map(|row| Ok((array(row, TABLE, "verdict")?, array(row, TABLE, "probe")?)))
        .collect()
}

/// The signed verdicts that were given for a reservation, the oldest first.
pub(crate) async fn find_signed_for(tx: &mut Tx, id: ReservationId) -> Result<Vec<Vec<u8>>> {
    all!(tx, FIND_SIGNED_FOR, id.as_bytes().to_vec())?
        .iter()
        .map(|row| column(row, TABLE, "signed"))
        .collect()
}
