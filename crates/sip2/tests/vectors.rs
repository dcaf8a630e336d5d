//! Messages of others: what they published comes out byte for byte, and what is wrong with theirs is named.

#![expect(clippy::unwrap_used, reason = "a failing helper fails the test that called it")]

use proptest::prelude::*;
use sip2::answer::{AcsStatus, Item, Loan, Patron, Return, fee_paid, login, session_ended};
use sip2::{
    Charset, Currency, ErrorDetection, FeeType, FieldId, Kind, Language, Library, Link, Message, PatronFlags,
    PaymentType, Request, ScState, SipError, Summary,
};

const PUBLISHED: [&str; 7] =
    ["edge-sip2", "evergreen", "fsip2", "invenio", "jsip2", "node-sip2", "sip2-ruby"];

/// Checksum, shape and bytes of every published message.
fn published(test: &str) -> Option<Vec<(String, String, Vec<u8>)>> {
    let folder = test_support::shared(test, "vectors/sip2")?;
    let mut all = Vec::new();
    for name in PUBLISHED {
        let text = std::fs::read_to_string(folder.join(format!("{name}.txt"))).unwrap();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let mut columns = line.splitn(3, '\t').map(str::to_owned);
            let mut next = || columns.next().unwrap();
            all.push((next(), next(), next().into_bytes()));
        }
    }
    assert!(all.len() > 100, "{}", all.len());
    Some(all)
}

#[test]
fn every_published_message_that_is_well_formed_comes_out_byte_for_byte() {
    let test = "every_published_message_that_is_well_formed_comes_out_byte_for_byte";
    let Some(all) = published(test) else { return };
    for (sum, shape, bytes) in all.iter().filter(|(_, shape, _)| shape == "-") {
        let shown = String::from_utf8_lossy(bytes);
        let on = Message::parse(bytes, ErrorDetection::On);
        match sum.as_str() {
            "ok" => assert_eq!(on.unwrap().encode(), *bytes, "{shown}"),
            "none" => {
                assert_eq!(on.unwrap_err(), SipError::NoChecksum, "{shown}");
                assert_eq!(Message::parse(bytes, ErrorDetection::Off).unwrap().encode(), *bytes, "{shown}");
            }
            "bad" => {
                assert_eq!(on.unwrap_err(), SipError::Checksum, "{shown}");
                // Without error detection it is read; written again it has the right sum.
                let again = Message::parse(bytes, ErrorDetection::Off).unwrap().encode();
                let text = bytes.len() - 4;
                assert_eq!(again.get(..text), bytes.get(..text), "{shown}, {shape}");
                assert!(Message::parse(&again, ErrorDetection::On).is_ok(), "{shown}");
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn what_is_wrong_with_a_published_message_is_named() {
    let Some(all) = published("what_is_wrong_with_a_published_message_is_named") else { return };
    let mut named = 0;
    for (_, shape, bytes) in all.iter().filter(|(_, shape, _)| shape != "-") {
        let error = Message::parse(bytes, ErrorDetection::Off).unwrap_err();
        let expected = match shape.as_str() {
            "unknown message id" => "sip_unknown_message",
            "99 fixed part" => "sip_fixed",
            shape if shape.starts_with("stray |") => "sip_field",
            shape if shape.starts_with("date at") => "sip_date",
            other => panic!("{other}"),
        };
        let id = String::from_utf8_lossy(bytes.get(..2).unwrap()).into_owned();
        assert!([expected, "sip_fixed"].contains(&error.code()), "{id} {shape}: {}", error.code());
        named += 1;
    }
    assert!(named >= 6, "{named}");
}

fn library() -> Library {
    Library {
        institution: "lib".to_owned(),
        location: "desk".to_owned(),
        terminal_password: String::new(),
        charset: Charset::Utf8,
        detection: ErrorDetection::On,
    }
}

/// What was sent to the server of others and what it answered, without `\r`.
fn transcript(test: &str) -> Option<(Vec<String>, Vec<String>)> {
    let folder = test_support::shared(test, "vectors/sip2")?;
    let text = std::fs::read_to_string(folder.join("transcript-invenio-sip2-1.0.0.txt")).unwrap();
    let of = |mark: &str| {
        let lines = text.lines().filter_map(|line| line.strip_prefix(mark));
        lines.map(|line| line.trim_end_matches("\\r").to_owned()).collect::<Vec<_>>()
    };
    Some((of("> "), of("< ")))
}

#[test]
fn what_a_desk_asks_is_what_a_server_of_others_understood() {
    let Some((sent, _)) = transcript("what_a_desk_asks_is_what_a_server_of_others_understood") else {
        return;
    };
    let now = "2026-01-01T10:00:00+08:00".parse().unwrap();
    let (patron, password) = ("P1", Some("1234"));
    let language = Language::Unknown;
    let requests = [
        Request::Login { user: "term", password: "1234" },
        Request::ScStatus { state: ScState::Ok, print_width: 80 },
        Request::PatronStatus { patron, password, language },
        Request::PatronInformation {
            patron,
            password,
            language,
            summary: Some(Summary::Charged),
            range: None,
        },
        Request::ItemInformation { item: "B1" },
        Request::Checkout { patron, password, item: "B1", fee_agreed: false },
    ];
    let mut link = Link::new(ErrorDetection::On, 3);
    for (request, line) in requests.iter().zip(&sent) {
        let message = request.message(&library(), now).unwrap();
        let (_, bytes) = link.begin(message);
        assert_eq!(String::from_utf8(bytes).unwrap(), *line);
    }
    // The others differ from that client in fields that are optional: they are read back.
    let fee = Request::FeePaid {
        patron,
        fee: FeeType::Overdue,
        payment: PaymentType::Cash,
        currency: "CNY".parse::<Currency>().unwrap(),
        amount: "1.00",
        transaction: "T1",
    };
    for (request, begins) in [
        (
            Request::Renew { patron, password: None, item: "B1" },
            "29NN20260101    100000                  AOlib|AAP1|",
        ),
        (
            Request::Checkin { item: "B1", returned: now },
            "09N20260101    10000020260101    100000APdesk|AOlib|ABB1|AC|BIN|",
        ),
        (fee, "3720260101    1000000400CNYBV1.00|AOlib|AAP1|BKT1|"),
        (Request::EndSession { patron }, "3520260101    100000AOlib|AAP1|"),
    ] {
        let line = String::from_utf8(request.message(&library(), now).unwrap().encode()).unwrap();
        assert!(line.starts_with(begins), "{line}");
    }
}

#[test]
fn what_a_server_of_others_answered_is_understood() {
    let Some((_, answers)) = transcript("what_a_server_of_others_answered_is_understood") else { return };
    let read = |id: &str| {
        let line = answers.iter().find(|line| line.starts_with(id)).unwrap();
        Message::parse(line.as_bytes(), ErrorDetection::On)
    };
    let set = Charset::Utf8;
    assert_eq!(login(&read("94").unwrap()), Ok(true));
    let status = AcsStatus::read(&read("98").unwrap(), set).unwrap();
    assert!(status.lends() && status.renewal && !status.supported.block && status.supported.renew);
    // Padded with blanks on the left: ` 10`.
    assert_eq!((status.timeout_tenths, status.retries), (Some(10), Some(10)));
    assert_eq!(status.library.as_deref(), Some("Test library"));
    assert_eq!(Patron::read(&read("24").unwrap(), set).unwrap().flags, PatronFlags::default());
    let patron = Patron::read(&read("64").unwrap(), set).unwrap();
    assert!(patron.is_known() && patron.lists_all_charged() && patron.password_valid == Some(true));
    let item = Item::read(&read("18").unwrap(), set).unwrap();
    assert_eq!((item.item.as_str(), item.title.as_deref()), ("B1", Some("A book")));
    let lent = Loan::read(&read("121").unwrap(), set).unwrap();
    assert!(lent.ok && lent.unlock && lent.due.as_deref() == Some("20270105    000000"));
    let refused = Loan::read(&read("120").unwrap(), set).unwrap();
    assert!(!refused.ok && !refused.unlock);
    assert!(Loan::read(&read("30").unwrap(), set).unwrap().ok);
    assert!(Return::read(&read("10").unwrap(), set).unwrap().ok);
    assert!(session_ended(&read("36").unwrap(), set).unwrap().0);
    // This server puts the date before the flag: refused by name, never guessed.
    assert_eq!(read("38").unwrap_err(), SipError::Date("38"));
    assert_eq!(fee_paid(&read("36").unwrap(), set), Err(SipError::OtherKind));
}

#[test]
fn a_book_that_is_refused_is_never_unlocked_and_one_that_must_not_be_is_not() {
    let read = |fixed: &str| {
        let line = format!("12{fixed}20260101    100000AOlib|AAP1|ABB1|AJA book|AH|");
        Loan::read(&Message::parse(line.as_bytes(), ErrorDetection::Off).unwrap(), Charset::Utf8).unwrap()
    };
    for (fixed, ok, unlock) in
        [("1YUY", true, true), ("1NUU", true, true), ("1NUN", true, false), ("0NUY", false, false)]
    {
        assert_eq!((read(fixed).ok, read(fixed).unlock), (ok, unlock), "{fixed}");
    }
}

#[test]
fn a_value_that_would_break_the_line_is_refused_and_no_log_has_a_secret() {
    let now = "2026-01-01T10:00:00+08:00".parse().unwrap();
    for item in ["B1|AAP2", "B1\r", "B\u{0}1", &"9".repeat(256)] {
        let request = Request::ItemInformation { item };
        assert_eq!(request.message(&library(), now).unwrap_err(), SipError::Value);
    }
    let mut latin = library();
    latin.charset = Charset::Latin1;
    let request = Request::Login { user: "澳門", password: "x" };
    assert_eq!(request.message(&latin, now).unwrap_err(), SipError::Charset);
    let request =
        Request::PatronStatus { patron: "READER7", password: Some("S3CRET"), language: Language::Chinese };
    let message = request.message(&library(), now).unwrap();
    for shown in [message.logged().to_string(), format!("{message:?} {request:?}")] {
        assert!(!shown.contains("READER7") && !shown.contains("S3CRET"), "{shown}");
    }
    assert_eq!(message.logged().to_string(), "23 AO(3) AA AC AD");
}

fn any_line() -> impl Strategy<Value = Vec<u8>> {
    let kinds =
        prop::sample::select(vec!["12", "18", "24", "64", "94", "98", "36", "38", "10", "30", "96", "00"]);
    (kinds, prop::collection::vec(any::<u8>(), 0..200)).prop_map(|(id, rest)| [id.as_bytes(), &rest].concat())
}

fn any_message() -> impl Strategy<Value = Vec<u8>> {
    let field = (
        "[A-Z0-9]{2}",
        prop::collection::vec((0x20_u8..=0xff).prop_filter("", |b| !matches!(b, b'|' | 0x7f)), 0..30),
    );
    (prop::collection::vec(field, 0..8), prop::option::of(0_u8..10)).prop_map(|(fields, sequence)| {
        let mut line = b"1803000120261124    040403".to_vec();
        for (id, value) in fields {
            line.extend(id.as_bytes());
            line.extend(value);
            line.push(b'|');
        }
        if let Some(sequence) = sequence {
            line.extend(format!("AY{sequence}").as_bytes());
        }
        line.extend(b"AZ");
        let sum = sip2::checksum(&line);
        line.extend(format!("{sum:04X}").as_bytes());
        line
    })
}

proptest! {
    #[test]
    fn no_line_makes_the_reader_panic(line in any_line()) {
        for detection in [ErrorDetection::On, ErrorDetection::Off] {
            if let Ok(message) = Message::parse(&line, detection) {
                for set in [Charset::Utf8, Charset::Latin1, Charset::Cp850] {
                    let _ = (AcsStatus::read(&message, set), Patron::read(&message, set), Item::read(&message, set));
                    let _ = (Loan::read(&message, set), Return::read(&message, set), fee_paid(&message, set));
                }
            }
        }
    }

    #[test]
    fn a_message_that_is_read_is_written_with_the_same_bytes(line in any_message()) {
        prop_assert_eq!(Message::parse(&line, ErrorDetection::On).unwrap().encode(), line);
    }

    #[test]
    fn no_byte_of_a_checked_message_can_change_unseen(line in any_message(), at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let mut changed = line.clone();
        let at = at.index(changed.len());
        changed[at] ^= 1 << bit;
        prop_assert!(Message::parse(&changed, ErrorDetection::On).is_err());
    }
}

#[test]
fn the_kinds_of_a_session_answer_each_other() {
    for (asked, answered) in [(Kind::Login, Kind::LoginAnswer), (Kind::Block, Kind::PatronStatusAnswer)] {
        assert_eq!(asked.answer(), Some(answered));
        assert_eq!(answered.answer(), None);
    }
    assert!(FieldId::new(*b"ab").is_none() && FieldId::AD.is_secret());
}
