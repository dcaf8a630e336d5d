//! Schema: every signal that a rule may look at: its type, unit, source, how long it is kept and on which legal ground.
//!
//! Lives here: [`Schema`], [`Signal`], [`Type`], read from `data/signals.toml` or an operator's file of the same form. Not here: a
//! crossing's values (`facts`), what no signal may be ([`Protected`]).

mod protected;

use std::collections::BTreeMap;

use credential::sha256;
use serde::Deserialize;
use toml::Spanned;

use crate::fault::{FaultKind, Faults, Lines};

pub use protected::Protected;

/// The built-in schema's file name.
pub const SIGNALS_FILE: &str = "signals.toml";
/// The built-in schema's text.
pub const SIGNALS_TEXT: &str = include_str!("../../data/signals.toml");

/// Most signals of a schema.
pub const MAX_SIGNALS: usize = 128;
/// Longest name of a signal or choice, in bytes.
pub const MAX_NAME: usize = 40;
/// Longest schema, in bytes.
const MAX_TEXT: usize = 128 * 1024;
/// The ground of signals that choose a measure and never raise a doubt.
const MEASURE_GROUND: &str = "measure";

/// Whom or what a signal is about, and so with whose state it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// The person.
    Person,
    /// The device that shows the pass.
    Device,
    /// This one code and its proof.
    Code,
    /// The document.
    Document,
    /// The lane, its machine and its staff: never the traveller.
    Lane,
    /// A venue's desk.
    Venue,
}

impl About {
    /// The word in files and pages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Device => "device",
            Self::Code => "code",
            Self::Document => "document",
            Self::Lane => "lane",
            Self::Venue => "venue",
        }
    }
}

/// What values a signal has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// A whole number in one unit.
    Integer {
        /// The unit.
        unit: String,
        /// Least value.
        min: i64,
        /// Greatest value.
        max: i64,
        /// Ascending edges: band `n` holds the values below edge `n` and not below the edge before.
        bands: Vec<i64>,
    },
    /// True or false.
    Flag,
    /// One of a few words.
    Choice(Vec<String>),
}

/// One value: an integer, 0 or 1 for a flag, the place of a word among the choices.
pub(crate) type Raw = i64;

/// The place of a signal in its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignalId(pub(crate) usize);

/// One signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// Its name in rules.
    pub name: String,
    /// Whom or what it is about.
    pub about: About,
    /// Its type.
    pub kind: Type,
    /// What a unit case has where it names no value.
    pub(crate) usual: Raw,
    /// What counts where nothing was measured; `None` leaves rules that read it undecided.
    pub(crate) absent: Option<Raw>,
    /// Where the value comes from.
    pub source: String,
    /// What it is made from: checked against the protected attributes as the name is.
    pub inputs: Vec<String>,
    /// How many days it is kept.
    pub kept_days: u16,
    /// The key of its legal ground.
    pub ground: String,
    /// One sentence.
    pub says: String,
    /// Its line in the file.
    pub line: usize,
}

impl Signal {
    /// Whether a rule may raise a doubt by it. The others only choose the measure.
    #[must_use]
    pub fn raises_doubt(&self) -> bool {
        self.ground != MEASURE_GROUND
    }

    /// Whether `raw` is a value of this signal.
    pub(crate) fn holds(&self, raw: Raw) -> bool {
        match &self.kind {
            Type::Integer { min, max, .. } => (*min..=*max).contains(&raw),
            Type::Flag => (0..=1).contains(&raw),
            Type::Choice(words) => usize::try_from(raw).is_ok_and(|at| at < words.len()),
        }
    }

    /// The band of a value, from 0: all that a reason record tells of it.
    pub(crate) fn band(&self, raw: Raw) -> u8 {
        let band = match &self.kind {
            Type::Integer { bands, .. } => bands.iter().filter(|edge| raw >= **edge).count(),
            Type::Flag | Type::Choice(_) => usize::try_from(raw).unwrap_or(0),
        };
        u8::try_from(band).unwrap_or(u8::MAX)
    }

    /// A band in words: `20..60 minutes`, `yes`, `print`.
    #[must_use]
    pub fn band_in_words(&self, band: u8) -> String {
        let at = usize::from(band);
        match &self.kind {
            Type::Integer { unit, bands, .. } => {
                let low = at.checked_sub(1).and_then(|below| bands.get(below));
                match (low, bands.get(at)) {
                    (None, Some(high)) => format!("below {high} {unit}"),
                    (Some(low), Some(high)) => format!("{low} to below {high} {unit}"),
                    (Some(low), None) => format!("{low} {unit} or more"),
                    (None, None) => format!("any number of {unit}"),
                }
            }
            Type::Flag => if band == 0 { "no" } else { "yes" }.to_owned(),
            Type::Choice(words) => words.get(at).cloned().unwrap_or_default(),
        }
    }
}

/// Every signal of an authority, checked.
#[derive(Debug, Clone)]
pub struct Schema {
    signals: Vec<Signal>,
    by_name: BTreeMap<String, usize>,
    grounds: BTreeMap<String, String>,
    protected: Protected,
    hash: [u8; 32],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    grounds: BTreeMap<String, String>,
    signal: Vec<Spanned<Row>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    of: About,
    #[serde(rename = "type")]
    kind: Kind,
    unit: Option<String>,
    min: Option<i64>,
    max: Option<i64>,
    #[serde(default)]
    bands: Vec<i64>,
    #[serde(default)]
    choices: Vec<String>,
    usual: toml::Value,
    absent: Option<toml::Value>,
    source: String,
    inputs: Vec<String>,
    kept_days: u16,
    ground: String,
    says: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Integer,
    Flag,
    Choice,
}

impl Schema {
    /// The built-in schema.
    ///
    /// # Errors
    /// [`Faults`] if the built-in file is broken, which a test rules out.
    pub fn builtin() -> Result<Self, Faults> {
        Self::read(SIGNALS_FILE, SIGNALS_TEXT)
    }

    /// Reads a schema; `file` is the name that faults carry.
    ///
    /// # Errors
    /// [`Faults`]: everything that is wrong with it.
    pub fn read(file: &str, text: &str) -> Result<Self, Faults> {
        let lines = Lines::new(file, text);
        if text.len() > MAX_TEXT {
            return Err(lines.fault(0, FaultKind::TooLong { what: "the schema", most: MAX_TEXT }).into());
        }
        let protected = Protected::builtin()?;
        let read: File = toml::from_str(text).map_err(|error| lines.toml(&error))?;
        let mut schema = Self {
            signals: Vec::new(),
            by_name: BTreeMap::new(),
            grounds: read.grounds,
            protected,
            hash: sha256(text.as_bytes()),
        };
        let mut faults = Vec::new();
        for row in read.signal {
            let at = row.span().start;
            let wrong = schema.take(row.into_inner(), lines.line(at));
            faults.extend(wrong.into_iter().map(|kind| lines.fault(at, kind)));
        }
        if schema.signals.len() > MAX_SIGNALS {
            faults
                .push(lines.fault(0, FaultKind::TooLong { what: "the list of signals", most: MAX_SIGNALS }));
        }
        if faults.is_empty() { Ok(schema) } else { Err(Faults(faults)) }
    }

    fn take(&mut self, row: Row, line: usize) -> Vec<FaultKind> {
        let mut faults = self.protected_names(&row);
        let mut wrong = |field, what: &str| faults.push(FaultKind::Row { field, what: what.to_owned() });
        if !is_name(&row.name) {
            wrong("name", "write 1 to 40 of a-z, 0-9 and _, a letter first");
        }
        if !self.grounds.contains_key(&row.ground) {
            wrong("ground", "write a key of [grounds]");
        }
        for (field, text) in [("source", &row.source), ("says", &row.says)] {
            if text.trim().is_empty() || text.len() > 400 {
                wrong(field, "write one sentence of at most 400 bytes");
            }
        }
        if row.inputs.is_empty() {
            wrong("inputs", "name what the value is made from");
        }
        if row.kept_days == 0 || row.kept_days > 400 {
            wrong("kept_days", "write 1 to 400 days");
        }
        let kind = match kind_of(&row) {
            Ok(kind) => kind,
            Err((field, what)) => {
                wrong(field, what);
                return faults;
            }
        };
        let usual = raw_of(&kind, &row.usual);
        let absent = row.absent.as_ref().map(|value| raw_of(&kind, value));
        if usual.is_none() {
            wrong("usual", "write a value of this signal");
        }
        if absent == Some(None) {
            wrong("absent", "write a value of this signal");
        }
        if self.by_name.contains_key(&row.name) {
            faults.push(FaultKind::Twice { name: row.name });
            return faults;
        }
        self.by_name.insert(row.name.clone(), self.signals.len());
        self.signals.push(Signal {
            name: row.name,
            about: row.of,
            kind,
            usual: usual.unwrap_or(0),
            absent: absent.flatten(),
            source: row.source,
            inputs: row.inputs,
            kept_days: row.kept_days,
            ground: row.ground,
            says: row.says,
            line,
        });
        faults
    }

    fn protected_names(&self, row: &Row) -> Vec<FaultKind> {
        let names = std::iter::once(&row.name).chain(&row.inputs).chain(&row.choices);
        let found = names.filter_map(|name| {
            let attribute = self.protected.attribute_of(name)?.to_owned();
            Some(FaultKind::Protected { name: crate::fault::one_line(name), attribute })
        });
        found.collect()
    }

    /// The signals, in the file's order.
    #[must_use]
    pub fn signals(&self) -> &[Signal] {
        &self.signals
    }

    /// The signal with this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<SignalId> {
        self.by_name.get(name).copied().map(SignalId)
    }

    /// A signal by its place; `None` for the place of another schema.
    #[must_use]
    pub fn signal(&self, id: SignalId) -> Option<&Signal> {
        self.signals.get(id.0)
    }

    /// The legal ground under a key.
    #[must_use]
    pub fn ground(&self, key: &str) -> Option<&str> {
        self.grounds.get(key).map(String::as_str)
    }

    /// The attribute that a name is or stands in for.
    #[must_use]
    pub fn protected(&self, name: &str) -> Option<&str> {
        self.protected.attribute_of(name)
    }

    /// SHA-256 of the file: rules are signed for one schema.
    #[must_use]
    pub const fn hash(&self) -> &[u8; 32] {
        &self.hash
    }
}

/// Whether a text is a name of a signal, choice or rule.
pub(crate) fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    (1..=MAX_NAME).contains(&bytes.len())
        && bytes.first().is_some_and(u8::is_ascii_lowercase)
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'_')
}

fn kind_of(row: &Row) -> Result<Type, (&'static str, &'static str)> {
    let none_of_an_integer =
        row.unit.is_none() && row.min.is_none() && row.max.is_none() && row.bands.is_empty();
    match row.kind {
        Kind::Integer => {
            let (Some(unit), Some(min), Some(max)) = (row.unit.clone(), row.min, row.max) else {
                return Err(("type", "an integer has unit, min and max"));
            };
            // Sums and products of a few signals stay far inside 64 bits.
            if min >= max || min < -1_000_000_000 || max > 1_000_000_000 {
                return Err(("max", "min lies below max, both within a thousand million"));
            }
            let ascends = row.bands.iter().zip(row.bands.iter().skip(1)).all(|(a, b)| a < b);
            let inside = row.bands.iter().all(|edge| *edge > min && *edge <= max);
            if row.bands.is_empty() || row.bands.len() > 8 || !ascends || !inside {
                return Err(("bands", "write 1 to 8 ascending edges above min, none above max"));
            }
            if unit.trim().is_empty() || !row.choices.is_empty() {
                return Err(("unit", "an integer has a unit and no choices"));
            }
            Ok(Type::Integer { unit, min, max, bands: row.bands.clone() })
        }
        Kind::Flag if none_of_an_integer && row.choices.is_empty() => Ok(Type::Flag),
        Kind::Flag => Err(("type", "a flag has neither unit, range, bands nor choices")),
        Kind::Choice => {
            let apart = row
                .choices
                .iter()
                .enumerate()
                .all(|(at, word)| !row.choices.iter().skip(at + 1).any(|w| w == word));
            let named =
                row.choices.iter().all(|word| word.len() <= MAX_NAME && word.bytes().all(is_choice_byte));
            if !none_of_an_integer || !(2..=8).contains(&row.choices.len()) || !apart || !named {
                return Err(("choices", "write 2 to 8 different words of a-z, 0-9 and _"));
            }
            Ok(Type::Choice(row.choices.clone()))
        }
    }
}

const fn is_choice_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'
}

/// A value in a file as a value of this type.
pub(crate) fn raw_of(kind: &Type, value: &toml::Value) -> Option<Raw> {
    match kind {
        Type::Integer { min, max, .. } => value.as_integer().filter(|n| (*min..=*max).contains(n)),
        Type::Flag => value.as_bool().map(Raw::from),
        Type::Choice(words) => {
            let word = value.as_str()?;
            words.iter().position(|each| each == word).and_then(|at| Raw::try_from(at).ok())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_schema_is_sound_and_complete() {
        let schema = Schema::builtin().unwrap();
        assert!(schema.signals().len() >= 50, "{}", schema.signals().len());
        for signal in schema.signals() {
            assert!(schema.ground(&signal.ground).is_some(), "{}", signal.name);
            assert!(signal.holds(signal.usual), "{}", signal.name);
        }
        assert!(schema.find("journey_short_minutes").is_some() && schema.find("nobody").is_none());
    }

    fn row(name: &str, rest: &str) -> String {
        format!(
            "[grounds]\ng = \"a law\"\n\n[[signal]]\nname = \"{name}\"\nof = \"person\"\n{rest}\nsource = \"s\"\nkept_days = 30\nground = \"g\"\nsays = \"s\"\n"
        )
    }

    #[test]
    fn a_protected_signal_is_refused_by_name_by_input_and_by_choice() {
        let flag = "type = \"flag\"\nusual = false\ninputs = [\"a\"]";
        for name in ["ethnicity", "birthPlace", "s3x", "phone_brand", "native_language", "emotion"] {
            let faults = Schema::read("own.toml", &row(name, flag)).unwrap_err();
            let protected = faults.0.iter().find(|fault| fault.code() == "risk_protected").unwrap();
            assert_eq!((protected.file.as_str(), protected.line), ("own.toml", 4), "{name}");
        }
        for rest in [
            "type = \"flag\"\nusual = false\ninputs = [\"the holder's birth place\"]",
            "type = \"choice\"\nchoices = [\"male\", \"female\"]\nusual = \"male\"\ninputs = [\"a\"]",
        ] {
            let faults = Schema::read("own.toml", &row("harmless", rest)).unwrap_err();
            assert!(faults.0.iter().any(|fault| fault.code() == "risk_protected"), "{rest}: {faults}");
        }
    }

    #[test]
    fn a_row_is_refused_for_what_is_wrong_with_it() {
        let inputs = "inputs = [\"a\"]";
        for (name, rest, expected) in [
            ("Bad", format!("type = \"flag\"\nusual = false\n{inputs}"), "name:"),
            ("a", format!("type = \"flag\"\nusual = 1\n{inputs}"), "usual:"),
            ("a", "type = \"flag\"\nusual = true\ninputs = []".to_owned(), "inputs:"),
            ("a", format!("type = \"flag\"\nunit = \"m\"\nusual = true\n{inputs}"), "type:"),
            ("a", format!("type = \"integer\"\nusual = 1\n{inputs}"), "type:"),
            (
                "a",
                format!(
                    "type = \"integer\"\nunit = \"m\"\nmin = 0\nmax = 9\nbands = [5, 5]\nusual = 1\n{inputs}"
                ),
                "bands:",
            ),
            (
                "a",
                format!(
                    "type = \"integer\"\nunit = \"m\"\nmin = 0\nmax = 9\nbands = [5]\nusual = 10\n{inputs}"
                ),
                "usual:",
            ),
            (
                "a",
                format!(
                    "type = \"integer\"\nunit = \"m\"\nmin = 0\nmax = 9000000000\nbands = [5]\nusual = 1\n{inputs}"
                ),
                "max:",
            ),
            (
                "a",
                format!("type = \"choice\"\nchoices = [\"x\", \"x\"]\nusual = \"x\"\n{inputs}"),
                "choices:",
            ),
            (
                "a",
                format!(
                    "type = \"choice\"\nchoices = [\"x\", \"y\"]\nusual = \"x\"\nabsent = \"z\"\n{inputs}"
                ),
                "absent:",
            ),
            ("a", format!("type = \"float\"\nusual = 1\n{inputs}"), "the file cannot be read"),
        ] {
            let faults = Schema::read("own.toml", &row(name, &rest)).unwrap_err();
            assert!(
                faults.0.iter().any(|fault| fault.kind.to_string().starts_with(expected)),
                "{rest}: {faults}"
            );
        }
    }

    #[test]
    fn a_band_tells_no_more_than_its_edges() {
        let schema = Schema::builtin().unwrap();
        let signal = schema.signal(schema.find("turn_around_minutes").unwrap()).unwrap();
        for (value, band, words) in [
            (0, 0, "below 15 minutes"),
            (15, 1, "15 to below 60 minutes"),
            (59, 1, "15 to below 60 minutes"),
            (10080, 2, "60 minutes or more"),
        ] {
            assert_eq!(signal.band(value), band);
            assert_eq!(signal.band_in_words(band), words);
        }
    }
}
