//! Trust lists of an installation: what the supervisors sign, and how everybody reads it.
//!
//! Lives here: the first lists, signing them afresh, reading them with the pinned roots. Not here: what a list means
//! (`trust`), who signs it (`supervisors`), approvals (`approvals`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use authority::{KEY_ID, Keys};
use credential::SigningKey;
use documents::{AuthorityCode, LocalDate, PortId, Rules, Timestamp};
use transport::Days;
use trust::{
    Binding, FOREIGN_IDENTITY, KeyEntry, OFFICER_PORTRAIT, Party, Role, TrustError, TrustList, TrustStore,
};

use super::acts::{self, Office};
use super::approval_file::ApprovalFile;
use super::keys::KeyStore;
use super::supervisors::{self, RootFile};
use super::{Installation, all_lanes, approvals, make_folder, risk_rules, signing, tls, venues, write_whole};
use crate::failure::{Failure, of};

/// How long a trust list is good, in seconds: a week.
pub const LIST_SECONDS: i64 = 7 * 86_400;
/// First day of the specimens' keys and approvals, so that commands with `--at` can look back.
const FIRST_DAY: (i16, i8, i8) = (2025, 1, 1);

/// What the first approvals of an installation allow.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// The ports; every port with lanes for codes where none is named.
    pub ports: Vec<PortId>,
}

/// The pinned roots, in `public/roots.json`.
pub type Roots = BTreeMap<AuthorityCode, RootFile>;

/// The first instant at which a signing key that is made at `now` no longer counts.
pub fn key_end(now: Timestamp) -> Timestamp {
    specimen_end(now).start()
}

/// The last day of specimens that are made at `now`.
pub fn specimen_end(now: Timestamp) -> LocalDate {
    now.local_date().plus_days(3 * 365)
}

fn first_day() -> LocalDate {
    LocalDate::new(FIRST_DAY.0, FIRST_DAY.1, FIRST_DAY.2).unwrap_or_else(|| Timestamp::MAX.local_date())
}

/// Makes keys, first trust lists and specimens of approvals.
pub fn first(made: &Installation, now: Timestamp, terms: &Terms) -> Result<(), Failure> {
    let rules = Rules::builtin().map_err(of)?;
    let (from, to) = (first_day().start(), specimen_end(now).start());
    let lanes: Vec<_> = all_lanes(&rules)
        .into_iter()
        .filter(|lane| terms.ports.is_empty() || terms.ports.contains(&lane.port))
        .collect();
    let mut gates: BTreeMap<AuthorityCode, Vec<KeyEntry>> = BTreeMap::new();
    for lane in &lanes {
        let key = made.keys(&made.gate(&lane.port)).make_signing(&key_name(&lane.name()))?;
        for authority in lane.authorities() {
            let binding = Some(Binding::Gate(lane.binding()));
            let listed = entry(Role::Gate, lane.name().as_bytes(), &key, from, to);
            gates.entry(authority).or_default().push(KeyEntry { binding, ..listed });
        }
    }
    let mut roots = Roots::new();
    let mut connections = first_tls(made, &rules, now)?;
    let mut desks = venues::make_specimens(made, (from, to), now)?;
    for code in AuthorityCode::ALL {
        made.put_on_record(&Office::authority(code), (acts::INIT, ""), now)?;
        let store = made.keys(&made.authority(code));
        let keys = Keys::with_signing(signing::first(&store)?).map_err(of)?;
        store.put_authority(&keys)?;
        let root = supervisors::new_root(made, code)?;
        let approval = made.keys(&made.supervisor(code)).make_signing("approval")?;
        roots.insert(code, RootFile::of(&root));
        let mut entries = keys.entries(from, to);
        entries.push(entry(Role::Approval, KEY_ID, &approval, from, to));
        entries.extend(gates.remove(&code).unwrap_or_default());
        entries.extend(connections.remove(&code).unwrap_or_default());
        entries.extend(desks.remove(&code).unwrap_or_default());
        let first = TrustList {
            authority: code,
            number: 1,
            issued: now,
            expires: now.plus_seconds(LIST_SECONDS),
            root,
            next: None,
            keys: entries,
        };
        supervisors::put_first(made, &first)?;
    }
    put_pins(made, &roots)?;
    for code in AuthorityCode::ALL {
        risk_rules::sign_first(made, code, first_day(), now)?;
    }
    // One approval for each pair of jurisdictions.
    let mut groups: BTreeMap<(AuthorityCode, AuthorityCode), Vec<String>> = BTreeMap::new();
    for lane in &lanes {
        let (a, b) =
            (lane.direction.from().min(lane.direction.to()), lane.direction.from().max(lane.direction.to()));
        let ports = groups.entry((a, b)).or_default();
        if !ports.iter().any(|known| known == lane.port.as_str()) {
            ports.push(lane.port.to_string());
        }
    }
    for ((a, b), ports) in groups {
        let approval = ApprovalFile {
            id: format!("SPECIMEN-{a}-{b}"),
            scenario: None,
            jurisdictions: vec![a, b],
            ports,
            venues: None,
            from: first_day(),
            to: specimen_end(now),
            hours: (0, 1440),
            claims: ["permit", "face", FOREIGN_IDENTITY, OFFICER_PORTRAIT].map(str::to_owned).into(),
            purposes: None,
            face: None,
            other_way: None,
            retention_days: 30,
            assessment: "PIA-SPECIMEN-0001".to_owned(),
            filings: [a, b].map(|j| (j, format!("specimen filing 0001 ({j})"))).into(),
            probe_grounds: [a, b]
                .map(|j| (j, format!("statutory duty at the border ({j}, specimen)")))
                .into(),
            in_force: None,
            number: None,
            withdrawn: None,
        };
        approvals::add(made, &approval, now)?;
    }
    venues::approve_specimens(made, (first_day(), specimen_end(now)), now)?;
    Ok(())
}

/// Makes every party's keys and certificates; gives the entries of each authority's list. Like the other keys of specimens they
/// count from the first day on.
fn first_tls(
    made: &Installation,
    rules: &Rules,
    now: Timestamp,
) -> Result<BTreeMap<AuthorityCode, Vec<KeyEntry>>, Failure> {
    let days = Days::builtin().map_err(of)?;
    let ca = tls::ca(made, now)?;
    let (from, to) = (first_day().start(), now.local_date().plus_days(days.leaf_days).start());
    let mut entries: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for party in tls::parties(made)? {
        if let Party::Gates(_) = party {
            made.put_on_record(&Office::Party(party.clone()), (acts::INIT, ""), now)?;
        }
        tls::make(made, &ca, &party, tls::Use::Web, now)?;
        let (number, key) = tls::make(made, &ca, &party, tls::Use::Parties, now)?;
        for code in tls::listing(&party, rules) {
            entries.entry(code).or_default().push(tls::entry(&party, number, &key, from, to));
        }
    }
    Ok(entries)
}

/// The name of a lane's key and store among the files of its port.
pub fn key_name(lane: &str) -> String {
    lane.split_once('/').map_or(lane, |(_, rest)| rest).replace('/', "-")
}

fn entry(role: Role, kid: &[u8], key: &SigningKey, from: Timestamp, to: Timestamp) -> KeyEntry {
    let (kid, key) = (kid.to_vec(), key.public().as_bytes().to_vec());
    KeyEntry { role, kid, key, from, to, compromised: false, binding: None }
}

/// Where an authority's list is read by everybody.
pub fn list_path(of: &Installation, code: AuthorityCode) -> PathBuf {
    of.public().join("trust").join(format!("{code}.cbor"))
}

/// Puts signed trust lists in their place.
pub fn publish(to: &Installation, signed: &[(AuthorityCode, Vec<u8>)]) -> Result<(), Failure> {
    signed.iter().try_for_each(|(code, bytes)| write_whole(&list_path(to, *code), bytes))
}

/// Where the pinned roots lie.
pub fn pins_path(of: &Installation) -> PathBuf {
    of.public().join("roots.json")
}

/// The pinned roots.
pub fn pins(from: &Installation) -> Result<Roots, Failure> {
    let path = pins_path(from);
    let damaged = || Failure::new(format!("{} is damaged; restore it from a backup", path.display()));
    let bytes = std::fs::read(&path).map_err(|_| damaged())?;
    serde_json::from_slice(&bytes).map_err(|_| {
        // One key an authority, as a text.
        if serde_json::from_slice::<BTreeMap<AuthorityCode, serde_json::Value>>(&bytes)
            .is_ok_and(|roots| roots.values().any(serde_json::Value::is_string))
        {
            return Failure::new(format!(
                "{} pins one key an authority, as the version before did; bring the installation over with `baypass \
                 trust upgrade --dir {}`",
                path.display(),
                from.root().display()
            ));
        }
        damaged()
    })
}

/// Writes the pinned roots.
pub fn put_pins(to: &Installation, roots: &Roots) -> Result<(), Failure> {
    write_whole(&pins_path(to), &serde_json::to_vec_pretty(roots).map_err(of)?)
}

/// A store with the pinned roots and no list yet.
pub fn pinned(from: &Installation) -> Result<TrustStore, Failure> {
    let roots = pins(from)?.into_iter().map(|(code, root)| Ok((code, root.root()?)));
    TrustStore::new(&roots.collect::<Result<Vec<_>, Failure>>()?).map_err(of)
}

/// The signed trust lists that can be read in the installation, whatever they are worth.
pub fn readable(from: &Installation) -> Vec<(AuthorityCode, Vec<u8>)> {
    AuthorityCode::ALL
        .into_iter()
        .filter_map(|code| std::fs::read(list_path(from, code)).ok().map(|bytes| (code, bytes)))
        .collect()
}

/// Whose lists are broken, with the reason and what mends it.
pub type Broken = Vec<(AuthorityCode, String)>;

/// The public trust lists, as far as they are good; of one that is not, what its supervisors published last, where that lies
/// here. It is named as broken all the same.
pub fn trust_as_far_as_good(from: &Installation, now: Timestamp) -> Result<(TrustStore, Broken), Failure> {
    let mut store = pinned(from)?;
    let broken = take_public(&mut store, from, now, |code| mended_by(from, code));
    for (code, _) in &broken {
        if let Ok(bytes) = supervisors::published(from, *code) {
            // Not good either: then there is none, and what mends it says so.
            let _ = store.update(&bytes, now);
        }
    }
    Ok((store, broken))
}

/// The command that mends a broken public list, on that very file: the supervisors sign on from what they published last. Where
/// that is gone too, only another machine has the list.
fn mended_by(from: &Installation, code: AuthorityCode) -> String {
    let (dir, path) = (from.root().display(), list_path(from, code));
    match supervisors::known(from, code) {
        Ok(_) => format!("mend it with `baypass trust renew --dir {dir} --authority {code}`"),
        Err(_) => format!(
            "copy {} anew from a machine of its authority, or restore it from a backup; then `baypass doctor --dir {dir}`",
            path.display()
        ),
    }
}

/// The trust lists for a party that keeps what it verified last in `kept`: a public one that is missing or damaged keeps
/// nobody from starting.
pub fn trust_or_kept(
    from: &Installation,
    kept: &Path,
    now: Timestamp,
) -> Result<(TrustStore, Broken), Failure> {
    let (mut store, mut broken) = (pinned(from)?, Vec::new());
    for code in AuthorityCode::ALL {
        let Ok(bytes) = std::fs::read(kept_path(kept, code)) else { continue };
        match store.resume(&bytes) {
            Ok(_) => {}
            // An operator pinned another root since (`baypass trust adopt-root`).
            Err(error @ TrustError::OtherRoot { .. }) => tracing::warn!(%error, "a kept list is left behind"),
            Err(error) => broken.push((code, format!("the list that was kept: {error}"))),
        }
    }
    let renew = |_: AuthorityCode| "`baypass trust renew` signs it afresh".to_owned();
    broken.extend(take_public(&mut store, from, now, renew));
    Ok((store, broken))
}

/// Takes the public lists; names those that cannot be taken, with what mends each.
fn take_public(
    store: &mut TrustStore,
    from: &Installation,
    now: Timestamp,
    mended_by: impl Fn(AuthorityCode) -> String,
) -> Broken {
    let mut broken = Vec::new();
    for code in AuthorityCode::ALL {
        let taken = match std::fs::read(list_path(from, code)) {
            Ok(bytes) => store.update(&bytes, now).map(drop).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        broken.extend(taken.err().map(|why| (code, format!("the public list: {why}; {}", mended_by(code)))));
    }
    broken
}

/// Keeps what a party verified, for its next start.
pub fn keep(kept: &Path, code: AuthorityCode, bytes: &[u8]) -> Result<(), Failure> {
    let path = kept_path(kept, code);
    if std::fs::read(&path).is_ok_and(|before| before == bytes) {
        return Ok(());
    }
    make_folder(kept)?;
    write_whole(&path, bytes)
}

fn kept_path(kept: &Path, code: AuthorityCode) -> PathBuf {
    kept.join(format!("{code}.kept"))
}

/// The signed trust lists as they lie in the installation.
pub fn published(from: &Installation) -> Result<Vec<(AuthorityCode, Vec<u8>)>, Failure> {
    let read = |code| {
        let path = list_path(from, code);
        std::fs::read(&path).map(|bytes| (code, bytes)).map_err(|error| {
            Failure::new(format!(
                "{} cannot be read ({error}); sign it afresh with `baypass trust renew`",
                path.display()
            ))
        })
    };
    AuthorityCode::ALL.into_iter().map(read).collect()
}

/// The trust lists for a command, checked with the pinned roots, as [`trust_as_far_as_good`]. A broken one is named on standard
/// error with what mends it, once, and the command goes on with the others.
pub fn trust(from: &Installation, now: Timestamp) -> Result<TrustStore, Failure> {
    let (store, broken) = trust_as_far_as_good(from, now)?;
    for (code, why) in broken {
        from.warn_once(&format!("the trust list of {code}: {why}"));
    }
    Ok(store)
}

/// Signs an authority's list afresh at `now`, as its supervisors do once a week, with the keys of all of them that lie in
/// this installation; `change` may alter the list.
pub fn renew(
    of_whom: &Installation,
    code: AuthorityCode,
    now: Timestamp,
    change: impl FnOnce(&mut TrustList) -> Result<(), Failure>,
) -> Result<u64, Failure> {
    let store = supervisors::known(of_whom, code)?;
    let list = supervisors::draft(&store, code, now, change)?;
    let root = store.root(code).ok_or_else(|| Failure::new(format!("no root of {code} is pinned")))?;
    let signatures = supervisors::sign_here(of_whom, root, &list)?;
    if signatures.len() < root.threshold() {
        return Err(Failure::new(format!(
            "this installation holds {} keys of supervisors of {code} that count, {} are needed; let each sign with theirs: \
             `baypass trust draft`, `sign`, `publish` (docs/trust.md)",
            signatures.len(),
            root.threshold()
        )));
    }
    supervisors::publish(of_whom, &store, &list, &signatures)
}

/// Signs those lists afresh that are not in force at `now`: a one-shot command stands for the supervisors too. Gives
/// whose were signed.
pub fn renew_where_due(from: &Installation, now: Timestamp) -> Result<Vec<AuthorityCode>, Failure> {
    let mut renewed = Vec::new();
    for (code, bytes) in readable(from) {
        let mut store = pinned(from)?;
        let due = match store.update(&bytes, now) {
            Ok(_) => store.freshness(code, now) != trust::Freshness::Current,
            // A broken one is named by whoever reads the lists; an operator looks at it before it is signed over.
            Err(error) => matches!(error, TrustError::Future),
        };
        if due {
            renew(from, code, now, |_| Ok(()))?;
            renewed.push(code);
        }
    }
    Ok(renewed)
}
