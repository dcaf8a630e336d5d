//! Vectors of venues (`vectors/venues.json`): what a wallet must take and refuse at a desk, each case with its code. The
//! wallet's TypeScript reads the same file (`web/core/test/venue.test.ts`).
//!
//! `BAYPASS_WRITE_VECTORS=1` writes the file anew, with new keys, before it is read.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of a test, outside of the test functions themselves"
)]

mod credentials;
mod world;
mod write;

use std::collections::BTreeSet;
use std::path::PathBuf;

use code::{VenueCode, VenueCodeKind};
use credential::status::Status;
use credential::venue::{
    PseudonymSecret, Shown, UnverifiedAnswer, UnverifiedRequest, VenueCredential, VenueReceipt, VenueRequest,
    answer,
};
use credential::{PublicKey, SigningKey, VerifyingKey};
use documents::Timestamp;
use serde_json::Value;
use trust::{Approval, Approvals, DeskRequest, Role, Root, TrustError, TrustStore};

fn path() -> PathBuf {
    test_support::root().join("vectors/venues.json")
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn word<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_else(|| panic!("{field} of {value}"))
}

fn time(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

fn key(value: &Value) -> VerifyingKey {
    VerifyingKey::new(PublicKey::from_bytes(&bytes(value)).unwrap()).unwrap()
}

/// What a wallet knows: lists and approvals in use.
struct Known {
    trust: TrustStore,
    approvals: Approvals,
}

fn pinned(file: &Value) -> TrustStore {
    let root = |value: &Value| {
        let keys = value["keys"].as_object().unwrap().iter();
        let keys = keys.map(|(kid, key)| (kid.as_bytes(), PublicKey::from_bytes(&bytes(key)).unwrap()));
        Root::of(usize::try_from(value["threshold"].as_u64().unwrap()).unwrap(), keys).unwrap()
    };
    let roots = file["roots"].as_object().unwrap().iter();
    let roots: Vec<_> = roots.map(|(code, value)| (code.parse().unwrap(), root(value))).collect();
    TrustStore::new(&roots).unwrap()
}

fn known(file: &Value) -> Known {
    let (mut trust, mut approvals) = (pinned(file), Approvals::default());
    for chain in file["trust"].as_object().unwrap().values() {
        trust.update(&bytes(chain), time(&file["now"])).unwrap();
    }
    for bundle in file["approvals"].as_array().unwrap() {
        let approval = Approval::open(&bytes(bundle), &trust, time(&file["now"])).unwrap();
        approvals.take(approval).unwrap();
    }
    Known { trust, approvals }
}

const KEY_CODES: [&str; 5] =
    ["desk_key_unknown", "desk_key_role", "desk_key_not_yet", "desk_key_ended", "desk_key_compromised"];

/// What a wallet says of the text of a code: `ok`, or the first reason against it.
fn judge(text: &str, known: &Known, now: Timestamp) -> Result<VenueRequest, &'static str> {
    let mut scratch = Vec::new();
    let code = VenueCode::parse(VenueCodeKind::Request, text, &mut scratch).map_err(|e| e.code())?;
    let checked = DeskRequest::check(code.bytes(), &known.trust, &known.approvals, now);
    checked.map(|desk| desk.request().clone()).map_err(|refusal| refusal.code())
}

/// Holds every case of a part of the file to its code, and gives the codes that came up.
fn hold(file: &Value, part: &str, judge: impl Fn(&Value) -> String) -> BTreeSet<String> {
    let (mut codes, mut wrong) = (BTreeSet::new(), Vec::new());
    for case in file[part].as_array().unwrap() {
        let found = judge(case);
        if found != word(case, "expect") {
            wrong.push(format!("{}: {found} instead of {}", word(case, "name"), word(case, "expect")));
        }
        codes.insert(found);
    }
    assert!(wrong.is_empty(), "{part}: {wrong:#?}");
    assert!(codes.contains("ok"), "{part}: whoever refuses everything would pass");
    codes
}

fn taken<T, E>(result: &Result<T, E>) -> String {
    if result.is_ok() { "ok".to_owned() } else { "refused".to_owned() }
}

fn device(case: &Value) -> SigningKey {
    SigningKey::from_scalar(&bytes(&case["secret"]), &bytes(&case["point"])).unwrap()
}

fn credential(file: &Value, case: &Value) -> VenueCredential {
    VenueCredential::receive(&bytes(&case["bytes"]), &key(&file["issuer"]), device(case).public()).unwrap()
}

fn claim_set(value: &Value) -> credential::venue::ClaimSet {
    value.as_array().unwrap().iter().map(|word| word.as_str().unwrap().parse().unwrap()).collect()
}

#[test]
fn every_vector_of_a_venue_gets_its_code() {
    if std::env::var("BAYPASS_WRITE_VECTORS").is_ok_and(|word| word == "1") {
        write::write();
    }
    let file: Value = serde_json::from_slice(&std::fs::read(path()).unwrap()).unwrap();
    let known = known(&file);
    let now = time(&file["now"]);

    let codes = hold(&file, "requests", |case| {
        let now = case.get("now").map_or(now, time);
        let judged = judge(word(case, "text"), &known, now);
        judged.map_or_else(str::to_owned, |request| {
            assert_eq!(hex::encode(request.id().as_bytes()), word(case, "id"));
            "ok".to_owned()
        })
    });
    for code in write::REQUEST_CODES.into_iter().chain(KEY_CODES) {
        assert!(codes.contains(code), "no vector for {code}");
    }

    hold(&file, "chains", |case| {
        pinned(&file).update(&bytes(&case["bytes"]), now).map_or_else(
            |error| {
                let known = [
                    (matches!(error, TrustError::Signatures { .. }), "signature"),
                    (matches!(error, TrustError::RootNotAnnounced { .. }), "root_not_announced"),
                ];
                known
                    .iter()
                    .find(|(is, _)| *is)
                    .map_or_else(|| error.to_string(), |(_, code)| (*code).to_owned())
            },
            |_| "ok".to_owned(),
        )
    });

    hold(&file, "credentials", |case| {
        let received =
            VenueCredential::receive(&bytes(&case["bytes"]), &key(&file["issuer"]), device(case).public());
        if let Ok(credential) = &received {
            assert_eq!(credentials::plain(credential.claims()), case["claims"]);
        }
        taken(&received)
    });

    hold(&file, "answers", |case| {
        let mut scratch = Vec::new();
        let code = VenueCode::parse(VenueCodeKind::Request, word(case, "request"), &mut scratch).unwrap();
        let request = UnverifiedRequest::parse(code.bytes()).unwrap().claimed().clone();
        let answered = bytes(&case["bytes"]);
        let issuer = |authority, kid: u8| known.trust.find(authority, Role::Venue, &[kid], now).ok().cloned();
        let verified = UnverifiedAnswer::parse(&answered)
            .unwrap()
            .verify(&request, now, issuer, |_, _| Some(Status::Valid))
            .unwrap();
        assert_eq!(verified.claims().names(), claim_set(&case["chosen"]));
        // Whoever makes it again makes the same length: only signatures differ.
        let secret = PseudonymSecret::from_bytes(bytes(&file["secret"]).try_into().unwrap());
        let owned: Vec<_> = case["credentials"]
            .as_array()
            .unwrap()
            .iter()
            .map(|index| &file["credentials"][usize::try_from(index.as_u64().unwrap()).unwrap()])
            .map(|one| (credential(&file, one), device(one)))
            .collect();
        let shown: Vec<_> = owned.iter().map(|(credential, device)| Shown { credential, device }).collect();
        let (chosen, pseudonym) = (claim_set(&case["chosen"]), secret.at(&request.venue));
        let again = answer(&request, &chosen, &shown, pseudonym, time(&case["made"])).unwrap();
        assert_eq!(again.len(), answered.len());
        assert_eq!(hex::encode(pseudonym.as_bytes()), word(case, "pseudonym"));
        "ok".to_owned()
    });

    hold(&file, "receipts", |case| {
        VenueReceipt::open(&bytes(&case["bytes"]), &key(&file["desk"]))
            .map_or_else(|error| error.code().to_owned(), |_| "ok".to_owned())
    });
}
