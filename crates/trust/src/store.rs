//! Store: the trust lists in use, and how one follows another.
//!
//! Lives here: [`TrustStore`], the chain of lists that a root comes down by, what a party keeps of it. Not here: a list's
//! form (`list`), files (the programs).

use std::collections::{BTreeMap, BTreeSet};

use credential::cbor::{CborError, Reader, Writer};
use credential::cose::CoSigned;
use credential::message::{self, Kind, MAX_PAYLOAD};
use credential::{PublicKey, VerifyingKey, sha256};
use documents::{AuthorityCode, Timestamp};

use crate::binding::{Binding, GateBinding};
use crate::chain::{MAX_PREDECESSORS, chain, links};
use crate::desk_binding::DeskBinding;
use crate::issuer_binding::IssuerBinding;
use crate::list::{Freshness, KeyEntry, TrustError, TrustList};
use crate::role::Role;
use crate::root::Root;
use crate::verifier_binding::VerifierBinding;

/// Most compromised keys that are remembered of one authority.
const MAX_COMPROMISED: usize = 100_000;
/// Most roots that a list came down by and that are named beside it: pinned, in force, next.
const MAX_LINEAGE: usize = 3;
/// What a kept list begins with.
const KEPT: &str = "baypass-kept-trust-2";
/// What it began with when it did not name the roots that it came down by.
const KEPT_BEFORE: &str = "baypass-kept-trust-1";

/// What the next list is held to: the root that signs it, and what is known of its keys.
#[derive(Debug, Clone)]
struct Head {
    authority: AuthorityCode,
    root: Root,
    next: Option<Root>,
    compromised: BTreeSet<Vec<u8>>,
}

impl Head {
    /// Reads a list that this head's root has signed; the head is then that list's.
    fn follow(&mut self, bytes: &[u8]) -> Result<TrustList, TrustError> {
        let authority = self.authority;
        let signed = CoSigned::parse(bytes, MAX_PAYLOAD)?;
        let list = TrustList::decode(signed.unverified_payload())?;
        if list.authority != authority {
            return Err(TrustError::Authority { expected: authority });
        }
        let mut compromised = self.compromised.clone();
        compromised.extend(list.compromised().map(<[u8]>::to_vec));
        signatures(&signed, &self.root, &compromised, authority)?;
        let continues = [Some(&self.root), self.next.as_ref()].into_iter().flatten();
        if !continues.into_iter().any(|before| list.root.continues(before)) {
            return Err(TrustError::RootNotAnnounced { authority });
        }
        for root in [Some(&list.root), list.next.as_ref()].into_iter().flatten() {
            let mut live = 0;
            for key in root.keys() {
                VerifyingKey::new(key.key)?;
                live += usize::from(!compromised.contains(key.key.as_bytes().as_slice()));
            }
            if live < root.threshold() {
                return Err(TrustError::RootTooWeak { authority });
            }
        }
        (self.root, self.next, self.compromised) = (list.root.clone(), list.next.clone(), compromised);
        Ok(list)
    }
}

/// What a signed list says, whoever signed it.
fn claimed(bytes: &[u8]) -> Result<TrustList, TrustError> {
    Ok(TrustList::decode(CoSigned::parse(bytes, MAX_PAYLOAD)?.unverified_payload())?)
}

/// Counts the signatures of a root's keys that are not compromised: each key once, for a kid stands once in both.
fn signatures(
    signed: &CoSigned<'_>,
    root: &Root,
    compromised: &BTreeSet<Vec<u8>>,
    authority: AuthorityCode,
) -> Result<(), TrustError> {
    let external = message::external_of(Kind::TrustList);
    let mut have = 0;
    for signature in signed.signatures() {
        let listed = root.keys().iter().find(|key| key.kid == signature.kid());
        let Some(listed) = listed.filter(|key| !compromised.contains(key.key.as_bytes().as_slice())) else {
            continue;
        };
        let key = VerifyingKey::new(listed.key)?;
        let valid = signature.verify(&key, &external, signed.unverified_payload()).is_ok();
        have += usize::from(valid && !listed.compromised);
    }
    let need = root.threshold();
    if have < need { Err(TrustError::Signatures { authority, have, need }) } else { Ok(()) }
}

#[derive(Debug, Clone)]
struct Held {
    list: TrustList,
    /// The signed list.
    newest: Vec<u8>,
    /// The lists before it by which its root came down.
    before: Vec<Vec<u8>>,
    /// All of them as they travel.
    bytes: Vec<u8>,
    /// The root that signed it.
    signers: Root,
    parsed: BTreeMap<(Role, Vec<u8>), (VerifyingKey, usize)>,
}

impl Held {
    fn new(
        list: TrustList,
        newest: Vec<u8>,
        before: Vec<Vec<u8>>,
        signers: Root,
    ) -> Result<Self, TrustError> {
        let mut parsed = BTreeMap::new();
        for (at, entry) in list.keys.iter().enumerate() {
            if entry.role != Role::Part {
                let key = VerifyingKey::new(PublicKey::from_bytes(&entry.key)?)?;
                parsed.insert((entry.role, entry.kid.clone()), (key, at));
            }
        }
        let bytes = chain(before.iter().map(Vec::as_slice).chain([newest.as_slice()]));
        Ok(Self { list, newest, before, bytes, signers, parsed })
    }

    /// The predecessors that a list behind this one needs: this one among them where the root changes here or there.
    fn before_next(&self, root: &Root) -> Vec<Vec<u8>> {
        let mut before = self.before.clone();
        if !self.list.root.is_same(&self.signers) || !root.is_same(&self.list.root) {
            before.push(self.newest.clone());
        }
        let over = before.len().saturating_sub(MAX_PREDECESSORS);
        before.split_off(over)
    }
}

/// The lists in use: at most one an authority.
#[derive(Debug, Clone, Default)]
pub struct TrustStore {
    roots: BTreeMap<AuthorityCode, Root>,
    lists: BTreeMap<AuthorityCode, Held>,
    /// The lowest number that is accepted, from before the program's start.
    least: BTreeMap<AuthorityCode, u64>,
    /// Every key that any list named as compromised: none of them comes back.
    compromised: BTreeMap<AuthorityCode, BTreeSet<Vec<u8>>>,
}

impl TrustStore {
    /// A store that knows each authority's first root, pinned when the program was set up.
    ///
    /// # Errors
    /// [`TrustError::Key`].
    pub fn new(roots: &[(AuthorityCode, Root)]) -> Result<Self, TrustError> {
        let mut store = Self::default();
        for (authority, root) in roots {
            for key in root.keys() {
                VerifyingKey::new(key.key)?;
            }
            store.roots.insert(*authority, root.clone());
        }
        Ok(store)
    }

    /// Refuses from now on every list of `authority` with a lower number. A program calls this at start, with the number
    /// that it had stored.
    pub fn not_before(&mut self, authority: AuthorityCode, number: u64) {
        let least = self.least.entry(authority).or_default();
        *least = number.max(*least);
    }

    /// The highest number of an authority's list that was ever seen; 0 where there was none.
    #[must_use]
    pub fn newest(&self, authority: AuthorityCode) -> u64 {
        let held = self.list(authority).map_or(0, |list| list.number);
        held.max(self.least.get(&authority).copied().unwrap_or(0))
    }

    /// The keys of an authority that were ever listed as compromised: a program writes them down.
    pub fn compromised(&self, authority: AuthorityCode) -> impl Iterator<Item = &[u8]> {
        self.compromised.get(&authority).into_iter().flatten().map(Vec::as_slice)
    }

    /// Takes nothing from these keys of `authority` any more. A program calls this at start, with what it had stored.
    pub fn never_again(&mut self, authority: AuthorityCode, keys: impl IntoIterator<Item = Vec<u8>>) {
        self.compromised.entry(authority).or_default().extend(keys);
    }

    /// Whether a listed key was ever listed as compromised, under whatever id or role.
    #[must_use]
    pub fn is_compromised(&self, authority: AuthorityCode, entry: &KeyEntry) -> bool {
        let known = self.compromised.get(&authority).is_some_and(|keys| keys.contains(&entry.key));
        entry.compromised || known
    }

    /// Takes a chain of lists if each is signed by enough supervisors of the root that the one before names (the first by
    /// the pinned root, or that of the list in use), and the newest does not go back. Lists that the store is past are
    /// passed over.
    ///
    /// # Errors
    /// [`TrustError`]; the store is then unchanged.
    pub fn update(&mut self, bytes: &[u8], now: Timestamp) -> Result<AuthorityCode, TrustError> {
        let (newest, before) = links(bytes)?;
        let claimed = claimed(newest)?;
        let authority = claimed.authority;
        if let Some(held) = self.lists.get(&authority).filter(|held| held.list.number == claimed.number) {
            return self.again(held, newest, &claimed);
        }
        let mut head = self.head(authority)?;
        let mut held = self.lists.get(&authority).cloned();
        for link in before {
            let have = held.as_ref().map_or(0, |held| held.list.number);
            if held.is_none() {
                // A pin that is newer than the beginning of the chain comes in where its root first signs.
                let mut first = head.clone();
                if let Ok(list) = advance(&mut first, None, link) {
                    (head, held) = (first, Some(list));
                }
            } else if self::claimed(link)?.number > have {
                held = Some(advance(&mut head, held.as_ref(), link)?);
            }
        }
        let (have, least) = (
            held.as_ref().map_or(0, |held| held.list.number),
            self.least.get(&authority).copied().unwrap_or(0),
        );
        if held.is_some() && claimed.number <= have {
            return Err(TrustError::Rollback { authority, have, got: claimed.number });
        }
        let taken = advance(&mut head, held.as_ref(), newest)?;
        // Five minutes of clock error between two authorities' machines.
        if taken.list.issued.seconds_since(now) > 300 {
            return Err(TrustError::Future);
        }
        if taken.list.number < least {
            return Err(TrustError::Rollback { authority, have: least, got: taken.list.number });
        }
        self.compromised.insert(authority, head.compromised);
        self.lists.insert(authority, taken);
        Ok(authority)
    }

    /// The list in use again, perhaps with other supervisors' signatures: it changes nothing.
    fn again(&self, held: &Held, newest: &[u8], claimed: &TrustList) -> Result<AuthorityCode, TrustError> {
        let authority = claimed.authority;
        if held.list != *claimed {
            let number = claimed.number;
            return Err(TrustError::Rollback { authority, have: number, got: number });
        }
        if held.newest != newest {
            let signed = CoSigned::parse(newest, MAX_PAYLOAD)?;
            let none = BTreeSet::new();
            let compromised = self.compromised.get(&authority).unwrap_or(&none);
            signatures(&signed, &held.signers, compromised, authority)?;
        }
        Ok(authority)
    }

    fn head(&self, authority: AuthorityCode) -> Result<Head, TrustError> {
        let compromised = self.compromised.get(&authority).cloned().unwrap_or_default();
        let (root, next) = match self.lists.get(&authority) {
            Some(held) => (held.list.root.clone(), held.list.next.clone()),
            None => (self.roots.get(&authority).ok_or(TrustError::NoList(authority))?.clone(), None),
        };
        Ok(Head { authority, root, next, compromised })
    }

    /// The root that signs an authority's next list: that of the list in use, or the pinned one.
    #[must_use]
    pub fn root(&self, authority: AuthorityCode) -> Option<&Root> {
        self.list(authority).map(|list| &list.root).or_else(|| self.roots.get(&authority))
    }

    /// The roots, by their digests, that what is known of an authority's lists came down by: the pinned one, the one that
    /// signed the list in use, and the one that signs the next. A program writes them down beside what it learnt: what was
    /// learnt under other roots than the one that is pinned now counts for nothing.
    #[must_use]
    pub fn lineage(&self, authority: AuthorityCode) -> BTreeSet<[u8; 32]> {
        let held = self.lists.get(&authority).into_iter().flat_map(|held| [&held.signers, &held.list.root]);
        self.roots.get(&authority).into_iter().chain(held).map(Root::digest).collect()
    }

    /// Whether what was learnt under `lineage` goes on under the pinned root. A lineage or pin that is not known hinders
    /// nothing.
    #[must_use]
    pub fn continues(&self, authority: AuthorityCode, lineage: &BTreeSet<[u8; 32]>) -> bool {
        let pin = self.roots.get(&authority);
        lineage.is_empty() || pin.is_none_or(|pin| lineage.contains(&pin.digest()))
    }

    /// What a party keeps of an authority's list for its next start: the list, its chain, and every compromised key.
    #[must_use]
    pub fn keep(&self, authority: AuthorityCode) -> Option<Vec<u8>> {
        let held = self.lists.get(&authority)?;
        let mut w = Writer::new();
        w.array(6).text(KEPT).text(authority.code()).bytes(&held.bytes);
        held.signers.write(&mut w);
        let compromised: Vec<_> = self.compromised(authority).collect();
        w.array(compromised.len());
        for key in compromised {
            w.bytes(key);
        }
        let lineage = self.lineage(authority);
        w.array(lineage.len());
        for root in &lineage {
            w.bytes(root);
        }
        let body = w.finish();
        Some(Writer::new().array(2).bytes(&sha256(&body)).bytes(&body).finish())
    }

    /// Goes on from what was kept: the list was verified when it was taken, so it counts as the pinned root does, and
    /// without it. A program calls this at start, after [`TrustStore::not_before`].
    ///
    /// # Errors
    /// [`TrustError`] where the bytes are damaged, or older than what was seen since, or were learnt under another root
    /// than the one that is pinned now; the store is then unchanged.
    pub fn resume(&mut self, bytes: &[u8]) -> Result<AuthorityCode, TrustError> {
        let mut r = Reader::new(bytes);
        r.array_exact(2)?;
        let digest = *r.bytes_exact::<32>()?;
        let body = r.bytes(usize::MAX)?;
        r.finish()?;
        if sha256(body) != digest {
            return Err(CborError::Unexpected.into());
        }
        let mut r = Reader::new(body);
        let fields = r.array(6)?;
        match (r.text(32)?, fields) {
            (KEPT, 6) | (KEPT_BEFORE, 5) => {}
            _ => return Err(CborError::Unexpected.into()),
        }
        let expected = message::read_authority(&mut r)?;
        let (newest, before) = links(r.bytes(usize::MAX)?)?;
        let signers = Root::read(&mut r)?;
        let mut compromised = BTreeSet::new();
        for _ in 0..r.array(MAX_COMPROMISED)? {
            compromised.insert(r.bytes(65)?.to_vec());
        }
        let mut lineage = BTreeSet::new();
        if fields == 6 {
            for _ in 0..r.array(MAX_LINEAGE)? {
                lineage.insert(*r.bytes_exact::<32>()?);
            }
        }
        r.finish()?;
        if !self.continues(expected, &lineage) {
            return Err(TrustError::OtherRoot { authority: expected });
        }
        let list = claimed(newest)?;
        let authority = list.authority;
        if authority != expected {
            return Err(TrustError::Authority { expected });
        }
        let have = self.newest(authority);
        if list.number < have {
            return Err(TrustError::Rollback { authority, have, got: list.number });
        }
        let before = before.into_iter().map(<[u8]>::to_vec).collect();
        let held = Held::new(list, newest.to_vec(), before, signers)?;
        self.never_again(authority, compromised);
        self.lists.insert(authority, held);
        Ok(authority)
    }

    /// The list of an authority.
    #[must_use]
    pub fn list(&self, authority: AuthorityCode) -> Option<&TrustList> {
        self.lists.get(&authority).map(|held| &held.list)
    }

    /// An authority's list as it travels: a chain whose newest it is.
    #[must_use]
    pub fn bytes(&self, authority: AuthorityCode) -> Option<&[u8]> {
        self.lists.get(&authority).map(|held| held.bytes.as_slice())
    }

    /// The chain with `signed` behind the list in use, as it is to be published; nothing is taken here.
    ///
    /// # Errors
    /// [`TrustError`]: why nobody would take it.
    pub fn append(&self, authority: AuthorityCode, signed: &[u8]) -> Result<Vec<u8>, TrustError> {
        let held = advance(&mut self.head(authority)?, self.lists.get(&authority), signed)?;
        let have = self.newest(authority);
        if held.list.number <= have {
            return Err(TrustError::Rollback { authority, have, got: held.list.number });
        }
        Ok(held.bytes)
    }

    /// How fresh an authority's list is; refused where there is none.
    #[must_use]
    pub fn freshness(&self, authority: AuthorityCode, now: Timestamp) -> Freshness {
        self.list(authority).map_or(Freshness::Refused, |list| Freshness::of(list.expires, now))
    }

    /// The key of `authority` for `role` with this id, if it counts at `at`.
    ///
    /// # Errors
    /// [`TrustError`]: why no such key counts.
    pub fn find(
        &self,
        authority: AuthorityCode,
        role: Role,
        kid: &[u8],
        at: Timestamp,
    ) -> Result<&VerifyingKey, TrustError> {
        let held = self.lists.get(&authority).ok_or(TrustError::NoList(authority))?;
        let found = held.parsed.iter().find(|((r, k), _)| *r == role && k == kid);
        let Some((_, (key, index))) = found else {
            let elsewhere = held.list.keys.iter().any(|k| k.kid == kid);
            return Err(if elsewhere {
                TrustError::WrongRole { authority, role }
            } else {
                TrustError::UnknownKey { authority }
            });
        };
        let entry = held.list.keys.get(*index).ok_or(TrustError::UnknownKey { authority })?;
        self.in_use(entry, authority, at)?;
        Ok(key)
    }

    /// The key of the gate `kid` of `authority`, if it counts at `at`, with the place for which it is listed: whoever
    /// verifies with the one holds the message to the other.
    ///
    /// # Errors
    /// [`TrustError`]: why no such key counts.
    pub fn gate(
        &self,
        authority: AuthorityCode,
        kid: &[u8],
        at: Timestamp,
    ) -> Result<(&VerifyingKey, &GateBinding), TrustError> {
        match self.bound(authority, Role::Gate, kid, at)? {
            (key, Binding::Gate(binding)) => Ok((key, binding)),
            (_, Binding::Desk(_) | Binding::Issuer(_) | Binding::Verifier(_)) => {
                Err(TrustError::UnknownKey { authority })
            }
        }
    }

    /// The key of the desk `kid` of `authority`, if it counts at `at`, with the venue for which it is listed: whoever
    /// verifies with the one holds the request to the other.
    ///
    /// # Errors
    /// [`TrustError`]: why no such key counts.
    pub fn desk(
        &self,
        authority: AuthorityCode,
        kid: &[u8],
        at: Timestamp,
    ) -> Result<(&VerifyingKey, &DeskBinding), TrustError> {
        match self.bound(authority, Role::Desk, kid, at)? {
            (key, Binding::Desk(binding)) => Ok((key, binding)),
            (_, Binding::Gate(_) | Binding::Issuer(_) | Binding::Verifier(_)) => {
                Err(TrustError::UnknownKey { authority })
            }
        }
    }

    /// The issuers of other systems that `authority` lists and that count at `at`, with their names; none where its list is not there, or
    /// too old for anything.
    pub fn foreign_issuers(
        &self,
        authority: AuthorityCode,
        at: Timestamp,
    ) -> impl Iterator<Item = (&[u8], &IssuerBinding)> {
        self.bound_in_use(authority, at).filter_map(|(name, binding)| match binding {
            Binding::Issuer(binding) => Some((name, binding)),
            Binding::Gate(_) | Binding::Desk(_) | Binding::Verifier(_) => None,
        })
    }

    /// The verifiers of other systems that `authority` lists and that count at `at`, with their names; none where its list is not there, or
    /// too old for anything.
    pub fn foreign_verifiers(
        &self,
        authority: AuthorityCode,
        at: Timestamp,
    ) -> impl Iterator<Item = (&[u8], &VerifierBinding)> {
        self.bound_in_use(authority, at).filter_map(|(name, binding)| match binding {
            Binding::Verifier(binding) => Some((name, binding)),
            Binding::Gate(_) | Binding::Desk(_) | Binding::Issuer(_) => None,
        })
    }

    /// The bindings, with their key ids, of keys that count at `at`.
    fn bound_in_use(
        &self,
        authority: AuthorityCode,
        at: Timestamp,
    ) -> impl Iterator<Item = (&[u8], &Binding)> {
        let list = self.list(authority).filter(|list| Freshness::of(list.expires, at) != Freshness::Refused);
        list.map_or(&[][..], |list| list.keys.as_slice()).iter().filter_map(move |entry| {
            let binding = entry.binding.as_ref()?;
            self.in_use(entry, authority, at).ok().map(|()| (entry.kid.as_slice(), binding))
        })
    }

    fn bound(
        &self,
        authority: AuthorityCode,
        role: Role,
        kid: &[u8],
        at: Timestamp,
    ) -> Result<(&VerifyingKey, &Binding), TrustError> {
        let key = self.find(authority, role, kid, at)?;
        let list = self.list(authority).ok_or(TrustError::NoList(authority))?;
        let entry = list.keys.iter().find(|entry| entry.role == role && entry.kid == kid);
        let binding = entry.and_then(|entry| entry.binding.as_ref());
        Ok((key, binding.ok_or(TrustError::UnknownKey { authority })?))
    }

    /// The point to which is sealed at `at` what `authority` alone shall open: of its keys of role part that count the one that counts for the
    /// shortest time.
    ///
    /// # Errors
    /// [`TrustError`]: why no such key counts.
    pub fn part_key(&self, authority: AuthorityCode, at: Timestamp) -> Result<&[u8], TrustError> {
        let list = self.list(authority).ok_or(TrustError::NoList(authority))?;
        let usable = |k: &&KeyEntry| k.role == Role::Part && self.in_use(k, authority, at).is_ok();
        let newest = list.keys.iter().filter(usable).max_by_key(|k| (k.from, k.kid.len(), &k.kid));
        newest.map(|k| k.key.as_slice()).ok_or(TrustError::UnknownKey { authority })
    }

    /// Whether the key with this role, id and point (as the list has it) counts at `at`, whether it verifies or is sealed to.
    #[must_use]
    pub fn counts(
        &self,
        authority: AuthorityCode,
        role: Role,
        kid: &[u8],
        point: &[u8],
        at: Timestamp,
    ) -> bool {
        let entries = self.list(authority).into_iter().flat_map(|list| &list.keys);
        let mut named = entries.filter(|k| k.role == role && k.kid == kid && k.key == point);
        named.any(|k| self.in_use(k, authority, at).is_ok())
    }

    fn in_use(&self, entry: &KeyEntry, authority: AuthorityCode, at: Timestamp) -> Result<(), TrustError> {
        if self.is_compromised(authority, entry) {
            Err(TrustError::Compromised { authority })
        } else if at < entry.from {
            Err(TrustError::NotYet { authority })
        } else if at >= entry.to {
            Err(TrustError::Expired { authority })
        } else {
            Ok(())
        }
    }
}

/// The list behind the one in use, signed by the head's root.
fn advance(head: &mut Head, held: Option<&Held>, bytes: &[u8]) -> Result<Held, TrustError> {
    let signers = head.root.clone();
    let list = head.follow(bytes)?;
    let before = held.map_or_else(Vec::new, |held| held.before_next(&list.root));
    Held::new(list, bytes.to_vec(), before, signers)
}
