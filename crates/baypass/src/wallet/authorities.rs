//! The authorities as a wallet reaches them: over HTTP in the demo and the tests, or as services that this process opened.
//!
//! Lives here: [`AuthorityClient`], what goes to it and comes back, the services of an installation as one. Not here: what a wallet does with that.

use std::collections::BTreeMap;
use std::future::Future;

use authority::{CredentialsWanted, DeviceProof, EnrolRequest, IssueError, Issued, Service};
use credential::dpop::DpopThumbprint;
use credential::{KeyClass, SigningKey};
use documents::{AuthorityCode, Timestamp};

use super::{Card, Session, Wallet};
use crate::failure::{Failure, of};

/// What a wallet enrols with at one authority.
pub struct Application<'w> {
    /// The card of this authority.
    pub card: &'w Card,
    /// The wallet that asks.
    pub wallet: &'w Wallet,
    /// The one-time code of an office, where one was given.
    pub invitation: Option<&'w str>,
    /// A picture of the holder (JPEG or PNG).
    pub selfie: &'w [u8],
    /// The key to which the secret will be bound.
    pub device: &'w SigningKey,
    /// The wallet of the carer on whose phone the pass will be, and who shows their own secret; `None` on the holder's own phone.
    pub carer: Option<&'w Wallet>,
}

impl Application<'_> {
    /// The secret that is shown with the application: the carer's, or that of the holder's wallet in force.
    pub fn shown_session(&self, authority: AuthorityCode) -> Option<Session> {
        self.carer.unwrap_or(self.wallet).session(authority).ok()
    }

    /// The name as the registry has it.
    pub fn name(&self) -> &str {
        let Wallet { name, name_zh, .. } = self.wallet;
        if name.is_empty() { name_zh.as_deref().unwrap_or_default() } else { name }
    }
}

/// Why no tokens came.
pub struct NoTokens {
    /// In words.
    pub why: Failure,
    /// Whether the wallet is to come again with the same device keys.
    pub keeps_keys: bool,
}

impl From<Failure> for NoTokens {
    fn from(why: Failure) -> Self {
        Self { why, keeps_keys: false }
    }
}

/// A secret that was granted.
pub struct Granted {
    /// The secret for this authority, 32 bytes.
    pub secret: [u8; 32],
    /// Until when it waits for the word of an earlier wallet of the same holder.
    pub waits_until: Option<Timestamp>,
}

/// The authorities as a wallet reaches them.
pub trait AuthorityClient {
    /// Enrols; gives the wallet's secret for this authority.
    fn enrol(
        &self,
        authority: AuthorityCode,
        application: Application<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Granted, Failure>>;
    /// Tokens with their parts, from the home authority.
    fn tokens(
        &self,
        home: AuthorityCode,
        session: &Session,
        keys: &[DeviceProof],
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<Issued>, NoTokens>>;
    /// Own parts of another authority, for tokens of an issuer that end then.
    fn parts(
        &self,
        authority: AuthorityCode,
        session: &Session,
        tokens: (AuthorityCode, Option<Timestamp>),
        keys: &[DeviceProof],
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<Vec<u8>>, Failure>>;
    /// Credentials for desks, one for each key, as they were issued.
    fn venue_credentials(
        &self,
        authority: AuthorityCode,
        session: &Session,
        wanted: CredentialsWanted,
        keys: &[DeviceProof],
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<Vec<u8>>, NoTokens>>;
}

/// A wallet's keys live in a file.
pub(super) const CLASS: KeyClass = KeyClass::Software;

impl AuthorityClient for BTreeMap<AuthorityCode, std::sync::Arc<Service>> {
    async fn enrol(
        &self,
        authority: AuthorityCode,
        application: Application<'_>,
        now: Timestamp,
    ) -> Result<Granted, Failure> {
        let service = self.get(&authority).ok_or_else(|| missing(authority))?;
        let device = DpopThumbprint::of(application.device.public()).map_err(of)?;
        // A wallet in force that enrols anew has its own secret to show; a carer's, the carer's.
        let holder = match application.shown_session(authority) {
            Some(shown) => service.open_session(&shown.secret, device, now).await.ok(),
            None => None,
        };
        let request = EnrolRequest {
            number: application.card.parsed()?,
            name: application.name().to_owned(),
            birth: application.wallet.birth,
            mrz: None,
            invitation: application.invitation.map(str::to_owned),
        };
        let claim = service.read_claim(request, holder, now).map_err(of)?;
        let enrolled = service.enrol(&claim, device, application.selfie, now).await.map_err(of)?;
        Ok(Granted { secret: enrolled.secret, waits_until: enrolled.waits_until })
    }

    async fn tokens(
        &self,
        home: AuthorityCode,
        session: &Session,
        keys: &[DeviceProof],
        now: Timestamp,
    ) -> Result<Vec<Issued>, NoTokens> {
        let service = self.get(&home).ok_or_else(|| missing(home))?;
        let issued = service.issue(&session.secret, keys, None, now).await.map_err(not_issued)?;
        Ok(issued.tokens)
    }

    async fn parts(
        &self,
        authority: AuthorityCode,
        session: &Session,
        (issuer, ends): (AuthorityCode, Option<Timestamp>),
        keys: &[DeviceProof],
        now: Timestamp,
    ) -> Result<Vec<Vec<u8>>, Failure> {
        let service = self.get(&authority).ok_or_else(|| missing(authority))?;
        Ok(service.own_parts(&session.secret, issuer, keys, (None, ends), now).await.map_err(of)?.parts)
    }

    async fn venue_credentials(
        &self,
        authority: AuthorityCode,
        session: &Session,
        wanted: CredentialsWanted,
        keys: &[DeviceProof],
        now: Timestamp,
    ) -> Result<Vec<Vec<u8>>, NoTokens> {
        let service = self.get(&authority).ok_or_else(|| missing(authority))?;
        let batch = service.issue_for_venues(&session.secret, wanted, keys, None, now).await;
        Ok(batch.map_err(not_issued)?.credentials)
    }
}

fn not_issued(error: IssueError) -> NoTokens {
    NoTokens { keeps_keys: matches!(error, IssueError::NoStatusPlace), why: of(error) }
}

fn missing(authority: AuthorityCode) -> Failure {
    Failure::new(format!("there is no authority {authority} here"))
}
