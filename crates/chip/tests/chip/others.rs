//! Signatures of another program: lists of hashes, certificates and a list of revoked ones by OpenSSL 3.0 (`openssl cms`, `x509`, `ca`),
//! for a made-up country and a zone of specimens, lie in `tests/files`.

use chip::{ChipFiles, CountrySigners, Group, ImageKind, RevocationCheck, authenticate};
use documents::Timestamp;

use super::code;

fn file(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files");
    std::fs::read(folder.join(name)).unwrap()
}

/// Some weeks after they were signed.
fn later() -> Timestamp {
    "2027-01-05T12:00:00+08:00".parse().unwrap()
}

fn read(sod: &str, countries: &CountrySigners) -> Result<chip::AuthenticChip, chip::PassiveError> {
    let files = ChipFiles::new(file(sod))
        .and_then(|files| files.with(Group::MRZ, file("dg1.bin")))
        .and_then(|files| files.with(Group::FACE, file("dg2.bin")));
    authenticate(&files.unwrap(), countries, later())
}

#[test]
fn what_openssl_signed_is_believed_under_every_scheme_that_is_verified_here() {
    let countries = CountrySigners::from_certificates([file("country.der").as_slice()]).unwrap();
    for (sod, timed) in [
        ("sod-p256.bin", true),
        ("sod-p384.bin", true),
        ("sod-p521.bin", true),
        ("sod-rsa.bin", true),
        ("sod-rsa-pss.bin", true),
        ("sod-p256-key-id.bin", true),
        ("sod-p256-no-attributes.bin", false),
    ] {
        let chip = read(sod, &countries).unwrap_or_else(|error| panic!("{sod}: {error}"));
        assert_eq!((chip.country(), chip.zone().surname()), ("UT", "ERIKSSON"), "{sod}");
        assert_eq!(chip.signed_at().is_some(), timed, "{sod}");
        assert_eq!(chip.revocation(), RevocationCheck::NoList);
        let portrait = chip.portrait().unwrap();
        assert_eq!(portrait.kind(), ImageKind::Jpeg2000);
        let picture = code::picture::decode_portrait(portrait.bytes()).unwrap();
        assert_eq!((picture.width(), picture.height()), (32, 40));
    }
    assert_eq!(code(read("sod-brainpool.bin", &countries)), "chip_curve_unsupported");
}

#[test]
fn what_openssl_revoked_is_revoked_for_that_signer_alone() {
    let countries = CountrySigners::from_certificates([file("country.der").as_slice()]).unwrap();
    let countries = countries.with_revocations(&file("revoked-p256.crl"), later()).unwrap();
    assert_eq!(code(read("sod-p256.bin", &countries)), "chip_signer_revoked");
    let chip = read("sod-p384.bin", &countries).unwrap();
    assert!(matches!(chip.revocation(), RevocationCheck::NotRevoked { overdue: false, .. }));
}
