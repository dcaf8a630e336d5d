//! Writes `fuzz/seeds` anew: for each target some inputs that its reader takes (`ok-`), made by the program itself, and
//! near misses that it refuses (`no-`). Signed seeds differ from run to run, for ES256 draws a nonce.
//!
//! What the fuzzer found stays beside them; it is not made here.
//!
//! `cargo run -p outside-bytes --example seeds [attestations | cards | chips | desks | openid | risks | venues | zones]`

#![expect(clippy::unwrap_used, reason = "a tool of the tests")]

mod cards;
mod chips;
mod desks;
mod openid;
mod phones;
mod pictures;
mod risks;
mod venues;
mod zones;

use std::path::{Path, PathBuf};

use clearance::Envelope;
use code::{CrossingCode, Parts, QrSymbol, base45};
use credential::cbor::Writer;
use credential::dpop::{DpopRequest, sign_dpop};
use credential::message::{
    self, Chain, ChainReason, Event, Handover, Kind, Notice, Outcome, Passage, Receipt, ReceiptResult,
    Request, Verdict,
};
use credential::paper::sign_paper;
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
use trust::{Approval, Binding, GateBinding, KeyEntry, Role, Root, TrustList, VerifierBinding};

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
    if only.as_deref().is_none_or(|only| only == "openid") {
        openid::openid();
    }
    if only.as_deref().is_none_or(|only| only == "risks") {
        risks::risks();
    }
    if matches!(only.as_deref(), Some("desks" | "openid" | "risks")) {
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
    pictures::pictures();
    pictures::papers();
    pictures::pages();
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
    let day = now().local_date();
    let paper =
        sign_paper((device_key(), TOKEN_KID), &audience, &token_bytes, &[PartHash([1; 32])], day).unwrap();
    put_with_misses("paper_proof", "today", &paper);
    put("paper_proof", "no-holder-proof", &proof);
    put("proof", "no-paper", &paper);
    let midnight = day.start().unix().to_be_bytes();
    let noon = day.start().plus_seconds(43_200).unix().to_be_bytes();
    put("paper_proof", "no-noon", replaced(&paper, midnight.split_at(4).1, noon.split_at(4).1));
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

/// A verifier of another system.
fn verifier() -> KeyEntry {
    let types = ["sd-jwt:urn:example:1", "mdoc:org.example"].map(|one| one.parse().unwrap());
    let bound = VerifierBinding::new(
        "HK".parse().unwrap(),
        types,
        test_support::SignerChain::new("V", &["v.example"], None).root,
    );
    let bound = bound.unwrap();
    let key = bound.key().as_bytes().to_vec();
    KeyEntry { key, binding: Some(Binding::Verifier(bound)), ..entry(Role::ForeignVerifier, b"v") }
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
    let verifier = TrustList { keys: vec![verifier()], ..list.clone() };
    put_with_misses("trust_list", "verifier", &verifier.encode());
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
