//! Passive authentication: what is believed, and the code of each fault.

use std::collections::BTreeMap;

use chip::{CopyCheck, CountrySigners, Group, Nonce, RevocationCheck, authenticate};
use test_support::chip::{
    Country, Envelope, Hash, HashList, Scheme, SignerShape, Specimen, dg1, dg2, master_list, portrait, sod,
};

use super::{Issued, code, countries, files, now};

#[test]
fn what_an_honest_chip_holds_is_read_under_every_scheme() {
    use Scheme::{P256, P384, P521, Rsa, RsaEncryption, RsaPss};
    for (country, signer) in [
        (P256, P256),
        (P384, P256),
        (P521, P384),
        (Rsa, P521),
        (Rsa, Rsa),
        (P384, RsaPss),
        (P256, RsaEncryption),
    ] {
        let issued = Issued::by(country, signer);
        let chip = issued.read().unwrap_or_else(|error| panic!("{country:?} {signer:?}: {error}"));
        assert_eq!((chip.country(), chip.zone().surname()), ("UT", "ERIKSSON"));
        assert_eq!(chip.portrait().unwrap().bytes(), portrait(120));
        assert_eq!(chip.holder().unwrap().birth_place.as_deref(), Some("ZENITH"));
        assert_eq!(chip.document().unwrap().issued.unwrap().date().unwrap().to_string(), "2026-03-01");
        assert_eq!(chip.signed_at().unwrap().to_string(), "2026-03-01T20:00:00+08:00");
        assert_eq!(chip.revocation(), RevocationCheck::NoList);
        assert!(chip.lists(Group::ACTIVE) && chip.active_key().is_some());
    }
}

#[test]
fn a_list_of_hashes_may_be_of_either_version_and_hash_and_be_signed_with_or_without_attributes() {
    let issued = Issued::new();
    let honest = Envelope::honest();
    for (version, hash, envelope) in [
        (0, Hash::Sha384, honest.clone()),
        (1, Hash::Sha512, honest.clone()),
        (1, Hash::Sha256, Envelope { attributes: false, ..honest.clone() }),
        (0, Hash::Sha256, Envelope { by_key_identifier: true, ..honest.clone() }),
        (0, Hash::Sha256, Envelope { signing_time: None, ..honest.clone() }),
        // What is signed is the set in its order, whatever order it came in (RFC 5652, 5.4).
        (0, Hash::Sha256, Envelope { disordered: true, ..honest.clone() }),
    ] {
        let list = HashList { version, ..HashList::of(&issued.specimen.groups, hash) };
        let sod = sod(&envelope.sign(&list.to_der(), &issued.signer));
        assert_eq!(code(issued.with_sod(&sod)), "believed", "{version} {hash:?} {envelope:?}");
    }
}

#[test]
fn what_is_wrong_with_the_signature_has_its_code() {
    let issued = Issued::new();
    let honest = Envelope::honest();
    let other = test_support::chip::security_object_oid();
    let other = [other.get(..other.len() - 1).unwrap(), &[9]].concat();
    let list = HashList::of(&issued.specimen.groups, Hash::Sha256);
    for (envelope, expected) in [
        (Envelope { signers: 2, ..honest.clone() }, "chip_signers"),
        (Envelope { signers: 0, ..honest.clone() }, "chip_signers"),
        (Envelope { with_certificate: false, ..honest.clone() }, "chip_signer_missing"),
        (Envelope { content_type: other.clone(), ..honest.clone() }, "chip_signed_content"),
        (Envelope { attribute_type: other, ..honest.clone() }, "chip_signed_attributes"),
        (Envelope { hash: Some(Hash::Sha1), ..honest.clone() }, "chip_hash_weak"),
        (Envelope { hash: Some(Hash::Sha512), ..honest.clone() }, "chip_signature_unsupported"),
        (Envelope { signing_time: Some("270301120000Z"), ..honest.clone() }, "chip_signing_time"),
    ] {
        let sod = sod(&envelope.sign(&list.to_der(), &issued.signer));
        assert_eq!(code(issued.with_sod(&sod)), expected, "{envelope:?}");
    }
}

#[test]
fn what_is_wrong_with_the_list_of_hashes_has_its_code() {
    let issued = Issued::new();
    let honest = HashList::of(&issued.specimen.groups, Hash::Sha256);
    let without = |number: u8| HashList {
        hashes: honest.hashes.iter().filter(|(group, _)| *group != number).cloned().collect(),
        ..honest.clone()
    };
    let with = |more: (u8, Vec<u8>)| HashList {
        hashes: honest.hashes.iter().cloned().chain([more]).collect(),
        ..honest.clone()
    };
    for (list, expected) in [
        (without(1), "chip_hash_list_omits"),
        (without(2), "chip_hash_list_omits"),
        (without(11), "chip_group_not_listed"),
        (without(15), "chip_group_not_listed"),
        (with((3, vec![0; 32])), "believed"),
        (with((2, vec![0; 32])), "chip_hash_list_malformed"),
        (with((17, vec![0; 32])), "chip_hash_list_malformed"),
        (with((0, vec![0; 32])), "chip_hash_list_malformed"),
        (HashList { version: 2, ..honest.clone() }, "chip_hash_list_malformed"),
        (HashList::of(&issued.specimen.groups, Hash::Sha1), "chip_hash_weak"),
        (HashList { hash: Hash::Sha384, ..honest.clone() }, "chip_group_hash"),
    ] {
        let sod = sod(&Envelope::honest().sign(&list.to_der(), &issued.signer));
        assert_eq!(code(issued.with_sod(&sod)), expected, "{list:?}");
    }
}

type Groups = BTreeMap<u8, Vec<u8>>;

#[test]
fn a_picture_of_somebody_else_or_a_group_that_is_missing_is_refused() {
    let issued = Issued::new();
    let other = Specimen::new(&issued.signer, &portrait(200));
    let read = |change: &dyn Fn(&mut Groups)| {
        let mut groups = issued.specimen.groups.clone();
        change(&mut groups);
        code(authenticate(&files(&issued.specimen.sod, &groups), &countries(&issued.country), now()))
    };
    // Another document's DG2, from the same issuer.
    assert_eq!(read(&|groups| drop(groups.insert(2, other.groups[&2].clone()))), "chip_group_hash");
    assert_eq!(read(&|groups| drop(groups.remove(&1))), "chip_group_missing");
    assert_eq!(read(&|groups| drop(groups.remove(&2))), "chip_group_missing");
    // A group that the list does not name.
    assert_eq!(read(&|groups| drop(groups.insert(13, vec![0x6d, 0]))), "chip_group_not_listed");
    // What is optional may be left unread.
    assert_eq!(read(&|groups| drop(groups.remove(&11))), "believed");
    for number in issued.specimen.groups.keys() {
        let longer = read(&|groups| groups.get_mut(number).unwrap().push(0));
        assert_eq!(longer, "chip_group_hash", "DG{number}");
    }
    let longer = [issued.specimen.sod.as_slice(), &[0]].concat();
    assert_eq!(code(issued.with_sod(&longer)), "chip_file_trailing");
}

#[test]
fn a_signer_who_does_not_count_has_its_code() {
    let country = Country::new("UT", Scheme::P256);
    let honest = country.shape();
    let rows = [
        (SignerShape { validity: [(2025, 1, 1), (2026, 1, 1)], ..honest.clone() }, "chip_signer_expired"),
        (SignerShape { validity: [(2026, 6, 1), (2037, 1, 1)], ..honest.clone() }, "chip_signer_expired"),
        (SignerShape { country: "DE".to_owned(), ..honest.clone() }, "chip_signer_country"),
        (SignerShape { usages: Vec::new(), ..honest.clone() }, "chip_signer_usage"),
        (SignerShape { is_authority: true, ..honest.clone() }, "chip_signer_usage"),
        (SignerShape { signs_lists: true, ..honest.clone() }, "chip_signer_usage"),
        (SignerShape { strange: true, ..honest.clone() }, "chip_signer_extension"),
        (honest, "believed"),
    ];
    for (shape, expected) in rows {
        let signer = country.signer_like(Scheme::P256, &shape);
        let specimen = Specimen::new(&signer, &portrait(1));
        let answer = authenticate(&files(&specimen.sod, &specimen.groups), &countries(&country), now());
        assert_eq!(code(answer), expected, "{shape:?}");
    }
}

#[test]
fn a_signer_who_has_expired_since_counts_for_what_they_signed_before() {
    let country = Country::new("UT", Scheme::P256);
    let shape = SignerShape { validity: [(2025, 1, 1), (2026, 6, 1)], ..country.shape() };
    let signer = country.signer_like(Scheme::P256, &shape);
    let specimen = Specimen::new(&signer, &portrait(1));
    let read = |sod: &[u8]| code(authenticate(&files(sod, &specimen.groups), &countries(&country), now()));
    assert_eq!(read(&specimen.sod), "believed", "signed in March");
    // Without a signing time the present counts.
    let list = HashList::of(&specimen.groups, Hash::Sha256).to_der();
    let timeless = Envelope { signing_time: None, ..Envelope::honest() };
    assert_eq!(read(&sod(&timeless.sign(&list, &signer))), "chip_signer_expired");
}

#[test]
fn a_country_that_does_not_count_has_its_code() {
    let issued = Issued::new();
    let read = |countries: &CountrySigners| code(authenticate(&issued.files(), countries, now()));
    assert_eq!(read(&CountrySigners::default()), "chip_country_signer_unknown");
    assert_eq!(read(&countries(&Country::new("DE", Scheme::P256))), "chip_country_signer_unknown");
    // Another key under the same name.
    let namesake = countries(&Country::new("UT", Scheme::P256));
    assert_eq!(read(&namesake), "chip_signer_forged");
    // A new key beside the old one.
    assert_eq!(read(&namesake.clone().with(countries(&issued.country))), "believed");
    assert_eq!(read(&countries(&issued.country).with(namesake)), "believed");

    let expired = Country::valid("UT", Scheme::P256, [(2020, 1, 1), (2026, 1, 1)]);
    let signer = expired.signer(Scheme::P256);
    let specimen = Specimen::new(&signer, &portrait(1));
    let answer = authenticate(&files(&specimen.sod, &specimen.groups), &countries(&expired), now());
    assert_eq!(code(answer), "chip_country_signer_expired");
}

#[test]
fn a_zone_that_names_another_state_than_the_one_that_signed_is_refused() {
    let country = Country::new("DE", Scheme::P256);
    let signer = country.signer(Scheme::P256);
    let german = "P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<C01X0006H1D<<6408125F2702283<<<<<<<<<<<<<<<8";
    for (zone, expected) in [(test_support::chip::ZONE, "chip_issuing_state"), (german, "believed")] {
        let mut specimen = Specimen::new(&signer, &portrait(1));
        specimen.groups.insert(1, dg1(zone));
        let sod = Specimen::signed(&specimen.groups, &signer);
        let answer = authenticate(&files(&sod, &specimen.groups), &countries(&country), now());
        assert_eq!(code(answer), expected, "{zone}");
    }
}

#[test]
fn a_signer_that_the_country_took_back_is_refused_and_a_list_that_is_due_is_told() {
    let issued = Issued::new();
    let read = |serials: &[u8], next| {
        let list = issued.country.revokes(serials, next);
        let countries = countries(&issued.country).with_revocations(&list, now()).unwrap();
        authenticate(&issued.files(), &countries, now())
    };
    assert_eq!(code(read(&[3, 7], (2027, 1, 1))), "chip_signer_revoked");
    assert_eq!(code(read(&[1], (2027, 1, 1))), "chip_country_signer_revoked");
    for (next, expected) in [((2027, 1, 1), false), ((2026, 11, 1), true)] {
        match read(&[3, 8], next).unwrap().revocation() {
            RevocationCheck::NotRevoked { as_of, overdue } => {
                assert_eq!(as_of.to_string(), "2026-10-01T08:00:00+08:00");
                assert_eq!(overdue, expected, "{next:?}");
            }
            RevocationCheck::NoList => panic!("a list was given"),
        }
    }
}

#[test]
fn faults_that_are_signed_are_still_faults() {
    let issued = Issued::new();
    let zone = test_support::chip::ZONE;
    let wrong_check = zone.replace("L898902C36", "L898902C37");
    for (number, file, expected) in [
        (1, dg1(&wrong_check), "chip_mrz"),
        (1, dg1(&zone[..87]), "chip_mrz"),
        (1, dg2(&[(0, &portrait(1))]), "chip_file_other"),
        (2, dg2(&[]), "chip_face_none"),
        (2, dg2(&[(0, b"GIF89a")]), "chip_face_image"),
        (2, dg2(&[(1, &portrait(1))]), "chip_face_image"),
        (2, dg2(&[(0, portrait(1).as_slice()); 9]), "chip_face_many"),
        (2, dg2(&[(0, portrait(1).as_slice()); 8]), "believed"),
        (14, vec![0x6e, 2, 0x31, 1], "chip_file_malformed"),
        (15, vec![0x6f, 2, 0x30, 0], "chip_file_malformed"),
    ] {
        let mut groups = issued.specimen.groups.clone();
        groups.insert(number, file);
        let sod = Specimen::signed(&groups, &issued.signer);
        let answer = authenticate(&files(&sod, &groups), &countries(&issued.country), now());
        assert_eq!(code(answer), expected, "DG{number}");
    }
}

#[test]
fn nothing_personal_shows_in_a_debug_line() {
    let issued = Issued::new();
    let chip = issued.read().unwrap();
    let shown = format!("{:?} {:?} {:?} {:?}", issued.files(), chip, chip.holder(), chip.portrait());
    assert!(!shown.contains("ERIKSSON") && !shown.contains("L898902C3"), "{shown}");
    let original = chip.prove_original(&Nonce::new([1; 8]), Some(&issued.specimen.key.sign(&[1; 8])));
    let original = original.unwrap();
    assert_eq!(original.check(), CopyCheck::Original);
    assert!(!format!("{original:?}").contains("ERIKSSON"));
}

#[test]
fn a_master_list_is_no_list_of_hashes() {
    let issued = Issued::new();
    let list = sod(&master_list(&[issued.country.certificate()], &issued.signer));
    assert_eq!(code(issued.with_sod(&list)), "chip_signed_content");
}
