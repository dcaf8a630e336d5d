//! Kinds of document, with the code that stands on the wire and the name that stands in files.

use std::fmt;
use std::str::FromStr;

use serde_with::{DeserializeFromStr, SerializeDisplay};

/// The kinds of document. The code stands on the wire and in files and is never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, SerializeDisplay, DeserializeFromStr)]
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
    /// Passport of any state.
    Passport = 6,
    /// One-way permit for settling in Hong Kong or Macao.
    OneWayPermit = 7,
    /// One-time entry-exit pass after a loss.
    OneTimePass = 8,
    /// Hong Kong Document of Identity.
    DocumentOfIdentity = 9,
    /// Macao Visit Permit to Hong Kong.
    VisitPermit = 10,
    /// One-time pass that a resident of a region gets at a port for one way into the mainland.
    InboundPass = 11,
    /// Hong Kong re-entry permit.
    ReentryPermit = 12,
    /// Passport of the Hong Kong Special Administrative Region.
    HksarPassport = 13,
    /// Permit of mainland state staff on official business.
    OfficialPermit = 14,
}

impl DocumentKind {
    /// Every kind, in order of its code.
    pub const ALL: [Self; 15] = [
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
        Self::InboundPass,
        Self::ReentryPermit,
        Self::HksarPassport,
        Self::OfficialPermit,
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
            Self::InboundPass => "inbound_pass",
            Self::ReentryPermit => "reentry_permit",
            Self::HksarPassport => "hksar_passport",
            Self::OfficialPermit => "official_permit",
        }
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
    "unknown kind of document; write mainland_id, residence_permit, hkid, macao_bir, exit_entry_permit, home_return_permit, passport, one_way_permit, one_time_pass, document_of_identity, visit_permit, inbound_pass, reentry_permit, hksar_passport or official_permit"
)]
pub struct NotADocumentKind;

impl FromStr for DocumentKind {
    type Err = NotADocumentKind;

    fn from_str(text: &str) -> Result<Self, NotADocumentKind> {
        Self::ALL.into_iter().find(|k| k.as_str() == text).ok_or(NotADocumentKind)
    }
}
