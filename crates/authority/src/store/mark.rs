//! Mark: a number that only grows, in a SQLite database and in a file beside it. A start with a database that has a smaller
//! number than the file is noticed: its write-ahead log was lost or cut, or it is a backup.
//!
//! Lives here: [`Mark`]. Not here: how a ledger learns again what it lost (docs/operating.md, After a loss).

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use database::FileError;
use sqlx::{AnyPool, AssertSqlSafe, Row as _};

use super::{Result, StoreError, failed};

/// The mark of one database file.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    database: PathBuf,
    file: PathBuf,
}

impl Mark {
    /// The mark beside this database file.
    pub(super) fn of(database: &Path) -> Self {
        let mut file = database.to_owned().into_os_string();
        file.push(".mark");
        Self { database: database.to_owned(), file: file.into() }
    }

    /// Checks that the database is no older than its mark.
    pub(super) async fn check(&self, writers: &AnyPool) -> Result<()> {
        let (have, marked) = (read_number(writers).await?, self.read()?);
        if have < marked {
            return Err(StoreError::Behind { file: self.database.display().to_string(), have, marked });
        }
        Ok(())
    }

    /// Goes one further, durably in the database first: whatever was committed before is there wherever the mark is.
    pub(super) async fn advance(&self, writers: &AnyPool) -> Result<()> {
        let next = read_number(writers).await?.saturating_add(1);
        let sql = AssertSqlSafe(format!("PRAGMA user_version = {next}"));
        sqlx::query(sql).execute(writers).await.map_err(failed("advance the mark"))?;
        files::write_whole(&self.file, next.to_string().as_bytes()).map_err(|source| self.fault(source))
    }

    fn read(&self) -> Result<i64> {
        match std::fs::read_to_string(&self.file) {
            Ok(text) => text.trim().parse().map_err(|_| self.fault(ErrorKind::InvalidData.into())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
            Err(error) => Err(self.fault(error)),
        }
    }

    fn fault(&self, source: std::io::Error) -> StoreError {
        FileError { file: self.file.display().to_string(), source }.into()
    }
}

/// The number in the database; 0 in a new one.
async fn read_number(writers: &AnyPool) -> Result<i64> {
    let row = sqlx::query("PRAGMA user_version").fetch_one(writers).await.map_err(failed("read the mark"))?;
    let number = row.try_get::<i64, _>(0).or_else(|_| row.try_get::<i32, _>(0).map(i64::from));
    number.map_err(failed("read the mark"))
}
