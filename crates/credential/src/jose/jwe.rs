//! JWE: compact encryption to a P-256 key by ECDH-ES, direct, with AES-GCM (RFC 7516, RFC 7518, 4.6 and 5.3).
//!
//! Lives here: [`DecryptionKey`], reading and decrypting, encrypting. Not here: what was encrypted. Compressed content is not
//! read: what it would unfold to has no bound. The key derivation and all primitives are the crypto library's.

use aws_lc_rs::aead;
use aws_lc_rs::kdf::{SskdfDigestAlgorithmId, get_sskdf_digest_algorithm, sskdf_digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use documents::redact_debug;
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::jwk::Jwk;
use crate::agreement::{AgreementKey, SharedSecret};
use crate::crypto::{CryptoError, PublicKey, random};

/// The longest encryption that is read, in characters: several credentials with a portrait each.
pub const MAX_JWE_LEN: usize = 1 << 20;
const TAG_LEN: usize = 16;

/// How the content is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentEncryption {
    /// AES-GCM with 128 bits.
    A128Gcm,
    /// AES-GCM with 256 bits.
    A256Gcm,
}

impl ContentEncryption {
    /// Both, as HAIP 1.0 demands of verifiers.
    pub const ALL: [Self; 2] = [Self::A128Gcm, Self::A256Gcm];

    /// Its name in `enc`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::A128Gcm => "A128GCM",
            Self::A256Gcm => "A256GCM",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|enc| enc.name() == name)
    }

    const fn algorithm(self) -> &'static aead::Algorithm {
        match self {
            Self::A128Gcm => &aead::AES_128_GCM,
            Self::A256Gcm => &aead::AES_256_GCM,
        }
    }
}

/// Why an encryption is not taken. Nothing is said about the key or the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JweError {
    /// Longer than is read, or not five parts in base64url without padding, the second of them empty.
    #[error("this is no compact JSON Web Encryption with ECDH-ES")]
    Form,
    /// The header is no JSON with the members that are read, or one stands twice.
    #[error("the header of the encryption is malformed")]
    Header,
    /// Another algorithm, compression, or a critical extension.
    #[error(
        "the encryption is of another algorithm; use ECDH-ES on P-256 with A128GCM or A256GCM, without compression"
    )]
    Algorithm,
    /// The sender's key is no point of the curve.
    #[error("the ephemeral key of the encryption is no public key on P-256")]
    Key,
    /// Encrypted to another key, or changed on its way.
    #[error("the encryption cannot be opened with this key")]
    Open,
}

/// A private key to which others encrypt; it lives as long as one request.
pub struct DecryptionKey(AgreementKey);
redact_debug!(DecryptionKey);

impl DecryptionKey {
    /// A new key from the crypto library's generator.
    ///
    /// # Errors
    /// [`CryptoError::Random`].
    pub fn generate() -> Result<Self, CryptoError> {
        AgreementKey::generate().map(Self)
    }

    /// The key with this private scalar of 32 bytes.
    ///
    /// # Errors
    /// [`CryptoError::PrivateKey`].
    pub fn from_scalar(scalar: &[u8; 32]) -> Result<Self, CryptoError> {
        AgreementKey::from_scalar(scalar).map(Self)
    }

    /// Its public key.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        self.0.public()
    }

    /// The shared secret with a public key.
    fn agree(&self, other: &Jwk) -> Result<SharedSecret, CryptoError> {
        self.0.agree(other.key().public())
    }
}

#[derive(Deserialize)]
struct Members {
    alg: String,
    enc: String,
    epk: Value,
    kid: Option<String>,
    apu: Option<String>,
    apv: Option<String>,
    zip: Option<serde::de::IgnoredAny>,
    crit: Option<serde::de::IgnoredAny>,
}

/// An encryption that was read apart.
pub struct Jwe<'t> {
    kid: Option<String>,
    enc: ContentEncryption,
    epk: Jwk,
    apu: Vec<u8>,
    apv: Vec<u8>,
    aad: &'t str,
    nonce: [u8; aead::NONCE_LEN],
    sealed: Vec<u8>,
}
redact_debug!(Jwe<'_>);

impl<'t> Jwe<'t> {
    /// Reads a compact encryption.
    ///
    /// # Errors
    /// The first thing wrong.
    pub fn read(compact: &'t str) -> Result<Self, JweError> {
        if compact.len() > MAX_JWE_LEN {
            return Err(JweError::Form);
        }
        let mut parts = compact.split('.');
        let mut part = || parts.next().ok_or(JweError::Form);
        let (aad, key, iv, content, tag) = (part()?, part()?, part()?, part()?, part()?);
        // RFC 7518, 4.6: agreed upon directly, there is no encrypted key.
        if parts.next().is_some() || !key.is_empty() {
            return Err(JweError::Form);
        }
        let read = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| JweError::Form);
        let (header, nonce, mut sealed, tag) = (read(aad)?, read(iv)?, read(content)?, read(tag)?);
        let nonce = nonce.try_into().map_err(|_| JweError::Form)?;
        if tag.len() != TAG_LEN {
            return Err(JweError::Form);
        }
        sealed.extend_from_slice(&tag);
        let header: Members = serde_json::from_slice(&header).map_err(|_| JweError::Header)?;
        if header.alg != "ECDH-ES" || header.zip.is_some() || header.crit.is_some() {
            return Err(JweError::Algorithm);
        }
        let enc = ContentEncryption::named(&header.enc).ok_or(JweError::Algorithm)?;
        let epk = Jwk::read(&header.epk).map_err(|_| JweError::Key)?;
        let party = |text: Option<String>| {
            URL_SAFE_NO_PAD.decode(text.unwrap_or_default()).map_err(|_| JweError::Header)
        };
        let (apu, apv) = (party(header.apu)?, party(header.apv)?);
        Ok(Self { kid: header.kid, enc, epk, apu, apv, aad, nonce, sealed })
    }

    /// The name of the key that it is encrypted to.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// How the content is encrypted.
    #[must_use]
    pub const fn enc(&self) -> ContentEncryption {
        self.enc
    }

    /// What was encrypted.
    ///
    /// # Errors
    /// [`JweError::Open`].
    pub fn decrypt(mut self, key: &DecryptionKey) -> Result<Vec<u8>, JweError> {
        let secret = key.agree(&self.epk).map_err(|_| JweError::Open)?;
        let content =
            content_key(secret.expose(), self.enc, &self.apu, &self.apv).map_err(|_| JweError::Open)?;
        let nonce = aead::Nonce::assume_unique_for_key(self.nonce);
        let opened = content.open_in_place(nonce, aead::Aad::from(self.aad.as_bytes()), &mut self.sealed);
        let len = opened.map_err(|_| JweError::Open)?.len();
        self.sealed.truncate(len);
        Ok(self.sealed)
    }
}

/// The Concat KDF of RFC 7518, 4.6.2: one round of the single-step derivation of NIST SP 800-56C.
fn content_key(
    secret: &[u8],
    enc: ContentEncryption,
    apu: &[u8],
    apv: &[u8],
) -> Result<aead::LessSafeKey, CryptoError> {
    let mut info = Vec::new();
    for field in [enc.name().as_bytes(), apu, apv] {
        let len = u32::try_from(field.len()).map_err(|_| CryptoError::Seal)?;
        info.extend_from_slice(&len.to_be_bytes());
        info.extend_from_slice(field);
    }
    let len = enc.algorithm().key_len();
    let bits = u32::try_from(len * 8).map_err(|_| CryptoError::Seal)?;
    info.extend_from_slice(&bits.to_be_bytes());
    let mut key = Zeroizing::new(vec![0; len]);
    let digest = get_sskdf_digest_algorithm(SskdfDigestAlgorithmId::Sha256).ok_or(CryptoError::Seal)?;
    sskdf_digest(digest, secret, &info, &mut key).map_err(|_| CryptoError::Seal)?;
    let key = aead::UnboundKey::new(enc.algorithm(), &key).map_err(|_| CryptoError::Seal)?;
    Ok(aead::LessSafeKey::new(key))
}

/// To whom something is encrypted, and how.
#[derive(Debug, Clone, Copy)]
pub struct Recipient<'r> {
    /// Their key; its name goes into the header.
    pub key: &'r Jwk,
    /// How the content is encrypted.
    pub enc: ContentEncryption,
    /// `apu` and `apv`, where the protocol has them.
    pub parties: Option<(&'r [u8], &'r [u8])>,
}

/// Encrypts to a public key, with a key pair that is used this once.
///
/// # Errors
/// [`CryptoError`]: the library failed.
pub fn encrypt_jwe(plain: &[u8], to: Recipient<'_>) -> Result<String, CryptoError> {
    let own = DecryptionKey::generate()?;
    let mut nonce = [0; aead::NONCE_LEN];
    random(&mut nonce)?;
    let mut header = json!({
        "alg": "ECDH-ES",
        "enc": to.enc.name(),
        "epk": Jwk::of(own.public(), None)?.to_json()?,
    });
    if let Some(members) = header.as_object_mut() {
        if let Some(kid) = &to.key.kid {
            members.insert("kid".to_owned(), kid.clone().into());
        }
        if let Some((apu, apv)) = to.parties {
            members.insert("apu".to_owned(), URL_SAFE_NO_PAD.encode(apu).into());
            members.insert("apv".to_owned(), URL_SAFE_NO_PAD.encode(apv).into());
        }
    }
    let header = URL_SAFE_NO_PAD.encode(header.to_string());
    let (apu, apv) = to.parties.unwrap_or_default();
    let key = content_key(own.agree(to.key)?.expose(), to.enc, apu, apv)?;
    let mut sealed = plain.to_vec();
    let at = aead::Nonce::assume_unique_for_key(nonce);
    let tag = key
        .seal_in_place_separate_tag(at, aead::Aad::from(header.as_bytes()), &mut sealed)
        .map_err(|_| CryptoError::Seal)?;
    let [nonce, sealed, tag] = [&nonce[..], &sealed, tag.as_ref()].map(|part| URL_SAFE_NO_PAD.encode(part));
    Ok(format!("{header}..{nonce}.{sealed}.{tag}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwk(key: &DecryptionKey) -> Jwk {
        Jwk::of(key.public(), Some("enc-1".to_owned())).unwrap()
    }

    /// RFC 7518, appendix C: the derived key of the published agreement, "VqqN6vgjbSBcIijNcacQGg".
    #[test]
    fn the_published_agreement_gives_the_published_key() {
        let scalar = URL_SAFE_NO_PAD.decode("0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo").unwrap();
        let alice = DecryptionKey::from_scalar(&scalar.try_into().unwrap()).unwrap();
        let bob = Jwk::read(&json!({"kty":"EC","crv":"P-256",
            "x":"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
            "y":"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck"}))
        .unwrap();
        let secret = alice.agree(&bob).unwrap();
        let derived = content_key(secret.expose(), ContentEncryption::A128Gcm, b"Alice", b"Bob").unwrap();
        let published = URL_SAFE_NO_PAD.decode("VqqN6vgjbSBcIijNcacQGg").unwrap();
        let published = aead::UnboundKey::new(&aead::AES_128_GCM, &published).unwrap();
        let published = aead::LessSafeKey::new(published);
        // Keys show nothing of themselves: what one seals the other opens.
        let mut sealed = b"the same key".to_vec();
        let at = || aead::Nonce::assume_unique_for_key([7; 12]);
        derived.seal_in_place_append_tag(at(), aead::Aad::empty(), &mut sealed).unwrap();
        assert_eq!(published.open_in_place(at(), aead::Aad::empty(), &mut sealed).unwrap(), b"the same key");
    }

    #[test]
    fn what_was_encrypted_opens_with_parties_present_absent_and_empty() {
        let key = DecryptionKey::generate().unwrap();
        for enc in ContentEncryption::ALL {
            for parties in
                [None, Some((b"".as_slice(), b"".as_slice())), Some((b"a".as_slice(), b"b".as_slice()))]
            {
                let compact = encrypt_jwe(b"{}", Recipient { key: &jwk(&key), enc, parties }).unwrap();
                let read = Jwe::read(&compact).unwrap();
                assert_eq!((read.kid(), read.enc()), (Some("enc-1"), enc));
                assert_eq!(read.decrypt(&key), Ok(b"{}".to_vec()), "{enc:?} {parties:?}");
                let other = DecryptionKey::generate().unwrap();
                assert_eq!(Jwe::read(&compact).unwrap().decrypt(&other), Err(JweError::Open));
            }
        }
    }

    #[test]
    fn every_change_of_one_byte_is_refused() {
        let key = DecryptionKey::generate().unwrap();
        let to = Recipient { key: &jwk(&key), enc: ContentEncryption::A256Gcm, parties: None };
        let compact = encrypt_jwe(b"{\"vp_token\":{}}", to).unwrap();
        for place in 0..compact.len() {
            let mut changed = compact.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            let opened = Jwe::read(&changed).and_then(|read| read.decrypt(&key));
            assert!(opened.is_err(), "{place}");
        }
    }

    #[test]
    fn what_is_no_encryption_of_this_kind_is_refused_for_the_first_thing_wrong_with_it() {
        let key = DecryptionKey::generate().unwrap();
        let epk = jwk(&key).to_json().unwrap();
        let forged = |header: Value| {
            let header = URL_SAFE_NO_PAD.encode(header.to_string());
            format!("{header}..AAAAAAAAAAAAAAAA..AAAAAAAAAAAAAAAAAAAAAA")
        };
        let good = json!({"alg": "ECDH-ES", "enc": "A128GCM", "epk": epk});
        let with = |name: &str, value: Value| {
            let mut changed = good.clone();
            changed[name] = value;
            forged(changed)
        };
        assert!(Jwe::read(&forged(good.clone())).is_ok());
        for (text, expected) in [
            (String::new(), JweError::Form),
            ("....".to_owned(), JweError::Form),
            (format!("{}.", forged(good.clone())), JweError::Form),
            (forged(good.clone()).replace("..", ".AA."), JweError::Form),
            ("A".repeat(MAX_JWE_LEN + 1), JweError::Form),
            (forged(json!([])), JweError::Header),
            (with("apu", json!("=")), JweError::Header),
            (with("alg", json!("RSA-OAEP")), JweError::Algorithm),
            (with("alg", json!("ECDH-ES+A128KW")), JweError::Algorithm),
            (with("enc", json!("A128CBC-HS256")), JweError::Algorithm),
            (with("zip", json!("DEF")), JweError::Algorithm),
            (with("crit", json!(["x"])), JweError::Algorithm),
            (with("epk", json!({"kty": "OKP"})), JweError::Key),
        ] {
            assert_eq!(Jwe::read(&text).map(drop), Err(expected), "{text}");
        }
    }
}
