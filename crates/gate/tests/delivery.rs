//! What a lane does with the answers of its authorities: receipts count, everything else is as if nothing had come.

#![expect(clippy::unwrap_used, reason = "a test's helpers, outside of the test functions themselves")]

mod bay;

use std::sync::Arc;

use bay::{Answers, Authorities, Bay, Chn, Mac, Wallet, at, direction, lane_id, now};
use clearance::{
    AskingRecord, ClearanceId, Digest, Passage, PassageRecord, Place, Request, Round, Sides, Subject,
};
use credential::message::{self, Chain, ChainReason, Kind, ReceiptResult};
use credential::{SigningKey, VerifyingKey};
use documents::{AuthorityCode, Timestamp};
use gate::outbox::{KEEP_DELIVERED_SECONDS, Store, Trouble};
use gate::{Courier, Delivered};

struct Outbox {
    bay: Bay,
    link: Arc<Authorities>,
    store: Arc<Store>,
    folder: tempfile::TempDir,
}

impl Outbox {
    async fn new() -> Self {
        let bay = Bay::new();
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(&folder.path().join("gate.db"), bay.gate_key()).await.unwrap());
        let link = Arc::new(Authorities::new(&bay));
        Self { bay, link, store, folder }
    }

    /// Somebody passes, and this is written down.
    async fn pass(&self, id: u8, when: Timestamp) {
        let subject = Subject {
            clearance: ClearanceId::from_bytes([id; 16]),
            place: Place {
                lane: lane_id("one"),
                port: "hengqin".parse().unwrap(),
                direction: direction(Mac, Chn),
                sides: Sides::Both { exit: (), entry: () },
            },
            token: Wallet::new(&self.bay, Mac).id(),
            shown_at: when,
            probe: Digest::from_bytes([id; 32]),
        };
        let request =
            |n: u8| Request { part: Digest::from_bytes([n; 32]), hash: Digest::from_bytes([n; 32]) };
        let requests = Sides::Both { exit: request(1), entry: request(2) };
        let round = Round::new(subject.clone(), requests).unwrap();
        self.store.record_asking(&AskingRecord { round, asked_at: when }).await.unwrap();
        let verdicts =
            Some(Sides::Both { exit: Digest::from_bytes([3; 32]), entry: Digest::from_bytes([4; 32]) });
        let record =
            PassageRecord { subject, passage: Passage::Passed, asked_at: when, ended_at: when, verdicts };
        self.store.record_passage(&record).await.unwrap();
    }

    async fn deliver(&self, when: Timestamp) -> Delivered {
        *self.link.time.lock().unwrap() = when;
        let courier = Courier::new(Arc::clone(&self.store), Arc::clone(&self.link));
        courier.deliver(&self.bay.lists, when).await.unwrap()
    }

    fn answer(&self, authority: AuthorityCode, answers: impl IntoIterator<Item = Answers>) {
        self.link.receipts.lock().unwrap().entry(authority).or_default().extend(answers);
    }

    /// Epoch and number of each event that an authority was told.
    fn told(&self, authority: AuthorityCode) -> Vec<(u64, u64)> {
        let gate = SigningKey::from_pkcs8(&self.bay.gate).unwrap();
        self.link.events(authority, &gate).iter().map(|event| (event.epoch, event.number)).collect()
    }
}

#[tokio::test]
async fn an_answer_without_a_receipt_that_counts_leaves_the_event_where_it_was() {
    for forged in [Answers::Unsigned, Answers::WrongKey, Answers::OtherMessage, Answers::Old] {
        let outbox = Outbox::new().await;
        outbox.pass(1, now()).await;
        outbox.answer(Mac, [forged.clone()]);
        assert_eq!(outbox.deliver(now()).await, Delivered { taken: 1, stuck: 1 }, "{forged:?}");
        assert_eq!(outbox.store.waiting(Mac).await.unwrap(), 1, "{forged:?}");
        assert_eq!(outbox.store.troubles().get(&Mac), Some(&Trouble::Silent));
        assert_eq!(outbox.deliver(at(1)).await, Delivered { taken: 1, stuck: 0 });
        assert!(outbox.store.troubles().is_empty());
    }
}

#[tokio::test]
async fn an_event_that_contradicts_the_ledger_becomes_a_dead_letter_and_holds_nobody_up() {
    let outbox = Outbox::new().await;
    outbox.pass(1, now()).await;
    outbox.pass(2, at(1)).await;
    outbox.answer(Mac, [Answers::Receipt(ReceiptResult::Conflict("after_release".to_owned()))]);
    assert_eq!(outbox.deliver(at(2)).await, Delivered { taken: 4, stuck: 0 });
    let letters = outbox.store.dead_letters().await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].authority, letters[0].code.as_str()), (Mac, "after_release"));
    assert_eq!(*letters[0].clearance.as_bytes(), [1; 16]);
}

/// A clock that the test moves.
#[derive(Clone)]
struct Moved(Arc<std::sync::atomic::AtomicI64>);

impl gate::Clock for Moved {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.0.load(std::sync::atomic::Ordering::SeqCst)).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_courier_tells_each_end_when_it_falls_due_and_one_authority_holds_up_no_other() {
    let outbox = Outbox::new().await;
    let clock = Moved(Arc::new(now().unix().into()));
    let (store, link) = (Arc::clone(&outbox.store), Arc::clone(&outbox.link));
    let lists: Arc<dyn gate::Trusted> = Arc::new(outbox.bay.lists.clone());
    let (courier, ticking) = (Courier::new(store, link), clock.clone());
    let running = tokio::spawn(async move {
        courier.run(&ticking, move || Arc::clone(&lists), std::future::pending()).await;
    });
    let told = async |authority, count: u64| {
        for _ in 0..1000 {
            if outbox.store.waiting(authority).await.unwrap() == count {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("{authority} was not told");
    };
    outbox.link.cut_off.lock().unwrap().push(Mac);
    outbox.pass(1, now()).await;
    outbox.store.wake_courier();
    told(Chn, 0).await;
    assert_eq!(outbox.store.waiting(Mac).await.unwrap(), 1);
    // One that falls due later is told when the clock has come so far, though nobody wakes anybody.
    outbox.pass(2, at(30)).await;
    clock.0.store(at(31).unix(), std::sync::atomic::Ordering::SeqCst);
    *outbox.link.time.lock().unwrap() = at(31);
    told(Chn, 0).await;
    outbox.link.cut_off.lock().unwrap().clear();
    told(Mac, 0).await;
    running.abort();
    assert_eq!(outbox.told(Chn), [(0, 1), (0, 2)]);
    assert_eq!(outbox.told(Mac), [(0, 1), (0, 2)]);
}

#[tokio::test]
async fn an_authority_that_came_back_from_a_backup_is_told_again_from_the_number_it_asks_for() {
    let outbox = Outbox::new().await;
    for id in 1..=3 {
        outbox.pass(id, at(i64::from(id))).await;
        outbox.deliver(at(i64::from(id))).await;
    }
    outbox.pass(4, at(4)).await;
    outbox.answer(Mac, [Answers::Receipt(ReceiptResult::Expected(2))]);
    assert_eq!(outbox.deliver(at(5)).await, Delivered { taken: 4, stuck: 0 });
    assert_eq!(outbox.told(Mac), [(0, 1), (0, 2), (0, 3), (0, 4), (0, 2), (0, 3), (0, 4)]);
    assert_eq!(outbox.told(Chn), [(0, 1), (0, 2), (0, 3), (0, 4)], "nobody else hears anything twice");
}

#[tokio::test]
async fn what_is_kept_no_longer_cannot_be_sent_again_and_the_operator_is_told_what_to_do() {
    let outbox = Outbox::new().await;
    outbox.pass(1, now()).await;
    outbox.deliver(now()).await;
    outbox.store.release(now().plus_seconds(KEEP_DELIVERED_SECONDS + 60)).await.unwrap();
    outbox.pass(2, at(60)).await;
    outbox.answer(Mac, [Answers::Receipt(ReceiptResult::Expected(1))]);
    assert_eq!(outbox.deliver(at(60)).await, Delivered { taken: 1, stuck: 1 });
    let trouble = outbox.store.troubles()[&Mac];
    assert_eq!(trouble, Trouble::EventsMissing);
    assert!(trouble.remedy().contains("ledger rejoin"));
    // An authority that asks again and again for the same is asked once a round.
    outbox.answer(Chn, vec![Answers::Receipt(ReceiptResult::Expected(1)); 3]);
    outbox.pass(3, at(61)).await;
    outbox.deliver(at(61)).await;
    assert!(outbox.told(Chn).len() < 10);
}

#[tokio::test]
async fn a_store_that_was_replaced_is_told_so_and_goes_on_in_a_chain_of_its_own_once_adopted() {
    let outbox = Outbox::new().await;
    outbox.pass(1, now()).await;
    outbox.answer(Mac, [Answers::Receipt(ReceiptResult::Forked)]);
    outbox.deliver(now()).await;
    assert_eq!(outbox.store.troubles()[&Mac], Trouble::Forked);
    assert_eq!(outbox.store.waiting(Mac).await.unwrap(), 1, "nothing is lost meanwhile");

    let epoch = outbox.store.begin_chain(ChainReason::StoreLost, "the disk was replaced", at(9)).await;
    let epoch = epoch.unwrap();
    assert!(outbox.store.begin_chain(ChainReason::StoreLost, "", at(9)).await.is_err(), "one a second");
    outbox.answer(Mac, [Answers::Receipt(ReceiptResult::UnknownChain)]);
    assert_eq!(outbox.deliver(at(10)).await, Delivered { taken: 1, stuck: 0 });
    assert_eq!(outbox.told(Mac), [(0, 1), (epoch, 1), (epoch, 1)]);
    let chains = outbox.link.chains.lock().unwrap()[&Mac].clone();
    let gate = SigningKey::from_pkcs8(&outbox.bay.gate).unwrap();
    let key = VerifyingKey::new(*gate.public()).unwrap();
    let chain = Chain::decode(message::open(Kind::Chain, &chains[0], &key).unwrap()).unwrap();
    assert_eq!((chain.epoch, chain.reason), (epoch, ChainReason::StoreLost));
    assert_eq!(chain.note, "the disk was replaced");
}

#[tokio::test]
async fn a_store_of_the_version_before_goes_on_in_the_new_form_and_loses_no_event() {
    let outbox = Outbox::new().await;
    let path = outbox.folder.path().join("old.db");
    let old = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut old = <sqlx::SqliteConnection as sqlx::Connection>::connect_with(&old).await.unwrap();
    let first = include_str!("../migrations/0001_first_tables.sql");
    sqlx::Executor::execute(&mut old, sqlx::raw_sql(first)).await.unwrap();
    for statement in [
        "INSERT INTO chain VALUES ('MAC', 7, zeroblob(32)), ('journal', 9, zeroblob(32))",
        "INSERT INTO clearance VALUES (zeroblob(16), 'one', 'hengqin', 'MAC', 'CHN', 'both', zeroblob(16), \
         1770000000, zeroblob(32), 1770000000, 'passage', zeroblob(64), 'passed', 1770000001)",
        "INSERT INTO outbox VALUES ('MAC', zeroblob(16), 'passed', 1770000001, zeroblob(64), zeroblob(32), 7, x'80')",
    ] {
        sqlx::Executor::execute(&mut old, sqlx::raw_sql(statement)).await.unwrap();
    }
    sqlx::Connection::close(old).await.unwrap();
    let store = Arc::new(Store::open(&path, outbox.bay.gate_key()).await.unwrap());
    let outbox = Outbox { store, ..outbox };
    outbox.answer(Mac, [Answers::Receipt(ReceiptResult::UnknownChain)]);
    assert_eq!(outbox.deliver(now()).await, Delivered { taken: 1, stuck: 0 });
    assert_eq!(outbox.told(Mac), [(1, 1), (1, 1)]);
    let chains = outbox.link.chains.lock().unwrap()[&Mac].clone();
    let chain = Chain::decode(message::unverified_payload(&chains[0]).unwrap()).unwrap();
    assert_eq!(chain.reason, ChainReason::FormChanged);
    // Opened once more, nothing changes.
    drop(outbox.store);
    Store::open(&path, outbox.bay.gate_key()).await.unwrap();
}
