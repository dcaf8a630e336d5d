//! Evacuation: who is inside now, by zone, for paper and phone; who is safe, who is missing, who needs help on stairs.
//!
//! Lives here: [`EvacuationList`]. Not here: how a mark is kept (`super::Visit::mark`). It is made from the desk's own book and needs
//! no network. Staff whom the desk does not know are counted by hand.

use std::collections::BTreeMap;

use documents::{Timestamp, redact_debug};

use super::{BadgeNumber, Presence, RollMark, Visit, VisitId, Zone};

/// A print counts for so long.
pub const PRINT_SECONDS: i64 = 300;

/// One person inside.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// The visit, for marks.
    pub visit: VisitId,
    /// The name, or the badge's number where none was released.
    pub name: String,
    /// The number on the badge.
    pub badge: BadgeNumber,
    /// Who is visited: whom to ask.
    pub host: String,
    /// Whether the person said so: needs help on stairs.
    pub needs_help: bool,
    /// What a warden said.
    pub mark: Option<RollMark>,
}
redact_debug!(Person);

/// Staff of a zone, counted by hand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StaffCount {
    /// Who should be there, by the warden's own list.
    pub expected: u16,
    /// Who stands at the assembly point.
    pub safe: u16,
}

/// The list at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvacuationList {
    at: Timestamp,
    exercise: bool,
    zones: BTreeMap<Zone, Vec<Person>>,
    staff: BTreeMap<Zone, StaffCount>,
}

/// The figures of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Everybody, staff included.
    pub people: usize,
    /// Marked or counted as safe.
    pub safe: usize,
    /// Marked as missing.
    pub missing: usize,
    /// Neither: to be looked for as well.
    pub unaccounted: usize,
    /// Who needs help on stairs and is not safe.
    pub need_help: usize,
}

impl EvacuationList {
    /// The list of these visits at `now`. `exercise` stands on every line that is printed.
    #[must_use]
    pub fn new<'v>(
        visits: impl IntoIterator<Item = (VisitId, &'v Visit)>,
        exercise: bool,
        now: Timestamp,
    ) -> Self {
        let mut zones: BTreeMap<Zone, Vec<Person>> = BTreeMap::new();
        for (id, visit) in visits {
            let Presence::Inside { badge, zone, mark, .. } = &visit.presence else { continue };
            let person = Person {
                visit: id,
                name: visit.name().map_or_else(|| format!("badge {badge}"), str::to_owned),
                badge: *badge,
                host: visit.plan.host.as_str().to_owned(),
                needs_help: visit.visitor.as_ref().is_some_and(|visitor| visitor.needs_help),
                mark: mark.clone(),
            };
            zones.entry(zone.clone()).or_default().push(person);
        }
        for people in zones.values_mut() {
            // Who needs help comes first, for whoever goes back in.
            people.sort_by(|a, b| (!a.needs_help, &a.name, a.visit).cmp(&(!b.needs_help, &b.name, b.visit)));
        }
        Self { at: now, exercise, zones, staff: BTreeMap::new() }
    }

    /// Notes the staff of a zone, counted by hand. More safe than expected is taken as it is: people come from elsewhere.
    pub fn count_staff(&mut self, zone: Zone, count: StaffCount) {
        self.staff.insert(zone, count);
    }

    /// Who is inside, by zone.
    pub fn zones(&self) -> impl Iterator<Item = (&Zone, &[Person])> {
        self.zones.iter().map(|(zone, people)| (zone, people.as_slice()))
    }

    /// Whether a print of it is too old to go by.
    #[must_use]
    pub const fn is_stale(&self, now: Timestamp) -> bool {
        now.seconds_since(self.at) > PRINT_SECONDS
    }

    /// The figures.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for person in self.zones.values().flatten() {
            let safe = person.mark.as_ref().map(|mark| mark.safe);
            summary.people += 1;
            match safe {
                Some(true) => summary.safe += 1,
                Some(false) => summary.missing += 1,
                None => summary.unaccounted += 1,
            }
            summary.need_help += usize::from(person.needs_help && safe != Some(true));
        }
        for count in self.staff.values() {
            let safe = count.safe.min(count.expected);
            summary.people += usize::from(count.expected);
            summary.safe += usize::from(safe);
            summary.unaccounted += usize::from(count.expected - safe);
        }
        summary
    }

    /// The list as lines for paper: a box to tick for each person.
    #[must_use]
    pub fn print(&self) -> Vec<String> {
        let Summary { people, safe, missing, unaccounted, need_help } = self.summary();
        let title = if self.exercise { "EXERCISE - EVACUATION LIST - EXERCISE" } else { "EVACUATION LIST" };
        let mut lines = vec![
            format!("{title} {}", self.at),
            format!(
                "people {people}, safe {safe}, missing {missing}, not accounted for {unaccounted}, need help {need_help}"
            ),
        ];
        let mut zones: Vec<&Zone> = self.zones.keys().chain(self.staff.keys()).collect();
        zones.sort();
        zones.dedup();
        for zone in zones {
            let people = self.zones.get(zone).map(Vec::as_slice).unwrap_or_default();
            lines.push(format!("== {} ({})", zone.as_str(), people.len()));
            for person in people {
                let tick = match person.mark.as_ref().map(|mark| mark.safe) {
                    Some(true) => "[safe]   ",
                    Some(false) => "[MISSING]",
                    None => "[      ] ",
                };
                let help = if person.needs_help { " - NEEDS HELP ON STAIRS" } else { "" };
                lines.push(format!("{tick} {} (host {}){help}", person.name, person.host));
            }
            match self.staff.get(zone) {
                Some(StaffCount { expected, safe }) => {
                    lines.push(format!("staff: {safe} of {expected} safe"));
                }
                None => lines.push("staff: ____ of ____ safe".to_owned()),
            }
        }
        lines
    }
}
