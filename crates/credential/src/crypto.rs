//! Crypto: the one place that calls the crypto library. Everything here is a thin typed layer over `aws-lc-rs` (and over
//! `rustls` for HPKE); no primitive is written by hand.
//!
//! Lives here: keys, signatures, hashes, sealing. Not here: formats, and which key may be trusted (`trust`).

use std::fmt;

use aws_lc_rs::encoding::{AsBigEndian, AsDer, EcPublicKeyCompressedBin, PublicKeyX509Der};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
    ParsedPublicKey, UnparsedPublicKey,
};
use aws_lc_rs::{aead, digest, hkdf, hmac, rand};
use documents::redact_debug;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::signer::{SIGNATURE_LEN, Signer, SignerFault};

/// Length of a compressed P-256 point (SEC 1, 2.3.3).
pub const POINT_LEN: usize = 33;
/// What stands before the two coordinates in the SubjectPublicKeyInfo of an uncompressed P-256 key (RFC 5480, 2): id-ecPublicKey,
/// secp256r1, a BIT STRING of 65 bytes that begins with 4.
const SPKI_P256: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// SHA-256 of `bytes`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

/// Fills `out` from the operating system's generator, through the crypto library.
///
/// # Errors
/// [`CryptoError::Random`] if the system's generator fails.
#[expect(clippy::disallowed_methods, reason = "this is the adapter of the system's generator")]
pub fn random(out: &mut [u8]) -> Result<(), CryptoError> {
    rand::fill(out).map_err(|_| CryptoError::Random)
}

/// So many random bytes, as [`random`] gives them.
///
/// # Errors
/// [`CryptoError::Random`].
pub fn random_array<const N: usize>() -> Result<[u8; N], CryptoError> {
    let mut bytes = [0; N];
    random(&mut bytes)?;
    Ok(bytes)
}

/// Why a cryptographic operation failed. The error reveals nothing about the secret involved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// The public key is not a point on P-256 in compressed form.
    #[error("not a P-256 public key in compressed form (33 bytes, beginning with 02 or 03)")]
    PublicKey,
    /// A private key could not be read.
    #[error("not a P-256 private key in PKCS #8 form")]
    PrivateKey,
    /// The signature is not valid for this key and message.
    #[error("the signature is not valid for this key and message")]
    Signature,
    /// Decryption failed: the bytes were changed or moved, or sealed with another key.
    #[error("decryption failed: wrong key, wrong context or changed bytes")]
    Open,
    /// Sealing failed inside the crypto library.
    #[error("sealing failed")]
    Seal,
    /// The operating system's random number generator failed.
    #[error("the operating system's random number generator failed")]
    Random,
    /// The private key lies outside of this process, and whoever keeps it did not sign.
    #[error(transparent)]
    Signer(#[from] SignerFault),
}

/// A P-256 public key as it travels: the compressed point.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; POINT_LEN]);

impl PublicKey {
    /// Reads a compressed point; whether it lies on the curve shows when it is parsed for use.
    ///
    /// # Errors
    /// [`CryptoError::PublicKey`] for another length or first byte.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        match bytes {
            [2 | 3, ..] => bytes.try_into().map(Self).map_err(|_| CryptoError::PublicKey),
            _ => Err(CryptoError::PublicKey),
        }
    }

    /// Reads the SubjectPublicKeyInfo of a certificate (RFC 5480): a P-256 key, its point uncompressed, in DER. Whether the
    /// point lies on the curve shows when something is verified with it.
    ///
    /// # Errors
    /// [`CryptoError::PublicKey`] for any other key or form.
    pub fn from_spki(der: &[u8]) -> Result<Self, CryptoError> {
        let point = der.strip_prefix(&SPKI_P256).ok_or(CryptoError::PublicKey)?;
        let (x, y) = point.split_first_chunk::<32>().ok_or(CryptoError::PublicKey)?;
        let y: &[u8; 32] = y.try_into().map_err(|_| CryptoError::PublicKey)?;
        Ok(Self::from_x_and_sign(x, y[31] & 1 == 1))
    }

    /// The point with this x coordinate and the sign of y.
    #[must_use]
    pub fn from_x_and_sign(x: &[u8; 32], y_is_odd: bool) -> Self {
        let mut point = [0; POINT_LEN];
        let (sign, rest) = point.split_at_mut(1);
        sign.fill(if y_is_odd { 3 } else { 2 });
        rest.copy_from_slice(x);
        Self(point)
    }

    /// The point with both coordinates, as a COSE key has them (RFC 9053, 7.1.1); checks that it lies on the curve.
    ///
    /// # Errors
    /// [`CryptoError::PublicKey`].
    pub fn from_coordinates(x: &[u8; 32], y: &[u8; 32]) -> Result<Self, CryptoError> {
        let uncompressed = [&[4], x.as_slice(), y.as_slice()].concat();
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, uncompressed).map_err(|_| CryptoError::PublicKey)?;
        let [.., last] = y;
        Ok(Self::from_x_and_sign(x, last & 1 == 1))
    }

    /// The compressed point.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; POINT_LEN] {
        &self.0
    }

    /// The x coordinate and whether y is odd.
    #[must_use]
    pub fn x_and_sign(&self) -> ([u8; 32], bool) {
        let mut x = [0; 32];
        let (sign, rest) = self.0.split_at(1);
        x.copy_from_slice(rest);
        (x, sign == [3])
    }
}

/// Shows the first bytes only: a device key, though public, would link the uses of one token in a log.
impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [_, a, b, c, ..] = self.0;
        write!(f, "PublicKey({a:02x}{b:02x}{c:02x}..)")
    }
}

/// A public key parsed once and ready to verify ES256 signatures.
#[derive(Clone)]
pub struct VerifyingKey {
    public: PublicKey,
    parsed: ParsedPublicKey,
}

impl VerifyingKey {
    /// Parses the point; checks that it lies on the curve.
    ///
    /// # Errors
    /// [`CryptoError::PublicKey`].
    pub fn new(public: PublicKey) -> Result<Self, CryptoError> {
        let parsed = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public.as_bytes())
            .map_err(|_| CryptoError::PublicKey)?;
        Ok(Self { public, parsed })
    }

    /// The key as it travels.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Verifies an ES256 signature in r and s form (RFC 9053, 2.1).
    ///
    /// # Errors
    /// [`CryptoError::Signature`].
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        self.parsed.verify_sig(message, signature).map_err(|_| CryptoError::Signature)
    }

    /// Verifies an ES256 signature in ASN.1 DER form (RFC 3279, 2.2.3), as authenticators make them.
    ///
    /// # Errors
    /// [`CryptoError::Signature`].
    pub fn verify_der(&self, message: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, self.public.as_bytes());
        key.verify(message, signature).map_err(|_| CryptoError::Signature)
    }

    /// The coordinates x and y of the point.
    ///
    /// # Errors
    /// [`CryptoError::PublicKey`] if the library cannot write the point out.
    pub fn coordinates(&self) -> Result<([u8; 32], [u8; 32]), CryptoError> {
        let der: PublicKeyX509Der<'_> = self.parsed.as_der().map_err(|_| CryptoError::PublicKey)?;
        // The SubjectPublicKeyInfo of a P-256 key ends with the uncompressed point: 04, x, y.
        let (_, point) = der.as_ref().split_last_chunk::<65>().ok_or(CryptoError::PublicKey)?;
        let [4, coordinates @ ..] = point else { return Err(CryptoError::PublicKey) };
        let (mut x, mut y) = ([0; 32], [0; 32]);
        let (first, second) = coordinates.split_at(32);
        x.copy_from_slice(first);
        y.copy_from_slice(second);
        Ok((x, y))
    }

    /// The key's thumbprint (RFC 9679, SHA-256), over the uncompressed point as its section 4.2 demands.
    ///
    /// # Errors
    /// [`CryptoError::PublicKey`] if the library cannot write the point out.
    pub fn thumbprint(&self) -> Result<Thumbprint, CryptoError> {
        let (x, y) = self.coordinates()?;
        // {1: 2, -1: 1, -2: x, -3: y}, deterministic (RFC 8949, 4.2).
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(&[0xa4, 0x01, 0x02, 0x20, 0x01, 0x21, 0x58, 0x20]);
        context.update(&x);
        context.update(&[0x22, 0x58, 0x20]);
        context.update(&y);
        let mut out = [0; 32];
        out.copy_from_slice(context.finish().as_ref());
        Ok(Thumbprint(out))
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.public.fmt(f)
    }
}

/// The thumbprint of a device key (RFC 9679): ties a part to its token.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Thumbprint([u8; 32]);

impl Thumbprint {
    /// The 32 bytes of SHA-256.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The token's id: the first 16 bytes. An altered but valid signature leaves it the same.
    #[must_use]
    pub fn token_id(&self) -> TokenId {
        let mut id = [0; 16];
        id.copy_from_slice(self.0.split_at(16).0);
        TokenId(id)
    }
}

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Thumbprint({})", self.token_id())
    }
}

/// The id of a border token: the first 16 bytes of its device key's thumbprint.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId([u8; 16]);

impl TokenId {
    /// An id from its 16 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenId({self})")
    }
}

/// A P-256 private key that signs ES256: in this process's memory, or kept by a [`Signer`].
pub struct SigningKey {
    secret: Secret,
    public: PublicKey,
}

enum Secret {
    Here(EcdsaKeyPair),
    Kept { signer: Box<dyn Signer>, check: VerifyingKey },
}

redact_debug!(SigningKey);

impl SigningKey {
    /// A new key from the crypto library's generator.
    ///
    /// # Errors
    /// [`CryptoError::Random`].
    pub fn generate() -> Result<Self, CryptoError> {
        let pair =
            EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| CryptoError::Random)?;
        Self::from_pair(pair)
    }

    /// Reads a PKCS #8 private key.
    ///
    /// # Errors
    /// [`CryptoError::PrivateKey`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, CryptoError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
            .map_err(|_| CryptoError::PrivateKey)?;
        Self::from_pair(pair)
    }

    /// The private scalar (32 bytes) and the uncompressed public point (65 bytes), as published examples give them.
    ///
    /// # Errors
    /// [`CryptoError::PrivateKey`] where the two do not belong together.
    pub fn from_scalar(scalar: &[u8], uncompressed: &[u8]) -> Result<Self, CryptoError> {
        let pair = EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            scalar,
            uncompressed,
        )
        .map_err(|_| CryptoError::PrivateKey)?;
        Self::from_pair(pair)
    }

    fn from_pair(pair: EcdsaKeyPair) -> Result<Self, CryptoError> {
        let point: EcPublicKeyCompressedBin<'_> =
            pair.public_key().as_be_bytes().map_err(|_| CryptoError::PrivateKey)?;
        let public = PublicKey::from_bytes(point.as_ref())?;
        Ok(Self { secret: Secret::Here(pair), public })
    }

    /// The key with this public half whose private half `signer` keeps.
    ///
    /// # Errors
    /// [`CryptoError::PublicKey`] for a point that is none of the curve.
    pub fn kept_by(signer: Box<dyn Signer>, public: PublicKey) -> Result<Self, CryptoError> {
        Ok(Self { secret: Secret::Kept { signer, check: VerifyingKey::new(public)? }, public })
    }

    /// The key in PKCS #8 form, for a key file; wiped when dropped.
    ///
    /// # Errors
    /// [`CryptoError::PrivateKey`] if the library cannot write it, or a [`Signer`] keeps it.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let Secret::Here(pair) = &self.secret else { return Err(CryptoError::PrivateKey) };
        let der = pair.to_pkcs8v1().map_err(|_| CryptoError::PrivateKey)?;
        Ok(Zeroizing::new(der.as_ref().to_vec()))
    }

    /// The public key.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs with ES256. What a [`Signer`] gives is verified before it leaves: one that signs with another key, or
    /// miscalculates, is found out here and not at a lane. A signer may take its time; it blocks this thread.
    ///
    /// # Errors
    /// [`CryptoError::Random`] if the generator fails for the nonce; [`CryptoError::Signer`].
    pub fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_LEN], CryptoError> {
        match &self.secret {
            Secret::Here(pair) => {
                #[expect(clippy::disallowed_methods, reason = "the library draws a signature's nonce itself")]
                let signature =
                    pair.sign(&rand::SystemRandom::new(), message).map_err(|_| CryptoError::Random)?;
                signature.as_ref().try_into().map_err(|_| CryptoError::Random)
            }
            Secret::Kept { signer, check } => {
                let signature = signer.sign_digest(&sha256(message))?;
                check.verify(message, &signature).map_err(|_| SignerFault::Refused)?;
                Ok(signature)
            }
        }
    }
}

/// A symmetric secret of 32 bytes: a weekly part key, or the key under which an authority hashes numbers.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SecretKey([u8; 32]);

redact_debug!(SecretKey);

impl SecretKey {
    /// A new secret from the crypto library's generator.
    ///
    /// # Errors
    /// [`CryptoError::Random`].
    pub fn generate() -> Result<Self, CryptoError> {
        let mut bytes = [0; 32];
        random(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// A secret from its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for a key file or a hand-over.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// HMAC-SHA-256 under this secret: how numbers become keys of an index (specs/risk, section 3).
    #[must_use]
    pub fn tag(&self, message: &[u8]) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let mut out = [0; 32];
        out.copy_from_slice(hmac::sign(&key, message).as_ref());
        out
    }

    /// Whether `tag` is that of `message` under this secret; compared in constant time.
    #[must_use]
    pub fn is_tag(&self, message: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &self.0), message, tag).is_ok()
    }

    /// HKDF-SHA-256 (RFC 5869) to 16 bytes: no salt, this secret as input, `info` as given.
    fn derive_16(&self, info: &[u8]) -> Result<Zeroizing<[u8; 16]>, CryptoError> {
        struct Sixteen;
        impl hkdf::KeyType for Sixteen {
            fn len(&self) -> usize {
                16
            }
        }
        let mut out = Zeroizing::new([0; 16]);
        hkdf::Salt::new(hkdf::HKDF_SHA256, &[])
            .extract(&self.0)
            .expand(&[info], Sixteen)
            .and_then(|okm| okm.fill(out.as_mut()))
            .map_err(|_| CryptoError::Seal)?;
        Ok(out)
    }

    /// AES-128-GCM-SIV (RFC 8452) with the zero nonce, under a key derived from this secret and `info`:
    /// neither nonce nor key travels, and sealing the same bytes again gives the same bytes.
    ///
    /// # Errors
    /// [`CryptoError::Seal`].
    pub fn seal(&self, info: &[u8], associated: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let key = self.siv_key(info)?;
        let mut bytes = plaintext.to_vec();
        key.seal_in_place_append_tag(zero_nonce(), aead::Aad::from(associated), &mut bytes)
            .map_err(|_| CryptoError::Seal)?;
        Ok(bytes)
    }

    /// Opens what [`SecretKey::seal`] made.
    ///
    /// # Errors
    /// [`CryptoError::Open`].
    pub fn open(
        &self,
        info: &[u8],
        associated: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let key = self.siv_key(info)?;
        let mut bytes = Zeroizing::new(sealed.to_vec());
        let len = key
            .open_in_place(zero_nonce(), aead::Aad::from(associated), &mut bytes)
            .map_err(|_| CryptoError::Open)?
            .len();
        bytes.truncate(len);
        Ok(bytes)
    }

    fn siv_key(&self, info: &[u8]) -> Result<aead::LessSafeKey, CryptoError> {
        let key = self.derive_16(info)?;
        aead::UnboundKey::new(&aead::AES_128_GCM_SIV, key.as_ref())
            .map(aead::LessSafeKey::new)
            .map_err(|_| CryptoError::Seal)
    }
}

fn zero_nonce() -> aead::Nonce {
    aead::Nonce::assume_unique_for_key([0; 12])
}

/// Key agreement for the hand-over of weekly keys: HPKE (RFC 9180) with DHKEM(P-256, HKDF-SHA256),
/// HKDF-SHA256 and AES-128-GCM, base mode.
pub mod hpke {
    use rustls::crypto::aws_lc_rs::hpke::DH_KEM_P256_HKDF_SHA256_AES_128 as SUITE;
    use rustls::crypto::hpke::{EncapsulatedSecret, Hpke, HpkePrivateKey, HpkePublicKey};
    use zeroize::Zeroizing;

    use super::{CryptoError, redact_debug};

    /// A receiver's key pair: public point uncompressed (65 bytes), private scalar (32 bytes).
    pub struct ReceiverKey {
        public: Vec<u8>,
        private: Zeroizing<Vec<u8>>,
    }

    redact_debug!(ReceiverKey);

    impl ReceiverKey {
        /// A new key pair.
        ///
        /// # Errors
        /// [`CryptoError::Random`].
        pub fn generate() -> Result<Self, CryptoError> {
            let (public, private) = SUITE.generate_key_pair().map_err(|_| CryptoError::Random)?;
            Ok(Self { public: public.0, private: Zeroizing::new(private.secret_bytes().to_vec()) })
        }

        /// A key pair from its bytes; that they belong together shows when something is opened.
        ///
        /// # Errors
        /// [`CryptoError::PrivateKey`] for other lengths than 65 and 32.
        pub fn from_bytes(public: &[u8], private: &[u8]) -> Result<Self, CryptoError> {
            if public.len() != 65 || private.len() != 32 {
                return Err(CryptoError::PrivateKey);
            }
            Ok(Self { public: public.to_vec(), private: Zeroizing::new(private.to_vec()) })
        }

        /// The public point, uncompressed.
        #[must_use]
        pub fn public(&self) -> &[u8] {
            &self.public
        }

        /// The private scalar, for a key file.
        #[must_use]
        pub fn expose(&self) -> &[u8] {
            &self.private
        }

        /// Opens one message sealed to this key.
        ///
        /// # Errors
        /// [`CryptoError::Open`].
        pub fn open(
            &self,
            enc: &[u8],
            info: &[u8],
            aad: &[u8],
            ciphertext: &[u8],
        ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
            let private = HpkePrivateKey::from(self.private.to_vec());
            SUITE
                .open(&EncapsulatedSecret(enc.to_vec()), info, aad, ciphertext, &private)
                .map(Zeroizing::new)
                .map_err(|_| CryptoError::Open)
        }
    }

    /// Seals one message to a receiver's public point; gives the encapsulated key and the ciphertext.
    ///
    /// # Errors
    /// [`CryptoError::Seal`], also if the public key is not a point on the curve.
    pub fn seal(
        public: &[u8],
        info: &[u8],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<(Vec<u8>, Vec<u8>), CryptoError> {
        let (enc, ciphertext) = SUITE
            .seal(info, aad, plaintext, &HpkePublicKey(public.to_vec()))
            .map_err(|_| CryptoError::Seal)?;
        Ok((enc.0, ciphertext))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_certificate_is_read_in_its_one_form() {
        // SEC 2, 2.4.2: the generator of P-256.
        let x = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
        let y = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
        let hex = |text: &str| -> Vec<u8> {
            (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
        };
        let good = [SPKI_P256.to_vec(), hex(x), hex(y)].concat();
        let key = PublicKey::from_spki(&good).unwrap();
        assert_eq!(key.as_bytes(), [vec![3], hex(x)].concat().as_slice());
        for (at, what) in [(1, "another length"), (22, "another curve"), (26, "a point in another form")] {
            let mut wrong = good.clone();
            wrong[at] ^= 1;
            assert!(PublicKey::from_spki(&wrong).is_err(), "{what}");
        }
        for length in 0..good.len() {
            assert!(PublicKey::from_spki(&good[..length]).is_err(), "cut at {length}");
        }
        assert!(PublicKey::from_spki(&[good, vec![0]].concat()).is_err(), "trailing bytes");
    }
}
