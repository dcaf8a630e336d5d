//! The car in which somebody crosses: its plates and city, and what its own scheme answers.
//!
//! Lives here: `Vehicle`, `Plates`, `VehicleAnswer`. Not here: which schemes there are (`rules`, vehicles.csv), and the
//! people in the car, whose documents are judged as on foot.

use std::fmt;
use std::str::FromStr;

use crate::{AuthorityCode, LocalDate};

/// Where a car is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Plates {
    /// Guangdong.
    Guangdong,
    /// Hong Kong.
    HongKong,
    /// Macao.
    Macao,
}

impl Plates {
    const ALL: [Self; 3] = [Self::Guangdong, Self::HongKong, Self::Macao];

    /// `guangdong`, `hongkong` or `macao`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Guangdong => "guangdong",
            Self::HongKong => "hongkong",
            Self::Macao => "macao",
        }
    }

    /// The jurisdiction to which the car goes home.
    #[must_use]
    pub const fn home(self) -> AuthorityCode {
        match self {
            Self::Guangdong => AuthorityCode::Chn,
            Self::HongKong => AuthorityCode::Hkg,
            Self::Macao => AuthorityCode::Mac,
        }
    }
}

/// The text names no plates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown plates; write guangdong, hongkong or macao")]
pub struct NotPlates;

impl FromStr for Plates {
    type Err = NotPlates;

    fn from_str(text: &str) -> Result<Self, NotPlates> {
        Self::ALL.into_iter().find(|plates| plates.as_str() == text).ok_or(NotPlates)
    }
}

impl fmt::Display for Plates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A car with a right of its own to keep to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vehicle {
    /// Where it is registered.
    pub plates: Plates,
    /// The city of its registration in small letters (`zhuhai`); `None`: not said, and then not asked.
    pub city: Option<String>,
}

/// Why a car may not take a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VehicleReason {
    /// No scheme admits cars with these plates by this port on that day.
    NoScheme,
    /// The scheme does not yet admit cars of that city.
    City,
}

impl VehicleReason {
    /// `no_scheme` or `city`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoScheme => "no_scheme",
            Self::City => "city",
        }
    }
}

/// What the car's own scheme answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VehicleAnswer {
    /// The car may cross.
    Open {
        /// The scheme's id.
        scheme: String,
        /// The last day on which the car may stay; `None` where its scheme sets none.
        last_day: Option<LocalDate>,
    },
    /// The car goes home.
    Homeward,
    /// The car may not take this way.
    Refused(VehicleReason),
}
