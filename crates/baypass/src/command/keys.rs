//! `baypass keys`: the keys with which authorities, supervisors, gates and desks sign, and those to which others seal: shown, exchanged while
//! everything runs (docs/operating.md).
//!
//! Lives here: which key follows which, and the lists that say so. Not here: names and ids, running processes
//! (`install::signing`), where a key lies (`install::keys`), keys of connections (`command::tls`).

use std::path::PathBuf;

use authority::SigningKeys;
use clap::{Args, Subcommand};
use documents::{AuthorityCode, Rules, Timestamp, VenueId};
use serde_json::json;
use transport::Days;
use trust::{KeyEntry, Party, Role, TrustStore};

use super::Output;
use super::tls::PartyArgs;
use super::trust::HELD_HERE;
use crate::Ended;
use crate::failure::{self, Failure, of};
use crate::install::acts;
use crate::install::changes::{ListChanges, newest};
use crate::install::signing::{CLOCK_SECONDS, Seat};
use crate::install::{Installation, approvals, lists, risk_rules, venues};

const DAY: i64 = 86_400;

/// The commands about keys that trust lists name.
#[derive(Subcommand)]
pub enum KeysCommand {
    /// Every key that signs, or opens what others seal, with its dates, and where it lies.
    List(ListArgs),
    /// Makes new keys, in the hardware module where `baypass.toml` names one, and signs lists that name them beside those in
    /// use. Running processes take them by themselves when their time comes, and lose no request.
    Rotate(RotateArgs),
    /// Signs lists without the keys that newer ones replaced so long ago that nothing signed by them is on its way any more,
    /// and destroys those keys.
    Retire(RetireArgs),
}

/// The keys that a command is about.
#[derive(Args)]
pub struct SeatArgs {
    #[command(flatten)]
    parties: PartyArgs,
    /// One role alone: token, verdict, handover, notice, status, venue, counter, part, approval, gate or desk. That of approvals is exchanged by
    /// its name alone.
    #[arg(long)]
    role: Option<String>,
    /// One lane's gate alone, such as hengqin/CHN-MAC.
    #[arg(long, requires = "port")]
    lane: Option<String>,
    /// The desk of one venue alone, such as specimen-hotel-macao.
    #[arg(long, conflicts_with_all = ["authority", "port"])]
    venue: Option<VenueId>,
}

/// What `keys list` takes.
#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    seats: SeatArgs,
    #[command(flatten)]
    output: Output,
}

/// What `keys rotate` takes.
#[derive(Args)]
pub struct RotateArgs {
    #[command(flatten)]
    seats: SeatArgs,
    /// How many seconds after its listing a key signs, so that everybody has heard of it; default: eight days. 0 after a theft.
    #[arg(long, value_name = "SECONDS")]
    lead: Option<u32>,
    /// Signs nothing: writes the lists as drafts into this folder, for supervisors who keep their keys elsewhere (`trust sign`, `trust
    /// publish`). The lead counts from now: leave time for them.
    #[arg(long, value_name = "FOLDER")]
    draft: Option<PathBuf>,
}

/// What `keys retire` takes.
#[derive(Args)]
pub struct RetireArgs {
    #[command(flatten)]
    seats: SeatArgs,
    /// How many seconds after the next key's first use a key stays listed; default: nine days for tokens and venue credentials,
    /// thirty for gates, notices and what others seal, 401 for desks, two for others. What it signed is refused from then on.
    #[arg(long, value_name = "SECONDS")]
    keep: Option<u32>,
    /// Signs and destroys nothing: writes the lists as drafts into this folder, for supervisors who keep their keys elsewhere. Once they are
    /// published, `keys retire` destroys the keys.
    #[arg(long, value_name = "FOLDER")]
    draft: Option<PathBuf>,
}

impl SeatArgs {
    fn open(&self) -> Result<(Installation, Vec<Seat>, Timestamp), Failure> {
        let (installation, parties, now) = self.parties.open()?;
        let all = installation.lanes(&Rules::builtin().map_err(of)?);
        let mut seats = Vec::new();
        for party in parties {
            match party {
                Party::Authority(code) => {
                    seats.extend(SigningKeys::ROLES.map(|role| Seat::Authority(code, role)));
                    seats.extend([Seat::Part(code), Seat::Supervisors(code)]);
                }
                Party::Gates(port) => {
                    seats.extend(all.iter().filter(|lane| lane.port == port).cloned().map(Seat::Gate));
                }
            }
        }
        if self.parties.is_for_all() {
            seats.extend(venues::desks(&installation)?.into_iter().map(Seat::Desk));
        }
        let is_venue = |seat: &Seat, venue: &VenueId| matches!(seat, Seat::Desk(desk) if desk.id() == venue);
        seats.retain(|seat| {
            self.venue.as_ref().is_none_or(|venue| is_venue(seat, venue))
                && self.role.as_deref().is_none_or(|role| seat.role().as_str() == role)
                && self.lane.as_deref().is_none_or(|lane| seat.name() == lane)
        });
        if seats.is_empty() {
            return Err(Failure::new(
                "no key is meant: an authority signs as token, verdict, handover, notice, status, venue and counter, and others seal to its key of role part; \
                 its supervisors sign as approval, a port's lanes as gate, a venue's as desk (`baypass doctor` names the folders); \
                 `baypass tls renew` exchanges keys of connections, `baypass trust` those of supervisors",
            ));
        }
        Ok((installation, seats, now))
    }
}

impl KeysCommand {
    /// Runs the command.
    pub fn run(&self) -> Result<Ended, Failure> {
        match self {
            Self::List(args) => list(args),
            Self::Rotate(args) => rotate(args),
            Self::Retire(args) => retire(args),
        }
    }
}

/// For how many seconds what a key signed, or what was sealed to it, may still be on its way after the next one is used.
const fn on_the_way(role: Role) -> i64 {
    match role {
        // A token or venue credential lives for seven days.
        Role::Token | Role::Venue => 9 * DAY,
        // A printed sign is a request that stands for up to 400 days.
        Role::Desk => 401 * DAY,
        // Events and notices are signed once, and told until they are taken; a notice has a number that is sealed.
        Role::Gate | Role::Notice | Role::Part => 30 * DAY,
        // A paper pass counts at most two days after it was made.
        Role::Counter => 4 * DAY,
        Role::Verdict | Role::Handover | Role::Status | Role::Approval | Role::Tls => 2 * DAY,
        // No key of ours: nobody rotates it here.
        Role::ForeignIssuer | Role::ForeignVerifier => 0,
    }
}

/// The key that is used at `now`, with its number.
fn used<'t>(seat: &Seat, trust: &'t TrustStore, now: Timestamp) -> Option<(u8, &'t KeyEntry)> {
    seat.listed(trust).into_iter().rfind(|(number, entry)| seat.counts(trust, *number, &entry.key, now))
}

fn list(args: &ListArgs) -> Result<Ended, Failure> {
    let (installation, seats, now) = args.seats.open()?;
    let (trust, mut signing, mut opening) = (newest(&installation)?, Vec::new(), Vec::new());
    for seat in seats {
        let (keys, in_use) = (seat.keys(&installation), used(&seat, &trust, now).map(|(number, _)| number));
        let here = seat.here(&keys);
        let mut told = Vec::new();
        for (number, entry) in seat.listed(&trust) {
            let state = if entry.compromised {
                "COMPROMISED"
            } else if now >= entry.to {
                "ended"
            } else {
                match in_use {
                    Some(used) if number == used => "used",
                    Some(used) if number < used => "replaced",
                    Some(_) | None => "next",
                }
            };
            let place = if here.contains(&number) { keys.place(&seat.file(number))? } else { "elsewhere" };
            let from = entry.from.plus_seconds(CLOCK_SECONDS);
            if args.output.json {
                told.push(json!({
                    "number": number, "state": state, "from": from, "to": entry.to, "place": place,
                    "key": hex::encode(&entry.key),
                }));
            } else {
                let name = seat.name();
                failure::print(&format!("{name} {number}: {state}, {from} to {}, {place}\n", entry.to))?;
            }
        }
        let shown = if matches!(seat, Seat::Part(_)) { &mut opening } else { &mut signing };
        shown.push(json!({"name": seat.name(), "role": seat.role().as_str(), "keys": told}));
    }
    if args.output.json {
        failure::print_json(&json!({"signing": signing, "opening": opening}))?;
    }
    Ok(Ended::Done)
}

fn rotate(args: &RotateArgs) -> Result<Ended, Failure> {
    let (installation, mut seats, now) = args.seats.open()?;
    // What supervisors signed has to be signed anew: their key is followed only by who asks for that.
    seats.retain(|seat| args.seats.role.is_some() || !matches!(seat, Seat::Supervisors(_)));
    let _hold = installation.hold()?;
    let lead = args.lead.map_or(i64::from(Days::builtin().map_err(of)?.lead_days) * DAY, i64::from);
    let (signs, to) = (now.plus_seconds(lead), lists::key_end(now));
    let (trust, mut changes, mut made) = (newest(&installation)?, ListChanges::default(), Vec::new());
    let made_all = seats.iter().try_for_each(|seat| {
        let keys = seat.keys(&installation);
        let listed = seat.listed(&trust);
        let newest = seat.here(&keys).into_iter().chain(listed.iter().map(|(number, _)| *number)).max();
        let number = newest.unwrap_or(0).checked_add(1).ok_or_else(|| {
            Failure::new(format!("{} has had 255 keys; there is no number for another one", seat.name()))
        })?;
        let object = format!("{} {number}", seat.name());
        installation.put_on_record(&seat.office(), (acts::ROTATE_KEY, &object), now)?;
        let key = seat.make(&installation, number)?;
        made.push((seat, number));
        for code in seat.listing() {
            let entry = KeyEntry {
                role: seat.role(),
                kid: seat.kid(number),
                key: key.clone(),
                from: signs.plus_seconds(-CLOCK_SECONDS),
                to,
                compromised: false,
                binding: seat.binding(),
            };
            changes.add(code, entry);
        }
        Ok(())
    });
    let signed = made_all.and_then(|()| match &args.draft {
        Some(folder) => changes.draft(&installation, folder, now).map(Listed::Drafted),
        None => changes.publish(&installation, now).map(Listed::Signed),
    });
    let signed = match signed {
        Ok(signed) => signed,
        Err(failure) => {
            // Keys that no list names would lie there for ever; those that one does stay.
            let trust = newest(&installation)?;
            for (seat, number) in made {
                if !seat.listed(&trust).iter().any(|(listed, _)| *listed == number) {
                    seat.destroy(&installation, number)?;
                }
            }
            return Err(failure);
        }
    };
    for (seat, number) in made {
        let does = if matches!(seat, Seat::Part(_)) { "is what others seal to" } else { "signs" };
        failure::print(&format!("{}: key {number} {does} from {signs} on\n", seat.name()))?;
        if let Seat::Supervisors(code) = seat {
            failure::print(&format!(
                "  then have what is in force signed anew: `baypass approval renew`, `baypass risk renew --authority {code}`\n"
            ))?;
        }
    }
    told(&signed)
}

/// What came of the lists that change.
enum Listed {
    /// Signed, with their numbers.
    Signed(Vec<(AuthorityCode, u64)>),
    /// Written for the supervisors.
    Drafted(Vec<PathBuf>),
}

fn told(lists: &Listed) -> Result<Ended, Failure> {
    match lists {
        Listed::Signed(signed) => {
            for (code, number) in signed {
                failure::print(&format!("{code}: trust list number {number}\n"))?;
            }
            failure::print(HELD_HERE)?;
        }
        Listed::Drafted(drafts) => {
            for draft in drafts {
                failure::print(&format!(
                    "{}: nothing of it counts until the supervisors sign it (`baypass trust show`, `sign`, `publish`)\n",
                    draft.display()
                ))?;
            }
        }
    }
    Ok(Ended::Done)
}

/// What is in force and signed with a key of supervisors, each with what signs it anew.
fn still_signed(
    installation: &Installation,
    code: AuthorityCode,
    kid: &[u8],
    now: Timestamp,
) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    let approvals = approvals::signed_with(installation, code, kid, now)?;
    if !approvals.is_empty() {
        found.push(format!("it signed {}: `baypass approval renew` first", approvals.join(", ")));
    }
    let versions = risk_rules::signed_with(installation, code, kid)?;
    if !versions.is_empty() {
        found.push(format!("it signed the risk rules: `baypass risk renew --authority {code}` first"));
    }
    Ok(found)
}

fn retire(args: &RetireArgs) -> Result<Ended, Failure> {
    let (installation, seats, now) = args.seats.open()?;
    let _hold = installation.hold()?;
    let (trust, mut changes) = (newest(&installation)?, ListChanges::default());
    for seat in &seats {
        let next = used(seat, &trust, now);
        for (number, entry) in seat.listed(&trust) {
            let replaced = next.filter(|(used, _)| number < *used && !entry.compromised);
            let until = replaced.map(|(_, next)| {
                let keep = args.keep.map_or(on_the_way(seat.role()), i64::from);
                next.from.plus_seconds(CLOCK_SECONDS + keep)
            });
            let name = seat.name();
            let ended = now >= entry.to;
            let due = ended || until.is_some_and(|until| now >= until);
            let still = match seat {
                Seat::Supervisors(code) if due && !ended => {
                    still_signed(&installation, *code, &entry.kid, now)?
                }
                Seat::Supervisors(_)
                | Seat::Authority(..)
                | Seat::Part(_)
                | Seat::Gate(_)
                | Seat::Desk(_) => Vec::new(),
            };
            if !still.is_empty() {
                failure::print(&format!("{name}: key {number} stays listed, {}\n", still.join("; ")))?;
            } else if due {
                let object = format!("{name} {number}");
                installation.put_on_record(&seat.office(), (acts::RETIRE_KEY, &object), now)?;
                for code in seat.listing() {
                    changes.drop(code, seat.role(), &entry.kid);
                }
                let then = if args.draft.is_some() { "is to be" } else { "is" };
                failure::print(&format!("{name}: key {number} {then} named no more\n"))?;
            } else if let Some(until) = until {
                failure::print(&format!(
                    "{name}: key {number} stays listed until {until}: what it signed, or was sealed to it, may be on its way\n"
                ))?;
            }
        }
    }
    let none = changes.drops_none();
    if let Some(folder) = args.draft.as_ref().filter(|_| !none) {
        return told(&Listed::Drafted(changes.draft(&installation, folder, now)?));
    }
    let signed = changes.publish(&installation, now)?;
    let (trust, mut destroyed) = (newest(&installation)?, 0_usize);
    for seat in &seats {
        let (keys, listed) = (seat.keys(&installation), seat.listed(&trust));
        let newest = listed.last().map_or(0, |(number, _)| *number);
        let gone = |number: &u8| *number < newest && !listed.iter().any(|(named, _)| named == number);
        // Also what supervisors took out elsewhere, by a draft.
        for number in seat.here(&keys).into_iter().filter(gone) {
            seat.destroy(&installation, number)?;
            failure::print(&format!("{}: key {number} is destroyed\n", seat.name()))?;
            destroyed += 1;
        }
    }
    match (none, destroyed) {
        (true, 0) => {
            failure::print("no key is to go; `baypass keys list` shows them\n").map(|()| Ended::Done)
        }
        (true, _) => Ok(Ended::Done),
        (false, _) => told(&Listed::Signed(signed)),
    }
}
