//! Page: what a gate read of one document at a lane by document, sealed to the one authority that reads it.
//!
//! Lives here: [`Page`], its one fixed length, sealing and opening, and the number that an entering authority seals to a
//! document's issuer. Not here: which authority reads which document (`documents::pages`), what the number opens (`authority`).

use documents::{
    AuthorityCode, DocumentKind, DocumentNumber, LocalDate, Mrz, MrzError, NumberError, Side, redact_debug,
};
use zeroize::Zeroizing;

use crate::cbor::{CborError, Reader, Writer};
use crate::crypto::{CryptoError, TokenId, hpke, sha256};

/// Length of every sealed page of a zone or of typed fields: nothing of a document shows from outside.
pub const SEALED_PAGE_LEN: usize = POINT_LEN + PAGE_LEN + TAG_LEN;
/// Length of every sealed page of a chip's files, whatever they hold.
pub const SEALED_CHIP_PAGE_LEN: usize = POINT_LEN + CHIP_PAGE_LEN + TAG_LEN;
/// Longest text of a chip's files that a page carries, in bytes.
pub const MAX_CHIP_FILES: usize = CHIP_PAGE_LEN - 64;
/// Length of every sealed number.
pub const SEALED_NUMBER_LEN: usize = POINT_LEN + NUMBER_LEN + TAG_LEN;

/// An uncompressed point of P-256, and the tag of AES-128-GCM.
const POINT_LEN: usize = 65;
const TAG_LEN: usize = 16;
/// Length of a page before it is sealed, zeros behind it included.
const PAGE_LEN: usize = 160;
/// The same for a page of a chip's files: a portrait in the size that ICAO Doc 9303 advises, and signatures, in Base64.
const CHIP_PAGE_LEN: usize = 128 * 1024;
/// A kind and nine characters.
const NUMBER_LEN: usize = 10;
/// The longest zone: three lines of 30 and two ends of lines.
const MAX_ZONE_LEN: usize = 92;
const PAGE_LABEL: &str = "bp1-page";
const NUMBER_LABEL: &str = "bp1-document-number";
/// How a page was read.
const TYPED: u64 = 0;
const ZONE: u64 = 1;
const CHIP: u64 = 2;
const NONCE_LABEL: &str = "bp1-chip-nonce";

/// Why a page cannot be made, sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The zone cannot be read.
    #[error(transparent)]
    Zone(#[from] MrzError),
    /// The zone is none of a document that a lane reads.
    #[error("this zone is not one of a card that a lane reads; type the number of the card")]
    OtherDocument,
    /// The number.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// The number has no form of nine characters, so no lane reads it.
    #[error("no lane reads a {kind}")]
    NotRead {
        /// The kind of document.
        kind: DocumentKind,
    },
    /// The chip's files are longer than a page carries.
    #[error(
        "the chip's files have more than {MAX_CHIP_FILES} bytes together; lay the card down without its chip"
    )]
    ChipTooLong,
    /// The chip's files cannot be read.
    #[error("the chip's files cannot be read; lay the card down without its chip")]
    ChipUnread,
    /// Opened, it is no page in its one form.
    #[error("malformed page: {0}")]
    Malformed(#[from] CborError),
    /// It does not open here, or cannot be sealed to this key.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// What a gate read of one document. `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Page {
    number: DocumentNumber,
    birth: Option<LocalDate>,
    source: PageSource,
}

redact_debug!(Page);

/// How a page was read.
#[derive(Clone, PartialEq, Eq)]
enum PageSource {
    /// Typed from the card, the check digits proven.
    Typed,
    /// The machine-readable zone: its lines, and the last day of validity that they name.
    Zone { lines: Zeroizing<String>, expiry: Option<LocalDate> },
    /// The chip: its files as one text, which the receiver proves, and the last day of validity that they name.
    Chip { files: Zeroizing<Vec<u8>>, expiry: Option<LocalDate> },
}

impl PageSource {
    /// Length of the page before it is sealed.
    const fn plain_len(&self) -> usize {
        match self {
            Self::Typed | Self::Zone { .. } => PAGE_LEN,
            Self::Chip { .. } => CHIP_PAGE_LEN,
        }
    }
}

/// The eight bytes that a chip signs for one clearance: fresh with it, and known to whoever judges its requests.
#[must_use]
pub fn chip_nonce(clearance: &[u8; 16]) -> [u8; 8] {
    let hash = sha256(&Writer::new().array(2).text(NONCE_LABEL).bytes(clearance).finish());
    let [a, b, c, d, e, f, g, h, ..] = hash;
    [a, b, c, d, e, f, g, h]
}

/// What a sealed page is bound to: it opens for no other authority, gate, clearance or side.
#[derive(Debug, Clone, Copy)]
pub struct PageContext<'c> {
    /// The authority that reads it.
    pub receiver: AuthorityCode,
    /// Name of the gate that read it.
    pub gate: &'c str,
    /// Id of the clearance.
    pub clearance: &'c [u8; 16],
    /// The side that the authority judges.
    pub role: Side,
}

impl PageContext<'_> {
    fn info(&self) -> Vec<u8> {
        Writer::new().array(2).text(PAGE_LABEL).text(self.receiver.code()).finish()
    }

    fn associated(&self) -> Vec<u8> {
        let role = u64::from(self.role == Side::Entry);
        Writer::new()
            .array(5)
            .text(PAGE_LABEL)
            .text(self.receiver.code())
            .text(self.gate)
            .bytes(self.clearance)
            .uint(role)
            .finish()
    }
}

impl Page {
    /// Typed from the card: a number whose check digit fits, and the birth date that the card shows.
    ///
    /// # Errors
    /// [`PageError::NotRead`] for a kind of document that no lane reads.
    pub fn typed(number: DocumentNumber, birth: LocalDate) -> Result<Self, PageError> {
        on_the_wire(&number)?;
        Ok(Self { number, birth: Some(birth), source: PageSource::Typed })
    }

    /// The lines of a machine-readable zone. `today` decides the century of the birth date.
    ///
    /// # Errors
    /// What is wrong with the zone, or that it is no card's that a lane reads.
    pub fn from_zone(text: &str, today: LocalDate) -> Result<Self, PageError> {
        let zone = Mrz::parse(text, today)?;
        let number = zone.document_number().ok_or(PageError::OtherDocument)?;
        on_the_wire(&number)?;
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let source =
            PageSource::Zone { lines: Zeroizing::new(lines.join("\n")), expiry: zone.expiry().date() };
        Ok(Self { number, birth: zone.birth().date(), source })
    }

    /// Files of a chip as one text, with what its zone (DG1) says. Nothing is proven here: the receiver proves it.
    ///
    /// # Errors
    /// [`PageError::NotRead`] for a kind of document that no lane reads; [`PageError::ChipTooLong`].
    pub fn of_chip(
        number: DocumentNumber,
        birth: Option<LocalDate>,
        expiry: Option<LocalDate>,
        files: Vec<u8>,
    ) -> Result<Self, PageError> {
        on_the_wire(&number)?;
        if files.len() > MAX_CHIP_FILES {
            return Err(PageError::ChipTooLong);
        }
        Ok(Self { number, birth, source: PageSource::Chip { files: Zeroizing::new(files), expiry } })
    }

    /// The files of the chip, not yet proven; `None` where no chip was read.
    #[must_use]
    pub fn chip(&self) -> Option<&[u8]> {
        match &self.source {
            PageSource::Chip { files, .. } => Some(files),
            PageSource::Typed | PageSource::Zone { .. } => None,
        }
    }

    /// The document's number.
    #[must_use]
    pub const fn number(&self) -> &DocumentNumber {
        &self.number
    }

    /// The birth date; `None` where a zone does not know it whole.
    #[must_use]
    pub const fn birth(&self) -> Option<LocalDate> {
        self.birth
    }

    /// The last day of validity, where the page names one.
    #[must_use]
    pub const fn expiry(&self) -> Option<LocalDate> {
        match &self.source {
            PageSource::Typed => None,
            PageSource::Zone { expiry, .. } | PageSource::Chip { expiry, .. } => *expiry,
        }
    }

    /// Seals the page to one authority (HPKE, RFC 9180), afresh at each call.
    ///
    /// # Errors
    /// [`PageError::Crypto`] where `receiver` is no key to seal to.
    pub fn seal(&self, receiver: &[u8], context: &PageContext<'_>) -> Result<Vec<u8>, PageError> {
        let plain = self.encode()?;
        let (enc, ciphertext) = hpke::seal(receiver, &context.info(), &context.associated(), &plain)?;
        Ok([enc, ciphertext].concat())
    }

    /// Opens a page that was sealed to this authority, and proves its zone or number once more.
    ///
    /// # Errors
    /// Whatever is not the one form of a page in this context.
    pub fn open(
        sealed: &[u8],
        key: &hpke::ReceiverKey,
        context: &PageContext<'_>,
        today: LocalDate,
    ) -> Result<Self, PageError> {
        if ![SEALED_PAGE_LEN, SEALED_CHIP_PAGE_LEN].contains(&sealed.len()) {
            return Err(CborError::Limit.into());
        }
        let (enc, ciphertext) = sealed.split_at_checked(POINT_LEN).ok_or(CborError::Truncated)?;
        let plain = key.open(enc, &context.info(), &context.associated(), ciphertext)?;
        Self::decode(&plain, today)
    }

    /// The page before it is sealed: 160 bytes, of a chip 131,072.
    ///
    /// # Errors
    /// Never for a page that one of the makers made.
    pub fn encode(&self) -> Result<Zeroizing<Vec<u8>>, PageError> {
        let length = self.source.plain_len();
        let mut w = Writer::with_capacity(length);
        w.array(4).uint(u64::from(self.number.kind().code())).bytes(&on_the_wire(&self.number)?);
        write_day(&mut w, self.birth);
        match &self.source {
            PageSource::Typed => w.array(1).uint(TYPED),
            PageSource::Zone { lines, .. } => w.array(2).uint(ZONE).text(lines),
            PageSource::Chip { files, expiry } => {
                write_day(w.array(3).uint(CHIP), *expiry);
                w.bytes(files)
            }
        };
        let mut plain = Zeroizing::new(w.finish());
        if plain.len() > length {
            return Err(CborError::Limit.into());
        }
        plain.resize(length, 0);
        Ok(plain)
    }

    /// Reads a page that was opened.
    ///
    /// # Errors
    /// Whatever is not its one form.
    pub fn decode(plain: &[u8], today: LocalDate) -> Result<Self, PageError> {
        let mut r = Reader::new(plain);
        r.array_exact(4)?;
        let code = u8::try_from(r.uint()?).map_err(|_| CborError::Limit)?;
        let kind = DocumentKind::from_code(code).ok_or(CborError::Unexpected)?;
        let number = DocumentNumber::from_wire(kind, r.bytes_exact()?)?;
        let birth = read_optional_day(&mut r)?;
        let page = match (r.array(3)?, r.uint()?) {
            (1, TYPED) => Self::typed(number, birth.ok_or(CborError::Unexpected)?)?,
            (2, ZONE) => {
                let lines = r.text(MAX_ZONE_LEN)?;
                let page = Self::from_zone(lines, today)?;
                // What stands beside the zone is what the zone says, and its lines have no blanks around them.
                let said =
                    page.number.mrz9() == number.mrz9() && page.number.kind() == kind && page.birth == birth;
                let same =
                    matches!(&page.source, PageSource::Zone { lines: kept, .. } if kept.as_str() == lines);
                if !(said && same) {
                    return Err(CborError::Unexpected.into());
                }
                page
            }
            (3, CHIP) => {
                let expiry = read_optional_day(&mut r)?;
                Self::of_chip(number, birth, expiry, r.bytes(MAX_CHIP_FILES)?.to_vec())?
            }
            (_, _) => return Err(CborError::Unexpected.into()),
        };
        if plain.len() != page.source.plain_len() {
            return Err(CborError::Limit.into());
        }
        let rest = plain.get(r.position()..).ok_or(CborError::Truncated)?;
        if rest.iter().any(|byte| *byte != 0) {
            return Err(CborError::Trailing.into());
        }
        Ok(page)
    }
}

fn write_day(w: &mut Writer, day: Option<LocalDate>) {
    match day {
        Some(day) => w.text(&day.to_string()),
        None => w.null(),
    };
}

fn read_optional_day(r: &mut Reader<'_>) -> Result<Option<LocalDate>, CborError> {
    if r.null_here()? { Ok(None) } else { read_day(r).map(Some) }
}

/// A date in its one form, `YYYY-MM-DD`.
fn read_day(r: &mut Reader<'_>) -> Result<LocalDate, CborError> {
    let text = r.text(10)?;
    let day: LocalDate = text.parse().map_err(|_| CborError::Unexpected)?;
    if day.to_string() == text { Ok(day) } else { Err(CborError::Unexpected) }
}

fn on_the_wire(number: &DocumentNumber) -> Result<[u8; 9], PageError> {
    number.mrz9().ok_or(PageError::NotRead { kind: number.kind() })
}

/// What a sealed number is bound to: the two authorities and the showing that its notice names.
#[derive(Debug, Clone, Copy)]
pub struct NumberContext {
    /// The entering authority.
    pub from: AuthorityCode,
    /// The document's issuer.
    pub to: AuthorityCode,
    /// The showing: the 16 random bytes in the request.
    pub showing: TokenId,
}

impl NumberContext {
    fn info(&self) -> Vec<u8> {
        Writer::new().array(3).text(NUMBER_LABEL).text(self.from.code()).text(self.to.code()).finish()
    }

    fn associated(&self) -> Vec<u8> {
        Writer::new().array(2).text(NUMBER_LABEL).bytes(self.showing.as_bytes()).finish()
    }

    /// Seals a document's number to its issuer.
    ///
    /// # Errors
    /// [`PageError::NotRead`] for a number without a form of nine characters; [`PageError::Crypto`].
    pub fn seal(&self, number: &DocumentNumber, receiver: &[u8]) -> Result<Vec<u8>, PageError> {
        let mut plain = Zeroizing::new(vec![number.kind().code()]);
        plain.extend_from_slice(&on_the_wire(number)?);
        let (enc, ciphertext) = hpke::seal(receiver, &self.info(), &self.associated(), &plain)?;
        Ok([enc, ciphertext].concat())
    }

    /// Opens a number that was sealed to this issuer.
    ///
    /// # Errors
    /// Whatever is not a number sealed in this context.
    pub fn open(&self, sealed: &[u8], key: &hpke::ReceiverKey) -> Result<DocumentNumber, PageError> {
        let (enc, ciphertext) = sealed.split_at_checked(POINT_LEN).ok_or(CborError::Truncated)?;
        let plain = key.open(enc, &self.info(), &self.associated(), ciphertext)?;
        let (code, nine) = plain.split_first().ok_or(CborError::Truncated)?;
        let nine: &[u8; 9] = nine.try_into().map_err(|_| CborError::Limit)?;
        let kind = DocumentKind::from_code(*code).ok_or(CborError::Unexpected)?;
        Ok(DocumentNumber::from_wire(kind, nine)?)
    }
}

#[cfg(test)]
mod tests {
    use documents::AuthorityCode::{Chn, Hkg, Mac};

    use super::*;

    /// A zone of a Home Return Permit with the check digits that belong to it.
    fn zone() -> String {
        let digit = |field: &str| documents::check_digit(field).unwrap();
        let number = "H12345678";
        let (birth, expiry) = ("460317", "310101");
        let one = format!("CRCHN{number}{}<<<<<<<<<<<<<<<", digit(number));
        let two = format!("{birth}{}F{expiry}{}CHN<<<<<<<<<<<", digit(birth), digit(expiry));
        let composite = format!("{}{}{}{}", &one[5..30], &two[0..7], &two[8..15], &two[18..29]);
        format!("{one}\n{two}{}\nSPECIMEN<<CHAN<TAI<<<<<<<<<<<<", digit(&composite))
    }

    fn today() -> LocalDate {
        "2026-03-02".parse().unwrap()
    }

    fn typed() -> Page {
        Page::typed(DocumentNumber::recognise("A123456(3)").unwrap(), "1946-03-17".parse().unwrap()).unwrap()
    }

    fn context(receiver: AuthorityCode) -> PageContext<'static> {
        PageContext { receiver, gate: "hengqin/CHN-MAC/document", clearance: &[7; 16], role: Side::Exit }
    }

    #[test]
    fn a_page_of_a_chip_has_one_length_of_its_own_and_comes_back_as_it_went() {
        let key = hpke::ReceiverKey::generate().unwrap();
        let number = DocumentNumber::recognise("CA1234567").unwrap();
        let day = Some("2031-01-01".parse().unwrap());
        for files in [vec![], b"{}".to_vec(), vec![7; MAX_CHIP_FILES]] {
            let page = Page::of_chip(number.clone(), day, day, files.clone()).unwrap();
            let sealed = page.seal(key.public(), &context(Hkg)).unwrap();
            assert_eq!(sealed.len(), SEALED_CHIP_PAGE_LEN);
            let opened = Page::open(&sealed, &key, &context(Hkg), today()).unwrap();
            assert_eq!((opened.chip(), opened.expiry(), opened.birth()), (Some(files.as_slice()), day, day));
            assert!(opened == page && Page::open(&sealed, &key, &context(Mac), today()).is_err());
        }
        let long = Page::of_chip(number, day, day, vec![0; MAX_CHIP_FILES + 1]);
        assert_eq!(long.err(), Some(PageError::ChipTooLong));
        // The short form of another source in the long one, and the reverse, are no pages.
        let mut plain = typed().encode().unwrap();
        plain.resize(CHIP_PAGE_LEN, 0);
        assert!(Page::decode(&plain, today()).is_err());
        assert_eq!(typed().chip(), None);
        assert_ne!(chip_nonce(&[1; 16]), chip_nonce(&[2; 16]));
    }

    #[test]
    fn a_page_opens_for_its_own_authority_gate_clearance_and_side_alone() {
        let key = hpke::ReceiverKey::generate().unwrap();
        for page in [typed(), Page::from_zone(&zone(), today()).unwrap()] {
            let sealed = page.seal(key.public(), &context(Chn)).unwrap();
            assert_eq!(sealed.len(), SEALED_PAGE_LEN, "one length, whatever was read");
            assert_ne!(sealed, page.seal(key.public(), &context(Chn)).unwrap(), "afresh each time");
            assert!(Page::open(&sealed, &key, &context(Chn), today()).unwrap() == page);
            for other in [
                context(Mac),
                PageContext { gate: "hengqin/CHN-MAC", ..context(Chn) },
                PageContext { clearance: &[8; 16], ..context(Chn) },
                PageContext { role: Side::Entry, ..context(Chn) },
            ] {
                assert!(Page::open(&sealed, &key, &other, today()).is_err(), "{other:?}");
            }
            let stranger = hpke::ReceiverKey::generate().unwrap();
            assert!(Page::open(&sealed, &stranger, &context(Chn), today()).is_err());
            for at in 0..sealed.len() {
                let mut changed = sealed.clone();
                changed[at] ^= 1;
                assert!(Page::open(&changed, &key, &context(Chn), today()).is_err(), "byte {at}");
            }
        }
    }

    #[test]
    fn a_page_has_one_form() {
        for page in [typed(), Page::from_zone(&zone(), today()).unwrap()] {
            let plain = page.encode().unwrap();
            assert!(Page::decode(&plain, today()).unwrap() == page);
            for at in 0..plain.len() {
                for flip in [1, 2, 0x20, 0x80] {
                    let mut changed = plain.to_vec();
                    changed[at] ^= flip;
                    if let Ok(read) = Page::decode(&changed, today()) {
                        assert_eq!(*read.encode().unwrap(), changed, "byte {at}");
                    }
                }
            }
            assert!(Page::decode(&plain[..PAGE_LEN - 1], today()).is_err());
        }
    }

    #[test]
    fn a_zone_says_number_birth_and_expiry_and_what_is_no_card_of_a_lane_is_refused() {
        let page = Page::from_zone(&zone(), today()).unwrap();
        assert_eq!(page.number().match_key(), "H12345678");
        assert_eq!(page.birth(), Some("1946-03-17".parse().unwrap()));
        assert_eq!(page.expiry(), Some("2031-01-01".parse().unwrap()));
        assert_eq!(typed().expiry(), None);
        // ICAO 9303-4, appendix B: a passport.
        let passport =
            "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
        let passport = Page::from_zone(passport, today());
        assert!(
            matches!(passport, Ok(page) if page.number().kind() == DocumentKind::Passport),
            "shared out by nobody"
        );
        assert!(matches!(
            Page::from_zone(&zone().replacen("4603", "4604", 1), today()),
            Err(PageError::Zone(_))
        ));
        let mainland = DocumentNumber::recognise("11010519491231002X").unwrap();
        let refused = Page::typed(mainland, "1949-12-31".parse().unwrap());
        assert!(matches!(refused, Err(PageError::NotRead { kind: DocumentKind::MainlandId })));
    }

    #[test]
    fn a_number_opens_for_its_issuer_and_its_showing_alone() {
        let key = hpke::ReceiverKey::generate().unwrap();
        let number = DocumentNumber::recognise("CA1234567").unwrap();
        let showing = TokenId::from_bytes([3; 16]);
        let context = NumberContext { from: Mac, to: Chn, showing };
        let sealed = context.seal(&number, key.public()).unwrap();
        assert_eq!(sealed.len(), SEALED_NUMBER_LEN);
        assert!(context.open(&sealed, &key) == Ok(number));
        for other in [
            NumberContext { from: Hkg, ..context },
            NumberContext { to: Hkg, ..context },
            NumberContext { showing: TokenId::from_bytes([4; 16]), ..context },
        ] {
            assert!(other.open(&sealed, &key).is_err(), "{other:?}");
        }
        assert!(context.open(&sealed[..SEALED_NUMBER_LEN - 1], &key).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_reader_of_pages_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, PAGE_LEN)) {
            let _ = Page::decode(&bytes, "2026-03-02".parse().unwrap());
        }

        #[test]
        fn what_is_read_back_is_what_was_read_of_the_card(number in 0_u32..10_000_000, days in 0_i32..40_000) {
            let number = DocumentNumber::parse(DocumentKind::ExitEntryPermit, &format!("CA{number:07}"));
            let birth = "1910-01-01".parse::<LocalDate>().unwrap().plus_days(days);
            let page = Page::typed(number.unwrap(), birth).unwrap();
            let plain = page.encode().unwrap();
            proptest::prop_assert!(Page::decode(&plain, "2026-03-02".parse().unwrap()).unwrap() == page);
        }
    }
}
