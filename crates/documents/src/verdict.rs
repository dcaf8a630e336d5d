//! Answers: what one authority says, what the lane says, and the stable codes of the reasons.
//!
//! Lives here: `Judgement`, `Verdict`, `Grant`, `Refusal`, `ReasonCode`, `Measure`, `LaneAnswer`.
//! Not here: how they are reached (`judge`). A reason code is public API and is never reused.

use std::fmt;

use serde_with::SerializeDisplay;

use crate::{DocumentKind, EndorsementRef, LaneKind, LocalDate};

macro_rules! stable_codes {
    ($(#[$outer:meta])* $name:ident { $($(#[$inner:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, SerializeDisplay)]
        pub enum $name { $($(#[$inner])* $variant,)+ }

        impl $name {
            /// Every code, in order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The text of the code in files, answers and logs; it never changes.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

pub(crate) use stable_codes;

stable_codes! {
    /// Why an authority refers or verifies.
    ReasonCode {
        /// The last lawful day of stay is over.
        Overstay = "overstay",
        /// Every entry of the endorsement was used.
        NoEntriesLeft = "no_entries_left",
        /// The endorsement's last day is over.
        EndorsementExpired = "endorsement_expired",
        /// The endorsement's first day is still to come.
        EndorsementNotYetValid = "endorsement_not_yet_valid",
        /// The endorsement was voided by what its holder did (a tour left).
        EndorsementLapsed = "endorsement_lapsed",
        /// The rules do not know this form of endorsement.
        EndorsementUnknown = "endorsement_unknown",
        /// The endorsements are for another destination.
        WrongDestination = "wrong_destination",
        /// The permit carries no endorsement at all.
        NoEndorsement = "no_endorsement",
        /// This natural week's one trip was made.
        WeekUsed = "week_used",
        /// The right asks for the tour group, and it is not there.
        NotWithGroup = "not_with_group",
        /// This right may not be used at this port.
        WrongPort = "wrong_port",
        /// The document's last day is over.
        DocumentExpired = "document_expired",
        /// The document was reported lost.
        DocumentLost = "document_lost",
        /// No document that opens this border was shown.
        NoPermit = "no_permit",
        /// This document was not yet issued to anybody on that day.
        PermitNotYetIssued = "permit_not_yet_issued",
        /// A one-time pass leads home once and opens no exit to elsewhere.
        PassOpensNoExit = "pass_opens_no_exit",
        /// A one-time pass that was used or is out of date.
        PassUsed = "pass_used",
        /// A one-time pass: an officer completes the formalities.
        OneTimePass = "one_time_pass",
        /// A passport is dealt with at the counter, outside the pass.
        PassportAtCounter = "passport_at_counter",
        /// An official permit is dealt with at the counter, outside the pass.
        OfficialAtCounter = "official_at_counter",
        /// Another paper must be seen beside the identity card.
        PaperNeeded = "paper_needed",
        /// A visa is needed first.
        VisaNeeded = "visa_needed",
/// By the ledger the traveller is on the other side.
        WrongSide = "wrong_side",
        /// The ledger holds no entry from which the limit of stay could be counted.
        NoEntryRecord = "no_entry_record",
        /// An exit was made and no entry followed in time.
        Unresolved = "unresolved",
        /// An earlier stay here lasted beyond its last lawful day.
        OverstayedBefore = "overstayed_before",
/// A minor needs a guardian at this lane.
        GuardianNeeded = "guardian_needed",
    }
}

stable_codes! {
    /// A further check that turns `verify` into `admit`.
    Measure {
/// The traveller unlocks the wallet with its PIN.
        Pin = "pin",
/// The traveller follows a liveness challenge at the camera.
        ActiveLiveness = "active_liveness",
/// The camera takes another picture of the face.
        SecondLook = "second_look",
/// The traveller shows the physical document.
        PhysicalDocument = "physical_document",
/// A guardian joins the traveller at the lane.
        Guardian = "guardian",
        /// An officer decides.
        Officer = "officer",
    }
}

/// The text names no measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown measure; write pin, active_liveness, second_look, physical_document, guardian or officer")]
pub struct NotAMeasure;

impl std::str::FromStr for Measure {
    type Err = NotAMeasure;

    fn from_str(text: &str) -> Result<Self, NotAMeasure> {
        Self::ALL.iter().copied().find(|measure| measure.as_str() == text).ok_or(NotAMeasure)
    }
}

stable_codes! {
    /// Why a lane is not open to this holder.
    LaneReason {
/// The holder is younger than the lane serves.
        Age = "age",
/// The holder is shorter than 1.2 m.
        Height = "height",
        /// Not registered for joint lanes.
        NotRegistered = "not_registered",
        /// The lane does not serve this class of resident.
        ResidenceClass = "residence_class",
        /// The lane does not serve this kind of document.
        DocumentKind = "document_kind",
        /// The lane does not serve this kind of endorsement.
        EndorsementKind = "endorsement_kind",
        /// The port has no lane of this kind on that day.
        NoSuchLane = "no_such_lane",
        /// The port serves another group of people at this hour.
        PortReserved = "port_reserved",
    }
}

stable_codes! {
/// Why nobody can cross at that port at that time.
    ClosedReason {
        /// No port of this name in the data on that day.
        UnknownPort = "unknown_port",
        /// The port lies between other authorities.
        WrongPort = "wrong_port",
        /// Outside the hours of the day.
        Hours = "hours",
        /// Closed, or not yet opened, on that day.
        PortClosed = "port_closed",
/// The port does not serve this means of transport (walking over a bridge, say).
        Means = "means",
    }
}

impl ReasonCode {
    /// What would have to change for the answer to change, for an officer.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Overstay => {
                "the stay ended on the day given; the immigration service decides on the overstay"
            }
            Self::NoEntriesLeft => "a new endorsement with entries left",
            Self::EndorsementExpired => "a new endorsement; this one ended on the day given",
            Self::EndorsementNotYetValid => "wait until the day given, the endorsement's first",
            Self::EndorsementLapsed => "a new endorsement; leaving the tour voided this one on the day given",
            Self::EndorsementUnknown => {
                "an officer reads the endorsement; the rules here do not know its form"
            }
            Self::WrongDestination => "an endorsement for this destination; one for another never serves",
            Self::NoEndorsement => "an endorsement for this destination",
            Self::WeekUsed => "wait until the day given, the next Monday; one trip a natural week",
            Self::NotWithGroup => "cross together with the tour group",
            Self::WrongPort => "cross at a port that this right names",
            Self::DocumentExpired => "a renewed document; this one ended on the day given",
            Self::DocumentLost => "a one-time pass to go home, then a new document; a lost one opens nothing",
            Self::NoPermit => "a permit that opens this border",
            Self::PermitNotYetIssued => "another document; this one exists only from the day given",
            Self::PassOpensNoExit => "a new permit; a one-time pass leads home once and nowhere else",
            Self::PassUsed => "an officer establishes the identity; the one-time pass was used or has ended",
            Self::OneTimePass => "an officer completes the formalities of the one-time pass",
            Self::PassportAtCounter => "go to the counter; passports in transit are outside the pass",
            Self::OfficialAtCounter => {
                "go to the counter with the official permit; official travel is outside the pass"
            }
            Self::PaperNeeded => "show the paper that belongs to this kind of residence",
            Self::VisaNeeded => "a visa for the destination first",
            Self::WrongSide => "an officer clears up a missing passage; the last one ended on the other side",
            Self::NoEntryRecord => "an officer finds the entry; without it no limit of stay is known",
            Self::Unresolved => "an officer clears up the exit that no entry followed",
            Self::GuardianNeeded => "a guardian comes to the lane",
            Self::OverstayedBefore => "an officer looks at the earlier stay, whose last lawful day is given",
        }
    }
}

/// How long the stay that a crossing begins or ends may last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StayLimit {
    /// No day limits it: the holder is at home there, settles there, or begins no stay.
    Unlimited,
    /// It ends with this day.
    Until(LocalDate),
    /// It has a limit that cannot be known: no endorsement or entry is there from which to count it.
    Unknown,
}

impl StayLimit {
    /// `none`, `until` or `unknown`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unlimited => "none",
            Self::Until(_) => "until",
            Self::Unknown => "unknown",
        }
    }

    /// The last lawful day, where there is one and it is known.
    #[must_use]
    pub const fn last_day(self) -> Option<LocalDate> {
        match self {
            Self::Until(day) => Some(day),
            Self::Unlimited | Self::Unknown => None,
        }
    }
}

impl From<Option<LocalDate>> for StayLimit {
    /// A limit that is known: a last day, or none at all.
    fn from(last_day: Option<LocalDate>) -> Self {
        last_day.map_or(Self::Unlimited, Self::Until)
    }
}

/// What an admission rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// The kind of document that opened.
    pub permit: Option<DocumentKind>,
    /// The endorsement, where one is needed; on a way out, the one under which the stay was begun.
    pub endorsement: Option<EndorsementRef>,
    /// Entries left after this crossing; `None` where they are not counted.
    pub entries_left: Option<u8>,
    /// The endorsement from which this crossing takes an entry (or the week); `None` where it takes nothing.
    pub spends: Option<EndorsementRef>,
    /// The limit of the stay that begins (entry) or ends (exit).
    pub stay: StayLimit,
    /// Of a pass that is good for one entry alone: the day on which it was issued.
    pub single_entry: Option<LocalDate>,
}

impl Grant {
    /// An admission on `permit` alone.
    #[must_use]
    pub const fn on(permit: Option<DocumentKind>) -> Self {
        Self {
            permit,
            endorsement: None,
            entries_left: None,
            spends: None,
            stay: StayLimit::Unlimited,
            single_entry: None,
        }
    }

    /// The last lawful day of the stay, where there is one and it is known.
    #[must_use]
    pub const fn last_day(&self) -> Option<LocalDate> {
        self.stay.last_day()
    }
}

/// A reason, with the day to which it refers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The stable code of the reason.
    pub reason: ReasonCode,
    /// The day of which the remedy speaks; `None` where it names none.
    pub day: Option<LocalDate>,
}

impl Refusal {
    /// A refusal without a day.
    #[must_use]
    pub const fn of(reason: ReasonCode) -> Self {
        Self { reason, day: None }
    }

    /// A refusal that refers to a day.
    #[must_use]
    pub const fn on(reason: ReasonCode, day: LocalDate) -> Self {
        Self { reason, day: Some(day) }
    }

    /// What would have to change, with the day.
    #[must_use]
    pub fn change(&self) -> String {
        match self.day {
            Some(day) => format!("{} ({day})", self.reason.remedy()),
            None => self.reason.remedy().to_owned(),
        }
    }
}

/// One authority's decision on the documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The traveller may cross.
    Admit(Grant),
    /// The traveller may cross once the measures are done.
    Verify {
        /// What is still to be done, never empty.
        measures: Vec<Measure>,
        /// The reason for the measures.
        why: Refusal,
        /// What the admission then rests on.
        grant: Grant,
    },
    /// An officer decides; the reason.
    Refer(Refusal),
}

impl Verdict {
    /// `admit`, `verify` or `refer`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Admit(_) => "admit",
            Self::Verify { .. } => "verify",
            Self::Refer(_) => "refer",
        }
    }

    /// What the admission rests on, at once or after measures.
    #[must_use]
    pub const fn grant(&self) -> Option<&Grant> {
        match self {
            Self::Admit(grant) | Self::Verify { grant, .. } => Some(grant),
            Self::Refer(_) => None,
        }
    }

    /// The reason; `None` for an admission without measures.
    #[must_use]
    pub const fn why(&self) -> Option<&Refusal> {
        match self {
            Self::Admit(_) => None,
            Self::Verify { why, .. } | Self::Refer(why) => Some(why),
        }
    }
}

/// The lane's own answer, whatever the documents say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaneAnswer {
    /// It serves this holder now.
    Open,
    /// It does not serve this holder.
    NotOpenToHolder {
        /// Why it does not serve them.
        why: LaneReason,
        /// The kind of lane at this port that does; `None` where only another port helps.
        open: Option<LaneKind>,
    },
    /// It serves nobody now.
    Closed {
        /// Why it is closed.
        why: ClosedReason,
    },
}

impl LaneAnswer {
    /// `open`, `not_open_to_holder` or `closed`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::NotOpenToHolder { .. } => "not_open_to_holder",
            Self::Closed { .. } => "closed",
        }
    }
}

/// One thing that makes an answer less certain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// A switch decides it, and its other value would change the answer.
    Switch {
        /// The switch's id.
        id: String,
    },
    /// A row of the data has not been checked for longer than the stated age.
    Old {
        /// File and id, such as `ports.toml: luohu`.
        row: String,
        /// The day as of which the row is known to hold.
        as_of: LocalDate,
    },
}

/// One authority's whole answer: on the documents, and on the lane as far as it can judge it.
///
/// The two stand apart on purpose. Home never refuses its own, yet a shut port stays shut: whoever opens
/// a door needs `Verdict::Admit` *and* `LaneAnswer::Open`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The decision on the documents.
    pub verdict: Verdict,
    /// The answer for the lane.
    pub lane: LaneAnswer,
}

impl Judgement {
    /// Whether the door may open on this authority's word alone, without further measures.
    #[must_use]
    pub const fn opens(&self) -> bool {
        matches!((&self.verdict, self.lane), (Verdict::Admit(_), LaneAnswer::Open))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_codes_are_distinct_and_each_says_what_would_have_to_change() {
        let mut texts: Vec<_> = ReasonCode::ALL.iter().map(|r| r.as_str()).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), ReasonCode::ALL.len());
        for reason in ReasonCode::ALL {
            assert!(reason.remedy().len() > 10, "{reason}");
            assert!(reason.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        }
    }
}
