//! `OpenID`: a desk asks a wallet of others, and takes its answer once (`OpenID4VP` 1.0, HAIP 1.0).
//!
//! Lives here: [`Desk::ask_openid`], [`Desk::openid_object`], [`Desk::take_openid`]. Not here: the protocol (`openid4vc`), the table of
//! claims (`openid`). The desk asks what it asks a wallet of this pass, under the same approval, and what was shown waits in the same
//! place for the clerk. Such a wallet has no pseudonym and gets no receipt.

use documents::Timestamp;
use openid4vc::presentation::OpenRequest;
use trust::Freshness;
use verifier::{AskedOf, Chance, Found, RequestId, VerifierError, response_code};

use super::{ANSWER_KEPT_SECONDS, AnswerId, Book, Desk, Lists, NotAllowed};
use crate::openid::{ClaimsFault, Forms, OpenId, QueryError, claims_of, query};
use crate::shown::Shown;
use crate::store::StoreError;
use crate::store::answer::{NewAnswer, forget_ended};

/// Why a desk does not ask a wallet of others, or does not take its answer.
#[derive(Debug, thiserror::Error)]
pub enum OpenIdError {
    /// This desk is not set up for it.
    #[error(
        "this desk is not set up for wallets of others; its operator looks at docs/desk.md, Wallets of others"
    )]
    NotSetUp,
    /// It may not ask that.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// What it asks is not in such wallets.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// No such request, or its answer is not taken.
    #[error(transparent)]
    Verifier(#[from] VerifierError),
    /// The claims cannot be used.
    #[error(transparent)]
    Claims(#[from] ClaimsFault),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OpenIdError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotSetUp => "openid_not_set_up",
            Self::NotAllowed(refused) => refused.code(),
            Self::Query(error) => error.code(),
            Self::Verifier(error) => error.code(),
            Self::Claims(fault) => fault.code(),
            Self::Store(_) => "store",
        }
    }
}

/// The request behind an answer's id.
const fn request_of(id: AnswerId) -> RequestId {
    RequestId::from_bytes(*id.as_bytes())
}

impl Desk {
    /// Opens a request to a wallet of others, in these forms.
    ///
    /// # Errors
    /// [`OpenIdError`]: the desk is not set up, may not ask, or asks what such wallets do not have.
    pub fn ask_openid(
        &self,
        forms: Forms,
        chance: Chance,
        lists: &dyn Lists,
        now: Timestamp,
    ) -> Result<AskedOf, OpenIdError> {
        let openid = self.openid().ok_or(OpenIdError::NotSetUp)?;
        self.allowed(lists, now)?;
        let query = query(&self.setup().required, &self.setup().optional, forms)?;
        Ok(openid.verifier.ask(query, chance, now)?)
    }

    /// The signed object of a request that waits; `wallet_nonce` comes back in it.
    ///
    /// # Errors
    /// [`VerifierError::Unknown`]; [`OpenIdError::NotAllowed`]: the desk may not ask any more.
    pub fn openid_object(
        &self,
        id: AnswerId,
        wallet_nonce: Option<&str>,
        lists: &dyn Lists,
        now: Timestamp,
    ) -> Result<String, OpenIdError> {
        let openid = self.openid().ok_or(OpenIdError::NotSetUp)?;
        let object = openid.verifier.object(request_of(id), wallet_nonce, now)?;
        self.allowed(lists, now)?;
        Ok(object)
    }

    /// Takes what a wallet posts to a request, and gives the address to which its browser goes on. The same bytes again give the same
    /// address; `drawn` becomes the code in it.
    ///
    /// # Errors
    /// [`OpenIdError`] for the first fault; nothing is kept of the answer then, but its code for the clerk who waits for it.
    pub async fn take_openid(
        &self,
        id: AnswerId,
        form: &[u8],
        drawn: [u8; 16],
        lists: &dyn Lists,
        now: Timestamp,
    ) -> Result<String, OpenIdError> {
        let openid = self.openid().ok_or(OpenIdError::NotSetUp)?;
        let tag = self.store().answer_tag(form);
        let (requests, asked) = (openid.verifier.requests(), request_of(id));
        let code = match requests.meet(asked, &tag) {
            Found::Unknown => return Err(VerifierError::Unknown.into()),
            Found::Answered => return Err(VerifierError::AnsweredAlready.into()),
            Found::Same(code) => code,
            Found::Waiting(request) => {
                let code = response_code(drawn);
                match self.take_waiting(openid, (id, &request), (form, &tag), lists, now).await {
                    Ok(()) => requests.answered(asked, tag, code.clone()),
                    Err(error) => {
                        // What lies with the desk is no refusal: the wallet may try again, and the clerk goes on waiting.
                        if !matches!(
                            error,
                            OpenIdError::Verifier(VerifierError::AnsweredAlready) | OpenIdError::Store(_)
                        ) {
                            requests.refuse(asked, error.code());
                        }
                        return Err(error);
                    }
                }
                code
            }
        };
        Ok(openid.verifier.way_back(asked, &code))
    }

    async fn take_waiting(
        &self,
        openid: &OpenId,
        (id, request): (AnswerId, &OpenRequest),
        (form, tag): (&[u8], &[u8]),
        lists: &dyn Lists,
        now: Timestamp,
    ) -> Result<(), OpenIdError> {
        let fresh = self.allowed(lists, now)?;
        let answer = openid.verifier.prove(request, form, &openid.issuers, now).await?;
        let claims = claims_of(&self.setup().required, &self.setup().optional, &answer)?;
        let shown = Shown { claims, pseudonym: None, status_stale: fresh != Freshness::Current };
        self.hold_readable(&shown)?;
        let new = NewAnswer {
            id,
            content_tag: tag.to_vec(),
            shown: &shown,
            receipt: &[],
            taken_at: now,
            keep_until: now.plus_seconds(ANSWER_KEPT_SECONDS),
        };
        let mut tx = self.store().begin().await?;
        forget_ended(&mut tx, now).await?;
        if !self.store().insert_answer(&mut tx, &new).await? {
            // Two came at the same moment; the earlier counts.
            tx.roll_back().await?;
            return Err(VerifierError::AnsweredAlready.into());
        }
        Ok(tx.commit().await?)
    }

    /// Whether the book can hold what was shown.
    fn hold_readable(&self, shown: &Shown) -> Result<(), OpenIdError> {
        let held = match self.book() {
            Book::Hotel(_) => shown.disclosed().map(drop),
            Book::Building(_) => shown.visitor(false).map(drop),
            Book::Library(_) => Ok(()),
        };
        held.map_err(|claim| ClaimsFault::Unreadable(claim).into())
    }

    /// The end of a request that waits, and why the last answer to it was refused.
    pub(super) fn openid_waiting(&self, id: AnswerId) -> Option<(Timestamp, Option<String>)> {
        self.openid()?.verifier.requests().waiting(request_of(id))
    }

    /// Whether a wallet's browser comes back with the code that its answer got.
    #[must_use]
    pub fn is_openid_done(&self, id: AnswerId, response_code: &str) -> bool {
        self.openid()
            .is_some_and(|openid| openid.verifier.requests().is_response_code(request_of(id), response_code))
    }
}
