//! Scenario: which frauds are injected, how often and how, read from a file. A kind is made of a few primitives: whose face, which artefact,
//! which device, which way of the code, when and where, what the holder does meanwhile.
//!
//! Lives here: [`Scenario`], [`Kind`] and its primitives. Not here: what they do in the world (`cases`, `showing`). None of it reaches the engine.

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::Spanned;

use crate::fault::{DataFault, Source};

/// The file name of the built-in scenario.
pub const FILE: &str = "scenario.toml";
/// The text of the built-in scenario.
pub const TEXT: &str = include_str!("../data/scenario.toml");

/// Most kinds of one file.
const MOST_KINDS: usize = 64;
/// A year.
const MOST_DAYS: i64 = 366;

/// All frauds that are injected.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// The kinds.
    pub kinds: Vec<Kind>,
    /// The artefacts that they use.
    pub artefacts: Vec<Artefact>,
}

/// Something other than a face before the camera.
#[derive(Debug, Clone)]
pub struct Artefact {
    /// Its name.
    pub name: String,
    /// What the lane's hint calls it, where it suspects it: a choice of the signal `attack_hint`.
    pub hint: String,
    /// The share that the hint does not suspect, in millionths.
    pub not_suspicious: u32,
}

/// Whose face stands before the camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// The holder's, or a picture of it.
    Holder,
    /// Anybody's.
    Stranger,
    /// The most alike of so many strangers.
    LookAlike {
        /// Of how many.
        among: u32,
    },
    /// A twin, a brother or a sister.
    Twin,
}

/// Which device shows the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shows {
    /// The holder's own.
    Holders,
    /// A copy of it: same keys, and the counter as it was when it was copied.
    Copy,
    /// A new one, enrolled for the fraud beside the holder's own.
    New,
    /// One for all holders of the case.
    Shared,
}

/// When and where the crossings of a case are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Begins {
    /// At any hour, by any port of the holder's way, out and back in turn.
    AtWill,
    /// At another port, a part of the least journey after the holder's own crossing.
    AfterHolder,
    /// All holders of the case one after the other at one port.
    InStep,
    /// On the holder's own journeys.
    OwnJourneys,
}

/// What the holder does meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HolderDoes {
    /// Crosses as ever.
    GoesOn,
    /// Does not cross.
    Stays,
    /// Is the one who crosses.
    Travels,
}

/// A figure that the kind must reach, in millionths.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bars {
    /// Recall by case.
    pub recall: Option<u32>,
    /// The lower end of its interval.
    pub lower: Option<u32>,
    /// The share found at the first crossing.
    pub before_second: Option<u32>,
}

/// One kind of fraud. Shares are in millionths.
#[derive(Debug, Clone)]
pub struct Kind {
    /// Its name.
    pub name: String,
    /// One sentence.
    pub says: String,
    /// How many cases.
    pub cases: u32,
    /// Between which days the first crossing lies, from 0.
    pub first_day: (i64, i64),
    /// Passes of a case.
    pub holders: (i64, i64),
    /// Habits of the holders; any where there are none.
    pub habits: Vec<String>,
    /// Crossings of each holder's pass.
    pub uses: (i64, i64),
    /// Minutes between them.
    pub every_minutes: (i64, i64),
    /// When and where.
    pub begins: Begins,
    /// Thousandths of the least journey, for [`Begins::AfterHolder`].
    pub journey_share: (i64, i64),
    /// Minutes between two holders, for [`Begins::InStep`].
    pub in_step_minutes: (i64, i64),
    /// What the holder does.
    pub holder: HolderDoes,
    /// Whose face, and the share of each.
    pub faces: Vec<(Face, u32)>,
    /// Which artefact, by its place in the scenario, and the share of each; none where it is empty.
    pub artefacts: Vec<(usize, u32)>,
    /// Which device.
    pub shows: Shows,
    /// Seconds that the code takes longer to the reader.
    pub code_lag: (i64, i64),
    /// Hours from the copying of a device, or the enrolment of another, to its first use.
    pub ready_hours: (i64, i64),
    /// The share of codes that were shown before.
    pub code_shown_before: u32,
    /// The share that knows the wallet's PIN.
    pub knows_pin: u32,
    /// The share that carries the holder's document.
    pub has_document: u32,
    /// Hours after the first day's beginning at which the loss is reported.
    pub reported_after_hours: Option<(i64, i64)>,
    /// The share on an authority's list.
    pub listed: u32,
    /// A person in office overrides what the lane says.
    pub insider: bool,
    /// What it must reach.
    pub bars: Bars,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Spanned<String>,
    #[serde(default)]
    artefact: Vec<Spanned<ArtefactRow>>,
    fraud: Vec<Spanned<Row>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ArtefactRow {
    name: String,
    hint: Spanned<String>,
    not_suspicious: Spanned<f64>,
    #[expect(dead_code, reason = "demanded of the file, for its readers")]
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaceRow {
    of: Spanned<String>,
    among: Option<u32>,
    share: Spanned<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ArtefactShare {
    is: Spanned<String>,
    share: Spanned<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    kind: Spanned<String>,
    says: String,
    cases: u32,
    first_day: Spanned<[i64; 2]>,
    holders: Spanned<[i64; 2]>,
    #[serde(default)]
    habits: Vec<String>,
    uses: Spanned<[i64; 2]>,
    every_minutes: Spanned<[i64; 2]>,
    begins: Begins,
    journey_share: Option<[Spanned<f64>; 2]>,
    in_step_minutes: Option<Spanned<[i64; 2]>>,
    holder: HolderDoes,
    face: Vec<FaceRow>,
    #[serde(default)]
    artefact: Vec<ArtefactShare>,
    device: Shows,
    code_lag_seconds: Option<Spanned<[i64; 2]>>,
    ready_hours_before: Option<Spanned<[i64; 2]>>,
    code_shown_before: Option<Spanned<f64>>,
    knows_pin: Spanned<f64>,
    has_document: Spanned<f64>,
    reported_after_hours: Option<Spanned<[i64; 2]>>,
    listed: Option<Spanned<f64>>,
    #[serde(default)]
    insider: bool,
    recall_at_least: Option<Spanned<f64>>,
    lower_at_least: Option<Spanned<f64>>,
    before_second_at_least: Option<Spanned<f64>>,
}

impl Scenario {
    /// The built-in scenario.
    ///
    /// # Errors
    /// [`DataFault`] if the built-in file is broken, which a test rules out.
    pub fn builtin() -> Result<Self, DataFault> {
        Self::read(FILE, TEXT)
    }

    /// Reads a scenario; `file` is the name that a fault carries.
    ///
    /// # Errors
    /// [`DataFault`] for the first thing that is wrong, with its line.
    pub fn read(file: &str, text: &str) -> Result<Self, DataFault> {
        let source = Source::new(file, text);
        let read: File = source.read()?;
        let artefacts: Vec<Artefact> =
            read.artefact.iter().map(|row| artefact(source, row.get_ref())).collect::<Result<_, _>>()?;
        if read.fraud.len() > MOST_KINDS {
            return Err(source.fault(read.name.span().start, "a scenario has at most 64 kinds"));
        }
        let mut seen = BTreeSet::new();
        let mut kinds = Vec::with_capacity(read.fraud.len());
        for row in &read.fraud {
            let kind = kind(source, row, &artefacts)?;
            if !seen.insert(kind.name.clone()) {
                let what = format!("{} stands twice; choose another name", kind.name);
                return Err(source.fault(row.get_ref().kind.span().start, what));
            }
            kinds.push(kind);
        }
        Ok(Self { name: read.name.into_inner(), kinds, artefacts })
    }
}

fn artefact(source: Source<'_>, row: &ArtefactRow) -> Result<Artefact, DataFault> {
    if !["print", "screen", "mask"].contains(&row.hint.get_ref().as_str()) {
        return Err(source.fault(row.hint.span().start, "write print, screen or mask"));
    }
    let not_suspicious = source.share(&row.not_suspicious)?;
    Ok(Artefact { name: row.name.clone(), hint: row.hint.get_ref().clone(), not_suspicious })
}

fn face(source: Source<'_>, row: &FaceRow) -> Result<(Face, u32), DataFault> {
    let at = row.of.span().start;
    let face = match (row.of.get_ref().as_str(), row.among) {
        ("holder", None) => Face::Holder,
        ("stranger", None) => Face::Stranger,
        ("twin", None) => Face::Twin,
        ("look_alike", Some(among @ 1..=2000)) => Face::LookAlike { among },
        ("look_alike", _) => return Err(source.fault(at, "write among = 1 to 2000 beside look_alike")),
        _ => return Err(source.fault(at, "write holder, stranger, look_alike (with among) or twin")),
    };
    Ok((face, source.share(&row.share)?))
}

fn kind(source: Source<'_>, row: &Spanned<Row>, artefacts: &[Artefact]) -> Result<Kind, DataFault> {
    let at = row.span().start;
    let row = row.get_ref();
    let name = row.kind.get_ref();
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if name.is_empty() || name.len() > 40 || !name.bytes().all(fits) {
        return Err(source.fault(row.kind.span().start, "a kind's name is 1 to 40 of a-z, 0-9 and _"));
    }
    let share = |value: &Option<Spanned<f64>>| value.as_ref().map(|value| source.share(value)).transpose();
    let span = |value: &Option<Spanned<[i64; 2]>>| value.as_ref().map(|value| source.span(value)).transpose();
    let within = |value: &Spanned<[i64; 2]>, least: i64, most: i64| {
        let (low, high) = source.span(value)?;
        let what = format!("write two numbers from {least} to {most}");
        if low < least || high > most { Err(source.fault(value.span().start, what)) } else { Ok((low, high)) }
    };
    let faces: Vec<(Face, u32)> = row.face.iter().map(|row| face(source, row)).collect::<Result<_, _>>()?;
    if faces.iter().all(|(_, share)| *share == 0) {
        return Err(source.fault(at, "face: at least one share is above 0"));
    }
    let find = |row: &ArtefactShare| {
        let place = artefacts.iter().position(|each| &each.name == row.is.get_ref());
        let place =
            place.ok_or_else(|| source.fault(row.is.span().start, "no [[artefact]] has this name"))?;
        Ok((place, source.share(&row.share)?))
    };
    let journey_share = match &row.journey_share {
        Some([low, high]) => (i64::from(source.share(low)? / 1000), i64::from(source.share(high)? / 1000)),
        None if row.begins == Begins::AfterHolder => {
            return Err(source.fault(at, "after_holder needs journey_share, two shares of the least journey"));
        }
        None => (0, 0),
    };
    if row.begins == Begins::InStep && row.in_step_minutes.is_none() {
        return Err(source.fault(at, "in_step needs in_step_minutes, the minutes between two holders"));
    }
    if (row.device == Shows::Shared || row.insider) && row.begins != Begins::InStep {
        return Err(source.fault(at, "a shared device and an insider need begins = \"in_step\""));
    }
    Ok(Kind {
        name: name.clone(),
        says: row.says.clone(),
        cases: row.cases,
        first_day: within(&row.first_day, 0, MOST_DAYS)?,
        holders: within(&row.holders, 1, 64)?,
        habits: row.habits.clone(),
        uses: within(&row.uses, 1, 200)?,
        every_minutes: within(&row.every_minutes, 0, MOST_DAYS * 1440)?,
        begins: row.begins,
        journey_share,
        in_step_minutes: span(&row.in_step_minutes)?.unwrap_or((0, 0)),
        holder: row.holder,
        faces,
        artefacts: row.artefact.iter().map(find).collect::<Result<_, _>>()?,
        shows: row.device,
        code_lag: span(&row.code_lag_seconds)?.unwrap_or((0, 0)),
        ready_hours: span(&row.ready_hours_before)?.unwrap_or((6, 240)),
        code_shown_before: share(&row.code_shown_before)?.unwrap_or(0),
        knows_pin: source.share(&row.knows_pin)?,
        has_document: source.share(&row.has_document)?,
        reported_after_hours: span(&row.reported_after_hours)?,
        listed: share(&row.listed)?.unwrap_or(0),
        insider: row.insider,
        bars: Bars {
            recall: share(&row.recall_at_least)?,
            lower: share(&row.lower_at_least)?,
            before_second: share(&row.before_second_at_least)?,
        },
    })
}
