//! A database of the first versions: brought over without loss, and nothing stays in plain.

use std::path::Path;

use authority::store::{DatabaseAddress, Store, StoreError, Vault, is_of_first_versions};
use authority::{EnrolmentRules, Keys, Service};
use credential::sha256;
use documents::AuthorityCode::Chn;
use documents::{DocumentNumber, Rules, Timestamp};
use sqlx::{AssertSqlSafe, Connection, Executor, Row};
use test_support::FIRST_TABLES;
use trust::{Approvals, TrustStore};

use crate::bay::{NUMBER, RECORD, faces};
use crate::http::MORNING;
use crate::postgres::Cluster;

const ENTRY: &str = r#"{"port":"hengqin","from":"CHN","to":"MAC","issuer":"CHN","with_group":false,"granted_until":"2026-03-09","spends":[1,"MAC","2026-01-10"],"noticed":false,"past":false}"#;
const PHOTO: &[u8] = b"a photograph of nobody, in plain";
const TEMPLATE: [u8; 72] = [0xA7; 72];
const WEEKLY: [u8; 32] = [0xC7; 32];
const SECRET: [u8; 32] = [0x5E; 32];

fn at() -> i64 {
    MORNING.parse::<Timestamp>().unwrap().unix()
}

/// Makes a database as the first versions made it, with one resident, one stranger and a passage.
async fn make_old(url: &str, vault: &Vault, record: &str) {
    sqlx::any::install_default_drivers();
    let mut db = sqlx::AnyConnection::connect(url).await.unwrap();
    let blob = if url.starts_with("sqlite") { "BLOB" } else { "BYTEA" };
    for table in FIRST_TABLES {
        db.execute(sqlx::raw_sql(AssertSqlSafe(table.replace("{blob}", blob)))).await.unwrap();
    }
    let tag = vault.number_tag(&DocumentNumber::recognise(NUMBER).unwrap()).as_bytes().to_vec();
    let (person, stranger) = (vec![1_u8; 16], vec![2_u8; 16]);
    let person_row = "INSERT INTO person VALUES ($1, $2, $3, $4, $5, 0)";
    for (key, record, template, kind, session) in [
        (&person, record, TEMPLATE.to_vec(), 1_i64, sha256(&SECRET).to_vec()),
        (&stranger, "", Vec::new(), 0, Vec::new()),
    ] {
        let row = sqlx::query(person_row).bind(key.clone()).bind(record.to_owned()).bind(template);
        row.bind(kind).bind(session).execute(&mut db).await.unwrap();
    }
    let two = async |db: &mut sqlx::AnyConnection, sql: &'static str, a: Vec<u8>, b: Vec<u8>| {
        sqlx::query(sql).bind(a).bind(b).execute(db).await.unwrap();
    };
    two(&mut db, "INSERT INTO photo VALUES ($1, $2)", person.clone(), PHOTO.to_vec()).await;
    two(&mut db, "INSERT INTO person_tag VALUES ($1, $2, 0)", tag, person.clone()).await;
    two(&mut db, "INSERT INTO person_tag VALUES ($1, $2, 0)", vec![9; 32], stranger.clone()).await;
    two(&mut db, "INSERT INTO device VALUES ($1, $2, 5)", vec![3; 32], person.clone()).await;
    two(&mut db, "INSERT INTO token VALUES ($1, $2, 3, 70000, 4000000000, 1)", vec![4; 16], person.clone())
        .await;
    for (id, person, token, clearance, state, passage) in [
        (5, &person, 6, 7, "applied", vec![8; 16]),
        (9, &stranger, 10, 11, "unresolved", Vec::new()),
        (12, &person, 13, 14, "released/returned", Vec::new()),
    ] {
        let bytes = |n: u8, len: usize| vec![n; len];
        let row = sqlx::query(
            "INSERT INTO reservation VALUES ($1, $2, $3, $4, 'hengqin/CHN-MAC', $5, $6, $7, $8, $9, $10)",
        );
        let row =
            row.bind(bytes(id, 16)).bind(person.clone()).bind(bytes(token, 16)).bind(bytes(clearance, 16));
        let since = if state == "applied" { 0 } else { at() };
        let row = row.bind(state.to_owned()).bind(since).bind(passage).bind(bytes(1, 32)).bind(bytes(2, 32));
        row.bind(ENTRY.to_owned()).execute(&mut db).await.unwrap();
    }
    let row = sqlx::query("INSERT INTO movement VALUES ($1, $2, $3, $4)").bind(vec![8_u8; 32]).bind(person);
    row.bind(at()).bind(ENTRY.to_owned()).execute(&mut db).await.unwrap();
    let row = sqlx::query("INSERT INTO weekly_key VALUES ('CHN', 'MAC', '2026-W10', 4000000000, $1)");
    row.bind(WEEKLY.to_vec()).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
}

fn service(store: Store, keys: Keys) -> Service {
    let key = credential::SigningKey::generate().unwrap();
    let root = trust::Root::of(1, [("root", *key.public())]).unwrap();
    let trust = TrustStore::new(&[(Chn, root)]).unwrap();
    Service::new(
        Chn,
        store,
        Rules::builtin().unwrap(),
        EnrolmentRules::builtin().unwrap(),
        faces(),
        keys,
        trust,
        Approvals::default(),
        authority::RiskControl::builtin(Chn).unwrap(),
    )
}

/// Everything that the old database held is there.
async fn is_whole(service: &Service) {
    let number = DocumentNumber::recognise(NUMBER).unwrap();
    let (holder, documents) = service.registered(&number).await.unwrap().expect("the resident is there");
    assert_eq!((holder.home, documents.len(), documents[0].endorsements.len()), (Chn, 1, 1));
    assert!(documents[0].number == number);
    let now = Timestamp::from_unix(at()).unwrap();
    let own = service.own_record(&SECRET, now).await.expect("the pass is in force");
    assert_eq!(own.documents[0].last4, "4567");
    let ledger = service.ledger().await.unwrap();
    assert_eq!(ledger.len(), 1);
    assert_eq!((ledger[0].at, ledger[0].entry.port.as_str()), (now, "hengqin"));
    assert!(ledger[0].entry.spends.is_some(), "the endorsement that lost an entry is known");
    let waiting = service.unresolved(now).await.unwrap();
    let waiting: Vec<_> = waiting.iter().map(|one| (one.lane.as_str(), one.since)).collect();
    assert_eq!(waiting, [("hengqin/CHN-MAC", now)]);
    let pool = service.store().pool();
    for (table, rows) in [
        ("person", 2),
        ("document", 1),
        ("endorsement", 1),
        ("photograph", 1),
        ("template", 1),
        ("person_tag", 2),
        ("device", 1),
        ("token", 1),
        ("spent_token", 1),
        ("reservation", 3),
        ("movement", 1),
        ("weekly_key", 1),
    ] {
        let sql = AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        assert_eq!(sqlx::query(sql).fetch_one(pool).await.unwrap().get::<i64, _>(0), rows, "{table}");
    }
    let ended = "SELECT status FROM token WHERE list = 3 AND place = 70000";
    assert_eq!(sqlx::query(ended).fetch_one(pool).await.unwrap().get::<i64, _>(0), 1);
    let week = service.weekly_keys(1, now).await.unwrap();
    assert!(week.iter().any(|key| key.maker == Chn), "{week:?}");
}

fn canaries(folder: &Path) -> Vec<String> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    let canaries: [(&str, &[u8]); 7] = [
        ("name", b"SPECIMEN LI NA"),
        ("number", NUMBER.as_bytes()),
        ("birth", b"1991-05-06"),
        ("photograph", PHOTO),
        ("template", &TEMPLATE[..24]),
        ("weekly key", &WEEKLY),
        ("token id", &[6; 16]),
    ];
    let found = canaries.iter().filter(|(_, c)| bytes.windows(c.len()).any(|window| window == *c));
    found.map(|(name, _)| (*name).to_owned()).collect()
}

#[tokio::test]
async fn a_database_of_the_first_versions_is_brought_over_whole_and_holds_nothing_in_plain() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.db");
    let keys = Keys::generate().unwrap();
    make_old(&format!("sqlite://{}?mode=rwc", file.display()), &keys.vault(), RECORD).await;
    assert_eq!(canaries(folder.path()).len(), 7, "the old file holds all of it in plain");
    let (address, rules) = (DatabaseAddress::sqlite(&file), Rules::builtin().unwrap());
    assert!(is_of_first_versions(&address).await.unwrap());
    drop(Store::open(&address, keys.vault(), &rules).await.unwrap());
    assert!(!is_of_first_versions(&address).await.unwrap(), "it has a master key now");
    let none = DatabaseAddress::sqlite(&folder.path().join("none.db"));
    assert!(!is_of_first_versions(&none).await.unwrap() && !folder.path().join("none.db").exists());
    assert_eq!(canaries(folder.path()), Vec::<String>::new());
    let again = Store::open(&address, keys.vault(), &rules).await.expect("a second start changes nothing");
    is_whole(&service(again, keys)).await;
    assert_eq!(canaries(folder.path()), Vec::<String>::new());
}

#[tokio::test]
async fn a_server_of_the_first_versions_is_brought_over_whole() {
    let Some(cluster) = Cluster::start("a_server_of_the_first_versions").await else { return };
    cluster.create("old").await;
    let keys = Keys::generate().unwrap();
    make_old(&cluster.url("old"), &keys.vault(), RECORD).await;
    let address = cluster.url("old").parse().unwrap();
    let store = Store::open(&address, keys.vault(), &Rules::builtin().unwrap()).await.unwrap();
    is_whole(&service(store, keys)).await;
}

#[tokio::test]
async fn a_record_that_cannot_be_read_stops_the_upgrade_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.db");
    let keys = Keys::generate().unwrap();
    let record = RECORD.replace("exit_entry_permit", "no_such_document");
    make_old(&format!("sqlite://{}?mode=rwc", file.display()), &keys.vault(), &record).await;
    let (address, rules) = (DatabaseAddress::sqlite(&file), Rules::builtin().unwrap());
    for _ in 0..2 {
        let opened = Store::open(&address, keys.vault(), &rules).await;
        let Err(error @ StoreError::Import { table: "person", .. }) = opened else { panic!("{opened:?}") };
        assert!(error.to_string().contains("01010101"), "the row is named: {error}");
        assert!(!error.to_string().contains("LI NA"), "and what stands in it is not: {error}");
    }
    assert!(canaries(folder.path()).contains(&"name".to_owned()), "the record is still there to be mended");
}
