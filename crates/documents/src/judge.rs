//! The decision. (Being filled in.)
use crate::*;

/// Both authorities' answers and the lane's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The origin's answer; `None` where it was not asked.
    pub exit: Option<Verdict>,
    /// The destination's answer; `None` where it was not asked.
    pub entry: Option<Verdict>,
    /// The lane's own.
    pub lane: LaneAnswer,
}

/// ONE authority's decision (that of `question.direction.authority(side)`) on what IT may know.
#[must_use]
pub fn judge(_rules: &Rules, _side: Side, _view: &View, _question: &Question) -> Judgement {
    Judgement { verdict: Verdict::Refer(Refusal::of(ReasonCode::NoPermit)), lane: LaneAnswer::Open }
}

/// Both authorities' verdicts and the lane's own answer, for whoever knows the whole person.
#[must_use]
pub fn may_cross(
    rules: &Rules,
    holder: &Holder,
    documents: &[Document],
    movements: &[Movement],
    question: &Question,
) -> Answer {
    let view = View {
        holder: holder.clone(),
        document: documents.first().cloned(),
        other_documents: vec![],
        movements: movements.to_vec(),
    };
    let a = judge(rules, Side::Exit, &view, question);
    Answer { exit: Some(a.verdict), entry: None, lane: a.lane }
}
