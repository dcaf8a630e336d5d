//! Tables: distributions as quantiles with straight lines between, each with its unit, its source and its mark.
//!
//! Lives here: [`Tables`], [`Table`]. Not here: what a drawn value is used for (`showing`, `measures`). Integers alone: a table drawn from one
//! seed gives the same values on every machine.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::chance::Chance;
use crate::fault::{DataFault, Source};

/// The file name of the built-in tables.
pub const FILE: &str = "distributions.toml";
const TEXT: &str = include_str!("../data/distributions.toml");
/// Places are in billionths.
const WHOLE: u64 = 1_000_000_000;

/// How well a table is supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Support {
    /// Its points were measured; the source says on what.
    Measured,
    /// Its points are assumed; the source says from what.
    Assumed,
}

impl Support {
    /// `measured` or `assumed`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Assumed => "assumed",
        }
    }
}

/// One distribution.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its unit.
    pub unit: String,
    /// How well it is supported.
    pub mark: Support,
    /// From where it is.
    pub source: String,
    /// Places in billionths, and the values there; both rise.
    points: Vec<(u64, i64)>,
}

impl Table {
    /// Draws a value.
    pub fn draw(&self, chance: &mut Chance) -> i64 {
        self.at(chance.below(WHOLE + 1))
    }

    /// The value below which so many billionths lie.
    fn at(&self, place: u64) -> i64 {
        let mut before = (0, self.points.first().map_or(0, |point| point.1));
        for &(at, value) in &self.points {
            if place <= at {
                let (width, into) = (i128::from(at - before.0), i128::from(place - before.0));
                let rise = i128::from(value - before.1);
                let risen = (rise * into).checked_div(width).unwrap_or(0);
                return before.1 + i64::try_from(risen).unwrap_or(0);
            }
            before = (at, value);
        }
        before.1
    }
}

/// All distributions, by name.
#[derive(Debug, Clone)]
pub struct Tables(BTreeMap<String, Table>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    distribution: Vec<Spanned<Row>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    unit: String,
    mark: Support,
    source: String,
    at: Spanned<Vec<(f64, i64)>>,
}

/// The tables that the simulator draws from; a file has them all.
pub(crate) const NAMES: [&str; 25] = [
    "face_person",
    "face_capture",
    "face_poor_capture",
    "face_stranger",
    "face_twin",
    "face_artefact",
    "quality_usual",
    "quality_poor",
    "liveness_usual",
    "liveness_suspicious",
    "code_age",
    "clock_off_usual",
    "clock_off_bad",
    "photo_age_days",
    "device_age_days",
    "document_age_days",
    "visit_slack_minutes",
    "seconds_pin",
    "seconds_second_look",
    "seconds_active_liveness",
    "seconds_physical_document",
    "seconds_officer",
    "loss_report_hours",
    "re_enrol_hours",
    "lane_seconds",
];

impl Tables {
    /// The built-in tables.
    ///
    /// # Errors
    /// [`DataFault`] if the built-in file is broken, which a test rules out.
    pub fn builtin() -> Result<Self, DataFault> {
        Self::read(FILE, TEXT)
    }

    /// Reads tables.
    ///
    /// # Errors
    /// [`DataFault`] for the first thing that is wrong.
    pub fn read(file: &str, text: &str) -> Result<Self, DataFault> {
        let source = Source::new(file, text);
        let read: File = source.read()?;
        let mut tables = BTreeMap::new();
        for row in read.distribution {
            let start = row.span().start;
            let row = row.into_inner();
            let at = row.at.span().start;
            let mut points = Vec::with_capacity(row.at.get_ref().len());
            for (place, value) in row.at.get_ref() {
                let billionths =
                    billionths(*place).ok_or_else(|| source.fault(at, "a place lies from 0 to 1"))?;
                if points.last().is_some_and(|last: &(u64, i64)| last.0 >= billionths || last.1 > *value) {
                    return Err(source.fault(at, "places rise, and values do not fall"));
                }
                points.push((billionths, *value));
            }
            if points.first().map(|p| p.0) != Some(0) || points.last().map(|p| p.0) != Some(WHOLE) {
                return Err(source.fault(at, "a table begins at 0 and ends at 1"));
            }
            let table = Table { unit: row.unit, mark: row.mark, source: row.source, points };
            if tables.insert(row.name.clone(), table).is_some() {
                return Err(source.fault(start, format!("{} stands twice", row.name)));
            }
        }
        if let Some(missing) = NAMES.iter().find(|name| !tables.contains_key(**name)) {
            return Err(source.fault(0, format!("the table {missing} is missing")));
        }
        Ok(Self(tables))
    }

    /// Draws from the table of this name; 0 where there is none, which reading rules out.
    pub fn draw(&self, name: &str, chance: &mut Chance) -> i64 {
        self.0.get(name).map_or(0, |table| table.draw(chance))
    }

    /// Each table with its name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Table)> {
        self.0.iter().map(|(name, table)| (name.as_str(), table))
    }
}

/// A place as billionths, by its digits.
fn billionths(place: f64) -> Option<u64> {
    if !(0.0..=1.0).contains(&place) {
        return None;
    }
    let text = format!("{place:.9}");
    let (whole, part) = text.split_once('.')?;
    Some(whole.parse::<u64>().ok()? * WHOLE + part.parse::<u64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawn_face_of_a_stranger_matches_as_seldom_as_was_measured() {
        let tables = Tables::builtin().unwrap();
        let table = tables.0.get("face_stranger").unwrap();
        // docs/face-report.md, fused: 1e-3 at 0.332, 1e-4 at 0.393, 1e-5 at 0.450; the threshold is 0.470.
        for (one_in, margin) in [(1_000, -138), (10_000, -77), (100_000, -20)] {
            assert_eq!(table.at(WHOLE - WHOLE / one_in), margin);
        }
        let mut chance = Chance::new(1, 0, 0, 0);
        let near = (0..200_000).filter(|_| table.draw(&mut chance) >= -138).count();
        assert!((140..=260).contains(&near), "{near}");
    }

    #[test]
    fn a_broken_table_is_told_with_its_line() {
        for (at, what) in [
            ("[[0.0, 1], [0.5, 2]]", "ends at 1"),
            ("[[0.0, 1], [1.0, 0]]", "do not fall"),
            ("[[0.0, 1], [2.0, 3]]", "from 0 to 1"),
        ] {
            let text = format!(
                "\n[[distribution]]\nname = 'x'\nunit = 's'\nmark = 'assumed'\nsource = ''\nat = {at}\n"
            );
            let fault = Tables::read("t.toml", &text).unwrap_err();
            assert_eq!((fault.file.as_str(), fault.line), ("t.toml", 7));
            assert!(fault.what.contains(what), "{fault}");
        }
        assert!(Tables::read("t.toml", "distribution = []").unwrap_err().what.contains("is missing"));
    }
}
