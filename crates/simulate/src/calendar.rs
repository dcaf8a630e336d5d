//! Calendar: which days are worked, free or a feast, in each of the three places.
//!
//! Lives here: [`Calendar`], [`DayKind`]. Not here: who travels on such a day (`habits`).

use documents::{AuthorityCode, LocalDate};
use serde::Deserialize;
use toml::Spanned;

use crate::fault::{DataFault, Source};

/// The file name of the built-in calendar.
pub const FILE: &str = "calendar.toml";
const TEXT: &str = include_str!("../data/calendar.toml");

/// What a day is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    /// People work and learn.
    Work,
    /// A weekend's day.
    Rest,
    /// A public holiday.
    Feast,
}

/// Days that are not what their weekday says.
#[derive(Debug, Clone)]
pub struct Calendar(Vec<Days>);

#[derive(Debug, Clone)]
struct Days {
    from: LocalDate,
    to: LocalDate,
    places: Vec<AuthorityCode>,
    kind: DayKind,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    days: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    from: Spanned<String>,
    to: Spanned<String>,
    r#where: Vec<Spanned<String>>,
    kind: DayKind,
    mark: Spanned<String>,
    source: Spanned<String>,
}

impl Calendar {
    /// The built-in calendar.
    ///
    /// # Errors
    /// [`DataFault`] if the built-in file is broken, which a test rules out.
    pub fn builtin() -> Result<Self, DataFault> {
        Self::read(FILE, TEXT)
    }

    /// Reads a calendar.
    ///
    /// # Errors
    /// [`DataFault`] for the first thing that is wrong.
    pub fn read(file: &str, text: &str) -> Result<Self, DataFault> {
        let source = Source::new(file, text);
        let read: File = source.read()?;
        let date = |text: &Spanned<String>| {
            text.get_ref().parse().map_err(|_| source.fault(text.span().start, "write a day like 2026-10-01"))
        };
        let days = read.days.into_iter().map(|row| {
            let (from, to): (LocalDate, LocalDate) = (date(&row.from)?, date(&row.to)?);
            if to < from {
                return Err(source.fault(row.to.span().start, "the last day lies before the first"));
            }
            if !["S", "G"].contains(&row.mark.get_ref().as_str()) || row.source.get_ref().is_empty() {
                return Err(source.fault(row.mark.span().start, "name the source, and mark it S or G"));
            }
            let place = |code: &Spanned<String>| {
                let fault = || source.fault(code.span().start, "write CHN, HKG or MAC");
                code.get_ref().parse::<AuthorityCode>().map_err(|_| fault())
            };
            let places = row.r#where.iter().map(place).collect::<Result<_, _>>()?;
            Ok(Days { from, to, places, kind: row.kind })
        });
        days.collect::<Result<_, _>>().map(Self)
    }

    /// What `day` is in `place`.
    #[must_use]
    pub fn kind(&self, day: LocalDate, place: AuthorityCode) -> DayKind {
        let named =
            self.0.iter().find(|days| days.from <= day && day <= days.to && days.places.contains(&place));
        named.map_or_else(|| if is_weekend(day) { DayKind::Rest } else { DayKind::Work }, |days| days.kind)
    }
}

fn is_weekend(day: LocalDate) -> bool {
    // 1 January 1970 was a Thursday; Saturday and Sunday are days 2 and 3 from there.
    (2..=3).contains(&day.days_since_epoch().rem_euclid(7))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feast_differs_by_place_and_a_worked_sunday_is_worked() {
        let calendar = Calendar::builtin().unwrap();
        let kind = |day: &str, place| calendar.kind(day.parse().unwrap(), place);
        assert_eq!(kind("2026-10-05", AuthorityCode::Chn), DayKind::Feast);
        assert_eq!(kind("2026-10-05", AuthorityCode::Hkg), DayKind::Work);
        assert_eq!(kind("2026-09-20", AuthorityCode::Chn), DayKind::Work);
        assert_eq!(kind("2026-09-20", AuthorityCode::Mac), DayKind::Rest);
        assert_eq!(kind("2026-09-19", AuthorityCode::Chn), DayKind::Rest);
    }

    #[test]
    fn a_broken_calendar_is_told_with_its_line() {
        let text = "[[days]]\nfrom = '2026-01-02'\nto = '2026-01-01'\nwhere = ['CHN']\nkind = 'feast'\nmark = 'S'\nsource = 'x'\n";
        assert_eq!(Calendar::read("c.toml", text).unwrap_err().line, 3);
    }
}
