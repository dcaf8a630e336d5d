//! Published vectors that others wrote, and what one changed byte does to a token.

#![expect(clippy::unwrap_used, reason = "a vector that cannot be read fails the test")]

use std::path::PathBuf;

use credential::message;
use credential::{
    DeviceKey, KeyClass, PublicKey, SealedHashes, ShortHash, SigningKey, StatusRef, TokenClaims, TokenId,
    UnverifiedToken, VerifyingKey, hpke, sign_token,
};
use documents::{AuthorityCode, Timestamp};
use serde_json::Value;

fn vectors(test: &str) -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let shared = std::env::var_os("BAYPASS_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    let folder = shared.join("vectors");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: {test}: no shared folder");
    None
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn compressed(uncompressed: &[u8]) -> PublicKey {
    let x: [u8; 32] = uncompressed.get(1..33).unwrap().try_into().unwrap();
    PublicKey::from_x_and_sign(&x, uncompressed.last().unwrap() & 1 == 1)
}

/// The first object in reading order for which `wanted` holds.
fn find<'v>(value: &'v Value, wanted: &impl Fn(&Value) -> bool) -> Option<&'v Value> {
    match value {
        Value::Object(_) if wanted(value) => Some(value),
        Value::Object(map) => map.values().find_map(|v| find(v, wanted)),
        Value::Array(list) => list.iter().find_map(|v| find(v, wanted)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

#[test]
fn wycheproof_signatures_verify_or_fail_as_published() {
    let Some(folder) = vectors("wycheproof") else { return };
    let path = folder.join("ecdsa/wycheproof-ecdsa_secp256r1_sha256_p1363_test.json");
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let (mut good, mut bad) = (0, 0);
    for group in file["testGroups"].as_array().unwrap() {
        let key = VerifyingKey::new(compressed(&bytes(&group["publicKey"]["uncompressed"]))).unwrap();
        for case in group["tests"].as_array().unwrap() {
            let valid = case["result"] == "valid";
            let verified = key.verify(&bytes(&case["msg"]), &bytes(&case["sig"])).is_ok();
            assert_eq!(verified, valid, "tcId {}", case["tcId"]);
            if valid { good += 1 } else { bad += 1 }
        }
    }
    assert!(good > 0 && bad > 0, "both kinds were seen: {good} and {bad}");
}

#[test]
fn hpke_base_mode_opens_what_the_rfc_sealed() {
    let Some(folder) = vectors("hpke") else { return };
    let text = std::fs::read_to_string(folder.join("hpke/p256-sha256-aes128gcm.json")).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    let base = &file["Base"];
    let receiver = hpke::ReceiverKey::from_bytes(&bytes(&base["pkRm"]), &bytes(&base["skRm"])).unwrap();
    let first = find(base, &|v| v.get("ct").is_some() && v.get("pt").is_some()).unwrap();
    let (enc, info) = (bytes(&base["enc"]), bytes(&base["info"]));
    let opened = receiver.open(&enc, &info, &bytes(&first["aad"]), &bytes(&first["ct"])).unwrap();
    assert_eq!(*opened, bytes(&first["pt"]));
}

fn token() -> (Vec<u8>, VerifyingKey, SigningKey) {
    let (issuer, device) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let day: Timestamp = "2026-03-02T10:00:00+08:00".parse().unwrap();
    let claims = TokenClaims {
        issuer: AuthorityCode::Chn,
        expires: KeyClass::Hardware.expiry_for(day.local_date()),
        device_key: *device.public(),
        key_class: KeyClass::Hardware,
        status: StatusRef::new(3, 70_000).unwrap(),
        sealed: SealedHashes::Two(ShortHash([1; 16]), ShortHash([2; 16])),
    };
    let bytes = sign_token(&claims, 7, &issuer).unwrap();
    (bytes, VerifyingKey::new(*issuer.public()).unwrap(), device)
}

fn accepted(bytes: &[u8], key: &VerifyingKey) -> Option<TokenId> {
    let parsed = UnverifiedToken::parse(bytes).ok()?;
    let device: DeviceKey = parsed.device_key().ok()?;
    parsed.verify(key, device).ok().map(|verified| verified.id())
}

#[test]
fn every_changed_byte_of_a_token_is_refused_or_leaves_its_id() {
    let (token, key, _) = token();
    let id = accepted(&token, &key).unwrap();
    assert_eq!(token.len(), 181, "the size on which the widest code was planned");
    for at in 0..token.len() {
        for change in [1u8, 0x20, 0x80, 0xff] {
            let mut changed = token.clone();
            *changed.get_mut(at).unwrap() ^= change;
            assert!(accepted(&changed, &key).is_none_or(|other| other == id), "byte {at} ^ {change:#x}");
        }
    }
}

#[test]
fn a_filled_unprotected_header_an_added_tag_and_bytes_behind_give_no_second_token() {
    let (token, key, device) = token();
    let tagged = [&[0xd2], token.as_slice()].concat();
    let longer = [token.as_slice(), &[0]].concat();
    // The unprotected header a0 stands behind the array's head and the protected header.
    let mut filled = token.clone();
    let at = filled.iter().position(|b| *b == 0xa0).unwrap();
    filled.splice(at..=at, [0xa1, 0x18, 0x63, 0x00]);
    for (name, bytes) in [("tag", tagged), ("tail", longer), ("header", filled)] {
        assert_eq!(accepted(&bytes, &key), None, "{name}");
    }
    let event = message::sign(message::Kind::Event, b"gate", &device, b"payload").unwrap();
    let key = VerifyingKey::new(*device.public()).unwrap();
    assert!(message::open(message::Kind::Event, &event, &key).is_ok());
    assert!(message::open(message::Kind::Verdict, &event, &key).is_err(), "no kind serves as another");
}
