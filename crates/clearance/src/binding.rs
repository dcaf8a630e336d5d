//! Binding: what every verdict of one clearance is bound to, so that none can serve another traveller, face or lane.
//!
//! Lives here: the identifiers, [`Place`], [`Subject`], [`Request`], [`Round`]. Not here: how a request is signed.

use std::fmt;
use std::str::FromStr;

use credential::TokenId;
use documents::{AuthorityCode, Direction, PortId, Side, Timestamp};

macro_rules! sixteen_byte_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// An id from 16 bytes that the caller drew or derived.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The 16 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    )+};
}
sixteen_byte_id!(
    /// One decision on one traveller at one lane.
    ClearanceId,
    /// What an authority holds for one traveller between its admit and the passage event.
    ReservationId,
    /// The ledger's id of an applied passage.
    PassageId,
);

/// A SHA-256 value: of a request, a verdict, a part or a probe.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// A digest from its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The first bytes only: enough to tell two apart in a log.
impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "Digest({a:02x}{b:02x}{c:02x}{d:02x}..)")
    }
}

/// A lane's stable name, by which its gate signs: 1 to 64 of letters, digits and `-_./:`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LaneId(String);

/// The text is no lane name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a lane name; write 1 to 64 letters, digits and -_./: like hengqin/CHN-MAC")]
pub struct NotALaneId;

impl LaneId {
    /// The text, such as `hengqin/CHN-MAC/2`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LaneId {
    type Err = NotALaneId;

    fn from_str(text: &str) -> Result<Self, NotALaneId> {
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./:".contains(&b));
        if fits { Ok(Self(text.to_owned())) } else { Err(NotALaneId) }
    }
}

impl fmt::Display for LaneId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Something for each side that the lane needs: at a joint lane two, at a lane of one authority one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sides<T> {
    /// A lane of one authority.
    One(Side, T),
    /// A joint lane.
    Both {
        /// Of the exit.
        exit: T,
        /// Of the entry.
        entry: T,
    },
}

impl<T> Sides<T> {
    /// What stands for `side`; `None` where this lane does not serve it.
    pub fn get(&self, side: Side) -> Option<&T> {
        match (self, side) {
            (Self::One(only, value), _) => (*only == side).then_some(value),
            (Self::Both { exit, .. }, Side::Exit) => Some(exit),
            (Self::Both { entry, .. }, Side::Entry) => Some(entry),
        }
    }

    /// As [`Sides::get`], to change it.
    pub fn get_mut(&mut self, side: Side) -> Option<&mut T> {
        match (self, side) {
            (Self::One(only, value), _) => (*only == side).then_some(value),
            (Self::Both { exit, .. }, Side::Exit) => Some(exit),
            (Self::Both { entry, .. }, Side::Entry) => Some(entry),
        }
    }

    /// Each side with what stands for it, the exit first.
    pub fn iter(&self) -> impl Iterator<Item = (Side, &T)> {
        let (first, second) = match self {
            Self::One(side, value) => ((*side, value), None),
            Self::Both { exit, entry } => ((Side::Exit, exit), Some((Side::Entry, entry))),
        };
        std::iter::once(first).chain(second)
    }

    /// The same sides with other values.
    pub fn map<U>(self, mut f: impl FnMut(Side, T) -> U) -> Sides<U> {
        match self {
            Self::One(side, value) => Sides::One(side, f(side, value)),
            Self::Both { exit, entry } => {
                Sides::Both { exit: f(Side::Exit, exit), entry: f(Side::Entry, entry) }
            }
        }
    }

    /// The same sides, borrowed.
    pub fn as_ref(&self) -> Sides<&T> {
        match self {
            Self::One(side, value) => Sides::One(*side, value),
            Self::Both { exit, entry } => Sides::Both { exit, entry },
        }
    }

    /// The same sides with other values, or the first `None`.
    pub fn try_map<U>(self, mut f: impl FnMut(Side, T) -> Option<U>) -> Option<Sides<U>> {
        Some(match self {
            Self::One(side, value) => Sides::One(side, f(side, value)?),
            Self::Both { exit, entry } => {
                Sides::Both { exit: f(Side::Exit, exit)?, entry: f(Side::Entry, entry)? }
            }
        })
    }

    /// Whether both lanes serve the same sides.
    pub fn same_shape<U>(&self, other: &Sides<U>) -> bool {
        match (self, other) {
            (Self::One(a, _), Sides::One(b, _)) => a == b,
            (Self::Both { .. }, Sides::Both { .. }) => true,
            (Self::One(..), Sides::Both { .. }) | (Self::Both { .. }, Sides::One(..)) => false,
        }
    }
}

/// Where the traveller stands: the lane, and which verdicts it needs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// The lane, which is also the gate that signs.
    pub lane: LaneId,
    /// The port it belongs to.
    pub port: PortId,
    /// From where to where it leads.
    pub direction: Direction,
    /// The sides whose verdicts it needs.
    pub sides: Sides<()>,
}

impl Place {
    /// The authorities that this lane asks, the exit's first.
    pub fn authorities(&self) -> impl Iterator<Item = (Side, AuthorityCode)> {
        self.sides.iter().map(|(side, ())| (side, self.direction.authority(side)))
    }
}

/// What every verdict of one round is about: one clearance, one showing of one token, one face.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject {
    /// The clearance: one try of one traveller at one lane.
    pub clearance: ClearanceId,
    /// Where the lane stands and which verdicts it takes.
    pub place: Place,
    /// The token that was shown.
    pub token: TokenId,
    /// When the holder proof was made (`iat`).
    pub shown_at: Timestamp,
    /// SHA-256 of the face probe, the same for all authorities asked.
    pub probe: Digest,
}

/// The request to one authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Request {
    /// SHA-256 of the part that this authority can open.
    pub part: Digest,
    /// SHA-256 of the request; it covers the subject, the part and the side, and a verdict names it.
    pub hash: Digest,
}

/// One asking: a subject, and a request about it for each side that the lane needs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Round {
    subject: Subject,
    requests: Sides<Request>,
}

/// Why a round cannot be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RoundError {
    /// A side that the lane needs has no request, or one that it does not serve has one.
    #[error("the requests are not those of the sides that this lane needs")]
    Sides,
    /// Both requests have one hash, so a verdict could not say which it answers.
    #[error("the two requests have the same hash")]
    SameRequest,
}

impl Round {
    /// A round about `subject`.
    ///
    /// # Errors
    /// Where the requests do not fit the lane.
    pub fn new(subject: Subject, requests: Sides<Request>) -> Result<Self, RoundError> {
        if !subject.place.sides.same_shape(&requests) {
            return Err(RoundError::Sides);
        }
        match &requests {
            Sides::Both { exit, entry } if exit.hash == entry.hash => Err(RoundError::SameRequest),
            Sides::One(..) | Sides::Both { .. } => Ok(Self { subject, requests }),
        }
    }

    /// What it is about.
    #[must_use]
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The request for each side.
    #[must_use]
    pub const fn requests(&self) -> &Sides<Request> {
        &self.requests
    }

    /// The authority that judges `side` here.
    #[must_use]
    pub const fn authority(&self, side: Side) -> AuthorityCode {
        self.subject.place.direction.authority(side)
    }
}
