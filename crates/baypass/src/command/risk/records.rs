//! `baypass risk explain | report | replay`: what an authority's risk control kept.
//!
//! Lives here: the commands. The authority's process must be stopped for them; one that runs is asked over HTTP (`/v1/verdicts/{reference}`).

use std::path::Path;

use ::risk::reason::ReasonRecord;
use ::risk::schema::Schema;
use authority::RiskReport;
use clap::{Args, ValueEnum};
use documents::LocalDate;
use serde_json::{Value, json};

use super::super::{At, AuthorityArgs, Output};
use crate::Ended;
use crate::failure::{self, Failure, of};

/// Who asks, and so what they see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Viewer {
    /// An officer: doubts and measures; a hit on a list and the lot look alike.
    Officer,
    /// An officer with the role for lists.
    ListOfficer,
    /// The owner of the rules: rules and bands, nothing that leads to a person.
    Owner,
}

/// What `risk explain` takes.
#[derive(Args)]
pub struct ExplainArgs {
    /// The reference: 32 hexadecimal digits, from the traveller's wallet or slip.
    reference: String,
    #[command(flatten)]
    of: AuthorityArgs,
    /// Who asks.
    #[arg(long = "as", value_enum, default_value = "officer")]
    viewer: Viewer,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

/// What `risk report` takes.
#[derive(Args)]
pub struct ReportArgs {
    #[command(flatten)]
    of: AuthorityArgs,
    /// The first day; default: the day before the last 30 began.
    #[arg(long, value_name = "DAY")]
    from: Option<LocalDate>,
    /// The last day; default: today.
    #[arg(long, value_name = "DAY")]
    to: Option<LocalDate>,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

/// What `risk replay` takes.
#[derive(Args)]
pub struct ReplayArgs {
    #[command(flatten)]
    of: AuthorityArgs,
    /// The day; default: today.
    #[arg(long, value_name = "DAY")]
    day: Option<LocalDate>,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

/// A reference as people write it.
pub fn reference(text: &str) -> Result<[u8; 16], Failure> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let mut bytes = [0; 16];
    hex::decode_to_slice(digits.to_ascii_lowercase(), &mut bytes).map_err(|_| {
        Failure::new("a reference has 32 digits and letters a to f; copy it from the wallet or the slip")
    })?;
    Ok(bytes)
}

/// Why a verdict was no plain admit.
pub async fn explain(args: &ExplainArgs, models: &Path) -> Result<Ended, Failure> {
    let (reference, now) = (reference(&args.reference)?, args.at.time());
    let (service, _lock) = args.of.open_service(models, now).await?;
    let found = service.risk_record(&reference, now).await.map_err(of)?.ok_or_else(|| {
        Failure::new(format!(
            "{} keeps no reason under this reference: it belongs to the other authority, was a plain admit, or is older than 90 days",
            args.of.authority
        ))
    })?;
    let verdict = service.reason(&reference).await.map_err(of)?;
    let schema = Schema::builtin().map_err(of)?;
    let mut told = told(&found.record, args.viewer, &schema);
    if let (Some(fields), Some(reason)) =
        (told.as_object_mut(), verdict.filter(|_| args.viewer != Viewer::Owner))
    {
        fields.insert("outcome".to_owned(), json!(reason.outcome));
        fields.insert("code".to_owned(), json!(reason.code));
    }
    if args.output.json {
        failure::print_json(&told)?;
    } else {
        failure::print(&words(&told))?;
    }
    Ok(Ended::Done)
}

/// What each role may see of a record.
fn told(record: &ReasonRecord, viewer: Viewer, schema: &Schema) -> Value {
    let asked = |asked: &[::risk::visit::Asked]| -> Vec<Value> {
        asked
            .iter()
            .map(|one| json!({"measure": one.measure.as_str(), "outcome": one.outcome.as_str()}))
            .collect()
    };
    match viewer {
        Viewer::Officer | Viewer::ListOfficer => {
            let view = record.for_officer(viewer == Viewer::ListOfficer);
            json!({"reference": hex::encode(view.reference), "at": record.at(), "doubts": view.doubts,
                   "asked": asked(&view.asked), "end": view.end.as_str()})
        }
        Viewer::Owner => {
            let view = record.for_owner();
            let findings: Vec<Value> = view
                .findings
                .iter()
                .map(|f| {
                    json!({"rule": f.rule.as_str(), "doubt": f.doubt.as_str(), "harm": f.harm.as_str(),
                                "cause": f.cause.as_str(), "counts": f.counts})
                })
                .collect();
            let bands: Vec<Value> = view
                .bands
                .iter()
                .map(|band| {
                    let signal = schema.find(&band.signal).and_then(|id| schema.signal(id));
                    json!({"signal": band.signal, "band": signal.map(|signal| signal.band_in_words(band.band))})
                })
                .collect();
            json!({"version": view.version, "findings": findings, "bands": bands, "asked": asked(view.asked),
                   "end": view.end.as_str()})
        }
    }
}

/// Rows of a value as lines: what a list holds stands below its name.
fn words(told: &Value) -> String {
    let mut text = String::new();
    for (name, value) in told.as_object().into_iter().flatten() {
        let Some(rows) = value.as_array() else {
            text += &format!("{name}: {}\n", plain(value));
            continue;
        };
        text += &format!("{name}:{}\n", if rows.is_empty() { " none" } else { "" });
        for row in rows {
            let line = row.as_object().map_or_else(
                || plain(row),
                |fields| {
                    fields
                        .iter()
                        .map(|(name, value)| format!("{name} {}", plain(value)))
                        .collect::<Vec<_>>()
                        .join(", ")
                },
            );
            text += &format!("  {line}\n");
        }
    }
    text
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What the rules did over some days.
pub async fn report(args: &ReportArgs, models: &Path) -> Result<Ended, Failure> {
    let now = args.at.time();
    let to = args.to.unwrap_or_else(|| now.local_date());
    let from = args.from.unwrap_or_else(|| to.plus_days(-30));
    let (service, _lock) = args.of.open_service(models, now).await?;
    let report = service.risk_report(from.start(), to.plus_days(1).start()).await.map_err(of)?;
    let rules: Vec<Value> = report
        .rules
        .iter()
        .map(|(rule, f)| json!({"rule": rule.as_str(), "held": f.held, "undecided": f.undecided, "in_shadow": f.in_shadow}))
        .collect();
    if args.output.json {
        failure::print_json(
            &json!({"authority": args.of.authority, "from": from, "to": to, "crossings": report.crossings,
            "in_doubt": report.in_doubt, "rules": rules, "asked": report.asked, "ended": report.ended}),
        )?;
        return Ok(Ended::Done);
    }
    failure::print(&report_in_words(&report, (from, to)))?;
    Ok(Ended::Done)
}

fn report_in_words(report: &RiskReport, (from, to): (LocalDate, LocalDate)) -> String {
    let mut text = format!(
        "{from} to {to}: {} crossings were looked at; something was in doubt in {}.\n",
        report.crossings, report.in_doubt
    );
    for (rule, figures) in &report.rules {
        text += &format!(
            "  {:<36} held {:>6}   undecided {:>6}   in shadow {:>6}\n",
            rule.as_str(),
            figures.held,
            figures.undecided,
            figures.in_shadow
        );
    }
    for (measure, count) in &report.asked {
        text += &format!("  asked for {measure}: {count}\n");
    }
    for (end, count) in &report.ended {
        text += &format!("  ended {end}: {count}\n");
    }
    text
}

/// Whether a day gives the same findings once more.
pub async fn replay(args: &ReplayArgs, models: &Path) -> Result<Ended, Failure> {
    let now = args.at.time();
    let day = args.day.unwrap_or_else(|| now.local_date());
    let (service, _lock) = args.of.open_service(models, now).await?;
    let replayed = service.replay_risks(day).await.map_err(of)?;
    let other: Vec<String> = replayed.other.iter().map(hex::encode).collect();
    if args.output.json {
        failure::print_json(
            &json!({"day": day, "same": replayed.same, "other": other, "no_rules": replayed.no_rules}),
        )?;
    } else {
        failure::print(&format!(
            "{day}: {} verdicts give the same findings, bit for bit; {} do not; of {} the rules are not here any more\n",
            replayed.same,
            other.len(),
            replayed.no_rules
        ))?;
        for reference in &other {
            failure::print(&format!("  {reference}\n"))?;
        }
    }
    Ok(if other.is_empty() { Ended::Done } else { Ended::BarMissed })
}
