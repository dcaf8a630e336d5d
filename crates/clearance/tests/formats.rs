//! The envelope of `docs/formats.md`: what this crate writes is what the page's grammar says, and the page's worked
//! example is written here byte for byte.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a page that cannot be read fails the test")]

#[path = "../../credential/tests/page/mod.rs"]
mod page;

use clearance::{Envelope, LaneId};
use credential::cbor::{CborError, Writer, well_formed};
use credential::sha256;
use page::{bytes, conforms};

const FIELDS: [&str; 5] = ["request", "token", "proof", "own-part", "probe"];

#[test]
fn the_example_envelope_is_written_byte_for_byte_and_is_what_the_grammar_says() {
    let [request, token, proof, part, probe] = FIELDS.map(bytes);
    let envelope = Envelope { request: &request, token: &token, proof: &proof, part: &part, probe: &probe };
    let sent = envelope.encode();
    assert_eq!(sha256(&sent).to_vec(), bytes("envelope-hash"));
    conforms("envelope", &sent).unwrap();
    assert_eq!(well_formed(&sent), Ok(()));
    assert_eq!(Envelope::decode(&sent), Ok(envelope));
}

#[test]
fn a_changed_envelope_is_refused_by_grammar_and_reader() {
    let fields = FIELDS.map(bytes);
    let joined = |fields: &[Vec<u8>]| {
        let mut w = Writer::new();
        w.array(fields.len());
        fields.iter().for_each(|field| {
            w.bytes(field);
        });
        w.finish()
    };
    assert!(conforms("envelope", &joined(&fields)).is_ok());
    for at in 0..fields.len() {
        let mut fewer = fields.to_vec();
        let gone = fewer.remove(at);
        let fewer = joined(&fewer);
        assert!(conforms("envelope", &fewer).is_err() && Envelope::decode(&fewer).is_err(), "without {at}");
        let mut more = fields.to_vec();
        more.insert(at, gone);
        let more = joined(&more);
        assert!(conforms("envelope", &more).is_err() && Envelope::decode(&more).is_err(), "twice {at}");
        // What stands inside is judged by the field's own reader; the grammar sees through.
        let mut other = fields.clone();
        other[at] = b"other".to_vec();
        assert!(conforms("envelope", &joined(&other)).is_err(), "{at}");
    }
}

#[test]
fn each_field_of_an_envelope_has_the_bound_that_the_page_names() {
    for (at, bound) in [2048, 256, 96, 512, 524_288].into_iter().enumerate() {
        for (length, expected) in [(bound, Ok(())), (bound + 1, Err(CborError::Limit))] {
            let mut fields = FIELDS.map(bytes);
            fields[at] = vec![0; length];
            let [request, token, proof, part, probe] = &fields;
            let sent = Envelope { request, token, proof, part, probe }.encode();
            assert_eq!(Envelope::decode(&sent).map(|_| ()), expected, "field {at}, {length} bytes");
        }
    }
}

#[test]
fn the_name_of_a_lane_has_a_bound_and_an_alphabet() {
    let longest = "g".repeat(64);
    for (name, fits) in [
        ("shenzhen-bay/CHN-HKG/3", true),
        ("Az09-_./:", true),
        (&longest, true),
        (&format!("{longest}g"), false),
        ("", false),
        ("a b", false),
        ("a\u{e9}", false),
        ("a\n", false),
    ] {
        assert_eq!(name.parse::<LaneId>().is_ok(), fits, "{name:?}");
    }
}
