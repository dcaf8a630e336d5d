//! The store: every statement of this service, in one place, the same for SQLite and PostgreSQL.
//!
//! Lives here: table definitions, statements, rows. Not here: any decision. Hot tables are keyed by the authority's own
//! person key. Ledgers hold person keys, times and hashes, never a part or a probe.

use sqlx::any::AnyPoolOptions;
use sqlx::{Any, AnyPool, AssertSqlSafe, Row, Transaction};

/// Table definitions; `{blob}` is `BLOB` in SQLite and `BYTEA` in PostgreSQL.
const TABLES: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS person (person_key {blob} PRIMARY KEY, record TEXT NOT NULL, template {blob} NOT NULL, template_kind BIGINT NOT NULL, session {blob} NOT NULL, ended BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS photo (person_key {blob} PRIMARY KEY, photo {blob} NOT NULL)",
    "CREATE TABLE IF NOT EXISTS person_hold (person_key {blob} PRIMARY KEY, holds BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS person_tag (tag {blob} PRIMARY KEY, person_key {blob} NOT NULL, lost BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS enrol_try (tag {blob} PRIMARY KEY, tries BIGINT NOT NULL, since BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS device (thumbprint {blob} PRIMARY KEY, person_key {blob} NOT NULL, at BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS token (token_id {blob} PRIMARY KEY, person_key {blob} NOT NULL, list BIGINT NOT NULL, place BIGINT NOT NULL, expires BIGINT NOT NULL, status BIGINT NOT NULL, UNIQUE (list, place))",
    "CREATE TABLE IF NOT EXISTS reservation (id {blob} PRIMARY KEY, person_key {blob} NOT NULL, token_id {blob} NOT NULL, clearance {blob} NOT NULL, lane TEXT NOT NULL, state TEXT NOT NULL, at BIGINT NOT NULL, passage {blob} NOT NULL, verdict {blob} NOT NULL, probe {blob} NOT NULL, record TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS movement (id {blob} PRIMARY KEY, person_key {blob} NOT NULL, at BIGINT NOT NULL, record TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS verdict (reference {blob} PRIMARY KEY, at BIGINT NOT NULL, outcome TEXT NOT NULL, code TEXT NOT NULL, detail TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS gate_event (gate TEXT NOT NULL, number BIGINT NOT NULL, hash {blob} NOT NULL, PRIMARY KEY (gate, number))",
    "CREATE TABLE IF NOT EXISTS notice_out (hash {blob} PRIMARY KEY, issuer TEXT NOT NULL, message {blob} NOT NULL, delivered BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS notice_in (hash {blob} PRIMARY KEY, at BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS weekly_key (maker TEXT NOT NULL, receiver TEXT NOT NULL, week TEXT NOT NULL, week_end BIGINT NOT NULL, secret {blob} NOT NULL, PRIMARY KEY (maker, receiver, week))",
    "CREATE TABLE IF NOT EXISTS handed_over (receiver TEXT NOT NULL, week TEXT NOT NULL, week_end BIGINT NOT NULL, PRIMARY KEY (receiver, week))",
    "CREATE TABLE IF NOT EXISTS watch (tag {blob} PRIMARY KEY, until BIGINT NOT NULL)",
];

macro_rules! statements {
    ($($name:ident = $sql:literal;)+) => {
        $(const $name: &str = $sql;)+
        /// Every statement, by name: a test prepares each one on SQLite and on PostgreSQL.
        pub const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $sql)),+];
    };
}

statements! {
    ADD_PERSON = "INSERT INTO person (person_key, record, template, template_kind, session, ended) VALUES ($1, $2, $3, $4, $5, 0)";
    ADD_PHOTO = "INSERT INTO photo (person_key, photo) VALUES ($1, $2)";
    COUNT_OTHER_KINDS = "SELECT COUNT(*) AS counted FROM person JOIN photo ON photo.person_key = person.person_key WHERE person.template_kind <> $1";
    NEXT_OTHER_KIND = "SELECT person.person_key AS person_key, photo.photo AS photo FROM person JOIN photo ON photo.person_key = person.person_key WHERE person.template_kind <> $1 AND person.person_key > $2 ORDER BY person.person_key LIMIT 1";
    SET_TEMPLATE = "UPDATE person SET template = $1, template_kind = $2 WHERE person_key = $3";
    FIND_PERSON = "SELECT person_key, record, template, template_kind, session, ended FROM person WHERE person_key = $1";
    SET_SESSION = "UPDATE person SET session = $1, ended = 0 WHERE person_key = $2";
    FIND_SESSION = "SELECT person_key FROM person WHERE session = $1 AND ended = 0";
    END_PASS = "UPDATE person SET session = $1, ended = $2 WHERE person_key = $3";
    HOLD_PERSON = "INSERT INTO person_hold (person_key, holds) VALUES ($1, 1) ON CONFLICT (person_key) DO UPDATE SET holds = person_hold.holds + 1";
    ADD_TAG = "INSERT INTO person_tag (tag, person_key, lost) VALUES ($1, $2, 0) ON CONFLICT (tag) DO NOTHING";
    FIND_TAG = "SELECT person_key, lost FROM person_tag WHERE tag = $1";
    LOSE_TAG = "UPDATE person_tag SET lost = $1 WHERE tag = $2";
    FIND_TRIES = "SELECT tries, since FROM enrol_try WHERE tag = $1";
    SET_TRIES = "INSERT INTO enrol_try (tag, tries, since) VALUES ($1, $2, $3) ON CONFLICT (tag) DO UPDATE SET tries = excluded.tries, since = excluded.since";
    BUMP_TRIES = "INSERT INTO enrol_try (tag, tries, since) VALUES ($1, 1, $2) ON CONFLICT (tag) DO UPDATE SET tries = CASE WHEN enrol_try.since < $3 THEN 1 ELSE enrol_try.tries + 1 END, since = CASE WHEN enrol_try.since < $3 THEN excluded.since ELSE enrol_try.since END";
    ADD_DEVICE = "INSERT INTO device (thumbprint, person_key, at) VALUES ($1, $2, $3) ON CONFLICT (thumbprint) DO NOTHING";
    FIND_DEVICE = "SELECT person_key FROM device WHERE thumbprint = $1";
    ADD_TOKEN = "INSERT INTO token (token_id, person_key, list, place, expires, status) VALUES ($1, $2, $3, $4, $5, 0) ON CONFLICT DO NOTHING";
    FIND_TOKEN = "SELECT person_key, list, place, expires, status FROM token WHERE token_id = $1";
    COUNT_TOKENS = "SELECT COUNT(*) AS counted FROM token WHERE person_key = $1 AND status = 0 AND expires > $2 AND NOT EXISTS (SELECT 1 FROM reservation WHERE reservation.token_id = token.token_id AND reservation.state = 'applied')";
    REVOKE_TOKENS = "UPDATE token SET status = 1 WHERE person_key = $1";
    REVOKED_PLACES = "SELECT place, status FROM token WHERE list = $1 AND status <> 0 AND expires > $2";
    ADD_RESERVATION = "INSERT INTO reservation (id, person_key, token_id, clearance, lane, state, at, passage, verdict, probe, record) VALUES ($1, $2, $3, $4, $5, 'held', $6, $7, $8, $9, $10)";
    FIND_HOLDS = "SELECT id, person_key, token_id, clearance, lane, state, at, passage, verdict, probe, record FROM reservation WHERE (person_key = $1 OR token_id = $2) AND (state NOT LIKE 'released%' OR at > $3)";
    FIND_CLEARANCE = "SELECT id, person_key, token_id, clearance, lane, state, at, passage, verdict, probe, record FROM reservation WHERE clearance = $1 ORDER BY at DESC";
    SET_RESERVATION = "UPDATE reservation SET state = $1, at = $2, passage = $3 WHERE id = $4";
    RENEW_RESERVATION = "UPDATE reservation SET at = $1, verdict = $2, probe = $3, record = $4 WHERE id = $5";
    UNRESOLVED = "SELECT id, person_key, token_id, clearance, lane, state, at, passage, verdict, probe, record FROM reservation WHERE state = 'unresolved' OR (state = 'held' AND at < $1) ORDER BY at";
    ADD_MOVEMENT = "INSERT INTO movement (id, person_key, at, record) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING";
    FIND_MOVEMENTS = "SELECT id, person_key, at, record FROM movement WHERE person_key = $1 ORDER BY at";
    ALL_MOVEMENTS = "SELECT id, person_key, at, record FROM movement ORDER BY at";
    ADD_VERDICT = "INSERT INTO verdict (reference, at, outcome, code, detail) VALUES ($1, $2, $3, $4, $5)";
    FIND_VERDICT = "SELECT at, outcome, code, detail FROM verdict WHERE reference = $1";
    LAST_EVENT = "SELECT number, hash FROM gate_event WHERE gate = $1 ORDER BY number DESC LIMIT 1";
    FIND_EVENT = "SELECT hash FROM gate_event WHERE gate = $1 AND number = $2";
    ADD_EVENT = "INSERT INTO gate_event (gate, number, hash) VALUES ($1, $2, $3)";
    ADD_NOTICE_OUT = "INSERT INTO notice_out (hash, issuer, message, delivered) VALUES ($1, $2, $3, 0) ON CONFLICT (hash) DO NOTHING";
    PENDING_NOTICES = "SELECT hash, issuer, message FROM notice_out WHERE delivered = 0";
    COUNT_NOTICES = "SELECT COUNT(*) AS counted FROM notice_out WHERE delivered = 0";
    NOTICE_DELIVERED = "UPDATE notice_out SET delivered = $1 WHERE hash = $2";
    ADD_NOTICE_IN = "INSERT INTO notice_in (hash, at) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING";
    ADD_WEEKLY = "INSERT INTO weekly_key (maker, receiver, week, week_end, secret) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (maker, receiver, week) DO NOTHING";
    FIND_WEEKLY = "SELECT secret FROM weekly_key WHERE maker = $1 AND receiver = $2 AND week = $3";
    DROP_WEEKLY = "DELETE FROM weekly_key WHERE week_end < $1";
    ADD_HANDED_OVER = "INSERT INTO handed_over (receiver, week, week_end) VALUES ($1, $2, $3) ON CONFLICT (receiver, week) DO NOTHING";
    FIND_HANDED_OVER = "SELECT week_end FROM handed_over WHERE receiver = $1 AND week = $2";
    DROP_HANDED_OVER = "DELETE FROM handed_over WHERE week_end < $1";
    ADD_WATCH = "INSERT INTO watch (tag, until) VALUES ($1, $2) ON CONFLICT (tag) DO UPDATE SET until = excluded.until";
    FIND_WATCH = "SELECT until FROM watch WHERE tag = $1";
}

/// The database failed, or holds something that this program never wrote.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database itself.
    #[error("the database failed ({action}); check its disk space and that no other program holds it")]
    Database {
        /// What was being done.
        action: &'static str,
        /// The driver's words.
        #[source]
        source: sqlx::Error,
    },
    /// A row that the domain refuses.
    #[error("a row of table {table} is damaged in column {column}; restore it from a backup")]
    Row {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
}

type Result<T> = std::result::Result<T, StoreError>;

fn failed(action: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |source| StoreError::Database { action, source }
}

/// A person of the registry, or one seen at the border.
pub struct PersonRow {
    /// The authority's own person key.
    pub key: Vec<u8>,
    /// Documents and holder in the form of a case file; empty for one who was only seen at the border.
    pub record: String,
    /// Face template.
    pub template: Vec<u8>,
    /// Its kind.
    pub template_kind: i64,
    /// SHA-256 of the wallet's secret; empty where no pass is in force.
    pub session: Vec<u8>,
    /// When the pass was ended; 0 where it was not.
    pub ended: i64,
}
documents::redact_debug!(PersonRow);

/// A row of the reservations.
pub struct ReservationRow {
    /// Its id.
    pub id: Vec<u8>,
    /// Whose.
    pub person: Vec<u8>,
    /// With which token.
    pub token: Vec<u8>,
    /// For which clearance.
    pub clearance: Vec<u8>,
    /// At which lane.
    pub lane: String,
    /// `held`, `applied`, `unresolved`, `released/...`.
    pub state: String,
    /// The state's time.
    pub at: i64,
    /// The passage that was applied; empty otherwise.
    pub passage: Vec<u8>,
    /// SHA-256 of the signed verdict.
    pub verdict: Vec<u8>,
    /// SHA-256 of the probe that was judged.
    pub probe: Vec<u8>,
    /// What will be written into the ledger, as JSON.
    pub record: String,
}
documents::redact_debug!(ReservationRow);

/// A row of the ledger.
pub struct MovementRow {
    /// Its id: SHA-256 of the event that made it.
    pub id: Vec<u8>,
    /// Whose.
    pub person: Vec<u8>,
    /// When, in seconds since the epoch.
    pub at: i64,
    /// The passage, as JSON.
    pub record: String,
}
documents::redact_debug!(MovementRow);

/// A transaction.
pub type Tx = Transaction<'static, Any>;

/// The service's database.
#[derive(Debug, Clone)]
pub struct Store {
    pool: AnyPool,
}

impl Store {
    /// Opens a database (`sqlite://FILE?mode=rwc` or `postgres://...`) and makes its tables.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn open(url: &str) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let sqlite = url.starts_with("sqlite:");
        let pool = AnyPoolOptions::new()
            .max_connections(if sqlite { 1 } else { 8 })
            .connect(url)
            .await
            .map_err(failed("open"))?;
        if sqlite {
            for pragma in
                ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA busy_timeout = 5000"]
            {
                sqlx::query(pragma).execute(&pool).await.map_err(failed("open"))?;
            }
        }
        let blob = if sqlite { "BLOB" } else { "BYTEA" };
        for table in TABLES {
            let sql = table.replace("{blob}", blob);
            sqlx::query(AssertSqlSafe(sql)).execute(&pool).await.map_err(failed("make tables"))?;
        }
        Ok(Self { pool })
    }

    /// The pool, for a test that prepares statements.
    #[must_use]
    pub const fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn begin(&self) -> Result<Tx> {
        self.pool.begin().await.map_err(failed("begin"))
    }
}

/// Ends a transaction; nothing of it is kept where this fails.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn commit(tx: Tx) -> Result<()> {
    tx.commit().await.map_err(failed("commit"))
}

fn column<'r, T>(row: &'r sqlx::any::AnyRow, table: &'static str, column: &'static str) -> Result<T>
where
    T: sqlx::Decode<'r, Any> + sqlx::Type<Any>,
{
    row.try_get(column).map_err(|_| StoreError::Row { table, column })
}

fn person_row(row: &sqlx::any::AnyRow) -> Result<PersonRow> {
    Ok(PersonRow {
        key: column(row, "person", "person_key")?,
        record: column(row, "person", "record")?,
        template: column(row, "person", "template")?,
        template_kind: column(row, "person", "template_kind")?,
        session: column(row, "person", "session")?,
        ended: column(row, "person", "ended")?,
    })
}

fn reservation_row(row: &sqlx::any::AnyRow) -> Result<ReservationRow> {
    Ok(ReservationRow {
        id: column(row, "reservation", "id")?,
        person: column(row, "reservation", "person_key")?,
        token: column(row, "reservation", "token_id")?,
        clearance: column(row, "reservation", "clearance")?,
        lane: column(row, "reservation", "lane")?,
        state: column(row, "reservation", "state")?,
        at: column(row, "reservation", "at")?,
        passage: column(row, "reservation", "passage")?,
        verdict: column(row, "reservation", "verdict")?,
        probe: column(row, "reservation", "probe")?,
        record: column(row, "reservation", "record")?,
    })
}

fn movement_row(row: &sqlx::any::AnyRow) -> Result<MovementRow> {
    Ok(MovementRow {
        id: column(row, "movement", "id")?,
        person: column(row, "movement", "person_key")?,
        at: column(row, "movement", "at")?,
        record: column(row, "movement", "record")?,
    })
}

/// Runs one statement with its values; gives the number of rows changed.
macro_rules! run {
    ($tx:expr, $sql:ident $(, $value:expr)* $(,)?) => {
        sqlx::query($sql)$(.bind($value))*.execute(&mut **$tx).await
            .map(|done| done.rows_affected()).map_err(failed(stringify!($sql)))
    };
}

macro_rules! optional {
    ($tx:expr, $sql:ident $(, $value:expr)* $(,)?) => {
        sqlx::query($sql)$(.bind($value))*.fetch_optional(&mut **$tx).await.map_err(failed(stringify!($sql)))
    };
}

macro_rules! all {
    ($tx:expr, $sql:ident $(, $value:expr)* $(,)?) => {
        sqlx::query($sql)$(.bind($value))*.fetch_all(&mut **$tx).await.map_err(failed(stringify!($sql)))
    };
}

/// Adds a person.
pub(crate) async fn add_person(tx: &mut Tx, person: &PersonRow) -> Result<()> {
    run!(
        tx,
        ADD_PERSON,
        person.key.clone(),
        person.record.clone(),
        person.template.clone(),
        person.template_kind,
        person.session.clone()
    )
    .map(drop)
}

/// The person with this key.
pub(crate) async fn find_person(tx: &mut Tx, key: &[u8]) -> Result<Option<PersonRow>> {
    optional!(tx, FIND_PERSON, key.to_vec())?.as_ref().map(person_row).transpose()
}

/// Puts a pass in force.
pub(crate) async fn set_session(tx: &mut Tx, key: &[u8], session: &[u8]) -> Result<()> {
    hold_person(tx, key).await?;
    run!(tx, SET_SESSION, session.to_vec(), key.to_vec()).map(drop)
}

/// Whose wallet this is.
pub(crate) async fn find_session(tx: &mut Tx, session: &[u8]) -> Result<Option<Vec<u8>>> {
    optional!(tx, FIND_SESSION, session.to_vec())?.map(|row| column(&row, "person", "person_key")).transpose()
}

/// Ends a pass and revokes its tokens.
pub(crate) async fn end_pass(tx: &mut Tx, key: &[u8], at: i64) -> Result<()> {
    hold_person(tx, key).await?;
    run!(tx, END_PASS, Vec::<u8>::new(), at, key.to_vec())?;
    run!(tx, REVOKE_TOKENS, key.to_vec()).map(drop)
}

/// Holds a person until the transaction ends: whoever reads of him what he then writes comes one after the other. A
/// narrow row of its own, so that holding rewrites nothing large.
pub(crate) async fn hold_person(tx: &mut Tx, key: &[u8]) -> Result<()> {
    run!(tx, HOLD_PERSON, key.to_vec()).map(drop)
}

/// Keeps the photo of the registry. No verdict reads it: it is there for the day when another model describes faces.
pub(crate) async fn add_photo(tx: &mut Tx, key: &[u8], photo: &[u8]) -> Result<()> {
    run!(tx, ADD_PHOTO, key.to_vec(), photo.to_vec()).map(drop)
}

/// How many with a photo have a template of another kind.
pub(crate) async fn count_other_kinds(tx: &mut Tx, kind: i64) -> Result<i64> {
    let row = optional!(tx, COUNT_OTHER_KINDS, kind)?;
    row.map_or(Ok(0), |row| column(&row, "person", "counted"))
}

/// The next of them after this key, in the order of keys: key and photo.
pub(crate) async fn next_other_kind(
    tx: &mut Tx,
    kind: i64,
    after: &[u8],
) -> Result<Option<(Vec<u8>, Vec<u8>)>> {
    let row = optional!(tx, NEXT_OTHER_KIND, kind, after.to_vec())?;
    row.map(|row| Ok((column(&row, "person", "person_key")?, column(&row, "photo", "photo")?))).transpose()
}

/// Replaces a template.
pub(crate) async fn set_template(tx: &mut Tx, key: &[u8], template: &[u8], kind: i64) -> Result<()> {
    run!(tx, SET_TEMPLATE, template.to_vec(), kind, key.to_vec()).map(drop)
}

/// Makes a keyed hash point at a person; false where it points somewhere already.
pub(crate) async fn add_tag(tx: &mut Tx, tag: &[u8], key: &[u8]) -> Result<bool> {
    Ok(run!(tx, ADD_TAG, tag.to_vec(), key.to_vec())? == 1)
}

/// The person that a keyed hash points at, and when the document was reported lost (0: never).
pub(crate) async fn find_tag(tx: &mut Tx, tag: &[u8]) -> Result<Option<(Vec<u8>, i64)>> {
    optional!(tx, FIND_TAG, tag.to_vec())?
        .map(|row| Ok((column(&row, "person_tag", "person_key")?, column(&row, "person_tag", "lost")?)))
        .transpose()
}

/// Marks a document as lost.
pub(crate) async fn lose_tag(tx: &mut Tx, tag: &[u8], at: i64) -> Result<()> {
    run!(tx, LOSE_TAG, at, tag.to_vec()).map(drop)
}

/// Failed enrolments on a number, and since when.
pub(crate) async fn find_tries(tx: &mut Tx, tag: &[u8]) -> Result<(i64, i64)> {
    match optional!(tx, FIND_TRIES, tag.to_vec())? {
        Some(row) => Ok((column(&row, "enrol_try", "tries")?, column(&row, "enrol_try", "since")?)),
        None => Ok((0, 0)),
    }
}

/// Counts failed enrolments.
pub(crate) async fn set_tries(tx: &mut Tx, tag: &[u8], tries: i64, since: i64) -> Result<()> {
    run!(tx, SET_TRIES, tag.to_vec(), tries, since).map(drop)
}

/// Counts one more try on a number, from 1 again where the last count began before `before`; gives the count. Two
/// tries at once are two: the row is held until the transaction ends.
pub(crate) async fn bump_tries(tx: &mut Tx, tag: &[u8], now: i64, before: i64) -> Result<i64> {
    run!(tx, BUMP_TRIES, tag.to_vec(), now, before)?;
    Ok(find_tries(tx, tag).await?.0)
}

/// Logs a device key; gives the person that it belongs to.
pub(crate) async fn device_owner(tx: &mut Tx, thumbprint: &[u8], key: &[u8], at: i64) -> Result<Vec<u8>> {
    run!(tx, ADD_DEVICE, thumbprint.to_vec(), key.to_vec(), at)?;
    let row = optional!(tx, FIND_DEVICE, thumbprint.to_vec())?;
    row.map_or_else(|| Ok(key.to_vec()), |row| column(&row, "device", "person_key"))
}

/// An issued token: whose, where its status stands, until when, and the status.
pub(crate) struct TokenRow {
    pub person: Vec<u8>,
    pub list: i64,
    pub place: i64,
    pub expires: i64,
    pub status: i64,
}

/// Logs an issued token; false where its id or its place in the list is taken.
pub(crate) async fn add_token(tx: &mut Tx, id: &[u8], token: &TokenRow) -> Result<bool> {
    let done =
        run!(tx, ADD_TOKEN, id.to_vec(), token.person.clone(), token.list, token.place, token.expires)?;
    Ok(done == 1)
}

/// The issued token with this id.
pub(crate) async fn find_token(tx: &mut Tx, id: &[u8]) -> Result<Option<TokenRow>> {
    optional!(tx, FIND_TOKEN, id.to_vec())?
        .map(|row| {
            Ok(TokenRow {
                person: column(&row, "token", "person_key")?,
                list: column(&row, "token", "list")?,
                place: column(&row, "token", "place")?,
                expires: column(&row, "token", "expires")?,
                status: column(&row, "token", "status")?,
            })
        })
        .transpose()
}

/// Tokens of a person that are neither over, revoked nor spent here.
pub(crate) async fn count_tokens(tx: &mut Tx, person: &[u8], now: i64) -> Result<i64> {
    optional!(tx, COUNT_TOKENS, person.to_vec(), now)?.map_or(Ok(0), |row| column(&row, "token", "counted"))
}

/// Places of a list that are not valid any more.
pub(crate) async fn revoked_places(tx: &mut Tx, list: i64, now: i64) -> Result<Vec<(i64, i64)>> {
    all!(tx, REVOKED_PLACES, list, now)?
        .iter()
        .map(|row| Ok((column(row, "token", "place")?, column(row, "token", "status")?)))
        .collect()
}

/// Adds a reservation.
pub(crate) async fn add_reservation(tx: &mut Tx, r: &ReservationRow) -> Result<()> {
    run!(
        tx,
        ADD_RESERVATION,
        r.id.clone(),
        r.person.clone(),
        r.token.clone(),
        r.clearance.clone(),
        r.lane.clone(),
        r.at,
        r.passage.clone(),
        r.verdict.clone(),
        r.probe.clone(),
        r.record.clone()
    )
    .map(drop)
}

/// Reservations of a person or a token; those released before `since` are left out.
pub(crate) async fn find_holds(
    tx: &mut Tx,
    person: &[u8],
    token: &[u8],
    since: i64,
) -> Result<Vec<ReservationRow>> {
    all!(tx, FIND_HOLDS, person.to_vec(), token.to_vec(), since)?.iter().map(reservation_row).collect()
}

/// The reservations of a clearance, newest first.
pub(crate) async fn find_clearance(tx: &mut Tx, clearance: &[u8]) -> Result<Vec<ReservationRow>> {
    all!(tx, FIND_CLEARANCE, clearance.to_vec())?.iter().map(reservation_row).collect()
}

/// Moves a reservation to another state.
pub(crate) async fn set_reservation(
    tx: &mut Tx,
    id: &[u8],
    state: &str,
    at: i64,
    passage: &[u8],
) -> Result<()> {
    run!(tx, SET_RESERVATION, state.to_owned(), at, passage.to_vec(), id.to_vec()).map(drop)
}

/// Prolongs a reservation for the same clearance asked again.
pub(crate) async fn renew_reservation(tx: &mut Tx, r: &ReservationRow) -> Result<()> {
    run!(tx, RENEW_RESERVATION, r.at, r.verdict.clone(), r.probe.clone(), r.record.clone(), r.id.clone())
        .map(drop)
}

/// Reservations that wait for an officer at `now`.
pub(crate) async fn unresolved(tx: &mut Tx, now: i64) -> Result<Vec<ReservationRow>> {
    all!(tx, UNRESOLVED, now)?.iter().map(reservation_row).collect()
}

/// Writes into the ledger; false where this event was applied already.
pub(crate) async fn add_movement(tx: &mut Tx, m: &MovementRow) -> Result<bool> {
    Ok(run!(tx, ADD_MOVEMENT, m.id.clone(), m.person.clone(), m.at, m.record.clone())? == 1)
}

/// The ledger's movements of one person.
pub(crate) async fn find_movements(tx: &mut Tx, person: &[u8]) -> Result<Vec<MovementRow>> {
    all!(tx, FIND_MOVEMENTS, person.to_vec())?.iter().map(movement_row).collect()
}

/// The whole ledger.
pub(crate) async fn all_movements(tx: &mut Tx) -> Result<Vec<MovementRow>> {
    all!(tx, ALL_MOVEMENTS)?.iter().map(movement_row).collect()
}

/// Keeps the reason of a verdict.
pub(crate) async fn add_verdict(
    tx: &mut Tx,
    reference: &[u8],
    at: i64,
    outcome: &str,
    code: &str,
    detail: &str,
) -> Result<()> {
    let (outcome, code, detail) = (outcome.to_owned(), code.to_owned(), detail.to_owned());
    run!(tx, ADD_VERDICT, reference.to_vec(), at, outcome, code, detail).map(drop)
}

/// Outcome, code and detail of a verdict.
pub(crate) async fn find_verdict(tx: &mut Tx, reference: &[u8]) -> Result<Option<(String, String, String)>> {
    optional!(tx, FIND_VERDICT, reference.to_vec())?
        .map(|row| {
            Ok((
                column(&row, "verdict", "outcome")?,
                column(&row, "verdict", "code")?,
                column(&row, "verdict", "detail")?,
            ))
        })
        .transpose()
}

/// Number and hash of a gate's last event here.
pub(crate) async fn last_event(tx: &mut Tx, gate: &str) -> Result<Option<(i64, Vec<u8>)>> {
    optional!(tx, LAST_EVENT, gate.to_owned())?
        .map(|row| Ok((column(&row, "gate_event", "number")?, column(&row, "gate_event", "hash")?)))
        .transpose()
}

/// Hash of the event with this number.
pub(crate) async fn find_event(tx: &mut Tx, gate: &str, number: i64) -> Result<Option<Vec<u8>>> {
    optional!(tx, FIND_EVENT, gate.to_owned(), number)?
        .map(|row| column(&row, "gate_event", "hash"))
        .transpose()
}

/// Logs a gate's event.
pub(crate) async fn add_event(tx: &mut Tx, gate: &str, number: i64, hash: &[u8]) -> Result<()> {
    run!(tx, ADD_EVENT, gate.to_owned(), number, hash.to_vec()).map(drop)
}

/// Puts a notice on its way.
pub(crate) async fn add_notice_out(tx: &mut Tx, hash: &[u8], issuer: &str, message: &[u8]) -> Result<()> {
    run!(tx, ADD_NOTICE_OUT, hash.to_vec(), issuer.to_owned(), message.to_vec()).map(drop)
}

/// Notices that were not delivered yet: hash, issuer, message.
pub(crate) async fn pending_notices(tx: &mut Tx) -> Result<Vec<(Vec<u8>, String, Vec<u8>)>> {
    all!(tx, PENDING_NOTICES)?
        .iter()
        .map(|row| {
            Ok((
                column(row, "notice_out", "hash")?,
                column(row, "notice_out", "issuer")?,
                column(row, "notice_out", "message")?,
            ))
        })
        .collect()
}

/// How many notices wait for delivery.
pub(crate) async fn count_notices(tx: &mut Tx) -> Result<i64> {
    optional!(tx, COUNT_NOTICES)?.map_or(Ok(0), |row| column(&row, "notice_out", "counted"))
}

/// Marks a notice as delivered.
pub(crate) async fn notice_delivered(tx: &mut Tx, hash: &[u8], at: i64) -> Result<()> {
    run!(tx, NOTICE_DELIVERED, at, hash.to_vec()).map(drop)
}

/// Logs a notice that came in; false where it was applied already.
pub(crate) async fn add_notice_in(tx: &mut Tx, hash: &[u8], at: i64) -> Result<bool> {
    Ok(run!(tx, ADD_NOTICE_IN, hash.to_vec(), at)? == 1)
}

/// Keeps a weekly key until a day after its week; the first one kept for a week stays.
pub(crate) async fn add_weekly(
    tx: &mut Tx,
    maker: &str,
    receiver: &str,
    week: &str,
    week_end: i64,
    secret: &[u8],
) -> Result<()> {
    let (maker, receiver, week) = (maker.to_owned(), receiver.to_owned(), week.to_owned());
    run!(tx, ADD_WEEKLY, maker, receiver, week, week_end, secret.to_vec()).map(drop)
}

/// The weekly key of a pair.
pub(crate) async fn find_weekly(
    tx: &mut Tx,
    maker: &str,
    receiver: &str,
    week: &str,
) -> Result<Option<Vec<u8>>> {
    optional!(tx, FIND_WEEKLY, maker.to_owned(), receiver.to_owned(), week.to_owned())?
        .map(|row| column(&row, "weekly_key", "secret"))
        .transpose()
}

/// Destroys weekly keys whose time is over, and forgets that they were handed over.
pub(crate) async fn drop_weekly(tx: &mut Tx, before: i64) -> Result<u64> {
    run!(tx, DROP_HANDED_OVER, before)?;
    run!(tx, DROP_WEEKLY, before)
}

/// Notes that a receiver took the key of a week.
pub(crate) async fn add_handed_over(tx: &mut Tx, receiver: &str, week: &str, week_end: i64) -> Result<()> {
    run!(tx, ADD_HANDED_OVER, receiver.to_owned(), week.to_owned(), week_end).map(drop)
}

/// Whether a receiver took the key of a week.
pub(crate) async fn is_handed_over(tx: &mut Tx, receiver: &str, week: &str) -> Result<bool> {
    Ok(optional!(tx, FIND_HANDED_OVER, receiver.to_owned(), week.to_owned())?.is_some())
}

/// Puts a keyed hash on the watch list.
pub(crate) async fn add_watch(tx: &mut Tx, tag: &[u8], until: i64) -> Result<()> {
    run!(tx, ADD_WATCH, tag.to_vec(), until).map(drop)
}

/// Whether a keyed hash is on the watch list at `now`.
pub(crate) async fn is_watched(tx: &mut Tx, tag: &[u8], now: i64) -> Result<bool> {
    let row = optional!(tx, FIND_WATCH, tag.to_vec())?;
    let until: Option<i64> = row.map(|row| column(&row, "watch", "until")).transpose()?;
    Ok(until.is_some_and(|until| now < until))
}
