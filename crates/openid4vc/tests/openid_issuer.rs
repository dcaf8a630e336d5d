//! What an issuer refuses of wallets: tests named after the modules of the OpenID conformance suite (`oid4vci-1_0-issuer-...`).

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, outside of the test functions themselves: what goes wrong there fails the test"
)]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use credential::SigningKey;
use credential::jose::{ContentEncryption, DecryptionKey, Jwe, Jwk, sign_jws};
use credential::x5c::CertificateAnchors;
use documents::Timestamp;
use openid4vc::issuance::{
    Asked, BATCH_SIZE, ClientFault, CredentialRequest, ProofContext, RefusalCode, Response, verify_client,
    verify_proofs,
};
use serde_json::{Map, Value, json};
use test_support::SignerChain;

const ISSUER: &str = "https://hkg.example";
const NOW: i64 = 1_800_000_000;
const CONFIGURATION: &str = "photo-id-sd-jwt";

fn now() -> Timestamp {
    Timestamp::from_unix(NOW).unwrap()
}

/// A maker of wallets: its anchor, the certificate of its signer, and the signer's key.
struct Maker {
    anchors: CertificateAnchors,
    leaf: String,
    key: SigningKey,
}

impl Maker {
    fn new() -> Self {
        let chain = SignerChain::new("Maker", &["maker.example"], None);
        Self {
            anchors: CertificateAnchors::from_pem(&chain.root_pem).unwrap(),
            leaf: STANDARD.encode(chain.leaf),
            key: SigningKey::from_pkcs8(&chain.key).unwrap(),
        }
    }
}

static MAKER: LazyLock<Maker> = LazyLock::new(Maker::new);
static STRANGER: LazyLock<Maker> = LazyLock::new(Maker::new);
static INSTANCE: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate().unwrap());
static OTHER: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate().unwrap());

fn jwk(key: &SigningKey) -> Value {
    Jwk::of(key.public(), None).unwrap().to_json().unwrap()
}

fn signed(key: &SigningKey, header: &Value, claims: &Value) -> String {
    let header: Map<String, Value> = header.as_object().unwrap().clone();
    sign_jws(key, &header, claims.to_string().as_bytes()).unwrap()
}

fn without(value: &Value, name: &str) -> Value {
    let mut changed = value.clone();
    changed.as_object_mut().unwrap().remove(name);
    changed
}

fn with(value: &Value, name: &str, to: Value) -> Value {
    let mut changed = value.clone();
    changed[name] = to;
    changed
}

fn attestation_claims() -> Value {
    json!({"iss": "https://maker.example", "sub": "wallet-1", "exp": NOW + 300, "iat": NOW, "cnf": {"jwk": jwk(&INSTANCE)}})
}

fn attestation(by: &Maker, claims: &Value) -> String {
    signed(&by.key, &json!({"typ": "oauth-client-attestation+jwt", "x5c": [by.leaf]}), claims)
}

fn pop_claims() -> Value {
    json!({"iss": "wallet-1", "aud": ISSUER, "jti": "j-1", "iat": NOW})
}

fn pop(key: &SigningKey, claims: &Value) -> String {
    signed(key, &json!({"typ": "oauth-client-attestation-pop+jwt"}), claims)
}

fn client(attestation: &str, pop: &str) -> Result<String, ClientFault> {
    let verified = verify_client(Some(attestation), Some(pop), ISSUER, &MAKER.anchors, now())?;
    Ok(verified.client_id)
}

/// The text with one character of its signature changed.
fn broken(compact: &str) -> String {
    let at = compact.rfind('.').unwrap() + 5;
    let other = if compact.as_bytes()[at] == b'A' { "B" } else { "A" };
    format!("{}{other}{}", &compact[..at], &compact[at + 1..])
}

#[test]
fn an_attested_wallet_is_known_by_the_name_of_its_kind() {
    let (claims, proof) = (attestation_claims(), pop_claims());
    let known = client(&attestation(&MAKER, &claims), &pop(&INSTANCE, &proof));
    assert_eq!(known.as_deref(), Ok("wallet-1"));
    let listed = with(&proof, "aud", json!(["https://other.example", ISSUER]));
    assert!(client(&attestation(&MAKER, &claims), &pop(&INSTANCE, &listed)).is_ok());
    let extra = with(&claims, "wallet_name", json!("unknown members are ignored"));
    assert!(client(&attestation(&MAKER, &extra), &pop(&INSTANCE, &proof)).is_ok());
}

#[test]
fn fail_invalid_client_attestation_signature() {
    let proof = pop(&INSTANCE, &pop_claims());
    let good = attestation(&MAKER, &attestation_claims());
    let forged = signed(
        &OTHER,
        &json!({"typ": "oauth-client-attestation+jwt", "x5c": [MAKER.leaf]}),
        &attestation_claims(),
    );
    let typ = signed(&MAKER.key, &json!({"typ": "JWT", "x5c": [MAKER.leaf]}), &attestation_claims());
    for wrong in [broken(&good), forged, typ] {
        assert!(matches!(client(&wrong, &proof).unwrap_err(), ClientFault::Attestation(_)));
    }
    let strange = client(&attestation(&STRANGER, &attestation_claims()), &proof);
    assert!(matches!(strange.unwrap_err(), ClientFault::Maker(_)));
}

#[test]
fn fail_invalid_client_attestation_pop_signature() {
    let good = pop(&INSTANCE, &pop_claims());
    let fault = client(&attestation(&MAKER, &attestation_claims()), &broken(&good)).unwrap_err();
    assert!(matches!(fault, ClientFault::Proof(_)), "{fault}");
}

#[test]
fn fail_client_attestation_exp_in_past() {
    for exp in [NOW - 300, NOW] {
        let over = attestation(&MAKER, &with(&attestation_claims(), "exp", json!(exp)));
        assert_eq!(client(&over, &pop(&INSTANCE, &pop_claims())), Err(ClientFault::Expired), "{exp}");
    }
    let ahead = attestation(&MAKER, &with(&attestation_claims(), "nbf", json!(NOW + 300)));
    assert_eq!(client(&ahead, &pop(&INSTANCE, &pop_claims())), Err(ClientFault::NotYet));
}

#[test]
fn fail_client_attestation_no_sub() {
    for name in ["sub", "exp", "cnf"] {
        let lacking = attestation(&MAKER, &without(&attestation_claims(), name));
        assert_eq!(client(&lacking, &pop(&INSTANCE, &pop_claims())), Err(ClientFault::Claims), "{name}");
    }
    let empty = attestation(&MAKER, &with(&attestation_claims(), "sub", json!("")));
    assert_eq!(client(&empty, &pop(&INSTANCE, &pop_claims())), Err(ClientFault::Claims));
}

#[test]
fn fail_client_attestation_pop_wrong_aud() {
    for aud in [
        json!("https://other.example"),
        json!(["https://other.example"]),
        json!(1),
        json!(format!("{ISSUER}/")),
    ] {
        let elsewhere = pop(&INSTANCE, &with(&pop_claims(), "aud", aud.clone()));
        let refused = client(&attestation(&MAKER, &attestation_claims()), &elsewhere);
        assert_eq!(refused, Err(ClientFault::Audience), "{aud}");
    }
}

#[test]
fn fail_mismatched_client_attestation_pop_key() {
    let other = pop(&OTHER, &pop_claims());
    let fault = client(&attestation(&MAKER, &attestation_claims()), &other).unwrap_err();
    assert!(matches!(fault, ClientFault::Proof(_)), "{fault}");
}

#[test]
fn a_proof_of_an_attestation_counts_near_its_time_and_both_headers_are_needed() {
    let good = attestation(&MAKER, &attestation_claims());
    for (iat, taken) in [(NOW - 10, true), (NOW + 10, true), (NOW - 300, false), (NOW + 300, false)] {
        let proof = pop(&INSTANCE, &with(&pop_claims(), "iat", json!(iat)));
        assert_eq!(client(&good, &proof).is_ok(), taken, "{iat}");
    }
    for name in ["aud", "iat", "jti"] {
        let lacking = pop(&INSTANCE, &without(&pop_claims(), name));
        assert_eq!(client(&good, &lacking), Err(ClientFault::ProofClaims), "{name}");
    }
    let proof = pop(&INSTANCE, &pop_claims());
    for (one, other) in [(None, Some(proof.as_str())), (Some(good.as_str()), None)] {
        let refused = verify_client(one, other, ISSUER, &MAKER.anchors, now()).map(drop);
        assert_eq!(refused, Err(ClientFault::Missing));
    }
}

fn asked(by_details: bool) -> Asked {
    Asked { configurations: vec![CONFIGURATION.to_owned()], by_details }
}

fn proof_claims() -> Value {
    json!({"iss": "wallet-1", "aud": ISSUER, "iat": NOW, "nonce": "n-1"})
}

fn key_proof(key: &SigningKey, claims: &Value) -> String {
    signed(key, &json!({"typ": "openid4vci-proof+jwt", "jwk": jwk(key)}), claims)
}

fn key_attestation(by: &Maker, keys: &[&SigningKey], claims: &Value) -> String {
    let keys: Vec<Value> = keys.iter().map(|key| jwk(key)).collect();
    let claims = with(claims, "attested_keys", json!(keys));
    signed(&by.key, &json!({"typ": "key-attestation+jwt", "x5c": [by.leaf]}), &claims)
}

fn key_claims() -> Value {
    json!({"iat": NOW, "exp": NOW + 300, "nonce": "n-1", "key_storage": ["iso_18045_high"]})
}

fn request(proofs: &Value) -> String {
    json!({"credential_configuration_id": CONFIGURATION, "proofs": proofs, "unknown": {"is": "ignored"}})
        .to_string()
}

fn prove(proofs: &Value) -> Result<Vec<Jwk>, RefusalCode> {
    let read = CredentialRequest::read(&request(proofs), &asked(false)).map_err(|refusal| refusal.code)?;
    let held = ProofContext {
        issuer: ISSUER,
        client_id: Some("wallet-1"),
        is_nonce: &|nonce| nonce == "n-1",
        makers: &MAKER.anchors,
        now: now(),
    };
    verify_proofs(&read, &held).map_err(|refusal| refusal.code)
}

fn refused(proofs: &Value) -> RefusalCode {
    prove(proofs).map(drop).expect_err("such proofs are refused")
}

fn keys(count: usize) -> Vec<SigningKey> {
    (0..count).map(|_| SigningKey::generate().unwrap()).collect()
}

#[test]
fn batch_issuance_proves_one_key_for_each_credential_by_both_types_of_proof() {
    let keys = keys(5);
    let expected: Vec<_> = keys.iter().map(|key| *key.public()).collect();
    let proven = |proofs: Value| prove(&proofs).unwrap().iter().map(|jwk| *jwk.public()).collect::<Vec<_>>();
    let jwts: Vec<String> = keys.iter().map(|key| key_proof(key, &proof_claims())).collect();
    assert_eq!(proven(json!({"jwt": jwts})), expected);
    let all: Vec<&SigningKey> = keys.iter().collect();
    let attested = key_attestation(&MAKER, &all, &key_claims());
    assert_eq!(proven(json!({"attestation": [attested]})), expected);
    // One proof with an attestation inside: as many credentials as the attestation names keys.
    let inside = key_attestation(&MAKER, &all, &without(&key_claims(), "nonce"));
    let header = json!({"typ": "openid4vci-proof+jwt", "jwk": jwk(&keys[0]), "key_attestation": inside});
    assert_eq!(proven(json!({"jwt": [signed(&keys[0], &header, &proof_claims())]})), expected);
    let header = json!({"typ": "openid4vci-proof+jwt", "kid": "0", "key_attestation": inside});
    assert_eq!(proven(json!({"jwt": [signed(&keys[0], &header, &proof_claims())]})), expected);
}

#[test]
fn a_batch_names_no_key_twice_and_not_more_than_the_metadata_allows() {
    let own = keys(1);
    let twice = key_proof(&own[0], &proof_claims());
    assert_eq!(refused(&json!({"jwt": [twice, twice]})), RefusalCode::InvalidProof);
    let many = keys(BATCH_SIZE + 1);
    let jwts: Vec<String> = many.iter().map(|key| key_proof(key, &proof_claims())).collect();
    assert_eq!(refused(&json!({"jwt": jwts})), RefusalCode::InvalidProof);
    let all: Vec<&SigningKey> = many.iter().collect();
    let attested = key_attestation(&MAKER, &all, &key_claims());
    assert_eq!(refused(&json!({"attestation": [attested]})), RefusalCode::InvalidProof);
}

#[test]
fn fail_invalid_nonce() {
    let own = keys(1);
    let stale = key_proof(&own[0], &with(&proof_claims(), "nonce", json!("n-0")));
    assert_eq!(refused(&json!({"jwt": [stale]})), RefusalCode::InvalidNonce);
    let attested = key_attestation(&MAKER, &[&own[0]], &with(&key_claims(), "nonce", json!("n-0")));
    assert_eq!(refused(&json!({"attestation": [attested]})), RefusalCode::InvalidNonce);
    let lacking = key_proof(&own[0], &without(&proof_claims(), "nonce"));
    assert_eq!(refused(&json!({"jwt": [lacking]})), RefusalCode::InvalidProof);
    let lacking = key_attestation(&MAKER, &[&own[0]], &without(&key_claims(), "nonce"));
    assert_eq!(refused(&json!({"attestation": [lacking]})), RefusalCode::InvalidProof);
}

#[test]
fn fail_invalid_jwt_proof_signature() {
    let own = keys(2);
    let good = key_proof(&own[0], &proof_claims());
    let another_key =
        signed(&own[1], &json!({"typ": "openid4vci-proof+jwt", "jwk": jwk(&own[0])}), &proof_claims());
    for wrong in [broken(&good), another_key] {
        assert_eq!(refused(&json!({"jwt": [wrong]})), RefusalCode::InvalidProof);
    }
    for header in [
        json!({"typ": "JWT", "jwk": jwk(&own[0])}),
        json!({"typ": "openid4vci-proof+jwt"}),
        json!({"typ": "openid4vci-proof+jwt", "jwk": jwk(&own[0]), "kid": "0"}),
        json!({"typ": "openid4vci-proof+jwt", "x5c": [MAKER.leaf]}),
    ] {
        let proof = signed(&own[0], &header, &proof_claims());
        assert_eq!(refused(&json!({"jwt": [proof]})), RefusalCode::InvalidProof, "{header}");
    }
    for (name, value) in [("aud", json!("https://other.example")), ("iss", json!("wallet-2"))] {
        let proof = key_proof(&own[0], &with(&proof_claims(), name, value));
        assert_eq!(refused(&json!({"jwt": [proof]})), RefusalCode::InvalidProof, "{name}");
    }
}

#[test]
fn a_proof_ten_seconds_off_is_taken_and_one_five_minutes_off_is_not() {
    let own = keys(1);
    for (iat, taken) in [(NOW - 10, true), (NOW + 10, true), (NOW - 300, false), (NOW + 300, false)] {
        let proof = key_proof(&own[0], &with(&proof_claims(), "iat", json!(iat)));
        assert_eq!(prove(&json!({"jwt": [proof]})).is_ok(), taken, "{iat}");
    }
}

#[test]
fn fail_missing_proof() {
    for proofs in [
        json!(null),
        json!({}),
        json!([]),
        json!({"jwt": []}),
        json!({"jwt": [1]}),
        json!({"jwt": "a"}),
        json!({"di_vp": ["a"]}),
        json!({"jwt": ["a"], "attestation": ["b"]}),
        json!({"attestation": ["a", "b"]}),
    ] {
        assert_eq!(refused(&proofs), RefusalCode::InvalidProof, "{proofs}");
    }
    let body =
        json!({"credential_configuration_id": CONFIGURATION, "proof": {"proof_type": "jwt", "jwt": "a"}});
    let of_a_draft = read_code(&body, &asked(false));
    assert_eq!(of_a_draft, Err(RefusalCode::InvalidCredentialRequest));
}

#[test]
fn fail_invalid_key_attestation_signature() {
    let own = keys(2);
    let good = key_attestation(&MAKER, &[&own[0]], &key_claims());
    let strange = key_attestation(&STRANGER, &[&own[0]], &key_claims());
    let over = key_attestation(&MAKER, &[&own[0]], &with(&key_claims(), "exp", json!(NOW)));
    let ahead = key_attestation(&MAKER, &[&own[0]], &with(&key_claims(), "iat", json!(NOW + 300)));
    let empty = key_attestation(&MAKER, &[], &key_claims());
    for wrong in [broken(&good), strange, over, ahead, empty] {
        assert_eq!(refused(&json!({"attestation": [wrong]})), RefusalCode::InvalidProof);
        let header = json!({"typ": "openid4vci-proof+jwt", "jwk": jwk(&own[0]), "key_attestation": wrong});
        let proof = signed(&own[0], &header, &proof_claims());
        assert_eq!(refused(&json!({"jwt": [proof]})), RefusalCode::InvalidProof);
    }
    let header = json!({"typ": "openid4vci-proof+jwt", "jwk": jwk(&own[1]), "key_attestation": good});
    let outside = signed(&own[1], &header, &proof_claims());
    assert_eq!(refused(&json!({"jwt": [outside]})), RefusalCode::InvalidProof, "not one of its keys");
}

fn read_code(body: &Value, asked: &Asked) -> Result<(), RefusalCode> {
    CredentialRequest::read(&body.to_string(), asked).map(drop).map_err(|refusal| refusal.code)
}

#[test]
fn fail_unknown_credential_configuration() {
    for id in ["photo-id-mdoc", "unknown", ""] {
        let body = json!({"credential_configuration_id": id, "proofs": {"jwt": ["a"]}});
        assert_eq!(read_code(&body, &asked(false)), Err(RefusalCode::UnknownCredentialConfiguration), "{id}");
    }
    for body in [
        json!([]),
        json!({}),
        json!({"credential_configuration_id": 1}),
        json!({"credential_configuration_id": CONFIGURATION, "credential_identifier": "a"}),
    ] {
        assert_eq!(read_code(&body, &asked(false)), Err(RefusalCode::InvalidCredentialRequest), "{body}");
    }
    let twice = r#"{"credential_configuration_id":"a","credential_configuration_id":"b"}"#;
    let refused = CredentialRequest::read(twice, &asked(false)).map(drop).map_err(|refusal| refusal.code);
    assert_eq!(refused, Err(RefusalCode::InvalidCredentialRequest));
}

#[test]
fn fail_unknown_credential_identifier() {
    let body = |identifier: &str| json!({"credential_identifier": identifier, "proofs": {"jwt": ["a"]}});
    let own = Asked::identifier(CONFIGURATION);
    assert_eq!(read_code(&body(&own), &asked(true)), Ok(()));
    for (identifier, by_details) in [("unknown", true), (own.as_str(), false), (CONFIGURATION, true)] {
        let refused = read_code(&body(identifier), &asked(by_details));
        assert_eq!(refused, Err(RefusalCode::UnknownCredentialIdentifier), "{identifier} {by_details}");
    }
    // Identifiers were given: one of them is to be sent.
    let body = json!({"credential_configuration_id": CONFIGURATION, "proofs": {"jwt": ["a"]}});
    assert_eq!(read_code(&body, &asked(true)), Err(RefusalCode::InvalidCredentialRequest));
}

#[test]
fn fail_unsupported_encryption_algorithm() {
    let key = DecryptionKey::generate().unwrap();
    let jwk = Jwk::of(key.public(), Some("e-1".to_owned())).unwrap();
    let json = with(&jwk.to_json().unwrap(), "alg", json!("ECDH-ES"));
    let body = |encryption: &Value| {
        json!({"credential_configuration_id": CONFIGURATION, "proofs": {"jwt": ["a"]},
            "credential_response_encryption": encryption})
    };
    for encryption in [
        json!({"jwk": json, "enc": "A128CBC-HS256"}),
        json!({"jwk": json, "enc": "A128GCM", "zip": "DEF"}),
        json!({"jwk": with(&json, "alg", json!("RSA-OAEP-256")), "enc": "A128GCM"}),
        json!({"jwk": with(&json, "crv", json!("P-384")), "enc": "A128GCM"}),
        json!({"jwk": json, "enc": 1}),
        json!({"enc": "A128GCM"}),
        json!([]),
    ] {
        let refused = read_code(&body(&encryption), &asked(false));
        assert_eq!(refused, Err(RefusalCode::InvalidEncryptionParameters), "{encryption}");
    }
    for enc in ContentEncryption::ALL {
        let body = body(&json!({"jwk": json, "enc": enc.name()}));
        let read = CredentialRequest::read(&body.to_string(), &asked(false)).unwrap();
        let sealed = read.response().seal("{}").unwrap().unwrap();
        let opened = Jwe::read(&sealed).unwrap();
        assert_eq!((opened.kid(), opened.enc()), (Some("e-1"), enc));
        assert_eq!(opened.decrypt(&key), Ok(b"{}".to_vec()));
    }
    assert_eq!(Response::Plain.seal("{}").unwrap(), None);
}
