//! `baypass desk read`: a desk reads an mdoc of a holder who stands there (`docs/proximity.md`).
//!
//! Lives here: the reader's way through one session. Not here: the session (`openid4vc::proximity`), what a desk asks (`venue::openid`), the
//! proof of what is shown (`openid4vc::mdoc`, `verifier`).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use clap::Args;
use credential::agreement::AgreementKey;
use credential::sha256;
use credential::venue::ClaimName;
use documents::{Timestamp, VenueId};
use openid4vc::dcql::{CredentialQuery, Presented, Query, check_answer};
use openid4vc::issuance::CredentialSort;
use openid4vc::mdoc::{self, Expected};
use openid4vc::proximity::{
    DeviceEngagement, FrameError, Handover, NewDocRequest, ReaderSession, ReaderSigner, Received,
    SessionError, asked_by, device_request,
};
use serde_json::json;
use trust::VenueKind;
use venue::desk::{DeskSetup, Shown};
use venue::openid::{ClaimsFault, Forms, claims_of, query};
use verifier::StatusLists;

use crate::Ended;
use crate::command::{At, InstallationArgs, Output};
use crate::failure::{self, Failure, of};
use crate::install::acts::{self, Office};
use crate::install::desk_reader::{self, InPerson};
use crate::install::parties::trusted;
use crate::install::{Installation, venues};
use crate::proximity::{Connection, Stop};
use crate::serve::status_client;

/// How long a holder is waited for who looks at what is asked.
const PATIENCE: Duration = Duration::from_secs(300);

/// What `desk read` takes.
#[derive(Args)]
pub struct ReadArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// The venue, such as specimen-hotel-zhuhai.
    #[arg(long)]
    venue: VenueId,
    /// What the holder's code says: mdoc:...
    #[arg(long, value_name = "URI")]
    engagement: String,
    /// Where the holder's wallet is reached. It stands for BLE or NFC, of which there is none here.
    #[arg(long, value_name = "ADDRESS")]
    connect: SocketAddr,
    /// The document that is asked for: identity-card, photo-id or travel-permit.
    #[arg(long, value_name = "KIND", default_value = "identity-card", value_parser = sort_named)]
    document: CredentialSort,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

fn sort_named(name: &str) -> Result<CredentialSort, String> {
    let sort = CredentialSort::ALL.into_iter().find(|sort| sort.name() == name);
    sort.ok_or_else(|| "write identity-card, photo-id or travel-permit".to_owned())
}

/// Runs `desk read`.
pub async fn run(args: &ReadArgs) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.at.time());
    let desk = venues::desk(&installation, &args.venue)?;
    let setup = super::setup(&desk)?;
    let (_, approvals) = trusted(&installation, now)?;
    // What its approval does not allow is neither signed nor asked.
    if let Err(refused) = setup.approved(&approvals, now) {
        let stop = Stop::refused(refused.code(), refused.to_string());
        return stop.end(args.output.json, "not asked", json!({"venue": args.venue}));
    }
    let reader = desk_reader::in_person(&installation, &desk, now)?;
    let reading = Reading { args, installation: &installation, setup: &setup, reader };
    match reading.read(now).await {
        Ok(shown) => told(args, &shown),
        Err(stop) => stop.end(args.output.json, "not taken", json!({"venue": args.venue})),
    }
}

struct Reading<'a> {
    args: &'a ReadArgs,
    installation: &'a Installation,
    setup: &'a DeskSetup,
    reader: InPerson,
}

impl Reading<'_> {
    async fn read(&self, now: Timestamp) -> Result<Shown, Stop> {
        let engagement = DeviceEngagement::from_uri(self.args.engagement.trim())?;
        let query = query(&self.setup.required, &self.setup.optional, Forms::Mdoc)?;
        let doc_type = self.args.document.doctype();
        let asked = query.credentials().iter().find_map(|one| {
            let (of, elements) = asked_by(one)?;
            (of == doc_type).then_some((one, elements))
        });
        let (asked, elements) =
            asked.ok_or_else(|| Failure::new(format!("nothing is asked of {doc_type}")))?;
        let key = AgreementKey::generate().map_err(of)?;
        let mut session = ReaderSession::new(&engagement, &Handover::Qr, key)?;
        let id = hex::encode(sha256(session.transcript().as_bytes()));
        let office = Office::Venue(self.args.venue.clone());
        self.installation.put_on_record(&office, (acts::SIGN_REQUEST, &id), now)?;
        let documents = [NewDocRequest { doc_type, elements: &elements }];
        let signer = ReaderSigner { key: &self.reader.key, chain: &self.reader.chain };
        let request = device_request(&documents, signer, session.transcript()).map_err(of)?;
        let stream = TcpStream::connect_timeout(&self.args.connect, PATIENCE).map_err(|error| {
            Failure::new(format!(
                "{} is not reached: {error}; ask the holder for a new code",
                self.args.connect
            ))
        })?;
        let mut connection = Connection::new(stream, PATIENCE)?;
        connection.send(&session.ask(&request)?)?;
        let response = answer(&mut session, &mut connection)?;
        let shown = self.prove(&query, asked, &session, &response, now).await;
        // Whatever it is worth: the holder is not kept waiting.
        if let Some(end) = session.end() {
            drop(connection.send(&end));
        }
        shown
    }

    /// Proves a response: form, issuer, digests, times, the holder's device, what was asked, status.
    async fn prove(
        &self,
        query: &Query,
        asked: &CredentialQuery,
        session: &ReaderSession,
        response: &[u8],
        now: Timestamp,
    ) -> Result<Shown, Stop> {
        let (transcript, reader) = (session.transcript(), Some(session.key()));
        let expected = Expected { anchors: &self.reader.issuers, transcript, reader, now };
        if mdoc::DeviceResponse::parse(response)?.documents.is_empty() {
            return Err(Stop::refused(
                "nothing_shown",
                "the holder shows nothing of this document; ask for another, or take the document by hand",
            ));
        }
        let verified = mdoc::verify(response, &expected)?;
        let answer = BTreeMap::from([(asked.id.clone(), vec![Presented::Mdoc(Box::new(verified))])]);
        check_answer(query, &answer)?;
        let lists = StatusLists::new(status_client(self.installation)?);
        for presented in answer.values().flatten() {
            lists.hold(presented, now).await?;
        }
        let claims = claims_of(&self.setup.required, &self.setup.optional, &answer)?;
        let shown = Shown { claims, pseudonym: None, status_stale: false };
        // What the desk's book could not hold is of no use to the clerk.
        let readable = match self.setup.kind {
            VenueKind::Hotel => shown.disclosed().map(drop),
            VenueKind::Building => shown.visitor(false).map(drop),
            VenueKind::Library => Ok(()),
        };
        readable.map_err(ClaimsFault::Unreadable)?;
        Ok(shown)
    }
}

fn told(args: &ReadArgs, shown: &Shown) -> Result<Ended, Failure> {
    let (claims, portrait) = (shown.words(), shown.claims.get(ClaimName::Portrait).is_some());
    if args.output.json {
        let document = args.document.name();
        failure::print_json(
            &json!({"venue": args.venue, "document": document, "claims": claims, "portrait": portrait}),
        )?;
        return Ok(Ended::Done);
    }
    let mut page = String::new();
    for (claim, value) in &claims {
        let _ = writeln!(page, "{claim}: {value}");
    }
    if portrait {
        page += "portrait: shown; it is not kept\n";
    }
    failure::print(&page)?;
    Ok(Ended::Done)
}

/// The holder's response.
fn answer(session: &mut ReaderSession, connection: &mut Connection) -> Result<Vec<u8>, Stop> {
    let message = connection.next()?.ok_or(FrameError::Cut)?;
    match session.receive(&message).map_err(|fault| connection.fault(fault))? {
        Received::Data { plain, .. } => Ok(plain),
        Received::Terminated => Err(SessionError::Ended.into()),
    }
}
