//! What one authority can tell its own holder before they set out.
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
    /// Rank for choosing among several ports, best first: admit, verify, a lane that is not open, refer.
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

/// What `me` says to its own holder about a crossing: the same decision as at the lane, on the same view. With `planned`
/// it is for a day ahead, and where the holder is now is not considered.
#[must_use]
pub fn ahead(rules: &Rules, me: AuthorityCode, view: &View, question: &Question, planned: bool) -> Ahead {
    let Some(side) = question.direction.side_of(me) else {
        let counts = me == AuthorityCode::Chn && view.holder.home == me;
        let count = counts.then(|| mainland_count(rules, view, question));
        return Ahead { side: None, verdict: None, form: None, lane: None, count };
    };
    let judgement = if planned {
        crate::judge::judge_ahead(rules, side, view, question)
    } else {
        crate::judge(rules, side, view, question)
    };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Applied, CaseFile, Direction, Measure, PortId, ReasonCode};

    const CASE: &str = r#"{"person": {"name": "SPECIMEN", "birth": "1990-05-06", "home": "CHN"},
        "documents": [{"kind": "exit_entry_permit", "number": "CA1234567", "expires": "2030-01-01", "endorsements": [
            {"kind": "G", "destination": "MAC", "from": "2026-01-10", "to": "2026-04-09", "entries": 2}]}],
        "movements": [
            {"port": "hengqin", "from": "CHN", "to": "MAC", "at": "2026-03-01T10:00:00+08:00"}]}"#;

    fn asked(from: AuthorityCode, to: AuthorityCode, at: &str, planned: bool) -> Ahead {
        let rules = Rules::builtin().unwrap();
        let case = CaseFile::parse(CASE, &rules).unwrap();
        let mut documents = case.documents;
        let mut movements = case.movements;
        movements.iter_mut().for_each(|movement| movement.applied = Applied::ExitOnly);
        let view =
            View { holder: case.holder, document: documents.pop(), other_documents: documents, movements };
        let port: PortId =
            if from.is_sar() && to.is_sar() { "hzmb-hkg-mac" } else { "hengqin" }.parse().unwrap();
        let question = Question::new(port, Direction::new(from, to).unwrap(), at.parse().unwrap());
        ahead(&rules, AuthorityCode::Chn, &view, &question, planned)
    }

    #[test]
    fn whoever_is_out_already_is_told_so_today_and_not_for_another_day() {
        let (chn, mac) = (AuthorityCode::Chn, AuthorityCode::Mac);
        let today = asked(chn, mac, "2026-03-01T18:00:00+08:00", false);
        let Some(Verdict::Verify { measures, why, .. }) = &today.verdict else { panic!("{today:?}") };
        assert_eq!((measures.as_slice(), why.reason), (&[Measure::Officer][..], ReasonCode::WrongSide));
        let later = asked(chn, mac, "2026-03-09T12:00:00+08:00", true);
        let Some(Verdict::Admit(grant)) = &later.verdict else { panic!("{later:?}") };
        assert_eq!((grant.entries_left, grant.spends.is_some()), (Some(0), true));
        assert_eq!(later.side, Some(Side::Exit));
        assert!(later.form.is_some());
    }

    #[test]
    fn a_day_ahead_is_no_way_around_a_rule() {
        let after = asked(AuthorityCode::Chn, AuthorityCode::Mac, "2026-04-10T12:00:00+08:00", true);
        let Some(Verdict::Refer(why)) = &after.verdict else { panic!("{after:?}") };
        assert_eq!(why.reason, ReasonCode::EndorsementExpired);
    }

    #[test]
    fn between_the_regions_the_mainland_tells_its_count() {
        let answer = asked(AuthorityCode::Hkg, AuthorityCode::Mac, "2026-03-09T12:00:00+08:00", true);
        assert_eq!((answer.side, answer.verdict.is_none()), (None, true));
        let Some(MainlandCount::Covered { spends, entries_left, .. }) = answer.count else {
            panic!("{answer:?}")
        };
        assert_eq!((spends, entries_left), (true, Some(0)));
    }

    #[test]
    fn of_two_entries_one_is_left_after_one_trip() {
        let rules = Rules::builtin().unwrap();
        let case = CaseFile::parse(CASE, &rules).unwrap();
        let mut documents = case.documents;
        let view = View {
            holder: case.holder,
            document: documents.pop(),
            other_documents: documents,
            movements: case.movements,
        };
        let left = |at: &str| {
            entries_left(&rules, AuthorityCode::Chn, &view, at.parse().unwrap())
                .into_values()
                .collect::<Vec<_>>()
        };
        assert_eq!(left("2026-02-28T12:00:00+08:00"), [2]);
        assert_eq!(left("2026-03-02T12:00:00+08:00"), [1]);
    }
}
