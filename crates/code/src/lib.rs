//! Crossing codes and codes of venues: the text, its QR symbol, and reading it from a camera frame.
//!
//! Lives here: `CrossingCode`, `VenueCode` (framing), `base45`, `QrSymbol` (drawing), `read_frame` (reading), `picture`
//! (bounded decoding of picture files). Not here: the meaning of token, proof and parts (`credential`), any decision.

pub mod base45;
mod crossing_code;
mod frame;
pub mod picture;
mod symbol;
mod venue_code;

pub use crossing_code::{CodeError, CrossingCode, FormFault, MAX_BYTES, MAX_CHARS, PREFIX, Parts};
pub use frame::{Effort, ReadError, read_frame, read_frame_for, read_picture, read_picture_for};
pub use symbol::{DrawError, MAX_LINK_LEN, QrSymbol, TerminalGround, fits_version};
pub use venue_code::{
    ANSWER_PREFIX, MAX_VENUE_BYTES, MAX_VENUE_CHARS, REQUEST_PREFIX, VenueCode, VenueCodeError, VenueCodeKind,
};
