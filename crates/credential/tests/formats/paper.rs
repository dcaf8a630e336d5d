//! The paper pass of the page: its worked example verifies, its form is read alone, and it never stands in for a holder proof nor
//! the reverse.

use credential::cbor::Writer;
use credential::cose::{self, Headers, Tagging};
use credential::paper::{MAX_PAPER_LEN, PaperError, UnverifiedPaper, sign_paper};
use credential::{
    Audience, KeyClass, PartHash, ProofError, SealedHashes, ShortHash, SigningKey, StatusRef, TokenClaims,
    UnverifiedProof, UnverifiedToken, VerifiedToken, VerifyingKey, sign_proof, sign_token,
};
use documents::AuthorityCode::{Chn, Hkg};
use documents::{LocalDate, Side};

use crate::page::{bytes, conforms};
use crate::values::*;

fn audience() -> Audience {
    Audience::new("shenzhen-bay".parse().unwrap(), direction(Chn, Hkg), None)
}

fn hashes() -> [PartHash; 2] {
    [PartHash::of(&bytes("own-part")), PartHash::of(&bytes("sealed-part"))]
}

fn verified<'b>(token: &'b [u8], issuer: &VerifyingKey) -> VerifiedToken<'b> {
    let parsed = UnverifiedToken::parse(token).unwrap();
    let device = parsed.device_key().unwrap();
    parsed.verify(issuer, device).unwrap()
}

#[test]
fn the_example_paper_pass_verifies_for_its_lane_and_its_day_alone() {
    let (token, proof) = (bytes("paper-token"), bytes("paper-proof"));
    assert_eq!(proof.len(), 83);
    let token = verified(&token, &verifying("issuer CHN token"));
    assert_eq!(token.claims().key_class, KeyClass::Paper);
    assert_eq!(token.claims().expires, at("2026-03-09T00:00:00+08:00"));
    let paper = UnverifiedPaper::parse(&proof).unwrap();
    assert_eq!((paper.kid(), paper.day()), (3, day("2026-03-08")));
    let counter = verifying("CHN counter");
    let evidence = paper.verify(&counter, &token, &audience(), &hashes()).unwrap();
    assert_eq!((evidence.token(), evidence.day()), (token.id(), paper.day()));
    let port = |name: &str| name.parse().unwrap();
    for other in [
        Audience::new(port("shenzhen-bay"), direction(Hkg, Chn), None),
        Audience::new(port("shenzhen-bay"), direction(Chn, Hkg), Some(Side::Exit)),
        Audience::new(port("hengqin"), direction(Chn, Hkg), None),
    ] {
        assert!(paper.verify(&counter, &token, &other, &hashes()).is_err(), "{}", other.as_str());
    }
    let [exit, entry] = hashes();
    assert!(paper.verify(&counter, &token, &audience(), &[entry, exit]).is_err(), "parts in their order");
    assert!(paper.verify(&verifying("CHN verdict"), &token, &audience(), &hashes()).is_err(), "another key");
    let external = bytes("paper-external");
    conforms("paper-external", &external).unwrap();
    let mut w = Writer::new();
    w.array(5).text("bp1-paper").text(audience().as_str()).bytes(&bytes("paper-token"));
    assert_eq!(w.bytes(&exit.0).bytes(&entry.0).finish(), external);
}

/// A token of this class that ends when the class says for `of`.
fn token(class: KeyClass, of: LocalDate, issuer: &SigningKey, device: &SigningKey) -> Vec<u8> {
    let claims = TokenClaims {
        issuer: Chn,
        expires: class.expiry_for(of),
        device_key: *device.public(),
        key_class: class,
        status: StatusRef::new(3, 70_000).unwrap(),
        sealed: SealedHashes::Two(ShortHash([1; 16]), ShortHash([2; 16])),
    };
    sign_token(&claims, 7, issuer).unwrap()
}

#[test]
fn a_paper_token_takes_no_holder_proof_and_a_phones_token_no_paper_proof() {
    let new = || SigningKey::generate().unwrap();
    let (issuer, device, counter) = (new(), new(), new());
    let issuer_key = VerifyingKey::new(*issuer.public()).unwrap();
    let counter_key = VerifyingKey::new(*counter.public()).unwrap();
    let (today, now) = (day("2026-03-08"), at("2026-03-08T10:00:00+08:00"));
    for class in [KeyClass::Paper, KeyClass::Software, KeyClass::Hardware, KeyClass::SecureElement] {
        let token = token(class, today, &issuer, &device);
        // Both are signed with the right keys over the right bytes: the class alone decides.
        let held = sign_proof(&device, &audience(), &token, &hashes(), now).unwrap();
        let printed = sign_paper((&counter, 3), &audience(), &token, &hashes(), today).unwrap();
        let token = verified(&token, &issuer_key);
        let held = UnverifiedProof::parse(&held).unwrap().verify(&token, &audience(), &hashes());
        let printed = UnverifiedPaper::parse(&printed).unwrap();
        let printed = printed.verify(&counter_key, &token, &audience(), &hashes());
        if class == KeyClass::Paper {
            assert_eq!((held.err(), printed.is_ok()), (Some(ProofError::Class), true));
        } else {
            assert_eq!((held.is_ok(), printed.err()), (true, Some(PaperError::Class)), "{class:?}");
        }
    }
}

#[test]
fn the_token_ends_with_the_day_that_the_counter_signed() {
    let new = || SigningKey::generate().unwrap();
    let (issuer, device, counter) = (new(), new(), new());
    let counter_key = VerifyingKey::new(*counter.public()).unwrap();
    let today = day("2026-03-08");
    for days in [-1, 0, 1] {
        let token = token(KeyClass::Paper, today.plus_days(days), &issuer, &device);
        let printed = sign_paper((&counter, 3), &audience(), &token, &hashes(), today).unwrap();
        let token = verified(&token, &VerifyingKey::new(*issuer.public()).unwrap());
        let told = UnverifiedPaper::parse(&printed).unwrap();
        let told = told.verify(&counter_key, &token, &audience(), &hashes());
        assert_eq!(told.err(), (days != 0).then_some(PaperError::Day), "a token that ends {days} days on");
    }
}

#[test]
fn a_paper_proof_has_one_form() {
    let key = SigningKey::generate().unwrap();
    let midnight = day("2026-03-08").start().unix().unsigned_abs();
    let with = |kid: Option<&[u8]>, payload: Vec<u8>| {
        cose::sign(&key, Tagging::Untagged, Headers { kid, content_type: None }, &[], &payload).unwrap()
    };
    let payload = |claim: i64, value: u64| Writer::new().map(1).int(claim).uint(value).finish();
    let good = with(Some(&[3]), payload(5, midnight));
    assert_eq!(UnverifiedPaper::parse(&good).unwrap().day(), day("2026-03-08"));
    conforms("paper-proof", &good).unwrap();
    assert!(UnverifiedProof::parse(&good).is_err(), "no holder proof");
    let held = with(None, Writer::new().array(2).uint(midnight).bytes(&[0, 0]).finish());
    assert!(UnverifiedProof::parse(&held).is_ok());
    for (row, bytes) in [
        ("a holder proof", held),
        ("no key id", with(None, payload(5, midnight))),
        ("a key id of two bytes", with(Some(&[3, 3]), payload(5, midnight))),
        ("an empty key id", with(Some(&[]), payload(5, midnight))),
        ("iat", with(Some(&[3]), payload(6, midnight))),
        ("a second after midnight", with(Some(&[3]), payload(5, midnight + 1))),
        ("a midnight in UTC", with(Some(&[3]), payload(5, midnight + 8 * 3600))),
        ("a time that is not of five bytes", with(Some(&[3]), payload(5, 57_600))),
        (
            "two claims",
            with(Some(&[3]), Writer::new().map(2).int(5).uint(midnight).int(6).uint(midnight).finish()),
        ),
        ("longer than is read", vec![0x84; MAX_PAPER_LEN + 1]),
    ] {
        assert!(UnverifiedPaper::parse(&bytes).is_err(), "{row}");
    }
}
