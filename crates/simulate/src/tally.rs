//! Tally: counts of what happened, of one size however many crossings there were; parts of the people are counted apart and added up.
//!
//! Lives here: [`Tally`], [`Histogram`]. Not here: rates, intervals and curves (`figures`), the report.

use std::collections::BTreeMap;

/// Scores that are told apart.
pub(crate) const SCORES: usize = 256;
/// Seconds that are told apart.
const SECONDS: usize = 1801;
/// Most weeks.
pub(crate) const WEEKS: usize = 53;
/// What is watched from week to week: the engine's score, and four signals.
pub(crate) const WATCHED: [&str; 5] =
    ["score", "face_margin", "capture_quality", "liveness_score", "code_age_seconds"];
/// Edges between the bands of each.
const EDGES: [&[i64]; 5] = [
    &[1, 10, 30, 90],
    &[0, 60, 120, 180, 240, 300, 360],
    &[300, 500, 600, 700, 800, 900],
    &[200, 500, 700, 800, 850, 900, 950],
    &[0, 3, 6, 9, 12, 15, 20],
];
/// Most bands of one of them.
pub(crate) const BANDS: usize = 8;

/// Counts by a whole number, the last one for all above.
#[derive(Debug, Clone)]
pub(crate) struct Histogram(Vec<u64>);

impl Histogram {
    pub fn new(size: usize) -> Self {
        Self(vec![0; size])
    }

    pub fn add(&mut self, value: i64) {
        let at = usize::try_from(value).unwrap_or(0).min(self.0.len().saturating_sub(1));
        if let Some(count) = self.0.get_mut(at) {
            *count += 1;
        }
    }

    pub fn join(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine += theirs;
        }
    }

    pub fn counts(&self) -> &[u64] {
        &self.0
    }

    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The value at or below which so many hundredths lie; 0 where there is nothing.
    pub fn percentile(&self, hundredths: u64) -> u64 {
        let wanted = (self.total() * hundredths).div_ceil(100);
        let mut so_far = 0;
        for (value, count) in self.0.iter().enumerate() {
            so_far += count;
            if so_far >= wanted && so_far > 0 {
                return u64::try_from(value).unwrap_or(0);
            }
        }
        0
    }
}

/// Counts of one kind of fraud.
#[derive(Debug, Clone)]
pub(crate) struct OfKind {
    pub crossings: u64,
    pub found: u64,
    pub found_without_face: u64,
    pub refused: u64,
    pub by_status: u64,
    pub by_documents: u64,
    pub scores: Histogram,
    pub scores_without_face: Histogram,
    pub by_rule: Vec<u64>,
}

/// All counts.
#[derive(Debug, Clone)]
pub(crate) struct Tally {
    /// Judgements: two a crossing.
    pub judged: u64,
    pub honest: u64,
    pub stepped: u64,
    pub stepped_without_face: u64,
    /// Crossings on which the lot alone fell.
    pub lot_alone: u64,
    /// Crossings of a holder whose pass is misused meanwhile: neither honest nor fraud.
    pub of_holders: u64,
    pub of_holders_stepped: u64,
    pub refused_by_documents: u64,
    pub asked_by_documents: u64,
    /// Why the rules of documents refused honest people, by reason.
    pub refusals: BTreeMap<&'static str, u64>,
    /// Ways that fell away: by a counter, or because the way out did.
    pub not_at_lanes: u64,
    pub seconds: Histogram,
    pub scores: Histogram,
    pub scores_without_face: Histogram,
    pub by_rule: Vec<u64>,
    /// Honest crossings by rule that could not decide, and without rules.
    pub undecided: u64,
    pub kinds: Vec<OfKind>,
    pub weeks: Vec<[[u64; BANDS]; 5]>,
    pub longest_wait: i64,
}

impl Tally {
    pub fn new(rules: usize, kinds: usize) -> Self {
        let kind = OfKind {
            crossings: 0,
            found: 0,
            found_without_face: 0,
            refused: 0,
            by_status: 0,
            by_documents: 0,
            scores: Histogram::new(SCORES),
            scores_without_face: Histogram::new(SCORES),
            by_rule: vec![0; rules],
        };
        Self {
            judged: 0,
            honest: 0,
            stepped: 0,
            stepped_without_face: 0,
            lot_alone: 0,
            of_holders: 0,
            of_holders_stepped: 0,
            refused_by_documents: 0,
            asked_by_documents: 0,
            refusals: BTreeMap::new(),
            not_at_lanes: 0,
            seconds: Histogram::new(SECONDS),
            scores: Histogram::new(SCORES),
            scores_without_face: Histogram::new(SCORES),
            by_rule: vec![0; rules],
            undecided: 0,
            kinds: vec![kind; kinds],
            weeks: Vec::new(),
            longest_wait: 0,
        }
    }

    /// Notes a crossing for the comparison of weeks; whose it is does not count.
    pub fn watch(&mut self, week: usize, values: [i64; 5]) {
        while self.weeks.len() <= week.min(WEEKS) {
            self.weeks.push([[0; BANDS]; 5]);
        }
        let Some(bands) = self.weeks.get_mut(week) else { return };
        for ((bands, edges), value) in bands.iter_mut().zip(EDGES).zip(values) {
            let band = edges.iter().filter(|edge| value >= **edge).count();
            if let Some(count) = bands.get_mut(band) {
                *count += 1;
            }
        }
    }

    pub fn join(&mut self, other: &Self) {
        let add =
            |mine: &mut Vec<u64>, theirs: &[u64]| mine.iter_mut().zip(theirs).for_each(|(a, b)| *a += b);
        self.judged += other.judged;
        self.honest += other.honest;
        self.stepped += other.stepped;
        self.stepped_without_face += other.stepped_without_face;
        self.lot_alone += other.lot_alone;
        self.of_holders += other.of_holders;
        self.of_holders_stepped += other.of_holders_stepped;
        self.refused_by_documents += other.refused_by_documents;
        self.asked_by_documents += other.asked_by_documents;
        self.not_at_lanes += other.not_at_lanes;
        for (reason, count) in &other.refusals {
            *self.refusals.entry(reason).or_default() += count;
        }
        self.undecided += other.undecided;
        self.longest_wait = self.longest_wait.max(other.longest_wait);
        self.seconds.join(&other.seconds);
        self.scores.join(&other.scores);
        self.scores_without_face.join(&other.scores_without_face);
        add(&mut self.by_rule, &other.by_rule);
        for (mine, theirs) in self.kinds.iter_mut().zip(&other.kinds) {
            mine.crossings += theirs.crossings;
            mine.found += theirs.found;
            mine.found_without_face += theirs.found_without_face;
            mine.refused += theirs.refused;
            mine.by_status += theirs.by_status;
            mine.by_documents += theirs.by_documents;
            mine.scores.join(&theirs.scores);
            mine.scores_without_face.join(&theirs.scores_without_face);
            add(&mut mine.by_rule, &theirs.by_rule);
        }
        while self.weeks.len() < other.weeks.len() {
            self.weeks.push([[0; BANDS]; 5]);
        }
        for (mine, theirs) in self.weeks.iter_mut().zip(&other.weeks) {
            for (mine, theirs) in mine.iter_mut().zip(theirs) {
                mine.iter_mut().zip(theirs).for_each(|(a, b)| *a += b);
            }
        }
    }
}
