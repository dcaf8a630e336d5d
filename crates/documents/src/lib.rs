//! Documents: numbers and check digits, MRZ, permits, endorsements, ports, and the one question
//! "may this person cross there at that time, and if not, why?".
//!
//! Pure: no I/O, no clock, no randomness. Not here: signatures (`credential`), ledgers (`authority`).

mod ahead;
mod authority_code;
mod carer;
mod case;
mod cross;
mod crossing;
mod doubts;
pub mod issuance;
mod judge;
mod lane;
mod mrz;
mod names;
mod numbers;
pub mod pages;
mod redact;
pub mod rules;
mod sentences;
mod standing;
mod time;
mod vehicle;
mod venue;
mod verdict;
mod view;

pub use ahead::{Ahead, ahead, entries_left};
pub use authority_code::{AuthorityCode, UnknownAuthority};
pub use carer::{
    Carer, CarerEnd, CarerGround, CarerOver, CarerPersons, CarerRefusal, CarerStop, CarerTerms,
    NotACarerCode, day_of_age,
};
pub use case::{CaseAnswers, CaseError, CaseFile, EndorsementTextError, answer_case, parse_endorsement};
pub use cross::{Answer, Counter, MainlandCount, Outcome, SideAnswer, is_unresolved, may_cross};
pub use crossing::{Direction, LaneKind, NotALaneKind, NotAPortId, NotASide, PortId, Side};
pub use doubts::Doubts;
pub use judge::judge;
pub use mrz::{Mrz, MrzDate, MrzError, MrzField, MrzFormat, check_digit};
pub use names::{MAX_NAME_CHARS, NameFault, hold_name, is_same_name};
pub use numbers::{
    DocumentKind, DocumentNumber, ExitEntryPermit, Hkid, HomeReturnPermit, MacaoBir, MainlandId,
    NotADocumentKind, NumberError, PaperNumber, Passport, ResidencePermit,
};
pub use rules::{Rules, RulesError};
pub use sentences::{NotATongue, Sentences, Tongue};
pub use time::{IsoWeek, LocalDate, NotADate, NotATime, Timestamp};
pub use vehicle::{NotPlates, Plates, Vehicle, VehicleAnswer, VehicleReason};
pub use venue::{NotAScenario, NotAVenueId, Scenario, VenueId};
pub use verdict::{
    ClosedReason, Doubt, Grant, Judgement, LaneAnswer, LaneReason, Measure, NotAMeasure, ReasonCode, Refusal,
    StayLimit, Verdict,
};
pub use view::{
    Applied, Asked, Birth, Document, DocumentStatus, Endorsement, EndorsementRef, FormCode, Holder, Means,
    Movement, Nationality, NotAMeans, NotANationality, Question, Residence, ResidenceClass, Use, View,
};
