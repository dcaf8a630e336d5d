//! Signals: one crossing as the rules see it, from what this authority knows itself. Pure: the same knowledge always gives the same facts.
//!
//! Lives here: [`Known`], [`facts_of`]. Not here: where the knowledge comes from (`looking`), what a signal may be (`risk::schema`).

use ::risk::facts::{Facts, NotAFact};
use ::risk::schema::Schema;
use ::risk::state::{Crossing, DeviceState, Journeys, LaneState, PersonState};
use credential::KeyClass;
use credential::message::Request;
use documents::{
    AuthorityCode, Document, DocumentStatus, Endorsement, LaneKind, LocalDate, Measure, Rules, Timestamp,
    View, entries_left,
};

use crate::store::risk::ShownBefore;

const DAY: i64 = 86_400;
const HOUR: i64 = 3600;
/// Days in which a new endorsement counts as of this month.
const MONTH_DAYS: i64 = 30;
/// The scores of the lane's hint that a request can tell: a gate asks nobody while it is not sure that a living face stands there.
const NOT_SUSPICIOUS: i64 = 1000;

/// Letters of endorsements that are given for what somebody declared they cross for: business and driving (S), talent (R), study and work (D).
const FREQUENT: [&str; 3] = ["S", "R", "D"];

/// What an authority knows of a crossing before it decides.
pub(super) struct Known<'k> {
    /// Who judges.
    pub me: AuthorityCode,
    pub request: &'k Request,
    pub view: &'k View,
    pub rules: &'k Rules,
    /// How far the face lies above the threshold; `None` where there was nothing to compare.
    pub margin: Option<i16>,
    pub age: i16,
    pub person: &'k PersonState,
    /// When they last enrolled once more.
    pub enrolled_at: Option<Timestamp>,
    pub crossing: &'k Crossing,
    /// The device's state and the person's tag on it; `None` where the wallet is another issuer's matter.
    pub device: Option<(&'k DeviceState, u64)>,
    /// Whether a relation stands by which the pass is on a carer's phone.
    pub declared: bool,
    /// Since when the wallet is bound to its key; `None` where it is another issuer's matter. Each code has a key of its own, which is always
    /// new and says nothing.
    pub wallet_since: Option<Timestamp>,
    pub lane: &'k LaneState,
    pub shown: Option<&'k ShownBefore>,
    /// Whether the holder's proof says that the wallet was unlocked again for this showing.
    pub unlocked: bool,
    pub last_loss: Option<Timestamp>,
    pub watched: bool,
    /// Whether an officer asked to see them.
    pub interest: bool,
    pub drawn: bool,
    /// Class of the device key; `None` where the code is another issuer's, or there is no phone.
    pub key_class: Option<KeyClass>,
    /// The day on which the part was made; `None` at a lane by document.
    pub part_of: Option<LocalDate>,
    /// What this authority's answers take at the lane lately, in milliseconds.
    pub latency_ms: Option<u32>,
    /// Whether a paper pass was shown: it has no clock.
    pub paper: bool,
    pub now: Timestamp,
}

/// The facts of one crossing.
///
/// # Errors
/// [`NotAFact`] where the list of signals lacks one of these.
pub(super) fn facts_of(known: &Known<'_>, schema: &Schema) -> Result<Facts, NotAFact> {
    let mut facts = Facts::new(schema);
    let (request, now) = (known.request, known.now);
    if let Some(margin) = known.margin {
        facts.clamped(schema, "face_margin", i64::from(margin))?;
    }
    facts.clamped(schema, "liveness_score", NOT_SUSPICIOUS)?;
    put_code(known, schema, &mut facts)?;
    let journeys = Journeys::new(known.rules, now.local_date());
    known.person.signals(known.crossing, &journeys, schema, &mut facts)?;
    if let Some((device, resident)) = known.device {
        let resident = (resident, known.declared);
        device.signals(resident, &known.crossing.crossed, &journeys, schema, &mut facts)?;
    }
    if let Some(since) = known.wallet_since {
        facts.clamped(schema, "device_key_age_days", now.seconds_since(since).max(0) / DAY)?;
    }
    if let Some(class) = known.key_class {
        facts.choice(schema, "attestation", vouched(class))?;
    }
    if let Some(enrolled) = known.enrolled_at {
        facts.clamped(schema, "hours_since_re_enrolment", now.seconds_since(enrolled).max(0) / HOUR)?;
    }
    put_documents(known, schema, &mut facts)?;
    known.lane.signals(now, schema, &mut facts)?;
    if let Some(latency) = known.latency_ms {
        facts.clamped(schema, "lane_latency_ms", i64::from(latency))?;
    }
    facts.flag(schema, "watch_list_hit", known.watched)?.flag(schema, "random_check", known.drawn)?;
    facts.flag(schema, "officer_interest", known.interest)?;
    let class = match known.age {
        ..=17 => "child",
        18..=59 => "adult",
        60.. => "60_plus",
    };
    facts.choice(schema, "age_class", class)?;
    let guardian = request.measures_done.contains(&clearance::measure_number(Measure::Guardian));
    facts.flag(schema, "carer_present", guardian)?;
    Ok(facts)
}

/// What the phone's maker vouches for: a key is one in software only where no statement of a maker verifies.
const fn vouched(class: KeyClass) -> &'static str {
    match class {
        KeyClass::Hardware | KeyClass::SecureElement => "hardware",
        KeyClass::Software | KeyClass::Paper => "missing",
    }
}

/// What the showing says of itself, and where the same code was shown before.
fn put_code(known: &Known<'_>, schema: &Schema, facts: &mut Facts) -> Result<(), NotAFact> {
    let request = known.request;
    let age = match request.lane {
        // Cards and paper have no clock: how long they count is the verdict's matter.
        LaneKind::Document => 0,
        LaneKind::Code | LaneKind::FaceOnly | LaneKind::Manual if known.paper => 0,
        LaneKind::Code | LaneKind::FaceOnly | LaneKind::Manual => request.at.seconds_since(request.made_at),
    };
    facts.clamped(schema, "code_age_seconds", age)?;
    // One showing tells no more of a phone's clock than that it is ahead.
    facts.clamped(schema, "clock_off_seconds", (-age).max(0))?;
    facts.flag(schema, "own_unlock", known.unlocked)?;
    if let Some(before) = known.shown {
        let since = known.now.seconds_since(before.at).max(0);
        facts.flag(schema, "code_seen_elsewhere", before.lane != request.gate)?;
        facts.clamped(schema, "code_repeats", before.times)?;
        facts.clamped(schema, "seconds_since_same_code", since)?;
    }
    Ok(())
}

/// What endorsements say: those of all documents of the person, where this authority knows them.
fn put_endorsements(known: &Known<'_>, schema: &Schema, facts: &mut Facts) -> Result<(), NotAFact> {
    let (view, today) = (known.view, known.now.local_date());
    let all =
        || view.document.iter().chain(&view.other_documents).flat_map(|document| &document.endorsements);
    let this_month = |endorsement: &&Endorsement| {
        (0..MONTH_DAYS).contains(&(today.days_since_epoch() - endorsement.issued.days_since_epoch()))
    };
    let renewed = i64::try_from(all().filter(this_month).count()).unwrap_or(i64::MAX);
    facts.clamped(schema, "endorsements_reissued_month", renewed)?;
    let declares = |endorsement: &Endorsement| {
        let form = known.rules.form(endorsement.form);
        let in_force = (endorsement.valid_from..=endorsement.valid_to).contains(&today);
        in_force && form.is_some_and(|form| FREQUENT.contains(&form.letter.as_str()))
    };
    facts.flag(schema, "frequent_by_declaration", all().any(declares))?;
    let to = known.request.direction.to();
    let left = entries_left(known.rules, known.me, view, known.now);
    let left = left.iter().filter(|(endorsement, _)| endorsement.destination == to);
    if let Some(most) = left.map(|(_, left)| *left).max() {
        facts.clamped(schema, "entries_left", i64::from(most))?;
    }
    Ok(())
}

/// What the registry, the part or the card says of the documents.
fn put_documents(known: &Known<'_>, schema: &Schema, facts: &mut Facts) -> Result<(), NotAFact> {
    let (view, today) = (known.view, known.now.local_date());
    let valid = |kind| {
        let all = view.document.iter().chain(&view.other_documents);
        all.into_iter().any(|other| other.kind() == kind && other.status == DocumentStatus::Valid)
    };
    // A card that another one of its kind followed was replaced over a counter: nobody has it who should not.
    let lost = |document: &Document| document.status == DocumentStatus::Lost && !valid(document.kind());
    if let Some(document) = &view.document {
        facts.flag(schema, "document_lost", lost(document))?;
        if let Some(issued) = document.issued {
            let days = today.days_since_epoch() - issued.days_since_epoch();
            facts.clamped(schema, "days_since_renewal", days.max(0))?;
            // A photograph is at least as old as the document that shows it.
            facts.clamped(schema, "photo_age_days", days.max(0))?;
        }
        if let Some(expires) = document.expires {
            let days = expires.days_since_epoch() - today.days_since_epoch();
            facts.clamped(schema, "days_to_expiry", days)?;
        }
    }
    put_endorsements(known, schema, facts)?;
    if let Some(made) = known.part_of {
        facts.flag(schema, "part_reissued_today", made == today)?;
    }
    let lost_here = view.other_documents.iter().any(lost);
    facts.flag(schema, "document_lost_here", lost_here)?;
    if let Some(loss) = known.last_loss.filter(|_| lost_here) {
        facts.clamped(schema, "hours_since_loss_report", known.now.seconds_since(loss).max(0) / HOUR)?;
    }
    Ok(())
}
