//! The crossing code of `docs/formats.md`: what this crate writes is what the page's grammar says, and the page's worked
//! example reads here byte for byte.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a page that cannot be read fails the test")]

#[path = "../../credential/tests/page/mod.rs"]
mod page;

use code::{CodeError, CrossingCode, PREFIX, Parts, base45};
use credential::{
    Audience, KeyClass, PartHash, SealedHashes, ShortHash, SigningKey, StatusRef, TokenClaims, sign_proof,
    sign_token,
};
use documents::{AuthorityCode, Direction, Side, Timestamp};
use page::{blocks, bytes, conforms};

fn text(name: &str) -> String {
    blocks(&format!("text {name}")).concat().lines().collect()
}

#[test]
fn the_example_code_reads_as_the_token_the_proof_and_the_parts_of_the_page() {
    let (text, mut scratch) = (text("code"), Vec::new());
    let code = CrossingCode::parse(&text, &mut scratch).unwrap();
    let CrossingCode::Full { token, proof, parts } = code else { panic!("a full code") };
    assert_eq!((token.to_vec(), proof.to_vec()), (bytes("token"), bytes("proof")));
    let parts: Vec<Vec<u8>> = parts.iter().map(<[u8]>::to_vec).collect();
    assert_eq!(parts, [bytes("own-part"), bytes("sealed-part")]);
    assert_eq!(code.to_text().unwrap(), text);
    assert_eq!(code.version(), Some(17));
    conforms("code", &code.to_cbor()).unwrap();
    conforms("full-code", &code.to_cbor()).unwrap();
}

#[test]
fn the_example_short_code_reads_as_the_token_id_and_the_proof() {
    let (text, mut scratch) = (text("short-code"), Vec::new());
    let code = CrossingCode::parse(&text, &mut scratch).unwrap();
    let CrossingCode::Short { token_id, proof } = code else { panic!("a short code") };
    assert_eq!(token_id.as_slice(), bytes("thumbprint").get(..16).unwrap());
    assert_eq!(proof, bytes("proof"));
    assert_eq!(code.to_text().unwrap(), text);
    conforms("short-code", &code.to_cbor()).unwrap();
}

#[test]
fn the_example_paper_code_reads_as_the_token_the_paper_proof_and_the_parts_of_the_page() {
    let (text, mut scratch) = (text("paper-code"), Vec::new());
    let code = CrossingCode::parse(&text, &mut scratch).unwrap();
    let CrossingCode::Full { token, proof, parts } = code else { panic!("a full code") };
    assert_eq!((token.to_vec(), proof.to_vec()), (bytes("paper-token"), bytes("paper-proof")));
    let parts: Vec<Vec<u8>> = parts.iter().map(<[u8]>::to_vec).collect();
    assert_eq!(parts, [bytes("own-part"), bytes("sealed-part")]);
    assert_eq!(code.to_text().unwrap(), text);
    assert!(code.version().unwrap() <= 18);
    conforms("full-code", &code.to_cbor()).unwrap();
}

#[test]
fn every_form_of_code_that_is_written_is_what_the_grammar_says() {
    let (issuer, device) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let now: Timestamp = "2026-03-02T10:00:00+08:00".parse().unwrap();
    let (own, sealed) = (bytes("own-part"), bytes("sealed-part"));
    let one = SealedHashes::One(ShortHash([1; 16]));
    for (home, hashes) in [
        (AuthorityCode::Chn, SealedHashes::Two(ShortHash([1; 16]), ShortHash([2; 16]))),
        (AuthorityCode::Hkg, one),
        (AuthorityCode::Mac, one),
    ] {
        let claims = TokenClaims {
            issuer: home,
            expires: KeyClass::Software.expiry_for(now.local_date()),
            device_key: *device.public(),
            key_class: KeyClass::Software,
            status: StatusRef::new(0, 65_536).unwrap(),
            sealed: hashes,
        };
        let token = sign_token(&claims, 1, &issuer).unwrap();
        for shown in [&[own.as_slice()][..], &[&sealed], &[&own, &sealed], &[&sealed, &sealed]] {
            let direction = Direction::new(AuthorityCode::Hkg, AuthorityCode::Mac).unwrap();
            let side = (shown.len() == 1).then_some(Side::Exit);
            let audience = Audience::new("hzmb-hkg-mac".parse().unwrap(), direction, side);
            let covered: Vec<PartHash> = shown.iter().map(|part| PartHash::of(part)).collect();
            let proof = sign_proof(&device, &audience, &token, &covered, now).unwrap();
            let code = CrossingCode::Full { token: &token, proof: &proof, parts: Parts::new(shown).unwrap() };
            conforms("code", &code.to_cbor()).unwrap();
            assert!(conforms("short-code", &code.to_cbor()).is_err());
            let mut scratch = Vec::new();
            assert_eq!(CrossingCode::parse(&code.to_text().unwrap(), &mut scratch).unwrap(), code);
        }
        let short = CrossingCode::Short { token_id: &[7; 16], proof: &bytes("proof") }.to_cbor();
        conforms("code", &short).unwrap();
    }
}

#[test]
fn a_changed_code_is_refused_by_grammar_and_reader() {
    let (token, proof, part) = (bytes("token"), bytes("proof"), bytes("own-part"));
    let item = |bytes: &[u8]| {
        let length = u8::try_from(bytes.len()).unwrap();
        if length < 24 { [&[0x40 | length], bytes].concat() } else { [&[0x58, length], bytes].concat() }
    };
    let (token, proof, part, id) = (item(&token), item(&proof), item(&part), item(&[7; 16]));
    let array = |head: u8, items: &[&[u8]]| [&[head][..], &items.concat()].concat();
    assert!(read(&array(0x83, &[&token, &proof, &array(0x81, &[&part])])).is_ok(), "as written");
    for (name, changed) in [
        ("no parts", array(0x83, &[&token, &proof, &[0x80]])),
        ("three parts", array(0x83, &[&token, &proof, &array(0x83, &[&part, &part, &part])])),
        ("parts not in an array", array(0x83, &[&token, &proof, &part])),
        ("a fourth field", array(0x84, &[&token, &proof, &array(0x81, &[&part]), &part])),
        ("one field", array(0x81, &[&token])),
        ("an empty token", array(0x83, &[&[0x40], &proof, &array(0x81, &[&part])])),
        ("an empty part", array(0x83, &[&token, &proof, &array(0x81, &[&[0x40]])])),
        ("a short id", array(0x82, &[&item(&[7; 15]), &proof])),
        ("a tag", [&[0xd2][..], &array(0x82, &[&id, &proof])].concat()),
        ("a text", array(0x82, &[b"\x70aaaaaaaaaaaaaaaa", &proof])),
    ] {
        assert!(conforms("code", &changed).is_err(), "grammar: {name}");
        assert!(matches!(read(&changed), Err(CodeError::Form(_))), "reader: {name}");
    }
    // What stands inside is judged by the readers of tokens, proofs and parts: the frame alone takes it.
    let foreign = array(0x83, &[&item(b"token"), &proof, &array(0x81, &[&part])]);
    assert!(conforms("code", &foreign).is_err() && read(&foreign).is_ok());
}

fn read(cbor: &[u8]) -> Result<(), CodeError> {
    let text = format!("{PREFIX}{}", base45::encode(cbor));
    CrossingCode::parse(&text, &mut Vec::new()).map(|_| ())
}
