//! Lds: what is in the data groups that are read (ICAO Doc 9303-10, 4.7; the logical data structure, version 1).
//!
//! Lives here: readers of DG1 (`zone`), DG2 (`face`), DG11 and DG12 (`details`), DG14 and DG15 (`security`). Each takes a file whole
//! and to its last byte. Not here: whether its issuer wrote it ([`crate::AuthenticChip`]).

mod details;
mod face;
mod security;
mod zone;

pub use details::{DetailDate, DocumentDetails, HolderDetails};
pub use face::{FaceImage, ImageKind, MAX_FACES, read_faces};
pub use security::{ActiveAlgorithm, ActiveKey, SecurityInfos};
pub use zone::read_zone;
