//! The migrations of a desk's database, forward only, as this program carries them.
//!
//! Lives here: the list of `migrations/sqlite` and `migrations/postgres`. Not here: when they run. `sqlx::migrate!` would
//! compile both drivers a second time, for the compiler's own use.

use std::sync::LazyLock;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// The migrations of one engine's folder, by number and name.
macro_rules! migrations {
    ($folder:literal) => {
        migrations!($folder: 1 "first tables" "0001_first_tables.sql", 2 "requests and answers" "0002_requests_and_answers.sql",)
    };
    ($folder:literal: $($number:literal $name:literal $file:literal,)+) => {
        LazyLock::new(|| {
            Migrator::with_migrations(vec![$(Migration::new(
                $number,
                $name.into(),
                MigrationType::Simple,
                include_str!(concat!("../../migrations/", $folder, "/", $file)).into_sql_str(),
                false,
            )),+])
        })
    };
}

pub(super) static SQLITE: LazyLock<Migrator> = migrations!("sqlite");
pub(super) static POSTGRES: LazyLock<Migrator> = migrations!("postgres");

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[tokio::test]
    async fn the_lists_of_migrations_are_the_files_of_both_folders() {
        for (folder, listed) in [("sqlite", &SQLITE), ("postgres", &POSTGRES)] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
            let files = Migrator::new(path).await.unwrap();
            let named = |migrator: &Migrator| {
                let each = migrator.iter();
                each.map(|one| (one.version, one.description.clone(), one.checksum.clone()))
                    .collect::<Vec<_>>()
            };
            assert_eq!(named(listed), named(&files), "the list beside migrations/{folder}");
        }
    }
}
