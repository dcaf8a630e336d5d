//! Survey: every value of every table as it lies in the database, as whoever stole it would read it.
//!
//! Lives here: [`Store::survey`], for audits that search it for what must not be there. Not here: anything that opens a value. The
//! tables and columns are those that the database itself names, so that a new one is surveyed too.

use documents::redact_debug;
use sqlx::{AssertSqlSafe, Row as _};

use super::{Result, Store, column};

/// The columns of a SQLite file, each with its type.
const SQLITE_COLUMNS: &str = "SELECT m.name AS table_name, p.name AS column_name, p.type AS column_type \
    FROM sqlite_master m JOIN pragma_table_info(m.name) p \
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY 1, 2";
/// The same of a server's database.
const POSTGRES_COLUMNS: &str = "SELECT table_name::text, column_name::text, data_type::text AS column_type \
    FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1, 2";
/// What the migrations themselves wrote down: the same in every database.
const MIGRATIONS: &str = "_sqlx_migrations";

/// A value as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its table.
    pub table: String,
    /// Its column.
    pub column: String,
    /// Its bytes; of a number its decimal digits.
    pub bytes: Vec<u8>,
}
redact_debug!(Stored);

impl Store {
    /// Reads every value that is not null, of every table but that of the migrations.
    ///
    /// # Errors
    /// [`StoreError::Database`](super::StoreError::Database).
    pub async fn survey(&self) -> Result<Vec<Stored>> {
        let failed = |source| super::StoreError::Database { action: "survey", source };
        let mut tx = self.read().await?;
        let columns = if self.sqlite { SQLITE_COLUMNS } else { POSTGRES_COLUMNS };
        let columns = sqlx::query(columns).fetch_all(tx.connection()?).await.map_err(failed)?;
        let mut found = Vec::new();
        for row in &columns {
            let of = |name| column::<String>(row, "survey", name);
            let (table, name, kind) = (of("table_name")?, of("column_name")?, of("column_type")?);
            if table == MIGRATIONS {
                continue;
            }
            let value = match (self.sqlite, kind.as_str()) {
                (true, _) => format!("CAST(\"{name}\" AS BLOB)"),
                (false, "bytea") => format!("\"{name}\""),
                (false, _) => format!("convert_to(\"{name}\"::text, 'UTF8')"),
            };
            let select = format!("SELECT {value} AS value FROM \"{table}\" WHERE \"{name}\" IS NOT NULL");
            let values =
                sqlx::query(AssertSqlSafe(select)).fetch_all(tx.connection()?).await.map_err(failed)?;
            for value in &values {
                let bytes = value.try_get("value").map_err(failed)?;
                found.push(Stored { table: table.clone(), column: name.clone(), bytes });
            }
        }
        tx.commit().await?;
        Ok(found)
    }
}
