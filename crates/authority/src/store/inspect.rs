//! Inspect: a database looked over without a service, and without changing it.
//!
//! Lives here: [`inspect`], and what tells a damaged file from a full disk. Not here: what is done about it.

use std::str::FromStr as _;

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, Connection as _, Row as _};

use super::migrations::{POSTGRES, SQLITE};
use super::{DatabaseAddress, Result, StoreError, failed};

/// So many faults are named.
const FAULTS: &str = "PRAGMA integrity_check(5)";
/// Primary result codes of SQLite: the file is malformed, or no database (sqlite.org/rescode.html).
const DAMAGED: [i32; 2] = [11, 26];

/// What a look into a database found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// What is wrong with its pages, in the engine's words; none for a server, which looks after its own.
    pub faults: Vec<String>,
    /// The newest migration that ran on it; `None` where none did.
    pub schema: Option<i64>,
    /// The newest migration that this program knows.
    pub known: i64,
}

/// Looks over the database at this address; `None` where there is no file yet. It runs beside a service.
///
/// # Errors
/// Where it cannot be looked at.
pub async fn inspect(address: &DatabaseAddress) -> Result<Option<Inspection>> {
    if address.file().is_some_and(|file| !file.exists()) {
        return Ok(None);
    }
    sqlx::any::install_default_drivers();
    let options =
        AnyConnectOptions::from_str(address.url()).map_err(|source| StoreError::Server { source })?;
    let connected = AnyConnection::connect_with(&options).await;
    let mut connection = connected.map_err(|source| match address.file() {
        Some(_) => failed("look over")(source),
        None => StoreError::Server { source },
    })?;
    let looked = look_over(&mut connection, address.is_sqlite()).await;
    let closed = connection.close().await;
    let inspection = looked?;
    closed.map_err(failed("look over"))?;
    Ok(Some(inspection))
}

async fn look_over(connection: &mut AnyConnection, sqlite: bool) -> Result<Inspection> {
    let mut faults = Vec::new();
    if sqlite {
        let rows = sqlx::query(FAULTS).fetch_all(&mut *connection).await;
        match rows {
            Ok(rows) => {
                let said = rows.iter().filter_map(|row| row.try_get::<String, _>(0).ok());
                faults.extend(said.filter(|said| said != "ok"));
            }
            Err(error) if is_damaged(&error) => faults.push(error.to_string()),
            Err(error) => return Err(failed("look over")(error)),
        }
    }
    let newest = "SELECT MAX(version) AS version FROM _sqlx_migrations";
    let schema = match sqlx::query(newest).fetch_one(connection).await {
        Ok(row) => row.try_get("version").ok(),
        Err(error) if is_damaged(&error) => {
            faults.push(error.to_string());
            None
        }
        // No such table: a database of the first versions, or an empty one.
        Err(error) if error.as_database_error().is_some() => None,
        Err(error) => return Err(failed("look over")(error)),
    };
    let migrator = if sqlite { &SQLITE } else { &POSTGRES };
    let known = migrator.iter().map(|migration| migration.version).max().unwrap_or(0);
    Ok(Inspection { faults, schema, known })
}

/// Whether an error says that the database itself is damaged: SQLite's own codes, or PostgreSQL's class XX.
pub(super) fn is_damaged(error: &sqlx::Error) -> bool {
    let Some(code) = error.as_database_error().and_then(sqlx::error::DatabaseError::code) else {
        return false;
    };
    code.starts_with("XX00") || code.parse::<i32>().is_ok_and(|code| DAMAGED.contains(&(code & 0xff)))
}

/// What to do about a database that failed.
pub(super) fn advice(error: &sqlx::Error) -> &'static str {
    if is_damaged(error) {
        "it is damaged: stop the service and restore it from a backup (docs/operating.md, After a loss); `baypass doctor` \
         looks over all of them"
    } else {
        "check its disk space and that no other program holds it"
    }
}
