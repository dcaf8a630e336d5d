//! Risk control: which versions of an authority's rules run, what its rules did, and the person who answers for it (`docs/risk.md`).
//!
//! Lives here: versions taken and loaded. Below: `records` reads what was kept, `appeals` lets a person answer for it. Not here: what a
//! service holds of it (`risk_engine`), the rules asked within a verdict (`verdict::looking`), states (`risk_states`), rows (`store::risk`).

mod appeals;
mod records;

use ::risk::Faults;
use ::risk::version::{Checks, Running, Stage};
use credential::message;
use documents::Timestamp;
use trust::{Role, TrustError};

use crate::service::Service;
use crate::store::StoreError;
use crate::store::risk::{self as rows, KeptRules};

pub use appeals::{APPEAL_LANGUAGES, APPEAL_WORKING_DAYS, AppealError, LONGEST_WORDS, SuspensionDecision};
pub use records::{Replay, ReplayedDay, RiskRecord, RiskReport, RuleFigures};

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
        // Checked before anything is written: a version whose day has not come is tried in round after round.
        let mut tx = self.store.read().await?;
        let kept = rows::find_rules(&mut tx).await?;
        tx.commit().await?;
        // What another process took in the meantime is older than nothing here.
        let mut running = self.risk.running();
        if let Some(newest) = kept.last() {
            running.not_before((newest.number, newest.hash));
        }
        let stage = self.check_version(&mut running, signed, file, now)?;
        let mut tx = self.store.begin().await?;
        if let Some((number, hash)) = running.newest() {
            rows::add_rules(&mut tx, &KeptRules { number, hash, signed: signed.to_vec() }, now).await?;
        }
        tx.commit().await?;
        self.risk.run(running);
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
                refused.push((version.number, error));
            }
        }
        // What rules in force have replaced since may be signed with a key that counts no more.
        let since = running.full().map_or(0, |full| full.version().number);
        refused.retain(|(number, _)| *number > since);
        if let Some(newest) = kept.last() {
            running.not_before((newest.number, newest.hash));
        }
        self.risk.run(running);
        let in_shadow = ::risk::appeals::back_to_shadow(&counts);
        self.risk.keep_in_shadow(in_shadow);
        Ok(refused.into_iter().map(|(_, error)| error).collect())
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
        let checks = Checks { key, schema: self.risk.schema(), engine: self.risk.engine(), now };
        running.take(signed, file, &checks).map_err(RiskRulesError::Faults)
    }

    /// The rules as they run here.
    #[must_use]
    pub fn risk_rules(&self) -> Running {
        self.risk.running()
    }
}
