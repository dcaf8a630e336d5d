//! Person: decaying counters, the last two crossings, and the habit of one person at one authority.
//!
//! Lives here: [`PersonState`], [`Crossing`]. Not here: devices (`device`), the rules that look at the signals (`rules`).

use credential::cbor::{CborError, Reader, Writer};
use documents::{Timestamp, redact_debug};

use super::decay::{Halving, log2_minutes};
use super::{Crossed, Journeys, Lately, day_of, read_time, read_u32, write_time};
use crate::facts::{Facts, NotAFact};
use crate::schema::Schema;

/// What one more crossing, failure or enrolment adds to a counter of thousandths.
const ONE: u32 = 1000;
/// Bands of the week: weekday or weekend, by four spans of six hours.
const BANDS: usize = 8;
/// Most crossings that are counted as known.
const MOST_KNOWN: u32 = 10_000;
/// A turn-around shorter than this is a short one, in minutes.
const SHORT_TURN: i64 = 60;
/// A week in minutes: the longest gap that a signal tells.
const LONGEST_GAP: i64 = 10_080;
/// The least deviation that is taken for a person's own: a quarter of an octave, in 4,096ths.
const LEAST_DEVIATION: i64 = 1024;
/// A new value weighs an eighth.
const EWMA: i64 = 8;
/// Devices that are told apart.
const DEVICES: usize = 8;

/// One crossing, as a person's state takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crossing {
    /// Where and when.
    pub crossed: Crossed,
    /// A keyed tag of the device: eight bytes of an HMAC under the authority's key.
    pub device: u64,
}

/// The state of one person at one authority. Its size does not depend on how many crossings there were.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonState {
    last: Option<Crossed>,
    before: Option<Crossed>,
    /// The time at which the counters below are true.
    as_of: Timestamp,
    today: u32,
    known: u32,
    week: u32,
    month: u32,
    short_turns: u32,
    port_changes: u32,
    face_failures: u32,
    code_failures: u32,
    enrolments: u32,
    /// The mean of gaps and their robust deviation, as binary logarithms of minutes in 4,096ths.
    gap: i64,
    deviation: i64,
    bands: [u32; BANDS],
    devices: Lately<DEVICES>,
}

redact_debug!(PersonState);

impl PersonState {
    /// A person of whom nothing is known yet.
    #[must_use]
    pub const fn new(now: Timestamp) -> Self {
        Self {
            last: None,
            before: None,
            as_of: now,
            today: 0,
            known: 0,
            week: 0,
            month: 0,
            short_turns: 0,
            port_changes: 0,
            face_failures: 0,
            code_failures: 0,
            enrolments: 0,
            gap: 0,
            deviation: 0,
            bands: [0; BANDS],
            devices: Lately::new(),
        }
    }

    /// The state as it is at `now`: counters decayed, nothing added.
    fn at(&self, now: Timestamp) -> Self {
        let mut state = self.clone();
        let left = |halving: Halving, value: u32| halving.left(value, self.as_of, now);
        state.week = left(Halving::WEEK, self.week);
        state.short_turns = left(Halving::WEEK, self.short_turns);
        state.port_changes = left(Halving::WEEK, self.port_changes);
        state.month = left(Halving::MONTH, self.month);
        state.enrolments = left(Halving::MONTH, self.enrolments);
        state.face_failures = left(Halving::HOUR, self.face_failures);
        state.code_failures = left(Halving::HOUR, self.code_failures);
        state.bands = self.bands.map(|band| left(Halving::MONTH, band));
        if day_of(now) != day_of(self.as_of) {
            state.today = 0;
        }
        state.as_of = self.as_of.max(now);
        state
    }

    /// A face comparison failed.
    #[must_use]
    pub fn face_failed(&self, now: Timestamp) -> Self {
        let mut state = self.at(now);
        state.face_failures = state.face_failures.saturating_add(ONE);
        state
    }

    /// A code of this person was refused.
    #[must_use]
    pub fn code_failed(&self, now: Timestamp) -> Self {
        let mut state = self.at(now);
        state.code_failures = state.code_failures.saturating_add(ONE);
        state
    }

    /// A wallet was enrolled for this person.
    #[must_use]
    pub fn enrolled(&self, now: Timestamp) -> Self {
        let mut state = self.at(now);
        state.enrolments = state.enrolments.saturating_add(ONE);
        state
    }

    /// The state after a crossing.
    #[must_use]
    pub fn crossed(&self, crossing: &Crossing) -> Self {
        let now = crossing.crossed.at;
        let mut state = self.at(now);
        let add = |value: &mut u32| *value = value.saturating_add(ONE);
        add(&mut state.week);
        add(&mut state.month);
        state.today = state.today.saturating_add(1);
        state.known = state.known.saturating_add(1).min(MOST_KNOWN);
        if let Some(band) = state.bands.get_mut(band_of(now)) {
            add(band);
        }
        if let Some(last) = &self.last {
            let gap = minutes_between(last, &crossing.crossed);
            if gap < SHORT_TURN {
                add(&mut state.short_turns);
            }
            if last.port != crossing.crossed.port {
                add(&mut state.port_changes);
            }
            state.learn_gap(gap);
        }
        state.devices.note(crossing.device, day_of(now), true);
        state.go_past(crossing.crossed.clone());
        state
    }

    /// Puts a crossing among the last two, in order of time: of an earlier one may be told later.
    fn go_past(&mut self, crossed: Crossed) {
        match self.last.take() {
            Some(last) if last.at > crossed.at => {
                let before = self.before.take().filter(|before| before.at > crossed.at);
                self.before = Some(before.unwrap_or(crossed));
                self.last = Some(last);
            }
            last => {
                self.before = last;
                self.last = Some(crossed);
            }
        }
    }

    fn learn_gap(&mut self, minutes: i64) {
        let gap = log2_minutes(u32::try_from(minutes).unwrap_or(0));
        if self.before.is_none() {
            // The first gap is the mean; an octave is a cautious deviation.
            (self.gap, self.deviation) = (gap, 4096);
            return;
        }
        let off = (gap - self.gap).abs();
        // One outlier moves the deviation no further than four of it: the robust form.
        let off = off.min(4 * self.deviation.max(LEAST_DEVIATION));
        self.deviation += (off - self.deviation).div_euclid(EWMA);
        self.gap += (gap - self.gap).div_euclid(EWMA);
    }

    /// Puts the signals of a crossing that is asked about, before it is added. The history is the person's own.
    ///
    /// # Errors
    /// [`NotAFact`] where the schema lacks a signal of a person's state.
    pub fn signals(
        &self,
        crossing: &Crossing,
        journeys: &Journeys<'_>,
        schema: &Schema,
        facts: &mut Facts,
    ) -> Result<(), NotAFact> {
        let now = &crossing.crossed;
        let state = self.at(now.at);
        let mut devices = state.devices.clone();
        devices.note(crossing.device, day_of(now.at), true);
        let mut put = |name: &str, value: i64| facts.clamped(schema, name, value).map(drop);
        put("face_failures_hour", rounded(state.face_failures))?;
        put("code_failures_hour", rounded(state.code_failures))?;
        put("re_enrolments_month", rounded(state.enrolments))?;
        put("devices_of_person_month", devices.count(|_| true))?;
        put("crossings_today", i64::from(state.today) + 1)?;
        put("crossings_week", i64::from(state.week) + i64::from(ONE))?;
        put("crossings_month", i64::from(state.month) + i64::from(ONE))?;
        put("short_turns_week", i64::from(state.short_turns))?;
        put("port_changes_week", i64::from(state.port_changes))?;
        put("known_crossings", i64::from(state.known))?;
        put("usual_hour_share", state.share_of(band_of(now.at)))?;
        let last = self.last.as_ref();
        put(
            "turn_around_minutes",
            last.map_or(LONGEST_GAP, |last| minutes_between(last, now).min(LONGEST_GAP)),
        )?;
        put("gap_change", last.map_or(0, |last| state.gap_change(minutes_between(last, now))))?;
        put("journey_short_minutes", last.map_or(0, |last| journeys.short_minutes(last, now)))?;
        let twice = last.is_some_and(|last| last.direction == now.direction);
        facts.flag(schema, "same_direction_twice", twice).map(drop)
    }

    /// How far a gap lies from the person's own, in thousandths of their own deviation; 0 before there are two gaps.
    fn gap_change(&self, minutes: i64) -> i64 {
        if self.before.is_none() {
            return 0;
        }
        let off = (log2_minutes(u32::try_from(minutes).unwrap_or(0)) - self.gap).abs();
        off * 1000 / self.deviation.max(LEAST_DEVIATION)
    }

    /// The share of the person's crossings in a band, in thousandths; all of it where nothing is known.
    fn share_of(&self, band: usize) -> i64 {
        let total: u64 = self.bands.iter().copied().map(u64::from).sum();
        let here = self.bands.get(band).copied().map_or(0, u64::from);
        (here * 1000).checked_div(total).and_then(|share| i64::try_from(share).ok()).unwrap_or(1000)
    }

    /// The deterministic form.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(384);
        w.array(16);
        Crossed::write(self.last.as_ref(), &mut w);
        Crossed::write(self.before.as_ref(), &mut w);
        write_time(&mut w, self.as_of);
        for counter in self.counters() {
            w.uint(u64::from(counter));
        }
        w.int(self.gap).int(self.deviation).array(BANDS);
        for band in self.bands {
            w.uint(u64::from(band));
        }
        self.devices.write(&mut w);
        w.finish()
    }

    const fn counters(&self) -> [u32; 9] {
        [
            self.today,
            self.known,
            self.week,
            self.month,
            self.short_turns,
            self.port_changes,
            self.face_failures,
            self.code_failures,
            self.enrolments,
        ]
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
        r.array_exact(16)?;
        let (last, before) = (Crossed::read(&mut r)?, Crossed::read(&mut r)?);
        if last.is_none() && before.is_some() {
            return Err(CborError::Unexpected);
        }
        let as_of = read_time(&mut r)?;
        let mut counters = [0; 9];
        for counter in &mut counters {
            *counter = read_u32(&mut r)?;
        }
        let [today, known, week, month, short_turns, port_changes, face_failures, code_failures, enrolments] =
            counters;
        let (gap, deviation) = (read_log(&mut r)?, read_log(&mut r)?);
        r.array_exact(BANDS)?;
        let mut bands = [0; BANDS];
        for band in &mut bands {
            *band = read_u32(&mut r)?;
        }
        let devices = Lately::read(&mut r)?;
        r.finish()?;
        if known > MOST_KNOWN {
            return Err(CborError::Limit);
        }
        Ok(Self {
            last,
            before,
            as_of,
            today,
            known,
            week,
            month,
            short_turns,
            port_changes,
            face_failures,
            code_failures,
            enrolments,
            gap,
            deviation,
            bands,
            devices,
        })
    }
}

/// A logarithm of minutes, or a deviation of them: no more than 32 octaves.
fn read_log(r: &mut Reader<'_>) -> Result<i64, CborError> {
    let value = r.int()?;
    if (0..=32 * 4096).contains(&value) { Ok(value) } else { Err(CborError::Limit) }
}

/// A counter of thousandths as whole events.
fn rounded(thousandths: u32) -> i64 {
    (i64::from(thousandths) + i64::from(ONE) / 2) / i64::from(ONE)
}

fn minutes_between(before: &Crossed, now: &Crossed) -> i64 {
    now.at.seconds_since(before.at).max(0) / 60
}

fn band_of(at: Timestamp) -> usize {
    // 1 January 1970 was a Thursday; Saturday and Sunday are days 2 and 3 from there.
    let weekend = (2..=3).contains(&at.local_date().days_since_epoch().rem_euclid(7));
    usize::from(at.local_minute_of_day() / 360) + if weekend { BANDS / 2 } else { 0 }
}
