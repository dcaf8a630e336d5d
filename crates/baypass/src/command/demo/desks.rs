//! Desks: a building, three hotels and a library of the demo, each a process of its own, and what travellers do there.
//!
//! Lives here: starting them, the clerk at a counter, the wallet that answers, the scenes of the tour. Not here: what a desk may ask
//! (`trust`), what it keeps (`venue`), crossings (`tour`).

use std::collections::BTreeSet;
use std::path::Path;

use code::{VenueCode, VenueCodeKind};
use credential::venue::{ClaimName, VenueReceipt};
use reqwest::header::COOKIE;
use serde_json::{Value, json};
use trust::DeskRequest;
use venue::store::{DatabaseAddress, Keys, Store, Stored};

use super::bay::{Answered, Bay};
use super::cast::Who;
use super::library::{self, LIBRARY};
use super::tour::Tour;
use crate::command::desk;
use crate::command::wallet::sending::{Reply, send};
use crate::failure::{Failure, of};
use crate::install::parties::trusted;
use crate::install::signing::desk_keys;
use crate::install::{approvals, venues, write_whole};

/// The hotel on the mainland, the building, the hotel in Macao, the one in Hong Kong, and the library.
pub const VENUES: [&str; 5] = [HOTEL, TOWER, MACAO, "specimen-hotel-hong-kong", LIBRARY];
const HOTEL: &str = "specimen-hotel-zhuhai";
const TOWER: &str = "specimen-tower-shenzhen";
const MACAO: &str = "specimen-hotel-macao";
/// Guests of whom the police's register hears: two in Zhuhai, and of the family in Macao those over 16.
const TOLD: usize = 4;
/// A value of a book that two desks have in common tells something from so many bytes on: shorter ones are numbers and states.
const TELLING_BYTES: usize = 12;

/// A desk that runs.
pub struct RunningDesk {
    /// Where wallets send answers.
    pub wallets: String,
    /// Where clerks find the counter's page.
    pub counter: String,
}

impl Bay {
    /// Starts the desk of every venue, and the stand-in of a police's register for those that tell one.
    pub async fn start_desks(&mut self, models: &Path) -> Result<(), Failure> {
        self.start_register().await?;
        self.start_library().await?;
        let origin = format!("http://{}", self.wallet);
        let mut starting = Vec::new();
        for (index, venue) in VENUES.into_iter().enumerate() {
            let (wallets, counter) = (self.place_at(index + 61), self.place_at(index + 71));
            let arguments =
                ["desk", "serve", "--venue", venue, "--listen-counter", &counter, "--origin", &origin];
            let arguments = arguments.map(str::to_owned);
            starting.push((venue, self.spawn(models, venue, &arguments, &wallets)?));
        }
        for (venue, lines) in starting {
            let [wallets, counter] = self.listening(lines, venue).await?;
            self.desks.insert(venue.to_owned(), RunningDesk { wallets, counter });
        }
        for desk in self.desks.values() {
            let request = format!("{}/v1/request", desk.wallets);
            self.until("the desks' lists", async || Ok(self.get(&request).await?.status == 200)).await?;
        }
        Ok(())
    }

    async fn start_register(&self) -> Result<(), Failure> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.map_err(of)?;
        let address = listener.local_addr().map_err(of)?;
        let router = self.register.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        for venue in [HOTEL, MACAO] {
            let file = self.installation.venue(&venue.parse().map_err(of)?).join("venue.toml");
            let told = std::fs::read_to_string(&file).map_err(of)?;
            let told = format!("{told}\n[police]\naddress = \"http://{address}\"\n");
            write_whole(&file, told.as_bytes())?;
        }
        Ok(())
    }

    fn desk(&self, venue: &str) -> Result<&RunningDesk, Failure> {
        self.desks.get(venue).ok_or_else(|| Failure::new(format!("there is no desk of {venue}")))
    }
}

/// A clerk who is signed in at a counter.
pub struct Clerk<'b> {
    bay: &'b Bay,
    counter: &'b str,
    cookie: String,
}

impl<'b> Clerk<'b> {
    /// Signs a clerk in at the counter of a venue.
    pub async fn at(bay: &'b Bay, venue: &str) -> Result<Self, Failure> {
        let counter = bay.desk(venue)?.counter.as_str();
        let folder = bay.installation.venue(&venue.parse().map_err(of)?);
        let secret = std::fs::read_to_string(folder.join("counter.secret")).map_err(of)?;
        let signed = desk::sign_in(&bay.client, counter, ("reception", &secret)).await;
        let signed = signed.map_err(|error| of(error.without_url()))?;
        let cookie =
            signed.map_err(|status| Failure::new(format!("{venue} lets no clerk in (status {status})")))?;
        Ok(Self { bay, counter, cookie })
    }

    async fn posts(&self, path: &str, body: &Value) -> Result<Answered, Failure> {
        let request = self.bay.client.post(format!("{}{path}", self.counter));
        self.bay.sent(request.header(COOKIE, &self.cookie).json(body)).await
    }

    /// Ends what stands at this path.
    pub async fn ends(&self, path: &str) -> Result<(), Failure> {
        let request = self.bay.client.delete(format!("{}{path}", self.counter));
        let answer = self.bay.sent(request.header(COOKIE, &self.cookie)).await?;
        if answer.status == 204 {
            return Ok(());
        }
        Err(Failure::new(format!("{path} of a desk answers {} ({})", answer.status, answer.code())))
    }

    /// The body of what went well.
    pub async fn done(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let answer = self.posts(path, body).await?;
        if (200..300).contains(&answer.status) {
            return Ok(answer.body);
        }
        let detail = answer.body.get("detail").and_then(Value::as_str).unwrap_or_default();
        let (status, code) = (answer.status, answer.code());
        Err(Failure::new(format!("{path} of a desk answers {status} ({code}): {detail}")))
    }

    /// A fresh request: its id, and the text of its code.
    async fn asks(&self) -> Result<(String, String), Failure> {
        let made = self.done("/api/requests", &json!({})).await?;
        let text = |field: &str| made.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok((text("id"), text("text")))
    }

    /// Checks a party in; gives the lines that were not registered.
    async fn checks_in(&self, lines: Vec<Value>) -> Result<Vec<Value>, Failure> {
        let planned = self.bay.now().local_date().plus_days(2);
        let party = json!({"party": fresh_id()?, "planned": planned, "lines": lines});
        let done = self.done("/api/check-ins", &party).await?;
        let lines = done.get("lines").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(lines.into_iter().filter(|line| line.get("result") != Some(&json!("new"))).collect())
    }

    /// Registers a visitor, has the host say yes, and lets them in; gives the number of the badge.
    async fn lets_in(&self, who: Value) -> Result<Option<String>, Failure> {
        let (now, visit) = (self.bay.now(), fresh_id()?);
        let plan = json!({
            "host": "Specimen Trading, 12/F", "purpose": "meeting", "zones": ["12/F"],
            "from": now, "ends": now.plus_seconds(2 * 3600),
        });
        self.done("/api/visits", &json!({"visit": visit, "plan": plan, "who": who})).await?;
        let expected = self.done(&format!("/api/visits/{visit}/host"), &json!({"expected": true})).await?;
        let inside = self.done(&format!("/api/visits/{visit}/enter"), &json!({"zone": "12/F"})).await?;
        if inside.get("state") != Some(&json!("inside")) {
            return Ok(None);
        }
        Ok(expected.get("badge").and_then(Value::as_str).map(str::to_owned))
    }
}

/// An id of 16 random bytes, as pages draw them.
pub fn fresh_id() -> Result<String, Failure> {
    let mut drawn = [0; 16];
    credential::random(&mut drawn).map_err(of)?;
    Ok(hex::encode(drawn))
}

/// What came of a request.
enum Told {
    /// The desk has the answer: what it keeps, and until when.
    Receipt(VenueReceipt),
    /// The wallet or the desk refused, with its code.
    Refused(String),
}

/// The traveller agrees to everything that a request asks, and their wallet makes an answer; or the code of the wallet's refusal.
async fn answer_to(
    tour: &mut Tour<'_>,
    who: Who,
    text: &str,
) -> Result<Result<(DeskRequest, Vec<u8>), String>, Failure> {
    let now = tour.bay.now();
    let (trust, approvals) = trusted(&tour.bay.installation, now)?;
    let mut scratch = Vec::new();
    let code = VenueCode::parse(VenueCodeKind::Request, text, &mut scratch).map_err(of)?;
    let desk = match DeskRequest::check(code.bytes(), &trust, &approvals, now) {
        Ok(desk) => desk,
        Err(refusal) => return Ok(Err(refusal.code().to_owned())),
    };
    let agreed = desk.request().asked();
    let Tour { bay, people, .. } = tour;
    let person = people.get_mut(&who).ok_or_else(|| Failure::new("somebody of the cast is missing"))?;
    let sources = person.wallet.sources_for(&desk, &agreed, None).map_err(of)?;
    let stocked = person.wallet.stock(&**bay, &sources, &desk.request().required, (&trust, now)).await;
    let answer = person.wallet.answer(&desk, &agreed, &stocked?.0, &trust, now).map_err(of)?;
    Ok(Ok((desk, answer)))
}

/// The same, sent to the desk's address.
async fn answers(tour: &mut Tour<'_>, who: Who, text: &str) -> Result<Told, Failure> {
    let (desk, answer) = match answer_to(tour, who, text).await? {
        Ok(made) => made,
        Err(code) => return Ok(Told::Refused(code)),
    };
    let reply = desk.request().reply.as_deref();
    let reply = reply.ok_or_else(|| Failure::new("a desk of the demo names no address for answers"))?;
    match send(&tour.bay.client, reply, &answer).await? {
        Reply::Receipt(receipt) => {
            let wallet = &mut tour.person(who)?.wallet;
            Ok(Told::Receipt(wallet.keep_receipt(&desk, &answer, &receipt).map_err(of)?))
        }
        Reply::Refused { code, .. } => Ok(Told::Refused(code)),
    }
}

/// What happens at a desk between two crossings.
#[derive(Debug, Clone, Copy)]
pub enum Scene {
    /// Somebody checks in at the hotel on the mainland, by pass.
    Guest(Who),
    /// Somebody visits the building, by pass.
    Visitor(Who),
    /// Two adults by pass and two children by card check in at the hotel in Macao.
    Family(Who, Who),
    /// Somebody borrows at the library, by pass.
    Reader(Who),
    /// Somebody without a phone does all three by card.
    WithoutPhone,
}

/// Plays a scene; gives what came of it.
pub async fn play(tour: &mut Tour<'_>, scene: Scene) -> Result<Vec<Value>, Failure> {
    match scene {
        Scene::Guest(who) => guest(tour, who).await,
        Scene::Visitor(who) => visitor(tour, who).await,
        Scene::Family(first, second) => family(tour, [first, second]).await,
        Scene::Reader(who) => library::reader(tour, who).await,
        Scene::WithoutPhone => without_phone(tour).await,
    }
}

/// A request of a venue's counter, answered; the id of the request, and what the desk keeps.
pub async fn shown(tour: &mut Tour<'_>, venue: &str, who: Who) -> Result<(String, VenueReceipt), Failure> {
    let (id, text) = Clerk::at(tour.bay, venue).await?.asks().await?;
    match answers(tour, who, &text).await? {
        Told::Receipt(receipt) => Ok((id, receipt)),
        Told::Refused(code) => Err(Failure::new(format!("{venue}: an honest answer was refused ({code})"))),
    }
}

pub fn kept(receipt: &VenueReceipt) -> String {
    let names: Vec<_> = ClaimName::ALL
        .into_iter()
        .filter(|name| receipt.kept.contains(*name))
        .map(ClaimName::as_str)
        .collect();
    format!("{}; kept until {}", names.join(", "), receipt.until.local_date())
}

async fn guest(tour: &mut Tour<'_>, who: Who) -> Result<Vec<Value>, Failure> {
    let (id, receipt) = shown(tour, HOTEL, who).await?;
    let refused = Clerk::at(tour.bay, HOTEL)
        .await?
        .checks_in(vec![json!({"line": 1, "answer": id, "room": "1208"})])
        .await?;
    let words = format!("by pass, nothing typed: {}", kept(&receipt));
    Ok(vec![tour.registered((who.name(), HOTEL, "pass"), &refused, &words)?])
}

async fn visitor(tour: &mut Tour<'_>, who: Who) -> Result<Vec<Value>, Failure> {
    let (id, receipt) = shown(tour, TOWER, who).await?;
    let badge = Clerk::at(tour.bay, TOWER).await?.lets_in(json!({"answer": id})).await?;
    let (refused, badge) = badge_or(badge);
    let words = format!("by pass, badge {badge}: {}", kept(&receipt));
    Ok(vec![tour.registered((who.name(), TOWER, "pass"), &refused, &words)?])
}

fn badge_or(badge: Option<String>) -> (Vec<Value>, String) {
    match badge {
        Some(badge) => (Vec::new(), badge),
        None => (vec![json!("not inside")], "none".to_owned()),
    }
}

async fn family(tour: &mut Tour<'_>, adults: [Who; 2]) -> Result<Vec<Value>, Failure> {
    let mut lines = Vec::new();
    let stay_ends = tour.bay.now().local_date().plus_days(6);
    for (line, who) in (1..).zip(adults) {
        let (id, _) = shown(tour, MACAO, who).await?;
        lines.push(json!({
            "line": line, "answer": id, "room": "0816", "fields": {"limit_of_stay": stay_ends},
        }));
    }
    let birth = |years: i32| tour.bay.now().local_date().plus_days(-365 * years - 100);
    for (line, name, years) in [(3, "SPECIMEN WANG XIAO MEI", 9), (4, "SPECIMEN WANG XIAO BAO", 4)] {
        lines.push(json!({
            "line": line, "room": "0816", "fields": {"name": name, "birth_date": birth(years)},
        }));
    }
    let refused = Clerk::at(tour.bay, MACAO).await?.checks_in(lines).await?;
    let who = format!("{}, 3 more", adults[0].name());
    let words = "a family of four: both adults by pass, the limit of stay typed; two children by card";
    Ok(vec![tour.registered((&who, MACAO, "pass and card"), &refused, words)?])
}

/// A Home Return Permit of nobody (TD1, ICAO 9303-5).
const ZONE: &str =
    "CRCHNH456789011<<<<<<<<<<<<<<<\n4905066F3012316CHN<<<<<<<<<<<2\nSPECIMEN<<OU<SIU<LAN<<<<<<<<<<";
const NO_PHONE: &str = "SPECIMEN OU SIU LAN";

async fn without_phone(tour: &mut Tour<'_>) -> Result<Vec<Value>, Failure> {
    let line = json!({"line": 1, "mrz": ZONE, "room": "0302"});
    let refused = Clerk::at(tour.bay, HOTEL).await?.checks_in(vec![line]).await?;
    let words = "no phone: by card, its machine-readable zone read";
    let mut told = vec![tour.registered((NO_PHONE, HOTEL, "card"), &refused, words)?];
    let badge = Clerk::at(tour.bay, TOWER).await?.lets_in(json!({"mrz": ZONE})).await?;
    let (refused, badge) = badge_or(badge);
    let words = format!("no phone: by card, badge {badge}; the number is not kept");
    told.push(tour.registered((NO_PHONE, TOWER, "card"), &refused, &words)?);
    told.push(library::by_card(tour, NO_PHONE).await?);
    Ok(told)
}

/// What cheats try at desks, and what a desk may not do.
pub async fn cheats(tour: &mut Tour<'_>, told: &mut Vec<Value>) -> Result<(), Failure> {
    let more = asks_more(tour)?;
    refused(tour, told, ("a desk that asks for more than its approval allows", "claim_not_approved"), &more)
        .await?;
    seen_answer(tour, told).await?;
    suspended(tour, told).await
}

/// A request of the building's own key for a claim that its approval does not name.
fn asks_more(tour: &Tour<'_>) -> Result<String, Failure> {
    let (of_what, now) = (&tour.bay.installation, tour.bay.now());
    let place = venues::desk(of_what, &TOWER.parse().map_err(of)?)?;
    let mut setup = desk::setup(&place)?;
    setup.optional = setup.optional.iter().chain([ClaimName::DocumentNumber]).collect();
    let (trust, _) = trusted(of_what, now)?;
    let keys = desk_keys(of_what, &place, &trust, now)?;
    let mut nonce = [0; 16];
    credential::random(&mut nonce).map_err(of)?;
    let reply = format!("{}/v1/answers", tour.bay.desk(TOWER)?.wallets);
    let signed =
        setup.for_one(nonce, Some(&reply), now).sign(&keys.used().kid, &keys.used().key).map_err(of)?;
    VenueCode::new(VenueCodeKind::Request, &signed).to_text().map_err(of)
}

/// Somebody has seen another's answer: they bring it to another desk, and change the name in it.
async fn seen_answer(tour: &mut Tour<'_>, told: &mut Vec<Value>) -> Result<(), Failure> {
    let (_, text) = Clerk::at(tour.bay, TOWER).await?.asks().await?;
    let (desk, seen) = answer_to(tour, Who::LiNa, &text)
        .await?
        .map_err(|code| Failure::new(format!("an honest request was refused ({code})")))?;
    let elsewhere = format!("{}/v1/answers", tour.bay.desk(HOTEL)?.wallets);
    let code = refusal(send(&tour.bay.client, &elsewhere, &seen).await?);
    judge(tour, told, ("an answer to one desk, brought to another", "request_unknown"), code)?;
    let reply = desk.request().reply.clone().unwrap_or_default();
    let changed = with_other_name(&seen, Who::LiNa.name())?;
    let code = refusal(send(&tour.bay.client, &reply, &changed).await?);
    judge(
        tour,
        told,
        ("another name in an answer that was seen", "presentation_disclosure_without_hash"),
        code,
    )?;
    match refusal(send(&tour.bay.client, &reply, &seen).await?) {
        None => Ok(()),
        Some(code) => Err(Failure::new(format!("an honest answer was refused after that ({code})"))),
    }
}

/// The code by which a desk refused an answer; `None` where it took it.
fn refusal(reply: Reply) -> Option<String> {
    match reply {
        Reply::Receipt(_) => None,
        Reply::Refused { code, .. } => Some(code),
    }
}

/// The same bytes with one other letter in the name.
fn with_other_name(answer: &[u8], name: &str) -> Result<Vec<u8>, Failure> {
    let at = answer.windows(name.len()).position(|window| window == name.as_bytes());
    let mut bytes = answer.to_vec();
    let last = at.and_then(|at| bytes.get_mut(at + name.len() - 1));
    *last.ok_or_else(|| Failure::new("the answer names nobody"))? ^= 2;
    Ok(bytes)
}

/// The supervisors suspend a hotel's approval in the middle of a check-in: wallet and desk refuse, each by itself.
async fn suspended(tour: &mut Tour<'_>, told: &mut Vec<Value>) -> Result<(), Failure> {
    let (_, open) = Clerk::at(tour.bay, HOTEL).await?.asks().await?;
    let id = "SPECIMEN-HOTEL-ZHUHAI";
    let file = approvals::read(&tour.bay.installation, id, tour.bay.now())?;
    approvals::withdraw(&tour.bay.installation, id, tour.bay.now())?;
    let attack = "the approval of a hotel was suspended: the wallet says no";
    refused(tour, told, (attack, "approval_withdrawn"), &open).await?;
    let answer = {
        let clerk = Clerk::at(tour.bay, HOTEL).await?;
        let asked = async || clerk.posts("/api/requests", &json!({})).await;
        tour.bay.until("the hotel to hear of it", async || Ok(asked().await?.status == 403)).await?;
        asked().await?
    };
    let code = (answer.status >= 400).then(|| answer.code().to_owned());
    judge(
        tour,
        told,
        ("the approval of a hotel was suspended: its desk asks no more", "approval_withdrawn"),
        code,
    )?;
    approvals::add(&tour.bay.installation, &file, tour.bay.now())
}

/// Writes down how a request that must not be answered ended.
async fn refused(
    tour: &mut Tour<'_>,
    told: &mut Vec<Value>,
    what: (&str, &str),
    text: &str,
) -> Result<(), Failure> {
    let code = match answers(tour, Who::LiNa, text).await? {
        Told::Refused(code) => Some(code),
        Told::Receipt(_) => None,
    };
    judge(tour, told, what, code)
}

fn judge(
    tour: &mut Tour<'_>,
    told: &mut Vec<Value>,
    (attack, expected): (&str, &str),
    code: Option<String>,
) -> Result<(), Failure> {
    let passed = code.is_none();
    told.push(tour.judge(attack, expected, &code.unwrap_or_default(), passed)?);
    Ok(())
}

/// Compares the books of two desks that served the same travellers, as whoever stole both would. What is in common stands in no
/// value that tells anything, and no name, number or date lies in plain.
pub async fn compare(tour: &mut Tour<'_>) -> Result<Value, Failure> {
    let mut books = Vec::new();
    for venue in [HOTEL, TOWER] {
        let folder = tour.bay.installation.venue(&venue.parse().map_err(of)?);
        let keys = Keys::open_or_make(&folder.join("book.keys")).map_err(of)?;
        let store = Store::open(&DatabaseAddress::sqlite(&folder.join("book.db")), keys).await.map_err(of)?;
        books.push(store.survey().await.map_err(of)?);
    }
    let chan = Who::Chan;
    let canaries = [chan.name(), chan.numbers().1, NO_PHONE, "H45678901", "1990-05-06", "1949-05-06"];
    let in_plain = |value: &&Stored| canaries.iter().any(|canary| contains(&value.bytes, canary));
    let plain = books.iter().flatten().filter(in_plain).count();
    let telling = |book: &[Stored]| -> BTreeSet<Vec<u8>> {
        let long = book.iter().filter(|value| value.bytes.len() >= TELLING_BYTES);
        long.map(|value| value.bytes.clone()).collect()
    };
    let bay = &*tour.bay;
    bay.until(
        "the police's register to hear of every guest",
        async || Ok(bay.register.taken().len() >= TOLD),
    )
    .await?;
    let told = bay.register.taken().len();
    let [hotel, tower] = [0, 1].map(|index| books.get(index).map(|book| telling(book)).unwrap_or_default());
    let common = hotel.intersection(&tower).count();
    tour.compared((hotel.len(), tower.len()), (common, plain), (told, TOLD))
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
