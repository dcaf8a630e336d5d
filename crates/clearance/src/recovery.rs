//! Recovery: what stands in the gate's durable memory, and what a restart makes of it.
//!
//! Lives here: the three records of a clearance and [`recover`]. Not here: the tables they lie in (`gate`).

use documents::Timestamp;

use crate::binding::{Digest, Round, Sides, Subject};
use crate::notice::{Passage, Told, told};
use crate::verdict::Admit;

/// Written before anybody is asked: from here on the gate owes both authorities an ending.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AskingRecord {
    /// The round of asking, which a gate started anew goes on with.
    pub round: Round,
    /// When the first round began.
    pub asked_at: Timestamp,
}

/// Written before the door is commanded.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OpeningRecord {
    /// What the admits are about.
    pub subject: Subject,
    /// Every admit that the lane needs.
    pub admits: Sides<Admit>,
    /// When the first round began.
    pub asked_at: Timestamp,
    /// When it was decided.
    pub decided_at: Timestamp,
}

/// Written before anybody is told.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PassageRecord {
    /// What it was about.
    pub subject: Subject,
    /// What happened.
    pub passage: Passage,
    /// When the first round began.
    pub asked_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// The hashes of the verdicts that opened; none where nothing opened.
    pub verdicts: Option<Sides<Digest>>,
}

impl PassageRecord {
    /// What each authority that was asked is told.
    #[must_use]
    pub fn told(&self) -> Told {
        told(self.passage, self.asked_at, self.ended_at)
    }

    /// The verdict hashes that the event to the authorities covers. A `not_passed` covers none, opened or not: whether
    /// the other side had admitted is not theirs to know.
    #[must_use]
    pub fn told_verdicts(&self) -> Option<&Sides<Digest>> {
        match self.passage {
            Passage::NotPassed => None,
            Passage::Passed | Passage::Returned | Passage::Unknown => self.verdicts.as_ref(),
        }
    }
}

impl OpeningRecord {
    /// What of it must be durable.
    #[must_use]
    pub fn trail(&self) -> Trail {
        let verdicts = self.admits.as_ref().map(|_, admit| admit.verdict().hash);
        Trail::Opening { subject: self.subject.clone(), asked_at: self.asked_at, verdicts }
    }

    pub(crate) fn end(self, passage: Passage, ended_at: Timestamp) -> PassageRecord {
        let verdicts = Some(self.admits.as_ref().map(|_, admit| admit.verdict().hash));
        PassageRecord { subject: self.subject, passage, asked_at: self.asked_at, ended_at, verdicts }
    }
}

impl AskingRecord {
    /// What of it must be durable.
    #[must_use]
    pub fn trail(&self) -> Trail {
        Trail::Asked { subject: self.round.subject().clone(), asked_at: self.asked_at }
    }

    pub(crate) fn end_unopened(self, ended_at: Timestamp) -> PassageRecord {
        unopened(self.round.subject().clone(), self.asked_at, ended_at)
    }
}

fn unopened(subject: Subject, asked_at: Timestamp, ended_at: Timestamp) -> PassageRecord {
    PassageRecord { subject, passage: Passage::NotPassed, asked_at, ended_at, verdicts: None }
}

/// How far the durable records of one clearance go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Trail {
    /// Asked, no more.
    Asked {
        /// What about.
        subject: Subject,
        /// When the first round began.
        asked_at: Timestamp,
    },
    /// An opening was written; whether the door moved is not known.
    Opening {
        /// What about.
        subject: Subject,
        /// When the asking began.
        asked_at: Timestamp,
        /// The hashes of the admits.
        verdicts: Sides<Digest>,
    },
    /// The end was written; whether everybody was told is the outbox's matter.
    Passage(PassageRecord),
}

/// What a restart has to do about one clearance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovery {
    /// Write this end, then tell.
    RecordPassage(PassageRecord),
    /// Nothing more to decide: let the outbox tell.
    Tell(PassageRecord),
}

/// What follows at `now`, after a stop, from the furthest record of one clearance: a stop between opening and passage
/// is `unknown`, for the door may have moved; a stop before any opening is `not_passed`.
#[must_use]
pub fn recover(trail: Trail, now: Timestamp) -> Recovery {
    match trail {
        Trail::Asked { subject, asked_at } => Recovery::RecordPassage(unopened(subject, asked_at, now)),
        Trail::Opening { subject, asked_at, verdicts } => Recovery::RecordPassage(PassageRecord {
            subject,
            passage: Passage::Unknown,
            asked_at,
            ended_at: now,
            verdicts: Some(verdicts),
        }),
        Trail::Passage(passage) => Recovery::Tell(passage),
    }
}
