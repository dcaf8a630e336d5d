//! Parts: the bytes beside a token that only one named authority can open.
//!
//! Lives here: contents of a part, its one fixed length per form, sealing and opening under a weekly key, and the
//! hand-over of weekly keys from authority to authority. Not here: who makes which part for whom (`documents::issuance`).

use documents::issuance::part_maker;
use documents::{AuthorityCode, IsoWeek, LocalDate, Timestamp, redact_debug};
use zeroize::{Zeroize, Zeroizing};

use crate::cbor::{CborError, Reader, Writer};
use crate::crypto::{CryptoError, SecretKey, Thumbprint, hpke};

/// Length of the compact face template: 128 numbers of 4 bits.
pub const TEMPLATE_LEN: usize = 64;
/// Length of the compact face template of the version before: 144 numbers of 4 bits. Parts with one are still opened, until
/// the last token with one has ended.
pub const OLD_TEMPLATE_LEN: usize = 72;
/// Bytes for a Latin and for a Chinese name: the width of the name field in a TD3 zone (ICAO 9303-4).
pub const NAME_LEN: usize = 39;
/// Endorsement slots of an own part.
pub const OWN_SLOTS: usize = 4;
/// Endorsement slots of a sealed part.
pub const SEALED_SLOTS: usize = 2;
/// Length of every own part, tag included.
pub const OWN_PART_LEN: usize = 131;
/// Length of every sealed part, tag included.
pub const SEALED_PART_LEN: usize = 202;

/// Days of a part are counted from here, so that every date from 1900 to 2077 takes three bytes.
const DAY_ZERO: (i16, i8, i8) = (1899, 1, 1);
/// The day number that stands for "no expiry" (a permanent identity card).
const NO_DAY: u16 = u16::MAX;
/// Years of birth that an own part may hold; each takes three bytes.
const BIRTH_YEARS: std::ops::RangeInclusive<i16> = 1800..=9998;
const OWN_LABEL: &str = "bp1-own-part";
const SEALED_LABEL: &str = "bp1-sealed-part";
const HANDOVER_LABEL: &str = "bp1-weekly-key";

/// Which of the two forms a part has. It follows from issuer and receiver, never from the bytes (DESIGN 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PartForm {
    /// Made by the authority that will open it.
    Own,
    /// Made by the token's issuer for another authority.
    Sealed,
}

impl PartForm {
    /// The form of the part that `receiver` opens, beside a token of `issuer` (the table is `documents::issuance`).
    #[must_use]
    pub fn of(issuer: AuthorityCode, receiver: AuthorityCode) -> Self {
        if part_maker(issuer, receiver) == receiver { Self::Own } else { Self::Sealed }
    }

    /// The one length that parts of this form have.
    #[must_use]
    pub const fn length(self) -> usize {
        match self {
            Self::Own => OWN_PART_LEN,
            Self::Sealed => SEALED_PART_LEN,
        }
    }

    /// The length that they had in the version before, with its longer template.
    #[must_use]
    pub const fn old_length(self) -> usize {
        self.length() + OLD_TEMPLATE_LEN - TEMPLATE_LEN
    }

    /// Whether a part of this form may have this length.
    #[must_use]
    pub const fn has_length(self, length: usize) -> bool {
        length == self.length() || length == self.old_length()
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Own => OWN_LABEL,
            Self::Sealed => SEALED_LABEL,
        }
    }

    const fn slots(self) -> usize {
        match self {
            Self::Own => OWN_SLOTS,
            Self::Sealed => SEALED_SLOTS,
        }
    }
}

/// What binds a part to one token, one issuer and one receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartContext {
    /// Issuer of the token that the part goes with.
    pub issuer: AuthorityCode,
    /// The authority that will open it.
    pub receiver: AuthorityCode,
    /// Thumbprint of the token's device key.
    pub thumbprint: Thumbprint,
}

impl PartContext {
    /// The form that follows from issuer and receiver.
    #[must_use]
    pub fn form(&self) -> PartForm {
        PartForm::of(self.issuer, self.receiver)
    }

    fn info(&self) -> Vec<u8> {
        Writer::new().array(2).text(self.form().label()).bytes(self.thumbprint.as_bytes()).finish()
    }

    fn associated(&self) -> Vec<u8> {
        Writer::new()
            .array(4)
            .text(self.form().label())
            .text(self.issuer.code())
            .bytes(self.thumbprint.as_bytes())
            .text(self.receiver.code())
            .finish()
    }
}

/// The week whose key seals the parts of a token: the ISO week at UTC+8 that holds the instant `exp`.
#[must_use]
pub fn part_week(expires: Timestamp) -> IsoWeek {
    expires.local_date().iso_week()
}

/// One endorsement as a part holds it: six bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EndorsementSlot {
    /// The row of the endorsement rules under which it was issued (1 to 255).
    pub form: u8,
    /// Entries granted; `None` for a multiple one. 0 to 254.
    pub entries: Option<u8>,
    /// First day of validity.
    pub from: LocalDate,
    /// Last day of validity.
    pub to: LocalDate,
}
redact_debug!(EndorsementSlot);

/// The holder's identity, as far as a part of this form carries it.
#[derive(Clone, PartialEq, Eq)]
pub enum HolderIdentity {
    /// In an own part: the authority has the rest in its own registry.
    Own {
        /// Year of birth.
        birth_year: i16,
    },
    /// In a sealed part: the receiver has no other record.
    Sealed {
        /// Name in the Latin letters of the document, cut at a character to 39 bytes.
        latin_name: Name,
        /// Name in Chinese characters, cut at a character to 39 bytes.
        chinese_name: Name,
        /// Date of birth.
        birth: LocalDate,
        /// Nationality, ICAO 9303 code of three letters.
        nationality: [u8; 3],
    },
}
redact_debug!(HolderIdentity);

/// A name of at most 38 bytes of UTF-8, and whether it was cut to that length.
#[derive(Clone, PartialEq, Eq)]
pub struct Name {
    text: String,
    cut: bool,
}
redact_debug!(Name);

impl Name {
    /// Cuts a name to the length that a part holds, between two characters.
    #[must_use]
    pub fn new(full: &str) -> Self {
        let clean: String = full.chars().filter(|c| !c.is_control()).collect();
        // One byte of the field is the length and the flag.
        let mut end = clean.len().min(NAME_LEN - 1);
        while !clean.is_char_boundary(end) {
            end -= 1;
        }
        let text = clean.get(..end).unwrap_or_default().to_owned();
        Self { cut: text.len() < clean.len(), text }
    }

    /// The name, perhaps cut.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the document carries a longer name.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.cut
    }

    /// Length in the low seven bits, the flag in the highest, then the text, then zeros.
    fn wire(&self) -> [u8; NAME_LEN] {
        let mut out = [0; NAME_LEN];
        let len = u8::try_from(self.text.len()).unwrap_or(0);
        for (slot, byte) in out
            .iter_mut()
            .zip(std::iter::once(len | if self.cut { 0x80 } else { 0 }).chain(self.text.bytes()))
        {
            *slot = byte;
        }
        out
    }

    fn from_wire(bytes: &[u8]) -> Option<Self> {
        let (head, rest) = bytes.split_first()?;
        let (text, padding) = rest.split_at_checked(usize::from(head & 0x7f))?;
        if padding.iter().any(|b| *b != 0) {
            return None;
        }
        let text = std::str::from_utf8(text).ok()?.to_owned();
        if text.chars().any(char::is_control) {
            return None;
        }
        Some(Self { text, cut: head & 0x80 != 0 })
    }
}

/// A face template as a part carries it, wiped when it is dropped. Biometric data.
#[derive(Clone, PartialEq, Eq)]
pub struct PartTemplate(Zeroizing<Vec<u8>>);
redact_debug!(PartTemplate);

impl PartTemplate {
    /// Takes a template of today's length, or of the version before. `None` for any other length.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        matches!(bytes.len(), TEMPLATE_LEN | OLD_TEMPLATE_LEN).then(|| Self(Zeroizing::new(bytes.to_vec())))
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The contents of a part.
#[derive(Clone, PartialEq, Eq)]
pub struct PartContents {
    /// Kind of document (crate `documents` gives the numbers; 0 to 23).
    pub kind: u8,
    /// The document's number, filled with `<` to nine characters.
    pub number: [u8; 9],
    /// Last day of the document's validity; `None` where it has none.
    pub expiry: Option<LocalDate>,
    /// The local day on which the maker read its registry.
    pub snapshot: LocalDate,
    /// Class of resident, registration and height in four bits (crate `documents` gives their meaning; 0 to 15).
    pub holder_class: u8,
    /// The holder's identity.
    pub identity: HolderIdentity,
    /// Endorsements, at most four in an own part and two in a sealed part.
    pub endorsements: Vec<EndorsementSlot>,
    /// Face model and template format (crate `face` gives the numbers; 0 to 23).
    pub template_format: u8,
    /// The face template.
    pub template: PartTemplate,
}
redact_debug!(PartContents);

impl Drop for PartContents {
    fn drop(&mut self) {
        self.number.zeroize();
    }
}

/// Why a part could not be made or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PartError {
    /// The part does not have the length of its form.
    #[error("a part of this form has {expected} bytes, not {got}")]
    Length {
        /// The form's length, in bytes.
        expected: usize,
        /// The length found, in bytes.
        got: usize,
    },
    /// Decryption failed: the part was changed, moved from another token, made for another week or receiver, or not made
    /// by the authority that makes it for this pair.
    #[error("the part cannot be decrypted for this token, receiver and week")]
    Open,
    /// The decrypted contents are malformed.
    #[error("malformed part: {0}")]
    Form(#[from] CborError),
    /// A value that the form cannot hold: a date out of range, too many endorsements, the other form's identity.
    #[error("a value does not fit into a part of this form")]
    Value,
    /// The crypto library failed.
    #[error(transparent)]
    Crypto(CryptoError),
}

impl From<CryptoError> for PartError {
    fn from(error: CryptoError) -> Self {
        match error {
            CryptoError::Open => Self::Open,
            CryptoError::PublicKey
            | CryptoError::PrivateKey
            | CryptoError::Signature
            | CryptoError::Seal
            | CryptoError::Random
            | CryptoError::Signer(_) => Self::Crypto(error),
        }
    }
}

impl PartContents {
    /// Seals under the weekly key that the context calls for: the authority's own, or the pair's.
    ///
    /// # Errors
    /// [`PartError::Value`] for a value that the form cannot hold.
    pub fn seal(&self, week: &SecretKey, context: &PartContext) -> Result<Vec<u8>, PartError> {
        let plaintext = Zeroizing::new(self.encode(context.form())?);
        let part = week.seal(&context.info(), &context.associated(), &plaintext)?;
        check_length(context.form(), &part)?;
        Ok(part)
    }

    /// Opens a part.
    ///
    /// # Errors
    /// [`PartError::Length`], [`PartError::Open`], or the first fault in the decrypted contents.
    pub fn open(part: &[u8], week: &SecretKey, context: &PartContext) -> Result<Self, PartError> {
        check_length(context.form(), part)?;
        let plaintext = week.open(&context.info(), &context.associated(), part)?;
        Self::decode(&plaintext, context.form())
    }

    fn encode(&self, form: PartForm) -> Result<Vec<u8>, PartError> {
        if self.kind > 23
            || self.template_format > 23
            || self.holder_class > 15
            || self.endorsements.len() > form.slots()
        {
            return Err(PartError::Value);
        }
        let mut w = Writer::with_capacity(form.length());
        w.array(match form {
            PartForm::Own => 9,
            PartForm::Sealed => 11,
        });
        w.uint(u64::from(self.kind)).bytes(&self.number);
        w.uint(u64::from(self.expiry.map_or(Ok(NO_DAY), day_number)?));
        w.uint(u64::from(day_number(self.snapshot)?));
        w.uint(u64::from(self.holder_class));
        match (&self.identity, form) {
            (HolderIdentity::Own { birth_year }, PartForm::Own) => {
                let year = Some(*birth_year).filter(|year| BIRTH_YEARS.contains(year));
                w.uint(u64::from(year.ok_or(PartError::Value)?.unsigned_abs()));
            }
            (HolderIdentity::Sealed { birth, .. }, PartForm::Sealed) => {
                w.uint(u64::from(day_number(*birth)?));
            }
            (
                HolderIdentity::Own { .. } | HolderIdentity::Sealed { .. },
                PartForm::Own | PartForm::Sealed,
            ) => {
                return Err(PartError::Value);
            }
        }
        w.bytes(&self.slots(form)?).uint(u64::from(self.template_format)).bytes(self.template.as_bytes());
        if let HolderIdentity::Sealed { latin_name, chinese_name, nationality, .. } = &self.identity {
            let nationality = std::str::from_utf8(nationality).map_err(|_| PartError::Value)?;
            // Both names in one string: a second head would not fit into the largest code.
            w.bytes(&[latin_name.wire(), chinese_name.wire()].concat()).text(nationality);
        }
        Ok(w.finish())
    }

    fn slots(&self, form: PartForm) -> Result<Vec<u8>, PartError> {
        let mut out = Vec::with_capacity(form.slots() * 6);
        for slot in &self.endorsements {
            let entries = match slot.entries {
                None => u8::MAX,
                Some(u8::MAX) => return Err(PartError::Value),
                Some(n) => n,
            };
            if slot.form == 0 {
                return Err(PartError::Value);
            }
            out.extend_from_slice(&[slot.form, entries]);
            out.extend_from_slice(&day_number(slot.from)?.to_be_bytes());
            out.extend_from_slice(&day_number(slot.to)?.to_be_bytes());
        }
        out.resize(form.slots() * 6, 0);
        Ok(out)
    }

    fn decode(plaintext: &[u8], form: PartForm) -> Result<Self, PartError> {
        let mut r = Reader::new(plaintext);
        r.array_exact(match form {
            PartForm::Own => 9,
            PartForm::Sealed => 11,
        })?;
        let kind = read_small(&mut r)?;
        let number = *r.bytes_exact()?;
        let expiry = match r.uint_width(3)? {
            n if n == u64::from(NO_DAY) => None,
            n => Some(day_from(n)?),
        };
        let snapshot = day_from(r.uint_width(3)?)?;
        let holder_class = u8::try_from(r.uint_max(15)?).map_err(|_| PartError::Value)?;
        let born = r.uint_width(3)?;
        let endorsements = read_slots(r.bytes(form.slots() * 6)?, form)?;
        let template_format = read_small(&mut r)?;
        let template = PartTemplate::from_bytes(r.bytes(OLD_TEMPLATE_LEN)?).ok_or(PartError::Value)?;
        let identity = match form {
            PartForm::Own => {
                let year = i16::try_from(born).ok().filter(|year| BIRTH_YEARS.contains(year));
                HolderIdentity::Own { birth_year: year.ok_or(PartError::Value)? }
            }
            PartForm::Sealed => {
                let (latin, chinese) = r.bytes_exact::<{ 2 * NAME_LEN }>()?.split_at(NAME_LEN);
                HolderIdentity::Sealed {
                    birth: day_from(born)?,
                    latin_name: Name::from_wire(latin).ok_or(PartError::Value)?,
                    chinese_name: Name::from_wire(chinese).ok_or(PartError::Value)?,
                    nationality: r.text(3)?.as_bytes().try_into().map_err(|_| PartError::Value)?,
                }
            }
        };
        r.finish()?;
        Ok(Self {
            kind,
            number,
            expiry,
            snapshot,
            holder_class,
            identity,
            endorsements,
            template_format,
            template,
        })
    }
}

fn check_length(form: PartForm, part: &[u8]) -> Result<(), PartError> {
    if form.has_length(part.len()) {
        Ok(())
    } else {
        Err(PartError::Length { expected: form.length(), got: part.len() })
    }
}

fn read_small(r: &mut Reader<'_>) -> Result<u8, PartError> {
    u8::try_from(r.uint_width(1)?).map_err(|_| PartError::Value)
}

fn read_slots(bytes: &[u8], form: PartForm) -> Result<Vec<EndorsementSlot>, PartError> {
    if bytes.len() != form.slots() * 6 {
        return Err(PartError::Value);
    }
    let mut slots = Vec::new();
    let mut ended = false;
    for chunk in bytes.chunks_exact(6) {
        let &[form, entries, f1, f2, t1, t2] = chunk else { return Err(PartError::Value) };
        if form == 0 {
            if chunk.iter().any(|b| *b != 0) {
                return Err(PartError::Value);
            }
            ended = true;
            continue;
        }
        if ended {
            return Err(PartError::Value);
        }
        slots.push(EndorsementSlot {
            form,
            entries: (entries != u8::MAX).then_some(entries),
            from: day_from(u64::from(u16::from_be_bytes([f1, f2])))?,
            to: day_from(u64::from(u16::from_be_bytes([t1, t2])))?,
        });
    }
    Ok(slots)
}

fn day_zero() -> Result<LocalDate, PartError> {
    let (year, month, day) = DAY_ZERO;
    LocalDate::new(year, month, day).ok_or(PartError::Value)
}

/// Days since 1899-01-01, from 256 (1899-09-14) to 65,534 (2078-06-04): always three encoded bytes.
fn day_number(day: LocalDate) -> Result<u16, PartError> {
    u16::try_from(day.days_since(day_zero()?))
        .ok()
        .filter(|n| (256..NO_DAY).contains(n))
        .ok_or(PartError::Value)
}

fn day_from(number: u64) -> Result<LocalDate, PartError> {
    let days = i32::try_from(number).ok().filter(|n| (256..i32::from(NO_DAY)).contains(n));
    Ok(day_zero()?.plus_days(days.ok_or(PartError::Value)?))
}

/// Seals the weekly key of the pair (`from`, `to`) to the receiver's hand-over key: encapsulated key and ciphertext.
///
/// # Errors
/// [`PartError::Crypto`] if `receiver` is not an uncompressed point on P-256.
pub fn seal_weekly_key(
    key: &SecretKey,
    from: AuthorityCode,
    to: AuthorityCode,
    week: IsoWeek,
    receiver: &[u8],
) -> Result<(Vec<u8>, Vec<u8>), PartError> {
    Ok(hpke::seal(receiver, &handover_info(from, to, week), &[], key.expose())?)
}

/// Opens a weekly key that [`seal_weekly_key`] sealed.
///
/// # Errors
/// [`PartError::Open`] for another pair, another week or changed bytes.
pub fn open_weekly_key(
    enc: &[u8],
    ciphertext: &[u8],
    from: AuthorityCode,
    to: AuthorityCode,
    week: IsoWeek,
    receiver: &hpke::ReceiverKey,
) -> Result<SecretKey, PartError> {
    let key = receiver.open(enc, &handover_info(from, to, week), &[], ciphertext)?;
    let bytes: [u8; 32] = key.as_slice().try_into().map_err(|_| PartError::Open)?;
    Ok(SecretKey::from_bytes(bytes))
}

fn handover_info(from: AuthorityCode, to: AuthorityCode, week: IsoWeek) -> Vec<u8> {
    Writer::new()
        .array(4)
        .text(HANDOVER_LABEL)
        .text(from.code())
        .text(to.code())
        .text(&week.to_string())
        .finish()
}
