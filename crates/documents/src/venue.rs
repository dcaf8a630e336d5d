//! Venues: the name of a hotel, building or library, and the scenario in which a pass is shown.
//!
//! Lives here: `VenueId`, `Scenario`. Not here: what a desk may ask there (`trust`), and what it asks
//! (`credential::venue`).

use std::fmt;
use std::str::FromStr;

use serde_with::{DeserializeFromStr, SerializeDisplay};

/// Fewest characters of a venue's id.
const MIN_VENUE_ID: usize = 3;
/// Most characters of a venue's id: it stands in every answer to that venue's requests.
const MAX_VENUE_ID: usize = 40;

/// The id of a venue, such as `harbour-hotel-zhuhai`: it names a hotel, a building or a library in approvals, requests and
/// answers, and is never given to another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, SerializeDisplay, DeserializeFromStr)]
pub struct VenueId(String);

impl VenueId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VenueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is no id of a venue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a venue's id; write 3 to 40 of a-z, 0-9 and '-', with a letter or digit first and last, like harbour-hotel"
)]
pub struct NotAVenueId;

impl FromStr for VenueId {
    type Err = NotAVenueId;

    fn from_str(text: &str) -> Result<Self, NotAVenueId> {
        let letter = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let bytes = text.as_bytes();
        let ends = bytes.first().is_some_and(letter) && bytes.last().is_some_and(letter);
        let length = (MIN_VENUE_ID..=MAX_VENUE_ID).contains(&bytes.len());
        if length && ends && bytes.iter().all(|b| letter(b) || *b == b'-') {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAVenueId)
        }
    }
}

/// What a pass is shown for. Its text stands in approvals and requests and is never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, SerializeDisplay, DeserializeFromStr)]
pub enum Scenario {
    /// Crossing between two of the three places, at a port.
    BorderCrossing,
    /// A visit to a building.
    BuildingVisit,
    /// A guest's arrival at a hotel.
    HotelCheckIn,
    /// A reader's account at a library.
    LibraryAccount,
}

impl Scenario {
    /// Every scenario.
    pub const ALL: [Self; 4] =
        [Self::BorderCrossing, Self::BuildingVisit, Self::HotelCheckIn, Self::LibraryAccount];

    /// The text, such as `hotel-check-in`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BorderCrossing => "border-crossing",
            Self::BuildingVisit => "building-visit",
            Self::HotelCheckIn => "hotel-check-in",
            Self::LibraryAccount => "library-account",
        }
    }

    /// Whether it takes place at a venue's desk; otherwise at a port.
    #[must_use]
    pub const fn is_at_venue(self) -> bool {
        match self {
            Self::BorderCrossing => false,
            Self::BuildingVisit | Self::HotelCheckIn | Self::LibraryAccount => true,
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
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or(NotAScenario)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_venue_id_has_3_to_40_small_letters_digits_and_hyphens_between_letters_or_digits() {
        let forty = "a".repeat(40);
        for good in ["abc", "a-1", "harbour-hotel-zhuhai", "7days", "a--b", &forty] {
            assert_eq!(good.parse::<VenueId>().map(|id| id.to_string()), Ok(good.to_owned()), "row {good}");
        }
        let forty_one = "a".repeat(41);
        let rows = [
            "", "ab", &forty_one, "-abc", "abc-", "Hotel", "a b c", "a_b", "hôtel", "酒店", "a.b.c", "abc\n",
        ];
        for bad in rows {
            assert_eq!(bad.parse::<VenueId>(), Err(NotAVenueId), "row {bad:?}");
        }
    }

    #[test]
    fn a_scenario_is_read_from_its_own_text_alone() {
        for scenario in Scenario::ALL {
            assert_eq!(scenario.to_string().parse(), Ok(scenario));
            assert_eq!(scenario.is_at_venue(), scenario != Scenario::BorderCrossing);
        }
        for bad in ["", "hotel", "HOTEL-CHECK-IN", "hotel-check-in "] {
            assert_eq!(bad.parse::<Scenario>(), Err(NotAScenario), "row {bad:?}");
        }
    }
}
