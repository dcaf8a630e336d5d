//! Trust lists: one authority's keys, their roles and dates, signed by its list key.
//!
//! Lives here: `TrustList`, `TrustStore`. A list is never replaced by one with a lower number, a compromised key stops
//! counting at once, and a key's role is always looked up, never taken from a message.

use std::collections::BTreeMap;

use credential::cbor::{CborError, Reader, Writer};
use credential::message::{self, Kind, MessageError, read_authority, read_time};
use credential::{CryptoError, POINT_LEN, PublicKey, SigningKey, VerifyingKey};
use documents::{AuthorityCode, Timestamp};

use crate::binding::GateBinding;

/// How long a list past its end may still serve where the verdict is asked online (DESIGN 4): a day.
pub const STALE_GRACE_SECONDS: i64 = 86_400;

/// What a key may be used for. Every role has keys of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Signs border tokens.
    Token,
    /// Receives weekly part keys (HPKE).
    Part,
    /// Signs hand-overs of weekly keys.
    Handover,
    /// Signs verdicts.
    Verdict,
    /// Signs notices to a token's issuer.
    Notice,
    /// A gate's key: signs its requests and its events.
    Gate,
    /// Signs status lists.
    Status,
    /// Signs approvals.
    Approval,
    /// Signs trust lists.
    List,
}

impl Role {
    /// All roles, in order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::Token,
        Self::Part,
        Self::Handover,
        Self::Verdict,
        Self::Notice,
        Self::Gate,
        Self::Status,
        Self::Approval,
        Self::List,
    ];

    /// The word in files and messages to people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Part => "part",
            Self::Handover => "handover",
            Self::Verdict => "verdict",
            Self::Notice => "notice",
            Self::Gate => "gate",
            Self::Status => "status",
            Self::Approval => "approval",
            Self::List => "list",
        }
    }
}

/// One key of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyEntry {
    /// The role in which it counts.
    pub role: Role,
    /// The key id, unique within the role: one byte for tokens, the gate's name for gates.
    pub kid: Vec<u8>,
    /// The compressed point (33 bytes); for the part role the uncompressed one (65 bytes).
    pub key: Vec<u8>,
    /// The first instant at which the key counts.
    pub from: Timestamp,
    /// The first instant at which it no longer counts.
    pub to: Timestamp,
    /// Whether it is compromised: then it counts at no time, for nothing that it ever signed.
    pub compromised: bool,
    /// Where a gate's key counts; every key of that role has one, and no other key.
    pub binding: Option<GateBinding>,
}

/// One authority's keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustList {
    /// The authority to which the keys belong.
    pub authority: AuthorityCode,
    /// The list's number, which grows with every list; a lower one is refused.
    pub number: u64,
    /// The time at which it was signed.
    pub issued: Timestamp,
    /// The end of its validity, by which the next list is due.
    pub expires: Timestamp,
    /// The listed keys, at most 2,000; each pair of role and key id stands once.
    pub keys: Vec<KeyEntry>,
}

/// Most keys in one list.
const MAX_KEYS: usize = 2_000;

/// Why a trust list or a key was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// The bytes are not a signed trust list, or no key that counts made the signature.
    #[error("the trust list is not valid: {0}")]
    Message(#[from] MessageError),
    /// The payload is malformed.
    #[error("malformed trust list: {0}")]
    Form(#[from] CborError),
    /// A listed key is not a point on P-256.
    #[error("a key in the trust list is not a P-256 key")]
    Key(#[from] CryptoError),
    /// It belongs to another authority than the key that signed it.
    #[error("the trust list is not that of {expected}")]
    Authority {
        /// The authority whose list was expected.
        expected: AuthorityCode,
    },
    /// An older list than the one in use, or another one with the same number.
    #[error(
        "rollback refused: trust list {got} of {authority} is older than {have}, which is in use; fetch the newest"
    )]
    Rollback {
        /// The authority of the list.
        authority: AuthorityCode,
        /// The number in use.
        have: u64,
        /// The number of the refused list.
        got: u64,
    },
    /// Signed in the future by more than the allowed clock error.
    #[error("the trust list is signed in the future; check this machine's clock")]
    Future,
    /// No list of that authority is loaded.
    #[error("no trust list of {0} is loaded; fetch it first")]
    NoList(AuthorityCode),
    /// The list has no such key in any role.
    #[error("{authority} lists no such key")]
    UnknownKey {
        /// The authority of the list.
        authority: AuthorityCode,
    },
    /// The key exists, but for another role.
    #[error("that key of {authority} is not for the role {}", role.as_str())]
    WrongRole {
        /// The authority of the list.
        authority: AuthorityCode,
        /// The role in which the key was to be used.
        role: Role,
    },
    /// The key is not in use yet.
    #[error("that key of {authority} is not in use yet")]
    NotYet {
        /// The authority of the list.
        authority: AuthorityCode,
    },
    /// The key is no longer in use.
    #[error("that key of {authority} is no longer in use")]
    Expired {
        /// The authority of the list.
        authority: AuthorityCode,
    },
    /// The key is listed as compromised.
    #[error("that key of {authority} is listed as compromised")]
    Compromised {
        /// The authority of the list.
        authority: AuthorityCode,
    },
}

impl TrustList {
    /// The list as the payload of a message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.array(5).text(self.authority.code()).uint(self.number);
        w.uint(self.issued.unix().unsigned_abs()).uint(self.expires.unix().unsigned_abs());
        w.array(self.keys.len());
        for key in &self.keys {
            let role = Role::ALL.iter().position(|r| *r == key.role).unwrap_or(0);
            w.array(if key.binding.is_some() { 7 } else { 6 });
            w.uint(role as u64).bytes(&key.kid).bytes(&key.key);
            w.uint(key.from.unix().unsigned_abs()).uint(key.to.unix().unsigned_abs()).bool(key.compromised);
            if let Some(binding) = &key.binding {
                binding.write(&mut w);
            }
        }
        w.finish()
    }

    /// Reads the payload of a message.
    ///
    /// # Errors
    /// [`CborError`] for the first malformed item.
    pub fn decode(payload: &[u8]) -> Result<Self, CborError> {
        let mut r = Reader::new(payload);
        r.array_exact(5)?;
        let authority = read_authority(&mut r)?;
        let number = r.uint_max(i64::MAX.unsigned_abs())?;
        let (issued, expires) = (read_time(&mut r)?, read_time(&mut r)?);
        let mut keys: Vec<KeyEntry> = Vec::new();
        for _ in 0..r.array(MAX_KEYS)? {
            let fields = r.array(7)?;
            let role = usize::try_from(r.uint()?).ok().and_then(|n| Role::ALL.get(n).copied());
            let role = role.ok_or(CborError::Unexpected)?;
            let bound = role == Role::Gate;
            if fields != 6 + usize::from(bound) {
                return Err(CborError::Unexpected);
            }
            let entry = KeyEntry {
                role,
                kid: r.bytes(64)?.to_vec(),
                key: r.bytes(65)?.to_vec(),
                from: read_time(&mut r)?,
                to: read_time(&mut r)?,
                compromised: r.bool()?,
                binding: if bound { Some(GateBinding::read(&mut r)?) } else { None },
            };
            // Weekly keys are sealed to an uncompressed point, signatures verified with a compressed one.
            let length = if entry.role == Role::Part { 65 } else { POINT_LEN };
            if entry.key.len() != length {
                return Err(CborError::Unexpected);
            }
            if keys.iter().any(|k| k.role == entry.role && k.kid == entry.kid) {
                return Err(CborError::Keys);
            }
            keys.push(entry);
        }
        r.finish()?;
        Ok(Self { authority, number, issued, expires, keys })
    }

    /// Signs the list.
    ///
    /// # Errors
    /// [`MessageError`] if the crypto library cannot sign.
    pub fn sign(&self, kid: &[u8], key: &SigningKey) -> Result<Vec<u8>, MessageError> {
        message::sign(Kind::TrustList, kid, key, &self.encode())
    }
}

/// How fresh a list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freshness {
    /// Within its validity.
    Current,
    /// Past its validity by a day at most: usable where the verdict is asked online, with a measure.
    Stale,
    /// Too old to be used.
    Refused,
}

impl Freshness {
    /// The freshness of a list that ends at `expires`.
    #[must_use]
    pub fn of(expires: Timestamp, now: Timestamp) -> Self {
        match now.seconds_since(expires) {
            past if past < 0 => Self::Current,
            past if past <= STALE_GRACE_SECONDS => Self::Stale,
            _ => Self::Refused,
        }
    }
}

#[derive(Debug, Clone)]
struct Held {
    list: TrustList,
    bytes: Vec<u8>,
    parsed: BTreeMap<(Role, Vec<u8>), (VerifyingKey, usize)>,
}

/// The lists in use: at most one an authority.
#[derive(Debug, Clone, Default)]
pub struct TrustStore {
    roots: BTreeMap<AuthorityCode, VerifyingKey>,
    lists: BTreeMap<AuthorityCode, Held>,
    /// The lowest number that is accepted, from before the program's start.
    least: BTreeMap<AuthorityCode, u64>,
}

impl TrustStore {
    /// A store that knows each authority's first list key, pinned when the program was set up.
    ///
    /// # Errors
    /// [`TrustError::Key`].
    pub fn new(roots: &[(AuthorityCode, PublicKey)]) -> Result<Self, TrustError> {
        let mut store = Self::default();
        for (authority, key) in roots {
            store.roots.insert(*authority, VerifyingKey::new(*key)?);
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

    /// Takes a list if it is signed by the pinned key or by a list key of the list in use, and does not go back.
    ///
    /// # Errors
    /// [`TrustError`]; the store is then unchanged.
    pub fn update(&mut self, bytes: &[u8], now: Timestamp) -> Result<AuthorityCode, TrustError> {
        let claimed = TrustList::decode(message::unverified_payload(bytes)?)?.authority;
        let kid = message::kid(bytes)?;
        let mut payload = Err(TrustError::NoList(claimed));
        if let Some(root) = self.roots.get(&claimed) {
            payload = message::open(Kind::TrustList, bytes, root).map_err(TrustError::from);
        }
        if payload.is_err()
            && let Ok(key) = self.find(claimed, Role::List, kid, now)
        {
            payload = message::open(Kind::TrustList, bytes, key).map_err(TrustError::from);
        }
        let list = TrustList::decode(payload?)?;
        // Five minutes of clock error between two authorities' machines.
        if list.issued.seconds_since(now) > 300 {
            return Err(TrustError::Future);
        }
        if let Some(least) = self.least.get(&claimed)
            && list.number < *least
        {
            return Err(TrustError::Rollback { authority: claimed, have: *least, got: list.number });
        }
        if let Some(held) = self.lists.get(&claimed) {
            let have = held.list.number;
            if list.number < have || (list.number == have && held.bytes != bytes) {
                return Err(TrustError::Rollback { authority: claimed, have, got: list.number });
            }
        }
        let mut parsed = BTreeMap::new();
        for (at, entry) in list.keys.iter().enumerate() {
            if entry.role != Role::Part {
                let key = VerifyingKey::new(PublicKey::from_bytes(&entry.key)?)?;
                parsed.insert((entry.role, entry.kid.clone()), (key, at));
            }
        }
        self.lists.insert(claimed, Held { list, bytes: bytes.to_vec(), parsed });
        Ok(claimed)
    }

    /// The list of an authority.
    #[must_use]
    pub fn list(&self, authority: AuthorityCode) -> Option<&TrustList> {
        self.lists.get(&authority).map(|held| &held.list)
    }

    /// The signed bytes of an authority's list.
    #[must_use]
    pub fn bytes(&self, authority: AuthorityCode) -> Option<&[u8]> {
        self.lists.get(&authority).map(|held| held.bytes.as_slice())
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
        in_use(entry, authority, at)?;
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
        let key = self.find(authority, Role::Gate, kid, at)?;
        let list = self.list(authority).ok_or(TrustError::NoList(authority))?;
        let entry = list.keys.iter().find(|entry| entry.role == Role::Gate && entry.kid == kid);
        let binding = entry.and_then(|entry| entry.binding.as_ref());
        Ok((key, binding.ok_or(TrustError::UnknownKey { authority })?))
    }

    /// The point to which weekly keys for `authority` are sealed at `at`.
    ///
    /// # Errors
    /// [`TrustError`]: why no such key counts.
    pub fn part_key(&self, authority: AuthorityCode, at: Timestamp) -> Result<&[u8], TrustError> {
        let list = self.list(authority).ok_or(TrustError::NoList(authority))?;
        let usable = |k: &&KeyEntry| k.role == Role::Part && in_use(k, authority, at).is_ok();
        list.keys.iter().find(usable).map(|k| k.key.as_slice()).ok_or(TrustError::UnknownKey { authority })
    }
}

fn in_use(entry: &KeyEntry, authority: AuthorityCode, at: Timestamp) -> Result<(), TrustError> {
    if entry.compromised {
        Err(TrustError::Compromised { authority })
    } else if at < entry.from {
        Err(TrustError::NotYet { authority })
    } else if at >= entry.to {
        Err(TrustError::Expired { authority })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn entry(role: Role, kid: &[u8], key: &SigningKey) -> KeyEntry {
        KeyEntry {
            role,
            kid: kid.to_vec(),
            key: key.public().as_bytes().to_vec(),
            from: at("2026-01-01T00:00:00+08:00"),
            to: at("2027-01-01T00:00:00+08:00"),
            compromised: false,
            binding: None,
        }
    }

    fn list(number: u64, keys: Vec<KeyEntry>) -> TrustList {
        TrustList {
            authority: AuthorityCode::Hkg,
            number,
            issued: at("2026-03-01T00:00:00+08:00"),
            expires: at("2026-03-08T00:00:00+08:00"),
            keys,
        }
    }

    #[test]
    fn a_key_counts_only_for_its_role_its_time_and_while_it_is_not_compromised() {
        let (root, key) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let mut store = TrustStore::new(&[(AuthorityCode::Hkg, *root.public())]).unwrap();
        let now = at("2026-03-02T10:00:00+08:00");
        let mut dead = entry(Role::Token, &[2], &key);
        dead.compromised = true;
        let keys = vec![entry(Role::Token, &[1], &key), dead, entry(Role::Verdict, b"v1", &key)];
        store.update(&list(1, keys).sign(b"root", &root).unwrap(), now).unwrap();
        let find = |role, kid: &[u8], at| store.find(AuthorityCode::Hkg, role, kid, at).map(|k| *k.public());
        let authority = AuthorityCode::Hkg;
        assert_eq!(find(Role::Token, &[1], now), Ok(*key.public()));
        assert_eq!(find(Role::Token, &[2], now), Err(TrustError::Compromised { authority }));
        assert_eq!(find(Role::Token, &[9], now), Err(TrustError::UnknownKey { authority }));
        assert_eq!(
            find(Role::Token, b"v1", now),
            Err(TrustError::WrongRole { authority, role: Role::Token })
        );
        let early = at("2025-12-31T23:59:59+08:00");
        assert_eq!(find(Role::Token, &[1], early), Err(TrustError::NotYet { authority }));
        let late = at("2027-01-01T00:00:00+08:00");
        assert_eq!(find(Role::Token, &[1], late), Err(TrustError::Expired { authority }));
        let other = store.find(AuthorityCode::Mac, Role::Token, &[1], now).map(|k| *k.public());
        assert_eq!(other, Err(TrustError::NoList(AuthorityCode::Mac)));
    }

    #[test]
    fn a_list_never_goes_back_and_only_its_own_list_key_can_sign_it() {
        let (root, next, thief) = (
            SigningKey::generate().unwrap(),
            SigningKey::generate().unwrap(),
            SigningKey::generate().unwrap(),
        );
        let mut store = TrustStore::new(&[(AuthorityCode::Hkg, *root.public())]).unwrap();
        let now = at("2026-03-02T10:00:00+08:00");
        let first = list(5, vec![entry(Role::List, b"next", &next)]).sign(b"root", &root).unwrap();
        store.update(&first, now).unwrap();
        store.update(&first, now).expect("the same list again is no step back");
        for (number, key, kid, taken) in [
            (4, &root, &b"root"[..], false),
            (5, &root, b"root", false),
            (6, &thief, b"next", false),
            (6, &next, b"next", true),
        ] {
            let signed = list(number, vec![entry(Role::Token, &[1], &next)]).sign(kid, key).unwrap();
            assert_eq!(store.update(&signed, now).is_ok(), taken, "number {number}");
        }
        let mut changed = first.clone();
        let last = changed.len() - 1;
        changed[last] ^= 1;
        assert!(store.update(&changed, now).is_err());
    }

    #[test]
    fn a_list_past_its_time_serves_a_day_longer_and_then_no_more() {
        let end = at("2026-03-08T00:00:00+08:00");
        assert_eq!(Freshness::of(end, end.plus_seconds(-1)), Freshness::Current);
        assert_eq!(Freshness::of(end, end), Freshness::Stale);
        assert_eq!(Freshness::of(end, end.plus_seconds(STALE_GRACE_SECONDS)), Freshness::Stale);
        assert_eq!(Freshness::of(end, end.plus_seconds(STALE_GRACE_SECONDS + 1)), Freshness::Refused);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_list_reader_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let _ = TrustList::decode(&bytes);
            let _ = TrustStore::default().update(&bytes, Timestamp::MAX);
        }
    }
}
