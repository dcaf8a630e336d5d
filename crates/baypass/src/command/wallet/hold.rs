//! `baypass wallet hold`: shows an mdoc to a reader who stands there (`docs/proximity.md`).
//!
//! Lives here: the holder's way through one session, and what the traveller reads. Not here: the session (`openid4vc::proximity`), what of the
//! wallet answers (`wallet::proximity`).

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use code::{QrSymbol, TerminalGround};
use credential::agreement::AgreementKey;
use credential::x5c::{CertificateAnchors, VerifiedLeaf};
use openid4vc::proximity::{DeviceRequest, Engaged, FrameError, Handover, HolderSession, Reader, Received};
use serde_json::{Value, json};

use super::openid::{anchors, roots};
use super::{consent, draw};
use crate::Ended;
use crate::command::{At, InstallationArgs, Output, ResidentArgs};
use crate::failure::{self, Failure, of};
use crate::install::Installation;
use crate::proximity::{Connection, Stop};
use crate::wallet::proximity::InPerson;

/// What `wallet hold` takes.
#[derive(Args)]
pub struct HoldArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    #[command(flatten)]
    resident: ResidentArgs,
    /// Where the reader comes; port 0 takes a free one. It stands for BLE or NFC, of which there is none here.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Seconds for which a reader is waited for, and then each of its messages.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    wait: u64,
    /// The certificate (PEM) above the reader's, brought by somebody whom you trust; may be given again. The roots of this installation's
    /// authorities count anyway.
    #[arg(long, value_name = "FILE")]
    root: Vec<PathBuf>,
    /// Answers a reader, too, whom no root vouches for.
    #[arg(long)]
    unproven: bool,
    /// An element that is not shown, such as portrait; may be given again.
    #[arg(long = "decline", value_name = "ELEMENT")]
    decline: Vec<String>,
    /// Agrees to what the reader asks without being asked here.
    #[arg(long)]
    yes: bool,
    /// Shows who asks for what, and answers that nothing is shown.
    #[arg(long, conflicts_with = "yes")]
    look: bool,
    /// engagement.png, .svg or .txt; default: drawn in the terminal.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

/// Runs `wallet hold`.
pub async fn run(args: &HoldArgs) -> Result<Ended, Failure> {
    let installation = args.installation.open()?;
    if !args.yes && !args.look {
        consent::askable()?;
    }
    let roots = anchors(&roots(&installation, &args.root)?)?;
    let resident = args.resident.wallet(&installation)?.resident;
    let engaged = Engaged::new(AgreementKey::generate().map_err(of)?, None).map_err(of)?;
    let listener = tokio::net::TcpListener::bind(args.listen).await.map_err(of)?;
    show(args, listener.local_addr().map_err(of)?, &engaged.engagement().uri())?;
    let patience = Duration::from_secs(args.wait);
    let waited = tokio::time::timeout(patience, listener.accept()).await;
    let waited =
        waited.map_err(|_| Failure::new("no reader came; show the code again with `wallet hold`"))?;
    let stream = waited.map_err(of)?.0.into_std().map_err(of)?;
    // One engagement, one reader.
    drop(listener);
    stream.set_nonblocking(false).map_err(of)?;
    let mut connection = Connection::new(stream, patience)?;
    let holding = Holding { args, installation, roots };
    let mut answers = Vec::new();
    let ended = holding.session(engaged, &mut connection, &mut answers);
    let told = json!({"resident": resident, "answers": answers});
    match ended {
        Ok(()) if args.output.json => failure::print_json(&told)?,
        Ok(()) => failure::print("the reader is done\n")?,
        Err(stop) => return stop.end(args.output.json, "not shown", told),
    }
    Ok(Ended::Done)
}

/// Tells where the holder waits, and the engagement.
fn show(args: &HoldArgs, at: SocketAddr, uri: &str) -> Result<(), Failure> {
    let symbol = QrSymbol::draw_link(uri).map_err(of)?;
    if let Some(out) = &args.out {
        draw(&symbol, uri, out)?;
    }
    if args.output.json {
        // One line: whoever reads it goes on while the holder waits.
        return failure::print(&format!("{}\n", json!({"listens": at, "engagement": uri})));
    }
    failure::print(&format!("the wallet listens on {at}\n{uri}\n"))?;
    if args.out.is_none() {
        failure::print(&symbol.to_terminal(TerminalGround::Dark))?;
    }
    Ok(())
}

struct Holding<'a> {
    args: &'a HoldArgs,
    installation: Installation,
    roots: CertificateAnchors,
}

/// Who a certificate is of, as the traveller reads it.
fn name(leaf: &VerifiedLeaf) -> String {
    let hosts = leaf.dns_names.join(", ");
    match &leaf.common_name {
        Some(name) if hosts.is_empty() => name.clone(),
        Some(name) => format!("{name} ({hosts})"),
        None => hosts,
    }
}

impl Holding<'_> {
    /// The whole session: each request is shown and answered until the reader ends it.
    fn session(
        &self,
        engaged: Engaged,
        connection: &mut Connection,
        answers: &mut Vec<Value>,
    ) -> Result<(), Stop> {
        let first = connection.next()?.ok_or(FrameError::Cut)?;
        let (mut session, mut request) =
            engaged.establish(&first, &Handover::Qr).map_err(|fault| connection.fault(fault))?;
        loop {
            match self.answer(&mut session, &request, connection) {
                Ok(answer) => answers.push(answer),
                Err(stop) => {
                    if let Some(end) = session.end() {
                        drop(connection.send(&end));
                    }
                    return Err(stop);
                }
            }
            let Some(message) = connection.next()? else { return Ok(()) };
            match session.receive(&message).map_err(|fault| connection.fault(fault))? {
                Received::Data { plain, last: false } => request = plain,
                Received::Data { last: true, .. } | Received::Terminated => return Ok(()),
            }
        }
    }

    /// Shows one request and answers it, where the traveller agrees.
    fn answer(
        &self,
        session: &mut HolderSession,
        request: &[u8],
        connection: &mut Connection,
    ) -> Result<Value, Stop> {
        let (args, now) = (self.args, self.args.at.time());
        let request = DeviceRequest::parse(request)?;
        let reader = request.reader(session.transcript(), &self.roots, now)?;
        let (who, unproven) = match &reader {
            Reader::Proven(leaf) => (name(leaf), None),
            Reader::Unproven(why) => ("a reader whom nobody here knows".to_owned(), Some(*why)),
        };
        let wanted = args.resident.wallet(&self.installation)?.in_person(&request, &args.decline, now);
        if !args.output.json {
            failure::print(&page(&who, &request, &wanted))?;
        }
        if let Some(why) = unproven.filter(|_| !args.unproven) {
            let next =
                "bring the reader's root with --root, or say --unproven where you know who stands there";
            return Err(Stop::refused("reader_unproven", format!("{why}; {next}")));
        }
        let told = |sent: bool| {
            let shown = wanted
                .shows
                .iter()
                .map(|one| json!({"issuer": one.issuer, "type": one.doc_type, "elements": one.names}));
            json!({"reader": who, "proven": unproven.is_none(), "shown": shown.collect::<Vec<_>>(), "sent": sent})
        };
        if wanted.shows.is_empty() {
            let refusal = Stop::refused(
                "nothing_held",
                format!(
                    "nothing in this wallet answers what {who} asks for; `baypass wallet credentials` lists what is here"
                ),
            );
            nothing(session, &request, connection)?;
            return Err(refusal);
        }
        if args.look {
            nothing(session, &request, connection)?;
            return Ok(told(false));
        }
        if !args.yes && !consent::agrees()? {
            let refusal = Stop::refused("not_agreed", "you did not agree; nothing was shown");
            nothing(session, &request, connection)?;
            return Err(refusal);
        }
        let sealed = {
            let _hold = self.installation.hold()?;
            // Another command may have shown one of them meanwhile.
            let mut wallet = args.resident.wallet(&self.installation)?;
            let again = wallet.in_person(&request, &args.decline, now);
            if !again.is_as(&wanted) {
                return Err(Failure::new("the wallet changed meanwhile; begin again").into());
            }
            let response = again.response(&request, session.transcript())?;
            let sealed = session.answer(&response, false)?;
            // From here on the reader may have seen them.
            wallet.count_shown(again.shows.iter().map(|one| one.place));
            wallet.save(&self.installation)?;
            sealed
        };
        connection.send(&sealed)?;
        if !args.output.json {
            failure::print("shown\n")?;
        }
        Ok(told(true))
    }
}

/// Answers that nothing is shown.
fn nothing(
    session: &mut HolderSession,
    request: &DeviceRequest,
    connection: &mut Connection,
) -> Result<(), Stop> {
    let response = request.respond(&[], &[], session.transcript()).map_err(of)?;
    Ok(connection.send(&session.answer(&response, false)?)?)
}

fn page(who: &str, request: &DeviceRequest, wanted: &InPerson) -> String {
    let shows = wanted.shows.iter().map(|one| (&one.issuer, &one.doc_type, one.names.as_slice()));
    let mut page = consent::shown_to((who, &[]), shows);
    let asked = || request.documents().iter().flat_map(|one| &one.elements);
    let shown = |name: &String| wanted.shows.iter().any(|one| one.names.contains(name));
    let kept: Vec<&str> = asked().filter(|one| one.intent_to_retain).map(|one| one.name.as_str()).collect();
    let left: Vec<&str> = asked().filter(|one| !shown(&one.name)).map(|one| one.name.as_str()).collect();
    for (what, names) in [("they mean to keep", kept), ("asked for, and not shown", left)] {
        if !names.is_empty() {
            let _ = writeln!(page, "  {what}: {}", names.join(", "));
        }
    }
    page
}
