//! Approvals: who must have signed, what must be filled in, what they cover, and trust lists at their edges.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failure here fails the test")]

use credential::{PublicKey, SigningKey, hpke};
use documents::{AuthorityCode, Direction, PortId, Scenario, Timestamp};
use trust::{
    Approval, ApprovalError, Approvals, Binding, Freshness, GateBinding, KeyEntry, Role, Root,
    STALE_GRACE_SECONDS, TrustError, TrustList, TrustStore,
};

use AuthorityCode::{Chn, Hkg, Mac};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-03-02T10:00:00+08:00")
}

fn port(name: &str) -> PortId {
    name.parse().unwrap()
}

fn direction(from: AuthorityCode, to: AuthorityCode) -> Direction {
    Direction::new(from, to).unwrap()
}

fn approval() -> Approval {
    let each = |text: &str| vec![(Chn, format!("{text} of CHN")), (Mac, format!("{text} of MAC"))];
    Approval {
        id: "2026-001".to_owned(),
        number: 1,
        withdrawn: false,
        scenario: Scenario::BorderCrossing,
        jurisdictions: vec![Chn, Mac],
        ports: vec![port("hengqin"), port("gongbei")],
        from: "2026-01-01".parse().unwrap(),
        to: "2026-12-31".parse().unwrap(),
        hours: (6 * 60, 22 * 60),
        claims: vec!["documents".to_owned()],
        retention_days: 180,
        assessment: "PIA-1".to_owned(),
        filings: each("filing"),
        probe_grounds: each("ground"),
        terms: None,
    }
}

fn entry(role: Role, kid: &[u8], key: &[u8]) -> KeyEntry {
    let (from, to) = (at("2026-01-01T00:00:00+08:00"), at("2027-01-01T00:00:00+08:00"));
    let out = Direction::new(Chn, Mac).unwrap();
    let bound = || Binding::Gate(GateBinding::code_lane("hengqin".parse().unwrap(), out, true));
    let binding = (role == Role::Gate).then(bound);
    KeyEntry { role, kid: kid.to_vec(), key: key.to_vec(), from, to, compromised: false, binding }
}

/// A root of one key.
fn root(key: &SigningKey) -> Root {
    Root::of(1, [("root", *key.public())]).unwrap()
}

fn list(authority: AuthorityCode, number: u64, signer: &SigningKey, keys: Vec<KeyEntry>) -> TrustList {
    let (root, expires) = (root(signer), now().plus_seconds(86_400));
    TrustList { authority, number, issued: now(), expires, root, next: None, keys }
}

/// A store with one list an authority, and the approval keys in it.
fn store() -> (TrustStore, [SigningKey; 3]) {
    let keys = [(); 3].map(|()| SigningKey::generate().unwrap());
    let roots: Vec<_> = AuthorityCode::ALL.into_iter().zip(keys.iter().map(root)).collect();
    let mut store = TrustStore::new(&roots).unwrap();
    for (authority, key) in AuthorityCode::ALL.into_iter().zip(&keys) {
        let point = key.public().as_bytes();
        let entries = vec![entry(Role::Approval, b"a", point), entry(Role::Verdict, b"v", point)];
        store.update(&list(authority, 1, key, entries).sign(b"root", key).unwrap(), now()).unwrap();
    }
    (store, keys)
}

#[test]
fn every_jurisdiction_concerned_has_signed_the_same_text_with_an_approval_key() {
    let (store, [chn, hkg, mac]) = store();
    let whole = approval();
    let by = |authority, key: &SigningKey| (authority, whole.sign(b"a", key).unwrap());
    let open = |signatures: &[(AuthorityCode, Vec<u8>)]| {
        Approval::open(&Approval::bundle(signatures), &store, now()).map_err(|e| e.to_string())
    };
    let refused = |signatures: &[(AuthorityCode, Vec<u8>)], why: &str| {
        let error = open(signatures).unwrap_err();
        assert!(error.contains(why), "{error} has not {why}");
    };
    assert_eq!(open(&[by(Chn, &chn), by(Mac, &mac)]).as_ref(), Ok(&whole));
    assert_eq!(open(&[by(Mac, &mac), by(Chn, &chn), by(Hkg, &hkg)]).as_ref(), Ok(&whole), "more may sign");
    refused(&[by(Chn, &chn)], "not signed by MAC");
    refused(&[by(Mac, &mac), by(Hkg, &hkg)], "not signed by CHN");
    refused(&[by(Chn, &chn), by(Mac, &chn)], "signature");
    refused(&[by(Chn, &chn), by(Chn, &chn)], "repeated");
    refused(&[], "unexpected type or length");
    let longer = Approval { retention_days: 181, ..approval() };
    refused(&[by(Chn, &chn), (Mac, longer.sign(b"a", &mac).unwrap())], "different texts");
    refused(&[by(Chn, &chn), (Mac, whole.sign(b"v", &mac).unwrap())], "not for the role approval");
    refused(&[by(Chn, &chn), (Mac, whole.sign(b"x", &mac).unwrap())], "lists no such key");
    let late = at("2027-01-01T00:00:00+08:00");
    let bundle = Approval::bundle(&[by(Chn, &chn), by(Mac, &mac)]);
    assert!(Approval::open(&bundle, &store, late).is_err(), "keys past their time");
    assert!(Approval::open(&[bundle.as_slice(), &[0]].concat(), &store, now()).is_err(), "bytes behind");
}

#[test]
fn an_approval_with_anything_missing_does_not_load() {
    for (change, missing) in [
        ((|_| {}) as fn(&mut Approval), None),
        (|a| a.id = "  ".to_owned(), Some("id")),
        (|a| a.number = 0, Some("number")),
        (|a| a.number = u64::from(u32::MAX), None),
        (|a| a.withdrawn = true, None),
        (|a| a.scenario = Scenario::HotelCheckIn, Some("scenario")),
        (|a| a.jurisdictions.clear(), Some("list of jurisdictions")),
        (|a| a.ports.clear(), Some("list of ports")),
        (|a| a.to = "2025-12-31".parse().unwrap(), Some("last day")),
        (|a| a.to = a.from, None),
        (|a| a.hours = (600, 600), Some("hours")),
        (|a| a.hours = (600, 599), Some("hours")),
        (|a| a.hours = (0, 1440), None),
        (|a| a.hours = (1439, 1440), None),
        (|a| a.claims.clear(), Some("list of claims")),
        (|a| a.retention_days = 0, Some("retention")),
        (|a| a.retention_days = 1, None),
        (|a| a.retention_days = 36_500, None),
        (|a| a.assessment = " ".to_owned(), Some("impact assessment")),
        (|a| a.filings.truncate(1), Some("filing number")),
        (|a| a.filings.iter_mut().for_each(|(by, _)| *by = Hkg), Some("filing number")),
        (|a| a.filings.iter_mut().for_each(|(_, text)| text.clear()), Some("filing number")),
        (|a| a.probe_grounds.truncate(1), Some("legal ground for the face probe")),
        (|a| a.probe_grounds.reverse(), None),
    ] {
        let mut changed = approval();
        change(&mut changed);
        let longer = [changed.encode().as_slice(), &[0]].concat();
        assert!(Approval::decode(&longer).is_err(), "bytes behind, {missing:?}");
        let expected = missing.map_or(Ok(()), |field| Err(ApprovalError::Field { field }));
        assert_eq!(Approval::decode(&changed.encode()).map(|_| ()), expected, "{missing:?}");
    }
    for change in [
        (|a| a.hours = (0, 1441)) as fn(&mut Approval),
        |a| a.number = u64::from(u32::MAX) + 1,
        |a| a.retention_days = 36_501,
        |a| a.ports = vec![a.ports.first().unwrap().clone(); 65],
        |a| a.claims = vec![String::new(); 33],
        |a| a.id = "x".repeat(65),
        |a| a.assessment = "x".repeat(129),
        |a| a.filings = vec![(Chn, "x".repeat(257)), (Mac, "x".to_owned())],
        |a| a.jurisdictions = vec![Chn, Mac, Hkg, Chn],
    ] {
        let mut changed = approval();
        change(&mut changed);
        assert!(matches!(Approval::decode(&changed.encode()), Err(ApprovalError::Form(_))), "{changed:?}");
    }
}

#[test]
fn an_approval_covers_its_scenario_ports_parties_days_and_hours_alone() {
    let approval = approval();
    let (there, hengqin) = (direction(Chn, Mac), port("hengqin"));
    let covers =
        |scenario, port: &PortId, direction, time: &str| approval.covers(scenario, port, direction, at(time));
    let noon = "2026-03-02T12:00:00+08:00";
    for (time, expected) in [
        (noon, true),
        ("2025-12-31T12:00:00+08:00", false),
        ("2026-01-01T06:00:00+08:00", true),
        ("2026-12-31T21:59:59+08:00", true),
        ("2027-01-01T06:00:00+08:00", false),
        ("2026-03-02T05:59:59+08:00", false),
        ("2026-03-02T22:00:00+08:00", false),
        // The local day counts: it is still 1 January in UTC.
        ("2026-01-01T23:00:00Z", true),
    ] {
        assert_eq!(covers(Scenario::BorderCrossing, &hengqin, there, time), expected, "{time}");
    }
    let taken_back = Approval { withdrawn: true, ..approval.clone() };
    assert!(!taken_back.covers(Scenario::BorderCrossing, &hengqin, there, at(noon)));
    assert!(covers(Scenario::BorderCrossing, &port("gongbei"), there.reversed(), noon));
    assert!(!covers(Scenario::HotelCheckIn, &hengqin, there, noon));
    assert!(!covers(Scenario::BorderCrossing, &port("qingmao"), there, noon));
    for (from, to) in [(Chn, Hkg), (Hkg, Chn), (Hkg, Mac), (Mac, Hkg)] {
        assert!(!covers(Scenario::BorderCrossing, &hengqin, direction(from, to), noon), "{from} {to}");
    }
}

#[test]
fn the_approvals_of_a_program_hold_one_text_an_id_and_find_the_one_that_covers() {
    let mut approvals = Approvals::default();
    let (there, time) = (direction(Chn, Mac), at("2026-03-02T12:00:00+08:00"));
    assert!(approvals.covering(&port("hengqin"), there, time).is_err());
    approvals.take(Approval { id: "other".to_owned(), ports: vec![port("hzmb")], ..approval() }).unwrap();
    approvals.take(approval()).unwrap();
    approvals.take(approval()).unwrap();
    approvals.take(Approval { number: 2, retention_days: 30, ..approval() }).unwrap();
    assert_eq!(approvals.all().len(), 2);
    let found = approvals.covering(&port("hengqin"), there, time).unwrap();
    assert_eq!((found.id.as_str(), found.retention_days), ("2026-001", 30));
    assert_eq!(
        approvals.covering(&port("qingmao"), there, time).err(),
        Some(ApprovalError::NotCovered { port: port("qingmao"), direction: there })
    );
}

#[test]
fn nobody_goes_back_to_an_older_text_of_an_approval_and_least_of_all_behind_its_withdrawal() {
    let (there, time) = (direction(Chn, Mac), at("2026-03-02T12:00:00+08:00"));
    let second = || Approval { number: 2, retention_days: 30, ..approval() };
    let taken_back = || Approval { number: 3, withdrawn: true, ..second() };
    let fourth = || Approval { number: 4, ..approval() };
    let refused = |have, got| Err(ApprovalError::Rollback { id: "2026-001".to_owned(), have, got });
    let mut approvals = Approvals::default();
    let covers = |approvals: &Approvals| approvals.covering(&port("hengqin"), there, time).is_ok();
    approvals.take(second()).unwrap();
    assert_eq!(approvals.take(approval()), refused(2, 1));
    assert_eq!(approvals.take(Approval { retention_days: 31, ..second() }), refused(2, 2), "another text");
    assert!(covers(&approvals), "what is held stays");
    approvals.take(taken_back()).unwrap();
    assert!(!covers(&approvals));
    for old in [approval(), second(), Approval { withdrawn: false, ..taken_back() }] {
        let got = old.number;
        assert_eq!(approvals.take(old), refused(3, got));
        assert!(!covers(&approvals));
    }
    // Whoever holds none any more still knows how far it had come, and so does a program that wrote it down.
    approvals.clear();
    assert_eq!(approvals.take(second()), refused(3, 2));
    assert!(approvals.all().is_empty());
    let mut again = Approvals::default();
    again.take(second()).unwrap();
    again.not_before(approvals.newest());
    assert!(again.all().is_empty(), "what it held was older");
    assert_eq!(again.take(second()), refused(3, 2));
    again.take(taken_back()).unwrap();
    again.take(fourth()).unwrap();
    assert!(covers(&again));
    again.not_before(approvals.newest());
    assert!(covers(&again), "an older note takes nothing away");
    assert_eq!(again.take(second()), refused(4, 2));
}

#[test]
fn a_store_that_knows_how_far_it_had_come_takes_no_older_list() {
    let (mut store, [chn, ..]) = store();
    assert_eq!((store.newest(Chn), TrustStore::default().newest(Chn)), (1, 0));
    store.not_before(Chn, 5);
    store.not_before(Chn, 3);
    assert_eq!(store.newest(Chn), 5);
    for (number, taken) in [(2, false), (4, false), (5, true), (6, true), (5, false)] {
        let signed = list(Chn, number, &chn, vec![]).sign(b"root", &chn).unwrap();
        assert_eq!(store.update(&signed, now()).is_ok(), taken, "{number}");
    }
    assert_eq!(store.newest(Chn), 6);
}

#[test]
fn a_list_from_the_future_or_of_nobody_known_is_refused_and_changes_nothing() {
    let (mut store, [chn, ..]) = store();
    for (number, seconds, taken) in [(5, 300, true), (6, 301, false)] {
        let mut ahead = list(Chn, number, &chn, vec![entry(Role::Notice, b"l", chn.public().as_bytes())]);
        ahead.issued = now().plus_seconds(seconds);
        let result = store.update(&ahead.sign(b"root", &chn).unwrap(), now());
        assert_eq!(result, if taken { Ok(Chn) } else { Err(TrustError::Future) }, "{seconds} s");
    }
    assert_eq!(store.list(Chn).unwrap().number, 5);
    let signed = list(Mac, 2, &chn, vec![]).sign(b"root", &chn).unwrap();
    assert_eq!(TrustStore::new(&[]).unwrap().update(&signed, now()), Err(TrustError::NoList(Mac)));
    let refused = store.update(&signed, now());
    let expected = Err(TrustError::Signatures { authority: Mac, have: 0, need: 1 });
    assert_eq!(refused, expected, "another authority's root");
    // A key that is none refuses the whole list; what was in use stays.
    let mut broken = list(Chn, 6, &chn, vec![entry(Role::Token, &[1], &[2; 33])]);
    let off_curve = [&[2][..], &[0; 31], &[1]].concat();
    broken.keys.push(entry(Role::Token, &[2], &off_curve));
    assert!(matches!(store.update(&broken.sign(b"root", &chn).unwrap(), now()), Err(TrustError::Key(_))));
    assert_eq!(store.list(Chn).unwrap().number, 5);
    assert_eq!(PublicKey::from_bytes(&off_curve).map(|_| ()), Ok(()), "the form alone is right");
}

#[test]
fn a_weekly_key_is_sealed_only_to_a_part_key_in_use() {
    let (mut store, [chn, ..]) = store();
    let keys = [(); 4].map(|()| hpke::ReceiverKey::generate().unwrap());
    let [dead, old, young, good] = &keys;
    assert_eq!(store.part_key(Chn, now()), Err(TrustError::UnknownKey { authority: Chn }));
    let entries = vec![
        KeyEntry { compromised: true, ..entry(Role::Part, b"1", dead.public()) },
        KeyEntry { to: now(), ..entry(Role::Part, b"2", old.public()) },
        KeyEntry { from: now().plus_seconds(1), ..entry(Role::Part, b"3", young.public()) },
        entry(Role::Part, b"4", good.public()),
    ];
    store.update(&list(Chn, 2, &chn, entries).sign(b"root", &chn).unwrap(), now()).unwrap();
    assert_eq!(store.part_key(Chn, now()), Ok(good.public()));
    assert_eq!(store.part_key(Chn, now().plus_seconds(-1)), Ok(good.public()), "the newest that counts");
    assert_eq!(store.part_key(Chn, now().plus_seconds(1)), Ok(young.public()), "once its time has come");
    assert!(store.counts(Chn, Role::Part, b"2", old.public(), now().plus_seconds(-1)));
    assert!(!store.counts(Chn, Role::Part, b"2", old.public(), now()), "its time is over");
    assert!(!store.counts(Chn, Role::Part, b"1", dead.public(), now()), "compromised");
    assert!(!store.counts(Chn, Role::Part, b"4", old.public(), now()), "another point");
    assert_eq!(TrustStore::default().part_key(Chn, now()), Err(TrustError::NoList(Chn)));
    assert_eq!(
        store.find(Chn, Role::Part, b"4", now()).map(|_| ()),
        Err(TrustError::WrongRole { authority: Chn, role: Role::Part }),
        "it verifies nothing"
    );
}

#[test]
fn a_list_is_fresh_to_its_end_stale_for_a_day_and_there_is_none_where_none_was_loaded() {
    let (store, _) = store();
    let end = now().plus_seconds(86_400);
    for (time, expected) in [
        (now(), Freshness::Current),
        (end.plus_seconds(-1), Freshness::Current),
        (end, Freshness::Stale),
        (end.plus_seconds(STALE_GRACE_SECONDS + 1), Freshness::Refused),
    ] {
        assert_eq!(store.freshness(Chn, time), expected, "{time}");
    }
    assert_eq!(STALE_GRACE_SECONDS, 86_400);
    assert_eq!(TrustStore::default().freshness(Chn, now()), Freshness::Refused);
}

#[test]
fn one_role_lists_an_id_once_and_another_role_may_have_it_too() {
    let key = SigningKey::generate().unwrap();
    let point = key.public().as_bytes();
    let reads = |keys| TrustList::decode(&list(Chn, 1, &key, keys).encode()).is_ok();
    let longer = [list(Chn, 1, &key, vec![]).encode().as_slice(), &[0]].concat();
    assert!(reads(vec![]) && TrustList::decode(&longer).is_err(), "bytes behind");
    assert!(reads(vec![entry(Role::Token, b"1", point), entry(Role::Gate, b"1", point)]));
    assert!(reads(vec![entry(Role::Token, b"1", point), entry(Role::Token, b"2", point)]));
    assert!(!reads(vec![entry(Role::Token, b"1", point), entry(Role::Token, b"1", point)]));
    assert!(reads((0..2000u16).map(|n| entry(Role::Gate, &n.to_be_bytes(), point)).collect()));
    assert!(!reads((0..2001u16).map(|n| entry(Role::Gate, &n.to_be_bytes(), point)).collect()));
}
