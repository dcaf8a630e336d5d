//! Held: an SD-CWT in the hand of its holder, with every disclosure, and the presentations made of it.
//!
//! Lives here: what a holder checks on receipt, and choosing what to show. Not here: where a wallet keeps it.

use documents::{Timestamp, redact_debug};

use super::disclosure::{Content, Disclosure};
use super::label;
use super::numeric_date::{TimeError, Times};
use super::placing::{Decoys, Place, has_redaction};
use super::presentation::{Disclosed, VerifyError, disclosed};
use super::signed::{FormError, SdCwt, SignatureKey, binding_header, sign1};
use super::value::{Encoding, Key, Value};
use crate::cose::sig_structure;
use crate::crypto::{CryptoError, PublicKey, SigningKey};

/// Why a holder refuses a token, or does not show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HolderError {
    /// The bytes are no SD-CWT, or its hashes, disclosures and times do not fit together.
    #[error(transparent)]
    Token(#[from] VerifyError),
    /// The issuer's signature is not valid.
    #[error("the issuer's signature is not valid")]
    IssuerSignature,
    /// A hash came without its disclosure.
    #[error("the token has a hash without its disclosure; ask the issuer for a new token")]
    Undisclosed,
    /// The token has no `sub`, shown or redacted.
    #[error("the token has no subject")]
    NoSubject,
    /// The token is bound to another key.
    #[error("the token is bound to another key than the one that was sent")]
    OtherKey,
    /// The token does not answer the nonce that was sent.
    #[error("the token answers another nonce than the one that was sent")]
    Nonce,
    /// A disclosure was chosen without the one in which its hash stands.
    #[error("a claim was chosen without the claim around it; choose both")]
    ParentWithheld,
    /// A disclosure was chosen that is not there, or that of a decoy.
    #[error("what was chosen is no claim of this token")]
    NoClaim,
    /// A further claim of the key binding token is one that it has already, or must not have.
    #[error("claim {label} cannot be added to a key binding token")]
    Claim {
        /// The claim.
        label: i64,
    },
    /// The presentation would lie outside of the times of the token.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// The crypto library cannot sign.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl From<FormError> for HolderError {
    fn from(error: FormError) -> Self {
        Self::Token(error.into())
    }
}

/// An SD-CWT with every disclosure, its issuer's signature verified.
#[derive(Clone)]
pub struct Held {
    bytes: Vec<u8>,
    encoding: Encoding,
    disclosures: Vec<Disclosure>,
    places: Vec<Place>,
    claims: Value,
    holder: PublicKey,
    times: Times,
}
redact_debug!(Held);

/// What a holder says in a presentation, beside the claims that are disclosed.
#[derive(Debug, Clone, Copy)]
pub struct KeyBinding<'a> {
    /// The verifier for whom it is made.
    pub audience: &'a str,
    /// When it is made.
    pub made: Timestamp,
    /// The verifier's nonce.
    pub cnonce: Option<&'a [u8]>,
    /// Further claims.
    pub further: &'a [(i64, Value)],
}

impl Held {
    /// Takes a token from its issuer: verifies the signature, that every hash has its disclosure and the reverse, that it
    /// is bound to `device`, and that it answers `cnonce` where one was sent.
    ///
    /// # Errors
    /// [`HolderError`] for the first fault.
    pub fn receive(
        bytes: &[u8],
        encoding: Encoding,
        issuer: &impl SignatureKey,
        device: &PublicKey,
        cnonce: Option<&[u8]>,
    ) -> Result<Self, HolderError> {
        let token = SdCwt::parse(bytes, encoding)?;
        let (claims, holder, placed) = whole(&token)?;
        if holder != *device {
            return Err(HolderError::OtherKey);
        }
        if cnonce.is_some() && claims.get(label::CNONCE).and_then(Value::as_bytes) != cnonce {
            return Err(HolderError::Nonce);
        }
        token.signed.verify(issuer).map_err(|_| HolderError::IssuerSignature)?;
        let times = Times::read(&claims)?;
        let disclosures = token.disclosures().to_vec();
        Ok(Self {
            bytes: bytes.to_vec(),
            encoding,
            disclosures,
            places: placed.places,
            claims,
            holder,
            times,
        })
    }

    /// All claims, a map.
    #[must_use]
    pub const fn claims(&self) -> &Value {
        &self.claims
    }

    /// The token as it came.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The disclosures, decoys among them, each with its place.
    pub fn disclosures(&self) -> impl Iterator<Item = (&Disclosure, &Place)> {
        self.disclosures.iter().zip(&self.places)
    }

    /// The index of the disclosure of an outermost claim; `None` where it is shown to everybody, or not there.
    #[must_use]
    pub fn index_of(&self, key: impl Into<Key>) -> Option<usize> {
        let key = key.into();
        self.disclosures().position(|(disclosure, place)| {
            place.parent.is_none()
                && matches!((disclosure.content(), place.path.as_slice()),
                    (Content::Entry(found, _), [_]) if *found == key)
        })
    }

    /// Makes a presentation of the disclosures with these indexes, signed by the device key.
    ///
    /// # Errors
    /// [`HolderError`] for a choice that no verifier would take.
    pub fn present(
        &self,
        chosen: &[usize],
        binding: &KeyBinding<'_>,
        device: &SigningKey,
    ) -> Result<Vec<u8>, HolderError> {
        if *device.public() != self.holder {
            return Err(HolderError::OtherKey);
        }
        self.hold_choice(chosen)?;
        let payload = binding_claims(binding)?;
        Times::read(&payload)?.hold_binding(&self.times, false)?;
        let token = SdCwt::parse(&self.bytes, self.encoding)?;
        let kept = self.disclosures.iter().enumerate().filter(|(index, _)| chosen.contains(index));
        let protected = binding_header(&token.with_disclosures(kept.map(|(_, disclosure)| disclosure)));
        let payload = payload.encode();
        let signature = device.sign(&sig_structure(&protected, &[], &payload))?;
        Ok(sign1(&protected, &[], &payload, &signature))
    }

    fn hold_choice(&self, chosen: &[usize]) -> Result<(), HolderError> {
        for index in chosen {
            match (self.disclosures.get(*index).map(Disclosure::content), self.places.get(*index)) {
                (Some(Content::Entry(..) | Content::Element(_)), Some(place)) => {
                    if place.parent.is_some_and(|parent| !chosen.contains(&parent)) {
                        return Err(HolderError::ParentWithheld);
                    }
                }
                (Some(Content::Decoy) | None, _) | (_, None) => return Err(HolderError::NoClaim),
            }
        }
        Ok(())
    }
}

/// Holds a whole token to what its holder demands: no hash without its disclosure, a subject, times in order.
pub(super) fn whole(token: &SdCwt<'_>) -> Result<Disclosed, HolderError> {
    let (claims, holder, placed) = disclosed(token, Decoys::Taken)?;
    if placed.undisclosed > 0 {
        return Err(HolderError::Undisclosed);
    }
    if claims.get(label::SUB).is_none() {
        return Err(HolderError::NoSubject);
    }
    Times::read(&claims)?.hold_order()?;
    Ok((claims, holder, placed))
}

fn binding_claims(binding: &KeyBinding<'_>) -> Result<Value, HolderError> {
    let mut pairs = vec![
        (label::AUD.into(), Value::text(binding.audience)),
        (label::IAT.into(), Value::Int(binding.made.unix().into())),
    ];
    if let Some(cnonce) = binding.cnonce {
        pairs.push((label::CNONCE.into(), Value::Bytes(cnonce.to_vec())));
    }
    for (label, value) in binding.further {
        let taken = pairs.iter().any(|(key, _)| *key == Key::Int(*label));
        let reserved = [label::ISS, label::SUB, label::CNONCE].contains(label);
        if taken || reserved || has_redaction(value) {
            return Err(HolderError::Claim { label: *label });
        }
        pairs.push(((*label).into(), value.clone()));
    }
    Ok(Value::Map(pairs))
}
