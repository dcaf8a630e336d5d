//! Metadata: what an issuer, and the authorization server that it is itself, publish (OpenID4VCI 1.0, 12; RFC 8414).
//!
//! Lives here: both documents, the signed form, where they lie. Not here: what answers at the endpoints.

use credential::{CryptoError, SigningKey};
use documents::Timestamp;
use serde_json::{Map, Value, json};

use super::configuration::{Configuration, CredentialForm};
use crate::signed::sign_typed;

/// Most credentials in one answer, each bound to a key of its own.
pub const BATCH_SIZE: usize = 16;

/// Where the endpoints of an issuer lie, by its identifier: an address without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    issuer: String,
}

impl Endpoints {
    /// Pushed authorization requests.
    pub const PAR: &'static str = "/openid/par";
    /// Where the holder's browser goes.
    pub const AUTHORIZE: &'static str = "/openid/authorize";
    /// Access tokens.
    pub const TOKEN: &'static str = "/openid/token";
    /// Nonces for proofs.
    pub const NONCE: &'static str = "/openid/nonce";
    /// Credentials.
    pub const CREDENTIAL: &'static str = "/openid/credential";
    /// Credentials that were not ready.
    pub const DEFERRED: &'static str = "/openid/deferred-credential";
    /// What became of credentials.
    pub const NOTIFICATION: &'static str = "/openid/notification";
    /// Status lists.
    pub const STATUS: &'static str = "/openid/status-lists";

    /// Revoked certificates of its signers (RFC 5280, 5).
    pub const REVOKED: &'static str = "/openid/root.crl";

    /// The endpoints of the issuer with this identifier.
    #[must_use]
    pub fn of(issuer: &str) -> Self {
        Self { issuer: issuer.trim_end_matches('/').to_owned() }
    }

    /// The issuer's identifier.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The address of an endpoint.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }
}

/// Where a document of the issuer lies: `/.well-known/NAME` between host and path (RFC 8615, OpenID4VCI 1.0, 12.2.2).
#[must_use]
pub fn well_known(issuer: &str, name: &str) -> String {
    let start = issuer.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = issuer.split_at(start);
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    format!("{scheme}{host}/.well-known/{name}{}", path.trim_end_matches('/'))
}

/// The credential issuer's metadata. `logo`-less on purpose: nothing is fetched from anywhere else.
#[must_use]
pub fn issuer_metadata(endpoints: &Endpoints, name: &str) -> Value {
    let configurations: Map<String, Value> =
        Configuration::all().map(|one| (one.id(), configuration(one))).collect();
    json!({
        "credential_issuer": endpoints.issuer(),
        "credential_endpoint": endpoints.at(Endpoints::CREDENTIAL),
        "nonce_endpoint": endpoints.at(Endpoints::NONCE),
        "deferred_credential_endpoint": endpoints.at(Endpoints::DEFERRED),
        "notification_endpoint": endpoints.at(Endpoints::NOTIFICATION),
        "batch_credential_issuance": {"batch_size": BATCH_SIZE},
        "credential_response_encryption": {
            "alg_values_supported": ["ECDH-ES"],
            "enc_values_supported": ["A128GCM", "A256GCM"],
            "encryption_required": false,
        },
        "display": [{"name": name, "locale": "en"}],
        "credential_configurations_supported": configurations,
    })
}

fn configuration(one: Configuration) -> Value {
    // Names of JOSE for SD-JWT VC, integers of COSE for mdoc (OpenID4VCI 1.0, appendix A).
    let (kind, name, binding, algorithms) = match one.form {
        CredentialForm::SdJwt => ("vct", one.sort.vct(), "jwk", json!(["ES256"])),
        CredentialForm::Mdoc => ("doctype", one.sort.doctype(), "cose_key", json!([-7])),
    };
    let proofs = json!({"proof_signing_alg_values_supported": ["ES256"], "key_attestations_required": {}});
    let own = json!({"proof_signing_alg_values_supported": ["ES256"]});
    let display: Vec<Value> =
        one.sort.display().iter().map(|(locale, name)| json!({"name": name, "locale": locale})).collect();
    json!({
        "format": one.form.format(),
        "scope": one.id(),
        kind: name,
        "cryptographic_binding_methods_supported": [binding],
        "credential_signing_alg_values_supported": algorithms,
        "proof_types_supported": {"jwt": own, "attestation": proofs},
        "credential_metadata": {"display": display},
    })
}

/// The authorization server's metadata.
#[must_use]
pub fn server_metadata(endpoints: &Endpoints) -> Value {
    json!({
        "issuer": endpoints.issuer(),
        "pushed_authorization_request_endpoint": endpoints.at(Endpoints::PAR),
        "require_pushed_authorization_requests": true,
        "authorization_endpoint": endpoints.at(Endpoints::AUTHORIZE),
        "token_endpoint": endpoints.at(Endpoints::TOKEN),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [
            "authorization_code", "urn:ietf:params:oauth:grant-type:pre-authorized_code"
        ],
        "pre-authorized_grant_anonymous_access_supported": false,
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["attest_jwt_client_auth"],
        "client_attestation_signing_alg_values_supported": ["ES256"],
        "client_attestation_pop_signing_alg_values_supported": ["ES256"],
        "authorization_response_iss_parameter_supported": true,
        "scopes_supported": Configuration::all().map(Configuration::id).collect::<Vec<_>>(),
        "status_list_aggregation_endpoint": endpoints.at(Endpoints::STATUS),
    })
}

/// The issuer's metadata, signed (OpenID4VCI 1.0, 12.2.3): `chain` in DER, the signer's certificate first, without its anchor.
///
/// # Errors
/// [`CryptoError`]: the library did not sign.
pub fn sign_issuer_metadata(
    metadata: &Value,
    key: &SigningKey,
    chain: &[Vec<u8>],
    now: Timestamp,
) -> Result<String, CryptoError> {
    let mut claims = metadata.as_object().cloned().unwrap_or_default();
    let subject = claims.get("credential_issuer").cloned().unwrap_or_default();
    claims.insert("sub".to_owned(), subject.clone());
    claims.insert("iss".to_owned(), subject);
    claims.insert("iat".to_owned(), now.unix().into());
    sign_typed(key, "openidvci-issuer-metadata+jwt", chain, claims)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_lies_between_host_and_path() {
        for (issuer, expected) in [
            ("https://hkg.example", "https://hkg.example/.well-known/openid-credential-issuer"),
            ("https://hkg.example/", "https://hkg.example/.well-known/openid-credential-issuer"),
            ("https://a.example:8443/hkg", "https://a.example:8443/.well-known/openid-credential-issuer/hkg"),
        ] {
            assert_eq!(well_known(issuer, "openid-credential-issuer"), expected);
        }
    }

    #[test]
    fn every_configuration_has_a_scope_of_its_own_and_an_mdoc_names_its_algorithm_by_number() {
        let metadata = issuer_metadata(&Endpoints::of("https://hkg.example/"), "Hong Kong");
        assert_eq!(metadata["credential_issuer"], "https://hkg.example");
        let all = metadata["credential_configurations_supported"].as_object().unwrap();
        let scopes: std::collections::BTreeSet<_> = all.values().map(|one| one["scope"].as_str()).collect();
        assert_eq!((all.len(), scopes.len()), (6, 6));
        assert_eq!(all["photo-id-mdoc"]["credential_signing_alg_values_supported"], json!([-7]));
        assert_eq!(all["photo-id-sd-jwt"]["credential_signing_alg_values_supported"], json!(["ES256"]));
    }
}
