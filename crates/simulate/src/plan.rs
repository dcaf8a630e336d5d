//! Plan: which journeys a person means to make on a day.
//!
//! Lives here: [`plan_day`]. Not here: queues (`queue`), whether they are let through (`crossing`).

use documents::{Direction, LocalDate};

use crate::arrival::{Arrival, enrol, open_time};
use crate::calendar::Calendar;
use crate::cases::Case;
use crate::chance::Chance;
use crate::population::{Drawing, Person, Shard, Turn, new_device, purpose};
use crate::scenario::Scenario;

/// The plans of one part of the people for one day; turns of their lives that are due are done.
pub(crate) fn plan_day(
    drawing: &Drawing<'_>,
    (calendar, scenario): (&Calendar, &Scenario),
    (shard_at, shard): (usize, &mut Shard),
    cases: &mut [Case],
    day: u32,
) -> Vec<Arrival> {
    let date = drawing.start.plus_days(i32::try_from(day).unwrap_or(0));
    let mut arrivals = Vec::new();
    for at in 0..shard.people.len() {
        take_turns(drawing, shard, at, date);
        let Some(person) = shard.people.get_mut(at) else { continue };
        let legs = journeys(drawing, calendar, person, date);
        arrivals.extend(legs.into_iter().map(|(when, place, direction)| Arrival {
            at: when,
            shard: shard_at,
            person: at,
            place,
            direction,
            lane: None,
            case: None,
            own: true,
        }));
    }
    for (case_at, case) in cases.iter_mut().enumerate() {
        if let Some(kind) = scenario.kinds.get(case.kind) {
            case.take_part(drawing, kind, (shard_at, shard), (case_at, date), &mut arrivals);
        }
    }
    arrivals
}

/// Does what is due by the day's beginning.
fn take_turns(drawing: &Drawing<'_>, shard: &mut Shard, at: usize, date: LocalDate) {
    let now = date.start().unix();
    loop {
        let Some(person) = shard.people.get_mut(at) else { return };
        let Some((when, turn)) = person.turns.first().copied().filter(|(when, _)| *when < now) else {
            return;
        };
        person.turns.remove(0);
        match turn {
            Turn::Enrols => {
                person.silent = (person.silent.0, when.min(person.silent.1));
                let mut chance = Chance::new(drawing.seed, purpose::PERSON, person.id, when.unsigned_abs());
                let device = new_device(drawing, shard, &mut chance, Some(when));
                if let Some(person) = shard.people.get_mut(at) {
                    (person.device, person.device_declared) = (device, true);
                    enrol(person, when);
                }
            }
            Turn::EnrolsAgain => enrol(person, when),
            Turn::LosesPhone => person.silent = (when, i64::MAX),
            Turn::Reports => person.loss_reported_at = Some(when),
            Turn::LosesCard => {
                person.other_lost_at = Some(when);
                person.loss_reported_at = Some(when);
            }
            Turn::Renews => {
                for document in &mut person.documents {
                    document.issued = Some(date);
                    document.expires = Some(date.plus_months(120).plus_days(-1));
                }
                person.photo_taken = date.plus_days(-20);
            }
        }
    }
}

/// Journeys of one person on one day, as they mean to make them.
fn journeys(
    drawing: &Drawing<'_>,
    calendar: &Calendar,
    person: &mut Person,
    date: LocalDate,
) -> Vec<(i64, usize, Direction)> {
    let Some(habit) = drawing.habits.all.get(person.habit) else { return Vec::new() };
    let Some(outward) = person.outward() else { return Vec::new() };
    let (begin, number) = (date.start().unix(), date.days_since_epoch().unsigned_abs());
    let mut own = Chance::new(drawing.seed, purpose::PLAN, person.id | 1 << 40, number);
    let mut legs = Vec::new();
    if let Some((when, place)) = person.back {
        if when < begin + 86_400 {
            let open = open_time(drawing, place, when.max(begin));
            person.back = if open.is_some() { None } else { Some((when + 86_400, place)) };
            legs.extend(open.map(|when| (when, place, outward.reversed())));
        }
        return legs;
    }
    // Who goes together draws from one stream: the same day, the same port, a few seconds apart.
    let mut shared = Chance::new(drawing.seed, purpose::PLAN, person.household.0, number);
    if !shared.happens(habit.goes(calendar.kind(date, person.base))) || person.position != person.base {
        return legs;
    }
    let other = |chance: &mut Chance, usual: usize| {
        if chance.happens(habit.other_port) {
            chance.pick(&drawing.places.serving(outward)).copied().unwrap_or(usual)
        } else {
            usual
        }
    };
    let round_trips = shared.between(habit.round_trips.0, habit.round_trips.1);
    let mut minute = person.minute
        + (shared.between(-habit.spread, habit.spread) + shared.between(-habit.spread, habit.spread)) / 2;
    let mut came_by = None;
    for _ in 0..round_trips {
        let (out, back) = (other(&mut shared, person.port), other(&mut shared, person.port));
        if let Some(before) = came_by {
            // From port to port on the side where they live.
            let journey = drawing.places.least_minutes(person.base, before, out).map_or(120, i64::from);
            minute +=
                journey + between(drawing, before) + drawing.tables.draw("visit_slack_minutes", &mut shared);
        }
        let leave = begin + minute * 60 + shared.between(0, 59) + own.between(8, 25) * person.household.1;
        let Some(leave) = open_time(drawing, out, leave) else { break };
        let nights = shared.between(habit.nights.0, habit.nights.1);
        let stay = shared.between(habit.stay.0, habit.stay.1);
        let least = drawing.places.least_minutes(person.to, out, back).map_or(60, i64::from);
        let slack = drawing.tables.draw("visit_slack_minutes", &mut shared);
        let there = between(drawing, out) + stay.max(least + slack);
        let home = leave + nights * 86_400 + there * 60 + own.between(8, 25) * person.household.1;
        legs.push((leave, out, outward));
        if home < begin + 86_400 {
            let Some(open) = open_time(drawing, back, home) else {
                person.back = Some((home + 86_400, back));
                break;
            };
            legs.push((open, back, outward.reversed()));
        } else {
            person.back = Some((home, back));
            break;
        }
        minute = (home - begin) / 60 + shared.between(5, 90);
        came_by = Some(back);
        if minute > 21 * 60 {
            break;
        }
    }
    if let Some(entries) = person.entries(drawing.rules).filter(|_| !legs.is_empty())
        && person.entries_used >= entries
    {
        person.endorse_anew(drawing.rules, date);
    }
    legs
}

/// Minutes from the exit of a port to its entry, begun ones whole.
fn between(drawing: &Drawing<'_>, place: usize) -> i64 {
    drawing.places.get(place).map_or(0, |place| (place.between_seconds + 59) / 60)
}
