//! Exchange: one request under way, until its answer is there or nobody can tell what became of it. No socket, no clock.
//!
//! Lives here: [`Exchange`], the sequence numbers of a connection ([`Link`]). Not here: what is done about a loan whose answer was lost
//! (`loan`). There is one request at a time on a connection.

use documents::redact_debug;

use crate::{ErrorDetection, FieldId, Kind, Message, SipError};

/// A connection's sequence numbers, and how often something is asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    detection: ErrorDetection,
    next: u8,
    retries: u8,
}

impl Link {
    /// A new connection. `retries` is how often a desk asks again, as message 98 says.
    #[must_use]
    pub const fn new(detection: ErrorDetection, retries: u8) -> Self {
        Self { detection, next: 0, retries }
    }

    /// Goes by what message 98 has said.
    pub const fn set_retries(&mut self, retries: u8) {
        self.retries = retries;
    }

    /// Begins a request: the line to send, and what is waited for.
    pub fn begin(&mut self, request: Message) -> (Exchange, Vec<u8>) {
        let request = match self.detection {
            ErrorDetection::On => request.checked(self.next),
            ErrorDetection::Off => request,
        };
        if self.detection == ErrorDetection::On {
            // 9 is followed by 0; a repeated request keeps its own.
            self.next = (self.next + 1) % 10;
        }
        let line = request.encode();
        let exchange = Exchange {
            detection: self.detection,
            expected: request.kind().answer(),
            sequence: request.sequence(),
            about: About::of(&request),
            line: line.clone(),
            tries: self.retries,
        };
        (exchange, line)
    }
}

/// Why nobody can tell what became of a request. The connection is of no more use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// Every answer was damaged, or was to another request.
    #[error(
        "the library's system gave no answer that could be read ({0}); a member of staff looks at this loan"
    )]
    Unreadable(SipError),
    /// It asked for the same request again and again.
    #[error("the library's system did not take the request; a member of staff looks at this loan")]
    NotTaken,
    /// It did not answer in time.
    #[error("the library's system did not answer in time; a member of staff looks at this loan")]
    Silent,
    /// The connection ended.
    #[error("the connection to the library's system broke; it is made again")]
    Closed,
}

impl Unknown {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unreadable(error) => error.code(),
            Self::NotTaken => "sip_not_taken",
            Self::Silent => "sip_silent",
            Self::Closed => "sip_closed",
        }
    }
}

/// What to do next.
#[derive(Clone, PartialEq, Eq)]
pub enum Step {
    /// Send this line, and wait again.
    Send(Vec<u8>),
    /// The answer.
    Answer(Message),
    /// Nobody can tell; the connection is closed.
    Unknown(Unknown),
}
redact_debug!(Step);

/// One request under way.
#[derive(Clone)]
pub struct Exchange {
    detection: ErrorDetection,
    expected: Option<Kind>,
    sequence: Option<u8>,
    about: About,
    line: Vec<u8>,
    tries: u8,
}
redact_debug!(Exchange);

/// Whom and what a message is about: reader and item, where it names them.
#[derive(Clone)]
struct About([Option<Vec<u8>>; 2]);

impl About {
    fn of(message: &Message) -> Self {
        let named = |id| message.value(id).map(|value| value.trim_ascii().to_vec());
        Self([FieldId::AA, FieldId::AB].map(named))
    }

    /// Whether nothing that both name differs: an answer may leave a name out, and a return's names its last reader.
    fn agrees(&self, other: &Self) -> bool {
        let pairs = self.0.iter().zip(&other.0);
        pairs.into_iter().all(|(own, other)| own.is_none() || other.is_none() || own == other)
    }
}

impl Exchange {
    /// Takes a line that came, without its end.
    pub fn line(&mut self, line: &[u8]) -> Step {
        let read = Message::parse(line, self.detection).and_then(|message| {
            // Some systems ask for a message again without a checksum, whatever was agreed.
            if message.kind() == Kind::AcsResend { Ok(message) } else { self.fits(message) }
        });
        let bare = line == Kind::AcsResend.id().as_bytes();
        match read {
            Ok(message) if message.kind() == Kind::AcsResend => {
                self.again(self.line.clone(), Unknown::NotTaken)
            }
            Ok(message) => Step::Answer(message),
            Err(_) if bare => self.again(self.line.clone(), Unknown::NotTaken),
            Err(error) => self.again(Message::resend(self.detection).encode(), Unknown::Unreadable(error)),
        }
    }

    /// The answer to this request, and to no other.
    fn fits(&self, message: Message) -> Result<Message, SipError> {
        // Two answers without an end between them: the second one's id stands where a name of two letters should.
        if message.fields().iter().any(|field| field.id.as_bytes().iter().all(u8::is_ascii_digit)) {
            return Err(SipError::Field(message.kind().id()));
        }
        let same = self.expected == Some(message.kind()) && self.sequence == message.sequence();
        // Without numbers, and where ten requests on the number comes round, an older answer shows itself by its names alone.
        if same && self.about.agrees(&About::of(&message)) { Ok(message) } else { Err(SipError::OtherKind) }
    }

    /// Nothing came in time: the same bytes again.
    pub fn timed_out(&mut self) -> Step {
        self.again(self.line.clone(), Unknown::Silent)
    }

    /// The connection ended.
    #[must_use]
    pub const fn closed(&self) -> Step {
        Step::Unknown(Unknown::Closed)
    }

    fn again(&mut self, line: Vec<u8>, otherwise: Unknown) -> Step {
        match self.tries.checked_sub(1) {
            Some(left) => {
                self.tries = left;
                Step::Send(line)
            }
            None => Step::Unknown(otherwise),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Charset, Library, Request};

    fn library(detection: ErrorDetection) -> Library {
        Library {
            institution: "lib".to_owned(),
            location: String::new(),
            terminal_password: String::new(),
            charset: Charset::Utf8,
            detection,
        }
    }

    fn item(detection: ErrorDetection) -> (Exchange, Vec<u8>) {
        let now = "2026-01-01T10:00:00+08:00".parse().unwrap();
        let message = Request::ItemInformation { item: "B1" }.message(&library(detection), now).unwrap();
        Link::new(detection, 2).begin(message)
    }

    fn answered(sequence: u8) -> Vec<u8> {
        let line = format!("1803000120261124    040403ABB1|AJA book|AY{sequence}AZ");
        let sum = crate::checksum(line.as_bytes());
        format!("{line}{sum:04X}").into_bytes()
    }

    #[test]
    fn an_answer_counts_for_its_own_request_alone() {
        let (mut exchange, sent) = item(ErrorDetection::On);
        assert!(sent.starts_with(b"1720260101    100000AOlib|ABB1|AC|AY0AZ"));
        let Step::Send(resend) = exchange.line(&answered(9)) else {
            panic!("another request's answer was taken")
        };
        assert_eq!(resend, b"97AZFEF5");
        assert!(matches!(exchange.line(&answered(0)), Step::Answer(_)));
    }

    #[test]
    fn what_is_damaged_is_asked_for_again_and_given_up_at_last() {
        let (mut exchange, _) = item(ErrorDetection::On);
        let mut damaged = answered(0);
        damaged[30] ^= 1;
        for _ in 0..2 {
            assert_eq!(exchange.line(&damaged), Step::Send(b"97AZFEF5".to_vec()));
        }
        assert_eq!(exchange.line(&damaged), Step::Unknown(Unknown::Unreadable(SipError::Checksum)));
    }

    #[test]
    fn a_request_that_is_asked_for_again_or_not_answered_goes_out_with_the_same_bytes() {
        let (mut exchange, sent) = item(ErrorDetection::On);
        assert_eq!(exchange.line(b"96AZFEF6"), Step::Send(sent.clone()));
        assert_eq!(exchange.timed_out(), Step::Send(sent));
        assert_eq!(exchange.timed_out(), Step::Unknown(Unknown::Silent));
        assert_eq!(exchange.closed(), Step::Unknown(Unknown::Closed));
        // Without a checksum too, as some systems send it.
        let (mut exchange, sent) = item(ErrorDetection::On);
        assert_eq!(exchange.line(b"96"), Step::Send(sent));
    }

    #[test]
    fn without_error_detection_nothing_is_numbered() {
        let (mut exchange, sent) = item(ErrorDetection::Off);
        assert_eq!(sent, b"1720260101    100000AOlib|ABB1|AC|");
        assert_eq!(exchange.line(b"None"), Step::Send(b"97".to_vec()));
        assert!(matches!(exchange.line(b"1803000120261124    040403ABB1|AJA book|"), Step::Answer(_)));
    }

    #[test]
    fn an_answer_that_names_another_item_or_reader_is_no_answer() {
        let now = "2026-01-01T10:00:00+08:00".parse().unwrap();
        let request = Request::Checkout { patron: "P1", password: None, item: "B1", fee_agreed: false };
        let lent = |names: &str| format!("121NUY20260101    100000AOlib|{names}AJA book|AH|").into_bytes();
        for (names, fits) in [
            ("AAP1|ABB1|", true),
            ("AAP1|AB B1 |", true),
            ("AA|ABB1|", true),
            ("", true),
            ("AAP1|ABB2|", false),
            ("AAP2|ABB1|", false),
        ] {
            let message = request.message(&library(ErrorDetection::Off), now).unwrap();
            let (mut exchange, _) = Link::new(ErrorDetection::Off, 1).begin(message);
            match exchange.line(&lent(names)) {
                Step::Answer(_) => assert!(fits, "{names}"),
                Step::Send(line) => assert!(!fits && line == b"97", "{names}"),
                Step::Unknown(_) => panic!("{names}"),
            }
        }
        // The reader of an item that comes back is nobody's question.
        let message = Request::Checkin { item: "B1", returned: now }
            .message(&library(ErrorDetection::Off), now)
            .unwrap();
        let (mut exchange, _) = Link::new(ErrorDetection::Off, 0).begin(message);
        let back = exchange.line(b"101YNN20260101    100000AOlib|ABB1|AQMain|AAP9|");
        assert!(matches!(back, Step::Answer(_)));
    }

    #[test]
    fn two_answers_without_an_end_between_them_are_no_answer() {
        let (mut exchange, _) = item(ErrorDetection::Off);
        let one = b"1803000120261124    040403ABB1|AJA book|";
        assert_eq!(exchange.line(&[one.as_slice(), one].concat()), Step::Send(b"97".to_vec()));
        assert!(matches!(exchange.line(one), Step::Answer(_)));
    }

    #[test]
    fn numbers_go_round_and_a_repeated_request_keeps_its_own() {
        let mut link = Link::new(ErrorDetection::On, 1);
        let now = "2026-01-01T10:00:00+08:00".parse().unwrap();
        for expected in (0..10).chain([0]) {
            let message =
                Request::ItemInformation { item: "B1" }.message(&library(ErrorDetection::On), now).unwrap();
            let (mut exchange, sent) = link.begin(message);
            let number = format!("|AY{expected}AZ");
            assert!(sent.windows(number.len()).any(|window| window == number.as_bytes()), "{expected}");
            assert_eq!(exchange.timed_out(), Step::Send(sent));
        }
    }
}
