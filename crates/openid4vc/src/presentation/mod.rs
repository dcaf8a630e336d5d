//! Presentations: a verifier's signed request, the wallet's reading of it and its encrypted answer, the verifier's check of that answer
//! (`OpenID4VP` 1.0 under HAIP 1.0).
//!
//! Lives here: requests by redirect (`direct_post.jwt`) and over the Digital Credentials API (`dc_api.jwt`, signed or not, and
//! `org-iso-mdoc` beside it). Not here:
//! HTTP, sessions, that an answer counts once, what becomes of a status (`status`). Not read: responses without encryption, other client
//! id prefixes than `x509_hash` and `x509_san_dns`, transaction data.

mod answer;
mod client_id;
mod iso_mdoc;
mod link;
mod page;
mod posted;
mod request;
mod wallet;

pub use answer::{Answer, Checks, Refusal};
pub use client_id::{ClientId, NoClientId};
pub use link::{LinkFault, RequestLink};
pub use page::{
    ISO_MDOC, MAX_PAGE_ANSWER_LEN, NewPageRequest, OPENID_SIGNED, PageAnswer, PageRequest, PageWay,
};
pub use posted::{MAX_FORM_LEN, Posted, PostedError};
pub use request::{Channel, NewRequest, OpenRequest, Request};
pub use wallet::{Asked, Context, HeldCredential, RequestError, RespondError};

/// Type of a request object (`typ`), and its media type behind `application/`.
pub const REQUEST_TYPE: &str = "oauth-authz-req+jwt";
/// `aud` of a request object to a wallet whose metadata nobody looked up (5.8).
pub const SELF_ISSUED: &str = "https://self-issued.me/v2";
/// Longest request object that is read, in characters.
pub const MAX_REQUEST_LEN: usize = 64 * 1024;
/// How far a clock may lie behind a request's end, in seconds.
const LATE_SECONDS: i64 = 10;

/// What a holder's signature names as its verifier: the client id, over the Digital Credentials API the page's origin (A.4).
fn audience(request: &Request, origin: Option<&str>) -> String {
    match (&request.channel, origin) {
        (Channel::DcApi { .. }, Some(origin)) => format!("origin:{origin}"),
        (Channel::DcApi { .. } | Channel::Redirect { .. }, _) => request.client_id.to_string(),
    }
}

/// The transcript under an mdoc's device signature.
fn transcript(
    request: &Request,
    origin: Option<&str>,
) -> Result<crate::mdoc::SessionTranscript, credential::CryptoError> {
    let thumbprint = request.encryption.thumbprint()?;
    let key = Some(thumbprint.as_bytes());
    Ok(match &request.channel {
        Channel::Redirect { response_uri } => crate::mdoc::SessionTranscript::redirect(
            &request.client_id.to_string(),
            &request.nonce,
            key,
            response_uri,
        ),
        Channel::DcApi { .. } => {
            crate::mdoc::SessionTranscript::dc_api(origin.unwrap_or_default(), &request.nonce, key)
        }
    })
}
