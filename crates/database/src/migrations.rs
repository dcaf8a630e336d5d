//! Migrations: forward only, as a program carries them.
//!
//! Lives here: the list of a folder ([`migrations!`](crate::migrations)), and how it runs. `sqlx::migrate!` would make the same
//! list, and compile both drivers and SQLite a second time for it, for the compiler's own use.

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AnyPool, SqlSafeStr as _};

/// Makes a static for each folder, of the same list of migrations: number, name, file. The files are read when the program is
/// compiled; a folder counts from the file that calls.
#[macro_export]
macro_rules! migrations {
    ($(pub(super) static $engine:ident = $folder:literal;)+ list $list:tt) => {
        $(pub(super) static $engine: std::sync::LazyLock<$crate::Migrator> =
            std::sync::LazyLock::new(|| $crate::migrations!(@of $folder $list));)+
    };
    (@of $folder:literal {$($number:literal $name:literal $file:literal,)+}) => {
        $crate::migrator(&[$(($number, $name, include_str!(concat!($folder, "/", $file)))),+])
    };
}

/// The migrations of one engine, by number, name and text.
#[must_use]
pub fn migrator(list: &[(i64, &'static str, &'static str)]) -> Migrator {
    let each = list.iter().map(|&(number, name, sql)| {
        Migration::new(number, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(each.collect())
}

/// Runs what is missing of the migrations; whatever state a failed one leaves its connection in goes with it.
///
/// # Errors
/// As the driver says.
pub async fn migrate(writers: &AnyPool, migrator: &Migrator) -> Result<(), MigrateError> {
    let mut connection = writers.acquire().await?;
    let done = migrator.run(&mut *connection).await;
    if done.is_err() {
        drop(connection.detach());
    }
    done
}

/// Number, name and checksum of each migration, in their order: a test compares those of a list with those of its folder.
#[must_use]
pub fn named(migrator: &Migrator) -> Vec<(i64, &str, &[u8])> {
    migrator.iter().map(|one| (one.version, &*one.description, &*one.checksum)).collect()
}
