//! Proximity: an mdoc is shown to a reader that stands before its holder (ISO/IEC 18013-5, 8.2, 8.3 and 9.1).
//!
//! Lives here: device engagement, session encryption in both directions, requests with the reader's signature, what a holder chooses and
//! answers, and frames by which messages travel over a stream of bytes. Not here: documents and their proof (`mdoc`), BLE, NFC and sockets,
//! which reader or issuer counts. The texts of ISO are not public: points rest on public implementations and the examples of annex D.

mod engagement;
mod frame;
mod request;
mod response;
mod session;

pub use engagement::{DeviceEngagement, EngagementError, Handover, MAX_ENGAGEMENT_LEN};
pub use frame::{FrameError, read_frame, write_frame};
pub use request::{
    DeviceRequest, DeviceRequestError, DocRequest, Element, NewDocRequest, Reader, ReaderSigner, Unproven,
    asked_by, device_request,
};
pub use response::{Chosen, HeldMdoc};
pub use session::{
    Engaged, HolderSession, MAX_MESSAGE_LEN, ReaderSession, Received, SessionError, SessionStatus,
};

use credential::PublicKey;
use credential::cbor::CborError;
use credential::sd_cwt::{Encoding, Items, Value};

use crate::cose;
use crate::mdoc::{ENCODED, MdocError};

/// What is wrong with the form, where only that can be.
fn form(fault: MdocError) -> CborError {
    if let MdocError::Form(fault) = fault { fault } else { CborError::Unexpected }
}

/// Reads tag 24 around the COSE_Key of a session: its bytes, and the key where it is one on P-256.
fn key_bytes<'b>(items: &mut Items<'b>) -> Result<(&'b [u8], Option<PublicKey>), CborError> {
    items.tag(ENCODED)?;
    let bytes = items.bytes()?;
    let key = Value::decode(bytes, Encoding::Any, 1)?;
    Ok((bytes, cose::read_key(&key)))
}
