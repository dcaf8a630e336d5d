//! `baypass authority serve`: one authority of an installation as a process of its own. It opens no gate's folder and no
//! other authority's.
//!
//! Lives here: what an installation adds to `authority`: files, addresses, its three listeners, the rounds between the
//! parties. Not here: what an authority answers (`authority`), TLS (`transport`).

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use authority::http::{HttpState, Listeners, listeners};
use authority::peers;
use clap::{Args, Subcommand};
use documents::AuthorityCode;
use gate::Clock;
use transport::base_address;
use trust::Party;

use super::InstallationArgs;
use super::issuer::{RenewRootArgs, ReplaceKeyArgs};
use super::master::ReplaceMasterArgs;
use crate::Ended;
use crate::failure::{Failure, of};
use crate::install::database::DatabaseArgs;
use crate::install::parties::{load_faces, load_liveness, open_approvals, open_service};
use crate::install::published::Published;
use crate::install::signing::AuthoritySigners;
use crate::install::{Installation, approvals, lists, openid, risk_rules};
use crate::officers::{PagesArgs, by_name};
use crate::serve::{
    AddressBook, Addresses, RunArgs, TrialClock, announce, bind, log, serve_http, status_client,
};
use crate::tls::{CertificateArgs, PartyTls, base_of};

/// How often it is noted how far the database has come.
const MARK_SECONDS: i64 = 60;

/// The commands of an authority.
#[derive(Subcommand)]
pub enum AuthorityCommand {
    /// Serves wallets and officers, gates and the other authorities, and its operators, each over a listener of their own;
    /// `/docs` describes it.
    Serve(Box<ServeArgs>),
    /// Makes the certificates anew under which credentials are issued to wallets of others, for the address that they name. Keys stay,
    /// and what was issued stays valid; verifiers who ask for the whole profile of ISO/IEC 18013-5 take in the new root.
    RenewRoot(RenewRootArgs),
    /// Puts another key in the place of the one that signs credentials for wallets of others, or asks them. The next start of `authority
    /// serve` uses it.
    ReplaceKey(ReplaceKeyArgs),
    /// Puts another master key in the place of the one that wraps what the database holds, and everything under it. The authority must not
    /// run, on any machine. What is cut short, the same command ends.
    ReplaceMaster(ReplaceMasterArgs),
}

/// What `authority serve` takes.
#[derive(Args)]
pub struct ServeArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// CHN, HKG or MAC.
    #[arg(long)]
    authority: AuthorityCode,
    /// Where a web wallet may come from (https://wallet.example); may be given several times.
    #[arg(long = "origin", value_name = "ORIGIN")]
    origins: Vec<String>,
    /// Where an officer's view may come from that looks up reasons, beside the gates of this installation's
    /// `public/addresses.json`; may be given several times.
    #[arg(long = "officer-origin", value_name = "ORIGIN")]
    officer_origins: Vec<String>,
    /// Where gates and the other authorities find it: always over TLS, with keys that the trust lists name.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen_parties: SocketAddr,
    /// The address by which wallets of others know it as an issuer (OpenID4VCI), where it is another than the one at which it
    /// listens (https://hkg.example).
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    #[command(flatten)]
    certificate: CertificateArgs,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    pages: PagesArgs,
    #[command(flatten)]
    run: RunArgs,
}

impl AuthorityCommand {
    /// Runs the command.
    pub async fn run(&self, models: &Path) -> Result<Ended, Failure> {
        let args = match self {
            Self::Serve(args) => args,
            Self::RenewRoot(args) => return args.run(),
            Self::ReplaceKey(args) => return args.run(),
            Self::ReplaceMaster(args) => return args.run().await,
        };
        serve(args, models).await
    }
}

async fn serve(args: &ServeArgs, models: &Path) -> Result<Ended, Failure> {
    log();
    let (code, run) = (args.authority, &args.run);
    let installation = args.installation.open()?.with_database(args.database.database_url.as_ref());
    let clock = TrialClock::of(&installation);
    let now = clock.now();
    let kept = installation.authority(code).join("lists");
    let (trust, broken) = lists::trust_or_kept(&installation, &kept, now)?;
    for (whose, why) in broken {
        tracing::error!(%whose, why, "a trust list is broken; what was verified last is in use");
    }
    let bundles = approvals::all(&installation)?;
    let (approvals, refused) = open_approvals(&bundles, &trust, now);
    for (id, why) in refused {
        tracing::warn!(id, why, "an approval does not load");
    }
    let faces = load_faces(models)?;
    let (service, _lock) = open_service(&installation, code, faces, trust, approvals, now).await?;
    let service = Arc::new(service.with_liveness(load_liveness(models)?));
    let tls = PartyTls::open(
        &installation,
        Party::Authority(code),
        args.certificate.clone(),
        Arc::clone(&service),
        &clock,
    )?;
    let ((public, public_at), (parties, parties_at), (operators, operators_at)) =
        (run.bind().await?, bind(args.listen_parties).await?, run.bind_for_operators().await?);
    let (to_public, to_operators) = (tls.before_everybody(public_at)?, tls.before_operators(operators_at)?);
    let to_parties = tls.among_parties()?;
    let clients = tls.clients()?;
    let ticking = clock.clone();
    let published = Arc::new(Published::new(installation.clone(), Arc::clone(&service), bundles));
    let [lists_given, approvals_given] = [(); 2].map(|()| Arc::clone(&published));
    let [lists_at, approvals_at] = [(); 2].map(|()| clock.clone());
    let book = AddressBook::of(&installation);
    let named = origins(&args.officer_origins)?;
    let officers_pages: Arc<dyn Fn() -> Vec<String> + Send + Sync> = Arc::new(move || {
        // A page is opened by name, for passkeys, and by address without them.
        let all = book.read();
        let all = all.gates.values().flat_map(|each| [by_name(each), each.clone()]);
        all.chain(named.iter().cloned()).collect()
    });
    let folder = installation.authority(code);
    let desk = args.pages.desk(&installation, &folder, Arc::clone(&officers_pages))?;
    let base = args.issuer.clone().unwrap_or_else(|| base_of(&to_public, public_at));
    let openid = openid::issuer(&installation, code, &base, status_client(&installation)?, now)?;
    let lacks = openid::lacks(&openid).join("; ");
    if !lacks.is_empty() {
        tracing::warn!(
            lacks,
            "certificates towards wallets of others; `baypass authority renew-root` makes them anew"
        );
    }
    let mut revocations = openid::revocation_rounds(&installation, code, &openid)?;
    let state = HttpState {
        service: Arc::clone(&service),
        now: Arc::new(move || ticking.now()),
        officers: Arc::new(desk),
        origins: origins(&args.origins)?,
        officer_origin: Arc::new(move |origin| officers_pages().iter().any(|each| each == origin)),
        trust_lists: Arc::new(move || lists_given.lists(lists_at.now())),
        approvals: Arc::new(move || approvals_given.bundles(approvals_at.now())),
        openid: Some(Arc::new(openid)),
    };
    let at = [
        ("", base_of(&to_public, public_at)),
        (" for parties", base_of(&to_parties, parties_at)),
        (" for operators", base_of(&to_operators, operators_at)),
    ];
    announce(code.code(), &at, "")?;
    let (mut told_of_rounds, mut told_of_rules) =
        (Told::of("a round towards the others"), Told::of("taking risk rules"));
    let mut told_of_list = Told::of("signing the list of revoked certificates");
    let mut marked = clock.now();
    let mut signers = AuthoritySigners::new(&installation, code);
    let rounds = async {
        loop {
            let now = clock.now();
            published.take_lists(now);
            signers.follow(&service, now);
            told_of_list.tell(revocations.follow(now).err().map(|failure| failure.to_string()));
            for whose in AuthorityCode::ALL {
                if let Some(bytes) = service.kept_trust_list(whose)
                    && let Err(error) = lists::keep(&kept, whose, &bytes)
                {
                    tracing::error!(%whose, %error, "a trust list cannot be kept for the next start");
                }
            }
            if now.seconds_since(marked).abs() >= MARK_SECONDS {
                marked = now;
                if let Err(error) = service.advance_mark().await {
                    tracing::error!(%error, "how far the database has come cannot be noted");
                }
                match service.overdue_appeals(now).await {
                    Ok(0) => {}
                    Ok(overdue) => tracing::error!(
                        overdue,
                        "alarm: appeals are past their fifteen working days; answer them (`GET /v1/appeals`)"
                    ),
                    Err(error) => tracing::error!(%error, "whether appeals are overdue cannot be told"),
                }
                if let Err(error) = service.watch_status_fill(now).await {
                    tracing::error!(%error, "how full the status lists are cannot be told");
                }
            }
            published.take_approvals(now);
            match risk_rules::follow(&installation, &service, now).await {
                Ok(refused) => told_of_rules.tell(refused.iter().map(ToString::to_string)),
                Err(failure) => told_of_rules.tell([failure.to_string()]),
            }
            let others = peers_of(code, &installation, &clients);
            let report = peers::round(&service, &others, now).await;
            told_of_rounds.tell(report.failures.iter().map(ToString::to_string));
            clock.next_round().await;
        }
    };
    let (apps, stop, proxies) = (listeners(state), run.stopping(), run.proxies());
    let Listeners { public: wallets, parties: messages, operators: counters } = apps;
    let served = async {
        tokio::join!(
            serve_http(public, wallets, proxies, to_public, stop.wait()),
            serve_http(parties, messages, Vec::new(), to_parties, stop.wait()),
            serve_http(operators, counters, Vec::new(), to_operators, stop.wait()),
        )
    };
    tokio::select! {
        ((), (), ()) = served => {}
        () = rounds => {}
        () = tls.follow_files() => {}
    }
    Ok(Ended::Done)
}

/// What fails in round after round, told once: a second time for the same reason is no news.
struct Told {
    what: &'static str,
    failures: BTreeSet<String>,
}

impl Told {
    const fn of(what: &'static str) -> Self {
        Self { what, failures: BTreeSet::new() }
    }

    fn tell(&mut self, failures: impl IntoIterator<Item = String>) {
        let failures: BTreeSet<String> = failures.into_iter().collect();
        for failure in failures.difference(&self.failures) {
            tracing::warn!(failure, "{} failed in part", self.what);
        }
        for failure in self.failures.difference(&failures) {
            tracing::info!(failure, "{} does not fail for this reason any more", self.what);
        }
        self.failures = failures;
    }
}

/// Origins of pages, which may come over plain HTTP from the loopback alone.
fn origins(named: &[String]) -> Result<Vec<String>, Failure> {
    named.iter().map(|origin| base_address(origin).map_err(of)).collect()
}

/// The other authorities, where their addresses are known.
fn peers_of(
    me: AuthorityCode,
    installation: &Installation,
    clients: &BTreeMap<AuthorityCode, reqwest::Client>,
) -> BTreeMap<AuthorityCode, peers::Address> {
    let known = Addresses::read(installation).unwrap_or_else(|failure| {
        tracing::error!(%failure, "no other authority is asked");
        Addresses::default()
    });
    let others = known.parties.into_iter().filter(|(code, _)| *code != me);
    let address = |(code, base)| Some((code, peers::Address { base, client: clients.get(&code)?.clone() }));
    others.filter_map(address).collect()
}
