//! Party: who is at the other end of a connection, by the key in its certificate.
//!
//! Lives here: [`Party`], [`Peer`], what a store says of a key of the role tls. Not here: handshakes (`transport`).

use std::collections::BTreeSet;
use std::fmt;

use credential::PublicKey;
use documents::{AuthorityCode, PortId, Timestamp};

use crate::list::{KeyEntry, TrustError};
use crate::role::Role;
use crate::store::TrustStore;

/// A program that has connections to others: an authority's service, or the gates of one port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// An authority. Its own list names its keys, and no other list does.
    Authority(AuthorityCode),
    /// The gates of a port. Each authority lists the keys of those that may bring it something.
    Gates(PortId),
}

/// A key of a party as its id in a list names it: the party, and a number that grows with each new key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TlsKey {
    /// Whose it is.
    pub party: Party,
    /// Which one: the Unix time at which it was made.
    pub number: u64,
}

/// Who is at the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Who it is, by the key in their certificate.
    pub party: Party,
    /// The authorities whose lists say so.
    pub listed_by: BTreeSet<AuthorityCode>,
    /// Whether a newer key of the party is in use: connections with this one are to end by themselves.
    pub replaced: bool,
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authority(code) => f.write_str(code.code()),
            Self::Gates(port) => write!(f, "{port}"),
        }
    }
}

impl Peer {
    /// Whether it is this authority.
    #[must_use]
    pub fn is_authority(&self, code: AuthorityCode) -> bool {
        self.party == Party::Authority(code)
    }

    /// Whether these are gates of `port`, by the list of `authority`.
    #[must_use]
    pub fn is_gates(&self, port: &PortId, authority: AuthorityCode) -> bool {
        self.party == Party::Gates(port.clone()) && self.listed_by.contains(&authority)
    }
}

impl TlsKey {
    /// The key id in a list, such as `CHN/1767225600` or `hengqin/1767225600`.
    #[must_use]
    pub fn kid(&self) -> Vec<u8> {
        format!("{}/{}", self.party, self.number).into_bytes()
    }

    /// Reads a key id; `None` where it names no party in this form.
    #[must_use]
    pub fn from_kid(kid: &[u8]) -> Option<Self> {
        let (party, number) = std::str::from_utf8(kid).ok()?.rsplit_once('/')?;
        // A capital tells an authority from a port, whose names have none.
        let authority = AuthorityCode::ALL.into_iter().find(|code| code.code() == party);
        let party = match authority {
            Some(code) => Party::Authority(code),
            None => Party::Gates(party.parse().ok()?),
        };
        let key = Self { party, number: number.parse().ok()? };
        (key.kid() == kid).then_some(key)
    }
}

/// Whose key of the role tls an entry of `authority`'s list is: an authority's key counts in its own list alone.
fn of_entry(authority: AuthorityCode, entry: &KeyEntry) -> Option<TlsKey> {
    let key = (entry.role == Role::Tls).then(|| TlsKey::from_kid(&entry.kid)).flatten()?;
    match &key.party {
        Party::Authority(code) if *code != authority => None,
        Party::Authority(_) | Party::Gates(_) => Some(key),
    }
}

impl TrustStore {
    fn tls_entries(&self) -> impl Iterator<Item = (AuthorityCode, TlsKey, &KeyEntry)> {
        AuthorityCode::ALL.into_iter().filter_map(|code| self.list(code)).flat_map(|list| {
            let code = list.authority;
            list.keys.iter().filter_map(move |entry| Some((code, of_entry(code, entry)?, entry)))
        })
    }

    /// Who has this key at `at`, by the lists in use, fresh or not: without connections no list would ever be renewed. A
    /// key counts here from its listing on, before its owner uses it ([`TrustStore::is_tls_key_used`]).
    ///
    /// # Errors
    /// [`TrustError`]: why nobody has. One authority's word that a key is compromised ends it for what comes to that
    /// authority.
    pub fn peer(&self, key: &PublicKey, at: Timestamp) -> Result<Peer, TrustError> {
        let (mut found, mut why): (Option<Peer>, Option<TrustError>) = (None, None);
        for (authority, named, entry) in self.tls_entries().filter(|(.., entry)| entry.key == key.as_bytes())
        {
            if self.is_compromised(authority, entry) {
                why = Some(TrustError::Compromised { authority });
            } else if at >= entry.to {
                why.get_or_insert(TrustError::Expired { authority });
            } else {
                let new = || Peer {
                    party: named.party.clone(),
                    listed_by: BTreeSet::new(),
                    replaced: self.is_replaced(&named, at),
                };
                let peer = found.get_or_insert_with(new);
                if peer.party == named.party {
                    peer.listed_by.insert(authority);
                }
            }
        }
        let unknown = || TrustError::UnknownKey { authority: AuthorityCode::Chn };
        found.ok_or_else(|| why.unwrap_or_else(unknown))
    }

    /// Whether a newer key of the same party is in use.
    fn is_replaced(&self, key: &TlsKey, at: Timestamp) -> bool {
        self.tls_entries().any(|(_, other, entry)| {
            let newer = other.party == key.party && other.number > key.number;
            let used = || {
                PublicKey::from_bytes(&entry.key)
                    .is_ok_and(|key| self.is_tls_key_used(&other.party, &key, at))
            };
            newer && used()
        })
    }

    /// Whether a party is to use this key of its own at `at`: every authority that lists keys of the party lists this one,
    /// and as in use.
    #[must_use]
    pub fn is_tls_key_used(&self, party: &Party, key: &PublicKey, at: Timestamp) -> bool {
        let ours: Vec<_> = self.tls_entries().filter(|(_, named, _)| named.party == *party).collect();
        let usable = |code: AuthorityCode| {
            ours.iter().any(|(whose, _, entry)| {
                *whose == code
                    && entry.key == key.as_bytes()
                    && !self.is_compromised(code, entry)
                    && (entry.from..entry.to).contains(&at)
            })
        };
        let lists: BTreeSet<_> = ours.iter().map(|(code, ..)| *code).collect();
        !lists.is_empty() && lists.into_iter().all(usable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_id_names_one_party_in_one_form() {
        let chn = TlsKey { party: Party::Authority(AuthorityCode::Chn), number: 1_767_225_600 };
        let gates = TlsKey { party: Party::Gates("hengqin".parse().unwrap()), number: 7 };
        for key in [&chn, &gates] {
            assert_eq!(TlsKey::from_kid(&key.kid()).as_ref(), Some(key));
        }
        for wrong in
            ["CHN", "CHN/", "CHN/-1", "CHN/+1", "CHN/01", "Hengqin/1", "hengqin/CHN-MAC/1", "/1", "mac /1"]
        {
            assert_eq!(TlsKey::from_kid(wrong.as_bytes()), None, "{wrong}");
        }
        // In small letters it is a port's name, never an authority's.
        let small = TlsKey::from_kid(b"mac/1").unwrap();
        assert_eq!(small.party, Party::Gates("mac".parse().unwrap()));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_reader_of_key_ids_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..70)) {
            if let Some(key) = TlsKey::from_kid(&bytes) {
                proptest::prop_assert_eq!(key.kid(), bytes);
            }
        }
    }
}
