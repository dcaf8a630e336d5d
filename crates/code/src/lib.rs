//! What stands on the screen: the text of a crossing code, its QR symbol, and the way back from a camera frame.
//!
//! Lives here: `CrossingCode` (framing), `base45`, `QrSymbol` (drawing), `read_frame` (reading), `picture`
//! (bounded decoding of picture files). Not here: what token, proof and parts mean (`credential`), whether
//! anybody should be let through.

pub mod base45;
mod crossing_code;
mod frame;
pub mod picture;
mod symbol;

pub use crossing_code::{CodeError, CrossingCode, FormFault, MAX_BYTES, MAX_CHARS, PREFIX, Parts};
pub use frame::{Effort, ReadError, read_frame, read_picture};
pub use symbol::{DrawError, QrSymbol, TerminalGround, fits_version};
