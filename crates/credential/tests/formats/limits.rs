//! The limits that the page names are those of the program.

use credential::cbor::{CborError, MAX_DEPTH, Reader, Writer};
use credential::cose::{self, Headers, Tagging};
use credential::message::{self, Kind, MAX_PAYLOAD, Request};
use credential::part::PartForm;
use credential::status::{MAX_LIST_LEN, SignedStatusList, Status, StatusList, list_kid};
use credential::{
    FIRST_STATUS_INDEX, KeyClass, MAX_PROOF_LEN, MAX_TOKEN_LEN, ProofError, SigningKey, TokenError,
    UnverifiedProof, UnverifiedToken, VerifyingKey,
};

use crate::grammar::request;
use crate::page::{bytes, conforms};

#[test]
fn the_limits_that_the_page_names_are_those_of_the_program() {
    let day = 86_400;
    for (of_program, on_page) in [
        (
            u64::try_from(MAX_TOKEN_LEN).unwrap(),
            "at most 256 bytes are read; it has 181 bytes from CHN and 164",
        ),
        (u64::try_from(MAX_PROOF_LEN).unwrap(), "At most 96 bytes are read; it has 82"),
        (u64::try_from(MAX_PAYLOAD).unwrap(), "at most 262,144 bytes"),
        (u64::try_from(MAX_LIST_LEN).unwrap(), "at most 4,194,304 bytes before and after inflating"),
        (u64::try_from(MAX_DEPTH).unwrap(), "nesting deeper than 8"),
        (u64::from(FIRST_STATUS_INDEX), "indexes begin at 65,536"),
        (KeyClass::Hardware.max_life_seconds().unsigned_abs(), "7 days and 1 hour ahead (608,400 s)"),
        (KeyClass::SecureElement.max_life_seconds().unsigned_abs(), "7 days and 1 hour ahead (608,400 s)"),
        (KeyClass::Software.max_life_seconds().unsigned_abs(), "3 days and\n  1 hour (262,800 s)"),
        (u64::try_from(PartForm::Own.length()).unwrap(), "An own part (131 bytes)"),
        (u64::try_from(PartForm::Sealed.length()).unwrap(), "a sealed part (202 bytes)"),
        (u64::try_from(PartForm::Own.old_length()).unwrap(), "parts of 139 and 210"),
        (u64::try_from(PartForm::Sealed.old_length()).unwrap(), "parts of 139 and 210"),
    ] {
        assert!(page_text().contains(on_page), "{on_page}");
        let digits = on_page.replace(',', "");
        let named = digits.split(|c: char| !c.is_ascii_digit()).any(|n| n.parse() == Ok(of_program));
        assert!(named, "{of_program}: {on_page}");
    }
    assert_eq!(KeyClass::Software.life_days() * day, 259_200);
    assert_eq!(KeyClass::Hardware.life_days() * day, 604_800);
    assert_eq!(bytes("token").len(), 181);
    assert_eq!((bytes("proof").len(), bytes("proof-unlocked").len()), (82, 82));
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
    let external = Writer::new().array(1).text("bp2-event").finish();
    for (kid, content_type, fits) in [
        (Some(&[7; 64][..]), None, Ok(())),
        (Some(&[]), None, Ok(())),
        (None, None, Err("malformed message: no key id")),
        (Some(b"1"), Some("text"), Err("unexpected COSE header")),
        (Some(&[7; 65]), None, Err("not a COSE message of this form: too large, or nested too deeply")),
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

fn page_text() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/formats.md");
    std::fs::read_to_string(path).unwrap()
}
