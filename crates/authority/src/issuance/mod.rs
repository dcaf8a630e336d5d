//! Issuance: what a wallet gets for its device keys.
//!
//! Lives here: [`batch`], who may ask and with which keys, [`attestation`], which class these have, [`border`], tokens and
//! parts for crossings, [`paper`], what a counter has printed, and [`venue`], credentials for desks. Credentials of other kinds stand beside them and take their keys
//! through `batch` too.

pub mod attestation;
pub mod batch;
pub mod border;
pub mod paper;
pub mod venue;

use credential::cbor::CborError;
use credential::paper::PaperError;
use credential::part::PartError;
use credential::venue::{ClaimForm, CredentialIssueError, CredentialKind};
use credential::{CryptoError, TokenError};
use documents::{AuthorityCode, CarerOver};
use openid4vc::{mdoc, sd_jwt};

use crate::faces::FaceCheckError;
use crate::status_places::PlaceError;
use crate::store::StoreError;
use crate::weekly_keys::WeeklyKeyError;

/// Why nothing was issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The database cannot be read or written; nothing of the operation stands there.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No pass is in force for this wallet.
    #[error("no pass is in force for this wallet; enrol again")]
    NoPass,
    /// No resident has this number.
    #[error("no resident with this number is registered here; compare it with the card")]
    Unregistered,
    /// A paper pass for a day on which it cannot be made.
    #[error("a paper pass is made for today or one of the next {days} days; choose another day", days = paper::PAPER_DAYS_AHEAD)]
    PaperDay,
    /// A paper pass for a place where none counts.
    #[error("no lane for codes serves this port, direction and side; choose another one")]
    PaperPlace,
    /// The part of another authority is missing, not asked for, or of no part's length.
    #[error(
        "a paper pass for this crossing takes one part of each other authority that makes its own, and no more"
    )]
    PaperPart,
    /// The paper proof cannot be signed.
    #[error(transparent)]
    Paper(#[from] PaperError),
    /// The pass is suspended.
    #[error(
        "the pass is suspended; go to an office with the card, or appeal by the reference of the crossing"
    )]
    Suspended,
    /// The pass was on a carer's phone, and the relation is over.
    #[error("this pass was on the phone of a carer, and that is over: {0}; enrol again")]
    CarerOver(CarerOver),
    /// The carer's own pass is not in force on this phone.
    #[error("the carer's own pass is not in force on this phone, or is suspended; the carer enrols first")]
    CarerAway,
    /// The batch is empty or too large.
    #[error("a batch has 1 to {max} device keys", max = batch::MAX_BATCH)]
    Batch,
    /// The holder gave no valid proof for a device key.
    #[error("a device key came without a valid proof that its holder has it")]
    Possession,
    /// A proof of possession is malformed.
    #[error("malformed message: {0}")]
    Malformed(#[from] CborError),
    /// The person brought as many device keys today as they may.
    #[error("this wallet asked for as many codes today as it may; it can ask again tomorrow")]
    Quota,
    /// The device key has a part of another person.
    #[error("a device key is in use already; make a new one")]
    KeyTaken,
    /// The status lists are full.
    #[error(
        "no place is free in the status lists at this moment; keep these device keys and come again later with the same ones"
    )]
    NoStatusPlace,
    /// This is not the holder's home authority.
    #[error("{0} issued none of these documents")]
    NothingIssued(AuthorityCode),
    /// No permit of this authority.
    #[error("no valid document of {0} is registered that a pass could rest on")]
    NoPermit(AuthorityCode),
    /// No approval in force lets any desk ask for this kind of credential.
    #[error("no approval in force lets a desk ask for a credential of kind {0}; none is made")]
    NotApproved(CredentialKind),
    /// This authority cannot vouch for what such a credential says of the holder.
    #[error(
        "this authority makes no credential of kind {0} for this holder; ask the authority of the document, or the home authority"
    )]
    NothingToVouch(CredentialKind),
    /// The registry's record has a value that no credential can carry.
    #[error(transparent)]
    Claim(#[from] ClaimForm),
    /// A venue credential cannot be made.
    #[error(transparent)]
    Credential(#[from] CredentialIssueError),
    /// An SD-JWT VC for a wallet of others cannot be made.
    #[error("the credential cannot be made: {0}")]
    SdJwt(#[from] sd_jwt::IssueError),
    /// An mdoc for a wallet of others cannot be made.
    #[error("the credential cannot be made: {0}")]
    Mdoc(#[from] mdoc::IssueError),
    /// A weekly key.
    #[error("{0}")]
    WeeklyKey(#[source] WeeklyKeyError),
    /// The face template of the registry.
    #[error(transparent)]
    Face(#[from] FaceCheckError),
    /// A part cannot be sealed.
    #[error(transparent)]
    Part(#[from] PartError),
    /// A token cannot be signed.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The crypto library.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl From<PlaceError> for IssueError {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::Store(error) => Self::Store(error),
            PlaceError::Crypto(error) => Self::Crypto(error),
            PlaceError::Full => Self::NoStatusPlace,
        }
    }
}

impl From<WeeklyKeyError> for IssueError {
    fn from(error: WeeklyKeyError) -> Self {
        match error {
            WeeklyKeyError::Store(error) => Self::Store(error),
            WeeklyKeyError::Missing { .. }
            | WeeklyKeyError::Sender(_)
            | WeeklyKeyError::Part(_)
            | WeeklyKeyError::Crypto(_) => Self::WeeklyKey(error),
        }
    }
}
