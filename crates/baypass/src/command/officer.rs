//! `baypass officer`: accounts of the people in office at an authority or at the gates of a port (docs/officers.md).
//!
//! The party's process may run meanwhile: both wait for each other at the files.

use std::path::PathBuf;

use ::officers::{AccountId, AccountName, Actor, Desk, NewAccount, Record, Role, State};
use clap::{Args, Subcommand};
use documents::{AuthorityCode, PortId, Timestamp, VenueId};
use gate::Clock as _;
use serde_json::json;
use trust::Party;

use super::{InstallationArgs, Output};
use crate::Ended;
use crate::failure::{self, Failure, of};
use crate::install::acts::Office;
use crate::officers::{Outlet, desk};
use crate::serve::TrialClock;

/// The commands about accounts.
#[derive(Subcommand)]
pub enum OfficerCommand {
    /// Adds an account, and shows its one-time code once: to a terminal, or into a file of --code-file.
    Add(AddArgs),
    /// Lists the accounts.
    List(ListArgs),
    /// Gives an account a new one-time code; the one before counts no more.
    Code(CodeArgs),
    /// Locks an account: its sessions end at once.
    Lock(OneArgs),
    /// Unlocks an account.
    Unlock(OneArgs),
    /// Shows what everybody did, once the record is proven to be whole.
    Acts(ActsArgs),
}

/// Whose accounts.
#[derive(Args)]
struct PartyArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// An authority's: CHN, HKG or MAC.
    #[arg(long, required_unless_present = "port", conflicts_with = "port")]
    authority: Option<AuthorityCode>,
    /// Those at the gates of a port, such as hengqin.
    #[arg(long)]
    port: Option<PortId>,
}

/// A desk, with who gives the command and the party's time.
struct AtDesk {
    desk: Desk,
    actor: Actor,
    now: Timestamp,
}

impl PartyArgs {
    /// The desk over the party's folder.
    fn desk(&self) -> Result<AtDesk, Failure> {
        let installation = self.installation.open()?;
        let folder = match (self.authority, &self.port) {
            (Some(code), _) => installation.authority(code),
            (None, Some(port)) => installation.gate(port),
            (None, None) => return Err(Failure::new("say whose accounts: --authority or --port")),
        };
        if !folder.is_dir() {
            return Err(Failure::new("this installation has no such party; see the folders in it"));
        }
        let now = TrialClock::of(&installation).now();
        Ok(AtDesk { desk: desk(&installation, &folder)?, actor: installation.actor()?, now })
    }
}

/// What `officer add` takes.
#[derive(Args)]
pub struct AddArgs {
    #[command(flatten)]
    party: PartyArgs,
    /// At the gates of a port: whose officer it is.
    #[arg(long, value_name = "AUTHORITY", requires = "port")]
    side: Option<AuthorityCode>,
    /// lane-officer, enrolment-officer, supervisor, auditor or operator; may be given several times.
    #[arg(long = "role", value_name = "ROLE", required = true)]
    roles: Vec<Role>,
    /// The person's name.
    #[arg(long)]
    name: String,
    /// A test account: where cameras are simulated its code alone signs it in, without a passkey.
    #[arg(long)]
    test: bool,
    /// Writes the one-time code into this new file, for its owner alone.
    #[arg(long, value_name = "FILE")]
    code_file: Option<PathBuf>,
}

/// What `officer code` takes.
#[derive(Args)]
pub struct CodeArgs {
    #[command(flatten)]
    one: OneArgs,
    /// Writes the one-time code into this new file, for its owner alone.
    #[arg(long, value_name = "FILE")]
    code_file: Option<PathBuf>,
}

/// What a command about one account takes.
#[derive(Args)]
pub struct OneArgs {
    #[command(flatten)]
    party: PartyArgs,
    /// The account, as `officer list` shows it.
    #[arg(long, value_name = "ID")]
    account: AccountId,
}

/// What a command takes that shows something.
#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    party: PartyArgs,
    #[command(flatten)]
    output: Output,
}

/// What `officer acts` takes.
#[derive(Args)]
#[group(id = "record", required = true, multiple = false, args = ["authority", "port", "supervisors", "venue"])]
pub struct ActsArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// Acts at an authority: CHN, HKG or MAC.
    #[arg(long)]
    authority: Option<AuthorityCode>,
    /// Acts at the gates of a port, such as hengqin.
    #[arg(long)]
    port: Option<PortId>,
    /// Acts of an authority's supervisors: trust lists and approvals.
    #[arg(long, value_name = "AUTHORITY")]
    supervisors: Option<AuthorityCode>,
    /// Acts at the desk of a venue, such as specimen-hotel-macao.
    #[arg(long)]
    venue: Option<VenueId>,
    #[command(flatten)]
    output: Output,
}

impl OfficerCommand {
    /// Runs the command.
    pub fn run(&self) -> Result<Ended, Failure> {
        match self {
            Self::Add(args) => add(args),
            Self::List(args) => list(args),
            Self::Code(args) => code(args),
            Self::Lock(args) => {
                let AtDesk { desk, actor, now } = args.party.desk()?;
                desk.lock(&actor, args.account, now).map_err(of)?.map_err(of)?;
                failure::print("locked; its sessions have ended\n")?;
                Ok(Ended::Done)
            }
            Self::Unlock(args) => {
                let AtDesk { desk, actor, now } = args.party.desk()?;
                desk.unlock(&actor, args.account, now).map_err(of)?.map_err(of)?;
                failure::print("unlocked\n")?;
                Ok(Ended::Done)
            }
            Self::Acts(args) => acts(args),
        }
    }
}

fn add(args: &AddArgs) -> Result<Ended, Failure> {
    let AtDesk { desk, actor, now } = args.party.desk()?;
    let at_gate = args.party.port.is_some();
    let sees_lanes = args.roles.iter().any(|role| matches!(role, Role::LaneOfficer | Role::Supervisor));
    if at_gate && sees_lanes && args.side.is_none() {
        return Err(Failure::new(
            "an officer at a gate belongs to one of its authorities: --side CHN, HKG or MAC",
        ));
    }
    let outlet = Outlet::find(args.code_file.as_deref())?;
    let name = AccountName::new(&args.name).map_err(of)?;
    let roles = args.roles.iter().copied().collect();
    let new = NewAccount { name, side: args.side, roles, test: args.test };
    let (id, code) = desk.add(&actor, new, now).map_err(of)?.map_err(of)?;
    let hours = desk.limits().code_seconds / 3600;
    outlet.hand_over(&about(hours), &code.expose())?;
    failure::print(&format!("{id}\n"))?;
    Ok(Ended::Done)
}

fn about(hours: i64) -> String {
    format!(
        "The one-time code, for that person alone. It counts once, for {hours} hours, and is not shown again:"
    )
}

fn code(args: &CodeArgs) -> Result<Ended, Failure> {
    let AtDesk { desk, actor, now } = args.one.party.desk()?;
    let outlet = Outlet::find(args.code_file.as_deref())?;
    let code = desk.new_code(&actor, args.one.account, now).map_err(of)?.map_err(of)?;
    outlet.hand_over(&about(desk.limits().code_seconds / 3600), &code.expose())?;
    Ok(Ended::Done)
}

fn list(args: &ListArgs) -> Result<Ended, Failure> {
    let AtDesk { desk, now, .. } = args.party.desk()?;
    let accounts = desk.accounts().map_err(of)?;
    let state = |state: State| match state {
        State::Active => "active",
        State::Locked(_) => "locked",
    };
    if args.output.json {
        let rows: Vec<_> = accounts
            .iter()
            .map(|one| {
                json!({"id": one.id.to_string(), "name": one.name.expose(), "side": one.side, "roles": one.roles,
                    "state": state(one.state), "test": one.test, "passkeys": one.passkeys().len(),
                    "code_open": one.code_open(now)})
            })
            .collect();
        failure::print_json(&rows)?;
        return Ok(Ended::Done);
    }
    let mut text = String::new();
    for one in accounts.iter() {
        let roles: Vec<_> = one.roles.iter().map(|role| role.word()).collect();
        let side = one.side.map_or_else(String::new, |side| format!("  {side}"));
        let passkeys = one.passkeys().len();
        let open = if one.code_open(now) { ", a one-time code is out" } else { "" };
        let test = if one.test { ", TEST ACCOUNT" } else { "" };
        text += &format!(
            "{}  {}{side}  {}  {}, passkeys: {passkeys}{open}{test}\n",
            one.id,
            one.name.expose(),
            roles.join(", "),
            state(one.state)
        );
    }
    if text.is_empty() {
        text = "there are no accounts; `baypass officer add` makes one\n".to_owned();
    }
    failure::print(&text)?;
    Ok(Ended::Done)
}

fn acts(args: &ActsArgs) -> Result<Ended, Failure> {
    let installation = args.installation.open()?;
    let office = match (args.authority, &args.port, args.supervisors, &args.venue) {
        (Some(code), ..) => Office::authority(code),
        (None, Some(port), ..) => Office::Party(Party::Gates(port.clone())),
        (None, None, Some(code), _) => Office::Supervisors(code),
        (None, None, None, Some(venue)) => Office::Venue(venue.clone()),
        (None, None, None, None) => {
            return Err(Failure::new("say whose record: --authority, --port, --supervisors or --venue"));
        }
    };
    let folder = office.folder(&installation);
    if !folder.is_dir() {
        return Err(Failure::new("this installation has no such record; see the folders in it"));
    }
    let acts = Record::of(&folder).verify().map_err(of)?;
    if args.output.json {
        failure::print_json(&acts)?;
        return Ok(Ended::Done);
    }
    let mut text = String::new();
    for act in &acts {
        text += &format!(
            "{:>6}  {}  {:<16}  {}  {}  {}\n",
            act.number, act.at, act.actor, act.act, act.object, act.result
        );
    }
    text += &format!("{} acts; the record is whole\n", acts.len());
    failure::print(&text)?;
    Ok(Ended::Done)
}
