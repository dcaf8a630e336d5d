//! Journeys: the least minutes between two ports, from the one table of travel times (`crates/documents/data/travel_times.csv`, each row
//! with its source). Low on purpose: a journey may raise a doubt, never refuse.
//!
//! Lives here: [`Journeys`]. Not here: the table.

use documents::{AuthorityCode, LocalDate, Rules};

use super::Crossed;

/// The table as it holds on a day.
#[derive(Debug, Clone, Copy)]
pub struct Journeys<'r> {
    rules: &'r Rules,
    day: LocalDate,
}

impl<'r> Journeys<'r> {
    /// The table of `rules` on `day`.
    #[must_use]
    pub const fn new(rules: &'r Rules, day: LocalDate) -> Self {
        Self { rules, day }
    }

    /// The least minutes that lie between two crossings; `None` where no path joins the ports. Who comes back where they went went
    /// through the jurisdiction between; where a crossing is missing, the quicker way counts.
    #[must_use]
    pub fn least_minutes(&self, before: &Crossed, now: &Crossed) -> Option<u32> {
        let by =
            |side: AuthorityCode| self.rules.minutes_between_ports(side, &before.port, &now.port, self.day);
        if before.direction.to() == now.direction.from() {
            return by(before.direction.to());
        }
        AuthorityCode::ALL.iter().filter_map(|side| by(*side)).min()
    }

    /// By how many minutes the crossings lie closer together than the journey takes; 0 where they do not, or where nothing is known.
    #[must_use]
    pub fn short_minutes(&self, before: &Crossed, now: &Crossed) -> i64 {
        let Some(least) = self.least_minutes(before, now) else { return 0 };
        // A minute that has begun counts as gone.
        let gone = (now.at.seconds_since(before.at).max(0) + 59) / 60;
        (i64::from(least) - gone).max(0)
    }
}
