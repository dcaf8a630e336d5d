//! The Digital Credentials API: one question by two protocols on a verifier's page, either answer, every cheat with its code.

use openid4vc::dcql::{Presented, Query};
use openid4vc::mdoc::{Held, encryption_info};
use openid4vc::presentation::{
    Answer, Checks, ClientId, ISO_MDOC, NewPageRequest, OPENID_SIGNED, PageAnswer, PageRequest, PageWay,
    PostedError,
};
use serde_json::{Value, json};

use crate::iso_holder::{Handed, answer_of};
use crate::mdoc::{DOC_TYPE, ELEMENTS};
use crate::party::{at, now};
use crate::world::{FORMATS, Format, ORIGIN, World, one, query};

const ELSEWHERE: &str = "https://elsewhere.example";

/// One question on a page, and what the page's call hands over.
struct Called {
    request: PageRequest,
    ways: Vec<PageWay>,
}

impl Called {
    fn data(&self, protocol: &str) -> &Value {
        &self.ways.iter().find(|way| way.protocol == protocol).unwrap().data
    }

    fn handed(&self, origin: &str) -> Handed {
        Handed::read(self.data(ISO_MDOC), origin)
    }
}

impl World {
    fn call(&self, query: Value) -> Called {
        let new = NewPageRequest {
            client_id: ClientId::of_certificate(&self.verifier.x5c[0]),
            origin: ORIGIN.to_owned(),
            query: Query::read(&query).unwrap(),
            nonce: credential::random_array().unwrap(),
            expires: at(300),
        };
        let request = PageRequest::new(new).unwrap();
        let ways = request.requests(&self.verifier.key, &self.verifier.x5c).unwrap();
        Called { request, ways }
    }

    fn by_iso(&self, called: &Called) -> Value {
        called.handed(ORIGIN).answer(&self.photo_id, &self.device)
    }

    /// What a wallet answers by `openid4vp-v1-signed` on the page.
    fn by_openid(&self, called: &Called) -> Value {
        let object = called.data(OPENID_SIGNED)["request"].as_str().unwrap();
        let asked = self.read(object, |context| context.origin = Some(ORIGIN)).unwrap();
        let response = asked.respond(&self.wallet(), true, now()).unwrap();
        json!({ "protocol": OPENID_SIGNED, "data": { "response": response } })
    }

    fn taken_at(&self, called: &Called, answer: &Value, seconds: i64) -> Result<Answer, &'static str> {
        let answer = PageAnswer::read(answer.to_string().as_bytes()).map_err(PostedError::code)?;
        let anchors = self.authority.anchors();
        let (sd_jwt_anchors, mdoc_anchors) = (&anchors, &anchors);
        // Another origin in the checks changes nothing: the request knows its page.
        let origin = Some(ELSEWHERE);
        let checks = Checks { sd_jwt_anchors, mdoc_anchors, metadata: &[], origin, now: at(seconds) };
        called.request.take(&answer, &checks).map_err(|refusal| refusal.code())
    }

    fn taken(&self, called: &Called, answer: &Value) -> Result<Answer, &'static str> {
        self.taken_at(called, answer, 0)
    }
}

fn name_of(answer: &Answer) -> String {
    let presented = match answer {
        Answer::Presented(presented) => presented,
        Answer::Refused { error } => return format!("refused: {error}"),
    };
    match &presented["id"][0] {
        Presented::SdJwt(verified) => verified.claims()["family_name"].as_str().unwrap().to_owned(),
        Presented::Mdoc(verified) => {
            verified.element(ELEMENTS, "family_name").unwrap().as_text().unwrap().to_owned()
        }
    }
}

#[test]
fn a_page_asks_by_both_protocols_and_takes_either_answer() {
    let world = World::new();
    for format in FORMATS {
        let called = world.call(one(format, &["family_name"]));
        assert_eq!(called.ways[0].protocol, OPENID_SIGNED);
        assert_eq!(called.ways.len(), if format == Format::Mdoc { 2 } else { 1 }, "{format:?}");
        let answer = world.by_openid(&called);
        assert_eq!(name_of(&world.taken(&called, &answer).unwrap()), "CHAN", "{format:?}");
    }
    let called = world.call(one(Format::Mdoc, &["family_name"]));
    let answer = world.by_iso(&called);
    assert_eq!(name_of(&world.taken(&called, &answer).unwrap()), "CHAN");
}

#[test]
fn a_device_request_names_the_elements_of_the_query_and_is_signed_for_its_page_alone() {
    let world = World::new();
    let mut asked = one(Format::Mdoc, &["family_name", "portrait"]);
    asked["credentials"][0]["claims"][0]["intent_to_retain"] = true.into();
    let called = world.call(asked);
    let handed = called.handed(ORIGIN);
    assert_eq!(handed.doc_types(), [DOC_TYPE]);
    assert_eq!(handed.asks(ELEMENTS, "family_name"), Some(true));
    assert_eq!(handed.asks(ELEMENTS, "portrait"), Some(false));
    assert_eq!(handed.asks(ELEMENTS, "birth_date"), None);
    let anchors = world.authority.anchors();
    assert!(handed.is_signed(&anchors, now()));
    assert!(!called.handed(ELSEWHERE).is_signed(&anchors, now()), "taken to another page");
}

#[test]
fn the_mdoc_of_alternatives_is_the_first_that_answers_alone() {
    let (card, photo, paper) = (
        query("card", Format::SdJwt, &["family_name"]),
        query("photo", Format::Mdoc, &["family_name"]),
        query("paper", Format::Mdoc, &["given_name"]),
    );
    let credentials = json!([card, photo, paper]);
    let first = |sets: Value| {
        let query = json!({ "credentials": credentials, "credential_sets": sets });
        let part = Query::read(&query).unwrap().of_one_mdoc()?;
        assert_eq!(Query::read(part.to_json()).unwrap(), part, "it is a query of its own");
        Some(part.credentials()[0].id.clone())
    };
    let options = |options: Value| json!([{ "options": options }]);
    assert_eq!(first(options(json!([["card"], ["photo"], ["paper"]]))).as_deref(), Some("photo"));
    assert_eq!(first(options(json!([["card", "photo"], ["paper"]]))).as_deref(), Some("paper"));
    assert_eq!(first(options(json!([["card", "photo"]]))), None, "both at once");
    let two = json!([{ "options": [["photo"]] }, { "options": [["card"]] }]);
    assert_eq!(first(two), None, "two sets are required");
    let other = json!([{ "options": [["card"]], "required": false }, { "options": [["paper"]] }]);
    assert_eq!(first(other).as_deref(), Some("paper"), "what is optional is left out");
    let all = Query::read(&json!({ "credentials": credentials })).unwrap();
    assert_eq!(all.of_one_mdoc(), None, "all three at once");
}

#[test]
fn every_cheat_by_org_iso_mdoc_has_its_code() {
    let world = World::new();
    let mdoc = || one(Format::Mdoc, &["family_name"]);
    let (called, other) = (world.call(mdoc()), world.call(mdoc()));
    let good = world.by_iso(&called);
    let handed = called.handed(ORIGIN);
    let response = handed.response(&world.photo_id, &world.device);
    let altered = |place: fn(&mut Vec<u8>)| {
        let mut sealed = handed.seal(&response);
        place(&mut sealed);
        answer_of(&sealed)
    };
    let shown_elsewhere = called.handed(ELSEWHERE).response(&world.photo_id, &world.device);
    let less = World::photo_with(&world, |element| element != "family_name");
    let rows = [
        (
            "on another page",
            called.handed(ELSEWHERE).answer(&world.photo_id, &world.device),
            "response_decryption",
        ),
        ("to another request", world.by_iso(&other), "response_decryption"),
        ("another cipher text", altered(|sealed| *sealed.last_mut().unwrap() ^= 1), "response_decryption"),
        // The head of the map's first key and of 65 bytes stand before the point's 4.
        ("another key", altered(|sealed| sealed[20] ^= 1), "response_decryption"),
        ("signed for another page", answer_of(&handed.seal(&shown_elsewhere)), "mdoc_device_signature"),
        ("no device's response", answer_of(&handed.seal(b"\xa0")), "mdoc_version"),
        ("less than was asked", answer_of(&handed.seal(&less(&handed))), "answer_claim_missing"),
        ("no encrypted response", answer_of(&response), "response_encrypted_form"),
    ];
    for (what, answer, code) in rows {
        assert_eq!(world.taken(&called, &answer).map(drop), Err(code), "{what}");
    }
    assert_eq!(world.taken_at(&called, &good, 301).map(drop), Err("response_late"));
    let mut asked = mdoc();
    asked["credentials"][0]["meta"]["doctype_value"] = "org.iso.18013.5.1.mDL".into();
    let licence = world.call(asked);
    assert_eq!(world.taken(&licence, &world.by_iso(&licence)).map(drop), Err("answer_other_type"));
    let in_json = world.call(one(Format::SdJwt, &["family_name"]));
    assert_eq!(world.taken(&in_json, &good).map(drop), Err("response_protocol"), "not asked for by it");
    assert_eq!(name_of(&world.taken(&called, &good).unwrap()), "CHAN", "and none of it harmed the request");
}

impl World {
    /// A device's response to what was handed over that shows these elements alone.
    fn photo_with(world: &Self, shows: fn(&str) -> bool) -> impl Fn(&Handed) -> Vec<u8> {
        move |handed| {
            let transcript = openid4vc::mdoc::SessionTranscript::from_bytes(&handed.transcript).unwrap();
            let held: &Held = &world.photo_id;
            held.present(|_, element| shows(element), &transcript, &world.device).unwrap()
        }
    }
}

#[test]
fn every_cheat_by_openid4vp_on_a_page_has_its_code() {
    let world = World::new();
    let called = world.call(one(Format::SdJwt, &["family_name"]));
    let other = world.call(one(Format::SdJwt, &["family_name"]));
    let good = world.by_openid(&called);
    let object = called.data(OPENID_SIGNED)["request"].as_str().unwrap();
    let elsewhere = world.read(object, |context| context.origin = Some(ELSEWHERE));
    assert_eq!(elsewhere.unwrap_err().code(), "request_origin", "a wallet answers on the desk's page alone");
    let with = |change: fn(&mut Value)| {
        let mut answer = good.clone();
        change(&mut answer);
        answer
    };
    let rows = [
        ("to another request", world.by_openid(&other), "response_other_key"),
        ("unsigned", with(|a| a["protocol"] = "openid4vp-v1-unsigned".into()), "response_protocol"),
        ("in plain", with(|a| a["data"] = json!({ "vp_token": { "id": ["x"] } })), "response_not_encrypted"),
        ("as an mdoc", with(|a| a["protocol"] = ISO_MDOC.into()), "response_encrypted_form"),
        ("no data", with(|a| a["data"] = "x".into()), "response_form"),
        ("no protocol", with(|a| drop(a.as_object_mut().unwrap().remove("protocol"))), "response_form"),
        ("neither", with(|a| a["data"] = json!({})), "response_form"),
        ("cut", with(|a| a["data"]["response"] = "e30.".into()), "response_form"),
    ];
    for (what, answer, code) in rows {
        assert_eq!(world.taken(&called, &answer).map(drop), Err(code), "{what}");
    }
    assert_eq!(world.taken_at(&called, &good, 301).map(drop), Err("response_late"));
    let declined = with(|a| a["data"] = json!({ "error": "access_denied" }));
    assert!(
        matches!(world.taken(&called, &declined), Ok(Answer::Refused { error }) if error == "access_denied")
    );
    // A page may claim any origin: nothing is read of it.
    let claimed = with(|a| a["origin"] = ELSEWHERE.into());
    assert_eq!(name_of(&world.taken(&called, &claimed).unwrap()), "CHAN");
}

#[test]
fn a_holder_who_signed_for_another_page_is_refused_in_both_formats() {
    let world = World::new();
    for (format, code) in [(Format::SdJwt, "key_binding_audience"), (Format::Mdoc, "mdoc_device_signature")] {
        let called = world.call(one(format, &["family_name"]));
        let object = called.data(OPENID_SIGNED)["request"].as_str().unwrap();
        let asked = world.read(object, |context| context.origin = Some(ORIGIN)).unwrap();
        // The same keys and nonce, shown on a page that hands our request on without its signature.
        let mut parameters: Value = serde_json::from_slice(&payload(object)).unwrap();
        parameters.as_object_mut().unwrap().remove("client_id");
        let anchors = world.authority.anchors();
        let context = openid4vc::presentation::Context {
            anchors: &anchors,
            client_id: None,
            wallet_nonce: None,
            origin: Some(ELSEWHERE),
            audiences: &[],
            now: now(),
        };
        let taken_on =
            openid4vc::presentation::Asked::read_unsigned(parameters.as_object().unwrap(), &context);
        let response = taken_on.unwrap().respond(&world.wallet(), true, now()).unwrap();
        let answer = json!({ "protocol": OPENID_SIGNED, "data": { "response": response } });
        assert_eq!(world.taken(&called, &answer).map(drop), Err(code), "{format:?}");
        assert_eq!(asked.request().nonce, parameters["nonce"], "it was the same request");
    }
}

fn payload(compact: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(compact.split('.').nth(1).unwrap()).unwrap()
}

#[test]
fn an_encrypted_response_is_refused_for_any_other_form() {
    use openid4vc::mdoc::EncryptedResponse;
    let world = World::new();
    let handed = world.call(one(Format::Mdoc, &["family_name"])).handed(ORIGIN);
    let good = handed.seal(&[0; 8]);
    assert!(EncryptedResponse::parse(&good).is_ok());
    for length in 0..good.len() {
        assert!(EncryptedResponse::parse(&good[..length]).is_err(), "cut at {length}");
    }
    assert!(EncryptedResponse::parse(&[good.clone(), vec![0]].concat()).is_err(), "trailing bytes");
    let other_use = [&[0x82, 0x65], b"other".as_slice(), &good[7..]].concat();
    assert!(EncryptedResponse::parse(&other_use).is_err(), "another use");
    assert_eq!(encryption_info(&[0; 16], &[4; 64]), None, "no point");
    assert_eq!(encryption_info(&[0; 16], &[2; 65]), None, "a point in another form");
    assert!(encryption_info(&[0; 16], &[4; 65]).is_some());
}
