//! A hotel's desk under stress: killed at any moment, its register and the hotel's system away, its disk full, its clock ahead.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use base64::Engine as _;
use code::{VenueCode, VenueCodeKind};
use credential::SigningKey;
use credential::venue::{UnverifiedRequest, VenueRequest};
use gate::{Clock, SystemClock};
use serde_json::json;
use sqlx::{Connection as _, Executor as _, SqlSafeStr as _};
use test_support::SmallDisk;
use venue::hotel_system::stand_in::HotelSystem;
use venue::police::stand_in::Register;

use crate::bay::Folder;
use crate::counter::Clerk;
use crate::guests::{FIRST_NUMBER, GuestWallet, Guests};
use crate::parties::{Process, until};
use crate::people::{ZHUHAI, authorities, standing};

#[path = "../../src/command/bench/cluster.rs"]
#[expect(dead_code, reason = "benchmarks use more of it")]
mod server;

const SEED: u64 = 20_261_129;
const KILLS: usize = 30;

/// A hotel in Zhuhai with an authority, a register and a hotel's system.
struct House {
    folder: Folder,
    guests: Guests,
    register: Register,
    system: HotelSystem,
    client: reqwest::Client,
    line: Vec<String>,
    _network: Vec<Process>,
}

async fn served(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    base
}

impl House {
    async fn new() -> Self {
        let folder = Folder::new();
        folder.init();
        let (register, system) = (Register::new(), HotelSystem::new());
        let (police, hotel) = (served(register.router()).await, served(system.router()).await);
        let file = folder.dir().join("venues").join(ZHUHAI).join("venue.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let queues = format!(
            "[police]\naddress = \"{police}\"\n\n[hotel_system]\naddress = \"{hotel}/ota\"\nhotel = \"H1\"\ndesk = \"D1\"\nproduction = false\n"
        );
        std::fs::write(&file, format!("{text}\n{queues}")).unwrap();
        let network = authorities(&folder, &["CHN"]);
        let issuer = std::fs::read(folder.dir().join("authorities/CHN/keys/venue.key")).unwrap();
        let issuer = SigningKey::from_pkcs8(&issuer).unwrap();
        let guests = Guests::new(issuer, 1, SystemClock.now().local_date());
        let line = ["desk", "serve", "--venue", ZHUHAI].map(str::to_owned).to_vec();
        Self { folder, guests, register, system, client: reqwest::Client::new(), line, _network: network }
    }

    /// The same over TLS, by a certificate that this test made.
    fn over_tls(mut self) -> Self {
        let (ca, own) =
            (transport::Ca::new(&SigningKey::generate().unwrap()).unwrap(), SigningKey::generate().unwrap());
        let day = SystemClock.now().local_date();
        let days = (day.plus_days(-1), day.plus_days(30));
        let certificate = ca.certify("specimen desk", &["127.0.0.1".to_owned()], &own, days).unwrap();
        let root = ca.certificate(days.0, days.1).unwrap();
        let key = base64::engine::general_purpose::STANDARD.encode(own.to_pkcs8().unwrap().as_slice());
        let key = format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n");
        let files = [("desk.pem", certificate.0.as_str()), ("desk.key", key.as_str())]
            .map(|(name, text)| self.folder.write(name, text.as_bytes()).display().to_string());
        let [certificate, key] = files;
        self.line.extend(["--tls-cert".to_owned(), certificate, "--tls-key".to_owned(), key]);
        let root = reqwest::Certificate::from_pem(root.0.as_bytes()).unwrap();
        self.client = reqwest::Client::builder().tls_certs_only([root]).build().unwrap();
        self
    }

    fn with_database(mut self, url: String) -> Self {
        self.line.extend(["--database-url".to_owned(), url]);
        self
    }

    async fn open(&self) -> (Process, Clerk) {
        let line: Vec<_> = self.line.iter().map(String::as_str).collect();
        let desk = Process::start(&self.folder, &line, 2, "desk.log");
        let clerk = Clerk::sign_in_by(&self.folder, ZHUHAI, &desk.listens[1], self.client.clone()).await;
        until("the desk's lists", async || clerk.get("/api/health").await["lists"] == json!("current")).await;
        (desk, clerk)
    }

    /// Moves every process's clock.
    fn shift(&self, seconds: i64) {
        std::fs::write(self.folder.dir().join("public/clock"), seconds.to_string()).unwrap();
    }

    /// The numbers of the guests of whom the register was told, in order; a number stands there as often as it was taken.
    fn told(&self) -> Vec<String> {
        let arrivals = self.register.taken().into_iter().filter(|taken| taken.kind == "in");
        let mut numbers: Vec<_> = arrivals
            .map(|taken| taken.body["guest"]["document_number"].as_str().unwrap().to_owned())
            .collect();
        numbers.sort();
        numbers
    }
}

/// A guest on the way into the book.
struct Guest {
    wallet: GuestWallet,
    party: String,
    /// The id of the request, and the answer to it.
    answered: Option<(String, Vec<u8>)>,
}

impl Guest {
    fn new(guests: &mut Guests, n: usize) -> Self {
        Self { wallet: guests.next_wallet().unwrap(), party: format!("{n:032x}"), answered: None }
    }

    /// Goes as far as the desk does; `None` where it stopped in between. Whoever tries again repeats what was not acknowledged.
    async fn check_in(&mut self, house: &House, desk: &Process, clerk: &Clerk) -> Option<String> {
        if self.answered.is_none() {
            let (_, asked) = clerk.try_send("POST", "/api/requests", &json!({})).await?;
            let request = request_of(asked["text"].as_str()?);
            self.answered = Some((
                asked["id"].as_str()?.to_owned(),
                self.wallet.answer(&request, &request.asked(), SystemClock.now()).unwrap(),
            ));
        }
        let (id, answer) = self.answered.as_ref()?;
        let sent = house.client.post(format!("{}/v1/answers", desk.listens[0])).body(answer.clone());
        let taken = sent.header("content-type", "application/cbor").send().await.ok()?;
        assert!(
            taken.status().is_success(),
            "{}: {}",
            taken.status(),
            taken.text().await.unwrap_or_default()
        );
        taken.bytes().await.ok()?;
        let line = json!({"line": 1, "answer": id, "room": "1201"});
        let party = json!({"party": self.party, "planned": "2030-01-01", "lines": [line]});
        let (status, done) = clerk.try_send("POST", "/api/check-ins", &party).await?;
        assert_eq!(status, 200, "{done}");
        Some(done["lines"][0]["result"].as_str()?.to_owned())
    }
}

fn request_of(text: &str) -> VenueRequest {
    let mut scratch = Vec::new();
    let code = VenueCode::parse(VenueCodeKind::Request, text, &mut scratch).unwrap();
    UnverifiedRequest::parse(code.bytes()).unwrap().claimed().clone()
}

/// Numbers that look drawn and are the same in each run (splitmix64).
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % most
    }
}

/// Kills the desk again and again while guests check in; then each is there once, and was told once to register and system.
async fn survives_kills(mut house: House) {
    let (mut drawn, mut guests, mut waiting) = (Drawn(SEED), 0, Vec::<Guest>::new());
    let (mut words, mut broken_off) = (BTreeMap::<String, usize>::new(), 0);
    for _ in 0..KILLS {
        let (mut desk, clerk) = house.open().await;
        let moment = Duration::from_millis(drawn.below(400));
        let pid = desk.child.id().to_string();
        let killer = tokio::spawn(async move {
            tokio::time::sleep(moment).await;
            assert!(std::process::Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
        });
        loop {
            let mut guest = match waiting.pop() {
                Some(guest) => guest,
                None => {
                    guests += 1;
                    Guest::new(&mut house.guests, guests)
                }
            };
            match guest.check_in(&house, &desk, &clerk).await {
                Some(word) => *words.entry(word).or_default() += 1,
                None => {
                    waiting.push(guest);
                    broken_off += 1;
                    break;
                }
            }
        }
        killer.await.unwrap();
        desk.child.wait().unwrap();
    }
    assert_eq!(broken_off, KILLS);
    let (desk, clerk) = house.open().await;
    while let Some(mut guest) = waiting.pop() {
        *words.entry(guest.check_in(&house, &desk, &clerk).await.unwrap()).or_default() += 1;
    }
    let (new, already) = (words.get("new").copied(), words.get("already").copied().unwrap_or(0));
    assert_eq!(new.unwrap_or(0) + already, guests, "nobody is refused, nobody lost: {words:?}");
    assert_eq!(clerk.get("/api/stays").await["stays"].as_array().unwrap().len(), guests, "each once");
    until("both queues to be empty", async || {
        let health = clerk.get("/api/health").await;
        health["police"]["waiting"] == json!(0) && health["hotel_system"]["waiting"] == json!(0)
    })
    .await;
    let expected: Vec<_> = (FIRST_NUMBER..).take(guests).map(|n| format!("H{n:08}")).collect();
    assert_eq!(house.told(), expected, "the register was told of each once");
    assert_eq!(house.system.taken().len(), guests, "and the hotel's system");
    let health = clerk.get("/api/health").await;
    assert_eq!((&health["police"]["refused"], &health["hotel_system"]["refused"]), (&json!(0), &json!(0)));
    println!("{guests} guests, {KILLS} kills, {already} found registered already after one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_is_killed_at_any_moment_registers_each_guest_once_and_tells_of_each_once() {
    survives_kills(House::new().await.over_tls()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_over_postgresql_that_is_killed_at_any_moment_registers_each_guest_once() {
    let folder = tempfile::Builder::new().prefix("baypass-pg-").tempdir().unwrap().keep();
    let started = tokio::task::spawn_blocking(move || server::Cluster::start(&folder, false)).await.unwrap();
    let cluster = match started {
        Ok(cluster) => cluster,
        Err(why) => {
            let why = format!("no PostgreSQL ({why}); apt-get install postgresql");
            return test_support::skip("a_desk_over_postgresql_that_is_killed", &why);
        }
    };
    let mut server = sqlx::postgres::PgConnection::connect(&cluster.url("postgres")).await.unwrap();
    server.execute(sqlx::raw_sql("CREATE DATABASE desk".into_sql_str())).await.unwrap();
    server.close().await.unwrap();
    survives_kills(House::new().await.over_tls().with_database(cluster.url("desk"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_register_and_a_system_that_are_away_hold_up_no_guest_and_are_told_once_when_they_are_back() {
    let mut house = House::new().await;
    house.register.switch(|switches| switches.down = true);
    house.system.switch(|switches| switches.down = true);
    let (desk, clerk) = house.open().await;
    for n in 1..=5 {
        let word = Guest::new(&mut house.guests, n).check_in(&house, &desk, &clerk).await;
        assert_eq!(word.as_deref(), Some("new"));
    }
    let waiting = async |queue: &str| clerk.get("/api/health").await[queue]["waiting"].clone();
    assert_eq!((waiting("police").await, waiting("hotel_system").await), (json!(5), json!(5)));
    until("a try of each", async || house.register.requests() > 0 && house.system.requests() > 0).await;
    // One is back, and its first answers are lost on the way; the other one is away still.
    house.register.switch(|switches| (switches.down, switches.lose_answers) = (false, 2));
    house.shift(60);
    until("the register", async || {
        house.shift(60 + i64::try_from(house.register.requests()).unwrap() * 15);
        waiting("police").await == json!(0)
    })
    .await;
    assert_eq!(
        (house.told().len(), waiting("hotel_system").await),
        (5, json!(5)),
        "one holds up the other in nothing"
    );
    house.system.switch(|switches| switches.down = false);
    house.shift(700);
    until("the hotel's system", async || waiting("hotel_system").await == json!(0)).await;
    assert_eq!(house.system.taken().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_register_that_never_answers_holds_up_neither_guests_nor_the_hotels_system() {
    let mut house = House::new().await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let file = house.folder.dir().join("venues").join(ZHUHAI).join("venue.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let (before, after) = text.split_once("[police]\naddress = \"").unwrap();
    let (_, after) = after.split_once('"').unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    std::fs::write(&file, format!("{before}[police]\naddress = \"{address}\"{after}")).unwrap();
    let (desk, clerk) = house.open().await;
    for n in 1..=2 {
        let word = Guest::new(&mut house.guests, n).check_in(&house, &desk, &clerk).await;
        assert_eq!(word.as_deref(), Some("new"));
    }
    // It takes the connection, and says nothing.
    let _asked = silent.accept().await.unwrap();
    until("the hotel's system", async || house.system.taken().len() == 2).await;
    assert_eq!(clerk.get("/api/health").await["police"]["waiting"], json!(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_in_a_sentence_and_the_same_check_in_counts_once_there_is_room() {
    let Some(disk) = SmallDisk::mount("a full disk under a desk that runs", 3) else { return };
    let house =
        House::new().await.with_database(format!("sqlite://{}", disk.path().join("book.db").display()));
    let (_desk, clerk) = house.open().await;
    let fields =
        json!({"name": "SPECIMEN, CARD", "document_kind": "cn-id", "document_number": "11010519491231002X"});
    let party = |n: usize| {
        let line = json!({"line": 1, "fields": fields, "room": "808"});
        json!({"party": format!("{n:032x}"), "planned": "2030-01-01", "lines": [line]})
    };
    disk.fill().unwrap();
    let mut stand = 0;
    let refused = loop {
        let (status, said) = clerk.send("POST", "/api/check-ins", &party(stand)).await;
        if status != 200 {
            break (status, said);
        }
        stand += 1;
    };
    assert_eq!((refused.0, &refused.1["code"]), (503, &json!("store")), "{refused:?}");
    let sentence = refused.1["detail"].as_str().unwrap();
    assert!(sentence.contains("nothing was written") && sentence.contains("disk space"), "{sentence}");
    disk.free().unwrap();
    let again = clerk.post("/api/check-ins", party(stand)).await;
    assert_eq!(again["lines"][0]["result"], json!("new"), "without a restart");
    let again = clerk.post("/api/check-ins", party(stand)).await;
    assert_eq!(again["lines"][0]["result"], json!("already"));
    assert_eq!(clerk.get("/api/stays").await["stays"].as_array().unwrap().len(), stand + 1);
    until("the register", async || house.told().len() == stand + 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_ran_ahead_is_named_and_holds_up_nothing_once_it_is_set() {
    let mut house = House::new().await;
    let (desk, _clerk) = house.open().await;
    house.register.switch(|switches| switches.down = true);
    house.shift(3 * 86_400);
    // Who signed in before is signed out by such a clock; who signs in under it stays so.
    let clerk = Clerk::sign_in(&house.folder, ZHUHAI, &desk).await;
    let fields =
        json!({"name": "SPECIMEN, CARD", "document_kind": "cn-id", "document_number": "11010519491231002X"});
    let line = json!({"line": 1, "fields": fields, "room": "808"});
    let party = json!({"party": "0a".repeat(16), "planned": "2030-01-01", "lines": [line]});
    let done = clerk.post("/api/check-ins", party).await;
    assert_eq!(done["lines"][0]["result"], json!("new"), "{done}");
    until("a try", async || house.register.requests() > 0).await;
    house.shift(0);
    let health = clerk.get("/api/health").await;
    assert_eq!(
        (&health["status"], &health["police"]["from_the_future"]),
        (&json!("look"), &json!(1)),
        "{health}"
    );
    house.register.switch(|switches| switches.down = false);
    until("the register", async || !house.told().is_empty()).await;
    standing(&desk).await;
    let word = Guest::new(&mut house.guests, 1).check_in(&house, &desk, &clerk).await;
    assert_eq!(word.as_deref(), Some("new"), "passes are taken again");
    until("both", async || house.told().len() == 2).await;
}
