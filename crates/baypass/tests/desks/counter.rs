//! A clerk at a desk's counter, over HTTP.

use reqwest::header;
use serde_json::{Value, json};

use crate::bay::Folder;
use crate::parties::Process;

/// A clerk who is signed in.
pub struct Clerk {
    client: reqwest::Client,
    base: String,
    cookie: String,
}

impl Clerk {
    pub async fn sign_in(folder: &Folder, venue: &str, desk: &Process) -> Self {
        Self::sign_in_by(folder, venue, &desk.listens[1], reqwest::Client::new()).await
    }

    /// The same by a client that trusts the desk's certificate.
    pub async fn sign_in_by(folder: &Folder, venue: &str, base: &str, client: reqwest::Client) -> Self {
        let secret = folder.dir().join("venues").join(venue).join("counter.secret");
        let secret = std::fs::read_to_string(secret).unwrap();
        let body = json!({"secret": secret.trim(), "name": "clerk-1"}).to_string();
        let asked = client.post(format!("{base}/api/session"));
        let answer = asked.header(header::CONTENT_TYPE, "application/json").body(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Self { client, base: base.to_owned(), cookie }
    }

    /// Status and body of an answer; `None` where none came.
    pub async fn try_send(&self, method: &str, path: &str, body: &Value) -> Option<(u16, Value)> {
        let asked = self.client.request(method.parse().unwrap(), format!("{}{path}", self.base));
        let asked = asked.header(header::COOKIE, &self.cookie);
        let asked = asked.header(header::CONTENT_TYPE, "application/json").body(body.to_string());
        let answer = asked.send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, serde_json::from_slice(&answer.bytes().await.ok()?).unwrap_or_default()))
    }

    pub async fn send(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        self.try_send(method, path, body).await.expect("an answer")
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send("GET", path, &Value::Null).await;
        assert!(status < 300, "{path}: {status} {body}");
        body
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.send("POST", path, &body).await;
        assert!(status < 300, "{path}: {status} {answer}");
        answer
    }

    /// The ids of the answers that nobody has used yet.
    pub async fn answers(&self) -> Vec<String> {
        let waiting = self.get("/api/answers").await;
        waiting["answers"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
    }

    /// Checks in those who answered, each into a room of their own; gives what became of each line.
    pub async fn check_in(&self, party: u8, answers: &[String]) -> Vec<String> {
        let line = |(n, answer): (usize, &String)| json!({"line": n, "answer": answer, "room": (100 + n).to_string()});
        let lines: Vec<_> = answers.iter().enumerate().map(line).collect();
        let party =
            json!({"party": format!("{party:02x}").repeat(16), "planned": "2030-01-01", "lines": lines});
        let done = self.post("/api/check-ins", party).await;
        done["lines"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line["result"].as_str().unwrap().to_owned())
            .collect()
    }
}
