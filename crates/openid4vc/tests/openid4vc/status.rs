//! Status lists: the draft's examples, our own in both forms, every refusal with its code.

use credential::SigningKey;
use documents::Timestamp;
use openid4vc::status::{ListToken, Status, StatusError, StatusList, StatusReference};
use serde_json::{Value, json};

use crate::party::{Authority, READER, Signer, at, key_of, now};

const URI: &str = "https://hkg.example/status/7";

fn token() -> ListToken {
    let mut list = StatusList::with_entries(1000);
    assert!(list.set(7, Status::Invalid) && list.set(8, Status::Suspended));
    ListToken { subject: URI.to_owned(), issued: at(-10), expires: Some(at(3600)), ttl: Some(900), list }
}

fn reference(index: u32) -> StatusReference {
    StatusReference { uri: URI.to_owned(), index }
}

#[test]
fn the_drafts_lists_unfold_to_the_statuses_that_it_prints() {
    use base64::Engine as _;
    let Some(folder) = test_support::shared("status", "vectors/status-list") else { return };
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let status = |value: u64| match value {
        0 => Status::Valid,
        1 => Status::Invalid,
        2 => Status::Suspended,
        other => Status::Other(u8::try_from(other).unwrap()),
    };
    let list = |json: &Value| {
        let entries = json["lst"].as_str().unwrap();
        let entries = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(entries).unwrap();
        StatusList::from_compressed(json["bits"].as_u64().unwrap(), &entries).unwrap()
    };
    let small: Value = serde_json::from_str(&read("small-lists.json")).unwrap();
    for example in small.as_array().unwrap() {
        let list = list(&example["json"]);
        for (index, value) in (0..).zip(example["statuses"].as_array().unwrap()) {
            assert_eq!(list.get(index), Some(status(value.as_u64().unwrap())));
        }
    }
    for name in ["list-1bit.json", "list-2bit.json", "list-8bit.json"] {
        let example: Value = serde_json::from_str(&read(name)).unwrap();
        let list = list(&example["json"]);
        for (index, value) in example["statuses"].as_object().unwrap() {
            let found = list.get(index.parse().unwrap());
            assert_eq!(found, Some(status(value.as_u64().unwrap())), "{name} {index}");
        }
        assert_eq!(list.get(1_048_576), None, "{name}");
    }
    let key: Value = serde_json::from_str(&read("example-key.json")).unwrap();
    let key = credential::VerifyingKey::new(*key_of(&key).public()).unwrap();
    let uri = "https://example.com/statuslists/1";
    let then = Timestamp::from_unix(1_700_000_000).unwrap();
    let jwt = ListToken::open_jwt(read("status_list_jwt.txt").trim(), uri, &key, then).unwrap();
    let cwt = ListToken::open_cwt(&hex::decode(read("status_list_cwt.hex").trim()).unwrap(), uri, &key, then);
    let cwt = cwt.unwrap();
    assert_eq!((jwt.issued, jwt.ttl, &jwt.list), (cwt.issued, cwt.ttl, &cwt.list));
    let first = StatusReference { uri: uri.to_owned(), index: 0 };
    assert_eq!(cwt.look_up(&first, then, then), Ok(Status::Invalid));
}

#[test]
fn a_list_is_the_same_in_both_forms() {
    let authority = Authority::new("Root");
    let signer = authority.signer("Status", &[]);
    let (anchors, token) = (authority.anchors(), token());
    let jwt = token.sign_jwt(&signer.key, &signer.x5c).unwrap();
    let cwt = token.sign_cwt(&signer.key, &signer.x5c).unwrap();
    assert_eq!(ListToken::read_jwt(&jwt, URI, &anchors, now()), Ok(token.clone()));
    assert_eq!(ListToken::read_cwt(&cwt, URI, &anchors, now()), Ok(token.clone()));
    for (index, expected) in [
        (6, Ok(Status::Valid)),
        (7, Ok(Status::Invalid)),
        (8, Ok(Status::Suspended)),
        (999, Ok(Status::Valid)),
        (1000, Err(StatusError::OutOfBounds)),
        (u32::MAX, Err(StatusError::OutOfBounds)),
    ] {
        assert_eq!(token.look_up(&reference(index), now(), now()), expected, "{index}");
    }
    let other = StatusReference { uri: "https://hkg.example/status/8".to_owned(), index: 7 };
    assert_eq!(token.look_up(&other, now(), now()), Err(StatusError::Subject));
    for (seconds, expected) in
        [(900, Ok(Status::Invalid)), (901, Err(StatusError::Stale)), (3600, Err(StatusError::Expired))]
    {
        assert_eq!(token.look_up(&reference(7), now(), at(seconds)), expected, "{seconds}");
    }
}

#[test]
fn what_is_no_list_of_a_trusted_signer_is_refused_for_its_cause() {
    let authority = Authority::new("Root");
    let (signer, stranger) = (authority.signer("Status", &[]), Authority::new("Other").signer("Status", &[]));
    let (anchors, token) = (authority.anchors(), token());
    let code = |read: Result<ListToken, StatusError>| read.map(drop).map_err(StatusError::code);
    let jwt = |text: &str| code(ListToken::read_jwt(text, URI, &anchors, now()));
    let cwt = |bytes: &[u8]| code(ListToken::read_cwt(bytes, URI, &anchors, now()));
    let reader = authority.signer("Desk", READER);
    let borrowed = Signer { key: SigningKey::generate().unwrap(), x5c: signer.x5c.clone() };
    for (signer, expected) in [
        (&signer, Ok(())),
        (&stranger, Err("certificate_unknown")),
        (&reader, Err("certificate_use")),
        (&borrowed, Err("status_signature")),
    ] {
        assert_eq!(jwt(&token.sign_jwt(&signer.key, &signer.x5c).unwrap()), expected);
        assert_eq!(cwt(&token.sign_cwt(&signer.key, &signer.x5c).unwrap()), expected);
    }
    let late = ListToken { expires: Some(now()), ..token.clone() };
    let other = ListToken { subject: format!("{URI}/"), ..token.clone() };
    for (token, expected) in [(&late, "status_expired"), (&other, "status_subject")] {
        assert_eq!(jwt(&token.sign_jwt(&signer.key, &signer.x5c).unwrap()), Err(expected));
        assert_eq!(cwt(&token.sign_cwt(&signer.key, &signer.x5c).unwrap()), Err(expected));
    }
    let list = json!({ "bits": 1, "lst": "eNrbuRgAAhcBXQ" });
    let good = json!({ "sub": URI, "iat": 1, "status_list": list });
    let header = json!({ "typ": "statuslist+jwt", "x5c": signer.x5c_json() });
    let signed = |header: &Value, claims: &Value| signer.sign(header.clone(), claims.to_string().as_bytes());
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        signed(&header, &claims)
    };
    let bits = |bits: Value, entries: &str| with("status_list", json!({ "bits": bits, "lst": entries }));
    for (code, text) in [
        ("status_type", signed(&json!({ "typ": "JWT", "x5c": signer.x5c_json() }), &good)),
        ("status_no_certificate", signed(&json!({ "typ": "statuslist+jwt" }), &good)),
        ("status_claims", with("sub", json!(7))),
        ("status_claims", with("iat", json!("now"))),
        ("status_claims", with("exp", json!("later"))),
        ("status_claims", with("ttl", json!(0))),
        ("status_claims", with("status_list", json!([]))),
        ("status_claims", bits(json!("1"), "eNrbuRgAAhcBXQ")),
        ("status_claims", bits(json!(1), "eNrbuRgAAhcBXQ=")),
        ("status_entries", bits(json!(3), "eNrbuRgAAhcBXQ")),
        ("status_entries", bits(json!(1), "AAAA")),
        ("status_form", signer.sign(header.clone(), br#"{"sub":"a","sub":"b"}"#)),
        ("status_form", "a.b".to_owned()),
    ] {
        assert_eq!(jwt(&text), Err(code));
    }
    assert_eq!(jwt(&with("iss", json!("https://hkg.example"))), Ok(()), "older lists name their issuer");
    let whole = token.sign_cwt(&signer.key, &signer.x5c).unwrap();
    for place in 0..whole.len() {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        assert!(cwt(&changed).is_err(), "{place}");
        assert!(cwt(&whole[..place]).is_err(), "cut at {place}");
    }
}

#[test]
fn a_list_that_unfolds_without_end_is_refused_within_its_bounds() {
    // Twice as long as the longest list, in a few thousand bytes.
    let bomb = StatusList::with_entries(32 << 20).compressed().unwrap();
    assert!(bomb.len() < 16 << 10, "{}", bomb.len());
    assert!(StatusList::from_compressed(1, &bomb).is_err());
}
