//! Trusted: what the gate may believe at this moment, as an interface that the lists behind it fulfil.
//!
//! Lives here: [`Trusted`] and its answers. Not here: how lists are signed, numbered and aged (`trust`).

use credential::StatusRef;
use credential::VerifyingKey;
use credential::status::Status;
use documents::{AuthorityCode, Direction, PortId, Timestamp};

/// Why a key is not to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFault {
    /// The list names no such key.
    Unknown,
    /// The list names it for another role.
    Role,
    /// Its time has not come or is over.
    Date,
    /// It was given up as compromised.
    Compromised,
}

/// How old a list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// Within its time.
    Fresh,
    /// Past its time by less than a day: an authority that is asked online decides.
    Stale,
    /// Past its time by more than a day.
    TooOld,
    /// Signed later than this gate believes it is: the gate's clock is wrong.
    FromFuture,
}

/// What a status list says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusAnswer {
    /// The status of the token in the newest list.
    pub status: Status,
    /// Of how old a list.
    pub age: Age,
}

/// The lists that a gate goes by. Looking up takes no memory and no time to speak of.
pub trait Trusted: Send + Sync {
    /// How old this authority's trust list is; too old where there is none.
    fn trust_age(&self, authority: AuthorityCode, now: Timestamp) -> Age;

    /// The key with which `issuer` signs tokens under this one-byte id.
    ///
    /// # Errors
    /// Why it is not to be used.
    fn token_key(&self, issuer: AuthorityCode, kid: u8, now: Timestamp) -> Result<&VerifyingKey, KeyFault>;

    /// The key with which a counter of `issuer` signs paper passes under this one-byte id.
    ///
    /// # Errors
    /// Why it is not to be used.
    fn counter_key(&self, issuer: AuthorityCode, kid: u8, now: Timestamp) -> Result<&VerifyingKey, KeyFault>;

    /// The key with which `authority` signs verdicts under this id.
    ///
    /// # Errors
    /// Why it is not to be used.
    fn verdict_key(
        &self,
        authority: AuthorityCode,
        kid: &[u8],
        now: Timestamp,
    ) -> Result<&VerifyingKey, KeyFault>;

    /// The key to which pages for `authority` are sealed.
    ///
    /// # Errors
    /// Why there is none to be used.
    fn part_key(&self, authority: AuthorityCode, now: Timestamp) -> Result<&[u8], KeyFault>;

    /// The status at this place of one of the issuer's lists; `None` where no list says anything about it.
    fn status(&self, issuer: AuthorityCode, place: StatusRef, now: Timestamp) -> Option<StatusAnswer>;

    /// Whether an approval covers a crossing at this port, this way, now.
    fn approves(&self, port: &PortId, direction: Direction, now: Timestamp) -> bool;

    /// Whether the approval that covers such a crossing lets an officer at the lane see whom they compare.
    fn shows_officers_the_holder(&self, port: &PortId, direction: Direction, now: Timestamp) -> bool;
}
