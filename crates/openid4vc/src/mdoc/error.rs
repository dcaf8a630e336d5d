//! Why an mdoc is refused: one cause, one code, one next step.

use credential::CryptoError;
use credential::cbor::CborError;
use credential::x5c::X5cError;

use crate::signed::chain_code;

/// Why an mdoc or its presentation is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MdocError {
    /// The bytes are no CBOR of this form.
    #[error("malformed mdoc: {0}")]
    Form(#[from] CborError),
    /// Another version of the response or of the issuer's object than 1.0.
    #[error("the mdoc has another version than 1.0")]
    Version,
    /// The response says that something went wrong at the holder's device.
    #[error("the holder's device reports a fault; ask again")]
    ResponseStatus,
    /// None or several documents in one response.
    #[error("a response holds exactly one document")]
    Documents,
    /// A signature without an algorithm, or with a critical header.
    #[error("a signature's header is malformed")]
    Header,
    /// Another algorithm than ES256.
    #[error("a signature is of another algorithm; sign with ES256")]
    Algorithm,
    /// No certificates stand beside the issuer's signature.
    #[error("the mdoc names no certificate of its issuer")]
    NoCertificate,
    /// The issuer's certificates do not count.
    #[error("the issuer's certificate: {0}")]
    Certificate(#[from] X5cError),
    /// The issuer's signature.
    #[error("the issuer's signature is not that of its certificate")]
    Signature,
    /// The issuer signed another type than the one that the response names.
    #[error("the issuer signed a document of another type")]
    DocType,
    /// Digests by an algorithm that is not read.
    #[error("the digests are of an algorithm that is not read; use SHA-256")]
    DigestAlgorithm,
    /// An element whose digest the issuer did not sign.
    #[error("an element is none of those that the issuer signed")]
    NotSigned,
    /// An element with another digest than the one that was signed.
    #[error("an element was changed after it was signed")]
    Digest,
    /// An element or a digest's number stands twice.
    #[error("an element stands twice in the mdoc")]
    ElementRepeated,
    /// The device key is none on P-256.
    #[error("the mdoc's device key is not on P-256")]
    DeviceKey,
    /// Validity that ends before it begins, or begins before the signature.
    #[error("the mdoc's times contradict each other")]
    Times,
    /// Signed when the signer's certificate was not valid.
    #[error("the mdoc was signed outside of its signer's validity")]
    SignedOutside,
    /// Not valid any more.
    #[error("the mdoc has expired; fetch a new one")]
    Expired,
    /// Not valid yet.
    #[error("the mdoc is not valid yet")]
    NotYetValid,
    /// The issuing country is not that of the signer's certificate.
    #[error("the mdoc names another country than its signer's")]
    Country,
    /// The status is malformed.
    #[error("the mdoc's status is malformed")]
    Status,
    /// The holder's device did not sign.
    #[error("the holder's signature is missing")]
    DeviceMissing,
    /// The holder's device made a MAC, which no verifier online can check.
    #[error("the holder's device sent a MAC in place of a signature")]
    DeviceMac,
    /// The holder's MAC: of another key, or over another session.
    #[error("the holder's MAC is not over this session, or not of the mdoc's key")]
    DeviceMacOther,
    /// The holder's signature: of another key, or over another request.
    #[error("the holder's signature is not over this request, or not of the mdoc's key")]
    DeviceSignature,
    /// The device added an element that the issuer did not allow it.
    #[error("the holder's device added an element that the issuer does not allow")]
    DeviceElement,
    /// Bound to another key than the one that was sent.
    #[error("the mdoc is bound to another key")]
    OtherKey,
    /// The crypto library failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl MdocError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Form(_) => "mdoc_form",
            Self::Version => "mdoc_version",
            Self::ResponseStatus => "mdoc_response_status",
            Self::Documents => "mdoc_documents",
            Self::Header => "mdoc_header",
            Self::Algorithm => "mdoc_algorithm",
            Self::NoCertificate => "mdoc_no_certificate",
            Self::Certificate(chain) => chain_code(chain),
            Self::Signature => "mdoc_signature",
            Self::DocType => "mdoc_type",
            Self::DigestAlgorithm => "mdoc_digest_algorithm",
            Self::NotSigned => "mdoc_element_not_signed",
            Self::Digest => "mdoc_digest",
            Self::ElementRepeated => "mdoc_element_repeated",
            Self::DeviceKey => "mdoc_device_key",
            Self::Times => "mdoc_times",
            Self::SignedOutside => "mdoc_signed_outside",
            Self::Expired => "credential_expired",
            Self::NotYetValid => "credential_not_yet_valid",
            Self::Country => "mdoc_country",
            Self::Status => "mdoc_status",
            Self::DeviceMissing => "mdoc_device_missing",
            Self::DeviceMac => "mdoc_device_mac",
            Self::DeviceMacOther => "mdoc_device_mac_other",
            Self::DeviceSignature => "mdoc_device_signature",
            Self::DeviceElement => "mdoc_device_element",
            Self::OtherKey => "mdoc_other_key",
            Self::Crypto(_) => "crypto",
        }
    }
}
