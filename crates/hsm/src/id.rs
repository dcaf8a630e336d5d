//! Ids of keys in a token.
//!
//! Lives here: [`KeyId`]. Not here: keys (`key`).

use std::fmt;
use std::str::FromStr;

use credential::{CryptoError, random};
use cryptoki::object::Attribute;

/// A key's `CKA_ID`: 16 bytes by chance.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId([u8; 16]);

impl KeyId {
    pub(crate) fn draw() -> Result<Self, CryptoError> {
        let mut bytes = [0; 16];
        random(&mut bytes)?;
        Ok(Self(bytes))
    }

    pub(crate) fn attribute(self) -> Attribute {
        Attribute::Id(self.0.to_vec())
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl FromStr for KeyId {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}
