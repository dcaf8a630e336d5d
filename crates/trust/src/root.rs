//! Root: the supervisors' keys that sign an authority's next trust list, and how many of them it takes.
//!
//! Lives here: [`Root`] and its form. Not here: which root is in force (`store`).

use credential::cbor::{CborError, Reader, Writer};
use credential::cose::MAX_SIGNERS;
use credential::{POINT_LEN, PublicKey, sha256};

/// One supervisor's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootKey {
    /// The key id, which stands once in a root.
    pub kid: Vec<u8>,
    /// The public key, which stands once in a root.
    pub key: PublicKey,
    /// Whether it is compromised: then it signs nothing any more.
    pub compromised: bool,
}

/// Supervisors' keys and the number of them that must sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    threshold: usize,
    keys: Vec<RootKey>,
}

/// Why there is no such root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RootError {
    /// No keys, or more than can sign one list.
    #[error("a root has 1 to {MAX_SIGNERS} supervisors' keys")]
    Size,
    /// One key or key id for two supervisors.
    #[error("a root names each supervisor's key and key id once")]
    Twice,
    /// A key id that is empty or too long.
    #[error("a supervisor's key id has 1 to 64 bytes")]
    Kid,
    /// Nobody could sign the next list.
    #[error("fewer keys than the threshold are not compromised: nobody could sign the next list")]
    TooFew,
    /// No key with this id.
    #[error("the root names no such key")]
    Unknown,
}

impl Root {
    /// A root of these keys, of which `threshold` must sign.
    ///
    /// # Errors
    /// [`RootError`].
    pub fn new(threshold: usize, mut keys: Vec<RootKey>) -> Result<Self, RootError> {
        keys.sort_by(|a, b| a.kid.cmp(&b.kid));
        let mut points: Vec<_> = keys.iter().map(|key| key.key).collect();
        points.sort();
        let twice = |pair: bool| if pair { Err(RootError::Twice) } else { Ok(()) };
        twice(points.windows(2).any(|pair| pair.first() == pair.last()))?;
        twice(keys.windows(2).any(|pair| pair.first().map(|k| &k.kid) == pair.last().map(|k| &k.kid)))?;
        if keys.is_empty() || keys.len() > MAX_SIGNERS {
            return Err(RootError::Size);
        }
        if keys.iter().any(|key| !(1..=64).contains(&key.kid.len())) {
            return Err(RootError::Kid);
        }
        let live = keys.iter().filter(|key| !key.compromised).count();
        if threshold == 0 || live < threshold { Err(RootError::TooFew) } else { Ok(Self { threshold, keys }) }
    }

    /// A root of new keys, none of them compromised.
    ///
    /// # Errors
    /// [`RootError`].
    pub fn of<K: Into<Vec<u8>>>(
        threshold: usize,
        keys: impl IntoIterator<Item = (K, PublicKey)>,
    ) -> Result<Self, RootError> {
        let keys = keys.into_iter().map(|(kid, key)| RootKey { kid: kid.into(), key, compromised: false });
        Self::new(threshold, keys.collect())
    }

    /// How many must sign.
    #[must_use]
    pub const fn threshold(&self) -> usize {
        self.threshold
    }

    /// The keys, in order of their ids.
    #[must_use]
    pub fn keys(&self) -> &[RootKey] {
        &self.keys
    }

    /// The same root with one key listed as compromised.
    ///
    /// # Errors
    /// [`RootError::Unknown`], or [`RootError::TooFew`] where too few would be left.
    pub fn with_compromised(&self, kid: &[u8]) -> Result<Self, RootError> {
        let mut keys = self.keys.clone();
        keys.iter_mut().find(|key| key.kid == kid).ok_or(RootError::Unknown)?.compromised = true;
        Self::new(self.threshold, keys)
    }

    /// Whether it has the same keys and threshold, whatever became of single keys.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let name = |key: &RootKey| (key.kid.clone(), key.key);
        self.threshold == other.threshold && self.keys.iter().map(name).eq(other.keys.iter().map(name))
    }

    /// A digest of threshold, key ids and keys: the same for roots that [are the same](Self::is_same).
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut w = Writer::new();
        w.array(2).uint(self.threshold as u64).array(self.keys.len());
        for key in &self.keys {
            w.array(2).bytes(&key.kid).bytes(key.key.as_bytes());
        }
        sha256(&w.finish())
    }

    /// Whether it is `before`, with no key that was compromised listed as sound again.
    pub(crate) fn continues(&self, before: &Self) -> bool {
        let kept = |(now, then): (&RootKey, &RootKey)| now.compromised || !then.compromised;
        self.is_same(before) && self.keys.iter().zip(&before.keys).all(kept)
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        w.array(2).uint(self.threshold as u64).array(self.keys.len());
        for key in &self.keys {
            w.array(3).bytes(&key.kid).bytes(key.key.as_bytes()).bool(key.compromised);
        }
    }

    /// Reads a root: key ids ascend, so that a root has one form.
    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        r.array_exact(2)?;
        let threshold = usize::try_from(r.uint_max(MAX_SIGNERS as u64)?).map_err(|_| CborError::Limit)?;
        let mut keys: Vec<RootKey> = Vec::new();
        for _ in 0..r.array(MAX_SIGNERS)? {
            r.array_exact(3)?;
            let kid = r.bytes(64)?.to_vec();
            let key = PublicKey::from_bytes(r.bytes_exact::<POINT_LEN>()?);
            let key = key.map_err(|_| CborError::Unexpected)?;
            if keys.last().is_some_and(|last| last.kid >= kid) {
                return Err(CborError::Keys);
            }
            keys.push(RootKey { kid, key, compromised: r.bool()? });
        }
        Self::new(threshold, keys).map_err(|_| CborError::Limit)
    }
}
