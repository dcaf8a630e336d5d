//! Rows of requests, of answers that wait for a clerk, and of credentials that were shown.
//!
//! Lives here: statements on `request`, `answer` and `shown_credential`. Not here: what is asked and verified (`desk`). An
//! answer lies sealed under a key of its own; used for a stay or visit, it keeps its receipt alone.

use credential::RecordKey;
use credential::cbor::{CborError, Reader, Writer};
use credential::venue::{ClaimName, ClaimValue, Claims};
use credential::venue::{MAX_PORTRAIT_LEN, Pseudonym, VenueRequest};
use documents::Timestamp;
use zeroize::Zeroizing;

use super::vault::{open, seal};
use super::{
    PersonKey, Result, Store, StoreError, Tx, all, column, define_statements, optional, run, sixteen, time,
};
use crate::shown::{AnswerId, Shown};

define_statements! {
    INSERT_REQUEST = "INSERT INTO request (id, payload, keep_until, refused, kid) VALUES ($1, $2, $3, NULL, $4) \
        ON CONFLICT (id) DO UPDATE SET kid = excluded.kid";
    FIND_REQUEST = "SELECT payload, refused, kid FROM request WHERE id = $1";
    REFUSE_REQUEST = "UPDATE request SET refused = $2 WHERE id = $1";
    INSERT_ANSWER = "INSERT INTO answer \
        (id, content_tag, state, used_for, taken_at, keep_until, wrapped_key, sealed, receipt) \
        VALUES ($1, $2, 'waiting', NULL, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING";
    FIND_ANSWER = "SELECT content_tag, state, used_for, taken_at, keep_until, wrapped_key, sealed, receipt FROM answer \
        WHERE id = $1";
    WAITING_ANSWERS = "SELECT id FROM answer WHERE state = 'waiting' ORDER BY taken_at, id LIMIT 200";
    HOLD_ANSWER = "UPDATE answer SET state = 'waiting' WHERE id = $1 AND state = 'waiting' AND keep_until > $2";
    USE_ANSWER = "UPDATE answer SET state = 'used', used_for = $2, sealed = $3 WHERE id = $1";
    INSERT_SHOWN = "INSERT INTO shown_credential (tag, ends_at) VALUES ($1, $2) ON CONFLICT (tag) DO NOTHING";
    DELETE_REQUESTS = "DELETE FROM request WHERE keep_until <= $1";
    DELETE_ANSWERS = "DELETE FROM answer WHERE keep_until <= $1";
    DELETE_SHOWN = "DELETE FROM shown_credential WHERE ends_at <= $1";
}

/// Longest text that is read back, in bytes.
const TEXT: usize = 1024;

/// A request that is remembered.
pub(crate) struct RequestRow {
    pub(crate) request: VenueRequest,
    pub(crate) refused: Option<String>,
    /// The id of the key that signed it; the version before wrote none.
    pub(crate) kid: Option<Vec<u8>>,
}

/// An answer as it stands in the book.
pub(crate) struct AnswerRow {
    pub(crate) content_tag: Vec<u8>,
    /// `None` once it was used.
    pub(crate) shown: Option<Shown>,
    /// The stay or visit for which it was used.
    pub(crate) used_for: Option<[u8; 16]>,
    pub(crate) taken_at: Timestamp,
    pub(crate) keep_until: Timestamp,
    pub(crate) receipt: Vec<u8>,
}
documents::redact_debug!(AnswerRow);

/// An answer that is not written yet.
pub(crate) struct NewAnswer<'a> {
    pub(crate) id: AnswerId,
    pub(crate) content_tag: Vec<u8>,
    pub(crate) shown: &'a Shown,
    pub(crate) receipt: &'a [u8],
    pub(crate) taken_at: Timestamp,
    pub(crate) keep_until: Timestamp,
}

/// Whether an answer can be used for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    /// It waits, and nobody else can use it before this transaction ends.
    Waiting,
    /// It was used for this.
    Used([u8; 16]),
    /// There is none, or it was kept for long enough.
    Gone,
}

impl Store {
    /// Remembers a request and the key that signed it; of one that is remembered already the key alone may be another.
    pub(crate) async fn insert_request(
        &self,
        tx: &mut Tx,
        request: &VenueRequest,
        kid: &[u8],
        keep_until: Timestamp,
    ) -> Result<()> {
        let id = request.id().cnonce().to_vec();
        run!(tx, INSERT_REQUEST, id, request.encode(), keep_until.unix(), kid.to_vec()).map(drop)
    }

    /// The request whose answers bear this `cnonce`.
    pub(crate) async fn find_request(&self, tx: &mut Tx, cnonce: [u8; 16]) -> Result<Option<RequestRow>> {
        let Some(row) = optional!(tx, FIND_REQUEST, cnonce.to_vec())? else { return Ok(None) };
        let payload: Vec<u8> = column(&row, "request", "payload")?;
        let request = VenueRequest::decode(&payload);
        let request = request.map_err(|_| StoreError::Row { table: "request", column: "payload" })?;
        let (refused, kid) = (column(&row, "request", "refused")?, column(&row, "request", "kid")?);
        Ok(Some(RequestRow { request, refused, kid }))
    }

    /// Notes why the last answer to a request was refused.
    pub(crate) async fn refuse_request(&self, tx: &mut Tx, cnonce: [u8; 16], code: &str) -> Result<()> {
        run!(tx, REFUSE_REQUEST, cnonce.to_vec(), code.to_owned()).map(drop)
    }

    /// The keyed hash by which two copies of one answer are the same.
    pub(crate) fn answer_tag(&self, answer: &[u8]) -> Vec<u8> {
        self.keys().tag("answer", answer)
    }

    /// Writes an answer; `false` where one stands there under its id.
    pub(crate) async fn insert_answer(&self, tx: &mut Tx, new: &NewAnswer<'_>) -> Result<bool> {
        let (key, wrapped) = self.keys().new_person_key(PersonKey::from_bytes(*new.id.as_bytes()))?;
        let sealed = seal(&key, "answer", new.id.as_bytes(), &Zeroizing::new(write(new.shown)))?;
        let receipt = seal(&key, "receipt", new.id.as_bytes(), new.receipt)?;
        let written = run!(
            tx,
            INSERT_ANSWER,
            new.id.as_bytes().to_vec(),
            new.content_tag.clone(),
            new.taken_at.unix(),
            new.keep_until.unix(),
            wrapped,
            sealed,
            receipt
        )?;
        Ok(written > 0)
    }

    /// Writes down that a credential was shown here, until it ends; `false` where it was before.
    pub(crate) async fn insert_shown(&self, tx: &mut Tx, id: &[u8], ends: Timestamp) -> Result<bool> {
        Ok(run!(tx, INSERT_SHOWN, self.keys().tag("credential", id), ends.unix())? > 0)
    }

    /// The answer with this id.
    pub(crate) async fn find_answer(&self, tx: &mut Tx, id: AnswerId) -> Result<Option<AnswerRow>> {
        let Some(row) = optional!(tx, FIND_ANSWER, id.as_bytes().to_vec())? else { return Ok(None) };
        let wrapped: Vec<u8> = column(&row, "answer", "wrapped_key")?;
        let key: RecordKey = self.keys().person_key(PersonKey::from_bytes(*id.as_bytes()), &wrapped)?;
        let sealed: Vec<u8> = column(&row, "answer", "sealed")?;
        let damaged = |_| StoreError::Row { table: "answer", column: "sealed" };
        let shown = match sealed.is_empty() {
            true => None,
            false => Some(read(&open(&key, "answer", id.as_bytes(), &sealed)?).map_err(damaged)?),
        };
        let used: Option<Vec<u8>> = column(&row, "answer", "used_for")?;
        let used = used.map(<[u8; 16]>::try_from).transpose();
        let receipt: Vec<u8> = column(&row, "answer", "receipt")?;
        Ok(Some(AnswerRow {
            content_tag: column(&row, "answer", "content_tag")?,
            shown,
            used_for: used.map_err(|_| StoreError::Row { table: "answer", column: "used_for" })?,
            taken_at: time(&row, "answer", "taken_at")?,
            keep_until: time(&row, "answer", "keep_until")?,
            receipt: open(&key, "receipt", id.as_bytes(), &receipt)?.to_vec(),
        }))
    }

    /// The ids of the answers that wait for a clerk, oldest first.
    pub(crate) async fn waiting_answers(&self, tx: &mut Tx) -> Result<Vec<AnswerId>> {
        let rows = all!(tx, WAITING_ANSWERS)?;
        rows.iter().map(|row| sixteen(row, "answer", "id").map(AnswerId::from_bytes)).collect()
    }

    /// Holds an answer for the rest of the transaction, where it waits.
    pub(crate) async fn hold_answer(&self, tx: &mut Tx, id: AnswerId, now: Timestamp) -> Result<Held> {
        if run!(tx, HOLD_ANSWER, id.as_bytes().to_vec(), now.unix())? > 0 {
            return Ok(Held::Waiting);
        }
        let row = self.find_answer(tx, id).await?;
        Ok(row.and_then(|row| row.used_for).map_or(Held::Gone, Held::Used))
    }

    /// Writes down for which stay or visit an answer was used; what it showed is gone with that.
    pub(crate) async fn use_answer(&self, tx: &mut Tx, id: AnswerId, used_for: &[u8; 16]) -> Result<()> {
        run!(tx, USE_ANSWER, id.as_bytes().to_vec(), used_for.to_vec(), Vec::<u8>::new()).map(drop)
    }
}

/// Forgets requests, answers and shown credentials that are past their time.
pub(crate) async fn forget_ended(tx: &mut Tx, now: Timestamp) -> Result<()> {
    run!(tx, DELETE_REQUESTS, now.unix())?;
    run!(tx, DELETE_ANSWERS, now.unix())?;
    run!(tx, DELETE_SHOWN, now.unix()).map(drop)
}

fn write(shown: &Shown) -> Vec<u8> {
    let mut out = Writer::new();
    out.array(3);
    match shown.pseudonym {
        Some(pseudonym) => out.bytes(pseudonym.as_bytes()),
        None => out.null(),
    };
    out.bool(shown.status_stale).array(shown.claims.len());
    for (claim, value) in shown.claims.iter() {
        out.array(2).int(claim.label());
        match value {
            ClaimValue::Text(text) => out.text(text),
            ClaimValue::Flag(flag) => out.bool(*flag),
            ClaimValue::File(bytes) => out.bytes(bytes),
        };
    }
    out.finish()
}

fn read(bytes: &[u8]) -> std::result::Result<Shown, CborError> {
    let mut from = Reader::new(bytes);
    from.array_exact(3)?;
    let pseudonym = match from.null_here()? {
        true => None,
        false => Some(Pseudonym::from_bytes(*from.bytes_exact::<16>()?)),
    };
    let status_stale = from.bool()?;
    let mut claims = Claims::default();
    for _ in 0..from.array(ClaimName::ALL.len())? {
        from.array_exact(2)?;
        let claim = ClaimName::from_label(from.int()?).ok_or(CborError::Unexpected)?;
        let value = if claim.years().is_some() {
            ClaimValue::Flag(from.bool()?)
        } else if claim == ClaimName::Portrait {
            ClaimValue::File(from.bytes(MAX_PORTRAIT_LEN)?.to_vec())
        } else {
            ClaimValue::Text(from.text(TEXT)?.to_owned())
        };
        claims.insert(claim, value).map_err(|_| CborError::Unexpected)?;
    }
    from.finish()?;
    Ok(Shown { claims, pseudonym, status_stale })
}
