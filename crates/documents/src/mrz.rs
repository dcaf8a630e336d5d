//! Machine-readable zones: TD1, TD2 and TD3 after ICAO Doc 9303, every check digit proven.
//!
//! Lives here: `Mrz`, its parser, `check_digit`. Not here: chips, and what a document allows.
//! The one-line zone of Exit-Entry Permits (`CS`) is not published in full: it is refused, not guessed.

use std::fmt;

use crate::{DocumentKind, DocumentNumber, LocalDate, Nationality, redact_debug};

/// The three layouts of ICAO Doc 9303.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MrzFormat {
    /// Cards: three lines of 30 characters.
    Td1,
    /// Larger cards and visas: two lines of 36 characters.
    Td2,
    /// Passport booklets: two lines of 44 characters.
    Td3,
}

/// A field that a check digit guards, or that must be readable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MrzField {
    /// The document number.
    Number,
    /// The birth date.
    Birth,
    /// The expiry date.
    Expiry,
    /// The optional field of TD3.
    Optional,
    /// The check digit over the others.
    Composite,
    /// The nationality (ICAO 9303-3, 5).
    Nationality,
    /// Primary and secondary identifiers (ICAO 9303-3, 4.6).
    Names,
    /// The sex: `M`, `F` or `<`. It is checked and not kept.
    Sex,
}

impl fmt::Display for MrzField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Number => "document number",
            Self::Birth => "birth date",
            Self::Expiry => "expiry date",
            Self::Optional => "optional data",
            Self::Composite => "composite check",
            Self::Nationality => "nationality",
            Self::Names => "names",
            Self::Sex => "sex",
        })
    }
}

/// Why the lines cannot be read as a machine-readable zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MrzError {
    /// Neither two lines of 44 or 36 nor three of 30.
    #[error(
        "{lines} lines, the first of {length} characters; read three lines of 30, two of 36 or two of 44"
    )]
    Layout {
        /// Number of lines found.
        lines: usize,
        /// Characters in the first line.
        length: usize,
    },
    /// A line is longer or shorter than the first.
    #[error("line {line} has {got} characters instead of {want}; scan it again")]
    LineLength {
        /// Number of the line, from 1.
        line: usize,
        /// Characters found in it.
        got: usize,
        /// Characters that it should have.
        want: usize,
    },
    /// A character outside 0-9, A-Z and `<`.
    #[error("line {line}, character {column} is none of 0-9, A-Z and <; scan it again")]
    Character {
        /// Number of the line, from 1.
        line: usize,
        /// Number of the character in the line, from 1.
        column: usize,
    },
    /// One or more check digits contradict their fields.
    #[error("check digit wrong: {}; scan it again, one character was misread", list(.failed))]
    CheckDigits {
        /// The fields that fail, in the order of the zone.
        failed: Vec<MrzField>,
    },
    /// A field whose characters are legal and whose value is not.
    #[error("{field} cannot be read; compare it with the document")]
    Field {
        /// The field that cannot be read.
        field: MrzField,
    },
    /// A layout that is not published and has to be proven on specimens first.
    #[error(
        "one line of {length} characters beginning CS: the zone of Exit-Entry Permits is not published; type the number instead"
    )]
    UnprovenLayout {
        /// Characters in the line.
        length: usize,
    },
}

fn list(fields: &[MrzField]) -> String {
    fields.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// A date of a zone: month and day may be unknown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MrzDate {
    year: i16,
    month: Option<i8>,
    day: Option<i8>,
}
redact_debug!(MrzDate);

impl MrzDate {
    /// The year, with its century.
    #[must_use]
    pub const fn year(&self) -> i16 {
        self.year
    }

    /// The month, where known.
    #[must_use]
    pub const fn month(&self) -> Option<i8> {
        self.month
    }

    /// The whole date, where known.
    #[must_use]
    pub fn date(&self) -> Option<LocalDate> {
        LocalDate::new(self.year, self.month?, self.day?)
    }

    /// The first day that it can mean.
    fn earliest(self) -> Option<LocalDate> {
        LocalDate::new(self.year, self.month.unwrap_or(1), self.day.unwrap_or(1))
    }
}

/// A zone whose check digits all fit. Personal: `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Mrz {
    format: MrzFormat,
    code: String,
    issuer: String,
    number: String,
    nationality: Nationality,
    birth: MrzDate,
    expiry: MrzDate,
    optional: String,
    surname: String,
    given: String,
    names_cut: bool,
}
redact_debug!(Mrz);

impl Mrz {
    /// Reads the lines of a zone. `today` decides the century of the birth date, which lies in no future.
    ///
    /// # Errors
    /// [`MrzError`] for the first fault; wrong check digits are reported together.
    pub fn parse(text: &str, today: LocalDate) -> Result<Self, MrzError> {
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        let length = lines.first().map_or(0, |l| l.chars().count());
        let format = match (lines.len(), length) {
            (3, 30) => MrzFormat::Td1,
            (2, 36) => MrzFormat::Td2,
            (2, 44) => MrzFormat::Td3,
            (1, _) if lines.first().is_some_and(|l| l.starts_with("CS")) => {
                return Err(MrzError::UnprovenLayout { length });
            }
            (lines, length) => return Err(MrzError::Layout { lines, length }),
        };
        for (i, line) in lines.iter().enumerate() {
            let got = line.chars().count();
            if got != length {
                return Err(MrzError::LineLength { line: i + 1, got, want: length });
            }
            let stray = |c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '<');
            if let Some(at) = line.chars().position(stray) {
                return Err(MrzError::Character { line: i + 1, column: at + 1 });
            }
        }
        let fields = match (format, lines.as_slice()) {
            (MrzFormat::Td1, [one, two, three]) => Fields::td1(one, two, three),
            (MrzFormat::Td2 | MrzFormat::Td3, [one, two]) => Fields::two_lines(format, one, two),
            (_, lines) => return Err(MrzError::Layout { lines: lines.len(), length }),
        };
        fields.checked(format, today)
    }

    /// The layout of the zone.
    #[must_use]
    pub const fn format(&self) -> MrzFormat {
        self.format
    }

    /// The document code without fillers, such as `P`, `I` or `CR`.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The issuing state without fillers.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The document number, over nine characters too.
    #[must_use]
    pub fn number(&self) -> &str {
        &self.number
    }

    /// The holder's nationality.
    #[must_use]
    pub const fn nationality(&self) -> Nationality {
        self.nationality
    }

    /// The holder's birth date; parts of it may be unknown.
    #[must_use]
    pub const fn birth(&self) -> MrzDate {
        self.birth
    }

    /// Last day of the document's validity.
    #[must_use]
    pub const fn expiry(&self) -> MrzDate {
        self.expiry
    }

    /// The optional data without fillers at its end (and without the rest of a long number).
    #[must_use]
    pub fn optional(&self) -> &str {
        &self.optional
    }

    /// The surname, or the only name.
    #[must_use]
    pub fn surname(&self) -> &str {
        &self.surname
    }

    /// The given names; empty where there are none.
    #[must_use]
    pub fn given_names(&self) -> &str {
        &self.given
    }

    /// Whether the names fill their field to the end, and so may have been cut.
    #[must_use]
    pub const fn names_may_be_cut(&self) -> bool {
        self.names_cut
    }

    /// The number as one of our documents, where code and issuer say which. The codes of the Home Return
    /// Permit (`C` in 1999, `CR` in 2013) are reported, not published.
    #[must_use]
    pub fn document_number(&self) -> Option<DocumentNumber> {
        let kind = match (self.format, self.code.as_str(), self.issuer.as_str()) {
            (MrzFormat::Td3, code, _) if code.starts_with('P') => DocumentKind::Passport,
            (MrzFormat::Td1, "C" | "CR", "CHN") => DocumentKind::HomeReturnPermit,
            _ => return None,
        };
        DocumentNumber::parse(kind, &self.number).ok()
    }
}

/// The check digit of a field (weights 7 3 1, modulo 10; fillers count as zero); `None` for a character
/// outside the alphabet.
#[must_use]
pub fn check_digit(field: &str) -> Option<char> {
    let mut sum = 0;
    for (byte, weight) in field.bytes().zip([7, 3, 1].into_iter().cycle()) {
        let value = match byte {
            b'0'..=b'9' => u32::from(byte - b'0'),
            b'A'..=b'Z' => u32::from(byte - b'A') + 10,
            b'<' => 0,
            _ => return None,
        };
        sum += value * weight;
    }
    char::from_digit(sum % 10, 10)
}

/// The raw fields. All lines are known to be ASCII of the right length; `cut` of a range inside is its text.
struct Fields<'a> {
    code: &'a str,
    issuer: &'a str,
    number: &'a str,
    number_check: &'a str,
    nationality: &'a str,
    birth: &'a str,
    birth_check: &'a str,
    sex: &'a str,
    expiry: &'a str,
    expiry_check: &'a str,
    optional: &'a str,
    /// TD3 only.
    optional_check: Option<&'a str>,
    /// Where the rest of a long number stands.
    overflow: Option<&'a str>,
    composite: String,
    composite_check: &'a str,
    names: &'a str,
}

/// Characters `from` to `to` of a line, counted from 1 as the standard does.
fn cut(line: &str, from: usize, to: usize) -> &str {
    line.get(from.saturating_sub(1)..to).unwrap_or_default()
}

impl<'a> Fields<'a> {
    /// ICAO 9303-5, 4.2.
    fn td1(one: &'a str, two: &'a str, three: &'a str) -> Self {
        Self {
            code: cut(one, 1, 2),
            issuer: cut(one, 3, 5),
            number: cut(one, 6, 14),
            number_check: cut(one, 15, 15),
            overflow: Some(cut(one, 16, 30)),
            birth: cut(two, 1, 6),
            birth_check: cut(two, 7, 7),
            sex: cut(two, 8, 8),
            expiry: cut(two, 9, 14),
            expiry_check: cut(two, 15, 15),
            nationality: cut(two, 16, 18),
            optional: cut(two, 19, 29),
            optional_check: None,
            composite: [cut(one, 6, 30), cut(two, 1, 7), cut(two, 9, 15), cut(two, 19, 29)].concat(),
            composite_check: cut(two, 30, 30),
            names: three,
        }
    }

    /// ICAO 9303-4, 4.2 and 9303-6, 4.2.
    fn two_lines(format: MrzFormat, one: &'a str, two: &'a str) -> Self {
        let td3 = format == MrzFormat::Td3;
        let (last_optional, end) = if td3 { (42, 43) } else { (35, 35) };
        Self {
            code: cut(one, 1, 2),
            issuer: cut(one, 3, 5),
            names: cut(one, 6, one.len()),
            number: cut(two, 1, 9),
            number_check: cut(two, 10, 10),
            nationality: cut(two, 11, 13),
            birth: cut(two, 14, 19),
            birth_check: cut(two, 20, 20),
            sex: cut(two, 21, 21),
            expiry: cut(two, 22, 27),
            expiry_check: cut(two, 28, 28),
            optional: cut(two, 29, last_optional),
            optional_check: td3.then(|| cut(two, 43, 43)),
            overflow: (!td3).then(|| cut(two, 29, 35)),
            composite: [cut(two, 1, 10), cut(two, 14, 20), cut(two, 22, end)].concat(),
            composite_check: cut(two, end + 1, end + 1),
        }
    }

    fn checked(&self, format: MrzFormat, today: LocalDate) -> Result<Mrz, MrzError> {
        let (number, number_fits, rest) = self.long_or_short_number();
        let mut failed = Vec::new();
        let mut need = |fits: bool, field: MrzField| {
            if !fits {
                failed.push(field);
            }
        };
        need(number_fits, MrzField::Number);
        need(fits(self.birth, self.birth_check), MrzField::Birth);
        need(fits(self.expiry, self.expiry_check), MrzField::Expiry);
        if let Some(check) = self.optional_check {
            // ICAO 9303-4, 4.2.2.2: an empty optional field may carry a filler as its check digit.
            let empty = self.optional.bytes().all(|b| b == b'<') && check == "<";
            need(empty || fits(self.optional, check), MrzField::Optional);
        }
        need(fits(&self.composite, self.composite_check), MrzField::Composite);
        if !failed.is_empty() {
            return Err(MrzError::CheckDigits { failed });
        }
        let field = |field: MrzField| MrzError::Field { field };
        if number.is_empty() || number.contains("<<") {
            return Err(field(MrzField::Number));
        }
        if !matches!(self.sex, "M" | "F" | "<") {
            return Err(field(MrzField::Sex));
        }
        let (surname, given) = self.names.split_once("<<").unwrap_or((self.names, ""));
        let name = |part: &str| part.trim_matches('<').replace('<', " ");
        if name(surname).is_empty() || self.names.bytes().any(|b| b.is_ascii_digit()) {
            return Err(field(MrzField::Names));
        }
        let optional = if self.overflow.is_some() && format == MrzFormat::Td2 { rest } else { self.optional };
        Ok(Mrz {
            format,
            code: self.code.trim_end_matches('<').to_owned(),
            issuer: self.issuer.trim_end_matches('<').to_owned(),
            number,
            nationality: self.nationality.parse().map_err(|_| field(MrzField::Nationality))?,
            birth: birth_date(self.birth, today).ok_or(field(MrzField::Birth))?,
            expiry: date(self.expiry, 2000).ok_or(field(MrzField::Expiry))?,
            optional: optional.trim_end_matches('<').to_owned(),
            surname: name(surname),
            given: name(given),
            names_cut: !self.names.ends_with('<'),
        })
    }

    /// ICAO 9303-5, 4.2.4: a filler in the place of the check digit says that the number goes on in the
    /// optional field, followed by its check digit and a filler. Answers number, "check fits" and what is
    /// left of the optional field.
    fn long_or_short_number(&self) -> (String, bool, &'a str) {
        let short = || self.number.trim_end_matches('<').to_owned();
        let Some(overflow) = self.overflow else {
            return (short(), fits(self.number, self.number_check), "");
        };
        let goes_on = self.number_check == "<" && !overflow.starts_with('<');
        if !goes_on {
            return (short(), fits(self.number, self.number_check), overflow);
        }
        let (tail, rest) = overflow.split_once('<').unwrap_or((overflow, ""));
        let Some((more, check)) = tail.char_indices().last().map(|(at, _)| tail.split_at(at)) else {
            return (short(), false, rest);
        };
        let number = format!("{}{more}", self.number);
        let ok = !more.is_empty() && fits(&number, check);
        (number, ok, rest)
    }
}

fn fits(field: &str, check: &str) -> bool {
    check_digit(field).is_some_and(|digit| check.chars().eq([digit]))
}

/// `YYMMDD` in the century that begins with `century`; unknown parts are fillers.
fn date(text: &str, century: i16) -> Option<MrzDate> {
    let year: i16 = two(cut(text, 1, 2))?.into();
    let part = |t: &str| if t == "<<" { Some(None) } else { two(t).map(Some) };
    let (month, day) = (part(cut(text, 3, 4))?, part(cut(text, 5, 6))?);
    // A day without its month means nothing.
    if month.is_none() && day.is_some() {
        return None;
    }
    let date = MrzDate { year: century + year, month, day };
    date.earliest().map(|_| date)
}

/// The birth date lies in this century, unless that were in the future.
fn birth_date(text: &str, today: LocalDate) -> Option<MrzDate> {
    let century = today.ymd().0 / 100 * 100;
    let past = |d: MrzDate| d.earliest().is_some_and(|first| first <= today);
    // 29 February may exist in one of the two centuries alone.
    date(text, century).filter(|d| past(*d)).or_else(|| date(text, century - 100))
}

fn two(text: &str) -> Option<i8> {
    if text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> LocalDate {
        LocalDate::new(2026, 3, 2).unwrap()
    }

    const TD3: &str =
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";

    #[test]
    fn the_specimen_passport_is_read_whole() {
        let mrz = Mrz::parse(TD3, today()).unwrap();
        assert_eq!((mrz.code(), mrz.issuer(), mrz.number()), ("P", "UTO", "L898902C3"));
        assert_eq!((mrz.surname(), mrz.given_names()), ("ERIKSSON", "ANNA MARIA"));
        assert_eq!(mrz.birth().date().unwrap().to_string(), "1974-08-12");
        assert_eq!(mrz.expiry().date().unwrap().to_string(), "2012-04-15");
        assert_eq!((mrz.optional(), mrz.names_may_be_cut()), ("ZE184226B", false));
        assert_eq!(mrz.document_number().unwrap().kind(), DocumentKind::Passport);
        assert_eq!(format!("{mrz:?}"), "Mrz(redacted)");
    }

    #[test]
    fn each_changed_character_names_its_field() {
        let lines: Vec<&str> = TD3.lines().collect();
        for (column, failed) in [
            (1, vec![MrzField::Number, MrzField::Composite]),
            (10, vec![MrzField::Number, MrzField::Composite]),
            (14, vec![MrzField::Birth, MrzField::Composite]),
            (22, vec![MrzField::Expiry, MrzField::Composite]),
            (30, vec![MrzField::Optional, MrzField::Composite]),
            (44, vec![MrzField::Composite]),
        ] {
            let mut second: Vec<char> = lines[1].chars().collect();
            second[column - 1] = if second[column - 1] == '5' { '6' } else { '5' };
            let text = format!("{}\n{}", lines[0], second.iter().collect::<String>());
            assert_eq!(Mrz::parse(&text, today()), Err(MrzError::CheckDigits { failed }), "column {column}");
        }
    }

    #[test]
    fn a_zone_that_is_none_is_refused_for_what_it_is() {
        for (text, error) in [
            ("", MrzError::Layout { lines: 0, length: 0 }),
            ("CSC12345678", MrzError::UnprovenLayout { length: 11 }),
            (&TD3.replace("ANNA", "anna"), MrzError::Character { line: 1, column: 16 }),
            (&TD3.replace("10", "1"), MrzError::LineLength { line: 2, got: 43, want: 44 }),
            (&TD3.replace("ANNA", "ÄNNA"), MrzError::Character { line: 1, column: 16 }),
        ] {
            assert_eq!(Mrz::parse(text, today()), Err(error), "{text}");
        }
    }

    #[test]
    fn the_century_of_a_birth_is_the_latest_that_is_not_to_come() {
        let born = |text: &str| birth_date(text, today()).and_then(|d| d.date()).map(|d| d.to_string());
        assert_eq!(born("260302").as_deref(), Some("2026-03-02"));
        assert_eq!(born("260303").as_deref(), Some("1926-03-03"));
        assert_eq!(born("000229").as_deref(), Some("2000-02-29"));
        assert_eq!(born("010229"), None);
        let year_only = birth_date("74<<<<", today()).unwrap();
        assert_eq!((year_only.year(), year_only.month(), year_only.date()), (1974, None, None));
        assert!(birth_date("74<<12", today()).is_none());
        assert!(date("991332", 2000).is_none());
    }

    /// A TD1 zone with these fields and whatever check digits they need.
    fn td1(number: &str, birth: &str, expiry: &str) -> String {
        let one = format!("I<UTO{number:<<25}");
        let digit = |t: &str| check_digit(t).unwrap();
        let two = format!("{birth}{}F{expiry}{}UTO<<<<<<<<<<<", digit(birth), digit(expiry));
        let all = [cut(&one, 6, 30), cut(&two, 1, 7), cut(&two, 9, 15), cut(&two, 19, 29)].concat();
        format!("{one}\n{two}{}\nERIKSSON<<ANNA<<<<<<<<<<<<<<<<", digit(&all))
    }

    #[test]
    fn a_long_number_carries_its_own_check_digit() {
        let read = |number: &str| Mrz::parse(&td1(number, "740812", "301231"), today());
        assert_eq!(read("D23145890<7349<").unwrap().number(), "D23145890734");
        let failed = vec![MrzField::Number];
        assert_eq!(read("D23145890<7340<"), Err(MrzError::CheckDigits { failed: failed.clone() }));
        assert_eq!(read("D23145890<9<"), Err(MrzError::CheckDigits { failed }));
    }

    #[test]
    fn a_home_return_permit_is_recognised_in_its_zone() {
        let number = "H12345678";
        let one = format!("CRCHN{number}{}<<<<<<<<<<<<<<<", check_digit(number).unwrap());
        let (birth, expiry) = ("800102", "300101");
        let head = format!(
            "{birth}{}M{expiry}{}CHN<<<<<<<<<<<",
            check_digit(birth).unwrap(),
            check_digit(expiry).unwrap()
        );
        let all = [cut(&one, 6, 30), cut(&head, 1, 7), cut(&head, 9, 15), cut(&head, 19, 29)].concat();
        let text = format!("{one}\n{head}{}\nCHAN<<TAI<MAN<<<<<<<<<<<<<<<<<", check_digit(&all).unwrap());
        let mrz = Mrz::parse(&text, today()).unwrap();
        assert_eq!(mrz.document_number(), DocumentNumber::parse(DocumentKind::HomeReturnPermit, number).ok());
        assert!(mrz.nationality().is_chinese());
    }
}
