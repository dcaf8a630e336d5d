//! What is refused of wallets of others: codes, requests, proofs, access tokens, a counter's offers.

use credential::jose::{DecryptionKey, Jwe};
use credential::sha256;

use super::*;

#[tokio::test]
async fn pkce_missing_plain_or_wrong_and_a_code_that_is_used_again_or_anothers() {
    let Some(stage) = stage("openid: codes").await else { return };
    let wallet = Wallet::new(&stage.door, &stage.maker);
    let scope = "identity-card-sd-jwt";
    for (name, value) in
        [("code_challenge", ""), ("code_challenge_method", "plain"), ("code_challenge_method", "")]
    {
        let mut pairs = pushed(scope);
        pairs.retain(|(known, _)| *known != name);
        if !value.is_empty() {
            pairs.push((name, value));
        }
        assert_eq!(
            error(&wallet.server("/openid/par", &pairs).await.is(400)),
            "invalid_request",
            "{name}={value}"
        );
    }
    let code = async |wallet: &Wallet<'_>| {
        let uri = wallet.push(scope).await;
        code_in(&sign_in(&stage.door, &stage.bay, &uri, &stage.live).await)
    };
    let changed = async |name: &str, value: &str| {
        let code = code(&wallet).await;
        let mut pairs = token_request(&code);
        pairs.retain(|(known, _)| *known != name);
        pairs.push((name, value));
        let refused = wallet.server("/openid/token", &pairs).await.is(400);
        // Whatever was wrong, the code is over.
        assert_eq!(error(&wallet.redeem(&code).await.is(400)), "invalid_grant", "{name}");
        error(&refused)
    };
    assert_eq!(changed("code_verifier", CHALLENGE).await, "invalid_grant");
    assert_eq!(changed("code_verifier", "").await, "invalid_grant");
    assert_eq!(changed("redirect_uri", "https://wallet.example/other").await, "invalid_grant");
    let good = code(&wallet).await;
    wallet.redeem(&good).await.is(200);
    assert_eq!(error(&wallet.redeem(&good).await.is(400)), "invalid_grant", "used");
    // Another wallet's code: its request named another key (dpop_jkt, RFC 9449, 10).
    let other = Wallet::new(&stage.door, &stage.maker);
    let theirs = code(&other).await;
    assert_eq!(error(&wallet.redeem(&theirs).await.is(400)), "invalid_grant");
    let late = code(&wallet).await;
    stage.door.clock.fetch_add(61, Ordering::SeqCst);
    assert_eq!(error(&wallet.redeem(&late).await.is(400)), "invalid_grant", "over");
    for (pairs, expected) in [
        (vec![("grant_type", "password"), ("client_id", "wallet-1")], "unsupported_grant_type"),
        (vec![("client_id", "wallet-1")], "invalid_request"),
        (vec![("grant_type", "authorization_code")], "invalid_request"),
        (token_request("unknown"), "invalid_grant"),
    ] {
        assert_eq!(error(&wallet.server("/openid/token", &pairs).await.is(400)), expected, "{pairs:?}");
    }
}

#[tokio::test]
async fn a_request_without_par_and_a_request_uri_that_is_over_used_or_another_wallets() {
    let Some(stage) = stage("openid: requests").await else { return };
    let wallet = Wallet::new(&stage.door, &stage.maker);
    let page = async |query: &str| {
        stage.door.call("GET", &format!("/openid/authorize?{query}"), &[], Vec::new()).await
    };
    let uri = wallet.push("photo-id-mdoc").await;
    let named = |client: &str, uri: &str| format!("client_id={client}&request_uri={uri}");
    let shown = page(&named("wallet-1", &uri)).await.is(200);
    assert!(shown.header("content-security-policy").contains("frame-ancestors 'none'"));
    assert!(
        shown.text().contains(&uri)
            && shown.text().contains("photo-id")
            && shown.text().contains("wallet.example")
    );
    let bare = "response_type=code&client_id=wallet-1&redirect_uri=https%3A%2F%2Fwallet.example%2Fcb&scope=photo-id-mdoc";
    for query in
        [bare, "", &named("wallet-2", &uri), &named("wallet-1", "urn:ietf:params:oauth:request_uri:x")]
    {
        let refused = page(query).await.is(400);
        assert!(!refused.text().contains(&uri), "{query}");
    }
    sign_in(&stage.door, &stage.bay, &uri, &stage.live).await;
    page(&named("wallet-1", &uri)).await.is(400);
    let again = json_post(&stage.door, "/openid/sign-in", &claim(&uri, &invitation(&stage.bay).await)).await;
    stage.door.problem(&again, "openid_sign_in", "unknown_request");
    let over = wallet.push("photo-id-mdoc").await;
    stage.door.clock.fetch_add(591, Ordering::SeqCst);
    page(&named("wallet-1", &over)).await.is(400);
    // The holder says no: the wallet hears it, and nobody signs in for that request any more.
    let refused = wallet.push("photo-id-mdoc").await;
    let body = json!({"request_uri": refused, "client_id": "wallet-1"});
    let back = json_post(&stage.door, "/openid/sign-in-refusal", &body).await.is(200).json();
    assert!(back["redirect"].as_str().unwrap().starts_with("https://wallet.example/cb?error=access_denied"));
    let again = json_post(&stage.door, "/openid/sign-in-refusal", &body).await;
    stage.door.problem(&again, "openid_sign_in_refusal", "unknown_request");
    for file in ["sign-in.js", "sign-in.css", "sign-in.json"] {
        stage.door.call("GET", &format!("/openid/sign-in/{file}"), &[], Vec::new()).await.is(200);
    }
    let none = stage.door.call("GET", "/openid/sign-in/other", &[], Vec::new()).await;
    stage.door.problem(&none, "openid_file", "not_found");
}

#[tokio::test]
async fn nobody_signs_in_as_somebody_else() {
    let Some(stage) = stage("openid: sign-in").await else { return };
    let wallet = Wallet::new(&stage.door, &stage.maker);
    let uri = wallet.push("identity-card-sd-jwt").await;
    let mut wrong = claim(&uri, &invitation(&stage.bay).await);
    wrong["name"] = json!("SOMEBODY ELSE");
    for (claim, picture) in
        [(wrong, &stage.live), (claim(&uri, &invitation(&stage.bay).await), &stage.stranger)]
    {
        let begun = json_post(&stage.door, "/openid/sign-in", &claim).await.is(201).json();
        let path = format!("/openid/sign-in/{}/frames", begun["id"].as_str().unwrap());
        let frames = json!({"request_uri": uri, "client_id": "wallet-1", "frames": [{"at_ms": 0, "picture": b64(picture)}]});
        let answer = json_post(&stage.door, &path, &frames).await;
        stage.door.problem(&answer, "openid_sign_in_frames", "unknown_person");
    }
    // Pictures belong to the request for which they were begun.
    let other = wallet.push("identity-card-sd-jwt").await;
    let begun = json_post(&stage.door, "/openid/sign-in", &claim(&uri, &invitation(&stage.bay).await))
        .await
        .is(201)
        .json();
    let path = format!("/openid/sign-in/{}/frames", begun["id"].as_str().unwrap());
    let frames = json!({"request_uri": other, "client_id": "wallet-1", "frames": [{"at_ms": 0, "picture": b64(&stage.live)}]});
    let answer = json_post(&stage.door, &path, &frames).await;
    stage.door.problem(&answer, "openid_sign_in_frames", "enrolment_not_under_way");
    // The request is still there for its holder.
    sign_in(&stage.door, &stage.bay, &uri, &stage.live).await;
}

#[tokio::test]
async fn dpop_negatives_and_attestations_that_were_seen() {
    let Some(stage) = stage("openid: proofs").await else { return };
    let wallet = Wallet::new(&stage.door, &stage.maker);
    let (now, par) = (wallet.now(), "/openid/par");
    let (_, nonce) = wallet.nonces().await;
    let pairs = pushed("identity-card-sd-jwt");
    let push = async |proof: &str| {
        wallet.server_with(par, &pairs, &wallet.attestation(), &wallet.pop(), proof).await
    };
    for seconds in [-10, 10] {
        push(&wallet.proof(&wallet.dpop, par, None, Some(&nonce), now + seconds)).await.is(201);
    }
    for seconds in [-300, 300] {
        let answer = push(&wallet.proof(&wallet.dpop, par, None, Some(&nonce), now + seconds)).await.is(400);
        assert_eq!(error(&answer), "invalid_dpop_proof", "{seconds}");
    }
    for stale in [None, Some("another")] {
        let answer = push(&wallet.proof(&wallet.dpop, par, None, stale, now)).await.is(400);
        assert_eq!(error(&answer), "use_dpop_nonce");
        assert!(!answer.header("dpop-nonce").is_empty());
    }
    let twice = wallet.proof(&wallet.dpop, par, None, Some(&nonce), now);
    push(&twice).await.is(201);
    let elsewhere = wallet.proof(&wallet.dpop, "/openid/token", None, Some(&nonce), now);
    for proof in [twice.as_str(), "", "a.b.c", &elsewhere] {
        assert_eq!(error(&push(proof).await.is(400)), "invalid_dpop_proof");
    }
    // dpop_jkt of another key than the proof's.
    let mut named = pairs.clone();
    let other = b64(&sha256(b"another key"));
    named.push(("dpop_jkt", &other));
    assert_eq!(error(&wallet.server(par, &named).await.is(400)), "invalid_dpop_proof");
    // Each proof of an attestation counts once; both headers are needed; the client's name is the attested one.
    let (attestation, pop) = (wallet.attestation(), wallet.pop());
    let proof = || wallet.proof(&wallet.dpop, par, None, Some(&nonce), now);
    wallet.server_with(par, &pairs, &attestation, &pop, &proof()).await.is(201);
    for (attestation, pop) in
        [(attestation.as_str(), pop.as_str()), (&attestation, ""), ("", &pop), ("a", "b")]
    {
        let answer = wallet.server_with(par, &pairs, attestation, pop, &proof()).await.is(401);
        assert_eq!(error(&answer), "invalid_client");
    }
    let mut renamed = pairs.clone();
    renamed.retain(|(name, _)| *name != "client_id");
    renamed.push(("client_id", "wallet-2"));
    assert_eq!(error(&wallet.server(par, &renamed).await.is(401)), "invalid_client");
    let strange = SignerChain::new("Stranger", &["stranger.example"], None);
    let stranger = Wallet::new(&stage.door, &strange);
    assert_eq!(error(&stranger.server(par, &pairs).await.is(401)), "invalid_client");
    let twice = [pairs.as_slice(), &[("scope", "photo-id-mdoc")]].concat();
    assert_eq!(
        error(&wallet.server(par, &twice).await.is(400)),
        "invalid_request",
        "a parameter stands twice"
    );
    assert_eq!(error(&wallet.server(par, &pushed("unknown")).await.is(400)), "invalid_scope");
}

#[tokio::test]
async fn fail_on_access_token_in_query_and_on_one_that_is_bound_to_another_key() {
    let Some(stage) = stage("openid: access tokens").await else { return };
    let wallet = Wallet::new(&stage.door, &stage.maker);
    let token = wallet.access(&stage.bay, "identity-card-sd-jwt", &stage.live).await;
    let path = "/openid/credential";
    let body = json!({"credential_configuration_id": "identity-card-sd-jwt", "proofs": wallet.proofs(&keys(1)).await});
    let (_, nonce) = wallet.nonces().await;
    let proof =
        |key: &SigningKey, token: Option<&str>| wallet.proof(key, path, token, Some(&nonce), wallet.now());
    let stolen = SigningKey::generate().unwrap();
    for (path, authorization, proof) in [
        (format!("{path}?access_token={token}"), String::new(), proof(&wallet.dpop, Some(&token))),
        (format!("{path}?access_token={token}"), format!("DPoP {token}"), proof(&wallet.dpop, Some(&token))),
        (path.to_owned(), format!("Bearer {token}"), proof(&wallet.dpop, Some(&token))),
        (path.to_owned(), format!("DPoP {token}"), proof(&stolen, Some(&token))),
        (path.to_owned(), format!("DPoP {}", b64(&[1; 32])), proof(&wallet.dpop, Some(&b64(&[1; 32])))),
    ] {
        let answer = wallet.resource_with(&path, &authorization, &proof, &body).await.is(401);
        assert_eq!(error(&answer), "invalid_token", "{path} {authorization}");
        assert!(answer.header("www-authenticate").starts_with("DPoP "));
    }
    let unbound =
        wallet.resource_with(path, &format!("DPoP {token}"), &proof(&wallet.dpop, None), &body).await.is(401);
    assert_eq!(error(&unbound), "invalid_dpop_proof", "the proof names no token");
    let bare = wallet.proof(&wallet.dpop, path, Some(&token), None, wallet.now());
    let asked = wallet.resource_with(path, &format!("DPoP {token}"), &bare, &body).await.is(401);
    assert_eq!(error(&asked), "use_dpop_nonce");
    assert!(asked.header("www-authenticate").contains("use_dpop_nonce"));
    wallet.resource(path, &token, &body).await.is(200);
    stage.door.clock.fetch_add(301, Ordering::SeqCst);
    assert_eq!(error(&wallet.resource(path, &token, &body).await.is(401)), "invalid_token", "over");
}

#[tokio::test]
async fn what_the_token_was_not_given_for_is_refused_and_errors_are_never_encrypted() {
    let Some(stage) = stage("openid: what is asked").await else { return };
    let wallet = Wallet::new(&stage.door, &stage.maker);
    let token = wallet.access(&stage.bay, "identity-card-sd-jwt", &stage.live).await;
    let proofs = wallet.proofs(&keys(1)).await;
    let ask = async |body: Value| wallet.resource("/openid/credential", &token, &body).await;
    let key = DecryptionKey::generate().unwrap();
    let to = Jwk::of(key.public(), Some("e-1".to_owned())).unwrap().to_json().unwrap();
    for (body, expected) in [
        (
            json!({"credential_configuration_id": "photo-id-mdoc", "proofs": proofs}),
            "unknown_credential_configuration",
        ),
        (
            json!({"credential_identifier": "identity-card-sd-jwt.1", "proofs": proofs}),
            "unknown_credential_identifier",
        ),
        (json!({"credential_configuration_id": "identity-card-sd-jwt"}), "invalid_proof"),
        (json!([]), "invalid_credential_request"),
        (
            json!({"credential_configuration_id": "identity-card-sd-jwt", "proofs": proofs,
                "credential_response_encryption": {"jwk": to, "enc": "A128CBC-HS256"}}),
            "invalid_encryption_parameters",
        ),
    ] {
        let answer = ask(body.clone()).await.is(400);
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(error(&answer), expected, "{body}");
    }
    stage.door.clock.fetch_add(299, Ordering::SeqCst);
    let late = json!({"credential_configuration_id": "identity-card-sd-jwt", "proofs": proofs});
    assert_eq!(error(&ask(late).await.is(400)), "invalid_proof", "its time is over");
    let mut old = wallet.proofs(&keys(1)).await;
    let jwk_only = keys(1).remove(0);
    let claims = json!({"aud": ISSUER, "iat": wallet.now(), "nonce": "another"});
    old["jwt"] =
        json!([signed(&jwk_only, &json!({"typ": "openid4vci-proof+jwt", "jwk": jwk(&jwk_only)}), &claims)]);
    let stale = json!({"credential_configuration_id": "identity-card-sd-jwt", "proofs": old});
    assert_eq!(error(&ask(stale).await.is(400)), "invalid_nonce");
    let encrypted = json!({"credential_configuration_id": "identity-card-sd-jwt", "proofs": wallet.proofs(&keys(2)).await,
        "credential_response_encryption": {"jwk": to, "enc": "A256GCM"}});
    let answer = ask(encrypted).await.is(200);
    assert_eq!(answer.header("content-type"), "application/jwt");
    let text = answer.text();
    let opened = Jwe::read(&text).unwrap().decrypt(&key).unwrap();
    assert_eq!(texts(&serde_json::from_slice(&opened).unwrap()).len(), 2);
}

#[tokio::test]
async fn identifiers_are_given_where_authorization_details_were_sent_and_then_one_must_be_used() {
    let Some(stage) = stage("openid: details").await else { return };
    let wallet = Wallet::new(&stage.door, &stage.maker);
    let details = r#"[{"type":"openid_credential","credential_configuration_id":"identity-card-sd-jwt"}]"#;
    let mut pairs = pushed("");
    pairs.push(("authorization_details", details));
    let uri =
        wallet.server("/openid/par", &pairs).await.is(201).json()["request_uri"].as_str().unwrap().to_owned();
    let code = code_in(&sign_in(&stage.door, &stage.bay, &uri, &stage.live).await);
    let answer = wallet.redeem(&code).await.is(200).json();
    let token = answer["access_token"].as_str().unwrap();
    let identifier = answer["authorization_details"][0]["credential_identifiers"][0].as_str().unwrap();
    let by = async |member: &str, value: &str| {
        let body = json!({member: value, "proofs": wallet.proofs(&keys(1)).await});
        wallet.resource("/openid/credential", token, &body).await
    };
    by("credential_identifier", identifier).await.is(200);
    assert_eq!(error(&by("credential_identifier", "other").await.is(400)), "unknown_credential_identifier");
    let refused = by("credential_configuration_id", "identity-card-sd-jwt").await.is(400);
    assert_eq!(error(&refused), "invalid_credential_request");
}

#[tokio::test]
async fn a_counters_offer_counts_once_with_the_number_that_the_officer_told() {
    let Some(stage) = stage("openid: counter").await else { return };
    let wallet = Wallet::new(&stage.door, &stage.maker);
    let whom = |number: &str, ids: &[&str]| json!({"document": {"kind": "mainland_id", "number": number}, "configurations": ids});
    let offer = async || {
        let answer = stage
            .door
            .send("POST", "/v1/residents/offer", Some(OFFICER), &whom(CARD, &["photo-id-sd-jwt"]))
            .await
            .is(201)
            .json();
        let link = answer["offer"].as_str().unwrap().to_owned();
        let read = openid4vc::issuance::CredentialOffer::read_link(&link).unwrap();
        assert_eq!(read.credential_issuer, ISSUER);
        (read.grants.unwrap().pre_authorized.unwrap().code, answer["tx_code"].as_str().unwrap().to_owned())
    };
    let redeem = async |code: &str, typed: &str| {
        let pairs = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:pre-authorized_code"),
            ("pre-authorized_code", code),
            ("tx_code", typed),
        ];
        wallet.server("/openid/token", &pairs).await
    };
    let (code, told) = offer().await;
    let wrong = if told == "000000" { "000001" } else { "000000" };
    assert_eq!(error(&redeem(&code, wrong).await.is(400)), "invalid_grant");
    assert_eq!(error(&redeem(&code, "").await.is(400)), "invalid_request");
    let token = redeem(&code, &told).await.is(200).json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(error(&redeem(&code, &told).await.is(400)), "invalid_grant", "used");
    wallet.take(&token, "photo-id-sd-jwt", &keys(1)).await.is(200);
    let (code, told) = offer().await;
    for _ in 0..3 {
        assert_eq!(error(&redeem(&code, wrong).await.is(400)), "invalid_grant");
    }
    assert_eq!(error(&redeem(&code, &told).await.is(400)), "invalid_grant", "guessed at three times");
    let unknown = stage
        .door
        .send("POST", "/v1/residents/offer", Some(OFFICER), &whom("11010119900307123X", &["photo-id-mdoc"]))
        .await;
    assert!(unknown.status == 422 || unknown.status == 404, "{}", unknown.text());
    let none = stage.door.send("POST", "/v1/residents/offer", Some(OFFICER), &whom(CARD, &[])).await;
    stage.door.problem(&none, "offer", "wrong_field");
    let nobody = stage.door.send("POST", "/v1/residents/offer", None, &whom(CARD, &["photo-id-mdoc"])).await;
    stage.door.problem(&nobody, "offer", "unauthorized");
}
