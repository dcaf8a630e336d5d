//! Status lists: this authority's own, signed when asked for, and the newest of the others.
//!
//! Lives here: signing with a short memory, taking, ages. Not here: the list's form (`credential::status`), which lists there
//! are (`status_capacity`), where a token's place comes from (`status_places`).

use std::sync::{Arc, PoisonError};

use credential::status::{SignedStatusList, Status, StatusList, StatusListError, list_kid};
use documents::{AuthorityCode, Timestamp};
use trust::{Freshness, Role, STATUS_TTL_SECONDS, TrustError};

use crate::service::{Service, SignedList};
use crate::status_capacity::{LIST_LIFE, status_lists_in_use};
use crate::store::{StoreError, token};

/// A status list is signed afresh when it is asked for and older than this, in seconds, or when a token was ended.
pub const STATUS_SECONDS: i64 = 30;
/// How far another authority's clock may run ahead of this one's, in seconds.
const CLOCK_SECONDS: i64 = 300;
/// Why a list was not signed or not taken.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The database cannot be read or written; nothing of the operation stands there.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A status list.
    #[error(transparent)]
    Status(#[from] StatusListError),
    /// A status list for wallets and verifiers of others.
    #[error(transparent)]
    OfOthers(#[from] openid4vc::status::StatusError),
    /// A key that does not count, or a trust list that is not taken.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

/// How old the lists are that a service works with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListAge {
    /// The authority whose lists these are.
    pub authority: AuthorityCode,
    /// The trust list: fresh, stale or refused.
    pub trust: Freshness,
    /// Number of the trust list in use, and when it ends.
    pub trust_list: Option<(u64, Timestamp)>,
    /// Status lists that are held of it: number and when it was signed.
    pub status: Vec<(u8, Timestamp)>,
}

/// The name of an issuer's status list.
#[must_use]
pub fn status_name(issuer: AuthorityCode, list: u8) -> String {
    format!("urn:baypass:status:{issuer}:{list}")
}

/// A list of so many entries in which these places are not valid any more.
fn filled(places: &[(i64, i16)], entries: u32) -> StatusList {
    let mut list = StatusList::with_entries(entries);
    for &(place, status) in places {
        let status = if status == 2 { Status::Suspended } else { Status::Invalid };
        list.set(u32::try_from(place).unwrap_or(u32::MAX), status);
    }
    list
}

impl Service {
    /// Takes a newer trust list.
    ///
    /// # Errors
    /// Why it was refused.
    pub fn take_trust_list(&self, bytes: &[u8], now: Timestamp) -> Result<AuthorityCode, ListError> {
        Ok(self.trust.write().unwrap_or_else(PoisonError::into_inner).update(bytes, now)?)
    }

    /// Takes another issuer's status list.
    ///
    /// # Errors
    /// Why it was refused; an older one than the one in use is passed over.
    pub fn take_status_list(
        &self,
        issuer: AuthorityCode,
        list: u8,
        bytes: &[u8],
        now: Timestamp,
    ) -> Result<(), ListError> {
        let trust = self.trust();
        let kid = list_kid(bytes)?.unwrap_or_default();
        let key = trust.find(issuer, Role::Status, &kid, now)?;
        let fresh = SignedStatusList::open(bytes, key, &status_name(issuer, list))?;
        let mut held = self.statuses.write().unwrap_or_else(PoisonError::into_inner);
        // One that was taken under a clock far ahead keeps no other out.
        let gives_way = |old: &SignedStatusList| {
            old.issued <= fresh.issued || old.issued.seconds_since(now) > CLOCK_SECONDS
        };
        if held.get(&(issuer, list)).is_none_or(gives_way) {
            held.insert((issuer, list), fresh);
        }
        Ok(())
    }

    /// One of this authority's status lists, signed afresh.
    ///
    /// # Errors
    /// The database's, or the library's.
    pub async fn status_list(&self, list: u8, now: Timestamp) -> Result<Vec<u8>, ListError> {
        let (places, entries) = self.ended_places(list, now).await?;
        self.sign_status_list(list, &places, entries, now)
    }

    /// One of this authority's status lists: the last one signed while it is young and no token was ended since, judged
    /// by the database each time, so that a revocation by whatever process is in the next answer.
    ///
    /// # Errors
    /// As [`Service::status_list`].
    pub async fn current_status_list(&self, list: u8, now: Timestamp) -> Result<Arc<[u8]>, ListError> {
        let (mut places, entries) = self.ended_places(list, now).await?;
        places.sort_unstable();
        let held = {
            let signed = self.signed_lists.lock().unwrap_or_else(PoisonError::into_inner);
            signed.get(&list).cloned()
        };
        if let Some(held) = held
            && held.places == places
            && held.entries == entries
            && (0..STATUS_SECONDS).contains(&now.seconds_since(held.at))
        {
            return Ok(Arc::clone(&held.bytes));
        }
        let bytes: Arc<[u8]> = self.sign_status_list(list, &places, entries, now)?.into();
        let signed = Arc::new(SignedList { places, entries, at: now, bytes: Arc::clone(&bytes) });
        self.signed_lists.lock().unwrap_or_else(PoisonError::into_inner).insert(list, signed);
        Ok(bytes)
    }

    /// Places of a list that are not valid any more, as the database has them now, and how many entries the list has.
    async fn ended_places(&self, list: u8, now: Timestamp) -> Result<(Vec<(i64, i16)>, u32), ListError> {
        let mut tx = self.store.read().await?;
        let places = token::ended_places(&mut tx, list, now).await?;
        let last = token::last_place(&mut tx, list).await?;
        tx.commit().await?;
        Ok((places, self.status_capacity.signed_entries(last)))
    }

    /// One of this authority's status lists as the database has it now, not signed.
    pub(crate) async fn ended_list(&self, list: u8, now: Timestamp) -> Result<StatusList, ListError> {
        let (places, entries) = self.ended_places(list, now).await?;
        Ok(filled(&places, entries))
    }

    /// The status lists of another issuer that are in use for tokens that end then, as far as it is known here.
    pub(crate) fn lists_to_follow(&self, issuer: AuthorityCode, expires: Timestamp) -> Vec<u8> {
        let held = self.statuses.read().unwrap_or_else(PoisonError::into_inner);
        status_lists_in_use(expires, |number| held.get(&(issuer, number)).map_or(0, |list| list.list.len()))
    }

    fn sign_status_list(
        &self,
        list: u8,
        places: &[(i64, i16)],
        entries: u32,
        now: Timestamp,
    ) -> Result<Vec<u8>, ListError> {
        let entries = filled(places, entries);
        let signed = SignedStatusList {
            subject: status_name(self.me, list),
            issued: now,
            expires: Some(now.plus_seconds(LIST_LIFE)),
            ttl: Some(STATUS_TTL_SECONDS),
            list: entries,
        };
        let key = self.signing().status.clone();
        Ok(signed.sign(&key.kid(), &key.key)?)
    }

    /// The signed bytes of the trust list in use of an authority.
    #[must_use]
    pub fn trust_list(&self, authority: AuthorityCode) -> Option<Vec<u8>> {
        self.trust().bytes(authority).map(<[u8]>::to_vec)
    }

    /// What is to be kept of an authority's trust list for this service's next start.
    #[must_use]
    pub fn kept_trust_list(&self, authority: AuthorityCode) -> Option<Vec<u8>> {
        self.trust().keep(authority)
    }

    /// How old the lists are that this service works with.
    #[must_use]
    pub fn list_ages(&self, now: Timestamp) -> Vec<ListAge> {
        let trust = self.trust();
        let statuses = self.statuses.read().unwrap_or_else(PoisonError::into_inner);
        let age = |authority| ListAge {
            authority,
            trust: trust.freshness(authority, now),
            trust_list: trust.list(authority).map(|list| (list.number, list.expires)),
            status: statuses
                .iter()
                .filter(|((issuer, _), _)| *issuer == authority)
                .map(|((_, number), list)| (*number, list.issued))
                .collect(),
        };
        AuthorityCode::ALL.into_iter().map(age).collect()
    }
}
