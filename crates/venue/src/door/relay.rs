//! Relay: a door behind a relay board over Modbus TCP. On, off by our own timer, and the sensor in between.
//!
//! Lives here: [`RelayDoor`]. Not here: frames (`modbus`), the board's own pulse time, which is to be set as well. One task serves one
//! command to its end, whoever waits for it: a caller that goes away leaves no relay on.

use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use documents::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::modbus::{Answer, HEADER, MOST, ModbusError, Request, read_header};
use super::{Door, DoorCommand, DoorError, Passage, Spent};

/// How long the board has for a connection or an answer.
const ANSWER: Duration = Duration::from_secs(2);
/// How often the sensor is read.
const POLL: Duration = Duration::from_millis(50);
/// How long somebody has to go through, where the wiring says nothing else.
const PASSAGE: Duration = Duration::from_secs(10);
/// How often switching off is tried, each time over a new connection.
const OFF_TRIES: u32 = 5;

/// Where a board is and how it is wired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayConfig {
    address: SocketAddr,
    unit: u8,
    first: u16,
    count: u16,
    input: u16,
    pulse: Duration,
    passage: Duration,
}

/// Why a wiring is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RelayConfigError {
    /// No coil, or too many.
    #[error("a door has 1 to 16 coils in a row")]
    Coils,
    /// A pulse that no lock bears.
    #[error("a relay closes for 500 to 3000 milliseconds")]
    Pulse,
}

impl RelayConfig {
    /// A board at `address` (port 502 as a rule), its unit, `coils` as first address and count, the sensor's input, and for how many
    /// milliseconds the relay closes.
    ///
    /// # Errors
    /// [`RelayConfigError`].
    pub fn new(
        address: SocketAddr,
        unit: u8,
        (first, count): (u16, u16),
        input: u16,
        pulse_millis: u16,
    ) -> Result<Self, RelayConfigError> {
        if !(1..=MOST).contains(&count) {
            return Err(RelayConfigError::Coils);
        }
        if !(500..=3000).contains(&pulse_millis) {
            return Err(RelayConfigError::Pulse);
        }
        let pulse = Duration::from_millis(u64::from(pulse_millis));
        Ok(Self { address, unit, first, count, input, pulse, passage: PASSAGE })
    }

    /// The same with another time to go through than ten seconds.
    #[must_use]
    pub const fn with_passage(self, passage: Duration) -> Self {
        Self { passage, ..self }
    }

    const fn switch(&self, on: bool) -> Request {
        if self.count == 1 {
            Request::WriteCoil { coil: self.first, on }
        } else {
            Request::WriteCoils { first: self.first, count: self.count, on }
        }
    }
}

/// A door behind a relay board. Commands come one after the other.
#[derive(Debug, Clone)]
pub struct RelayDoor {
    config: RelayConfig,
    spent: Arc<Mutex<Spent>>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl RelayDoor {
    /// The driver of one board, from `started` on.
    #[must_use]
    pub fn new(config: RelayConfig, started: Timestamp) -> Self {
        Self { config, spent: Arc::new(Mutex::new(Spent::new(started))), turn: Arc::default() }
    }
}

impl Door for RelayDoor {
    fn open<'a>(
        &'a self,
        command: DoorCommand,
        now: Timestamp,
    ) -> Pin<Box<dyn Future<Output = Result<Passage, DoorError>> + Send + 'a>> {
        Box::pin(async move {
            // Spent before anything moves: whatever becomes of it, it opens nothing again.
            self.spent.lock().unwrap_or_else(PoisonError::into_inner).spend(command, now)?;
            let (config, turn) = (self.config, Arc::clone(&self.turn));
            let served = tokio::spawn(async move {
                let _turn = turn.lock().await;
                serve(config).await
            });
            served.await.map_err(|_| DoorError::Stopped)?
        })
    }
}

/// Opens once: on, sensor, off by our timer, sensor.
async fn serve(config: RelayConfig) -> Result<Passage, DoorError> {
    let mut board = Board::connect(config).await?;
    let before = board.input().await?;
    let switched = board.ask(config.switch(true)).await;
    let watched = match switched {
        Ok(_) => watch(&mut board, before).await,
        // An exception says that nothing was written.
        Err(error @ DoorError::Answer(ModbusError::Exception(_))) => return Err(error),
        Err(error) => Err(error),
    };
    // Off in any case: after a fault nobody knows whether the relay is on.
    match watched {
        Ok(passage) => Ok(passage),
        Err(error) => {
            switch_off(config).await?;
            Err(error)
        }
    }
}

async fn watch(board: &mut Board, before: bool) -> Result<Passage, DoorError> {
    let (mut off, mut deadline) = (pin!(sleep(board.config.pulse)), pin!(sleep(board.config.passage)));
    let (mut last, mut passed, mut is_on) = (before, false, true);
    while is_on || !passed {
        tokio::select! {
            biased;
            () = &mut off, if is_on => {
                board.ask(board.config.switch(false)).await?;
                is_on = false;
            }
            () = &mut deadline, if !is_on => break,
            () = sleep(POLL) => {
                let seen = board.input().await?;
                passed |= seen && !last;
                last = seen;
            }
        }
    }
    Ok(if passed { Passage::Passed } else { Passage::NotEntered })
}

/// Switches off over new connections until the board says that it did.
async fn switch_off(config: RelayConfig) -> Result<(), DoorError> {
    for _ in 0..OFF_TRIES {
        let tried = async { Board::connect(config).await?.ask(config.switch(false)).await };
        if tried.await.is_ok() {
            return Ok(());
        }
        sleep(POLL).await;
    }
    Err(DoorError::StuckOpen)
}

/// A connection to a board.
struct Board {
    config: RelayConfig,
    stream: TcpStream,
    transaction: u16,
}

impl Board {
    async fn connect(config: RelayConfig) -> Result<Self, DoorError> {
        let connected = timeout(ANSWER, TcpStream::connect(config.address)).await;
        let stream = connected.map_err(|_| DoorError::Silent)?.map_err(DoorError::Unreachable)?;
        stream.set_nodelay(true).map_err(DoorError::Unreachable)?;
        Ok(Self { config, stream, transaction: 0 })
    }

    async fn input(&mut self) -> Result<bool, DoorError> {
        match self.ask(Request::ReadInput { input: self.config.input }).await? {
            Answer::Input(state) => Ok(state),
            Answer::Written => Err(ModbusError::Form.into()),
        }
    }

    async fn ask(&mut self, request: Request) -> Result<Answer, DoorError> {
        self.transaction = self.transaction.wrapping_add(1);
        let (transaction, unit) = (self.transaction, self.config.unit);
        let exchange = async {
            self.stream
                .write_all(&request.encode(transaction, unit))
                .await
                .map_err(DoorError::Unreachable)?;
            let mut header = [0; HEADER];
            self.stream.read_exact(&mut header).await.map_err(DoorError::Unreachable)?;
            let mut rest = vec![0; read_header(header, transaction, unit)?];
            self.stream.read_exact(&mut rest).await.map_err(DoorError::Unreachable)?;
            Ok(request.read(&rest)?)
        };
        timeout(ANSWER, exchange).await.map_err(|_| DoorError::Silent)?
    }
}
