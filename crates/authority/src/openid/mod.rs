//! `OpenID`: this authority as an issuer to wallets of others, by `OpenID4VCI` 1.0 under HAIP 1.0 (`docs/openid4vc.md`).
//!
//! Lives here: [`OpenIdIssuer`]: by which name, key and certificates it issues, and whose wallets it takes. Below: grants, who signs
//! in, what is issued. Not here: forms and their checks (`openid4vc`), the routes (`http::openid`), files (`baypass::install`).

mod claims;
mod grants;
mod issue;
mod sign_in;
mod status;

use std::sync::Arc;

use credential::SigningKey;
use credential::x5c::CertificateAnchors;
use documents::redact_debug;
use openid4vc::issuance::{Endpoints, Refusal, RefusalCode};
use transport::RevocationList;
use verifier::VerifierSetup;

use crate::issuance::IssueError;
use crate::store::StoreError;

pub use grants::{Access, CounterCode, REQUEST_SECONDS, TOKEN_SECONDS};
pub use issue::Answered;
pub use sign_in::{SignIn, SignInFault, SignInGoesOn};

/// By what this authority issues to wallets of others.
#[derive(Clone)]
pub struct OpenIdIssuer {
    /// Its identifier and the addresses under it.
    pub endpoints: Endpoints,
    /// Signs credentials, metadata and status lists for wallets and verifiers of others.
    pub key: Arc<SigningKey>,
    /// The key's certificate and those above it, in DER, without the root.
    pub chain: Vec<Vec<u8>>,
    /// The root's certificate, in DER, for verifiers.
    pub root: Vec<u8>,
    /// The root's list of revoked certificates.
    pub revoked: RevocationList,
    /// Makers of wallets whose attestations count.
    pub makers: CertificateAnchors,
    /// By what it asks wallets of others for an identity.
    pub reader: VerifierSetup,
}
redact_debug!(OpenIdIssuer);

/// Why an operation for a wallet of others was not done.
#[derive(Debug, thiserror::Error)]
pub enum OpenIdError {
    /// The request is at fault: a code of the standards.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database cannot be read or written; nothing of the operation stands there.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A credential cannot be made.
    #[error(transparent)]
    Issue(#[from] IssueError),
}

impl OpenIdError {
    fn refused(code: RefusalCode, description: &'static str) -> Self {
        Self::Refused(Refusal::new(code, description))
    }
}

impl From<credential::CryptoError> for OpenIdError {
    fn from(error: credential::CryptoError) -> Self {
        Self::Issue(error.into())
    }
}
