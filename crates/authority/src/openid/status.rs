//! Status: the status lists of this authority under the addresses that credentials in wallets of others name.
//!
//! Lives here: which list, signed by the key of the credentials with its certificates. Not here: a list's form (`openid4vc::status`), which
//! places have ended (`status_lists`).

use documents::Timestamp;
use openid4vc::issuance::Endpoints;
use openid4vc::status::ListToken;
use trust::STATUS_TTL_SECONDS;

use super::OpenIdIssuer;
use crate::service::Service;
use crate::status_capacity::LIST_LIFE;
use crate::status_lists::ListError;

impl Service {
    async fn list_token(
        &self,
        issuer: &OpenIdIssuer,
        number: u8,
        now: Timestamp,
    ) -> Result<ListToken, ListError> {
        Ok(ListToken {
            subject: format!("{}/{number}", issuer.endpoints.at(Endpoints::STATUS)),
            issued: now,
            expires: Some(now.plus_seconds(LIST_LIFE)),
            ttl: Some(STATUS_TTL_SECONDS),
            list: self.ended_list(number, now).await?,
        })
    }

    /// A list as a CWT.
    ///
    /// # Errors
    /// The database's, or the library's.
    pub async fn openid_status_list_cwt(
        &self,
        issuer: &OpenIdIssuer,
        number: u8,
        now: Timestamp,
    ) -> Result<Vec<u8>, ListError> {
        Ok(self.list_token(issuer, number, now).await?.sign_cwt(&issuer.key, &issuer.chain)?)
    }

    /// A list as a JWT (HAIP 1.0, 6.1).
    ///
    /// # Errors
    /// The database's, or the library's.
    pub async fn openid_status_list_jwt(
        &self,
        issuer: &OpenIdIssuer,
        number: u8,
        now: Timestamp,
    ) -> Result<String, ListError> {
        Ok(self.list_token(issuer, number, now).await?.sign_jwt(&issuer.key, &issuer.chain)?)
    }
}
