//! Kind: the messages of the protocol, each with the length of its fields without names.
//!
//! Lives here: [`Kind`]. Not here: what the fields say (`request`, `answer`).

/// A message of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 01: block patron.
    Block,
    /// 09: checkin.
    Checkin,
    /// 10: checkin response.
    CheckinAnswer,
    /// 11: checkout.
    Checkout,
    /// 12: checkout response.
    CheckoutAnswer,
    /// 15: hold.
    Hold,
    /// 16: hold response.
    HoldAnswer,
    /// 17: item information.
    ItemInformation,
    /// 18: item information response.
    ItemInformationAnswer,
    /// 19: item status update.
    ItemStatus,
    /// 20: item status update response.
    ItemStatusAnswer,
    /// 23: patron status.
    PatronStatus,
    /// 24: patron status response.
    PatronStatusAnswer,
    /// 25: patron enable.
    PatronEnable,
    /// 26: patron enable response.
    PatronEnableAnswer,
    /// 29: renew.
    Renew,
    /// 30: renew response.
    RenewAnswer,
    /// 35: end patron session.
    EndSession,
    /// 36: end session response.
    EndSessionAnswer,
    /// 37: fee paid.
    FeePaid,
    /// 38: fee paid response.
    FeePaidAnswer,
    /// 63: patron information.
    PatronInformation,
    /// 64: patron information response.
    PatronInformationAnswer,
    /// 65: renew all.
    RenewAll,
    /// 66: renew all response.
    RenewAllAnswer,
    /// 93: login.
    Login,
    /// 94: login response.
    LoginAnswer,
    /// 96: the library asks for a message again.
    AcsResend,
    /// 97: the desk asks for a message again.
    ScResend,
    /// 98: ACS status.
    AcsStatus,
    /// 99: SC status.
    ScStatus,
}

/// Kind, id, length of the fixed fields in bytes, where dates begin in them.
type Row = (Kind, &'static str, usize, &'static [usize]);

/// Every message, in order of the ids.
const ROWS: [Row; 31] = [
    (Kind::Block, "01", 19, &[1]),
    (Kind::Checkin, "09", 37, &[1, 19]),
    (Kind::CheckinAnswer, "10", 22, &[4]),
    (Kind::Checkout, "11", 38, &[2, 20]),
    (Kind::CheckoutAnswer, "12", 22, &[4]),
    (Kind::Hold, "15", 19, &[1]),
    (Kind::HoldAnswer, "16", 20, &[2]),
    (Kind::ItemInformation, "17", 18, &[0]),
    (Kind::ItemInformationAnswer, "18", 24, &[6]),
    (Kind::ItemStatus, "19", 18, &[0]),
    (Kind::ItemStatusAnswer, "20", 19, &[1]),
    (Kind::PatronStatus, "23", 21, &[3]),
    (Kind::PatronStatusAnswer, "24", 35, &[17]),
    (Kind::PatronEnable, "25", 18, &[0]),
    (Kind::PatronEnableAnswer, "26", 35, &[17]),
    (Kind::Renew, "29", 38, &[2, 20]),
    (Kind::RenewAnswer, "30", 22, &[4]),
    (Kind::EndSession, "35", 18, &[0]),
    (Kind::EndSessionAnswer, "36", 19, &[1]),
    (Kind::FeePaid, "37", 25, &[0]),
    (Kind::FeePaidAnswer, "38", 19, &[1]),
    (Kind::PatronInformation, "63", 31, &[3]),
    (Kind::PatronInformationAnswer, "64", 59, &[17]),
    (Kind::RenewAll, "65", 18, &[0]),
    (Kind::RenewAllAnswer, "66", 27, &[9]),
    (Kind::Login, "93", 2, &[]),
    (Kind::LoginAnswer, "94", 1, &[]),
    (Kind::AcsResend, "96", 0, &[]),
    (Kind::ScResend, "97", 0, &[]),
    (Kind::AcsStatus, "98", 34, &[12]),
    (Kind::ScStatus, "99", 8, &[]),
];

impl Kind {
    /// The message with this id of two digits.
    #[must_use]
    pub fn of_id(id: &[u8]) -> Option<Self> {
        ROWS.iter().find(|(_, own, ..)| own.as_bytes() == id).map(|(kind, ..)| *kind)
    }

    fn row(self) -> &'static Row {
        // Every kind has a row: a test goes through all of them.
        ROWS.iter().find(|(kind, ..)| *kind == self).unwrap_or(&ROWS[0])
    }

    /// The id, two digits.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.row().1
    }

    /// The length of the fields that have no name, in bytes.
    #[must_use]
    pub fn fixed_len(self) -> usize {
        self.row().2
    }

    /// Where dates of 18 characters begin in the fixed fields.
    #[must_use]
    pub fn dates(self) -> &'static [usize] {
        self.row().3
    }

    /// The message that answers this one; `None` of an answer.
    #[must_use]
    pub const fn answer(self) -> Option<Self> {
        Some(match self {
            Self::Block => Self::PatronStatusAnswer,
            Self::Checkin => Self::CheckinAnswer,
            Self::Checkout => Self::CheckoutAnswer,
            Self::Hold => Self::HoldAnswer,
            Self::ItemInformation => Self::ItemInformationAnswer,
            Self::ItemStatus => Self::ItemStatusAnswer,
            Self::PatronStatus => Self::PatronStatusAnswer,
            Self::PatronEnable => Self::PatronEnableAnswer,
            Self::Renew => Self::RenewAnswer,
            Self::EndSession => Self::EndSessionAnswer,
            Self::FeePaid => Self::FeePaidAnswer,
            Self::PatronInformation => Self::PatronInformationAnswer,
            Self::RenewAll => Self::RenewAllAnswer,
            Self::Login => Self::LoginAnswer,
            Self::ScStatus => Self::AcsStatus,
            Self::CheckinAnswer
            | Self::CheckoutAnswer
            | Self::HoldAnswer
            | Self::ItemInformationAnswer
            | Self::ItemStatusAnswer
            | Self::PatronStatusAnswer
            | Self::PatronEnableAnswer
            | Self::RenewAnswer
            | Self::EndSessionAnswer
            | Self::FeePaidAnswer
            | Self::PatronInformationAnswer
            | Self::RenewAllAnswer
            | Self::LoginAnswer
            | Self::AcsResend
            | Self::ScResend
            | Self::AcsStatus => return None,
        })
    }

    /// Whether the message asks for another one again: those never carry a sequence number.
    #[must_use]
    pub const fn is_resend(self) -> bool {
        matches!(self, Self::AcsResend | Self::ScResend)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_row_and_its_dates_lie_in_its_fixed_fields() {
        for (at, (kind, id, length, dates)) in ROWS.iter().enumerate() {
            assert_eq!(*kind as usize, at, "rows stand in the order of the kinds: {id}");
            assert_eq!((kind.id(), kind.fixed_len()), (*id, *length));
            assert_eq!(Kind::of_id(id.as_bytes()), Some(*kind));
            assert!(dates.iter().all(|date| date + 18 <= *length), "{id}");
        }
        assert!(ROWS.is_sorted_by_key(|(_, id, ..)| *id));
        assert_eq!(Kind::of_id(b"00"), None);
    }
}
