//! Texts: what the traveller reads, in four languages, as data.
//!
//! Lives here: [`Texts`], [`Language`]. Not here: which sentence is shown when (`reason`, `clearance::Sentence`), what is said
//! of a picture of the face (`face::QualityTexts`, read in here).

use std::collections::BTreeMap;

use clearance::Sentence;
use face::active::{Motion, Prompt};
use face::{QualityFault, QualityTexts};

use crate::reason::GateReason;

/// The languages of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// Simplified Chinese.
    ZhHans,
    /// Traditional Chinese.
    ZhHant,
    /// English (`en`).
    En,
    /// Portuguese (`pt`).
    Pt,
}

impl Language {
    /// All four.
    pub const ALL: [Self; 4] = [Self::ZhHans, Self::ZhHant, Self::En, Self::Pt];

    /// The BCP 47 tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::ZhHans => "zh-Hans",
            Self::ZhHant => "zh-Hant",
            Self::En => "en",
            Self::Pt => "pt",
        }
    }
}

/// Why texts are not usable.
#[derive(Debug, thiserror::Error)]
pub enum TextsError {
    /// The file is no TOML of this form.
    #[error("the texts cannot be read")]
    Form(#[source] Box<toml::de::Error>),
    /// A sentence is missing or empty.
    #[error("the sentence {key} is missing in {language}; add it to texts.toml")]
    Missing {
        /// The key of the sentence.
        key: String,
        /// The tag of the language.
        language: &'static str,
    },
    /// A sentence that nothing shows.
    #[error("no reason and no outcome shows the sentence {key}; remove it from texts.toml")]
    Unused {
        /// The key of the sentence.
        key: String,
    },
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(rename = "zh-Hans")]
    zh_hans: String,
    #[serde(rename = "zh-Hant")]
    zh_hant: String,
    en: String,
    pt: String,
}

impl Row {
    fn of(sentence: &face::Sentence) -> Self {
        let face::Sentence { zh_hans, zh_hant, en, pt } = sentence.clone();
        Self { zh_hans, zh_hant, en, pt }
    }

    fn get(&self, language: Language) -> &str {
        match language {
            Language::ZhHans => &self.zh_hans,
            Language::ZhHant => &self.zh_hant,
            Language::En => &self.en,
            Language::Pt => &self.pt,
        }
    }
}

/// What a kiosk's screen says beside the sentences of reasons, outcomes and measures.
const KIOSK: [&str; 29] = [
    "kiosk_reading",
    "kiosk_look_here",
    "kiosk_closed",
    "kiosk_no_camera",
    "kiosk_cancel",
    "kiosk_no_phone",
    "kiosk_trial",
    "kiosk_lay_card",
    "kiosk_next_card",
    "kiosk_card_number",
    "kiosk_card_birth",
    "kiosk_card_go_on",
    "kiosk_card_birth_wrong",
    "kiosk_card_check_digit",
    "kiosk_card_character",
    "kiosk_card_length",
    "kiosk_card_unknown",
    "kiosk_card_clear",
    "kiosk_card_camera",
    "kiosk_card_keys",
    "kiosk_card_hold",
    "kiosk_card_no_reader",
    "kiosk_card_picture_count",
    "kiosk_card_picture_file",
    "kiosk_card_picture_large",
    "kiosk_card_picture_small",
    "kiosk_card_zone_none",
    "kiosk_card_zone_once",
    "kiosk_card_zone_differs",
];

/// Every sentence in every language, checked to be complete.
#[derive(Debug)]
pub struct Texts(BTreeMap<String, Row>);

impl Texts {
    /// The texts of this build.
    ///
    /// # Errors
    /// What is wrong with the data.
    pub fn builtin() -> Result<Self, TextsError> {
        Self::parse(include_str!("../data/texts.toml"))
    }

    /// Reads texts: one table per sentence, one line per language.
    ///
    /// # Errors
    /// The first thing that is missing, empty or used by nothing.
    pub fn parse(toml: &str) -> Result<Self, TextsError> {
        let form = |e| TextsError::Form(Box::new(e));
        let mut rows: BTreeMap<String, Row> = toml::from_str(toml).map_err(form)?;
        let faces = QualityTexts::builtin().map_err(form)?;
        for code in QualityFault::ALL.map(QualityFault::code) {
            rows.extend(faces.of(code).map(|sentence| (code.to_owned(), Row::of(sentence))));
        }
        let wanted = Self::keys();
        for key in &wanted {
            for language in Language::ALL {
                if rows.get(*key).is_none_or(|row| row.get(language).trim().is_empty()) {
                    return Err(TextsError::Missing { key: (*key).to_owned(), language: language.tag() });
                }
            }
        }
        match rows.keys().find(|key| !wanted.contains(&key.as_str())) {
            Some(key) => Err(TextsError::Unused { key: key.clone() }),
            None => Ok(Self(rows)),
        }
    }

    /// Every key that a reason or an outcome shows.
    #[must_use]
    pub fn keys() -> Vec<&'static str> {
        let reasons = GateReason::ALL.iter().map(|r| r.sentence());
        let measures = documents::Measure::ALL.iter().map(|m| measure_key(*m));
        let mut keys: Vec<_> = Sentence::ALL
            .iter()
            .map(|s| s.key())
            .chain(reasons)
            .chain(measures)
            .chain(["welcome"])
            .chain(KIOSK)
            .chain(CHALLENGE)
            .chain(QualityFault::ALL.map(QualityFault::code))
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// The sentence behind a key; `None` for a key that no build knows.
    #[must_use]
    pub fn get(&self, key: &str, language: Language) -> Option<&str> {
        self.0.get(key).map(|row| row.get(language))
    }
}

/// What a challenge asks for, sentence by sentence.
const CHALLENGE: [&str; 4] =
    ["challenge_look_straight", "challenge_turn_left", "challenge_turn_right", "challenge_come_closer"];

/// The key of what a challenge asks for.
#[must_use]
pub const fn challenge_key(prompt: Prompt) -> &'static str {
    match prompt {
        Prompt::LookStraight => "challenge_look_straight",
        Prompt::Move(Motion::TurnLeft) => "challenge_turn_left",
        Prompt::Move(Motion::TurnRight) => "challenge_turn_right",
        Prompt::Move(Motion::ComeCloser) => "challenge_come_closer",
        Prompt::Ended => "please_wait",
    }
}

/// The key of what the traveller is asked to do for a measure.
#[must_use]
pub const fn measure_key(measure: documents::Measure) -> &'static str {
    match measure {
        documents::Measure::Pin => "measure_pin",
        documents::Measure::ActiveLiveness => "measure_active_liveness",
        documents::Measure::SecondLook => "measure_second_look",
        documents::Measure::PhysicalDocument => "measure_physical_document",
        documents::Measure::Guardian => "measure_guardian",
        documents::Measure::Officer => "see_officer",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_stands_in_four_languages() {
        let texts = Texts::builtin().unwrap();
        for key in Texts::keys() {
            for language in Language::ALL {
                let text = texts.get(key, language).unwrap();
                let chinese = text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
                let wants = matches!(language, Language::ZhHans | Language::ZhHant);
                assert_eq!(chinese, wants, "{key} in {}", language.tag());
            }
        }
    }

    #[test]
    fn a_missing_an_empty_and_an_unused_sentence_are_refused() {
        let whole = include_str!("../data/texts.toml");
        let without = whole.replace("[go_through]", "[go_thru]");
        assert!(
            matches!(Texts::parse(&without), Err(TextsError::Missing { key, .. }) if key == "go_through")
        );
        let more = format!("{whole}\n[extra]\nzh-Hans = \"一\"\nzh-Hant = \"一\"\nen = \"a\"\npt = \"a\"\n");
        assert!(matches!(Texts::parse(&more), Err(TextsError::Unused { key }) if key == "extra"));
        let no_language = whole.replacen("pt = ", "fr = ", 1);
        assert!(matches!(Texts::parse(&no_language), Err(TextsError::Form(_))));
    }

    #[test]
    fn no_sentence_says_that_there_are_lists_or_suspicions() {
        let texts = Texts::builtin().unwrap();
        let betraying = [
            "list", "wanted", "police", "suspect", "forged", "名单", "名單", "黑名", "伪", "偽", "lista",
            "suspeit",
        ];
        for key in Texts::keys() {
            for language in Language::ALL {
                let text = texts.get(key, language).unwrap().to_lowercase();
                assert!(!betraying.iter().any(|word| text.contains(word)), "{key} in {}", language.tag());
            }
        }
    }
}
