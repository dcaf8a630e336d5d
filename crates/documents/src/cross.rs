//! The question of the whole person: both authorities' verdicts and the lane's own answer.
//!
//! Lives here: `may_cross`, which derives what each authority may know and asks `judge` for each.
//! Not here: any rule; a verdict at a lane and an answer here come from the same decision.

mod counter;

use crate::{
    Applied, Asked, AuthorityCode, Document, DocumentKind, DocumentStatus, EndorsementRef, Holder,
    LaneAnswer, LaneKind, LocalDate, Measure, Movement, Question, ReasonCode, Refusal, Rules, Side,
    Timestamp, VehicleAnswer, Verdict, View, judge,
};

pub use counter::Counter;

/// Both authorities' answers and the lane's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The question that is answered.
    pub question: Question,
    /// The origin's answer; `None` where it was not asked.
    pub exit: Option<SideAnswer>,
    /// The destination's answer; `None` where it was not asked.
    pub entry: Option<SideAnswer>,
    /// The lane's own answer.
    pub lane: LaneAnswer,
    /// Between the regions: what the mainland will count for its resident, where it has no verdict.
    pub mainland_count: Option<MainlandCount>,
    /// What the scheme of the car answers; `None` where no car was named.
    pub vehicle: Option<VehicleAnswer>,
    /// What it rests on that is not certain; empty unless [`crate::Doubts`] filled it.
    pub doubts: Vec<crate::Doubt>,
}

/// One authority's answer, with the names that its codes stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SideAnswer {
    /// The authority that answers.
    pub authority: AuthorityCode,
    /// Its verdict on the documents.
    pub verdict: Verdict,
    /// The id of the endorsement's form, such as `g-hkg-3m2`.
    pub endorsement: Option<String>,
}

/// The mainland's own count of a move between the regions, made by notice after the passage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MainlandCount {
    /// A right covers the move.
    Covered {
        /// The endorsement that covers it; `None` where none is needed.
        endorsement: Option<EndorsementRef>,
        /// The id of the endorsement's form, such as `g-hkg-3m2`.
        form: Option<String>,
        /// Whether the move takes an entry.
        spends: bool,
        /// Entries left after the move; `None` where they are not counted.
        entries_left: Option<u8>,
    },
    /// No right covers the move: the reason.
    NotCovered(Refusal),
}

/// What an answer means at the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The door opens.
    Open,
    /// It opens once the measures are done.
    Measures,
    /// The door stays shut.
    Shut,
}

impl Outcome {
    /// `open`, `measures` or `shut`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Measures => "measures",
            Self::Shut => "shut",
        }
    }
}

impl Answer {
    /// The answer of one side.
    #[must_use]
    pub const fn side(&self, side: Side) -> Option<&SideAnswer> {
        match side {
            Side::Exit => self.exit.as_ref(),
            Side::Entry => self.entry.as_ref(),
        }
    }

    /// The answer of one authority.
    #[must_use]
    pub fn of(&self, authority: AuthorityCode) -> Option<&SideAnswer> {
        self.question.direction.side_of(authority).and_then(|side| self.side(side))
    }

    /// What the verdicts asked for and the lane's answer come to together.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        if self.lane != LaneAnswer::Open || matches!(self.vehicle, Some(VehicleAnswer::Refused(_))) {
            return Outcome::Shut;
        }
        let verdicts = [&self.exit, &self.entry].into_iter().flatten().map(|s| &s.verdict);
        verdicts.fold(Outcome::Open, |so_far, verdict| match (so_far, verdict) {
            (Outcome::Shut, _) | (_, Verdict::Refer(_)) => Outcome::Shut,
            (Outcome::Measures, _) | (_, Verdict::Verify { .. }) => Outcome::Measures,
            (Outcome::Open, Verdict::Admit(_)) => Outcome::Open,
        })
    }

    /// The last lawful day of the stay that this crossing begins, from the destination's answer.
    #[must_use]
    pub fn last_day(&self) -> Option<LocalDate> {
        self.entry.as_ref().and_then(|s| s.verdict.grant()).and_then(crate::Grant::last_day)
    }
}

/// Answers whether a person may cross at a given time, for a caller that has the person's whole record: their own
/// wallet, a case file, an operator of all authorities. Movements after `question.at` are left out.
#[must_use]
pub fn may_cross(
    rules: &Rules,
    holder: &Holder,
    documents: &[Document],
    movements: &[Movement],
    question: &Question,
) -> Answer {
    let crossing = Crossing { rules, holder, documents, movements, question };
    let sides: &[Side] = match question.asked {
        Asked::Both => &[Side::Exit, Side::Entry],
        Asked::Only(Side::Exit) => &[Side::Exit],
        Asked::Only(Side::Entry) => &[Side::Entry],
    };
    let best = crossing.presentable().into_iter().map(|shown| crossing.judged(sides, shown));
    let chosen = best.min_by_key(|judged| judged.iter().map(|(_, j)| weight(&j.verdict)).sum::<u32>());
    let judged = chosen.unwrap_or_default();
    let lane = judged.iter().map(|(_, j)| j.lane).find(|l| *l != LaneAnswer::Open);
    let mut answer = Answer {
        question: question.clone(),
        exit: None,
        entry: None,
        lane: lane.unwrap_or(LaneAnswer::Open),
        mainland_count: crossing.mainland_count(),
        vehicle: question.vehicle.as_ref().map(|vehicle| rules.vehicle(vehicle, question)),
        doubts: Vec::new(),
    };
    let guarded = answer.lane == LaneAnswer::Open && crossing.needs_a_guardian();
    for (side, judgement) in judged {
        let verdict = crossing.unresolved(judgement.verdict);
        let verdict = if guarded { with_guardian(verdict) } else { verdict };
        let form = verdict.grant().and_then(|g| g.endorsement).and_then(|e| form_id(rules, e));
        let side_answer =
            SideAnswer { authority: question.direction.authority(side), verdict, endorsement: form };
        match side {
            Side::Exit => answer.exit = Some(side_answer),
            Side::Entry => answer.entry = Some(side_answer),
        }
    }
    answer
}

pub(crate) fn form_id(rules: &Rules, reference: EndorsementRef) -> Option<String> {
    rules.form(reference.form).map(|f| f.id.clone())
}

/// Ranks verdicts, best first. A paper with which one goes to the counter says more than one that opens nothing.
fn weight(verdict: &Verdict) -> u32 {
    match verdict {
        Verdict::Admit(_) => 0,
        Verdict::Verify { .. } => 3,
        Verdict::Refer(why) if why.reason == ReasonCode::NoPermit => 13,
        Verdict::Refer(_) => 12,
    }
}

struct Crossing<'a> {
    rules: &'a Rules,
    holder: &'a Holder,
    documents: &'a [Document],
    movements: &'a [Movement],
    question: &'a Question,
}

/// The document shown to an authority, as its position in the list; `None` where none is fit to be shown.
type Shown = Option<usize>;

impl Crossing<'_> {
    /// What may be shown: a mainland resident shows one card to both sides, so each card is tried; a
    /// resident of a region shows the card that belongs to each side.
    fn presentable(&self) -> Vec<Shown> {
        if self.holder.home != AuthorityCode::Chn {
            return vec![None];
        }
        let cards = self.of_kinds(&[
            DocumentKind::ExitEntryPermit,
            DocumentKind::OneWayPermit,
            DocumentKind::OneTimePass,
            DocumentKind::OfficialPermit,
            DocumentKind::Passport,
        ]);
        let cards = self.only_shown(cards);
        if cards.is_empty() { vec![None] } else { cards.into_iter().map(Some).collect() }
    }

    fn judged(&self, sides: &[Side], shown: Shown) -> Vec<(Side, crate::Judgement)> {
        sides
            .iter()
            .map(|side| {
                let me = self.question.direction.authority(*side);
                let candidates = match shown {
                    Some(card) => self.with_student_card(me, card),
                    None => self.cards_for(me),
                };
                let judgements = candidates
                    .into_iter()
                    .map(|card| judge(self.rules, *side, &self.view(me, *side, card), self.question));
                let best = judgements.min_by_key(|j| weight(&j.verdict));
                (
                    *side,
                    best.unwrap_or_else(|| {
                        judge(self.rules, *side, &self.view(me, *side, None), self.question)
                    }),
                )
            })
            .collect()
    }

    /// A mainland resident who studies in Hong Kong may show its identity card there instead of the permit.
    fn with_student_card(&self, me: AuthorityCode, card: usize) -> Vec<Shown> {
        let student =
            if me == AuthorityCode::Hkg { self.of_kinds(&[DocumentKind::Hkid]) } else { Vec::new() };
        let mut cards = vec![card];
        cards.extend(student);
        self.only_shown(cards).into_iter().map(Some).collect()
    }

    /// The one among `cards` that the question says is shown; all of them where it is none of these.
    fn only_shown(&self, cards: Vec<usize>) -> Vec<usize> {
        let Some(shown) = &self.question.shown else { return cards };
        let named = |at: &usize| self.documents.get(*at).is_some_and(|d| d.number == *shown);
        match cards.iter().copied().find(named) {
            Some(one) => vec![one],
            None => cards,
        }
    }

    /// The cards that a resident of a region may show to `me`, best first.
    fn cards_for(&self, me: AuthorityCode) -> Vec<Shown> {
        if self.holder.home == AuthorityCode::Chn {
            return vec![None];
        }
        let card_of = |place: AuthorityCode| match place {
            AuthorityCode::Chn => DocumentKind::HomeReturnPermit,
            AuthorityCode::Hkg => DocumentKind::Hkid,
            AuthorityCode::Mac => DocumentKind::MacaoBir,
        };
        let place = if me == AuthorityCode::Chn || self.holder.residence(me).is_some() {
            me
        } else {
            self.holder.home
        };
        let mut cards = self.of_kinds(&[card_of(place)]);
        if me == AuthorityCode::Chn {
            cards.extend(self.of_kinds(&[DocumentKind::InboundPass, DocumentKind::OneTimePass]));
        } else {
            cards.extend(self.of_kinds(&[DocumentKind::ReentryPermit]));
        }
        if me.is_sar() && self.holder.residence(me).is_none() {
            cards.extend(self.of_kinds(&[DocumentKind::DocumentOfIdentity]));
        }
        cards.extend(self.of_kinds(&[DocumentKind::HksarPassport, DocumentKind::Passport]));
        let cards = self.only_shown(cards);
        if cards.is_empty() { vec![None] } else { cards.into_iter().map(Some).collect() }
    }

    /// Positions of documents of these kinds: in force before expired before lost, newer before older.
    fn of_kinds(&self, kinds: &[DocumentKind]) -> Vec<usize> {
        let day = self.question.at.local_date();
        let mut found: Vec<(usize, &Document)> = self
            .documents
            .iter()
            .enumerate()
            .filter(|(_, d)| kinds.contains(&d.kind()) && d.issued.is_none_or(|i| i <= day))
            // A new card ends the one before it.
            .filter(|(_, d)| self.is_shown(d) || !self.documents.iter().any(|o| o.replaces(d, day)))
            .collect();
        found.sort_by_key(|(_, d)| {
            let kind = kinds.iter().position(|k| *k == d.kind());
            let newer_first = std::cmp::Reverse(d.issued);
            (d.status == DocumentStatus::Lost, d.expired_on(day), kind, newer_first, d.order())
        });
        found.into_iter().map(|(at, _)| at).collect()
    }

    fn is_shown(&self, document: &Document) -> bool {
        self.question.shown.as_ref() == Some(&document.number)
    }

    /// The document as it is on the day: one that was replaced ended with the day before the newer was issued.
    fn as_of_today(&self, document: &Document) -> Document {
        let day = self.question.at.local_date();
        let newer = self.documents.iter().filter(|o| o.replaces(document, day));
        let ended = newer.filter_map(|o| o.issued).min().map(|issued| issued.plus_days(-1));
        let expires = [document.expires, ended].into_iter().flatten().min();
        Document { expires, ..document.clone() }
    }

    /// What `me` may know: its own documents and those of the holder's home that are meant for it.
    fn view(&self, me: AuthorityCode, side: Side, card: Shown) -> View {
        let known = |kind: DocumentKind| match kind {
            DocumentKind::ExitEntryPermit
            | DocumentKind::OneWayPermit
            | DocumentKind::OneTimePass
            | DocumentKind::OfficialPermit
            | DocumentKind::HksarPassport
            | DocumentKind::Passport => true,
            DocumentKind::HomeReturnPermit
            | DocumentKind::MainlandId
            | DocumentKind::InboundPass
            | DocumentKind::ResidencePermit => me == AuthorityCode::Chn,
            DocumentKind::Hkid | DocumentKind::MacaoBir => me.is_sar(),
            DocumentKind::DocumentOfIdentity | DocumentKind::VisitPermit | DocumentKind::ReentryPermit => {
                me.is_sar()
            }
        };
        let others = self.documents.iter().enumerate();
        let others = others.filter(|(at, d)| Some(*at) != card && known(d.kind()));
        View {
            holder: self.holder.clone(),
            document: card.and_then(|at| self.documents.get(at)).map(|d| self.as_of_today(d)),
            other_documents: others.map(|(_, d)| d.clone()).collect(),
            movements: self.movements_for(side),
        }
    }

    /// An exit of this very crossing that was applied already is not "before" its own judgement.
    fn movements_for(&self, side: Side) -> Vec<Movement> {
        let pending =
            self.pending_exit().filter(|m| side == Side::Exit && m.direction == self.question.direction);
        let all = self.movements.iter().filter(|m| m.at <= self.question.at);
        all.filter(|m| pending.is_none_or(|p| *m != p)).cloned().collect()
    }

    /// Whether a lane that compares a face asks for a guardian or an officer at this age, whatever the score.
    fn needs_a_guardian(&self) -> bool {
        let age = self.holder.birth.age_on(self.question.at.local_date());
        let compares = matches!(self.question.lane, LaneKind::Code | LaneKind::FaceOnly);
        let below = self.rules.switches().child_face_below;
        compares && !self.question.with_guardian && u16::try_from(age).is_ok_and(|age| age < below)
    }

    /// The last movement, where it is an exit that no entry followed.
    fn pending_exit(&self) -> Option<&Movement> {
        let so_far = self.movements.iter().filter(|m| m.at <= self.question.at);
        so_far.max_by_key(|m| m.at).filter(|m| m.applied == Applied::ExitOnly)
    }

    /// An exit that no entry followed for too long is an officer's; it refuses nobody by itself.
    fn unresolved(&self, verdict: Verdict) -> Verdict {
        let overdue = self.pending_exit().filter(|exit| is_unresolved(self.rules, exit, self.question.at));
        let Some(exit) = overdue else { return verdict };
        let why = Refusal::on(ReasonCode::Unresolved, exit.at.local_date());
        match verdict {
            Verdict::Admit(grant) => Verdict::Verify { measures: vec![Measure::Officer], why, grant },
            Verdict::Verify { mut measures, grant, .. } => {
                if !measures.contains(&Measure::Officer) {
                    measures.push(Measure::Officer);
                }
                Verdict::Verify { measures, why, grant }
            }
            Verdict::Refer(refusal) => Verdict::Refer(refusal),
        }
    }

    fn mainland_count(&self) -> Option<MainlandCount> {
        let direction = self.question.direction;
        let between_regions = direction.from().is_sar() && direction.to().is_sar();
        if self.holder.home != AuthorityCode::Chn || !between_regions {
            return None;
        }
        let card = self.of_kinds(&[DocumentKind::ExitEntryPermit]).first().copied();
        let view = self.view(AuthorityCode::Chn, Side::Entry, card);
        Some(mainland_count(self.rules, &view, self.question))
    }
}

/// A verdict to which a guardian beside a child is added; an officer stands in for one.
fn with_guardian(verdict: Verdict) -> Verdict {
    let why = Refusal::of(ReasonCode::GuardianNeeded);
    match verdict {
        Verdict::Admit(grant) => Verdict::Verify { measures: vec![Measure::Guardian], why, grant },
        Verdict::Verify { mut measures, why, grant } => {
            if !measures.contains(&Measure::Guardian) && !measures.contains(&Measure::Officer) {
                measures.push(Measure::Guardian);
            }
            Verdict::Verify { measures, why, grant }
        }
        Verdict::Refer(refusal) => Verdict::Refer(refusal),
    }
}

/// The mainland's count of a move of its resident between the regions.
pub(crate) fn mainland_count(rules: &Rules, view: &View, question: &Question) -> MainlandCount {
    match crate::judge::notice(rules, view, question) {
        Ok(choice) => MainlandCount::Covered {
            endorsement: choice.endorsement,
            form: choice.endorsement.and_then(|e| form_id(rules, e)),
            spends: choice.spends,
            entries_left: choice.entries_left,
        },
        Err(refusal) => MainlandCount::NotCovered(refusal),
    }
}

/// Whether this exit is one that no entry followed in time (minutes of its port): an officer's.
#[must_use]
pub fn is_unresolved(rules: &Rules, exit: &Movement, now: Timestamp) -> bool {
    let minutes = rules.port(&exit.port, exit.at.local_date()).map_or(120, |p| p.unresolved_after);
    exit.applied == Applied::ExitOnly && now.seconds_since(exit.at) >= i64::from(minutes) * 60
}
