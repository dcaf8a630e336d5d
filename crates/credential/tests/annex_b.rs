//! Profiles of ISO/IEC 18013-5, annex B: each thing that a certificate lacks is named, and nothing else.

#![expect(clippy::unwrap_used, reason = "a failing helper fails the test that called it")]

use credential::PublicKey;
use credential::annex_b::{Profile, ProfileFault, faults};
use credential::certificate::key_identifier;
use rcgen::{
    BasicConstraints, CertificateParams, CrlDistributionPoint, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, PublicKeyData as _,
    SerialNumber, date_time_ymd,
};

/// SEQUENCE of one OBJECT IDENTIFIER: 1.0.18013.5.1.2 and 1.0.18013.5.1.6.
const SIGNS: [u8; 11] = [0x30, 9, 6, 7, 40, 0x81, 0x8c, 0x5d, 5, 1, 2];
const ASKS: [u8; 11] = [0x30, 9, 6, 7, 40, 0x81, 0x8c, 0x5d, 5, 1, 6];
/// SEQUENCE of one URI: `http:a`; of one DNS name: `a.test`.
const URI_NAME: [u8; 10] = [0x30, 8, 0x86, 6, b'h', b't', b't', b'p', b':', b'a'];
const DNS_NAME: [u8; 10] = [0x30, 8, 0x82, 6, b'a', b'.', b't', b'e', b's', b't'];
const EXTENDED: [u64; 4] = [2, 5, 29, 37];
const OWN_KEY: [u64; 4] = [2, 5, 29, 14];
const ISSUER_NAMES: [u64; 4] = [2, 5, 29, 18];

fn extension(oid: &[u64], content: &[u8], critical: bool) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(oid, content.to_vec());
    extension.set_criticality(critical);
    extension
}

fn identifier(key: &KeyPair) -> Vec<u8> {
    key_identifier(&PublicKey::from_spki(&key.subject_public_key_info()).unwrap()).unwrap().to_vec()
}

/// What every certificate here has, of the key.
fn params(name: &str, key: &KeyPair) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "HK");
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(SerialNumber::from(vec![0x41; 16]));
    (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2027, 1, 1));
    params.crl_distribution_points =
        vec![CrlDistributionPoint { uris: vec!["http://a.test/crl".to_owned()] }];
    params.key_identifier_method = KeyIdMethod::PreSpecified(identifier(key));
    params.custom_extensions = vec![extension(&ISSUER_NAMES, &URI_NAME, false)];
    params
}

fn root_params(key: &KeyPair) -> CertificateParams {
    let mut params = params("Root", key);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn leaf_params(key: &KeyPair, purpose: &[u8]) -> CertificateParams {
    let mut params = params("Leaf", key);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    let own = [&[4, 20], identifier(key).as_slice()].concat();
    params.custom_extensions.push(extension(&OWN_KEY, &own, false));
    params.custom_extensions.push(extension(&EXTENDED, purpose, true));
    params
}

type Change = fn(&mut CertificateParams);

fn without(params: &mut CertificateParams, oid: &[u64]) {
    params.custom_extensions.retain(|one| one.oid_components().ne(oid.iter().copied()));
}

fn critical(params: &mut CertificateParams, oid: &[u64], critical: bool) {
    for one in params.custom_extensions.iter_mut().filter(|one| one.oid_components().eq(oid.iter().copied()))
    {
        one.set_criticality(critical);
    }
}

fn with(params: &mut CertificateParams, oid: &[u64], content: &[u8], critical: bool) {
    without(params, oid);
    params.custom_extensions.push(extension(oid, content, critical));
}

/// What every profile asks for, and each way not to have it.
const OF_ALL: &[(&str, Change, ProfileFault)] = &[
    (
        "a short serial number",
        |p| p.serial_number = Some(SerialNumber::from(vec![0x41; 7])),
        ProfileFault::SerialNumber,
    ),
    (
        "a long one",
        |p| p.serial_number = Some(SerialNumber::from(vec![0x41; 21])),
        ProfileFault::SerialNumber,
    ),
    ("no uses", |p| p.key_usages.clear(), ProfileFault::KeyUsage),
    ("one use more", |p| p.key_usages.push(KeyUsagePurpose::KeyAgreement), ProfileFault::KeyUsage),
    ("no address of a list", |p| p.crl_distribution_points.clear(), ProfileFault::RevocationList),
    ("no other name of the issuer", |p| without(p, &ISSUER_NAMES), ProfileFault::IssuerAlternativeName),
    (
        "another kind of name",
        |p| with(p, &ISSUER_NAMES, &DNS_NAME, false),
        ProfileFault::IssuerAlternativeName,
    ),
    ("no name at all", |p| with(p, &ISSUER_NAMES, &[0x30, 0], false), ProfileFault::IssuerAlternativeName),
    ("a critical name", |p| critical(p, &ISSUER_NAMES, true), ProfileFault::IssuerAlternativeName),
    ("a long life", |p| p.not_after = date_time_ymd(2047, 1, 1), ProfileFault::Validity),
    ("constraints of policies", |p| with(p, &[2, 5, 29, 36], &[0x30, 0], false), ProfileFault::NotAllowed),
];

const OF_ROOTS: &[(&str, Change, ProfileFault)] = &[
    ("no country", |p| assert!(p.distinguished_name.remove(DnType::CountryName)), ProfileFault::Subject),
    (
        "a country in small letters",
        |p| p.distinguished_name.push(DnType::CountryName, "hk"),
        ProfileFault::Subject,
    ),
    ("no root", |p| p.is_ca = IsCa::NoCa, ProfileFault::BasicConstraints),
    (
        "roots below it",
        |p| p.is_ca = IsCa::Ca(BasicConstraints::Constrained(1)),
        ProfileFault::BasicConstraints,
    ),
    ("no bound", |p| p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained), ProfileFault::BasicConstraints),
    (
        "another hash of the key",
        |p| p.key_identifier_method = KeyIdMethod::Sha256,
        ProfileFault::SubjectKeyIdentifier,
    ),
];

const OF_LEAVES: &[(&str, Change, ProfileFault)] = &[
    (
        "no name of the root's key",
        |p| p.use_authority_key_identifier_extension = false,
        ProfileFault::AuthorityKeyIdentifier,
    ),
    ("no name of the key", |p| without(p, &OWN_KEY), ProfileFault::SubjectKeyIdentifier),
    ("another key's name", |p| with(p, &OWN_KEY, &[4, 2, 1, 2], false), ProfileFault::SubjectKeyIdentifier),
    ("no extended use", |p| without(p, &EXTENDED), ProfileFault::ExtendedKeyUsage),
    ("one that is not critical", |p| critical(p, &EXTENDED, false), ProfileFault::ExtendedKeyUsage),
    (
        "one of servers",
        |p| {
            without(p, &EXTENDED);
            p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        },
        ProfileFault::ExtendedKeyUsage,
    ),
    ("no common name", |p| assert!(p.distinguished_name.remove(DnType::CommonName)), ProfileFault::Subject),
    ("a root", |p| p.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)), ProfileFault::BasicConstraints),
];

fn expected(name: &str, found: &[ProfileFault], fault: ProfileFault) {
    assert!(found.contains(&fault), "{name}: {found:?}");
    // What is not a root says nothing of its key either, as the library writes it.
    let others = found.iter().filter(|one| **one != fault && **one != ProfileFault::SubjectKeyIdentifier);
    assert_eq!(others.count(), 0, "{name}: {found:?}");
}

#[test]
fn each_thing_that_a_root_lacks_is_named() {
    let key = KeyPair::generate().unwrap();
    let of =
        |params: &CertificateParams| faults(params.self_signed(&key).unwrap().der(), Profile::Root, None);
    assert_eq!(of(&root_params(&key)), vec![]);
    for (name, change, fault) in OF_ALL.iter().chain(OF_ROOTS) {
        let mut params = root_params(&key);
        change(&mut params);
        expected(name, &of(&params), *fault);
    }
    assert_eq!(faults(b"no certificate", Profile::Root, None), vec![ProfileFault::Unreadable]);
}

#[test]
fn each_thing_that_a_signer_or_a_reader_lacks_is_named() {
    let (root_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let root = root_params(&root_key);
    let root_der = root.self_signed(&root_key).unwrap().der().to_vec();
    for (profile, purpose, other) in
        [(Profile::DocumentSigner, &SIGNS, &ASKS), (Profile::Reader, &ASKS, &SIGNS)]
    {
        let of = |params: &CertificateParams| {
            let issuer = Issuer::from_params(&root, &root_key);
            faults(params.signed_by(&key, &issuer).unwrap().der(), profile, Some(&root_der))
        };
        assert_eq!(of(&leaf_params(&key, purpose)), vec![]);
        for (name, change, fault) in OF_ALL.iter().chain(OF_LEAVES) {
            let mut params = leaf_params(&key, purpose);
            change(&mut params);
            expected(name, &of(&params), *fault);
        }
        assert_eq!(of(&leaf_params(&key, other)), vec![ProfileFault::ExtendedKeyUsage], "of the other");
    }
}

#[test]
fn a_signer_keeps_to_its_root() {
    let keys: Vec<_> = (0..3).map(|_| KeyPair::generate().unwrap()).collect();
    let [own, other, key] = keys.as_slice() else { unreachable!("three") };
    let root = root_params(own);
    let signer = leaf_params(key, &SIGNS).signed_by(key, &Issuer::from_params(&root, own)).unwrap();
    let of = |params: &CertificateParams, key: &KeyPair| {
        let root = params.self_signed(key).unwrap();
        faults(signer.der(), Profile::DocumentSigner, Some(root.der()))
    };
    assert_eq!(of(&root, own), vec![]);
    assert_eq!(of(&root_params(other), other), vec![ProfileFault::AuthorityKeyIdentifier]);
    let mut abroad = root_params(own);
    abroad.distinguished_name.push(DnType::CountryName, "MO");
    assert_eq!(of(&abroad, own), vec![ProfileFault::Issuer, ProfileFault::Subject]);
    assert_eq!(faults(signer.der(), Profile::DocumentSigner, None), vec![], "nothing to compare with");
}
