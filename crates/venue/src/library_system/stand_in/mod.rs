//! A library's system to try a desk against: lends, refuses and fails as one does, and keeps readers and books in memory.
//!
//! Lives here: [`StandInLibrary`], its switches, its end of the wire. Not here: any real one. Never for real data.

mod answers;
mod faults;
mod shelf;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sip2::{Charset, CirculationStatus, ErrorDetection, Kind, Library, Lines, Message, SipError};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::watch;

use self::answers::{Asked, Line};
use self::faults::{Chance, Drawn};
use self::shelf::Shelf;
use super::{LibraryLogin, LibrarySetup};

pub use self::faults::Faults;
pub use self::shelf::{LoanRecord, Payment};

/// Bytes of one read.
const READ: usize = 4096;
/// An answer that comes in pieces comes in so many.
const PIECES: usize = 3;

/// How a stand-in behaves.
#[derive(Debug, Clone)]
pub struct Switches {
    /// Whether numbers and checksums are used.
    pub detection: ErrorDetection,
    /// The character set.
    pub charset: Charset,
    /// The account that is let in; `None`: everybody.
    pub login: Option<(String, String)>,
    /// Connections are ended as soon as they are made.
    pub down: bool,
    /// On line, says 98.
    pub online: bool,
    /// Takes items back, says 98.
    pub checkin: bool,
    /// Lends, says 98; where not, it refuses.
    pub checkout: bool,
    /// Renews, says 98.
    pub renewal: bool,
    /// How long a desk waits, three characters, in tenths of a second.
    pub timeout: String,
    /// How often a desk asks again, three characters.
    pub retries: String,
    /// What it takes (BX).
    pub supported: String,
    /// The answer to a payment has the date before the flag.
    pub fee_paid_order_swapped: bool,
    /// A request that comes again is done again, as some systems do, and not answered from memory. Without error detection that is
    /// so in any case.
    pub run_twice: bool,
    /// The next line is answered with these bytes, whatever it asks.
    pub next_bytes: Option<Vec<u8>>,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            detection: ErrorDetection::On,
            charset: Charset::Utf8,
            login: None,
            down: false,
            online: true,
            checkin: true,
            checkout: true,
            renewal: true,
            timeout: "010".to_owned(),
            retries: "003".to_owned(),
            supported: "YYYNYYYYYYYNNNYN".to_owned(),
            fee_paid_order_swapped: false,
            run_twice: false,
            next_bytes: None,
        }
    }
}

/// How often a stand-in was asked what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections that were made.
    pub connections: usize,
    /// Logins (93).
    pub logins: usize,
    /// Lines that came.
    pub lines: usize,
    /// Checkouts of a book that another reader had: each was refused.
    pub asked_for_lent: usize,
    /// Payments that came again under their id: each counted once.
    pub paid_again: usize,
}

struct State {
    switches: Switches,
    chance: Chance,
    shelf: Shelf,
    counts: Counts,
    /// Goes up where every connection is to end.
    ends: watch::Sender<u64>,
}

/// A stand-in for a library's system.
#[derive(Clone)]
pub struct StandInLibrary {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}
documents::redact_debug!(StandInLibrary);

/// What a connection keeps of what it said.
#[derive(Default)]
struct Said {
    /// The last request, and its answer.
    last: Option<(Vec<u8>, Vec<u8>)>,
    /// The answer before that.
    earlier: Option<Vec<u8>>,
    /// What is held back.
    held: Vec<u8>,
}

/// What goes out for one line.
#[derive(Default)]
struct Reply {
    pieces: Vec<Vec<u8>>,
    closes: bool,
}

impl Reply {
    fn close() -> Self {
        Self { pieces: Vec::new(), closes: true }
    }

    fn whole(bytes: Vec<u8>) -> Self {
        Self { pieces: vec![bytes], closes: false }
    }
}

impl StandInLibrary {
    /// Starts an empty library on a free port of the loopback.
    ///
    /// # Errors
    /// As the system says.
    pub async fn start(switches: Switches) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let state = State {
            switches,
            chance: Chance::new(Faults::default()),
            shelf: Shelf::default(),
            counts: Counts::default(),
            ends: watch::Sender::new(0),
        };
        let library = Self { address: listener.local_addr()?, state: Arc::new(Mutex::new(state)) };
        let served = library.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let library = served.clone();
                // A connection that breaks off is the desk's matter.
                tokio::spawn(async move { drop(library.serve(stream).await) });
            }
        });
        Ok(library)
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How a desk reaches it.
    ///
    /// # Errors
    /// None that a loopback address could have.
    pub fn setup(&self) -> Result<LibrarySetup, super::LibraryAddressError> {
        let switches = self.state().switches.clone();
        Ok(LibrarySetup {
            address: format!("sip2://{}", self.address).parse()?,
            library: Library {
                institution: "lib".to_owned(),
                location: "desk".to_owned(),
                terminal_password: String::new(),
                charset: switches.charset,
                detection: switches.detection,
            },
            login: switches.login.map(|(user, password)| LibraryLogin { user, password }),
            ca: None,
            fee_paid_order_swapped: switches.fee_paid_order_swapped,
            answer_seconds: 1,
        })
    }

    /// Changes how it behaves.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.state().switches);
    }

    /// Sets what goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.state().chance = Chance::new(faults);
    }

    /// Ends every connection that stands, as a system does that starts anew.
    pub fn end_connections(&self) {
        self.state().ends.send_modify(|ends| *ends += 1);
    }

    /// Makes an account for a reader, as a library's other interface does, and gives its id.
    pub fn add_patron(&self) -> String {
        self.state().shelf.add_patron()
    }

    /// Puts a book on the shelf.
    pub fn add_item(&self, item: &str, title: &str) {
        self.state().shelf.add_item(item, title);
    }

    /// Says where a book is.
    pub fn set_status(&self, item: &str, status: CirculationStatus) {
        if let Some(book) = self.state().shelf.items.get_mut(item) {
            book.status = status;
        }
    }

    /// A reader waits for a book.
    pub fn hold(&self, item: &str, patron: &str) {
        if let Some(book) = self.state().shelf.items.get_mut(item) {
            book.hold = Some(patron.to_owned());
        }
    }

    /// Says what is denied to a reader: 14 places of `Y` and blanks.
    pub fn deny(&self, patron: &str, flags: &str) {
        if let Some(reader) = self.state().shelf.patrons.get_mut(patron) {
            flags.clone_into(&mut reader.flags);
        }
    }

    /// Says what it costs to borrow a book, in hundredths.
    pub fn set_fee(&self, item: &str, cents: u64) {
        if let Some(book) = self.state().shelf.items.get_mut(item) {
            book.fee = cents;
        }
    }

    /// A reader has had a book since some time: it is due on that day.
    pub fn lend(&self, item: &str, patron: &str, due: documents::LocalDate) {
        self.state().shelf.lend(item, patron, due);
    }

    /// A reader owes so much, in hundredths.
    pub fn fine(&self, patron: &str, cents: u64) {
        if let Some(reader) = self.state().shelf.patrons.get_mut(patron) {
            reader.fines = cents;
        }
    }

    /// What a reader owes, in hundredths; `None` where there is no such reader.
    #[must_use]
    pub fn fines(&self, patron: &str) -> Option<u64> {
        self.state().shelf.patrons.get(patron).map(|reader| reader.fines)
    }

    /// The payments that it took, by their ids.
    #[must_use]
    pub fn payments(&self) -> BTreeMap<String, Payment> {
        self.state().shelf.payments.clone()
    }

    /// Who has which book.
    #[must_use]
    pub fn loans(&self) -> BTreeMap<String, String> {
        let state = self.state();
        let lent =
            |(item, book): (&String, &shelf::Book)| Some((item.clone(), book.loan.as_ref()?.patron.clone()));
        state.shelf.items.iter().filter_map(lent).collect()
    }

    /// The day on which a book is due, where it is lent.
    #[must_use]
    pub fn due(&self, item: &str) -> Option<documents::LocalDate> {
        self.state().shelf.items.get(item)?.loan.as_ref().map(|lent| lent.due)
    }

    /// Every loan that was ever made, in order.
    #[must_use]
    pub fn record(&self) -> Vec<LoanRecord> {
        self.state().shelf.record.clone()
    }

    /// How often it was asked what.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let state = self.state();
        let shelf = &state.shelf;
        Counts { asked_for_lent: shelf.asked_for_lent, paid_again: shelf.paid_again, ..state.counts }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves one connection to its end; a test may bring one under TLS.
    ///
    /// # Errors
    /// As the system says.
    pub async fn serve(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin + Send) -> std::io::Result<()> {
        let mut ends = {
            let mut state = self.state();
            state.counts.connections += 1;
            if state.switches.down {
                return Ok(());
            }
            state.ends.subscribe()
        };
        let (mut lines, mut said, mut buffer) = (Lines::default(), Said::default(), [0; READ]);
        loop {
            let read = tokio::select! {
                read = stream.read(&mut buffer) => read?,
                _ = ends.changed() => return Ok(()),
            };
            if read == 0 || lines.push(buffer.get(..read).unwrap_or_default()).is_err() {
                return Ok(());
            }
            while let Ok(Some(line)) = lines.next_line() {
                let reply = self.state().reply(&mut said, &line);
                for piece in reply.pieces {
                    stream.write_all(&piece).await?;
                    stream.flush().await?;
                    tokio::task::yield_now().await;
                }
                if reply.closes {
                    return Ok(());
                }
            }
        }
    }
}

impl State {
    fn reply(&mut self, said: &mut Said, line: &[u8]) -> Reply {
        self.counts.lines += 1;
        if let Some(bytes) = self.switches.next_bytes.take() {
            return Reply::whole(bytes);
        }
        let drawn = self.chance.draw();
        if drawn.drop_before {
            return Reply::close();
        }
        if drawn.silent_before {
            return Reply::default();
        }
        let Some(answer) = self.answer(said, line) else { return Reply::default() };
        if drawn.drop_after {
            return Reply::close();
        }
        if drawn.silent_after {
            return Reply::default();
        }
        said.write(&answer, drawn, self.switches.detection)
    }

    /// The line that answers this one; `None` where there is none.
    fn answer(&mut self, said: &mut Said, line: &[u8]) -> Option<Vec<u8>> {
        let detection = self.switches.detection;
        let again = Line::new("96", Charset::Utf8).end(detection, None);
        let message = match Message::parse(line, detection) {
            Ok(message) => message,
            // A desk with error detection at a system without it, or the other way round: nobody answers, as in the field.
            Err(SipError::NoChecksum) => return None,
            Err(_) => return Some(again),
        };
        if message.kind() == Kind::ScResend {
            return said.last.as_ref().map(|(_, answer)| answer.clone());
        }
        if let Some((request, answer)) = &said.last
            && request == line
            && detection == ErrorDetection::On
            && !self.switches.run_twice
        {
            return Some(answer.clone());
        }
        self.counts.logins += usize::from(message.kind() == Kind::Login);
        let asked = Asked { message: &message, line, switches: &self.switches };
        let answer = asked.answer(&mut self.shelf).map(|line| line.end(detection, message.sequence()));
        let answer = answer.unwrap_or(again);
        said.earlier = said.last.replace((line.to_vec(), answer.clone())).map(|(_, answer)| answer);
        Some(answer)
    }
}

impl Said {
    /// The answer with what goes wrong on its way.
    fn write(&mut self, answer: &[u8], drawn: Drawn, detection: ErrorDetection) -> Reply {
        let earlier = self.earlier.as_ref().filter(|_| drawn.other_answer);
        let mut line = earlier.map_or(answer, Vec::as_slice).to_vec();
        if drawn.wrong_checksum && detection == ErrorDetection::On {
            // Another digit than the last one is.
            if let Some(digit) = line.last_mut() {
                *digit = if *digit == b'0' { b'1' } else { b'0' };
            }
        }
        let end: &[u8] = match (drawn.no_cr, drawn.cr_lf) {
            (true, _) => b"",
            (false, true) => b"\r\n",
            (false, false) => b"\r",
        };
        line.extend_from_slice(end);
        let mut bytes = std::mem::take(&mut self.held);
        bytes.extend_from_slice(&line);
        if drawn.duplicate_answer {
            bytes.extend_from_slice(&line);
        }
        if drawn.joined {
            self.held = bytes;
            return Reply::default();
        }
        if !drawn.split {
            return Reply::whole(bytes);
        }
        let length = bytes.len().div_ceil(PIECES).max(1);
        Reply { pieces: bytes.chunks(length).map(<[u8]>::to_vec).collect(), closes: false }
    }
}
