//! Trust lists: one authority's keys, their roles and dates, signed by supervisors of its root.
//!
//! Lives here: `TrustList`, its form, why one is refused. Not here: the lists in use (`store`), who signs (`root`).

use credential::cbor::{CborError, Reader, Writer};
use credential::cose::{self, CoseError};
use credential::message::{self, Kind, MessageError, read_authority, read_time};
use credential::{CryptoError, POINT_LEN, SigningKey};
use documents::{AuthorityCode, Timestamp};

use crate::binding::Binding;
use crate::chain::chain;
use crate::role::Role;
use crate::root::Root;

/// How long a list past its end may still serve where the verdict is asked online (DESIGN 4): a day.
pub const STALE_GRACE_SECONDS: i64 = 86_400;

/// One key of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyEntry {
    /// The role in which it counts.
    pub role: Role,
    /// The key id, unique within the role: one byte for tokens and venue credentials, the gate's name for gates, the venue's
    /// for desks, a [`crate::Party`] and a number for the role tls, a name for an issuer or verifier of another system.
    pub kid: Vec<u8>,
    /// The compressed point (33 bytes); for the part role the uncompressed one (65 bytes).
    pub key: Vec<u8>,
    /// The first instant at which the key counts.
    pub from: Timestamp,
    /// The first instant at which it no longer counts.
    pub to: Timestamp,
    /// Whether it is compromised: then it counts at no time, for nothing that it ever signed.
    pub compromised: bool,
    /// For what the key of a gate, a desk, or an issuer or verifier of another system counts; every key of these roles has one of its role,
    /// and no other key.
    pub binding: Option<Binding>,
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
    /// Who signs the next list.
    pub root: Root,
    /// The root that the next list may name in place of this one.
    pub next: Option<Root>,
    /// The listed keys, at most 2,000; each pair of role and key id stands once.
    pub keys: Vec<KeyEntry>,
}

/// Most keys in one list.
const MAX_KEYS: usize = 2_000;

/// Why a trust list or a key was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// The bytes are not a signed trust list.
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
    /// Too few supervisors of the root signed it, whose keys are not compromised.
    #[error(
        "the trust list of {authority} has {have} valid signatures of its supervisors, {need} are needed; \
         keys that are compromised or not in its root do not count"
    )]
    Signatures {
        /// The authority of the list.
        authority: AuthorityCode,
        /// Signatures that count.
        have: usize,
        /// The root's threshold.
        need: usize,
    },
    /// Its root is neither that of the list before nor the one announced there.
    #[error("the trust list of {authority} changes its root without having announced it in the list before")]
    RootNotAnnounced {
        /// The authority of the list.
        authority: AuthorityCode,
    },
    /// Too few keys of a root that it names are not compromised.
    #[error(
        "the trust list of {authority} names a root that could not sign: too many of its keys are compromised"
    )]
    RootTooWeak {
        /// The authority of the list.
        authority: AuthorityCode,
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
    /// What was kept came down from another root than the pinned one.
    #[error("the list of {authority} came down from another root than is pinned now, and counts for nothing")]
    OtherRoot {
        /// The authority of the list.
        authority: AuthorityCode,
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
        w.array(7).text(self.authority.code()).uint(self.number);
        w.uint(self.issued.unix().unsigned_abs()).uint(self.expires.unix().unsigned_abs());
        self.root.write(&mut w);
        match &self.next {
            Some(next) => next.write(&mut w),
            None => {
                w.null();
            }
        }
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
        r.array_exact(7)?;
        let authority = read_authority(&mut r)?;
        let number = r.uint_max(i64::MAX.unsigned_abs())?;
        let (issued, expires) = (read_time(&mut r)?, read_time(&mut r)?);
        let root = Root::read(&mut r)?;
        let next = if r.null_here()? { None } else { Some(Root::read(&mut r)?) };
        let mut keys: Vec<KeyEntry> = Vec::new();
        for _ in 0..r.array(MAX_KEYS)? {
            let fields = r.array(7)?;
            let role = usize::try_from(r.uint()?).ok().and_then(|n| Role::ALL.get(n).copied());
            let role = role.ok_or(CborError::Unexpected)?;
            if fields != 6 + usize::from(Binding::is_for(role)) {
                return Err(CborError::Unexpected);
            }
            let entry = KeyEntry {
                role,
                kid: r.bytes(64)?.to_vec(),
                key: r.bytes(65)?.to_vec(),
                from: read_time(&mut r)?,
                to: read_time(&mut r)?,
                compromised: r.bool()?,
                binding: Binding::read(role, &mut r)?,
            };
            // Weekly keys are sealed to an uncompressed point, signatures verified with a compressed one.
            let length = if entry.role == Role::Part { 65 } else { POINT_LEN };
            let named = entry.binding.as_ref().and_then(Binding::key);
            if entry.key.len() != length || named.is_some_and(|key| key.as_bytes().as_slice() != entry.key) {
                return Err(CborError::Unexpected);
            }
            if keys.iter().any(|k| k.role == entry.role && k.kid == entry.kid) {
                return Err(CborError::Keys);
            }
            keys.push(entry);
        }
        r.finish()?;
        Ok(Self { authority, number, issued, expires, root, next, keys })
    }

    /// Every key that the list names as compromised: of supervisors, and in any role.
    pub fn compromised(&self) -> impl Iterator<Item = &[u8]> {
        let roots = std::iter::once(&self.root).chain(&self.next).flat_map(Root::keys);
        let supervisors = roots.filter(|key| key.compromised).map(|key| key.key.as_bytes().as_slice());
        let listed = self.keys.iter().filter(|key| key.compromised).map(|key| key.key.as_slice());
        supervisors.chain(listed)
    }

    /// One supervisor's signature, to be put together with others by [`TrustList::assemble`].
    ///
    /// # Errors
    /// [`TrustError`] if the crypto library cannot sign.
    pub fn signature(&self, kid: &[u8], key: &SigningKey) -> Result<Vec<u8>, TrustError> {
        Ok(cose::co_sign(key, kid, &message::external_of(Kind::TrustList), &self.encode())?)
    }

    /// The signed list: this payload and the supervisors' signatures over it.
    ///
    /// # Errors
    /// [`TrustError`] where a signature is malformed, or one supervisor's stands twice.
    pub fn assemble(&self, signatures: &[Vec<u8>]) -> Result<Vec<u8>, TrustError> {
        Ok(cose::assemble(&self.encode(), signatures)?)
    }

    /// Signed by these supervisors, as a chain of this list alone.
    ///
    /// # Errors
    /// [`TrustError`] as [`TrustList::signature`] and [`TrustList::assemble`].
    pub fn signed_by(&self, supervisors: &[(&[u8], &SigningKey)]) -> Result<Vec<u8>, TrustError> {
        let sign = |(kid, key): &(&[u8], &SigningKey)| self.signature(kid, key);
        let signatures = supervisors.iter().map(sign).collect::<Result<Vec<_>, _>>()?;
        Ok(chain([self.assemble(&signatures)?.as_slice()]))
    }

    /// Signed by the one supervisor of a root of one key, as a chain of this list alone.
    ///
    /// # Errors
    /// [`TrustError`] if the crypto library cannot sign.
    pub fn sign(&self, kid: &[u8], key: &SigningKey) -> Result<Vec<u8>, TrustError> {
        self.signed_by(&[(kid, key)])
    }
}

impl From<CoseError> for TrustError {
    fn from(error: CoseError) -> Self {
        Self::Message(error.into())
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

/// How long a status list is fresh that names no `ttl`, in seconds; a list's own counts up to a day.
pub const STATUS_TTL_SECONDS: u64 = 900;

impl Freshness {
    /// The freshness of a status list that was signed at `issued`: current for its `ttl`; stale until a day after it was
    /// signed, and never beyond its end; then refused. Within a list's life nothing else would ever show that somebody on
    /// the way withholds the newer ones.
    #[must_use]
    pub fn of_status_list(
        issued: Timestamp,
        ttl: Option<u64>,
        expires: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        let ttl = i64::try_from(ttl.unwrap_or(STATUS_TTL_SECONDS)).unwrap_or(i64::MAX);
        let age = now.seconds_since(issued);
        if age > STALE_GRACE_SECONDS || expires.is_some_and(|end| now.seconds_since(end) >= 0) {
            Self::Refused
        } else if age > ttl {
            Self::Stale
        } else {
            Self::Current
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_past_its_time_serves_a_day_longer_and_then_no_more() {
        let end: Timestamp = "2026-03-08T00:00:00+08:00".parse().unwrap();
        assert_eq!(Freshness::of(end, end.plus_seconds(-1)), Freshness::Current);
        assert_eq!(Freshness::of(end, end), Freshness::Stale);
        assert_eq!(Freshness::of(end, end.plus_seconds(STALE_GRACE_SECONDS)), Freshness::Stale);
        assert_eq!(Freshness::of(end, end.plus_seconds(STALE_GRACE_SECONDS + 1)), Freshness::Refused);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_list_reader_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let _ = TrustList::decode(&bytes);
            let mut store = crate::TrustStore::default();
            let _ = store.update(&bytes, Timestamp::MAX);
            let _ = store.resume(&bytes);
        }
    }
}
