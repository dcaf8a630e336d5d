//! Upgrade: an installation of the version before, whose lists one pinned key signs (`bp1-trust-list`), gets supervisors, a
//! root of their keys and a first list under it; one without keys for venues or paper passes gets these.
//!
//! Lives here: reading the old form once, for this. Not here: the new form (`trust`). Interrupted, the command is run again.

use std::collections::BTreeMap;

use clap::Args;
use credential::cbor::{CborError, Reader, Writer};
use credential::cose::{Sign1, Tagging};
use credential::message::{MAX_PAYLOAD, read_authority, read_time};
use credential::{PublicKey, VerifyingKey};
use documents::{AuthorityCode, Rules};
use serde_json::Value;
use trust::{Binding, KeyEntry, Role, TrustList, TrustStore};

use super::words;
use crate::Ended;
use crate::command::{At, InstallationArgs};
use crate::failure::{self, Failure, of};
use crate::install::acts;
use crate::install::lists::{self, LIST_SECONDS};
use crate::install::supervisors::{self, RootFile};
use crate::install::venues::{self, BroughtOver};
use crate::install::{Installation, all_lanes};

/// What `trust upgrade` takes.
#[derive(Args)]
pub struct UpgradeArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    #[command(flatten)]
    at: At,
}

/// Brings an installation over.
pub fn run(args: &UpgradeArgs) -> Result<Ended, Failure> {
    let installation = args.installation.open()?;
    let _hold = installation.hold()?;
    let path = lists::pins_path(&installation);
    let damaged = || Failure::new(format!("{} is damaged; restore it from a backup", path.display()));
    let bytes = std::fs::read(&path).map_err(|_| damaged())?;
    let mut pins: BTreeMap<AuthorityCode, Value> = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
    let mut done = 0;
    for code in AuthorityCode::ALL {
        let Some(pinned) = pins.get(&code).and_then(Value::as_str).map(str::to_owned) else { continue };
        let key = hex::decode(pinned).ok().and_then(|bytes| PublicKey::from_bytes(&bytes).ok());
        let key = VerifyingKey::new(key.ok_or_else(damaged)?).map_err(of)?;
        let object = format!("{code}: from the version before");
        installation.put_on_every_record((acts::ADOPT_ROOT, &object), args.at.time())?;
        let root = bring_over(&installation, code, &key, args.at)?;
        // The pin last: until it stands, the old one does, and this authority is done again.
        pins.insert(code, serde_json::to_value(RootFile::of(&root)).map_err(of)?);
        crate::install::write_whole(&path, &serde_json::to_vec_pretty(&pins).map_err(of)?)?;
        // The key that signed alone signs nothing any more.
        let old = installation.supervisor(code).join("keys/list.key");
        if old.exists() {
            std::fs::remove_file(&old).map_err(|error| {
                Failure::new(format!("{} cannot be removed ({error}); remove it", old.display()))
            })?;
        }
        failure::print(&format!("{code}: lists are signed by {} from now on\n", words(&root)))?;
        done += 1;
    }
    let made = venues::bring_over(&installation, args.at.time())?;
    told(&made)?;
    if done == 0 && !(made.lists.is_empty() && made.approvals.is_empty()) {
        return Ok(Ended::Done);
    }
    if done == 0 {
        return Err(Failure::new(
            "this installation is of this version already; there is nothing to bring over",
        ));
    }
    failure::print(
        "Each supervisor's key lies in supervisors/<authority>/<number>/keys: give each to its supervisor, and remove it \
         here (docs/trust.md). Gates and authorities of another machine need public/roots.json anew. next: `baypass tls \
         renew` makes the keys and certificates with which parties reach each other.\n",
    )?;
    Ok(Ended::Done)
}

fn told(made: &BroughtOver) -> Result<(), Failure> {
    for (code, number) in &made.lists {
        failure::print(&format!(
            "{code}: its keys for venues and paper passes are listed; trust list number {number}\n"
        ))?;
    }
    for id in &made.approvals {
        failure::print(&format!("approval {id} signed\n"))?;
    }
    Ok(())
}

/// One authority's list under a new root; gives the root.
fn bring_over(
    installation: &Installation,
    code: AuthorityCode,
    pinned: &VerifyingKey,
    at: At,
) -> Result<trust::Root, Failure> {
    let path = lists::list_path(installation, code);
    let wrong = |why: &dyn std::fmt::Display| {
        Failure::new(format!("{}: {why}; restore the list from a backup", path.display()))
    };
    let bytes = std::fs::read(&path).map_err(|error| wrong(&error))?;
    // Interrupted between list and pin: the list is under its new root already, whose keys lie here.
    if let Some(root) = new_already(installation, &bytes, code) {
        return Ok(root);
    }
    let signed = Sign1::parse(&bytes, Tagging::Untagged, MAX_PAYLOAD).map_err(|error| wrong(&error))?;
    let external = Writer::new().array(1).text("bp1-trust-list").finish();
    let payload = signed.verify(pinned, &external).map_err(|error| wrong(&error))?;
    let (number, mut keys) = read_old(payload, code).map_err(|error| wrong(&error))?;
    let rules = Rules::builtin().map_err(of)?;
    let lanes = all_lanes(&rules);
    for key in keys.iter_mut().filter(|key| key.role == Role::Gate) {
        let lane = lanes.iter().find(|lane| lane.name().as_bytes() == key.kid);
        key.binding = lane.map(|lane| Binding::Gate(lane.binding()));
    }
    let (known, unknown): (Vec<_>, Vec<_>) =
        keys.into_iter().partition(|key| key.role != Role::Gate || key.binding.is_some());
    for key in unknown {
        let name = String::from_utf8_lossy(&key.kid).into_owned();
        failure::print(&format!(
            "{code}: gate {name:?} is left out: no lane has that name, so it is bound to none\n"
        ))?;
    }
    let now = at.time();
    let list = TrustList {
        authority: code,
        number: number + 1,
        issued: now,
        expires: now.plus_seconds(LIST_SECONDS),
        root: supervisors::new_root(installation, code)?,
        next: None,
        keys: known,
    };
    supervisors::put_first(installation, &list)?;
    Ok(list.root)
}

/// The root of a list that was brought over before, if the supervisors' keys here signed it.
fn new_already(installation: &Installation, bytes: &[u8], code: AuthorityCode) -> Option<trust::Root> {
    let (newest, _) = trust::links(bytes).ok()?;
    let payload = credential::cose::CoSigned::parse(newest, MAX_PAYLOAD).ok()?;
    let list = TrustList::decode(payload.unverified_payload()).ok()?;
    let held = supervisors::sign_here(installation, &list.root, &list).ok()?;
    let mut store = TrustStore::new(&[(code, list.root.clone())]).ok()?;
    let taken = store.update(bytes, documents::Timestamp::MAX).ok()?;
    (taken == code && held.len() >= list.root.threshold()).then_some(list.root)
}

/// Number and keys of a list in the form of the version before: no root, and gates bound to nothing or to a place.
fn read_old(payload: &[u8], code: AuthorityCode) -> Result<(u64, Vec<KeyEntry>), CborError> {
    let mut r = Reader::new(payload);
    r.array_exact(5)?;
    if read_authority(&mut r)? != code {
        return Err(CborError::Unexpected);
    }
    let number = r.uint_max(i64::MAX.unsigned_abs())?;
    let (_, _) = (read_time(&mut r)?, read_time(&mut r)?);
    let mut keys = Vec::new();
    for _ in 0..r.array(2_000)? {
        let fields = r.array(7)?;
        let role = usize::try_from(r.uint()?).map_err(|_| CborError::Limit)?;
        let (kid, key) = (r.bytes(64)?.to_vec(), r.bytes(65)?.to_vec());
        let (from, to) = (read_time(&mut r)?, read_time(&mut r)?);
        let compromised = r.bool()?;
        if fields == 7 {
            r.skip()?;
        }
        // Role 8 signed lists in that form; a root does that now, and 8 is another role's.
        match Role::ALL.get(role) {
            _ if role == 8 => {}
            // It knew no later role.
            _ if role > 8 => return Err(CborError::Unexpected),
            Some(role) => {
                keys.push(KeyEntry { role: *role, kid, key, from, to, compromised, binding: None });
            }
            None => return Err(CborError::Unexpected),
        }
    }
    r.finish()?;
    Ok((number, keys))
}
