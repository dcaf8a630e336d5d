//! mdoc: published examples of ISO/IEC 18013-5 and of OpenID4VP, our own documents, every refusal with its code.

use credential::agreement::AgreementKey;
use credential::sd_cwt::{Encoding, Items};
use credential::x509::HashKind;
use credential::{CryptoError, PublicKey, SigningKey, VerifyingKey, sha256};
use openid4vc::mdoc::{
    Credential, DeviceResponse, Expected, Held, IssueError, IssuerSigned, MdocError, NameSpace,
    SessionTranscript, Validity, Value, Verified, issue, verify,
};
use openid4vc::status::StatusReference;
use serde_json::Value as Json;

use crate::party::{Authority, DOCUMENT_SIGNER, READER, Signer, at, now};

pub const DOC_TYPE: &str = "org.iso.23220.photoid.1";
pub const ELEMENTS: &str = "org.iso.23220.1";
const NONCE: &str = "n-0S6_WzA2Mj";

/// Random values that are all different, and the same in every run.
pub fn randoms() -> impl FnMut() -> Result<[u8; 32], CryptoError> {
    let mut count = 0u64;
    move || {
        count += 1;
        Ok(sha256(&count.to_be_bytes()))
    }
}

pub fn name_spaces() -> Vec<NameSpace> {
    let date = |text: &str| Value::Tag(1004, Box::new(Value::text(text)));
    let text = |name: &str, value: &str| (name.to_owned(), Value::text(value));
    vec![
        NameSpace {
            name: ELEMENTS.to_owned(),
            elements: vec![
                text("family_name", "CHAN"),
                text("given_name", "TAI MAN"),
                ("birth_date".to_owned(), date("1990-02-03")),
                text("issuing_country", "HK"),
                ("age_over_18".to_owned(), Value::Bool(true)),
                ("portrait".to_owned(), Value::Bytes(vec![0xff; 3000])),
            ],
        },
        NameSpace { name: DOC_TYPE.to_owned(), elements: vec![text("person_id", "HKG-7")] },
    ]
}

fn status() -> StatusReference {
    StatusReference { uri: "https://hkg.example/status/7".to_owned(), index: 4_711 }
}

struct World {
    authority: Authority,
    issuer: Signer,
    device: SigningKey,
}

fn validity() -> Validity {
    Validity { signed: at(-100), from: at(-100), until: at(100) }
}

fn transcript() -> SessionTranscript {
    SessionTranscript::redirect("x509_hash:abc", NONCE, Some(&[7; 32]), "https://desk.example/response")
}

impl World {
    fn new() -> Self {
        let authority = Authority::new("Root");
        let issuer = authority.signer("Issuer", DOCUMENT_SIGNER);
        Self { authority, issuer, device: SigningKey::generate().unwrap() }
    }

    fn issue_with(
        &self,
        issuer: &Signer,
        name_spaces: &[NameSpace],
        validity: Validity,
    ) -> Result<Vec<u8>, IssueError> {
        let credential = Credential {
            doc_type: DOC_TYPE,
            name_spaces,
            device: self.device.public(),
            validity,
            status: Some(&status()),
        };
        issue(&credential, &issuer.key, &issuer.x5c, &mut randoms())
    }

    fn issued(&self) -> Vec<u8> {
        self.issue_with(&self.issuer, &name_spaces(), validity()).unwrap()
    }

    fn held(&self) -> Held {
        Held::receive(&self.issued(), &self.authority.anchors(), self.device.public(), now()).unwrap()
    }

    fn shown(&self) -> Vec<u8> {
        let shows = |_: &str, element: &str| ["family_name", "issuing_country"].contains(&element);
        self.held().present(shows, &transcript(), &self.device).unwrap()
    }

    fn verify_at(&self, response: &[u8], at: documents::Timestamp) -> Result<Verified, MdocError> {
        let anchors = self.authority.anchors();
        verify(response, &Expected { anchors: &anchors, transcript: &transcript(), reader: None, now: at })
    }

    fn code(&self, response: &[u8]) -> Result<(), &'static str> {
        self.verify_at(response, now()).map(drop).map_err(MdocError::code)
    }
}

pub fn shared(test: &str, file: &str) -> Option<String> {
    let folder = test_support::shared(test, "vectors/mdoc")?;
    Some(std::fs::read_to_string(folder.join(file)).unwrap())
}

/// The key of a certificate, whoever signed it.
pub fn key_in(der: &[u8]) -> VerifyingKey {
    // SubjectPublicKeyInfo of P-256 (RFC 5480): found by what it begins with.
    let head = hex::decode("3059301306072a8648ce3d020106082a8648ce3d03010703420004").unwrap();
    let at = der.windows(head.len()).position(|part| part == head).unwrap();
    VerifyingKey::new(PublicKey::from_spki(&der[at..at + 91]).unwrap()).unwrap()
}

#[test]
fn the_published_handovers_come_out_byte_for_byte() {
    let Some(text) = shared("openid4vp handover", "openid4vp-handover.json") else { return };
    let published: Json = serde_json::from_str(&text).unwrap();
    let thumbprint: [u8; 32] =
        hex::decode(published["jwk_sha256_thumbprint_hex"].as_str().unwrap()).unwrap().try_into().unwrap();
    let jwk = credential::jose::Jwk::read(&published["jwk"]).unwrap();
    assert_eq!(jwk.thumbprint().unwrap().as_bytes(), &thumbprint);
    let of = |name: &str| published["redirect"][name].as_str().unwrap().to_owned();
    let made =
        SessionTranscript::redirect(&of("client_id"), &of("nonce"), Some(&thumbprint), &of("response_uri"));
    assert_eq!(hex::encode(made.as_bytes()), of("SessionTranscript_hex"));
    // OpenID4VP 1.0, B.2.6.2, from its text.
    let made = SessionTranscript::dc_api("https://example.com", &of("nonce"), Some(&thumbprint));
    assert_eq!(
        hex::encode(made.as_bytes()),
        "83f6f682764f70656e4944345650444341504948616e646f7665725820\
         fbece366f4212f9762c74cfdbf83b8c69e371d5d68cea09cb4c48ca6daab761a"
    );
    let open = SessionTranscript::dc_api("https://example.com", "n", None);
    assert_ne!(open, made, "an answer that is not encrypted has null in its place");
}

#[test]
fn the_response_of_annex_d_opens_and_its_mac_counts_with_the_readers_key_alone() {
    let Some(text) = shared("annex D", "annex-d.json") else { return };
    let published: Json = serde_json::from_str(&text).unwrap();
    let bytes = |name: &str| hex::decode(published[name].as_str().unwrap()).unwrap();
    let response = DeviceResponse::parse(&bytes("device_response")).unwrap();
    let document = response.only().unwrap();
    assert_eq!(document.issuer_signed.certificates(), [bytes("ds_cert")]);
    let object = document.open(&key_in(&bytes("ds_cert"))).unwrap();
    assert_eq!(object.doc_type(), "org.iso.18013.5.1.mDL");
    assert_eq!(document.issuer_signed.elements().count(), 6);
    assert_eq!(object.signed().unix(), 1_601_559_002);
    let transcript = untagged(&bytes("session_transcript_bytes"));
    assert_eq!(document.hold_device(&object, &transcript, None), Err(MdocError::DeviceMac));
    // A reader in proximity has the key for it.
    let reader = AgreementKey::from_scalar(&bytes("ephemeral_reader_key_d").try_into().unwrap()).unwrap();
    assert_eq!(document.hold_device(&object, &transcript, Some(&reader)), Ok(()));
    let another = AgreementKey::generate().unwrap();
    let refused = document.hold_device(&object, &transcript, Some(&another));
    assert_eq!(refused, Err(MdocError::DeviceMacOther));
    let elsewhere = SessionTranscript::redirect("a", "b", None, "c");
    let refused = document.hold_device(&object, &elsewhere, Some(&reader));
    assert_eq!(refused, Err(MdocError::DeviceMacOther));
}

/// The transcript in the tag 24 in which examples publish it.
pub fn untagged(bytes: &[u8]) -> SessionTranscript {
    let mut items = Items::new(bytes, Encoding::Any);
    items.tag(24).unwrap();
    SessionTranscript::from_bytes(items.bytes().unwrap()).unwrap()
}

#[test]
fn responses_of_another_library_open_by_their_bytes_and_a_changed_element_does_not() {
    for (file, expected) in [("example1.json", Ok(())), ("example3.json", Err(MdocError::Digest))] {
        let Some(text) = shared("auth0 mdl", &format!("auth0-mdl/{file}")) else { return };
        let published: Json = serde_json::from_str(&text).unwrap();
        let bytes = |name: &str| hex::decode(published[name].as_str().unwrap()).unwrap();
        let response = DeviceResponse::parse(&bytes("deviceResponse_hex")).unwrap();
        let document = response.only().unwrap();
        let opened = document.open(&key_in(&document.issuer_signed.certificates()[0]));
        assert_eq!(opened.as_ref().map(drop).map_err(|error| *error), expected, "{file}");
        let Ok(object) = opened else { continue };
        let transcript = untagged(&bytes("encodedSessionTranscript_hex"));
        assert_eq!(document.hold_device(&object, &transcript, None), Ok(()));
        let other = SessionTranscript::redirect("a", "b", None, "c");
        assert_eq!(document.hold_device(&object, &other, None), Err(MdocError::DeviceSignature));
    }
    let Some(text) = shared("auth0 mdl", "auth0-mdl/issuer-signed-only.json") else { return };
    let published: Json = serde_json::from_str(&text).unwrap();
    let bytes = hex::decode(published["deviceResponse_hex"].as_str().unwrap()).unwrap();
    let response = DeviceResponse::parse(&bytes).unwrap();
    let document = response.only().unwrap();
    let object = document.open(&key_in(&document.issuer_signed.certificates()[0])).unwrap();
    assert_eq!(document.hold_device(&object, &transcript(), None), Err(MdocError::DeviceMissing));
}

#[test]
fn an_element_of_the_device_counts_only_where_the_issuer_allows_it() {
    let Some(text) = shared("auth0 mdl", "auth0-mdl/example4.json") else { return };
    let published: Json = serde_json::from_str(&text).unwrap();
    let bytes = |name: &str| hex::decode(published[name].as_str().unwrap()).unwrap();
    let response = DeviceResponse::parse(&bytes("deviceResponse_hex")).unwrap();
    let document = response.only().unwrap();
    let object = document.open(&key_in(&document.issuer_signed.certificates()[0])).unwrap();
    let transcript = untagged(&bytes("encodedSessionTranscript_hex"));
    assert_eq!(document.hold_device(&object, &transcript, None), Err(MdocError::DeviceElement));
}

#[test]
fn the_sample_of_a_third_library_is_read() {
    let Some(text) = shared("isomdl", "isomdl/issuer_signed.hex") else { return };
    let bytes = hex::decode(text.trim()).unwrap();
    let read = IssuerSigned::parse(&bytes).unwrap();
    assert!(read.elements().count() > 3);
    assert!(read.open(&key_in(&read.certificates()[0])).is_ok());
}

#[test]
fn a_document_shows_what_its_holder_chooses_and_nothing_else() {
    let world = World::new();
    let verified = world.verify_at(&world.shown(), now()).unwrap();
    assert_eq!((verified.doc_type(), verified.status()), (DOC_TYPE, Some(&status())));
    let elements: Vec<&String> = verified.elements().values().flat_map(|elements| elements.keys()).collect();
    assert_eq!(elements, ["family_name", "issuing_country"]);
    assert_eq!(verified.element(ELEMENTS, "family_name"), Some(&Value::text("CHAN")));
    assert_eq!(verified.issuer().country.as_deref(), Some("HK"));
    assert_eq!(format!("{verified:?} {:?}", world.held()), "Verified(redacted) Held(redacted)");
    let none = world.held().present(|_, _| false, &transcript(), &world.device).unwrap();
    assert!(world.verify_at(&none, now()).unwrap().elements().is_empty());
    credential::cbor::well_formed(&none).unwrap();
}

#[test]
fn a_digests_number_tells_nothing_of_the_other_elements() {
    let world = World::new();
    let credential = |random: &mut dyn FnMut() -> [u8; 32]| {
        let credential = Credential {
            doc_type: DOC_TYPE,
            name_spaces: &name_spaces(),
            device: world.device.public(),
            validity: validity(),
            status: None,
        };
        let bytes = issue(&credential, &world.issuer.key, &world.issuer.x5c, &mut || Ok(random())).unwrap();
        let read = IssuerSigned::parse(&bytes).unwrap();
        let order: Vec<String> = read.elements().map(|(_, element, _)| element.to_owned()).collect();
        order
    };
    let mut count = 0u8;
    let ascending = credential(&mut || {
        count += 1;
        [count; 32]
    });
    let descending = credential(&mut || {
        count -= 1;
        [count; 32]
    });
    assert_eq!(
        ascending[..6],
        ["family_name", "given_name", "birth_date", "issuing_country", "age_over_18", "portrait"]
    );
    assert_eq!(descending[0], "portrait");
}

#[test]
fn an_mdoc_that_no_holder_would_take_is_never_signed() {
    let world = World::new();
    let refused = |name_spaces: &[NameSpace], validity| {
        world.issue_with(&world.issuer, name_spaces, validity).map(drop)
    };
    let early = Validity { from: at(-101), ..validity() };
    let turned = Validity { until: at(-101), ..validity() };
    for times in [early, turned] {
        assert_eq!(refused(&name_spaces(), times), Err(IssueError::Refused(MdocError::Times)));
    }
    let mut twice = name_spaces();
    twice.push(twice[0].clone());
    assert_eq!(refused(&twice, validity()), Err(IssueError::Refused(MdocError::ElementRepeated)));
    let mut twice = name_spaces();
    let first = twice[0].elements[0].clone();
    twice[0].elements.push(first);
    assert_eq!(refused(&twice, validity()), Err(IssueError::Refused(MdocError::ElementRepeated)));
    let bare = Signer { key: SigningKey::generate().unwrap(), x5c: Vec::new() };
    let refused = world.issue_with(&bare, &name_spaces(), validity()).map(drop);
    assert_eq!(refused, Err(IssueError::NoCertificate));
    let credential = Credential {
        doc_type: DOC_TYPE,
        name_spaces: &name_spaces(),
        device: world.device.public(),
        validity: validity(),
        status: None,
    };
    let same = issue(&credential, &world.issuer.key, &world.issuer.x5c, &mut || Ok([7; 32])).map(drop);
    assert_eq!(same, Err(IssueError::RandomRepeated));
}

#[test]
fn a_holder_takes_only_what_was_made_for_their_device_by_a_trusted_signer() {
    let world = World::new();
    let (issued, anchors) = (world.issued(), world.authority.anchors());
    let own = world.device.public();
    let receive = |bytes: &[u8], device: &PublicKey| {
        Held::receive(bytes, &anchors, device, now()).map(drop).map_err(MdocError::code)
    };
    assert_eq!(receive(&issued, own), Ok(()));
    assert_eq!(receive(&issued, SigningKey::generate().unwrap().public()), Err("mdoc_other_key"));
    let other = Authority::new("Other").signer("Issuer", DOCUMENT_SIGNER);
    let foreign = world.issue_with(&other, &name_spaces(), validity()).unwrap();
    assert_eq!(receive(&foreign, own), Err("certificate_unknown"));
    let thief = SigningKey::generate().unwrap();
    let refused = world.held().present(|_, _| true, &transcript(), &thief).map(drop);
    assert_eq!(refused, Err(MdocError::OtherKey));
}

/// Swaps the first occurrence of some bytes.
pub fn swapped(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|part| part == from).unwrap();
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

#[test]
fn what_a_verifier_must_refuse_is_refused_each_for_its_cause() {
    let world = World::new();
    let shown = world.shown();
    assert_eq!(world.code(&shown), Ok(()));
    for (at_second, expected) in [
        (-101, Err("credential_not_yet_valid")),
        (-100, Ok(())),
        (100, Ok(())),
        (101, Err("credential_expired")),
    ] {
        let verified = world.verify_at(&shown, at(at_second)).map(drop).map_err(MdocError::code);
        assert_eq!(verified, expected, "{at_second}");
    }
    let present = |issuer: &Signer, name_spaces: &[NameSpace], validity| {
        let issued = world.issue_with(issuer, name_spaces, validity).unwrap();
        let held = Held::read(&issued).unwrap();
        held.present(|_, element| element != "portrait", &transcript(), &world.device).unwrap()
    };
    let (reader, root) = (world.authority.signer("Reader", READER), Authority::new("Other"));
    let foreign = root.signer("Issuer", DOCUMENT_SIGNER);
    let macao = world.authority.signer_of("MO", "Issuer", DOCUMENT_SIGNER);
    let long_ago = documents::Timestamp::from_unix(1_600_000_000).unwrap();
    let mut with_anchor = world.authority.signer("Issuer", DOCUMENT_SIGNER);
    with_anchor.x5c.push(world.authority.der());
    let other_key = Signer { key: SigningKey::generate().unwrap(), x5c: world.issuer.x5c.clone() };
    let response_of =
        |other: &SessionTranscript| world.held().present(|_, _| true, other, &world.device).unwrap();
    let doubled = {
        let single = swapped(&shown, b"\x69documents\x81", b"\x69documents\x82");
        let document = &single[single.windows(10).position(|part| part == b"\x69documents").unwrap() + 11..];
        [single.as_slice(), document].concat()
    };
    for (code, response) in [
        ("certificate_use", present(&reader, &name_spaces(), validity())),
        ("certificate_unknown", present(&foreign, &name_spaces(), validity())),
        ("certificate_anchor_sent", present(&with_anchor, &name_spaces(), validity())),
        ("mdoc_signature", present(&other_key, &name_spaces(), validity())),
        ("mdoc_country", present(&macao, &name_spaces(), validity())),
        (
            "mdoc_signed_outside",
            present(&world.issuer, &name_spaces(), Validity { signed: long_ago, ..validity() }),
        ),
        ("mdoc_digest", swapped(&shown, b"CHAN", b"CHEN")),
        ("mdoc_digest", swapped(&shown, b"family_name", b"familY_name")),
        ("mdoc_type", swapped(&shown, DOC_TYPE.as_bytes(), b"org.iso.23220.photoID.1")),
        ("mdoc_element_not_signed", swapped(&shown, b"\x6forg.iso.23220.1\x82", b"\x6forg.iso.23220.2\x82")),
        ("mdoc_version", swapped(&shown, b"\x67version\x631.0", b"\x67version\x631.1")),
        ("mdoc_response_status", swapped(&shown, b"\x66status\x00", b"\x66status\x0a")),
        ("mdoc_documents", doubled),
        ("mdoc_algorithm", swapped(&shown, b"\x6fdeviceSignature", b"\x69deviceMac")),
        (
            "mdoc_device_mac",
            swapped(&shown, b"\x6fdeviceSignature\x84\x43\xa1\x01\x26", b"\x69deviceMac\x84\x43\xa1\x01\x05"),
        ),
        ("mdoc_algorithm", swapped(&shown, b"\xa1\x01\x26", b"\xa1\x01\x27")),
        ("mdoc_header", swapped(&shown, b"\xa1\x01\x26", b"\xa1\x03\x26")),
        ("mdoc_no_certificate", swapped(&shown, b"\xa1\x18\x21\x59", b"\xa1\x18\x22\x59")),
        ("mdoc_device_signature", response_of(&SessionTranscript::redirect("a", NONCE, None, "b"))),
        ("mdoc_form", shown[..shown.len() - 1].to_vec()),
        ("mdoc_form", [shown.as_slice(), &[0]].concat()),
        ("mdoc_form", Vec::new()),
        ("mdoc_form", b"\xff".to_vec()),
    ] {
        assert_eq!(world.code(&response), Err(code));
    }
}

/// An mdoc whose security object was changed, and signed again by its own signer.
fn resigned(world: &World, from: &[u8], to: &[u8]) -> Vec<u8> {
    let issued = world.issued();
    let mut items = Items::new(&issued, Encoding::Any);
    items.map().unwrap();
    items.key().unwrap();
    items.array().unwrap();
    let protected = items.bytes().unwrap();
    items.value(1).unwrap();
    let payload = items.bytes().unwrap();
    let signature = items.bytes().unwrap();
    let changed = swapped(payload, from, to);
    assert_eq!(changed.len(), payload.len(), "the heads around it stay as they are");
    let signed = credential::cose::sig_structure(protected, &[], &changed);
    let again = world.issuer.key.sign(&signed).unwrap();
    swapped(&swapped(&issued, payload, &changed), signature, &again)
}

#[test]
fn what_an_issuer_must_not_sign_is_refused_although_it_is_signed() {
    let world = World::new();
    // animo/openid4vc-playground 131: signed after its validity begins.
    let (signed, begins) = (b"\x66signed\xc0\x742027-01-15", b"\x66signed\xc0\x742027-01-16");
    let ends = (b"validUntil\xc0\x742027-01-15", b"validUntil\xc0\x742027-01-14");
    let key = *world.device.public().as_bytes();
    let mut broken_key = [0; 16];
    broken_key.copy_from_slice(&key[1..17]);
    broken_key[0] ^= 1;
    for (code, bytes) in [
        ("mdoc_times", resigned(&world, signed, begins)),
        ("mdoc_times", resigned(&world, ends.0, ends.1)),
        ("mdoc_version", resigned(&world, b"\x67version\x631.0", b"\x67version\x632.0")),
        ("mdoc_digest_algorithm", resigned(&world, b"\x67SHA-256", b"\x67SHA-224")),
        ("mdoc_status", resigned(&world, b"\x63idx\x19", b"\x63idx\x39")),
        ("mdoc_device_key", resigned(&world, &key[1..17], &broken_key)),
        ("mdoc_device_key", resigned(&world, b"\x69deviceKey\xa4", b"\x69deviceKez\xa4")),
        ("mdoc_form", resigned(&world, b"signed\xc0\x742027-01-15T", b"signed\xc0\x742027-13-15T")),
        ("mdoc_form", resigned(&world, b"validFrom", b"validFron")),
    ] {
        let anchors = world.authority.anchors();
        let received = Held::receive(&bytes, &anchors, world.device.public(), now()).map(drop);
        assert_eq!(received.map_err(MdocError::code), Err(code));
    }
    // What a wallet took all the same is refused by the verifier.
    let late = Held::read(&resigned(&world, signed, begins)).unwrap();
    let shown = late.present(|_, _| true, &transcript(), &world.device).unwrap();
    assert_eq!(world.code(&shown), Err("mdoc_times"));
}

#[test]
fn a_holders_signature_fits_one_verifier_one_nonce_one_key_and_one_address() {
    let world = World::new();
    let (id, uri) = ("x509_hash:abc", "https://desk.example/response");
    for other in [
        SessionTranscript::redirect("x509_hash:abd", NONCE, Some(&[7; 32]), uri),
        SessionTranscript::redirect(id, "other", Some(&[7; 32]), uri),
        SessionTranscript::redirect(id, NONCE, Some(&[8; 32]), uri),
        SessionTranscript::redirect(id, NONCE, None, uri),
        SessionTranscript::redirect(id, NONCE, Some(&[7; 32]), "https://desk.example/other"),
        SessionTranscript::dc_api("https://desk.example", NONCE, Some(&[7; 32])),
    ] {
        let response = world.held().present(|_, _| true, &other, &world.device).unwrap();
        assert_eq!(world.code(&response), Err("mdoc_device_signature"));
    }
}

#[test]
fn every_change_of_one_byte_of_a_response_is_refused() {
    let world = World::new();
    let shown = world.shown();
    for place in 0..shown.len() {
        let mut changed = shown.clone();
        changed[place] ^= 1;
        assert!(world.code(&changed).is_err(), "{place}");
    }
    for length in 0..shown.len() {
        assert_eq!(world.code(&shown[..length]), Err("mdoc_form"), "cut at {length}");
    }
}

#[test]
fn digests_may_be_of_the_three_hashes_and_of_no_other() {
    // The names in ISO/IEC 18013-5, 9.1.2.4; the sizes are those of the hashes.
    for (hash, size) in [(HashKind::Sha256, 32), (HashKind::Sha384, 48), (HashKind::Sha512, 64)] {
        assert_eq!(hash.digest(b"").len(), size);
    }
    let world = World::new();
    let shown = world.shown();
    let changed = swapped(&shown, b"\x67SHA-256", b"\x67SHA-255");
    // The issuer signed the name: the signature is found out first.
    assert_eq!(world.code(&changed), Err("mdoc_signature"));
}
