//! Server: databases of a PostgreSQL server made and dropped, for demos and tests; and a look into a database that
//! changes nothing.

use std::str::FromStr as _;

use documents::Timestamp;
use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _, Row as _};

use super::{DatabaseAddress, Result, StoreError, failed};

async fn connect(url: &str) -> Result<AnyConnection> {
    sqlx::any::install_default_drivers();
    let options = AnyConnectOptions::from_str(url).map_err(|source| StoreError::Server { source })?;
    AnyConnection::connect_with(&options).await.map_err(|source| StoreError::Server { source })
}

/// A name as SQL quotes it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Makes the database of a server that an address names; false where it is there already. A file is made when it is
/// opened.
///
/// # Errors
/// The server's.
pub async fn create_database(address: &DatabaseAddress) -> Result<bool> {
    let Some((server, name)) = address.on_server("postgres") else { return Ok(false) };
    let mut connection = connect(&server).await?;
    let there =
        sqlx::query("SELECT COUNT(*) AS counted FROM pg_database WHERE datname = $1").bind(name.clone());
    let there = there.fetch_one(&mut connection).await.map_err(failed("create the database"))?;
    let there: i64 = there.try_get("counted").map_err(failed("create the database"))?;
    if there > 0 {
        return Ok(false);
    }
    let sql = AssertSqlSafe(format!("CREATE DATABASE {}", quoted(&name)));
    connection.execute(sqlx::raw_sql(sql)).await.map_err(failed("create the database"))?;
    connection.close().await.map_err(failed("create the database"))?;
    Ok(true)
}

/// Drops the database of a server that an address names, with every connection to it.
///
/// # Errors
/// The server's.
pub async fn drop_database(address: &DatabaseAddress) -> Result<()> {
    let Some((server, name)) = address.on_server("postgres") else { return Ok(()) };
    let mut connection = connect(&server).await?;
    let sql = AssertSqlSafe(format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(&name)));
    connection.execute(sqlx::raw_sql(sql)).await.map_err(failed("drop the database"))?;
    connection.close().await.map_err(failed("drop the database"))
}

/// When a recurring job last ran to its end in the database at this address; `None` where it never did, or where the
/// database is not there or not yet of this version. It changes nothing, and runs beside a service.
///
/// # Errors
/// The database's.
pub async fn read_job(address: &DatabaseAddress, job: &str) -> Result<Option<Timestamp>> {
    if address.file().is_some_and(|file| !file.exists()) {
        return Ok(None);
    }
    let mut connection = connect(address.url()).await?;
    let row = sqlx::query("SELECT ran_at FROM job WHERE name = $1").bind(job.to_owned());
    let row = row.fetch_optional(&mut connection).await;
    connection.close().await.map_err(failed("look"))?;
    match row {
        Ok(row) => Ok(row.and_then(|row| Timestamp::from_unix(row.try_get("ran_at").ok()?))),
        // No such table: the service of this version has not opened it yet.
        Err(error) if error.as_database_error().is_some() => Ok(None),
        Err(error) => Err(failed("look")(error)),
    }
}
