//! Trust: whose keys count for what and when, and what the supervisory authorities approved.
//!
//! Pure. Lives here: signed trust lists, the store that refuses rollback, approvals. Not here: fetching them.

mod approval;
mod binding;
mod list;

pub use approval::{Approval, ApprovalError, Approvals, Newest, SCENARIO_BORDER};
pub use binding::{GateBinding, Outside};
pub use list::{Freshness, KeyEntry, Role, STALE_GRACE_SECONDS, TrustError, TrustList, TrustStore};
