//! The grammar of the page holds for what this crate writes; a changed structure is refused by grammar and reader alike.

use credential::cbor::{CborError, Reader, Writer, well_formed};
use credential::cose::{self, Headers, Sign1, Tagging};
use credential::message::{
    self, Chain, ChainReason, DocumentNotice, Event, Handover, Kind, Notice, Outcome, Passage, Receipt,
    ReceiptResult, Request, Verdict,
};
use credential::page::Page;
use credential::part::{EndorsementSlot, HolderIdentity, Name, PartContents, PartContext, seal_weekly_key};
use credential::status::{SignedStatusList, Status, StatusList};
use credential::{
    Audience, KeyClass, PartHash, SealedHashes, SecretKey, ShortHash, SigningKey, StatusRef, TokenClaims,
    TokenId, Unlock, UnlockMethod, UnverifiedProof, UnverifiedToken, VerifyingKey, hpke, sign_proof_with,
    sign_token,
};
use documents::{AuthorityCode, IsoWeek, LaneKind, Side, Timestamp};

use crate::page::{bytes, conforms};
use crate::values::*;
use AuthorityCode::{Chn, Hkg, Mac};

#[test]
fn every_structure_of_the_example_is_what_the_grammar_says() {
    for (rule, names) in [
        ("token", &["token"][..]),
        ("token", &["paper-token"]),
        ("proof", &["proof"]),
        ("paper-proof", &["paper-proof"]),
        ("paper-external", &["paper-external"]),
        ("own-part", &["own-plaintext", "own-plaintext-today"]),
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

pub fn request() -> Request {
    Request {
        clearance: [1; 16],
        gate: "hengqin/CHN-MAC".to_owned(),
        port: "hengqin".parse().unwrap(),
        lane: LaneKind::Code,
        direction: direction(Chn, Mac),
        role: Side::Entry,
        joint: true,
        token: TokenId::from_bytes([2; 16]),
        shown: [6; 32],
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
/// A Home Return Permit of nobody.
const ZONE: &str = "CRCHNH123456783<<<<<<<<<<<<<<<
4603177F3101012CHN<<<<<<<<<<<8
SPECIMEN<<CHAN<TAI<<<<<<<<<<<<";

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
    for unlock in [None, Unlock::new(UnlockMethod::Pin, 0), Unlock::new(UnlockMethod::Platform, 60)] {
        let made = (at("2026-03-02T10:00:00Z"), unlock);
        let proof = sign_proof_with(&key, &audience, b"token", &[PartHash([1; 32])], made).unwrap();
        let payload = Sign1::parse(&proof, Tagging::Untagged, 16).unwrap().unverified_payload().to_vec();
        add("proof-payload", payload, reads_proof_payload);
    }

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
        epoch: 0,
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
    for result in [
        ReceiptResult::Taken,
        ReceiptResult::Conflict("after_release".to_owned()),
        ReceiptResult::Expected(1),
        ReceiptResult::Forked,
        ReceiptResult::UnknownChain,
    ] {
        let receipt = Receipt { authority: Chn, message: [4; 32], result, at: at("2026-03-02T10:00:00Z") };
        assert_eq!(Receipt::decode(&receipt.encode()), Ok(receipt.clone()));
        add("receipt-payload", receipt.encode(), |bytes| Receipt::decode(bytes).is_ok());
    }
    for reason in [ChainReason::StoreLost, ChainReason::FormChanged] {
        let note = Chain::note("the disk\nwas replaced");
        let gate = "hengqin/CHN-MAC".to_owned();
        let chain = Chain { gate, epoch: 1, reason, note, at: at("2026-03-02T10:00:00Z") };
        assert_eq!(Chain::decode(&chain.encode()), Ok(chain.clone()));
        add("chain-payload", chain.encode(), |bytes| Chain::decode(bytes).is_ok());
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
    let by_document = DocumentNotice {
        from: Mac,
        showing: TokenId::from_bytes([1; 16]),
        number: vec![7; 91],
        port: "hzmb-hkg-mac".parse().unwrap(),
        direction: direction(Hkg, Mac),
        date: day("2026-03-02"),
    };
    add("document-notice-payload", by_document.encode(), |bytes| DocumentNotice::decode(bytes).is_ok());
    let number = documents::DocumentNumber::recognise("A123456(3)").unwrap();
    for page in [Page::typed(number, day("1946-03-17")), Page::from_zone(ZONE, day("2026-03-02"))] {
        let padded = page.unwrap().encode().unwrap();
        let end = padded.iter().rposition(|byte| *byte != 0).unwrap();
        // The last item of a page that was typed is a zero.
        let end = if well_formed(&padded[..=end]).is_ok() { end } else { end + 1 };
        add("page", padded[..=end].to_vec(), |bytes| {
            let mut padded = bytes.to_vec();
            padded.resize(160, 0);
            padded.len() == 160 && Page::decode(&padded, day("2026-03-02")).is_ok()
        });
    }
    all
}

/// Every item inside taken out, or replaced by -1, which is valid nowhere; and the same inside each item.
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
    assert_eq!(structures.len(), 34);
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
        ("claims", &token, "8500171affffffff", "8504171affffffff"),
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
        ("request-payload", &request, "00", "04"),
        ("verdict-payload", &verdict, "0348", "0548"),
    ] {
        assert!(bytes.contains(from), "row {rule} {from}");
        // The request's lane is the first 00 behind the port.
        let changed =
            if from == "00" { bytes.replacen("6e0063", "6e0463", 1) } else { bytes.replacen(from, to, 1) };
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
        ("receipt", "receipt-payload", Kind::Receipt),
        ("chain", "chain-payload", Kind::Chain),
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
fn a_message_with_bytes_behind_its_payload_is_refused() {
    // A page has zeros behind it, up to its one length: `credential::page` looks at each of them.
    for Written { rule, payload, reads } in written().into_iter().filter(|one| one.rule != "page") {
        assert!(!reads(&[payload.as_slice(), &[0]].concat()), "{rule}");
        assert!(!reads(payload.get(..payload.len() - 1).unwrap()), "{rule}");
        assert!(!reads(&[]), "{rule}");
    }
}

/// With a signature that is always the same. Where an item is missing the checker takes the next one for CBOR, and of
/// random bytes some announce more than any memory holds.
fn fixed(mut message: Vec<u8>) -> Vec<u8> {
    let from = message.len() - 64;
    message[from..].fill(7);
    message
}
