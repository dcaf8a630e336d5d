//! Request: a wallet asks for authorization (RFC 9126, RFC 7636; OpenID4VCI 1.0, 5.1).
//!
//! Lives here: the parameters of a pushed request, which credentials are asked for, PKCE. Not here: who the wallet is (`client`), who
//! signs in.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credential::sha256;
use documents::redact_debug;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::configuration::Configuration;
use super::refusal::{Refusal, RefusalCode};
use crate::{address, json};

/// Longest body of a request that is read, in bytes.
const MAX_LEN: usize = 32 * 1024;
/// Longest value that is given back to the wallet, in bytes.
const MAX_STATE_LEN: usize = 1024;

/// The parameters of a request; none stands twice (RFC 6749, 3.1).
#[derive(Clone, Default)]
pub struct Parameters(BTreeMap<String, String>);
redact_debug!(Parameters);

impl Parameters {
    /// Reads a body or a query in `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    /// `invalid_request`: too long, or one stands twice.
    pub fn read(text: &[u8]) -> Result<Self, Refusal> {
        if text.len() > MAX_LEN {
            return Err(invalid("the request is longer than is read"));
        }
        let mut read = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(text) {
            if read.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(invalid("a parameter stands twice; send each once"));
            }
        }
        Ok(Self(read))
    }

    /// The value of a parameter; an empty one is none (RFC 6749, 3.1).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The value of a parameter that must be there.
    ///
    /// # Errors
    /// `invalid_request` with this sentence.
    pub fn need(&self, name: &str, or: &'static str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| invalid(or))
    }
}

const fn invalid(description: &'static str) -> Refusal {
    Refusal::new(RefusalCode::InvalidRequest, description)
}

/// Which credentials are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Ids of configurations, each once.
    pub configurations: Vec<String>,
    /// Whether `authorization_details` was sent: then the answer has identifiers, otherwise it has none (OpenID4VCI 1.0, 6.2).
    pub by_details: bool,
}

impl Asked {
    /// The identifier of a credential, where identifiers are given: there is one of each configuration.
    #[must_use]
    pub fn identifier(configuration: &str) -> String {
        format!("{configuration}.1")
    }

    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        let mut configurations = Vec::new();
        let mut ask = |id: &str| {
            if !configurations.iter().any(|known| known == id) {
                configurations.push(id.to_owned());
            }
        };
        let details = parameters.get("authorization_details");
        if let Some(details) = details {
            for id in details_of(details)? {
                ask(&id);
            }
        }
        // Scopes that mean nothing here are left alone (OpenID4VCI 1.0, 5.1.2).
        for scope in parameters.get("scope").unwrap_or_default().split(' ') {
            if scope.parse::<Configuration>().is_ok() {
                ask(scope);
            }
        }
        if configurations.is_empty() {
            return Err(Refusal::new(
                RefusalCode::InvalidScope,
                "ask by scope for a credential that the issuer's metadata lists",
            ));
        }
        Ok(Self { configurations, by_details: details.is_some() })
    }
}

#[derive(Deserialize)]
struct Detail {
    r#type: String,
    credential_configuration_id: Option<String>,
}

fn details_of(text: &str) -> Result<Vec<String>, Refusal> {
    let malformed = || {
        invalid("authorization_details is no list of openid_credential with a configuration of the metadata")
    };
    let Value::Array(details) = json::strict(text).map_err(|_| malformed())? else { return Err(malformed()) };
    let id = |detail: Value| {
        let detail: Detail = serde_json::from_value(detail).ok()?;
        let id = detail.credential_configuration_id?;
        (detail.r#type == "openid_credential" && id.parse::<Configuration>().is_ok()).then_some(id)
    };
    details.into_iter().map(|detail| id(detail).ok_or_else(malformed)).collect()
}

/// A request that was pushed, checked but for who sent it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushedRequest {
    /// The wallet's kind.
    pub client_id: String,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// SHA-256 of what the wallet will show with the code (RFC 7636, S256).
    pub code_challenge: String,
    /// What is asked for.
    pub asked: Asked,
    /// Given back as it is.
    pub state: Option<String>,
    /// What ties it to an offer.
    pub issuer_state: Option<String>,
    /// The thumbprint of the key that tokens are to be bound to (RFC 9449, 10).
    pub dpop_jkt: Option<String>,
}
redact_debug!(PushedRequest);

impl PushedRequest {
    /// Reads a pushed request.
    ///
    /// # Errors
    /// The first thing wrong.
    pub fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        if parameters.get("request").is_some() {
            return Err(Refusal::new(
                RefusalCode::RequestNotSupported,
                "send parameters, and no request object",
            ));
        }
        if parameters.get("request_uri").is_some() {
            return Err(invalid("a pushed request holds no request_uri (RFC 9126, 2.1)"));
        }
        let client_id = parameters.need("client_id", "client_id is missing")?;
        if parameters.need("response_type", "response_type is missing")? != "code" {
            return Err(Refusal::new(RefusalCode::UnsupportedResponseType, "response_type is code"));
        }
        let redirect_uri = parameters.need("redirect_uri", "redirect_uri is missing")?;
        if !is_redirect_uri(redirect_uri) {
            return Err(invalid(
                "redirect_uri is an https address or the scheme of an app, without a fragment",
            ));
        }
        let challenge = parameters.need("code_challenge", "code_challenge is missing: PKCE is required")?;
        // RFC 7636, 4.3: left out, the method would be plain.
        if parameters.get("code_challenge_method") != Some("S256") {
            return Err(invalid("code_challenge_method is S256"));
        }
        if URL_SAFE_NO_PAD.decode(challenge).map_or(true, |hash| hash.len() != 32) {
            return Err(invalid("code_challenge is a SHA-256 in base64url without padding"));
        }
        let kept = |name: &str| match parameters.get(name) {
            Some(value) if value.len() > MAX_STATE_LEN => Err(invalid("state or issuer_state is too long")),
            value => Ok(value.map(str::to_owned)),
        };
        let dpop_jkt = parameters.get("dpop_jkt");
        if dpop_jkt.is_some_and(|jkt| URL_SAFE_NO_PAD.decode(jkt).map_or(true, |hash| hash.len() != 32)) {
            return Err(invalid("dpop_jkt is a SHA-256 in base64url without padding"));
        }
        Ok(Self {
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            code_challenge: challenge.to_owned(),
            asked: Asked::read(parameters)?,
            state: kept("state")?,
            issuer_state: kept("issuer_state")?,
            dpop_jkt: dpop_jkt.map(str::to_owned),
        })
    }

    /// Where the browser goes with an answer: `code` or `error`, `state` where one was sent, and `iss` (RFC 9207).
    #[must_use]
    pub fn answer(&self, answer: (&str, &str), issuer: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair(answer.0, answer.1);
        if let Some(state) = &self.state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", issuer);
        let joint = if self.redirect_uri.contains('?') { '&' } else { '?' };
        format!("{}{joint}{}", self.redirect_uri, query.finish())
    }
}

/// An address of a web page over TLS or on this machine, or the scheme of an app (RFC 8252, 7).
fn is_redirect_uri(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else { return false };
    match scheme {
        "https" | "http" => address::is_safe(uri),
        "javascript" | "data" | "file" | "vbscript" | "blob" | "about" => false,
        _ => {
            let of_app =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte);
            let is_app = scheme.starts_with(|first: char| first.is_ascii_lowercase());
            address::is_sound(uri) && is_app && scheme.bytes().all(of_app) && !rest.is_empty()
        }
    }
}

/// Whether this is what a challenge was made of (RFC 7636, 4.6).
#[must_use]
pub fn is_verifier_of(verifier: &str, challenge: &str) -> bool {
    // RFC 7636, 4.1: 43 to 128 unreserved characters.
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&verifier.len())
        && verifier.bytes().all(unreserved)
        && URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes())) == challenge
}

#[cfg(test)]
mod tests {
    use super::*;
    use RefusalCode::*;

    /// RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn good() -> Vec<(&'static str, &'static str)> {
        vec![
            ("response_type", "code"),
            ("client_id", "wallet"),
            ("redirect_uri", "https://wallet.example/cb"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("scope", "openid photo-id-mdoc"),
            ("state", "s 1"),
        ]
    }

    fn read(pairs: &[(&str, &str)]) -> Result<PushedRequest, RefusalCode> {
        let mut body = form_urlencoded::Serializer::new(String::new());
        let body = body.extend_pairs(pairs).finish();
        let parameters = Parameters::read(body.as_bytes()).map_err(|refusal| refusal.code)?;
        PushedRequest::read(&parameters).map_err(|refusal| refusal.code)
    }

    #[test]
    fn the_published_verifier_belongs_to_the_published_challenge() {
        assert!(is_verifier_of(VERIFIER, CHALLENGE));
        assert!(!is_verifier_of(&VERIFIER.replace('d', "e"), CHALLENGE));
        assert!(!is_verifier_of(CHALLENGE, CHALLENGE), "the plain method is none");
        assert!(!is_verifier_of("", "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"));
    }

    #[test]
    fn a_request_is_read_and_its_answer_goes_back_with_state_and_issuer() {
        let request = read(&good()).unwrap();
        assert_eq!(request.asked.configurations, ["photo-id-mdoc"]);
        assert!(!request.asked.by_details);
        let answer = request.answer(("code", "c&1"), "https://hkg.example");
        assert_eq!(answer, "https://wallet.example/cb?code=c%261&state=s+1&iss=https%3A%2F%2Fhkg.example");
    }

    #[test]
    fn credentials_are_asked_for_by_details_too_and_each_counts_once() {
        let details = r#"[{"type":"openid_credential","credential_configuration_id":"photo-id-mdoc","locations":["a"]},{"type":"openid_credential","credential_configuration_id":"identity-card-sd-jwt"}]"#;
        let mut pairs = good();
        pairs.push(("authorization_details", details));
        let asked = read(&pairs).unwrap().asked;
        assert_eq!(asked.configurations, ["photo-id-mdoc", "identity-card-sd-jwt"]);
        assert!(asked.by_details);
        for wrong in [
            "{}",
            "[{}]",
            "[",
            r#"[{"type":"other","credential_configuration_id":"photo-id-mdoc"}]"#,
            r#"[{"type":"openid_credential","credential_configuration_id":"other"}]"#,
        ] {
            let mut pairs = good();
            pairs.push(("authorization_details", wrong));
            assert_eq!(read(&pairs).map(drop), Err(InvalidRequest), "{wrong}");
        }
    }

    #[test]
    fn a_request_is_refused_for_the_first_thing_wrong_with_it() {
        let with = |name: &'static str, value: &'static str| {
            let mut pairs = good();
            pairs.retain(|(known, _)| *known != name);
            pairs.push((name, value));
            read(&pairs).map(drop)
        };
        for (name, value, expected) in [
            ("request", "a.b.c", RequestNotSupported),
            ("request_uri", "urn:a", InvalidRequest),
            ("client_id", "", InvalidRequest),
            ("response_type", "token", UnsupportedResponseType),
            ("response_type", "", InvalidRequest),
            ("redirect_uri", "", InvalidRequest),
            ("redirect_uri", "http://wallet.example/cb", InvalidRequest),
            ("redirect_uri", "https:///cb", InvalidRequest),
            ("redirect_uri", "https://wallet.example@evil.example/cb", InvalidRequest),
            ("redirect_uri", "http://localhost:1@evil.example/cb", InvalidRequest),
            ("redirect_uri", "javascript:alert(1)", InvalidRequest),
            ("redirect_uri", "https://wallet.example/cb#a", InvalidRequest),
            ("redirect_uri", "/cb", InvalidRequest),
            ("code_challenge", "", InvalidRequest),
            ("code_challenge", "short", InvalidRequest),
            ("code_challenge_method", "plain", InvalidRequest),
            ("code_challenge_method", "", InvalidRequest),
            ("scope", "openid", InvalidScope),
            ("scope", "", InvalidScope),
            ("dpop_jkt", "x", InvalidRequest),
        ] {
            assert_eq!(with(name, value), Err(expected), "{name}={value}");
        }
        for uri in ["http://127.0.0.1:7799/cb", "http://localhost/cb", "hk.wallet:/cb", "haip://cb"] {
            let mut pairs = good();
            pairs.retain(|(known, _)| *known != "redirect_uri");
            pairs.push(("redirect_uri", uri));
            assert!(read(&pairs).is_ok(), "{uri}");
        }
        let twice = Parameters::read(b"a=1&a=2").map(drop);
        assert_eq!(twice.map_err(|refusal| refusal.code), Err(InvalidRequest));
    }
}
