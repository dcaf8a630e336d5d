//! X.509: public keys, signatures and hashes in the forms of certificates and signed documents that others make.
//!
//! Lives here: [`X509Key`], [`SignatureScheme`], [`HashKind`], and what is refused of them. Not here: chains, and whose key
//! may be trusted (`chip`, `attestation`). Taken are RSA from 2048 bits on and the curves P-256, P-384 and P-521, with SHA-256,
//! SHA-384 and SHA-512 (RFC 4055, RFC 5480, RFC 5758): what the crypto library verifies.

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1,
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1,
    ECDSA_P521_SHA512_ASN1, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
};
use x509_parser::asn1_rs::{FromDer as _, Oid, Tag};
use x509_parser::oid_registry::{
    OID_EC_P256, OID_HASH_SHA1, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_NIST_EC_P521,
    OID_NIST_HASH_SHA256, OID_NIST_HASH_SHA384, OID_NIST_HASH_SHA512, OID_PKCS1_RSAENCRYPTION,
    OID_PKCS1_RSASSAPSS, OID_PKCS1_SHA1WITHRSA, OID_PKCS1_SHA224WITHRSA, OID_PKCS1_SHA256WITHRSA,
    OID_PKCS1_SHA384WITHRSA, OID_PKCS1_SHA512WITHRSA, OID_SIG_ECDSA_WITH_SHA224, OID_SIG_ECDSA_WITH_SHA256,
    OID_SIG_ECDSA_WITH_SHA384, OID_SIG_ECDSA_WITH_SHA512,
};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

/// Shortest RSA modulus in bits.
pub const MIN_RSA_BITS: usize = 2048;
/// Longest RSA modulus in bits.
pub const MAX_RSA_BITS: usize = 8192;

/// Why a key, a signature or a hash of others does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum X509Refusal {
    /// A key or an algorithm has no form of one.
    #[error("malformed key or algorithm")]
    Malformed,
    /// A curve other than P-256, P-384 and P-521, or its parameters written out.
    #[error("a curve that is not verified here")]
    Curve,
    /// Neither RSA nor ECDSA.
    #[error("a kind of key that is not verified here")]
    KeyKind,
    /// An RSA modulus shorter than [`MIN_RSA_BITS`] or longer than [`MAX_RSA_BITS`].
    #[error("an RSA key of a length that is not taken")]
    KeyLength,
    /// SHA-1, SHA-224, MD5.
    #[error("a hash that is too weak")]
    WeakHash,
    /// An algorithm that is not verified here, or not with this key.
    #[error("a signature algorithm that is not verified here")]
    Scheme,
    /// The signature is not valid for this key and message.
    #[error("the signature is not valid for this key and message")]
    Signature,
}

/// A hash that is strong enough to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HashKind {
    /// 32 bytes.
    Sha256,
    /// 48 bytes.
    Sha384,
    /// 64 bytes.
    Sha512,
}

impl HashKind {
    const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    /// The hash of an `AlgorithmIdentifier` in DER. Its parameters are absent or NULL (RFC 5754, 2).
    ///
    /// # Errors
    /// [`X509Refusal::Malformed`], [`X509Refusal::WeakHash`], and [`X509Refusal::Scheme`] for what is none.
    pub fn from_der(der: &[u8]) -> Result<Self, X509Refusal> {
        let read = identifier(der)?;
        if !has_no_parameters(&read) {
            return Err(X509Refusal::Malformed);
        }
        Self::of(&read.algorithm)
    }

    fn of(oid: &Oid<'_>) -> Result<Self, X509Refusal> {
        let found = Self::ALL.into_iter().find(|hash| hash.oid() == *oid);
        // MD5 and SHA-224 (RFC 3279, 2.2.1, RFC 5754, 2.1).
        let weak = [OID_HASH_SHA1.to_id_string().as_str(), "1.2.840.113549.2.5", "2.16.840.1.101.3.4.2.4"]
            .contains(&oid.to_id_string().as_str());
        found.ok_or(if weak { X509Refusal::WeakHash } else { X509Refusal::Scheme })
    }

    const fn oid(self) -> Oid<'static> {
        match self {
            Self::Sha256 => OID_NIST_HASH_SHA256,
            Self::Sha384 => OID_NIST_HASH_SHA384,
            Self::Sha512 => OID_NIST_HASH_SHA512,
        }
    }

    /// Length of its value in bytes.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The hash of `bytes`.
    #[must_use]
    pub fn digest(self, bytes: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, bytes).as_ref().to_vec()
    }
}

/// The hash of `bytes` under an `AlgorithmIdentifier`, the weak SHA-1 and SHA-224 of old documents among them: to tell what such
/// a document says of itself, never to prove it.
///
/// # Errors
/// As [`HashKind::from_der`], but for the two.
pub fn digest_unproven(algorithm: &[u8], bytes: &[u8]) -> Result<Vec<u8>, X509Refusal> {
    match HashKind::from_der(algorithm) {
        Ok(hash) => Ok(hash.digest(bytes)),
        Err(X509Refusal::WeakHash) => {
            let oid = identifier(algorithm)?.algorithm;
            let weak = match oid.to_id_string().as_str() {
                "1.3.14.3.2.26" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
                "2.16.840.1.101.3.4.2.4" => &digest::SHA224,
                _ => return Err(X509Refusal::WeakHash),
            };
            Ok(digest::digest(weak, bytes).as_ref().to_vec())
        }
        Err(refusal) => Err(refusal),
    }
}

/// How a signature is made: which scheme over which hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureScheme {
    /// ECDSA, r and s in DER (RFC 5758, 3.2).
    Ecdsa(HashKind),
    /// RSASSA-PKCS1-v1_5 (RFC 4055, 5).
    RsaPkcs1(HashKind),
    /// RSASSA-PSS, MGF1 with the same hash, a salt as long as the hash (RFC 4055, 3.1).
    RsaPss(HashKind),
}

impl SignatureScheme {
    /// The scheme of an `AlgorithmIdentifier` in DER. `digest` is the hash that is named beside it, as CMS does (RFC 5652, 5.3):
    /// it must be the same, and gives `rsaEncryption` its hash.
    ///
    /// # Errors
    /// [`X509Refusal::Malformed`], [`X509Refusal::WeakHash`], [`X509Refusal::Scheme`].
    pub fn from_der(der: &[u8], digest: Option<HashKind>) -> Result<Self, X509Refusal> {
        let scheme = Self::of(&identifier(der)?, digest)?;
        match digest {
            Some(digest) if digest != scheme.hash() => Err(X509Refusal::Scheme),
            Some(_) | None => Ok(scheme),
        }
    }

    pub(crate) fn of(named: &AlgorithmIdentifier<'_>, digest: Option<HashKind>) -> Result<Self, X509Refusal> {
        let is = |oid: Oid<'static>| named.algorithm == oid;
        // RFC 5758, 3.2: no parameters at all with ECDSA. RFC 4055, 5: NULL with RSA; many leave it out.
        let scheme = if is(OID_SIG_ECDSA_WITH_SHA256) {
            Self::Ecdsa(HashKind::Sha256)
        } else if is(OID_SIG_ECDSA_WITH_SHA384) {
            Self::Ecdsa(HashKind::Sha384)
        } else if is(OID_SIG_ECDSA_WITH_SHA512) {
            Self::Ecdsa(HashKind::Sha512)
        } else if is(OID_PKCS1_SHA256WITHRSA) {
            Self::RsaPkcs1(HashKind::Sha256)
        } else if is(OID_PKCS1_SHA384WITHRSA) {
            Self::RsaPkcs1(HashKind::Sha384)
        } else if is(OID_PKCS1_SHA512WITHRSA) {
            Self::RsaPkcs1(HashKind::Sha512)
        } else if is(OID_PKCS1_RSAENCRYPTION) {
            Self::RsaPkcs1(digest.ok_or(X509Refusal::Scheme)?)
        } else if is(OID_PKCS1_RSASSAPSS) {
            return pss(named);
        } else if is(OID_PKCS1_SHA1WITHRSA)
            || is(OID_PKCS1_SHA224WITHRSA)
            || is(OID_SIG_ECDSA_WITH_SHA224)
            // ecdsa-with-SHA1 (RFC 3279, 2.2.3), md5WithRSAEncryption.
            || ["1.2.840.10045.4.1", "1.2.840.113549.1.1.4"].contains(&named.algorithm.to_id_string().as_str())
        {
            return Err(X509Refusal::WeakHash);
        } else {
            return Err(X509Refusal::Scheme);
        };
        if has_no_parameters(named) { Ok(scheme) } else { Err(X509Refusal::Malformed) }
    }

    /// The hash that is signed.
    #[must_use]
    pub const fn hash(self) -> HashKind {
        match self {
            Self::Ecdsa(hash) | Self::RsaPkcs1(hash) | Self::RsaPss(hash) => hash,
        }
    }
}

/// Parameters of RSASSA-PSS are compared with the ones that are taken, byte for byte: the hash, MGF1 with the same hash, a salt of
/// its length; NULL may stand at either hash (RFC 4055, 2.1). Without parameters they mean SHA-1.
fn pss(named: &AlgorithmIdentifier<'_>) -> Result<SignatureScheme, X509Refusal> {
    let Some(parameters) = &named.parameters else { return Err(X509Refusal::WeakHash) };
    if parameters.tag() != Tag::Sequence {
        return Err(X509Refusal::Malformed);
    }
    let found: &[u8] = parameters.data;
    for hash in HashKind::ALL {
        for (null, inner_null) in [(true, true), (false, false), (true, false), (false, true)] {
            let mask = [value(0x06, MGF1), algorithm(hash, inner_null)].concat();
            let salt = u8::try_from(hash.size()).unwrap_or_default();
            let expected = [
                value(0xa0, &algorithm(hash, null)),
                value(0xa1, &value(0x30, &mask)),
                value(0xa2, &[2, 1, salt]),
            ];
            if found == expected.concat() {
                return Ok(SignatureScheme::RsaPss(hash));
            }
        }
    }
    // [0] is left out, or names SHA-1.
    let sha1 = value(0x06, OID_HASH_SHA1.as_bytes());
    let names_sha1 = found.first() != Some(&0xa0) || found.windows(sha1.len()).any(|part| part == sha1);
    Err(if names_sha1 { X509Refusal::WeakHash } else { X509Refusal::Scheme })
}

/// id-mgf1 (RFC 4055, 2.2), its value.
const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08];

fn algorithm(hash: HashKind, null: bool) -> Vec<u8> {
    let oid = value(0x06, hash.oid().as_bytes());
    value(0x30, &if null { [oid.as_slice(), &[5, 0]].concat() } else { oid })
}

/// One value in DER: tag, length, content of at most 65535 bytes.
#[must_use]
pub fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let [.., high, low] = content.len().to_be_bytes();
    let head: &[u8] = match (high, low) {
        (0, 0..=0x7f) => &[tag, low],
        (0, _) => &[tag, 0x81, low],
        _ => &[tag, 0x82, high, low],
    };
    [head, content].concat()
}

fn identifier(der: &[u8]) -> Result<AlgorithmIdentifier<'_>, X509Refusal> {
    match AlgorithmIdentifier::from_der(der) {
        Ok(([], read)) => Ok(read),
        Ok(_) | Err(_) => Err(X509Refusal::Malformed),
    }
}

fn has_no_parameters(named: &AlgorithmIdentifier<'_>) -> bool {
    named.parameters.as_ref().is_none_or(|any| any.tag() == Tag::Null && any.data.is_empty())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyKind {
    P256,
    P384,
    P521,
    /// `id-RSASSA-PSS` keys sign by that scheme alone.
    Rsa {
        pss_alone: bool,
    },
}

/// A public key of a certificate or a document, its form proven: kind, and bytes as the crypto library takes them.
#[derive(Clone, PartialEq, Eq)]
pub struct X509Key {
    kind: KeyKind,
    bytes: Vec<u8>,
}

/// Shows the kind alone: the key of a document's chip is that document's.
impl fmt::Debug for X509Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "X509Key({:?})", self.kind)
    }
}

impl X509Key {
    /// Reads a `SubjectPublicKeyInfo` in DER.
    ///
    /// # Errors
    /// [`X509Refusal::Malformed`], [`X509Refusal::Curve`], [`X509Refusal::KeyKind`], [`X509Refusal::KeyLength`].
    pub fn from_spki(der: &[u8]) -> Result<Self, X509Refusal> {
        match SubjectPublicKeyInfo::from_der(der) {
            Ok(([], key)) => Self::of(&key),
            Ok(_) | Err(_) => Err(X509Refusal::Malformed),
        }
    }

    pub(crate) fn of(key: &SubjectPublicKeyInfo<'_>) -> Result<Self, X509Refusal> {
        let kind = if key.algorithm.algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY {
            let curve = key.algorithm.parameters.as_ref().and_then(|p| p.as_oid().ok());
            match curve {
                Some(curve) if curve == OID_EC_P256 => KeyKind::P256,
                Some(curve) if curve == OID_NIST_EC_P384 => KeyKind::P384,
                Some(curve) if curve == OID_NIST_EC_P521 => KeyKind::P521,
                Some(_) | None => return Err(X509Refusal::Curve),
            }
        } else if key.algorithm.algorithm == OID_PKCS1_RSAENCRYPTION {
            KeyKind::Rsa { pss_alone: false }
        } else if key.algorithm.algorithm == OID_PKCS1_RSASSAPSS {
            KeyKind::Rsa { pss_alone: true }
        } else {
            return Err(X509Refusal::KeyKind);
        };
        if key.subject_public_key.unused_bits != 0 {
            return Err(X509Refusal::Malformed);
        }
        let read = Self { kind, bytes: key.subject_public_key.data.to_vec() };
        read.check()?;
        Ok(read)
    }

    /// That a point lies on its curve, and a modulus has a length that is taken.
    fn check(&self) -> Result<(), X509Refusal> {
        let scheme = match self.kind {
            KeyKind::Rsa { pss_alone } => {
                let spki = x509_parser::public_key::RSAPublicKey::from_der(&self.bytes);
                let Ok(([], key)) = spki else { return Err(X509Refusal::Malformed) };
                let bits = PublicKey::RSA(key).key_size();
                if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) {
                    return Err(X509Refusal::KeyLength);
                }
                if pss_alone {
                    SignatureScheme::RsaPss(HashKind::Sha256)
                } else {
                    SignatureScheme::RsaPkcs1(HashKind::Sha256)
                }
            }
            KeyKind::P256 | KeyKind::P384 | KeyKind::P521 => SignatureScheme::Ecdsa(HashKind::Sha256),
        };
        ParsedPublicKey::new(self.verifier(scheme)?, &self.bytes).map_err(|_| X509Refusal::Malformed)?;
        Ok(())
    }

    /// Verifies a signature as certificates and CMS carry it.
    ///
    /// # Errors
    /// [`X509Refusal::Scheme`] where the scheme is none of this key's, [`X509Refusal::Signature`].
    pub fn verify(
        &self,
        scheme: SignatureScheme,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), X509Refusal> {
        UnparsedPublicKey::new(self.verifier(scheme)?, &self.bytes)
            .verify(message, signature)
            .map_err(|_| X509Refusal::Signature)
    }

    /// Verifies an ECDSA signature in plain form, r and s one behind the other, as chips make them (BSI TR-03111, 5.2.1).
    ///
    /// # Errors
    /// [`X509Refusal::Scheme`] where this is no key of a curve, [`X509Refusal::Signature`].
    pub fn verify_plain(&self, hash: HashKind, message: &[u8], signature: &[u8]) -> Result<(), X509Refusal> {
        let side = self.coordinate_len().ok_or(X509Refusal::Scheme)?;
        let (r, s) = signature.split_at_checked(side).ok_or(X509Refusal::Signature)?;
        if s.len() != side {
            return Err(X509Refusal::Signature);
        }
        let both = [unsigned(r), unsigned(s)].concat();
        self.verify(SignatureScheme::Ecdsa(hash), message, &value(0x30, &both))
    }

    /// Bytes of a coordinate of its curve; `None` for RSA.
    #[must_use]
    pub const fn coordinate_len(&self) -> Option<usize> {
        match self.kind {
            KeyKind::P256 => Some(32),
            KeyKind::P384 => Some(48),
            KeyKind::P521 => Some(66),
            KeyKind::Rsa { .. } => None,
        }
    }

    fn verifier(&self, scheme: SignatureScheme) -> Result<&'static dyn VerificationAlgorithm, X509Refusal> {
        use HashKind::{Sha256, Sha384, Sha512};
        use SignatureScheme::{Ecdsa, RsaPkcs1, RsaPss};
        let verifier: &'static dyn VerificationAlgorithm = match (self.kind, scheme) {
            (KeyKind::P256, Ecdsa(Sha256)) => &ECDSA_P256_SHA256_ASN1,
            (KeyKind::P256, Ecdsa(Sha384)) => &ECDSA_P256_SHA384_ASN1,
            (KeyKind::P256, Ecdsa(Sha512)) => &ECDSA_P256_SHA512_ASN1,
            (KeyKind::P384, Ecdsa(Sha256)) => &ECDSA_P384_SHA256_ASN1,
            (KeyKind::P384, Ecdsa(Sha384)) => &ECDSA_P384_SHA384_ASN1,
            (KeyKind::P384, Ecdsa(Sha512)) => &ECDSA_P384_SHA512_ASN1,
            (KeyKind::P521, Ecdsa(Sha256)) => &ECDSA_P521_SHA256_ASN1,
            (KeyKind::P521, Ecdsa(Sha384)) => &ECDSA_P521_SHA384_ASN1,
            (KeyKind::P521, Ecdsa(Sha512)) => &ECDSA_P521_SHA512_ASN1,
            (KeyKind::Rsa { pss_alone: false }, RsaPkcs1(Sha256)) => &RSA_PKCS1_2048_8192_SHA256,
            (KeyKind::Rsa { pss_alone: false }, RsaPkcs1(Sha384)) => &RSA_PKCS1_2048_8192_SHA384,
            (KeyKind::Rsa { pss_alone: false }, RsaPkcs1(Sha512)) => &RSA_PKCS1_2048_8192_SHA512,
            (KeyKind::Rsa { .. }, RsaPss(Sha256)) => &RSA_PSS_2048_8192_SHA256,
            (KeyKind::Rsa { .. }, RsaPss(Sha384)) => &RSA_PSS_2048_8192_SHA384,
            (KeyKind::Rsa { .. }, RsaPss(Sha512)) => &RSA_PSS_2048_8192_SHA512,
            (KeyKind::P256 | KeyKind::P384 | KeyKind::P521, RsaPkcs1(_) | RsaPss(_))
            | (KeyKind::Rsa { .. }, Ecdsa(_))
            | (KeyKind::Rsa { pss_alone: true }, RsaPkcs1(_)) => return Err(X509Refusal::Scheme),
        };
        Ok(verifier)
    }
}

/// A number of fixed length as an INTEGER in DER: positive, without a zero too many at the front.
fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let digits = bytes.get(start..).unwrap_or_default();
    match digits {
        [0x80..=0xff, ..] | [] => value(0x02, &[&[0], digits].concat()),
        [..] => value(0x02, digits),
    }
}
