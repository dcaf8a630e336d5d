//! The migrations of the gate's store, forward only, as this program carries them.
//!
//! Lives here: the list of `migrations/`. Not here: when they run (`super::store`). `sqlx::migrate!` would make the same
//! list, and compile the driver and SQLite a second time for it, for the compiler's own use.

use std::sync::LazyLock;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// The migrations by number and name.
macro_rules! migrations {
    ($($number:literal $name:literal $file:literal,)+) => {
        LazyLock::new(|| {
            Migrator::with_migrations(vec![$(Migration::new(
                $number,
                $name.into(),
                MigrationType::Simple,
                include_str!(concat!("../../migrations/", $file)).into_sql_str(),
                false,
            )),+])
        })
    };
}

pub(super) static MIGRATIONS: LazyLock<Migrator> = migrations! {
    1 "first tables" "0001_first_tables.sql",
    2 "chains" "0002_chains.sql",
};

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[tokio::test]
    async fn the_list_of_migrations_is_the_files_of_its_folder() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let files = Migrator::new(path).await.unwrap();
        let by_file = |migrator: &Migrator| {
            let each = migrator.iter();
            each.map(|one| (one.version, one.description.clone(), one.checksum.clone())).collect::<Vec<_>>()
        };
        assert_eq!(by_file(&MIGRATIONS), by_file(&files));
    }
}
