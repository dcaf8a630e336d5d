//! The migrations of the database, forward only, as this program carries them.
//!
//! Lives here: the list of `migrations/sqlite` and `migrations/postgres`. Not here: when they run (`super::migrate`).

database::migrations! {
    pub(super) static SQLITE = "../../migrations/sqlite";
    pub(super) static POSTGRES = "../../migrations/postgres";
    list {
        1 "first tables" "0001_first_tables.sql",
        2 "typed tables" "0002_typed_tables.sql",
        3 "given verdicts" "0003_given_verdicts.sql",
        5 "enrolment" "0005_enrolment.sql",
        6 "status places" "0006_status_places.sql",
        7 "templates" "0007_templates.sql",
        8 "venue credentials" "0008_venue_credentials.sql",
        9 "document lanes" "0009_document_lanes.sql",
        10 "risk" "0010_risk.sql",
        12 "openid" "0012_openid.sql",
        13 "carers" "0013_carers.sql",
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
