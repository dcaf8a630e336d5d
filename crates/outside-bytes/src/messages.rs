//! Messages between programs. Payloads are signed here; [`signed_message`] takes the signed bytes themselves.

use std::sync::LazyLock;

use clearance::{Answer, Envelope, MAX_PROBE_LEN};
use credential::cose::{Sign1, Tagging};
use credential::message::{
    self, Chain, Event, Handover, Kind, MAX_PAYLOAD, Notice, Receipt, ReceiptResult, Request, Verdict,
};
use credential::{MAX_PROOF_LEN, MAX_TOKEN_LEN, hpke, part};
use documents::{AuthorityCode, Side};
use gate::open_verdict;

use crate::codes::one_form;
use crate::keys::{AUTHORITY_KID, authority_key, authority_public, lists, now};

const KINDS: [Kind; 16] = [
    Kind::Request,
    Kind::Verdict,
    Kind::Event,
    Kind::Handover,
    Kind::Notice,
    Kind::DocumentNotice,
    Kind::TrustList,
    Kind::Approval,
    Kind::ApprovalForm2,
    Kind::Possession,
    Kind::Receipt,
    Kind::Chain,
    Kind::VenueRequest,
    Kind::VenueReceipt,
    Kind::RiskRules,
    Kind::RiskReason,
];

/// Whether a payload has its one form, and verifies under a signature of its own kind only.
pub(crate) fn payload_of<T: PartialEq, E>(
    kind: Kind,
    payload: &[u8],
    decode: impl Fn(&[u8]) -> Result<T, E>,
    encode: impl Fn(&T) -> Vec<u8>,
) -> Option<T> {
    let read = decode(payload).ok()?;
    assert_eq!(encode(&read), payload, "a payload has one form");
    let signed = message::sign(kind, AUTHORITY_KID, authority_key(), payload).unwrap();
    assert_eq!(message::open(kind, &signed, authority_public()), Ok(payload));
    let other = KINDS.into_iter().find(|other| *other != kind).unwrap();
    assert!(message::open(other, &signed, authority_public()).is_err(), "a signature of another kind");
    Some(read)
}

/// A gate's request.
pub fn request(payload: &[u8]) -> bool {
    let read = payload_of(Kind::Request, payload, Request::decode, Request::encode);
    read.is_some_and(|read| {
        assert!((1..=64).contains(&read.gate.len()) && read.measures_done.len() <= 16);
        true
    })
}

/// An authority's verdict.
pub fn verdict(payload: &[u8]) -> bool {
    payload_of(Kind::Verdict, payload, Verdict::decode, Verdict::encode).is_some()
}

/// A gate's event.
pub fn event(payload: &[u8]) -> bool {
    let read = payload_of(Kind::Event, payload, Event::decode, Event::encode);
    read.is_some_and(|read| {
        assert!(read.verdicts.len() <= 2 && i64::try_from(read.number).is_ok());
        true
    })
}

/// An authority's receipt.
pub fn receipt(payload: &[u8]) -> bool {
    let read = payload_of(Kind::Receipt, payload, Receipt::decode, Receipt::encode);
    read.is_some_and(|read| {
        if let ReceiptResult::Conflict(code) = read.result {
            assert!((1..=40).contains(&code.len()));
        }
        true
    })
}

/// The beginning of a gate's new chain.
pub fn chain(payload: &[u8]) -> bool {
    let read = payload_of(Kind::Chain, payload, Chain::decode, Chain::encode);
    read.is_some_and(|read| {
        assert!(read.epoch > 0 && read.note.len() <= 200 && !read.note.chars().any(char::is_control));
        true
    })
}

/// A notice to a token's issuer.
pub fn notice(payload: &[u8]) -> bool {
    payload_of(Kind::Notice, payload, Notice::decode, Notice::encode).is_some()
}

/// The key to which weekly keys are sealed.
#[must_use]
pub fn receiver_key() -> &'static hpke::ReceiverKey {
    // RFC 7515, A.3.
    static KEY: LazyLock<hpke::ReceiverKey> = LazyLock::new(|| {
        let public = "047fcdce2770f6c45d4183cbee6fdb4b7b580733357be9ef13bacf6e3c7bd15445c7f144cd1bbd9b7e872cdfedb9eeb9f4b3695d6ea90b24ad8a4623288588e5ad";
        let private = "8e9b109e719098bf980487df1f5d77e9cb29606ebed2263b5f57c213df84f4b2";
        hpke::ReceiverKey::from_bytes(&hex::decode(public).unwrap(), &hex::decode(private).unwrap()).unwrap()
    });
    &KEY
}

/// A hand-over of a weekly key. An opened one opens for its own pair and week only.
pub fn handover(payload: &[u8]) -> bool {
    let Some(read) = payload_of(Kind::Handover, payload, Handover::decode, Handover::encode) else {
        return false;
    };
    let open = |from, to, week| {
        part::open_weekly_key(&read.enc, &read.ciphertext, from, to, week, receiver_key()).is_ok()
    };
    if open(read.from, read.to, read.week) {
        assert!(!open(read.from, read.to, read.week.plus_weeks(1)), "a key of another week");
        assert!(read.from == read.to || !open(read.to, read.from, read.week), "a key of another pair");
    }
    true
}

/// The body of a gate's question.
pub fn envelope(bytes: &[u8]) -> bool {
    let Ok(read) = Envelope::decode(bytes) else { return false };
    assert!(read.encode() == bytes, "an envelope has one form");
    assert!(read.token.len() <= MAX_TOKEN_LEN && read.proof.len() <= MAX_PROOF_LEN);
    assert!(read.request.len() <= 2048 && read.part.len() <= 512 && read.probe.len() <= MAX_PROBE_LEN);
    true
}

/// Signed bytes of any kind. A message opens as one kind only.
pub fn signed_message(bytes: &[u8]) -> bool {
    let Ok(payload) = message::unverified_payload(bytes) else {
        assert!(message::kid(bytes).is_err());
        return false;
    };
    assert!(payload.len() <= MAX_PAYLOAD);
    let parsed = Sign1::parse(bytes, Tagging::Untagged, MAX_PAYLOAD).unwrap();
    if parsed.content_type().is_none() {
        one_form(bytes, &parsed);
    }
    let opens = KINDS.into_iter().filter(|kind| message::open(*kind, bytes, authority_public()).is_ok());
    let count = opens.count();
    assert!(count <= 1, "a signature serves {count} kinds");
    count == 1
}

/// The first byte of a [`gate_answer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// What follows is the body as it came.
    Body = 0,
    /// What follows is a payload, to be signed by the authority.
    Payload = 1,
}

/// An authority's answer to a gate. An accepted one comes from the authority that was asked, and an admit holds a
/// reservation.
pub fn gate_answer(bytes: &[u8]) -> bool {
    let Some((first, rest)) = bytes.split_first() else { return false };
    let body = if first % 2 == Asked::Payload as u8 {
        message::sign(Kind::Verdict, AUTHORITY_KID, authority_key(), rest).unwrap()
    } else {
        rest.to_vec()
    };
    let (side, asked) = (Side::Exit, AuthorityCode::Mac);
    let Ok((verdict, _)) = open_verdict(&body, side, asked, lists(), now()) else { return false };
    assert_eq!((verdict.authority, verdict.side), (asked, side));
    let payload = message::unverified_payload(&body).unwrap();
    assert_eq!(*verdict.hash.as_bytes(), message::payload_hash(payload));
    if let Answer::Admit { reservation } = verdict.answer {
        assert_ne!(*reservation.as_bytes(), [0; 16], "an admit holds something");
    }
    true
}
