//! The migrations of the gate's store, forward only, as this program carries them.
//!
//! Lives here: the list of `migrations/`. Not here: when they run (`super::store`).

database::migrations! {
    pub(super) static MIGRATIONS = "../../migrations";
    list {
        1 "first tables" "0001_first_tables.sql",
        2 "chains" "0002_chains.sql",
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use database::named;
    use sqlx::migrate::Migrator;

    use super::*;

    #[tokio::test]
    async fn the_list_of_migrations_is_the_files_of_its_folder() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let files = Migrator::new(path).await.unwrap();
        assert_eq!(named(&MIGRATIONS), named(&files));
    }
}
