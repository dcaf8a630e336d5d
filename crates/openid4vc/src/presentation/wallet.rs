//! The wallet's side: whether a request is to be believed and understood, and the encrypted answer.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credential::jose::{ContentEncryption, Jwk, Recipient, encrypt_jwe};
use credential::x5c::{CertificateAnchors, LeafUse, VerifiedLeaf, X5cError, verify_x5c};
use credential::{CryptoError, SigningKey};
use documents::{Timestamp, redact_debug};
use serde_json::{Map, Value};

use super::client_id::ClientId;
use super::request::{Channel, Request};
use super::{LATE_SECONDS, MAX_REQUEST_LEN, REQUEST_TYPE, audience, transcript};
use crate::address;
use crate::dcql::{Candidate, DcqlError, NotMet, Query, Shown};
use crate::mdoc::MdocError;
use crate::sd_jwt::{Presentation, SdJwtError};
use crate::signed::{chain_code, header_object, payload_object, read_signed};

/// Most signatures over one request that are read.
const MAX_SIGNATURES: usize = 8;

/// Why a wallet does not show a request to its user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// No signed JSON of the type of request objects.
    #[error("the request is no signed request object")]
    Form,
    /// No certificates beside the signature.
    #[error("the request names no certificate of its verifier")]
    NoCertificate,
    /// The verifier's certificates do not count.
    #[error("the verifier's certificate: {0}")]
    Certificate(#[from] X5cError),
    /// The signature is not that of the certificate.
    #[error("the request is not signed by the verifier's certificate")]
    Signature,
    /// The client id has another prefix than those that are read.
    #[error("the request's client id is not one that is read here")]
    ClientIdPrefix,
    /// The client id is not that of the certificate, or not the one outside of the object.
    #[error("the request's client id is not that of its certificate, or of its address")]
    ClientId,
    /// The object is for another wallet.
    #[error("the request is for another wallet")]
    Audience,
    /// The request's end lies behind.
    #[error("the request is too old; ask the verifier for a new one")]
    Expired,
    /// The wallet's nonce did not come back.
    #[error("the request is not the one that was fetched")]
    WalletNonce,
    /// A parameter is missing, of another type or value, or has no place here.
    #[error("the request's parameter {name} is missing or is not one that is read here")]
    Parameter {
        /// The parameter.
        name: &'static str,
    },
    /// The address of the answer is not safe, or not the verifier's.
    #[error("the request's answer would go to an address that is not the verifier's")]
    Address,
    /// Asked on another page than the verifier's.
    #[error("the request is not for this page")]
    Origin,
    /// No key to which an answer can be encrypted.
    #[error("the request has no key to which an answer can be encrypted")]
    Encryption,
    /// Only formats that are not read here.
    #[error("the verifier takes no credential of a format that is held here")]
    Formats,
    /// Transaction data of a type that nobody understands here.
    #[error("the request asks to confirm a transaction, which is not done here")]
    TransactionData,
    /// The query.
    #[error("the request's query: {0}")]
    Query(#[from] DcqlError),
}

impl RequestError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Form => "request_form",
            Self::NoCertificate => "request_no_certificate",
            Self::Certificate(chain) => chain_code(*chain),
            Self::Signature => "request_signature",
            Self::ClientIdPrefix => "request_client_id_prefix",
            Self::ClientId => "request_client_id",
            Self::Audience => "request_audience",
            Self::Expired => "request_expired",
            Self::WalletNonce => "request_wallet_nonce",
            Self::Parameter { .. } => "request_parameter",
            Self::Address => "request_address",
            Self::Origin => "request_origin",
            Self::Encryption => "request_encryption",
            Self::Formats => "request_formats",
            Self::TransactionData => "request_transaction_data",
            Self::Query(query) => query.code(),
        }
    }

    /// The error by which a verifier is told (`OpenID4VP` 1.0, 8.5).
    #[must_use]
    pub const fn told(&self) -> &'static str {
        match self {
            Self::NoCertificate
            | Self::Certificate(_)
            | Self::Signature
            | Self::ClientIdPrefix
            | Self::ClientId => "invalid_client",
            Self::Formats => "vp_formats_not_supported",
            Self::TransactionData => "invalid_transaction_data",
            Self::Form
            | Self::Audience
            | Self::Expired
            | Self::WalletNonce
            | Self::Parameter { .. }
            | Self::Address
            | Self::Origin
            | Self::Encryption
            | Self::Query(_) => "invalid_request",
        }
    }
}

/// What a wallet knows when a request comes.
#[derive(Clone, Copy)]
pub struct Context<'c> {
    /// The authorities whose verifiers count.
    pub anchors: &'c CertificateAnchors,
    /// `client_id` outside of the object; `None` over the Digital Credentials API.
    pub client_id: Option<&'c str>,
    /// The nonce that the wallet sent when it fetched the object by POST.
    pub wallet_nonce: Option<&'c str>,
    /// The page that asks, over the Digital Credentials API.
    pub origin: Option<&'c str>,
    /// Whom the object may be for: [`super::SELF_ISSUED`] (5.8), or the wallet's own issuer identifier. Credo 0.6.3 names the address at which the
    /// object lies.
    pub audiences: &'c [&'c str],
    /// Now.
    pub now: Timestamp,
}
redact_debug!(Context<'_>);

/// A request that a wallet may show and answer.
#[derive(Clone)]
pub struct Asked {
    request: Request,
    verifier: Option<VerifiedLeaf>,
    origin: Option<String>,
}
redact_debug!(Asked);

impl Asked {
    /// Reads a signed request object.
    ///
    /// # Errors
    /// [`RequestError`] for the first fault.
    pub fn read(object: &str, context: &Context<'_>) -> Result<Self, RequestError> {
        Self::read_object(object, None, context)
    }

    /// Reads a request under several signatures (`openid4vp-v1-multisigned`, JWS JSON serialization, A.3.2.2): the first signature of a
    /// verifier that counts is enough. Each names its client id in its own header.
    ///
    /// # Errors
    /// [`RequestError`]: that of the first signature, where none counts.
    pub fn read_multisigned(
        object: &Map<String, Value>,
        context: &Context<'_>,
    ) -> Result<Self, RequestError> {
        let payload = object.get("payload").and_then(Value::as_str).ok_or(RequestError::Form)?;
        let signatures = object.get("signatures").and_then(Value::as_array).ok_or(RequestError::Form)?;
        if signatures.len() > MAX_SIGNATURES {
            return Err(RequestError::Form);
        }
        let mut first = None;
        for signature in signatures {
            let part = |name: &str| signature.get(name).and_then(Value::as_str).ok_or(RequestError::Form);
            let read = || {
                let compact = format!("{}.{payload}.{}", part("protected")?, part("signature")?);
                let header = header_object(&compact).map_err(|_| RequestError::Form)?;
                Self::read_object(&compact, Some(text(&header, "client_id")?), context)
            };
            match read() {
                Ok(asked) => return Ok(asked),
                Err(fault) => first = first.or(Some(fault)),
            }
        }
        Err(first.unwrap_or(RequestError::Form))
    }

    /// Reads a signed object whose client id stands in it, or, under several signatures, in the header.
    fn read_object(
        object: &str,
        in_header: Option<&str>,
        context: &Context<'_>,
    ) -> Result<Self, RequestError> {
        let jws = read_signed(object, REQUEST_TYPE, MAX_REQUEST_LEN).map_err(|_| RequestError::Form)?;
        let chain = jws.header().x5c.as_deref().ok_or(RequestError::NoCertificate)?;
        let verifier = verify_x5c(chain, context.anchors, LeafUse::Reader, context.now)?;
        let payload = jws.verify(&verifier.key).map_err(|_| RequestError::Signature)?;
        let claims = payload_object(payload).map_err(|_| RequestError::Form)?;
        let client_id = match in_header {
            None => text(&claims, "client_id")?,
            Some(_) if claims.contains_key("client_id") => {
                return Err(RequestError::Parameter { name: "client_id" });
            }
            Some(client_id) => client_id,
        };
        if context.client_id.is_some_and(|outside| outside != client_id) {
            return Err(RequestError::ClientId);
        }
        let client_id = ClientId::read(client_id).map_err(|_| RequestError::ClientIdPrefix)?;
        if !client_id.is_of(&verifier) {
            return Err(RequestError::ClientId);
        }
        hold_object(&claims, context)?;
        let request = read_request(&claims, client_id, context)?;
        if let Channel::DcApi { origins } = &request.channel
            && !origins.iter().any(|origin| Some(origin.as_str()) == context.origin)
        {
            return Err(RequestError::Origin);
        }
        Ok(Self { request, verifier: Some(verifier), origin: context.origin.map(str::to_owned) })
    }

    /// Reads an unsigned request of the page `context.origin` (`openid4vp-v1-unsigned`): nobody is proven but the page.
    ///
    /// # Errors
    /// [`RequestError`] for the first fault.
    pub fn read_unsigned(
        parameters: &Map<String, Value>,
        context: &Context<'_>,
    ) -> Result<Self, RequestError> {
        let origin = context.origin.ok_or(RequestError::Origin)?;
        // A client id that stands in an unsigned request does not count (A.2): the page is the verifier.
        let page = ClientId::Origin(origin.to_owned());
        let request = read_request(parameters, page, context)?;
        match request.channel {
            Channel::DcApi { .. } => Ok(Self { request, verifier: None, origin: Some(origin.to_owned()) }),
            Channel::Redirect { .. } => Err(RequestError::Parameter { name: "response_mode" }),
        }
    }

    /// What is asked.
    #[must_use]
    pub const fn request(&self) -> &Request {
        &self.request
    }

    /// The verifier's certificate, where the request was signed.
    #[must_use]
    pub const fn verifier(&self) -> Option<&VerifiedLeaf> {
        self.verifier.as_ref()
    }
}

fn text<'v>(claims: &'v Map<String, Value>, name: &'static str) -> Result<&'v str, RequestError> {
    claims.get(name).and_then(Value::as_str).ok_or(RequestError::Parameter { name })
}

/// What only a signed object has.
fn hold_object(claims: &Map<String, Value>, context: &Context<'_>) -> Result<(), RequestError> {
    let aud = claims.get("aud").and_then(Value::as_str);
    if !aud.is_some_and(|aud| context.audiences.contains(&aud)) {
        return Err(RequestError::Audience);
    }
    if let Some(expires) = claims.get("exp") {
        let expires = expires.as_i64().and_then(Timestamp::from_unix);
        let expires = expires.ok_or(RequestError::Parameter { name: "exp" })?;
        if context.now.seconds_since(expires) > LATE_SECONDS {
            return Err(RequestError::Expired);
        }
    }
    if context
        .wallet_nonce
        .is_some_and(|sent| claims.get("wallet_nonce").and_then(Value::as_str) != Some(sent))
    {
        return Err(RequestError::WalletNonce);
    }
    Ok(())
}

fn read_request(
    claims: &Map<String, Value>,
    client_id: ClientId,
    context: &Context<'_>,
) -> Result<Request, RequestError> {
    if text(claims, "response_type")? != "vp_token" {
        return Err(RequestError::Parameter { name: "response_type" });
    }
    if claims.contains_key("transaction_data") {
        return Err(RequestError::TransactionData);
    }
    if claims.contains_key("scope") {
        return Err(RequestError::Parameter { name: "scope" });
    }
    let nonce = text(claims, "nonce")?;
    // Section 5.2: ASCII characters that are safe in an address; fewer than 16 bytes of chance are no nonce.
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if !(16..=512).contains(&nonce.len()) || !nonce.bytes().all(safe) {
        return Err(RequestError::Parameter { name: "nonce" });
    }
    let state = match claims.get("state") {
        None => None,
        Some(Value::String(state)) => Some(state.clone()),
        Some(_) => return Err(RequestError::Parameter { name: "state" }),
    };
    let channel = channel(claims, &client_id, context)?;
    let query = claims.get("dcql_query").ok_or(RequestError::Parameter { name: "dcql_query" })?;
    let query = Query::read(query)?;
    let metadata = claims.get("client_metadata").and_then(Value::as_object);
    let metadata = metadata.ok_or(RequestError::Parameter { name: "client_metadata" })?;
    hold_formats(metadata)?;
    let (encryption, enc) = encryption(metadata)?;
    Ok(Request { client_id, nonce: nonce.to_owned(), state, channel, query, encryption, enc })
}

fn channel(
    claims: &Map<String, Value>,
    client_id: &ClientId,
    context: &Context<'_>,
) -> Result<Channel, RequestError> {
    match (text(claims, "response_mode")?, context.origin) {
        ("direct_post.jwt", None) => {
            if claims.contains_key("redirect_uri") {
                return Err(RequestError::Parameter { name: "redirect_uri" });
            }
            let response_uri = text(claims, "response_uri")?;
            if !address::is_safe(response_uri) || !client_id.takes_address(response_uri) {
                return Err(RequestError::Address);
            }
            Ok(Channel::Redirect { response_uri: response_uri.to_owned() })
        }
        ("dc_api.jwt", Some(_)) => {
            let origins = match claims.get("expected_origins") {
                None => Some(Vec::new()),
                Some(Value::Array(origins)) => {
                    origins.iter().map(|origin| origin.as_str().map(str::to_owned)).collect()
                }
                Some(_) => None,
            };
            Ok(Channel::DcApi {
                origins: origins.ok_or(RequestError::Parameter { name: "expected_origins" })?,
            })
        }
        _ => Err(RequestError::Parameter { name: "response_mode" }),
    }
}

fn hold_formats(metadata: &Map<String, Value>) -> Result<(), RequestError> {
    let formats = metadata.get("vp_formats_supported").and_then(Value::as_object);
    let formats = formats.ok_or(RequestError::Parameter { name: "vp_formats_supported" })?;
    let held = [crate::sd_jwt::TYPE, crate::mdoc::FORMAT];
    if held.iter().any(|format| formats.contains_key(*format)) { Ok(()) } else { Err(RequestError::Formats) }
}

/// The first key on P-256 for ECDH-ES, and how content may be encrypted (8.3).
fn encryption(metadata: &Map<String, Value>) -> Result<(Jwk, Vec<ContentEncryption>), RequestError> {
    let keys = metadata.get("jwks").and_then(|jwks| jwks.get("keys")).and_then(Value::as_array);
    let usable = |key: &&Value| {
        let member = |name: &str| key.get(name).and_then(Value::as_str);
        member("alg") == Some("ECDH-ES") && member("use").is_none_or(|meant| meant == "enc")
    };
    let key = keys.into_iter().flatten().filter(usable).find_map(|key| Jwk::read(key).ok());
    let enc = match metadata.get("encrypted_response_enc_values_supported") {
        None => vec![ContentEncryption::A128Gcm],
        Some(names) => {
            let names = names.as_array().ok_or(RequestError::Encryption)?;
            names.iter().filter_map(|name| name.as_str().and_then(ContentEncryption::named)).collect()
        }
    };
    match key {
        Some(key) if !enc.is_empty() => Ok((key, enc)),
        Some(_) | None => Err(RequestError::Encryption),
    }
}

/// A credential in the wallet with the key that it is bound to.
#[derive(Clone, Copy)]
pub struct HeldCredential<'h> {
    /// The credential.
    pub credential: Candidate<'h>,
    /// Its device key.
    pub device: &'h SigningKey,
}
redact_debug!(HeldCredential<'_>);

/// Why a wallet does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RespondError {
    /// Nothing answers the request: the verifier is told `access_denied`, and nothing else.
    #[error(transparent)]
    NotMet(#[from] NotMet),
    /// A credential in JSON cannot be presented.
    #[error(transparent)]
    SdJwt(#[from] SdJwtError),
    /// A credential in CBOR cannot be presented.
    #[error(transparent)]
    Mdoc(#[from] MdocError),
    /// The crypto library failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl Asked {
    /// The encrypted answer that these credentials give: the form's one parameter `response`, or the one member of what the page gets.
    /// Which credentials are offered here is the user's choice, `optional` too.
    ///
    /// # Errors
    /// [`RespondError`].
    pub fn respond(
        &self,
        held: &[HeldCredential<'_>],
        optional: bool,
        now: Timestamp,
    ) -> Result<String, RespondError> {
        let candidates: Vec<Candidate<'_>> = held.iter().map(|held| held.credential).collect();
        let mut token = Map::new();
        for (place, matches) in self.request.query.select(&candidates, optional)? {
            let Some(query) = self.request.query.credentials().get(place) else { continue };
            let mut presentations = Vec::new();
            for found in matches {
                let Some(held) = held.get(found.candidate) else { continue };
                presentations.push(Value::from(self.present(
                    *held,
                    &found.shown,
                    query.binding_required,
                    now,
                )?));
            }
            token.insert(query.id.clone(), presentations.into());
        }
        Ok(self.encrypt(&Value::Object(token))?)
    }

    fn present(
        &self,
        held: HeldCredential<'_>,
        shown: &Shown,
        bound: bool,
        now: Timestamp,
    ) -> Result<String, RespondError> {
        let origin = self.origin.as_deref();
        match (held.credential, shown) {
            (Candidate::SdJwt(credential), Shown::Disclosures(chosen)) if bound => {
                let audience = audience(&self.request, origin);
                let to = Presentation { audience: &audience, nonce: &self.request.nonce, made: now };
                Ok(credential.present(chosen, to, held.device)?)
            }
            (Candidate::SdJwt(credential), Shown::Disclosures(chosen)) => {
                Ok(credential.present_unbound(chosen))
            }
            (Candidate::Mdoc(credential), Shown::Elements(elements)) => {
                let shows = |name_space: &str, element: &str| {
                    elements.iter().any(|(space, name)| space == name_space && name == element)
                };
                let transcript = transcript(&self.request, origin)?;
                Ok(URL_SAFE_NO_PAD.encode(credential.present(shows, &transcript, held.device)?))
            }
            (Candidate::SdJwt(_) | Candidate::Mdoc(_), _) => Err(NotMet.into()),
        }
    }

    /// Encrypts a `vp_token`, with the request's state beside it.
    ///
    /// # Errors
    /// [`CryptoError`].
    pub fn encrypt(&self, vp_token: &Value) -> Result<String, CryptoError> {
        let mut response = Map::new();
        response.insert("vp_token".to_owned(), vp_token.clone());
        if let Some(state) = &self.request.state {
            response.insert("state".to_owned(), state.as_str().into());
        }
        let enc = self.request.enc.first().copied().unwrap_or(ContentEncryption::A128Gcm);
        let to = Recipient { key: &self.request.encryption, enc, parties: None };
        encrypt_jwe(Value::Object(response).to_string().as_bytes(), to)
    }
}
