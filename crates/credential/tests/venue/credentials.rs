//! Credentials: what an authority issues and a wallet takes.

use credential::sd_cwt::{Encoding, Key, SdCwt, Value, label};
use credential::venue::{
    ClaimName, ClaimValue, Claims, CredentialFrame, CredentialIssueError, CredentialKind, HASHES,
    VenueCredential, issue_credential,
};
use credential::{SigningKey, StatusRef};
use documents::AuthorityCode;

use crate::{KID, World, salts, specimen};

#[test]
fn every_kind_comes_to_the_wallet_with_its_claims() {
    let world = World::new();
    for kind in CredentialKind::ALL {
        let owned = world.credential(kind);
        assert!(*owned.credential.claims() == specimen(kind), "{kind}");
        assert_eq!(*owned.credential.frame(), world.frame(kind, &owned.device), "{kind}");
    }
}

#[test]
fn the_credentials_of_one_day_and_kind_differ_in_key_place_and_hashes_alone() {
    let world = World::new();
    let mut other = Claims::default();
    for (claim, value) in specimen(CredentialKind::Identity).iter() {
        let value = if claim == ClaimName::Name { ClaimValue::Text("A".to_owned()) } else { value.clone() };
        other.insert(claim, value).unwrap();
    }
    let open = |claims: &Claims| {
        let owned = world.issue(CredentialKind::Identity, claims);
        let token = SdCwt::parse(owned.credential.bytes(), Encoding::Deterministic).unwrap();
        let pairs = token.unverified_payload().as_map().unwrap().to_vec();
        let told = |(key, _): &(Key, Value)| *key != Key::Int(label::CNF) && *key != Key::Redacted;
        let hashes = token.unverified_payload().get(Key::Redacted).unwrap().encode().len();
        (pairs.into_iter().filter(told).map(|(_, v)| v.encode()).collect::<Vec<_>>(), hashes)
    };
    assert_eq!(open(&specimen(CredentialKind::Identity)), open(&other));
}

#[test]
fn every_kind_has_eight_hashes_and_as_many_disclosures_for_the_wallet() {
    let world = World::new();
    for kind in CredentialKind::ALL {
        let owned = world.credential(kind);
        let token = SdCwt::parse(owned.credential.bytes(), Encoding::Deterministic).unwrap();
        let hashes = token.unverified_payload().get(Key::Redacted).unwrap().encode();
        assert_eq!((hashes[0], token.disclosures().len()), (0x88, HASHES), "{kind}");
    }
}

#[test]
fn a_credential_that_no_desk_would_take_is_not_issued() {
    let world = World::new();
    let device = SigningKey::generate().unwrap();
    let good = world.frame(CredentialKind::Residence, &device);
    let issue = |frame: &CredentialFrame, claims: &Claims| {
        issue_credential(frame, claims, KID, &world.authority, &mut salts()).err()
    };
    let claims = specimen(CredentialKind::Residence);
    assert_eq!(issue(&good, &claims), None);
    let kind = CredentialKind::Residence;
    assert_eq!(issue(&good, &Claims::default()), Some(CredentialIssueError::Claims { kind }), "of nothing");
    let others = specimen(CredentialKind::Age);
    assert_eq!(issue(&good, &others), Some(CredentialIssueError::Claims { kind }), "those of another kind");
    for frame in [
        CredentialFrame { issued: good.issued.plus_seconds(1), ..good },
        CredentialFrame { expires: good.expires.plus_seconds(-1), ..good },
        CredentialFrame { expires: good.issued, ..good },
    ] {
        assert_eq!(issue(&frame, &claims), Some(CredentialIssueError::Times));
    }
}

#[test]
fn a_claim_that_the_issuer_cannot_tell_is_a_decoy_more() {
    let world = World::new();
    let device = SigningKey::generate().unwrap();
    let frame = world.frame(CredentialKind::Residence, &device);
    let mut fewer = Claims::default();
    fewer.insert(ClaimName::Region, ClaimValue::Text("MAC".to_owned())).unwrap();
    let bytes = issue_credential(&frame, &fewer, KID, &world.authority, &mut salts()).unwrap();
    let all = specimen(CredentialKind::Residence);
    let whole = issue_credential(&frame, &all, KID, &world.authority, &mut salts()).unwrap();
    let held = |bytes: &[u8]| VenueCredential::receive(bytes, &world.key(), device.public()).unwrap();
    assert_eq!(held(&bytes).claims(), &fewer);
    let hashes = |bytes: &[u8]| SdCwt::parse(bytes, Encoding::Deterministic).unwrap().disclosures().len();
    assert_eq!((hashes(&bytes), hashes(&whole)), (HASHES, HASHES), "the number of hashes tells nothing");
}

#[test]
fn a_wallet_refuses_a_credential_of_another_key_issuer_or_with_one_byte_changed() {
    let world = World::new();
    let owned = world.credential(CredentialKind::Age);
    let bytes = owned.credential.bytes();
    let stranger = World::new();
    let receive = |bytes: &[u8], world: &World, device: &SigningKey| {
        VenueCredential::receive(bytes, &world.key(), device.public()).is_ok()
    };
    assert!(receive(bytes, &world, &owned.device));
    assert!(!receive(bytes, &stranger, &owned.device), "another issuer");
    assert!(!receive(bytes, &world, &stranger.authority), "another device");
    for at in 0..bytes.len() {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1;
        assert!(!receive(&changed, &world, &owned.device), "byte {at}");
    }
}

#[test]
fn a_place_in_a_status_list_comes_back_and_no_other_form_of_it() {
    let world = World::new();
    for (issuer, list) in [(AuthorityCode::Hkg, 0), (AuthorityCode::Mac, 23)] {
        let device = SigningKey::generate().unwrap();
        let status = StatusRef::new(list, u32::MAX).unwrap();
        let frame = CredentialFrame { issuer, status, ..world.frame(CredentialKind::Age, &device) };
        let claims = specimen(CredentialKind::Age);
        let bytes = issue_credential(&frame, &claims, KID, &world.authority, &mut salts()).unwrap();
        let credential = VenueCredential::receive(&bytes, &world.key(), device.public()).unwrap();
        assert_eq!(*credential.frame(), frame);
    }
}
