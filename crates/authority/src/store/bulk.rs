//! Bulk: rows of many strangers, made inside the database, for benchmarks and for tests of query plans.
//!
//! Lives here: [`fill`]. Not here: anything that a service does. The rows have the sizes of real ones; what would be
//! sealed is noise.

use sqlx::AssertSqlSafe;

use super::{Result, Store, StoreError};

/// Seconds between two movements of the ledger.
pub const STEP: i64 = 7;

/// Adds `persons` strangers, numbered from `first`, with `movements` each that begin at `since` (seconds since the
/// epoch): person, tag, document, endorsement, pass, device, two tokens, one applied reservation, one reason.
///
/// # Errors
/// The database's.
pub async fn fill(store: &Store, first: u64, persons: u64, movements: u32, since: i64) -> Result<()> {
    let series = Series { sqlite: store.sqlite, from: first, to: first + persons };
    let mut tx = store.begin().await?;
    for sql in person_statements(&series, since) {
        execute(&mut tx, sql).await?;
    }
    for movement in 0..i64::from(movements) {
        execute(&mut tx, movement_statement(&series, movement, i64::from(movements), since)).await?;
    }
    tx.commit().await?;
    let mut connection = store.writers.pool.acquire().await.map_err(super::failed("analyze"))?;
    let done = sqlx::query("ANALYZE").execute(&mut *connection).await;
    done.map(drop).map_err(super::failed("analyze"))
}

async fn execute(tx: &mut super::Tx, sql: String) -> Result<()> {
    let done = sqlx::query(AssertSqlSafe(sql)).execute(tx.connection()?).await;
    done.map(drop).map_err(|source| StoreError::Database { action: "fill", source })
}

/// Numbers from `from` to before `to`, as the engine counts them.
struct Series {
    sqlite: bool,
    from: u64,
    to: u64,
}

impl Series {
    /// `INSERT INTO {table} SELECT {columns}` for each number `i`.
    fn insert(&self, table: &str, columns: &str) -> String {
        let Self { from, to, sqlite } = self;
        let last = to.saturating_sub(1);
        if *sqlite {
            format!(
                "WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i < {last}) \
                 INSERT INTO {table} SELECT {columns} FROM n"
            )
        } else {
            format!("INSERT INTO {table} SELECT {columns} FROM generate_series({from}, {last}) AS n(i)")
        }
    }

    /// `length` bytes that begin with `kind` and hold the value of `number`.
    fn key(&self, kind: char, number: &str, length: usize) -> String {
        let digits = length.saturating_sub(1);
        if self.sqlite {
            format!("CAST('{kind}' || printf('%0{digits}d', {number}) AS BLOB)")
        } else {
            format!("convert_to('{kind}' || lpad(({number})::text, {digits}, '0'), 'UTF8')")
        }
    }

    /// `length` bytes of noise.
    fn noise(&self, length: usize) -> String {
        if self.sqlite {
            format!("randomblob({length})")
        } else {
            format!("decode(repeat(md5(random()::text), {}), 'hex')", length.div_ceil(16))
        }
    }
}

fn person_statements(s: &Series, since: i64) -> Vec<String> {
    let person = s.key('p', "i", 16);
    let tag = s.key('t', "i", 32);
    let insert = |table: &str, columns: String| s.insert(table, &columns);
    let spends = "NULL, NULL, NULL, NULL";
    vec![
        insert("person", format!("{person}, 1, {}, {}, {since}", s.noise(60), s.noise(240))),
        insert("person_hold", format!("{person}, 1")),
        insert("person_tag", format!("{tag}, {person}")),
        insert("document", format!("{person}, {tag}, 0, 5, 0, {}", s.noise(120))),
        insert("endorsement", format!("{person}, {tag}, 0, {}", s.noise(150))),
        insert("template", format!("{person}, 3, {}", s.noise(100))),
        insert("look_alike", format!("{person}, 2, {since}")),
        insert("photograph", format!("{person}, {}", s.noise(16))),
        insert("pass", format!("{person}, {}, {since}, {}, NULL", s.key('s', "i", 32), s.key('j', "i", 32))),
        insert(
            "carer",
            format!(
                "{}, {person}, {}, {}, {since}, {}",
                s.key('r', "i", 16),
                s.key('c', "i", 32),
                s.key('e', "i", 32),
                s.noise(64)
            ),
        ),
        insert("invitation", format!("{person}, {}, {since}, {since} + i, 0, 1", s.key('z', "i", 32))),
        insert(
            "pending_pass",
            format!("{person}, {}, {}, {since}, {since} + i, NULL", s.key('h', "i", 32), s.key('l', "i", 32)),
        ),
        insert("device", format!("{}, {person}, {since}", s.key('d', "i", 32))),
        insert("token", format!("{}, {person}, 0, i * 2, {since} + 604800, 0, 0", s.key('a', "i", 32))),
        insert("token", format!("{}, {person}, 0, i * 2 + 1, {since} + 604800, 0, 0", s.key('b', "i", 32))),
        insert("spent_token", format!("{}, {since}", s.key('a', "i", 32))),
        insert(
            "reservation",
            format!(
                "{}, {person}, {}, NULL, {}, 'hengqin/CHN-MAC', 3, 0, NULL, {}, {since}, 'hengqin', 'CHN', 'MAC', \
                 'CHN', 0, {spends}, 30, NULL",
                s.key('r', "i", 16),
                s.key('a', "i", 32),
                s.key('c', "i", 16),
                s.key('m', "i", 16),
            ),
        ),
        insert(
            "given_verdict",
            format!(
                "{}, {}, {}, {}, {}, {since}",
                s.key('g', "i", 32),
                s.key('r', "i", 16),
                s.key('v', "i", 32),
                s.key('f', "i", 32),
                s.noise(192),
            ),
        ),
        insert(
            "event_conflict",
            format!(
                "{}, 'bulk/lane', {}, {}, 'after_release', {}, {since}, 1",
                s.key('k', "i", 32),
                s.key('c', "i", 16),
                s.key('r', "i", 16),
                s.noise(16),
            ),
        ),
        insert("ended_clearance", format!("{}, {since}", s.key('x', "i", 16))),
        insert("own_part", format!("{}, {}, {since}", s.key('d', "i", 32), s.key('u', "i", 32))),
        insert("settlement", format!("{}, {since}, 1, 'bulk', 'bulk'", s.key('r', "i", 16))),
        insert("gate_chain", format!("'bulk/lane', i, 'store_lost', '', 0, 0, {since}")),
        insert("verdict_reason", format!("{}, {since}, 'admit', 'admitted', ''", s.key('q', "i", 16))),
        insert("gate_event", format!("'bulk/lane', 0, i, {}, {since}", s.key('e', "i", 32))),
        insert("notice_in", format!("{}, {since}", s.key('n', "i", 32))),
        insert("notice_out", format!("{}, 'CHN', {}, {since}, {since}", s.key('o', "i", 32), s.noise(16))),
        insert("enrolment_try", format!("{}, 1, {since}", s.key('y', "i", 32))),
        insert("watch", format!("{}, {since}", s.key('w', "i", 32))),
        insert("openid_grant", format!("{}, 4, {person}, {since}, {}", s.key('g', "i", 32), s.noise(64))),
        insert("risk_person", format!("{person}, 0, {since}, {}", s.noise(192))),
        insert("risk_day", format!("{person}, {since} / 86400, {}", s.noise(192))),
        insert("risk_device", format!("{}, {since}, {}", s.key('h', "i", 32), s.noise(64))),
        insert("risk_lane", format!("'bulk/lane/' || i, {}", s.noise(64))),
        insert(
            "risk_verdict",
            format!(
                "{}, {person}, {since}, 1, {}, 'bulk/lane', {}, {}",
                s.key('q', "i", 16),
                s.key('z', "i", 32),
                s.key('c', "i", 16),
                s.noise(256),
            ),
        ),
        insert(
            "risk_reason",
            format!(
                "{}, {}, {person}, 1, {since}, {}",
                s.key('q', "i", 16),
                s.key('c', "i", 16),
                s.noise(256)
            ),
        ),
        insert("suspension", format!("{person}, 3, NULL, {since}, {since}, 'bulk', 'bulk'")),
        insert(
            "appeal",
            format!(
                "{}, {since}, {since}, 'en', {}, 1, {since}, 'bulk', 'bulk'",
                s.key('q', "i", 16),
                s.noise(32)
            ),
        ),
    ]
}

/// The `nth` of `each` movements of every person: out and back in turn.
fn movement_statement(s: &Series, nth: i64, each: i64, since: i64) -> String {
    let number = format!("i * {each} + {nth}");
    let (from, to) = if nth % 2 == 0 { ("CHN", "MAC") } else { ("MAC", "CHN") };
    s.insert(
        "movement",
        &format!(
            "{}, {}, {since} + ({number}) * {STEP} % 20000000, 'hengqin', '{from}', '{to}', 'CHN', 1, 0, NULL, NULL, \
             NULL, NULL, 30, 0",
            s.key('p', "i", 16),
            s.key('m', &number, 32),
        ),
    )
}
