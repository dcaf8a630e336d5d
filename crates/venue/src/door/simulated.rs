//! A relay board of software, for tests and demos: coils, one sensor, and what goes wrong with boards.
//!
//! Lives here: [`SimulatedBoard`]. Not here: a real board's quirks.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::modbus::HEADER;

/// What goes wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// The connection is cut after the relay was switched on, once.
    CutAfterOn,
    /// The relay is switched on, and from then on the board is [`Fault::Dead`].
    DeadAfterOn,
    /// Connections are cut as soon as something is asked.
    Dead,
    /// Writes are answered with exception 2 (illegal data address).
    Refuses,
    /// Answers carry another transaction.
    OtherTransaction,
}

#[derive(Debug, Default)]
struct State {
    fault: Fault,
    passes_after: Option<Duration>,
    sensor: bool,
    is_on: bool,
    writes: Vec<bool>,
}

/// A board that listens on the loopback.
#[derive(Debug, Clone)]
pub struct SimulatedBoard {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl SimulatedBoard {
    /// Starts a board on a free port.
    ///
    /// # Errors
    /// As the system says.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let board = Self { address: listener.local_addr()?, state: Arc::default() };
        let served = board.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let board = served.clone();
                // A connection that breaks off is the driver's matter.
                tokio::spawn(async move { drop(board.serve(stream).await) });
            }
        });
        Ok(board)
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Somebody goes through so long after the relay closes; `None`: nobody.
    pub fn passes_after(&self, delay: Option<Duration>) {
        self.state().passes_after = delay;
    }

    /// Sets what goes wrong from now on.
    pub fn set_fault(&self, fault: Fault) {
        self.state().fault = fault;
    }

    /// Sets the sensor, as a hand on it does.
    pub fn set_sensor(&self, state: bool) {
        self.state().sensor = state;
    }

    /// What was written to the relay, in order.
    #[must_use]
    pub fn writes(&self) -> Vec<bool> {
        self.state().writes.clone()
    }

    /// Whether the relay is closed.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.state().is_on
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        loop {
            let mut header = [0; HEADER];
            stream.read_exact(&mut header).await?;
            let [a, b, _, _, e, f, unit] = header;
            let mut rest = vec![0; usize::from(u16::from_be_bytes([e, f])).saturating_sub(1).min(256)];
            stream.read_exact(&mut rest).await?;
            let Some(answer) = self.answer(&rest) else { return Ok(()) };
            let length = u16::try_from(answer.len() + 1).unwrap_or_default().to_be_bytes();
            let other = u8::from(self.state().fault == Fault::OtherTransaction);
            let mut frame = vec![a, b ^ other, 0, 0];
            frame.extend_from_slice(&length);
            frame.push(unit);
            frame.extend_from_slice(&answer);
            stream.write_all(&frame).await?;
        }
    }

    /// The answer to a request; `None` cuts the connection.
    fn answer(&self, rest: &[u8]) -> Option<Vec<u8>> {
        let mut state = self.state();
        if state.fault == Fault::Dead {
            return None;
        }
        match rest {
            [2, ..] => Some(vec![2, 1, u8::from(state.sensor)]),
            [function @ (5 | 15), ..] if state.fault == Fault::Refuses => Some(vec![function | 0x80, 2]),
            [5, a, b, value, _] => {
                let value = *value;
                self.switch(&mut state, value == 0xff)?;
                Some(vec![5, *a, *b, value, 0])
            }
            [15, a, b, c, d, _, bits, ..] => {
                self.switch(&mut state, *bits != 0)?;
                Some(vec![15, *a, *b, *c, *d])
            }
            [function, ..] => Some(vec![function | 0x80, 1]),
            [] => None,
        }
    }

    /// Switches the relay; `None` where the connection is cut right then.
    fn switch(&self, state: &mut State, on: bool) -> Option<()> {
        state.writes.push(on);
        state.is_on = on;
        if let Some(delay) = state.passes_after.filter(|_| on) {
            let board = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(delay).await;
                board.set_sensor(true);
                tokio::time::sleep(Duration::from_millis(300)).await;
                board.set_sensor(false);
            });
        }
        if on && state.fault == Fault::DeadAfterOn {
            state.fault = Fault::Dead;
            return None;
        }
        if on && state.fault == Fault::CutAfterOn {
            state.fault = Fault::None;
            return None;
        }
        Some(())
    }
}
