//! Take: what a desk makes of an answer: opened, verified, held to the approval again, written down once, with a receipt.
//!
//! Lives here: [`Desk::take`], [`Desk::answer`]. Not here: signatures and forms (`credential::venue`), what a clerk makes of it
//! (`register`). The answer is durable before its receipt is given: after a stop at any moment it waits, or was never taken.

use std::cell::Cell;

use credential::status::Status;
use credential::venue::{
    ClaimName, Exchange, PresentationError, UnverifiedAnswer, VenueReceipt, VenueReceiptError, VenueRequest,
    VerifiedAnswer,
};
use documents::{Timestamp, redact_debug};
use trust::{Freshness, Role};

use super::{ANSWER_KEPT_SECONDS, AnswerId, Book, Desk, DeskKey, Lists, NotAllowed, OldList, Shown};
use crate::actor::Actor;
use crate::store::answer::{NewAnswer, RequestRow};
use crate::store::look::{self, Act};
use crate::store::{PersonKey, StoreError};

/// An answer that the desk has taken.
#[derive(Debug, Clone)]
pub struct Taken {
    /// Its id.
    pub id: AnswerId,
    /// The signed receipt for the wallet.
    pub receipt: Vec<u8>,
    /// Whether a list was older than its time: the clerk looks at the document as well.
    pub status_stale: bool,
    /// Whether the same bytes were taken before; the receipt is the one of then.
    pub repeated: bool,
}

/// How far an answer has come.
#[derive(Debug, Clone)]
pub enum AnswerState {
    /// The request waits for its answer; the code of the last answer that was refused.
    Waiting {
        /// When the request ends.
        ends: Timestamp,
        /// Why the last answer was refused.
        refused: Option<String>,
    },
    /// Answered; a clerk has not used it yet.
    Answered(Box<Shown>),
    /// Used for this stay or visit; what was shown stands there.
    Used([u8; 16]),
}

/// An answer, for a clerk.
#[derive(Clone)]
pub struct Answer {
    /// Its id.
    pub id: AnswerId,
    /// When it was taken; `None` before.
    pub taken_at: Option<Timestamp>,
    /// How far it has come.
    pub state: AnswerState,
}
redact_debug!(Answer);

/// Why a desk does not take an answer.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// The answer itself.
    #[error(transparent)]
    Answer(#[from] PresentationError),
    /// The desk may not ask any more what it asked.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// No request of this desk is known to which it is an answer.
    #[error("the answer is to no request of this desk, or to one that is over; show a new request")]
    UnknownRequest,
    /// Another answer to the request was taken.
    #[error("the request was answered already; show a new request")]
    AnsweredAlready,
    /// A credential was shown here before.
    #[error("a credential was shown here before; ask the traveller to answer again, with a new one")]
    ShownBefore,
    /// A claim has a value that the book cannot hold.
    #[error("{claim} cannot be written down; ask for the document")]
    Unreadable {
        /// The claim.
        claim: ClaimName,
    },
    /// The receipt cannot be signed.
    #[error(transparent)]
    Receipt(#[from] VenueReceiptError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TakeError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Answer(error) => error.code(),
            Self::NotAllowed(refused) => refused.code(),
            Self::UnknownRequest => "request_unknown",
            Self::AnsweredAlready => "answered_already",
            Self::ShownBefore => "credential_shown_before",
            Self::Unreadable { .. } => "claim_unreadable",
            Self::Receipt(error) => error.code(),
            Self::Store(_) => "store",
        }
    }
}

impl Desk {
    /// Takes an answer to one of its requests. The same bytes again give the same receipt.
    ///
    /// # Errors
    /// [`TakeError`] for the first fault; nothing is kept of the answer then, but its code for the clerk who waits for it.
    pub async fn take(&self, answer: &[u8], lists: &dyn Lists, now: Timestamp) -> Result<Taken, TakeError> {
        let unverified = UnverifiedAnswer::parse(answer)?;
        let cnonce: Option<[u8; 16]> = unverified.cnonce().and_then(|bytes| bytes.try_into().ok());
        let cnonce = cnonce.ok_or(PresentationError::Request)?;
        let taken = self.take_for(cnonce, answer, unverified, lists, now).await;
        if let Err(refused) = &taken
            && !matches!(
                refused,
                TakeError::AnsweredAlready | TakeError::UnknownRequest | TakeError::Store(_)
            )
        {
            self.note_refusal(cnonce, refused.code()).await?;
        }
        taken
    }

    /// Notes for the clerk who waits why an answer was refused. Nobody waits at a sign: strangers' answers to one cost no write.
    async fn note_refusal(&self, cnonce: [u8; 16], code: &str) -> Result<(), StoreError> {
        let mut tx = self.store().read().await?;
        let found = self.store().find_request(&mut tx, cnonce).await?;
        tx.roll_back().await?;
        let waits = |row: &RequestRow| {
            matches!(row.request.exchange, Exchange::Once(_)) && row.refused.as_deref() != Some(code)
        };
        if found.as_ref().is_some_and(waits) {
            let mut tx = self.store().begin().await?;
            self.store().refuse_request(&mut tx, cnonce, code).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    async fn take_for(
        &self,
        cnonce: [u8; 16],
        bytes: &[u8],
        unverified: UnverifiedAnswer<'_>,
        lists: &dyn Lists,
        now: Timestamp,
    ) -> Result<Taken, TakeError> {
        let tag = self.store().answer_tag(bytes);
        let mut tx = self.store().read().await?;
        let found = self.store().find_request(&mut tx, cnonce).await?;
        let id = match found.as_ref().map(|row| row.request.exchange) {
            // An answer to a sign is known by what it is; one to a request by the request, also after that is forgotten.
            Some(Exchange::Standing) => AnswerId::from_bytes(first_sixteen(&tag)),
            Some(Exchange::Once(_)) | None => AnswerId::from_bytes(cnonce),
        };
        let earlier = self.store().find_answer(&mut tx, id).await?;
        tx.roll_back().await?;
        if let Some(earlier) = earlier {
            return again(id, earlier.content_tag == tag, earlier.receipt, earlier.shown.as_ref());
        }
        let RequestRow { request, kid, .. } = found.ok_or(TakeError::UnknownRequest)?;
        let fresh = self.allowed(lists, now)?;
        let key = self.key_of_request(kid.as_deref(), lists, now)?;
        let (verified, verified_by) = verify(unverified, &request, lists, now)?;
        let shown = Shown {
            claims: verified.claims().clone(),
            pseudonym: Some(verified.pseudonym()),
            status_stale: fresh.max(verified_by) != Freshness::Current,
        };
        let receipt = self.receipt(&request, &verified, &shown, &key, now)?;
        let keep_until = now.plus_seconds(ANSWER_KEPT_SECONDS);
        let new =
            NewAnswer { id, content_tag: tag, shown: &shown, receipt: &receipt, taken_at: now, keep_until };
        let mut tx = self.store().begin().await?;
        if !self.store().insert_answer(&mut tx, &new).await? {
            // Two came at the same moment; the earlier counts.
            let earlier = self.store().find_answer(&mut tx, id).await?;
            tx.roll_back().await?;
            let earlier = earlier.ok_or(StoreError::Row { table: "answer", column: "id" })?;
            return again(
                id,
                earlier.content_tag == new.content_tag,
                earlier.receipt,
                earlier.shown.as_ref(),
            );
        }
        for one in verified.credentials() {
            if !self.store().insert_shown(&mut tx, one.id.as_bytes(), one.frame.expires).await? {
                tx.roll_back().await?;
                return Err(TakeError::ShownBefore);
            }
        }
        tx.commit().await?;
        Ok(Taken { id, status_stale: shown.status_stale, receipt, repeated: false })
    }

    /// What is kept, and until when if the stay or visit ended today: the days count from its end.
    fn receipt(
        &self,
        request: &VenueRequest,
        verified: &VerifiedAnswer,
        shown: &Shown,
        key: &DeskKey,
        now: Timestamp,
    ) -> Result<Vec<u8>, TakeError> {
        let unreadable = |claim| TakeError::Unreadable { claim };
        let kept = match self.book() {
            Book::Hotel(hotel) => {
                shown.kept_by(hotel.profile(), &shown.disclosed().map_err(unreadable)?, now)
            }
            Book::Building(_) => {
                shown.visitor(false).map_err(unreadable)?;
                shown.kept_by_building()
            }
            Book::Library(_) => shown.kept_by_library(),
        };
        let receipt = VenueReceipt {
            request: request.id(),
            presentation: *verified.hash(),
            pseudonym: verified.pseudonym(),
            kept,
            until: now.local_date().plus_days(i32::from(request.retention_days) + 1).start(),
            at: now,
        };
        Ok(receipt.sign(&key.kid, &key.key)?)
    }

    /// An answer or the request for it; `None` where neither is known. Who looks at what was shown is written down.
    ///
    /// # Errors
    /// The database's.
    pub async fn answer(
        &self,
        id: AnswerId,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Option<Answer>, StoreError> {
        let mut tx = self.store().begin().await?;
        let row = self.store().find_answer(&mut tx, id).await?.filter(|row| row.keep_until > now);
        let found = match row {
            Some(row) => {
                let state = match (row.shown, row.used_for) {
                    (Some(shown), None) => {
                        look::write(&mut tx, PersonKey::from_bytes(*id.as_bytes()), actor, Act::See, now)
                            .await?;
                        AnswerState::Answered(Box::new(shown))
                    }
                    (None, Some(used_for)) => AnswerState::Used(used_for),
                    (Some(_), Some(_)) | (None, None) => {
                        return Err(StoreError::Row { table: "answer", column: "state" });
                    }
                };
                Some(Answer { id, taken_at: Some(row.taken_at), state })
            }
            None => {
                let request = self.store().find_request(&mut tx, *id.as_bytes()).await?;
                let waits = request.map(|row| (row.request.ends, row.refused));
                let waits = waits.or_else(|| self.openid_waiting(id));
                waits.map(|(ends, refused)| {
                    let state = AnswerState::Waiting { ends, refused };
                    Answer { id, taken_at: None, state }
                })
            }
        };
        tx.commit().await?;
        Ok(found)
    }

    /// The ids of the answers that wait for a clerk, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn waiting(&self) -> Result<Vec<AnswerId>, StoreError> {
        let mut tx = self.store().read().await?;
        let ids = self.store().waiting_answers(&mut tx).await?;
        tx.roll_back().await?;
        Ok(ids)
    }
}

fn again(id: AnswerId, same: bool, receipt: Vec<u8>, shown: Option<&Shown>) -> Result<Taken, TakeError> {
    if !same {
        return Err(TakeError::AnsweredAlready);
    }
    Ok(Taken { id, receipt, status_stale: shown.is_some_and(|shown| shown.status_stale), repeated: true })
}

fn first_sixteen(tag: &[u8]) -> [u8; 16] {
    let mut first = [0; 16];
    first.iter_mut().zip(tag).for_each(|(slot, byte)| *slot = *byte);
    first
}

/// Verifies an answer by the lists; gives the stalest of those that it rests on.
fn verify(
    unverified: UnverifiedAnswer<'_>,
    request: &VenueRequest,
    lists: &dyn Lists,
    now: Timestamp,
) -> Result<(VerifiedAnswer, Freshness), TakeError> {
    let stalest = Cell::new(Freshness::Current);
    let too_old = Cell::new(None);
    // A list that is too old counts as one that is not there, and is told apart afterwards.
    let usable = |fresh: Freshness, list: OldList| {
        stalest.set(stalest.get().max(fresh));
        if fresh == Freshness::Refused {
            too_old.set(Some(list));
        }
        fresh != Freshness::Refused
    };
    let issuer = |authority, kid: u8| {
        let fresh = lists.trust().freshness(authority, now);
        let key = lists.trust().find(authority, Role::Venue, &[kid], now).ok()?;
        usable(fresh, OldList::Trust(authority)).then(|| key.clone())
    };
    let status = |authority, place| -> Option<Status> {
        let (status, fresh) = lists.status(authority, place, now)?;
        // What was revoked stays so, however old the list is that says it.
        let counts = status != Status::Valid || usable(fresh, OldList::Status(authority));
        counts.then_some(status)
    };
    match unverified.verify(request, now, issuer, status) {
        Ok(verified) => Ok((verified, stalest.get())),
        Err(PresentationError::StatusUnknown | PresentationError::UnknownIssuer { .. })
            if too_old.get().is_some() =>
        {
            Err(too_old.get().map_or(TakeError::UnknownRequest, |list| NotAllowed::OldList(list).into()))
        }
        Err(error) => Err(error.into()),
    }
}
