//! State: the same size and cost however many crossings there were, one form, and what each signal says.

#![expect(clippy::unwrap_used, reason = "a failing helper fails the test that called it")]

use documents::{AuthorityCode, Direction, Rules, Timestamp};
use proptest::prelude::*;
use risk::Facts;
use risk::engine::CelEngine;
use risk::schema::Schema;
use risk::state::{Crossed, Crossing, DeviceState, Journeys, LaneState, LaneTry, MAX_STATE, PersonState};

use AuthorityCode::{Chn, Hkg, Mac};

fn at(text: &str) -> Timestamp {
    format!("2026-11-{text}:00+08:00").parse().unwrap()
}

fn crossed(port: &str, from: AuthorityCode, to: AuthorityCode, when: Timestamp) -> Crossed {
    Crossed { port: port.parse().unwrap(), direction: Direction::new(from, to).unwrap(), at: when }
}

fn crossing(port: &str, from: AuthorityCode, to: AuthorityCode, when: Timestamp) -> Crossing {
    Crossing { crossed: crossed(port, from, to, when), device: 1 }
}

/// Whether a condition holds of what a state says.
fn holds(condition: &str, facts: &Facts, schema: &Schema) -> bool {
    use risk::engine::RuleEngine as _;
    CelEngine::new().compile(condition, schema).unwrap().holds(facts, schema).unwrap()
}

struct World {
    rules: Rules,
    schema: Schema,
}

impl World {
    fn new() -> Self {
        Self { rules: Rules::builtin().unwrap(), schema: Schema::builtin().unwrap() }
    }

    fn facts(&self, state: &PersonState, now: &Crossing) -> Facts {
        let mut facts = Facts::usual(&self.schema);
        let journeys = Journeys::new(&self.rules, now.crossed.at.local_date());
        state.signals(now, &journeys, &self.schema, &mut facts).unwrap();
        facts
    }

    fn check(&self, state: &PersonState, now: &Crossing, condition: &str) {
        assert!(holds(condition, &self.facts(state, now), &self.schema), "{condition}");
    }
}

#[test]
fn a_journey_is_impossible_by_the_table_and_a_quick_return_is_not() {
    let world = World::new();
    let out = crossing("shenzhen-bay", Chn, Hkg, at("10T10:00"));
    let state = PersonState::new(out.crossed.at).crossed(&out);
    for (port, from, to, when, condition) in [
        // Back through the same hall after two minutes.
        ("shenzhen-bay", Hkg, Chn, "10T10:02", "journey_short_minutes == 0 && turn_around_minutes == 2"),
        // Shenzhen Bay to Huanggang in Hong Kong takes a quarter of an hour.
        ("huanggang", Hkg, Chn, "10T10:05", "journey_short_minutes == 10"),
        ("huanggang", Hkg, Chn, "10T10:15", "journey_short_minutes == 0"),
        // Out of the mainland again, far away, ten minutes later: the quicker way of all counts.
        ("gongbei", Chn, Mac, "10T10:10", "journey_short_minutes >= 5"),
        ("shenzhen-bay", Chn, Hkg, "10T12:00", "same_direction_twice && journey_short_minutes == 0"),
    ] {
        world.check(&state, &crossing(port, from, to, at(when)), condition);
    }
    // Nothing is known of the first crossing.
    world.check(&PersonState::new(at("10T10:00")), &out, "journey_short_minutes == 0 && turn_around_minutes == 10080 && !same_direction_twice &&\n known_crossings == 0 && crossings_today == 1 && usual_hour_share == 1000 && gap_change == 0");
}

#[test]
fn a_habit_is_the_persons_own() {
    let world = World::new();
    // A pupil: out at 7, back at 17, every day for three weeks.
    let mut state = PersonState::new(at("01T07:00"));
    for day in 1..=21 {
        for (hour, from, to) in [("07:00", Hkg, Chn), ("17:00", Chn, Hkg)] {
            state = state.crossed(&crossing("futian", from, to, at(&format!("{day:02}T{hour}"))));
        }
    }
    let usual = crossing("futian", Hkg, Chn, at("22T07:00"));
    world.check(&state, &usual, "crossings_today == 1 && gap_change < 2000 && port_changes_week == 0 &&\n short_turns_week == 0 && usual_hour_share > 100 && known_crossings == 42");
    let odd = crossing("luohu", Hkg, Chn, at("21T17:20"));
    world.check(&state, &odd, "gap_change > 3000 && crossings_today == 3 && turn_around_minutes == 20");
    let night = crossing("futian", Hkg, Chn, at("22T03:00"));
    world.check(&state, &night, "usual_hour_share == 0");
    let none_of_theirs = crossing("futian", Hkg, Chn, at("22T07:00"));
    let many = Crossing { device: 2, ..none_of_theirs };
    world.check(&state, &many, "devices_of_person_month == 2");
    world.check(&state, &usual, "devices_of_person_month == 1");
}

#[test]
fn failures_and_enrolments_decay() {
    let world = World::new();
    let mut state = PersonState::new(at("10T10:00"));
    for _ in 0..3 {
        state = state.face_failed(at("10T10:00")).code_failed(at("10T10:00"));
    }
    state = state.enrolled(at("10T10:00")).enrolled(at("10T10:00"));
    world.check(
        &state,
        &crossing("luohu", Hkg, Chn, at("10T10:01")),
        "face_failures_hour == 3 && code_failures_hour == 3 && re_enrolments_month == 2",
    );
    world.check(
        &state,
        &crossing("luohu", Hkg, Chn, at("10T16:01")),
        "face_failures_hour == 0 && re_enrolments_month == 2",
    );
}

#[test]
fn a_declared_family_shares_a_device_and_strangers_count() {
    let world = World::new();
    let place = |when| crossed("gongbei", Mac, Chn, at(when));
    let mut device = DeviceState::new();
    for (resident, declared) in [(1, true), (2, true), (3, true), (4, false), (5, false), (6, false)] {
        device = device.crossed(resident, declared, &place("10T10:00"));
    }
    let mut facts = Facts::usual(&world.schema);
    let journeys = Journeys::new(&world.rules, at("10T10:00").local_date());
    device.signals((1, true), &place("10T10:00"), &journeys, &world.schema, &mut facts).unwrap();
    assert!(holds(
        "undeclared_residents_on_device == 3 && declared_residents_on_device == 2 && device_journey_short_minutes == 0",
        &facts,
        &world.schema
    ));
    // A month later the strangers are forgotten.
    let later = crossed("gongbei", Mac, Chn, "2026-12-20T10:00:00+08:00".parse().unwrap());
    device.signals((1, true), &later, &journeys, &world.schema, &mut facts).unwrap();
    assert!(holds("undeclared_residents_on_device == 0", &facts, &world.schema));
    // Hengqin is a quarter of an hour from Gongbei.
    device
        .signals(
            (1, true),
            &crossed("hengqin", Chn, Mac, at("10T10:02")),
            &journeys,
            &world.schema,
            &mut facts,
        )
        .unwrap();
    assert!(holds("device_journey_short_minutes > 5", &facts, &world.schema));
}

#[test]
fn a_lane_is_compared_with_its_own_hour() {
    let world = World::new();
    let mut lane = LaneState::new(at("01T10:00"));
    for day in 1..=9 {
        for minute in 0..50 {
            lane = lane.tried(
                LaneTry { failed: minute % 25 == 0, overridden: false },
                at(&format!("{day:02}T10:{minute:02}")),
            );
        }
    }
    let mut facts = Facts::usual(&world.schema);
    lane.signals(at("09T10:59"), &world.schema, &mut facts).unwrap();
    assert!(holds("lane_failures_above_usual <= 1000 && lane_attempts_hour == 50", &facts, &world.schema));
    for minute in 0..20 {
        lane = lane.tried(
            LaneTry { failed: minute % 2 == 0, overridden: minute % 4 == 0 },
            at(&format!("10T10:{minute:02}")),
        );
    }
    lane.signals(at("10T10:30"), &world.schema, &mut facts).unwrap();
    assert!(holds(
        "lane_failures_above_usual > 4000 && lane_overrides_above_usual > 4000",
        &facts,
        &world.schema
    ));
    assert_eq!(LaneState::decode(&lane.encode()), Ok(lane.clone()));
    assert!(lane.encode().len() <= MAX_STATE);
}

#[test]
fn a_state_has_one_size_after_one_crossing_and_after_ten_thousand() {
    let ports = ["luohu", "futian", "shenzhen-bay", "gongbei", "hengqin"];
    let start = at("01T07:00");
    let (mut person, mut device, mut sizes) = (PersonState::new(start), DeviceState::new(), Vec::new());
    for step in 0..10_000_i64 {
        let port = ports.get(usize::try_from(step).unwrap() % ports.len()).unwrap();
        let (from, to) = if step % 2 == 0 { (Hkg, Chn) } else { (Chn, Hkg) };
        let mut one = crossing(port, from, to, start.plus_seconds(step * 1200));
        one.device = u64::try_from(step % 40).unwrap();
        person = person.crossed(&one);
        device = device.crossed(one.device, step % 3 == 0, &one.crossed);
        if [0, 100, 9_999].contains(&step) {
            sizes.push((person.encode().len(), device.encode().len()));
        }
    }
    let [(first, _), (later, device_later), (last, device_last)] = sizes[..] else { panic!("{sizes:?}") };
    assert!(first < last && last <= MAX_STATE && device_last <= MAX_STATE, "{sizes:?}");
    assert!(last.abs_diff(later) < 40 && device_last.abs_diff(device_later) < 40, "{sizes:?}");
}

/// Made once: a hundred histories look at it.
static WORLD: std::sync::LazyLock<World> = std::sync::LazyLock::new(World::new);

fn any_crossing() -> impl Strategy<Value = (usize, bool, i64, u64)> {
    (0..5_usize, any::<bool>(), 0..500_000_i64, 0..20_u64)
}

proptest! {
    #[test]
    fn any_history_comes_back_as_it_was_and_its_signals_are_in_range(history in prop::collection::vec(any_crossing(), 0..40)) {
        let world = &*WORLD;
        let ports = ["luohu", "futian", "shenzhen-bay", "gongbei", "no-such-port"];
        let mut now = at("01T07:00");
        let (mut person, mut device) = (PersonState::new(now), DeviceState::new());
        for (port, out, gap, tag) in history {
            // A clock that goes back now and then.
            now = now.plus_seconds(gap - 1000);
            let (from, to) = if out { (Hkg, Chn) } else { (Chn, Hkg) };
            let mut one = crossing(ports[port], from, to, now);
            one.device = tag;
            let mut facts = world.facts(&person, &one);
            let journeys = Journeys::new(&world.rules, now.local_date());
            device.signals((tag, out), &one.crossed, &journeys, &world.schema, &mut facts).unwrap();
            prop_assert!(Facts::decode(&facts.encode(), &world.schema).unwrap() == facts);
            person = person.crossed(&one);
            if out { person = person.face_failed(now).enrolled(now) }
            device = device.crossed(tag, out, &one.crossed);
            let (p, d) = (person.encode(), device.encode());
            prop_assert!(p.len() <= MAX_STATE && d.len() <= MAX_STATE);
            prop_assert!(PersonState::decode(&p).unwrap() == person && DeviceState::decode(&d).unwrap() == device);
        }
    }
}
