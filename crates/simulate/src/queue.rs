//! Queue: who stands at which lane and when, by the lanes that a port has.
//!
//! Lives here: [`queue`]. Not here: how many lanes there are (`places`). A traveller takes the lane that is free first; who came later waits.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use documents::Direction;

use crate::arrival::Arrival;
use crate::chance::Chance;
use crate::places::Places;
use crate::population::purpose;
use crate::tables::Tables;

/// Serves a day's arrivals in the order of time: `at` and `lane` become those at which each is served. Gives the longest wait in seconds.
pub(crate) fn queue(
    arrivals: &mut [Arrival],
    places: &Places<'_>,
    tables: &Tables,
    (seed, day): (u64, u32),
) -> i64 {
    let mut chance = Chance::new(seed, purpose::QUEUE, 0, u64::from(day));
    let mut waiting: BinaryHeap<Reverse<(i64, usize)>> =
        arrivals.iter().enumerate().map(|(number, arrival)| Reverse((arrival.at, number))).collect();
    let mut free: BTreeMap<(usize, Direction), Vec<i64>> = BTreeMap::new();
    let mut late: BTreeMap<(usize, usize, Option<usize>), i64> = BTreeMap::new();
    let mut longest = 0;
    while let Some(Reverse((at, number))) = waiting.pop() {
        let Some(arrival) = arrivals.get_mut(number) else { continue };
        // Who waited on the way out comes back as much later: nobody stands at two ports.
        let body = (arrival.shard, arrival.person, if arrival.own { None } else { arrival.case });
        let earliest = arrival.at + late.get(&body).copied().unwrap_or(0);
        if at < earliest {
            waiting.push(Reverse((earliest, number)));
            continue;
        }
        let lanes = places.get(arrival.place).map_or(1, |place| place.lanes);
        let free = free.entry((arrival.place, arrival.direction)).or_insert_with(|| vec![i64::MIN; lanes]);
        let lane = match arrival.lane {
            Some(lane) => lane % lanes.max(1),
            None => free.iter().enumerate().min_by_key(|(_, at)| **at).map_or(0, |(lane, _)| lane),
        };
        let took = tables.draw("lane_seconds", &mut chance);
        if let Some(slot) = free.get_mut(lane) {
            let served = at.max(*slot);
            longest = longest.max(served - at);
            *slot = served + took;
            late.insert(body, served - arrival.at);
            (arrival.at, arrival.lane) = (served, Some(lane));
        }
    }
    arrivals.sort_by_key(|arrival| (arrival.at, arrival.shard, arrival.person));
    longest
}
