//! The worked example of the page verifies, byte for byte.

use credential::cbor::Writer;
use credential::cose::{Sign1, Tagging, sig_structure};
use credential::message::{
    self, Chain, ChainReason, Event, Handover, Kind, Notice, Outcome, Passage, Receipt, ReceiptResult,
    Request, Verdict,
};
use credential::part::{PartContents, open_weekly_key, part_week};
use credential::status::{SignedStatusList, Status};
use credential::{
    Audience, KeyClass, PartHash, SecretKey, SigningKey, Unlock, UnlockMethod, UnverifiedProof,
    UnverifiedToken, VerifyingKey, hpke, sha256,
};
use documents::{AuthorityCode, IsoWeek, Side};

use crate::page::{blocks, bytes, conforms};
use crate::values::*;
use AuthorityCode::{Chn, Hkg, Mac};

#[test]
fn the_example_keys_are_pairs_made_from_their_names() {
    let names: Vec<String> = blocks("keys")
        .concat()
        .lines()
        .map(|line| line.split("  ").next().unwrap().trim().to_owned())
        .collect();
    assert_eq!(names.len(), 18);
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

#[test]
fn the_example_part_of_today_differs_by_its_template_and_has_its_own_length() {
    let (context, week) = (context(Chn), secret("weekly-own"));
    let part = bytes("own-part-today");
    let today = PartContents::open(&part, &week, &context).unwrap();
    let before = contents(Chn);
    assert_eq!((part.len(), bytes("own-part").len()), (context.form().length(), context.form().old_length()));
    assert_eq!((today.template_format, before.template_format), (3, 1));
    assert_eq!(today.template.as_bytes(), &before.template.as_bytes()[..64]);
    let mut otherwise = before;
    (otherwise.template_format, otherwise.template) = (3, today.template.clone());
    assert!(otherwise == today);
    assert_eq!(today.seal(&week, &context).unwrap(), part);
    assert_eq!(
        *week.open(&bytes("own-info"), &bytes("own-aad"), &part).unwrap(),
        bytes("own-plaintext-today")
    );
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
    assert_eq!(evidence.unlock(), None);
    // The same token half a minute later, unlocked again: another proof of one length.
    let later = bytes("proof-unlocked");
    let later = UnverifiedProof::parse(&later).unwrap().verify(&verified, &audience, &hashes).unwrap();
    assert_eq!(later.unlock(), Unlock::new(UnlockMethod::Pin, 8));
    assert_eq!(later.made_at(), at("2026-03-02T10:00:30+08:00"));
    for (asked, believed) in [("10:00:22", true), ("10:00:32", true), ("10:00:33", false)] {
        assert_eq!(
            later.unlocked_since(at(&format!("2026-03-02T{asked}+08:00"))),
            believed,
            "asked at {asked}"
        );
    }
    assert!(!evidence.unlocked_since(at("2026-03-02T10:00:00+08:00")), "it says nothing of an unlock");
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
        assert_eq!(request.shown, message::shown_hash(&bytes("token"), &bytes("proof")));
        assert_eq!(message::kid(&bytes(name)).unwrap(), gate.as_bytes());
    }
    for (name, key, request, authority) in
        [("verdict", "CHN verdict", "request", Chn), ("verdict-entry", "HKG verdict", "request-entry", Hkg)]
    {
        let payload = opened(Kind::Verdict, name, key);
        let verdict = Verdict::decode(&payload).unwrap();
        assert_eq!(verdict.encode(), payload);
        assert_eq!(verdict.request, payload_hash(request));
        assert_eq!((verdict.authority, verdict.outcome), (authority, Outcome::Admit));
        assert!(verdict.reservation.is_some());
    }
    let mut previous = [0; 32];
    for (name, number, passage) in [("event-opening", 1, Passage::Opening), ("event", 2, Passage::Passed)] {
        let payload = opened(Kind::Event, name, "gate");
        let event = Event::decode(&payload).unwrap();
        assert_eq!(event.encode(), payload);
        assert_eq!((event.number, event.passage, event.previous), (number, passage, previous));
        let verdicts = ["verdict", "verdict-entry"].map(payload_hash);
        assert_eq!(event.verdicts, verdicts);
        previous = payload_hash(name);
    }
    let payload = opened(Kind::Receipt, "receipt", "CHN verdict");
    let receipt = Receipt::decode(&payload).unwrap();
    assert_eq!(receipt.encode(), payload);
    assert_eq!((receipt.message, receipt.result), (payload_hash("event"), ReceiptResult::Taken));
    let payload = opened(Kind::Chain, "chain", "gate");
    let chain = Chain::decode(&payload).unwrap();
    assert_eq!(chain.encode(), payload);
    assert_eq!((chain.reason, chain.note.as_str()), (ChainReason::StoreLost, "disk replaced"));
    let payload = opened(Kind::Notice, "notice", "MAC notice");
    let notice = Notice::decode(&payload).unwrap();
    assert_eq!(notice.encode(), payload);
    assert_eq!((notice.from, notice.direction, notice.date), (Mac, direction(Hkg, Mac), day("2026-03-04")));
    let payload = opened(Kind::Possession, "possession", "device");
    conforms("possession-payload", &payload).unwrap();
}

fn payload_hash(name: &str) -> [u8; 32] {
    message::payload_hash(message::unverified_payload(&bytes(name)).unwrap())
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
