//! Tables of the page: cohorts, ages, lists in LFW's form, hold-outs, second faces.
//!
//! Lives here: their markup. Not here: the page around them (`page`).

use crate::cohorts::{CohortReport, WorstCohort};
use crate::hold_out::HoldOutRow;
use crate::markup::{between, error_rate, escaped, percent, range, scientific};
use crate::protocol::Protocol;
use crate::rates::Rates;
use crate::report::{Absent, AgeReport};
use crate::second::SecondFaces;
use std::fmt::Write as _;

const RATES: &str = "<th>persons</th><th>impostor pairs</th><th>false matches</th><th>FMR</th><th>95 %</th>\
                     <th>genuine</th><th>FNMR</th><th>95 %</th></tr>";

fn cells(rates: &Rates) -> String {
    format!(
        "<td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
        rates.persons,
        rates.impostor_pairs,
        rates.false_matches,
        escaped(&error_rate(rates.false_matches, rates.fmr, rates.fmr_rule_of_three, scientific)),
        range(rates.fmr_interval.filter(|_| rates.false_matches > 0), scientific),
        rates.genuine_pairs,
        escaped(&error_rate(rates.false_non_matches, rates.fnmr, rates.fnmr_rule_of_three, percent)),
        range(rates.fnmr_interval.filter(|_| rates.false_non_matches > 0), percent)
    )
}

pub(crate) fn cohorts(out: &mut String, report: &CohortReport) {
    let _ = write!(out, "<table><tr><th>cohort at {:.3}</th>{RATES}", report.threshold);
    for row in &report.cohorts {
        let _ = write!(out, "<tr><td>{}</td>{}", escaped(&row.label), cells(&row.rates));
    }
    let ratio = |ratio: Option<f64>, bound: bool| match ratio {
        Some(ratio) if bound => format!("at least {ratio:.1}"),
        Some(ratio) => format!("{ratio:.1}"),
        None => "not known".to_owned(),
    };
    let _ = write!(
        out,
        "</table><p>Worst ratio between cohorts: FMR {}, FNMR {}.</p>",
        ratio(report.worst_fmr_ratio, report.fmr_ratio_is_bound),
        ratio(report.worst_fnmr_ratio, report.fnmr_ratio_is_bound)
    );
}

pub(crate) fn worst_cohort(out: &mut String, worst: &WorstCohort) {
    let _ = write!(
        out,
        "<p>Worst cohort: {}, FMR {:.1e}{} at the configured threshold. {}.</p>",
        escaped(&worst.label),
        worst.fmr,
        between(worst.fmr_interval, scientific),
        escaped(&worst.needs())
    );
}

pub(crate) fn ages(out: &mut String, report: &AgeReport) {
    let _ = write!(out, "<table><tr><th>ages, who, at</th>{RATES}");
    for row in &report.rows {
        let _ = write!(
            out,
            "<tr><td>{} {} {:.3}{}</td>{}",
            row.band.name(),
            escaped(&row.group.name()),
            row.threshold,
            if row.possible_pairs > row.rates.impostor_pairs { " (pairs drawn)" } else { "" },
            cells(&row.rates)
        );
    }
    let _ = write!(out, "</table><p>{} persons have no age and are in no row.</p>", report.without_age);
}

pub(crate) fn protocol(out: &mut String, protocol: &Protocol) {
    let _ = write!(out, "<p>By LFW's protocol: {}.</p>", protocol.figures());
}

pub(crate) fn hold_out(out: &mut String, rows: &[HoldOutRow]) {
    if rows.is_empty() {
        return;
    }
    out.push_str(
        "<table><tr><th>estimate of a threshold</th><th>false matches expected</th><th>splits</th>\
         <th>held-out FMR / target</th><th>95 %</th><th>interval holds</th><th>interval too low</th></tr>",
    );
    for row in rows {
        let _ = write!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{:.2}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            row.estimate.name(),
            row.expected_false_matches,
            row.splits,
            row.ratio_median,
            range(row.ratio_interval, |v| format!("{v:.2}")),
            percent(row.covered),
            percent(row.too_low)
        );
    }
    out.push_str("</table>");
}

pub(crate) fn second_faces(out: &mut String, faces: &SecondFaces) {
    if faces.pictures > 0 {
        let _ = write!(out, "<p>{}</p>", faces.sentence());
    }
}

pub(crate) fn absent(out: &mut String, absent: &Absent) {
    if absent.pictures.is_empty() {
        return;
    }
    let names: Vec<String> = absent.pictures.iter().take(40).map(|name| escaped(name)).collect();
    let _ = write!(
        out,
        "<p>{}: {}{}</p>",
        absent.sentence(),
        names.join(", "),
        if absent.pictures.len() > 40 { " ..." } else { "" }
    );
}
