//! The migrations of the database, forward only, as this program carries them.
//!
//! Lives here: the list of `migrations/sqlite` and `migrations/postgres`. Not here: when they run (`super::migrate`).
//! `sqlx::migrate!` would make the same list, and compile both drivers and SQLite a second time for it, for the compiler's
//! own use.

use std::sync::LazyLock;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// The migrations of one engine's folder, by number and name.
macro_rules! migrations {
    ($folder:literal) => {
        migrations!($folder:
            1 "first tables" "0001_first_tables.sql",
            2 "typed tables" "0002_typed_tables.sql",
            3 "given verdicts" "0003_given_verdicts.sql",
            5 "enrolment" "0005_enrolment.sql",
            6 "status places" "0006_status_places.sql",
            7 "templates" "0007_templates.sql",
            8 "venue credentials" "0008_venue_credentials.sql",
        )
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
            let by_file = |migrator: &Migrator| {
                let each = migrator.iter();
                each.map(|one| (one.version, one.description.clone(), one.checksum.clone()))
                    .collect::<Vec<_>>()
            };
            assert_eq!(by_file(listed), by_file(&files), "the list beside migrations/{folder}");
        }
    }
}
