//! The wallet on the command line as a client of issuers and verifiers of another system: another installation, whose authorities know
//! nothing of this one.

#![expect(clippy::unwrap_used, reason = "a failing helper fails the test that called it")]
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests, wherever they stand"
)]

#[expect(dead_code, reason = "the other test programs use the rest")]
mod bay;
#[expect(dead_code, reason = "the other test programs use the rest")]
mod parties;

use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use bay::{Folder, people};
use credential::SigningKey;
use credential::dpop::{DpopRequest, sign_dpop};
use documents::Timestamp;
use gate::{Clock, SystemClock};
use parties::Process;
use serde_json::{Value, json};
use tokio::net::TcpListener;

const CARD: &str = "A123456(3)";
const CARD_TYPE: &str = "sd-jwt:urn:baypass:identity-card:1";
const PHOTO_ID: &str = "mdoc:org.iso.23220.photoID.1";

fn now() -> Timestamp {
    SystemClock.now()
}

/// An installation in which a resident of Hong Kong is registered.
fn registered(portrait: &[u8]) -> Folder {
    let folder = Folder::new();
    folder.init().write("portrait.jpg", portrait);
    #[rustfmt::skip]
    folder.run(&["resident", "add", "--dir", "DIR", "--home", "HKG", "--id", CARD, "--permit", "H12345678", "--name", "SPECIMEN, MUI", "--birth",
        "1990-05-06", "--photo", "portrait.jpg", "--json"]).code(0);
    folder
}

/// Such an installation; Hong Kong serves.
fn served(portrait: &[u8], prepare: impl FnOnce(&Folder)) -> (Folder, Process) {
    let folder = registered(portrait);
    prepare(&folder);
    let hkg = Process::authority(&folder, "HKG");
    (folder, hkg)
}

#[expect(clippy::disallowed_methods, reason = "a test is an HTTP client of its own")]
fn client() -> reqwest::Client {
    reqwest::Client::new()
}

/// An offer of Hong Kong's counter: the link, and the number that the officer tells.
async fn offer(folder: &Folder, base: &str, configurations: &[&str]) -> (String, String) {
    let post = async |path: &str, body: Value, session: Option<&str>| -> Value {
        let request = client().post(format!("{base}{path}")).json(&body);
        let request = session.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    };
    let file = folder.path(&format!("code-{}", configurations.join("-")));
    let name = format!("Specimen Officer for {}", configurations.join(", "));
    let (name, file) = (name.as_str(), file.to_str().unwrap().to_owned());
    #[rustfmt::skip]
    folder.run(&["officer", "add", "--dir", "DIR", "--authority", "HKG", "--role", "enrolment-officer", "--name", name, "--code-file",
        &file, "--test"]).code(0);
    let code = std::fs::read_to_string(file).unwrap();
    let session = post("/v1/officers/sessions", json!({"code": code.trim()}), None).await;
    let card = json!({"kind": "hkid", "number": CARD});
    let body = json!({"document": card, "configurations": configurations});
    let made = post("/v1/residents/offer", body, session["session"].as_str()).await;
    (made["offer"].as_str().unwrap().to_owned(), made["tx_code"].as_str().unwrap().to_owned())
}

/// A request for an identity, as a wallet of this pass makes it: the request's link.
async fn identity_request(base: &str) -> Option<String> {
    let (key, url) = (SigningKey::generate().unwrap(), format!("{base}/v1/identity-requests"));
    let asked = DpopRequest { method: "POST", url: &url, token: None, nonce: None };
    let proof = sign_dpop(&key, asked, credential::random_array().unwrap(), now()).unwrap();
    let answer = client().post(&url).header("DPoP", proof).json(&Value::Null).send().await.unwrap();
    if answer.status() != reqwest::StatusCode::CREATED {
        return None;
    }
    let answer: Value = answer.json().await.unwrap();
    Some(answer["link"].as_str().unwrap().to_owned())
}

fn shown(folder: &Folder) -> Vec<u64> {
    let all =
        folder.run(&["wallet", "credentials", "--dir", "DIR", "--resident", "1", "--json"]).code(0).json();
    all["credentials"].as_array().unwrap().iter().map(|one| one["shown"].as_u64().unwrap()).collect()
}

/// An issuer that knows bearer tokens alone, and refuses every credential: the offer's link, and what each request for one carried
/// (`Authorization`, whether a proof of DPoP).
async fn bearer_issuer() -> (String, Arc<Mutex<Vec<(String, bool)>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let metadata = json!({
        "credential_issuer": issuer, "credential_endpoint": format!("{issuer}/credential"),
        "credential_configurations_supported": {"pid": {"format": "dc+sd-jwt", "vct": "urn:specimen:pid:1",
            "proof_types_supported": {"jwt": {"proof_signing_alg_values_supported": ["ES256"]}}}},
    });
    let server = json!({"issuer": issuer, "token_endpoint": format!("{issuer}/token")});
    let token = json!({"access_token": "t", "token_type": "Bearer"});
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    let refuse = move |headers: HeaderMap| async move {
        let said = headers["authorization"].to_str().unwrap().to_owned();
        hears.lock().unwrap().push((said, headers.contains_key("dpop")));
        (StatusCode::BAD_REQUEST, Json(json!({"error": "credential_request_denied"})))
    };
    let app = Router::new()
        .route("/.well-known/openid-credential-issuer", get(move || async move { Json(metadata) }))
        .route("/.well-known/oauth-authorization-server", get(move || async move { Json(server) }))
        .route("/token", post(move || async move { Json(token) }))
        .route("/credential", post(refuse));
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let grant = "urn:ietf:params:oauth:grant-type:pre-authorized_code";
    let offer = json!({"credential_issuer": issuer, "credential_configuration_ids": ["pid"],
        "grants": {grant: {"pre-authorized_code": "c"}}});
    (format!("openid-credential-offer://?credential_offer={offer}"), heard)
}

/// Pins a maker of wallets at Hong Kong.
fn pin_maker(folder: &Folder, makers: &[u8]) {
    let openid = folder.dir().join("authorities/HKG/openid");
    std::fs::create_dir_all(&openid).unwrap();
    std::fs::write(openid.join("wallet-makers.pem"), makers).unwrap();
}

/// Lists what a file says at Hong Kong, as its supervisors would: `what` is issuer or verifier.
fn list_other(folder: &Folder, what: &str, listed: &Value) -> bay::Run {
    folder.write("listed.json", listed.to_string().as_bytes());
    let command = format!("add-{what}");
    folder.run(&["trust", &command, "--dir", "DIR", "--authority", "HKG", "--file", "listed.json"])
}

#[tokio::test]
async fn a_wallet_answers_a_verifier_that_a_list_names_for_the_listed_types_alone() {
    let [(portrait, _)]: [_; 1] = people(1).try_into().unwrap();
    let made = Folder::new();
    made.run(&["wallet", "maker", "--out", "maker"]).code(0);
    let makers = std::fs::read(made.path("maker/maker-root.pem")).unwrap();
    let (ours, our_hkg) = served(&portrait, |folder| pin_maker(folder, &makers));
    let root_of =
        |folder: &Folder| std::fs::read_to_string(folder.dir().join("public/openid-hkg.pem")).unwrap();
    // Another installation asks: its Hong Kong takes identities of ours, and ours knows nothing of it.
    let to = now().local_date().plus_days(30);
    let (theirs, their_hkg) = served(&portrait, |folder| {
        let issuer = json!({"name": "other-hk", "jurisdiction": "HK", "types": [CARD_TYPE], "documents": ["hkid"], "to": to,
            "certificate": root_of(&ours)});
        list_other(folder, "issuer", &issuer).code(0);
    });
    let (link, number) = offer(&ours, &our_hkg.listens[0], &["identity-card-sd-jwt"]).await;
    let maker = made.path("maker");
    #[rustfmt::skip]
    ours.run(&["wallet", "receive", "--dir", "DIR", "--resident", "1", &link, "--tx-code", &number, "--maker", maker.to_str().unwrap()]).code(0);

    let base = &their_hkg.listens[0];
    let verifier = |name: &str, jurisdiction: &str, types: &[&str]| json!({"name": name, "jurisdiction": jurisdiction, "types": types, "to": to, "certificate": root_of(&theirs)});
    let present = async |more: &[&str]| {
        let link = identity_request(base).await.unwrap();
        let line = ["wallet", "present", "--dir", "DIR", "--resident", "1", &link];
        ours.run(&[&line[..], more].concat())
    };
    let untold = ["no trusted authority"];
    present(&[]).await.told(&untold);

    // Listed for another type, or as another country's, it is told so, and sees nothing.
    list_other(&ours, "verifier", &verifier("ministry", "HK", &[PHOTO_ID])).code(0);
    let words = [
        "may not ask for credentials of this type: its authority lists it for mdoc:org.iso",
        "nothing was sent",
    ];
    present(&[]).await.told(&words);
    present(&["--look"]).await.told(&words);
    list_other(&ours, "verifier", &verifier("ministry", "MO", &[CARD_TYPE])).code(0);
    present(&[]).await.told(&["names the country HK", "lists it for MO"]);
    assert_eq!(shown(&ours).iter().sum::<u64>(), 0);

    // What its supervisors read before they sign, and everybody after.
    let listed = verifier("ministry", "HK", &[PHOTO_ID, CARD_TYPE]);
    ours.write("next.json", listed.to_string().as_bytes());
    #[rustfmt::skip]
    let draft = ours.run(&["trust", "draft", "--dir", "DIR", "--authority", "HKG", "--out", "next", "--add-verifier", "next.json"]).code(0).out();
    let print =
        "may ask for sd-jwt:urn:baypass:identity-card:1, mdoc:org.iso.23220.photoID.1; certificate SHA-256 ";
    assert!(draft.contains("foreign-verifier ministry: new or changed") && draft.contains(print), "{draft}");
    list_other(&ours, "verifier", &listed).code(0);
    assert!(ours.run(&["trust", "list", "--dir", "DIR"]).code(0).out().contains(print));
    let lists = ours.run(&["trust", "list", "--dir", "DIR", "--json"]).code(0).json();
    let all = lists["lists"].as_array().unwrap().iter().flat_map(|list| list["keys"].as_array().unwrap());
    let found: Vec<_> = all.filter(|key| key["verifier"].is_object()).collect();
    assert_eq!(found.len(), 1, "one in place of those of its name");
    assert_eq!(found[0]["verifier"]["jurisdiction"], "HK");

    // Now it is answered, and the holder reads whose list names it.
    let look = present(&["--look"]).await.code(0).out();
    assert!(look.contains("(listed by HKG) asks for") && look.contains("document_number"), "{look}");
    let answered = present(&["--json"]).await.code(0).json();
    assert_eq!(answered["listed_by"], json!(["HKG"]));
    let page = client().get(answered["redirect_uri"].as_str().unwrap()).send().await.unwrap();
    let page = page.text().await.unwrap();
    assert!(page.lines().next().is_some_and(|digits| digits.parse::<u32>().is_ok()), "{page}");

    // Who brings a root by hand sets no limit.
    list_other(&ours, "verifier", &verifier("ministry", "HK", &[PHOTO_ID])).code(0);
    let by_hand = theirs.dir().join("public/openid-hkg.pem");
    let answered = present(&["--json", "--root", by_hand.to_str().unwrap()]).await.code(0).json();
    assert_eq!(answered["listed_by"], json!([]));

    // A compromised one counts for nothing, and comes back under no name.
    #[rustfmt::skip]
    ours.run(&["trust", "compromise", "--dir", "DIR", "--authority", "HKG", "--role", "foreign-verifier", "--kid", "ministry"]).code(0);
    present(&[]).await.told(&untold);
    list_other(&ours, "verifier", &listed).told(&["compromised", "another name"]);
    list_other(&ours, "verifier", &verifier("ministry-anew", "HK", &[CARD_TYPE])).code(0);
    present(&[]).await.told(&untold);
    assert_eq!(shown(&ours).iter().sum::<u64>(), 2);

    // What a file lacks, or has too much.
    let mut wrong = listed.clone();
    wrong["documents"] = json!(["hkid"]);
    list_other(&ours, "verifier", &wrong).told(&["leave documents out"]);
    list_other(&ours, "verifier", &verifier("ministry", "HK", &[])).told(&["at least one type"]);
    list_other(&ours, "issuer", &listed).told(&["one kind of document"]);
    let remove = ["trust", "remove-verifier", "--dir", "DIR", "--authority", "HKG", "--name"];
    ours.run(&[&remove[..], &["nobody"]].concat()).told(&["no verifier nobody"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_bound_to_the_wallets_key_is_shown_only_where_its_holder_says_so() {
    let [(portrait, _)]: [_; 1] = people(1).try_into().unwrap();
    let (folder, (link, heard)) = (registered(&portrait), bearer_issuer().await);
    let receive = ["wallet", "receive", "--dir", "DIR", "--resident", "1", &link];
    folder.run(&receive).told(&["not bound", "--bearer"]);
    assert!(heard.lock().unwrap().is_empty(), "nothing is asked for by it");
    folder.run(&[&receive[..], &["--bearer"]].concat()).told(&["credential_request_denied"]);
    assert_eq!(*heard.lock().unwrap(), [("Bearer t".to_owned(), false)]);
}

#[tokio::test]
async fn a_wallet_takes_an_identity_of_another_system_and_shows_it_to_an_authority_that_lists_its_issuer() {
    let [(portrait, _)]: [_; 1] = people(1).try_into().unwrap();
    let made = Folder::new();
    let told = made.run(&["wallet", "maker", "--out", "maker"]).code(0).out();
    assert!(told.contains("maker-root.pem (SHA-256 "), "{told}");
    made.run(&["wallet", "maker", "--out", "maker"]).told(&["not there yet"]);
    let makers = std::fs::read(made.path("maker/maker-root.pem")).unwrap();
    let (theirs, their_hkg) = served(&portrait, |folder| {
        pin_maker(folder, &makers);
    });
    let issuer = &their_hkg.listens[0];
    let their_root = theirs.dir().join("public/openid-hkg.pem");
    let certificate = std::fs::read_to_string(&their_root).unwrap();
    let (ours, our_hkg) = served(&portrait, |folder| {
        let to = now().local_date().plus_days(30);
        let listed = json!({"name": "other-hk", "jurisdiction": "HK", "types": [CARD_TYPE], "documents": ["hkid"], "to": to,
            "certificate": certificate});
        list_other(folder, "issuer", &listed).code(0);
    });
    let maker = made.path("maker");
    let maker = ["--maker", maker.to_str().unwrap()];
    let receive = ["wallet", "receive", "--dir", "DIR", "--resident", "1"];

    // What an issuer refuses is told in its own words, and what is missing by name.
    let (link, number) = offer(&theirs, issuer, &["identity-card-sd-jwt"]).await;
    ours.run(&[&receive[..], &[&link], &maker].concat()).told(&["--tx-code"]);
    ours.run(&[&receive[..], &[&link, "--tx-code", &number]].concat()).told(&["--maker"]);
    let wrong = if number == "000000" { "000001" } else { "000000" };
    ours.run(&[&receive[..], &[&link, "--tx-code", wrong], &maker].concat()).told(&["invalid_grant"]);
    ours.run(&[&receive[..], &["openid4vp://?a=b"]].concat()).told(&["openid-credential-offer://"]);

    // It counts under its root, which our list names, and once.
    let taken = ours.run(&[&receive[..], &[&link, "--tx-code", &number, "--json"], &maker].concat());
    assert_eq!(taken.code(0).json()["copies"], 4);
    ours.run(&[&receive[..], &[&link, "--tx-code", &number], &maker].concat()).told(&["invalid_grant"]);
    // A type that no list names needs its root by hand; both forms are read.
    let (link, number) = offer(&theirs, issuer, &["photo-id-mdoc"]).await;
    let root = their_root.to_str().unwrap();
    ours.run(
        &[&receive[..], &[&link, "--tx-code", &number, "--copies", "2", "--root", root], &maker].concat(),
    )
    .code(0);
    let list = ours.run(&["wallet", "credentials", "--dir", "DIR", "--resident", "1"]).code(0).out();
    assert_eq!(list.matches("identity-card-sd-jwt").count(), 4, "{list}");
    assert_eq!(list.matches("org.iso.23220.photoID.1").count(), 2, "{list}");

    // Our authority asks; a look sends nothing.
    let present = ["wallet", "present", "--dir", "DIR", "--resident", "1"];
    let base = &our_hkg.listens[0];
    let link = identity_request(base).await.unwrap();
    let look = ours.run(&[&present[..], &[&link, "--look"]].concat()).code(0).out();
    assert!(
        look.contains("family_name") && look.contains("document_number") && look.contains("nothing was sent"),
        "{look}"
    );
    assert!(!look.contains("portrait") && !look.contains("nationality"), "no more than is asked for: {look}");
    assert_eq!(shown(&ours).iter().sum::<u64>(), 0);
    let answered = ours.run(&[&present[..], &[&link, "--json"]].concat()).code(0).json();
    let back = answered["redirect_uri"].as_str().unwrap();
    let page = client().get(back).send().await.unwrap().text().await.unwrap();
    let digits = page.lines().next().unwrap();
    assert!(digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit()), "{page}");

    // The next verifier sees another copy.
    let link = identity_request(base).await.unwrap();
    ours.run(&[&present[..], &[&link]].concat()).code(0);
    assert_eq!(shown(&ours).iter().filter(|times| **times == 1).count(), 2, "two copies, once each");

    // Who asks must chain to a root that counts: theirs is none to us.
    let link = link.replace(base.trim_start_matches("http://"), "127.0.0.1:1");
    ours.run(&[&present[..], &[&link]].concat()).code(2);
    ours.run(&[&present[..], &["openid4vp://?request=x"]].concat()).told(&["client_id and request_uri"]);
}
