//! What desks and wallets show each other: SD-CWTs, requests, answers, receipts, and their codes.

use std::sync::LazyLock;

use code::{MAX_VENUE_BYTES, MAX_VENUE_CHARS, VenueCode, VenueCodeKind};
use credential::message::Kind;
use credential::sd_cwt::{Encoding, Expected, Key, SdCwt, UnverifiedPresentation, Value};
use credential::status::Status;
use credential::venue::{
    ClaimName, Exchange, MAX_REQUEST_SECONDS, MAX_SIGN_SECONDS, UnverifiedAnswer, VenueReceipt, VenueRequest,
};
use documents::Scenario;

use crate::keys::{authority_public, device, now};
use crate::messages::payload_of;

/// An SD-CWT, or a presentation of one: nothing redacted is left in what it discloses, and what ours would write is also
/// what the draft allows.
pub fn sd_cwt(bytes: &[u8]) -> bool {
    let token = SdCwt::parse(bytes, Encoding::Any);
    assert!(
        token.is_ok() || SdCwt::parse(bytes, Encoding::Deterministic).is_err(),
        "deterministic is stricter"
    );
    let presentation = UnverifiedPresentation::parse(bytes, Encoding::Any);
    let strict = UnverifiedPresentation::parse(bytes, Encoding::Deterministic);
    assert!(presentation.is_ok() || strict.is_err(), "deterministic is stricter");
    assert!(token.is_err() || presentation.is_err(), "bytes are one of the two");
    if let Ok(presentation) = presentation {
        assert!(is_open(presentation.unverified_claims()) && is_open(presentation.unverified_binding()));
        let expected = Expected { audiences: &["https://verifier.example/app"], cnonce: None, now: now() };
        if let Ok(verified) = presentation.verify(authority_public(), &expected) {
            assert_eq!(verified.holder().public(), device().key().public(), "nobody else's token is signed");
        }
        return true;
    }
    token.is_ok()
}

fn is_open(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(is_open),
        Value::Map(pairs) => pairs.iter().all(|(key, value)| *key != Key::Redacted && is_open(value)),
        Value::Tag(tag, inner) => ![58, 60, 62].contains(tag) && is_open(inner),
        Value::Int(_)
        | Value::Bytes(_)
        | Value::Text(_)
        | Value::Bool(_)
        | Value::Null
        | Value::Undefined
        | Value::Float(_) => true,
    }
}

/// A desk's request.
pub fn venue_request(payload: &[u8]) -> bool {
    let read = payload_of(Kind::VenueRequest, payload, VenueRequest::decode, VenueRequest::encode);
    read.is_some_and(|read| {
        assert!(read.scenario.is_at_venue() && !read.required.is_empty());
        assert!(read.required.is_disjoint(&read.optional), "a claim is required or optional");
        let longest = match read.exchange {
            Exchange::Once(_) => MAX_REQUEST_SECONDS,
            Exchange::Standing => MAX_SIGN_SECONDS,
        };
        assert!((1..=longest).contains(&read.ends.seconds_since(read.made)), "a request has an end");
        assert!(read.reply.is_none_or(|reply| reply.starts_with("https://") && reply.is_ascii()));
        true
    })
}

/// A desk's receipt.
pub fn venue_receipt(payload: &[u8]) -> bool {
    payload_of(Kind::VenueReceipt, payload, VenueReceipt::decode, VenueReceipt::encode).is_some()
}

/// The request that [`venue_answer`] is an answer to.
#[must_use]
pub fn desk_request() -> &'static VenueRequest {
    static REQUEST: LazyLock<VenueRequest> = LazyLock::new(|| VenueRequest {
        venue: "harbour-hotel".parse().unwrap(),
        scenario: Scenario::HotelCheckIn,
        approval: "hotel-zhuhai-1".to_owned(),
        purpose: "guest-register".to_owned(),
        required: [ClaimName::Name, ClaimName::DocumentNumber].into_iter().collect(),
        optional: [ClaimName::BirthDate].into_iter().collect(),
        retention_days: 30,
        face: false,
        exchange: Exchange::Once([7; 16]),
        reply: None,
        made: now(),
        ends: now().plus_seconds(300),
    });
    &REQUEST
}

/// A wallet's answer to [`desk_request`]: what is accepted shows what was asked for and nothing else, and is of the one
/// device that has a signed credential.
pub fn venue_answer(bytes: &[u8]) -> bool {
    let Ok(answer) = UnverifiedAnswer::parse(bytes) else { return false };
    let request = desk_request();
    let verified =
        answer.verify(request, now(), |_, _| Some(authority_public().clone()), |_, _| Some(Status::Valid));
    let Ok(verified) = verified else { return false };
    let shown = verified.claims().names();
    assert!(request.required.is_subset(&shown) && shown.is_subset(&request.asked()), "what was asked for");
    let [credential] = verified.credentials() else {
        unreachable!("one credential has all that is asked for")
    };
    assert_eq!(credential.id, device().thumbprint().token_id(), "nobody else's credential passes");
    true
}

/// The text of a code at a desk, of either kind: an accepted one is written again as the same text, and fits a symbol.
pub fn venue_code(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let mut taken = false;
    for kind in VenueCodeKind::ALL {
        let mut scratch = Vec::new();
        if let Ok(code) = VenueCode::parse(kind, text, &mut scratch) {
            assert!(!taken, "a text is one of the two");
            taken = true;
            assert_eq!(code.to_text().as_deref(), Ok(text), "a code has one text");
            assert!(text.len() <= MAX_VENUE_CHARS && code.bytes().len() <= MAX_VENUE_BYTES);
            assert!(code.version().is_some_and(|version| version <= 20), "a code fits its symbol");
        }
        assert!(scratch.len() <= MAX_VENUE_BYTES, "no text takes more memory than a code has");
    }
    taken
}
