//! Certificates towards wallets and verifiers of others: the profiles of ISO/IEC 18013-5, annex B, and the list of revoked ones, as a
//! library of others reads it.

#![expect(clippy::unwrap_used, reason = "a failing helper fails the test that called it")]

use credential::annex_b::{Profile, ProfileFault, faults};
use credential::x5c::{CertificateAnchors, LeafUse, first_of_pem, verify_x5c};
use credential::{SigningKey, certificate};
use documents::{LocalDate, Timestamp};
use rustls::pki_types::{CertificateDer, UnixTime};
use transport::{
    Certificate, CertificateError, IssuerAddresses, IssuerRoot, RevocationList, Revoked, SignerUse,
};
use webpki::{
    BorrowedCertRevocationList, CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage,
    RevocationCheckDepth, RevocationOptionsBuilder, UnknownStatusPolicy, anchor_from_trusted_cert,
};
use x509_parser::prelude::{CertificateRevocationList, FromDer as _};

const ISSUER: &str = "https://hkg.example";
const LIST: &str = "https://hkg.example/openid/root.crl";
const DAY: i64 = 86_400;

fn now() -> Timestamp {
    "2026-03-02T10:00:00+08:00".parse().unwrap()
}

fn days(life: i32) -> (LocalDate, LocalDate) {
    let today = now().local_date();
    (today.plus_days(-1), today.plus_days(life))
}

fn der(pem: &Certificate) -> Vec<u8> {
    first_of_pem(&pem.0).unwrap()
}

/// A root at these addresses, and its certificate.
fn root(name: &str, addresses: Option<IssuerAddresses>) -> (IssuerRoot, Vec<u8>) {
    let root = IssuerRoot::new(name.to_owned(), "HK", &SigningKey::generate().unwrap()).unwrap();
    let root = match addresses {
        Some(addresses) => root.found_at(addresses),
        None => root,
    };
    let (from, to) = days(3_650);
    let own = der(&root.certificate(from, to).unwrap());
    (root, own)
}

fn found() -> Option<IssuerAddresses> {
    Some(IssuerAddresses::new(ISSUER, LIST).unwrap())
}

fn leaf(root: &IssuerRoot, leaf_use: SignerUse) -> Vec<u8> {
    let key = SigningKey::generate().unwrap();
    der(&root.certify("Specimen", &["hkg.example".to_owned()], &key, leaf_use, days(400)).unwrap())
}

#[test]
fn root_signer_and_reader_keep_to_annex_b() {
    let (root, own) = root("Root", found());
    let (signer, reader) = (leaf(&root, SignerUse::DocumentSigner), leaf(&root, SignerUse::Reader));
    assert_eq!(faults(&own, Profile::Root, None), vec![]);
    assert_eq!(faults(&signer, Profile::DocumentSigner, Some(&own)), vec![]);
    assert_eq!(faults(&reader, Profile::Reader, Some(&own)), vec![]);
    for one in [&own, &signer, &reader] {
        assert_eq!(certificate::issuer_uri(one).as_deref(), Some(ISSUER));
        assert_eq!(certificate::revocation_uri(one).as_deref(), Some(LIST));
    }
    let anchors = CertificateAnchors::from_der([own.as_slice()]).unwrap();
    let signed = verify_x5c(std::slice::from_ref(&signer), &anchors, LeafUse::DocumentSigner, now()).unwrap();
    assert_eq!(signed.country.as_deref(), Some("HK"));
    assert!(verify_x5c(std::slice::from_ref(&reader), &anchors, LeafUse::DocumentSigner, now()).is_err());
    assert_ne!(certificate::serial_number(&signer), certificate::serial_number(&reader));
}

#[test]
fn a_root_without_an_address_lacks_the_two_extensions_that_name_one_and_nothing_else() {
    let (root, own) = root("Root", None);
    let lacks = [ProfileFault::IssuerAlternativeName, ProfileFault::RevocationList];
    assert_eq!(faults(&own, Profile::Root, None), lacks);
    assert_eq!(faults(&leaf(&root, SignerUse::DocumentSigner), Profile::DocumentSigner, Some(&own)), lacks);
    let reader = leaf(&root, SignerUse::Reader);
    assert_eq!(faults(&reader, Profile::Reader, Some(&own)), [ProfileFault::RevocationList]);
}

#[test]
fn two_certificates_of_one_key_have_two_serial_numbers() {
    let (root, _) = root("Root", found());
    let key = SigningKey::generate().unwrap();
    let one = || der(&root.certify("Specimen", &[], &key, SignerUse::DocumentSigner, days(400)).unwrap());
    let [first, second] = [one(), one()].map(|der| certificate::serial_number(&der).unwrap());
    assert_ne!(first, second);
    assert_eq!((first.len(), second.len()), (16, 16));
}

#[test]
fn an_address_that_no_certificate_can_bear_is_refused() {
    let long = format!("https://hkg.example/{}", "a".repeat(1_000));
    for (issuer, list) in [("", LIST), (ISSUER, ""), ("https://香港.example", LIST), (ISSUER, long.as_str())]
    {
        assert!(
            matches!(IssuerAddresses::new(issuer, list), Err(CertificateError::Address)),
            "{issuer} {list}"
        );
    }
    let long = format!("https://hkg.example/{}", "a".repeat(900));
    let (_, own) = root("Root", Some(IssuerAddresses::new(&long, &long).unwrap()));
    assert_eq!(certificate::issuer_uri(&own), Some(long));
    assert_eq!(faults(&own, Profile::Root, None), vec![]);
}

/// What a verifier of others says of a leaf by this list.
fn checked(leaf: &[u8], root: &[u8], list: &[u8], at: Timestamp) -> Result<(), webpki::Error> {
    let (leaf, root) = (CertificateDer::from(leaf), CertificateDer::from(root));
    let list = CertRevocationList::from(BorrowedCertRevocationList::from_der(list)?);
    let lists = [&list];
    let options = RevocationOptionsBuilder::new(&lists)
        .unwrap()
        .with_depth(RevocationCheckDepth::EndEntity)
        .with_status_policy(UnknownStatusPolicy::Deny)
        .with_expiration_policy(ExpirationPolicy::Enforce)
        .build();
    let seconds = u64::try_from(at.unix()).unwrap();
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let anchors = [anchor_from_trusted_cert(&root)?];
    let usage = KeyUsage::required_if_present(&[40, 0x81, 0x8c, 0x5d, 5, 1, 2]);
    let end = EndEntityCert::try_from(&leaf)?;
    end.verify_for_usage(webpki::ALL_VERIFICATION_ALGS, &anchors, &[], time, usage, Some(options), None)
        .map(drop)
}

#[test]
fn a_verifier_refuses_a_signer_that_the_list_names_and_takes_the_others() {
    let (root, own) = root("Root", found());
    let (stolen, sound) = (leaf(&root, SignerUse::DocumentSigner), leaf(&root, SignerUse::DocumentSigner));
    let until = now().plus_seconds(30 * DAY);
    let empty = root.revocation_list(&[], now(), until).unwrap();
    let revoked = Revoked { serial: certificate::serial_number(&stolen).unwrap(), at: now() };
    let list = root.revocation_list(std::slice::from_ref(&revoked), now().plus_seconds(1), until).unwrap();
    assert_eq!(checked(&stolen, &own, &empty, now()), Ok(()), "nothing is revoked yet");
    assert_eq!(checked(&stolen, &own, &list, now()), Err(webpki::Error::CertRevoked));
    assert_eq!(checked(&sound, &own, &list, now()), Ok(()));
    let late = checked(&sound, &own, &list, until.plus_seconds(1));
    assert!(matches!(late, Err(webpki::Error::CrlExpired { .. })), "{late:?}");
    // Another root of the same name, with a key of its own.
    let (stranger, _) = self::root("Root", found());
    let forged = stranger.revocation_list(&[], now(), until).unwrap();
    assert!(checked(&sound, &own, &forged, now()).is_err(), "signed by another key");
    assert!(root.revocation_list(&[], now(), now()).is_err(), "it would never count");

    let (rest, read) = CertificateRevocationList::from_der(&list).unwrap();
    assert!(rest.is_empty());
    assert_eq!(read.last_update().timestamp(), now().unix() + 1);
    assert_eq!(read.next_update().unwrap().timestamp(), until.unix());
    assert_eq!(read.crl_number().unwrap().to_string(), (now().unix() + 1).to_string());
    let entries: Vec<_> = read.iter_revoked_certificates().collect();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].raw_serial(), revoked.serial);
    assert_eq!(entries[0].revocation_date.timestamp(), now().unix());
    assert_eq!(entries[0].reason_code().unwrap().1, x509_parser::x509::ReasonCode::KeyCompromise);
}

#[test]
fn what_is_signed_as_an_earlier_certificate_of_the_root_has_it_says_the_same_of_the_root() {
    let key = SigningKey::generate().unwrap();
    let of_key = || IssuerRoot::new("Root".to_owned(), "HK", &key).unwrap();
    let (from, to) = days(3_650);
    let own = der(&of_key().found_at(found().unwrap()).certificate(from, to).unwrap());
    let later = of_key().as_certified(&own);
    let signer = leaf(&later, SignerUse::DocumentSigner);
    assert_eq!(faults(&signer, Profile::DocumentSigner, Some(&own)), vec![]);
    let list = later.revocation_list(&[], now(), now().plus_seconds(DAY)).unwrap();
    assert_eq!(checked(&signer, &own, &list, now()), Ok(()));
}

#[test]
fn a_list_is_given_out_to_every_copy_as_soon_as_it_is_there() {
    let given_out = RevocationList::default();
    let copy = given_out.clone();
    assert_eq!(copy.get(), None);
    given_out.put(vec![1]);
    assert_eq!(copy.get(), Some(vec![1]));
}
