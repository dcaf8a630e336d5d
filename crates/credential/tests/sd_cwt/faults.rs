//! Presentations that differ from a good one by one thing, each refused for that thing. The keys are at hand, so every
//! signature is valid but where the row says otherwise.

use credential::cbor::{CborError, Writer};
use credential::sd_cwt::{
    Disclosure, Encoding, Expected, FormError, Held, HolderError, KeyBinding, PlacingError, SdCwt, TimeError,
    UnverifiedPresentation, Value, VerifyError, label,
};
use credential::{SigningKey, VerifyingKey, cose, sha256};

use crate::published::{AUDIENCE, when};

const NBF: i64 = 1_725_243_900;
const IAT: i64 = 1_725_244_200;
const EXP: i64 = 1_725_330_600;
const MADE: i64 = 1_725_244_237;

struct World {
    issuer: SigningKey,
    device: SigningKey,
}

/// What a token says; a row changes one thing of it.
struct Made {
    protected: Vec<u8>,
    unprotected: Vec<u8>,
    payload: Vec<(i64, Vec<u8>)>,
    redacted: Vec<[u8; 32]>,
    binding_extra: Vec<(i64, Vec<u8>)>,
    binding_unprotected: Vec<u8>,
    binding: Vec<(i64, Vec<u8>)>,
    binding_type: u64,
    binding_redacted: bool,
    sloppy: bool,
}

fn text(text: &str) -> Vec<u8> {
    Writer::new().text(text).finish()
}

fn int(number: i64) -> Vec<u8> {
    Writer::new().int(number).finish()
}

fn bytes(of: &[u8]) -> Vec<u8> {
    Writer::new().bytes(of).finish()
}

/// An encoded disclosure of a map's entry.
fn entry(salt: u8, value: &[u8], key: &[u8]) -> Vec<u8> {
    bytes(&Writer::new().array(3).bytes(&[salt; 16]).raw(value).raw(key).finish())
}

fn decoy(salt: u8) -> Vec<u8> {
    bytes(&Writer::new().array(1).bytes(&[salt; 16]).finish())
}

fn disclosures(of: &[&[u8]]) -> Vec<u8> {
    let mut w = Writer::new();
    w.map(1).int(17).array(of.len());
    for one in of {
        w.raw(one);
    }
    w.finish()
}

fn header(pairs: &[(i64, Vec<u8>)]) -> Vec<u8> {
    let mut w = Writer::new();
    w.map(pairs.len());
    for (label, value) in pairs {
        w.int(*label).raw(value);
    }
    w.finish()
}

/// The map of some claims, and of the hashes behind simple(59).
fn claims(pairs: &[(i64, Vec<u8>)], redacted: &[[u8; 32]]) -> Vec<u8> {
    let mut w = Writer::new();
    w.map(pairs.len() + usize::from(!redacted.is_empty()));
    for (label, value) in pairs {
        w.int(*label).raw(value);
    }
    if !redacted.is_empty() {
        w.raw(&[0xf8, 59]).array(redacted.len());
        for hash in redacted {
            w.bytes(hash);
        }
    }
    w.finish()
}

fn cose_key(key: &SigningKey) -> Vec<u8> {
    let (x, odd) = key.public().x_and_sign();
    let mut w = Writer::new();
    w.map(1).int(1).map(4).int(1).int(2).int(-1).int(1).int(-2).bytes(&x).int(-3).bool(odd);
    w.finish()
}

fn sign1(key: &SigningKey, protected: &[u8], unprotected: &[u8], payload: &[u8]) -> Vec<u8> {
    let signature = key.sign(&cose::sig_structure(protected, &[], payload)).unwrap();
    let mut w = Writer::new();
    w.tag(18).array(4).bytes(protected).raw(unprotected).bytes(payload).bytes(&signature);
    w.finish()
}

impl World {
    fn new() -> Self {
        Self { issuer: SigningKey::generate().unwrap(), device: SigningKey::generate().unwrap() }
    }

    fn key(&self) -> VerifyingKey {
        VerifyingKey::new(*self.issuer.public()).unwrap()
    }

    fn good(&self) -> Made {
        let shown = entry(1, &int(7), &int(500));
        Made {
            protected: header(&[(1, int(-9)), (4, bytes(b"k")), (16, int(293))]),
            unprotected: disclosures(&[&shown]),
            payload: vec![
                (label::ISS, text("https://issuer.example")),
                (label::SUB, text("subject")),
                (label::EXP, int(EXP)),
                (label::NBF, int(NBF)),
                (label::IAT, int(IAT)),
                (label::CNF, cose_key(&self.device)),
            ],
            redacted: vec![sha256(&shown), sha256(&entry(2, &int(8), &int(501))), sha256(&decoy(3))],
            binding_extra: Vec::new(),
            binding_unprotected: vec![0xa0],
            binding: vec![
                (label::AUD, text(AUDIENCE)),
                (label::IAT, int(MADE)),
                (label::CNONCE, bytes(b"nonce")),
            ],
            binding_type: 294,
            binding_redacted: false,
            sloppy: false,
        }
    }

    fn token(&self, made: &Made) -> Vec<u8> {
        sign1(&self.issuer, &made.protected, &made.unprotected, &claims(&made.payload, &made.redacted))
    }

    fn present(&self, made: &Made) -> Vec<u8> {
        let token = self.token(made);
        let mut pairs = vec![(1, int(-9)), (13, token)];
        pairs.extend(made.binding_extra.iter().cloned());
        pairs.push((16, Writer::new().uint(made.binding_type).finish()));
        let redacted = if made.binding_redacted { vec![[0; 32]] } else { Vec::new() };
        let mut payload = claims(&made.binding, &redacted);
        if made.sloppy {
            // A map of indefinite length in the place of a definite one.
            payload[0] = 0xbf;
            payload.push(0xff);
        }
        sign1(&self.device, &header(&pairs), &made.binding_unprotected, &payload)
    }

    fn verify(&self, made: &Made) -> Result<Value, VerifyError> {
        let presented = self.present(made);
        let parsed = UnverifiedPresentation::parse(&presented, Encoding::Any)?;
        let wanted = Expected { audiences: &[AUDIENCE], cnonce: Some(b"nonce"), now: when(MADE) };
        parsed.verify(&self.key(), &wanted).map(|verified| verified.claims().clone())
    }

    /// What the verifier says of the good token with this change.
    fn row(&self, change: impl FnOnce(&mut Made)) -> Result<(), VerifyError> {
        let mut made = self.good();
        change(&mut made);
        self.verify(&made).map(drop)
    }
}

fn set(pairs: &mut Vec<(i64, Vec<u8>)>, label: i64, value: Vec<u8>) {
    match pairs.iter_mut().find(|(known, _)| *known == label) {
        Some((_, known)) => *known = value,
        None => pairs.push((label, value)),
    }
}

fn unset(pairs: &mut Vec<(i64, Vec<u8>)>, label: i64) {
    pairs.retain(|(known, _)| *known != label);
}

#[test]
fn a_presentation_without_a_fault_shows_what_was_disclosed_and_nothing_that_was_not() {
    let world = World::new();
    let claims = world.verify(&world.good()).unwrap();
    assert_eq!((claims.get(500), claims.get(501)), (Some(&Value::Int(7)), None));
    assert_eq!(claims.as_map().unwrap().len(), 7);
}

#[test]
fn disclosures_that_do_not_belong_to_the_token_are_refused() {
    use PlacingError::*;
    let world = World::new();
    let (shown, hidden) = (entry(1, &int(7), &int(500)), entry(2, &int(8), &int(501)));
    let placing = |error| Err(VerifyError::Placing(error));
    let with = |of: &[&[u8]]| {
        let unprotected = disclosures(of);
        world.row(|made| made.unprotected = unprotected)
    };
    assert_eq!(with(&[&shown, &hidden]), Ok(()));
    assert_eq!(with(&[&shown, &entry(9, &int(7), &int(500))]), placing(NoHash), "no hash");
    assert_eq!(with(&[&entry(1, &int(6), &int(500))]), placing(NoHash), "another value");
    assert_eq!(with(&[&shown, &shown]), placing(DisclosureRepeated));
    assert_eq!(with(&[&decoy(3)]), placing(Decoy));
    assert_eq!(with(&[&bytes(b"x")]), Err(FormError::Disclosure(CborError::Unexpected).into()));
    assert_eq!(with(&[]), Err(FormError::NoDisclosures.into()));
    assert_eq!(world.row(|made| made.unprotected = vec![0xa0]), Ok(()), "nothing disclosed");
    // A child whose parent is withheld.
    let child = entry(4, &int(1), &int(1));
    let map = Writer::new().map(1).raw(&[0xf8, 59]).array(1).bytes(&sha256(&child)).finish();
    let parent = entry(5, &map, &int(502));
    let nested = |of: &[&[u8]]| {
        let unprotected = disclosures(of);
        world.row(|made| {
            made.redacted.push(sha256(&parent));
            made.unprotected = unprotected;
        })
    };
    assert_eq!(nested(&[&child, &parent]), Ok(()));
    assert_eq!(nested(&[&child]), placing(NoHash), "parent withheld");
    assert_eq!(world.row(|made| made.redacted.push(made.redacted[1])), placing(HashRepeated));
    let twice = entry(6, &int(9), &int(500));
    let key_twice = world.row(|made| {
        made.redacted.push(sha256(&twice));
        made.unprotected = disclosures(&[&shown, &twice]);
    });
    assert_eq!(key_twice, placing(KeyRepeated));
    let (cti, never) = (entry(7, &bytes(b"id"), &int(label::CTI)), NeverRedacted { label: label::CTI });
    let redacted_cti = world.row(|made| {
        made.redacted.push(sha256(&cti));
        made.unprotected = disclosures(&[&cti]);
    });
    assert_eq!(redacted_cti, placing(never));
}

#[test]
fn a_token_of_another_form_is_refused() {
    use FormError::*;
    let world = World::new();
    let form = |error: FormError| Err(VerifyError::Form(error));
    let protected = |pairs: &[(i64, Vec<u8>)]| {
        let header = header(pairs);
        world.row(|made| made.protected = header)
    };
    let (alg, kid, typ) = ((1, int(-9)), (4, bytes(b"k")), (16, int(293)));
    assert_eq!(protected(&[alg.clone(), kid.clone(), (16, text("application/sd-cwt"))]), Ok(()));
    assert_eq!(protected(&[alg.clone(), kid.clone(), (16, text("application/x+sd-cwt"))]), Ok(()));
    assert_eq!(protected(&[(1, int(-7)), kid.clone(), typ.clone()]), Ok(()), "ES256");
    for (row, pairs, expected) in [
        ("other type", vec![alg.clone(), (16, int(294))], Type),
        ("no type", vec![alg.clone(), kid.clone()], Type),
        ("no algorithm", vec![kid.clone(), typ.clone()], Algorithm),
        ("crit", vec![alg.clone(), (2, vec![0x81, 0x01]), typ.clone()], Header { label: 2 }),
        ("kcwt", vec![alg.clone(), (13, int(0)), typ.clone()], Header { label: 13 }),
        ("SHA-512", vec![alg.clone(), typ.clone(), (170, int(-44))], HashAlgorithm),
        ("disclosures", vec![alg.clone(), typ.clone(), (17, vec![0x80])], Header { label: 17 }),
        ("redacted", vec![alg.clone(), typ.clone(), (99, vec![0xd8, 60, 0x40])], Redaction),
        ("claims no map", vec![alg.clone(), (15, int(1)), typ.clone()], Header { label: 15 }),
        ("twice", vec![alg.clone(), typ.clone(), typ.clone()], Cbor(CborError::Keys)),
        ("another iss", vec![alg.clone(), (15, claims(&[(1, text("x"))], &[])), typ.clone()], Contradiction),
    ] {
        assert_eq!(protected(&pairs), form(expected), "row {row}");
    }
    let same = (15, claims(&[(1, text("https://issuer.example"))], &[]));
    assert_eq!(protected(&[alg.clone(), same, typ.clone()]), Ok(()), "header 15 as in the payload");
    assert_eq!(
        protected(&[(1, int(-35)), kid.clone(), typ.clone()]),
        Err(VerifyError::IssuerSignature),
        "an algorithm that the key does not have"
    );
    let unprotected = |bytes: Vec<u8>| world.row(|made| made.unprotected = bytes);
    let encrypted =
        Writer::new().map(1).int(171).array(1).array(3).bytes(&[0; 12]).bytes(&[1]).bytes(&[0; 16]).finish();
    assert_eq!(unprotected(encrypted), form(Encrypted));
    assert_eq!(unprotected(header(&[(16, int(293))])), form(Header { label: 16 }));
    assert_eq!(unprotected(header(&[(4, bytes(b"k"))])), form(Header { label: 4 }), "in both headers");
    assert_eq!(unprotected(header(&[(99, int(1)), (99, int(1))])), form(Cbor(CborError::Keys)));
    assert_eq!(unprotected(header(&[(99, vec![0xd8, 60, 0x40])])), form(Redaction));
    let many: Vec<(i64, Vec<u8>)> = (100..165).map(|label| (label, int(1))).collect();
    assert_eq!(unprotected(header(&many)), form(Cbor(CborError::Limit)), "65 headers");
    let payload = |label: i64, value: Vec<u8>| world.row(|made| set(&mut made.payload, label, value));
    assert_eq!(payload(label::ISS, int(1)), form(Claim { label: label::ISS }));
    assert_eq!(payload(label::SUB, bytes(b"x")), form(Claim { label: label::SUB }));
    assert_eq!(payload(label::CTI, text("x")), form(Claim { label: label::CTI }));
    assert_eq!(payload(label::CNF, vec![0xa0]), form(HolderKey));
    assert_eq!(payload(label::CNF, vec![0xa1, 0x03, 0x41, 0x00]), form(HolderKey), "a key id alone");
    assert_eq!(world.row(|made| unset(&mut made.payload, label::CNF)), form(HolderKey));
    let private = {
        let (x, odd) = world.device.public().x_and_sign();
        let mut w = Writer::new();
        w.map(1)
            .int(1)
            .map(5)
            .int(1)
            .int(2)
            .int(-1)
            .int(1)
            .int(-2)
            .bytes(&x)
            .int(-3)
            .bool(odd)
            .int(-4)
            .bytes(&x);
        w.finish()
    };
    assert_eq!(payload(label::CNF, private), form(HolderKey), "a private key in it");
    let twice = world.row(|made| made.payload.push((label::SUB, text("other"))));
    assert_eq!(twice, form(Cbor(CborError::Keys)));
    let deep = [vec![0x81; 16], vec![0]].concat();
    assert_eq!(payload(502, deep), form(Cbor(CborError::Limit)));
}

#[test]
fn a_key_binding_token_of_another_form_is_refused() {
    use FormError::*;
    let world = World::new();
    let form = |error: FormError| Err(VerifyError::Form(error));
    let binding = |label: i64, value: Vec<u8>| world.row(|made| set(&mut made.binding, label, value));
    assert_eq!(binding(label::ISS, text("x")), form(Forbidden { label: label::ISS }));
    assert_eq!(binding(label::SUB, text("x")), form(Forbidden { label: label::SUB }));
    assert_eq!(world.row(|made| unset(&mut made.binding, label::AUD)), form(Claim { label: label::AUD }));
    assert_eq!(binding(label::AUD, vec![0x81, 0x61, b'x']), form(Claim { label: label::AUD }));
    assert_eq!(binding(label::CNONCE, text("nonce")), form(Claim { label: label::CNONCE }));
    assert_eq!(binding(500, vec![0xd8, 60, 0x40]), form(Redaction), "tag 60");
    assert_eq!(binding(500, vec![0xd8, 58, 0x00]), form(Redaction), "tag 58");
    assert_eq!(binding(500, vec![0xa1, 0xf8, 59, 0x80]), form(Redaction), "simple(59) within");
    assert_eq!(world.row(|made| made.binding_redacted = true), form(Redaction));
    assert_eq!(world.row(|made| made.sloppy = true), form(Cbor(CborError::NotDeterministic)), "indefinite");
    assert_eq!(world.row(|made| made.binding_type = 293), form(Type));
    let claims_header = (15, claims(&[(500, int(1))], &[]));
    assert_eq!(world.row(|made| made.binding_extra.push(claims_header)), form(Header { label: 15 }));
    let unsigned = header(&[(99, int(1))]);
    assert_eq!(world.row(|made| made.binding_unprotected = unsigned), form(Header { label: 99 }));
    // The SD-CWT by itself, and a presentation without its tag.
    let good = world.present(&world.good());
    let token = world.token(&world.good());
    assert_eq!(UnverifiedPresentation::parse(&token, Encoding::Any).err(), form(Type).err());
    let untagged = UnverifiedPresentation::parse(&good[1..], Encoding::Any).err();
    assert_eq!(untagged, form(Cbor(CborError::Unexpected)).err());
    let within = SdCwt::parse(&good, Encoding::Any).err();
    assert_eq!(within, Some(Type), "a presentation is no SD-CWT");
}

#[test]
fn times_out_of_order_are_refused() {
    use TimeError::*;
    let world = World::new();
    let time = |error| Err(VerifyError::Time(error));
    let payload = |label: i64, value: i64| world.row(|made| set(&mut made.payload, label, int(value)));
    let binding = |label: i64, value: i64| world.row(|made| set(&mut made.binding, label, int(value)));
    assert_eq!(payload(label::NBF, IAT + 1), time(Order), "nbf after iat");
    assert_eq!(payload(label::EXP, IAT), time(Order), "iat at exp");
    assert_eq!(binding(label::IAT, NBF - 1), time(Binding), "made before nbf");
    assert_eq!(binding(label::IAT, IAT - 1), time(Binding), "made before the token");
    assert_eq!(binding(label::IAT, EXP), time(Binding), "made at exp");
    assert_eq!(binding(label::EXP, EXP + 1), time(Binding), "reaches beyond the token");
    assert_eq!(binding(label::NBF, NBF - 1), time(Binding), "begins before the token");
    assert_eq!(binding(label::EXP, MADE), time(Order), "ends as it is made");
    assert_eq!(binding(label::NBF, MADE + 1), time(Order), "begins after it is made");
    assert_eq!(binding(label::EXP, MADE + 1), Ok(()));
    let text_exp = world.row(|made| set(&mut made.payload, label::EXP, text("tomorrow")));
    assert_eq!(text_exp, time(NotATime { label: label::EXP }));
    let without = |cti: bool| {
        world.row(|made| {
            unset(&mut made.binding, label::IAT);
            if cti {
                made.binding.push((label::CTI, bytes(b"id")));
            }
        })
    };
    assert_eq!((without(false), without(true)), (time(NoIssueTime), Ok(())));
    let good = world.present(&world.good());
    for (now, expected) in [(EXP, Some(Expired)), (NBF - 1, Some(NotYet)), (EXP - 1, None), (NBF, None)] {
        let parsed = UnverifiedPresentation::parse(&good, Encoding::Any).unwrap();
        let wanted = Expected { audiences: &[AUDIENCE], cnonce: None, now: when(now) };
        let verified = parsed.verify(&world.key(), &wanted).err();
        assert_eq!(verified, expected.map(VerifyError::Time), "row {now}");
    }
}

#[test]
fn a_presentation_for_another_verifier_nonce_or_key_is_refused() {
    let world = World::new();
    let other = World::new();
    let verify = |made: &Made, by: &World| {
        let presented = by.present(made);
        let wanted = Expected {
            audiences: &[AUDIENCE, "https://second.example"],
            cnonce: Some(b"nonce"),
            now: when(MADE),
        };
        let parsed = UnverifiedPresentation::parse(&presented, Encoding::Any).unwrap();
        parsed.verify(&world.key(), &wanted).map(drop)
    };
    let with = |change: &dyn Fn(&mut Made)| {
        let mut made = world.good();
        change(&mut made);
        verify(&made, &world)
    };
    assert_eq!(
        with(&|made| set(&mut made.binding, label::AUD, text("https://x.example"))),
        Err(VerifyError::Audience)
    );
    assert_eq!(
        with(&|made| set(&mut made.payload, label::AUD, text("https://x.example"))),
        Err(VerifyError::TokenAudience)
    );
    assert_eq!(with(&|made| set(&mut made.payload, label::AUD, text("https://second.example"))), Ok(()));
    assert_eq!(with(&|made| set(&mut made.binding, label::CNONCE, bytes(b"other"))), Err(VerifyError::Nonce));
    assert_eq!(with(&|made| unset(&mut made.binding, label::CNONCE)), Err(VerifyError::Nonce));
    let forged = World { issuer: SigningKey::generate().unwrap(), device: SigningKey::generate().unwrap() };
    assert_eq!(verify(&forged.good(), &forged), Err(VerifyError::IssuerSignature));
    // The token of one device under the signature of another.
    let stolen = World {
        issuer: SigningKey::from_pkcs8(&world.issuer.to_pkcs8().unwrap()).unwrap(),
        device: other.device,
    };
    assert_eq!(verify(&world.good(), &stolen), Err(VerifyError::HolderSignature));
}

#[test]
fn a_holder_takes_whole_tokens_alone_and_shows_what_a_verifier_takes() {
    let world = World::new();
    let mut made = world.good();
    let receive = |made: &Made| {
        Held::receive(&world.token(made), Encoding::Any, &world.key(), world.device.public(), None)
    };
    assert_eq!(receive(&made).err(), Some(HolderError::Undisclosed));
    let (shown, hidden, nothing) = (entry(1, &int(7), &int(500)), entry(2, &int(8), &int(501)), decoy(3));
    made.unprotected = disclosures(&[&shown, &hidden, &nothing]);
    let held = receive(&made).unwrap();
    assert_eq!((held.index_of(500), held.index_of(501), held.index_of(502)), (Some(0), Some(1), None));
    let binding = KeyBinding { audience: AUDIENCE, made: when(MADE), cnonce: None, further: &[] };
    let present =
        |chosen: &[usize], binding: &KeyBinding<'_>| held.present(chosen, binding, &world.device).err();
    assert_eq!(present(&[0, 1], &binding), None);
    assert_eq!(present(&[2], &binding), Some(HolderError::NoClaim), "a decoy");
    assert_eq!(present(&[3], &binding), Some(HolderError::NoClaim), "none of the token's");
    for label in [label::ISS, label::SUB, label::AUD, label::IAT, label::CNONCE] {
        let further = [(label, Value::Int(1))];
        let refused = present(&[0], &KeyBinding { further: &further, ..binding });
        assert_eq!(refused, Some(HolderError::Claim { label }), "row {label}");
    }
    let early = KeyBinding { made: when(IAT - 1), ..binding };
    assert_eq!(present(&[0], &early), Some(HolderError::Time(TimeError::Binding)));
    let stranger = SigningKey::generate().unwrap();
    assert_eq!(held.present(&[0], &binding, &stranger).err(), Some(HolderError::OtherKey));
    unset(&mut made.payload, label::SUB);
    assert_eq!(receive(&made).err(), Some(HolderError::NoSubject));
    let disclosure: Option<(&Disclosure, _)> = held.disclosures().next();
    assert_eq!(disclosure.unwrap().0.encoded(), shown);
    let wrong = Held::receive(
        &World {
            issuer: stranger,
            device: SigningKey::from_pkcs8(&world.device.to_pkcs8().unwrap()).unwrap(),
        }
        .token(&{
            let mut made = world.good();
            made.unprotected = disclosures(&[&shown, &hidden, &nothing]);
            made
        }),
        Encoding::Any,
        &world.key(),
        world.device.public(),
        None,
    );
    assert_eq!(wrong.err(), Some(HolderError::IssuerSignature));
}
