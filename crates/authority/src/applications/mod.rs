//! Applications: enrolments under way: what was claimed, what was seen, what guessing costs.
//!
//! Lives here: claims, the figures, the bounded sets that a service keeps in memory. Not here: any decision (`enrolment`).

mod capture;
mod code;
mod guess;
mod hand_over;
mod rules;

use documents::{DocumentNumber, LocalDate, Mrz};

use crate::store::vault::PersonKey;

pub(crate) use capture::{Busy, Capture, Captured, Eyes, MAX_FRAMES_AT_ONCE, Open, OpenEnrolments, Seen};
pub use capture::{CaptureError, EnrolmentFrame, EnrolmentId};
pub use code::{InvitationCode, InvitationCodeError};
pub(crate) use guess::{UsedAnswers, ticket};
pub use guess::{WorkAnswer, WorkDemand};
pub use hand_over::{HAND_OVER_SECONDS, PARCEL_LEN};
pub(crate) use hand_over::{HandOverOffer, HandOvers};
pub use rules::{EnrolmentRules, EnrolmentRulesError};

/// What a wallet says of its holder, its form proven.
#[derive(Clone)]
pub struct Claim {
    pub(crate) number: DocumentNumber,
    pub(crate) name: String,
    pub(crate) birth: LocalDate,
    pub(crate) mrz: Option<Mrz>,
    pub(crate) invitation: Option<InvitationCode>,
    /// Whether number, name and birth date come from an identity credential of another system, which its holder has shown.
    pub(crate) shown: bool,
    /// Whose pass the sender holds: by the secret of a wallet in force and its device key.
    pub(crate) holder: Option<PersonKey>,
}
documents::redact_debug!(Claim);

/// What one service takes for an enrolment.
#[derive(Debug, Clone)]
pub struct EnrolmentSettings {
    /// Delays, work and limits, as the data file has them.
    pub rules: EnrolmentRules,
    /// Whether one picture from a file is taken in place of a live capture.
    pub simulated: bool,
}

/// What a service keeps of enrolments beside its database.
#[derive(Debug)]
pub(crate) struct Enrolments {
    pub settings: EnrolmentSettings,
    pub open: OpenEnrolments,
    pub used: UsedAnswers,
}

impl Enrolments {
    pub(crate) fn new(rules: EnrolmentRules) -> Self {
        let settings = EnrolmentSettings { rules, simulated: false };
        Self { settings, open: OpenEnrolments::default(), used: UsedAnswers::default() }
    }
}
