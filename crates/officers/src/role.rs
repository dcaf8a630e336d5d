//! Role: what people in office are there for, and which act needs which role.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What somebody is in office for. An account may have several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Stands at a lane: measures, calls, reasons of verdicts.
    LaneOfficer,
    /// Registers residents and decides on enrolments.
    EnrolmentOfficer,
    /// Settles what is in dispute, and gives accounts.
    Supervisor,
    /// Reads what everybody did, and does nothing else.
    Auditor,
    /// Runs the machines.
    Operator,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::LaneOfficer, Self::EnrolmentOfficer, Self::Supervisor, Self::Auditor, Self::Operator];

    /// The stable word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::LaneOfficer => "lane-officer",
            Self::EnrolmentOfficer => "enrolment-officer",
            Self::Supervisor => "supervisor",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A word that is no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the roles are lane-officer, enrolment-officer, supervisor, auditor and operator")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.word() == text).ok_or(UnknownRole)
    }
}

/// What an officer does: each needs one of the roles of its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deed {
    /// Opens the view of a lane.
    SeeLane,
    /// Acts at a lane: a measure, an admission, a refusal, a call.
    ActAtLane,
    /// Looks up the reason of a verdict.
    LookUpReason,
    /// Sees whom a verdict at a lane is about: portrait, name, the end of the document's number.
    SeeHolder,
    /// Reads the ledger.
    ReadLedger,
    /// Reads what waits for an officer.
    ReadWaiting,
    /// Settles a passage or a conflict.
    Settle,
    /// Registers a resident.
    AddResident,
    /// Makes an invitation to enrol.
    Invite,
    /// Offers credentials to a resident's wallet of others.
    OfferCredentials,
    /// Reads which second enrolments wait.
    ReadEnrolments,
    /// Decides on an enrolment.
    DecideEnrolment,
    /// Ends a pass.
    EndPass,
    /// Reports a document as lost.
    LoseDocument,
    /// Writes the document that follows one.
    ReplaceDocument,
    /// Has a paper pass printed, or makes the part of one.
    IssuePaper,
    /// Ends paper passes.
    EndPapers,
    /// Reads who may carry whose pass.
    ReadCarers,
    /// Writes who may carry a pass.
    AddCarer,
    /// Ends who may carry a pass.
    EndCarer,
    /// Marks a resident whom somebody else resembles, or takes the mark away.
    MarkLookAlike,
    /// Erases a resident.
    EraseResident,
    /// Puts a document on the watch list.
    Watch,
    /// Reads which appeals wait for an answer.
    ReadAppeals,
    /// Answers an appeal.
    AnswerAppeal,
    /// Reads which suspensions rules asked for.
    ReadSuspensions,
    /// Confirms or lifts a suspension.
    DecideSuspension,
    /// Reads the list of accounts.
    ReadAccounts,
    /// Adds, locks or changes an account.
    ChangeAccounts,
    /// Reads the record of acts.
    ReadActs,
    /// Pairs a kiosk with a browser.
    PairKiosk,
}

impl Deed {
    /// All of them.
    pub const ALL: [Self; 31] = [
        Self::SeeLane,
        Self::ActAtLane,
        Self::LookUpReason,
        Self::SeeHolder,
        Self::ReadLedger,
        Self::ReadWaiting,
        Self::Settle,
        Self::AddResident,
        Self::Invite,
        Self::OfferCredentials,
        Self::ReadEnrolments,
        Self::DecideEnrolment,
        Self::EndPass,
        Self::LoseDocument,
        Self::ReplaceDocument,
        Self::IssuePaper,
        Self::EndPapers,
        Self::ReadCarers,
        Self::AddCarer,
        Self::EndCarer,
        Self::MarkLookAlike,
        Self::EraseResident,
        Self::Watch,
        Self::ReadAppeals,
        Self::AnswerAppeal,
        Self::ReadSuspensions,
        Self::DecideSuspension,
        Self::ReadAccounts,
        Self::ChangeAccounts,
        Self::ReadActs,
        Self::PairKiosk,
    ];

    /// The roles of which one is needed.
    #[must_use]
    pub const fn roles(self) -> &'static [Role] {
        use Role::{Auditor, EnrolmentOfficer, LaneOfficer, Operator, Supervisor};
        match self {
            Self::SeeLane | Self::ActAtLane | Self::LookUpReason | Self::SeeHolder => {
                &[LaneOfficer, Supervisor]
            }
            Self::ReadLedger | Self::ReadActs | Self::ReadAppeals => &[Supervisor, Auditor],
            Self::ReadWaiting | Self::ReadSuspensions => &[LaneOfficer, Supervisor, Auditor],
            Self::DecideSuspension => &[LaneOfficer, Supervisor],
            Self::Settle | Self::EraseResident | Self::Watch | Self::AnswerAppeal | Self::ChangeAccounts => {
                &[Supervisor]
            }
            Self::AddResident => &[EnrolmentOfficer],
            Self::ReadEnrolments | Self::ReadCarers => &[EnrolmentOfficer, Supervisor, Auditor],
            Self::Invite
            | Self::OfferCredentials
            | Self::DecideEnrolment
            | Self::EndPass
            | Self::LoseDocument
            | Self::ReplaceDocument
            | Self::IssuePaper
            | Self::EndPapers
            | Self::AddCarer
            | Self::EndCarer
            | Self::MarkLookAlike => &[EnrolmentOfficer, Supervisor],
            Self::ReadAccounts => &[Supervisor, Auditor, Operator],
            Self::PairKiosk => &[Operator],
        }
    }

    /// The stable word, as the record of acts has it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::SeeLane => "see_lane",
            Self::ActAtLane => "act_at_lane",
            Self::LookUpReason => "look_up_reason",
            Self::SeeHolder => "see_holder",
            Self::ReadLedger => "read_ledger",
            Self::ReadWaiting => "read_waiting",
            Self::Settle => "settle",
            Self::AddResident => "add_resident",
            Self::Invite => "invite",
            Self::OfferCredentials => "offer_credentials",
            Self::ReadEnrolments => "read_enrolments",
            Self::DecideEnrolment => "decide_enrolment",
            Self::EndPass => "end_pass",
            Self::LoseDocument => "lose_document",
            Self::ReplaceDocument => "replace_document",
            Self::IssuePaper => "issue_paper",
            Self::EndPapers => "end_papers",
            Self::ReadCarers => "read_carers",
            Self::AddCarer => "add_carer",
            Self::EndCarer => "end_carer",
            Self::MarkLookAlike => "mark_look_alike",
            Self::EraseResident => "erase_resident",
            Self::Watch => "watch",
            Self::ReadAppeals => "read_appeals",
            Self::AnswerAppeal => "answer_appeal",
            Self::ReadSuspensions => "read_suspensions",
            Self::DecideSuspension => "decide_suspension",
            Self::ReadAccounts => "read_accounts",
            Self::ChangeAccounts => "change_accounts",
            Self::ReadActs => "read_acts",
            Self::PairKiosk => "pair_kiosk",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_deed_needs_a_role_and_an_auditor_changes_nothing() {
        let words: std::collections::BTreeSet<_> = Deed::ALL.map(Deed::word).into();
        assert_eq!(words.len(), Deed::ALL.len());
        for deed in Deed::ALL {
            assert!(!deed.roles().is_empty(), "{deed:?}");
            let reads = deed.word().starts_with("read_");
            assert!(reads || !deed.roles().contains(&Role::Auditor), "{deed:?}");
        }
        for role in Role::ALL {
            assert_eq!(role.word().parse(), Ok(role));
            assert!(Deed::ALL.iter().any(|deed| deed.roles().contains(&role)), "{role} may do nothing");
        }
        assert_eq!("officer".parse::<Role>(), Err(UnknownRole));
    }
}
