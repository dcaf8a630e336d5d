//! Cars that may cross by a scheme of their own, and for how long.

use super::table::{between, rows};
use super::{Mark, Rules, RulesError};
use crate::vehicle::{Plates, Vehicle, VehicleAnswer, VehicleReason};
use crate::{Direction, LocalDate, PortId, Question};

/// One scheme for cars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VehicleRule {
    /// The scheme's id in the data file.
    pub id: String,
    /// The plates that it admits.
    pub plates: Plates,
    /// The port by which they cross, both ways.
    pub port: PortId,
    /// The way out of the car's home.
    pub way: Direction,
    /// First day; `None`: open.
    pub from: Option<LocalDate>,
    /// Last day; `None`: open.
    pub to: Option<LocalDate>,
    /// Cities in which the car must be registered; empty: any.
    pub cities: Vec<String>,
    /// Days for which the car may stay; `None`: no limit of its own.
    pub days: Option<u16>,
    /// How well the source supports the row.
    pub mark: Mark,
    /// The source: a law, a notice or an official page.
    pub source: String,
    /// What else the source says.
    pub note: String,
}

impl Rules {
    /// Whether the car may take this way. Its limit is its own; the driver's is that of their endorsement.
    #[must_use]
    pub fn vehicle(&self, vehicle: &Vehicle, question: &Question) -> VehicleAnswer {
        let day = question.at.local_date();
        let schemes = || self.vehicles.iter().filter(|r| r.plates == vehicle.plates);
        let mut here = schemes().filter(|r| r.port == question.port);
        if question.direction.to() == vehicle.plates.home() && here.next().is_some() {
            return VehicleAnswer::Homeward;
        }
        let now: Vec<_> = schemes()
            .filter(|r| r.port == question.port && r.way == question.direction && between(day, r.from, r.to))
            .collect();
        if now.is_empty() {
            return VehicleAnswer::Refused(VehicleReason::NoScheme);
        }
        let registered = |r: &&&VehicleRule| {
            r.cities.is_empty() || vehicle.city.as_ref().is_none_or(|city| r.cities.contains(city))
        };
        let Some(scheme) = now.iter().find(registered) else {
            return VehicleAnswer::Refused(VehicleReason::City);
        };
        let counts_entry = i32::from(self.switches.guangdong_car_counts_entry_day);
        let last_day = scheme.days.map(|days| day.plus_days(i32::from(days) - counts_entry));
        VehicleAnswer::Open { scheme: scheme.id.clone(), last_day }
    }
}

pub(super) fn read(text: &str) -> Result<Vec<VehicleRule>, RulesError> {
    let header = &[
        "id",
        "plates",
        "port",
        "origin",
        "destination",
        "from",
        "to",
        "cities",
        "days",
        "mark",
        "source",
        "note",
    ];
    let rows = rows("vehicles.csv", text, header, "id")?;
    rows.iter()
        .map(|row| {
            let way = Direction::new(row.parse("origin")?, row.parse("destination")?);
            Ok(VehicleRule {
                id: row.needed("id")?.to_owned(),
                plates: row.parse("plates")?,
                port: row.parse("port")?,
                way: way.ok_or_else(|| row.error("destination", "is the same as origin"))?,
                from: row.day("from")?,
                to: row.day("to")?,
                cities: row.list("cities")?,
                days: row.optional("days")?,
                mark: row.mark()?,
                source: row.needed("source")?.to_owned(),
                note: row.text("note").to_owned(),
            })
        })
        .collect()
}
