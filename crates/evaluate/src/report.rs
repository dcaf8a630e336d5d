//! The report: everything that one evaluation found, in the form in which it is printed as JSON.
//!
//! Lives here: `Report` and its parts. Not here: the page (`page`), how a score comes about (`face`).

use crate::ages::AgeRates;
use crate::cohorts::CohortReport;
use crate::cohorts::WorstCohort;
use crate::concentration::Concentration;
use crate::hold_out::HoldOutRow;
use crate::protocol::Protocol;
use crate::rates::{Comparisons, Interval, NotMeasured, Point, Resampled};
use crate::second::SecondFaces;
use serde::Serialize;

/// The results of one evaluation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Name and version of this report's form.
    pub form: &'static str,
    /// The network that was measured, with the start of its file's SHA-256.
    pub model: String,
    /// The input of the run.
    pub data: Data,
    /// How many faces were found.
    pub detection: Detection,
    /// Error rates of each template format.
    pub formats: Vec<FormatReport>,
    /// Degraded genuine pairs.
    pub robustness: Vec<RobustnessRow>,
    /// Time of each stage, on one thread.
    pub timing: Vec<StageTime>,
    /// What these figures do not show, as English sentences.
    pub limits: Vec<&'static str>,
}

/// The input of an evaluation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Data {
    /// The folder layout that was recognised.
    pub layout: &'static str,
    /// Number of picture files.
    pub pictures: usize,
    /// Number of persons.
    pub persons: usize,
    /// Number of pairs of pictures of one person.
    pub genuine_pairs: usize,
    /// Number of pairs of pictures of two persons that were compared.
    pub impostor_pairs: usize,
    /// Number of such pairs that there are; where it is larger, the compared ones were drawn.
    pub possible_impostor_pairs: usize,
    /// Pairs of a list one of whose pictures is absent.
    pub absent: Absent,
    /// Files that could not be read as pictures, with the reason.
    pub unreadable: Vec<(String, String)>,
    /// Seed of the random numbers of this run.
    pub seed: u64,
    /// Number of bootstrap replicates behind each interval.
    pub replicates: usize,
}

/// Pairs of a list that could not be compared, for a picture is not in the folder. They are in no rate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Absent {
    /// Pairs of one person.
    pub genuine_pairs: usize,
    /// Pairs of two persons.
    pub impostor_pairs: usize,
    /// The pictures, as the list names them.
    pub pictures: Vec<String>,
}

impl Absent {
    /// How many, in words.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!(
            "{} genuine and {} impostor pairs were not compared, for {} pictures are absent",
            self.genuine_pairs,
            self.impostor_pairs,
            self.pictures.len()
        )
    }
}

/// How many faces were found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Detection {
    /// Number of pictures searched for a face.
    pub pictures: usize,
    /// Number of them with exactly one face that could be measured.
    pub found: usize,
    /// Share of pictures with one face, 0 to 1.
    pub rate: f64,
    /// Where every face was found: upper bound of the missed share with 95 % confidence (rule of three).
    pub missed_rule_of_three: Option<f64>,
    /// The other pictures: file name and reason.
    pub missed: Vec<(String, String)>,
    /// Found, but the bounds of quality refuse them for a probe: code and number of pictures.
    pub refused_by_quality: Vec<(String, usize)>,
    /// Distribution of each measure of quality.
    pub measures: Vec<Measure>,
    /// Pictures in which a second face was found.
    pub second_faces: SecondFaces,
}

/// Distribution of one measure of quality over the pictures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measure {
    /// Name of the measure in the configuration.
    pub measure: &'static str,
    /// 1st percentile.
    pub p1: f64,
    /// The median of all samples.
    pub median: f64,
    /// 99th percentile.
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

/// Mean, standard deviation and range of a set of scores.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Scores {
    /// Number of scores.
    pub count: usize,
    /// Mean score.
    pub mean: f64,
    /// Standard deviation of the scores.
    pub sd: f64,
    /// Lowest score.
    pub lowest: f64,
    /// Highest score.
    pub highest: f64,
}

/// Error rates on these data at the thresholds of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Configured {
    /// Lowest score that is accepted.
    pub accept: f64,
    /// Lowest score that is referred to an officer; below it a pair is rejected.
    pub refer: f64,
    /// Impostor pairs that are accepted.
    pub false_matches: usize,
    /// False match rate (ISO/IEC 19795-1), 0 to 1.
    pub fmr: f64,
    /// Its 95 % bootstrap interval over persons.
    pub fmr_interval: Option<Interval>,
    /// Upper bound with 95 % confidence where no impostor pair matched (rule of three).
    pub fmr_rule_of_three: Option<f64>,
    /// Genuine pairs that are not accepted.
    pub false_non_matches: usize,
    /// False non-match rate (ISO/IEC 19795-1), 0 to 1.
    pub fnmr: f64,
    /// Its 95 % bootstrap interval over persons.
    pub fnmr_interval: Option<Interval>,
    /// Upper bound with 95 % confidence where no genuine pair failed (rule of three).
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
    /// Name of the template format.
    pub format: String,
    /// Size of a template, in bytes.
    pub bytes: usize,
    /// Its code on the wire; none where several kinds count together.
    pub code: Option<u8>,
    /// Model, basis and quantisation.
    pub id: String,
    /// Distribution of the genuine scores.
    pub genuine: Option<Scores>,
    /// Distribution of the impostor scores.
    pub impostors: Option<Scores>,
    /// Decidability index d': distance of the means over the mean standard deviation.
    pub d_prime: Option<f64>,
    /// Thresholds at given false match rates that the pairs hold.
    pub points: Vec<Point>,
    /// Rates that they do not hold: fewer than ten false matches are expected.
    pub not_measured: Vec<NotMeasured>,
    /// The configured thresholds.
    pub configured: Configured,
    /// Detection error trade-off: threshold, FMR, FNMR.
    pub det: Vec<[f64; 3]>,
    /// Share of scores in each of 100 steps from -0.5 to 1: genuine, impostor.
    pub histogram: Vec<[f64; 2]>,
    /// How far false matches are concentrated on few persons.
    pub concentration: Vec<Concentration>,
    /// Error rates by the operator's labels.
    pub cohorts: Vec<CohortReport>,
    /// The cohort with most false matches at the configured threshold.
    pub worst_cohort: Option<WorstCohort>,
    /// Error rates by age.
    pub ages: Option<AgeReport>,
    /// The figures of LFW's protocol, for a list in its form.
    pub protocol: Option<Protocol>,
    /// What estimates of a threshold are worth on persons held out.
    pub hold_out: Vec<HoldOutRow>,
}

/// Error rates by age.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AgeReport {
    /// Each band and group at each threshold.
    pub rows: Vec<AgeRates>,
    /// Persons without an age; they are in no row.
    pub without_age: usize,
}

/// One degradation of the genuine probes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RobustnessRow {
    /// Name of the degradation.
    pub kind: &'static str,
    /// Its strength, as text.
    pub level: String,
    /// Number of pairs.
    pub pairs: usize,
    /// No face found, or none that could be measured.
    pub not_found: usize,
    /// Found, and refused by the bounds of quality: the traveller is asked for another picture.
    pub refused_by_quality: usize,
    /// Refusals by quality code.
    pub refusals: Vec<(String, usize)>,
    /// Not found or below the configured threshold, whether or not the bounds of quality would have refused it.
    pub failed: usize,
    /// The same at the threshold of one false match in 100,000; none where the impostor pairs do not hold that rate.
    pub failed_strict: Option<usize>,
    /// Pairs whose picture had the advised eye distance before it was degraded: what a gate's camera delivers.
    pub advised_pairs: usize,
    /// Number of them that failed.
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
    /// Number of pictures in one probe.
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
    /// Name of the stage.
    pub stage: &'static str,
    /// Number of calls.
    pub count: usize,
    /// Median, in milliseconds.
    pub median_ms: f64,
    /// 95th percentile, in milliseconds.
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
    /// The rates of one format, whose name, wire code, id and bytes the caller fills in, as well as what its own lists give.
    #[must_use]
    pub fn of(drawn: &Resampled<'_>, persons: usize, (accept, refer): (f64, f64)) -> Self {
        let all = drawn.all();
        let genuine = score_summary(all.genuine().iter().filter_map(|pair| pair.score));
        let impostors = score_summary(all.impostors().iter().map(crate::NonMated::score));
        let d_prime = genuine.zip(impostors).and_then(|(g, i)| {
            let spread = ((g.sd * g.sd + i.sd * i.sd) / 2.0).sqrt();
            (spread > 0.0).then(|| (g.mean - i.mean) / spread)
        });
        let (points, not_measured) = drawn.points(&RATES);
        let mut places: Vec<f64> = points.iter().map(|point| point.threshold).collect();
        places.push(accept);
        let rates = drawn.rates_at(accept);
        let failed = rates.false_non_matches;
        let rejected = all.false_non_matches(refer);
        Self {
            format: String::new(),
            bytes: 0,
            code: None,
            id: String::new(),
            genuine,
            impostors,
            d_prime,
            configured: Configured {
                accept,
                refer,
                false_matches: rates.false_matches,
                fmr: rates.fmr,
                fmr_interval: rates.fmr_interval,
                fmr_rule_of_three: rates.fmr_rule_of_three,
                false_non_matches: failed,
                fnmr: rates.fnmr,
                fnmr_interval: rates.fnmr_interval,
                fnmr_rule_of_three: rates.fnmr_rule_of_three,
                genuine_referred: failed - rejected.min(failed),
                genuine_rejected: rejected,
                impostors_referred: all.fmr(refer) - all.fmr(accept),
            },
            points,
            not_measured,
            det: all.curve(120),
            histogram: histogram(all),
            concentration: places.iter().filter_map(|at| Concentration::at(all, persons, *at)).collect(),
            cohorts: Vec::new(),
            worst_cohort: None,
            ages: None,
            protocol: None,
            hold_out: Vec::new(),
        }
    }

    /// Where cohorts and ages are looked at: the configured threshold, those of the measured rates, and others asked for.
    #[must_use]
    pub fn places(&self, others: &[f64]) -> Vec<f64> {
        let measured = self.points.iter().map(|point| point.threshold);
        std::iter::once(self.configured.accept).chain(measured).chain(others.iter().copied()).collect()
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
    let impostors = all.impostors().iter().map(|pair| (pair.score(), 1));
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
