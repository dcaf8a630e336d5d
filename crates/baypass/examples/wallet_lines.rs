//! Wallet lines: what these crates write and refuse, as JSON lines, for the test that holds the wallet's TypeScript to the
//! same bytes (`web/core/test/rust.test.ts`). `-- write SEED COUNT` writes cases; `-- judge` reads proofs that the wallet
//! made and says of each whether it counts.
//!
//! Its chance is a seeded sequence, so that a failure can be had again.

use std::io::{self, BufRead, Write};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use code::{CrossingCode, Parts, base45};
use credential::cbor::{Writer, well_formed};
use credential::message::{self, Kind};
use credential::{
    Audience, PartHash, PublicKey, SigningKey, Unlock, UnlockMethod, UnverifiedProof, UnverifiedToken,
    VerifyingKey, sign_proof_with,
};
use documents::issuance::{part_documents, part_maker, sealed_receivers, vouches_for};
use documents::{AuthorityCode, Direction, DocumentKind, DocumentNumber, PortId, Side, Timestamp};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut out = io::stdout().lock();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["write", seed, count] => write(&mut out, seed.parse()?, count.parse()?),
        ["judge"] => {
            for line in io::stdin().lock().lines() {
                let case: Value = serde_json::from_str(&line?)?;
                writeln!(out, "{}", json!({ "counts": judge(&case).is_ok() }))?;
            }
            Ok(())
        }
        _ => Err("write SEED COUNT, or judge".into()),
    }
}

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let a = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let b = (a ^ (a >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        b ^ (b >> 31)
    }

    fn below(&mut self, bound: u64) -> usize {
        usize::try_from(self.next() % bound.max(1)).unwrap_or(0)
    }

    /// Numbers of every width, none of which is rare.
    fn number(&mut self) -> u64 {
        let shift = self.below(64);
        self.next() >> shift
    }

    fn bytes(&mut self, most: u64) -> Vec<u8> {
        let length = self.below(most + 1);
        (0..length).map(|_| self.next().to_le_bytes()[0]).collect()
    }

    fn text(&mut self) -> String {
        const SIGNS: [char; 12] =
            ['a', 'Z', '0', ' ', '"', 'é', 'ß', '漢', '字', '😀', '\u{7ff}', '\u{ffff}'];
        let length = self.below(30);
        (0..length).filter_map(|_| SIGNS.get(self.below(12)).copied()).collect()
    }

    fn authority(&mut self) -> AuthorityCode {
        AuthorityCode::ALL.get(self.below(3)).copied().unwrap_or(AuthorityCode::Chn)
    }
}

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// One item, written and described: the description leaves the order of keys to the other side.
fn item(chance: &mut Chance, depth: usize, w: &mut Writer) -> Value {
    match chance.below(if depth == 0 { 6 } else { 9 }) {
        0 | 1 => {
            let n = chance.number();
            w.uint(n);
            json!({ "int": n.to_string() })
        }
        2 => {
            let n = -1 - i64::try_from(chance.number() >> 1).unwrap_or(0);
            w.int(n);
            json!({ "int": n.to_string() })
        }
        3 => {
            let bytes = chance.bytes(300);
            w.bytes(&bytes);
            json!({ "bytes": b64(&bytes) })
        }
        4 => {
            let text = chance.text();
            w.text(&text);
            json!({ "text": text })
        }
        5 if chance.below(3) == 0 => {
            w.null();
            json!({ "null": true })
        }
        5 => {
            let value = chance.below(2) == 1;
            w.bool(value);
            json!({ "bool": value })
        }
        6 => {
            let len = chance.below(5);
            w.array(len);
            json!({ "array": (0..len).map(|_| item(chance, depth - 1, w)).collect::<Vec<_>>() })
        }
        7 => {
            let tag = chance.number() >> 12;
            w.tag(tag);
            json!({ "tag": tag, "item": item(chance, depth - 1, w) })
        }
        _ => {
            let len = chance.below(6);
            let mut keys: Vec<(Vec<u8>, Value)> = Vec::new();
            while keys.len() < len {
                let mut key = Writer::new();
                let described = item(chance, 0, &mut key);
                let key = key.finish();
                if !keys.iter().any(|(known, _)| *known == key) {
                    keys.push((key, described));
                }
            }
            keys.sort_by(|(a, _), (b, _)| a.cmp(b));
            w.map(len);
            let mut pairs = Vec::new();
            for (key, described) in keys {
                w.raw(&key);
                pairs.push(json!([described, item(chance, depth - 1, w)]));
            }
            pairs.reverse();
            json!({ "map": pairs })
        }
    }
}

fn spoiled(chance: &mut Chance, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let place = chance.below(bytes.len() as u64);
    match chance.below(4) {
        0 => bytes.truncate(place),
        1 => bytes.insert(place, chance.next().to_le_bytes()[0]),
        2 => drop(bytes.drain(place..(place + 1).min(bytes.len()))),
        _ => {
            if let Some(byte) = bytes.get_mut(place) {
                *byte ^= 1 << chance.below(8);
            }
        }
    }
    bytes
}

fn audience(chance: &mut Chance) -> Audience {
    const PORTS: [&str; 4] = ["hengqin", "shenzhen-bay", "gongbei", "hzmb-hkg-mac"];
    let port = PORTS.get(chance.below(4)).and_then(|port| port.parse::<PortId>().ok());
    let direction = loop {
        if let Some(direction) = Direction::new(chance.authority(), chance.authority()) {
            break direction;
        }
    };
    let side = [None, Some(Side::Exit), Some(Side::Entry)].get(chance.below(3)).copied().flatten();
    match port {
        Some(port) => Audience::new(port, direction, side),
        None => audience(chance),
    }
}

fn described(audience: &Audience) -> Value {
    let direction = audience.direction();
    json!({
        "port": audience.port().as_str(), "from": direction.from().code(), "to": direction.to().code(),
        "side": audience.side().map(Side::as_str), "name": audience.as_str(),
    })
}

fn now(chance: &mut Chance) -> Result<Timestamp, Failure> {
    let second = i64::try_from(1_700_000_000 + chance.next() % 500_000_000)?;
    Timestamp::from_unix(second).ok_or_else(|| "no such time".into())
}

/// The table of `documents::issuance`, whole: a line for each authority, one for each pair.
fn issuance(out: &mut impl Write) -> Result<(), Failure> {
    for maker in AuthorityCode::ALL {
        let vouches: Vec<_> =
            DocumentKind::ALL.into_iter().filter(|kind| vouches_for(maker, *kind)).collect();
        let line = json!({
            "kind": "maker", "maker": maker, "seals_for": sealed_receivers(maker), "vouches_for": vouches,
        });
        writeln!(out, "{line}")?;
        for other in AuthorityCode::ALL {
            let line = json!({ "kind": "part", "issuer": maker, "receiver": other, "maker": part_maker(maker, other) });
            writeln!(out, "{line}")?;
            let line = json!({
                "kind": "document", "maker": maker, "home": other, "documents": part_documents(maker, other),
            });
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

fn write(out: &mut impl Write, seed: u64, count: usize) -> Result<(), Failure> {
    issuance(out)?;
    let chance = &mut Chance(seed);
    let device = SigningKey::generate()?;
    let key = VerifyingKey::new(*device.public())?;
    for _ in 0..count {
        let mut w = Writer::new();
        let value = item(chance, 4, &mut w);
        let bytes = w.finish();
        writeln!(out, "{}", json!({ "kind": "cbor", "value": value, "bytes": b64(&bytes) }))?;
        let bytes = spoiled(chance, &bytes);
        let read = well_formed(&bytes).is_ok();
        writeln!(out, "{}", json!({ "kind": "strict", "bytes": b64(&bytes), "read": read }))?;

        let bytes = chance.bytes(60);
        let text = base45::encode(&bytes);
        writeln!(out, "{}", json!({ "kind": "base45", "bytes": b64(&bytes), "text": text }))?;
        let text = String::from_utf8_lossy(&spoiled(chance, text.as_bytes())).into_owned();
        let read = base45::decode(&text).ok().map(|bytes| b64(&bytes));
        writeln!(out, "{}", json!({ "kind": "unbase45", "text": text, "bytes": read }))?;

        let audience = audience(chance);
        let token = chance.bytes(180);
        let parts: Vec<Vec<u8>> =
            audience.sides().iter().map(|_| [chance.bytes(200), vec![1]].concat()).collect();
        let hashes: Vec<PartHash> = parts.iter().map(|part| PartHash::of(part)).collect();
        let at = now(chance)?;
        let method = if chance.below(2) == 0 { UnlockMethod::Pin } else { UnlockMethod::Platform };
        // Every value of the seconds, and some that are too many: then nothing is said.
        let unlock = Unlock::new(method, u8::try_from(chance.below(70))?);
        let proof = sign_proof_with(&device, &audience, &token, &hashes, (at, unlock))?;
        let listed: Vec<_> = parts.iter().map(|part| b64(part)).collect();
        let shown = match parts.as_slice() {
            [one] => Some(Parts::One(one)),
            [one, two] => Some(Parts::Two(one, two)),
            _ => None,
        };
        let text =
            shown.and_then(|parts| CrossingCode::Full { token: &token, proof: &proof, parts }.to_text().ok());
        writeln!(
            out,
            "{}",
            json!({
                "kind": "code", "key": b64(device.public().as_bytes()), "thumbprint": b64(key.thumbprint()?.as_bytes()),
                "audience": described(&audience), "token": b64(&token), "parts": listed, "now": at.unix(),
                "proof": b64(&proof), "text": text,
                "unlock": unlock.map(|u| json!({"method": u.method().as_str(), "seconds": u.seconds()})),
            })
        )?;
        if let Some(text) = text {
            let text = String::from_utf8_lossy(&spoiled(chance, text.as_bytes())).into_owned();
            let read = CrossingCode::parse(&text, &mut Vec::new()).is_ok();
            writeln!(out, "{}", json!({ "kind": "uncode", "text": text, "read": read }))?;
        }
        number(out, chance)?;
    }
    Ok(())
}

/// Numbers of the six kinds that a wallet asks for, right and nearly right.
fn number(out: &mut impl Write, chance: &mut Chance) -> Result<(), Failure> {
    const SEEDS: [(DocumentKind, &str); 9] = [
        (DocumentKind::MainlandId, "110101199005061004"),
        (DocumentKind::MainlandId, "61010219900506110X"),
        (DocumentKind::Hkid, "A123456(3)"),
        (DocumentKind::Hkid, "AB987654(3)"),
        (DocumentKind::MacaoBir, "5123456(7)"),
        (DocumentKind::ExitEntryPermit, "CA1234567"),
        (DocumentKind::ExitEntryPermit, "C12345678"),
        (DocumentKind::HomeReturnPermit, "H12345678"),
        (DocumentKind::HomeReturnPermit, "HA1234567"),
    ];
    let Some((kind, seed)) = SEEDS.get(chance.below(9)).copied() else { return Ok(()) };
    let mut text = seed.to_owned();
    for _ in 0..chance.below(3) {
        text = String::from_utf8_lossy(&spoiled(chance, text.as_bytes())).into_owned();
    }
    let mut digits: Vec<u8> = text.into_bytes();
    for byte in digits.iter_mut().filter(|byte| byte.is_ascii_digit()) {
        if chance.below(12) == 0 {
            *byte = b'0' + u8::try_from(chance.below(10))?;
        }
    }
    let text = String::from_utf8_lossy(&digits).into_owned();
    let read = DocumentNumber::parse(kind, &text);
    let key = read.as_ref().ok().map(|number| number.match_key().to_owned());
    let fault = read.as_ref().err().map(|error| {
        use documents::NumberError as E;
        match error {
            E::Length { .. } => "length",
            E::Character { .. } => "character",
            E::CheckDigit { .. } => "check_digit",
            E::Date { .. } => "date",
            E::Area { .. } => "area",
            E::IsResidencePermit => "is_residence_permit",
            E::IsMainlandId => "is_mainland_id",
            E::OldBooklet => "old_booklet",
            E::NotOnTheWire { .. } | E::Unrecognised => "other",
        }
    });
    let position = match &read {
        Err(documents::NumberError::Character { position, .. }) => Some(*position),
        _ => None,
    };
    let line = json!({
        "kind": "number", "document": kind.as_str(), "text": text, "number": key, "fault": fault, "position": position,
    });
    writeln!(out, "{line}")?;
    Ok(())
}

fn field<'a>(case: &'a Value, name: &str) -> Result<&'a str, Failure> {
    case.get(name).and_then(Value::as_str).ok_or_else(|| format!("no field {name}").into())
}

fn field_bytes(case: &Value, name: &str) -> Result<Vec<u8>, Failure> {
    Ok(URL_SAFE_NO_PAD.decode(field(case, name)?)?)
}

/// A crossing code as a gate would read it, or a proof of possession as an authority would.
fn judge(case: &Value) -> Result<(), Failure> {
    let key = VerifyingKey::new(PublicKey::from_bytes(&field_bytes(case, "key")?)?)?;
    if let Ok(message) = field_bytes(case, "possession") {
        let payload = message::open(Kind::Possession, &message, &key)?;
        let wanted = field_bytes(case, "payload")?;
        return if payload == wanted { Ok(()) } else { Err("another payload".into()) };
    }
    let side = match case.get("side").and_then(Value::as_str) {
        Some("exit") => Some(Side::Exit),
        Some("entry") => Some(Side::Entry),
        _ => None,
    };
    let direction =
        Direction::new(field(case, "from")?.parse()?, field(case, "to")?.parse()?).ok_or("direction")?;
    let port: PortId = field(case, "port")?.parse()?;
    let audience = Audience::new(port, direction, side);
    let mut scratch = Vec::new();
    let CrossingCode::Full { token, proof, parts } = CrossingCode::parse(field(case, "text")?, &mut scratch)?
    else {
        return Err("a short code".into());
    };
    let token = UnverifiedToken::parse(token)?;
    let device = token.device_key()?;
    let issuer = VerifyingKey::new(PublicKey::from_bytes(&field_bytes(case, "issuer_key")?)?)?;
    let token = token.verify(&issuer, device)?;
    let hashes: Vec<PartHash> = parts.iter().map(PartHash::of).collect();
    let proof = UnverifiedProof::parse(proof)?;
    let unlock = proof.verify(&token, &audience, &hashes)?.unlock();
    let unlocked = unlock.map(|u| json!({"method": u.method().as_str(), "seconds": u.seconds()}));
    if case.get("unlocked").filter(|told| !told.is_null()) != unlocked.as_ref() {
        return Err("another own unlock".into());
    }
    Ok(())
}
