//! Attestations: what a phone's maker says of a device key, as a wallet hands it on. One input is a kind, `g` or `a`, the time
//! in eight bytes, 32 bytes (`a`: the hash of client data), then parts, each with its length in two bytes: `g` has the key,
//! the challenge and certificates, `a` the attestation object.

use std::sync::LazyLock;

use credential::attestation::android::{AndroidApp, Trusted};
use credential::attestation::apple::{AppleApp, Environment};
use credential::attestation::{RevokedSerials, TrustAnchors, android, apple};
use credential::{KeyClass, PublicKey, VerifyingKey};
use documents::Timestamp;

/// The root of a maker of phones that is made up (`test_support::phone`); the example `seeds` writes it with its seeds.
static ROOT: LazyLock<TrustAnchors> =
    LazyLock::new(|| TrustAnchors::from_pem(include_str!("../data/specimen-phones-root.pem")).unwrap());
/// Apps that are made up too.
static ANDROID: LazyLock<[AndroidApp; 1]> =
    LazyLock::new(|| [AndroidApp { package: "com.example.wallet".to_owned(), signer: [7; 32] }]);
static APPLE: LazyLock<[AppleApp; 1]> = LazyLock::new(|| {
    [AppleApp { id: "0123456789.com.example.wallet".to_owned(), environment: Environment::Production }]
});

fn part<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (len, rest) = bytes.split_first_chunk::<2>()?;
    let (part, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
    *bytes = rest;
    Some(part)
}

/// The chain of an Android key, or the attestation object of an app on an iPhone, against the root of a maker that is made up.
#[must_use]
pub fn attestation(bytes: &[u8]) -> bool {
    read(bytes).unwrap_or(false)
}

fn read(bytes: &[u8]) -> Option<bool> {
    let (kind, bytes) = bytes.split_first()?;
    let (now, bytes) = bytes.split_first_chunk::<8>()?;
    let now = Timestamp::from_unix(i64::from_be_bytes(*now))?;
    let (hash, mut rest) = bytes.split_first_chunk::<32>()?;
    if *kind == b'a' {
        let taken = apple::verify(part(&mut rest)?, hash, &ROOT, &*APPLE, now);
        if let Ok(key) = &taken {
            assert!(VerifyingKey::new(*key).is_ok(), "a key that is taken can verify");
        }
        return Some(taken.is_ok() && rest.is_empty());
    }
    let (key, challenge) = (PublicKey::from_bytes(part(&mut rest)?).ok()?, part(&mut rest)?);
    let chain: Vec<&[u8]> = std::iter::from_fn(|| part(&mut rest)).collect();
    let trusted = Trusted { roots: &ROOT, revoked: &RevokedSerials::default(), apps: &*ANDROID };
    let taken = android::verify(chain, &key, challenge, trusted, now);
    if let Ok(class) = taken {
        assert!(class != KeyClass::Software, "what is attested is kept in hardware");
    }
    Some(taken.is_ok() && rest.is_empty())
}
