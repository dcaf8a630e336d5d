//! Records: what risk control kept, read again: why somebody was asked for more, what each rule did, whether a day replays.
//!
//! Lives here: [`Service::risk_record`], [`Service::risk_report`], [`Service::replay_risks`]. Not here: what is kept (`looking`).

use std::collections::{BTreeMap, BTreeSet};

use ::risk::facts::Facts;
use ::risk::reason::{End, ReasonRecord};
use ::risk::state::{Journeys, PersonState};
use ::risk::{Cause, Findings, RuleId, finds_again, without_rules};
use documents::{LocalDate, Measure, Timestamp};

use crate::service::Service;
use crate::store::StoreError;
use crate::store::person;
use crate::store::risk::{self as rows, KeptVerdict};
use crate::verdict::VerdictError;

/// The reason record of a verdict, and whether a person stands behind it.
#[derive(Debug, Clone)]
pub struct RiskRecord {
    /// The record, as it was signed.
    pub record: ReasonRecord,
    /// Whether somebody was found whose it is: their appeal can be answered to them.
    pub has_person: bool,
}

/// What one rule did in a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RuleFigures {
    /// Crossings in which it held with effect.
    pub held: u64,
    /// Crossings in which it could not decide.
    pub undecided: u64,
    /// Crossings in which it held in shadow or on trial.
    pub in_shadow: u64,
}

/// What risk control did in a span of time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RiskReport {
    /// Crossings about which the rules were asked.
    pub crossings: u64,
    /// Of these, those in which something was in doubt with effect.
    pub in_doubt: u64,
    /// What each rule did.
    pub rules: BTreeMap<RuleId, RuleFigures>,
    /// What was asked, how often.
    pub asked: BTreeMap<&'static str, u64>,
    /// How verdicts with a reason ended.
    pub ended: BTreeMap<&'static str, u64>,
}

/// How one verdict came out when it was replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// The same findings, bit for bit.
    Same,
    /// Other findings.
    Other,
    /// The version of the rules is not kept here, or was tested against another list of signals.
    NoRules,
}

/// A day, replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayedDay {
    /// Verdicts whose findings came out the same.
    pub same: u64,
    /// References of those that did not.
    pub other: Vec<[u8; 16]>,
    /// Verdicts whose rules are not here.
    pub no_rules: u64,
}

impl Service {
    /// Why a verdict was no plain admit; `None` where no reason is kept under this reference.
    ///
    /// # Errors
    /// [`VerdictError`]: the database, or a record that does not open.
    pub async fn risk_record(
        &self,
        reference: &[u8; 16],
        now: Timestamp,
    ) -> Result<Option<RiskRecord>, VerdictError> {
        let mut tx = self.store.read().await?;
        let found = rows::find_reason(&mut tx, reference).await?;
        tx.commit().await?;
        let Some((signed, person)) = found else { return Ok(None) };
        Ok(Some(RiskRecord { record: self.open_reason(&signed, now)?, has_person: person.is_some() }))
    }

    /// What the rules did from `from` up to and without `to`.
    ///
    /// # Errors
    /// [`VerdictError`]: the database, or a record that does not open.
    pub async fn risk_report(&self, from: Timestamp, to: Timestamp) -> Result<RiskReport, VerdictError> {
        let mut tx = self.store.read().await?;
        let verdicts = rows::find_verdicts(&mut tx, self.store.vault(), (from, to)).await?;
        let reasons = rows::find_reasons(&mut tx, from, to).await?;
        tx.commit().await?;
        let mut report = RiskReport::default();
        for verdict in &verdicts {
            let findings = read_findings(&verdict.findings)?;
            report.crossings += 1;
            report.in_doubt += u64::from(!findings.doubts().is_empty());
            for finding in findings.iter() {
                let figures = report.rules.entry(finding.rule.clone()).or_default();
                match (finding.counts, finding.cause) {
                    (false, _) => figures.in_shadow += 1,
                    (true, Cause::Held) => figures.held += 1,
                    (true, Cause::Missing | Cause::Failed) => figures.undecided += 1,
                }
            }
        }
        for signed in &reasons {
            let record = self.open_reason(signed, to)?;
            *report.ended.entry(record.end().as_str()).or_default() += 1;
            for asked in record.asked() {
                *report.asked.entry(asked.measure.as_str()).or_default() += 1;
            }
            if record.end() == End::ByOfficer {
                *report.asked.entry(Measure::Officer.as_str()).or_default() += 1;
            }
        }
        Ok(report)
    }

    /// Asks the same version of the rules once more about every crossing of a day, and sees each person's first one again from the state
    /// with which their day began.
    ///
    /// # Errors
    /// The database's.
    pub async fn replay_risks(&self, day: LocalDate) -> Result<ReplayedDay, StoreError> {
        let span = (day.start(), day.plus_days(1).start());
        let vault = self.store.vault();
        let mut tx = self.store.read().await?;
        let verdicts = rows::find_verdicts(&mut tx, vault, span).await?;
        let mut replayed = ReplayedDay { same: 0, other: Vec::new(), no_rules: 0 };
        let mut begun = BTreeSet::new();
        for verdict in &verdicts {
            let mut replay = self.replay(verdict)?;
            if replay == Replay::Same && begun.insert(verdict.person) {
                let person = person::find_person(&mut tx, vault, verdict.person).await?;
                let state = match person {
                    Some(person) => rows::find_day(&mut tx, vault, &person, day).await?,
                    None => None,
                };
                if !state.is_some_and(|state| self.is_seen_again(verdict, &state)) {
                    replay = Replay::Other;
                }
            }
            match replay {
                Replay::Same => replayed.same += 1,
                Replay::Other => replayed.other.push(verdict.reference),
                Replay::NoRules => replayed.no_rules += 1,
            }
        }
        tx.commit().await?;
        Ok(replayed)
    }

    /// Whether the state with which the day began gives the signals that were kept with the first verdict of the day.
    fn is_seen_again(&self, verdict: &KeptVerdict, state: &PersonState) -> bool {
        let schema = self.risk.schema();
        let Ok(kept) = Facts::decode(&verdict.facts, schema) else { return false };
        let mut facts = kept.clone();
        let journeys = Journeys::new(&self.rules, verdict.at.local_date());
        state.signals(&verdict.crossing, &journeys, schema, &mut facts).is_ok() && facts == kept
    }

    fn replay(&self, verdict: &KeptVerdict) -> Result<Replay, StoreError> {
        let (version, kept) = (verdict.version, read_findings(&verdict.findings)?);
        let Ok(facts) = Facts::decode(&verdict.facts, self.risk.schema()) else { return Ok(Replay::NoRules) };
        let running = self.risk.running();
        let (schema, policy) = (self.risk.schema(), self.risk.policy());
        let same = match (version, running.numbered(version)) {
            (0, _) => without_rules(policy).encode() == kept.with_effect().encode(),
            (_, None) => return Ok(Replay::NoRules),
            (_, Some(active)) => finds_again(active.rules(), &facts, (schema, policy), &kept),
        };
        Ok(if same { Replay::Same } else { Replay::Other })
    }
}

fn read_findings(bytes: &[u8]) -> Result<Findings, StoreError> {
    Findings::decode(bytes).map_err(|_| StoreError::Row { table: "risk_verdict", column: "sealed" })
}
