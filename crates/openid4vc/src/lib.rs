//! `OpenID4VC`: credentials and presentations in the formats of other wallets and verifiers (SD-JWT VC, mdoc, DCQL,
//! `OpenID4VP` 1.0 under HAIP 1.0, sessions of ISO/IEC 18013-5 in proximity).
//!
//! Pure: time and randomness are arguments. Lives here: formats, queries, requests and answers, and every check of them.
//! Not here: cryptography (`credential`), HTTP and SQL (`authority`, `venue`), which certificates are trusted (`trust`).

mod address;
pub mod claim_path;
mod cose;
pub mod dcql;
pub mod issuance;
pub mod json;
pub mod mdoc;
pub mod presentation;
pub mod proximity;
pub mod sd_jwt;
pub mod signed;
pub mod status;
pub mod vct;
