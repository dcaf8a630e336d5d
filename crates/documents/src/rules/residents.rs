//! Rules for residents of the two regions: which card opens which way, for how long.

use super::forms::{self, Stay};
use super::table::{between, rows};
use super::{Mark, Rules, RulesError, Switches};
use crate::{AuthorityCode, DocumentKind, LocalDate, Nationality, ResidenceClass};

/// One row of the residents' rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResidentRule {
    /// The row's id in the data file.
    pub id: String,
    /// First day of entry.
    pub from: Option<LocalDate>,
    /// Last day of entry.
    pub to: Option<LocalDate>,
    /// The holder's home authorities to which the row applies.
    pub home: Vec<AuthorityCode>,
    /// Classes of residence to which it applies; empty: any.
    pub class: Vec<ResidenceClass>,
    /// Nationalities to which it applies; empty: any.
    pub nationality: Vec<Citizens>,
    /// The destination; `None`: the holder's home.
    pub destination: Option<AuthorityCode>,
    /// The document that opens.
    pub document: DocumentKind,
    /// How long the holder may stay.
    pub stay: Stay,
    /// How well the source supports the row.
    pub mark: Mark,
    /// The source: a law, a notice or an official page.
    pub source: String,
    /// What else the source says.
    pub note: String,
}

/// A group of nationalities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Citizens {
    /// Chinese nationals.
    Chinese,
    /// Nationals of any other state.
    Others,
    /// Nationals of this state.
    Of(Nationality),
}

impl Citizens {
    fn fit(self, nationality: Option<Nationality>) -> bool {
        // An unknown nationality counts as Chinese: an authority that needs it has it in its part, and the prefixes HA
        // and MA of a Home Return Permit tell it too.
        match self {
            Self::Chinese => nationality.is_none_or(Nationality::is_chinese),
            Self::Others => nationality.is_some_and(|n| !n.is_chinese()),
            Self::Of(state) => nationality == Some(state),
        }
    }
}

impl Rules {
    /// The rule under which a resident of `home` goes to `destination` on `day`.
    #[must_use]
    pub fn resident_rule(
        &self,
        home: AuthorityCode,
        class: ResidenceClass,
        nationality: Option<Nationality>,
        destination: AuthorityCode,
        day: LocalDate,
    ) -> Option<&ResidentRule> {
        self.residents.iter().find(|r| {
            r.home.contains(&home)
                && (r.class.is_empty() || r.class.contains(&class))
                && (r.nationality.is_empty() || r.nationality.iter().any(|c| c.fit(nationality)))
                && r.destination == Some(destination)
                && r.id != "hrp-expired"
                && between(day, r.from, r.to)
        })
    }
}

const HEADER: &[&str] = &[
    "id",
    "from",
    "to",
    "home",
    "class",
    "nationality",
    "destination",
    "document",
    "stay",
    "mark",
    "source",
    "note",
];

pub(super) fn read(text: &str, switches: &Switches) -> Result<Vec<ResidentRule>, RulesError> {
    let rows = rows("residents.csv", text, HEADER, "id")?;
    rows.iter()
        .map(|row| {
            let end = |column: &str| match row.text(column) {
                "switch:macpr_hkg_180_from" => Ok(Some(switches.macpr_hkg_180_from)),
                "before switch:macpr_hkg_180_from" => Ok(Some(switches.macpr_hkg_180_from.plus_days(-1))),
                _ => row.day(column),
            };
            let class = row.needed("class")?.split_whitespace().filter(|t| *t != "any").map(|t| match t {
                "permanent" => Ok(ResidenceClass::Permanent),
                "non_permanent" => Ok(ResidenceClass::NonPermanent),
                "non_permanent_marked" => Ok(ResidenceClass::NonPermanentMarked),
                _ => Err(row.error("class", "write any, permanent, non_permanent or non_permanent_marked")),
            });
            let nationality =
                row.needed("nationality")?.split_whitespace().filter(|t| *t != "any").map(|t| match t {
                    "chinese" => Ok(Citizens::Chinese),
                    "other" => Ok(Citizens::Others),
                    code => code.parse().map(Citizens::Of).map_err(|e| row.error("nationality", e)),
                });
            Ok(ResidentRule {
                id: row.needed("id")?.to_owned(),
                from: end("from")?,
                to: end("to")?,
                home: row.list("home")?,
                class: class.collect::<Result<_, _>>()?,
                nationality: nationality.collect::<Result<_, _>>()?,
                destination: match row.needed("destination")? {
                    "home" => None,
                    _ => Some(row.parse("destination")?),
                },
                document: row.parse("document")?,
                stay: forms::stay(row, switches)?,
                mark: row.mark()?,
                source: row.needed("source")?.to_owned(),
                note: row.text("note").to_owned(),
            })
        })
        .collect()
}
