//! The vectors, made anew: what is wrong with each of them.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of a test, outside of the test functions themselves"
)]
#![expect(clippy::needless_pass_by_value, reason = "what `json!` makes is handed over")]

use code::{VenueCode, VenueCodeKind};
use credential::message::{self, Kind};
use credential::venue::{
    ClaimName, ClaimSet, Exchange, PseudonymSecret, Shown, VenueReceipt, VenueRequest, answer,
    presentation_hash,
};
use credential::{SigningKey, sha256};
use documents::{Scenario, Timestamp};
use serde_json::{Map, Value, json};
use trust::{Root, TrustList};

use crate::credentials::{Owned, write_credentials};
use crate::path;
use crate::world::{Keys, approvals, now};

/// What a wallet says of requests, beside what it says of keys.
pub const REQUEST_CODES: [&str; 36] = [
    "ok",
    "venue_code_empty",
    "venue_code_other_system",
    "venue_code_other_kind",
    "venue_code_unknown",
    "venue_code_too_long",
    "venue_code_cut",
    "venue_code_damaged",
    "request_signature",
    "request_form",
    "request_venue",
    "request_scenario",
    "request_approval",
    "request_purpose",
    "request_unknown_claim",
    "request_claim_order",
    "request_nothing_required",
    "request_reply",
    "request_life",
    "request_ended",
    "request_from_future",
    "desk_of_another_venue",
    "scenario_of_another_kind",
    "scenario_not_listed",
    "approval_unknown",
    "venue_not_approved",
    "scenario_not_approved",
    "authority_not_concerned",
    "approval_withdrawn",
    "approval_not_begun",
    "approval_over",
    "outside_hours",
    "purpose_not_approved",
    "claim_not_approved",
    "retention_too_long",
    "face_not_approved",
];

const SECRET: [u8; 32] = [9; 32];

pub struct Cases(pub Vec<Value>);

impl Cases {
    pub fn add(&mut self, name: &str, expect: &str, fields: Value) {
        let mut case = Map::new();
        case.insert("name".to_owned(), json!(name));
        case.insert("expect".to_owned(), json!(expect));
        case.extend(fields.as_object().unwrap().clone());
        self.0.push(Value::Object(case));
    }
}

/// Writes the file, with new keys.
pub fn write() {
    let keys = Keys::new();
    let root = keys.root(2, &["s1", "s2", "s3"]);
    let list = keys.list(1, &root, None);
    let macao = keys.macao();
    let pin = |root: &Root| {
        let keys = root
            .keys()
            .iter()
            .map(|key| (String::from_utf8(key.kid.clone()).unwrap(), json!(hex::encode(key.key.as_bytes()))));
        json!({"threshold": root.threshold(), "keys": keys.collect::<Map<_, _>>()})
    };
    let (credentials, owned) = write_credentials(&keys);
    let answers = write_answers(&keys, &owned);
    let file = json!({
        "about": "what a wallet takes and refuses at a venue's desk; see README.md",
        "now": now().to_string(),
        "roots": {"CHN": pin(&root), "MAC": pin(&macao.root)},
        "trust": {
            "CHN": hex::encode(keys.chained(&[(&list, &["s1", "s3"])])),
            "MAC": hex::encode(keys.chained(&[(&macao, &["m"])])),
        },
        "approvals": approvals().iter().map(|one| hex::encode(keys.approved(one))).collect::<Vec<_>>(),
        "issuer": hex::encode(keys.get("issuer").public().as_bytes()),
        "desk": hex::encode(keys.get("hotel").public().as_bytes()),
        "secret": hex::encode(SECRET),
        "requests": write_requests(&keys),
        "chains": write_chains(&keys, &root, &list),
        "credentials": credentials,
        "answers": answers,
        "receipts": write_receipts(&keys),
    });
    let mut text = serde_json::to_string_pretty(&file).unwrap();
    text.push('\n');
    std::fs::write(path(), text).unwrap();
}

fn set(claims: &[ClaimName]) -> ClaimSet {
    claims.iter().copied().collect()
}

fn request() -> VenueRequest {
    VenueRequest {
        venue: "harbour-hotel".parse().unwrap(),
        scenario: Scenario::HotelCheckIn,
        approval: "hotels-1".to_owned(),
        purpose: "guest-register".to_owned(),
        required: set(&[ClaimName::Name, ClaimName::DocumentNumber]),
        optional: set(&[ClaimName::BirthDate, ClaimName::AgeOver18]),
        retention_days: 90,
        face: false,
        exchange: Exchange::Once([7; 16]),
        reply: None,
        made: now().plus_seconds(-60),
        ends: now().plus_seconds(240),
    }
}

fn with(change: impl FnOnce(&mut VenueRequest)) -> VenueRequest {
    let mut changed = request();
    change(&mut changed);
    changed
}

fn text(kind: VenueCodeKind, bytes: &[u8]) -> String {
    VenueCode::new(kind, bytes).to_text().unwrap()
}

/// The payload with the first `from` in it replaced.
pub fn replaced(payload: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = payload.windows(from.len()).position(|window| window == from).unwrap();
    [&payload[..at], to, &payload[at + from.len()..]].concat()
}

fn write_requests(keys: &Keys) -> Vec<Value> {
    let mut cases = Cases(vec![]);
    let good = text(VenueCodeKind::Request, &request().sign(b"harbour-hotel", keys.get("hotel")).unwrap());
    write_texts(&mut cases, &good);
    let mut signed = |name: &str, expect: &str, kid: &str, key: &str, asked: &VenueRequest| {
        let bytes =
            message::sign(Kind::VenueRequest, kid.as_bytes(), keys.get(key), &asked.encode()).unwrap();
        let id = hex::encode(asked.id().as_bytes());
        cases.add(name, expect, json!({"text": text(VenueCodeKind::Request, &bytes), "id": id}));
    };
    for (name, expect, kid, key, asked) in [
        ("a request with a nonce", "ok", "harbour-hotel", "hotel", request()),
        (
            "a printed sign",
            "ok",
            "harbour-hotel",
            "hotel",
            with(|r| {
                r.exchange = Exchange::Standing;
                r.made = now().plus_seconds(-300 * 86_400);
                r.ends = now().plus_seconds(100 * 86_400);
            }),
        ),
        (
            "one with an address, made a little ahead",
            "ok",
            "harbour-hotel",
            "hotel",
            with(|r| {
                r.reply = Some("https://desk.example:8443/answers?x=1".to_owned());
                r.made = now().plus_seconds(10);
                r.ends = now().plus_seconds(310);
            }),
        ),
        (
            "one under an approval of two authorities, with a face",
            "ok",
            "casa-hotel",
            "casa",
            with(|r| {
                r.venue = "casa-hotel".parse().unwrap();
                r.approval = "both-1".to_owned();
                r.face = true;
            }),
        ),
        ("a key that nobody lists", "desk_key_unknown", "nobody", "stranger", request()),
        ("a key of another role", "desk_key_role", "status", "issuer", request()),
        ("a key that is not in use yet", "desk_key_not_yet", "later-hotel", "hotel", request()),
        ("a key that is in use no more", "desk_key_ended", "ended-hotel", "hotel", request()),
        ("a compromised key", "desk_key_compromised", "bad-hotel", "bad", request()),
        ("another key under the desk's name", "request_signature", "harbour-hotel", "stranger", request()),
        (
            "a desk of another venue",
            "desk_of_another_venue",
            "harbour-hotel",
            "hotel",
            with(|r| r.venue = "casa-hotel".parse().unwrap()),
        ),
        (
            "a hotel that opens library accounts",
            "scenario_of_another_kind",
            "harbour-hotel",
            "hotel",
            with(|r| r.scenario = Scenario::LibraryAccount),
        ),
        (
            "a scenario for which the key is not listed",
            "scenario_not_listed",
            "harbour-hotel",
            "hotel",
            with(|r| r.scenario = Scenario::BuildingVisit),
        ),
        ("the instant of its end", "request_ended", "harbour-hotel", "hotel", with(|r| r.ends = now())),
        (
            "made 11 seconds ahead",
            "request_from_future",
            "harbour-hotel",
            "hotel",
            with(|r| r.made = now().plus_seconds(11)),
        ),
        (
            "an approval that is not known",
            "approval_unknown",
            "harbour-hotel",
            "hotel",
            with(|r| r.approval = "hotels-9".to_owned()),
        ),
        (
            "an approval for other venues",
            "venue_not_approved",
            "harbour-hotel",
            "hotel",
            with(|r| r.approval = "elsewhere-1".to_owned()),
        ),
        (
            "an approval for another scenario",
            "scenario_not_approved",
            "harbour-hotel",
            "hotel",
            with(|r| r.approval = "visits-1".to_owned()),
        ),
        (
            "an approval that the desk's authority has not signed",
            "authority_not_concerned",
            "casa-hotel",
            "casa",
            with(|r| r.venue = "casa-hotel".parse().unwrap()),
        ),
        (
            "a withdrawn approval",
            "approval_withdrawn",
            "harbour-hotel",
            "hotel",
            with(|r| r.approval = "withdrawn-1".to_owned()),
        ),
        (
            "the day before an approval",
            "approval_not_begun",
            "harbour-hotel",
            "hotel",
            with(|r| r.approval = "later-1".to_owned()),
        ),
        (
            "the day after an approval",
            "approval_over",
            "harbour-hotel",
            "hotel",
            with(|r| r.approval = "over-1".to_owned()),
        ),
        (
            "an approval of the evening in the morning",
            "outside_hours",
            "harbour-hotel",
            "hotel",
            with(|r| r.approval = "evening-1".to_owned()),
        ),
        (
            "an approval of this day and this minute alone",
            "ok",
            "harbour-hotel",
            "hotel",
            with(|r| r.approval = "today-1".to_owned()),
        ),
        (
            "the first minute after an approval's hours",
            "outside_hours",
            "harbour-hotel",
            "hotel",
            with(|r| r.approval = "morning-1".to_owned()),
        ),
        (
            "another purpose",
            "purpose_not_approved",
            "harbour-hotel",
            "hotel",
            with(|r| r.purpose = "newsletter".to_owned()),
        ),
        (
            "a claim beyond the approval",
            "claim_not_approved",
            "harbour-hotel",
            "hotel",
            with(|r| r.required = set(&[ClaimName::Name, ClaimName::City])),
        ),
        (
            "an optional claim beyond the approval",
            "claim_not_approved",
            "harbour-hotel",
            "hotel",
            with(|r| r.optional = set(&[ClaimName::Portrait])),
        ),
        (
            "kept a day too long",
            "retention_too_long",
            "harbour-hotel",
            "hotel",
            with(|r| r.retention_days = 91),
        ),
        (
            "a face where none may be compared",
            "face_not_approved",
            "harbour-hotel",
            "hotel",
            with(|r| r.face = true),
        ),
        ("no purpose", "request_purpose", "harbour-hotel", "hotel", with(|r| r.purpose = "  ".to_owned())),
        (
            "a purpose with a control character",
            "request_purpose",
            "harbour-hotel",
            "hotel",
            with(|r| r.purpose = "a\nb".to_owned()),
        ),
        ("no approval", "request_approval", "harbour-hotel", "hotel", with(|r| r.approval.clear())),
        (
            "an approval with a control character",
            "request_approval",
            "harbour-hotel",
            "hotel",
            with(|r| r.approval = "a\u{85}b".to_owned()),
        ),
        (
            "an approval of 65 bytes",
            "request_form",
            "harbour-hotel",
            "hotel",
            with(|r| r.approval = "a".repeat(65)),
        ),
        (
            "a border crossing",
            "request_scenario",
            "harbour-hotel",
            "hotel",
            with(|r| r.scenario = Scenario::BorderCrossing),
        ),
        (
            "nothing required",
            "request_nothing_required",
            "harbour-hotel",
            "hotel",
            with(|r| r.required = ClaimSet::default()),
        ),
        (
            "a claim in both lists",
            "request_claim_order",
            "harbour-hotel",
            "hotel",
            with(|r| r.optional = r.required.clone()),
        ),
        (
            "an address without TLS",
            "request_reply",
            "harbour-hotel",
            "hotel",
            with(|r| r.reply = Some("http://desk.example/".to_owned())),
        ),
        (
            "an address with a user",
            "request_reply",
            "harbour-hotel",
            "hotel",
            with(|r| r.reply = Some("https://desk.example@elsewhere.example/".to_owned())),
        ),
        (
            "an address without a host",
            "request_reply",
            "harbour-hotel",
            "hotel",
            with(|r| r.reply = Some("https:///answers".to_owned())),
        ),
        (
            "a life of 301 seconds",
            "request_life",
            "harbour-hotel",
            "hotel",
            with(|r| r.ends = r.made.plus_seconds(301)),
        ),
        ("a life of no second", "request_life", "harbour-hotel", "hotel", with(|r| r.ends = r.made)),
        (
            "a sign of more than 400 days",
            "request_life",
            "harbour-hotel",
            "hotel",
            with(|r| {
                r.exchange = Exchange::Standing;
                r.ends = r.made.plus_seconds(400 * 86_400 + 1);
            }),
        ),
    ] {
        signed(name, expect, kid, key, &asked);
    }
    write_raw(&mut cases, keys);
    cases.0
}

/// Texts that no code of ours is.
fn write_texts(cases: &mut Cases, good: &str) {
    let long = format!("BR1:{}", "0".repeat(1_246));
    for (name, expect, text) in [
        ("nothing", "venue_code_empty", ""),
        ("the beginning of a code", "venue_code_cut", "BR1"),
        ("a prefix alone", "venue_code_cut", "BR1:"),
        ("a code without its last character", "venue_code_cut", &good[..good.len() - 1]),
        ("small letters", "venue_code_unknown", "br1:BB8"),
        ("another text", "venue_code_unknown", "HELLO"),
        ("a wallet's answer", "venue_code_other_kind", "BV1:BB8"),
        ("a crossing code", "venue_code_other_system", "BP1:BB8"),
        ("an address", "venue_code_other_system", "https://example.org"),
        ("1,250 characters", "venue_code_too_long", &long),
        ("a character that Base45 has not", "venue_code_damaged", "BR1:bb8"),
        ("three characters beyond two bytes", "venue_code_damaged", "BR1:GGWBB8"),
        ("bytes that are no message", "request_signature", "BR1:BB8"),
    ] {
        cases.add(name, expect, json!({"text": text}));
    }
}

/// Requests of which no program of ours could make the payload, signed all the same.
fn write_raw(cases: &mut Cases, keys: &Keys) {
    let payload = request().encode();
    let name = [0x3a, 0x00, 0x01, 0x00, 0x40];
    let number = [0x3a, 0x00, 0x01, 0x00, 0x45];
    let swapped = replaced(&replaced(&payload, &name, &[0; 5]), &number, &name);
    let swapped = replaced(&swapped, &[0; 5], &number);
    for (title, expect, payload) in [
        ("a payload that is cut", "request_form", payload[..payload.len() - 1].to_vec()),
        ("a byte behind the payload", "request_form", [payload.as_slice(), &[0]].concat()),
        ("11 fields", "request_form", replaced(&payload, &[0x8c], &[0x8b])),
        (
            "a venue's name with a capital",
            "request_venue",
            replaced(&payload, b"harbour-hotel", b"Harbour-hotel"),
        ),
        (
            "a scenario that there is not",
            "request_scenario",
            replaced(&payload, b"hotel-check-in", b"hotel-check-on"),
        ),
        (
            "a claim that there is not",
            "request_unknown_claim",
            replaced(&payload, &name, &[0x3a, 0x00, 0x01, 0x00, 0x3f]),
        ),
        ("claims in another order", "request_claim_order", swapped),
        ("a claim twice", "request_claim_order", replaced(&payload, &number, &name)),
        ("a nonce of 15 bytes", "request_form", {
            let (long, short) = ([&[0x50][..], &[7; 16]].concat(), [&[0x4f][..], &[7; 15]].concat());
            replaced(&payload, &long, &short)
        }),
    ] {
        let bytes = message::sign(Kind::VenueRequest, b"harbour-hotel", keys.get("hotel"), &payload).unwrap();
        cases.add(title, expect, json!({"text": text(VenueCodeKind::Request, &bytes)}));
    }
    let receipt = message::sign(Kind::VenueReceipt, b"harbour-hotel", keys.get("hotel"), &payload).unwrap();
    cases.add(
        "signed as a receipt",
        "request_signature",
        json!({"text": text(VenueCodeKind::Request, &receipt)}),
    );
}

fn write_chains(keys: &Keys, root: &Root, list: &TrustList) -> Vec<Value> {
    let mut cases = Cases(vec![]);
    let new_root = keys.root(1, &["s4"]);
    let announces = keys.list(1, root, Some(new_root.clone()));
    let follows = keys.list(2, &new_root, None);
    let third = keys.list(3, &new_root, None);
    let weaker = keys.list(1, &root.with_compromised(b"s2").unwrap(), None);
    for (name, expect, lists) in [
        ("two supervisors of three", "ok", vec![(list, &["s1", "s2"][..])]),
        ("three of three", "ok", vec![(list, &["s1", "s2", "s3"][..])]),
        ("one of three", "signature", vec![(list, &["s2"][..])]),
        ("one of three, and one who is no supervisor", "signature", vec![(list, &["s2", "s4"][..])]),
        (
            "two, one of whom the list itself names as compromised",
            "signature",
            vec![(&weaker, &["s1", "s2"][..])],
        ),
        ("two beside one whom the list names as compromised", "ok", vec![(&weaker, &["s1", "s3"][..])]),
        ("a new root that was not announced", "root_not_announced", vec![(&follows, &["s1", "s2"][..])]),
        (
            "a new root that was announced, then in force",
            "ok",
            vec![(&announces, &["s1", "s2"][..]), (&follows, &["s2", "s3"][..]), (&third, &["s4"][..])],
        ),
        (
            "a new root that signs before it is in force",
            "signature",
            vec![(&announces, &["s1", "s2"][..]), (&follows, &["s4"][..])],
        ),
    ] {
        cases.add(name, expect, json!({"bytes": hex::encode(keys.chained(&lists))}));
    }
    cases.0
}

fn write_answers(keys: &Keys, owned: &[Owned]) -> Vec<Value> {
    use ClaimName::{AgeOver18, BirthDate, City, DocumentNumber, Name, NameZh, Portrait};
    let mut cases = Cases(vec![]);
    let made = now().plus_seconds(5);
    let secret = PseudonymSecret::from_bytes(SECRET);
    let other = with(|r| {
        r.required = set(&[City, Portrait]);
        r.optional = set(&[Name, NameZh]);
    });
    for (name, asked, chosen, indices) in [
        ("what is required alone", request(), vec![Name, DocumentNumber], vec![0]),
        (
            "all of it, from two credentials",
            request(),
            vec![Name, DocumentNumber, BirthDate, AgeOver18],
            vec![0, 1],
        ),
        ("residence and portrait", other.clone(), vec![City, Portrait], vec![2, 3]),
        ("one of two optional claims", other, vec![City, Portrait, NameZh], vec![0, 2, 3]),
    ] {
        let shown: Vec<_> = indices
            .iter()
            .map(|index: &usize| Shown {
                credential: &owned[*index].credential,
                device: &owned[*index].device,
            })
            .collect();
        let pseudonym = secret.at(&asked.venue);
        let bytes = answer(&asked, &set(&chosen), &shown, pseudonym, made).unwrap();
        let request = asked.sign(b"harbour-hotel", keys.get("hotel")).unwrap();
        let words: Vec<_> = set(&chosen).iter().map(ClaimName::as_str).collect();
        cases.add(name, "ok", json!({
            "request": text(VenueCodeKind::Request, &request), "chosen": words, "credentials": indices,
            "made": made.to_string(), "pseudonym": hex::encode(pseudonym.as_bytes()), "bytes": hex::encode(&bytes),
        }));
    }
    cases.0
}

fn write_receipts(keys: &Keys) -> Vec<Value> {
    let mut cases = Cases(vec![]);
    let receipt = VenueReceipt {
        request: request().id(),
        presentation: presentation_hash(b"answer"),
        pseudonym: PseudonymSecret::from_bytes(SECRET).at(&request().venue),
        kept: set(&[ClaimName::Name, ClaimName::DocumentNumber]),
        until: ends(),
        at: now(),
    };
    let payload = receipt.encode();
    let hotel = keys.get("hotel");
    let sign =
        |kind, key: &SigningKey, payload: &[u8]| message::sign(kind, b"harbour-hotel", key, payload).unwrap();
    let label = [0x3a, 0x00, 0x01, 0x00, 0x40];
    for (name, expect, bytes) in [
        ("a receipt", "ok", sign(Kind::VenueReceipt, hotel, &payload)),
        ("of another key", "receipt_signature", sign(Kind::VenueReceipt, keys.get("stranger"), &payload)),
        ("signed as a request", "receipt_signature", sign(Kind::VenueRequest, hotel, &payload)),
        ("cut", "receipt_form", sign(Kind::VenueReceipt, hotel, &payload[..payload.len() - 1])),
        (
            "a byte behind",
            "receipt_form",
            sign(Kind::VenueReceipt, hotel, &[payload.as_slice(), &[0]].concat()),
        ),
        (
            "a claim that there is not",
            "receipt_claims",
            sign(Kind::VenueReceipt, hotel, &replaced(&payload, &label, &[0x3a, 0x00, 0x01, 0x00, 0x3f])),
        ),
        ("no message", "receipt_signature", sha256(&payload).to_vec()),
    ] {
        cases.add(name, expect, json!({"bytes": hex::encode(bytes)}));
    }
    cases.0
}

fn ends() -> Timestamp {
    now().plus_seconds(90 * 86_400)
}
