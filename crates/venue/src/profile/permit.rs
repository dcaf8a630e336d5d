//! Permits: the documents that a desk knows, and their numbers.
//!
//! Lives here: [`Permit`], [`PermitNumber`], [`Origin`]. Not here: which of them a place takes (`profiles.toml`), check digits
//! (`documents`).

use documents::{
    AuthorityCode, DocumentKind, DocumentNumber, LocalDate, Nationality, NumberError, redact_debug,
};

/// A document that is shown at a desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permit {
    /// Mainland resident identity card.
    CnId,
    /// Passport of a Chinese national.
    CnPassport,
    /// Passport of another state.
    ForeignPassport,
    /// Mainland residence permit for foreigners.
    ForeignResidence,
    /// Home Return Permit, Chinese or non-Chinese edition.
    HomeReturn,
    /// Residence permit for residents of Hong Kong, Macao and Taiwan.
    HkMoTwResidence,
    /// Mainland Travel Permit for Taiwan Residents.
    Taiwan,
    /// Exit-Entry Permit for Hong Kong and Macao.
    ExitEntry,
    /// Hong Kong identity card.
    Hkid,
    /// Macao resident identity card.
    MacaoBir,
    /// Special stay permit of Macao.
    MacaoStay,
    /// Card of a non-resident worker in Macao.
    MacaoWorker,
    /// Macao Visit Permit to Hong Kong.
    MacaoVisit,
    /// Hong Kong Document of Identity or re-entry permit.
    DocumentOfIdentity,
    /// One-time entry-exit pass after a loss.
    OneTimePass,
    /// Exit-entry pass of foreigners.
    ExitEntryPass,
}

/// The text names no permit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown permit; write one of the codes of docs/desk.md, such as cn-id or hk-mo-home-return")]
pub struct NotAPermit;

impl Permit {
    /// Every permit.
    pub const ALL: [Self; 16] = [
        Self::CnId,
        Self::CnPassport,
        Self::ForeignPassport,
        Self::ForeignResidence,
        Self::HomeReturn,
        Self::HkMoTwResidence,
        Self::Taiwan,
        Self::ExitEntry,
        Self::Hkid,
        Self::MacaoBir,
        Self::MacaoStay,
        Self::MacaoWorker,
        Self::MacaoVisit,
        Self::DocumentOfIdentity,
        Self::OneTimePass,
        Self::ExitEntryPass,
    ];

    /// The stable code, as in `profiles.toml` and in records.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::CnId => "cn-id",
            Self::CnPassport => "cn-passport",
            Self::ForeignPassport => "foreign-passport",
            Self::ForeignResidence => "foreign-residence",
            Self::HomeReturn => "hk-mo-home-return",
            Self::HkMoTwResidence => "hk-mo-tw-residence",
            Self::Taiwan => "tw-permit",
            Self::ExitEntry => "cn-exit-entry",
            Self::Hkid => "hkid",
            Self::MacaoBir => "mo-bir",
            Self::MacaoStay => "mo-stay-permit",
            Self::MacaoWorker => "mo-worker-card",
            Self::MacaoVisit => "mo-visit-permit",
            Self::DocumentOfIdentity => "document-of-identity",
            Self::OneTimePass => "one-time-pass",
            Self::ExitEntryPass => "exit-entry-pass",
        }
    }

    /// The permit of a credential's document kind. A passport is Chinese or foreign by its holder's nationality; without one
    /// it counts as foreign, of which more is asked. `None` for a one-way permit, which is no document of a traveller.
    #[must_use]
    pub fn of_kind(kind: DocumentKind, nationality: Option<Nationality>) -> Option<Self> {
        Some(match kind {
            DocumentKind::MainlandId => Self::CnId,
            DocumentKind::ResidencePermit => Self::HkMoTwResidence,
            DocumentKind::Hkid => Self::Hkid,
            DocumentKind::MacaoBir => Self::MacaoBir,
            DocumentKind::ExitEntryPermit => Self::ExitEntry,
            DocumentKind::HomeReturnPermit => Self::HomeReturn,
            DocumentKind::Passport if nationality.is_some_and(Nationality::is_chinese) => Self::CnPassport,
            DocumentKind::Passport => Self::ForeignPassport,
            DocumentKind::OneTimePass | DocumentKind::InboundPass => Self::OneTimePass,
            DocumentKind::HksarPassport => Self::CnPassport,
            DocumentKind::DocumentOfIdentity => Self::DocumentOfIdentity,
            DocumentKind::VisitPermit => Self::MacaoVisit,
            DocumentKind::OneWayPermit | DocumentKind::ReentryPermit | DocumentKind::OfficialPermit => {
                return None;
            }
        })
    }

    /// The kind whose check digits and form the number has; `None` where no form is published.
    const fn kind(self) -> Option<DocumentKind> {
        Some(match self {
            Self::CnId => DocumentKind::MainlandId,
            Self::CnPassport | Self::ForeignPassport => DocumentKind::Passport,
            Self::HomeReturn => DocumentKind::HomeReturnPermit,
            Self::HkMoTwResidence => DocumentKind::ResidencePermit,
            Self::ExitEntry => DocumentKind::ExitEntryPermit,
            Self::Hkid => DocumentKind::Hkid,
            Self::MacaoBir => DocumentKind::MacaoBir,
            Self::MacaoVisit => DocumentKind::VisitPermit,
            Self::DocumentOfIdentity => DocumentKind::DocumentOfIdentity,
            Self::OneTimePass => DocumentKind::OneTimePass,
            Self::ForeignResidence
            | Self::Taiwan
            | Self::MacaoStay
            | Self::MacaoWorker
            | Self::ExitEntryPass => return None,
        })
    }
}

impl std::fmt::Display for Permit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

impl std::str::FromStr for Permit {
    type Err = NotAPermit;

    fn from_str(text: &str) -> Result<Self, NotAPermit> {
        Self::ALL.into_iter().find(|permit| permit.code() == text).ok_or(NotAPermit)
    }
}

/// Why a text is no number of a permit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PermitNumberError {
    /// Its form or check digit is wrong.
    #[error(transparent)]
    Form(#[from] NumberError),
    /// A permit without a published form: neither letters nor digits, or too short or long.
    #[error("{permit}: write the number as printed, 5 to 18 letters and digits")]
    Unpublished {
        /// The permit.
        permit: Permit,
    },
}

/// A permit and its number, the check digit proven where there is one.
#[derive(Clone, PartialEq, Eq)]
pub struct PermitNumber {
    permit: Permit,
    text: String,
    key: String,
    birth: Option<LocalDate>,
}
redact_debug!(PermitNumber);

impl PermitNumber {
    /// Reads `text` as a number of `permit`.
    ///
    /// # Errors
    /// [`PermitNumberError`] for the first fault.
    pub fn parse(permit: Permit, text: &str) -> Result<Self, PermitNumberError> {
        let text = text.trim().to_ascii_uppercase();
        let (key, birth) = match permit.kind() {
            Some(kind) => {
                let number = DocumentNumber::parse(kind, &text)?;
                (number.match_key().to_owned(), birth_in(&number))
            }
            None if (5..=18).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                (text.clone(), None)
            }
            None => return Err(PermitNumberError::Unpublished { permit }),
        };
        Ok(Self { permit, text, key, birth })
    }

    /// The number of a credential; `None` for a one-way permit.
    #[must_use]
    pub fn of_document(number: &DocumentNumber, nationality: Option<Nationality>) -> Option<Self> {
        let key = number.match_key().to_owned();
        Some(Self {
            permit: Permit::of_kind(number.kind(), nationality)?,
            text: key.clone(),
            key,
            birth: birth_in(number),
        })
    }

    /// The permit.
    #[must_use]
    pub const fn permit(&self) -> Permit {
        self.permit
    }

    /// The number as it was given. Showing it is deliberate.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The birth date inside the number, which the 18 digits of two kinds have.
    #[must_use]
    pub const fn birth(&self) -> Option<LocalDate> {
        self.birth
    }

    /// The characters that identify the document: no brackets, of a Home Return Permit the first nine.
    #[must_use]
    pub fn match_key(&self) -> &str {
        &self.key
    }
}

fn birth_in(number: &DocumentNumber) -> Option<LocalDate> {
    match number {
        DocumentNumber::MainlandId(id) => id.birth(),
        DocumentNumber::ResidencePermit(permit) => permit.birth(),
        DocumentNumber::Hkid(_)
        | DocumentNumber::MacaoBir(_)
        | DocumentNumber::ExitEntryPermit(_)
        | DocumentNumber::HomeReturnPermit(_)
        | DocumentNumber::Passport(_)
        | DocumentNumber::OneWayPermit(_)
        | DocumentNumber::OneTimePass(_)
        | DocumentNumber::DocumentOfIdentity(_)
        | DocumentNumber::VisitPermit(_)
        | DocumentNumber::InboundPass(_)
        | DocumentNumber::ReentryPermit(_)
        | DocumentNumber::HksarPassport(_)
        | DocumentNumber::OfficialPermit(_) => None,
    }
}

/// Where a guest comes from, as the profiles tell guests apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// Mainland resident.
    Mainland,
    /// Hong Kong resident.
    HongKong,
    /// Macao resident.
    Macao,
    /// Taiwan resident.
    Taiwan,
    /// Everybody else, and whoever's document does not tell.
    Abroad,
}

impl Origin {
    /// Every origin.
    pub const ALL: [Self; 5] = [Self::Mainland, Self::HongKong, Self::Macao, Self::Taiwan, Self::Abroad];

    /// The code in `profiles.toml`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Mainland => "mainland",
            Self::HongKong => "hong-kong",
            Self::Macao => "macao",
            Self::Taiwan => "taiwan",
            Self::Abroad => "abroad",
        }
    }

    /// By the document that was shown, else by the region that was proven, else [`Origin::Abroad`].
    #[must_use]
    pub fn of(document: Option<&PermitNumber>, region: Option<AuthorityCode>) -> Self {
        let by_region = || match region {
            Some(AuthorityCode::Chn) => Self::Mainland,
            Some(AuthorityCode::Hkg) => Self::HongKong,
            Some(AuthorityCode::Mac) => Self::Macao,
            None => Self::Abroad,
        };
        let Some(document) = document else { return by_region() };
        match document.permit {
            Permit::CnId | Permit::ExitEntry => Self::Mainland,
            // A passport of China is that of a mainland, Hong Kong or Macao resident.
            Permit::CnPassport => match region {
                Some(_) => by_region(),
                None => Self::Mainland,
            },
            Permit::Hkid | Permit::DocumentOfIdentity => Self::HongKong,
            Permit::MacaoBir | Permit::MacaoVisit => Self::Macao,
            Permit::HomeReturn if document.key.starts_with('M') => Self::Macao,
            Permit::HomeReturn => Self::HongKong,
            Permit::HkMoTwResidence if document.key.starts_with("81") => Self::HongKong,
            Permit::HkMoTwResidence if document.key.starts_with("82") => Self::Macao,
            Permit::HkMoTwResidence | Permit::Taiwan => Self::Taiwan,
            Permit::OneTimePass => by_region(),
            Permit::ForeignPassport
            | Permit::ForeignResidence
            | Permit::MacaoStay
            | Permit::MacaoWorker
            | Permit::ExitEntryPass => Self::Abroad,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permits_number_is_held_to_the_check_digit_that_its_kind_has() {
        for (permit, text, fits) in [
            (Permit::CnId, "11010519491231002X", true),
            (Permit::CnId, "110105194912310021", false),
            (Permit::Hkid, "A123456(3)", true),
            (Permit::Hkid, "A123456(4)", false),
            (Permit::HkMoTwResidence, "830000200002290031", true),
            (Permit::HomeReturn, "h12345678", true),
            (Permit::Taiwan, "01234567", true),
            (Permit::Taiwan, "0123", false),
            (Permit::ForeignResidence, "X12 34567", false),
        ] {
            assert_eq!(PermitNumber::parse(permit, text).is_ok(), fits, "row {permit} {text}");
        }
    }

    #[test]
    fn where_a_guest_comes_from_follows_from_the_document_and_else_from_the_region() {
        for (permit, text, region, origin) in [
            (Permit::CnId, "11010519491231002X", None, Origin::Mainland),
            (Permit::HomeReturn, "H12345678", None, Origin::HongKong),
            (Permit::HomeReturn, "M12345678", None, Origin::Macao),
            (Permit::HkMoTwResidence, "830000200002290031", None, Origin::Taiwan),
            (Permit::CnPassport, "E12345678", Some(AuthorityCode::Hkg), Origin::HongKong),
            (Permit::OneTimePass, "T1234", None, Origin::Abroad),
            (Permit::ForeignPassport, "P1234567", Some(AuthorityCode::Hkg), Origin::Abroad),
        ] {
            let number = PermitNumber::parse(permit, text).unwrap();
            assert_eq!(Origin::of(Some(&number), region), origin, "row {permit} {text}");
        }
        assert_eq!(Origin::of(None, Some(AuthorityCode::Mac)), Origin::Macao);
        assert_eq!(Origin::of(None, None), Origin::Abroad);
    }

    #[test]
    fn every_permit_is_found_by_its_code() {
        for permit in Permit::ALL {
            assert_eq!(permit.code().parse(), Ok(permit));
        }
        assert_eq!("CN-ID".parse::<Permit>(), Err(NotAPermit));
    }
}
