//! Second faces: whether somebody else stands in a picture, told by the area of their face.
//!
//! Lives here: the rule and the counts. Not here: finding faces (`face`), whose own rule is by height.

use serde::Serialize;

/// From this share of the largest face's area on it is not clear who is meant: a picture of two faces. Below it stands
/// somebody in the background.
const TWO_FACES: f64 = 0.25;

/// One picture's second face, and what the pipeline made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct SecondFace {
    /// Share of its area in the largest face's, 0 to 1.
    pub share: f64,
    /// The picture was refused, for it shows several.
    pub refused: bool,
}

/// Pictures with a second face.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SecondFaces {
    /// Number of pictures with a second face of any size.
    pub pictures: usize,
    /// Number of them with two faces of similar size: no picture of one person.
    pub two_faces: usize,
    /// Number of them with one face, and a much smaller one in the background.
    pub background: usize,
    /// From which share of area on it is two faces.
    pub two_faces_from: f64,
    /// Two faces that the pipeline took for one: the largest was compared.
    pub two_faces_taken: usize,
    /// Background that the pipeline refused as several faces.
    pub background_refused: usize,
    /// Number by share of area: below 0.05, 0.1, 0.25, 0.5, and up to 1.
    pub by_share: Vec<(f64, usize)>,
}

impl SecondFaces {
    /// Counts the pictures that have one.
    #[must_use]
    pub fn of(seconds: &[SecondFace]) -> Self {
        let (two, background): (Vec<&SecondFace>, Vec<&SecondFace>) =
            seconds.iter().partition(|face| face.share >= TWO_FACES);
        let mut below = 0.0;
        let by_share = [0.05, 0.1, TWO_FACES, 0.5, 1.0].map(|to| {
            let last = to >= 1.0;
            let within = |face: &&SecondFace| face.share >= below && (face.share < to || last);
            let number = seconds.iter().filter(within).count();
            below = to;
            (to, number)
        });
        Self {
            pictures: seconds.len(),
            two_faces: two.len(),
            background: background.len(),
            two_faces_from: TWO_FACES,
            two_faces_taken: two.iter().filter(|face| !face.refused).count(),
            background_refused: background.iter().filter(|face| face.refused).count(),
            by_share: by_share.to_vec(),
        }
    }

    /// The counts in one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!(
            "{} pictures show a second face: {} two faces (from {:.0} % of the larger one's area on; {} of them taken for one), \
             {} somebody in the background ({} of them refused).",
            self.pictures,
            self.two_faces,
            100.0 * self.two_faces_from,
            self.two_faces_taken,
            self.background,
            self.background_refused
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_pipeline_took_or_refused_against_the_rule_is_counted() {
        let face = |share, refused| SecondFace { share, refused };
        let counts = SecondFaces::of(&[
            face(0.02, false),
            face(0.24, true),
            face(0.25, false),
            face(0.9, true),
            face(1.0, true),
        ]);
        assert_eq!((counts.pictures, counts.two_faces, counts.background), (5, 3, 2));
        assert_eq!((counts.two_faces_taken, counts.background_refused), (1, 1));
        assert_eq!(counts.by_share.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [1, 0, 1, 1, 2]);
    }
}
