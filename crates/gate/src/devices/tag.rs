//! Tag: how a gate and a device of its own that shares a key know each other's messages.

use credential::SecretKey;

/// The header with the tag, in hexadecimal.
pub const TAG_HEADER: &str = "x-baypass-tag";

/// The tag of an answer: HMAC-SHA-256 under the shared key over label, kind, nonce and body.
#[must_use]
pub fn tag(key: &SecretKey, kind: &str, nonce: &[u8; 16], body: &[u8]) -> [u8; 32] {
    let mut message = Vec::with_capacity(body.len() + 40);
    message.extend_from_slice(b"bp1-gate-device\0");
    message.extend_from_slice(kind.as_bytes());
    message.push(0);
    message.extend_from_slice(nonce);
    message.extend_from_slice(body);
    key.tag(&message)
}

/// Constant-time comparison: what is compared are tags of the tags.
pub(super) fn same_tag(key: &SecretKey, expected: &[u8; 32], hexadecimal: Option<&str>) -> bool {
    hexadecimal.and_then(|t| hex::decode(t).ok()).is_some_and(|got| key.tag(&got) == key.tag(expected))
}
