//! Proof: a wallet asks for credentials and shows that it holds the keys that they will be bound to (OpenID4VCI 1.0, 8, appendices D, F).
//!
//! Lives here: the credential request, proofs of the types `jwt` and `attestation`, encryption of the response. Not here: which nonces
//! count, who signs for keys, and what is issued.

use credential::jose::{ContentEncryption, Jwk, JwsError, Recipient, UnverifiedJws, encrypt_jwe};
use credential::x5c::{CertificateAnchors, LeafUse, verify_x5c};
use documents::{Timestamp, redact_debug};
use serde::Deserialize;
use serde_json::Value;

use super::client::MAX_ATTESTATION_LEN;
use super::configuration::Configuration;
use super::metadata::BATCH_SIZE;
use super::refusal::{Refusal, RefusalCode};
use super::request::Asked;
use crate::{json, signed};

/// How far a proof's time may lie from this clock, in seconds.
const WINDOW_SECONDS: i64 = 60;

const fn proof(description: &'static str) -> Refusal {
    Refusal::new(RefusalCode::InvalidProof, description)
}

const fn invalid(description: &'static str) -> Refusal {
    Refusal::new(RefusalCode::InvalidCredentialRequest, description)
}

/// How the answer goes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    /// As JSON.
    Plain,
    /// Encrypted to this key.
    Encrypted(Box<Jwk>, ContentEncryption),
}

impl Response {
    /// The answer, encrypted where that was asked for.
    ///
    /// # Errors
    /// [`credential::CryptoError`]: the library failed.
    pub fn seal(&self, answer: &str) -> Result<Option<String>, credential::CryptoError> {
        match self {
            Self::Plain => Ok(None),
            Self::Encrypted(key, enc) => {
                encrypt_jwe(answer.as_bytes(), Recipient { key, enc: *enc, parties: None }).map(Some)
            }
        }
    }
}

/// A credential request as it was sent: its form is checked, its proofs are not yet.
pub struct CredentialRequest {
    configuration: Configuration,
    proofs: Proofs,
    response: Response,
}
redact_debug!(CredentialRequest);

enum Proofs {
    Jwt(Vec<String>),
    Attestation(String),
}

#[derive(Deserialize)]
struct Members {
    credential_configuration_id: Option<String>,
    credential_identifier: Option<String>,
    proofs: Option<Value>,
    /// Drafts before 1.0 had one proof here.
    proof: Option<Value>,
    credential_response_encryption: Option<Value>,
}

#[derive(Deserialize)]
struct Encryption {
    jwk: Value,
    enc: String,
    alg: Option<String>,
    zip: Option<Value>,
}

impl CredentialRequest {
    /// Reads a request. `asked`: what the access token was given for. Members that are not known are ignored.
    ///
    /// # Errors
    /// The first thing wrong.
    pub fn read(text: &str, asked: &Asked) -> Result<Self, Refusal> {
        let value = json::strict(text).map_err(|_| invalid("the credential request is no JSON object"))?;
        let mut members: Members = serde_json::from_value(value)
            .map_err(|_| invalid("a member of the credential request is malformed"))?;
        let response = members.credential_response_encryption.take();
        let response = response.map_or(Ok(Response::Plain), encryption)?;
        let configuration = which(&members, asked)?;
        if members.proof.is_some() {
            return Err(invalid("send proofs, an object with a list for one type, in place of proof"));
        }
        let proofs = members
            .proofs
            .ok_or_else(|| proof("send proofs of the keys that credentials will be bound to"))?;
        Ok(Self { configuration, proofs: Proofs::read(&proofs)?, response })
    }

    /// Which credential is asked for.
    #[must_use]
    pub const fn configuration(&self) -> Configuration {
        self.configuration
    }

    /// How the answer goes back.
    #[must_use]
    pub const fn response(&self) -> &Response {
        &self.response
    }
}

fn which(members: &Members, asked: &Asked) -> Result<Configuration, Refusal> {
    match (&members.credential_configuration_id, &members.credential_identifier) {
        (Some(_), Some(_)) => {
            Err(invalid("send credential_identifier or credential_configuration_id, not both"))
        }
        (None, None) => Err(invalid(
            "send credential_configuration_id, or the credential_identifier of the token response",
        )),
        (None, Some(identifier)) => {
            let named = asked.configurations.iter().find(|id| Asked::identifier(id) == *identifier);
            named.filter(|_| asked.by_details).and_then(|id| id.parse().ok()).ok_or(Refusal::new(
                RefusalCode::UnknownCredentialIdentifier,
                "the token response named no credential so; use the identifiers that it gave",
            ))
        }
        (Some(id), None) => {
            if asked.by_details {
                return Err(invalid(
                    "the token response gave identifiers; send one of them as credential_identifier",
                ));
            }
            let known = id.parse::<Configuration>().ok().filter(|_| asked.configurations.contains(id));
            known.ok_or(Refusal::new(
                RefusalCode::UnknownCredentialConfiguration,
                "the access token was not given for a configuration of this id",
            ))
        }
    }
}

fn encryption(value: Value) -> Result<Response, Refusal> {
    let refused = || {
        Refusal::new(
            RefusalCode::InvalidEncryptionParameters,
            "the response can be encrypted by ECDH-ES to a key on P-256, with A128GCM or A256GCM, without compression",
        )
    };
    let read: Encryption = serde_json::from_value(value).map_err(|_| refused())?;
    let named = read.jwk.get("alg").and_then(Value::as_str).or(read.alg.as_deref());
    if read.zip.is_some() || named.is_some_and(|alg| alg != "ECDH-ES") {
        return Err(refused());
    }
    let key = Jwk::read(&read.jwk).map_err(|_| refused())?;
    let enc = ContentEncryption::named(&read.enc).ok_or_else(refused)?;
    Ok(Response::Encrypted(Box::new(key), enc))
}

impl Proofs {
    fn read(value: &Value) -> Result<Self, Refusal> {
        let malformed = || proof("proofs is an object with one member, jwt or attestation: a list of texts");
        let members = value.as_object().filter(|members| members.len() == 1).ok_or_else(malformed)?;
        let (kind, list) = members.iter().next().ok_or_else(malformed)?;
        let text = |one: &Value| one.as_str().map(str::to_owned);
        let list = list.as_array().and_then(|list| list.iter().map(text).collect::<Option<Vec<_>>>());
        let mut list = list.filter(|list| !list.is_empty()).ok_or_else(malformed)?;
        match kind.as_str() {
            "jwt" if list.len() <= BATCH_SIZE => Ok(Self::Jwt(list)),
            "jwt" => Err(proof("more proofs than the metadata's batch_size")),
            "attestation" => match (list.pop(), list.pop()) {
                (Some(one), None) => Ok(Self::Attestation(one)),
                _ => Err(proof("send one key attestation; it names all keys")),
            },
            _ => Err(proof("proofs are of the type jwt or attestation")),
        }
    }
}

/// What a proof is held against.
pub struct ProofContext<'c> {
    /// This issuer's identifier: the audience.
    pub issuer: &'c str,
    /// The wallet's kind; `None` where it is not known (an anonymous pre-authorized code).
    pub client_id: Option<&'c str>,
    /// Whether a nonce is one that this issuer gave and that still counts.
    pub is_nonce: &'c dyn Fn(&str) -> bool,
    /// Who signs for keys of wallets.
    pub makers: &'c CertificateAnchors,
    /// The time.
    pub now: Timestamp,
}

#[derive(Deserialize)]
struct ProofClaims {
    aud: Value,
    iat: i64,
    nonce: Option<String>,
    iss: Option<String>,
}

#[derive(Deserialize)]
struct KeyClaims {
    iat: i64,
    exp: Option<i64>,
    nonce: Option<String>,
    attested_keys: Vec<Value>,
}

/// The keys that a request proved, in its order, each once.
///
/// # Errors
/// `invalid_nonce`: fetch a new one; `invalid_proof`: everything else.
pub fn verify_proofs(request: &CredentialRequest, held: &ProofContext<'_>) -> Result<Vec<Jwk>, Refusal> {
    let mut keys: Vec<Jwk> = Vec::new();
    match &request.proofs {
        Proofs::Jwt(proofs) => {
            for compact in proofs {
                keys.extend(verify_jwt(compact, held)?);
            }
        }
        Proofs::Attestation(compact) => keys = verify_attestation(compact, true, held)?,
    }
    if keys.is_empty() || keys.len() > BATCH_SIZE {
        return Err(proof("prove one key for each credential, and no more than the metadata's batch_size"));
    }
    for (place, key) in keys.iter().enumerate() {
        if keys.iter().skip(place + 1).any(|other| other.public() == key.public()) {
            return Err(proof("a key stands twice; prove a key of its own for each credential"));
        }
    }
    Ok(keys)
}

/// A proof of one key; with an attestation in it, of all keys that the attestation names.
fn verify_jwt(compact: &str, held: &ProofContext<'_>) -> Result<Vec<Jwk>, Refusal> {
    let read = UnverifiedJws::read(compact, MAX_ATTESTATION_LEN)
        .and_then(|read| read.of_type("openid4vci-proof+jwt"))
        .map_err(refused)?;
    let header = read.header();
    let attested = match &header.key_attestation {
        Some(attestation) => verify_attestation(attestation, false, held)?,
        None => Vec::new(),
    };
    // Appendix F.1: exactly one of kid, jwk and x5c names the key. With an attestation, kid may be a place in its list.
    let key = match (&header.jwk, &header.kid, &header.x5c) {
        (Some(jwk), None, None) => jwk.clone(),
        (None, Some(kid), None) if !attested.is_empty() => {
            let place = kid.parse::<usize>().ok().and_then(|place| attested.get(place));
            let named = place.or_else(|| attested.iter().find(|key| key.kid.as_ref() == Some(kid)));
            named.cloned().ok_or_else(|| proof("kid names no key of the attestation"))?
        }
        (None, None, None) if !attested.is_empty() => {
            attested.first().cloned().ok_or_else(|| proof("the attestation names no key"))?
        }
        _ => return Err(proof("the header of a proof holds its key as jwk, and neither kid nor x5c")),
    };
    if !attested.is_empty() && !attested.iter().any(|one| one.public() == key.public()) {
        return Err(proof("the proof is not signed by a key of its attestation"));
    }
    let payload = read.verify(key.key()).map_err(refused)?;
    let claims: ProofClaims =
        signed::claims(payload).ok_or_else(|| proof("a proof has aud, iat and nonce, each of its type"))?;
    if !signed::is_audience(&claims.aud, held.issuer) {
        return Err(proof("the proof was made for another issuer; its aud is this issuer's identifier"));
    }
    if claims.iss.is_some() && claims.iss.as_deref() != held.client_id {
        return Err(proof("the proof's iss is the wallet's client_id"));
    }
    if claims.iat.abs_diff(held.now.unix()) > WINDOW_SECONDS.unsigned_abs() {
        return Err(proof("the proof was made at another time; compare the clocks"));
    }
    check_nonce(claims.nonce.as_deref(), held)?;
    Ok(if attested.is_empty() { vec![key] } else { attested })
}

/// The keys that a maker of wallets attests. `alone`: there is no proof around it, so that the nonce stands here.
fn verify_attestation(compact: &str, alone: bool, held: &ProofContext<'_>) -> Result<Vec<Jwk>, Refusal> {
    let read = UnverifiedJws::read(compact, MAX_ATTESTATION_LEN)
        .and_then(|read| read.of_type("key-attestation+jwt"))
        .map_err(refused)?;
    let chain = read.header().x5c.as_deref().unwrap_or_default();
    let leaf = verify_x5c(chain, held.makers, LeafUse::Any, held.now)
        .map_err(|_| proof("no maker of wallets that is trusted here signed the key attestation"))?;
    let payload = read.verify(&leaf.key).map_err(refused)?;
    let claims: KeyClaims = signed::claims(payload)
        .ok_or_else(|| proof("a key attestation has iat and attested_keys, each of its type"))?;
    let now = held.now.unix();
    // Appendix D.1: exp is required where it stands inside a proof of the type jwt.
    if claims.exp.is_some_and(|exp| now >= exp) || (!alone && claims.exp.is_none()) {
        return Err(proof("the key attestation is over; fetch a new one from the wallet's maker"));
    }
    if claims.iat > now.saturating_add(WINDOW_SECONDS) {
        return Err(proof("the key attestation was made at another time; compare the clocks"));
    }
    if alone || claims.nonce.is_some() {
        check_nonce(claims.nonce.as_deref(), held)?;
    }
    let keys = claims.attested_keys.iter().map(Jwk::read).collect::<Result<Vec<_>, _>>();
    let keys = keys.map_err(|_| proof("attested_keys are public keys on P-256"))?;
    if keys.is_empty() { Err(proof("the key attestation names no key")) } else { Ok(keys) }
}

fn check_nonce(nonce: Option<&str>, held: &ProofContext<'_>) -> Result<(), Refusal> {
    let Some(nonce) = nonce else {
        return Err(proof("the proof has no nonce; fetch one at the nonce endpoint"));
    };
    if (held.is_nonce)(nonce) {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::InvalidNonce,
        "the nonce does not count any more; fetch a new one at the nonce endpoint",
    ))
}

fn refused(error: JwsError) -> Refusal {
    proof(match error {
        JwsError::Form | JwsError::Header => "a proof is no compact JSON Web Signature",
        JwsError::Type => "a proof is of another type than openid4vci-proof+jwt or key-attestation+jwt",
        JwsError::Algorithm => "a proof is signed with ES256",
        JwsError::Key(_) => "a proof's key is a public key on P-256",
        JwsError::Signature => "a proof's signature is not that of its key",
    })
}
