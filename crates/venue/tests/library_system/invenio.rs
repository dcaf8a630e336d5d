//! A library's system by others, invenio-sip2 1.0.0, as a process of its own (`make invenio`, `tests/invenio/server.py`).

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sip2::{
    Charset, CirculationStatus, Currency, ErrorDetection, FeeType, Language, Library, PaymentType, Settled,
    Summary, settle,
};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader as Buffered};
use tokio::net::{TcpListener, TcpStream};
use venue::library_system::{AskError, LibraryLogin, LibrarySetup, LibrarySystem};

use crate::library::{BOTH, now};

/// The server; it ends with this value.
struct Invenio {
    process: Child,
    address: SocketAddr,
}

impl Invenio {
    /// Starts it; says that the test is skipped where it is not installed.
    fn start(test: &str, detection: ErrorDetection) -> Option<Self> {
        let root = test_support::root();
        let python = root.join("target/invenio/bin/python");
        if !root.join("target/invenio/ready").exists() {
            test_support::skip(test, "no invenio-sip2 (make invenio)");
            return None;
        }
        let mut process = Command::new(python)
            .arg(root.join("crates/venue/tests/invenio/server.py"))
            .arg(if detection == ErrorDetection::On { "on" } else { "off" })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().strip_prefix("port ").map(|port| port.parse::<u16>().unwrap());
        let Some(port) = port else { panic!("the server did not start: {line:?}") };
        Some(Self { process, address: SocketAddr::from(([127, 0, 0, 1], port)) })
    }
}

impl Drop for Invenio {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// A wire that damages the next so many answers, and counts the 97 that go over it.
#[derive(Clone)]
struct Wire {
    address: SocketAddr,
    damages: Arc<AtomicUsize>,
    resends: Arc<AtomicUsize>,
}

impl Wire {
    async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let wire = Self {
            address: listener.local_addr().unwrap(),
            damages: Arc::default(),
            resends: Arc::default(),
        };
        let served = wire.clone();
        tokio::spawn(async move {
            while let Ok((desk, _)) = listener.accept().await {
                let (from_desk, to_desk) = desk.into_split();
                let (from_server, to_server) = TcpStream::connect(server).await.unwrap().into_split();
                tokio::spawn(served.clone().asks(from_desk, to_server));
                tokio::spawn(served.clone().answers(from_server, to_desk));
            }
        });
        wire
    }

    async fn asks(self, from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
        let (mut from, mut line) = (Buffered::new(from), Vec::new());
        while from.read_until(b'\r', &mut line).await.is_ok_and(|count| count > 0) {
            self.resends.fetch_add(usize::from(line.starts_with(b"97")), Ordering::Relaxed);
            if to.write_all(&line).await.is_err() {
                return;
            }
            line.clear();
        }
    }

    /// Passes on what comes as it comes: some answers have no end.
    async fn answers(self, from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
        let mut from = Buffered::new(from);
        loop {
            let read = match from.fill_buf().await {
                Ok(bytes) if !bytes.is_empty() => bytes.to_vec(),
                Ok(_) | Err(_) => return,
            };
            from.consume(read.len());
            let damage =
                self.damages.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
            let bytes = if damage.is_ok() { b"18damaged\r".to_vec() } else { read };
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    }
}

fn desk(address: SocketAddr, detection: ErrorDetection, password: &str) -> LibrarySystem {
    let library = Library {
        institution: "lib".to_owned(),
        location: "desk".to_owned(),
        terminal_password: String::new(),
        charset: Charset::Utf8,
        detection,
    };
    let login = Some(LibraryLogin { user: "term".to_owned(), password: password.to_owned() });
    let address = format!("sip2://{address}").parse().unwrap();
    let setup =
        LibrarySetup { address, library, login, ca: None, fee_paid_order_swapped: true, answer_seconds: 10 };
    LibrarySystem::new(setup).unwrap()
}

#[tokio::test]
async fn a_server_of_others_lends_renews_takes_back_and_is_paid() {
    let test = "a_server_of_others_lends_renews_takes_back_and_is_paid";
    for detection in BOTH {
        let Some(server) = Invenio::start(test, detection) else { return };
        let desk = desk(server.address, detection, "1234");
        let status = desk.status(now()).await.unwrap();
        assert!(status.lends() && status.renewal && status.supported.patron_information);
        assert_eq!((status.timeout_tenths, status.retries), (Some(20), Some(2)), "padded with blanks");
        assert_eq!(status.library.as_deref(), Some("Test library"));
        let reader = || desk.patron("P1", Language::Chinese, Some(Summary::Charged), now());
        let before = reader().await.unwrap();
        assert!(before.is_known() && before.lists_all_charged() && before.charged.is_empty());
        assert_eq!(before.fees.as_deref(), Some("2.50"));
        let item = desk.item("B2", now()).await.unwrap();
        assert_eq!(
            (item.status, item.title.as_deref()),
            (Some(CirculationStatus::Available), Some("澳門書"))
        );
        let lent = desk.checkout("P1", "B2", false, now()).await.unwrap();
        assert!(lent.answer.ok && lent.answer.unlock && !lent.repeated);
        assert_eq!(lent.answer.due.as_deref(), Some("20270105    000000"));
        let refused = desk.checkout("P2", "B2", false, now()).await.unwrap();
        assert!(!refused.answer.ok && !refused.answer.unlock);
        assert_eq!(reader().await.unwrap().charged, ["B2"]);
        let item = desk.item("B2", now()).await.unwrap();
        assert_eq!(settle("B2", Some(&item), reader().await.as_ref().ok()), Settled::Stands);
        assert!(desk.renew("P1", "B2", now()).await.unwrap().answer.ok);
        let back = desk.checkin("B2", now(), now()).await.unwrap();
        assert!(back.answer.ok && back.answer.home.as_deref() == Some("Main"));
        let currency: Currency = "CNY".parse().unwrap();
        let paid = desk
            .fee_paid("P1", FeeType::Overdue, PaymentType::Cash, currency, "1.00", "T1", now())
            .await
            .unwrap();
        assert!(paid.answer.0, "this server writes the date before the flag");
        assert_eq!(reader().await.unwrap().fees.as_deref(), Some("1.50"));
        desk.end_session("P1", now()).await.unwrap();
        assert!(desk.item("B1", now()).await.is_ok(), "after a session the next one begins");
    }
}

#[tokio::test]
async fn a_damaged_answer_is_asked_for_again_though_the_server_ends_that_line_without_cr() {
    let test = "a_damaged_answer_is_asked_for_again_though_the_server_ends_that_line_without_cr";
    for detection in BOTH {
        let Some(server) = Invenio::start(test, detection) else { return };
        let wire = Wire::to(server.address).await;
        let desk = desk(wire.address, detection, "1234");
        desk.status(now()).await.unwrap();
        wire.damages.store(1, Ordering::Relaxed);
        let item = desk.item("B1", now()).await.unwrap();
        assert_eq!((item.item.as_str(), item.title.as_deref()), ("B1", Some("A book")), "{detection:?}");
        assert_eq!(wire.resends.load(Ordering::Relaxed), 1, "97 went out");
        // Without error detection a new connection is made: its login is not what is to be damaged.
        desk.status(now()).await.unwrap();
        wire.damages.store(1, Ordering::Relaxed);
        let lent = desk.checkout("P1", "B1", false, now()).await.unwrap();
        match detection {
            // The checksum shows that the line is whole.
            ErrorDetection::On => assert!(lent.answer.ok && !lent.repeated),
            // Nothing shows it: the loan is asked for again, the server lends it twice, and the answer says so.
            ErrorDetection::Off => assert!(!lent.answer.ok && lent.repeated),
        }
        let reader = desk.patron("P1", Language::English, Some(Summary::Charged), now()).await.unwrap();
        assert_eq!(reader.charged, ["B1"], "once");
    }
}

#[tokio::test]
async fn a_server_of_others_that_does_not_know_the_desk_or_the_reader_is_no_riddle() {
    let test = "a_server_of_others_that_does_not_know_the_desk_or_the_reader_is_no_riddle";
    let Some(server) = Invenio::start(test, ErrorDetection::On) else { return };
    let stranger = desk(server.address, ErrorDetection::On, "wrong");
    for _ in 0..3 {
        assert!(matches!(stranger.status(now()).await, Err(AskError::Refused)));
    }
    // This server answers an unknown reader with four letters and no end.
    let desk = desk(server.address, ErrorDetection::On, "1234");
    let error = desk.patron("P9", Language::English, None, now()).await.unwrap_err();
    assert!(matches!(error, AskError::Unknown(_)), "{error:?}");
    assert!(desk.item("B1", now()).await.is_ok());
}
