//! Retention: what is past its time is erased, and a report says what was.
//!
//! Lives here: the job and the erasure of one person. Not here: how long something is kept (`profile`, `visit`). Whose report is
//! still open is held back: the law's duty to tell comes first.

use documents::Timestamp;

use super::{
    PersonKey, Result, Store, Tx, all, column, define_statements, intent, optional, person, reader, report,
    run, sixteen, stay,
};

define_statements! {
    EXPIRED = "SELECT person_key FROM person WHERE keep_until <= $1 AND person_key > $2 ORDER BY person_key LIMIT $3";
    DELETE_LOOKS = "DELETE FROM look WHERE at < $1";
    DELETE_VISITS = "DELETE FROM visit WHERE person_key = $1";
    INSERT_RUN = "INSERT INTO retention_run (at, persons, stays, visits, looks, held_back) VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT (at) DO NOTHING";
    LAST_RUN = "SELECT at, persons, stays, visits, looks, held_back FROM retention_run ORDER BY at DESC LIMIT 1";
}

/// How long it stands who looked at what.
pub const LOOK_DAYS: i32 = 400;
/// Persons of one transaction: a desk that works does not wait for long.
const BATCH: i64 = 200;

/// What one run of the job erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionReport {
    /// When it ran.
    pub at: Timestamp,
    /// Persons whose keys were destroyed.
    pub persons: i64,
    /// Stays of theirs.
    pub stays: i64,
    /// Visits of theirs.
    pub visits: i64,
    /// Lines of the log of looks.
    pub looks: i64,
    /// Persons past their time whose report is not answered yet, or of whom a loan is not settled.
    pub held_back: i64,
}

impl Store {
    /// Erases what is past its time, and writes down what it was.
    ///
    /// # Errors
    /// The database's; what was erased stays erased, and the next run goes on.
    pub async fn retain(&self, now: Timestamp) -> Result<RetentionReport> {
        let mut report = RetentionReport { at: now, persons: 0, stays: 0, visits: 0, looks: 0, held_back: 0 };
        let mut after = Vec::new();
        loop {
            let mut tx = self.begin().await?;
            let rows = all!(tx, EXPIRED, now.unix(), after.clone(), BATCH)?;
            for row in &rows {
                let person = PersonKey::from_bytes(sixteen(row, "person", "person_key")?);
                after = person.to_vec();
                match erase(&mut tx, person).await? {
                    Some((stays, visits)) => {
                        report.persons += 1;
                        report.stays += stays;
                        report.visits += visits;
                    }
                    None => report.held_back += 1,
                }
            }
            tx.commit().await?;
            if rows.is_empty() {
                break;
            }
        }
        let mut tx = self.begin().await?;
        super::answer::forget_ended(&mut tx, now).await?;
        intent::forget_refused(&mut tx, now).await?;
        let oldest = now.local_date().plus_days(-LOOK_DAYS).start();
        report.looks = count(run!(tx, DELETE_LOOKS, oldest.unix())?);
        let RetentionReport { at, persons, stays, visits, looks, held_back } = report;
        run!(tx, INSERT_RUN, at.unix(), persons, stays, visits, looks, held_back)?;
        tx.commit().await?;
        self.empty_log().await?;
        Ok(report)
    }

    /// What the last run erased; `None` before the first.
    ///
    /// # Errors
    /// The database's.
    pub async fn last_retention(&self) -> Result<Option<RetentionReport>> {
        let mut tx = self.read().await?;
        let row = optional!(tx, LAST_RUN)?;
        tx.roll_back().await?;
        let Some(row) = row else { return Ok(None) };
        let number = |name| column(&row, "retention_run", name);
        Ok(Some(RetentionReport {
            at: super::time(&row, "retention_run", "at")?,
            persons: number("persons")?,
            stays: number("stays")?,
            visits: number("visits")?,
            looks: number("looks")?,
            held_back: number("held_back")?,
        }))
    }
}

/// Destroys a person's key with all rows that it sealed; gives how many stays and visits there were. `None`, and nothing is
/// erased, where a report on them is open, or an intent that somebody has to look at.
pub(crate) async fn erase(tx: &mut Tx, key: PersonKey) -> Result<Option<(i64, i64)>> {
    if report::open_of(tx, key).await? + intent::open_of(tx, key).await? > 0 {
        return Ok(None);
    }
    report::delete_of(tx, key).await?;
    intent::delete_of(tx, key).await?;
    reader::forget_card(tx, key).await?;
    let stays = stay::delete_of(tx, key).await?;
    let visits = run!(tx, DELETE_VISITS, key.to_vec())?;
    person::delete(tx, key).await?;
    Ok(Some((count(stays), count(visits))))
}

fn count(rows: u64) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
