//! Authority: one jurisdiction's service. Enrolment, parts and tokens, verdicts, reservations, the ledger.
//!
//! One program, three configurations. Lives here: the service, its store, its HTTP. Not here: rules (`documents`),
//! formats (`credential`), lanes (`gate`). It is never handed another authority's part.

pub mod http;
pub mod peers;
pub mod store;

mod ledger;
mod publish;
mod service;
mod verdict;
mod whole;
mod work;

pub use ledger::LedgerEntry;
pub use publish::{
    CrossingAhead, CrossingAnswer, HANDOVERS, ListAge, OwnDocument, OwnEndorsement, OwnRecord, STATUS_LISTS,
    STATUS_SECONDS, WeeklyKey,
};
pub use service::{
    DeviceProof, EnrolRequest, Enrolled, Faces, Issued, KEY_ID, Keys, MAX_BATCH, MAX_TRIES, Renewed, Service,
    ServiceError, possession, status_list_number, status_name,
};
pub use verdict::AuthorityReason;
