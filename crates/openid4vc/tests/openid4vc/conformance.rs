//! The conformance suite's checks of a verifier (`oid4vp-1final-verifier-*`), each under its name, in both formats where it applies, and what
//! a wallet must refuse of a request.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use credential::SigningKey;
use credential::jose::{ContentEncryption, DecryptionKey, Jwe, Jwk, Recipient, encrypt_jwe, sign_jws};
use credential::sha256;
use openid4vc::mdoc::SessionTranscript;
use openid4vc::presentation::{Answer, Channel, ClientId, OpenRequest, Posted, PostedError, RequestError};
use openid4vc::sd_jwt::Presentation;
use serde_json::{Map, Value, json};

use crate::mdoc::ELEMENTS;
use crate::party::{Authority, DOCUMENT_SIGNER, READER, at, now};
use crate::world::{FORMATS, Format, ORIGIN, RESPONSE_URI, World, identity, one, photo_id, query};

fn claims_of(object: &str) -> Map<String, Value> {
    let payload = URL_SAFE_NO_PAD.decode(object.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

fn header_of(compact: &str) -> Map<String, Value> {
    let header = URL_SAFE_NO_PAD.decode(compact.split('.').next().unwrap()).unwrap();
    serde_json::from_slice(&header).unwrap()
}

/// The presentation of the wallet in a request's own terms, as text.
fn presented(world: &World, open: &OpenRequest, format: Format) -> String {
    let request = open.request();
    let client_id = request.client_id.to_string();
    match format {
        Format::SdJwt => {
            let to = Presentation { audience: &client_id, nonce: &request.nonce, made: now() };
            world.identity.present(&[0], to, &world.device).unwrap()
        }
        Format::Mdoc => {
            let key = request.encryption.thumbprint().unwrap();
            let transcript =
                SessionTranscript::redirect(&client_id, &request.nonce, Some(key.as_bytes()), RESPONSE_URI);
            mdoc_over(world, &transcript)
        }
    }
}

fn mdoc_over(world: &World, transcript: &SessionTranscript) -> String {
    let shows = |_: &str, element: &str| element == "family_name";
    URL_SAFE_NO_PAD.encode(world.photo_id.present(shows, transcript, &world.device).unwrap())
}

/// A key binding over what is presented, some of it another than it should be.
fn rebound(world: &World, open: &OpenRequest, key: &SigningKey, change: impl FnOnce(&mut Value)) -> String {
    let shown = world.identity.present_unbound(&[0]);
    let mut claims = json!({
        "iat": now().unix(),
        "aud": open.request().client_id.to_string(),
        "nonce": open.request().nonce,
        "sd_hash": URL_SAFE_NO_PAD.encode(sha256(shown.as_bytes())),
    });
    change(&mut claims);
    let header = json!({ "typ": "kb+jwt" });
    let signed = sign_jws(key, header.as_object().unwrap(), claims.to_string().as_bytes()).unwrap();
    format!("{shown}{signed}")
}

#[test]
fn happy_flow() {
    let world = World::new();
    for format in FORMATS {
        let open = world.open(one(format, &["family_name"]));
        let object = world.object(&open);
        let (header, claims) = (header_of(&object), claims_of(&object));
        assert_eq!(header["typ"], "oauth-authz-req+jwt");
        let leaf = STANDARD.encode(&world.verifier.x5c[0]);
        assert_eq!(header["x5c"], json!([leaf]), "no anchor travels");
        let hash = URL_SAFE_NO_PAD.encode(sha256(&world.verifier.x5c[0]));
        assert_eq!(claims["client_id"], format!("x509_hash:{hash}"));
        assert_eq!(
            (&claims["response_type"], &claims["response_mode"]),
            (&json!("vp_token"), &json!("direct_post.jwt"))
        );
        assert_eq!(
            (&claims["aud"], &claims["response_uri"]),
            (&json!("https://self-issued.me/v2"), &json!(RESPONSE_URI))
        );
        let metadata = &claims["client_metadata"];
        assert_eq!(metadata["encrypted_response_enc_values_supported"], json!(["A128GCM", "A256GCM"]));
        assert!(metadata["vp_formats_supported"].get("mso_mdoc").is_some());
        let key = &metadata["jwks"]["keys"][0];
        assert_eq!((&key["alg"], &key["use"], &key["kty"]), (&json!("ECDH-ES"), &json!("enc"), &json!("EC")));
        assert!(key["kid"].as_str().is_some_and(|kid| !kid.is_empty()));
        let other = claims_of(&world.object(&world.open(one(format, &["family_name"]))));
        assert_ne!(other["client_metadata"]["jwks"], metadata["jwks"], "a fresh key for each request");
        let response = world.asked(&open).respond(&world.wallet(), false, now()).unwrap();
        assert_eq!(header_of(&response)["kid"], key["kid"]);
        let Answer::Presented(answer) = world.take(&open, &response).unwrap() else { panic!("refused") };
        let [verified] = answer["id"].as_slice() else { panic!("one presentation") };
        let family_name = match verified {
            openid4vc::dcql::Presented::SdJwt(verified) => verified.claims()["family_name"].clone(),
            openid4vc::dcql::Presented::Mdoc(verified) => {
                verified.element(ELEMENTS, "family_name").and_then(openid4vc::dcql::element_json).unwrap()
            }
        };
        assert_eq!(family_name, "CHAN");
        // Either content encryption is taken.
        let token = json!({ "id": [presented(&world, &open, format)] });
        for enc in ContentEncryption::ALL {
            let content = json!({ "vp_token": token, "state": open.request().state }).to_string();
            let to = Recipient { key: &open.request().encryption, enc, parties: Some((b"a", b"b")) };
            assert!(world.take(&open, &encrypt_jwe(content.as_bytes(), to).unwrap()).is_ok(), "{enc:?}");
        }
    }
}

#[test]
fn both_formats_answer_one_request() {
    let world = World::new();
    let open = world.open(json!({ "credentials": [
        query("identity", Format::SdJwt, &["given_name"]), query("photo", Format::Mdoc, &["portrait"]),
    ] }));
    let response = world.asked(&open).respond(&world.wallet(), false, now()).unwrap();
    let Answer::Presented(answer) = world.take(&open, &response).unwrap() else { panic!("refused") };
    assert_eq!(answer.keys().collect::<Vec<_>>(), ["identity", "photo"]);
}

#[test]
fn minimal_cnf_jwk() {
    // The credential's key has `kty`, `crv`, `x` and `y` alone.
    let world = World::new();
    let members: Vec<&String> = world.identity.claims()["cnf"]["jwk"].as_object().unwrap().keys().collect();
    assert_eq!(members, ["crv", "kty", "x", "y"]);
    let open = world.open(one(Format::SdJwt, &["family_name"]));
    let token = json!({ "id": [presented(&world, &open, Format::SdJwt)] });
    assert_eq!(world.code(&open, &token), Ok(()));
}

#[test]
fn request_uri_method_post() {
    let world = World::new();
    let open = world.open(one(Format::SdJwt, &[]));
    let object = open.object(&world.verifier.key, &world.verifier.x5c, Some("wallet-nonce-7")).unwrap();
    assert_eq!(claims_of(&object)["wallet_nonce"], "wallet-nonce-7");
    let with = |sent: Option<&'static str>, object: &str| {
        world.read(object, |context| context.wallet_nonce = sent).map(drop)
    };
    assert_eq!(with(Some("wallet-nonce-7"), &object), Ok(()));
    assert_eq!(with(Some("wallet-nonce-8"), &object), Err(RequestError::WalletNonce));
    assert_eq!(with(Some("wallet-nonce-7"), &world.object(&open)), Err(RequestError::WalletNonce));
    assert_eq!(with(None, &object), Ok(()));
}

#[test]
fn request_uri_fetched_twice() {
    // OpenID4VP issue 771: a proxy or a preview may fetch before the wallet does. Both objects ask the same, and are answered to one key.
    let world = World::new();
    let open = world.open(one(Format::SdJwt, &["family_name"]));
    let (first, second) = (world.object(&open), world.object(&open));
    assert_eq!(claims_of(&first), claims_of(&second));
    for object in [first, second] {
        let asked = world.read(&object, |_| {}).unwrap();
        let response = asked.respond(&world.wallet(), false, now()).unwrap();
        assert!(world.take(&open, &response).is_ok());
    }
}

#[test]
fn invalid_session_transcript() {
    // eudi-srv-verifier-endpoint 483 (never checked), av-web-verifier-ui 7 (another client id), SUNET/vc 655 (another handover).
    let world = World::new();
    let open = world.open(one(Format::Mdoc, &["family_name"]));
    let request = open.request();
    let client_id = request.client_id.to_string();
    let key = request.encryption.thumbprint().unwrap();
    let (nonce, key) = (request.nonce.as_str(), Some(key.as_bytes()));
    let bare = client_id.trim_start_matches("x509_hash:");
    for (what, transcript) in [
        ("another client id", SessionTranscript::redirect(bare, nonce, key, RESPONSE_URI)),
        ("another nonce", SessionTranscript::redirect(&client_id, "other", key, RESPONSE_URI)),
        ("another key", SessionTranscript::redirect(&client_id, nonce, Some(&[7; 32]), RESPONSE_URI)),
        ("no key", SessionTranscript::redirect(&client_id, nonce, None, RESPONSE_URI)),
        ("another address", SessionTranscript::redirect(&client_id, nonce, key, "https://evil.example/")),
        ("the handover of the browser", SessionTranscript::dc_api(ORIGIN, nonce, key)),
    ] {
        let token = json!({ "id": [mdoc_over(&world, &transcript)] });
        assert_eq!(world.code(&open, &token), Err("mdoc_device_signature"), "{what}");
    }
}

#[test]
fn invalid_kb_jwt_signature() {
    let world = World::new();
    let open = world.open(one(Format::SdJwt, &["family_name"]));
    let thief = SigningKey::generate().unwrap();
    let token = json!({ "id": [rebound(&world, &open, &thief, |_| {})] });
    assert_eq!(world.code(&open, &token), Err("key_binding_signature"));
    let token = json!({ "id": [world.identity.present_unbound(&[0])] });
    assert_eq!(world.code(&open, &token), Err("key_binding_missing"));
    let token = json!({ "id": [rebound(&world, &open, &world.device, |_| {})] });
    assert_eq!(world.code(&open, &token), Ok(()));
}

#[test]
fn invalid_kb_jwt_nonce() {
    let world = World::new();
    let open = world.open(one(Format::SdJwt, &["family_name"]));
    let token =
        json!({ "id": [rebound(&world, &open, &world.device, |claims| claims["nonce"] = json!("other"))] });
    assert_eq!(world.code(&open, &token), Err("key_binding_nonce"));
}

#[test]
fn invalid_kb_jwt_aud() {
    let world = World::new();
    let open = world.open(one(Format::SdJwt, &["family_name"]));
    let bare = open.request().client_id.to_string().trim_start_matches("x509_hash:").to_owned();
    for audience in ["https://desk.example", "origin:https://desk.example", &bare] {
        let forged = rebound(&world, &open, &world.device, |claims| claims["aud"] = json!(audience));
        assert_eq!(world.code(&open, &json!({ "id": [forged] })), Err("key_binding_audience"), "{audience}");
    }
}

#[test]
fn invalid_sd_hash() {
    let world = World::new();
    let open = world.open(one(Format::SdJwt, &["family_name"]));
    let forged = rebound(&world, &open, &world.device, |claims| claims["sd_hash"] = json!("AAAA"));
    assert_eq!(world.code(&open, &json!({ "id": [forged] })), Err("key_binding_sd_hash"));
    // A disclosure is taken out on the way.
    let open = world.open(one(Format::SdJwt, &[]));
    let whole = presented(&world, &open, Format::SdJwt);
    let mut parts: Vec<&str> = whole.split('~').collect();
    parts.remove(1);
    assert_eq!(world.code(&open, &json!({ "id": [parts.join("~")] })), Err("key_binding_sd_hash"));
}

#[test]
fn invalid_credential_signature() {
    let mut world = World::new();
    let other = Authority::new("Other");
    let mut issuer = other.signer("Issuer", &[]);
    let mut signer = other.signer("Signer", DOCUMENT_SIGNER);
    // Signed by a key that is not the one of the certificate beside it.
    issuer.x5c.clone_from(&world.issuer.x5c);
    signer.x5c.clone_from(&world.signer.x5c);
    world.identity = identity(&issuer, &world.device);
    world.photo_id = photo_id(&signer, &world.device);
    for (format, code) in [(Format::SdJwt, "sd_jwt_signature"), (Format::Mdoc, "mdoc_signature")] {
        let open = world.open(one(format, &["family_name"]));
        let token = json!({ "id": [presented(&world, &open, format)] });
        assert_eq!(world.code(&open, &token), Err(code));
    }
    // By somebody whom nobody trusts.
    world.identity = identity(&other.signer("Issuer", &[]), &world.device);
    world.photo_id = photo_id(&other.signer("Signer", DOCUMENT_SIGNER), &world.device);
    for format in FORMATS {
        let open = world.open(one(format, &["family_name"]));
        let token = json!({ "id": [presented(&world, &open, format)] });
        assert_eq!(world.code(&open, &token), Err("certificate_unknown"), "{format:?}");
    }
}

#[test]
fn kb_jwt_iat_in_past_and_in_future() {
    let world = World::new();
    let open = world.open(one(Format::SdJwt, &["family_name"]));
    for (age, expected) in [
        (-3600, Err("key_binding_ahead")),
        (-11, Err("key_binding_ahead")),
        // SUNET/vc pull request 524: a second ahead is no fault.
        (-1, Ok(())),
        (300, Ok(())),
        (301, Err("key_binding_old")),
        (3600, Err("key_binding_old")),
    ] {
        let iat = json!(at(-age).unix());
        let forged = rebound(&world, &open, &world.device, |claims| claims["iat"] = iat);
        assert_eq!(world.code(&open, &json!({ "id": [forged] })), expected, "{age} s ago");
    }
}

#[test]
fn the_browser_carries_a_request_and_its_answer_bound_to_the_page() {
    let world = World::new();
    for format in FORMATS {
        let channel = Channel::DcApi { origins: vec![ORIGIN.to_owned()] };
        let open = world.open_by(one(format, &["family_name"]), channel);
        let object = world.object(&open);
        assert!(
            claims_of(&object).get("response_uri").is_none() && claims_of(&object).get("state").is_none()
        );
        let read = |origin: Option<&'static str>| {
            world.read(&object, |context| {
                context.origin = origin;
                context.client_id = None;
            })
        };
        assert_eq!(read(Some("https://evil.example")).map(drop), Err(RequestError::Origin));
        assert_eq!(read(None).map(drop), Err(RequestError::Parameter { name: "response_mode" }));
        let response = read(Some(ORIGIN)).unwrap().respond(&world.wallet(), false, now()).unwrap();
        assert!(world.take_at(&open, &response, 0, Some(ORIGIN)).is_ok());
        let code =
            |origin| world.take_at(&open, &response, 0, origin).map(drop).map_err(|refusal| refusal.code());
        let expected = if format == Format::SdJwt { "key_binding_audience" } else { "mdoc_device_signature" };
        assert_eq!(code(Some("https://evil.example")), Err(expected));
        assert_eq!(code(None), Err("response_origin"));
        let unsigned = open.unsigned().unwrap();
        assert!(unsigned.get("client_id").is_none());
        let anchors = world.authority.anchors();
        let context = openid4vc::presentation::Context {
            anchors: &anchors,
            client_id: None,
            wallet_nonce: None,
            origin: Some(ORIGIN),
            audiences: &["unused"],
            now: now(),
        };
        let asked =
            openid4vc::presentation::Asked::read_unsigned(unsigned.as_object().unwrap(), &context).unwrap();
        assert!(asked.verifier().is_none());
        assert_eq!(asked.request().client_id.to_string(), "origin:https://desk.example");
        let response = asked.respond(&world.wallet(), false, now()).unwrap();
        assert!(world.take_at(&open, &response, 0, Some(ORIGIN)).is_ok());
    }
}

#[test]
fn an_answer_is_refused_each_time_for_its_cause() {
    let world = World::new();
    for format in FORMATS {
        let open = world.open(one(format, &["family_name"]));
        let good = json!({ "id": [presented(&world, &open, format)] });
        assert_eq!(world.code(&open, &good), Ok(()));
        let response = world.asked(&open).encrypt(&good).unwrap();
        let code = |answer: Result<Answer, openid4vc::presentation::Refusal>| {
            answer.map(drop).map_err(|refusal| refusal.code())
        };
        assert_eq!(code(world.take_at(&open, &response, 301, None)), Err("response_late"));
        let other = world.open(one(format, &["family_name"]));
        assert_eq!(code(world.take(&other, &response)), Err("response_other_key"), "another request's");
        let encrypt = |key: &Jwk, content: Value| {
            let to = Recipient { key, enc: ContentEncryption::A128Gcm, parties: None };
            encrypt_jwe(content.to_string().as_bytes(), to).unwrap()
        };
        let kid = open.request().encryption.kid.clone();
        let stranger = Jwk::of(DecryptionKey::generate().unwrap().public(), kid).unwrap();
        let own = &open.request().encryption;
        let unnamed = Jwk::of(own.public(), None).unwrap();
        let state = json!(open.request().state);
        let content = json!({ "vp_token": good, "state": state });
        for (expected, text) in [
            ("response_decryption", encrypt(&stranger, content.clone())),
            ("response_other_key", encrypt(&unnamed, content.clone())),
            ("response_state", encrypt(own, json!({ "vp_token": good }))),
            ("response_state", encrypt(own, json!({ "vp_token": good, "state": "other" }))),
            ("response_content", encrypt(own, json!({ "state": state }))),
            ("response_content", encrypt(own, json!([]))),
            ("response_content", encrypt(own, json!({ "state": state, "vp_token": good["id"] }))),
            (
                "response_content",
                encrypt(own, json!({ "state": state, "vp_token": { "id": good["id"][0] } })),
            ),
            ("response_content", encrypt(own, json!({ "state": state, "vp_token": { "id": [] } }))),
            ("response_content", encrypt(own, json!({ "state": state, "vp_token": { "id": [7] } }))),
            (
                "answer_unknown_query",
                encrypt(own, json!({ "state": state, "vp_token": { "other": good["id"] } })),
            ),
            ("answer_incomplete", encrypt(own, json!({ "state": state, "vp_token": {} }))),
            ("response_form", "a.b.c".to_owned()),
            ("response_form", String::new()),
        ] {
            assert_eq!(code(world.take(&open, &text)), Err(expected), "{format:?}");
        }
    }
}

/// What a verifier must not take although everything in it is proven: public faults of verifiers.
#[test]
fn an_answer_that_is_not_what_was_asked_for_is_refused() {
    let world = World::new();
    for format in FORMATS {
        // eudiplo 552: missing claims or credentials were taken.
        let asked = world.open(one(format, &["family_name", "given_name"]));
        let token = json!({ "id": [presented(&world, &asked, format)] });
        assert_eq!(world.code(&asked, &token), Err("answer_claim_missing"), "{format:?}");
        let both = world.open(json!({ "credentials": [
            query("id", format, &["family_name"]), query("second", format, &[]),
        ] }));
        let token = json!({ "id": [presented(&world, &both, format)] });
        assert_eq!(world.code(&both, &token), Err("answer_incomplete"), "{format:?}");
        // swiyu-verifier 246: several presentations without `multiple`.
        let asked = world.open(one(format, &["family_name"]));
        let one_text = presented(&world, &asked, format);
        assert_eq!(world.code(&asked, &json!({ "id": [one_text, one_text] })), Err("answer_multiple"));
        let mut several = query("id", format, &["family_name"]);
        several["multiple"] = json!(true);
        let several = world.open(json!({ "credentials": [several] }));
        let text = presented(&world, &several, format);
        assert_eq!(world.code(&several, &json!({ "id": [text.clone(), text] })), Ok(()));
        // A wallet that did not apply `values`.
        let mut asked = query("id", format, &["family_name"]);
        asked["claims"][0]["values"] = json!(["CHEN"]);
        let asked = world.open(json!({ "credentials": [asked] }));
        let token = json!({ "id": [presented(&world, &asked, format)] });
        assert_eq!(world.code(&asked, &token), Err("answer_other_value"), "{format:?}");
        // A credential of another type than was asked for.
        let mut asked = query("id", format, &[]);
        asked["meta"] = json!({ "vct_values": ["urn:other"], "doctype_value": "urn:other" });
        let asked = world.open(json!({ "credentials": [asked] }));
        let token = json!({ "id": [presented(&world, &asked, format)] });
        assert_eq!(world.code(&asked, &token), Err("answer_other_type"), "{format:?}");
        // A wallet that did not apply `trusted_authorities`.
        let mut asked = query("id", format, &[]);
        asked["trusted_authorities"] = json!([{ "type": "aki", "values": ["AAAA"] }]);
        let asked = world.open(json!({ "credentials": [asked] }));
        let token = json!({ "id": [presented(&world, &asked, format)] });
        assert_eq!(world.code(&asked, &token), Err("answer_other_authority"), "{format:?}");
        // eudi-lib-android-wallet-core 218: any set of `claim_sets` is enough, the best one too.
        let mut asked = query("id", format, &["family_name", "given_name"]);
        asked["claims"][0]["id"] = json!("a");
        asked["claims"][1]["id"] = json!("b");
        asked["claim_sets"] = json!([["a", "b"], ["a"]]);
        let asked = world.open(json!({ "credentials": [asked] }));
        let token = json!({ "id": [presented(&world, &asked, format)] });
        assert_eq!(world.code(&asked, &token), Ok(()), "{format:?}");
    }
    // An mdoc for a query in JSON, and the reverse.
    let open = world.open(one(Format::SdJwt, &[]));
    let token = json!({ "id": [presented(&world, &open, Format::Mdoc)] });
    assert_eq!(world.code(&open, &token), Err("sd_jwt_form"));
    let open = world.open(one(Format::Mdoc, &[]));
    let token = json!({ "id": [presented(&world, &open, Format::SdJwt)] });
    assert_eq!(world.code(&open, &token), Err("response_content"));
}

#[test]
fn a_place_in_an_array_is_found_although_what_is_hidden_moves_it() {
    let world = World::new();
    let mut asked = query("id", Format::SdJwt, &[]);
    asked["claims"] = json!([{ "path": ["nationalities", 1], "values": ["GBR"] }]);
    let open = world.open(json!({ "credentials": [asked] }));
    let response = world.asked(&open).respond(&world.wallet(), false, now()).unwrap();
    assert!(world.take(&open, &response).is_ok());
}

#[test]
fn an_error_is_taken_in_plain_and_encrypted_and_nothing_else_is_taken_in_plain() {
    // eudi-srv-verifier-endpoint 401: an error in plain is what a wallet sends that has nothing to encrypt.
    let world = World::new();
    let open = world.open(one(Format::SdJwt, &[]));
    let anchors = world.authority.anchors();
    let checks = openid4vc::presentation::Checks {
        sd_jwt_anchors: &anchors,
        mdoc_anchors: &anchors,
        metadata: &[],
        origin: None,
        now: now(),
    };
    let state = open.request().state.clone().unwrap();
    let told = |form: &str| match open.take(&Posted::read(form.as_bytes()).unwrap(), &checks) {
        Ok(Answer::Refused { error }) => Ok(error),
        Ok(Answer::Presented(_)) => panic!("nothing was presented"),
        Err(refusal) => Err(refusal.code()),
    };
    assert_eq!(told(&format!("error=access_denied&state={state}&x=y")), Ok("access_denied".to_owned()));
    assert_eq!(told("error=invalid_request"), Ok("invalid_request".to_owned()), "it knew no state");
    assert_eq!(told("error=access_denied&state=other"), Err("response_state"));
    let to = Recipient { key: &open.request().encryption, enc: ContentEncryption::A256Gcm, parties: None };
    let content = json!({ "error": "access_denied", "state": state }).to_string();
    let response = encrypt_jwe(content.as_bytes(), to).unwrap();
    assert_eq!(told(&format!("response={response}")), Ok("access_denied".to_owned()));
    for (form, code) in [
        ("vp_token=%7B%7D&state=x", "response_not_encrypted"),
        ("response=a&response=b", "response_form"),
        ("response=a&error=b", "response_form"),
        ("state=x", "response_form"),
        ("", "response_form"),
    ] {
        assert_eq!(Posted::read(form.as_bytes()).map_err(PostedError::code).map(drop), Err(code), "{form}");
    }
}

#[test]
fn a_wallet_refuses_a_request_for_the_first_thing_wrong_with_it() {
    let world = World::new();
    let open = world.open(one(Format::SdJwt, &["family_name"]));
    let good = claims_of(&world.object(&open));
    let typ = "oauth-authz-req+jwt";
    let signed = |signer: &crate::party::Signer, typ: &str, claims: &Map<String, Value>| {
        let header = json!({ "typ": typ, "x5c": signer.x5c_json() });
        signer.sign(header, Value::Object(claims.clone()).to_string().as_bytes())
    };
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims.remove(name);
        if !value.is_null() {
            claims.insert(name.to_owned(), value);
        }
        signed(&world.verifier, typ, &claims)
    };
    let metadata = |change: &dyn Fn(&mut Value)| {
        let mut metadata = good["client_metadata"].clone();
        change(&mut metadata);
        with("client_metadata", metadata)
    };
    let stranger = Authority::new("Other").signer("Desk", READER);
    let other = world.authority.signer("Other", READER);
    let not_reader = world.authority.signer("Signer", DOCUMENT_SIGNER);
    let borrowed =
        crate::party::Signer { key: SigningKey::generate().unwrap(), x5c: world.verifier.x5c.clone() };
    let mut own = good.clone();
    own.insert("client_id".to_owned(), ClientId::of_certificate(&other.x5c[0]).to_string().into());
    for (code, told, object) in [
        ("request_form", "invalid_request", signed(&world.verifier, "JWT", &good)),
        ("request_form", "invalid_request", "a.b".to_owned()),
        ("certificate_unknown", "invalid_client", signed(&stranger, typ, &good)),
        ("certificate_use", "invalid_client", signed(&not_reader, typ, &good)),
        ("request_signature", "invalid_client", signed(&borrowed, typ, &good)),
        ("request_client_id", "invalid_client", signed(&other, typ, &good)),
        ("request_client_id", "invalid_client", signed(&other, typ, &own)),
        ("request_parameter", "invalid_request", with("client_id", Value::Null)),
        ("request_audience", "invalid_request", with("aud", json!("https://other.example"))),
        ("request_audience", "invalid_request", with("aud", Value::Null)),
        ("request_expired", "invalid_request", with("exp", json!(at(-11).unix()))),
        ("request_parameter", "invalid_request", with("exp", json!("soon"))),
        ("request_parameter", "invalid_request", with("response_type", json!("vp_token id_token"))),
        ("request_parameter", "invalid_request", with("response_mode", json!("direct_post"))),
        ("request_parameter", "invalid_request", with("response_mode", json!("dc_api.jwt"))),
        ("request_parameter", "invalid_request", with("response_uri", Value::Null)),
        ("request_parameter", "invalid_request", with("redirect_uri", json!("https://desk.example/"))),
        ("request_address", "invalid_request", with("response_uri", json!("http://desk.example/r"))),
        ("request_address", "invalid_request", with("response_uri", json!("https://u@desk.example/r"))),
        ("request_parameter", "invalid_request", with("nonce", Value::Null)),
        ("request_parameter", "invalid_request", with("nonce", json!("short"))),
        ("request_parameter", "invalid_request", with("nonce", json!("a nonce with blanks in it"))),
        ("request_parameter", "invalid_request", with("dcql_query", Value::Null)),
        ("request_parameter", "invalid_request", with("scope", json!("identity"))),
        ("dcql_member", "invalid_request", with("dcql_query", json!({}))),
        ("request_transaction_data", "invalid_transaction_data", with("transaction_data", json!(["AAAA"]))),
        ("request_parameter", "invalid_request", with("client_metadata", Value::Null)),
        (
            "request_formats",
            "vp_formats_not_supported",
            metadata(&|m| m["vp_formats_supported"] = json!({ "jwt_vc_json": {} })),
        ),
        ("request_encryption", "invalid_request", metadata(&|m| m["jwks"] = json!({ "keys": [] }))),
        (
            "request_encryption",
            "invalid_request",
            metadata(&|m| m["jwks"]["keys"][0]["alg"] = json!("RSA-OAEP")),
        ),
        ("request_encryption", "invalid_request", metadata(&|m| m["jwks"]["keys"][0]["use"] = json!("sig"))),
        (
            "request_encryption",
            "invalid_request",
            metadata(&|m| m["encrypted_response_enc_values_supported"] = json!(["A128CBC-HS256"])),
        ),
    ] {
        let refused = world.read(&object, |_| {}).map(drop).map_err(|error| (error.code(), error.told()));
        assert_eq!(refused, Err((code, told)));
    }
    assert!(
        world.read(&with("unknown", json!({ "a": 1 })), |_| {}).is_ok(),
        "unknown parameters are ignored"
    );
    // The default is A128GCM (8.3).
    let bare =
        metadata(&|m| drop(m.as_object_mut().unwrap().remove("encrypted_response_enc_values_supported")));
    let asked = world.read(&bare, |_| {}).unwrap();
    let response = asked.respond(&world.wallet(), false, now()).unwrap();
    assert_eq!(Jwe::read(&response).unwrap().enc(), ContentEncryption::A128Gcm);
}

#[test]
fn a_client_id_is_bound_to_its_certificate_by_its_prefix() {
    let world = World::new();
    let open = world.open(one(Format::SdJwt, &[]));
    let good = claims_of(&world.object(&open));
    let read = |client_id: &str, response_uri: &str| {
        let mut claims = good.clone();
        claims.insert("client_id".to_owned(), client_id.into());
        claims.insert("response_uri".to_owned(), response_uri.into());
        let header = json!({ "typ": "oauth-authz-req+jwt", "x5c": world.verifier.x5c_json() });
        let object = world.verifier.sign(header, Value::Object(claims).to_string().as_bytes());
        world.read(&object, |context| context.client_id = None).map(drop).map_err(|error| error.code())
    };
    for (client_id, uri, expected) in [
        ("x509_san_dns:desk.example", RESPONSE_URI, Ok(())),
        ("x509_san_dns:DESK.example", RESPONSE_URI, Ok(())),
        ("x509_san_dns:other.example", RESPONSE_URI, Err("request_client_id")),
        ("x509_san_dns:desk.example", "https://evil.example/r", Err("request_address")),
        ("x509_hash:AAAA", RESPONSE_URI, Err("request_client_id_prefix")),
        ("origin:https://desk.example", RESPONSE_URI, Err("request_client_id_prefix")),
        ("redirect_uri:https://desk.example", RESPONSE_URI, Err("request_client_id_prefix")),
        ("decentralized_identifier:did:example:1", RESPONSE_URI, Err("request_client_id_prefix")),
        ("openid_federation:https://desk.example", RESPONSE_URI, Err("request_client_id_prefix")),
        ("desk", RESPONSE_URI, Err("request_client_id_prefix")),
        ("", RESPONSE_URI, Err("request_client_id_prefix")),
    ] {
        assert_eq!(read(client_id, uri), expected, "{client_id} {uri}");
    }
    let object = world.object(&open);
    let outside = world.read(&object, |context| context.client_id = Some("x509_hash:other")).map(drop);
    assert_eq!(outside, Err(RequestError::ClientId), "the object's is not the one outside");
}

#[test]
fn a_wallet_without_what_is_asked_for_answers_nothing() {
    let world = World::new();
    let open = world.open(one(Format::SdJwt, &["family_name", "blood_group"]));
    let refused = world.asked(&open).respond(&world.wallet(), false, now()).map(drop);
    assert!(matches!(refused, Err(openid4vc::presentation::RespondError::NotMet(_))));
}

#[test]
fn the_published_encrypted_answer_opens_to_the_published_content() {
    let Some(folder) = test_support::shared("openid4vp jwe", "vectors/openid4vc") else { return };
    let text = std::fs::read_to_string(folder.join("openid4vp-1.0/inline-examples.json")).unwrap();
    let examples: Value = serde_json::from_str(&text).unwrap();
    let of_section = |member: &str| {
        let examples = examples.as_array().unwrap().iter();
        let mut of_section = examples.filter(|example| example["section"] == "Encrypted Responses");
        of_section.find_map(|example| example["json"].get(member).map(|_| example["json"].clone())).unwrap()
    };
    let (response, key, content) = (of_section("response"), of_section("d"), of_section("vp_token"));
    let scalar = URL_SAFE_NO_PAD.decode(key["d"].as_str().unwrap()).unwrap();
    let key = DecryptionKey::from_scalar(&scalar.try_into().unwrap()).unwrap();
    let jwe = Jwe::read(response["response"].as_str().unwrap()).unwrap();
    assert_eq!(jwe.kid(), Some("ac"));
    let opened: Value = serde_json::from_slice(&jwe.decrypt(&key).unwrap()).unwrap();
    assert_eq!(opened, content);
}

#[test]
fn a_request_under_several_signatures_is_believed_by_the_first_that_counts() {
    let world = World::new();
    let open = world
        .open_by(one(Format::Mdoc, &["family_name"]), Channel::DcApi { origins: vec![ORIGIN.to_owned()] });
    let mut claims = claims_of(&world.object(&open));
    let own = claims.remove("client_id").unwrap();
    let payload = Value::Object(claims.clone()).to_string();
    let stranger = Authority::new("Other").signer("Desk", READER);
    let strange = json!(ClientId::of_certificate(&stranger.x5c[0]).to_string());
    let part = |signer: &crate::party::Signer, client_id: &Value, payload: &str| {
        let header =
            json!({ "typ": "oauth-authz-req+jwt", "x5c": signer.x5c_json(), "client_id": client_id });
        let compact = signer.sign(header, payload.as_bytes());
        let mut parts = compact.split('.');
        json!({ "protected": parts.next(), "signature": parts.nth(1) })
    };
    let read = |payload: &str, signatures: Vec<Value>| {
        let object = json!({ "payload": URL_SAFE_NO_PAD.encode(payload), "signatures": signatures });
        let anchors = world.authority.anchors();
        let context = openid4vc::presentation::Context {
            anchors: &anchors,
            client_id: None,
            wallet_nonce: None,
            origin: Some(ORIGIN),
            audiences: &[openid4vc::presentation::SELF_ISSUED],
            now: now(),
        };
        openid4vc::presentation::Asked::read_multisigned(object.as_object().unwrap(), &context)
    };
    let (good, foreign) = (part(&world.verifier, &own, &payload), part(&stranger, &strange, &payload));
    let asked = read(&payload, vec![foreign.clone(), good.clone()]).unwrap();
    assert_eq!(json!(asked.request().client_id.to_string()), own);
    let response = asked.respond(&world.wallet(), false, now()).unwrap();
    assert!(world.take_at(&open, &response, 0, Some(ORIGIN)).is_ok());
    claims.insert("client_id".to_owned(), own.clone());
    let inside = Value::Object(claims).to_string();
    for (code, payload, signatures) in [
        ("certificate_unknown", &payload, vec![foreign]),
        ("request_client_id", &payload, vec![part(&world.verifier, &strange, &payload)]),
        ("request_parameter", &payload, vec![part(&world.verifier, &Value::Null, &payload)]),
        ("request_parameter", &inside, vec![part(&world.verifier, &own, &inside)]),
        ("request_signature", &inside, vec![good.clone()]),
        ("request_form", &payload, vec![]),
        ("request_form", &payload, vec![json!({ "signature": "AAAA" })]),
        ("request_form", &payload, vec![good; 9]),
    ] {
        assert_eq!(read(payload, signatures).map(drop).map_err(|error| error.code()), Err(code));
    }
}
