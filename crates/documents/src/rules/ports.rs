//! Ports: names, modes, hours, sites, each record with its dates.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::table::{between, rows};
use super::{Mark, RulesError, Switches};
use crate::{AuthorityCode, Direction, LaneKind, LocalDate, Means, PortId, Timestamp};

const FILE: &str = "ports.toml";

/// How the two authorities of a port stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// Two halls, two lanes, two passages.
    Separate,
    /// Both halls in one building; still two lanes.
    Colocated,
    /// One lane, both verdicts.
    Joint,
}

impl Mode {
    /// `separate`, `colocated` or `joint`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Separate => "separate",
            Self::Colocated => "colocated",
            Self::Joint => "joint",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::Separate, Self::Colocated, Self::Joint].into_iter().find(|m| m.as_str() == text)
    }
}

/// When passengers are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hours {
    /// From one minute of the day to another; past 1440 into the next morning.
    Daily {
        /// First minute of service, counted from local midnight (UTC+8), 0 to 1439.
        open: u16,
        /// First minute after service, counted from the same midnight, up to 2880.
        close: u16,
    },
    /// Whenever a sailing or flight goes.
    Timetable,
    /// The port serves no passengers.
    Closed,
}

impl Hours {
    /// From midnight to midnight.
    pub const ALL_DAY: Self = Self::Daily { open: 0, close: 1440 };

    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "24h" => Some(Self::ALL_DAY),
            "timetable" => Some(Self::Timetable),
            "closed" => Some(Self::Closed),
            span => {
                let (open, close) = span.split_once('-')?;
                let minute = |t: &str| {
                    let (h, m) = t.split_once(':')?;
                    let (h, m): (u16, u16) = (h.parse().ok()?, m.parse().ok()?);
                    (h <= 48 && m < 60 && t.len() == 5).then_some(h * 60 + m)
                };
                let (open, close) = (minute(open)?, minute(close)?);
                (open < 1440 && open < close && close <= open + 1440).then_some(Self::Daily { open, close })
            }
        }
    }

    /// Whether the hours that began on the day `days_ago` before the day of `minute` still run then.
    pub(crate) const fn hold_at(self, minute: u16, days_ago: u16) -> bool {
        match self {
            Self::Daily { open, close } => {
                let m = minute + 1440 * days_ago;
                open <= m && m < close
            }
            Self::Timetable => days_ago == 0,
            Self::Closed => false,
        }
    }
}

/// One side's place of a port.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortSide {
    /// Site names of the travel-time table.
    pub sites: Vec<String>,
    /// Name in zh-Hans.
    #[serde(rename = "zh-Hans")]
    pub zh_hans: String,
    /// Name in zh-Hant.
    #[serde(rename = "zh-Hant")]
    pub zh_hant: String,
    /// Name in English.
    pub en: String,
    /// Name in Portuguese.
    pub pt: String,
}

/// One record of a port; it holds between two days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// The port's id, which never changes.
    pub id: PortId,
    /// First day of this record.
    pub from: Option<LocalDate>,
    /// Last day of this record.
    pub to: Option<LocalDate>,
    /// Whether the record counts at all (new Huanggang waits for its date).
    pub enabled: bool,
    /// The sides, one for each authority.
    pub sides: BTreeMap<AuthorityCode, PortSide>,
    /// Inspection modes in use at the port.
    pub modes: Vec<Mode>,
    /// Means of transport by which it may be crossed.
    pub by: Vec<Means>,
    /// Hours for passengers.
    pub hours: Hours,
    /// Hours for goods; `None` where they are those for passengers.
    pub goods_hours: Option<Hours>,
    /// Kinds of lane that are always there; `lanes.toml` opens more.
    pub lanes: Vec<LaneKind>,
    /// Shortest time from exit to entry, in minutes.
    pub crossing_minutes: u32,
    /// Minutes after an exit at which a missing entry is unresolved.
    pub unresolved_after: u32,
    /// Passengers on the busiest day, both directions, as the source prints it.
    pub peak: Option<String>,
    /// What else the source says.
    pub note: Option<String>,
    /// The day as of which the row was last found to hold; `None`: that of the file of switches.
    pub as_of: Option<LocalDate>,
    /// How well the source supports the row.
    pub mark: Mark,
    /// The source: a law, a notice or an official page.
    pub source: String,
}

impl Port {
    /// Whether this record holds on `day`.
    #[must_use]
    pub fn holds_on(&self, day: LocalDate) -> bool {
        self.enabled && between(day, self.from, self.to)
    }

    /// Whether both authorities of `direction` stand here.
    #[must_use]
    pub fn serves(&self, direction: Direction) -> bool {
        self.sides.contains_key(&direction.from()) && self.sides.contains_key(&direction.to())
    }

    /// Whether one lane takes both verdicts here.
    #[must_use]
    pub fn is_joint(&self) -> bool {
        self.modes.contains(&Mode::Joint)
    }

    /// The authorities that stand here, in order of their codes.
    pub fn authorities(&self) -> impl Iterator<Item = AuthorityCode> {
        self.sides.keys().copied()
    }
}

/// Hours of single days beside a port's own: longer ones, or none. A night belongs to the day on which it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtendedHours {
    /// The port to which they apply.
    pub port: PortId,
    /// The days on which they apply.
    pub days: ExtendedDays,
    /// Hours for passengers on those days.
    pub hours: Hours,
    /// How well the source supports the row.
    pub mark: Mark,
    /// The source: a law, a notice or an official page.
    pub source: String,
}

/// On which days extended hours hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExtendedDays {
    /// From the first day to the second, both included.
    Between(LocalDate, LocalDate),
    /// Every year on this month (1 to 12) and day (1 to 31).
    Yearly(i8, i8),
}

impl ExtendedHours {
    fn hold_on(&self, day: LocalDate) -> bool {
        match &self.days {
            ExtendedDays::Between(from, to) => between(day, Some(*from), Some(*to)),
            ExtendedDays::Yearly(month, of_month) => {
                let (_, m, d) = day.ymd();
                (m, d) == (*month, *of_month)
            }
        }
    }
}

impl super::Rules {
    /// Whether the port serves passengers at the instant `at`, special days included. Hours that begin on a day run on
    /// into the next morning.
    #[must_use]
    pub fn port_open_at(&self, port: &Port, at: Timestamp) -> bool {
        let (today, minute) = (at.local_date(), at.local_minute_of_day());
        [(today, 0), (today.plus_days(-1), 1)].into_iter().any(|(day, days_ago)| {
            let extended: Vec<_> =
                self.extended_hours.iter().filter(|h| h.port == port.id && h.hold_on(day)).collect();
            if extended.iter().any(|h| h.hours == Hours::Closed) {
                return false;
            }
            let own = self.port(&port.id, day).map(|p| p.hours);
            own.into_iter().chain(extended.into_iter().map(|h| h.hours)).any(|h| h.hold_at(minute, days_ago))
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    port: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    from: Option<LocalDate>,
    to: Option<LocalDate>,
    enabled: Option<bool>,
    modes: Vec<String>,
    by: Vec<String>,
    hours: String,
    goods_hours: Option<String>,
    lanes: Vec<String>,
    crossing_minutes: u32,
    unresolved_after: u32,
    peak: Option<String>,
    note: Option<String>,
    as_of: Option<LocalDate>,
    mark: String,
    source: String,
    sides: BTreeMap<AuthorityCode, PortSide>,
}

pub(super) fn read(text: &str, switches: &Switches) -> Result<BTreeMap<PortId, Vec<Port>>, RulesError> {
    let file: File = toml::from_str(text).map_err(|e| RulesError::new(FILE, None, e.to_string()))?;
    let mut ports: BTreeMap<PortId, Vec<Port>> = BTreeMap::new();
    for entry in file.port {
        let mut port = checked(entry)?;
        apply(&mut port, switches);
        ports.entry(port.id.clone()).or_default().push(port);
    }
    for records in ports.values() {
        for (i, one) in records.iter().enumerate() {
            let meets = |other: &&Port| {
                one.enabled
                    && other.enabled
                    && one.from.is_none_or(|f| other.to.is_none_or(|t| f <= t))
                    && other.from.is_none_or(|f| one.to.is_none_or(|t| f <= t))
            };
            if records.iter().skip(i + 1).find(meets).is_some() {
                let what = "two records hold on one day; end the first before the second begins";
                return Err(RulesError::new(FILE, one.id.to_string(), what));
            }
        }
    }
    Ok(ports)
}

fn checked(e: Entry) -> Result<Port, RulesError> {
    let error = |what: String| RulesError::new(FILE, e.id.clone(), what);
    let id: PortId = e.id.parse().map_err(|x| error(format!("id: {x}")))?;
    if !(2..=3).contains(&e.sides.len()) || e.sides.values().any(|s| s.sites.is_empty()) {
        return Err(error("sides: write two authorities, each with at least one site".to_owned()));
    }
    let lanes = e.lanes.iter().map(|t| t.parse().map_err(|x| error(format!("lanes: {x}"))));
    let by = e.by.iter().map(|t| t.parse().map_err(|x| error(format!("by: {x}"))));
    let modes = e
        .modes
        .iter()
        .map(|t| Mode::parse(t).ok_or_else(|| error("modes: write separate, colocated or joint".to_owned())));
    let hours = Hours::parse(&e.hours)
        .ok_or_else(|| error("hours: write 24h, closed, timetable or a span like 06:30-24:00".to_owned()))?;
    let goods = e.goods_hours.as_deref().map(|t| {
        Hours::parse(t).ok_or_else(|| error("goods_hours: write 24h or a span like 08:00-20:00".to_owned()))
    });
    let mark = Mark::parse(&e.mark).ok_or_else(|| error("mark: write S, G or ?".to_owned()))?;
    if e.source.is_empty() {
        return Err(error("source: may not be empty".to_owned()));
    }
    Ok(Port {
        lanes: lanes.collect::<Result<_, _>>()?,
        by: by.collect::<Result<_, _>>()?,
        modes: modes.collect::<Result<_, _>>()?,
        id,
        from: e.from,
        to: e.to,
        enabled: e.enabled.unwrap_or(true),
        sides: e.sides,
        hours,
        goods_hours: goods.transpose()?,
        crossing_minutes: e.crossing_minutes,
        unresolved_after: e.unresolved_after,
        peak: e.peak,
        note: e.note,
        as_of: e.as_of,
        mark,
        source: e.source,
    })
}

/// What the switches say about single ports.
fn apply(port: &mut Port, switches: &Switches) {
    match port.id.as_str() {
        "huanggang" => {
            if let Some(opens) = switches.huanggang_new_opens {
                if port.is_joint() {
                    port.from = Some(opens);
                    port.enabled = true;
                } else {
                    port.to = Some(opens.plus_days(-1));
                }
            }
        }
        "wanzai" if !switches.wanzai_runs => port.hours = Hours::Closed,
        "jiuzhou-mac" if !switches.jiuzhou_mac_runs => port.hours = Hours::Closed,
        "fuyong" if !switches.fuyong_hours_of_2023_hold => port.hours = Hours::Timetable,
        "jiuzhou" | "zhongshan" | "pazhou" | "nansha" | "humen" | "jiangmen"
            if switches.china_ferry_terminal_hours_hold =>
        {
            port.hours = Hours::Daily { open: 360, close: 1440 };
        }
        _ => {}
    }
}

pub(super) fn read_hours(text: &str, switches: &Switches) -> Result<Vec<ExtendedHours>, RulesError> {
    let header = &["port", "from", "to", "yearly", "hours", "switch", "mark", "source"];
    let mut all = Vec::new();
    for row in rows("hours.csv", text, header, "port")? {
        match row.text("switch") {
            "" => {}
            "shenzhen_bay_24h_on_31_december" if switches.shenzhen_bay_24h_on_31_december => {}
            "shenzhen_bay_24h_on_31_december" => continue,
            _ => return Err(row.error("switch", "no switch that decides on hours")),
        }
        let yearly = row.text("yearly").split_once('-').map(|(m, d)| (m.parse(), d.parse()));
        let days = match (yearly, row.day("from")?, row.day("to")?) {
            (Some((Ok(month), Ok(day))), None, None) => ExtendedDays::Yearly(month, day),
            (None, Some(from), Some(to)) if from <= to => ExtendedDays::Between(from, to),
            _ => return Err(row.error("from", "write from and to, or yearly as 12-31")),
        };
        let hours = Hours::parse(row.text("hours"))
            .ok_or_else(|| row.error("hours", "write closed, 24h or a span like 06:30-26:00"))?;
        all.push(ExtendedHours {
            port: row.parse("port")?,
            days,
            hours,
            mark: row.mark()?,
            source: row.needed("source")?.to_owned(),
        });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rules;

    #[test]
    fn ports_are_open_in_their_hours_and_on_their_feast_nights() {
        let rules = Rules::load(&|file| {
            Ok((file == "hours.csv").then(|| {
                let carried = include_str!("../../data/hours.csv");
                // What an operator adds for the next announced night, and for a day without service.
                format!(
                    "{carried}luohu,2026-02-16,2026-02-16,,06:30-26:00,,S,a notice\nfutian,2026-03-02,2026-03-02,,closed,,S,a notice\n"
                )
            }))
        })
        .unwrap();
        for (port, at, open) in [
            ("luohu", "2026-03-02T06:29:59+08:00", false),
            ("luohu", "2026-03-02T06:30:00+08:00", true),
            ("luohu", "2026-03-02T23:59:59+08:00", true),
            ("luohu", "2026-03-03T00:00:00+08:00", false),
            ("luohu", "2026-02-17T01:59:00+08:00", true),
            ("luohu", "2026-02-17T02:00:00+08:00", false),
            ("gongbei", "2026-03-02T00:59:00+08:00", true),
            ("gongbei", "2026-03-02T01:00:00+08:00", false),
            ("gongbei", "2026-03-02T05:59:00+08:00", false),
            ("hengqin", "2026-03-02T03:00:00+08:00", true),
            ("shenzhen-bay", "2026-03-02T03:00:00+08:00", false),
            ("shenzhen-bay", "2024-02-11T03:00:00+08:00", true),
            ("shenzhen-bay", "2024-02-09T03:00:00+08:00", false),
            ("shenzhen-bay", "2024-02-14T06:00:00+08:00", true),
            ("shenzhen-bay", "2024-02-15T00:00:00+08:00", false),
            ("shenzhen-bay", "2025-12-31T03:00:00+08:00", false),
            ("shenzhen-bay", "2026-01-01T01:00:00+08:00", true),
            ("shenzhen-bay", "2026-01-01T06:29:00+08:00", true),
            ("shenzhen-bay", "2026-01-02T00:30:00+08:00", false),
            ("shenzhen-bay", "2027-01-01T03:00:00+08:00", true),
            ("luohu", "2024-02-10T01:30:00+08:00", true),
            ("luohu", "2024-02-11T01:30:00+08:00", false),
            ("luohu", "2024-02-12T01:59:00+08:00", true),
            ("luohu", "2025-01-01T01:30:00+08:00", true),
            ("luohu", "2026-01-01T01:30:00+08:00", true),
            ("luohu", "2026-01-01T02:00:00+08:00", false),
            ("luohu", "2025-12-31T01:30:00+08:00", false),
            ("futian", "2026-03-02T12:00:00+08:00", false),
            ("futian", "2026-03-03T12:00:00+08:00", true),
            ("shatoujiao", "2026-03-02T12:00:00+08:00", false),
            ("shatoujiao", "2020-01-29T12:00:00+08:00", true),
            ("zhongshan", "2026-03-02T12:00:00+08:00", true),
        ] {
            let at: Timestamp = at.parse().unwrap();
            let record = rules.port(&port.parse().unwrap(), at.local_date()).unwrap();
            assert_eq!(rules.port_open_at(record, at), open, "row {port} {at}");
        }
    }

    #[test]
    fn hours_that_make_no_span_are_refused() {
        for text in
            ["", "24", "06:30", "06:30-06:30", "24:00-25:00", "6:30-24:00", "06:60-24:00", "10:00-34:01"]
        {
            assert_eq!(Hours::parse(text), None, "{text}");
        }
    }
}
