//! Status: the place of a credential in a Token Status List, and the list in JSON and CBOR (draft-ietf-oauth-status-list-20).
//!
//! Lives here: [`StatusReference`], [`ListToken`]. Not here: the bits of a list, and the border's own signed form
//! (`credential::status`); fetching; what a suspended credential means to a verifier.

mod list;

use credential::cbor::{CborError, Writer};
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
    pub fn to_cbor(&self) -> Vec<u8> {
        let mut list = Writer::new();
        list.map(1)
            .text("status_list")
            .map(2)
            .text("idx")
            .uint(u64::from(self.index))
            .text("uri")
            .text(&self.uri);
        list.finish()
    }

    /// Reads that map; other mechanisms beside `status_list` are not read.
    ///
    /// # Errors
    /// [`NoReference`].
    pub fn from_cbor(bytes: &[u8]) -> Result<Self, NoReference> {
        let read = || -> Result<(Option<u64>, Option<&str>), CborError> {
            let mut r = credential::cbor::Reader::new(bytes);
            let (mut index, mut uri) = (None, None);
            for _ in 0..r.map(8)? {
                if r.text(64)? != "status_list" {
                    r.skip()?;
                    continue;
                }
                for _ in 0..r.map(8)? {
                    match r.text(64)? {
                        "idx" if index.is_none() => index = Some(r.uint()?),
                        "uri" if uri.is_none() => uri = Some(r.text(MAX_URI_LEN)?),
                        "idx" | "uri" => return Err(CborError::Keys),
                        _ => r.skip().map(drop)?,
                    }
                }
            }
            r.finish()?;
            Ok((index, uri))
        };
        let (index, uri) = read().map_err(|_| NoReference)?;
        Self::of(index, uri)
    }
}
