//! Lane: what is usual at a lane in each hour of the day, and this hour beside it. About the machine and its staff.
//!
//! Lives here: [`LaneState`], [`LaneTry`]. Not here: travellers; a lane's state holds nothing of any.

use credential::cbor::{CborError, Reader, Writer};
use documents::Timestamp;

use super::{read_time, read_u32, write_time};
use crate::facts::{Facts, NotAFact};
use crate::schema::Schema;

const HOURS: usize = 24;
/// The rates are in millionths.
const ALL: u64 = 1_000_000;
/// A rate below this is not told from it: one in a thousand.
const LEAST_RATE: u64 = 1000;
/// An hour's rate weighs an eighth.
const EWMA: i64 = 8;
/// An hour with fewer attempts teaches nothing.
const FEWEST: u32 = 10;

/// What one attempt at a lane was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneTry {
    /// It ended in a failure.
    pub failed: bool,
    /// An officer overrode a verdict.
    pub overridden: bool,
}

/// Failures and overrides by hour of the day, and those of the hour that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneState {
    since: Timestamp,
    attempts: u32,
    failures: u32,
    overrides: u32,
    usual_failures: [Option<u32>; HOURS],
    usual_overrides: [Option<u32>; HOURS],
}

impl LaneState {
    /// A lane of which nothing is known yet.
    #[must_use]
    pub const fn new(now: Timestamp) -> Self {
        Self {
            since: now,
            attempts: 0,
            failures: 0,
            overrides: 0,
            usual_failures: [None; HOURS],
            usual_overrides: [None; HOURS],
        }
    }

    /// The state after an attempt.
    #[must_use]
    pub fn tried(&self, one: LaneTry, now: Timestamp) -> Self {
        let mut state = self.clone();
        if now.unix() / 3600 != self.hour() {
            state = state.hour_ends(now);
        }
        state.attempts = state.attempts.saturating_add(1);
        state.failures = state.failures.saturating_add(u32::from(one.failed));
        state.overrides = state.overrides.saturating_add(u32::from(one.overridden));
        state
    }

    /// The hour that runs, in hours since 1970: whoever keeps the state writes it when this changes.
    #[must_use]
    pub const fn hour(&self) -> i64 {
        self.since.unix() / 3600
    }

    fn hour_ends(mut self, now: Timestamp) -> Self {
        if self.attempts >= FEWEST {
            let hour = hour_of(self.since);
            learn(self.usual_failures.get_mut(hour), rate(self.failures, self.attempts));
            learn(self.usual_overrides.get_mut(hour), rate(self.overrides, self.attempts));
        }
        (self.since, self.attempts, self.failures, self.overrides) = (now, 0, 0, 0);
        self
    }

    /// Puts the lane's signals.
    ///
    /// # Errors
    /// [`NotAFact`] where the schema lacks a signal of a lane's state.
    pub fn signals(&self, now: Timestamp, schema: &Schema, facts: &mut Facts) -> Result<(), NotAFact> {
        let runs = now.unix() / 3600 == self.hour();
        let attempts = if runs { self.attempts } else { 0 };
        let hour = hour_of(now);
        let above = |count: u32, usual: Option<&Option<u32>>| {
            // An hour that is not known yet, or has hardly begun, is usual.
            let Some(Some(usual)) = usual.filter(|_| attempts >= FEWEST) else { return 1000 };
            let above = u64::from(rate(count, attempts)) * 1000 / u64::from(*usual).max(LEAST_RATE);
            i64::try_from(above).unwrap_or(i64::MAX)
        };
        facts.clamped(schema, "lane_attempts_hour", i64::from(attempts))?;
        facts.clamped(
            schema,
            "lane_failures_above_usual",
            above(self.failures, self.usual_failures.get(hour)),
        )?;
        facts.clamped(
            schema,
            "lane_overrides_above_usual",
            above(self.overrides, self.usual_overrides.get(hour)),
        )?;
        Ok(())
    }

    /// The deterministic form.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(320);
        w.array(6);
        write_time(&mut w, self.since);
        w.uint(u64::from(self.attempts)).uint(u64::from(self.failures)).uint(u64::from(self.overrides));
        for table in [&self.usual_failures, &self.usual_overrides] {
            w.array(HOURS);
            for rate in table {
                match rate {
                    Some(rate) => w.uint(u64::from(*rate)),
                    None => w.null(),
                };
            }
        }
        w.finish()
    }

    /// Reads the deterministic form.
    ///
    /// # Errors
    /// [`CborError`] for the first malformed item.
    pub fn decode(bytes: &[u8]) -> Result<Self, CborError> {
        if bytes.len() > super::MAX_STATE {
            return Err(CborError::Limit);
        }
        let mut r = Reader::new(bytes);
        r.array_exact(6)?;
        let state = Self {
            since: read_time(&mut r)?,
            attempts: read_u32(&mut r)?,
            failures: read_u32(&mut r)?,
            overrides: read_u32(&mut r)?,
            usual_failures: read_table(&mut r)?,
            usual_overrides: read_table(&mut r)?,
        };
        r.finish()?;
        if state.failures.max(state.overrides) > state.attempts {
            return Err(CborError::Unexpected);
        }
        Ok(state)
    }
}

fn read_table(r: &mut Reader<'_>) -> Result<[Option<u32>; HOURS], CborError> {
    r.array_exact(HOURS)?;
    let mut table = [None; HOURS];
    for rate in &mut table {
        if !r.null_here()? {
            *rate = Some(u32::try_from(r.uint_max(ALL)?).map_err(|_| CborError::Limit)?);
        }
    }
    Ok(table)
}

fn rate(count: u32, attempts: u32) -> u32 {
    u32::try_from(u64::from(count) * ALL / u64::from(attempts.max(1))).unwrap_or(u32::MAX)
}

fn learn(usual: Option<&mut Option<u32>>, rate: u32) {
    let Some(usual) = usual else { return };
    *usual = Some(match *usual {
        Some(before) => {
            let moved = i64::from(before) + (i64::from(rate) - i64::from(before)).div_euclid(EWMA);
            u32::try_from(moved).unwrap_or(0)
        }
        None => rate,
    });
}

fn hour_of(at: Timestamp) -> usize {
    usize::from(at.local_minute_of_day() / 60)
}
