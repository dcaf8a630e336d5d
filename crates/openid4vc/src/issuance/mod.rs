//! Issuance: what an issuer by OpenID4VCI 1.0 under HAIP 1.0 reads from wallets, and what it publishes of itself.
//!
//! Lives here: the configurations, metadata, offers, requests of authorization, attestations of wallets and keys, proofs of keys, and
//! the code of each refusal. Not here: HTTP, what is remembered between two requests, what a resident's credentials say (`authority`).

mod client;
mod configuration;
mod metadata;
mod offer;
mod proof;
mod refusal;
mod request;
mod wallet;

pub use client::{ClientFault, MAX_ATTESTATION_LEN, VerifiedClient, verify_client};
pub use configuration::{Configuration, CredentialForm, CredentialSort};
pub use metadata::{
    BATCH_SIZE, Endpoints, issuer_metadata, server_metadata, sign_issuer_metadata, well_known,
};
pub use offer::{CredentialOffer, Grant, OfferError, TxCode};
pub use proof::{CredentialRequest, ProofContext, Response, verify_proofs};
pub use refusal::{Refusal, RefusalCode};
pub use request::{Asked, Parameters, PushedRequest, is_verifier_of};
pub use wallet::{
    Access, Delivered, IssuerFault, IssuerMetadata, MAX_ISSUER_LEN, Maker, Offered, ServerMetadata, Tokens,
    read_nonce, read_refusal, sign_key_proof, token_form,
};
