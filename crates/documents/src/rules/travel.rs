//! Least travel times between sites of one jurisdiction.

use std::collections::BTreeMap;

use super::table::rows;
use super::{Mark, RulesError};
use crate::{AuthorityCode, LocalDate};

/// One row: the least minutes between two sites of one side, both ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TravelTime {
    /// The jurisdiction in which both sites lie.
    pub side: AuthorityCode,
    /// Name of one site.
    pub a: String,
    /// Name of the other site.
    pub b: String,
    /// Shortest travel time between them, in minutes.
    pub minutes: u32,
    /// Further minutes to be added before the Shenzhen-Zhongshan Link opened.
    pub before_link: u32,
    /// How well the source supports the row.
    pub mark: Mark,
    /// The source: a law, a notice or an official page.
    pub source: String,
}

#[derive(Debug, Clone)]
pub(super) struct TravelTimes {
    rows: Vec<TravelTime>,
    /// Every pair with a path: today's minutes, and those before the link.
    paths: BTreeMap<(AuthorityCode, String, String), (u32, u32)>,
    link_open: LocalDate,
}

impl TravelTimes {
    pub(super) fn rows(&self) -> &[TravelTime] {
        &self.rows
    }

    pub(super) fn minutes(&self, side: AuthorityCode, from: &str, to: &str, day: LocalDate) -> Option<u32> {
        let path = self.paths.get(&(side, from.to_owned(), to.to_owned()));
        path.map(|&(now, before)| if day < self.link_open { before } else { now })
    }
}

pub(super) fn read(text: &str) -> Result<TravelTimes, RulesError> {
    let header = &["side", "a", "b", "min", "before_link", "mark", "source"];
    let file = "travel_times.csv";
    let mut all: Vec<TravelTime> = Vec::new();
    for row in rows(file, text, header, "a")? {
        let one = TravelTime {
            side: row.parse("side")?,
            a: row.needed("a")?.to_owned(),
            b: row.needed("b")?.to_owned(),
            minutes: row.parse("min")?,
            before_link: row.optional("before_link")?.unwrap_or(0),
            mark: row.mark()?,
            source: row.needed("source")?.to_owned(),
        };
        if one.minutes > 1440 || one.before_link > 1440 {
            return Err(row.error("min", "more than a day; write minutes"));
        }
        let twice = |o: &TravelTime| {
            o.side == one.side && ((o.a == one.a && o.b == one.b) || (o.a == one.b && o.b == one.a))
        };
        if one.a == one.b || all.iter().any(twice) {
            return Err(row.error("b", "the pair stands twice or joins a site with itself"));
        }
        all.push(one);
    }
    // ports section 5: the link is open since 30 June 2024.
    let link_open = LocalDate::new(2024, 6, 30)
        .ok_or_else(|| RulesError::new(file, None, "the calendar lacks 2024-06-30"))?;
    let now = shortest(&all, |r| r.minutes);
    let before = shortest(&all, |r| r.minutes + r.before_link);
    let paths = now
        .into_iter()
        .map(|(pair, minutes)| {
            let earlier = before.get(&pair).copied().unwrap_or(minutes);
            (pair, (minutes, earlier))
        })
        .collect();
    Ok(TravelTimes { rows: all, paths, link_open })
}

type Paths = BTreeMap<(AuthorityCode, String, String), u32>;

/// Floyd and Warshall over the few dozen sites.
fn shortest(rows: &[TravelTime], minutes: impl Fn(&TravelTime) -> u32) -> Paths {
    let mut paths = Paths::new();
    for row in rows {
        for (a, b) in [(&row.a, &row.b), (&row.b, &row.a)] {
            paths.insert((row.side, a.clone(), b.clone()), minutes(row));
            paths.insert((row.side, a.clone(), a.clone()), 0);
        }
    }
    for side in AuthorityCode::ALL {
        let sites: Vec<String> =
            paths.keys().filter(|k| k.0 == side && k.1 == k.2).map(|k| k.1.clone()).collect();
        for over in &sites {
            for a in &sites {
                for b in &sites {
                    let leg = |x: &str, y: &str| paths.get(&(side, x.to_owned(), y.to_owned())).copied();
                    let (Some(first), Some(second)) = (leg(a, over), leg(over, b)) else { continue };
                    if leg(a, b).is_none_or(|known| first + second < known) {
                        paths.insert((side, a.clone(), b.clone()), first + second);
                    }
                }
            }
        }
    }
    paths
}
