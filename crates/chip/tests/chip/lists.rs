//! Country signers: pinned one by one, named by a master list, and what they revoke.

use chip::{CountryListError, CountrySigners, authenticate};
use test_support::chip::{Country, Envelope, Scheme, Signer, SignerShape, master_list, master_list_in};
use test_support::der::oid;

use super::{Issued, code, countries, now};

fn list_signer(country: &Country) -> Signer {
    country.signer_like(Scheme::P256, &SignerShape { signs_lists: true, ..country.shape() })
}

fn taken(answer: &Result<chip::MasterList, CountryListError>) -> &'static str {
    match answer {
        Ok(_) => "taken",
        Err(error) => {
            assert!(error.to_string().len() > 20);
            error.code()
        }
    }
}

#[test]
fn a_master_list_names_the_countries_that_count() {
    let (publisher, issued) = (Country::new("DE", Scheme::P384), Issued::new());
    let signer = list_signer(&publisher);
    let list = master_list(&[publisher.certificate(), issued.country.certificate()], &signer);
    for pinned in [publisher.certificate(), signer.certificate()] {
        let read = CountrySigners::from_master_list(&list, &[pinned], now()).unwrap();
        assert_eq!((read.signers.len(), read.left_out.len(), read.signers.unusable()), (2, 0, 0));
        assert_eq!(code(authenticate(&issued.files(), &read.signers, now())), "believed");
    }
}

#[test]
fn a_master_list_that_does_not_count_has_its_code() {
    let (publisher, other) = (Country::new("DE", Scheme::P256), Country::new("DE", Scheme::P256));
    let signer = list_signer(&publisher);
    let certificates = [publisher.certificate()];
    let honest = master_list(&certificates, &signer);
    let read = |list: &[u8], pinned: &Country| {
        taken(&CountrySigners::from_master_list(list, &[pinned.certificate()], now()))
    };
    assert_eq!(read(&honest, &publisher), "taken");
    assert_eq!(read(&honest, &other), "chip_list_not_pinned");
    assert_eq!(taken(&CountrySigners::from_master_list(&honest, &[], now())), "chip_list_not_pinned");
    let unreadable = CountrySigners::from_master_list(&honest, &[publisher.certificate(), &[0x30, 0]], now());
    assert_eq!(taken(&unreadable), "chip_list_certificate");
    // A signer of documents signs no list.
    let documents = publisher.signer(Scheme::P256);
    assert_eq!(read(&master_list(&certificates, &documents), &publisher), "chip_list_signer");
    let expired =
        SignerShape { signs_lists: true, validity: [(2020, 1, 1), (2021, 1, 1)], ..publisher.shape() };
    let expired = publisher.signer_like(Scheme::P256, &expired);
    assert_eq!(read(&master_list(&certificates, &expired), &publisher), "chip_list_signer");
    let kind = oid(&[2, 23, 136, 1, 1, 2]);
    let envelope = Envelope { content_type: kind.clone(), attribute_type: kind, ..Envelope::honest() };
    for (envelope, expected) in [
        (Envelope::honest(), "chip_signed_content"),
        (Envelope { signers: 2, ..envelope.clone() }, "chip_signers"),
        (Envelope { signing_time: Some("270301120000Z"), ..envelope.clone() }, "chip_list_future"),
    ] {
        assert_eq!(read(&master_list_in(&certificates, &signer, &envelope), &publisher), expected);
    }
    let longer = [honest.as_slice(), &[0]].concat();
    assert_eq!(read(&longer, &publisher), "chip_signed_malformed");
}

#[test]
fn no_changed_byte_makes_another_list_of_countries() {
    let publisher = Country::new("DE", Scheme::P256);
    let list = master_list(&[publisher.certificate()], &list_signer(&publisher));
    let honest = CountrySigners::from_master_list(&list, &[publisher.certificate()], now()).unwrap();
    for at in 0..list.len() {
        let mut changed = list.clone();
        changed[at] ^= 1;
        if let Ok(read) = CountrySigners::from_master_list(&changed, &[publisher.certificate()], now()) {
            assert_eq!(read, honest, "byte {at}");
        }
    }
}

#[test]
fn what_in_a_master_list_is_no_country_signer_is_left_out_and_told() {
    let publisher = Country::new("DE", Scheme::P256);
    let documents = publisher.signer(Scheme::P256);
    let list = master_list(
        &[publisher.certificate(), documents.certificate(), &[0x30, 0]],
        &list_signer(&publisher),
    );
    let read = CountrySigners::from_master_list(&list, &[publisher.certificate()], now()).unwrap();
    assert_eq!((read.signers.len(), read.left_out.len()), (1, 2));
}

#[test]
fn a_pinned_certificate_that_is_no_country_signer_is_an_error() {
    let country = Country::new("UT", Scheme::P256);
    let documents = country.signer(Scheme::P256);
    let read = |all: &[&[u8]]| CountrySigners::from_certificates(all.iter().copied());
    assert_eq!(read(&[country.certificate(), country.certificate()]).unwrap().len(), 1);
    assert_eq!(
        read(&[country.certificate(), documents.certificate()]),
        Err(CountryListError::NotACountry(1))
    );
    assert_eq!(read(&[&[1, 2, 3]]), Err(CountryListError::Certificate(0)));
    let longer = [country.certificate(), &[0]].concat();
    assert_eq!(read(&[&longer]), Err(CountryListError::Certificate(0)));
}

#[test]
fn a_list_of_revoked_certificates_that_does_not_count_has_its_code() {
    let (country, namesake) = (Country::new("UT", Scheme::P256), Country::new("UT", Scheme::P256));
    let known = countries(&country);
    let list = country.revokes(&[7], (2027, 1, 1));
    let read = |list: &[u8]| match known.clone().with_revocations(list, now()) {
        Ok(_) => "taken",
        Err(error) => error.code(),
    };
    assert_eq!(read(&list), "taken");
    assert_eq!(read(&country.revokes(&[], (2027, 1, 1))), "taken");
    assert_eq!(read(&namesake.revokes(&[7], (2027, 1, 1))), "chip_revocation_signature");
    assert_eq!(read(&Country::new("DE", Scheme::P256).revokes(&[7], (2027, 1, 1))), "chip_revocation_issuer");
    assert_eq!(read(&[list.as_slice(), &[0]].concat()), "chip_list_malformed");
    let early = "2026-09-01T00:00:00Z".parse().unwrap();
    assert_eq!(known.clone().with_revocations(&list, early), Err(CountryListError::Future));
    for at in 0..list.len() {
        let mut changed = list.clone();
        changed[at] ^= 1;
        let answer = known.clone().with_revocations(&changed, now());
        // Letters of the issuer's name in the other case are the same name, and they are signed.
        assert!(answer.is_err(), "byte {at}");
    }
}

#[test]
fn what_one_list_revoked_stays_revoked_whatever_a_later_one_says() {
    let issued = Issued::new();
    let [first, second] = [&[7_u8][..], &[]].map(|serials| issued.country.revokes(serials, (2027, 1, 1)));
    for lists in [[&first, &second], [&second, &first]] {
        let known = lists
            .into_iter()
            .fold(countries(&issued.country), |known, list| known.with_revocations(list, now()).unwrap());
        assert_eq!(code(authenticate(&issued.files(), &known, now())), "chip_signer_revoked");
    }
}
