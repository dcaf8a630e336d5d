//! Risk engine: what a service holds of its risk control: signals, engine, stricter policy, the rules that run, lanes' states.
//!
//! Lives here: [`RiskControl`], and what states tell devices and residents apart by. Not here: when the rules are asked (`verdict`), how
//! a version is taken (`risk_control`), what a rule may be (crate `risk`).

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use ::risk::band;
use ::risk::engine::{CelEngine, RuleEngine};
use ::risk::facts::Facts;
use ::risk::lot::{self, ONE_IN};
use ::risk::schema::Schema;
use ::risk::state::LaneState;
use ::risk::version::{Checks, RulesVersion, Running, Stage};
use ::risk::{Assessment, Faults, Judging, Policy, RuleId, assess};
use credential::message::MessageError;
use credential::{CryptoError, SecretKey, SigningKey, VerifyingKey};
use documents::{AuthorityCode, LocalDate, Timestamp};

use crate::store::vault::{PersonKey, Tag};

/// A watch that begins when it is made, and says how many milliseconds have gone.
pub type Watch = Box<dyn FnMut() -> u32 + Send>;
/// What ends after so many milliseconds.
pub type Pause = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a service holds of its risk control.
pub struct RiskControl {
    schema: Schema,
    engine: CelEngine,
    policy: Policy,
    one_in: Option<NonZeroU32>,
    running: RwLock<Running>,
    in_shadow: RwLock<BTreeSet<RuleId>>,
    lanes: Mutex<BTreeMap<String, LaneState>>,
    /// What this authority's answers take at each lane lately, in milliseconds; since the start alone.
    latencies: Mutex<BTreeMap<String, u32>>,
    watch: Arc<dyn Fn() -> Watch + Send + Sync>,
    pause: Arc<dyn Fn(u32) -> Pause + Send + Sync>,
}

impl std::fmt::Debug for RiskControl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RiskControl").field("one_in", &self.one_in).finish_non_exhaustive()
    }
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
            latencies: Mutex::default(),
            watch: Arc::new(monotonic),
            pause: Arc::new(|ms| Box::pin(tokio::time::sleep(Duration::from_millis(u64::from(ms))))),
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

    /// Waits by another clock until an answer goes out ([`::risk::band`]).
    #[must_use]
    pub fn with_pause(mut self, pause: Arc<dyn Fn(u32) -> Pause + Send + Sync>) -> Self {
        self.pause = pause;
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
    pub(crate) fn draws(&self, key: &SecretKey, day: LocalDate, clearance: &[u8; 16]) -> bool {
        self.one_in.is_some_and(|one_in| lot::random_check(key, day, clearance, one_in))
    }

    /// Brings rules into force for a bench, by a key of its own; what ran before is forgotten.
    ///
    /// # Errors
    /// The crypto library's, or [`Faults`] of the rules.
    pub(crate) fn run_for_bench(&self, text: &str, now: Timestamp) -> Result<(), BenchRulesError> {
        let key = SigningKey::generate()?;
        let text = text.to_owned();
        let (authority, schema) = (AuthorityCode::Chn, *self.schema.hash());
        let (starts, stage) = (now.local_date(), Stage::Full);
        let version = RulesVersion { authority, number: 1, made: now, starts, stage, schema, text };
        let signed = version.sign(b"bench", &key)?;
        let public = VerifyingKey::new(*key.public())?;
        let checks = Checks { key: &public, schema: &self.schema, engine: &self.engine, now };
        let mut running = Running::new(authority);
        running.take(&signed, "bench", &checks)?;
        self.run(running);
        Ok(())
    }

    /// The stricter policy.
    pub(crate) const fn policy(&self) -> Policy {
        self.policy
    }

    /// The engine, for checking a version.
    pub(crate) fn engine(&self) -> &dyn RuleEngine {
        &self.engine
    }

    /// Runs these rules from now on.
    pub(crate) fn run(&self, running: Running) {
        *self.running.write().unwrap_or_else(PoisonError::into_inner) = running;
    }

    /// Keeps these rules in shadow from now on.
    pub(crate) fn keep_in_shadow(&self, rules: BTreeSet<RuleId>) {
        *self.in_shadow.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    /// A watch that begins now.
    pub(crate) fn watch(&self) -> Watch {
        (self.watch)()
    }

    /// Waits until an answer goes out that was ready `took_ms` after its request came.
    pub(crate) async fn wait_for_band(&self, took_ms: u32) {
        (self.pause)(band::release_ms(took_ms).saturating_sub(took_ms)).await;
    }

    /// Notes what an answer took at a lane: an exponentially weighted mean, the newest with an eighth.
    pub(crate) fn note_latency(&self, lane: &str, took_ms: u32) {
        let mut latencies = self.latencies.lock().unwrap_or_else(PoisonError::into_inner);
        match latencies.get_mut(lane) {
            Some(mean) => {
                let next = (u64::from(*mean) * 7 + u64::from(took_ms)) / 8;
                *mean = u32::try_from(next).unwrap_or(u32::MAX);
            }
            None => {
                latencies.insert(lane.to_owned(), took_ms);
            }
        }
    }

    /// What answers take at a lane lately; `None` where none was given since the start.
    pub(crate) fn latency(&self, lane: &str) -> Option<u32> {
        self.latencies.lock().unwrap_or_else(PoisonError::into_inner).get(lane).copied()
    }

    /// The states of lanes that were seen since the start.
    pub(crate) fn lanes(&self) -> MutexGuard<'_, BTreeMap<String, LaneState>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the rules in force at a lane find in these facts.
    pub(crate) fn assess(&self, facts: &Facts, lane: &str, day: LocalDate, key: &SecretKey) -> Assessment {
        let (running, in_shadow) = (self.running(), self.in_shadow());
        let at = running.at_lane(lane, day, key);
        let judging =
            Judging { schema: &self.schema, policy: self.policy, in_shadow: &in_shadow, on_trial: false };
        let mut watch = self.watch();
        assess(&at, facts, &judging, &mut *watch)
    }

    pub(crate) fn in_shadow(&self) -> BTreeSet<RuleId> {
        self.in_shadow.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Eight bytes of a keyed hash: what a state tells devices apart by.
pub(crate) fn short_tag(tag: Tag) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *tag.as_bytes();
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// Eight bytes of the authority's own key of a person: what a device's state tells residents apart by.
pub(crate) fn person_tag(person: PersonKey) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *person.as_bytes();
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}
