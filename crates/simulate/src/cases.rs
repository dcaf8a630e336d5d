//! Cases: frauds of a scenario drawn onto people and days, and what became of each.
//!
//! Lives here: [`Case`], [`Story`], [`draw_cases`]. Not here: what a camera or a reader sees of them (`showing`). The engine is asked in
//! `crossing`, which gives it none of this.

use documents::{Direction, LocalDate};

use crate::arrival::{Arrival, enrol, open_time};
use crate::chance::{ALL, Chance};
use crate::fault::DataFault;
use crate::population::{Drawing, Person, Shard, Turn, new_device, purpose};
use crate::scenario::{Begins, HolderDoes, Kind, Scenario, Shows};

/// One fraud.
#[derive(Debug)]
pub(crate) struct Case {
    /// Its kind, by its place in the scenario.
    pub kind: usize,
    number: u64,
    /// The holders of its passes, by their place.
    pub holders: Vec<usize>,
    first_day: i64,
    /// What is still to come: when, which holder, which way, which port.
    acts: Vec<Act>,
    lane: usize,
    begun: bool,
    /// The device that is shown, and the counter of its copy.
    pub device: Option<usize>,
    pub copy_counter: Option<u32>,
    /// When the status list has it.
    pub reported: Option<i64>,
    /// For each holder, whether a refusal ended it.
    over: Vec<bool>,
    pub story: Story,
}

#[derive(Debug, Clone, Copy)]
struct Act {
    at: i64,
    holder: usize,
    place: usize,
    direction: Direction,
}

/// What became of a case.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Story {
    /// Fraudulent crossings that were tried.
    pub crossings: u32,
    /// At the how manieth of them something was asked; 0: never.
    pub first_found: u32,
    /// The same, by rules that do not read the face comparison.
    pub first_found_without_face: u32,
    /// Something was asked at a crossing of the holder after the first fraudulent one.
    pub at_holders_own: bool,
    /// The documents' rules stopped it.
    pub by_documents: bool,
    /// The status list stopped it.
    pub by_status: bool,
    /// A lane's rule told its operator.
    pub by_lane: bool,
}

/// Draws the cases of a scenario, by part of the people.
pub(crate) fn draw_cases(
    drawing: &Drawing<'_>,
    scenario: &Scenario,
    shards: &[Shard],
) -> Result<Vec<Vec<Case>>, DataFault> {
    let mut all: Vec<Vec<Case>> = shards.iter().map(|_| Vec::new()).collect();
    let mut taken: Vec<Vec<bool>> = shards.iter().map(|shard| vec![false; shard.people.len()]).collect();
    for (kind_at, kind) in scenario.kinds.iter().enumerate() {
        for number in 0..kind.cases {
            let stream = u64::from(number) | u64::try_from(kind_at).unwrap_or(0) << 32;
            let mut chance = Chance::new(drawing.seed, purpose::CASE, stream, 0);
            let drawn = draw_case(drawing, (kind_at, kind), stream, shards, &mut taken, &mut chance);
            let (shard, case) = drawn.ok_or_else(|| DataFault {
                file: scenario.name.clone(),
                line: 0,
                what: format!(
                    "too few people for {} cases of {}: more residents, or fewer cases",
                    kind.cases, kind.name
                ),
            })?;
            if let Some(cases) = all.get_mut(shard) {
                cases.push(case);
            }
        }
    }
    Ok(all)
}

fn draw_case(
    drawing: &Drawing<'_>,
    (kind_at, kind): (usize, &Kind),
    number: u64,
    shards: &[Shard],
    taken: &mut [Vec<bool>],
    chance: &mut Chance,
) -> Option<(usize, Case)> {
    let wanted = usize::try_from(chance.between(kind.holders.0, kind.holders.1)).ok()?;
    let fits = |person: &Person, first: Option<&Person>| {
        let habit = drawing.habits.all.get(person.habit).map_or("", |habit| habit.name.as_str());
        let with = first.is_none_or(|first| first.base == person.base && first.to == person.to);
        with && person.age >= 18 && (kind.habits.is_empty() || kind.habits.iter().any(|each| each == habit))
    };
    for _ in 0..40 {
        let shard_at = usize::try_from(chance.below(u64::try_from(shards.len()).ok()?)).ok()?;
        let (shard, taken) = (shards.get(shard_at)?, taken.get_mut(shard_at)?);
        let mut holders: Vec<usize> = Vec::new();
        for _ in 0..wanted * 60 {
            let at = usize::try_from(chance.below(u64::try_from(shard.people.len()).ok()?)).ok()?;
            let first = holders.first().and_then(|at| shard.people.get(*at));
            if shard.people.get(at).is_some_and(|person| fits(person, first)) && taken.get(at) == Some(&false)
            {
                holders.push(at);
                *taken.get_mut(at)? = true;
            }
            if holders.len() == wanted {
                break;
            }
        }
        if holders.len() == wanted {
            let last = i64::from(drawing.days.saturating_sub(2));
            let first_day = chance.between(kind.first_day.0.min(last), kind.first_day.1.min(last));
            let case = Case {
                kind: kind_at,
                number,
                holders,
                first_day,
                acts: Vec::new(),
                lane: usize::try_from(chance.below(64)).ok()?,
                begun: false,
                device: None,
                copy_counter: None,
                reported: None,
                over: vec![false; wanted],
                story: Story::default(),
            };
            return Some((shard_at, case));
        }
        for at in holders {
            *taken.get_mut(at)? = false;
        }
    }
    None
}

impl Case {
    /// Its number, over all kinds.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Whether a refusal ended it for this holder's pass.
    pub fn is_over(&self, holder: usize) -> bool {
        self.holders.iter().zip(&self.over).any(|(at, over)| *at == holder && *over)
    }

    /// A refusal ends it for this holder's pass.
    pub fn ends(&mut self, holder: usize) {
        for (at, over) in self.holders.iter().zip(&mut self.over) {
            *over |= *at == holder;
        }
    }

    /// Whether a fraudulent crossing may have been tried already.
    pub const fn has_begun(&self) -> bool {
        self.begun
    }

    /// Takes part in a day: marks the holder's own journeys, or adds arrivals of its own.
    pub fn take_part(
        &mut self,
        drawing: &Drawing<'_>,
        kind: &Kind,
        (shard_at, shard): (usize, &mut Shard),
        (case_at, date): (usize, LocalDate),
        arrivals: &mut Vec<Arrival>,
    ) {
        let day = i64::from(date.days_since(drawing.start));
        if self.over.iter().all(|over| *over) || day < self.first_day {
            return;
        }
        let number = date.days_since_epoch().unsigned_abs();
        let mut chance = Chance::new(drawing.seed, purpose::CASE, self.number | 1 << 60, number);
        if kind.begins == Begins::OwnJourneys {
            if !self.begun {
                self.begun = true;
                self.list(kind, shard, &mut chance);
            }
            let own = |arrival: &&mut Arrival| self.holders.contains(&arrival.person);
            arrivals.iter_mut().filter(own).for_each(|arrival| arrival.case = Some(case_at));
            return;
        }
        if !self.begun && self.begin(drawing, kind, shard, date, arrivals, &mut chance) {
            self.begun = true;
        }
        let end = date.start().unix() + 86_400;
        let (due, later) = self.acts.iter().partition(|act| act.at < end);
        let due: Vec<Act> = due;
        self.acts = later;
        let lane = kind.insider.then_some(self.lane);
        arrivals.extend(due.into_iter().map(|act| Arrival {
            at: act.at,
            shard: shard_at,
            person: act.holder,
            place: act.place,
            direction: act.direction,
            lane,
            case: Some(case_at),
            own: false,
        }));
    }

    fn list(&self, kind: &Kind, shard: &mut Shard, chance: &mut Chance) {
        for at in &self.holders {
            let Some(person) = shard.people.get_mut(*at) else { continue };
            let by = if chance.happens(ALL / 2) { person.base } else { person.to };
            if chance.happens(kind.listed) {
                person.listed = documents::AuthorityCode::ALL.map(|authority| authority == by);
            }
        }
    }

    /// Plans the acts; `false` where it must wait for another day.
    fn begin(
        &mut self,
        drawing: &Drawing<'_>,
        kind: &Kind,
        shard: &mut Shard,
        date: LocalDate,
        arrivals: &[Arrival],
        chance: &mut Chance,
    ) -> bool {
        let begin = date.start().unix();
        let at_home =
            |at: &usize| shard.people.get(*at).is_some_and(|p| p.position == p.base && p.back.is_none());
        // A holder who is away cannot lend or lose a pass at home.
        if kind.begins != Begins::AfterHolder && !self.holders.iter().all(at_home) {
            return false;
        }
        let acts = match kind.begins {
            Begins::AtWill => self.at_will(drawing, kind, shard, begin, chance),
            Begins::InStep => self.in_step(drawing, kind, shard, begin, chance),
            Begins::AfterHolder => self.after_holder(drawing, kind, arrivals, chance),
            Begins::OwnJourneys => None,
        };
        let Some(acts) = acts.filter(|acts| !acts.is_empty()) else { return false };
        let first = acts.iter().map(|act| act.at).min().unwrap_or(begin);
        let last = acts.iter().map(|act| act.at).max().unwrap_or(begin);
        self.take_device(drawing, kind, shard, first, chance);
        for at in &self.holders {
            let Some(person) = shard.people.get_mut(*at) else { continue };
            if kind.holder != HolderDoes::GoesOn {
                person.silent = (first - 3600, last + 43_200);
            }
            if let Some((low, high)) = kind.reported_after_hours {
                let reported = first + chance.between(low, high) * 3600;
                let again = reported + chance.between(12, 72) * 3600;
                self.reported = Some(reported);
                person.silent.1 = again;
                person.turns.extend([(reported, Turn::Reports), (again, Turn::Enrols)]);
                person.turns.sort_by_key(|(at, _)| *at);
            }
        }
        self.acts = acts;
        true
    }

    fn take_device(
        &mut self,
        drawing: &Drawing<'_>,
        kind: &Kind,
        shard: &mut Shard,
        first: i64,
        chance: &mut Chance,
    ) {
        let holders_own =
            self.holders.first().and_then(|at| shard.people.get(*at)).map(|person| person.device);
        match kind.shows {
            Shows::Holders => self.device = holders_own.filter(|_| self.holders.len() == 1),
            Shows::Copy => {
                self.device = holders_own;
                // Copied as it stands now; the first use comes later.
                self.copy_counter =
                    holders_own.and_then(|at| shard.devices.get(at)).map(|device| device.counter);
            }
            Shows::New | Shows::Shared => {
                let since = first - chance.between(kind.ready_hours.0, kind.ready_hours.1) * 3600;
                self.device = Some(new_device(drawing, shard, chance, Some(since)));
                for at in &self.holders {
                    if let Some(person) = shard.people.get_mut(*at) {
                        enrol(person, since);
                    }
                }
            }
        }
    }

    fn at_will(
        &self,
        drawing: &Drawing<'_>,
        kind: &Kind,
        shard: &Shard,
        begin: i64,
        chance: &mut Chance,
    ) -> Option<Vec<Act>> {
        let holder = *self.holders.first()?;
        let mut direction = shard.people.get(holder)?.outward()?;
        let mut at = begin + chance.between(420, 1200) * 60 + chance.between(0, 59);
        if kind.shows == Shows::Copy {
            // It is copied today and used later; the holder's own goes on counting.
            at += chance.between(kind.ready_hours.0, kind.ready_hours.1) * 3600;
        }
        let mut acts = Vec::new();
        for _ in 0..chance.between(kind.uses.0, kind.uses.1) {
            let place = *chance.pick(&drawing.places.serving(direction))?;
            let Some(open) = open_time(drawing, place, at) else { break };
            acts.push(Act { at: open, holder, place, direction });
            direction = direction.reversed();
            at = open
                + chance.between(kind.every_minutes.0, kind.every_minutes.1) * 60
                + chance.between(0, 59);
        }
        Some(acts)
    }

    fn in_step(
        &self,
        drawing: &Drawing<'_>,
        kind: &Kind,
        shard: &Shard,
        begin: i64,
        chance: &mut Chance,
    ) -> Option<Vec<Act>> {
        let mut direction = shard.people.get(*self.holders.first()?)?.outward()?;
        let place = *chance.pick(&drawing.places.serving(direction))?;
        let mut at = begin + chance.between(540, 780) * 60;
        let mut acts = Vec::new();
        for _ in 0..chance.between(kind.uses.0, kind.uses.1) {
            let mut when = open_time(drawing, place, at)?;
            for holder in &self.holders {
                acts.push(Act { at: when, holder: *holder, place, direction });
                when += chance.between(kind.in_step_minutes.0 * 60, kind.in_step_minutes.1 * 60);
            }
            direction = direction.reversed();
            at = when + chance.between(kind.every_minutes.0, kind.every_minutes.1) * 60;
        }
        Some(acts)
    }

    fn after_holder(
        &self,
        drawing: &Drawing<'_>,
        kind: &Kind,
        arrivals: &[Arrival],
        chance: &mut Chance,
    ) -> Option<Vec<Act>> {
        let holder = *self.holders.first()?;
        let own = arrivals.iter().find(|arrival| arrival.person == holder && arrival.case.is_none())?;
        let direction = if chance.happens(ALL / 2) { own.direction } else { own.direction.reversed() };
        let mut elsewhere = drawing.places.serving(direction);
        elsewhere.retain(|place| *place != own.place);
        let place = *chance.pick(&elsewhere)?;
        let by = |side| drawing.places.least_minutes(side, own.place, place);
        let least = if direction == own.direction {
            documents::AuthorityCode::ALL.into_iter().filter_map(by).min()
        } else {
            by(own.direction.to())
        };
        let share = chance.between(kind.journey_share.0, kind.journey_share.1);
        let at = own.at + i64::from(least?) * 60 * share / 1000;
        drawing.places.open(place, at).then(|| vec![Act { at, holder, place, direction }])
    }
}
