//! Faces for the demo: the user's own photographs, else heads that our own detector crops from the sample photographs of
//! an installed package. Where there is no second photograph, the live capture is the portrait, photographed again by
//! the program.

use std::path::{Path, PathBuf};

use evaluate::rephotograph;
use face::{Finder, Image, Probe, QualityBounds};

use crate::failure::{self, Failure, of};

/// Somebody's photographs, as JPEG.
#[derive(Clone)]
pub struct Photographs {
    /// What the registry holds.
    pub portrait: Vec<u8>,
    /// What the lane's camera sees.
    pub live: Vec<u8>,
    /// Whether the live capture is a photograph of its own.
    pub second_capture: bool,
}
documents::redact_debug!(Photographs);

/// The faces that play the cast.
#[derive(Debug)]
pub struct Cast {
    /// Persons with several photographs each.
    pub people: Vec<Photographs>,
    /// Somebody with two real photographs that are alike enough.
    pub twice: Photographs,
    /// Somebody whose two photographs are too close to call.
    pub unsure: Photographs,
}

/// Smallest face that makes a portrait, in pixels of height.
const LEAST_HEIGHT: f32 = 80.0;
const SAMPLES: &str = "node_modules/@vladmandic/face-api/demo";

/// A face of the sample photographs: which photograph, and which face in it from the left.
type Sample = (usize, usize);
/// The same person in two photographs.
const TWICE: (Sample, Sample) = ((1, 2), (3, 1));
const UNSURE: (Sample, Sample) = ((4, 1), (6, 2));
/// Further second pictures of somebody who is used already.
const DOUBLES: [Sample; 2] = [(1, 1), (4, 0)];

/// Portraits out of the sample photographs, of whoever a lane would not ask for another picture: some look down, with shut eyes.
pub fn samples(models: &Path, finder: &Finder, bounds: &QualityBounds) -> Result<Cast, Failure> {
    let folder = models.join(SAMPLES);
    let (mut people, mut first, mut second) = (Vec::new(), [None, None], [None, None]);
    for number in 1..=6 {
        let file = folder.join(format!("sample{number}.jpg"));
        let bytes = std::fs::read(&file)
            .map_err(|_| Failure::new("the demo's sample photographs are missing; run `make models`"))?;
        let image = Image::decode(&bytes).map_err(of)?;
        let mut faces = finder.detect(&image).map_err(of)?;
        faces.sort_by(|a, b| a.centre().x.total_cmp(&b.centre().x));
        for (place, face) in faces.iter().enumerate() {
            let named = (number, place);
            let pair = [TWICE, UNSURE].into_iter().position(|(a, b)| a == named || b == named);
            let Ok(portrait) = finder.portrait(&image, face) else { continue };
            if let Some(pair) = pair {
                let (a, _) = if pair == 0 { TWICE } else { UNSURE };
                let slot = if a == named { first.get_mut(pair) } else { second.get_mut(pair) };
                if let Some(slot) = slot {
                    *slot = Some(portrait);
                }
            } else if face.height() >= LEAST_HEIGHT
                && !DOUBLES.contains(&named)
                && finder.one_face(&portrait).is_ok()
            {
                let photographs = again(&portrait, 7 + people.len() as u64)?;
                let live = Image::decode(&photographs.live).map_err(of)?;
                if Probe::from_image(finder, &live).is_ok_and(|(_, quality)| bounds.check(&quality).is_ok()) {
                    people.push(photographs);
                }
            }
        }
    }
    let both = |pair: usize| -> Result<Option<Photographs>, Failure> {
        match (first.get(pair).and_then(Option::as_ref), second.get(pair).and_then(Option::as_ref)) {
            (Some(a), Some(b)) => Ok(Some(Photographs {
                portrait: a.to_jpeg(95).map_err(of)?,
                live: b.to_jpeg(95).map_err(of)?,
                second_capture: true,
            })),
            _ => Ok(None),
        }
    };
    let (twice, unsure) = (both(0)?.ok_or_else(too_few)?, both(1)?.ok_or_else(too_few)?);
    Ok(Cast { people, twice, unsure })
}

/// There are not enough faces.
pub fn too_few() -> Failure {
    Failure::new(
        "too few faces were found in the sample photographs; run `make models` to install them afresh",
    )
}

fn again(portrait: &Image, seed: u64) -> Result<Photographs, Failure> {
    Ok(Photographs {
        portrait: portrait.to_jpeg(95).map_err(of)?,
        live: rephotograph(portrait, seed).map_err(of)?.to_jpeg(90).map_err(of)?,
        second_capture: false,
    })
}

/// The user's own photographs: one folder a person, the first file the portrait, the second, where there is one, the
/// live capture. They play the first of the cast; the samples play the rest.
pub fn own(folder: &Path, finder: &Finder) -> Result<Vec<Photographs>, Failure> {
    let shown = folder.display();
    let mut people = Vec::new();
    for person in sorted(folder)?.into_iter().filter(|path| path.is_dir()) {
        let files: Vec<_> = sorted(&person)?.into_iter().filter(|path| path.is_file()).collect();
        let Some(first) = files.first() else {
            let name = person.display();
            return Err(Failure::new(format!(
                "{name} holds no photograph; put one in, or remove the folder"
            )));
        };
        let read = |path: &Path| -> Result<Image, Failure> {
            let named = |error: &dyn std::error::Error| Failure::new(format!("{}: {error}", path.display()));
            let bytes = failure::read(path, code::picture::MAX_FILE_BYTES)?;
            let image = Image::decode(&bytes).map_err(|e| named(&e))?;
            let face = finder.one_face(&image).map_err(|e| named(&e))?;
            finder.portrait(&image, &face).map_err(|e| named(&e))
        };
        let portrait = read(first)?;
        people.push(match files.get(1) {
            Some(live) => Photographs {
                portrait: portrait.to_jpeg(95).map_err(of)?,
                live: read(live)?.to_jpeg(95).map_err(of)?,
                second_capture: true,
            },
            None => again(&portrait, 7 + people.len() as u64)?,
        });
    }
    if people.is_empty() {
        return Err(Failure::new(format!(
            "{shown} holds no folder with photographs; make one folder a person"
        )));
    }
    Ok(people)
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let fault =
        |error: std::io::Error| Failure::new(format!("{} cannot be read ({error})", folder.display()));
    let mut paths = Vec::new();
    for file in std::fs::read_dir(folder).map_err(fault)? {
        paths.push(file.map_err(fault)?.path());
    }
    paths.sort();
    Ok(paths)
}
