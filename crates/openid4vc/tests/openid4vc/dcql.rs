//! DCQL: the published queries, every malformed one with its code, what a wallet answers, what a verifier takes as an answer.

use openid4vc::dcql::{Candidate, DcqlError, Match, NotMet, Presented, Query, Shown};
use openid4vc::presentation::Answer;
use openid4vc::sd_jwt::Presentation;
use serde_json::{Value, json};

use crate::mdoc::{DOC_TYPE, ELEMENTS};
use crate::party::now;
use crate::world::{Format, VCT, World, query};

fn read(query: &Value) -> Query {
    Query::read(query).unwrap()
}

#[test]
fn every_published_query_is_read() {
    let Some(folder) = test_support::shared("dcql", "vectors/openid4vc") else { return };
    let mut count = 0;
    for part in ["openid4vp-1.0/query_lang", "eudi-dcql"] {
        for entry in std::fs::read_dir(folder.join(part)).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            // One published example breaks off before its last brace.
            let whole = openid4vc::json::strict(&text)
                .or_else(|_| openid4vc::json::strict(&format!("{text}}}")))
                .unwrap();
            let query = Query::read(&whole).unwrap();
            assert_eq!(query.to_json(), &whole);
            count += 1;
        }
    }
    assert_eq!(count, 7);
}

#[test]
fn a_malformed_query_is_refused_for_the_first_thing_wrong_with_it() {
    let good = query("a", Format::SdJwt, &["x"]);
    let with = |member: &str, value: Value| {
        let mut changed = good.clone();
        changed[member] = value;
        json!({ "credentials": [changed] })
    };
    let claims = |claims: Value| with("claims", claims);
    let mdoc = |path: Value| {
        let mut changed = query("a", Format::Mdoc, &["x"]);
        changed["claims"] = json!([{ "path": path }]);
        json!({ "credentials": [changed] })
    };
    let sets = |sets: Value| json!({ "credentials": [good.clone()], "credential_sets": sets });
    let mut without_claims = with("claim_sets", json!([["a"]]));
    without_claims["credentials"][0].as_object_mut().unwrap().remove("claims");
    for (code, query) in [
        ("dcql_member", json!([])),
        ("dcql_member", json!({})),
        ("dcql_member", json!({ "credentials": [] })),
        ("dcql_member", json!({ "credentials": ["a"] })),
        ("dcql_member", json!({ "credentials": vec![good.clone(); 65] })),
        ("dcql_member", with("format", Value::Null)),
        ("dcql_member", with("meta", Value::Null)),
        ("dcql_member", with("meta", json!({}))),
        ("dcql_member", with("meta", json!({ "vct_values": [] }))),
        ("dcql_member", with("multiple", json!("yes"))),
        ("dcql_member", with("require_cryptographic_holder_binding", json!(0))),
        ("dcql_member", with("trusted_authorities", json!([]))),
        ("dcql_member", with("trusted_authorities", json!([{ "type": "aki", "values": ["="] }]))),
        ("dcql_member", claims(json!([]))),
        ("dcql_member", claims(json!([{}]))),
        ("dcql_member", claims(json!([{ "path": ["x"], "values": [] }]))),
        ("dcql_member", claims(json!([{ "path": ["x"], "values": [1.5] }]))),
        ("dcql_member", claims(json!([{ "path": ["x"], "values": [null] }]))),
        ("dcql_id", with("id", json!(""))),
        ("dcql_id", with("id", json!("a.b"))),
        ("dcql_id", with("id", json!(7))),
        ("dcql_id", claims(json!([{ "id": "a b", "path": ["x"] }]))),
        ("dcql_id_repeated", json!({ "credentials": [good.clone(), good.clone()] })),
        ("dcql_id_repeated", claims(json!([{ "id": "a", "path": ["x"] }, { "id": "a", "path": ["y"] }]))),
        ("dcql_unknown_id", with("claim_sets", json!([["a"]]))),
        ("dcql_unknown_id", sets(json!([{ "options": [["b"]] }]))),
        ("dcql_member", sets(json!([{ "options": [] }]))),
        ("dcql_member", sets(json!([{ "options": [["a"]], "required": 1 }]))),
        ("dcql_sets_without_claims", without_claims),
        ("dcql_path", claims(json!([{ "path": [] }]))),
        ("dcql_path", claims(json!([{ "path": "x" }]))),
        ("dcql_path", claims(json!([{ "path": ["x", -1] }]))),
        ("dcql_path", claims(json!([{ "path": ["x", true] }]))),
        ("dcql_path", claims(json!([{ "path": vec!["x"; 33] }]))),
        ("dcql_path", mdoc(json!(["only_one"]))),
        ("dcql_path", mdoc(json!([ELEMENTS, null]))),
        ("dcql_path", mdoc(json!([ELEMENTS, "a", "b"]))),
    ] {
        assert_eq!(Query::read(&query).map_err(|error| error.code()).map(drop), Err(code), "{query}");
    }
    let unknown = with("shape", json!({ "of": "a later version" }));
    assert!(Query::read(&unknown).is_ok(), "unknown members are ignored");
    assert_eq!(Query::read(&with("id", json!("a.b"))).map(drop), Err(DcqlError::Id));
}

fn answers(world: &World, query: &Value) -> Result<Vec<(usize, Vec<Match>)>, NotMet> {
    read(query).select(&[Candidate::SdJwt(&world.identity), Candidate::Mdoc(&world.photo_id)], false)
}

#[test]
fn a_wallet_answers_by_type_claims_values_and_authority() {
    let world = World::new();
    let claim = |path: Value, values: Value| {
        let mut asked = query("a", Format::SdJwt, &["x"]);
        asked["claims"] = json!([{ "path": path, "values": values }]);
        json!({ "credentials": [asked] })
    };
    let element = |name: &str, values: Value| {
        let mut asked = query("a", Format::Mdoc, &["x"]);
        asked["claims"] = json!([{ "path": [ELEMENTS, name], "values": values }]);
        json!({ "credentials": [asked] })
    };
    let by = |format: Format, member: &str, value: Value| {
        let mut asked = query("a", format, &["family_name"]);
        asked[member] = value;
        json!({ "credentials": [asked] })
    };
    let root = credential::certificate::authority_key_identifier(&world.issuer.x5c[0]).unwrap();
    use base64::Engine as _;
    let root = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(root);
    let aki = |values: Value| json!([{ "type": "aki", "values": values }]);
    for (met, asked) in [
        (true, claim(json!(["family_name"]), json!(["CHEN", "CHAN"]))),
        (false, claim(json!(["family_name"]), json!(["chan"]))),
        (true, claim(json!(["age"]), json!([36]))),
        (false, claim(json!(["age"]), json!(["36"]))),
        (true, claim(json!(["nationalities", null]), json!(["GBR"]))),
        (true, claim(json!(["nationalities", 0]), json!(["CHN"]))),
        (false, claim(json!(["nationalities", 1]), json!(["CHN"]))),
        (false, claim(json!(["nationalities", 2]), json!(["CHN"]))),
        (false, claim(json!(["family_name", "x"]), json!(["CHAN"]))),
        (false, claim(json!([0]), json!(["CHAN"]))),
        (true, claim(json!(["address", "locality"]), json!(["Sha Tin"]))),
        (true, element("age_over_18", json!([true]))),
        (false, element("age_over_18", json!([1]))),
        (true, element("birth_date", json!(["1990-02-03"]))),
        (false, element("portrait", json!(["x"]))),
        (false, element("no_such_element", json!(["x"]))),
        (false, by(Format::SdJwt, "meta", json!({ "vct_values": ["urn:other"] }))),
        (true, by(Format::SdJwt, "meta", json!({ "vct_values": ["urn:other", VCT] }))),
        (false, by(Format::Mdoc, "meta", json!({ "doctype_value": "org.iso.18013.5.1.mDL" }))),
        (true, by(Format::Mdoc, "meta", json!({ "doctype_value": DOC_TYPE }))),
        (false, by(Format::SdJwt, "format", json!("jwt_vc_json"))),
        (true, by(Format::SdJwt, "trusted_authorities", aki(json!([root])))),
        (true, by(Format::Mdoc, "trusted_authorities", aki(json!(["AAAA", root])))),
        (false, by(Format::Mdoc, "trusted_authorities", aki(json!(["AAAA"])))),
        (
            false,
            by(Format::Mdoc, "trusted_authorities", json!([{ "type": "etsi_tl", "values": ["https://a"] }])),
        ),
    ] {
        assert_eq!(answers(&world, &asked).is_ok(), met, "{asked}");
    }
}

#[test]
fn the_first_set_of_claims_that_can_be_met_is_shown_and_no_other() {
    let world = World::new();
    let claims = json!([
        { "id": "a", "path": ["family_name"] }, { "id": "b", "path": ["postal_code"] },
        { "id": "c", "path": ["age"] }, { "id": "d", "path": ["given_name"] }
    ]);
    let shown = |sets: Option<Value>| {
        let mut asked = query("a", Format::SdJwt, &["x"]);
        asked["claims"] = claims.clone();
        if let Some(sets) = sets {
            asked["claim_sets"] = sets;
        }
        let found = answers(&world, &json!({ "credentials": [asked] })).ok()?;
        let Shown::Disclosures(chosen) = found[0].1[0].shown.clone() else { return None };
        Some(chosen)
    };
    // In order of the credential: family name, given name, age.
    assert_eq!(shown(Some(json!([["a", "b"], ["c", "d"], ["a"]]))), Some(vec![1, 2]));
    assert_eq!(shown(Some(json!([["a"], ["c", "d"]]))), Some(vec![0]));
    assert_eq!(shown(Some(json!([["b"], ["a", "b"]]))), None);
    assert_eq!(shown(None), None, "without sets all claims are asked for");
    let bare = json!({ "credentials": [query("a", Format::SdJwt, &[])] });
    let found = answers(&world, &bare).unwrap();
    assert_eq!(found[0].1[0].shown, Shown::Disclosures(vec![]), "no claims: what everybody sees");
    let bare = json!({ "credentials": [query("a", Format::Mdoc, &[])] });
    assert_eq!(answers(&world, &bare).unwrap()[0].1[0].shown, Shown::Elements(vec![]));
}

#[test]
fn sets_of_credentials_are_met_in_their_order_or_nothing_is_returned() {
    let world = World::new();
    let asked = |sets: Value| {
        json!({
            "credentials": [
                query("identity", Format::SdJwt, &["family_name"]), query("photo", Format::Mdoc, &["portrait"]),
                query("absent", Format::SdJwt, &["blood_group"]),
            ],
            "credential_sets": sets,
        })
    };
    let places = |sets: Value, optional: bool| {
        let candidates = [Candidate::SdJwt(&world.identity), Candidate::Mdoc(&world.photo_id)];
        let found = read(&asked(sets)).select(&candidates, optional)?;
        Ok::<Vec<usize>, NotMet>(found.into_iter().map(|(place, _)| place).collect())
    };
    for (sets, optional, expected) in [
        (json!([{ "options": [["identity"], ["photo"]] }]), false, Ok(vec![0])),
        (json!([{ "options": [["absent"], ["photo"]] }]), false, Ok(vec![1])),
        (json!([{ "options": [["identity", "absent"], ["photo"]] }]), false, Ok(vec![1])),
        (json!([{ "options": [["absent"]] }]), false, Err(NotMet)),
        (json!([{ "options": [["absent"]], "required": false }]), true, Ok(vec![])),
        (
            json!([{ "options": [["identity"]] }, { "options": [["photo"]], "required": false }]),
            false,
            Ok(vec![0]),
        ),
        (
            json!([{ "options": [["identity"]] }, { "options": [["photo"]], "required": false }]),
            true,
            Ok(vec![0, 1]),
        ),
    ] {
        assert_eq!(places(sets.clone(), optional), expected, "{sets} {optional}");
    }
    let mut all = asked(json!([]));
    all.as_object_mut().unwrap().remove("credential_sets");
    assert_eq!(answers(&world, &all), Err(NotMet), "without sets every query must be answered");
}

#[test]
fn several_credentials_answer_one_query_only_where_it_takes_several() {
    let world = World::new();
    let second = crate::world::identity(&world.issuer, &world.device);
    let candidates = [Candidate::SdJwt(&world.identity), Candidate::SdJwt(&second)];
    let mut asked = query("a", Format::SdJwt, &["age"]);
    let found = |asked: &Value| {
        read(&json!({ "credentials": [asked] })).select(&candidates, false).unwrap()[0].1.len()
    };
    assert_eq!(found(&asked), 1);
    asked["multiple"] = json!(true);
    assert_eq!(found(&asked), 2);
}

#[test]
fn a_query_that_needs_no_holder_gets_no_signature_and_one_that_is_there_is_verified_all_the_same() {
    let world = World::new();
    let mut asked = query("id", Format::SdJwt, &["family_name"]);
    asked["require_cryptographic_holder_binding"] = json!(false);
    let open = world.open(json!({ "credentials": [asked] }));
    let response = world.asked(&open).respond(&world.wallet(), false, now()).unwrap();
    let Ok(Answer::Presented(answer)) = world.take(&open, &response) else { panic!("refused") };
    let [Presented::SdJwt(verified)] = answer["id"].as_slice() else { panic!("one presentation") };
    assert!(!verified.is_bound());
    let to = Presentation { audience: "another verifier", nonce: &open.request().nonce, made: now() };
    let bound = world.identity.present(&[0], to, &world.device).unwrap();
    assert_eq!(world.code(&open, &json!({ "id": [bound] })), Err("key_binding_audience"));
}

#[test]
fn what_a_verifier_took_leads_to_its_status() {
    let world = World::new();
    let list = openid4vc::status::ListToken {
        subject: "https://hkg.example/status/7".to_owned(),
        issued: now(),
        expires: None,
        ttl: Some(900),
        list: openid4vc::status::StatusList::with_entries(8),
    };
    let open = world.open(json!({ "credentials": [query("id", Format::Mdoc, &[])] }));
    let response = world.asked(&open).respond(&world.wallet(), false, now()).unwrap();
    let Ok(Answer::Presented(answer)) = world.take(&open, &response) else { panic!("refused") };
    let [Presented::Mdoc(verified)] = answer["id"].as_slice() else { panic!("one presentation") };
    let status = verified.status().unwrap();
    assert_eq!(list.look_up(status, now(), now()), Ok(openid4vc::status::Status::Valid));
}
