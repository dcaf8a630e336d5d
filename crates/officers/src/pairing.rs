//! Pairing: how a kiosk's browser becomes the one that may work a lane: a one-time code on request, then a token in a cookie.

use std::path::Path;

use credential::CryptoError;
use documents::Timestamp;
use serde::{Deserialize, Serialize};

use crate::kept::{FileError, Kept, Lock};
use crate::limits::Limits;
use crate::record::{Actor, Record};
use crate::role::Deed;
use crate::secret::{Draw, OneTimeCode, Token};

/// Browsers that are paired with one lane; the oldest pairing ends for a new one.
const MAX_PAIRED: usize = 8;

/// A code or a token of one lane, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptPairing {
    lane: String,
    /// The SHA-256 of the code: the code itself stands nowhere.
    #[serde(with = "hex::serde")]
    hash: [u8; 32],
    /// A code's end, or when a browser was paired.
    at: Timestamp,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptPairings {
    codes: Vec<KeptPairing>,
    paired: Vec<KeptPairing>,
}

/// Why a browser is not paired.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// No such code, or it was used, is too old, or is another lane's.
    #[error("this pairing code does not count (any more); ask for a new one with `baypass gate pair`")]
    Refused,
    /// The file of pairings cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// No chance to be had.
    #[error(transparent)]
    Random(#[from] CryptoError),
}

/// The pairings of a gate, in its folder.
pub struct Pairings {
    folder: std::path::PathBuf,
    kept: Kept<KeptPairings>,
    limits: Limits,
    draw: Draw,
    /// A trial's one operator plays at every lane: one pairing counts for all.
    every_lane: bool,
}

impl Pairings {
    /// The pairings of a folder.
    #[must_use]
    pub fn of(folder: &Path, limits: Limits, draw: Draw, every_lane: bool) -> Self {
        let kept = Kept::new(folder.join("pairings.json"));
        Self { folder: folder.to_owned(), kept, limits, draw, every_lane }
    }

    /// Whether one pairing counts at every lane.
    #[must_use]
    pub const fn every_lane(&self) -> bool {
        self.every_lane
    }

    /// Makes a code that pairs one browser with a lane, once and for a short time.
    ///
    /// # Errors
    /// [`PairError`].
    pub fn issue(&self, lane: &str, actor: &Actor, now: Timestamp) -> Result<OneTimeCode, PairError> {
        let code = OneTimeCode::draw(self.draw)?;
        let lock = Lock::take(&self.folder)?;
        Record::of(&self.folder).write_locked(
            actor,
            (Deed::PairKiosk.word(), lane, "allowed"),
            now,
            &lock,
        )?;
        let mut kept = (*self.kept.get()?).clone();
        kept.codes.retain(|code| now < code.at);
        let at = now.plus_seconds(self.limits.pairing_seconds);
        kept.codes.push(KeptPairing { lane: lane.to_owned(), hash: code.hash(), at });
        self.kept.put(&kept, &lock)?;
        Ok(code)
    }

    /// Takes a code; gives the token of the browser that brought it.
    ///
    /// # Errors
    /// [`PairError`].
    pub fn redeem(&self, code: &str, lane: &str, now: Timestamp) -> Result<Token, PairError> {
        let hash = OneTimeCode::parse(code).ok_or(PairError::Refused)?.hash();
        // Looked at without the lock first: wrong codes wait for nobody.
        if !self.kept.get()?.codes.iter().any(|code| code.hash == hash) {
            return Err(PairError::Refused);
        }
        let token = Token::draw(self.draw)?;
        let lock = Lock::take(&self.folder)?;
        let mut kept = (*self.kept.get()?).clone();
        let found = kept.codes.iter().position(|code| code.hash == hash).ok_or(PairError::Refused)?;
        let code = kept.codes.remove(found);
        let good = now < code.at && (code.lane == lane || self.every_lane);
        if good {
            kept.paired.push(KeptPairing { lane: lane.to_owned(), hash: token.hash(), at: now });
            let of_lane = kept.paired.iter().filter(|one| one.lane == lane).count();
            let mut over = of_lane.saturating_sub(MAX_PAIRED);
            kept.paired.retain(|one| {
                let goes = over > 0 && one.lane == lane;
                over = over.saturating_sub(usize::from(goes));
                !goes
            });
        }
        self.kept.put(&kept, &lock)?;
        if good { Ok(token) } else { Err(PairError::Refused) }
    }

    /// Whether a browser is paired with a lane.
    ///
    /// # Errors
    /// The file's.
    pub fn is_paired(&self, token: &Token, lane: &str) -> Result<bool, FileError> {
        let hash = token.hash();
        let kept = self.kept.get()?;
        Ok(kept.paired.iter().any(|one| one.hash == hash && (one.lane == lane || self.every_lane)))
    }

    /// Ends every pairing of a lane, and every code that is out.
    ///
    /// # Errors
    /// The file's.
    pub fn end(&self, lane: &str, actor: &Actor, now: Timestamp) -> Result<(), FileError> {
        let lock = Lock::take(&self.folder)?;
        Record::of(&self.folder).write_locked(actor, (Deed::PairKiosk.word(), lane, "ended"), now, &lock)?;
        let mut kept = (*self.kept.get()?).clone();
        kept.codes.retain(|one| one.lane != lane);
        kept.paired.retain(|one| one.lane != lane);
        self.kept.put(&kept, &lock)
    }
}
