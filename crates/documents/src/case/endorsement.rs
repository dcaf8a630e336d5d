//! Endorsements by their short text and by fields: letter or form id, destination, dates, entries.

use crate::rules::{Counting, Form, NoSuchForm};
use crate::{AuthorityCode, Endorsement, LocalDate, Rules};

/// Why a text cannot be read as an endorsement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndorsementTextError {
    /// The text does not have five or six fields.
    #[error(
        "an endorsement is kind:destination:from:to:entries, like G:HKG:2026-01-10:2026-04-09:2; a sixth field gives the day of issue"
    )]
    Fields,
    /// One field cannot be read.
    #[error("{field}: {what}")]
    Field {
        /// Name of the field.
        field: &'static str,
        /// What is wrong and what to write, as an English phrase.
        what: String,
    },
    /// No form of endorsement has these values.
    #[error(transparent)]
    NoSuchForm(#[from] NoSuchForm),
}

fn wrong(field: &'static str, what: impl Into<String>) -> EndorsementTextError {
    EndorsementTextError::Field { field, what: what.into() }
}

/// Reads `kind:destination:from:to:entries[:issued]`. The kind is a letter (`G L T S R D Q`) or a form's id
/// (`g-hkg-sz-weekly`); entries are a number, `multi` or `weekly`; it is issued on `from` unless a sixth
/// field says otherwise.
///
/// # Errors
/// Which field is wrong and what belongs there.
pub fn parse_endorsement(rules: &Rules, text: &str) -> Result<Endorsement, EndorsementTextError> {
    let fields: Vec<&str> = text.split(':').map(str::trim).collect();
    let (kind, destination, from, to, entries, issued) = match fields.as_slice() {
        [kind, destination, from, to, entries] => (kind, destination, from, to, entries, from),
        [kind, destination, from, to, entries, issued] => (kind, destination, from, to, entries, issued),
        _ => return Err(EndorsementTextError::Fields),
    };
    let day = |field, text: &str| text.parse::<LocalDate>().map_err(|e| wrong(field, e.to_string()));
    let wanted = Wanted {
        kind: Some(kind),
        form: None,
        destination: Some(place(destination)?),
        issued: Some(day("issued", issued)?),
        from: Some(day("from", from)?),
        to: Some(day("to", to)?),
        entries: Some(counting(entries)?),
        approved_until: None,
    };
    wanted.endorsement(rules)
}

fn place(text: &str) -> Result<AuthorityCode, EndorsementTextError> {
    text.parse().map_err(|e: crate::UnknownAuthority| wrong("destination", e.to_string()))
}

/// `2`, `multi` or `weekly`.
pub(super) fn counting(text: &str) -> Result<Counting, EndorsementTextError> {
    match text {
        "multi" => Ok(Counting::Multiple),
        "weekly" => Ok(Counting::Weekly),
        number => match number.parse() {
            Ok(n @ 1..=99) => Ok(Counting::Entries(n)),
            Ok(_) | Err(_) => {
                Err(wrong("entries", "write the number of entries granted (1 to 99), multi or weekly"))
            }
        },
    }
}

/// The fields given for an endorsement; those left out follow from the form.
pub(super) struct Wanted<'a> {
    pub kind: Option<&'a str>,
    pub form: Option<&'a str>,
    pub destination: Option<AuthorityCode>,
    pub issued: Option<LocalDate>,
    pub from: Option<LocalDate>,
    pub to: Option<LocalDate>,
    pub entries: Option<Counting>,
    pub approved_until: Option<LocalDate>,
}

impl Wanted<'_> {
    pub(super) fn endorsement(&self, rules: &Rules) -> Result<Endorsement, EndorsementTextError> {
        let from =
            self.from.or(self.issued).ok_or_else(|| wrong("from", "write the first day of validity"))?;
        let issued = self.issued.unwrap_or(from);
        if from < issued {
            return Err(wrong("issued", "lies after the first day of validity"));
        }
        let form = self.form(rules, issued, from)?;
        let destination = self.destination_of(form)?;
        if !form.issued_on(issued) {
            return Err(wrong("issued", format!("form {} was not issued on {issued}", form.id)));
        }
        let longest = form.longest_validity(from);
        let to = match self.to {
            Some(to) => to,
            None if form.months.0 == form.months.1 => longest,
            None => {
                return Err(wrong(
                    "to",
                    format!("write the last day of validity; form {} has no fixed length", form.id),
                ));
            }
        };
        if to < from {
            return Err(wrong("to", "lies before the first day of validity"));
        }
        // What the card prints stands; only its way of counting must be that of the form.
        let entries = match (self.entries, form.counting) {
            (Some(Counting::Entries(n)), Counting::Entries(_)) => Some(n),
            (Some(asked), own) if asked != own => {
                return Err(wrong("entries", format!("do not fit form {}; leave them out", form.id)));
            }
            (Some(_) | None, _) => form.entries(),
        };
        Ok(Endorsement {
            form: form.code,
            destination,
            entries,
            valid_from: from,
            valid_to: to,
            issued,
            approved_until: self.approved_until,
        })
    }

    fn form<'r>(
        &self,
        rules: &'r Rules,
        issued: LocalDate,
        from: LocalDate,
    ) -> Result<&'r Form, EndorsementTextError> {
        let named = self.form.or(self.kind.filter(|k| k.contains('-')));
        if let Some(id) = named {
            return match rules.form_by_id(id) {
                Some(form) if form.letter != "OWP" => Ok(form),
                Some(_) | None => {
                    let ids: Vec<_> =
                        rules.forms().iter().filter(|f| f.letter != "OWP").map(|f| f.id.as_str()).collect();
                    Err(wrong(
                        "form",
                        format!("no form of endorsement {id}; write one of {}", ids.join(", ")),
                    ))
                }
            };
        }
        let letters: Vec<_> =
            rules.forms().iter().map(|f| f.letter.as_str()).filter(|l| *l != "OWP").collect();
        let letter = self.kind.map(str::to_ascii_uppercase).filter(|k| letters.contains(&k.as_str()));
        let letter =
            letter.ok_or_else(|| wrong("kind", "write one of the letters G L T S R D Q, or a form's id"))?;
        let destination = self.destination.ok_or_else(|| wrong("destination", "write HKG or MAC"))?;
        let entries = match (self.entries, letter.as_str()) {
            (Some(entries), _) => entries,
            // These two are never counted.
            (None, "D" | "R") => Counting::Multiple,
            (None, _) => {
                return Err(wrong("entries", "write the number of entries granted, multi or weekly"));
            }
        };
        Ok(rules.form_for(&letter, destination, issued, entries, from, self.to)?)
    }

    fn destination_of(&self, form: &Form) -> Result<AuthorityCode, EndorsementTextError> {
        let known = match (self.destination, form.destinations.as_slice()) {
            (None, [only]) => Some(*only),
            (Some(to), among) if among.contains(&to) => Some(to),
            (None | Some(_), _) => None,
        };
        known.ok_or_else(|| {
            let among: Vec<_> = form.destinations.iter().map(ToString::to_string).collect();
            wrong("destination", format!("form {} is for {}", form.id, among.join(" or ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_text_of_an_endorsement_is_read_or_refused_by_field() {
        let rules = Rules::builtin().unwrap();
        for (text, form) in [
            ("G:HKG:2026-01-10:2026-04-09:2", Some("g-hkg-3m2")),
            ("g:hkg:2026-01-10:2026-04-09:2", Some("g-hkg-3m2")),
            ("G:MAC:2026-01-10:2027-01-09:multi", Some("g-mac-hq-multi")),
            ("G:MAC:2026-01-10:2027-01-09:weekly", Some("g-mac-zh-weekly")),
            ("G:HKG:2024-11-25:2025-11-24:weekly:2024-11-20", Some("g-hkg-sz-weekly")),
            ("l-mac-hqtour:MAC:2026-03-01:2026-05-31:1", Some("l-mac-hqtour")),
            ("l-hkg-3m1-3d:HKG:2026-03-01:2026-05-31:1", Some("l-hkg-3m1-3d")),
            ("S:HKG:2023-09-01:2024-08-31:multi", Some("s-old-1ym")),
            ("D:HKG:2025-09-01:2026-08-31:multi", Some("d")),
        ] {
            let read = parse_endorsement(&rules, text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(rules.form(read.form).map(|f| f.id.as_str()), form, "{text}");
        }
        for (text, says) in [
            ("", "kind:destination"),
            ("G:HKG:2026-01-10:2026-04-09", "kind:destination"),
            ("G:HKG:2026-01-10:2026-04-09:2:2026-01-01:x", "kind:destination"),
            ("X:HKG:2026-01-10:2026-04-09:2", "kind"),
            ("G:CHN:2026-01-10:2026-04-09:2", "CHN"),
            ("G:HKG:2026-01-10:2026-04-31:2", "to: not a date"),
            ("G:HKG:2026-04-10:2026-04-09:2", "to: lies before"),
            ("G:HKG:2026-01-10:2026-04-09:0", "entries"),
            ("g-hkg-3m1:HKG:2026-01-10:2026-04-09:multi", "entries: do not fit"),
            ("D:HKG:2026-01-10:2026-04-09:3", "issued then are: d"),
            ("G:HKG:2025-01-10:2026-01-09:weekly", "g-hkg-sz-multi-2"),
            ("G:HKG:2026-01-10:2026-04-09:2:2026-01-11", "issued: lies after"),
            ("g-mac-3m1:HKG:2026-01-10:2026-04-09:1", "destination: form g-mac-3m1 is for MAC"),
            ("owp:HKG:2026-01-10:2026-04-10:1", "kind"),
        ] {
            let error = parse_endorsement(&rules, text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
