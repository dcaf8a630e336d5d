//! Venues: what a wallet shows at the desk of a hotel, building or library, and what the desk asks (`docs/venues.md`).
//!
//! Lives here: claims, credentials, requests, answers to them, pseudonyms, receipts. Not here: SD-CWT in general (`sd_cwt`), what a
//! desk may ask and whose key counts (`trust`), what it writes down (`venue`).

mod claim;
mod credential;
mod presentation;
mod pseudonym;
mod receipt;
mod request;

pub use claim::{
    ClaimForm, ClaimName, ClaimSet, ClaimSetError, ClaimValue, Claims, CredentialKind, MAX_CITY_LEN,
    MAX_NAME_LEN, MAX_NUMBER_LEN, MAX_PORTRAIT_LEN, NotAClaim, NotACredentialKind,
};
pub use credential::{
    CredentialError, CredentialFrame, CredentialIssueError, FrameError, HASHES, MAX_CREDENTIAL_LEN,
    VenueCredential, issue_credential,
};
pub use presentation::{
    ANSWER_AHEAD_SECONDS, ANSWER_BEHIND_SECONDS, AnswerError, MAX_ANSWER_LEN, PSEUDONYM_LABEL,
    PresentationError, SIGN_BEHIND_SECONDS, Shown, UnverifiedAnswer, VerifiedAnswer, VerifiedCredential,
    answer, presentation_hash,
};
pub use pseudonym::{Pseudonym, PseudonymSecret};
pub use receipt::{VenueReceipt, VenueReceiptError};
pub use request::{
    Exchange, MAX_PURPOSE_LEN, MAX_REPLY_LEN, MAX_REQUEST_SECONDS, MAX_SIGN_SECONDS, REQUEST_AHEAD_SECONDS,
    RequestError, RequestId, RequestTimeError, UnverifiedRequest, VenueRequest,
};
