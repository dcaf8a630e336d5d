//! Approvals in use: one text under each id, and never an older one than was seen.
//!
//! Lives here: [`Approvals`]. Not here: what one of them covers (`approval`, `desk`), files (the programs).

use std::collections::BTreeMap;

use credential::sha256;
use documents::{AuthorityCode, Direction, LocalDate, PortId, Scenario, Timestamp};

use super::{Approval, ApprovalError, FOREIGN_IDENTITY};

/// The newest text seen of one approval: its number and the SHA-256 of its payload.
pub type Newest = (u64, [u8; 32]);

/// The approvals in use, and the newest text seen under each id. An older text is refused, however well it is signed.
#[derive(Debug, Clone, Default)]
pub struct Approvals {
    held: Vec<Approval>,
    newest: BTreeMap<String, Newest>,
}

impl Approvals {
    /// Adds an approval, which replaces an older text under its id.
    ///
    /// # Errors
    /// [`ApprovalError::Rollback`] if a newer text, or another one with this number, was seen; nothing changes then.
    pub fn take(&mut self, approval: Approval) -> Result<(), ApprovalError> {
        let text = sha256(&approval.encode());
        if let Some((have, known)) = self.newest.get(&approval.id)
            && (approval.number < *have || (approval.number == *have && text != *known))
        {
            return Err(ApprovalError::Rollback { id: approval.id, have: *have, got: approval.number });
        }
        self.newest.insert(approval.id.clone(), (approval.number, text));
        self.held.retain(|held| held.id != approval.id);
        self.held.push(approval);
        Ok(())
    }

    /// Drops every approval; what was seen stays known.
    pub fn clear(&mut self) {
        self.held.clear();
    }

    /// The newest text seen under each id, whether in use or not.
    #[must_use]
    pub const fn newest(&self) -> &BTreeMap<String, Newest> {
        &self.newest
    }

    /// Refuses from now on every text older than these. A program calls this at start, with what it had stored.
    pub fn not_before(&mut self, known: &BTreeMap<String, Newest>) {
        for (id, newest) in known {
            let have = self.newest.entry(id.clone()).or_insert(*newest);
            if have.0 < newest.0 {
                *have = *newest;
                self.held.retain(|held| held.id != *id || held.number >= newest.0);
            }
        }
    }

    /// The approvals in use, in the order in which they were added.
    #[must_use]
    pub fn all(&self) -> &[Approval] {
        &self.held
    }

    /// Whether an approval of the border in force, which concerns `authority`, names [`FOREIGN_IDENTITY`] among its claims.
    #[must_use]
    pub fn take_foreign_identity(&self, authority: AuthorityCode, day: LocalDate) -> bool {
        self.held.iter().any(|approval| {
            approval.scenario == Scenario::BorderCrossing
                && approval.in_force(day)
                && approval.jurisdictions.contains(&authority)
                && approval.claims.iter().any(|claim| claim == FOREIGN_IDENTITY)
        })
    }

    /// The approval that covers a crossing.
    ///
    /// # Errors
    /// [`ApprovalError::NotCovered`].
    pub fn covering(
        &self,
        port: &PortId,
        direction: Direction,
        at: Timestamp,
    ) -> Result<&Approval, ApprovalError> {
        self.held
            .iter()
            .find(|approval| approval.covers(Scenario::BorderCrossing, port, direction, at))
            .ok_or_else(|| ApprovalError::NotCovered { port: port.clone(), direction })
    }
}
