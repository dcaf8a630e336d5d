//! Two desks at which the same resident registered, compared value by value: their books have nothing in common that is theirs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gate::{Clock, SystemClock};
use serde_json::json;
use sqlx::{Column as _, Connection as _, Row as _, TypeInfo as _, ValueRef as _};

use crate::counter::Clerk;
use crate::people::*;

/// A value of a book, and the table and column in which it stands.
type Found = BTreeMap<Vec<u8>, BTreeSet<String>>;

/// Columns whose values may stand in both books, with the reason.
const NAMED: [(&str, &str); 23] = [
    ("_sqlx_migrations.version", "of the program"),
    ("_sqlx_migrations.description", "of the program"),
    ("_sqlx_migrations.installed_on", "when each database was made"),
    ("_sqlx_migrations.checksum", "of the program"),
    ("_sqlx_migrations.execution_time", "how long making it took"),
    ("answer.keep_until", "a second of that day"),
    ("answer.state", "a word of the program"),
    ("answer.taken_at", "a second of that day"),
    ("look.act", "a word of the program"),
    ("look.actor", "the clerk's own name, the same in this test"),
    ("look.at", "a second of that day"),
    ("person.keep_until", "a midnight, or a second of that day"),
    ("person.made_at", "a second of that day"),
    ("report.made_at", "a second of that day"),
    ("report.next_at", "a second of that day"),
    ("report.state", "a word of the program"),
    ("request.keep_until", "a midnight"),
    ("retention_run.at", "a second of that day"),
    ("setting.name", "a word of the program"),
    ("shown_credential.ends_at", "the midnight at which a day's credentials end, the same for everybody"),
    ("stay.in_at", "a second of that day"),
    ("visit.changed_at", "a second of that day"),
    ("visit.state", "a word of the program"),
];

/// Every value of every column of every table.
async fn read(book: &Path) -> (Found, usize) {
    let mut open = sqlx::SqliteConnection::connect(&format!("sqlite://{}", book.display())).await.unwrap();
    let tables = sqlx::query("SELECT name FROM sqlite_master WHERE type = 'table'");
    let tables = tables.fetch_all(&mut open).await.unwrap();
    let (mut found, mut columns) = (Found::new(), BTreeSet::new());
    for table in tables {
        let table: String = table.get(0);
        let sql = sqlx::AssertSqlSafe(format!("SELECT * FROM \"{table}\""));
        for row in sqlx::query(sql).fetch_all(&mut open).await.unwrap() {
            for column in row.columns() {
                let (name, at) = (format!("{table}.{}", column.name()), column.ordinal());
                columns.insert(name.clone());
                let raw = row.try_get_raw(at).unwrap();
                if raw.is_null() {
                    continue;
                }
                let value = match raw.type_info().name() {
                    "INTEGER" | "BOOLEAN" => row.get_unchecked::<i64, _>(at).to_be_bytes().to_vec(),
                    "TEXT" | "DATETIME" => row.get_unchecked::<String, _>(at).into_bytes(),
                    "BLOB" => row.get_unchecked::<Vec<u8>, _>(at),
                    other => panic!("{name} has the type {other}; say here how it is compared"),
                };
                found.entry(value).or_default().insert(name);
            }
        }
    }
    let unread = found.values().flatten().filter(|name| !columns.contains(*name)).count();
    (found, columns.len() - unread)
}

/// Whether a value is long enough to tell one from another: a number below 65,536 and a short word are not.
fn tells(value: &[u8]) -> bool {
    let digits = value.iter().skip_while(|byte| **byte == 0).count();
    digits >= 4 || (value.len() != 8 && value.len() >= 4)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_of_two_desks_have_no_value_in_common_and_nothing_of_their_guest_in_plain() {
    let folder = enrolled(1);
    stock(&folder, "1");
    let _network = authorities(&folder, &["CHN", "HKG"]);
    let (hotel, tower) = (desk(&folder, ZHUHAI), desk(&folder, TOWER));
    for house in [&hotel, &tower] {
        let said = register(&folder, &standing(house).await, &[]).code(0).json();
        assert!(said["receipt"]["kept"].is_array(), "{said}");
    }
    let clerk = Clerk::sign_in(&folder, ZHUHAI, &hotel).await;
    assert_eq!(clerk.check_in(1, &clerk.answers().await).await, ["new"]);
    let reception = Clerk::sign_in(&folder, TOWER, &tower).await;
    let (now, visit) = (SystemClock.now(), "0d".repeat(16));
    let plan = json!({
        "host": "Lab West", "purpose": "meeting", "zones": ["12F"],
        "from": now.to_string(), "ends": now.plus_seconds(7_200).to_string(),
    });
    let who = json!({"answer": reception.answers().await[0], "needs_help": false});
    reception.post("/api/visits", json!({"visit": visit, "plan": plan, "who": who})).await;
    reception.post(&format!("/api/visits/{visit}/host"), json!({"expected": true})).await;
    reception.post(&format!("/api/visits/{visit}/enter"), json!({"zone": "12F"})).await;
    // Another answer waits at each: those lie sealed too.
    for house in [&hotel, &tower] {
        register(&folder, &standing(house).await, &[]).code(0);
    }
    drop((hotel, tower));

    let book = |venue: &str| folder.dir().join("venues").join(venue).join("book.db");
    let (of_hotel, columns) = read(&book(ZHUHAI)).await;
    let (of_tower, _) = read(&book(TOWER)).await;
    assert!(columns > 40, "{columns} columns were read");
    for table in ["person.", "stay.", "report.", "answer.", "request.", "shown_credential.", "look."] {
        assert!(of_hotel.values().flatten().any(|name| name.starts_with(table)), "no row of {table}");
    }
    for table in ["person.", "visit.", "answer.", "request.", "shown_credential.", "look."] {
        assert!(of_tower.values().flatten().any(|name| name.starts_with(table)), "no row of {table}");
    }
    for canary in ["KA MAN", "样本", "H12345678", "H1234567", "A123456", "1990-05-06", "19900506"] {
        for (value, names) in of_hotel.iter().chain(&of_tower) {
            let found = memchr::memmem::find(value, canary.as_bytes());
            assert_eq!(found, None, "{canary} stands in plain in {names:?}");
        }
    }
    let named: BTreeMap<_, _> = NAMED.into();
    let (mut shared, mut met) = (Vec::new(), BTreeSet::new());
    for (value, names) in of_hotel.iter().filter(|(value, _)| tells(value)) {
        let Some(others) = of_tower.get(value) else { continue };
        for name in names.iter().chain(others) {
            match named.get_key_value(name.as_str()) {
                Some((known, _)) => {
                    met.insert(*known);
                }
                None => shared.push(format!("{name}: {}", hex::encode(value))),
            }
        }
    }
    assert!(shared.is_empty(), "both books have these: {shared:#?}");
    assert!(met.contains("_sqlx_migrations.checksum"), "what is the same was found: {met:?}");

    // Nor any run of 16 bytes inside of a value, but for what both programs carry and what both desks ask for.
    let windows = |of: &Found| -> BTreeSet<Vec<u8>> {
        let told = ["_sqlx_migrations.", "request.payload", "answer.receipt"];
        let own = of
            .iter()
            .filter(|(_, names)| !names.iter().any(|name| told.iter().any(|one| name.starts_with(one))));
        own.flat_map(|(value, _)| value.windows(16).map(<[u8]>::to_vec)).collect()
    };
    let both: Vec<_> = windows(&of_hotel).intersection(&windows(&of_tower)).map(hex::encode).collect();
    assert!(both.is_empty(), "{both:?}");
}
