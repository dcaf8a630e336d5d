//! Setup: what a desk knows of a library's system before it connects.
//!
//! Lives here: [`LibrarySetup`]. Not here: which file it is read from (`baypass`).

use documents::redact_debug;
use transport::{StreamClient, TlsError};

use super::LibraryAddress;

/// What a desk knows of a library's system.
#[derive(Clone)]
pub struct LibrarySetup {
    /// Where it is.
    pub address: LibraryAddress,
    /// What was agreed with it.
    pub library: sip2::Library,
    /// With which account the desk logs in; `None`: the system wants no login.
    pub login: Option<LibraryLogin>,
    /// The certification authorities of its certificate, in PEM; needed for `sip2s://`.
    pub ca: Option<Vec<u8>>,
    /// Whether its answer to a payment (38) has the date before the flag, as one system writes it.
    pub fee_paid_order_swapped: bool,
    /// How long an answer is waited for where the system itself (98) says nothing, in seconds; at least 1.
    pub answer_seconds: u64,
}
redact_debug!(LibrarySetup);

/// The desk's account at a library's system.
#[derive(Clone)]
pub struct LibraryLogin {
    /// The user.
    pub user: String,
    /// Their password.
    pub password: String,
}
redact_debug!(LibraryLogin);

/// Why a library's system cannot be used as it is set up.
#[derive(Debug, thiserror::Error)]
pub enum LibrarySystemError {
    /// TLS without certification authorities.
    #[error(
        "sip2s:// needs the certification authority of the library's system; set ca to a file of certificates in PEM"
    )]
    NoCa,
    /// TLS.
    #[error("the way to the library's system cannot be set up: {0}")]
    Tls(#[from] TlsError),
}

impl LibrarySystemError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoCa => "library_no_ca",
            Self::Tls(_) => "library_tls",
        }
    }
}

impl LibrarySetup {
    /// The client's end of TLS; `None` for an address without it.
    pub(super) fn tls(&self) -> Result<Option<StreamClient>, LibrarySystemError> {
        if !self.address.is_tls() {
            return Ok(None);
        }
        let roots = self.ca.as_deref().ok_or(LibrarySystemError::NoCa)?;
        Ok(Some(StreamClient::new(self.address.host(), roots)?))
    }
}
