//! Desk binding: the venue, of which kind, and the scenarios for which a desk's key counts.
//!
//! Lives here: [`DeskBinding`], [`VenueKind`], and why a request lies outside of one. Not here: what an approval allows (`desk`).

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use credential::cbor::{CborError, Reader, Writer};
use documents::{Scenario, VenueId};

use crate::ascending::ascending;

/// A kind of venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VenueKind {
    /// A building with a visitors' register.
    Building,
    /// A hotel.
    Hotel,
    /// A library.
    Library,
}

/// The text names no kind of venue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of venue; write building, hotel or library")]
pub struct NotAVenueKind;

impl VenueKind {
    /// Every kind, in order of their numbers in a list.
    pub const ALL: [Self; 3] = [Self::Building, Self::Hotel, Self::Library];

    /// `building`, `hotel` or `library`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Hotel => "hotel",
            Self::Library => "library",
        }
    }

    /// The one scenario of such a venue (docs/venues.md, Approvals).
    #[must_use]
    pub const fn scenario(self) -> Scenario {
        match self {
            Self::Building => Scenario::BuildingVisit,
            Self::Hotel => Scenario::HotelCheckIn,
            Self::Library => Scenario::LibraryAccount,
        }
    }

    /// Whether a venue of this kind may have the scenario: its own, and visitors, whom every house has.
    #[must_use]
    pub fn suits(self, scenario: Scenario) -> bool {
        scenario == self.scenario() || scenario == Scenario::BuildingVisit
    }
}

impl fmt::Display for VenueKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for VenueKind {
    type Err = NotAVenueKind;

    fn from_str(text: &str) -> Result<Self, NotAVenueKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(NotAVenueKind)
    }
}

/// The venue and scenarios for which a desk's key counts, as its authority lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskBinding {
    venue: VenueId,
    kind: VenueKind,
    scenarios: BTreeSet<Scenario>,
}

/// What of a request or receipt lies outside of its desk's binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutsideDesk {
    /// Another venue.
    #[error("the desk's key is listed for another venue; ask staff for a code of this desk")]
    Venue,
    /// A scenario that this kind of venue never has.
    #[error("a venue of this kind has no such scenario; ask staff which desk does this")]
    Kind,
    /// A scenario for which the key is not listed.
    #[error("the desk's key is not listed for this scenario; its operator asks the authority to list it")]
    Scenario,
}

impl OutsideDesk {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Venue => "desk_of_another_venue",
            Self::Kind => "scenario_of_another_kind",
            Self::Scenario => "scenario_not_listed",
        }
    }
}

impl DeskBinding {
    /// A binding; `None` without any scenario, or with one that this kind of venue never has.
    #[must_use]
    pub fn new(
        venue: VenueId,
        kind: VenueKind,
        scenarios: impl IntoIterator<Item = Scenario>,
    ) -> Option<Self> {
        let scenarios: BTreeSet<_> = scenarios.into_iter().collect();
        let fits = !scenarios.is_empty() && scenarios.iter().all(|scenario| kind.suits(*scenario));
        fits.then_some(Self { venue, kind, scenarios })
    }

    /// The venue.
    #[must_use]
    pub const fn venue(&self) -> &VenueId {
        &self.venue
    }

    /// The kind of venue.
    #[must_use]
    pub const fn kind(&self) -> VenueKind {
        self.kind
    }

    /// The scenarios, in order.
    pub fn scenarios(&self) -> impl Iterator<Item = Scenario> {
        self.scenarios.iter().copied()
    }

    /// Whether a request of this venue in this scenario is the desk's to make.
    ///
    /// # Errors
    /// The first thing about it for which the key is not listed.
    pub fn check(&self, venue: &VenueId, scenario: Scenario) -> Result<(), OutsideDesk> {
        if self.venue != *venue {
            Err(OutsideDesk::Venue)
        } else if !self.kind.suits(scenario) {
            Err(OutsideDesk::Kind)
        } else if !self.scenarios.contains(&scenario) {
            Err(OutsideDesk::Scenario)
        } else {
            Ok(())
        }
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        let kind = match self.kind {
            VenueKind::Building => 0,
            VenueKind::Hotel => 1,
            VenueKind::Library => 2,
        };
        w.array(3).text(self.venue.as_str()).uint(kind).array(self.scenarios.len());
        for scenario in &self.scenarios {
            w.text(scenario.as_str());
        }
    }

    /// Reads a binding: scenarios stand in the order of [`Scenario`], none twice, so that a binding has one form.
    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        r.array_exact(3)?;
        let venue = r.text(40)?.parse().map_err(|_| CborError::Unexpected)?;
        let kind = usize::try_from(r.uint()?).ok().and_then(|n| VenueKind::ALL.get(n).copied());
        let mut scenarios = BTreeSet::new();
        for _ in 0..r.array(Scenario::ALL.len())? {
            ascending(&mut scenarios, r.text(64)?.parse().map_err(|_| CborError::Unexpected)?)?;
        }
        Self::new(venue, kind.ok_or(CborError::Unexpected)?, scenarios).ok_or(CborError::Limit)
    }
}
