//! Time: instants in whole seconds, and local dates at UTC+8.
//!
//! Lives here: `Timestamp`, `LocalDate`, `IsoWeek`. Not here: any clock. All three places keep UTC+8
//! without summer time (specs/ports), so a local date follows from an instant alone; days are counted
//! on dates, never by subtracting instants.

use std::fmt;
use std::str::FromStr;

use jiff::civil;
use serde_with::{DeserializeFromStr, SerializeDisplay};

/// Seconds from UTC to the local time of all three places.
const LOCAL_OFFSET_SECONDS: i64 = 8 * 3600;

/// A point in time in whole seconds since 1970-01-01T00:00:00Z, in the years 1970 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, SerializeDisplay, DeserializeFromStr)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The latest instant that can be expressed: 9998-12-31T23:59:59Z.
    pub const MAX: Self = Self(253_370_764_799);

    /// The instant `seconds` after the epoch; `None` outside the years 1970 to 9998.
    #[must_use]
    pub const fn from_unix(seconds: i64) -> Option<Self> {
        if seconds < 0 || seconds > Self::MAX.0 { None } else { Some(Self(seconds)) }
    }

    /// Seconds since the epoch, never negative.
    #[must_use]
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// The instant `seconds` later (earlier when negative), kept within the years 1970 to 9998.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds).clamp(0, Self::MAX.0))
    }

    /// Whole seconds from `earlier` to this instant; negative when it lies before.
    #[must_use]
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// The local date (UTC+8) that holds this instant.
    #[must_use]
    pub fn local_date(self) -> LocalDate {
        LocalDate(self.local_datetime().date())
    }

    /// Minutes since local midnight, 0 to 1439.
    #[must_use]
    pub fn local_minute_of_day(self) -> u16 {
        let minutes = (self.0 + LOCAL_OFFSET_SECONDS).rem_euclid(86_400) / 60;
        u16::try_from(minutes).unwrap_or(0)
    }

    /// The local wall time (UTC+8).
    fn local_datetime(self) -> civil::DateTime {
        let shifted =
            jiff::Timestamp::from_second(self.0 + LOCAL_OFFSET_SECONDS).unwrap_or(jiff::Timestamp::MAX);
        jiff::tz::Offset::UTC.to_datetime(shifted)
    }
}

/// RFC 3339 with the local offset, e.g. `2026-03-02T10:00:00+08:00`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = self.local_datetime();
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}+08:00",
            t.year(),
            t.month(),
            t.day(),
            t.hour(),
            t.minute(),
            t.second()
        )
    }
}

/// The text is no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a time; write it like 2026-03-02T10:00:00+08:00 (RFC 3339, offset included)")]
pub struct NotATime;

impl FromStr for Timestamp {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let instant: jiff::Timestamp = text.trim().parse().map_err(|_| NotATime)?;
        Self::from_unix(instant.as_second()).ok_or(NotATime)
    }
}

/// A calendar day as the three places count it (UTC+8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, SerializeDisplay, DeserializeFromStr)]
pub struct LocalDate(civil::Date);

impl LocalDate {
    /// The day with these numbers; `None` where the calendar has none or outside the years 1800 to 9998.
    #[must_use]
    pub fn new(year: i16, month: i8, day: i8) -> Option<Self> {
        if !(1800..=9998).contains(&year) {
            return None;
        }
        civil::Date::new(year, month, day).ok().map(Self)
    }

    /// Year, month and day.
    #[must_use]
    pub fn ymd(self) -> (i16, i8, i8) {
        (self.0.year(), self.0.month(), self.0.day())
    }

    /// The day `days` later (earlier when negative), kept within the calendar.
    #[must_use]
    pub fn plus_days(self, days: i32) -> Self {
        Self(self.0.saturating_add(jiff::Span::new().days(days)))
    }

    /// The same day `months` later, the last day of the month where it has no such day.
    #[must_use]
    pub fn plus_months(self, months: i32) -> Self {
        Self(self.0.saturating_add(jiff::Span::new().months(months)))
    }

    /// Whole days from `earlier` to this day; negative when it lies before.
    #[must_use]
    pub fn days_since(self, earlier: Self) -> i32 {
        (self.0 - earlier.0).get_days()
    }

    /// Whole years from this birth date to `on`: the age that the law counts on that day.
    #[must_use]
    pub fn age_on(self, on: Self) -> i16 {
        let had_birthday = (on.0.month(), on.0.day()) >= (self.0.month(), self.0.day());
        on.0.year() - self.0.year() - i16::from(!had_birthday)
    }

    /// The instant at which this day begins (00:00 at UTC+8); the epoch for days before 1970-01-02.
    #[must_use]
    pub fn start(self) -> Timestamp {
        Timestamp((self.days_since_epoch() * 86_400 - LOCAL_OFFSET_SECONDS).clamp(0, Timestamp::MAX.0))
    }

    /// The instant `minutes` after the day began.
    #[must_use]
    pub fn at_minute(self, minutes: u16) -> Timestamp {
        self.start().plus_seconds(i64::from(minutes) * 60)
    }

    /// The ISO 8601 week that holds this day (Monday to Sunday).
    #[must_use]
    pub fn iso_week(self) -> IsoWeek {
        let week = self.0.iso_week_date();
        IsoWeek { year: week.year(), week: week.week() }
    }

    /// Days since 1970-01-01; negative before.
    #[must_use]
    pub fn days_since_epoch(self) -> i64 {
        i64::from(self.days_since(Self(civil::Date::constant(1970, 1, 1))))
    }

    /// The day `days` after 1970-01-01; `None` outside the years 1800 to 9998.
    #[must_use]
    pub fn from_days_since_epoch(days: i64) -> Option<Self> {
        let days = i32::try_from(days).ok().filter(|d| (-63_000..=2_932_000).contains(d))?;
        let (year, month, day) = Self(civil::Date::constant(1970, 1, 1)).plus_days(days).ymd();
        Self::new(year, month, day)
    }
}

/// ISO 8601, e.g. `2026-03-02`.
impl fmt::Display for LocalDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

/// The text is no date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a date; write it like 2026-03-02")]
pub struct NotADate;

impl FromStr for LocalDate {
    type Err = NotADate;

    fn from_str(text: &str) -> Result<Self, NotADate> {
        let mut fields = text.split('-');
        let (Some(year), Some(month), Some(day), None) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err(NotADate);
        };
        let digits =
            |field: &str, len: usize| field.len() == len && field.bytes().all(|b| b.is_ascii_digit());
        if !(digits(year, 4) && digits(month, 2) && digits(day, 2)) {
            return Err(NotADate);
        }
        let number = |field: &str| field.parse::<i16>().map_err(|_| NotADate);
        let small = |field: &str| number(field).and_then(|n| i8::try_from(n).map_err(|_| NotADate));
        Self::new(number(year)?, small(month)?, small(day)?).ok_or(NotADate)
    }
}

/// An ISO 8601 week at UTC+8: the unit in which part keys change and weekly endorsements count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IsoWeek {
    year: i16,
    week: i8,
}

impl IsoWeek {
    /// Week `week` (1 to 53) of the ISO year `year`; `None` where that year has no such week.
    #[must_use]
    pub fn new(year: i16, week: i8) -> Option<Self> {
        if !(1970..=9998).contains(&year) {
            return None;
        }
        civil::ISOWeekDate::new(year, week, civil::Weekday::Monday).ok().map(|_| Self { year, week })
    }

    /// ISO year and week number.
    #[must_use]
    pub const fn year_week(self) -> (i16, i8) {
        (self.year, self.week)
    }

    /// The Monday on which the week begins.
    #[must_use]
    pub fn monday(self) -> LocalDate {
        civil::ISOWeekDate::new(self.year, self.week, civil::Weekday::Monday)
            .map_or(LocalDate(civil::Date::constant(1970, 1, 1)), |w| LocalDate(w.date()))
    }

    /// The week `weeks` later (earlier when negative).
    #[must_use]
    pub fn plus_weeks(self, weeks: i32) -> Self {
        self.monday().plus_days(weeks.saturating_mul(7)).iso_week()
    }
}

/// ISO 8601, e.g. `2026-W10`.
impl fmt::Display for IsoWeek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-W{:02}", self.year, self.week)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_date_is_that_of_utc_plus_eight() {
        let late: Timestamp = "2026-03-09T16:10:00Z".parse().unwrap();
        assert_eq!(late.local_date().to_string(), "2026-03-10");
        assert_eq!(late.to_string(), "2026-03-10T00:10:00+08:00");
        assert_eq!(late.local_minute_of_day(), 10);
    }

    #[test]
    fn a_day_begins_at_local_midnight() {
        let day: LocalDate = "2026-03-10".parse().unwrap();
        assert_eq!(day.start().to_string(), "2026-03-10T00:00:00+08:00");
        assert_eq!(day.start().plus_seconds(-1).local_date().to_string(), "2026-03-09");
        assert_eq!(LocalDate::from_days_since_epoch(day.days_since_epoch()), Some(day));
    }

    #[test]
    fn dates_and_times_are_refused_for_what_is_wrong_with_them() {
        for text in ["2026-02-30", "2026-3-2", "20260302", "", "2026-03-02-01", "+026-03-02", "1799-01-01"] {
            assert!(text.parse::<LocalDate>().is_err(), "{text}");
        }
        for text in ["2026-03-02", "2026-03-02T10:00:00", "yesterday", "1969-12-31T23:59:59Z"] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn weeks_run_from_monday_to_sunday_and_cross_the_year() {
        let week = |d: &str| d.parse::<LocalDate>().unwrap().iso_week();
        assert_eq!(week("2026-03-02"), week("2026-03-08"));
        assert_ne!(week("2026-03-08"), week("2026-03-09"));
        assert_eq!(week("2027-01-03"), week("2026-12-28"));
        assert_eq!(week("2026-12-28").plus_weeks(1).to_string(), "2027-W01");
        assert_eq!(week("2026-03-04").monday().to_string(), "2026-03-02");
    }

    #[test]
    fn age_changes_on_the_birthday() {
        let born: LocalDate = "2012-03-02".parse().unwrap();
        assert_eq!(born.age_on("2026-03-01".parse().unwrap()), 13);
        assert_eq!(born.age_on("2026-03-02".parse().unwrap()), 14);
    }
}
