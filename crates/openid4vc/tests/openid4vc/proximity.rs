//! Proximity: the published session of ISO/IEC 18013-5 annex D, our two ends with each other, every refusal with its code.

use credential::agreement::AgreementKey;
use credential::cbor::Writer;
use credential::sd_cwt::{Encoding, Items};
use credential::{SigningKey, sha256};
use openid4vc::mdoc::{
    self, Credential, Expected, Held, MdocError, SessionTranscript, Validity, Verified, issue,
};
use openid4vc::proximity::{
    DeviceEngagement, DeviceRequest, DeviceRequestError, Element, Engaged, EngagementError, FrameError,
    Handover, HeldMdoc, HolderSession, MAX_ENGAGEMENT_LEN, MAX_MESSAGE_LEN, NewDocRequest, Reader,
    ReaderSession, ReaderSigner, Received, SessionError, SessionStatus, Unproven, device_request, read_frame,
    write_frame,
};
use proptest::prelude::*;
use serde_json::Value as Json;

use crate::mdoc::{DOC_TYPE, ELEMENTS, key_in, name_spaces, randoms, shared, swapped, untagged};
use crate::party::{Authority, DOCUMENT_SIGNER, READER, Signer, at, now};

struct Published(Json);

impl Published {
    fn read() -> Option<Self> {
        let text = shared("annex D, session", "annex-d.json")?;
        Some(Self(serde_json::from_str(&text).unwrap()))
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        hex::decode(self.0[name].as_str().unwrap()).unwrap()
    }

    fn key(&self, name: &str) -> AgreementKey {
        AgreementKey::from_scalar(&self.bytes(name).try_into().unwrap()).unwrap()
    }

    /// Engagement, reader's key and NFC handover of the published transcript.
    fn parts(&self) -> (Vec<u8>, Vec<u8>, Handover) {
        let transcript = untagged(&self.bytes("session_transcript_bytes"));
        let mut items = Items::new(transcript.as_bytes(), Encoding::Any);
        assert_eq!(items.array().unwrap(), 3);
        items.tag(24).unwrap();
        let engagement = items.bytes().unwrap().to_vec();
        items.tag(24).unwrap();
        let reader = items.bytes().unwrap().to_vec();
        assert_eq!(items.array().unwrap(), 2);
        let [select, request] = [items.bytes().unwrap().to_vec(), items.bytes().unwrap().to_vec()];
        (engagement, reader, Handover::Nfc { select, request: Some(request) })
    }
}

#[test]
fn the_published_engagement_is_read_and_comes_out_byte_for_byte() {
    let Some(published) = Published::read() else { return };
    let bytes = published.bytes("device_engagement");
    let read = DeviceEngagement::parse(&bytes).unwrap();
    assert_eq!(read.device_key(), published.key("ephemeral_device_key_d").public());
    assert_eq!(DeviceEngagement::new(read.device_key(), read.retrieval()).unwrap().as_bytes(), bytes);
    assert_eq!(DeviceEngagement::from_uri(&read.uri()), Ok(read.clone()));
    assert!(read.uri().starts_with("mdoc:owBjMS4w"), "{}", read.uri());
    assert_eq!(format!("{read:?}"), "DeviceEngagement(redacted)");
}

#[test]
fn the_published_session_opens_from_both_ends_and_its_request_is_its_readers() {
    let Some(published) = Published::read() else { return };
    let (engagement, reader_key, handover) = published.parts();
    let transcript = untagged(&published.bytes("session_transcript_bytes"));
    let made = SessionTranscript::proximity(&engagement, &reader_key, &handover.encode()).unwrap();
    assert_eq!(made, transcript);
    let engagement = DeviceEngagement::parse(&engagement).unwrap();
    let engaged = Engaged::with(published.key("ephemeral_device_key_d"), engagement.clone()).unwrap();
    let (holder, request) = engaged.establish(&published.bytes("session_establishment"), &handover).unwrap();
    assert_eq!(holder.transcript(), &transcript);
    assert_eq!(request, published.bytes("device_request"));

    let request = DeviceRequest::parse(&request).unwrap();
    let [asked] = request.documents() else { panic!("one document") };
    assert_eq!(asked.doc_type, "org.iso.18013.5.1.mDL");
    let kept: Vec<_> = asked.elements.iter().map(|one| (one.name.as_str(), one.intent_to_retain)).collect();
    assert_eq!(kept.len(), 6);
    assert!(kept.contains(&("family_name", true)) && kept.contains(&("portrait", false)), "{kept:?}");
    assert_eq!(asked.certificates(), [published.bytes("reader_cert")]);
    assert!(asked.is_signed_by(&key_in(&published.bytes("reader_cert")), &transcript));
    let elsewhere = SessionTranscript::redirect("a", "b", None, "c");
    assert!(!asked.is_signed_by(&key_in(&published.bytes("reader_cert")), &elsewhere));

    let key = published.key("ephemeral_reader_key_d");
    let mut reader = ReaderSession::new(&engagement, &handover, key).unwrap();
    assert_eq!(reader.transcript(), &transcript);
    let establishment = reader.ask(&published.bytes("device_request")).unwrap();
    // The order of the two members is free: the published one has the key first.
    let engaged = Engaged::with(published.key("ephemeral_device_key_d"), engagement).unwrap();
    assert_eq!(engaged.establish(&establishment, &handover).unwrap().1, published.bytes("device_request"));
    let received = reader.receive(&published.bytes("session_data")).unwrap();
    let Received::Data { plain, last: false } = received else { panic!("data, and no end") };
    assert_eq!(plain, published.bytes("device_response"));
    assert_eq!(published.bytes("session_termination"), SessionStatus::Termination.message());
}

/// A holder and a reader who met.
struct Met {
    root: Authority,
    readers: Authority,
    signer: Signer,
    device: SigningKey,
    held: Held,
    holder: Engaged,
    reader: ReaderSession,
}

impl Met {
    fn new() -> Self {
        let (root, readers) = (Authority::new("Root"), Authority::new("Readers"));
        let (issuer, signer) = (root.signer("Issuer", DOCUMENT_SIGNER), readers.signer("Desk", READER));
        let device = SigningKey::generate().unwrap();
        let credential = Credential {
            doc_type: DOC_TYPE,
            name_spaces: &name_spaces(),
            device: device.public(),
            validity: Validity { signed: at(-100), from: at(-100), until: at(100) },
            status: None,
        };
        let issued = issue(&credential, &issuer.key, &issuer.x5c, &mut randoms()).unwrap();
        let held = Held::receive(&issued, &root.anchors(), device.public(), now()).unwrap();
        let holder = Engaged::new(AgreementKey::generate().unwrap(), None).unwrap();
        let seen = DeviceEngagement::from_uri(&holder.engagement().uri()).unwrap();
        let reader = ReaderSession::new(&seen, &Handover::Qr, AgreementKey::generate().unwrap()).unwrap();
        Self { root, readers, signer, device, held, holder, reader }
    }

    fn request(&self, names: &[&str]) -> Vec<u8> {
        let element = |name: &&str| Element {
            name_space: ELEMENTS.to_owned(),
            name: (*name).to_owned(),
            intent_to_retain: *name == "family_name",
        };
        let elements: Vec<_> = names.iter().map(element).collect();
        let asked = [NewDocRequest { doc_type: DOC_TYPE, elements: &elements }];
        let signer = ReaderSigner { key: &self.signer.key, chain: &self.signer.x5c };
        device_request(&asked, signer, self.reader.transcript()).unwrap()
    }

    fn establishment(&mut self) -> Vec<u8> {
        let request = self.request(&["family_name", "issuing_country", "name_at_birth"]);
        self.reader.ask(&request).unwrap()
    }

    fn respond(&self, session: &HolderSession, request: &DeviceRequest) -> Vec<u8> {
        let chosen = request.select(&[&self.held], |_, _| true);
        let held = [HeldMdoc { credential: &self.held, device: &self.device }];
        request.respond(&chosen, &held, session.transcript()).unwrap()
    }

    fn verify(&self, response: &[u8]) -> Result<Verified, MdocError> {
        let anchors = self.root.anchors();
        let (transcript, reader) = (self.reader.transcript(), Some(self.reader.key()));
        mdoc::verify(response, &Expected { anchors: &anchors, transcript, reader, now: now() })
    }
}

/// Both ends in a session, the request read, the holder to answer.
fn open() -> (Met, HolderSession, DeviceRequest) {
    let mut met = Met::new();
    let message = met.establishment();
    let holder =
        std::mem::replace(&mut met.holder, Engaged::new(AgreementKey::generate().unwrap(), None).unwrap());
    let (session, request) = holder.establish(&message, &Handover::Qr).unwrap();
    let request = DeviceRequest::parse(&request).unwrap();
    (met, session, request)
}

#[test]
fn a_reader_asks_a_holder_answers_and_nothing_else_is_shown() {
    let (mut met, mut holder, request) = open();
    let Ok(Reader::Proven(leaf)) = request.reader(holder.transcript(), &met.readers.anchors(), now()) else {
        panic!("the reader is proven");
    };
    assert_eq!((leaf.common_name.as_deref(), leaf.dns_names[0].as_str()), (Some("Desk"), "desk.example"));
    let response = met.respond(&holder, &request);
    let sent = holder.answer(&response, false).unwrap();
    let Ok(Received::Data { plain, last: false }) = met.reader.receive(&sent) else { panic!("data") };
    let verified = met.verify(&plain).unwrap();
    let names: Vec<&String> = verified.elements()[ELEMENTS].keys().collect();
    assert_eq!(names, ["family_name", "issuing_country"], "what is asked for and is there");

    // A second question in the same session, and the end with its answer.
    let again = met.reader.ask(&met.request(&["portrait"])).unwrap();
    let Ok(Received::Data { plain, .. }) = holder.receive(&again) else { panic!("data") };
    let request = DeviceRequest::parse(&plain).unwrap();
    let none = request.select(&[&met.held], |_, name| name != "portrait");
    assert!(none.is_empty(), "what the holder keeps for themselves");
    let held = [HeldMdoc { credential: &met.held, device: &met.device }];
    let response = request.respond(&none, &held, holder.transcript()).unwrap();
    let sent = holder.answer(&response, true).unwrap();
    let Ok(Received::Data { plain, last: true }) = met.reader.receive(&sent) else { panic!("the last data") };
    assert_eq!(met.verify(&plain).map(drop), Err(MdocError::Documents));
    assert_eq!((holder.end(), met.reader.end()), (None, None), "both ends know");
    assert_eq!(holder.receive(&again), Err(SessionError::Ended));
    assert_eq!(met.reader.ask(b"more"), Err(SessionError::Ended));
}

#[test]
fn every_change_of_one_byte_of_a_message_is_refused_and_ends_the_session() {
    let mut met = Met::new();
    let message = met.establishment();
    let scalar = sha256(b"holder");
    let engaged = || Engaged::new(AgreementKey::from_scalar(&scalar).unwrap(), None).unwrap();
    let seen = engaged().engagement().clone();
    let key = AgreementKey::generate().unwrap();
    met.reader = ReaderSession::new(&seen, &Handover::Qr, key).unwrap();
    assert!(engaged().establish(&message, &Handover::Qr).is_err(), "of another engagement");
    let message = met.establishment();
    assert!(engaged().establish(&message, &Handover::Qr).is_ok());
    let nfc = Handover::Nfc { select: vec![1], request: None };
    assert_eq!(engaged().establish(&message, &nfc).map(drop), Err(SessionError::Decryption));
    for place in 0..message.len() {
        let mut changed = message.clone();
        changed[place] ^= 1;
        assert!(engaged().establish(&changed, &Handover::Qr).is_err(), "{place}");
    }
    for length in 0..message.len() {
        let refused = engaged().establish(&message[..length], &Handover::Qr).map(drop);
        assert_eq!(refused.map_err(SessionError::code), Err("session_form"), "cut at {length}");
    }
    // An answer: a copy of the session for each byte is made by the same keys.
    let sent = {
        let (mut holder, _) = engaged().establish(&message, &Handover::Qr).unwrap();
        holder.answer(b"response", false).unwrap()
    };
    let scalar = sha256(b"reader");
    let reader = || {
        let key = AgreementKey::from_scalar(&scalar).unwrap();
        let mut reader = ReaderSession::new(&seen, &Handover::Qr, key).unwrap();
        let first = reader.ask(b"request").unwrap();
        (reader, first)
    };
    let (_, first) = reader();
    let (mut holder, _) = engaged().establish(&first, &Handover::Qr).unwrap();
    let answer = holder.answer(b"response", false).unwrap();
    assert!(reader().0.receive(&answer).is_ok());
    assert_eq!(reader().0.receive(&sent), Err(SessionError::Decryption), "of another session");
    for place in 0..answer.len() {
        let mut changed = answer.clone();
        changed[place] ^= 1;
        let (mut reader, _) = reader();
        assert!(reader.receive(&changed).is_err(), "{place}");
        assert_eq!(reader.receive(&answer), Err(SessionError::Ended), "its keys are gone");
    }
}

#[test]
fn a_message_counts_once_in_its_place_and_in_its_direction() {
    let (mut met, mut holder, _) = open();
    let answer = holder.answer(b"one", false).unwrap();
    assert_eq!(holder.answer(b"two", false), Err(SessionError::OutOfTurn), "nothing more was asked");
    assert_eq!(met.reader.ask(b"two"), Err(SessionError::OutOfTurn), "an answer is waited for");
    assert!(met.reader.receive(&answer).is_ok());
    // Sent again when nothing was asked; and sent again as the answer to the next question.
    let second = met.reader.ask(b"again").unwrap();
    assert_eq!(met.reader.receive(&answer), Err(SessionError::Decryption));
    assert!(holder.receive(&second).is_ok());
    assert_eq!(holder.receive(&second), Err(SessionError::OutOfTurn));
    assert_eq!(holder.answer(b"late", false), Err(SessionError::Ended));

    let (mut met, mut holder, _) = open();
    let answer = holder.answer(b"one", false).unwrap();
    assert_eq!(holder.receive(&answer), Err(SessionError::Decryption), "thrown back");
    met.reader.receive(&answer).unwrap();
    assert_eq!(met.reader.receive(&answer), Err(SessionError::OutOfTurn));
    // A session does not begin twice.
    let (_, mut holder, _) = open();
    holder.answer(b"one", false).unwrap();
    let first = Met::new().establishment();
    assert_eq!(holder.receive(&first), Err(SessionError::OutOfTurn));
}

#[test]
fn a_status_ends_the_session_and_each_is_told_apart() {
    let status = |number: u64| Writer::new().map(1).text("status").uint(number).finish();
    for (message, expected) in [
        (status(10), Err(SessionError::PeerEncryption)),
        (status(11), Err(SessionError::PeerDecoding)),
        (status(20), Ok(Received::Terminated)),
        (status(12), Err(SessionError::Status)),
        (Writer::new().map(0).finish(), Err(SessionError::Form(credential::cbor::CborError::Unexpected))),
    ] {
        let (mut met, mut holder, _) = open();
        assert_eq!(met.reader.receive(&message), expected.clone());
        assert_eq!(holder.receive(&message), expected);
        assert_eq!((met.reader.end(), holder.end()), (None, None));
        assert_eq!(holder.answer(b"late", false), Err(SessionError::Ended));
        let early = Met::new().holder.establish(&message, &Handover::Qr).map(drop);
        assert!(early.is_err(), "before there is a session");
    }
    let (mut met, mut holder, _) = open();
    let end = holder.end().unwrap();
    assert_eq!(end, status(20));
    assert_eq!(met.reader.receive(&end), Ok(Received::Terminated));
    for (error, told) in [
        (SessionError::Decryption, Some(10)),
        (SessionError::Key, Some(10)),
        (SessionError::TooLong, Some(11)),
        (SessionError::OutOfTurn, Some(20)),
        (SessionError::PeerDecoding, None),
        (SessionError::Ended, None),
    ] {
        assert_eq!(error.told().map(SessionStatus::number), told, "{error}");
    }
}

#[test]
fn what_is_too_long_is_neither_read_nor_sent() {
    let (mut met, mut holder, _) = open();
    assert_eq!(holder.answer(&vec![0; mdoc::MAX_LEN + 1], false), Err(SessionError::TooLong));
    let longest = holder.answer(&vec![0; mdoc::MAX_LEN], true).unwrap();
    assert!(longest.len() <= MAX_MESSAGE_LEN);
    assert!(met.reader.receive(&longest).is_ok());
    let (mut met, _, _) = open();
    assert_eq!(met.reader.receive(&vec![0; MAX_MESSAGE_LEN + 1]), Err(SessionError::TooLong));
    let refused = Met::new().holder.establish(&vec![0; MAX_MESSAGE_LEN + 1], &Handover::Qr).map(drop);
    assert_eq!(refused, Err(SessionError::TooLong));
    let long = vec![0; MAX_ENGAGEMENT_LEN + 1];
    assert_eq!(DeviceEngagement::parse(&long), Err(EngagementError::TooLong));
    let uri = format!("mdoc:{}", "A".repeat(MAX_ENGAGEMENT_LEN * 2));
    assert_eq!(DeviceEngagement::from_uri(&uri), Err(EngagementError::TooLong));
}

#[test]
fn an_engagement_of_another_kind_is_refused_each_for_its_cause() {
    let key = AgreementKey::generate().unwrap();
    let good = DeviceEngagement::new(key.public(), None).unwrap().as_bytes().to_vec();
    let code = |bytes: &[u8]| DeviceEngagement::parse(bytes).map(drop).map_err(EngagementError::code);
    assert_eq!(code(&good), Ok(()));
    assert_eq!(code(&swapped(&good, b"\x631.0", b"\x631.1")), Ok(()), "what adds to version 1");
    for (from, to, expected) in [
        (&b"\x631.0"[..], &b"\x632.0"[..], "engagement_version"),
        (b"\x631.0", b"\x631.x", "engagement_version"),
        (b"\x82\x01\xd8", b"\x82\x02\xd8", "engagement_cipher_suite"),
        // The curve of the key: P-384.
        (b"\x20\x01\x21", b"\x20\x02\x21", "engagement_key"),
        (b"\xa2\x00", b"\xa2\x01", "engagement_form"),
        (b"\xd8\x18", b"\xd8\x19", "engagement_form"),
    ] {
        assert_eq!(code(&swapped(&good, from, to)), Err(expected));
    }
    for length in 0..good.len() {
        assert_eq!(code(&good[..length]), Err("engagement_form"), "cut at {length}");
    }
    assert_eq!(code(&[&good[..], &[0]].concat()), Err("engagement_form"));
    for uri in ["", "mdoc", "openid4vp://?a=b", "mdoc:%%"] {
        assert_eq!(DeviceEngagement::from_uri(uri), Err(EngagementError::Uri), "{uri}");
    }
    // A point beside the curve, and a private key where a public one belongs.
    let (x, _) = credential::VerifyingKey::new(*key.public()).unwrap().coordinates().unwrap();
    assert_eq!(code(&swapped(&good, &x[..4], &[0; 4])), Err("engagement_key"));
    let other = AgreementKey::generate().unwrap();
    let engagement = DeviceEngagement::new(key.public(), None).unwrap();
    assert_eq!(Engaged::with(other, engagement).map(drop), Err(EngagementError::Key));
    assert!(DeviceEngagement::new(key.public(), Some(b"\xa0")).is_err(), "no array of ways");
}

#[test]
fn a_session_key_of_another_curve_or_the_holders_own_begins_no_session() {
    let mut met = Met::new();
    let message = met.establishment();
    let curve = swapped(&message, b"\x20\x01\x21", b"\x20\x02\x21");
    assert_eq!(met.holder.establish(&curve, &Handover::Qr).map(drop), Err(SessionError::Key));
    let scalar = sha256(b"one");
    let key = || AgreementKey::from_scalar(&scalar).unwrap();
    let engaged = Engaged::new(key(), None).unwrap();
    let mut mirrored = ReaderSession::new(engaged.engagement(), &Handover::Qr, key()).unwrap();
    let message = mirrored.ask(b"request").unwrap();
    assert_eq!(engaged.establish(&message, &Handover::Qr).map(drop), Err(SessionError::Key));
}

#[test]
fn a_reader_is_who_a_root_that_counts_vouches_for_and_who_signed_this_session() {
    let (met, holder, request) = open();
    let reader = |anchors: &Authority, at| request.reader(holder.transcript(), &anchors.anchors(), at);
    assert!(matches!(reader(&met.readers, now()), Ok(Reader::Proven(_))));
    let unproven = |found| match found {
        Ok(Reader::Unproven(why)) => Some(why),
        Ok(Reader::Proven(_)) | Err(_) => None,
    };
    let other = unproven(reader(&met.root, now()));
    assert_eq!(other, Some(Unproven::Certificate(credential::x5c::X5cError::Unknown)));
    let late = unproven(reader(&met.readers, at(4 * 366 * 86_400)));
    assert_eq!(late, Some(Unproven::Certificate(credential::x5c::X5cError::Validity)));

    // For another session; changed on its way; by a key that certifies nothing of readers.
    let other = Met::new();
    let elsewhere = request.reader(other.reader.transcript(), &met.readers.anchors(), now());
    assert_eq!(elsewhere.map(drop), Err(DeviceRequestError::Signature));
    let bytes = met.request(&["family_name"]);
    let kept = b"family_name\xf5";
    let changed = DeviceRequest::parse(&swapped(&bytes, kept, b"family_name\xf4")).unwrap();
    let refused = changed.reader(met.reader.transcript(), &met.readers.anchors(), now());
    assert_eq!(refused.map(drop), Err(DeviceRequestError::Signature));
    let signer = met.readers.signer("Issuer", DOCUMENT_SIGNER);
    let elements =
        [Element { name_space: ELEMENTS.into(), name: "portrait".into(), intent_to_retain: false }];
    let asked = [NewDocRequest { doc_type: DOC_TYPE, elements: &elements }];
    let by = |signer: &Signer, x5c: &[Vec<u8>]| {
        let signer = ReaderSigner { key: &signer.key, chain: x5c };
        let bytes = device_request(&asked, signer, met.reader.transcript()).unwrap();
        DeviceRequest::parse(&bytes).unwrap().reader(met.reader.transcript(), &met.readers.anchors(), now())
    };
    let issuer = unproven(by(&signer, &signer.x5c));
    assert_eq!(issuer, Some(Unproven::Certificate(credential::x5c::X5cError::Use)));
    assert_eq!(unproven(by(&met.signer, &[])), Some(Unproven::Unsigned));
    assert_eq!(by(&signer, &met.signer.x5c).map(drop), Err(DeviceRequestError::Signature), "another's name");
}

#[test]
fn a_request_of_another_form_is_refused_each_for_its_cause() {
    let met = Met::new();
    let good = met.request(&["family_name"]);
    let code = |bytes: &[u8]| DeviceRequest::parse(bytes).map(drop).map_err(DeviceRequestError::code);
    assert_eq!(code(&good), Ok(()));
    for (from, to, expected) in [
        (&b"\x631.0"[..], &b"\x632.0"[..], "device_request_version"),
        (b"family_name\xf5", b"family_name\x05", "device_request_form"),
        (b"docType", b"docTypf", "device_request_form"),
        (b"itemsRequest", b"itemsRequesu", "device_request_form"),
        // ES384 in place of ES256, and no algorithm at all.
        (b"\x43\xa1\x01\x26", b"\x43\xa1\x01\x27", "device_request_reader_auth"),
        (b"\x43\xa1\x01\x26", b"\x43\xa1\x05\x26", "device_request_reader_auth"),
    ] {
        assert_eq!(code(&swapped(&good, from, to)), Err(expected));
    }
    assert_eq!(code(&met.request(&[])), Err("device_request_empty"));
    let none = Writer::new().map(2).text("version").text("1.0").text("docRequests").array(0).finish();
    assert_eq!(code(&none), Err("device_request_empty"));
    let names: Vec<String> = (0..257).map(|number| format!("element-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(code(&met.request(&names[..256])), Ok(()));
    assert_eq!(code(&met.request(&names)), Err("device_request_form"));
    for length in 0..good.len() {
        assert_eq!(code(&good[..length]), Err("device_request_form"), "cut at {length}");
    }
}

#[test]
fn a_response_of_another_session_is_refused() {
    let (met, holder, request) = open();
    let response = met.respond(&holder, &request);
    assert!(met.verify(&response).is_ok());
    let mut elsewhere = Met::new();
    elsewhere.root = met.root;
    assert_eq!(elsewhere.verify(&response).map(drop), Err(MdocError::DeviceSignature));
}

#[test]
fn a_stream_of_frames_is_cut_nowhere_and_takes_no_memory_that_nobody_filled() {
    let mut stream = Vec::new();
    for message in [&b"one"[..], b"", b"two"] {
        write_frame(&mut stream, message).unwrap();
    }
    let mut from = stream.as_slice();
    for expected in [Some(&b"one"[..]), Some(b""), Some(b"two"), None] {
        assert_eq!(read_frame(&mut from).unwrap().as_deref(), expected);
    }
    for length in 1..stream.len() {
        let mut from = &stream[..length];
        let read: Result<Vec<_>, _> = std::iter::from_fn(|| read_frame(&mut from).transpose()).collect();
        // Between two frames a stream may end.
        let whole = [7, 11].contains(&length);
        assert_eq!(
            read.map(drop).map_err(|error| error.code()),
            if whole { Ok(()) } else { Err("frame_cut") }
        );
    }
    let long = u32::try_from(MAX_MESSAGE_LEN + 1).unwrap().to_be_bytes();
    assert!(matches!(read_frame(&mut long.as_slice()), Err(FrameError::TooLong)));
    let mut nothing = Vec::new();
    let refused = write_frame(&mut nothing, &vec![0; MAX_MESSAGE_LEN + 1]);
    assert!(matches!(refused, Err(FrameError::TooLong)) && nothing.is_empty());
}

proptest! {
    #[test]
    fn bytes_from_anywhere_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(read) = DeviceEngagement::parse(&bytes) {
            prop_assert_eq!(read.as_bytes(), &bytes);
        }
        let _ = DeviceRequest::parse(&bytes);
        prop_assert!(Met::new().holder.establish(&bytes, &Handover::Qr).is_err());
        let mut from = bytes.as_slice();
        while let Ok(Some(frame)) = read_frame(&mut from) {
            prop_assert!(frame.len() < bytes.len());
        }
    }

    #[test]
    fn messages_of_any_length_go_both_ways(messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..100), 1..6)) {
        let (mut met, mut holder, _) = open();
        for message in messages {
            let sent = holder.answer(&message, false).unwrap();
            let got = Received::Data { plain: message.clone(), last: false };
            prop_assert_eq!(met.reader.receive(&sent).unwrap(), got.clone());
            let sent = met.reader.ask(&message).unwrap();
            prop_assert_eq!(holder.receive(&sent).unwrap(), got);
        }
    }
}
