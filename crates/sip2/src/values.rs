//! Values: dates, languages, money, states and flags, as the protocol writes them.

use std::fmt;
use std::str::FromStr;

use documents::{LocalDate, Timestamp};

/// Length of a date, in characters.
pub const MAX_DATE_LEN: usize = 18;

/// A date as the protocol writes it: `YYYYMMDDZZZZHHMMSS`; `ZZZZ` four blanks for local time, three blanks and `Z` for UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SipDate(Option<Timestamp>);

impl SipDate {
    /// This moment, in local time.
    #[must_use]
    pub const fn at(moment: Timestamp) -> Self {
        Self(Some(moment))
    }

    /// No date: 18 blanks.
    pub const UNSET: Self = Self(None);

    /// The moment; `None` where none is set or it names a zone that is not known here.
    #[must_use]
    pub const fn moment(self) -> Option<Timestamp> {
        self.0
    }

    /// Reads 18 characters. Another zone than local and UTC is a date without a moment.
    pub(crate) fn check(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok().filter(|text| text.len() == MAX_DATE_LEN)?;
        if text.bytes().all(|byte| byte == b' ') {
            return Some(Self::UNSET);
        }
        let (day, zone, time) = (text.get(..8)?, text.get(8..12)?, text.get(12..)?);
        if !day.bytes().chain(time.bytes()).all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let number = |part: Option<&str>| part?.parse::<i64>().ok();
        let small = |part: Option<&str>| part?.parse::<i8>().ok();
        let date = LocalDate::new(day.get(..4)?.parse().ok()?, small(day.get(4..6))?, small(day.get(6..))?)?;
        let (hours, minutes, seconds) =
            (number(time.get(..2))?, number(time.get(2..4))?, number(time.get(4..))?);
        if hours > 23 || minutes > 59 || seconds > 60 {
            return None;
        }
        let local = date.start().plus_seconds(hours * 3600 + minutes * 60 + seconds);
        Some(Self(match zone {
            "    " => Some(local),
            "   Z" | "0000" => Some(local.plus_seconds(8 * 3600)),
            _ => None,
        }))
    }
}

impl fmt::Display for SipDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(moment) = self.0 else { return write!(f, "{:18}", "") };
        let (year, month, day) = moment.local_date().ymd();
        let minutes = moment.local_minute_of_day();
        let seconds = moment.unix().rem_euclid(60);
        write!(f, "{year:04}{month:02}{day:02}    {:02}{:02}{seconds:02}", minutes / 60, minutes % 60)
    }
}

macro_rules! numbered {
    ($(#[$about:meta])* $name:ident, $width:literal { $($(#[$what:meta])* $variant:ident = $number:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$what])* $variant,)*
        }

        impl $name {
            /// Its number in the protocol.
            #[must_use]
            pub const fn number(self) -> u8 {
                match self { $(Self::$variant => $number,)* }
            }

            /// The one with this number.
            #[must_use]
            pub const fn of_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("{:0", $width, "}"), self.number())
            }
        }
    };
}

numbered! {
    /// The language in which the library's system is asked to answer.
    Language, "3" {
        /// Not known.
        Unknown = 0,
        /// English.
        English = 1,
        /// Portuguese.
        Portuguese = 10,
        /// Chinese; simplified script, by use.
        Chinese = 19,
        /// Taiwanese: some libraries use it for traditional script.
        Traditional = 27,
    }
}

numbered! {
    /// What a fee is for.
    FeeType, "2" {
        /// Something else.
        Other = 1,
        /// Administration.
        Administrative = 2,
        /// Damage.
        Damage = 3,
        /// Too late.
        Overdue = 4,
        /// Processing.
        Processing = 5,
        /// Rental.
        Rental = 6,
        /// Replacement.
        Replacement = 7,
        /// Use of a computer.
        ComputerAccess = 8,
        /// A hold.
        Hold = 9,
    }
}

numbered! {
    /// How a fee was paid.
    PaymentType, "2" {
        /// Cash.
        Cash = 0,
        /// VISA.
        Visa = 1,
        /// A credit card.
        CreditCard = 2,
    }
}

numbered! {
    /// Where an item is.
    CirculationStatus, "2" {
        /// Something else.
        Other = 1,
        /// On order.
        OnOrder = 2,
        /// Available.
        Available = 3,
        /// Lent.
        Charged = 4,
        /// Lent, and not to be recalled yet.
        ChargedNotRecallable = 5,
        /// In process.
        InProcess = 6,
        /// Recalled.
        Recalled = 7,
        /// On the hold shelf.
        OnHoldShelf = 8,
        /// To be put back on its shelf.
        ToBeReshelved = 9,
        /// On its way between branches.
        InTransit = 10,
        /// Its reader says that it was returned.
        ClaimedReturned = 11,
        /// Lost.
        Lost = 12,
        /// Missing.
        Missing = 13,
    }
}

impl CirculationStatus {
    /// Whether a reader has the item.
    #[must_use]
    pub const fn is_charged(self) -> bool {
        matches!(self, Self::Charged | Self::ChargedNotRecallable)
    }

    /// Whether the item is back at the library.
    #[must_use]
    pub const fn is_back(self) -> bool {
        matches!(self, Self::Available | Self::OnHoldShelf | Self::ToBeReshelved | Self::InTransit)
    }
}

/// A currency, ISO 4217.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Currency([u8; 3]);

/// The text is no currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a currency; write three capital letters such as CNY, HKD or MOP")]
pub struct NotACurrency;

impl FromStr for Currency {
    type Err = NotACurrency;

    fn from_str(text: &str) -> Result<Self, NotACurrency> {
        let letters: [u8; 3] = text.as_bytes().try_into().map_err(|_| NotACurrency)?;
        if letters.iter().all(u8::is_ascii_uppercase) { Ok(Self(letters)) } else { Err(NotACurrency) }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.0).unwrap_or_default())
    }
}

macro_rules! flags {
    ($(#[$about:meta])* $name:ident, $count:literal { $($(#[$what:meta])* $flag:ident,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct $name {
            $($(#[$what])* pub $flag: bool,)*
        }

        impl $name {
            /// Reads places of `Y` and another sign; a place that is missing is no.
            pub(crate) fn read(text: &[u8]) -> Self {
                let mut places = text.iter().map(|sign| *sign == b'Y');
                Self { $($flag: places.next().unwrap_or(false),)* }
            }

            /// How many places there are.
            pub const PLACES: usize = $count;
        }
    };
}

flags! {
    /// What is denied to a reader, and why: 14 places.
    PatronFlags, 14 {
        /// No loans.
        charge_denied,
        /// No renewals.
        renewal_denied,
        /// No recalls.
        recall_denied,
        /// No holds.
        hold_denied,
        /// The card was reported lost.
        card_lost,
        /// Too many items are out.
        too_many_charged,
        /// Too many are overdue.
        too_many_overdue,
        /// Too many renewals.
        too_many_renewals,
        /// Too many items are said to have been returned.
        too_many_claims,
        /// Too many items were lost.
        too_many_lost,
        /// Fines are too high.
        excessive_fines,
        /// Fees are too high.
        excessive_fees,
        /// A recalled item is overdue.
        recall_overdue,
        /// Too many items were billed.
        too_many_billed,
    }
}

flags! {
    /// What a library's system takes (`BX`): 16 places. Shorter ones are seen; what is missing is not taken.
    Supported, 16 {
        /// Patron status.
        patron_status,
        /// Checkout.
        checkout,
        /// Checkin.
        checkin,
        /// Block patron.
        block,
        /// SC and ACS status.
        status,
        /// Asking for a message again.
        resend,
        /// Login.
        login,
        /// Patron information.
        patron_information,
        /// End of a session.
        end_session,
        /// Fee paid.
        fee_paid,
        /// Item information.
        item_information,
        /// Item status update.
        item_status,
        /// Patron enable.
        patron_enable,
        /// Holds.
        hold,
        /// Renew.
        renew,
        /// Renew all.
        renew_all,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_in_local_time_and_read_in_local_time_or_utc() {
        let moment: Timestamp = "2026-03-02T10:04:05+08:00".parse().unwrap();
        assert_eq!(SipDate::at(moment).to_string(), "20260302    100405");
        for text in ["20260302    100405", "20260302   Z020405"] {
            assert_eq!(SipDate::check(text.as_bytes()).unwrap().moment(), Some(moment), "{text}");
        }
        assert_eq!(SipDate::check(b"20260302 EST100405").unwrap().moment(), None, "a zone without a meaning");
        assert_eq!(SipDate::check(&[b' '; 18]), Some(SipDate::UNSET));
        assert_eq!(SipDate::UNSET.to_string(), " ".repeat(18));
        for text in ["19980723 104009000", "20261302    100405", "20260302    246060", "2026030    100405"] {
            assert_eq!(SipDate::check(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn flags_that_are_missing_are_no() {
        let shorter = Supported::read(b"YYY");
        assert!(shorter.checkin && !shorter.block && !shorter.renew_all);
        let all = Supported::read(&[b'Y'; Supported::PLACES]);
        assert!(all.renew_all && all.patron_status);
        assert_eq!(PatronFlags::read(b"              "), PatronFlags::default());
        assert!(PatronFlags::read(b"    Y").card_lost);
    }

    #[test]
    fn numbers_are_written_as_wide_as_they_must_be() {
        assert_eq!(
            (Language::Chinese.to_string(), FeeType::Overdue.to_string()),
            ("019".into(), "04".into())
        );
        assert_eq!(CirculationStatus::of_number(4), Some(CirculationStatus::Charged));
        assert_eq!(CirculationStatus::of_number(99), None);
        assert_eq!("MOP".parse::<Currency>().unwrap().to_string(), "MOP");
        assert_eq!("mop".parse::<Currency>(), Err(NotACurrency));
    }
}
