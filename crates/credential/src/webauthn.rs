//! WebAuthn: what a relying party checks of passkeys (W3C Web Authentication Level 3, sections 7.1 and 7.2), for ES256.
//!
//! Lives here: [`register`] and [`verify`], and the readers of client data, authenticator data and attestation objects.
//! Not here: who may sign in, challenges and sessions (`officers`). Attestation is asked for as `none`: whatever statement
//! comes is read as CBOR and counts for nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use subtle::ConstantTimeEq as _;

use crate::cbor::{CborError, Reader};
use crate::{CryptoError, PublicKey, VerifyingKey, sha256};

/// Largest client data that is read, in bytes.
pub const MAX_CLIENT_DATA: usize = 4 * 1024;
/// Largest attestation object and authenticator data that are read, in bytes.
pub const MAX_ATTESTATION: usize = 16 * 1024;
/// Longest credential id, in bytes (section 4, "Credential ID").
pub const MAX_CREDENTIAL_ID: usize = 1023;
/// Longest ES256 signature in DER form, in bytes.
const MAX_SIGNATURE: usize = 72;
/// COSE: key type EC2, algorithm ES256, curve P-256 (RFC 9053, 2.1 and 7.1).
const EC2: i64 = 2;
const ES256: i64 = crate::cose::ES256;
const P256: i64 = 1;

/// Why an answer of an authenticator does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebAuthnError {
    /// The client data are not the JSON of section 5.8.1.
    #[error("malformed client data; try again with a current browser")]
    ClientData,
    /// Made in the other ceremony.
    #[error("the answer is for another ceremony; load the page again")]
    Type,
    /// Made for another challenge.
    #[error("the answer is for another challenge; try again")]
    Challenge,
    /// Made by a page of another origin.
    #[error("the answer was made by a page of another origin; open this party's own address")]
    Origin,
    /// Made inside of a page of another origin.
    #[error("the answer was made inside of another page; open this party's own address")]
    CrossOrigin,
    /// The authenticator data are malformed (section 6.1).
    #[error("malformed authenticator data; try again with another authenticator")]
    AuthenticatorData,
    /// Made for another relying party.
    #[error("the answer is for another relying party; open this party's own address")]
    RelyingParty,
    /// Nobody touched the authenticator.
    #[error("the authenticator saw nobody; touch it when it asks")]
    NotPresent,
    /// The authenticator asked for no PIN, finger or face.
    #[error("the authenticator did not verify its user; set a PIN, a fingerprint or a face on it")]
    NotVerified,
    /// Backup flags that contradict each other or the registration (section 6.1.3).
    #[error("the authenticator's backup flags contradict each other; register a new passkey")]
    Backup,
    /// The attestation object is malformed (section 6.5.4).
    #[error("malformed attestation object; try again with another authenticator")]
    Attestation,
    /// The key is not ES256 on P-256.
    #[error("the passkey is no ES256 key; use an authenticator that makes them")]
    Key,
    /// The credential id is empty or too long.
    #[error("the passkey's id is empty or too long; use another authenticator")]
    CredentialId,
    /// The signature is not the passkey's.
    #[error("the signature is not this passkey's; try again, or register the passkey anew")]
    Signature,
    /// The signature counter went back or stood still: there may be a copy of the passkey (section 6.1.1).
    #[error(
        "the passkey's counter went back: it may have been copied; a supervisor must look at the account"
    )]
    Counter,
}

impl From<CborError> for WebAuthnError {
    fn from(_: CborError) -> Self {
        Self::Attestation
    }
}

impl From<CryptoError> for WebAuthnError {
    fn from(_: CryptoError) -> Self {
        Self::Key
    }
}

/// The relying party: its id (section 4, "RP ID"; an id is a domain, never an address).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelyingParty {
    id: String,
    hash: [u8; 32],
}

impl RelyingParty {
    /// A relying party by its id: a host name in lower case, without port. An IP address is none.
    #[must_use]
    pub fn new(id: &str) -> Option<Self> {
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        // The last label of an address of version 4 is a number, of a domain it never is.
        let named = id.rsplit('.').next().is_some_and(|last| !last.bytes().all(|b| b.is_ascii_digit()));
        let is_domain = id.len() <= 253 && named && id.split('.').all(label);
        is_domain.then(|| Self { id: id.to_owned(), hash: sha256(id.as_bytes()) })
    }

    /// The id, a domain (WebAuthn Level 3, RP ID).
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// A challenge of 32 random bytes; it counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Challenge([u8; 32]);

impl Challenge {
    /// A challenge from random bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 random bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Whether the authenticator must have verified its user by PIN, finger or face (section 5.8.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserVerification {
    /// It must.
    Required,
    /// A touch is enough.
    Discouraged,
}

/// What the relying party expects of an answer.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The relying party.
    pub party: &'a RelyingParty,
    /// The one challenge that was given.
    pub challenge: &'a Challenge,
    /// The origins of its pages, such as `https://gate.example`.
    pub origins: &'a [String],
    /// Whether the user must have been verified.
    pub verification: UserVerification,
}

/// A passkey as the relying party keeps it (section 4, "Credential Record").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// The credential id: 1 to 1023 bytes.
    pub id: Vec<u8>,
    /// The public key.
    pub key: PublicKey,
    /// The counter of the last answer; 0 where the authenticator has none.
    pub sign_count: u32,
    /// Whether it may be backed up to other devices; it never changes.
    pub backup_eligible: bool,
}

/// The two ceremonies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ceremony {
    Create,
    Get,
}

impl Ceremony {
    const fn name(self) -> &'static str {
        match self {
            Self::Create => "webauthn.create",
            Self::Get => "webauthn.get",
        }
    }
}

/// Client data (section 5.8.1); members that are not named here are ignored, as that section demands.
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(default, rename = "crossOrigin")]
    cross_origin: bool,
    #[serde(default, rename = "topOrigin")]
    top_origin: Option<String>,
}

/// The challenge that client data name, before anything of them is believed: a relying party finds what it expects by it.
///
/// # Errors
/// [`WebAuthnError::ClientData`], [`WebAuthnError::Challenge`].
pub fn claimed_challenge(client_data: &[u8]) -> Result<Challenge, WebAuthnError> {
    let read = read_client_data(client_data)?;
    let bytes = URL_SAFE_NO_PAD.decode(&read.challenge).map_err(|_| WebAuthnError::Challenge)?;
    bytes.try_into().map(Challenge).map_err(|_| WebAuthnError::Challenge)
}

fn read_client_data(bytes: &[u8]) -> Result<ClientData, WebAuthnError> {
    if bytes.len() > MAX_CLIENT_DATA {
        return Err(WebAuthnError::ClientData);
    }
    // Sections 7.1 and 7.2 ask for "UTF-8 decode", which drops a byte order mark.
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(text).map_err(|_| WebAuthnError::ClientData)
}

fn check_client_data(bytes: &[u8], ceremony: Ceremony, expected: &Expected<'_>) -> Result<(), WebAuthnError> {
    let read = read_client_data(bytes)?;
    if read.kind != ceremony.name() {
        return Err(WebAuthnError::Type);
    }
    let challenge = URL_SAFE_NO_PAD.encode(expected.challenge.as_bytes());
    if !bool::from(challenge.as_bytes().ct_eq(read.challenge.as_bytes())) {
        return Err(WebAuthnError::Challenge);
    }
    if !expected.origins.contains(&read.origin) {
        return Err(WebAuthnError::Origin);
    }
    if read.cross_origin || read.top_origin.is_some() {
        return Err(WebAuthnError::CrossOrigin);
    }
    Ok(())
}

/// Bits of the flags (section 6.1).
mod flag {
    pub(super) const PRESENT: u8 = 0x01;
    pub(super) const VERIFIED: u8 = 0x04;
    pub(super) const BACKUP_ELIGIBLE: u8 = 0x08;
    pub(super) const BACKED_UP: u8 = 0x10;
    pub(super) const ATTESTED: u8 = 0x40;
    pub(super) const EXTENSIONS: u8 = 0x80;
}

/// Authenticator data (section 6.1), read and not yet believed.
pub(crate) struct AuthenticatorData<'b> {
    /// SHA-256 of the relying party's id.
    pub party: &'b [u8; 32],
    flags: u8,
    pub sign_count: u32,
    pub attested: Option<AttestedCredential<'b>>,
}

/// Attested credential data (section 6.5.1).
pub(crate) struct AttestedCredential<'b> {
    pub aaguid: &'b [u8; 16],
    pub id: &'b [u8],
    pub key: PublicKey,
}

impl<'b> AuthenticatorData<'b> {
    pub(crate) fn read(bytes: &'b [u8]) -> Result<Self, WebAuthnError> {
        let form = WebAuthnError::AuthenticatorData;
        if bytes.len() > MAX_ATTESTATION {
            return Err(form);
        }
        let (party, rest) = bytes.split_first_chunk::<32>().ok_or(form)?;
        let ([flags], rest) = rest.split_first_chunk::<1>().ok_or(form)?;
        let (count, mut rest) = rest.split_first_chunk::<4>().ok_or(form)?;
        let mut read = Self { party, flags: *flags, sign_count: u32::from_be_bytes(*count), attested: None };
        if read.has(flag::ATTESTED) {
            let (aaguid, after) = rest.split_first_chunk::<16>().ok_or(form)?;
            let (len, after) = after.split_first_chunk::<2>().ok_or(form)?;
            let len = usize::from(u16::from_be_bytes(*len));
            if !(1..=MAX_CREDENTIAL_ID).contains(&len) {
                return Err(WebAuthnError::CredentialId);
            }
            let (id, after) = after.split_at_checked(len).ok_or(form)?;
            let (key, len) = read_key(after)?;
            read.attested = Some(AttestedCredential { aaguid, id, key });
            rest = after.get(len..).ok_or(form)?;
        }
        if read.has(flag::EXTENSIONS) {
            let mut extensions = Reader::new(rest);
            let is_map = rest.first().is_some_and(|head| head >> 5 == 5);
            extensions.skip().map_err(|_| form)?;
            if !is_map {
                return Err(form);
            }
            rest = rest.get(extensions.position()..).ok_or(form)?;
        }
        if rest.is_empty() { Ok(read) } else { Err(form) }
    }

    const fn has(&self, bit: u8) -> bool {
        self.flags & bit != 0
    }

    fn check(&self, expected: &Expected<'_>) -> Result<(), WebAuthnError> {
        if *self.party != expected.party.hash {
            return Err(WebAuthnError::RelyingParty);
        }
        if !self.has(flag::PRESENT) {
            return Err(WebAuthnError::NotPresent);
        }
        match expected.verification {
            UserVerification::Required if !self.has(flag::VERIFIED) => {
                return Err(WebAuthnError::NotVerified);
            }
            UserVerification::Required | UserVerification::Discouraged => {}
        }
        // Section 6.1.3: what cannot be backed up is not backed up.
        if self.has(flag::BACKED_UP) && !self.has(flag::BACKUP_ELIGIBLE) {
            return Err(WebAuthnError::Backup);
        }
        Ok(())
    }
}

/// The COSE key of a credential (section 6.5.1.1): `{1: 2, 3: -7, -1: 1, -2: x, -3: y}`; gives its length too.
fn read_key(bytes: &[u8]) -> Result<(PublicKey, usize), WebAuthnError> {
    let mut reader = Reader::new(bytes);
    let mut read = || -> Result<_, CborError> {
        reader.map_exact(5)?;
        reader.key(1)?;
        let kind = reader.int()?;
        reader.key(3)?;
        let algorithm = reader.int()?;
        reader.key(-1)?;
        let curve = reader.int()?;
        reader.key(-2)?;
        let x = reader.bytes_exact::<32>()?;
        reader.key(-3)?;
        Ok(((kind, algorithm, curve), x, reader.bytes_exact::<32>()?))
    };
    let (kind, x, y) = read().map_err(|_| WebAuthnError::Key)?;
    if kind != (EC2, ES256, P256) {
        return Err(WebAuthnError::Key);
    }
    Ok((PublicKey::from_coordinates(x, y)?, reader.position()))
}

/// The authenticator data of an attestation object (section 6.5.4): a map of `fmt`, `attStmt` and `authData`.
fn read_attestation(bytes: &[u8]) -> Result<&[u8], WebAuthnError> {
    if bytes.len() > MAX_ATTESTATION {
        return Err(WebAuthnError::Attestation);
    }
    let mut reader = Reader::new(bytes);
    let (mut format, mut statement, mut data) = (None, None, None);
    for _ in 0..reader.map(3)? {
        let before = match reader.text(16)? {
            "fmt" => format.replace(reader.text(32)?).is_some(),
            "attStmt" => statement.replace(reader.skip()?).is_some(),
            "authData" => data.replace(reader.bytes(MAX_ATTESTATION)?).is_some(),
            _ => true,
        };
        if before {
            return Err(WebAuthnError::Attestation);
        }
    }
    reader.finish()?;
    match (format, statement, data) {
        // Section 8.7: the statement of the format `none` is the empty map.
        (Some("none"), Some(statement), _) if statement != [0xa0] => Err(WebAuthnError::Attestation),
        (Some(_), Some(_), Some(data)) => Ok(data),
        (..) => Err(WebAuthnError::Attestation),
    }
}

/// Registers a credential (section 7.1): reads the answer to `navigator.credentials.create`.
///
/// The attestation statement is not looked at: anybody can make such an object, so what came must be bound to a person by
/// something else, here by a one-time code.
///
/// # Errors
/// [`WebAuthnError`], the first thing that does not hold.
pub fn register(
    expected: &Expected<'_>,
    client_data: &[u8],
    attestation: &[u8],
) -> Result<Passkey, WebAuthnError> {
    check_client_data(client_data, Ceremony::Create, expected)?;
    let data = AuthenticatorData::read(read_attestation(attestation)?)?;
    data.check(expected)?;
    let AttestedCredential { id, key, .. } =
        data.attested.as_ref().ok_or(WebAuthnError::AuthenticatorData)?;
    Ok(Passkey {
        id: id.to_vec(),
        key: *key,
        sign_count: data.sign_count,
        backup_eligible: data.has(flag::BACKUP_ELIGIBLE),
    })
}

/// An answer of an authenticator to `navigator.credentials.get` (section 5.2.2).
#[derive(Debug, Clone, Copy)]
pub struct Assertion<'a> {
    /// `clientDataJSON`.
    pub client_data: &'a [u8],
    /// `authenticatorData`.
    pub authenticator_data: &'a [u8],
    /// `signature`, in DER form.
    pub signature: &'a [u8],
}

/// Verifies an assertion (section 7.2); gives the passkey with its new counter, which must be kept.
///
/// # Errors
/// [`WebAuthnError`], the first thing that does not hold. [`WebAuthnError::Counter`] comes last: everything else held.
pub fn verify(
    expected: &Expected<'_>,
    passkey: &Passkey,
    assertion: &Assertion<'_>,
) -> Result<Passkey, WebAuthnError> {
    check_client_data(assertion.client_data, Ceremony::Get, expected)?;
    let data = AuthenticatorData::read(assertion.authenticator_data)?;
    data.check(expected)?;
    if data.has(flag::BACKUP_ELIGIBLE) != passkey.backup_eligible {
        return Err(WebAuthnError::Backup);
    }
    if assertion.signature.len() > MAX_SIGNATURE {
        return Err(WebAuthnError::Signature);
    }
    let signed = [assertion.authenticator_data, &sha256(assertion.client_data)].concat();
    let key = VerifyingKey::new(passkey.key)?;
    key.verify_der(&signed, assertion.signature).map_err(|_| WebAuthnError::Signature)?;
    // Section 7.2, the step on signCount: nothing is compared where neither side counts.
    let counts = data.sign_count != 0 || passkey.sign_count != 0;
    if counts && data.sign_count <= passkey.sign_count {
        return Err(WebAuthnError::Counter);
    }
    Ok(Passkey { sign_count: data.sign_count, ..passkey.clone() })
}
