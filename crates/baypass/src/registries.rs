//! Registries: what the authorities of an installation have of a pass, read beside their processes, which may run.
//!
//! Lives here: [`Registries`], [`PassRefusal`]. Not here: anything that is written (`install::parties`).

use std::collections::{BTreeMap, BTreeSet};

use authority::{PassStanding, Passes};
use documents::{AuthorityCode, Timestamp};

use crate::failure::{Failure, of};
use crate::install::Installation;
use crate::install::keys::KeyStore;
use crate::wallet::Wallet;

/// The registries of an installation, opened where one is asked.
pub struct Registries<'i> {
    installation: &'i Installation,
    open: BTreeMap<AuthorityCode, Option<Passes>>,
}

impl<'i> Registries<'i> {
    /// The registries of this installation.
    pub const fn of(installation: &'i Installation) -> Self {
        Self { installation, open: BTreeMap::new() }
    }

    /// The registry of an authority; `None` where it has none yet.
    async fn passes(&mut self, code: AuthorityCode) -> Result<Option<&Passes>, Failure> {
        if !self.open.contains_key(&code) {
            let vault = self.installation.keys(&self.installation.authority(code)).vault()?;
            let passes = Passes::open(&self.installation.database(code), vault).await.map_err(of)?;
            self.open.insert(code, passes);
        }
        Ok(self.open.get(&code).and_then(Option::as_ref))
    }

    /// Whether a resident has a pass in force at their home authority, whichever phone it is on.
    pub async fn has_pass(&mut self, wallet: &Wallet) -> Result<bool, Failure> {
        let Some(passes) = self.passes(wallet.home).await? else { return Ok(false) };
        for card in wallet.cards.iter().filter(|card| card.issuer == wallet.home) {
            if passes.has_pass(&card.parsed()?).await.map_err(of)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The first of these authorities at which this wallet's pass is not in force at `now`, though it enrolled there: why no code comes.
    pub async fn refusal(
        &mut self,
        wallet: &Wallet,
        at: &[AuthorityCode],
        now: Timestamp,
    ) -> Result<Option<PassRefusal>, Failure> {
        let mut asked = BTreeSet::new();
        for code in at.iter().filter(|code| asked.insert(**code)) {
            let Ok(session) = wallet.session(*code) else { continue };
            let standing = match self.passes(*code).await? {
                Some(passes) => passes.standing(&session.secret, now).await.map_err(of)?,
                None => PassStanding::Ended,
            };
            let told = match standing {
                PassStanding::InForce => continue,
                PassStanding::Waits { until } => PassRefusal {
                    code: "enrolment_waits",
                    detail: format!(
                        "this wallet waits at {code} until {until}: the wallet of before may object until then; show its code, or an \
                         officer decides (`baypass resident decide-enrolment`)"
                    ),
                },
                PassStanding::Ended => PassRefusal {
                    code: "no_pass",
                    detail: format!(
                        "the pass of this wallet has ended at {code}: it was taken back, a document was reported lost, or another \
                         wallet enrolled; enrol again (`baypass resident invite`, `baypass wallet enrol`)"
                    ),
                },
            };
            return Ok(Some(told));
        }
        Ok(None)
    }
}

/// Why a wallet that enrolled shows no code.
pub struct PassRefusal {
    /// As the authority's answer calls it.
    pub code: &'static str,
    /// In words, with what to do next.
    pub detail: String,
}
