//! The rules as data: ports, hours, lanes, forms of endorsement, residents' rules, switches.
//!
//! Lives here: `Rules`, its loading and its report. Not here: what follows from them (`judge`).
//! A change of policy is a change of data: an operator puts a file of the same name in front of ours.

mod carers;
mod forms;
mod lanes;
mod papers;
mod ports;
mod residents;
mod sentences;
mod switches;
mod table;
mod travel;
mod vehicles;

use std::collections::BTreeMap;
use std::fmt;

use crate::{AuthorityCode, FormCode, LocalDate, PortId};

pub use carers::CarerRule;
pub use forms::{Counting, Form, IssueRule, NoSuchForm, Stay};
pub use lanes::{LaneRule, Reserved};
pub use papers::PaperRule;
pub use ports::{ExtendedHours, Hours, Mode, Port, PortSide};
pub use residents::ResidentRule;
pub use sentences::NotSentences;
pub(crate) use sentences::read_sentences;
pub use switches::{Switch, Switches};
pub use travel::TravelTime;
pub use vehicles::VehicleRule;

/// The names of the data files, in the order in which they are read.
pub const FILES: [&str; 11] = [
    "switches.toml",
    "ports.toml",
    "hours.csv",
    "lanes.toml",
    "endorsements.csv",
    "residents.csv",
    "issue_rules.csv",
    "travel_times.csv",
    "papers.csv",
    "vehicles.csv",
    "carers.csv",
];

/// How well a source supports a row of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// `S`: a source says so.
    Sourced,
    /// `G`: general knowledge, no single source.
    General,
    /// `?`: uncertain; a report lists it.
    Unsure,
}

impl Mark {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "S" => Some(Self::Sourced),
            "G" => Some(Self::General),
            "?" => Some(Self::Unsure),
            _ => None,
        }
    }

    /// `S`, `G` or `?`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sourced => "S",
            Self::General => "G",
            Self::Unsure => "?",
        }
    }
}

/// A data file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{place}: {what}", place = row.as_ref().map(|r| format!(", {r}")).unwrap_or_default())]
pub struct RulesError {
    /// The file's name, one of [`FILES`].
    pub file: String,
    /// The row or line; `None` where the whole file is meant.
    pub row: Option<String>,
    /// What is wrong and what to write, as an English phrase.
    pub what: String,
}

impl RulesError {
    fn new(file: &str, row: impl Into<Option<String>>, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), row: row.into(), what: what.into() }
    }
}

/// Every rule and reference row, read strictly and checked against each other.
#[derive(Clone)]
pub struct Rules {
    version: String,
    as_of: LocalDate,
    stale_after_days: u16,
    switches: Switches,
    switch_rows: Vec<Switch>,
    ports: BTreeMap<PortId, Vec<Port>>,
    extended_hours: Vec<ExtendedHours>,
    lanes: Vec<LaneRule>,
    forms: Vec<Form>,
    residents: Vec<ResidentRule>,
    issue_rules: Vec<IssueRule>,
    papers: Vec<PaperRule>,
    vehicles: Vec<VehicleRule>,
    carers: Vec<CarerRule>,
    travel: travel::TravelTimes,
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").field("version", &self.version).finish_non_exhaustive()
    }
}

impl Rules {
    /// The data files that are built into the program.
    ///
    /// # Errors
    /// [`RulesError`] if a built-in file is broken, which a test rules out.
    pub fn builtin() -> Result<Self, RulesError> {
        Self::load(&|_| Ok(None))
    }

    /// The built-in data files, replaced by those of the operator. `read` gets a name of [`FILES`] and returns the
    /// operator's text, or `None` to keep the built-in one.
    ///
    /// # Errors
    /// The first file, row and field that cannot be read, and what belongs there.
    pub fn load(read: &dyn Fn(&str) -> Result<Option<String>, String>) -> Result<Self, RulesError> {
        let text = |file: &str, carried: &str| -> Result<String, RulesError> {
            let own = read(file).map_err(|what| RulesError::new(file, None, what))?;
            Ok(own.unwrap_or_else(|| carried.to_owned()))
        };
        let switches::Read { version, as_of, stale_after_days, rows: switch_rows, switches } =
            switches::read(&text("switches.toml", include_str!("../data/switches.toml"))?)?;
        let rules = Self {
            ports: ports::read(&text("ports.toml", include_str!("../data/ports.toml"))?, &switches)?,
            extended_hours: ports::read_hours(
                &text("hours.csv", include_str!("../data/hours.csv"))?,
                &switches,
            )?,
            lanes: lanes::read(&text("lanes.toml", include_str!("../data/lanes.toml"))?)?,
            forms: forms::read(
                &text("endorsements.csv", include_str!("../data/endorsements.csv"))?,
                &switches,
            )?,
            residents: residents::read(
                &text("residents.csv", include_str!("../data/residents.csv"))?,
                &switches,
            )?,
            issue_rules: forms::read_issue_rules(&text(
                "issue_rules.csv",
                include_str!("../data/issue_rules.csv"),
            )?)?,
            papers: papers::read(&text("papers.csv", include_str!("../data/papers.csv"))?)?,
            vehicles: vehicles::read(&text("vehicles.csv", include_str!("../data/vehicles.csv"))?)?,
            carers: carers::read(&text("carers.csv", include_str!("../data/carers.csv"))?)?,
            travel: travel::read(&text("travel_times.csv", include_str!("../data/travel_times.csv"))?)?,
            version,
            as_of,
            stale_after_days,
            switches,
            switch_rows,
        };
        rules.check_names()?;
        Ok(rules)
    }

    /// The version of the rules, for verdicts and logs.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The carried rules with one switch set to another value, as TOML writes it.
    pub(crate) fn with_switch(id: &str, value: &str) -> Result<Self, RulesError> {
        let carried = include_str!("../data/switches.toml");
        let entry = format!("id = \"{id}\"\nvalue = ");
        let changed = carried.split_once(&entry).and_then(|(head, tail)| {
            let rest = tail.split_once('\n')?.1;
            Some(format!("{head}{entry}{value}\n{rest}"))
        });
        let text = changed.ok_or_else(|| RulesError::new("switches.toml", id.to_owned(), "is no switch"))?;
        Self::load(&|file| Ok((file == "switches.toml").then(|| text.clone())))
    }

    /// The day as of which rows without a day of their own are known to hold.
    #[must_use]
    pub const fn as_of(&self) -> LocalDate {
        self.as_of
    }

    /// Days after which a row that nobody has checked again is old.
    #[must_use]
    pub const fn stale_after_days(&self) -> u16 {
        self.stale_after_days
    }

    /// The values of the switches.
    #[must_use]
    pub const fn switches(&self) -> &Switches {
        &self.switches
    }

    /// The record of a port that holds on `day`.
    #[must_use]
    pub fn port(&self, id: &PortId, day: LocalDate) -> Option<&Port> {
        self.ports.get(id)?.iter().find(|p| p.holds_on(day))
    }

    /// Whether any record names the port.
    #[must_use]
    pub fn knows_port(&self, id: &PortId) -> bool {
        self.ports.contains_key(id)
    }

    /// Every record of every port, in order of name and then of the file.
    pub fn ports(&self) -> impl Iterator<Item = &Port> {
        self.ports.values().flatten()
    }

    /// The special hours that stand beside the ports' own.
    #[must_use]
    pub fn extended_hours(&self) -> &[ExtendedHours] {
        &self.extended_hours
    }

    /// The rules of the lanes.
    #[must_use]
    pub fn lanes(&self) -> &[LaneRule] {
        &self.lanes
    }

    /// Every form of endorsement, in order of the file.
    #[must_use]
    pub fn forms(&self) -> &[Form] {
        &self.forms
    }

    /// The form with this code.
    #[must_use]
    pub fn form(&self, code: FormCode) -> Option<&Form> {
        self.forms.iter().find(|f| f.code == code)
    }

    /// The form with this id, such as `g-hkg-3m2`.
    #[must_use]
    pub fn form_by_id(&self, id: &str) -> Option<&Form> {
        self.forms.iter().find(|f| f.id == id)
    }

    /// The rules for residents of the two regions, in the order of the file.
    #[must_use]
    pub fn residents(&self) -> &[ResidentRule] {
        &self.residents
    }

    /// Rules of issue, kept for reference: who may apply is not asked at a gate.
    #[must_use]
    pub fn issue_rules(&self) -> &[IssueRule] {
        &self.issue_rules
    }

    /// Rows of least travel times as the file has them.
    #[must_use]
    pub fn travel_times(&self) -> &[TravelTime] {
        self.travel.rows()
    }

    /// The least minutes between two sites of one jurisdiction: the shortest path over the table; `None`
    /// where no path joins them. Low on purpose: it may raise a doubt, never refuse alone.
    #[must_use]
    pub fn travel_minutes(&self, side: AuthorityCode, from: &str, to: &str, day: LocalDate) -> Option<u32> {
        self.travel.minutes(side, from, to, day)
    }

    /// The least minutes from having entered `side` at port `from` to leaving it at port `to`: the least
    /// over the sites that the two ports have there.
    #[must_use]
    pub fn minutes_between_ports(
        &self,
        side: AuthorityCode,
        from: &PortId,
        to: &PortId,
        day: LocalDate,
    ) -> Option<u32> {
        let sites = |port: &PortId| self.port(port, day).and_then(|p| p.sides.get(&side));
        let (here, there) = (sites(from)?, sites(to)?);
        here.sites
            .iter()
            .flat_map(|a| there.sites.iter().map(move |b| (a, b)))
            .filter_map(|(a, b)| self.travel_minutes(side, a, b, day))
            .min()
    }

    /// Names that one file takes from another must be there.
    fn check_names(&self) -> Result<(), RulesError> {
        for (file, row, port) in self.ports_named() {
            if !self.knows_port(port) {
                let what = format!("names port {port}, which ports.toml does not have");
                return Err(RulesError::new(file, row.to_owned(), what));
            }
        }
        for form in &self.forms {
            if let Some(later) = &form.entry_day_form
                && self.form_by_id(later).is_none()
            {
                let what = format!("entry_day_form {later} is no form");
                return Err(RulesError::new("endorsements.csv", form.id.clone(), what));
            }
        }
        Ok(())
    }

    fn ports_named(&self) -> impl Iterator<Item = (&'static str, &str, &PortId)> {
        let hours = self.extended_hours.iter().map(|h| ("hours.csv", h.port.as_str(), &h.port));
        let lanes = self.lanes.iter().flat_map(|l| {
            l.ports.iter().chain(&l.opens).map(move |port| ("lanes.toml", l.id.as_str(), port))
        });
        let forms = self.forms.iter().flat_map(|f| {
            let named = f.ports.values().flatten();
            named.map(move |port| ("endorsements.csv", f.id.as_str(), port))
        });
        let vehicles = self.vehicles.iter().map(|v| ("vehicles.csv", v.id.as_str(), &v.port));
        hours.chain(lanes).chain(forms).chain(vehicles)
    }

    /// What is uncertain: every switch with value, default, source; then every row marked `?`.
    #[must_use]
    pub fn report(&self) -> Report<'_> {
        Report { rules: self }
    }
}

/// The uncertain rules as a page of text; see [`Rules::report`].
pub struct Report<'a> {
    rules: &'a Rules,
}

impl Report<'_> {
    /// The switches, for whoever prints them otherwise.
    #[must_use]
    pub fn switches(&self) -> &[Switch] {
        &self.rules.switch_rows
    }

    /// Rows of ports that are older on `day` than the stated age: id, and the day as of which the row holds.
    #[must_use]
    pub fn old_rows(&self, day: LocalDate) -> Vec<(String, LocalDate)> {
        let current = self.rules.ports().filter(|port| port.holds_on(day));
        let rows =
            current.map(|port| (format!("ports.toml: {}", port.id), port.as_of.unwrap_or(self.rules.as_of)));
        let age = i32::from(self.rules.stale_after_days);
        rows.filter(|(_, as_of)| age < day.days_since(*as_of)).collect()
    }

    /// Rows marked `?`: file, id and source.
    #[must_use]
    pub fn unsure_rows(&self) -> Vec<(&'static str, String, String)> {
        let unsure = |mark: Mark| mark == Mark::Unsure;
        let mut rows = Vec::new();
        let mut add = |file, id: &str, source: &str| rows.push((file, id.to_owned(), source.to_owned()));
        self.rules
            .ports()
            .filter(|r| unsure(r.mark))
            .for_each(|r| add("ports.toml", r.id.as_str(), &r.source));
        self.rules
            .forms
            .iter()
            .filter(|r| unsure(r.mark))
            .for_each(|r| add("endorsements.csv", &r.id, &r.source));
        self.rules
            .residents
            .iter()
            .filter(|r| unsure(r.mark))
            .for_each(|r| add("residents.csv", &r.id, &r.source));
        self.rules
            .issue_rules
            .iter()
            .filter(|r| unsure(r.mark))
            .for_each(|r| add("issue_rules.csv", &r.id, &r.source));
        self.rules.lanes.iter().filter(|r| unsure(r.mark)).for_each(|r| add("lanes.toml", &r.id, &r.source));
        self.rules.papers.iter().filter(|r| unsure(r.mark)).for_each(|r| add("papers.csv", &r.id, &r.source));
        self.rules
            .vehicles
            .iter()
            .filter(|r| unsure(r.mark))
            .for_each(|r| add("vehicles.csv", &r.id, &r.source));
        self.rules
            .carers
            .iter()
            .filter(|r| unsure(r.mark))
            .for_each(|r| add("carers.csv", r.authority.code(), &r.source));
        rows
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Rules {}: switches for what the sources leave open", self.rules.version)?;
        for s in self.switches() {
            let changed = if s.is_default() { "" } else { ", CHANGED by the operator" };
            writeln!(f, "  {} = {} (default {}{changed})", s.id, s.value, s.default)?;
            writeln!(f, "      {} [{}]", s.says, s.source)?;
        }
        writeln!(f, "Rows whose source is unsure:")?;
        for (file, id, source) in self.unsure_rows() {
            writeln!(f, "  {file}: {id} [{source}]")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        Rules::builtin().unwrap()
    }

    fn day(text: &str) -> LocalDate {
        text.parse().unwrap()
    }

    fn with(file: &'static str, change: impl Fn(&str) -> String) -> Result<Rules, RulesError> {
        let carried = |name: &str| match name {
            "switches.toml" => include_str!("../data/switches.toml"),
            "ports.toml" => include_str!("../data/ports.toml"),
            "endorsements.csv" => include_str!("../data/endorsements.csv"),
            "lanes.toml" => include_str!("../data/lanes.toml"),
            "travel_times.csv" => include_str!("../data/travel_times.csv"),
            other => panic!("{other}"),
        };
        Rules::load(&|name| Ok((name == file).then(|| change(carried(name)))))
    }

    #[test]
    fn every_row_of_the_digest_tables_has_its_row_here() {
        let rules = rules();
        for id in [
            "shenzhen-bay",
            "futian",
            "huanggang",
            "luohu",
            "liantang",
            "wenjindu",
            "shatoujiao",
            "west-kowloon",
            "hzmb-hkg-zhu",
            "shekou",
            "fuyong",
            "jiuzhou",
            "zhongshan",
            "pazhou",
            "nansha",
            "humen",
            "jiangmen",
            "gongbei",
            "hengqin",
            "qingmao",
            "hzmb-zhu-mac",
            "cross-border-zone",
            "wanzai",
            "jiuzhou-mac",
            "shekou-mac",
            "hzmb-hkg-mac",
            "ferry-hkg-mac",
            "airports",
        ] {
            assert!(rules.knows_port(&id.parse().unwrap()), "port {id}");
        }
        let rows: Vec<_> = rules.forms().iter().map(|f| f.row.as_str()).collect();
        for row in [
            "g-hkg",
            "g-mac",
            "g-hkg-sz-multi-1",
            "g-hkg-sz-weekly",
            "g-hkg-sz-multi-2",
            "g-mac-zh-weekly",
            "g-mac-hq-multi",
            "l-hkg",
            "l-mac",
            "l-mac-hqtour",
            "t-3m1",
            "t-3mm",
            "t-1ym",
            "s-old",
            "s",
            "r-gba",
            "r-bj-sh",
            "r-2025",
            "r-hetao",
            "d",
            "q",
            "q-mac-1ym",
            "owp",
        ] {
            assert!(rows.contains(&row), "form {row}");
        }
        let issue: Vec<_> = rules.issue_rules().iter().map(|f| f.id.as_str()).collect();
        for row in
            ["g-cities-49", "g-cities-51", "g-cities-59", "g-mac-gap", "l-mac-hqtour-lapse", "qr-mutual"]
        {
            assert!(issue.contains(&row), "issue rule {row}");
        }
        let residents: Vec<_> = rules.residents().iter().map(|f| f.id.as_str()).collect();
        for row in [
            "hrp",
            "hrp-nc",
            "hrp-expired",
            "hrp-temp",
            "hkid-own",
            "hkpr-mac",
            "hknpr-mac",
            "bir-own",
            "macpr-hkg",
            "macnpr-hkg",
        ] {
            assert!(residents.contains(&row), "residents' rule {row}");
        }
        assert_eq!(rules.travel_times().len(), 50);
    }

    #[test]
    fn form_codes_are_unique_and_stable() {
        let codes: Vec<_> = rules().forms().iter().map(|f| (f.code.get(), f.id.clone())).collect();
        let mut unique: Vec<_> = codes.iter().map(|c| c.0).collect();
        unique.dedup();
        assert_eq!(unique.len(), codes.len());
        // Codes travel inside parts: these may never change their meaning.
        for (code, id) in
            [(2, "g-hkg-3m2"), (8, "g-hkg-sz-weekly"), (27, "l-mac-hqtour"), (60, "d"), (90, "owp")]
        {
            assert!(codes.contains(&(code, id.to_owned())), "{id}");
        }
    }

    #[test]
    fn huanggang_is_written_twice_and_its_opening_is_one_switch() {
        let huanggang: PortId = "huanggang".parse().unwrap();
        let before = rules();
        assert_eq!(before.ports().filter(|p| p.id == huanggang).count(), 2);
        assert!(!before.port(&huanggang, day("2030-01-01")).unwrap().is_joint());
        let after = with("switches.toml", |t| {
            t.replace(
                "id = \"huanggang_new_opens\"\nvalue = \"\"",
                "id = \"huanggang_new_opens\"\nvalue = \"2026-10-01\"",
            )
        })
        .unwrap();
        assert!(!after.port(&huanggang, day("2026-09-30")).unwrap().is_joint());
        assert!(after.port(&huanggang, day("2026-10-01")).unwrap().is_joint());
        assert!(after.report().to_string().contains("CHANGED"));
    }

    #[test]
    fn travel_times_are_the_shortest_path_both_ways() {
        let rules = rules();
        let today = day("2026-03-02");
        let minutes = |side, a, b| rules.travel_minutes(side, a, b, today);
        assert_eq!(minutes(AuthorityCode::Chn, "luohu", "futian"), Some(10));
        assert_eq!(minutes(AuthorityCode::Chn, "futian", "luohu"), Some(10));
        // Liantang to Huanggang by the table 13; Wenjindu to Futian 10; Futian to Gongbei over Shenzhen Bay 13 + 60.
        assert_eq!(minutes(AuthorityCode::Chn, "futian", "gongbei"), Some(73));
        assert_eq!(
            rules.travel_minutes(AuthorityCode::Chn, "futian", "gongbei", day("2024-06-29")),
            Some(113)
        );
        assert_eq!(minutes(AuthorityCode::Mac, "ferry-mac-taipa", "qingmao"), Some(16));
        assert_eq!(minutes(AuthorityCode::Mac, "gongbei", "nowhere"), None);
        assert_eq!(minutes(AuthorityCode::Hkg, "luohu", "luohu"), Some(0));
        let port = |id: &str| id.parse::<PortId>().unwrap();
        assert_eq!(
            rules.minutes_between_ports(AuthorityCode::Mac, &port("ferry-hkg-mac"), &port("hengqin"), today),
            Some(6)
        );
    }

    #[test]
    fn a_broken_file_is_refused_by_name_and_row() {
        for (file, from, to, says) in [
            ("switches.toml", "value = 30", "value = \"thirty\"", "r_hetao_stay_days"),
            ("switches.toml", "id = \"wanzai_runs\"", "id = \"wanzai_walks\"", "wanzai"),
            ("ports.toml", "hours = \"24h\"", "hours = \"24 hours\"", "hours"),
            ("ports.toml", "mark = \"S\"", "mark = \"sure\"", "mark"),
            ("ports.toml", "id = \"gongbei\"", "id = \"gongbei\"\ncolour = 1", "colour"),
            ("endorsements.csv", "2,g-hkg,g-hkg-3m2", "1,g-hkg,g-hkg-3m2", "code"),
            ("endorsements.csv", "HKG,3,2,7", "HKG,3,2,seven", "stay"),
            ("endorsements.csv", "2003-07-28", "2003-07-32", "issue_from"),
            ("lanes.toml", "\"nansha\"", "\"nancha\"", "nancha"),
            ("lanes.toml", "min_age = 7", "min_age = -7", "min_age"),
            ("travel_times.csv", "CHN,luohu,wenjindu,5", "CHN,luohu,wenjindu,-5", "min"),
        ] {
            let error = with(file, |t| {
                assert!(t.contains(from), "row {from}");
                t.replacen(from, to, 1)
            })
            .unwrap_err();
            assert_eq!(error.file, file, "{error}");
            assert!(error.to_string().contains(says), "row {from}: {error}");
        }
        let unread = Rules::load(&|_| Err("cannot be opened".to_owned())).unwrap_err();
        assert_eq!(unread.to_string(), "switches.toml: cannot be opened");
    }

    #[test]
    fn the_report_lists_every_switch_with_its_source() {
        let rules = rules();
        let page = rules.report().to_string();
        assert!(rules.report().switches().len() >= 25);
        for s in rules.report().switches() {
            assert!(page.contains(&s.id) && !s.source.is_empty() && !s.says.is_empty(), "{}", s.id);
            assert!(s.is_default(), "{}", s.id);
        }
        assert!(page.contains("r-hetao"));
    }
}
