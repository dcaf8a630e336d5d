//! `baypass authority serve`: one authority of an installation as a process of its own. It opens no gate's folder and no
//! other authority's.
//!
//! Lives here: what an installation adds to `authority`: files, addresses, the rounds between the parties. Not here:
//! what an authority answers (`authority`).

use std::path::Path;
use std::sync::Arc;

use authority::http::{HttpState, router};
use authority::peers;
use clap::{Args, Subcommand};
use documents::AuthorityCode;
use gate::Clock;

use super::InstallationArgs;
use crate::Ended;
use crate::failure::Failure;
use crate::install::database::DatabaseArgs;
use crate::install::lists;
use crate::install::parties::{load_approvals, load_faces, load_liveness, open_service};
use crate::officers::{PagesArgs, by_name};
use crate::serve::{Addresses, RunArgs, TrialClock, announce, http_client, log, serve_http};

/// The commands of an authority.
#[derive(Subcommand)]
pub enum AuthorityCommand {
    /// Serves wallets, gates, officers and the other authorities over HTTP; `/docs` describes it.
    Serve(ServeArgs),
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
        let Self::Serve(args) = self;
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
    let (approvals, refused) = load_approvals(&installation, &trust, now)?;
    for (id, why) in refused {
        tracing::warn!(id, why, "an approval does not load");
    }
    let faces = load_faces(models)?;
    let (service, _lock) = open_service(&installation, code, faces, trust, approvals).await?;
    let service = Arc::new(service.with_liveness(load_liveness(models)?));
    let (listener, address) = run.bind().await?;
    let ticking = clock.clone();
    let (public, from) = (installation.clone(), installation.clone());
    let (gates, named) = (installation.clone(), args.officer_origins.clone());
    let officers_pages: Arc<dyn Fn() -> Vec<String> + Send + Sync> = Arc::new(move || {
        let gates = Addresses::read(&gates).gates;
        // A page is opened by name, for passkeys, and by address without them.
        let all = gates.values().flat_map(|each| [by_name(each), each.clone()]);
        all.chain(named.iter().cloned()).collect()
    });
    let folder = installation.authority(code);
    let desk = args.pages.desk(&installation, &folder, Arc::clone(&officers_pages))?;
    let state = HttpState {
        service: Arc::clone(&service),
        now: Arc::new(move || ticking.now()),
        officers: Arc::new(desk),
        origins: args.origins.clone(),
        officer_origin: Arc::new(move |origin| officers_pages().iter().any(|each| each == origin)),
        trust_lists: Arc::new(move || lists::readable(&public)),
        approvals: Arc::new(move || {
            let all = lists::approvals(&from).unwrap_or_default();
            all.into_iter().map(|(_, bundle)| bundle).collect()
        }),
    };
    announce(code.code(), address)?;
    let client = http_client();
    let rounds = async {
        loop {
            let now = clock.now();
            for (whose, bytes) in lists::readable(&installation) {
                if let Err(error) = service.take_trust_list(&bytes, now) {
                    tracing::warn!(%whose, %error, "a trust list was not taken");
                }
            }
            for whose in AuthorityCode::ALL {
                if let Some(bytes) = service.kept_trust_list(whose)
                    && let Err(error) = lists::keep(&kept, whose, &bytes)
                {
                    tracing::error!(%whose, %error, "a trust list cannot be kept for the next start");
                }
            }
            // By a copy: no verdict waits for the disk.
            let trust = service.trust().clone();
            if let Ok((approvals, _)) = load_approvals(&installation, &trust, now) {
                for error in service.set_approvals(approvals) {
                    tracing::warn!(%error, "an approval was not taken");
                }
            }
            let mut others = Addresses::read(&installation).authorities;
            others.remove(&code);
            let report = peers::round(&service, &others, &client, now).await;
            for failure in report.failures {
                tracing::warn!(%failure, "a round towards the others failed in part");
            }
            clock.next_round().await;
        }
    };
    tokio::select! {
        () = serve_http(listener, router(state), run.proxies(), run.stopped()) => {}
        () = rounds => {}
    }
    Ok(Ended::Done)
}
