//! Cheats: one attempt for each line of what must be refused, made with what a cheat would have: their own wallet, other
//! people's codes seen, an altered program. Each must end in the reason that stands beside it.

use clearance::Envelope;
use credential::part::OWN_PART_LEN;
use credential::{SigningKey, TokenClaims, UnverifiedToken, message, random, sha256, sign_token};
use documents::AuthorityCode::{Chn, Hkg, Mac};
use documents::{AuthorityCode, LaneKind, Side, Timestamp};
use evaluate::attack::{Artefact, Chance};
use face::Image;
use serde_json::{Value, json};

use super::bay::{Answered, TAPPED, code_picture, packed, unpacked};
use super::cast::Who;
use super::desks;
use super::doubts::{self, impossible};
use super::identity;
use super::thefts;
use super::tour::{Scanned, Tour, place};
use super::wire::{Trick, alter_signature};
use super::{cards, paper};
use crate::failure::{Failure, of};
use crate::install::keys::{KeyFiles, KeyStore};
use crate::install::{LanePlace, approvals, lists};
use crate::wallet::{Bytes, HeldToken};

/// Tries everything.
pub async fn all(tour: &mut Tour<'_>, sheet: &str) -> Result<Vec<Value>, Failure> {
    let mut told = Vec::new();
    documents(tour, &mut told).await?;
    faces(tour, &mut told).await?;
    windows(tour, &mut told).await?;
    bytes(tour, &mut told).await?;
    tokens(tour, &mut told).await?;
    keys(tour, &mut told).await?;
    enrolments(tour, &mut told).await?;
    paper::cheats(tour, sheet, &mut told).await?;
    identity::cheats(tour, &mut told).await?;
    cards::cheats(tour, &mut told).await?;
    thefts::bombs(tour, &mut told).await?;
    thefts::stolen_database(tour, &mut told).await?;
    wire(tour, &mut told).await?;
    thefts::stolen_supervisor(tour, &mut told).await?;
    desks::cheats(tour, &mut told).await?;
    ends(tour, &mut told).await?;
    doubts::all(tour, &mut told).await?;
    Ok(told)
}

/// An honest code of somebody for a lane, with their own face.
async fn honest(tour: &mut Tour<'_>, who: Who, lane: &LanePlace) -> Result<Scanned, Failure> {
    tour.travel(who, lane).await?;
    at_once(tour, who, lane, &[]).await
}

/// The same, however far away they were a moment ago, with these measures at the lane.
pub async fn at_once(
    tour: &mut Tour<'_>,
    who: Who,
    lane: &LanePlace,
    measures: &[&str],
) -> Result<Scanned, Failure> {
    let held = tour.take_token(who).await?;
    let text = held.code(&lane.audience(), tour.bay.now())?;
    let face = tour.live(who)?;
    let scanned = tour.scan(lane, &text, &face, measures).await?;
    if scanned.passed() {
        tour.note_crossed(who, lane)?;
    }
    Ok(scanned)
}

/// The same, where it is no cheat yet: it must pass.
pub async fn passes(tour: &mut Tour<'_>, who: Who, lane: &LanePlace) -> Result<(), Failure> {
    let scanned = honest(tour, who, lane).await?;
    if scanned.passed() {
        return Ok(());
    }
    Err(Failure::new(format!("an honest crossing at {} did not pass: {}", lane.name(), scanned.code())))
}

pub async fn note(
    tour: &mut Tour<'_>,
    told: &mut Vec<Value>,
    attack: &str,
    expected: &str,
    scanned: &Scanned,
) -> Result<(), Failure> {
    told.push(tour.judge(attack, expected, &scanned.code(), scanned.passed())?);
    tour.bay.advance(300).await
}

/// What documents, endorsements and lists of persons do not allow.
async fn documents(tour: &mut Tour<'_>, told: &mut Vec<Value>) -> Result<(), Failure> {
    next_morning(tour).await?;
    let to_macao = place("hengqin", Chn, Mac, None, 1)?;
    let to_hong_kong = place("shenzhen-bay", Chn, Hkg, Some(Side::Exit), 1)?;
    let home = place("shenzhen-bay", Hkg, Chn, Some(Side::Entry), 1)?;
    for (who, lane, attack, expected) in [
        (Who::LiNa, &to_macao, "no entry left after the trip", "no_entries_left"),
        (Who::Wang, &to_macao, "no entry left: spent by a notice from Macao", "no_entries_left"),
        (Who::Zhao, &to_macao, "a second trip in one week", "week_used"),
        (Who::Sun, &to_hong_kong, "an endorsement that is not valid yet", "endorsement_not_yet_valid"),
        (Who::Sun, &to_macao, "an endorsement for elsewhere", "wrong_destination"),
        (Who::Qian, &to_hong_kong, "an expired permit", "document_expired"),
    ] {
        let scanned = honest(tour, who, lane).await?;
        note(tour, told, attack, expected, &scanned).await?;
    }
    // The mainland wants to see somebody; Hong Kong's exit does not learn of it.
    let document = json!({"kind": "home_return_permit", "number": "H23456789"});
    let until = tour.bay.now().plus_seconds(30 * 86_400);
    let listed =
        tour.bay.officer_post(Chn, "/v1/watch", &json!({"document": document, "until": until})).await?;
    if !(200..300).contains(&listed.status) {
        return Err(Failure::new(format!(
            "the watch list answers with status {} ({})",
            listed.status,
            listed.code()
        )));
    }
    let exit = place("shenzhen-bay", Hkg, Chn, Some(Side::Exit), 1)?;
    passes(tour, Who::Ho, &exit).await?;
    let scanned = honest(tour, Who::Ho, &home).await?;
    note(tour, told, "somebody whom one authority wants to see", "risk_check", &scanned).await
}

/// Other people's faces.
async fn faces(tour: &mut Tour<'_>, told: &mut Vec<Value>) -> Result<(), Failure> {
    let lane = place("shenzhen-bay", Hkg, Chn, Some(Side::Exit), 1)?;
    let text = tour.take_token(Who::Ma).await?.code(&lane.audience(), tour.bay.now())?;
    let other = tour.live(Who::LiNa)?;
    let scanned = tour.scan(&lane, &text, &other, &[]).await?;
    note(tour, told, "a borrowed phone: another person's face", "face_mismatch", &scanned).await?;
    let portrait = Image::decode(&tour.person(Who::Ma)?.photographs.portrait).map_err(of)?;
    for (artefact, attack) in [
        (Artefact::Print, "a printed photograph before the camera"),
        (Artefact::Screen, "a photograph on another phone before the camera"),
    ] {
        let mut held = Vec::new();
        for seed in 1..=3 {
            let drawn = artefact.drawn(&portrait, &mut Chance::of_seed(seed)).map_err(of)?;
            held.push(drawn.to_jpeg(90).map_err(of)?);
        }
        let held: Vec<_> = held.iter().map(Vec::as_slice).collect();
        let text = tour.take_token(Who::Ma).await?.code(&lane.audience(), tour.bay.now())?;
        let scanned = tour.scan_all(&lane, &text, &held, &[]).await?;
        note(tour, told, attack, "face_not_live", &scanned).await?;
    }
    let out = place("hengqin", Chn, Mac, None, 1)?;
    let scanned = honest(tour, Who::Sou, &out).await?;
    note(tour, told, "a face too close to call, and no officer there", "face_unsure", &scanned).await
}

/// Right codes at the wrong time or place.
async fn windows(tour: &mut Tour<'_>, told: &mut Vec<Value>) -> Result<(), Failure> {
    let lane = place("shenzhen-bay", Hkg, Chn, Some(Side::Exit), 1)?;
    let second = LanePlace { number: 2, ..lane.clone() };
    let face = tour.live(Who::Ma)?;
    let text = tour.take_token(Who::Ma).await?.code(&lane.audience(), tour.bay.now())?;
    tour.bay.advance(45).await?;
    let scanned = tour.scan(&lane, &text, &face, &[]).await?;
    note(tour, told, "a screenshot after the window", "proof_stale", &scanned).await?;

    let ahead = tour.bay.now().plus_seconds(600);
    let text = tour.take_token(Who::Ma).await?.code(&lane.audience(), ahead)?;
    let scanned = tour.scan(&lane, &text, &face, &[]).await?;
    note(tour, told, "a wallet whose clock is ahead", "proof_from_future", &scanned).await?;

    let held = tour.take_token(Who::Ma).await?;
    let other = tour.live(Who::LiNa)?;
    let text = held.code(&lane.audience(), tour.bay.now())?;
    let sight = code_picture::of(&text)?;
    tour.bay.scan(("shenzhen-bay", &lane.name()), &sight, &[], &[&other], &[]).await?;
    let scanned = tour.scan(&second, &text, &face, &[]).await?;
    note(tour, told, "the same code at another lane", "replayed_elsewhere", &scanned).await?;

    let north = place("shenzhen-bay", Chn, Hkg, Some(Side::Exit), 1)?;
    let joint = place("hengqin", Chn, Mac, None, 1)?;
    for (at, attack) in [(&joint, "a code for another port"), (&north, "a code for the other direction")] {
        let text = tour.take_token(Who::Ma).await?.code(&lane.audience(), tour.bay.now())?;
        let scanned = tour.scan(at, &text, &face, &[]).await?;
        note(tour, told, attack, "code_for_elsewhere", &scanned).await?;
    }
    Ok(())
}

/// Changed, foreign and malformed bytes.
async fn bytes(tour: &mut Tour<'_>, told: &mut Vec<Value>) -> Result<(), Failure> {
    let lane = place("shenzhen-bay", Hkg, Chn, Some(Side::Exit), 1)?;
    let face = tour.live(Who::Ma)?;
    let nested = framed(&[&[0x81; 200][..], &[0x00]].concat());
    for (attack, expected) in [
        ("a code of another system", "code_other_system"),
        ("a code cut in half", "code_cut"),
        ("one changed character in the proof", "proof_signature"),
        ("a code far too long", "code_too_long"),
        ("deeply nested bytes", "code_malformed"),
        ("the same content in other bytes (not deterministic)", "code_malformed"),
        ("bytes behind the end", "code_malformed"),
    ] {
        let genuine = tour.take_token(Who::Ma).await?.code(&lane.audience(), tour.bay.now())?;
        let bare = genuine.strip_prefix(code::PREFIX).unwrap_or_default();
        let raw = code::base45::decode(bare).map_err(of)?;
        let text = match attack {
            "a code of another system" => "HC1:6BFOXN*TS0BI$ZD4N9:9S6RCVN5+O30K3/XIV0W23NTDE".to_owned(),
            "a code cut in half" => genuine.get(..genuine.len() / 2).unwrap_or_default().to_owned(),
            "one changed character in the proof" => changed_proof(&raw),
            "a code far too long" => format!("{genuine}{}", "0".repeat(5000)),
            "deeply nested bytes" => nested.clone(),
            // The head of the outer array in two bytes instead of one.
            "the same content in other bytes (not deterministic)" => {
                framed(&[&[0x98, 0x03], raw.get(1..).unwrap_or_default()].concat())
            }
            _ => framed(&[raw.as_slice(), &[0x00]].concat()),
        };
        let scanned = tour.scan(&lane, &text, &face, &[]).await?;
        note(tour, told, attack, expected, &scanned).await?;
    }
    Ok(())
}

/// Bytes as the text of a code.
fn framed(bytes: &[u8]) -> String {
    format!("{}{}", code::PREFIX, code::base45::encode(bytes))
}

/// One bit of the proof's signature: the proof lies right before the parts, whose one own part comes last.
fn changed_proof(raw: &[u8]) -> String {
    let mut bytes = raw.to_vec();
    // Part, its head (2), the array of parts (1), and some bytes into the signature.
    let at = bytes.len().saturating_sub(OWN_PART_LEN + 2 + 1 + 20);
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1;
    }
    framed(&bytes)
}

/// Tokens and parts that are not what they claim.
async fn tokens(tour: &mut Tour<'_>, told: &mut Vec<Value>) -> Result<(), Failure> {
    let exit = place("shenzhen-bay", Hkg, Chn, Some(Side::Exit), 1)?;
    let joint = place("hengqin", Chn, Mac, None, 1)?;
    let face = tour.live(Who::Ma)?;

    let forger = SigningKey::generate().map_err(of)?;
    for (attack, kid, expected) in [
        ("a token that the cheat signed", 1, "token_signature"),
        ("a token under a key that nobody lists", 9, "issuer_unknown"),
        // 0x31 is the id of the other keys, "1": listed, but not for tokens.
        ("a token under a key of another role", 0x31, "wrong_key_role"),
    ] {
        let mut held = tour.take_token(Who::Ma).await?;
        let claims: TokenClaims = *UnverifiedToken::parse(&held.token.0).map_err(of)?.claims();
        held.token = Bytes(sign_token(&claims, kid, &forger).map_err(of)?);
        let text = held.code(&exit.audience(), tour.bay.now())?;
        let scanned = tour.scan(&exit, &text, &face, &[]).await?;
        note(tour, told, attack, expected, &scanned).await?;
    }

    // Somebody of Hong Kong goes to the mainland, and cheats on the way to Macao.
    let chan = tour.live(Who::Chan)?;
    let entry = place("shenzhen-bay", Hkg, Chn, Some(Side::Entry), 1)?;
    next_morning(tour).await?;
    passes(tour, Who::Chan, &exit).await?;
    tour.bay.advance(240).await?;
    passes(tour, Who::Chan, &entry).await?;
    tour.bay.advance(3600).await?;
    let (donor, fresh) = (tour.take_token(Who::Chan).await?, tour.take_token(Who::Chan).await?);
    let moved = |authority| {
        let mut held: HeldToken = fresh.clone();
        if let Some(part) = donor.parts.get(&authority) {
            held.parts.insert(authority, part.clone());
        }
        held
    };
    let invented = |authority| -> Result<HeldToken, Failure> {
        let mut held = fresh.clone();
        if let Some(part) = held.parts.get_mut(&authority) {
            random(&mut part.0).map_err(of)?;
        }
        Ok(held)
    };
    for (attack, held, expected) in [
        ("a sealed part moved from another token", moved(Mac), "part_mismatch"),
        ("an own part moved from another token", moved(Chn), "part_unreadable"),
        ("a sealed part that the traveller made", invented(Mac)?, "part_mismatch"),
        ("an own part that the traveller made", invented(Chn)?, "part_unreadable"),
    ] {
        let text = held.code(&joint.audience(), tour.bay.now())?;
        let scanned = tour.scan(&joint, &text, &chan, &[]).await?;
        note(tour, told, attack, expected, &scanned).await?;
    }

    // A token that was used: shown again, and with its signature altered so that it is still valid.
    let out = place("hengqin", Mac, Chn, None, 1)?;
    let back = place("hengqin", Chn, Mac, None, 1)?;
    let ieong = tour.live(Who::Ieong)?;
    let used = tour.take_token(Who::Ieong).await?;
    let text = used.code(&out.audience(), tour.bay.now())?;
    let gone = tour.scan(&out, &text, &ieong, &[]).await?;
    tour.bay.advance(7200).await?;
    let returned = honest(tour, Who::Ieong, &back).await?;
    if !gone.passed() || !returned.passed() {
        return Err(Failure::new(format!(
            "an honest trip did not pass: {} {}",
            gone.code(),
            returned.code()
        )));
    }
    impossible(tour, told).await?;
    tour.bay.advance(7200).await?;
    let mut altered = used.clone();
    alter_signature(&mut altered.token.0);
    for (attack, held) in [
        ("a token that was used already", &used),
        ("a used token, its signature altered but valid", &altered),
    ] {
        let text = held.code(&out.audience(), tour.bay.now())?;
        let scanned = tour.scan(&out, &text, &ieong, &[]).await?;
        note(tour, told, attack, "token_spent", &scanned).await?;
    }
    Ok(())
}

/// Keys that are not the cheat's, at the doors of the authorities.
async fn keys(tour: &mut Tour<'_>, told: &mut Vec<Value>) -> Result<(), Failure> {
    let now = tour.bay.now();
    let filmed = tour.take_token(Who::Chan).await?.key()?;
    let (mine, own) = (SigningKey::generate().map_err(of)?, tour.person(Who::Ma)?.wallet.session(Hkg)?);
    // The proof is by the cheat's own key, the device key somebody else's: seen on a screen, never held.
    let proof = authority::possession(&mine, Hkg, Hkg, &own.secret, now).map_err(of)?;
    let devices = json!([{"key": packed(filmed.public().as_bytes()), "proof": packed(&proof)}]);
    let body = json!({"key_class": "software", "devices": devices});
    let answer = tour.bay.wallet_asks(Hkg, "/v1/tokens", &own, &body).await?;
    let attack = "a token for a device key whose holder gave no proof";
    told.push(tour.judge(attack, "possession_invalid", answer.code(), answer.status < 400)?);

    let own = tour.person(Who::Ma)?.wallet.session(Chn)?;
    let proof = authority::possession(&mine, Chn, Hkg, &own.secret, now).map_err(of)?;
    let devices = json!([{"key": packed(filmed.public().as_bytes()), "proof": packed(&proof)}]);
    let body = json!({"issuer": "HKG", "key_class": "software", "devices": devices});
    let answer = tour.bay.wallet_asks(Chn, "/v1/parts", &own, &body).await?;
    let attack = "a second part for a device key that was filmed";
    told.push(tour.judge(attack, "possession_invalid", answer.code(), answer.status < 400)?);

    let answer = foreign_gate(tour, now).await?;
    let attack = "a gate's key of Hengqin, used at Gongbei";
    told.push(tour.judge(attack, "gate_outside_binding", answer.code(), answer.status < 400)?);

    // A gate that nobody listed asks for a verdict.
    let rogue = SigningKey::generate().map_err(of)?;
    let payload = sha256(b"a rogue gate");
    let event = message::sign(message::Kind::Event, b"hengqin/rogue", &rogue, &payload).map_err(of)?;
    let answer = tour.bay.sent(tour.bay.wire.brings(Chn, "/v1/events", event)?).await?;
    told.push(tour.judge(
        "an event of a gate that nobody listed",
        "key_not_trusted",
        answer.code(),
        answer.status < 400,
    )?);
    other_gates_connection(tour, told).await
}

/// Whoever has the key of one port's connections brings what another port's gate signed, or comes without any key.
async fn other_gates_connection(tour: &mut Tour<'_>, told: &mut Vec<Value>) -> Result<(), Failure> {
    let lane = place("gongbei", Mac, Chn, Some(Side::Entry), 1)?;
    let stolen = tour
        .bay
        .installation
        .keys(&tour.bay.installation.gate(&lane.port))
        .signing(&lists::key_name(&lane.name()))?;
    let event =
        message::sign(message::Kind::Event, lane.name().as_bytes(), &stolen, b"an event").map_err(of)?;
    let answer = tour.bay.sent(tour.bay.wire.brings(Chn, "/v1/events", event.clone())?).await?;
    let attack = "a message of Gongbei's gates over the connection of Hengqin's";
    told.push(tour.judge(attack, "not_the_sender", answer.code(), answer.status < 400)?);
    let post = tour.bay.client.post(format!("{}/v1/events", tour.bay.authority(Chn)?));
    let answer = tour.bay.sent(post.header("content-type", "application/cbor").body(event)).await?;
    let attack = "a gate's message where wallets are served, with no certificate";
    told.push(tour.judge(attack, "not_found", answer.code(), answer.status < 400)?);
    Ok(())
}

/// The key of a lane of Hengqin, taken out of it, asks for a traveller at Gongbei.
async fn foreign_gate(tour: &Tour<'_>, now: Timestamp) -> Result<Answered, Failure> {
    let home = place(TAPPED, Mac, Chn, None, 1)?;
    let stolen = KeyFiles::of(&tour.bay.installation.gate(&home.port));
    let (name, stolen) = (home.name(), stolen.signing(&lists::key_name(&home.name()))?);
    let there = place("gongbei", Mac, Chn, Some(Side::Entry), 1)?;
    let (token, part, probe) = (b"seen on a screen", [7; OWN_PART_LEN], b"a face");
    let request = message::Request {
        clearance: [7; 16],
        gate: name.clone(),
        port: there.port,
        lane: LaneKind::Code,
        direction: there.direction,
        role: Side::Entry,
        joint: false,
        token: credential::TokenId::from_bytes([7; 16]),
        shown: message::shown_hash(token, &[7; 80]),
        made_at: now,
        part: credential::PartHash::of(&part),
        other_part: None,
        probe: sha256(probe),
        at: now,
        measures_done: Vec::new(),
    };
    let kind = message::Kind::Request;
    let signed = message::sign(kind, name.as_bytes(), &stolen, &request.encode()).map_err(of)?;
    let envelope = Envelope { request: &signed, token, proof: &[7; 80], part: &part, probe };
    tour.bay.sent(tour.bay.wire.brings(Chn, "/v1/verdicts", envelope.encode())?).await
}

/// Somebody sits on the wire between a gate and the authorities.
async fn wire(tour: &mut Tour<'_>, told: &mut Vec<Value>) -> Result<(), Failure> {
    let lane = place(TAPPED, Mac, Chn, None, 1)?;
    for (who, trick, attack, expected) in [
        (Who::Ieong, Trick::LastVerdict, "the verdict for another request", "verdict_other_request"),
        (
            Who::Leong,
            Trick::OtherProbe(Chn),
            "another face for one of the two authorities",
            // An envelope of which something was exchanged gets no verdict at all.
            "authority_silent",
        ),
    ] {
        tour.bay.wire.plays(trick);
        let scanned = honest(tour, who, &lane).await?;
        tour.bay.wire.plays(Trick::None);
        note(tour, told, attack, expected, &scanned).await?;
    }
    copies(tour, told, &lane).await?;
    withheld(tour, told).await?;
    tour.bay.wire.plays(Trick::FirstStatus);
    tour.bay.rounds(2).await?;
    went_back(tour, told, "an old status list in the place of the newest", "status_list_rolled_back").await?;
    tour.bay.wire.plays(Trick::None);
    tour.bay.rounds(2).await
}

/// Copies and other valid signatures of what goes over the wire: the crossing passes, and counts once on each side.
async fn copies(tour: &mut Tour<'_>, told: &mut Vec<Value>, lane: &LanePlace) -> Result<(), Failure> {
    let back = place(TAPPED, Chn, Mac, None, 1)?;
    for (who, lane, trick, attack) in [
        (Who::Ieong, lane, Trick::TwoEnvelopes, "every envelope twice"),
        (Who::Leong, lane, Trick::OtherSignatures, "other valid signatures on requests, verdicts and events"),
        (Who::Ieong, &back, Trick::ForgedYes, "a forged yes to the gate's events"),
    ] {
        let before = [movements(tour, Mac).await?, movements(tour, Chn).await?];
        tour.bay.wire.plays(trick);
        let scanned = honest(tour, who, lane).await?;
        tour.bay.settled(TAPPED).await?;
        tour.bay.wire.plays(Trick::None);
        let after = [movements(tour, Mac).await?, movements(tour, Chn).await?];
        let once = scanned.passed() && before.map(|count| count + 1) == after;
        let code =
            if once { "counted_once".to_owned() } else { format!("counted {before:?}, then {after:?}") };
        told.push(tour.judge(attack, "counted_once", &code, !once)?);
        tour.bay.advance(300).await?;
    }
    Ok(())
}

/// Somebody keeps status lists from the gates of a port: a day later nobody passes there.
async fn withheld(tour: &mut Tour<'_>, told: &mut Vec<Value>) -> Result<(), Failure> {
    tour.bay.wire.plays(Trick::NoStatus);
    tour.bay.advance(25 * 3600).await?;
    let scanned = honest(tour, Who::Leong, &place(TAPPED, Chn, Mac, None, 1)?).await?;
    tour.bay.wire.plays(Trick::None);
    tour.bay.rounds(2).await?;
    note(tour, told, "status lists withheld for a day", "status_too_old", &scanned).await?;
    passes(tour, Who::Leong, &place(TAPPED, Chn, Mac, None, 1)?).await?;
    tour.bay.advance(300).await
}

/// How many movements an authority has written down.
async fn movements(tour: &Tour<'_>, code: AuthorityCode) -> Result<usize, Failure> {
    let (mut count, mut after) = (0, String::new());
    loop {
        let page = tour.bay.officer(code, &format!("/v1/ledger?limit=500{after}")).await?;
        count += page.body.get("entries").and_then(Value::as_array).map_or(0, Vec::len);
        match page.body.get("next").and_then(Value::as_str) {
            Some(next) => after = format!("&after={next}"),
            None => return Ok(count),
        }
    }
}

/// What a gate says of the lists that it was given last.
async fn went_back(
    tour: &mut Tour<'_>,
    told: &mut Vec<Value>,
    attack: &str,
    expected: &str,
) -> Result<(), Failure> {
    let health = tour.bay.details(TAPPED).await?;
    let refused = health.body.get("refused").and_then(Value::as_array).cloned().unwrap_or_default();
    let code = refused.iter().find_map(|r| r.get("code").and_then(Value::as_str)).unwrap_or_default();
    told.push(tour.judge(attack, expected, code, false)?);
    Ok(())
}

/// What ends: tokens, passes, approvals, lists.
async fn ends(tour: &mut Tour<'_>, told: &mut Vec<Value>) -> Result<(), Failure> {
    let exit = place("shenzhen-bay", Hkg, Chn, Some(Side::Exit), 1)?;
    let entry = place("shenzhen-bay", Hkg, Chn, Some(Side::Entry), 1)?;
    let face = tour.live(Who::Ma)?;
    // On a Monday: what is issued late in a week ends in the next one, as what is issued then does.
    next_week(tour).await?;

    // A device key with a part of this week and a token of the next one; another with a token of this week.
    let kept = tour.take_token(Who::Ma).await?;
    let device = SigningKey::generate().map_err(of)?;
    let early = asked(tour, Who::Ma, Chn, &device).await?;
    let part = early.body.get("parts").and_then(|parts| parts.get(0)).cloned();
    next_week(tour).await?;
    let text = kept.code(&exit.audience(), tour.bay.now())?;
    let scanned = tour.scan(&exit, &text, &face, &[]).await?;
    note(tour, told, "a token that has expired", "token_expired", &scanned).await?;
    let answer = asked(tour, Who::Ma, Hkg, &kept.key()?).await?;
    let attack = "a new token for an old device key";
    told.push(tour.judge(attack, "device_key_taken", answer.code(), answer.status < 400)?);
    let gone = honest(tour, Who::Ma, &exit).await?;
    tour.bay.advance(240).await?;
    let late = asked(tour, Who::Ma, Hkg, &device).await?;
    let token = late.body.get("tokens").and_then(|tokens| tokens.get(0)).cloned().unwrap_or_default();
    let mixed = HeldToken {
        device: Bytes(device.to_pkcs8().map_err(of)?.to_vec()),
        token: Bytes(unpacked(token.get("token"))?),
        parts: [(Chn, Bytes(unpacked(part.as_ref())?))].into(),
        expires: kept.expires,
    };
    let text = mixed.code(&entry.audience(), tour.bay.now())?;
    let scanned = tour.scan(&entry, &text, &face, &[]).await?;
    note(tour, told, "a part of another week", "part_unreadable", &scanned).await?;
    let come = honest(tour, Who::Ma, &entry).await?;
    if !gone.passed() || !come.passed() {
        return Err(Failure::new(format!(
            "an honest crossing did not pass: {} {}",
            gone.code(),
            come.code()
        )));
    }
    tour.bay.advance(7200).await?;

    // The supervisors take an approval back, and give a new one.
    let id = "SPECIMEN-CHN-HKG";
    let approval = approvals::read(&tour.bay.installation, id, tour.bay.now())?;
    let signed = approvals::all(&tour.bay.installation)?;
    approvals::withdraw(&tour.bay.installation, id, tour.bay.now())?;
    tour.bay.rounds(2).await?;
    let home = place("shenzhen-bay", Chn, Hkg, Some(Side::Exit), 1)?;
    let scanned = honest(tour, Who::Ma, &home).await?;
    note(tour, told, "a place whose approval was taken back", "not_approved", &scanned).await?;
    let withdrawal = approvals::all(&tour.bay.installation)?;
    for (name, bundle) in &signed {
        approvals::publish(&tour.bay.installation, name, bundle)?;
    }
    tour.bay.rounds(2).await?;
    went_back(tour, told, "the old approval in the place of its withdrawal", "approval_rolled_back").await?;
    for (name, bundle) in &withdrawal {
        approvals::publish(&tour.bay.installation, name, bundle)?;
    }
    approvals::add(&tour.bay.installation, &approval, tour.bay.now())?;
    tour.bay.rounds(2).await?;

    // Somebody on the wire gives the gate an old trust list in the place of the newest.
    lists::renew(&tour.bay.installation, Mac, tour.bay.now(), |_| Ok(()))?;
    tour.bay.rounds(2).await?;
    tour.bay.wire.plays(Trick::FirstTrust);
    tour.bay.rounds(2).await?;
    went_back(tour, told, "an old trust list in the place of the newest", "trust_list_rolled_back").await?;
    tour.bay.wire.plays(Trick::None);
    tour.bay.rounds(2).await?;

    // The pass ends: every gate knows with its next lists.
    let held = tour.take_token(Who::Ma).await?;
    let document = json!({"document": {"kind": "hkid", "number": "D456789(8)"}});
    let ended = tour.bay.officer_post(Hkg, "/v1/residents/end-pass", &document).await?;
    if !(200..300).contains(&ended.status) {
        return Err(Failure::new(format!("the end of a pass: status {} ({})", ended.status, ended.code())));
    }
    tour.bay.rounds(2).await?;
    let text = held.code(&exit.audience(), tour.bay.now())?;
    let scanned = tour.scan(&exit, &text, &face, &[]).await?;
    note(tour, told, "a pass that its issuer ended", "token_revoked", &scanned).await
}

/// One device key's token (of the home authority) or own part (of the mainland), asked for with an honest proof.
async fn asked(
    tour: &mut Tour<'_>,
    who: Who,
    authority: AuthorityCode,
    device: &SigningKey,
) -> Result<Answered, Failure> {
    let (now, home) = (tour.bay.now(), who.home());
    let own = tour.person(who)?.wallet.session(authority)?;
    let proof = authority::possession(device, authority, home, &own.secret, now).map_err(of)?;
    let devices = json!([{"key": packed(device.public().as_bytes()), "proof": packed(&proof)}]);
    let (path, body) = if authority == home {
        ("/v1/tokens", json!({"key_class": "software", "devices": devices}))
    } else {
        ("/v1/parts", json!({"issuer": home, "key_class": "software", "devices": devices}))
    };
    tour.bay.wallet_asks(authority, path, &own, &body).await
}

/// Who would enrol as somebody else, use their secret, or keep them out.
async fn enrolments(tour: &mut Tour<'_>, told: &mut Vec<Value>) -> Result<(), Failure> {
    let thief = SigningKey::generate().map_err(of)?;
    let person = tour.person(Who::Ma)?;
    let (wallet, portrait, live) =
        (person.wallet.clone(), person.photographs.portrait.clone(), person.photographs.live.clone());
    let card = wallet.cards.iter().find(|card| card.issuer == Hkg).cloned();
    let card = card.ok_or_else(|| Failure::new("somebody of the cast has no card"))?;
    let claim = |invitation: Option<String>| {
        json!({
            "document": {"kind": card.kind, "number": card.number}, "name": wallet.name, "birth": wallet.birth,
            "invitation": invitation,
        })
    };
    let answer = tour.bay.enrols(Hkg, &thief, None, &claim(None), &portrait).await?;
    let attack = "enrolling by the registry's own photograph, with number, name and birth date";
    told.push(tour.judge(attack, "nothing_held", answer.code(), answer.status < 400)?);
    let guessed = || -> Result<_, Failure> {
        let mut drawn = [0; 9];
        random(&mut drawn).map_err(of)?;
        Ok(authority::InvitationCode::new(Hkg, drawn).printed())
    };
    let answer = tour.bay.enrols(Hkg, &thief, None, &claim(Some(guessed()?)), &portrait).await?;
    let attack = "the same with an invitation that was guessed";
    told.push(tour.judge(attack, "unknown_person", answer.code(), answer.status < 400)?);
    // More guesses than are free: the next one takes work. The holder is let in all the same.
    let mut last = answer;
    for _ in 0..8 {
        last = tour.bay.enrols(Hkg, &thief, None, &claim(Some(guessed()?)), &portrait).await?;
    }
    let attack = "guessing on and on: each try takes work now";
    told.push(tour.judge(attack, "work_required", last.code(), last.status < 400)?);
    let invitation = tour.bay.invite(&card, false).await?;
    let new_phone = SigningKey::generate().map_err(of)?;
    let answer = tour.bay.enrols(Hkg, &new_phone, None, &claim(Some(invitation)), &live).await?;
    if answer.status != 202 {
        return Err(Failure::new(format!(
            "the holder was kept out by somebody's guesses: {}",
            answer.code()
        )));
    }
    // Somebody who has the invitation and the face: the wallet in force is told, and objects.
    let own = wallet.session(Hkg)?;
    let objection = tour.bay.wallet_asks(Hkg, "/v1/second-enrolment", &own, &json!({"agree": false})).await?;
    if objection.status != 204 {
        return Err(Failure::new(format!("the wallet in force could not object: {}", objection.code())));
    }
    let secret = unpacked(answer.body.get("secret"))?.try_into().unwrap_or([0; 32]);
    let body = json!({"key_class": "software", "devices": []});
    let answer = tour.bay.wallet_sends(Hkg, "/v1/tokens", &new_phone, Some(&secret), &body).await?;
    let attack = "a second wallet to which the first one objected";
    told.push(tour.judge(attack, "no_pass", answer.code(), answer.status < 400)?);
    let answer = tour.bay.wallet_sends(Hkg, "/v1/tokens", &thief, Some(&own.secret), &body).await?;
    let attack = "a wallet's secret, stolen without its device key";
    told.push(tour.judge(attack, "invalid_dpop_proof", answer.code(), answer.status < 400)?);
    Ok(())
}

/// The next day at 10:00: Shenzhen Bay closes at midnight.
async fn next_morning(tour: &mut Tour<'_>) -> Result<(), Failure> {
    let morning: Timestamp = tour.bay.now().local_date().plus_days(1).at_minute(600);
    tour.bay.advance_to(morning)?;
    tour.bay.refresh().await
}

/// The next Monday at 10:00, with new lists and weekly keys.
async fn next_week(tour: &mut Tour<'_>) -> Result<(), Failure> {
    let monday: Timestamp = tour.bay.now().local_date().iso_week().plus_weeks(1).monday().at_minute(600);
    tour.bay.advance_to(monday)?;
    tour.bay.refresh().await
}
