//! Camera: where pictures come from, and whether that is the gate's own camera.
//!
//! Lives here: [`Camera`] and its file, HTTP and simulated forms, what a reader of cards delivers ([`PageSight`]). Not here: what is seen in a picture. A picture from
//! anywhere else than the gate's own authenticated camera is [`Source::Simulated`] and marks every output.

use std::collections::VecDeque;
use std::future::Future;
use std::path::PathBuf;

use credential::SecretKey;
use documents::{DocumentNumber, LocalDate};
use face::active::Prompt;
use transport::{BodyError, bounded_body};

use super::chip_files::ChipFiles;
use super::tag::{TAG_HEADER, same_tag, tag};
use crate::reason::GateReason;

/// Largest picture that is taken from a camera, in bytes.
pub const MAX_PICTURE_LEN: usize = code::picture::MAX_FILE_BYTES;

/// Where a picture comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The gate's own camera, authenticated.
    OwnCamera,
    /// A file, an upload, a test.
    Simulated,
}

/// What the reader of codes delivers: a camera that decodes by itself gives the text (1 KB instead of a frame).
#[derive(Clone, PartialEq, Eq)]
pub enum CodeSight {
    /// The text of the code.
    Text(String),
    /// A picture of it (JPEG, PNG, WebP).
    Picture(Vec<u8>),
}

documents::redact_debug!(CodeSight);

/// What the reader of cards delivers of one card that was laid down.
#[derive(Clone, PartialEq, Eq)]
pub enum PageSight {
    /// The lines of its machine-readable zone.
    Zone(String),
    /// Pictures of the card in which its zone stands, for a lane with a reader of zones (`devices::zone`).
    Pictures(Vec<Vec<u8>>),
    /// The files of its chip, for the authority that reads the document to prove.
    Chip(ChipFiles),
    /// Typed from the card: the number, its check digit proven, and the birth date.
    Typed {
        /// The document's number.
        number: DocumentNumber,
        /// The birth date on the card.
        birth: LocalDate,
    },
}

documents::redact_debug!(PageSight);

/// Something that a camera saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen<S> {
    /// The code or the picture.
    pub sight: S,
    /// Which camera saw it.
    pub source: Source,
}

/// What came of asking for the code of a wallet that was unlocked again.
#[derive(Debug)]
pub enum NextCode {
    /// A code was shown. It may still be the one before.
    Code(Seen<CodeSight>),
    /// The equal way without a phone: an officer held the document beside the traveller.
    DocumentSeen,
    /// An officer ended it, or nobody shows another code.
    NotShown,
    /// No second code can be read here: whoever carries out measures sees the document.
    NotHere,
}

/// Why a camera gives nothing.
#[derive(Debug, thiserror::Error)]
pub enum CameraError {
    /// A file cannot be read.
    #[error("the picture file {path} cannot be read; check that it exists and may be read")]
    File {
        /// The file that stands for the camera.
        path: PathBuf,
        /// The error of the file system.
        #[source]
        source: std::io::Error,
    },
    /// The camera cannot be reached.
    #[error("the camera cannot be reached; check its address and that it runs")]
    Unreachable(#[source] reqwest::Error),
    /// The camera answers with an error.
    #[error("the camera answers with HTTP status {status}")]
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// The picture does not come from the camera that shares this gate's key.
    #[error("the picture is not authenticated by this gate's own camera; check the key on both sides")]
    NotAuthentic,
    /// More bytes than a picture may have.
    #[error("the picture is larger than {MAX_PICTURE_LEN} bytes")]
    TooLarge,
    /// Cards are wanted, and nothing here reads any.
    #[error("nothing here reads cards; a lane by document needs a reader")]
    NoReader,
    /// Nothing is left of what a simulated camera was given.
    #[error("the simulated camera has no picture left")]
    Empty,
    /// The traveller left, or the screen was lost.
    #[error("the session ended before a picture was taken; the traveller may show the code again")]
    Left,
    /// An officer at the lane refused the traveller.
    #[error("an officer ended the session before a picture was taken")]
    Refused,
}

/// A source of sights for one lane.
pub trait Camera: Send {
    /// The code on the traveller's screen.
    fn code(&mut self) -> impl Future<Output = Result<Seen<CodeSight>, CameraError>> + Send;
    /// The code of a wallet that its holder unlocked again. `wrong` is what was wrong with the last one that was shown for it.
    fn code_again(
        &mut self,
        _wrong: Option<GateReason>,
    ) -> impl Future<Output = Result<NextCode, CameraError>> + Send {
        std::future::ready(Ok(NextCode::NotHere))
    }
    /// The next card that the traveller lays down, at a lane by document.
    fn page(&mut self) -> impl Future<Output = Result<Seen<PageSight>, CameraError>> + Send {
        std::future::ready(Err(CameraError::NoReader))
    }
    /// A picture of the traveller.
    fn face(&mut self) -> impl Future<Output = Result<Seen<Vec<u8>>, CameraError>> + Send;
    /// Another picture of the same look, right after the last; `None` where there is none.
    fn more(&mut self) -> impl Future<Output = Result<Option<Seen<Vec<u8>>>, CameraError>> + Send {
        std::future::ready(Ok(None))
    }
    /// Whether somebody stands before it now and can be asked to move. A file or an upload answers no challenge.
    fn is_live(&self) -> bool {
        false
    }
    /// Tells the traveller what the next pictures are to show, on a screen beside the camera. Best effort: whoever does
    /// not see it fails the challenge.
    fn prompt(&mut self, _prompt: Prompt) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

/// Pictures from files. Always simulated: a file proves nothing about when and where it was taken.
#[derive(Debug, Clone)]
pub struct FileCamera {
    code: PathBuf,
    faces: Vec<PathBuf>,
    next: usize,
}

impl FileCamera {
    /// The code's picture and one or more of the face; the faces are given out in turn.
    #[must_use]
    pub const fn new(code: PathBuf, faces: Vec<PathBuf>) -> Self {
        Self { code, faces, next: 0 }
    }
}

async fn read_file(path: &PathBuf) -> Result<Vec<u8>, CameraError> {
    let fault = |source| CameraError::File { path: path.clone(), source };
    let len = tokio::fs::metadata(path).await.map_err(fault)?.len();
    if usize::try_from(len).map_or(true, |len| len > MAX_PICTURE_LEN) {
        return Err(CameraError::TooLarge);
    }
    tokio::fs::read(path).await.map_err(fault)
}

impl Camera for FileCamera {
    async fn code(&mut self) -> Result<Seen<CodeSight>, CameraError> {
        let bytes = read_file(&self.code).await?;
        Ok(Seen { sight: CodeSight::Picture(bytes), source: Source::Simulated })
    }

    async fn face(&mut self) -> Result<Seen<Vec<u8>>, CameraError> {
        let turn = self.next.checked_rem(self.faces.len()).ok_or(CameraError::Empty)?;
        self.next = self.next.wrapping_add(1);
        let path = self.faces.get(turn).ok_or(CameraError::Empty)?;
        Ok(Seen { sight: read_file(path).await?, source: Source::Simulated })
    }

    async fn more(&mut self) -> Result<Option<Seen<Vec<u8>>>, CameraError> {
        // No file twice in one look: the same picture again is no second picture.
        if self.next < self.faces.len() { self.face().await.map(Some) } else { Ok(None) }
    }
}

/// Pictures that a program hands over: tests, the demo, uploads.
#[derive(Debug, Clone, Default)]
pub struct SimulatedCamera {
    codes: VecDeque<CodeSight>,
    /// Codes of a wallet that was unlocked again, in the order in which they are shown.
    again: VecDeque<CodeSight>,
    pages: VecDeque<PageSight>,
    faces: VecDeque<Vec<u8>>,
    /// Whether the last of the faces was given already.
    repeats: bool,
}

impl SimulatedCamera {
    /// One sight of a code and pictures of a face; the last picture is given again when none is left.
    #[must_use]
    pub fn new(code: CodeSight, faces: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self { codes: VecDeque::from([code]), faces: faces.into_iter().collect(), ..Self::default() }
    }

    /// The same, with codes that are shown where the traveller is asked to unlock the wallet again.
    #[must_use]
    pub fn then_codes(mut self, again: impl IntoIterator<Item = CodeSight>) -> Self {
        self.again.extend(again);
        self
    }

    /// Cards in the order in which they are laid down, and pictures of a face.
    #[must_use]
    pub fn with_cards(
        pages: impl IntoIterator<Item = PageSight>,
        faces: impl IntoIterator<Item = Vec<u8>>,
    ) -> Self {
        let (pages, faces) = (pages.into_iter().collect(), faces.into_iter().collect());
        Self { pages, faces, ..Self::default() }
    }
}

fn next_or_last<S: Clone>(sights: &mut VecDeque<S>) -> Option<S> {
    if sights.len() > 1 { sights.pop_front() } else { sights.front().cloned() }
}

impl Camera for SimulatedCamera {
    async fn code(&mut self) -> Result<Seen<CodeSight>, CameraError> {
        let sight = next_or_last(&mut self.codes).ok_or(CameraError::Empty)?;
        Ok(Seen { sight, source: Source::Simulated })
    }

    async fn code_again(&mut self, wrong: Option<GateReason>) -> Result<NextCode, CameraError> {
        Ok(match (self.again.pop_front(), wrong) {
            (Some(sight), _) => NextCode::Code(Seen { sight, source: Source::Simulated }),
            (None, Some(_)) => NextCode::NotShown,
            (None, None) => NextCode::NotHere,
        })
    }

    async fn page(&mut self) -> Result<Seen<PageSight>, CameraError> {
        let sight = self.pages.pop_front().ok_or(CameraError::Empty)?;
        Ok(Seen { sight, source: Source::Simulated })
    }

    async fn face(&mut self) -> Result<Seen<Vec<u8>>, CameraError> {
        self.repeats = self.faces.len() <= 1;
        let sight = next_or_last(&mut self.faces).ok_or(CameraError::Empty)?;
        Ok(Seen { sight, source: Source::Simulated })
    }

    async fn more(&mut self) -> Result<Option<Seen<Vec<u8>>>, CameraError> {
        if self.repeats { Ok(None) } else { self.face().await.map(Some) }
    }
}

/// The gate's own camera over HTTP. It shares a key with the gate and answers each question with a tag over its kind,
/// the gate's fresh nonce and the picture: nobody on the wire can put in another picture, or an old one.
pub struct HttpCamera {
    base: String,
    key: SecretKey,
    nonce: Box<dyn FnMut() -> [u8; 16] + Send>,
    client: reqwest::Client,
    /// What the screen beside it shows: it is told once.
    shown: Option<&'static str>,
}

documents::redact_debug!(HttpCamera);

impl HttpCamera {
    /// A camera at `base` (`{base}/code`, `{base}/face`; its screen at `{base}/prompt?show=turn_left`). `nonce` draws 16 fresh random bytes at each call.
    #[must_use]
    pub fn new(
        base: String,
        key: SecretKey,
        client: reqwest::Client,
        nonce: impl FnMut() -> [u8; 16] + Send + 'static,
    ) -> Self {
        Self { base, key, nonce: Box::new(nonce), client, shown: None }
    }

    async fn get(&mut self, kind: &str) -> Result<Vec<u8>, CameraError> {
        let nonce = (self.nonce)();
        let url = format!("{}/{kind}?nonce={}", self.base, hex::encode(nonce));
        let response = self.client.get(url).send().await.map_err(CameraError::Unreachable)?;
        if !response.status().is_success() {
            return Err(CameraError::Status { status: response.status().as_u16() });
        }
        let sent = response.headers().get(TAG_HEADER).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let body = bounded_body(response, MAX_PICTURE_LEN).await.map_err(|error| match error {
            BodyError::Broken(error) => CameraError::Unreachable(error),
            BodyError::TooLong(_) => CameraError::TooLarge,
        })?;
        if same_tag(&self.key, &tag(&self.key, kind, &nonce, &body), sent.as_deref()) {
            Ok(body)
        } else {
            Err(CameraError::NotAuthentic)
        }
    }
}

impl HttpCamera {
    /// Shows a prompt on the screen beside the camera, where it does not stand there already. One that the screen did not take is sent again.
    async fn show(&mut self, prompt: &'static str) {
        if self.shown == Some(prompt) {
            return;
        }
        let url = format!("{}/prompt?show={prompt}", self.base);
        let sent = self.client.post(url).send().await.and_then(reqwest::Response::error_for_status);
        self.shown = sent.is_ok().then_some(prompt);
        if let Err(error) = sent {
            tracing::warn!(%error, "the camera's screen did not take a prompt");
        }
    }
}

impl Camera for HttpCamera {
    async fn code(&mut self) -> Result<Seen<CodeSight>, CameraError> {
        let body = self.get("code").await?;
        // A reader that decodes by itself sends the text.
        let sight = match String::from_utf8(body) {
            Ok(text) => CodeSight::Text(text),
            Err(bytes) => CodeSight::Picture(bytes.into_bytes()),
        };
        Ok(Seen { sight, source: Source::OwnCamera })
    }

    /// The screen beside the camera asks for it; the reader gives whatever code it sees, the one before among them.
    async fn code_again(&mut self, wrong: Option<GateReason>) -> Result<NextCode, CameraError> {
        self.show(wrong.map_or("unlock_again", GateReason::sentence)).await;
        self.code().await.map(NextCode::Code)
    }

    async fn face(&mut self) -> Result<Seen<Vec<u8>>, CameraError> {
        Ok(Seen { sight: self.get("face").await?, source: Source::OwnCamera })
    }

    async fn more(&mut self) -> Result<Option<Seen<Vec<u8>>>, CameraError> {
        self.face().await.map(Some)
    }

    fn is_live(&self) -> bool {
        true
    }

    async fn prompt(&mut self, prompt: Prompt) {
        self.show(prompt.code()).await;
    }
}
