//! Venues: the name of a place with a desk, and what somebody does there.
//!
//! Lives here: `VenueId`, `Scenario`. Not here: which venues exist (data files), what a desk may ask (`trust`).

use std::fmt;
use std::str::FromStr;

/// A venue's stable name: 3 to 40 of `a-z`, `0-9` and `-`, with a letter or digit at both ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VenueId(String);

/// The text is no venue name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a venue name; write 3 to 40 small letters, digits and hyphens, with a letter or digit at both ends, \
     like hotel-lisboa"
)]
pub struct NotAVenueId;

impl VenueId {
    /// The name, such as `hotel-lisboa`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for VenueId {
    type Err = NotAVenueId;

    fn from_str(text: &str) -> Result<Self, NotAVenueId> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let fits = (3..=40).contains(&text.len())
            && text.bytes().all(|b| plain(b) || b == b'-')
            && text.bytes().next().is_some_and(plain)
            && text.bytes().next_back().is_some_and(plain);
        if fits { Ok(Self(text.to_owned())) } else { Err(NotAVenueId) }
    }
}

impl fmt::Display for VenueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the pass is shown for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scenario {
    /// Crossing a border, at a port.
    BorderCrossing,
    /// Entering a building as a visitor.
    BuildingVisit,
    /// Checking in at a hotel.
    HotelCheckIn,
    /// Opening an account at a library.
    LibraryAccount,
}

impl Scenario {
    /// Every scenario.
    pub const ALL: [Self; 4] =
        [Self::BorderCrossing, Self::BuildingVisit, Self::HotelCheckIn, Self::LibraryAccount];

    /// The name, such as `hotel-check-in`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BorderCrossing => "border-crossing",
            Self::BuildingVisit => "building-visit",
            Self::HotelCheckIn => "hotel-check-in",
            Self::LibraryAccount => "library-account",
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no scenario.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown scenario; write border-crossing, building-visit, hotel-check-in or library-account")]
pub struct NotAScenario;

impl FromStr for Scenario {
    type Err = NotAScenario;

    fn from_str(text: &str) -> Result<Self, NotAScenario> {
        Self::ALL.into_iter().find(|scenario| scenario.as_str() == text).ok_or(NotAScenario)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_venue_name_is_3_to_40_small_letters_digits_and_hyphens_with_none_of_these_at_its_ends() {
        let longest = "a".repeat(40);
        for name in ["abc", "hotel-1", "1-a", "a--b", longest.as_str()] {
            assert_eq!(name.parse::<VenueId>().map(|id| id.to_string()), Ok(name.to_owned()));
        }
        let long = "a".repeat(41);
        for none in ["", "ab", "-ab", "ab-", "---", "Abc", "a_b", "a b", "a/b", "酒店酒店", long.as_str()]
        {
            assert_eq!(none.parse::<VenueId>(), Err(NotAVenueId), "{none}");
        }
    }

    #[test]
    fn every_scenario_has_a_name_of_its_own_and_no_other_text_names_one() {
        for scenario in Scenario::ALL {
            assert_eq!(scenario.as_str().parse(), Ok(scenario));
        }
        for none in ["", "border", "Hotel-check-in", "hotel_check_in", "venue"] {
            assert_eq!(none.parse::<Scenario>(), Err(NotAScenario), "{none}");
        }
    }
}
