//! SD-CWT: signed claims of which a holder shows a part (draft-ietf-spice-sd-cwt-07 with the later fix of its nonce).
//!
//! Lives here: issuing, holding, presenting under a key (SD-KBT), verifying. Not here: which claims Bay Pass has (`venue`),
//! whose key may be trusted (`trust`). Departures from the draft:
//! - A hash is over the disclosure's byte string with its head, as the published tokens have it; the draft's prose says
//!   otherwise.
//! - Refused though the draft is silent: a hash twice in a token, a disclosure twice, a never-redacted claim as a disclosure,
//!   a decoy's disclosure in a presentation, anything in the unprotected header of a KBT (no signature covers it).
//! - Not read: encrypted disclosures (header 171), hashes other than SHA-256, device keys other than P-256.

mod disclosure;
mod held;
mod issue;
mod numeric_date;
mod placing;
mod presentation;
mod signed;
mod value;

pub use disclosure::{Content, Disclosure, SALT_LEN};
pub use held::{Held, HolderError, KeyBinding};
pub use issue::{Blueprint, Element, Entry, IssueError, issue};
pub use numeric_date::TimeError;
pub use placing::{Place, PlacingError, Step};
pub use presentation::{Expected, UnverifiedPresentation, VerifiedPresentation, VerifyError};
pub use signed::{FormError, MAX_LEN, SdCwt, SignatureKey};
pub use value::{Encoding, Items, Key, MAX_LEVEL, Value};

/// COSE algorithm number of ESP256: ECDSA on P-256 with SHA-256, fully specified (RFC 9864, 2.1).
pub const ESP256: i64 = -9;
/// Type of an SD-CWT (header 16).
pub const TYPE_SD_CWT: u16 = 293;
/// Type of a key binding token (header 16).
pub const TYPE_KB_CWT: u16 = 294;

/// Claims of CWTs (RFC 8392, 4) and of this draft, by their labels.
pub mod label {
    /// Issuer.
    pub const ISS: i64 = 1;
    /// Subject.
    pub const SUB: i64 = 2;
    /// Audience.
    pub const AUD: i64 = 3;
    /// End.
    pub const EXP: i64 = 4;
    /// Beginning.
    pub const NBF: i64 = 5;
    /// Time of issue.
    pub const IAT: i64 = 6;
    /// Id.
    pub const CTI: i64 = 7;
    /// The holder's key (RFC 8747, 3).
    pub const CNF: i64 = 8;
    /// Type of the credential.
    pub const VCT: i64 = 11;
    /// Nonce of the client or of the verifier.
    pub const CNONCE: i64 = 39;
    /// Status (draft-ietf-oauth-status-list-20, 6.3).
    pub const STATUS: i64 = 65_535;
    /// Claims that are never redacted.
    pub const NEVER_REDACTED: [i64; 8] = [ISS, AUD, EXP, NBF, IAT, CTI, CNF, CNONCE];
}

/// Tag of a redacted element of an array.
const TAG_REDACTED: u64 = 60;
/// Tags of what is to be redacted, and of a decoy to be made: they stand in what goes to an issuer alone.
const TAGS_BEFORE_ISSUE: [u64; 2] = [58, 62];
