//! Whatever is issued, and whatever of it is chosen: a verifier sees exactly that.

use credential::sd_cwt::{
    Blueprint, Element, Encoding, Entry, Expected, Held, HolderError, IssueError, Key, KeyBinding,
    UnverifiedPresentation, Value, VerifyError, issue, label,
};
use credential::{CryptoError, SigningKey, VerifyingKey};
use documents::Timestamp;
use proptest::prelude::*;

const ISSUED: i64 = 1_800_000_000;

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(|number| Value::Int(number.into())),
        any::<u64>().prop_map(|number| Value::Int(-1 - i128::from(number))),
        ".{0,12}".prop_map(Value::Text),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
        any::<bool>().prop_map(Value::Bool),
        Just(Value::Null),
        Just(Value::Array(vec![Value::Int(1), Value::Map(vec![("k".into(), Value::Null)])])),
        Just(Value::Tag(1, Box::new(Value::Int(5)))),
    ]
}

fn blueprint() -> impl Strategy<Value = Blueprint> {
    leaf().prop_map(Blueprint::Whole).prop_recursive(3, 24, 4, |inner| {
        let element = (0..3_u8, inner.clone()).prop_map(|(how, inner)| match how {
            0 => Element::Shown(inner),
            1 => Element::Redacted(inner),
            _ => Element::Decoy,
        });
        prop_oneof![
            proptest::collection::vec(element, 0..4).prop_map(Blueprint::Array),
            entries(inner).prop_map(Blueprint::Map),
        ]
    })
}

/// Entries with keys that differ: the place of each, as a number or a text.
fn entries(inner: impl Strategy<Value = Blueprint>) -> impl Strategy<Value = Vec<Entry>> {
    proptest::collection::vec((0..3_u8, any::<bool>(), inner), 0..4).prop_map(|drawn| {
        let keyed = drawn.into_iter().enumerate();
        keyed
            .map(|(place, (how, number, inner))| {
                let key = if number {
                    Key::Int(1000 + i64::try_from(place).unwrap())
                } else {
                    Key::Text(format!("key {place}"))
                };
                match how {
                    0 => Entry::Shown(key, inner),
                    1 => Entry::Redacted(key, inner),
                    _ => Entry::Decoy,
                }
            })
            .collect()
    })
}

/// How many disclosures a value has in it.
fn count(blueprint: &Blueprint) -> usize {
    match blueprint {
        Blueprint::Whole(_) => 0,
        Blueprint::Array(elements) => elements
            .iter()
            .map(|element| match element {
                Element::Shown(inner) => count(inner),
                Element::Redacted(inner) => count(inner) + 1,
                Element::Decoy => 1,
            })
            .sum(),
        Blueprint::Map(entries) => entries
            .iter()
            .map(|entry| match entry {
                Entry::Shown(_, inner) => count(inner),
                Entry::Redacted(_, inner) => count(inner) + 1,
                Entry::Decoy => 1,
            })
            .sum(),
    }
}

/// What a verifier must see, told from the blueprint alone: disclosures are numbered as they are made, a child before its
/// parent.
struct Oracle<'c> {
    wanted: &'c [bool],
    next: usize,
    /// The disclosures that can be shown: wanted, no decoys, and so with all around them.
    shown: Vec<usize>,
}

impl Oracle<'_> {
    fn value(&mut self, blueprint: &Blueprint, around: bool) -> Value {
        match blueprint {
            Blueprint::Whole(value) => value.clone(),
            Blueprint::Array(elements) => {
                let mut items = Vec::new();
                for element in elements {
                    match element {
                        Element::Shown(inner) => items.push(self.value(inner, around)),
                        Element::Redacted(inner) => items.extend(self.redacted(inner, around)),
                        Element::Decoy => self.next += 1,
                    }
                }
                Value::Array(items)
            }
            Blueprint::Map(entries) => Value::Map(self.map(entries, around)),
        }
    }

    fn map(&mut self, entries: &[Entry], around: bool) -> Vec<(Key, Value)> {
        let mut pairs = Vec::new();
        for entry in entries {
            match entry {
                Entry::Shown(key, inner) => pairs.push((key.clone(), self.value(inner, around))),
                Entry::Redacted(key, inner) => {
                    pairs.extend(self.redacted(inner, around).map(|value| (key.clone(), value)));
                }
                Entry::Decoy => self.next += 1,
            }
        }
        pairs
    }

    fn redacted(&mut self, inner: &Blueprint, around: bool) -> Option<Value> {
        let own = self.next + count(inner);
        let seen = around && self.wanted.get(own).copied().unwrap_or(false);
        let value = self.value(inner, seen);
        self.next = own + 1;
        if seen {
            self.shown.push(own);
        }
        seen.then_some(value)
    }
}

/// The same value with the pairs of its maps in one order.
fn ordered(value: &Value) -> Value {
    match value {
        Value::Map(pairs) => {
            let mut pairs: Vec<_> = pairs.iter().map(|(key, value)| (key.clone(), ordered(value))).collect();
            pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Map(pairs)
        }
        Value::Array(items) => Value::Array(items.iter().map(ordered).collect()),
        Value::Tag(tag, inner) => Value::Tag(*tag, Box::new(ordered(inner))),
        Value::Int(_)
        | Value::Bytes(_)
        | Value::Text(_)
        | Value::Bool(_)
        | Value::Null
        | Value::Undefined
        | Value::Float(_) => value.clone(),
    }
}

/// Salts that count, so that none comes twice.
pub fn counting() -> impl FnMut() -> Result<[u8; 16], CryptoError> {
    let mut next = 0_u128;
    move || {
        next += 1;
        Ok(next.to_be_bytes())
    }
}

fn open(device: &SigningKey) -> Vec<Entry> {
    let (x, odd) = device.public().x_and_sign();
    let key = Value::Map(vec![
        (1.into(), Value::Int(2)),
        (Key::Int(-1), Value::Int(1)),
        (Key::Int(-2), Value::Bytes(x.to_vec())),
        (Key::Int(-3), Value::Bool(odd)),
    ]);
    let whole = |label: i64, value| Entry::Shown(label.into(), Blueprint::Whole(value));
    vec![
        whole(label::ISS, Value::text("https://issuer.example")),
        whole(label::EXP, Value::Int((ISSUED + 86_400).into())),
        whole(label::IAT, Value::Int(ISSUED.into())),
        whole(label::CNF, Value::Map(vec![(1.into(), key)])),
        Entry::Redacted(label::SUB.into(), Blueprint::Whole(Value::text("subject"))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_chosen_of_whatever_is_issued_a_verifier_sees_exactly_that(
        drawn in entries(blueprint()), wanted in proptest::collection::vec(any::<bool>(), 80),
    ) {
        let (issuer, device) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let key = VerifyingKey::new(*issuer.public()).unwrap();
        let mut claims = open(&device);
        claims.extend(drawn);
        let token = issue(&claims, b"k", &issuer, &mut counting()).unwrap();
        let held = Held::receive(&token, Encoding::Deterministic, &key, device.public(), None).unwrap();

        let all = vec![true; 1000];
        let mut oracle = Oracle { wanted: &all, next: 0, shown: Vec::new() };
        let whole = Value::Map(oracle.map(&claims, true));
        prop_assert!(ordered(held.claims()) == ordered(&whole), "what the holder has");
        prop_assert_eq!(held.disclosures().count(), oracle.next);

        let mut oracle = Oracle { wanted: &wanted, next: 0, shown: Vec::new() };
        let expected = Value::Map(oracle.map(&claims, true));
        let made = Timestamp::from_unix(ISSUED + 60).unwrap();
        let binding = KeyBinding { audience: "a", made, cnonce: Some(b"n"), further: &[] };
        let presented = held.present(&oracle.shown, &binding, &device).unwrap();
        let parsed = UnverifiedPresentation::parse(&presented, Encoding::Deterministic).unwrap();
        let verified = parsed.verify(&key, &Expected { audiences: &["a"], cnonce: Some(b"n"), now: made }).unwrap();
        prop_assert!(ordered(verified.claims()) == ordered(&expected), "what the verifier sees");
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let tagged = [&[0xd2, 0x84, 0x43, 0xa1, 0x01, 0x28], bytes.as_slice()].concat();
        for encoding in [Encoding::Any, Encoding::Deterministic] {
            let _ = UnverifiedPresentation::parse(&bytes, encoding);
            let _ = UnverifiedPresentation::parse(&tagged, encoding);
        }
    }
}

#[test]
fn the_order_of_hashes_tells_nothing_of_the_order_of_claims() {
    let (issuer, device) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let mut claims = open(&device);
    claims.extend((0..8).map(|n| Entry::Redacted((500 + n).into(), Blueprint::Whole(Value::Int(n.into())))));
    let token = issue(&claims, b"k", &issuer, &mut counting()).unwrap();
    let parsed = credential::sd_cwt::SdCwt::parse(&token, Encoding::Deterministic).unwrap();
    let hashes = parsed.unverified_payload().get(Key::Redacted).cloned();
    let Some(Value::Array(hashes)) = hashes else { panic!("no hashes") };
    let hashes: Vec<_> = hashes.iter().map(|hash| hash.as_bytes().unwrap().to_vec()).collect();
    assert!(hashes.is_sorted());
    assert_eq!(hashes.len(), 9);
}

#[test]
fn what_no_holder_would_take_is_never_signed() {
    let (issuer, device) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let whole = |value| Blueprint::Whole(value);
    let with = |entry: Entry| {
        let mut claims = open(&device);
        claims.push(entry);
        issue(&claims, b"k", &issuer, &mut counting()).err()
    };
    assert_eq!(with(Entry::Decoy), None);
    let exp = with(Entry::Redacted(label::CTI.into(), whole(Value::Bytes(vec![1]))));
    assert!(matches!(exp, Some(IssueError::Refused(HolderError::Token(VerifyError::Placing(_))))));
    assert!(matches!(
        with(Entry::Shown(label::IAT.into(), whole(Value::Int(1)))),
        Some(IssueError::Refused(_))
    ));
    assert!(matches!(
        with(Entry::Redacted(label::SUB.into(), whole(Value::text("x")))),
        Some(IssueError::Refused(_))
    ));
    let nbf = with(Entry::Shown(label::NBF.into(), whole(Value::Int((ISSUED + 1).into()))));
    assert!(matches!(nbf, Some(IssueError::Refused(_))), "begins after it is issued");
    for value in [
        Value::Tag(60, Box::new(Value::Null)),
        Value::Tag(58, Box::new(Value::Null)),
        Value::Array(vec![Value::Map(vec![(Key::Redacted, Value::Null)])]),
    ] {
        assert_eq!(with(Entry::Shown(500.into(), whole(value))), Some(IssueError::NotWhole));
    }
    assert_eq!(with(Entry::Shown(Key::Redacted, whole(Value::Null))), Some(IssueError::NotWhole));
    let deep = (0..17).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
    assert!(matches!(with(Entry::Shown(500.into(), whole(deep))), Some(IssueError::Refused(_))));
    let long = Key::Text("k".repeat(256));
    assert!(matches!(with(Entry::Redacted(long, whole(Value::Null))), Some(IssueError::Refused(_))));
    let mut claims = open(&device);
    claims.push(Entry::Decoy);
    let same = issue(&claims, b"k", &issuer, &mut || Ok([7; 16]));
    assert_eq!(same, Err(IssueError::SaltRepeated));
    let failing = issue(&claims, b"k", &issuer, &mut || Err(CryptoError::Random));
    assert_eq!(failing, Err(IssueError::Crypto(CryptoError::Random)));
    claims.remove(4);
    let nobody = issue(&claims, b"k", &issuer, &mut counting());
    assert_eq!(nobody, Err(IssueError::Refused(HolderError::NoSubject)));
    claims.remove(3);
    assert!(matches!(issue(&claims, b"k", &issuer, &mut counting()), Err(IssueError::Refused(_))), "no key");
}
