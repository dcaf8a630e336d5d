//! Held: a credential in the hand of its holder, with every disclosure, and the presentations made of it.

use credential::SigningKey;
use credential::jose::Jwk;
use credential::x5c::CertificateAnchors;
use credential::{CryptoError, PublicKey};
use documents::{Timestamp, redact_debug};
use serde_json::{Map, Value};

use super::disclosure::Disclosure;
use super::key_binding::{self, Said};
use super::placing::{Place, Placed};
use super::{Registered, SdJwt, SdJwtError};
use crate::claim_path::{ClaimPath, Step};

/// A credential with all its disclosures. `Debug` shows nothing.
#[derive(Clone)]
pub struct Held {
    issuer_text: String,
    disclosures: Vec<Disclosure>,
    placed: Placed,
    registered: Registered,
    authorities: Vec<Vec<u8>>,
}
redact_debug!(Held);

/// For whom a presentation is made.
#[derive(Clone, Copy)]
pub struct Presentation<'p> {
    /// The verifier: `client_id` with its prefix, or `origin:` and its origin.
    pub audience: &'p str,
    /// The request's nonce.
    pub nonce: &'p str,
    /// Now.
    pub made: Timestamp,
}
redact_debug!(Presentation<'_>);

impl Held {
    /// Takes a credential from its issuer: verifies the signature by its certificates, and that it is bound to `device`.
    ///
    /// # Errors
    /// [`SdJwtError`] for the first fault; a presentation of somebody else's is refused (RFC 9901, 7.2).
    pub fn receive(
        compact: &str,
        anchors: &CertificateAnchors,
        device: &PublicKey,
        now: Timestamp,
    ) -> Result<Self, SdJwtError> {
        let read = SdJwt::read(compact)?;
        if read.key_binding.is_some() {
            return Err(SdJwtError::BindingUnexpected);
        }
        read.believed(anchors, now)?;
        let held = Self::of(&read)?;
        match held.holder() {
            Some(holder) if holder.public() == device => Ok(held),
            Some(_) | None => Err(SdJwtError::Claim { name: "cnf" }),
        }
    }

    /// Reads a credential that was received before; its signature is not verified again.
    ///
    /// # Errors
    /// [`SdJwtError`] for the first fault.
    pub fn read(compact: &str) -> Result<Self, SdJwtError> {
        let read = SdJwt::read(compact)?;
        if read.key_binding.is_some() {
            return Err(SdJwtError::BindingUnexpected);
        }
        Self::of(&read)
    }

    fn of(read: &SdJwt<'_>) -> Result<Self, SdJwtError> {
        let placed = read.place()?;
        let registered = Registered::read(&placed)?;
        Ok(Self {
            issuer_text: read.issuer_text.to_owned(),
            disclosures: read.disclosures.clone(),
            placed,
            registered,
            authorities: read.jws.header().x5c.clone().unwrap_or_default(),
        })
    }

    /// All claims.
    #[must_use]
    pub const fn claims(&self) -> &Map<String, Value> {
        &self.placed.claims
    }

    /// Whether it is of this type, by `vct` or by `aka_vcts`.
    #[must_use]
    pub fn is_of_type(&self, vct: &str) -> bool {
        self.registered.vct == vct || self.registered.aka_vcts.iter().any(|further| further == vct)
    }

    /// The key that it is bound to.
    #[must_use]
    pub const fn holder(&self) -> Option<&Jwk> {
        self.registered.holder.as_ref()
    }

    /// The issuer's certificates in DER, leaf first.
    #[must_use]
    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.authorities
    }

    /// The disclosures that show what these paths select: those around a value, the value's own, and those in it.
    #[must_use]
    pub fn select(&self, paths: &[ClaimPath]) -> Vec<usize> {
        let found: Vec<Vec<Step>> =
            paths.iter().flat_map(|path| path.find(self.claims())).map(|(steps, _)| steps).collect();
        let shown = |place: &Place| {
            found.iter().any(|steps| steps.starts_with(&place.path) || place.path.starts_with(steps))
        };
        self.placed
            .places
            .iter()
            .enumerate()
            .filter(|(_, place)| shown(place))
            .map(|(index, _)| index)
            .collect()
    }

    /// What the disclosures with these indexes tell, by the names on the way to each, with dots between them.
    #[must_use]
    pub fn names(&self, chosen: &[usize]) -> Vec<String> {
        let places = chosen.iter().filter_map(|index| self.placed.places.get(*index));
        let name = |step: &Step| match step {
            Step::Name(name) => name.clone(),
            Step::Index(index) => index.to_string(),
        };
        places.map(|place| place.path.iter().map(name).collect::<Vec<_>>().join(".")).collect()
    }

    /// Makes a presentation of the disclosures with these indexes, and of those around them, signed by the device key.
    ///
    /// # Errors
    /// [`SdJwtError::Claim`] where the credential is bound to another key, [`SdJwtError::Crypto`].
    pub fn present(
        &self,
        chosen: &[usize],
        to: Presentation<'_>,
        device: &SigningKey,
    ) -> Result<String, SdJwtError> {
        if self.holder().is_none_or(|holder| holder.public() != device.public()) {
            return Err(SdJwtError::Claim { name: "cnf" });
        }
        let mut presented = self.present_unbound(chosen);
        let said = Said { audience: to.audience, nonce: to.nonce, made: to.made };
        let signed: Result<String, CryptoError> = key_binding::sign(&presented, said, device);
        presented.push_str(&signed?);
        Ok(presented)
    }

    /// As [`Held::present`], without the holder's signature: where a query says that it needs none.
    #[must_use]
    pub fn present_unbound(&self, chosen: &[usize]) -> String {
        let mut shown = vec![false; self.disclosures.len()];
        for index in chosen {
            let mut at = Some(*index);
            while let Some(index) = at {
                match shown.get_mut(index) {
                    Some(shown) if !*shown => *shown = true,
                    Some(_) | None => break,
                }
                at = self.placed.places.get(index).and_then(|place| place.parent);
            }
        }
        let mut presented = format!("{}~", self.issuer_text);
        for (disclosure, _) in self.disclosures.iter().zip(shown).filter(|(_, shown)| *shown) {
            presented.push_str(&disclosure.text);
            presented.push('~');
        }
        presented
    }
}
