//! Registries: what the authorities of an installation have of a pass, read beside their processes, which may run.
//!
//! Lives here: [`Registries`]. Not here: anything that is written (`install::parties`).

use std::collections::BTreeMap;

use authority::Passes;
use documents::AuthorityCode;

use crate::failure::{Failure, of};
use crate::install::Installation;
use crate::install::keys::KeyStore;
use crate::wallet::Wallet;

/// What a refusal is called where a pass has ended.
pub const ENDED: &str = "no_pass";

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

    /// The first of these authorities at which the wallet's pass has ended since it enrolled, told in words.
    pub async fn ended(&mut self, wallet: &Wallet, at: &[AuthorityCode]) -> Result<Option<String>, Failure> {
        for code in at {
            let Ok(session) = wallet.session(*code) else { continue };
            let in_force = match self.passes(*code).await? {
                Some(passes) => passes.in_force(&session.secret).await.map_err(of)?,
                None => false,
            };
            if !in_force {
                return Ok(Some(format!(
                    "the pass of this wallet has ended at {code}: it was taken back, a document was reported lost, or another \
                     wallet enrolled; enrol again (`baypass resident invite`, `baypass wallet enrol`)"
                )));
            }
        }
        Ok(None)
    }
}
