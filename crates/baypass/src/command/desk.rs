//! `baypass desk`: desks of an installation's venues.
//!
//! Lives here: listing them, and requests as codes. Not here: what a desk may ask (`trust::desk`), how a traveller answers
//! (`command::wallet`).

mod counter;
mod lists;
mod read;
mod serve;
mod signs;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use code::{QrSymbol, TerminalGround, VenueCode, VenueCodeKind};
use credential::random;
use credential::venue::{ClaimName, ClaimSet};
use documents::VenueId;
use serde_json::json;
use venue::desk::{DeskSetup, SIGN_DAYS};

pub(in crate::command) use self::counter::sign_in;
pub(in crate::command) use self::lists::DeskLists;
use super::wallet::draw;
use super::{At, InstallationArgs, ListArgs, Output};
use crate::Ended;
use crate::failure::{self, Failure, of};
use crate::install::acts::{self, Office};
use crate::install::parties::trusted;
use crate::install::signing::desk_keys;
use crate::install::venues::{self, Desk};

/// The commands of a desk.
#[derive(Subcommand)]
pub enum DeskCommand {
    /// Lists the desks, what each asks, and whether its approval allows that now.
    List(ListArgs),
    /// Signs a request as a code that a wallet reads (`baypass wallet register`): for one answer, or for a printed sign.
    Request(RequestArgs),
    /// Reads an mdoc of a holder who stands there, by the code that their wallet shows (ISO/IEC 18013-5).
    Read(Box<read::ReadArgs>),
    /// Serves the desk of one venue: its counter's page and API, and the door for wallets. It works for a day without a network.
    Serve(Box<serve::ServeArgs>),
}

/// What `desk request` takes.
#[derive(Args)]
pub struct RequestArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// The venue, such as specimen-hotel-zhuhai.
    #[arg(long)]
    venue: VenueId,
    /// For a printed sign: it stands for so many days, 1 to 400, and `desk serve` takes answers to it. Without it the request ends
    /// after 5 minutes.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=i64::from(SIGN_DAYS)))]
    standing: Option<u16>,
    /// The desk's address for answers, HTTPS or on the loopback; default: the answer is shown to the desk's camera.
    #[arg(long, value_name = "URL")]
    reply: Option<String>,
    /// request.png, .svg or .txt; default: drawn in the terminal.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

impl DeskCommand {
    /// Runs the command.
    pub async fn run(&self) -> Result<Ended, Failure> {
        match self {
            Self::List(args) => list(args),
            Self::Request(args) => request(args),
            Self::Read(args) => read::run(args).await,
            Self::Serve(args) => serve::run(args).await,
        }
    }
}

/// A desk as its folder sets it up.
pub fn setup(desk: &Desk) -> Result<DeskSetup, Failure> {
    let asks = desk.asks()?;
    let set = |claims: &[ClaimName]| claims.iter().copied().collect::<ClaimSet>();
    Ok(DeskSetup {
        name: desk.name().to_owned(),
        name_zh: desk.name_zh().to_owned(),
        authority: desk.authority(),
        venue: desk.id().clone(),
        kind: desk.binding().kind(),
        scenario: asks.scenario,
        approval: desk.approval().to_owned(),
        purpose: asks.purpose.clone(),
        required: set(&asks.required),
        optional: set(&asks.optional),
        retention_days: asks.retention_days,
        face: asks.face,
    })
}

fn list(args: &ListArgs) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.at.time());
    let (_, approvals) = trusted(&installation, now)?;
    let (mut listed, mut page) = (Vec::new(), String::new());
    for desk in venues::desks(&installation)? {
        let asks = desk.asks()?;
        let refused = setup(&desk)?.approved(&approvals, now).err();
        let words =
            |claims: &[ClaimName]| claims.iter().map(|claim| claim.as_str()).collect::<Vec<_>>().join(", ");
        page += &format!(
            "{}  {}, {}, {}\n  requires {}; optional: {}; kept {} days\n  {}\n",
            desk.id(),
            desk.name(),
            desk.authority(),
            asks.scenario,
            words(&asks.required),
            if asks.optional.is_empty() { "nothing".to_owned() } else { words(&asks.optional) },
            asks.retention_days,
            refused.as_ref().map_or_else(
                || format!("allowed by {}", desk.approval()),
                |refused| format!("NOT ALLOWED ({}): {refused}", refused.code())
            ),
        );
        listed.push(json!({
            "venue": desk.id(), "name": desk.name(), "kind": desk.binding().kind().as_str(),
            "authority": desk.authority(), "approval": desk.approval(), "asks": asks,
            "refused": refused.map(|refused| refused.code()),
        }));
    }
    if args.output.json {
        failure::print_json(&json!({"desks": listed}))?;
    } else if page.is_empty() {
        failure::print("no venue has a folder here\n")?;
    } else {
        failure::print(&page)?;
    }
    Ok(Ended::Done)
}

fn request(args: &RequestArgs) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.at.time());
    let desk = venues::desk(&installation, &args.venue)?;
    let setup = setup(&desk)?;
    let (trust, approvals) = trusted(&installation, now)?;
    // What a wallet would refuse is not signed.
    if let Err(refused) = setup.approved(&approvals, now) {
        let (code, sentence) = (refused.code(), refused.to_string());
        if args.output.json {
            failure::print_json(&json!({"refused": code, "detail": sentence}))?;
        } else {
            failure::print(&format!("not signed ({code}): {sentence}\n"))?;
        }
        return Ok(Ended::Refused);
    }
    let reply = args.reply.as_deref();
    let request = match args.standing {
        Some(days) => setup.for_a_sign(days, reply, now),
        None => {
            let mut nonce = [0; 16];
            random(&mut nonce).map_err(of)?;
            setup.for_one(nonce, reply, now)
        }
    };
    let keys = desk_keys(&installation, &desk, &trust, now)?;
    let id = hex::encode(request.id().as_bytes());
    installation.put_on_record(&Office::Venue(desk.id().clone()), (acts::SIGN_REQUEST, &id), now)?;
    let signed = request.sign(&keys.used().kid, &keys.used().key).map_err(of)?;
    let text = VenueCode::new(VenueCodeKind::Request, &signed).to_text().map_err(of)?;
    let symbol = QrSymbol::draw(&text).map_err(of)?;
    if args.standing.is_some() {
        signs::keep(&installation, desk.id(), &id, &signed)?;
    }
    match &args.out {
        Some(out) => draw(&symbol, &text, out)?,
        None if !args.output.json => failure::print(&symbol.to_terminal(TerminalGround::Dark))?,
        None => {}
    }
    if args.output.json {
        failure::print_json(&json!({
            "venue": desk.id(), "id": id, "code": text, "file": args.out, "qr_version": symbol.version(),
            "made": request.made, "ends": request.ends,
        }))?;
    } else {
        let file = args.out.as_ref().map_or_else(String::new, |out| format!(" in {}", out.display()));
        failure::print(&format!(
            "request of {}{file} (QR version {}), good from {} until {}\n",
            desk.id(),
            symbol.version(),
            request.made,
            request.ends
        ))?;
    }
    Ok(Ended::Done)
}
