//! `baypass bench risk`: one crossing under 200 rules, and what a person's history costs.
//!
//! Lives here: the measurement. Not here: what is measured (`risk`).
//!
//! One crossing is what an authority would do for it: read the person's state, put its signals, ask 200 rules, choose a measure, and write
//! the state that follows. A person with one crossing behind them and one with 10,000 take turns, so that whatever else the machine does
//! disturbs both alike. The same two through a database are `history`'s.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use documents::{AuthorityCode, Direction, PortId, Rules, Timestamp};
use evaluate::median;
use gate::{Stopwatch, SystemStopwatch};
use risk::engine::CelEngine;
use risk::ladder::{Doubts, Means, choose};
use risk::rules::{RuleSet, generated_rules};
use risk::schema::Schema;
use risk::state::{Crossed, Crossing, Journeys, PersonState};
use risk::visit::MOST_ATTEMPTS;
use risk::{Facts, Judging, Policy, judge};
use serde::Serialize;

use super::history::through_database;
use super::{Setup, rounded};
use crate::Ended;
use crate::command::Output;
use crate::failure::{self, Failure};

/// Rules in the set that is measured.
const RULES: usize = 200;
/// What one crossing may take at the 99th percentile, in milliseconds.
const P99_BAR_MS: f64 = 1.0;
/// What a long history may cost more than a short one.
const RATIO_BAR: f64 = 1.1;
/// Past crossings of the person with a long history.
const PAST: i64 = 10_000;
const WARM_UP: usize = 200;
const ROUNDS: usize = 4_000;

#[derive(Serialize)]
struct RiskReport {
    rules: usize,
    compile_ms: f64,
    rounds: usize,
    p50_ms: f64,
    p99_ms: f64,
    p99_bar_ms: f64,
    /// The same while every core has a thread that computes without end; no bar.
    busy_p50_ms: f64,
    busy_p99_ms: f64,
    one_past_ms: f64,
    many_past_ms: f64,
    past_crossings: i64,
    state_bytes: [usize; 2],
    ratio: f64,
    ratio_bar: f64,
    /// Verdict and passage over a SQLite file, after one crossing and after many.
    database_one_past_ms: f64,
    database_many_past_ms: f64,
    database_ratio: f64,
    p99_holds: bool,
    ratio_holds: bool,
    database_ratio_holds: bool,
    holds: bool,
}

/// What `bench risk` takes.
#[derive(Args)]
pub struct RiskArgs {
    #[command(flatten)]
    output: Output,
}

/// Runs `bench risk`.
pub async fn run(args: &RiskArgs, models: &Path) -> Result<Ended, Failure> {
    let database = through_database(u32::try_from(PAST).unwrap_or(u32::MAX), models).await?;
    let report = report(database).map_err(|error| Failure::of(&*error))?;
    if args.output.json {
        failure::print_json(&report)?;
    } else {
        failure::print(&report.page())?;
    }
    Ok(if report.holds { Ended::Done } else { Ended::BarMissed })
}

impl RiskReport {
    fn page(&self) -> String {
        format!(
            "one crossing under {} rules: p50 {} ms, p99 {} ms (bar {} ms: {}); with every core busy p50 {} ms, p99 {} ms\n\
             after 1 crossing {} ms, after {} crossings {} ms: ratio {} (bar {}: {}); state of {} and {} bytes\n\
             verdict and passage over SQLite: after 1 crossing {} ms, after {} crossings {} ms: ratio {} (bar {}: {})\n\
             compiled in {} ms; {} rounds: {}\n",
            self.rules,
            self.p50_ms,
            self.p99_ms,
            self.p99_bar_ms,
            word(self.p99_holds),
            self.busy_p50_ms,
            self.busy_p99_ms,
            self.one_past_ms,
            self.past_crossings,
            self.many_past_ms,
            self.ratio,
            self.ratio_bar,
            word(self.ratio_holds),
            self.state_bytes[0],
            self.state_bytes[1],
            self.database_one_past_ms,
            self.past_crossings,
            self.database_many_past_ms,
            self.database_ratio,
            self.ratio_bar,
            word(self.database_ratio_holds),
            self.compile_ms,
            self.rounds,
            word(self.holds),
        )
    }
}

const fn word(holds: bool) -> &'static str {
    if holds { "holds" } else { "missed" }
}

fn report([database_one, database_many]: [f64; 2]) -> Setup<RiskReport> {
    let watch = SystemStopwatch::start();
    let (schema, documents) = (Schema::builtin()?, Rules::builtin()?);
    let text = generated_rules(&schema, RULES);
    let began = watch.millis();
    let rules = RuleSet::read("generated.toml", &text, &schema, &CelEngine::new())?;
    let compile_ms = watch.millis() - began;
    let lane = Bench { schema, documents, rules, policy: Policy::builtin()?, none: BTreeSet::new() };
    let now = Timestamp::from_unix(1_800_000_000).ok_or("no such time")?;
    let states = [history(1, now)?, history(PAST, now)?];
    let next = crossing(PAST, now)?;

    let idle = lane.series(&states, &next, &watch)?;
    let stop = AtomicBool::new(false);
    let busy = std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let mut number = 1_u64;
                while !stop.load(Ordering::Relaxed) {
                    number = black_box(number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(7));
                }
            });
        }
        let busy = lane.series(&states, &next, &watch);
        stop.store(true, Ordering::Relaxed);
        busy
    })?;

    let [one, many] = &idle;
    let (one_past_ms, many_past_ms) = (median(one.clone()), median(many.clone()));
    let ratio = many_past_ms / one_past_ms;
    let all: Vec<f64> = idle.concat();
    let p99_ms = percentile(&all, 99);
    let loaded: Vec<f64> = busy.concat();
    let database_ratio = database_many / database_one;
    let (p99_holds, ratio_holds) = (p99_ms <= P99_BAR_MS, ratio <= RATIO_BAR);
    let database_ratio_holds = database_ratio <= RATIO_BAR;
    Ok(RiskReport {
        rules: lane.rules.rules().len(),
        compile_ms: rounded(compile_ms),
        rounds: all.len(),
        p50_ms: rounded(percentile(&all, 50)),
        p99_ms: rounded(p99_ms),
        p99_bar_ms: P99_BAR_MS,
        busy_p50_ms: rounded(percentile(&loaded, 50)),
        busy_p99_ms: rounded(percentile(&loaded, 99)),
        one_past_ms: rounded(one_past_ms),
        many_past_ms: rounded(many_past_ms),
        past_crossings: PAST,
        state_bytes: [states[0].len(), states[1].len()],
        ratio: rounded(ratio),
        ratio_bar: RATIO_BAR,
        database_one_past_ms: rounded(database_one),
        database_many_past_ms: rounded(database_many),
        database_ratio: rounded(database_ratio),
        p99_holds,
        ratio_holds,
        database_ratio_holds,
        holds: p99_holds && ratio_holds && database_ratio_holds,
    })
}

/// The crossing number `step` of somebody who goes over three ports.
fn crossing(step: i64, start: Timestamp) -> Setup<Crossing> {
    let ports = ["luohu", "futian", "shenzhen-bay"];
    let port: PortId = ports.get(usize::try_from(step)? % ports.len()).ok_or("no port")?.parse()?;
    let (from, to) = if step % 2 == 0 {
        (AuthorityCode::Hkg, AuthorityCode::Chn)
    } else {
        (AuthorityCode::Chn, AuthorityCode::Hkg)
    };
    let direction = Direction::new(from, to).ok_or("origin and destination are the same")?;
    let at = start.plus_seconds(step * 7200);
    Ok(Crossing { crossed: Crossed { port, direction, at }, device: 1 })
}

/// The state after so many crossings, as an authority keeps it.
fn history(past: i64, start: Timestamp) -> Setup<Vec<u8>> {
    let mut state = PersonState::new(start);
    for step in PAST - past..PAST {
        state = state.crossed(&crossing(step, start)?);
    }
    Ok(state.encode())
}

struct Bench {
    schema: Schema,
    documents: Rules,
    rules: RuleSet,
    policy: Policy,
    none: BTreeSet<risk::RuleId>,
}

impl Bench {
    /// The times of each state's crossings, in milliseconds.
    fn series(
        &self,
        states: &[Vec<u8>; 2],
        next: &Crossing,
        watch: &SystemStopwatch,
    ) -> Setup<[Vec<f64>; 2]> {
        let mut times = [Vec::with_capacity(ROUNDS), Vec::with_capacity(ROUNDS)];
        for round in 0..WARM_UP + ROUNDS {
            for (state, times) in states.iter().zip(&mut times) {
                let began = watch.millis();
                black_box(self.one(black_box(state), next, watch)?);
                let took = watch.millis() - began;
                if round >= WARM_UP {
                    times.push(took);
                }
            }
        }
        Ok(times)
    }

    /// One crossing, as an authority would do it.
    fn one(&self, state: &[u8], next: &Crossing, watch: &SystemStopwatch) -> Setup<Vec<u8>> {
        let began = watch.millis();
        let state = PersonState::decode(state)?;
        let mut facts = Facts::usual(&self.schema);
        let journeys = Journeys::new(&self.documents, next.crossed.at.local_date());
        state.signals(next, &journeys, &self.schema, &mut facts)?;
        let judging =
            Judging { schema: &self.schema, policy: self.policy, in_shadow: &self.none, on_trial: false };
        let findings = judge(&self.rules, &facts, &judging, &mut || whole_millis(watch.millis() - began));
        black_box(choose(&Doubts::new(findings.doubts()), Means::ALL, MOST_ATTEMPTS));
        Ok(state.crossed(next).encode())
    }
}

/// Whole milliseconds; what is longer than 65 s is as long as that.
fn whole_millis(millis: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range")]
    let whole = millis.clamp(0.0, 65_535.0) as u32;
    whole
}

/// The value below which so many hundredths lie.
fn percentile(values: &[f64], hundredths: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
        .get((sorted.len() * hundredths / 100).min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}
