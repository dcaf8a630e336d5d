//! Sight: the facts of one crossing as one authority has them: what was shown, its registry, and the states that it keeps.
//!
//! Lives here: [`Sight`]. Not here: anything of a scenario; a crossing of a fraud comes here as any other does, by a type that cannot say so.

use documents::{AuthorityCode, LocalDate, Rules, Timestamp};
use risk::schema::Schema;
use risk::state::{Crossed, Crossing, DeviceState, Journeys, PersonState};
use risk::{Facts, NotAFact};

use crate::population::{Device, Person};
use crate::showing::Shown;

/// One authority's look at one crossing.
pub(crate) struct Sight<'a> {
    pub schema: &'a Schema,
    pub documents: &'a Rules,
    pub authority: AuthorityCode,
    /// The device's place, which stands for its keyed tag.
    pub device: u64,
    /// Whether the lot fell on it.
    pub lot: bool,
}

impl Sight<'_> {
    /// The facts before the crossing is added to any state.
    pub fn facts(
        &self,
        (person, device): (&Person, &Device),
        declared: bool,
        shown: &Shown,
        crossed: &Crossed,
    ) -> Result<Facts, NotAFact> {
        let (schema, now) = (self.schema, crossed.at);
        let date = now.local_date();
        let mut facts = Facts::new(schema);
        self.of_face_and_code(&mut facts, person, shown, date)?;
        self.of_registry(&mut facts, person, device, now)?;
        let at = place(self.authority);
        let journeys = Journeys::new(self.documents, date);
        let crossing = Crossing { crossed: crossed.clone(), device: self.device };
        match person.states.get(at).and_then(Option::as_ref) {
            Some(state) => state.signals(&crossing, &journeys, schema, &mut facts)?,
            None => PersonState::new(now).signals(&crossing, &journeys, schema, &mut facts)?,
        }
        let resident = (person.tag(), declared);
        match device.states.get(at).and_then(Option::as_ref) {
            Some(state) => state.signals(resident, crossed, &journeys, schema, &mut facts)?,
            None => DeviceState::new().signals(resident, crossed, &journeys, schema, &mut facts)?,
        }
        let back = device.seen.get(at).is_some_and(|seen| shown.counter <= *seen);
        facts.flag(schema, "key_counter_back", back)?;
        Ok(facts)
    }

    fn of_face_and_code(
        &self,
        facts: &mut Facts,
        person: &Person,
        shown: &Shown,
        date: LocalDate,
    ) -> Result<(), NotAFact> {
        let schema = self.schema;
        let mut put = |name: &str, value: i64| facts.clamped(schema, name, value).map(drop);
        put("face_margin", shown.face_margin)?;
        put("capture_quality", shown.quality)?;
        put("liveness_score", shown.liveness)?;
        put("photo_age_days", i64::from(date.days_since(person.photo_taken)))?;
        put("code_age_seconds", shown.code_age)?;
        put("clock_off_seconds", shown.clock_off)?;
        put("code_repeats", shown.repeats)?;
        put("seconds_since_same_code", shown.since_same)?;
        facts.choice(schema, "attack_hint", &shown.hint)?;
        facts.flag(schema, "code_seen_elsewhere", shown.elsewhere)?;
        facts.flag(schema, "own_unlock", false).map(drop)
    }

    fn of_registry(
        &self,
        facts: &mut Facts,
        person: &Person,
        device: &Device,
        now: Timestamp,
    ) -> Result<(), NotAFact> {
        let (schema, date) = (self.schema, now.local_date());
        let since = |at: i64, unit: i64| (now.unix() - at).max(0) / unit;
        let mut put = |name: &str, value: i64| facts.clamped(schema, name, value).map(drop);
        put("device_key_age_days", since(device.since, 86_400))?;
        let enrolled = person.enrolled_at.unwrap_or(device.since);
        put("hours_since_re_enrolment", since(enrolled, 3600))?;
        if let Some(at) = person.loss_reported_at.filter(|at| *at <= now.unix()) {
            put("hours_since_loss_report", since(at, 3600))?;
        }
        let shown = person.documents.iter().max_by_key(|document| document.kind());
        if let Some(issued) = shown.and_then(|document| document.issued) {
            put("days_since_renewal", i64::from(date.days_since(issued)))?;
        }
        if let Some(expires) = shown.and_then(|document| document.expires) {
            put("days_to_expiry", i64::from(expires.days_since(date)))?;
        }
        let lately = person.reissued.iter().filter(|day| **day + 30 > date.days_since_epoch()).count();
        put("endorsements_reissued_month", i64::try_from(lately).unwrap_or(0))?;
        facts.choice(schema, "attestation", device.attestation)?;
        let other = person.other_lost_at.is_some_and(|at| at <= now.unix());
        facts.flag(schema, "document_lost_here", other)?;
        // A batch of parts is made once a week, on a day of the person's own.
        let batch = (date.days_since_epoch() + i64::try_from(person.id % 7).unwrap_or(0)).rem_euclid(7) == 0;
        facts.flag(schema, "part_reissued_today", batch || since(enrolled, 86_400) == 0)?;
        facts.flag(schema, "frequent_by_declaration", person.declared_frequent)?;
        facts.flag(schema, "watch_list_hit", person.listed.get(place(self.authority)) == Some(&true))?;
        facts.flag(schema, "random_check", self.lot)?;
        let class = match person.age {
            ..18 => "child",
            18..60 => "adult",
            60.. => "60_plus",
        };
        facts.choice(schema, "age_class", class).map(drop)
    }
}

/// The place of an authority in what is kept by authority.
pub(crate) fn place(authority: AuthorityCode) -> usize {
    AuthorityCode::ALL.iter().position(|each| *each == authority).unwrap_or(0)
}
