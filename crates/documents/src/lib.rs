//! Documents: numbers and check digits, MRZ, permits, endorsements, ports, and the one question
//! "may this person cross there at that time, and if not, why?".
//!
//! Pure: no I/O, no clock, no randomness. Not here: signatures (`credential`), ledgers (`authority`).

mod authority_code;
mod crossing;
mod judge;
mod numbers;
mod redact;
pub mod rules;
mod time;
mod verdict;
mod view;

pub use authority_code::{AuthorityCode, UnknownAuthority};
pub use crossing::{Direction, LaneKind, NotALaneKind, NotAPortId, NotASide, PortId, Side};
pub use judge::{Answer, judge, may_cross};
pub use numbers::{
    DocumentKind, DocumentNumber, ExitEntryPermit, Hkid, HomeReturnPermit, MacaoBir, MainlandId,
    NotADocumentKind, NumberError, PaperNumber, Passport, ResidencePermit,
};
pub use rules::{Rules, RulesError};
pub use time::{IsoWeek, LocalDate, NotADate, NotATime, Timestamp};
pub use verdict::{
    ClosedReason, Grant, Judgement, LaneAnswer, LaneReason, Measure, ReasonCode, Refusal, Verdict,
};
pub use view::{
    Applied, Asked, Birth, Document, DocumentStatus, Endorsement, EndorsementRef, FormCode, Holder, Means,
    Movement, Nationality, NotAMeans, NotANationality, Question, Residence, ResidenceClass, Use, View,
};
