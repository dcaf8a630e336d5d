//! The report: everything that one evaluation found, in the form in which it is printed as JSON.
//!
//! Lives here: `Report` and its parts. Not here: the page (`page`), how a score comes about (`face`).

use crate::cohorts::CohortReport;
use crate::concentration::Concentration;
use crate::rates::{Comparisons, Interval, Point};
use serde::Serialize;

/// One evaluation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Of this form of report.
    pub form: &'static str,
    /// The network that was measured, with the start of its file's SHA-256.
    pub model: String,
    /// What was given.
    pub data: Data,
    /// Faces found.
    pub detection: Detection,
    /// Error rates of each template format.
    pub formats: Vec<FormatReport>,
    /// Degraded genuine pairs.
    pub robustness: Vec<RobustnessRow>,
    /// Time for each stage, one thread.
    pub timing: Vec<StageTime>,
    /// What these figures cannot say.
    pub limits: Vec<&'static str>,
}

/// What was given.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Data {
    /// How the folder was understood.
    pub layout: &'static str,
    /// Picture files.
    pub pictures: usize,
    /// Persons.
    pub persons: usize,
    /// Pairs of one person.
    pub genuine_pairs: usize,
    /// Pairs of two.
    pub impostor_pairs: usize,
    /// Files that could not be read as pictures, with the reason.
    pub unreadable: Vec<(String, String)>,
    /// Seed of all chance in this run.
    pub seed: u64,
    /// Draws of persons behind each interval.
    pub replicates: usize,
}

/// Faces found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Detection {
    /// Pictures that were looked at.
    pub pictures: usize,
    /// With exactly one face that could be measured.
    pub found: usize,
    /// Their share.
    pub rate: f64,
    /// Where all were found: with 95 % confidence fewer than this share are missed.
    pub missed_rule_of_three: Option<f64>,
    /// The others, with the reason.
    pub missed: Vec<(String, String)>,
    /// Found, but the bounds of quality refuse them for a probe: code and number of pictures.
    pub refused_by_quality: Vec<(String, usize)>,
    /// Each measure of quality.
    pub measures: Vec<Measure>,
}

/// Where the pictures lie in one measure of quality: 1, 50 and 99 of a hundred lie below.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measure {
    /// Its name in the configuration.
    pub measure: &'static str,
    /// One of a hundred lies below.
    pub p1: f64,
    /// Middle.
    pub median: f64,
    /// 99 of a hundred lie below.
    pub p99: f64,
}

impl Measure {
    /// From the values of all pictures.
    #[must_use]
    pub fn of(measure: &'static str, mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        let at = |part: usize| values.get((last * part + 50) / 100).copied();
        Some(Self { measure, p1: at(1)?, median: at(50)?, p99: at(99)? })
    }
}

/// Mean, spread and ends of a set of scores.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Scores {
    /// How many.
    pub count: usize,
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub sd: f64,
    /// Lowest.
    pub lowest: f64,
    /// Highest.
    pub highest: f64,
}

/// The thresholds that stand in the configuration, as these data see them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Configured {
    /// From here on a match.
    pub accept: f64,
    /// From here up to it an officer looks.
    pub refer: f64,
    /// Impostor pairs that are accepted.
    pub false_matches: usize,
    /// Their share.
    pub fmr: f64,
    /// Persons drawn anew.
    pub fmr_interval: Option<Interval>,
    /// Genuine pairs that are not accepted.
    pub false_non_matches: usize,
    /// Their share.
    pub fnmr: f64,
    /// Persons drawn anew.
    pub fnmr_interval: Option<Interval>,
    /// Where no genuine pair failed.
    pub fnmr_rule_of_three: Option<f64>,
    /// Genuine pairs that an officer sees.
    pub genuine_referred: usize,
    /// Genuine pairs that are rejected.
    pub genuine_rejected: usize,
    /// Share of impostor pairs that an officer sees.
    pub impostors_referred: f64,
}

/// Error rates of one template format.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FormatReport {
    /// Its name.
    pub format: String,
    /// Bytes of a template.
    pub bytes: usize,
    /// Its code on the wire.
    pub code: u8,
    /// Model, basis and quantisation.
    pub id: String,
    /// Genuine scores.
    pub genuine: Option<Scores>,
    /// Impostor scores.
    pub impostors: Option<Scores>,
    /// Distance of the means over the mean spread.
    pub d_prime: Option<f64>,
    /// Thresholds at given false match rates.
    pub points: Vec<Point>,
    /// The configured thresholds.
    pub configured: Configured,
    /// Detection error trade-off: threshold, FMR, FNMR.
    pub det: Vec<[f64; 3]>,
    /// Share of scores in each of 100 steps from -0.5 to 1: genuine, impostor.
    pub histogram: Vec<[f64; 2]>,
    /// Who takes part in false matches.
    pub concentration: Vec<Concentration>,
    /// By the operator's labels.
    pub cohorts: Vec<CohortReport>,
}

/// One degradation of the genuine probes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RobustnessRow {
    /// What was done.
    pub kind: &'static str,
    /// How much.
    pub level: String,
    /// Pairs.
    pub pairs: usize,
    /// No face found, or none that could be measured.
    pub not_found: usize,
    /// Found, and refused by the bounds of quality: the traveller is asked for another picture.
    pub refused_by_quality: usize,
    /// By code.
    pub refusals: Vec<(String, usize)>,
    /// Not found or below the configured threshold, whether or not the bounds of quality would have refused it.
    pub failed: usize,
    /// The same at the threshold of one false match in 100,000.
    pub failed_strict: usize,
    /// Pairs whose picture had the advised eye distance before it was degraded: what a gate's camera delivers.
    pub advised_pairs: usize,
    /// Failed of these.
    pub advised_failed: usize,
    /// Mean score of those found.
    pub mean_score: Option<f64>,
    /// Whether no more failures than undegraded plus one in a hundred are promised.
    pub promised: bool,
    /// Whether the promise is kept.
    pub holds: Option<bool>,
    /// As a lane takes it, where the degradation falls otherwise on each picture of a moment.
    pub sequence: Option<SequenceFigure>,
}

/// Degraded genuine probes of several pictures each.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SequenceFigure {
    /// Pictures of one probe.
    pub pictures: usize,
    /// No face found in any of them, or below the configured threshold.
    pub failed: usize,
    /// Failed of those with the advised eye distance.
    pub advised_failed: usize,
    /// Mean score of those found.
    pub mean_score: Option<f64>,
    /// Whether the row's promise is kept by sequences.
    pub holds: Option<bool>,
}

/// Time of one stage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StageTime {
    /// What was done.
    pub stage: &'static str,
    /// How often.
    pub count: usize,
    /// Middle.
    pub median_ms: f64,
    /// 95 of a hundred took less.
    pub p95_ms: f64,
}

impl StageTime {
    /// From the times of all calls.
    #[must_use]
    pub fn of(stage: &'static str, mut times: Vec<f64>) -> Option<Self> {
        times.sort_by(f64::total_cmp);
        let last = times.len().checked_sub(1)?;
        let at = |part: usize| times.get(last * part / 100).copied().map(|t| (t * 1000.0).round() / 1000.0);
        Some(Self { stage, count: times.len(), median_ms: at(50)?, p95_ms: at(95)? })
    }
}

/// Mean, spread and ends; none of nothing.
#[must_use]
pub fn score_summary(scores: impl Iterator<Item = f32> + Clone) -> Option<Scores> {
    let (mut count, mut sum) = (0_usize, 0.0);
    let (mut lowest, mut highest) = (f64::INFINITY, f64::NEG_INFINITY);
    for score in scores.clone().map(f64::from) {
        (count, sum) = (count + 1, sum + score);
        (lowest, highest) = (lowest.min(score), highest.max(score));
    }
    if count == 0 {
        return None;
    }
    let mean = sum / count as f64;
    let squares: f64 = scores.map(|score| (f64::from(score) - mean).powi(2)).sum();
    Some(Scores { count, mean, sd: (squares / count as f64).sqrt(), lowest, highest })
}

/// The false match rates at which thresholds are given.
const RATES: [f64; 4] = [1e-3, 1e-4, 1e-5, 1e-6];

impl FormatReport {
    /// The rates of one format, whose name, wire code, id and bytes the caller fills in.
    #[must_use]
    pub fn of(
        all: &Comparisons,
        persons: usize,
        (accept, refer): (f64, f64),
        replicates: usize,
        seed: u64,
    ) -> Self {
        let genuine = score_summary(all.genuine().iter().filter_map(|pair| pair.score));
        let impostors = score_summary(all.impostors().iter().map(|pair| pair.score));
        let d_prime = genuine.zip(impostors).and_then(|(g, i)| {
            let spread = ((g.sd * g.sd + i.sd * i.sd) / 2.0).sqrt();
            (spread > 0.0).then(|| (g.mean - i.mean) / spread)
        });
        let points = all.points(&RATES, replicates, seed);
        let mut places: Vec<f64> =
            points.iter().filter(|point| !point.extrapolated).map(|point| point.threshold).collect();
        places.push(accept);
        let [fmr_interval, fnmr_interval] = all.intervals_at(accept, replicates, seed);
        let failed = all.false_non_matches(accept);
        let rejected = all.false_non_matches(refer);
        Self {
            format: String::new(),
            bytes: 0,
            code: 0,
            id: String::new(),
            genuine,
            impostors,
            d_prime,
            configured: Configured {
                accept,
                refer,
                false_matches: all.false_matches(accept),
                fmr: all.fmr(accept),
                fmr_interval,
                false_non_matches: failed,
                fnmr: all.fnmr(accept),
                fnmr_interval,
                fnmr_rule_of_three: crate::rates::rule_of_three(failed, all.genuine().len()),
                genuine_referred: failed - rejected.min(failed),
                genuine_rejected: rejected,
                impostors_referred: all.fmr(refer) - all.fmr(accept),
            },
            points,
            det: all.curve(120),
            histogram: histogram(all),
            concentration: places.iter().filter_map(|at| Concentration::at(all, persons, *at)).collect(),
            cohorts: Vec::new(),
        }
    }

    /// The threshold at a false match rate, if it was asked for.
    #[must_use]
    pub fn threshold_at(&self, fmr: f64) -> Option<&Point> {
        self.points.iter().find(|point| (point.fmr / fmr - 1.0).abs() < 1e-6)
    }
}

fn histogram(all: &Comparisons) -> Vec<[f64; 2]> {
    let mut bins = vec![[0.0, 0.0]; 100];
    let genuine = all.genuine().iter().filter_map(|pair| pair.score).map(|score| (score, 0_usize));
    let impostors = all.impostors().iter().map(|pair| (pair.score, 1));
    let totals = [all.genuine().len().max(1) as f64, all.impostors().len().max(1) as f64];
    for (score, which) in genuine.chain(impostors) {
        let bin = bins.get_mut(bin_of(score));
        if let Some((share, total)) = bin.and_then(|bin| bin.get_mut(which)).zip(totals.get(which)) {
            *share += 1.0 / total;
        }
    }
    bins
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` clamps, as wanted")]
fn bin_of(score: f32) -> usize {
    (((score + 0.5) / 0.015) as usize).min(99)
}
