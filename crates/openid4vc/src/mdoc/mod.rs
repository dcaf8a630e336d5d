//! mdoc: signed elements in CBOR of which a holder shows some (ISO/IEC 18013-5), as HAIP 1.0 presents them.
//!
//! Lives here: issuing, holding, presenting under a device key, verifying, session transcripts. Not here: which elements a document has,
//! which issuer counts, requests and sessions in proximity (`proximity`). The texts of ISO are not public: points rest on public
//! implementations and their examples. Read are heads of any length, for hashes are over bytes as they came; written is
//! deterministic CBOR. Signatures are ES256 (-7, or -9 by its newer number) alone; a device's MAC counts where a reader in proximity has its key.

mod encrypted;
mod error;
mod held;
mod issue;
mod items;
mod mso;
pub(crate) mod sign1;
mod transcript;
mod verify;

pub use credential::sd_cwt::Value;
pub use encrypted::{EncryptedResponse, NotEncryptedResponse, encryption_info};
pub use error::MdocError;
pub use held::{Held, response};
pub use issue::{Credential, IssueError, NameSpace, RANDOM_LEN, Validity, issue};
pub use items::{DeviceResponse, Document, IssuerSigned};
pub use mso::SecurityObject;
pub use transcript::SessionTranscript;
pub use verify::{Elements, Expected, Verified, verify};

/// The text of an element: as it stands, or of a day under its tag (RFC 8943).
#[must_use]
pub fn text(element: &Value) -> Option<&str> {
    if let Value::Tag(1004, day) = element { day.as_text() } else { element.as_text() }
}

/// The name of the format in `OpenID4VC`.
pub const FORMAT: &str = "mso_mdoc";
/// Longest response or credential that is read, in bytes.
pub const MAX_LEN: usize = 1 << 20;
/// Tag of encoded CBOR in a byte string (RFC 8949, 3.4.5.1).
pub(crate) const ENCODED: u64 = 24;
