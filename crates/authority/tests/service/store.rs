//! The store: what it keeps after a full disk, who may read its files, what stands in them, how statements are planned.

use std::future::Future;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::task::Poll;

use authority::Keys;
use authority::retention::{MOVEMENT_DAYS, last_retention};
use authority::store::{DatabaseAddress, MAINTENANCE, Store, StoreError, Vault, bulk, inspect, statements};
use credential::{SecretKey, sha256};
use documents::{DocumentNumber, Rules, Side, Timestamp};
use sqlx::{AssertSqlSafe, Connection, Executor, Row};
use test_support::SmallDisk;

use crate::bay::{
    NUMBER, Place, RECORD, ask, bay, enrol, enrol_as, pass, photographs, place, show, strangers, wallet,
};
use crate::cards::CARD_RECORD;
use crate::http::MORNING;
use crate::postgres::Cluster;

fn now() -> Timestamp {
    MORNING.parse().unwrap()
}

fn address(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

fn number(n: u32) -> DocumentNumber {
    DocumentNumber::recognise(&format!("C{n:08}")).unwrap()
}

/// Entries of the watch list, as a second connection reads them.
async fn watched(file: &Path) -> i64 {
    sqlx::any::install_default_drivers();
    let mut other = sqlx::AnyConnection::connect(&address(file)).await.unwrap();
    let row = sqlx::query("SELECT COUNT(*) FROM watch").fetch_one(&mut other).await.unwrap();
    other.close().await.unwrap();
    row.get(0)
}

/// Polls a future so many times, and lets whatever else runs go on in between; then drops it.
async fn drop_after<T>(polls: usize, future: impl Future<Output = T>) {
    let mut future = std::pin::pin!(future);
    for _ in 0..polls {
        if std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready())).await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_caller_who_goes_away_at_any_moment_leaves_no_open_transaction_behind() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.db");
    let chn = place(&address(&file)).await;
    let store = chn.store.clone();
    let bay = strangers(now(), [chn, place("sqlite::memory:").await]).await;
    let until = now().plus_seconds(86_400);
    for polls in 0..8_u32 {
        let times = usize::try_from(polls).unwrap();
        drop_after(times, store.begin()).await;
        drop_after(times, bay.chn.watch(&number(1000 + polls), until)).await;
        drop_after(times, async { store.begin().await.unwrap().commit().await.unwrap() }).await;
        // The next one is served, and what it wrote is there for everybody.
        let before = watched(&file).await;
        bay.chn.watch(&number(polls), until).await.unwrap();
        let after = watched(&file).await;
        assert!(after > before, "after {polls} polls: {before}, then {after}");
    }
}

#[tokio::test]
async fn what_is_acknowledged_after_a_full_disk_was_freed_is_there_after_a_restart() {
    let Some(disk) = SmallDisk::mount("what is acknowledged after a full disk", 3) else { return };
    let file = disk.path().join("ledger.db");
    let chn = place(&address(&file)).await;
    let keys = chn.keys.vault();
    let bay = strangers(now(), [chn, place("sqlite::memory:").await]).await;
    let until = now().plus_seconds(86_400);
    bay.chn.watch(&number(0), until).await.unwrap();
    disk.fill().unwrap();
    let mut written = 1;
    let error = loop {
        match bay.chn.watch(&number(written), until).await {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 100_000, "the disk never fills");
    };
    assert!(error.to_string().contains("check its disk space"), "{error}");
    disk.free().unwrap();
    for n in 0..50 {
        bay.chn.watch(&number(900_000 + n), until).await.expect("there is space again");
        let seen = watched(&file).await;
        assert_eq!(seen, i64::from(written + n + 1), "what was acknowledged is read by another connection");
    }
    let all = watched(&file).await;
    drop(bay);
    let copy = tempfile::tempdir().unwrap();
    for name in ["ledger.db", "ledger.db-wal"] {
        if disk.path().join(name).exists() {
            std::fs::copy(disk.path().join(name), copy.path().join(name)).unwrap();
        }
    }
    let copied = copy.path().join("ledger.db");
    let again =
        Store::open(&DatabaseAddress::sqlite(&copied), keys, &Rules::builtin().unwrap()).await.unwrap();
    let sound: String = sqlx::query("PRAGMA integrity_check").fetch_one(again.pool()).await.unwrap().get(0);
    assert_eq!(sound, "ok");
    assert_eq!(
        watched(&copied).await,
        all,
        "a power cut at this instant loses nothing that was acknowledged"
    );
}

#[tokio::test]
async fn a_databases_files_are_their_owners_alone_whatever_they_were_before() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.db");
    std::fs::write(&file, b"").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
    let place = place(&address(&file)).await;
    for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    drop(place);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_at_once_and_without_its_password() {
    let address = "postgres://baypass:secret@127.0.0.1:1/ledger".parse().unwrap();
    let keys = Keys::generate().unwrap();
    let opened = Store::open(&address, keys.vault(), &Rules::builtin().unwrap()).await;
    let Err(error @ StoreError::Server { .. }) = opened else { panic!("{opened:?}") };
    let said = error.to_string();
    assert!(said.contains("check its address") && !said.contains("secret"), "{said}");
}

#[tokio::test]
async fn another_master_key_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.db");
    drop(place(&address(&file)).await);
    let other = Keys::generate().unwrap().vault();
    let opened = Store::open(&DatabaseAddress::sqlite(&file), other, &Rules::builtin().unwrap()).await;
    assert!(matches!(opened, Err(StoreError::MasterKey)), "{opened:?}");
}

#[tokio::test]
async fn a_database_that_a_newer_version_made_is_refused_with_a_clear_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.db");
    let Place { store, keys } = place(&address(&file)).await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'later', TRUE, x'00', 0)",
    )
    .execute(store.pool())
    .await
    .unwrap();
    store.pool().close().await;
    let opened = Store::open(&DatabaseAddress::sqlite(&file), keys.vault(), &Rules::builtin().unwrap()).await;
    let Err(error @ StoreError::Newer(9999)) = opened else { panic!("{opened:?}") };
    assert!(error.to_string().contains("newer version of this program"), "{error}");
}

/// What a plan says of each statement, and which statements read a whole table that grows.
#[tokio::test]
async fn a_database_without_its_log_is_noticed_and_a_backup_is_taken_on_demand() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.db");
    let Place { store, keys } = place(&address(&file)).await;
    store.advance_mark().await.unwrap();
    // A copy while the service runs: what was committed last stands in the log alone.
    let copies = tempfile::tempdir().unwrap();
    let copied = copies.path().join("ledger.db");
    let copy = |names: &[&str]| {
        for name in names {
            std::fs::copy(folder.path().join(name), copies.path().join(name)).unwrap();
        }
    };
    let open = async || {
        let rules = Rules::builtin().unwrap();
        Store::open(&DatabaseAddress::sqlite(&copied), keys.vault(), &rules).await
    };
    copy(&["ledger.db", "ledger.db.mark"]);
    let opened = open().await;
    let Err(error @ StoreError::Behind { .. }) = opened else { panic!("{opened:?}") };
    let said = error.to_string();
    assert!(said.contains("ledger.db-wal") && said.contains("baypass ledger rejoin"), "{said}");
    for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        drop(std::fs::remove_file(copies.path().join(name)));
    }
    assert!(matches!(open().await, Err(StoreError::Behind { .. })), "a file that is gone is not begun anew");
    for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        drop(std::fs::remove_file(copies.path().join(name)));
    }
    copy(&["ledger.db", "ledger.db-wal"]);
    let whole = open().await.unwrap();
    whole.pool().close().await;
    drop(whole);
    std::fs::write(copies.path().join("ledger.db.mark"), "1000").unwrap();
    assert!(matches!(open().await, Err(StoreError::Behind { marked: 1000, .. })));
    std::fs::remove_file(copies.path().join("ledger.db.mark")).unwrap();
    open().await.unwrap();
}

#[tokio::test]
async fn a_look_into_a_database_tells_whole_pages_from_damaged_ones_and_its_schema() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.db");
    let at = DatabaseAddress::sqlite(&file);
    assert_eq!(inspect(&at).await.unwrap(), None, "nobody makes a file by looking");
    assert!(!file.exists());
    drop(place(&address(&file)).await);
    let whole = inspect(&at).await.unwrap().unwrap();
    assert_eq!((whole.faults.len(), whole.schema), (0, Some(whole.known)));
    let mut other = sqlx::AnyConnection::connect(&address(&file)).await.unwrap();
    sqlx::query("DELETE FROM _sqlx_migrations WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)")
        .execute(&mut other)
        .await
        .unwrap();
    let older = inspect(&at).await.unwrap().unwrap();
    assert!(older.schema < Some(older.known), "{older:?}");
    other.execute("DROP TABLE _sqlx_migrations").await.unwrap();
    other.execute("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
    other.close().await.unwrap();
    assert_eq!(inspect(&at).await.unwrap().unwrap().schema, None);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[4 * 4096..7 * 4096].fill(0xff);
    std::fs::write(&file, bytes).unwrap();
    assert!(!inspect(&at).await.unwrap().unwrap().faults.is_empty());
}

fn scans(name: &str, plan: &[String], is_scan: impl Fn(&str) -> bool) -> Vec<String> {
    if MAINTENANCE.contains(&name) {
        return Vec::new();
    }
    plan.iter().filter(|line| is_scan(line)).map(|line| format!("{name}: {line}")).collect()
}

/// Tables that hold a handful of rows however old the installation is.
const SMALL: [&str; 4] = ["setting", "job", "handed_over", "weekly_key"];

#[tokio::test]
async fn no_statement_of_a_lane_a_wallet_or_an_officer_reads_a_whole_table_of_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(&address(&folder.path().join("ledger.db"))).await;
    bulk::fill(&place.store, 0, 2000, 10, now().unix()).await.unwrap();
    let mut found = Vec::new();
    for (name, sql) in statements() {
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let rows = sqlx::query(explain).fetch_all(place.store.pool()).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
        let is_scan = |line: &str| {
            // The indexes of waiting notices and of open conflicts hold those that wait, and no others.
            line.starts_with("SCAN")
                && !line.contains("notice_out_waiting")
                && !line.contains("event_conflict_open")
                && !line.starts_with("SCAN CONSTANT ROW")
                && !SMALL.iter().any(|table| line == format!("SCAN {table}"))
        };
        found.extend(scans(name, &plan, is_scan));
    }
    assert_eq!(found, Vec::<String>::new());
}

#[tokio::test]
async fn no_statement_of_a_lane_a_wallet_or_an_officer_reads_a_whole_table_of_postgresql() {
    let Some(cluster) = Cluster::start("no_statement_reads_a_whole_table_of_postgresql").await else {
        return;
    };
    let place = cluster.database("plans").await;
    bulk::fill(&place.store, 0, 20_000, 5, now().unix()).await.unwrap();
    let mut connection = place.store.pool().acquire().await.unwrap();
    connection.execute(sqlx::raw_sql("SET plan_cache_mode = force_generic_plan")).await.unwrap();
    let mut found = Vec::new();
    for (name, sql) in statements() {
        let prepare = AssertSqlSafe(format!("PREPARE planned AS {sql}"));
        connection.execute(sqlx::raw_sql(prepare)).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        let values = (1..=40).filter(|n| sql.contains(&format!("${n}"))).map(|_| "NULL").collect::<Vec<_>>();
        let values = if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) };
        let explain = AssertSqlSafe(format!("EXPLAIN EXECUTE planned{values}"));
        let rows = connection.fetch_all(sqlx::raw_sql(explain)).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let is_scan = |line: &str| {
            line.contains("Seq Scan on")
                && !SMALL.iter().any(|table| line.contains(&format!("Seq Scan on {table}")))
        };
        found.extend(scans(name, &plan, is_scan));
        connection.execute(sqlx::raw_sql("DEALLOCATE planned")).await.unwrap();
    }
    assert_eq!(found, Vec::<String>::new());
}

/// Texts and bytes that no file of a database may hold.
fn canaries(photo: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let middle = photo.len() / 2;
    let texts = ["SPECIMEN LI NA", "李娜样本", NUMBER, "1991-05-06", "2026-04-09"];
    let mut all: Vec<(&str, Vec<u8>)> = texts.map(|text| (text, text.as_bytes().to_vec())).to_vec();
    all.push(("the photograph", photo[middle..middle + 24].to_vec()));
    all.push(("a number in hexadecimal digits", hex::encode(NUMBER).into_bytes()));
    all
}

fn found_in<'c>(bytes: &[u8], canaries: &'c [(&'static str, Vec<u8>)]) -> Vec<&'c str> {
    let holds = |canary: &[u8]| bytes.windows(canary.len()).any(|window| window == canary);
    canaries.iter().filter(|(_, canary)| holds(canary)).map(|(name, _)| *name).collect()
}

fn files(folder: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|file| file.is_file()).flat_map(|file| std::fs::read(file).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_database_its_log_and_a_dump_hold_nothing_that_names_a_person() {
    let Some((photo, live, _)) = photographs("a_full_database_holds_no_canary") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut stores = vec![(place(&address(&folder.path().join("ledger.db"))).await, None)];
    if let Some(cluster) = Cluster::start("a_dump_holds_no_canary").await {
        stores.push((cluster.database("canary").await, Some(cluster)));
    }
    for (store, cluster) in stores {
        let bay = bay(now(), [store, place("sqlite::memory:").await]).await;
        bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
        let wallet = wallet(&bay, &live).await;
        let shown = show(&bay, &wallet, &live);
        let (exit, ..) = ask(&bay, &wallet, &shown, Side::Exit).await;
        let (entry, ..) = ask(&bay, &wallet, &shown, Side::Entry).await;
        pass(&bay, &shown, 1, [0; 32], &[&exit, &entry]).await;
        let bytes = match &cluster {
            Some(cluster) => cluster.dump("canary"),
            None => files(folder.path()),
        };
        assert!(bytes.len() > 20_000, "there is something to look at: {}", bytes.len());
        assert_eq!(found_in(&bytes, &canaries(&photo)), Vec::<&str>::new());
        // This check can fail: a file that does hold them is told.
        let naked = [RECORD.as_bytes(), &photo].concat();
        assert!(found_in(&naked, &canaries(&photo)).len() >= 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_lies_under_the_next_master_key_and_nothing_under_the_one_before() {
    let Some((photo, live, _)) = photographs("another_master_key") else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = address(&folder.path().join("ledger.db"));
    let mut stores = vec![(file.clone(), place(&file).await, None)];
    if let Some(cluster) = Cluster::start("another_master_key").await {
        stores.push((cluster.url("masters"), cluster.database("masters").await, Some(cluster)));
    }
    for (url, ours, cluster) in stores {
        let copy = |key: &SecretKey| SecretKey::from_bytes(*key.expose());
        let masters =
            [copy(&ours.keys.master), SecretKey::generate().unwrap(), SecretKey::generate().unwrap()];
        let numbers = copy(&ours.keys.numbers);
        let vault = |which: usize| Vault::new(copy(&masters[which]), copy(&numbers));
        let (address, rules) = (url.parse().unwrap(), Rules::builtin().unwrap());
        let open = async |which| Store::open(&address, vault(which), &rules).await;

        let bay = bay(now(), [place("sqlite::memory:").await, ours]).await;
        bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
        bay.mac.add_resident(CARD_RECORD, &photo, bay.now).await.unwrap();
        let wallet = wallet(&bay, &live).await;
        let shown = show(&bay, &wallet, &live);
        let (exit, ..) = ask(&bay, &wallet, &shown, Side::Exit).await;
        let (entry, ..) = ask(&bay, &wallet, &shown, Side::Entry).await;
        pass(&bay, &shown, 1, [0; 32], &[&exit, &entry]).await;
        if cluster.is_some() {
            let refused = open(0).await.unwrap().rewrap(&vault(1)).await;
            assert!(matches!(refused, Err(StoreError::InUse)), "its service runs: {refused:?}");
        }
        drop(bay);

        // A server takes a moment to see that somebody is gone.
        let rewrap = async |from, to| loop {
            match open(from).await.unwrap().rewrap(&vault(to)).await {
                Err(StoreError::InUse) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
                other => break other,
            }
        };
        let moved = rewrap(0, 1).await.unwrap();
        assert!(moved.persons > 0 && moved.weekly_keys > 0 && moved.records > 0, "{moved:?}");
        assert!(matches!(open(0).await, Err(StoreError::MasterKey)), "the key before opens nothing");
        // What had stayed under the key before would be missing here.
        assert_eq!(rewrap(1, 2).await.unwrap(), moved);
        assert!(matches!(open(1).await, Err(StoreError::MasterKey)));
        // A row that does not open stops the whole: nothing is moved.
        let store = open(2).await.unwrap();
        sqlx::query("UPDATE weekly_key SET wrapped = other.wrapped_key FROM (SELECT wrapped_key FROM person WHERE wrapped_key IS NOT NULL LIMIT 1) AS other")
            .execute(store.pool())
            .await
            .unwrap();
        drop(store);
        let refused = rewrap(2, 0).await;
        assert!(matches!(refused, Err(StoreError::Row { table: "weekly_key", .. })), "{refused:?}");
        open(2).await.unwrap();
    }
}

#[tokio::test]
async fn an_erased_person_is_noise_in_the_file_and_nobody_at_a_lane() {
    let Some((photo, live, _)) = photographs("an_erased_person") else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.db");
    let bay = bay(now(), [place(&address(&file)).await, place("sqlite::memory:").await]).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let wallet = wallet(&bay, &live).await;
    let number = DocumentNumber::recognise(NUMBER).unwrap();
    let pool = bay.chn.store().pool().clone();
    let wrapped: Vec<u8> =
        sqlx::query("SELECT wrapped_key FROM person").fetch_one(&pool).await.unwrap().get(0);
    let tag = *bay.chn.store().vault().number_tag(&number).as_bytes();
    let held = files(folder.path());
    let holds = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    assert!(
        holds(&held, &wrapped) && holds(&held, &tag),
        "the wrapped key and the tag stand in the file before"
    );

    bay.chn.erase(&number, bay.now).await.unwrap();
    let left = files(folder.path());
    assert!(!holds(&left, &wrapped), "the person's key is destroyed");
    assert!(!holds(&left, &tag), "no number points at them");
    for table in ["document", "endorsement", "photograph", "template", "pass", "person_tag", "device"] {
        let sql = AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        assert_eq!(sqlx::query(sql).fetch_one(&pool).await.unwrap().get::<i64, _>(0), 0, "{table}");
    }
    let shown = show(&bay, &wallet, &live);
    assert_eq!(ask(&bay, &wallet, &shown, Side::Exit).await.2, "not_registered");
    assert!(bay.chn.registered(&number).await.unwrap().is_none());
    assert!(bay.chn.erase(&number, bay.now).await.is_err(), "there is nobody to erase a second time");
    // The same person may be registered anew.
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    enrol(&bay, &live).await;
}

#[tokio::test]
async fn what_was_kept_for_its_time_goes_and_what_rules_count_stays() {
    let Some((photo, live, _)) = photographs("what_was_kept_for_its_time") else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = DatabaseAddress::sqlite(&folder.path().join("ledger.db"));
    let chn = place(&address(file.file().unwrap())).await;
    let bay = bay(now(), [chn, place("sqlite::memory:").await]).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let wallet = wallet(&bay, &live).await;
    let unknown = DocumentNumber::recognise("C00000009").unwrap();
    enrol_as(&bay.chn, (&unknown, "X", "1990-01-01".parse().unwrap()), &live, bay.now).await.unwrap_err();
    bay.chn.watch(&unknown, bay.now.plus_seconds(60)).await.unwrap();
    let shown = show(&bay, &wallet, &live);
    let (exit, ..) = ask(&bay, &wallet, &shown, Side::Exit).await;
    let (entry, ..) = ask(&bay, &wallet, &shown, Side::Entry).await;
    pass(&bay, &shown, 1, [0; 32], &[&exit, &entry]).await;
    let pool = bay.chn.store().pool().clone();
    let count = async |table: &str| {
        let sql = AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        sqlx::query(sql).fetch_one(&pool).await.unwrap().get::<i64, _>(0)
    };
    let passed_at = bay.chn.ledger().await.unwrap()[0].at;
    assert_ne!(passed_at, passed_at.local_date().start(), "the passage has a time of day");

    assert_eq!(last_retention(&file).await.unwrap(), None);
    let after = |days: i64| bay.now.plus_seconds(days * 86_400 + 1);
    let done = bay.chn.enforce_retention(after(2)).await.unwrap().unwrap();
    assert_eq!((done.reduced, count("enrolment_try").await), (0, 0), "a failed try is kept for a day");
    assert_eq!(bay.chn.enforce_retention(after(2)).await.unwrap(), None, "once a day");
    assert_eq!(last_retention(&file).await.unwrap(), Some(after(2)));
    for table in ["reservation", "token", "verdict_reason", "gate_event", "watch", "movement", "spent_token"]
    {
        assert_eq!(count(table).await, 1, "{table} is kept for now");
    }

    // The approval allows 30 days.
    let done = bay.chn.enforce_retention(after(31)).await.unwrap().unwrap();
    assert_eq!(done.reduced, 1);
    let row = bay.chn.ledger().await.unwrap().remove(0);
    assert_eq!((row.at, row.reduced), (passed_at.local_date().start(), true), "the day stays, its time goes");
    for table in ["reservation", "verdict_reason", "watch"] {
        assert_eq!(count(table).await, 0, "{table}");
    }
    assert_eq!((count("token").await, count("spent_token").await), (1, 1), "30 days after its end");
    assert_eq!(count("gate_event").await, 1, "the last event of a gate stays: the chain goes on from it");

    bay.chn.enforce_retention(after(39)).await.unwrap().unwrap();
    assert_eq!((count("token").await, count("spent_token").await), (0, 0));
    assert_eq!(count("movement").await, 1, "an entry is counted while an endorsement may live");
    bay.chn.enforce_retention(after(MOVEMENT_DAYS + 1)).await.unwrap().unwrap();
    assert_eq!(count("movement").await, 0);
}

#[tokio::test]
async fn a_token_id_stands_nowhere_in_plain() {
    let Some((photo, live, _)) = photographs("a_token_id_stands_nowhere") else { return };
    let folder = tempfile::tempdir().unwrap();
    let bay =
        bay(now(), [place(&address(&folder.path().join("l.db"))).await, place("sqlite::memory:").await])
            .await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let wallet = wallet(&bay, &live).await;
    let shown = show(&bay, &wallet, &live);
    ask(&bay, &wallet, &shown, Side::Exit).await;
    let device = credential::DeviceKey::new(*wallet.device.public()).unwrap();
    let (id, held) = (device.thumbprint().token_id(), files(folder.path()));
    assert!(!held.windows(16).any(|window| window == id.as_bytes()), "a token is known by a keyed hash");
    assert_ne!(sha256(id.as_bytes())[..16], bay.chn.store().vault().token_tag(id).as_bytes()[..16]);
}

#[test]
fn the_script_of_the_bench_has_a_value_in_every_place_of_its_statements() {
    let script = authority::bench::pgbench_script(Timestamp::from_unix(1_800_000_000).unwrap());
    assert!(script.matches("INSERT INTO").count() >= 4);
    assert!(!script.contains('$'), "a place without a value: {script}");
    // `$22` without a value is `$2` with a value, and a figure behind it.
    let mut pairs = script.as_bytes().windows(2);
    assert!(!pairs.any(|pair| matches!(pair, [b')', b'0'..=b'9'])), "half of a place: {script}");
}
