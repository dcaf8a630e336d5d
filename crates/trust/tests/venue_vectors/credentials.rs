//! Credentials of the vectors: one of each kind, and what a wallet does not take.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of a test, outside of the test functions themselves"
)]

use credential::cbor::{Reader, Writer};
use credential::cose::sig_structure;
use credential::sd_cwt::SALT_LEN;
use credential::venue::{
    ClaimName, ClaimValue, Claims, CredentialFrame, CredentialKind, VenueCredential, issue_credential,
};
use credential::{CryptoError, KeyClass, SigningKey, StatusRef, VerifyingKey};
use serde_json::{Map, Value, json};

use crate::world::{Chn, Keys, now};
use crate::write::{Cases, replaced};

/// Claims as the file has them.
pub fn plain(claims: &Claims) -> Value {
    let value = |value: &ClaimValue| match value {
        ClaimValue::Text(text) => json!(text),
        ClaimValue::Flag(flag) => json!(flag),
        ClaimValue::File(bytes) => json!(hex::encode(bytes)),
    };
    let pairs: Map<_, _> = claims.iter().map(|(claim, of)| (claim.to_string(), value(of))).collect();
    Value::Object(pairs)
}

fn salts() -> impl FnMut() -> Result<[u8; SALT_LEN], CryptoError> {
    || {
        let mut salt = [0; SALT_LEN];
        credential::random(&mut salt)?;
        Ok(salt)
    }
}

fn specimen(kind: CredentialKind) -> Claims {
    let mut claims = Claims::default();
    for claim in kind.claims() {
        let value = match claim {
            ClaimName::Name => ClaimValue::Text("SPECIMEN, MEI LING".to_owned()),
            ClaimName::NameZh => ClaimValue::Text("樣本美玲".to_owned()),
            ClaimName::BirthDate => ClaimValue::Text("1990-06-15".to_owned()),
            ClaimName::Nationality => ClaimValue::Text("CHN".to_owned()),
            ClaimName::DocumentKind => ClaimValue::Text("home_return_permit".to_owned()),
            ClaimName::DocumentNumber => ClaimValue::Text("H12345678".to_owned()),
            ClaimName::Region => ClaimValue::Text("HKG".to_owned()),
            ClaimName::City => ClaimValue::Text("Hong Kong".to_owned()),
            ClaimName::Portrait => ClaimValue::File(vec![0xff; 300]),
            ClaimName::AgeOver12
            | ClaimName::AgeOver14
            | ClaimName::AgeOver16
            | ClaimName::AgeOver18
            | ClaimName::AgeOver60
            | ClaimName::AgeOver65 => ClaimValue::Flag(claim.years() < Some(36)),
        };
        claims.insert(claim, value).unwrap();
    }
    claims
}

/// A credential and its device key.
pub struct Owned {
    pub credential: VenueCredential,
    pub device: SigningKey,
}

fn issued(keys: &Keys, kind: CredentialKind, device: &SigningKey, issuer: &str) -> Vec<u8> {
    let day = now().local_date();
    let frame = CredentialFrame {
        issuer: Chn,
        kind,
        issued: day.start(),
        expires: KeyClass::Hardware.expiry_for(day),
        device_key: *device.public(),
        status: StatusRef::new(3, 70_000).unwrap(),
    };
    issue_credential(&frame, &specimen(kind), 7, keys.get(issuer), &mut salts()).unwrap()
}

/// Scalar and uncompressed point of a device key.
fn halves(device: &SigningKey) -> (String, String) {
    let der = device.to_pkcs8().unwrap();
    // RFC 5915, 3: version 1, then the scalar as a string of 32 bytes.
    let at = der.windows(5).position(|window| window == [2, 1, 1, 4, 32]).unwrap() + 5;
    let (x, y) = VerifyingKey::new(*device.public()).unwrap().coordinates().unwrap();
    (hex::encode(&der[at..at + 32]), hex::encode([&[4][..], &x, &y].concat()))
}

/// The cases, and the credentials of the four that are taken.
pub fn write_credentials(keys: &Keys) -> (Vec<Value>, Vec<Owned>) {
    let (mut cases, mut owned) = (Cases(vec![]), vec![]);
    for kind in CredentialKind::ALL {
        let device = SigningKey::generate().unwrap();
        let bytes = issued(keys, kind, &device, "issuer");
        let issuer = VerifyingKey::new(*keys.get("issuer").public()).unwrap();
        let credential = VenueCredential::receive(&bytes, &issuer, device.public()).unwrap();
        let (secret, point) = halves(&device);
        let fields = json!({
            "kind": kind.as_str(), "bytes": hex::encode(&bytes), "secret": secret, "point": point,
            "claims": plain(credential.claims()),
        });
        cases.add(&format!("of kind {kind}"), "ok", fields);
        owned.push(Owned { credential, device });
    }
    let device = SigningKey::generate().unwrap();
    let good = issued(keys, CredentialKind::Age, &device, "issuer");
    let (secret, point) = halves(&device);
    let mut refused = |name: &str, bytes: &[u8]| {
        cases.add(name, "refused", json!({"bytes": hex::encode(bytes), "secret": secret, "point": point}));
    };
    refused("of another authority's key", &issued(keys, CredentialKind::Age, &device, "stranger"));
    let other = SigningKey::generate().unwrap();
    refused("bound to another device key", &issued(keys, CredentialKind::Age, &other, "issuer"));
    let spoiled = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    refused("a changed signature", &spoiled(good.len() - 1));
    let header = replaced(&good, &[0x19, 0x01, 0x25], &[0x19, 0x01, 0x26]);
    refused("of another type", &header);
    // The value of an age claim stands before its label.
    let label = [0x3a, 0x00, 0x01, 0x00, 0x4a];
    let at = good.windows(5).position(|window| window == label).unwrap() - 1;
    refused("a claim that says the contrary", &spoiled(at));
    refused("one disclosure less", &without_a_disclosure(&good));
    refused("cut", &good[..good.len() - 1]);
    refused("a byte behind", &[good.as_slice(), &[0]].concat());
    refused("other claims under the signature", &replaced(&good, b"CHN", b"HKG"));
    // simple(59) and an array of eight: one hash less, signed anew by the issuer.
    refused(
        "seven hashes",
        &resigned(keys, &good, |payload| {
            let at = payload.windows(3).position(|window| window == [0xf8, 59, 0x88]).unwrap() + 2;
            [&payload[..at], &[0x87], &payload[at + 1..payload.len() - 34]].concat()
        }),
    );
    refused(
        "an end that is no midnight",
        &resigned(keys, &good, |payload| {
            let mut payload = payload.to_vec();
            let at = payload.windows(2).position(|window| window == [0x04, 0x1a]).unwrap() + 5;
            payload[at] ^= 1;
            payload
        }),
    );
    refused("of kind 5", &resigned(keys, &good, |payload| replaced(payload, &[0x0b, 0x02], &[0x0b, 0x05])));
    refused(
        "a kind whose claims these are not",
        &resigned(keys, &good, |payload| replaced(payload, &[0x0b, 0x02], &[0x0b, 0x03])),
    );
    refused(
        "a place in another list",
        &resigned(keys, &good, |payload| replaced(payload, b"status:CHN:3", b"status:HKG:3")),
    );
    (cases.0, owned)
}

/// The credential with another payload, under a signature of its issuer.
fn resigned(keys: &Keys, good: &[u8], change: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut reader = Reader::new(good);
    reader.tag().unwrap();
    reader.array_exact(4).unwrap();
    let protected = reader.bytes(64).unwrap().to_vec();
    let unprotected = reader.skip().unwrap().to_vec();
    let payload = change(reader.bytes(2_048).unwrap());
    let signature = keys.get("issuer").sign(&sig_structure(&protected, &[], &payload)).unwrap();
    let mut w = Writer::new();
    w.tag(18).array(4).bytes(&protected).raw(&unprotected).bytes(&payload).bytes(&signature);
    w.finish()
}

/// The credential without the disclosure that came last.
fn without_a_disclosure(good: &[u8]) -> Vec<u8> {
    let mut reader = Reader::new(good);
    reader.tag().unwrap();
    reader.array_exact(4).unwrap();
    let protected = reader.bytes(64).unwrap();
    assert_eq!((reader.map(1).unwrap(), reader.int().unwrap()), (1, 17));
    let count = reader.array(8).unwrap();
    let disclosures: Vec<_> = (0..count).map(|_| reader.bytes(128).unwrap()).collect();
    let (payload, signature) = (reader.bytes(2_048).unwrap(), reader.bytes(64).unwrap());
    let mut w = Writer::new();
    w.tag(18).array(4).bytes(protected).map(1).int(17).array(disclosures.len() - 1);
    for disclosure in &disclosures[..disclosures.len() - 1] {
        w.bytes(disclosure);
    }
    w.bytes(payload).bytes(signature);
    w.finish()
}
