//! Risk control: how an authority asks its own rules about a crossing, and what it does with what they find (`docs/risk.md`).
//!
//! Lives here: [`RiskControl`], what a service holds for it; which versions of the rules run. Below: `signals` makes the facts of one
//! crossing, `looking` asks the rules within a verdict's transaction, `learning` brings states up to date, `records` reads what was
//! kept, `appeals` lets a person answer for it. Not here: what a rule may be, which measure answers what (crate `risk`); rows (`store::risk`).

mod appeals;
mod learning;
mod looking;
mod records;
mod signals;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use ::risk::engine::CelEngine;
use ::risk::facts::Facts;
use ::risk::lot::{self, ONE_IN};
use ::risk::schema::Schema;
use ::risk::state::LaneState;
use ::risk::version::{Checks, RulesVersion, Running, Stage};
use ::risk::{Assessment, Faults, Judging, Policy, RuleId, assess};
use credential::message::{self, MessageError};
use credential::{CryptoError, SecretKey, SigningKey, VerifyingKey};
use documents::{AuthorityCode, LocalDate, Timestamp};
use trust::{Role, TrustError};

use crate::service::Service;
use crate::store::risk as rows;
use crate::store::{StoreError, risk::KeptRules};

pub use appeals::{
    APPEAL_LANGUAGES, APPEAL_WORKING_DAYS, AppealError, LONGEST_WORDS, SUSPENSION_SECONDS, SuspensionDecision,
};
pub(crate) use looking::{LookAt, Looked};
pub use records::{Replay, ReplayedDay, RiskRecord, RiskReport, RuleFigures};

/// A watch that begins when it is made, and says how many milliseconds have gone.
pub type Watch = Box<dyn FnMut() -> u32 + Send>;

/// What a service holds of its risk control.
pub struct RiskControl {
    schema: Schema,
    engine: CelEngine,
    policy: Policy,
    one_in: Option<NonZeroU32>,
    running: RwLock<Running>,
    in_shadow: RwLock<BTreeSet<RuleId>>,
    lanes: Mutex<BTreeMap<String, LaneState>>,
    watch: Arc<dyn Fn() -> Watch + Send + Sync>,
}

impl std::fmt::Debug for RiskControl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RiskControl").field("one_in", &self.one_in).finish_non_exhaustive()
    }
}

/// Why a version of the rules was not taken; what runs goes on.
#[derive(Debug, thiserror::Error)]
pub enum RiskRulesError {
    /// The database cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is no signed message.
    #[error("{file}: this is no signed version of risk rules; make one with `baypass risk activate`")]
    Unsigned {
        /// The file.
        file: String,
    },
    /// The key that signed it does not count for approvals of this authority.
    #[error("{file}: the version is not signed by this authority's key for approvals: {why}")]
    Key {
        /// The file.
        file: String,
        /// What is wrong with the key.
        why: TrustError,
    },
    /// What is wrong with the version or its rules, each with its line.
    #[error("{0}")]
    Faults(Faults),
}

/// Why a bench has no rules.
#[derive(Debug, thiserror::Error)]
pub enum BenchRulesError {
    /// The crypto library.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// The version could not be signed.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The rules in the program.
    #[error(transparent)]
    Faults(#[from] Faults),
}

#[expect(
    clippy::disallowed_methods,
    reason = "the watch of the rules' budget: past it, the stricter policy stands"
)]
fn monotonic() -> Watch {
    let begun = std::time::Instant::now();
    Box::new(move || u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX))
}

impl RiskControl {
    /// The signals and the stricter policy that are in the program; no rules yet, so that every traveller is looked at by an officer.
    ///
    /// # Errors
    /// [`Faults`] where what is in the program is broken, which a test rules out.
    pub fn builtin(authority: AuthorityCode) -> Result<Self, Faults> {
        Ok(Self {
            schema: Schema::builtin()?,
            engine: CelEngine::new(),
            policy: Policy::builtin().map_err(Faults::from)?,
            one_in: Some(ONE_IN),
            running: RwLock::new(Running::new(authority)),
            in_shadow: RwLock::default(),
            lanes: Mutex::default(),
            watch: Arc::new(monotonic),
        })
    }

    /// Checks one crossing in so many by lot; the number is public. None: no lot, where no list has to be hidden among its checks.
    #[must_use]
    pub const fn with_random_checks(mut self, one_in: Option<NonZeroU32>) -> Self {
        self.one_in = one_in;
        self
    }

    /// Measures the rules' budget by another watch.
    #[must_use]
    pub fn with_watch(mut self, watch: Arc<dyn Fn() -> Watch + Send + Sync>) -> Self {
        self.watch = watch;
        self
    }

    /// The signals that the rules may look at.
    #[must_use]
    pub const fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The rules as they run.
    #[must_use]
    pub fn running(&self) -> Running {
        self.running.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the lot falls on this crossing.
    fn draws(&self, key: &SecretKey, day: LocalDate, clearance: &[u8; 16]) -> bool {
        self.one_in.is_some_and(|one_in| lot::random_check(key, day, clearance, one_in))
    }

    /// Brings rules into force for a bench, by a key of its own.
    ///
    /// # Errors
    /// The crypto library's, or [`Faults`] of the rules.
    pub(crate) fn run_for_bench(&self, now: Timestamp) -> Result<(), BenchRulesError> {
        let key = SigningKey::generate()?;
        let text = ::risk::rules::RULES_TEXT.to_owned();
        let (authority, schema) = (AuthorityCode::Chn, *self.schema.hash());
        let (starts, stage) = (now.local_date(), Stage::Full);
        let version = RulesVersion { authority, number: 1, made: now, starts, stage, schema, text };
        let signed = version.sign(b"bench", &key)?;
        let public = VerifyingKey::new(*key.public())?;
        let checks = Checks { key: &public, schema: &self.schema, engine: &self.engine, now };
        let mut running = self.running.write().unwrap_or_else(PoisonError::into_inner);
        running.take(&signed, "bench", &checks)?;
        Ok(())
    }

    fn in_shadow(&self) -> BTreeSet<RuleId> {
        self.in_shadow.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Service {
    /// Takes a signed version of the rules: it is kept, and counts from now on as far as its stage says.
    ///
    /// # Errors
    /// [`RiskRulesError`]: nothing was kept, and what runs goes on.
    pub async fn take_risk_rules(
        &self,
        signed: &[u8],
        file: &str,
        now: Timestamp,
    ) -> Result<Stage, RiskRulesError> {
        let mut tx = self.store.begin().await?;
        // What another process took in the meantime is older than nothing here.
        let mut running = self.risk.running();
        if let Some(newest) = rows::find_rules(&mut tx).await?.last() {
            running.not_before((newest.number, newest.hash));
        }
        let stage = self.check_version(&mut running, signed, file, now)?;
        if let Some((number, hash)) = running.newest() {
            rows::add_rules(&mut tx, &KeptRules { number, hash, signed: signed.to_vec() }, now).await?;
        }
        tx.commit().await?;
        *self.risk.running.write().unwrap_or_else(PoisonError::into_inner) = running;
        Ok(stage)
    }

    /// Takes again what this database kept: every version in its order, and the rules that went back to shadow by their appeals. Gives
    /// what was refused; the versions before it count.
    ///
    /// # Errors
    /// [`StoreError`]; nothing changed.
    pub async fn load_risk_rules(&self, now: Timestamp) -> Result<Vec<RiskRulesError>, StoreError> {
        let mut tx = self.store.read().await?;
        let kept = rows::find_rules(&mut tx).await?;
        let counts = rows::appeal_counts(&mut tx).await?;
        tx.commit().await?;
        let (mut running, mut refused) = (Running::new(self.me), Vec::new());
        for version in &kept {
            let file = format!("risk rules {}", version.number);
            if let Err(error) = self.check_version(&mut running, &version.signed, &file, now) {
                refused.push(error);
            }
        }
        if let Some(newest) = kept.last() {
            running.not_before((newest.number, newest.hash));
        }
        *self.risk.running.write().unwrap_or_else(PoisonError::into_inner) = running;
        let in_shadow = ::risk::appeals::back_to_shadow(&counts);
        *self.risk.in_shadow.write().unwrap_or_else(PoisonError::into_inner) = in_shadow;
        Ok(refused)
    }

    fn check_version(
        &self,
        running: &mut Running,
        signed: &[u8],
        file: &str,
        now: Timestamp,
    ) -> Result<Stage, RiskRulesError> {
        let kid = message::kid(signed).map_err(|_| RiskRulesError::Unsigned { file: file.to_owned() })?;
        let trust = self.trust();
        let key = trust
            .find(self.me, Role::Approval, kid, now)
            .map_err(|why| RiskRulesError::Key { file: file.to_owned(), why })?;
        let checks = Checks { key, schema: &self.risk.schema, engine: &self.risk.engine, now };
        running.take(signed, file, &checks).map_err(RiskRulesError::Faults)
    }

    /// The rules as they run here.
    #[must_use]
    pub fn risk_rules(&self) -> Running {
        self.risk.running()
    }

    /// What the rules in force at a lane find in these facts.
    fn assess_risk(&self, facts: &Facts, lane: &str, day: LocalDate) -> Assessment {
        let (running, in_shadow) = (self.risk.running(), self.risk.in_shadow());
        let at = running.at_lane(lane, day, &self.store.vault().lot_key());
        let judging = Judging {
            schema: &self.risk.schema,
            policy: self.risk.policy,
            in_shadow: &in_shadow,
            on_trial: false,
        };
        let mut watch = (self.risk.watch)();
        assess(&at, facts, &judging, &mut *watch)
    }
}
