//! Wallet: what a wallet reads of an issuer that others built, and what it sends there (OpenID4VCI 1.0 under HAIP 1.0), by the
//! pre-authorized code of a counter.
//!
//! Lives here: both metadata documents as a wallet reads them, its attestation and proofs, its requests, the issuer's answers. Not here:
//! HTTP, who attests a wallet, which issuers count, where a credential is kept.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credential::jose::Jwk;
use credential::{CryptoError, SigningKey};
use documents::{Timestamp, redact_debug};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::configuration::CredentialForm;
use crate::address::is_safe;
use crate::json;
use crate::signed::sign_typed;

/// Longest document or answer of an issuer that is read, in bytes: a batch with portraits fits.
pub const MAX_ISSUER_LEN: usize = 8 * 1024 * 1024;
/// Most credentials of one answer that are taken.
pub const MAX_BATCH: usize = 64;
/// Seconds for which an attestation counts.
const ATTESTED_SECONDS: i64 = 300;
/// Longest identifier, token or nonce that is read.
const MAX_TEXT: usize = 4096;

/// Why an issuer's document or answer is of no use to this wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssuerFault {
    /// Not JSON of this form.
    #[error("the issuer's {0} cannot be read")]
    Form(&'static str),
    /// It names another issuer than the one that was asked (OpenID4VCI 1.0, 12.2.4; RFC 8414, 3.3).
    #[error("the issuer's {0} names another issuer")]
    Issuer(&'static str),
    /// An endpoint is missing, or would be reached without TLS.
    #[error("the issuer's {0} is missing, or would be reached without TLS")]
    Endpoint(&'static str),
    /// The offer names a credential that the issuer does not list, or one in a form that is not read here.
    #[error("the issuer lists no such credential in a form that this wallet reads (dc+sd-jwt, mso_mdoc)")]
    Configuration,
    /// No proof of a key that this wallet makes is taken.
    #[error(
        "the issuer takes no proof of a key by itself (jwt with ES256); it wants an attested key, which this wallet has not"
    )]
    Proof,
    /// The token is not bound to the wallet's key (RFC 9449), as HAIP demands: whoever sees it could use it.
    #[error(
        "the issuer's token is not bound to this wallet's key (DPoP); whoever sees it could take the credential"
    )]
    Unbound,
    /// Another number of credentials than keys were sent.
    #[error("the issuer gave another number of credentials than keys were sent")]
    Count,
}

/// The text of a member, where it is one and not too long.
fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    object.get(name)?.as_str().filter(|text| (1..=MAX_TEXT).contains(&text.len())).map(str::to_owned)
}

fn endpoint(object: &Map<String, Value>, name: &'static str) -> Result<String, IssuerFault> {
    text(object, name).filter(|uri| is_safe(uri)).ok_or(IssuerFault::Endpoint(name))
}

fn maybe_endpoint(object: &Map<String, Value>, name: &'static str) -> Result<Option<String>, IssuerFault> {
    object.contains_key(name).then(|| endpoint(object, name)).transpose()
}

fn has(list: Option<&Value>, word: &str) -> bool {
    list.and_then(Value::as_array).is_some_and(|list| list.iter().any(|one| one.as_str() == Some(word)))
}

/// A credential that an issuer lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// In which form it travels.
    pub form: CredentialForm,
    /// Its type: `vct` or `doctype`.
    pub kind: String,
    takes_proof: bool,
}

/// What a credential issuer publishes, as a wallet reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerMetadata {
    /// The issuer's identifier.
    pub issuer: String,
    /// Its authorization server: the first that it names, else itself.
    pub server: String,
    /// Where credentials are asked for.
    pub credential: String,
    /// Where nonces for proofs come from.
    pub nonce: Option<String>,
    /// Where credentials that were not ready are asked for again.
    pub deferred: Option<String>,
    /// Where the issuer wants to hear what became of them.
    pub notification: Option<String>,
    /// Most keys in one request.
    pub batch: usize,
    offered: BTreeMap<String, Offered>,
}

impl IssuerMetadata {
    /// Reads the document of the issuer with this identifier. Configurations in other forms are passed over.
    ///
    /// # Errors
    /// [`IssuerFault`] for the first fault.
    pub fn read(document: &str, issuer: &str) -> Result<Self, IssuerFault> {
        const WHAT: &str = "metadata";
        let object = json::strict_object(document).map_err(|_| IssuerFault::Form(WHAT))?;
        if text(&object, "credential_issuer").as_deref() != Some(issuer) {
            return Err(IssuerFault::Issuer(WHAT));
        }
        let servers = object.get("authorization_servers").and_then(Value::as_array);
        let server = match servers.map(|all| all.first().and_then(Value::as_str)) {
            None => issuer.to_owned(),
            Some(Some(first)) if is_safe(first) => first.to_owned(),
            Some(_) => return Err(IssuerFault::Endpoint("authorization server")),
        };
        let batch = object.get("batch_credential_issuance").and_then(|batch| batch.get("batch_size"));
        let batch = batch.and_then(Value::as_u64).and_then(|size| usize::try_from(size).ok());
        let listed = object.get("credential_configurations_supported").and_then(Value::as_object);
        let listed = listed.ok_or(IssuerFault::Form(WHAT))?;
        let offered = listed.iter().filter_map(|(id, one)| Some((id.clone(), offered(one)?))).collect();
        Ok(Self {
            issuer: issuer.to_owned(),
            server,
            credential: endpoint(&object, "credential_endpoint")?,
            nonce: maybe_endpoint(&object, "nonce_endpoint")?,
            deferred: maybe_endpoint(&object, "deferred_credential_endpoint")?,
            notification: maybe_endpoint(&object, "notification_endpoint")?,
            batch: batch.unwrap_or(1).clamp(1, MAX_BATCH),
            offered,
        })
    }

    /// The credential of this configuration.
    ///
    /// # Errors
    /// [`IssuerFault::Configuration`] where there is none in a form that is read here, [`IssuerFault::Proof`] where it cannot be asked for.
    pub fn offered(&self, configuration: &str) -> Result<&Offered, IssuerFault> {
        let offered = self.offered.get(configuration).ok_or(IssuerFault::Configuration)?;
        if offered.takes_proof { Ok(offered) } else { Err(IssuerFault::Proof) }
    }
}

fn offered(one: &Value) -> Option<Offered> {
    let form = one.get("format").and_then(Value::as_str)?;
    let form = CredentialForm::ALL.into_iter().find(|known| known.format() == form)?;
    let kind = match form {
        CredentialForm::SdJwt => "vct",
        CredentialForm::Mdoc => "doctype",
    };
    let proof = one.get("proof_types_supported").and_then(|types| types.get("jwt"));
    let takes_proof = proof.is_some_and(|jwt| {
        has(jwt.get("proof_signing_alg_values_supported"), "ES256")
            && jwt.get("key_attestations_required").is_none()
    });
    Some(Offered { form, kind: text(one.as_object()?, kind)?, takes_proof })
}

/// What an authorization server publishes, as a wallet reads it (RFC 8414).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerMetadata {
    /// The server's identifier.
    pub server: String,
    /// Where tokens come from.
    pub token: String,
    /// Whether it wants to know by a maker's attestation which wallet asks.
    pub attested: bool,
}

impl ServerMetadata {
    /// Reads the document of the server with this identifier.
    ///
    /// # Errors
    /// [`IssuerFault`] for the first fault.
    pub fn read(document: &str, server: &str) -> Result<Self, IssuerFault> {
        const WHAT: &str = "authorization server's metadata";
        let object = json::strict_object(document).map_err(|_| IssuerFault::Form(WHAT))?;
        if text(&object, "issuer").as_deref() != Some(server) {
            return Err(IssuerFault::Issuer(WHAT));
        }
        let methods = object.get("token_endpoint_auth_methods_supported");
        let anonymous = object.get("pre-authorized_grant_anonymous_access_supported");
        let anonymous = anonymous.and_then(Value::as_bool).unwrap_or(false);
        Ok(Self {
            server: server.to_owned(),
            token: endpoint(&object, "token_endpoint")?,
            attested: !anonymous && has(methods, "attest_jwt_client_auth"),
        })
    }
}

/// The form that asks for a token by a pre-authorized code (OpenID4VCI 1.0, 6.1).
#[must_use]
pub fn token_form(code: &str, told: Option<&str>, client_id: Option<&str>) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "urn:ietf:params:oauth:grant-type:pre-authorized_code");
    form.append_pair("pre-authorized_code", code);
    for (name, value) in [("tx_code", told), ("client_id", client_id)] {
        if let Some(value) = value {
            form.append_pair(name, value);
        }
    }
    form.finish()
}

/// Which access tokens a wallet takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tokens {
    /// Those that are bound to the wallet's key alone (RFC 9449), as HAIP demands.
    Bound,
    /// Bearer tokens too (RFC 6750): `OpenID4VCI` 1.0 asks for no more.
    Any,
}

/// An access token.
pub struct Access {
    /// The token.
    pub token: String,
    /// Whether it is bound to the wallet's key; else whoever has it may use it.
    pub bound: bool,
    identifiers: BTreeMap<String, String>,
}
redact_debug!(Access);

impl Access {
    /// Reads the token endpoint's answer.
    ///
    /// # Errors
    /// [`IssuerFault::Form`]; [`IssuerFault::Unbound`] for a token of another type than is taken.
    pub fn read(answer: &str, taken: Tokens) -> Result<Self, IssuerFault> {
        const WHAT: &str = "token";
        let object = json::strict_object(answer).map_err(|_| IssuerFault::Form(WHAT))?;
        let token = text(&object, "access_token").ok_or(IssuerFault::Form(WHAT))?;
        let sort = text(&object, "token_type").unwrap_or_default();
        let bound = sort.eq_ignore_ascii_case("dpop");
        let bearer = taken == Tokens::Any && sort.eq_ignore_ascii_case("bearer");
        if !bound && !bearer {
            return Err(IssuerFault::Unbound);
        }
        let details = object.get("authorization_details").and_then(Value::as_array);
        let identifiers = details.into_iter().flatten().filter_map(|one| {
            let id = one.get("credential_configuration_id")?.as_str()?;
            let first = one.get("credential_identifiers")?.as_array()?.first()?.as_str()?;
            Some((id.to_owned(), first.to_owned()))
        });
        Ok(Self { token, bound, identifiers: identifiers.collect() })
    }

    /// What a request with this token says in `Authorization`.
    #[must_use]
    pub fn authorization(&self) -> String {
        format!("{} {}", if self.bound { "DPoP" } else { "Bearer" }, self.token)
    }

    /// What asks for a credential of this configuration for the keys of these proofs (OpenID4VCI 1.0, 8.2): by the identifier that came with
    /// the token, where one did.
    #[must_use]
    pub fn request(&self, configuration: &str, proofs: &[String]) -> Value {
        let (name, value) = match self.identifiers.get(configuration) {
            Some(identifier) => ("credential_identifier", identifier.as_str()),
            None => ("credential_configuration_id", configuration),
        };
        json!({ name: value, "proofs": { "jwt": proofs } })
    }
}

/// Signs that this wallet holds a key, for one issuer and its nonce (OpenID4VCI 1.0, F.1).
///
/// # Errors
/// [`CryptoError`].
pub fn sign_key_proof(
    key: &SigningKey,
    issuer: &str,
    nonce: Option<&str>,
    now: Timestamp,
) -> Result<String, CryptoError> {
    let mut claims = Map::new();
    claims.insert("aud".to_owned(), issuer.into());
    claims.insert("iat".to_owned(), now.unix().into());
    if let Some(nonce) = nonce {
        claims.insert("nonce".to_owned(), nonce.into());
    }
    let mut header = Map::new();
    header.insert("typ".to_owned(), "openid4vci-proof+jwt".into());
    header.insert("jwk".to_owned(), Jwk::of(key.public(), None)?.to_json()?);
    credential::jose::sign_jws(key, &header, Value::Object(claims).to_string().as_bytes())
}

/// A maker of wallets, which vouches for one: it has a certificate that issuers may trust.
pub struct Maker<'m> {
    /// The maker's key.
    pub key: &'m SigningKey,
    /// Its certificates in DER, leaf first, without the anchor.
    pub chain: &'m [Vec<u8>],
    /// The name that all wallets of its kind share.
    pub client_id: &'m str,
}
redact_debug!(Maker<'_>);

impl Maker<'_> {
    /// The two headers of a request to an authorization server: the attestation of the wallet's key, and the wallet's proof for this server.
    ///
    /// # Errors
    /// [`CryptoError`].
    pub fn vouch(
        &self,
        wallet: &SigningKey,
        server: &str,
        id: [u8; 16],
        now: Timestamp,
    ) -> Result<[(&'static str, String); 2], CryptoError> {
        let until = now.plus_seconds(ATTESTED_SECONDS).unix();
        let said = Map::from_iter([
            ("sub".to_owned(), self.client_id.into()),
            ("exp".to_owned(), until.into()),
            ("iat".to_owned(), now.unix().into()),
            ("cnf".to_owned(), json!({ "jwk": Jwk::of(wallet.public(), None)?.to_json()? })),
        ]);
        let attestation = sign_typed(self.key, "oauth-client-attestation+jwt", self.chain, said)?;
        let own = Map::from_iter([
            ("aud".to_owned(), server.into()),
            ("iat".to_owned(), now.unix().into()),
            ("jti".to_owned(), URL_SAFE_NO_PAD.encode(id).into()),
        ]);
        let proof = sign_typed(wallet, "oauth-client-attestation-pop+jwt", &[], own)?;
        Ok([("oauth-client-attestation", attestation), ("oauth-client-attestation-pop", proof)])
    }
}

/// The nonce endpoint's answer.
///
/// # Errors
/// [`IssuerFault::Form`].
pub fn read_nonce(answer: &str) -> Result<String, IssuerFault> {
    let object = json::strict_object(answer).map_err(|_| IssuerFault::Form("nonce"))?;
    text(&object, "c_nonce").ok_or(IssuerFault::Form("nonce"))
}

/// What the credential endpoint, or the deferred one, answered.
#[derive(Clone, PartialEq, Eq)]
pub enum Delivered {
    /// Credentials, one for each key, and the name under which the issuer wants to hear of them.
    Credentials {
        /// In the order of the proofs.
        credentials: Vec<String>,
        /// The name.
        notification: Option<String>,
    },
    /// They are not ready.
    Later {
        /// The name of what is awaited.
        transaction: String,
        /// After so many seconds it is asked again.
        seconds: u64,
    },
}
redact_debug!(Delivered);

#[derive(Deserialize)]
struct One {
    credential: String,
}

impl Delivered {
    /// Reads an answer to a request with so many keys (OpenID4VCI 1.0, 8.3).
    ///
    /// # Errors
    /// [`IssuerFault`].
    pub fn read(answer: &str, keys: usize) -> Result<Self, IssuerFault> {
        const WHAT: &str = "credentials";
        let mut object = json::strict_object(answer).map_err(|_| IssuerFault::Form(WHAT))?;
        if let Some(transaction) = text(&object, "transaction_id") {
            let seconds = object.get("interval").and_then(Value::as_u64).unwrap_or(5);
            return Ok(Self::Later { transaction, seconds });
        }
        let all = object.remove("credentials").ok_or(IssuerFault::Form(WHAT))?;
        let all: Vec<One> = serde_json::from_value(all).map_err(|_| IssuerFault::Form(WHAT))?;
        if all.len() != keys {
            return Err(IssuerFault::Count);
        }
        let credentials = all.into_iter().map(|one| one.credential).collect();
        Ok(Self::Credentials { credentials, notification: text(&object, "notification_id") })
    }
}

/// What a server refused, in its own words (RFC 6749, 5.2): code and description.
#[must_use]
pub fn read_refusal(answer: &str) -> Option<(String, String)> {
    let object = json::strict_object(answer).ok()?;
    let code = text(&object, "error")?;
    Some((code, text(&object, "error_description").unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use credential::x5c::CertificateAnchors;
    use test_support::SignerChain;

    use super::*;
    use crate::issuance::{Configuration, Endpoints, issuer_metadata, server_metadata};

    const ISSUER: &str = "https://hkg.example";

    fn changed(document: &Value, pointer: &str, to: Value) -> String {
        let mut document = document.clone();
        *document.pointer_mut(pointer).unwrap() = to;
        document.to_string()
    }

    #[test]
    fn a_wallet_reads_what_our_own_issuers_publish() {
        let own = Endpoints::of(ISSUER);
        let read = IssuerMetadata::read(&issuer_metadata(&own, "HK").to_string(), ISSUER).unwrap();
        assert_eq!((read.server.as_str(), read.batch), (ISSUER, 16));
        for one in Configuration::all() {
            let offered = read.offered(&one.id()).unwrap();
            let kind = match one.form {
                CredentialForm::SdJwt => one.sort.vct(),
                CredentialForm::Mdoc => one.sort.doctype(),
            };
            assert_eq!((offered.form, offered.kind.as_str()), (one.form, kind));
        }
        assert_eq!(read.offered("passport"), Err(IssuerFault::Configuration));
        let server = ServerMetadata::read(&server_metadata(&own).to_string(), ISSUER).unwrap();
        assert_eq!((server.attested, server.token), (true, "https://hkg.example/openid/token".to_owned()));
    }

    #[test]
    fn an_issuer_under_another_name_or_without_tls_and_a_wish_that_cannot_be_met_are_refused() {
        let document = issuer_metadata(&Endpoints::of(ISSUER), "HK");
        let read = |text: &str| IssuerMetadata::read(text, ISSUER);
        assert_eq!(
            read(&changed(&document, "/credential_issuer", "https://hkg.example/".into())),
            Err(IssuerFault::Issuer("metadata"))
        );
        let plain = "http://hkg.example/c".into();
        assert_eq!(
            read(&changed(&document, "/credential_endpoint", plain)),
            Err(IssuerFault::Endpoint("credential_endpoint"))
        );
        assert_eq!(read("[]"), Err(IssuerFault::Form("metadata")));
        assert_eq!(read(r#"{"a":1,"a":2}"#), Err(IssuerFault::Form("metadata")));
        let pointer = "/credential_configurations_supported/identity-card-mdoc/proof_types_supported/jwt";
        let attested =
            json!({"proof_signing_alg_values_supported": ["ES256"], "key_attestations_required": {}});
        let read = read(&changed(&document, pointer, attested)).unwrap();
        assert_eq!(read.offered("identity-card-mdoc"), Err(IssuerFault::Proof));
        let server = server_metadata(&Endpoints::of("https://other.example")).to_string();
        assert_eq!(
            ServerMetadata::read(&server, ISSUER),
            Err(IssuerFault::Issuer("authorization server's metadata"))
        );
    }

    #[test]
    fn tokens_are_bound_and_an_identifier_that_came_with_one_is_used() {
        let bearer = r#"{"access_token":"t","token_type":"Bearer"}"#;
        assert_eq!(Access::read(bearer, Tokens::Bound).err(), Some(IssuerFault::Unbound));
        let other = r#"{"access_token":"t","token_type":"mac"}"#;
        assert_eq!(Access::read(other, Tokens::Any).err(), Some(IssuerFault::Unbound));
        let loose = Access::read(bearer, Tokens::Any).unwrap();
        assert_eq!((loose.bound, loose.authorization()), (false, "Bearer t".to_owned()));
        let plain = Access::read(r#"{"access_token":"t","token_type":"DPoP"}"#, Tokens::Any).unwrap();
        assert_eq!((plain.bound, plain.authorization()), (true, "DPoP t".to_owned()));
        let proofs = ["p".to_owned()];
        assert_eq!(
            plain.request("a", &proofs),
            json!({"credential_configuration_id": "a", "proofs": {"jwt": ["p"]}})
        );
        let named = r#"{"access_token":"t","token_type":"DPoP","authorization_details":
            [{"credential_configuration_id":"a","credential_identifiers":["i"]}]}"#;
        let named = Access::read(named, Tokens::Bound).unwrap();
        assert_eq!(named.request("a", &proofs)["credential_identifier"], "i");
        assert_eq!(named.request("b", &proofs)["credential_configuration_id"], "b");
    }

    #[test]
    fn an_answer_has_one_credential_for_each_key_or_comes_later() {
        let two = r#"{"credentials":[{"credential":"a"},{"credential":"b"}],"notification_id":"n"}"#;
        let (credentials, notification) = (vec!["a".to_owned(), "b".to_owned()], Some("n".to_owned()));
        assert!(Delivered::read(two, 2) == Ok(Delivered::Credentials { credentials, notification }));
        assert_eq!(Delivered::read(two, 3).err(), Some(IssuerFault::Count));
        let later = Delivered::read(r#"{"transaction_id":"t","interval":2}"#, 1);
        assert!(later == Ok(Delivered::Later { transaction: "t".to_owned(), seconds: 2 }));
        assert_eq!(Delivered::read("{}", 1).err(), Some(IssuerFault::Form("credentials")));
        let refused = read_refusal(r#"{"error":"invalid_grant","error_description":"over"}"#);
        assert_eq!(refused, Some(("invalid_grant".to_owned(), "over".to_owned())));
    }

    #[test]
    fn a_makers_word_for_a_wallet_is_what_an_issuer_verifies() {
        let now = Timestamp::from_unix(1_800_000_000).unwrap();
        let chain = SignerChain::new("Maker", &[], None);
        let (maker, wallet) = (SigningKey::from_pkcs8(&chain.key).unwrap(), SigningKey::generate().unwrap());
        let vouched = Maker { key: &maker, chain: std::slice::from_ref(&chain.leaf), client_id: "baypass" };
        let [attestation, proof] = vouched.vouch(&wallet, ISSUER, [7; 16], now).unwrap();
        let anchors = CertificateAnchors::from_der([chain.root.as_slice()]).unwrap();
        let verified = crate::issuance::verify_client(
            Some(&attestation.1),
            Some(&proof.1),
            ISSUER,
            &anchors,
            now.plus_seconds(20),
        );
        assert_eq!(verified.unwrap().client_id, "baypass");
    }
}
