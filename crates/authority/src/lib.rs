//! Authority: one jurisdiction's service. Enrolment, parts and tokens, verdicts, reservations, the ledger.
//!
//! One program, three configurations. Lives here: the service, its store, its HTTP. Not here: rules (`documents`),
//! formats (`credential`), lanes (`gate`). It is never handed another authority's part. Each operation has a module and
//! an error of its own; what they share stands in `service`, which uses none of them.

pub mod bench;
pub mod http;
pub mod issuance;
mod openid;
pub mod peers;
pub mod retention;
pub mod store;

mod admin;
mod applications;
mod at_lane;
mod carers;
mod enrolment;
mod events;
mod faces;
mod holder;
mod identity;
mod inference;
mod keys;
mod ledger;
mod passes;
mod phones;
mod registry;
mod risk_control;
mod risk_engine;
mod risk_states;
mod seeing;
mod service;
mod status_capacity;
mod status_lists;
mod status_places;
mod verdict;
mod weekly_keys;

pub use applications::{
    CaptureError, Claim, EnrolmentFrame, EnrolmentId, EnrolmentRules, EnrolmentRulesError, EnrolmentSettings,
    HAND_OVER_SECONDS, InvitationCode, InvitationCodeError, PARCEL_LEN, WorkAnswer, WorkDemand,
};
pub use at_lane::{SEEN_SECONDS, SeenName};
pub use carers::{CarerError, CarerRole, OwnCarer};
pub use enrolment::{
    Applicant, Begun, Decided, EnrolError, EnrolRequest, Enrolled, GoesOn, HandOverError, HandedOver,
    Invitation, PendingEnrolment, PendingError, SessionError,
};
pub use events::notice::NoticeError;
pub use events::passage::EventError;
pub use events::settle::{Conflict, SettleError, Settlement, Unresolved};
pub use faces::{FaceCheckError, Faces, FrameReader};
pub use holder::{CrossingAhead, CrossingAnswer, HolderError, OwnDocument, OwnEndorsement, OwnRecord};
pub use identity::{IdentityError, IdentityFault};
pub use inference::PoolError;
pub use issuance::IssueError;
pub use issuance::attestation::{Attestation, BatchClass, SoftwareReason, Statement};
pub use issuance::batch::{DeviceProof, MAX_BATCH, possession};
pub use issuance::border::{Issued, IssuedBatch, OwnParts};
pub use issuance::venue::{CredentialsWanted, VenueBatch};
pub use keys::{KEY_ID, Keys, NumberedKey, PartKeys, SigningKeys};
pub use ledger::{LEDGER_PAGE, LedgerCursor};
pub use openid::{CounterCode, OpenIdError, OpenIdIssuer};
pub use passes::{PassStanding, Passes};
pub use phones::{AttestationRules, AttestationRulesError};
pub use registry::{RegistryError, Renewed};
pub use risk_control::{
    APPEAL_LANGUAGES, APPEAL_WORKING_DAYS, AppealError, LONGEST_WORDS, Replay, ReplayedDay, RiskRecord,
    RiskReport, RiskRulesError, RuleFigures, SuspensionDecision,
};
pub use risk_engine::{BenchRulesError, Pause, RiskControl, Watch};
pub use seeing::{SeeHolderError, SeenHolder};
pub use service::{SenderError, Service};
pub use status_capacity::{
    LARGEST_LIST, STATUS_LISTS, StatusCapacity, status_list_number, status_list_numbers, status_lists_in_use,
};
pub use status_lists::{ListAge, ListError, STATUS_SECONDS, status_name};
pub use status_places::{STATUS_ALARM_PERCENT, StatusFill};
pub use store::appeal::{Appeal, AppealOutcome, SUSPENSION_SECONDS, Suspension, SuspensionState};
pub use store::carer::CarerId;
pub use store::conflict::EventConflict;
pub use store::movement::{LedgerEntry, LedgerRow};
pub use store::outbox::{VerdictReason, WaitingNotice};
pub use store::vault::PersonKey;
pub use verdict::{AuthorityReason, VerdictError};
pub use weekly_keys::{WeeklyKey, WeeklyKeyError};
