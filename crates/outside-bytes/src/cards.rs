//! What a lane by document sends: envelopes, pages before they are sealed, notices with a sealed number.

use clearance::{DocumentEnvelope, Envelope, Enveloped, MAX_PROBE_LEN};
use credential::hpke;
use credential::message::{DocumentNotice, EitherNotice, Kind, Notice};
use credential::page::{NumberContext, Page, PageContext, SEALED_CHIP_PAGE_LEN, SEALED_PAGE_LEN};
use documents::{AuthorityCode, Side};

use crate::keys::now;
use crate::messages::{payload_of, receiver_key};

/// The body of a gate's question at a lane by document. It is never one of a lane for codes.
pub fn document_envelope(bytes: &[u8]) -> bool {
    let Ok(read) = DocumentEnvelope::decode(bytes) else { return false };
    assert!(read.encode() == bytes, "an envelope has one form");
    assert!(Envelope::decode(bytes).is_err(), "one kind alone");
    assert!(matches!(Enveloped::decode(bytes), Ok(Enveloped::Document(same)) if same == read));
    assert!(read.request.len() <= 2048);
    assert!([SEALED_PAGE_LEN, SEALED_CHIP_PAGE_LEN].contains(&read.page.len()));
    assert!(read.probe.len() <= MAX_PROBE_LEN);
    true
}

/// A page as it is before it is sealed: one form, sealed it opens in its own context alone.
pub fn page(bytes: &[u8]) -> bool {
    let today = now().local_date();
    let Ok(read) = Page::decode(bytes, today) else { return false };
    assert_eq!(*read.encode().unwrap(), bytes, "a page has one form");
    assert!(read.number().mrz9().is_some());
    let key: &hpke::ReceiverKey = receiver_key();
    let context =
        PageContext { receiver: AuthorityCode::Mac, gate: "g", clearance: &[1; 16], role: Side::Entry };
    let sealed = read.seal(key.public(), &context).unwrap();
    assert!(Page::open(&sealed, key, &context, today).unwrap() == read);
    let other = PageContext { role: Side::Exit, ..context };
    assert!(Page::open(&sealed, key, &other, today).is_err(), "a page of another side");
    true
}

/// A notice with a sealed number.
pub fn document_notice(payload: &[u8]) -> bool {
    let read = payload_of(Kind::DocumentNotice, payload, DocumentNotice::decode, DocumentNotice::encode);
    let Some(read) = read else { return false };
    assert!(Notice::decode(payload).is_err(), "one form alone");
    assert_eq!(EitherNotice::decode(payload), Ok(EitherNotice::Document(read.clone())));
    let context = NumberContext { from: read.from, to: AuthorityCode::Chn, showing: read.showing };
    if let Ok(number) = context.open(&read.number, receiver_key()) {
        assert!(number.mrz9().is_some());
    }
    true
}
