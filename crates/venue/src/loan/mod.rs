//! Loan: what a library's desk writes down of readers and of what they borrow. Pure.
//!
//! Lives here: numbers and names ([`AccountId`], [`Barcode`], [`ReaderNames`]), intents and their ends ([`Intent`], [`Ending`]). Not here: rows
//! (`store`), what a desk does with them (`library`).

mod intent;
mod number;

pub use intent::{Ending, Intent, IntentId, IntentState, PaymentFound, Want, hundredths, payment_found};
pub use number::{AccountId, Barcode, NotANumber, ReaderNames};
