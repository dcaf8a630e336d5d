//! The migrations of a desk's database, forward only, as this program carries them.
//!
//! Lives here: the list of `migrations/sqlite` and `migrations/postgres`. Not here: when they run (`super::migrate`).

database::migrations! {
    pub(super) static SQLITE = "../../migrations/sqlite";
    pub(super) static POSTGRES = "../../migrations/postgres";
    list {
        1 "first tables" "0001_first_tables.sql",
        2 "requests and answers" "0002_requests_and_answers.sql",
        3 "names" "0003_names.sql",
        4 "keys of requests" "0004_keys_of_requests.sql",
        5 "library" "0005_library.sql",
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use database::named;
    use sqlx::migrate::Migrator;

    use super::*;

    #[tokio::test]
    async fn the_lists_of_migrations_are_the_files_of_both_folders() {
        for (folder, listed) in [("sqlite", &SQLITE), ("postgres", &POSTGRES)] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
            let files = Migrator::new(path).await.unwrap();
            assert_eq!(named(listed), named(&files), "the list beside migrations/{folder}");
        }
    }
}
