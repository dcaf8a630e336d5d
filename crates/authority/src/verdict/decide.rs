//! Decide: the answer of one authority from all that was found. Pure: the same findings always give the same answer.
//!
//! Lives here: [`decide`] and [`settle`], what a reservation beside it makes of an admit. Not here: where the findings
//! come from. What risk control asks for joins them as one more measure.

use clearance::{HoldAnswer, ReservationId};
use credential::message::{Outcome, Request};
use documents::{
    Asked, AuthorityCode, DocumentNumber, Grant, LaneAnswer, Measure, Question, ReasonCode, Refusal, Rules,
    Side, Timestamp, View, judge,
};

use face::FaceNeed;

use super::AuthorityReason;
use super::checks::Compared;
use super::looking::Looked;
use crate::store::movement::LedgerEntry;
use crate::store::vault::PersonKey;

/// An answer with its reason, before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// What the gate hears.
    pub outcome: Outcome,
    /// The stable code of the reason.
    pub code: &'static str,
    /// What more there is to say to this authority's officers.
    pub detail: String,
    /// Whose answer it is, where somebody was found.
    pub person: Option<PersonKey>,
    /// What its passage will be written as: an admit, for which a reservation is made.
    pub entry: Option<LedgerEntry>,
    /// The document that was laid down, where its issuer will be told of the passage.
    pub told_of: Option<DocumentNumber>,
    /// What risk control saw and found, where it was asked.
    pub looked: Option<Box<Looked>>,
}

impl Answer {
    /// Refers to an officer.
    pub(crate) fn refer(reason: AuthorityReason) -> Self {
        Self::without_entry(Outcome::Refer, reason.code(), String::new())
    }

    /// The same for what is wrong with a chip, by its code.
    pub(crate) fn refer_chip(code: &'static str) -> Self {
        Self::without_entry(Outcome::Refer, code, String::new())
    }

    fn without_entry(outcome: Outcome, code: &'static str, detail: String) -> Self {
        Self { outcome, code, detail, person: None, entry: None, told_of: None, looked: None }
    }
}

/// What only a card says that was laid down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct OnCard {
    /// Endorsements, for the document is another issuer's.
    pub endorsements: bool,
    /// Its replacement: the registry knows a newer one.
    pub replaced: bool,
    /// What could not be told of its chip, by its code.
    pub doubt: Option<&'static str>,
}

/// What was found of one traveller at one lane.
pub(super) struct Found<'f> {
    /// Who judges.
    pub me: AuthorityCode,
    pub rules: &'f Rules,
    pub request: &'f Request,
    /// What this authority may know of them.
    pub view: &'f View,
    /// Issuer of the token.
    pub issuer: AuthorityCode,
    pub face: Compared,
    /// What risk control asks for.
    pub risk: Option<Measure>,
    /// What a face of this age needs beside its score.
    pub need: FaceNeed,
    /// Whether the registry marks them as somebody whom another person resembles.
    pub look_alike: bool,
    /// What stands on a card that was laid down and in no record here.
    pub on_card: OnCard,
    /// Whether a list that this rests on is older than it should be.
    pub stale: bool,
    /// Whether a paper pass was shown: a copy of it is as good as the sheet.
    pub paper: bool,
    /// Days for which the approval lets the passage be kept.
    pub keep_days: u16,
}

impl Found<'_> {
    /// Whether a refusal says only that no record here holds the endorsement that may stand on the card.
    fn endorsement_unread(&self, why: &Refusal) -> bool {
        self.on_card.endorsements && why.reason == ReasonCode::NoEndorsement
    }
}

/// The answer that follows from what was found.
pub(super) fn decide(found: &Found<'_>, now: Timestamp) -> Answer {
    let request = found.request;
    let mut question = Question::new(request.port.clone(), request.direction, now);
    question.lane = request.lane;
    question.asked = if request.joint { Asked::Both } else { Asked::Only(request.role) };
    let judgement = judge(found.rules, request.role, found.view, &question);
    if let Some(answer) = lane_refusal(&judgement.lane) {
        return answer;
    }
    let mut wanted: Vec<(Measure, &'static str)> = Vec::new();
    let grant = match &judgement.verdict {
        documents::Verdict::Admit(grant) => *grant,
        documents::Verdict::Verify { measures, why, grant } => {
            wanted.extend(measures.iter().map(|measure| (*measure, why.reason.as_str())));
            *grant
        }
        // The endorsement may well be there: an officer reads it on the card.
        documents::Verdict::Refer(why) if found.endorsement_unread(why) => {
            wanted.extend(by_officer(AuthorityReason::EndorsementNotRead.code()));
            Grant::on(found.view.document.as_ref().map(documents::Document::kind))
        }
        documents::Verdict::Refer(why) => {
            return Answer::without_entry(Outcome::Refer, why.reason.as_str(), why.change());
        }
    };
    if found.on_card.replaced {
        // Home is never refused by home.
        let home = request.role == Side::Entry && found.view.holder.residence(found.me).is_some();
        if !home {
            return Answer::refer(AuthorityReason::DocumentReplaced);
        }
        wanted.push((Measure::Officer, AuthorityReason::DocumentReplaced.code()));
    }
    wanted.extend(found.on_card.doubt.into_iter().flat_map(by_officer));
    wanted.extend(face_measures(found));
    if found.paper {
        wanted.push((Measure::PhysicalDocument, AuthorityReason::PaperDocument.code()));
    }
    if found.stale {
        wanted.push((Measure::PhysicalDocument, AuthorityReason::StaleLists.code()));
    }
    wanted.retain(|(measure, _)| !is_done(*measure, &request.measures_done));
    // A measure that risk control asks for is asked for anew, whatever was done before; an officer who comes anyway looks at that too.
    if let Some(measure) = found.risk {
        let officer = wanted.iter().any(|(wanted, _)| *wanted == Measure::Officer);
        let measure = if officer { Measure::Officer } else { measure };
        wanted.push((measure, AuthorityReason::RiskCheck.code()));
    }
    match wanted.first() {
        Some((_, code)) => verify(&wanted, code),
        None => admit(found, &grant),
    }
}

fn lane_refusal(lane: &LaneAnswer) -> Option<Answer> {
    match lane {
        LaneAnswer::Open => None,
        LaneAnswer::NotOpenToHolder { why, open } => {
            let outcome = open.map_or(Outcome::Refer, Outcome::NotOpenToHolder);
            Some(Answer::without_entry(outcome, "not_open_to_holder", why.as_str().to_owned()))
        }
        LaneAnswer::Closed { why } => {
            Some(Answer::without_entry(Outcome::Refer, "port_closed", why.as_str().to_owned()))
        }
    }
}

/// Whether a measure was taken. An officer stands in for a guardian.
fn is_done(measure: Measure, done: &[u8]) -> bool {
    let has = |measure| done.contains(&clearance::measure_number(measure));
    has(measure) || (measure == Measure::Guardian && has(Measure::Officer))
}

/// What is due beside the comparison: by its score, by age, and where somebody else looks alike. A face that an officer
/// compares anyway needs nothing more for its age.
fn face_measures(found: &Found<'_>) -> Vec<(Measure, &'static str)> {
    let mut measures = score_measures(found.face);
    let strict = found.need == FaceNeed::Strict && found.face == Compared::Near;
    for (due, measure, reason) in [
        (strict, Measure::Officer, AuthorityReason::FaceAge),
        (found.need == FaceNeed::Guardian, Measure::Guardian, AuthorityReason::FaceMinor),
        (found.look_alike, Measure::Officer, AuthorityReason::FaceLookAlike),
    ] {
        if due {
            measures.push((measure, reason.code()));
        }
    }
    measures
}

fn score_measures(face: Compared) -> Vec<(Measure, &'static str)> {
    match face {
        Compared::Certain | Compared::Near => Vec::new(),
        Compared::Unsure => vec![(Measure::Officer, AuthorityReason::FaceUnsure.code())],
        // The equal path: somebody sworn in holds the document beside the face, wherever a lens cannot.
        Compared::Other => by_officer(AuthorityReason::FaceMismatch.code()),
        Compared::Absent => by_officer(AuthorityReason::FaceAbsent.code()),
        Compared::NoPortrait => by_officer(AuthorityReason::NoPortrait.code()),
    }
}

/// An officer holds the document beside the traveller.
fn by_officer(code: &'static str) -> Vec<(Measure, &'static str)> {
    vec![(Measure::PhysicalDocument, code), (Measure::Officer, code)]
}

fn verify(wanted: &[(Measure, &'static str)], code: &'static str) -> Answer {
    let mut numbers: Vec<u8> = wanted.iter().map(|(m, _)| clearance::measure_number(*m)).collect();
    numbers.sort_unstable();
    numbers.dedup();
    Answer::without_entry(Outcome::Verify(numbers), code, String::new())
}

fn admit(found: &Found<'_>, grant: &Grant) -> Answer {
    let request = found.request;
    let granted_until = if request.role == Side::Entry { grant.last_day() } else { None };
    let entry = LedgerEntry::passage(
        request.port.clone(),
        request.direction,
        found.issuer,
        granted_until,
        grant.spends,
        found.keep_days,
    );
    // Why an officer's eyes stood in for the comparison stands beside the verdict that admits.
    let by_officer = face_measures(found).first().map(|(_, code)| (*code).to_owned());
    let left = grant.entries_left.map(|left| format!("entries left {left}"));
    let day = grant.last_day().map(|day| format!("last day {day}"));
    let detail: Vec<String> = [by_officer, left, day].into_iter().flatten().collect();
    Answer {
        outcome: Outcome::Admit,
        code: "admitted",
        detail: detail.join(", "),
        person: None,
        entry: Some(entry),
        told_of: None,
        looked: None,
    }
}

/// What is written of the reservation beside an admit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    /// Nothing is reserved.
    None,
    /// A new one.
    New,
    /// The one that is there is prolonged.
    Renew(ReservationId),
    /// The one that is there is released as superseded, and a new one is made.
    Replace(ReservationId),
}

/// What the reservations beside it make of an admit: the answer that is signed, and what is written.
pub(super) fn settle(answer: Answer, hold: &HoldAnswer) -> (Answer, Hold) {
    let instead = |outcome, reason: AuthorityReason| {
        let (person, looked) = (answer.person, answer.looked.clone());
        let refused = Answer::without_entry(outcome, reason.code(), answer.detail.clone());
        (Answer { person, looked, ..refused }, Hold::None)
    };
    match hold {
        HoldAnswer::Hold => (answer, Hold::New),
        HoldAnswer::Renew(id) => (answer, Hold::Renew(*id)),
        HoldAnswer::Replace(id) => (answer, Hold::Replace(*id)),
        HoldAnswer::Busy => instead(Outcome::Busy, AuthorityReason::Busy),
        HoldAnswer::Unresolved(_) => {
            let officer = vec![clearance::measure_number(Measure::Officer)];
            instead(Outcome::Verify(officer), AuthorityReason::Unresolved)
        }
        HoldAnswer::TokenSpent => instead(Outcome::Refer, AuthorityReason::TokenSpent),
        HoldAnswer::ClearanceOver => instead(Outcome::Refer, AuthorityReason::ClearanceOver),
    }
}
