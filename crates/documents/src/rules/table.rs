//! Strict reading of the CSV files: known header, no missing field, errors that name row and column.

use std::fmt::Display;
use std::str::FromStr;

use super::{Mark, RulesError};
use crate::LocalDate;

pub(super) struct Row {
    file: &'static str,
    name: String,
    header: &'static [&'static str],
    fields: csv::StringRecord,
}

/// Reads all rows; the header must be exactly `header`, whose column `name` names a row in errors.
pub(super) fn rows(
    file: &'static str,
    text: &str,
    header: &'static [&'static str],
    name: &'static str,
) -> Result<Vec<Row>, RulesError> {
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes());
    let found = reader.headers().map_err(|e| RulesError::new(file, None, e.to_string()))?.clone();
    if found.iter().ne(header.iter().copied()) {
        let what = format!("the first line must be {}", header.join(","));
        return Err(RulesError::new(file, None, what));
    }
    reader
        .into_records()
        .map(|record| {
            let fields = record.map_err(|e| RulesError::new(file, None, e.to_string()))?;
            let mut row = Row { file, name: String::new(), header, fields };
            row.name = row.text(name).to_owned();
            Ok(row)
        })
        .collect()
}

impl Row {
    /// The field, empty where the column is not in the header (which a test would notice).
    pub(super) fn text(&self, column: &str) -> &str {
        let at = self.header.iter().position(|h| *h == column);
        at.and_then(|i| self.fields.get(i)).unwrap_or_default().trim()
    }

    pub(super) fn error(&self, column: &str, what: impl Display) -> RulesError {
        RulesError::new(self.file, format!("row {}", self.name), format!("{column}: {what}"))
    }

    pub(super) fn needed(&self, column: &str) -> Result<&str, RulesError> {
        match self.text(column) {
            "" => Err(self.error(column, "may not be empty")),
            text => Ok(text),
        }
    }

    pub(super) fn parse<T: FromStr<Err: Display>>(&self, column: &str) -> Result<T, RulesError> {
        self.needed(column)?.parse().map_err(|e| self.error(column, e))
    }

    pub(super) fn optional<T: FromStr<Err: Display>>(&self, column: &str) -> Result<Option<T>, RulesError> {
        if self.text(column).is_empty() { Ok(None) } else { self.parse(column).map(Some) }
    }

    pub(super) fn list<T: FromStr<Err: Display>>(&self, column: &str) -> Result<Vec<T>, RulesError> {
        self.text(column).split_whitespace().map(|t| t.parse().map_err(|e| self.error(column, e))).collect()
    }

    pub(super) fn day(&self, column: &str) -> Result<Option<LocalDate>, RulesError> {
        self.optional(column)
    }

    pub(super) fn mark(&self) -> Result<Mark, RulesError> {
        Mark::parse(self.text("mark")).ok_or_else(|| self.error("mark", "write S, G or ?"))
    }
}

/// Whether `day` lies between two ends, each open where it is `None`.
pub(super) fn between(day: LocalDate, from: Option<LocalDate>, to: Option<LocalDate>) -> bool {
    from.is_none_or(|f| f <= day) && to.is_none_or(|t| day <= t)
}
