//! What nobody but the holders of the keys can do: change a token, move a part, use a signature twice.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests: a failure here fails the test"
)]

use credential::message::{self, Kind};
use credential::part::{
    EndorsementSlot, HolderIdentity, Name, OLD_TEMPLATE_LEN, PartContents, PartContext, PartError, PartForm,
    PartTemplate, TEMPLATE_LEN,
};
use credential::{
    Audience, DeviceKey, KeyClass, PartHash, SealedHashes, SecretKey, ShortHash, SigningKey, StatusRef,
    TokenClaims, TokenId, UnverifiedProof, UnverifiedToken, VerifyingKey, sign_proof, sign_token,
};
use documents::{AuthorityCode, Direction, LocalDate, Timestamp};
use proptest::prelude::*;
use test_support::other_signature;

use AuthorityCode::{Chn, Hkg, Mac};

struct Shown {
    issuer: VerifyingKey,
    device: SigningKey,
    token: Vec<u8>,
    proof: Vec<u8>,
    parts: [Vec<u8>; 2],
    weeks: [SecretKey; 2],
}

fn day(text: &str) -> LocalDate {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    "2026-03-02T10:00:00+08:00".parse().unwrap()
}

fn audience() -> Audience {
    Audience::new("hengqin".parse().unwrap(), Direction::new(Chn, Mac).unwrap(), None)
}

fn context(device: &SigningKey, issuer: AuthorityCode, receiver: AuthorityCode) -> PartContext {
    let thumbprint = DeviceKey::new(*device.public()).unwrap().thumbprint();
    PartContext { issuer, receiver, thumbprint }
}

fn contents(form: PartForm) -> PartContents {
    let identity = match form {
        PartForm::Own => HolderIdentity::Own { birth_year: 1990 },
        PartForm::Sealed => HolderIdentity::Sealed {
            latin_name: Name::new("SPECIMEN, MEI"),
            chinese_name: Name::new(""),
            birth: day("1990-06-15"),
            nationality: *b"CHN",
        },
    };
    let (from, to) = (day("2026-01-10"), day("2026-04-09"));
    PartContents {
        kind: 4,
        number: *b"C12345678",
        expiry: None,
        snapshot: day("2026-03-02"),
        holder_class: 12,
        identity,
        endorsements: vec![EndorsementSlot { form: 1, entries: Some(1), from, to }],
        template_format: 3,
        template: PartTemplate::from_bytes(&[5; TEMPLATE_LEN]).unwrap(),
    }
}

/// A code of a mainland resident at Hengqin, with everything that made it.
fn shown() -> Shown {
    let (issuer, device) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let weeks = [SecretKey::generate().unwrap(), SecretKey::generate().unwrap()];
    let part = |receiver, week: &SecretKey| {
        let context = context(&device, Chn, receiver);
        contents(context.form()).seal(week, &context).unwrap()
    };
    let parts = [part(Chn, &weeks[0]), part(Mac, &weeks[1])];
    let claims = TokenClaims {
        issuer: Chn,
        expires: KeyClass::Hardware.expiry_for(now().local_date()),
        device_key: *device.public(),
        key_class: KeyClass::Hardware,
        status: StatusRef::new(3, 70_000).unwrap(),
        sealed: SealedHashes::Two(ShortHash([1; 16]), PartHash::of(&parts[1]).short()),
    };
    let token = sign_token(&claims, 7, &issuer).unwrap();
    let hashes = [PartHash::of(&parts[0]), PartHash::of(&parts[1])];
    let proof = sign_proof(&device, &audience(), &token, &hashes, now()).unwrap();
    Shown { issuer: VerifyingKey::new(*issuer.public()).unwrap(), device, token, proof, parts, weeks }
}

/// The id under which this code would be used, if it is accepted at all: token, proof, sealed hash, both parts.
fn accepted(
    key: &VerifyingKey,
    weeks: &[SecretKey; 2],
    [token, proof, exit, entry]: [&[u8]; 4],
) -> Option<TokenId> {
    let parsed = UnverifiedToken::parse(token).ok()?;
    let device = parsed.device_key().ok()?;
    let token = parsed.verify(key, device).ok()?;
    let hashes = [PartHash::of(exit), PartHash::of(entry)];
    let evidence = UnverifiedProof::parse(proof).ok()?.verify(&token, &audience(), &hashes).ok()?;
    for (receiver, part, hash, week) in
        [(Chn, exit, hashes[0], &weeks[0]), (Mac, entry, hashes[1], &weeks[1])]
    {
        let context = PartContext { issuer: token.claims().issuer, receiver, thumbprint: token.thumbprint() };
        let named = token.claims().sealed.for_receiver(context.issuer, receiver);
        if named.is_some_and(|named| named != hash.short()) {
            return None;
        }
        PartContents::open(part, week, &context).ok()?;
    }
    assert_eq!(evidence.token(), token.id());
    Some(token.id())
}

impl Shown {
    fn fields(&self) -> [&[u8]; 4] {
        [&self.token, &self.proof, &self.parts[0], &self.parts[1]]
    }

    fn id(&self) -> TokenId {
        accepted(&self.issuer, &self.weeks, self.fields()).unwrap()
    }
}

/// The unprotected header `a0` behind the protected one, filled with one pair.
fn filled(message: &[u8]) -> Vec<u8> {
    let at = 2 + usize::from(message[1] & 0x1f);
    assert_eq!(message[at], 0xa0);
    [&message[..at], &[0xa1, 0x04, 0x41, 0x07], &message[at + 1..]].concat()
}

#[test]
fn every_single_changed_byte_of_a_code_is_refused_or_leaves_the_token_id() {
    let shown = shown();
    let (id, fields) = (shown.id(), shown.fields());
    let mut refused = 0;
    for (field, bytes) in fields.iter().enumerate() {
        for at in 0..bytes.len() {
            for change in [0x01, 0x20, 0x80, 0xff] {
                let mut changed = bytes.to_vec();
                changed[at] ^= change;
                let mut fields = fields;
                fields[field] = &changed;
                match accepted(&shown.issuer, &shown.weeks, fields) {
                    None => refused += 1,
                    Some(other) => assert_eq!(other, id, "field {field} byte {at} ^ {change:#x}"),
                }
            }
        }
    }
    // The signature of ES256 has a second form, but not one byte away.
    assert_eq!(refused, 4 * fields.iter().map(|bytes| bytes.len()).sum::<usize>());
}

#[test]
fn an_altered_signature_that_is_still_valid_gives_no_second_use() {
    let shown = shown();
    let [token, proof, exit, entry] = shown.fields();
    let (other_token, other_proof) = (other_signature(token), other_signature(proof));
    assert!(other_token != token && other_proof != proof);
    // A proof covers the token's bytes: an altered token takes a proof of its own, which only the holder can make.
    assert_eq!(accepted(&shown.issuer, &shown.weeks, [&other_token, proof, exit, entry]), None);
    let hashes = [PartHash::of(exit), PartHash::of(entry)];
    let fresh = sign_proof(&shown.device, &audience(), &other_token, &hashes, now()).unwrap();
    let id = shown.id();
    assert_eq!(accepted(&shown.issuer, &shown.weeks, [&other_token, &fresh, exit, entry]), Some(id));
    assert_eq!(accepted(&shown.issuer, &shown.weeks, [token, &other_proof, exit, entry]), Some(id));
    let parsed = UnverifiedProof::parse(&other_proof).unwrap();
    assert_eq!(parsed.made_at(), UnverifiedProof::parse(proof).unwrap().made_at(), "and the same instant");
}

#[test]
fn a_filled_header_an_added_tag_and_a_tail_are_refused_everywhere() {
    let shown = shown();
    let event = message::sign(Kind::Event, b"gate", &shown.device, b"payload").unwrap();
    for (name, message) in [("token", &shown.token), ("proof", &shown.proof), ("event", &event)] {
        let tagged = [&[0xd2], message.as_slice()].concat();
        let cwt = [&[0xd8, 0x3d, 0xd2], message.as_slice()].concat();
        let tail = [message.as_slice(), &[0]].concat();
        for changed in [filled(message), tagged, cwt, tail] {
            let refused = match name {
                "token" => UnverifiedToken::parse(&changed).is_err(),
                "proof" => UnverifiedProof::parse(&changed).is_err(),
                _ => message::kid(&changed).is_err(),
            };
            assert!(refused, "{name} {}", hex::encode(&changed[..8]));
        }
    }
}

#[test]
fn a_signature_of_one_kind_serves_as_no_other() {
    use Kind::*;
    let key = SigningKey::generate().unwrap();
    let verifying = VerifyingKey::new(*key.public()).unwrap();
    let kinds = [Request, Verdict, Event, Handover, Notice, TrustList, Approval, ApprovalForm2, Possession];
    for made in kinds {
        let message = message::sign(made, b"1", &key, b"payload").unwrap();
        for asked in kinds {
            let opened = message::open(asked, &message, &verifying);
            assert_eq!(opened.is_ok(), made == asked, "{made:?} as {asked:?}");
        }
    }
}

#[test]
fn a_part_opens_for_its_token_receiver_issuer_and_week_alone() {
    let (device, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let (week, next) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    for (issuer, receiver) in
        [(Chn, Chn), (Hkg, Hkg), (Mac, Chn), (Chn, Hkg), (Chn, Mac), (Hkg, Mac), (Mac, Hkg)]
    {
        let right = context(&device, issuer, receiver);
        let part = contents(right.form()).seal(&week, &right).unwrap();
        assert!(PartContents::open(&part, &week, &right).is_ok());
        let moved = context(&other, issuer, receiver);
        let refused = |week, context| PartContents::open(&part, week, &context).err();
        assert_eq!(refused(&week, moved), Some(PartError::Open), "{issuer} {receiver}: another token");
        assert_eq!(refused(&next, right), Some(PartError::Open), "{issuer} {receiver}: another week");
        for (a, b) in [
            (Chn, Chn),
            (Hkg, Chn),
            (Mac, Chn),
            (Chn, Hkg),
            (Hkg, Hkg),
            (Mac, Hkg),
            (Chn, Mac),
            (Hkg, Mac),
            (Mac, Mac),
        ] {
            if (a, b) != (issuer, receiver) {
                let wrong = context(&device, a, b);
                assert!(refused(&week, wrong).is_some(), "{issuer} {receiver} as {a} {b}");
            }
        }
    }
}

#[test]
fn a_part_sealed_by_the_traveller_does_not_open_and_is_not_the_one_named() {
    let shown = shown();
    let [token, _, exit, _] = shown.fields();
    let context = context(&shown.device, Chn, Mac);
    let own_key = SecretKey::generate().unwrap();
    let forged = contents(PartForm::Sealed).seal(&own_key, &context).unwrap();
    assert_eq!(PartContents::open(&forged, &shown.weeks[1], &context).err(), Some(PartError::Open));
    // Even if the traveller had the pair's key: the token names the part that the issuer sealed.
    let mut better = contents(PartForm::Sealed);
    better.endorsements[0].entries = None;
    let forged = better.seal(&shown.weeks[1], &context).unwrap();
    assert!(PartContents::open(&forged, &shown.weeks[1], &context).is_ok());
    let hashes = [PartHash::of(exit), PartHash::of(&forged)];
    let proof = sign_proof(&shown.device, &audience(), token, &hashes, now()).unwrap();
    assert_eq!(accepted(&shown.issuer, &shown.weeks, [token, &proof, exit, &forged]), None);
}

#[test]
fn a_part_of_another_length_is_refused_before_it_is_opened() {
    let (device, week) = (SigningKey::generate().unwrap(), SecretKey::generate().unwrap());
    for (receiver, expected, before) in [(Chn, 131, 139), (Mac, 202, 210)] {
        let context = context(&device, Chn, receiver);
        let part = contents(context.form()).seal(&week, &context).unwrap();
        assert_eq!(part.len(), expected);
        // The longer template of the version before.
        let mut old = contents(context.form());
        old.template = PartTemplate::from_bytes(&[5; OLD_TEMPLATE_LEN]).unwrap();
        let sealed = old.seal(&week, &context).unwrap();
        assert_eq!(sealed.len(), before);
        assert!(PartContents::open(&sealed, &week, &context).unwrap() == old);
        assert!(
            [0, TEMPLATE_LEN - 1, TEMPLATE_LEN + 1, 144].map(|n| PartTemplate::from_bytes(&vec![5; n]))
                == [const { None }; 4]
        );
        for changed in [&part[1..], &[part.as_slice(), &[0]].concat(), &[]] {
            let got = changed.len();
            let refused = PartContents::open(changed, &week, &context).err();
            assert_eq!(refused, Some(PartError::Length { expected, got }));
        }
    }
}

#[test]
fn a_part_holds_no_value_beyond_its_form() {
    let (device, week) = (SigningKey::generate().unwrap(), SecretKey::generate().unwrap());
    let sealed_as = |receiver, change: &dyn Fn(&mut PartContents)| {
        let context = context(&device, Chn, receiver);
        let mut contents = contents(context.form());
        change(&mut contents);
        let part = contents.seal(&week, &context);
        if let Ok(part) = &part {
            assert!(
                PartContents::open(part, &week, &context).unwrap() == contents,
                "what was sealed comes back"
            );
        }
        part.err()
    };
    let value = Some(PartError::Value);
    for (name, change, expected) in [
        ("as it is", (|_| {}) as fn(&mut PartContents), None),
        ("kind", |c| c.kind = 24, value),
        ("the last kind", |c| c.kind = 23, None),
        ("format", |c| c.template_format = 24, value),
        ("the last format", |c| c.template_format = 23, None),
        ("class", |c| c.holder_class = 16, value),
        ("the last class", |c| c.holder_class = 15, None),
        ("no form", |c| c.endorsements[0].form = 0, value),
        ("entries that mean without limit", |c| c.endorsements[0].entries = Some(255), value),
        ("most entries", |c| c.endorsements[0].entries = Some(254), None),
        ("too early", |c| c.snapshot = day("1899-09-13"), value),
        ("the first day", |c| c.snapshot = day("1899-09-14"), None),
        ("the last day", |c| c.snapshot = day("2078-06-05"), None),
        ("the day that means none", |c| c.expiry = Some(day("2078-06-06")), value),
        ("too many slots", |c| c.endorsements = vec![c.endorsements[0]; 5], value),
    ] {
        assert_eq!(sealed_as(Chn, &change), expected, "own: {name}");
        assert_eq!(sealed_as(Mac, &change), expected, "sealed: {name}");
    }
    let two_more = |c: &mut PartContents| c.endorsements = vec![c.endorsements[0]; 3];
    assert_eq!((sealed_as(Chn, &two_more), sealed_as(Mac, &two_more)), (None, value));
    // An own part says a year of birth, a sealed one everything else.
    let other = |form| move |c: &mut PartContents| c.identity = contents(form).identity.clone();
    assert_eq!(sealed_as(Chn, &other(PartForm::Sealed)), value);
    assert_eq!(sealed_as(Mac, &other(PartForm::Own)), value);
    for (year, expected) in [(1799, value), (1800, None), (9998, None), (9999, value), (-1, value)] {
        let born = move |c: &mut PartContents| c.identity = HolderIdentity::Own { birth_year: year };
        assert_eq!(sealed_as(Chn, &born), expected, "born {year}");
    }
}

#[test]
fn a_name_is_cut_at_a_character_and_says_so() {
    for (full, kept, cut) in [
        ("", "", false),
        ("SPECIMEN, MEI", "SPECIMEN, MEI", false),
        (&"W".repeat(38), &"W".repeat(38), false),
        (&"W".repeat(39), &"W".repeat(38), true),
        (&"样".repeat(12), &"样".repeat(12), false),
        (&"样".repeat(13), &"样".repeat(12), true),
        ("A\u{0}B\nC", "ABC", false),
    ] {
        let name = Name::new(full);
        assert_eq!((name.as_str(), name.is_cut()), (kept, cut), "{full:?}");
    }
}

proptest! {
    #[test]
    fn a_part_for_the_same_device_key_made_again_reveals_nothing_of_the_first(first: [u8; 32], second: [u8; 32]) {
        prop_assume!(first != second);
        let (device, week) = (SigningKey::generate().unwrap(), SecretKey::generate().unwrap());
        for receiver in [Chn, Mac] {
            let context = context(&device, Chn, receiver);
            let sealed = |template: &[u8; 32]| {
                let mut contents = contents(context.form());
                let bytes = [&template[..], &[5; TEMPLATE_LEN - 32]].concat();
                contents.template = PartTemplate::from_bytes(&bytes).unwrap();
                contents.seal(&week, &context).unwrap()
            };
            let (a, b) = (sealed(&first), sealed(&second));
            prop_assert_eq!(&sealed(&first), &a, "the same contents are the same bytes");
            // A cipher with its nonce used twice would give away the difference of the plaintexts: equal bytes
            // wherever they are equal. Of more than a hundred equal places some come out equal by chance.
            let equal = a.iter().zip(&b).filter(|(a, b)| a == b).count();
            prop_assert!(equal < 12, "{} of {} bytes are the same", equal, a.len());
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..260)) {
        let _ = UnverifiedToken::parse(&bytes);
        let _ = UnverifiedProof::parse(&bytes);
        let _ = message::kid(&bytes);
        let _ = message::Request::decode(&bytes);
        let _ = message::Verdict::decode(&bytes);
        let _ = message::Event::decode(&bytes);
        let _ = message::Handover::decode(&bytes);
        let _ = message::Notice::decode(&bytes);
        let _ = credential::status::list_kid(&bytes);
        let week = SecretKey::from_bytes([1; 32]);
        let device = SigningKey::generate().unwrap();
        for receiver in [Chn, Mac] {
            let _ = PartContents::open(&bytes, &week, &context(&device, Chn, receiver));
        }
    }
}
