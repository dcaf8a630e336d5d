//! Status: the status lists of this authority under the addresses that credentials in wallets of others name.
//!
//! Lives here: the JWT and the CWT of a list, signed by the key of the credentials (draft-ietf-oauth-status-list-20, 5). Not here: which
//! places have ended (`status_lists`).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use credential::jose::sign_jws;
use credential::status::SignedStatusList;
use documents::Timestamp;
use openid4vc::issuance::Endpoints;
use serde_json::{Map, json};
use trust::STATUS_TTL_SECONDS;

use super::OpenIdIssuer;
use crate::service::Service;
use crate::status_capacity::LIST_LIFE;
use crate::status_lists::ListError;

impl Service {
    async fn openid_status_list(
        &self,
        issuer: &OpenIdIssuer,
        number: u8,
        now: Timestamp,
    ) -> Result<SignedStatusList, ListError> {
        Ok(SignedStatusList {
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
        let list = self.openid_status_list(issuer, number, now).await?;
        Ok(list.sign(b"1", &issuer.key)?)
    }

    /// A list as a JWT, with the signer's certificates (HAIP 1.0, 6.1).
    ///
    /// # Errors
    /// The database's, or the library's.
    pub async fn openid_status_list_jwt(
        &self,
        issuer: &OpenIdIssuer,
        number: u8,
        now: Timestamp,
    ) -> Result<String, ListError> {
        let list = self.openid_status_list(issuer, number, now).await?;
        let claims = json!({
            "sub": list.subject,
            "iat": list.issued.unix(),
            "exp": list.expires.map(Timestamp::unix),
            "ttl": list.ttl,
            "status_list": {"bits": list.list.bits(), "lst": URL_SAFE_NO_PAD.encode(list.list.compressed()?)},
        });
        let chain: Vec<String> = issuer.chain.iter().map(|der| STANDARD.encode(der)).collect();
        let mut header = Map::new();
        header.insert("typ".to_owned(), "statuslist+jwt".into());
        header.insert("x5c".to_owned(), chain.into());
        let signed = sign_jws(&issuer.key, &header, claims.to_string().as_bytes());
        Ok(signed
            .map_err(credential::cose::CoseError::from)
            .map_err(credential::status::StatusListError::from)?)
    }
}
