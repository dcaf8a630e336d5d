//! Proximity: the connection between a holder and a reader, and why one of them stops (`docs/proximity.md`).
//!
//! Lives here: frames over TCP with an end to patience, [`Stop`]. Not here: the session (`openid4vc::proximity`), what is asked and answered
//! (`command::desk`, `command::wallet`). BLE or NFC would take the place of the stream.

use std::net::TcpStream;
use std::time::Duration;

use documents::redact_debug;
use openid4vc::dcql::AnswerError;
use openid4vc::mdoc::MdocError;
use openid4vc::proximity::{
    DeviceRequestError, EngagementError, FrameError, SessionError, SessionStatus, read_frame, write_frame,
};
use serde_json::{Value, json};
use venue::openid::{ClaimsFault, QueryError};
use verifier::StatusFault;

use crate::Ended;
use crate::failure::{self, Failure, of};

/// A stream of messages to the other side.
pub struct Connection(TcpStream);
redact_debug!(Connection);

impl Connection {
    /// Over this stream; the other side is waited for as long as `patience`, within a message too.
    pub fn new(stream: TcpStream, patience: Duration) -> Result<Self, Failure> {
        stream.set_read_timeout(Some(patience)).map_err(of)?;
        stream.set_write_timeout(Some(patience)).map_err(of)?;
        stream.set_nodelay(true).map_err(of)?;
        Ok(Self(stream))
    }

    /// Sends a message.
    pub fn send(&mut self, message: &[u8]) -> Result<(), FrameError> {
        write_frame(&mut self.0, message)
    }

    /// The next message; `None` where the other side went away.
    pub fn next(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        read_frame(&mut self.0)
    }

    /// Tells the other side of a fault of the session, where it does not know, and gives the fault. It may have gone already.
    pub fn fault(&mut self, fault: SessionError) -> Stop {
        if let Some(status) = fault.told().map(SessionStatus::message) {
            drop(self.send(&status));
        }
        fault.into()
    }
}

/// Why one side stops.
pub enum Stop {
    /// Somebody is refused.
    Refused {
        /// The stable code.
        code: &'static str,
        /// What happened and what to do next.
        detail: String,
    },
    /// The command could not answer.
    Failure(Failure),
}

impl Stop {
    /// A refusal in these words.
    pub fn refused(code: &'static str, detail: impl Into<String>) -> Self {
        Self::Refused { code, detail: detail.into() }
    }

    /// Ends the command: a refusal with exit code 3, with `rest` beside it in JSON.
    pub fn end(self, json: bool, said: &str, rest: Value) -> Result<Ended, Failure> {
        let (code, detail) = match self {
            Self::Refused { code, detail } => (code, detail),
            Self::Failure(failure) => return Err(failure),
        };
        if json {
            let mut told = rest;
            if let Some(told) = told.as_object_mut() {
                told.insert("refused".to_owned(), json!(code));
                told.insert("detail".to_owned(), json!(detail));
            }
            failure::print_json(&told)?;
        } else {
            failure::print(&format!("{said} ({code}): {detail}\n"))?;
        }
        Ok(Ended::Refused)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

macro_rules! refusals {
    ($($error:ty),+ $(,)?) => {$(
        impl From<$error> for Stop {
            fn from(error: $error) -> Self {
                Self::refused(error.code(), error.to_string())
            }
        }
    )+};
}
refusals!(
    AnswerError,
    ClaimsFault,
    DeviceRequestError,
    EngagementError,
    FrameError,
    MdocError,
    QueryError,
    SessionError,
    StatusFault,
);
