//! States: which countries' certificates may sign a document whose zone names this issuing state.
//!
//! Lives here: `data/states.csv`, read once. Its states are ISO 3166-1 alpha-3 and the codes of ICAO Doc 9303-3, 5 (`D`, `UNO`, `EUE`,
//! `UTO` of specimens); its countries are alpha-2, as certificates have them. Passports of Hong Kong and Macao say `CHN` in their zone:
//! `CHN` may be signed by `CN`, `HK` and `MO`. A state that does not stand there has no country: its documents are refused.

use std::collections::BTreeMap;
use std::sync::LazyLock;

static STATES: LazyLock<BTreeMap<&str, Vec<&str>>> = LazyLock::new(|| {
    let rows = include_str!("../data/states.csv").lines().skip(1);
    rows.filter_map(|row| row.split_once(','))
        .map(|(state, countries)| (state, countries.split(' ').collect()))
        .collect()
});

/// Whether a certificate of `country` may sign a document of `state` (without fillers).
pub fn is_of(state: &str, country: &str) -> bool {
    STATES.get(state).is_some_and(|countries| countries.contains(&country))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_signed_for_by_its_own_country_alone() {
        for (state, country, expected) in [
            ("D", "DE", true),
            ("CHN", "CN", true),
            ("CHN", "HK", true),
            ("CHN", "TW", false),
            ("PRT", "PT", true),
            ("PRT", "ES", false),
            ("DEU", "DE", false),
            ("", "", false),
        ] {
            assert_eq!(is_of(state, country), expected, "{state} {country}");
        }
        assert!(STATES.len() > 250);
        for (state, countries) in STATES.iter() {
            assert!(
                (1..=3).contains(&state.len()) && state.bytes().all(|b| b.is_ascii_uppercase()),
                "{state}"
            );
            assert!(countries.iter().all(|each| each.len() == 2), "{state}");
        }
    }
}
