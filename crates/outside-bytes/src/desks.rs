//! What a desk is told by others: a hotel's system, a door's board, a library's system, a tour leader's list.

use sip2::answer::{AcsStatus, Item, Loan, Patron, Return, fee_paid, login, session_ended};
use sip2::{Charset, ErrorDetection, Exchange, Lines, Link, Message, Step};
use venue::door::modbus::{HEADER, Request, read_header};
use venue::hotel_system::answer::{Reply, read};
use venue::stay::{RoomingList, WrittenRows};

/// The `EchoToken` of the message that [`hotel_answer`] answers.
pub const ECHO: &str = "7f3c0a527f3c0a527f3c0a527f3c0a52";
/// Transaction and unit of the frame that [`modbus_answer`] answers.
pub const FRAME: (u16, u8) = (0x0102, 1);

/// A hotel system's answer. Errors that it names are bounded, and can be shown.
pub fn hotel_answer(bytes: &[u8]) -> bool {
    let Ok(reply) = read(bytes, ECHO) else { return false };
    if let Reply::Errors(errors) = reply {
        assert!(!errors.is_empty(), "a refusal without a reason");
        let shown = format!("{errors:?}");
        assert!(!shown.contains('\u{1b}'), "an error that writes on a terminal");
    }
    true
}

/// A board's answer: header and rest. What is taken is as long as its header says, and answers what was asked.
pub fn modbus_answer(bytes: &[u8]) -> bool {
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() else { return false };
    let Ok(length) = read_header(*header, FRAME.0, FRAME.1) else { return false };
    assert!((2..=253).contains(&length), "{length} bytes would be waited for");
    let Some(rest) = rest.get(..length) else { return false };
    let asked = [
        Request::ReadInput { input: 3 },
        Request::WriteCoil { coil: 3, on: true },
        Request::WriteCoils { first: 3, count: 9, on: false },
    ];
    let taken = asked.into_iter().filter(|request| request.read(rest).is_ok()).count();
    assert!(taken <= 1, "one answer to two questions");
    taken == 1
}

/// A rooming list. A row is used or named, never both and never lost.
pub fn rooming_list(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let (_, wrong) = RoomingList::read(text);
    let Ok(written) = WrittenRows::read(text) else {
        assert!(!wrong.is_empty(), "a list without a heading was taken");
        return false;
    };
    let bad = written.rows.iter().filter(|row| row.checked().is_err()).count();
    assert_eq!(bad, wrong.len(), "one bad row never holds up the others");
    bad == 0 && !written.rows.is_empty()
}

/// What a library's system sends: lines however they are cut, and the first as an answer. What is taken is written again with the
/// same bytes, and no more is asked again than was agreed.
pub fn sip2_line(bytes: &[u8]) -> bool {
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let mut lines = Lines::default();
    let mut found = Vec::new();
    for part in [first, second] {
        if lines.push(part).is_err() {
            return false;
        }
        while let Ok(Some(line)) = lines.next_line() {
            assert!(!line.contains(&b'\r'));
            found.push(line);
        }
    }
    let line = found.first().map_or(bytes, Vec::as_slice);
    asked_again_at_most_twice(line);
    let off = Message::parse(line, ErrorDetection::Off);
    if let Ok(message) = &off {
        for set in [Charset::Utf8, Charset::Latin1, Charset::Cp850] {
            let _ = (AcsStatus::read(message, set), Patron::read(message, set), Item::read(message, set));
            let _ = (Loan::read(message, set), Return::read(message, set), login(message));
            let _ = (fee_paid(message, set), session_ended(message, set));
        }
        let shown = message.logged().to_string();
        assert!(shown.is_ascii() && !shown.contains('\u{1b}'));
    }
    let Ok(message) = Message::parse(line, ErrorDetection::On) else { return off.is_ok() };
    assert_eq!(message.encode(), line, "another form");
    assert_eq!(off.as_ref(), Ok(&message), "error detection changed what was said");
    true
}

fn asked_again_at_most_twice(line: &[u8]) {
    let mut link = Link::new(ErrorDetection::On, 2);
    let (mut exchange, _): (Exchange, _) = link.begin(Message::resend(ErrorDetection::On));
    let sent = (0..4).filter(|_| matches!(exchange.line(line), Step::Send(_))).count();
    assert!(sent <= 2, "{sent}");
}
