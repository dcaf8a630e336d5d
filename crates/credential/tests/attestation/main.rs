//! Attestations of a maker of phones that is made up, in the form of Android and of iPhones (`test_support::phone`). What real
//! phones say was tried with samples that Google and others published; none of them lies here.

#![expect(clippy::unwrap_used, reason = "an attestation that cannot be made fails the test")]

use credential::attestation::android::{AndroidApp, Trusted};
use credential::attestation::apple::{AppleApp, Environment};
use credential::attestation::{
    AttestationError, RevokedSerials, TrustAnchors, android, apple, client_data_hash,
};
use credential::{KeyClass, PublicKey, SigningKey, sha256};
use documents::Timestamp;
use test_support::phone::{KEY_DESCRIPTION, Maker, Said, WALLET_PACKAGE, WALLET_SIGNER};

struct Sample {
    chain: Vec<Vec<u8>>,
    key: PublicKey,
    challenge: Vec<u8>,
    now: Timestamp,
}

struct Verifier {
    roots: TrustAnchors,
    revoked: RevokedSerials,
    apps: Vec<AndroidApp>,
}

impl Verifier {
    fn verify(&self, sample: &Sample) -> Result<KeyClass, AttestationError> {
        let trusted = Trusted { roots: &self.roots, revoked: &self.revoked, apps: &self.apps };
        let chain = sample.chain.iter().map(Vec::as_slice);
        android::verify(chain, &sample.key, &sample.challenge, trusted, sample.now)
    }
}

const CHALLENGE: &[u8] = &[9; 32];

fn verify(maker: &Maker, said: &Said) -> Result<KeyClass, AttestationError> {
    let device = SigningKey::generate().unwrap();
    let chain = maker.attest(&device.to_pkcs8().unwrap(), said).unwrap();
    let verifier = Verifier {
        roots: TrustAnchors::from_pem(maker.root_pem()).unwrap(),
        revoked: RevokedSerials::default(),
        apps: vec![AndroidApp { package: WALLET_PACKAGE.to_owned(), signer: WALLET_SIGNER }],
    };
    let now = "2026-03-02T00:00:00Z".parse().unwrap();
    verifier.verify(&Sample { chain, key: *device.public(), challenge: CHALLENGE.to_vec(), now })
}

#[test]
fn what_a_phone_says_of_a_key_decides_on_its_class() {
    use AttestationError as E;
    let maker = Maker::new().unwrap();
    let said = |change: fn(&mut Said)| {
        let mut said = Said::honest(CHALLENGE);
        change(&mut said);
        verify(&maker, &said)
    };
    for (what, got, expected) in [
        ("the trusted environment", said(|_| ()), Ok(KeyClass::Hardware)),
        ("StrongBox", said(|s| s.levels = [2, 2]), Ok(KeyClass::SecureElement)),
        ("StrongBox, attested by less", said(|s| s.levels = [1, 2]), Ok(KeyClass::Hardware)),
        ("a key in less than what attests it", said(|s| s.levels = [2, 1]), Ok(KeyClass::Hardware)),
        ("a key in software", said(|s| s.levels = [1, 0]), Err(E::Software)),
        ("attested by software", said(|s| s.levels = [0, 1]), Err(E::Software)),
        ("a level that is none", said(|s| s.levels = [3, 3]), Err(E::Malformed)),
        ("an imported key", said(|s| s.origin = 2), Err(E::Software)),
        ("a key that encrypts too", said(|s| s.purposes = vec![2, 0]), Err(E::Key)),
        ("a key that only verifies", said(|s| s.purposes = vec![3]), Err(E::Key)),
        ("a key that signs and verifies", said(|s| s.purposes = vec![2, 3]), Ok(KeyClass::Hardware)),
        ("an unlocked boot loader", said(|s| s.locked = false), Err(E::Device)),
        ("a system of somebody's own", said(|s| s.boot = 1), Err(E::Device)),
        ("a key for every app", said(|s| s.all_applications = true), Err(E::App)),
        ("another app", said(|s| s.packages = vec!["com.example.other"]), Err(E::App)),
        ("an app beside it", said(|s| s.packages = vec![WALLET_PACKAGE, "com.example.b"]), Err(E::App)),
        ("another signer", said(|s| s.signer = [8; 32]), Err(E::App)),
        ("another challenge", said(|s| s.challenge = vec![9; 31]), Err(E::Challenge)),
        ("a version that is none", said(|s| s.version = 5), Err(E::Malformed)),
        ("the oldest version", said(|s| s.version = 1), Ok(KeyClass::Hardware)),
        ("the newest version", said(|s| s.version = 400), Ok(KeyClass::Hardware)),
        ("an origin that is there twice", said(|s| s.twice = true), Err(E::Malformed)),
    ] {
        assert_eq!(got, expected, "{what}");
    }
}

#[test]
fn a_certificate_that_may_sign_none_signs_none() {
    let said = Said::honest(CHALLENGE);
    for (what, maker, expected) in [
        (
            "no authority",
            Maker::new().unwrap().with_below(|below| below.is_ca = rcgen::IsCa::ExplicitNoCa),
            AttestationError::Chain,
        ),
        (
            "a key for something else",
            Maker::new().unwrap().with_below(|below| {
                below.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
            }),
            AttestationError::Chain,
        ),
        (
            "ended",
            Maker::new().unwrap().with_below(|below| below.not_after = rcgen::date_time_ymd(2026, 3, 1)),
            AttestationError::Validity,
        ),
        (
            "a critical extension that is not known",
            Maker::new().unwrap().with_below(|below| {
                let mut strange = rcgen::CustomExtension::from_oid_content(&[2, 5, 29, 99], vec![5, 0]);
                strange.set_criticality(true);
                below.custom_extensions = vec![strange];
            }),
            AttestationError::Chain,
        ),
        (
            "an attested key that attests another",
            Maker::new().unwrap().with_below(|below| {
                let said = rcgen::CustomExtension::from_oid_content(KEY_DESCRIPTION, vec![0x30, 0]);
                below.custom_extensions = vec![said];
            }),
            AttestationError::Key,
        ),
    ] {
        assert_eq!(verify(&maker, &said), Err(expected), "{what}");
    }
}

#[test]
fn an_iphones_attestation_binds_the_device_keys_in_its_client_data() {
    let maker = Maker::new().unwrap();
    let (id, now) = ("0123456789.com.example.wallet", "2026-03-02T00:00:00Z".parse().unwrap());
    let roots = TrustAnchors::from_pem(maker.root_pem()).unwrap();
    let devices = [*SigningKey::generate().unwrap().public(), *SigningKey::generate().unwrap().public()];
    let hash = client_data_hash(&[vec![1; 16]], &devices);
    let object = maker.app_attest(id, b"appattest\0\0\0\0\0\0\0", &hash, sha256).unwrap();
    let apps = [AppleApp { id: id.to_owned(), environment: Environment::Production }];
    let verify = |nonces: &[Vec<u8>], devices: &[PublicKey]| {
        apple::verify(&object, &client_data_hash(nonces, devices), &roots, &apps, now)
    };
    assert!(verify(&[vec![1; 16]], &devices).is_ok());
    for (nonces, devices) in [
        (vec![vec![2; 16]], devices.to_vec()),
        (vec![vec![1; 16], vec![2; 16]], devices.to_vec()),
        (vec![vec![1; 16]], devices[..1].to_vec()),
        (vec![vec![1; 16]], devices.iter().rev().copied().collect()),
    ] {
        assert_eq!(verify(&nonces, &devices), Err(AttestationError::Challenge));
    }
}

#[test]
fn the_makers_own_roots_are_pinned_and_none_of_them_stands_for_another() {
    let (google, apple) = (TrustAnchors::google().unwrap(), TrustAnchors::apple().unwrap());
    let maker = Maker::new().unwrap();
    let device = SigningKey::generate().unwrap();
    let chain = maker.attest(&device.to_pkcs8().unwrap(), &Said::honest(CHALLENGE)).unwrap();
    let own = TrustAnchors::from_pem(maker.root_pem()).unwrap();
    let sample = Sample {
        chain,
        key: *device.public(),
        challenge: CHALLENGE.to_vec(),
        now: "2026-03-02T00:00:00Z".parse().unwrap(),
    };
    let apps = || vec![AndroidApp { package: WALLET_PACKAGE.to_owned(), signer: WALLET_SIGNER }];
    let by = |roots| Verifier { roots, revoked: RevokedSerials::default(), apps: apps() }.verify(&sample);
    assert_eq!(by(own), Ok(KeyClass::Hardware));
    for roots in [google, apple, TrustAnchors::default()] {
        assert_eq!(by(roots), Err(AttestationError::Chain));
    }
}

#[test]
fn a_changed_byte_of_a_chain_is_refused_or_changes_nothing() {
    let maker = Maker::new().unwrap();
    let device = SigningKey::generate().unwrap();
    let chain = maker.attest(&device.to_pkcs8().unwrap(), &Said::honest(CHALLENGE)).unwrap();
    let verifier = Verifier {
        roots: TrustAnchors::from_pem(maker.root_pem()).unwrap(),
        revoked: RevokedSerials::default(),
        apps: vec![AndroidApp { package: WALLET_PACKAGE.to_owned(), signer: WALLET_SIGNER }],
    };
    let now = "2026-03-02T00:00:00Z".parse().unwrap();
    let mut sample = Sample { chain, key: *device.public(), challenge: CHALLENGE.to_vec(), now };
    let (mut refused, mut all) = (0, 0);
    for which in 0..sample.chain.len() {
        for at in 0..sample.chain[which].len() {
            sample.chain[which][at] ^= 1 << (at % 8);
            match verifier.verify(&sample) {
                Ok(class) => assert_eq!(class, KeyClass::Hardware, "certificate {which}, byte {at}"),
                Err(_) => refused += usize::from(which < 2),
            }
            all += usize::from(which < 2);
            sample.chain[which][at] ^= 1 << (at % 8);
        }
    }
    // Of the root its name and key count. Below it hardly a byte: what names an algorithm outside of what is signed.
    assert!(refused + 10 >= all, "{} bytes below the root count for nothing", all - refused);
}
