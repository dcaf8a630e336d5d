//! Offer: an issuer tells a wallet what it may fetch (OpenID4VCI 1.0, 4.1).
//!
//! Lives here: writing an offer and its link, reading one. Not here: fetching one by reference.

use serde::{Deserialize, Serialize};

use crate::address::is_safe;
use crate::json;

/// The scheme of an offer's link.
const SCHEME: &str = "openid-credential-offer://";
/// Longest offer that is read, in characters.
const MAX_OFFER_LEN: usize = 16 * 1024;

/// What is offered, and how the wallet comes by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialOffer {
    /// The issuer's identifier.
    pub credential_issuer: String,
    /// Which of its configurations.
    pub credential_configuration_ids: Vec<String>,
    /// By which grants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grants: Option<Grant>,
}

/// The grants of an offer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The holder signs in at the issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_code: Option<AuthorizationCode>,
    /// The holder was known to the issuer before: at a counter.
    #[serde(
        rename = "urn:ietf:params:oauth:grant-type:pre-authorized_code",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub pre_authorized: Option<PreAuthorized>,
}

/// The code flow's part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationCode {
    /// What ties the request to this offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer_state: Option<String>,
    /// The authorization server, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_server: Option<String>,
}

/// The pre-authorized flow's part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreAuthorized {
    /// The code.
    #[serde(rename = "pre-authorized_code")]
    pub code: String,
    /// What the holder types beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tx_code: Option<TxCode>,
}

/// How the code looks that the holder types.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TxCode {
    /// `numeric` or `text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_mode: Option<String>,
    /// How many characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u8>,
    /// Where the holder finds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl Grant {
    /// The pre-authorized grant of a counter, with a number of so many digits that the holder is told.
    #[must_use]
    pub fn pre_authorized(code: String, digits: usize) -> Self {
        let tx_code = TxCode {
            input_mode: Some("numeric".to_owned()),
            length: u8::try_from(digits).ok(),
            description: Some("The number that the officer told you".to_owned()),
        };
        let pre_authorized = PreAuthorized { code, tx_code: Some(tx_code) };
        Self { authorization_code: None, pre_authorized: Some(pre_authorized) }
    }
}

/// Why an offer cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    /// No link of an offer.
    #[error("this is no link of a credential offer; it begins with openid-credential-offer://")]
    Scheme,
    /// The offer lies elsewhere: `credential_offer_uri`, which [`CredentialOffer::reference`] gives.
    #[error("the offer lies at an address that is not reached over TLS")]
    ByReference,
    /// The offer is no JSON of its form.
    #[error("the credential offer is malformed")]
    Malformed,
    /// Its issuer would be reached without TLS.
    #[error("the credential offer names an issuer that is not reached over TLS")]
    Issuer,
    /// It names nothing.
    #[error("the credential offer names no credential")]
    Empty,
}

impl CredentialOffer {
    /// Reads an offer in JSON; members that are not known are ignored.
    ///
    /// # Errors
    /// The first thing wrong.
    pub fn read(text: &str) -> Result<Self, OfferError> {
        if text.len() > MAX_OFFER_LEN {
            return Err(OfferError::Malformed);
        }
        let value = json::strict(text).map_err(|_| OfferError::Malformed)?;
        let offer: Self = serde_json::from_value(value).map_err(|_| OfferError::Malformed)?;
        if offer.credential_configuration_ids.is_empty() {
            return Err(OfferError::Empty);
        }
        if is_safe(&offer.credential_issuer) { Ok(offer) } else { Err(OfferError::Issuer) }
    }

    /// Reads the link of an offer.
    ///
    /// # Errors
    /// The first thing wrong.
    pub fn read_link(link: &str) -> Result<Self, OfferError> {
        let (scheme, query) = link.split_once('?').ok_or(OfferError::Scheme)?;
        if scheme.trim_end_matches('/') != SCHEME.trim_end_matches('/') {
            return Err(OfferError::Scheme);
        }
        let mut parameters = form_urlencoded::parse(query.as_bytes());
        match parameters.find(|(name, _)| name.starts_with("credential_offer")) {
            Some((name, offer)) if name == "credential_offer" => Self::read(&offer),
            Some(_) => Err(OfferError::ByReference),
            None => Err(OfferError::Malformed),
        }
    }

    /// Where the offer of a link lies, if it lies elsewhere (`credential_offer_uri`, 4.1.3): over TLS, or within this machine.
    #[must_use]
    pub fn reference(link: &str) -> Option<String> {
        let (_, query) = link.split_once('?')?;
        let mut parameters = form_urlencoded::parse(query.as_bytes());
        let (_, uri) = parameters.find(|(name, _)| name == "credential_offer_uri")?;
        is_safe(&uri).then(|| uri.into_owned())
    }

    /// The offer as a link, for a symbol or a button.
    ///
    /// # Errors
    /// [`OfferError::Malformed`] if it cannot be written.
    pub fn link(&self) -> Result<String, OfferError> {
        let offer = serde_json::to_string(self).map_err(|_| OfferError::Malformed)?;
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("credential_offer", &offer);
        Ok(format!("{SCHEME}?{}", query.finish()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_is_read_back_from_its_link() {
        let grants = Grant {
            authorization_code: None,
            pre_authorized: Some(PreAuthorized {
                code: "a b&c".to_owned(),
                tx_code: Some(TxCode {
                    input_mode: Some("numeric".to_owned()),
                    length: Some(6),
                    description: None,
                }),
            }),
        };
        let offer = CredentialOffer {
            credential_issuer: "https://hkg.example".to_owned(),
            credential_configuration_ids: vec!["photo-id-mdoc".to_owned()],
            grants: Some(grants),
        };
        assert_eq!(CredentialOffer::read_link(&offer.link().unwrap()), Ok(offer));
    }

    #[test]
    fn an_offer_that_lies_elsewhere_is_fetched_over_tls_or_within_this_machine() {
        let link = |uri: &str| format!("openid-credential-offer://?credential_offer_uri={uri}");
        let at = |uri: &str| CredentialOffer::reference(&link(uri));
        assert_eq!(at("https%3A%2F%2Fa.example%2Fo%2F1").as_deref(), Some("https://a.example/o/1"));
        assert_eq!(at("http://localhost:1/o").as_deref(), Some("http://localhost:1/o"));
        assert_eq!(at("http://a.example/o"), None);
        assert_eq!(CredentialOffer::reference("openid-credential-offer://?credential_offer={}"), None);
    }

    #[test]
    fn what_is_no_offer_is_refused_for_the_first_thing_wrong_with_it() {
        for (link, expected) in [
            ("https://a.example/?credential_offer={}", OfferError::Scheme),
            ("openid-credential-offer://", OfferError::Scheme),
            ("openid-credential-offer://?a=b", OfferError::Malformed),
            ("openid-credential-offer://?credential_offer_uri=https://a.example", OfferError::ByReference),
            ("openid-credential-offer://?credential_offer=[]", OfferError::Malformed),
            (
                "openid-credential-offer://?credential_offer={\"credential_issuer\":\"a\",\"credential_configuration_ids\":[]}",
                OfferError::Empty,
            ),
            (
                "openid-credential-offer://?credential_offer={\"credential_issuer\":\"a\",\"credential_issuer\":\"b\",\"credential_configuration_ids\":[\"c\"]}",
                OfferError::Malformed,
            ),
        ] {
            assert_eq!(CredentialOffer::read_link(link), Err(expected), "{link}");
        }
    }
}
