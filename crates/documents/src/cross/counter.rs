//! Where the pass does not serve: the counter, and what to bring there.
//!
//! Lives here: which papers belong to a reason. Not here: the reasons (`judge`, `lane`).

use super::Answer;
use crate::{AuthorityCode, DocumentKind, LaneAnswer, LaneKind, LaneReason, Measure, ReasonCode, Verdict};

/// A staffed counter that deals with what the pass does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    /// Whose counter it is; `None`: of either side, for the lane itself does not serve them.
    pub of: Option<AuthorityCode>,
    /// Kinds of document to bring; one of them is enough where they stand for each other.
    pub bring: Vec<DocumentKind>,
}

impl Answer {
    /// The counter that serves where the pass does not; `None` where it serves, or where no counter would help either.
    #[must_use]
    pub fn counter(&self) -> Option<Counter> {
        let sides = [&self.exit, &self.entry].into_iter().flatten();
        let by_reason = sides.clone().find_map(|side| {
            let why = side.verdict.why()?;
            Some(Counter { of: Some(side.authority), bring: papers(why.reason, &side.verdict)? })
        });
        let by_lane = || {
            let LaneAnswer::NotOpenToHolder { why, open: Some(LaneKind::Manual) } = self.lane else {
                return None;
            };
            let mut bring: Vec<DocumentKind> =
                sides.filter_map(|side| side.verdict.grant().and_then(|g| g.permit)).collect();
            bring.sort_unstable();
            bring.dedup();
            (why != LaneReason::PortReserved).then_some(Counter { of: None, bring })
        };
        by_reason.or_else(by_lane)
    }
}

/// What is brought to the counter for this reason; `None` where the counter is not the way.
fn papers(reason: ReasonCode, verdict: &Verdict) -> Option<Vec<DocumentKind>> {
    match reason {
        ReasonCode::PassportAtCounter => Some(vec![DocumentKind::Passport]),
        ReasonCode::OfficialAtCounter => Some(vec![DocumentKind::OfficialPermit]),
        ReasonCode::OneTimePass | ReasonCode::PassUsed => Some(vec![DocumentKind::OneTimePass]),
        ReasonCode::PaperNeeded => {
            let card = verdict.grant().and_then(|grant| grant.permit);
            Some(match card {
                Some(DocumentKind::Hkid) => vec![
                    DocumentKind::ReentryPermit,
                    DocumentKind::HksarPassport,
                    DocumentKind::DocumentOfIdentity,
                ],
                Some(_) | None => vec![DocumentKind::DocumentOfIdentity],
            })
        }
        // At home a missing, lost or expired document is looked at by an officer of home.
        ReasonCode::DocumentExpired | ReasonCode::DocumentLost | ReasonCode::NoPermit => {
            let officer = matches!(verdict, Verdict::Verify { measures, .. }
                if measures.contains(&Measure::Officer) || measures.contains(&Measure::PhysicalDocument));
            officer.then(|| verdict.grant().and_then(|grant| grant.permit).into_iter().collect())
        }
        ReasonCode::Overstay
        | ReasonCode::NoEntriesLeft
        | ReasonCode::EndorsementExpired
        | ReasonCode::EndorsementNotYetValid
        | ReasonCode::EndorsementLapsed
        | ReasonCode::EndorsementUnknown
        | ReasonCode::WrongDestination
        | ReasonCode::NoEndorsement
        | ReasonCode::WeekUsed
        | ReasonCode::NotWithGroup
        | ReasonCode::WrongPort
        | ReasonCode::PermitNotYetIssued
        | ReasonCode::PassOpensNoExit
        | ReasonCode::VisaNeeded
        | ReasonCode::WrongSide
        | ReasonCode::NoEntryRecord
        | ReasonCode::Unresolved
        | ReasonCode::OverstayedBefore
        | ReasonCode::GuardianNeeded => None,
    }
}
