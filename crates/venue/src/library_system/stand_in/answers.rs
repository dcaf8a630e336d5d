//! Answers: what a library's system says to a desk, line by line.
//!
//! Lives here: each request's answer over the shelf. Not here: the shelf's rules (`shelf`), the wire's faults (`mod`). Lines are written
//! here by hand, so that the desk's reader is tried against another hand than its own.

use documents::LocalDate;
use sip2::{Charset, CirculationStatus, ErrorDetection, FieldId, Kind, Message, checksum};

use super::Switches;
use super::shelf::{Refusal, Shelf};

const INSTITUTION: &str = "lib";
/// Every reader's password here.
const PASSWORD: &str = "1234";

/// A line as it is written.
pub(super) struct Line {
    bytes: Vec<u8>,
    charset: Charset,
}

impl Line {
    pub fn new(start: &str, charset: Charset) -> Self {
        Self { bytes: start.as_bytes().to_vec(), charset }
    }

    fn field(mut self, name: &str, text: &str) -> Self {
        self.bytes.extend_from_slice(name.as_bytes());
        for c in text.chars().filter(|c| !c.is_control()) {
            let c = if c == '|' { ' ' } else { c };
            let encoded = self.charset.encode(c.encode_utf8(&mut [0; 4]));
            self.bytes.extend(encoded.unwrap_or_else(|_| b"?".to_vec()));
        }
        self.bytes.push(b'|');
        self
    }

    fn fields<'a>(self, name: &str, texts: impl IntoIterator<Item = &'a String>) -> Self {
        texts.into_iter().fold(self, |line, text| line.field(name, text))
    }

    fn said(self, refusal: Option<Refusal>) -> Self {
        match refusal {
            Some(refusal) => self.field("AF", refusal),
            None => self,
        }
    }

    /// With number and checksum, without its end.
    pub fn end(mut self, detection: ErrorDetection, sequence: Option<u8>) -> Vec<u8> {
        if detection == ErrorDetection::On {
            if let Some(sequence) = sequence {
                self.bytes.extend_from_slice(format!("AY{sequence}").as_bytes());
            }
            self.bytes.extend_from_slice(b"AZ");
            let sum = checksum(&self.bytes);
            self.bytes.extend_from_slice(format!("{sum:04X}").as_bytes());
        }
        self.bytes
    }
}

/// One request.
pub(super) struct Asked<'a> {
    pub message: &'a Message,
    pub line: &'a [u8],
    pub switches: &'a Switches,
}

impl Asked<'_> {
    fn text(&self, id: FieldId) -> String {
        self.message.text(id, self.switches.charset).ok().flatten().unwrap_or_default()
    }

    fn line(&self, start: &str) -> Line {
        Line::new(start, self.switches.charset)
    }

    /// A fixed field of the request.
    fn fixed(&self, at: usize, length: usize) -> String {
        let bytes = self.line.get(2 + at..2 + at + length).unwrap_or_default();
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// The date of the request: the library has no clock of its own.
    fn date(&self) -> String {
        match self.message.kind().dates().first() {
            Some(at) => self.fixed(*at, 18),
            None => "20260101    000000".to_owned(),
        }
    }

    fn today(&self) -> Result<LocalDate, Refusal> {
        let date = self.date();
        let day = || {
            let (year, month, day) = (date.get(..4)?, date.get(4..6)?, date.get(6..8)?);
            LocalDate::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
        };
        day().ok_or("No date")
    }

    /// Does what is asked, and says so; `None` for what this library does not take.
    pub fn answer(&self, shelf: &mut Shelf) -> Option<Line> {
        Some(match self.message.kind() {
            Kind::Login => self.login(),
            Kind::ScStatus => self.status(),
            Kind::PatronStatus | Kind::PatronInformation => self.patron(shelf),
            Kind::ItemInformation => self.item(shelf),
            Kind::Checkout => self.checkout(shelf),
            Kind::Renew => self.renew(shelf),
            Kind::Checkin => self.checkin(shelf),
            Kind::FeePaid => self.fee_paid(shelf),
            Kind::EndSession => self
                .line(&format!("36Y{}", self.date()))
                .field("AO", INSTITUTION)
                .field("AA", &self.text(FieldId::AA)),
            Kind::Block
            | Kind::CheckinAnswer
            | Kind::CheckoutAnswer
            | Kind::Hold
            | Kind::HoldAnswer
            | Kind::ItemInformationAnswer
            | Kind::ItemStatus
            | Kind::ItemStatusAnswer
            | Kind::PatronStatusAnswer
            | Kind::PatronEnable
            | Kind::PatronEnableAnswer
            | Kind::RenewAnswer
            | Kind::EndSessionAnswer
            | Kind::FeePaidAnswer
            | Kind::PatronInformationAnswer
            | Kind::RenewAll
            | Kind::RenewAllAnswer
            | Kind::LoginAnswer
            | Kind::AcsResend
            | Kind::ScResend
            | Kind::AcsStatus => return None,
        })
    }

    fn login(&self) -> Line {
        let right = self.switches.login.as_ref().is_none_or(|(user, password)| {
            *user == self.text(FieldId::CN) && *password == self.text(FieldId::CO)
        });
        self.line(if right { "941" } else { "940" })
    }

    fn status(&self) -> Line {
        let switches = self.switches;
        let sign = |yes| if yes { 'Y' } else { 'N' };
        let start = format!(
            "98{}{}{}{}NN{}{}{}2.00",
            sign(switches.online),
            sign(switches.checkin),
            sign(switches.checkout),
            sign(switches.renewal),
            switches.timeout,
            switches.retries,
            self.date(),
        );
        self.line(&start)
            .field("AO", INSTITUTION)
            .field("BX", &switches.supported)
            .field("AM", "A library in memory")
    }

    fn patron(&self, shelf: &Shelf) -> Line {
        let id = self.text(FieldId::AA);
        let reader = shelf.patrons.get(&id);
        let flags = match reader {
            Some(reader) => format!("{:14}", reader.flags),
            None => "YYYY          ".to_owned(),
        };
        let start = format!("{flags}{}{}", self.fixed(0, 3), self.date());
        let today = self.today();
        let charged: Vec<String> = shelf.charged(&id).map(|(item, _)| item.clone()).collect();
        let late = shelf.charged(&id).filter(|(_, lent)| today.is_ok_and(|today| lent.due < today));
        let overdue: Vec<String> = late.map(|(item, _)| item.clone()).collect();
        let holds: Vec<String> = shelf.holds(&id).cloned().collect();
        let fines = reader.map_or(0, |reader| reader.fines);
        let line = if self.message.kind() == Kind::PatronStatus {
            self.line(&format!("24{start}"))
        } else {
            let (held, late, out) = (holds.len(), overdue.len(), charged.len());
            self.line(&format!("64{start}{held:04}{late:04}{out:04}{:04}00000000", u8::from(fines > 0)))
        };
        let line = line
            .field("AO", INSTITUTION)
            .field("AA", &id)
            .field("AE", "Reader")
            .field("BL", if reader.is_some() { "Y" } else { "N" })
            .field("CQ", if self.text(FieldId::AD) == PASSWORD { "Y" } else { "N" })
            .field("BH", "MOP")
            .field("BV", &amount(fines));
        let line = match self.fixed(21, 10).bytes().position(|sign| sign == b'Y') {
            Some(0) => line.fields("AS", &holds),
            Some(1) => line.fields("AT", &overdue),
            Some(2) => line.fields("AU", &charged),
            Some(_) | None => line,
        };
        line.said(reader.is_none().then_some("Unknown reader"))
    }

    fn item(&self, shelf: &Shelf) -> Line {
        let item = self.text(FieldId::AB);
        let book = shelf.items.get(&item);
        let status = book.map_or(CirculationStatus::Other, |book| book.status);
        let line = self
            .line(&format!("18{status}0101{}", self.date()))
            .field("AB", &item)
            .field("AJ", book.map_or("", |book| &book.title));
        let line = match book.and_then(|book| book.loan.as_ref()) {
            Some(lent) => line.field("AH", &due(lent.due)),
            None => line,
        };
        line.said(book.is_none().then_some("Unknown item"))
    }

    fn lent(&self, id: &str, shelf: &Shelf, done: Result<LocalDate, Refusal>) -> Line {
        let item = self.text(FieldId::AB);
        let ok = if done.is_ok() { "1YNY" } else { "0NNN" };
        self.line(&format!("{id}{ok}{}", self.date()))
            .field("AO", INSTITUTION)
            .field("AA", &self.text(FieldId::AA))
            .field("AB", &item)
            .field("AJ", shelf.items.get(&item).map_or("", |book| &book.title))
            .field("AH", &done.map(due).unwrap_or_default())
            .said(done.err())
    }

    fn checkout(&self, shelf: &mut Shelf) -> Line {
        let fee = shelf.items.get(&self.text(FieldId::AB)).map_or(0, |book| book.fee);
        if fee > 0 && self.text(FieldId::BO) != "Y" {
            return self.lent("12", shelf, Err("This costs a fee")).field("BV", &amount(fee));
        }
        let today = if self.switches.checkout { self.today() } else { Err("No loans now") };
        let done =
            today.and_then(|today| shelf.checkout(&self.text(FieldId::AA), &self.text(FieldId::AB), today));
        self.lent("12", shelf, done)
    }

    fn renew(&self, shelf: &mut Shelf) -> Line {
        let (patron, item) = (self.text(FieldId::AA), self.text(FieldId::AB));
        let done = self.today().and_then(|today| shelf.renew(&patron, &item, today));
        self.lent("30", shelf, done)
    }

    fn checkin(&self, shelf: &mut Shelf) -> Line {
        let item = self.text(FieldId::AB);
        let done = shelf.checkin(&item);
        let held = done.is_ok() && shelf.items.get(&item).is_some_and(|book| book.hold.is_some());
        let start = match (&done, held) {
            (Ok(_), true) => "101YNY",
            (Ok(_), false) => "101YNN",
            (Err(_), _) => "100NNN",
        };
        let line = self
            .line(&format!("{start}{}", self.date()))
            .field("AO", INSTITUTION)
            .field("AB", &item)
            .field("AQ", "Main")
            .field("AJ", shelf.items.get(&item).map_or("", |book| &book.title));
        let line = if held { line.field("CL", "holds") } else { line };
        match done {
            Ok(Some(patron)) => line.field("AA", &patron),
            Ok(None) => line,
            Err(refusal) => line.said(Some(refusal)),
        }
    }

    fn fee_paid(&self, shelf: &mut Shelf) -> Line {
        let patron = self.text(FieldId::AA);
        let done = match cents(&self.text(FieldId::BV)) {
            Some(cents) => shelf.pay(&patron, cents, &self.text(FieldId::BK)),
            None => Err("Not an amount"),
        };
        let (sign, date) = (if done.is_ok() { "Y" } else { "N" }, self.date());
        let start = if self.switches.fee_paid_order_swapped {
            format!("38{date}{sign}")
        } else {
            format!("38{sign}{date}")
        };
        self.line(&start).field("AO", INSTITUTION).field("AA", &patron).said(done.err())
    }
}

/// The end of a day, as some libraries write it.
fn due(day: LocalDate) -> String {
    format!("{day} 23:59:00 CST")
}

fn amount(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn cents(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "00"));
    let part = Some(part).filter(|part| part.len() == 2)?;
    whole.parse::<u64>().ok()?.checked_mul(100)?.checked_add(part.parse().ok()?)
}
