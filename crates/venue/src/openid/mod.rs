//! `OpenID`: a desk as a verifier for wallets of others (`OpenID4VP` 1.0 under HAIP 1.0): what it asks them, and the requests that are open.
//!
//! Lives here: [`OpenIdSetup`], [`Forms`], the table of claims, requests that wait in memory, status lists. Not here: protocol and proofs
//! (`openid4vc`), whether the desk may ask and what it writes down (`desk`), routes (`http`).

mod claims;
mod open;
mod status;

use std::sync::Arc;

use credential::SigningKey;
use credential::x5c::CertificateAnchors;
use documents::redact_debug;

pub use claims::{ClaimsFault, Forms, QueryError, claims_of, query};
pub(crate) use open::{Found, OpenId};
pub use status::StatusFault;

/// How long a request waits for its answer, in seconds: as one to a wallet of this pass.
pub const REQUEST_SECONDS: i64 = 300;

/// What a desk needs to ask wallets of others.
#[derive(Clone)]
pub struct OpenIdSetup {
    /// Its address as wallets reach it, without a slash at its end.
    pub base: String,
    /// The key that signs requests.
    pub key: Arc<SigningKey>,
    /// Its certificates in DER, leaf first, without the root.
    pub chain: Vec<Vec<u8>>,
    /// Whose credentials count.
    pub issuers: CertificateAnchors,
    /// What fetches status lists. It follows no redirect.
    pub client: reqwest::Client,
}
redact_debug!(OpenIdSetup);
