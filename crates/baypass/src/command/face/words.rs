//! Words: an evaluation's report in short, for a terminal.
//!
//! Lives here: its sentences. Not here: the figures (`evaluate`), the page and the JSON form, which say more.

use std::fmt::Write as _;

use evaluate::{
    CohortReport, FormatReport, Rates, Report, RobustnessRow, between, error_rate, percent, range, scientific,
};

/// The report in short.
pub(super) fn words(report: &Report) -> String {
    let (data, found) = (&report.data, &report.detection);
    let mut out = format!(
        "model {}\n{} pictures of {} persons ({}): {} genuine pairs, {} impostor pairs{}\nfaces found: {} of {} ({})\n",
        report.model,
        data.pictures,
        data.persons,
        data.layout,
        data.genuine_pairs,
        data.impostor_pairs,
        if data.possible_impostor_pairs > data.impostor_pairs {
            format!(" drawn from {}", data.possible_impostor_pairs)
        } else {
            String::new()
        },
        found.found,
        found.pictures,
        percent(found.rate)
    );
    for (name, why) in found.missed.iter().chain(&data.unreadable).take(20) {
        let _ = writeln!(out, "  {name}: {why}");
    }
    if found.second_faces.pictures > 0 {
        let _ = writeln!(out, "{}", found.second_faces.sentence());
    }
    if !data.absent.pictures.is_empty() {
        let _ = writeln!(out, "{}:", data.absent.sentence());
        for name in data.absent.pictures.iter().take(20) {
            let _ = writeln!(out, "  {name}");
        }
        if data.absent.pictures.len() > 20 {
            let _ = writeln!(out, "  ... all of them are in --json");
        }
    }
    for format in &report.formats {
        rates(&mut out, format);
        more(&mut out, format);
    }
    robustness(&mut out, &report.robustness);
    out.push('\n');
    for row in &report.timing {
        let _ = writeln!(out, "{:<22}{:>8.2} ms, p95 {:.2} ms", row.stage, row.median_ms, row.p95_ms);
    }
    let _ = writeln!(out, "\nNot a certification; what the figures cannot say is in --json and --html.");
    out
}

fn rates(out: &mut String, format: &FormatReport) {
    let _ = writeln!(out, "\n{} ({} bytes), {}", format.format, format.bytes, format.id);
    let _ =
        writeln!(out, "  {:<8}{:>9}  {:<16}{:>9}  {:<18}failed", "FMR", "threshold", "95 %", "FNMR", "95 %");
    for point in &format.points {
        let _ = writeln!(
            out,
            "  {:<8}{:>9.3}  {:<16}{:>9}  {:<18}{}",
            format!("{:.0e}", point.fmr),
            point.threshold,
            range(point.threshold_interval, |v| format!("{v:.3}")),
            percent(point.fnmr),
            range(point.fnmr_interval, percent),
            point.fnmr_rule_of_three.map_or_else(
                || point.false_non_matches.to_string(),
                |bound| format!("0 (rule of three: < {})", percent(bound))
            )
        );
    }
    for row in &format.not_measured {
        let _ = writeln!(
            out,
            "  {:<8} not measured: {:.1} false matches expected, {:.0} impostor pairs needed",
            format!("{:.0e}", row.fmr),
            row.expected_false_matches,
            row.pairs_needed
        );
    }
    let at = &format.configured;
    let _ = writeln!(
        out,
        "  configured: accept {:.2} (FMR {}{}, FNMR {}{}), officer from {:.2}",
        at.accept,
        error_rate(at.false_matches, at.fmr, at.fmr_rule_of_three, scientific),
        between(at.fmr_interval.filter(|_| at.false_matches > 0), scientific),
        error_rate(at.false_non_matches, at.fnmr, at.fnmr_rule_of_three, percent),
        between(at.fnmr_interval, percent),
        at.refer
    );
    for row in &format.concentration {
        let _ = writeln!(
            out,
            "  at {:.3}: {} of the persons take part in half of {} false matches",
            row.threshold,
            percent(row.share_in_half),
            row.false_matches
        );
    }
}

fn more(out: &mut String, format: &FormatReport) {
    for report in &format.cohorts {
        cohorts(out, report);
    }
    if let Some(worst) = &format.worst_cohort {
        let _ = writeln!(
            out,
            "  worst cohort: {}, FMR {:.1e}{} as configured; {}",
            worst.label,
            worst.fmr,
            between(worst.fmr_interval, scientific),
            worst.needs()
        );
    }
    if let Some(ages) = &format.ages {
        for row in &ages.rows {
            let drawn = if row.possible_pairs > row.rates.impostor_pairs { ", drawn" } else { "" };
            let name = format!("{} {}", row.band.name(), row.group.name());
            let _ = writeln!(out, "  ages at {:.3}: {name:<22} {}{drawn}", row.threshold, both(&row.rates));
        }
        let _ = writeln!(out, "  ages: {} persons have none and are in no row", ages.without_age);
    }
    if let Some(protocol) = &format.protocol {
        let _ = writeln!(out, "  LFW's protocol: {}", protocol.figures());
    }
    if !format.hold_out.is_empty() {
        let _ = writeln!(
            out,
            "  thresholds tried on persons held out:\n  {:<26}{:>9}{:>8}  {:<24}{:>9}{:>9}",
            "estimate", "expected", "splits", "held-out FMR / target", "holds", "too low"
        );
    }
    for row in &format.hold_out {
        let ratio = format!("{:.2}{}", row.ratio_median, between(row.ratio_interval, |v| format!("{v:.2}")));
        let _ = writeln!(
            out,
            "  {:<26}{:>9}{:>8}  {ratio:<24}{:>9}{:>9}",
            row.estimate.name(),
            row.expected_false_matches,
            row.splits,
            percent(row.covered),
            percent(row.too_low)
        );
    }
}

fn cohorts(out: &mut String, report: &CohortReport) {
    for row in &report.cohorts {
        let _ = writeln!(out, "  cohorts at {:.3}: {:<22} {}", report.threshold, row.label, both(&row.rates));
    }
    let ratio = report.worst_fmr_ratio.map_or("not known".into(), |ratio| {
        format!("{}{ratio:.1}", if report.fmr_ratio_is_bound { "at least " } else { "" })
    });
    let _ = writeln!(
        out,
        "  cohorts at {:.3}: worst FMR ratio {ratio} among {}",
        report.threshold,
        report.cohorts.len()
    );
}

/// Both rates of some persons.
fn both(rates: &Rates) -> String {
    let mut said = format!(
        "FMR {}{} ({} of {} pairs of {} persons)",
        error_rate(rates.false_matches, rates.fmr, rates.fmr_rule_of_three, scientific),
        between(rates.fmr_interval.filter(|_| rates.false_matches > 0), scientific),
        rates.false_matches,
        rates.impostor_pairs,
        rates.persons
    );
    if rates.genuine_pairs > 0 {
        let _ = write!(
            said,
            ", FNMR {}{} ({} of {})",
            error_rate(rates.false_non_matches, rates.fnmr, rates.fnmr_rule_of_three, percent),
            between(rates.fnmr_interval.filter(|_| rates.false_non_matches > 0), percent),
            rates.false_non_matches,
            rates.genuine_pairs
        );
    }
    said
}

fn robustness(out: &mut String, rows: &[RobustnessRow]) {
    let Some(first) = rows.first() else { return };
    let _ = writeln!(out, "\ndegraded pairs: failed of {}", first.pairs);
    let holds = |holds: Option<bool>| holds.map_or("", |holds| if holds { "  holds" } else { "  MISSED" });
    for row in rows {
        let name = format!("{} {}", row.kind.replace('_', " "), row.level);
        let _ = writeln!(
            out,
            "  {name:<24}{:>4}  (not found {}, refused by quality {}; with the advised eye distance {} of {}){}",
            row.failed,
            row.not_found,
            row.refused_by_quality,
            row.advised_failed,
            row.advised_pairs,
            holds(row.holds)
        );
        if let Some(taken) = &row.sequence {
            let name = format!("  of {} pictures", taken.pictures);
            let (failed, advised) = (taken.failed, taken.advised_failed);
            let _ = writeln!(
                out,
                "  {name:<24}{failed:>4}  (with the advised eye distance {advised} of {}){}",
                row.advised_pairs,
                holds(taken.holds)
            );
        }
    }
}
