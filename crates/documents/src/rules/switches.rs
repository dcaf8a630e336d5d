//! Switches: what the sources leave uncertain, with a default and a source for each.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::RulesError;
use crate::{LocalDate, Nationality, PortId};

const FILE: &str = "switches.toml";

/// One switch as the report shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    /// The switch's name in `switches.toml`.
    pub id: String,
    /// Its value now, as text.
    pub value: String,
    /// The value that the program carries, as text.
    pub default: String,
    /// The value that the sources also allow, as TOML; `None` where none was found.
    pub other: Option<String>,
    /// The source that leaves it uncertain.
    pub source: String,
    /// What it decides, as an English sentence.
    pub says: String,
}

impl Switch {
    /// Whether it has the default value.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.value == self.default
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    as_of: LocalDate,
    stale_after_days: u16,
    switch: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    value: toml::Value,
    other: Option<toml::Value>,
    source: String,
    says: String,
}

/// A value as the switch wants it.
trait Value: Sized {
    const WANT: &'static str;
    fn read(value: &toml::Value) -> Option<Self>;
}

impl Value for bool {
    const WANT: &'static str = "write true or false";
    fn read(value: &toml::Value) -> Option<Self> {
        value.as_bool()
    }
}

impl Value for u16 {
    const WANT: &'static str = "write a whole number from 1 to 9999";
    fn read(value: &toml::Value) -> Option<Self> {
        value.as_integer().and_then(|n| Self::try_from(n).ok()).filter(|n| (1..=9999).contains(n))
    }
}

impl Value for LocalDate {
    const WANT: &'static str = "write a date in quotes, like \"2026-03-02\"";
    fn read(value: &toml::Value) -> Option<Self> {
        value.as_str()?.parse().ok()
    }
}

impl Value for Option<LocalDate> {
    const WANT: &'static str = "write a date in quotes, like \"2026-03-02\", or \"\"";
    fn read(value: &toml::Value) -> Option<Self> {
        match value.as_str()? {
            "" => Some(None),
            text => text.parse().ok().map(Some),
        }
    }
}

impl Value for char {
    const WANT: &'static str = "write one capital letter in quotes";
    fn read(value: &toml::Value) -> Option<Self> {
        let mut letters = value.as_str()?.chars();
        letters.next().filter(|c| c.is_ascii_uppercase() && letters.next().is_none())
    }
}

macro_rules! lists {
    ($($item:ty => $want:literal),+) => {$(
        impl Value for Vec<$item> {
            const WANT: &'static str = $want;
            fn read(value: &toml::Value) -> Option<Self> {
                value.as_array()?.iter().map(|v| v.as_str()?.parse().ok()).collect()
            }
        }
    )+};
}
lists!(
    PortId => "write port names in quotes between square brackets",
    Nationality => "write three-letter nationalities in quotes between square brackets"
);

macro_rules! switches {
    ($($name:ident: $kind:ty,)+) => {
        /// The value of every switch. What each decides and why it is in doubt stands in `switches.toml`.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each is explained once, in the data file that the report prints")]
        pub struct Switches { $(pub $name: $kind,)+ }

        impl Switches {
            fn read(entries: &BTreeMap<String, toml::Value>) -> Result<Self, RulesError> {
                $(let $name = {
                    let id = stringify!($name);
                    let value = entries.get(id).ok_or_else(|| {
                        RulesError::new(FILE, id.to_owned(), "this switch is missing; copy its entry from the file that the program carries")
                    })?;
                    <$kind as Value>::read(value)
                        .ok_or_else(|| RulesError::new(FILE, id.to_owned(), <$kind as Value>::WANT))?
                };)+
                Ok(Self { $($name,)+ })
            }

            const NAMES: &'static [&'static str] = &[$(stringify!($name)),+];

            /// A whole number that a table takes by name.
            pub(super) fn number(&self, name: &str) -> Option<u16> {
                match name {
                    "r_hetao_stay_days" => Some(self.r_hetao_stay_days),
                    "q_mac_1ym_stay_days" => Some(self.q_mac_1ym_stay_days),
                    "hknpr_mac_stay_days" => Some(self.hknpr_mac_stay_days),
                    "hkpr_mac_stay_months" => Some(self.hkpr_mac_stay_months),
                    _ => None,
                }
            }
        }
    };
}

switches! {
    stay_may_pass_endorsement_expiry: bool,
    stay_may_pass_permit_expiry: bool,
    endorsement_ends_on_corresponding_day: bool,
    mainland_90_days_skip_entry_day: bool,
    returned_between_halls_restores_entry: bool,
    endorsements_survive_new_card: bool,
    gate_must_see_tour_group: bool,
    s_stay_by_date_of_entry: bool,
    hkg_side_trip: bool,
    mac_side_trip: bool,
    side_trip_extra_day: bool,
    prefer_uncounted_endorsement: bool,
    r_hetao_stay_days: u16,
    q_mac_1ym_stay_days: u16,
    talent_letter: char,
    owp_hkg_ports: Vec<PortId>,
    hknpr_mac_stay_days: u16,
    hkpr_mac_stay_months: u16,
    macpr_hkg_180_from: LocalDate,
    macpr_hkg_visa_nationalities: Vec<Nationality>,
    huanggang_new_opens: Option<LocalDate>,
    shenzhen_bay_24h_on_31_december: bool,
    hzmb_zhu_mac_walkers_by_day_only: bool,
    guangdong_car_counts_entry_day: bool,
    child_face_below: u16,
    wanzai_runs: bool,
    jiuzhou_mac_runs: bool,
    fuyong_hours_of_2023_hold: bool,
    china_ferry_terminal_hours_hold: bool,
}

fn entries(text: &str) -> Result<File, RulesError> {
    toml::from_str(text).map_err(|e| RulesError::new(FILE, None, e.to_string()))
}

/// What `switches.toml` says.
pub(super) struct Read {
    pub version: String,
    pub as_of: LocalDate,
    pub stale_after_days: u16,
    pub rows: Vec<Switch>,
    pub switches: Switches,
}

pub(super) fn read(text: &str) -> Result<Read, RulesError> {
    let file = entries(text)?;
    let carried = entries(include_str!("../../data/switches.toml"))?;
    let default = |id: &str| carried.switch.iter().find(|e| e.id == id).map(|e| e.value.to_string());
    let mut values = BTreeMap::new();
    let mut rows = Vec::new();
    for entry in &file.switch {
        if !Switches::NAMES.contains(&entry.id.as_str()) {
            return Err(RulesError::new(
                FILE,
                entry.id.clone(),
                "no such switch; remove it or mend its name",
            ));
        }
        rows.push(Switch {
            value: entry.value.to_string(),
            other: match (&entry.other, entry.value.as_bool()) {
                (Some(other), _) => Some(other.to_string()),
                // Of a yes or no the other is what the sources leave open.
                (None, Some(value)) if entry.source.contains('?') => Some((!value).to_string()),
                (None, Some(_) | None) => None,
            },
            default: default(&entry.id).unwrap_or_default(),
            source: entry.source.clone(),
            says: entry.says.clone(),
            id: entry.id.clone(),
        });
        if values.insert(entry.id.clone(), entry.value.clone()).is_some() {
            return Err(RulesError::new(FILE, entry.id.clone(), "stands twice; keep one"));
        }
    }
    if file.version.is_empty() || file.version.len() > 32 {
        return Err(RulesError::new(FILE, None, "version: write 1 to 32 characters"));
    }
    let switches = Switches::read(&values)?;
    let File { version, as_of, stale_after_days, .. } = file;
    Ok(Read { version, as_of, stale_after_days, rows, switches })
}
