//! The same desk over PostgreSQL: a server of its own, in a folder of its own.

use std::collections::BTreeMap;

use sqlx::{Connection as _, Executor as _, SqlSafeStr as _};
use venue::Hotel;
use venue::desk::Book;
use venue::police::Courier;
use venue::stay::Typed;
use venue::store::{Act, Keys, Store, statements};

use crate::desk::*;
use crate::world::World;

#[path = "../../../baypass/src/command/bench/cluster.rs"]
#[expect(dead_code, reason = "benchmarks use more of it")]
mod server;

#[tokio::test(flavor = "multi_thread")]
async fn a_desks_whole_day_is_the_same_over_postgresql() {
    let folder = tempfile::Builder::new().prefix("baypass-pg-").tempdir().unwrap().keep();
    let started = tokio::task::spawn_blocking(move || server::Cluster::start(&folder, false)).await.unwrap();
    let cluster = match started {
        Ok(cluster) => cluster,
        Err(why) => {
            let why = format!("no PostgreSQL ({why}); apt-get install postgresql");
            return test_support::skip("a_desks_whole_day_is_the_same_over_postgresql", &why);
        }
    };
    let mut server = sqlx::postgres::PgConnection::connect(&cluster.url("postgres")).await.unwrap();
    server.execute(sqlx::raw_sql("CREATE DATABASE desk")).await.unwrap();
    server.close().await.unwrap();
    let store = Store::open(&cluster.url("desk").parse().unwrap(), Keys::generate().unwrap()).await.unwrap();
    for (name, sql) in statements() {
        store.pool().prepare(sql.into_sql_str()).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let hotel = Hotel::new(store, profile("mainland"), Some(30));
    let (register, client) = register().await;
    let arrivals: Vec<_> = (0..40).map(|n| line(n, with_pass(u32::from(n)))).collect();
    // The clerk's page sent it twice, at the same moment.
    let (party_of_40, actor) = (party(1, arrivals.clone()), clerk());
    let at_once = || hotel.check_in(&party_of_40, &actor, now());
    let (answers, twin) = tokio::join!(at_once(), at_once());
    let (answers, twin) = (answers.unwrap(), twin.unwrap());
    let both = [tally(&answers), tally(&twin)];
    assert!(both.contains(&[("new", 40)].into()) && both.contains(&[("already", 40)].into()), "{both:?}");
    let id = id_of(&answers, 0);
    let again = hotel.check_in(&party(1, arrivals), &clerk(), now()).await.unwrap();
    assert_eq!(tally(&again), BTreeMap::from([("already", 40)]));
    hotel.change_room(id, "808".parse().unwrap(), &clerk(), now()).await.unwrap();
    let out = hotel.check_out(id, &Typed::new(), &clerk(), now()).await.unwrap();
    assert!(matches!(out, venue::stay::Stay::Left(_)));
    let courier = Courier::new(hotel.store().clone(), client);
    assert_eq!(courier.round(now()).await.unwrap().sent, 42);
    assert_eq!(register.taken().len(), 42);
    assert_eq!(hotel.see(id, &clerk(), Act::See, now()).await.unwrap().reports.len(), 3);
    assert_eq!(hotel.search(with_pass(3).pseudonym, None, &clerk(), now()).await.unwrap().len(), 1);
    let survey = hotel.store().survey().await.unwrap();
    let of = |column: &str| survey.iter().filter(|value| value.column == column).count();
    assert!(of("state") > 40 && of("wrapped_key") == 40, "{} values", survey.len());
    let over = now().local_date().plus_days(31).start();
    assert_eq!(hotel.store().retain(over).await.unwrap().persons, 1);
    assert_eq!(hotel.in_house(&clerk(), over).await.unwrap().len(), 39);
    // Answers to requests, by more than one connection.
    let book = Book::Hotel(Box::new(hotel));
    let world = World::over(trust::VenueKind::Hotel, tempfile::tempdir().unwrap(), book);
    crate::take::at_the_same_moment(&world).await;
    world.desk.book().store().retain(over).await.unwrap();
}
