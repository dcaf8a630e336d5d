//! Loan: what became of a loan whose answer was lost, from what the library's system says afterwards.
//!
//! Lives here: [`settle`]. Not here: how it is asked (`exchange`), the intent on disk (`venue`). A loan is never asked for again before
//! it is known that the first one does not stand: some systems lend twice.

use crate::answer::{Item, Patron};

/// Why a member of staff has to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaffReason {
    /// The item is lent, and not to this reader.
    LentToAnother,
    /// The item is in a state in which nobody can borrow it.
    NotLendable,
}

impl StaffReason {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::LentToAnother => "sip_lent_to_another",
            Self::NotLendable => "sip_not_lendable",
        }
    }
}

/// What became of a loan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It stands: the reader has the item.
    Stands,
    /// It does not: it may be asked for anew.
    Free,
    /// Nobody can tell yet: the item stays locked, and it is asked again.
    Locked,
    /// A member of staff looks.
    Staff(StaffReason),
}

/// Settles a loan: `item` is the answer to message 17, `patron` the one to message 63 with the list of charged items; `None` where none came.
#[must_use]
pub fn settle(barcode: &str, item: Option<&Item>, patron: Option<&Patron>) -> Settled {
    let Some(item) = item.filter(|item| item.item == barcode) else { return Settled::Locked };
    let Some(status) = item.status else { return Settled::Locked };
    if status.is_back() {
        return Settled::Free;
    }
    if !status.is_charged() {
        return Settled::Staff(StaffReason::NotLendable);
    }
    let Some(patron) = patron else { return Settled::Locked };
    if patron.charged.iter().any(|charged| charged.trim() == barcode) {
        return Settled::Stands;
    }
    // A list that is cut says nothing about what is not in it.
    if patron.lists_all_charged() { Settled::Staff(StaffReason::LentToAnother) } else { Settled::Locked }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CirculationStatus, PatronFlags};

    fn item(status: CirculationStatus) -> Item {
        Item {
            item: "B1".to_owned(),
            status: Some(status),
            title: None,
            due: None,
            words: crate::answer::Words::default(),
        }
    }

    fn patron(charged: &[&str], count: Option<u16>) -> Patron {
        Patron {
            flags: PatronFlags::default(),
            valid: Some(true),
            password_valid: None,
            charged_count: count,
            charged: charged.iter().map(|&text| text.to_owned()).collect(),
            overdue_count: None,
            fees: None,
            currency: None,
            words: crate::answer::Words::default(),
        }
    }

    #[test]
    fn a_loan_is_settled_by_item_and_reader_together() {
        use CirculationStatus::{Available, Charged, Lost};
        let (own, none) = (patron(&["B0", "B1"], Some(2)), patron(&["B0"], Some(1)));
        let (cut, untold) = (patron(&["B0"], Some(9)), patron(&[], None));
        for (what, item, patron, settled) in [
            ("lent to the reader", Some(item(Charged)), Some(&own), Settled::Stands),
            ("back on its shelf", Some(item(Available)), Some(&own), Settled::Free),
            ("back, and the reader is not answered", Some(item(Available)), None, Settled::Free),
            ("lent to another", Some(item(Charged)), Some(&none), Settled::Staff(StaffReason::LentToAnother)),
            ("lent, in a list that is cut", Some(item(Charged)), Some(&cut), Settled::Locked),
            ("lent, in a list without a count", Some(item(Charged)), Some(&untold), Settled::Locked),
            ("lent, and the reader is not answered", Some(item(Charged)), None, Settled::Locked),
            ("lost", Some(item(Lost)), Some(&none), Settled::Staff(StaffReason::NotLendable)),
            ("not answered", None, Some(&own), Settled::Locked),
        ] {
            assert_eq!(settle("B1", item.as_ref(), patron), settled, "{what}");
        }
        assert_eq!(settle("B2", Some(&item(Charged)), Some(&own)), Settled::Locked, "another item's answer");
    }
}
