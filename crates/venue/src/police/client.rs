//! The register's client: one record, or up to 100 at once, each under its idempotency key.
//!
//! Lives here: [`RegisterClient`] and what a register may answer. Not here: when something is sent (`courier`). The same key and
//! body get the same answer, so whatever fails on the way is sent again as it is.

use std::collections::BTreeMap;

use reqwest::{Client, RequestBuilder, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use transport::{BodyError, bounded_body};

use crate::store::report::ReportId;

/// Most records of one batch.
pub const BATCH: usize = 100;
/// Longest answer that is read, in bytes.
const LONGEST_ANSWER: usize = 1 << 20;
/// Most faults of one refusal that are kept.
const MOST_FAULTS: usize = 32;

/// One fault that a register names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The field, by the register's name.
    pub field: String,
    /// The register's code.
    pub code: String,
    /// The register's sentence.
    pub text: String,
}

/// What a register says of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Taken under this receipt.
    Taken {
        /// Its number.
        receipt: String,
    },
    /// Refused for these faults.
    Refused(Vec<Refusal>),
    /// The key came before with another body: a fault of this desk, which somebody has to look at.
    OtherBody,
    /// Not now; send it again.
    Later,
}

/// Why no answer came, or none that can be used. Everything is sent again.
#[derive(Debug, thiserror::Error)]
pub enum RegisterFault {
    /// The way to it, or its TLS.
    #[error(
        "the register cannot be reached; records wait in the queue. Check the network and the register's address"
    )]
    Unreachable(#[source] reqwest::Error),
    /// It is down.
    #[error("the register is down (503); records wait in the queue")]
    Down,
    /// A status that no record explains.
    #[error("the register answers {0}; check the desk's access to it. Records wait in the queue")]
    Status(u16),
    /// An answer that is not of its documented form.
    #[error("the register's answer cannot be read; records wait in the queue. Tell whoever runs it")]
    Form,
}

impl RegisterFault {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "register_unreachable",
            Self::Down => "register_down",
            Self::Status(_) => "register_status",
            Self::Form => "register_answer",
        }
    }
}

#[derive(Serialize)]
struct Batch {
    stays: Vec<BatchItem>,
}

#[derive(Serialize)]
struct BatchItem {
    key: String,
    stay: Value,
}

#[derive(Deserialize)]
struct BatchAnswer {
    answers: Vec<ItemAnswer>,
}

#[derive(Deserialize)]
struct ItemAnswer {
    key: String,
    status: u16,
    #[serde(default)]
    receipt: Option<String>,
    #[serde(default)]
    faults: Vec<Refusal>,
}

#[derive(Deserialize)]
struct OneAnswer {
    #[serde(default)]
    receipt: Option<String>,
    #[serde(default)]
    faults: Vec<Refusal>,
}

/// A client of one register.
#[derive(Clone)]
pub struct RegisterClient {
    http: Client,
    base: String,
    bearer: Option<String>,
}
documents::redact_debug!(RegisterClient);

impl RegisterClient {
    /// A client of the register at `base` (`https://HOST`), with the token that it gave this desk. `http` has its timeouts set.
    #[must_use]
    pub fn new(http: Client, base: &str, bearer: Option<String>) -> Self {
        Self { http, base: base.trim_end_matches('/').to_owned(), bearer }
    }

    /// Sends one arrival.
    ///
    /// # Errors
    /// [`RegisterFault`].
    pub async fn arrival(&self, key: ReportId, body: &[u8]) -> Result<Answer, RegisterFault> {
        self.one("/v1/stays", key, body).await
    }

    /// Sends a correction of an arrival that has this receipt.
    ///
    /// # Errors
    /// [`RegisterFault`].
    pub async fn correction(
        &self,
        receipt: &str,
        key: ReportId,
        body: &[u8],
    ) -> Result<Answer, RegisterFault> {
        self.one(&format!("/v1/stays/{receipt}/correct"), key, body).await
    }

    /// Sends the departure of an arrival that has this receipt.
    ///
    /// # Errors
    /// [`RegisterFault`].
    pub async fn departure(
        &self,
        receipt: &str,
        key: ReportId,
        body: &[u8],
    ) -> Result<Answer, RegisterFault> {
        self.one(&format!("/v1/stays/{receipt}/out"), key, body).await
    }

    async fn one(&self, path: &str, key: ReportId, body: &[u8]) -> Result<Answer, RegisterFault> {
        let request = self.post(path, body.to_vec()).header("idempotency-key", key.to_string());
        let (status, bytes) = answer(request).await?;
        let read = || serde_json::from_slice::<OneAnswer>(&bytes).map_err(|_| RegisterFault::Form);
        match status {
            201 => read().and_then(|one| judged(status, one.receipt, one.faults)),
            422 => read().and_then(|one| judged(status, None, one.faults)),
            _ => judged(status, None, Vec::new()),
        }
    }

    /// Sends up to [`BATCH`] arrivals; gives an answer for each, [`Answer::Later`] for one that the register leaves out.
    ///
    /// # Errors
    /// [`RegisterFault`] where none of them is answered.
    pub async fn arrivals(
        &self,
        records: &[(ReportId, &[u8])],
    ) -> Result<BTreeMap<ReportId, Answer>, RegisterFault> {
        let mut stays = Vec::with_capacity(records.len());
        for (key, body) in records {
            let stay = serde_json::from_slice(body).map_err(|_| RegisterFault::Form)?;
            stays.push(BatchItem { key: key.to_string(), stay });
        }
        let body = serde_json::to_vec(&Batch { stays }).map_err(|_| RegisterFault::Form)?;
        let (status, bytes) = answer(self.post("/v1/stays/batch", body)).await?;
        match status {
            200 => {}
            503 => return Err(RegisterFault::Down),
            status => return Err(RegisterFault::Status(status)),
        }
        let read: BatchAnswer = serde_json::from_slice(&bytes).map_err(|_| RegisterFault::Form)?;
        let mut answers: BTreeMap<_, _> = records.iter().map(|(key, _)| (*key, Answer::Later)).collect();
        for item in read.answers {
            let key: ReportId = item.key.parse().map_err(|_| RegisterFault::Form)?;
            let slot = answers.get_mut(&key).ok_or(RegisterFault::Form)?;
            // What one record is told never holds up the others.
            *slot = judged(item.status, item.receipt, item.faults).unwrap_or(Answer::Later);
        }
        Ok(answers)
    }

    fn post(&self, path: &str, body: Vec<u8>) -> RequestBuilder {
        let request = self.http.post(format!("{}{path}", self.base));
        let request = match &self.bearer {
            Some(bearer) => request.bearer_auth(bearer),
            None => request,
        };
        request.header("content-type", "application/json").body(body)
    }
}

async fn answer(request: RequestBuilder) -> Result<(u16, Vec<u8>), RegisterFault> {
    let response = request.send().await.map_err(RegisterFault::Unreachable)?;
    let status = response.status();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        return Err(RegisterFault::Down);
    }
    let bytes = bounded_body(response, LONGEST_ANSWER).await.map_err(|error| match error {
        BodyError::Broken(broken) => RegisterFault::Unreachable(broken),
        BodyError::TooLong(_) => RegisterFault::Form,
    })?;
    Ok((status.as_u16(), bytes))
}

/// What a status means for one record.
fn judged(status: u16, receipt: Option<String>, mut faults: Vec<Refusal>) -> Result<Answer, RegisterFault> {
    match status {
        201 => {
            let receipt = receipt.filter(|receipt| is_receipt(receipt)).ok_or(RegisterFault::Form)?;
            Ok(Answer::Taken { receipt })
        }
        409 => Ok(Answer::OtherBody),
        422 if faults.is_empty() => Err(RegisterFault::Form),
        422 => {
            faults.truncate(MOST_FAULTS);
            Ok(Answer::Refused(faults))
        }
        503 => Ok(Answer::Later),
        status => Err(RegisterFault::Status(status)),
    }
}

/// A receipt stands in a path: letters, digits, hyphens and underscores, 1 to 64 of them.
fn is_receipt(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_for_what_its_status_says_and_never_for_more() {
        let fault = || vec![Refusal { field: "name".into(), code: "x".into(), text: "y".into() }];
        let taken = |receipt: &str| judged(201, Some(receipt.to_owned()), Vec::new());
        assert!(matches!(taken("R-1"), Ok(Answer::Taken { .. })));
        for receipt in ["", "../out", "R 1", "R/1"] {
            assert!(matches!(taken(receipt), Err(RegisterFault::Form)), "row {receipt}");
        }
        assert!(matches!(judged(201, None, Vec::new()), Err(RegisterFault::Form)));
        assert!(matches!(judged(422, None, Vec::new()), Err(RegisterFault::Form)));
        assert!(matches!(judged(422, None, fault()), Ok(Answer::Refused(_))));
        assert!(matches!(judged(409, None, Vec::new()), Ok(Answer::OtherBody)));
        assert!(matches!(judged(503, None, Vec::new()), Ok(Answer::Later)));
        for status in [200, 302, 400, 401, 404, 500] {
            assert!(matches!(judged(status, Some("R-1".into()), Vec::new()), Err(RegisterFault::Status(_))));
        }
    }
}
