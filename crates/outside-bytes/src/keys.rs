//! Keys, lists and a lane that never change, so that a finding can be run again: published test keys, never secrets.

use std::sync::LazyLock;

use credential::cbor::Writer;
use credential::part::{PartContext, PartForm};
use credential::status::{SignedStatusList, StatusList};
use credential::{DeviceKey, SecretKey, SigningKey, VerifyingKey};
use documents::{AuthorityCode, Timestamp};
use gate::Lists;
use trust::{Approval, KeyEntry, Role, Root, TrustList, TrustStore};

/// The key id of the authorities' keys, except the token keys.
pub const AUTHORITY_KID: &[u8] = b"k1";

/// The key id under which tokens are signed.
pub const TOKEN_KID: u8 = 1;

/// The lane at which codes are checked.
pub const LANE: &str = "hengqin/1";

/// The subject of status lists.
pub const SUBJECT: &str = "urn:baypass:status:0";

/// The time at which everything is read.
#[must_use]
pub fn now() -> Timestamp {
    "2026-03-02T10:00:00+08:00".parse().unwrap()
}

fn published(scalar: &str, point: &str) -> SigningKey {
    SigningKey::from_scalar(&hex::decode(scalar).unwrap(), &hex::decode(point).unwrap()).unwrap()
}

/// The one key of all three authorities for everything that they sign (RFC 6979, A.2.5).
#[must_use]
pub fn authority_key() -> &'static SigningKey {
    static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
        published(
            "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
            "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
        )
    });
    &KEY
}

/// The one key of all devices (RFC 7515, A.3).
#[must_use]
pub fn device_key() -> &'static SigningKey {
    static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
        published(
            "8e9b109e719098bf980487df1f5d77e9cb29606ebed2263b5f57c213df84f4b2",
            "047fcdce2770f6c45d4183cbee6fdb4b7b580733357be9ef13bacf6e3c7bd15445c7f144cd1bbd9b7e872cdfedb9eeb9f4b3695d6ea90b24ad8a4623288588e5ad",
        )
    });
    &KEY
}

pub(crate) fn authority_public() -> &'static VerifyingKey {
    static KEY: LazyLock<VerifyingKey> =
        LazyLock::new(|| VerifyingKey::new(*authority_key().public()).unwrap());
    &KEY
}

pub(crate) fn device() -> &'static DeviceKey {
    static KEY: LazyLock<DeviceKey> = LazyLock::new(|| DeviceKey::new(*device_key().public()).unwrap());
    &KEY
}

/// The weekly key under which parts are sealed.
#[must_use]
pub fn part_key() -> SecretKey {
    SecretKey::from_bytes([7; 32])
}

/// Info and associated data of a part, written as the page of formats has them and not by the code under test.
#[must_use]
pub fn part_words(context: &PartContext) -> (Vec<u8>, Vec<u8>) {
    let label = match context.form() {
        PartForm::Own => "bp1-own-part",
        PartForm::Sealed => "bp1-sealed-part",
    };
    let thumbprint = context.thumbprint.as_bytes();
    let info = Writer::new().array(2).text(label).bytes(thumbprint).finish();
    let (issuer, receiver) = (context.issuer.code(), context.receiver.code());
    let associated =
        Writer::new().array(4).text(label).text(issuer).bytes(thumbprint).text(receiver).finish();
    (info, associated)
}

/// Trust lists of the three authorities, all of whose keys are the same one.
pub(crate) fn store() -> &'static TrustStore {
    static STORE: LazyLock<TrustStore> = LazyLock::new(|| {
        let mut store = roots();
        for authority in AuthorityCode::ALL {
            let signed = list_of(authority).sign(AUTHORITY_KID, authority_key()).unwrap();
            store.update(&signed, now()).unwrap();
        }
        store
    });
    &STORE
}

/// The root of every authority: the one key.
#[must_use]
pub fn root() -> Root {
    Root::of(1, [(AUTHORITY_KID, *authority_key().public())]).unwrap()
}

/// The roots alone.
pub(crate) fn roots() -> TrustStore {
    TrustStore::new(&AuthorityCode::ALL.map(|a| (a, root()))).unwrap()
}

fn list_of(authority: AuthorityCode) -> TrustList {
    let entry = |role: Role| KeyEntry {
        role,
        kid: if role == Role::Token { vec![TOKEN_KID] } else { AUTHORITY_KID.to_vec() },
        key: authority_key().public().as_bytes().to_vec(),
        from: now().plus_seconds(-86_400),
        to: now().plus_seconds(30 * 86_400),
        compromised: false,
        binding: None,
    };
    let keys = [Role::Token, Role::Verdict, Role::Status, Role::Approval].map(entry).to_vec();
    let (issued, expires) = (now().plus_seconds(-3600), now().plus_seconds(86_400));
    TrustList { authority, number: 1, issued, expires, root: root(), next: None, keys }
}

/// The lists of a gate: trust lists, empty status lists, one approval for the port of the lane.
pub(crate) fn lists() -> &'static Lists {
    static LISTS: LazyLock<Lists> = LazyLock::new(|| {
        let mut lists = Lists::new(store().clone());
        for authority in AuthorityCode::ALL {
            let signed = SignedStatusList {
                subject: SUBJECT.into(),
                issued: now().plus_seconds(-60),
                expires: Some(now().plus_seconds(86_400)),
                ttl: None,
                list: StatusList::with_entries(100_000),
            };
            let bytes = signed.sign(AUTHORITY_KID, authority_key()).unwrap();
            lists.take_status(authority, 0, SUBJECT, &bytes, now()).unwrap();
        }
        let signed = signed_by_all(&approval());
        lists.take_approval(&Approval::bundle(&signed), now()).unwrap();
        lists
    });
    &LISTS
}

/// An approval that every authority has signed.
pub(crate) fn signed_by_all(approval: &Approval) -> Vec<(AuthorityCode, Vec<u8>)> {
    AuthorityCode::ALL.map(|a| (a, approval.sign(AUTHORITY_KID, authority_key()).unwrap())).to_vec()
}

fn approval() -> Approval {
    Approval::specimen("2026-001", vec!["hengqin".parse().unwrap()], now().local_date())
}
