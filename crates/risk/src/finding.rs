//! Findings: what rules found about one crossing: which doubt, and the harm if it is right.
//!
//! Lives here: [`Doubt`], [`Harm`], [`Finding`], [`Findings`] and their deterministic form. Not here: how they are reached (`judge`),
//! what is asked of a traveller (`ladder`).

use std::collections::BTreeMap;
use std::fmt;

use credential::cbor::{CborError, Reader, Writer};

use crate::engine::Undecided;
use crate::schema::{MAX_NAME, is_name};

/// Most rules of a file.
pub const MAX_RULES: usize = 400;

macro_rules! numbered {
    ($(#[$outer:meta])* $name:ident { $($(#[$inner:meta])* $variant:ident = $number:literal $text:literal,)+ }) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$inner])* $variant,)+ }

        impl $name {
            /// All of them, in order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in files, pages and codes; it never changes.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The number in signed forms; never reused.
            #[must_use]
            pub const fn number(self) -> u8 {
                match self { $(Self::$variant => $number,)+ }
            }

            /// The one with this number.
            #[must_use]
            pub fn from_number(number: u64) -> Option<Self> {
                Self::ALL.iter().copied().find(|each| u64::from(each.number()) == number)
            }

            /// The one with this word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|each| each.as_str() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use numbered;

numbered! {
    /// What is in doubt. A measure answers some of them and no others.
    Doubt {
        /// Whether the one who shows the pass is the one whose phone it is.
        WhosePhone = 1 "whose_phone",
        /// Whether the face is that of the document's holder.
        WhoseFace = 2 "whose_face",
        /// Whether a living face stands before the camera.
        LiveFace = 3 "live_face",
        /// Which document counts: lost, reissued, near its end.
        WhichDocument = 4 "which_document",
        /// Whether the code was carried here from elsewhere.
        CodeRelayed = 5 "code_relayed",
        /// Whether a second device has the same keys.
        DeviceCloned = 6 "device_cloned",
        /// Whether one person was at two ports.
        TravelImpossible = 7 "travel_impossible",
        /// Use that differs from the person's own habit.
        UnusualUse = 8 "unusual_use",
        /// The authority's list, or an officer's interest.
        WatchList = 9 "watch_list",
        /// The lot.
        RandomCheck = 10 "random_check",
        /// The machine or its staff: told to the operator, never asked of a traveller.
        Lane = 11 "lane",
        /// The rules could not be asked.
        Engine = 12 "engine",
    }
}

numbered! {
    /// The harm if the doubt is right and nobody looks.
    Harm {
        /// A nuisance.
        Low = 1 "low",
        /// One wrongful crossing.
        Medium = 2 "medium",
        /// A stolen identity, or danger.
        High = 3 "high",
    }
}

/// The name of a rule: 1 to 40 of `a-z`, `0-9` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(String);

impl RuleId {
    /// The name; `None` where the text is none.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        is_name(text).then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        Self::new(r.text(MAX_NAME)?).ok_or(CborError::Unexpected)
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

numbered! {
    /// Why there is a finding.
    Cause {
        /// The rule holds.
        Held = 0 "held",
        /// A signal is missing: the stricter way.
        Missing = 1 "missing",
        /// The engine failed: the stricter way.
        Failed = 2 "failed",
    }
}

impl From<Undecided> for Cause {
    fn from(undecided: Undecided) -> Self {
        match undecided {
            Undecided::Missing => Self::Missing,
            Undecided::OtherSchema | Undecided::Failed => Self::Failed,
        }
    }
}

/// What one rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: RuleId,
    /// What is in doubt.
    pub doubt: Doubt,
    /// The harm if it is right.
    pub harm: Harm,
    /// Why.
    pub cause: Cause,
    /// Whether it has an effect; a rule in shadow is scored and logged alone.
    pub counts: bool,
}

/// All findings of one crossing, in the order of the rules.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    pub(crate) fn push(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The doubts about the traveller that have an effect, each with its greatest harm.
    #[must_use]
    pub fn doubts(&self) -> BTreeMap<Doubt, Harm> {
        let mut doubts = BTreeMap::new();
        for finding in self.0.iter().filter(|finding| finding.counts && finding.doubt != Doubt::Lane) {
            let harm = doubts.entry(finding.doubt).or_insert(finding.harm);
            *harm = (*harm).max(finding.harm);
        }
        doubts
    }

    /// Those that have an effect.
    #[must_use]
    pub fn with_effect(&self) -> Self {
        self.0.iter().filter(|finding| finding.counts).cloned().collect()
    }

    /// What the lane's operator is told.
    pub fn of_the_lane(&self) -> impl Iterator<Item = &Finding> {
        self.0.iter().filter(|finding| finding.doubt == Doubt::Lane)
    }

    /// The deterministic form: what a replay must give bit for bit.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(16 + self.0.len() * 48);
        w.array(self.0.len());
        for finding in &self.0 {
            write_finding(&mut w, finding);
        }
        w.finish()
    }

    /// Reads the deterministic form.
    ///
    /// # Errors
    /// [`CborError`] for the first malformed item.
    pub fn decode(bytes: &[u8]) -> Result<Self, CborError> {
        let mut r = Reader::new(bytes);
        // The rules in force, and those on trial beside them.
        let count = r.array(2 * MAX_RULES + 2)?;
        let findings = (0..count).map(|_| read_finding(&mut r)).collect::<Result<_, _>>()?;
        r.finish()?;
        Ok(Self(findings))
    }
}

impl FromIterator<Finding> for Findings {
    fn from_iter<I: IntoIterator<Item = Finding>>(findings: I) -> Self {
        Self(findings.into_iter().collect())
    }
}

pub(crate) fn write_finding(w: &mut Writer, finding: &Finding) {
    w.array(5).text(finding.rule.as_str()).uint(u64::from(finding.doubt.number()));
    w.uint(u64::from(finding.harm.number())).uint(u64::from(finding.cause.number())).bool(finding.counts);
}

pub(crate) fn read_finding(r: &mut Reader<'_>) -> Result<Finding, CborError> {
    r.array_exact(5)?;
    Ok(Finding {
        rule: RuleId::read(r)?,
        doubt: Doubt::from_number(r.uint()?).ok_or(CborError::Unexpected)?,
        harm: Harm::from_number(r.uint()?).ok_or(CborError::Unexpected)?,
        cause: Cause::from_number(r.uint()?).ok_or(CborError::Unexpected)?,
        counts: r.bool()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_words_stay_what_they_are() {
        let numbers: Vec<u8> = Doubt::ALL.iter().map(|doubt| doubt.number()).collect();
        assert_eq!(numbers, (1..=12).collect::<Vec<u8>>());
        for doubt in Doubt::ALL {
            assert_eq!(Doubt::from_word(doubt.as_str()), Some(*doubt));
            assert_eq!(Doubt::from_number(u64::from(doubt.number())), Some(*doubt));
        }
        assert_eq!((Doubt::from_number(0), Doubt::from_number(13)), (None, None));
        assert!(Harm::Low < Harm::Medium && Harm::Medium < Harm::High);
    }

    #[test]
    fn a_doubt_has_its_greatest_harm_and_shadow_and_lane_have_none() {
        let finding = |doubt, harm, counts| Finding {
            rule: RuleId::new("r").unwrap(),
            doubt,
            harm,
            cause: Cause::Held,
            counts,
        };
        let findings: Findings = [
            finding(Doubt::WhoseFace, Harm::Low, true),
            finding(Doubt::WhoseFace, Harm::High, true),
            finding(Doubt::CodeRelayed, Harm::High, false),
            finding(Doubt::Lane, Harm::High, true),
        ]
        .into_iter()
        .collect();
        assert_eq!(findings.doubts(), BTreeMap::from([(Doubt::WhoseFace, Harm::High)]));
        assert_eq!(findings.of_the_lane().count(), 1);
        assert_eq!(Findings::decode(&findings.encode()), Ok(findings));
    }
}
