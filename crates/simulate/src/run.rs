//! Run: day after day, from plans to queues to lanes; parts of the people in threads, each with its own.
//!
//! Lives here: [`simulate`], [`Ran`]. Not here: what it rests on (`inputs`), rates and the page (`report`). The same seed gives the same result for any
//! number of threads.

use std::collections::BTreeSet;

use credential::SecretKey;
use risk::RuleId;
use risk::rules::RuleSet;

use crate::arrival::Arrival;
use crate::cases::{Case, draw_cases};
use crate::chance::Chance;
use crate::crossing::{Bay, Kept, LaneEvent, Out, cross};
use crate::fault::DataFault;
use crate::inputs::{Inputs, Settings};
use crate::lanes::LaneBook;
use crate::places::Places;
use crate::plan::plan_day;
use crate::population::{Drawing, Shard, populate, purpose};
use crate::queue::queue;
use crate::report::{Report, report};
use crate::tally::Tally;

/// A run that has ended.
#[derive(Debug)]
pub struct Ran {
    /// What was measured.
    pub report: Report,
    /// The judgements of the day that was to be kept, in one order.
    pub kept: Vec<Kept>,
}

/// Runs a simulation; `day_done` is called after each day.
///
/// # Errors
/// [`DataFault`] where the scenario wants more people than there are.
pub fn simulate(inputs: &Inputs, settings: &Settings, day_done: &mut dyn FnMut()) -> Result<Ran, DataFault> {
    let places = Places::new(&inputs.documents, settings.start, settings.residents);
    let drawing = Drawing {
        rules: &inputs.documents,
        places: &places,
        habits: &inputs.habits,
        tables: &inputs.tables,
        seed: settings.seed,
        start: settings.start,
        days: settings.days,
    };
    let mut shards = populate(&drawing, settings.residents);
    let mut cases = draw_cases(&drawing, &inputs.scenario, &shards)?;
    let bay = bay(inputs, &drawing);
    let rules = inputs.rules.as_ref().map_or(0, |set| set.rules().len());
    let mut tallies: Vec<Tally> =
        shards.iter().map(|_| Tally::new(rules, inputs.scenario.kinds.len())).collect();
    let mut book = LaneBook::default();
    let mut kept = Vec::new();
    let mut longest_wait = 0;
    for day in 0..settings.days {
        let mut arrivals = planned(inputs, &drawing, (&mut shards, &mut cases), settings.threads, day);
        longest_wait = longest_wait.max(queue(&mut arrivals, &places, &inputs.tables, (settings.seed, day)));
        let keep = settings.keep == Some(day);
        let done =
            crossed(&bay, (&mut shards, &mut cases, &mut tallies), arrivals, (settings.threads, day, keep));
        let mut events: Vec<LaneEvent> = Vec::new();
        for part in done {
            events.extend(part.lanes);
            kept.extend(part.kept);
        }
        // Stable: attempts of one second keep the order of the parts.
        events.sort_by_key(|event| event.at);
        book.day(&bay, &events);
        day_done();
    }
    book.tell(&mut cases);
    let mut tally = Tally::new(rules, inputs.scenario.kinds.len());
    tallies.iter().for_each(|part| tally.join(part));
    tally.longest_wait = longest_wait;
    Ok(Ran { report: report(inputs, settings, &tally, (&shards, &cases), book.counts()), kept })
}

fn bay<'a>(inputs: &'a Inputs, drawing: &'a Drawing<'a>) -> Bay<'a> {
    let face = inputs.schema.find("face_margin");
    let set = inputs.rules.as_ref();
    let reads_face = set
        .into_iter()
        .flat_map(RuleSet::rules)
        .map(|rule| face.is_some_and(|face| rule.reads().contains(&face)));
    let key = |number: u64| {
        let mut chance = Chance::new(drawing.seed, purpose::KEY, number, 0);
        let mut bytes = [0; 32];
        for (slot, byte) in bytes.iter_mut().zip((0..4).flat_map(|_| chance.bits().to_be_bytes())) {
            *slot = byte;
        }
        SecretKey::from_bytes(bytes)
    };
    Bay {
        drawing,
        rules: &inputs.documents,
        schema: &inputs.schema,
        set,
        policy: inputs.policy,
        none_in_shadow: BTreeSet::<RuleId>::new(),
        scenario: &inputs.scenario,
        reads_face: reads_face.collect(),
        keys: [key(0), key(1), key(2)],
    }
}

/// The day's plans of all parts, in one order.
fn planned(
    inputs: &Inputs,
    drawing: &Drawing<'_>,
    (shards, cases): (&mut [Shard], &mut [Vec<Case>]),
    threads: usize,
    day: u32,
) -> Vec<Arrival> {
    let parts: Vec<_> = shards.iter_mut().zip(cases.iter_mut()).enumerate().collect();
    let plans = in_threads(parts, threads, |(at, (shard, cases))| {
        plan_day(drawing, (&inputs.calendar, &inputs.scenario), (at, shard), cases, day)
    });
    plans.into_iter().flatten().collect()
}

#[derive(Default)]
struct Done {
    lanes: Vec<LaneEvent>,
    kept: Vec<Kept>,
}

/// The day's crossings of all parts.
fn crossed(
    bay: &Bay<'_>,
    (shards, cases, tallies): (&mut [Shard], &mut [Vec<Case>], &mut [Tally]),
    arrivals: Vec<Arrival>,
    (threads, day, keep): (usize, u32, bool),
) -> Vec<Done> {
    let mut of_part: Vec<Vec<Arrival>> = shards.iter().map(|_| Vec::new()).collect();
    for arrival in arrivals {
        if let Some(part) = of_part.get_mut(arrival.shard) {
            part.push(arrival);
        }
    }
    let week = usize::try_from(day / 7).unwrap_or(0);
    let parts: Vec<_> = shards.iter_mut().zip(cases).zip(tallies).zip(of_part).collect();
    in_threads(parts, threads, |(((shard, cases), tally), arrivals)| {
        let mut done = Done::default();
        for arrival in &arrivals {
            let kept = keep.then_some(&mut done.kept);
            let mut out = Out { tally, lanes: &mut done.lanes, kept, week };
            cross(bay, shard, cases, arrival, &mut out);
        }
        done
    })
}

/// Does every part's work, several at a time; results come in the order of the parts.
fn in_threads<T: Send, R: Send>(parts: Vec<T>, threads: usize, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let threads = threads.clamp(1, 64);
    if threads == 1 {
        return parts.into_iter().map(work).collect();
    }
    let mut hands: Vec<Vec<(usize, T)>> = (0..threads).map(|_| Vec::new()).collect();
    for (at, part) in parts.into_iter().enumerate() {
        if let Some(hand) = hands.get_mut(at % threads) {
            hand.push((at, part));
        }
    }
    let work = &work;
    let mut results: Vec<(usize, R)> = std::thread::scope(|scope| {
        let running: Vec<_> = hands
            .into_iter()
            .map(|hand| {
                scope.spawn(move || hand.into_iter().map(|(at, part)| (at, work(part))).collect::<Vec<_>>())
            })
            .collect();
        running
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}
