//! `OpenID`: a desk asks a wallet of others, and takes its answer once (`OpenID4VP` 1.0, HAIP 1.0).
//!
//! Lives here: [`Desk::ask_openid`], [`Desk::openid_object`], [`Desk::take_openid`]; on the counter's page [`Desk::ask_on_page`],
//! [`Desk::take_on_page`] (Digital Credentials API). Not here: the protocol (`openid4vc`), the table of
//! claims (`openid`). The desk asks what it asks a wallet of this pass, under the same approval, and what was shown waits in the same
//! place for the clerk. Such a wallet has no pseudonym and gets no receipt.

use std::collections::BTreeMap;

use documents::Timestamp;
use openid4vc::dcql::Presented;
use trust::Freshness;
use verifier::{
    AskedOf, AskedOnPage, Chance, Ends, Found, OpenRequests, RequestId, VerifierError, response_code,
};

use super::{ANSWER_KEPT_SECONDS, AnswerId, Book, Desk, Lists, NotAllowed};
use crate::openid::{ClaimsFault, Forms, QueryError, claims_of, query};
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

/// Notes for the clerk who waits why an answer was refused.
fn noted<R: Ends>(
    requests: &OpenRequests<R>,
    id: RequestId,
    kept: Result<(), OpenIdError>,
) -> Result<(), OpenIdError> {
    if let Err(error) = &kept
        // What lies with the desk is no refusal: the wallet may try again, and the clerk goes on waiting.
        && !matches!(error, OpenIdError::Verifier(VerifierError::AnsweredAlready) | OpenIdError::Store(_))
    {
        requests.refuse(id, error.code());
    }
    kept
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
                let proof = openid.verifier.prove(&request, form, &openid.issuers, now);
                let kept = self.keep_proven((id, &tag), proof, lists, now).await;
                noted(requests, asked, kept)?;
                requests.answered(asked, tag, code.clone());
                code
            }
        };
        Ok(openid.verifier.way_back(asked, &code))
    }

    /// Opens a request to a wallet of others on the counter's page (Digital Credentials API), in these forms.
    ///
    /// # Errors
    /// [`OpenIdError`]: as [`Desk::ask_openid`]; not set up too where the page's origin is not known.
    pub fn ask_on_page(
        &self,
        forms: Forms,
        chance: Chance,
        lists: &dyn Lists,
        now: Timestamp,
    ) -> Result<AskedOnPage, OpenIdError> {
        let openid = self.openid().ok_or(OpenIdError::NotSetUp)?;
        let origin = openid.page.as_deref().ok_or(OpenIdError::NotSetUp)?;
        self.allowed(lists, now)?;
        let query = query(&self.setup().required, &self.setup().optional, forms)?;
        Ok(openid.verifier.ask_on_page(query, origin, chance, now)?)
    }

    /// Takes what a wallet gave to the counter's page, `{"protocol", "data"}`; says whether the same bytes were taken before. It counts for
    /// the origin of the page that this desk knows, whatever the answer says.
    ///
    /// # Errors
    /// [`OpenIdError`] for the first fault; nothing is kept of the answer then.
    pub async fn take_on_page(
        &self,
        id: AnswerId,
        json: &[u8],
        lists: &dyn Lists,
        now: Timestamp,
    ) -> Result<bool, OpenIdError> {
        let openid = self.openid().ok_or(OpenIdError::NotSetUp)?;
        let tag = self.store().answer_tag(json);
        let (requests, asked) = (openid.verifier.pages(), request_of(id));
        match requests.meet(asked, &tag) {
            Found::Unknown => Err(VerifierError::Unknown.into()),
            Found::Answered => Err(VerifierError::AnsweredAlready.into()),
            Found::Same(_) => Ok(true),
            Found::Waiting(request) => {
                let proof = openid.verifier.prove_on_page(&request, json, &openid.issuers, now);
                let kept = self.keep_proven((id, &tag), proof, lists, now).await;
                noted(requests, asked, kept)?;
                // Nobody comes back with a code: the page is the desk's own.
                requests.answered(asked, tag, String::new());
                Ok(false)
            }
        }
    }

    /// Keeps what `proof` says that a wallet presented, for the clerk who waits for it.
    async fn keep_proven(
        &self,
        (id, tag): (AnswerId, &[u8]),
        proof: impl Future<Output = Result<BTreeMap<String, Vec<Presented>>, VerifierError>>,
        lists: &dyn Lists,
        now: Timestamp,
    ) -> Result<(), OpenIdError> {
        let fresh = self.allowed(lists, now)?;
        let claims = claims_of(&self.setup().required, &self.setup().optional, &proof.await?)?;
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
        let (verifier, id) = (&self.openid()?.verifier, request_of(id));
        verifier.requests().waiting(id).or_else(|| verifier.pages().waiting(id))
    }

    /// The origin of the counter's page, where it asks wallets of others itself.
    #[must_use]
    pub fn page_origin(&self) -> Option<&str> {
        self.openid()?.page.as_deref()
    }

    /// Whether a wallet's browser comes back with the code that its answer got.
    #[must_use]
    pub fn is_openid_done(&self, id: AnswerId, response_code: &str) -> bool {
        self.openid()
            .is_some_and(|openid| openid.verifier.requests().is_response_code(request_of(id), response_code))
    }
}
