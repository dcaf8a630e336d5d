//! Published vectors that others wrote: CBOR, COSE, CWT, ECDSA, HPKE, key thumbprints, status lists.

#![expect(clippy::unwrap_used, reason = "a vector that cannot be read fails the test")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use credential::cbor::{CborError, Reader, Writer, well_formed};
use credential::cose::{CoseError, Sign1, Tagging, sig_structure};
use credential::status::{SignedStatusList, Status, StatusList, list_kid};
use credential::{CryptoError, PublicKey, VerifyingKey, hpke, sha256};
use documents::Timestamp;
use serde_json::Value;

fn vectors(test: &str) -> Option<PathBuf> {
    test_support::shared(test, "vectors")
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

/// A key in the forms of the examples: coordinates in hex (`x_hex`) or Base64url (`x`).
fn key(value: &Value) -> VerifyingKey {
    let coordinate = |name: &str| match value.get(format!("{name}_hex")) {
        Some(hex) => bytes(hex),
        None => BASE64_URL_SAFE_NO_PAD.decode(value[name].as_str().unwrap()).unwrap(),
    };
    let (x, y) = (coordinate("x"), coordinate("y"));
    VerifyingKey::new(PublicKey::from_x_and_sign(&x.try_into().unwrap(), y.last().unwrap() & 1 == 1)).unwrap()
}

fn json(path: PathBuf) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Writes an item again, through the reader and the writer of this crate.
fn rewritten(r: &mut Reader<'_>, w: &mut Writer) -> Result<(), CborError> {
    let rest = r.clone().skip()?;
    match rest.first().unwrap() >> 5 {
        0 => w.uint(r.uint()?),
        1 => match r.clone().int() {
            Ok(number) => {
                r.int()?;
                w.int(number)
            }
            // Below -2^63: passed over as strictly as if it were read, and never needed by a format of ours.
            Err(_) => w.raw(r.skip()?),
        },
        2 => w.bytes(r.bytes(usize::MAX)?),
        3 => w.text(r.text(usize::MAX)?),
        4 => {
            let len = r.array(usize::MAX)?;
            w.array(len);
            for _ in 0..len {
                rewritten(r, w)?;
            }
            w
        }
        5 => {
            let len = r.map(usize::MAX)?;
            w.map(len);
            for _ in 0..2 * len {
                rewritten(r, w)?;
            }
            w
        }
        6 => {
            w.tag(r.tag()?);
            return rewritten(r, w);
        }
        _ if r.null_here()? => w.null(),
        _ => w.bool(r.bool()?),
    };
    Ok(())
}

#[test]
fn every_cbor_example_is_written_again_the_same_or_refused_for_its_reason() {
    let Some(folder) = vectors("cbor") else { return };
    let mut counts = BTreeMap::new();
    for row in json(folder.join("cbor/appendix_a.json")).as_array().unwrap() {
        let hex = row["hex"].as_str().unwrap();
        let bytes = hex::decode(hex).unwrap();
        let mut writer = Writer::new();
        let read = rewritten(&mut Reader::new(&bytes), &mut writer);
        assert_eq!(read, well_formed(&bytes), "{hex}");
        let indefinite = !row["roundtrip"].as_bool().unwrap() && !hex.starts_with('f');
        let expected = match hex.get(..2).unwrap() {
            _ if indefinite => Err(CborError::NotDeterministic),
            // Floating-point numbers, also behind a tag, and simple values but false, true and null.
            "f9" | "fa" | "fb" | "f0" | "f7" | "f8" => Err(CborError::Unexpected),
            _ if hex.starts_with("c1fb") => Err(CborError::Unexpected),
            _ => Ok(()),
        };
        assert_eq!(read, expected, "{hex}");
        if expected.is_ok() {
            assert_eq!(hex::encode(writer.finish()), hex);
        }
        *counts.entry(expected.map_err(|e| e.to_string())).or_insert(0) += 1;
    }
    let count = |kind: Result<(), CborError>| counts.get(&kind.map_err(|e| e.to_string())).copied();
    let (taken, float_or_simple, indefinite) =
        (count(Ok(())), count(Err(CborError::Unexpected)), count(Err(CborError::NotDeterministic)));
    assert_eq!((taken, float_or_simple, indefinite), (Some(44), Some(27), Some(11)));
    assert_eq!(counts.values().sum::<i32>(), 82);
}

/// A COSE_Sign1 of any form, read without this crate's restrictions: protected, payload, signature.
fn loose(message: &[u8]) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let mut r = Reader::new(message);
    if r.tag_here() {
        r.tag().unwrap();
    }
    r.array_exact(4).unwrap();
    let protected = r.bytes(usize::MAX).unwrap().to_vec();
    r.skip().unwrap();
    let (payload, signature) = (r.bytes(usize::MAX).unwrap().to_vec(), r.bytes(usize::MAX).unwrap().to_vec());
    r.finish().unwrap();
    (protected, payload, signature)
}

#[test]
fn cose_examples_verify_or_fail_as_published_and_are_read_only_in_our_form() {
    use CoseError::*;
    let Some(folder) = vectors("cose") else { return };
    // What the signature says over the bytes as they are, and what our reader says of their form (tagged, untagged).
    for (file, signature, tagged, untagged) in [
        ("sign1-tests/sign-pass-01.json", true, Err(Header), Err(Tag)),
        ("sign1-tests/sign-pass-03.json", true, Err(Tag), Err(Header)),
        ("sign1-tests/sign-fail-01.json", true, Err(Tag), Err(Tag)),
        ("sign1-tests/sign-fail-02.json", false, Ok(()), Err(Tag)),
        ("sign1-tests/sign-fail-04.json", false, Err(Algorithm), Err(Tag)),
        ("sign1-tests/sign-fail-07.json", false, Ok(()), Err(Tag)),
        ("ecdsa-examples/ecdsa-sig-01.json", true, Err(Header), Err(Tag)),
        ("CWT/A_3.json", true, Ok(()), Err(Tag)),
    ] {
        let case = json(folder.join("cose").join(file));
        let message = bytes(&case["output"]["cbor"]);
        let signer = key(&case["input"]["sign0"]["key"]);
        let (mut protected, payload, signed) = loose(&message);
        // RFC 9052, 4.4: an empty map in the protected header is signed as an empty string.
        if protected == [0xa0] {
            protected.clear();
        }
        let to_be_signed = sig_structure(&protected, &[], &payload);
        let published = bytes(&case["intermediates"]["ToBeSign_hex"]);
        let whole = case["fail"] != Value::Bool(true) || file.ends_with("fail-01.json");
        assert_eq!(to_be_signed == published, whole, "{file}");
        assert_eq!(signer.verify(&to_be_signed, &signed).is_ok(), signature, "{file}");
        for (tagging, expected) in [(Tagging::Sign1, tagged), (Tagging::Untagged, untagged)] {
            let parsed = Sign1::parse(&message, tagging, 1024);
            assert_eq!(parsed.as_ref().map(|_| ()).map_err(|e| *e), expected, "{file} {tagging:?}");
            if let Ok(parsed) = parsed {
                assert_eq!(parsed.verify(&signer, &[]).is_ok(), signature, "{file}");
                assert!(parsed.verify(&signer, &[0x80]).is_err(), "{file}: other external data");
            }
        }
    }
}

#[test]
fn other_algorithms_and_other_cose_structures_are_refused() {
    let Some(folder) = vectors("cose") else { return };
    let mut refused = 0;
    for file in [
        "ecdsa-examples/ecdsa-01.json",
        "ecdsa-examples/ecdsa-02.json",
        "ecdsa-examples/ecdsa-03.json",
        "ecdsa-examples/ecdsa-04.json",
        "ecdsa-examples/ecdsa-sig-03.json",
        "eddsa-examples/eddsa-01.json",
        "eddsa-examples/eddsa-02.json",
        "eddsa-examples/eddsa-sig-01.json",
        "x509-examples/signed-01.json",
        "x509-examples/signed-03.json",
        "x509-examples/signed-04.json",
        "x509-examples/signed-05.json",
        "CWT/A_5.json",
        "CWT/A_6.json",
        "CWT/A_7.json",
    ] {
        let message = bytes(&json(folder.join("cose").join(file))["output"]["cbor"]);
        for tagging in [Tagging::Sign1, Tagging::Untagged] {
            assert!(Sign1::parse(&message, tagging, 4096).is_err(), "{file} {tagging:?}");
            // Without its tag too: the tag is not all that tells them apart.
            assert!(Sign1::parse(message.get(1..).unwrap(), tagging, 4096).is_err(), "{file} {tagging:?}");
        }
        refused += 1;
    }
    assert_eq!(refused, 15);
}

#[test]
fn the_claims_of_the_cwt_example_are_read_as_the_rfc_lists_them() {
    let Some(folder) = vectors("CWT") else { return };
    let case = json(folder.join("cose/CWT/A_3.json"));
    let message = bytes(&case["output"]["cbor"]);
    let parsed = Sign1::parse(&message, Tagging::Sign1, 1024).unwrap();
    let payload = parsed.verify(&key(&case["input"]["sign0"]["key"]), &[]).unwrap();
    let mut r = Reader::new(payload);
    r.map_exact(7).unwrap();
    for (claim, text) in [(1, "coap://as.example.com"), (2, "erikw"), (3, "coap://light.example.com")] {
        r.key(claim).unwrap();
        assert_eq!(r.text(64).unwrap(), text);
    }
    for (claim, time) in [(4, 1_444_064_944), (5, 1_443_944_944), (6, 1_443_944_944)] {
        r.key(claim).unwrap();
        assert_eq!(r.uint_width(5).unwrap(), time);
    }
    r.key(7).unwrap();
    assert_eq!(r.bytes(8).unwrap(), [0x0b, 0x71]);
    r.finish().unwrap();
    // A valid CWT that is no border token.
    assert!(credential::UnverifiedToken::parse(message.get(1..).unwrap()).is_err());
}

#[test]
fn a_key_has_the_thumbprint_that_was_published() {
    let Some(folder) = vectors("thumbprint") else { return };
    let keys = json(folder.join("sd-cwt/keys.json"));
    let holder = key(&keys["holder_jwk"]);
    let published = bytes(&keys["holder_cose_key_thumbprint_sha256_hex"]);
    assert_eq!(holder.thumbprint().unwrap().as_bytes().to_vec(), published);
    assert_eq!(holder.thumbprint().unwrap().token_id().as_bytes().as_slice(), published.get(..16).unwrap());
}

#[test]
fn small_status_lists_hold_the_published_statuses_in_order() {
    let Some(folder) = vectors("status-list") else { return };
    for case in json(folder.join("status-list/small-lists.json")).as_array().unwrap() {
        let list = StatusList::read(&mut Reader::new(&bytes(&case["cbor_hex"]))).unwrap();
        let statuses: Vec<u64> =
            case["statuses"].as_array().unwrap().iter().map(|s| s.as_u64().unwrap()).collect();
        assert_eq!(list.len(), statuses.len());
        for (index, expected) in (0..).zip(&statuses) {
            assert_eq!(list.get(index).map(number), Some(*expected), "index {index}");
        }
        assert_eq!(list.get(u32::try_from(statuses.len()).unwrap()), None);
    }
}

#[test]
fn large_status_lists_hold_every_published_status_and_nothing_beside() {
    let Some(folder) = vectors("status-list") else { return };
    for bits in [1u32, 2, 8] {
        let case = json(folder.join(format!("status-list/list-{bits}bit.json")));
        let list = StatusList::read(&mut Reader::new(&bytes(&case["cbor_hex"]))).unwrap();
        let entries = u32::try_from(case["entries"].as_u64().unwrap()).unwrap();
        assert_eq!(list.len(), entries as usize);
        let statuses = case["statuses"].as_object().unwrap();
        let (mut packed, mut set) = (Vec::new(), 0);
        for first in (0..entries).step_by(8 / bits as usize) {
            let mut byte = 0u8;
            for (place, index) in (first..first + 8 / bits).enumerate() {
                let status = number(list.get(index).unwrap());
                let expected = statuses.get(&index.to_string()).map_or(0, |s| s.as_u64().unwrap());
                assert_eq!(status, expected, "{bits} bits, index {index}");
                set += usize::from(status != 0);
                byte |= u8::try_from(status).unwrap() << (place * bits as usize);
            }
            packed.push(byte);
        }
        assert_eq!(set, statuses.values().filter(|s| **s != 0).count());
        assert_eq!(sha256(&packed).to_vec(), bytes(&case["uncompressed_sha256"]), "{bits} bits");
        assert_eq!(list.get(entries), None, "beyond the end");
        assert_eq!(list.get(u32::MAX), None);
    }
}

const fn number(status: Status) -> u64 {
    match status {
        Status::Valid => 0,
        Status::Invalid => 1,
        Status::Suspended => 2,
        Status::Other(other) => other as u64,
    }
}

#[test]
fn the_published_status_list_token_verifies_and_revokes_the_token_that_refers_to_it() {
    let Some(folder) = vectors("status-list") else { return };
    let folder = folder.join("status-list");
    let read = |name: &str| hex::decode(std::fs::read_to_string(folder.join(name)).unwrap().trim()).unwrap();
    let signer = key(&json(folder.join("example-key.json")));
    let signed = read("status_list_cwt.hex");
    let subject = "https://example.com/statuslists/1";
    assert_eq!(list_kid(&signed).unwrap(), Some(b"12".to_vec()));
    let list = SignedStatusList::open(&signed, &signer, subject).unwrap();
    let instant = |seconds| Timestamp::from_unix(seconds).unwrap();
    assert_eq!(
        (list.issued, list.expires, list.ttl),
        (instant(1_686_920_170), Some(instant(2_291_720_170)), Some(43_200))
    );
    assert!(SignedStatusList::open(&signed, &signer, "https://example.com/statuslists/2").is_err());
    for at in 0..signed.len() {
        let mut changed = signed.clone();
        *changed.get_mut(at).unwrap() ^= 1;
        // The key id stands in the unprotected header: it is only a hint, and all else must be as signed.
        let opened = SignedStatusList::open(&changed, &signer, subject);
        assert!(opened.is_err() || opened.unwrap() == list, "byte {at}");
    }

    let token = read("referenced_token_cwt.hex");
    let parsed = Sign1::parse(&token, Tagging::Sign1, 1024).unwrap();
    let mut r = Reader::new(parsed.verify(&signer, &[]).unwrap());
    let mut place = None;
    for _ in 0..r.map(8).unwrap() {
        if r.int().unwrap() != 65_535 {
            r.skip().unwrap();
            continue;
        }
        r.map_exact(1).unwrap();
        assert_eq!(r.text(32).unwrap(), "status_list");
        r.map_exact(2).unwrap();
        assert_eq!(r.text(3).unwrap(), "idx");
        let index = u32::try_from(r.uint().unwrap()).unwrap();
        assert_eq!(r.text(3).unwrap(), "uri");
        place = Some((index, r.text(64).unwrap()));
    }
    r.finish().unwrap();
    assert_eq!(place, Some((0, subject)));
    assert_eq!(list.list.get(0), Some(Status::Invalid));
}

#[test]
fn a_point_that_is_none_is_no_key() {
    // x = 5 has a point on P-256, x = 1 and the field's prime itself have none; the first byte tells the form.
    let prime = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
    for (first, x, fits) in [
        (2, format!("{:064x}", 5), true),
        (3, format!("{:064x}", 5), true),
        (2, format!("{:064x}", 1), false),
        (2, prime.to_owned(), false),
        (4, format!("{:064x}", 5), false),
        (0, format!("{:064x}", 5), false),
    ] {
        let point = [vec![first], hex::decode(&x).unwrap()].concat();
        let key = PublicKey::from_bytes(&point).and_then(VerifyingKey::new);
        assert_eq!(key.is_ok(), fits, "{first:02x} {x}");
    }
    assert_eq!(PublicKey::from_bytes(&[2; 32]), Err(CryptoError::PublicKey));
    assert_eq!(PublicKey::from_bytes(&[]), Err(CryptoError::PublicKey));
}
