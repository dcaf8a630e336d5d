//! Seeds of a lane by document.

use clearance::DocumentEnvelope;
use credential::TokenId;
use credential::message::DocumentNotice;
use credential::page::{NumberContext, Page, PageContext};
use documents::{DocumentNumber, Side};
use outside_bytes::{now, receiver_key};

use super::{Chn, Hkg, Mac, other, put, put_with_misses, replaced, way};

/// A Home Return Permit's zone with the check digits that belong to it.
fn zone() -> String {
    let digit = |field: &str| documents::check_digit(field).unwrap();
    let (number, birth, expiry) = ("M12345678", "460317", "310101");
    let one = format!("CRCHN{number}{}{}", digit(number), "<".repeat(15));
    let two = format!("{birth}{}F{expiry}{}CHN{}", digit(birth), digit(expiry), "<".repeat(11));
    let of = |text: &str, from: usize, to: usize| text.get(from..to).unwrap().to_owned();
    let all = [of(&one, 5, 30), of(&two, 0, 7), of(&two, 8, 15), of(&two, 18, 29)].concat();
    format!("{one}\n{two}{}\nSPECIMEN<<LEONG<SAM<<<<<<<<<<<", digit(&all))
}

pub fn cards() {
    let number = DocumentNumber::recognise("5123456(7)").unwrap();
    let typed = Page::typed(number.clone(), "1946-03-17".parse().unwrap()).unwrap();
    let plain = typed.encode().unwrap().to_vec();
    put_with_misses("page", "typed", &plain);
    let read = Page::from_zone(&zone(), now().local_date()).unwrap().encode().unwrap().to_vec();
    put("page", "ok-zone", &read);
    put("page", "no-zone-of-another-number", replaced(&read, b"M12345678", b"M12345679"));
    put("page", "no-date", replaced(&plain, b"1946-03-17", b"1946-02-30"));
    put("page", "no-padding", other(&plain, plain.len() - 1, 1));

    let context = PageContext {
        receiver: Mac,
        gate: "hengqin/CHN-MAC/document",
        clearance: &[1; 16],
        role: Side::Entry,
    };
    let sealed = typed.seal(receiver_key().public(), &context).unwrap();
    let envelope = DocumentEnvelope { request: b"request", page: &sealed, probe: b"probe" };
    put_with_misses("document_envelope", "entry", &envelope.encode());
    put("document_envelope", "no-label", replaced(&envelope.encode(), b"bp1-document", b"bp2-document"));
    put("document_envelope", "no-short-page", DocumentEnvelope { page: &[0; 240], ..envelope }.encode());
    put("envelope", "no-by-document", envelope.encode());

    let context = NumberContext { from: Mac, to: Chn, showing: TokenId::from_bytes([2; 16]) };
    let permit = DocumentNumber::recognise("CA1234567").unwrap();
    let notice = DocumentNotice {
        from: Mac,
        showing: context.showing,
        number: context.seal(&permit, receiver_key().public()).unwrap(),
        port: "hzmb-hkg-mac".parse().unwrap(),
        direction: way(Hkg, Mac),
        date: now().local_date(),
    };
    put_with_misses("document_notice", "entry", &notice.encode());
    let short = DocumentNotice { number: vec![0; 90], ..notice };
    put("document_notice", "no-short-number", short.encode());
}
