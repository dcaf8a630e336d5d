//! The detector: pixels become boxes of faces, by whichever network is installed.
//!
//! Lives here: `Detector`, the canvas that each family of networks is shown and how its answer is read. Not here: which
//! of several faces is meant (`finder`).

use crate::config::{BoxFit, Detection, DetectorFamily};
use crate::found::{Face, FaceError};
use crate::geometry::{Point, Similarity};
use crate::models::{ModelError, ModelFolder};
use crate::network::{InferenceError, Network};
use crate::picture::Image;
use crate::raster::{OUTSIDE, Raster};
use crate::shown::Shown;

const FINDING: &str = "finding faces";

/// The canvas of `YuNet`: whole multiples of its coarsest stride, some 8 % of its height a face that is still found.
const YUNET: [usize; 2] = [320, 256];
const YUNET_STRIDES: [usize; 3] = [8, 16, 32];
/// The boxes alone: where eyes, nose and mouth are, the landmark network says better.
const YUNET_OUTPUTS: [Option<&str>; 9] = [
    Some("cls_8"),
    Some("obj_8"),
    Some("bbox_8"),
    Some("cls_16"),
    Some("obj_16"),
    Some("bbox_16"),
    Some("cls_32"),
    Some("obj_32"),
    Some("bbox_32"),
];

const ULTRA_LIGHT: [usize; 2] = [320, 240];

/// A face detector, loaded.
pub(crate) struct Detector {
    network: Family,
    settings: Detection,
}

enum Family {
    Yunet(Network<9>),
    UltraLight(Network<2>),
}

/// A face on the canvas, in its pixels.
struct Candidate {
    score: f32,
    low: Point,
    high: Point,
}

impl Detector {
    /// The first of these whose file is installed.
    pub(crate) fn load(folder: &ModelFolder, choices: &[Detection]) -> Result<Self, ModelError> {
        let (settings, _) = folder.installed(choices, |choice| &choice.file)?;
        let file = &settings.file;
        let bytes = folder.read(file)?;
        let network = match settings.family {
            DetectorFamily::Yunet => {
                Family::Yunet(folder.network(file, bytes, shape(YUNET), YUNET_OUTPUTS)?)
            }
            DetectorFamily::UltraLight => Family::UltraLight(folder.network(
                file,
                bytes,
                shape(ULTRA_LIGHT),
                [Some("scores"), Some("boxes")],
            )?),
        };
        Ok(Self { network, settings: settings.clone() })
    }

    pub(crate) const fn settings(&self) -> &Detection {
        &self.settings
    }

    /// All faces, the largest first.
    pub(crate) fn faces(&self, image: &Image) -> Result<Vec<Face>, InferenceError> {
        let [width, height] = self.canvas();
        let (canvas, factor, corner) = Raster::letterboxed(image.pixels(), width, height);
        let map = Similarity { a: factor, b: 0.0, dx: -corner.x, dy: -corner.y };
        self.faces_on(&canvas, &map, 0.0)
    }

    /// All faces of the picture turned by so much (radians), the largest first.
    pub(crate) fn faces_turned(&self, image: &Image, turn: f32) -> Result<Vec<Face>, InferenceError> {
        if turn == 0.0 {
            return self.faces(image);
        }
        let [canvas_width, canvas_height] = self.canvas();
        let (width, height) = (image.width() as f32, image.height() as f32);
        let (sine, cosine) = (turn.sin().abs(), turn.cos().abs());
        let (wide, high) = (width * cosine + height * sine, width * sine + height * cosine);
        let scale = (wide / canvas_width as f32).max(high / canvas_height as f32);
        let middle = Point::new(canvas_width as f32 / 2.0, canvas_height as f32 / 2.0);
        let map = Similarity::around(middle, Point::new(width / 2.0, height / 2.0), scale, turn);
        let canvas = Raster::warped(image.pixels(), canvas_width, canvas_height, &map);
        self.faces_on(&canvas, &map, turn)
    }

    /// What the network is shown of a picture, and its first answer.
    pub(crate) fn shown(&self, image: &Image) -> Result<Shown, FaceError> {
        let [width, height] = self.canvas();
        let (canvas, ..) = Raster::letterboxed(image.pixels(), width, height);
        let input = self.input(&canvas);
        Ok(match &self.network {
            Family::Yunet(network) => {
                let [output, ..] = network.run(input.clone(), FINDING)?;
                Shown::new("detector", network, input, output)
            }
            Family::UltraLight(network) => {
                let [output, _] = network.run(input.clone(), FINDING)?;
                Shown::new("detector", network, input, output)
            }
        })
    }

    const fn canvas(&self) -> [usize; 2] {
        match self.network {
            Family::Yunet(_) => YUNET,
            Family::UltraLight(_) => ULTRA_LIGHT,
        }
    }

    /// A canvas as the network was trained to see it; a raster's values are relative to the grey of the outside.
    fn input(&self, canvas: &Raster) -> Vec<f32> {
        match self.network {
            Family::Yunet(_) => canvas.planes([2, 1, 0], |v| v + OUTSIDE),
            Family::UltraLight(_) => canvas.planes([0, 1, 2], |v| v / 128.0),
        }
    }

    fn faces_on(&self, canvas: &Raster, map: &Similarity, turn: f32) -> Result<Vec<Face>, InferenceError> {
        let input = self.input(canvas);
        let (candidates, least) = (self.candidates(input)?, self.settings.score);
        let found = candidates.into_iter().filter(|candidate| candidate.score >= least);
        let mut found: Vec<Face> = found
            .map(|candidate| candidate.on_picture(map, turn, self.settings.fit))
            .filter(|face| face.width() > 1.0 && face.height() > 1.0)
            .collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        let mut faces: Vec<Face> = Vec::new();
        for candidate in found {
            if faces.iter().all(|face| face.overlap(&candidate) <= self.settings.overlap) {
                faces.push(candidate);
            }
        }
        faces.sort_by(|a, b| b.area().total_cmp(&a.area()));
        Ok(faces)
    }

    fn candidates(&self, input: Vec<f32>) -> Result<Vec<Candidate>, InferenceError> {
        match &self.network {
            Family::Yunet(network) => {
                let answers = network.run(input, FINDING)?;
                let (levels, _) = answers.as_chunks::<3>();
                let levels = levels.iter().zip(YUNET_STRIDES);
                Ok(levels
                    .flat_map(|(level, stride)| yunet_level(level, stride, self.settings.score))
                    .collect())
            }
            Family::UltraLight(network) => {
                let [scores, boxes] = network.run(input, FINDING)?;
                Ok(ultra_light(&scores, &boxes))
            }
        }
    }
}

const fn shape([width, height]: [usize; 2]) -> [usize; 4] {
    [1, 3, height, width]
}

/// The cells of one stride whose score is high enough. A score is the geometric mean of "a face" and "an object"; a box
/// lies around a place in its cell, its sides as logarithms, all in strides.
fn yunet_level([classes, objects, boxes]: &[Vec<f32>; 3], stride: usize, least: f32) -> Vec<Candidate> {
    let (columns, step) = ((YUNET[0] / stride).max(1), stride as f32);
    let cells = classes.iter().zip(objects).zip(boxes.as_chunks::<4>().0).enumerate();
    let candidate =
        |(cell, ((class, object), [right, down, wide, high])): (usize, ((&f32, &f32), &[f32; 4]))| {
            let score = (class.clamp(0.0, 1.0) * object.clamp(0.0, 1.0)).sqrt();
            (score >= least).then(|| {
                let (column, row) = ((cell % columns) as f32, (cell / columns) as f32);
                let centre = Point::new((column + right) * step, (row + down) * step);
                let half = Point::new(wide.exp() * step / 2.0, high.exp() * step / 2.0);
                let high = Point::new(centre.x + half.x, centre.y + half.y);
                Candidate { score, low: centre.minus(half), high }
            })
        };
    cells.filter_map(candidate).collect()
}

/// The boxes come decoded, as shares of the canvas; the priors are already in the network.
fn ultra_light(scores: &[f32], boxes: &[f32]) -> Vec<Candidate> {
    let (width, height) = (ULTRA_LIGHT[0] as f32, ULTRA_LIGHT[1] as f32);
    let pairs = scores.as_chunks::<2>().0.iter().zip(boxes.as_chunks::<4>().0);
    let candidate = |([_, score], [left, top, right, bottom]): (&[f32; 2], &[f32; 4])| Candidate {
        score: *score,
        low: Point::new(left * width, top * height),
        high: Point::new(right * width, bottom * height),
    };
    pairs.map(candidate).collect()
}

impl Candidate {
    /// The box as one of the same size on the picture, made to fit what the other networks expect.
    fn on_picture(self, map: &Similarity, turn: f32, fit: BoxFit) -> Face {
        let (width, height) = (self.high.x - self.low.x, self.high.y - self.low.y);
        let middle = Point::new(
            f32::midpoint(self.low.x, self.high.x),
            f32::midpoint(self.low.y, self.high.y) + fit.down * height,
        );
        let centre = map.apply(middle);
        let half_width = width * fit.width * map.scale() / 2.0;
        let half_height = height * fit.height * map.scale() / 2.0;
        Face {
            left: centre.x - half_width,
            top: centre.y - half_height,
            right: centre.x + half_width,
            bottom: centre.y + half_height,
            score: self.score,
            turn,
        }
    }
}
