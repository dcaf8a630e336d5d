//! Sentences: an answer told to the traveller, in four languages, from data.
//!
//! Lives here: `Sentences`, `Tongue`, the page of one answer. Not here: the answers (`cross`). The sentences for reasons are
//! those of the wallet, word for word; a test holds the two together.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::rules::{NotSentences, Rules};
use crate::{
    Answer, Doubt, LaneAnswer, LocalDate, MainlandCount, Measure, Outcome, Refusal, StayLimit, VehicleAnswer,
    Verdict,
};

/// A language in which an answer is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tongue {
    /// Simplified Chinese.
    ZhHans,
    /// Traditional Chinese.
    ZhHant,
    /// English.
    En,
    /// Portuguese.
    Pt,
}

impl Tongue {
    /// All four, in the order of the data.
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

    /// A day as it is written in this language.
    #[must_use]
    pub fn day(self, day: LocalDate) -> String {
        let (year, month, of_month) = day.ymd();
        const MONTHS: [(&str, &str); 12] = [
            ("January", "Janeiro"),
            ("February", "Fevereiro"),
            ("March", "Março"),
            ("April", "Abril"),
            ("May", "Maio"),
            ("June", "Junho"),
            ("July", "Julho"),
            ("August", "Agosto"),
            ("September", "Setembro"),
            ("October", "Outubro"),
            ("November", "Novembro"),
            ("December", "Dezembro"),
        ];
        let named = usize::try_from(month - 1).ok().and_then(|at| MONTHS.get(at));
        let (english, portuguese) = named.copied().unwrap_or_default();
        match self {
            Self::ZhHans | Self::ZhHant => format!("{year}年{month}月{of_month}日"),
            Self::En => format!("{of_month} {english} {year}"),
            Self::Pt => format!("{of_month} de {portuguese} de {year}"),
        }
    }
}

impl fmt::Display for Tongue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

/// The text names no language of the answers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such language; write zh-Hans, zh-Hant, en or pt")]
pub struct NotATongue;

impl FromStr for Tongue {
    type Err = NotATongue;

    fn from_str(text: &str) -> Result<Self, NotATongue> {
        Self::ALL.into_iter().find(|tongue| tongue.tag() == text).ok_or(NotATongue)
    }
}

/// The sentences in four languages.
pub struct Sentences(BTreeMap<String, [String; 4]>);

impl Sentences {
    /// The sentences that the program carries.
    ///
    /// # Errors
    /// A row without a key or with a text left out, which a test rules out.
    pub fn builtin() -> Result<Self, NotSentences> {
        crate::rules::read_sentences(include_str!("../data/sentences.csv")).map(Self)
    }

    /// The text of a key; `None` where there is none.
    #[must_use]
    pub fn get(&self, key: &str, tongue: Tongue) -> Option<&str> {
        let at = Tongue::ALL.iter().position(|t| *t == tongue)?;
        self.0.get(key)?.get(at).map(String::as_str)
    }

    /// Every key with its texts.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &[String; 4])> {
        self.0.iter().map(|(key, texts)| (key.as_str(), texts))
    }

    /// One answer, told to the traveller: whether, until when, why not, and what to do.
    #[must_use]
    pub fn page(&self, rules: &Rules, answer: &Answer, tongue: Tongue) -> String {
        let teller = Teller { sentences: self, rules, answer, tongue };
        teller.lines().join("\n")
    }
}

struct Teller<'a> {
    sentences: &'a Sentences,
    rules: &'a Rules,
    answer: &'a Answer,
    tongue: Tongue,
}

impl Teller<'_> {
    fn text(&self, key: &str) -> String {
        // A key without a text would be a fault that a test finds; an officer is never wrong.
        self.sentences
            .get(key, self.tongue)
            .or_else(|| self.sentences.get("reason.endorsement_unknown", self.tongue))
            .unwrap_or_default()
            .to_owned()
    }

    fn with(&self, key: &str, field: &str, value: &str) -> String {
        self.text(key).replace(field, value)
    }

    fn list(&self, keys: impl Iterator<Item = String>) -> String {
        let words: Vec<String> = keys.map(|key| self.text(&key)).collect();
        words.join(match self.tongue {
            Tongue::ZhHans | Tongue::ZhHant => "、",
            Tongue::En | Tongue::Pt => ", ",
        })
    }

    fn reason(&self, why: &Refusal) -> String {
        let day = why.day.map(|day| self.tongue.day(day)).unwrap_or_default();
        self.with(&format!("reason.{}", why.reason), "{day}", &day)
    }

    fn heading(&self) -> String {
        let question = &self.answer.question;
        let day = question.at.local_date();
        let side = self.rules.port(&question.port, day).and_then(|port| {
            port.sides.get(&question.direction.from()).or(port.sides.get(&question.direction.to()))
        });
        let port = side.map_or(question.port.as_str(), |side| match self.tongue {
            Tongue::ZhHans => &side.zh_hans,
            Tongue::ZhHant => &side.zh_hant,
            Tongue::En => &side.en,
            Tongue::Pt => &side.pt,
        });
        let place = self.text(&format!("place.{}", question.direction.to()));
        let minute = question.at.local_minute_of_day();
        let when = format!("{} {:02}:{:02}", self.tongue.day(day), minute / 60, minute % 60);
        self.with("heading", "{day}", &when).replace("{port}", port).replace("{place}", &place)
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.heading(), self.outcome()];
        lines.extend(self.lane());
        let sides = [&self.answer.exit, &self.answer.entry].into_iter().flatten();
        for why in sides.filter_map(|side| side.verdict.why()) {
            let told = self.reason(why);
            // Both sides may say the same.
            if !lines.contains(&told) {
                lines.push(told);
            }
        }
        if self.answer.outcome() != Outcome::Shut {
            lines.extend(self.stay());
        }
        if let Some(MainlandCount::NotCovered(why)) = &self.answer.mainland_count {
            let told = self.reason(why);
            if !lines.contains(&told) {
                lines.push(told);
            }
        }
        match &self.answer.vehicle {
            Some(VehicleAnswer::Open { last_day: Some(day), .. }) => {
                lines.push(self.with("vehicle.until", "{day}", &self.tongue.day(*day)));
            }
            Some(VehicleAnswer::Refused(_)) => lines.push(self.text("vehicle.refused")),
            Some(VehicleAnswer::Open { last_day: None, .. } | VehicleAnswer::Homeward) | None => {}
        }
        if let Some(counter) = self.answer.counter().filter(|counter| !counter.bring.is_empty()) {
            let what = self.list(counter.bring.iter().map(|kind| format!("document.{kind}")));
            lines.push(self.with("counter", "{what}", &what));
        }
        lines.extend(self.doubts());
        lines
    }

    fn outcome(&self) -> String {
        let key = format!("outcome.{}", self.answer.outcome().as_str());
        let sides = [&self.answer.exit, &self.answer.entry].into_iter().flatten();
        let mut measures: Vec<Measure> = sides
            .flat_map(|side| match &side.verdict {
                Verdict::Verify { measures, .. } => measures.clone(),
                Verdict::Admit(_) | Verdict::Refer(_) => Vec::new(),
            })
            .collect();
        measures.sort_unstable();
        measures.dedup();
        let what = self.list(measures.iter().map(|measure| format!("measure.{measure}")));
        self.with(&key, "{what}", &what)
    }

    fn lane(&self) -> Option<String> {
        let (key, why, open) = match self.answer.lane {
            LaneAnswer::Open => return None,
            LaneAnswer::Closed { why } => ("lane.closed", why.as_str(), None),
            LaneAnswer::NotOpenToHolder { why, open: Some(open) } => ("lane.other", why.as_str(), Some(open)),
            LaneAnswer::NotOpenToHolder { why, open: None } => ("lane.none", why.as_str(), None),
        };
        let told = self.with(key, "{what}", &self.text(&format!("lane.{why}")));
        let open = open.map(|kind| self.text(&format!("kind.{}", kind.as_str()))).unwrap_or_default();
        Some(told.replace("{lane}", &open))
    }

    /// Of the stay that begins: the endorsement by its name, what is left of it, and the last day.
    fn stay(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let Some(side) = self.answer.entry.as_ref().or(self.answer.exit.as_ref()) else { return lines };
        let Some(grant) = side.verdict.grant() else { return lines };
        let form = grant.endorsement.and_then(|reference| self.rules.form(reference.form));
        if let Some(form) = form {
            lines.push(self.with("endorsement", "{what}", &self.text(&format!("letter.{}", form.letter))));
            let counted = self.answer.exit.as_ref().and_then(|exit| exit.verdict.grant());
            let left = grant.entries_left.or(counted.and_then(|grant| grant.entries_left));
            lines.extend(left.map(|left| self.with("left", "{what}", &left.to_string())));
        }
        match grant.stay {
            StayLimit::Unlimited => {}
            StayLimit::Until(day) => lines.push(self.with("stay.until", "{day}", &self.tongue.day(day))),
            StayLimit::Unknown => lines.push(self.text("stay.unknown")),
        }
        lines
    }

    fn doubts(&self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for doubt in &self.answer.doubts {
            let told = match doubt {
                Doubt::Switch { .. } => self.text("doubt.switch"),
                Doubt::Old { as_of, .. } => self.with("doubt.row", "{day}", &self.tongue.day(*as_of)),
            };
            if !lines.contains(&told) {
                lines.push(told);
            }
        }
        lines
    }
}
