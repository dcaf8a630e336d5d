//! `baypass demo`: the Bay in a box. Three authorities, lanes at four ports, synthetic residents with faces cropped
//! from photographs; every crossing and every cheat is decided by signatures, parts, faces, rules and ledgers.
//!
//! Lives here: the cast and the tour. All parties run in this one process, each with its own database, and the
//! output says so. The demo's clock is its own: it begins today at 10:00 (UTC+8).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use authority::store::Store as Ledger;
use authority::{
    DeviceProof, Faces, Issued, KEY_ID, Keys, Service, ServiceError, possession, status_list_number,
    status_name,
};
use clearance::{ClearanceId, Passage, Place, Sides};
use credential::{Audience, KeyClass, PartHash, SigningKey, random, sign_proof};
use documents::AuthorityCode::{Chn, Hkg, Mac};
use documents::{
    AuthorityCode, Direction, DocumentKind, DocumentNumber, LaneKind, LocalDate, Rules, Side, Timestamp,
};
use face::{Embedder, FaceConfig, Finder, Image, ModelFolder, rephotograph};
use gate::camera::{CodeSight, SimulatedCamera};
use gate::check::Window;
use gate::door::SimulatedDoor;
use gate::measures::Nobody;
use gate::store::{GateKey, Store as Outbox};
use gate::{
    Around, AuthorityLink, Clock, Courier, FaceEyes, Lane, LaneConfig, LinkError, Lists, Metrics,
    ReplayCache, Report, SystemClock, SystemStopwatch,
};
use serde_json::{Value, json};
use trust::{Approval, Approvals, KeyEntry, Role, SCENARIO_BORDER, TrustList, TrustStore};

use crate::Ended;
use crate::failure::{self, Failure};

/// Wraps any error that says by itself what to do.
fn of<E: std::error::Error>(error: E) -> Failure {
    Failure::of(&error)
}

/// The demo's clock: moved by the tour, read by everybody.
#[derive(Clone)]
struct TourClock(Arc<AtomicI64>);

impl TourClock {
    fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TourClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.0.load(Ordering::SeqCst)).unwrap_or(Timestamp::MAX)
    }
}

/// The way from a lane to the services of this process: the same bytes as over a wire.
struct Local {
    services: BTreeMap<AuthorityCode, Arc<Service>>,
    clock: TourClock,
}

impl AuthorityLink for Local {
    async fn verdict(&self, authority: AuthorityCode, body: Vec<u8>) -> Result<Vec<u8>, LinkError> {
        let service = self.services.get(&authority).ok_or(LinkError::NoAddress { authority })?;
        service
            .verdict(&body, self.clock.now())
            .await
            .map_err(|_| LinkError::Refused { authority, status: 403 })
    }

    async fn deliver(&self, authority: AuthorityCode, event: Vec<u8>) -> Result<(), LinkError> {
        let service = self.services.get(&authority).ok_or(LinkError::NoAddress { authority })?;
        service
            .hear_event(&event, self.clock.now())
            .await
            .map_err(|_| LinkError::Refused { authority, status: 409 })
    }
}

type BayLane = Lane<Local, FaceEyes>;

/// Where lanes stand: port, direction, side (`None` at a joint lane).
const LANES: &[(&str, AuthorityCode, AuthorityCode, Option<Side>)] = &[
    ("hengqin", Chn, Mac, None),
    ("hengqin", Mac, Chn, None),
    ("gongbei", Mac, Chn, Some(Side::Exit)),
    ("gongbei", Mac, Chn, Some(Side::Entry)),
    ("shenzhen-bay", Hkg, Chn, Some(Side::Exit)),
    ("shenzhen-bay", Hkg, Chn, Some(Side::Entry)),
    ("shenzhen-bay", Chn, Hkg, Some(Side::Exit)),
    ("shenzhen-bay", Chn, Hkg, Some(Side::Entry)),
    ("hzmb-hkg-mac", Hkg, Mac, Some(Side::Exit)),
    ("hzmb-hkg-mac", Hkg, Mac, Some(Side::Entry)),
    ("hzmb-hkg-mac", Mac, Hkg, Some(Side::Exit)),
    ("hzmb-hkg-mac", Mac, Hkg, Some(Side::Entry)),
];

struct Person {
    name: &'static str,
    home: AuthorityCode,
    live: Vec<u8>,
    sessions: BTreeMap<AuthorityCode, [u8; 32]>,
}

struct Bay {
    clock: TourClock,
    services: BTreeMap<AuthorityCode, Arc<Service>>,
    lists: Lists,
    lanes: BTreeMap<String, BayLane>,
    couriers: Vec<Courier<Local>>,
    people: Vec<Person>,
    _folder: Folder,
}

/// A folder of its own that is wiped at the end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

struct Offices {
    keys: Keys,
    list: SigningKey,
    approval: SigningKey,
}

fn offices() -> Result<Offices, Failure> {
    Ok(Offices {
        keys: Keys::generate().map_err(of)?,
        list: SigningKey::generate().map_err(of)?,
        approval: SigningKey::generate().map_err(of)?,
    })
}

fn lane_name(port: &str, direction: Direction, side: Option<Side>) -> String {
    side.map_or_else(|| format!("{port}/{direction}"), |side| format!("{port}/{direction}/{side}"))
}

fn trust_list(
    authority: AuthorityCode,
    offices: &Offices,
    gates: &BTreeMap<String, SigningKey>,
    now: Timestamp,
) -> Result<Vec<u8>, Failure> {
    let (from, to) = (now.plus_seconds(-86_400), now.plus_seconds(86_400 * 90));
    let entry = |role, kid: &[u8], key: &SigningKey| KeyEntry {
        role,
        kid: kid.to_vec(),
        key: key.public().as_bytes().to_vec(),
        from,
        to,
        compromised: false,
    };
    let mut list = offices.keys.entries(from, to);
    list.push(entry(Role::Approval, KEY_ID, &offices.approval));
    list.extend(gates.iter().map(|(name, key)| entry(Role::Gate, name.as_bytes(), key)));
    let list =
        TrustList { authority, number: 1, issued: now, expires: now.plus_seconds(7 * 86_400), keys: list };
    list.sign(KEY_ID, &offices.list).map_err(of)
}

fn approval(
    ports: &[&str],
    jurisdictions: [AuthorityCode; 2],
    id: &str,
    day: LocalDate,
) -> Result<Approval, Failure> {
    let each = |text: &str| jurisdictions.map(|j| (j, format!("{text} ({j}, specimen)"))).to_vec();
    Ok(Approval {
        id: id.to_owned(),
        scenario: SCENARIO_BORDER.to_owned(),
        jurisdictions: jurisdictions.to_vec(),
        ports: ports.iter().map(|p| p.parse().map_err(of)).collect::<Result<_, _>>()?,
        from: day.plus_days(-30),
        to: day.plus_days(300),
        hours: (0, 1440),
        claims: vec!["permit".to_owned(), "face".to_owned()],
        retention_days: 30,
        assessment: "PIA-2026-SPECIMEN".to_owned(),
        filings: each("filing 0001"),
        probe_grounds: each("statutory duty at the border"),
    })
}

impl Bay {
    async fn build(models: &Path, clock: TourClock) -> Result<Self, Failure> {
        let now = clock.now();
        let config = FaceConfig::builtin().map_err(of)?;
        let folder = ModelFolder::new(models, &config);
        let faces = Arc::new(Faces {
            finder: Finder::load(&folder, &config).map_err(of)?,
            embedder: Embedder::load(&folder, &config).map_err(of)?,
            config: config.clone(),
        });
        let mut drawn = [0; 8];
        random(&mut drawn).map_err(of)?;
        let place = std::env::temp_dir().join(format!("baypass-demo-{:016x}", u64::from_be_bytes(drawn)));
        std::fs::create_dir_all(&place).map_err(of)?;
        let home = Folder(place);

        let mut gates = BTreeMap::new();
        for (port, from, to, side) in LANES {
            let direction = Direction::new(*from, *to).ok_or_else(|| Failure::new("a lane leads nowhere"))?;
            gates.insert(lane_name(port, direction, *side), SigningKey::generate().map_err(of)?);
        }
        let mut all = BTreeMap::new();
        for code in AuthorityCode::ALL {
            all.insert(code, offices()?);
        }
        let roots: Vec<_> = all.iter().map(|(code, o)| (*code, *o.list.public())).collect();
        let mut trust = TrustStore::new(&roots).map_err(of)?;
        for (code, offices) in &all {
            trust.update(&trust_list(*code, offices, &gates, now)?, now).map_err(of)?;
        }
        let mut lists = Lists::new(trust.clone());
        let mut approvals = Approvals::default();
        let day = now.local_date();
        for approved in [
            approval(&["hengqin", "gongbei"], [Chn, Mac], "2026-CHN-MAC", day)?,
            approval(&["shenzhen-bay"], [Chn, Hkg], "2026-CHN-HKG", day)?,
            approval(&["hzmb-hkg-mac"], [Hkg, Mac], "2026-HKG-MAC", day)?,
        ] {
            let mut signatures = Vec::new();
            for code in &approved.jurisdictions {
                if let Some(offices) = all.get(code) {
                    signatures.push((*code, approved.sign(KEY_ID, &offices.approval).map_err(of)?));
                }
            }
            let bundle = Approval::bundle(&signatures);
            lists.take_approval(&bundle, now).map_err(of)?;
            approvals.add(Approval::open(&bundle, &trust, now).map_err(of)?);
        }
        let mut services = BTreeMap::new();
        for (code, offices) in all {
            let file = home.0.join(format!("{code}.db"));
            let ledger = Ledger::open(&format!("sqlite://{}?mode=rwc", file.display())).await.map_err(of)?;
            let rules = Rules::builtin().map_err(of)?;
            let service = Service::new(
                code,
                ledger,
                rules,
                Arc::clone(&faces),
                offices.keys,
                trust.clone(),
                approvals.clone(),
            );
            services.insert(code, Arc::new(service));
        }
        let eyes = Arc::new(FaceEyes::load(&folder, config).map_err(of)?);
        let mut audiences = Vec::new();
        for (port, from, to, side) in LANES {
            if let Some(direction) = Direction::new(*from, *to) {
                audiences.push(Audience::new(port.parse().map_err(of)?, direction, *side));
            }
        }
        let mut lanes = BTreeMap::new();
        let mut couriers = Vec::new();
        let replay = Arc::new(Mutex::new(ReplayCache::new(Window::default().seconds(), now)));
        for (port, from, to, side) in LANES {
            let direction = Direction::new(*from, *to).ok_or_else(|| Failure::new("a lane leads nowhere"))?;
            let name = lane_name(port, direction, *side);
            let own = Audience::new(port.parse().map_err(of)?, direction, *side);
            let key = gates.remove(&name).ok_or_else(|| Failure::new("a lane without a key"))?;
            let key = GateKey { gate: name.clone(), kid: name.as_bytes().to_vec(), key };
            let file = home.0.join(format!("gate-{}.db", name.replace('/', "-")));
            let outbox = Arc::new(Outbox::open(&file, key).await.map_err(of)?);
            let link = Arc::new(Local { services: services.clone(), clock: clock.clone() });
            let config = LaneConfig {
                place: Place {
                    lane: name.parse().map_err(of)?,
                    port: port.parse().map_err(of)?,
                    direction,
                    sides: side.map_or(Sides::Both { exit: (), entry: () }, |side| Sides::One(side, ())),
                },
                kind: LaneKind::Code,
                window: Window::default(),
                pictures: 1,
                simulated_camera: true,
                elsewhere: audiences.iter().filter(|a| a.as_str() != own.as_str()).cloned().collect(),
            };
            couriers.push(Courier::new(Arc::clone(&outbox), Arc::clone(&link)));
            let metrics = Arc::new(Metrics::default());
            lanes.insert(
                name,
                Lane::new(config, Arc::clone(&replay), outbox, link, Arc::clone(&eyes), metrics),
            );
        }
        let mut bay = Self { clock, services, lists, lanes, couriers, people: Vec::new(), _folder: home };
        bay.hand_over_keys().await?;
        bay.enrol_everybody(models, &faces.finder).await?;
        bay.publish_status().await?;
        Ok(bay)
    }

    fn service(&self, code: AuthorityCode) -> Result<&Arc<Service>, Failure> {
        self.services.get(&code).ok_or_else(|| Failure::new("an authority is missing"))
    }

    async fn hand_over_keys(&self) -> Result<(), Failure> {
        let now = self.clock.now();
        for (maker, receiver) in [(Chn, Hkg), (Chn, Mac), (Hkg, Mac), (Mac, Hkg)] {
            for weeks in 0..3 {
                let week = now.local_date().iso_week().plus_weeks(weeks);
                let key = self.service(maker)?.hand_over(receiver, week, now).await.map_err(of)?;
                self.service(receiver)?.take_handover(&key, now).await.map_err(of)?;
            }
        }
        Ok(())
    }

    /// Every issuer's list goes to every other authority and to every gate.
    async fn publish_status(&mut self) -> Result<(), Failure> {
        let now = self.clock.now();
        let list = status_list_number(KeyClass::Hardware.expiry_for(now.local_date()));
        for issuer in AuthorityCode::ALL {
            let signed = self.service(issuer)?.status_list(list, now).await.map_err(of)?;
            self.lists.take_status(issuer, list, &status_name(issuer, list), &signed, now).map_err(of)?;
            for (code, service) in &self.services {
                if *code != issuer {
                    service.take_status_list(issuer, list, &signed, now).map_err(of)?;
                }
            }
        }
        Ok(())
    }

    async fn enrol_everybody(&mut self, models: &Path, finder: &Finder) -> Result<(), Failure> {
        let now = self.clock.now();
        let day = now.local_date();
        let endorsed = |destination: &str, entries: u8| json!({"kind": "G", "destination": destination, "from": day.plus_days(-30), "to": day.plus_days(59), "entries": entries});
        let birth: LocalDate = "1990-05-06".parse().map_err(of)?;
        let cast = [
            (
                "SPECIMEN LI NA",
                Chn,
                0usize,
                vec![(
                    Chn,
                    DocumentKind::ExitEntryPermit,
                    "CA1234567",
                    vec![endorsed("MAC", 1), endorsed("HKG", 2)],
                )],
            ),
            (
                "SPECIMEN CHAN TAI MAN",
                Hkg,
                1,
                vec![
                    (Hkg, DocumentKind::Hkid, "A123456(3)", vec![]),
                    (Chn, DocumentKind::HomeReturnPermit, "H12345678", vec![]),
                ],
            ),
            (
                "SPECIMEN LEONG",
                Mac,
                2,
                vec![
                    (Mac, DocumentKind::MacaoBir, "1234567(8)", vec![]),
                    (Chn, DocumentKind::HomeReturnPermit, "M87654321", vec![]),
                ],
            ),
        ];
        let portraits = portraits(models, finder, cast.len())?;
        for ((name, home, index, documents), portrait) in cast.into_iter().zip(portraits) {
            let photo = portrait.to_jpeg(95).map_err(of)?;
            let live = rephotograph(&portrait, 7 + index as u64).map_err(of)?.to_jpeg(90).map_err(of)?;
            let mut sessions = BTreeMap::new();
            for (issuer, kind, number, endorsements) in documents {
                // Identity cards have no last day here; a permit has one.
                let identity = kind == DocumentKind::Hkid || kind == DocumentKind::MacaoBir;
                let expires = (!identity).then(|| day.plus_days(1000));
                let document = json!({"kind": kind.as_str(), "number": number, "expires": expires, "endorsements": endorsements});
                let record = json!({
                    "person": {"name": name, "birth": birth, "home": home, "height_cm": 170, "nationality": "CHN"},
                    "documents": [document],
                });
                let service = self.service(issuer)?;
                service.add_resident(&record.to_string(), &photo).await.map_err(of)?;
                let number = DocumentNumber::parse(kind, number).map_err(of)?;
                let session = service.enrol(&number, name, birth, &live, now).await.map_err(of)?;
                sessions.insert(issuer, session);
            }
            self.people.push(Person { name, home, live, sessions });
        }
        Ok(())
    }

    /// Fetches one token and the parts for it, and makes the code for one lane.
    async fn code(&self, who: usize, audience: &Audience, at: Timestamp) -> Result<String, Failure> {
        let person = self.people.get(who).ok_or_else(|| Failure::new("nobody there"))?;
        let now = self.clock.now();
        let device = SigningKey::generate().map_err(of)?;
        let home = person.home;
        let proof_for = |authority: AuthorityCode| -> Result<([u8; 32], DeviceProof), Failure> {
            let session = person.sessions.get(&authority).ok_or_else(|| of(ServiceError::NoPass))?;
            let proof = possession(&device, authority, home, session, now).map_err(of)?;
            Ok((*session, DeviceProof { key: *device.public(), proof }))
        };
        let (session, proof) = proof_for(home)?;
        let issued =
            self.service(home)?.issue(&session, KeyClass::Hardware, &[proof], now).await.map_err(of)?;
        let Issued { token, own, sealed } =
            issued.into_iter().next().ok_or_else(|| Failure::new("no token came"))?;
        let mut parts = Vec::new();
        for side in audience.sides() {
            let receiver = audience.direction().authority(*side);
            let part = if receiver == home {
                own.clone()
            } else if receiver == Chn {
                let (session, proof) = proof_for(Chn)?;
                let made = self
                    .service(Chn)?
                    .own_parts(&session, home, KeyClass::Hardware, &[proof], now)
                    .await
                    .map_err(of)?;
                made.into_iter().next().ok_or_else(|| Failure::new("no part came"))?
            } else {
                let found = sealed.iter().find(|(r, _)| *r == receiver).map(|(_, part)| part.clone());
                found.ok_or_else(|| Failure::new("nothing was sealed for that authority"))?
            };
            parts.push(part);
        }
        let hashes: Vec<_> = parts.iter().map(|p| PartHash::of(p)).collect();
        let proof = sign_proof(&device, audience, &token, &hashes, at).map_err(of)?;
        let slices: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let code = code::CrossingCode::Full {
            token: &token,
            proof: &proof,
            parts: code::Parts::new(&slices).map_err(of)?,
        };
        code.to_text().map_err(of)
    }

    async fn scan(&self, lane: &str, code: &str, face: &[u8]) -> Result<Report, Failure> {
        let lane = self.lanes.get(lane).ok_or_else(|| Failure::new(format!("no lane {lane}")))?;
        let mut id = [0; 16];
        random(&mut id).map_err(of)?;
        let mut camera = SimulatedCamera::new(picture_of(code)?, [face.to_vec()]);
        let (mut door, mut measures) = (SimulatedDoor::default(), Nobody);
        let around = Around {
            camera: &mut camera,
            door: &mut door,
            measures: &mut measures,
            trusted: &self.lists,
            clock: &self.clock,
            watch: &SystemStopwatch::start(),
        };
        let report = lane.serve(ClearanceId::from_bytes(id), around).await;
        // The end of the band in which a refusal is told: then everything falls due.
        self.clock.advance(60);
        for courier in &self.couriers {
            courier.deliver(self.clock.now()).await.map_err(of)?;
        }
        for code in AuthorityCode::ALL {
            for (id, issuer, notice) in self.service(code)?.notices().await.map_err(of)? {
                self.service(issuer)?.take_notice(&notice, self.clock.now()).await.map_err(of)?;
                self.service(code)?.notice_delivered(&id, self.clock.now()).await.map_err(of)?;
            }
        }
        Ok(report)
    }

    /// The reason that the side's authority keeps. Only one operator of everything can look at both.
    async fn side(&self, report: &Report, side: Side) -> Result<Value, Failure> {
        let Some(judged) = report.verdict(side) else { return Ok(json!({"verdict": null, "code": null})) };
        let reason = self.service(judged.authority)?.reason(&judged.reference).await.map_err(of)?;
        Ok(reason.map_or(
            Value::Null,
            |(outcome, code, detail)| json!({"verdict": outcome, "code": code, "detail": detail}),
        ))
    }
}

/// A code is read from a picture of a screen, as a lane does; what is too long for any symbol is handed over as text.
fn picture_of(code: &str) -> Result<CodeSight, Failure> {
    match code::QrSymbol::draw(code) {
        Ok(symbol) => Ok(CodeSight::Picture(symbol.to_png(6).map_err(of)?)),
        Err(_) => Ok(CodeSight::Text(code.to_owned())),
    }
}

/// Heads cropped by our own detector from the sample photographs of an installed package.
fn portraits(models: &Path, finder: &Finder, wanted: usize) -> Result<Vec<Image>, Failure> {
    let folder = models.join("node_modules/@vladmandic/face-api/demo");
    let mut portraits = Vec::new();
    for sample in 1..=6 {
        let file = folder.join(format!("sample{sample}.jpg"));
        let bytes = std::fs::read(&file)
            .map_err(|_| Failure::new("the demo's sample photographs are missing; run `make models`"))?;
        let image = Image::decode(&bytes).map_err(of)?;
        for face in finder.detect(&image).map_err(of)? {
            if face.height() >= 80.0
                && let Ok(portrait) = finder.portrait(&image, &face)
                && finder.one_face(&portrait).is_ok()
            {
                portraits.push(portrait);
                if portraits.len() == wanted {
                    return Ok(portraits);
                }
            }
        }
    }
    Err(Failure::new("too few faces were found in the sample photographs; run `make models`"))
}

/// One crossing of the tour: traveller, port, from, to.
const CROSSINGS: &[(usize, &str, AuthorityCode, AuthorityCode)] = &[
    (0, "hengqin", Chn, Mac),
    (0, "hzmb-hkg-mac", Mac, Hkg),
    (0, "shenzhen-bay", Hkg, Chn),
    (1, "shenzhen-bay", Hkg, Chn),
    (1, "hengqin", Chn, Mac),
    (1, "hzmb-hkg-mac", Mac, Hkg),
    (2, "gongbei", Mac, Chn),
    (2, "shenzhen-bay", Chn, Hkg),
    (2, "hzmb-hkg-mac", Hkg, Mac),
];

/// Runs the tour.
pub fn run(models: &Path, json: bool) -> Result<Ended, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(of)?;
    runtime.block_on(tour(models, json))
}

async fn tour(models: &Path, json_out: bool) -> Result<Ended, Failure> {
    let start = SystemClock.now().local_date().at_minute(600);
    let clock = TourClock(Arc::new(AtomicI64::new(start.unix())));
    let mut bay = Bay::build(models, clock).await?;
    let mut wrong = 0;
    let mut crossings = Vec::new();
    for (who, port, from, to) in CROSSINGS {
        let direction = Direction::new(*from, *to).ok_or_else(|| Failure::new("a way to nowhere"))?;
        let joint = bay.lanes.contains_key(&lane_name(port, direction, None));
        let sides: &[Option<Side>] = if joint { &[None] } else { &[Some(Side::Exit), Some(Side::Entry)] };
        let nothing = json!({"verdict": null, "code": null});
        let (mut exit, mut entry, mut at_gate) = (nothing.clone(), nothing, None);
        let mut passed = true;
        let mut ms = [0.0; 5];
        for side in sides {
            let audience = Audience::new(port.parse().map_err(of)?, direction, *side);
            let code = bay.code(*who, &audience, bay.clock.now()).await?;
            let face = bay.people.get(*who).map(|p| p.live.clone()).unwrap_or_default();
            let report = bay.scan(&lane_name(port, direction, *side), &code, &face).await?;
            passed &= report.passage == Passage::Passed;
            if report.verdict(Side::Exit).is_some() {
                exit = bay.side(&report, Side::Exit).await?;
            }
            if report.verdict(Side::Entry).is_some() {
                entry = bay.side(&report, Side::Entry).await?;
            }
            at_gate = report.reason.map(gate::GateReason::code).or(at_gate);
            let stages = [report.ms.read, report.ms.check, report.ms.face, report.ms.clear, report.ms.total];
            for (sum, stage) in ms.iter_mut().zip(stages) {
                *sum += stage;
            }
            // On the way between two halls.
            bay.clock.advance(if *port == "hzmb-hkg-mac" { 2400 } else { 240 });
        }
        if !passed {
            wrong += 1;
        }
        let [read, check, face, clear, total] = ms;
        let person = bay.people.get(*who).map_or(("", Chn), |p| (p.name, p.home));
        if !json_out {
            let line = format!(
                "{:<10} {:<22} {}-{} {:<13} exit {:<6} entry {:<6} read {read:.0} check {check:.1} face {face:.0} clear {clear:.0} total {total:.0} ms\n",
                if passed { "passed" } else { "NOT PASSED" },
                person.0,
                from,
                to,
                port,
                word(&exit),
                word(&entry),
            );
            failure::print(&line)?;
        }
        crossings.push(json!({
            "traveller": person.0,
            "home": person.1,
            "from": from,
            "to": to,
            "port": port,
            "outcome": if passed { "passed" } else { "not_passed" },
            "exit": exit,
            "entry": entry,
            "gate": at_gate,
            "ms": {"read": read, "check": check, "face": face, "clear": clear, "total": total},
        }));
        bay.clock.advance(1200);
    }
    let attempts = attacks(&mut bay, &mut wrong, json_out).await?;
    let mut ledgers = serde_json::Map::new();
    for (code, service) in &bay.services {
        let entries = service.ledger().await.map_err(of)?;
        let count = |f: &dyn Fn(Direction) -> bool| {
            entries.iter().filter(|(_, _, e)| !e.is_noticed() && e.direction().is_ok_and(f)).count()
        };
        let noticed = entries.iter().filter(|(_, _, e)| e.is_noticed()).count();
        ledgers.insert(
            code.to_string(),
            json!({"exits": count(&|d| d.from() == *code), "entries": count(&|d| d.to() == *code), "notices": noticed}),
        );
    }
    if json_out {
        failure::print_json(
            &json!({"crossings": crossings, "attempts": attempts, "ledgers": ledgers, "simulated_camera": true, "one_process": true}),
        )?;
    } else {
        failure::print(&format!(
            "\nLedgers: {}\nAll parties ran in this one process, each over its own database; the cameras were simulated: \
             each live capture is the portrait photographed again by the program.\n",
            Value::Object(ledgers)
        ))?;
    }
    if wrong == 0 {
        Ok(Ended::Well)
    } else {
        Err(Failure::new(format!("{wrong} things did not end as they must")))
    }
}

/// The class of one side's verdict, for the terminal.
fn word(side: &Value) -> &str {
    side.get("verdict").and_then(Value::as_str).unwrap_or("-")
}

/// One attempt for each line of the list of what must be refused that this tour can show.
async fn attacks(bay: &mut Bay, wrong: &mut usize, json_out: bool) -> Result<Vec<Value>, Failure> {
    let way = |from, to| Direction::new(from, to).ok_or_else(|| Failure::new("a way to nowhere"));
    let (out, south) = (way(Chn, Mac)?, way(Hkg, Chn)?);
    let hengqin = Audience::new("hengqin".parse().map_err(of)?, out, None);
    let bay_exit = Audience::new("shenzhen-bay".parse().map_err(of)?, south, Some(Side::Exit));
    let (joint, exit) = (lane_name("hengqin", out, None), lane_name("shenzhen-bay", south, Some(Side::Exit)));
    let live = |bay: &Bay, who: usize| bay.people.get(who).map(|p| p.live.clone()).unwrap_or_default();
    let mut attempts = Vec::new();
    for (attack, expected) in ATTACKS {
        let now = bay.clock.now();
        let (lane, text, face) = match *attack {
            "no entries left" => (&joint, bay.code(0, &hengqin, now).await?, live(bay, 0)),
            "another person's face" => (&exit, bay.code(1, &bay_exit, now).await?, live(bay, 0)),
            "screenshot after the window" => {
                let text = bay.code(1, &bay_exit, now).await?;
                bay.clock.advance(45);
                (&exit, text, live(bay, 1))
            }
            "wallet clock ahead" => {
                (&exit, bay.code(1, &bay_exit, now.plus_seconds(600)).await?, live(bay, 1))
            }
            "code for another port" => (&joint, bay.code(1, &bay_exit, now).await?, live(bay, 1)),
            "code of another system" => {
                (&exit, "HC1:6BFOXN*TS0BI$ZD4N9:9S6RCVN5+O30K3/XIV0W23NTDE".to_owned(), live(bay, 1))
            }
            "code cut in half" => {
                let text = bay.code(1, &bay_exit, now).await?;
                (&exit, text.get(..text.len() / 2).unwrap_or_default().to_owned(), live(bay, 1))
            }
            "one character changed" => {
                let text = bay.code(1, &bay_exit, now).await?;
                let at = text.len() - 60;
                let other = if text.get(at..=at) == Some("0") { "1" } else { "0" };
                let changed =
                    [text.get(..at).unwrap_or_default(), other, text.get(at + 1..).unwrap_or_default()];
                (&exit, changed.concat(), live(bay, 1))
            }
            "pass ended by its issuer" => {
                let text = bay.code(1, &bay_exit, now).await?;
                let number = DocumentNumber::parse(DocumentKind::Hkid, "A123456(3)").map_err(of)?;
                bay.service(Hkg)?.end_pass(&number, now).await.map_err(of)?;
                bay.publish_status().await?;
                (&exit, text, live(bay, 1))
            }
            _ => continue,
        };
        let lane = lane.clone();
        let report = bay.scan(&lane, &text, &face).await?;
        let exit = bay.side(&report, Side::Exit).await?;
        let code = report.reason.map(|r| r.code().to_owned());
        // An authority's own reason says more than the gate's "somebody said no".
        let code = exit.get("code").and_then(Value::as_str).map(str::to_owned).or(code).unwrap_or_default();
        let ok = code == *expected && report.passage == Passage::NotPassed;
        if !ok {
            *wrong += 1;
        }
        if !json_out {
            let mark = if ok { "refused" } else { "WRONG" };
            failure::print(&format!("{mark:<10} {attack:<30} {code} (expected {expected})\n"))?;
        }
        attempts.push(
            json!({"attack": attack, "expected": expected, "code": code, "outcome": report.passage.code()}),
        );
        bay.clock.advance(300);
    }
    Ok(attempts)
}

/// What is tried, and the code that it must get.
const ATTACKS: &[(&str, &str)] = &[
    ("no entries left", "no_entries_left"),
    ("another person's face", "face_mismatch"),
    ("screenshot after the window", "proof_stale"),
    ("wallet clock ahead", "proof_from_future"),
    ("code for another port", "code_for_elsewhere"),
    ("code of another system", "code_other_system"),
    ("code cut in half", "code_cut"),
    ("one character changed", "proof_signature"),
    ("pass ended by its issuer", "token_revoked"),
];
