//! Courier: empties the queue towards the register, one round at a time.
//!
//! Lives here: [`Courier`]. Not here: what a record says (`record`), when rounds are made (the desk's process). A record is sent
//! under its key until it is answered; the answer is written before the next round. A stop between the two sends it once more,
//! and the register gives the same receipt.

use documents::Timestamp;

use super::client::{Answer, BATCH, Refusal, RegisterClient, RegisterFault};
use crate::store::report::{Due, FIRST_PAUSE, Kind, Queue, pause};
use crate::store::{Store, StoreError, Tx};

/// A departure whose arrival has no receipt looks again after so many seconds.
const NO_RECEIPT_PAUSE: i64 = 60;

/// Empties one desk's queue.
#[derive(Debug, Clone)]
pub struct Courier {
    store: Store,
    register: RegisterClient,
}

/// What a round did.
#[derive(Debug, Default)]
pub struct Round {
    /// Records that were taken.
    pub sent: usize,
    /// Records that were refused: a clerk corrects them.
    pub refused: usize,
    /// Records that wait for a later round.
    pub put_off: usize,
    /// The last fault, where there was one.
    pub fault: Option<RegisterFault>,
}

impl Courier {
    /// A courier from this book to this register.
    #[must_use]
    pub const fn new(store: Store, register: RegisterClient) -> Self {
        Self { store, register }
    }

    /// Sends what falls due. After a fault the round ends: the register is not asked again before the pause is over.
    ///
    /// # Errors
    /// The database's. What was sent and not written down is sent again under its key.
    pub async fn round(&self, now: Timestamp) -> Result<Round, StoreError> {
        let mut round = Round::default();
        loop {
            let mut tx = self.store.read().await?;
            let most = i64::try_from(BATCH).unwrap_or(1);
            let due = self.store.due_reports(&mut tx, Queue::Police, now, most).await?;
            tx.roll_back().await?;
            if due.is_empty() {
                return Ok(round);
            }
            let (arrivals, others): (Vec<_>, Vec<_>) = due.into_iter().partition(|due| due.kind == Kind::In);
            self.send_arrivals(&arrivals, now, &mut round).await?;
            for due in &others {
                if round.fault.is_none() {
                    self.send_other(due, now, &mut round).await?;
                }
            }
            if round.fault.is_some() {
                // Whatever else is due would meet the same fault: none of it is asked for before the first pause is over.
                let mut tx = self.store.begin().await?;
                self.store.put_off_queue(&mut tx, Queue::Police, now, now.plus_seconds(FIRST_PAUSE)).await?;
                tx.commit().await?;
                return Ok(round);
            }
        }
    }

    /// When the next record falls due.
    ///
    /// # Errors
    /// The database's.
    pub async fn next(&self) -> Result<Option<Timestamp>, StoreError> {
        self.store.next_report(Queue::Police).await
    }

    async fn send_arrivals(&self, due: &[Due], now: Timestamp, round: &mut Round) -> Result<(), StoreError> {
        match due {
            [] => Ok(()),
            [one] => {
                let answer = self.register.arrival(one.id, &one.body).await;
                self.note(vec![(one, answer)], now, round).await
            }
            many => {
                let records: Vec<_> = many.iter().map(|due| (due.id, due.body.as_slice())).collect();
                match self.register.arrivals(&records).await {
                    Ok(mut answers) => {
                        let answered: Vec<_> = many
                            .iter()
                            .map(|due| (due, Ok(answers.remove(&due.id).unwrap_or(Answer::Later))))
                            .collect();
                        self.note(answered, now, round).await
                    }
                    Err(fault) => {
                        round.fault = Some(fault);
                        let later: Vec<_> = many.iter().map(|due| (due, Ok(Answer::Later))).collect();
                        self.note(later, now, round).await
                    }
                }
            }
        }
    }

    async fn send_other(&self, due: &Due, now: Timestamp, round: &mut Round) -> Result<(), StoreError> {
        let mut tx = self.store.read().await?;
        let receipt = self.store.receipt(&mut tx, Queue::Police, due.stay).await?;
        tx.roll_back().await?;
        let Some(receipt) = receipt else {
            let mut tx = self.store.begin().await?;
            self.store.put_off_report(&mut tx, due.id, now.plus_seconds(NO_RECEIPT_PAUSE)).await?;
            round.put_off += 1;
            return tx.commit().await;
        };
        let answer = match due.kind {
            Kind::Out => self.register.departure(&receipt, due.id, &due.body).await,
            Kind::In | Kind::Correct => self.register.correction(&receipt, due.id, &due.body).await,
        };
        self.note(vec![(due, answer)], now, round).await
    }

    /// Writes down what was answered, all of it in one transaction.
    async fn note(
        &self,
        answered: Vec<(&Due, Result<Answer, RegisterFault>)>,
        now: Timestamp,
        round: &mut Round,
    ) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        for (due, answer) in answered {
            match answer {
                Ok(Answer::Taken { receipt }) => {
                    self.store.report_sent(&mut tx, due.id, &receipt, now).await?;
                    round.sent += 1;
                }
                Ok(Answer::Refused(faults)) => {
                    self.store.report_refused(&mut tx, due.id, due.stay, &as_text(&faults)).await?;
                    round.refused += 1;
                }
                Ok(Answer::OtherBody) => {
                    self.store.report_refused(&mut tx, due.id, due.stay, &as_text(&[other_body()])).await?;
                    round.refused += 1;
                }
                Ok(Answer::Later) => self.put_off(&mut tx, due, now, round).await?,
                Err(fault) => {
                    round.fault = Some(fault);
                    self.put_off(&mut tx, due, now, round).await?;
                }
            }
        }
        tx.commit().await
    }

    async fn put_off(
        &self,
        tx: &mut Tx,
        due: &Due,
        now: Timestamp,
        round: &mut Round,
    ) -> Result<(), StoreError> {
        round.put_off += 1;
        self.store.put_off_report(tx, due.id, now.plus_seconds(pause(due.tries))).await
    }
}

fn as_text(faults: &[Refusal]) -> String {
    serde_json::to_string(faults).unwrap_or_default()
}

fn other_body() -> Refusal {
    Refusal {
        field: String::new(),
        code: "key_with_other_body".to_owned(),
        text: "the register has another record under this key; correct the stay, so that a new one is sent"
            .to_owned(),
    }
}
