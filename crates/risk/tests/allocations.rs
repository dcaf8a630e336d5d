//! Allocations: what one crossing takes of the heap does not grow with the crossings before it.
//!
//! A program of its own: the counter sees every allocation of the process.

#![expect(clippy::unwrap_used, reason = "a failing helper fails the test that called it")]

use std::alloc::System;
use std::collections::BTreeSet;

use documents::{AuthorityCode, Direction, Rules, Timestamp};
use risk::engine::CelEngine;
use risk::ladder::{Doubts, Means, choose};
use risk::rules::RuleSet;
use risk::schema::Schema;
use risk::state::{Crossed, Crossing, Journeys, PersonState};
use risk::visit::MOST_ATTEMPTS;
use risk::{Facts, Judging, Policy, judge};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The crossing number `step` of somebody who goes and comes back twice a day.
fn crossing(step: i64) -> Crossing {
    let (from, to) = if step % 2 == 0 {
        (AuthorityCode::Chn, AuthorityCode::Hkg)
    } else {
        (AuthorityCode::Hkg, AuthorityCode::Chn)
    };
    let at = Timestamp::from_unix(1_300_000_000).unwrap().plus_seconds(step * 43_200);
    let crossed =
        Crossed { port: "luohu".parse().unwrap(), direction: Direction::new(from, to).unwrap(), at };
    Crossing { crossed, device: 1 }
}

/// What one crossing allocates after so many others: how often, and how many bytes; and what the rules found.
fn allocated(
    past: i64,
    (schema, documents): (&Schema, &Rules),
    rules: &RuleSet,
) -> ((usize, usize), risk::Findings) {
    let mut state = PersonState::new(crossing(0).crossed.at);
    for step in 10_000 - past..10_000 {
        state = state.crossed(&crossing(step));
    }
    let (state, next, none) = (state.encode(), crossing(10_000), BTreeSet::new());
    let policy = Policy::builtin().unwrap();
    let one = || {
        let state = PersonState::decode(&state).unwrap();
        let mut facts = Facts::usual(schema);
        let journeys = Journeys::new(documents, next.crossed.at.local_date());
        state.signals(&next, &journeys, schema, &mut facts).unwrap();
        let judging = Judging { schema, policy, in_shadow: &none, on_trial: false };
        let findings = judge(rules, &facts, &judging, &mut || 0);
        std::hint::black_box(choose(&Doubts::new(findings.doubts()), Means::ALL, MOST_ATTEMPTS));
        (state.crossed(&next).encode(), findings)
    };
    // The first builds what is built once.
    one();
    let region = Region::new(COUNTED);
    let (_, findings) = one();
    let change = region.change();
    ((change.allocations, change.bytes_allocated), findings)
}

#[test]
fn a_crossing_allocates_as_much_after_ten_thousand_others_as_after_a_hundred() {
    let (schema, documents) = (Schema::builtin().unwrap(), Rules::builtin().unwrap());
    let rules = RuleSet::builtin(&schema, &CelEngine::new()).unwrap();
    let of = |past| allocated(past, (&schema, &documents), &rules);
    let (many, found) = of(10_000);
    assert!(many.0 > 0 && many.1 > 0, "the counter counts");
    for past in [100, 1_000] {
        let (few, found_of_few) = of(past);
        assert_eq!(found_of_few, found, "{past}: the same rules hold, so what is found takes as much");
        assert_eq!(few, many, "after {past} crossings and after 10,000");
    }
}
