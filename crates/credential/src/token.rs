//! Border tokens and holder proofs, parsed cheaply and then verified.
//!
//! Lives here: the CWT that an authority signs over a device key (RFC 8392, RFC 8747), the proof that the device key
//! signs for one audience at one instant, and hashes of parts. Not here: which issuer key is trusted (`trust`), how
//! fresh is fresh enough (`gate`), what a part says (`part`).

use std::fmt;

use documents::issuance::sealed_receivers;
use documents::{AuthorityCode, Direction, LocalDate, PortId, Side, Timestamp};

use crate::cbor::{CborError, Reader, Writer};
use crate::cose::{self, CoseError, Headers, Sign1, Tagging};
use crate::crypto::{CryptoError, PublicKey, SigningKey, Thumbprint, TokenId, VerifyingKey, sha256};
use crate::unlock::{self, Unlock};

/// External data of a token's signature: the label that no other kind of signature has.
const TOKEN_LABEL: &str = "bp1-token";
/// Label of a holder proof.
const PROOF_LABEL: &str = "bp2-proof";
/// The private claim (RFC 8392, 9.1.1: below -65536 is private use).
const CLAIM_BORDER: i64 = -65537;
/// The longest a token may live, in seconds from now to `exp`: 7 days and 1 hour.
pub const MAX_LIFE_SECONDS: i64 = 7 * 86_400 + 3_600;
/// The same for keys held in software: 3 days and 1 hour.
pub const MAX_LIFE_SOFTWARE_SECONDS: i64 = 3 * 86_400 + 3_600;
/// Status indexes begin here, so that each is encoded in five bytes.
pub const FIRST_STATUS_INDEX: u32 = 65_536;
/// Longest token that is read, in bytes.
pub const MAX_TOKEN_LEN: usize = 256;
/// Longest proof that is read, in bytes.
pub const MAX_PROOF_LEN: usize = 96;

/// How the wallet stores its device keys, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyClass {
    /// Nowhere: a counter drew the key of a paper pass and destroyed it (`docs/paper.md`).
    Paper,
    /// In software: tokens live 3 days at most.
    Software,
    /// In the phone's trusted environment.
    Hardware,
    /// In a secure element.
    SecureElement,
}

impl KeyClass {
    /// The number that stands for it in a token.
    #[must_use]
    pub const fn wire(self) -> u8 {
        match self {
            Self::Software => 0,
            Self::Hardware => 1,
            Self::SecureElement => 2,
            Self::Paper => 3,
        }
    }

    /// The class with this number.
    #[must_use]
    pub const fn from_wire(value: u64) -> Option<Self> {
        match value {
            0 => Some(Self::Software),
            1 => Some(Self::Hardware),
            2 => Some(Self::SecureElement),
            3 => Some(Self::Paper),
            _ => None,
        }
    }

    /// Days from the day of issue, of a paper pass from the day on which it counts, to the midnight of `exp`.
    #[must_use]
    pub const fn life_days(self) -> i32 {
        match self {
            Self::Paper => 1,
            Self::Software => 3,
            Self::Hardware | Self::SecureElement => 7,
        }
    }

    /// The farthest `exp` may lie ahead, in seconds.
    #[must_use]
    pub const fn max_life_seconds(self) -> i64 {
        match self {
            Self::Paper | Self::Software => MAX_LIFE_SOFTWARE_SECONDS,
            Self::Hardware | Self::SecureElement => MAX_LIFE_SECONDS,
        }
    }

    /// `exp` of every token of this class issued on `day` (of a paper pass: that counts on `day`): a midnight at UTC+8, so that it tells nothing of the hour.
    #[must_use]
    pub fn expiry_for(self, day: LocalDate) -> Timestamp {
        day.plus_days(self.life_days()).start()
    }
}

/// The place of a token in a status list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusRef {
    list: u8,
    index: u32,
}

impl StatusRef {
    /// Place `index` (from 65,536 up) in list `list` (0 to 23); `None` elsewhere: both have one encoded width.
    #[must_use]
    pub const fn new(list: u8, index: u32) -> Option<Self> {
        if list > 23 || index < FIRST_STATUS_INDEX { None } else { Some(Self { list, index }) }
    }

    /// Number of the list.
    #[must_use]
    pub const fn list(self) -> u8 {
        self.list
    }

    /// Index in the list.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.index
    }
}

/// The first 16 bytes of SHA-256 of a part, as a token holds them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShortHash(pub [u8; 16]);

impl fmt::Debug for ShortHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShortHash")
    }
}

/// SHA-256 of a part, as a proof and a request hold it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PartHash(pub [u8; 32]);

impl PartHash {
    /// The hash of these bytes.
    #[must_use]
    pub fn of(part: &[u8]) -> Self {
        Self(sha256(part))
    }

    /// The form that a token holds.
    #[must_use]
    pub fn short(&self) -> ShortHash {
        let mut short = [0; 16];
        short.copy_from_slice(self.0.split_at(16).0);
        ShortHash(short)
    }
}

impl fmt::Debug for PartHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PartHash")
    }
}

/// Hashes of the parts that an issuer sealed, in order of their receivers' codes. How many there are follows from the
/// issuer alone (DESIGN 3, step 2): the mainland two, Hong Kong and Macao one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedHashes {
    /// Issuer HKG (receiver MAC) or MAC (receiver HKG).
    One(ShortHash),
    /// Issuer CHN: receivers HKG and MAC.
    Two(ShortHash, ShortHash),
}

impl SealedHashes {
    /// The receivers of parts that `issuer` seals, in order (the table is `documents::issuance`).
    #[must_use]
    pub const fn receivers(issuer: AuthorityCode) -> &'static [AuthorityCode] {
        sealed_receivers(issuer)
    }

    /// The hashes of the parts for [`Self::receivers`] of one issuer; `None` where their number is not 1 or 2.
    #[must_use]
    pub fn from_slice(hashes: &[ShortHash]) -> Option<Self> {
        match hashes {
            [only] => Some(Self::One(*only)),
            [first, second] => Some(Self::Two(*first, *second)),
            _ => None,
        }
    }

    /// The hash for `receiver`; `None` where `issuer` seals no part for it, or seals another number of parts.
    #[must_use]
    pub fn for_receiver(&self, issuer: AuthorityCode, receiver: AuthorityCode) -> Option<ShortHash> {
        match (self, sealed_receivers(issuer)) {
            (Self::One(only), [to]) if *to == receiver => Some(*only),
            (Self::Two(first, _), [to, _]) if *to == receiver => Some(*first),
            (Self::Two(_, second), [_, to]) if *to == receiver => Some(*second),
            _ => None,
        }
    }
}

/// The claims of a border token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenClaims {
    /// The home authority that signed it.
    pub issuer: AuthorityCode,
    /// A midnight at UTC+8; at this instant the token is already expired (RFC 8392, 3.1.4).
    pub expires: Timestamp,
    /// The device key that it binds.
    pub device_key: PublicKey,
    /// How the wallet stores that key.
    pub key_class: KeyClass,
    /// Its place in a status list.
    pub status: StatusRef,
    /// Hashes of the parts that the issuer sealed.
    pub sealed: SealedHashes,
}

/// Why a token was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The bytes are not a COSE_Sign1 in the form of a token.
    #[error(transparent)]
    Cose(#[from] CoseError),
    /// A claim is missing, or has the wrong type or encoded width.
    #[error("malformed claim: {0}")]
    Claims(#[from] CborError),
    /// The issuer is not the code of an authority.
    #[error("the issuer is not the code of an authority")]
    Issuer,
    /// `exp` is not a midnight at UTC+8.
    #[error("the token's expiry is not midnight at UTC+8")]
    Expiry,
    /// The device key is not a point on P-256.
    #[error("the device key is not a P-256 key")]
    DeviceKey,
    /// The token has the wrong number of part hashes for its issuer.
    #[error("the token has the wrong number of part hashes for its issuer")]
    Hashes,
    /// The key id is not one byte.
    #[error("the key id is not one byte")]
    KeyId,
}

impl From<CryptoError> for TokenError {
    fn from(_: CryptoError) -> Self {
        Self::DeviceKey
    }
}

/// A parsed token whose signature is not verified yet.
#[derive(Debug, Clone, Copy)]
pub struct UnverifiedToken<'b> {
    bytes: &'b [u8],
    message: Sign1<'b>,
    kid: u8,
    claims: TokenClaims,
}

impl<'b> UnverifiedToken<'b> {
    /// Parses the bytes of a token; no signature is checked.
    ///
    /// # Errors
    /// The first departure from the form (`docs/formats.md`, sections 3 and 5).
    pub fn parse(bytes: &'b [u8]) -> Result<Self, TokenError> {
        if bytes.len() > MAX_TOKEN_LEN {
            return Err(TokenError::Claims(CborError::Limit));
        }
        let message = Sign1::parse(bytes, Tagging::Untagged, MAX_TOKEN_LEN)?;
        let Some(&[kid]) = message.kid() else { return Err(TokenError::KeyId) };
        if message.content_type().is_some() {
            return Err(TokenError::Cose(CoseError::Header));
        }
        let claims = TokenClaims::read(message.unverified_payload())?;
        Ok(Self { bytes, message, kid, claims })
    }

    /// The claims, not trusted yet: enough to look up the key and to refuse early.
    #[must_use]
    pub const fn claims(&self) -> &TokenClaims {
        &self.claims
    }

    /// The id of the issuer's key.
    #[must_use]
    pub const fn kid(&self) -> u8 {
        self.kid
    }

    /// The token as it was received.
    #[must_use]
    pub const fn bytes(&self) -> &'b [u8] {
        self.bytes
    }

    /// The device key, parsed, and the thumbprint that gives the token its id.
    ///
    /// # Errors
    /// [`TokenError::DeviceKey`].
    pub fn device_key(&self) -> Result<DeviceKey, TokenError> {
        DeviceKey::new(self.claims.device_key)
    }

    /// Verifies the issuer's signature; `key` is the one that the trust list names for (issuer, token role, kid).
    ///
    /// # Errors
    /// [`TokenError::Cose`] where the signature is not valid.
    pub fn verify(self, key: &VerifyingKey, device: DeviceKey) -> Result<VerifiedToken<'b>, TokenError> {
        if *device.key.public() != self.claims.device_key {
            return Err(TokenError::DeviceKey);
        }
        self.message.verify(key, &external(TOKEN_LABEL))?;
        Ok(VerifiedToken { bytes: self.bytes, claims: self.claims, device })
    }
}

/// A device key, parsed, with its thumbprint.
#[derive(Debug, Clone)]
pub struct DeviceKey {
    key: VerifyingKey,
    thumbprint: Thumbprint,
}

impl DeviceKey {
    /// Parses a device key.
    ///
    /// # Errors
    /// [`TokenError::DeviceKey`] if it is not a point on the curve.
    pub fn new(public: PublicKey) -> Result<Self, TokenError> {
        let key = VerifyingKey::new(public)?;
        let thumbprint = key.thumbprint()?;
        Ok(Self { key, thumbprint })
    }

    /// The hash of the key that tokens bear.
    #[must_use]
    pub const fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    /// The key, ready to verify.
    #[must_use]
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }
}

/// A token whose issuer's signature is verified. Only [`UnverifiedToken::verify`] makes one.
#[derive(Debug, Clone)]
pub struct VerifiedToken<'b> {
    bytes: &'b [u8],
    claims: TokenClaims,
    device: DeviceKey,
}

impl<'b> VerifiedToken<'b> {
    /// The claims that the issuer signed.
    #[must_use]
    pub const fn claims(&self) -> &TokenClaims {
        &self.claims
    }

    /// The token as it was received.
    #[must_use]
    pub const fn bytes(&self) -> &'b [u8] {
        self.bytes
    }

    /// The token's id.
    #[must_use]
    pub fn id(&self) -> TokenId {
        self.device.thumbprint.token_id()
    }

    /// The device key's thumbprint.
    #[must_use]
    pub const fn thumbprint(&self) -> Thumbprint {
        self.device.thumbprint
    }
}

impl TokenClaims {
    fn read(payload: &[u8]) -> Result<Self, TokenError> {
        let mut r = Reader::new(payload);
        r.map_exact(4)?;
        r.key(1)?;
        let issuer: AuthorityCode = match r.text(3)? {
            "CHN" => AuthorityCode::Chn,
            "HKG" => AuthorityCode::Hkg,
            "MAC" => AuthorityCode::Mac,
            _ => return Err(TokenError::Issuer),
        };
        r.key(4)?;
        let seconds = r.uint_width(5)?;
        let expires = i64::try_from(seconds).ok().and_then(Timestamp::from_unix).ok_or(TokenError::Expiry)?;
        // Local midnight: the offset is eight hours in all three places.
        if (expires.unix() + 8 * 3600) % 86_400 != 0 {
            return Err(TokenError::Expiry);
        }
        r.key(8)?;
        r.map_exact(1)?;
        r.key(1)?;
        let device_key = read_cose_key(&mut r)?;
        r.key(CLAIM_BORDER)?;
        let items = r.array(5)?;
        let key_class = KeyClass::from_wire(r.uint()?).ok_or(CborError::Limit)?;
        let list = u8::try_from(r.uint_width(1)?).map_err(|_| CborError::Limit)?;
        let index = u32::try_from(r.uint_width(5)?).map_err(|_| CborError::Limit)?;
        let status = StatusRef::new(list, index).ok_or(CborError::Limit)?;
        let sealed = match (sealed_receivers(issuer), items) {
            ([_], 4) => SealedHashes::One(ShortHash(*r.bytes_exact()?)),
            ([_, _], 5) => SealedHashes::Two(ShortHash(*r.bytes_exact()?), ShortHash(*r.bytes_exact()?)),
            _ => return Err(TokenError::Hashes),
        };
        r.finish()?;
        Ok(Self { issuer, expires, device_key, key_class, status, sealed })
    }

    /// The claims as the payload of a token.
    ///
    /// # Errors
    /// [`TokenError::Hashes`] for the wrong number of hashes; [`TokenError::Expiry`] if the expiry is not midnight at UTC+8
    /// or its number does not take five bytes.
    pub fn encode(&self) -> Result<Vec<u8>, TokenError> {
        let mut w = Writer::with_capacity(128);
        w.map(4).int(1).text(self.issuer.code());
        w.int(4).uint(self.expires.unix().unsigned_abs());
        w.int(8).map(1).int(1);
        write_cose_key(&mut w, &self.device_key);
        w.int(CLAIM_BORDER);
        let hashes: &[ShortHash] = match &self.sealed {
            SealedHashes::One(a) => &[*a],
            SealedHashes::Two(a, b) => &[*a, *b],
        };
        w.array(3 + hashes.len());
        w.uint(u64::from(self.key_class.wire()));
        w.uint(u64::from(self.status.list)).uint(u64::from(self.status.index));
        for hash in hashes {
            w.bytes(&hash.0);
        }
        let payload = w.finish();
        // The reader defines the form. What it would refuse is never signed.
        Self::read(&payload)?;
        Ok(payload)
    }
}

/// Signs a token.
///
/// # Errors
/// As [`TokenClaims::encode`]; [`TokenError::Cose`] when the library cannot sign.
pub fn sign_token(claims: &TokenClaims, kid: u8, key: &SigningKey) -> Result<Vec<u8>, TokenError> {
    let payload = claims.encode()?;
    let headers = Headers { kid: Some(&[kid]), content_type: None };
    Ok(cose::sign(key, Tagging::Untagged, headers, &external(TOKEN_LABEL), &payload)?)
}

/// A COSE_Key (RFC 9052, 7) for P-256 with a compressed point.
pub(crate) fn write_cose_key(w: &mut Writer, key: &PublicKey) {
    let (x, y_is_odd) = key.x_and_sign();
    w.map(4).int(1).int(2).int(-1).int(1).int(-2).bytes(&x).int(-3).bool(y_is_odd);
}

pub(crate) fn read_cose_key(r: &mut Reader<'_>) -> Result<PublicKey, CborError> {
    r.map_exact(4)?;
    r.key(1)?;
    r.key(2)?;
    r.key(-1)?;
    r.key(1)?;
    r.key(-2)?;
    let x = r.bytes_exact::<32>()?;
    r.key(-3)?;
    Ok(PublicKey::from_x_and_sign(x, r.bool()?))
}

/// External data that is a label alone.
pub(crate) fn external(label: &str) -> Vec<u8> {
    Writer::with_capacity(24).array(1).text(label).finish()
}

/// The lane for which a proof is made: a port, a direction and, where exit and entry are two lanes, the side.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Audience {
    urn: String,
    port: PortId,
    direction: Direction,
    side: Option<Side>,
}

impl Audience {
    /// The audience of one lane. `side` is `None` at a joint lane.
    #[must_use]
    pub fn new(port: PortId, direction: Direction, side: Option<Side>) -> Self {
        let base = format!("urn:baypass:port:{port}:{direction}");
        let urn = side.map_or_else(|| base.clone(), |side| format!("{base}:{side}"));
        Self { urn, port, direction, side }
    }

    /// The name, e.g. `urn:baypass:port:hengqin:CHN-MAC`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.urn
    }

    /// The port that the proof names.
    #[must_use]
    pub const fn port(&self) -> &PortId {
        &self.port
    }

    /// The direction that the proof names.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        self.direction
    }

    /// The side that the lane serves; `None` where it serves both.
    #[must_use]
    pub const fn side(&self) -> Option<Side> {
        self.side
    }

    /// The sides whose parts a code for this audience carries, in order.
    #[must_use]
    pub const fn sides(&self) -> &'static [Side] {
        match self.side {
            None => &[Side::Exit, Side::Entry],
            Some(Side::Exit) => &[Side::Exit],
            Some(Side::Entry) => &[Side::Entry],
        }
    }
}

/// Why a holder proof was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The bytes are not a COSE_Sign1 in the form of a proof, or the signature is not the device key's over this audience,
    /// this token and these parts.
    #[error(transparent)]
    Cose(#[from] CoseError),
    /// The payload is not `[iat, unlock]`.
    #[error("malformed holder proof: {0}")]
    Payload(#[from] CborError),
    /// The token is a paper pass's.
    #[error("a holder proof never counts for the token of a paper pass; show the printed code")]
    Class,
}

/// A parsed holder proof whose signature is not verified yet.
#[derive(Debug, Clone, Copy)]
pub struct UnverifiedProof<'b> {
    message: Sign1<'b>,
    made_at: Timestamp,
    unlock: Option<Unlock>,
}

impl<'b> UnverifiedProof<'b> {
    /// Parses the bytes of a proof; no signature is checked.
    ///
    /// # Errors
    /// The first departure from the form (`docs/formats.md`, sections 3 and 5).
    pub fn parse(bytes: &'b [u8]) -> Result<Self, ProofError> {
        if bytes.len() > MAX_PROOF_LEN {
            return Err(ProofError::Payload(CborError::Limit));
        }
        let message = Sign1::parse(bytes, Tagging::Untagged, 16)?;
        if message.kid().is_some() || message.content_type().is_some() {
            return Err(ProofError::Cose(CoseError::Header));
        }
        let mut r = Reader::new(message.unverified_payload());
        r.array_exact(2)?;
        let seconds = r.uint_width(5)?;
        let unlock = unlock::decode(*r.bytes_exact()?)?;
        r.finish()?;
        let made_at = i64::try_from(seconds).ok().and_then(Timestamp::from_unix).ok_or(CborError::Limit)?;
        Ok(Self { message, made_at, unlock })
    }

    /// `iat`, not trusted yet.
    #[must_use]
    pub const fn made_at(&self) -> Timestamp {
        self.made_at
    }

    /// What it says of an own unlock, not trusted yet.
    #[must_use]
    pub const fn unlock(&self) -> Option<Unlock> {
        self.unlock
    }

    /// Verifies that the token's device key made this proof for this audience over this token and these parts,
    /// whose hashes stand in the order of the audience's sides.
    ///
    /// # Errors
    /// [`ProofError::Class`] for the token of a paper pass; [`ProofError::Cose`] where the signature is not valid.
    pub fn verify(
        &self,
        token: &VerifiedToken<'_>,
        audience: &Audience,
        parts: &[PartHash],
    ) -> Result<VerifiedProof, ProofError> {
        if token.claims.key_class == KeyClass::Paper {
            return Err(ProofError::Class);
        }
        let external = proof_external(PROOF_LABEL, audience, token.bytes, parts);
        self.message.verify(token.device.key(), &external)?;
        Ok(VerifiedProof { token: token.id(), made_at: self.made_at, unlock: self.unlock })
    }
}

/// Evidence that the holder of a token's device key made a proof for this lane at this instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedProof {
    token: TokenId,
    made_at: Timestamp,
    unlock: Option<Unlock>,
}

impl VerifiedProof {
    /// The token's id.
    #[must_use]
    pub const fn token(&self) -> TokenId {
        self.token
    }

    /// `iat`: the time at which the proof was made, by the wallet's clock.
    #[must_use]
    pub const fn made_at(&self) -> Timestamp {
        self.made_at
    }

    /// How the holder unlocked the wallet again for this showing; `None` where the proof does not say that they did. It is
    /// believed as far as the key class of the token: a wallet whose program was exchanged can say anything.
    #[must_use]
    pub const fn unlock(&self) -> Option<Unlock> {
        self.unlock
    }
}

/// Makes a holder proof of a wallet that was not unlocked again for it.
///
/// # Errors
/// [`ProofError::Cose`] when the library cannot sign.
pub fn sign_proof(
    device: &SigningKey,
    audience: &Audience,
    token: &[u8],
    parts: &[PartHash],
    now: Timestamp,
) -> Result<Vec<u8>, ProofError> {
    sign_proof_with(device, audience, token, parts, (now, None))
}

/// Makes a holder proof that says how its wallet was unlocked again for it, or that it was not.
///
/// # Errors
/// As [`sign_proof`].
pub fn sign_proof_with(
    device: &SigningKey,
    audience: &Audience,
    token: &[u8],
    parts: &[PartHash],
    (now, unlock): (Timestamp, Option<Unlock>),
) -> Result<Vec<u8>, ProofError> {
    let unlock = unlock::encode(unlock);
    let payload = Writer::new().array(2).uint(now.unix().unsigned_abs()).bytes(&unlock).finish();
    let external = proof_external(PROOF_LABEL, audience, token, parts);
    Ok(cose::sign(device, Tagging::Untagged, Headers::default(), &external, &payload)?)
}

/// Flat: label, audience, the token's bytes, then each part's hash in the order of the audience.
pub(crate) fn proof_external(label: &str, audience: &Audience, token: &[u8], parts: &[PartHash]) -> Vec<u8> {
    let mut w = Writer::with_capacity(96 + token.len() + 34 * parts.len());
    w.array(3 + parts.len()).text(label).text(audience.as_str()).bytes(token);
    for part in parts {
        w.bytes(&part.0);
    }
    w.finish()
}
