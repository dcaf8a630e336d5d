//! Ages and terms of a pass on a carer's phone, one row for each authority.

use super::table::rows;
use super::{Mark, Rules, RulesError};
use crate::AuthorityCode;

/// One row: what an authority asks of a pass on a carer's phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarerRule {
    /// The authority whose row it is.
    pub authority: AuthorityCode,
    /// Age in whole years with which a parent's or guardian's word ends, and the holder's own begins.
    pub ends_at: u8,
    /// Age below which a holder has a pass on a carer's phone alone; 0: there is none.
    pub needed_below: u8,
    /// The least age of a carer, in whole years.
    pub carer_from: u8,
    /// The longest term of a relation that ends by date, in months.
    pub longest_months: u8,
    /// How well the source supports the row.
    pub mark: Mark,
    /// The source: a law, a notice or an official page.
    pub source: String,
}

impl Rules {
    /// What `authority` asks of a pass on a carer's phone; `None` where the data have no row, and no such pass is made.
    #[must_use]
    pub fn carer_rule(&self, authority: AuthorityCode) -> Option<&CarerRule> {
        self.carers.iter().find(|rule| rule.authority == authority)
    }
}

pub(super) fn read(text: &str) -> Result<Vec<CarerRule>, RulesError> {
    let header =
        &["authority", "ends_at", "needed_below", "carer_from", "longest_months", "mark", "source", "note"];
    let rows = rows("carers.csv", text, header, "authority")?;
    let mut rules: Vec<CarerRule> = Vec::with_capacity(rows.len());
    for row in &rows {
        let rule = CarerRule {
            authority: row.parse("authority")?,
            ends_at: row.parse("ends_at")?,
            needed_below: row.optional("needed_below")?.unwrap_or(0),
            carer_from: row.parse("carer_from")?,
            longest_months: row.parse("longest_months")?,
            mark: row.mark()?,
            source: row.needed("source")?.to_owned(),
        };
        // Who needs a carer must be able to have one.
        if rule.needed_below > rule.ends_at {
            return Err(row.error("needed_below", "may not lie above ends_at"));
        }
        if rules.iter().any(|known| known.authority == rule.authority) {
            return Err(row.error("authority", "has a row already"));
        }
        rules.push(rule);
    }
    Ok(rules)
}
