//! Ages: whether the matcher tells people of one age apart.
//!
//! Lives here: the operator's ages, their bands. Not here: which pairs are compared (`baypass`). Children look alike to a
//! matcher that learnt from grown-ups, and an average over all ages hides it.

use crate::cohorts::folder;
use crate::list::rows_of_persons;
use crate::rates::Rates;
use serde::Serialize;
use std::collections::BTreeMap;

/// Ages from the first year to the last, in years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Band {
    /// First age of the band.
    pub from: u8,
    /// Last age of the band.
    pub to: u8,
}

/// The oldest age that is read.
const OLDEST: u8 = 130;
/// The bands of every report. Each ends where a policy may: 14 and 18 are limits in law, 65 and 70 those of older age.
pub const BANDS: [Band; 8] = {
    const fn band(from: u8, to: u8) -> Band {
        Band { from, to }
    }
    [
        band(0, 2),
        band(3, 6),
        band(7, 12),
        band(13, 17),
        band(18, 40),
        band(41, 64),
        band(65, 69),
        band(70, OLDEST),
    ]
};

impl Band {
    /// The band of an age in years.
    #[must_use]
    pub fn of(age: u8) -> Option<Self> {
        BANDS.into_iter().find(|band| (band.from..=band.to).contains(&age))
    }

    /// As it is written in a table.
    #[must_use]
    pub fn name(self) -> String {
        if self.to == OLDEST { format!("{}+", self.from) } else { format!("{}-{}", self.from, self.to) }
    }
}

/// How old each person is in their picture, by the operator's list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ages {
    of_person: BTreeMap<String, u8>,
}

/// Why a list of ages cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AgesError {
    /// A line is not a person and an age from 0 to 130, separated by a comma or a tab.
    #[error("line {line} of the ages is not `person,age` with an age from 0 to 130")]
    Line {
        /// Number of the line, from 1.
        line: usize,
    },
    /// A person has two ages.
    #[error("line {line} of the ages gives a person a second age")]
    Twice {
        /// Number of the line, from 1.
        line: usize,
    },
}

impl Ages {
    /// Reads `person,age` (or with a tab), one a line; empty lines, lines from `#` on and a header `person,...` are
    /// passed over.
    ///
    /// # Errors
    /// [`AgesError`] for the first line that cannot be read.
    pub fn read(text: &str) -> Result<Self, AgesError> {
        let mut read = Self::default();
        for (line, row) in rows_of_persons(text) {
            let fault = AgesError::Line { line };
            let Some((person, age)) = row.rsplit_once(['\t', ',']) else { return Err(fault) };
            let age = age.trim().parse().ok().filter(|age| *age <= OLDEST);
            let (Some(age), false) = (age, person.trim().is_empty()) else { return Err(fault) };
            if read.of_person.insert(person.trim().to_owned(), age).is_some_and(|earlier| earlier != age) {
                return Err(AgesError::Twice { line });
            }
        }
        Ok(read)
    }

    /// From names that begin with an age, as UTKFace's file names do (`AGE_GENDER_RACE_DATE`). A name that does not has no
    /// age.
    #[must_use]
    pub fn of_names<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let aged = names.filter_map(|name| {
            let file = name.rsplit('/').next()?;
            let (age, _) = file.split_once('_')?;
            let digits = (1..=3).contains(&age.len()) && age.bytes().all(|byte| byte.is_ascii_digit());
            let age: u8 = age.parse().ok().filter(|age| digits && *age <= OLDEST)?;
            Some((name.to_owned(), age))
        });
        Self { of_person: aged.collect() }
    }

    /// The band of a person; of a picture's path its folder's name counts too.
    #[must_use]
    pub fn band(&self, person: &str) -> Option<Band> {
        let age = self.of_person.get(person).or_else(|| self.of_person.get(folder(person)?));
        age.copied().and_then(Band::of)
    }
}

/// Which pairs of a band's persons are impostor pairs of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// All of the band, whatever their cohort.
    All,
    /// Both of one cohort, with this label.
    Within(String),
    /// Of two cohorts.
    Across,
}

impl Group {
    /// As it is written in a table.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::Within(label) => label.clone(),
            Self::Across => "across cohorts".to_owned(),
        }
    }

    /// Whether two persons with these labels are a pair of the row.
    #[must_use]
    pub fn holds(&self, labels: [Option<&str>; 2]) -> bool {
        let [first, second] = labels;
        match self {
            Self::All => true,
            Self::Within(label) => labels.iter().all(|of| *of == Some(label.as_str())),
            Self::Across => first.is_some() && second.is_some() && first != second,
        }
    }
}

/// The rates of one band and group at one threshold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AgeRates {
    /// The ages.
    pub band: Band,
    /// Which pairs.
    pub group: Group,
    /// Lowest score that counts as a match.
    pub threshold: f64,
    /// Impostor pairs that there are; more than were compared where they were drawn.
    pub possible_pairs: usize,
    /// Its rates.
    #[serde(flatten)]
    pub rates: Rates,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ages_are_read_and_a_line_that_is_none_is_named() {
        let read = Ages::read("person,age\n# note\nA1,2\nB2\t70\nlast, first,17\n").unwrap();
        let band = |person| read.band(person).map(Band::name);
        assert_eq!(band("A1").as_deref(), Some("0-2"));
        assert_eq!(band("x/B2/B2_0001.jpg").as_deref(), Some("70+"));
        assert_eq!(band("last, first").as_deref(), Some("13-17"));
        assert_eq!(band("C3"), None);
        for (text, expected) in [
            ("A1\n", AgesError::Line { line: 1 }),
            ("A1,4\nB2,old\n", AgesError::Line { line: 2 }),
            ("A1,-1\n", AgesError::Line { line: 1 }),
            ("A1,131\n", AgesError::Line { line: 1 }),
            (",4\n", AgesError::Line { line: 1 }),
            ("A1,4\nA1,5\n", AgesError::Twice { line: 2 }),
        ] {
            assert_eq!(Ages::read(text), Err(expected), "row {text:?}");
        }
    }

    #[test]
    fn an_age_is_taken_from_the_beginning_of_a_name() {
        let names = ["26_1_2_20170116.jpg.chip", "116_0_0_2017", "Ann_0001", "7", "0042_x", "200_0_0_x"];
        let ages = Ages::of_names(names.into_iter());
        let bands: Vec<_> = names.iter().map(|name| ages.band(name).map(|band| band.from)).collect();
        assert_eq!(bands, [Some(18), Some(70), None, None, None, None]);
    }

    #[test]
    fn every_age_lies_in_one_band() {
        for age in 0..=OLDEST {
            assert_eq!(BANDS.iter().filter(|band| (band.from..=band.to).contains(&age)).count(), 1, "{age}");
        }
        assert_eq!(Band::of(131), None);
    }

    proptest! {
        #[test]
        fn no_list_of_ages_panics(text in "\\PC*(\n|,|\t|\\PC)*") {
            let _ = Ages::read(&text);
            let _ = Ages::of_names(text.lines()).band(&text);
        }
    }
}
