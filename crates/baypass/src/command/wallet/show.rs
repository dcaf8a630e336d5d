//! `baypass wallet show`: a crossing code as a picture, as text, or drawn in the terminal.

use std::path::{Path, PathBuf};

use clap::Args;
use code::{QrSymbol, TerminalGround};
use credential::{Audience, Unlock, UnlockMethod};
use documents::{Rules, Side, Timestamp};
use serde_json::json;

use crate::Ended;
use crate::command::crossing::CrossingArgs;
use crate::command::{At, InstallationArgs, ONE_PROCESS, Output, ResidentArgs};
use crate::failure::{self, Failure, of};
use crate::install::parties::Parties;
use crate::install::write_whole;
use crate::registries::{PassRefusal, Registries};
use crate::wallet::BATCH;

/// Seconds from a code to the one that says that the wallet was unlocked again.
const UNLOCKED_AFTER: i64 = 9;

/// What `wallet show` takes.
#[derive(Args)]
pub struct ShowArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    #[command(flatten)]
    resident: ResidentArgs,
    #[command(flatten)]
    crossing: CrossingArgs,
    /// code.png, .svg or .txt; default: drawn in the terminal. Without --side, two files where there are two codes.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Beside each code the next one of the same token, `code-unlocked.png`: it is made 9 seconds later and says that the holder
    /// unlocked the wallet again, for `lane scan --again`. A phone's wallet asks for its PIN first; this one, of a trial, has none.
    #[arg(long)]
    unlocked: bool,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

/// Runs `wallet show`.
pub async fn run(args: &ShowArgs, models: &Path) -> Result<Ended, Failure> {
    let (installation, at, crossing) = (args.installation.open()?, args.at.time(), &args.crossing);
    let rules = Rules::builtin().map_err(of)?;
    let way = crossing.direction(&rules, at.local_date())?;
    let sides = match (crossing.sides(&rules, way, at.local_date())?.as_slice(), crossing.side) {
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
    let hold = installation.hold()?;
    let mut wallet = args.resident.wallet(&installation)?;
    let asked = [wallet.home, way.from(), way.to()];
    let refusal = Registries::of(&installation).refusal(&wallet, &asked, at).await?;
    if let Some(PassRefusal { code, detail }) = refusal {
        if args.output.json {
            failure::print_json(&json!({"resident": wallet.resident, "refused": code, "detail": detail}))?;
        } else {
            failure::print(&format!("no code ({code}): {detail}\n"))?;
        }
        return Ok(Ended::Refused);
    }
    if wallet.tokens_left(at) < sides.len() {
        drop(hold);
        let parties = Parties::open(&installation, models, at).await?;
        let fetched = wallet.fetch(&parties.services, at).await;
        // Whatever came: keys may wait for their tokens.
        wallet.save(&installation)?;
        fetched?;
    }
    let several = sides.len() > 1;
    let (mut shown, fetched) = (Vec::new(), wallet.tokens_left(at) == BATCH);
    for side in sides {
        let audience = Audience::new(crossing.port.parse().map_err(of)?, way, side);
        let held = wallet.take(at)?;
        let unlock = Unlock::new(UnlockMethod::Pin, 0);
        let again = args.unlocked.then(|| (at.plus_seconds(UNLOCKED_AFTER), unlock));
        for (made, unlock) in [Some((at, None)), again].into_iter().flatten() {
            let text = held.code_with(&audience, (made, unlock))?;
            let symbol = QrSymbol::draw(&text).map_err(of)?;
            let out = args.out.as_deref().map(|out| {
                let out = match side.filter(|_| several) {
                    Some(side) => beside(out, side.as_str()),
                    None => out.to_owned(),
                };
                if unlock.is_some() { beside(&out, "unlocked") } else { out }
            });
            match &out {
                Some(out) => draw(&symbol, &text, out)?,
                None if !args.output.json => failure::print(&symbol.to_terminal(TerminalGround::Dark))?,
                None => {}
            }
            shown.push(ShownCode { side, text, out, symbol, made, unlocked: unlock.is_some() });
        }
    }
    wallet.save(&installation)?;
    let left = wallet.tokens_left(at);
    if args.output.json {
        let codes: Vec<_> = shown
            .iter()
            .map(|ShownCode { side, text, out, symbol, made, unlocked }| {
                json!({
                    "side": side, "file": out, "code": text, "qr_version": symbol.version(), "made_at": made,
                    "unlocked": unlocked,
                })
            })
            .collect();
        failure::print_json(
            &json!({"resident": wallet.resident, "port": crossing.port, "from": way.from(), "to": way.to(), "codes": codes, "tokens_left": left}),
        )?;
    } else {
        for ShownCode { side, out, symbol, made, unlocked, .. } in &shown {
            let lane = side.map_or_else(|| "both sides".to_owned(), |side| format!("the {side} lane"));
            let file = out.as_ref().map_or_else(String::new, |out| format!(" in {}", out.display()));
            let unlocked = if *unlocked { ", unlocked again" } else { "" };
            failure::print(&format!(
                "code for {} {way}, {lane}{unlocked}{file} (QR version {}), good for 30 s from {made}\n",
                crossing.port,
                symbol.version()
            ))?;
        }
        let note = if fetched { ONE_PROCESS } else { "" };
        failure::print(&format!("{left} tokens left\n{note}"))?;
    }
    Ok(Ended::Done)
}

/// One code that was shown.
struct ShownCode {
    side: Option<Side>,
    text: String,
    out: Option<PathBuf>,
    symbol: QrSymbol,
    made: Timestamp,
    unlocked: bool,
}

/// `code.png` for the exit is `code-exit.png`.
pub(in crate::command) fn beside(out: &Path, what: &str) -> PathBuf {
    let stem = out.file_stem().unwrap_or_default().to_string_lossy();
    let name = match out.extension() {
        Some(extension) => format!("{stem}-{what}.{}", extension.to_string_lossy()),
        None => format!("{stem}-{what}"),
    };
    out.with_file_name(name)
}

/// Writes a code into a file, in the form that its name tells.
pub(in crate::command) fn draw(symbol: &QrSymbol, text: &str, out: &Path) -> Result<(), Failure> {
    let extension = out.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    match extension.as_deref() {
        Some("svg") => write_whole(out, symbol.to_svg().as_bytes()),
        Some("txt") => write_whole(out, text.as_bytes()),
        Some("png") => write_whole(out, &symbol.to_png(6).map_err(of)?),
        Some(_) | None => Err(Failure::new(format!(
            "{} is no picture that can be drawn; give a name that ends in .png, .svg or .txt",
            out.display()
        ))),
    }
}
