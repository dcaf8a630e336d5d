//! The keys of authorities, supervisors, lanes and desks that trust lists name: several of a role while one follows another, of which the lists say
//! which is used.
//!
//! Lives here: their names and ids, which of them signs now, a running process that takes another. Not here: where a key lies
//! (`keys`), the commands (`command::keys`).

use std::sync::Arc;
use std::time::SystemTime;

use authority::{NumberedKey, PartKeys, Service, SigningKeys};
use credential::{SigningKey, hpke};
use documents::{AuthorityCode, Timestamp};
use gate::outbox::{GateKey, LaneKey};
use trust::{Binding, KeyEntry, Party, Role, TrustStore, gate_kid, gate_of_kid};
use venue::desk::{DeskKey, DeskKeys};

use super::acts::{self, Office};
use super::keys::{KeyFiles, KeyStore};
use super::venues::{self, Desk};
use super::{Installation, LanePlace, lists, tls};
use crate::failure::{Failure, of};

/// A new key signs so many seconds after its list lets it count: until then somebody's clock may still be before it.
pub const CLOCK_SECONDS: i64 = 300;

/// Whose key, and for what.
#[derive(Debug, Clone)]
pub enum Seat {
    /// An authority, in one role.
    Authority(AuthorityCode, Role),
    /// An authority, to whom others seal (HPKE).
    Part(AuthorityCode),
    /// The gate of a lane.
    Gate(LanePlace),
    /// The desk of a venue.
    Desk(Desk),
    /// The supervisors of an authority, for what they allow: approvals and risk rules.
    Supervisors(AuthorityCode),
}

impl Seat {
    /// The role.
    pub const fn role(&self) -> Role {
        match self {
            Self::Authority(_, role) => *role,
            Self::Part(_) => Role::Part,
            Self::Gate(_) => Role::Gate,
            Self::Desk(_) => Role::Desk,
            Self::Supervisors(_) => Role::Approval,
        }
    }

    /// Whose record of acts names the key.
    pub fn office(&self) -> Office {
        match self {
            Self::Authority(code, _) | Self::Part(code) => Office::authority(*code),
            Self::Gate(lane) => Office::Party(Party::Gates(lane.port.clone())),
            Self::Desk(desk) => Office::Venue(desk.id().clone()),
            Self::Supervisors(code) => Office::Supervisors(*code),
        }
    }

    /// Where the key counts, as each list says; `None` for an authority's own and its supervisors'.
    pub fn binding(&self) -> Option<Binding> {
        match self {
            Self::Authority(..) | Self::Part(_) | Self::Supervisors(_) => None,
            Self::Gate(lane) => Some(Binding::Gate(lane.binding())),
            Self::Desk(desk) => Some(Binding::Desk(desk.binding().clone())),
        }
    }

    /// What people call it.
    pub fn name(&self) -> String {
        match self {
            Self::Authority(code, role) => format!("{code} {}", role.as_str()),
            Self::Gate(lane) => lane.name(),
            Self::Desk(desk) => desk.id().to_string(),
            Self::Part(code) | Self::Supervisors(code) => format!("{code} {}", self.role().as_str()),
        }
    }

    /// The authorities whose lists name the key.
    pub fn listing(&self) -> Vec<AuthorityCode> {
        match self {
            Self::Authority(code, _) | Self::Part(code) | Self::Supervisors(code) => vec![*code],
            Self::Gate(lane) => lane.authorities(),
            Self::Desk(desk) => vec![desk.authority()],
        }
    }

    /// The id of key `number` in those lists.
    pub fn kid(&self, number: u8) -> Vec<u8> {
        match self {
            Self::Authority(_, role) => SigningKeys::kid(*role, number),
            Self::Gate(lane) => gate_kid(&lane.name(), number),
            Self::Desk(desk) => gate_kid(desk.id().as_str(), number),
            Self::Part(_) | Self::Supervisors(_) => SigningKeys::kid(self.role(), number),
        }
    }

    /// Which of its keys an entry is.
    fn number(&self, entry: &KeyEntry) -> Option<u8> {
        if entry.role != self.role() {
            return None;
        }
        match self {
            Self::Gate(_) | Self::Desk(_) => {
                let (named, number) = gate_of_kid(&entry.kid);
                (named == self.name().as_bytes()).then_some(number)
            }
            Self::Authority(_, role) if SigningKeys::has_short_kid(*role) => entry.kid.first().copied(),
            Self::Authority(..) | Self::Part(_) | Self::Supervisors(_) => {
                std::str::from_utf8(&entry.kid).ok()?.parse().ok()
            }
        }
    }

    /// Its keys in the lists, by number; from each list that should name them, the same.
    pub fn listed<'t>(&self, trust: &'t TrustStore) -> Vec<(u8, &'t KeyEntry)> {
        let lists = self.listing().into_iter().filter_map(|code| trust.list(code));
        let entries = lists.flat_map(|list| &list.keys);
        let mut found: Vec<_> =
            entries.filter_map(|entry| self.number(entry).map(|number| (number, entry))).collect();
        // Compromised in one list is compromised.
        found.sort_by_key(|(number, entry)| (*number, !entry.compromised));
        found.dedup_by_key(|(number, _)| *number);
        found
    }

    /// Whether this key, by its point as the lists have it, is used or could be: each list that must names it, it counts, and it did
    /// so before clocks may differ.
    pub fn counts(&self, trust: &TrustStore, number: u8, point: &[u8], now: Timestamp) -> bool {
        let kid = self.kid(number);
        let counted = |code, at| trust.counts(code, self.role(), &kid, point, at);
        let before = now.plus_seconds(-CLOCK_SECONDS);
        self.listing().into_iter().all(|code| counted(code, now) && counted(code, before))
    }

    /// The keys of the party.
    pub fn keys(&self, of_what: &Installation) -> KeyFiles {
        match self {
            Self::Authority(code, _) | Self::Part(code) => of_what.keys(&of_what.authority(*code)),
            Self::Gate(lane) => of_what.keys(&of_what.gate(&lane.port)),
            Self::Desk(desk) => of_what.keys(&of_what.venue(desk.id())),
            Self::Supervisors(code) => of_what.keys(&of_what.supervisor(*code)),
        }
    }

    fn base(&self) -> String {
        match self {
            Self::Authority(_, role) => role.as_str().to_owned(),
            Self::Gate(lane) => lists::key_name(&lane.name()),
            Self::Part(_) | Self::Desk(_) | Self::Supervisors(_) => self.role().as_str().to_owned(),
        }
    }

    /// The name of key `number` among its party's: the base for the first, then `BASE+2` and so on.
    pub fn file(&self, number: u8) -> String {
        if number == 1 { self.base() } else { format!("{}+{number}", self.base()) }
    }

    /// The numbers of the keys that are here, in order.
    pub fn here(&self, keys: &KeyFiles) -> Vec<u8> {
        let base = self.base();
        let number = |name: String| match name.strip_prefix(&base)? {
            "" => Some(1),
            rest => rest.strip_prefix('+')?.parse().ok().filter(|number| *number > 1),
        };
        let mut numbers: Vec<u8> = keys.names().into_iter().filter_map(number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// Makes key `number`; gives its public point, as the lists have it.
    pub fn make(&self, of_what: &Installation, number: u8) -> Result<Vec<u8>, Failure> {
        let (keys, name) = (self.keys(of_what), self.file(number));
        if let Self::Part(_) = self {
            let key = hpke::ReceiverKey::generate().map_err(of)?;
            keys.put_part(&name, &key)?;
            return Ok(key.public().to_vec());
        }
        keys.make_signing(&name).map(|key| key.public().as_bytes().to_vec())
    }

    /// Destroys key `number`.
    pub fn destroy(&self, of_what: &Installation, number: u8) -> Result<(), Failure> {
        let (keys, name) = (self.keys(of_what), self.file(number));
        if let Self::Part(_) = self { keys.remove_part(&name) } else { keys.remove_signing(&name) }
    }

    /// Reads its keys, from files or out of the module.
    fn read(&self, of_what: &Installation) -> Result<Vec<NumberedKey>, Failure> {
        let keys = self.keys(of_what);
        let found = self.here(&keys);
        if found.is_empty() {
            if let Self::Authority(code, Role::Venue | Role::Counter) = self {
                return Err(Failure::new(format!(
                    "{code} has no {}, as in a version before: make one with `baypass trust upgrade --dir {}`, or restore it \
                     from a backup",
                    words_of(self.role()),
                    of_what.root().display()
                )));
            }
            // Says which file is missing.
            keys.signing(&self.file(1))?;
        }
        let read = |number| Ok(NumberedKey { number, key: Arc::new(keys.signing(&self.file(number))?) });
        found.into_iter().map(read).collect()
    }

    /// The key that signs at `now`: the newest that counts by the lists, else the oldest there is, which others may refuse.
    fn in_use<'k>(
        &self,
        keys: &'k [NumberedKey],
        trust: &TrustStore,
        now: Timestamp,
    ) -> Result<&'k NumberedKey, Failure> {
        let counts = |key: &&NumberedKey| self.counts(trust, key.number, key.key.public().as_bytes(), now);
        keys.iter().rfind(counts).or_else(|| keys.first()).ok_or_else(|| {
            Failure::new(format!("there is no key of {}; restore it from a backup", self.name()))
        })
    }
}

/// Makes the first key of each role.
pub fn first(keys: &KeyFiles) -> Result<SigningKeys, Failure> {
    SigningKeys::gather(|role| {
        Ok(NumberedKey { number: 1, key: Arc::new(keys.make_signing(role.as_str())?) })
    })
}

/// The roles of authorities that versions before had not.
pub const LATER_ROLES: [Role; 2] = [Role::Venue, Role::Counter];

/// What a key of a later role is called.
const fn words_of(role: Role) -> &'static str {
    if matches!(role, Role::Counter) { "counter's key for paper passes" } else { "key for venue credentials" }
}

/// Makes the keys of later roles that an installation of a version before has not yet. No list names them: what they sign
/// counts nowhere until `baypass trust upgrade`, and the border goes on without them. One that a list names is lost, and no other
/// one is made in its place.
pub fn make_later_keys_where_none(
    of_what: &Installation,
    code: AuthorityCode,
    trust: &TrustStore,
    now: Timestamp,
) -> Result<(), Failure> {
    for role in LATER_ROLES {
        let seat = Seat::Authority(code, role);
        let keys = seat.keys(of_what);
        if trust.list(code).is_some() && seat.here(&keys).is_empty() && seat.listed(trust).is_empty() {
            of_what.put_on_record(&seat.office(), (acts::MAKE_KEY, &seat.name()), now)?;
            keys.make_signing(&seat.file(1))?;
            of_what.warn_once(&format!(
                "no list names the {} of {code}; when every authority runs this version: `baypass trust upgrade --dir {}`",
                words_of(role),
                of_what.root().display()
            ));
        }
    }
    Ok(())
}

/// Destroys every key of an installation that lies in a hardware module.
pub fn empty_module(of_what: &Installation) -> Result<(), Failure> {
    let parties = tls::parties(of_what)?.into_iter().map(|party| of_what.party(&party));
    let supervisors = AuthorityCode::ALL.map(|code| of_what.supervisor(code));
    let desks = venues::here(of_what)?.into_iter().map(|id| of_what.venue(&id));
    parties.chain(supervisors).chain(desks).try_for_each(|folder| of_what.keys(&folder).empty_module())
}

/// The keys with which an authority opens what others seal to it: all that are here, the newest first.
pub fn part_keys(of_what: &Installation, code: AuthorityCode) -> Result<PartKeys, Failure> {
    let seat = Seat::Part(code);
    let keys = seat.keys(of_what);
    let mut numbers = seat.here(&keys);
    let newest = keys.part(&seat.file(numbers.pop().unwrap_or(1)))?;
    let before = numbers.into_iter().rev().map(|number| keys.part(&seat.file(number)));
    Ok(PartKeys::new(newest, before.collect::<Result<_, _>>()?))
}

/// Every key with which an authority could sign.
#[derive(Debug)]
pub struct OwnSigners {
    me: AuthorityCode,
    keys: Vec<(Role, Vec<NumberedKey>)>,
}

impl OwnSigners {
    /// Reads them, from files or out of the module.
    pub fn read(of_what: &Installation, me: AuthorityCode) -> Result<Self, Failure> {
        let read = |role| Ok((role, Seat::Authority(me, role).read(of_what)?));
        Ok(Self { me, keys: SigningKeys::ROLES.into_iter().map(read).collect::<Result<_, Failure>>()? })
    }

    /// The key of each role that signs at `now`.
    pub fn in_use(&self, trust: &TrustStore, now: Timestamp) -> Result<SigningKeys, Failure> {
        SigningKeys::gather(|role| {
            let keys = self.keys.iter().find(|(of, _)| *of == role).map_or(&[][..], |(_, keys)| keys);
            Seat::Authority(self.me, role).in_use(keys, trust, now).cloned()
        })
    }
}

/// Reads keys again when their folder changes; where that fails says so once, and tries again.
struct Watch {
    files: KeyFiles,
    read: Option<SystemTime>,
    failed: bool,
}

impl Watch {
    const fn new(files: KeyFiles) -> Self {
        Self { files, read: None, failed: false }
    }

    fn changed<T>(&mut self, read: impl FnOnce() -> Result<T, Failure>) -> Option<T> {
        let changed = self.files.changed();
        if changed == self.read {
            return None;
        }
        match read() {
            Ok(keys) => {
                (self.read, self.failed) = (changed, false);
                Some(keys)
            }
            Err(failure) => {
                if !self.failed {
                    tracing::error!(%failure, "keys stay as they were");
                }
                self.failed = true;
                None
            }
        }
    }
}

/// An authority that runs, signs with the key that its list says and opens with those that are here, as the list and the keys change.
pub struct AuthoritySigners {
    installation: Installation,
    watch: Watch,
    own: Option<OwnSigners>,
}

impl AuthoritySigners {
    /// Those of an authority's process.
    pub fn new(installation: &Installation, me: AuthorityCode) -> Self {
        let watch = Watch::new(installation.keys(&installation.authority(me)));
        Self { installation: installation.clone(), watch, own: None }
    }

    /// Has `service` sign, and open, with the keys that are used at `now`.
    pub fn follow(&mut self, service: &Service, now: Timestamp) {
        let (of_what, code) = (&self.installation, service.code());
        let read = || Ok((OwnSigners::read(of_what, code)?, part_keys(of_what, code)?));
        if let Some((own, part)) = self.watch.changed(read) {
            self.own = Some(own);
            service.use_part_keys(part);
        }
        let Some(Ok(used)) = self.own.as_ref().map(|own| own.in_use(&service.trust(), now)) else { return };
        let before = service.signing();
        if used.are(&before) {
            return;
        }
        for ((role, key), (_, old)) in used.each().into_iter().zip(before.each()) {
            if key.number != old.number {
                tracing::info!(role = role.as_str(), number = key.number, "another key signs from now on");
            }
        }
        service.use_signing_keys(used);
    }
}

/// The key with which a lane's gate signs at `now`.
pub fn lane_key(
    of_what: &Installation,
    place: &LanePlace,
    trust: &TrustStore,
    now: Timestamp,
) -> Result<GateKey, Failure> {
    let seat = Seat::Gate(place.clone());
    let keys = seat.read(of_what)?;
    let used = seat.in_use(&keys, trust, now)?;
    Ok(GateKey { gate: place.name(), kid: seat.kid(used.number), key: Arc::clone(&used.key) })
}

/// A key of supervisors that signs what they allow, with its id in their list.
#[derive(Debug)]
pub struct ApprovalKey {
    /// Its id.
    pub kid: Vec<u8>,
    /// The key.
    pub key: Arc<SigningKey>,
}

/// The key with which the supervisors of an authority sign approvals and risk rules at `now`.
pub fn approval_key(
    of_what: &Installation,
    code: AuthorityCode,
    trust: &TrustStore,
    now: Timestamp,
) -> Result<ApprovalKey, Failure> {
    let seat = Seat::Supervisors(code);
    let keys = seat.read(of_what)?;
    let used = seat.in_use(&keys, trust, now)?;
    Ok(ApprovalKey { kid: seat.kid(used.number), key: Arc::clone(&used.key) })
}

/// The keys of a venue's desk, and which of them signs at `now`.
pub fn desk_keys(
    of_what: &Installation,
    desk: &Desk,
    trust: &TrustStore,
    now: Timestamp,
) -> Result<DeskKeys, Failure> {
    let seat = Seat::Desk(desk.clone());
    gathered(&seat, &seat.read(of_what)?, trust, now)
}

fn gathered(
    seat: &Seat,
    keys: &[NumberedKey],
    trust: &TrustStore,
    now: Timestamp,
) -> Result<DeskKeys, Failure> {
    let number = seat.in_use(keys, trust, now)?.number;
    let key = |one: &NumberedKey| DeskKey { kid: seat.kid(one.number), key: Arc::clone(&one.key) };
    let used = keys.iter().find(|one| one.number == number).map(key);
    let others = keys.iter().filter(|one| one.number != number).map(key).collect();
    let none = || Failure::new(format!("there is no key of {}; restore it from a backup", seat.name()));
    Ok(DeskKeys::new(used.ok_or_else(none)?, others))
}

/// A desk that runs, and signs with the key that its authority's list says.
pub struct DeskSigner {
    installation: Installation,
    watch: Watch,
    seat: Seat,
    keys: Vec<NumberedKey>,
}

impl DeskSigner {
    /// The one of a venue's desk.
    pub fn new(installation: &Installation, desk: &Desk) -> Self {
        let seat = Seat::Desk(desk.clone());
        let watch = Watch::new(seat.keys(installation));
        Self { installation: installation.clone(), watch, seat, keys: Vec::new() }
    }

    /// Has `desk` sign with the key that is used at `now`.
    pub fn follow(&mut self, desk: &venue::desk::Desk, trust: &TrustStore, now: Timestamp) {
        let read = self.watch.changed(|| self.seat.read(&self.installation));
        let changed = read.is_some();
        self.keys = read.unwrap_or_else(|| std::mem::take(&mut self.keys));
        let Ok(keys) = gathered(&self.seat, &self.keys, trust, now) else { return };
        let moved = keys.used().kid != desk.kid();
        if moved {
            let kid = String::from_utf8_lossy(&keys.used().kid).into_owned();
            tracing::info!(kid, "another key signs from now on");
        }
        if moved || changed {
            desk.use_keys(keys);
        }
    }
}

/// The gates of a port that run, each with the key that the lists say.
pub struct GateSigners {
    installation: Installation,
    watch: Watch,
    lanes: Vec<(LanePlace, LaneKey)>,
    keys: Vec<Vec<NumberedKey>>,
}

impl GateSigners {
    /// Those of the gates of a port, by the lanes that run.
    pub fn new(installation: &Installation, lanes: Vec<(LanePlace, LaneKey)>) -> Option<Self> {
        let port = &lanes.first()?.0.port;
        let watch = Watch::new(installation.keys(&installation.gate(port)));
        Some(Self { installation: installation.clone(), watch, lanes, keys: Vec::new() })
    }

    /// Has each lane sign with the key that is used at `now`.
    pub fn follow(&mut self, trust: &TrustStore, now: Timestamp) {
        let read = || {
            let seats = self.lanes.iter().map(|(place, _)| Seat::Gate(place.clone()));
            seats.map(|seat| seat.read(&self.installation)).collect::<Result<Vec<_>, _>>()
        };
        if let Some(keys) = self.watch.changed(read) {
            self.keys = keys;
        }
        for ((place, lane), keys) in self.lanes.iter().zip(&self.keys) {
            let seat = Seat::Gate(place.clone());
            let Ok(used) = seat.in_use(keys, trust, now) else { continue };
            let kid = seat.kid(used.number);
            if lane.get().kid != kid {
                tracing::info!(lane = place.name(), number = used.number, "another key signs from now on");
                lane.replace(GateKey { gate: place.name(), kid, key: Arc::clone(&used.key) });
            }
        }
    }
}
