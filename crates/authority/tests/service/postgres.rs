//! The same service over PostgreSQL: a server of its own, in a folder of its own, reached through a socket in it.

use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use authority::store::{STATEMENTS, Store, StoreError};
use authority::{DeviceProof, ServiceError, possession};
use credential::{KeyClass, SigningKey};
use documents::AuthorityCode::Chn;
use sqlx::{Connection, Executor, Row, SqlSafeStr};

use crate::bay::{RECORD, bay, enrol, photographs};
use crate::http::MORNING;
use crate::life;

/// A server that ends with its test, however the test ends.
struct Cluster {
    server: Child,
    folder: tempfile::TempDir,
}

/// A program of PostgreSQL: in the path, or where Debian puts it.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut debian: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    debian.sort();
    places.extend(debian.into_iter().rev());
    places.into_iter().map(|place| place.join(name)).find(|file| file.is_file())
}

/// Under whom the server runs: PostgreSQL refuses root.
fn user() -> Result<Option<(u32, u32)>, String> {
    if std::fs::metadata("/proc/self").map_err(|e| e.to_string())?.uid() != 0 {
        return Ok(None);
    }
    let known = std::fs::read_to_string("/etc/passwd").map_err(|e| e.to_string())?;
    let line =
        |name: &str| known.lines().find(|line| line.split(':').next() == Some(name)).map(str::to_owned);
    let line =
        line("postgres").or_else(|| line("nobody")).ok_or("neither postgres nor nobody is a user here")?;
    let mut fields = line.split(':').skip(2).map(str::parse);
    match (fields.next(), fields.next()) {
        (Some(Ok(user)), Some(Ok(group))) => Ok(Some((user, group))),
        _ => Err("the list of users cannot be read".to_owned()),
    }
}

fn command(program: &Path, user: Option<(u32, u32)>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env("LC_ALL", "C").stdin(Stdio::null());
    if let Some((user, group)) = user {
        command.uid(user).gid(group);
    }
    command
}

impl Cluster {
    /// Starts a server; `None`, said loudly, where this machine has none.
    async fn start(test: &str) -> Option<Self> {
        match Self::try_start().await {
            Ok(cluster) => Some(cluster),
            Err(why) if std::env::var_os("BAYPASS_NEEDS_POSTGRES").is_some() => panic!("{test}: {why}"),
            Err(why) => {
                test_support::skip(test, &format!("no PostgreSQL ({why}); apt-get install postgresql"));
                None
            }
        }
    }

    async fn try_start() -> Result<Self, String> {
        let initdb = program("initdb").ok_or("initdb is not installed")?;
        let postgres = program("postgres").ok_or("postgres is not installed")?;
        let user = user()?;
        let folder = tempfile::Builder::new().prefix("baypass-pg-").tempdir().map_err(|e| e.to_string())?;
        if let Some((user, group)) = user {
            chown(folder.path(), Some(user), Some(group)).map_err(|e| e.to_string())?;
        }
        let data = folder.path().join("data");
        let made = command(&initdb, user, folder.path())
            .args(["--username=baypass", "--auth=trust", "--encoding=UTF8", "--no-sync", "-D"])
            .arg(&data)
            .output()
            .map_err(|e| e.to_string())?;
        if !made.status.success() {
            return Err(format!("initdb: {}", String::from_utf8_lossy(&made.stderr)));
        }
        let log = std::fs::File::create(folder.path().join("log")).map_err(|e| e.to_string())?;
        let server = command(&postgres, user, folder.path())
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(folder.path())
            .args(["-c", "listen_addresses=", "-c", "fsync=off"])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|e| e.to_string())?;
        let cluster = Self { server, folder };
        sqlx::any::install_default_drivers();
        for _ in 0..300 {
            if sqlx::AnyConnection::connect(&cluster.url("postgres")).await.is_ok() {
                return Ok(cluster);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let log = std::fs::read_to_string(cluster.folder.path().join("log")).unwrap_or_default();
        Err(format!("the server does not come up: {log}"))
    }

    fn url(&self, database: &str) -> String {
        let folder = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://baypass@localhost/{database}?host={folder}")
    }

    /// An empty database.
    async fn database(&self, name: &str) -> Store {
        let mut connection = sqlx::AnyConnection::connect(&self.url("postgres")).await.unwrap();
        let sql = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        connection.execute(sqlx::raw_sql(sql)).await.unwrap();
        Store::open(&self.url(name)).await.unwrap()
    }

    async fn two(&self, name: &str) -> [Store; 2] {
        [self.database(&format!("{name}_chn")).await, self.database(&format!("{name}_mac")).await]
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // SIGQUIT ends the server with its workers at once; by its own id, and nobody else's.
        let _ = Command::new("kill").args(["-QUIT", &self.server.id().to_string()]).status();
        for _ in 0..100 {
            if matches!(self.server.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[tokio::test]
async fn every_statement_can_be_prepared_on_postgresql() {
    let Some(cluster) = Cluster::start("every_statement_can_be_prepared_on_postgresql").await else { return };
    let store = cluster.database("statements").await;
    for (name, sql) in STATEMENTS {
        store.pool().prepare((*sql).into_sql_str()).await.unwrap_or_else(|e| panic!("{name}: {e}"));
    }
    Store::open(&cluster.url("statements")).await.expect("a second start finds its tables");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_services_whole_life_is_the_same_over_postgresql() {
    let Some(cluster) = Cluster::start("a_services_whole_life").await else { return };
    life::one_scan_gets_two_verdicts_and_a_passage_is_counted_once_on_each_side(cluster.two("one").await)
        .await;
    life::a_part_that_was_moved_changed_or_made_by_the_traveller_never_opens(cluster.two("two").await).await;
    life::an_ended_pass_and_a_lost_permit_open_nothing_and_a_port_without_approval_stays_shut(
        cluster.two("three").await,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_at_once_comes_one_after_the_other_over_postgresql() {
    let Some(cluster) = Cluster::start("two_lanes_at_once_over_postgresql").await else { return };
    life::two_lanes_at_once_reserve_one_person_once(cluster.two("lanes").await).await;
    life::a_pass_that_ends_while_tokens_are_issued_leaves_none_in_force(cluster.two("ended").await).await;
}

/// Tries that come at the same moment are counted each: nobody gets six by hurrying.
#[tokio::test(flavor = "multi_thread")]
async fn tries_at_the_same_moment_are_counted_one_by_one() {
    let Some((_, live, _)) = photographs("tries_at_the_same_moment") else { return };
    let Some(cluster) = Cluster::start("tries_at_the_same_moment").await else { return };
    let bay = Arc::new(bay(MORNING.parse().unwrap(), cluster.two("tries").await).await);
    let tries: Vec<_> = (0..9)
        .map(|_| {
            let (bay, live) = (Arc::clone(&bay), live.clone());
            tokio::spawn(async move {
                let number = documents::DocumentNumber::recognise("C00000009").unwrap();
                bay.chn.enrol(&number, "X", "1990-01-01".parse().unwrap(), &live, bay.now).await
            })
        })
        .collect();
    let mut unknown = 0;
    for tried in tries {
        match tried.await.unwrap() {
            Err(ServiceError::Unknown) => unknown += 1,
            Err(ServiceError::TooManyTries) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(unknown, authority::MAX_TRIES);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_killed_in_the_middle_leaves_no_half_of_a_batch() {
    let Some((photo, live, _)) = photographs("a_connection_that_is_killed") else { return };
    let Some(cluster) = Cluster::start("a_connection_that_is_killed").await else { return };
    let stores = cluster.two("killed").await;
    let pool = stores[0].pool().clone();
    let bay = Arc::new(bay(MORNING.parse().unwrap(), stores).await);
    bay.chn.add_resident(RECORD, &photo).await.unwrap();
    let session = enrol(&bay, &live).await;

    let over = Arc::new(AtomicBool::new(false));
    let (killer, url) = (Arc::clone(&over), cluster.url("postgres"));
    let killer = tokio::spawn(async move {
        let mut connection = sqlx::AnyConnection::connect(&url).await.unwrap();
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'killed_chn'";
        let mut killed = 0;
        while !killer.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(23)).await;
            killed += connection.fetch_all(sqlx::raw_sql(sql)).await.unwrap().len();
        }
        killed
    });
    let (mut given, mut failed) = (0, 0);
    for _ in 0..60 {
        let keys: Vec<DeviceProof> = (0..8)
            .map(|_| {
                let device = SigningKey::generate().unwrap();
                let proof = possession(&device, Chn, Chn, &session, bay.now).unwrap();
                DeviceProof { key: *device.public(), proof }
            })
            .collect();
        match bay.chn.issue(&session, KeyClass::Hardware, &keys, bay.now).await {
            Ok(issued) => given += issued.len(),
            Err(ServiceError::Store(StoreError::Database { .. })) => failed += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    over.store(true, Ordering::SeqCst);
    let killed = killer.await.unwrap();
    assert!(
        killed > 0 && failed > 0,
        "{killed} connections killed, {failed} batches failed, {given} tokens given"
    );

    // The service goes on by itself, and what it logged is whole batches: those given, and perhaps one whose answer
    // was lost after it was written.
    let (tokens, devices) = loop {
        let counted = sqlx::query("SELECT (SELECT COUNT(*) FROM token), (SELECT COUNT(*) FROM device)");
        match counted.fetch_one(&pool).await {
            Ok(row) => break (row.get::<i64, _>(0), row.get::<i64, _>(1)),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    assert_eq!((tokens % 8, tokens), (0, devices));
    assert!(usize::try_from(tokens).unwrap() >= given, "a token that was given is logged");
    let device = SigningKey::generate().unwrap();
    let proof = possession(&device, Chn, Chn, &session, bay.now).unwrap();
    let keys = [DeviceProof { key: *device.public(), proof }];
    bay.chn.issue(&session, KeyClass::Hardware, &keys, bay.now).await.expect("it mends itself");
}
