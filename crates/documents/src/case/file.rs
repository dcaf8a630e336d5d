//! The fields of a case file.

use serde::Deserialize;
use serde::de::Error as _;

use super::endorsement::{EndorsementTextError, Wanted, counting};
use super::{CaseError, CaseFile, PersonFields, side};
use crate::names::hold_name;
use crate::rules::Counting;
use crate::{
    Applied, Asked, AuthorityCode, Birth, Direction, Document, DocumentKind, DocumentNumber, DocumentStatus,
    Endorsement, LaneKind, LocalDate, Means, Movement, Nationality, Plates, PortId, Question, Residence,
    ResidenceClass, Rules, Side, Timestamp, Use, Vehicle,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    person: RawPerson,
    #[serde(default)]
    documents: Vec<RawDocument>,
    #[serde(default)]
    movements: Vec<RawMovement>,
    question: Option<RawQuestion>,
    questions: Option<Vec<RawQuestion>>,
    /// For the reader of the file.
    #[serde(rename = "note")]
    _note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPerson {
    name: Option<String>,
    name_zh: Option<String>,
    city: Option<String>,
    birth: LocalDate,
    home: AuthorityCode,
    also_resident_of: Option<AuthorityCode>,
    nationality: Option<Text<Nationality>>,
    permanent: Option<bool>,
    hkid_symbol: Option<String>,
    #[serde(default = "yes")]
    registered: bool,
    height_cm: Option<u16>,
    #[serde(default)]
    zone_staff: bool,
}

const fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDocument {
    kind: Text<DocumentKind>,
    number: Option<String>,
    issued: Option<LocalDate>,
    expires: Option<LocalDate>,
    #[serde(default)]
    status: Status,
    destination: Option<AuthorityCode>,
    #[serde(default)]
    endorsements: Vec<RawEndorsement>,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Status {
    #[default]
    Valid,
    Lost,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEndorsement {
    kind: Option<String>,
    form: Option<String>,
    destination: Option<AuthorityCode>,
    issued: Option<LocalDate>,
    from: Option<LocalDate>,
    to: Option<LocalDate>,
    entries: Option<Entries>,
    approved_until: Option<LocalDate>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMovement {
    at: Moment,
    port: Text<PortId>,
    from: Text<Place>,
    to: Text<Place>,
    side: Option<String>,
    #[serde(default)]
    outcome: Passage,
    #[serde(default)]
    with_group: bool,
    granted_until: Option<LocalDate>,
    used: Option<String>,
}

/// One of the three, or anywhere else.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Of(AuthorityCode),
    Other,
}

impl std::str::FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match (text, text.parse()) {
            ("other", _) => Ok(Self::Other),
            (_, Ok(place)) => Ok(Self::Of(place)),
            (_, Err(_)) => Err("no such place; write CHN, HKG, MAC, or other for a place outside the three"),
        }
    }
}

#[derive(Deserialize, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Passage {
    #[default]
    Passed,
    Returned,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawQuestion {
    port: Text<PortId>,
    from: AuthorityCode,
    to: AuthorityCode,
    lane: Option<Text<LaneKind>>,
    at: Moment,
    side: Option<String>,
    by: Option<Text<Means>>,
    #[serde(default)]
    with_group: bool,
    #[serde(default)]
    with_guardian: bool,
    shown: Option<String>,
    vehicle: Option<RawVehicle>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVehicle {
    plates: Text<Plates>,
    city: Option<String>,
}

/// Any type that is read from text, with its own sentence as the error.
struct Text<T>(T);

impl<'de, T: std::str::FromStr<Err: std::fmt::Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Self).map_err(D::Error::custom)
    }
}

/// An instant, or a day alone.
enum Moment {
    Instant(Timestamp),
    Day(LocalDate),
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let day = || text.parse().map(Self::Day);
        text.parse().map(Self::Instant).or_else(|_| day()).map_err(|_| {
            D::Error::custom(
                "not a time; write it like 2026-03-02T10:00:00+08:00, or a day alone like 2026-03-02",
            )
        })
    }
}

impl Moment {
    fn at(&self, minute: u16) -> Timestamp {
        match self {
            Self::Instant(at) => *at,
            Self::Day(day) => day.at_minute(minute),
        }
    }
}

struct Entries(Counting);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Number(n) => n.to_string(),
            serde_json::Value::String(text) => text,
            serde_json::Value::Null
            | serde_json::Value::Bool(_)
            | serde_json::Value::Array(_)
            | serde_json::Value::Object(_) => String::new(),
        };
        counting(&text).map(Self).map_err(D::Error::custom)
    }
}

pub(super) fn read(text: &str, rules: &Rules) -> Result<CaseFile, CaseError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let raw: RawFile = serde_path_to_error::deserialize(&mut json).map_err(|e| {
        let path = match e.path().to_string() {
            p if matches!(p.as_str(), "." | "?") => "the file".to_owned(),
            p => p,
        };
        CaseError::at(path, e.into_inner())
    })?;
    json.end().map_err(|e| CaseError::at("the file", e))?;
    let (questions, single) = match (raw.question, raw.questions) {
        (Some(one), None) => (vec![("question".to_owned(), one)], true),
        (None, Some(many)) => {
            let each = many.into_iter().enumerate();
            (each.map(|(i, q)| (format!("questions[{i}]"), q)).collect(), false)
        }
        (None, None) => (Vec::new(), false),
        (Some(_), Some(_)) => {
            return Err(CaseError::at("questions", "write question or questions, not both"));
        }
    };
    for (path, name) in [("person.name", &raw.person.name), ("person.name_zh", &raw.person.name_zh)] {
        hold_name(name.as_deref().unwrap_or_default()).map_err(|fault| CaseError::at(path, fault))?;
    }
    let mut case = CaseFile {
        name: raw.person.name.clone().unwrap_or_default(),
        name_zh: raw.person.name_zh.clone(),
        city: city(raw.person.city.clone())?,
        holder: person(raw.person)?.holder()?,
        documents: Vec::new(),
        specimen_numbers: Vec::new(),
        movements: Vec::new(),
        questions: Vec::new(),
        single,
    };
    for (i, raw) in raw.documents.into_iter().enumerate() {
        let path = format!("documents[{i}]");
        let kind = raw.kind.0;
        if raw.number.is_none() {
            case.specimen_numbers.push(kind);
        }
        let read = document(&raw, &path, rules, &case)?;
        if case.documents.iter().any(|d| d.number == read.number && d.issued == read.issued) {
            return Err(CaseError::at(
                format!("{path}.number"),
                "stands twice; give each document its own number",
            ));
        }
        case.documents.push(read);
        residence_by_card(&mut case, kind);
    }
    case.movements = raw
        .movements
        .into_iter()
        .enumerate()
        .map(|(i, m)| movement(m, &format!("movements[{i}]"), rules, &case))
        .collect::<Result<_, _>>()?;
    inbound_passes(&mut case);
    let asked = questions.into_iter().map(|(path, q)| question(q, &path, rules, &case.documents));
    case.questions = asked.collect::<Result<_, _>>()?;
    Ok(case)
}

/// A one-time pass of a resident of a region whose Home Return Permit had ended by its issue, and who was not in the
/// mainland then, was made at the port for the way in. (After a loss in the mainland it leads home.)
fn inbound_passes(case: &mut CaseFile) {
    if case.holder.home == AuthorityCode::Chn {
        return;
    }
    let ended = |issued: LocalDate| {
        case.documents.iter().any(|d| {
            d.kind() == DocumentKind::HomeReturnPermit
                && d.status == DocumentStatus::Valid
                && d.expired_on(issued)
        })
    };
    let inside = |issued: LocalDate| {
        let before = case.movements.iter().filter(|m| m.at < issued.plus_days(1).start());
        before.max_by_key(|m| m.at).is_some_and(|m| m.direction.to() == AuthorityCode::Chn)
    };
    let made_at_the_port: Vec<bool> = case
        .documents
        .iter()
        .map(|d| {
            d.kind() == DocumentKind::OneTimePass && d.issued.is_some_and(|day| ended(day) && !inside(day))
        })
        .collect();
    for (document, inbound) in case.documents.iter_mut().zip(made_at_the_port) {
        if let (true, DocumentNumber::OneTimePass(number)) = (inbound, &document.number) {
            document.number = DocumentNumber::InboundPass(number.clone());
        }
    }
}

/// Longest name of a city, in bytes.
const MAX_CITY_LEN: usize = 54;

fn city(text: Option<String>) -> Result<Option<String>, CaseError> {
    let fits = |text: &String| {
        (1..=MAX_CITY_LEN).contains(&text.len()) && text.trim() == text && !text.chars().any(char::is_control)
    };
    if text.as_ref().is_some_and(|text| !fits(text)) {
        return Err(CaseError::at("person.city", "write a city's name of at most 54 bytes, or leave it out"));
    }
    Ok(text)
}

fn person(raw: RawPerson) -> Result<PersonFields, CaseError> {
    if raw.height_cm.is_some_and(|cm| !(20..=280).contains(&cm)) {
        return Err(CaseError::at("person.height_cm", "write the height in centimetres, 20 to 280"));
    }
    Ok(PersonFields {
        home: raw.home,
        also: raw.also_resident_of,
        permanent: raw.permanent,
        symbol: raw.hkid_symbol,
        birth: raw.birth,
        nationality: raw.nationality.map(|n| n.0),
        registered: raw.registered,
        height_cm: raw.height_cm,
        zone_staff: raw.zone_staff,
    })
}

/// Who holds a card of the other region's identity is its resident.
fn residence_by_card(case: &mut CaseFile, kind: DocumentKind) {
    // A mainland resident who studies in Hong Kong has its card and is a visitor there, with a stay that it approved.
    if case.holder.home == AuthorityCode::Chn {
        return;
    }
    let of = if kind == DocumentKind::Hkid {
        AuthorityCode::Hkg
    } else if kind == DocumentKind::MacaoBir {
        AuthorityCode::Mac
    } else {
        return;
    };
    if case.holder.residence(of).is_none() {
        case.holder.residences.push(Residence { of, class: ResidenceClass::Permanent });
    }
}

fn document(raw: &RawDocument, path: &str, rules: &Rules, case: &CaseFile) -> Result<Document, CaseError> {
    let kind = raw.kind.0;
    belongs(kind, case.holder.home).map_err(|what| CaseError::at(format!("{path}.kind"), what))?;
    let number = match &raw.number {
        Some(text) => DocumentNumber::parse(kind, text),
        None => DocumentNumber::parse(kind, specimen(kind, case)),
    };
    let number = number.map_err(|e| CaseError::at(format!("{path}.number"), e))?;
    if let (DocumentNumber::MainlandId(id), Some(_)) = (&number, &raw.number)
        && id.birth().map(Birth::Date) != Some(case.holder.birth)
    {
        return Err(CaseError::at(
            format!("{path}.number"),
            "the birth date in the number is not person.birth",
        ));
    }
    if let (Some(issued), Some(expires)) = (raw.issued, raw.expires)
        && expires < issued
    {
        return Err(CaseError::at(format!("{path}.expires"), "lies before the day of issue"));
    }
    Ok(Document {
        number,
        issued: raw.issued,
        expires: raw.expires,
        status: match raw.status {
            Status::Valid => DocumentStatus::Valid,
            Status::Lost => DocumentStatus::Lost,
        },
        endorsements: endorsements(raw, path, rules)?,
    })
}

fn endorsements(raw: &RawDocument, path: &str, rules: &Rules) -> Result<Vec<Endorsement>, CaseError> {
    let kind = raw.kind.0;
    if kind == DocumentKind::OneWayPermit {
        return one_way(raw, path, rules).map(|e| vec![e]);
    }
    if raw.destination.is_some() {
        return Err(CaseError::at(
            format!("{path}.destination"),
            "only a one_way_permit has one; endorsements have their own",
        ));
    }
    if kind != DocumentKind::ExitEntryPermit && !raw.endorsements.is_empty() {
        return Err(CaseError::at(
            format!("{path}.endorsements"),
            "only an exit_entry_permit carries endorsements",
        ));
    }
    let mut all: Vec<Endorsement> = Vec::new();
    for (i, e) in raw.endorsements.iter().enumerate() {
        let path = format!("{path}.endorsements[{i}]");
        let wanted = Wanted {
            kind: e.kind.as_deref(),
            form: e.form.as_deref(),
            destination: e.destination,
            issued: e.issued,
            from: e.from,
            to: e.to,
            entries: e.entries.as_ref().map(|e| e.0),
            approved_until: e.approved_until,
        };
        let read = wanted.endorsement(rules).map_err(|e| match e {
            EndorsementTextError::Field { field, what } => CaseError::at(format!("{path}.{field}"), what),
            EndorsementTextError::NoSuchForm(_) | EndorsementTextError::Fields => CaseError::at(&path, e),
        })?;
        if all.iter().any(|other| other.reference() == read.reference()) {
            return Err(CaseError::at(path, "the same form, destination and first day stand twice"));
        }
        all.push(read);
    }
    Ok(all)
}

/// A one-way permit carries one right of form `owp`.
fn one_way(raw: &RawDocument, path: &str, rules: &Rules) -> Result<Endorsement, CaseError> {
    let error = |field: &str, what: &str| CaseError::at(format!("{path}.{field}"), what);
    let form = rules.form_by_id("owp").ok_or_else(|| error("kind", "the rules have no form owp"))?;
    let destination = raw.destination.filter(|d| form.destinations.contains(d));
    let destination = destination.ok_or_else(|| error("destination", "write HKG or MAC"))?;
    if !raw.endorsements.is_empty() {
        return Err(error("endorsements", "a one_way_permit has a destination and no endorsements"));
    }
    let from = raw.issued.or(form.issue_from).ok_or_else(|| error("issued", "write the day of issue"))?;
    let to = raw.expires.unwrap_or_else(|| form.longest_validity(from).max(from.plus_months(12 * 100)));
    Ok(Endorsement {
        form: form.code,
        destination,
        entries: form.entries(),
        valid_from: from,
        valid_to: to,
        issued: from,
        approved_until: None,
    })
}

/// Which documents whose residents hold.
fn belongs(kind: DocumentKind, home: AuthorityCode) -> Result<(), &'static str> {
    let mainland = home == AuthorityCode::Chn;
    match kind {
        DocumentKind::MainlandId
        | DocumentKind::ExitEntryPermit
        | DocumentKind::OneWayPermit
        | DocumentKind::OfficialPermit
            if !mainland =>
        {
            Err("only a mainland resident (home CHN) holds one")
        }
        DocumentKind::MacaoBir
        | DocumentKind::HomeReturnPermit
        | DocumentKind::ResidencePermit
        | DocumentKind::DocumentOfIdentity
        | DocumentKind::VisitPermit
        | DocumentKind::InboundPass
        | DocumentKind::ReentryPermit
        | DocumentKind::HksarPassport
            if mainland =>
        {
            Err("only a resident of Hong Kong or Macao (home HKG or MAC) holds one")
        }
        DocumentKind::MainlandId
        | DocumentKind::ResidencePermit
        | DocumentKind::Hkid
        | DocumentKind::MacaoBir
        | DocumentKind::ExitEntryPermit
        | DocumentKind::HomeReturnPermit
        | DocumentKind::Passport
        | DocumentKind::OneWayPermit
        | DocumentKind::OneTimePass
        | DocumentKind::DocumentOfIdentity
        | DocumentKind::VisitPermit
        | DocumentKind::InboundPass
        | DocumentKind::ReentryPermit
        | DocumentKind::HksarPassport
        | DocumentKind::OfficialPermit => Ok(()),
    }
}

/// Numbers of nobody, for files that leave the number out; each document of a kind gets its own.
fn specimen(kind: DocumentKind, case: &CaseFile) -> &'static str {
    let other = case.holder.nationality.is_some_and(|n| !n.is_chinese());
    let same = case.documents.iter().filter(|d| d.kind() == kind).count();
    let pick = |numbers: [&'static str; 4]| numbers.get(same).copied().unwrap_or("");
    match kind {
        // The standard's own samples.
        DocumentKind::MainlandId => "11010519491231002X",
        DocumentKind::ResidencePermit => "820000198511304524",
        DocumentKind::Hkid => "A123456(3)",
        DocumentKind::MacaoBir => "5123456(7)",
        DocumentKind::ExitEntryPermit => pick(["C00000000", "C00000001", "C00000002", "C00000003"]),
        DocumentKind::HomeReturnPermit if other => pick(["HA0000000", "HA0000001", "HA0000002", "HA0000003"]),
        DocumentKind::HomeReturnPermit => pick(["H00000000", "H00000001", "H00000002", "H00000003"]),
        DocumentKind::Passport => pick(["E00000000", "E00000001", "E00000002", "E00000003"]),
        DocumentKind::HksarPassport => pick(["K00000000", "K00000001", "K00000002", "K00000003"]),
        DocumentKind::OneWayPermit
        | DocumentKind::OneTimePass
        | DocumentKind::DocumentOfIdentity
        | DocumentKind::VisitPermit
        | DocumentKind::InboundPass
        | DocumentKind::ReentryPermit
        | DocumentKind::OfficialPermit => pick(["S00000000", "S00000001", "S00000002", "S00000003"]),
    }
}

fn direction(from: AuthorityCode, to: AuthorityCode, path: &str) -> Result<Direction, CaseError> {
    Direction::new(from, to).ok_or_else(|| CaseError::at(format!("{path}.to"), "is the same as from"))
}

fn known(port: &PortId, path: &str, rules: &Rules) -> Result<(), CaseError> {
    if rules.knows_port(port) {
        return Ok(());
    }
    let mut names: Vec<_> = rules.ports().map(|p| p.id.as_str()).collect();
    names.dedup();
    Err(CaseError::at(format!("{path}.port"), format!("no such port; write one of {}", names.join(", "))))
}

fn movement(raw: RawMovement, path: &str, rules: &Rules, case: &CaseFile) -> Result<Movement, CaseError> {
    known(&raw.port.0, path, rules)?;
    if raw.from.0 == Place::Other || raw.to.0 == Place::Other {
        return movement_outside(&raw, path);
    }
    let (Place::Of(from), Place::Of(to)) = (raw.from.0, raw.to.0) else {
        return Err(CaseError::at(path, "names no place"));
    };
    let direction = direction(from, to, path)?;
    let half = raw.side.as_deref().map(|t| side(t, &format!("{path}.side"))).transpose()?;
    let applied = match (half, raw.outcome) {
        (None, Passage::Passed) => Applied::Both,
        (Some(Side::Exit), Passage::Passed) => Applied::ExitOnly,
        (Some(Side::Entry), Passage::Passed) => Applied::EntryOnly,
        (None | Some(Side::Exit), Passage::Returned) => Applied::Returned,
        (Some(Side::Entry), Passage::Returned) => {
            return Err(CaseError::at(
                format!("{path}.outcome"),
                "who turned back between the halls made an exit only; leave side out",
            ));
        }
    };
    let at = raw.at.at(0);
    let used = match raw.used.as_deref() {
        None => Use::Unrecorded,
        Some("none") => Use::Nothing,
        Some(id) => recorded_use(id, at.local_date(), direction.to(), rules, case).ok_or_else(|| {
            CaseError::at(
                format!("{path}.used"),
                "write none, or the form id of one of the person's endorsements",
            )
        })?,
    };
    Ok(Movement {
        at,
        port: raw.port.0,
        direction,
        applied,
        with_group: raw.with_group,
        granted_until: raw.granted_until,
        used,
    })
}

/// A way to or from a place outside the three: the one side that is here saw it.
fn movement_outside(raw: &RawMovement, path: &str) -> Result<Movement, CaseError> {
    if raw.side.is_some() || raw.outcome == Passage::Returned {
        let what = "of a way to or from other only one side is here; leave side and outcome out";
        return Err(CaseError::at(format!("{path}.side"), what));
    }
    let (here, applied) = match (raw.from.0, raw.to.0) {
        (Place::Of(from), Place::Other) => (from, Applied::LeftTheThree),
        (Place::Other, Place::Of(to)) => (to, Applied::CameFromOutside),
        (Place::Other, Place::Other) | (Place::Of(_), Place::Of(_)) => {
            return Err(CaseError::at(format!("{path}.to"), "write one of the three here or in from"));
        }
    };
    // The other end says nothing; a direction has two.
    let nominal = AuthorityCode::ALL.into_iter().find(|place| *place != here);
    let ways = nominal.and_then(|there| Some((Direction::new(here, there)?, Direction::new(there, here)?)));
    let Some((out, home)) = ways else {
        return Err(CaseError::at(path, "names no place"));
    };
    Ok(Movement {
        direction: if applied == Applied::LeftTheThree { out } else { home },
        applied,
        with_group: raw.with_group,
        granted_until: raw.granted_until,
        ..Movement::new(raw.at.at(0), raw.port.0.clone(), out)
    })
}

/// The endorsement of that form that was valid then, else any of that form; of several the one that began first.
fn recorded_use(id: &str, day: LocalDate, to: AuthorityCode, rules: &Rules, case: &CaseFile) -> Option<Use> {
    let code = rules.form_by_id(id)?.code;
    let all = || case.documents.iter().flat_map(|d| &d.endorsements);
    let fit = all().filter(|e| e.form == code && e.destination == to);
    let used = fit.min_by_key(|e| (!(e.valid_from <= day && day <= e.valid_to), **e));
    used.map(|e| Use::Entry(e.reference()))
}

fn question(
    raw: RawQuestion,
    path: &str,
    rules: &Rules,
    documents: &[Document],
) -> Result<Question, CaseError> {
    known(&raw.port.0, path, rules)?;
    let shown = raw.shown.as_deref().map(|text| shown(text, path, documents)).transpose()?;
    if raw.vehicle.is_some() && raw.by.as_ref().is_some_and(|by| by.0 != Means::Car) {
        return Err(CaseError::at(format!("{path}.by"), "write car, or leave it out beside a vehicle"));
    }
    let vehicle = raw.vehicle.map(|v| Vehicle { plates: v.plates.0, city: v.city });
    let asked = match raw.side.as_deref() {
        None => Asked::Both,
        Some(text) => Asked::Only(side(text, &format!("{path}.side"))?),
    };
    Ok(Question {
        direction: direction(raw.from, raw.to, path)?,
        port: raw.port.0,
        lane: raw.lane.map_or(LaneKind::Code, |l| l.0),
        // A day alone means noon, when every port that opens at all is open.
        at: raw.at.at(720),
        asked,
        by: raw.by.map(|b| b.0).or(vehicle.as_ref().map(|_| Means::Car)),
        with_group: raw.with_group,
        with_guardian: raw.with_guardian,
        shown,
        vehicle,
    })
}

/// The document that is shown: by its number, or by its kind where the person has one of it.
fn shown(text: &str, path: &str, documents: &[Document]) -> Result<DocumentNumber, CaseError> {
    let wrong = |what: &str| CaseError::at(format!("{path}.shown"), what);
    let named: Vec<&Document> = match text.parse::<DocumentKind>() {
        Ok(kind) => documents.iter().filter(|d| d.kind() == kind).collect(),
        Err(_) => documents
            .iter()
            .filter(|d| DocumentNumber::parse(d.kind(), text).as_ref() == Ok(&d.number))
            .collect(),
    };
    match named.as_slice() {
        [one] => Ok(one.number.clone()),
        [] => Err(wrong("write the number or the kind of one of the documents")),
        [_, _, ..] => Err(wrong("there are several of that kind; write the number of the one that is shown")),
    }
}
