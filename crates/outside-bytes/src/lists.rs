//! Lists: keys, revocations, approvals. The functions take a payload and sign it, so that the fuzzer's bytes reach the
//! readers behind the signature.

use std::sync::LazyLock;

use credential::PublicKey;
use credential::cose::{self, Headers, Tagging};
use credential::status::{MAX_LIST_LEN, SignedStatusList, Status, list_kid};
use documents::AuthorityCode;
use trust::{Approval, Approvals, TlsKey, TrustError, TrustList, TrustStore};

use crate::keys::{
    AUTHORITY_KID, SUBJECT, authority_key, authority_public, now, roots, signed_by_all, store,
};

/// The payload of a trust list. An accepted one is in use unchanged, and a second list with its number is refused.
pub fn trust_list(payload: &[u8]) -> bool {
    static ROOTS: LazyLock<TrustStore> = LazyLock::new(roots);
    assert!(ROOTS.clone().update(payload, now()).is_err(), "nobody signs without the key");
    let Ok(list) = TrustList::decode(payload) else { return false };
    assert!(list.encode() == payload, "a trust list has one form");
    assert!(list.keys.len() <= 2_000);
    let mut store = ROOTS.clone();
    let signed = list.sign(AUTHORITY_KID, authority_key()).unwrap();
    match store.update(&signed, now()) {
        Ok(authority) => {
            assert_eq!(authority, list.authority);
            assert!(store.list(authority) == Some(&list), "the list in force is the one that was signed");
            assert_eq!(store.update(&signed, now()), Ok(authority), "the same list again is no step back");
            let older = TrustList { number: list.number.saturating_sub(1), ..list.clone() };
            let another = older.sign(AUTHORITY_KID, authority_key()).unwrap();
            let refused = store.update(&another, now());
            // Number 0 has none before it: then it is the same list, signed once more.
            let same = older == list;
            assert!(
                same || matches!(refused, Err(TrustError::Rollback { .. })),
                "no list goes back: {refused:?}"
            );
            let kept = store.keep(authority).unwrap();
            let mut resumed = TrustStore::default();
            assert_eq!(resumed.resume(&kept), Ok(authority), "what is kept is what was verified");
            assert_eq!(resumed.keep(authority), Some(kept));
            for key in &list.keys {
                if let Ok(peer) = PublicKey::from_bytes(&key.key).and_then(|point| {
                    store.peer(&point, now()).map_err(|_| credential::CryptoError::PublicKey)
                }) {
                    assert!(peer.listed_by.contains(&authority), "nobody else lists anything");
                }
                if let Ok(found) = store.find(authority, key.role, &key.kid, now()) {
                    assert_eq!(found.public().as_bytes().as_slice(), key.key);
                    assert!(!key.compromised && key.from <= now() && now() < key.to, "a key in its time");
                }
            }
            true
        }
        // A key that is no point, a date in the future, another root, or one whose keys are compromised.
        Err(
            TrustError::Key(_)
            | TrustError::OtherRoot { .. }
            | TrustError::Future
            | TrustError::RootNotAnnounced { .. }
            | TrustError::RootTooWeak { .. }
            | TrustError::Signatures { .. },
        ) => false,
        Err(other) => unreachable!("{other}"),
    }
}

/// What a peer's certificate and its key id in a trust list say: a SubjectPublicKeyInfo, or a key id. Each has one form.
pub fn tls_key(bytes: &[u8]) -> bool {
    if let Ok(key) = PublicKey::from_spki(bytes) {
        assert_eq!(bytes.len(), 91, "an uncompressed point of P-256");
        assert_eq!(bytes.get(27..59), key.as_bytes().get(1..), "its x coordinate");
        return true;
    }
    let Some(key) = TlsKey::from_kid(bytes) else { return false };
    assert_eq!(key.kid(), bytes, "a key id has one form");
    true
}

/// The payload of a status list under its signature.
pub fn status_list(payload: &[u8]) -> bool {
    let headers = Headers { kid: Some(AUTHORITY_KID), content_type: Some("application/statuslist+cwt") };
    let _raw = list_kid(payload);
    assert!(SignedStatusList::open(payload, authority_public(), SUBJECT).is_err(), "nobody signs");
    let signed = cose::sign(authority_key(), Tagging::Sign1, headers, &[], payload).unwrap();
    let Ok(read) = SignedStatusList::open(&signed, authority_public(), SUBJECT) else { return false };
    assert_eq!(list_kid(&signed).unwrap().as_deref(), Some(AUTHORITY_KID));
    let len = u32::try_from(read.list.len()).unwrap();
    assert!(read.list.len() <= MAX_LIST_LEN * 8, "a list keeps its bound");
    assert_eq!(read.list.get(len), None, "nothing stands behind the end");
    assert!(read.list.is_empty() || read.list.get(len - 1).is_some());
    // Deflating megabytes for each input would leave no time for others.
    if len < 65_536 {
        let again = read.sign(AUTHORITY_KID, authority_key()).unwrap();
        assert_eq!(SignedStatusList::open(&again, authority_public(), SUBJECT).unwrap(), read);
        let mut changed = read.list.clone();
        if len > 0 && changed.set(len - 1, Status::Invalid) {
            assert_eq!(changed.get(len - 1), Some(Status::Invalid));
        }
    }
    true
}

/// The payload of an approval. An accepted one counts only when every authority concerned has signed.
pub fn approval(payload: &[u8]) -> bool {
    let Ok(read) = Approval::decode(payload) else { return false };
    assert!(read.encode() == payload, "an approval has one form");
    assert!(read.from <= read.to && read.hours.0 < read.hours.1 && read.hours.1 <= 1440);
    let mut signed = signed_by_all(&read);
    assert_eq!(Approval::open(&Approval::bundle(&signed), store(), now()).as_ref(), Ok(&read));
    signed.retain(|(a, _)| *a != read.jurisdictions.iter().copied().next().unwrap_or(AuthorityCode::Chn));
    assert!(Approval::open(&Approval::bundle(&signed), store(), now()).is_err(), "a signature is missing");
    let mut approvals = Approvals::default();
    approvals.take(read).unwrap();
    for way in [(AuthorityCode::Chn, AuthorityCode::Hkg), (AuthorityCode::Mac, AuthorityCode::Chn)] {
        let way = documents::Direction::new(way.0, way.1).unwrap();
        if let Ok(covering) = approvals.covering(&"hengqin".parse().unwrap(), way, now()) {
            assert!(
                covering.jurisdictions.contains(&way.from()) && covering.jurisdictions.contains(&way.to())
            );
        }
    }
    true
}

/// A whole bundle with its signatures.
pub fn approval_bundle(bytes: &[u8]) -> bool {
    let Ok(read) = Approval::open(bytes, store(), now()) else { return false };
    // Signed by the key that nobody but the seeds used, so it is what the seeds say.
    assert!(read.jurisdictions.iter().all(|j| AuthorityCode::ALL.contains(j)));
    assert!(Approval::decode(&read.encode()).as_ref() == Ok(&read));
    true
}
