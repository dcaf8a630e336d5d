//! The way to the hotel's system: one message, its answer, and the queue between.
//!
//! Lives here: [`HotelSystemClient`], [`HandOver`]. Not here: the message (`message`), the answer's form (`answer`). A transport
//! fault is tried again with the same bytes, `EchoToken` included; an error that the other system names is a clerk's to settle.

use documents::Timestamp;
use reqwest::Client;
use transport::{BodyError, bounded_body};

use super::answer::{self, AnswerError, LONGEST_ANSWER, OtaError, Reply};
use crate::store::report::{Due, FIRST_PAUSE, Queue, QueueHealth, ReportId, pause};
use crate::store::{Store, StoreError};

/// Messages of one round's look into the queue.
const AT_ONCE: i64 = 20;

/// Why no answer came. The same message is sent again.
#[derive(Debug, thiserror::Error)]
pub enum HotelSystemFault {
    /// The way to it.
    #[error(
        "the hotel system cannot be reached; messages wait in the queue. Check the network and its address"
    )]
    Unreachable(#[source] reqwest::Error),
    /// Another status than 200.
    #[error("the hotel system answers {0}; messages wait in the queue. Check the desk's access to it")]
    Status(u16),
    /// An answer that is none.
    #[error(transparent)]
    Answer(#[from] AnswerError),
}

impl HotelSystemFault {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "hotel_system_unreachable",
            Self::Status(_) => "hotel_system_status",
            Self::Answer(error) => error.code(),
        }
    }
}

/// A client of one hotel system.
#[derive(Clone)]
pub struct HotelSystemClient {
    http: Client,
    address: String,
    bearer: Option<String>,
}
documents::redact_debug!(HotelSystemClient);

impl HotelSystemClient {
    /// A client of the system at this address. `http` has its timeouts set.
    #[must_use]
    pub fn new(http: Client, address: &str, bearer: Option<String>) -> Self {
        Self { http, address: address.to_owned(), bearer }
    }

    /// Sends one message.
    ///
    /// # Errors
    /// [`HotelSystemFault`].
    pub async fn send(&self, echo: ReportId, message: &[u8]) -> Result<Reply, HotelSystemFault> {
        let request = self.http.post(&self.address).header("content-type", "application/xml; charset=utf-8");
        let request = match &self.bearer {
            Some(bearer) => request.bearer_auth(bearer),
            None => request,
        };
        let sent = request.body(message.to_vec()).send().await;
        let response = sent.map_err(HotelSystemFault::Unreachable)?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(HotelSystemFault::Status(response.status().as_u16()));
        }
        let bytes = bounded_body(response, LONGEST_ANSWER).await.map_err(|error| match error {
            BodyError::Broken(broken) => HotelSystemFault::Unreachable(broken),
            BodyError::TooLong(_) => AnswerError::Size.into(),
        })?;
        Ok(answer::read(&bytes, &echo.to_string())?)
    }
}

/// Empties one desk's queue towards the hotel's system.
#[derive(Debug, Clone)]
pub struct HandOver {
    store: Store,
    client: HotelSystemClient,
}

/// What a round did.
#[derive(Debug, Default)]
pub struct HandOverRound {
    /// Messages that were taken.
    pub sent: usize,
    /// Messages that were refused: a clerk settles them.
    pub refused: usize,
    /// The fault that ended the round, where there was one.
    pub fault: Option<HotelSystemFault>,
}

impl HandOver {
    /// From this book to this system.
    #[must_use]
    pub const fn new(store: Store, client: HotelSystemClient) -> Self {
        Self { store, client }
    }

    /// Sends what falls due, one after the other, until a fault.
    ///
    /// # Errors
    /// The database's. What was sent and not written down is sent again with the same `EchoToken`.
    pub async fn round(&self, now: Timestamp) -> Result<HandOverRound, StoreError> {
        let mut round = HandOverRound::default();
        loop {
            let mut tx = self.store.read().await?;
            let due = self.store.due_reports(&mut tx, Queue::HotelSystem, now, AT_ONCE).await?;
            tx.roll_back().await?;
            if due.is_empty() {
                return Ok(round);
            }
            for due in &due {
                let reply = self.client.send(due.id, &due.body).await;
                self.note(due, reply, now, &mut round).await?;
                if round.fault.is_some() {
                    return Ok(round);
                }
            }
        }
    }

    async fn note(
        &self,
        due: &Due,
        reply: Result<Reply, HotelSystemFault>,
        now: Timestamp,
        round: &mut HandOverRound,
    ) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        match reply {
            Ok(Reply::Success) => {
                self.store.report_sent(&mut tx, due.id, &due.id.to_string(), now).await?;
                round.sent += 1;
            }
            Ok(Reply::Errors(errors)) => {
                self.store.report_refused(&mut tx, due.id, due.stay, &as_text(&errors)).await?;
                round.refused += 1;
            }
            Err(fault) => {
                self.store.put_off_report(&mut tx, due.id, now.plus_seconds(pause(due.tries))).await?;
                // The rest would meet the same fault.
                let next = now.plus_seconds(FIRST_PAUSE);
                self.store.put_off_queue(&mut tx, Queue::HotelSystem, now, next).await?;
                round.fault = Some(fault);
            }
        }
        tx.commit().await
    }

    /// What is open in this queue.
    ///
    /// # Errors
    /// The database's.
    pub async fn health(&self, now: Timestamp) -> Result<QueueHealth, StoreError> {
        self.store.queue_health(Queue::HotelSystem, now).await
    }

    /// When the next message falls due.
    ///
    /// # Errors
    /// The database's.
    pub async fn next(&self) -> Result<Option<Timestamp>, StoreError> {
        self.store.next_report(Queue::HotelSystem).await
    }
}

fn as_text(errors: &[OtaError]) -> String {
    serde_json::to_string(errors).unwrap_or_default()
}
