//! Refusal: the codes of RFC 6749, RFC 9126, RFC 9449, RFC 6750 and OpenID4VCI 1.0, and what to do next.
//!
//! Lives here: each code once. Not here: the HTTP status, which belongs to the endpoint.

use std::fmt;

macro_rules! codes {
    ($($name:ident = $code:literal;)+) => {
        /// The code of a refusal, as the standards name it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RefusalCode {
            $(#[doc = concat!("`", $code, "`")] $name,)+
        }

        impl RefusalCode {
            /// The code as it is sent.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }
        }
    };
}

codes! {
    InvalidRequest = "invalid_request";
    InvalidClient = "invalid_client";
    InvalidGrant = "invalid_grant";
    InvalidScope = "invalid_scope";
    UnsupportedGrantType = "unsupported_grant_type";
    UnsupportedResponseType = "unsupported_response_type";
    RequestNotSupported = "request_not_supported";
    AccessDenied = "access_denied";
    TemporarilyUnavailable = "temporarily_unavailable";
    ServerError = "server_error";
    InvalidDpopProof = "invalid_dpop_proof";
    UseDpopNonce = "use_dpop_nonce";
    InvalidToken = "invalid_token";
    InvalidCredentialRequest = "invalid_credential_request";
    UnknownCredentialConfiguration = "unknown_credential_configuration";
    UnknownCredentialIdentifier = "unknown_credential_identifier";
    InvalidProof = "invalid_proof";
    InvalidNonce = "invalid_nonce";
    InvalidEncryptionParameters = "invalid_encryption_parameters";
    CredentialRequestDenied = "credential_request_denied";
    InvalidTransactionId = "invalid_transaction_id";
    InvalidNotificationId = "invalid_notification_id";
    InvalidNotificationRequest = "invalid_notification_request";
}

/// Why a request is refused: a code of the standards, and a sentence that says what to do next. It repeats nothing that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The code.
    pub code: RefusalCode,
    /// What to do next.
    pub description: &'static str,
}

impl Refusal {
    /// A refusal.
    #[must_use]
    pub const fn new(code: RefusalCode, description: &'static str) -> Self {
        Self { code, description }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.code(), self.description)
    }
}

impl std::error::Error for Refusal {}
