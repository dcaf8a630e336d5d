//! Protected: attributes that no signal may be, nor be made from, under any spelling that people use for them.
//!
//! Lives here: [`Protected`], read from `data/protected.toml`. Not here: what a signal is (`schema`). The list is built in: no
//! operator's file replaces it.

use serde::Deserialize;

use crate::fault::{Fault, Lines};

const FILE: &str = "protected.toml";
const TEXT: &str = include_str!("../../data/protected.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    protected: Vec<Row>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    attribute: String,
    words: Vec<String>,
    parts: Vec<String>,
    #[serde(default)]
    whole: Vec<String>,
}

/// The list of protected attributes.
#[derive(Debug, Clone)]
pub struct Protected(Vec<Row>);

impl Protected {
    /// The built-in list.
    ///
    /// # Errors
    /// [`Fault`] if the built-in file is broken, which a test rules out.
    pub fn builtin() -> Result<Self, Fault> {
        toml::from_str::<File>(TEXT)
            .map(|file| Self(file.protected))
            .map_err(|error| Lines::new(FILE, TEXT).toml(&error))
    }

    /// The names of the attributes.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|row| row.attribute.as_str())
    }

    /// The attribute that `name` is or stands in for; `None` where it is free.
    #[must_use]
    pub fn attribute_of(&self, name: &str) -> Option<&str> {
        let spellings = [Spelling::of(name, false), Spelling::of(name, true)];
        let found = self.0.iter().find(|row| spellings.iter().any(|spelling| spelling.matches(row)));
        found.map(|row| row.attribute.as_str())
    }
}

/// A name cut into words, and without any cut.
struct Spelling {
    words: Vec<String>,
    joined: String,
}

impl Spelling {
    fn of(name: &str, fold: bool) -> Self {
        let mut words = vec![String::new()];
        let mut after_small = false;
        for c in name.chars() {
            let c = if fold { letter_for(c) } else { c };
            if !c.is_alphanumeric() {
                words.push(String::new());
                after_small = false;
                continue;
            }
            // `birthPlace`: a capital after a small letter begins a word.
            if c.is_uppercase() && after_small {
                words.push(String::new());
            }
            after_small = c.is_lowercase();
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
        }
        words.retain(|word| !word.is_empty());
        Self { joined: words.concat(), words }
    }

    fn matches(&self, row: &Row) -> bool {
        // `sexes`, `genders`: a plural is the same word; so is a name that is one word in all, however it is cut: `s_e_x`.
        let is_word = |word: &String| {
            row.words
                .iter()
                .any(|p| word == p || word.strip_suffix('s') == Some(p) || word.strip_suffix("es") == Some(p))
        };
        self.words.iter().any(is_word)
            || is_word(&self.joined)
            || row.whole.contains(&self.joined)
            || row.parts.iter().any(|part| self.joined.contains(part.as_str()))
    }
}

/// Digits and signs that stand for letters: `s3x`, `r4ce`.
const fn letter_for(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protected_attribute_is_known_in_every_spelling() {
        let list = Protected::builtin().unwrap();
        for (attribute, names) in [
            (
                "ethnicity",
                &[
                    "ethnicity",
                    "Ethnic_Group",
                    "ethnicGroup",
                    "is-minority",
                    "race",
                    "RACE",
                    "r4ce",
                    "3thnicity",
                    "family_name_class",
                    "民族",
                ][..],
            ),
            ("religion", &["religion", "holderReligion", "faith", "halal_meal", "宗教"]),
            (
                "birth place",
                &[
                    "birth_place",
                    "birthPlace",
                    "BIRTH-PLACE",
                    "birth place",
                    "b1rth_pl4ce",
                    "place_of_birth",
                    "hukou",
                    "hometown",
                ],
            ),
            (
                "sex",
                &[
                    "sex",
                    "sexes",
                    "s_e_x",
                    "s3x",
                    "gender_code",
                    "holder_sex",
                    "holderSex",
                    "is_female",
                    "性别",
                ],
            ),
            (
                "home address",
                &["home_address", "postcode", "zip", "homeAddressDistrict", "district_of_residence"],
            ),
            (
                "native language",
                &["native_language", "ui_language", "accent", "dialect_score", "mother-tongue"],
            ),
            ("skin tone", &["skin_tone", "skinColor", "complexion", "fitzpatrick_type"]),
            (
                "phone brand",
                &["phone_brand", "brand", "device_model", "iphone", "userAgent", "phone_price_band"],
            ),
            ("emotion", &["emotion", "nervousness", "micro_expression", "mood", "voice_stress", "3motion"]),
            ("exact age", &["age", "age_years", "date_of_birth", "dob", "birthdate"]),
        ] {
            for name in names {
                assert_eq!(list.attribute_of(name), Some(attribute), "{name}");
            }
        }
    }

    #[test]
    fn a_lawful_name_that_sounds_alike_is_free() {
        let list = Protected::builtin().unwrap();
        for name in [
            "trace_length",
            "terrace",
            "face_margin",
            "age_class",
            "photo_age_days",
            "code_age_seconds",
            "manual_lane",
            "humane",
            "essex_gate",
            "interface",
            "passage",
            "usage",
            "message_age_seconds",
            "brandish",
            "handset_key",
        ] {
            assert_eq!(list.attribute_of(name), None, "{name}");
        }
    }
}
