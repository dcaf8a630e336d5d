//! SD-JWT VC: the RFC's examples, our own credentials, every refusal with its code.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credential::SigningKey;
use credential::jose::Jwk;
use credential::sha256;
use openid4vc::claim_path::ClaimPath;
use openid4vc::sd_jwt::{
    Blueprint, Credential, Element, Expected, Held, IssueError, Member, Presentation, SdJwt, SdJwtError,
    issue, verify,
};
use openid4vc::status::StatusReference;
use serde_json::{Map, Value, json};

use crate::party::{Authority, READER, Signer, at, jwk, key_of, now, salts};

const VCT: &str = "urn:baypass:identity:1";
const AUDIENCE: &str = "x509_hash:abc";
const NONCE: &str = "n-0S6_WzA2Mj";

fn status() -> StatusReference {
    StatusReference { uri: "https://hkg.example/status/7".to_owned(), index: 4_711 }
}

fn claims() -> Vec<Member> {
    vec![
        Member::shown("issuing_authority", "HKG"),
        Member::disclosable("family_name", "CHAN"),
        Member::disclosable("given_name", "TAI MAN"),
        Member::Disclosable(
            "address".to_owned(),
            Blueprint::Object(vec![
                Member::disclosable("locality", "Sha Tin"),
                Member::disclosable("country", "HK"),
                Member::Decoy,
            ]),
        ),
        Member::Shown(
            "nationalities".to_owned(),
            Blueprint::Array(vec![
                Element::Disclosable(Blueprint::Whole(json!("CHN"))),
                Element::Decoy,
                Element::Disclosable(Blueprint::Whole(json!("GBR"))),
                Element::Shown(Blueprint::Whole(json!("XXA"))),
            ]),
        ),
        Member::Decoy,
        Member::Decoy,
    ]
}

struct World {
    authority: Authority,
    issuer: Signer,
    device: SigningKey,
}

impl World {
    fn new() -> Self {
        let authority = Authority::new("Root");
        let issuer = authority.signer("Issuer", &[]);
        Self { authority, issuer, device: SigningKey::generate().unwrap() }
    }

    fn credential(&self) -> String {
        let holder = jwk(&self.device);
        let credential = Credential {
            vct: VCT,
            vct_integrity: None,
            holder: Some(&holder),
            issued: Some(at(-86_400)),
            not_before: Some(at(-86_400)),
            expires: Some(at(86_400)),
            status: Some(&status()),
            claims: &claims(),
        };
        issue(&credential, &self.issuer.key, &self.issuer.x5c, &mut salts()).unwrap()
    }

    fn held(&self) -> Held {
        Held::receive(&self.credential(), &self.authority.anchors(), self.device.public(), now()).unwrap()
    }

    fn verify(&self, presentation: &str) -> Result<Map<String, Value>, SdJwtError> {
        let anchors = self.authority.anchors();
        let expected = Expected {
            anchors: &anchors,
            audience: AUDIENCE,
            nonce: NONCE,
            binding_required: true,
            now: now(),
            metadata: &[],
        };
        verify(presentation, &expected).map(|verified| verified.claims().clone())
    }

    /// Signs any payload as the issuer, adds disclosures, and binds it.
    fn forged(&self, header: Value, payload: &Value, disclosures: &[String]) -> String {
        let mut text = format!("{}~", self.issuer.sign(header, payload.to_string().as_bytes()));
        for disclosure in disclosures {
            text.push_str(disclosure);
            text.push('~');
        }
        self.bind(&text)
    }

    fn bind(&self, presented: &str) -> String {
        let claims = binding(presented);
        format!("{presented}{}", self.sign_binding(json!({"typ": "kb+jwt"}), &claims))
    }

    fn sign_binding(&self, header: Value, claims: &Value) -> String {
        sign(&self.device, header, claims)
    }

    fn header(&self) -> Value {
        json!({"typ": "dc+sd-jwt", "x5c": self.issuer.x5c_json()})
    }

    fn payload(&self, further: Value) -> Value {
        let mut payload = json!({"vct": VCT, "cnf": {"jwk": jwk(&self.device).to_json().unwrap()}});
        payload.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
        payload
    }
}

fn sign(key: &SigningKey, header: Value, claims: &Value) -> String {
    credential::jose::sign_jws(key, header.as_object().unwrap(), claims.to_string().as_bytes()).unwrap()
}

fn digest(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(text.as_bytes()))
}

fn disclosure(parts: &Value) -> String {
    URL_SAFE_NO_PAD.encode(parts.to_string())
}

fn binding(presented: &str) -> Value {
    json!({"iat": now().unix(), "aud": AUDIENCE, "nonce": NONCE, "sd_hash": digest(presented)})
}

fn to_verifier() -> Presentation<'static> {
    Presentation { audience: AUDIENCE, nonce: NONCE, made: now() }
}

fn names(names: &[&str]) -> ClaimPath {
    ClaimPath::of_names(names).unwrap()
}

#[test]
fn the_examples_of_the_rfc_open_to_the_claims_that_it_prints() {
    let Some(folder) = test_support::shared("sd_jwt", "vectors/sd-jwt") else { return };
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !(name.starts_with("rfc-") || name.starts_with("vc-")) || name.contains("serialization") {
            continue;
        }
        let example: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let key = Jwk::read(&example["issuer_jwk"]).unwrap();
        let token = example["sd_jwt"].as_str().unwrap();
        let opened = SdJwt::read(token).unwrap().open(key.key()).unwrap();
        assert_eq!(Value::Object(opened), example["expected"]["processed_payload"], "{name}");
        let changed = token.replacen("~W", "~X", 1);
        assert!(SdJwt::read(&changed).and_then(|read| read.open(key.key())).is_err(), "{name}");
        read += 1;
    }
    assert_eq!(read, 8, "examples");
}

#[test]
fn the_example_keys_hold_and_show_the_published_credential() {
    let Some(folder) = test_support::shared("sd_jwt keys", "vectors/sd-jwt") else { return };
    let read = |name: &str| -> Value {
        serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
    };
    let device = key_of(&read("keys.json")["holder"]);
    let issued = read("vc-2.3.1-issuance.json");
    let held = Held::read(issued["sd_jwt"].as_str().unwrap()).unwrap();
    let chosen = held.select(&[names(&["given_name"]), names(&["address", "locality"])]);
    assert_eq!(chosen.len(), 2, "the address is one disclosure in this example");
    let shown = held.present(&chosen, to_verifier(), &device).unwrap();
    let key = Jwk::read(&issued["issuer_jwk"]).unwrap();
    let opened = SdJwt::read(&shown).unwrap().open(key.key()).unwrap();
    assert_eq!(opened["given_name"], "John");
    assert!(opened.get("family_name").is_none() && opened.get("address").is_some());
}

#[test]
fn a_credential_shows_what_its_holder_chooses_and_nothing_else() {
    let world = World::new();
    let held = world.held();
    assert_eq!(held.claims()["nationalities"], json!(["CHN", "GBR", "XXA"]));
    let every = ClaimPath::read(&json!(["nationalities", null])).unwrap();
    let second = ClaimPath::read(&json!(["nationalities", 1])).unwrap();
    for (paths, expected) in [
        (vec![], json!({"nationalities": ["XXA"]})),
        (vec![names(&["family_name"])], json!({"family_name": "CHAN", "nationalities": ["XXA"]})),
        (
            vec![names(&["address", "locality"])],
            json!({"address": {"locality": "Sha Tin"}, "nationalities": ["XXA"]}),
        ),
        (
            vec![names(&["address"])],
            json!({"address": {"locality": "Sha Tin", "country": "HK"}, "nationalities": ["XXA"]}),
        ),
        (vec![second], json!({"nationalities": ["GBR", "XXA"]})),
        (vec![every], json!({"nationalities": ["CHN", "GBR", "XXA"]})),
        (vec![names(&["no_such_claim"])], json!({"nationalities": ["XXA"]})),
    ] {
        let shown = held.present(&held.select(&paths), to_verifier(), &world.device).unwrap();
        let mut claims = world.verify(&shown).unwrap();
        for everybody in ["vct", "iat", "nbf", "exp", "cnf", "status", "issuing_authority"] {
            assert!(claims.remove(everybody).is_some(), "{everybody}");
        }
        assert_eq!(Value::Object(claims), expected);
    }
}

#[test]
fn what_a_verifier_learns_beside_the_claims_is_proven() {
    let world = World::new();
    let shown = world.held().present(&[], to_verifier(), &world.device).unwrap();
    let anchors = world.authority.anchors();
    let document = b"{\"vct\":\"urn:baypass:identity:1\"}";
    let expected = Expected {
        anchors: &anchors,
        audience: AUDIENCE,
        nonce: NONCE,
        binding_required: true,
        now: now(),
        metadata: &[(VCT, document)],
    };
    let verified = verify(&shown, &expected).unwrap();
    assert_eq!((verified.vct(), verified.status()), (VCT, Some(&status())));
    assert_eq!(verified.issuer().dns_names, ["issuer.example"]);
    assert_eq!(verified.holder().unwrap().public(), world.device.public());
    assert!(verified.is_bound());
    assert_eq!(format!("{verified:?}"), "Verified(redacted)");
}

#[test]
fn no_two_credentials_of_a_batch_have_a_value_in_common_but_what_everybody_sees() {
    let world = World::new();
    let mut salt = salts();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..4 {
        let holder = jwk(&SigningKey::generate().unwrap());
        let credential = Credential {
            vct: VCT,
            vct_integrity: None,
            holder: Some(&holder),
            issued: None,
            not_before: None,
            expires: Some(at(86_400)),
            status: None,
            claims: &claims(),
        };
        let text = issue(&credential, &world.issuer.key, &world.issuer.x5c, &mut salt).unwrap();
        let payload = URL_SAFE_NO_PAD.decode(text.split('.').nth(1).unwrap()).unwrap();
        let payload: Value = serde_json::from_slice(&payload).unwrap();
        let digests = payload["_sd"].as_array().unwrap();
        assert_eq!(digests.len(), 5, "three claims and two decoys");
        let mut sorted = digests.clone();
        sorted.sort_by_key(|digest| digest.as_str().unwrap().to_owned());
        assert_eq!(*digests, sorted, "their order tells nothing");
        for digest in digests {
            assert!(seen.insert(digest.as_str().unwrap().to_owned()));
        }
        for disclosure in text.split('~').skip(1).filter(|text| !text.is_empty()) {
            assert!(seen.insert(disclosure.to_owned()));
        }
    }
}

#[test]
fn a_credential_that_no_holder_would_take_is_never_signed() {
    let world = World::new();
    let issued = |claims: &[Member], salt: &mut dyn FnMut() -> [u8; 16]| {
        let credential = Credential {
            vct: VCT,
            vct_integrity: None,
            holder: None,
            issued: None,
            not_before: None,
            expires: None,
            status: None,
            claims,
        };
        issue(&credential, &world.issuer.key, &world.issuer.x5c, &mut || Ok(salt())).map(drop)
    };
    let mut fresh = salts();
    let mut fresh = || fresh().unwrap();
    let two = [Member::disclosable("a", 1), Member::disclosable("b", 1)];
    assert_eq!(issued(&two, &mut || [7; 16]), Err(IssueError::SaltRepeated));
    for (claims, expected) in [
        (vec![Member::disclosable("exp", 1)], IssueError::Refused(SdJwtError::NotDisclosable)),
        (vec![Member::disclosable("vct", "x")], IssueError::Refused(SdJwtError::NameTaken)),
        (vec![Member::shown("vct", "x")], IssueError::ClaimRepeated),
        (vec![Member::shown("a", 1), Member::shown("a", 1)], IssueError::ClaimRepeated),
        (vec![Member::shown("_sd", json!([]))], IssueError::Refused(SdJwtError::ForbiddenName)),
        (vec![Member::disclosable("...", 1)], IssueError::Refused(SdJwtError::ForbiddenName)),
        (vec![Member::shown("a", json!({"_sd": 1}))], IssueError::Refused(SdJwtError::DigestForm)),
        (vec![Member::shown("exp", "soon")], IssueError::Refused(SdJwtError::Claim { name: "exp" })),
    ] {
        assert_eq!(issued(&claims, &mut fresh), Err(expected), "{expected}");
    }
    let credential = Credential {
        vct: VCT,
        vct_integrity: None,
        holder: None,
        issued: None,
        not_before: None,
        expires: None,
        status: None,
        claims: &[],
    };
    let bare = issue(&credential, &world.issuer.key, &[], &mut salts()).map(drop);
    assert_eq!(bare, Err(IssueError::NoCertificate));
}

#[test]
fn digests_and_disclosures_that_do_not_fit_together_are_refused_each_for_its_cause() {
    let world = World::new();
    let member = |name: &str, value: Value| disclosure(&json!(["salt", name, value]));
    let element = |value: Value| disclosure(&json!(["salt", value]));
    let (a, b, one) = (member("a", json!(1)), member("a", json!(2)), element(json!(1)));
    let nested = member("outer", json!({"_sd": [digest(&a)]}));
    for (code, further, disclosures) in [
        ("sd_jwt_digest_repeated", json!({"_sd": [digest(&a), digest(&a)]}), vec![a.clone()]),
        ("sd_jwt_digest_repeated", json!({"_sd": [digest(&a)], "x": {"_sd": [digest(&a)]}}), vec![a.clone()]),
        ("sd_jwt_digest_repeated", json!({"_sd": ["decoy"], "x": {"_sd": ["decoy"]}}), vec![]),
        (
            "sd_jwt_digest_repeated",
            json!({"_sd": [digest(&a), digest(&nested)]}),
            vec![a.clone(), nested.clone()],
        ),
        ("sd_jwt_digest_repeated", json!({"_sd": [digest(&a)]}), vec![a.clone(), a.clone()]),
        ("sd_jwt_disclosure_unreferenced", json!({"_sd": []}), vec![a.clone()]),
        ("sd_jwt_disclosure_unreferenced", json!({"_sd": [digest(&a)]}), vec![a.clone(), b.clone()]),
        ("sd_jwt_disclosure_unreferenced", json!({"_sd": ["x"]}), vec![nested.clone(), a.clone()]),
        ("sd_jwt_name_taken", json!({"_sd": [digest(&a), digest(&b)]}), vec![a.clone(), b.clone()]),
        ("sd_jwt_name_taken", json!({"a": 0, "_sd": [digest(&a)]}), vec![a.clone()]),
        ("sd_jwt_disclosure_place", json!({"_sd": [digest(&one)]}), vec![one.clone()]),
        ("sd_jwt_disclosure_place", json!({"x": [{"...": digest(&a)}]}), vec![a.clone()]),
        ("sd_jwt_digest_form", json!({"_sd": "text"}), vec![]),
        ("sd_jwt_digest_form", json!({"_sd": [1]}), vec![]),
        ("sd_jwt_digest_form", json!({"x": [{"...": 1}]}), vec![]),
        ("sd_jwt_forbidden_name", json!({"...": "x"}), vec![]),
        ("sd_jwt_forbidden_name", json!({"x": [{"...": "a", "y": 1}]}), vec![]),
        ("sd_jwt_hash_algorithm", json!({"_sd_alg": "sha-512"}), vec![]),
        ("sd_jwt_hash_algorithm", json!({"_sd_alg": "md5"}), vec![]),
        ("sd_jwt_hash_algorithm", json!({"_sd_alg": 1}), vec![]),
        ("sd_jwt_disclosure_form", json!({}), vec![disclosure(&json!(["salt"]))]),
        ("sd_jwt_disclosure_form", json!({}), vec![disclosure(&json!(["salt", "a", 1, 2]))]),
        ("sd_jwt_disclosure_form", json!({}), vec![disclosure(&json!(["salt", 1, 2]))]),
        ("sd_jwt_disclosure_form", json!({}), vec![disclosure(&json!([1, "a", 2]))]),
        ("sd_jwt_disclosure_form", json!({}), vec![disclosure(&json!({"a": 1}))]),
        ("sd_jwt_disclosure_form", json!({}), vec![URL_SAFE_NO_PAD.encode(r#"["s","a",{"b":1,"b":2}]"#)]),
        ("sd_jwt_disclosure_form", json!({}), vec!["!".to_owned()]),
        ("sd_jwt_disclosure_form", json!({}), vec![String::new()]),
    ] {
        let forged = world.forged(world.header(), &world.payload(further.clone()), &disclosures);
        let refused = world.verify(&forged).map_err(SdJwtError::code);
        assert_eq!(refused, Err(code), "{further}");
    }
    for name in ["_sd", "...", "_sd_alg", &"n".repeat(256)] {
        let hidden = member(name, json!(1));
        let forged =
            world.forged(world.header(), &world.payload(json!({"_sd": [digest(&hidden)]})), &[hidden]);
        assert_eq!(world.verify(&forged).map_err(SdJwtError::code), Err("sd_jwt_forbidden_name"), "{name}");
    }
    for name in ["iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status"] {
        let hidden = member(name, json!(1));
        let mut payload = world.payload(json!({"_sd": [digest(&hidden)]}));
        payload.as_object_mut().unwrap().remove(name);
        let forged = world.forged(world.header(), &payload, &[hidden]);
        assert_eq!(world.verify(&forged).map_err(SdJwtError::code), Err("sd_jwt_not_disclosable"), "{name}");
    }
    let inner = member("uri", json!("https://a.example"));
    let payload = world.payload(json!({"status": {"status_list": {"idx": 1, "_sd": [digest(&inner)]}}}));
    let forged = world.forged(world.header(), &payload, &[inner]);
    assert_eq!(world.verify(&forged).map_err(SdJwtError::code), Err("sd_jwt_not_disclosable"));
    let sound = world.forged(world.header(), &world.payload(json!({"_sd": [digest(&nested)]})), &[a, nested]);
    assert_eq!(world.verify(&sound).unwrap()["outer"], json!({"a": 1}));
}

#[test]
fn a_chain_of_disclosures_is_refused_by_its_depth_or_its_length_and_never_aborts() {
    let world = World::new();
    let chain = |length: usize| {
        let mut disclosures = vec![disclosure(&json!(["salt", "a", 1]))];
        for _ in 1..length {
            let inner = digest(disclosures.last().unwrap());
            disclosures.push(disclosure(&json!(["salt", "a", {"_sd": [inner]}])));
        }
        let outermost = digest(disclosures.last().unwrap());
        world.forged(world.header(), &world.payload(json!({"_sd": [outermost]})), &disclosures)
    };
    assert!(world.verify(&chain(31)).is_ok());
    for (length, code) in [
        (33, "sd_jwt_too_deep"),
        (4096, "sd_jwt_too_deep"),
        (4097, "sd_jwt_too_long"),
        (200_000, "sd_jwt_too_long"),
    ] {
        assert_eq!(world.verify(&chain(length)).map_err(SdJwtError::code), Err(code), "{length}");
    }
}

#[test]
fn the_issuer_and_the_registered_claims_are_held_to() {
    let world = World::new();
    let other = Authority::new("Other");
    let stranger = other.signer("Issuer", &[]);
    let with = |change: &dyn Fn(&mut Value)| {
        let mut header = world.header();
        change(&mut header);
        world.forged(header, &world.payload(json!({})), &[])
    };
    let claims = |further: Value| world.forged(world.header(), &world.payload(further), &[]);
    let without = |name: &str| {
        let mut payload = world.payload(json!({}));
        payload.as_object_mut().unwrap().remove(name);
        world.forged(world.header(), &payload, &[])
    };
    let by_stranger = world.bind(&format!(
        "{}~",
        stranger.sign(
            json!({"typ": "dc+sd-jwt", "x5c": stranger.x5c_json()}),
            world.payload(json!({})).to_string().as_bytes()
        )
    ));
    let reader = world.authority.signer("Desk", READER);
    let by_reader = world.bind(&format!(
        "{}~",
        reader.sign(
            json!({"typ": "dc+sd-jwt", "x5c": reader.x5c_json()}),
            world.payload(json!({})).to_string().as_bytes()
        )
    ));
    let borrowed_name = world.bind(&format!(
        "{}~",
        stranger.sign(world.header(), world.payload(json!({})).to_string().as_bytes())
    ));
    let twice = world.bind(&format!("{}~", world.issuer.sign(world.header(), br#"{"vct":"a","vct":"b"}"#)));
    for (code, text) in [
        ("sd_jwt_type", with(&|header| header["typ"] = json!("vc+sd-jwt"))),
        ("sd_jwt_type", with(&|header| header["typ"] = json!("JWT"))),
        ("sd_jwt_type", with(&|header| drop(header.as_object_mut().unwrap().remove("typ")))),
        ("sd_jwt_no_certificate", with(&|header| drop(header.as_object_mut().unwrap().remove("x5c")))),
        (
            "certificate_anchor_sent",
            with(&|header| {
                let mut chain = header["x5c"].as_array().unwrap().clone();
                chain.push(json!(base64::engine::general_purpose::STANDARD.encode(world.authority.der())));
                header["x5c"] = chain.into();
            }),
        ),
        ("certificate_unknown", by_stranger),
        ("certificate_use", by_reader),
        ("sd_jwt_signature", borrowed_name),
        ("sd_jwt_name_repeated", twice),
        ("sd_jwt_claim", without("vct")),
        ("sd_jwt_claim", without("cnf")),
        ("sd_jwt_claim", claims(json!({"vct": 7}))),
        ("sd_jwt_claim", claims(json!({"exp": "tomorrow"}))),
        ("sd_jwt_claim", claims(json!({"exp": 1.5}))),
        ("sd_jwt_claim", claims(json!({"nbf": -1}))),
        ("sd_jwt_claim", claims(json!({"cnf": {"kid": "1"}}))),
        ("sd_jwt_claim", claims(json!({"status": {}}))),
        ("sd_jwt_claim", claims(json!({"aka_vcts": []}))),
        ("sd_jwt_claim", claims(json!({"aka_vcts": [VCT]}))),
        ("credential_expired", claims(json!({"exp": now().unix()}))),
        ("credential_not_yet_valid", claims(json!({"nbf": now().unix() + 1}))),
        ("sd_jwt_audience", claims(json!({"aud": "x509_hash:other"}))),
    ] {
        assert_eq!(world.verify(&text).map_err(SdJwtError::code), Err(code));
    }
    for sound in [
        claims(json!({"exp": now().unix() + 1, "nbf": now().unix(), "aud": [AUDIENCE]})),
        claims(json!({"iss": "https://issuer.example", "aka_vcts": ["urn:other"]})),
    ] {
        assert!(world.verify(&sound).is_ok());
    }
}

#[test]
fn a_key_binding_is_held_to_its_key_its_request_its_verifier_its_time_and_its_disclosures() {
    let world = World::new();
    let held = world.held();
    let presented = held.present_unbound(&held.select(&[names(&["family_name"])]));
    let more = held.present_unbound(&held.select(&[names(&["given_name"])]));
    let typ = json!({"typ": "kb+jwt"});
    let with = |name: &str, value: Value| {
        let mut claims = binding(&presented);
        claims.as_object_mut().unwrap().remove(name);
        if !value.is_null() {
            claims[name] = value;
        }
        format!("{presented}{}", world.sign_binding(typ.clone(), &claims))
    };
    let good = binding(&presented);
    let thief = SigningKey::generate().unwrap();
    let now = now().unix();
    for (code, text) in [
        ("key_binding_missing", presented.clone()),
        ("key_binding_signature", format!("{presented}{}", sign(&thief, typ.clone(), &good))),
        ("key_binding_type", format!("{presented}{}", world.sign_binding(json!({"typ": "JWT"}), &good))),
        ("key_binding_form", format!("{presented}no.signature")),
        ("key_binding_sd_hash", format!("{more}{}", world.sign_binding(typ.clone(), &good))),
        ("key_binding_sd_hash", with("sd_hash", json!("AAAA"))),
        ("key_binding_nonce", with("nonce", json!("other"))),
        ("key_binding_audience", with("aud", json!("x509_hash:other"))),
        ("key_binding_claims", with("aud", json!([AUDIENCE]))),
        ("key_binding_claims", with("nonce", Value::Null)),
        ("key_binding_claims", with("iat", Value::Null)),
        ("key_binding_claims", with("aud", Value::Null)),
        ("key_binding_claims", with("sd_hash", Value::Null)),
        ("key_binding_old", with("iat", json!(now - 301))),
        ("key_binding_ahead", with("iat", json!(now + 11))),
    ] {
        assert_eq!(world.verify(&text).map_err(SdJwtError::code), Err(code));
    }
    for iat in [now - 300, now, now + 10] {
        assert!(world.verify(&with("iat", json!(iat))).is_ok(), "{iat}");
    }
    let anchors = world.authority.anchors();
    let own = world.device.public();
    let received = |text: &str| Held::receive(text, &anchors, own, at(0)).map(drop).map_err(SdJwtError::code);
    assert_eq!(received(&with("nonce", json!("x"))), Err("key_binding_unexpected"), "to a holder");
    let others = Held::receive(&world.credential(), &anchors, thief.public(), at(0)).map(drop);
    assert_eq!(others, Err(SdJwtError::Claim { name: "cnf" }), "another's credential");
    let refused = held.present(&[], to_verifier(), &thief).map(drop);
    assert_eq!(refused, Err(SdJwtError::Claim { name: "cnf" }), "shown by another key");
}

#[test]
fn every_change_of_one_character_of_a_presentation_is_refused() {
    let world = World::new();
    let held = world.held();
    let shown = held.present(&held.select(&[names(&["family_name"])]), to_verifier(), &world.device).unwrap();
    for place in 0..shown.len() {
        let mut changed = shown.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        assert!(world.verify(&String::from_utf8(changed).unwrap()).is_err(), "{place}");
    }
}

#[test]
fn the_metadata_of_a_type_is_the_one_that_its_issuer_meant() {
    use openid4vc::vct::{integrity, integrity_holds};
    let (document, other) = (b"{\"vct\":\"a\"}".as_slice(), b"{}".as_slice());
    let world = World::new();
    let own = integrity(document);
    let text = world.forged(world.header(), &world.payload(json!({"vct#integrity": own})), &[]);
    let anchors = world.authority.anchors();
    let with = |metadata: &[(&str, &[u8])]| {
        let expected = Expected {
            anchors: &anchors,
            audience: AUDIENCE,
            nonce: NONCE,
            binding_required: true,
            now: now(),
            metadata,
        };
        verify(&text, &expected).map(drop).map_err(SdJwtError::code)
    };
    assert_eq!(with(&[(VCT, document)]), Ok(()));
    assert_eq!(with(&[(VCT, other)]), Err("vct_integrity"));
    assert_eq!(with(&[]), Ok(()), "none at hand");
    assert_eq!(with(&[("urn:other", other)]), Ok(()), "another type's");
    assert_eq!(
        integrity(b"alert('Hello, world.');"),
        "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng=",
        "the W3C's own example"
    );
    for (said, holds) in [
        (format!("sha256-AAAA {own}"), true),
        (format!("{own}?ct=application/json"), true),
        (format!("{own} sha512-AAAA"), false),
        ("md5-AAAA".to_owned(), false),
        (String::new(), false),
    ] {
        assert_eq!(integrity_holds(&said, document), holds, "{said}");
    }
}
