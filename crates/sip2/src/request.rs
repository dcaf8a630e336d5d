//! Request: what a desk asks, as messages.
//!
//! Lives here: [`Request`], and what a [`Library`] has agreed on with its desk. Not here: sequence numbers (`exchange`), answers (`answer`).

use documents::{Timestamp, redact_debug};

use crate::{
    Charset, Currency, ErrorDetection, FeeType, Field, FieldId, Kind, Language, Message, PaymentType,
    SipDate, SipError,
};

/// The longest value, in bytes.
const MAX_VALUE: usize = 255;

/// What a library has agreed on with its desk.
#[derive(Clone)]
pub struct Library {
    /// Institution id: the library's own string; empty where the library says so.
    pub institution: String,
    /// The place of this desk; empty where the library has none.
    pub location: String,
    /// The terminal's password, usually empty.
    pub terminal_password: String,
    /// The character set.
    pub charset: Charset,
    /// Whether sequence numbers and checksums are used.
    pub detection: ErrorDetection,
}
redact_debug!(Library);

/// How the desk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScState {
    /// Well.
    Ok,
    /// Its printer has no paper.
    NoPaper,
    /// About to shut down.
    ShuttingDown,
}

/// The list of items that comes with a reader's information: one at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Summary {
    /// Holds.
    Holds,
    /// Overdue items.
    Overdue,
    /// Items that are out.
    Charged,
    /// Fines.
    Fines,
    /// Recalls.
    Recalls,
    /// Holds that are not available.
    UnavailableHolds,
}

/// What a desk asks. Readers are named by the library's own id, never by a document's number.
#[derive(Clone)]
pub enum Request<'a> {
    /// 93.
    Login {
        /// The user.
        user: &'a str,
        /// Their password.
        password: &'a str,
    },
    /// 99.
    ScStatus {
        /// How the desk is.
        state: ScState,
        /// Characters in a line of its printer, at most 999.
        print_width: u16,
    },
    /// 23.
    PatronStatus {
        /// The reader.
        patron: &'a str,
        /// Their password, where one was typed.
        password: Option<&'a str>,
        /// The language of the answer.
        language: Language,
    },
    /// 63.
    PatronInformation {
        /// The reader.
        patron: &'a str,
        /// Their password, where one was typed.
        password: Option<&'a str>,
        /// The language of the answer.
        language: Language,
        /// The list that is wanted.
        summary: Option<Summary>,
        /// The first and last item of the list, counted from 1; `None`: as the library's system likes.
        range: Option<(u16, u16)>,
    },
    /// 17.
    ItemInformation {
        /// The item.
        item: &'a str,
    },
    /// 11.
    Checkout {
        /// The reader.
        patron: &'a str,
        /// Their password, where one was typed.
        password: Option<&'a str>,
        /// The item.
        item: &'a str,
        /// Whether the reader has agreed to a fee.
        fee_agreed: bool,
    },
    /// 09.
    Checkin {
        /// The item.
        item: &'a str,
        /// When it was given back.
        returned: Timestamp,
    },
    /// 29.
    Renew {
        /// The reader.
        patron: &'a str,
        /// Their password, where one was typed.
        password: Option<&'a str>,
        /// The item.
        item: &'a str,
    },
    /// 37.
    FeePaid {
        /// The reader.
        patron: &'a str,
        /// What for.
        fee: FeeType,
        /// How.
        payment: PaymentType,
        /// In which money.
        currency: Currency,
        /// How much, such as `2.50`.
        amount: &'a str,
        /// The id of the payment: the same for every try.
        transaction: &'a str,
    },
    /// 35.
    EndSession {
        /// The reader.
        patron: &'a str,
    },
}
redact_debug!(Request<'_>);

impl Request<'_> {
    /// The message, without its sequence number. `now` is the transaction's date.
    ///
    /// # Errors
    /// [`SipError::Value`]: an id that this protocol cannot carry; [`SipError::Charset`].
    pub fn message(&self, library: &Library, now: Timestamp) -> Result<Message, SipError> {
        let mut fields = Fields { charset: library.charset, fields: Vec::new() };
        let date = SipDate::at(now);
        let (kind, fixed) = match self {
            Self::Login { user, password } => {
                fields.exact(FieldId::CN, user)?;
                fields.exact(FieldId::CO, password)?;
                if !library.location.is_empty() {
                    fields.exact(FieldId::CP, &library.location)?;
                }
                (Kind::Login, "00".to_owned())
            }
            Self::ScStatus { state, print_width } => {
                let state = match state {
                    ScState::Ok => '0',
                    ScState::NoPaper => '1',
                    ScState::ShuttingDown => '2',
                };
                (Kind::ScStatus, format!("{state}{:03}2.00", print_width.min(&999)))
            }
            Self::PatronStatus { patron, password, language } => {
                fields.patron(library, patron)?;
                fields.exact(FieldId::AC, &library.terminal_password)?;
                fields.exact(FieldId::AD, password.unwrap_or_default())?;
                (Kind::PatronStatus, format!("{language}{date}"))
            }
            Self::PatronInformation { patron, password, language, summary, range } => {
                fields.patron(library, patron)?;
                fields.exact(FieldId::AC, &library.terminal_password)?;
                fields.password(*password)?;
                if let Some((first, last)) = range {
                    fields.exact(FieldId::BP, &first.to_string())?;
                    fields.exact(FieldId::BQ, &last.to_string())?;
                }
                (Kind::PatronInformation, format!("{language}{date}{}", places(*summary)))
            }
            Self::ItemInformation { item } => {
                fields.exact(FieldId::AO, &library.institution)?;
                fields.exact(FieldId::AB, item)?;
                fields.exact(FieldId::AC, &library.terminal_password)?;
                (Kind::ItemInformation, date.to_string())
            }
            Self::Checkout { patron, password, item, fee_agreed } => {
                fields.patron(library, patron)?;
                fields.exact(FieldId::AB, item)?;
                fields.exact(FieldId::AC, &library.terminal_password)?;
                fields.password(*password)?;
                fields.exact(FieldId::BO, if *fee_agreed { "Y" } else { "N" })?;
                fields.exact(FieldId::BI, "N")?;
                // No renewal in place of a loan, and never without the library: no due date of our own.
                (Kind::Checkout, format!("NN{date}{}", SipDate::UNSET))
            }
            Self::Checkin { item, returned } => {
                fields.exact(FieldId::AP, &library.location)?;
                fields.exact(FieldId::AO, &library.institution)?;
                fields.exact(FieldId::AB, item)?;
                fields.exact(FieldId::AC, &library.terminal_password)?;
                fields.exact(FieldId::BI, "N")?;
                (Kind::Checkin, format!("N{date}{}", SipDate::at(*returned)))
            }
            Self::Renew { patron, password, item } => {
                fields.patron(library, patron)?;
                fields.password(*password)?;
                fields.exact(FieldId::AB, item)?;
                (Kind::Renew, format!("NN{date}{}", SipDate::UNSET))
            }
            Self::FeePaid { patron, fee, payment, currency, amount, transaction } => {
                fields.exact(FieldId::BV, amount)?;
                fields.patron(library, patron)?;
                fields.exact(FieldId::BK, transaction)?;
                (Kind::FeePaid, format!("{date}{fee}{payment}{currency}"))
            }
            Self::EndSession { patron } => {
                fields.patron(library, patron)?;
                (Kind::EndSession, date.to_string())
            }
        };
        Ok(Message::new(kind, fixed.into_bytes(), fields.fields))
    }
}

/// Ten places, at most one of them `Y`.
fn places(summary: Option<Summary>) -> String {
    let wanted = summary.map(|summary| summary as usize);
    (0..10).map(|place| if wanted == Some(place) { 'Y' } else { ' ' }).collect()
}

struct Fields {
    charset: Charset,
    fields: Vec<Field>,
}

impl Fields {
    /// A value that must arrive as it is.
    fn exact(&mut self, id: FieldId, text: &str) -> Result<(), SipError> {
        if text.contains('|') || text.chars().any(char::is_control) {
            return Err(SipError::Value);
        }
        let value = self.charset.encode(text)?;
        if value.len() > MAX_VALUE {
            return Err(SipError::Value);
        }
        self.fields.push(Field { id, value });
        Ok(())
    }

    fn patron(&mut self, library: &Library, patron: &str) -> Result<(), SipError> {
        self.exact(FieldId::AO, &library.institution)?;
        self.exact(FieldId::AA, patron)
    }

    fn password(&mut self, password: Option<&str>) -> Result<(), SipError> {
        password.map_or(Ok(()), |password| self.exact(FieldId::AD, password))
    }
}
