//! Places: the ports that people cross at, with what `documents` says of them: who stands there, hours, busiest day, journeys between.
//!
//! Lives here: [`Places`], [`Place`]. Not here: the figures (`crates/documents/data`), who waits in which queue (`queue`).

use documents::rules::{Hours, Port};
use documents::{AuthorityCode, Direction, LocalDate, PortId, Rules, Timestamp};

/// Passengers on the busiest day where the data name none: assumed.
const UNKNOWN_PEAK: u64 = 20_000;
/// Passengers a day, both ways, for which one lane a direction suffices: one lane passes some 2,500 a day.
const A_LANE: u64 = 100_000;
/// Ports at which a lane is reserved for a few, or at which nobody is served by lanes.
const LEFT_OUT: [&str; 3] = ["cross-border-zone", "airports", "huanggang-new"];

/// One port.
#[derive(Debug, Clone)]
pub struct Place {
    /// The record of the data.
    pub port: Port,
    /// Passengers on the busiest day, both directions.
    pub peak: u64,
    /// Lanes in each direction.
    pub lanes: usize,
    /// Seconds from the exit's lane to the entry's; 0 at a joint lane.
    pub between_seconds: i64,
}

/// All ports, as they are on the first day.
#[derive(Debug)]
pub struct Places<'r> {
    rules: &'r Rules,
    all: Vec<Place>,
    /// The least minutes between two ports, by side.
    least: Vec<Option<u32>>,
}

impl<'r> Places<'r> {
    /// The ports of `rules` on `day`, with lanes for `residents` of a Bay of which 100,000 travel as they do in the whole of it.
    pub(crate) fn new(rules: &'r Rules, day: LocalDate, residents: u32) -> Self {
        let fit = |port: &&Port| {
            port.holds_on(day)
                && matches!(port.hours, Hours::Daily { .. })
                && !LEFT_OUT.contains(&port.id.as_str())
                && port.authorities().count() == 2
        };
        let all: Vec<Place> = rules.ports().filter(fit).map(|port| place(port, residents)).collect();
        let mut least = Vec::with_capacity(all.len() * all.len() * 3);
        for side in AuthorityCode::ALL {
            for a in &all {
                for b in &all {
                    let minutes = rules.minutes_between_ports(side, &a.port.id, &b.port.id, day);
                    least.push(if a.port.id == b.port.id { Some(0) } else { minutes });
                }
            }
        }
        Self { rules, all, least }
    }

    /// One of them.
    pub fn get(&self, at: usize) -> Option<&Place> {
        self.all.get(at)
    }

    /// All of them.
    #[cfg(test)]
    pub fn all(&self) -> &[Place] {
        &self.all
    }

    /// The places of those that serve a direction.
    pub fn serving(&self, direction: Direction) -> Vec<usize> {
        (0..self.all.len()).filter(|at| self.get(*at).is_some_and(|p| p.port.serves(direction))).collect()
    }

    /// Whether a port serves passengers then.
    pub fn open(&self, at: usize, when: i64) -> bool {
        let when = Timestamp::from_unix(when);
        self.get(at).zip(when).is_some_and(|(place, when)| self.rules.port_open_at(&place.port, when))
    }

    /// The least minutes through `side`; `None` where the table joins them by no path.
    pub fn least_minutes(&self, side: AuthorityCode, a: usize, b: usize) -> Option<u32> {
        let n = self.all.len();
        let side = AuthorityCode::ALL.iter().position(|each| *each == side)?;
        self.least.get((side * n + a) * n + b).copied().flatten()
    }

    /// A port's id.
    pub fn id(&self, at: usize) -> Option<&PortId> {
        self.get(at).map(|place| &place.port.id)
    }
}

fn place(port: &Port, residents: u32) -> Place {
    let peak = port.peak.as_deref().and_then(first_number).unwrap_or(UNKNOWN_PEAK);
    let lanes = peak * u64::from(residents) / 100_000 / A_LANE;
    Place {
        port: port.clone(),
        peak,
        lanes: usize::try_from(lanes.max(1)).unwrap_or(1),
        between_seconds: if port.is_joint() { 0 } else { i64::from(port.crossing_minutes) * 60 },
    }
}

/// The first number of at least four digits in a text such as `189,000 on 2017-12-23`.
fn first_number(text: &str) -> Option<u64> {
    let words = text.split(|c: char| !(c.is_ascii_digit() || c == ','));
    words.map(|word| word.replace(',', "")).find(|word| word.len() > 4).and_then(|word| word.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busiest_days_and_hours_are_those_of_the_data() {
        let rules = Rules::builtin().unwrap();
        let places = Places::new(&rules, "2026-09-14".parse().unwrap(), 100_000);
        let find = |id: &str| places.all().iter().position(|p| p.port.id.as_str() == id).unwrap();
        let luohu = find("luohu");
        assert_eq!(places.get(luohu).unwrap().peak, 357_000);
        assert_eq!(places.get(find("hzmb-hkg-zhu")).unwrap().peak, 170_000);
        let at = |text: &str| text.parse::<Timestamp>().unwrap().unix();
        assert!(places.open(luohu, at("2026-09-14T12:00:00+08:00")));
        assert!(!places.open(luohu, at("2026-09-14T03:00:00+08:00")));
        assert_eq!(places.least_minutes(AuthorityCode::Chn, luohu, find("futian")), Some(10));
        assert_eq!(places.least_minutes(AuthorityCode::Mac, luohu, find("futian")), None);
        let north = Direction::new(AuthorityCode::Hkg, AuthorityCode::Chn).unwrap();
        assert!(places.serving(north).contains(&luohu) && !places.serving(north).contains(&find("gongbei")));
    }
}
