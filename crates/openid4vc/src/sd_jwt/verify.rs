//! Verifying a presentation: issuer, digests, claims, time, then the holder (RFC 9901, 7.3).

use credential::jose::Jwk;
use credential::x5c::{CertificateAnchors, VerifiedLeaf};
use documents::{Timestamp, redact_debug};
use serde_json::{Map, Value};

use super::key_binding::{self, Said};
use super::{SdJwt, SdJwtError};
use crate::signed::is_audience;
use crate::status::StatusReference;
use crate::vct::integrity_holds;

/// What a verifier expects.
#[derive(Clone, Copy)]
pub struct Expected<'e> {
    /// The authorities whose issuers count.
    pub anchors: &'e CertificateAnchors,
    /// The verifier's own name: `client_id` with its prefix, or `origin:` and its origin.
    pub audience: &'e str,
    /// The request's nonce.
    pub nonce: &'e str,
    /// Whether the holder's signature must be there. One that is there is always verified.
    pub binding_required: bool,
    /// Now.
    pub now: Timestamp,
    /// Metadata of types that are at hand: type, and the document's bytes.
    pub metadata: &'e [(&'e str, &'e [u8])],
}
redact_debug!(Expected<'_>);

/// A presentation that was verified. `Debug` shows nothing.
#[derive(Clone)]
pub struct Verified {
    claims: Map<String, Value>,
    vct: String,
    aka_vcts: Vec<String>,
    status: Option<StatusReference>,
    expires: Option<Timestamp>,
    holder: Option<Jwk>,
    bound: bool,
    issuer: VerifiedLeaf,
}
redact_debug!(Verified);

impl Verified {
    /// The claims that were shown.
    #[must_use]
    pub const fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// The type.
    #[must_use]
    pub fn vct(&self) -> &str {
        &self.vct
    }

    /// Whether it is of this type, by `vct` or by `aka_vcts`.
    #[must_use]
    pub fn is_of_type(&self, vct: &str) -> bool {
        self.vct == vct || self.aka_vcts.iter().any(|further| further == vct)
    }

    /// Where its status stands; the caller looks it up.
    #[must_use]
    pub const fn status(&self) -> Option<&StatusReference> {
        self.status.as_ref()
    }

    /// Until when it is valid.
    #[must_use]
    pub const fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// The holder's key.
    #[must_use]
    pub const fn holder(&self) -> Option<&Jwk> {
        self.holder.as_ref()
    }

    /// Whether the holder signed this presentation.
    #[must_use]
    pub const fn is_bound(&self) -> bool {
        self.bound
    }

    /// The issuer's certificate.
    #[must_use]
    pub const fn issuer(&self) -> &VerifiedLeaf {
        &self.issuer
    }
}

/// Verifies a presentation.
///
/// # Errors
/// [`SdJwtError`] for the first fault: form, type, issuer, digests, claims, time, holder.
pub fn verify(presentation: &str, expected: &Expected<'_>) -> Result<Verified, SdJwtError> {
    let read = SdJwt::read(presentation)?;
    let believed = read.believed(expected.anchors, expected.now)?;
    let (claims, registered) = (believed.placed.claims, believed.registered);
    match claims.get("aud") {
        Some(aud) if !is_audience(aud, expected.audience) => return Err(SdJwtError::Audience),
        Some(_) | None => {}
    }
    let own = |(vct, _): &&(&str, &[u8])| *vct == registered.vct;
    if let (Some(said), Some((_, document))) = (&registered.vct_integrity, expected.metadata.iter().find(own))
        && !integrity_holds(said, document)
    {
        return Err(SdJwtError::TypeIntegrity);
    }
    match (read.key_binding, &registered.holder) {
        (Some(_), None) => return Err(SdJwtError::Claim { name: "cnf" }),
        (Some(text), Some(holder)) => {
            let said = Said { audience: expected.audience, nonce: expected.nonce, made: expected.now };
            key_binding::verify(text, read.presented, holder, said)?;
        }
        (None, _) if expected.binding_required => return Err(SdJwtError::BindingMissing),
        (None, _) => {}
    }
    Ok(Verified {
        claims,
        vct: registered.vct,
        aka_vcts: registered.aka_vcts,
        status: registered.status,
        expires: registered.expires,
        holder: registered.holder,
        bound: read.key_binding.is_some(),
        issuer: believed.issuer,
    })
}
