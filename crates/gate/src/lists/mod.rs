//! Lists: the trust lists, status lists and approvals in use, as the check asks for them. They are taken from signed
//! bytes only, and never go back to older ones.
//!
//! Lives here: [`Lists`], [`Follower`] (fetches them), [`ListMemory`] (how far they had come), [`KeptLists`] (what a start without
//! a network goes by). Not here: what a list is (`trust`, `credential::status`).

mod follow;
mod kept;
mod memory;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use credential::status::{SignedStatusList, StatusListError, list_kid};
use credential::{StatusRef, VerifyingKey};
use documents::{AuthorityCode, Direction, PortId, Timestamp};
use trust::{Approval, ApprovalError, Approvals, Freshness, Role, TrustError, TrustStore};

use crate::check::{Age, KeyFault, StatusAnswer, Trusted};
use crate::reason::GateReason;

pub use follow::{Follower, NotFetched, Refused, StatusInUse};
pub use kept::{KeptLists, Unusable};
pub use memory::{ListMemory, MemoryError, Newest};

/// How far another machine's clock may run ahead of this one.
const CLOCK_SECONDS: i64 = 300;

/// Why a list was not taken. What was in use stays in use.
#[derive(Debug, thiserror::Error)]
pub enum ListsError {
    /// A trust list was refused.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// A status list was refused.
    #[error("the status list is not valid: {0}")]
    Status(#[from] StatusListError),
    /// A status list that names no key.
    #[error("the status list names no key")]
    NoKey,
    /// An older status list than the one in use.
    #[error(
        "the status list of {authority} would go back to {got}, in use is one of {have}; fetch the newest"
    )]
    StatusRollback {
        /// The authority that issued the list.
        authority: AuthorityCode,
        /// When the one in use was signed.
        have: Timestamp,
        /// When the other one was.
        got: Timestamp,
    },
    /// A status list from the future.
    #[error("the status list is signed in the future; check this machine's clock")]
    StatusFuture {
        /// When it was signed.
        signed: Timestamp,
    },
    /// An approval was refused.
    #[error(transparent)]
    Approval(#[from] ApprovalError),
}

impl ListsError {
    /// The gate's reason, where the list would go back or the clock is wrong.
    #[must_use]
    pub const fn reason(&self) -> Option<GateReason> {
        match self {
            Self::Trust(TrustError::Rollback { .. }) => Some(GateReason::TrustListRolledBack),
            Self::Trust(TrustError::Future) | Self::StatusFuture { .. } => Some(GateReason::ClockUnsure),
            Self::StatusRollback { .. } => Some(GateReason::StatusListRolledBack),
            Self::Approval(ApprovalError::Rollback { .. }) => Some(GateReason::ApprovalRolledBack),
            Self::Trust(_) | Self::Status(_) | Self::NoKey | Self::Approval(_) => None,
        }
    }
}

#[derive(Debug, Clone)]
struct TokenKey {
    key: VerifyingKey,
    from: Timestamp,
    to: Timestamp,
    compromised: bool,
}

/// A status list in use, and the bytes in which it came.
#[derive(Debug, Clone)]
struct StatusHeld {
    read: SignedStatusList,
    bytes: Arc<[u8]>,
}

/// Bundles of signatures over approvals, each with the authority that gave it.
type Bundles = Vec<(AuthorityCode, Arc<[u8]>)>;

/// What a gate goes by.
#[derive(Debug, Clone, Default)]
pub struct Lists {
    trust: TrustStore,
    /// The token keys again, by what a token names them: a list may hold thousands of gates' keys.
    tokens: BTreeMap<(AuthorityCode, u8), TokenKey>,
    status: BTreeMap<(AuthorityCode, u8), StatusHeld>,
    approvals: Approvals,
    /// As they were given last.
    bundles: Bundles,
    approvals_heard: Option<Timestamp>,
    /// Status lists that were signed earlier than this are not taken, where this gate has seen one before it was started.
    status_least: BTreeMap<(AuthorityCode, u8), Timestamp>,
}

impl Lists {
    /// The lists of a trust store; status lists and approvals are still to come.
    #[must_use]
    pub fn new(trust: TrustStore) -> Self {
        let mut lists = Self { trust, ..Self::default() };
        lists.index();
        lists
    }

    /// The trust lists.
    #[must_use]
    pub const fn trust(&self) -> &TrustStore {
        &self.trust
    }

    /// The approvals in force.
    #[must_use]
    pub const fn approvals(&self) -> &Approvals {
        &self.approvals
    }

    /// When an authority gave the approvals in use; `None` where none did.
    #[must_use]
    pub const fn approvals_heard(&self) -> Option<Timestamp> {
        self.approvals_heard
    }

    /// Takes a signed trust list.
    ///
    /// # Errors
    /// Why it was not taken.
    pub fn take_trust(&mut self, bytes: &[u8], now: Timestamp) -> Result<AuthorityCode, ListsError> {
        let authority = self.trust.update(bytes, now)?;
        self.index();
        Ok(authority)
    }

    /// Takes the signed status list `list` of `issuer`, whose own name is `subject`; gives when it was signed. A list that was
    /// taken under a clock far ahead of this one keeps no other out: what was learnt in the future binds nobody.
    ///
    /// # Errors
    /// Why it was not taken.
    pub fn take_status(
        &mut self,
        issuer: AuthorityCode,
        list: u8,
        subject: &str,
        bytes: &[u8],
        now: Timestamp,
    ) -> Result<Timestamp, ListsError> {
        let kid = list_kid(bytes)?.ok_or(ListsError::NoKey)?;
        let key = self.trust.find(issuer, Role::Status, &kid, now)?;
        let read = SignedStatusList::open(bytes, key, subject)?;
        if read.issued.seconds_since(now) > CLOCK_SECONDS {
            return Err(ListsError::StatusFuture { signed: read.issued });
        }
        let place = (issuer, list);
        let past = |signed: &Timestamp| signed.seconds_since(now) <= CLOCK_SECONDS;
        let held = self.status.get(&place).map(|held| held.read.issued).filter(past);
        let least = self.status_least.get(&place).copied().filter(past);
        if least.is_none() {
            self.status_least.remove(&place);
        }
        if let Some(have) = held.max(least)
            && read.issued < have
        {
            return Err(ListsError::StatusRollback { authority: issuer, have, got: read.issued });
        }
        let signed = read.issued;
        self.status.insert(place, StatusHeld { read, bytes: bytes.into() });
        Ok(signed)
    }

    /// How old a status list is; `None` where there is none.
    #[must_use]
    pub fn status_age(&self, issuer: AuthorityCode, list: u8, now: Timestamp) -> Option<Age> {
        let signed = &self.status.get(&(issuer, list))?.read;
        let freshness = Freshness::of_status_list(signed.issued, signed.ttl, signed.expires, now);
        Some(age(signed.issued, freshness, now))
    }

    /// How many entries a status list has; 0 where there is none.
    #[must_use]
    pub fn status_entries(&self, issuer: AuthorityCode, list: u8) -> usize {
        self.status.get(&(issuer, list)).map_or(0, |held| held.read.list.len())
    }

    /// Takes a bundle of signatures over one approval.
    ///
    /// # Errors
    /// Why it was not taken.
    pub fn take_approval(&mut self, bundle: &[u8], now: Timestamp) -> Result<(), ListsError> {
        Ok(self.approvals.take(Approval::open(bundle, &self.trust, now)?)?)
    }

    /// Goes by these approvals and no others from now on, each with the authority that gave it at `now`. Gives why single ones
    /// were not taken.
    pub fn set_approvals<'b>(
        &mut self,
        bundles: impl IntoIterator<Item = (AuthorityCode, &'b [u8])>,
        now: Timestamp,
    ) -> Vec<(AuthorityCode, ListsError)> {
        let (mut opened, mut faults) = (Vec::new(), Vec::new());
        (self.bundles, self.approvals_heard) = (Vec::new(), Some(now));
        for (from, bundle) in bundles {
            self.bundles.push((from, bundle.into()));
            match Approval::open(bundle, &self.trust, now) {
                Ok(approval) => opened.push((from, approval)),
                Err(error) => faults.push((from, error.into())),
            }
        }
        // An authority that is behind gives an older text than another one: the newer stands in the end.
        opened.sort_by_key(|(_, approval)| approval.number);
        self.approvals.clear();
        for (from, approval) in opened {
            if let Err(error) = self.approvals.take(approval) {
                faults.push((from, error.into()));
            }
        }
        faults
    }

    /// The newest of everything that was seen.
    #[must_use]
    pub fn newest(&self) -> Newest {
        let mut status = self.status_least.clone();
        for (place, held) in &self.status {
            let least = status.entry(*place).or_insert(held.read.issued);
            *least = held.read.issued.max(*least);
        }
        let trust = AuthorityCode::ALL.map(|code| (code, self.trust.newest(code)));
        Newest {
            trust: trust.into_iter().filter(|(_, number)| *number > 0).collect(),
            status,
            approvals: self.approvals.newest().clone().into_iter().collect(),
            compromised: AuthorityCode::ALL
                .map(|code| (code, self.trust.compromised(code).map(<[u8]>::to_vec).collect()))
                .into_iter()
                .filter(|(_, keys): &(_, BTreeSet<_>)| !keys.is_empty())
                .collect(),
            roots: AuthorityCode::ALL.map(|code| (code, self.trust.lineage(code))).into(),
        }
    }

    /// Takes nothing older than this from now on, as far as it was learnt under the roots that are pinned.
    pub fn not_before(&mut self, newest: &Newest) {
        let newest = &newest.clone().under(&self.trust);
        for (authority, number) in &newest.trust {
            self.trust.not_before(*authority, *number);
        }
        for (authority, keys) in &newest.compromised {
            self.trust.never_again(*authority, keys.iter().cloned());
        }
        self.index();
        self.status_least.extend(&newest.status);
        self.approvals.not_before(&newest.approvals);
    }

    fn index(&mut self) {
        self.tokens.clear();
        for authority in AuthorityCode::ALL {
            let Some(list) = self.trust.list(authority) else { continue };
            for entry in list.keys.iter().filter(|entry| entry.role == Role::Token) {
                // Parsed where the list was taken: a key that is none was refused with its list.
                if let [kid] = entry.kid.as_slice()
                    && let Ok(public) = credential::PublicKey::from_bytes(&entry.key)
                    && let Ok(key) = VerifyingKey::new(public)
                {
                    let (from, to) = (entry.from, entry.to);
                    let compromised = self.trust.is_compromised(authority, entry);
                    self.tokens.insert((authority, *kid), TokenKey { key, from, to, compromised });
                }
            }
        }
    }
}

fn key_fault(error: &TrustError) -> KeyFault {
    match error {
        TrustError::WrongRole { .. } => KeyFault::Role,
        TrustError::NotYet { .. } | TrustError::Expired { .. } => KeyFault::Date,
        TrustError::Compromised { .. } => KeyFault::Compromised,
        TrustError::Message(_)
        | TrustError::Form(_)
        | TrustError::Key(_)
        | TrustError::Authority { .. }
        | TrustError::Rollback { .. }
        | TrustError::Signatures { .. }
        | TrustError::RootNotAnnounced { .. }
        | TrustError::RootTooWeak { .. }
        | TrustError::OtherRoot { .. }
        | TrustError::Future
        | TrustError::NoList(_)
        | TrustError::UnknownKey { .. } => KeyFault::Unknown,
    }
}

fn age(issued: Timestamp, freshness: Freshness, now: Timestamp) -> Age {
    if issued.seconds_since(now) > CLOCK_SECONDS {
        return Age::FromFuture;
    }
    match freshness {
        Freshness::Current => Age::Fresh,
        Freshness::Stale => Age::Stale,
        Freshness::Refused => Age::TooOld,
    }
}

impl Trusted for Lists {
    fn trust_age(&self, authority: AuthorityCode, now: Timestamp) -> Age {
        self.trust
            .list(authority)
            .map_or(Age::TooOld, |list| age(list.issued, Freshness::of(list.expires, now), now))
    }

    fn token_key(&self, issuer: AuthorityCode, kid: u8, now: Timestamp) -> Result<&VerifyingKey, KeyFault> {
        let Some(held) = self.tokens.get(&(issuer, kid)) else {
            let other = self.trust.find(issuer, Role::Token, &[kid], now);
            return Err(other.map_or_else(|error| key_fault(&error), |_| KeyFault::Unknown));
        };
        if held.compromised {
            Err(KeyFault::Compromised)
        } else if now < held.from || now >= held.to {
            Err(KeyFault::Date)
        } else {
            Ok(&held.key)
        }
    }

    fn counter_key(&self, issuer: AuthorityCode, kid: u8, now: Timestamp) -> Result<&VerifyingKey, KeyFault> {
        self.trust.find(issuer, Role::Counter, &[kid], now).map_err(|error| key_fault(&error))
    }

    fn verdict_key(
        &self,
        authority: AuthorityCode,
        kid: &[u8],
        now: Timestamp,
    ) -> Result<&VerifyingKey, KeyFault> {
        if self.trust_age(authority, now) == Age::TooOld {
            return Err(KeyFault::Date);
        }
        self.trust.find(authority, Role::Verdict, kid, now).map_err(|error| key_fault(&error))
    }

    fn part_key(&self, authority: AuthorityCode, now: Timestamp) -> Result<&[u8], KeyFault> {
        if self.trust_age(authority, now) == Age::TooOld {
            return Err(KeyFault::Date);
        }
        self.trust.part_key(authority, now).map_err(|error| key_fault(&error))
    }

    fn status(&self, issuer: AuthorityCode, place: StatusRef, now: Timestamp) -> Option<StatusAnswer> {
        let signed = &self.status.get(&(issuer, place.list()))?.read;
        let status = signed.list.get(place.index())?;
        let freshness = Freshness::of_status_list(signed.issued, signed.ttl, signed.expires, now);
        Some(StatusAnswer { status, age: age(signed.issued, freshness, now) })
    }

    fn approves(&self, port: &PortId, direction: Direction, now: Timestamp) -> bool {
        self.approvals.covering(port, direction, now).is_ok()
    }

    fn shows_officers_the_holder(&self, port: &PortId, direction: Direction, now: Timestamp) -> bool {
        self.approvals.covering(port, direction, now).is_ok_and(Approval::shows_officers_the_holder)
    }
}
