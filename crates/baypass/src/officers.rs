//! Officers of an installation: the desk of a party, and how a secret reaches the one person who is to have it.
//!
//! Lives here: what an installation adds to `officers`: folders, the relying party, terminals. Not here: any check.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::officers::{Desk, DeskSettings, Limits, Pairings};
use clap::Args;
use credential::random;
use credential::webauthn::RelyingParty;

use crate::failure::{Failure, of};
use crate::install::{Installation, write_whole};

/// What a party takes whose officers have pages.
#[derive(Debug, Args)]
pub struct PagesArgs {
    /// The relying party of officers' passkeys: the host name of their pages, or a domain above it. An address is none.
    #[arg(long, value_name = "DOMAIN", default_value = "localhost")]
    rp_id: String,
}

impl PagesArgs {
    /// The desk over a party's folder; `origins` are those of its pages.
    pub fn desk(
        &self,
        installation: &Installation,
        folder: &Path,
        origins: Arc<dyn Fn() -> Vec<String> + Send + Sync>,
    ) -> Result<Desk, Failure> {
        let party = RelyingParty::new(&self.rp_id).ok_or_else(|| {
            Failure::new("--rp-id takes a host name in lower case, such as localhost or gate.example: no address, no port")
        })?;
        open(installation, folder, party, origins)
    }
}

/// The desk over a party's folder, for a command: nobody signs in there.
pub fn desk(installation: &Installation, folder: &Path) -> Result<Desk, Failure> {
    let party = RelyingParty::new("localhost").ok_or_else(|| Failure::new("localhost is a domain"))?;
    open(installation, folder, party, Arc::new(Vec::new))
}

fn open(
    installation: &Installation,
    folder: &Path,
    party: RelyingParty,
    origins: Arc<dyn Fn() -> Vec<String> + Send + Sync>,
) -> Result<Desk, Failure> {
    let limits = Limits::builtin().map_err(of)?;
    let test_accounts = installation.simulated_camera();
    Desk::open(folder, DeskSettings { party, origins, test_accounts, limits, draw: random }).map_err(of)
}

/// The pairings of a gate. Where cameras are simulated one operator plays at every lane.
pub fn pairings(installation: &Installation, folder: &Path) -> Result<Pairings, Failure> {
    let limits = Limits::builtin().map_err(of)?;
    Ok(Pairings::of(folder, limits, random, installation.simulated_camera()))
}

/// The same address by the name that passkeys know: an IP address is no relying party.
pub fn by_name(address: &str) -> String {
    address.replace("://127.0.0.1:", "://localhost:").replace("://[::1]:", "://localhost:")
}

/// Where a secret goes: to the terminal of whoever asked for it, or to a file of their own. Never into a pipe, and so never
/// into a log.
pub enum Outlet {
    /// Standard output, which is a terminal.
    Terminal,
    /// A file that its owner alone may read.
    File(PathBuf),
}

impl Outlet {
    /// The outlet; to be found before a secret is made.
    pub fn find(file: Option<&Path>) -> Result<Self, Failure> {
        match file {
            Some(file) if file.exists() => Err(Failure::new(format!(
                "{} exists; name a new file for the code, or remove this one",
                file.display()
            ))),
            Some(file) => Ok(Self::File(file.to_owned())),
            None if std::io::stdout().is_terminal() => Ok(Self::Terminal),
            None => Err(Failure::new(
                "standard output is no terminal, and a code would end in a log: run this in a terminal, or name a file with --code-file",
            )),
        }
    }

    /// Hands the secret over; `about` says what it is for.
    pub fn hand_over(&self, about: &str, secret: &str) -> Result<(), Failure> {
        match self {
            Self::Terminal => {
                let mut out = std::io::stdout().lock();
                writeln!(out, "{about}\n\n    {secret}\n").map_err(of)
            }
            Self::File(file) => write_whole(file, format!("{secret}\n").as_bytes()),
        }
    }
}
