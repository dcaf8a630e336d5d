//! Chip: what the chip of a travel document holds, and whether it is true (ICAO Doc 9303, parts 10, 11 and 12).
//!
//! Lives here: files and data groups ([`ChipFiles`], [`Group`]), passive authentication ([`authenticate`]), country signers
//! ([`CountrySigners`]), active authentication ([`AuthenticChip::prove_original`]), how files come out of a reader ([`ChipReader`],
//! [`HandedIn`]). Pure: files, lists, time and nonces are arguments. Not here: primitives (`credential::x509`), pixels
//! (`code::picture`), access to a chip (PACE, BAC), what a document allows (`documents`). What is checked in which order, and every
//! code: `docs/chip.md`.

pub mod active;
mod certificate;
mod country_signers;
mod file;
mod handed_in;
mod hash_list;
mod lds;
mod oid;
mod passive;
mod reader;
mod revocation;
mod signed_data;
mod simulated;
mod states;
mod tlv;

pub use active::{ActiveError, CopyCheck, Nonce, OriginalChip};
pub use certificate::MAX_CERTIFICATE;
pub use country_signers::{
    AHEAD_SECONDS, ChainError, CountryListError, CountrySigners, MAX_COUNTRY_SIGNERS, MAX_MASTER_LIST,
    MasterList, RevocationCheck,
};
pub use file::{ChipFiles, Contents, FileError, FileId, Group};
pub use handed_in::{HandedIn, HandedInError, MAX_HANDED_IN};
pub use lds::{
    ActiveAlgorithm, ActiveKey, DetailDate, DocumentDetails, FaceImage, HolderDetails, ImageKind, MAX_FACES,
    SecurityInfos, read_faces, read_zone,
};
pub use passive::{AuthenticChip, Comparison, PassiveError, authenticate, compare_unproven, listed_unproven};
pub use reader::{ChipReader, ChipReading, MAX_PIECE, ReadError, ReaderFault, read_chip};
pub use revocation::MAX_REVOCATION_LIST;
pub use signed_data::SignedDataError;
pub use simulated::SimulatedChip;
