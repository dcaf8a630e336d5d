//! Crossing codes: the text, its QR symbol, and reading it from a camera frame.
//!
//! Lives here: `CrossingCode` (framing), `base45`, `QrSymbol` (drawing), `read_frame` (reading), `picture`
//! (bounded decoding of picture files). Not here: the meaning of token, proof and parts (`credential`), any decision.

pub mod base45;
mod crossing_code;
mod frame;
pub mod picture;
mod symbol;

pub use crossing_code::{CodeError, CrossingCode, FormFault, MAX_BYTES, MAX_CHARS, PREFIX, Parts};
pub use frame::{Effort, ReadError, read_frame, read_picture};
pub use symbol::{DrawError, QrSymbol, TerminalGround, fits_version};
