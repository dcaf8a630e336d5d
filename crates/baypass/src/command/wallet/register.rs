//! `baypass wallet register`: answers a desk's request, after the traveller saw who asks for what, why and for how long.
//!
//! Lives here: the way from the desk's code to its receipt. Not here: whether a request may be answered
//! (`trust::DeskRequest`), the words that the traveller reads (`consent`).

use std::path::{Path, PathBuf};

use clap::Args;
use code::{QrSymbol, TerminalGround, VenueCode, VenueCodeKind};
use credential::venue::{ClaimName, ClaimSet, VenueReceipt};
use documents::DocumentKind;
use serde_json::{Value, json};
use trust::{DeskRequest, TrustStore};

use super::consent;
use super::sending::{MAX_REPLY_BYTES, Reply, send};
use super::show::draw;
use crate::Ended;
use crate::command::code_file::text_of;
use crate::command::{At, InstallationArgs, ONE_PROCESS, Output, ResidentArgs};
use crate::failure::{self, Failure, of};
use crate::install::Installation;
use crate::install::parties::{Parties, trusted};
use crate::registries::Registries;
use crate::serve::device_client;
use crate::wallet::Wallet;
use crate::wallet::venue::{NoAnswer, Source};

/// Said where an answer fits no code.
const TOO_LONG: &str = "so many claims fit no code; say no to an optional one, or ask the desk for a request that is answered online";

/// What `wallet register` takes.
#[derive(Args)]
pub struct RegisterArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    #[command(flatten)]
    resident: ResidentArgs,
    /// The desk's code: its text (BR1:), a picture of it, a file with its text, or `-` for standard input.
    #[arg(long, value_name = "FILE|TEXT")]
    request: String,
    /// An optional claim that is not shown; may be given several times.
    #[arg(long = "decline", value_name = "CLAIM")]
    decline: Vec<ClaimName>,
    /// Agrees to what the desk asks without being asked here.
    #[arg(long)]
    yes: bool,
    /// The document that is shown, such as home_return_permit; default: the one that suits the place.
    #[arg(long, value_name = "KIND")]
    document: Option<DocumentKind>,
    /// answer.png, .svg or .txt for the desk's camera; default: drawn in the terminal. Not where the desk takes it online.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Certificates (PEM) to which the desk's must lead; default: those that this machine trusts.
    #[arg(long, value_name = "FILE")]
    desk_ca: Option<PathBuf>,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

impl RegisterArgs {
    /// A refusal: its code and sentence, and exit code 3.
    fn refuse(&self, code: &str, sentence: &str) -> Result<Ended, Failure> {
        if self.output.json {
            failure::print_json(&json!({"refused": code, "detail": sentence}))?;
        } else {
            failure::print(&format!("not answered ({code}): {sentence}\n"))?;
        }
        Ok(Ended::Refused)
    }
}

/// Runs `wallet register`.
pub async fn run(args: &RegisterArgs, models: &Path) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.at.time());
    let text = text_of(&args.request, code::REQUEST_PREFIX)?;
    let (trust, approvals) = trusted(&installation, now)?;
    let mut scratch = Vec::new();
    let code = match VenueCode::parse(VenueCodeKind::Request, &text, &mut scratch) {
        Ok(code) => code,
        Err(refusal) => return args.refuse(refusal.code(), &refusal.to_string()),
    };
    let desk = match DeskRequest::check(code.bytes(), &trust, &approvals, now) {
        Ok(desk) => desk,
        Err(refusal) => return args.refuse(refusal.code(), &refusal.to_string()),
    };
    let request = desk.request();
    if let Some(claim) = args.decline.iter().find(|claim| !request.optional.contains(**claim)) {
        let why = if request.required.contains(*claim) { "required" } else { "not asked for" };
        return Err(Failure::new(format!(
            "{claim} is {why}; --decline takes an optional claim: {}",
            consent::words(&request.optional)
        )));
    }
    let agreed: ClaimSet = request.asked().iter().filter(|claim| !args.decline.contains(claim)).collect();
    let mut wallet = args.resident.wallet(&installation)?;
    let place = desk.authority();
    let refusal = Registries::of(&installation).refusal(&wallet, &wallet.enrolled_at(), now).await?;
    if let Some(refusal) = refusal {
        return args.refuse(refusal.code, &refusal.detail);
    }
    let sources = match wallet.sources_for(&desk, &agreed, args.document) {
        Ok(sources) => sources,
        Err(none) => return args.refuse(none.code(), &none.to_string()),
    };
    if !args.output.json {
        failure::print(&consent::page(&desk, &agreed, &sources))?;
    }
    if !args.yes && !consent::agrees()? {
        return args.refuse("not_agreed", "you did not agree; nothing was shown");
    }
    let fetched = sources.iter().any(|source| wallet.venues().left(source, now) == 0);
    let sources = if fetched {
        stocked(&installation, models, (&mut wallet, &desk), (&sources, &trust), now).await?
    } else {
        sources
    };
    let hold = installation.hold()?;
    // Another command may have shown one of them meanwhile.
    let mut wallet = Wallet::find(&installation, &wallet.resident.to_string())?;
    let answer = match wallet.answer(&desk, &agreed, &sources, &trust, now) {
        Ok(answer) => answer,
        Err(NoAnswer::Failure(failure)) => return Err(failure),
        Err(none) => return args.refuse(none.code(), &none.to_string()),
    };
    let code = match &request.reply {
        Some(_) => None,
        None => match VenueCode::new(VenueCodeKind::Answer, &answer).to_text() {
            Ok(text) => Some(text),
            // Nothing was shown: the wallet stays as it was.
            Err(error) => return args.refuse(error.code(), TOO_LONG),
        },
    };
    // Written down before anybody sees it: each credential is shown once.
    wallet.save(&installation)?;
    drop(hold);
    let mut told = told(&wallet, &desk, &sources, &agreed, (place.code(), now, fetched));
    if let Some(address) = request.reply.clone() {
        let roots = args.desk_ca.as_ref().map(|path| failure::read(path, MAX_REPLY_BYTES)).transpose()?;
        let client = device_client(roots.as_deref()).map_err(of)?;
        let receipt = match send(&client, &address, &answer).await? {
            Reply::Receipt(signed) => {
                let _hold = installation.hold()?;
                let mut wallet = Wallet::find(&installation, &wallet.resident.to_string())?;
                let kept = wallet.keep_receipt(&desk, &answer, &signed);
                wallet.save(&installation)?;
                kept
            }
            Reply::Refused { code, detail } => return args.refuse(&code, &detail),
        };
        return match receipt {
            Ok(receipt) => {
                extend(&mut told, json!({"receipt": receipt_json(&receipt)}));
                end(args, &told, &consent::receipt(&receipt), fetched)
            }
            Err(refusal) => args.refuse(refusal.code(), &refusal.to_string()),
        };
    }
    let text = code.unwrap_or_default();
    let symbol = QrSymbol::draw(&text).map_err(of)?;
    extend(&mut told, json!({"code": text, "file": args.out, "qr_version": symbol.version()}));
    match &args.out {
        Some(out) => draw(&symbol, &text, out)?,
        None if !args.output.json => failure::print(&symbol.to_terminal(TerminalGround::Dark))?,
        None => {}
    }
    let file = args.out.as_ref().map_or_else(String::new, |out| format!(" in {}", out.display()));
    let line =
        format!("code for the desk{file} (QR version {}): show it to the desk's camera\n", symbol.version());
    end(args, &told, &line, fetched)
}

fn end(args: &RegisterArgs, told: &Value, line: &str, fetched: bool) -> Result<Ended, Failure> {
    if args.output.json {
        failure::print_json(told)?;
    } else {
        failure::print(&format!("{line}{}", if fetched { ONE_PROCESS } else { "" }))?;
    }
    Ok(Ended::Done)
}

/// Fetches a batch of each source of which the wallet has none; gives the sources that serve.
async fn stocked(
    installation: &Installation,
    models: &Path,
    (wallet, desk): (&mut Wallet, &DeskRequest),
    (sources, trust): (&[Source], &TrustStore),
    now: documents::Timestamp,
) -> Result<Vec<Source>, Failure> {
    let parties = Parties::open(installation, models, now).await?;
    let stocked = wallet.stock(&parties.services, sources, &desk.request().required, (trust, now)).await;
    // Whatever came: keys may wait for their credentials.
    wallet.save(installation)?;
    let (serve, missing) = stocked?;
    for why in missing {
        installation.warn_once(&format!("something optional is not shown: {why}"));
    }
    Ok(serve)
}

fn extend(told: &mut Value, more: Value) {
    if let (Some(told), Value::Object(more)) = (told.as_object_mut(), more) {
        told.extend(more);
    }
}

fn told(
    wallet: &Wallet,
    desk: &DeskRequest,
    sources: &[Source],
    agreed: &ClaimSet,
    (place, now, fetched): (&str, documents::Timestamp, bool),
) -> Value {
    let request = desk.request();
    let shown = wallet.venues().registrations().last().map(|one| one.shown.clone());
    let left: Vec<_> = sources
        .iter()
        .map(|source| {
            let left = wallet.venues().left(source, now);
            json!({"issuer": source.issuer, "kind": source.kind, "document": source.document, "left": left})
        })
        .collect();
    json!({
        "resident": wallet.resident, "venue": request.venue, "authority": place, "scenario": request.scenario,
        "purpose": request.purpose, "approval": request.approval, "retention_days": request.retention_days,
        "face": request.face, "required": request.required.iter().collect::<Vec<_>>(),
        "optional": request.optional.iter().collect::<Vec<_>>(), "agreed": agreed.iter().collect::<Vec<_>>(),
        "shown": shown, "made_at": now, "credentials": left, "one_process": fetched,
    })
}

/// A receipt as a script reads it.
pub(super) fn receipt_json(receipt: &VenueReceipt) -> Value {
    json!({"kept": receipt.kept.iter().collect::<Vec<_>>(), "until": receipt.until, "at": receipt.at})
}
