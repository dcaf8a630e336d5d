//! Officers: named accounts of the people in office at one party (an authority, or the gates of a port): roles, passkeys,
//! one-time codes, sessions, and the record of what everybody did.
//!
//! Lives here: which act needs which role ([`Deed`]), [`Accounts`], [`Desk`]. Not here: cryptography (`credential`), HTTP
//! (`authority`, `gate`), commands (`baypass`). Pure but for [`Desk`], [`Pairings`] and [`Record`], which keep files of one folder. Time
//! and randomness are arguments.

mod account;
mod desk;
mod kept;
mod limits;
mod pairing;
mod record;
mod role;
mod secret;
mod session;

pub use account::{Account, AccountId, AccountName, Accounts, ChangeError, KeptPasskey, NewAccount, State};
pub use desk::{
    Answer, Desk, DeskSettings, Opened, PermitError, Registration, SignInError, Signed, SignedAssertion,
};
pub use kept::FileError;
pub use limits::Limits;
pub use pairing::{PairError, Pairings};
pub use record::{Act, Actor, NoOperator, Operator, Record, RecordFault};
pub use role::{Deed, Role, UnknownRole};
pub use secret::{Draw, OneTimeCode, Token};
pub use session::How;
