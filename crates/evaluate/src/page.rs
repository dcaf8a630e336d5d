//! The page: a report as one HTML file that needs nothing else and reads well on paper.
//!
//! Lives here: its sections and the plots (SVG, drawn here). No script, no font, no picture of anybody. Not here: the tables
//! of cohorts, ages, lists and hold-outs (`tables`).

use crate::markup::{between, error_rate, escaped, percent, range, scientific};
use crate::rates::{NotMeasured, Point};
use crate::report::{FormatReport, Report};
use crate::tables;
use std::fmt::Write as _;

const STYLE: &str = "\
:root{--ink:#1b1f24;--soft:#5c6570;--line:#d4d9df;--a:#0b5fa5;--b:#b3541e;--c:#5c6570}\
*{box-sizing:border-box}body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);margin:2rem auto;max-width:60rem;\
padding:0 1rem}h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.15rem;margin:2rem 0 .5rem;\
border-bottom:1px solid var(--line)}p.lead{color:var(--soft);margin:.2rem 0}table{border-collapse:collapse;width:100%;\
margin:.5rem 0;font-variant-numeric:tabular-nums}th,td{text-align:right;padding:.2rem .5rem;\
border-bottom:1px solid var(--line);vertical-align:top}th:first-child,td:first-child{text-align:left}\
th{font-weight:600;font-size:.85rem;color:var(--soft)}figure{margin:1rem 0}figcaption{color:var(--soft);\
font-size:.85rem}svg{width:100%;height:auto;max-width:46rem;display:block}svg text{font:12px system-ui,sans-serif;\
fill:var(--soft)}.no{color:#a3140f;font-weight:600}.yes{color:#186a2b}li{margin:.2rem 0}\
@media print{body{margin:0;max-width:none;font-size:10pt}h2{break-after:avoid}table,figure{break-inside:avoid}\
tr{break-inside:avoid}@page{margin:16mm}}";

/// The page of a report.
#[must_use]
pub fn page(report: &Report) -> String {
    let data = &report.data;
    let mut out = String::from("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width\"><title>Face evaluation</title>");
    let _ = write!(out, "<style>{STYLE}</style></head><body><h1>Face evaluation</h1>");
    let _ = write!(
        out,
        "<p class=\"lead\">Model {}. {} pictures of {} persons: {} genuine pairs, {} impostor pairs ({}). Intervals: \
         95 %, {} draws of persons, seed {}.</p>",
        escaped(&report.model),
        data.pictures,
        data.persons,
        data.genuine_pairs,
        data.impostor_pairs,
        data.layout,
        data.replicates,
        data.seed
    );
    out.push_str("<p class=\"lead\">FMR: share of impostor pairs at or above a threshold. FNMR: share of genuine pairs \
                  below it, a picture without a usable face counting as below (ISO/IEC 19795-1).</p>");
    detection(&mut out, report);
    if !report.formats.is_empty() {
        out.push_str("<h2>Trade-off</h2>");
        out.push_str(&det_plot(&report.formats));
        out.push_str(&score_plot(&report.formats));
    }
    for format in &report.formats {
        rates(&mut out, format);
    }
    robustness(&mut out, report);
    timing(&mut out, report);
    out.push_str("<h2>What these figures cannot say</h2><ul>");
    for limit in &report.limits {
        let _ = write!(out, "<li>{limit}</li>");
    }
    out.push_str("</ul></body></html>\n");
    out
}

fn detection(out: &mut String, report: &Report) {
    let found = &report.detection;
    let _ = write!(
        out,
        "<h2>Detection</h2><p>{} of {} pictures hold one face that can be measured ({}).",
        found.found,
        found.pictures,
        percent(found.rate)
    );
    if let Some(bound) = found.missed_rule_of_three {
        let _ = write!(out, " None was missed: with 95 % confidence fewer than {} are.", percent(bound));
    }
    out.push_str("</p>");
    tables::second_faces(out, &found.second_faces);
    tables::absent(out, &report.data.absent);
    if !found.missed.is_empty() || !report.data.unreadable.is_empty() {
        out.push_str("<table><tr><th>file</th><th>reason</th></tr>");
        for (name, reason) in found.missed.iter().chain(&report.data.unreadable).take(40) {
            let _ = write!(out, "<tr><td>{}</td><td>{}</td></tr>", escaped(name), escaped(reason));
        }
        out.push_str("</table>");
    }
    if !found.refused_by_quality.is_empty() {
        out.push_str("<p>Bounds of quality for a probe would refuse: ");
        let rows: Vec<String> =
            found.refused_by_quality.iter().map(|(code, count)| format!("{code} {count}")).collect();
        let _ = write!(out, "{}.</p>", escaped(&rows.join(", ")));
    }
    if !found.measures.is_empty() {
        out.push_str("<table><tr><th>measure of quality</th><th>1 %</th><th>median</th><th>99 %</th></tr>");
        for row in &found.measures {
            let _ = write!(
                out,
                "<tr><td>{}</td><td>{:.3}</td><td>{:.3}</td><td>{:.3}</td></tr>",
                row.measure.replace('_', " "),
                row.p1,
                row.median,
                row.p99
            );
        }
        out.push_str("</table>");
    }
}

fn rates(out: &mut String, format: &FormatReport) {
    let _ = write!(
        out,
        "<h2>{}: {} bytes</h2><p class=\"lead\">{}</p>",
        escaped(&format.format),
        format.bytes,
        escaped(&format.id)
    );
    if let Some((genuine, impostors)) = format.genuine.zip(format.impostors) {
        let _ = write!(
            out,
            "<p>Genuine scores: mean {:.3}, sd {:.3}, lowest {:.3}. Impostor scores: mean {:.3}, sd {:.3}, highest \
             {:.3}.{}</p>",
            genuine.mean,
            genuine.sd,
            genuine.lowest,
            impostors.mean,
            impostors.sd,
            impostors.highest,
            format.d_prime.map_or(String::new(), |d| format!(" d' {d:.2}."))
        );
    }
    out.push_str(
        "<table><tr><th>FMR</th><th>threshold</th><th>95 %</th><th>false matches</th><th>FNMR</th>\
                  <th>95 %</th><th>failed</th></tr>",
    );
    for point in &format.points {
        out.push_str(&point_row(point));
    }
    for row in &format.not_measured {
        out.push_str(&not_measured_row(row));
    }
    let configured = &format.configured;
    let _ = write!(
        out,
        "</table><p>As configured: accept from {:.2} (FMR {}{}, FNMR {}{}), officer from {:.2} ({} of the genuine \
         pairs go to an officer, {} are rejected).</p>",
        configured.accept,
        escaped(&error_rate(
            configured.false_matches,
            configured.fmr,
            configured.fmr_rule_of_three,
            scientific
        )),
        between(configured.fmr_interval, scientific),
        escaped(&error_rate(
            configured.false_non_matches,
            configured.fnmr,
            configured.fnmr_rule_of_three,
            percent
        )),
        between(configured.fnmr_interval, percent),
        configured.refer,
        configured.genuine_referred,
        configured.genuine_rejected
    );
    if !format.concentration.is_empty() {
        out.push_str(
            "<table><tr><th>threshold</th><th>false matches</th><th>persons in any</th>\
                      <th>persons in half</th><th>worst / mean</th></tr>",
        );
        for row in &format.concentration {
            let _ = write!(
                out,
                "<tr><td>{:.3}</td><td>{}</td><td>{}</td><td>{}</td><td>{:.1}</td></tr>",
                row.threshold,
                row.false_matches,
                percent(row.share_in_any),
                percent(row.share_in_half),
                row.worst_over_mean
            );
        }
        out.push_str("</table>");
    }
    for report in &format.cohorts {
        tables::cohorts(out, report);
    }
    if let Some(worst) = &format.worst_cohort {
        tables::worst_cohort(out, worst);
    }
    if let Some(ages) = &format.ages {
        tables::ages(out, ages);
    }
    if let Some(protocol) = &format.protocol {
        tables::protocol(out, protocol);
    }
    tables::hold_out(out, &format.hold_out);
}

fn point_row(point: &Point) -> String {
    let failed = point
        .fnmr_rule_of_three
        .map_or_else(|| point.false_non_matches.to_string(), |bound| format!("0 (&lt; {})", percent(bound)));
    format!(
        "<tr><td>{:.0e}</td><td>{:.3}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{failed}</td></tr>",
        point.fmr,
        point.threshold,
        range(point.threshold_interval, |v| format!("{v:.3}")),
        point.false_matches,
        percent(point.fnmr),
        range(point.fnmr_interval, percent),
    )
}

fn not_measured_row(row: &NotMeasured) -> String {
    format!(
        "<tr><td>{:.0e}</td><td colspan=\"6\">not measured: {:.1} false matches expected, {:.0} impostor pairs needed</td></tr>",
        row.fmr, row.expected_false_matches, row.pairs_needed
    )
}

fn robustness(out: &mut String, report: &Report) {
    if report.robustness.is_empty() {
        return;
    }
    out.push_str("<h2>Robustness</h2><p class=\"lead\">Each genuine probe degraded; failed: no face found, or below the \
                  configured threshold. Refused by quality: the traveller would be asked for another picture. Where noise or \
                  blocks fall otherwise on each picture, a lane that takes several sends what they show together.</p>\
                  <table><tr><th>degradation</th><th>pairs</th><th>not found</th><th>refused by quality</th>\
                  <th>failed</th><th>failed at FMR 1e-5</th><th>failed of those with the advised eye distance</th><th>mean score</th><th>promise</th>");
    let pictures = report.robustness.iter().find_map(|row| row.sequence.as_ref()).map_or(0, |s| s.pictures);
    let _ = write!(out, "<th>failed with {pictures} pictures</th></tr>");
    let promise = |holds: Option<bool>| match holds {
        Some(true) => "<span class=\"yes\">holds</span>",
        Some(false) => "<span class=\"no\">missed</span>",
        None => "",
    };
    for row in &report.robustness {
        let sequence =
            row.sequence.as_ref().map_or_else(String::new, |s| format!("{} {}", s.failed, promise(s.holds)));
        let _ = write!(
            out,
            "<tr><td>{} {}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{} of {}</td><td>{}</td><td>{}</td><td>{sequence}</td></tr>",
            row.kind.replace('_', " "),
            row.level,
            row.pairs,
            row.not_found,
            row.refused_by_quality,
            row.failed,
            row.failed_strict.map_or_else(|| "not measured".to_owned(), |failed| failed.to_string()),
            row.advised_failed,
            row.advised_pairs,
            row.mean_score.map_or(String::new(), |s| format!("{s:.3}")),
            promise(row.holds)
        );
    }
    out.push_str("</table>");
}

fn timing(out: &mut String, report: &Report) {
    out.push_str("<h2>Time</h2><table><tr><th>stage, one thread</th><th>calls</th><th>median ms</th><th>p95 ms</th></tr>");
    for row in &report.timing {
        let _ = write!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{:.2}</td><td>{:.2}</td></tr>",
            row.stage, row.count, row.median_ms, row.p95_ms
        );
    }
    out.push_str("</table>");
}

const COLOURS: [(&str, &str); 3] = [("var(--a)", ""), ("var(--b)", "6 3"), ("var(--c)", "2 2")];
const LEFT: f64 = 60.0;
const TOP: f64 = 14.0;
const WIDE: f64 = 600.0;
const HIGH: f64 = 300.0;

/// FMR and FNMR, both logarithmic. Whiskers are the intervals.
fn det_plot(formats: &[FormatReport]) -> String {
    let x = |fmr: f64| LEFT + WIDE * (fmr.max(1e-7).log10() + 7.0) / 7.0;
    let y = |fnmr: f64| TOP + HIGH * (1.0 - (fnmr.clamp(1e-3, 1.0).log10() + 3.0) / 3.0);
    let mut plot = frame("Detection error trade-off");
    for power in -7..=0 {
        let fmr = 10_f64.powi(power);
        plot.push_str(&grid_x(x(fmr), &format!("1e{power}")));
    }
    for (fnmr, label) in [(1e-3, "0.1 %"), (1e-2, "1 %"), (1e-1, "10 %"), (1.0, "100 %")] {
        plot.push_str(&grid_y(y(fnmr), label));
    }
    for (format, (colour, dash)) in formats.iter().zip(COLOURS) {
        let line: Vec<String> =
            format.det.iter().map(|[_, fmr, fnmr]| format!("{:.1},{:.1}", x(*fmr), y(*fnmr))).collect();
        let _ = write!(
            plot,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\" stroke-dasharray=\"{dash}\" points=\"{}\"/>",
            line.join(" ")
        );
        for point in &format.points {
            let (px, py) = (x(point.fmr), y(point.fnmr));
            if let Some(interval) = point.fnmr_interval {
                let _ = write!(
                    plot,
                    "<path d=\"M{px:.1} {:.1}V{:.1}\" stroke=\"{colour}\"/>",
                    y(interval.low),
                    y(interval.high)
                );
            }
            let _ = write!(
                plot,
                "<circle cx=\"{px:.1}\" cy=\"{py:.1}\" r=\"3.5\" fill=\"{colour}\" stroke=\"{colour}\"/>"
            );
        }
    }
    plot.push_str(&legend(formats));
    plot.push_str(&axes("FMR", "FNMR"));
    format!(
        "<figure>{plot}</svg><figcaption>FNMR against FMR, both logarithmic; below 0.1 % drawn at 0.1 %. Whiskers: 95 % \
         by drawing persons.</figcaption></figure>"
    )
}

fn score_plot(formats: &[FormatReport]) -> String {
    let Some(format) = formats.first() else { return String::new() };
    let x = |score: f64| LEFT + WIDE * (score + 0.5) / 1.5;
    let most = format.histogram.iter().flatten().copied().fold(0.0, f64::max).max(1e-9);
    let mut plot = frame("Scores");
    for tenth in [-4, -2, 0, 2, 4, 6, 8, 10] {
        let score = f64::from(tenth) / 10.0;
        plot.push_str(&grid_x(x(score), &format!("{score:.1}")));
    }
    for (which, colour) in [(1, "var(--c)"), (0, "var(--a)")] {
        let mut path = format!("M{LEFT} {:.1}", TOP + HIGH);
        for (bin, shares) in format.histogram.iter().enumerate() {
            let share = shares.get(which).copied().unwrap_or_default();
            let (left, top) = (x(bin as f64 * 0.015 - 0.5), TOP + HIGH * (1.0 - share / most));
            let _ = write!(path, "L{left:.1} {top:.1}L{:.1} {top:.1}", left + WIDE / 100.0);
        }
        let _ = write!(
            plot,
            "<path d=\"{path}L{:.1} {:.1}Z\" fill=\"{colour}\" fill-opacity=\".25\" stroke=\"{colour}\"/>",
            LEFT + WIDE,
            TOP + HIGH
        );
    }
    for (at, name) in [(format.configured.refer, "officer"), (format.configured.accept, "accept")] {
        let _ = write!(
            plot,
            "<path d=\"M{0:.1} {TOP}V{1:.1}\" stroke=\"var(--b)\" stroke-dasharray=\"4 3\"/><text x=\"{2:.1}\" \
             y=\"{3:.1}\" transform=\"rotate(-90 {2:.1} {3:.1})\" text-anchor=\"end\">{name}</text>",
            x(at),
            TOP + HIGH,
            x(at) - 4.0,
            TOP + 4.0
        );
    }
    plot.push_str(&axes("score", "share of pairs"));
    format!(
        "<figure>{plot}</svg><figcaption>Scores of {}: impostor pairs grey, genuine pairs blue, each scaled to its own \
         number of pairs.</figcaption></figure>",
        escaped(&format.format)
    )
}

fn frame(title: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{title}\" xmlns=\"http://www.w3.org/2000/svg\">",
        LEFT + WIDE + 20.0,
        TOP + HIGH + 44.0
    )
}

fn grid_x(x: f64, label: &str) -> String {
    format!(
        "<path d=\"M{x:.1} {TOP}V{:.1}\" stroke=\"var(--line)\"/><text x=\"{x:.1}\" y=\"{:.1}\" \
         text-anchor=\"middle\">{label}</text>",
        TOP + HIGH,
        TOP + HIGH + 17.0
    )
}

fn grid_y(y: f64, label: &str) -> String {
    format!(
        "<path d=\"M{LEFT} {y:.1}H{:.1}\" stroke=\"var(--line)\"/><text x=\"{:.1}\" y=\"{:.1}\" \
         text-anchor=\"end\">{label}</text>",
        LEFT + WIDE,
        LEFT - 6.0,
        y + 4.0
    )
}

fn axes(x: &str, y: &str) -> String {
    format!(
        "<rect x=\"{LEFT}\" y=\"{TOP}\" width=\"{WIDE}\" height=\"{HIGH}\" fill=\"none\" stroke=\"var(--soft)\"/>\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{x}</text><text x=\"12\" y=\"{2:.1}\" \
         transform=\"rotate(-90 12 {2:.1})\" text-anchor=\"middle\">{y}</text>",
        LEFT + WIDE / 2.0,
        TOP + HIGH + 36.0,
        TOP + HIGH / 2.0
    )
}

fn legend(formats: &[FormatReport]) -> String {
    let mut out = String::new();
    for (row, (format, (colour, dash))) in formats.iter().zip(COLOURS).enumerate() {
        let y = TOP + 18.0 + 18.0 * row as f64;
        let _ = write!(
            out,
            "<path d=\"M{:.1} {y}h24\" stroke=\"{colour}\" stroke-width=\"1.8\" stroke-dasharray=\"{dash}\"/><text \
             x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            LEFT + WIDE - 130.0,
            LEFT + WIDE - 100.0,
            y + 4.0,
            escaped(&format.format)
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Absent, AgeRates, AgeReport, Band, Cohorts, Comparisons, Data, Detection, FoldedPair, Group, Mated,
        NonMated, Protocol, SecondFace, SecondFaces, hold_out,
    };

    fn report() -> Report {
        let genuine = (0..30).map(|person| Mated { person, score: Some(0.7) }).collect();
        let impostors: Vec<NonMated> = (0..30)
            .flat_map(|a| (0..a).map(move |b| NonMated::new([a, b], (a * b % 97) as f32 / 200.0)))
            .collect();
        let all = Comparisons::new(30, genuine, impostors);
        let mut format = FormatReport::of(&all.resampled(50, 1), 30, (0.46, 0.38));
        let names: Vec<String> = (0..30).map(|i| format!("P{i}")).collect();
        let labels = Cohorts::read("P1,<b>\nP2,<b>\nP3,c\nP4,c\n").unwrap();
        (format.cohorts, format.worst_cohort) = labels.reports(&all, &names, &[0.1], 50, 1);
        let band = Band::of(4).unwrap();
        let group = Group::Within("<i>".into());
        let rates = all.resampled(50, 1).rates_at(0.4);
        let row = AgeRates { band, group, threshold: 0.4, possible_pairs: 500, rates };
        format.ages = Some(AgeReport { rows: vec![row], without_age: 3 });
        let pair = |fold, same, score| FoldedPair { fold, same, score: Some(score) };
        format.protocol =
            Protocol::of(&[pair(0, true, 0.9), pair(0, false, 0.1), pair(1, true, 0.9), pair(1, false, 0.1)]);
        format.hold_out = hold_out(&all, 2, 1);
        format.format = "compact72".into();
        Report {
            form: "baypass-face-evaluation-1",
            model: "a<b".into(),
            data: Data {
                layout: "portraits and genuine pairs",
                pictures: 60,
                persons: 30,
                genuine_pairs: 30,
                impostor_pairs: 435,
                possible_impostor_pairs: 435,
                absent: Absent {
                    genuine_pairs: 2,
                    impostor_pairs: 3,
                    pictures: vec!["<u>/<u>_0001.jpg".into()],
                },
                unreadable: vec![("<script>.jpg".into(), "cut".into())],
                seed: 1,
                replicates: 50,
            },
            detection: Detection {
                pictures: 60,
                found: 60,
                rate: 1.0,
                missed_rule_of_three: Some(0.05),
                missed: vec![],
                refused_by_quality: vec![],
                measures: vec![],
                second_faces: SecondFaces::of(&[SecondFace { share: 0.5, refused: true }]),
            },
            formats: vec![format],
            robustness: vec![],
            timing: vec![],
            limits: vec!["nothing"],
        }
    }

    #[test]
    fn the_page_says_what_is_not_measured_and_carries_no_markup_from_a_file_name() {
        let page = page(&report());
        assert!(
            page.contains("not measured: 0.0 false matches expected")
                && !page.contains("extrapolated")
                && page.contains("<svg")
                && page.contains("@media print")
        );
        assert!(page.contains("&lt;script&gt;.jpg") && !page.contains("<script"));
        assert!(page.contains("a&lt;b") && !page.contains("NaN") && !page.contains("inf"));
        for markup in ["<b>", "<i>", "<u>"] {
            assert!(!page.contains(markup), "{markup} came through");
        }
        for said in ["2 genuine and 3 impostor pairs", "3-6", "1 pictures show a second face", "100.00 %"] {
            assert!(page.contains(said), "{said} is missing");
        }
        assert_eq!(page.matches("<table").count(), page.matches("</table>").count());
        assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    }
}
