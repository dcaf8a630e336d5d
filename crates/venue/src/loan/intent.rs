//! Intent: what a desk means to ask of the library's system, written down before it is asked, and how it ended.
//!
//! Lives here: [`Intent`], [`Ending`], and what an answer or a look afterwards makes of one. Not here: rows (`store::intent`), the way
//! (`library_system`). Pure.

use documents::redact_debug;
use sip2::StaffReason;

use super::number::{AccountId, Barcode};
use crate::stay::id;

/// The id of an intent: the page draws it, and sends the same again after a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IntentId([u8; 16]);
id!(IntentId);

/// What is wanted.
#[derive(Clone, PartialEq, Eq)]
pub enum Want {
    /// An item to take home.
    Loan {
        /// The item.
        item: Barcode,
    },
    /// A fee is paid; its transaction id is that of the intent.
    Payment {
        /// How much, such as `2.50`.
        amount: String,
        /// What the reader owed before; `None` where the library did not say.
        owed: Option<String>,
    },
}
redact_debug!(Want);

impl Want {
    /// The item, of a loan.
    #[must_use]
    pub fn item(&self) -> Option<&str> {
        match self {
            Self::Loan { item } => Some(item.as_str()),
            Self::Payment { .. } => None,
        }
    }
}

/// How far an intent has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntentState {
    /// It was written down; nobody knows yet what became of it. An item stays at the desk.
    Open,
    /// It stands, and whoever asked for it was told.
    Done,
    /// It does not stand.
    Refused,
    /// It stands, and nobody was told: the desk stopped in between. Staff look whether the item lies there.
    Untold,
    /// Staff have to look.
    Staff,
}

impl IntentState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Open, Self::Done, Self::Refused, Self::Untold, Self::Staff];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Untold => "untold",
            Self::Staff => "staff",
        }
    }

    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// How an intent ended.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Ending {
    /// Why it does not stand, or why staff have to look; a stable code.
    pub code: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// When it is due back, as the library writes it.
    pub due: Option<String>,
    /// Whether the item's lock may be opened.
    pub unlock: bool,
    /// What it costs, where the reader has not agreed to it yet.
    pub fee: Option<String>,
}
redact_debug!(Ending);

impl Ending {
    /// Staff have to look, for this reason.
    #[must_use]
    pub fn staff(reason: StaffReason) -> Self {
        Self { code: Some(reason.code().to_owned()), ..Self::default() }
    }

    /// It does not stand, for this reason.
    #[must_use]
    pub fn refused(code: &str) -> Self {
        Self { code: Some(code.to_owned()), ..Self::default() }
    }
}

/// An intent.
#[derive(Clone, PartialEq, Eq)]
pub struct Intent {
    /// Whose.
    pub account: AccountId,
    /// What is wanted.
    pub want: Want,
    /// How far it has come.
    pub state: IntentState,
    /// How it ended; `None` while it is open.
    pub ending: Option<Ending>,
}
redact_debug!(Intent);

impl Intent {
    /// A new one.
    #[must_use]
    pub const fn new(account: AccountId, want: Want) -> Self {
        Self { account, want, state: IntentState::Open, ending: None }
    }

    /// It ended so.
    pub fn end(&mut self, state: IntentState, ending: Ending) {
        (self.state, self.ending) = (state, Some(ending));
    }
}

/// What became of a payment whose answer was lost: from what was owed before, and what is owed now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentFound {
    /// It was taken.
    Stands,
    /// It was not: it may be told again, under the same id.
    Free,
    /// Nobody can tell from the figures.
    Unclear,
}

/// Compares amounts as the library writes them, exactly: hundredths, no floating point.
#[must_use]
pub fn payment_found(amount: &str, owed: Option<&str>, owes: Option<&str>) -> PaymentFound {
    let (Some(paid), Some(before)) = (hundredths(amount), owed.and_then(hundredths)) else {
        return PaymentFound::Unclear;
    };
    // Where nothing is owed any more, systems leave the field out.
    let Some(now) = owes.map_or(Some(0), hundredths) else { return PaymentFound::Unclear };
    if before == now {
        PaymentFound::Free
    } else if before.checked_sub(paid) == Some(now) {
        PaymentFound::Stands
    } else {
        PaymentFound::Unclear
    }
}

/// An amount in hundredths: digits, and a point with one or two more. `None` of anything else.
#[must_use]
pub fn hundredths(text: &str) -> Option<u64> {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 9 || part.len() > 2 || !digits(whole) || !digits(part) {
        return None;
    }
    let part = format!("{part:0<2}");
    Some(whole.parse::<u64>().ok()? * 100 + part.parse::<u64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_to_the_hundredth_and_nothing_else_is_one() {
        for (text, read) in [
            ("2.50", Some(250)),
            ("2.5", Some(250)),
            ("2", Some(200)),
            (" 0.05", Some(5)),
            ("999999999.99", Some(99_999_999_999)),
            ("", None),
            (".5", None),
            ("2.555", None),
            ("-1", None),
            ("1,50", None),
            ("1000000000", None),
        ] {
            assert_eq!(hundredths(text), read, "{text:?}");
        }
    }

    #[test]
    fn a_lost_payment_is_found_by_what_is_owed() {
        use PaymentFound::{Free, Stands, Unclear};
        for (what, owed, owes, found) in [
            ("owed less by just that", Some("5.00"), Some("2.50"), Stands),
            ("all was paid, and the field is gone", Some("2.50"), None, Stands),
            ("owed as before", Some("5.00"), Some("5.0"), Free),
            ("another amount came in between", Some("5.00"), Some("4.00"), Unclear),
            ("more is owed than before", Some("5.00"), Some("7.00"), Unclear),
            ("nothing was said before", None, Some("2.50"), Unclear),
            ("what is said is no amount", Some("5.00"), Some("two"), Unclear),
        ] {
            assert_eq!(payment_found("2.50", owed, owes), found, "{what}");
        }
        assert_eq!(payment_found("9.00", Some("5.00"), Some("0.00")), Unclear, "paid more than was owed");
    }
}
