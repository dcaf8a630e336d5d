//! Answer: what a library's system says, out of its messages.
//!
//! Lives here: one type for each answer that a desk reads. Not here: the form of a line (`message`). What names a reader, an address or a
//! telephone is not read: the desk does not keep it.

use documents::{Timestamp, redact_debug};

use crate::{Charset, CirculationStatus, FieldId, Kind, Message, PatronFlags, SipDate, SipError, Supported};

/// What the library's system says to a reader on the screen and on paper.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// Lines for the screen.
    pub screen: Vec<String>,
    /// Lines for the printer.
    pub print: Vec<String>,
}
redact_debug!(Words);

/// 94: whether the desk is let in.
///
/// # Errors
/// [`SipError`].
pub fn login(message: &Message) -> Result<bool, SipError> {
    Reader::of(message, Kind::LoginAnswer, Charset::Utf8)?.yes(0, b'1')
}

/// 98: how the library's system is, and what it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcsStatus {
    /// Whether it is on line.
    pub online: bool,
    /// Whether it takes items back.
    pub checkin: bool,
    /// Whether it lends.
    pub checkout: bool,
    /// Whether a desk may renew.
    pub renewal: bool,
    /// Whether loans without it are wanted.
    pub offline: bool,
    /// How long a desk waits for an answer, in tenths of a second; `None`: without a limit, or not told.
    pub timeout_tenths: Option<u16>,
    /// How often a desk asks again; `None`: not told.
    pub retries: Option<u16>,
    /// What it takes.
    pub supported: Supported,
    /// The library's name.
    pub library: Option<String>,
    /// What it says.
    pub words: Words,
}

impl AcsStatus {
    /// Reads a message 98.
    ///
    /// # Errors
    /// [`SipError`].
    pub fn read(message: &Message, charset: Charset) -> Result<Self, SipError> {
        let reader = Reader::of(message, Kind::AcsStatus, charset)?;
        Ok(Self {
            online: reader.yes(0, b'Y')?,
            checkin: reader.yes(1, b'Y')?,
            checkout: reader.yes(2, b'Y')?,
            renewal: reader.yes(3, b'Y')?,
            offline: reader.yes(5, b'Y')?,
            timeout_tenths: reader.padded(6, 3)?.filter(|tenths| !matches!(tenths, 0 | 999)),
            retries: reader.padded(9, 3)?.filter(|count| *count != 999),
            supported: Supported::read(message.value(FieldId::BX).unwrap_or_default()),
            library: reader.text(FieldId::AM)?,
            words: reader.words()?,
        })
    }

    /// Whether a reader can borrow now.
    #[must_use]
    pub const fn lends(&self) -> bool {
        self.online && self.checkout && self.supported.checkout
    }
}

/// 24 and 64: what a reader may, and what they have.
#[derive(Clone, PartialEq, Eq)]
pub struct Patron {
    /// What is denied, and why.
    pub flags: PatronFlags,
    /// Whether the library knows the reader; `None` where it does not say.
    pub valid: Option<bool>,
    /// Whether the password is right; `None` where it does not say.
    pub password_valid: Option<bool>,
    /// How many items are out, where it says so (64).
    pub charged_count: Option<u16>,
    /// The items that are out, by barcode, where they were asked for (64).
    pub charged: Vec<String>,
    /// How many are overdue (64).
    pub overdue_count: Option<u16>,
    /// What the reader owes, as it is written.
    pub fees: Option<String>,
    /// In which money.
    pub currency: Option<String>,
    /// What it says.
    pub words: Words,
}
redact_debug!(Patron);

impl Patron {
    /// Reads a message 24 or 64.
    ///
    /// # Errors
    /// [`SipError`].
    pub fn read(message: &Message, charset: Charset) -> Result<Self, SipError> {
        let kinds = [Kind::PatronStatusAnswer, Kind::PatronInformationAnswer];
        let Some(kind) = kinds.into_iter().find(|kind| *kind == message.kind()) else {
            return Err(SipError::OtherKind);
        };
        let reader = Reader::of(message, kind, charset)?;
        // Six counts of four digits: holds, overdue, charged, fines, recalls, unavailable holds.
        let counts = kind == Kind::PatronInformationAnswer;
        let count = |place: usize| if counts { reader.padded(35 + 4 * place, 4) } else { Ok(None) };
        Ok(Self {
            flags: PatronFlags::read(message.fixed(0, PatronFlags::PLACES)?),
            valid: reader.flag(FieldId::BL),
            password_valid: reader.flag(FieldId::CQ),
            overdue_count: count(1)?,
            charged_count: count(2)?,
            charged: message.texts(FieldId::AU, charset)?,
            fees: reader.text(FieldId::BV)?,
            currency: reader.text(FieldId::BH)?,
            words: reader.words()?,
        })
    }

    /// Whether the reader is known, as far as the library says.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.valid != Some(false)
    }

    /// Whether every item that is out stands in the list.
    #[must_use]
    pub fn lists_all_charged(&self) -> bool {
        self.charged_count.is_some_and(|count| usize::from(count) <= self.charged.len())
    }
}

/// 18: where an item is.
#[derive(Clone, PartialEq, Eq)]
pub struct Item {
    /// Its barcode.
    pub item: String,
    /// Where it is; `None` for a number that is not known here.
    pub status: Option<CirculationStatus>,
    /// Its title.
    pub title: Option<String>,
    /// When it is due back, as it is written.
    pub due: Option<String>,
    /// What it says.
    pub words: Words,
}
redact_debug!(Item);

impl Item {
    /// Reads a message 18.
    ///
    /// # Errors
    /// [`SipError`].
    pub fn read(message: &Message, charset: Charset) -> Result<Self, SipError> {
        let reader = Reader::of(message, Kind::ItemInformationAnswer, charset)?;
        let status = reader.padded(0, 2)?.and_then(|number| u8::try_from(number).ok());
        Ok(Self {
            item: reader.text(FieldId::AB)?.unwrap_or_default(),
            status: status.and_then(CirculationStatus::of_number),
            title: reader.text(FieldId::AJ)?,
            due: reader.text(FieldId::AH)?,
            words: reader.words()?,
        })
    }
}

/// 12 and 30: what became of a loan or a renewal.
#[derive(Clone, PartialEq, Eq)]
pub struct Loan {
    /// Whether it stands.
    pub ok: bool,
    /// Whether it may be renewed.
    pub renewal_ok: bool,
    /// Whether the item's lock may be opened: never on a no.
    pub unlock: bool,
    /// The barcode.
    pub item: String,
    /// The title.
    pub title: Option<String>,
    /// When it is due back, as it is written.
    pub due: Option<String>,
    /// What it costs, where it costs something and was not agreed to.
    pub fee: Option<String>,
    /// What it says.
    pub words: Words,
}
redact_debug!(Loan);

impl Loan {
    /// Reads a message 12 or 30.
    ///
    /// # Errors
    /// [`SipError`].
    pub fn read(message: &Message, charset: Charset) -> Result<Self, SipError> {
        let kinds = [Kind::CheckoutAnswer, Kind::RenewAnswer];
        let Some(kind) = kinds.into_iter().find(|kind| *kind == message.kind()) else {
            return Err(SipError::OtherKind);
        };
        let reader = Reader::of(message, kind, charset)?;
        let ok = reader.yes(0, b'1')?;
        Ok(Self {
            ok,
            renewal_ok: reader.yes(1, b'Y')?,
            unlock: ok && !reader.yes(3, b'N')?,
            item: reader.text(FieldId::AB)?.unwrap_or_default(),
            title: reader.text(FieldId::AJ)?,
            due: reader.text(FieldId::AH)?,
            fee: reader.text(FieldId::BV)?,
            words: reader.words()?,
        })
    }
}

/// 10: what became of an item that was given back.
#[derive(Clone, PartialEq, Eq)]
pub struct Return {
    /// Whether it is taken back.
    pub ok: bool,
    /// Whether staff should look: a hold, another branch.
    pub alert: bool,
    /// The barcode.
    pub item: String,
    /// The title.
    pub title: Option<String>,
    /// Where it belongs.
    pub home: Option<String>,
    /// The bin into which it goes.
    pub bin: Option<String>,
    /// What it says.
    pub words: Words,
}
redact_debug!(Return);

impl Return {
    /// Reads a message 10.
    ///
    /// # Errors
    /// [`SipError`].
    pub fn read(message: &Message, charset: Charset) -> Result<Self, SipError> {
        let reader = Reader::of(message, Kind::CheckinAnswer, charset)?;
        Ok(Self {
            ok: reader.yes(0, b'1')?,
            alert: reader.yes(3, b'Y')?,
            item: reader.text(FieldId::AB)?.unwrap_or_default(),
            title: reader.text(FieldId::AJ)?,
            home: reader.text(FieldId::AQ)?,
            bin: reader.text(FieldId::CL)?,
            words: reader.words()?,
        })
    }
}

/// 38: whether a payment was taken, and what it says.
///
/// # Errors
/// [`SipError`].
pub fn fee_paid(message: &Message, charset: Charset) -> Result<(bool, Words), SipError> {
    let reader = Reader::of(message, Kind::FeePaidAnswer, charset)?;
    Ok((reader.yes(0, b'Y')?, reader.words()?))
}

/// 36: whether the session ended, and what it says.
///
/// # Errors
/// [`SipError`].
pub fn session_ended(message: &Message, charset: Charset) -> Result<(bool, Words), SipError> {
    let reader = Reader::of(message, Kind::EndSessionAnswer, charset)?;
    Ok((reader.yes(0, b'Y')?, reader.words()?))
}

/// When the library's system says that it answered; `None` where it does not say.
///
/// # Errors
/// [`SipError::Date`].
pub fn answered_at(message: &Message) -> Result<Option<Timestamp>, SipError> {
    let Some(at) = message.kind().dates().first() else { return Ok(None) };
    let text = message.fixed(*at, crate::MAX_DATE_LEN)?;
    let date = SipDate::check(text).ok_or(SipError::Date(message.kind().id()))?;
    Ok(date.moment())
}

struct Reader<'m> {
    message: &'m Message,
    charset: Charset,
}

impl<'m> Reader<'m> {
    fn of(message: &'m Message, kind: Kind, charset: Charset) -> Result<Self, SipError> {
        if message.kind() == kind { Ok(Self { message, charset }) } else { Err(SipError::OtherKind) }
    }

    fn yes(&self, at: usize, sign: u8) -> Result<bool, SipError> {
        Ok(self.message.fixed(at, 1)? == [sign])
    }

    /// A number that is padded with blanks or zeros on either side; `None` for blanks alone.
    fn padded(&self, at: usize, length: usize) -> Result<Option<u16>, SipError> {
        let text = std::str::from_utf8(self.message.fixed(at, length)?).unwrap_or_default().trim();
        if text.is_empty() {
            return Ok(None);
        }
        let number = text.parse().map_err(|_| SipError::Fixed(self.message.kind().id()))?;
        Ok(Some(number))
    }

    fn flag(&self, id: FieldId) -> Option<bool> {
        self.message.value(id).map(|value| value == b"Y")
    }

    fn text(&self, id: FieldId) -> Result<Option<String>, SipError> {
        self.message.text(id, self.charset)
    }

    fn words(&self) -> Result<Words, SipError> {
        let texts = |id| self.message.texts(id, self.charset);
        Ok(Words { screen: texts(FieldId::AF)?, print: texts(FieldId::AG)? })
    }
}
