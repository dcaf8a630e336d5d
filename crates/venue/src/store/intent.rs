//! Rows of intents: what a library's desk has asked its system, written before it is asked.
//!
//! Lives here: statements on `intent` and the form of the sealed record. Not here: how one is settled (`crate::library`). What was
//! borrowed, and by whom, is sealed under the reader's own key.

use credential::cbor::{CborError, Reader, Writer};
use documents::{Timestamp, redact_debug};

use super::codec::{read_text, write_text};
use super::vault::{open, seal};
use super::{
    PersonKey, Result, Store, StoreError, Tx, all, column, define_statements, optional, run, sixteen,
};
use crate::loan::{AccountId, Ending, Intent, IntentId, IntentState, Want};

define_statements! {
    INSERT_INTENT = "INSERT INTO intent (id, person_key, item_tag, state, changed_at, sealed) VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT (id) DO NOTHING";
    FIND_INTENT = "SELECT person_key, state, sealed FROM intent WHERE id = $1";
    UPDATE_INTENT = "UPDATE intent SET state = $2, changed_at = $3, sealed = $4 WHERE id = $1";
    DELETE_INTENT = "DELETE FROM intent WHERE id = $1";
    INTENTS_IN = "SELECT id FROM intent WHERE state = $1 ORDER BY changed_at, id LIMIT 200";
    OPEN_OF_ITEM = "SELECT id FROM intent WHERE item_tag = $1 AND state = 'open'";
    OPEN_OF_READER = "SELECT COUNT(*) AS open FROM intent WHERE person_key = $1 AND state IN ('open', 'untold', 'staff')";
    SET_UNTOLD = "UPDATE intent SET state = 'untold' WHERE state = 'done' AND changed_at <= $1";
    DELETE_ENDED_OF = "DELETE FROM intent WHERE person_key = $1 AND state IN ('done', 'refused')";
    DELETE_INTENTS_OF = "DELETE FROM intent WHERE person_key = $1";
    DELETE_REFUSED = "DELETE FROM intent WHERE state = 'refused' AND changed_at < $1";
}

/// Longest text that is read back, in bytes.
const TEXT: usize = 1024;
/// How long a no is kept, in seconds, so that the same request again hears the same: an hour.
const REFUSED_KEPT_SECONDS: i64 = 3_600;

/// An intent as it stands in the book.
pub(crate) struct IntentRow {
    pub(crate) id: IntentId,
    pub(crate) person: PersonKey,
    pub(crate) intent: Intent,
}
redact_debug!(IntentRow);

impl Store {
    /// Writes an intent; `false` where one stands there under its id, or the reader was erased.
    pub(crate) async fn insert_intent(
        &self,
        tx: &mut Tx,
        id: IntentId,
        person: PersonKey,
        intent: &Intent,
        now: Timestamp,
    ) -> Result<bool> {
        let Some(reader) = self.find_person(tx, person).await? else { return Ok(false) };
        let sealed = seal(&reader.record_key, "intent", id.as_bytes(), &write(intent))?;
        let tag = self.item_tag(intent.want.item());
        let (id, state) = (id.as_bytes().to_vec(), intent.state.code().to_owned());
        Ok(run!(tx, INSERT_INTENT, id, person.to_vec(), tag, state, now.unix(), sealed)? > 0)
    }

    /// The intent of this id; `None` where there is none, or its reader was erased.
    pub(crate) async fn find_intent(&self, tx: &mut Tx, id: IntentId) -> Result<Option<IntentRow>> {
        let Some(row) = optional!(tx, FIND_INTENT, id.as_bytes().to_vec())? else { return Ok(None) };
        let person = PersonKey::from_bytes(sixteen(&row, "intent", "person_key")?);
        let Some(reader) = self.find_person(tx, person).await? else { return Ok(None) };
        let state: String = column(&row, "intent", "state")?;
        let state = IntentState::from_code(&state);
        let state = state.ok_or(StoreError::Row { table: "intent", column: "state" })?;
        let sealed: Vec<u8> = column(&row, "intent", "sealed")?;
        let intent = read(&open(&reader.record_key, "intent", id.as_bytes(), &sealed)?, state);
        let intent = intent.map_err(|_| StoreError::Row { table: "intent", column: "sealed" })?;
        Ok(Some(IntentRow { id, person, intent }))
    }

    /// Writes what has become of an intent; nothing where its reader was erased.
    pub(crate) async fn update_intent(&self, tx: &mut Tx, row: &IntentRow, now: Timestamp) -> Result<()> {
        let Some(reader) = self.find_person(tx, row.person).await? else { return Ok(()) };
        let sealed = seal(&reader.record_key, "intent", row.id.as_bytes(), &write(&row.intent))?;
        let state = row.intent.state.code().to_owned();
        run!(tx, UPDATE_INTENT, row.id.as_bytes().to_vec(), state, now.unix(), sealed).map(drop)
    }

    /// Forgets an intent of which nothing was asked.
    pub(crate) async fn delete_intent(&self, tx: &mut Tx, id: IntentId) -> Result<()> {
        run!(tx, DELETE_INTENT, id.as_bytes().to_vec()).map(drop)
    }

    /// The intents in this state, oldest first, 200 at most.
    pub(crate) async fn intents_in(&self, tx: &mut Tx, state: IntentState) -> Result<Vec<IntentId>> {
        ids(&all!(tx, INTENTS_IN, state.code().to_owned())?)
    }

    /// The open intents on an item.
    pub(crate) async fn open_on(&self, tx: &mut Tx, item: &str) -> Result<Vec<IntentId>> {
        ids(&all!(tx, OPEN_OF_ITEM, self.item_tag(Some(item)))?)
    }

    /// A keyed hash of an item; empty of what has none.
    fn item_tag(&self, item: Option<&str>) -> Vec<u8> {
        item.map(|item| self.keys().tag("item", item.as_bytes())).unwrap_or_default()
    }
}

fn ids(rows: &[sqlx::any::AnyRow]) -> Result<Vec<IntentId>> {
    rows.iter().map(|row| sixteen(row, "intent", "id").map(IntentId::from_bytes)).collect()
}

/// How many of a reader's intents somebody still has to look at.
pub(crate) async fn open_of(tx: &mut Tx, person: PersonKey) -> Result<i64> {
    match optional!(tx, OPEN_OF_READER, person.to_vec())? {
        Some(row) => column(&row, "intent", "open"),
        None => Ok(0),
    }
}

pub(crate) async fn delete_of(tx: &mut Tx, person: PersonKey) -> Result<()> {
    run!(tx, DELETE_INTENTS_OF, person.to_vec()).map(drop)
}

/// The reader was told of all that has ended: it is forgotten.
pub(crate) async fn forget_told(tx: &mut Tx, person: PersonKey) -> Result<()> {
    run!(tx, DELETE_ENDED_OF, person.to_vec()).map(drop)
}

/// What stands since then or longer, without an end of its reader's turn: nobody knows whether they were told.
pub(crate) async fn set_untold(tx: &mut Tx, since: Timestamp) -> Result<u64> {
    run!(tx, SET_UNTOLD, since.unix())
}

/// Forgets each no that nobody asks for any more.
pub(crate) async fn forget_refused(tx: &mut Tx, now: Timestamp) -> Result<()> {
    run!(tx, DELETE_REFUSED, now.plus_seconds(-REFUSED_KEPT_SECONDS).unix()).map(drop)
}

fn write(intent: &Intent) -> Vec<u8> {
    let mut out = Writer::new();
    out.array(3).text(intent.account.as_str());
    match &intent.want {
        Want::Loan { item } => {
            out.array(2).text("loan").text(item.as_str());
        }
        Want::Payment { amount, owed } => {
            out.array(3).text("payment").text(amount);
            write_text(&mut out, owed.as_deref());
        }
    }
    match &intent.ending {
        Some(Ending { code, title, due, unlock, fee }) => {
            out.array(5);
            write_text(&mut out, code.as_deref());
            write_text(&mut out, title.as_deref());
            write_text(&mut out, due.as_deref());
            out.bool(*unlock);
            write_text(&mut out, fee.as_deref());
        }
        None => {
            out.null();
        }
    }
    out.finish()
}

fn read(bytes: &[u8], state: IntentState) -> std::result::Result<Intent, CborError> {
    let mut from = Reader::new(bytes);
    from.array_exact(3)?;
    let account: AccountId = from.text(TEXT)?.parse().map_err(|_| CborError::Unexpected)?;
    let parts = from.array(3)?;
    let want = match (from.text(TEXT)?, parts) {
        ("loan", 2) => Want::Loan { item: from.text(TEXT)?.parse().map_err(|_| CborError::Unexpected)? },
        ("payment", 3) => Want::Payment { amount: from.text(TEXT)?.to_owned(), owed: read_text(&mut from)? },
        (_, _) => return Err(CborError::Unexpected),
    };
    let ending = if from.null_here()? {
        None
    } else {
        from.array_exact(5)?;
        let (code, title, due) = (read_text(&mut from)?, read_text(&mut from)?, read_text(&mut from)?);
        Some(Ending { code, title, due, unlock: from.bool()?, fee: read_text(&mut from)? })
    };
    from.finish()?;
    Ok(Intent { account, want, state, ending })
}
