//! Bench: the database's part of a clearance, without pictures, codes and wires, for `baypass bench ledger`.
//!
//! Lives here: travellers who cross from the mainland to Macao at Hengqin, one verdict and one passage each, by the
//! functions that a service uses. Not here: what is measured and against which bar (`baypass`).

use std::fmt::Write as _;
use std::sync::Arc;

use ::risk::state::{Crossed, Crossing, PersonState};
use ::risk::version::Running;
use credential::message::{self, Event, Passage, ReceiptResult, Request};
use credential::part::{HolderIdentity, PartContents, PartTemplate, TEMPLATE_LEN};
use credential::{DeviceKey, PartHash, SigningKey, Thumbprint, sha256};
use documents::{
    AuthorityCode, Birth, Direction, Document, DocumentKind, DocumentNumber, DocumentStatus, Endorsement,
    FormCode, Holder, LaneKind, LocalDate, PortId, ResidenceClass, Side, Timestamp,
};

use trust::GateBinding;

use crate::events::passage::EventError;
use crate::risk_engine::BenchRulesError;
use crate::service::{Service, draw};
use crate::store::person::{self, Resident};
use crate::store::vault::PersonKey;
use crate::store::{StoreError, enrolment, registry, risk, token};
use crate::verdict::{
    AskedFor, Compared, Covering, Evidence, FreshIds, Likeness, Opened, Recognised, VerdictError,
};

/// The form of endorsement that the travellers hold.
const FORM: &str = "g-mac-3m1";

/// A service whose database is measured.
#[derive(Debug, Clone)]
pub struct LedgerBench {
    service: Arc<Service>,
    port: PortId,
    direction: Direction,
    form: FormCode,
}

/// One registered resident of the mainland with a pass and a token.
#[derive(Debug, Clone)]
pub struct Traveller {
    number: DocumentNumber,
    thumbprint: Thumbprint,
}

/// A lane whose events form one chain.
#[derive(Debug, Clone)]
pub struct BenchLane {
    gate: String,
    number: u64,
    previous: [u8; 32],
}

impl Traveller {
    /// The number of their document.
    #[must_use]
    pub const fn number(&self) -> &DocumentNumber {
        &self.number
    }
}

impl BenchLane {
    /// The lane of this number; each task that measures has its own.
    #[must_use]
    pub fn new(number: usize) -> Self {
        let gate = format!("hengqin/CHN-MAC/{}", number + 2);
        Self { gate, number: 0, previous: [0; 32] }
    }
}

/// Why the bench could not go on.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The service is not one of the mainland, or its rules do not know the port.
    #[error("the bench needs the mainland's service with the built-in rules")]
    Setting,
    /// The database cannot be read or written; nothing of the operation stands there.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No verdict.
    #[error(transparent)]
    Verdict(#[from] VerdictError),
    /// No passage.
    #[error(transparent)]
    Event(#[from] EventError),
    /// A token of the bench whose place in the status lists another one has.
    #[error(
        "a stranger of the ledger has the place of a traveller's token: the bench draws places apart from them"
    )]
    PlaceTaken,
    /// The risk rules.
    #[error(transparent)]
    Rules(#[from] BenchRulesError),
    /// A passage that was not applied as it should be.
    #[error("the ledger did not take a passage of the bench")]
    Refused,
    /// The crypto library.
    #[error(transparent)]
    Crypto(#[from] credential::CryptoError),
}

impl LedgerBench {
    /// A bench over a service of the mainland, with the rules of the program in force at `now`.
    ///
    /// # Errors
    /// [`BenchError::Setting`], [`BenchError::Rules`].
    pub fn new(service: Service, now: Timestamp) -> Result<Self, BenchError> {
        service.risk.run_for_bench(::risk::rules::RULES_TEXT, now)?;
        let direction = Direction::new(AuthorityCode::Chn, AuthorityCode::Mac).ok_or(BenchError::Setting)?;
        let port = "hengqin".parse().map_err(|_| BenchError::Setting)?;
        let form = service.rules.form_by_id(FORM).ok_or(BenchError::Setting)?.code;
        Ok(Self { service: Arc::new(service), port, direction, form })
    }

    /// Registers `count` travellers with numbers from `first` on, each with a pass and a token, without photographs.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_travellers(
        &self,
        first: u32,
        count: u32,
        now: Timestamp,
    ) -> Result<Vec<Traveller>, BenchError> {
        let (store, vault) = (&self.service.store, self.service.store.vault());
        let mut tx = store.begin().await?;
        let mut travellers = Vec::new();
        for nth in first..first.saturating_add(count) {
            let number = DocumentNumber::parse(DocumentKind::ExitEntryPermit, &format!("C{nth:08}"));
            let number = number.map_err(|_| BenchError::Setting)?;
            let key = PersonKey::from_bytes(draw()?);
            let resident = self.resident(number.clone(), now.local_date())?;
            let new = registry::NewResident {
                resident: &resident,
                templates: &[(3, vec![0; TEMPLATE_LEN])],
                photograph: None,
            };
            registry::add_resident(&mut tx, vault, key, &new, now).await?;
            person::add_tag(&mut tx, vault.number_tag(&number), key).await?;
            enrolment::set_session(&mut tx, key, &draw()?, (None, None), now).await?;
            let thumbprint =
                DeviceKey::new(*SigningKey::generate()?.public()).map_err(VerdictError::from)?.thumbprint();
            // Strangers have the places of list 0.
            let (list, place) = (u8::try_from(1 + nth % 15).unwrap_or(1), 100_000 + nth / 15);
            let expires = now.plus_seconds(5 * 86_400);
            let (purpose, place) = (token::Purpose::Border, Some(place));
            let issued = token::IssuedToken { person: key, purpose, list, place, expires, status: 0 };
            if !token::add_token(&mut tx, vault.token_tag(thumbprint.token_id()), &issued).await? {
                return Err(BenchError::PlaceTaken);
            }
            travellers.push(Traveller { number, thumbprint });
        }
        tx.commit().await?;
        Ok(travellers)
    }

    fn resident(&self, number: DocumentNumber, today: LocalDate) -> Result<Resident, BenchError> {
        let birth: LocalDate = "1990-05-06".parse().map_err(|_| BenchError::Setting)?;
        let endorsement = Endorsement {
            form: self.form,
            destination: AuthorityCode::Mac,
            entries: Some(1),
            valid_from: today.plus_days(-10),
            valid_to: today.plus_days(80),
            issued: today.plus_days(-10),
            approved_until: None,
        };
        Ok(Resident {
            name: "SPECIMEN LI NA".to_owned(),
            city: None,
            name_zh: Some("李娜样本".to_owned()),
            holder: Holder::new(AuthorityCode::Chn, ResidenceClass::Permanent, Birth::Date(birth)),
            documents: vec![Document {
                number,
                issued: None,
                expires: Some(today.plus_days(1000)),
                status: DocumentStatus::Valid,
                endorsements: vec![endorsement],
            }],
        })
    }

    /// The service that is measured.
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Brings these rules into force, and forgets those before them; `None`: none are in force.
    ///
    /// # Errors
    /// [`BenchError::Rules`].
    pub fn bring_rules(&self, text: Option<&str>, now: Timestamp) -> Result<(), BenchError> {
        match text {
            Some(text) => self.service.risk.run_for_bench(text, now)?,
            None => self.service.risk.run(Running::new(AuthorityCode::Chn)),
        }
        Ok(())
    }

    /// Writes the state of travellers who crossed here so many times before `now`, twelve hours apart, and came home the last time.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_past(
        &self,
        travellers: &[Traveller],
        crossings: u32,
        now: Timestamp,
    ) -> Result<(), BenchError> {
        const APART: i64 = 12 * 3600;
        let begun = now.plus_seconds(-APART * i64::from(crossings));
        let mut state = PersonState::new(begun);
        for nth in 0..crossings {
            let home = (crossings - nth) % 2 == 1;
            let direction = if home { self.direction.reversed() } else { self.direction };
            let crossed = Crossed {
                port: self.port.clone(),
                direction,
                at: begun.plus_seconds(APART * i64::from(nth)),
            };
            state = state.crossed(&Crossing { crossed, device: 1 });
        }
        let (store, vault) = (&self.service.store, self.service.store.vault());
        let mut tx = store.begin().await?;
        for traveller in travellers {
            let key = person::find_tag(&mut tx, vault.number_tag(&traveller.number)).await?;
            let found = person::find_person(&mut tx, vault, key.ok_or(BenchError::Setting)?).await?;
            let kept = risk::KeptPerson { state: state.clone(), enrolled_at: None };
            risk::set_person_state(&mut tx, vault, &found.ok_or(BenchError::Setting)?, &kept, now).await?;
        }
        Ok(tx.commit().await?)
    }

    /// One verdict of the exit side on a face that is near enough; gives its clearance.
    ///
    /// # Errors
    /// Where none is given.
    pub async fn verdict(
        &self,
        lane: &BenchLane,
        traveller: &Traveller,
        now: Timestamp,
    ) -> Result<BenchClearance, BenchError> {
        let ask = BenchAsk { clearance: draw()?, face: BenchFace::Near, done: Vec::new(), at: now };
        Ok(self.judge(lane, traveller, &ask).await?.1)
    }

    /// One verdict of the exit side as a gate hears it: held back until its moment where it calls an officer.
    ///
    /// # Errors
    /// Where none is given.
    pub async fn answer(
        &self,
        lane: &BenchLane,
        traveller: &Traveller,
        ask: &BenchAsk,
    ) -> Result<(Vec<u8>, BenchClearance), BenchError> {
        let mut watch = self.service.risk.watch();
        let answered = self.judge(lane, traveller, ask).await?;
        self.service.hold_back(&answered.0, &mut watch).await?;
        Ok(answered)
    }

    async fn judge(
        &self,
        lane: &BenchLane,
        traveller: &Traveller,
        ask: &BenchAsk,
    ) -> Result<(Vec<u8>, BenchClearance), BenchError> {
        let (clearance, now) = (ask.clearance, ask.at);
        let probe = sha256(&clearance);
        let shown = sha256(&probe);
        let request = Request {
            clearance,
            gate: lane.gate.clone(),
            port: self.port.clone(),
            lane: LaneKind::Code,
            direction: self.direction,
            role: Side::Exit,
            joint: true,
            token: traveller.thumbprint.token_id(),
            shown,
            made_at: now,
            part: PartHash::of(&clearance),
            other_part: Some(PartHash::of(&probe)),
            probe,
            at: now,
            measures_done: ask.done.clone(),
        };
        let contents = PartContents {
            kind: DocumentKind::ExitEntryPermit.code(),
            number: traveller.number.mrz9().ok_or(BenchError::Setting)?,
            expiry: None,
            snapshot: now.local_date(),
            holder_class: 12,
            identity: HolderIdentity::Own { birth_year: 1990 },
            endorsements: Vec::new(),
            template_format: 3,
            template: PartTemplate::from_bytes(&[0; TEMPLATE_LEN]).ok_or(BenchError::Setting)?,
        };
        let number = traveller.number.clone();
        let opened = Opened {
            evidence: Evidence::Part(Box::new(contents)),
            issuer: AuthorityCode::Chn,
            number,
            device: None,
            key_class: None,
            paper: false,
            kept: Vec::new(),
            alone: None,
            doubt: None,
        };
        let (compared, margin) = match ask.face {
            BenchFace::Near => (Compared::Near, 100),
            BenchFace::Unsure => (Compared::Unsure, -10),
        };
        let face = Likeness { compared, margin: Some(margin) };
        let recognised = Recognised { opened, face, stale: false, proof: None };
        let fresh = FreshIds::draw()?;
        let covering = Covering { id: "bench".to_owned(), keep_days: 30 };
        let hash = message::payload_hash(&request.encode());
        let asked = AskedFor { request: &request, signed: &[], hash, covering: Some(&covering) };
        let signed = self.service.judge_and_sign(asked, Ok(recognised), fresh, now).await?;
        let verdict = message::unverified_payload(&signed).map_err(VerdictError::from)?;
        let verdict = message::payload_hash(verdict);
        Ok((signed, BenchClearance { clearance, probe, verdict, reference: fresh.reference }))
    }

    /// The stable code of the reason of a verdict: `admitted`, where all is as it should be.
    ///
    /// # Errors
    /// The database's.
    pub async fn reason(&self, clearance: &BenchClearance) -> Result<String, BenchError> {
        let reason = self.service.reason(&clearance.reference).await?;
        Ok(reason.map_or_else(String::new, |reason| reason.code))
    }

    /// The passage after a verdict.
    ///
    /// # Errors
    /// Where it is not applied.
    pub async fn passage(
        &self,
        lane: &mut BenchLane,
        clearance: &BenchClearance,
        now: Timestamp,
    ) -> Result<(), BenchError> {
        let event = Event {
            gate: lane.gate.clone(),
            epoch: 0,
            number: lane.number + 1,
            previous: lane.previous,
            clearance: clearance.clearance,
            passage: Passage::Passed,
            at: now,
            verdicts: vec![clearance.verdict],
            probe: clearance.probe,
        };
        let payload = event.encode();
        let hash = message::payload_hash(&payload);
        let binding = GateBinding::code_lane(self.port.clone(), self.direction, true);
        match self.service.apply_authenticated(&event, &binding, hash, &payload, now).await? {
            ReceiptResult::Taken => {}
            ReceiptResult::Conflict(_)
            | ReceiptResult::Expected(_)
            | ReceiptResult::Forked
            | ReceiptResult::UnknownChain => return Err(BenchError::Refused),
        }
        (lane.number, lane.previous) = (event.number, hash);
        Ok(())
    }
}

/// What a gate asks about a traveller of the bench.
#[derive(Debug, Clone)]
pub struct BenchAsk {
    /// The clearance: the same in a later round of it.
    pub clearance: [u8; 16],
    /// How the face compares.
    pub face: BenchFace,
    /// Numbers of the measures that were carried out.
    pub done: Vec<u8>,
    /// Time of the request.
    pub at: Timestamp,
}

/// How a traveller's face compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BenchFace {
    /// Near enough.
    Near,
    /// Too close to call.
    Unsure,
}

/// One verdict that waits for its passage.
#[derive(Debug, Clone)]
pub struct BenchClearance {
    clearance: [u8; 16],
    probe: [u8; 32],
    verdict: [u8; 32],
    reference: [u8; 16],
}

impl BenchClearance {
    /// Under which the reason of the verdict is kept.
    #[must_use]
    pub const fn reference(&self) -> &[u8; 16] {
        &self.reference
    }
}

/// The statements of one verdict and its passage as a script of `pgbench`, over the persons that
/// [`crate::store::bulk::fill`] made: `:persons` of them, `:n` counting a client's events from 0.
#[must_use]
pub fn pgbench_script(now: Timestamp) -> String {
    let key = |kind: char, number: &str, length: usize| {
        format!("convert_to('{kind}' || lpad((:{number})::text, {}, '0'), 'UTF8')", length - 1)
    };
    let (person, tag, token) = (key('p', "i", 16), key('t', "i", 32), key('b', "i", 32));
    let (clearance, fresh, hash) = (key('x', "c", 16), key('z', "c", 16), key('h', "c", 32));
    let at = now.unix().to_string();
    let text = |text: &str| format!("'{text}'");
    let null = || "NULL".to_owned();
    let gate = || "('pgbench/' || (:client_id)::text)".to_owned();
    let reservation = [
        fresh.clone(),
        person.clone(),
        token.clone(),
        null(),
        clearance.clone(),
        text("hengqin/CHN-MAC/9"),
        "1".to_owned(),
        at.clone(),
        null(),
        null(),
        at.clone(),
        text("hengqin"),
        text("CHN"),
        text("MAC"),
        text("CHN"),
        "0".to_owned(),
        null(),
        null(),
        null(),
        null(),
        "30".to_owned(),
        null(),
    ];
    let movement = [
        person.clone(),
        hash.clone(),
        at.clone(),
        text("hengqin"),
        text("CHN"),
        text("MAC"),
        text("CHN"),
        "1".to_owned(),
        "0".to_owned(),
        null(),
        null(),
        null(),
        null(),
        "30".to_owned(),
    ];
    let live = [person.clone(), token.clone()];
    let reason = [fresh.clone(), at.clone(), text("admit"), text("admitted"), text("entries left 1")];
    let event = [gate(), "0".to_owned(), ":n".to_owned(), hash.clone(), at.clone()];
    let signed = "convert_to(repeat('s', 192), 'UTF8')".to_owned();
    let given = [hash.clone(), fresh.clone(), hash.clone(), hash.clone(), signed, at.clone()];
    let applied = ["3".to_owned(), "0".to_owned(), null(), fresh.clone(), fresh.clone()];
    let steps: [(&str, Vec<String>); 23] = [
        ("FIND_TAG", vec![tag.clone()]),
        ("HOLD_PERSON", vec![person.clone()]),
        ("FIND_PERSON", vec![person.clone()]),
        ("FIND_LOST", vec![person.clone(), tag.clone()]),
        ("FIND_TOKEN", vec![token.clone()]),
        ("FIND_WATCH", vec![tag]),
        ("FIND_MOVEMENTS", vec![person.clone()]),
        ("FIND_DOCUMENTS", vec![person.clone()]),
        ("FIND_ENDED", vec![token.clone(), clearance.clone()]),
        ("FIND_LIVE", vec![person.clone(), token.clone()]),
        ("ADD_GIVEN", given.to_vec()),
        ("ADD_RESERVATION", reservation.to_vec()),
        ("ADD_REASON", reason.to_vec()),
        ("COMMIT", Vec::new()),
        ("LAST_CHAIN", vec![gate()]),
        ("LAST_EVENT", vec![gate(), "0".to_owned()]),
        ("ADD_EVENT", event.to_vec()),
        ("FIND_CLEARANCE", vec![clearance.clone()]),
        ("HOLD_PERSON", vec![person]),
        ("FIND_CLEARANCE", vec![clearance]),
        ("FIND_GIVEN_FOR", vec![fresh.clone()]),
        ("SET_RESERVATION", applied.to_vec()),
        ("SPEND_TOKEN", vec![hash, at]),
    ];
    let all = crate::store::statements();
    let statement = |name: &str| all.iter().find(|(known, _)| *known == name).map_or("", |(_, sql)| *sql);
    let mut script = String::from(
        "\\set i random(0, :persons - 1)\n\\set c random(1, 900000000000000)\n\\set n :n + 1\nBEGIN;\n",
    );
    for (name, values) in steps {
        if name == "COMMIT" {
            script.push_str("COMMIT;\nBEGIN;\n");
            continue;
        }
        let _ = writeln!(script, "{};", filled(statement(name), &values));
    }
    let _ = writeln!(script, "{};", filled(statement("ADD_MOVEMENT"), &movement));
    let _ = writeln!(script, "{};\nCOMMIT;", filled(statement("FIND_LIVE"), &live));
    script
}

/// A statement with its values in place of `$1`, `$2`, ...
fn filled(sql: &str, values: &[String]) -> String {
    let mut sql = sql.to_owned();
    for (nth, value) in values.iter().enumerate().rev() {
        sql = sql.replace(&format!("${}", nth + 1), value);
    }
    sql
}
