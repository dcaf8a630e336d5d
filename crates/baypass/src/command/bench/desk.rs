//! `baypass bench desk`: a presentation verified beside its raw signature verifications in one run, a desk's answer to one scan, and
//! a group of 40 from the counter to register and hotel's system.
//!
//! Lives here: a hotel's desk in memory of this process, its HTTP on the loopback, the measurements. Not here: what is measured
//! (`credential::venue`, `venue`). Only the ratio has a bar; times are those of this machine.

mod guests;

use std::hint::black_box;
use std::sync::Arc;

use clap::Args;
use code::{VenueCode, VenueCodeKind};
use credential::status::{SignedStatusList, Status, StatusList};
use credential::venue::{ClaimName, ClaimSet, UnverifiedAnswer, UnverifiedRequest, VenueRequest};
use credential::{PublicKey, SigningKey, VerifyingKey};
use documents::{AuthorityCode, Scenario, Timestamp, VenueId};
use gate::{Lists, Stopwatch, SystemStopwatch};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use trust::{
    Approval, Binding, DeskBinding, Face, KeyEntry, Role, Root, Terms, TrustList, TrustStore, VenueKind,
};
use venue::Hotel;
use venue::desk::{Book, Desk, DeskKeys, DeskSetup};
use venue::door::Doors;
use venue::hotel_system::stand_in::HotelSystem;
use venue::hotel_system::{HandOver, HotelCodes, HotelSystemClient};
use venue::http::{CounterSecret, HttpState, ListsNow, routers};
use venue::police::stand_in::Register;
use venue::police::{Courier, RegisterClient};
use venue::profile::Profiles;
use venue::store::{DatabaseAddress, Keys, Store};

use super::{Setup, Signed, rounded};
use crate::Ended;
use crate::command::Output;
use crate::command::desk::{DeskLists, sign_in};
use crate::failure::{self, Failure};
use crate::serve::device_client;
use crate::zones;
use guests::Guests;

/// A presentation may take so much longer than the two verifications that it cannot do without.
const RATIO_BAR: f64 = 1.3;
/// Calls that warm caches and clock rate and are not counted.
const WARM_UP: usize = 200;
const ROUNDS: usize = 3_000;
const SCANS: usize = 200;
const GROUP: usize = 40;
const STATUS_ENTRIES: u32 = 10_000_000;
const VENUE: &str = "bench-hotel";
const KID: u8 = 1;
const DAY: i64 = 86_400;

#[derive(Serialize)]
struct DeskReport {
    verification: VerificationFigure,
    scan: ScanFigure,
    group: GroupFigure,
    holds: bool,
}

#[derive(Serialize)]
struct VerificationFigure {
    claims: usize,
    answer_bytes: usize,
    raw_us: f64,
    verify_us: f64,
    ratio: f64,
    bar: f64,
    holds: bool,
    rounds: usize,
    status_entries: u32,
}

/// From the scanner's text to the answer of the counter's API, the answer durable in SQLite.
#[derive(Serialize)]
struct ScanFigure {
    scans: usize,
    p50_ms: f64,
    p95_ms: f64,
}

/// Program time: nobody waits for a clerk or a network.
#[derive(Serialize)]
struct GroupFigure {
    guests: usize,
    check_in_ms: f64,
    register_ms: f64,
    hotel_system_ms: f64,
    total_ms: f64,
}

/// What `bench desk` takes.
#[derive(Args)]
pub struct DeskArgs {
    #[command(flatten)]
    output: Output,
}

/// Runs `bench desk`.
pub async fn run(args: &DeskArgs) -> Result<Ended, Failure> {
    let report = report().await.map_err(|error| Failure::of(&*error))?;
    if args.output.json {
        failure::print_json(&report)?;
    } else {
        failure::print(&report.page())?;
    }
    Ok(if report.holds { Ended::Done } else { Ended::BarMissed })
}

async fn report() -> Setup<DeskReport> {
    let folder = std::env::temp_dir().join(format!("baypass-bench-desk-{}", std::process::id()));
    files::make_private_folder(&folder)?;
    let measured = measured(&folder).await;
    std::fs::remove_dir_all(&folder)?;
    measured
}

async fn measured(folder: &std::path::Path) -> Setup<DeskReport> {
    let mut house = House::new()?;
    let verification = house.verification()?;
    let (desk, hotel) = house.desk(folder).await?;
    let counter = Counter::open(desk, Arc::clone(&house.lists), house.now).await?;
    let scan = house.scans(&counter).await?;
    let group = house.group(&counter, &hotel).await?;
    let holds = verification.holds;
    Ok(DeskReport { verification, scan, group, holds })
}

/// A hotel on the mainland at a fixed time, and its guests.
struct House {
    now: Timestamp,
    lists: Arc<Lists>,
    issuer: [u8; 33],
    desk_key: Option<SigningKey>,
    guests: Guests,
}

fn set(claims: &[ClaimName]) -> ClaimSet {
    claims.iter().copied().collect()
}

fn setup(venue: &VenueId) -> DeskSetup {
    use ClaimName::{BirthDate, DocumentKind, DocumentNumber, Name, Nationality};
    DeskSetup {
        authority: AuthorityCode::Chn,
        venue: venue.clone(),
        name: "Specimen Hotel".to_owned(),
        name_zh: String::new(),
        kind: VenueKind::Hotel,
        scenario: Scenario::HotelCheckIn,
        approval: "BENCH-HOTEL".to_owned(),
        purpose: "guest-register".to_owned(),
        // What is required fits the code that a camera reads.
        required: set(&[Name, DocumentKind, DocumentNumber]),
        optional: set(&[BirthDate, Nationality]),
        retention_days: 30,
        face: false,
    }
}

fn approval(venue: &VenueId, now: Timestamp) -> Approval {
    let each = |text: &str| vec![(AuthorityCode::Chn, text.to_owned())];
    let claims = ["name", "birth_date", "nationality", "document_kind", "document_number"];
    Approval {
        id: "BENCH-HOTEL".to_owned(),
        number: 1,
        withdrawn: false,
        scenario: Scenario::HotelCheckIn,
        jurisdictions: vec![AuthorityCode::Chn],
        ports: vec![],
        from: now.local_date(),
        to: now.local_date().plus_days(30),
        hours: (0, 24 * 60),
        claims: claims.map(str::to_owned).to_vec(),
        retention_days: 30,
        assessment: "bench".to_owned(),
        filings: each("bench"),
        probe_grounds: each("bench"),
        terms: Some(Terms {
            venues: vec![venue.clone()],
            purposes: vec!["guest-register".to_owned()],
            face: Face::NotCompared,
        }),
    }
}

impl House {
    fn new() -> Setup<Self> {
        let now: Timestamp = "2026-03-02T10:00:00+08:00".parse()?;
        let venue: VenueId = VENUE.parse()?;
        let [root, issuer, status, approving, desk] = [
            SigningKey::generate()?,
            SigningKey::generate()?,
            SigningKey::generate()?,
            SigningKey::generate()?,
            SigningKey::generate()?,
        ];
        let signers = Root::of(1, [("l1", *root.public())])?;
        let entry = |role, kid: &[u8], key: &SigningKey, binding| KeyEntry {
            role,
            kid: kid.to_vec(),
            key: key.public().as_bytes().to_vec(),
            from: now.plus_seconds(-DAY),
            to: now.plus_seconds(30 * DAY),
            compromised: false,
            binding,
        };
        let bound = DeskBinding::new(venue.clone(), VenueKind::Hotel, [Scenario::HotelCheckIn]);
        let bound = Binding::Desk(bound.ok_or("a hotel has no such scenario")?);
        let list = TrustList {
            authority: AuthorityCode::Chn,
            number: 1,
            issued: now.plus_seconds(-3600),
            expires: now.plus_seconds(7 * DAY),
            root: signers.clone(),
            next: None,
            keys: vec![
                entry(Role::Venue, &[KID], &issuer, None),
                entry(Role::Status, b"s1", &status, None),
                entry(Role::Approval, b"a1", &approving, None),
                entry(Role::Desk, VENUE.as_bytes(), &desk, Some(bound)),
            ],
        };
        let mut lists = Lists::new(TrustStore::new(&[(AuthorityCode::Chn, signers)])?);
        lists.take_trust(&list.sign(b"l1", &root)?, now)?;
        let bundle =
            Approval::bundle(&[(AuthorityCode::Chn, approval(&venue, now).sign(b"a1", &approving)?)]);
        if let Some((_, error)) = lists.set_approvals([(AuthorityCode::Chn, bundle.as_slice())], now).pop() {
            return Err(error.into());
        }
        let point = *issuer.public().as_bytes();
        let guests = Guests::new(issuer, KID, now.local_date());
        let number = guests.status_list();
        let subject = authority::status_name(AuthorityCode::Chn, number);
        let (issued, expires) = (now.plus_seconds(-60), Some(now.plus_seconds(DAY)));
        let entries = StatusList::with_entries(STATUS_ENTRIES);
        let signed = SignedStatusList { subject: subject.clone(), issued, expires, ttl: None, list: entries };
        lists.take_status(AuthorityCode::Chn, number, &subject, &signed.sign(b"s1", &status)?, now)?;
        Ok(Self { now, lists: Arc::new(lists), issuer: point, desk_key: Some(desk), guests })
    }

    /// One presentation of all that is asked, again and again, in turn with two raw verifications over as many bytes by keys that
    /// are parsed on each call.
    fn verification(&mut self) -> Setup<VerificationFigure> {
        let now = self.now;
        let request = setup(&VENUE.parse()?).for_one([7; 16], None, now);
        let wallet = self.guests.next_wallet()?;
        let answer = wallet.answer(&request, &request.asked(), now)?;
        // The issuer signs less than half of an answer, the holder all of it.
        let signed = [
            Signed::new(&SigningKey::generate()?, answer.len() / 2)?,
            Signed::new(wallet.device(), answer.len())?,
        ];
        let issuer = VerifyingKey::new(PublicKey::from_bytes(&self.issuer)?)?;
        let lists = DeskLists::new(Arc::clone(&self.lists));
        let status = |authority, place| -> Option<Status> {
            venue::desk::Lists::status(&lists, authority, place, now).map(|(status, _)| status)
        };
        let (raw_us, verify_us) = super::beside(&signed, (WARM_UP, ROUNDS), || {
            let parsed = UnverifiedAnswer::parse(black_box(&answer))?;
            black_box(parsed.verify(&request, now, |_, _| Some(issuer.clone()), status)?);
            Ok(())
        })?;
        let ratio = verify_us / raw_us;
        Ok(VerificationFigure {
            claims: request.asked().iter().count(),
            answer_bytes: answer.len(),
            raw_us: rounded(raw_us),
            verify_us: rounded(verify_us),
            ratio: rounded(ratio),
            bar: RATIO_BAR,
            holds: ratio <= RATIO_BAR,
            rounds: ROUNDS,
            status_entries: STATUS_ENTRIES,
        })
    }

    async fn desk(&mut self, folder: &std::path::Path) -> Setup<(Desk, Hotel)> {
        let keys = Keys::open_or_make(&folder.join("book.keys"))?;
        let store = Store::open(&DatabaseAddress::sqlite(&folder.join("book.db")), keys).await?;
        let profile = Profiles::builtin()?.iter().find(|one| one.place() == AuthorityCode::Chn).cloned();
        let codes =
            HotelCodes { hotel: "H1".to_owned(), desk: "D1".to_owned(), production: false, room_type: None };
        let profile = profile.ok_or("no profile of hotels on the mainland")?;
        let hotel = Hotel::new(store, profile, Some(30)).with_hotel_system(codes);
        let key = self.desk_key.take().ok_or("the desk's key is used already")?;
        let keys = DeskKeys::one(VENUE.as_bytes().to_vec(), key);
        Ok((Desk::new(setup(&VENUE.parse()?), keys, Book::Hotel(Box::new(hotel.clone()))), hotel))
    }

    /// A request on the screen, and the next guest's answer to it as a scanner reads it.
    async fn shown(&mut self, counter: &Counter) -> Setup<(String, String)> {
        let asked = counter.post("/api/requests", &json!({})).await?;
        let text = asked.get("text").and_then(Value::as_str).ok_or("no request")?;
        let request = read(text)?;
        let answer = self.guests.next_wallet()?.answer(&request, &request.required, self.now)?;
        let id = asked.get("id").and_then(Value::as_str).ok_or("no id")?.to_owned();
        Ok((id, VenueCode::new(VenueCodeKind::Answer, &answer).to_text()?))
    }

    async fn scans(&mut self, counter: &Counter) -> Setup<ScanFigure> {
        let (watch, mut times) = (SystemStopwatch::start(), Vec::new());
        for _ in 0..SCANS {
            let (_, text) = self.shown(counter).await?;
            let start = watch.millis();
            counter.post("/api/answers", &json!({ "text": text })).await?;
            times.push(watch.millis() - start);
        }
        times.sort_by(f64::total_cmp);
        let at = |part: usize| times.get(SCANS * part / 100).copied().unwrap_or_default();
        Ok(ScanFigure { scans: SCANS, p50_ms: rounded(at(50)), p95_ms: rounded(at(95)) })
    }

    /// The answers are there when the clerk presses the key; from then on until both queues are empty.
    async fn group(&mut self, counter: &Counter, hotel: &Hotel) -> Setup<GroupFigure> {
        let mut lines = Vec::new();
        for n in 0..GROUP {
            let (id, text) = self.shown(counter).await?;
            counter.post("/api/answers", &json!({ "text": text })).await?;
            let fields = json!({"birth_date": "1990-05-17", "nationality": "CHN"});
            lines.push(json!({"line": n, "answer": id, "fields": fields, "room": (100 + n).to_string()}));
        }
        let planned = self.now.local_date().plus_days(3).to_string();
        let party = json!({"party": "0a".repeat(16), "planned": planned, "lines": lines});
        let (register, system) = (Register::new(), HotelSystem::new());
        let (police, ota) = (served(register.router()).await?, served(system.router()).await?);
        let courier =
            Courier::new(hotel.store().clone(), RegisterClient::new(device_client(None)?, &police, None));
        let to_system = HotelSystemClient::new(device_client(None)?, &format!("{ota}/ota"), None);
        let hand_over = HandOver::new(hotel.store().clone(), to_system);
        let watch = SystemStopwatch::start();
        counter.post("/api/check-ins", &party).await?;
        let checked_in = watch.millis();
        courier.round(self.now).await?;
        let told = watch.millis();
        hand_over.round(self.now).await?;
        let end = watch.millis();
        if register.taken().len() != GROUP || system.taken().len() != GROUP {
            return Err("not every guest was told of".into());
        }
        Ok(GroupFigure {
            guests: GROUP,
            check_in_ms: rounded(checked_in),
            register_ms: rounded(told - checked_in),
            hotel_system_ms: rounded(end - told),
            total_ms: rounded(end),
        })
    }
}

fn read(text: &str) -> Setup<VenueRequest> {
    let mut scratch = Vec::new();
    let code = VenueCode::parse(VenueCodeKind::Request, text, &mut scratch)?;
    Ok(UnverifiedRequest::parse(code.bytes())?.claimed().clone())
}

async fn served(router: axum::Router) -> Setup<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}", listener.local_addr()?);
    let bounds = transport::Bounds::of_process(Vec::new());
    tokio::spawn(transport::serve(
        listener,
        router,
        bounds,
        transport::Transport::Plain,
        std::future::pending(),
    ));
    Ok(base)
}

/// A clerk at the counter, over HTTP on the loopback.
struct Counter {
    client: reqwest::Client,
    base: String,
    cookie: String,
}

impl Counter {
    async fn open(desk: Desk, lists: Arc<Lists>, now: Timestamp) -> Setup<Self> {
        let (secret, text) = CounterSecret::draw()?;
        let lists: ListsNow =
            Arc::new(move || Arc::new(DeskLists::new(Arc::clone(&lists))) as Arc<dyn venue::desk::Lists>);
        let state = HttpState {
            desk,
            lists,
            now: Arc::new(move || now),
            reply: None,
            origins: Vec::new(),
            secret,
            doors: Doors::default(),
            zones: zones::of_desk(),
            secure: false,
        };
        let (client, base) = (device_client(None)?, served(routers(state).counter).await?);
        let cookie = sign_in(&client, &base, ("bench", &text)).await?.map_err(|_| "no session")?;
        Ok(Self { client, base, cookie })
    }

    async fn post(&self, path: &str, body: &Value) -> Setup<Value> {
        let asked =
            self.client.post(format!("{}{path}", self.base)).header(reqwest::header::COOKIE, &self.cookie);
        let answer = asked.json(body).send().await?;
        let (good, text) = (answer.status().is_success(), answer.text().await?);
        if good { Ok(serde_json::from_str(&text)?) } else { Err(format!("{path}: {text}").into()) }
    }
}

impl DeskReport {
    fn page(&self) -> String {
        let Self { verification, scan, group, .. } = self;
        format!(
            "a presentation of {} claims ({} bytes) verified, status list of {} entries: {:.1} us\ntwo raw P-256 verifications, \
             keys parsed on each call: {:.1} us\nratio of medians ({} calls each, in turn): {:.3}, bar {:.2}: {}\n\n\
             one scan at the counter over HTTP, durable: p50 {:.1} ms, p95 {:.1} ms ({} scans)\n\
             a group of {}: checked in {:.1} ms, told to the register {:.1} ms, to the hotel's system {:.1} ms, together {:.1} ms\n",
            verification.claims,
            verification.answer_bytes,
            verification.status_entries,
            verification.verify_us,
            verification.raw_us,
            verification.rounds,
            verification.ratio,
            verification.bar,
            if verification.holds { "holds" } else { "MISSED" },
            scan.p50_ms,
            scan.p95_ms,
            scan.scans,
            group.guests,
            group.check_in_ms,
            group.register_ms,
            group.hotel_system_ms,
            group.total_ms,
        )
    }
}
