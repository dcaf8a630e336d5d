//! `baypass may-cross --dir`: the question of a case file, asked of an installation's own registries and ledgers.

use std::path::Path;

use documents::{
    Answer, Applied, Asked, AuthorityCode, Direction, DocumentKind, Doubts, Holder, LaneAnswer, LaneKind,
    Movement, Question, Sentences, SideAnswer, may_cross,
};
use serde_json::json;

use super::MayCrossArgs;
use super::case::{ended, page};
use crate::Ended;
use crate::failure::{self, Failure, of};
use crate::install::Installation;
use crate::install::parties::Parties;
use crate::wallet::Wallet;

/// An outcome as the JSON of an answer names it.
fn word(answer: &Answer) -> &'static str {
    match answer.outcome() {
        documents::Outcome::Open => "open",
        documents::Outcome::Measures => "measures",
        documents::Outcome::Shut => "shut",
    }
}

/// Whether two ports answer alike: the same lane's answer, and the same verdicts for the same reasons.
fn is_same(one: &Answer, other: &Answer) -> bool {
    let said = |side: &Option<SideAnswer>| {
        side.as_ref().map(|side| (side.verdict.as_str(), side.verdict.why().map(|why| why.reason)))
    };
    let all = |answer: &Answer| (answer.question.lane, answer.lane, said(&answer.exit), said(&answer.entry));
    all(one) == all(other)
}

/// Answers for a resident of an installation.
pub async fn run(args: &MayCrossArgs, models: &Path) -> Result<Ended, Failure> {
    let MayCrossArgs { dir: Some(dir), resident: Some(resident), to: Some(to), .. } = args else {
        return Err(Failure::new("give --case FILE, or --dir, --resident and --to"));
    };
    let at = args.on.map_or_else(|| args.at.time(), |day| day.at_minute(720));
    let installation = Installation::open(dir)?;
    let doubts = Doubts::builtin().map_err(of)?;
    let rules = doubts.rules();
    let parties = Parties::open(&installation, models, at).await?;
    let wallet = Wallet::find(&installation, resident)?;
    let (mut documents, mut holder, mut movements) = (Vec::new(), None::<Holder>, Vec::<Movement>::new());
    for card in &wallet.cards {
        let service = parties.service(card.issuer)?;
        let Some((found, held)) = service.registered(&card.parsed()?).await.map_err(of)? else { continue };
        for document in held {
            if !documents.contains(&document) {
                documents.push(document);
            }
        }
        holder = Some(found);
    }
    let holder = holder.ok_or_else(|| Failure::new("no registry knows this resident; add them again"))?;
    // A ledger finds a traveller under the document that they showed there: its own, or the one from home.
    for (code, service) in &parties.services {
        for card in &wallet.cards {
            for (movement, noticed) in service.movements_of(&card.parsed()?).await.map_err(of)? {
                let told_twice = noticed && *code == AuthorityCode::Chn;
                if !told_twice && !movements.contains(&movement) {
                    movements.push(movement);
                }
            }
        }
    }
    // At a joint lane both halves bear one time; the exit comes first.
    movements.sort_by_key(|movement| (movement.at, movement.applied == Applied::EntryOnly));
    let here = movements
        .iter()
        .rfind(|movement| movement.at <= at)
        .map_or(holder.home, |movement| movement.direction.to());
    let from = args.from.unwrap_or(here);
    let way = Direction::new(from, *to).ok_or_else(|| {
        Failure::new(format!("this resident is in {from} already; name another --to, or say --from"))
    })?;
    let ports: Vec<_> = rules
        .ports()
        .filter(|port| port.holds_on(at.local_date()) && port.serves(way))
        .filter(|port| args.port.as_deref().is_none_or(|wanted| port.id.as_str() == wanted))
        .collect();
    if ports.is_empty() {
        return Err(Failure::new(format!("nobody crosses {way} there; leave --port out to see every port")));
    }
    let mut answers: Vec<Answer> = Vec::new();
    for port in ports {
        let mut question = Question::new(port.id.clone(), way, at);
        question.lane = if port.lanes.contains(&LaneKind::Code) { LaneKind::Code } else { LaneKind::Manual };
        question.asked = Asked::Both;
        answers.push(may_cross(rules, &holder, &documents, &movements, &question));
    }
    // The best port speaks for the person; the others are listed.
    let rank = |answer: &Answer| match answer.outcome() {
        documents::Outcome::Open => 0,
        documents::Outcome::Measures => 1,
        documents::Outcome::Shut => 2,
    };
    // A port that is open to them before one that is not, and one with a lane for the pass before counters alone (the airports).
    answers.sort_by_key(|answer| {
        (rank(answer), answer.lane != LaneAnswer::Open, answer.question.lane == LaneKind::Manual)
    });
    let Some(mut best) = answers.first().cloned() else { return Err(Failure::new("no port answers")) };
    best.doubts = doubts.of(&holder, &documents, &movements, &best);
    if args.output.json {
        let ports: Vec<_> = answers
            .iter()
            .map(|answer| json!({"port": answer.question.port.as_str(), "lane": answer.question.lane.as_str(), "outcome": word(answer)}))
            .collect();
        failure::print_json(&json!({"from": from, "to": *to, "at": at, "answer": best, "ports": ports}))?;
    } else {
        if args.codes {
            failure::print(&page(&best))?;
        } else {
            let sentences = Sentences::builtin().map_err(of)?;
            failure::print(&format!("{}\n", sentences.page(rules, &best, args.language)))?;
        }
        let open: Vec<_> = answers
            .iter()
            .filter(|answer| answer.question.port != best.question.port && is_same(answer, &best))
            .map(|answer| answer.question.port.as_str())
            .collect();
        let counter = documents.iter().any(|d| d.kind() == DocumentKind::Passport);
        let note = if counter { "  (A passport is always looked at by an officer.)\n" } else { "" };
        let same =
            if open.is_empty() { String::new() } else { format!("  the same at: {}\n", open.join(", ")) };
        failure::print(&format!("{same}{note}"))?;
    }
    Ok(ended(std::slice::from_ref(&best)))
}
