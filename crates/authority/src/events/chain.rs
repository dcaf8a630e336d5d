//! Chain: a gate that numbers its events anew, and a ledger that lets one go on from a later number.

use credential::message::{Chain, Kind, ReceiptResult};
use documents::Timestamp;

use super::passage::{EventError, whole};
use crate::service::{FromGate, Service};
use crate::store::outbox;

impl Service {
    /// Hears that a gate begins a new chain of events, with its reason. Gives the signed receipt.
    ///
    /// # Errors
    /// [`EventError`]: there is no receipt, and nothing was written.
    pub async fn hear_chain(&self, bytes: &[u8], now: Timestamp) -> Result<Vec<u8>, EventError> {
        let FromGate { message: chain, hash, .. } =
            self.open_from_gate(Kind::Chain, bytes, Chain::decode, |chain| &chain.gate, now)?;
        let mut tx = self.store.begin_for_lane().await?;
        let newest = outbox::last_chain(&mut tx, &chain.gate).await?;
        let result = if whole(chain.epoch) < newest {
            tx.roll_back().await?;
            ReceiptResult::Forked
        } else {
            let last = outbox::last_event(&mut tx, &chain.gate, newest).await?.map_or(0, |(last, _)| last);
            outbox::add_chain(&mut tx, &chain, (newest, last), now).await?;
            tx.commit().await?;
            ReceiptResult::Taken
        };
        if whole(chain.epoch) > newest {
            let (gate, reason, note) = (&chain.gate, chain.reason.as_str(), &chain.note);
            tracing::error!(
                gate,
                reason,
                note,
                "a gate begins a new chain: compare what it tells with its lane"
            );
        }
        Ok(self.receipt(hash, result, now)?)
    }

    /// Lets a gate's present chain go on with event `number`, although earlier ones are missing here: for a ledger that
    /// lost more than the gate keeps. What is missing has to be written in by hand.
    ///
    /// # Errors
    /// The database's.
    pub async fn rejoin_gate(&self, gate: &str, number: u64, now: Timestamp) -> Result<(), EventError> {
        let mut tx = self.store.begin().await?;
        let epoch = outbox::last_chain(&mut tx, gate).await?;
        let (last, _) = outbox::last_event(&mut tx, gate, epoch).await?.unwrap_or((0, [0; 32]));
        let before = whole(number).saturating_sub(1);
        if before > last {
            outbox::add_event(&mut tx, gate, (epoch, before), &[0; 32], now).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
