//! Report: what a run measured, by kind of fraud, for honest travellers, groups, weeks and lanes; each figure beside its bar.
//!
//! Lives here: [`Report`] and its parts, all to be written as JSON. Not here: the page (`page`), counting (`tally`).

use std::collections::BTreeMap;

use documents::AuthorityCode;
use risk::rules::RuleSet;
use serde::Serialize;

use crate::cases::Case;
use crate::figures::{
    Group, GroupRatio, Point, Rate, average_precision, curve, group_ratio, ratio, rounded, stability,
};
use crate::inputs::{Inputs, Settings};
use crate::population::{Person, Shard};
use crate::scenario::Kind;
use crate::tally::{OfKind, Tally, WATCHED};

/// The share of honest crossings that may be asked for more, and the worst ratio of false alarms between groups.
const MOST_STEPPED: f64 = 0.005;
const MOST_RATIO: f64 = 1.25;

/// What a run measured.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// From which seed, how large, with which files.
    pub run: RunFacts,
    /// Honest travellers.
    pub honest: Honest,
    /// Each kind of fraud.
    pub kinds: Vec<KindReport>,
    /// All kinds together: crossings with a measure that were fraud, of all with a measure.
    pub precision: Rate,
    /// False alarms between groups, which the engine never sees.
    pub groups: Vec<GroupRatio>,
    /// Week after week.
    pub weeks: Vec<WeekReport>,
    /// Lanes.
    pub lanes: LaneReport,
    /// Figures that must hold.
    pub bars: Vec<Bar>,
}

/// From which seed, how large, with which files.
#[derive(Debug, Clone, Serialize)]
pub struct RunFacts {
    /// The seed.
    pub seed: u64,
    /// People.
    pub residents: u32,
    /// Days.
    pub days: u32,
    /// The first day.
    pub start: String,
    /// The scenario's name.
    pub scenario: String,
    /// The rules' name; none where an authority has none.
    pub rules: Option<String>,
    /// SHA-256 of the rules.
    pub rules_hash: Option<String>,
    /// How often an authority's engine was asked: twice a crossing.
    pub judgements: u64,
    /// The longest wait before a lane, in seconds.
    pub longest_wait_seconds: i64,
}

/// A rule, and how many crossings it held at.
#[derive(Debug, Clone, Serialize)]
pub struct RuleCount {
    /// The rule.
    pub rule: String,
    /// Crossings.
    pub crossings: u64,
}

/// Honest travellers.
#[derive(Debug, Clone, Serialize)]
pub struct Honest {
    /// Crossings of honest people whose pass nobody misuses.
    pub crossings: u64,
    /// Of them those at which either authority asked for any measure, the lot apart.
    pub stepped_up: Rate,
    /// The same by rules that do not read the face comparison.
    pub stepped_up_without_face: Rate,
    /// People asked at least once in all days, of those who crossed.
    pub people_stepped_up: Rate,
    /// Crossings on which the lot alone fell, at either authority.
    pub lot_alone: Rate,
    /// Seconds of those who were asked: the half, and 95 of 100.
    pub seconds_median: u64,
    /// 95 of 100.
    pub seconds_p95: u64,
    /// Seconds added to a mean crossing.
    pub seconds_mean_of_all: f64,
    /// Which rules asked.
    pub by_rule: Vec<RuleCount>,
    /// Crossings at which a rule could not decide.
    pub undecided: u64,
    /// Refused by the rules of documents, and asked for a measure by them.
    pub refused_by_documents: u64,
    /// Asked for a measure by them.
    pub asked_by_documents: u64,
    /// Why they refused, by reason.
    pub refusals: BTreeMap<&'static str, u64>,
    /// Crossings of holders whose pass was misused meanwhile, counted apart, and those with a measure.
    pub of_victims: Rate,
}

/// One kind of fraud.
#[derive(Debug, Clone, Serialize)]
pub struct KindReport {
    /// Its name.
    pub kind: String,
    /// Its sentence.
    pub says: String,
    /// Cases in which a fraudulent crossing was tried.
    pub injected: u64,
    /// Crossings of them.
    pub crossings: u64,
    /// Cases in which either authority asked for a measure at a fraudulent crossing, or at the holder's own that a doubt of a copied device or
    /// an impossible journey was raised; of an
    /// insider: cases of which a lane's operator was told.
    pub recall: Rate,
    /// The same by rules that do not read the face comparison.
    pub recall_without_face: Rate,
    /// Cases found at the first crossing; of an insider, whose shift is told or not, the same as the recall.
    pub before_second: Rate,
    /// Fraudulent crossings with a measure, of them and the honest ones with a measure.
    pub precision: Rate,
    /// Area under the precision-recall curve, by crossings.
    pub area: f64,
    /// What a score that knows nothing would have.
    pub baseline: f64,
    /// Crossings found.
    pub crossings_found: Rate,
    /// Crossings that ended at the lane.
    pub crossings_refused: Rate,
    /// Cases that the rules of documents stopped as well.
    pub by_documents: u64,
    /// Cases that the status list ended.
    pub by_status: u64,
    /// Which rules asked.
    pub by_rule: Vec<RuleCount>,
    /// The curve.
    pub curve: Vec<Point>,
    /// The curve by rules that do not read the face comparison.
    pub curve_without_face: Vec<Point>,
}

/// How the bands of a week differ from those of the week before.
#[derive(Debug, Clone, Serialize)]
pub struct WeekReport {
    /// The week, from 1.
    pub week: usize,
    /// Crossings.
    pub crossings: u64,
    /// The population stability index of the score and of four signals; none in the first week.
    pub index: Option<Vec<Watched>>,
}

/// One watched value.
#[derive(Debug, Clone, Serialize)]
pub struct Watched {
    /// Its name.
    pub name: &'static str,
    /// Its index.
    pub index: f64,
}

/// Lanes: what is told to operators.
#[derive(Debug, Clone, Serialize)]
pub struct LaneReport {
    /// Lane hours with an attempt.
    pub hours: u64,
    /// Lane hours of which a rule about the lane told.
    pub told: u64,
    /// Lane hours with an insider, and those of them that were told.
    pub insider: Rate,
    /// Told lane hours with an insider, of all that were told.
    pub precision: Rate,
}

/// A figure that must hold.
#[derive(Debug, Clone, Serialize)]
pub struct Bar {
    /// What it is.
    pub figure: String,
    /// What must be.
    pub bar: String,
    /// What is; none where too little was seen.
    pub measured: Option<f64>,
    /// Whether it holds; none where too little was seen.
    pub held: Option<bool>,
}

pub(crate) fn report(
    inputs: &Inputs,
    settings: &Settings,
    tally: &Tally,
    (shards, cases): (&[Shard], &[Vec<Case>]),
    lane_hours: [u64; 4],
) -> Report {
    let people: Vec<&Person> = shards.iter().flat_map(|shard| &shard.people).collect();
    let kinds: Vec<KindReport> = inputs
        .scenario
        .kinds
        .iter()
        .zip(&tally.kinds)
        .enumerate()
        .map(|(at, (kind, counts))| of_kind(inputs, (at, kind), counts, tally, cases))
        .collect();
    let groups = groups(&people);
    let found: u64 = tally.kinds.iter().map(|kind| kind.found).sum();
    let mut report = Report {
        run: run_facts(inputs, settings, tally),
        honest: honest(inputs, tally, &people),
        precision: Rate::new(found, found + tally.stepped),
        kinds,
        groups,
        weeks: weeks(tally),
        lanes: LaneReport {
            hours: lane_hours[0],
            told: lane_hours[1],
            insider: Rate::new(lane_hours[3], lane_hours[2]),
            precision: Rate::new(lane_hours[3], lane_hours[1]),
        },
        bars: Vec::new(),
    };
    report.bars = bars(&report, &inputs.scenario.kinds);
    report
}

fn run_facts(inputs: &Inputs, settings: &Settings, tally: &Tally) -> RunFacts {
    let hex = |hash: &[u8; 32]| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    RunFacts {
        seed: settings.seed,
        residents: settings.residents,
        days: settings.days,
        start: settings.start.to_string(),
        scenario: inputs.scenario.name.clone(),
        rules: inputs.rules.as_ref().map(|set| set.name().to_owned()),
        rules_hash: inputs.rules.as_ref().map(|set| hex(set.hash())),
        judgements: tally.judged,
        longest_wait_seconds: tally.longest_wait,
    }
}

fn honest(inputs: &Inputs, tally: &Tally, people: &[&Person]) -> Honest {
    let count =
        |fits: &dyn Fn(&&&Person) -> bool| u64::try_from(people.iter().filter(fits).count()).unwrap_or(0);
    let crossed = count(&|person| person.audit.crossings > 0);
    let alarmed = count(&|person| person.audit.alarmed > 0);
    let seconds =
        tally.seconds.counts().iter().zip(0..).map(|(count, seconds): (&u64, u64)| count * seconds).sum();
    Honest {
        crossings: tally.honest,
        stepped_up: Rate::new(tally.stepped, tally.honest),
        stepped_up_without_face: Rate::new(tally.stepped_without_face, tally.honest),
        people_stepped_up: Rate::new(alarmed, crossed),
        lot_alone: Rate::new(tally.lot_alone, tally.honest),
        seconds_median: tally.seconds.percentile(50),
        seconds_p95: tally.seconds.percentile(95),
        seconds_mean_of_all: rounded(ratio(seconds, tally.honest)),
        by_rule: by_rule(inputs, &tally.by_rule),
        undecided: tally.undecided,
        refused_by_documents: tally.refused_by_documents,
        asked_by_documents: tally.asked_by_documents,
        refusals: tally.refusals.clone(),
        of_victims: Rate::new(tally.of_holders_stepped, tally.of_holders),
    }
}

/// The rules that held, the most frequent first.
fn by_rule(inputs: &Inputs, counts: &[u64]) -> Vec<RuleCount> {
    let rules = inputs.rules.iter().flat_map(RuleSet::rules);
    let mut all: Vec<RuleCount> = rules
        .zip(counts)
        .filter(|(_, count)| **count > 0)
        .map(|(rule, count)| RuleCount { rule: rule.id.as_str().to_owned(), crossings: *count })
        .collect();
    all.sort_by_key(|count| std::cmp::Reverse(count.crossings));
    all
}

fn of_kind(
    inputs: &Inputs,
    (at, kind): (usize, &Kind),
    counts: &OfKind,
    tally: &Tally,
    cases: &[Vec<Case>],
) -> KindReport {
    let stories: Vec<_> = cases
        .iter()
        .flatten()
        .filter(|case| case.kind == at && (case.story.crossings > 0 || case.story.by_status))
        .map(|case| case.story)
        .collect();
    let count = |fits: &dyn Fn(&crate::cases::Story) -> bool| {
        u64::try_from(stories.iter().filter(|story| fits(story)).count()).unwrap_or(0)
    };
    let tried = count(&|story| story.crossings > 0);
    let found = |story: &crate::cases::Story| story.first_found > 0 || story.at_holders_own;
    let found = if kind.insider { count(&|story| story.by_lane) } else { count(&found) };
    let without = if kind.insider {
        count(&|story| story.by_lane)
    } else {
        count(&|story| story.first_found_without_face > 0 || story.at_holders_own)
    };
    let curve_all = curve(&counts.scores, &tally.scores);
    KindReport {
        kind: kind.name.clone(),
        says: kind.says.clone(),
        injected: tried,
        crossings: counts.crossings,
        recall: Rate::new(found, tried),
        recall_without_face: Rate::new(without, tried),
        before_second: Rate::new(
            if kind.insider { found } else { count(&|story| story.first_found == 1) },
            tried,
        ),
        precision: Rate::new(counts.found, counts.found + tally.stepped),
        area: average_precision(&curve_all),
        baseline: rounded(ratio(counts.crossings, counts.crossings + tally.honest)),
        crossings_found: Rate::new(counts.found, counts.crossings),
        crossings_refused: Rate::new(counts.refused, counts.crossings),
        by_documents: count(&|story| story.by_documents),
        by_status: counts.by_status,
        by_rule: by_rule(inputs, &counts.by_rule),
        curve: curve_all,
        curve_without_face: curve(&counts.scores_without_face, &tally.scores_without_face),
    }
}

fn groups(people: &[&Person]) -> Vec<GroupRatio> {
    let group = |name, fits: &dyn Fn(&Person) -> bool| {
        let of: Vec<(u32, u32)> = people
            .iter()
            .filter(|person| fits(person))
            .map(|person| (person.audit.crossings, person.audit.alarmed))
            .collect();
        Group::new(name, of.into_iter())
    };
    let home = |code: AuthorityCode| move |person: &Person| person.holder.home == code;
    vec![
        group_ratio(
            "residence",
            vec![
                group("CHN", &home(AuthorityCode::Chn)),
                group("HKG", &home(AuthorityCode::Hkg)),
                group("MAC", &home(AuthorityCode::Mac)),
            ],
        ),
        group_ratio(
            "age",
            vec![
                group("under 18", &|person| person.age < 18),
                group("18 to 59", &|person| (18..60).contains(&person.age)),
                group("60 and over", &|person| person.age >= 60),
            ],
        ),
        group_ratio(
            "sex",
            vec![group("women", &|person| person.female), group("men", &|person| !person.female)],
        ),
    ]
}

fn weeks(tally: &Tally) -> Vec<WeekReport> {
    let mut before = None;
    let mut weeks = Vec::new();
    for (at, bands) in tally.weeks.iter().enumerate() {
        let crossings = bands.first().map_or(0, |bands| bands.iter().sum());
        let index = before.map(|before: &[[u64; 8]; 5]| {
            let pairs = before.iter().zip(bands).zip(WATCHED);
            pairs.map(|((before, after), name)| Watched { name, index: stability(before, after) }).collect()
        });
        weeks.push(WeekReport { week: at + 1, crossings, index });
        before = Some(bands);
    }
    weeks
}

fn bars(report: &Report, kinds: &[Kind]) -> Vec<Bar> {
    let stepped = report.honest.stepped_up.share;
    let mut bars = vec![Bar {
        figure: "honest crossings asked for more".to_owned(),
        bar: "at most 0.5 %".to_owned(),
        measured: Some(stepped),
        held: Some(stepped <= MOST_STEPPED),
    }];
    let least = |figure: String, bar: Option<u32>, rate: &Rate, value: f64| {
        bar.map(|bar| {
            let wanted = f64::from(bar) / 1e6;
            // Nothing was tried: nothing was shown.
            let seen = rate.of > 0;
            Bar {
                figure,
                bar: format!("at least {:.0} %", wanted * 100.0),
                measured: seen.then_some(value),
                held: seen.then_some(value >= wanted),
            }
        })
    };
    for (kind, of) in kinds.iter().zip(&report.kinds) {
        bars.extend(least(format!("{}: recall", kind.name), kind.bars.recall, &of.recall, of.recall.share));
        let lower = format!("{}: recall, lower end", kind.name);
        bars.extend(least(lower, kind.bars.lower, &of.recall, of.recall.low));
        let second = format!("{}: found before the second crossing", kind.name);
        bars.extend(least(second, kind.bars.before_second, &of.before_second, of.before_second.share));
    }
    for ratio in &report.groups {
        bars.push(Bar {
            figure: format!("false alarms between groups by {}", ratio.attribute),
            bar: "at most 1.25, with 300 alarms a group".to_owned(),
            measured: ratio.worst,
            held: ratio.worst.map(|worst| worst <= MOST_RATIO),
        });
    }
    bars
}
