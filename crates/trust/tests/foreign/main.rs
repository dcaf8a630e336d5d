//! Issuers and verifiers of other systems in a trust list.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, outside of the test functions themselves: what goes wrong there fails the test"
)]

mod issuers;
mod verifiers;

use credential::SigningKey;
use credential::cbor::CborError;
use documents::AuthorityCode::Hkg;
use documents::Timestamp;
use trust::{Binding, KeyEntry, Role, Root, TrustList, TrustStore};

fn now() -> Timestamp {
    "2026-03-02T10:00:00+08:00".parse().unwrap()
}

/// An entry that counts for a day.
fn entry(role: Role, name: &str, key: &[u8], binding: Binding) -> KeyEntry {
    KeyEntry {
        role,
        kid: name.as_bytes().to_vec(),
        key: key.to_vec(),
        from: now(),
        to: now().plus_seconds(86_400),
        compromised: false,
        binding: Some(binding),
    }
}

/// Hong Kong's list, under one supervisor.
fn list(root: &SigningKey, number: u64, keys: Vec<KeyEntry>) -> TrustList {
    let (issued, expires) = (now(), now().plus_seconds(7 * 86_400));
    let root = Root::of(1, [("root", *root.public())]).unwrap();
    TrustList { authority: Hkg, number, issued, expires, root, next: None, keys }
}

/// A store that takes one list of Hong Kong's after another.
struct Taking {
    root: SigningKey,
    store: TrustStore,
}

impl Taking {
    fn new() -> Self {
        let root = SigningKey::generate().unwrap();
        let store = TrustStore::new(&[(Hkg, Root::of(1, [("root", *root.public())]).unwrap())]).unwrap();
        Self { root, store }
    }

    /// The store after this list.
    fn take(&mut self, number: u64, keys: Vec<KeyEntry>) -> TrustStore {
        let signed = list(&self.root, number, keys).sign(b"root", &self.root).unwrap();
        self.store.update(&signed, now()).unwrap();
        self.store.clone()
    }
}

/// What is read of an encoded list after one place of it, in hexadecimal, was replaced.
fn replaced(encoded: &[u8], from: &str, to: &str) -> Result<TrustList, CborError> {
    let text = hex::encode(encoded);
    assert_eq!(text.matches(from).count(), 1, "{from}");
    TrustList::decode(&hex::decode(text.replace(from, to)).unwrap())
}

/// A text of at most 255 bytes in CBOR, in hexadecimal.
fn word(text: &str) -> String {
    let head =
        if text.len() < 24 { format!("{:02x}", 0x60 + text.len()) } else { format!("78{:02x}", text.len()) };
    format!("{head}{}", hex::encode(text))
}
