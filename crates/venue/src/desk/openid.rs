//! `OpenID`: a desk asks a wallet of others, and takes its answer once (`OpenID4VP` 1.0, HAIP 1.0).
//!
//! Lives here: [`Desk::ask_openid`], [`Desk::openid_object`], [`Desk::take_openid`]. Not here: the protocol (`openid4vc`), the table of
//! claims (`openid`). The desk asks what it asks a wallet of this pass, under the same approval, and what was shown waits in the same
//! place for the clerk. Such a wallet has no pseudonym and gets no receipt.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credential::CryptoError;
use documents::{Timestamp, redact_debug};
use openid4vc::presentation::{
    Answer as Said, Channel, Checks, ClientId, NewRequest, OpenRequest, Posted, PostedError, Refusal,
};
use trust::Freshness;

use super::{ANSWER_KEPT_SECONDS, AnswerId, Book, Desk, Lists, NotAllowed};
use crate::openid::{
    ClaimsFault, Forms, Found, OpenId, QueryError, REQUEST_SECONDS, StatusFault, claims_of, query,
};
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
    /// No request of this desk is known by this id.
    #[error("there is no such request, or it is over; scan a new code at the desk")]
    Unknown,
    /// Another answer to the request was taken.
    #[error("the request was answered already; scan a new code at the desk")]
    AnsweredAlready,
    /// What was posted is no answer.
    #[error(transparent)]
    Posted(#[from] PostedError),
    /// The answer is not taken.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The wallet, or its user, does not answer.
    #[error("the wallet did not answer; ask the traveller, or take the document by hand")]
    Declined,
    /// The claims cannot be used.
    #[error(transparent)]
    Claims(#[from] ClaimsFault),
    /// The credential's status.
    #[error(transparent)]
    Status(#[from] StatusFault),
    /// The crypto library.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
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
            Self::Unknown => "request_unknown",
            Self::AnsweredAlready => "answered_already",
            Self::Posted(error) => error.code(),
            Self::Refused(refusal) => refusal.code(),
            Self::Declined => "openid_declined",
            Self::Claims(fault) => fault.code(),
            Self::Status(fault) => fault.code(),
            Self::Crypto(_) => "crypto",
            Self::Store(_) => "store",
        }
    }
}

/// What a request takes from chance.
#[derive(Clone, Copy)]
pub struct OpenIdChance {
    /// The request's id.
    pub id: [u8; 16],
    /// Its nonce.
    pub nonce: [u8; 32],
    /// Its state.
    pub state: [u8; 32],
}
redact_debug!(OpenIdChance);

/// A request to a wallet of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIdAsked {
    /// The id under which its answer is found.
    pub id: AnswerId,
    /// What its code says: `openid4vp://`, the client id and where the signed request is fetched.
    pub link: String,
    /// Until when an answer is taken.
    pub ends: Timestamp,
}

impl Desk {
    /// Opens a request to a wallet of others, in these forms.
    ///
    /// # Errors
    /// [`OpenIdError`]: the desk is not set up, may not ask, or asks what such wallets do not have.
    pub fn ask_openid(
        &self,
        forms: Forms,
        chance: OpenIdChance,
        lists: &dyn Lists,
        now: Timestamp,
    ) -> Result<OpenIdAsked, OpenIdError> {
        let openid = self.openid().ok_or(OpenIdError::NotSetUp)?;
        self.allowed(lists, now)?;
        let (id, setup) = (AnswerId::from_bytes(chance.id), openid.setup());
        let leaf = setup.chain.first().ok_or(OpenIdError::NotSetUp)?;
        let client_id = ClientId::of_certificate(leaf);
        let ends = now.plus_seconds(REQUEST_SECONDS);
        let new = NewRequest {
            client_id: client_id.clone(),
            channel: Channel::Redirect { response_uri: format!("{}/openid/response/{id}", setup.base) },
            query: query(&self.setup().required, &self.setup().optional, forms)?,
            nonce: chance.nonce,
            state: chance.state,
            expires: ends,
        };
        openid.keep(id, OpenRequest::new(new)?, now);
        let link = [
            ("client_id", client_id.to_string()),
            ("request_uri", format!("{}/openid/request/{id}", setup.base)),
            ("request_uri_method", "post".to_owned()),
        ];
        let link =
            reqwest::Url::parse_with_params("openid4vp://", link).map_err(|_| OpenIdError::NotSetUp)?;
        Ok(OpenIdAsked { id, link: link.into(), ends })
    }

    /// The signed object of a request that waits; `wallet_nonce` comes back in it.
    ///
    /// # Errors
    /// [`OpenIdError::Unknown`]; [`OpenIdError::NotAllowed`]: the desk may not ask any more.
    pub fn openid_object(
        &self,
        id: AnswerId,
        wallet_nonce: Option<&str>,
        lists: &dyn Lists,
        now: Timestamp,
    ) -> Result<String, OpenIdError> {
        let openid = self.openid().ok_or(OpenIdError::NotSetUp)?;
        let request = openid.request(id).filter(|request| now <= request.expires());
        let request = request.ok_or(OpenIdError::Unknown)?;
        self.allowed(lists, now)?;
        Ok(request.object(&openid.setup().key, &openid.setup().chain, wallet_nonce)?)
    }

    /// Takes what a wallet posts to a request, and gives the address to which its browser goes on. The same bytes again give the same
    /// address; `response_code` is drawn for it.
    ///
    /// # Errors
    /// [`OpenIdError`] for the first fault; nothing is kept of the answer then, but its code for the clerk who waits for it.
    pub async fn take_openid(
        &self,
        id: AnswerId,
        form: &[u8],
        response_code: [u8; 16],
        lists: &dyn Lists,
        now: Timestamp,
    ) -> Result<String, OpenIdError> {
        let openid = self.openid().ok_or(OpenIdError::NotSetUp)?;
        let tag = self.store().answer_tag(form);
        let code = match openid.meet(id, &tag) {
            Found::Unknown => return Err(OpenIdError::Unknown),
            Found::Answered => return Err(OpenIdError::AnsweredAlready),
            Found::Same(code) => code,
            Found::Waiting(request) => {
                let code = URL_SAFE_NO_PAD.encode(response_code);
                match self.take_waiting(openid, (id, &request), (form, &tag), lists, now).await {
                    Ok(()) => openid.answered(id, tag, code.clone()),
                    Err(error) => {
                        // What lies with the desk is no refusal: the wallet may try again, and the clerk goes on waiting.
                        if !matches!(error, OpenIdError::AnsweredAlready | OpenIdError::Store(_)) {
                            openid.refuse(id, error.code());
                        }
                        return Err(error);
                    }
                }
                code
            }
        };
        Ok(format!("{}/openid/done/{id}?response_code={code}", openid.setup().base))
    }

    async fn take_waiting(
        &self,
        openid: &OpenId,
        (id, request): (AnswerId, &OpenRequest),
        (form, tag): (&[u8], &[u8]),
        lists: &dyn Lists,
        now: Timestamp,
    ) -> Result<(), OpenIdError> {
        let posted = Posted::read(form)?;
        let fresh = self.allowed(lists, now)?;
        let issuers = &openid.setup().issuers;
        let checks =
            Checks { sd_jwt_anchors: issuers, mdoc_anchors: issuers, metadata: &[], origin: None, now };
        let answer = match request.take(&posted, &checks)? {
            Said::Refused { .. } => return Err(OpenIdError::Declined),
            Said::Presented(answer) => answer,
        };
        for presented in answer.values().flatten() {
            openid.hold_status(presented, now).await?;
        }
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
            return Err(OpenIdError::AnsweredAlready);
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

    /// Whether a wallet's browser comes back with the code that its answer got.
    #[must_use]
    pub fn is_openid_done(&self, id: AnswerId, response_code: &str) -> bool {
        self.openid().is_some_and(|openid| openid.is_response_code(id, response_code))
    }
}
