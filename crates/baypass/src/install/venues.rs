//! Venues of an installation: a folder for each desk, its key, and the specimens that `baypass init` makes.
//!
//! Lives here: where they lie, who lists their keys, bringing over the version before. Not here: what a desk may ask
//! (`trust::desk`), a desk that runs (`venue`).

use std::collections::BTreeMap;
use std::sync::Arc;

use credential::SigningKey;
use credential::venue::ClaimName;
use documents::{AuthorityCode, LocalDate, Scenario, Timestamp, VenueId};
use serde::{Deserialize, Serialize};
use trust::{Binding, DeskBinding, KeyEntry, Role, SPECIMEN_VENUES, TrustStore, gate_kid};

use super::acts::{self, Office};
use super::approval_file::ApprovalFile;
use super::changes::{ListChanges, newest};
use super::doors::DoorFile;
use super::keys::KeyStore as _;
use super::library::LibraryFile;
use super::signing::{CLOCK_SECONDS, LATER_ROLES, Seat};
use super::{Installation, approvals, lists, make_folder, write_whole};
use crate::failure::{Failure, of};

/// The file in a venue's folder that says what it is.
const FILE: &str = "venue.toml";
/// What the ids of specimens' approvals begin with.
const SPECIMEN: &str = "SPECIMEN-";

/// What a venue is, as its folder says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VenueFile {
    /// `building`, `hotel` or `library`.
    kind: String,
    /// Whose list names the desk's key.
    authority: AuthorityCode,
    scenarios: Vec<String>,
    /// Id of the approval under which the desk asks.
    approval: String,
    name: String,
    name_zh: String,
    asks: Option<Asks>,
    police: Option<Service>,
    hotel_system: Option<HotelSystem>,
    library: Option<LibraryFile>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    door: Vec<DoorFile>,
}

/// Where a desk hands something over.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its address.
    pub address: String,
    /// A file in the venue's folder with the token that it asks for.
    pub token_file: Option<String>,
}

/// The hotel's own system (docs/desk.md).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HotelSystem {
    /// Its address.
    pub address: String,
    /// A file in the venue's folder with the token that it asks for.
    pub token_file: Option<String>,
    /// The hotel's code there.
    pub hotel: String,
    /// This desk's id there.
    pub desk: String,
    /// Whether it is the real one.
    pub production: bool,
    /// The code of a room's type, where it asks for one.
    pub room_type: Option<String>,
}

/// What a desk asks; its approval says the most that it may.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asks {
    /// What the pass is shown for.
    pub scenario: Scenario,
    /// The claims without which it does not serve by pass.
    pub required: Vec<ClaimName>,
    /// The claims to which a traveller may say no.
    pub optional: Vec<ClaimName>,
    /// Why it asks, in a word of the approval.
    pub purpose: String,
    /// How long it keeps what it writes down, in days.
    pub retention_days: u16,
    /// Whether a face is compared at the desk.
    pub face: bool,
}

/// A desk: the place for which its key counts, who lists it, and what it asks.
#[derive(Debug, Clone)]
pub struct Desk {
    authority: AuthorityCode,
    binding: DeskBinding,
    file: Arc<VenueFile>,
}

impl Desk {
    /// The venue.
    pub const fn id(&self) -> &VenueId {
        self.binding.venue()
    }

    /// The authority whose list names the key.
    pub const fn authority(&self) -> AuthorityCode {
        self.authority
    }

    /// Where the key counts.
    pub const fn binding(&self) -> &DeskBinding {
        &self.binding
    }

    /// The id of the approval under which it asks.
    pub fn approval(&self) -> &str {
        &self.file.approval
    }

    /// What people call the venue.
    pub fn name(&self) -> &str {
        &self.file.name
    }

    /// The same in Chinese.
    pub fn name_zh(&self) -> &str {
        &self.file.name_zh
    }

    /// The police's register, where guests are told to one.
    pub fn police(&self) -> Option<&Service> {
        self.file.police.as_ref()
    }

    /// The hotel's system, where it has one.
    pub fn hotel_system(&self) -> Option<&HotelSystem> {
        self.file.hotel_system.as_ref()
    }

    /// A library's own system, and who opens accounts in it.
    pub fn library(&self) -> Option<&LibraryFile> {
        self.file.library.as_ref()
    }

    /// The doors that it opens.
    pub fn doors(&self) -> &[DoorFile] {
        &self.file.door
    }

    /// What it asks.
    pub fn asks(&self) -> Result<&Asks, Failure> {
        self.file.asks.as_ref().ok_or_else(|| {
            Failure::new(format!(
                "{FILE} of {} does not say what the desk asks; write [asks] with scenario, required, optional, purpose, \
                 retention_days and face (docs/operating.md, Desks)",
                self.id()
            ))
        })
    }

    fn of(id: VenueId, file: VenueFile) -> Result<Self, Failure> {
        let scenarios = file.scenarios.iter().map(|text| text.parse().map_err(of));
        let scenarios: Vec<Scenario> = scenarios.collect::<Result<_, _>>()?;
        let kind = file.kind.parse().map_err(of)?;
        let unfit = format!("{id}: a {kind} has none of these scenarios; see docs/venues.md, Approvals");
        let binding = DeskBinding::new(id, kind, scenarios).ok_or_else(|| Failure::new(unfit))?;
        Ok(Self { authority: file.authority, binding, file: Arc::new(file) })
    }

    fn entry(&self, number: u8, key: &SigningKey, (from, to): (Timestamp, Timestamp)) -> KeyEntry {
        KeyEntry {
            role: Role::Desk,
            kid: gate_kid(self.id().as_str(), number),
            key: key.public().as_bytes().to_vec(),
            from,
            to,
            compromised: false,
            binding: Some(Binding::Desk(self.binding.clone())),
        }
    }
}

/// The venues that have a folder here, in order.
pub fn here(of_what: &Installation) -> Result<Vec<VenueId>, Failure> {
    let folder = of_what.root().join("venues");
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::new(format!("{} cannot be read ({error}); check its rights", folder.display()))
    };
    let files = match std::fs::read_dir(&folder) {
        Ok(files) => files,
        // An installation of the version before.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(&error)),
    };
    let mut found = Vec::new();
    for file in files {
        let name = file.map_err(|error| unreadable(&error))?.file_name();
        let id = name.to_str().and_then(|name| name.parse().ok());
        found.push(id.ok_or_else(|| {
            let shown = folder.join(&name);
            Failure::new(format!("{} is no venue's name; rename or remove it", shown.display()))
        })?);
    }
    found.sort();
    Ok(found)
}

/// Every desk that has a folder here, in order of the venues.
pub fn desks(of_what: &Installation) -> Result<Vec<Desk>, Failure> {
    let read = |id: VenueId| {
        let path = of_what.venue(&id).join(FILE);
        let damaged = |why: String| {
            Failure::new(format!("{} cannot be read ({why}); restore it from a backup", path.display()))
        };
        let text = std::fs::read_to_string(&path).map_err(|error| damaged(error.to_string()))?;
        let file: VenueFile = toml::from_str(&text).map_err(|error| damaged(error.message().to_owned()))?;
        Desk::of(id, file)
    };
    here(of_what)?.into_iter().map(read).collect()
}

/// The desk of one venue.
pub fn desk(of_what: &Installation, id: &VenueId) -> Result<Desk, Failure> {
    desks(of_what)?.into_iter().find(|desk| desk.id() == id).ok_or_else(|| {
        Failure::new(format!(
            "this installation has no desk of {id}; `baypass desk list` names those that there are"
        ))
    })
}

/// Whether each desk's key is there and is the one that its authority's list names; says how many there are.
pub fn check(of_what: &Installation, trust: &TrustStore, now: Timestamp) -> Result<String, Failure> {
    let desks = desks(of_what)?;
    let dir = of_what.root().display();
    for desk in &desks {
        let seat = Seat::Desk(desk.clone());
        let keys = seat.keys(of_what);
        let numbers = seat.here(&keys);
        if numbers.is_empty() {
            // Says which file is missing.
            keys.signing(&seat.file(1))?;
        }
        let mut counts = false;
        for number in numbers {
            let key = keys.signing(&seat.file(number))?;
            counts |= seat.counts(trust, number, key.public().as_bytes(), now);
        }
        let (id, code) = (desk.id(), desk.authority());
        if !counts {
            return Err(Failure::new(format!(
                "no key of {id} counts by the list of {code}: `baypass keys list --dir {dir} --venue {id}` shows them, \
                 `baypass keys rotate --dir {dir} --venue {id} --lead 0` makes another"
            )));
        }
        let listed = seat.listed(trust);
        let bound = Some(Binding::Desk(desk.binding().clone()));
        if listed.iter().any(|(_, entry)| !entry.compromised && now < entry.to && entry.binding != bound) {
            return Err(Failure::new(format!(
                "the list of {code} binds the desk of {id} to another kind or other scenarios than {FILE} in its folder \
                 says; set that file right"
            )));
        }
    }
    Ok(match desks.len() {
        0 => "none".to_owned(),
        count => format!("{count}, each with the key that its authority's list names"),
    })
}

/// What the data say about specimens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Specimens {
    venue: Vec<Specimen>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Specimen {
    id: String,
    kind: String,
    authority: AuthorityCode,
    scenarios: Vec<String>,
    name: String,
    name_zh: String,
    required: Vec<ClaimName>,
    optional: Vec<ClaimName>,
    approval: SpecimenApproval,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SpecimenApproval {
    id: String,
    scenario: String,
    claims: Vec<String>,
    purposes: Vec<String>,
    retention_days: u16,
    other_way: Option<String>,
    assessment: String,
    filing: String,
    ground: String,
    sources: Vec<String>,
}

impl Specimen {
    fn all() -> Result<Vec<Self>, Failure> {
        let all: Specimens = toml::from_str(SPECIMEN_VENUES).map_err(of)?;
        match all.venue.iter().find(|venue| venue.approval.sources.is_empty()) {
            Some(venue) => Err(Failure::new(format!("the data of venues name no source for {}", venue.id))),
            None => Ok(all.venue),
        }
    }

    fn file(&self) -> Result<VenueFile, Failure> {
        let purpose = self.approval.purposes.first().cloned().unwrap_or_default();
        Ok(VenueFile {
            kind: self.kind.clone(),
            authority: self.authority,
            scenarios: self.scenarios.clone(),
            approval: self.approval.id.clone(),
            name: self.name.clone(),
            name_zh: self.name_zh.clone(),
            asks: Some(Asks {
                scenario: self.approval.scenario.parse().map_err(of)?,
                required: self.required.clone(),
                optional: self.optional.clone(),
                purpose,
                retention_days: self.approval.retention_days,
                // The clerk's eye, which every approval allows.
                face: false,
            }),
            police: None,
            hotel_system: None,
            library: None,
            door: Vec::new(),
        })
    }

    fn desk(&self) -> Result<Desk, Failure> {
        Desk::of(self.id.parse().map_err(of)?, self.file()?)
    }

    /// Makes folder and key of the desk, where they are not there yet.
    fn make(&self, to: &Installation, now: Timestamp) -> Result<(Desk, SigningKey), Failure> {
        let desk = self.desk()?;
        let folder = to.venue(desk.id());
        make_folder(&folder)?;
        to.put_on_record(&Office::Venue(desk.id().clone()), (acts::MAKE_KEY, "desk 1"), now)?;
        let seat = Seat::Desk(desk.clone());
        let (keys, name) = (seat.keys(to), seat.file(1));
        let key = if seat.here(&keys).is_empty() { keys.make_signing(&name)? } else { keys.signing(&name)? };
        let text = toml::to_string(&self.file()?).map_err(of)?;
        write_whole(&folder.join(FILE), text.as_bytes())?;
        Ok((desk, key))
    }

    fn approval(&self, (from, to): (LocalDate, LocalDate)) -> ApprovalFile {
        let given = &self.approval;
        ApprovalFile {
            id: given.id.clone(),
            scenario: Some(given.scenario.clone()),
            jurisdictions: vec![self.authority],
            ports: Vec::new(),
            venues: Some(vec![self.id.clone()]),
            from,
            to,
            hours: (0, 1440),
            claims: given.claims.clone(),
            purposes: Some(given.purposes.clone()),
            face: Some(given.other_way.is_some()),
            other_way: given.other_way.clone(),
            retention_days: given.retention_days,
            assessment: given.assessment.clone(),
            filings: [(self.authority, given.filing.clone())].into(),
            probe_grounds: [(self.authority, given.ground.clone())].into(),
            in_force: None,
            number: None,
            withdrawn: None,
        }
    }
}

/// Makes folders and keys of the specimens; gives the entries of each authority's list.
pub fn make_specimens(
    to: &Installation,
    days: (Timestamp, Timestamp),
    now: Timestamp,
) -> Result<BTreeMap<AuthorityCode, Vec<KeyEntry>>, Failure> {
    let mut entries: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for specimen in Specimen::all()? {
        let (desk, key) = specimen.make(to, now)?;
        entries.entry(desk.authority()).or_default().push(desk.entry(1, &key, days));
    }
    Ok(entries)
}

/// Has the approvals of the specimens signed that are not there; gives their ids.
pub fn approve_specimens(
    to: &Installation,
    days: (LocalDate, LocalDate),
    now: Timestamp,
) -> Result<Vec<String>, Failure> {
    let known: Vec<_> = approvals::all(to)?.into_iter().map(|(id, _)| id).collect();
    let mut signed = Vec::new();
    for specimen in Specimen::all()? {
        let approval = specimen.approval(days);
        if !known.contains(&approval.id) {
            approvals::add(to, &approval, now)?;
            signed.push(approval.id);
        }
    }
    Ok(signed)
}

/// What an installation of the version before got.
#[derive(Debug, Default)]
pub struct BroughtOver {
    /// The lists that were signed, with their numbers.
    pub lists: Vec<(AuthorityCode, u64)>,
    /// Ids of the specimens' approvals that were signed.
    pub approvals: Vec<String>,
}

/// Makes what versions before had not, and has it listed: each authority's key for venue credentials and its counter's key; in an installation
/// for trials, which has specimens of approvals, specimens of venues as well. Interrupted, it is done again.
pub fn bring_over(installation: &Installation, now: Timestamp) -> Result<BroughtOver, Failure> {
    let (trust, mut changes) = (newest(installation)?, ListChanges::default());
    let days = (now.plus_seconds(-CLOCK_SECONDS), lists::key_end(now));
    let later = AuthorityCode::ALL.into_iter().flat_map(|code| LATER_ROLES.map(|role| (code, role)));
    for (code, role) in later {
        let seat = Seat::Authority(code, role);
        if !seat.listed(&trust).is_empty() {
            continue;
        }
        let (keys, name) = (seat.keys(installation), seat.file(1));
        installation.put_on_record(&seat.office(), (acts::MAKE_KEY, &seat.name()), now)?;
        let key = if seat.here(&keys).is_empty() { keys.make_signing(&name)? } else { keys.signing(&name)? };
        let (kid, (from, to)) = (seat.kid(1), days);
        let key = key.public().as_bytes().to_vec();
        changes.add(code, KeyEntry { role, kid, key, from, to, compromised: false, binding: None });
    }
    let for_trials = approvals::all(installation)?.iter().any(|(id, _)| id.starts_with(SPECIMEN));
    let specimens = if for_trials { Specimen::all()? } else { Vec::new() };
    for specimen in &specimens {
        let desk = specimen.desk()?;
        if Seat::Desk(desk.clone()).listed(&trust).is_empty() {
            let (desk, key) = specimen.make(installation, now)?;
            changes.add(desk.authority(), desk.entry(1, &key, days));
        }
    }
    let lists = changes.publish(installation, now)?;
    let approvals = if for_trials {
        approve_specimens(installation, (now.local_date(), lists::specimen_end(now)), now)?
    } else {
        Vec::new()
    };
    Ok(BroughtOver { lists, approvals })
}

#[cfg(test)]
mod tests {
    use trust::Approval;

    use super::*;

    #[test]
    fn every_specimen_of_a_venue_has_an_approval_that_loads_and_covers_its_scenario() {
        let days = ("2026-01-01".parse().unwrap(), "2026-12-31".parse().unwrap());
        let all = Specimen::all().unwrap();
        assert_eq!(all.len(), 5);
        for specimen in all {
            let desk = specimen.desk().unwrap();
            let approval = specimen.approval(days).approval(1).unwrap();
            let approval = Approval::decode(&approval.encode()).unwrap();
            assert!(approval.id.starts_with(SPECIMEN), "{}", approval.id);
            let asks = desk.asks().unwrap();
            let asked = asks.required.iter().chain(&asks.optional).map(ToString::to_string);
            assert!(asked.into_iter().all(|claim| approval.claims.contains(&claim)), "{}", desk.id());
            let claims: Vec<_> = specimen.approval.claims.iter().map(String::as_str).collect();
            for scenario in desk.binding().scenarios() {
                let asked = trust::DeskUse {
                    authority: desk.authority(),
                    venue: desk.id(),
                    scenario,
                    claims: &claims,
                    purpose: &specimen.approval.purposes[0],
                    retention_days: specimen.approval.retention_days.into(),
                    face: specimen.approval.other_way.is_some(),
                    at: "2026-03-02T10:00:00+08:00".parse().unwrap(),
                };
                assert_eq!(approval.covers_venue(&asked), Ok(()), "{}", desk.id());
            }
        }
    }
}
