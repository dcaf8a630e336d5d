//! Identity: an identity credential of another system in place of typed numbers at an enrolment (docs/openid4vc.md, Identities of others).
//!
//! Lives here: [`IdentityDesk`]: the requests to wallets of others that wait, and what was shown to them. Below: the table of claims. Not
//! here: the protocol (`openid4vc`, `verifier`), the enrolment that follows (`enrolment`), routes (`http::identity`).
//!
//! A credential replaces what is typed, and is something that its holder has. It replaces nothing else: the registry must know the person,
//! and the face before the camera must be theirs.

mod claims;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use credential::dpop::DpopThumbprint;
use credential::x5c::CertificateAnchors;
use credential::{CryptoError, sha256};
use documents::{Timestamp, redact_debug};
use openid4vc::dcql::DcqlError;
use verifier::{AskedOf, Chance, Found, RequestId, Verifier, VerifierError, VerifierSetup, response_code};

use crate::service::{Service, draw};

pub use claims::{IdentityFault, ShownIdentity};

/// How long what was shown may be used, in seconds.
const SHOWN_SECONDS: i64 = 600;
/// So many wrong numbers end a request: six digits are not to be guessed.
const TRIES: u8 = 3;
/// Numbers that bring an answer back to the wallet that asked have six digits.
const NUMBERS: u32 = 1_000_000;

/// Why an identity credential is not asked for, or not taken.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// This authority takes none: it is not set up, no approval says so, or it lists no issuer.
    #[error(
        "this authority takes no identity credentials of other systems; type number, name and birth date"
    )]
    NotTaken,
    /// No such request, or it is another device's.
    #[error("there is no such request, or it is over; begin again")]
    Unknown,
    /// Nobody has answered.
    #[error("the other wallet has not answered; scan the code with it, or open the link")]
    Waits,
    /// The number is not the one that the other wallet was given.
    #[error("that is not the number that the other wallet shows; {left} tries are left")]
    Number {
        /// Tries that are left.
        left: u8,
    },
    /// The request or its answer.
    #[error(transparent)]
    Verifier(#[from] VerifierError),
    /// What the credential says cannot be used.
    #[error(transparent)]
    Fault(#[from] IdentityFault),
    /// The types in the list cannot be asked for.
    #[error(transparent)]
    Query(#[from] DcqlError),
    /// The crypto library.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl IdentityError {
    /// The stable code, as the other wallet gets it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotTaken => "identity_not_taken",
            Self::Unknown => "identity_request_unknown",
            Self::Waits => "identity_waits",
            Self::Number { .. } => "identity_number",
            Self::Verifier(error) => error.code(),
            Self::Fault(fault) => fault.code(),
            Self::Query(error) => error.code(),
            Self::Crypto(_) => "crypto_failed",
        }
    }
}

/// One request: whose, and what was shown.
struct Exchange {
    device: DpopThumbprint,
    until: Timestamp,
    /// The number that the other wallet's browser shows; whoever holds the wallet that asked types it there.
    number: u32,
    tries: u8,
    shown: Option<ShownIdentity>,
}

/// How far a request has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityState {
    /// Nobody has answered; the code of the last answer that was refused.
    Waiting {
        /// The code.
        refused: Option<String>,
    },
    /// Answered.
    Shown,
}

/// An authority's side towards wallets of others that show an identity.
pub struct IdentityDesk {
    verifier: Verifier,
    exchanges: Mutex<BTreeMap<RequestId, Exchange>>,
    /// As many at once as requests; the one that ends first is forgotten beyond.
    most: usize,
}
redact_debug!(IdentityDesk);

impl IdentityDesk {
    /// Nobody was asked yet.
    #[must_use]
    pub fn new(setup: VerifierSetup) -> Self {
        Self { most: setup.most, verifier: Verifier::new(setup), exchanges: Mutex::default() }
    }

    fn exchanges(&self) -> std::sync::MutexGuard<'_, BTreeMap<RequestId, Exchange>> {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for an identity credential, for the wallet of this device key.
    ///
    /// # Errors
    /// [`IdentityError::NotTaken`]; or the library cannot make a request.
    pub fn ask(
        &self,
        service: &Service,
        device: DpopThumbprint,
        now: Timestamp,
    ) -> Result<AskedOf, IdentityError> {
        let query = {
            let trust = service.trust();
            if !service.takes_foreign_identity(now) {
                return Err(IdentityError::NotTaken);
            }
            let mut types: Vec<_> =
                trust.foreign_issuers(service.code(), now).flat_map(|(_, issuer)| issuer.types()).collect();
            types.sort();
            types.dedup();
            if types.is_empty() {
                return Err(IdentityError::NotTaken);
            }
            claims::query(types)?
        };
        let asked = self.verifier.ask(query, Chance { id: draw()?, nonce: draw()?, state: draw()? }, now)?;
        let drawn: [u8; 4] = draw()?;
        // 2^32 is no multiple of a million: the lowest numbers come up one time in 4,295 more often, which three tries make nothing of.
        let number = u32::from_be_bytes(drawn) % NUMBERS;
        let mut exchanges = self.exchanges();
        exchanges.retain(|_, one| now < one.until);
        while exchanges.len() >= self.most {
            let first = exchanges.iter().min_by_key(|(_, one)| one.until).map(|(id, _)| *id);
            match first {
                Some(first) => exchanges.remove(&first),
                None => break,
            };
        }
        let until = asked.ends;
        exchanges.insert(asked.id, Exchange { device, until, number, tries: TRIES, shown: None });
        Ok(asked)
    }

    /// The signed object of a request that waits.
    ///
    /// # Errors
    /// [`VerifierError`].
    pub fn object(
        &self,
        id: RequestId,
        wallet_nonce: Option<&str>,
        now: Timestamp,
    ) -> Result<String, VerifierError> {
        self.verifier.object(id, wallet_nonce, now)
    }

    /// Takes what another wallet posts, and gives the address to which its browser goes on. The same bytes again give the same address.
    ///
    /// # Errors
    /// [`IdentityError`] for the first fault; its code is noted for the wallet that waits.
    pub async fn take(
        &self,
        service: &Service,
        id: RequestId,
        form: &[u8],
        now: Timestamp,
    ) -> Result<String, IdentityError> {
        let (requests, tag) = (self.verifier.requests(), sha256(form).to_vec());
        let code = match requests.meet(id, &tag) {
            Found::Unknown => return Err(VerifierError::Unknown.into()),
            Found::Answered => return Err(VerifierError::AnsweredAlready.into()),
            Found::Same(code) => code,
            Found::Waiting(request) => {
                let code = response_code(draw()?);
                match self.prove(service, &request, form, now).await {
                    Ok(shown) => self.keep(id, shown, now)?,
                    Err(error) => {
                        requests.refuse(id, error.code());
                        return Err(error);
                    }
                }
                requests.answered(id, tag, code.clone());
                code
            }
        };
        Ok(self.verifier.way_back(id, &code))
    }

    async fn prove(
        &self,
        service: &Service,
        request: &openid4vc::presentation::OpenRequest,
        form: &[u8],
        now: Timestamp,
    ) -> Result<ShownIdentity, IdentityError> {
        let issuers: Vec<_> = {
            let trust = service.trust();
            if !service.takes_foreign_identity(now) {
                return Err(IdentityError::NotTaken);
            }
            trust.foreign_issuers(service.code(), now).map(|(_, issuer)| issuer.clone()).collect()
        };
        let anchors = CertificateAnchors::from_der(issuers.iter().map(trust::IssuerBinding::certificate));
        let anchors = anchors.map_err(|_| IdentityFault::Issuer)?;
        let answer = self.verifier.prove(request, form, &anchors, now).await?;
        Ok(claims::identity_of(&answer, &issuers)?)
    }

    fn keep(&self, id: RequestId, shown: ShownIdentity, now: Timestamp) -> Result<(), IdentityError> {
        let mut exchanges = self.exchanges();
        let exchange = exchanges.get_mut(&id).ok_or(VerifierError::Unknown)?;
        // Two came at the same moment; the earlier counts.
        if exchange.shown.is_some() {
            return Err(VerifierError::AnsweredAlready.into());
        }
        exchange.until = now.plus_seconds(SHOWN_SECONDS);
        exchange.shown = Some(shown);
        Ok(())
    }

    /// The number that the browser of the wallet that answered shows, by the code that it brings; six digits.
    #[must_use]
    pub fn number(&self, id: RequestId, response_code: &str) -> Option<String> {
        if !self.verifier.requests().is_response_code(id, response_code) {
            return None;
        }
        self.exchanges().get(&id).map(|exchange| format!("{:06}", exchange.number))
    }

    /// How far the request of this device has come.
    ///
    /// # Errors
    /// [`IdentityError::Unknown`].
    pub fn state(
        &self,
        id: RequestId,
        device: DpopThumbprint,
        now: Timestamp,
    ) -> Result<IdentityState, IdentityError> {
        let exchanges = self.exchanges();
        let exchange = exchanges.get(&id).filter(|one| one.device == device && now < one.until);
        let exchange = exchange.ok_or(IdentityError::Unknown)?;
        Ok(if exchange.shown.is_some() {
            IdentityState::Shown
        } else {
            let refused = self.verifier.requests().waiting(id).and_then(|(_, refused)| refused);
            IdentityState::Waiting { refused }
        })
    }

    /// Who was shown to the request of this device, for whoever types the number that the other wallet's browser shows: a link that
    /// somebody else sent leads to no pass on their device.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn shown(
        &self,
        id: RequestId,
        device: DpopThumbprint,
        number: &str,
        now: Timestamp,
    ) -> Result<ShownIdentity, IdentityError> {
        let mut exchanges = self.exchanges();
        let exchange = exchanges.get_mut(&id).filter(|one| one.device == device && now < one.until);
        let exchange = exchange.ok_or(IdentityError::Unknown)?;
        let shown = exchange.shown.clone().ok_or(IdentityError::Waits)?;
        if number.trim() == format!("{:06}", exchange.number) {
            return Ok(shown);
        }
        exchange.tries = exchange.tries.saturating_sub(1);
        let left = exchange.tries;
        if left == 0 {
            exchanges.remove(&id);
        }
        Err(IdentityError::Number { left })
    }
}

impl Service {
    /// Whether an approval of this authority in force says that identity credentials of other systems are taken at an enrolment.
    #[must_use]
    pub(crate) fn takes_foreign_identity(&self, now: Timestamp) -> bool {
        self.approvals().take_foreign_identity(self.me, now.local_date())
    }
}
