//! Document numbers: parsers that make an invalid number unrepresentable.
//!
//! Lives here: `DocumentNumber`, one type for each kind of number (in the modules below), `DocumentKind` with its wire
//! code. Not here: what a document allows (`judge`), how numbers are indexed (keyed hash, `authority`).
//! A number never prints itself: `as_str` is the one deliberate way to read it.

mod kind;
mod mainland;
mod papers;
mod permits;
mod regions;

use crate::redact_debug;

pub use kind::{DocumentKind, NotADocumentKind};
pub use mainland::{MainlandId, ResidencePermit};
pub use papers::{PaperNumber, Passport};
pub use permits::{ExitEntryPermit, HomeReturnPermit};
pub use regions::{Hkid, MacaoBir};

/// Why a text is not a number of the expected kind, and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// The text has the wrong number of characters.
    #[error("{kind}: {got} characters; write {want}")]
    Length {
        /// The expected kind of document.
        kind: DocumentKind,
        /// Characters in the text.
        got: usize,
        /// What to write there, as an English phrase.
        want: &'static str,
    },
    /// A character that is not allowed at its position.
    #[error("{kind}: character {position} does not belong there; write {want}")]
    Character {
        /// The expected kind of document.
        kind: DocumentKind,
        /// Position of the character, from 1.
        position: usize,
        /// What to write there, as an English phrase.
        want: &'static str,
    },
    /// The check digit contradicts the rest.
    #[error(
        "{kind}: the check digit does not fit the number; compare it with the card, one character is wrong"
    )]
    CheckDigit {
        /// The expected kind of document.
        kind: DocumentKind,
    },
    /// The birth date inside the number is not a calendar date.
    #[error("{kind}: characters 7 to 14 are not a date; compare them with the birth date on the card")]
    Date {
        /// The expected kind of document.
        kind: DocumentKind,
    },
    /// The first two digits are not the code of a province or region (GB/T 2260).
    #[error("{kind}: the first six digits are not the code of an area; compare them with the card")]
    Area {
        /// The expected kind of document.
        kind: DocumentKind,
    },
    /// 18 digits of a residence permit (810000, 820000, 830000) given as a mainland identity card.
    #[error(
        "this is the number of a residence permit for residents of Hong Kong, Macao or Taiwan; give it as residence_permit"
    )]
    IsResidencePermit,
    /// 18 digits of a mainland identity card given as a residence permit.
    #[error("this is not a residence permit (those begin 810000, 820000 or 830000); give it as mainland_id")]
    IsMainlandId,
    /// An exit-entry booklet (W and 8 digits).
    #[error(
        "exit-entry booklets (W and 8 digits) all expired by 13 September 2019; use the card's number, which begins with C"
    )]
    OldBooklet,
    /// The kind has no nine-character form, or the bytes are not one of its numbers.
    #[error("{kind}: not a number in the nine-character form of a part")]
    NotOnTheWire {
        /// The expected kind of document.
        kind: DocumentKind,
    },
    /// The text does not look like any kind of number.
    #[error(
        "unknown kind of document number; write it as printed, for instance C12345678, H12345678 or A123456(3)"
    )]
    Unrecognised,
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
    /// One-time pass for one way into the mainland.
    InboundPass(PaperNumber),
    /// Hong Kong re-entry permit.
    ReentryPermit(PaperNumber),
    /// HKSAR passport.
    HksarPassport(Passport),
    /// Official permit.
    OfficialPermit(PaperNumber),
}
redact_debug!(DocumentNumber);

impl DocumentNumber {
    /// Reads `text` as a number of `kind`.
    ///
    /// # Errors
    /// [`NumberError`] for the first fault, with what to write instead.
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
            DocumentKind::InboundPass => Self::InboundPass(PaperNumber::parse(kind, text)?),
            DocumentKind::ReentryPermit => Self::ReentryPermit(PaperNumber::parse(kind, text)?),
            DocumentKind::HksarPassport => Self::HksarPassport(Passport::parse(text)?),
            DocumentKind::OfficialPermit => Self::OfficialPermit(PaperNumber::parse(kind, text)?),
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
            Self::InboundPass(_) => DocumentKind::InboundPass,
            Self::ReentryPermit(_) => DocumentKind::ReentryPermit,
            Self::HksarPassport(_) => DocumentKind::HksarPassport,
            Self::OfficialPermit(_) => DocumentKind::OfficialPermit,
        }
    }

    /// The last four characters of [`Self::match_key`]: enough to find a card in a hand, and no number.
    #[must_use]
    pub fn last4(&self) -> String {
        let key: Vec<char> = self.match_key().chars().collect();
        key.iter().skip(key.len().saturating_sub(4)).collect()
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
            Self::Passport(n) | Self::HksarPassport(n) => n.as_str(),
            Self::OneWayPermit(n)
            | Self::OneTimePass(n)
            | Self::DocumentOfIdentity(n)
            | Self::VisitPermit(n)
            | Self::InboundPass(n)
            | Self::ReentryPermit(n)
            | Self::OfficialPermit(n) => n.as_str(),
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
use shown_deliberately;

fn all_digits_from(kind: DocumentKind, clean: &str, start: usize) -> Result<(), NumberError> {
    match clean.bytes().skip(start).position(|b| !b.is_ascii_digit()) {
        Some(at) => Err(NumberError::Character { kind, position: start + at + 1, want: "a digit" }),
        None => Ok(()),
    }
}

/// Trims blanks around the text and capitalises its letters; nothing else is normalised.
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
        assert_eq!(K::from_code(15), None);
    }
}
