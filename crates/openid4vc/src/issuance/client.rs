//! Client: the attestation by which a wallet's maker vouches for it, and the wallet's proof that it is the one meant
//! (attestation-based client authentication, as HAIP 1.0, 4.4.1 demands).
//!
//! Lives here: both signatures and every claim of them. Not here: which makers are trusted, and which proofs were seen before.

use std::fmt;

use credential::dpop::DpopThumbprint;
use credential::jose::{Jwk, JwsError, UnverifiedJws};
use credential::x5c::{CertificateAnchors, LeafUse, X5cError, verify_x5c};
use documents::{Timestamp, redact_debug};
use serde::Deserialize;
use serde_json::Value;

use super::refusal::{Refusal, RefusalCode};
use crate::signed;

/// Longest attestation or proof that is read, in characters.
pub const MAX_ATTESTATION_LEN: usize = 32 * 1024;
/// How far a proof's time may lie from this clock, in seconds.
const WINDOW_SECONDS: i64 = 60;
/// Longest name that is read.
const MAX_NAME_LEN: usize = 256;

/// Why a wallet is not believed. To the wallet all of them are `invalid_client`; the sentence says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientFault {
    /// One of the two headers is missing.
    Missing,
    /// The attestation.
    Attestation(JwsError),
    /// No maker of wallets that is trusted here signed it.
    Maker(X5cError),
    /// A claim of the attestation is missing or malformed.
    Claims,
    /// The attestation is over.
    Expired,
    /// The attestation is not in force yet.
    NotYet,
    /// The proof is malformed, or signed by another key than the attested one.
    Proof(JwsError),
    /// A claim of the proof is missing or malformed.
    ProofClaims,
    /// Made for another server.
    Audience,
    /// Made at another time.
    ProofTime,
    /// `client_id` is not the attested one.
    ClientId,
    /// The proof was seen before.
    Replayed,
}

impl ClientFault {
    /// The sentence for the wallet's maker.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Missing => "send OAuth-Client-Attestation and OAuth-Client-Attestation-PoP",
            Self::Attestation(JwsError::Signature) => {
                "the wallet's attestation: its signature is not that of its key"
            }
            Self::Attestation(_) => {
                "the wallet's attestation is no oauth-client-attestation+jwt signed with ES256"
            }
            Self::Maker(X5cError::Unknown) => {
                "no maker of wallets that is trusted here signed the attestation"
            }
            Self::Maker(_) => "the certificate beside the wallet's attestation does not count",
            Self::Claims => "the wallet's attestation lacks sub, exp or cnf.jwk, or one is malformed",
            Self::Expired => "the wallet's attestation is over; fetch a new one from the wallet's maker",
            Self::NotYet => "the wallet's attestation is not in force yet; compare the clocks",
            Self::Proof(JwsError::Signature) => {
                "the proof is not signed by the key that the wallet's maker attested"
            }
            Self::Proof(_) => "the proof is no oauth-client-attestation-pop+jwt signed with ES256",
            Self::ProofClaims => "the proof lacks aud, iat or jti, or one is malformed",
            Self::Audience => "the proof was made for another server; its aud is this issuer",
            Self::ProofTime => "the proof was made at another time; make a new one for each request",
            Self::ClientId => "client_id is not the sub of the wallet's attestation",
            Self::Replayed => "the proof was sent before; make a new one for each request",
        }
    }
}

impl fmt::Display for ClientFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl std::error::Error for ClientFault {}

impl From<ClientFault> for Refusal {
    fn from(fault: ClientFault) -> Self {
        Self::new(RefusalCode::InvalidClient, fault.sentence())
    }
}

/// A wallet for which a trusted maker vouches, and which holds the attested key.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedClient {
    /// Its name, shared by all wallets of its kind.
    pub client_id: String,
    /// The attested key of this one wallet.
    pub instance: DpopThumbprint,
    /// The proof's own name; no two proofs of one key share it.
    pub proof_id: String,
    /// From when on the proof is over whatever else is known of it.
    pub proof_until: Timestamp,
}
redact_debug!(VerifiedClient);

#[derive(Deserialize)]
struct AttestationClaims {
    sub: Option<String>,
    exp: Option<i64>,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    iat: Option<i64>,
    cnf: Option<Confirmation>,
}

#[derive(Deserialize)]
struct Confirmation {
    jwk: Value,
}

#[derive(Deserialize)]
struct ProofClaims {
    aud: Value,
    iat: i64,
    jti: String,
    #[serde(default)]
    exp: Option<i64>,
}

/// Verifies the two headers of a request. `issuer`: this server's identifier.
///
/// # Errors
/// The first thing wrong.
pub fn verify_client(
    attestation: Option<&str>,
    proof: Option<&str>,
    issuer: &str,
    makers: &CertificateAnchors,
    now: Timestamp,
) -> Result<VerifiedClient, ClientFault> {
    let (Some(attestation), Some(proof)) = (attestation, proof) else { return Err(ClientFault::Missing) };
    let read = UnverifiedJws::read(attestation, MAX_ATTESTATION_LEN)
        .and_then(|read| read.of_type("oauth-client-attestation+jwt"))
        .map_err(ClientFault::Attestation)?;
    let chain = read.header().x5c.as_deref().unwrap_or_default();
    let leaf = verify_x5c(chain, makers, LeafUse::Any, now).map_err(ClientFault::Maker)?;
    let payload = read.verify(&leaf.key).map_err(ClientFault::Attestation)?;
    let claims: AttestationClaims = signed::claims(payload).ok_or(ClientFault::Claims)?;
    let client_id = claims.sub.filter(|sub| (1..=MAX_NAME_LEN).contains(&sub.len()));
    let client_id = client_id.ok_or(ClientFault::Claims)?;
    let exp = claims.exp.ok_or(ClientFault::Claims)?;
    let key = claims.cnf.and_then(|cnf| Jwk::read(&cnf.jwk).ok()).ok_or(ClientFault::Claims)?;
    // RFC 7519, 4.1.4: at the instant of `exp` it is over.
    if now.unix() >= exp {
        return Err(ClientFault::Expired);
    }
    let earliest = claims.nbf.into_iter().chain(claims.iat).max();
    if earliest.is_some_and(|from| now.unix().saturating_add(WINDOW_SECONDS) < from) {
        return Err(ClientFault::NotYet);
    }
    let read = UnverifiedJws::read(proof, MAX_ATTESTATION_LEN)
        .and_then(|read| read.of_type("oauth-client-attestation-pop+jwt"))
        .map_err(ClientFault::Proof)?;
    let payload = read.verify(key.key()).map_err(ClientFault::Proof)?;
    let claims: ProofClaims = signed::claims(payload).ok_or(ClientFault::ProofClaims)?;
    if !(1..=MAX_NAME_LEN).contains(&claims.jti.len()) {
        return Err(ClientFault::ProofClaims);
    }
    if !signed::is_audience(&claims.aud, issuer) {
        return Err(ClientFault::Audience);
    }
    let over = claims.exp.is_some_and(|exp| now.unix() >= exp);
    if over || claims.iat.abs_diff(now.unix()) > WINDOW_SECONDS.unsigned_abs() {
        return Err(ClientFault::ProofTime);
    }
    let proof_until = now.plus_seconds(2 * WINDOW_SECONDS + 1);
    let instance = key.thumbprint().map_err(|_| ClientFault::Claims)?;
    Ok(VerifiedClient { client_id, instance, proof_id: claims.jti, proof_until })
}
