//! A library's desk over a real database and a stand-in of its system: accounts, turns, loans, faults, stops.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use documents::Timestamp;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};
use sip2::{CirculationStatus, Language, PaymentType};
use trust::VenueKind;
use venue::desk::{AnswerId, Book};
use venue::library::{AccountPool, Barcode, IntentId, IntentState, Library, LibraryError, Reader, ReaderId};
use venue::library_system::LibrarySystem;
use venue::library_system::stand_in::{Faults, StandInLibrary, Switches};
use venue::store::{DatabaseAddress, Keys, Store};

use crate::desk::{clerk, now};
use crate::world::{Wallet, World};

const DAYS: u16 = 365;

/// A library's desk, its system, and the books on its shelf: `B1` and `B2`.
struct Shelved {
    world: World,
    system: StandInLibrary,
    library: Library,
}

async fn open(folder: &Path, system: &StandInLibrary, cards: &str) -> Library {
    let keys = Keys::open_or_make(&folder.join("book.keys")).unwrap();
    let store = Store::open(&DatabaseAddress::sqlite(&folder.join("book.db")), keys).await.unwrap();
    let accounts = Arc::new(AccountPool::new(store.clone(), cards).unwrap());
    Library::new(store, LibrarySystem::new(system.setup().unwrap()).unwrap(), accounts, DAYS)
}

/// A stand-in whose desk waits a tenth of a second for each answer.
async fn quick() -> StandInLibrary {
    let switches = Switches { timeout: "001".to_owned(), ..Switches::default() };
    StandInLibrary::start(switches).await.unwrap()
}

impl Shelved {
    async fn new() -> Self {
        let system = quick().await;
        system.add_item("B1", "Dream of the Red Chamber");
        system.add_item("B2", "Os Lusíadas");
        let folder = tempfile::tempdir().unwrap();
        let cards: Vec<_> = (0..4).map(|_| system.add_patron()).collect();
        let library = open(folder.path(), &system, &cards.join("\n")).await;
        let book = Book::Library(Box::new(library.clone()));
        Self { world: World::over(VenueKind::Library, folder, book), system, library }
    }

    /// A wallet answers a fresh request.
    async fn answered(&self, wallet: &Wallet, nonce: u8, at: Timestamp) -> AnswerId {
        let held = self.world.held();
        let asked = self.world.desk.request([nonce; 16], None, &held, at).await.unwrap();
        self.world.desk.take(&wallet.answer(&asked.request, at), &held, at).await.unwrap().id
    }

    async fn turn(&self, wallet: &Wallet, nonce: u8) -> Result<Reader, LibraryError> {
        let answer = self.answered(wallet, nonce, now()).await;
        let id = ReaderId::from_bytes([nonce; 16]);
        self.library.open_reader(id, answer, Language::English, &clerk(), now()).await
    }
}

fn intent(n: u8) -> IntentId {
    IntentId::from_bytes([n; 16])
}

fn barcode(text: &str) -> Barcode {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_first_visit_opens_an_account_and_the_same_wallet_comes_back_to_it() {
    let shelved = Shelved::new().await;
    let (first, second) = (shelved.world.wallet(), shelved.world.wallet());
    let (one, two) = (shelved.turn(&first, 1).await.unwrap(), shelved.turn(&second, 2).await.unwrap());
    assert!(one.new && two.new);
    shelved.library.borrow(&one, intent(1), &barcode("B1"), false, now()).await.unwrap();
    let again = shelved.turn(&shelved.world.restocked(&first), 3).await.unwrap();
    assert!(!again.new);
    let view = shelved.library.view(&again, now()).await.unwrap();
    let charged: Vec<_> = view.charged.iter().map(|one| (one.item.as_str(), one.title.as_deref())).collect();
    assert_eq!(charged, [("B1", Some("Dream of the Red Chamber"))]);
    assert!(view.charged[0].due.as_deref().unwrap().starts_with("2026-12-20"));
    let others = shelved.library.view(&two, now()).await.unwrap();
    assert_eq!((others.charged.len(), others.charged_count), (0, Some(0)));
    // The name with which the account was opened is nowhere any more, and no barcode lies in plain.
    let found = shelved.library.store().survey().await.unwrap();
    for canary in ["CANARY", "B1", "R00001"] {
        let holds = |bytes: &[u8]| bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
        let tables: BTreeSet<_> =
            found.iter().filter(|one| holds(&one.bytes)).map(|one| &one.table).collect();
        // Sixteen random bytes may spell two letters; they do not spell six.
        assert!(tables.is_empty() || canary.len() < 4, "{canary} in {tables:?}");
    }
}

#[tokio::test]
async fn one_answer_begins_one_turn_and_a_turn_ends_two_minutes_after_its_last_act() {
    let shelved = Shelved::new().await;
    let answer = shelved.answered(&shelved.world.wallet(), 1, now()).await;
    let open = |n: u8, at| {
        shelved.library.open_reader(
            ReaderId::from_bytes([n; 16]),
            answer,
            Language::English,
            Box::leak(Box::new(clerk())),
            at,
        )
    };
    open(1, now()).await.unwrap();
    // The page asks again after a fault: the same turn.
    open(1, now()).await.unwrap();
    let refused = open(2, now()).await.err().unwrap();
    assert_eq!(refused.code(), "answer_used");
    let id = ReaderId::from_bytes([1; 16]);
    for (seconds, here) in [(119, true), (238, true), (359, false)] {
        let found = shelved.library.reader(id, now().plus_seconds(seconds));
        assert_eq!(found.is_ok(), here, "after {seconds} s");
    }
}

#[tokio::test]
async fn a_pool_gives_each_card_once_and_says_when_it_is_empty() {
    let shelved = Shelved::new().await;
    let mut last = None;
    for n in 1..=5_u8 {
        let turn = shelved.turn(&shelved.world.wallet(), n).await;
        last = Some(turn.map(|_| ()).map_err(|error| error.code()));
    }
    assert_eq!(last, Some(Err("account_pool_empty")));
    for (text, wrong) in [("1\n2 # spare\n\n3", None), ("1\nb b", Some(2)), ("1\n2\n1", Some(3))] {
        let pool = AccountPool::new(shelved.library.store().clone(), text);
        let said = pool.err().map(|error| error.to_string());
        assert_eq!(said.is_some(), wrong.is_some(), "{text:?}");
        assert!(wrong.is_none_or(|line| said.unwrap().contains(&format!("line {line} "))), "{text:?}");
    }
}

#[tokio::test]
async fn a_loan_has_one_end_however_often_it_is_asked_for() {
    use IntentState::{Done, Refused};
    let shelved = Shelved::new().await;
    let (first, second) = (shelved.world.wallet(), shelved.world.wallet());
    let (one, two) = (shelved.turn(&first, 1).await.unwrap(), shelved.turn(&second, 2).await.unwrap());
    let library = &shelved.library;
    let b1 = barcode("B1");
    let lent = library.borrow(&one, intent(1), &b1, false, now()).await.unwrap();
    assert_eq!(lent.state, Done);
    let ending = lent.ending.clone().unwrap();
    assert_eq!((ending.code, ending.unlock), (None, true));
    let again = library.borrow(&one, intent(1), &b1, false, now()).await.unwrap();
    assert!(again == lent, "the same id hears the same");
    let code = |ended: venue::library::Ended| (ended.state, ended.ending.and_then(|ending| ending.code));
    let mine = library.borrow(&one, intent(2), &b1, false, now()).await.unwrap();
    assert_eq!(code(mine), (Done, Some("lent_to_you_already".to_owned())));
    let theirs = library.borrow(&two, intent(3), &b1, false, now()).await.unwrap();
    assert_eq!(code(theirs), (Refused, Some("lent_to_somebody_else".to_owned())));
    let other = library.borrow(&two, intent(1), &b1, false, now()).await;
    assert_eq!(other.err().unwrap().code(), "other_content");
    let unknown = library.borrow(&two, intent(4), &barcode("B9"), false, now()).await.unwrap();
    assert_eq!((unknown.words, unknown.state), (vec!["Unknown item".to_owned()], Refused));
    assert_eq!(shelved.system.record().len(), 1, "one loan was made");
    assert_eq!(shelved.system.counts().asked_for_lent, 0);
    // A restart forgets none of it.
    let after = open(shelved.world.folder.path(), &shelved.system, "").await;
    assert_eq!(after.unsettled_counts().await.unwrap(), (0, 0));
}

#[tokio::test]
async fn whatever_a_line_does_to_a_loan_its_end_is_the_truth() {
    for (what, faults) in [
        ("lost after it was done", Faults { drop_after: 300, ..Faults::default() }),
        ("lost before it was done", Faults { drop_before: 300, ..Faults::default() }),
        ("damaged", Faults { wrong_checksum: 500, ..Faults::default() }),
        ("answered twice", Faults { duplicate_answer: 500, other_answer: 200, ..Faults::default() }),
        ("done twice", Faults { wrong_checksum: 300, drop_after: 100, ..Faults::default() }),
    ] {
        let shelved = Shelved::new().await;
        shelved.system.switch(|switches| switches.run_twice = what == "done twice");
        let reader = shelved.turn(&shelved.world.wallet(), 1).await.unwrap();
        let account = reader.account().as_str().to_owned();
        let (mut lent, mut library) = (0, shelved.library.clone());
        for n in 0..40_u8 {
            let item = format!("C{n}");
            shelved.system.add_item(&item, "A book");
            shelved.system.set_faults(Faults { seed: u64::from(n), ..faults });
            let ended = library.borrow(&reader, intent(n), &barcode(&item), false, now()).await;
            shelved.system.set_faults(Faults::default());
            // A new process does not wait out the pause after a line that failed.
            library = open(shelved.world.folder.path(), &shelved.system, "").await;
            let has = shelved.system.loans().get(&item) == Some(&account);
            match ended.map(|ended| ended.state) {
                Ok(IntentState::Done) => assert!(has, "{what}: told that {item} was lent"),
                Ok(IntentState::Open) => {
                    let again = library.borrow(&reader, intent(n), &barcode(&item), false, now()).await;
                    let done = again.unwrap().state == IntentState::Done;
                    assert_eq!(
                        done,
                        shelved.system.loans().contains_key(&item),
                        "{what}: {item}, asked again"
                    );
                }
                Ok(state @ (IntentState::Refused | IntentState::Staff | IntentState::Untold)) => {
                    assert!(!has, "{what}: {item} was lent, and told as {state:?}");
                }
                Err(error) => assert!(!has, "{what}: {item} was lent, and told as {error}"),
            }
            lent += usize::from(shelved.system.loans().contains_key(&item));
        }
        assert!(lent > 5, "{what}: {lent} lent");
        assert_eq!(library.settle_open(now()).await.unwrap(), 0, "{what}");
        assert_eq!(shelved.system.record().len(), shelved.system.loans().len(), "{what}: each once");
    }
}

#[tokio::test]
async fn a_fee_is_agreed_to_before_a_loan_and_paid_once() {
    let shelved = Shelved::new().await;
    let reader = shelved.turn(&shelved.world.wallet(), 1).await.unwrap();
    let account = "R00001";
    shelved.system.fine(account, 500);
    let library = &shelved.library;
    let pay = |n: u8, amount: &'static str| {
        let (library, reader) = (library.clone(), reader.clone());
        async move {
            let currency = "CNY".parse().unwrap();
            library.pay(&reader, intent(n), (amount, currency), PaymentType::Cash, now()).await.unwrap()
        }
    };
    assert_eq!(library.view(&reader, now()).await.unwrap().fees.as_deref(), Some("5.00"));
    let state = |ended: venue::library::Ended| ended.state;
    assert_eq!(state(pay(1, "2.50").await), IntentState::Done);
    assert_eq!(state(pay(1, "2.50").await), IntentState::Done, "the same payment again");
    assert_eq!(shelved.system.fines(account), Some(250));
    assert_eq!(state(pay(2, "9.00").await), IntentState::Refused, "more than is owed");
    for round in 0..20_u8 {
        // Whatever is lost on the way, what was told is told once.
        shelved.system.fine(account, 500);
        shelved.system.set_faults(Faults { seed: u64::from(round), ..Faults::all(120, 0) });
        let currency = "CNY".parse().unwrap();
        let id = intent(10 + round);
        let told = library.pay(&reader, id, ("2.50", currency), PaymentType::Cash, now()).await;
        shelved.system.set_faults(Faults::default());
        tokio::time::sleep(Duration::from_millis(5)).await;
        let owed = shelved.system.fines(account).unwrap();
        match told.map(|ended| ended.state) {
            Ok(IntentState::Done) => assert_eq!(owed, 250, "round {round}"),
            Ok(IntentState::Refused) | Err(_) => assert_eq!(owed, 500, "round {round}"),
            Ok(IntentState::Open | IntentState::Staff | IntentState::Untold) => {
                assert!(owed == 250 || owed == 500, "round {round}");
            }
        }
    }
}

#[tokio::test]
async fn a_return_needs_nobody_and_a_lost_answer_is_found_out() {
    let shelved = Shelved::new().await;
    let reader = shelved.turn(&shelved.world.wallet(), 1).await.unwrap();
    let library = &shelved.library;
    library.borrow(&reader, intent(1), &barcode("B1"), false, now()).await.unwrap();
    let back = library.give_back(&barcode("B1"), now()).await.unwrap();
    assert_eq!((back.ok, back.code, back.title.as_deref()), (true, None, Some("Dream of the Red Chamber")));
    assert!(shelved.system.loans().is_empty());
    shelved.system.hold("B2", "R00004");
    let held = library.give_back(&barcode("B2"), now()).await.unwrap();
    assert_eq!((held.ok, held.code, held.bin.as_deref()), (true, Some("give_to_staff"), Some("holds")));
    let unknown = library.give_back(&barcode("B9"), now()).await.unwrap();
    assert_eq!((unknown.ok, unknown.code), (false, Some("library_refuses")));
}

#[tokio::test]
async fn staff_see_what_is_open_and_nobody_is_forgotten_before_that() {
    let shelved = Shelved::new().await;
    let reader = shelved.turn(&shelved.world.wallet(), 1).await.unwrap();
    let library = &shelved.library;
    // The desk stops after the loan was made and before anybody was told: after the first step at which the library has lent.
    let b1 = barcode("B1");
    let mut borrowing = Box::pin(library.borrow(&reader, intent(1), &b1, false, now()));
    let stopped = std::future::poll_fn(|context| match borrowing.as_mut().poll(context) {
        Poll::Ready(_) => Poll::Ready(false),
        Poll::Pending if !shelved.system.loans().is_empty() => Poll::Ready(true),
        Poll::Pending => {
            context.waker().wake_by_ref();
            Poll::Pending
        }
    });
    assert!(stopped.await, "stopped in between");
    drop(borrowing);
    let after = open(shelved.world.folder.path(), &shelved.system, "").await;
    after.take_up(now()).await.unwrap();
    assert_eq!(after.settle_open(now()).await.unwrap(), 0);
    let unsettled = after.unsettled(&clerk(), now()).await.unwrap();
    let states: Vec<_> = unsettled.iter().map(|one| (one.id, one.intent.state)).collect();
    assert_eq!(states, [(intent(1), IntentState::Untold)]);
    let much_later = now().plus_seconds(800 * 86_400);
    assert_eq!(after.store().retain(much_later).await.unwrap().held_back, 1, "nobody is forgotten meanwhile");
    after.settled_by_staff(intent(1), &clerk(), now()).await.unwrap();
    assert_eq!(after.settled_by_staff(intent(1), &clerk(), now()).await.err().unwrap().code(), "no_intent");
    assert_eq!(after.store().retain(much_later).await.unwrap().persons, 1);
}

#[tokio::test]
async fn a_reader_sees_what_is_kept_and_is_forgotten_on_request() {
    let shelved = Shelved::new().await;
    let wallet = shelved.world.wallet();
    let reader = shelved.turn(&wallet, 1).await.unwrap();
    let library = &shelved.library;
    let record = library.record(&reader, &clerk(), now()).await.unwrap();
    assert_eq!(record.account.as_str(), "R00001");
    assert_eq!(record.looks.len(), 2, "the turn, and this look");
    library.forget_reader(ReaderId::from_bytes([1; 16]), &clerk(), now()).await.unwrap();
    assert_eq!(library.reader(ReaderId::from_bytes([1; 16]), now()).err().unwrap().code(), "no_reader");
    // Whoever was forgotten is new, and the card of then is nobody's.
    let again = shelved.turn(&shelved.world.restocked(&wallet), 2).await.unwrap();
    assert!(again.new);
    let record = library.record(&again, &clerk(), now()).await.unwrap();
    assert_eq!(record.account.as_str(), "R00002");
}

/// Polls a future so often at most; `None` where it was not done by then, and is dropped in the middle.
async fn steps_of<F: Future>(future: F, steps: usize) -> Option<F::Output> {
    let mut future = Box::pin(future);
    let mut left = steps;
    std::future::poll_fn(move |context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

/// Readers borrow and give back through a faulty line, and the desk is stopped at any moment.
struct Chaos {
    random: Xoshiro256PlusPlus,
    folder: tempfile::TempDir,
    system: StandInLibrary,
    cards: String,
    loans: u16,
    stops: usize,
    open: usize,
}

const BOOKS: usize = 40;

impl Chaos {
    async fn reopen(&self) -> Library {
        let library = open(self.folder.path(), &self.system, &self.cards).await;
        library.take_up(now()).await.unwrap();
        library
    }

    fn book(&mut self) -> Barcode {
        barcode(&format!("B{}", self.random.random_range(0..BOOKS)))
    }

    fn id(&mut self) -> IntentId {
        let mut bytes = [0; 16];
        bytes.iter_mut().for_each(|byte| *byte = self.random.random());
        IntentId::from_bytes(bytes)
    }

    /// One loan, stopped by chance; gives the library as it goes on.
    async fn lend(&mut self, library: Library, readers: &[Reader]) -> Library {
        let who = self.random.random_range(0..readers.len());
        let (reader, item, id) = (readers.get(who).unwrap().clone(), self.book(), self.id());
        self.loans += 1;
        // A stop in the middle: the loan is taken up so often, and then never again.
        let stopped = self.random.random_range(0..100) < 60;
        let steps = if stopped { self.random.random_range(0..20) } else { usize::MAX };
        let ended = steps_of(library.borrow(&reader, id, &item, false, now()), steps).await;
        let has = self.system.loans().get(item.as_str()) == Some(&reader.account().as_str().to_owned());
        match ended {
            Some(Ok(ended)) => match ended.state {
                IntentState::Done => assert!(has, "told that it was lent"),
                IntentState::Open => self.open += 1,
                IntentState::Refused | IntentState::Staff | IntentState::Untold => {}
            },
            Some(Err(LibraryError::Store(error))) => panic!("{error}"),
            // Nothing was asked. In the pause after a line that failed nothing is; a new process does not wait.
            Some(Err(_)) => return self.reopen().await,
            None => {
                // The process is gone; another one begins.
                self.stops += 1;
                drop(library);
                return self.reopen().await;
            }
        }
        library
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_loans_through_a_faulty_line_with_stops_lend_no_book_twice_lose_none_and_lock_none() {
    let system = quick().await;
    for n in 0..BOOKS {
        system.add_item(&format!("B{n}"), &format!("Book {n}"));
    }
    let cards: Vec<_> = (0..12).map(|_| system.add_patron()).collect();
    let folder = tempfile::tempdir().unwrap();
    let random = Xoshiro256PlusPlus::seed_from_u64(20_261_129);
    let mut chaos = Chaos { random, folder, system, cards: cards.join("\n"), loans: 0, stops: 0, open: 0 };
    let mut library = chaos.reopen().await;
    let mut readers = Vec::new();
    for card in &cards {
        let (id, card) = (ReaderId::from_bytes(chaos.random.random()), card.parse().unwrap());
        let pin = (&card, "1234");
        readers.push(library.open_by_card(id, pin, Language::English, &clerk(), now()).await.unwrap());
    }
    while chaos.loans < 1000 {
        let seed = chaos.random.random();
        chaos.system.set_faults(Faults {
            split: 60,
            joined: 10,
            wrong_checksum: 30,
            no_cr: 5,
            cr_lf: 100,
            silent_before: 5,
            silent_after: 8,
            other_answer: 20,
            drop_before: 20,
            drop_after: 40,
            duplicate_answer: 20,
            seed,
        });
        for _ in 0..25 {
            library = chaos.lend(library, &readers).await;
            if chaos.random.random_range(0..100) < 70 {
                let item = chaos.book();
                if let Ok(back) = library.give_back(&item, now()).await
                    && back.ok
                {
                    assert!(!chaos.system.loans().contains_key(item.as_str()), "told that it is back");
                }
            }
        }
        // The line heals: what is open is settled, and every end is the truth.
        chaos.system.set_faults(Faults::default());
        let mut left = usize::MAX;
        for _ in 0..200 {
            left = library.settle_open(now()).await.unwrap();
            if left == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(left, 0, "nothing is open for ever");
        for one in library.unsettled(&clerk(), now()).await.unwrap() {
            library.settled_by_staff(one.id, &clerk(), now()).await.unwrap();
        }
    }
    assert_eq!(chaos.system.counts().asked_for_lent, 0, "no lent book was asked for");
    assert!(chaos.stops > 100, "{} stops", chaos.stops);
    // Whoever looks at the record sees each book with one reader at a time.
    let mut out = BTreeMap::new();
    for loan in chaos.system.record() {
        if !loan.ended {
            assert!(out.insert(loan.item.clone(), loan.patron.clone()).is_none(), "{} twice", loan.item);
        }
    }
    assert_eq!(out, chaos.system.loans());
    // And no book is locked: each can be given back and lent again.
    for n in 0..BOOKS {
        let item = barcode(&format!("B{n}"));
        assert!(library.give_back(&item, now()).await.unwrap().ok);
        let id = chaos.id();
        let lent = library.borrow(&readers[0], id, &item, false, now()).await.unwrap();
        assert_eq!(lent.state, IntentState::Done, "book {n}");
    }
}

#[tokio::test]
async fn an_item_that_is_not_for_loan_is_refused_in_the_library_s_own_words() {
    let shelved = Shelved::new().await;
    shelved.system.set_status("B1", CirculationStatus::Missing);
    let reader = shelved.turn(&shelved.world.wallet(), 1).await.unwrap();
    let ended = shelved.library.borrow(&reader, intent(1), &barcode("B1"), false, now()).await.unwrap();
    assert_eq!(ended.state, IntentState::Refused);
    assert_eq!(ended.ending.unwrap().code.as_deref(), Some("library_refuses"));
    assert_eq!(ended.words, ["This item is not for loan now"]);
}
