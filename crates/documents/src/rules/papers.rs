//! Papers that must be seen beside an identity card: by whom, at what age, which.

use super::table::{between, rows};
use super::{Mark, Rules, RulesError};
use crate::{AuthorityCode, DocumentKind, LocalDate};

/// One row: below an age the identity card is not enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaperRule {
    /// The row's id in the data file.
    pub id: String,
    /// First day on which it holds; `None`: open.
    pub from: Option<LocalDate>,
    /// Last day on which it holds; `None`: open.
    pub to: Option<LocalDate>,
    /// The authority that asks.
    pub authority: AuthorityCode,
    /// The holder's home.
    pub home: AuthorityCode,
    /// Age in whole years below which it asks.
    pub below_age: u8,
    /// The document that is not enough alone.
    pub document: DocumentKind,
    /// Papers of which one must be seen beside it.
    pub beside: Vec<DocumentKind>,
    /// How well the source supports the row.
    pub mark: Mark,
    /// The source: a law, a notice or an official page.
    pub source: String,
}

impl Rules {
    /// The rule by which `authority` asks a resident of `home` of this age for a paper beside `document` on `day`.
    #[must_use]
    pub fn paper_rule(
        &self,
        authority: AuthorityCode,
        home: AuthorityCode,
        document: DocumentKind,
        age: i16,
        day: LocalDate,
    ) -> Option<&PaperRule> {
        self.papers.iter().find(|r| {
            r.authority == authority
                && r.home == home
                && r.document == document
                && age < i16::from(r.below_age)
                && between(day, r.from, r.to)
        })
    }
}

pub(super) fn read(text: &str) -> Result<Vec<PaperRule>, RulesError> {
    let header =
        &["id", "from", "to", "authority", "home", "below_age", "document", "beside", "mark", "source"];
    let rows = rows("papers.csv", text, header, "id")?;
    rows.iter()
        .map(|row| {
            Ok(PaperRule {
                id: row.needed("id")?.to_owned(),
                from: row.day("from")?,
                to: row.day("to")?,
                authority: row.parse("authority")?,
                home: row.parse("home")?,
                below_age: row.parse("below_age")?,
                document: row.parse("document")?,
                beside: row.list("beside")?,
                mark: row.mark()?,
                source: row.needed("source")?.to_owned(),
            })
        })
        .collect()
}
