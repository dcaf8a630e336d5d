//! Showing: what a lane's camera and reader get of one crossing, honest or not.
//!
//! Lives here: [`Shown`], [`Trick`], [`show`]. This is the wall: a [`Shown`] holds what can be measured and no word of what was done. Not here:
//! what an authority makes of it (`sight`).

use crate::chance::Chance;
use crate::habits::Life;
use crate::population::{Device, Person};
use crate::scenario::{Artefact, Face, Kind, Shows};
use crate::tables::Tables;

/// What can be measured of one crossing.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub face_margin: i64,
    pub quality: i64,
    pub liveness: i64,
    pub hint: String,
    pub code_age: i64,
    pub clock_off: i64,
    pub repeats: i64,
    pub since_same: i64,
    pub elsewhere: bool,
    /// The counter of the device's keys.
    pub counter: u32,
    /// The document is carried.
    pub document: bool,
    /// Codes that were refused before this one, within the minute.
    pub refused_before: u32,
}

/// What somebody does that is not what it seems.
#[derive(Debug, Clone)]
pub(crate) struct Trick<'a> {
    pub face: Face,
    pub artefact: Option<&'a Artefact>,
    pub lag: i64,
    pub shown_before: bool,
    pub knows_pin: bool,
    pub has_document: bool,
    pub copy: bool,
}

impl<'a> Trick<'a> {
    /// Draws what is done at one crossing of a kind.
    pub fn draw(kind: &Kind, artefacts: &'a [Artefact], case: u64, chance: &mut Chance) -> Self {
        // One case has one impostor and one artefact.
        let mut of_case = Chance::new(case, 0, 0, 0);
        let face = kind
            .faces
            .get(of_case.weighted(kind.faces.iter().map(|face| face.1)))
            .map_or(Face::Holder, |face| face.0);
        let artefact = kind.artefacts.get(of_case.weighted(kind.artefacts.iter().map(|each| each.1)));
        Self {
            face,
            artefact: artefact.and_then(|(at, _)| artefacts.get(*at)),
            knows_pin: of_case.happens(kind.knows_pin),
            has_document: of_case.happens(kind.has_document),
            lag: chance.between(kind.code_lag.0, kind.code_lag.1),
            shown_before: chance.happens(kind.code_shown_before),
            copy: kind.shows == Shows::Copy,
        }
    }
}

/// What is measured when `person` stands there with `device`.
pub(crate) fn show(
    person: &Person,
    device: &mut Device,
    trick: Option<(&Trick<'_>, u64)>,
    copy_counter: Option<&mut u32>,
    (tables, life): (&Tables, &Life),
    chance: &mut Chance,
) -> Shown {
    let mut draw = |name: &str| tables.draw(name, chance);
    let (age, capture) = (draw("code_age"), draw("face_capture"));
    let poor = chance.happens(life.poor_capture) && !chance.happens(life.retaken);
    let quality = tables.draw(if poor { "quality_poor" } else { "quality_usual" }, chance);
    let own_face = |chance: &mut Chance| {
        if poor { tables.draw("face_poor_capture", chance) } else { person.face + capture }
    };
    let face_margin = match trick {
        None => own_face(chance),
        Some((trick, case)) => match trick.face {
            Face::Holder if trick.artefact.is_some() => {
                own_face(chance) + tables.draw("face_artefact", chance)
            }
            Face::Holder => own_face(chance),
            Face::Stranger => impostor(tables, case, 1) + capture,
            Face::LookAlike { among } => impostor(tables, case, among) + capture,
            Face::Twin => tables.draw("face_twin", &mut Chance::new(case, 1, 0, 0)) + capture,
        },
    };
    let suspected = trick
        .and_then(|(trick, _)| trick.artefact)
        .filter(|artefact| !chance.happens(artefact.not_suspicious));
    let liveness =
        tables.draw(if suspected.is_some() { "liveness_suspicious" } else { "liveness_usual" }, chance);
    let counter = match copy_counter {
        Some(counter) => {
            *counter += 1;
            *counter
        }
        None => {
            device.counter += 1;
            device.counter
        }
    };
    let read_twice = trick.is_none() && chance.happens(life.reads_twice);
    let shown_before = trick.is_some_and(|(trick, _)| trick.shown_before);
    let at_another_lane = shown_before && chance.happens(800_000);
    let lag = trick.map_or(0, |(trick, _)| trick.lag);
    // The gate takes no proof older than 30 s (docs/formats.md): whoever has one shows a fresh one.
    let code_age = (age + lag + device.clock_off).clamp(-10, 30);
    Shown {
        face_margin: face_margin.clamp(-1000, 1000),
        quality,
        liveness,
        hint: suspected.map_or_else(|| "none".to_owned(), |artefact| artefact.hint.clone()),
        code_age,
        clock_off: device.clock_off.abs(),
        repeats: i64::from(read_twice || shown_before),
        since_same: match (shown_before, read_twice) {
            (true, _) => lag.max(1),
            (false, true) => chance.between(3, 14),
            (false, false) => 86_400,
        },
        elsewhere: at_another_lane,
        counter,
        document: trick.map_or_else(|| !chance.happens(life.no_document), |(trick, _)| trick.has_document),
        refused_before: u32::from(chance.happens(life.code_refused)),
    }
}

/// The score of the most alike of so many strangers; a case has one of them for all its crossings.
fn impostor(tables: &Tables, case: u64, among: u32) -> i64 {
    let mut chance = Chance::new(case, 2, 0, 0);
    (0..among.max(1)).map(|_| tables.draw("face_stranger", &mut chance)).max().unwrap_or(0)
}

/// One more look at a face, as a measure asks for it.
pub(crate) fn look_again(shown: &Shown, tables: &Tables, chance: &mut Chance) -> i64 {
    shown.face_margin + tables.draw("face_capture", chance) / 2
}
