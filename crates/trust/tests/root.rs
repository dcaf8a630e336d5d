//! Roots: who signs an authority's next list, how a root follows another, and what a compromised key is good for: nothing.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests: a failure here fails the test"
)]

use std::collections::BTreeMap;

use credential::SigningKey;
use documents::{AuthorityCode, Timestamp};
use trust::{KeyEntry, Role, Root, RootError, RootKey, TrustError, TrustList, TrustStore, chain, links};

use AuthorityCode::Chn;

fn now() -> Timestamp {
    "2026-03-02T10:00:00+08:00".parse().unwrap()
}

/// Supervisors by their key ids.
struct Supervisors(BTreeMap<&'static str, SigningKey>);

impl Supervisors {
    fn new(kids: &[&'static str]) -> Self {
        Self(kids.iter().map(|kid| (*kid, SigningKey::generate().unwrap())).collect())
    }

    fn root(&self, threshold: usize, kids: &[&str]) -> Root {
        Root::of(threshold, kids.iter().map(|kid| (*kid, *self.0[kid].public()))).unwrap()
    }

    /// The list alone, signed by these.
    fn signed(&self, list: &TrustList, kids: &[&str]) -> Vec<u8> {
        let signatures: Vec<_> =
            kids.iter().map(|kid| list.signature(kid.as_bytes(), &self.0[kid]).unwrap()).collect();
        list.assemble(&signatures).unwrap()
    }
}

fn entry(role: Role, kid: &[u8], key: &SigningKey) -> KeyEntry {
    let (from, to) = (now().plus_seconds(-86_400), now().plus_seconds(86_400));
    let key = key.public().as_bytes().to_vec();
    KeyEntry { role, kid: kid.to_vec(), key, from, to, compromised: false, binding: None }
}

fn list(number: u64, root: &Root) -> TrustList {
    let expires = now().plus_seconds(86_400);
    TrustList { authority: Chn, number, issued: now(), expires, root: root.clone(), next: None, keys: vec![] }
}

fn pinned(root: &Root) -> TrustStore {
    TrustStore::new(&[(Chn, root.clone())]).unwrap()
}

fn take(store: &mut TrustStore, signed: &[u8]) -> Result<AuthorityCode, TrustError> {
    store.update(&chain([signed]), now())
}

fn too_few(have: usize) -> Result<AuthorityCode, TrustError> {
    Err(TrustError::Signatures { authority: Chn, have, need: 2 })
}

#[test]
fn a_list_counts_with_the_signatures_of_enough_supervisors_and_of_nobody_else() {
    let all = Supervisors::new(&["a", "b", "c", "thief"]);
    let root = all.root(2, &["a", "b", "c"]);
    for (signers, taken) in [
        (&["a", "b"][..], Ok(Chn)),
        (&["b", "c"], Ok(Chn)),
        (&["a", "b", "c"], Ok(Chn)),
        (&["a", "b", "thief"], Ok(Chn)),
        (&["a"], too_few(1)),
        (&["a", "thief"], too_few(1)),
        (&["thief"], too_few(0)),
    ] {
        let signed = all.signed(&list(1, &root), signers);
        assert_eq!(take(&mut pinned(&root), &signed), taken, "{signers:?}");
    }
    // One supervisor under two names, and somebody under another's name.
    let first = list(1, &root);
    let one = first.signature(b"a", &all.0["a"]).unwrap();
    for kid in ["b", "c"] {
        let again = first.signature(kid.as_bytes(), &all.0["a"]).unwrap();
        let signed = first.assemble(&[one.clone(), again]).unwrap();
        assert_eq!(take(&mut pinned(&root), &signed), too_few(1), "{kid}");
    }
    assert!(first.assemble(&[one.clone(), one]).is_err(), "one supervisor twice");
    // The same list with other supervisors' signatures is no step; with too few of them it is not that list.
    let mut store = pinned(&root);
    take(&mut store, &all.signed(&first, &["a", "b"])).unwrap();
    let bytes = store.bytes(Chn).unwrap().to_vec();
    assert_eq!(take(&mut store, &all.signed(&first, &["b", "c"])), Ok(Chn));
    assert_eq!(take(&mut store, &all.signed(&first, &["b", "thief"])), too_few(1));
    assert_eq!(store.bytes(Chn), Some(bytes.as_slice()));
    let other = TrustList { expires: now(), ..first };
    let rolled = Err(TrustError::Rollback { authority: Chn, have: 1, got: 1 });
    assert_eq!(take(&mut store, &all.signed(&other, &["a", "b"])), rolled);
}

#[test]
fn a_compromised_supervisors_key_signs_nothing_any_more_nor_an_old_pinned_one_nor_after_a_restart() {
    let all = Supervisors::new(&["a", "b", "c", "token"]);
    let root = all.root(2, &["a", "b", "c"]);
    let mut store = pinned(&root);
    take(&mut store, &all.signed(&list(1, &root), &["a", "b"])).unwrap();
    let without = root.with_compromised(b"a").unwrap();
    let second = list(2, &without);
    // Already the list that names it counts without it.
    assert_eq!(take(&mut store, &all.signed(&second, &["a", "b"])), too_few(1));
    let second = all.signed(&second, &["b", "c"]);
    assert_eq!(take(&mut store, &second), Ok(Chn));

    let mut third = list(3, &without);
    third.keys.push(entry(Role::Token, &[1], &all.0["token"]));
    let by = |signers: &[&str]| all.signed(&third, signers);
    let kept = store.keep(Chn).unwrap();
    let mut resumed = pinned(&root);
    resumed.resume(&kept).unwrap();
    let mut fresh = pinned(&root);
    take(&mut fresh, &second).unwrap();
    let mut told = pinned(&root);
    told.never_again(Chn, store.compromised(Chn).map(<[u8]>::to_vec));
    for (what, store) in [
        ("runs", &mut store),
        ("started again", &mut resumed),
        ("new", &mut fresh),
        ("wrote down", &mut told),
    ] {
        for signers in [&["a", "b"][..], &["a", "c"], &["a", "token"]] {
            assert!(
                matches!(take(store, &by(signers)), Err(TrustError::Signatures { .. })),
                "{what} {signers:?}"
            );
        }
    }
    // A list that calls it sound again is no list, whoever signed it.
    let sound = all.signed(&list(3, &root), &["b", "c"]);
    assert_eq!(take(&mut store, &sound), Err(TrustError::RootNotAnnounced { authority: Chn }));
    assert_eq!(take(&mut store, &by(&["b", "c"])), Ok(Chn));
    // Two of three: nobody could sign the next list, so none says so.
    assert_eq!(without.with_compromised(b"b"), Err(RootError::TooFew));
    assert_eq!(without.with_compromised(b"x"), Err(RootError::Unknown));
    let mut weak = list(4, &without);
    weak.keys.push(KeyEntry { compromised: true, ..entry(Role::Verdict, b"v", &all.0["b"]) });
    let weak = take(&mut store, &all.signed(&weak, &["b", "c"]));
    assert_eq!(weak, too_few(1), "a supervisor's key, compromised under another role");
    assert_eq!(store.list(Chn).unwrap().number, 3);
}

#[test]
fn a_key_once_compromised_counts_in_no_role_under_no_name_and_in_no_later_list() {
    let all = Supervisors::new(&["a", "stolen", "good"]);
    let root = all.root(1, &["a"]);
    let mut store = pinned(&root);
    let mut first = list(1, &root);
    first.keys = vec![entry(Role::Token, &[1], &all.0["stolen"]), entry(Role::Token, &[2], &all.0["good"])];
    first.keys[0].compromised = true;
    take(&mut store, &all.signed(&first, &["a"])).unwrap();
    let mut second = list(2, &root);
    second.keys = vec![
        entry(Role::Token, &[1], &all.0["stolen"]),
        entry(Role::Token, &[3], &all.0["stolen"]),
        entry(Role::Status, b"1", &all.0["stolen"]),
        entry(Role::Token, &[2], &all.0["good"]),
    ];
    take(&mut store, &all.signed(&second, &["a"])).unwrap();
    let mut resumed = TrustStore::default();
    resumed.resume(&store.keep(Chn).unwrap()).unwrap();
    for store in [&store, &resumed] {
        for (role, kid) in [(Role::Token, &[1][..]), (Role::Token, &[3]), (Role::Status, b"1")] {
            let found = store.find(Chn, role, kid, now()).map(|_| ());
            assert_eq!(found, Err(TrustError::Compromised { authority: Chn }), "{role:?} {kid:?}");
        }
        assert!(store.find(Chn, Role::Token, &[2], now()).is_ok());
    }
}

/// List 1 of the root a, b, c; list 2 announces d, e, f; list 3 moves to it; list 4 is signed by it.
fn rotation(all: &Supervisors) -> (Root, Root, [Vec<u8>; 4]) {
    let (old, new) = (all.root(2, &["a", "b", "c"]), all.root(2, &["d", "e", "f"]));
    let announced = TrustList { next: Some(new.clone()), ..list(2, &old) };
    let lists = [
        all.signed(&list(1, &old), &["a", "b"]),
        all.signed(&announced, &["b", "c"]),
        all.signed(&list(3, &new), &["a", "c"]),
        all.signed(&list(4, &new), &["d", "f"]),
    ];
    (old, new, lists)
}

#[test]
fn a_root_follows_another_only_as_the_list_before_announced_it_signed_by_the_old_one() {
    let all = Supervisors::new(&["a", "b", "c", "d", "e", "f", "g"]);
    let (old, new, [first, second, third, fourth]) = rotation(&all);
    let not_announced = Err(TrustError::RootNotAnnounced { authority: Chn });
    let start = |lists: &[&Vec<u8>]| {
        let mut store = pinned(&old);
        lists.iter().for_each(|signed| assert_eq!(take(&mut store, signed), Ok(Chn)));
        store
    };
    assert_eq!(take(&mut start(&[&first]), &third), not_announced, "before it is announced");
    let at_once = TrustList { next: Some(new.clone()), ..list(2, &new) };
    assert_eq!(take(&mut start(&[&first]), &all.signed(&at_once, &["a", "b"])), not_announced);
    let mut store = start(&[&first, &second]);
    let third_by = |signers: &[&str]| all.signed(&list(3, &new), signers);
    assert_eq!(take(&mut store, &third_by(&["d", "e", "f"])), too_few(0), "not by itself");
    assert_eq!(take(&mut store, &third_by(&["a", "d"])), too_few(1));
    let other = all.root(2, &["d", "e", "g"]);
    assert_eq!(take(&mut store, &all.signed(&list(3, &other), &["a", "b"])), not_announced);
    let easier = all.root(1, &["d", "e", "f"]);
    assert_eq!(take(&mut store, &all.signed(&list(3, &easier), &["a", "b"])), not_announced);
    // Announced, and taken back by a list that announces nothing.
    let mut back = start(&[&first, &second]);
    assert_eq!(take(&mut back, &all.signed(&list(3, &old), &["a", "b"])), Ok(Chn));
    assert_eq!(take(&mut back, &all.signed(&list(4, &new), &["a", "b"])), not_announced);

    assert_eq!(take(&mut store, &third), Ok(Chn));
    assert_eq!(take(&mut store, &all.signed(&list(4, &old), &["a", "b"])), too_few(0), "the old one is over");
    assert_eq!(take(&mut store, &all.signed(&list(4, &new), &["a", "b"])), too_few(0));
    assert_eq!(take(&mut store, &fourth), Ok(Chn));
    assert_eq!(store.root(Chn), Some(&new));
}

#[test]
fn whoever_starts_with_an_old_pin_or_was_away_follows_the_chain_that_comes_with_the_list() {
    let all = Supervisors::new(&["a", "b", "c", "d", "e", "f"]);
    let (old, new, [first, second, third, fourth]) = rotation(&all);
    let mut store = pinned(&old);
    for signed in [&first, &second, &third, &fourth] {
        take(&mut store, signed).unwrap();
    }
    let travels = store.bytes(Chn).unwrap().to_vec();
    let (newest, before) = links(&travels).unwrap();
    assert_eq!((newest, before.as_slice()), (fourth.as_slice(), [second.as_slice(), &third].as_slice()));
    let behind = |lists: &[&Vec<u8>]| {
        let mut store = pinned(&old);
        lists.iter().for_each(|signed| assert_eq!(take(&mut store, signed), Ok(Chn)));
        store
    };
    for mut store in [
        pinned(&old),
        behind(&[&first]),
        behind(&[&first, &second]),
        behind(&[&second, &third]),
        pinned(&new),
    ] {
        assert_eq!(store.update(&travels, now()), Ok(Chn));
        assert_eq!((store.list(Chn).unwrap().number, store.root(Chn)), (4, Some(&new)));
    }
    // Without its chain, or with a gap or a forged link, it is refused, and what was in use stays.
    let forged = all.signed(&TrustList { next: Some(new.clone()), ..list(2, &old) }, &["d", "e"]);
    for (what, lists) in [
        ("alone", vec![&fourth]),
        ("no announcement", vec![&third, &fourth]),
        ("no change", vec![&second, &fourth]),
        ("forged", vec![&forged, &third, &fourth]),
    ] {
        let mut store = behind(&[&first]);
        let bytes = chain(lists.into_iter().map(Vec::as_slice));
        assert!(store.update(&bytes, now()).is_err(), "{what}");
        assert_eq!(store.list(Chn).unwrap().number, 1, "{what}");
    }
    // What somebody put into the chain of a list that needs none is not handed on.
    let mut store = behind(&[&first, &second, &third]);
    store.update(&chain([&b"nothing"[..], &fourth]), now()).unwrap_err();
    store.update(&chain([first.as_slice(), &fourth]), now()).unwrap();
    assert_eq!(store.bytes(Chn), Some(travels.as_slice()));
}

#[test]
fn a_chain_is_bounded_and_whoever_pinned_too_old_a_root_is_told() {
    let kids = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let all = Supervisors::new(&kids);
    let root = |n: usize| all.root(1, &[kids[n]]);
    let mut store = pinned(&root(0));
    let mut number = 0;
    for (change, signer) in kids.into_iter().enumerate().take(9) {
        let announced = TrustList { next: Some(root(change + 1)), ..list(number + 1, &root(change)) };
        take(&mut store, &all.signed(&announced, &[signer])).unwrap();
        take(&mut store, &all.signed(&list(number + 2, &root(change + 1)), &[signer])).unwrap();
        number += 2;
    }
    let bytes = store.bytes(Chn).unwrap().to_vec();
    assert_eq!(links(&bytes).unwrap().1.len(), trust::MAX_PREDECESSORS);
    let refused = pinned(&root(0)).update(&bytes, now());
    assert!(matches!(refused, Err(TrustError::Signatures { .. })), "{refused:?}");
    for n in 1..9 {
        assert_eq!(pinned(&root(n)).update(&bytes, now()), Ok(Chn), "pinned is root {n}");
    }
    take(&mut store, &all.signed(&list(number + 1, &root(9)), &["j"])).unwrap();
    assert_eq!(
        pinned(&root(9)).update(store.bytes(Chn).unwrap(), now()),
        Ok(Chn),
        "the newest root needs none"
    );
}

#[test]
fn what_was_kept_goes_on_where_it_stopped_and_is_refused_damaged_or_older_than_what_was_seen() {
    let all = Supervisors::new(&["a", "b", "c", "d", "e", "f"]);
    let (old, new, lists) = rotation(&all);
    let mut store = pinned(&old);
    lists.iter().for_each(|signed| assert_eq!(take(&mut store, signed), Ok(Chn)));
    let kept = store.keep(Chn).unwrap();
    // No pin is needed, and no chain that leads from it.
    let mut resumed = TrustStore::default();
    assert_eq!(resumed.resume(&kept), Ok(Chn));
    assert_eq!((resumed.bytes(Chn), resumed.root(Chn)), (store.bytes(Chn), Some(&new)));
    assert_eq!(take(&mut resumed, &all.signed(&list(5, &new), &["e", "f"])), Ok(Chn));
    for at in (0..kept.len()).step_by(7) {
        let mut changed = kept.clone();
        changed[at] ^= 1;
        let mut store = TrustStore::default();
        assert!(store.resume(&changed).is_err() && store.list(Chn).is_none(), "byte {at}");
        assert!(store.resume(&kept[..at]).is_err(), "cut at {at}");
    }
    let mut seen = TrustStore::default();
    seen.not_before(Chn, 5);
    assert_eq!(seen.resume(&kept), Err(TrustError::Rollback { authority: Chn, have: 5, got: 4 }));
}

#[test]
fn what_was_kept_under_a_stolen_root_counts_for_nothing_once_another_is_pinned() {
    let all = Supervisors::new(&["a", "b", "c", "d", "e", "f"]);
    let (stolen, fresh) = (all.root(2, &["a", "b", "c"]), all.root(2, &["d", "e", "f"]));
    let mut store = pinned(&stolen);
    take(&mut store, &all.signed(&list(900, &stolen), &["a", "b"])).unwrap();
    let kept = store.keep(Chn).unwrap();

    let mut anew = pinned(&fresh);
    assert_eq!(anew.resume(&kept), Err(TrustError::OtherRoot { authority: Chn }));
    assert_eq!(
        take(&mut anew, &all.signed(&list(2, &fresh), &["d", "e"])),
        Ok(Chn),
        "no number of the thief's binds"
    );
    // A pin that follows the lists goes on, whichever root of theirs it names.
    let (old, new, lists) = rotation(&all);
    let mut store = pinned(&old);
    lists.iter().for_each(|signed| assert_eq!(take(&mut store, signed), Ok(Chn)));
    for pin in [&old, &new] {
        assert_eq!(pinned(pin).resume(&store.keep(Chn).unwrap()), Ok(Chn));
    }
}

#[test]
fn a_root_names_each_key_once_and_can_sign() {
    let key = || *SigningKey::generate().unwrap().public();
    let (one, two) = (key(), key());
    let of = |threshold, keys: &[(&str, credential::PublicKey)]| {
        Root::of(threshold, keys.iter().map(|(kid, key)| (*kid, *key))).map(|_| ())
    };
    let long = "k".repeat(65);
    for (threshold, keys, expected) in [
        (1, vec![("a", one)], Ok(())),
        (2, vec![("b", one), ("a", two)], Ok(())),
        (0, vec![("a", one)], Err(RootError::TooFew)),
        (3, vec![("a", one), ("b", two)], Err(RootError::TooFew)),
        (1, vec![], Err(RootError::Size)),
        (1, vec![("a", one), ("a", two)], Err(RootError::Twice)),
        (1, vec![("a", one), ("b", one)], Err(RootError::Twice)),
        (1, vec![("", one)], Err(RootError::Kid)),
        (1, vec![(long.as_str(), one)], Err(RootError::Kid)),
    ] {
        assert_eq!(of(threshold, &keys), expected, "{threshold} of {keys:?}");
    }
    let kids: Vec<String> = (0..17).map(|n| format!("k{n:02}")).collect();
    let many = |count: usize| {
        let key = |kid: &String| RootKey { kid: kid.clone().into_bytes(), key: key(), compromised: false };
        Root::new(1, kids[..count].iter().map(key).collect()).map(|_| ())
    };
    assert_eq!((many(16), many(17)), (Ok(()), Err(RootError::Size)));
}
