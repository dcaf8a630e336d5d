//! An authenticator in software: makes passkeys and assertions as a browser hands them on. Tests of several crates use it.

use credential::cbor::Writer;
use credential::{SigningKey, VerifyingKey, sha256};

/// What `navigator.credentials.create` or `.get` gives.
pub struct Answer {
    pub client_data: Vec<u8>,
    /// The attestation object of a registration, the authenticator data of an assertion.
    pub data: Vec<u8>,
    pub signature: Vec<u8>,
}

/// One passkey at one relying party.
pub struct Authenticator {
    pub id: Vec<u8>,
    pub flags: u8,
    pub count: u32,
    key: SigningKey,
    party: String,
    origin: String,
}

impl Authenticator {
    /// A new passkey that verifies its user and counts.
    pub fn new(party: &str, origin: &str) -> Self {
        let key = SigningKey::generate().unwrap();
        let id = sha256(key.public().as_bytes()).to_vec();
        Self { id, flags: 0x05, count: 1, key, party: party.to_owned(), origin: origin.to_owned() }
    }

    fn client_data(&self, kind: &str, challenge: &str) -> Vec<u8> {
        let origin = &self.origin;
        format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}","crossOrigin":false}}"#)
            .into_bytes()
    }

    fn data(&self, flags: u8, rest: &[u8]) -> Vec<u8> {
        [&sha256(self.party.as_bytes())[..], &[flags], &self.count.to_be_bytes(), rest].concat()
    }

    /// Registers; the challenge as it travels, in base64url.
    pub fn create(&self, challenge: &str) -> Answer {
        let (x, y) = coordinates(&self.key);
        let mut cose = Writer::new();
        cose.map(5).int(1).int(2).int(3).int(-7).int(-1).int(1).int(-2).bytes(&x).int(-3).bytes(&y);
        let len = u16::try_from(self.id.len()).unwrap().to_be_bytes();
        let attested = [&[0; 16][..], &len, &self.id, &cose.finish()].concat();
        let data = self.data(self.flags | 0x40, &attested);
        let mut object = Writer::new();
        object.map(3).text("fmt").text("none").text("attStmt").map(0).text("authData").bytes(&data);
        let client_data = self.client_data("webauthn.create", challenge);
        Answer { client_data, data: object.finish(), signature: Vec::new() }
    }

    /// Signs in; counts on.
    pub fn get(&mut self, challenge: &str) -> Answer {
        if self.count > 0 {
            self.count += 1;
        }
        let (client_data, data) = (self.client_data("webauthn.get", challenge), self.data(self.flags, &[]));
        let signature = self.key.sign(&[&data[..], &sha256(&client_data)].concat()).unwrap();
        Answer { client_data, data, signature: der(&signature) }
    }
}

/// The coordinates of a key's point: its COSE form needs both, and the thumbprint's input is the only place that has them.
fn coordinates(key: &SigningKey) -> ([u8; 32], [u8; 32]) {
    // A key of PKCS #8 ends with the uncompressed point (RFC 5958 with RFC 5915).
    let der = key.to_pkcs8().unwrap();
    let (_, point) = der.split_last_chunk::<65>().unwrap();
    let (x, y) = (point[1..33].try_into().unwrap(), point[33..].try_into().unwrap());
    assert!(VerifyingKey::new(*key.public()).is_ok());
    (x, y)
}

/// The DER form of a signature (RFC 3279, 2.2.3).
fn der(signature: &[u8]) -> Vec<u8> {
    let integer = |half: &[u8]| {
        let first = half.iter().position(|b| *b != 0).unwrap_or(31);
        let mut value = half[first..].to_vec();
        if value[0] & 0x80 != 0 {
            value.insert(0, 0);
        }
        [&[2, u8::try_from(value.len()).unwrap()][..], &value].concat()
    };
    let both = [integer(&signature[..32]), integer(&signature[32..])].concat();
    [&[0x30, u8::try_from(both.len()).unwrap()][..], &both].concat()
}
