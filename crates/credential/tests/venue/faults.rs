//! Answers that a desk must refuse, each with its own code. The keys are at hand, so every signature is valid but where the
//! row says otherwise.

use credential::cbor::{CborError, Writer};
use credential::sd_cwt::{
    Blueprint, Encoding, Entry, Held, Key, KeyBinding, SdCwt, UnverifiedPresentation, Value, issue, label,
};
use credential::status::Status;
use credential::venue::{
    ClaimForm, ClaimName, CredentialKind, FrameError, PSEUDONYM_LABEL, PresentationError, Pseudonym, Shown,
    UnverifiedAnswer, VenueRequest, answer,
};
use credential::{SigningKey, cose};
use documents::AuthorityCode;

use crate::{Owned, World, salts, set};

use ClaimName::*;

fn array(tokens: &[Vec<u8>]) -> Vec<u8> {
    let mut w = Writer::new();
    w.array(tokens.len());
    for token in tokens {
        w.raw(token);
    }
    w.finish()
}

/// A holder's token around any token of an issuer.
fn around(token: &[u8], payload: &[u8], device: &SigningKey) -> Vec<u8> {
    let protected = Writer::new().map(3).int(1).int(-9).int(13).raw(token).int(16).int(294).finish();
    let signature = device.sign(&cose::sig_structure(&protected, &[], payload)).unwrap();
    Writer::new().tag(18).array(4).bytes(&protected).map(0).bytes(payload).bytes(&signature).finish()
}

fn payload(world: &World, request: &VenueRequest, pseudonym: Pseudonym) -> Vec<u8> {
    let seconds = u64::try_from(world.now.unix()).unwrap();
    let mut w = Writer::new();
    w.map(4).int(3).text(&request.audience()).int(6).uint(seconds);
    w.int(39).bytes(&request.id().cnonce()).int(PSEUDONYM_LABEL).bytes(pseudonym.as_bytes());
    w.finish()
}

fn held(world: &World, owned: &Owned) -> Held {
    let bytes = owned.credential.bytes();
    Held::receive(bytes, Encoding::Deterministic, &world.key(), owned.device.public(), None).unwrap()
}

/// The holder's token that shows these labels, whether the request asks for them or not.
fn shows(world: &World, request: &VenueRequest, owned: &Owned, labels: &[i64]) -> Vec<u8> {
    let held = held(world, owned);
    let chosen: Vec<usize> = labels.iter().map(|label| held.index_of(*label).unwrap()).collect();
    let (audience, cnonce) = (request.audience(), request.id().cnonce());
    let further = [(PSEUDONYM_LABEL, Value::Bytes(world.pseudonym(request).as_bytes().to_vec()))];
    let binding =
        KeyBinding { audience: &audience, made: world.now, cnonce: Some(&cnonce), further: &further };
    held.present(&chosen, &binding, &owned.device).unwrap()
}

fn code(result: Result<impl Sized, PresentationError>) -> &'static str {
    result.err().map_or("taken", |error| error.code())
}

#[test]
fn every_change_of_one_byte_of_an_answer_is_refused() {
    let world = World::new();
    let (identity, age) = (world.credential(CredentialKind::Identity), world.credential(CredentialKind::Age));
    let request = world.request(&[Name, AgeOver18], &[]);
    let bytes = world.answer(&request, &[Name, AgeOver18], &[&identity, &age]);
    assert!(world.verify(&request, &bytes).is_ok());
    for at in 0..bytes.len() {
        for change in [1, 16, 128, 255] {
            let mut changed = bytes.clone();
            changed[at] ^= change;
            assert!(world.verify(&request, &changed).is_err(), "byte {at} changed by {change:02x}");
        }
        assert!(UnverifiedAnswer::parse(&bytes[..at]).is_err(), "cut after {at} bytes");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_eq!(world.verify(&request, &longer).err(), Some(PresentationError::Form(CborError::Trailing)));
}

#[test]
fn an_answer_counts_for_one_venue_and_one_request_alone() {
    let world = World::new();
    let identity = world.credential(CredentialKind::Identity);
    let request = world.request(&[Name], &[BirthDate]);
    let bytes = world.answer(&request, &[Name], &[&identity]);
    let with = |change: fn(&mut VenueRequest)| {
        let mut other = request.clone();
        change(&mut other);
        code(world.verify(&other, &bytes))
    };
    assert_eq!(with(|_| {}), "taken");
    assert_eq!(with(|r| r.venue = "harbour-hotel-macao".parse().unwrap()), "presentation_other_venue");
    assert_eq!(with(|r| r.purpose.push('s')), "presentation_other_request");
    assert_eq!(with(|r| r.retention_days = 31), "presentation_other_request");
    assert_eq!(with(|r| r.face = true), "presentation_other_request");
    assert_eq!(with(|r| r.optional = set(&[])), "presentation_other_request");
    assert_eq!(with(|r| r.ends = r.ends.plus_seconds(-1)), "presentation_other_request");
    let other_nonce = |r: &mut VenueRequest| r.exchange = credential::venue::Exchange::Once([8; 16]);
    assert_eq!(with(other_nonce), "presentation_other_request", "replayed");
}

#[test]
fn what_is_shown_is_what_was_asked_for() {
    let world = World::new();
    let identity = world.credential(CredentialKind::Identity);
    let request = world.request(&[Name, Nationality], &[]);
    let with =
        |labels: &[i64]| world.verify(&request, &array(&[shows(&world, &request, &identity, labels)])).err();
    let (name, nationality) = (Name.label(), Nationality.label());
    assert_eq!(with(&[name, nationality]), None);
    assert_eq!(with(&[name]), Some(PresentationError::Missing { claim: Nationality }));
    assert_eq!(
        with(&[name, nationality, BirthDate.label()]),
        Some(PresentationError::Beyond { claim: BirthDate })
    );
    assert_eq!(with(&[name, nationality, label::SUB]), Some(PresentationError::NoClaim));
    assert_eq!(with(&[]), Some(PresentationError::Idle { kind: CredentialKind::Identity }));
}

#[test]
fn disclosures_that_were_changed_added_repeated_or_are_decoys_are_refused() {
    let world = World::new();
    let identity = world.credential(CredentialKind::Identity);
    let request = world.request(&[Name], &[]);
    let said = payload(&world, &request, world.pseudonym(&request));
    let whole = identity.credential.bytes();
    let opened = array(&[around(whole, &said, &identity.device)]);
    assert_eq!(code(world.verify(&request, &opened)), "presentation_decoy_opened");

    let good = shows(&world, &request, &identity, &[Name.label()]);
    let parsed = UnverifiedPresentation::parse(&good, Encoding::Deterministic).unwrap();
    let shown = parsed.token().disclosures()[0].encoded().to_vec();
    let with = |disclosures: &[Vec<u8>]| {
        // The issuer's signature and payload stay; the disclosures lie in a header that it does not cover.
        let token = SdCwt::parse(whole, Encoding::Deterministic).unwrap();
        let mut header = Writer::new();
        header.map(1).int(17).array(token.disclosures().len());
        for one in token.disclosures() {
            header.raw(one.encoded());
        }
        let old = header.finish();
        let mut header = Writer::new();
        header.map(1).int(17).array(disclosures.len());
        for one in disclosures {
            header.raw(one);
        }
        let at = whole.windows(old.len()).position(|window| window == old).unwrap();
        let token = [&whole[..at], &header.finish(), &whole[at + old.len()..]].concat();
        code(world.verify(&request, &array(&[around(&token, &said, &identity.device)])))
    };
    assert_eq!(with(std::slice::from_ref(&shown)), "taken");
    let mut changed = shown.clone();
    let last_letter = changed.len() - 6;
    changed[last_letter] ^= 1;
    assert_eq!(with(&[changed]), "presentation_disclosure_without_hash");
    assert_eq!(with(&[shown.clone(), shown.clone()]), "presentation_disclosure_repeated");
    assert_eq!(with(&[]), "presentation_token_form");
}

#[test]
fn the_parts_of_an_answer_are_of_one_wallet_one_moment_and_different_kinds() {
    let world = World::new();
    let (identity, age) = (world.credential(CredentialKind::Identity), world.credential(CredentialKind::Age));
    let request = world.request(&[Name, AgeOver18], &[]);
    let name = shows(&world, &request, &identity, &[Name.label()]);
    let over = shows(&world, &request, &age, &[AgeOver18.label()]);
    let verify = |tokens: &[Vec<u8>]| code(world.verify(&request, &array(tokens)));
    assert_eq!(verify(&[name.clone(), over.clone()]), "taken");
    assert_eq!(verify(&[over.clone(), name.clone()]), "presentation_kinds", "out of order");
    assert_eq!(verify(&[name.clone(), name.clone()]), "presentation_kinds", "twice");
    assert_eq!(verify(&[]), "presentation_form", "none");
    let five = vec![name.clone(); 5];
    assert_eq!(verify(&five), "presentation_form", "five");
    // Another wallet's age, under its own pseudonym.
    let other = World {
        authority: SigningKey::from_pkcs8(&world.authority.to_pkcs8().unwrap()).unwrap(),
        ..World::new()
    };
    let other = World { secret: credential::venue::PseudonymSecret::from_bytes([1; 32]), ..other };
    assert_eq!(
        verify(&[name.clone(), shows(&other, &request, &age, &[AgeOver18.label()])]),
        "presentation_pseudonym"
    );
    let later = World { now: world.now.plus_seconds(1), ..other };
    let later = World { secret: world.secret.clone(), ..later };
    assert_eq!(verify(&[name, shows(&later, &request, &age, &[AgeOver18.label()])]), "presentation_times");
}

#[test]
fn two_credentials_of_one_device_key_are_refused() {
    let world = World::new();
    let identity = world.credential(CredentialKind::Identity);
    let frame = world.frame(CredentialKind::Age, &identity.device);
    let claims = crate::specimen(CredentialKind::Age);
    let bytes =
        credential::venue::issue_credential(&frame, &claims, crate::KID, &world.authority, &mut salts())
            .unwrap();
    let device = SigningKey::from_pkcs8(&identity.device.to_pkcs8().unwrap()).unwrap();
    let credential =
        credential::venue::VenueCredential::receive(&bytes, &world.key(), device.public()).unwrap();
    let age = Owned { credential, device };
    let request = world.request(&[Name, AgeOver18], &[]);
    let bytes = world.answer(&request, &[Name, AgeOver18], &[&identity, &age]);
    assert_eq!(world.verify(&request, &bytes).err(), Some(PresentationError::DeviceKey));
}

#[test]
fn a_holders_token_says_four_things_and_no_fifth() {
    let world = World::new();
    let identity = world.credential(CredentialKind::Identity);
    let request = world.request(&[Name], &[]);
    let held = held(&world, &identity);
    let name = [held.index_of(Name.label()).unwrap()];
    let (audience, cnonce) = (request.audience(), request.id().cnonce());
    let pseudonym = (PSEUDONYM_LABEL, Value::Bytes(vec![1; 16]));
    let made = |further: &[(i64, Value)], cnonce: Option<&[u8]>| {
        let binding = KeyBinding { audience: &audience, made: world.now, cnonce, further };
        let token = held.present(&name, &binding, &identity.device).unwrap();
        code(world.verify(&request, &array(&[token])))
    };
    assert_eq!(made(std::slice::from_ref(&pseudonym), Some(&cnonce)), "taken");
    assert_eq!(made(&[], Some(&cnonce)), "presentation_binding", "no pseudonym");
    assert_eq!(made(std::slice::from_ref(&pseudonym), None), "presentation_binding", "no nonce");
    let short = (PSEUDONYM_LABEL, Value::Bytes(vec![1; 15]));
    assert_eq!(made(&[short], Some(&cnonce)), "presentation_binding", "a short pseudonym");
    let fifth = [pseudonym, (-65_642, Value::Bytes(vec![1; 16]))];
    assert_eq!(made(&fifth, Some(&cnonce)), "presentation_binding", "a fifth claim");
}

#[test]
fn an_issuer_or_a_status_that_does_not_count_is_refused() {
    let world = World::new();
    let identity = world.credential(CredentialKind::Identity);
    let request = world.request(&[Name], &[]);
    let bytes = world.answer(&request, &[Name], &[&identity]);
    for (status, expected) in [
        (Some(Status::Valid), "taken"),
        (Some(Status::Invalid), "presentation_revoked"),
        (Some(Status::Other(3)), "presentation_revoked"),
        (Some(Status::Suspended), "presentation_suspended"),
        (None, "presentation_status_unknown"),
    ] {
        assert_eq!(code(world.verify_at(&request, &bytes, world.now, status)), expected);
    }
    let unknown = UnverifiedAnswer::parse(&bytes).unwrap();
    let unknown = unknown.verify(&request, world.now, |_, _| None, |_, _| Some(Status::Valid)).err();
    let expected = PresentationError::UnknownIssuer { issuer: AuthorityCode::Chn, kid: crate::KID };
    assert_eq!(unknown, Some(expected));
    let wrong = UnverifiedAnswer::parse(&bytes).unwrap();
    let other = World::new().key();
    let wrong = wrong.verify(&request, world.now, |_, _| Some(other.clone()), |_, _| Some(Status::Valid));
    assert_eq!(code(wrong), "presentation_issuer_signature");
    // A stranger's signature in the place of the holder's.
    let said = payload(&world, &request, world.pseudonym(&request));
    let good = shows(&world, &request, &identity, &[Name.label()]);
    let stranger = SigningKey::generate().unwrap();
    let parsed = UnverifiedPresentation::parse(&good, Encoding::Deterministic).unwrap();
    assert_eq!(parsed.token().disclosures().len(), 1);
    let signature = stranger.sign(b"another message").unwrap();
    let forged = [&good[..good.len() - 64], &signature].concat();
    assert_eq!(code(world.verify(&request, &array(&[forged]))), "presentation_holder_signature");
    assert!(good.windows(said.len()).any(|window| window == said));
}

#[test]
fn a_credential_that_has_expired_is_refused() {
    let mut world = World::new();
    let identity = world.credential(CredentialKind::Identity);
    let expires = identity.credential.frame().expires;
    world.now = expires.plus_seconds(-1);
    let request = world.request(&[Name], &[]);
    let bytes = world.answer(&request, &[Name], &[&identity]);
    assert_eq!(code(world.verify(&request, &bytes)), "taken");
    let at_its_end = world.verify_at(&request, &bytes, expires, Some(Status::Valid));
    assert_eq!(code(at_its_end), "presentation_expired");
    // A wallet does not even sign beyond it.
    let shown = [Shown { credential: &identity.credential, device: &identity.device }];
    assert!(answer(&request, &set(&[Name]), &shown, world.pseudonym(&request), expires).is_err());
}

/// A credential whose issuer wrote something that no venue credential has.
struct Odd {
    kid: &'static [u8],
    open: Vec<(i64, Value)>,
    shown: (i64, Value),
    hidden: usize,
}

impl Odd {
    fn verify(&self, world: &World) -> Option<PresentationError> {
        let device = SigningKey::generate().unwrap();
        let (x, odd) = device.public().x_and_sign();
        let key = Value::Map(vec![
            (1.into(), Value::Int(2)),
            (Key::Int(-1), Value::Int(1)),
            (Key::Int(-2), Value::Bytes(x.to_vec())),
            (Key::Int(-3), Value::Bool(odd)),
        ]);
        let shown =
            |(label, value): &(i64, Value)| Entry::Shown((*label).into(), Blueprint::Whole(value.clone()));
        let mut entries: Vec<Entry> = self.open.iter().map(shown).collect();
        entries.push(shown(&(label::CNF, Value::Map(vec![(1.into(), key)]))));
        entries.push(Entry::Redacted(label::SUB.into(), Blueprint::Whole(Value::text("s"))));
        entries.push(Entry::Redacted(self.shown.0.into(), Blueprint::Whole(self.shown.1.clone())));
        entries.extend(std::iter::repeat_n(Entry::Decoy, self.hidden));
        let token = issue(&entries, self.kid, &world.authority, &mut salts()).unwrap();
        let held = Held::receive(&token, Encoding::Any, &world.key(), device.public(), None).unwrap();
        let request = world.request(&[Name], &[]);
        let (audience, cnonce) = (request.audience(), request.id().cnonce());
        let further = [(PSEUDONYM_LABEL, Value::Bytes(vec![1; 16]))];
        let binding =
            KeyBinding { audience: &audience, made: world.now, cnonce: Some(&cnonce), further: &further };
        let chosen = [held.index_of(self.shown.0).unwrap()];
        let presented = held.present(&chosen, &binding, &device).unwrap();
        world.verify(&request, &array(&[presented])).err()
    }
}

fn status(index: i128, uri: &str) -> Value {
    let place = vec![(Key::from("idx"), Value::Int(index)), (Key::from("uri"), Value::text(uri))];
    Value::Map(vec![(Key::from("status_list"), Value::Map(place))])
}

#[test]
fn a_credential_of_another_form_is_refused_though_its_issuer_signed_it() {
    let world = World::new();
    let day = world.now.local_date().start();
    let time = |days: i64, seconds: i64| Value::Int((day.unix() + days * 86_400 + seconds).into());
    let uri = "urn:baypass:status:CHN:3";
    let good = |change: &dyn Fn(&mut Odd)| {
        let mut odd = Odd {
            kid: &[crate::KID],
            open: vec![
                (label::ISS, Value::text("CHN")),
                (label::EXP, time(7, 0)),
                (label::IAT, time(0, 0)),
                (label::VCT, Value::Int(1)),
                (label::STATUS, status(70_000, uri)),
            ],
            shown: (Name.label(), Value::text("SPECIMEN")),
            hidden: 6,
        };
        change(&mut odd);
        odd.verify(&world)
    };
    let open = |label: i64, value: Value| {
        good(&|odd| {
            odd.open.retain(|(known, _)| *known != label);
            odd.open.push((label, value.clone()));
        })
    };
    let frame = |error: FrameError| Some(PresentationError::Frame(error));
    assert_eq!(good(&|_| {}), None);
    assert_eq!(good(&|odd| odd.kid = b"kk"), frame(FrameError::KeyId));
    assert_eq!(open(label::ISS, Value::text("TWN")), frame(FrameError::Issuer));
    assert_eq!(open(label::VCT, Value::Int(5)), frame(FrameError::Kind));
    assert_eq!(open(label::VCT, Value::text("identity")), frame(FrameError::Kind));
    assert_eq!(open(label::EXP, time(7, 1)), frame(FrameError::Times));
    assert_eq!(open(label::IAT, time(0, -1)), frame(FrameError::Times));
    assert_eq!(open(label::NBF, time(0, 0)), frame(FrameError::Claims), "a claim more");
    assert_eq!(good(&|odd| drop(odd.open.pop())), frame(FrameError::Claims), "no status");
    for value in [
        status(65_535, uri),
        status(70_000, "urn:baypass:status:HKG:3"),
        status(70_000, "urn:baypass:status:CHN:24"),
        status(70_000, "urn:baypass:status:CHN:03"),
        status(-1, uri),
        Value::text(uri),
    ] {
        assert_eq!(open(label::STATUS, value), frame(FrameError::Status));
    }
    for hidden in [5, 7] {
        assert_eq!(good(&|odd| odd.hidden = hidden), frame(FrameError::Hashes { got: hidden + 2 }));
    }
    let shown = |label: i64, value: Value| good(&|odd| odd.shown = (label, value.clone()));
    let claim = Name;
    assert_eq!(shown(Name.label(), Value::text("")), Some(PresentationError::Value(ClaimForm { claim })));
    assert_eq!(shown(Name.label(), Value::Int(1)), Some(PresentationError::Value(ClaimForm { claim })));
    assert_eq!(
        shown(AgeOver18.label(), Value::Bool(true)),
        Some(PresentationError::NoClaim),
        "of another kind"
    );
    assert_eq!(shown(-65_700, Value::text("x")), Some(PresentationError::NoClaim), "no claim of ours");
    assert_eq!(
        good(&|odd| odd.shown = (500, Value::Float(1.0))).map(|e| e.code()),
        Some("presentation_token_form")
    );
}
