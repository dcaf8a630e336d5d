//! Follow: a gate's lists, fetched from the authorities again and again, and replaced while lanes run.
//!
//! Lives here: [`Follower`]. Not here: whether a list is taken ([`Lists`]). An authority that is silent changes
//! nothing: what was in use stays in use, and grows old by its own dates.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use credential::status::MAX_TOKEN_LEN;
use documents::{AuthorityCode, Timestamp};
use serde::Serialize;

use super::{CLOCK_SECONDS, Lists, ListsError};
use crate::outbox::{AuthorityAddress, AuthorityAddresses};
use crate::steady::{ClockState, apart};

/// Largest answer with lists, in bytes: a status list of the largest size, of which nothing can be packed.
const MAX_LISTS_LEN: usize = MAX_TOKEN_LEN;
/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A status list that is in use: its number and the name that it must bear, of each issuer.
pub type StatusInUse = Vec<(AuthorityCode, u8, String)>;

/// A list that was not fetched or not taken.
#[derive(Debug)]
pub struct NotFetched {
    /// The authority that was asked.
    pub from: AuthorityCode,
    /// The kind of list.
    pub what: String,
    /// The cause, in words.
    pub why: String,
}

/// Lists that are kept up to date.
#[derive(Debug)]
pub struct Follower {
    addresses: AuthorityAddresses,
    current: RwLock<Arc<Lists>>,
    refused: RwLock<Vec<Refused>>,
    rounds: AtomicU64,
    /// The status lists that the last round asked for.
    in_use: RwLock<StatusInUse>,
    heard: RwLock<Heard>,
    /// What the log was told to be missing.
    told: Mutex<BTreeSet<(AuthorityCode, String, String)>>,
}

/// What the last round heard of the authorities' clocks.
#[derive(Debug, Clone, Default)]
struct Heard {
    /// The newest time that each signed.
    signed: BTreeMap<AuthorityCode, Timestamp>,
    /// How far each lies apart from this gate's, at least.
    apart: BTreeMap<AuthorityCode, i64>,
}

/// A list that the last round brought and that was not taken, for it would go back.
#[derive(Debug, Clone, Serialize)]
pub struct Refused {
    /// From whom it came.
    pub from: AuthorityCode,
    /// The stable code of the reason.
    pub code: &'static str,
}

impl Refused {
    /// Where the error is a way back, or a clock that is wrong.
    fn because(from: AuthorityCode, error: &ListsError) -> Option<Self> {
        error.reason().map(|reason| Self { from, code: reason.code() })
    }
}

impl Heard {
    /// Notes a time that an authority signed, of a list that came so long after `now`.
    fn note(&mut self, from: AuthorityCode, signed: Timestamp, now: Timestamp, after: Duration) {
        if self.signed.get(&from).is_some_and(|newer| *newer >= signed) {
            return;
        }
        let now = now.plus_seconds(i64::try_from(after.as_secs()).unwrap_or(i64::MAX));
        self.signed.insert(from, signed);
        self.apart.insert(from, apart(now, signed));
    }
}

impl Follower {
    /// Begins with these lists, and fetches from these authorities.
    #[must_use]
    pub fn new(addresses: AuthorityAddresses, first: Lists) -> Self {
        let current = RwLock::new(Arc::new(first));
        let (refused, in_use, heard, told) = Default::default();
        Self { addresses, current, refused, rounds: AtomicU64::new(0), in_use, heard, told }
    }

    /// What the last round brought that would go back.
    #[must_use]
    pub fn refused(&self) -> Vec<Refused> {
        self.refused.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The newest time that each authority signed, as the last round heard it.
    #[must_use]
    pub fn signed_times(&self) -> BTreeMap<AuthorityCode, Timestamp> {
        self.heard.read().unwrap_or_else(PoisonError::into_inner).signed.clone()
    }

    /// How this gate's clock stood to the authorities' in the last round.
    #[must_use]
    pub fn clock(&self) -> ClockState {
        ClockState::of(&self.heard.read().unwrap_or_else(PoisonError::into_inner).apart)
    }

    /// Whether the authorities contradict this gate's clock: nothing is to be written down then.
    #[must_use]
    pub fn clock_is_unsure(&self) -> bool {
        matches!(self.clock(), ClockState::Unsure(_))
    }

    /// The time after which nothing can have been signed yet; `None` where the clock does not agree with the authorities',
    /// and nothing is to be forgotten by it.
    #[must_use]
    pub fn learnt_until(&self, now: Timestamp) -> Option<Timestamp> {
        (self.clock() == ClockState::Agrees).then(|| now.plus_seconds(CLOCK_SECONDS))
    }

    /// The status lists that the last round asked for.
    pub(crate) fn in_use(&self) -> StatusInUse {
        self.in_use.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many rounds there were.
    #[must_use]
    pub fn rounds(&self) -> u64 {
        self.rounds.load(Ordering::SeqCst)
    }

    /// The lists of this moment.
    #[must_use]
    pub fn lists(&self) -> Arc<Lists> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes trust lists that came by another way than from an authority: copied by an operator.
    pub fn take_trust(&self, lists: impl IntoIterator<Item = (AuthorityCode, Vec<u8>)>, now: Timestamp) {
        let mut taken = Lists::clone(&self.lists());
        let mut changed = false;
        for (whose, bytes) in lists {
            if taken.trust().bytes(whose) == Some(bytes.as_slice()) {
                continue;
            }
            match taken.take_trust(&bytes, now) {
                Ok(_) => changed = true,
                Err(error) => tracing::debug!(%whose, %error, "a copied trust list was not taken"),
            }
        }
        if changed {
            *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(taken);
        }
    }

    /// Fetches everything once; gives what did not come or was not taken.
    pub async fn round(&self, status: &StatusInUse, now: Timestamp) -> Vec<NotFetched> {
        let mut lists = Lists::clone(&self.lists());
        let (mut missing, mut refused) = (Vec::new(), Vec::new());
        let (begun, mut heard) = (tokio::time::Instant::now(), Heard::default());
        let mut bundles: Option<Vec<(AuthorityCode, Vec<u8>)>> = None;
        for (from, address) in &self.addresses {
            let mut miss = |what: &str, why: String| {
                missing.push(NotFetched { from: *from, what: what.to_owned(), why });
            };
            match self.read(address, "/v1/trust-lists", transport::trust_lists).await {
                Ok(chains) => {
                    for (_, chain) in chains {
                        if let Err(error) = lists.take_trust(&chain, now) {
                            refused.extend(Refused::because(*from, &error));
                            miss("trust list", error.to_string());
                        }
                    }
                }
                Err(why) => miss("trust lists", why),
            }
            match self.read(address, "/v1/approvals", transport::approvals).await {
                Ok(given) => {
                    let all = bundles.get_or_insert_default();
                    for bundle in given {
                        if !all.iter().any(|(_, known)| *known == bundle) {
                            all.push((*from, bundle));
                        }
                    }
                }
                Err(why) => miss("approvals", why),
            }
            for (_, number, name) in status.iter().filter(|(issuer, ..)| issuer == from) {
                match self.get(address, &format!("/v1/status-lists/{number}")).await {
                    Ok(bytes) => match lists.take_status(*from, *number, name, &bytes, now) {
                        Ok(signed) => heard.note(*from, signed, now, begun.elapsed()),
                        Err(error) => {
                            if let ListsError::StatusFuture { signed } = error {
                                heard.note(*from, signed, now, begun.elapsed());
                            }
                            refused.extend(Refused::because(*from, &error));
                            miss("status list", error.to_string());
                        }
                    },
                    Err(why) => miss("status list", why),
                }
            }
        }
        if let Some(bundles) = bundles {
            let given = bundles.iter().map(|(from, bundle)| (*from, bundle.as_slice()));
            for (from, error) in lists.set_approvals(given, now) {
                refused.extend(Refused::because(from, &error));
                missing.push(NotFetched { from, what: "approval".to_owned(), why: error.to_string() });
            }
        }
        self.tell(&missing);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(lists);
        *self.refused.write().unwrap_or_else(PoisonError::into_inner) = refused;
        *self.heard.write().unwrap_or_else(PoisonError::into_inner) = heard;
        self.in_use.write().unwrap_or_else(PoisonError::into_inner).clone_from(status);
        self.rounds.fetch_add(1, Ordering::SeqCst);
        missing
    }

    /// Logs what is missing since this round, and what has come again: a second round of the same is no news.
    fn tell(&self, missing: &[NotFetched]) {
        let now: BTreeSet<_> = missing.iter().map(|m| (m.from, m.what.clone(), m.why.clone())).collect();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        for (from, what, why) in now.difference(&told) {
            tracing::warn!(%from, what, why, "not fetched");
        }
        for (from, what, _) in told.difference(&now) {
            tracing::info!(%from, what, "no longer missing for this reason");
        }
        *told = now;
    }

    async fn get(&self, address: &AuthorityAddress, path: &str) -> Result<Vec<u8>, String> {
        let AuthorityAddress { base, client } = address;
        let response = client.get(format!("{base}{path}")).timeout(TIMEOUT).send().await;
        let response = response.map_err(|_| "cannot be reached".to_owned())?;
        if !response.status().is_success() {
            return Err(format!("answers with status {}", response.status().as_u16()));
        }
        transport::bounded_body(response, MAX_LISTS_LEN).await.map_err(|error| error.to_string())
    }

    async fn read<T>(
        &self,
        address: &AuthorityAddress,
        path: &str,
        read: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<T, String> {
        let body = self.get(address, path).await?;
        read(&body).ok_or_else(|| "answers with a malformed body".to_owned())
    }
}
