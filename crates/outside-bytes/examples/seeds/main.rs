//! Writes `fuzz/seeds` anew: for each target some inputs that its reader takes (`ok-`), made by the program itself, and
//! near misses that it refuses (`no-`). Signed seeds differ from run to run, for ES256 draws a nonce.
//!
//! What the fuzzer found stays beside them; it is not made here.
//!
//! `cargo run -p outside-bytes --example seeds [attestations | cards | chips | desks | risks | venues | zones]`

#![expect(clippy::unwrap_used, reason = "a tool of the tests")]

mod cards;
mod chips;
mod desks;
mod phones;
mod risks;
mod venues;
mod zones;

use std::io::Cursor;
use std::path::{Path, PathBuf};

use clearance::Envelope;
use code::{CrossingCode, Parts, QrSymbol, base45};
use credential::cbor::Writer;
use credential::dpop::{DpopRequest, sign_dpop};
use credential::message::{
    self, Chain, ChainReason, Event, Handover, Kind, Notice, Outcome, Passage, Receipt, ReceiptResult,
    Request, Verdict,
};
use credential::part::{
    EndorsementSlot, HolderIdentity, Name, PartContents, PartContext, PartTemplate, TEMPLATE_LEN,
    seal_weekly_key,
};
use credential::status::{SignedStatusList, Status, StatusList};
use credential::work::WorkTicket;
use credential::{
    Audience, DeviceKey, KeyClass, PartHash, SealedHashes, SecretKey, ShortHash, StatusRef, TokenClaims,
    Unlock, UnlockMethod, sign_proof, sign_proof_with, sign_token,
};
use documents::{
    AuthorityCode, Direction, DocumentKind, DocumentNumber, LaneKind, PortId, Side, check_digit,
};
use outside_bytes::{
    AUTHORITY_KID, Asked, LANE, SUBJECT, TOKEN_KID, authority_key, device_key, now, part_key, part_pair,
    part_words, receiver_key, root,
};
use trust::{Approval, Binding, GateBinding, KeyEntry, Role, Root, TrustList};

use AuthorityCode::{Chn, Hkg, Mac};

fn main() {
    let only = std::env::args().nth(1);
    if only.as_deref().is_none_or(|only| only == "zones") {
        zones::zones();
    }
    if only.as_deref() == Some("zones") {
        return;
    }
    if only.as_deref().is_none_or(|only| only == "desks") {
        desks::desks();
    }
    if only.as_deref().is_none_or(|only| only == "risks") {
        risks::risks();
    }
    if matches!(only.as_deref(), Some("desks" | "risks")) {
        return;
    }
    if only.as_deref().is_none_or(|only| only == "chips") {
        chips::chips();
    }
    if only.as_deref() == Some("chips") {
        return;
    }
    if only.as_deref().is_none_or(|only| only == "cards") {
        cards::cards();
    }
    if only.as_deref() == Some("cards") {
        return;
    }
    if !matches!(only.as_deref(), Some("attestations" | "codes")) {
        venues::venues();
    }
    if only.as_deref() == Some("venues") {
        return;
    }
    if only.as_deref().is_none_or(|only| only == "codes") {
        codes();
    }
    if only.as_deref() == Some("codes") {
        return;
    }
    phones::attestations();
    if only.is_some() {
        return;
    }
    parts();
    lists();
    messages();
    pictures();
    papers();
    pages();
    enrolment();
}

/// Proofs of a device key, and work. The published proofs of RFC 9449 stand beside them.
fn enrolment() {
    let request =
        DpopRequest { method: "GET", url: "https://hkg.example/v1/pass", token: Some("s"), nonce: None };
    let proof = sign_dpop(device_key(), request, [5; 16], now()).unwrap();
    put("dpop", "ok-own", &proof);
    put("dpop", "no-own-cut", proof.get(1..).unwrap());
    let key = SecretKey::from_bytes([7; 32]);
    let ticket = WorkTicket { bits: 4, from: now(), until: now().plus_seconds(1_000_000_000) };
    let salt = ticket.salt(&key, b"subject", [2; 16]);
    put("work_salt", "no-answer", &salt);
}

fn put(target: &str, name: &str, bytes: impl AsRef<[u8]>) {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), bytes).unwrap();
}

/// The same with a byte changed.
fn other(bytes: &[u8], at: usize, to: u8) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    if let Some(byte) = changed.get_mut(at) {
        *byte = to;
    }
    changed
}

fn cut(bytes: &[u8]) -> Vec<u8> {
    bytes.split_at(bytes.len() / 2).0.to_vec()
}

fn longer(bytes: &[u8]) -> Vec<u8> {
    [bytes, &[0]].concat()
}

/// Puts what is taken and what nearly is: cut in half, and with a byte too many.
fn put_with_misses(target: &str, name: &str, bytes: &[u8]) {
    put(target, &format!("ok-{name}"), bytes);
    put(target, &format!("no-{name}-cut"), cut(bytes));
    put(target, &format!("no-{name}-longer"), longer(bytes));
}

fn way(from: AuthorityCode, to: AuthorityCode) -> Direction {
    Direction::new(from, to).unwrap()
}

fn hengqin() -> PortId {
    "hengqin".parse().unwrap()
}

fn thumbprint() -> credential::Thumbprint {
    DeviceKey::new(*device_key().public()).unwrap().thumbprint()
}

fn context(issuer: AuthorityCode, receiver: AuthorityCode) -> PartContext {
    PartContext { issuer, receiver, thumbprint: thumbprint() }
}

fn contents(issuer: AuthorityCode, receiver: AuthorityCode) -> PartContents {
    let own = context(issuer, receiver).form() == credential::part::PartForm::Own;
    let number = DocumentNumber::parse(DocumentKind::ExitEntryPermit, "CA1234567").unwrap();
    let day = now().local_date();
    let identity = if own {
        HolderIdentity::Own { birth_year: 1990 }
    } else {
        HolderIdentity::Sealed {
            latin_name: Name::new("SPECIMEN, MEI"),
            chinese_name: Name::new("样本"),
            birth: "1990-05-20".parse().unwrap(),
            nationality: *b"CHN",
        }
    };
    PartContents {
        kind: DocumentKind::ExitEntryPermit.code(),
        number: number.mrz9().unwrap(),
        expiry: Some(day.plus_days(1000)),
        snapshot: day,
        holder_class: 0,
        identity,
        endorsements: vec![EndorsementSlot { form: 1, entries: Some(2), from: day, to: day.plus_days(90) }],
        template_format: 3,
        template: PartTemplate::from_bytes(&[0x5a; TEMPLATE_LEN]).unwrap(),
    }
}

fn token(issuer: AuthorityCode, sealed: &[Vec<u8>]) -> Vec<u8> {
    let hash = |part: &Vec<u8>| PartHash::of(part).short();
    let sealed = match sealed {
        [only] => SealedHashes::One(hash(only)),
        [first, second, ..] => SealedHashes::Two(hash(first), hash(second)),
        [] => SealedHashes::One(ShortHash([0; 16])),
    };
    let claims = TokenClaims {
        issuer,
        expires: KeyClass::Hardware.expiry_for(now().local_date()),
        device_key: *device_key().public(),
        key_class: KeyClass::Hardware,
        status: StatusRef::new(0, 70_000).unwrap(),
        sealed,
    };
    sign_token(&claims, TOKEN_KID, authority_key()).unwrap()
}

fn codes() {
    let audience = Audience::new(hengqin(), way(Mac, Chn), None);
    let shown = |made_at| {
        let part = |to| contents(Mac, to).seal(&part_key(), &context(Mac, to)).unwrap();
        let (exit, entry) = (part(Mac), part(Chn));
        let token = token(Mac, &[part(Hkg)]);
        let hashes = [PartHash::of(&exit), PartHash::of(&entry)];
        let proof = sign_proof(device_key(), &audience, &token, &hashes, made_at).unwrap();
        let parts = Parts::Two(&exit, &entry);
        let full = CrossingCode::Full { token: &token, proof: &proof, parts };
        let one = CrossingCode::Full { token: &token, proof: &proof, parts: Parts::One(&exit) };
        (full.to_text().unwrap(), full.to_cbor(), one.to_text().unwrap(), token.clone(), proof.clone())
    };
    let (text, cbor, one, token_bytes, proof) = shown(now());
    let (stale, ..) = shown(now().plus_seconds(-31));
    put("code_text", "ok-joint", &text);
    put("code_text", "ok-one-part", &one);
    let token_id = thumbprint().token_id();
    let short = CrossingCode::Short { token_id: token_id.as_bytes(), proof: &proof };
    put("code_text", "ok-short", short.to_text().unwrap());
    put("code_text", "no-cut", cut(text.as_bytes()));
    put("code_text", "no-longer", format!("{text}0"));
    put("code_text", "no-health", "HC1:6BFOXN");
    put("code_text", "no-indefinite", format!("BP1:{}", base45::encode(&[0x9f, 0x41, 1, 0x41, 2, 0xff])));
    put("code_text", "no-empty", "");
    put("gate_check", "ok-text", &text);
    put("gate_check", "ok-bytes", &cbor);
    put("gate_check", "no-one-part", &one);
    put("gate_check", "no-stale", stale);
    put("gate_check", "no-changed-token", other(&cbor, 60, 0));
    put("gate_check", "no-changed-part", other(&cbor, cbor.len() - 1, 0));
    put_with_misses("token", "mac", &token_bytes);
    let other_hashes = [vec![1], vec![2]];
    put("token", "ok-chn", token(Chn, &other_hashes));
    put("token", "ok-hkg", token(Hkg, &[vec![1]]));
    put("token", "no-tagged", [&[0xd2], token_bytes.as_slice()].concat());
    put("token", "no-issuer", replaced(&token_bytes, b"MAC", b"TWN"));
    put("token", "no-hashes", replaced(&token_bytes, b"MAC", b"CHN"));
    // The same header in another order: {4: kid, 1: alg}.
    put(
        "token",
        "no-header-order",
        replaced(&token_bytes, &[0xa2, 1, 0x26, 4, 0x41, 1], &[0xa2, 4, 0x41, 1, 1, 0x26]),
    );
    put_with_misses("proof", "now", &proof);
    put("proof", "no-token", &token_bytes);
    let made = (now(), Unlock::new(UnlockMethod::Pin, 8));
    let unlocked = sign_proof_with(device_key(), &audience, &token_bytes, &[], made).unwrap();
    put("proof", "ok-unlocked", &unlocked);
    // Method and seconds of the own unlock, each beyond its range.
    put("proof", "no-unlock-method", replaced(&unlocked, &[0x42, 1, 8], &[0x42, 3, 8]));
    put("proof", "no-unlock-seconds", replaced(&unlocked, &[0x42, 1, 8], &[0x42, 1, 61]));
    put_with_misses("base45_cbor", "code", &cbor);
    let deep = |levels: usize| [vec![0x81; levels], vec![0]].concat();
    put("base45_cbor", "ok-deep", deep(7));
    put("base45_cbor", "no-too-deep", deep(8));
    put("base45_cbor", "no-huge", [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    put("base45_cbor", "no-keys-twice", [0xa2, 1, 0, 1, 0]);
}

fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let at = bytes.windows(old.len()).position(|part| part == old).unwrap();
    let (head, rest) = bytes.split_at(at);
    [head, new, rest.split_at(old.len()).1].concat()
}

fn parts() {
    let plaintext = |issuer, receiver| {
        let context = context(issuer, receiver);
        let sealed = contents(issuer, receiver).seal(&part_key(), &context).unwrap();
        let (info, associated) = part_words(&context);
        part_key().open(&info, &associated, &sealed).unwrap().to_vec()
    };
    for first in 0..9 {
        let (issuer, receiver) = part_pair(first);
        let bytes = [&[first], plaintext(issuer, receiver).as_slice()].concat();
        put("part", &format!("ok-{}-{}", issuer.code(), receiver.code()), &bytes);
        if first == 0 || first == 1 {
            put("part", &format!("no-{}-{}-cut", issuer.code(), receiver.code()), cut(&bytes));
            put(
                "part",
                &format!("no-{}-{}-wide-kind", issuer.code(), receiver.code()),
                replaced(&bytes, &[4, 0x49], &[0x18, 0x49]),
            );
        }
    }
    let own = [&[0], plaintext(Chn, Chn).as_slice()].concat();
    // 1990 and the year 300: as long, and no year of a birth.
    put("part", "no-birth-year", replaced(&own, &[0x19, 0x07, 0xc6], &[0x19, 0x01, 0x2c]));
}

fn entry(role: Role, kid: &[u8]) -> KeyEntry {
    KeyEntry {
        role,
        kid: kid.to_vec(),
        key: device_key().public().as_bytes().to_vec(),
        from: now(),
        to: now().plus_seconds(86_400 * 90),
        compromised: false,
        binding: None,
    }
}

fn approval() -> Approval {
    let ports = vec![hengqin(), "gongbei".parse().unwrap()];
    let claims = vec!["permit".into(), "face".into()];
    Approval { claims, ..Approval::specimen("2026-001", ports, now().local_date()) }
}

fn lists() {
    let ways = [Direction::new(Chn, Mac).unwrap(), Direction::new(Mac, Chn).unwrap()];
    let binding = GateBinding::new(hengqin(), [LaneKind::Code, LaneKind::Manual], ways, true);
    let bound = KeyEntry { binding: binding.map(Binding::Gate), ..entry(Role::Gate, LANE.as_bytes()) };
    let compromised = KeyEntry { compromised: true, ..entry(Role::Verdict, b"v1") };
    let keys = vec![entry(Role::Token, &[1]), compromised, bound];
    let list = TrustList {
        authority: Hkg,
        number: 7,
        issued: now(),
        expires: now().plus_seconds(86_400),
        root: root(),
        next: None,
        keys,
    };
    put_with_misses("trust_list", "three-keys", &list.encode());
    let none = TrustList { keys: Vec::new(), ..list.clone() };
    put("trust_list", "ok-empty", none.encode());
    let twice = TrustList { keys: vec![entry(Role::Token, &[1]); 2], ..list.clone() };
    put("trust_list", "no-key-twice", twice.encode());
    let next = Root::of(1, [("a", *device_key().public()), ("b", *authority_key().public())]).unwrap();
    let announced = TrustList { next: Some(next.clone()), ..list.clone() };
    put("trust_list", "ok-announced", announced.encode());
    let changed = TrustList { root: next, ..list.clone() };
    put("trust_list", "no-root-changed", changed.encode());
    let unbound = TrustList { keys: vec![entry(Role::Gate, LANE.as_bytes())], ..list.clone() };
    put("trust_list", "no-gate-unbound", unbound.encode());
    let future = TrustList { issued: now().plus_seconds(301), ..list };
    put("trust_list", "no-future", future.encode());

    put_with_misses("approval", "border", &approval().encode());
    put("approval", "ok-withdrawn", Approval { number: 2, withdrawn: true, ..approval() }.encode());
    put("approval", "no-number", Approval { number: 0, ..approval() }.encode());
    put("approval", "no-assessment", Approval { assessment: String::new(), ..approval() }.encode());
    put("approval", "no-hours", Approval { hours: (600, 600), ..approval() }.encode());
    let sign = |a: AuthorityCode| (a, approval().sign(AUTHORITY_KID, authority_key()).unwrap());
    let bundle = Approval::bundle(&AuthorityCode::ALL.map(sign));
    put("approval_bundle", "ok-border", &bundle);
    put("approval_bundle", "no-unsigned", Approval::bundle(&[sign(Chn), sign(Hkg)]));
    put("approval_bundle", "no-signed-twice", Approval::bundle(&[sign(Chn), sign(Hkg), sign(Hkg)]));
    put("approval_bundle", "no-changed", other(&bundle, bundle.len() - 1, 0));

    let mut entries = StatusList::with_entries(70_004);
    assert!(entries.set(70_000, Status::Invalid) && entries.set(70_001, Status::Suspended));
    let signed = SignedStatusList {
        subject: SUBJECT.into(),
        issued: now(),
        expires: Some(now().plus_seconds(86_400)),
        ttl: Some(3600),
        list: entries,
    };
    let payload = |signed: &SignedStatusList| {
        let bytes = signed.sign(AUTHORITY_KID, authority_key()).unwrap();
        let tagged = credential::cose::Tagging::Sign1;
        let message = credential::cose::Sign1::parse(&bytes, tagged, 1 << 20).unwrap();
        message.unverified_payload().to_vec()
    };
    let whole = payload(&signed);
    put_with_misses("status_list", "revoked", &whole);
    let small =
        SignedStatusList { list: StatusList::with_entries(64), expires: None, ttl: None, ..signed.clone() };
    put("status_list", "ok-small", payload(&small));
    put(
        "status_list",
        "no-subject",
        payload(&SignedStatusList { subject: "urn:other".into(), ..small.clone() }),
    );
    put("status_list", "no-bits", replaced(&payload(&small), b"bits\x02", b"bits\x03"));
    put("status_list", "no-inflate", replaced(&payload(&small), &[0x78, 0xda], &[0x78, 0xdb]));
}

fn request() -> Request {
    Request {
        clearance: [1; 16],
        gate: LANE.into(),
        port: hengqin(),
        lane: LaneKind::Code,
        direction: way(Mac, Chn),
        role: Side::Exit,
        joint: true,
        token: thumbprint().token_id(),
        shown: [6; 32],
        made_at: now(),
        part: PartHash::of(b"part"),
        other_part: Some(PartHash::of(b"other part")),
        probe: [2; 32],
        at: now(),
        measures_done: vec![1],
    }
}

fn verdict(outcome: Outcome) -> Verdict {
    let reservation = (outcome == Outcome::Admit).then_some([3; 16]);
    Verdict {
        authority: Mac,
        request: [4; 32],
        outcome,
        reservation,
        reference: [5; 16],
        approval: "2026-001".into(),
        rules: "r1".into(),
        valid_until: now().plus_seconds(60),
    }
}

fn messages() {
    put_with_misses("request", "joint", &request().encode());
    let alone = Request { joint: false, other_part: None, measures_done: Vec::new(), ..request() };
    put("request", "ok-one-authority", alone.encode());
    put("request", "no-lane", other(&request().encode(), 36, 9));
    for (name, outcome) in [
        ("admit", Outcome::Admit),
        ("verify", Outcome::Verify(vec![1, 2])),
        ("refer", Outcome::Refer),
        ("busy", Outcome::Busy),
        ("elsewhere", Outcome::NotOpenToHolder(LaneKind::Manual)),
    ] {
        let payload = verdict(outcome).encode();
        put("verdict", &format!("ok-{name}"), &payload);
        put("gate_answer", &format!("ok-{name}"), [&[Asked::Payload as u8], payload.as_slice()].concat());
    }
    let admit = verdict(Outcome::Admit).encode();
    put("verdict", "no-class", replaced(&admit, &[0x00, 0x48], &[0x05, 0x48]));
    put("verdict", "no-detail-of-admit", replaced(&admit, &[0x00, 0x48, 0], &[0x00, 0x48, 1]));
    let verify = verdict(Outcome::Verify(vec![1, 2])).encode();
    put("verdict", "no-slack-of-verify", replaced(&verify, &[0x48, 2, 1, 2, 0], &[0x48, 2, 1, 2, 1]));
    put("verdict", "no-cut", cut(&admit));
    let signed = message::sign(Kind::Verdict, AUTHORITY_KID, authority_key(), &admit).unwrap();
    put("gate_answer", "ok-signed", [&[Asked::Body as u8], signed.as_slice()].concat());
    put(
        "gate_answer",
        "no-other-authority",
        [&[1], Verdict { authority: Hkg, ..verdict(Outcome::Refer) }.encode().as_slice()].concat(),
    );
    put(
        "gate_answer",
        "no-reservation",
        [&[1], Verdict { reservation: None, ..verdict(Outcome::Admit) }.encode().as_slice()].concat(),
    );
    put("gate_answer", "no-unsigned", [&[0], admit.as_slice()].concat());
    put("signed_message", "ok-verdict", &signed);
    let asked = message::sign(Kind::Request, AUTHORITY_KID, authority_key(), &request().encode()).unwrap();
    put_with_misses("signed_message", "request", &asked);
    put("signed_message", "no-changed", other(&asked, asked.len() - 1, 0));
    put("signed_message", "no-tagged", [&[0xd2], asked.as_slice()].concat());

    let event = Event {
        gate: LANE.into(),
        epoch: 0,
        number: 300,
        previous: [6; 32],
        clearance: [1; 16],
        passage: Passage::Passed,
        at: now(),
        verdicts: vec![[7; 32], [8; 32]],
        probe: [2; 32],
    };
    put_with_misses("event", "passed", &event.encode());
    put(
        "event",
        "ok-not-passed",
        Event { passage: Passage::NotPassed, verdicts: Vec::new(), ..event.clone() }.encode(),
    );
    put("event", "no-three-verdicts", Event { verdicts: vec![[7; 32]; 3], ..event }.encode());

    let receipt = |result| Receipt { authority: Chn, message: [4; 32], result, at: now() };
    put_with_misses("receipt", "taken", &receipt(ReceiptResult::Taken).encode());
    put("receipt", "ok-conflict", receipt(ReceiptResult::Conflict("after_release".into())).encode());
    put("receipt", "ok-expected", receipt(ReceiptResult::Expected(300)).encode());
    put("receipt", "no-code", receipt(ReceiptResult::Conflict("After".into())).encode());
    put("receipt", "no-number", receipt(ReceiptResult::Expected(0)).encode());
    let chain = |epoch, note: &str| Chain {
        gate: LANE.into(),
        epoch,
        reason: ChainReason::StoreLost,
        note: note.into(),
        at: now(),
    };
    put_with_misses("chain", "store-lost", &chain(1_780_000_000, "disk replaced").encode());
    put("chain", "no-epoch", chain(0, "").encode());
    put("chain", "no-note", chain(1, "two\nlines").encode());

    let notice = Notice {
        from: Mac,
        token: thumbprint().token_id(),
        port: "hzmb-hkg-mac".parse().unwrap(),
        direction: way(Hkg, Mac),
        date: now().local_date(),
    };
    put_with_misses("notice", "entry", &notice.encode());
    put("notice", "no-date", replaced(&notice.encode(), b"2026-03-02", b"2026-02-30"));

    let week = now().local_date().iso_week();
    let (enc, ciphertext) = seal_weekly_key(&part_key(), Chn, Hkg, week, receiver_key().public()).unwrap();
    let handover = Handover { from: Chn, to: Hkg, week, enc, ciphertext };
    put_with_misses("handover", "weekly-key", &handover.encode());
    put("handover", "ok-unopened", Handover { ciphertext: vec![0; 48], ..handover.clone() }.encode());
    let long = Handover { ciphertext: vec![0; 65], ..handover };
    put("handover", "no-too-long", long.encode());

    let part = contents(Mac, Mac).seal(&part_key(), &context(Mac, Mac)).unwrap();
    let token = token(Mac, &[vec![1]]);
    let audience = Audience::new(hengqin(), way(Mac, Chn), Some(Side::Exit));
    let proof = sign_proof(device_key(), &audience, &token, &[PartHash::of(&part)], now()).unwrap();
    let envelope = Envelope { request: &asked, token: &token, proof: &proof, part: &part, probe: b"probe" };
    put_with_misses("envelope", "exit", &envelope.encode());
    let long = vec![0; 513];
    put("envelope", "no-long-part", Envelope { part: &long, ..envelope }.encode());
}

fn encoded(image: &image::DynamicImage, format: image::ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn jpeg(side: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let image = image::GrayImage::from_pixel(side, side, image::Luma([128]));
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 10);
    encoder.encode_image(&image).unwrap();
    bytes
}

fn pictures() {
    use image::ImageFormat::{Jpeg, Png, WebP};
    let code = QrSymbol::draw("BP1:BB8").unwrap().to_png(2).unwrap();
    let small = image::DynamicImage::ImageRgb8(image::RgbImage::from_fn(9, 7, |x, y| {
        image::Rgb([x, y, x + y].map(|n| u8::try_from(n * 8).unwrap_or(255)))
    }));
    put("picture", "ok-code.png", code);
    put("picture", "ok-small.png", encoded(&small, Png));
    put("picture", "ok-small.jpg", encoded(&small, Jpeg));
    put("picture", "ok-small.webp", encoded(&small, WebP));
    put("picture", "no-cut.jpg", cut(&encoded(&small, Jpeg)));
    put("picture", "no-cut.png", cut(&encoded(&small, Png)));
    put("picture", "no-cut.webp", cut(&encoded(&small, WebP)));
    // A header that claims 65,535 x 65,535 pixels.
    let png = encoded(&small, Png);
    put(
        "picture",
        "no-huge.png",
        replaced(&png, &[0, 0, 0, 9, 0, 0, 0, 7], &[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]),
    );
    for (name, bomb) in test_support::bombs::small() {
        put("picture", name, bomb);
    }
    put("picture", "no-text", "no picture");
    put("picture", "no-gif", "GIF89a");

    // The 68 points of an upright face: all in the middle, the eyes (36 to 41, 42 to 47) apart on one level.
    let mut points = Vec::new();
    for at in 0..68u16 {
        let (x, y) = match at {
            36..=41 => (0x5000u16, 0x6000u16),
            42..=47 => (0xa000, 0x6000),
            _ => (0x8000, 0x9000),
        };
        points.extend(x.to_be_bytes());
        points.extend(y.to_be_bytes());
    }
    let probe = |jpegs: &[Vec<u8>], points: &[u8]| {
        let mut w = Writer::new();
        w.array(jpegs.len());
        for jpeg in jpegs {
            w.array(2).bytes(jpeg).bytes(points);
        }
        w.finish()
    };
    put_with_misses("face_probe", "one-frame", &probe(&[jpeg(224)], &points));
    put("face_probe", "no-narrow", probe(&[jpeg(223)], &points));
    put("face_probe", "no-frame", probe(&[], &points));
    put("face_probe", "no-five-frames", probe(&vec![vec![0xff, 0xd8, 0xff]; 5], &points));
    put("face_probe", "no-eyes", probe(&[jpeg(224)], &[0x80; 272]));
}

const TD3: [&str; 2] =
    ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];

fn digit(text: &str) -> char {
    check_digit(text).unwrap()
}

/// A zone of three lines with the check digits that it needs; `number` is written with its own.
fn td1(code: &str, number: &str, nationality: &str) -> String {
    let one = format!("{code}{number:<<25}");
    let (birth, expiry) = ("740812", "301231");
    let head = format!("{birth}{}F{expiry}{}", digit(birth), digit(expiry));
    let over = format!("{}{birth}{}{expiry}{}<<<<<<<<<<<", one.split_at(5).1, digit(birth), digit(expiry));
    format!("{one}\n{head}{nationality}<<<<<<<<<<<{}\nERIKSSON<<ANNA<<<<<<<<<<<<<<<<", digit(&over))
}

fn td2() -> String {
    let (number, birth, expiry) = ("D23145890", "740812", "120415");
    let (a, b, c) = (digit(number), digit(birth), digit(expiry));
    let composite = digit(&format!("{number}{a}{birth}{b}{expiry}{c}<<<<<<<"));
    format!("I<UTO{:<<31}\n{number}{a}UTO{birth}{b}F{expiry}{c}<<<<<<<{composite}", "ERIKSSON<<ANNA<MARIA")
}

fn papers() {
    put("mrz", "ok-td3", TD3.join("\n"));
    put("mrz", "ok-td2", td2());
    put("mrz", "ok-td1-permit", td1("CRCHN", &format!("H12345678{}", digit("H12345678")), "CHN"));
    put("mrz", "ok-td1-long-number", td1("I<UTO", "D23145890<7349<", "UTO"));
    put("mrz", "no-check-digit", TD3.join("\n").replace("L898902C36", "L898902C37"));
    put("mrz", "no-cut", TD3.join("\n").replace("<10", "<1"));
    put("mrz", "no-small-letter", TD3.join("\n").replace("ANNA", "anna"));
    put("mrz", "no-one-line", "CSC12345678");

    for (name, text) in [
        ("mainland-id", "11010519491231002X"),
        ("residence-permit", "820000198511304524"),
        ("hkid", "A123456(3)"),
        ("hkid-two-letters", "AB987654(3)"),
        ("macao-bir", "5123456(7)"),
        ("exit-entry-permit", "CA1234567"),
        ("home-return-permit", "H1234567801"),
        ("home-return-permit-other", "HA1234567"),
        ("passport", "E12345678"),
        ("wire", "A1234563<"),
    ] {
        let kind = if name == "wire" { "no" } else { "ok" };
        put("document_number", &format!("{kind}-{name}"), text);
    }
    put("document_number", "no-check-digit", "110105194912310021");
    put("document_number", "no-brackets", "A123456(34)");
    put("document_number", "no-utf8", b"5123456\xff<");

    for (name, text) in [
        ("ok-counted", "G:HKG:2026-01-10:2026-04-09:2"),
        ("ok-multi", "G:MAC:2026-01-10:2027-01-09:multi"),
        ("ok-weekly-issued", "G:HKG:2024-11-25:2025-11-24:weekly:2024-11-20"),
        ("ok-form", "l-mac-hqtour:MAC:2026-03-01:2026-05-31:1"),
        ("no-kind", "X:HKG:2026-01-10:2026-04-09:2"),
        ("no-date", "G:HKG:2026-01-10:2026-04-31:2"),
        ("no-entries", "G:HKG:2026-01-10:2026-04-09:0"),
        ("no-mainland", "G:CHN:2026-01-10:2026-04-09:2"),
    ] {
        put("endorsement", name, text);
    }

    let page = include_str!("../../../../docs/cases.md");
    for (at, rest) in page.split("```json case\n").skip(1).enumerate() {
        let case = rest.split_once("```").unwrap().0;
        put("case_file", &format!("ok-page-{}.json", at + 1), case);
        if at == 0 {
            put("case_file", "no-unknown-field.json", case.replace("\"person\"", "\"persons\""));
            put("case_file", "no-cut.json", cut(case.as_bytes()));
            put("case_file", "no-port.json", case.replace("luohu", "elsewhere"));
        }
    }
    let far = r#"{"person":{"birth":"1800-01-01","home":"CHN"},"documents":[{"kind":"one_way_permit","destination":"MAC","issued":"9998-12-31"},{"kind":"mainland_id"}],"movements":[{"at":"9998-12-31T23:59:59Z","port":"gongbei","from":"CHN","to":"MAC"}],"question":{"port":"gongbei","from":"MAC","to":"CHN","at":"9998-12-31"}}"#;
    put("case_file", "ok-ends-of-time.json", far);

    for (name, text) in [
        ("ok-time", "2026-03-02T10:00:00+08:00"),
        ("ok-date", "2026-03-02"),
        ("ok-port", "hzmb-hkg-mac"),
        ("ok-lane", "hengqin/CHN-MAC:1"),
        ("ok-side", "exit"),
        ("ok-authority", "HKG"),
        ("ok-last-time", "9998-12-31T23:59:59Z"),
        ("no-space", "no word"),
        ("no-empty", ""),
    ] {
        put("words", name, text);
    }
}

fn pages() {
    for path in ["/health", "/health/details", "/metrics", "/lanes"] {
        put(
            "gate_http",
            &format!("ok-{}", path.trim_start_matches('/').replace('/', "-")),
            format!("GET {path}"),
        );
    }
    // The generator of P-256 (SEC 2, 2.4.2) in a certificate's form.
    let spki = hex::decode(
        "3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
         4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    );
    put_with_misses("tls_key", "spki", &spki.unwrap());
    for (name, kid) in [
        ("ok-authority", "CHN/1767225600"),
        ("ok-port", "hengqin/7"),
        ("no-zero", "CHN/01"),
        ("no-number", "CHN/"),
        ("no-lane", "hengqin/CHN-MAC/1"),
    ] {
        put("tls_key", name, kid);
    }
    put("gate_http", "ok-head", "GET /lanes?x=1\naccept: application/json\nx-forwarded-for: 10.0.0.1");
    let scan = |body: &str| format!("POST /v1/scans\ncontent-type: application/json\n\n{body}");
    let whole = r#"{"lane":"x","code":"BP1:BB8","faces":["_-8"],"measures":["pin"]}"#;
    put("gate_http", "ok-scan", scan(whole));
    put("gate_http", "ok-scan-picture", scan(r#"{"lane":"x","code_picture":"AAAA","faces":[]}"#));
    put(
        "gate_http",
        "no-scan-two-codes",
        scan(&whole.replace("\"faces", "\"code_picture\":\"AAAA\",\"faces")),
    );
    put("gate_http", "no-scan-padding", scan(&whole.replace("_-8", "_-8=")));
    put("gate_http", "no-scan-field", scan(&whole.replace("lane", "name")));
    put("gate_http", "no-scan-text", scan(whole).replace("application/json", "text/plain"));
    put("gate_http", "no-method", "POST /lanes\ncontent-type: application/cbor\n\n\u{1}");
    put("gate_http", "no-page", "GET /persons/1");
    put("gate_http", "no-escape", "GET /lanes/%2e%2e/health");
    put("gate_http", "no-request", "lanes");
}
