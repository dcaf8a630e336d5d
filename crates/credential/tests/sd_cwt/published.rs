//! Every published token gives the claims that its page says.

use credential::sd_cwt::{
    Content, Encoding, Expected, Held, HolderError, Key, KeyBinding, UnverifiedPresentation, Value,
};
use documents::Timestamp;
use serde_json::Value as Json;

use crate::{example, holder, holder_point, issuer};

/// A value as `expected.json` writes it: keys as texts, bytes as h'..'.
fn json(value: &Value) -> Json {
    match value {
        Value::Int(number) => Json::from(i64::try_from(*number).unwrap()),
        Value::Bytes(bytes) => Json::from(format!("h'{}'", hex::encode(bytes))),
        Value::Text(text) => Json::from(text.as_str()),
        Value::Array(items) => items.iter().map(json).collect(),
        Value::Map(pairs) => Json::Object(pairs.iter().map(|(k, v)| (key(k), json(v))).collect()),
        Value::Bool(flag) => Json::from(*flag),
        Value::Null => Json::Null,
        Value::Tag(..) | Value::Undefined | Value::Float(_) => panic!("no published token has one"),
    }
}

fn key(key: &Key) -> String {
    match key {
        Key::Int(label) => label.to_string(),
        Key::Text(text) => text.clone(),
        Key::Redacted => panic!("redacted entries were not dropped"),
    }
}

pub fn when(seconds: i64) -> Timestamp {
    Timestamp::from_unix(seconds).unwrap()
}

/// The moment of the published presentation.
pub const MADE: i64 = 1_725_244_237;
pub const AUDIENCE: &str = "https://verifier.example/app";

#[test]
fn every_published_token_has_the_claims_and_hashes_that_its_page_says() {
    const NAME: &str = "every_published_token_has_the_claims_and_hashes_that_its_page_says";
    for (token, disclosures, decoys) in
        [("issuer_cwt", 5, 0), ("nested_issuer_cwt", 15, 0), ("decoy", 4, 2), ("draft-05/issuer_cwt", 5, 0)]
    {
        let Some(bytes) = example(NAME, &format!("{token}.cbor")) else { return };
        let (issuer, device) = (issuer(NAME).unwrap(), holder_point(NAME).unwrap());
        let held = Held::receive(&bytes, Encoding::Any, &issuer, &device, None).unwrap();
        let page = token.rsplit('/').next().unwrap();
        let expected: Json =
            serde_json::from_slice(&example(NAME, &format!("{page}.expected.json")).unwrap()).unwrap();
        if page == token {
            assert_eq!(json(held.claims()), expected["validated_disclosed_claims_set"], "{token}");
            let hashes = held.disclosures().map(|(one, _)| hex::encode(one.hash()));
            let listed = expected["disclosures"].as_array().unwrap();
            let listed = listed.iter().map(|one| one["redacted_claim_hash_hex"].as_str().unwrap().to_owned());
            assert!(hashes.eq(listed), "{token}: hashes");
        }
        assert_eq!(held.disclosures().count(), disclosures, "{token}");
        let found = held.disclosures().filter(|(one, _)| *one.content() == Content::Decoy).count();
        assert_eq!(found, decoys, "{token}: decoys");
        let stranger = credential::SigningKey::generate().unwrap();
        let refused = Held::receive(&bytes, Encoding::Any, &issuer, stranger.public(), None);
        assert_eq!(refused.err(), Some(HolderError::OtherKey), "{token}");
        let refused = Held::receive(&bytes, Encoding::Any, &issuer, &device, Some(b"nonce"));
        assert_eq!(refused.err(), Some(HolderError::Nonce), "{token}");
    }
}

#[test]
fn the_published_presentation_gives_the_claims_that_its_page_says() {
    const NAME: &str = "the_published_presentation_gives_the_claims_that_its_page_says";
    let Some(expected) = example(NAME, "kbt.expected.json") else { return };
    let expected: Json = serde_json::from_slice(&expected).unwrap();
    let cnonce = hex::decode("8c0f5f523b95bea44a9a48c649240803").unwrap();
    for file in ["kbt.cbor", "draft-05/kbt.cbor"] {
        let bytes = example(NAME, file).unwrap();
        let parsed = UnverifiedPresentation::parse(&bytes, Encoding::Any).unwrap();
        let wanted = Expected { audiences: &[AUDIENCE], cnonce: Some(&cnonce), now: when(MADE) };
        let verified = parsed.verify(&issuer(NAME).unwrap(), &wanted).unwrap();
        if file == "kbt.cbor" {
            assert_eq!(json(verified.claims()), expected["validated_disclosed_claims_set"]);
            assert_eq!(json(verified.binding()), expected["kbt_payload"]);
        }
        assert_eq!(Some(*verified.holder().public()), holder_point(NAME));
    }
}

#[test]
fn what_the_published_holder_shows_of_the_published_token_is_what_the_draft_shows() {
    const NAME: &str = "what_the_published_holder_shows_of_the_published_token_is_what_the_draft_shows";
    let Some(token) = example(NAME, "issuer_cwt.cbor") else { return };
    let (issuer, device) = (issuer(NAME).unwrap(), holder(NAME).unwrap());
    let held = Held::receive(&token, Encoding::Any, &issuer, device.public(), None).unwrap();
    let cnonce = hex::decode("8c0f5f523b95bea44a9a48c649240803").unwrap();
    let binding = KeyBinding { audience: AUDIENCE, made: when(MADE), cnonce: Some(&cnonce), further: &[] };
    let made = held.present(&[0, 1, 3], &binding, &device).unwrap();
    let published = example(NAME, "kbt.cbor").unwrap();
    // The algorithm's number (ESP256 for ES256) and the holder's signature differ, and nothing else.
    let differing = made.iter().zip(&published).take(made.len() - 64).filter(|(a, b)| a != b).count();
    assert_eq!((made.len(), differing), (published.len(), 1));
    let parsed = UnverifiedPresentation::parse(&made, Encoding::Any).unwrap();
    let wanted = Expected { audiences: &[AUDIENCE], cnonce: Some(&cnonce), now: when(MADE) };
    let expected: Json = serde_json::from_slice(&example(NAME, "kbt.expected.json").unwrap()).unwrap();
    let verified = parsed.verify(&issuer, &wanted).unwrap();
    assert_eq!(json(verified.claims()), expected["validated_disclosed_claims_set"]);
}

#[test]
fn every_change_of_one_byte_of_the_published_presentation_is_refused() {
    const NAME: &str = "every_change_of_one_byte_of_the_published_presentation_is_refused";
    let Some(bytes) = example(NAME, "kbt.cbor") else { return };
    let issuer = issuer(NAME).unwrap();
    let wanted = Expected { audiences: &[AUDIENCE], cnonce: None, now: when(MADE) };
    let accepted = |bytes: &[u8]| {
        let parsed = UnverifiedPresentation::parse(bytes, Encoding::Any);
        parsed.and_then(|parsed| parsed.verify(&issuer, &wanted)).is_ok()
    };
    assert!(accepted(&bytes), "the published bytes themselves");
    for at in 0..bytes.len() {
        // Each bit alone, and all of them.
        for change in [1, 2, 4, 8, 16, 32, 64, 128, 255] {
            let mut changed = bytes.clone();
            changed[at] ^= change;
            assert!(!accepted(&changed), "byte {at} changed by {change:02x}");
        }
    }
    for end in 0..bytes.len() {
        assert!(!accepted(&bytes[..end]), "cut after {end} bytes");
    }
    assert!(!accepted(&[bytes.as_slice(), &[0]].concat()), "one byte longer");
}
