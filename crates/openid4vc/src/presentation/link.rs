//! Link: where a verifier's page sends a wallet (OpenID4VP 1.0, 5; RFC 9101, 5.2).
//!
//! Lives here: [`RequestLink`]. Not here: fetching what lies there, and who asks (`wallet`).

use crate::address::is_safe;

/// A link to a signed request, whatever its scheme: `openid4vp://`, or an address that a wallet claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestLink {
    /// Who asks, as the request must say too.
    pub client_id: String,
    /// Where the request lies.
    pub request_uri: String,
    /// Whether it is fetched by POST, with a nonce of the wallet's (`request_uri_method`, 5.10).
    pub by_post: bool,
}

/// Why a link is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkFault {
    /// It names no verifier, or no place of a request: one that stands in the link itself is not read.
    #[error(
        "the link names no client_id and request_uri; only signed requests that lie at an address are answered"
    )]
    Form,
    /// The request would be fetched without TLS.
    #[error("the link's request_uri is not reached over TLS")]
    Address,
}

impl RequestLink {
    /// Reads a link.
    ///
    /// # Errors
    /// [`LinkFault`].
    pub fn read(link: &str) -> Result<Self, LinkFault> {
        let (_, query) = link.split_once('?').ok_or(LinkFault::Form)?;
        let part = |name: &str| {
            let mut all = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
            // Twice would be two links in one: which of them counts?
            all.next().filter(|_| all.next().is_none()).map(|(_, value)| value.into_owned())
        };
        let (Some(client_id), Some(request_uri)) = (part("client_id"), part("request_uri")) else {
            return Err(LinkFault::Form);
        };
        if !is_safe(&request_uri) {
            return Err(LinkFault::Address);
        }
        Ok(Self { client_id, request_uri, by_post: part("request_uri_method").as_deref() == Some("post") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_who_asks_and_where_the_request_lies() {
        let link = "openid4vp://?client_id=x509_hash%3Aabc&request_uri=https%3A%2F%2Fhotel.example%2Fr%2F1&request_uri_method=post";
        let (client_id, request_uri) = ("x509_hash:abc".to_owned(), "https://hotel.example/r/1".to_owned());
        assert_eq!(RequestLink::read(link), Ok(RequestLink { client_id, request_uri, by_post: true }));
        let plain = RequestLink::read("haip-vp:?client_id=a&request_uri=http://localhost:1/r").unwrap();
        assert!(!plain.by_post);
    }

    #[test]
    fn a_link_without_either_with_one_twice_or_without_tls_is_not_followed() {
        for (link, fault) in [
            ("openid4vp://", LinkFault::Form),
            ("openid4vp://?client_id=a", LinkFault::Form),
            ("openid4vp://?request=x&client_id=a", LinkFault::Form),
            ("openid4vp://?client_id=a&client_id=b&request_uri=https://a.example", LinkFault::Form),
            ("openid4vp://?client_id=a&request_uri=http://a.example", LinkFault::Address),
            ("openid4vp://?client_id=a&request_uri=file:///etc/passwd", LinkFault::Address),
            ("openid4vp://?client_id=a&request_uri=https://a.example@b.example/", LinkFault::Address),
        ] {
            assert_eq!(RequestLink::read(link), Err(fault), "{link}");
        }
    }
}
