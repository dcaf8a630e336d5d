//! Robustness: each genuine probe degraded, and what becomes of it.
//!
//! Lives here: the rows of the table. Not here: what a degradation does to a picture (`evaluate`).

use std::collections::BTreeMap;

use evaluate::{Degradation, Landmark, RobustnessRow, SequenceFigure};
use face::{Cut, Image, Probe, QualityFault, Template, Track};

use super::evaluate::{Described, Matcher};
use super::parallel::in_parallel;
use super::set::Pair;
use crate::progress::Progress;

/// As many as a lane takes at most for one probe.
const SEQUENCE: usize = gate::MAX_PICTURES as usize;

/// Score of a degraded probe, and what the bounds of quality have against it.
type Tried = (f64, Option<QualityFault>);

impl Matcher {
    pub(super) fn robustness<'a>(
        &self,
        genuine: &[Pair],
        templates: &[Option<Template>],
        usable: impl Fn(usize) -> Option<&'a Described> + Sync,
        (accept, strict): (f64, Option<f64>),
        seed: u64,
    ) -> Vec<RobustnessRow> {
        let table = Degradation::table();
        // A row as one picture, and where it tells something else as a sequence.
        let ways = |row: &Degradation| if row.falls_anew() { vec![1, SEQUENCE] } else { vec![1] };
        let work: Vec<(usize, usize, usize)> = table
            .iter()
            .enumerate()
            .flat_map(|(row, degradation)| ways(degradation).into_iter().map(move |count| (row, count)))
            .flat_map(|(row, count)| (0..genuine.len()).map(move |pair| (row, count, pair)))
            .collect();
        let pictures = work.iter().map(|(_, count, _)| count).sum();
        let progress = Progress::start("face evaluate: degraded pictures", pictures);
        let results = in_parallel(self.jobs, &work, |(row, count, index)| {
            let tried = table.get(*row).zip(genuine.get(*index)).and_then(|(degradation, pair)| {
                let template = templates.get(pair.registry)?.as_ref()?;
                let seed = seed ^ (*index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                Some(self.degraded(*degradation, *count, usable(pair.probe)?, template, seed))
            });
            (0..*count).for_each(|_| progress.step());
            (*row, *count, *index, tried)
        });
        let advised = |index: usize| {
            let probe = genuine.get(index).and_then(|pair| usable(pair.probe));
            probe.is_some_and(|seen| self.config.quality().advised_eye_distance(&seen.quality))
        };
        let mut rows: Vec<RobustnessRow> = Vec::new();
        for (index, degradation) in table.iter().enumerate() {
            // A pair whose undegraded pictures could not be used is no matter of the degradation.
            let outcome = |wanted: usize| {
                let of_way = results.iter().filter(|(row, count, ..)| (*row, *count) == (index, wanted));
                Outcome(
                    of_way
                        .filter_map(|(.., pair, tried)| tried.map(|tried| (advised(*pair), tried)))
                        .collect(),
                )
            };
            let single = outcome(1);
            let mut refusals: BTreeMap<&str, usize> = BTreeMap::new();
            for fault in single.found().filter_map(|(_, fault)| fault) {
                *refusals.entry(fault.code()).or_default() += 1;
            }
            let (pairs, failed) = (single.0.len(), single.failed(accept));
            let undegraded = rows.first().map_or(failed, |row| row.failed);
            let promised = degradation.is_promised();
            let holds = |failed: usize| {
                (promised && pairs > 0).then_some(failed as f64 <= undegraded as f64 + pairs as f64 / 100.0)
            };
            let sequence = degradation.falls_anew().then(|| outcome(SEQUENCE)).map(|taken| SequenceFigure {
                pictures: SEQUENCE,
                failed: taken.failed(accept),
                advised_failed: taken.advised().failed(accept),
                mean_score: taken.mean_score(),
                holds: holds(taken.failed(accept)),
            });
            rows.push(RobustnessRow {
                kind: degradation.kind(),
                level: degradation.level(),
                pairs,
                not_found: pairs - single.found().count(),
                refused_by_quality: refusals.values().sum(),
                refusals: refusals.into_iter().map(|(code, count)| (code.to_owned(), count)).collect(),
                failed,
                failed_strict: strict.map(|strict| single.failed(strict)),
                advised_pairs: single.advised().0.len(),
                advised_failed: single.advised().failed(accept),
                mean_score: single.mean_score(),
                promised,
                holds: holds(failed),
                sequence,
            });
        }
        rows
    }

    /// Score of a degraded probe of so many pictures, where a face is still found, and what the bounds of quality have
    /// against the first: nothing is left out for it, as a lane would.
    fn degraded(
        &self,
        degradation: Degradation,
        count: usize,
        seen: &Described,
        template: &Template,
        seed: u64,
    ) -> Option<Tried> {
        let (picture, points) = (seen.image.as_ref()?.as_pixels(), seen.landmarks.points());
        let points: Vec<Landmark> = points.iter().map(|p| [p.x, p.y]).collect();
        let pictures = if count == 1 {
            vec![degradation.apply(picture, &points, seed)]
        } else {
            degradation.sequence(picture, &points, seed, count)
        };
        let mut track = Track::new();
        let mut cuts = Vec::new();
        for picture in pictures {
            let image = Image::from_pixels(picture).ok()?;
            let found = track.follow(&self.finder, &image);
            cuts.extend(found.and_then(|(face, landmarks)| Cut::of(&image, &face, &landmarks)).ok());
        }
        let bounds = self.config.quality();
        let fault = bounds.check(cuts.first()?.quality()).err();
        let probe = Probe::of_sequence(&self.finder, cuts, bounds).ok()?;
        let score = template.compare(&self.embedder.embed(&probe).ok()?).ok()?;
        Some((f64::from(score.value()), fault))
    }
}

/// What came of the pairs of a row: whether the eyes lie as far apart as advised, and the score where a face was found.
struct Outcome(Vec<(bool, Option<Tried>)>);

impl Outcome {
    fn found(&self) -> impl Iterator<Item = Tried> + '_ {
        self.0.iter().filter_map(|(_, tried)| *tried)
    }

    fn failed(&self, threshold: f64) -> usize {
        self.0.len() - self.found().filter(|(score, _)| *score >= threshold).count()
    }

    fn advised(&self) -> Self {
        Self(self.0.iter().filter(|(advised, _)| *advised).copied().collect())
    }

    fn mean_score(&self) -> Option<f64> {
        let count = self.found().count();
        (count > 0).then(|| self.found().map(|(score, _)| score).sum::<f64>() / count as f64)
    }
}
