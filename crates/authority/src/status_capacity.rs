//! Status capacity: which status lists a week has, and how large they grow.
//!
//! Lives here: the numbers of lists, their sizes, which of them are in use. Not here: drawing places (`status_places`), signing
//! (`status_lists`).

use credential::FIRST_STATUS_INDEX;
use documents::Timestamp;

/// Entries of the largest list that is read anywhere. A list of this size says that the next one of its week may be in use.
pub const LARGEST_LIST: u32 = 1 << 24;

/// How many status lists there are ([`status_list_numbers`]).
pub const STATUS_LISTS: u8 = 24;
/// How many of them one week has.
pub(crate) const STATUS_LISTS_A_WEEK: usize = 7;
/// Lists that are the first of a week in turn.
const FIRST_LISTS: i64 = 16;
/// How long a signed list may be used, in seconds.
pub(crate) const LIST_LIFE: i64 = 86_400;

/// The number of the first status list for tokens that end then: one a week, sixteen in turn.
#[must_use]
pub fn status_list_number(expires: Timestamp) -> u8 {
    let [first, ..] = status_list_numbers(expires);
    first
}

/// The numbers of all status lists for tokens that end then, in the order in which they are opened. Three weeks that follow
/// each other, which is as many as tokens of one moment end in, have none in common; after its week a list rests.
#[must_use]
pub fn status_list_numbers(expires: Timestamp) -> [u8; STATUS_LISTS_A_WEEK] {
    let week = expires.local_date().iso_week().monday().days_since_epoch() / 7;
    let turn = |step: i64| (week + step).rem_euclid(FIRST_LISTS);
    let more = FIRST_LISTS + 2 * week.rem_euclid(3);
    [turn(0), turn(3), turn(6), turn(9), turn(12), more, more + 1]
        .map(|number| u8::try_from(number).unwrap_or_default())
}

/// The status lists that are in use for tokens that end then: the first one, and each further one whose forerunner has the
/// largest size. `entries`: how many the list of this number has, as far as it is held.
pub fn status_lists_in_use(expires: Timestamp, entries: impl Fn(u8) -> usize) -> Vec<u8> {
    let mut numbers = Vec::new();
    for number in status_list_numbers(expires) {
        numbers.push(number);
        if u32::try_from(entries(number)).is_ok_and(|entries| entries < LARGEST_LIST) {
            break;
        }
    }
    numbers
}

/// How many status lists a week has, and the sizes that each of them goes through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusCapacity {
    sizes: Vec<u32>,
    lists: usize,
}

impl Default for StatusCapacity {
    /// Seven lists a week, each of 1,048,576 entries at first and of 16,777,216 at most.
    fn default() -> Self {
        Self { sizes: (20..=24).map(|bits| 1 << bits).collect(), lists: STATUS_LISTS_A_WEEK }
    }
}

impl StatusCapacity {
    /// So many lists a week, each with so many places at first, and then with more: for trials. At least one list of one
    /// place, at most what the form holds.
    #[must_use]
    pub fn with_places(lists: usize, places: impl IntoIterator<Item = u32>) -> Self {
        let entries = |places: u32| places.max(1).saturating_add(FIRST_STATUS_INDEX).min(LARGEST_LIST);
        let mut sizes: Vec<u32> = places.into_iter().map(entries).collect();
        sizes.sort_unstable();
        sizes.dedup();
        if sizes.is_empty() {
            sizes.push(LARGEST_LIST);
        }
        Self { sizes, lists: lists.clamp(1, STATUS_LISTS_A_WEEK) }
    }

    /// The lists for tokens that end then, in the order in which they are opened.
    pub(crate) fn lists(&self, expires: Timestamp) -> Vec<u8> {
        status_list_numbers(expires).into_iter().take(self.lists).collect()
    }

    /// Places of one week.
    #[must_use]
    pub fn places(&self) -> u64 {
        let places = u64::from(self.largest().saturating_sub(FIRST_STATUS_INDEX));
        places.saturating_mul(u64::try_from(self.lists).unwrap_or(u64::MAX))
    }

    pub(crate) fn largest(&self) -> u32 {
        self.sizes.last().copied().unwrap_or(LARGEST_LIST)
    }

    pub(crate) fn entries(&self, step: usize) -> u32 {
        self.sizes.get(step).copied().unwrap_or_else(|| self.largest())
    }

    /// Which of the sizes a list has whose last place in use is this one.
    pub(crate) fn step(&self, last: Option<u32>) -> usize {
        let last = last.unwrap_or(0);
        let found = self.sizes.iter().position(|entries| last < *entries);
        found.unwrap_or(self.sizes.len().saturating_sub(1))
    }

    pub(crate) fn is_last(&self, step: usize) -> bool {
        step.saturating_add(1) >= self.sizes.len()
    }

    /// Entries with which a list is signed whose last place in use is this one: a size larger than it has, so that whoever
    /// fetched it knows of places to come.
    pub(crate) fn signed_entries(&self, last: Option<u32>) -> u32 {
        let Some(last) = last else { return self.entries(0) };
        let step = self.step(Some(last));
        let next = if self.is_last(step) { LARGEST_LIST } else { self.entries(step + 1) };
        next.max(last.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_signed_a_size_larger_than_it_has_and_the_largest_says_that_another_follows() {
        let capacity = StatusCapacity::default();
        assert_eq!(capacity.places(), 7 * (16_777_216 - 65_536));
        for (last, entries) in [
            (None, 1 << 20),
            (Some(65_536), 1 << 21),
            (Some((1 << 20) - 1), 1 << 21),
            (Some(1 << 20), 1 << 22),
            (Some((1 << 23) - 1), 1 << 24),
            (Some(1 << 23), LARGEST_LIST),
            (Some(LARGEST_LIST - 1), LARGEST_LIST),
        ] {
            assert_eq!(capacity.signed_entries(last), entries, "{last:?}");
        }
        let small = StatusCapacity::with_places(2, [200, 100]);
        assert_eq!(small.signed_entries(Some(65_536 + 99)), 65_536 + 200);
        assert_eq!(small.signed_entries(Some(65_536 + 100)), LARGEST_LIST);
        assert_eq!(small.places(), 400);
    }

    #[test]
    fn lists_of_three_weeks_in_a_row_are_never_the_same() {
        let monday = Timestamp::from_unix(1_772_380_800).unwrap();
        let week = |n: i64| status_list_numbers(monday.plus_seconds(n * 7 * 86_400));
        for n in 0..60 {
            let three: std::collections::BTreeSet<u8> = (n..n + 3).flat_map(week).collect();
            assert_eq!(
                (three.len(), three.last().is_some_and(|last| *last < STATUS_LISTS)),
                (21, true),
                "{n}"
            );
            let [first, ..] = week(n);
            let [next, ..] = week(n + 1);
            assert_eq!(next, (first + 1) % 16, "sixteen in turn, as of old");
        }
    }
}
