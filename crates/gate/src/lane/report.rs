//! Report: what a lane says of one traveller, and the JSON form of it.
//!
//! Classes and references of verdicts only; an authority's reason never reaches the gate.

use clearance::{Answer, ClearanceId, Measures, Passage};
use credential::TokenId;
use documents::{AuthorityCode, Measure, Side};
use serde_json::{Value, json};

use crate::reason::GateReason;

/// Milliseconds of each stage of one crossing.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Stages {
    /// From a frame to the code's text.
    pub read: f64,
    /// The check of the code.
    pub check: f64,
    /// From pictures to the probe.
    pub face: f64,
    /// From the first request to the door command or the refusal.
    pub clear: f64,
    /// From the first frame to the door command or the refusal.
    pub total: f64,
}

/// One authority's verdict as the lane knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// The side that was judged.
    pub side: Side,
    /// The authority that judged it.
    pub authority: AuthorityCode,
    /// Admit, verify or refer.
    pub answer: Answer,
    /// Under which the authority keeps its reason.
    pub reference: [u8; 16],
}

/// How one crossing ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The clearance of this try.
    pub clearance: ClearanceId,
    /// What happened at the door; `not_passed` too where no authority was asked.
    pub passage: Passage,
    /// The gate's own reason, where it refused or had no verdict.
    pub reason: Option<GateReason>,
    /// What exactly was wrong, where the reason's code alone does not say it: for the officer or the command line.
    pub detail: Option<String>,
    /// The last verdict of each side that gave one, the exit first.
    pub verdicts: Vec<Judged>,
    /// Measures that were asked for and not carried out.
    pub open_measures: Option<Measures>,
    /// The key of the sentence that the traveller saw last.
    pub sentence: &'static str,
    /// Whether an officer was called.
    pub officer: bool,
    /// Whether any picture came from elsewhere than the gate's own camera: marks every output.
    pub simulated_camera: bool,
    /// The token's id, where a code passed the check.
    pub token: Option<TokenId>,
    /// How long each stage took, in milliseconds.
    pub ms: Stages,
}

impl Report {
    /// Nothing has happened yet.
    pub(super) fn new(clearance: ClearanceId) -> Self {
        Self {
            clearance,
            passage: Passage::NotPassed,
            reason: None,
            detail: None,
            verdicts: Vec::new(),
            open_measures: None,
            sentence: clearance::Sentence::Welcome.key(),
            officer: false,
            simulated_camera: false,
            token: None,
            ms: Stages::default(),
        }
    }

    /// The verdict of one side.
    #[must_use]
    pub fn verdict(&self, side: Side) -> Option<&Judged> {
        self.verdicts.iter().find(|v| v.side == side)
    }

    /// The JSON form, as `POST /v1/scans` answers.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let verdicts: Vec<Value> = self
            .verdicts
            .iter()
            .map(|judged| {
                json!({
                    "side": judged.side, "authority": judged.authority, "answer": judged.answer.word(),
                    "reference": hex::encode(judged.reference),
                })
            })
            .collect();
        let measures: Vec<_> =
            self.open_measures.map(|m| m.iter().map(Measure::as_str).collect()).unwrap_or_default();
        json!({
            "clearance": self.clearance.to_string(),
            "passage": self.passage.code(),
            "code": self.reason.map(GateReason::code),
            "detail": self.detail,
            "verdicts": verdicts,
            "measures": measures,
            "sentence": self.sentence,
            "officer": self.officer,
            "simulated_camera": self.simulated_camera,
            "token": self.token.map(|token| token.to_string()),
            "ms": self.ms,
        })
    }
}
