//! Population: people of the Bay with papers, phones and households, drawn from a seed.
//!
//! Lives here: [`Person`], [`Device`], [`Shard`], [`populate`]. Not here: a day's journeys (`plan`), frauds (`cases`). A person's sex, age and
//! home serve papers, habits and the audit of false alarms; of them the engine is told the class of age alone, which may choose a measure.

use documents::{
    AuthorityCode, Birth, Direction, Document, DocumentKind, DocumentNumber, DocumentStatus, Endorsement,
    Holder, LocalDate, Movement, ResidenceClass, Rules,
};
use risk::state::{DeviceState, PersonState};

use crate::chance::{ALL, Chance};
use crate::habits::{Habit, Habits, Way};
use crate::places::Places;
use crate::tables::Tables;

/// People are kept in so many parts, which do not touch each other: threads take one after the other, and the result is the same for any number.
pub(crate) const SHARDS: usize = 32;

/// What the streams of chance are for.
pub(crate) mod purpose {
    pub const HOUSEHOLD: u64 = 1;
    pub const PERSON: u64 = 2;
    pub const PLAN: u64 = 3;
    pub const CROSSING: u64 = 4;
    pub const CASE: u64 = 5;
    pub const QUEUE: u64 = 6;
    /// What one case does: the same at each of its crossings.
    pub const TRICK: u64 = 99;
    pub const KEY: u64 = 77;
}

/// What happens in a person's life beside journeys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// A wallet is enrolled on a new device.
    Enrols,
    /// The same once more, on the same device.
    EnrolsAgain,
    /// The phone is gone; nothing crosses until the next enrolment.
    LosesPhone,
    /// The loss is reported.
    Reports,
    /// Another document was lost, and is reported.
    LosesCard,
    /// The document is renewed.
    Renews,
}

/// One phone.
#[derive(Debug)]
pub(crate) struct Device {
    /// Since when its keys are there.
    pub since: i64,
    /// What the maker vouches for: a choice of the signal `attestation`.
    pub attestation: &'static str,
    /// Seconds by which its clock is fast or slow.
    pub clock_off: i64,
    /// How many showings its keys counted.
    pub counter: u32,
    /// What each authority keeps of it.
    pub states: [Option<Box<DeviceState>>; 3],
    /// The highest counter that each authority saw.
    pub seen: [u32; 3],
}

/// What counts for the audit of one person's crossings.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Audit {
    /// Honest crossings.
    pub crossings: u32,
    /// Of them those with an extra measure.
    pub alarmed: u32,
}

/// One person.
#[derive(Debug)]
pub(crate) struct Person {
    /// Number, from 0, over all people.
    pub id: u64,
    /// Household, and place in it.
    pub household: (u64, i64),
    pub habit: usize,
    pub base: AuthorityCode,
    pub to: AuthorityCode,
    pub age: i64,
    pub female: bool,
    /// The usual port, by place.
    pub port: usize,
    /// The usual minute of the day.
    pub minute: i64,
    pub declared_frequent: bool,
    pub without_phone: bool,
    pub holder: Holder,
    pub documents: Vec<Document>,
    pub movements: Vec<Movement>,
    /// Where they are.
    pub position: AuthorityCode,
    /// When they come back, and by which port.
    pub back: Option<(i64, usize)>,
    pub entries_used: u8,
    /// The days of new endorsements, the last four.
    pub reissued: Vec<i64>,
    /// The usual score against their own photograph, thousandths above the threshold.
    pub face: i64,
    pub photo_taken: LocalDate,
    /// Honest crossings at which the face alone was the cause of a measure, since the photograph.
    pub face_alarms: u32,
    /// The device, by place.
    pub device: usize,
    /// Whether this person and the device are joined by a declaration.
    pub device_declared: bool,
    pub enrolled_at: Option<i64>,
    pub loss_reported_at: Option<i64>,
    pub other_lost_at: Option<i64>,
    /// From when to when they do not cross.
    pub silent: (i64, i64),
    pub turns: Vec<(i64, Turn)>,
    /// On whose lists they stand, by authority.
    pub listed: [bool; 3],
    /// What each authority keeps of them.
    pub states: [Option<Box<PersonState>>; 3],
    pub audit: Audit,
}

impl Person {
    /// A keyed tag, as an authority would use one for a device's residents.
    pub const fn tag(&self) -> u64 {
        self.id.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bd1_e995
    }

    /// The way out of their base.
    pub fn outward(&self) -> Option<Direction> {
        Direction::new(self.base, self.to)
    }

    /// The entries that their endorsement has, where it counts them.
    pub fn entries(&self, rules: &Rules) -> Option<u8> {
        let endorsement = self.documents.iter().flat_map(|d| &d.endorsements).next()?;
        rules.form(endorsement.form)?.entries()
    }

    /// Gives a new endorsement of the same form, valid from `day`.
    pub fn endorse_anew(&mut self, rules: &Rules, day: LocalDate) {
        for endorsement in self.documents.iter_mut().flat_map(|d| &mut d.endorsements) {
            if let Some(form) = rules.form(endorsement.form) {
                endorsement.valid_from = day;
                endorsement.issued = day;
                endorsement.valid_to = form.longest_validity(day);
            }
        }
        self.entries_used = 0;
        // The trips of the endorsement before are explained by it, and the rules see the new one alone.
        self.movements.clear();
        if self.reissued.len() >= 4 {
            self.reissued.remove(0);
        }
        self.reissued.push(day.days_since_epoch());
    }

    /// Keeps what the documents' rules need of a passage: the last six.
    pub fn moved(&mut self, movement: Movement) {
        if self.movements.len() >= 6 {
            self.movements.drain(..2);
        }
        self.movements.push(movement);
    }
}

/// One part of the people.
#[derive(Debug, Default)]
pub(crate) struct Shard {
    pub people: Vec<Person>,
    pub devices: Vec<Device>,
}

/// What drawing people needs.
pub(crate) struct Drawing<'a> {
    pub rules: &'a Rules,
    pub places: &'a Places<'a>,
    pub habits: &'a Habits,
    pub tables: &'a Tables,
    pub seed: u64,
    pub start: LocalDate,
    pub days: u32,
}

/// Draws `residents` people in households.
pub(crate) fn populate(drawing: &Drawing<'_>, residents: u32) -> Vec<Shard> {
    let mut shards: Vec<Shard> = (0..SHARDS).map(|_| Shard::default()).collect();
    let (mut drawn, mut household) = (0, 0);
    while drawn < u64::from(residents) {
        let mut chance = Chance::new(drawing.seed, purpose::HOUSEHOLD, household, 0);
        let habit_at = chance.weighted(drawing.habits.all.iter().map(|habit| habit.share));
        let Some(habit) = drawing.habits.all.get(habit_at) else { break };
        let at = chance.weighted(habit.ways.iter().map(|way| way.share));
        let Some(way) = habit.ways.get(at) else { break };
        let size = chance.between(habit.together.0, habit.together.1).unsigned_abs();
        let shard_at = usize::try_from(household).unwrap_or(0) % SHARDS;
        let Some(shard) = shards.get_mut(shard_at) else { break };
        let home = House {
            habit,
            habit_at,
            way,
            household,
            undeclared: chance.happens(drawing.habits.life.shared_undeclared),
        };
        for place in 0..size.min(u64::from(residents) - drawn) {
            add_person(drawing, shard, &home, &mut chance, drawn, place);
            drawn += 1;
        }
        household += 1;
    }
    shards
}

struct House<'a> {
    habit: &'a Habit,
    habit_at: usize,
    way: &'a Way,
    household: u64,
    undeclared: bool,
}

fn add_person(
    drawing: &Drawing<'_>,
    shard: &mut Shard,
    house: &House<'_>,
    shared: &mut Chance,
    id: u64,
    place: u64,
) {
    let mut chance = Chance::new(drawing.seed, purpose::PERSON, id, 0);
    let habit = house.habit;
    // The first of a household that goes together is grown up; what they share is drawn from the household's own stream.
    let grown_up = habit.together.1 > 1 && place == 0;
    let age = chance.between(if grown_up { habit.ages.0.max(24) } else { habit.ages.0 }, habit.ages.1);
    let leader =
        if place == 0 { None } else { shard.people.len().checked_sub(usize::try_from(place).unwrap_or(0)) };
    let first =
        leader.and_then(|at| shard.people.get(at)).map(|person| (person.port, person.minute, person.device));
    let (port, minute) = first.map_or_else(
        || (usual_port(drawing, house.way, shared), shared.between(habit.leave.0, habit.leave.1)),
        |(port, minute, _)| (port, minute),
    );
    // Children and some elders are on the phone of whom they go with.
    let on_shared = first.filter(|_| age < 12 || (age >= 75 && chance.happens(400_000)));
    let device =
        on_shared.map_or_else(|| new_device(drawing, shard, &mut chance, None), |(_, _, device)| device);
    let issued = drawing.start.plus_days(-days(drawing.tables.draw("document_age_days", &mut chance)));
    let person = Person {
        id,
        household: (house.household, i64::try_from(place).unwrap_or(0)),
        habit: house.habit_at,
        base: house.way.base,
        to: house.way.to,
        age,
        female: chance.happens(ALL / 2),
        port,
        minute,
        declared_frequent: chance.happens(habit.declared),
        without_phone: chance.happens(drawing.habits.life.no_phone),
        holder: Holder::new(
            house.way.home,
            ResidenceClass::Permanent,
            Birth::Date(drawing.start.plus_days(-days(age * 365 + 120))),
        ),
        documents: papers(drawing, house.way, issued),
        movements: Vec::new(),
        position: house.way.base,
        back: None,
        entries_used: 0,
        reissued: Vec::new(),
        face: drawing.tables.draw("face_person", &mut chance),
        photo_taken: drawing.start.plus_days(-days(drawing.tables.draw("photo_age_days", &mut chance))),
        face_alarms: 0,
        device,
        device_declared: on_shared.is_none() || !house.undeclared,
        enrolled_at: None,
        loss_reported_at: None,
        other_lost_at: None,
        silent: (0, 0),
        turns: turns(drawing, &mut chance),
        listed: [false; 3],
        states: [None, None, None],
        audit: Audit::default(),
    };
    shard.people.push(person);
}

fn days(days: i64) -> i32 {
    i32::try_from(days).unwrap_or(0)
}

/// A port of the way, the busier the likelier.
fn usual_port(drawing: &Drawing<'_>, way: &Way, chance: &mut Chance) -> usize {
    let Some(direction) = Direction::new(way.base, way.to) else { return 0 };
    let serving = drawing.places.serving(direction);
    let peaks =
        serving.iter().map(|at| drawing.places.get(*at).map_or(0, |p| u32::try_from(p.peak).unwrap_or(0)));
    serving.get(chance.weighted(peaks)).copied().unwrap_or(0)
}

/// A device; of `since`, or some years old.
pub(crate) fn new_device(
    drawing: &Drawing<'_>,
    shard: &mut Shard,
    chance: &mut Chance,
    since: Option<i64>,
) -> usize {
    let life = &drawing.habits.life;
    let attestation = match () {
        () if chance.happens(life.no_attestation) => "missing",
        () if chance.happens(life.software_keys) => "software",
        () => "hardware",
    };
    let table = if chance.happens(life.clock_bad) { "clock_off_bad" } else { "clock_off_usual" };
    let off = drawing.tables.draw(table, chance);
    let age = drawing.tables.draw("device_age_days", chance);
    shard.devices.push(Device {
        since: since.unwrap_or_else(|| drawing.start.start().unix() - age * 86_400),
        attestation,
        clock_off: if chance.happens(ALL / 2) { off } else { -off },
        counter: 1000,
        states: [None, None, None],
        seen: [0; 3],
    });
    shard.devices.len() - 1
}

/// The papers for a way: numbers are one specimen a kind, for no rule of documents compares two people's.
fn papers(drawing: &Drawing<'_>, way: &Way, issued: LocalDate) -> Vec<Document> {
    let document = |kind, number: &str, endorsements| {
        DocumentNumber::parse(kind, number).ok().map(|number| Document {
            number,
            issued: Some(issued),
            expires: Some(issued.plus_months(120).plus_days(-1)),
            status: DocumentStatus::Valid,
            endorsements,
        })
    };
    let endorsed = way.form.and_then(|code| drawing.rules.form(code)).map(|form| {
        let from = drawing.start.plus_days(-20);
        let destination = if way.to.is_sar() { way.to } else { way.base };
        let (valid_to, approved_until) = (form.longest_validity(from), Some(form.longest_validity(from)));
        Endorsement {
            form: form.code,
            destination,
            entries: form.entries(),
            valid_from: from,
            valid_to,
            issued: from,
            approved_until: approved_until.filter(|_| form.letter == "D"),
        }
    });
    let papers = match way.home {
        AuthorityCode::Chn => {
            vec![document(DocumentKind::ExitEntryPermit, "C00000018", endorsed.into_iter().collect())]
        }
        AuthorityCode::Hkg => vec![
            document(DocumentKind::Hkid, "A123456(3)", Vec::new()),
            document(DocumentKind::HomeReturnPermit, "H00000018", Vec::new()),
        ],
        AuthorityCode::Mac => vec![
            document(DocumentKind::MacaoBir, "5123456(7)", Vec::new()),
            document(DocumentKind::HomeReturnPermit, "M00000018", Vec::new()),
        ],
    };
    papers.into_iter().flatten().collect()
}

/// Honest turns of a person's life within the days, in order of time.
fn turns(drawing: &Drawing<'_>, chance: &mut Chance) -> Vec<(i64, Turn)> {
    let life = &drawing.habits.life;
    let begin = drawing.start.start().unix();
    let moment = |chance: &mut Chance| begin + chance.between(0, i64::from(drawing.days) * 86_400);
    // The chances are those of 28 days.
    let within = |millionths: u32| millionths.saturating_mul(drawing.days) / 28;
    let mut turns = Vec::new();
    if chance.happens(within(life.new_phone)) {
        let at = moment(chance);
        turns.push((at, Turn::Enrols));
        if chance.happens(life.tries_enrolment_again) {
            turns.extend((1..=chance.between(1, 2)).map(|hour| (at + hour * 3600, Turn::EnrolsAgain)));
        }
    }
    if chance.happens(within(life.phone_lost)) {
        let at = moment(chance);
        turns.push((at, Turn::LosesPhone));
        let reported = at + drawing.tables.draw("loss_report_hours", chance) * 3600;
        turns.push((reported, Turn::Reports));
        turns.push((reported + drawing.tables.draw("re_enrol_hours", chance) * 3600, Turn::Enrols));
    }
    if chance.happens(within(life.card_lost)) {
        turns.push((moment(chance), Turn::LosesCard));
    }
    if chance.happens(within(life.renewed)) {
        turns.push((moment(chance), Turn::Renews));
    }
    turns.sort_by_key(|(at, _)| *at);
    turns
}
