//! Client: the attestation by which a wallet's maker vouches for it, and the wallet's proof that it is the one meant
//! (attestation-based client authentication, as HAIP 1.0, 4.4.1 demands).
//!
//! Lives here: both signatures and every claim of them. Not here: which makers are trusted, and which proofs were seen before.

use credential::dpop::DpopThumbprint;
use credential::jose::{Jwk, JwsError, UnverifiedJws};
use credential::x5c::{CertificateAnchors, LeafUse, X5cError, verify_x5c};
use documents::{Timestamp, redact_debug};
use serde::Deserialize;
use serde_json::Value;

use super::refusal::{Refusal, RefusalCode};
use crate::json;

/// Longest attestation or proof that is read, in characters.
pub const MAX_ATTESTATION_LEN: usize = 32 * 1024;
/// How far a proof's time may lie from this clock, in seconds.
const WINDOW_SECONDS: i64 = 60;
/// Longest name that is read.
const MAX_NAME_LEN: usize = 256;

/// Why a wallet is not believed. To the wallet all of them are `invalid_client`; the sentence says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientFault {
    /// One of the two headers is missing.
    #[error(
        "send the wallet's attestation and its proof in the headers OAuth-Client-Attestation and OAuth-Client-Attestation-PoP"
    )]
    Missing,
    /// The attestation.
    #[error("the wallet's attestation: {0}")]
    Attestation(JwsError),
    /// No maker of wallets that is trusted here signed it.
    #[error("the wallet's attestation: {0}")]
    Maker(X5cError),
    /// A claim of the attestation is missing or malformed.
    #[error("the wallet's attestation lacks sub, exp or cnf.jwk, or one is malformed")]
    Claims,
    /// The attestation is over.
    #[error("the wallet's attestation is over; fetch a new one from the wallet's maker")]
    Expired,
    /// The attestation is not in force yet.
    #[error("the wallet's attestation is not in force yet; compare the clocks")]
    NotYet,
    /// The proof is malformed, or signed by another key than the attested one.
    #[error("the proof of the wallet's attestation: {0}")]
    Proof(JwsError),
    /// A claim of the proof is missing or malformed.
    #[error("the proof of the wallet's attestation lacks aud, iat or jti, or one is malformed")]
    ProofClaims,
    /// Made for another server.
    #[error("the proof of the wallet's attestation was made for another server; its aud is this issuer")]
    Audience,
    /// Made at another time.
    #[error(
        "the proof of the wallet's attestation was made at another time; make a new one for each request"
    )]
    ProofTime,
    /// `client_id` is not the attested one.
    #[error("client_id is not the sub of the wallet's attestation")]
    ClientId,
    /// The proof was seen before.
    #[error("the proof of the wallet's attestation was sent before; make a new one for each request")]
    Replayed,
}

impl From<ClientFault> for Refusal {
    fn from(fault: ClientFault) -> Self {
        Self::new(
            RefusalCode::InvalidClient,
            match fault {
                ClientFault::Missing => "send OAuth-Client-Attestation and OAuth-Client-Attestation-PoP",
                ClientFault::Attestation(JwsError::Signature) => {
                    "the wallet's attestation: its signature is not that of its key"
                }
                ClientFault::Attestation(_) => {
                    "the wallet's attestation is no oauth-client-attestation+jwt signed with ES256"
                }
                ClientFault::Maker(X5cError::Unknown) => {
                    "no maker of wallets that is trusted here signed the attestation"
                }
                ClientFault::Maker(_) => "the certificate beside the wallet's attestation does not count",
                ClientFault::Claims => {
                    "the wallet's attestation lacks sub, exp or cnf.jwk, or one is malformed"
                }
                ClientFault::Expired => {
                    "the wallet's attestation is over; fetch a new one from the wallet's maker"
                }
                ClientFault::NotYet => "the wallet's attestation is not in force yet; compare the clocks",
                ClientFault::Proof(JwsError::Signature) => {
                    "the proof is not signed by the key that the wallet's maker attested"
                }
                ClientFault::Proof(_) => "the proof is no oauth-client-attestation-pop+jwt signed with ES256",
                ClientFault::ProofClaims => "the proof lacks aud, iat or jti, or one is malformed",
                ClientFault::Audience => "the proof was made for another server; its aud is this issuer",
                ClientFault::ProofTime => {
                    "the proof was made at another time; make a new one for each request"
                }
                ClientFault::ClientId => "client_id is not the sub of the wallet's attestation",
                ClientFault::Replayed => "the proof was sent before; make a new one for each request",
            },
        )
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
    let claims: AttestationClaims = claims(payload).ok_or(ClientFault::Claims)?;
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
    let claims: ProofClaims = self::claims(payload).ok_or(ClientFault::ProofClaims)?;
    if !(1..=MAX_NAME_LEN).contains(&claims.jti.len()) {
        return Err(ClientFault::ProofClaims);
    }
    if !names(&claims.aud, issuer) {
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

/// Claims by the strict reader.
fn claims<T: serde::de::DeserializeOwned>(payload: &[u8]) -> Option<T> {
    let text = std::str::from_utf8(payload).ok()?;
    serde_json::from_value(json::strict(text).ok()?).ok()
}

/// Whether `aud` is this name, alone or among others (RFC 7519, 4.1.3).
fn names(aud: &Value, name: &str) -> bool {
    match aud {
        Value::String(one) => one == name,
        Value::Array(several) => several.iter().any(|one| one.as_str() == Some(name)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}
