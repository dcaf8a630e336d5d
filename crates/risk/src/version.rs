//! Versions: signed, numbered and dated rules; which of them is in force at a lane; going back.
//!
//! Lives here: [`RulesVersion`], [`Stage`], [`Running`]. Not here: what a file of rules must be (`rules`), where a signed version is kept
//! (the programs), who may sign (the caller names the key).
//!
//! A number only goes up, as an approval's does. Going back is going on: the earlier rules are signed under the next number.

use std::sync::Arc;

use credential::cbor::{CborError, Reader, Writer};
use credential::message::{self, Kind, MessageError};
use credential::{SecretKey, SigningKey, VerifyingKey, sha256};
use documents::{AuthorityCode, LocalDate, Timestamp};

use crate::engine::RuleEngine;
use crate::fault::{Fault, FaultKind, Faults};
use crate::lot;
use crate::rules::{MAX_RULES_TEXT, RuleSet};
use crate::schema::Schema;

/// How far a version's effect goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Scored and logged at every lane, beside the rules in force; no effect.
    Shadow,
    /// In force at some lanes of each day, drawn by a keyed hash.
    Canary {
        /// The share of lanes, in thousandths: 1 to 999.
        share: u16,
    },
    /// In force everywhere.
    Full,
}

impl Stage {
    /// `shadow`, `canary` or `full`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shadow => "shadow",
            Self::Canary { .. } => "canary",
            Self::Full => "full",
        }
    }

    const fn numbers(self) -> (u64, u64) {
        match self {
            Self::Shadow => (0, 0),
            Self::Canary { share } => (1, share as u64),
            Self::Full => (2, 1000),
        }
    }

    fn from_numbers(stage: u64, share: u64) -> Option<Self> {
        match (stage, share) {
            (0, 0) => Some(Self::Shadow),
            (1, 1..=999) => Some(Self::Canary { share: u16::try_from(share).ok()? }),
            (2, 1000) => Some(Self::Full),
            _ => None,
        }
    }
}

/// One version of an authority's rules, as it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesVersion {
    /// Whose rules they are.
    pub authority: AuthorityCode,
    /// Its number, from 1.
    pub number: u64,
    /// When it was made.
    pub made: Timestamp,
    /// The day from which it may be activated.
    pub starts: LocalDate,
    /// How far it goes.
    pub stage: Stage,
    /// SHA-256 of the list of signals that it was tested against.
    pub schema: [u8; 32],
    /// The file of rules.
    pub text: String,
}

impl RulesVersion {
    /// The payload of the signed message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (stage, share) = self.stage.numbers();
        let mut w = Writer::with_capacity(self.text.len() + 96);
        w.array(8).text(self.authority.code()).uint(self.number).uint(self.made.unix().unsigned_abs());
        w.uint(self.starts.days_since_epoch().unsigned_abs()).uint(stage).uint(share);
        w.bytes(&self.schema).text(&self.text);
        w.finish()
    }

    /// Reads a payload.
    ///
    /// # Errors
    /// [`CborError`] for the first malformed item.
    pub fn decode(payload: &[u8]) -> Result<Self, CborError> {
        let mut r = Reader::new(payload);
        r.array_exact(8)?;
        let authority = message::read_authority(&mut r)?;
        let number = r.uint_max(i64::MAX.unsigned_abs())?;
        let made = i64::try_from(r.uint()?).ok().and_then(Timestamp::from_unix).ok_or(CborError::Limit)?;
        let days = i64::try_from(r.uint()?).map_err(|_| CborError::Limit)?;
        let starts = LocalDate::from_days_since_epoch(days).ok_or(CborError::Limit)?;
        let stage = Stage::from_numbers(r.uint()?, r.uint()?).ok_or(CborError::Unexpected)?;
        let schema = *r.bytes_exact()?;
        let text = r.text(MAX_RULES_TEXT)?.to_owned();
        r.finish()?;
        if number == 0 {
            return Err(CborError::Unexpected);
        }
        Ok(Self { authority, number, made, starts, stage, schema, text })
    }

    /// Signs the version with the key of its authority's approvals.
    ///
    /// # Errors
    /// [`MessageError`] if the crypto library cannot sign.
    pub fn sign(&self, kid: &[u8], key: &SigningKey) -> Result<Vec<u8>, MessageError> {
        message::sign(Kind::RiskRules, kid, key, &self.encode())
    }

    /// These rules once more, under another number: how a later version is taken back, or a trial goes on to the next stage.
    #[must_use]
    pub fn again(&self, number: u64, made: Timestamp, stage: Stage) -> Self {
        Self { number, made, starts: made.local_date(), stage, ..self.clone() }
    }
}

/// A version that passed everything.
#[derive(Debug, Clone)]
pub struct Active {
    version: Arc<RulesVersion>,
    rules: Arc<RuleSet>,
}

impl Active {
    /// What was signed.
    #[must_use]
    pub fn version(&self) -> &RulesVersion {
        &self.version
    }

    /// Its rules.
    #[must_use]
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }
}

/// The rules of one authority as they run: those in force, and at most one version on trial.
#[derive(Debug, Clone)]
pub struct Running {
    authority: AuthorityCode,
    newest: Option<(u64, [u8; 32])>,
    full: Option<Active>,
    trial: Option<Active>,
}

/// What a lane asks by.
#[derive(Debug, Clone, Copy)]
pub struct AtLane<'a> {
    /// The rules that count; `None` where there are none, and the stricter policy stands.
    pub in_force: Option<&'a Active>,
    /// Rules that are scored and logged alone.
    pub on_trial: Option<&'a Active>,
}

impl Running {
    /// No rules yet.
    #[must_use]
    pub const fn new(authority: AuthorityCode) -> Self {
        Self { authority, newest: None, full: None, trial: None }
    }

    /// The newest version seen: its number and the SHA-256 of its payload. A program keeps it.
    #[must_use]
    pub const fn newest(&self) -> Option<(u64, [u8; 32])> {
        self.newest
    }

    /// Refuses from now on what is older than this. A program that starts takes the versions it kept, in order, and then calls this.
    pub fn not_before(&mut self, newest: (u64, [u8; 32])) {
        if self.newest.is_none_or(|(have, _)| have < newest.0) {
            self.newest = Some(newest);
        }
    }

    /// Checks a signed version and activates it. Whatever is wrong, what runs goes on unchanged.
    ///
    /// # Errors
    /// [`Faults`]: everything that is wrong with it.
    pub fn take(&mut self, signed: &[u8], file: &str, checks: &Checks<'_>) -> Result<Stage, Faults> {
        let fault = |kind| Faults::from(Fault { file: file.to_owned(), line: 1, kind });
        let payload = message::open(Kind::RiskRules, signed, checks.key)
            .map_err(|error| fault(FaultKind::Unsigned { what: error.to_string() }))?;
        let version = RulesVersion::decode(payload)
            .map_err(|error| fault(FaultKind::Form { what: error.to_string() }))?;
        if version.authority != self.authority {
            let (got, own) = (version.authority.to_string(), self.authority.to_string());
            return Err(fault(FaultKind::OtherAuthority { got, own }));
        }
        let hash = sha256(payload);
        if let Some((have, known)) = self.newest
            && (version.number < have || (version.number == have && hash != known))
        {
            return Err(fault(FaultKind::RolledBack { have, got: version.number }));
        }
        if version.schema != *checks.schema.hash() {
            return Err(fault(FaultKind::OtherSchema));
        }
        if checks.now.local_date() < version.starts {
            return Err(fault(FaultKind::NotYet { starts: version.starts.to_string() }));
        }
        let rules = RuleSet::read(file, &version.text, checks.schema, checks.engine)?;
        let stage = version.stage;
        self.newest = Some((version.number, hash));
        let active = Active { version: Arc::new(version), rules: Arc::new(rules) };
        match stage {
            // A version in force ends the trial before it: it was the trial, or it goes another way.
            Stage::Full => (self.full, self.trial) = (Some(active), None),
            Stage::Shadow | Stage::Canary { .. } => self.trial = Some(active),
        }
        Ok(stage)
    }

    /// The rules in force everywhere but at a trial's lanes.
    #[must_use]
    pub const fn full(&self) -> Option<&Active> {
        self.full.as_ref()
    }

    /// The version on trial.
    #[must_use]
    pub const fn trial(&self) -> Option<&Active> {
        self.trial.as_ref()
    }

    /// The version with this number, where it is in force or on trial.
    #[must_use]
    pub fn numbered(&self, number: u64) -> Option<&Active> {
        [&self.full, &self.trial].into_iter().flatten().find(|active| active.version.number == number)
    }

    /// What counts at a lane on a day. The lanes of a canary are drawn anew each day by `key`, so nobody can choose one.
    #[must_use]
    pub fn at_lane(&self, lane: &str, day: LocalDate, key: &SecretKey) -> AtLane<'_> {
        let (full, trial) = (self.full.as_ref(), self.trial.as_ref());
        match trial.map(|active| active.version.stage) {
            Some(Stage::Canary { share }) if lot::lane_is_canary(key, lane, day, share) => {
                AtLane { in_force: trial, on_trial: full }
            }
            Some(Stage::Canary { .. }) | None => AtLane { in_force: full, on_trial: None },
            Some(Stage::Shadow | Stage::Full) => AtLane { in_force: full, on_trial: trial },
        }
    }
}

/// What a signed version is checked against.
pub struct Checks<'a> {
    /// The key that the trust list names for the authority's approvals.
    pub key: &'a VerifyingKey,
    /// The list of signals.
    pub schema: &'a Schema,
    /// The engine.
    pub engine: &'a dyn RuleEngine,
    /// The time.
    pub now: Timestamp,
}
