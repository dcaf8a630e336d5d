//! `docs/formats.md` is the source: its grammar holds for what this crate writes, its worked example verifies here byte
//! for byte, and a structure that was changed is refused by the grammar and by the reader alike.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a page that cannot be read fails the test"
)]

mod page;

use credential::cbor::{CborError, MAX_DEPTH, Reader, Writer, well_formed};
use credential::cose::{self, Headers, Sign1, Tagging, sig_structure};
use credential::message::{
    self, Event, Handover, Kind, MAX_PAYLOAD, Notice, Outcome, Passage, Request, Verdict,
};
use credential::part::{
    EndorsementSlot, HolderIdentity, Name, PartContents, PartContext, PartForm, open_weekly_key, part_week,
    seal_weekly_key,
};
use credential::status::{MAX_LIST_LEN, SignedStatusList, Status, StatusList, list_kid};
use credential::{
    Audience, DeviceKey, FIRST_STATUS_INDEX, KeyClass, MAX_PROOF_LEN, MAX_TOKEN_LEN, PartHash, ProofError,
    PublicKey, SealedHashes, SecretKey, ShortHash, SigningKey, StatusRef, TokenClaims, TokenError, TokenId,
    UnverifiedProof, UnverifiedToken, VerifyingKey, hpke, sha256, sign_proof, sign_token,
};
use documents::{AuthorityCode, Direction, IsoWeek, LaneKind, LocalDate, Side, Timestamp};
use page::{blocks, bytes, conforms};

use AuthorityCode::{Chn, Hkg, Mac};

/// A key of the example: private scalar and public point.
fn example_key(name: &str) -> ([u8; 32], PublicKey) {
    let table = blocks("keys").concat();
    let row = table.lines().find(|line| line.starts_with(name)).unwrap();
    let mut fields = row.rsplit(' ').map(|field| hex::decode(field).unwrap());
    let (public, scalar) = (fields.next().unwrap(), fields.next().unwrap());
    (scalar.try_into().unwrap(), PublicKey::from_bytes(&public).unwrap())
}

fn verifying(name: &str) -> VerifyingKey {
    VerifyingKey::new(example_key(name).1).unwrap()
}

fn secret(name: &str) -> SecretKey {
    SecretKey::from_bytes(bytes(name).try_into().unwrap())
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn day(text: &str) -> LocalDate {
    text.parse().unwrap()
}

fn direction(from: AuthorityCode, to: AuthorityCode) -> Direction {
    Direction::new(from, to).unwrap()
}

fn context(receiver: AuthorityCode) -> PartContext {
    let device = DeviceKey::new(example_key("device").1).unwrap();
    PartContext { issuer: Chn, receiver, thumbprint: device.thumbprint() }
}

/// The example's traveller, as the part for `receiver` holds him.
fn contents(receiver: AuthorityCode) -> PartContents {
    let identity = match PartForm::of(Chn, receiver) {
        PartForm::Own => HolderIdentity::Own { birth_year: 1990 },
        PartForm::Sealed => HolderIdentity::Sealed {
            latin_name: Name::new("SPECIMEN, MEI"),
            chinese_name: Name::new("样本"),
            birth: day("1990-06-15"),
            nationality: *b"CHN",
        },
    };
    let plaintext = bytes("own-plaintext");
    PartContents {
        kind: 4,
        number: *b"C12345678",
        expiry: Some(day("2031-05-01")),
        snapshot: day("2026-03-02"),
        holder_class: 12,
        identity,
        endorsements: vec![EndorsementSlot {
            form: 1,
            entries: Some(1),
            from: day("2026-01-10"),
            to: day("2026-04-09"),
        }],
        template_format: 1,
        template: plaintext.get(plaintext.len() - 72..).unwrap().try_into().unwrap(),
    }
}

fn info(label: &str, context: &PartContext) -> Vec<u8> {
    Writer::new().array(2).text(label).bytes(context.thumbprint.as_bytes()).finish()
}

fn associated(label: &str, context: &PartContext) -> Vec<u8> {
    let mut w = Writer::new();
    w.array(4).text(label).text(context.issuer.code()).bytes(context.thumbprint.as_bytes());
    w.text(context.receiver.code()).finish()
}

// --- the worked example -------------------------------------------------------------------------------------------

#[test]
fn the_example_keys_are_pairs_made_from_their_names() {
    let names: Vec<String> = blocks("keys")
        .concat()
        .lines()
        .map(|line| line.split("  ").next().unwrap().trim().to_owned())
        .collect();
    assert_eq!(names.len(), 12);
    for name in names {
        // A name that fills its column has one space behind it.
        let name = name.split(' ').filter(|w| w.len() < 64).collect::<Vec<_>>().join(" ");
        let (scalar, public) = example_key(&name);
        assert_eq!(scalar, sha256(format!("baypass formats page: {name}").as_bytes()), "{name}");
        let point = VerifyingKey::new(public).unwrap();
        let x = public.x_and_sign().0;
        // The uncompressed point stands in the thumbprint's input; of other keys a signature shows the pair.
        if name == "device" {
            let input = bytes("thumbprint-input");
            let y = input.get(input.len() - 32..).unwrap();
            let key = SigningKey::from_scalar(&scalar, &[&[4], &x[..], y].concat()).unwrap();
            assert!(point.verify(b"pair", &key.sign(b"pair").unwrap()).is_ok());
        }
    }
}

#[test]
fn the_example_token_verifies_and_says_what_the_page_says() {
    let token = bytes("token");
    let parsed = UnverifiedToken::parse(&token).unwrap();
    assert_eq!(parsed.kid(), 7);
    let device = parsed.device_key().unwrap();
    assert_eq!(device.thumbprint().as_bytes().to_vec(), bytes("thumbprint"));
    assert_eq!(sha256(&bytes("thumbprint-input")).to_vec(), bytes("thumbprint"));
    let verified = parsed.verify(&verifying("issuer CHN token"), device).unwrap();
    let claims = verified.claims();
    assert_eq!(verified.id().as_bytes().to_vec(), bytes("thumbprint").get(..16).unwrap());
    assert_eq!((claims.issuer, claims.key_class), (Chn, KeyClass::Hardware));
    assert_eq!(claims.expires, at("2026-03-09T00:00:00+08:00"));
    assert_eq!(claims.expires, KeyClass::Hardware.expiry_for(day("2026-03-02")));
    assert_eq!((claims.status.list(), claims.status.index()), (3, 70_000));
    let sealed = PartHash::of(&bytes("sealed-part")).short();
    assert_eq!(claims.sealed.for_receiver(Chn, Hkg), Some(sealed));
    // Encoded again the claims are the payload, byte for byte, and the bytes under the signature are the page's.
    let message = Sign1::parse(&token, Tagging::Untagged, 256).unwrap();
    assert_eq!(claims.encode().unwrap(), message.unverified_payload());
    let external = Writer::new().array(1).text("bp1-token").finish();
    let protected = [0xa2, 0x01, 0x26, 0x04, 0x41, 0x07];
    let signed = sig_structure(&protected, &external, message.unverified_payload());
    assert_eq!(signed, bytes("token-to-be-signed"));
}

#[test]
fn the_example_parts_open_and_sealed_again_are_the_same_bytes() {
    for (receiver, name, label) in [(Chn, "own", "bp1-own-part"), (Hkg, "sealed", "bp1-sealed-part")] {
        let block = |what: &str| bytes(&format!("{name}-{what}"));
        let (context, part, week) = (context(receiver), block("part"), secret(&format!("weekly-{name}")));
        assert_eq!(info(label, &context), block("info"), "{name}");
        assert_eq!(associated(label, &context), block("aad"), "{name}");
        let plaintext = week.open(&block("info"), &block("aad"), &part).unwrap();
        assert_eq!(*plaintext, block("plaintext"), "{name}");
        assert!(PartContents::open(&part, &week, &context).unwrap() == contents(receiver), "{name}");
        assert_eq!(contents(receiver).seal(&week, &context).unwrap(), part, "{name}");
        assert_eq!(derived(&week, &block("info")), block("key"), "{name}");
    }
    assert_eq!(part_week(at("2026-03-09T00:00:00+08:00")), IsoWeek::new(2026, 11).unwrap());
}

/// HKDF-SHA-256 to 16 bytes, by HMAC as RFC 5869 2.2 and 2.3 write it.
fn derived(secret: &SecretKey, info: &[u8]) -> Vec<u8> {
    let extracted = SecretKey::from_bytes([0; 32]).tag(secret.expose());
    let block = SecretKey::from_bytes(extracted).tag(&[info, &[1]].concat());
    block.get(..16).unwrap().to_vec()
}

#[test]
fn the_example_proof_verifies_for_its_audience_alone() {
    let (token, proof) = (bytes("token"), bytes("proof"));
    let parsed = UnverifiedToken::parse(&token).unwrap();
    let device = parsed.device_key().unwrap();
    let verified = parsed.verify(&verifying("issuer CHN token"), device).unwrap();
    let proof = UnverifiedProof::parse(&proof).unwrap();
    assert_eq!(proof.made_at(), at("2026-03-02T10:00:00+08:00"));
    let port: documents::PortId = "shenzhen-bay".parse().unwrap();
    let hashes = [PartHash::of(&bytes("own-part")), PartHash::of(&bytes("sealed-part"))];
    let audience = Audience::new(port.clone(), direction(Chn, Hkg), None);
    assert_eq!(audience.as_str(), "urn:baypass:port:shenzhen-bay:CHN-HKG");
    let evidence = proof.verify(&verified, &audience, &hashes).unwrap();
    assert_eq!((evidence.token(), evidence.made_at()), (verified.id(), proof.made_at()));
    for other in [
        Audience::new(port.clone(), direction(Hkg, Chn), None),
        Audience::new(port, direction(Chn, Hkg), Some(Side::Exit)),
        Audience::new("hengqin".parse().unwrap(), direction(Chn, Hkg), None),
    ] {
        assert!(proof.verify(&verified, &other, &hashes).is_err(), "{}", other.as_str());
    }
    let [exit, entry] = hashes;
    assert!(proof.verify(&verified, &audience, &[entry, exit]).is_err(), "parts in the order of the sides");
    assert!(proof.verify(&verified, &audience, &[exit]).is_err(), "every part shown is covered");
    // The external data of the page is that of the proof.
    let external = bytes("proof-external");
    conforms("proof-external", &external).unwrap();
    let raw = bytes("proof");
    let message = Sign1::parse(&raw, Tagging::Untagged, 16).unwrap();
    assert!(message.verify(&verifying("device"), &external).is_ok());
}

#[test]
fn the_example_messages_verify_and_encoded_again_are_the_same_bytes() {
    let gate = "shenzhen-bay/CHN-HKG/3";
    let opened = |kind, name: &str, key: &str| -> Vec<u8> {
        let message = bytes(name);
        message::open(kind, &message, &verifying(key)).unwrap_or_else(|e| panic!("{name}: {e}")).to_vec()
    };
    for (name, role) in [("request", Side::Exit), ("request-entry", Side::Entry)] {
        let payload = opened(Kind::Request, name, "gate");
        let request = Request::decode(&payload).unwrap();
        assert_eq!(request.encode(), payload);
        assert_eq!((request.role, request.joint, request.gate.as_str()), (role, true, gate));
        let parts = [PartHash::of(&bytes("own-part")), PartHash::of(&bytes("sealed-part"))];
        let (mine, other) = if role == Side::Exit { (0, 1) } else { (1, 0) };
        assert_eq!((request.part, request.other_part), (parts[mine], Some(parts[other])));
        assert_eq!(request.probe, sha256(&bytes("probe")));
        assert_eq!(message::kid(&bytes(name)).unwrap(), gate.as_bytes());
    }
    for (name, key, request, authority) in
        [("verdict", "CHN verdict", "request", Chn), ("verdict-entry", "HKG verdict", "request-entry", Hkg)]
    {
        let payload = opened(Kind::Verdict, name, key);
        let verdict = Verdict::decode(&payload).unwrap();
        assert_eq!(verdict.encode(), payload);
        assert_eq!(verdict.request, message::hash(&bytes(request)));
        assert_eq!((verdict.authority, verdict.outcome), (authority, Outcome::Admit));
        assert!(verdict.reservation.is_some());
    }
    let mut previous = [0; 32];
    for (name, number, passage) in [("event-opening", 1, Passage::Opening), ("event", 2, Passage::Passed)] {
        let payload = opened(Kind::Event, name, "gate");
        let event = Event::decode(&payload).unwrap();
        assert_eq!(event.encode(), payload);
        assert_eq!((event.number, event.passage, event.previous), (number, passage, previous));
        let verdicts = ["verdict", "verdict-entry"].map(|name| message::hash(&bytes(name)));
        assert_eq!(event.verdicts, verdicts);
        previous = message::hash(&bytes(name));
    }
    let payload = opened(Kind::Notice, "notice", "MAC notice");
    let notice = Notice::decode(&payload).unwrap();
    assert_eq!(notice.encode(), payload);
    assert_eq!((notice.from, notice.direction, notice.date), (Mac, direction(Hkg, Mac), day("2026-03-04")));
    let payload = opened(Kind::Possession, "possession", "device");
    conforms("possession-payload", &payload).unwrap();
}

#[test]
fn the_example_hand_over_opens_to_the_weekly_key_of_the_sealed_part() {
    let message = bytes("handover");
    let payload = message::open(Kind::Handover, &message, &verifying("CHN handover")).unwrap();
    let handover = Handover::decode(payload).unwrap();
    assert_eq!(handover.encode(), payload);
    let (scalar, public) = example_key("HKG part");
    let uncompressed = bytes("handover-receiver");
    assert_eq!(uncompressed.get(1..33).unwrap(), public.x_and_sign().0);
    let receiver = hpke::ReceiverKey::from_bytes(&uncompressed, &scalar).unwrap();
    let Handover { from, to, week, enc, ciphertext } = handover;
    let key = open_weekly_key(&enc, &ciphertext, from, to, week, &receiver).unwrap();
    assert_eq!(key.expose().to_vec(), bytes("weekly-sealed"));
    conforms("handover-info", &bytes("handover-info")).unwrap();
    assert!(receiver.open(&enc, &bytes("handover-info"), &[], &ciphertext).is_ok());
    let other = open_weekly_key(&enc, &ciphertext, from, to, week.plus_weeks(1), &receiver);
    assert!(other.is_err(), "the week is part of what is sealed");
}

#[test]
fn the_example_status_list_verifies_and_holds_the_token() {
    let signed = bytes("status-list");
    let key = verifying("CHN status");
    let list = SignedStatusList::open(&signed, &key, "urn:baypass:status:CHN:3").unwrap();
    assert_eq!(list.list.get(70_000), Some(Status::Valid));
    assert_eq!(list.list.get(70_001), Some(Status::Invalid));
    assert_eq!(list.list.get(73_536), None, "beyond the end");
    assert!(SignedStatusList::open(&signed, &key, "urn:baypass:status:CHN:4").is_err());
}

// --- the grammar --------------------------------------------------------------------------------------------------

#[test]
fn every_structure_of_the_example_is_what_the_grammar_says() {
    for (rule, names) in [
        ("token", &["token"][..]),
        ("proof", &["proof"]),
        ("own-part", &["own-plaintext"]),
        ("sealed-part", &["sealed-plaintext"]),
        ("part-info", &["own-info", "sealed-info"]),
        ("part-aad", &["own-aad", "sealed-aad"]),
        ("request", &["request", "request-entry"]),
        ("verdict", &["verdict", "verdict-entry"]),
        ("event", &["event-opening", "event"]),
        ("handover", &["handover"]),
        ("notice", &["notice"]),
        ("possession", &["possession"]),
        ("status-list-token", &["status-list"]),
        ("probe", &["probe"]),
    ] {
        for name in names {
            let bytes = bytes(name);
            conforms(rule, &bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
            well_formed(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
        }
    }
}

/// What this program writes itself, with the grammar's name for the payload and the reader that takes it.
struct Written {
    rule: &'static str,
    payload: Vec<u8>,
    reads: fn(&[u8]) -> bool,
}

fn request() -> Request {
    Request {
        clearance: [1; 16],
        gate: "hengqin/CHN-MAC".to_owned(),
        port: "hengqin".parse().unwrap(),
        lane: LaneKind::Code,
        direction: direction(Chn, Mac),
        role: Side::Entry,
        joint: true,
        token: TokenId::from_bytes([2; 16]),
        made_at: at("2026-03-02T10:00:00+08:00"),
        part: PartHash([3; 32]),
        other_part: Some(PartHash([4; 32])),
        probe: [5; 32],
        at: at("2026-03-02T10:00:02+08:00"),
        measures_done: vec![1, 6],
    }
}

fn verdict(outcome: Outcome) -> Verdict {
    Verdict {
        authority: Mac,
        request: [1; 32],
        outcome,
        reservation: Some([2; 16]),
        reference: [3; 16],
        approval: "2026-001".to_owned(),
        rules: "2026-03-01".to_owned(),
        valid_until: at("2026-03-02T10:01:02+08:00"),
    }
}

fn claims(issuer: AuthorityCode, sealed: SealedHashes) -> TokenClaims {
    TokenClaims {
        issuer,
        expires: at("2026-03-05T00:00:00+08:00"),
        device_key: example_key("device").1,
        key_class: KeyClass::Software,
        status: StatusRef::new(23, u32::MAX).unwrap(),
        sealed,
    }
}

const WEEK: [u8; 32] = [9; 32];

fn own_context() -> PartContext {
    context(Chn)
}

fn sealed_context() -> PartContext {
    context(Mac)
}

fn plaintext(contents: &PartContents, context: &PartContext, label: &str) -> Vec<u8> {
    let week = SecretKey::from_bytes(WEEK);
    let part = contents.seal(&week, context).unwrap();
    week.open(&info(label, context), &associated(label, context), &part).unwrap().to_vec()
}

/// Seals any plaintext as a part, so that the reader of parts can be asked about it.
fn opens(plaintext: &[u8], context: &PartContext, label: &str) -> bool {
    let week = SecretKey::from_bytes(WEEK);
    let part = week.seal(&info(label, context), &associated(label, context), plaintext).unwrap();
    PartContents::open(&part, &week, context).is_ok()
}

fn reads_claims(payload: &[u8]) -> bool {
    let header = [0xa2, 0x01, 0x26, 0x04, 0x41, 0x07];
    let token = Writer::new().array(4).bytes(&header).map(0).bytes(payload).bytes(&[7; 64]).finish();
    UnverifiedToken::parse(&token).is_ok()
}

fn reads_proof_payload(payload: &[u8]) -> bool {
    let proof =
        Writer::new().array(4).bytes(&[0xa1, 0x01, 0x26]).map(0).bytes(payload).bytes(&[7; 64]).finish();
    UnverifiedProof::parse(&proof).is_ok()
}

fn written() -> Vec<Written> {
    let key = SigningKey::generate().unwrap();
    let mut all = Vec::new();
    let mut add = |rule, payload, reads: fn(&[u8]) -> bool| all.push(Written { rule, payload, reads });

    let two = SealedHashes::Two(ShortHash([1; 16]), ShortHash([2; 16]));
    add("claims", claims(Chn, two).encode().unwrap(), reads_claims);
    for issuer in [Hkg, Mac] {
        let one = SealedHashes::One(ShortHash([3; 16]));
        add("claims", claims(issuer, one).encode().unwrap(), reads_claims);
    }
    let audience = Audience::new("gongbei".parse().unwrap(), direction(Chn, Mac), Some(Side::Exit));
    let proof =
        sign_proof(&key, &audience, b"token", &[PartHash([1; 32])], at("2026-03-02T10:00:00Z")).unwrap();
    let payload = Sign1::parse(&proof, Tagging::Untagged, 16).unwrap().unverified_payload().to_vec();
    add("{ 6: five-byte }", payload, reads_proof_payload);

    let (mut own, mut sealed) = (contents(Chn), contents(Hkg));
    add("own-part", plaintext(&own, &own_context(), "bp1-own-part"), |bytes| {
        opens(bytes, &own_context(), "bp1-own-part")
    });
    add("sealed-part", plaintext(&sealed, &sealed_context(), "bp1-sealed-part"), |bytes| {
        opens(bytes, &sealed_context(), "bp1-sealed-part")
    });
    // Everything at its longest: all slots, no expiry, names that had to be cut.
    let slot = EndorsementSlot { form: 255, entries: None, from: day("2026-01-01"), to: day("2078-06-05") };
    own.endorsements = vec![slot; 4];
    own.expiry = None;
    sealed.endorsements = vec![slot; 2];
    sealed.identity = HolderIdentity::Sealed {
        latin_name: Name::new(&"W".repeat(60)),
        chinese_name: Name::new(&"样".repeat(20)),
        birth: day("1899-09-14"),
        nationality: *b"XXB",
    };
    for (contents, context, rule, label) in [
        (own, own_context(), "own-part", "bp1-own-part"),
        (sealed, sealed_context(), "sealed-part", "bp1-sealed-part"),
    ] {
        let payload = plaintext(&contents, &context, label);
        add(
            rule,
            payload,
            if rule == "own-part" {
                |bytes| opens(bytes, &own_context(), "bp1-own-part")
            } else {
                |bytes| opens(bytes, &sealed_context(), "bp1-sealed-part")
            },
        );
    }

    let alone = Request { joint: false, other_part: None, measures_done: vec![], ..request() };
    for request in [request(), alone] {
        add("request-payload", request.encode(), |bytes| Request::decode(bytes).is_ok());
    }
    for outcome in [
        Outcome::Admit,
        Outcome::Verify(vec![1, 2, 3, 4, 5, 6]),
        Outcome::Refer,
        Outcome::Busy,
        Outcome::NotOpenToHolder(LaneKind::Manual),
    ] {
        add("verdict-payload", verdict(outcome).encode(), |bytes| Verdict::decode(bytes).is_ok());
    }
    let event = Event {
        gate: "g".to_owned(),
        number: 1,
        previous: [0; 32],
        clearance: [1; 16],
        passage: Passage::Unknown,
        at: Timestamp::MAX,
        verdicts: vec![[1; 32], [2; 32]],
        probe: [3; 32],
    };
    for passage in
        [Passage::Opening, Passage::Passed, Passage::NotPassed, Passage::Returned, Passage::Unknown]
    {
        let event = Event { passage, ..event.clone() };
        add("event-payload", event.encode(), |bytes| Event::decode(bytes).is_ok());
    }
    let receiver = hpke::ReceiverKey::generate().unwrap();
    let week = IsoWeek::new(2026, 53).unwrap();
    let (enc, ciphertext) =
        seal_weekly_key(&SecretKey::from_bytes(WEEK), Chn, Hkg, week, receiver.public()).unwrap();
    let handover = Handover { from: Chn, to: Hkg, week, enc, ciphertext };
    add("handover-payload", handover.encode(), |bytes| Handover::decode(bytes).is_ok());
    let notice = Notice {
        from: Mac,
        token: TokenId::from_bytes([1; 16]),
        port: "hzmb-hkg-mac".parse().unwrap(),
        direction: direction(Hkg, Mac),
        date: day("2026-03-02"),
    };
    add("notice-payload", notice.encode(), |bytes| Notice::decode(bytes).is_ok());
    all
}

/// Every item inside taken out, or replaced by -1, which stands nowhere; and the same inside each item.
fn changes(item: &[u8]) -> Vec<Vec<u8>> {
    let Some((major, items)) = items(item) else { return Vec::new() };
    let step = if major == 4 { 1 } else { 2 };
    let joined = |items: &[&[u8]]| {
        let mut w = Writer::new();
        if major == 4 {
            w.array(items.len())
        } else {
            w.map(items.len() / 2)
        };
        items.iter().for_each(|item| {
            w.raw(item);
        });
        w.finish()
    };
    let mut out = Vec::new();
    for (at, inner) in items.iter().enumerate() {
        let swap = |new: &[u8]| {
            let mut changed = items.clone();
            changed[at] = new;
            joined(&changed)
        };
        out.push(swap(&[0x20]));
        out.extend(changes(inner).iter().map(|changed| swap(changed)));
        if at % step == 0 {
            let mut fewer = items.clone();
            fewer.drain(at..at + step);
            out.push(joined(&fewer));
        }
    }
    let mut more = items.clone();
    more.extend(std::iter::repeat_n(&[0x18, 0x63][..], step));
    out.push(joined(&more));
    out
}

/// The items of an array or map, in order.
fn items(item: &[u8]) -> Option<(u8, Vec<&[u8]>)> {
    let major = item.first()? >> 5;
    let mut reader = Reader::new(item);
    let count = match major {
        4 => reader.array(usize::MAX).ok()?,
        5 => reader.map(usize::MAX).ok()? * 2,
        _ => return None,
    };
    Some((major, (0..count).map(|_| reader.skip().unwrap()).collect()))
}

#[test]
fn what_this_program_writes_is_what_the_grammar_says_and_nothing_changed_is() {
    let (mut structures, mut refused) = (Vec::new(), 0);
    for Written { rule, payload, reads } in written() {
        let name = format!("{rule} {}", hex::encode(&payload));
        conforms(rule, &payload).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(well_formed(&payload), Ok(()), "{name}");
        assert!(reads(&payload), "{name}");
        structures.push(rule);
        // Two of each kind are taken apart; more of the same costs time and shows nothing.
        if structures.iter().filter(|seen| **seen == rule).count() > 2 {
            continue;
        }
        for changed in changes(&payload) {
            let grammar = conforms(rule, &changed).is_ok();
            assert_eq!(grammar, reads(&changed), "{rule}: grammar {grammar}: {}", hex::encode(&changed));
            refused += usize::from(!grammar);
        }
    }
    assert_eq!(structures.len(), 22);
    assert!(refused > 300, "{refused} changes were refused");
}

#[test]
fn a_number_beyond_its_range_is_refused_by_grammar_and_reader() {
    let two = SealedHashes::Two(ShortHash([1; 16]), ShortHash([2; 16]));
    let token = hex::encode(claims(Chn, two).encode().unwrap());
    let own = hex::encode(bytes("own-plaintext"));
    let sealed = hex::encode(bytes("sealed-plaintext"));
    let request = hex::encode(request().encode());
    let verdict = hex::encode(verdict(Outcome::Busy).encode());
    // Key class 0, list 23, index 2^32 - 1 stand together in the token; kind, number and expiry in a part.
    for (rule, bytes, from, to) in [
        ("claims", &token, "8500171affffffff", "8503171affffffff"),
        ("claims", &token, "8500171affffffff", "850018181affffffff"),
        ("claims", &token, "8500171affffffff", "85001719ffff"),
        ("claims", &token, "8500171affffffff", "8500171b0000000100000000"),
        ("claims", &token, "016343484e", "0163484b47"),
        ("claims", &token, "016343484e", "016343414e"),
        ("claims", &token, "04", "05"),
        ("own-part", &own, "8904", "891818"),
        ("own-part", &own, "19bccc", "18ff"),
        ("own-part", &own, "19b56e", "19ffff"),
        ("own-part", &own, "0c1907c6", "101907c6"),
        ("own-part", &own, "0c1907c6", "0c190707"),
        ("own-part", &own, "0c1907c6", "0c19270f"),
        ("sealed-part", &sealed, "8b04", "8b20"),
        ("sealed-part", &sealed, "6343484e", "6443484e4e"),
        ("sealed-part", &sealed, "6343484e", "624348"),
        ("request-payload", &request, "6768656e6771696e", "6768656e6771494e"),
        ("request-payload", &request, "00", "03"),
        ("verdict-payload", &verdict, "0348", "0548"),
    ] {
        assert!(bytes.contains(from), "row {rule} {from}");
        // The request's lane is the first 00 behind the port.
        let changed =
            if from == "00" { bytes.replacen("6e0063", "6e0363", 1) } else { bytes.replacen(from, to, 1) };
        assert_ne!(&changed, bytes, "row {rule} {from}");
        let changed = hex::decode(changed).unwrap();
        assert_eq!(well_formed(&changed), Ok(()), "row {rule} {from} {to}");
        let reads = match rule {
            "claims" => reads_claims(&changed),
            "own-part" => opens(&changed, &own_context(), "bp1-own-part"),
            "sealed-part" => opens(&changed, &sealed_context(), "bp1-sealed-part"),
            "request-payload" => Request::decode(&changed).is_ok(),
            _ => Verdict::decode(&changed).is_ok(),
        };
        assert_eq!((conforms(rule, &changed).is_ok(), reads), (false, false), "row {rule} {from} {to}");
    }
}

#[test]
fn what_the_grammar_cannot_see_the_reader_refuses() {
    // The same claims with one head longer than needed: equal to the grammar, refused by the reader.
    let two = SealedHashes::Two(ShortHash([1; 16]), ShortHash([2; 16]));
    let token = claims(Chn, two).encode().unwrap();
    let longer = hex::decode(hex::encode(&token).replacen("850017", "85180017", 1)).unwrap();
    assert_eq!(conforms("claims", &longer), Ok(()));
    assert_eq!(well_formed(&longer), Err(CborError::NotDeterministic));
    assert!(!reads_claims(&longer));
    // An end that is no local midnight.
    let place = token.windows(2).position(|w| w == [0x04, 0x1a]).unwrap() + 5;
    let mut odd = token;
    odd[place] ^= 1;
    assert_eq!(conforms("claims", &odd), Ok(()));
    assert!(!reads_claims(&odd));
}

#[test]
fn signed_messages_are_what_the_grammar_says_around_their_payload() {
    let key = SigningKey::generate().unwrap();
    let signed = |kind, payload: &[u8]| message::sign(kind, b"1", &key, payload).unwrap();
    let payloads = written();
    for (rule, payload_rule, kind) in [
        ("request", "request-payload", Kind::Request),
        ("verdict", "verdict-payload", Kind::Verdict),
        ("event", "event-payload", Kind::Event),
        ("handover", "handover-payload", Kind::Handover),
        ("notice", "notice-payload", Kind::Notice),
    ] {
        let payload = &payloads.iter().find(|w| w.rule == payload_rule).unwrap().payload;
        let message = signed(kind, payload);
        conforms(rule, &message).unwrap_or_else(|e| panic!("{rule}: {e}"));
        conforms("message", &message).unwrap_or_else(|e| panic!("{rule}: {e}"));
        for changed in changes(&fixed(message)) {
            assert!(conforms(rule, &changed).is_err(), "{rule}: {}", hex::encode(&changed));
            assert!(message::kid(&changed).is_err(), "{rule}: {}", hex::encode(&changed));
        }
        let other = signed(kind, &Writer::new().array(1).int(-1).finish());
        assert!(conforms(rule, &other).is_err(), "{rule}: another payload");
    }
    let token = sign_token(&claims(Hkg, SealedHashes::One(ShortHash([1; 16]))), 1, &key).unwrap();
    conforms("token", &token).unwrap();
    assert_eq!(token.len(), 164);
    for changed in changes(&fixed(token.clone())) {
        assert!(conforms("token", &changed).is_err() && UnverifiedToken::parse(&changed).is_err());
    }
    let tagged = [&[0xd2], token.as_slice()].concat();
    assert!(conforms("token", &tagged).is_err() && UnverifiedToken::parse(&tagged).is_err());
}

#[test]
fn a_status_list_is_what_the_grammar_says() {
    let key = SigningKey::generate().unwrap();
    let verifying = VerifyingKey::new(*key.public()).unwrap();
    let mut list = StatusList::with_entries(70_000);
    assert!(list.set(69_999, Status::Suspended));
    let whole = SignedStatusList {
        subject: "urn:baypass:status:MAC:0".to_owned(),
        issued: at("2026-03-02T10:00:00Z"),
        expires: Some(at("2026-03-03T10:00:00Z")),
        ttl: Some(3600),
        list,
    };
    let least = SignedStatusList { expires: None, ttl: None, ..whole.clone() };
    for list in [whole, least] {
        let signed = list.sign(b"1", &key).unwrap();
        conforms("status-list-token", &signed).unwrap();
        well_formed(&signed).unwrap();
        let read = SignedStatusList::open(&signed, &verifying, &list.subject).unwrap();
        assert_eq!(read, list);
        assert!(conforms("status-list-token", &signed[1..]).is_err(), "without its tag");
        let payload = Sign1::parse(&signed, Tagging::Sign1, 1 << 20).unwrap().unverified_payload().to_vec();
        let mut refused = 0;
        for changed in changes(&payload) {
            let headers = Headers { kid: Some(b"1"), content_type: Some("application/statuslist+cwt") };
            let signed = cose::sign(&key, Tagging::Sign1, headers, &[], &changed).unwrap();
            let reads = SignedStatusList::open(&signed, &verifying, &list.subject).is_ok();
            let grammar = conforms("status-list-token", &signed).is_ok();
            assert_eq!(reads, grammar, "{}", hex::encode(&changed));
            refused += usize::from(!reads);
        }
        assert!(refused >= 10, "{refused}");
    }
}

#[test]
fn the_limits_that_the_page_names_are_those_of_the_program() {
    let day = 86_400;
    for (of_program, on_page) in [
        (
            u64::try_from(MAX_TOKEN_LEN).unwrap(),
            "at most 256 bytes are read; it has 181 bytes from CHN and 164",
        ),
        (u64::try_from(MAX_PROOF_LEN).unwrap(), "At most 96 bytes are read; it has 80"),
        (u64::try_from(MAX_PAYLOAD).unwrap(), "at most 262,144 bytes"),
        (u64::try_from(MAX_LIST_LEN).unwrap(), "at most 4,194,304 bytes before and after inflating"),
        (u64::try_from(MAX_DEPTH).unwrap(), "nesting deeper than 8"),
        (u64::from(FIRST_STATUS_INDEX), "indexes begin at 65,536"),
        (KeyClass::Hardware.max_life_seconds().unsigned_abs(), "7 days and 1 hour ahead (608,400 s)"),
        (KeyClass::SecureElement.max_life_seconds().unsigned_abs(), "7 days and 1 hour ahead (608,400 s)"),
        (KeyClass::Software.max_life_seconds().unsigned_abs(), "3 days and\n  1 hour (262,800 s)"),
        (u64::try_from(PartForm::Own.length()).unwrap(), "An own part (139 bytes)"),
        (u64::try_from(PartForm::Sealed.length()).unwrap(), "a sealed part (210 bytes)"),
    ] {
        assert!(page_text().contains(on_page), "{on_page}");
        let digits = on_page.replace(',', "");
        let named = digits.split(|c: char| !c.is_ascii_digit()).any(|n| n.parse() == Ok(of_program));
        assert!(named, "{of_program}: {on_page}");
    }
    assert_eq!(KeyClass::Software.life_days() * day, 259_200);
    assert_eq!(KeyClass::Hardware.life_days() * day, 604_800);
    assert_eq!(bytes("token").len(), 181);
    assert_eq!(bytes("proof").len(), 80);
    // At the bound, and one byte beyond it.
    for (length, expected) in [(MAX_TOKEN_LEN, false), (MAX_TOKEN_LEN + 1, true)] {
        let refused = UnverifiedToken::parse(&vec![0x84; length]).unwrap_err();
        assert_eq!(refused == TokenError::Claims(CborError::Limit), expected, "token of {length} bytes");
    }
    for (length, expected) in [(MAX_PROOF_LEN, false), (MAX_PROOF_LEN + 1, true)] {
        let refused = UnverifiedProof::parse(&vec![0x84; length]).unwrap_err();
        assert_eq!(refused == ProofError::Payload(CborError::Limit), expected, "proof of {length} bytes");
    }
}

#[test]
fn a_message_has_a_bounded_payload_a_key_id_and_no_type() {
    let key = SigningKey::generate().unwrap();
    let verifying = VerifyingKey::new(*key.public()).unwrap();
    for (length, fits) in [(MAX_PAYLOAD, true), (MAX_PAYLOAD + 1, false)] {
        let message = message::sign(Kind::Event, b"1", &key, &vec![0; length]).unwrap();
        assert_eq!(message::open(Kind::Event, &message, &verifying).is_ok(), fits, "{length} bytes");
    }
    let external = Writer::new().array(1).text("bp1-event").finish();
    for (kid, content_type, fits) in [
        (Some(&[7; 64][..]), None, Ok(())),
        (Some(&[]), None, Ok(())),
        (None, None, Err("the message names no key")),
        (Some(b"1"), Some("text"), Err("the message carries a header that its format does not have")),
        (Some(&[7; 65]), None, Err("not a COSE_Sign1 message: too large or nested too deeply")),
    ] {
        let headers = Headers { kid, content_type };
        let message = cose::sign(&key, Tagging::Untagged, headers, &external, &[0x80]).unwrap();
        let opened = message::open(Kind::Event, &message, &verifying);
        assert_eq!(opened.map(|_| ()).map_err(|e| e.to_string()), fits.map_err(str::to_owned));
        assert_eq!(message::unverified_payload(&message).is_ok(), fits.is_ok());
        assert_eq!(conforms("message", &message).is_ok(), fits.is_ok());
    }
}

#[test]
fn a_gate_has_a_name_that_can_be_shown() {
    let long = "g".repeat(65);
    for (gate, fits) in [("g", true), (&long[..64], true), (&long, false), ("", false), ("a\nb", false)] {
        let request = Request { gate: gate.to_owned(), ..request() };
        assert_eq!(Request::decode(&request.encode()).is_ok(), fits, "{gate:?}");
    }
}

#[test]
fn a_message_with_bytes_behind_its_payload_is_refused() {
    for Written { rule, payload, reads } in written() {
        assert!(!reads(&[payload.as_slice(), &[0]].concat()), "{rule}");
        assert!(!reads(payload.get(..payload.len() - 1).unwrap()), "{rule}");
        assert!(!reads(&[]), "{rule}");
    }
}

#[test]
fn a_status_list_has_a_bounded_size_one_form_and_nothing_behind() {
    let key = SigningKey::generate().unwrap();
    let verifying = VerifyingKey::new(*key.public()).unwrap();
    let zeros = |bytes: usize| {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, &vec![0; bytes]).unwrap();
        encoder.finish().unwrap()
    };
    let list =
        |bits: u64, lst: &[u8]| Writer::new().map(2).text("lst").bytes(lst).text("bits").uint(bits).finish();
    let read = |bytes: &[u8]| StatusList::read(&mut Reader::new(bytes)).map(|list| list.len());
    assert_eq!(read(&list(2, &zeros(MAX_LIST_LEN))).unwrap(), 4 * MAX_LIST_LEN);
    assert!(read(&list(2, &zeros(MAX_LIST_LEN + 1))).is_err(), "a bomb");
    for (bits, entries) in
        [(1, Some(80)), (2, Some(40)), (4, Some(20)), (8, Some(10)), (0, None), (3, None), (16, None)]
    {
        assert_eq!(read(&list(bits, &zeros(10))).ok(), entries, "{bits} bits");
    }
    assert!(read(&list(2, b"no zlib")).is_err());
    assert!(read(&list(2, &zeros(10)[..8])).is_err(), "cut");
    let mut whole = Writer::new();
    whole
        .map(3)
        .text("lst")
        .bytes(&zeros(1))
        .text("bits")
        .uint(2)
        .text("aggregation_uri")
        .text("https://example.org");
    assert_eq!(read(&whole.finish()).unwrap(), 4);
    let twice =
        Writer::new().map(3).text("lst").bytes(&zeros(1)).text("bits").uint(2).text("bits").uint(2).finish();
    assert!(read(&twice).is_err(), "a key twice");

    let claims = |extra: &[u8]| {
        let mut w = Writer::new();
        w.map(3).int(2).text("s").int(6).uint(1).int(65533).raw(&list(2, &zeros(10))).raw(extra);
        w.finish()
    };
    let signed = |headers, payload: &[u8]| cose::sign(&key, Tagging::Sign1, headers, &[], payload).unwrap();
    let open = |message: &[u8]| SignedStatusList::open(message, &verifying, "s").is_ok();
    let typed = Headers { kid: None, content_type: Some("application/statuslist+cwt") };
    assert!(open(&signed(typed, &claims(&[]))));
    assert!(!open(&signed(typed, &claims(&[0]))), "bytes behind the claims");
    assert!(!open(&signed(Headers { content_type: Some("statuslist+cwt"), ..typed }, &claims(&[]))));
    assert!(!open(&signed(Headers { content_type: None, ..typed }, &claims(&[]))));
    // A key id outside the protected header is read, once; anything else there is refused.
    let bare = signed(typed, &claims(&[]));
    let named = signed(Headers { kid: Some(b"1"), ..typed }, &claims(&[]));
    let outside = |message: &[u8], header: &[u8]| {
        let at = message.iter().position(|byte| *byte == 0xa0).unwrap();
        [&message[..at], header, &message[at + 1..]].concat()
    };
    assert_eq!(list_kid(&bare).unwrap(), None);
    assert_eq!(list_kid(&outside(&bare, &[0xa1, 0x04, 0x41, b'7'])).unwrap(), Some(b"7".to_vec()));
    assert!(open(&outside(&bare, &[0xa1, 0x04, 0x41, b'7'])));
    for (message, header) in [
        (&bare, &[0xa1, 0x05, 0x41, b'7'][..]),
        (&bare, &[0xa1, 0x01, 0x26]),
        (&bare, &[0xa2, 0x04, 0x41, b'7', 0x05, 0x00]),
        (&named, &[0xa1, 0x04, 0x41, b'1']),
    ] {
        let changed = outside(message, header);
        assert!(list_kid(&changed).is_err() && !open(&changed), "{}", hex::encode(header));
    }
    // What an entry can hold.
    let mut list = StatusList::with_entries(5);
    assert_eq!((list.len(), list.is_empty()), (8, false));
    assert!(StatusList::with_entries(0).is_empty());
    for (index, status, fits) in [
        (0, Status::Suspended, true),
        (1, Status::Other(3), true),
        (1, Status::Other(4), false),
        (7, Status::Invalid, true),
        (8, Status::Invalid, false),
    ] {
        assert_eq!(list.set(index, status), fits, "{index} {status:?}");
    }
    let held: Vec<_> = (0..9).map(|index| list.get(index)).collect();
    let valid = Some(Status::Valid);
    let (first, second) = (Some(Status::Suspended), Some(Status::Other(3)));
    assert_eq!(held, [first, second, valid, valid, valid, valid, valid, Some(Status::Invalid), None]);
    assert!(list.set(0, Status::Valid));
    assert_eq!((list.get(0), list.get(1)), (valid, second), "the neighbour stays");
}

/// With a signature that is always the same. Where an item is missing the checker takes the next one for CBOR, and of
/// random bytes some announce more than any memory holds.
fn fixed(mut message: Vec<u8>) -> Vec<u8> {
    let from = message.len() - 64;
    message[from..].fill(7);
    message
}

fn page_text() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/formats.md");
    std::fs::read_to_string(path).unwrap()
}
