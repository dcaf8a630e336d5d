//! `baypass authority renew-root | replace-key`: certificates and keys towards wallets and verifiers of others (docs/openid4vc.md).
//!
//! Lives here: the commands. Not here: files (`install::openid`, `install::certifier`), the process that serves (`authority`).

use clap::Args;
use documents::AuthorityCode;

use super::{At, InstallationArgs};
use crate::Ended;
use crate::failure::{self, Failure, of};
use crate::install::acts::{self, Office};
use crate::install::openid::{self, IssuerKey};

/// What `authority renew-root` takes.
#[derive(Args)]
pub struct RenewRootArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// CHN, HKG or MAC.
    #[arg(long)]
    authority: AuthorityCode,
    /// The address by which wallets and verifiers know it (https://hkg.example): the one that `authority serve --issuer` is given.
    #[arg(long, value_name = "URL")]
    issuer: String,
    #[command(flatten)]
    at: At,
}

impl RenewRootArgs {
    /// Runs the command.
    pub fn run(&self) -> Result<Ended, Failure> {
        let (installation, code, now) = (self.installation.open()?, self.authority, self.at.time());
        let address = reqwest::Url::parse(&self.issuer).map_err(of)?;
        if !matches!(address.scheme(), "http" | "https") || !address.has_host() {
            return Err(Failure::new("an issuer is found at an address such as https://hkg.example"));
        }
        let _hold = installation.hold()?;
        installation.put_on_record(&Office::authority(code), (acts::RENEW_ISSUER_ROOT, ""), now)?;
        openid::renew_root(&installation, code, &self.issuer, now)?;
        let path = openid::root_path(&installation, code);
        failure::print(&format!(
            "{code}: another certificate of the same root, and below it of signer and reader; verifiers take in {}\nnext: start \
             `baypass authority serve --authority {code} --issuer {}` again\n",
            path.display(),
            self.issuer
        ))?;
        Ok(Ended::Done)
    }
}

/// What `authority replace-key` takes.
#[derive(Args)]
pub struct ReplaceKeyArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// CHN, HKG or MAC.
    #[arg(long)]
    authority: AuthorityCode,
    /// Which key.
    #[arg(long, value_enum)]
    key: IssuerKey,
    /// Somebody else has the old key, or may have it: every certificate that it had is revoked.
    #[arg(long)]
    compromised: bool,
    #[command(flatten)]
    at: At,
}

impl ReplaceKeyArgs {
    /// Runs the command.
    pub fn run(&self) -> Result<Ended, Failure> {
        let (installation, code, now) = (self.installation.open()?, self.authority, self.at.time());
        let _hold = installation.hold()?;
        installation.put_on_record(&Office::authority(code), (acts::REPLACE_ISSUER_KEY, ""), now)?;
        let revoked = openid::replace_key(&installation, code, self.key, self.compromised, now)?;
        let list = match self.compromised {
            true => format!("; {revoked} certificates of the old key are revoked"),
            false => String::new(),
        };
        failure::print(&format!(
            "{code}: another key with its certificate{list}\nnext: start `baypass authority serve --authority {code}` again; until \
             then it signs with the old key\n"
        ))?;
        Ok(Ended::Done)
    }
}
