//! Looking: the rules asked about one crossing within its verdict's transaction, and what is asked of the traveller for it.
//!
//! Lives here: [`LookAt`], [`Looked`], the first look at a clearance and each later round of it. Not here: the facts (`signals`), the
//! verdict itself (`verdict::decide`), which measure answers what (`risk::ladder`).
//!
//! The first verdict of a clearance asks the rules. Each later one goes on with the doubts of the first: a measure that was carried out
//! lowers those that it answers, and no other.

use ::risk::facts::Facts;
use ::risk::ladder::{Doubts, Means};
use ::risk::reason::{End, ReasonRecord};
use ::risk::rules::RuleSet;
use ::risk::state::{Crossed, Crossing};
use ::risk::visit::{Asked, Outcome, Step, begin};
use ::risk::{Cause, Doubt, Findings, RuleId};
use credential::VerifiedProof;
use credential::message::Request;
use documents::{LaneKind, Measure, Timestamp, View};

use super::VerdictError;
use super::checks::{Compared, Likeness, Opened};
use super::signals::{Known, facts_of};
use crate::risk_engine::{person_tag, short_tag};
use crate::service::Service;
use crate::store::person::{self, Person};
use crate::store::risk::{self as rows, KeptVerdict};
use crate::store::{StoreError, Tx, appeal};

/// What a look is about.
pub(crate) struct LookAt<'a> {
    pub request: &'a Request,
    pub opened: &'a Opened,
    pub face: Likeness,
    /// The holder's proof; `None` at a lane by document.
    pub proof: Option<&'a VerifiedProof>,
    pub person: &'a Person,
    pub view: &'a View,
    pub age: i16,
    /// Under which the reason will be kept.
    pub reference: [u8; 16],
}

/// What the rules saw and found, and what is asked for it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Looked {
    /// The record of the visit so far.
    pub record: ReasonRecord,
    /// What is asked of the traveller next; `None` where no doubt is open.
    pub wants: Option<Measure>,
    /// How many reasons of this clearance came before.
    step: i64,
    /// What the first look saw and found; `None` in later rounds, which see nothing new.
    first: Option<FirstLook>,
}

/// What the first look at a clearance saw and found.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FirstLook {
    version: u64,
    crossing: Crossing,
    facts: Facts,
    findings: Findings,
    /// A rule that holds asks for the pass to be suspended.
    suspend: bool,
}

/// What traveller and lane can do. A lane whose machine cannot do it has a person who does.
const fn means(at: &LookAt<'_>) -> Means {
    Means {
        // Who showed a code can unlock the wallet again and show the next one; who cannot lays down the document.
        phone: at.proof.is_some(),
        face: !matches!(at.face.compared, Compared::Absent | Compared::NoPortrait),
        document: true,
        challenge: !matches!(at.request.lane, LaneKind::Manual),
        camera: true,
        reader: true,
    }
}

fn is_done(request: &Request, measure: Measure) -> bool {
    request.measures_done.contains(&clearance::measure_number(measure))
}

/// How a measure that was asked for at `asked` came out, by what this request proves.
fn outcome(at: &LookAt<'_>, measure: Measure, asked: Timestamp) -> Outcome {
    let request = at.request;
    let passed = match measure {
        // The request names the proof by its hash; what the gate says it did is not enough. The document is the equal way.
        Measure::Pin => {
            let unlocked = at.proof.is_some_and(|proof| proof.unlocked_since(asked));
            (is_done(request, measure) && unlocked) || is_done(request, Measure::PhysicalDocument)
        }
        // Another picture, at the stricter threshold.
        Measure::SecondLook => is_done(request, measure) && at.face.compared == Compared::Certain,
        Measure::ActiveLiveness | Measure::PhysicalDocument | Measure::Guardian | Measure::Officer => {
            is_done(request, measure)
        }
    };
    if passed { Outcome::Passed } else { Outcome::Failed }
}

/// What was open before anybody was asked: of what was done before the first request, only a person's look at the document and the face
/// counts, and never for the list or the lot, of which whoever did it knew nothing.
fn open_at_first(doubts: &Doubts, request: &Request) -> Doubts {
    let secret = |doubt: Doubt| matches!(doubt, Doubt::WatchList | Doubt::RandomCheck);
    let kept = Doubts::new(doubts.iter().filter(|(doubt, _)| secret(*doubt)));
    let mut rest = Doubts::new(doubts.iter().filter(|(doubt, _)| !secret(*doubt)));
    for measure in [Measure::Officer, Measure::PhysicalDocument, Measure::ActiveLiveness] {
        if is_done(request, measure) {
            rest = rest.after(measure);
        }
    }
    Doubts::new(kept.iter().chain(rest.iter()))
}

/// Where a visit stands: what is wanted next, what was asked, how it ended.
fn stand(step: Step) -> (Option<Measure>, Vec<Asked>, End) {
    match step {
        Step::Clear(clear) if clear.asked().is_empty() && !clear.by_officer() => {
            (None, Vec::new(), End::Open)
        }
        Step::Clear(clear) if clear.by_officer() => (None, clear.asked().to_vec(), End::ByOfficer),
        Step::Clear(clear) => (None, clear.asked().to_vec(), End::Answered),
        Step::Ask(asking) => (Some(asking.measure()), asking.asked().to_vec(), End::Open),
        Step::Person(person) => (Some(Measure::Officer), person.asked().to_vec(), End::Open),
    }
}

/// Goes on with a visit by what the next request of its clearance proves.
fn go_on(record: &ReasonRecord, at: &LookAt<'_>, now: Timestamp) -> Step {
    let request = at.request;
    // What is done now was not done when the visit began.
    let mut step = begin(record.doubts(), means(at), record.at());
    for asked in record.asked() {
        step = match step {
            Step::Ask(asking) => asking.came_out(asked.outcome, record.at()),
            Step::Clear(_) | Step::Person(_) => step,
        };
    }
    match step {
        // An officer who was called answers for everything.
        Step::Ask(asking) if is_done(request, Measure::Officer) => {
            Step::Clear(asking.to_person().found_no_doubt())
        }
        Step::Person(person) if is_done(request, Measure::Officer) => Step::Clear(person.found_no_doubt()),
        Step::Ask(asking) => {
            let outcome = outcome(at, asking.measure(), record.at());
            asking.came_out(outcome, now)
        }
        Step::Clear(_) | Step::Person(_) => step,
    }
}

impl Service {
    /// Asks the rules about a crossing, or goes on with a visit that began with an earlier request of the same clearance.
    pub(crate) async fn look(
        &self,
        tx: &mut Tx,
        at: &LookAt<'_>,
        now: Timestamp,
    ) -> Result<Looked, VerdictError> {
        if let Some((signed, step)) = rows::last_reason(tx, &at.request.clearance, at.person.key).await? {
            let record = self.open_reason(&signed, now)?.under(at.reference);
            if record.end() != End::Open {
                return Ok(Looked { record, wants: None, step, first: None });
            }
            let (wants, asked, end) = stand(go_on(&record, at, now));
            return Ok(Looked { record: record.went_on(&asked, end), wants, step, first: None });
        }
        self.first_look(tx, at, now).await
    }

    async fn first_look(&self, tx: &mut Tx, at: &LookAt<'_>, now: Timestamp) -> Result<Looked, VerdictError> {
        let mut found = self.find_risks(tx, at, now).await?;
        let FirstLook { version, facts, findings, .. } = &found;
        let version = *version;
        let doubts = Doubts::new(findings.doubts());
        let open = open_at_first(&doubts, at.request);
        let (wants, asked, end) = stand(begin(open, means(at), now));
        let running = self.risk.running();
        let rules = running.numbered(version).map(::risk::version::Active::rules);
        let seen = (facts, self.risk.schema());
        let record = ReasonRecord::new((version, rules), at.reference, now, findings, seen);
        let record = record.went_on(&asked, end);
        found.suspend = rules.is_some_and(|rules| asks_for_suspension(rules, &found.findings));
        Ok(Looked { record, wants, step: 0, first: Some(found) })
    }

    /// What the rules see and find. Where the facts cannot be made the stricter policy stands.
    async fn find_risks(
        &self,
        tx: &mut Tx,
        at: &LookAt<'_>,
        now: Timestamp,
    ) -> Result<FirstLook, VerdictError> {
        let (vault, request) = (self.store.vault(), at.request);
        let kept = rows::find_person_state(tx, vault, at.person, now).await?;
        rows::add_day(tx, vault, at.person, now.local_date(), &kept.state).await?;
        let wallet =
            rows::find_wallet(tx, vault, at.person.key).await?.filter(|_| at.opened.device.is_some());
        let device = match wallet {
            Some((tag, _)) => Some(rows::find_device_state(tx, vault, tag).await?),
            None => None,
        };
        let crossing = Crossing {
            crossed: Crossed { port: request.port.clone(), direction: request.direction, at: now },
            device: wallet.map_or(0, |(tag, _)| short_tag(tag)),
        };
        let code = vault.code_tag(&request.shown);
        let shown = rows::find_shown(tx, code, &request.clearance, now).await?;
        let lane = self.lane_state(tx, &request.gate, now).await?;
        let tags = (vault.number_tag(&at.opened.number), vault.interest_tag(&at.opened.number));
        let known = Known {
            me: self.me,
            request,
            view: at.view,
            rules: &self.rules,
            margin: at.face.margin,
            age: at.age,
            person: &kept.state,
            enrolled_at: kept.enrolled_at,
            crossing: &crossing,
            device: device.as_ref().map(|state| (state, person_tag(at.person.key))),
            declared: at.person.is_carried(now),
            wallet_since: wallet.map(|(_, since)| since),
            lane: &lane,
            shown: shown.as_ref(),
            unlocked: at.proof.is_some_and(|proof| proof.unlock().is_some()),
            last_loss: rows::last_loss(tx, at.person.key).await?,
            watched: person::is_watched(tx, tags.0, now).await?,
            interest: person::is_watched(tx, tags.1, now).await?,
            drawn: self.risk.draws(&vault.lot_key(), now.local_date(), &request.clearance),
            key_class: at.opened.device.and(at.opened.key_class),
            part_of: at.opened.part_of(),
            latency_ms: self.risk.latency(&request.gate),
            paper: at.opened.paper,
            now,
        };
        Ok(match facts_of(&known, self.risk.schema()) {
            Ok(facts) => {
                let found = self.risk.assess(&facts, &request.gate, now.local_date(), &vault.lot_key());
                FirstLook {
                    version: found.version,
                    crossing,
                    facts,
                    findings: found.findings,
                    suspend: false,
                }
            }
            Err(error) => {
                tracing::error!(%error, "the list of signals is not the one of this program: the stricter policy stands");
                let failed = self.risk.policy().finding(::risk::Fallback::Failed);
                let (facts, findings) = (Facts::new(self.risk.schema()), failed.into_iter().collect());
                FirstLook { version: 0, crossing, facts, findings, suspend: false }
            }
        })
    }

    /// Opens a reason that this authority signed.
    pub(crate) fn open_reason(&self, signed: &[u8], now: Timestamp) -> Result<ReasonRecord, VerdictError> {
        let damaged = || StoreError::Row { table: "risk_reason", column: "signed" };
        let kid = credential::message::kid(signed).map_err(|_| damaged())?;
        let trust = self.trust();
        match trust.find(self.me, trust::Role::Verdict, kid, now) {
            Ok(key) => Ok(ReasonRecord::open(signed, key).map_err(|_| damaged())?),
            // A key that is named no more signed it in its time: the record is as good as the database in which it lies.
            Err(_) => {
                let payload = credential::message::unverified_payload(signed).map_err(|_| damaged())?;
                Ok(ReasonRecord::decode(payload).map_err(|_| damaged())?)
            }
        }
    }

    /// Keeps what was seen, found and asked at a verdict, and signs its reason unless it is a plain admit.
    pub(crate) async fn keep_look(
        &self,
        tx: &mut Tx,
        (request, reference): (&Request, &[u8; 16]),
        (person, looked): (Option<&Person>, Option<Looked>),
        admitted: bool,
        now: Timestamp,
    ) -> Result<(), VerdictError> {
        let (mut plain, mut step) = (admitted, 0);
        let record = match looked {
            Some(looked) => {
                if let (Some(first), Some(person)) = (&looked.first, person) {
                    let kept = KeptVerdict {
                        reference: *reference,
                        person: person.key,
                        at: now,
                        version: first.version,
                        crossing: first.crossing.clone(),
                        facts: first.facts.encode(),
                        findings: first.findings.encode(),
                    };
                    let vault = self.store.vault();
                    let place = (vault.code_tag(&request.shown), request.gate.as_str(), &request.clearance);
                    rows::add_verdict(tx, vault, person, &kept, place).await?;
                    if first.suspend && person.session.is_some() {
                        let until = now.plus_seconds(appeal::SUSPENSION_SECONDS);
                        appeal::ask_suspension(tx, person.key, reference, (now, until)).await?;
                    }
                }
                step = looked.step;
                plain &= looked.first.is_some() && looked.record.doubts().is_empty();
                looked.record
            }
            None => {
                let nothing = (&Facts::new(self.risk.schema()), self.risk.schema());
                ReasonRecord::new((0, None), *reference, now, &Findings::default(), nothing)
            }
        };
        if plain {
            return Ok(());
        }
        let signing = self.signing();
        let signed = record.sign(&signing.verdict.kid(), &signing.verdict.key)?;
        let key = person.map(|person| person.key);
        rows::add_reason(tx, reference, (&request.clearance, step), key, (now, &signed)).await?;
        Ok(())
    }
}

/// Whether a rule that holds with effect asks for the pass to be suspended.
fn asks_for_suspension(rules: &RuleSet, findings: &Findings) -> bool {
    let suspends = |rule: &RuleId| rules.rules().iter().any(|each| each.suspends && each.id == *rule);
    findings.iter().any(|f| f.counts && f.cause == Cause::Held && suspends(&f.rule))
}
