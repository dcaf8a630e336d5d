//! Error: why a line is no message, or a message cannot be written.

/// Why a line is not taken, or not made. No variant repeats a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SipError {
    /// Shorter than an id.
    #[error("the library's system sent a line without a message; ask its operator")]
    Short,
    /// More than [`crate::MAX_LINE`] bytes without an end.
    #[error("the library's system sent a line longer than 16 KiB; ask its operator")]
    TooLong,
    /// No message has this id.
    #[error("the library's system sent a message that this protocol does not have; ask its operator")]
    UnknownKind,
    /// The fields without names are cut short, or hold what they may not.
    #[error("the fixed fields of message {0} are malformed; ask the library's operator")]
    Fixed(&'static str),
    /// A date has no form of one.
    #[error("a date in message {0} is malformed; ask the library's operator")]
    Date(&'static str),
    /// A field has no name, or no end.
    #[error("a field of message {0} is malformed; ask the library's operator")]
    Field(&'static str),
    /// A control character stands in the line.
    #[error("the library's system sent a control character; ask its operator")]
    Control,
    /// The checksum is another one than that of the bytes.
    #[error("a message was damaged on its way; it is asked for again")]
    Checksum,
    /// Error detection is agreed, and the message has no checksum.
    #[error(
        "the library's system sent no checksum; set error_detection for this library as its operator has it"
    )]
    NoChecksum,
    /// What stands behind the sequence number or checksum.
    #[error("the end of message {0} is malformed; ask the library's operator")]
    Tail(&'static str),
    /// A text has a character that the library's character set lacks.
    #[error(
        "a text has a character that the library's character set does not have; choose UTF-8 for this library if it can"
    )]
    Charset,
    /// Bytes that are no text in the library's character set.
    #[error(
        "the library's system sent a text that is not in the agreed character set; set charset for this library"
    )]
    NotText,
    /// A value that must be told as it is has a `|` or a control character, or is longer than 255 bytes.
    #[error("a number has a character that this protocol cannot carry; read the code again")]
    Value,
    /// The message is another one than is asked for here.
    #[error("the library's system answered with another message than was asked for; ask its operator")]
    OtherKind,
}

impl SipError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Short => "sip_short",
            Self::TooLong => "sip_too_long",
            Self::UnknownKind => "sip_unknown_message",
            Self::Fixed(_) => "sip_fixed",
            Self::Date(_) => "sip_date",
            Self::Field(_) => "sip_field",
            Self::Control => "sip_control",
            Self::Checksum => "sip_checksum",
            Self::NoChecksum => "sip_no_checksum",
            Self::Tail(_) => "sip_tail",
            Self::Charset => "sip_charset",
            Self::NotText => "sip_not_text",
            Self::Value => "sip_value",
            Self::OtherKind => "sip_other_message",
        }
    }
}
