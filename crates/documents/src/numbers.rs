//! Document numbers: parsers that make an invalid number unrepresentable.
//!
//! Lives here: one type per kind of number, `DocumentKind` with its wire code, `DocumentNumber`.
//! Not here: what a document allows (`judge`), how numbers are indexed (keyed hash, `authority`).
//! A number never prints itself: `as_str` is the one deliberate way to read it.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::{LocalDate, redact_debug};

/// Why a text is no number of the kind asked for, and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Wrong number of characters.
    #[error("{kind}: {got} characters; write {want}")]
    Length {
        /// Kind asked for.
        kind: DocumentKind,
        /// Characters found.
        got: usize,
        /// What belongs there.
        want: &'static str,
    },
    /// A character that cannot stand where it stands.
    #[error("{kind}: character {position} does not belong there; write {want}")]
    Character {
        /// Kind asked for.
        kind: DocumentKind,
        /// 1-based position.
        position: usize,
        /// What belongs there.
        want: &'static str,
    },
    /// The check digit contradicts the rest.
    #[error(
        "{kind}: the check digit does not fit the number; compare it with the card, one character is wrong"
    )]
    CheckDigit {
        /// Kind asked for.
        kind: DocumentKind,
    },
    /// The birth date inside the number is no day of the calendar.
    #[error("{kind}: characters 7 to 14 are no date; compare them with the birth date on the card")]
    Date {
        /// Kind asked for.
        kind: DocumentKind,
    },
    /// The first two digits name no province or region.
    #[error("{kind}: the first six digits name no area; compare them with the card")]
    Area {
        /// Kind asked for.
        kind: DocumentKind,
    },
    /// 18 digits of a residence permit (810000, 820000, 830000) given as a mainland identity card.
    #[error(
        "this is the number of a residence permit for residents of Hong Kong, Macao or Taiwan; give it as residence_permit"
    )]
    IsResidencePermit,
    /// 18 digits of a mainland identity card given as a residence permit.
    #[error("this is no residence permit (those begin 810000, 820000 or 830000); give it as mainland_id")]
    IsMainlandId,
    /// An exit-entry booklet (W and 8 digits).
    #[error(
        "exit-entry booklets (W and 8 digits) all expired by 13 September 2019; use the card's number, which begins with C"
    )]
    OldBooklet,
    /// The kind has no wire form, or the bytes are none of its numbers.
    #[error("{kind}: not in the nine-character form")]
    NotOnTheWire {
        /// Kind asked for.
        kind: DocumentKind,
    },
    /// No kind of number looks like this.
    #[error(
        "not a document number that is known here; write it as printed, for instance C12345678, H12345678 or A123456(3)"
    )]
    Unrecognised,
}

/// The kinds of document. The code stands on the wire and in files and is never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum DocumentKind {
    /// Mainland resident identity card (GB 11643).
    MainlandId = 0,
    /// Residence permit for residents of Hong Kong, Macao and Taiwan (810000, 820000, 830000).
    ResidencePermit = 1,
    /// Hong Kong identity card.
    Hkid = 2,
    /// Macao resident identity card (BIR).
    MacaoBir = 3,
    /// Exit-Entry Permit for Travelling to and from Hong Kong and Macao.
    ExitEntryPermit = 4,
    /// Home Return Permit (Mainland Travel Permit for Hong Kong and Macao Residents).
    HomeReturnPermit = 5,
    /// Passport.
    Passport = 6,
    /// One-way permit for settling in Hong Kong or Macao.
    OneWayPermit = 7,
    /// One-time entry-exit pass after a loss.
    OneTimePass = 8,
    /// Hong Kong Document of Identity or re-entry permit.
    DocumentOfIdentity = 9,
    /// Macao Visit Permit to Hong Kong.
    VisitPermit = 10,
}

impl DocumentKind {
    /// Every kind, in order of its code.
    pub const ALL: [Self; 11] = [
        Self::MainlandId,
        Self::ResidencePermit,
        Self::Hkid,
        Self::MacaoBir,
        Self::ExitEntryPermit,
        Self::HomeReturnPermit,
        Self::Passport,
        Self::OneWayPermit,
        Self::OneTimePass,
        Self::DocumentOfIdentity,
        Self::VisitPermit,
    ];

    /// The stable code, 0 to 23.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The kind with this code.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.code() == code)
    }

    /// The name in files, such as `exit_entry_permit`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MainlandId => "mainland_id",
            Self::ResidencePermit => "residence_permit",
            Self::Hkid => "hkid",
            Self::MacaoBir => "macao_bir",
            Self::ExitEntryPermit => "exit_entry_permit",
            Self::HomeReturnPermit => "home_return_permit",
            Self::Passport => "passport",
            Self::OneWayPermit => "one_way_permit",
            Self::OneTimePass => "one_time_pass",
            Self::DocumentOfIdentity => "document_of_identity",
            Self::VisitPermit => "visit_permit",
        }
    }
}

impl serde::Serialize for DocumentKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for DocumentKind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for DocumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no kind of document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown kind of document; write mainland_id, residence_permit, hkid, macao_bir, exit_entry_permit, home_return_permit, passport, one_way_permit, one_time_pass, document_of_identity or visit_permit"
)]
pub struct NotADocumentKind;

impl FromStr for DocumentKind {
    type Err = NotADocumentKind;

    fn from_str(text: &str) -> Result<Self, NotADocumentKind> {
        Self::ALL.into_iter().find(|k| k.as_str() == text).ok_or(NotADocumentKind)
    }
}

/// A number of any kind, already proven.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentNumber {
    /// Mainland identity card.
    MainlandId(MainlandId),
    /// Residence permit.
    ResidencePermit(ResidencePermit),
    /// Hong Kong identity card.
    Hkid(Hkid),
    /// Macao BIR.
    MacaoBir(MacaoBir),
    /// Exit-Entry Permit.
    ExitEntryPermit(ExitEntryPermit),
    /// Home Return Permit.
    HomeReturnPermit(HomeReturnPermit),
    /// Passport.
    Passport(Passport),
    /// One-way permit.
    OneWayPermit(PaperNumber),
    /// One-time pass.
    OneTimePass(PaperNumber),
    /// Document of Identity.
    DocumentOfIdentity(PaperNumber),
    /// Macao Visit Permit.
    VisitPermit(PaperNumber),
}
redact_debug!(DocumentNumber);

impl DocumentNumber {
    /// Reads `text` as a number of `kind`.
    ///
    /// # Errors
    /// What is wrong with the text, and what belongs there.
    pub fn parse(kind: DocumentKind, text: &str) -> Result<Self, NumberError> {
        Ok(match kind {
            DocumentKind::MainlandId => Self::MainlandId(MainlandId::parse(text)?),
            DocumentKind::ResidencePermit => Self::ResidencePermit(ResidencePermit::parse(text)?),
            DocumentKind::Hkid => Self::Hkid(Hkid::parse(text)?),
            DocumentKind::MacaoBir => Self::MacaoBir(MacaoBir::parse(text)?),
            DocumentKind::ExitEntryPermit => Self::ExitEntryPermit(ExitEntryPermit::parse(text)?),
            DocumentKind::HomeReturnPermit => Self::HomeReturnPermit(HomeReturnPermit::parse(text)?),
            DocumentKind::Passport => Self::Passport(Passport::parse(text)?),
            DocumentKind::OneWayPermit => Self::OneWayPermit(PaperNumber::parse(kind, text)?),
            DocumentKind::OneTimePass => Self::OneTimePass(PaperNumber::parse(kind, text)?),
            DocumentKind::DocumentOfIdentity => Self::DocumentOfIdentity(PaperNumber::parse(kind, text)?),
            DocumentKind::VisitPermit => Self::VisitPermit(PaperNumber::parse(kind, text)?),
        })
    }

    /// Reads a number whose kind follows from its form: the identity cards, the two travel permits and
    /// the residence permit. Passports and papers have no form of their own and are not guessed.
    ///
    /// # Errors
    /// The error of the kind that the text resembles most; `Unrecognised` where it resembles none.
    pub fn recognise(text: &str) -> Result<Self, NumberError> {
        let clean = without_brackets(text);
        let mut bytes = clean.bytes();
        let (first, second) = (bytes.next().unwrap_or(0), bytes.next().unwrap_or(0));
        let kind = match (first, clean.len()) {
            (b'0'..=b'9', 18) if ResidencePermit::prefix_fits(&clean) => DocumentKind::ResidencePermit,
            (b'0'..=b'9', 18) => DocumentKind::MainlandId,
            (b'0'..=b'9', 8) => DocumentKind::MacaoBir,
            (b'W', 9) => DocumentKind::ExitEntryPermit,
            // HKIDs with two letters have nine characters as well; C, H and M are permits first.
            (b'C', 9) if ExitEntryPermit::parse(&clean).is_ok() || second.is_ascii_digit() => {
                DocumentKind::ExitEntryPermit
            }
            (b'H' | b'M', 9 | 11) if HomeReturnPermit::parse(&clean).is_ok() || second.is_ascii_digit() => {
                DocumentKind::HomeReturnPermit
            }
            (b'A'..=b'Z', 8 | 9) => DocumentKind::Hkid,
            _ => return Err(NumberError::Unrecognised),
        };
        Self::parse(kind, &clean)
    }

    /// The kind of document that carries this number.
    #[must_use]
    pub const fn kind(&self) -> DocumentKind {
        match self {
            Self::MainlandId(_) => DocumentKind::MainlandId,
            Self::ResidencePermit(_) => DocumentKind::ResidencePermit,
            Self::Hkid(_) => DocumentKind::Hkid,
            Self::MacaoBir(_) => DocumentKind::MacaoBir,
            Self::ExitEntryPermit(_) => DocumentKind::ExitEntryPermit,
            Self::HomeReturnPermit(_) => DocumentKind::HomeReturnPermit,
            Self::Passport(_) => DocumentKind::Passport,
            Self::OneWayPermit(_) => DocumentKind::OneWayPermit,
            Self::OneTimePass(_) => DocumentKind::OneTimePass,
            Self::DocumentOfIdentity(_) => DocumentKind::DocumentOfIdentity,
            Self::VisitPermit(_) => DocumentKind::VisitPermit,
        }
    }

    /// The characters to compare and to index by keyed hash: no brackets, and of a Home Return Permit
    /// the first nine, which stay for life.
    #[must_use]
    pub fn match_key(&self) -> &str {
        match self {
            Self::MainlandId(n) => n.as_str(),
            Self::ResidencePermit(n) => n.as_str(),
            Self::Hkid(n) => n.as_str(),
            Self::MacaoBir(n) => n.as_str(),
            Self::ExitEntryPermit(n) => n.as_str(),
            Self::HomeReturnPermit(n) => n.match_key(),
            Self::Passport(n) => n.as_str(),
            Self::OneWayPermit(n)
            | Self::OneTimePass(n)
            | Self::DocumentOfIdentity(n)
            | Self::VisitPermit(n) => n.as_str(),
        }
    }

    /// The number in nine characters padded with `<`; `None` for the 18-digit numbers, which never travel.
    #[must_use]
    pub fn mrz9(&self) -> Option<[u8; 9]> {
        let key = self.match_key().as_bytes();
        if key.len() > 9 {
            return None;
        }
        let mut out = [b'<'; 9];
        for (slot, byte) in out.iter_mut().zip(key) {
            *slot = *byte;
        }
        Some(out)
    }

    /// Reads the nine-character form of a number of `kind`.
    ///
    /// # Errors
    /// `NotOnTheWire` for other bytes and for kinds that never travel; else what is wrong with the number.
    pub fn from_wire(kind: DocumentKind, nine: &[u8; 9]) -> Result<Self, NumberError> {
        let text = std::str::from_utf8(nine).map_err(|_| NumberError::NotOnTheWire { kind })?;
        let number = Self::parse(kind, text.trim_end_matches('<'))?;
        // One number, one form: lower case, brackets or spaces inside the nine are refused.
        if number.mrz9().as_ref() == Some(nine) {
            Ok(number)
        } else {
            Err(NumberError::NotOnTheWire { kind })
        }
    }
}

/// A mainland resident identity card number (GB 11643).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MainlandId(String);

/// A residence permit number of a Hong Kong, Macao or Taiwan resident (same 18 digits, own regions).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResidencePermit(String);

/// A Hong Kong identity card number: letters, six digits, check character, kept without brackets.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hkid(String);

/// A Macao BIR number: eight digits, kept without brackets. No check rule is published: format only.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacaoBir(String);

/// An Exit-Entry Permit number. It changes with each card: it is no person key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExitEntryPermit(String);

/// A Home Return Permit number; two are equal when their first nine characters are.
#[derive(Clone)]
pub struct HomeReturnPermit {
    key: String,
    renewals: Option<u8>,
}

/// A passport number: 6 to 9 letters and digits; the formats of the issuers were not collected.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Passport(String);

/// The number of a paper whose format is not published: 4 to 9 letters and digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PaperNumber(String);

redact_debug!(
    MainlandId,
    ResidencePermit,
    Hkid,
    MacaoBir,
    ExitEntryPermit,
    HomeReturnPermit,
    Passport,
    PaperNumber
);

macro_rules! shown_deliberately {
    ($($name:ty),+) => {$(
        impl $name {
            /// The number, without brackets. Showing it is deliberate.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    )+};
}
shown_deliberately!(MainlandId, ResidencePermit, Hkid, MacaoBir, ExitEntryPermit, Passport, PaperNumber);

impl MainlandId {
    /// Reads 18 characters: area, birth date, order, check. A small `x` is read as `X`.
    ///
    /// # Errors
    /// The first thing wrong with the text.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let kind = DocumentKind::MainlandId;
        let clean = cleaned(text);
        if ResidencePermit::prefix_fits(&clean) {
            return Err(NumberError::IsResidencePermit);
        }
        gb11643(kind, &clean)?;
        // GB/T 2260: the first two digits name the province.
        let province: u8 = clean.get(..2).and_then(|p| p.parse().ok()).unwrap_or(0);
        if !matches!(province, 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81 | 82) {
            return Err(NumberError::Area { kind });
        }
        Ok(Self(clean))
    }

    /// The birth date in the number.
    #[must_use]
    pub fn birth(&self) -> Option<LocalDate> {
        birth_of(&self.0)
    }

    /// The six digits of the area of first registration.
    #[must_use]
    pub fn area(&self) -> &str {
        self.0.get(..6).unwrap_or_default()
    }
}

impl ResidencePermit {
    fn prefix_fits(clean: &str) -> bool {
        clean.len() == 18 && ["810000", "820000", "830000"].iter().any(|p| clean.starts_with(p))
    }

    /// Reads 18 characters that begin 810000 (Hong Kong), 820000 (Macao) or 830000 (Taiwan).
    ///
    /// # Errors
    /// The first thing wrong with the text.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let clean = cleaned(text);
        gb11643(DocumentKind::ResidencePermit, &clean)?;
        if Self::prefix_fits(&clean) { Ok(Self(clean)) } else { Err(NumberError::IsMainlandId) }
    }

    /// The birth date in the number.
    #[must_use]
    pub fn birth(&self) -> Option<LocalDate> {
        birth_of(&self.0)
    }

    /// `810000`, `820000` or `830000`.
    #[must_use]
    pub fn area(&self) -> &str {
        self.0.get(..6).unwrap_or_default()
    }
}

impl Hkid {
    /// Reads `A123456(3)` or `AB987654(3)`, with or without brackets.
    ///
    /// # Errors
    /// The first thing wrong with the text.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let kind = DocumentKind::Hkid;
        let clean = without_brackets(text);
        let letters = match clean.len() {
            8 => 1,
            9 => 2,
            got => {
                return Err(NumberError::Length {
                    kind,
                    got,
                    want: "one or two letters, six digits and the check character, like A123456(3)",
                });
            }
        };
        let digits_end = letters + 6;
        let mut sum: u32 = if letters == 1 { 36 * 9 } else { 0 };
        let first_weight: u32 = if letters == 1 { 8 } else { 9 };
        let mut weight = first_weight;
        for (i, byte) in clean.bytes().enumerate() {
            let value = match byte {
                b'A'..=b'Z' if i < letters => u32::from(byte - b'A') + 10,
                b'0'..=b'9' if i >= letters => u32::from(byte - b'0'),
                b'A' if i == digits_end => 10,
                _ if i < letters => {
                    return Err(NumberError::Character { kind, position: i + 1, want: "a letter" });
                }
                _ if i < digits_end => {
                    return Err(NumberError::Character { kind, position: i + 1, want: "a digit" });
                }
                _ => return Err(NumberError::Character { kind, position: i + 1, want: "a digit or A" }),
            };
            sum += value * weight;
            weight = weight.saturating_sub(1);
        }
        if sum.is_multiple_of(11) { Ok(Self(clean)) } else { Err(NumberError::CheckDigit { kind }) }
    }

    /// As printed on the card, with the check character in brackets.
    #[must_use]
    pub fn printed(&self) -> String {
        bracketed(&self.0)
    }
}

impl MacaoBir {
    /// Reads `5123456(7)`, with or without brackets; the first digit is 1, 5 or 7.
    ///
    /// # Errors
    /// The first thing wrong with the text.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let kind = DocumentKind::MacaoBir;
        let clean = without_brackets(text);
        if clean.len() != 8 {
            return Err(NumberError::Length {
                kind,
                got: clean.chars().count(),
                want: "seven digits and the last one in brackets, like 5123456(7)",
            });
        }
        all_digits_from(kind, &clean, 0)?;
        if matches!(clean.as_bytes().first(), Some(b'1' | b'5' | b'7')) {
            Ok(Self(clean))
        } else {
            Err(NumberError::Character { kind, position: 1, want: "1, 5 or 7" })
        }
    }

    /// As printed on the card, with the last digit in brackets.
    #[must_use]
    pub fn printed(&self) -> String {
        bracketed(&self.0)
    }
}

impl ExitEntryPermit {
    /// Reads C and eight digits, or C, a letter (no I, no O) and seven digits.
    ///
    /// # Errors
    /// The first thing wrong with the text.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let kind = DocumentKind::ExitEntryPermit;
        let clean = cleaned(text);
        if clean.starts_with('W') && clean.len() == 9 {
            return Err(NumberError::OldBooklet);
        }
        if clean.len() != 9 {
            return Err(NumberError::Length {
                kind,
                got: clean.chars().count(),
                want: "nine: C and eight digits, or C, a letter and seven digits",
            });
        }
        if !clean.starts_with('C') {
            return Err(NumberError::Character { kind, position: 1, want: "C" });
        }
        match clean.as_bytes().get(1) {
            Some(b'0'..=b'9') => {}
            Some(b'I' | b'O') => {
                return Err(NumberError::Character {
                    kind,
                    position: 2,
                    want: "a digit or a letter other than I and O",
                });
            }
            Some(b'A'..=b'Z') => {}
            _ => {
                return Err(NumberError::Character {
                    kind,
                    position: 2,
                    want: "a digit or a letter other than I and O",
                });
            }
        }
        all_digits_from(kind, &clean, 2)?;
        Ok(Self(clean))
    }
}

impl HomeReturnPermit {
    /// Reads H or M and eight digits (and two renewal digits on the card of 1999), or HA or MA and seven
    /// digits (non-Chinese permanent residents, since July 2024).
    ///
    /// # Errors
    /// The first thing wrong with the text.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let kind = DocumentKind::HomeReturnPermit;
        let clean = cleaned(text);
        let non_chinese = clean.starts_with("HA") || clean.starts_with("MA");
        if !clean.starts_with(['H', 'M']) {
            return Err(NumberError::Character { kind, position: 1, want: "H or M" });
        }
        let fits = clean.len() == 9 || (clean.len() == 11 && !non_chinese);
        if !fits {
            return Err(NumberError::Length {
                kind,
                got: clean.chars().count(),
                want: "nine: H or M and eight digits, HA or MA and seven; eleven on the card of 1999",
            });
        }
        all_digits_from(kind, &clean, if non_chinese { 2 } else { 1 })?;
        let (key, tail) = clean.split_at_checked(9).unwrap_or((&clean, ""));
        Ok(Self { key: key.to_owned(), renewals: tail.parse().ok() })
    }

    /// The nine characters that stay for life: compare and index by these.
    #[must_use]
    pub fn match_key(&self) -> &str {
        &self.key
    }

    /// The nine characters, as `match_key`. Showing them is deliberate.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.key
    }

    /// How often the card was renewed, where the card of 1999 says so.
    #[must_use]
    pub const fn renewals(&self) -> Option<u8> {
        self.renewals
    }

    /// Whether the number has the form for permanent residents who are not Chinese citizens.
    #[must_use]
    pub fn is_non_chinese_form(&self) -> bool {
        self.key.starts_with("HA") || self.key.starts_with("MA")
    }
}

impl PartialEq for HomeReturnPermit {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for HomeReturnPermit {}

impl PartialOrd for HomeReturnPermit {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for HomeReturnPermit {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

impl Hash for HomeReturnPermit {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl Passport {
    /// Reads 6 to 9 letters and digits.
    ///
    /// # Errors
    /// The first thing wrong with the text.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        alphanumeric(DocumentKind::Passport, text, 6, "6 to 9 letters and digits").map(Self)
    }
}

impl PaperNumber {
    /// Reads 4 to 9 letters and digits; `kind` names the paper in the error.
    ///
    /// # Errors
    /// The first thing wrong with the text.
    pub fn parse(kind: DocumentKind, text: &str) -> Result<Self, NumberError> {
        alphanumeric(kind, text, 4, "4 to 9 letters and digits").map(Self)
    }
}

/// GB 11643: 17 digits, check character, real date. The sex that the order digit shows is not exposed.
fn gb11643(kind: DocumentKind, clean: &str) -> Result<(), NumberError> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    if clean.len() != 18 {
        return Err(NumberError::Length {
            kind,
            got: clean.chars().count(),
            want: "18: seventeen digits and a digit or X",
        });
    }
    let mut sum = 0;
    for (i, (byte, weight)) in clean.bytes().zip(WEIGHTS).enumerate() {
        if !byte.is_ascii_digit() {
            return Err(NumberError::Character { kind, position: i + 1, want: "a digit" });
        }
        sum += u32::from(byte - b'0') * weight;
    }
    let check = clean.bytes().last().unwrap_or(0);
    if !(check.is_ascii_digit() || check == b'X') {
        return Err(NumberError::Character { kind, position: 18, want: "a digit or X" });
    }
    let expected = b"10X98765432".get(usize::try_from(sum % 11).unwrap_or(0)).copied();
    if expected != Some(check) {
        return Err(NumberError::CheckDigit { kind });
    }
    birth_of(clean).map(|_| ()).ok_or(NumberError::Date { kind })
}

fn birth_of(eighteen: &str) -> Option<LocalDate> {
    let year = eighteen.get(6..10)?.parse().ok()?;
    let month = eighteen.get(10..12)?.parse().ok()?;
    let day = eighteen.get(12..14)?.parse().ok()?;
    LocalDate::new(year, month, day)
}

fn alphanumeric(
    kind: DocumentKind,
    text: &str,
    least: usize,
    want: &'static str,
) -> Result<String, NumberError> {
    let clean = cleaned(text);
    if let Some(position) = clean.chars().position(|c| !c.is_ascii_alphanumeric()) {
        return Err(NumberError::Character { kind, position: position + 1, want: "a letter or digit" });
    }
    if (least..=9).contains(&clean.len()) {
        Ok(clean)
    } else {
        Err(NumberError::Length { kind, got: clean.len(), want })
    }
}

fn all_digits_from(kind: DocumentKind, clean: &str, start: usize) -> Result<(), NumberError> {
    match clean.bytes().skip(start).position(|b| !b.is_ascii_digit()) {
        Some(at) => Err(NumberError::Character { kind, position: start + at + 1, want: "a digit" }),
        None => Ok(()),
    }
}

/// Outer blanks away, letters large; nothing else is forgiven.
fn cleaned(text: &str) -> String {
    text.trim().to_ascii_uppercase()
}

fn without_brackets(text: &str) -> String {
    let clean = cleaned(text);
    let plain = clean.strip_suffix(')').and_then(|t| {
        let (head, check) = t.rsplit_once('(')?;
        (check.chars().count() == 1).then(|| format!("{head}{check}"))
    });
    plain.unwrap_or(clean)
}

fn bracketed(plain: &str) -> String {
    match plain.char_indices().last() {
        Some((at, check)) => format!("{}({check})", plain.get(..at).unwrap_or_default()),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DocumentKind as K;

    #[test]
    fn a_number_is_refused_for_the_first_thing_wrong_with_it() {
        use NumberError as E;
        for (kind, text, check) in [
            (K::MainlandId, "11010519491231002X", None),
            (K::MainlandId, "11010519491231002x", None),
            (K::MainlandId, "440524188001010014", None),
            (K::MainlandId, "110105194912310021", Some(E::CheckDigit { kind: K::MainlandId })),
            (
                K::MainlandId,
                "11010519491231002",
                Some(E::Length {
                    kind: K::MainlandId,
                    got: 17,
                    want: "18: seventeen digits and a digit or X",
                }),
            ),
            (K::MainlandId, "820000198511304524", Some(E::IsResidencePermit)),
            (K::ResidencePermit, "11010519491231002X", Some(E::IsMainlandId)),
            (K::ResidencePermit, "830000200002290031", None),
            (K::Hkid, "A123456(3)", None),
            (K::Hkid, "AB987654(3)", None),
            (K::Hkid, "G123456(A)", None),
            (K::Hkid, "a1234563", None),
            (K::Hkid, "A123456(4)", Some(E::CheckDigit { kind: K::Hkid })),
            (K::Hkid, "1123456(4)", Some(E::Character { kind: K::Hkid, position: 1, want: "a letter" })),
            (K::Hkid, "A12345B(4)", Some(E::Character { kind: K::Hkid, position: 7, want: "a digit" })),
            (
                K::MacaoBir,
                "2123456(7)",
                Some(E::Character { kind: K::MacaoBir, position: 1, want: "1, 5 or 7" }),
            ),
            (K::MacaoBir, "5123456(7)", None),
            (K::ExitEntryPermit, "C12345678", None),
            (
                K::ExitEntryPermit,
                "CI1234567",
                Some(E::Character {
                    kind: K::ExitEntryPermit,
                    position: 2,
                    want: "a digit or a letter other than I and O",
                }),
            ),
            (K::ExitEntryPermit, "W12345678", Some(E::OldBooklet)),
            (
                K::HomeReturnPermit,
                "HB1234567",
                Some(E::Character { kind: K::HomeReturnPermit, position: 2, want: "a digit" }),
            ),
            (K::HomeReturnPermit, "MA1234567", None),
            (K::HomeReturnPermit, "H1234567800", None),
        ] {
            assert_eq!(DocumentNumber::parse(kind, text).err(), check, "row {kind} {text}");
        }
    }

    #[test]
    fn an_impossible_birth_date_is_refused_though_its_check_digit_fits() {
        // 30 February with the check digit that belongs to it.
        let head = "11010520000230001";
        let refused = "0123456789X"
            .chars()
            .filter(|c| matches!(MainlandId::parse(&format!("{head}{c}")), Err(NumberError::Date { .. })));
        assert_eq!(refused.count(), 1);
        assert!("0123456789X".chars().all(|c| MainlandId::parse(&format!("{head}{c}")).is_err()));
    }

    #[test]
    fn home_return_permits_are_compared_on_their_first_nine_characters() {
        let old = HomeReturnPermit::parse("M0876543203").unwrap();
        assert_eq!(old, HomeReturnPermit::parse("M08765432").unwrap());
        assert_eq!((old.match_key(), old.renewals()), ("M08765432", Some(3)));
        assert!(!old.is_non_chinese_form());
        assert!(HomeReturnPermit::parse("HA1234567").unwrap().is_non_chinese_form());
    }

    #[test]
    fn a_number_goes_through_the_wire_form_and_back() {
        for (kind, text) in [
            (K::Hkid, "A123456(3)"),
            (K::Hkid, "AB987654(3)"),
            (K::MacaoBir, "5123456(7)"),
            (K::ExitEntryPermit, "CA1234567"),
            (K::HomeReturnPermit, "H1234567801"),
            (K::Passport, "E12345678"),
            (K::OneTimePass, "T1234"),
        ] {
            let number = DocumentNumber::parse(kind, text).unwrap();
            let nine = number.mrz9().unwrap();
            assert_eq!(DocumentNumber::from_wire(kind, &nine).unwrap(), number, "row {text}");
        }
        let id = DocumentNumber::parse(K::MainlandId, "11010519491231002X").unwrap();
        assert_eq!(id.mrz9(), None);
        assert!(DocumentNumber::from_wire(K::Hkid, b"a1234563<").is_err());
        assert!(DocumentNumber::from_wire(K::MacaoBir, b"5123456\xff<").is_err());
        assert!(DocumentNumber::from_wire(K::HomeReturnPermit, b"<<<<<<<<<").is_err());
    }

    #[test]
    fn a_number_is_recognised_by_its_form() {
        for (text, kind) in [
            ("C12345678", K::ExitEntryPermit),
            ("CA1234567", K::ExitEntryPermit),
            ("HA1234567", K::HomeReturnPermit),
            ("M12345678", K::HomeReturnPermit),
            ("A123456(3)", K::Hkid),
            ("AB987654(3)", K::Hkid),
            ("51234567", K::MacaoBir),
            ("820000198511304524", K::ResidencePermit),
            ("11010519491231002X", K::MainlandId),
        ] {
            assert_eq!(DocumentNumber::recognise(text).unwrap().kind(), kind, "row {text}");
        }
        assert_eq!(DocumentNumber::recognise("hello"), Err(NumberError::Unrecognised));
        assert_eq!(DocumentNumber::recognise(""), Err(NumberError::Unrecognised));
    }

    #[test]
    fn numbers_do_not_print_themselves() {
        let number = DocumentNumber::parse(K::Hkid, "A123456(3)").unwrap();
        assert_eq!(format!("{number:?}"), "DocumentNumber(redacted)");
        assert_eq!(Hkid::parse("A1234563").unwrap().printed(), "A123456(3)");
    }

    #[test]
    fn kinds_have_stable_codes_of_one_byte() {
        for kind in K::ALL {
            assert!(kind.code() <= 23);
            assert_eq!(K::from_code(kind.code()), Some(kind));
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert_eq!(K::from_code(11), None);
    }
}
