//! Sending: an answer to the address that a desk's request names, and what comes back.
//!
//! Lives here: [`send`]. Not here: whether a receipt is believed (`crate::wallet::venue`).

use std::time::Duration;

use serde_json::Value;
use transport::{BodyError, bounded_body};

use crate::failure::{Failure, of};

/// How long a desk may take for its receipt.
const RECEIPT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest receipt or problem that is read, in bytes.
pub const MAX_REPLY_BYTES: usize = 16 * 1024;
/// How often an answer is sent that nothing came back for: the desk takes the same bytes once.
const TRIES: u32 = 3;

/// What a desk sends back.
pub enum Reply {
    /// Its signed receipt, not verified yet.
    Receipt(Vec<u8>),
    /// Why it does not take the answer.
    Refused {
        /// The stable code.
        code: String,
        /// A sentence for the traveller.
        detail: String,
    },
}

/// Sends an answer to the desk's address; the same bytes again where nothing came back.
pub async fn send(client: &reqwest::Client, address: &str, answer: &[u8]) -> Result<Reply, Failure> {
    let mut last = String::new();
    for _ in 0..TRIES {
        let sent = client
            .post(address)
            .header(reqwest::header::CONTENT_TYPE, "application/cbor")
            .timeout(RECEIPT_TIMEOUT)
            .body(answer.to_vec())
            .send()
            .await;
        match sent {
            Ok(response) => {
                let status = response.status();
                let body = bounded_body(response, MAX_REPLY_BYTES).await.map_err(|error| match error {
                    BodyError::TooLong(_) => {
                        Failure::new("the desk's reply is too long; ask the desk what it keeps")
                    }
                    BodyError::Broken(broken) => of(broken),
                })?;
                if status.is_success() {
                    return Ok(Reply::Receipt(body));
                }
                if status.is_client_error() {
                    return Ok(refused(status.as_u16(), &body));
                }
                last = format!("status {}", status.as_u16());
            }
            Err(error) => last = Failure::of(&error.without_url()).to_string(),
        }
    }
    Err(Failure::new(format!(
        "the desk gave no receipt ({last}); ask the desk whether it has your answer, else run this again with a new request"
    )))
}

/// RFC 9457: the code and sentence of a problem.
fn refused(status: u16, body: &[u8]) -> Reply {
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    let field = |name: &str| {
        let text = problem.get(name).and_then(Value::as_str).unwrap_or_default();
        // What a desk writes reaches a terminal.
        text.chars().filter(|c| !c.is_control()).take(300).collect::<String>()
    };
    let code = field("code");
    let code = if code.is_empty() { format!("desk_status_{status}") } else { code };
    Reply::Refused { code, detail: format!("the desk refused the answer: {}", field("detail")) }
}
