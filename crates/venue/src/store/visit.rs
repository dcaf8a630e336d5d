//! Rows of visits, each sealed whole under the key of its visitor.
//!
//! Lives here: statements on `visit` and the form of the sealed record. Not here: what a visit may become (`crate::visit`). Of a
//! visit nothing but its state and the time of its last change stands in plain.

use credential::cbor::{CborError, Reader, Writer};
use credential::venue::Pseudonym;
use documents::Timestamp;

use super::codec::{read_text, write_text};
use super::person::{Found, Person};
use super::vault::{open, seal};
use super::{
    PersonKey, Result, Store, StoreError, Tx, all, column, define_statements, optional, run, sixteen,
};
use crate::actor::Actor;
use crate::stay::{NameForm, Source};
use crate::visit::{BadgeNumber, Plan, Presence, RollMark, Visit, VisitId, Visitor};

define_statements! {
    INSERT_VISIT = "INSERT INTO visit (id, person_key, state, changed_at, revision, sealed) VALUES ($1, $2, $3, $4, 0, $5) \
        ON CONFLICT (id) DO NOTHING";
    FIND_VISIT = "SELECT person_key, revision, sealed FROM visit WHERE id = $1";
    UPDATE_VISIT = "UPDATE visit SET state = $3, changed_at = $4, sealed = $5, revision = revision + 1 \
        WHERE id = $1 AND revision = $2";
    VISITS_IN_STATE = "SELECT id FROM visit WHERE state = $1 ORDER BY changed_at, id";
    VISITS_SINCE = "SELECT id FROM visit WHERE state = $1 AND changed_at >= $2 ORDER BY changed_at, id";
    VISITS_OF = "SELECT id FROM visit WHERE person_key = $1 ORDER BY changed_at, id";
    TAG_VISITOR = "UPDATE person SET pseudonym_tag = $2, keep_until = $3 WHERE person_key = $1";
}

/// Longest text that is read back, in bytes.
const TEXT: usize = 1024;
/// Most zones of a plan.
const ZONES: usize = 16;

/// A visit as it stands in the book.
pub(crate) struct VisitRow {
    pub(crate) id: VisitId,
    pub(crate) visit: Visit,
    pub(crate) person: Person,
    revision: i64,
}
documents::redact_debug!(VisitRow);

/// The state as it stands in plain.
pub(crate) const fn state(visit: &Visit) -> &'static str {
    match visit.presence() {
        Presence::Expected => "expected",
        Presence::Waiting { .. } => "waiting",
        Presence::NotExpected { .. } => "not_expected",
        Presence::Outside { .. } => "outside",
        Presence::Inside { .. } => "inside",
        Presence::Over { .. } => "over",
    }
}

impl Store {
    /// Writes a new visit, with a key of its own; `None` where one stands there under this id.
    pub(crate) async fn insert_visit(
        &self,
        tx: &mut Tx,
        id: VisitId,
        visit: &Visit,
        keep_until: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Person>> {
        let new = self.draw_person()?;
        let sealed = seal(&new.record_key, "visit", id.as_bytes(), &write(visit))?;
        let (row, key, state) = (id.as_bytes().to_vec(), new.key.to_vec(), state(visit).to_owned());
        if run!(tx, INSERT_VISIT, row, key, state, now.unix(), sealed)? == 0 {
            return Ok(None);
        }
        let pseudonym = visit.visitor().and_then(|visitor| visitor.pseudonym);
        let by = Found { pseudonym, number: None, name: None };
        let person = self.insert_person(tx, new, &[], by, (now, Some(keep_until))).await?;
        self.set_names(tx, person.key, &NameForm::all(visit.name())).await?;
        Ok(Some(person))
    }

    /// The visit of this id; `None` where there is none, or it was erased.
    pub(crate) async fn find_visit(&self, tx: &mut Tx, id: VisitId) -> Result<Option<VisitRow>> {
        let Some(row) = optional!(tx, FIND_VISIT, id.as_bytes().to_vec())? else { return Ok(None) };
        let key = PersonKey::from_bytes(sixteen(&row, "visit", "person_key")?);
        let Some(person) = self.find_person(tx, key).await? else { return Ok(None) };
        let sealed: Vec<u8> = column(&row, "visit", "sealed")?;
        let visit = read(&open(&person.record_key, "visit", id.as_bytes(), &sealed)?);
        let visit = visit.map_err(|_| StoreError::Row { table: "visit", column: "sealed" })?;
        Ok(Some(VisitRow { id, visit, person, revision: column(&row, "visit", "revision")? }))
    }

    /// Writes what a visit has become. `false` where somebody else changed it in between.
    pub(crate) async fn update_visit(
        &self,
        tx: &mut Tx,
        row: &VisitRow,
        visit: &Visit,
        keep_until: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        let sealed = seal(&row.person.record_key, "visit", row.id.as_bytes(), &write(visit))?;
        let (id, state) = (row.id.as_bytes().to_vec(), state(visit).to_owned());
        if run!(tx, UPDATE_VISIT, id, row.revision, state, now.unix(), sealed)? == 0 {
            return Ok(false);
        }
        if row.visit.name() != visit.name() {
            self.set_names(tx, row.person.key, &NameForm::all(visit.name())).await?;
        }
        let pseudonym = visit.visitor().and_then(|visitor| visitor.pseudonym);
        let tag = pseudonym.map(|pseudonym| self.keys().pseudonym_tag(pseudonym));
        run!(tx, TAG_VISITOR, row.person.key.to_vec(), tag, keep_until.unix())?;
        Ok(true)
    }

    /// The ids of all visits in this state, by their last change.
    pub(crate) async fn visits_in(&self, tx: &mut Tx, state: &str) -> Result<Vec<VisitId>> {
        ids(&all!(tx, VISITS_IN_STATE, state.to_owned())?)
    }

    /// The ids of the visits in this state that have come to it since then, by their last change.
    pub(crate) async fn visits_since(
        &self,
        tx: &mut Tx,
        state: &str,
        since: Timestamp,
    ) -> Result<Vec<VisitId>> {
        ids(&all!(tx, VISITS_SINCE, state.to_owned(), since.unix())?)
    }

    /// The ids of a person's visits.
    pub(crate) async fn visits_of(&self, tx: &mut Tx, person: PersonKey) -> Result<Vec<VisitId>> {
        ids(&all!(tx, VISITS_OF, person.to_vec())?)
    }
}

fn ids(rows: &[sqlx::any::AnyRow]) -> Result<Vec<VisitId>> {
    rows.iter().map(|row| sixteen(row, "visit", "id").map(VisitId::from_bytes)).collect()
}

fn write(visit: &Visit) -> Vec<u8> {
    let mut out = Writer::new();
    let plan = &visit.plan;
    out.array(4).array(6).text(plan.host().as_str()).text(plan.purpose().as_str()).array(plan.zones().len());
    for zone in plan.zones() {
        out.text(zone.as_str());
    }
    write_time(&mut out, plan.from());
    write_time(&mut out, plan.ends());
    out.bool(plan.is_recurring());
    write_text(&mut out, visit.invited.as_deref());
    match &visit.visitor {
        None => drop(out.null()),
        Some(visitor) => {
            out.array(5);
            match visitor.pseudonym {
                Some(pseudonym) => out.bytes(pseudonym.as_bytes()),
                None => out.null(),
            };
            write_text(&mut out, visitor.name.as_deref());
            write_text(&mut out, visitor.document.map(crate::profile::Permit::code));
            out.text(visitor.source.code()).bool(visitor.needs_help);
        }
    }
    write_presence(&mut out, visit);
    out.finish()
}

fn write_presence(out: &mut Writer, visit: &Visit) {
    out.array(5).text(state(visit));
    let (at, badge, zone, mark) = match &visit.presence {
        Presence::Expected => (None, None, None, None),
        Presence::Waiting { since } => (Some(*since), None, None, None),
        Presence::NotExpected { at } | Presence::Over { at } => (Some(*at), None, None, None),
        Presence::Outside { badge, since } => (Some(*since), Some(*badge), None, None),
        Presence::Inside { badge, zone, since, mark } => {
            (Some(*since), Some(*badge), Some(zone.as_str()), mark.as_ref())
        }
    };
    match at {
        Some(at) => write_time(out, at),
        None => drop(out.null()),
    }
    match badge {
        Some(badge) => out.uint(u64::from(badge.get())),
        None => out.null(),
    };
    write_text(out, zone);
    match mark {
        None => drop(out.null()),
        Some(mark) => {
            out.array(3).bool(mark.safe);
            write_time(out, mark.at);
            out.text(&mark.by.to_string());
        }
    }
}

fn write_time(out: &mut Writer, time: Timestamp) {
    out.uint(u64::try_from(time.unix()).unwrap_or_default());
}

fn read(bytes: &[u8]) -> std::result::Result<Visit, CborError> {
    let mut from = Reader::new(bytes);
    from.array_exact(4)?;
    from.array_exact(6)?;
    let host = parsed(&mut from)?;
    let purpose = parsed(&mut from)?;
    let mut zones = Vec::new();
    for _ in 0..from.array(ZONES)? {
        zones.push(parsed(&mut from)?);
    }
    let times = (read_time(&mut from)?, read_time(&mut from)?);
    let plan = Plan::new((host, purpose), zones, times, from.bool()?).map_err(|_| CborError::Unexpected)?;
    let invited = read_text(&mut from)?;
    let visitor = if from.null_here()? { None } else { Some(read_visitor(&mut from)?) };
    let presence = read_presence(&mut from)?;
    from.finish()?;
    Ok(Visit { plan, invited, visitor, presence })
}

fn read_visitor(from: &mut Reader<'_>) -> std::result::Result<Visitor, CborError> {
    from.array_exact(5)?;
    let pseudonym = match from.null_here()? {
        true => None,
        false => Some(Pseudonym::from_bytes(*from.bytes_exact::<16>()?)),
    };
    let name = read_text(from)?;
    let document =
        read_text(from)?.map(|code| code.parse().map_err(|_| CborError::Unexpected)).transpose()?;
    let source = Source::from_code(from.text(TEXT)?).ok_or(CborError::Unexpected)?;
    Ok(Visitor { pseudonym, name, document, source, needs_help: from.bool()? })
}

fn read_presence(from: &mut Reader<'_>) -> std::result::Result<Presence, CborError> {
    from.array_exact(5)?;
    let state = from.text(TEXT)?;
    let at = if from.null_here()? { None } else { Some(read_time(from)?) };
    let badge = if from.null_here()? { None } else { BadgeNumber::new(from.uint()?) };
    let zone = read_text(from)?.map(|zone| zone.parse().map_err(|_| CborError::Unexpected)).transpose()?;
    let mark = if from.null_here()? { None } else { Some(read_mark(from)?) };
    match (state, at, badge, zone, mark) {
        ("expected", None, None, None, None) => Ok(Presence::Expected),
        ("waiting", Some(since), None, None, None) => Ok(Presence::Waiting { since }),
        ("not_expected", Some(at), None, None, None) => Ok(Presence::NotExpected { at }),
        ("over", Some(at), None, None, None) => Ok(Presence::Over { at }),
        ("outside", Some(since), Some(badge), None, None) => Ok(Presence::Outside { badge, since }),
        ("inside", Some(since), Some(badge), Some(zone), mark) => {
            Ok(Presence::Inside { badge, zone, since, mark })
        }
        (_, _, _, _, _) => Err(CborError::Unexpected),
    }
}

fn read_mark(from: &mut Reader<'_>) -> std::result::Result<RollMark, CborError> {
    from.array_exact(3)?;
    let (safe, at) = (from.bool()?, read_time(from)?);
    let by: Actor = parsed(from)?;
    Ok(RollMark { safe, at, by })
}

fn read_time(from: &mut Reader<'_>) -> std::result::Result<Timestamp, CborError> {
    let seconds = i64::try_from(from.uint()?).map_err(|_| CborError::Limit)?;
    Timestamp::from_unix(seconds).ok_or(CborError::Limit)
}

fn parsed<T: std::str::FromStr>(from: &mut Reader<'_>) -> std::result::Result<T, CborError> {
    from.text(TEXT)?.parse().map_err(|_| CborError::Unexpected)
}
