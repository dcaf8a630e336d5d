//! `OpenID`: a desk as a verifier for wallets of others (`OpenID4VP` 1.0 under HAIP 1.0): what it asks them.
//!
//! Lives here: [`OpenIdSetup`], [`Forms`], the table of claims. Not here: requests that wait and their proof (`verifier`), the protocol
//! (`openid4vc`), whether the desk may ask and what it writes down (`desk`), routes (`http`).

mod claims;

use credential::x5c::CertificateAnchors;
use documents::redact_debug;
use verifier::{Verifier, VerifierSetup};

pub use claims::{ClaimsFault, Forms, QueryError, claims_of, query};

/// What a desk needs to ask wallets of others.
#[derive(Clone)]
pub struct OpenIdSetup {
    /// By what it asks them.
    pub verifier: VerifierSetup,
    /// Whose credentials count.
    pub issuers: CertificateAnchors,
    /// The origin of the counter's page (`https://counter.example`), by which browsers know it; `None` where it asks nobody itself.
    pub page: Option<String>,
}
redact_debug!(OpenIdSetup);

/// A desk's side towards wallets of others.
pub(crate) struct OpenId {
    pub(crate) verifier: Verifier,
    pub(crate) issuers: CertificateAnchors,
    pub(crate) page: Option<String>,
}

impl OpenId {
    pub(crate) fn new(setup: OpenIdSetup) -> Self {
        Self { verifier: Verifier::new(setup.verifier), issuers: setup.issuers, page: setup.page }
    }
}
