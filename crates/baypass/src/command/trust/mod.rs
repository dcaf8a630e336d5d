//! `baypass trust`: the signed lists of keys, and the ceremony by which supervisors sign them (docs/trust.md).
//!
//! Lives here: what shows lists, and what one who holds all supervisors' keys does in one step. Not here: the steps of each
//! supervisor (`ceremony`), an installation of the version before (`upgrade`).

mod ceremony;
mod foreign;
mod upgrade;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use documents::AuthorityCode;
use serde_json::json;
use trust::{Freshness, Role, Root, TrustList};

use self::foreign::Foreign;
use super::{At, InstallationArgs, ListArgs};
use crate::Ended;
use crate::failure::{self, Failure, of};
use crate::install::acts::{self, Office};
use crate::install::supervisors::{self, RootFile};
use crate::install::{Installation, lists};

/// The commands about trust lists.
#[derive(Subcommand)]
pub enum TrustCommand {
    /// Every list with its root, keys, roles and dates.
    List(ListArgs),
    /// Signs the lists afresh for a week, in one step, with the supervisors' keys that this installation holds.
    Renew(OneStepArgs),
    /// Lists a key as compromised, in one step: it signs nothing from then on, and what it signed counts for nothing.
    Compromise(CompromiseArgs),
    /// Announces the root that will follow, in one step; without --root, of three new supervisors of this installation.
    Announce(AnnounceArgs),
    /// Moves to the root that the list in force announces, in one step.
    Rotate(RotateArgs),
    /// Lists an issuer of another system, whose identity credentials count at an enrolment, in one step.
    ///
    /// The file: {"name": "hk-identity", "jurisdiction": "HK", "types": ["sd-jwt:VCT", "mdoc:DOCTYPE"], "documents": ["hkid"],
    /// "to": "2027-11-30", "certificate": "-----BEGIN CERTIFICATE-----..."}. The certificate is the one above its signers, brought in person.
    AddIssuer(foreign::AddArgs),
    /// Takes an issuer of another system out of the list, in one step.
    RemoveIssuer(foreign::RemoveArgs),
    /// Lists a verifier of another system, which may ask wallets for credentials of the types that it is listed for, in one step.
    ///
    /// The file: {"name": "hk-ministry", "jurisdiction": "HK", "types": ["sd-jwt:VCT", "mdoc:DOCTYPE"], "to": "2027-11-30",
    /// "certificate": "-----BEGIN CERTIFICATE-----..."}. The certificate is the one above its signers of requests, brought in person.
    AddVerifier(foreign::AddArgs),
    /// Takes a verifier of another system out of the list, in one step.
    RemoveVerifier(foreign::RemoveArgs),
    /// Makes a supervisor's key, and prints its public key for a root's file.
    NewKey(ceremony::NewKeyArgs),
    /// Writes the next list, not signed yet, for the supervisors to look at and sign.
    Draft(ceremony::DraftArgs),
    /// Shows a draft: what its signature would say, beside the list in force.
    Show(ceremony::ShowArgs),
    /// Signs a draft with one supervisor's key.
    Sign(ceremony::SignArgs),
    /// Puts a draft and its signatures together, and publishes the list.
    Publish(ceremony::PublishArgs),
    /// Pins another root in this installation, brought in person: where too many of the pinned one's keys are lost or stolen.
    AdoptRoot(ceremony::AdoptArgs),
    /// Brings over an installation of the version before, whose lists one pinned key signs.
    Upgrade(upgrade::UpgradeArgs),
}

/// What a step of one holder of all keys takes.
#[derive(Args)]
pub struct OneStepArgs {
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
    /// token, part, handover, verdict, notice, gate, status, venue, desk, counter, foreign-issuer, foreign-verifier, approval or tls.
    #[arg(long, required_unless_present = "supervisor")]
    role: Option<String>,
    /// One key alone, by its id (a gate's is the name of its lane, a desk's its venue; from the second on with `#` and the number).
    #[arg(long, requires = "role")]
    kid: Option<String>,
    /// A supervisor's key, by its id.
    #[arg(long, value_name = "KID", conflicts_with = "role")]
    supervisor: Option<String>,
    #[command(flatten)]
    at: At,
}

/// What `trust announce` takes.
#[derive(Args)]
pub struct AnnounceArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// Whose root.
    #[arg(long)]
    authority: AuthorityCode,
    /// The root as JSON: {"threshold": 2, "keys": {"CHN-4": "02...", ...}}; `trust new-key` prints the keys.
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
    #[command(flatten)]
    at: At,
}

/// What `trust rotate` takes.
#[derive(Args)]
pub struct RotateArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// Whose root.
    #[arg(long)]
    authority: AuthorityCode,
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
            Self::Announce(args) => announce(args),
            Self::Rotate(args) => {
                let RotateArgs { installation, authority, at } = args;
                one_step(
                    &installation.open()?,
                    *authority,
                    *at,
                    ("its announced root", (acts::ROTATE_ROOT, "")),
                    rotate,
                )
            }
            Self::AddIssuer(args) => foreign::add(Foreign::Issuer, args),
            Self::RemoveIssuer(args) => foreign::remove(Foreign::Issuer, args),
            Self::AddVerifier(args) => foreign::add(Foreign::Verifier, args),
            Self::RemoveVerifier(args) => foreign::remove(Foreign::Verifier, args),
            Self::NewKey(args) => ceremony::new_key(args),
            Self::Draft(args) => ceremony::draft(args),
            Self::Show(args) => ceremony::show(args),
            Self::Sign(args) => ceremony::sign(args),
            Self::Publish(args) => ceremony::publish(args),
            Self::AdoptRoot(args) => ceremony::adopt(args),
            Self::Upgrade(args) => upgrade::run(args),
        }
    }
}

/// A root in one line of words.
fn words(root: &Root) -> String {
    let word = |key: &trust::RootKey| {
        let state = if key.compromised { " COMPROMISED" } else { "" };
        format!("{}{state}", String::from_utf8_lossy(&key.kid))
    };
    let keys: Vec<_> = root.keys().iter().map(word).collect();
    format!("{} of {}", root.threshold(), keys.join(", "))
}

/// A root as JSON.
fn root_json(root: &Root) -> serde_json::Value {
    let key = |key: &trust::RootKey| json!({"kid": String::from_utf8_lossy(&key.kid), "key": hex::encode(key.key.as_bytes()), "compromised": key.compromised});
    json!({"threshold": root.threshold(), "keys": root.keys().iter().map(key).collect::<Vec<_>>()})
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
                    json!({"issuer": foreign::issuer_json(key), "verifier": foreign::verifier_json(key), "role": key.role.as_str(), "kid": String::from_utf8_lossy(&key.kid), "kid_hex": hex::encode(&key.kid), "from": key.from, "to": key.to, "compromised": key.compromised})
                })
                .collect();
            let next = list.next.as_ref().map(root_json);
            shown.push(json!({"authority": code, "number": list.number, "issued": list.issued, "expires": list.expires, "state": freshness, "root": root_json(&list.root), "next": next, "keys": keys}));
        } else {
            failure::print(&format!(
                "{code}: number {}, signed {}, good until {} ({freshness}), {gates} gates\n  signed by {}\n",
                list.number,
                list.issued,
                list.expires,
                words(&list.root)
            ))?;
            if let Some(next) = &list.next {
                failure::print(&format!("  announced to follow: {}\n", words(next)))?;
            }
            for key in list.keys.iter().filter(|key| key.role != Role::Gate) {
                let state = if key.compromised { "COMPROMISED" } else { "" };
                failure::print(&format!("  {:<9} {} to {} {state}\n", key.role.as_str(), key.from, key.to))?;
                if let Some(told) = foreign::told(key) {
                    failure::print(&format!("            {told}\n"))?;
                }
            }
        }
    }
    if args.output.json {
        failure::print_json(&json!({"lists": shown}))?;
    }
    Ok(Ended::Done)
}

/// What one who holds every key must know of it.
pub(super) const HELD_HERE: &str = "(This installation holds the supervisors' keys, so one command signed for them. Where each keeps \
    their own, each signs: docs/trust.md.)\n";

fn one_step(
    installation: &Installation,
    code: AuthorityCode,
    at: At,
    (what, act): (&str, (&str, &str)),
    change: impl FnOnce(&mut TrustList) -> Result<(), Failure>,
) -> Result<Ended, Failure> {
    let _hold = installation.hold()?;
    installation.put_on_record(&Office::Supervisors(code), act, at.time())?;
    let number = lists::renew(installation, code, at.time(), change)?;
    failure::print(&format!("{code}: {what}; trust list number {number}\n{HELD_HERE}"))?;
    Ok(Ended::Done)
}

fn renew(args: &OneStepArgs) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.at.time());
    let _hold = installation.hold()?;
    for code in AuthorityCode::ALL.into_iter().filter(|code| args.authority.is_none_or(|only| only == *code))
    {
        let number = lists::renew(&installation, code, now, |_| Ok(()))?;
        failure::print(&format!("{code}: trust list number {number}, signed {now}\n"))?;
    }
    failure::print(HELD_HERE)?;
    Ok(Ended::Done)
}

fn compromise(args: &CompromiseArgs) -> Result<Ended, Failure> {
    let CompromiseArgs { installation, authority, role, kid, supervisor, at } = args;
    let installation = installation.open()?;
    if let Some(supervisor) = supervisor {
        let what = format!("the supervisor's key {supervisor} is listed as compromised");
        let told = (what.as_str(), (acts::LIST_COMPROMISED, supervisor.as_str()));
        return one_step(&installation, *authority, *at, told, |list| strike_supervisor(list, supervisor));
    }
    let role = role.as_deref().unwrap_or_default();
    let mut struck = 0;
    let what = format!("keys for {role} listed as compromised");
    let object = format!("{role} {}", kid.as_deref().unwrap_or("every key"));
    let told = (what.as_str(), (acts::LIST_COMPROMISED, object.as_str()));
    let ended = one_step(&installation, *authority, *at, told, |list| {
        struck = strike(list, role, kid.as_deref())?;
        Ok(())
    })?;
    failure::print(&format!("{struck} keys\n"))?;
    Ok(ended)
}

/// Lists keys of a role as compromised; gives how many.
fn strike(list: &mut TrustList, role: &str, kid: Option<&str>) -> Result<usize, Failure> {
    let roles: Vec<_> = Role::ALL.iter().map(|role| role.as_str()).collect();
    let Some(role) = Role::ALL.iter().copied().find(|known| known.as_str() == role) else {
        return Err(Failure::new(format!("there is no role {role}; roles are {}", roles.join(", "))));
    };
    let named = |key: &[u8]| kid.is_none_or(|kid| key == kid.as_bytes() || hex::encode(key) == kid);
    let mut struck = 0;
    for key in list.keys.iter_mut().filter(|key| key.role == role && named(&key.kid)) {
        key.compromised = true;
        struck += 1;
    }
    if struck == 0 { Err(of(NoSuchKey)) } else { Ok(struck) }
}

/// Lists a supervisor's key as compromised.
fn strike_supervisor(list: &mut TrustList, kid: &str) -> Result<(), Failure> {
    list.root = list.root.with_compromised(kid.as_bytes()).map_err(of)?;
    Ok(())
}

/// Moves a list to the root that the one before announced.
fn rotate(list: &mut TrustList) -> Result<(), Failure> {
    let next = list.next.take();
    list.root = next.ok_or_else(|| {
        Failure::new(
            "the list in force announces no root; `baypass trust announce` comes first, in a list of its own",
        )
    })?;
    Ok(())
}

fn announce(args: &AnnounceArgs) -> Result<Ended, Failure> {
    let AnnounceArgs { installation, authority, root, at } = args;
    let installation = installation.open()?;
    let next = match root {
        Some(file) => read_root(file)?,
        None => supervisors::new_root(&installation, *authority)?,
    };
    let shown = words(&next);
    let what = format!("announced to follow: {shown}");
    one_step(&installation, *authority, *at, (&what, (acts::ANNOUNCE_ROOT, &shown)), |list| {
        list.next = Some(next);
        Ok(())
    })
}

fn read_root(file: &std::path::Path) -> Result<Root, Failure> {
    let bytes = failure::read(file, 64 * 1024)?;
    let read: RootFile = serde_json::from_slice(&bytes).map_err(|error| {
        Failure::new(format!("{}: {error}; `baypass trust announce --help` shows the form", file.display()))
    })?;
    read.root()
}

#[derive(Debug, thiserror::Error)]
#[error("no such key is listed; `baypass trust list --json` names them")]
struct NoSuchKey;
