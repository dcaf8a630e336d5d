//! Presentations: a key binding token (SD-KBT) around an SD-CWT, verified by whom it was made for (draft, section 6 of its
//! verification steps).
//!
//! Lives here: [`UnverifiedPresentation`] to [`VerifiedPresentation`]. Not here: status, trust in the issuer's key, and how
//! old a presentation may be.

use std::collections::BTreeMap;

use documents::Timestamp;

use super::label;
use super::numeric_date::{TimeError, Times};
use super::placing::{Decoys, PlacingError, has_redaction, place};
use super::signed::{FormError, SdCwt, SignatureKey, Signed, parse_binding};
use super::value::{Encoding, Key, Value};
use crate::crypto::{PublicKey, VerifyingKey};

/// Why a presentation was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The bytes are no presentation.
    #[error(transparent)]
    Form(#[from] FormError),
    /// Disclosures and hashes do not fit together.
    #[error(transparent)]
    Placing(#[from] PlacingError),
    /// A time is out of order, over, or not yet come.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// It was made for another verifier.
    #[error("the presentation was made for another verifier")]
    Audience,
    /// The issuer meant the token for another verifier.
    #[error("the token was issued for another verifier")]
    TokenAudience,
    /// It answers another nonce, or none.
    #[error("the presentation answers another request")]
    Nonce,
    /// The issuer's signature is not valid.
    #[error("the issuer's signature is not valid")]
    IssuerSignature,
    /// The holder's signature is not valid.
    #[error("the holder's signature is not valid")]
    HolderSignature,
}

/// What a verifier expects.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The names under which tokens are made for this verifier.
    pub audiences: &'a [&'a str],
    /// The nonce that the presentation must answer; `None` where none was given.
    pub cnonce: Option<&'a [u8]>,
    /// The time, by the verifier's clock.
    pub now: Timestamp,
}

/// A presentation whose form, disclosures and times hold; no signature is checked.
#[derive(Clone)]
pub struct UnverifiedPresentation<'b> {
    binding: Signed<'b>,
    token: SdCwt<'b>,
    binding_claims: Value,
    claims: Value,
    holder: PublicKey,
    times: Times,
    binding_times: Times,
}

impl<'b> UnverifiedPresentation<'b> {
    /// Parses a presentation and holds it to everything that needs neither keys nor a clock.
    ///
    /// # Errors
    /// [`VerifyError`] for the first fault.
    pub fn parse(bytes: &'b [u8], encoding: Encoding) -> Result<Self, VerifyError> {
        let (binding, token, binding_claims) = parse_binding(bytes, encoding)?;
        hold_binding_claims(&binding_claims)?;
        let (claims, holder) =
            disclosed(&token, Decoys::Refused).map(|(claims, holder, _)| (claims, holder))?;
        let (times, binding_times) = (Times::read(&claims)?, Times::read(&binding_claims)?);
        times.hold_order()?;
        binding_times.hold_binding(&times, binding_claims.get(label::CTI).is_some())?;
        Ok(Self { binding, token, binding_claims, claims, holder, times, binding_times })
    }

    /// The token in it, not trusted yet: enough to look up the issuer's key.
    #[must_use]
    pub const fn token(&self) -> &SdCwt<'b> {
        &self.token
    }

    /// The claims that it discloses, not trusted yet.
    #[must_use]
    pub const fn unverified_claims(&self) -> &Value {
        &self.claims
    }

    /// The holder's key that the token names, not trusted yet.
    #[must_use]
    pub const fn unverified_holder(&self) -> &PublicKey {
        &self.holder
    }

    /// How many headers the holder signed, the SD-CWT not counted.
    #[must_use]
    pub const fn binding_header_len(&self) -> usize {
        self.binding.header.len()
    }

    /// The holder's algorithm, a COSE number.
    #[must_use]
    pub const fn binding_algorithm(&self) -> i64 {
        self.binding.algorithm
    }

    /// The claims of the key binding token, not trusted yet.
    #[must_use]
    pub const fn unverified_binding(&self) -> &Value {
        &self.binding_claims
    }

    /// Holds it to what this verifier expects, then verifies both signatures; `issuer` is the key that is trusted for
    /// what [`Self::token`] names.
    ///
    /// # Errors
    /// [`VerifyError`] for the first fault: what costs nothing comes first.
    pub fn verify(
        self,
        issuer: &impl SignatureKey,
        expected: &Expected<'_>,
    ) -> Result<VerifiedPresentation, VerifyError> {
        let for_us = |claims: &Value| {
            claims
                .get(label::AUD)
                .is_none_or(|aud| aud.as_text().is_some_and(|aud| expected.audiences.contains(&aud)))
        };
        if !for_us(&self.binding_claims) {
            return Err(VerifyError::Audience);
        }
        if !for_us(&self.claims) {
            return Err(VerifyError::TokenAudience);
        }
        let nonce = self.binding_claims.get(label::CNONCE).and_then(Value::as_bytes);
        if expected.cnonce.is_some() && nonce != expected.cnonce {
            return Err(VerifyError::Nonce);
        }
        self.times.hold_now(expected.now)?;
        self.binding_times.hold_now(expected.now)?;
        self.token.signed.verify(issuer).map_err(|_| VerifyError::IssuerSignature)?;
        let holder = VerifyingKey::new(self.holder).map_err(|_| FormError::HolderKey)?;
        self.binding.verify(&holder).map_err(|_| VerifyError::HolderSignature)?;
        Ok(VerifiedPresentation { claims: self.claims, binding: self.binding_claims, holder })
    }
}

/// What an issuer signed and a holder disclosed: the draft's Validated Disclosed Claims Set.
#[derive(Clone)]
pub struct VerifiedPresentation {
    claims: Value,
    binding: Value,
    holder: VerifyingKey,
}

impl VerifiedPresentation {
    /// The disclosed claims, a map; what stayed redacted is not there.
    #[must_use]
    pub const fn claims(&self) -> &Value {
        &self.claims
    }

    /// The claims of the key binding token, a map.
    #[must_use]
    pub const fn binding(&self) -> &Value {
        &self.binding
    }

    /// The holder's key.
    #[must_use]
    pub const fn holder(&self) -> &VerifyingKey {
        &self.holder
    }
}

pub(super) type Disclosed = (Value, PublicKey, super::placing::Placed);

/// The claims of a token with its disclosures in them, and the holder's key.
pub(super) fn disclosed(token: &SdCwt<'_>, decoys: Decoys) -> Result<Disclosed, VerifyError> {
    let mut roots = vec![&token.payload];
    roots.extend(&token.header_claims);
    let mut placed = place(&roots, token.disclosures(), decoys)?;
    let mut sets = std::mem::take(&mut placed.claims).into_iter();
    let claims = sets.next().ok_or(FormError::Contradiction)?;
    hold_agreement(&claims, sets.next().as_ref())?;
    hold_types(&claims)?;
    let holder = holder_key(&claims)?;
    Ok((claims, holder, placed))
}

/// A claim that stands in payload and header 15 has one value.
fn hold_agreement(claims: &Value, header: Option<&Value>) -> Result<(), FormError> {
    let Some(header) = header.and_then(Value::as_map) else { return Ok(()) };
    let claims = claims.as_map().unwrap_or_default();
    let known: BTreeMap<&Key, &Value> = claims.iter().map(|(key, value)| (key, value)).collect();
    let agrees = |(key, value): &(Key, Value)| known.get(key).is_none_or(|other| *other == value);
    if header.iter().all(agrees) { Ok(()) } else { Err(FormError::Contradiction) }
}

fn hold_types(claims: &Value) -> Result<(), FormError> {
    for label in [label::ISS, label::SUB, label::AUD] {
        if claims.get(label).is_some_and(|value| value.as_text().is_none()) {
            return Err(FormError::Claim { label });
        }
    }
    for label in [label::CTI, label::CNONCE] {
        if claims.get(label).is_some_and(|value| value.as_bytes().is_none()) {
            return Err(FormError::Claim { label });
        }
    }
    Ok(())
}

fn hold_binding_claims(claims: &Value) -> Result<(), FormError> {
    for label in [label::ISS, label::SUB] {
        if claims.get(label).is_some() {
            return Err(FormError::Forbidden { label });
        }
    }
    if has_redaction(claims) {
        return Err(FormError::Redaction);
    }
    hold_types(claims)?;
    if claims.get(label::AUD).is_none() {
        return Err(FormError::Claim { label: label::AUD });
    }
    Ok(())
}

/// The key in `cnf` (RFC 8747, 3.2): a COSE_Key on P-256 (RFC 9053, 7.1.1), its y a coordinate or a sign.
fn holder_key(claims: &Value) -> Result<PublicKey, FormError> {
    let cnf = claims.get(label::CNF).and_then(Value::as_map).ok_or(FormError::HolderKey)?;
    let [(Key::Int(1), key)] = cnf else { return Err(FormError::HolderKey) };
    let number = |label: i64| key.get(label).and_then(Value::as_int);
    let coordinate =
        |label: i64| key.get(label).and_then(Value::as_bytes).and_then(|c| <&[u8; 32]>::try_from(c).ok());
    let (Some(2), Some(1), Some(x), None) = (number(1), number(-1), coordinate(-2), key.get(-4)) else {
        return Err(FormError::HolderKey);
    };
    match (key.get(-3), coordinate(-3)) {
        (Some(Value::Bool(odd)), _) => Ok(PublicKey::from_x_and_sign(x, *odd)),
        (_, Some(y)) => PublicKey::from_coordinates(x, y).map_err(|_| FormError::HolderKey),
        (_, None) => Err(FormError::HolderKey),
    }
}
