//! The tour: crossings that must pass, then cheats that must fail, each told as it happens.

use std::collections::BTreeMap;
use std::path::Path;

use ::risk::state::{Crossed, Journeys};
use documents::AuthorityCode::{Chn, Hkg, Mac};
use documents::{AuthorityCode, Direction, LaneKind, Rules, Side, Timestamp};
use serde_json::{Value, json};

use super::bay::{Bay, code_picture};
use super::cards;
use super::cast::Who;
use super::cheats;
use super::desks::{self, Scene};
use super::faces::{self, Photographs};
use super::paper;
use super::port;
use crate::Ended;
use crate::command::lane::verdict_word;
use crate::failure::{self, Failure, of};
use crate::install::parties::Parties;
use crate::install::{Installation, LanePlace};
use crate::progress::Progress;
use crate::tone::{self, Tone};
use crate::wallet::{HeldToken, Wallet};

/// One of the cast with wallet and photographs.
pub struct Person {
    /// Who it is.
    pub who: Who,
    /// The wallet on their phone.
    pub wallet: Wallet,
    /// Portrait and live capture.
    pub photographs: Photographs,
    /// The token of the last passage.
    pub used: Option<HeldToken>,
    /// Where and when they crossed last.
    pub last: Option<Crossed>,
}

/// The cast by name.
pub type People = BTreeMap<Who, Person>;

/// Puts everybody into the registries, before any service starts.
pub async fn register(
    installation: &Installation,
    models: &Path,
    photos: Option<&Path>,
    start: Timestamp,
) -> Result<People, Failure> {
    let parties = Parties::open(installation, models, start).await?;
    let rules = Rules::builtin().map_err(of)?;
    let cast = faces::samples(models, &parties.faces.finder, parties.faces.config.quality())?;
    let mut given = match photos {
        Some(folder) => faces::own(folder, &parties.faces.finder)?,
        None => Vec::new(),
    };
    given.extend(cast.people);
    let mut given = given.into_iter();
    let mut people = People::new();
    let mut order = Who::ALL;
    if photos.is_some() {
        // The first photographs are the user's own face, most likely: they play the guest at wallet and kiosk.
        order.sort_by_key(|who| *who != Who::Leong);
    }
    let progress = Progress::start("residents registered", order.len());
    for who in order {
        let photographs = match who {
            Who::Ieong => cast.twice.clone(),
            Who::Sou => cast.unsure.clone(),
            Who::LiNa
            | Who::Chan
            | Who::Leong
            | Who::Wang
            | Who::Smith
            | Who::Zhao
            | Who::Sun
            | Who::Qian
            | Who::Ho
            | Who::Ma
            | Who::Lok
            | Who::Hu
            | Who::Ka => given.next().ok_or_else(faces::too_few)?,
        };
        let record = who.record(start.local_date());
        let wallet = crate::registration::register(
            installation,
            &parties,
            &rules,
            &record,
            who.name(),
            &photographs.portrait,
            start,
        )
        .await?;
        progress.step();
        people.insert(who, Person { who, wallet, photographs, used: None, last: None });
    }
    Ok(people)
}

/// One crossing that must pass.
struct Step {
    who: Who,
    port: &'static str,
    from: AuthorityCode,
    to: AuthorityCode,
    /// Whether an officer stands at the lane.
    officer: bool,
}

/// What happens next on the tour.
enum Next {
    Crossing(Step),
    Desk(Scene),
}

const fn step(who: Who, port: &'static str, from: AuthorityCode, to: AuthorityCode) -> Next {
    Next::Crossing(Step { who, port, from, to, officer: false })
}

const STEPS: &[Next] = &[
    // A whole trip out and back: one entry, counted once.
    step(Who::LiNa, "hengqin", Chn, Mac),
    step(Who::LiNa, "hengqin", Mac, Chn),
    // Hong Kong to the mainland: a hotel, an office building and a library with the Home Return Permit, and on to Macao.
    step(Who::Chan, "shenzhen-bay", Hkg, Chn),
    Next::Desk(Scene::Guest(Who::Chan)),
    Next::Desk(Scene::Visitor(Who::Chan)),
    Next::Desk(Scene::Reader(Who::Chan)),
    step(Who::Chan, "hengqin", Chn, Mac),
    step(Who::Chan, "hzmb-hkg-mac", Mac, Hkg),
    step(Who::Leong, "gongbei", Mac, Chn),
    Next::Desk(Scene::WithoutPhone),
    step(Who::Leong, "shenzhen-bay", Chn, Hkg),
    step(Who::Leong, "hzmb-hkg-mac", Hkg, Mac),
    // Mainland, Hong Kong, Macao, home: the entry for Macao is spent by a notice.
    step(Who::Wang, "shenzhen-bay", Chn, Hkg),
    step(Who::Wang, "hzmb-hkg-mac", Hkg, Mac),
    // A mainland family meets in Macao.
    step(Who::Zhao, "hengqin", Chn, Mac),
    Next::Desk(Scene::Family(Who::Wang, Who::Zhao)),
    step(Who::Zhao, "hengqin", Mac, Chn),
    step(Who::Wang, "gongbei", Mac, Chn),
    step(Who::Smith, "shenzhen-bay", Hkg, Chn),
    // A real second photograph.
    step(Who::Ieong, "hengqin", Mac, Chn),
    step(Who::Ieong, "hengqin", Chn, Mac),
    // Two photographs that are too close to call: an officer looks.
    Next::Crossing(Step { who: Who::Sou, port: "hengqin", from: Mac, to: Chn, officer: true }),
];

/// The tour's state.
pub struct Tour<'b> {
    /// Authorities and gates.
    pub bay: &'b mut Bay,
    /// Those who cross.
    pub people: People,
    json: bool,
    /// What did not end as it must.
    wrong: usize,
}

/// What came of one scan.
pub struct Scanned {
    /// The gate's report.
    pub report: Value,
    /// The exit's verdict and reason.
    pub exit: Value,
    /// The entry's verdict and reason.
    pub entry: Value,
}

impl Scanned {
    /// Whether the traveller went through.
    pub fn passed(&self) -> bool {
        self.report.get("passage").and_then(Value::as_str) == Some("passed")
    }

    /// Why not: an authority's own reason says more than the gate's "somebody said no".
    pub fn code(&self) -> String {
        let said = |side: &Value| {
            let refused =
                side.get("verdict").and_then(Value::as_str).is_some_and(|verdict| verdict != "admit");
            side.get("code").and_then(Value::as_str).filter(|_| refused).map(str::to_owned)
        };
        let gate = self.report.get("code").and_then(Value::as_str).map(str::to_owned);
        said(&self.exit).or_else(|| said(&self.entry)).or(gate).unwrap_or_default()
    }
}

/// The word at the beginning of a line, in its column.
fn marked(word: &str) -> String {
    tone::out(&format!("{word:<11}"), if word == "WRONG" { Tone::Bad } else { Tone::Good })
}

/// Nothing was judged on a side.
fn nothing() -> Value {
    json!({"verdict": null, "code": null})
}

/// The lane for a side, where there are two.
pub fn place(
    at: &str,
    from: AuthorityCode,
    to: AuthorityCode,
    side: Option<Side>,
    number: u8,
) -> Result<LanePlace, Failure> {
    let direction =
        Direction::new(from, to).ok_or_else(|| Failure::new("origin and destination are the same"))?;
    Ok(LanePlace { port: port(at)?, direction, side, kind: LaneKind::Code, number })
}

/// The sides of a crossing at one of the demo's ports.
pub fn sides(at: &str) -> &'static [Option<Side>] {
    if at == "hengqin" { &[None] } else { &[Some(Side::Exit), Some(Side::Entry)] }
}

/// Enrols everybody, crosses, cheats; gives how it ended.
pub async fn run(bay: &mut Bay, people: People, json_out: bool) -> Result<Ended, Failure> {
    let mut tour = Tour { bay, people, json: json_out, wrong: 0 };
    tour.say(
        "Enrolling: number, name, birth date, a one-time code from the office and a selfie, at each authority that issued a \
         card (cameras are simulated: a file is taken for a live capture) ...\n",
    )?;
    tour.enrol().await?;
    tour.say(
        "            one of them typed nothing at Hong Kong's office: a wallet of another system showed an identity that another \
         issuer signed\n\n",
    )?;
    let mut crossings = Vec::new();
    tour.say(HEAD)?;
    let mut registrations = Vec::new();
    for next in STEPS {
        match next {
            Next::Crossing(step) => crossings.push(tour.cross(step).await?),
            Next::Desk(scene) => registrations.extend(desks::play(&mut tour, *scene).await?),
        }
    }
    crossings.extend(cards::crossings(&mut tour, &crossings).await?);
    let (on_paper, sheet) = paper::crossings(&mut tour).await?;
    crossings.extend(on_paper);
    let books = desks::compare(&mut tour).await?;
    tour.say("\nCheats, each with the reason that it must get:\n")?;
    let attempts = cheats::all(&mut tour, &sheet).await?;
    let ledgers = tour.ledgers().await?;
    // Whoever keeps the data goes on with the wallets that crossed.
    for person in tour.people.values() {
        person.wallet.save(&tour.bay.installation)?;
    }
    let wrong = tour.wrong;
    if json_out {
        failure::print_json(&json!({
            "crossings": crossings, "registrations": registrations, "books": books, "attempts": attempts,
            "ledgers": ledgers, "simulated_camera": true, "processes": {"authorities": 3, "gates": 4, "desks": 4},
        }))?;
    } else {
        failure::print(&format!(
            "\nLedgers: {}\nEvery party is a process of its own. The cameras are simulated: where there was no second \
             photograph, the live capture is the portrait, photographed again by the program. Both authorities' reasons \
             stand here because one operator runs everything; at a lane nobody sees both.\n",
            Value::Object(ledgers)
        ))?;
    }
    if wrong == 0 {
        Ok(Ended::Done)
    } else {
        Err(Failure::new(format!("{wrong} things did not end as they must; they are marked WRONG above")))
    }
}

const HEAD: &str = "            traveller              way      port          exit    entry    read  check   face  clear  total (ms)\n";

impl Tour<'_> {
    /// Prints for a person.
    pub fn say(&self, text: &str) -> Result<(), Failure> {
        if self.json { Ok(()) } else { failure::print(text) }
    }

    /// Somebody of the cast.
    pub fn person(&mut self, who: Who) -> Result<&mut Person, Failure> {
        self.people.get_mut(&who).ok_or_else(|| Failure::new("somebody of the cast is missing"))
    }

    /// Somebody's live capture.
    pub fn live(&mut self, who: Who) -> Result<Vec<u8>, Failure> {
        Ok(self.person(who)?.photographs.live.clone())
    }

    async fn enrol(&mut self) -> Result<(), Failure> {
        let now = self.bay.now();
        let with_phone = self.people.values().filter(|person| person.who.has_phone()).count();
        let progress = Progress::start("wallets enrolled", with_phone);
        for person in self.people.values_mut().filter(|person| person.who.has_phone()) {
            let mut invitations = Vec::new();
            for (_, card) in person.wallet.vouchers() {
                // Whoever has an identity in a wallet of another system shows it, and types nothing.
                if self.bay.identities.as_ref().is_none_or(|other| other.number != card.number) {
                    invitations.push(self.bay.invite(&card, false).await?);
                }
            }
            // The photograph that enrols is the portrait itself where the other one is too close to call.
            let selfie =
                if person.who == Who::Sou { &person.photographs.portrait } else { &person.photographs.live };
            let selfie = selfie.clone();
            person
                .wallet
                .enrol(&*self.bay, &selfie, &invitations, now)
                .await
                .map_err(|failure| Failure::new(format!("{}: {failure}", person.who.name())))?;
            progress.step();
        }
        Ok(())
    }

    /// The next token of somebody's wallet; fetches a batch where none is left.
    pub async fn take_token(&mut self, who: Who) -> Result<HeldToken, Failure> {
        let now = self.bay.now();
        let Self { bay, people, .. } = self;
        let person = people.get_mut(&who).ok_or_else(|| Failure::new("somebody of the cast is missing"))?;
        if person.wallet.tokens_left(now) == 0 {
            person.wallet.fetch(&**bay, now).await?;
        }
        person.wallet.take(now)
    }

    /// Shows a code to a lane, with a face; everything that follows from it has arrived when this ends.
    pub async fn scan(
        &mut self,
        lane: &LanePlace,
        text: &str,
        face: &[u8],
        measures: &[&str],
    ) -> Result<Scanned, Failure> {
        self.scan_all(lane, text, &[face], measures).await
    }

    /// The same, with several pictures of one moment.
    pub async fn scan_all(
        &mut self,
        lane: &LanePlace,
        text: &str,
        faces: &[&[u8]],
        measures: &[&str],
    ) -> Result<Scanned, Failure> {
        self.show(lane, &code_picture::of(text)?, faces, measures).await
    }

    /// The same with whatever is shown there.
    pub async fn show(
        &mut self,
        lane: &LanePlace,
        sight: &code_picture::Sight,
        faces: &[&[u8]],
        measures: &[&str],
    ) -> Result<Scanned, Failure> {
        self.show_then(lane, (sight, &[]), faces, measures).await
    }

    /// The same, with codes that are shown where the traveller is asked to unlock their wallet again.
    pub async fn show_then(
        &mut self,
        lane: &LanePlace,
        (sight, again): (&code_picture::Sight, &[String]),
        faces: &[&[u8]],
        measures: &[&str],
    ) -> Result<Scanned, Failure> {
        let at = lane.port.as_str();
        let report = self.bay.scan((at, &lane.name()), sight, again, faces, measures).await?;
        // The end of the band in which a refusal is told: then everything falls due.
        self.bay.advance(60).await?;
        self.bay.settled(at).await?;
        let (mut exit, mut entry) = (nothing(), nothing());
        for judged in report.get("verdicts").and_then(Value::as_array).into_iter().flatten() {
            let text = |field: &str| judged.get(field).and_then(Value::as_str).unwrap_or_default();
            let authority: AuthorityCode = text("authority").parse().map_err(of)?;
            let kept =
                self.bay.officer(authority, &format!("/v1/verdicts/{}", text("reference"))).await?.body;
            let field = |name: &str| kept.get(name).and_then(Value::as_str).unwrap_or_default();
            let side = json!({
                "authority": authority, "verdict": verdict_word(field("outcome")), "code": field("code"), "detail": field("detail"),
            });
            if text("side") == "exit" { exit = side } else { entry = side }
        }
        Ok(Scanned { report, exit, entry })
    }

    /// Lets somebody travel to the port of their next crossing: who is there sooner than the way takes is asked for more.
    pub async fn travel(&mut self, who: Who, lane: &LanePlace) -> Result<(), Failure> {
        let rules = Rules::builtin().map_err(of)?;
        let at = self.bay.now();
        let next = Crossed { port: lane.port.clone(), direction: lane.direction, at };
        let journeys = Journeys::new(&rules, at.local_date());
        let Some(last) = self.person(who)?.last.clone() else { return Ok(()) };
        let minutes = journeys.least_minutes(&last, &next).map_or(0, i64::from);
        let wait = last.at.plus_seconds((minutes + 1) * 60).seconds_since(at);
        if wait > 0 { self.bay.advance(wait).await } else { Ok(()) }
    }

    /// Notes where somebody crossed.
    pub fn note_crossed(&mut self, who: Who, lane: &LanePlace) -> Result<(), Failure> {
        let at = self.bay.now();
        self.person(who)?.last = Some(Crossed { port: lane.port.clone(), direction: lane.direction, at });
        Ok(())
    }

    async fn cross(&mut self, step: &Step) -> Result<Value, Failure> {
        let Step { who, port, from, to, officer } = *step;
        let (mut exit, mut entry, mut at_gate) = (nothing(), nothing(), Value::Null);
        let mut passed = true;
        let mut ms =
            BTreeMap::from([("read", 0.0), ("check", 0.0), ("face", 0.0), ("clear", 0.0), ("total", 0.0)]);
        let notices = self.notices().await?;
        for side in sides(port) {
            let lane = place(port, from, to, *side, 1)?;
            self.travel(who, &lane).await?;
            let held = self.take_token(who).await?;
            let text = held.code(&lane.audience(), self.bay.now())?;
            let face = self.live(who)?;
            let measures: &[&str] = if officer { &["officer"] } else { &[] };
            let scanned = self.scan(&lane, &text, &face, measures).await?;
            passed &= scanned.passed();
            if scanned.passed() {
                self.note_crossed(who, &lane)?;
            }
            if scanned.exit.get("verdict").is_some_and(|v| !v.is_null()) {
                exit = scanned.exit;
            }
            if scanned.entry.get("verdict").is_some_and(|v| !v.is_null()) {
                entry = scanned.entry;
            }
            if let Some(code) = scanned.report.get("code").filter(|code| !code.is_null()) {
                at_gate = code.clone();
            }
            for (stage, sum) in &mut ms {
                let measured = scanned.report.get("ms").and_then(|ms| ms.get(stage));
                *sum += measured.and_then(Value::as_f64).unwrap_or(0.0);
            }
            self.person(who)?.used = Some(held);
            // On the way between two halls.
            self.bay.advance(if port == "hzmb-hkg-mac" { 2400 } else { 240 }).await?;
        }
        if passed && who.home() == Chn && from.is_sar() && to.is_sar() {
            let bay = &*self.bay;
            bay.until("the notice to the mainland", async || Ok(notices_at(bay).await? > notices)).await?;
        }
        if !passed {
            self.wrong += 1;
        }
        let word = |side: &Value| side.get("verdict").and_then(Value::as_str).unwrap_or("-").to_owned();
        let stage = |name: &str| ms.get(name).copied().unwrap_or(0.0);
        self.say(&format!(
            "{} {:<22} {}-{}  {:<13} {:<7} {:<7} {:>5.0}  {:>5.1}  {:>5.0}  {:>5.0}  {:>5.0}{}\n",
            marked(if passed { "passed" } else { "WRONG" }),
            who.name(),
            from,
            to,
            port,
            word(&exit),
            word(&entry),
            stage("read"),
            stage("check"),
            stage("face"),
            stage("clear"),
            stage("total"),
            if officer { "  (an officer looked)" } else { "" },
        ))?;
        self.bay.advance(1200).await?;
        Ok(json!({
            "traveller": who.name(), "home": who.home(), "from": from, "to": to, "port": port,
            "outcome": if passed { "passed" } else { "not_passed" },
            "exit": exit, "entry": entry, "gate": at_gate, "officer": officer,
            "second_photograph": self.person(who)?.photographs.second_capture,
            "ms": ms,
        }))
    }

    /// A crossing by card or on paper that must pass: tells it, and gives its row.
    pub fn crossed(&mut self, who: Who, lane: &LanePlace, scanned: &Scanned) -> Result<Value, Failure> {
        let passed = scanned.passed();
        if !passed {
            self.wrong += 1;
        }
        let word = |side: &Value| side.get("verdict").and_then(Value::as_str).unwrap_or("-").to_owned();
        let ms = scanned.report.get("ms").cloned().unwrap_or_default();
        let stage = |name: &str| ms.get(name).and_then(Value::as_f64).unwrap_or(0.0);
        self.say(&format!(
            "{} {:<22} {}  {:<13} {:<7} {:<7} {:>5.0}  {:>5.1}  {:>5.0}  {:>5.0}  {:>5.0}  ({})\n",
            marked(if passed { "passed" } else { "WRONG" }),
            who.name(),
            lane.direction,
            lane.port.as_str(),
            word(&scanned.exit),
            word(&scanned.entry),
            stage("read"),
            stage("check"),
            stage("face"),
            stage("clear"),
            stage("total"),
            if lane.kind == LaneKind::Document { "by card" } else { "on paper" },
        ))?;
        Ok(json!({
            "traveller": who.name(), "home": who.home(), "from": lane.direction.from(), "to": lane.direction.to(),
            "port": lane.port.as_str(), "lane": lane.kind.as_str(),
            "outcome": if passed { "passed" } else { "not_passed" },
            "exit": scanned.exit, "entry": scanned.entry,
            "gate": scanned.report.get("code").cloned().unwrap_or_default(), "officer": false,
            "second_photograph": self.person(who)?.photographs.second_capture,
            "ms": ms,
        }))
    }

    async fn notices(&self) -> Result<usize, Failure> {
        notices_at(self.bay).await
    }

    /// Writes down an attempt that must fail for the expected reason.
    pub fn judge(
        &mut self,
        attack: &str,
        expected: &str,
        code: &str,
        passed: bool,
    ) -> Result<Value, Failure> {
        let ok = code == expected && !passed;
        if !ok {
            self.wrong += 1;
        }
        let mark = marked(if ok { "refused" } else { "WRONG" });
        self.say(&format!(
            "{mark} {attack:<58} {code}{}\n",
            if ok { String::new() } else { format!(" (expected {expected})") }
        ))?;
        Ok(json!({
            "attack": attack, "expected": expected, "code": code,
            "outcome": if passed { "passed" } else { "not_passed" },
        }))
    }

    /// Writes down what came of a registration at a desk; `refused` has what was not registered.
    pub fn registered(
        &mut self,
        (who, venue, by): (&str, &str, &str),
        refused: &[Value],
        words: &str,
    ) -> Result<Value, Failure> {
        let done = refused.is_empty();
        if !done {
            self.wrong += 1;
        }
        let why = if done { String::new() } else { format!(" {}", json!(refused)) };
        let mark = marked(if done { "registered" } else { "WRONG" });
        self.say(&format!("{mark} {who:<22} at {venue}, {words}{why}\n"))?;
        let outcome = if done { "registered" } else { "not_registered" };
        Ok(json!({"traveller": who, "venue": venue, "by": by, "outcome": outcome, "refused": refused}))
    }

    /// Writes down what two desks' books have in common: nothing may be.
    pub fn compared(
        &mut self,
        (first, second): (usize, usize),
        (common, plain): (usize, usize),
        (told, of): (usize, usize),
    ) -> Result<Value, Failure> {
        let once = told == of;
        let mark = marked(if once { "told" } else { "WRONG" });
        self.say(&format!("{mark} the police's register (a stand-in) of {told} guests, each once\n"))?;
        let bad = common + plain > 0 || first.min(second) == 0;
        self.wrong += usize::from(bad) + usize::from(!once);
        let mark = marked(if bad { "WRONG" } else { "compared" });
        self.say(&format!(
            "{mark} the books of the hotel and of the building, where the same two people stand: {first} and {second} long \
             values, {common} in common; names, numbers and birth dates in plain: {plain}\n"
        ))?;
        Ok(
            json!({"values": [first, second], "common": common, "in_plain": plain, "told_to_the_police": told}),
        )
    }

    async fn ledgers(&self) -> Result<serde_json::Map<String, Value>, Failure> {
        let mut ledgers = serde_json::Map::new();
        for code in AuthorityCode::ALL {
            let entries = ledger(self.bay, code).await?;
            let count = |wanted: &str| {
                entries.iter().filter(|e| e.get("side").and_then(Value::as_str) == Some(wanted)).count()
            };
            let noticed = entries.iter().filter(|e| is_noticed(e)).count();
            ledgers.insert(
                code.to_string(),
                json!({"exits": count("exit"), "entries": count("entry"), "notices": noticed}),
            );
        }
        Ok(ledgers)
    }
}

fn is_noticed(entry: &Value) -> bool {
    entry.get("noticed").and_then(Value::as_bool) == Some(true)
}

async fn ledger(bay: &Bay, code: AuthorityCode) -> Result<Vec<Value>, Failure> {
    let answer = bay.officer(code, "/v1/ledger").await?;
    let entries = answer.body.get("entries").and_then(Value::as_array).cloned();
    entries.ok_or_else(|| Failure::new(format!("{code} does not show its ledger (status {})", answer.status)))
}

async fn notices_at(bay: &Bay) -> Result<usize, Failure> {
    Ok(ledger(bay, Chn).await?.iter().filter(|entry| is_noticed(entry)).count())
}
