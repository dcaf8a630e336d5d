//! Status: the place of a credential in a Token Status List, and the list in JSON and CBOR (draft-ietf-oauth-status-list-20).
//!
//! Lives here: [`StatusReference`], [`ListToken`]. Not here: the bits of a list, and the border's own signed form
//! (`credential::status`); fetching; what a suspended credential means to a verifier.

mod list;

use credential::sd_cwt::Value as Cbor;
use serde_json::{Map, Value, json};

pub use credential::status::{Status, StatusList};
pub use list::{ListToken, StatusError};

/// Longest address of a list, in bytes.
pub const MAX_URI_LEN: usize = 1024;

/// Where the status of one credential stands: which list, which entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusReference {
    /// The list's address, which is also its name.
    pub uri: String,
    /// The entry, from 0.
    pub index: u32,
}

/// What stands where a reference should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the credential's status is no status_list with idx and uri; ask its issuer for a new one")]
pub struct NoReference;

impl StatusReference {
    /// Reads the claim `status` of a credential in JSON (section 6.2).
    ///
    /// # Errors
    /// [`NoReference`].
    pub fn from_json(status: &Value) -> Result<Self, NoReference> {
        let list = status.get("status_list").and_then(Value::as_object).ok_or(NoReference)?;
        let index = list.get("idx").and_then(Value::as_u64);
        let uri = list.get("uri").and_then(Value::as_str);
        Self::of(index, uri)
    }

    fn of(index: Option<u64>, uri: Option<&str>) -> Result<Self, NoReference> {
        let index = index.and_then(|index| u32::try_from(index).ok()).ok_or(NoReference)?;
        match uri {
            Some(uri) if (1..=MAX_URI_LEN).contains(&uri.len()) => Ok(Self { uri: uri.to_owned(), index }),
            Some(_) | None => Err(NoReference),
        }
    }

    /// The claim in JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut status = Map::new();
        status.insert("status_list".to_owned(), json!({ "idx": self.index, "uri": self.uri }));
        Value::Object(status)
    }

    /// The map that stands under `status` in CBOR (section 6.3).
    #[must_use]
    pub fn to_value(&self) -> Cbor {
        let list = vec![("idx".into(), Cbor::Int(self.index.into())), ("uri".into(), Cbor::text(&self.uri))];
        Cbor::Map(vec![("status_list".into(), Cbor::Map(list))])
    }

    /// Reads that map; other mechanisms beside `status_list` are not read.
    ///
    /// # Errors
    /// [`NoReference`].
    pub fn from_value(status: &Cbor) -> Result<Self, NoReference> {
        let list = status.get("status_list").ok_or(NoReference)?;
        let index = list.get("idx").and_then(Cbor::as_int).and_then(|index| u64::try_from(index).ok());
        Self::of(index, list.get("uri").and_then(Cbor::as_text))
    }
}
