//! Lane rules: which kinds of lane serve whom, and where face lanes were opened.

use serde::Deserialize;

use super::ports::{Hours, Mode};
use super::{Mark, RulesError};
use crate::{AuthorityCode, DocumentKind, LaneKind, LocalDate, Means, PortId, ResidenceClass};

const FILE: &str = "lanes.toml";

/// For whom a port's hours are reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserved {
    /// Residents of Macao, and holders of a stay endorsement (workers and students).
    ResidentsOfMacaoAndStay,
    /// Staff of the cross-border industrial zone.
    ZoneStaff,
}

/// One rule; every rule that fits lane, port and day must be met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneRule {
    /// The rule's id in the data file.
    pub id: String,
    /// Kinds of lane that it governs.
    pub kinds: Vec<LaneKind>,
    /// Ports at which it opens lanes of those kinds.
    pub opens: Vec<PortId>,
    /// Ports that it governs; empty: any.
    pub ports: Vec<PortId>,
    /// Modes that it governs; empty: any.
    pub modes: Vec<Mode>,
    /// The two authorities that it governs, in any order; empty: any.
    pub between: Vec<AuthorityCode>,
    /// An authority that must be one of the two of the crossing; `None`: any.
    pub stands: Option<AuthorityCode>,
    /// Homes of the holders whom it governs; empty: any.
    pub homes: Vec<AuthorityCode>,
    /// Age in whole years below which it governs a holder; `None`: any age.
    pub below_age: Option<u8>,
    /// Means of transport that it governs; empty: any, and those not named.
    pub by: Vec<Means>,
    /// First day on which the rule holds; `None`: open.
    pub from: Option<LocalDate>,
    /// Last day on which the rule holds; `None`: open.
    pub to: Option<LocalDate>,
    /// Hours of the day that it governs.
    pub hours: Option<Hours>,
    /// Youngest age served, in whole years.
    pub min_age: Option<u8>,
    /// Age in whole years below which a guardian must be present.
    pub guardian_below: Option<u8>,
    /// Whether the holder must be 1.2 m or taller.
    pub tall_enough: bool,
    /// Least height in centimetres.
    pub min_height_cm: Option<u16>,
    /// Age in whole years below which registration is not asked; `None`: it is asked at every age.
    pub unregistered_below_age: Option<u8>,
    /// Height in centimetres below which registration is not asked; `None`: it is asked at every height.
    pub unregistered_below_cm: Option<u16>,
    /// Whether the holder must be registered for joint lanes.
    pub registered: bool,
    /// Residents served, each with a class of residence or any; empty: all.
    pub residents: Vec<(AuthorityCode, Option<ResidenceClass>)>,
    /// Documents served; empty: all.
    pub documents: Vec<DocumentKind>,
    /// Documents that are not served, whatever else is.
    pub not_documents: Vec<DocumentKind>,
    /// Letters of endorsement served, for mainland residents; empty: all.
    pub letters: Vec<String>,
    /// Whether the endorsement must be a multiple one.
    pub multiple: bool,
    /// First day of lanes of these kinds here; before it there are none. `None`: as long as the port.
    pub opened: Option<LocalDate>,
    /// First day for residents of the two regions.
    pub regional_residents_from: Option<LocalDate>,
    /// For whom the hours are reserved.
    pub reserved_for: Option<Reserved>,
    /// How well the source supports the row.
    pub mark: Mark,
    /// The source: a law, a notice or an official page.
    pub source: String,
    /// What else the source says.
    pub note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    lane: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    kinds: Vec<String>,
    #[serde(default)]
    opens: Vec<String>,
    #[serde(default)]
    ports: Vec<String>,
    #[serde(default)]
    modes: Vec<String>,
    #[serde(default)]
    between: Vec<AuthorityCode>,
    stands: Option<AuthorityCode>,
    #[serde(default)]
    homes: Vec<AuthorityCode>,
    below_age: Option<u8>,
    #[serde(default)]
    by: Vec<String>,
    from: Option<LocalDate>,
    to: Option<LocalDate>,
    hours: Option<String>,
    min_age: Option<u8>,
    min_height_cm: Option<u16>,
    unregistered_below_age: Option<u8>,
    unregistered_below_cm: Option<u16>,
    opened: Option<LocalDate>,
    guardian_below: Option<u8>,
    #[serde(default)]
    tall_enough: bool,
    #[serde(default)]
    registered: bool,
    #[serde(default)]
    residents: Vec<String>,
    #[serde(default)]
    documents: Vec<String>,
    #[serde(default)]
    not_documents: Vec<String>,
    #[serde(default)]
    letters: Vec<String>,
    #[serde(default)]
    multiple: bool,
    regional_residents_from: Option<LocalDate>,
    reserved_for: Option<String>,
    mark: String,
    source: String,
    #[serde(default)]
    note: String,
}

pub(super) fn read(text: &str) -> Result<Vec<LaneRule>, RulesError> {
    let file: File = toml::from_str(text).map_err(|e| RulesError::new(FILE, None, e.to_string()))?;
    file.lane.into_iter().map(checked).collect()
}

fn checked(e: Entry) -> Result<LaneRule, RulesError> {
    let error = |what: String| RulesError::new(FILE, e.id.clone(), what);
    fn list<T: std::str::FromStr<Err: std::fmt::Display>>(
        texts: &[String],
        field: &str,
        error: impl Fn(String) -> RulesError,
    ) -> Result<Vec<T>, RulesError> {
        texts.iter().map(|t| t.parse().map_err(|x| error(format!("{field}: {t}: {x}")))).collect()
    }
    let modes = e
        .modes
        .iter()
        .map(|t| Mode::parse(t).ok_or_else(|| error("modes: write separate, colocated or joint".to_owned())));
    let residents = e.residents.iter().map(|t| {
        let (of, class) = t.split_once(':').map_or((t.as_str(), None), |(of, class)| (of, Some(class)));
        let of = of.parse().map_err(|x| error(format!("residents: {x}")))?;
        match class {
            None => Ok((of, None)),
            Some("permanent") => Ok((of, Some(ResidenceClass::Permanent))),
            Some(_) => Err(error("residents: write CHN, HKG, MAC or one of them and :permanent".to_owned())),
        }
    });
    let hours = e
        .hours
        .as_deref()
        .map(|t| Hours::parse(t).ok_or_else(|| error("hours: write a span like 00:00-07:00".to_owned())));
    let reserved_for = match e.reserved_for.as_deref() {
        None => None,
        Some("residents-of-macao-and-stay") => Some(Reserved::ResidentsOfMacaoAndStay),
        Some("zone-staff") => Some(Reserved::ZoneStaff),
        Some(_) => {
            return Err(error("reserved_for: write residents-of-macao-and-stay or zone-staff".to_owned()));
        }
    };
    if e.kinds.is_empty() || e.source.is_empty() {
        return Err(error("kinds and source may not be empty".to_owned()));
    }
    Ok(LaneRule {
        kinds: list(&e.kinds, "kinds", error)?,
        opens: list(&e.opens, "opens", error)?,
        ports: list(&e.ports, "ports", error)?,
        modes: modes.collect::<Result<_, _>>()?,
        documents: list(&e.documents, "documents", error)?,
        not_documents: list(&e.not_documents, "not_documents", error)?,
        by: list(&e.by, "by", error)?,
        stands: e.stands,
        homes: e.homes,
        below_age: e.below_age,
        min_height_cm: e.min_height_cm,
        unregistered_below_age: e.unregistered_below_age,
        unregistered_below_cm: e.unregistered_below_cm,
        opened: e.opened,
        residents: residents.collect::<Result<_, _>>()?,
        hours: hours.transpose()?,
        mark: Mark::parse(&e.mark).ok_or_else(|| error("mark: write S, G or ?".to_owned()))?,
        reserved_for,
        between: e.between,
        from: e.from,
        to: e.to,
        min_age: e.min_age,
        guardian_below: e.guardian_below,
        tall_enough: e.tall_enough,
        registered: e.registered,
        letters: e.letters,
        multiple: e.multiple,
        regional_residents_from: e.regional_residents_from,
        source: e.source,
        note: e.note,
        id: e.id,
    })
}
