//! Rows of the queues: what is to be told to the police's register or the hotel's system, until it is answered.
//!
//! Lives here: statements on `report`. Not here: what is told and to whom (`police`, `hotel_system`). A row is written in the
//! transaction of what it tells, and its id is the idempotency key: it is sent until it is answered, and counts once.

use std::collections::BTreeMap;

use documents::Timestamp;
use zeroize::Zeroizing;

use super::person::Person;
use super::vault::{open, random, seal};
use super::{
    PersonKey, Result, Store, StoreError, Tx, all, column, define_statements, optional, run, sixteen, time,
};
use crate::stay::StayId;

define_statements! {
    INSERT_REPORT = "INSERT INTO report (id, queue, stay, person_key, number, kind, state, made_at, alarm_at, due_at, tries, \
        next_at, sent_at, receipt, answer, sealed) \
        VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $7, $8, $9, 0, $7, NULL, NULL, NULL, $10)";
    LAST_NUMBER = "SELECT MAX(number) AS number FROM report WHERE queue = $1 AND stay = $2";
    DUE_REPORTS = "SELECT id, stay, person_key, kind, made_at, alarm_at, due_at, tries, sealed FROM report AS this \
        WHERE queue = $1 AND state = 'waiting' AND (next_at <= $2 OR next_at > $4) AND (kind = 'in' OR NOT EXISTS (SELECT 1 FROM report AS other \
        WHERE other.queue = this.queue AND other.stay = this.stay AND other.id <> this.id \
        AND (other.number < this.number OR other.kind = 'in') AND other.state IN ('waiting', 'refused'))) \
        ORDER BY made_at, id LIMIT $3";
    RECEIPT = "SELECT receipt FROM report WHERE queue = $1 AND stay = $2 AND kind = 'in' AND state = 'sent'";
    TOLD = "SELECT id FROM report WHERE queue = $1 AND stay = $2 AND kind = 'in' AND state IN ('waiting', 'sent')";
    SENT_REPORT = "UPDATE report SET state = 'sent', receipt = $2, sent_at = $3, tries = tries + 1 \
        WHERE id = $1 AND state = 'waiting'";
    REFUSED_REPORT = "UPDATE report SET state = 'refused', answer = $2, tries = tries + 1 WHERE id = $1 AND state = 'waiting'";
    PUT_OFF_REPORT = "UPDATE report SET next_at = $2, tries = tries + 1 WHERE id = $1 AND state = 'waiting'";
    PUT_OFF_QUEUE = "UPDATE report SET next_at = $3 WHERE queue = $1 AND state = 'waiting' AND next_at <= $2";
    REFUSED_KINDS = "SELECT kind FROM report WHERE queue = $1 AND stay = $2 AND state = 'refused'";
    REPLACE_REPORTS = "UPDATE report SET state = 'replaced' WHERE queue = $1 AND stay = $2 AND state = 'refused'";
    REPORTS_OF_STAY = "SELECT id, kind, state, made_at, alarm_at, due_at, tries, sent_at, receipt, answer FROM report \
        WHERE queue = $1 AND stay = $2 ORDER BY number";
    OPEN_REPORTS = "SELECT state, made_at, alarm_at, due_at FROM report WHERE queue = $1 AND state IN ('waiting', 'refused')";
    OPEN_STAYS = "SELECT stay, MIN(made_at) AS made_at FROM report WHERE queue = $1 AND state IN ('waiting', 'refused') GROUP BY stay";
    NEXT_REPORT = "SELECT MIN(next_at) AS next_at FROM report WHERE queue = $1 AND state = 'waiting'";
    OPEN_OF_PERSON = "SELECT COUNT(*) AS open FROM report WHERE person_key = $1 AND state IN ('waiting', 'refused')";
    DELETE_REPORTS = "DELETE FROM report WHERE person_key = $1";
}

/// The pause after the first try that failed, in seconds; it doubles with each one.
pub(crate) const FIRST_PAUSE: i64 = 5;
/// The longest pause before a record is sent again, in seconds.
const LONGEST_PAUSE: i64 = 600;

/// The pause after so many tries that failed, in seconds: five seconds, doubled with each try, ten minutes at most.
pub(crate) fn pause(tries: i64) -> i64 {
    let doublings = u32::try_from(tries.clamp(0, 20)).unwrap_or(0);
    FIRST_PAUSE.saturating_mul(1_i64.checked_shl(doublings).unwrap_or(i64::MAX)).min(LONGEST_PAUSE)
}

/// To whom a queue goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Queue {
    /// The police's register.
    Police,
    /// The hotel's own system.
    HotelSystem,
}

impl Queue {
    const fn code(self) -> &'static str {
        match self {
            Self::Police => "police",
            Self::HotelSystem => "hotel_system",
        }
    }
}

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An arrival.
    In,
    /// A correction or another room.
    Correct,
    /// A departure.
    Out,
}

impl Kind {
    const ALL: [Self; 3] = [Self::In, Self::Correct, Self::Out];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Correct => "correct",
            Self::Out => "out",
        }
    }
}

/// The id of a row, and its idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReportId([u8; 16]);
crate::stay::id!(ReportId);

impl ReportId {
    /// A new id.
    pub(crate) fn draw() -> Result<Self> {
        random().map(Self)
    }
}

/// A row that falls due.
pub(crate) struct Due {
    pub(crate) id: ReportId,
    pub(crate) stay: StayId,
    pub(crate) kind: Kind,
    pub(crate) tries: i64,
    pub(crate) body: Zeroizing<Vec<u8>>,
}
documents::redact_debug!(Due);

/// How far a report has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportState {
    /// Not answered yet.
    Waiting {
        /// How often it was sent.
        tries: i64,
    },
    /// Taken, under this receipt.
    Sent {
        /// Its number.
        receipt: String,
        /// When.
        at: Timestamp,
    },
    /// Refused for what the answer names; a clerk corrects the stay.
    Refused {
        /// The answer's text: fields and codes, as JSON.
        answer: String,
    },
    /// Refused, and sent again with other content.
    Replaced,
}

/// One report of a stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its id.
    pub id: ReportId,
    /// What it tells.
    pub kind: Kind,
    /// How far it has come.
    pub state: ReportState,
    /// When it was made.
    pub made_at: Timestamp,
    /// From when on the desk sounds the alarm; `None` where the law sets no time.
    pub alarm_at: Option<Timestamp>,
    /// The last lawful moment.
    pub due_at: Option<Timestamp>,
}

/// What is open in a queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueHealth {
    /// Not answered yet.
    pub waiting: usize,
    /// Refused; a clerk has to correct them.
    pub refused: usize,
    /// Open, and past the alarm.
    pub alarm: usize,
    /// Open, and past the last lawful moment.
    pub overdue: usize,
    /// Open, and made after now: this desk's clock is wrong, or was.
    pub from_the_future: usize,
}

/// A new row.
pub(crate) struct NewReport<'a> {
    pub(crate) id: ReportId,
    pub(crate) queue: Queue,
    pub(crate) stay: StayId,
    pub(crate) kind: Kind,
    pub(crate) made_at: Timestamp,
    pub(crate) alarm_at: Option<Timestamp>,
    pub(crate) due_at: Option<Timestamp>,
    pub(crate) body: &'a [u8],
}

impl Store {
    pub(crate) async fn insert_report(
        &self,
        tx: &mut Tx,
        person: &Person,
        new: &NewReport<'_>,
    ) -> Result<()> {
        let id = new.id;
        let (queue, stay) = (new.queue.code().to_owned(), new.stay.as_bytes().to_vec());
        let row = optional!(tx, LAST_NUMBER, queue.clone(), stay.clone())?;
        let last: Option<i64> = row.map(|row| column(&row, "report", "number")).transpose()?.flatten();
        let sealed = seal(&person.record_key, "report", id.as_bytes(), new.body)?;
        run!(
            tx,
            INSERT_REPORT,
            id.as_bytes().to_vec(),
            queue,
            stay,
            person.key.to_vec(),
            last.map_or(0, |last| last + 1),
            new.kind.code().to_owned(),
            new.made_at.unix(),
            new.alarm_at.map(Timestamp::unix),
            new.due_at.map(Timestamp::unix),
            sealed
        )
        .map(drop)
    }

    /// Up to `most` rows that fall due, oldest first; of one stay the earliest alone. A row that would wait longer than any pause
    /// was put off under a clock that ran ahead: it is due too.
    pub(crate) async fn due_reports(
        &self,
        tx: &mut Tx,
        queue: Queue,
        now: Timestamp,
        most: i64,
    ) -> Result<Vec<Due>> {
        let latest = now.plus_seconds(LONGEST_PAUSE).unix();
        let rows = all!(tx, DUE_REPORTS, queue.code().to_owned(), now.unix(), most, latest)?;
        let mut due = Vec::with_capacity(rows.len());
        for row in &rows {
            let id = ReportId(sixteen(row, "report", "id")?);
            let person = PersonKey::from_bytes(sixteen(row, "report", "person_key")?);
            let person = self.find_person(tx, person).await?;
            let person = person.ok_or(StoreError::Row { table: "report", column: "person_key" })?;
            let sealed: Vec<u8> = column(row, "report", "sealed")?;
            due.push(Due {
                id,
                stay: StayId::from_bytes(sixteen(row, "report", "stay")?),
                kind: kind(row)?,
                tries: column(row, "report", "tries")?,
                body: open(&person.record_key, "report", id.as_bytes(), &sealed)?,
            });
        }
        Ok(due)
    }

    /// The receipt of a stay's arrival.
    pub(crate) async fn receipt(&self, tx: &mut Tx, queue: Queue, stay: StayId) -> Result<Option<String>> {
        let row = optional!(tx, RECEIPT, queue.code().to_owned(), stay.as_bytes().to_vec())?;
        row.map(|row| column(&row, "report", "receipt")).transpose().map(Option::flatten)
    }

    /// Whether the arrival was told, or is about to be.
    pub(crate) async fn arrival_is_told(&self, tx: &mut Tx, queue: Queue, stay: StayId) -> Result<bool> {
        let row = optional!(tx, TOLD, queue.code().to_owned(), stay.as_bytes().to_vec())?;
        Ok(row.is_some())
    }

    pub(crate) async fn report_sent(
        &self,
        tx: &mut Tx,
        id: ReportId,
        receipt: &str,
        now: Timestamp,
    ) -> Result<()> {
        run!(tx, SENT_REPORT, id.as_bytes().to_vec(), receipt.to_owned(), now.unix()).map(drop)
    }

    /// Sets a report aside that was refused. The answer may repeat personal data: it is sealed as the report is.
    pub(crate) async fn report_refused(
        &self,
        tx: &mut Tx,
        id: ReportId,
        stay: StayId,
        answer: &str,
    ) -> Result<()> {
        let Some(row) = self.find_stay(tx, stay).await? else { return Ok(()) };
        let sealed = seal(&row.person.record_key, "report_answer", id.as_bytes(), answer.as_bytes())?;
        run!(tx, REFUSED_REPORT, id.as_bytes().to_vec(), sealed).map(drop)
    }

    pub(crate) async fn put_off_report(&self, tx: &mut Tx, id: ReportId, next_at: Timestamp) -> Result<()> {
        run!(tx, PUT_OFF_REPORT, id.as_bytes().to_vec(), next_at.unix()).map(drop)
    }

    /// Puts off whatever is due in a queue: the other side is away.
    pub(crate) async fn put_off_queue(
        &self,
        tx: &mut Tx,
        queue: Queue,
        now: Timestamp,
        next_at: Timestamp,
    ) -> Result<()> {
        run!(tx, PUT_OFF_QUEUE, queue.code().to_owned(), now.unix(), next_at.unix()).map(drop)
    }

    /// Refused reports of this stay give way to new ones. Gives what they told.
    pub(crate) async fn replace_refused(&self, tx: &mut Tx, queue: Queue, stay: StayId) -> Result<Vec<Kind>> {
        let (queue, stay) = (queue.code().to_owned(), stay.as_bytes().to_vec());
        let rows = all!(tx, REFUSED_KINDS, queue.clone(), stay.clone())?;
        run!(tx, REPLACE_REPORTS, queue, stay)?;
        rows.iter().map(kind).collect()
    }

    /// The reports of a stay, in their order.
    pub(crate) async fn reports_of(
        &self,
        tx: &mut Tx,
        person: &Person,
        queue: Queue,
        stay: StayId,
    ) -> Result<Vec<Report>> {
        let rows = all!(tx, REPORTS_OF_STAY, queue.code().to_owned(), stay.as_bytes().to_vec())?;
        rows.iter().map(|row| report(person, row)).collect()
    }

    /// What is open in a queue.
    pub(crate) async fn queue_health(&self, queue: Queue, now: Timestamp) -> Result<QueueHealth> {
        let mut tx = self.read().await?;
        let health = health(&mut tx, queue, now).await;
        tx.end_by(health).await
    }

    /// The stays of which a report waits or was refused, the oldest report first.
    pub(crate) async fn stays_with_open_reports(&self, tx: &mut Tx) -> Result<Vec<StayId>> {
        let mut oldest = BTreeMap::new();
        for queue in [Queue::Police, Queue::HotelSystem] {
            for row in &all!(tx, OPEN_STAYS, queue.code().to_owned())? {
                let stay = StayId::from_bytes(sixteen(row, "report", "stay")?);
                let made_at = time(row, "report", "made_at")?;
                oldest.entry(stay).and_modify(|at: &mut Timestamp| *at = made_at.min(*at)).or_insert(made_at);
            }
        }
        let mut stays: Vec<_> = oldest.into_iter().map(|(stay, made_at)| (made_at, stay)).collect();
        stays.sort();
        Ok(stays.into_iter().map(|(_, stay)| stay).collect())
    }

    /// When the next row of a queue falls due.
    pub(crate) async fn next_report(&self, queue: Queue) -> Result<Option<Timestamp>> {
        let mut tx = self.read().await?;
        let next = next(&mut tx, queue).await;
        tx.end_by(next).await
    }
}

async fn health(tx: &mut Tx, queue: Queue, now: Timestamp) -> Result<QueueHealth> {
    let mut health = QueueHealth::default();
    for row in &all!(tx, OPEN_REPORTS, queue.code().to_owned())? {
        let state: String = column(row, "report", "state")?;
        *(if state == "waiting" { &mut health.waiting } else { &mut health.refused }) += 1;
        let past = |at: Option<i64>| at.is_some_and(|at| at <= now.unix());
        health.alarm += usize::from(past(column(row, "report", "alarm_at")?));
        health.from_the_future += usize::from(time(row, "report", "made_at")? > now);
        health.overdue += usize::from(past(column(row, "report", "due_at")?));
    }
    Ok(health)
}

async fn next(tx: &mut Tx, queue: Queue) -> Result<Option<Timestamp>> {
    let row = optional!(tx, NEXT_REPORT, queue.code().to_owned())?;
    let next: Option<i64> = row.map(|row| column(&row, "report", "next_at")).transpose()?.flatten();
    Ok(next.and_then(Timestamp::from_unix))
}

fn kind(row: &sqlx::any::AnyRow) -> Result<Kind> {
    let code: String = column(row, "report", "kind")?;
    let found = Kind::ALL.into_iter().find(|kind| kind.code() == code);
    found.ok_or(StoreError::Row { table: "report", column: "kind" })
}

fn report(person: &Person, row: &sqlx::any::AnyRow) -> Result<Report> {
    let id = ReportId(sixteen(row, "report", "id")?);
    let damaged = |column| StoreError::Row { table: "report", column };
    let state: String = column(row, "report", "state")?;
    let state = match state.as_str() {
        "waiting" => ReportState::Waiting { tries: column(row, "report", "tries")? },
        "sent" => {
            let receipt: Option<String> = column(row, "report", "receipt")?;
            ReportState::Sent {
                receipt: receipt.ok_or(damaged("receipt"))?,
                at: time(row, "report", "sent_at")?,
            }
        }
        "refused" => {
            let sealed: Option<Vec<u8>> = column(row, "report", "answer")?;
            let sealed = sealed.ok_or(damaged("answer"))?;
            let answer = open(&person.record_key, "report_answer", id.as_bytes(), &sealed)?;
            let answer = String::from_utf8(answer.to_vec()).map_err(|_| damaged("answer"))?;
            ReportState::Refused { answer }
        }
        "replaced" => ReportState::Replaced,
        _ => return Err(damaged("state")),
    };
    let moment = |name| {
        let at: Option<i64> = column(row, "report", name)?;
        Ok::<_, StoreError>(at.and_then(Timestamp::from_unix))
    };
    let made_at = time(row, "report", "made_at")?;
    let (alarm_at, due_at) = (moment("alarm_at")?, moment("due_at")?);
    Ok(Report { id, kind: kind(row)?, state, made_at, alarm_at, due_at })
}

/// How many reports of a person are open.
pub(super) async fn open_of(tx: &mut Tx, person: PersonKey) -> Result<i64> {
    let row = optional!(tx, OPEN_OF_PERSON, person.to_vec())?;
    row.map_or(Ok(0), |row| column(&row, "report", "open"))
}

pub(super) async fn delete_of(tx: &mut Tx, person: PersonKey) -> Result<u64> {
    run!(tx, DELETE_REPORTS, person.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_ten_minutes() {
        assert_eq!([0, 1, 2, 6, 7, 63].map(pause), [5, 10, 20, 320, 600, 600]);
    }
}
