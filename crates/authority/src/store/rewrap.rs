//! Another master key: what lay under the one before lies under the next afterwards, all of it or nothing.
//!
//! Lives here: the way over every table of which a column lies under the master key. Not here: how a column is sealed (`vault`), the key's
//! file (the program that has it).

use sqlx::Row as _;

use super::vault::{self, PersonKey, Vault};
use super::{
    Result, Store, StoreError, Tx, all, appeal, array, column, define_statements, failed, risk, run,
};

define_statements! {
    READ_WRAPPED_KEYS = "SELECT person_key, wrapped_key FROM person WHERE person_key > $1 ORDER BY person_key LIMIT $2";
    SET_WRAPPED_KEY = "UPDATE person SET wrapped_key = $1 WHERE person_key = $2";
    READ_WEEKLY_KEYS = "SELECT maker, receiver, week, wrapped FROM weekly_key";
    SET_WEEKLY_KEY = "UPDATE weekly_key SET wrapped = $1 WHERE maker = $2 AND receiver = $3 AND week = $4";
    READ_RISK_PERSONS = "SELECT person_key AS row_key, sealed FROM risk_person WHERE person_key > $1 ORDER BY person_key LIMIT $2";
    SET_SEALED_RISK_PERSON = "UPDATE risk_person SET sealed = $1 WHERE person_key = $2";
    READ_RISK_DAYS = "SELECT person_key, day, sealed FROM risk_day WHERE (person_key, day) > ($1, $2) ORDER BY person_key, day LIMIT $3";
    SET_SEALED_RISK_DAY = "UPDATE risk_day SET sealed = $1 WHERE person_key = $2 AND day = $3";
    READ_RISK_DEVICES = "SELECT tag AS row_key, sealed FROM risk_device WHERE tag > $1 ORDER BY tag LIMIT $2";
    SET_SEALED_RISK_DEVICE = "UPDATE risk_device SET sealed = $1 WHERE tag = $2";
    READ_RISK_VERDICTS = "SELECT reference AS row_key, sealed FROM risk_verdict WHERE reference > $1 ORDER BY reference LIMIT $2";
    SET_SEALED_RISK_VERDICT = "UPDATE risk_verdict SET sealed = $1 WHERE reference = $2";
    READ_APPEALS = "SELECT reference AS row_key, words AS sealed FROM appeal WHERE reference > $1 ORDER BY reference LIMIT $2";
    SET_SEALED_APPEAL = "UPDATE appeal SET words = $1 WHERE reference = $2";
}

/// How many sessions other than this one a server has at this database.
const OTHER_SESSIONS: &str = "SELECT COUNT(*) AS counted FROM pg_stat_activity \
     WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()";

/// Rows that are read at once.
const ROWS: i64 = 500;

/// What lies under another master key now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rewrapped {
    /// Keys of persons.
    pub persons: u64,
    /// Weekly keys.
    pub weekly_keys: u64,
    /// Records of risk control and appeals of nobody who was registered.
    pub records: u64,
}

impl Store {
    /// Puts everything that lies under the master key under that of `next`, which makes the same keyed hashes, in one transaction; then
    /// writes a SQLite file anew, so that nothing under the key before is left in it. No other process may use the database.
    ///
    /// # Errors
    /// [`StoreError::InUse`]; a row that is damaged; the database's. Then everything is as it was, unless it failed at writing the file anew:
    /// the database opens with the key that it lies under, and with no other.
    pub async fn rewrap(self, next: &Vault) -> Result<Rewrapped> {
        let mut tx = self.begin().await?;
        self.hold_alone(&mut tx).await?;
        let from = &self.vault;
        let rewrapped = Rewrapped {
            persons: rewrap_persons(&mut tx, from, next).await?,
            weekly_keys: rewrap_weekly_keys(&mut tx, from, next).await?,
            records: reseal_records(&mut tx, from, next).await?,
        };
        vault::prove_master_key(&mut tx, next).await?;
        tx.commit().await?;
        self.compact().await?;
        self.advance_mark().await?;
        Ok(rewrapped)
    }

    /// Refuses a server's database at which another process is. That of a file is held by its folder's lock.
    async fn hold_alone(&self, tx: &mut Tx) -> Result<()> {
        if self.sqlite {
            return Ok(());
        }
        let row = sqlx::query(OTHER_SESSIONS).fetch_one(&mut *tx.connection()?).await;
        let others: i64 = row.and_then(|row| row.try_get("counted")).map_err(failed("count sessions"))?;
        if others < i64::from(self.writers.pool.size()) { Ok(()) } else { Err(StoreError::InUse) }
    }
}

async fn rewrap_persons(tx: &mut Tx, from: &Vault, to: &Vault) -> Result<u64> {
    const PERSON: &str = "person";
    let (mut after, mut count) = (Vec::new(), 0);
    loop {
        let rows = all!(tx, READ_WRAPPED_KEYS, after.clone(), ROWS)?;
        let Some(last) = rows.last() else { return Ok(count) };
        after = column(last, PERSON, "person_key")?;
        for row in &rows {
            // Nothing was ever known of this person, or they are erased.
            let Some(wrapped) = column::<Option<Vec<u8>>>(row, PERSON, "wrapped_key")? else { continue };
            let person = PersonKey::from_bytes(array(row, PERSON, "person_key")?);
            let wrapped = to.wrap_person_key(person, &from.person_key(person, &wrapped)?)?;
            run!(tx, SET_WRAPPED_KEY, wrapped, person.to_vec())?;
            count += 1;
        }
    }
}

async fn rewrap_weekly_keys(tx: &mut Tx, from: &Vault, to: &Vault) -> Result<u64> {
    const TABLE: &str = "weekly_key";
    let rows = all!(tx, READ_WEEKLY_KEYS)?;
    for row in &rows {
        let [maker, receiver, week] =
            ["maker", "receiver", "week"].map(|name| column::<String>(row, TABLE, name));
        let (maker, receiver, week) = (maker?, receiver?, week?);
        let name = format!("{maker}/{receiver}/{week}");
        let wrapped: Vec<u8> = column(row, TABLE, "wrapped")?;
        let wrapped = to.wrap_weekly_key(&name, &from.weekly_key(&name, &wrapped)?)?;
        run!(tx, SET_WEEKLY_KEY, wrapped, maker, receiver, week)?;
    }
    Ok(rows.len() as u64)
}

async fn reseal_records(tx: &mut Tx, from: &Vault, to: &Vault) -> Result<u64> {
    let mut count = reseal_days(tx, from, to).await?;
    for (table, statements) in [
        (risk::PERSON, (READ_RISK_PERSONS, SET_SEALED_RISK_PERSON)),
        (risk::DEVICE, (READ_RISK_DEVICES, SET_SEALED_RISK_DEVICE)),
        (risk::VERDICT, (READ_RISK_VERDICTS, SET_SEALED_RISK_VERDICT)),
        (appeal::APPEAL, (READ_APPEALS, SET_SEALED_APPEAL)),
    ] {
        count += reseal(tx, [from, to], table, statements).await?;
    }
    Ok(count)
}

/// A sealed column under the next master key; `None` for one that lies under a person's own key, which stays.
fn resealed(
    [from, to]: [&Vault; 2],
    table: &'static str,
    row: &[u8],
    sealed: &[u8],
) -> Result<Option<Vec<u8>>> {
    from.open_own(table, row, sealed).ok().map(|record| to.seal_own(table, row, &record)).transpose()
}

async fn reseal(
    tx: &mut Tx,
    vaults: [&Vault; 2],
    table: &'static str,
    (read_sealed, set_sealed): (&'static str, &'static str),
) -> Result<u64> {
    let (mut after, mut count) = (Vec::new(), 0);
    loop {
        let rows = all!(tx, read_sealed, after.clone(), ROWS)?;
        let Some(last) = rows.last() else { return Ok(count) };
        after = column(last, table, "row_key")?;
        for row in &rows {
            let (key, sealed): (Vec<u8>, Vec<u8>) =
                (column(row, table, "row_key")?, column(row, table, "sealed")?);
            if let Some(sealed) = resealed(vaults, table, &key, &sealed)? {
                run!(tx, set_sealed, sealed, key)?;
                count += 1;
            }
        }
    }
}

async fn reseal_days(tx: &mut Tx, from: &Vault, to: &Vault) -> Result<u64> {
    let (mut after, mut count) = ((Vec::new(), 0_i64), 0);
    loop {
        let rows = all!(tx, READ_RISK_DAYS, after.0.clone(), after.1, ROWS)?;
        let Some(last) = rows.last() else { return Ok(count) };
        after = (column(last, risk::DAY, "person_key")?, column(last, risk::DAY, "day")?);
        for row in &rows {
            let (person, day): (Vec<u8>, i64) =
                (column(row, risk::DAY, "person_key")?, column(row, risk::DAY, "day")?);
            let sealed: Vec<u8> = column(row, risk::DAY, "sealed")?;
            if let Some(sealed) = resealed([from, to], risk::DAY, &risk::day_row_of(&person, day), &sealed)? {
                run!(tx, SET_SEALED_RISK_DAY, sealed, person, day)?;
                count += 1;
            }
        }
    }
}
