//! Shelf: a library in memory: readers, books, loans, holds, fines, and a record of every loan that ever was.
//!
//! Lives here: [`Shelf`], its rules. Not here: the protocol (`answers`). Days come in as arguments.

use std::collections::BTreeMap;

use documents::LocalDate;
use sip2::CirculationStatus;

/// A loan is for so many days.
const LOAN_DAYS: i32 = 21;
/// A loan is renewed so often.
const MOST_RENEWALS: u8 = 2;

/// A loan that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoanRecord {
    /// The book's barcode.
    pub item: String,
    /// The reader.
    pub patron: String,
    /// Whether the book is back.
    pub ended: bool,
}

/// A payment that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The reader.
    pub patron: String,
    /// In hundredths of the currency.
    pub cents: u64,
}

#[derive(Debug, Default)]
pub(super) struct Reader {
    /// What is denied: 14 places of `Y` and blanks; empty for nothing.
    pub flags: String,
    pub fines: u64,
}

#[derive(Debug)]
pub(super) struct Book {
    pub title: String,
    pub status: CirculationStatus,
    pub loan: Option<Lent>,
    pub hold: Option<String>,
    /// What it costs to borrow, in hundredths.
    pub fee: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Lent {
    pub patron: String,
    pub due: LocalDate,
    renewals: u8,
}

/// Why something is refused, in the words that a reader gets.
pub(super) type Refusal = &'static str;

#[derive(Debug, Default)]
pub(super) struct Shelf {
    pub patrons: BTreeMap<String, Reader>,
    pub items: BTreeMap<String, Book>,
    pub record: Vec<LoanRecord>,
    pub payments: BTreeMap<String, Payment>,
    /// Checkouts of a book that another reader had.
    pub asked_for_lent: usize,
    /// Payments that came again under their id.
    pub paid_again: usize,
}

impl Shelf {
    pub fn add_patron(&mut self) -> String {
        let id = format!("R{:05}", self.patrons.len() + 1);
        self.patrons.insert(id.clone(), Reader::default());
        id
    }

    pub fn add_item(&mut self, item: &str, title: &str) {
        let book = Book {
            title: title.to_owned(),
            status: CirculationStatus::Available,
            loan: None,
            hold: None,
            fee: 0,
        };
        self.items.insert(item.to_owned(), book);
    }

    /// The books that a reader has.
    pub fn charged(&self, patron: &str) -> impl Iterator<Item = (&String, &Lent)> {
        self.items.iter().filter_map(move |(item, book)| {
            let lent = book.loan.as_ref().filter(|lent| lent.patron == patron)?;
            Some((item, lent))
        })
    }

    /// The books that wait, or will wait, for a reader.
    pub fn holds(&self, patron: &str) -> impl Iterator<Item = &String> {
        let held = move |book: &Book| book.hold.as_deref() == Some(patron);
        self.items.iter().filter(move |(_, book)| held(book)).map(|(item, _)| item)
    }

    fn reader(&self, patron: &str, denied: usize) -> Result<(), Refusal> {
        let reader = self.patrons.get(patron).ok_or("Unknown reader")?;
        if reader.flags.as_bytes().get(denied) == Some(&b'Y') { Err("Not for this reader") } else { Ok(()) }
    }

    /// Lends a book; gives the day on which it is due.
    pub fn checkout(&mut self, patron: &str, item: &str, today: LocalDate) -> Result<LocalDate, Refusal> {
        self.reader(patron, 0)?;
        let book = self.items.get_mut(item).ok_or("Unknown item")?;
        if let Some(lent) = &book.loan {
            if lent.patron == patron {
                return Err("You have this item already");
            }
            self.asked_for_lent += 1;
            return Err("Lent to another reader");
        }
        if book.hold.as_deref().is_some_and(|holder| holder != patron) {
            return Err("Held for another reader");
        }
        if !book.status.is_back() {
            return Err("This item is not for loan now");
        }
        let due = today.plus_days(LOAN_DAYS);
        book.hold = None;
        book.status = CirculationStatus::Charged;
        book.loan = Some(Lent { patron: patron.to_owned(), due, renewals: 0 });
        self.record.push(LoanRecord { item: item.to_owned(), patron: patron.to_owned(), ended: false });
        Ok(due)
    }

    /// A reader has a book, due on that day.
    pub fn lend(&mut self, item: &str, patron: &str, due: LocalDate) {
        if let Some(book) = self.items.get_mut(item) {
            book.status = CirculationStatus::Charged;
            book.loan = Some(Lent { patron: patron.to_owned(), due, renewals: 0 });
        }
    }

    /// Renews a loan; gives the day on which it is due.
    pub fn renew(&mut self, patron: &str, item: &str, today: LocalDate) -> Result<LocalDate, Refusal> {
        self.reader(patron, 1)?;
        let book = self.items.get_mut(item).ok_or("Unknown item")?;
        let held = book.hold.is_some();
        let lent =
            book.loan.as_mut().filter(|lent| lent.patron == patron).ok_or("You do not have this item")?;
        if held {
            return Err("Another reader waits for this item");
        }
        if lent.renewals >= MOST_RENEWALS {
            return Err("Renewed too often");
        }
        lent.renewals += 1;
        lent.due = today.plus_days(LOAN_DAYS);
        Ok(lent.due)
    }

    /// Takes a book back, and says who had it. One that is on the shelf is taken back as well, as libraries do.
    pub fn checkin(&mut self, item: &str) -> Result<Option<String>, Refusal> {
        let book = self.items.get_mut(item).ok_or("Unknown item")?;
        let had = book.loan.take().map(|lent| lent.patron);
        book.status =
            if book.hold.is_some() { CirculationStatus::OnHoldShelf } else { CirculationStatus::Available };
        if had.is_some()
            && let Some(record) = self.record.iter_mut().find(|record| record.item == item && !record.ended)
        {
            record.ended = true;
        }
        Ok(had)
    }

    /// Takes a payment once for each id.
    pub fn pay(&mut self, patron: &str, cents: u64, transaction: &str) -> Result<(), Refusal> {
        let reader = self.patrons.get_mut(patron).ok_or("Unknown reader")?;
        if self.payments.contains_key(transaction) {
            self.paid_again += 1;
            return Ok(());
        }
        reader.fines = reader.fines.checked_sub(cents).ok_or("More than is owed")?;
        self.payments.insert(transaction.to_owned(), Payment { patron: patron.to_owned(), cents });
        Ok(())
    }
}
