//! `baypass tls`: keys and certificates of parties: made, listed, exchanged while everything runs (docs/tls.md).
//!
//! Lives here: which key follows which, and the lists that say so. Not here: files (`install::tls`), running processes
//! (`crate::tls`).

use std::collections::{BTreeMap, BTreeSet};

use clap::{Args, Subcommand};
use credential::PublicKey;
use documents::{AuthorityCode, PortId, Rules, Timestamp};
use serde_json::json;
use transport::Days;
use trust::{KeyEntry, Party, Role, TlsKey, TrustStore};

use super::trust::HELD_HERE;
use super::{At, InstallationArgs, ListArgs};
use crate::Ended;
use crate::failure::{self, Failure, of};
use crate::install::acts::{self, Office};
use crate::install::changes::{ListChanges, newest};
use crate::install::tls::{self, Use};
use crate::install::{Installation, lists};

/// A key is used until the next one is, with an hour for those whose clocks differ.
const OVERLAP_SECONDS: i64 = 3600;
/// Certificates for wallets that are kept: the newest and the one before.
const WEB_KEPT: usize = 2;

/// The commands about connections.
#[derive(Subcommand)]
pub enum TlsCommand {
    /// Makes new keys and certificates, and signs lists that name them beside those in use. Running processes take them by
    /// themselves, or at once at SIGHUP, and no connection is cut. Also brings over an installation of the version before,
    /// which has none.
    Renew(RenewArgs),
    /// Signs lists without the keys that newer ones replaced, and removes them.
    Retire(PartyArgs),
    /// Every key that parties show each other, with its dates.
    List(ListArgs),
}

/// The parties that a command is about.
#[derive(Args)]
pub struct PartyArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// One authority alone.
    #[arg(long, conflicts_with = "port")]
    authority: Option<AuthorityCode>,
    /// The gates of one port alone.
    #[arg(long)]
    port: Option<PortId>,
    #[command(flatten)]
    at: At,
}

/// What `tls renew` takes.
#[derive(Args)]
pub struct RenewArgs {
    #[command(flatten)]
    parties: PartyArgs,
    /// How many seconds after its listing a key is used, so that everybody has heard of it; default: eight days, or at once
    /// where a party has no key in use.
    #[arg(long, value_name = "SECONDS")]
    lead: Option<u32>,
    /// A host name or IP address by which wallets and browsers reach the party, for its certificate; may be given several
    /// times. Without it the names of the certificate before stay.
    #[arg(long = "host", value_name = "HOST")]
    hosts: Vec<String>,
}

impl PartyArgs {
    /// Whether neither an authority nor a port is named.
    pub const fn is_for_all(&self) -> bool {
        self.authority.is_none() && self.port.is_none()
    }

    /// The installation, the parties, and the moment.
    pub fn open(&self) -> Result<(Installation, Vec<Party>, Timestamp), Failure> {
        let installation = self.installation.open()?;
        let wanted = |party: &Party| match (party, self.authority, &self.port) {
            (_, None, None) => true,
            (Party::Authority(code), Some(only), _) => *code == only,
            (Party::Gates(port), None, Some(only)) => port == only,
            (Party::Gates(_), Some(_), _) | (Party::Authority(_), None, Some(_)) => false,
        };
        let parties: Vec<_> = tls::parties(&installation)?.into_iter().filter(wanted).collect();
        if parties.is_empty() {
            return Err(Failure::new("this installation has no gates at that port; it was made without it"));
        }
        Ok((installation, parties, self.at.time()))
    }
}

impl TlsCommand {
    /// Runs the command.
    pub fn run(&self) -> Result<Ended, Failure> {
        match self {
            Self::Renew(args) => renew(args),
            Self::Retire(args) => retire(args),
            Self::List(args) => list(args),
        }
    }
}

/// A key of a party that some list names.
struct Listed {
    key: TlsKey,
    entry: KeyEntry,
    by: BTreeSet<AuthorityCode>,
}

/// The keys that the lists name for a party, in order of their numbers.
fn listed(trust: &TrustStore, party: &Party) -> Vec<Listed> {
    let mut found: BTreeMap<TlsKey, Listed> = BTreeMap::new();
    for list in AuthorityCode::ALL.into_iter().filter_map(|code| trust.list(code)) {
        for entry in list.keys.iter().filter(|entry| entry.role == Role::Tls) {
            let Some(key) = TlsKey::from_kid(&entry.kid).filter(|key| key.party == *party) else { continue };
            let new = || Listed { key: key.clone(), entry: entry.clone(), by: BTreeSet::new() };
            found.entry(key.clone()).or_insert_with(new).by.insert(list.authority);
        }
    }
    found.into_values().collect()
}

fn is_used(trust: &TrustStore, listed: &Listed, now: Timestamp) -> bool {
    PublicKey::from_bytes(&listed.entry.key)
        .is_ok_and(|key| trust.is_tls_key_used(&listed.key.party, &key, now))
}

/// What is to change in the authorities' lists.
#[derive(Default)]
struct Changes {
    lists: ListChanges,
    dropped: BTreeSet<TlsKey>,
}

impl Changes {
    /// Drops what newer keys replaced: those before the one in use, and those that ended. A compromised key stays named until
    /// its end.
    fn drop_replaced(&mut self, trust: &TrustStore, party: &Party, now: Timestamp) {
        let all = listed(trust, party);
        let newest_used = all.iter().filter(|key| is_used(trust, key, now)).map(|key| key.key.number).max();
        for Listed { key, entry, by } in all {
            let replaced = newest_used.is_some_and(|used| key.number < used) && !entry.compromised;
            if replaced || now >= entry.to {
                for code in by {
                    self.lists.drop(code, Role::Tls, &entry.kid);
                }
                self.dropped.insert(key);
            }
        }
    }

    /// Signs the lists that change, and removes the files of what is named no more.
    fn publish(self, installation: &Installation, parties: &[Party], now: Timestamp) -> Result<(), Failure> {
        for (code, number) in self.lists.publish(installation, now)? {
            failure::print(&format!("{code}: trust list number {number}\n"))?;
        }
        let trust = newest(installation)?;
        let rules = Rules::builtin().map_err(of)?;
        for party in parties {
            // What a list names that cannot be read is not known: nothing goes.
            if tls::listing(party, &rules).iter().any(|code| trust.list(*code).is_none()) {
                continue;
            }
            let named: BTreeSet<_> = listed(&trust, party).into_iter().map(|key| key.key.number).collect();
            for number in tls::numbers(installation, party, Use::Parties) {
                if !named.contains(&number) {
                    tls::remove(installation, party, Use::Parties, number)?;
                }
            }
            let web = tls::numbers(installation, party, Use::Web);
            for number in web.iter().rev().skip(WEB_KEPT) {
                tls::remove(installation, party, Use::Web, *number)?;
            }
        }
        Ok(())
    }
}

fn renew(args: &RenewArgs) -> Result<Ended, Failure> {
    let (installation, parties, now) = args.parties.open()?;
    let _hold = installation.hold()?;
    let rules = Rules::builtin().map_err(of)?;
    let (ca, days) = (tls::ca(&installation, now)?, Days::builtin().map_err(of)?);
    let lead = args.lead.map_or(i64::from(days.lead_days) * 86_400, i64::from);
    let trust = newest(&installation)?;
    let to = now.local_date().plus_days(days.leaf_days).start();
    let mut changes = Changes::default();
    for party in &parties {
        installation.put_on_record(&Office::Party(party.clone()), (acts::RENEW_TLS, ""), now)?;
        if !args.hosts.is_empty() {
            tls::put_hosts(&installation, party, &args.hosts)?;
        }
        tls::make(&installation, &ca, party, Use::Web, now)?;
        let (number, key) = tls::make(&installation, &ca, party, Use::Parties, now)?;
        // The key in use serves until the new one does; where there is none, nobody is lost by using it at once.
        let ends = listed(&trust, party).into_iter().filter(|key| is_used(&trust, key, now));
        let from = match ends.map(|key| key.entry.to).max() {
            Some(end) => now.plus_seconds(lead).min(end.plus_seconds(-OVERLAP_SECONDS)).max(now),
            None => now,
        };
        for code in tls::listing(party, &rules) {
            changes.lists.add(code, tls::entry(party, number, &key, from, to));
        }
        changes.drop_replaced(&trust, party, now);
        failure::print(&format!("{party}: key {number} is used from {from} until {to}\n"))?;
    }
    changes.publish(&installation, &parties, now)?;
    failure::print(HELD_HERE)?;
    Ok(Ended::Done)
}

fn retire(args: &PartyArgs) -> Result<Ended, Failure> {
    let (installation, parties, now) = args.open()?;
    let _hold = installation.hold()?;
    let (trust, mut changes) = (newest(&installation)?, Changes::default());
    for party in &parties {
        changes.drop_replaced(&trust, party, now);
    }
    for key in &changes.dropped {
        let office = Office::Party(key.party.clone());
        installation.put_on_record(&office, (acts::RETIRE_TLS, &key.number.to_string()), now)?;
        failure::print(&format!("{}: key {} is named no more\n", key.party, key.number))?;
    }
    if changes.dropped.is_empty() {
        failure::print("no key was replaced by a newer one yet; `baypass tls list` shows them\n")?;
        return Ok(Ended::Done);
    }
    changes.publish(&installation, &parties, now)?;
    failure::print(HELD_HERE)?;
    Ok(Ended::Done)
}

fn list(args: &ListArgs) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.at.time());
    let (trust, mut shown) = (lists::trust(&installation, now)?, Vec::new());
    for party in tls::parties(&installation)? {
        let hosts = tls::all_hosts(&installation, &party);
        let mut keys = Vec::new();
        if !args.output.json {
            failure::print(&format!("{party}: wallets and browsers reach it as {}\n", hosts.join(", ")))?;
        }
        for listed in listed(&trust, &party) {
            let Listed { key, entry, by } = &listed;
            let state = if entry.compromised {
                "COMPROMISED"
            } else if is_used(&trust, &listed, now) {
                "used"
            } else if now < entry.from {
                "next"
            } else {
                "ended"
            };
            if args.output.json {
                keys.push(json!({"number": key.number, "state": state, "from": entry.from, "to": entry.to, "listed_by": by}));
            } else {
                let by: Vec<_> = by.iter().map(|code| code.code()).collect();
                let (number, from, to, by) = (key.number, entry.from, entry.to, by.join(", "));
                failure::print(&format!("  {number} {from} to {to} {state}, listed by {by}\n"))?;
            }
        }
        shown.push(json!({"party": party.to_string(), "hosts": hosts, "keys": keys}));
    }
    if args.output.json {
        failure::print_json(&json!({"parties": shown}))?;
    }
    Ok(Ended::Done)
}
