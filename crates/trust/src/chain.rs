//! Chain: a trust list as it travels, behind the lists by which its root came down.
//!
//! Lives here: the form. Not here: whether one list follows another (`store`).

use credential::cbor::{CborError, Reader, Writer};
use credential::message::MAX_PAYLOAD;

/// Most lists that go before the newest one in a chain: two for each change of the root.
pub const MAX_PREDECESSORS: usize = 16;
/// Most bytes of one signed list: its payload, and signatures and heads.
const MAX_LIST: usize = MAX_PAYLOAD + 8 * 1024;

/// Lists in order, the newest last, as one byte string travels.
#[must_use]
pub fn chain<'b>(lists: impl IntoIterator<Item = &'b [u8]>) -> Vec<u8> {
    let lists: Vec<_> = lists.into_iter().collect();
    let mut w = Writer::new();
    w.array(lists.len());
    for list in lists {
        w.bytes(list);
    }
    w.finish()
}

/// The newest list of a chain and those before it, before anything is trusted.
///
/// # Errors
/// [`CborError`] where it is malformed.
pub fn links(bytes: &[u8]) -> Result<(&[u8], Vec<&[u8]>), CborError> {
    let mut r = Reader::new(bytes);
    let mut lists = Vec::new();
    for _ in 0..r.array(MAX_PREDECESSORS + 1)? {
        lists.push(r.bytes(MAX_LIST)?);
    }
    r.finish()?;
    Ok((lists.pop().ok_or(CborError::Limit)?, lists))
}
