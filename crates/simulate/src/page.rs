//! Page: the report as one HTML file that reads well on paper: tables, and curves drawn as SVG. Nothing is loaded from anywhere.
//!
//! Lives here: [`page`]. Not here: figures (`report`).

use std::fmt::Write as _;

use crate::figures::{GroupRatio, Point, Rate, real};
use crate::report::{Bar, KindReport, Report, RuleCount};

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}\
    h2{margin-top:2rem}table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}\
    th,td{text-align:right;padding:.2rem .5rem;border-bottom:1px solid #ccc;vertical-align:top}\
    td{white-space:nowrap}th:first-child,td:first-child,td.text,th.text{text-align:left;white-space:normal}\
    .held{color:#1b6e3c}.missed{color:#b3261e;font-weight:bold}.few{color:#666}\
    .curves{display:grid;grid-template-columns:repeat(2,1fr);gap:1rem}figure{margin:0;break-inside:avoid}\
    figcaption{font-size:13px}svg{width:100%;height:auto}svg text{font:11px system-ui,sans-serif;fill:#333}\
    .axis{stroke:#999}.grid{stroke:#e4e4e4}.all{stroke:#1f4e79;fill:none;stroke-width:2}\
    .rest{stroke:#b3261e;fill:none;stroke-width:1.5;stroke-dasharray:5 3}.bar{stroke:#666;stroke-dasharray:2 3}\
    @media print{body{margin:0;max-width:none;font-size:11px}table,figure{break-inside:avoid}h2{break-after:avoid}}";

/// The page of a report.
#[must_use]
pub fn page(report: &Report) -> String {
    let mut out = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>Risk rules against a synthetic Bay</title><style>{STYLE}</style><h1>Risk rules against a synthetic Bay</h1>"
    );
    head(&mut out, report);
    bars(&mut out, &report.bars);
    honest(&mut out, report);
    kinds(&mut out, report);
    curves(&mut out, report);
    groups(&mut out, &report.groups);
    weeks(&mut out, report);
    lanes(&mut out, report);
    out.push_str(
        "<h2>How to read this</h2><p>All people, journeys and frauds are drawn; nobody in it exists. Which distributions were measured and which \
         are assumed stands in docs/simulator.md, with the seeds that thresholds were chosen on. A recall is a share of cases: a case counts as \
         found when either authority asked for a measure, the lot apart, at a fraudulent crossing of it. Intervals are Wilson's, 95 %.</p>",
    );
    out
}

fn head(out: &mut String, report: &Report) {
    let run = &report.run;
    let _ = write!(
        out,
        "<p>Seed {}, {} people, {} days from {}, {} judgements. Scenario {}; rules {}{}.</p>",
        run.seed,
        run.residents,
        run.days,
        escaped(&run.start),
        run.judgements,
        escaped(&run.scenario),
        escaped(run.rules.as_deref().unwrap_or("none")),
        run.rules_hash
            .as_ref()
            .map_or_else(String::new, |hash| format!(" ({})", hash.get(..12).unwrap_or_default()))
    );
}

fn bars(out: &mut String, bars: &[Bar]) {
    out.push_str("<h2>What must hold</h2><table><tr><th>figure<th class=text>bar<th>measured<th class=text>");
    for bar in bars {
        let (class, word) = match bar.held {
            Some(true) => ("held", "held"),
            Some(false) => ("missed", "missed"),
            None => ("few", "too few to say"),
        };
        let measured = bar.measured.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
        let _ = write!(
            out,
            "<tr><td>{}<td class=text>{}<td>{measured}<td class=\"text {class}\">{word}",
            escaped(&bar.figure),
            escaped(&bar.bar)
        );
    }
    out.push_str("</table>");
}

fn honest(out: &mut String, report: &Report) {
    let honest = &report.honest;
    let _ = write!(
        out,
        "<h2>Honest travellers</h2><table><tr><th>figure<th>share<th>95 %<th>counted\
         <tr><td>crossings at which either authority asked for a measure{}\
         <tr><td>the same, by rules that do not read the face comparison{}\
         <tr><td>people asked once or more in all days{}\
         <tr><td>crossings on which the lot alone fell, counted apart{}\
         <tr><td>crossings of holders whose pass was misused meanwhile, counted apart{}</table>",
        cells(&honest.stepped_up),
        cells(&honest.stepped_up_without_face),
        cells(&honest.people_stepped_up),
        cells(&honest.lot_alone),
        cells(&honest.of_victims)
    );
    let _ = write!(
        out,
        "<p>Whoever was asked took {} s (half of them) and {} s (95 of 100); over all crossings {:.3} s. The rules of documents refused {} and \
         asked {} for a measure. Rules that asked: {}.</p>",
        honest.seconds_median,
        honest.seconds_p95,
        honest.seconds_mean_of_all,
        honest.refused_by_documents,
        honest.asked_by_documents,
        rules(&honest.by_rule)
    );
}

fn kinds(out: &mut String, report: &Report) {
    out.push_str(
        "<h2>Frauds</h2><table><tr><th>kind<th>cases<th>recall<th>95 %<th>at the first crossing<th>without the face<th>precision\
         <th>area<th>baseline<th class=text>rules that asked",
    );
    for kind in &report.kinds {
        let _ = write!(
            out,
            "<tr><td><b>{}</b><br>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{:.3}<td>{:.5}<td class=text>{}",
            escaped(&kind.kind),
            escaped(&kind.says),
            kind.injected,
            percent(kind.recall.share),
            interval(&kind.recall),
            percent(kind.before_second.share),
            percent(kind.recall_without_face.share),
            percent(kind.precision.share),
            kind.area,
            kind.baseline,
            rules(&kind.by_rule)
        );
    }
    let _ = write!(
        out,
        "</table><p>Precision of all kinds together: {} ({}). \"Without the face\": by rules that do not read the face comparison. The area lies \
         under the precision-recall curve of crossings; its baseline is the kind's share of them.</p>",
        percent(report.precision.share),
        interval(&report.precision)
    );
}

/// Sides of a drawing, and the room around its axes.
const WIDE: f64 = 460.0;
const HIGH: f64 = 240.0;
const LEFT: f64 = 46.0;
const ROOM: f64 = 30.0;
/// The honest share at the right end of the second drawing.
const MOST_HONEST: f64 = 0.01;

fn curves(out: &mut String, report: &Report) {
    out.push_str("<h2>Curves</h2><p>Left: precision over recall. Right: recall over the share of honest crossings that is asked; the dotted line is the \
        bar of 0.5 %. Blue: all rules; red: rules that do not read the face comparison. The scores count harm: low 10, medium 30, high 90, in shadow 1.</p>");
    for kind in &report.kinds {
        let _ = write!(out, "<h3>{}</h3><div class=curves>", escaped(&kind.kind));
        precision_recall(out, kind);
        recall_honest(out, kind);
        out.push_str("</div>");
    }
}

fn axes(out: &mut String, title: &str, [bottom, side]: [&str; 2], right: &str) {
    let _ = write!(
        out,
        "<figure><svg viewBox=\"0 0 {WIDE} {HIGH}\" role=img aria-label=\"{title}\"><title>{title}</title>"
    );
    for quarter in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let y = y_of(quarter);
        let _ = write!(
            out,
            "<line class=grid x1={LEFT} x2={} y1={y:.1} y2={y:.1} /><text x={} y={:.1} text-anchor=end>{:.0} %</text>",
            WIDE - 8.0,
            LEFT - 4.0,
            y + 4.0,
            quarter * 100.0
        );
    }
    let _ = write!(
        out,
        "<line class=axis x1={LEFT} x2={} y1={base} y2={base} /><text x={LEFT} y={low}>0</text>\
         <text x={} y={low} text-anchor=end>{right}</text><text x={} y={low} text-anchor=middle>{bottom}</text>\
         <text x={LEFT} y=11>{side}</text>",
        WIDE - 8.0,
        WIDE - 8.0,
        WIDE / 2.0,
        base = HIGH - ROOM,
        low = HIGH - 12.0
    );
}

fn x_of(share: f64) -> f64 {
    LEFT + share.clamp(0.0, 1.0) * (WIDE - 8.0 - LEFT)
}

fn y_of(share: f64) -> f64 {
    18.0 + (1.0 - share.clamp(0.0, 1.0)) * (HIGH - ROOM - 18.0)
}

/// A line of steps: between two points no score tells crossings apart.
fn steps(out: &mut String, class: &str, points: impl Iterator<Item = (f64, f64)>) {
    let mut path = String::new();
    let mut before: Option<(f64, f64)> = None;
    for (x, y) in points {
        let _ = match before {
            None => write!(path, "M{:.1} {:.1}", x_of(x), y_of(y)),
            Some((_, last)) => {
                write!(path, "L{:.1} {:.1}L{:.1} {:.1}", x_of(x), y_of(last), x_of(x), y_of(y))
            }
        };
        before = Some((x, y));
    }
    let _ = write!(out, "<path class={class} d=\"{path}\" />");
}

fn precision_recall(out: &mut String, kind: &KindReport) {
    let title = format!("{}: precision over recall", escaped(&kind.kind));
    axes(out, &title, ["recall", "precision"], "100 %");
    // The precision of a step holds from the recall before it to its own.
    let line = |points: &[Point]| {
        let first = points.first().map(|point| (0.0, point.precision));
        let mut from = 0.0;
        let each: Vec<(f64, f64)> = points
            .iter()
            .flat_map(|point| {
                let ends = [(from, point.precision), (point.recall, point.precision)];
                from = point.recall;
                ends
            })
            .collect();
        first.into_iter().chain(each)
    };
    steps(out, "rest", line(&kind.curve_without_face));
    steps(out, "all", line(&kind.curve));
    let y = y_of(kind.baseline);
    let _ = write!(
        out,
        "<line class=bar x1={LEFT} x2={} y1={y:.1} y2={y:.1} /></svg><figcaption>Area {:.3}, baseline {:.5}.</figcaption></figure>",
        WIDE - 8.0,
        kind.area,
        kind.baseline
    );
}

fn recall_honest(out: &mut String, kind: &KindReport) {
    let title = format!("{}: recall over honest crossings asked", escaped(&kind.kind));
    axes(out, &title, ["honest crossings asked", "recall of crossings"], "1 %");
    let line = |points: &[Point]| {
        let within: Vec<(f64, f64)> = points
            .iter()
            .filter(|point| point.honest <= MOST_HONEST)
            .map(|point| (point.honest / MOST_HONEST, point.recall))
            .collect();
        let last = within.last().map(|(_, recall)| (1.0, *recall));
        std::iter::once((0.0, 0.0)).chain(within).chain(last)
    };
    steps(out, "rest", line(&kind.curve_without_face));
    steps(out, "all", line(&kind.curve));
    let x = x_of(0.5);
    let _ = write!(
        out,
        "<line class=bar x1={x:.1} x2={x:.1} y1=18 y2={} /></svg><figcaption>{} of {} crossings asked.</figcaption></figure>",
        HIGH - ROOM,
        kind.crossings_found.hits,
        kind.crossings
    );
}

fn groups(out: &mut String, all: &[GroupRatio]) {
    out.push_str(
        "<h2>False alarms between groups</h2><p>Groups serve this audit alone; the engine never sees them. A person's crossings count as one for \
         the interval; groups with fewer than 300 alarms are not compared.</p><table><tr><th>group<th>people<th>people asked<th>crossings<th>asked<th>rate",
    );
    for ratio in all {
        let interval = match (ratio.worst, ratio.low, ratio.high) {
            (Some(worst), Some(low), Some(high)) => {
                format!("highest over lowest {worst:.2} ({low:.2} to {high:.2})")
            }
            _ => "too few alarms to compare".to_owned(),
        };
        let _ = write!(out, "<tr><td colspan=6><b>{}</b>: {interval}", ratio.attribute);
        for group in &ratio.groups {
            let _ = write!(
                out,
                "<tr><td>{}<td>{}<td>{}<td>{}<td>{}<td>{}",
                group.name,
                group.people,
                group.people_alarmed,
                group.crossings,
                group.alarms,
                percent(group.rate)
            );
        }
    }
    out.push_str("</table>");
}

fn weeks(out: &mut String, report: &Report) {
    out.push_str("<h2>Week after week</h2><p>Population stability index against the week before; below 0.1 is stable.</p><table><tr><th>week<th>crossings");
    let names = report.weeks.iter().find_map(|week| week.index.as_ref());
    for watched in names.into_iter().flatten() {
        let _ = write!(out, "<th>{}", watched.name);
    }
    for week in &report.weeks {
        let _ = write!(out, "<tr><td>{}<td>{}", week.week, week.crossings);
        for watched in week.index.iter().flatten() {
            let _ = write!(out, "<td>{:.4}", watched.index);
        }
    }
    out.push_str("</table>");
}

fn lanes(out: &mut String, report: &Report) {
    let lanes = &report.lanes;
    let _ = write!(
        out,
        "<h2>Lanes</h2><p>What a rule about a lane finds is told to its operator, and asks nothing of a traveller. Of {} lane hours {} were told. \
         Of {} lane hours with an insider {} ({}); of all that were told {} had one.</p>",
        lanes.hours,
        lanes.told,
        lanes.insider.of,
        percent(lanes.insider.share),
        interval(&lanes.insider),
        percent(lanes.precision.share)
    );
}

fn rules(counts: &[RuleCount]) -> String {
    let words: Vec<String> =
        counts.iter().take(6).map(|count| format!("{} {}", escaped(&count.rule), count.crossings)).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

fn cells(rate: &Rate) -> String {
    format!("<td>{}<td>{}<td>{} of {}", percent(rate.share), interval(rate), rate.hits, rate.of)
}

fn interval(rate: &Rate) -> String {
    format!("{} to {}", percent(rate.low), percent(rate.high))
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent >= real(10) { format!("{percent:.1} %") } else { format!("{percent:.2} %") }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
