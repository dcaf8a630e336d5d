//! Disclosures: salt, value and key of one redacted claim, and the hash by which the signed payload names it.
//!
//! Lives here: [`Disclosure`]. Not here: where its claim belongs (`placing`).

use documents::redact_debug;

use super::value::{Encoding, Items, Key, Value};
use crate::cbor::{CborError, Writer};
use crate::crypto::sha256;

/// Length of a salt, in bytes.
pub const SALT_LEN: usize = 16;

/// What a disclosure discloses.
#[derive(Clone, PartialEq)]
pub enum Content {
    /// An entry of a map: `[salt, value, key]`.
    Entry(Key, Value),
    /// An element of an array: `[salt, value]`.
    Element(Value),
    /// Nothing: `[salt]`.
    Decoy,
}
redact_debug!(Content);

/// One disclosure, its bytes as they came.
#[derive(Clone, PartialEq)]
pub struct Disclosure {
    encoded: Vec<u8>,
    hash: [u8; 32],
    content: Content,
}
redact_debug!(Disclosure);

impl Disclosure {
    /// Makes a disclosure.
    pub(super) fn make(salt: &[u8; SALT_LEN], content: Content) -> Self {
        let mut w = Writer::new();
        match &content {
            Content::Entry(key, value) => {
                w.array(3).bytes(salt);
                value.write(&mut w);
                w.raw(&key.encode());
            }
            Content::Element(value) => {
                w.array(2).bytes(salt);
                value.write(&mut w);
            }
            Content::Decoy => {
                w.array(1).bytes(salt);
            }
        }
        let inner = w.finish();
        let encoded = Writer::with_capacity(inner.len() + 4).bytes(&inner).finish();
        Self { hash: sha256(&encoded), encoded, content }
    }

    /// Reads the next byte string, and the disclosure in it.
    pub(super) fn read(items: &mut Items<'_>, encoding: Encoding) -> Result<Self, CborError> {
        let start = items.position();
        let inner = items.bytes()?;
        let encoded = items.since(start)?.to_vec();
        let content = read_content(inner, encoding)?;
        Ok(Self { hash: sha256(&encoded), encoded, content })
    }

    /// SHA-256 of the encoded byte string, head included.
    #[must_use]
    pub const fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// What it discloses.
    #[must_use]
    pub const fn content(&self) -> &Content {
        &self.content
    }

    /// Key and value of an entry; `None` of an element or a decoy.
    #[must_use]
    pub const fn entry(&self) -> Option<(&Key, &Value)> {
        match &self.content {
            Content::Entry(key, value) => Some((key, value)),
            Content::Element(_) | Content::Decoy => None,
        }
    }

    /// The encoded byte string, head included, as it came.
    #[must_use]
    pub fn encoded(&self) -> &[u8] {
        &self.encoded
    }
}

fn read_content(inner: &[u8], encoding: Encoding) -> Result<Content, CborError> {
    let mut items = Items::new(inner, encoding);
    let fields = items.array()?;
    if !(1..=3).contains(&fields) {
        return Err(CborError::Unexpected);
    }
    if items.bytes()?.len() != SALT_LEN {
        return Err(CborError::Unexpected);
    }
    // Its level shows where it is placed, and is checked again there.
    let content = match fields {
        1 => Content::Decoy,
        2 => Content::Element(items.value(1)?),
        _ => {
            let value = items.value(1)?;
            match items.key()? {
                Key::Redacted => return Err(CborError::Unexpected),
                key @ (Key::Int(_) | Key::Text(_)) => Content::Entry(key, value),
            }
        }
    };
    items.finish()?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_over_the_byte_string_with_its_head_as_the_published_tokens_have_it() {
        let salt: [u8; 16] = hex::decode("bae611067bb823486797da1ebbb52f83").unwrap().try_into().unwrap();
        let disclosure = Disclosure::make(&salt, Content::Entry(501.into(), Value::text("ABCD-123456")));
        // draft-ietf-spice-sd-cwt-07, examples/kbt.edn.
        let expected = "af375dc3fba1d082448642c00be7b2f7bb05c9d8fb61cfc230ddfdfb4616a693";
        assert_eq!(hex::encode(disclosure.hash()), expected);
    }

    #[test]
    fn a_disclosure_of_another_form_is_refused() {
        let salt = "50000102030405060708090a0b0c0d0e0f";
        for (inner, expected) in [
            ("80".to_owned(), CborError::Unexpected),
            (format!("84{salt}000000"), CborError::Unexpected),
            (format!("81{}", &salt[..30]), CborError::Truncated),
            ("814f000102030405060708090a0b0c0d0e".to_owned(), CborError::Unexpected),
            (format!("8151{}10", &salt[2..]), CborError::Unexpected),
            (format!("83{salt}00f83b"), CborError::Unexpected),
            (format!("83{salt}004100"), CborError::Unexpected),
            (format!("82{salt}"), CborError::Truncated),
            (format!("81{salt}00"), CborError::Trailing),
            (format!("9f{salt}ff"), CborError::NotDeterministic),
        ] {
            let inner = hex::decode(inner).unwrap();
            let encoded = Writer::new().bytes(&inner).finish();
            let read = Disclosure::read(&mut Items::new(&encoded, Encoding::Any), Encoding::Any);
            assert_eq!(read.err(), Some(expected), "row {}", hex::encode(inner));
        }
    }
}
