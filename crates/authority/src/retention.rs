//! Retention: how long each kind of row is kept (`docs/retention.md`), and the daily job that keeps to it.
//!
//! Lives here: the terms and [`Service::enforce_retention`]. Not here: statements (`store::maintenance`), who calls it
//! (`peers::round`).

use documents::Timestamp;

use crate::service::Service;
use crate::status_places::REST_SECONDS;
use crate::store::maintenance::{self, Deadlines};
use crate::store::{DatabaseAddress, StoreError, Tx, read_job};

const DAY: i64 = 86_400;
/// Tokens, and token ids of reservations: days after their end.
pub const TOKEN_DAYS: i64 = 30;
/// The longest life of a token, in days (7 days and an hour, rounded up).
const TOKEN_LIFE_DAYS: i64 = 8;
/// Keyed hashes of spent tokens: days after the passage.
pub const SPENT_DAYS: i64 = TOKEN_LIFE_DAYS + TOKEN_DAYS;
/// Keyed hashes of device keys: days after they were logged.
pub const DEVICE_DAYS: i64 = 400;
/// Reasons of verdicts, for officers: days.
pub const REASON_DAYS: i64 = 30;
/// Events of gates: days; the last one of each gate stays, for the chain goes on from it.
pub const EVENT_DAYS: i64 = 30;
/// Verdicts that were given, by their requests, where no reservation stands beside them, and clearances that ended with
/// nothing reserved: days. Longer than a request
/// counts.
pub const GIVEN_DAYS: i64 = 1;
/// Conflicts that an officer settled: days.
pub const CONFLICT_DAYS: i64 = 90;
/// Who settled what: days.
pub const SETTLEMENT_DAYS: i64 = 400;
/// Notices that were delivered: days. What they said of a token goes at once.
pub const NOTICE_DAYS: i64 = 30;
/// Hashes of notices that came in, so that one which comes again counts nothing: days.
pub const NOTICE_IN_DAYS: i64 = 180;
/// Failed enrolments: days.
pub const TRY_DAYS: i64 = 1;
/// Invitations, and second enrolments that nobody came for: days after their end.
pub const ENROLMENT_DAYS: i64 = 30;
/// Relations of carers: days after their end. What was consented to can be shown for three years (PIPL art. 56).
pub const CARER_DAYS: i64 = 3 * 366;
/// Entries of the watch list: days after their end.
pub const WATCH_DAYS: i64 = 30;
/// What risk control keeps of a person or device: days after it last changed. Its counters have decayed long before.
pub const RISK_STATE_DAYS: i64 = 180;
/// What the rules saw and found at a verdict, and the states with which days began: days.
pub const RISK_FACT_DAYS: i64 = 30;
/// Signed reasons: days, and as long as an appeal is open.
pub const RISK_REASON_DAYS: i64 = 90;
/// Appeals that were answered, and suspensions that ended: days.
pub const APPEAL_DAYS: i64 = 400;
/// Movements without their time of day: days. Longer than any endorsement lives whose entries they count.
pub const MOVEMENT_DAYS: i64 = 6 * 366;
/// The job's name.
const JOB: &str = "retention";

/// What one run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionReport {
    /// Rows that were deleted.
    pub deleted: u64,
    /// Movements whose time of day was taken away.
    pub reduced: u64,
    /// Places in status lists that are free for other tokens.
    pub freed: u64,
}

impl Service {
    /// Deletes and reduces what was kept for its time, unless that was done within a day before `now`; `None` then.
    ///
    /// # Errors
    /// The database's; the next call tries again.
    pub async fn enforce_retention(&self, now: Timestamp) -> Result<Option<RetentionReport>, StoreError> {
        self.at_lanes.forget_old(now);
        let mut tx = self.store.read().await?;
        let last = maintenance::find_job(&mut tx, JOB).await?;
        tx.commit().await?;
        if last.is_some_and(|last| (0..DAY).contains(&now.seconds_since(last))) {
            return Ok(None);
        }
        let before = |days: i64| now.plus_seconds(-days * DAY);
        let deadlines = Deadlines {
            token_ids: before(TOKEN_DAYS),
            spent_tokens: before(SPENT_DAYS),
            devices: before(DEVICE_DAYS),
            reasons: before(REASON_DAYS),
            events: before(EVENT_DAYS),
            given: before(GIVEN_DAYS),
            conflicts: before(CONFLICT_DAYS),
            settlements: before(SETTLEMENT_DAYS),
            own_parts: before(TOKEN_LIFE_DAYS + TOKEN_DAYS),
            notices_out: before(NOTICE_DAYS),
            notices_in: before(NOTICE_IN_DAYS),
            tries: before(TRY_DAYS),
            enrolments: before(ENROLMENT_DAYS),
            carers: before(CARER_DAYS),
            watches: before(WATCH_DAYS),
            risk_states: before(RISK_STATE_DAYS),
            risk_facts: before(RISK_FACT_DAYS),
            risk_reasons: before(RISK_REASON_DAYS),
            appeals: before(APPEAL_DAYS),
            movements: before(MOVEMENT_DAYS),
        };
        self.end_carers_over(now).await?;
        let mut tx = self.store.begin().await?;
        let deleted = maintenance::forget(&mut tx, &deadlines, now).await?;
        tx.commit().await?;
        let rested = now.plus_seconds(-REST_SECONDS);
        let freed = self.in_steps(async |tx| maintenance::free_places(tx, rested).await).await?;
        let reduced = self.in_steps(async |tx| maintenance::reduce_movements(tx, now).await).await?;
        let mut tx = self.store.begin().await?;
        maintenance::set_job(&mut tx, JOB, now).await?;
        tx.commit().await?;
        Ok(Some(RetentionReport { deleted, reduced, freed }))
    }

    /// Takes a step, a thousand rows at most, in a transaction of its own until one finds nothing to do: a lane that waits for
    /// the writer waits for one such step at most. Gives how many rows it were.
    async fn in_steps(
        &self,
        step: impl AsyncFn(&mut Tx) -> Result<u64, StoreError>,
    ) -> Result<u64, StoreError> {
        let mut done: u64 = 0;
        loop {
            let mut tx = self.store.begin().await?;
            let some = step(&mut tx).await?;
            tx.commit().await?;
            done += some;
            if some == 0 {
                return Ok(done);
            }
        }
    }
}

/// When retention was last enforced to the end in the database at this address; `None` where it never was.
///
/// # Errors
/// The database's.
pub async fn last_retention(address: &DatabaseAddress) -> Result<Option<Timestamp>, StoreError> {
    read_job(address, JOB).await
}
