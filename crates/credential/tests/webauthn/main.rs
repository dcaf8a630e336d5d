//! WebAuthn against the test vectors of its Level 3 (section 16), and against an authenticator in software.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a vector that cannot be read fails the test"
)]

#[path = "../authenticator/mod.rs"]
mod authenticator;

use authenticator::Authenticator;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credential::webauthn::{
    Assertion, Challenge, Expected, Passkey, RelyingParty, UserVerification, WebAuthnError,
    claimed_challenge, register, verify,
};
use proptest::prelude::*;
use serde_json::Value;

const ORIGIN: &str = "https://example.org";

struct Vector {
    section: String,
    created: (Challenge, Vec<u8>, Vec<u8>),
    asked: (Challenge, Vec<u8>, Vec<u8>, Vec<u8>),
}

fn vectors() -> Vec<Vector> {
    let file: Value = serde_json::from_str(include_str!("level-3.json")).unwrap();
    let bytes = |v: &Value| hex::decode(v.as_str().unwrap()).unwrap();
    let challenge = |v: &Value| Challenge::from_bytes(bytes(v).try_into().unwrap());
    let one = |v: &Value| {
        let (made, asked) = (&v["registration"], &v["authentication"]);
        Vector {
            section: v["section"].as_str().unwrap().to_owned(),
            created: (
                challenge(&made["challenge"]),
                bytes(&made["clientDataJSON"]),
                bytes(&made["attestationObject"]),
            ),
            asked: (
                challenge(&asked["challenge"]),
                bytes(&asked["clientDataJSON"]),
                bytes(&asked["authenticatorData"]),
                bytes(&asked["signature"]),
            ),
        }
    };
    file["vectors"].as_array().unwrap().iter().map(one).collect()
}

/// The relying party of the vectors.
struct Party {
    party: RelyingParty,
    origins: Vec<String>,
}

impl Party {
    fn new(id: &str, origin: &str) -> Self {
        Self { party: RelyingParty::new(id).unwrap(), origins: vec![origin.to_owned()] }
    }

    fn expects<'a>(&'a self, challenge: &'a Challenge, verification: UserVerification) -> Expected<'a> {
        Expected { party: &self.party, challenge, origins: &self.origins, verification }
    }
}

fn created(party: &Party, vector: &Vector, how: UserVerification) -> Result<Passkey, WebAuthnError> {
    let (challenge, client_data, object) = &vector.created;
    register(&party.expects(challenge, how), client_data, object)
}

fn asked(
    party: &Party,
    vector: &Vector,
    passkey: &Passkey,
    how: UserVerification,
) -> Result<Passkey, WebAuthnError> {
    let (challenge, client_data, authenticator_data, signature) = &vector.asked;
    verify(&party.expects(challenge, how), passkey, &Assertion { client_data, authenticator_data, signature })
}

use UserVerification::{Discouraged, Required};

#[test]
fn the_published_vectors_of_level_3_register_and_verify() {
    let party = Party::new("example.org", ORIGIN);
    let mut counted = 0;
    for vector in vectors() {
        let section = &vector.section;
        if section.ends_with("crossOrigin") || section.ends_with("topOrigin") {
            assert_eq!(created(&party, &vector, Discouraged), Err(WebAuthnError::CrossOrigin), "{section}");
            continue;
        }
        let passkey = created(&party, &vector, Discouraged).unwrap_or_else(|e| panic!("{section}: {e}"));
        let after =
            asked(&party, &vector, &passkey, Discouraged).unwrap_or_else(|e| panic!("{section}: {e}"));
        assert_eq!(after, passkey, "these authenticators do not count");
        // Flags are byte 32 of authenticator data: whether the vector's authenticator verified its user.
        let verified = vector.asked.2[32] & 4 != 0;
        let strict = asked(&party, &vector, &passkey, Required);
        assert_eq!(strict.is_ok(), verified, "{section}");
        if !verified {
            assert_eq!(strict, Err(WebAuthnError::NotVerified), "{section}");
        }
        assert_eq!(claimed_challenge(&vector.asked.1), Ok(vector.asked.0));
        counted += 1;
    }
    assert_eq!(counted, 8, "ES256 vectors that a page of the party's own origin made");
    let long = vectors().into_iter().find(|v| v.section == "none-es256-long-credential-id").unwrap();
    assert_eq!(created(&party, &long, Discouraged).unwrap().id.len(), 1023);
}

#[test]
fn an_answer_for_another_party_challenge_origin_ceremony_or_key_is_refused() {
    use WebAuthnError::*;
    let party = Party::new("example.org", ORIGIN);
    let all = vectors();
    let (vector, other) = (&all[0], &all[1]);
    let passkey = created(&party, vector, Discouraged).unwrap();
    let others = created(&party, other, Discouraged).unwrap();
    let foreign = Party::new("example.net", ORIGIN);
    let elsewhere = Party::new("example.org", "https://example.net");
    assert_eq!(asked(&foreign, vector, &passkey, Discouraged), Err(RelyingParty));
    assert_eq!(asked(&elsewhere, vector, &passkey, Discouraged), Err(Origin));
    assert_eq!(asked(&party, vector, &others, Discouraged), Err(Signature));
    let (_, client_data, authenticator_data, signature) = &vector.asked;
    let answer = Assertion { client_data, authenticator_data, signature };
    let wrong = party.expects(&vector.created.0, Discouraged);
    assert_eq!(verify(&wrong, &passkey, &answer), Err(Challenge));
    let right = party.expects(&vector.asked.0, Discouraged);
    assert_eq!(verify(&right, &passkey, &Assertion { client_data: &vector.created.1, ..answer }), Err(Type));
    let fixed = Passkey { backup_eligible: !passkey.backup_eligible, ..passkey.clone() };
    assert_eq!(verify(&right, &fixed, &answer), Err(Backup));
    assert_eq!(register(&wrong, client_data, &vector.created.2), Err(Type));
}

#[test]
fn every_single_bit_that_is_changed_in_an_assertion_is_refused() {
    let party = Party::new("example.org", ORIGIN);
    let vector = &vectors()[0];
    let passkey = created(&party, vector, Discouraged).unwrap();
    let (challenge, client_data, authenticator_data, signature) = &vector.asked;
    let parts = [client_data, authenticator_data, signature];
    for (which, part) in parts.iter().enumerate() {
        for bit in 0..part.len() * 8 {
            let mut changed = parts.map(Clone::clone);
            changed[which][bit / 8] ^= 1 << (bit % 8);
            let [client_data, authenticator_data, signature] = &changed;
            let answer = Assertion { client_data, authenticator_data, signature };
            let taken = verify(&party.expects(challenge, Discouraged), &passkey, &answer);
            assert!(taken.is_err(), "part {which}, bit {bit}");
        }
    }
}

#[test]
fn a_counter_that_goes_back_or_stands_still_is_told_and_none_is_none() {
    let party = Party::new("localhost", "http://localhost:7112");
    let mut software = Authenticator::new("localhost", "http://localhost:7112");
    let challenge = Challenge::from_bytes([7; 32]);
    let text = URL_SAFE_NO_PAD.encode(challenge.as_bytes());
    let expected = party.expects(&challenge, Required);
    let made = software.create(&text);
    let passkey = register(&expected, &made.client_data, &made.data).unwrap();
    assert_eq!(passkey.sign_count, 1);
    let mut next = |passkey: &Passkey, count: u32| {
        software.count = count;
        let got = software.get(&text);
        let answer = Assertion {
            client_data: &got.client_data,
            authenticator_data: &got.data,
            signature: &got.signature,
        };
        verify(&expected, passkey, &answer).map(|passkey| passkey.sign_count)
    };
    let at = |sign_count| Passkey { sign_count, ..passkey.clone() };
    for (kept, before, expected) in [
        (1, 1, Ok(2)),
        (5, 8, Ok(9)),
        (9, 8, Err(WebAuthnError::Counter)),
        (9, 3, Err(WebAuthnError::Counter)),
        (0, 0, Ok(0)),
        (3, 0, Err(WebAuthnError::Counter)),
        (0, 4, Ok(5)),
    ] {
        assert_eq!(next(&at(kept), before), expected, "row {kept} {before}");
    }
    software.flags = 0x01;
    let got = software.get(&text);
    let answer =
        Assertion { client_data: &got.client_data, authenticator_data: &got.data, signature: &got.signature };
    assert_eq!(verify(&expected, &passkey, &answer), Err(WebAuthnError::NotVerified));
}

#[test]
fn a_relying_party_is_a_domain_and_never_an_address() {
    for (id, is_one) in [
        ("localhost", true),
        ("gate.example", true),
        ("127.0.0.1", false),
        ("::1", false),
        ("[::1]", false),
        ("localhost:7112", false),
        ("Gate.example", false),
        ("-gate.example", false),
        ("gate..example", false),
        ("", false),
    ] {
        assert_eq!(RelyingParty::new(id).is_some(), is_one, "row {id}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(client in prop::collection::vec(any::<u8>(), 0..300), object in prop::collection::vec(any::<u8>(), 0..300)) {
        let party = Party::new("example.org", ORIGIN);
        let vector = &vectors()[0];
        let passkey = created(&party, vector, Discouraged).unwrap();
        let expected = party.expects(&vector.created.0, Discouraged);
        prop_assert!(register(&expected, &client, &object).is_err());
        prop_assert!(register(&expected, &vector.created.1, &object).is_err());
        let answer = Assertion { client_data: &vector.asked.1, authenticator_data: &client, signature: &object };
        prop_assert!(verify(&party.expects(&vector.asked.0, Discouraged), &passkey, &answer).is_err());
    }

    #[test]
    fn an_attestation_object_that_is_cut_or_longer_is_refused(at in 0usize..277, more in any::<u8>()) {
        let party = Party::new("example.org", ORIGIN);
        let vector = &vectors()[1];
        let (challenge, client_data, object) = &vector.created;
        let expected = party.expects(challenge, Discouraged);
        prop_assert!(register(&expected, client_data, object).is_ok());
        prop_assert!(register(&expected, client_data, object.get(..at).unwrap()).is_err());
        prop_assert!(register(&expected, client_data, &[&object[..], &[more]].concat()).is_err());
    }
}
