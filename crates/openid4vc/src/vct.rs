//! Types of SD-JWT VCs: the hash by which an issuer names a type's metadata (SD-JWT VC, 7; W3C SRI, 3.3).
//!
//! Lives here: [`integrity`], [`integrity_holds`]. Not here: fetching metadata: a verifier has it at hand, or goes without.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use credential::x509::HashKind;

const HASHES: [(&str, HashKind); 3] =
    [("sha256-", HashKind::Sha256), ("sha384-", HashKind::Sha384), ("sha512-", HashKind::Sha512)];

/// The text that stands in `vct#integrity` for a document, by SHA-256.
#[must_use]
pub fn integrity(document: &[u8]) -> String {
    format!("sha256-{}", STANDARD.encode(HashKind::Sha256.digest(document)))
}

/// Whether a document is the one that an integrity text names: one of the hashes of the strongest algorithm in it is the
/// document's (W3C SRI, 3.3.4). A text without any known hash names no document.
#[must_use]
pub fn integrity_holds(said: &str, document: &[u8]) -> bool {
    // Options behind a question mark are set aside (W3C SRI, 3.5).
    let parts =
        || said.split_ascii_whitespace().map(|part| part.split_once('?').map_or(part, |(hash, _)| hash));
    let strongest = HASHES.iter().rev().find(|(name, _)| parts().any(|part| part.starts_with(name)));
    strongest.is_some_and(|(name, hash)| {
        let own = STANDARD.encode(hash.digest(document));
        parts().filter_map(|part| part.strip_prefix(name)).any(|named| named == own)
    })
}
