//! An identity credential of another system in place of typed numbers: who is enrolled by it, and who is not.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use authority::OpenIdIssuer;
use credential::jose::Jwk;
use credential::sd_cwt::Value as Element;
use credential::x5c::CertificateAnchors;
use credential::{SigningKey, random_array};
use documents::AuthorityCode::Mac;
use documents::{DocumentKind, DocumentNumber};
use openid4vc::dcql::Candidate;
use openid4vc::issuance::Endpoints;
use openid4vc::mdoc::{self, NameSpace, Validity};
use openid4vc::presentation::{Asked, Channel, Context, HeldCredential, SELF_ISSUED};
use openid4vc::sd_jwt::{self, Member};
use openid4vc::status::StatusReference;
use serde_json::{Value, json};
use test_support::SignerChain;

use crate::bay::{
    BIRTH, Bay, FOREIGN, FOREIGN_DOCTYPE, FOREIGN_ELSEWHERE, FOREIGN_VCT, NUMBER, RECORD, in_memory,
    invitation, photographs, strangers,
};
use crate::door::{Answer, Door, b64};
use crate::http::MORNING;
use crate::openid::reader;

const ISSUER: &str = "https://chn.example";

/// What a credential of another system says, and who says it.
#[derive(Clone, Copy)]
struct Told {
    issuer: &'static SignerChain,
    vct: &'static str,
    /// Names of claims, and their texts.
    claims: &'static [(&'static str, &'static str)],
    status: bool,
}

const OWN: &[(&str, &str)] = &[
    ("family_name", "Specimen Li Na"),
    ("birth_date", BIRTH),
    ("document_number", NUMBER),
    ("nationality", "CHN"),
];

fn own() -> Told {
    Told { issuer: &FOREIGN, vct: FOREIGN_VCT, claims: OWN, status: false }
}

struct Stage {
    bay: Bay,
    door: Door,
    /// The device key of the wallet that enrols.
    device: SigningKey,
    /// The device key of the other wallet's credentials.
    holder: SigningKey,
    readers: CertificateAnchors,
    live: Vec<u8>,
    stranger: Vec<u8>,
}

async fn stage(test: &str) -> Option<Stage> {
    let (photo, live, stranger) = photographs(test)?;
    let bay = strangers(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let asks = reader();
    let root = SignerChain::new("Signer", &["chn.example"], None);
    let issuer = OpenIdIssuer {
        endpoints: Endpoints::of(ISSUER),
        key: Arc::new(SigningKey::from_pkcs8(&root.key).unwrap()),
        chain: vec![root.leaf],
        root: root.root,
        revoked: transport::RevocationList::default(),
        makers: CertificateAnchors::default(),
        reader: asks.setup.clone(),
    };
    let door = Door::open_to_others(&bay.chn, &bay, issuer).await;
    let [device, holder] = [(); 2].map(|()| SigningKey::generate().unwrap());
    Some(Stage { bay, door, device, holder, readers: asks.anchors(), live, stranger })
}

fn path(url: &str) -> &str {
    url.strip_prefix(ISSUER).unwrap()
}

impl Stage {
    async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.door.send_by(&self.device, method, path, None, body).await
    }

    /// A new request: its id, and what the other wallet reads behind its link.
    async fn ask(&self) -> (String, Asked) {
        let asked = self.send("POST", "/v1/identity-requests", &Value::Null).await.is(201).json();
        let link = reqwest::Url::parse(asked["link"].as_str().unwrap()).unwrap();
        let part = |name: &str| link.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let uri = part("request_uri");
        let object = self.door.call("POST", path(&uri), &form, b"wallet_nonce=a-nonce".to_vec()).await;
        let object = object.is(200).text();
        let client_id = part("client_id");
        let context = Context {
            anchors: &self.readers,
            client_id: Some(&client_id),
            wallet_nonce: Some("a-nonce"),
            origin: None,
            audiences: &[SELF_ISSUED],
            now: self.bay.now,
        };
        (asked["id"].as_str().unwrap().to_owned(), Asked::read(&object, &context).unwrap())
    }

    fn sd_jwt(&self, told: Told) -> sd_jwt::Held {
        let holder = Jwk::of(self.holder.public(), None).unwrap();
        let status = StatusReference { uri: "https://id.example/list".to_owned(), index: 5 };
        let claims: Vec<_> =
            told.claims.iter().map(|(name, text)| Member::disclosable(name, *text)).collect();
        let credential = sd_jwt::Credential {
            vct: told.vct,
            vct_integrity: None,
            holder: Some(&holder),
            issued: Some(self.bay.now),
            not_before: None,
            expires: Some(self.bay.now.plus_seconds(86_400)),
            status: told.status.then_some(&status),
            claims: &claims,
        };
        let key = SigningKey::from_pkcs8(&told.issuer.key).unwrap();
        let chain = [told.issuer.leaf.clone()];
        let compact = sd_jwt::issue(&credential, &key, &chain, &mut random_array).unwrap();
        let anchors = CertificateAnchors::from_pem(&told.issuer.root_pem).unwrap();
        sd_jwt::Held::receive(&compact, &anchors, self.holder.public(), self.bay.now).unwrap()
    }

    fn mdoc(&self) -> mdoc::Held {
        let day = |text: &str| Element::Tag(1004, Box::new(Element::text(text)));
        let elements = vec![
            ("family_name".to_owned(), Element::text("Specimen Li Na")),
            ("birth_date".to_owned(), day(BIRTH)),
            ("document_number".to_owned(), Element::text(NUMBER)),
            ("portrait".to_owned(), Element::text("CANARY")),
        ];
        let name_spaces = [NameSpace { name: "org.iso.23220.1".to_owned(), elements }];
        let (now, until) = (self.bay.now, self.bay.now.plus_seconds(86_400));
        let credential = mdoc::Credential {
            doc_type: FOREIGN_DOCTYPE,
            name_spaces: &name_spaces,
            device: self.holder.public(),
            validity: Validity { signed: now, from: now, until },
            status: None,
        };
        let key = SigningKey::from_pkcs8(&FOREIGN.key).unwrap();
        let bytes =
            mdoc::issue(&credential, &key, std::slice::from_ref(&FOREIGN.leaf), &mut random_array).unwrap();
        let anchors = CertificateAnchors::from_pem(&FOREIGN.root_pem).unwrap();
        mdoc::Held::receive(&bytes, &anchors, self.holder.public(), now).unwrap()
    }

    /// Posts what the other wallet shows of this credential: everything that is asked and that it has.
    async fn answer(&self, asked: &Asked, credential: Candidate<'_>) -> Answer {
        let held = [HeldCredential { credential, device: &self.holder }];
        let response = asked.respond(&held, true, self.bay.now).unwrap();
        let Channel::Redirect { response_uri } = &asked.request().channel else {
            panic!("a form comes back")
        };
        let form = [("content-type", "application/x-www-form-urlencoded")];
        self.door.call("POST", path(response_uri), &form, format!("response={response}").into_bytes()).await
    }

    async fn shows(&self, asked: &Asked, told: Told) -> Answer {
        self.answer(asked, Candidate::SdJwt(&self.sd_jwt(told))).await
    }

    async fn state(&self, request: &str) -> Value {
        self.send("GET", &format!("/v1/identity-requests/{request}"), &Value::Null).await.is(200).json()
    }

    /// The number that the other wallet's browser shows.
    async fn number(&self, answer: &Answer) -> String {
        let back = answer.json()["redirect_uri"].as_str().unwrap().to_owned();
        let page = self.door.call("GET", path(&back), &[], Vec::new()).await.is(200);
        assert_eq!(page.header("cache-control"), "no-store");
        page.text().lines().next().unwrap().to_owned()
    }

    /// Enrols by what was shown, with this picture.
    async fn enrol(&self, request: &str, number: &str, picture: &[u8]) -> Answer {
        let claim = json!({"identity": {"request": request, "number": number}});
        let begun = self.send("POST", "/v1/enrolments", &claim).await;
        if begun.status != 201 {
            return begun;
        }
        let path = format!("/v1/enrolments/{}/frames", begun.json()["id"].as_str().unwrap());
        self.send("POST", &path, &json!({"frames": [{"at_ms": 0, "picture": b64(picture)}]})).await
    }
}

/// The problems that only a request for an identity brings about.
pub async fn problems() -> Vec<&'static str> {
    let Some(stage) = stage("identity: problems").await else { return Vec::new() };
    let without = Door::open(&stage.bay.chn, &stage.bay).await;
    let refused = without.send_by(&stage.device, "POST", "/v1/identity-requests", None, &Value::Null).await;
    without.problem(&refused, "ask_identity", "identity_not_taken");
    let (request, asked) = stage.ask().await;
    let nobody = stage.enrol(&"0".repeat(32), "000000", &stage.live).await;
    stage.door.problem(&nobody, "enrol", "identity_request_unknown");
    let early = stage.enrol(&request, "000000", &stage.live).await;
    stage.door.problem(&early, "enrol", "identity_waits");
    let number = stage.number(&stage.shows(&asked, own()).await.is(200)).await;
    let wrong = if number == "000000" { "000001" } else { "000000" };
    stage.door.problem(&stage.enrol(&request, wrong, &stage.live).await, "enrol", "identity_number");
    without.seen().union(&stage.door.seen()).copied().collect()
}

#[tokio::test]
async fn who_shows_an_identity_of_another_system_types_nothing_and_is_enrolled_by_face() {
    let Some(stage) = stage("who_shows_an_identity").await else { return };
    for form in ["sd_jwt", "mdoc"] {
        let (request, asked) = stage.ask().await;
        assert_eq!(stage.state(&request).await, json!({"state": "waiting"}));
        let answer = match form {
            "sd_jwt" => stage.shows(&asked, own()).await,
            _ => stage.answer(&asked, Candidate::Mdoc(&stage.mdoc())).await,
        };
        let number = stage.number(&answer.is(200)).await;
        assert_eq!(stage.state(&request).await, json!({"state": "shown"}), "{form}");
        let other = stage.enrol(&request, &number, &stage.stranger).await;
        stage.door.problem(&other, "frames", "unknown_person");
        let enrolled = stage.enrol(&request, &number, &stage.live).await.json();
        assert!(enrolled["secret"].as_str().is_some_and(|secret| secret.len() == 43), "{form}: {enrolled}");
        assert_eq!((&enrolled["authority"], &enrolled["home"]), (&json!("CHN"), &json!(true)));
        // The second of one person waits for the word of the first, as any that no office let replace it.
        assert_eq!(enrolled.get("waits_until").is_some(), form == "mdoc");
    }
}

#[tokio::test]
async fn an_identity_that_does_not_count_is_refused_with_its_own_code_and_another_one_still_counts() {
    let Some(stage) = stage("an_identity_that_does_not_count").await else { return };
    let unlisted = Box::leak(Box::new(SignerChain::new("Nobody", &["nobody.example"], None)));
    let (request, asked) = stage.ask().await;
    let with = |claims| Told { claims, ..own() };
    for (told, code) in [
        (Told { issuer: unlisted, ..own() }, "certificate_unknown"),
        (Told { issuer: &FOREIGN_ELSEWHERE, ..own() }, "identity_jurisdiction"),
        (
            with(&[
                ("family_name", "Specimen Li Na"),
                ("birth_date", BIRTH),
                ("document_number", "110101199003071233"),
            ]),
            "identity_document",
        ),
        (
            with(&[
                ("family_name", "Specimen Li Na"),
                ("birth_date", "May 1991"),
                ("document_number", NUMBER),
            ]),
            "identity_unreadable",
        ),
        (Told { status: true, ..own() }, "openid_status_unavailable"),
    ] {
        let answer = stage.shows(&asked, told).await.is(400).json();
        assert_eq!((&answer["error"], &answer["code"]), (&json!("invalid_request"), &json!(code)));
        assert_eq!(stage.state(&request).await, json!({"state": "waiting", "refused": code}));
    }
    let early = stage.enrol(&request, "000000", &stage.live).await;
    stage.door.problem(&early, "enrol", "identity_waits");
    let answer = stage.shows(&asked, own()).await.is(200);
    let number = stage.number(&answer).await;
    let again = stage.shows(&asked, own()).await.is(400).json();
    assert_eq!(again["code"], "answered_already", "another answer to the same request");
    stage.enrol(&request, &number, &stage.live).await.is(201);
}

#[tokio::test]
async fn an_answer_leads_to_no_pass_on_the_device_of_whoever_sent_the_link() {
    let Some(stage) = stage("an_answer_leads_to_no_pass").await else { return };
    let (request, asked) = stage.ask().await;
    let answer = stage.shows(&asked, own()).await.is(200);
    let number = stage.number(&answer).await;
    let back = answer.json()["redirect_uri"].as_str().unwrap().to_owned();
    stage.door.call("GET", &format!("{}x", path(&back)), &[], Vec::new()).await.is(404);
    // Another device neither hears of it nor uses the number.
    let thief = SigningKey::generate().unwrap();
    let claim = |number: &str| json!({"identity": {"request": request, "number": number}});
    let place = format!("/v1/identity-requests/{request}");
    let seen = stage.door.send_by(&thief, "GET", &place, None, &Value::Null).await;
    stage.door.problem(&seen, "identity_state", "identity_request_unknown");
    let used = stage.door.send_by(&thief, "POST", "/v1/enrolments", None, &claim(&number)).await;
    stage.door.problem(&used, "enrol", "identity_request_unknown");
    // Six digits are not to be guessed: three wrong ones end it.
    let wrong = if number == "000000" { "000001" } else { "000000" };
    for left in ["2 tries", "1 tries", "0 tries"] {
        let refused = stage.enrol(&request, wrong, &stage.live).await;
        let body = stage.door.problem(&refused, "enrol", "identity_number");
        assert!(body["detail"].as_str().unwrap().contains(left), "{body}");
    }
    let over = stage.enrol(&request, &number, &stage.live).await;
    stage.door.problem(&over, "enrol", "identity_request_unknown");
}

#[tokio::test]
async fn an_identity_stands_in_place_of_what_is_typed_and_never_beside_it() {
    let Some(stage) = stage("an_identity_stands_in_place").await else { return };
    let (request, asked) = stage.ask().await;
    let number = stage.number(&stage.shows(&asked, own()).await.is(200)).await;
    let identity = json!({"request": request, "number": number});
    let document = json!({"kind": "exit_entry_permit", "number": NUMBER});
    for (claim, field) in [
        (
            json!({"identity": identity, "document": document, "name": "Specimen Li Na", "birth": BIRTH}),
            "identity",
        ),
        (json!({"identity": identity, "name": "Specimen Li Na"}), "document"),
        (json!({"document": document, "birth": BIRTH}), "name"),
        (json!({"document": document, "name": "Specimen Li Na"}), "birth"),
        (json!({}), "identity"),
    ] {
        let answer = stage.send("POST", "/v1/enrolments", &claim).await;
        assert_eq!(stage.door.problem(&answer, "enrol", "wrong_field")["field"], field, "{claim}");
    }
    // With an office's code beside it the new wallet takes the place of an earlier one at once.
    stage.enrol(&request, &number, &stage.live).await.is(201);
    let code = invitation(
        &stage.bay.chn,
        &DocumentNumber::parse(DocumentKind::ExitEntryPermit, NUMBER).unwrap(),
        stage.bay.now,
    )
    .await;
    let claim = json!({"identity": identity, "invitation": code});
    stage.send("POST", "/v1/enrolments", &claim).await.is(201);
}

#[tokio::test]
async fn somebody_whom_the_registry_does_not_know_so_is_not_enrolled() {
    let Some(stage) = stage("somebody_whom_the_registry").await else { return };
    for claims in [
        &[("family_name", "Specimen Li Na"), ("birth_date", "1991-05-07"), ("document_number", NUMBER)][..],
        &[
            ("family_name", "Specimen"),
            ("given_name", "Nobody"),
            ("birth_date", BIRTH),
            ("document_number", NUMBER),
        ],
        &[
            ("family_name", "Specimen Li Na"),
            ("birthdate", BIRTH),
            ("personal_administrative_number", "CA7654321"),
        ],
    ] {
        let (request, asked) = stage.ask().await;
        let told = Told { claims: Box::leak(claims.to_vec().into_boxed_slice()), ..own() };
        let number = stage.number(&stage.shows(&asked, told).await.is(200)).await;
        let refused = stage.enrol(&request, &number, &stage.live).await;
        stage.door.problem(&refused, "frames", "unknown_person");
    }
}

#[tokio::test]
async fn an_authority_whose_approval_or_list_says_nothing_takes_none() {
    let Some(stage) = stage("an_authority_whose_approval").await else { return };
    let (_, asked) = stage.ask().await;
    // The day after the approval's last one: also for who was asked before.
    let after: documents::Timestamp = "2026-04-01T00:00:00+08:00".parse().unwrap();
    let before = stage.door.clock.swap(after.unix(), Ordering::SeqCst);
    let refused = stage.send("POST", "/v1/identity-requests", &Value::Null).await;
    stage.door.problem(&refused, "ask_identity", "identity_not_taken");
    stage.door.clock.store(before, Ordering::SeqCst);
    stage.shows(&asked, own()).await.is(200);
    // Macao lists no issuer; a service without this side has nothing at these addresses.
    let mac = OpenIdIssuer {
        endpoints: Endpoints::of(ISSUER),
        key: Arc::new(SigningKey::generate().unwrap()),
        chain: Vec::new(),
        root: Vec::new(),
        revoked: transport::RevocationList::default(),
        makers: CertificateAnchors::default(),
        reader: reader().setup,
    };
    let doors = [
        Door::open_to_others(&stage.bay.mac, &stage.bay, mac).await,
        Door::open(&stage.bay.chn, &stage.bay).await,
    ];
    for door in doors {
        let refused = door.send_by(&stage.device, "POST", "/v1/identity-requests", None, &Value::Null).await;
        door.problem(&refused, "ask_identity", "identity_not_taken");
    }
    assert_eq!(stage.bay.mac.code(), Mac);
}
