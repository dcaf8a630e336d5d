//! Wallets of others: the whole HAIP flow over HTTP, and what each endpoint refuses. Tests are named after the modules of the OpenID
//! conformance suite where one asks for the same (`oid4vci-1_0-issuer-...`, FAPI 2.0).

mod refusals;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use authority::OpenIdIssuer;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use credential::SigningKey;
use credential::dpop::{DpopRequest, sign_dpop};
use credential::jose::{Jwk, UnverifiedJws, sign_jws};
use credential::status::Status;
use credential::x5c::{CertificateAnchors, LeafUse, verify_x5c};
use documents::Timestamp;
use openid4vc::issuance::Endpoints;
use openid4vc::{mdoc, sd_jwt};
use serde_json::{Map, Value, json};
use test_support::SignerChain;
use verifier::VerifierSetup;

use crate::bay::{Bay, in_memory, photographs, strangers};
use crate::door::{Answer, Door, OFFICER, b64, un64};
use crate::http::MORNING;

const ISSUER: &str = "https://chn.example";
const CARD: &str = "110101199003071233";
const HOLDER: &str = "SPECIMEN, INTEROP LAN";
const HELD: &str = r#"{
  "person": {"name": "SPECIMEN, INTEROP LAN", "name_zh": "样本兰", "birth": "1990-03-07", "home": "CHN"},
  "documents": [{"kind": "mainland_id", "number": "110101199003071233", "expires": "2036-01-01"},
    {"kind": "exit_entry_permit", "number": "CA7654321", "expires": "2030-01-01",
     "endorsements": [{"kind": "G", "destination": "HKG", "from": "2026-01-10", "to": "2026-04-09", "entries": 2}]}]
}"#;
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const BACK: &str = "https://wallet.example/cb";

/// A wallet of others: its maker, its keys, and the authority that it asks.
struct Wallet<'d> {
    door: &'d Door,
    maker: &'d SignerChain,
    instance: SigningKey,
    dpop: SigningKey,
    drawn: AtomicU64,
}

fn jwk(key: &SigningKey) -> Value {
    Jwk::of(key.public(), None).unwrap().to_json().unwrap()
}

fn signed(key: &SigningKey, header: &Value, claims: &Value) -> String {
    let header: Map<String, Value> = header.as_object().unwrap().clone();
    sign_jws(key, &header, claims.to_string().as_bytes()).unwrap()
}

fn form(pairs: &[(&str, &str)]) -> Vec<u8> {
    let escaped = |text: &str| {
        text.bytes().fold(String::new(), |out, byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out + &char::from(byte).to_string()
            }
            _ => out + &format!("%{byte:02X}"),
        })
    };
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    pairs.join("&").into_bytes()
}

fn error(answer: &Answer) -> String {
    let body = answer.json();
    assert!(body["error_description"].as_str().is_some_and(|text| text.len() > 5), "{body}");
    assert_eq!(answer.header("cache-control"), "no-store");
    body["error"].as_str().unwrap().to_owned()
}

impl<'d> Wallet<'d> {
    fn new(door: &'d Door, maker: &'d SignerChain) -> Self {
        let key = || SigningKey::generate().unwrap();
        Self { door, maker, instance: key(), dpop: key(), drawn: AtomicU64::new(0) }
    }

    fn now(&self) -> i64 {
        self.door.clock.load(Ordering::SeqCst)
    }

    fn attestation(&self) -> String {
        let key = SigningKey::from_pkcs8(&self.maker.key).unwrap();
        let claims = json!({"sub": "wallet-1", "exp": self.now() + 300, "cnf": {"jwk": jwk(&self.instance)}});
        let header =
            json!({"typ": "oauth-client-attestation+jwt", "x5c": [STANDARD.encode(&self.maker.leaf)]});
        signed(&key, &header, &claims)
    }

    fn pop(&self) -> String {
        let id = self.drawn.fetch_add(1, Ordering::SeqCst);
        let claims = json!({"aud": ISSUER, "jti": format!("p-{id}"), "iat": self.now()});
        signed(&self.instance, &json!({"typ": "oauth-client-attestation-pop+jwt"}), &claims)
    }

    fn proof(
        &self,
        key: &SigningKey,
        path: &str,
        token: Option<&str>,
        nonce: Option<&str>,
        at: i64,
    ) -> String {
        let id = u128::from(self.drawn.fetch_add(1, Ordering::SeqCst)).to_be_bytes();
        let url = format!("{}{path}", self.door.base);
        let request = DpopRequest { method: "POST", url: &url, token, nonce };
        sign_dpop(key, request, id, Timestamp::from_unix(at).unwrap()).unwrap()
    }

    /// The nonce of the authority's proofs of keys, and of its DPoP.
    async fn nonces(&self) -> (String, String) {
        let answer = self.door.call("POST", "/openid/nonce", &[], Vec::new()).await.is(200);
        (answer.json()["c_nonce"].as_str().unwrap().to_owned(), answer.header("dpop-nonce").to_owned())
    }

    /// A request to the authorization server, as it should be but for what a test changes.
    async fn server(&self, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let (_, nonce) = self.nonces().await;
        let proof = self.proof(&self.dpop, path, None, Some(&nonce), self.now());
        self.server_with(path, pairs, &self.attestation(), &self.pop(), &proof).await
    }

    async fn server_with(
        &self,
        path: &str,
        pairs: &[(&str, &str)],
        attestation: &str,
        pop: &str,
        proof: &str,
    ) -> Answer {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("oauth-client-attestation", attestation),
            ("oauth-client-attestation-pop", pop),
            ("dpop", proof),
        ];
        let headers: Vec<_> = headers.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        self.door.call("POST", path, &headers, form(pairs)).await
    }

    async fn push(&self, scope: &str) -> String {
        let answer = self.server("/openid/par", &pushed(scope)).await.is(201);
        answer.json()["request_uri"].as_str().unwrap().to_owned()
    }

    async fn redeem(&self, code: &str) -> Answer {
        self.server("/openid/token", &token_request(code)).await
    }

    /// An access token for these scopes, signed in for.
    async fn access(&self, bay: &Bay, scope: &str, live: &[u8]) -> String {
        let uri = self.push(scope).await;
        let back = sign_in(self.door, bay, &uri, live).await;
        let answer = self.redeem(&code_in(&back)).await.is(200).json();
        assert_eq!(answer["token_type"], "DPoP");
        answer["access_token"].as_str().unwrap().to_owned()
    }

    async fn resource(&self, path: &str, token: &str, body: &Value) -> Answer {
        let (_, nonce) = self.nonces().await;
        let proof = self.proof(&self.dpop, path, Some(token), Some(&nonce), self.now());
        self.resource_with(path, &format!("DPoP {token}"), &proof, body).await
    }

    async fn resource_with(&self, path: &str, authorization: &str, proof: &str, body: &Value) -> Answer {
        let headers =
            [("content-type", "application/json"), ("authorization", authorization), ("dpop", proof)];
        let headers: Vec<_> = headers.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        self.door.call("POST", path, &headers, body.to_string().into_bytes()).await
    }

    async fn proofs(&self, keys: &[SigningKey]) -> Value {
        let (nonce, _) = self.nonces().await;
        let one = |key: &SigningKey| {
            let claims = json!({"aud": ISSUER, "iat": self.now(), "nonce": nonce});
            signed(key, &json!({"typ": "openid4vci-proof+jwt", "jwk": jwk(key)}), &claims)
        };
        json!({"jwt": keys.iter().map(one).collect::<Vec<_>>()})
    }

    async fn take(&self, token: &str, id: &str, keys: &[SigningKey]) -> Answer {
        let body =
            json!({"credential_configuration_id": id, "proofs": self.proofs(keys).await, "unknown": 1});
        self.resource("/openid/credential", token, &body).await
    }
}

fn pushed(scope: &str) -> Vec<(&str, &str)> {
    vec![
        ("response_type", "code"),
        ("client_id", "wallet-1"),
        ("redirect_uri", BACK),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("scope", scope),
        ("state", "s-1"),
        ("unknown", "ignored"),
    ]
}

fn token_request(code: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
        ("client_id", "wallet-1"),
    ]
}

fn code_in(back: &str) -> String {
    assert!(back.starts_with(BACK) && back.contains("state=s-1"), "{back}");
    assert!(back.contains("iss=https%3A%2F%2Fchn.example"), "RFC 9207: {back}");
    let code = back.split(['?', '&']).find_map(|pair| pair.strip_prefix("code="));
    code.unwrap_or_else(|| panic!("no code: {back}")).to_owned()
}

fn claim(uri: &str, invitation: &str) -> Value {
    json!({"request_uri": uri, "client_id": "wallet-1", "document": {"kind": "mainland_id", "number": CARD},
        "name": HOLDER, "birth": "1990-03-07", "invitation": invitation})
}

async fn invitation(bay: &Bay) -> String {
    let number = documents::DocumentNumber::recognise(CARD).unwrap();
    bay.chn.invite(&number, false, bay.now).await.unwrap().code.printed()
}

async fn json_post(door: &Door, path: &str, body: &Value) -> Answer {
    door.call("POST", path, &[("content-type", "application/json")], body.to_string().into_bytes()).await
}

async fn sign_in(door: &Door, bay: &Bay, uri: &str, live: &[u8]) -> String {
    let begun = json_post(door, "/openid/sign-in", &claim(uri, &invitation(bay).await)).await.is(201).json();
    let path = format!("/openid/sign-in/{}/frames", begun["id"].as_str().unwrap());
    let frames =
        json!({"request_uri": uri, "client_id": "wallet-1", "frames": [{"at_ms": 0, "picture": b64(live)}]});
    let answer = json_post(door, &path, &frames).await.is(200).json();
    answer["redirect"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// By what an authority asks wallets of others for an identity: a key and certificates of its own.
pub struct Reader {
    pub setup: VerifierSetup,
    pub root_pem: String,
}

impl Reader {
    pub fn anchors(&self) -> CertificateAnchors {
        CertificateAnchors::from_pem(&self.root_pem).unwrap()
    }
}

pub fn reader() -> Reader {
    let chain = SignerChain::new("Reader", &["chn.example"], Some(&[1, 0, 18013, 5, 1, 6]));
    let setup = VerifierSetup {
        base: ISSUER.to_owned(),
        key: Arc::new(SigningKey::from_pkcs8(&chain.key).unwrap()),
        chain: vec![chain.leaf],
        client: crate::door::client(),
        most: 16,
    };
    Reader { setup, root_pem: chain.root_pem }
}

/// A sign-in for a request that is not there.
pub async fn signs_in_for_nothing(bay: &Bay) -> &'static str {
    let maker = SignerChain::new("Maker", &["maker.example"], None);
    let issuer = OpenIdIssuer {
        endpoints: Endpoints::of(ISSUER),
        key: Arc::new(SigningKey::generate().unwrap()),
        chain: Vec::new(),
        root: Vec::new(),
        revoked: transport::RevocationList::default(),
        makers: CertificateAnchors::from_pem(&maker.root_pem).unwrap(),
        reader: reader().setup,
    };
    let door = Door::open_to_others(&bay.chn, bay, issuer).await;
    let answer = json_post(&door, "/openid/sign-in", &claim("urn:none", "")).await;
    door.problem(&answer, "openid_sign_in", "unknown_request");
    "unknown_request"
}

struct Stage {
    bay: Bay,
    door: Door,
    maker: SignerChain,
    roots: CertificateAnchors,
    revoked: transport::RevocationList,
    live: Vec<u8>,
    stranger: Vec<u8>,
}

/// An authority with one resident, a signer of credentials, and a maker of wallets whom it trusts; `None` (said loudly) without
/// photographs.
async fn stage(test: &str) -> Option<Stage> {
    let (photo, live, stranger) = photographs(test)?;
    let bay = strangers(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(HELD, &photo, bay.now).await.unwrap();
    let signer = SignerChain::new("Signer", &["chn.example"], Some(&[1, 0, 18013, 5, 1, 2]));
    let maker = SignerChain::new("Maker", &["maker.example"], None);
    let revoked = transport::RevocationList::default();
    let issuer = OpenIdIssuer {
        endpoints: Endpoints::of(ISSUER),
        key: Arc::new(SigningKey::from_pkcs8(&signer.key).unwrap()),
        chain: vec![signer.leaf.clone()],
        root: signer.root.clone(),
        revoked: revoked.clone(),
        makers: CertificateAnchors::from_pem(&maker.root_pem).unwrap(),
        reader: reader().setup,
    };
    let door = Door::open_to_others(&bay.chn, &bay, issuer).await;
    let roots = CertificateAnchors::from_pem(&signer.root_pem).unwrap();
    Some(Stage { bay, door, maker, roots, revoked, live, stranger })
}

fn keys(count: usize) -> Vec<SigningKey> {
    (0..count).map(|_| SigningKey::generate().unwrap()).collect()
}

fn texts(answer: &Value) -> Vec<String> {
    let all = answer["credentials"].as_array().unwrap_or_else(|| panic!("{answer}"));
    all.iter().map(|one| one["credential"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn metadata_test_and_metadata_test_signed() {
    let Some(stage) = stage("openid: metadata").await else { return };
    let (door, now) = (&stage.door, stage.bay.now);
    let metadata = door.call("GET", "/.well-known/openid-credential-issuer", &[], Vec::new()).await.is(200);
    let metadata = metadata.json();
    assert_eq!(metadata["credential_issuer"], ISSUER);
    assert!(metadata["nonce_endpoint"].as_str().unwrap().starts_with("https://"));
    let configurations = metadata["credential_configurations_supported"].as_object().unwrap();
    for (id, one) in configurations {
        assert_eq!(one["scope"], *id, "HAIP: a scope for every configuration");
        let expected = if one["format"] == "mso_mdoc" { json!([-7]) } else { json!(["ES256"]) };
        assert_eq!(one["credential_signing_alg_values_supported"], expected);
    }
    let signed = door.call(
        "GET",
        "/.well-known/openid-credential-issuer",
        &[("accept", "application/jwt")],
        Vec::new(),
    );
    let signed = signed.await.is(200);
    assert_eq!(signed.header("content-type"), "application/jwt");
    let text = signed.text();
    let read = UnverifiedJws::read(&text, 65_536).unwrap().of_type("openidvci-issuer-metadata+jwt").unwrap();
    let chain = read.header().x5c.clone().unwrap();
    let leaf = verify_x5c(&chain, &stage.roots, LeafUse::DocumentSigner, now).unwrap();
    let claims: Value = serde_json::from_slice(read.verify(&leaf.key).unwrap()).unwrap();
    assert_eq!((&claims["sub"], &claims["credential_issuer"]), (&json!(ISSUER), &json!(ISSUER)));
    let server =
        door.call("GET", "/.well-known/oauth-authorization-server", &[], Vec::new()).await.is(200).json();
    assert_eq!(server["issuer"], ISSUER);
    assert_eq!(server["require_pushed_authorization_requests"], true);
    assert_eq!(server["code_challenge_methods_supported"], json!(["S256"]));
    let root = door.call("GET", "/openid/root.cer", &[], Vec::new()).await.is(200);
    assert!(CertificateAnchors::from_der([root.body.as_slice()]).is_ok());
    // Until the first list of revoked certificates is signed there is none to give.
    let list = door.call("GET", "/openid/root.crl", &[], Vec::new()).await;
    door.problem(&list, "revoked_certificates", "not_found");
    stage.revoked.put(b"a list".to_vec());
    let list = door.call("GET", "/openid/root.crl", &[], Vec::new()).await.is(200);
    assert_eq!((list.header("content-type"), list.body.as_slice()), ("application/pkix-crl", &b"a list"[..]));
    // An authority that issues to nobody but its own wallets has nothing at these addresses.
    let bare = Door::open(&stage.bay.mac, &stage.bay).await;
    for path in ["/.well-known/openid-credential-issuer", "/openid/root.cer", "/openid/status-lists/1"] {
        let answer = bare.call("GET", path, &[], Vec::new()).await;
        bare.problem(&answer, "", "not_found");
    }
}

#[tokio::test]
async fn happy_flow_gives_both_formats_bound_to_the_wallets_keys_and_batches_that_cannot_be_joined() {
    let Some(stage) = stage("openid: happy flow").await else { return };
    let wallet = Wallet::new(&stage.door, &stage.maker);
    let scope = "identity-card-sd-jwt photo-id-mdoc travel-permit-sd-jwt";
    let token = wallet.access(&stage.bay, scope, &stage.live).await;
    let own = keys(5);
    let answer = wallet.take(&token, "identity-card-sd-jwt", &own).await.is(200).json();
    let copies = texts(&answer);
    assert_eq!(copies.len(), 5);
    let (mut linking, mut places) = (BTreeSet::new(), BTreeSet::new());
    for (compact, key) in copies.iter().zip(&own) {
        sd_jwt::Held::receive(compact, &stage.roots, key.public(), stage.bay.now).unwrap();
        let (jws, rest) = compact.split_once('~').unwrap();
        let payload: Value =
            serde_json::from_slice(UnverifiedJws::read(jws, 65_536).unwrap().unverified_payload()).unwrap();
        assert_eq!(payload["iat"].as_i64().unwrap() % 3600, 0, "no exact time: {payload}");
        assert!(places.insert(payload["status"]["status_list"]["idx"].as_u64().unwrap()));
        for disclosure in rest.split('~').filter(|text| !text.is_empty()) {
            assert!(linking.insert(disclosure.to_owned()), "a salt stands in two copies");
        }
        for digest in payload["_sd"].as_array().unwrap() {
            assert!(linking.insert(digest.as_str().unwrap().to_owned()), "a digest stands in two copies");
        }
        let shown = payload.to_string();
        for hidden in ["INTEROP", CARD, "1990"] {
            assert!(!shown.contains(hidden), "{hidden} is disclosed to everybody");
        }
    }
    // Several requests by one access token, and several by one nonce.
    let more = keys(2);
    let answer = wallet.take(&token, "photo-id-mdoc", &more).await.is(200).json();
    for (text, key) in texts(&answer).iter().zip(&more) {
        let held =
            mdoc::Held::receive(&un64(&json!(text)), &stage.roots, key.public(), stage.bay.now).unwrap();
        let elements: BTreeSet<String> = held.elements().map(|(_, name, _)| name.to_owned()).collect();
        for name in
            ["family_name", "given_name", "birth_date", "portrait", "document_number", "issuing_country"]
        {
            assert!(elements.contains(name), "{name}: {elements:?}");
        }
    }
    let answer = wallet.take(&token, "travel-permit-sd-jwt", &keys(1)).await.is(200).json();
    assert_eq!(texts(&answer).len(), 1);
    // A key is bound once.
    let again = wallet.take(&token, "identity-card-sd-jwt", &own).await.is(400);
    assert_eq!(error(&again), "invalid_proof");
    // No pass came of it, and none waits.
    assert!(stage.bay.chn.second_enrolments(stage.bay.now).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_lost_document_revokes_what_wallets_of_others_hold_in_both_forms_of_the_list() {
    let Some(stage) = stage("openid: revocation").await else { return };
    let wallet = Wallet::new(&stage.door, &stage.maker);
    let token = wallet.access(&stage.bay, "identity-card-sd-jwt", &stage.live).await;
    let answer = wallet.take(&token, "identity-card-sd-jwt", &keys(1)).await.is(200).json();
    let compact = texts(&answer).remove(0);
    let jws = compact.split('~').next().unwrap();
    let payload: Value =
        serde_json::from_slice(UnverifiedJws::read(jws, 65_536).unwrap().unverified_payload()).unwrap();
    let place = &payload["status"]["status_list"];
    let (uri, index) =
        (place["uri"].as_str().unwrap(), u32::try_from(place["idx"].as_u64().unwrap()).unwrap());
    let path = uri.strip_prefix(ISSUER).unwrap();
    let status = async || {
        let jwt = stage.door.call("GET", path, &[], Vec::new()).await.is(200);
        assert_eq!(jwt.header("content-type"), "application/statuslist+jwt");
        let text = jwt.text();
        let read = UnverifiedJws::read(&text, 1 << 24).unwrap().of_type("statuslist+jwt").unwrap();
        let leaf = verify_x5c(
            &read.header().x5c.clone().unwrap(),
            &stage.roots,
            LeafUse::DocumentSigner,
            stage.bay.now,
        );
        let claims: Value = serde_json::from_slice(read.verify(&leaf.unwrap().key).unwrap()).unwrap();
        assert_eq!((claims["sub"].as_str(), &claims["status_list"]["bits"]), (Some(uri), &json!(2)));
        assert!(claims["ttl"].as_u64().unwrap() > 0 && claims["exp"].as_i64() > claims["iat"].as_i64());
        let cwt = stage
            .door
            .call("GET", path, &[("accept", "application/statuslist+cwt")], Vec::new())
            .await
            .is(200);
        assert_eq!(cwt.header("content-type"), "application/statuslist+cwt");
        let list =
            openid4vc::status::ListToken::read_cwt(&cwt.body, uri, &stage.roots, stage.bay.now).unwrap().list;
        let packed = list.compressed().unwrap();
        assert_eq!(un64(&claims["status_list"]["lst"]), packed, "both forms say the same");
        list.get(index).unwrap()
    };
    assert_eq!(status().await, Status::Valid);
    let lose = json!({"document": {"kind": "mainland_id", "number": CARD}});
    stage.door.send("POST", "/v1/residents/lose", Some(OFFICER), &lose).await.is(204);
    assert_eq!(status().await, Status::Invalid);
    let refused = wallet.take(&token, "identity-card-sd-jwt", &keys(1)).await.is(400);
    assert_eq!(error(&refused), "credential_request_denied");
}

#[tokio::test]
async fn a_wallet_tells_what_became_of_credentials_and_deleted_ones_are_revoked() {
    let Some(stage) = stage("openid: notification").await else { return };
    let wallet = Wallet::new(&stage.door, &stage.maker);
    let token = wallet.access(&stage.bay, "identity-card-sd-jwt", &stage.live).await;
    let answer = wallet.take(&token, "identity-card-sd-jwt", &keys(1)).await.is(200).json();
    let id = answer["notification_id"].as_str().unwrap();
    let tell = async |id: &str, event: &str| {
        wallet.resource("/openid/notification", &token, &json!({"notification_id": id, "event": event})).await
    };
    for event in ["credential_accepted", "credential_accepted", "credential_deleted", "credential_deleted"] {
        tell(id, event).await.is(204);
    }
    assert_eq!(error(&tell("unknown", "credential_accepted").await.is(400)), "invalid_notification_id");
    assert_eq!(error(&tell(&b64(&[1; 32]), "credential_accepted").await.is(400)), "invalid_notification_id");
    assert_eq!(error(&tell(id, "credential_eaten").await.is(400)), "invalid_notification_request");
    let other = Wallet::new(&stage.door, &stage.maker);
    let theirs = other.access(&stage.bay, "identity-card-sd-jwt", &stage.live).await;
    let body = json!({"notification_id": b64(&[2; 32]), "event": "credential_deleted"});
    let answer = other.resource("/openid/notification", &theirs, &body).await.is(400);
    assert_eq!(error(&answer), "invalid_notification_id");
    let answer = wallet
        .resource("/openid/deferred-credential", &token, &json!({"transaction_id": b64(&[3; 32])}))
        .await;
    assert_eq!(error(&answer.is(400)), "invalid_transaction_id");
}
