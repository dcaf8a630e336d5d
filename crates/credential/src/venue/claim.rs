//! Claims of venue credentials: which there are, of which kind of credential each is, and what form its value has.
//!
//! Lives here: [`ClaimName`], [`ClaimSet`], [`CredentialKind`], [`ClaimValue`], [`Claims`]. Not here: who may ask for
//! which claim (`trust`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use documents::{AuthorityCode, DocumentKind, LocalDate, redact_debug};
use serde_with::{DeserializeFromStr, SerializeDisplay};

use crate::cbor::{CborError, Reader, Writer};

/// Longest name, Latin or Chinese, in bytes: with the longest document number and venue id a presentation still fits a QR
/// symbol of version 20.
pub const MAX_NAME_LEN: usize = 54;
/// Longest document number, in bytes.
pub const MAX_NUMBER_LEN: usize = 20;
/// Longest name of a city, in bytes.
pub const MAX_CITY_LEN: usize = 54;
/// Largest portrait, in bytes: it travels online alone.
pub const MAX_PORTRAIT_LEN: usize = 64 * 1024;

/// A claim that a venue may ask for. Label and word are never reused. Ethnicity is no claim, and has no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, SerializeDisplay, DeserializeFromStr)]
pub enum ClaimName {
    /// Name in Latin letters, as in the document.
    Name,
    /// Name in Chinese characters.
    NameZh,
    /// `YYYY-MM-DD`, or `YYYY` where the document tells no more.
    BirthDate,
    /// Three letters (ICAO 9303-3, 5).
    Nationality,
    /// The kind of the document, as `documents::DocumentKind` writes it.
    DocumentKind,
    /// The number, as printed.
    DocumentNumber,
    /// 12 years old or more on the day of issue.
    AgeOver12,
    /// 14 years old or more.
    AgeOver14,
    /// 16 years old or more.
    AgeOver16,
    /// 18 years old or more.
    AgeOver18,
    /// 60 years old or more.
    AgeOver60,
    /// 65 years old or more.
    AgeOver65,
    /// Region of residence: `CHN`, `HKG`, `MAC`.
    Region,
    /// City of residence.
    City,
    /// Portrait, a JPEG file.
    Portrait,
}

impl ClaimName {
    /// Every claim, in the order of kinds and of the table in `docs/venues.md`.
    pub const ALL: [Self; 15] = [
        Self::Name,
        Self::NameZh,
        Self::BirthDate,
        Self::Nationality,
        Self::DocumentKind,
        Self::DocumentNumber,
        Self::AgeOver12,
        Self::AgeOver14,
        Self::AgeOver16,
        Self::AgeOver18,
        Self::AgeOver60,
        Self::AgeOver65,
        Self::Region,
        Self::City,
        Self::Portrait,
    ];

    /// The label in credentials and requests (RFC 8392, 9.1.1: below -65536 is private use).
    #[must_use]
    pub const fn label(self) -> i64 {
        match self {
            Self::Name => -65_601,
            Self::NameZh => -65_602,
            Self::BirthDate => -65_603,
            Self::Nationality => -65_604,
            Self::DocumentKind => -65_605,
            Self::DocumentNumber => -65_606,
            Self::AgeOver12 => -65_611,
            Self::AgeOver14 => -65_612,
            Self::AgeOver16 => -65_613,
            Self::AgeOver18 => -65_614,
            Self::AgeOver60 => -65_615,
            Self::AgeOver65 => -65_616,
            Self::Region => -65_621,
            Self::City => -65_622,
            Self::Portrait => -65_631,
        }
    }

    /// The claim with this label.
    #[must_use]
    pub fn from_label(label: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|claim| claim.label() == label)
    }

    /// The word in approvals, files and answers, such as `birth_date`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::NameZh => "name_zh",
            Self::BirthDate => "birth_date",
            Self::Nationality => "nationality",
            Self::DocumentKind => "document_kind",
            Self::DocumentNumber => "document_number",
            Self::AgeOver12 => "age_over_12",
            Self::AgeOver14 => "age_over_14",
            Self::AgeOver16 => "age_over_16",
            Self::AgeOver18 => "age_over_18",
            Self::AgeOver60 => "age_over_60",
            Self::AgeOver65 => "age_over_65",
            Self::Region => "region",
            Self::City => "city",
            Self::Portrait => "portrait",
        }
    }

    /// The kind of credential that has this claim.
    #[must_use]
    pub const fn kind(self) -> CredentialKind {
        match self {
            Self::Name
            | Self::NameZh
            | Self::BirthDate
            | Self::Nationality
            | Self::DocumentKind
            | Self::DocumentNumber => CredentialKind::Identity,
            Self::AgeOver12
            | Self::AgeOver14
            | Self::AgeOver16
            | Self::AgeOver18
            | Self::AgeOver60
            | Self::AgeOver65 => CredentialKind::Age,
            Self::Region | Self::City => CredentialKind::Residence,
            Self::Portrait => CredentialKind::Portrait,
        }
    }

    /// The years of an `age_over_` claim; `None` of another one.
    #[must_use]
    pub const fn years(self) -> Option<i16> {
        match self {
            Self::AgeOver12 => Some(12),
            Self::AgeOver14 => Some(14),
            Self::AgeOver16 => Some(16),
            Self::AgeOver18 => Some(18),
            Self::AgeOver60 => Some(60),
            Self::AgeOver65 => Some(65),
            Self::Name
            | Self::NameZh
            | Self::BirthDate
            | Self::Nationality
            | Self::DocumentKind
            | Self::DocumentNumber
            | Self::Region
            | Self::City
            | Self::Portrait => None,
        }
    }
}

/// By label: the order in which requests and receipts list claims.
impl Ord for ClaimName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.label().cmp(&other.label())
    }
}

impl PartialOrd for ClaimName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for ClaimName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no claim.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown claim; docs/venues.md lists the words, such as name, birth_date or age_over_18")]
pub struct NotAClaim;

impl FromStr for ClaimName {
    type Err = NotAClaim;

    fn from_str(text: &str) -> Result<Self, NotAClaim> {
        Self::ALL.into_iter().find(|claim| claim.as_str() == text).ok_or(NotAClaim)
    }
}

/// A kind of venue credential; its number is the `vct` claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, SerializeDisplay, DeserializeFromStr)]
pub enum CredentialKind {
    /// Who somebody is, by one document.
    Identity,
    /// Whether somebody is older than certain ages.
    Age,
    /// Where somebody lives.
    Residence,
    /// What somebody looks like.
    Portrait,
}

impl CredentialKind {
    /// Every kind, in order of its number.
    pub const ALL: [Self; 4] = [Self::Identity, Self::Age, Self::Residence, Self::Portrait];

    /// The number, the value of `vct`.
    #[must_use]
    pub const fn vct(self) -> u8 {
        match self {
            Self::Identity => 1,
            Self::Age => 2,
            Self::Residence => 3,
            Self::Portrait => 4,
        }
    }

    /// The kind with this number.
    #[must_use]
    pub fn from_vct(vct: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| u64::from(kind.vct()) == vct)
    }

    /// The word in files and answers, such as `identity`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Age => "age",
            Self::Residence => "residence",
            Self::Portrait => "portrait",
        }
    }

    /// The claims of this kind, in the order of [`ClaimName::ALL`].
    pub fn claims(self) -> impl Iterator<Item = ClaimName> {
        ClaimName::ALL.into_iter().filter(move |claim| claim.kind() == self)
    }
}

impl fmt::Display for CredentialKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no kind of venue credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of venue credential; write identity, age, residence or portrait")]
pub struct NotACredentialKind;

impl FromStr for CredentialKind {
    type Err = NotACredentialKind;

    fn from_str(text: &str) -> Result<Self, NotACredentialKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(NotACredentialKind)
    }
}

/// A set of claims, in order of their labels.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ClaimSet(BTreeSet<ClaimName>);

impl ClaimSet {
    /// Whether the claim is in it.
    #[must_use]
    pub fn contains(&self, claim: ClaimName) -> bool {
        self.0.contains(&claim)
    }

    /// The claims, by ascending label.
    pub fn iter(&self) -> impl Iterator<Item = ClaimName> + '_ {
        self.0.iter().copied()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every claim of this set is in `other`.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    /// Whether no claim is in both.
    #[must_use]
    pub fn is_disjoint(&self, other: &Self) -> bool {
        self.0.is_disjoint(&other.0)
    }

    /// The claims of either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).copied().collect())
    }

    /// The kinds of credential that have a claim of this set.
    #[must_use]
    pub fn kinds(&self) -> BTreeSet<CredentialKind> {
        self.iter().map(ClaimName::kind).collect()
    }

    pub(super) fn write(&self, w: &mut Writer) {
        w.array(self.len());
        for claim in self.iter() {
            w.int(claim.label());
        }
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, ClaimSetError> {
        let mut set = BTreeSet::new();
        for _ in 0..r.array(ClaimName::ALL.len())? {
            let label = r.int()?;
            let claim = ClaimName::from_label(label).ok_or(ClaimSetError::Unknown { label })?;
            if set.last().is_some_and(|last| *last >= claim) {
                return Err(ClaimSetError::Order);
            }
            set.insert(claim);
        }
        Ok(Self(set))
    }
}

impl FromIterator<ClaimName> for ClaimSet {
    fn from_iter<I: IntoIterator<Item = ClaimName>>(claims: I) -> Self {
        Self(claims.into_iter().collect())
    }
}

/// Why a list of labels is no set of claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimSetError {
    /// The bytes are not an array of numbers in deterministic form.
    #[error("malformed list of claims: {0}")]
    Form(#[from] CborError),
    /// A number that no claim has.
    #[error("there is no claim {label}; docs/venues.md lists them")]
    Unknown {
        /// The number.
        label: i64,
    },
    /// A label is repeated, or smaller than the one before.
    #[error("the labels of claims are repeated or not in ascending order")]
    Order,
}

/// The value of one claim, in the form that the claim has.
#[derive(Clone, PartialEq, Eq)]
pub enum ClaimValue {
    /// Text.
    Text(String),
    /// True or false.
    Flag(bool),
    /// A file.
    File(Vec<u8>),
}
redact_debug!(ClaimValue);

impl ClaimValue {
    /// The text; `None` of another form.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Flag(_) | Self::File(_) => None,
        }
    }

    /// True or false; `None` of another form.
    #[must_use]
    pub const fn as_flag(&self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(*flag),
            Self::Text(_) | Self::File(_) => None,
        }
    }

    /// The bytes of a file; `None` of another form.
    #[must_use]
    pub fn as_file(&self) -> Option<&[u8]> {
        match self {
            Self::File(bytes) => Some(bytes),
            Self::Text(_) | Self::Flag(_) => None,
        }
    }

    fn has_form_of(&self, claim: ClaimName) -> bool {
        match self {
            Self::Text(text) => is_text_of(claim, text),
            Self::Flag(_) => claim.kind() == CredentialKind::Age,
            Self::File(bytes) => {
                claim == ClaimName::Portrait && (1..=MAX_PORTRAIT_LEN).contains(&bytes.len())
            }
        }
    }
}

fn is_text_of(claim: ClaimName, text: &str) -> bool {
    let printable = |max: usize| !text.is_empty() && text.len() <= max && !text.chars().any(char::is_control);
    match claim {
        ClaimName::Name | ClaimName::NameZh => printable(MAX_NAME_LEN),
        ClaimName::BirthDate => is_birth_date(text),
        ClaimName::Nationality => text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase()),
        ClaimName::DocumentKind => text.parse::<DocumentKind>().is_ok(),
        ClaimName::DocumentNumber => printable(MAX_NUMBER_LEN),
        ClaimName::Region => AuthorityCode::ALL.into_iter().any(|region| region.code() == text),
        ClaimName::City => printable(MAX_CITY_LEN),
        ClaimName::AgeOver12
        | ClaimName::AgeOver14
        | ClaimName::AgeOver16
        | ClaimName::AgeOver18
        | ClaimName::AgeOver60
        | ClaimName::AgeOver65
        | ClaimName::Portrait => false,
    }
}

fn is_birth_date(text: &str) -> bool {
    match text.len() {
        4 => text.parse::<i16>().is_ok_and(|year| LocalDate::new(year, 1, 1).is_some()),
        10 => text.parse::<LocalDate>().is_ok_and(|date| date.to_string() == text),
        _ => false,
    }
}

/// Claims with their values, each in the form that its claim has.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Claims(BTreeMap<ClaimName, ClaimValue>);
redact_debug!(Claims);

/// A value has not the form of its claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the value of {claim} has not the form of that claim (docs/venues.md); correct it at its source")]
pub struct ClaimForm {
    /// The claim.
    pub claim: ClaimName,
}

impl Claims {
    /// Adds a claim, in the place of an earlier value.
    ///
    /// # Errors
    /// [`ClaimForm`] for a value that the claim cannot have.
    pub fn insert(&mut self, claim: ClaimName, value: ClaimValue) -> Result<(), ClaimForm> {
        if !value.has_form_of(claim) {
            return Err(ClaimForm { claim });
        }
        self.0.insert(claim, value);
        Ok(())
    }

    /// The value of a claim, if it is there.
    #[must_use]
    pub fn get(&self, claim: ClaimName) -> Option<&ClaimValue> {
        self.0.get(&claim)
    }

    /// The text of a claim, if it is there.
    #[must_use]
    pub fn text(&self, claim: ClaimName) -> Option<&str> {
        self.get(claim).and_then(ClaimValue::as_text)
    }

    /// True or false, if the claim is there.
    #[must_use]
    pub fn flag(&self, claim: ClaimName) -> Option<bool> {
        self.get(claim).and_then(ClaimValue::as_flag)
    }

    /// The claims that are there.
    #[must_use]
    pub fn names(&self) -> ClaimSet {
        self.0.keys().copied().collect()
    }

    /// The claims and their values, by ascending label.
    pub fn iter(&self) -> impl Iterator<Item = (ClaimName, &ClaimValue)> {
        self.0.iter().map(|(claim, value)| (*claim, value))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_claim_is_found_by_its_label_and_its_word_and_no_other() {
        for claim in ClaimName::ALL {
            assert_eq!(ClaimName::from_label(claim.label()), Some(claim));
            assert_eq!(claim.to_string().parse(), Ok(claim));
            assert!(claim.kind().claims().any(|one| one == claim));
        }
        for label in [0, 2, -65_600, -65_607, -65_617, -65_623, -65_632, -65_641] {
            assert_eq!(ClaimName::from_label(label), None, "row {label}");
        }
        assert_eq!("ethnicity".parse::<ClaimName>(), Err(NotAClaim));
        assert_eq!(ClaimName::ALL.iter().map(|c| c.label()).collect::<BTreeSet<_>>().len(), 15);
    }

    #[test]
    fn a_kind_has_its_number_its_word_and_at_most_six_claims() {
        for (kind, vct, claims) in [
            (CredentialKind::Identity, 1, 6),
            (CredentialKind::Age, 2, 6),
            (CredentialKind::Residence, 3, 2),
            (CredentialKind::Portrait, 4, 1),
        ] {
            assert_eq!((kind.vct(), kind.claims().count()), (vct, claims));
            assert_eq!(CredentialKind::from_vct(u64::from(vct)), Some(kind));
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert_eq!((CredentialKind::from_vct(0), CredentialKind::from_vct(5)), (None, None));
        assert_eq!("Identity".parse::<CredentialKind>(), Err(NotACredentialKind));
    }

    #[test]
    fn a_value_is_taken_only_in_the_form_of_its_claim() {
        use ClaimName::*;
        let text = |text: &str| ClaimValue::Text(text.to_owned());
        let long = "N".repeat(MAX_NAME_LEN);
        for (claim, value) in [
            (Name, text("SPECIMEN, MEI")),
            (Name, text(&long)),
            (NameZh, text("陳大文")),
            (BirthDate, text("1990-06-15")),
            (BirthDate, text("1990")),
            (Nationality, text("CHN")),
            (ClaimName::DocumentKind, text("home_return_permit")),
            (DocumentNumber, text("C123456(3)")),
            (AgeOver18, ClaimValue::Flag(false)),
            (Region, text("HKG")),
            (City, text("Zhuhai")),
            (Portrait, ClaimValue::File(vec![0xff, 0xd8])),
        ] {
            assert_eq!(Claims::default().insert(claim, value), Ok(()), "row {claim}");
        }
        for (claim, value) in [
            (Name, text("")),
            (Name, text(&format!("{long}N"))),
            (Name, text("A\nB")),
            (Name, ClaimValue::Flag(true)),
            (BirthDate, text("1990-6-15")),
            (BirthDate, text("1990-02-30")),
            (BirthDate, text("90")),
            (BirthDate, text("+199")),
            (Nationality, text("chn")),
            (Nationality, text("CN")),
            (ClaimName::DocumentKind, text("visa")),
            (DocumentNumber, text(&"1".repeat(MAX_NUMBER_LEN + 1))),
            (AgeOver18, text("true")),
            (Region, text("TWN")),
            (City, text("")),
            (Portrait, text("portrait")),
            (Portrait, ClaimValue::File(Vec::new())),
            (Portrait, ClaimValue::File(vec![0; MAX_PORTRAIT_LEN + 1])),
            (AgeOver18, ClaimValue::File(vec![1])),
        ] {
            assert_eq!(Claims::default().insert(claim, value), Err(ClaimForm { claim }), "row {claim}");
        }
    }

    #[test]
    fn a_value_does_not_print_itself() {
        let mut claims = Claims::default();
        claims.insert(ClaimName::Name, ClaimValue::Text("SPECIMEN".to_owned())).unwrap();
        assert!(!format!("{claims:?}{:?}", claims.get(ClaimName::Name)).contains("SPECIMEN"));
    }
}
