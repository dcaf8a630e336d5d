//! Country signers: the certificates of states that sign the signers of documents (ICAO Doc 9303-12), and what counts of them.
//!
//! Lives here: [`CountrySigners`], as an operator pins them or as a signed master list names them, with the states' lists of revoked
//! certificates; the one step from a document's signer to its country. Not here: what the document's signer signed.

use std::collections::BTreeSet;

use credential::x509::{X509Key, X509Refusal};
use documents::Timestamp;

use crate::certificate::{Certificate, Name, NotACertificate, Usage};
use crate::oid;
use crate::revocation::{RevocationFault, RevocationList};
use crate::signed_data::{SignedData, SignedDataError, refusal_code};
use crate::tlv::{Elements, Malformed, small_number};

/// Longest master list that is read, in bytes. The largest that states publish have about one million.
pub const MAX_MASTER_LIST: usize = 8 * 1024 * 1024;
/// Most country signers in a list.
pub const MAX_COUNTRY_SIGNERS: usize = 4096;
/// How far a clock may be ahead of ours, in seconds, before what it signed comes from the future.
pub const AHEAD_SECONDS: i64 = 300;

/// Why a list of country signers, or of what they revoked, is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CountryListError {
    /// Longer than is read, or more certificates than [`MAX_COUNTRY_SIGNERS`].
    #[error("the list is longer than is read; ask who publishes it")]
    TooLong,
    /// Malformed.
    #[error("the list is malformed; fetch it again, then ask who publishes it")]
    Malformed,
    /// A certificate (counted from 0) cannot be read.
    #[error("certificate {0} of the list cannot be read; take it out, or ask who publishes it")]
    Certificate(usize),
    /// A certificate (counted from 0) may not sign others.
    #[error("certificate {0} of the list is no country signer's; take it out, or ask who publishes it")]
    NotACountry(usize),
    /// The signed form is not believed.
    #[error("the list's form or signature does not count; fetch it again, then ask who publishes it")]
    Signed(#[source] SignedDataError),
    /// Whoever signed the list is not pinned, nor signed by somebody who is.
    #[error("the list is signed by somebody who is not pinned here; pin its signer or its country")]
    NotPinned,
    /// The list's signer was not valid at the time of signing, or may not sign lists.
    #[error("the list's signer may not sign it, or not at that time; ask who publishes it")]
    ListSigner,
    /// A list of revoked certificates whose issuer is no country signer that is known.
    #[error(
        "the list of revoked certificates is of a country signer that is not known here; add that signer first"
    )]
    UnknownIssuer,
    /// Its signature does not count.
    #[error("the signature of the list of revoked certificates does not count; fetch it again")]
    RevocationSignature,
    /// It covers only some certificates, or says what nobody here understands.
    #[error(
        "the list of revoked certificates has a critical extension that is not read here; fetch the full list"
    )]
    RevocationExtension,
    /// It was made in the future.
    #[error("the list was made in the future; set this machine's clock, or fetch it again")]
    Future,
}

impl CountryListError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLong => "chip_list_too_long",
            Self::Malformed => "chip_list_malformed",
            Self::Certificate(_) => "chip_list_certificate",
            Self::NotACountry(_) => "chip_list_not_country",
            Self::Signed(error) => error.code(),
            Self::NotPinned => "chip_list_not_pinned",
            Self::ListSigner => "chip_list_signer",
            Self::UnknownIssuer => "chip_revocation_issuer",
            Self::RevocationSignature => "chip_revocation_signature",
            Self::RevocationExtension => "chip_revocation_extension",
            Self::Future => "chip_list_future",
        }
    }
}

impl From<Malformed> for CountryListError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// Why a document's signer does not count. No variant carries any of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// No country signer of that name is known.
    #[error(
        "the country that signed this document is not known here; have an officer check it, and update the list"
    )]
    Unknown,
    /// The country signer's key, or its signature's kind, does not count.
    #[error(
        "the country's signature is of a kind that is not verified here; have an officer check the document"
    )]
    Refused(X509Refusal),
    /// No country signer of that name signed it.
    #[error("the document's signer is not the country's; call an officer")]
    Forged,
    /// A critical extension that nobody here understands.
    #[error("the document's signer has limits that are not read here; have an officer check the document")]
    Extension,
    /// The signer may not sign documents.
    #[error("the document's signer may not sign documents; call an officer")]
    Usage,
    /// The country signer may not sign signers.
    #[error("the country's certificate may not sign signers; have an officer check the list of countries")]
    CountryUsage,
    /// The signer names another country than the one that signed it, or none.
    #[error("the document's signer names another country than the one that signed it; call an officer")]
    Country,
    /// The signer was not valid when it signed.
    #[error("the document's signer was not valid when it signed; call an officer")]
    Expired,
    /// The country signer was not valid then.
    #[error("the country's certificate was not valid when the document was signed; call an officer")]
    CountryExpired,
    /// The document was signed in the future.
    #[error("the document was signed in the future; set this machine's clock, or call an officer")]
    Future,
    /// The country revoked the signer.
    #[error("the country took back the document's signer; call an officer")]
    Revoked,
    /// The country revoked its own certificate.
    #[error("the country took back the certificate that signed the document's signer; call an officer")]
    CountryRevoked,
}

impl ChainError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unknown => "chip_country_signer_unknown",
            Self::Refused(refusal) => refusal_code(refusal),
            Self::Forged => "chip_signer_forged",
            Self::Extension => "chip_signer_extension",
            Self::Usage => "chip_signer_usage",
            Self::CountryUsage => "chip_country_signer_usage",
            Self::Country => "chip_signer_country",
            Self::Expired => "chip_signer_expired",
            Self::CountryExpired => "chip_country_signer_expired",
            Self::Future => "chip_signing_time",
            Self::Revoked => "chip_signer_revoked",
            Self::CountryRevoked => "chip_country_signer_revoked",
        }
    }
}

/// What of a country signer's certificate counts.
#[derive(Debug, Clone, PartialEq, Eq)]
struct CountrySigner {
    name: Name,
    country: String,
    serial: Vec<u8>,
    from: i64,
    to: i64,
    may_sign: bool,
    /// Kept where it cannot be used: a document of that country is then refused for what is wrong, not as unknown.
    key: Result<X509Key, X509Refusal>,
}

impl CountrySigner {
    fn of(certificate: &Certificate<'_>) -> Option<Self> {
        let (from, to) = certificate.validity();
        Some(Self {
            name: certificate.subject(),
            country: certificate.country()?,
            serial: certificate.serial().to_vec(),
            from,
            to,
            may_sign: certificate.is_for(Usage::Country) && certificate.extensions_are_known(),
            key: certificate.key(),
        })
    }
}

/// What one country revoked, by the name of its signer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Revoked {
    issuer: Name,
    made: Timestamp,
    next: Option<Timestamp>,
    serials: BTreeSet<Vec<u8>>,
}

/// What was known of revocations when a document's signer was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationCheck {
    /// No list of that country is known: nobody looked.
    NoList,
    /// The signer stood in none of the country's lists.
    NotRevoked {
        /// When the newest of them was made.
        as_of: Timestamp,
        /// Whether a newer one is due.
        overdue: bool,
    },
}

/// A document's signer for whom a country vouches: [`CountrySigners::vouch`] makes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    /// The country of both certificates: two letters (ISO 3166-1).
    pub country: String,
    /// What was known of revocations.
    pub revocation: RevocationCheck,
}

/// Country signers that count. None at all is a value: then no document counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CountrySigners {
    signers: Vec<CountrySigner>,
    revoked: Vec<Revoked>,
}

/// What a master list said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterList {
    /// The country signers in it.
    pub signers: CountrySigners,
    /// Places, counted from 0, of certificates that could not be read or are no country signer's. Documents that they signed are
    /// refused as of an unknown country: whoever takes the list should say so.
    pub left_out: Vec<usize>,
}

impl CountrySigners {
    /// Country signers that an operator pins, each a certificate in DER.
    ///
    /// # Errors
    /// [`CountryListError::Certificate`] and [`CountryListError::NotACountry`] for the first that is none.
    pub fn from_certificates<'c>(
        certificates: impl IntoIterator<Item = &'c [u8]>,
    ) -> Result<Self, CountryListError> {
        let mut signers = Self::default();
        for (place, der) in certificates.into_iter().enumerate() {
            if place == MAX_COUNTRY_SIGNERS {
                return Err(CountryListError::TooLong);
            }
            signers.add(der, place)?;
        }
        Ok(signers)
    }

    fn add(&mut self, der: &[u8], place: usize) -> Result<(), CountryListError> {
        let read = Certificate::read(der).map_err(|NotACertificate| CountryListError::Certificate(place))?;
        let signer = CountrySigner::of(&read).ok_or(CountryListError::NotACountry(place))?;
        if !read.is_for(Usage::Country) {
            return Err(CountryListError::NotACountry(place));
        }
        if !self.signers.contains(&signer) {
            self.signers.push(signer);
        }
        Ok(())
    }

    /// Country signers in a master list (ICAO Doc 9303-12, 9): signed by one of the `pinned` certificates (DER), or by a list signer
    /// whose certificate one of them signed. Its signer must have been valid at the time of signing where the list names one, else
    /// `now`.
    ///
    /// # Errors
    /// [`CountryListError`].
    pub fn from_master_list(
        list: &[u8],
        pinned: &[&[u8]],
        now: Timestamp,
    ) -> Result<MasterList, CountryListError> {
        if list.len() > MAX_MASTER_LIST {
            return Err(CountryListError::TooLong);
        }
        let signed = SignedData::read(list, oid::MASTER_LIST).and_then(|data| data.verify());
        let signed = signed.map_err(CountryListError::Signed)?;
        let signed_at = signed.signing_time.unwrap_or(now);
        if signed_at > now.plus_seconds(AHEAD_SECONDS) {
            return Err(CountryListError::Future);
        }
        list_signer(&signed.signer, pinned, signed_at)?;
        // CscaMasterList: version 0, then the certificates.
        let mut content = Elements::only(signed.content, 0x30)?;
        if content.expect(0x02).and_then(small_number)? != 0 {
            return Err(CountryListError::Malformed);
        }
        let certificates = Elements::new(content.expect(0x31)?);
        content.end()?;
        let certificates = certificates.all(MAX_COUNTRY_SIGNERS).map_err(|_| CountryListError::TooLong)?;
        let (mut signers, mut left_out) = (Self::default(), Vec::new());
        for (place, certificate) in certificates.iter().enumerate() {
            if signers.add(certificate.whole, place).is_err() {
                left_out.push(place);
            }
        }
        Ok(MasterList { signers, left_out })
    }

    /// With those of `other` beside its own.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        for signer in other.signers {
            if !self.signers.contains(&signer) {
                self.signers.push(signer);
            }
        }
        self.revoked.extend(other.revoked);
        self
    }

    /// With a country's list of revoked certificates (DER). What one list revokes stays revoked, whatever a later one says.
    ///
    /// # Errors
    /// [`CountryListError`].
    pub fn with_revocations(mut self, list: &[u8], now: Timestamp) -> Result<Self, CountryListError> {
        let read = RevocationList::read(list).map_err(|fault| match fault {
            RevocationFault::Malformed => CountryListError::Malformed,
            RevocationFault::Extension => CountryListError::RevocationExtension,
        })?;
        let mut known = self.signers.iter().filter(|signer| signer.name == read.issuer).peekable();
        if known.peek().is_none() {
            return Err(CountryListError::UnknownIssuer);
        }
        let signs =
            |signer: &CountrySigner| signer.key.as_ref().is_ok_and(|key| read.is_signed_by(key).is_ok());
        if !known.any(signs) {
            return Err(CountryListError::RevocationSignature);
        }
        if read.made > now.plus_seconds(AHEAD_SECONDS) {
            return Err(CountryListError::Future);
        }
        let RevocationList { issuer, made, next, serials, .. } = read;
        self.revoked.push(Revoked { issuer, made, next, serials });
        Ok(self)
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.signers.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.signers.is_empty()
    }

    /// How many have a key that cannot be used here: a curve that is not verified, an RSA key that is too short.
    #[must_use]
    pub fn unusable(&self) -> usize {
        self.signers.iter().filter(|signer| signer.key.is_err()).count()
    }

    /// The country that vouches for a document's signer who signed at `signed_at`; `now` says whether lists of revoked certificates
    /// are due.
    pub(crate) fn vouch(
        &self,
        signer: &Certificate<'_>,
        signed_at: Timestamp,
        now: Timestamp,
    ) -> Result<Vouched, ChainError> {
        let issuer = signer.issuer();
        let mut last = ChainError::Unknown;
        for country in self.signers.iter().filter(|country| country.name == issuer) {
            match self.vouched_by(country, signer, signed_at, now) {
                Ok(vouched) => return Ok(vouched),
                // Of several keys of one country the one that signed says what is wrong.
                Err(ChainError::Forged) if last != ChainError::Unknown => {}
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn vouched_by(
        &self,
        country: &CountrySigner,
        signer: &Certificate<'_>,
        signed_at: Timestamp,
        now: Timestamp,
    ) -> Result<Vouched, ChainError> {
        let key = country.key.as_ref().map_err(|refusal| ChainError::Refused(*refusal))?;
        let forged = |refusal| match refusal == X509Refusal::Signature {
            true => ChainError::Forged,
            false => ChainError::Refused(refusal),
        };
        signer.is_signed_by(key).map_err(forged)?;
        if !country.may_sign {
            return Err(ChainError::CountryUsage);
        }
        if !signer.extensions_are_known() {
            return Err(ChainError::Extension);
        }
        if !signer.is_for(Usage::Document) {
            return Err(ChainError::Usage);
        }
        if signer.country().as_ref() != Some(&country.country) {
            return Err(ChainError::Country);
        }
        if signed_at > now.plus_seconds(AHEAD_SECONDS) {
            return Err(ChainError::Future);
        }
        if !signer.is_valid_at(signed_at) {
            return Err(ChainError::Expired);
        }
        if !(country.from..=country.to).contains(&signed_at.unix()) {
            return Err(ChainError::CountryExpired);
        }
        let revocation = self.revocation(country, signer, now)?;
        Ok(Vouched { country: country.country.clone(), revocation })
    }

    fn revocation(
        &self,
        country: &CountrySigner,
        signer: &Certificate<'_>,
        now: Timestamp,
    ) -> Result<RevocationCheck, ChainError> {
        let lists = || self.revoked.iter().filter(|list| list.issuer == country.name);
        if lists().any(|list| list.serials.contains(signer.serial())) {
            return Err(ChainError::Revoked);
        }
        if lists().any(|list| list.serials.contains(&country.serial)) {
            return Err(ChainError::CountryRevoked);
        }
        let newest = lists().max_by_key(|list| list.made);
        Ok(newest.map_or(RevocationCheck::NoList, |list| RevocationCheck::NotRevoked {
            as_of: list.made,
            overdue: list.next.is_none_or(|next| now > next),
        }))
    }
}

/// That the signer of a master list is pinned, or signed by a country that is.
fn list_signer(
    signer: &Certificate<'_>,
    pinned: &[&[u8]],
    signed_at: Timestamp,
) -> Result<(), CountryListError> {
    let unreadable = |(place, der): (usize, &&'_ [u8])| {
        Certificate::read(der).is_err().then_some(CountryListError::Certificate(place))
    };
    if let Some(error) = pinned.iter().enumerate().find_map(unreadable) {
        return Err(error);
    }
    let may_sign = |usage: Usage| signer.is_for(usage) && signer.extensions_are_known();
    let pinned_itself = pinned.iter().any(|der| *der == signer.der());
    if !pinned_itself && !pinned.iter().any(|der| signed_by_country(signer, der, signed_at)) {
        return Err(CountryListError::NotPinned);
    }
    let fits = may_sign(Usage::List) || (pinned_itself && may_sign(Usage::Country));
    if signer.is_valid_at(signed_at) && fits { Ok(()) } else { Err(CountryListError::ListSigner) }
}

fn signed_by_country(signer: &Certificate<'_>, pinned: &[u8], signed_at: Timestamp) -> bool {
    let Ok(country) = Certificate::read(pinned) else { return false };
    let Ok(key) = country.key() else { return false };
    country.is_for(Usage::Country)
        && country.extensions_are_known()
        && country.is_valid_at(signed_at)
        && country.subject() == signer.issuer()
        && signer.is_signed_by(&key).is_ok()
}
