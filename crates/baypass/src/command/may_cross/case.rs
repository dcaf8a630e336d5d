//! `baypass may-cross --case`: a case file's questions, answered as JSON or in words.
//!
//! Lives here: the words. Not here: the rules (`documents`). Both authorities' reasons are shown, so the page says whose
//! view that is.

use std::fmt::Write as _;
use std::path::Path;

use documents::{
    Answer, CaseFile, DocumentKind, Doubt, Doubts, LaneAnswer, LaneKind, MainlandCount, Outcome, Sentences,
    SideAnswer, StayLimit, Verdict,
};

use super::MayCrossArgs;
use crate::Ended;
use crate::failure::{self, Failure};

const MAX_CASE_BYTES: usize = 4 * 1024 * 1024;

/// Answers the questions of a case file.
pub fn run(path: &Path, args: &MayCrossArgs) -> Result<Ended, Failure> {
    let shown = path.display();
    let bytes = failure::read(path, MAX_CASE_BYTES)?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Failure::new(format!("{shown} is empty; write a case file (docs/cases.md)")));
    }
    let text = String::from_utf8(bytes).map_err(|_| {
        Failure::new(format!("{shown} is not UTF-8 text; a case file is JSON (docs/cases.md)"))
    })?;
    let doubts = Doubts::builtin().map_err(|error| Failure::of(&error))?;
    let case = CaseFile::parse(text.trim_start_matches('\u{feff}'), doubts.rules())
        .map_err(|error| Failure::new(format!("{shown}: {error} (docs/cases.md)")))?;
    if case.questions.is_empty() {
        return Err(Failure::new(format!(
            "{shown} asks nothing; add `question` or `questions` (docs/cases.md)"
        )));
    }
    let answers = doubts.answer_case(&case);
    if args.output.json {
        failure::print_json(&answers)?;
    } else if !args.codes {
        let sentences = Sentences::builtin().map_err(|error| Failure::of(&error))?;
        let page = |answer| sentences.page(doubts.rules(), answer, args.language);
        let pages: Vec<String> = answers.answers.iter().map(page).collect();
        failure::print(&format!("{}\n", pages.join("\n\n")))?;
    } else {
        let pages: Vec<String> = answers.answers.iter().map(page).collect();
        failure::print(&format!("{}\n{VIEW}\n", pages.join("\n")))?;
    }
    Ok(ended(&answers.answers))
}

const VIEW: &str = "(Both authorities' reasons stand here because a case file tells everything about one person. \
                    At a lane each authority knows only its own.)";

/// The worst of all answers.
pub fn ended(answers: &[Answer]) -> Ended {
    answers.iter().fold(Ended::Done, |so_far, answer| match (so_far, answer.outcome()) {
        (Ended::Refused, _) | (_, Outcome::Shut) => Ended::Refused,
        (Ended::MeasureOpen, _) | (_, Outcome::Measures) => Ended::MeasureOpen,
        (Ended::Done | Ended::BarMissed | Ended::BrokenInput, Outcome::Open) => Ended::Done,
    })
}

/// One answer in words.
pub fn page(answer: &Answer) -> String {
    let q = &answer.question;
    let mut out = format!(
        "{} to {} by {}, {} lane, {}\n  outcome: {}\n  lane: {}\n",
        q.direction.from(),
        q.direction.to(),
        q.port,
        q.lane.as_str(),
        q.at,
        outcome(answer.outcome()),
        lane(answer.lane),
    );
    for (role, side) in [("exit", &answer.exit), ("entry", &answer.entry)] {
        if let Some(side) = side {
            side_lines(&mut out, role, side);
        }
    }
    if let Some(count) = &answer.mainland_count {
        let _ = writeln!(out, "  counted by the mainland: {}", mainland(count));
    }
    for doubt in &answer.doubts {
        let _ = match doubt {
            Doubt::Switch { id } => writeln!(out, "  rests on an open switch: {id} (baypass rules report)"),
            Doubt::Old { row, as_of } => writeln!(out, "  as of {as_of}: {row}"),
        };
    }
    out
}

const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Open => "open: the door opens",
        Outcome::Measures => "measures: the door opens once the measures are done",
        Outcome::Shut => "shut: the door stays shut",
    }
}

fn lane(answer: LaneAnswer) -> String {
    match answer {
        LaneAnswer::Open => "open".to_owned(),
        LaneAnswer::NotOpenToHolder { why, open } => {
            let instead = open.map(LaneKind::as_str);
            let instead = instead.map_or("no lane of this port serves them".to_owned(), |kind| {
                format!("take the {kind} lane")
            });
            format!("not open to this holder ({why}); {instead}")
        }
        LaneAnswer::Closed { why } => format!("closed ({why})"),
    }
}

fn side_lines(out: &mut String, role: &str, side: &SideAnswer) {
    let reason = side.verdict.why().map_or(String::new(), |why| format!(" {}", why.reason));
    let _ = writeln!(out, "  {role}, {}: {}{reason}", side.authority, side.verdict.as_str());
    let mut line = |name: &str, value: String| {
        let _ = writeln!(out, "    {name}: {value}");
    };
    if let Verdict::Verify { measures, .. } = &side.verdict {
        let measures: Vec<_> = measures.iter().map(|m| m.as_str()).collect();
        line("measures", measures.join(", "));
    }
    if let Some(why) = side.verdict.why() {
        line("what would have to change", why.change());
    }
    let Some(grant) = side.verdict.grant() else { return };
    if let Some(permit) = grant.permit {
        line("permit", DocumentKind::as_str(permit).to_owned());
    }
    if let Some(endorsement) = &side.endorsement {
        line("endorsement", endorsement.clone());
    }
    if let Some(left) = grant.entries_left {
        line("entries left afterwards", left.to_string());
    }
    if grant.spends.is_some() {
        line("spends", "one entry (or this week's trip)".to_owned());
    }
    let last_day = match grant.stay {
        StayLimit::Unlimited => "no limit".to_owned(),
        StayLimit::Until(day) => day.to_string(),
        StayLimit::Unknown => "not known: nothing is there from which to count it".to_owned(),
    };
    line("last day of stay", last_day);
}

fn mainland(count: &MainlandCount) -> String {
    match count {
        MainlandCount::Covered { form, spends, entries_left, .. } => {
            let form = form.as_deref().unwrap_or("a right without endorsement");
            let spends = if *spends { "one entry is taken" } else { "nothing is taken" };
            let left = entries_left.map_or(String::new(), |left| format!(", {left} left"));
            format!("{form}, {spends}{left}")
        }
        MainlandCount::NotCovered(refusal) => format!("{}: {}", refusal.reason, refusal.change()),
    }
}
