//! The decision of ONE authority, on what it may know.
//!
//! Lives here: `judge`. Not here: the replay of the past (`standing`), the lane (`lane`), the question that
//! knows the whole person (`cross`). Three counts have three owners: entries, validity and kind are the
//! mainland's, the limit of stay is the destination's, the week is the mainland's; home never refuses its own.

use crate::rules::LaneRule;
use crate::standing::{Arrival, Choice, CurrentStay, Record, Standing};
use crate::{
    Asked, AuthorityCode, Document, DocumentKind, DocumentStatus, Grant, Judgement, LaneAnswer, LocalDate,
    Measure, Question, ReasonCode, Refusal, ResidenceClass, Rules, Side, StayLimit, Verdict, View, lane,
};

/// One authority's decision: that of `question.direction.authority(side)`, on what it may know.
///
/// The same arguments always give the same answer. `view.movements` are its own ledger's, in any order; for
/// the mainland also the notices of moves between the regions. Entries are counted from them.
#[must_use]
pub fn judge(rules: &Rules, side: Side, view: &View, question: &Question) -> Judgement {
    let context = JudgeContext::new(rules, side, view, question);
    Judgement { verdict: context.verdict(), lane: lane::answer(rules, view, question) }
}

/// The same decision for a day ahead. Where the traveller will be by then is not known, so the side on which their last
/// passage ended and an entry still to be made are not considered.
pub(crate) fn judge_ahead(rules: &Rules, side: Side, view: &View, question: &Question) -> Judgement {
    let context = JudgeContext { planned: true, ..JudgeContext::new(rules, side, view, question) };
    Judgement { verdict: context.verdict(), lane: lane::answer(rules, view, question) }
}

/// The mainland's count of a move between the regions, where it has no verdict: what the notice will spend.
///
/// # Errors
/// The reason why no right covers the move.
pub(crate) fn notice(rules: &Rules, view: &View, question: &Question) -> Result<Choice, Refusal> {
    let record = record(rules, AuthorityCode::Chn, view);
    let standing = record.standing(&view.movements, question.at);
    record.choose(&standing, &arrival(question))
}

pub(crate) fn record<'a>(rules: &'a Rules, me: AuthorityCode, view: &'a View) -> Record<'a> {
    // A student may show the region's identity card; their right is on the permit all the same.
    let student = view.holder.home == AuthorityCode::Chn
        && view.document.as_ref().is_some_and(|d| d.kind() == DocumentKind::Hkid);
    let mut documents: Vec<&Document> = view.document.iter().chain(&view.other_documents).collect();
    // Whoever gives the documents gives them in any order; no answer may rest on it.
    documents.sort_by_cached_key(|document| document.order());
    let permit = || documents.iter().copied().find(|d| d.kind() == DocumentKind::ExitEntryPermit);
    let presented = if student { permit() } else { view.document.as_ref() };
    Record { rules, me, holder: &view.holder, presented, documents }
}

fn arrival(question: &Question) -> Arrival<'_> {
    Arrival {
        direction: question.direction,
        port: &question.port,
        day: question.at.local_date(),
        with_group: question.with_group,
        past: false,
    }
}

struct JudgeContext<'a> {
    record: Record<'a>,
    standing: Standing,
    view: &'a View,
    question: &'a Question,
    side: Side,
    me: AuthorityCode,
    day: LocalDate,
    planned: bool,
}

/// An admission in the making: what it rests on, and what is still to be looked at.
struct Draft {
    grant: Grant,
    open: Vec<(Measure, Refusal)>,
}

type Ruling = Result<Draft, Refusal>;

impl Draft {
    const fn of(grant: Grant) -> Self {
        Self { grant, open: Vec::new() }
    }

    fn needing(mut self, measure: Measure, why: Refusal) -> Self {
        self.open.push((measure, why));
        self
    }

    fn verdict(self) -> Verdict {
        let Some((_, why)) = self.open.first().copied() else { return Verdict::Admit(self.grant) };
        let mut measures: Vec<Measure> = Vec::new();
        for (measure, _) in self.open {
            if !measures.contains(&measure) {
                measures.push(measure);
            }
        }
        Verdict::Verify { measures, why, grant: self.grant }
    }
}

impl<'a> JudgeContext<'a> {
    fn new(rules: &'a Rules, side: Side, view: &'a View, question: &'a Question) -> Self {
        let me = question.direction.authority(side);
        let record = record(rules, me, view);
        let standing = record.standing(&view.movements, question.at);
        Self { record, standing, view, question, side, me, day: question.at.local_date(), planned: false }
    }

    fn verdict(&self) -> Verdict {
        let at_home = self.view.holder.residence(self.me).is_some();
        let ruling = match (self.side, at_home) {
            (Side::Entry, true) => Ok(self.home_entry()),
            (Side::Exit, true) => self.home_exit(),
            (Side::Entry, false) => self.visitor_entry().map(|draft| self.overstayed_before(draft)),
            (Side::Exit, false) => self.visitor_exit(),
        };
        match ruling {
            Ok(draft) => self.sided(self.guarded(draft)).verdict(),
            Err(refusal) => Verdict::Refer(refusal),
        }
    }

    /// The last passage that the authority saw must have ended where this one begins. A gate cut off may
    /// still hold the missing passage, so an officer looks; nobody is refused for it.
    fn sided(&self, draft: Draft) -> Draft {
        let should_be_inside = self.side == Side::Exit;
        match self.standing.inside {
            Some(inside) if inside != should_be_inside && !self.planned => {
                draft.needing(Measure::Officer, Refusal::of(ReasonCode::WrongSide))
            }
            Some(_) | None => draft,
        }
    }

    /// What was overstayed follows the person and not the card (endorsements section 1.6): an officer looks.
    fn overstayed_before(&self, draft: Draft) -> Draft {
        match self.standing.overstays.get(&self.me) {
            Some(last) => draft.needing(Measure::Officer, Refusal::on(ReasonCode::OverstayedBefore, *last)),
            None => draft,
        }
    }

    /// PIPL art. 31 and the notices on face lanes: under legal age with a guardian.
    fn guarded(&self, draft: Draft) -> Draft {
        let age = self.view.holder.birth.age_on(self.day);
        let asks = |rule: &&LaneRule| rule.guardian_below.is_some_and(|below| age < i16::from(below));
        let needed = self.me == AuthorityCode::Chn
            && !self.question.with_guardian
            && lane::answer(self.record.rules, self.view, self.question) == LaneAnswer::Open
            && lane::rules_for(self.record.rules, self.question, self.question.lane).iter().any(asks);
        if needed { draft.needing(Measure::Guardian, Refusal::of(ReasonCode::GuardianNeeded)) } else { draft }
    }

    /// Home is never refused by the home authority: everything that is wrong is looked at, not refused.
    fn home_entry(&self) -> Draft {
        let officer = |kind, why| Draft::of(Grant::on(kind)).needing(Measure::Officer, why);
        let Some(document) = &self.view.document else {
            return officer(None, Refusal::of(ReasonCode::NoPermit));
        };
        let kind = Some(document.kind());
        if document.status == DocumentStatus::Lost {
            return officer(kind, Refusal::of(ReasonCode::DocumentLost));
        }
        if document.kind() == DocumentKind::OneTimePass && self.pass_used(document) {
            return officer(kind, Refusal::of(ReasonCode::PassUsed));
        }
        if document.kind() == DocumentKind::Passport {
            return officer(kind, Refusal::of(ReasonCode::PassportAtCounter));
        }
        if document.kind() == DocumentKind::OfficialPermit {
            return officer(kind, Refusal::of(ReasonCode::OfficialAtCounter));
        }
        let draft = self.with_paper(document, Draft::of(Grant::on(kind)));
        match document.expires.filter(|last| *last < self.day) {
            Some(last) => draft.needing(Measure::Officer, Refusal::on(ReasonCode::DocumentExpired, last)),
            None => draft,
        }
    }

    /// A child's identity card bears no photograph: a paper that does is shown beside it (`papers.csv`).
    fn with_paper(&self, document: &Document, draft: Draft) -> Draft {
        let age = self.view.holder.birth.age_on(self.day);
        let home = self.view.holder.home;
        let Some(rule) = self.record.rules.paper_rule(self.me, home, document.kind(), age, self.day) else {
            return draft;
        };
        if rule.beside.iter().any(|kind| self.shows(*kind)) {
            return draft;
        }
        draft.needing(Measure::PhysicalDocument, Refusal::of(ReasonCode::PaperNeeded))
    }

    /// Whether a document of this kind, in force, is shown or known beside.
    fn shows(&self, kind: DocumentKind) -> bool {
        let mut papers = self.view.document.iter().chain(&self.view.other_documents);
        papers.any(|d| d.kind() == kind && d.status == DocumentStatus::Valid && !d.expired_on(self.day))
    }

    fn home_exit(&self) -> Ruling {
        if self.me == AuthorityCode::Chn { self.mainland_exit() } else { self.region_home_exit() }
    }

    /// A region's own resident leaves on the identity card. Other documents are not looked at.
    fn region_home_exit(&self) -> Ruling {
        let Some(document) = &self.view.document else {
            return Ok(Draft::of(Grant::on(None))
                .needing(Measure::PhysicalDocument, Refusal::of(ReasonCode::NoPermit)));
        };
        not_lost(document)?;
        let draft = self.with_paper(document, Draft::of(Grant::on(Some(document.kind()))));
        if matches!(document.kind(), DocumentKind::Passport) {
            return Ok(draft.needing(Measure::Officer, Refusal::of(ReasonCode::PassportAtCounter)));
        }
        Ok(match document.expires.filter(|last| *last < self.day) {
            Some(last) => draft.needing(Measure::Officer, Refusal::on(ReasonCode::DocumentExpired, last)),
            None => draft,
        })
    }

    /// A mainland resident goes out: the permit, and one endorsement that fits.
    fn mainland_exit(&self) -> Ruling {
        let document = self.travel_permit()?;
        let choice = self.record.choose(&self.standing, &arrival(self.question))?;
        Ok(Draft::of(granted(document, &choice)))
    }

    /// The permit of a mainland resident, fit to go further.
    fn travel_permit(&self) -> Result<&'a Document, Refusal> {
        let document = self.view.document.as_ref().ok_or(Refusal::of(ReasonCode::NoPermit))?;
        not_lost(document)?;
        match document.kind() {
            DocumentKind::ExitEntryPermit | DocumentKind::OneWayPermit => {}
            DocumentKind::OneTimePass => return Err(Refusal::of(ReasonCode::PassOpensNoExit)),
            DocumentKind::Passport => return Err(Refusal::of(ReasonCode::PassportAtCounter)),
            DocumentKind::OfficialPermit => return Err(Refusal::of(ReasonCode::OfficialAtCounter)),
            DocumentKind::Hkid if self.me == AuthorityCode::Hkg => {}
            DocumentKind::MainlandId
            | DocumentKind::ResidencePermit
            | DocumentKind::Hkid
            | DocumentKind::MacaoBir
            | DocumentKind::HomeReturnPermit
            | DocumentKind::DocumentOfIdentity
            | DocumentKind::VisitPermit
            | DocumentKind::InboundPass
            | DocumentKind::ReentryPermit
            | DocumentKind::HksarPassport => return Err(Refusal::of(ReasonCode::NoPermit)),
        }
        in_date(document, self.day)?;
        Ok(document)
    }

    fn visitor_entry(&self) -> Ruling {
        if self.me == AuthorityCode::Chn {
            self.home_return_permit_entry()
        } else if self.view.holder.home == AuthorityCode::Chn {
            self.region_entry_from_the_mainland_card()
        } else {
            self.region_entry_from_the_other_region()
        }
    }

    /// A resident of a region enters the mainland on the Home Return Permit.
    fn home_return_permit_entry(&self) -> Ruling {
        let document = self.view.document.as_ref().ok_or(Refusal::of(ReasonCode::NoPermit))?;
        not_lost(document)?;
        match document.kind() {
            DocumentKind::HomeReturnPermit => {}
            DocumentKind::InboundPass => return self.inbound_pass(document),
            DocumentKind::OneTimePass => return Err(Refusal::of(ReasonCode::PassOpensNoExit)),
            DocumentKind::Passport | DocumentKind::HksarPassport => {
                return Err(Refusal::of(ReasonCode::PassportAtCounter));
            }
            DocumentKind::MainlandId
            | DocumentKind::ResidencePermit
            | DocumentKind::Hkid
            | DocumentKind::MacaoBir
            | DocumentKind::ExitEntryPermit
            | DocumentKind::OneWayPermit
            | DocumentKind::DocumentOfIdentity
            | DocumentKind::VisitPermit
            | DocumentKind::ReentryPermit
            | DocumentKind::OfficialPermit => return Err(Refusal::of(ReasonCode::NoPermit)),
        }
        in_date(document, self.day)?;
        let Some(last_day) = self.record.resident_stay(AuthorityCode::Chn, self.day) else {
            return Err(self.not_yet_issued());
        };
        Ok(Draft::of(Grant { stay: last_day.into(), ..Grant::on(Some(document.kind())) }))
    }

    /// A pass made at the port for one way in: once, within its dates. It never opens a lane for codes (`lanes.toml`).
    fn inbound_pass(&self, pass: &Document) -> Ruling {
        if self.pass_used(pass) {
            return Err(Refusal::of(ReasonCode::PassUsed));
        }
        let stay = pass.expires.map_or(StayLimit::Unknown, StayLimit::Until);
        Ok(Draft::of(Grant {
            stay,
            entries_left: Some(0),
            single_entry: pass.issued.or(Some(self.day)),
            ..Grant::on(Some(pass.kind()))
        }))
    }

    /// The card exists only from a day on (non-Chinese holders: 10 July 2024).
    fn not_yet_issued(&self) -> Refusal {
        let later = self.record.rules.residents().iter().filter(|r| r.destination == Some(self.me));
        let first = later.filter_map(|r| r.from).filter(|from| self.day < *from).min();
        Refusal { reason: ReasonCode::PermitNotYetIssued, day: first }
    }

    /// A mainland resident enters a region. Where the mainland judges the same crossing, kind, validity and
    /// count are its own; a lane of the region alone reads destination and dates; and between the regions,
    /// where the mainland does not stand, the region checks all of it from its own ledger.
    fn region_entry_from_the_mainland_card(&self) -> Ruling {
        let document = self.travel_permit()?;
        let here = arrival(self.question);
        if self.question.direction.from() != AuthorityCode::Chn {
            let choice = self.record.choose(&self.standing, &here)?;
            return Ok(Draft::of(granted(document, &choice)));
        }
        if self.question.asked != Asked::Both {
            self.record.check_card(self.me, self.day)?;
        }
        let expected = self.record.expected(&self.standing, &here);
        // The limit of stay is the region's own: a stay that would be over already is not begun.
        if let Some(last) = expected.and_then(|c| c.last_day).filter(|last| *last < self.day) {
            return Err(Refusal::on(ReasonCode::EndorsementExpired, last));
        }
        if document.kind() == DocumentKind::Hkid {
            return self.student_entry(document, expected);
        }
        // Without an endorsement nothing says how long they may stay: that is not "without limit".
        let unknown = Grant { stay: StayLimit::Unknown, ..Grant::on(Some(document.kind())) };
        let grant = expected.map_or(unknown, |c| granted(document, &c));
        // The trip's entry is taken once, by the mainland at its exit; the region confirms it.
        Ok(Draft::of(Grant { spends: None, ..grant }))
    }

    /// A mainland resident who studies here shows the region's identity card: it stands for the stay (D) on the permit.
    fn student_entry(&self, card: &Document, expected: Option<Choice>) -> Ruling {
        let to_stay = |choice: &Choice| {
            let form = choice.endorsement.and_then(|e| self.record.rules.form(e.form));
            form.is_some_and(|form| form.letter == "D")
        };
        match expected.filter(to_stay) {
            Some(choice) => Ok(Draft::of(Grant { spends: None, ..granted(card, &choice) })),
            None => Ok(Draft::of(Grant { stay: StayLimit::Unknown, ..Grant::on(Some(card.kind())) })
                .needing(Measure::PhysicalDocument, Refusal::of(ReasonCode::PaperNeeded))),
        }
    }

    /// A resident of one region enters the other.
    fn region_entry_from_the_other_region(&self) -> Ruling {
        let document = self.view.document.as_ref().ok_or(Refusal::of(ReasonCode::NoPermit))?;
        not_lost(document)?;
        // Before any right that the card might give: a passport goes to the counter, whoever shows it.
        if matches!(document.kind(), DocumentKind::Passport | DocumentKind::HksarPassport) {
            return Err(Refusal::of(ReasonCode::PassportAtCounter));
        }
        let holder = &self.view.holder;
        let class = holder.residence(holder.home).unwrap_or(ResidenceClass::NonPermanent);
        let visas = &self.record.rules.switches().macpr_hkg_visa_nationalities;
        if self.me == AuthorityCode::Hkg && holder.nationality.is_some_and(|n| visas.contains(&n)) {
            return Err(Refusal::of(ReasonCode::VisaNeeded));
        }
        let rules = self.record.rules;
        let Some(rule) = rules.resident_rule(holder.home, class, holder.nationality, self.me, self.day)
        else {
            return Err(Refusal::of(ReasonCode::NoPermit));
        };
        let stay = self.record.resident_stay(self.me, self.day).map_or(StayLimit::Unknown, StayLimit::from);
        let draft = Draft::of(Grant { stay, ..Grant::on(Some(document.kind())) });
        in_date(document, self.day)?;
        // PSP: a re-entry permit serves where the identity card does.
        let for_the_card =
            rule.document == DocumentKind::Hkid && document.kind() == DocumentKind::ReentryPermit;
        if document.kind() == rule.document || for_the_card || self.shows(rule.document) {
            return Ok(draft);
        }
        match rule.document {
            // A permit that this region gives on application: without it there is no right.
            DocumentKind::VisitPermit => Err(Refusal::of(ReasonCode::NoPermit)),
            // A paper of the holder's own region beside the card: it is looked at.
            DocumentKind::MainlandId
            | DocumentKind::ResidencePermit
            | DocumentKind::Hkid
            | DocumentKind::MacaoBir
            | DocumentKind::ExitEntryPermit
            | DocumentKind::HomeReturnPermit
            | DocumentKind::Passport
            | DocumentKind::OneWayPermit
            | DocumentKind::OneTimePass
            | DocumentKind::DocumentOfIdentity
            | DocumentKind::InboundPass
            | DocumentKind::ReentryPermit
            | DocumentKind::HksarPassport
            | DocumentKind::OfficialPermit => {
                Ok(draft.needing(Measure::PhysicalDocument, Refusal::of(ReasonCode::PaperNeeded)))
            }
        }
    }

    fn visitor_exit(&self) -> Ruling {
        let stay = self.standing.stays.get(&self.me).copied();
        if let Some(last) = stay.and_then(|s| s.last_day).filter(|last| *last < self.day) {
            return Err(Refusal::on(ReasonCode::Overstay, last));
        }
        let Some(document) = &self.view.document else {
            return Err(Refusal::of(ReasonCode::NoPermit));
        };
        not_lost(document)?;
        let mut draft = Draft::of(self.leaving(document, stay));
        let looked_for = !self.planned && self.standing.inside != Some(false);
        if self.stay_is_limited() && !stay.is_some_and(|s| s.known) && looked_for {
            draft = draft.needing(Measure::Officer, Refusal::of(ReasonCode::NoEntryRecord));
        }
        match document.kind() {
            DocumentKind::OneTimePass if self.question.direction.to() != self.view.holder.home => {
                Err(Refusal::of(ReasonCode::PassOpensNoExit))
            }
            DocumentKind::OneTimePass => {
                let why =
                    if self.pass_used(document) { ReasonCode::PassUsed } else { ReasonCode::OneTimePass };
                Ok(draft.needing(Measure::Officer, Refusal::of(why)))
            }
            DocumentKind::InboundPass => {
                Ok(draft.needing(Measure::Officer, Refusal::of(ReasonCode::OneTimePass)))
            }
            DocumentKind::Passport | DocumentKind::HksarPassport => {
                Err(Refusal::of(ReasonCode::PassportAtCounter))
            }
            DocumentKind::OfficialPermit => {
                Ok(draft.needing(Measure::Officer, Refusal::of(ReasonCode::OfficialAtCounter)))
            }
            // The mainland looks at its own card; a region judges a way out by its own limit of stay alone.
            DocumentKind::HomeReturnPermit => match document.expires.filter(|last| *last < self.day) {
                Some(last) => {
                    Ok(draft.needing(Measure::Officer, Refusal::on(ReasonCode::DocumentExpired, last)))
                }
                None => Ok(draft),
            },
            DocumentKind::MainlandId
            | DocumentKind::ResidencePermit
            | DocumentKind::Hkid
            | DocumentKind::MacaoBir
            | DocumentKind::ExitEntryPermit
            | DocumentKind::OneWayPermit
            | DocumentKind::DocumentOfIdentity
            | DocumentKind::VisitPermit
            | DocumentKind::ReentryPermit => Ok(draft),
        }
    }

    fn leaving(&self, document: &Document, stay: Option<CurrentStay>) -> Grant {
        Grant {
            endorsement: stay.and_then(|s| s.endorsement),
            stay: match stay {
                Some(stay) if stay.known => stay.last_day.into(),
                None if !self.stay_is_limited() => StayLimit::Unlimited,
                Some(_) | None => StayLimit::Unknown,
            },
            ..Grant::on(Some(document.kind()))
        }
    }

    /// Whether this holder's stay here has a limit that an entry would have to explain.
    fn stay_is_limited(&self) -> bool {
        let settled = self.view.document.as_ref().is_some_and(|d| d.kind() == DocumentKind::OneWayPermit);
        if self.view.holder.home == AuthorityCode::Chn {
            !settled
        } else {
            self.record.resident_stay(self.me, self.day).is_none_or(|limit| limit.is_some())
        }
    }

    /// A one-time pass leads into the mainland once: used when the mainland saw an entry since its issue, or out of date.
    fn pass_used(&self, pass: &Document) -> bool {
        let entered = |issued: LocalDate| self.standing.home_entries.iter().any(|day| issued <= *day);
        pass.expired_on(self.day) || pass.issued.is_some_and(entered)
    }
}

fn granted(document: &Document, choice: &Choice) -> Grant {
    Grant {
        permit: Some(document.kind()),
        endorsement: choice.endorsement,
        entries_left: choice.entries_left,
        spends: choice.endorsement.filter(|_| choice.spends),
        stay: choice.last_day.into(),
        single_entry: None,
    }
}

fn not_lost(document: &Document) -> Result<(), Refusal> {
    match document.status {
        DocumentStatus::Valid => Ok(()),
        DocumentStatus::Lost => Err(Refusal::of(ReasonCode::DocumentLost)),
    }
}

fn in_date(document: &Document, day: LocalDate) -> Result<(), Refusal> {
    match document.expires.filter(|last| *last < day) {
        Some(last) => Err(Refusal::on(ReasonCode::DocumentExpired, last)),
        None => Ok(()),
    }
}
