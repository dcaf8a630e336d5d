//! `baypass appeal list | add | answer` and `baypass suspension list | decide`: what a person answers for the rules of risk control.
//!
//! Lives here: the commands. The authority's process must be stopped for them; one that runs is asked over HTTP (`/v1/appeals`,
//! `/v1/suspensions`).

use std::path::Path;

use authority::{APPEAL_WORKING_DAYS, Appeal, Suspension, SuspensionDecision};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::risk::reference;
use super::{At, AuthorityArgs, Output};
use crate::Ended;
use crate::failure::{self, Failure, of};
use crate::install::acts;

/// The commands about appeals.
#[derive(Subcommand)]
pub enum AppealCommand {
    /// Appeals that wait for an answer, those first that are due first.
    List(ListArgs),
    /// Takes an appeal at a counter, by the reference on the traveller's slip.
    Add(AddArgs),
    /// Answers an appeal.
    Answer(AnswerArgs),
}

/// The commands about suspensions.
#[derive(Subcommand)]
pub enum SuspensionCommand {
    /// Suspensions that rules asked for; each lapses an hour after it was asked for.
    List(ListArgs),
    /// Confirms a suspension that a rule asked for, or lifts one.
    Decide(DecideArgs),
}

/// What the lists take.
#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    of: AuthorityArgs,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

/// What `appeal add` takes.
#[derive(Args)]
pub struct AddArgs {
    /// The reference: 32 hexadecimal digits.
    reference: String,
    #[command(flatten)]
    of: AuthorityArgs,
    /// What the traveller says.
    #[arg(long, value_name = "TEXT")]
    words: String,
    /// The language of the answer: en, zh-Hant, zh-Hans or pt.
    #[arg(long, default_value = "en")]
    language: String,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

/// How an appeal is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Answered {
    /// The traveller was right.
    Succeeded,
    /// It stays as it was.
    Failed,
}

/// What `appeal answer` takes.
#[derive(Args)]
pub struct AnswerArgs {
    /// The reference: 32 hexadecimal digits.
    reference: String,
    #[command(flatten)]
    of: AuthorityArgs,
    /// How it came out.
    #[arg(long = "as", value_enum, value_name = "OUTCOME")]
    outcome: Answered,
    /// The answer, in the traveller's language.
    #[arg(long, value_name = "TEXT")]
    answer: String,
    /// Who answers.
    #[arg(long, value_name = "NAME")]
    officer: String,
    #[command(flatten)]
    at: At,
}

/// What becomes of a suspension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DecisionArg {
    /// It comes into force.
    Confirm,
    /// It does not come into force, or ends.
    Lift,
}

/// What `suspension decide` takes.
#[derive(Args)]
pub struct DecideArgs {
    /// The reference of the verdict at which a rule asked for it: 32 hexadecimal digits.
    reference: String,
    #[command(flatten)]
    of: AuthorityArgs,
    /// What becomes of it.
    #[arg(long = "as", value_enum, value_name = "DECISION")]
    decision: DecisionArg,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    note: String,
    /// Who decides.
    #[arg(long, value_name = "NAME")]
    officer: String,
    #[command(flatten)]
    at: At,
}

impl AppealCommand {
    /// Runs the command.
    pub async fn run(&self, models: &Path) -> Result<Ended, Failure> {
        match self {
            Self::List(args) => list(args, models).await,
            Self::Add(args) => add(args, models).await,
            Self::Answer(args) => answer(args, models).await,
        }
    }
}

impl SuspensionCommand {
    /// Runs the command.
    pub async fn run(&self, models: &Path) -> Result<Ended, Failure> {
        match self {
            Self::List(args) => asked(args, models).await,
            Self::Decide(args) => decide(args, models).await,
        }
    }
}

async fn list(args: &ListArgs, models: &Path) -> Result<Ended, Failure> {
    let (code, now) = (args.of.authority, args.at.time());
    let (service, _lock) = args.of.open_service(models, now).await?;
    let open = service.open_appeals().await.map_err(of)?;
    if args.output.json {
        let row = |a: &Appeal| {
            json!({"reference": hex::encode(a.reference), "made": a.made_at, "due": a.due_at, "overdue": a.due_at < now,
                   "language": a.language, "words": a.words})
        };
        failure::print_json(
            &json!({"authority": code, "appeals": open.iter().map(row).collect::<Vec<_>>()}),
        )?;
        return Ok(Ended::Done);
    }
    if open.is_empty() {
        failure::print(&format!("{code}: no appeal waits for an answer\n"))?;
    }
    for a in &open {
        let late = if a.due_at < now { "  OVERDUE" } else { "" };
        failure::print(&format!(
            "{}  due {}{late}, to be answered in {}\n  {}\n",
            hex::encode(a.reference),
            a.due_at,
            a.language,
            a.words.replace('\n', "\n  ")
        ))?;
    }
    Ok(Ended::Done)
}

async fn add(args: &AddArgs, models: &Path) -> Result<Ended, Failure> {
    let (reference, now) = (reference(&args.reference)?, args.at.time());
    let (service, _lock) = args.of.open_service(models, now).await?;
    args.of.put_on_record((acts::ADD_APPEAL, &hex::encode(reference)), now)?;
    let taken = service.appeal(&reference, (&args.words, &args.language), now).await.map_err(of)?;
    if args.output.json {
        failure::print_json(
            &json!({"reference": hex::encode(reference), "made": taken.made_at, "due": taken.due_at}),
        )?;
    } else {
        failure::print(&format!(
            "The appeal was taken. A person answers it within {APPEAL_WORKING_DAYS} working days, by {}.\n",
            taken.due_at
        ))?;
    }
    Ok(Ended::Done)
}

async fn answer(args: &AnswerArgs, models: &Path) -> Result<Ended, Failure> {
    let (reference, now) = (reference(&args.reference)?, args.at.time());
    let (service, _lock) = args.of.open_service(models, now).await?;
    args.of.put_on_record((acts::ANSWER_APPEAL, &hex::encode(reference)), now)?;
    let said = (args.officer.as_str(), args.answer.as_str());
    service.answer_appeal(&reference, args.outcome == Answered::Succeeded, said, now).await.map_err(of)?;
    failure::print("Answered; the traveller reads it under their reference.\n")?;
    Ok(Ended::Done)
}

async fn asked(args: &ListArgs, models: &Path) -> Result<Ended, Failure> {
    let (code, now) = (args.of.authority, args.at.time());
    let (service, _lock) = args.of.open_service(models, now).await?;
    let asked = service.asked_suspensions(now).await.map_err(of)?;
    if args.output.json {
        let row = |s: &Suspension| json!({"reference": s.reference.map(hex::encode), "asked": s.asked_at, "lapses": s.due_at});
        failure::print_json(
            &json!({"authority": code, "suspensions": asked.iter().map(row).collect::<Vec<_>>()}),
        )?;
        return Ok(Ended::Done);
    }
    if asked.is_empty() {
        failure::print(&format!("{code}: no suspension waits for an officer\n"))?;
    }
    for s in &asked {
        let reference = s.reference.map_or_else(String::new, hex::encode);
        failure::print(&format!("{reference}  asked for {}, lapses {}\n", s.asked_at, s.due_at))?;
    }
    Ok(Ended::Done)
}

async fn decide(args: &DecideArgs, models: &Path) -> Result<Ended, Failure> {
    let (reference, now) = (reference(&args.reference)?, args.at.time());
    let (service, _lock) = args.of.open_service(models, now).await?;
    args.of.put_on_record((acts::DECIDE_SUSPENSION, &hex::encode(reference)), now)?;
    let (decision, said) = match args.decision {
        DecisionArg::Confirm => (SuspensionDecision::Confirm, "in force: codes of this pass count nowhere"),
        DecisionArg::Lift => (SuspensionDecision::Lift, "lifted"),
    };
    let why = (args.officer.as_str(), args.note.as_str());
    service.decide_suspension(&reference, decision, why, now).await.map_err(of)?;
    failure::print(&format!("The suspension is {said}.\n"))?;
    Ok(Ended::Done)
}
