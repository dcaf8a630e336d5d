//! Crossings: which port, from where to where, and which side of it a lane serves.
//!
//! Lives here: `PortId`, `Direction`, `Side`, `LaneKind`. Not here: which ports exist (data files).

use std::fmt;
use std::str::FromStr;

use serde_with::SerializeDisplay;

use crate::AuthorityCode;

/// A port's stable name in the data files: 1 to 32 of `a-z`, `0-9` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortId(String);

/// The text is no port name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a port name; write 1 to 32 small letters, digits and hyphens, like shenzhen-bay")]
pub struct NotAPortId;

impl PortId {
    /// The name, such as `shenzhen-bay`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PortId {
    type Err = NotAPortId;

    fn from_str(text: &str) -> Result<Self, NotAPortId> {
        let fits = (1..=32).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits { Ok(Self(text.to_owned())) } else { Err(NotAPortId) }
    }
}

impl fmt::Display for PortId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// From one jurisdiction to another; the two always differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Direction {
    from: AuthorityCode,
    to: AuthorityCode,
}

impl Direction {
    /// The direction out of `from` into `to`; `None` where they are the same.
    #[must_use]
    pub fn new(from: AuthorityCode, to: AuthorityCode) -> Option<Self> {
        if from == to { None } else { Some(Self { from, to }) }
    }

    /// Where the traveller leaves.
    #[must_use]
    pub const fn from(self) -> AuthorityCode {
        self.from
    }

    /// Where the traveller enters.
    #[must_use]
    pub const fn to(self) -> AuthorityCode {
        self.to
    }

    /// The authority that judges this side of the crossing: the exit is the origin's, the entry the destination's.
    #[must_use]
    pub const fn authority(self, side: Side) -> AuthorityCode {
        match side {
            Side::Exit => self.from,
            Side::Entry => self.to,
        }
    }

    /// The side that `authority` judges; `None` where it stands at neither.
    #[must_use]
    pub fn side_of(self, authority: AuthorityCode) -> Option<Side> {
        if authority == self.from {
            Some(Side::Exit)
        } else if authority == self.to {
            Some(Side::Entry)
        } else {
            None
        }
    }

    /// The opposite direction.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self { from: self.to, to: self.from }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from, self.to)
    }
}

/// One of the two judgements on a crossing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, SerializeDisplay)]
pub enum Side {
    /// Leaving, judged by the origin's authority.
    Exit,
    /// Entering, judged by the destination's authority.
    Entry,
}

impl Side {
    /// `exit` or `entry`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exit => "exit",
            Self::Entry => "entry",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not the name of a side.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown side; write exit or entry")]
pub struct NotASide;

impl FromStr for Side {
    type Err = NotASide;

    fn from_str(text: &str) -> Result<Self, NotASide> {
        match text {
            "exit" => Ok(Self::Exit),
            "entry" => Ok(Self::Entry),
            _ => Err(NotASide),
        }
    }
}

/// What a lane asks of the traveller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LaneKind {
    /// A crossing code and a face.
    Code,
    /// A face alone ("no document shown").
    FaceOnly,
    /// An officer's counter.
    Manual,
    /// The document that each authority reads, and a face: for a traveller without a phone.
    Document,
}

impl LaneKind {
    /// `code`, `face_only`, `manual` or `document`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::FaceOnly => "face_only",
            Self::Manual => "manual",
            Self::Document => "document",
        }
    }
}

impl fmt::Display for LaneKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no kind of lane.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of lane; write code, face_only, manual or document")]
pub struct NotALaneKind;

impl FromStr for LaneKind {
    type Err = NotALaneKind;

    fn from_str(text: &str) -> Result<Self, NotALaneKind> {
        match text {
            "code" => Ok(Self::Code),
            "face_only" => Ok(Self::FaceOnly),
            "manual" => Ok(Self::Manual),
            "document" => Ok(Self::Document),
            _ => Err(NotALaneKind),
        }
    }
}
