//! The book at rest: what stands in its files, what two desks have in common, how long something is kept.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;

use sqlx::{AssertSqlSafe, Executor as _, Row as _, SqlSafeStr as _};
use venue::profile::{Permit, PermitNumber};
use venue::stay::Typed;
use venue::store::{Act, DatabaseAddress, Keys, Store, StoreError, statements};
use venue::{EraseError, Hotel};

use crate::desk::*;

/// Every spelling in which a text might stand in a file.
fn spellings(text: &str) -> Vec<Vec<u8>> {
    let utf16 = |to: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(to).collect::<Vec<u8>>();
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let upper = hex.to_uppercase();
    vec![
        text.as_bytes().to_vec(),
        utf16(u16::to_le_bytes),
        utf16(u16::to_be_bytes),
        hex.into_bytes(),
        upper.into_bytes(),
    ]
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[tokio::test]
async fn nothing_that_names_a_person_lies_in_plain_in_a_desks_files() {
    let desk = Desk::new("mainland").await;
    let (register, client) = register().await;
    register.switch(|switches| switches.refuse_field = Some("name".to_owned()));
    let arrivals = vec![line(1, with_pass(1)), by_card(2, "CANARY BY CARD")];
    desk.hotel.check_in(&party(1, arrivals), &clerk(), now()).await.unwrap();
    desk.courier(&client).round(now()).await.unwrap();
    let mut read = 0;
    for name in ["book.db", "book.db-wal", "book.db-shm"] {
        let path = desk.folder.path().join(name);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        let bytes = std::fs::read(&path).unwrap();
        read += bytes.len();
        for canary in ["CANARY", "12340001", "11010519491231002X", "1990-05-17", "1949-12-31", "mainland"] {
            for spelling in spellings(canary) {
                assert!(!holds(&bytes, &spelling), "{canary} lies in {name}");
            }
        }
        assert!(!holds(&bytes, with_pass(1).pseudonym.unwrap().as_bytes()), "a pseudonym lies in {name}");
    }
    assert!(read > 50_000, "the files were read: {read} bytes");
}

/// Every value of every column that is longer than times, states and small numbers.
async fn values(store: &Store) -> BTreeSet<Vec<u8>> {
    let all = store.survey().await.unwrap();
    let columns: BTreeSet<_> =
        all.iter().map(|value| (value.table.as_str(), value.column.as_str())).collect();
    assert!(
        columns.contains(&("stay", "state")) && columns.contains(&("person", "wrapped_key")),
        "{columns:?}"
    );
    all.into_iter().map(|value| value.bytes).filter(|bytes| bytes.len() >= 12).collect()
}

#[tokio::test]
async fn two_desks_that_compare_their_books_find_nothing_in_common() {
    let (one, other) = (Desk::new("mainland").await, Desk::new("mainland").await);
    let mut same = with_pass(1);
    // A wallet brings another pseudonym to each; here even the same one would not join.
    for (desk, id) in [(&one, 1), (&other, 2)] {
        desk.hotel.check_in(&party(id, vec![line(1, same.clone())]), &clerk(), now()).await.unwrap();
    }
    let (first, second) = (values(one.hotel.store()).await, values(other.hotel.store()).await);
    assert!(first.len() >= 10, "{}", first.len());
    assert_eq!(first.intersection(&second).count(), 0);
    // Each finds its own guest, by pseudonym and by document.
    same.name = None;
    let number = PermitNumber::parse(Permit::HomeReturn, "H12340001").unwrap();
    for (pseudonym, number, found) in
        [(same.pseudonym, None, 1), (None, Some(&number), 1), (with_pass(2).pseudonym, None, 0)]
    {
        assert_eq!(one.hotel.search(pseudonym, number, &clerk(), now()).await.unwrap().len(), found);
    }
}

#[tokio::test]
async fn a_guest_who_left_is_erased_when_the_time_is_over_and_not_before_the_report_is_answered() {
    let desk = Desk::new("mainland").await;
    let hotel = Hotel::new(desk.hotel.store().clone(), profile("mainland"), Some(30));
    let (_, client) = register().await;
    let arrivals = vec![by_card(1, "LI NA"), line(2, with_pass(2))];
    let answers = hotel.check_in(&party(1, arrivals), &clerk(), now()).await.unwrap();
    let id = id_of(&answers, 1);
    let out = now().plus_seconds(86_400);
    assert!(matches!(hotel.erase(id, &clerk(), out).await, Err(EraseError::InHouse)));
    hotel.check_out(id, &Typed::new(), &clerk(), out).await.unwrap();
    assert!(matches!(hotel.erase(id, &clerk(), out).await, Err(EraseError::ReportOpen)));
    let over = out.local_date().plus_days(31).start();
    let report = hotel.store().retain(over).await.unwrap();
    assert_eq!((report.persons, report.held_back), (0, 1));
    desk.courier(&client).round(over).await.unwrap();
    let early = hotel.store().retain(over.plus_seconds(-1)).await.unwrap();
    assert_eq!((early.persons, early.held_back), (0, 0));
    let report = hotel.store().retain(over).await.unwrap();
    assert_eq!((report.persons, report.stays), (1, 1));
    assert_eq!(hotel.see(id, &clerk(), Act::See, over).await.unwrap_err().code(), "unknown_stay");
    assert_eq!(hotel.in_house(&clerk(), over).await.unwrap().len(), 1, "who is in the house stays");
    let looks = hotel.store().retain(over.local_date().plus_days(401).start()).await.unwrap();
    assert!(looks.looks > 3, "{looks:?}");
    assert_eq!(hotel.store().last_retention().await.unwrap(), Some(looks));
}

#[tokio::test]
async fn a_guest_may_have_everything_erased_but_where_the_law_keeps_it() {
    let mainland = Desk::new("mainland").await;
    let (_, client) = register().await;
    let answers =
        mainland.hotel.check_in(&party(1, vec![by_card(1, "LI NA")]), &clerk(), now()).await.unwrap();
    let id = id_of(&answers, 1);
    mainland.hotel.check_out(id, &Typed::new(), &clerk(), now()).await.unwrap();
    mainland.courier(&client).round(now()).await.unwrap();
    mainland.hotel.erase(id, &clerk(), now()).await.unwrap();
    assert!(matches!(mainland.hotel.erase(id, &clerk(), now()).await, Err(EraseError::Unknown)));
    let left = sqlx::query(
        "SELECT (SELECT COUNT(*) FROM person) + (SELECT COUNT(*) FROM stay) + (SELECT COUNT(*) FROM report)",
    );
    assert_eq!(left.fetch_one(mainland.hotel.store().pool()).await.unwrap().get::<i64, _>(0), 0);
    let hong_kong = Desk::new("hong-kong").await;
    let mut guest = with_pass(1);
    guest.document = None;
    let answers = hong_kong.hotel.check_in(&party(1, vec![line(1, guest)]), &clerk(), now()).await.unwrap();
    let id = id_of(&answers, 1);
    hong_kong.hotel.check_out(id, &Typed::new(), &clerk(), now()).await.unwrap();
    let refused = hong_kong.hotel.erase(id, &clerk(), now()).await.unwrap_err();
    assert_eq!(refused.code(), "kept_by_law");
}

#[tokio::test]
async fn another_key_file_opens_nothing_and_every_statement_can_be_prepared() {
    let desk = Desk::new("mainland").await;
    let address = DatabaseAddress::sqlite(&desk.file());
    let other = Store::open(&address, Keys::generate().unwrap()).await;
    assert!(matches!(other, Err(StoreError::MasterKey)), "{other:?}");
    for (name, sql) in statements() {
        let prepared = desk.hotel.store().pool().prepare(sql.into_sql_str()).await;
        prepared.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    sqlx::query("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', TRUE, x'00', 0)")
        .execute(desk.hotel.store().pool())
        .await
        .unwrap();
    let keys = Keys::open_or_make(&desk.file().with_extension("keys")).unwrap();
    assert!(matches!(Store::open(&address, keys).await, Err(StoreError::Newer(9999))));
}

#[tokio::test]
async fn no_statement_of_a_counter_reads_a_whole_table_that_grows() {
    // Once a day: the job of retention.
    const MAINTENANCE: [&str; 4] = ["EXPIRED", "DELETE_LOOKS", "LAST_RUN", "INSERT_RUN"];
    let desk = Desk::new("mainland").await;
    for (name, sql) in statements().into_iter().filter(|(name, _)| !MAINTENANCE.contains(name)) {
        let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")));
        for row in plan.fetch_all(desk.hotel.store().pool()).await.unwrap() {
            let step: String = row.get("detail");
            assert!(!step.starts_with("SCAN") || step.contains("CONSTANT"), "{name}: {step}");
        }
    }
}
