//! Courier: tells the authorities what happened, at least once, in order for each of them, and settles what a stop left.
//!
//! Lives here: [`Courier`]. Not here: what is told and when it falls due (`clearance::told`, `store`).

use std::sync::Arc;
use std::time::Duration;

use clearance::{Recovery, recover};
use documents::{AuthorityCode, Timestamp};

use super::link::AuthorityLink;
use super::store::{Store, StoreError};
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

    /// Delivers what has fallen due by `now`: to each authority in order, until it does not take one.
    ///
    /// # Errors
    /// Where the store cannot be read or written; an authority that does not answer is no error.
    pub async fn deliver(&self, now: Timestamp) -> Result<Delivered, StoreError> {
        self.store.release(now).await?;
        let mut total = Delivered::default();
        for authority in AuthorityCode::ALL {
            while let Some(event) = self.store.next(authority).await? {
                if let Err(error) = self.link.deliver(authority, event.signed.clone()).await {
                    tracing::warn!(%authority, number = event.number, %error, "event not delivered, will be tried again");
                    total.stuck += 1;
                    break;
                }
                self.store.delivered(authority, &event).await?;
                total.taken += 1;
            }
        }
        Ok(total)
    }

    /// Delivers until `stop` is done: at once when an end was written, else again and again, waiting longer after each
    /// round that got stuck.
    pub async fn run(&self, clock: &impl Clock, stop: impl Future<Output = ()> + Send) {
        tokio::pin!(stop);
        let mut wait = FIRST_WAIT;
        loop {
            wait = match self.deliver(clock.now()).await {
                Ok(Delivered { stuck: 0, .. }) => FIRST_WAIT,
                Ok(_) => wait.saturating_mul(2).min(LONGEST_WAIT),
                Err(error) => {
                    tracing::error!(%error, "the outbox cannot be used");
                    wait.saturating_mul(2).min(LONGEST_WAIT)
                }
            };
            tokio::select! {
                () = &mut stop => return,
                () = self.store.something_to_tell() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }
}
