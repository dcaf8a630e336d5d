//! Why a module cannot be used; each sentence says what mends it.
//!
//! Lives here: [`ModuleError`]. Not here: what a signature's caller hears (`credential::SignerFault`).

use std::path::PathBuf;

use credential::SignerFault;
use cryptoki::error::{Error, RvError};

/// Why a module or a key in it cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModuleError {
    /// The library cannot be loaded.
    #[error(
        "the PKCS #11 module {} cannot be loaded ({why}); install it, or mend its path, `module` under [pkcs11]",
        module.display()
    )]
    Load {
        /// The library.
        module: PathBuf,
        /// The system's words.
        why: String,
    },
    /// No token has the label, or several have.
    #[error(
        "the PKCS #11 module has {found} tokens with the label {label:?} where one is needed{others}; plug it in or make it, or \
         mend `token` under [pkcs11]"
    )]
    Token {
        /// The label that was looked for.
        label: String,
        /// How many tokens bear it.
        found: usize,
        /// The labels that there are.
        others: String,
    },
    /// The token refused the PIN.
    #[error(
        "the token {label:?} refused the PIN; put the right one where `pin_file` or BAYPASS_PKCS11_PIN says, before it locks \
         itself after some tries"
    )]
    Pin {
        /// The token's label.
        label: String,
    },
    /// The token takes no PIN any more.
    #[error(
        "the token {label:?} is locked after wrong PINs; unlock it with its security officer's PIN, then try again"
    )]
    Locked {
        /// The token's label.
        label: String,
    },
    /// There is no such key.
    #[error(
        "the token {label:?} has no private key {id}; restore the token from its backup, or rotate the key"
    )]
    NoKey {
        /// The token's label.
        label: String,
        /// The key's id in hexadecimal.
        id: String,
    },
    /// What the token made is no P-256 key as it was asked for.
    #[error(
        "the token {label:?} made a key that is not as asked ({what}); it was removed; use a module that holds to it"
    )]
    NotAsAsked {
        /// The token's label.
        label: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Anything else that the module says.
    #[error("the PKCS #11 module failed ({0}); its own log may say why")]
    Other(#[from] Error),
}

impl ModuleError {
    /// What the caller of a signature hears.
    pub(crate) const fn fault(&self) -> SignerFault {
        match self {
            Self::Load { .. } | Self::Token { .. } => SignerFault::Unavailable,
            Self::Pin { .. } | Self::Locked { .. } => SignerFault::Login,
            Self::NoKey { .. } => SignerFault::KeyGone,
            Self::NotAsAsked { .. } => SignerFault::Refused,
            Self::Other(error) if is_lost(error) => SignerFault::Unavailable,
            Self::Other(_) => SignerFault::Refused,
        }
    }
}

/// Whether sessions or handles are worth nothing any more, so that opening anew may help.
pub(crate) const fn is_lost(error: &Error) -> bool {
    matches!(
        error,
        Error::Pkcs11(
            RvError::SessionHandleInvalid
                | RvError::SessionClosed
                | RvError::DeviceRemoved
                | RvError::DeviceError
                | RvError::TokenNotPresent
                | RvError::TokenNotRecognized
                | RvError::UserNotLoggedIn
                | RvError::CryptokiNotInitialized
                | RvError::KeyHandleInvalid
                | RvError::ObjectHandleInvalid
                | RvError::SlotIdInvalid
                | RvError::FunctionFailed
                | RvError::GeneralError,
            _
        )
    )
}
