//! `baypass resident paper` and `end-papers`: a counter prints a crossing code for somebody without a phone, or ends what it printed.
//! While an authority serves, its own doors do the same (`POST /v1/residents/papers`).
//!
//! Lives here: flags, acts on record, files. Not here: the visit (`paper`), the page (`paper_sheet`).

use std::path::{Path, PathBuf};

use ::officers::Deed;
use authority::issuance::paper::PAPER_DAYS_AHEAD;
use clap::Args;
use code::QrSymbol;
use credential::Audience;
use documents::{LocalDate, Rules, Side};
use serde_json::json;

use crate::Ended;
use crate::command::crossing::CrossingArgs;
use crate::command::wallet::{beside, draw};
use crate::command::{At, InstallationArgs, ONE_PROCESS, Output, ResidentArgs};
use crate::failure::{self, Failure, of};
use crate::install::parties::Parties;
use crate::install::write_whole;
use crate::paper::{PaperHolder, print_code};
use crate::paper_sheet::{self, SheetCode};

/// What `resident paper` takes.
#[derive(Args)]
pub struct PaperArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    #[command(flatten)]
    resident: ResidentArgs,
    #[command(flatten)]
    crossing: CrossingArgs,
    /// The day on which it counts: today or one of the two days after it; default: today.
    #[arg(long, value_name = "DATE")]
    day: Option<LocalDate>,
    /// sheet.svg: the page to print, with words in four languages. code.png or .txt: the code alone; without --side, two
    /// files where there are two codes.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

/// What `resident end-papers` takes.
#[derive(Args)]
pub struct EndArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    #[command(flatten)]
    resident: ResidentArgs,
    #[command(flatten)]
    at: At,
}

/// Runs `resident paper`.
pub async fn run(args: &PaperArgs, models: &Path) -> Result<Ended, Failure> {
    let (installation, now, crossing) = (args.installation.open()?, args.at.time(), &args.crossing);
    let day = args.day.unwrap_or_else(|| now.local_date());
    let rules = Rules::builtin().map_err(of)?;
    let way = crossing.direction(&rules, day)?;
    let sides = match (crossing.sides(&rules, way, day)?.as_slice(), crossing.side) {
        ([None], Some(_)) => {
            return Err(Failure::new(format!(
                "at {} one code serves both sides; leave --side out",
                crossing.port
            )));
        }
        ([None], None) => vec![None],
        (both, None) => both.to_vec(),
        (_, Some(side)) => vec![Some(side)],
    };
    let port_id: documents::PortId = crossing.port.parse().map_err(of)?;
    let port = rules.port(&port_id, day).ok_or_else(|| Failure::new("there is no such port on that day"))?;
    let wallet = args.resident.wallet(&installation)?;
    let holder = PaperHolder::of(&wallet)?;
    let parties = Parties::open(&installation, models, now).await?;
    let mut codes: Vec<(Option<Side>, String)> = Vec::new();
    for side in sides {
        let audience = Audience::new(port_id.clone(), way, side);
        let asked = holder.others(&audience).into_iter().chain([holder.home]);
        for authority in asked {
            let number = holder.documents.get(&authority);
            let number = number.ok_or_else(|| {
                Failure::new(format!("this resident has no document of {authority}; add it first"))
            })?;
            let service = parties.service(authority)?;
            installation.put_on_record_of(service, (Deed::IssuePaper.word(), number), now)?;
        }
        codes.push((side, print_code(&parties.services, &holder, (&audience, day), now).await?));
    }
    let drawn = codes.iter().map(|(side, text)| Ok((*side, text, QrSymbol::draw(text).map_err(of)?)));
    let drawn = drawn.collect::<Result<Vec<_>, Failure>>()?;
    let mut files = Vec::new();
    if args.out.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("svg")) {
        let placed: Vec<_> =
            drawn.iter().map(|(side, _, symbol)| SheetCode { side: *side, symbol }).collect();
        write_whole(&args.out, paper_sheet::draw(&placed, port, way, day)?.as_bytes())?;
        files.push(args.out.clone());
    } else {
        for (side, text, symbol) in &drawn {
            let file = match side {
                Some(side) if drawn.len() > 1 => beside(&args.out, side.as_str()),
                Some(_) | None => args.out.clone(),
            };
            draw(symbol, text, &file)?;
            files.push(file);
        }
    }
    if args.output.json {
        let rows = codes.iter().map(|(side, text)| json!({"side": side.map(Side::as_str), "code": text}));
        let rows: Vec<_> = rows.collect();
        failure::print_json(
            &json!({"resident": wallet.resident, "day": day, "codes": rows, "files": files}),
        )?;
    } else {
        let files: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
        failure::print(&format!(
            "resident {}: a paper pass for {} {way} on {day}: {}\n\
             It counts once, beside their document and face. Made up to {PAPER_DAYS_AHEAD} days ahead; lost, it ends with \
             `baypass resident end-papers`\n{ONE_PROCESS}",
            wallet.resident,
            crossing.port,
            files.join(", ")
        ))?;
    }
    Ok(Ended::Done)
}

/// Runs `resident end-papers`.
pub async fn end(args: &EndArgs, models: &Path) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.at.time());
    let wallet = args.resident.wallet(&installation)?;
    let parties = Parties::open(&installation, models, now).await?;
    let mut text = String::new();
    for (issuer, card) in wallet.vouchers() {
        let (service, number) = (parties.service(issuer)?, card.parsed()?);
        installation.put_on_record_of(service, (Deed::EndPapers.word(), &number), now)?;
        let ended = service.end_papers(&number).await.map_err(of)?;
        text += &format!("{issuer}: {ended} ended\n");
    }
    failure::print(&format!(
        "resident {}: paper passes end at once; a wallet goes on\n{text}",
        wallet.resident
    ))?;
    Ok(Ended::Done)
}
