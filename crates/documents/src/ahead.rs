//! What one authority can tell its own holder before he sets out.
//!
//! Lives here: its verdict where it stands at a side, its count where it stands at none, what is left of endorsements.
//! Not here: the other side's answer, which it does not know, and risk or watch lists, which nobody is told of.

use std::collections::BTreeMap;

use crate::cross::{form_id, mainland_count};
use crate::rules::Counting;
use crate::{
    AuthorityCode, EndorsementRef, LaneAnswer, MainlandCount, Question, Rules, Side, Timestamp, Verdict, View,
};

/// One authority's answer about a crossing ahead, on what its own registry and ledger hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ahead {
    /// Its side of that crossing; `None` where it stands at neither.
    pub side: Option<Side>,
    /// Its verdict on the documents; `None` where it stands at neither side.
    pub verdict: Option<Verdict>,
    /// The id of the endorsement's form that the verdict rests on.
    pub form: Option<String>,
    /// The lane's own answer; `None` where it stands at neither side.
    pub lane: Option<LaneAnswer>,
    /// Between the regions: what the mainland will count for its own resident.
    pub count: Option<MainlandCount>,
}

impl Ahead {
    /// Of several ports the best comes first: a yes, a yes after measures, a lane that is not open, a no.
    #[must_use]
    pub fn rank(&self) -> u8 {
        let lane = u8::from(self.lane.is_some_and(|lane| lane != LaneAnswer::Open)) * 2;
        match (&self.verdict, &self.count) {
            (Some(Verdict::Admit(_)), _) | (None, Some(MainlandCount::Covered { .. }) | None) => lane,
            (Some(Verdict::Verify { .. }), _) => lane + 1,
            (Some(Verdict::Refer(_)), _) | (None, Some(MainlandCount::NotCovered(_))) => lane + 4,
        }
    }
}

/// What `me` says to its own holder about a crossing ahead: the same decision as at the lane, on the same view.
#[must_use]
pub fn ahead(rules: &Rules, me: AuthorityCode, view: &View, question: &Question) -> Ahead {
    let Some(side) = question.direction.side_of(me) else {
        let counts = me == AuthorityCode::Chn && view.holder.home == me;
        let count = counts.then(|| mainland_count(rules, view, question));
        return Ahead { side: None, verdict: None, form: None, lane: None, count };
    };
    let judgement = crate::judge(rules, side, view, question);
    let form = judgement.verdict.grant().and_then(|grant| grant.endorsement).and_then(|e| form_id(rules, e));
    Ahead {
        side: Some(side),
        verdict: Some(judgement.verdict),
        form,
        lane: Some(judgement.lane),
        count: None,
    }
}

/// Entries left at `at` on each endorsement whose entries are counted one by one, by the ledger of `me`.
#[must_use]
pub fn entries_left(
    rules: &Rules,
    me: AuthorityCode,
    view: &View,
    at: Timestamp,
) -> BTreeMap<EndorsementRef, u8> {
    let record = crate::judge::record(rules, me, view);
    let standing = record.standing(&view.movements, at);
    let endorsements = record.documents.iter().flat_map(|document| &document.endorsements);
    endorsements
        .filter_map(|endorsement| {
            let Counting::Entries(most) = rules.form(endorsement.form)?.counting else { return None };
            let reference = endorsement.reference();
            let used = standing.uses.get(&reference).copied().unwrap_or(0);
            let granted = endorsement.entries.unwrap_or(most);
            Some((reference, granted.saturating_sub(u8::try_from(used).unwrap_or(u8::MAX))))
        })
        .collect()
}
