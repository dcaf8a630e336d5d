//! What a wallet posts to the response address, or gives to a page: an encrypted answer, or an error in plain (`OpenID4VP` 1.0, 8.2
//! and 8.5).

use documents::redact_debug;

use crate::mdoc::NotEncryptedResponse;

/// Longest form that is read, in characters.
pub const MAX_FORM_LEN: usize = credential::jose::MAX_JWE_LEN + 4096;

/// What was posted.
#[derive(Clone, PartialEq, Eq)]
pub enum Posted {
    /// An encrypted answer.
    Encrypted(String),
    /// An error: it may come in plain, for there was nothing to encrypt it to, or nothing in it to hide.
    Error {
        /// Its code.
        error: String,
        /// The request's state.
        state: Option<String>,
    },
}
redact_debug!(Posted);

/// Why a form is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PostedError {
    /// Too long, a parameter twice, or neither answer nor error.
    #[error("the form is no answer to a request")]
    Form,
    /// A presentation in plain, though the request asked for encryption.
    #[error("the answer is not encrypted; encrypt it to the request's key")]
    NotEncrypted,
    /// By a protocol that no page of a verifier asks by.
    #[error("the answer is by a protocol that was not asked by")]
    Protocol,
    /// By `org-iso-mdoc`, and no encrypted response.
    #[error(transparent)]
    Encrypted(#[from] NotEncryptedResponse),
}

impl PostedError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Form => "response_form",
            Self::NotEncrypted => "response_not_encrypted",
            Self::Protocol => "response_protocol",
            Self::Encrypted(_) => "response_encrypted_form",
        }
    }
}

impl Posted {
    /// Reads the body of a form (`application/x-www-form-urlencoded`); unknown parameters are ignored.
    ///
    /// # Errors
    /// [`PostedError`].
    pub fn read(form: &[u8]) -> Result<Self, PostedError> {
        if form.len() > MAX_FORM_LEN {
            return Err(PostedError::Form);
        }
        let (mut response, mut error, mut state, mut plain) = (None, None, None, None);
        for (name, value) in form_urlencoded::parse(form) {
            let place = match name.as_ref() {
                "response" => &mut response,
                "error" => &mut error,
                "state" => &mut state,
                "vp_token" => &mut plain,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return Err(PostedError::Form);
            }
        }
        match (response, error, plain) {
            (Some(response), None, None) => Ok(Self::Encrypted(response)),
            (None, Some(error), None) => Ok(Self::Error { error, state }),
            (None, None, Some(_)) => Err(PostedError::NotEncrypted),
            _ => Err(PostedError::Form),
        }
    }
}
