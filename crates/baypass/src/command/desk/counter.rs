//! Counter: a program in the place of a clerk at a desk's counter.
//!
//! Lives here: [`sign_in`]. Not here: what a clerk may do (`venue::http`).

use reqwest::header::SET_COOKIE;
use serde_json::json;

/// Signs a clerk in at a counter; gives the cookie of the session, or the status of the answer where there is none.
pub async fn sign_in(
    client: &reqwest::Client,
    counter: &str,
    (name, secret): (&str, &str),
) -> Result<Result<String, u16>, reqwest::Error> {
    let body = json!({"secret": secret.trim(), "name": name});
    let answer = client.post(format!("{counter}/api/session")).json(&body).send().await?;
    let cookie = answer.headers().get(SET_COOKIE).and_then(|value| value.to_str().ok());
    let cookie = cookie.and_then(|value| value.split(';').next()).map(str::to_owned);
    Ok(cookie.ok_or(answer.status().as_u16()))
}
