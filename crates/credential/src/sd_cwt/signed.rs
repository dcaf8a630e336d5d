//! An SD-CWT as bytes: a COSE_Sign1 with tag 18, its disclosures in the unprotected header.
//!
//! Lives here: [`SdCwt`], its headers, and the signature over it. Not here: what its claims mean (`presentation`, `held`).

use super::disclosure::Disclosure;
use super::placing::has_redaction;
use super::value::{Encoding, Items, Key, Value};
use super::{ESP256, TYPE_KB_CWT, TYPE_SD_CWT};
use crate::cbor::{CborError, Writer};
use crate::cose::{ES256, sig_structure};
use crate::crypto::{CryptoError, VerifyingKey};

/// Longest token that is read, in bytes: one with a portrait is the longest of ours.
pub const MAX_LEN: usize = 128 * 1024;
/// Most entries of a header: each is compared with all others.
const MAX_HEADERS: u64 = 64;
const TAG_SIGN1: u64 = 18;
const ALG: i64 = 1;
const CRIT: i64 = 2;
const KID: i64 = 4;
pub(super) const KCWT: i64 = 13;
const CWT_CLAIMS: i64 = 15;
const TYPE: i64 = 16;
const SD_CLAIMS: i64 = 17;
const SD_ALG: i64 = 170;
const SD_ENCRYPTED: i64 = 171;
/// COSE algorithm number of SHA-256 (RFC 9054, 3.1).
const SHA_256: i128 = -16;

/// Why bytes are no SD-CWT or key binding token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// The bytes are no COSE_Sign1 with tag 18 of this form, or longer than a token may be.
    #[error("not an SD-CWT: {0}")]
    Cbor(#[from] CborError),
    /// No algorithm is named, or not by a number.
    #[error("no algorithm in the protected header")]
    Algorithm,
    /// The type (header 16) is not that of this token, or missing.
    #[error("the type of the token (header 16) is missing or another one")]
    Type,
    /// A header that must be understood is not (RFC 9052, 3.1), or stands in both headers, or where it may not.
    #[error("header {label} stands where it may not, or is not understood")]
    Header {
        /// The label; 0 for one that is a text.
        label: i64,
    },
    /// Hashes of another algorithm than SHA-256.
    #[error("the hashes of the redacted claims are not SHA-256")]
    HashAlgorithm,
    /// Disclosures are encrypted.
    #[error(
        "the token has encrypted disclosures (header 171), which are not read here; show it without them"
    )]
    Encrypted,
    /// The list of disclosures is there and empty.
    #[error("the list of disclosures (header 17) is empty; a token without disclosures has none")]
    NoDisclosures,
    /// A disclosure is not an array of salt, value and key.
    #[error("malformed disclosure: {0}")]
    Disclosure(CborError),
    /// The token has no key of its holder (`cnf`) of a kind that is read: P-256.
    #[error("the token names no P-256 key of its holder (cnf)")]
    HolderKey,
    /// A claim has another type than it must have.
    #[error("claim {label} is missing or of another type than it must have")]
    Claim {
        /// The claim.
        label: i64,
    },
    /// A key binding token has a claim that it must not have: `iss` or `sub`.
    #[error("the key binding token has claim {label}, which it must not have")]
    Forbidden {
        /// The claim.
        label: i64,
    },
    /// A key binding token, a header or the holder's key has something redacted in it.
    #[error("something is redacted where nothing may be")]
    Redaction,
    /// A claim stands in payload and header 15 with two values.
    #[error("a claim has one value in the payload and another in header 15")]
    Contradiction,
}

/// A public key that verifies signatures of the algorithms it knows.
pub trait SignatureKey {
    /// Verifies a signature by the algorithm of this COSE number.
    ///
    /// # Errors
    /// [`CryptoError::Signature`], also for an algorithm that is not this key's.
    fn verify_by(&self, algorithm: i64, message: &[u8], signature: &[u8]) -> Result<(), CryptoError>;
}

/// ESP256 (-9), and ES256 (-7), which on this curve is the same.
impl SignatureKey for VerifyingKey {
    fn verify_by(&self, algorithm: i64, message: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        match algorithm {
            ESP256 | ES256 => self.verify(message, signature),
            _ => Err(CryptoError::Signature),
        }
    }
}

/// The four fields of a COSE_Sign1, and what its protected header says.
#[derive(Clone)]
pub(super) struct Signed<'b> {
    pub(super) protected: &'b [u8],
    pub(super) algorithm: i64,
    pub(super) header: Vec<(Key, Value)>,
    /// Of a key binding token: the SD-CWT in its protected header.
    pub(super) kcwt: Option<&'b [u8]>,
    pub(super) unprotected: Unprotected,
    pub(super) payload: &'b [u8],
    pub(super) signature: &'b [u8],
}

/// The unprotected header.
#[derive(Clone, Default)]
pub(super) struct Unprotected {
    labels: Vec<Key>,
    disclosures: Option<Vec<Disclosure>>,
}

impl<'b> Signed<'b> {
    pub(super) fn parse(bytes: &'b [u8], encoding: Encoding) -> Result<Self, FormError> {
        if bytes.len() > MAX_LEN {
            return Err(CborError::Limit.into());
        }
        let mut items = Items::new(bytes, encoding);
        let signed = Self::read(&mut items, encoding)?;
        items.finish()?;
        Ok(signed)
    }

    fn read(items: &mut Items<'b>, encoding: Encoding) -> Result<Self, FormError> {
        items.tag(TAG_SIGN1)?;
        if items.array()? != 4 {
            return Err(CborError::Unexpected.into());
        }
        let protected = items.bytes()?;
        let (header, kcwt) = read_protected(protected, encoding)?;
        let unprotected = Unprotected::read(items, encoding)?;
        let (payload, signature) = (items.bytes()?, items.bytes()?);
        let algorithm = match find(&header, ALG) {
            Some(Value::Int(number)) => i64::try_from(*number).map_err(|_| FormError::Algorithm)?,
            _ => return Err(FormError::Algorithm),
        };
        for key in &unprotected.labels {
            if header.iter().any(|(known, _)| known == key) {
                return Err(FormError::Header { label: number(key) });
            }
        }
        Ok(Self { protected, algorithm, header, kcwt, unprotected, payload, signature })
    }

    /// Verifies the signature; there is no external data.
    pub(super) fn verify(&self, key: &impl SignatureKey) -> Result<(), CryptoError> {
        key.verify_by(self.algorithm, &sig_structure(self.protected, &[], self.payload), self.signature)
    }

    fn hold_type(&self, number: u16, text: &str, suffix: Option<&str>) -> Result<(), FormError> {
        let good = match find(&self.header, TYPE) {
            Some(Value::Int(found)) => *found == i128::from(number),
            Some(Value::Text(found)) => found == text || suffix.is_some_and(|end| found.ends_with(end)),
            _ => false,
        };
        if good { Ok(()) } else { Err(FormError::Type) }
    }
}

type Header<'b> = (Vec<(Key, Value)>, Option<&'b [u8]>);

/// Reads a protected header. The SD-CWT in one (label 13) stays bytes: it is parsed on its own, and never twice.
fn read_protected(bytes: &[u8], encoding: Encoding) -> Result<Header<'_>, FormError> {
    let mut items = Items::new(bytes, encoding);
    let (mut header, mut kcwt): Header<'_> = (Vec::new(), None);
    let mut last = None;
    for _ in 0..headers(&mut items)? {
        let key = items.key()?;
        let encoded = key.encode();
        let ascending = last.as_ref().is_none_or(|last| *last < encoded);
        let repeated =
            header.iter().any(|(known, _)| *known == key) || (number(&key) == KCWT && kcwt.is_some());
        if repeated || (encoding == Encoding::Deterministic && !ascending) {
            return Err(CborError::Keys.into());
        }
        last = Some(encoded);
        match key {
            Key::Int(KCWT) => {
                let start = items.position();
                items.skip()?;
                kcwt = Some(items.since(start)?);
            }
            Key::Int(CRIT) => return Err(FormError::Header { label: CRIT }),
            Key::Int(label @ (SD_CLAIMS | SD_ENCRYPTED)) => return Err(FormError::Header { label }),
            Key::Redacted => return Err(FormError::Redaction),
            key @ (Key::Int(_) | Key::Text(_)) => {
                let value = items.value(1)?;
                if key != Key::Int(CWT_CLAIMS) && has_redaction(&value) {
                    return Err(FormError::Redaction);
                }
                header.push((key, value));
            }
        }
    }
    items.finish()?;
    Ok((header, kcwt))
}

/// The head of a header: how many entries follow.
fn headers(items: &mut Items<'_>) -> Result<u64, CborError> {
    match items.map()? {
        count @ 0..=MAX_HEADERS => Ok(count),
        _ => Err(CborError::Limit),
    }
}

impl Unprotected {
    fn read(items: &mut Items<'_>, encoding: Encoding) -> Result<Self, FormError> {
        let mut header = Self::default();
        for _ in 0..headers(items)? {
            let key = items.key()?;
            if header.labels.contains(&key) {
                return Err(CborError::Keys.into());
            }
            match &key {
                Key::Int(SD_CLAIMS) => header.disclosures = Some(read_disclosures(items, encoding)?),
                Key::Int(SD_ENCRYPTED) => return Err(FormError::Encrypted),
                // These count only where the signature covers them.
                Key::Int(label @ (ALG | CRIT | KCWT | CWT_CLAIMS | TYPE | SD_ALG)) => {
                    return Err(FormError::Header { label: *label });
                }
                Key::Redacted => return Err(FormError::Redaction),
                Key::Int(_) | Key::Text(_) if has_redaction(&items.value(1)?) => {
                    return Err(FormError::Redaction);
                }
                Key::Int(_) | Key::Text(_) => {}
            }
            header.labels.push(key);
        }
        Ok(header)
    }
}

fn read_disclosures(items: &mut Items<'_>, encoding: Encoding) -> Result<Vec<Disclosure>, FormError> {
    let count = items.array()?;
    if count == 0 {
        return Err(FormError::NoDisclosures);
    }
    let mut disclosures = Vec::new();
    for _ in 0..count {
        disclosures.push(Disclosure::read(items, encoding).map_err(FormError::Disclosure)?);
    }
    Ok(disclosures)
}

pub(super) fn find(pairs: &[(Key, Value)], label: i64) -> Option<&Value> {
    pairs.iter().find(|(key, _)| *key == Key::Int(label)).map(|(_, value)| value)
}

const fn number(key: &Key) -> i64 {
    match key {
        Key::Int(label) => *label,
        Key::Text(_) | Key::Redacted => 0,
    }
}

/// A parsed SD-CWT; no signature is checked.
#[derive(Clone)]
pub struct SdCwt<'b> {
    pub(super) signed: Signed<'b>,
    /// The payload, redacted claims as hashes.
    pub(super) payload: Value,
    /// Claims in the protected header (RFC 9597), redacted ones as hashes.
    pub(super) header_claims: Option<Value>,
}

impl<'b> SdCwt<'b> {
    /// Parses the bytes of an SD-CWT.
    ///
    /// # Errors
    /// [`FormError`] for the first departure from the form.
    pub fn parse(bytes: &'b [u8], encoding: Encoding) -> Result<Self, FormError> {
        let signed = Signed::parse(bytes, encoding)?;
        signed.hold_type(TYPE_SD_CWT, "application/sd-cwt", Some("+sd-cwt"))?;
        if signed.kcwt.is_some() {
            return Err(FormError::Header { label: KCWT });
        }
        match find(&signed.header, SD_ALG) {
            None | Some(Value::Int(SHA_256)) => {}
            Some(_) => return Err(FormError::HashAlgorithm),
        }
        let header_claims = match find(&signed.header, CWT_CLAIMS) {
            None => None,
            Some(claims @ Value::Map(_)) => Some(claims.clone()),
            Some(_) => return Err(FormError::Header { label: CWT_CLAIMS }),
        };
        let payload = Value::decode(signed.payload, encoding, 0)?;
        if payload.as_map().is_none() {
            return Err(CborError::Unexpected.into());
        }
        Ok(Self { signed, payload, header_claims })
    }

    /// A claim of the payload that is not redacted, before anything is trusted.
    #[must_use]
    pub fn unverified_claim(&self, label: i64) -> Option<&Value> {
        self.payload.get(label)
    }

    /// The payload, redacted claims as hashes, before anything is trusted.
    #[must_use]
    pub const fn unverified_payload(&self) -> &Value {
        &self.payload
    }

    /// How many headers the issuer signed.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        self.signed.header.len()
    }

    /// The key id of the issuer's key.
    #[must_use]
    pub fn kid(&self) -> Option<&[u8]> {
        find(&self.signed.header, KID).and_then(Value::as_bytes)
    }

    /// The issuer's algorithm, a COSE number.
    #[must_use]
    pub const fn algorithm(&self) -> i64 {
        self.signed.algorithm
    }

    /// The disclosures that came with it.
    #[must_use]
    pub fn disclosures(&self) -> &[Disclosure] {
        self.signed.unprotected.disclosures.as_deref().unwrap_or_default()
    }

    /// The same token with these disclosures in the place of its own; other unprotected headers do not travel.
    pub(super) fn with_disclosures<'d>(&self, chosen: impl Iterator<Item = &'d Disclosure>) -> Vec<u8> {
        sign1(self.signed.protected, &chosen.collect::<Vec<_>>(), self.signed.payload, self.signed.signature)
    }
}

/// Parses the outer token of a presentation; the SD-CWT lies in its protected header.
pub(super) fn parse_binding(
    bytes: &[u8],
    encoding: Encoding,
) -> Result<(Signed<'_>, SdCwt<'_>, Value), FormError> {
    let signed = Signed::parse(bytes, encoding)?;
    signed.hold_type(TYPE_KB_CWT, "application/kb+cwt", None)?;
    if let Some(label) = signed.unprotected.labels.first() {
        // No signature covers it.
        return Err(FormError::Header { label: number(label) });
    }
    if find(&signed.header, CWT_CLAIMS).is_some() {
        return Err(FormError::Header { label: CWT_CLAIMS });
    }
    let token = SdCwt::parse(signed.kcwt.ok_or(FormError::Header { label: KCWT })?, encoding)?;
    let payload = Value::decode(signed.payload, encoding, 0)?;
    if payload.as_map().is_none() {
        return Err(CborError::Unexpected.into());
    }
    Ok((signed, token, payload))
}

/// The protected header of an SD-CWT of ours.
pub(super) fn token_header(kid: &[u8]) -> Vec<u8> {
    let mut w = Writer::with_capacity(16 + kid.len());
    w.map(3).int(ALG).int(ESP256).int(KID).bytes(kid).int(TYPE).uint(u64::from(TYPE_SD_CWT));
    w.finish()
}

/// The protected header of a key binding token of ours.
pub(super) fn binding_header(token: &[u8]) -> Vec<u8> {
    let mut w = Writer::with_capacity(16 + token.len());
    w.map(3).int(ALG).int(ESP256).int(KCWT).raw(token).int(TYPE).uint(u64::from(TYPE_KB_CWT));
    w.finish()
}

/// A COSE_Sign1 with tag 18, unprotected header and all.
pub(super) fn sign1(
    protected: &[u8],
    disclosures: &[&Disclosure],
    payload: &[u8],
    signature: &[u8],
) -> Vec<u8> {
    let mut w = Writer::with_capacity(protected.len() + payload.len() + 128);
    w.tag(TAG_SIGN1).array(4).bytes(protected).map(usize::from(!disclosures.is_empty()));
    if !disclosures.is_empty() {
        w.int(SD_CLAIMS).array(disclosures.len());
        for disclosure in disclosures {
            w.raw(disclosure.encoded());
        }
    }
    w.bytes(payload).bytes(signature);
    w.finish()
}
