//! The request: what a verifier asks, as it signs it, with a fresh key for the answer.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credential::jose::{ContentEncryption, DecryptionKey, Jwk};
use credential::{CryptoError, SigningKey};
use documents::{Timestamp, redact_debug};
use serde_json::{Map, Value, json};

use super::client_id::ClientId;
use super::{REQUEST_TYPE, SELF_ISSUED};
use crate::dcql::Query;
use crate::signed::sign_typed;

/// How the answer comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Channel {
    /// By a form that the wallet posts (`direct_post.jwt`).
    Redirect {
        /// Where to.
        response_uri: String,
    },
    /// Through the browser (`dc_api.jwt`).
    DcApi {
        /// Pages that may ask; a wallet refuses a signed request on any other.
        origins: Vec<String>,
    },
}

impl Channel {
    /// The response mode.
    #[must_use]
    pub const fn response_mode(&self) -> &'static str {
        match self {
            Self::Redirect { .. } => "direct_post.jwt",
            Self::DcApi { .. } => "dc_api.jwt",
        }
    }
}

/// What is asked, and how to answer: the same for both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Who asks.
    pub client_id: ClientId,
    /// What makes this request another than every other.
    pub nonce: String,
    /// What the verifier gets back unread.
    pub state: Option<String>,
    /// How the answer comes back.
    pub channel: Channel,
    /// What is asked.
    pub query: Query,
    /// The key to which the answer is encrypted, with its name.
    pub encryption: Jwk,
    /// How its content may be encrypted, the verifier's order.
    pub enc: Vec<ContentEncryption>,
}

/// What a verifier wants to ask.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// Who asks.
    pub client_id: ClientId,
    /// How the answer comes back.
    pub channel: Channel,
    /// What is asked.
    pub query: Query,
    /// 32 random bytes.
    pub nonce: [u8; 32],
    /// 32 random bytes, where a form comes back.
    pub state: [u8; 32],
    /// Until when an answer is taken.
    pub expires: Timestamp,
}

/// A request of a verifier that waits for its answer, with the private key for it. It may be handed out several times: all its
/// objects ask the same, and are answered to the same key.
pub struct OpenRequest {
    pub(super) request: Request,
    pub(super) key: DecryptionKey,
    pub(super) expires: Timestamp,
}
redact_debug!(OpenRequest);

impl OpenRequest {
    /// Opens a request, with a new key for its answer.
    ///
    /// # Errors
    /// [`CryptoError`]: no key could be made.
    pub fn new(new: NewRequest) -> Result<Self, CryptoError> {
        let key = DecryptionKey::generate()?;
        let unnamed = Jwk::of(key.public(), None)?;
        let kid = unnamed.thumbprint()?.encoded();
        let state = match new.channel {
            Channel::Redirect { .. } => Some(URL_SAFE_NO_PAD.encode(new.state)),
            Channel::DcApi { .. } => None,
        };
        let request = Request {
            client_id: new.client_id,
            nonce: URL_SAFE_NO_PAD.encode(new.nonce),
            state,
            channel: new.channel,
            query: new.query,
            encryption: Jwk::of(key.public(), Some(kid))?,
            enc: ContentEncryption::ALL.to_vec(),
        };
        Ok(Self { request, key, expires: new.expires })
    }

    /// What is asked.
    #[must_use]
    pub const fn request(&self) -> &Request {
        &self.request
    }

    /// Until when an answer is taken.
    #[must_use]
    pub const fn expires(&self) -> Timestamp {
        self.expires
    }

    /// The signed request object (RFC 9101): `x5c` holds the verifier's certificates in DER, leaf first, without the anchor;
    /// `wallet_nonce` is what a wallet sent when it fetched the object by POST (5.10).
    ///
    /// # Errors
    /// [`CryptoError`]: the key does not sign.
    pub fn object(
        &self,
        signer: &SigningKey,
        x5c: &[Vec<u8>],
        wallet_nonce: Option<&str>,
    ) -> Result<String, CryptoError> {
        let mut claims = self.parameters()?;
        claims.insert("client_id".to_owned(), self.request.client_id.to_string().into());
        claims.insert("aud".to_owned(), SELF_ISSUED.into());
        claims.insert("exp".to_owned(), self.expires.unix().into());
        match &self.request.channel {
            Channel::Redirect { response_uri } => {
                claims.insert("response_uri".to_owned(), response_uri.as_str().into());
            }
            Channel::DcApi { origins } => {
                claims.insert("expected_origins".to_owned(), origins.clone().into());
            }
        }
        if let Some(wallet_nonce) = wallet_nonce {
            claims.insert("wallet_nonce".to_owned(), wallet_nonce.into());
        }
        sign_typed(signer, REQUEST_TYPE, x5c, claims)
    }

    /// The unsigned request for a page's call (`openid4vp-v1-unsigned`, A.3.1).
    ///
    /// # Errors
    /// [`CryptoError::PublicKey`]: the library cannot write the key out.
    pub fn unsigned(&self) -> Result<Value, CryptoError> {
        self.parameters().map(Value::Object)
    }

    fn parameters(&self) -> Result<Map<String, Value>, CryptoError> {
        let request = &self.request;
        let mut key = request.encryption.to_json()?;
        if let Some(members) = key.as_object_mut() {
            members.insert("use".to_owned(), "enc".into());
            members.insert("alg".to_owned(), "ECDH-ES".into());
        }
        let enc: Vec<&str> = request.enc.iter().map(|enc| enc.name()).collect();
        let metadata = json!({
            "jwks": { "keys": [key] },
            "encrypted_response_enc_values_supported": enc,
            "vp_formats_supported": {
                "dc+sd-jwt": { "sd-jwt_alg_values": ["ES256"], "kb-jwt_alg_values": ["ES256"] },
                "mso_mdoc": { "issuerauth_alg_values": [-7, -9], "deviceauth_alg_values": [-7, -9] },
            },
        });
        let mut parameters = Map::new();
        parameters.insert("response_type".to_owned(), "vp_token".into());
        parameters.insert("response_mode".to_owned(), request.channel.response_mode().into());
        parameters.insert("nonce".to_owned(), request.nonce.as_str().into());
        parameters.insert("dcql_query".to_owned(), request.query.to_json().clone());
        parameters.insert("client_metadata".to_owned(), metadata);
        if let Some(state) = &request.state {
            parameters.insert("state".to_owned(), state.as_str().into());
        }
        Ok(parameters)
    }
}
