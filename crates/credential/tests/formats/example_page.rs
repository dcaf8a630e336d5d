//! The worked example of a page opens, and what it is bound to stands on the page of formats.

use credential::cbor::Writer;
use credential::message::laid_hash;
use credential::page::{Page, PageContext};
use credential::{PartHash, hpke, sha256};
use documents::{AuthorityCode, Side};

use crate::page::{bytes, conforms};
use crate::values::*;

fn context() -> PageContext<'static> {
    PageContext {
        receiver: AuthorityCode::Hkg,
        gate: "shenzhen-bay/CHN-HKG/document",
        clearance: b"\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f",
        role: Side::Entry,
    }
}

#[test]
fn the_example_page_opens_for_its_receiver_and_is_what_the_grammar_says() {
    let (plain, sealed) = (bytes("page-plaintext"), bytes("sealed-page"));
    let today = day("2026-03-02");
    let page = Page::decode(&plain, today).unwrap();
    assert_eq!(page.number().match_key(), "A1234563");
    assert_eq!(page.birth(), Some(day("1946-03-17")));
    assert_eq!(*page.encode().unwrap(), plain);
    let item: Vec<u8> = plain.iter().copied().take(25).collect();
    conforms("page", &item).unwrap();
    assert!(plain.iter().skip(25).all(|byte| *byte == 0));
    let receiver =
        hpke::ReceiverKey::from_bytes(&bytes("handover-receiver"), &example_key("HKG part").0).unwrap();
    assert!(Page::open(&sealed, &receiver, &context(), today).unwrap() == page);
    // Info and associated data of the page are those under which it was sealed.
    let (enc, ciphertext) = sealed.split_at(65);
    let opened = receiver.open(enc, &bytes("page-info"), &bytes("page-aad"), ciphertext).unwrap();
    assert_eq!(*opened, plain);
    conforms("page-info", &bytes("page-info")).unwrap();
    conforms("page-aad", &bytes("page-aad")).unwrap();
    // A Hong Kong resident at a lane of both: the mainland's page has another hash, here of no page.
    let hashes = [PartHash([7; 32]), PartHash::of(&sealed)];
    let laid = bytes("laid");
    conforms("laid", &laid).unwrap();
    let mut w = Writer::new();
    w.array(3).text("bp1-laid").bytes(&hashes[0].0).bytes(&hashes[1].0);
    assert_eq!(w.finish(), laid);
    assert_eq!(sha256(&laid), laid_hash(&hashes));
}
