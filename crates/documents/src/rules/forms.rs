//! Forms of endorsement: kind, destination, counting, length of stay, each with its dates.

use std::collections::BTreeMap;

use super::table::{Row, between, rows};
use super::{Mark, Rules, RulesError, Switches};
use crate::{AuthorityCode, FormCode, LocalDate, PortId};

/// How uses of an endorsement are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Counting {
    /// This many trips.
    Entries(u8),
    /// Any number of trips.
    Multiple,
    /// One outward trip in each natural week.
    Weekly,
}

/// How long a stay may last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stay {
    /// Without limit.
    Unlimited,
    /// The last day is the entry date plus this many days.
    Days(u16),
    /// The last day is the entry date plus this many months.
    Months(u16),
    /// The last day is that of the first entry plus this many days, absences included.
    Window(u16),
    /// As `Window`; within it any number of round trips with the group through the named ports.
    Tour(u16),
    /// As the region approved.
    Approved,
}

/// One form of endorsement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// Its code on the wire.
    pub code: FormCode,
    /// The row of the source's table that it belongs to.
    pub row: String,
    /// Its id in files.
    pub id: String,
    /// The letter of its kind, `OWP` for one-way permits.
    pub letter: String,
    /// First day of issue.
    pub issue_from: Option<LocalDate>,
    /// Last day of issue.
    pub issue_to: Option<LocalDate>,
    /// Last day on which any may still be used.
    pub use_to: Option<LocalDate>,
    /// Destinations; an endorsement is for one of them.
    pub destinations: Vec<AuthorityCode>,
    /// Shortest and longest validity, in months.
    pub months: (u16, u16),
    /// Switch `endorsement_ends_on_corresponding_day`: how months are counted where a card prints no last day.
    pub ends_on_corresponding_day: bool,
    /// How uses are counted.
    pub counting: Counting,
    /// How long a stay may last.
    pub stay: Stay,
    /// The form whose stay holds for entries on or after that form's first day (switch `s_stay_by_date_of_entry`).
    pub entry_day_form: Option<String>,
    /// Ports by destination to which it is bound (a tour: the port of its round trips); empty: any.
    pub ports: BTreeMap<AuthorityCode, Vec<PortId>>,
    /// How well the source supports the row.
    pub mark: Mark,
    /// The source: a law, a notice or an official page.
    pub source: String,
    /// What else the source says.
    pub note: String,
}

impl Form {
    /// Whether it was issued on `day`.
    #[must_use]
    pub fn issued_on(&self, day: LocalDate) -> bool {
        between(day, self.issue_from, self.issue_to)
    }

    /// The entries that an endorsement of this form grants; `None` where they are not counted one by one.
    #[must_use]
    pub const fn entries(&self) -> Option<u8> {
        match self.counting {
            Counting::Entries(n) => Some(n),
            Counting::Multiple | Counting::Weekly => None,
        }
    }

    /// Whether it is one of the forms that are chosen by their id alone: others of the same letter give
    /// the same right, or it is a special form.
    fn by_id_only(&self) -> bool {
        self.note.contains("only by its id") || matches!(self.stay, Stay::Tour(_))
    }

    /// The last day of an endorsement valid from `from` for the form's longest time, where none is printed.
    ///
    /// Civil Code art. 202 makes the corresponding day the last, and the month's end where there is none; cards seem to
    /// be printed a day earlier. A switch decides. Where the month has no corresponding day both end with the month.
    #[must_use]
    pub fn longest_validity(&self, from: LocalDate) -> LocalDate {
        let corresponding = from.plus_months(i32::from(self.months.1));
        let there_is_one = corresponding.ymd().2 == from.ymd().2;
        if there_is_one && !self.ends_on_corresponding_day {
            corresponding.plus_days(-1)
        } else {
            corresponding
        }
    }

    /// Whether a printed last day lies beyond the form's longest time by any way of counting months: three days is the
    /// most by which the ways differ (30 November and three months: 27 February, or 2 March).
    fn ends_before(&self, from: LocalDate, printed: LocalDate) -> bool {
        from.plus_months(i32::from(self.months.1)).plus_days(3) < printed
    }
}

/// A rule of issue, for reference: no gate asks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueRule {
    /// The rule's id in the data file.
    pub id: String,
    /// First day on which the rule holds; `None`: open.
    pub from: Option<LocalDate>,
    /// Last day on which the rule holds; `None`: open.
    pub to: Option<LocalDate>,
    /// The rule as an English sentence.
    pub says: String,
    /// How well the source supports the row.
    pub mark: Mark,
    /// The source: a law, a notice or an official page.
    pub source: String,
}

/// No form of endorsement fits what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no endorsement of kind {letter} for {destination} with entries {entries} was issued on {issued} for that long; the forms of that kind issued then are: {forms}"
)]
pub struct NoSuchForm {
    letter: String,
    destination: AuthorityCode,
    entries: String,
    issued: LocalDate,
    forms: String,
}

impl Rules {
    /// The form that a kind letter, a destination, a day of issue, a way of counting and a validity name.
    /// With `to` the shortest form that reaches it by any way of counting months, else the longest; without, the shortest. A card's printed
    /// dates and number of entries stand even where no form has them: rules of issue are not asked here. Its
    /// way of counting must be one that was issued on that day.
    ///
    /// # Errors
    /// `NoSuchForm`, with the forms of that letter that were issued then.
    pub fn form_for(
        &self,
        letter: &str,
        destination: AuthorityCode,
        issued: LocalDate,
        counting: Counting,
        from: LocalDate,
        to: Option<LocalDate>,
    ) -> Result<&Form, NoSuchForm> {
        let of_kind = || {
            let kind = self.forms.iter().filter(move |f| f.letter == letter);
            kind.filter(move |f| f.destinations.contains(&destination) && f.issued_on(issued))
        };
        // Entries that no form has: the nearest form above, else the largest.
        let misses = |f: &Form| match (f.counting, counting) {
            (Counting::Entries(has), Counting::Entries(asked)) if has >= asked => Some(has - asked),
            (Counting::Entries(has), Counting::Entries(_)) => Some(u8::MAX - has),
            (has, asked) => (has == asked).then_some(0),
        };
        let rank = |f: &&Form| {
            let short = to.is_some_and(|printed| f.ends_before(from, printed));
            let length = if short { u16::MAX - f.months.1 } else { f.months.1 };
            misses(f).map(|missed| (missed, short, length))
        };
        let fits = of_kind().filter(|f| !f.by_id_only() && misses(f).is_some());
        fits.min_by_key(rank).ok_or_else(|| {
            let forms: Vec<_> = of_kind().map(|f| f.id.as_str()).collect();
            NoSuchForm {
                letter: letter.to_owned(),
                destination,
                entries: match counting {
                    Counting::Entries(n) => n.to_string(),
                    Counting::Multiple => "multi".to_owned(),
                    Counting::Weekly => "weekly".to_owned(),
                },
                issued,
                forms: if forms.is_empty() { "none".to_owned() } else { forms.join(", ") },
            }
        })
    }
}

const HEADER: &[&str] = &[
    "code",
    "row",
    "id",
    "letter",
    "issue_from",
    "issue_to",
    "use_to",
    "destinations",
    "months",
    "entries",
    "stay",
    "entry_day_form",
    "ports",
    "mark",
    "source",
    "note",
];

pub(super) fn read(text: &str, switches: &Switches) -> Result<Vec<Form>, RulesError> {
    let mut forms: Vec<Form> = Vec::new();
    for row in rows("endorsements.csv", text, HEADER, "id")? {
        let form = read_row(&row, switches)?;
        if forms.iter().any(|f| f.code == form.code) {
            return Err(row.error("code", "stands twice; codes are never reused"));
        }
        if forms.iter().any(|f| f.id == form.id) {
            return Err(row.error("id", "stands twice"));
        }
        forms.push(form);
    }
    Ok(forms)
}

fn read_row(row: &Row, switches: &Switches) -> Result<Form, RulesError> {
    let code = row.parse::<u8>("code")?;
    let letter = match row.needed("letter")? {
        "R" => switches.talent_letter.to_string(),
        letter => letter.to_owned(),
    };
    let form = Form {
        code: FormCode::new(code).ok_or_else(|| row.error("code", "write 1 to 200"))?,
        row: row.needed("row")?.to_owned(),
        id: row.needed("id")?.to_owned(),
        letter,
        issue_from: row.day("issue_from")?,
        issue_to: row.day("issue_to")?,
        use_to: row.day("use_to")?,
        destinations: row.list("destinations")?,
        months: months(row)?,
        ends_on_corresponding_day: switches.endorsement_ends_on_corresponding_day,
        counting: counting(row)?,
        stay: stay(row, switches)?,
        entry_day_form: row.optional("entry_day_form")?,
        ports: ports(row, switches)?,
        mark: row.mark()?,
        source: row.needed("source")?.to_owned(),
        note: row.text("note").to_owned(),
    };
    if form.destinations.is_empty() || form.destinations.contains(&AuthorityCode::Chn) {
        return Err(row.error("destinations", "write HKG, MAC or both"));
    }
    Ok(form)
}

fn months(row: &Row) -> Result<(u16, u16), RulesError> {
    let text = row.needed("months")?;
    let (least, most) = text.split_once('-').unwrap_or((text, text));
    match (least.parse(), most.parse()) {
        (Ok(least), Ok(most)) if least <= most && most <= 600 => Ok((least, most)),
        _ => Err(row.error("months", "write a number of months, or two joined by a hyphen")),
    }
}

fn counting(row: &Row) -> Result<Counting, RulesError> {
    match row.needed("entries")? {
        "multi" => Ok(Counting::Multiple),
        "weekly" => Ok(Counting::Weekly),
        _ => match row.parse("entries")? {
            n @ 1..=99 => Ok(Counting::Entries(n)),
            _ => Err(row.error("entries", "write 1 to 99, multi or weekly")),
        },
    }
}

pub(super) fn stay(row: &Row, switches: &Switches) -> Result<Stay, RulesError> {
    let wrong = || {
        row.error(
            "stay",
            "write days, window:90, tour:7, approved, none or switch:NAME (with months after it)",
        )
    };
    let number = |t: &str| t.parse::<u16>().ok().filter(|n| (1..=9999).contains(n)).ok_or_else(wrong);
    match row.needed("stay")? {
        "none" => Ok(Stay::Unlimited),
        "approved" => Ok(Stay::Approved),
        text => {
            if let Some(days) = text.strip_prefix("window:") {
                number(days).map(Stay::Window)
            } else if let Some(days) = text.strip_prefix("tour:") {
                number(days).map(Stay::Tour)
            } else if let Some(name) = text.strip_prefix("switch:") {
                match name.strip_suffix(" months") {
                    Some(name) => switches.number(name).map(Stay::Months).ok_or_else(wrong),
                    None => switches.number(name).map(Stay::Days).ok_or_else(wrong),
                }
            } else {
                number(text).map(Stay::Days)
            }
        }
    }
}

/// `hengqin` for every destination, or `HKG=luohu+futian MAC=gongbei`, or a switch in place of the ports.
fn ports(row: &Row, switches: &Switches) -> Result<BTreeMap<AuthorityCode, Vec<PortId>>, RulesError> {
    let mut all = BTreeMap::new();
    for item in row.text("ports").split_whitespace() {
        let (destinations, names) = match item.split_once('=') {
            Some((to, names)) => (vec![to.parse().map_err(|e| row.error("ports", e))?], names),
            None => (row.list("destinations")?, item),
        };
        let named = match names {
            "switch:owp_hkg_ports" => switches.owp_hkg_ports.clone(),
            names => {
                let each = names.split('+').map(|n| n.parse().map_err(|e| row.error("ports", e)));
                each.collect::<Result<_, _>>()?
            }
        };
        all.extend(destinations.into_iter().map(|to| (to, named.clone())));
    }
    Ok(all)
}

pub(super) fn read_issue_rules(text: &str) -> Result<Vec<IssueRule>, RulesError> {
    let header = &["id", "from", "to", "says", "mark", "source"];
    let rows = rows("issue_rules.csv", text, header, "id")?;
    rows.iter()
        .map(|row| {
            Ok(IssueRule {
                id: row.needed("id")?.to_owned(),
                from: row.day("from")?,
                to: row.day("to")?,
                says: row.needed("says")?.to_owned(),
                mark: row.mark()?,
                source: row.needed("source")?.to_owned(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use AuthorityCode::{Hkg, Mac};
    use Counting::{Entries, Multiple, Weekly};

    #[test]
    fn months_end_by_the_switch_and_at_a_months_end_never_before_it() {
        let day = |t: &str| t.parse::<LocalDate>().unwrap();
        let with = |value: &str| {
            Rules::load(&|file| {
                let text = include_str!("../../data/switches.toml");
                let entry = "id = \"endorsement_ends_on_corresponding_day\"\nvalue = ";
                assert!(text.contains(&format!("{entry}false")));
                Ok((file == "switches.toml")
                    .then(|| text.replace(&format!("{entry}false"), &format!("{entry}{value}"))))
            })
            .unwrap()
        };
        let (earlier, corresponding) = (with("false"), with("true"));
        for (from, by_cards, by_the_code) in [
            ("2026-01-10", "2026-04-09", "2026-04-10"),
            ("2026-11-27", "2027-02-26", "2027-02-27"),
            ("2026-11-28", "2027-02-27", "2027-02-28"),
            ("2026-11-29", "2027-02-28", "2027-02-28"),
            ("2026-11-30", "2027-02-28", "2027-02-28"),
            ("2027-11-29", "2028-02-28", "2028-02-29"),
            ("2027-11-30", "2028-02-29", "2028-02-29"),
            ("2026-08-31", "2026-11-30", "2026-11-30"),
            ("2026-03-31", "2026-06-30", "2026-06-30"),
            ("2026-12-01", "2027-02-28", "2027-03-01"),
        ] {
            for (rules, last) in [(&earlier, by_cards), (&corresponding, by_the_code)] {
                let form = rules.form_by_id("g-mac-3m1").unwrap();
                assert_eq!(form.longest_validity(day(from)), day(last), "row {from}");
            }
        }
    }

    #[test]
    fn a_letter_and_the_day_of_issue_name_the_form() {
        let rules = Rules::builtin().unwrap();
        let day = |t: &str| t.parse::<LocalDate>().unwrap();
        for (letter, to, issued, counting, until, id) in [
            ("G", Hkg, "2026-01-10", Entries(2), Some("2026-04-09"), Some("g-hkg-3m2")),
            ("G", Hkg, "2026-01-10", Entries(2), Some("2026-04-10"), Some("g-hkg-3m2")),
            ("G", Hkg, "2026-01-10", Entries(2), Some("2026-04-14"), Some("g-hkg-1y2")),
            ("T", Mac, "2026-11-30", Multiple, Some("2027-02-28"), Some("t-3mm")),
            ("T", Mac, "2026-11-30", Multiple, Some("2027-03-02"), Some("t-3mm")),
            ("T", Mac, "2026-11-30", Multiple, Some("2027-11-30"), Some("t-1ym")),
            ("G", Hkg, "2026-01-10", Entries(1), Some("2027-01-09"), Some("g-hkg-1y1")),
            ("G", Hkg, "2026-01-10", Entries(1), Some("2027-01-10"), Some("g-hkg-1y1")),
            ("G", Mac, "2026-01-10", Entries(1), None, Some("g-mac-3m1")),
            ("G", Mac, "2026-01-10", Entries(2), None, Some("g-mac-3m1")),
            ("G", Hkg, "2026-01-10", Entries(5), None, Some("g-hkg-3m2")),
            ("D", Hkg, "2026-01-10", Entries(1), None, None),
            ("G", Hkg, "2015-04-12", Multiple, None, Some("g-hkg-sz-multi-1")),
            ("G", Hkg, "2015-04-13", Multiple, None, None),
            ("G", Hkg, "2015-04-13", Weekly, None, Some("g-hkg-sz-weekly")),
            ("G", Hkg, "2024-11-30", Weekly, None, Some("g-hkg-sz-weekly")),
            ("G", Hkg, "2024-12-01", Weekly, None, None),
            ("G", Hkg, "2024-12-01", Multiple, None, Some("g-hkg-sz-multi-2")),
            ("G", Mac, "2024-12-31", Weekly, None, None),
            ("G", Mac, "2025-01-01", Weekly, None, Some("g-mac-zh-weekly")),
            ("G", Mac, "2025-01-01", Multiple, None, Some("g-mac-hq-multi")),
            ("S", Hkg, "2024-05-05", Multiple, Some("2025-05-04"), Some("s-old-1ym")),
            ("S", Hkg, "2024-05-06", Multiple, None, Some("s-3mm")),
            ("T", Mac, "2026-01-01", Multiple, Some("2026-03-31"), Some("t-3mm")),
            ("T", Mac, "2026-01-01", Multiple, Some("2026-12-31"), Some("t-1ym")),
            ("L", Mac, "2026-01-01", Entries(1), None, Some("l-mac-3m1")),
            ("R", Hkg, "2025-11-05", Multiple, Some("2029-11-04"), Some("r-gba")),
            ("R", Hkg, "2023-02-19", Multiple, None, None),
            ("D", Hkg, "2020-01-01", Multiple, Some("2022-06-30"), Some("d")),
            ("Q", Mac, "2026-01-01", Multiple, None, Some("q-mac-1ym")),
            ("Q", Hkg, "2026-01-01", Multiple, None, None),
        ] {
            let found = rules.form_for(letter, to, day(issued), counting, day(issued), until.map(day));
            assert_eq!(
                found.ok().map(|f| f.id.as_str()),
                id,
                "row {letter} {to} {issued} {counting:?} {until:?}"
            );
        }
    }
}
