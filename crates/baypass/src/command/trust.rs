//! `baypass trust`: the signed lists of keys.

use clap::{Args, Subcommand};
use documents::AuthorityCode;
use serde_json::json;
use trust::{Freshness, Role};

use super::{At, InstallationArgs, Output};
use crate::Ended;
use crate::failure::{self, Failure, of};
use crate::install::lists;

/// The commands about trust lists.
#[derive(Subcommand)]
pub enum TrustCommand {
    /// Every list with its keys, roles and dates.
    List(ListArgs),
    /// Signs the lists afresh for a week.
    Renew(RenewArgs),
    /// Lists a key as compromised: it counts for nothing from then on, with all that it signed.
    Compromise(CompromiseArgs),
}

/// What `trust list` takes.
#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

/// What `trust renew` takes.
#[derive(Args)]
pub struct RenewArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// One authority's alone.
    #[arg(long)]
    authority: Option<AuthorityCode>,
    #[command(flatten)]
    at: At,
}

/// What `trust compromise` takes.
#[derive(Args)]
pub struct CompromiseArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// Whose key.
    #[arg(long)]
    authority: AuthorityCode,
    /// token, part, handover, verdict, notice, gate, status, approval or list.
    #[arg(long)]
    role: String,
    /// One key alone, by its id (a gate's is the name of its lane).
    #[arg(long)]
    kid: Option<String>,
    #[command(flatten)]
    at: At,
}

impl TrustCommand {
    /// Runs the command.
    pub fn run(&self) -> Result<Ended, Failure> {
        match self {
            Self::List(args) => list(args),
            Self::Renew(args) => renew(args),
            Self::Compromise(args) => compromise(args),
        }
    }
}

fn list(args: &ListArgs) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.at.time());
    let trust = lists::trust(&installation, now)?;
    let mut shown = Vec::new();
    for code in AuthorityCode::ALL {
        let Some(list) = trust.list(code) else { continue };
        let freshness = match trust.freshness(code, now) {
            Freshness::Current => "current",
            Freshness::Stale => "stale",
            Freshness::Refused => "too_old",
        };
        let gates = list.keys.iter().filter(|key| key.role == Role::Gate).count();
        if args.output.json {
            let keys: Vec<_> = list
                .keys
                .iter()
                .map(|key| {
                    json!({"role": key.role.as_str(), "kid": String::from_utf8_lossy(&key.kid), "kid_hex": hex::encode(&key.kid), "from": key.from, "to": key.to, "compromised": key.compromised})
                })
                .collect();
            shown.push(json!({"authority": code, "number": list.number, "issued": list.issued, "expires": list.expires, "state": freshness, "keys": keys}));
        } else {
            failure::print(&format!(
                "{code}: number {}, signed {}, good until {} ({freshness}), {gates} gates\n",
                list.number, list.issued, list.expires
            ))?;
            for key in list.keys.iter().filter(|key| key.role != Role::Gate) {
                let state = if key.compromised { "COMPROMISED" } else { "" };
                failure::print(&format!("  {:<9} {} to {} {state}\n", key.role.as_str(), key.from, key.to))?;
            }
        }
    }
    if args.output.json {
        failure::print_json(&json!({"lists": shown}))?;
    }
    Ok(Ended::Done)
}

fn renew(args: &RenewArgs) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.at.time());
    let _hold = installation.hold()?;
    for code in AuthorityCode::ALL.into_iter().filter(|code| args.authority.is_none_or(|only| only == *code))
    {
        let number = lists::renew(&installation, code, now, |_| ())?;
        failure::print(&format!("{code}: trust list number {number}, signed {now}\n"))?;
    }
    Ok(Ended::Done)
}

fn compromise(args: &CompromiseArgs) -> Result<Ended, Failure> {
    let CompromiseArgs { installation, authority: code, role, kid, at } = args;
    let (installation, code, kid, now) = (installation.open()?, *code, kid.as_deref(), at.time());
    let _hold = installation.hold()?;
    let roles: Vec<_> = Role::ALL.iter().map(|role| role.as_str()).collect();
    let Some(role) = Role::ALL.iter().copied().find(|known| known.as_str() == role) else {
        return Err(Failure::new(format!("there is no role {role}; roles are {}", roles.join(", "))));
    };
    let mut struck = 0;
    let number = lists::renew(&installation, code, now, |keys| {
        for key in keys.iter_mut() {
            let named = kid.is_none_or(|kid| key.kid == kid.as_bytes() || hex::encode(&key.kid) == kid);
            if key.role == role && named {
                key.compromised = true;
                struck += 1;
            }
        }
    })?;
    failure::print(&format!(
        "{code}: {struck} keys for {} listed as compromised; trust list number {number}\n",
        role.as_str()
    ))?;
    if struck == 0 { Err(of(NoSuchKey)) } else { Ok(Ended::Done) }
}

#[derive(Debug, thiserror::Error)]
#[error("no such key is listed; `baypass trust list --json` names them")]
struct NoSuchKey;
