//! Door: takes one command to open, and says what happened.
//!
//! Lives here: [`Door`] and its file, HTTP and simulated forms. Not here: whether it may open (`lane`), which of them a lane
//! has (`lane_door`).

use std::collections::VecDeque;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clearance::{ClearanceId, Passage};
use credential::SecretKey;

use super::tag::{TAG_HEADER, same_tag, tag};

/// Between two looks at a file.
const POLL: Duration = Duration::from_millis(50);

/// Why a door does not say what happened.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// A file of the door cannot be read or written.
    #[error("the door's file {path} cannot be used; check that it may be written")]
    File {
        /// The file of commands.
        path: PathBuf,
        /// The error of the file system.
        #[source]
        source: std::io::Error,
    },
    /// The door cannot be reached.
    #[error("the door cannot be reached; check its address and that it runs")]
    Unreachable(#[source] reqwest::Error),
    /// The door does not answer as a door does, or not with the shared key.
    #[error("the door's answer is not authentic or cannot be read")]
    Answer,
    /// The lane has no door.
    #[error("this lane is not simulated and has no door; nobody was let through")]
    Missing,
}

/// One door, or the row of doors of a joint lane.
pub trait Door: Send {
    /// Opens for this clearance, and waits for what happens. How long that may take is the clearance's matter: the
    /// future is dropped when its time is over.
    ///
    /// # Errors
    /// Where the door does not say what happened.
    fn open(&mut self, clearance: ClearanceId) -> impl Future<Output = Result<Passage, DoorError>> + Send;
}

/// A door that a program plays: tests, the demo, one-shot commands, scans over HTTP.
#[derive(Debug, Clone, Default)]
pub struct SimulatedDoor {
    script: VecDeque<Passage>,
    opened: Vec<ClearanceId>,
}

impl SimulatedDoor {
    /// What happens at each opening; when nothing is left, the traveller passes.
    #[must_use]
    pub fn new(script: impl IntoIterator<Item = Passage>) -> Self {
        Self { script: script.into_iter().collect(), opened: Vec::new() }
    }

    /// For which clearances it was opened.
    #[must_use]
    pub fn opened(&self) -> &[ClearanceId] {
        &self.opened
    }
}

impl Door for SimulatedDoor {
    async fn open(&mut self, clearance: ClearanceId) -> Result<Passage, DoorError> {
        self.opened.push(clearance);
        Ok(self.script.pop_front().unwrap_or(Passage::Passed))
    }
}

/// A door behind two files: the gate appends `open <clearance>` to the one, and the door's controller writes
/// `<clearance> <passed|not_passed|returned>` to the other.
#[derive(Debug, Clone)]
pub struct FileDoor {
    commands: PathBuf,
    sensor: PathBuf,
}

impl FileDoor {
    /// A door behind these files.
    #[must_use]
    pub const fn new(commands: PathBuf, sensor: PathBuf) -> Self {
        Self { commands, sensor }
    }

    async fn sensed(&self, clearance: ClearanceId) -> Option<Passage> {
        let text = tokio::fs::read_to_string(&self.sensor).await.ok()?;
        let id = clearance.to_string();
        text.lines().rev().find_map(|line| line.strip_prefix(&id)?.trim().parse().ok())
    }
}

impl Door for FileDoor {
    async fn open(&mut self, clearance: ClearanceId) -> Result<Passage, DoorError> {
        use tokio::io::AsyncWriteExt;
        let fault = |source| DoorError::File { path: self.commands.clone(), source };
        let mut options = tokio::fs::OpenOptions::new();
        let mut file = options.create(true).append(true).open(&self.commands).await.map_err(fault)?;
        file.write_all(format!("open {clearance}\n").as_bytes()).await.map_err(fault)?;
        file.flush().await.map_err(fault)?;
        loop {
            if let Some(passage) = self.sensed(clearance).await {
                return Ok(passage);
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// A door over HTTP that shares a key with the gate: both the command and the answer bear a tag.
#[derive(Clone)]
pub struct HttpDoor {
    base: String,
    key: Arc<SecretKey>,
    client: reqwest::Client,
}

documents::redact_debug!(HttpDoor);

impl HttpDoor {
    /// A door at `base` (`POST {base}/open`, body: the clearance in hexadecimal; answer: the passage's word).
    #[must_use]
    pub fn new(base: String, key: SecretKey, client: reqwest::Client) -> Self {
        Self { base, key: Arc::new(key), client }
    }
}

impl Door for HttpDoor {
    async fn open(&mut self, clearance: ClearanceId) -> Result<Passage, DoorError> {
        let id = *clearance.as_bytes();
        let body = clearance.to_string();
        let command = hex::encode(tag(&self.key, "open", &id, body.as_bytes()));
        let response = self
            .client
            .post(format!("{}/open", self.base))
            .header(TAG_HEADER, command)
            .body(body)
            .send()
            .await
            .map_err(DoorError::Unreachable)?;
        if !response.status().is_success() {
            return Err(DoorError::Answer);
        }
        let sent = response.headers().get(TAG_HEADER).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let said = transport::bounded_body(response, 64).await.map_err(|_| DoorError::Answer)?;
        if !same_tag(&self.key, &tag(&self.key, "passage", &id, &said), sent.as_deref()) {
            return Err(DoorError::Answer);
        }
        std::str::from_utf8(&said).ok().and_then(|word| word.trim().parse().ok()).ok_or(DoorError::Answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_door_is_told_once_and_says_what_its_sensor_saw() {
        let dir = tempfile::tempdir().unwrap();
        let (commands, sensor) = (dir.path().join("commands"), dir.path().join("sensor"));
        let id = ClearanceId::from_bytes([7; 16]);
        let other = ClearanceId::from_bytes([8; 16]);
        tokio::fs::write(&sensor, format!("{other} passed\n{id} returned\n")).await.unwrap();
        let mut door = FileDoor::new(commands.clone(), sensor);
        assert_eq!(door.open(id).await.unwrap(), Passage::Returned);
        assert_eq!(tokio::fs::read_to_string(commands).await.unwrap(), format!("open {id}\n"));
    }
}
