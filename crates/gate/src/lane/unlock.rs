//! Unlock: the measure *own unlock* at a lane: the traveller unlocks the wallet again and shows the code that says so.
//!
//! Lives here: reading those codes, what is wrong with one, the attempts. Not here: what a code must be at all (`check`), whether
//! the authority believes it (its own matter), the equal way without a phone (whoever carries out measures).

use std::time::Duration;

use documents::{Measure, Timestamp};
use face::active::Prompt;

use super::driver::NoRound;
use super::measures::Measurer;
use super::rounds::{LaneRounds, note_showing};
use super::shown::Shown;
use crate::capture::FaceCapture;
use crate::check::Checked;
use crate::devices::camera::{Camera, CodeSight, NextCode};
use crate::outbox::AuthorityLink;
use crate::reason::GateReason;

/// Codes that one traveller may show for an own unlock, in one clearance.
const MOST_ATTEMPTS: usize = 2;
/// Codes that one traveller may show: the first, and those.
pub(super) const CODES: usize = 1 + MOST_ATTEMPTS;
/// The wait before a reader that still sees the code before is asked again.
const SAME_WAIT: Duration = Duration::from_millis(200);

/// What stands in for an own unlock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instead {
    /// Nothing: the wallet was unlocked, or no unlock was wanted.
    Nothing,
    /// The document, which an officer saw already.
    DocumentSeen,
    /// The document, which whoever carries out measures is to see.
    Document,
}

impl Instead {
    /// Whether nothing had to stand in.
    pub(super) fn is_nothing(self) -> bool {
        self == Self::Nothing
    }

    /// What is still to be carried out.
    pub(super) fn to_be_done(self) -> Option<Measure> {
        (self == Self::Document).then_some(Measure::PhysicalDocument)
    }

    /// What counts as carried out in the end.
    pub(super) fn done(self) -> Option<Measure> {
        (!self.is_nothing()).then_some(Measure::PhysicalDocument)
    }
}

impl<'a, L: AuthorityLink, E: FaceCapture, C: Camera, M: Measurer> LaneRounds<'a, L, E, C, M> {
    /// Asks for the code of a wallet that was unlocked again: two codes at most, then a person. How long it may take is the
    /// clearance's matter.
    pub(super) async fn unlock_again(&mut self) -> Result<Instead, NoRound> {
        let came = self.wait_for_unlock().await;
        self.camera.prompt(Prompt::Ended).await;
        came
    }

    async fn wait_for_unlock(&mut self) -> Result<Instead, NoRound> {
        let asked = self.time.now();
        let mut wrong = None;
        loop {
            let next = self.camera.code_again(wrong).await;
            let seen = match next.map_err(|error| self.no_picture(&error, GateReason::MeasuresNotTaken))? {
                NextCode::Code(seen) => seen,
                NextCode::DocumentSeen => return Ok(Instead::DocumentSeen),
                NextCode::NotHere => return Ok(Instead::Document),
                NextCode::NotShown => return Err(NoRound::Failed(GateReason::MeasuresNotTaken)),
            };
            let sight = self.admitted(seen)?;
            let why = match self.unlocked_code(sight, asked).await {
                Ok(checked) => {
                    self.notes.detail = None;
                    self.shown = Some(Shown::Code(Box::new(checked)));
                    return Ok(Instead::Nothing);
                }
                Err(NotYet::Same) => {
                    self.time.sleep(SAME_WAIT).await;
                    continue;
                }
                Err(NotYet::Wrong(why)) => why,
            };
            tracing::info!(
                code = why.code(),
                left = self.scratch.len(),
                "a code was not that of an own unlock"
            );
            // The traveller reads it; what the officers see says no more than that a measure was not taken.
            self.notes.detail = Some(why.code().to_owned());
            if self.scratch.is_empty() {
                return Err(NoRound::Failed(GateReason::MeasuresNotTaken));
            }
            wrong = Some(why);
        }
    }

    /// A code of the same token, made for this lane, that says that the wallet was unlocked since `asked`.
    async fn unlocked_code(&mut self, sight: CodeSight, asked: Timestamp) -> Result<Checked<'a>, NotYet> {
        // A picture without a code that can be read is no attempt: the phone is on its way.
        let text = self.read(sight).await.map_err(|_| NotYet::Same)?;
        if self.read.as_ref() == Some(&text) {
            return Err(NotYet::Same);
        }
        let now = self.time.now();
        let checked = self.check(&text, now);
        self.read = Some(text);
        let checked = checked.map_err(NotYet::Wrong)?;
        note_showing(self.lane, &checked, now).await.map_err(NotYet::Wrong)?;
        let first = self.shown.as_ref().map(Shown::id);
        if first != Some(checked.id()) {
            return Err(NotYet::Wrong(GateReason::OtherToken));
        }
        if !checked.evidence().unlocked_since(asked) {
            return Err(NotYet::Wrong(GateReason::NotUnlocked));
        }
        Ok(checked)
    }
}

/// Why a code is not that of an own unlock.
enum NotYet {
    /// It is the code before, which still lies on the reader, or none that can be read: no attempt.
    Same,
    /// It is another one, and not what was asked for.
    Wrong(GateReason),
}
