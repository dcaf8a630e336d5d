//! Connection: one stream to a library's system, and one request after the other over it.
//!
//! Lives here: [`Connection`]: opened, logged in, its status known. Not here: when one is opened and by whom it is used (`client`), the
//! protocol's rules on resends (`sip2::Exchange`). A connection on which nobody can tell what was answered is never used again.

use std::io;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use documents::Timestamp;
use sip2::answer::{self, AcsStatus};
use sip2::{ErrorDetection, Exchange, Kind, Lines, Link, Message, Request, ScState, SipError, Step, Unknown};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use transport::StreamClient;

use super::LibrarySetup;

/// How long connection and handshake may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How often something is asked again where the system (98) does not say.
const RETRIES: u8 = 2;
/// And at most, whatever it says: a reader stands at the desk.
const MOST_RETRIES: u8 = 10;
/// Characters in a line of the desk's printer.
const PRINT_WIDTH: u16 = 80;
/// Bytes of one read.
const READ: usize = 4096;
/// Reads of what came unasked; a system that sends more talks to itself.
const MOST_LATE_READS: usize = 16;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A connection that is logged in.
pub(super) struct Connection {
    wire: Wire,
    status: AcsStatus,
    told: Instant,
}

/// The stream, and what was agreed on for it.
struct Wire {
    stream: Box<dyn Stream>,
    lines: Lines,
    link: Link,
    detection: ErrorDetection,
    swapped: bool,
    wait: Duration,
    asked_again: bool,
    used: Instant,
}

/// Why there is no connection. No request has gone out.
#[derive(Debug)]
pub(super) enum OpenError {
    /// No connection, or no handshake.
    Io(io::Error),
    /// Not in time.
    Late,
    /// Login or status were not answered.
    Unknown(Unknown),
    /// Login or status were answered with what cannot be read.
    Unreadable(SipError),
    /// The desk's own account or place cannot be written.
    Request(SipError),
    /// The system refuses the login.
    Refused,
}

/// An answer, and whether its request went out more than once.
pub(super) struct Answered {
    pub message: Message,
    pub repeated: bool,
}

impl Connection {
    /// Connects, logs in (93) and asks for the status (99).
    pub async fn open(
        setup: &LibrarySetup,
        tls: Option<&StreamClient>,
        now: Timestamp,
    ) -> Result<Self, OpenError> {
        let stream = timeout(CONNECT, stream(setup, tls)).await.map_err(|_| OpenError::Late)?;
        let mut wire = Wire {
            stream: stream.map_err(OpenError::Io)?,
            lines: Lines::default(),
            link: Link::new(setup.library.detection, RETRIES),
            detection: setup.library.detection,
            swapped: setup.fee_paid_order_swapped,
            wait: patience(setup),
            asked_again: false,
            used: Instant::now(),
        };
        if let Some(login) = &setup.login {
            let request = Request::Login { user: &login.user, password: &login.password };
            let request = request.message(&setup.library, now).map_err(OpenError::Request)?;
            let answered = wire.ask(request).await.map_err(OpenError::Unknown)?;
            if !answer::login(&answered.message).map_err(OpenError::Unreadable)? {
                return Err(OpenError::Refused);
            }
        }
        let request = status_request(setup, now).map_err(OpenError::Request)?;
        let answered = wire.ask(request).await.map_err(OpenError::Unknown)?;
        let status =
            AcsStatus::read(&answered.message, setup.library.charset).map_err(OpenError::Unreadable)?;
        wire.obey(&status, setup);
        Ok(Self { wire, status, told: Instant::now() })
    }

    /// Goes by this status from now on.
    pub fn take_status(&mut self, status: AcsStatus, setup: &LibrarySetup) {
        self.wire.obey(&status, setup);
        (self.status, self.told) = (status, Instant::now());
    }

    /// What 98 said last.
    pub const fn status(&self) -> &AcsStatus {
        &self.status
    }

    /// So much time goes by.
    pub fn age(&mut self, by: Duration) {
        self.told = self.told.checked_sub(by).unwrap_or(self.told);
        self.wire.used = self.wire.used.checked_sub(by).unwrap_or(self.wire.used);
    }

    /// When 98 said it.
    pub const fn told(&self) -> Instant {
        self.told
    }

    /// When something was answered last.
    pub const fn used(&self) -> Instant {
        self.wire.used
    }

    /// Whether another request may go over it. Where nothing is numbered, a late second answer to a request that went out again
    /// would be read as the next one's.
    pub const fn serves(&self) -> bool {
        matches!(self.wire.detection, ErrorDetection::On) || !self.wire.asked_again
    }

    /// Sends a request and waits for its answer, asking again as the protocol says.
    pub async fn ask(&mut self, request: Message) -> Result<Answered, Unknown> {
        self.wire.ask(request).await
    }

    /// Whether the connection stands and is silent: [`Wire::settle`].
    pub async fn settle(&mut self) -> bool {
        self.wire.settle().await
    }
}

impl Wire {
    fn obey(&mut self, status: &AcsStatus, setup: &LibrarySetup) {
        let told = status.timeout_tenths.map(|tenths| Duration::from_millis(100 * u64::from(tenths)));
        self.wait = told.unwrap_or_else(|| patience(setup));
        let retries = status.retries.map(|count| u8::try_from(count).unwrap_or(MOST_RETRIES));
        self.link.set_retries(retries.unwrap_or(RETRIES).min(MOST_RETRIES));
    }

    /// Looks, without waiting, for what came since the last answer: the end of the connection, or lines that nobody asked for. With
    /// error detection these are dropped, for their numbers would show them; without, the connection is of no more use.
    async fn settle(&mut self) -> bool {
        let mut buffer = [0; READ];
        for _ in 0..MOST_LATE_READS {
            let read = std::future::poll_fn(|context| {
                let mut into = ReadBuf::new(&mut buffer);
                let polled = Pin::new(&mut self.stream).poll_read(context, &mut into);
                Poll::Ready(polled.map_ok(|()| into.filled().len()))
            });
            match read.await {
                Poll::Pending => return self.drop_lines(),
                Poll::Ready(Ok(0) | Err(_)) => return false,
                Poll::Ready(Ok(count)) => {
                    let read = buffer.get(..count).unwrap_or_default();
                    if self.lines.push(read).is_err() || !self.drop_lines() {
                        return false;
                    }
                }
            }
        }
        false
    }

    /// Drops lines that nobody waits for; whether the connection may be used after that.
    fn drop_lines(&mut self) -> bool {
        let mut dropped = 0_usize;
        while let Ok(Some(_)) = self.lines.next_line() {
            dropped += 1;
        }
        if dropped > 0 {
            tracing::debug!(dropped, "a library's system sent lines that nobody waited for");
        }
        self.detection == ErrorDetection::On || (dropped == 0 && self.lines.unended().is_empty())
    }

    async fn ask(&mut self, request: Message) -> Result<Answered, Unknown> {
        let asked = request.kind().id();
        if self.detection == ErrorDetection::On {
            self.drop_lines();
        }
        let (mut exchange, line) = self.link.begin(request);
        let (mut next, mut sent) = (line.clone(), 0_u8);
        loop {
            sent = sent.saturating_add(u8::from(next == line));
            match self.send_and_wait(&mut exchange, &next).await {
                Step::Send(again) => {
                    tracing::debug!(asked, resend = again != line, "a library's system is asked again");
                    self.asked_again = true;
                    next = again;
                }
                Step::Answer(message) => {
                    self.used = Instant::now();
                    return Ok(Answered { message, repeated: sent > 1 });
                }
                Step::Unknown(unknown) => {
                    tracing::warn!(asked, code = unknown.code(), "a library's system gave no answer");
                    return Err(unknown);
                }
            }
        }
    }

    async fn send_and_wait(&mut self, exchange: &mut Exchange, line: &[u8]) -> Step {
        let deadline = Instant::now() + self.wait;
        match timeout_at(deadline, self.send(line)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return exchange.closed(),
            // Part of the line may be out: nothing may follow it.
            Err(_) => return Step::Unknown(Unknown::Silent),
        }
        match timeout_at(deadline, self.read_line()).await {
            Ok(Ok(Some(line))) => self.take(exchange, line),
            Ok(Ok(None)) => match self.unended() {
                Some(line) => self.take(exchange, line),
                None => exchange.closed(),
            },
            Ok(Err(error)) => Step::Unknown(Unknown::Unreadable(error)),
            Err(_) => match self.unended() {
                Some(line) => self.take(exchange, line),
                None => {
                    if self.detection == ErrorDetection::Off {
                        // Half a line would be read as the beginning of the next answer, and no sum would show it.
                        self.lines = Lines::default();
                    }
                    exchange.timed_out()
                }
            },
        }
    }

    async fn send(&mut self, line: &[u8]) -> io::Result<()> {
        self.stream.write_all(&[line, b"\r"].concat()).await?;
        self.stream.flush().await
    }

    /// The next line; `None` where the connection ends.
    async fn read_line(&mut self) -> Result<Option<Vec<u8>>, SipError> {
        let mut buffer = [0; READ];
        loop {
            if let Some(line) = self.lines.next_line()? {
                return Ok(Some(line));
            }
            match self.stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return Ok(None),
                Ok(count) => self.lines.push(buffer.get(..count).unwrap_or_default())?,
            }
        }
    }

    /// What came without an end, where its checksum shows that it is whole: some systems leave the end out after one kind of message.
    fn unended(&mut self) -> Option<Vec<u8>> {
        let line = self.ordered(self.lines.unended().trim_ascii_end().to_vec());
        Message::parse(&line, ErrorDetection::On).ok()?;
        self.lines = Lines::default();
        Some(line)
    }

    fn take(&mut self, exchange: &mut Exchange, line: Vec<u8>) -> Step {
        // Asking again would not help: this stream is not what it should be.
        if line.iter().any(u8::is_ascii_control) {
            return Step::Unknown(Unknown::Unreadable(SipError::Control));
        }
        let mut line = self.ordered(line);
        // The answer may be here already, behind a late one that nobody waits for any more.
        while self.detection == ErrorDetection::On
            && asks_for_the_answer(&exchange.clone().line(&line))
            && let Ok(Some(next)) = self.lines.next_line()
        {
            line = self.ordered(next);
        }
        exchange.line(&line)
    }

    /// An answer to a payment in the order of the standard. The checksum is a sum: it stays.
    fn ordered(&self, mut line: Vec<u8>) -> Vec<u8> {
        if self.swapped
            && line.starts_with(b"38")
            && let Some(fixed) = line.get_mut(2..2 + sip2::MAX_DATE_LEN + 1)
        {
            fixed.rotate_right(1);
        }
        line
    }
}

/// Whether a line was no answer, so that the system would be asked for it again (97).
fn asks_for_the_answer(step: &Step) -> bool {
    match step {
        Step::Send(line) => line.starts_with(Kind::ScResend.id().as_bytes()),
        Step::Unknown(unknown) => matches!(unknown, Unknown::Unreadable(_)),
        Step::Answer(_) => false,
    }
}

/// How long an answer is waited for where the system does not say.
fn patience(setup: &LibrarySetup) -> Duration {
    Duration::from_secs(setup.answer_seconds.max(1))
}

/// 99.
pub(super) fn status_request(setup: &LibrarySetup, now: Timestamp) -> Result<Message, SipError> {
    Request::ScStatus { state: ScState::Ok, print_width: PRINT_WIDTH }.message(&setup.library, now)
}

async fn stream(setup: &LibrarySetup, tls: Option<&StreamClient>) -> io::Result<Box<dyn Stream>> {
    let stream = TcpStream::connect((setup.address.host(), setup.address.port())).await?;
    stream.set_nodelay(true)?;
    match tls {
        Some(tls) => Ok(Box::new(tls.connect(stream).await?)),
        None => Ok(Box::new(stream)),
    }
}
