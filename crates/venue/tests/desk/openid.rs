//! A wallet of others at a desk over real HTTP: what it fetches, what it posts, what the clerk sees, what is refused.

#![expect(
    clippy::indexing_slicing,
    reason = "helpers of tests, outside of the test functions themselves: what is missing fails the test"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse as _;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use credential::jose::Jwk;
use credential::sd_cwt::Value as Element;
use credential::status::{Status, StatusList};
use credential::x5c::{CertificateAnchors, first_of_pem};
use credential::{SigningKey, random_array};
use documents::Timestamp;
use openid4vc::claim_path::ClaimPath;
use openid4vc::dcql::Candidate;
use openid4vc::mdoc::{self, NameSpace, Validity};
use openid4vc::presentation::{Asked, Context, HeldCredential, SELF_ISSUED};
use openid4vc::sd_jwt::{self, Member};
use openid4vc::status::{ListToken, StatusReference};
use serde_json::{Value, json};
use transport::{IssuerRoot, SignerUse};
use trust::VenueKind;
use venue::openid::OpenIdSetup;
use verifier::VerifierSetup;

use crate::desk::{http, now};
use crate::service::{Served, word};
use crate::world::World;

/// The origin of the counter's page.
pub const PAGE: &str = "https://counter.example";

/// How the list of statuses answers.
const VALID: u8 = 0;
pub const REVOKED: u8 = 1;
const SUSPENDED: u8 = 2;
const AWAY: u8 = 3;
/// Valid, and in CBOR without certificates.
const BARE: u8 = 4;

/// A root of issuers or of verifiers.
pub struct Root {
    root: IssuerRoot,
    der: Vec<u8>,
}

pub struct Signer {
    key: SigningKey,
    chain: Vec<Vec<u8>>,
}

fn der(certificate: &transport::Certificate) -> Vec<u8> {
    first_of_pem(&certificate.0).unwrap()
}

impl Root {
    pub fn new(name: &str) -> Self {
        let root = IssuerRoot::new(name.to_owned(), "CN", &SigningKey::generate().unwrap()).unwrap();
        let (from, to) = days();
        let der = der(&root.certificate(from, to).unwrap());
        Self { root, der }
    }

    pub fn signer(&self, name: &str, leaf_use: SignerUse) -> Signer {
        let key = SigningKey::generate().unwrap();
        let leaf = self.root.certify(name, &["localhost".to_owned()], &key, leaf_use, days()).unwrap();
        Signer { key, chain: vec![der(&leaf)] }
    }

    pub fn anchors(&self) -> CertificateAnchors {
        CertificateAnchors::from_der([self.der.as_slice()]).unwrap()
    }
}

fn days() -> (documents::LocalDate, documents::LocalDate) {
    let today = now().local_date();
    (today.plus_days(-1), today.plus_days(300))
}

pub struct Lists {
    base: String,
    issuer: Arc<Signer>,
    pub answers: AtomicU8,
}

async fn list(State(lists): State<Arc<Lists>>, headers: HeaderMap) -> axum::response::Response {
    let mut list = StatusList::with_entries(64);
    match lists.answers.load(Ordering::SeqCst) {
        AWAY => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        REVOKED => assert!(list.set(5, Status::Invalid)),
        SUSPENDED => assert!(list.set(5, Status::Suspended)),
        _ => {}
    }
    let subject = format!("{}/list", lists.base);
    let token = ListToken { subject, issued: now(), expires: None, ttl: None, list };
    let (key, chain) = (&lists.issuer.key, &lists.issuer.chain);
    match headers[header::ACCEPT].to_str().unwrap() {
        "application/statuslist+jwt" => token.sign_jwt(key, chain).unwrap().into_response(),
        "application/statuslist+cwt" if lists.answers.load(Ordering::SeqCst) == BARE => {
            token.sign_cwt(key, &[]).unwrap().into_response()
        }
        "application/statuslist+cwt" => token.sign_cwt(key, chain).unwrap().into_response(),
        other => panic!("{other}"),
    }
}

/// Posts a form.
async fn form(client: &reqwest::Client, to: &str, pairs: &[(&str, &str)]) -> reqwest::Response {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let kind = "application/x-www-form-urlencoded";
    client.post(to).header(header::CONTENT_TYPE, kind).body(body).send().await.unwrap()
}

/// A desk that is served on the loopback, an issuer whose credentials count, and a wallet with an identity card in both forms.
pub struct Bay {
    pub served: Served,
    pub readers: Root,
    pub issuers: Root,
    pub lists: Arc<Lists>,
    pub issuer: Arc<Signer>,
    pub device: SigningKey,
    client: reqwest::Client,
}

/// A wallet's credentials.
pub struct Cards {
    pub sd_jwt: sd_jwt::Held,
    pub mdoc: mdoc::Held,
}

impl Bay {
    pub async fn new(kind: VenueKind) -> Self {
        Self::over(World::new(kind).await).await
    }

    async fn over(world: World) -> Self {
        let (issuers, readers) = (Root::new("Issuers"), Root::new("Readers"));
        let issuer = Arc::new(issuers.signer("Issuer", SignerUse::DocumentSigner));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let lists = Arc::new(Lists { base, issuer: Arc::clone(&issuer), answers: AtomicU8::new(VALID) });
        let routes = Router::new().route("/list", get(list)).with_state(Arc::clone(&lists));
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let reader = readers.signer("Specimen Desk", SignerUse::Reader);
        // The address is known before the desk is: requests name it.
        let wallets = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let verifier = VerifierSetup {
            base: format!("http://{}", wallets.local_addr().unwrap()),
            key: Arc::new(reader.key),
            chain: reader.chain,
            client: http(),
            most: 16,
        };
        let desk = world.desk.clone().with_openid(OpenIdSetup {
            verifier,
            issuers: issuers.anchors(),
            page: Some(PAGE.to_owned()),
        });
        let served = Served::of(world, desk).await;
        let public = served.public();
        tokio::spawn(async move { axum::serve(wallets, public).await.unwrap() });
        let device = SigningKey::generate().unwrap();
        Self { served, readers, issuers, lists, issuer, device, client: http() }
    }

    pub fn cards(&self) -> Cards {
        self.cards_of(&self.issuer, &self.issuers.anchors(), |_| true)
    }

    /// An identity card in both forms; claims by the names of SD-JWT, those that `has` keeps.
    pub fn cards_of(
        &self,
        issuer: &Signer,
        anchors: &CertificateAnchors,
        has: impl Fn(&str) -> bool,
    ) -> Cards {
        let holder = Jwk::of(self.device.public(), None).unwrap();
        let status = StatusReference { uri: format!("{}/list", self.lists.base), index: 5 };
        let texts = [
            ("family_name", "CANARY"),
            ("given_name", "SPECIMEN"),
            ("birth_date", "1990-05-17"),
            ("document_kind", "home_return_permit"),
            ("document_number", "H12345678"),
        ];
        let texts: Vec<_> = texts.into_iter().filter(|(name, _)| has(name)).collect();
        let mut claims: Vec<_> = texts.iter().map(|(name, text)| Member::disclosable(name, *text)).collect();
        claims.push(Member::disclosable("nationalities", json!(["CHN"])));
        claims
            .push(Member::disclosable("picture", format!("data:image/jpeg;base64,{}", STANDARD.encode([1]))));
        let expires = now().plus_seconds(86_400);
        let credential = sd_jwt::Credential {
            vct: "urn:baypass:identity-card:1",
            vct_integrity: None,
            holder: Some(&holder),
            issued: Some(now()),
            not_before: None,
            expires: Some(expires),
            status: Some(&status),
            claims: &claims,
        };
        let compact = sd_jwt::issue(&credential, &issuer.key, &issuer.chain, &mut random_array).unwrap();
        let doc_type = openid4vc::issuance::CredentialSort::IdentityCard.doctype();
        let (mut common, mut own) = (Vec::new(), Vec::new());
        for (name, text) in texts {
            let value = match name {
                "birth_date" => Element::Tag(1004, Box::new(Element::text(text))),
                _ => Element::text(text),
            };
            if name == "document_kind" { &mut own } else { &mut common }.push((name.to_owned(), value));
        }
        common.push(("nationality".to_owned(), Element::text("CHN")));
        let name_spaces = [
            NameSpace { name: "org.iso.23220.1".to_owned(), elements: common },
            NameSpace { name: doc_type.to_owned(), elements: own },
        ];
        let credential = mdoc::Credential {
            doc_type,
            name_spaces: &name_spaces,
            device: self.device.public(),
            validity: Validity { signed: now(), from: now(), until: expires },
            status: Some(&status),
        };
        let bytes = mdoc::issue(&credential, &issuer.key, &issuer.chain, &mut random_array).unwrap();
        Cards {
            sd_jwt: sd_jwt::Held::receive(&compact, anchors, self.device.public(), now()).unwrap(),
            mdoc: mdoc::Held::receive(&bytes, anchors, self.device.public(), now()).unwrap(),
        }
    }

    pub async fn ask(&self, forms: &str) -> Value {
        let asked = self.served.post("/api/openid/requests", &json!({ "forms": forms })).await;
        assert!(word(&asked, "svg").starts_with("<svg"));
        asked
    }

    /// What the wallet reads behind a link, fetched by POST with a nonce of its own.
    async fn read(&self, asked: &Value) -> Asked {
        let link = reqwest::Url::parse(&word(asked, "link")).unwrap();
        let part = |name: &str| link.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
        let (uri, client_id) = (part("request_uri"), part("client_id"));
        assert!(client_id.starts_with("x509_hash:"));
        let fetched = form(&self.client, &uri, &[("wallet_nonce", "a-nonce")]).await;
        assert_eq!(fetched.headers()[header::CONTENT_TYPE], "application/oauth-authz-req+jwt");
        let by_post = fetched.text().await.unwrap();
        let plain = self.client.get(&uri).send().await.unwrap().text().await.unwrap();
        let readers = self.readers.anchors();
        let context = Context {
            anchors: &readers,
            client_id: Some(&client_id),
            wallet_nonce: None,
            origin: None,
            audiences: &[SELF_ISSUED],
            now: now(),
        };
        let by_get = Asked::read(&plain, &context).unwrap();
        let read = Asked::read(&by_post, &Context { wallet_nonce: Some("a-nonce"), ..context }).unwrap();
        assert_eq!(read.request(), by_get.request(), "the same question by GET and by POST");
        read
    }

    fn response(&self, asked: &Asked, cards: &Cards, made: Timestamp) -> String {
        let held = [Candidate::SdJwt(&cards.sd_jwt), Candidate::Mdoc(&cards.mdoc)]
            .map(|credential| HeldCredential { credential, device: &self.device });
        asked.respond(&held, true, made).unwrap()
    }

    pub async fn post(&self, asked: &Value, response: &str) -> (StatusCode, Value) {
        self.post_form(asked, &[("response", response)]).await
    }

    async fn post_form(&self, asked: &Value, form: &[(&str, &str)]) -> (StatusCode, Value) {
        let link = word(asked, "link");
        let link = reqwest::Url::parse(&link).unwrap();
        let uri = link.query_pairs().find(|(key, _)| key == "request_uri").unwrap().1.into_owned();
        let to = uri.replace("/openid/request/", "/openid/response/");
        let sent = self::form(&self.client, &to, form).await;
        (sent.status(), serde_json::from_slice(&sent.bytes().await.unwrap()).unwrap())
    }

    pub async fn state(&self, asked: &Value) -> Value {
        self.served.get(&format!("/api/requests/{}", word(asked, "id"))).await
    }

    /// The code with which an answer is refused, as wallet and clerk hear it.
    async fn refused(&self, asked: &Value, response: &str) -> String {
        let (status, body) = self.post(asked, response).await;
        assert_eq!((status, word(&body, "error").as_str()), (StatusCode::BAD_REQUEST, "invalid_request"));
        let seen = self.state(asked).await;
        assert_eq!((&seen["state"], &seen["code"]), (&json!("refused"), &body["code"]), "{seen}");
        word(&body, "code")
    }
}

#[tokio::test]
async fn a_wallet_of_others_shows_either_form_and_both_to_a_hotel_and_the_guest_is_registered() {
    let bay = Bay::new(VenueKind::Hotel).await;
    assert_eq!(bay.served.get("/api/desk").await["openid"], true);
    let cards = bay.cards();
    for (line, forms) in ["sd_jwt", "mdoc", "both", "either"].into_iter().enumerate() {
        let asked = bay.ask(forms).await;
        assert_eq!(bay.state(&asked).await["state"], "waiting");
        let response = bay.response(&bay.read(&asked).await, &cards, now());
        let (status, body) = bay.post(&asked, &response).await;
        assert_eq!(status, StatusCode::OK, "{forms}: {body}");
        let redirect = word(&body, "redirect_uri");
        assert_eq!(bay.client.get(&redirect).send().await.unwrap().status(), StatusCode::OK);
        let other = bay.client.get(format!("{redirect}x")).send().await.unwrap();
        assert_eq!(other.status(), StatusCode::NOT_FOUND, "a response code that nobody got");
        let seen = bay.state(&asked).await;
        assert_eq!(seen["state"], "answered", "{forms}");
        assert_eq!(seen["claims"]["name"], "CANARY, SPECIMEN");
        assert_eq!(seen["claims"]["document_number"], "H12345678");
        assert_eq!(seen["claims"]["birth_date"], "1990-05-17");
        assert!(seen.get("needs").is_none(), "{seen}");
        let party = json!({ "party": format!("{line:032x}"), "planned": "2026-12-01",
            "lines": [{ "line": 0, "answer": seen["id"], "room": "101" }] });
        let done = bay.served.post("/api/check-ins", &party).await;
        assert_eq!(done["lines"][0]["result"], "new", "{forms}: {done}");
        assert_eq!(bay.state(&asked).await["state"], "used");
    }
}

#[tokio::test]
async fn a_building_hears_the_kind_of_document_and_what_else_its_visitor_has() {
    let bay = Bay::new(VenueKind::Building).await;
    for (has_given, name) in [(true, "CANARY, SPECIMEN"), (false, "CANARY")] {
        let cards = bay.cards_of(&bay.issuer, &bay.issuers.anchors(), |one| has_given || one != "given_name");
        for forms in ["sd_jwt", "mdoc", "both"] {
            let asked = bay.ask(forms).await;
            let response = bay.response(&bay.read(&asked).await, &cards, now());
            assert_eq!(bay.post(&asked, &response).await.0, StatusCode::OK, "{forms}");
            let claims = bay.state(&asked).await["claims"].clone();
            assert_eq!(claims, json!({ "document_kind": "home_return_permit", "name": name }), "{forms}");
        }
    }
}

#[tokio::test]
async fn an_answer_counts_once_for_its_own_request_and_in_time() {
    let bay = Bay::new(VenueKind::Hotel).await;
    let cards = bay.cards();
    let (asked, other) = (bay.ask("sd_jwt").await, bay.ask("sd_jwt").await);
    let read = bay.read(&asked).await;
    let response = bay.response(&read, &cards, now());
    assert_eq!(bay.refused(&other, &response).await, "response_other_key");
    let first = bay.post(&asked, &response).await;
    assert_eq!(first.0, StatusCode::OK, "{}", first.1);
    assert_eq!(bay.post(&asked, &response).await, first, "the same again gets the same address");
    let second = bay.response(&read, &cards, now());
    let (status, body) = bay.post(&asked, &second).await;
    assert_eq!((status, word(&body, "code").as_str()), (StatusCode::BAD_REQUEST, "answered_already"));
    let (status, body) = bay.post_form(&other, &[("error", "access_denied")]).await;
    assert_eq!((status, body), (StatusCode::OK, json!({})));
    assert_eq!(bay.state(&other).await["code"], "openid_declined");
    let unknown = word(&asked, "link").replace(&word(&asked, "id"), &"0".repeat(32));
    let (status, body) = bay.post(&json!({ "link": unknown }), &response).await;
    assert_eq!((status, word(&body, "code").as_str()), (StatusCode::NOT_FOUND, "request_unknown"));
    // By a clock that is past the end of the request.
    let (late, waits) = (now().plus_seconds(301), bay.ask("mdoc").await);
    let made = bay.response(&bay.read(&waits).await, &cards, now());
    let form = format!("response={made}");
    let lists = bay.served.world.held_with(|held| held.heard = Some(late));
    let id = word(&waits, "id").parse().unwrap();
    let taken = bay.served.desk.take_openid(id, form.as_bytes(), [1; 16], &lists, late).await;
    assert_eq!(taken.unwrap_err().code(), "response_late");
    assert_eq!(bay.served.desk.openid_object(id, None, &lists, late).unwrap_err().code(), "request_unknown");
}

#[tokio::test]
async fn a_presentation_for_another_verifier_or_another_nonce_is_refused() {
    let (bay, elsewhere) = (Bay::new(VenueKind::Hotel).await, Bay::new(VenueKind::Hotel).await);
    for forms in ["sd_jwt", "mdoc"] {
        let (asked, other) = (bay.ask(forms).await, bay.ask(forms).await);
        let foreign = elsewhere.ask(forms).await;
        let cards = bay.cards();
        let (own, next) = (bay.read(&asked).await, bay.read(&other).await);
        let away = elsewhere.read(&foreign).await;
        for (read, of_json) in [(&next, "key_binding_nonce"), (&away, "key_binding_nonce")] {
            let token = bay.token(read, &cards, forms);
            let response = own.encrypt(&token).unwrap();
            let code = if forms == "sd_jwt" { of_json } else { "mdoc_device_signature" };
            assert_eq!(bay.refused(&asked, &response).await, code, "{forms}");
        }
        if forms == "sd_jwt" {
            // The right nonce, said to another desk.
            let response = own.encrypt(&bay.said_to(&away.request().client_id.to_string(), &own, &cards));
            assert_eq!(bay.refused(&asked, &response.unwrap()).await, "key_binding_audience");
        }
    }
}

impl Bay {
    /// The SD-JWT with the nonce of a request, for this audience.
    fn said_to(&self, audience: &str, read: &Asked, cards: &Cards) -> Value {
        let to = sd_jwt::Presentation { audience, nonce: &read.request().nonce, made: now() };
        let names =
            ["family_name", "given_name", "birth_date", "nationalities", "document_kind", "document_number"];
        let paths = names.map(|name| ClaimPath::of_names(&[name]).unwrap());
        let shown = cards.sd_jwt.present(&cards.sd_jwt.select(&paths), to, &self.device).unwrap();
        json!({ "identity-card-sd-jwt": [shown] })
    }

    /// A `vp_token` for the request that was read, as its wallet would encrypt it.
    fn token(&self, read: &Asked, cards: &Cards, forms: &str) -> Value {
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let request = read.request();
        if forms == "sd_jwt" {
            return self.said_to(&request.client_id.to_string(), read, cards);
        }
        let openid4vc::presentation::Channel::Redirect { response_uri } = &request.channel else {
            panic!("by a form")
        };
        let thumbprint = request.encryption.thumbprint().unwrap();
        let transcript = mdoc::SessionTranscript::redirect(
            &request.client_id.to_string(),
            &request.nonce,
            Some(thumbprint.as_bytes()),
            response_uri,
        );
        let shown = cards.mdoc.present(|_, _| true, &transcript, &self.device).unwrap();
        json!({ "identity-card-mdoc": [URL_SAFE_NO_PAD.encode(shown)] })
    }
}

#[tokio::test]
async fn a_credential_of_an_unknown_issuer_or_that_tells_less_than_was_asked_is_refused() {
    let bay = Bay::new(VenueKind::Hotel).await;
    let strangers = Root::new("Strangers");
    let stranger = strangers.signer("Stranger", SignerUse::DocumentSigner);
    let cards = bay.cards_of(&stranger, &strangers.anchors(), |_| true);
    let less = bay.cards_of(&bay.issuer, &bay.issuers.anchors(), |one| one != "document_number");
    for forms in ["sd_jwt", "mdoc"] {
        let asked = bay.ask(forms).await;
        let read = bay.read(&asked).await;
        let code = bay.refused(&asked, &bay.response(&read, &cards, now())).await;
        assert_eq!(code, "certificate_unknown", "{forms}");
        let response = read.encrypt(&bay.token(&read, &less, forms)).unwrap();
        assert_eq!(bay.refused(&asked, &response).await, "answer_claim_missing", "{forms}");
    }
    let asked = bay.ask("both").await;
    let read = bay.read(&asked).await;
    let response = read.encrypt(&bay.token(&read, &bay.cards(), "mdoc")).unwrap();
    assert_eq!(bay.refused(&asked, &response).await, "answer_incomplete", "one form where both were asked");
    let (_, body) = bay.post_form(&asked, &[("vp_token", "{}")]).await;
    assert_eq!(body["code"], "response_not_encrypted");
}

#[tokio::test]
async fn a_credential_counts_by_its_issuers_list_and_one_that_cannot_be_had_refuses() {
    for (answers, code) in [
        (REVOKED, "presentation_revoked"),
        (SUSPENDED, "presentation_suspended"),
        (AWAY, "openid_status_unavailable"),
    ] {
        let bay = Bay::new(VenueKind::Hotel).await;
        bay.lists.answers.store(answers, Ordering::SeqCst);
        for forms in ["sd_jwt", "mdoc"] {
            let asked = bay.ask(forms).await;
            let response = bay.response(&bay.read(&asked).await, &bay.cards(), now());
            assert_eq!(bay.refused(&asked, &response).await, code, "{forms}");
        }
        if answers == AWAY {
            // Once it is back, the same request can be answered; what was fetched then serves for its time.
            bay.lists.answers.store(VALID, Ordering::SeqCst);
            for _ in 0..2 {
                let asked = bay.ask("mdoc").await;
                let response = bay.response(&bay.read(&asked).await, &bay.cards(), now());
                assert_eq!(bay.post(&asked, &response).await.0, StatusCode::OK);
                bay.lists.answers.store(AWAY, Ordering::SeqCst);
            }
        }
    }
}

#[tokio::test]
async fn a_list_in_cbor_without_certificates_counts_under_the_credentials_own_signer() {
    let bay = Bay::new(VenueKind::Hotel).await;
    bay.lists.answers.store(BARE, Ordering::SeqCst);
    let asked = bay.ask("mdoc").await;
    let response = bay.response(&bay.read(&asked).await, &bay.cards(), now());
    assert_eq!(bay.post(&asked, &response).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_desk_asks_no_wallet_of_others_where_it_may_not_or_is_not_set_up() {
    let bay = Bay::new(VenueKind::Hotel).await;
    bay.served.world.lists.lock().unwrap().approvals = trust::Approvals::default();
    let refused = bay.served.counter("POST", "/api/openid/requests", &json!({})).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::FORBIDDEN, "approval_unknown"));
    let plain = Served::new(VenueKind::Hotel).await;
    let refused = plain.counter("POST", "/api/openid/requests", &json!({})).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::CONFLICT, "openid_not_set_up"));
    let wrong = plain.counter("POST", "/api/openid/requests", &json!({ "forms": "paper" })).await;
    assert_eq!(wrong.code(), "wrong_field");
}
