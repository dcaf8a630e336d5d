//! Fetch: another machine's answer, read up to a bound, and the lists in it (docs/formats.md, section 9).
//!
//! Lives here: [`bounded_body`], the JSON around trust lists and approvals. Not here: whether a list is taken.

use documents::AuthorityCode;
use serde::Deserialize;

/// Why an answer's body was not read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The connection broke.
    #[error("the answer broke off")]
    Broken(#[source] reqwest::Error),
    /// It is longer than it may be.
    #[error("the answer has more than {0} bytes")]
    TooLong(usize),
}

/// The body of an answer of at most `limit` bytes.
///
/// # Errors
/// [`BodyError`]
pub async fn bounded_body(mut response: reqwest::Response, limit: usize) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    // The address stays out of what is reported: it may carry more than a host.
    while let Some(chunk) = response.chunk().await.map_err(|error| BodyError::Broken(error.without_url()))? {
        if body.len() + chunk.len() > limit {
            return Err(BodyError::TooLong(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The answer of `GET /v1/trust-lists`: signed chains, and whose they are said to be; `None` where it is malformed. A chain that
/// is not in base64url is empty: it is refused for itself, and keeps no other out.
#[must_use]
pub fn trust_lists(body: &[u8]) -> Option<Vec<(AuthorityCode, Vec<u8>)>> {
    #[derive(Deserialize)]
    struct Lists {
        lists: Vec<List>,
    }
    #[derive(Deserialize)]
    struct List {
        authority: AuthorityCode,
        list: String,
    }
    let read: Lists = serde_json::from_slice(body).ok()?;
    let chain = |one: List| (one.authority, unpacked(&one.list).unwrap_or_default());
    Some(read.lists.into_iter().map(chain).collect())
}

/// The answer of `GET /v1/approvals`: signed bundles; `None` where it is malformed. A bundle that is not in base64url is left out.
#[must_use]
pub fn approvals(body: &[u8]) -> Option<Vec<Vec<u8>>> {
    #[derive(Deserialize)]
    struct Approvals {
        approvals: Vec<String>,
    }
    let read: Approvals = serde_json::from_slice(body).ok()?;
    Some(read.approvals.iter().filter_map(|text| unpacked(text)).collect())
}

fn unpacked(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_in_their_one_form() {
        let lists = br#"{"lists": [{"authority": "HKG", "list": "AQI"}, {"authority": "CHN", "list": ""}]}"#;
        assert_eq!(
            trust_lists(lists),
            Some(vec![(AuthorityCode::Hkg, vec![1, 2]), (AuthorityCode::Chn, vec![])])
        );
        assert_eq!(approvals(br#"{"approvals": ["AQI"]}"#), Some(vec![vec![1, 2]]));
        // One that is damaged keeps no other out.
        let lists =
            br#"{"lists": [{"authority": "HKG", "list": "AQI="}, {"authority": "CHN", "list": "AQI"}]}"#;
        let read = trust_lists(lists).unwrap();
        assert_eq!(read, [(AuthorityCode::Hkg, vec![]), (AuthorityCode::Chn, vec![1, 2])]);
        assert_eq!(approvals(br#"{"approvals": ["AQI=", "AQI"]}"#), Some(vec![vec![1, 2]]));
        for wrong in [&b"{}"[..], b"", br#"{"lists": [{"authority": "USA", "list": ""}]}"#] {
            assert_eq!(trust_lists(wrong), None);
        }
        for wrong in [&br#"{"approvals": [1]}"#[..], b"[]"] {
            assert_eq!(approvals(wrong), None);
        }
    }
}
