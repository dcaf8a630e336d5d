//! Appeals and suspensions: what a traveller asks of a person, and what an officer decides about a pass.
//!
//! Lives here: rows. Not here: who may decide, and what follows (`crate::risk_control`).

use ::risk::RuleId;
use documents::Timestamp;
use sqlx::any::AnyRow;

use super::vault::{PersonKey, Vault};
use super::{
    Result, StoreError, Tx, all, array, column, define_statements, optional, optional_array, run, time,
};

define_statements! {
    ADD_APPEAL = "INSERT INTO appeal (reference, made_at, due_at, language, words, outcome, answered_at, officer, answer) VALUES ($1, $2, $3, $4, $5, 0, 0, '', '') ON CONFLICT (reference) DO NOTHING";
    FIND_APPEAL = "SELECT reference, made_at, due_at, language, words, outcome, answered_at, officer, answer FROM appeal WHERE reference = $1";
    OPEN_APPEALS = "SELECT reference, made_at, due_at, language, words, outcome, answered_at, officer, answer FROM appeal WHERE outcome = 0 AND due_at > 0 ORDER BY due_at, reference LIMIT 500";
    OVERDUE_APPEALS = "SELECT COUNT(*) AS counted FROM appeal WHERE outcome = 0 AND due_at < $1";
    ANSWER_APPEAL = "UPDATE appeal SET outcome = $1, answered_at = $2, officer = $3, answer = $4 WHERE reference = $5 AND outcome = 0";
    COUNT_SUCCEEDED = "INSERT INTO appeal_count (rule, succeeded, failed) VALUES ($1, 1, 0) ON CONFLICT (rule) DO UPDATE SET succeeded = appeal_count.succeeded + 1";
    COUNT_FAILED = "INSERT INTO appeal_count (rule, succeeded, failed) VALUES ($1, 0, 1) ON CONFLICT (rule) DO UPDATE SET failed = appeal_count.failed + 1";
    ASK_SUSPENSION = "INSERT INTO suspension (person_key, state, reference, asked_at, due_at, officer, note) VALUES ($1, 1, $2, $3, $4, '', '') ON CONFLICT (person_key) DO UPDATE SET state = excluded.state, reference = excluded.reference, asked_at = excluded.asked_at, due_at = excluded.due_at, officer = '', note = '' WHERE suspension.state > 2";
    SET_SUSPENSION = "INSERT INTO suspension (person_key, state, reference, asked_at, due_at, officer, note) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (person_key) DO UPDATE SET state = excluded.state, reference = excluded.reference, asked_at = excluded.asked_at, due_at = excluded.due_at, officer = excluded.officer, note = excluded.note";
    FIND_SUSPENSION = "SELECT person_key, state, reference, asked_at, due_at, officer, note FROM suspension WHERE person_key = $1";
    ASKED_SUSPENSIONS = "SELECT person_key, state, reference, asked_at, due_at, officer, note FROM suspension WHERE state = 1 AND due_at > 0 ORDER BY due_at LIMIT 500";
    LAPSE_SUSPENSIONS = "UPDATE suspension SET state = 4 WHERE state = 1 AND due_at <= $1";
    SUSPEND_TOKENS = "UPDATE token SET status = 2 WHERE person_key = $1 AND status = 0";
    LIFT_TOKENS = "UPDATE token SET status = 0 WHERE person_key = $1 AND status = 2";
}

/// Seconds in which an officer confirms a suspension that a rule asked for.
pub const SUSPENSION_SECONDS: i64 = 3600;

pub(super) const APPEAL: &str = "appeal";
const SUSPENSION: &str = "suspension";

/// How an appeal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppealOutcome {
    /// Nobody has answered yet.
    Open,
    /// The traveller was right: what was found of them was wrong.
    Succeeded,
    /// It stays as it was, with the reasons that the answer gives.
    Failed,
}

impl AppealOutcome {
    const fn number(self) -> i16 {
        match self {
            Self::Open => 0,
            Self::Succeeded => 1,
            Self::Failed => 2,
        }
    }

    /// The word in files and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }

    fn from_number(number: i16) -> Result<Self> {
        let all = [Self::Open, Self::Succeeded, Self::Failed];
        let found = all.into_iter().find(|each| each.number() == number);
        found.ok_or(StoreError::Row { table: APPEAL, column: "outcome" })
    }
}

/// One appeal.
#[derive(Clone, PartialEq, Eq)]
pub struct Appeal {
    /// The reference of the verdict that it is about.
    pub reference: [u8; 16],
    /// When it came in.
    pub made_at: Timestamp,
    /// By when it has to be answered.
    pub due_at: Timestamp,
    /// The language in which the traveller is answered, such as `zh-Hant`.
    pub language: String,
    /// What they say.
    pub words: String,
    /// How it stands.
    pub outcome: AppealOutcome,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
    /// By whom; empty until then.
    pub officer: String,
    /// The answer in the traveller's language; empty until then.
    pub answer: String,
}
documents::redact_debug!(Appeal);

/// How a suspension stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuspensionState {
    /// A rule asked for it; nothing happened yet.
    Asked,
    /// In force: codes of the pass count nowhere.
    InForce,
    /// An officer or an appeal lifted it, or an officer dismissed what the rule asked for.
    Lifted,
    /// Nobody confirmed it within an hour.
    Lapsed,
}

impl SuspensionState {
    const fn number(self) -> i16 {
        match self {
            Self::Asked => 1,
            Self::InForce => 2,
            Self::Lifted => 3,
            Self::Lapsed => 4,
        }
    }

    /// The word in files and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::InForce => "in_force",
            Self::Lifted => "lifted",
            Self::Lapsed => "lapsed",
        }
    }

    fn from_number(number: i16) -> Result<Self> {
        let all = [Self::Asked, Self::InForce, Self::Lifted, Self::Lapsed];
        let found = all.into_iter().find(|each| each.number() == number);
        found.ok_or(StoreError::Row { table: SUSPENSION, column: "state" })
    }
}

/// A suspension of somebody's pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspension {
    /// Whose pass.
    pub person: PersonKey,
    /// How it stands.
    pub state: SuspensionState,
    /// The verdict at which a rule asked for it; `None` where an officer spoke it without one.
    pub reference: Option<[u8; 16]>,
    /// Since when.
    pub asked_at: Timestamp,
    /// Until when an officer has to confirm it.
    pub due_at: Timestamp,
    /// Who decided; empty until then.
    pub officer: String,
    /// Why.
    pub note: String,
}

fn appeal(row: &AnyRow, vault: &Vault) -> Result<Appeal> {
    let reference: [u8; 16] = array(row, APPEAL, "reference")?;
    let sealed: Vec<u8> = column(row, APPEAL, "words")?;
    let words = vault.open_own(APPEAL, &reference, &sealed)?;
    let damaged = |_| StoreError::Row { table: APPEAL, column: "words" };
    let answered_at: i64 = column(row, APPEAL, "answered_at")?;
    Ok(Appeal {
        reference,
        made_at: time(row, APPEAL, "made_at")?,
        due_at: time(row, APPEAL, "due_at")?,
        language: column(row, APPEAL, "language")?,
        words: String::from_utf8(words.to_vec()).map_err(damaged)?,
        outcome: AppealOutcome::from_number(column(row, APPEAL, "outcome")?)?,
        answered_at: Timestamp::from_unix(answered_at).filter(|at| at.unix() > 0),
        officer: column(row, APPEAL, "officer")?,
        answer: column(row, APPEAL, "answer")?,
    })
}

/// Writes an appeal; false where there is one about this verdict.
pub(crate) async fn add_appeal(
    tx: &mut Tx,
    vault: &Vault,
    reference: &[u8; 16],
    (words, language): (&str, &str),
    (now, due_at): (Timestamp, Timestamp),
) -> Result<bool> {
    let words = vault.seal_own(APPEAL, reference, words.as_bytes())?;
    let language = language.to_owned();
    Ok(run!(tx, ADD_APPEAL, reference.to_vec(), now.unix(), due_at.unix(), language, words)? == 1)
}

/// The appeal about a verdict.
pub(crate) async fn find_appeal(tx: &mut Tx, vault: &Vault, reference: &[u8; 16]) -> Result<Option<Appeal>> {
    optional!(tx, FIND_APPEAL, reference.to_vec())?.map(|row| appeal(&row, vault)).transpose()
}

/// Appeals that wait for an answer, those first that are due first; 500 at most.
pub(crate) async fn open_appeals(tx: &mut Tx, vault: &Vault) -> Result<Vec<Appeal>> {
    all!(tx, OPEN_APPEALS)?.iter().map(|row| appeal(row, vault)).collect()
}

/// How many appeals are past their time.
pub(crate) async fn count_overdue(tx: &mut Tx, now: Timestamp) -> Result<i64> {
    optional!(tx, OVERDUE_APPEALS, now.unix())?.map_or(Ok(0), |row| column(&row, APPEAL, "counted"))
}

/// Writes the answer to an appeal; false where it was answered, or there is none.
pub(crate) async fn answer_appeal(
    tx: &mut Tx,
    reference: &[u8; 16],
    (outcome, officer, answer): (AppealOutcome, &str, &str),
    now: Timestamp,
) -> Result<bool> {
    let (officer, answer) = (officer.to_owned(), answer.to_owned());
    let done = run!(tx, ANSWER_APPEAL, outcome.number(), now.unix(), officer, answer, reference.to_vec())?;
    Ok(done == 1)
}

/// Counts a decided appeal against a rule.
pub(crate) async fn count_appeal(tx: &mut Tx, rule: &RuleId, succeeded: bool) -> Result<()> {
    let rule = rule.as_str().to_owned();
    if succeeded { run!(tx, COUNT_SUCCEEDED, rule).map(drop) } else { run!(tx, COUNT_FAILED, rule).map(drop) }
}

fn suspension(row: &AnyRow) -> Result<Suspension> {
    Ok(Suspension {
        person: PersonKey::from_bytes(array(row, SUSPENSION, "person_key")?),
        state: SuspensionState::from_number(column(row, SUSPENSION, "state")?)?,
        reference: optional_array(row, SUSPENSION, "reference")?,
        asked_at: time(row, SUSPENSION, "asked_at")?,
        due_at: time(row, SUSPENSION, "due_at")?,
        officer: column(row, SUSPENSION, "officer")?,
        note: column(row, SUSPENSION, "note")?,
    })
}

/// Writes that a rule asks for a suspension, unless one is asked for or in force.
pub(crate) async fn ask_suspension(
    tx: &mut Tx,
    person: PersonKey,
    reference: &[u8; 16],
    (now, due_at): (Timestamp, Timestamp),
) -> Result<()> {
    run!(tx, ASK_SUSPENSION, person.to_vec(), reference.to_vec(), now.unix(), due_at.unix()).map(drop)
}

/// Writes a suspension as it stands now; the tokens of the pass follow it.
pub(crate) async fn set_suspension(tx: &mut Tx, suspension: &Suspension) -> Result<()> {
    let (person, state) = (suspension.person.to_vec(), suspension.state.number());
    let reference = suspension.reference.map(|reference| reference.to_vec());
    let (asked_at, due_at) = (suspension.asked_at.unix(), suspension.due_at.unix());
    let (officer, note) = (suspension.officer.clone(), suspension.note.clone());
    run!(tx, SET_SUSPENSION, person.clone(), state, reference, asked_at, due_at, officer, note)?;
    match suspension.state {
        SuspensionState::InForce => run!(tx, SUSPEND_TOKENS, person).map(drop),
        SuspensionState::Lifted => run!(tx, LIFT_TOKENS, person).map(drop),
        SuspensionState::Asked | SuspensionState::Lapsed => Ok(()),
    }
}

/// The last suspension of a person's pass.
pub(crate) async fn find_suspension(tx: &mut Tx, person: PersonKey) -> Result<Option<Suspension>> {
    optional!(tx, FIND_SUSPENSION, person.to_vec())?.map(|row| suspension(&row)).transpose()
}

/// Whether a suspension of this person's pass is in force.
pub(crate) async fn is_suspended(tx: &mut Tx, person: PersonKey) -> Result<bool> {
    Ok(find_suspension(tx, person).await?.is_some_and(|found| found.state == SuspensionState::InForce))
}

/// Suspensions that wait for an officer, those first that lapse first; 500 at most.
pub(crate) async fn asked_suspensions(tx: &mut Tx) -> Result<Vec<Suspension>> {
    all!(tx, ASKED_SUSPENSIONS)?.iter().map(suspension).collect()
}

/// Writes which suspensions nobody confirmed in time; gives how many.
pub(crate) async fn lapse_suspensions(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    run!(tx, LAPSE_SUSPENSIONS, now.unix())
}
