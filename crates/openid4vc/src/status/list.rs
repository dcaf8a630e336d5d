//! List tokens: a whole list of statuses as its issuer signs it, in JSON and in CBOR (sections 5 and 8.3).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credential::cbor::{CborError, Writer};
use credential::cose::{ES256, sig_structure};
use credential::jose::{JwsError, UnverifiedJws};
use credential::sd_cwt::{Encoding, Items, Value as Cbor};
use credential::status::{MAX_TOKEN_LEN, Status, StatusList, StatusListError};
use credential::x5c::{CertificateAnchors, LeafUse, X5cError, verify_x5c};
use credential::{CryptoError, SigningKey, VerifyingKey};
use documents::{Timestamp, redact_debug};
use serde_json::{Map, Value, json};

use super::StatusReference;
use crate::cose;
use crate::signed::{SignedError, chain_code, payload_object, read_signed, sign_typed};

const JWT_TYPE: &str = "statuslist+jwt";
const CWT_TYPE: &str = "application/statuslist+cwt";

/// Why a list of statuses, or a look into it, gives no statement: then the credential is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StatusError {
    /// No signed list of the form that is read.
    #[error("malformed status list")]
    Form,
    /// Another type than that of status lists.
    #[error("the list is of another type than that of status lists")]
    Type,
    /// Another algorithm than ES256.
    #[error("the status list is signed by another algorithm than ES256")]
    Algorithm,
    /// No certificates beside the signature.
    #[error("the status list names no certificate of its issuer")]
    NoCertificate,
    /// The certificates do not count.
    #[error("the status list's certificate: {0}")]
    Certificate(#[from] X5cError),
    /// The signature.
    #[error("the status list's signature is not that of its certificate")]
    Signature,
    /// A claim is missing or of another type.
    #[error("the status list lacks sub, iat or its list, or one of them is malformed")]
    Claims,
    /// Entries of other sizes than 1, 2, 4 and 8 bits, or a list that does not unfold within its bounds.
    #[error("the entries of the status list cannot be read within the bounds")]
    Entries,
    /// Another list than the one that the credential names.
    #[error("the status list is another than the one that the credential names")]
    Subject,
    /// Its end lies behind.
    #[error("the status list has expired; fetch it again")]
    Expired,
    /// Kept longer than its issuer allows.
    #[error("the status list was kept longer than its issuer allows; fetch it again")]
    Stale,
    /// The entry lies behind the end of the list.
    #[error("the credential's status lies behind the end of its list")]
    OutOfBounds,
    /// The crypto library failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl StatusError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Form => "status_form",
            Self::Type => "status_type",
            Self::Algorithm => "status_algorithm",
            Self::NoCertificate => "status_no_certificate",
            Self::Certificate(chain) => chain_code(chain),
            Self::Signature => "status_signature",
            Self::Claims => "status_claims",
            Self::Entries => "status_entries",
            Self::Subject => "status_subject",
            Self::Expired => "status_expired",
            Self::Stale => "status_stale",
            Self::OutOfBounds => "status_out_of_bounds",
            Self::Crypto(_) => "crypto",
        }
    }
}

impl From<StatusListError> for StatusError {
    fn from(_: StatusListError) -> Self {
        Self::Entries
    }
}

impl From<SignedError> for StatusError {
    fn from(error: SignedError) -> Self {
        match error {
            SignedError::Signature(JwsError::Type) => Self::Type,
            SignedError::Signature(JwsError::Algorithm) => Self::Algorithm,
            SignedError::Signature(_) | SignedError::Header(_) | SignedError::Payload(_) => Self::Form,
        }
    }
}

impl From<CborError> for StatusError {
    fn from(_: CborError) -> Self {
        Self::Form
    }
}

/// A list and what its issuer says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListToken {
    /// The list's address, which is its name.
    pub subject: String,
    /// When it was signed.
    pub issued: Timestamp,
    /// Until when it counts.
    pub expires: Option<Timestamp>,
    /// For how many seconds a copy may be kept.
    pub ttl: Option<u64>,
    /// The statuses.
    pub list: StatusList,
}

impl ListToken {
    /// Signs the list in JSON, the form that SD-JWT VC demands; `x5c` in DER, leaf first, without the anchor.
    ///
    /// # Errors
    /// [`StatusError`]: the library, or whoever keeps the key, fails.
    pub fn sign_jwt(&self, signer: &SigningKey, x5c: &[Vec<u8>]) -> Result<String, StatusError> {
        let mut claims = Map::new();
        let list =
            json!({ "bits": self.list.bits(), "lst": URL_SAFE_NO_PAD.encode(self.list.compressed()?) });
        claims.insert("sub".to_owned(), self.subject.as_str().into());
        claims.insert("iat".to_owned(), self.issued.unix().into());
        claims.insert("status_list".to_owned(), list);
        if let Some(expires) = self.expires {
            claims.insert("exp".to_owned(), expires.unix().into());
        }
        if let Some(ttl) = self.ttl {
            claims.insert("ttl".to_owned(), ttl.into());
        }
        Ok(sign_typed(signer, JWT_TYPE, x5c, claims)?)
    }

    /// Signs the list in CBOR, for mdocs.
    ///
    /// # Errors
    /// [`StatusError`]: the library, or whoever keeps the key, fails.
    pub fn sign_cwt(&self, signer: &SigningKey, x5c: &[Vec<u8>]) -> Result<Vec<u8>, StatusError> {
        let mut claims = Writer::new();
        claims.map(3 + usize::from(self.expires.is_some()) + usize::from(self.ttl.is_some()));
        claims.int(2).text(&self.subject);
        if let Some(expires) = self.expires {
            claims.int(4).int(expires.unix());
        }
        claims.int(6).int(self.issued.unix());
        claims.int(65_533).map(2).text("lst").bytes(&self.list.compressed()?);
        claims.text("bits").uint(u64::from(self.list.bits()));
        if let Some(ttl) = self.ttl {
            claims.int(65_534).uint(ttl);
        }
        let payload = claims.finish();
        let protected = Writer::new().map(2).int(1).int(ES256).int(16).text(CWT_TYPE).finish();
        let signature = signer.sign(&sig_structure(&protected, &[], &payload))?;
        let mut out = Writer::new();
        out.tag(18).array(4).bytes(&protected);
        cose::write_certificates(&mut out, x5c);
        Ok(out.bytes(&payload).bytes(&signature).finish())
    }

    /// Reads a list in JSON that was fetched from `uri`, its issuer by the certificates beside it.
    ///
    /// # Errors
    /// [`StatusError`] for the first fault.
    pub fn read_jwt(
        text: &str,
        uri: &str,
        anchors: &CertificateAnchors,
        now: Timestamp,
    ) -> Result<Self, StatusError> {
        let jws = read_signed(text, JWT_TYPE, MAX_TOKEN_LEN)?;
        let chain = jws.header().x5c.as_deref().ok_or(StatusError::NoCertificate)?;
        let leaf = verify_x5c(chain, anchors, LeafUse::Issuer, now)?;
        Self::of_jwt(&jws, &leaf.key)?.held_to(uri, now)
    }

    /// As [`ListToken::read_jwt`], under a key that is known otherwise.
    ///
    /// # Errors
    /// [`StatusError`] for the first fault.
    pub fn open_jwt(text: &str, uri: &str, key: &VerifyingKey, now: Timestamp) -> Result<Self, StatusError> {
        Self::of_jwt(&read_signed(text, JWT_TYPE, MAX_TOKEN_LEN)?, key)?.held_to(uri, now)
    }

    fn of_jwt(jws: &UnverifiedJws<'_>, key: &VerifyingKey) -> Result<Self, StatusError> {
        let payload = jws.verify(key).map_err(|_| StatusError::Signature)?;
        let claims = payload_object(payload).map_err(|_| StatusError::Form)?;
        let missing = StatusError::Claims;
        let time = |name: &str| match claims.get(name) {
            None => Ok(None),
            Some(time) => time.as_i64().and_then(Timestamp::from_unix).map(Some).ok_or(missing),
        };
        let list = claims.get("status_list").and_then(Value::as_object).ok_or(missing)?;
        let bits = list.get("bits").and_then(Value::as_u64).ok_or(missing)?;
        let entries = list.get("lst").and_then(Value::as_str).ok_or(missing)?;
        let entries = URL_SAFE_NO_PAD.decode(entries).map_err(|_| missing)?;
        Ok(Self {
            subject: claims.get("sub").and_then(Value::as_str).ok_or(missing)?.to_owned(),
            issued: time("iat")?.ok_or(missing)?,
            expires: time("exp")?,
            ttl: claims
                .get("ttl")
                .map(|ttl| ttl.as_u64().filter(|ttl| *ttl > 0).ok_or(missing))
                .transpose()?,
            list: StatusList::from_compressed(bits, &entries)?,
        })
    }

    /// Reads a list in CBOR that was fetched from `uri`, its issuer by the certificates beside it.
    ///
    /// # Errors
    /// [`StatusError`] for the first fault.
    pub fn read_cwt(
        bytes: &[u8],
        uri: &str,
        anchors: &CertificateAnchors,
        now: Timestamp,
    ) -> Result<Self, StatusError> {
        let message = Message::read(bytes)?;
        if message.certificates.is_empty() {
            return Err(StatusError::NoCertificate);
        }
        let leaf = verify_x5c(&message.certificates, anchors, LeafUse::Issuer, now)?;
        message.open(&leaf.key)?.held_to(uri, now)
    }

    /// As [`ListToken::read_cwt`], under a key that is known otherwise.
    ///
    /// # Errors
    /// [`StatusError`] for the first fault.
    pub fn open_cwt(
        bytes: &[u8],
        uri: &str,
        key: &VerifyingKey,
        now: Timestamp,
    ) -> Result<Self, StatusError> {
        Message::read(bytes)?.open(key)?.held_to(uri, now)
    }

    fn held_to(self, uri: &str, now: Timestamp) -> Result<Self, StatusError> {
        self.hold(uri, now)?;
        Ok(self)
    }

    fn hold(&self, uri: &str, now: Timestamp) -> Result<(), StatusError> {
        if self.subject != uri {
            return Err(StatusError::Subject);
        }
        if self.expires.is_some_and(|expires| now >= expires) {
            return Err(StatusError::Expired);
        }
        Ok(())
    }

    /// The status of a credential by a copy of the list that was fetched at `fetched`.
    ///
    /// # Errors
    /// [`StatusError::Subject`], [`StatusError::Expired`], [`StatusError::Stale`], [`StatusError::OutOfBounds`].
    pub fn look_up(
        &self,
        reference: &StatusReference,
        fetched: Timestamp,
        now: Timestamp,
    ) -> Result<Status, StatusError> {
        self.hold(&reference.uri, now)?;
        let kept = u64::try_from(now.seconds_since(fetched)).unwrap_or(0);
        if self.ttl.is_some_and(|ttl| kept > ttl) {
            return Err(StatusError::Stale);
        }
        self.list.get(reference.index).ok_or(StatusError::OutOfBounds)
    }
}

/// A COSE_Sign1 with tag 18 whose type is that of status lists.
struct Message<'b> {
    protected: &'b [u8],
    certificates: Vec<Vec<u8>>,
    payload: &'b [u8],
    signature: &'b [u8],
}
redact_debug!(Message<'_>);

impl<'b> Message<'b> {
    fn read(bytes: &'b [u8]) -> Result<Self, StatusError> {
        if bytes.len() > MAX_TOKEN_LEN {
            return Err(StatusError::Form);
        }
        let mut items = Items::new(bytes, Encoding::Any);
        items.tag(18)?;
        if items.array()? != 4 {
            return Err(StatusError::Form);
        }
        let protected = items.bytes()?;
        let unprotected = items.value(1)?;
        let (payload, signature) = (items.bytes()?, items.bytes()?);
        items.finish()?;
        let header = Cbor::decode(protected, Encoding::Any, 1)?;
        if !cose::is_plain(&header) || !cose::is_es256(&header) {
            return Err(StatusError::Algorithm);
        }
        if header.get(16).and_then(Cbor::as_text) != Some(CWT_TYPE) {
            return Err(StatusError::Type);
        }
        let mut certificates = cose::certificates(&header)?;
        if certificates.is_empty() {
            certificates = cose::certificates(&unprotected)?;
        }
        Ok(Self { protected, certificates, payload, signature })
    }

    fn open(&self, key: &VerifyingKey) -> Result<ListToken, StatusError> {
        let signed = sig_structure(self.protected, &[], self.payload);
        key.verify(&signed, self.signature).map_err(|_| StatusError::Signature)?;
        let claims = Cbor::decode(self.payload, Encoding::Any, 1)?;
        let missing = StatusError::Claims;
        let number = |label: i64| match claims.get(label) {
            None => Ok(None),
            Some(number) => number.as_int().and_then(|n| i64::try_from(n).ok()).map(Some).ok_or(missing),
        };
        let time = |label: i64| match number(label)? {
            None => Ok(None),
            Some(time) => Timestamp::from_unix(time).map(Some).ok_or(missing),
        };
        let ttl = number(65_534)?;
        let list = claims.get(65_533).ok_or(missing)?;
        let bits = list.get("bits").and_then(Cbor::as_int).and_then(|bits| u64::try_from(bits).ok());
        let entries = list.get("lst").and_then(Cbor::as_bytes).ok_or(missing)?;
        Ok(ListToken {
            subject: claims.get(2).and_then(Cbor::as_text).ok_or(missing)?.to_owned(),
            issued: time(6)?.ok_or(missing)?,
            expires: time(4)?,
            ttl: ttl.map(|ttl| u64::try_from(ttl).ok().filter(|ttl| *ttl > 0).ok_or(missing)).transpose()?,
            list: StatusList::from_compressed(bits.ok_or(missing)?, entries)?,
        })
    }
}
