//! What people type and files say: numbers, machine-readable zones, endorsements, cases, words.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::LazyLock;

use clearance::LaneId;
use documents::{
    AuthorityCode, CaseFile, DocumentKind, DocumentNumber, LaneKind, LocalDate, Means, Mrz, Nationality,
    PortId, Rules, Side, Timestamp, answer_case, parse_endorsement,
};

use crate::keys::now;

fn rules() -> &'static Rules {
    static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::builtin().unwrap());
    &RULES
}

fn plain(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// A machine-readable zone. What is taken holds only what a zone can say, and nobody is born tomorrow.
pub fn mrz(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let today = now().local_date();
    let Ok(read) = Mrz::parse(text, today) else { return false };
    assert!(!read.number().is_empty() && read.number().len() <= 24);
    assert!(read.number().bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'<'));
    assert!(!read.surname().is_empty() && !read.surname().bytes().any(|b| b.is_ascii_digit() || b == b'<'));
    assert!(!read.given_names().bytes().any(|b| b.is_ascii_digit() || b == b'<'));
    assert!(plain(read.issuer()) || read.issuer().contains('<'));
    assert!(read.birth().date().is_none_or(|birth| birth <= today), "born in the future");
    assert!((today.ymd().0 - 100..=today.ymd().0).contains(&read.birth().year()), "a century of births");
    assert!((2000..=2099).contains(&read.expiry().year()));
    if let Some(number) = read.document_number() {
        assert_eq!(DocumentNumber::parse(number.kind(), number.match_key()).as_ref(), Ok(&number));
    }
    let crlf: String = text.lines().map(|line| format!("{line}\r\n")).collect();
    assert!(Mrz::parse(&crlf, today) == Ok(read), "line ends say nothing");
    true
}

/// A document's number, as text and as nine bytes on the wire.
pub fn document_number(bytes: &[u8]) -> bool {
    if let Ok(nine) = <&[u8; 9]>::try_from(bytes) {
        for kind in DocumentKind::ALL {
            if let Ok(number) = DocumentNumber::from_wire(kind, nine) {
                assert_eq!((number.kind(), number.mrz9()), (kind, Some(*nine)), "one form on the wire");
            }
        }
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let mut parsed = Vec::new();
    for kind in DocumentKind::ALL {
        let Ok(number) = DocumentNumber::parse(kind, text) else { continue };
        assert_eq!(number.kind(), kind);
        let key = number.match_key();
        assert!((4..=18).contains(&key.len()) && plain(key), "a number's alphabet and length");
        assert!(DocumentNumber::parse(kind, key).as_ref() == Ok(&number), "a key is a number");
        match number.mrz9() {
            Some(nine) => assert!(DocumentNumber::from_wire(kind, &nine).as_ref() == Ok(&number)),
            None => assert!(key.len() > 9),
        }
        match &number {
            DocumentNumber::Hkid(id) => assert!(DocumentNumber::parse(kind, &id.printed()) == Ok(number)),
            DocumentNumber::MacaoBir(id) => assert!(DocumentNumber::parse(kind, &id.printed()) == Ok(number)),
            DocumentNumber::MainlandId(id) => assert!(id.birth().is_some() && id.area().len() == 6),
            DocumentNumber::ResidencePermit(id) => assert!(id.birth().is_some() && id.area().len() == 6),
            DocumentNumber::ExitEntryPermit(_)
            | DocumentNumber::HomeReturnPermit(_)
            | DocumentNumber::Passport(_)
            | DocumentNumber::OneWayPermit(_)
            | DocumentNumber::OneTimePass(_)
            | DocumentNumber::DocumentOfIdentity(_)
            | DocumentNumber::VisitPermit(_)
            | DocumentNumber::InboundPass(_)
            | DocumentNumber::ReentryPermit(_)
            | DocumentNumber::HksarPassport(_)
            | DocumentNumber::OfficialPermit(_) => {}
        }
        parsed.push(kind);
    }
    match DocumentNumber::recognise(text) {
        Ok(number) => {
            // Brackets around the last character are read for any kind whose form it then is.
            let same = DocumentNumber::parse(number.kind(), number.match_key());
            assert!(same.as_ref() == Ok(&number), "what is recognised is such a number");
            true
        }
        Err(_) => !parsed.is_empty(),
    }
}

/// The short text of an endorsement.
pub fn endorsement(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(read) = parse_endorsement(rules(), text) else { return false };
    assert!(read.issued <= read.valid_from && read.valid_from <= read.valid_to, "dates in their order");
    let form = rules().form(read.form).unwrap();
    assert!(form.destinations.contains(&read.destination) && form.issued_on(read.issued));
    assert!(read.entries.is_none_or(|n| (1..=99).contains(&n)));
    true
}

/// A case file, and the answers to it.
pub fn case_file(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(case) = CaseFile::parse(text, rules()) else { return false };
    for (at, document) in case.documents.iter().enumerate() {
        let same =
            |other: &&documents::Document| other.number == document.number && other.issued == document.issued;
        assert!(case.documents.iter().take(at).find(same).is_none(), "a document stands once");
    }
    let answers = answer_case(rules(), &case);
    assert_eq!(answers.answers.len(), case.questions.len(), "an answer to each question");
    assert!(answers == answer_case(rules(), &case), "the same case has the same answers");
    true
}

fn word<T: FromStr + Display + PartialEq>(text: &str) -> bool {
    let Ok(read) = text.parse::<T>() else { return false };
    assert!(read.to_string().parse().is_ok_and(|again: T| again == read), "a word comes back");
    true
}

/// The words of addresses and settings: times, days, ports, lanes, authorities.
pub fn words(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let named = text.parse::<AuthorityCode>().is_ok_and(|code| code.code().parse() == Ok(code));
    let _plain = (text.parse::<Means>().is_ok(), text.parse::<Nationality>().is_ok());
    let known = [
        named,
        word::<LocalDate>(text),
        word::<Timestamp>(text),
        word::<PortId>(text),
        word::<LaneId>(text),
        word::<Side>(text),
        text.parse::<LaneKind>().is_ok_and(|kind| kind.as_str().parse() == Ok(kind)),
    ];
    known.contains(&true)
}
