//! A desk with a database of its own, guests without a real person behind them, a register in this process.

use std::collections::BTreeMap;
use std::path::PathBuf;

use credential::SecretKey;
use credential::venue::Pseudonym;
use documents::Timestamp;
use venue::police::stand_in::Register;
use venue::police::{Courier, RegisterClient};
use venue::profile::{Field, Permit, PermitNumber, Profile, Profiles};
use venue::stay::{Arrival, Disclosed, Notes, Party, PartyId, RoomingList, Source, Typed};
use venue::store::{DatabaseAddress, Keys, Store};
use venue::{Actor, Hotel};

pub fn now() -> Timestamp {
    "2026-11-29T15:00:00+08:00".parse().unwrap()
}

pub fn clerk() -> Actor {
    "clerk-1".parse().unwrap()
}

pub fn profile(id: &str) -> Profile {
    Profiles::builtin().unwrap().get(id).unwrap().clone()
}

/// A desk whose files go with it.
pub struct Desk {
    pub folder: tempfile::TempDir,
    pub hotel: Hotel,
    profile: &'static str,
}

impl Desk {
    pub async fn new(profile: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let hotel = open(&folder.path().join("book.db"), profile).await;
        Self { folder, hotel, profile }
    }

    /// The same desk after a restart.
    pub async fn again(&self) -> Hotel {
        open(&self.file(), self.profile).await
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("book.db")
    }

    pub fn courier(&self, register: &RegisterClient) -> Courier {
        Courier::new(self.hotel.store().clone(), register.clone())
    }
}

pub async fn open(file: &std::path::Path, id: &str) -> Hotel {
    let keys = Keys::open_or_make(&file.with_extension("keys")).unwrap();
    let store = Store::open(&DatabaseAddress::sqlite(file), keys).await.unwrap();
    Hotel::new(store, profile(id), None)
}

/// A register in this process, and a client of it.
pub async fn register() -> (Register, RegisterClient) {
    let register = Register::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let router = register.router();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (register, RegisterClient::new(http(), &base, Some("desk-1".to_owned())))
}

#[expect(clippy::disallowed_methods, reason = "a test's own client")]
pub fn http() -> reqwest::Client {
    reqwest::Client::builder().timeout(std::time::Duration::from_secs(10)).build().unwrap()
}

/// A guest who shows a pass with a Home Return Permit.
pub fn with_pass(n: u32) -> Disclosed {
    let seed = SecretKey::from_bytes([9; 32]).tag(&n.to_be_bytes());
    Disclosed {
        pseudonym: Some(Pseudonym::from_bytes(seed[..16].try_into().unwrap())),
        name: Some(format!("CANARY SPECIMEN {n:04}")),
        birth: Some(documents::Birth::Date("1990-05-17".parse().unwrap())),
        nationality: Some("CHN".parse().unwrap()),
        document: Some(PermitNumber::parse(Permit::HomeReturn, &format!("H{:08}", 12_340_000 + n)).unwrap()),
        ..Disclosed::nothing(Source::Presentation)
    }
}

pub fn line(line: u16, shown: Disclosed) -> Arrival {
    let room = Some(format!("{}", 1200 + line).parse().unwrap());
    Arrival { line, shown, typed: Typed::new(), notes: Notes::new(), room }
}

/// A guest without a phone, by card.
pub fn by_card(n: u16, name: &str) -> Arrival {
    let fields =
        [(Field::Name, name), (Field::DocumentKind, "cn-id"), (Field::DocumentNumber, "11010519491231002X")];
    let typed = fields.map(|(field, text)| (field, text.to_owned())).into();
    Arrival { typed, ..line(n, Disclosed::nothing(Source::Typed)) }
}

pub fn party(id: u8, arrivals: Vec<Arrival>) -> Party {
    let planned = "2026-12-01".parse().unwrap();
    Party::new(PartyId::from_bytes([id; 16]), planned, arrivals, RoomingList::default()).unwrap()
}

/// How many of each answer a party got.
pub fn tally(answers: &BTreeMap<u16, venue::Registered>) -> BTreeMap<&'static str, usize> {
    use venue::Registered::*;
    let mut tally = BTreeMap::new();
    for answer in answers.values() {
        let word = match answer {
            New(_) => "new",
            Already(_) => "already",
            WithAdult => "with_adult",
            Refused(_) => "refused",
            OtherContent => "other_content",
            NoAnswer(_) => "no_answer",
        };
        *tally.entry(word).or_default() += 1;
    }
    tally
}

pub fn id_of(answers: &BTreeMap<u16, venue::Registered>, line: u16) -> venue::stay::StayId {
    use venue::Registered::{Already, New};
    let (New(id) | Already(id)) = &answers[&line] else { panic!("{:?}", answers[&line]) };
    *id
}
