//! The vectors, made anew: what is wrong with each of them.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of a test, outside of the test functions themselves"
)]
#![expect(clippy::needless_pass_by_value, reason = "what `json!` makes is handed over")]

mod lists;
mod paper;

use code::base45::encode_into;
use credential::cbor::Writer;
use credential::cose::{self, Headers, Tagging};
use credential::message::{self, Kind, Outcome, Receipt, ReceiptResult};
use credential::status::{Status, StatusList};
use credential::{KeyClass, PartHash, SigningKey, StatusRef, TokenClaims, sha256, sign_proof};
use documents::{AuthorityCode, Side};
use gate::GateReason;
use serde_json::{Map, Value, json};
use test_support::other_signature;
use trust::Role;

use crate::bay::{self, Bay, Chn, Hkg, Mac, Wallet, at, audience, direction, elsewhere, hengqin, now, text};
use crate::folder;

struct Cases(Vec<Value>);

impl Cases {
    fn add(&mut self, name: &str, expect: &str, fields: Value) {
        let mut case = Map::new();
        case.insert("name".to_owned(), json!(name));
        case.insert("expect".to_owned(), json!(expect));
        case.extend(fields.as_object().unwrap().clone());
        self.0.push(Value::Object(case));
    }

    fn put(self, name: &str, about: &str) {
        put(name, &json!({"about": about, "cases": self.0}));
    }
}

fn put(name: &str, value: &Value) {
    let mut text = serde_json::to_string_pretty(value).unwrap();
    text.push('\n');
    std::fs::write(folder().join(name), text).unwrap();
}

/// Writes every file, with new keys.
pub fn write() {
    let mut bay = Bay::new();
    let (compromised, ended) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let mut entries = bay.keys[&Mac].entries();
    entries.push(trust::KeyEntry { compromised: true, ..bay::entry(Role::Token, &[2], &compromised) });
    entries.push(trust::KeyEntry { to: now(), ..bay::entry(Role::Token, &[3], &ended) });
    bay.trust(&bay.list(Mac, 2, entries));
    let status: Vec<(AuthorityCode, Vec<u8>)> = AuthorityCode::ALL
        .map(|issuer| {
            let change = |list: &mut StatusList| {
                for (place, status) in
                    [(70_001, Status::Invalid), (70_002, Status::Suspended), (70_003, Status::Other(3))]
                {
                    assert!(list.set(place, status));
                }
            };
            (issuer, bay.signed_status(issuer, at(-60), change))
        })
        .into();
    write_world(&bay, &status);
    write_codes(&bay, &compromised, &ended);
    write_verdicts(&bay);
    write_receipts(&bay);
    lists::write_trust_lists(&bay);
    lists::write_status_lists(&bay);
    lists::write_approvals(&bay);
    paper::write();
}

fn write_world(bay: &Bay, status: &[(AuthorityCode, Vec<u8>)]) {
    put("world.json", &world_of(bay, status));
}

/// What a gate knows of this Bay.
fn world_of(bay: &Bay, status: &[(AuthorityCode, Vec<u8>)]) -> Value {
    let (mut roots, mut trust) = (Map::new(), Map::new());
    for code in AuthorityCode::ALL {
        let root = bay.keys[&code].root();
        let keys = root
            .keys()
            .iter()
            .map(|key| (String::from_utf8(key.kid.clone()).unwrap(), json!(hex::encode(key.key.as_bytes()))));
        let keys: Map<String, Value> = keys.collect();
        roots.insert(code.to_string(), json!({"threshold": 1, "keys": keys}));
        trust.insert(code.to_string(), json!(hex::encode(bay.lists.trust().bytes(code).unwrap())));
    }
    let status: Vec<_> = status
        .iter()
        .map(|(issuer, token)| {
            json!({"issuer": issuer.code(), "list": 0, "subject": bay::subject(*issuer), "token": hex::encode(token)})
        })
        .collect();
    json!({
            "about": "what a gate knows when it judges the vectors; see README.md",
            "now": now().to_string(),
            "lane": {"port": "hengqin", "from": "MAC", "to": "CHN"},
            "elsewhere": elsewhere().iter().map(|audience| audience.as_str().to_owned()).collect::<Vec<_>>(),
            "roots": roots,
            "trust": trust,
            "status": status,
            "approvals": [hex::encode(bay.approved(&bay::approval()))],
    })
}

/// A token signed by Macao's key, as its claims' bytes are.
fn token(bay: &Bay, payload: &[u8]) -> Vec<u8> {
    let headers = Headers { kid: Some(&[1]), content_type: None };
    let external = Writer::new().array(1).text("bp1-token").finish();
    cose::sign(&bay.keys[&Mac].token, Tagging::Untagged, headers, &external, payload).unwrap()
}

/// The claims of a token of Macao, written pair by pair as told.
fn claims(wallet: &Wallet, change: impl FnOnce(&mut Vec<(i64, Vec<u8>)>)) -> Vec<u8> {
    let payload = message::unverified_payload(&wallet.token).unwrap();
    let mut r = credential::cbor::Reader::new(payload);
    let count = r.map(8).unwrap();
    let mut pairs: Vec<(i64, Vec<u8>)> =
        (0..count).map(|_| (r.int().unwrap(), r.skip().unwrap().to_vec())).collect();
    change(&mut pairs);
    let mut w = Writer::new();
    w.map(pairs.len());
    for (key, value) in &pairs {
        w.int(*key).raw(value);
    }
    w.finish()
}

/// The code of a wallet that shows another token than its own, with a proof over what it shows.
fn showing(wallet: &Wallet, token: &[u8]) -> String {
    let parts = wallet.parts_for(&hengqin());
    let hashes: Vec<_> = parts.iter().map(|part| PartHash::of(part)).collect();
    let proof = sign_proof(&wallet.device, &hengqin(), token, &hashes, now()).unwrap();
    text(token, &proof, &parts)
}

fn framed(cbor: &[u8]) -> String {
    let mut text = String::from("BP1:");
    encode_into(cbor, &mut text);
    text
}

fn write_codes(bay: &Bay, compromised: &SigningKey, ended: &SigningKey) {
    let mut cases = Cases(Vec::new());
    let mut code = |name: &str, expect: GateReason, text: &str| {
        cases.add(name, expect.code(), json!({"text": text}));
    };
    let wallet = Wallet::new(bay, Mac);
    let good = wallet.show(&hengqin(), now());
    let parts = wallet.parts_for(&hengqin());
    let hashes: Vec<_> = parts.iter().map(|part| PartHash::of(part)).collect();
    let proof = sign_proof(&wallet.device, &hengqin(), &wallet.token, &hashes, now()).unwrap();
    let slices: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let frame = code::CrossingCode::Full {
        token: &wallet.token,
        proof: &proof,
        parts: code::Parts::new(&slices).unwrap(),
    }
    .to_cbor();

    code("a health certificate", GateReason::CodeOtherSystem, "HC1:6BFOXN");
    code("a web address", GateReason::CodeOtherSystem, "https://example.org/BP1:");
    code("a word", GateReason::CodeUnknown, "hello");
    code("the prefix in small letters", GateReason::CodeUnknown, &good.replacen("BP1:", "bp1:", 1));
    code("a byte order mark before the prefix", GateReason::CodeUnknown, &format!("\u{feff}{good}"));
    code("longer than any code", GateReason::CodeTooLong, &format!("{good}{good}"));
    code("a letter in small", GateReason::CodeDamaged, &good.replacen('A', "a", 1));
    code("three characters above 65535", GateReason::CodeDamaged, "BP1:::::::");
    code("half of it", GateReason::CodeCut, &good[..good.len() / 2]);
    code("nothing behind the prefix", GateReason::CodeCut, "BP1:");
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut cbor = frame.clone();
        change(&mut cbor);
        framed(&cbor)
    };
    code("a byte behind the end", GateReason::CodeMalformed, &with(&|c| c.push(0)));
    code(
        "an array of indefinite length",
        GateReason::CodeMalformed,
        &with(&|c| {
            c[0] = 0x9f;
            c.push(0xff);
        }),
    );
    code(
        "a head longer than needed",
        GateReason::CodeMalformed,
        &with(&|c| {
            c.splice(0..1, [0x98, 3]);
        }),
    );
    code(
        "four items",
        GateReason::CodeMalformed,
        &with(&|c| {
            c[0] = 0x84;
            c.push(0xf6);
        }),
    );
    code("a tag around it", GateReason::CodeMalformed, &with(&|c| c.insert(0, 0xd2)));
    let three = {
        let mut w = Writer::new();
        w.array(3).bytes(&wallet.token).bytes(&proof).array(3);
        for part in [&parts[0], &parts[1], &parts[1]] {
            w.bytes(part);
        }
        framed(&w.finish())
    };
    code("three parts", GateReason::CodeMalformed, &three);
    let empty = Writer::new().array(3).bytes(&wallet.token).bytes(&proof).array(1).bytes(&[]).finish();
    code("a part without bytes", GateReason::CodeMalformed, &framed(&empty));
    let as_text = Writer::new().array(2).text("0123456789abcdef").bytes(&proof).finish();
    code("a text in place of a token id", GateReason::CodeMalformed, &framed(&as_text));

    let mut of_token =
        |name: &str, expect: GateReason, token: &[u8]| code(name, expect, &showing(&wallet, token));
    let trailing = [wallet.token.as_slice(), &[0]].concat();
    of_token("token: a byte behind its end", GateReason::TokenMalformed, &trailing);
    of_token("token: tag 18", GateReason::TokenMalformed, &[&[0xd2], wallet.token.as_slice()].concat());
    of_token(
        "token: 257 bytes",
        GateReason::TokenMalformed,
        &[wallet.token.as_slice(), &[0; 256]].concat()[..257],
    );
    let payload = message::unverified_payload(&wallet.token).unwrap();
    let headers = |kid: Option<&'static [u8]>| Headers { kid, content_type: None };
    let external = |label: &str| Writer::new().array(1).text(label).finish();
    let key = &bay.keys[&Mac].token;
    let signed = |kid, label: &str, payload: &[u8]| {
        cose::sign(key, Tagging::Untagged, headers(kid), &external(label), payload).unwrap()
    };
    of_token("token: no key id", GateReason::TokenMalformed, &signed(None, "bp1-token", payload));
    of_token(
        "token: a key id of two bytes",
        GateReason::TokenMalformed,
        &signed(Some(&[1, 1]), "bp1-token", payload),
    );
    of_token(
        "token: signed for another kind of message",
        GateReason::TokenSignature,
        &signed(Some(&[1]), "bp1-notice", payload),
    );
    let typed = Headers { kid: Some(&[1]), content_type: Some("application/cwt") };
    let typed = cose::sign(key, Tagging::Untagged, typed, &external("bp1-token"), payload).unwrap();
    of_token("token: a header that the format has not", GateReason::TokenMalformed, &typed);
    type Change<'a> = (&'a str, &'a dyn Fn(&mut Vec<(i64, Vec<u8>)>));
    let malformed: [Change<'_>; 11] = [
        ("token: claims in another order", &|pairs| pairs.swap(0, 1)),
        ("token: a claim twice", &|pairs| pairs.insert(1, pairs[0].clone())),
        ("token: a claim more", &|pairs| pairs.insert(2, (6, Writer::new().uint(1_700_000_000).finish()))),
        ("token: a claim less", &|pairs| drop(pairs.remove(0))),
        ("token: an issuer that is none", &|pairs| pairs[0].1 = Writer::new().text("USA").finish()),
        ("token: an end that is no local midnight", &|pairs| {
            let expires = wallet.claims.expires.unix().unsigned_abs();
            pairs[1].1 = Writer::new().uint(expires + 3600).finish();
        }),
        ("token: an end as a floating-point number", &|pairs| {
            pairs[1].1 = vec![0xfa, 0x4e, 0xd3, 0x6b, 0xa0];
        }),
        ("token: a device key on another curve", &|pairs| {
            let at = pairs[2].1.windows(2).position(|pair| pair == [0x20, 1]).unwrap();
            pairs[2].1[at + 1] = 2;
        }),
        ("token: a private key beside the public one", &|pairs| {
            let inner = pairs[2].1.clone();
            // {8: {1: {...}}}: the key's map gets a fifth pair.
            let mut grown = inner.clone();
            grown[2] += 1;
            grown.extend([0x23, 0x41, 0]);
            pairs[2].1 = grown;
        }),
        ("token: a key class that is none", &|pairs| pairs[3].1[1] = 4),
        ("token: a place in the status list below 65536", &|pairs| {
            let at = pairs[3].1.iter().position(|byte| *byte == 0x1a).unwrap();
            pairs[3].1.splice(at..at + 5, [0x19, 0xff, 0xff]);
        }),
    ];
    for (name, change) in malformed {
        of_token(name, GateReason::TokenMalformed, &token(bay, &claims(&wallet, |pairs| change(pairs))));
    }

    let mut of_proof = |name: &str, expect: GateReason, proof: &[u8]| {
        code(name, expect, &text(&wallet.token, proof, &parts));
    };
    let device = |label: &str, payload: &[u8], headers: Headers<'_>| {
        let mut w = Writer::new();
        w.array(5).text(label).text(hengqin().as_str()).bytes(&wallet.token);
        for part in &parts {
            w.bytes(&sha256(part));
        }
        cose::sign(&wallet.device, Tagging::Untagged, headers, &w.finish(), payload).unwrap()
    };
    let says = |value: u64, unlock: &[u8]| Writer::new().array(2).uint(value).bytes(unlock).finish();
    let made = |value: u64| says(value, &[0, 0]);
    let iat = now().unix().unsigned_abs();
    of_proof(
        "proof: signed for another kind of message",
        GateReason::ProofSignature,
        &device("bp1-prove", &made(iat), headers(None)),
    );
    of_proof(
        "proof: a key id",
        GateReason::ProofMalformed,
        &device("bp2-proof", &made(iat), headers(Some(&[1]))),
    );
    of_proof(
        "proof: a time as a text",
        GateReason::ProofMalformed,
        &device("bp2-proof", &Writer::new().array(2).text("now").bytes(&[0, 0]).finish(), headers(None)),
    );
    of_proof(
        "proof: a time in 1970",
        GateReason::ProofMalformed,
        &device("bp2-proof", &made(60), headers(None)),
    );
    let of_unlock = |unlock: &[u8]| device("bp2-proof", &says(iat, unlock), headers(None));
    for (name, unlock) in [
        ("proof: an own unlock of one byte", &[1][..]),
        ("proof: an own unlock of three bytes", &[1, 0, 0]),
        ("proof: unlocked in an unknown way", &[3, 0]),
        ("proof: unlocked 61 seconds ago", &[1, 61]),
        ("proof: the age of no unlock", &[0, 1]),
    ] {
        of_proof(name, GateReason::ProofMalformed, &of_unlock(unlock));
    }
    of_proof(
        "proof: without the field of the own unlock",
        GateReason::ProofMalformed,
        &device("bp2-proof", &Writer::new().array(1).uint(iat).finish(), headers(None)),
    );
    of_proof(
        "proof: of the version before",
        GateReason::ProofMalformed,
        &device("bp1-proof", &Writer::new().map(1).int(6).uint(iat).finish(), headers(None)),
    );
    of_proof("proof: a byte behind its end", GateReason::ProofMalformed, &[proof.as_slice(), &[0]].concat());
    let mut changed = proof.clone();
    *changed.last_mut().unwrap() ^= 1;
    of_proof("proof: the last bit of its signature", GateReason::ProofSignature, &changed);
    let thief = SigningKey::generate().unwrap();
    let stolen = sign_proof(&thief, &hengqin(), &wallet.token, &hashes, now()).unwrap();
    of_proof("proof: by another device", GateReason::ProofSignature, &stolen);
    let mut changed = parts.clone();
    changed[1][60] ^= 1;
    code(
        "an own part changed behind the proof",
        GateReason::ProofSignature,
        &text(&wallet.token, &proof, &changed),
    );
    let unknown = audience("qingmao", direction(Mac, Chn), None);
    code(
        "for a lane that the gate knows nothing of",
        GateReason::ProofSignature,
        &wallet.show(&unknown, now()),
    );
    code("for the other direction", GateReason::CodeForElsewhere, &wallet.show(&elsewhere()[0], now()));
    code(
        "one part where the lane has two authorities",
        GateReason::WrongParts,
        &wallet.show(&audience("luohu", direction(Mac, Chn), Some(Side::Exit)), now()),
    );

    let (one, two) = (Wallet::new(bay, Hkg), Wallet::new(bay, Hkg));
    let (exit, entry) = (one.parts[&Mac].clone(), one.parts[&Chn].clone());
    for (name, shown) in [
        ("a sealed part of another token", [two.parts[&Mac].clone(), entry.clone()]),
        ("the parts swapped", [entry.clone(), exit.clone()]),
        ("an own part of 60 bytes", [exit.clone(), vec![1; 60]]),
    ] {
        code(name, GateReason::PartMismatch, &one.show_parts(&hengqin(), &shown, now()));
    }
    let short = sign_proof(&wallet.device, &hengqin(), &wallet.token, &[], now()).unwrap();
    let short =
        code::CrossingCode::Short { token_id: wallet.id().as_bytes(), proof: &short }.to_text().unwrap();
    code("a short code without anything handed in", GateReason::NotHandedIn, &short);

    let forged = SigningKey::generate().unwrap();
    let keep = |_: &mut TokenClaims| {};
    let mut made =
        |name: &str, expect: GateReason, wallet: &Wallet| code(name, expect, &wallet.show(&hengqin(), now()));
    made(
        "token: signed by nobody's key",
        GateReason::TokenSignature,
        &Wallet::with(bay, Mac, keep, 1, &forged),
    );
    made(
        "token: signed by another issuer",
        GateReason::TokenSignature,
        &Wallet::with(bay, Mac, keep, 1, &bay.keys[&Chn].token),
    );
    made(
        "token: a key id that no list names",
        GateReason::IssuerUnknown,
        &Wallet::with(bay, Mac, keep, 77, key),
    );
    made(
        "token: signed by a verdict key",
        GateReason::WrongKeyRole,
        &Wallet::with(bay, Mac, keep, 9, &bay.keys[&Mac].verdict),
    );
    made(
        "token: signed by a compromised key",
        GateReason::IssuerKeyCompromised,
        &Wallet::with(bay, Mac, keep, 2, compromised),
    );
    made(
        "token: signed by a key whose time is over",
        GateReason::IssuerKeyNotValid,
        &Wallet::with(bay, Mac, keep, 3, ended),
    );
    let place =
        |list, index| move |claims: &mut TokenClaims| claims.status = StatusRef::new(list, index).unwrap();
    made(
        "token: at its end",
        GateReason::TokenExpired,
        &Wallet::with(bay, Mac, |claims| claims.expires = now().local_date().start(), 1, key),
    );
    made(
        "token: nine days",
        GateReason::TokenTooLong,
        &Wallet::with(bay, Mac, |claims| claims.expires = now().local_date().plus_days(9).start(), 1, key),
    );
    made(
        "token: seven days of a software key",
        GateReason::TokenTooLong,
        &Wallet::with(bay, Mac, |claims| claims.key_class = KeyClass::Software, 1, key),
    );
    made(
        "token: beyond its status list",
        GateReason::StatusUnknown,
        &Wallet::with(bay, Mac, place(0, 4_000_000), 1, key),
    );
    made(
        "token: of a status list that is not there",
        GateReason::StatusUnknown,
        &Wallet::with(bay, Mac, place(3, 70_000), 1, key),
    );
    made("token: revoked", GateReason::TokenRevoked, &Wallet::with(bay, Mac, place(0, 70_001), 1, key));
    made("token: suspended", GateReason::TokenSuspended, &Wallet::with(bay, Mac, place(0, 70_002), 1, key));
    made(
        "token: of a status that is not known",
        GateReason::TokenRevoked,
        &Wallet::with(bay, Mac, place(0, 70_003), 1, key),
    );

    for issuer in [Chn, Hkg, Mac] {
        let wallet = Wallet::new(bay, issuer);
        cases.add(
            &format!("a sound code of {issuer}"),
            "ok",
            json!({"text": wallet.show(&hengqin(), now())}),
        );
    }
    let again = other_signature(&wallet.token);
    cases.add("the other valid signature of a token", "ok", json!({"text": showing(&wallet, &again)}));
    for (seconds, expect) in [
        (-11, GateReason::ProofFromFuture.code()),
        (-10, "ok"),
        (30, "ok"),
        (31, GateReason::ProofStale.code()),
    ] {
        let name = format!("read {seconds} s after it was made");
        cases.add(&name, expect, json!({"text": good, "now": at(seconds).to_string()}));
    }
    let unapproved = audience("qingmao", direction(Mac, Chn), None);
    cases.add(
        "where nothing is approved",
        GateReason::NotApproved.code(),
        json!({
            "text": wallet.show(&unapproved, now()), "lane": {"port": "qingmao", "from": "MAC", "to": "CHN"},
        }),
    );
    let hall = audience("gongbei", direction(Mac, Chn), Some(Side::Exit));
    cases.add("at a lane of one side", "ok", json!({
        "text": wallet.show(&hall, now()), "lane": {"port": "gongbei", "from": "MAC", "to": "CHN", "side": "exit"},
    }));
    cases.put("crossing-codes.json", "crossing codes as a gate reads them, and the reason of its check");
}

fn write_verdicts(bay: &Bay) {
    let mut cases = Cases(Vec::new());
    let request = sha256(b"a request");
    let verdict = message::Verdict {
        authority: Mac,
        request,
        outcome: Outcome::Admit,
        reservation: Some([7; 16]),
        reference: [8; 16],
        approval: "2026-001".to_owned(),
        rules: "2026-03".to_owned(),
        valid_until: at(60),
    };
    let keys = &bay.keys[&Mac];
    let sign =
        |kind, kid: &[u8], key: &SigningKey, payload: &[u8]| message::sign(kind, kid, key, payload).unwrap();
    let good = sign(Kind::Verdict, b"v1", &keys.verdict, &verdict.encode());
    let mut add = |name: &str, expect: &str, authority: AuthorityCode, bytes: &[u8]| {
        let fields = json!({
            "authority": authority.code(), "request": hex::encode(request), "bytes": hex::encode(bytes),
        });
        cases.add(name, expect, fields);
    };
    let of = |change: &dyn Fn(&mut message::Verdict)| {
        let mut changed = verdict.clone();
        change(&mut changed);
        sign(Kind::Verdict, b"v1", &keys.verdict, &changed.encode())
    };
    add("as it should be", "ok", Mac, &good);
    add("its other valid signature", "ok", Mac, &other_signature(&good));
    add("a byte behind its end", "verdict_malformed", Mac, &[good.as_slice(), &[0]].concat());
    add("nothing", "verdict_malformed", Mac, &[]);
    add("an admission without a reservation", "verdict_malformed", Mac, &of(&|v| v.reservation = None));
    add(
        "a key id that no list names",
        "verdict_key",
        Mac,
        &sign(Kind::Verdict, b"v9", &keys.verdict, &verdict.encode()),
    );
    add(
        "signed by a token key",
        "verdict_key",
        Mac,
        &sign(Kind::Verdict, &[1], &keys.token, &verdict.encode()),
    );
    add(
        "signed by the other authority",
        "verdict_signature",
        Mac,
        &sign(Kind::Verdict, b"v1", &bay.keys[&Chn].verdict, &verdict.encode()),
    );
    add(
        "signed as a receipt",
        "verdict_signature",
        Mac,
        &sign(Kind::Receipt, b"v1", &keys.verdict, &verdict.encode()),
    );
    let mut changed = good.clone();
    *changed.last_mut().unwrap() ^= 1;
    add("the last bit of its signature", "verdict_signature", Mac, &changed);
    let other = message::Verdict { authority: Chn, ..verdict.clone() };
    add(
        "another authority's name in it",
        "verdict_authority",
        Mac,
        &sign(Kind::Verdict, b"v1", &keys.verdict, &other.encode()),
    );
    add("of another request", "verdict_other_request", Mac, &of(&|v| v.request = sha256(b"another")));
    add("whose time is over", "verdict_expired", Mac, &of(&|v| v.valid_until = now()));
    add("valid for an hour", "verdict_expired", Mac, &of(&|v| v.valid_until = at(3600)));
    cases.put("verdicts.json", "answers of an authority to a request with this hash, as a gate reads them");
}

fn write_receipts(bay: &Bay) {
    let mut cases = Cases(Vec::new());
    let gate = SigningKey::generate().unwrap();
    let sent = message::sign(Kind::Event, b"hengqin/1", &gate, b"an event").unwrap();
    let receipt =
        |message: [u8; 32]| Receipt { authority: Mac, message, result: ReceiptResult::Taken, at: now() };
    let hash = message::payload_hash(b"an event");
    let key = &bay.keys[&Mac].verdict;
    let sign = |receipt: &Receipt| message::sign(Kind::Receipt, b"v1", key, &receipt.encode()).unwrap();
    let good = sign(&receipt(hash));
    let mut add = |name: &str, expect: &str, bytes: &[u8]| {
        let fields = json!({"authority": "MAC", "sent": hex::encode(&sent), "bytes": hex::encode(bytes)});
        cases.add(name, expect, fields);
    };
    add("as it should be", "ok", &good);
    add("its other valid signature", "ok", &other_signature(&good));
    add("of the hash of the signed bytes", "refused", &sign(&receipt(sha256(&sent))));
    add("of another message", "refused", &sign(&receipt(message::payload_hash(b"another"))));
    add("of another authority", "refused", &sign(&Receipt { authority: Chn, ..receipt(hash) }));
    add("of yesterday", "refused", &sign(&Receipt { at: at(-86_400), ..receipt(hash) }));
    add("of tomorrow", "refused", &sign(&Receipt { at: at(86_400), ..receipt(hash) }));
    let verdict_kind = message::sign(Kind::Verdict, b"v1", key, &receipt(hash).encode()).unwrap();
    add("signed as a verdict", "refused", &verdict_kind);
    let own = message::sign(Kind::Receipt, b"v1", &gate, &receipt(hash).encode()).unwrap();
    add("signed by the gate itself", "refused", &own);
    add("without any signature", "refused", &[]);
    add("a byte behind its end", "refused", &[good.as_slice(), &[0]].concat());
    cases.put("receipts.json", "answers to a message that was sent, as its sender reads them");
}
