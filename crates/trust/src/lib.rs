//! Trust: whose keys count for what and when, and what the supervisory authorities approved.
//!
//! Pure. Lives here: signed trust lists, the store that refuses rollback, approvals, what a desk may ask. Not here:
//! fetching them.

mod approval;
mod ascending;
mod binding;
mod chain;
mod desk;
mod desk_binding;
mod desk_request;
mod foreign;
mod issuer_binding;
mod list;
mod party;
mod role;
mod root;
mod store;
mod verifier_binding;

pub use approval::{
    Approval, ApprovalError, Approvals, FOREIGN_IDENTITY, Face, Newest, OFFICER_PORTRAIT, Terms,
};
pub use binding::{Binding, GateBinding, Outside, gate_kid, gate_of_kid};
pub use chain::{MAX_PREDECESSORS, chain, links};
pub use desk::{DeskRefusal, DeskUse, SPECIMEN_VENUES};
pub use desk_binding::{DeskBinding, NotAVenueKind, OutsideDesk, VenueKind};
pub use desk_request::{DeskRequest, RequestRefusal};
pub use foreign::{CredentialType, Jurisdiction, NotACredentialType, NotAJurisdiction};
pub use issuer_binding::IssuerBinding;
pub use list::{Freshness, KeyEntry, STALE_GRACE_SECONDS, STATUS_TTL_SECONDS, TrustError, TrustList};
pub use party::{Party, Peer, TlsKey};
pub use role::Role;
pub use root::{Root, RootError, RootKey};
pub use store::TrustStore;
pub use verifier_binding::VerifierBinding;
