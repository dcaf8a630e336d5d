//! SIP2: the 3M Standard Interchange Protocol 2.00, by which a self-service desk speaks to a library's system. Client side, pure.
//!
//! Lives here: frames and checksums ([`Lines`], [`checksum`]), messages ([`Message`], [`Kind`]), what a desk asks ([`Request`]) and what
//! it is answered ([`answer`]), one request under way ([`Exchange`]), and what became of a loan whose answer was lost ([`settle`]). Not here:
//! sockets, files, clocks. Time comes in as an argument; local time is UTC+8, as a library of the three places keeps it.
//!
//! Source: 3M Standard Interchange Protocol 2.00, document revision 2.12 of 11 April 2006. The desk is the SC, the library's system the
//! ACS.

pub mod answer;
mod charset;
mod error;
mod exchange;
mod field;
mod frame;
mod kind;
mod loan;
mod message;
mod request;
mod values;

pub use charset::Charset;
pub use error::SipError;
pub use exchange::{Exchange, Link, Step, Unknown};
pub use field::{Field, FieldId};
pub use frame::{Lines, MAX_LINE, checksum};
pub use kind::Kind;
pub use loan::{Settled, StaffReason, settle};
pub use message::{ErrorDetection, Message};
pub use request::{Library, Request, ScState, Summary};
pub use values::{
    CirculationStatus, Currency, FeeType, Language, MAX_DATE_LEN, PatronFlags, PaymentType, SipDate,
    Supported,
};
