//! SD-JWT VC: signed JSON of which a holder shows a part (RFC 9901; draft-ietf-oauth-sd-jwt-vc-13, which HAIP 1.0 pins).
//!
//! Lives here: issuing, holding, presenting under a key, verifying. Not here: which claims a credential has, which issuer
//! counts. Compact form alone; SHA-256 and ES256 alone; the issuer's key by `x5c` alone. Refused though the RFC is silent:
//! `...` as the name of any claim, a disclosed claim `_sd_alg`, names longer than 255 bytes, times that are no integers.

mod disclosure;
mod error;
mod held;
mod issue;
mod key_binding;
mod placing;
mod verify;

use credential::VerifyingKey;
use credential::jose::{Jwk, JwsError, UnverifiedJws};
use credential::x5c::{CertificateAnchors, LeafUse, VerifiedLeaf, verify_x5c};
use documents::{Timestamp, redact_debug};
use serde_json::{Map, Value};

use crate::claim_path::Step;
use crate::signed::{payload_object, read_any};
use crate::status::StatusReference;

pub use disclosure::SALT_LEN;
pub use error::SdJwtError;
pub use held::{Held, Presentation};
pub use issue::{Blueprint, Credential, Element, IssueError, Member, issue};
pub use key_binding::{AHEAD_SECONDS, BEHIND_SECONDS};
pub use verify::{Expected, Verified, verify};

use disclosure::Disclosure;
use placing::Placed;

/// Type of an SD-JWT VC (`typ`), and the name of its format in `OpenID4VC`.
pub const TYPE: &str = "dc+sd-jwt";
/// Longest credential or presentation that is read, in characters.
pub const MAX_LEN: usize = 1 << 20;
/// Most disclosures that are read.
pub const MAX_DISCLOSURES: usize = 4096;

/// Claims that everybody must see, with all that is in them (SD-JWT VC, 2.2.2.2; `aka_vcts` since draft -18).
const NEVER_DISCLOSABLE: [&str; 8] =
    ["iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status"];

/// An SD-JWT of any type that was read apart; nothing in it is believed yet.
#[derive(Clone)]
pub struct SdJwt<'t> {
    jws: UnverifiedJws<'t>,
    issuer_text: &'t str,
    payload: Map<String, Value>,
    disclosures: Vec<Disclosure>,
    /// Everything up to the last tilde: what a key binding hashes.
    presented: &'t str,
    key_binding: Option<&'t str>,
}
redact_debug!(SdJwt<'_>);

impl<'t> SdJwt<'t> {
    /// Reads the compact form (RFC 9901, 4).
    ///
    /// # Errors
    /// [`SdJwtError`] for the first fault.
    pub fn read(compact: &'t str) -> Result<Self, SdJwtError> {
        if compact.len() > MAX_LEN {
            return Err(SdJwtError::TooLong);
        }
        let (before, binding) = compact.rsplit_once('~').ok_or(SdJwtError::Form)?;
        let mut parts = before.split('~');
        let issuer_text = parts.next().unwrap_or_default();
        let jws = read_any(issuer_text, MAX_LEN)?;
        let payload = payload_object(jws.unverified_payload()).map_err(SdJwtError::Json)?;
        let mut disclosures = Vec::new();
        for text in parts {
            if disclosures.len() == MAX_DISCLOSURES {
                return Err(SdJwtError::TooLong);
            }
            disclosures.push(Disclosure::read(text)?);
        }
        let presented = compact.get(..=before.len()).ok_or(SdJwtError::Form)?;
        let key_binding = (!binding.is_empty()).then_some(binding);
        Ok(Self { jws, issuer_text, payload, disclosures, presented, key_binding })
    }

    /// The claims, once the signature is this key's: what was not disclosed is left out.
    ///
    /// # Errors
    /// [`SdJwtError`] for the first fault.
    pub fn open(&self, key: &VerifyingKey) -> Result<Map<String, Value>, SdJwtError> {
        self.verify_issuer(key)?;
        Ok(self.place()?.claims)
    }

    fn verify_issuer(&self, key: &VerifyingKey) -> Result<(), SdJwtError> {
        self.jws.verify(key).map(drop).map_err(SdJwtError::Issuer)
    }

    fn place(&self) -> Result<Placed, SdJwtError> {
        placing::place(&self.payload, &self.disclosures)
    }

    /// Type, issuer and claims of an SD-JWT VC, in this order.
    fn believed(&self, anchors: &CertificateAnchors, now: Timestamp) -> Result<Believed, SdJwtError> {
        if self.jws.header().typ.as_deref() != Some(TYPE) {
            return Err(SdJwtError::Issuer(JwsError::Type));
        }
        let chain = self.jws.header().x5c.as_deref().ok_or(SdJwtError::NoCertificate)?;
        let issuer = verify_x5c(chain, anchors, LeafUse::Issuer, now)?;
        self.verify_issuer(&issuer.key)?;
        let placed = self.place()?;
        let registered = Registered::read(&placed)?;
        registered.hold_times(now)?;
        Ok(Believed { issuer, placed, registered })
    }
}

/// What an SD-JWT VC says, its issuer proven.
struct Believed {
    issuer: VerifiedLeaf,
    placed: Placed,
    registered: Registered,
}

/// The registered claims of an SD-JWT VC.
#[derive(Clone)]
struct Registered {
    vct: String,
    aka_vcts: Vec<String>,
    vct_integrity: Option<String>,
    not_before: Option<Timestamp>,
    expires: Option<Timestamp>,
    holder: Option<Jwk>,
    status: Option<StatusReference>,
}

impl Registered {
    fn read(placed: &Placed) -> Result<Self, SdJwtError> {
        let hidden = placed.places.iter().any(|place| match place.path.first() {
            Some(Step::Name(name)) => NEVER_DISCLOSABLE.contains(&name.as_str()),
            Some(Step::Index(_)) | None => false,
        });
        if hidden {
            return Err(SdJwtError::NotDisclosable);
        }
        let claims = &placed.claims;
        let text = |name: &'static str| match claims.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
            Some(_) => Err(SdJwtError::Claim { name }),
        };
        let time = |name: &'static str| match claims.get(name) {
            None => Ok(None),
            Some(value) => {
                let time = value.as_i64().and_then(Timestamp::from_unix);
                time.map(Some).ok_or(SdJwtError::Claim { name })
            }
        };
        // Read for its type alone: nothing here depends on when a credential was issued, or by which name.
        time("iat")?;
        text("iss")?;
        let vct = text("vct")?.ok_or(SdJwtError::Claim { name: "vct" })?;
        let holder = match claims.get("cnf") {
            None => None,
            Some(confirmation) => {
                let jwk = confirmation.get("jwk").and_then(|jwk| Jwk::read(jwk).ok());
                Some(jwk.ok_or(SdJwtError::Claim { name: "cnf" })?)
            }
        };
        let status = match claims.get("status") {
            None => None,
            Some(status) => {
                let read = StatusReference::from_json(status);
                Some(read.map_err(|_| SdJwtError::Claim { name: "status" })?)
            }
        };
        Ok(Self {
            aka_vcts: further_types(claims, &vct)?,
            vct,
            vct_integrity: text("vct#integrity")?,
            not_before: time("nbf")?,
            expires: time("exp")?,
            holder,
            status,
        })
    }

    fn hold_times(&self, now: Timestamp) -> Result<(), SdJwtError> {
        if self.expires.is_some_and(|expires| now >= expires) {
            return Err(SdJwtError::Expired);
        }
        if self.not_before.is_some_and(|from| now < from) {
            return Err(SdJwtError::NotYetValid);
        }
        Ok(())
    }
}

/// `aka_vcts` (draft -18): further types, none of them `vct` itself.
fn further_types(claims: &Map<String, Value>, vct: &str) -> Result<Vec<String>, SdJwtError> {
    let fault = SdJwtError::Claim { name: "aka_vcts" };
    let Some(types) = claims.get("aka_vcts") else { return Ok(Vec::new()) };
    let types = types.as_array().filter(|types| !types.is_empty()).ok_or(fault)?;
    let read = |value: &Value| value.as_str().filter(|further| *further != vct).map(str::to_owned);
    types.iter().map(read).collect::<Option<_>>().ok_or(fault)
}
