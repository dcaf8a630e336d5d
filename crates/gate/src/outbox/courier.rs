//! Courier: tells the authorities what happened, at least once, in order for each of them, and settles what a stop left.
//!
//! Lives here: [`Courier`], what follows from a receipt. Not here: what is told and when it falls due
//! (`clearance::told`), how it is numbered (`delivery`).

use std::sync::Arc;
use std::time::Duration;

use clearance::{Recovery, recover};
use credential::message::{self, Receipt, ReceiptResult};
use documents::{AuthorityCode, Timestamp};

use super::link::{AuthorityLink, LinkError};
use super::store::{Outgoing, Store, StoreError};
use super::trouble::Trouble;
use crate::check::Trusted;
use crate::clock::Clock;

/// Shortest and longest wait between two tries.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// What one round of deliveries came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delivered {
    /// Events that an authority took.
    pub taken: usize,
    /// Authorities that did not take the next one.
    pub stuck: usize,
}

/// Delivers one gate's events.
pub struct Courier<L> {
    store: Arc<Store>,
    link: Arc<L>,
}

impl<L> Clone for Courier<L> {
    fn clone(&self) -> Self {
        Self { store: Arc::clone(&self.store), link: Arc::clone(&self.link) }
    }
}

impl<L: AuthorityLink> Courier<L> {
    /// A courier between this store and these authorities.
    #[must_use]
    pub const fn new(store: Arc<Store>, link: Arc<L>) -> Self {
        Self { store, link }
    }

    /// After a start: gives every clearance that a stop left open its end. To be called before the first traveller.
    /// Gives how many there were.
    ///
    /// # Errors
    /// Where the store cannot be read or written.
    pub async fn settle(&self, now: Timestamp) -> Result<usize, StoreError> {
        let mut settled = 0;
        for trail in self.store.trails().await? {
            match recover(trail, now) {
                Recovery::RecordPassage(record) => {
                    tracing::warn!(clearance = %record.subject.clearance, passage = record.passage.code(), "settled after a stop");
                    self.store.record_passage(&record).await?;
                    settled += 1;
                }
                Recovery::Tell(_) => {}
            }
        }
        Ok(settled)
    }

    /// Delivers what has fallen due by `now`: to each authority in order, until it does not take one. Receipts count by
    /// the keys of `trusted`.
    ///
    /// # Errors
    /// Where the store cannot be read or written; an authority that does not answer is no error.
    pub async fn deliver(&self, trusted: &dyn Trusted, now: Timestamp) -> Result<Delivered, StoreError> {
        self.store.release(now).await?;
        let mut total = Delivered::default();
        for authority in AuthorityCode::ALL {
            let done = self.deliver_to(authority, trusted, now).await?;
            total.taken += done.taken;
            total.stuck += done.stuck;
        }
        Ok(total)
    }

    /// Delivers what is numbered to one authority. No authority's queue waits for another's.
    async fn deliver_to(
        &self,
        authority: AuthorityCode,
        trusted: &dyn Trusted,
        now: Timestamp,
    ) -> Result<Delivered, StoreError> {
        let mut done = Delivered::default();
        // Each detour is made once until an event is taken: an authority that contradicts itself stops nothing else.
        let (mut rewound, mut chain_sent) = (false, false);
        while let Some(event) = self.store.next(authority).await? {
            let trouble = match self.send(authority, &event, trusted, now).await {
                Ok(ReceiptResult::Taken) => {
                    self.store.mark_delivered(authority, &event, None, now).await?;
                    (done.taken, rewound, chain_sent) = (done.taken + 1, false, false);
                    continue;
                }
                Ok(ReceiptResult::Conflict(code)) => {
                    tracing::error!(%authority, number = event.number, code, "an officer has to settle an event");
                    self.store.mark_delivered(authority, &event, Some(&code), now).await?;
                    (done.taken, rewound, chain_sent) = (done.taken + 1, false, false);
                    continue;
                }
                Ok(ReceiptResult::Expected(number)) if !rewound => {
                    rewound = true;
                    if self.store.rewind(authority, number).await? {
                        tracing::warn!(%authority, number, "sent again from the number that is asked for");
                        continue;
                    }
                    Trouble::EventsMissing
                }
                Ok(ReceiptResult::Expected(_)) => Trouble::EventsMissing,
                Ok(ReceiptResult::UnknownChain) if !chain_sent => {
                    chain_sent = true;
                    if self.send_chain(authority, trusted, now).await? {
                        continue;
                    }
                    Trouble::ChainRefused
                }
                Ok(ReceiptResult::UnknownChain) => Trouble::ChainRefused,
                Ok(ReceiptResult::Forked) => Trouble::Forked,
                Err(error) => {
                    tracing::warn!(%authority, number = event.number, %error, "event not delivered, will be tried again");
                    Trouble::Silent
                }
            };
            self.store.note_trouble(authority, Some(trouble));
            done.stuck += 1;
            return Ok(done);
        }
        self.store.note_trouble(authority, None);
        Ok(done)
    }

    async fn send(
        &self,
        authority: AuthorityCode,
        event: &Outgoing,
        trusted: &dyn Trusted,
        now: Timestamp,
    ) -> Result<ReceiptResult, LinkError> {
        let answer = self.link.deliver(authority, event.signed.clone()).await?;
        open_receipt(&answer, &event.signed, authority, trusted, now)
    }

    async fn send_chain(
        &self,
        authority: AuthorityCode,
        trusted: &dyn Trusted,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Some(signed) = self.store.chain(now).await? else { return Ok(false) };
        let answer = match self.link.begin_chain(authority, signed.clone()).await {
            Ok(answer) => open_receipt(&answer, &signed, authority, trusted, now),
            Err(error) => Err(error),
        };
        match answer {
            Ok(result) => Ok(result == ReceiptResult::Taken),
            Err(error) => {
                tracing::warn!(%authority, %error, "the beginning of a chain was not delivered");
                Ok(false)
            }
        }
    }

    /// Delivers until `stop` is done: to each authority by itself, at once when an end was written, else again and
    /// again, waiting longer after each round that got stuck.
    pub async fn run(
        &self,
        clock: &impl Clock,
        trusted: impl Fn() -> Arc<dyn Trusted> + Sync,
        stop: impl Future<Output = ()> + Send,
    ) {
        let (chn, hkg, mac) = (
            self.run_to(AuthorityCode::Chn, clock, &trusted),
            self.run_to(AuthorityCode::Hkg, clock, &trusted),
            self.run_to(AuthorityCode::Mac, clock, &trusted),
        );
        tokio::select! {
            () = stop => {}
            ((), (), (), ()) = async { tokio::join!(self.release_due(clock), chn, hkg, mac) } => {}
        }
    }

    /// Numbers what falls due, once for all queues, and wakes them.
    async fn release_due(&self, clock: &impl Clock) {
        let mut to_tell = self.store.something_to_tell();
        loop {
            // Read before the store is looked at: an end that is written meanwhile is looked at in the next turn.
            to_tell.mark_unchanged();
            match self.store.release(clock.now()).await {
                Ok(0) => {}
                Ok(_) => self.store.wake_queues(),
                Err(error) => tracing::error!(%error, "the outbox cannot be used"),
            }
            tokio::select! {
                _ = to_tell.changed() => {}
                () = tokio::time::sleep(FIRST_WAIT) => {}
            }
        }
    }

    async fn run_to(
        &self,
        authority: AuthorityCode,
        clock: &impl Clock,
        trusted: &impl Fn() -> Arc<dyn Trusted>,
    ) {
        let mut numbered = self.store.something_numbered();
        let mut wait = FIRST_WAIT;
        loop {
            numbered.mark_unchanged();
            let lists = trusted();
            wait = match self.deliver_to(authority, &*lists, clock.now()).await {
                Ok(Delivered { stuck: 0, .. }) => FIRST_WAIT,
                Ok(_) => wait.saturating_mul(2).min(LONGEST_WAIT),
                Err(error) => {
                    tracing::error!(%error, "the outbox cannot be used");
                    wait.saturating_mul(2).min(LONGEST_WAIT)
                }
            };
            // What was numbered is told at once, but hurries nobody who is stuck.
            if wait == FIRST_WAIT {
                let _ = numbered.changed().await;
            } else {
                tokio::time::sleep(wait).await;
            }
        }
    }
}

/// Reads a receipt for `message`, signed with the key that the trust list names for this authority.
///
/// # Errors
/// [`LinkError::Receipt`]: it is no receipt of this authority, for this message, of this moment.
pub fn open_receipt(
    bytes: &[u8],
    message: &[u8],
    authority: AuthorityCode,
    trusted: &(impl Trusted + ?Sized),
    now: Timestamp,
) -> Result<ReceiptResult, LinkError> {
    let refused = || LinkError::Receipt { authority };
    let kid = message::kid(bytes).map_err(|_| refused())?;
    let key = trusted.verdict_key(authority, kid, now).map_err(|_| refused())?;
    Receipt::open(bytes, key, authority, message, now).map_err(|_| refused())
}
