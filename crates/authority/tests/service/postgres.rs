//! The same service over PostgreSQL: a server of its own, in a folder of its own, reached through a socket in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use authority::store::{Store, StoreError, create_database, statements};
use authority::{DeviceProof, EnrolError, IssueError, possession};
use credential::SigningKey;
use documents::AuthorityCode::Chn;
use documents::Rules;
use sqlx::{Connection, Executor, Row, SqlSafeStr};

use crate::bay::{Place, RECORD, bay, enrol, enrol_as, photographs, place};
use crate::http::MORNING;
use crate::life;

#[path = "../../../baypass/src/command/bench/cluster.rs"]
mod server;

/// A server that ends with its test, however the test ends.
pub struct Cluster(server::Cluster);

impl Cluster {
    /// Starts a server; `None`, said loudly, where this machine has none.
    pub async fn start(test: &str) -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("baypass-pg-").tempdir().unwrap().keep();
        let started =
            tokio::task::spawn_blocking(move || server::Cluster::start(&folder, false)).await.unwrap();
        match started {
            Ok(cluster) => Some(Self(cluster)),
            Err(why) => {
                test_support::skip(test, &format!("no PostgreSQL ({why}); apt-get install postgresql"));
                None
            }
        }
    }

    pub fn url(&self, database: &str) -> String {
        self.0.url(database)
    }

    /// A dump of a database, as its own tool writes it.
    pub fn dump(&self, database: &str) -> Vec<u8> {
        self.0.run("pg_dump", database, &[]).unwrap()
    }

    /// Makes an empty database.
    pub async fn create(&self, name: &str) {
        assert!(create_database(&self.url(name).parse().unwrap()).await.unwrap());
    }

    /// An empty database, opened with new keys.
    pub async fn database(&self, name: &str) -> Place {
        self.create(name).await;
        place(&self.url(name)).await
    }

    pub async fn two(&self, name: &str) -> [Place; 2] {
        [self.database(&format!("{name}_chn")).await, self.database(&format!("{name}_mac")).await]
    }
}

#[tokio::test]
async fn every_statement_can_be_prepared_on_postgresql() {
    let Some(cluster) = Cluster::start("every_statement_can_be_prepared_on_postgresql").await else { return };
    let place = cluster.database("statements").await;
    for (name, sql) in statements() {
        place.store.pool().prepare(sql.into_sql_str()).await.unwrap_or_else(|e| panic!("{name}: {e}"));
    }
    let address = cluster.url("statements").parse().unwrap();
    let again = Store::open(&address, place.keys.vault(), &Rules::builtin().unwrap()).await;
    again.expect("a second start finds its tables");
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
    life::a_replaced_permit_ends_its_codes_and_the_pass_goes_on_with_the_new_one(cluster.two("four").await)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_at_once_comes_one_after_the_other_over_postgresql() {
    let Some(cluster) = Cluster::start("two_lanes_at_once_over_postgresql").await else { return };
    life::two_lanes_at_once_reserve_one_person_once(cluster.two("lanes").await).await;
    life::a_pass_that_ends_while_tokens_are_issued_leaves_none_in_force(cluster.two("ended").await).await;
}

/// Tries that come at the same moment are counted each: nobody gets six for nothing by hurrying.
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
                enrol_as(&bay.chn, (&number, "X", "1990-01-01".parse().unwrap()), &live, bay.now).await
            })
        })
        .collect();
    let mut unknown = 0;
    for tried in tries {
        match tried.await.unwrap() {
            Err(EnrolError::Unknown) => unknown += 1,
            Err(EnrolError::Work(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(unknown, 5, "as many as are free; each of the others takes work");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_killed_in_the_middle_leaves_no_half_of_a_batch() {
    let Some((photo, live, _)) = photographs("a_connection_that_is_killed") else { return };
    let Some(cluster) = Cluster::start("a_connection_that_is_killed").await else { return };
    let stores = cluster.two("killed").await;
    let pool = stores[0].store.pool().clone();
    let bay = Arc::new(bay(MORNING.parse().unwrap(), stores).await);
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
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
        match bay.chn.issue(&session, &keys, None, bay.now).await {
            Ok(issued) => given += issued.tokens.len(),
            Err(IssueError::Store(StoreError::Database { .. })) => failed += 1,
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
    bay.chn.issue(&session, &keys, None, bay.now).await.expect("it mends itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_died_while_it_rested_is_replaced_and_nobody_waits_while_one_rests() {
    let Some(cluster) = Cluster::start("a_connection_that_died_while_it_rested").await else { return };
    cluster.create("resting").await;
    let Place { store, .. } = place(&format!("{}&connections=4", cluster.url("resting"))).await;
    // Four connections, two of which may rest: sixteen tasks get them again and again, lanes and others.
    let tasks: Vec<_> = (0..16)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                for nth in 0..40 {
                    let tx = if task % 4 == 0 { store.begin_for_lane().await } else { store.begin().await };
                    let tx = tx.unwrap();
                    if (task + nth) % 3 == 0 { drop(tx) } else { tx.commit().await.unwrap() }
                }
            })
        })
        .collect();
    for task in tasks {
        tokio::time::timeout(Duration::from_secs(60), task).await.expect("nobody waits for ever").unwrap();
    }
    let mut killer = sqlx::AnyConnection::connect(&cluster.url("postgres")).await.unwrap();
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'resting'";
    let killed = killer.fetch_all(sqlx::raw_sql(sql)).await.unwrap().len();
    assert!(killed >= 2, "{killed}");
    // Whoever comes next notices nothing: as far as connections rested, others take their place.
    let tx = store.begin().await.expect("a transaction begins over a connection that lives");
    tx.commit().await.unwrap();
}
