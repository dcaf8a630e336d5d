//! Parties: whose key stands in a certificate, from when on, until when, and by whose word.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failure here fails the test")]

use credential::SigningKey;
use documents::AuthorityCode::{Chn, Hkg, Mac};
use documents::{AuthorityCode, Timestamp};
use trust::{KeyEntry, Party, Role, Root, TlsKey, TrustError, TrustList, TrustStore};

fn now() -> Timestamp {
    "2026-03-02T10:00:00+08:00".parse().unwrap()
}

const DAY: i64 = 86_400;

fn gates() -> Party {
    Party::Gates("hengqin".parse().unwrap())
}

/// A key of a party that is used from and until so many days from now.
fn entry(party: &Party, number: u64, key: &SigningKey, (from, to): (i64, i64)) -> KeyEntry {
    KeyEntry {
        role: Role::Tls,
        kid: TlsKey { party: party.clone(), number }.kid(),
        key: key.public().as_bytes().to_vec(),
        from: now().plus_seconds(from * DAY),
        to: now().plus_seconds(to * DAY),
        compromised: false,
        binding: None,
    }
}

/// A store with these keys in these authorities' lists.
fn store(lists: &[(AuthorityCode, Vec<KeyEntry>)]) -> TrustStore {
    let signers: Vec<_> = lists.iter().map(|(code, _)| (*code, SigningKey::generate().unwrap())).collect();
    let root = |key: &SigningKey| Root::of(1, [(b"1".to_vec(), *key.public())]).unwrap();
    let pins: Vec<_> = signers.iter().map(|(code, key)| (*code, root(key))).collect();
    let mut store = TrustStore::new(&pins).unwrap();
    for ((authority, keys), (_, signer)) in lists.iter().zip(&signers) {
        let (authority, keys) = (*authority, keys.clone());
        let expires = now().plus_seconds(7 * DAY);
        let list =
            TrustList { authority, number: 1, issued: now(), expires, root: root(signer), next: None, keys };
        store.update(&list.sign(b"1", signer).unwrap(), now()).unwrap();
    }
    store
}

#[test]
fn a_key_is_its_partys_by_the_word_of_those_who_list_it() {
    let [chn, gate, liar] = [(); 3].map(|()| SigningKey::generate().unwrap());
    let struck = |entry: KeyEntry| KeyEntry { compromised: true, ..entry };
    let mainland = Party::Authority(Chn);
    let store = store(&[
        (Chn, vec![entry(&mainland, 1, &chn, (-1, 9)), entry(&gates(), 1, &gate, (-1, 9))]),
        // Macao cannot say who the mainland is; its word on its own gates counts for what comes to it.
        (Mac, vec![entry(&mainland, 2, &liar, (-1, 9)), struck(entry(&gates(), 1, &gate, (-1, 9)))]),
    ]);
    let peer = store.peer(chn.public(), now()).unwrap();
    assert!(peer.is_authority(Chn) && !peer.is_authority(Mac));
    let peer = store.peer(gate.public(), now()).unwrap();
    let port = "hengqin".parse().unwrap();
    assert!(peer.is_gates(&port, Chn) && !peer.is_gates(&port, Mac) && !peer.is_gates(&port, Hkg));
    assert!(!peer.is_gates(&"gongbei".parse().unwrap(), Chn) && !peer.is_authority(Chn));
    assert!(matches!(store.peer(liar.public(), now()), Err(TrustError::UnknownKey { .. })));
    let nobody = SigningKey::generate().unwrap();
    assert!(matches!(store.peer(nobody.public(), now()), Err(TrustError::UnknownKey { .. })));
}

#[test]
fn a_key_counts_from_its_listing_on_and_is_used_from_its_own_time_on() {
    let [old, new, dead] = [(); 3].map(|()| SigningKey::generate().unwrap());
    let mut struck = entry(&gates(), 3, &dead, (-1, 9));
    struck.compromised = true;
    let keys = vec![entry(&gates(), 1, &old, (-1, 3)), entry(&gates(), 2, &new, (2, 9)), struck];
    let store = store(&[(Chn, keys.clone()), (Mac, keys)]);
    for (days, key, known, used) in [
        (0, &old, true, true),
        (0, &new, true, false),
        (2, &old, true, true),
        (2, &new, true, true),
        (3, &old, false, false),
        (3, &new, true, true),
        (9, &new, false, false),
        (0, &dead, false, false),
    ] {
        let at = now().plus_seconds(days * DAY);
        assert_eq!(store.peer(key.public(), at).is_ok(), known, "day {days}");
        assert_eq!(store.is_tls_key_used(&gates(), key.public(), at), used, "day {days}");
        // From the new key's time on, connections with the old one are to end.
        if let Ok(peer) = store.peer(key.public(), at) {
            assert_eq!(peer.replaced, days == 2 && key.public() == old.public(), "day {days}");
        }
    }
    assert!(matches!(store.peer(dead.public(), now()), Err(TrustError::Compromised { .. })));
    assert!(matches!(store.peer(old.public(), now().plus_seconds(3 * DAY)), Err(TrustError::Expired { .. })));
}

#[test]
fn a_key_is_used_when_every_list_of_its_party_names_it() {
    let [old, new] = [(); 2].map(|()| SigningKey::generate().unwrap());
    let before = entry(&gates(), 1, &old, (-1, 9));
    let both = vec![before.clone(), entry(&gates(), 2, &new, (-1, 9))];
    // Macao's supervisors have not signed the new list yet.
    let half = store(&[(Chn, both.clone()), (Mac, vec![before])]);
    assert!(half.is_tls_key_used(&gates(), old.public(), now()));
    assert!(!half.is_tls_key_used(&gates(), new.public(), now()));
    let whole = store(&[(Chn, both.clone()), (Mac, both)]);
    assert!(whole.is_tls_key_used(&gates(), new.public(), now()));
    assert!(!TrustStore::default().is_tls_key_used(&gates(), new.public(), now()));
}
