//! Visit: one traveller at one lane, from the first doubt to the end, as values and transitions.
//!
//! Lives here: [`begin`], [`Step`] and its states, [`Clear`] (the only proof that no doubt is open). Not here: which measure answers what
//! (`ladder`), whether a lane admits: that is the authority's verdict, which rests on more than risk.
//!
//! At most two attempts and 60 seconds, then a person. A measure that is passed lowers only the doubts that it answers; one that is
//! failed lowers none. No state is left without an end: each outcome takes one attempt.

use documents::{Measure, Timestamp};

use crate::ladder::{Doubts, Means, choose};

/// Most attempts at a lane.
pub const MOST_ATTEMPTS: u8 = 2;
/// Longest time at a lane, in seconds, from the first measure asked.
pub const MOST_SECONDS: i64 = 60;

/// How an asked measure came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Its evidence is there, fresh and signed.
    Passed,
    /// It was tried and not passed.
    Failed,
    /// The traveller chose not to, or walked on to an officer.
    Declined,
}

impl Outcome {
    /// The number in signed forms.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Passed => 1,
            Self::Failed => 2,
            Self::Declined => 3,
        }
    }

    /// The word in answers and pages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Declined => "declined",
        }
    }

    /// The one with this number.
    #[must_use]
    pub fn from_number(number: u64) -> Option<Self> {
        [Self::Passed, Self::Failed, Self::Declined]
            .into_iter()
            .find(|each| u64::from(each.number()) == number)
    }
}

/// A measure that was asked, and how it came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// The measure.
    pub measure: Measure,
    /// How it came out.
    pub outcome: Outcome,
}

/// Where a visit stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// No doubt is open.
    Clear(Clear),
    /// One measure is asked.
    Ask(Asking),
    /// An officer decides.
    Person(WithPerson),
}

/// No doubt is open: nothing raised one, or passed measures or an officer answered them all. Only this module makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clear {
    asked: Vec<Asked>,
    by_officer: bool,
}

impl Clear {
    /// What was asked, and how it came out.
    #[must_use]
    pub fn asked(&self) -> &[Asked] {
        &self.asked
    }

    /// Whether an officer answered for what was still open.
    #[must_use]
    pub const fn by_officer(&self) -> bool {
        self.by_officer
    }
}

/// One measure is asked of the traveller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    open: Doubts,
    means: Means,
    measure: Measure,
    asked: Vec<Asked>,
    attempts_left: u8,
    deadline: Timestamp,
}

impl Asking {
    /// What is asked: never an officer, who has a state of their own.
    #[must_use]
    pub const fn measure(&self) -> Measure {
        self.measure
    }

    /// What is still in doubt.
    #[must_use]
    pub const fn open(&self) -> &Doubts {
        &self.open
    }

    /// What was asked before, and how it came out.
    #[must_use]
    pub fn asked(&self) -> &[Asked] {
        &self.asked
    }

    /// An officer takes over before the measure came out.
    #[must_use]
    pub fn to_person(self) -> WithPerson {
        WithPerson { open: self.open, asked: self.asked }
    }

    /// When a person takes over.
    #[must_use]
    pub const fn deadline(&self) -> Timestamp {
        self.deadline
    }

    /// The measure came out. One that ends at or past the deadline counts for nothing.
    #[must_use]
    pub fn came_out(mut self, outcome: Outcome, now: Timestamp) -> Step {
        self.asked.push(Asked { measure: self.measure, outcome });
        self.attempts_left = self.attempts_left.saturating_sub(1);
        if now >= self.deadline {
            return self.hand_over();
        }
        match outcome {
            Outcome::Passed => self.open = self.open.after(self.measure),
            Outcome::Failed => {}
            Outcome::Declined => return self.hand_over(),
        }
        self.next()
    }

    /// Time goes on without an answer.
    #[must_use]
    pub fn tick(self, now: Timestamp) -> Step {
        if now >= self.deadline { self.hand_over() } else { Step::Ask(self) }
    }

    fn next(mut self) -> Step {
        match choose(&self.open, self.means, self.attempts_left) {
            None => Step::Clear(Clear { asked: self.asked, by_officer: false }),
            Some(Measure::Officer) => self.hand_over(),
            Some(measure) => {
                self.measure = measure;
                Step::Ask(self)
            }
        }
    }

    fn hand_over(self) -> Step {
        Step::Person(self.to_person())
    }
}

/// An officer decides; no machine ends this state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithPerson {
    open: Doubts,
    asked: Vec<Asked>,
}

/// What an officer decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// They looked, and no doubt is left.
    NoDoubt,
    /// They refuse. A refusal always has an officer's name, which the caller keeps with the record.
    Refuse,
}

/// How an officer's look ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// No doubt is open.
    Clear(Clear),
    /// Refused by an officer.
    Refused {
        /// What was asked before.
        asked: Vec<Asked>,
    },
}

impl WithPerson {
    /// What is still in doubt.
    #[must_use]
    pub const fn open(&self) -> &Doubts {
        &self.open
    }

    /// What was asked before.
    #[must_use]
    pub fn asked(&self) -> &[Asked] {
        &self.asked
    }

    /// The officer looked, and no doubt is left.
    #[must_use]
    pub fn found_no_doubt(self) -> Clear {
        Clear { asked: self.asked, by_officer: true }
    }

    /// The officer decided.
    #[must_use]
    pub fn decided(self, decision: Decision) -> Decided {
        match decision {
            Decision::NoDoubt => Decided::Clear(self.found_no_doubt()),
            Decision::Refuse => Decided::Refused { asked: self.asked },
        }
    }
}

/// Begins a visit.
#[must_use]
pub fn begin(doubts: Doubts, means: Means, now: Timestamp) -> Step {
    let asking = Asking {
        open: doubts,
        means,
        // Replaced at once.
        measure: Measure::Officer,
        asked: Vec::new(),
        attempts_left: MOST_ATTEMPTS,
        deadline: now.plus_seconds(MOST_SECONDS),
    };
    asking.next()
}
