//! Frames: messages of a session over a stream of bytes. Each is its length, four bytes with the highest first, and the message.
//!
//! Over BLE and NFC the transport says where a message ends; this is for streams that do not. It is of this program, not of the standard.

use std::io::{Read, Write};

use super::MAX_MESSAGE_LEN;

/// Why a message does not come through.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Longer than a message may be; nothing of it was read or written.
    #[error("a message of more than {MAX_MESSAGE_LEN} bytes")]
    TooLong,
    /// The stream ended within a message.
    #[error("the other side went away within a message; begin again with a new code")]
    Cut,
    /// The stream failed.
    #[error("the connection failed; begin again with a new code")]
    Io(#[source] std::io::Error),
}

impl FrameError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong => "frame_too_long",
            Self::Cut => "frame_cut",
            Self::Io(_) => "frame_io",
        }
    }
}

/// Reads the next message; `None` where the stream ends before one. Memory is taken as bytes come, not as the length says.
///
/// # Errors
/// [`FrameError`].
pub fn read_frame(from: &mut impl Read) -> Result<Option<Vec<u8>>, FrameError> {
    let mut head = Vec::new();
    from.by_ref().take(4).read_to_end(&mut head).map_err(FrameError::Io)?;
    let Ok(head) = <[u8; 4]>::try_from(head.as_slice()) else {
        return if head.is_empty() { Ok(None) } else { Err(FrameError::Cut) };
    };
    let len = u32::from_be_bytes(head);
    let fits = usize::try_from(len).is_ok_and(|len| len <= MAX_MESSAGE_LEN);
    if !fits {
        return Err(FrameError::TooLong);
    }
    let mut message = Vec::new();
    let read = from.by_ref().take(u64::from(len)).read_to_end(&mut message).map_err(FrameError::Io)?;
    if u32::try_from(read) == Ok(len) { Ok(Some(message)) } else { Err(FrameError::Cut) }
}

/// Writes a message.
///
/// # Errors
/// [`FrameError`].
pub fn write_frame(to: &mut impl Write, message: &[u8]) -> Result<(), FrameError> {
    let len = u32::try_from(message.len()).map_err(|_| FrameError::TooLong)?;
    if message.len() > MAX_MESSAGE_LEN {
        return Err(FrameError::TooLong);
    }
    let written = to.write_all(&len.to_be_bytes()).and_then(|()| to.write_all(message));
    written.and_then(|()| to.flush()).map_err(FrameError::Io)
}
