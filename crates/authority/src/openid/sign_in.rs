//! Sign-in: the holder shows at the authority's own page who they are, as an enrolment does, and a wallet of others gets a code.
//!
//! Lives here: beginning, pictures, the answer that goes back to the wallet. Not here: what is compared (`enrolment`). No pass comes of it,
//! and none ends.

use credential::dpop::DpopThumbprint;
use credential::sha256;
use documents::Timestamp;
use face::active::Prompt;
use openid4vc::issuance::RefusalCode;

use super::{OpenIdError, OpenIdIssuer};
use crate::applications::{Claim, EnrolmentFrame, EnrolmentId, WorkAnswer};
use crate::enrolment::{Applicant, Begun, EnrolError, Looked};
use crate::service::Service;

/// A request that a holder answers, as the page names it.
#[derive(Debug, Clone, Copy)]
pub struct SignIn<'r> {
    /// The request's address.
    pub uri: &'r str,
    /// The wallet's kind.
    pub client_id: &'r str,
}

impl SignIn<'_> {
    /// The pictures belong to whoever opened this request.
    #[must_use]
    pub fn applicant(&self) -> DpopThumbprint {
        DpopThumbprint::from_bytes(sha256(self.uri.as_bytes()))
    }
}

/// How a sign-in goes on.
#[derive(Debug)]
pub enum SignInGoesOn {
    /// More pictures are wanted; the page shows this.
    More(Prompt),
    /// The browser goes to this address, with a code for the wallet.
    Done(String),
}

impl Service {
    /// Begins to look at who signs in.
    ///
    /// # Errors
    /// As an enrolment's.
    pub async fn begin_sign_in(
        &self,
        sign_in: SignIn<'_>,
        claim: Claim,
        (client, pressed): (Option<std::net::IpAddr>, bool),
        work: Option<&WorkAnswer>,
        now: Timestamp,
    ) -> Result<Begun, EnrolError> {
        let applicant = Applicant { device: sign_in.applicant(), client, pressed };
        self.begin_enrolment(claim, applicant, work, now).await
    }

    /// Takes pictures of a sign-in; with the last of them it is decided.
    ///
    /// # Errors
    /// [`SignInFault`]
    pub async fn go_on_signing_in(
        &self,
        issuer: &OpenIdIssuer,
        sign_in: SignIn<'_>,
        id: &EnrolmentId,
        frames: Vec<EnrolmentFrame>,
        now: Timestamp,
    ) -> Result<SignInGoesOn, SignInFault> {
        let (claim, captured) = match self.see_claim(id, sign_in.applicant(), frames, now).await? {
            Looked::More(prompt) => return Ok(SignInGoesOn::More(prompt)),
            Looked::Enough(seen) => *seen,
        };
        let mut tx = self.store.begin().await.map_err(OpenIdError::from)?;
        let Some(person) = self.holder_of_claim(&mut tx, &claim, &captured, now).await? else {
            tx.commit().await.map_err(OpenIdError::from)?;
            return Err(EnrolError::Unknown.into());
        };
        let request = self.take_request(&mut tx, sign_in, now).await?;
        let code = self.give_code(&mut tx, &request, person, now).await?;
        tx.commit().await.map_err(OpenIdError::from)?;
        tracing::info!(
            simulated = self.enrolments.settings.simulated,
            "a holder signed in for a wallet of others"
        );
        Ok(SignInGoesOn::Done(request.answer(("code", &code), issuer.endpoints.issuer())))
    }

    /// The holder says no: the address to which the browser goes with that answer.
    ///
    /// # Errors
    /// `invalid_request`: there is no such request.
    pub async fn refuse_sign_in(
        &self,
        issuer: &OpenIdIssuer,
        sign_in: SignIn<'_>,
        now: Timestamp,
    ) -> Result<String, OpenIdError> {
        let mut tx = self.store.begin().await?;
        let request = self.take_request(&mut tx, sign_in, now).await?;
        tx.commit().await?;
        Ok(request.answer(("error", RefusalCode::AccessDenied.code()), issuer.endpoints.issuer()))
    }
}

/// Why a sign-in does not go on: who they are, or the wallet's request.
#[derive(Debug, thiserror::Error)]
pub enum SignInFault {
    /// Who they are.
    #[error(transparent)]
    Enrolment(#[from] EnrolError),
    /// The wallet's request.
    #[error(transparent)]
    Request(#[from] OpenIdError),
}
