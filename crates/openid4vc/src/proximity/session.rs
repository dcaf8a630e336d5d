//! Session: the encryption of everything that reader and holder say to each other (ISO/IEC 18013-5, 9.1.1).
//!
//! Lives here: the states of both ends. Not here: what they say (`request`, `mdoc`). One side speaks after the other; the first wrong message
//! ends a session, and its keys are gone with it.

use credential::agreement::{AgreementKey, IDENTIFIER_LEN, SessionCipher};
use credential::cbor::{CborError, Writer};
use credential::sd_cwt::{Encoding, Items};
use credential::{CryptoError, PublicKey};
use documents::redact_debug;

use super::{DeviceEngagement, EngagementError, Handover, form, key_bytes};
use crate::cose;
use crate::mdoc::sign1::members;
use crate::mdoc::{ENCODED, MAX_LEN, SessionTranscript};

/// Longest message of a session, in bytes: the longest response, and what stands around it.
pub const MAX_MESSAGE_LEN: usize = MAX_LEN + 1_024;
/// Identifiers of both directions (9.1.1.5).
const READER: [u8; IDENTIFIER_LEN] = [0; IDENTIFIER_LEN];
const DEVICE: [u8; IDENTIFIER_LEN] = [0, 0, 0, 0, 0, 0, 0, 1];

/// What one side tells the other of the session (9.1.1.4, table 20).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionStatus {
    /// A message could not be decrypted.
    EncryptionError,
    /// A message could not be read.
    DecodingError,
    /// The session is over.
    Termination,
}

impl SessionStatus {
    /// Its number.
    #[must_use]
    pub const fn number(self) -> u64 {
        match self {
            Self::EncryptionError => 10,
            Self::DecodingError => 11,
            Self::Termination => 20,
        }
    }

    /// A message that says it, and nothing else.
    #[must_use]
    pub fn message(self) -> Vec<u8> {
        Writer::new().map(1).text("status").uint(self.number()).finish()
    }
}

/// Why a session does not begin or go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// Longer than is read or sent.
    #[error("a message of the session is longer than {MAX_MESSAGE_LEN} bytes")]
    TooLong,
    /// The bytes are no message of a session.
    #[error("malformed message of a session: {0}")]
    Form(#[from] CborError),
    /// The reader's key is none on P-256, or the holder's own.
    #[error("the reader's key for the session is not one on P-256 of its own")]
    Key,
    /// It does not open: changed, of another session or direction, sent again, or out of order.
    #[error("a message does not open in this session; begin again with a new code")]
    Decryption,
    /// Data came, or was to be sent, when it was the other side's turn.
    #[error("a message came out of turn; begin again with a new code")]
    OutOfTurn,
    /// The session is over.
    #[error("the session is over; begin again with a new code")]
    Ended,
    /// The other side could not decrypt what it got.
    #[error("the other side could not decrypt (status 10); begin again with a new code")]
    PeerEncryption,
    /// The other side could not read what it got.
    #[error("the other side could not read what it got (status 11); begin again with a new code")]
    PeerDecoding,
    /// A status that is not known.
    #[error("the other side sent a status that is not known")]
    Status,
    /// The crypto library failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl SessionError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLong => "session_too_long",
            Self::Form(_) => "session_form",
            Self::Key => "session_key",
            Self::Decryption => "session_decryption",
            Self::OutOfTurn => "session_out_of_turn",
            Self::Ended => "session_ended",
            Self::PeerEncryption => "session_peer_encryption",
            Self::PeerDecoding => "session_peer_decoding",
            Self::Status => "session_status",
            Self::Crypto(_) => "crypto",
        }
    }

    /// What the other side is told of it; `None` where it knows.
    #[must_use]
    pub const fn told(self) -> Option<SessionStatus> {
        match self {
            Self::Key | Self::Decryption => Some(SessionStatus::EncryptionError),
            Self::TooLong | Self::Form(_) => Some(SessionStatus::DecodingError),
            Self::OutOfTurn | Self::Status | Self::Crypto(_) => Some(SessionStatus::Termination),
            Self::Ended | Self::PeerEncryption | Self::PeerDecoding => None,
        }
    }
}

/// What came from the other side.
#[derive(Clone, PartialEq, Eq)]
pub enum Received {
    /// Something that was said, decrypted.
    Data {
        /// It.
        plain: Vec<u8>,
        /// Whether the session ended with it.
        last: bool,
    },
    /// The session is over.
    Terminated,
}
redact_debug!(Received);

/// A message, read apart: `SessionEstablishment` with a key, `SessionData` without.
struct Message<'m> {
    reader_key: Option<(&'m [u8], Option<PublicKey>)>,
    data: Option<&'m [u8]>,
    status: Option<i128>,
}

impl<'m> Message<'m> {
    fn read(bytes: &'m [u8]) -> Result<Self, SessionError> {
        if bytes.len() > MAX_MESSAGE_LEN {
            return Err(SessionError::TooLong);
        }
        let mut items = Items::new(bytes, Encoding::Any);
        let mut read = Self { reader_key: None, data: None, status: None };
        let members = members(&mut items, |name, items| {
            match name {
                "eReaderKey" => read.reader_key = Some(key_bytes(items)?),
                "data" => read.data = Some(items.bytes()?),
                "status" => read.status = Some(items.value(1)?.as_int().ok_or(CborError::Unexpected)?),
                _ => drop(items.value(1)?),
            }
            Ok(())
        });
        members.map_err(form)?;
        items.finish()?;
        Ok(read)
    }
}

fn data_message(sealed: &[u8], last: bool) -> Vec<u8> {
    let mut out = Writer::new();
    out.map(1 + usize::from(last)).text("data").bytes(sealed);
    if last {
        out.text("status").uint(SessionStatus::Termination.number());
    }
    out.finish()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Ours,
    Theirs,
}

/// Both directions of a session, while it lasts.
struct Ciphers {
    sealing: SessionCipher,
    opening: SessionCipher,
    turn: Turn,
}

enum State {
    Open(Box<Ciphers>),
    Ended,
}

impl State {
    /// Encrypts what is said in our turn.
    fn seal(&mut self, plain: &[u8], last: bool) -> Result<Vec<u8>, SessionError> {
        let Self::Open(ciphers) = self else { return Err(SessionError::Ended) };
        if ciphers.turn != Turn::Ours {
            return Err(SessionError::OutOfTurn);
        }
        if plain.len() > MAX_LEN {
            return Err(SessionError::TooLong);
        }
        let sealed = ciphers.sealing.seal(plain)?;
        ciphers.turn = Turn::Theirs;
        if last {
            *self = Self::Ended;
        }
        Ok(sealed)
    }

    /// Takes a message. Whatever is wrong with it, the session is over then.
    fn receive(&mut self, message: &[u8]) -> Result<Received, SessionError> {
        let Self::Open(mut ciphers) = std::mem::replace(self, Self::Ended) else {
            return Err(SessionError::Ended);
        };
        let message = Message::read(message)?;
        if message.reader_key.is_some() {
            return Err(SessionError::OutOfTurn);
        }
        let last = match message.status {
            None => false,
            Some(20) => true,
            Some(10) => return Err(SessionError::PeerEncryption),
            Some(11) => return Err(SessionError::PeerDecoding),
            Some(_) => return Err(SessionError::Status),
        };
        let Some(sealed) = message.data else {
            return if last { Ok(Received::Terminated) } else { Err(CborError::Unexpected.into()) };
        };
        if ciphers.turn != Turn::Theirs {
            return Err(SessionError::OutOfTurn);
        }
        let plain = ciphers.opening.open(sealed).map_err(|_| SessionError::Decryption)?;
        if !last {
            ciphers.turn = Turn::Ours;
            *self = Self::Open(ciphers);
        }
        Ok(Received::Data { plain, last })
    }

    /// Ends the session: the message that says so, where it lasted until now.
    fn end(&mut self) -> Option<Vec<u8>> {
        match std::mem::replace(self, Self::Ended) {
            Self::Open(_) => Some(SessionStatus::Termination.message()),
            Self::Ended => None,
        }
    }
}

/// The keys of both directions (9.1.1.5), by the end whose key this is.
fn ciphers(
    own: &AgreementKey,
    other: &PublicKey,
    transcript: &SessionTranscript,
) -> Result<(SessionCipher, SessionCipher), CryptoError> {
    let (secret, salt) = (own.agree(other)?, transcript.salt());
    Ok((secret.cipher(&salt, "SKReader", READER)?, secret.cipher(&salt, "SKDevice", DEVICE)?))
}

/// A holder who has shown an engagement and waits for one reader.
pub struct Engaged {
    key: AgreementKey,
    engagement: DeviceEngagement,
}
redact_debug!(Engaged);

impl Engaged {
    /// Makes the engagement of a key that was drawn for this one session.
    ///
    /// # Errors
    /// [`EngagementError`].
    pub fn new(key: AgreementKey, retrieval: Option<&[u8]>) -> Result<Self, EngagementError> {
        let engagement = DeviceEngagement::new(key.public(), retrieval)?;
        Ok(Self { key, engagement })
    }

    /// The same by an engagement that was made elsewhere, over NFC say.
    ///
    /// # Errors
    /// [`EngagementError::Key`]: the engagement is of another key.
    pub fn with(key: AgreementKey, engagement: DeviceEngagement) -> Result<Self, EngagementError> {
        if engagement.device_key() == key.public() {
            Ok(Self { key, engagement })
        } else {
            Err(EngagementError::Key)
        }
    }

    /// What is shown.
    #[must_use]
    pub const fn engagement(&self) -> &DeviceEngagement {
        &self.engagement
    }

    /// Takes the first message, `SessionEstablishment`, and gives the session and the request in it. An engagement serves once: whatever is wrong
    /// with the message, another code has to be shown.
    ///
    /// # Errors
    /// [`SessionError`] for the first fault.
    pub fn establish(
        self,
        message: &[u8],
        handover: &Handover,
    ) -> Result<(HolderSession, Vec<u8>), SessionError> {
        let message = Message::read(message)?;
        match message.status {
            None => {}
            Some(10) => return Err(SessionError::PeerEncryption),
            Some(11) => return Err(SessionError::PeerDecoding),
            Some(20) => return Err(SessionError::Ended),
            Some(_) => return Err(SessionError::Status),
        }
        let (Some((bytes, reader)), Some(data)) = (message.reader_key, message.data) else {
            return Err(CborError::Unexpected.into());
        };
        let reader = reader.filter(|reader| reader != self.key.public()).ok_or(SessionError::Key)?;
        let transcript = SessionTranscript::proximity(self.engagement.as_bytes(), bytes, &handover.encode())?;
        let (mut opening, sealing) = ciphers(&self.key, &reader, &transcript)?;
        let request = opening.open(data).map_err(|_| SessionError::Decryption)?;
        let state = State::Open(Box::new(Ciphers { sealing, opening, turn: Turn::Ours }));
        Ok((HolderSession { state, transcript }, request))
    }
}

/// The holder's end of a session.
pub struct HolderSession {
    state: State,
    transcript: SessionTranscript,
}
redact_debug!(HolderSession);

impl HolderSession {
    /// To what signatures of both sides are bound.
    #[must_use]
    pub const fn transcript(&self) -> &SessionTranscript {
        &self.transcript
    }

    /// Encrypts a response, and with `last` ends the session by it.
    ///
    /// # Errors
    /// [`SessionError`]: nothing was asked, the session is over, the response is too long.
    pub fn answer(&mut self, response: &[u8], last: bool) -> Result<Vec<u8>, SessionError> {
        Ok(data_message(&self.state.seal(response, last)?, last))
    }

    /// Takes a further message of the reader.
    ///
    /// # Errors
    /// [`SessionError`] for the first fault; the session is over then.
    pub fn receive(&mut self, message: &[u8]) -> Result<Received, SessionError> {
        self.state.receive(message)
    }

    /// Ends the session: the message that says so, where it lasted until now.
    pub fn end(&mut self) -> Option<Vec<u8>> {
        self.state.end()
    }
}

/// The reader's end of a session.
pub struct ReaderSession {
    state: State,
    transcript: SessionTranscript,
    key: AgreementKey,
    /// The COSE_Key for the first message; `None` after it.
    first: Option<Vec<u8>>,
}
redact_debug!(ReaderSession);

impl ReaderSession {
    /// A session with the holder of this engagement, by a key that was drawn for it alone.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn new(
        engagement: &DeviceEngagement,
        handover: &Handover,
        key: AgreementKey,
    ) -> Result<Self, SessionError> {
        let bytes = cose::key_value(key.public())?.encode();
        let transcript = SessionTranscript::proximity(engagement.as_bytes(), &bytes, &handover.encode())?;
        let (sealing, opening) = ciphers(&key, engagement.device_key(), &transcript)?;
        let state = State::Open(Box::new(Ciphers { sealing, opening, turn: Turn::Ours }));
        Ok(Self { state, transcript, key, first: Some(bytes) })
    }

    /// To what signatures of both sides are bound.
    #[must_use]
    pub const fn transcript(&self) -> &SessionTranscript {
        &self.transcript
    }

    /// The reader's key, by which a device's MAC is checked, also of the response that ended the session; it goes with this value.
    #[must_use]
    pub const fn key(&self) -> &AgreementKey {
        &self.key
    }

    /// Encrypts a request: `SessionEstablishment` first, then `SessionData`.
    ///
    /// # Errors
    /// [`SessionError`]: a response is waited for, the session is over, the request is too long.
    pub fn ask(&mut self, request: &[u8]) -> Result<Vec<u8>, SessionError> {
        let sealed = self.state.seal(request, false)?;
        Ok(match self.first.take() {
            Some(key) => {
                let mut out = Writer::new();
                out.map(2).text("data").bytes(&sealed).text("eReaderKey").tag(ENCODED).bytes(&key);
                out.finish()
            }
            None => data_message(&sealed, false),
        })
    }

    /// Takes a message of the holder.
    ///
    /// # Errors
    /// [`SessionError`] for the first fault; the session is over then.
    pub fn receive(&mut self, message: &[u8]) -> Result<Received, SessionError> {
        self.state.receive(message)
    }

    /// Ends the session: the message that says so, where it lasted until now.
    pub fn end(&mut self) -> Option<Vec<u8>> {
        self.state.end()
    }
}
