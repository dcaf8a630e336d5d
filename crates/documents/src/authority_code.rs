//! Authorities: the three jurisdictions whose services share the lanes.
//!
//! Lives here: `AuthorityCode` and sets of it. Not here: what an authority does (crate `authority`).

use std::fmt;
use std::str::FromStr;

use serde_with::{DeserializeFromStr, SerializeDisplay};

/// One jurisdiction's border and identity service (ISO 3166-1 alpha-3).
///
/// The order of the variants is the order of their codes; formats that list things "in order of
/// authority code" rely on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, SerializeDisplay, DeserializeFromStr)]
pub enum AuthorityCode {
    /// The mainland: National Immigration Administration.
    Chn,
    /// Hong Kong: Immigration Department.
    Hkg,
    /// Macao: Public Security Police Force.
    Mac,
}

impl AuthorityCode {
    /// All authorities, in order of their codes.
    pub const ALL: [Self; 3] = [Self::Chn, Self::Hkg, Self::Mac];

    /// The ISO 3166-1 alpha-3 code: `CHN`, `HKG` or `MAC`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Chn => "CHN",
            Self::Hkg => "HKG",
            Self::Mac => "MAC",
        }
    }

    /// The ISO 3166-1 alpha-2 code: `CN`, `HK` or `MO`.
    #[must_use]
    pub const fn country(self) -> &'static str {
        match self {
            Self::Chn => "CN",
            Self::Hkg => "HK",
            Self::Mac => "MO",
        }
    }

    /// Whether this is one of the two special administrative regions.
    #[must_use]
    pub const fn is_sar(self) -> bool {
        match self {
            Self::Chn => false,
            Self::Hkg | Self::Mac => true,
        }
    }
}

impl fmt::Display for AuthorityCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The text is not the code of an authority.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown authority; write CHN, HKG or MAC")]
pub struct UnknownAuthority;

impl FromStr for AuthorityCode {
    type Err = UnknownAuthority;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|a| a.code().eq_ignore_ascii_case(text)).ok_or(UnknownAuthority)
    }
}
