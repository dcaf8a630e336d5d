//! Trust lists and approvals of `docs/formats.md`: what this crate writes is what the page's grammar says, the page's
//! worked example is taken here, and what was changed is refused by grammar and reader alike.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a page that cannot be read fails the test"
)]

#[path = "../../credential/tests/page/mod.rs"]
mod page;

use credential::cbor::{Reader, Writer, well_formed};
use credential::cose::CoSigned;
use credential::message::MAX_PAYLOAD;
use credential::{PublicKey, SigningKey};
use documents::{AuthorityCode, Direction, DocumentKind, LaneKind, Scenario, Timestamp};
use page::{blocks, bytes, conforms};
use test_support::SignerChain;
use trust::{
    Approval, Binding, DeskBinding, Face, GateBinding, IssuerBinding, KeyEntry, Role, Root, Terms, TrustList,
    TrustStore, VenueKind, VerifierBinding, links,
};

use AuthorityCode::{Chn, Hkg, Mac};

fn example_key(name: &str) -> PublicKey {
    let table = blocks("keys").concat();
    let row = table.lines().find(|line| line.starts_with(name)).unwrap();
    PublicKey::from_bytes(&hex::decode(row.rsplit(' ').next().unwrap()).unwrap()).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-03-02T10:00:00+08:00")
}

fn entry(role: Role, kid: &[u8], key: &[u8]) -> KeyEntry {
    let (from, to) = (at("2026-01-01T00:00:00+08:00"), at("2027-01-01T00:00:00+08:00"));
    let gate = (role == Role::Gate).then(|| Binding::Gate(bound()));
    let binding = gate.or_else(|| (role == Role::Desk).then(|| Binding::Desk(desk())));
    KeyEntry { role, kid: kid.to_vec(), key: key.to_vec(), from, to, compromised: false, binding }
}

/// A lane that is turned between two directions.
fn bound() -> GateBinding {
    let way = Direction::new(Chn, Mac).unwrap();
    let lanes = [LaneKind::Manual, LaneKind::Code];
    GateBinding::new("hengqin".parse().unwrap(), lanes, [way.reversed(), way], false).unwrap()
}

fn single(key: &SigningKey) -> Root {
    Root::of(1, [("root", *key.public())]).unwrap()
}

/// A hotel that has visitors too.
fn desk() -> DeskBinding {
    let scenarios = [Scenario::HotelCheckIn, Scenario::BuildingVisit];
    DeskBinding::new("hotel-example".parse().unwrap(), VenueKind::Hotel, scenarios).unwrap()
}

/// An issuer of another system, in both forms of credentials.
fn foreign() -> KeyEntry {
    let types =
        ["sd-jwt:urn:example:identity:1", "mdoc:org.iso.23220.photoID.1"].map(|one| one.parse().unwrap());
    let root = SignerChain::new("Identities", &["id.example"], None).root;
    let documents = [DocumentKind::Hkid, DocumentKind::Passport];
    let bound = IssuerBinding::new("HK".parse().unwrap(), types, documents, root).unwrap();
    let key = *bound.key();
    KeyEntry {
        binding: Some(Binding::Issuer(bound)),
        ..entry(Role::ForeignIssuer, b"hk-identity", key.as_bytes())
    }
}

/// A verifier of another system, of both forms of credentials.
fn asking() -> KeyEntry {
    let types =
        ["sd-jwt:urn:example:identity:1", "mdoc:org.iso.23220.photoID.1"].map(|one| one.parse().unwrap());
    let root = SignerChain::new("Ministry", &["ministry.example"], None).root;
    let bound = VerifierBinding::new("HK".parse().unwrap(), types, root).unwrap();
    let key = *bound.key();
    KeyEntry {
        binding: Some(Binding::Verifier(bound)),
        ..entry(Role::ForeignVerifier, b"hk-ministry", key.as_bytes())
    }
}

/// The example approval of the page as one of form 2, at a hotel.
fn of_venue(approval: Approval) -> Approval {
    Approval {
        scenario: Scenario::HotelCheckIn,
        ports: vec![],
        claims: vec!["name".to_owned(), "nationality".to_owned()],
        terms: Some(Terms {
            venues: vec!["hotel-example".parse().unwrap()],
            purposes: vec!["guest-register".to_owned()],
            face: Face::Compared { other_way: "staff look at the document".to_owned() },
        }),
        ..approval
    }
}

/// The example's supervisors, whose key ids count on from `first`.
fn example_root(name: &str, first: usize) -> Root {
    let key = |n: usize| (format!("CHN-{}", n + first - 1), example_key(&format!("{name} {n}")));
    Root::of(2, (1..=3).map(key)).unwrap()
}

/// The payload of the newest list of a chain.
fn payload(chain: &[u8]) -> &[u8] {
    CoSigned::parse(links(chain).unwrap().0, MAX_PAYLOAD).unwrap().unverified_payload()
}

/// A store with the example's list of CHN, and one of HKG with its approval key.
fn store() -> TrustStore {
    let root = SigningKey::generate().unwrap();
    let roots = [(Chn, example_root("CHN supervisor", 1)), (Hkg, single(&root))];
    let mut store = TrustStore::new(&roots).unwrap();
    store.update(&bytes("trust-list"), now()).unwrap();
    let list = TrustList {
        authority: Hkg,
        number: 1,
        issued: now(),
        expires: now().plus_seconds(86_400),
        root: single(&root),
        next: None,
        keys: vec![entry(Role::Approval, b"1", example_key("HKG approval").as_bytes())],
    };
    store.update(&list.sign(b"root", &root).unwrap(), now()).unwrap();
    store
}

#[test]
fn the_example_trust_list_is_taken_and_names_the_keys_of_the_page() {
    let signed = bytes("trust-list");
    let payload = payload(&signed);
    let list = TrustList::decode(payload).unwrap();
    assert_eq!(list.encode(), payload);
    assert_eq!((list.authority, list.number), (Chn, 12));
    assert_eq!(list.root, example_root("CHN supervisor", 1));
    assert_eq!(list.next, Some(example_root("CHN next", 4)));
    let store = store();
    let gate = b"shenzhen-bay/CHN-HKG/3";
    for (role, kid, name) in [
        (Role::Token, &[7][..], "issuer CHN token"),
        (Role::Verdict, b"1", "CHN verdict"),
        (Role::Handover, b"1", "CHN handover"),
        (Role::Status, b"1", "CHN status"),
        (Role::Approval, b"1", "CHN approval"),
        (Role::Gate, gate, "gate"),
    ] {
        assert_eq!(store.find(Chn, role, kid, now()).unwrap().public(), &example_key(name), "{name}");
    }
    assert_eq!(store.part_key(Chn, now()).unwrap().len(), 65);
    let way = Direction::new(Chn, Hkg).unwrap();
    let expected = GateBinding::code_lane("shenzhen-bay".parse().unwrap(), way, true);
    assert_eq!(store.gate(Chn, gate, now()).unwrap().1, &expected);
}

#[test]
fn the_example_approval_opens_and_covers_its_port_alone() {
    let approval = Approval::open(&bytes("approval"), &store(), now()).unwrap();
    let port = "shenzhen-bay".parse().unwrap();
    let out = Direction::new(Chn, Hkg).unwrap();
    assert_eq!(approval.id, "2026-001");
    assert!(approval.covers(Scenario::BorderCrossing, &port, out, now()));
    assert!(approval.covers(Scenario::BorderCrossing, &port, out.reversed(), now()));
    let elsewhere = Direction::new(Chn, Mac).unwrap();
    assert!(!approval.covers(Scenario::BorderCrossing, &port, elsewhere, now()));
    assert!(!approval.covers(Scenario::BorderCrossing, &"hengqin".parse().unwrap(), out, now()));
}

#[test]
fn every_list_that_is_written_is_what_the_grammar_says() {
    for (rule, name) in [("trust-chain", "trust-list"), ("approval-bundle", "approval")] {
        conforms(rule, &bytes(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(well_formed(&bytes(name)), Ok(()), "{name}");
    }
    let key = SigningKey::generate().unwrap();
    let mut keys: Vec<KeyEntry> = Role::ALL
        .into_iter()
        .filter(|role| !matches!(role, Role::Part | Role::ForeignIssuer | Role::ForeignVerifier))
        .map(|role| entry(role, b"1", key.public().as_bytes()))
        .collect();
    keys.push(entry(Role::Part, b"", &[4; 65]));
    keys.push(foreign());
    keys.push(asking());
    keys.push(KeyEntry { compromised: true, ..entry(Role::Gate, &[7; 64], key.public().as_bytes()) });
    let (root, next) = (single(&key), Some(example_root("CHN next", 4)));
    let mut list =
        TrustList { authority: Mac, number: 0, issued: now(), expires: Timestamp::MAX, root, next, keys };
    conforms("trust-chain", &list.sign(b"root", &key).unwrap()).unwrap();
    list.keys.clear();
    list.next = None;
    conforms("trust-chain", &list.sign(b"root", &key).unwrap()).unwrap();
    let approval = Approval::open(&bytes("approval"), &store(), now()).unwrap();
    conforms("approval", &approval.sign(b"1", &key).unwrap()).unwrap();
    for approval in [approval.clone(), of_venue(approval)] {
        let bundle = Approval::bundle(&[(Chn, approval.sign(b"1", &key).unwrap())]);
        conforms("approval-bundle", &bundle).unwrap();
    }
}

#[test]
fn a_changed_list_is_refused_by_grammar_and_reader() {
    let key = SigningKey::generate().unwrap();
    let trust = TrustList {
        authority: Mac,
        number: 3,
        issued: now(),
        expires: Timestamp::MAX,
        root: single(&key),
        next: Some(example_root("CHN next", 4)),
        keys: vec![
            entry(Role::Token, &[1], key.public().as_bytes()),
            entry(Role::Gate, b"hengqin/1", key.public().as_bytes()),
            entry(Role::Desk, b"hotel-example", key.public().as_bytes()),
        ],
    };
    let approval = Approval::open(&bytes("approval"), &store(), now()).unwrap();
    let (mut refused, mut stricter) = (0, 0);
    for (rule, payload) in [
        ("trust-list-payload", trust.encode()),
        ("approval-payload", approval.encode()),
        ("approval-payload", of_venue(approval.clone()).encode()),
    ] {
        conforms(rule, &payload).unwrap();
        for changed in changes(&payload) {
            let reads = match rule {
                "trust-list-payload" => TrustList::decode(&changed).is_ok(),
                _ => Approval::decode(&changed).is_ok(),
            };
            let grammar = conforms(rule, &changed).is_ok();
            // The reader of approvals also wants a filing and a ground for each jurisdiction, which no grammar can say: four
            // changes of each of the two.
            assert!(grammar || !reads, "{rule}: {}", hex::encode(&changed));
            refused += usize::from(!grammar);
            stricter += usize::from(grammar && !reads);
        }
    }
    assert!(refused > 80, "{refused} changes were refused by both");
    assert!(stricter <= 8, "{stricter} changes were refused by the reader alone");
    // A key bound to a place that is no gate's, a gate's that is bound to none, a place in two forms.
    let (token, gate, desk) = (&trust.keys[0], &trust.keys[1], &trust.keys[2]);
    let (issuer, verifier) = (foreign(), asking());
    for entry in [
        KeyEntry { binding: Some(Binding::Gate(bound())), ..token.clone() },
        KeyEntry { binding: None, ..gate.clone() },
        KeyEntry { role: Role::Verdict, ..gate.clone() },
        KeyEntry { role: Role::Desk, ..gate.clone() },
        KeyEntry { role: Role::Gate, ..desk.clone() },
        KeyEntry { role: Role::Venue, ..desk.clone() },
        KeyEntry { binding: None, ..desk.clone() },
        KeyEntry { binding: None, ..verifier.clone() },
        KeyEntry { role: Role::ForeignVerifier, ..issuer.clone() },
        KeyEntry { role: Role::ForeignIssuer, ..verifier.clone() },
        KeyEntry { role: Role::Counter, ..verifier.clone() },
    ] {
        let list = TrustList { keys: vec![entry], ..trust.clone() };
        assert!(conforms("trust-list-payload", &list.encode()).is_err());
        assert!(TrustList::decode(&list.encode()).is_err());
    }
    let encoded = hex::encode(trust.encode());
    let (lanes, turned) = ("820002", "820200");
    assert_eq!(encoded.matches(lanes).count(), 1);
    assert!(TrustList::decode(&hex::decode(encoded.replace(lanes, turned)).unwrap()).is_err(), "one order");
    // A key of another length than its role's.
    let (good, bad) = (KeyEntry { key: vec![2; 33], ..trust.keys[0].clone() }, vec![2; 34]);
    for (role, key, fits) in [
        (Role::Token, good.key.clone(), true),
        (Role::Token, bad.clone(), false),
        (Role::Part, good.key.clone(), false),
        (Role::Part, vec![4; 65], true),
    ] {
        let list = TrustList { keys: vec![KeyEntry { role, key, ..good.clone() }], ..trust.clone() };
        assert_eq!(conforms("trust-list-payload", &list.encode()).is_ok(), fits, "{role:?}");
        assert_eq!(TrustList::decode(&list.encode()).is_ok(), fits, "{role:?}");
    }
}

/// Every item inside taken out, or replaced by -1, which is valid nowhere; and the same inside each item.
fn changes(item: &[u8]) -> Vec<Vec<u8>> {
    if item.first().is_none_or(|head| head >> 5 != 4) {
        return Vec::new();
    }
    let mut reader = Reader::new(item);
    let count = reader.array(usize::MAX).unwrap();
    let items: Vec<&[u8]> = (0..count).map(|_| reader.skip().unwrap()).collect();
    let joined = |items: &[&[u8]]| {
        let mut w = Writer::new();
        w.array(items.len());
        items.iter().for_each(|item| {
            w.raw(item);
        });
        w.finish()
    };
    let mut out = vec![joined(&[items.as_slice(), &[&[0x20]]].concat())];
    for (at, inner) in items.iter().enumerate() {
        for new in std::iter::once(vec![0x20]).chain(changes(inner)) {
            let mut changed = items.clone();
            changed[at] = &new;
            out.push(joined(&changed));
        }
        let mut fewer = items.clone();
        fewer.remove(at);
        out.push(joined(&fewer));
    }
    out
}
