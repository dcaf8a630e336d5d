//! What holds for every relation of a ward and a carer, whatever their ages and dates.

#![cfg(test)]

use documents::rules::CarerRule;
use documents::{
    AuthorityCode, Birth, Carer, CarerGround, CarerPersons, CarerStop, LocalDate, Rules, Timestamp,
    day_of_age,
};
use proptest::prelude::*;

fn day(offset: i32) -> LocalDate {
    LocalDate::new(2026, 1, 1).unwrap().plus_days(offset)
}

fn births() -> impl Strategy<Value = Birth> {
    prop_oneof![
        (-36_000..0_i32).prop_map(|offset| Birth::Date(day(offset))),
        (1930..2026_i16).prop_map(Birth::Year),
        Just(Birth::Date(LocalDate::new(2012, 2, 29).unwrap())),
    ]
}

fn rules() -> impl Strategy<Value = CarerRule> {
    let rules = Rules::builtin().unwrap();
    let of = |code| rules.carer_rule(code).unwrap().clone();
    prop::sample::select(AuthorityCode::ALL.map(of).to_vec())
}

fn grounds() -> impl Strategy<Value = CarerGround> {
    prop::sample::select(CarerGround::ALL.to_vec())
}

proptest! {
    #[test]
    fn the_day_of_an_age_is_the_first_on_which_the_age_is_counted(birth in births(), age in 0..100_u8) {
        let turns = day_of_age(birth, age);
        prop_assert!(birth.age_on(turns) >= i16::from(age));
        prop_assert!(birth.age_on(turns.plus_days(-1)) < i16::from(age));
    }

    #[test]
    fn a_relation_stands_from_its_making_to_its_end_and_never_after(
        (ward, carer) in (births(), births()),
        ground in grounds(),
        until in prop::option::of(-400..800_i32),
        rule in rules(),
        today in 0..400_i32,
        later in 0..40_000_000_i64,
    ) {
        let persons = CarerPersons { ward: (1_u8, ward), carer: (2, carer) };
        let Ok(made) = Carer::agree(&persons, ground, until.map(day), &rule, day(today)) else { return Ok(()) };
        let now = day(today).start();
        prop_assert!(made.stands(now).is_ok(), "it stands on the day on which it was made");
        let at = now.plus_seconds(later);
        prop_assert_eq!(made.stands(at).is_ok(), at < made.ends_at());
        prop_assert!(carer.age_on(day(today)) >= i16::from(rule.carer_from));
        let minor = ward.age_on(day(today)) < i16::from(rule.ends_at);
        let longest = day(today).plus_months(12).plus_days(1).start();
        prop_assert!(minor || made.ends_at() <= longest, "of an adult it ends within a year");
        prop_assert!(!minor || made.ends_at() <= day_of_age(ward, rule.ends_at).start());
        prop_assert!(ground != CarerGround::Authorised || !minor, "no minor agrees alone");
    }

    #[test]
    fn what_rests_on_a_relation_never_outlives_it(
        birth in births(), rule in rules(), at in 0..Timestamp::MAX.unix(),
    ) {
        let persons = CarerPersons { ward: (1_u8, birth), carer: (2, Birth::Year(1970)) };
        for ground in CarerGround::ALL {
            let Ok(made) = Carer::agree(&persons, *ground, Some(day(100)), &rule, day(0)) else { continue };
            let expires = Timestamp::from_unix(at).unwrap();
            prop_assert!(made.cut(expires) <= made.ends_at() && made.cut(expires) <= expires);
        }
    }

    #[test]
    fn what_was_ended_never_stands_again(
        birth in births(), rule in rules(), at in 0..Timestamp::MAX.unix(),
        by in prop::sample::select(CarerStop::ALL.to_vec()),
    ) {
        let persons = CarerPersons { ward: (1_u8, birth), carer: (2, Birth::Year(1970)) };
        let Ok(made) = Carer::agree(&persons, CarerGround::Guardian, Some(day(100)), &rule, day(0)) else {
            return Ok(());
        };
        let stopped = made.stop(by, day(0).start()).unwrap();
        let at = Timestamp::from_unix(at).unwrap();
        prop_assert!(stopped.stands(at).is_err() && stopped.stop(CarerStop::Ward, at).is_err());
        let kept = Carer::kept(1_u8, 2, stopped.terms(), stopped.stopped());
        prop_assert_eq!(kept.stands(at), stopped.stands(at), "as it was kept");
    }
}
