//! Session: one traveller at a kiosk: where they stand, what their screen shows, and what goes on waiting.
//!
//! Lives here: [`Session`], [`Stage`], [`SessionHandle`]. Not here: who may do what (`mod`), what a page sees (`views`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use clearance::{Answer, ClearanceId, Measures, Passage, Sentence};
use documents::{AuthorityCode, Measure, Timestamp};
use face::QualityFault;
use face::active::Prompt;

use super::kept::LanePicture;
use super::{Kiosk, SEE_OFFICER};
use crate::devices::camera::PageSight;
use crate::lane::{Judged, Stages};
use crate::reason::{Finder, GateReason, Remedy};

/// A traveller at the lane.
pub(super) struct Session {
    pub(super) number: u64,
    pub(super) clearance: ClearanceId,
    /// When the code was posted, in milliseconds of the stopwatch.
    pub(super) began: f64,
    /// When the door was commanded, in milliseconds of the stopwatch.
    pub(super) welcomed: Option<f64>,
    /// What the authorities were asked; none before they are.
    pub(super) asked: Option<Asked>,
    /// Why the session is to end before the door.
    pub(super) stop: Option<Stop>,
    pub(super) stage: Stage,
    /// What was wrong with the last picture, unless a better one came.
    pub(super) unfit: Option<Unfit>,
    /// The last picture that the lane compares, for an officer who has something to do beside it.
    pub(super) face: Option<LanePicture>,
}

/// With what a traveller began: a code at a lane for codes, their first card at a lane by document.
pub(super) enum First {
    Code(String),
    Card(PageSight),
}

/// What the authorities were asked.
pub(super) struct Asked {
    pub(super) at: Timestamp,
    pub(super) verdicts: Vec<Judged>,
}

/// What is still open for the officers of each authority.
pub(super) type Open = BTreeMap<AuthorityCode, BTreeSet<Measure>>;

/// Where a session stands. Each stage carries what it waits for.
pub(super) enum Stage {
    /// A code was posted.
    Reading,
    /// The next card is wanted, at a lane by document.
    Laying { card: Option<PageSight> },
    /// The code is checked, or the authorities are asked.
    Checking,
    /// A picture of the face is wanted; only the newest is kept. `hint` is what was wrong with the last.
    Looking { second: bool, picture: Option<Vec<u8>>, hint: Option<Unfit> },
    /// An active challenge asks for `prompt`. Every picture counts, and none is judged ahead.
    Turning { prompt: Prompt, picture: Option<Vec<u8>> },
    /// Officers carry out what their own authority asked for; `open` is what is left.
    Measuring { wanted: Measures, open: Open },
    /// The code of a wallet that was unlocked again is wanted. `open` is whose own unlock is still to be shown, or the document
    /// in its place; `wrong` is what was wrong with the last code.
    Unlocking { open: Open, code: Option<String>, wrong: Option<GateReason> },
    /// The door is open; `said` is what a simulated door was told.
    Door { said: Option<Passage> },
    /// Decided; the end is being written.
    Over(Sentence),
}

/// Why the last picture was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unfit {
    pub(super) reason: GateReason,
    /// What of the face cannot be compared, where it was seen.
    pub(super) quality: Option<QualityFault>,
}

impl Unfit {
    /// The key of the sentence that the traveller sees: what to take off or to do, where that is known.
    pub(super) fn sentence(self) -> &'static str {
        self.quality.map_or_else(|| self.reason.sentence(), QualityFault::code)
    }
}

/// Why a session is to end before the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The traveller left, or the screen was lost.
    Left,
    /// The officer of this authority refused.
    Refused { by: AuthorityCode },
}

impl Session {
    pub(super) const fn new(number: u64, clearance: ClearanceId, began: f64) -> Self {
        let stage = Stage::Reading;
        Self {
            number,
            clearance,
            began,
            welcomed: None,
            asked: None,
            stop: None,
            stage,
            unfit: None,
            face: None,
        }
    }

    /// What is open for the officer of `authority`.
    pub(super) fn open(&self, authority: AuthorityCode) -> Option<&BTreeSet<Measure>> {
        match &self.stage {
            Stage::Measuring { open, .. } | Stage::Unlocking { open, .. } => open.get(&authority),
            Stage::Reading
            | Stage::Laying { .. }
            | Stage::Checking
            | Stage::Looking { .. }
            | Stage::Turning { .. }
            | Stage::Door { .. }
            | Stage::Over(_) => None,
        }
    }

    /// As [`Self::open`], to take something from it.
    pub(super) fn open_mut(&mut self, authority: AuthorityCode) -> Option<&mut BTreeSet<Measure>> {
        match &mut self.stage {
            Stage::Measuring { open, .. } | Stage::Unlocking { open, .. } => open.get_mut(&authority),
            Stage::Reading
            | Stage::Laying { .. }
            | Stage::Checking
            | Stage::Looking { .. }
            | Stage::Turning { .. }
            | Stage::Door { .. }
            | Stage::Over(_) => None,
        }
    }

    /// Whether something is left to do for the officer of `authority`.
    pub(super) fn is_open(&self, authority: AuthorityCode) -> bool {
        self.open(authority).is_some_and(|open| !open.is_empty())
    }

    /// Whether the traveller may still leave: the door was not commanded, and nothing is decided.
    pub(super) const fn stoppable(&self) -> bool {
        match self.stage {
            Stage::Door { .. } | Stage::Over(_) => false,
            Stage::Reading
            | Stage::Laying { .. }
            | Stage::Checking
            | Stage::Looking { .. }
            | Stage::Turning { .. }
            | Stage::Unlocking { .. }
            | Stage::Measuring { .. } => true,
        }
    }

    /// Whether the officer of `authority` can still refuse: no authority was asked yet, or their own waits for them.
    /// After that the answer would say how the other side decided.
    pub(super) fn refusable(&self, authority: AuthorityCode) -> bool {
        self.stop.is_none() && self.stoppable() && (self.asked.is_none() || self.is_open(authority))
    }

    /// Where a picture goes that is wanted now.
    pub(super) fn picture(&mut self) -> Option<&mut Option<Vec<u8>>> {
        match &mut self.stage {
            Stage::Looking { picture, .. } | Stage::Turning { picture, .. } => Some(picture),
            Stage::Reading
            | Stage::Laying { .. }
            | Stage::Checking
            | Stage::Unlocking { .. }
            | Stage::Measuring { .. }
            | Stage::Door { .. }
            | Stage::Over(_) => None,
        }
    }

    /// Where the code of a wallet that was unlocked again goes, where one is wanted.
    pub(super) fn next_code(&mut self) -> Option<&mut Option<String>> {
        match &mut self.stage {
            Stage::Unlocking { open, code, .. } => wants_unlock(open).then_some(code),
            Stage::Reading
            | Stage::Laying { .. }
            | Stage::Checking
            | Stage::Looking { .. }
            | Stage::Turning { .. }
            | Stage::Measuring { .. }
            | Stage::Door { .. }
            | Stage::Over(_) => None,
        }
    }

    /// Where the next card goes, where one is wanted.
    pub(super) fn card(&mut self) -> Option<&mut Option<PageSight>> {
        match &mut self.stage {
            Stage::Laying { card } => Some(card),
            Stage::Reading
            | Stage::Checking
            | Stage::Looking { .. }
            | Stage::Turning { .. }
            | Stage::Unlocking { .. }
            | Stage::Measuring { .. }
            | Stage::Door { .. }
            | Stage::Over(_) => None,
        }
    }

    /// What was wrong with the last picture, or with the last code of an own unlock.
    pub(super) const fn hint(&self) -> Option<Unfit> {
        match self.stage {
            Stage::Looking { hint, .. } => hint,
            Stage::Unlocking { wrong: Some(reason), .. } => Some(Unfit { reason, quality: None }),
            Stage::Unlocking { wrong: None, .. }
            | Stage::Reading
            | Stage::Laying { .. }
            | Stage::Checking
            | Stage::Turning { .. }
            | Stage::Measuring { .. }
            | Stage::Door { .. }
            | Stage::Over(_) => None,
        }
    }

    /// As [`Self::hint`], for the officers of `authority`: an own unlock that another authority asked for is none of their business.
    pub(super) fn hint_for(&self, authority: AuthorityCode) -> Option<GateReason> {
        let theirs = !matches!(self.stage, Stage::Unlocking { .. }) || self.is_open(authority);
        self.hint().filter(|_| theirs).map(|unfit| unfit.reason)
    }

    /// The state of the screen, and what it says, for the last sentence of a clearance: where the lane has none but that the face cannot be
    /// compared, what to take off or to do.
    pub(super) fn end_of(&self, sentence: Sentence) -> Option<(&'static str, &'static str)> {
        match sentence {
            Sentence::Welcome => None,
            Sentence::GoThrough => Some(("welcome", sentence.key())),
            Sentence::SeeOfficer => Some((SEE_OFFICER, SEE_OFFICER)),
            Sentence::CheckFailed(key) => {
                let unfit = self.unfit.filter(|unfit| unfit.reason.sentence() == key);
                Some(("again", unfit.map_or(key, Unfit::sentence)))
            }
            Sentence::TryAgain | Sentence::OtherLane(_) | Sentence::PleaseWait | Sentence::FurtherCheck => {
                Some(("again", sentence.key()))
            }
        }
    }

    pub(super) fn verdicts(&self) -> &[Judged] {
        self.asked.as_ref().map_or(&[], |asked| &asked.verdicts)
    }
}

/// Whether an own unlock is still wanted, and not the document in its place.
pub(super) fn wants_unlock(open: &Open) -> bool {
    open.values().flatten().any(|measure| *measure == Measure::Pin)
}

/// A traveller who has gone, as far as an officer's view may know.
pub(super) struct Past {
    pub(super) number: u64,
    pub(super) clearance: ClearanceId,
    pub(super) verdicts: Vec<Judged>,
    pub(super) asked_at: Option<Timestamp>,
    pub(super) ended_at: Timestamp,
    pub(super) passage: Passage,
    pub(super) reason: Option<GateReason>,
    pub(super) refused_by: Option<AuthorityCode>,
    /// Whose officers have dealt with them.
    pub(super) dealt: BTreeSet<AuthorityCode>,
    /// Whether the lane had a picture of them.
    pub(super) face_taken: bool,
}

impl Past {
    /// The own verdict's answer.
    pub(super) fn answer_of(&self, authority: AuthorityCode) -> Option<Answer> {
        self.verdicts.iter().find(|judged| judged.authority == authority).map(|judged| judged.answer)
    }

    /// The gate's own reason, where it says nothing of the other side to an officer of `authority`: it was found before anybody was
    /// asked, at the door, or where the own authority gave no verdict or asked for more.
    pub(super) fn reason_for(&self, authority: AuthorityCode) -> Option<GateReason> {
        let unsettled = || matches!(self.answer_of(authority), None | Some(Answer::Verify { .. }));
        self.reason.filter(|reason| match reason.finder() {
            Finder::Door | Finder::Gate | Finder::Reader | Finder::Check => true,
            Finder::Face | Finder::Verdicts => self.asked_at.is_none() || unsettled(),
        })
    }

    /// Whether the lane sent them to the officer of `authority`, who has not dealt with them: their authority or the gate says so. Whom
    /// the officer refused themselves, they need not be told of.
    pub(super) fn waits_for(&self, authority: AuthorityCode) -> bool {
        let sent = matches!(self.answer_of(authority), Some(Answer::Refer))
            || self.reason_for(authority).is_some_and(|reason| reason.remedy() == Remedy::CallOfficer);
        sent && self.passage == Passage::NotPassed
            && self.refused_by != Some(authority)
            && !self.dealt.contains(&authority)
    }
}

/// The end of a session on the screen.
pub(super) struct Shown {
    pub(super) number: u64,
    pub(super) state: &'static str,
    pub(super) sentence: &'static str,
    pub(super) ms: Stages,
    pub(super) welcomed: Option<f64>,
    /// Until when, in milliseconds of the stopwatch; longer while an officer has to deal with them.
    pub(super) until: f64,
}

/// One traveller's session at one kiosk. It stays harmless when the session has ended.
#[derive(Clone)]
pub(super) struct SessionHandle {
    pub(super) kiosk: Arc<Kiosk>,
    pub(super) number: u64,
}

/// How long a wait may take.
pub(super) enum Limit<'a> {
    /// As long as it takes: somebody else ends it.
    None,
    /// So long.
    Steady(Duration),
    /// So long over several waits, and not while an officer holds the lane. `spent` is in milliseconds.
    Patient { limit: Duration, spent: &'a mut f64 },
}

/// What came of a wait.
pub(super) enum Waited<T> {
    Made(T),
    Stopped(Stop),
    Late,
}

impl SessionHandle {
    /// Changes the session, where it has not ended.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Session) -> T) -> Option<T> {
        self.kiosk.change(|inner| inner.session_numbered(self.number).map(change))
    }

    pub(super) fn set(&self, stage: Stage) {
        self.change(|session| session.stage = stage);
    }

    /// Waits until `ready` gives something, the session is to end, or the limit is reached. A session that has ended
    /// counts as one whose traveller left.
    pub(super) async fn wait<T>(
        &self,
        mut limit: Limit<'_>,
        mut ready: impl FnMut(&mut Session) -> Option<T>,
    ) -> Waited<T> {
        let kiosk = &self.kiosk;
        let mut changes = kiosk.changed.subscribe();
        let mut own = 0.0;
        let mut last = kiosk.millis();
        loop {
            changes.mark_unchanged();
            let now = kiosk.millis();
            let held = {
                let mut inner = kiosk.lock();
                let held = !inner.held.is_empty();
                let lost = inner.lost(now, kiosk.setup.waits.page);
                let Some(session) = inner.session_numbered(self.number) else {
                    return Waited::Stopped(Stop::Left);
                };
                if lost && session.stoppable() {
                    session.stop.get_or_insert(Stop::Left);
                }
                if let Some(stop) = session.stop {
                    return Waited::Stopped(stop);
                }
                if let Some(made) = ready(session) {
                    return Waited::Made(made);
                }
                held
            };
            let left = match &mut limit {
                Limit::None => None,
                Limit::Steady(limit) => {
                    own += now - last;
                    Some(limit.as_secs_f64() * 1000.0 - own)
                }
                Limit::Patient { limit, spent } => {
                    if !held {
                        **spent += now - last;
                    }
                    Some(limit.as_secs_f64() * 1000.0 - **spent)
                }
            };
            last = now;
            if left.is_some_and(|left| left <= 0.0) {
                return Waited::Late;
            }
            let nap = Duration::from_secs_f64(left.unwrap_or(250.0).clamp(1.0, 250.0) / 1000.0);
            tokio::select! {
                _ = changes.changed() => {}
                () = tokio::time::sleep(nap) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_sentence_says_what_to_take_off_where_that_is_why_the_face_was_not_compared() {
        let mut session = Session::new(1, ClearanceId::from_bytes([1; 16]), 0.0);
        let poor = Sentence::CheckFailed(GateReason::FacePoor.sentence());
        assert_eq!(session.end_of(poor), Some(("again", "look_at_camera")), "no picture was judged");
        let masked = Unfit { reason: GateReason::FacePoor, quality: Some(QualityFault::Mask) };
        session.unfit = Some(masked);
        assert_eq!(session.end_of(poor), Some(("again", "quality_mask")));
        assert_eq!(session.end_of(Sentence::SeeOfficer), Some((SEE_OFFICER, SEE_OFFICER)));
        assert_eq!(session.end_of(Sentence::GoThrough), Some(("welcome", "go_through")));
        // What else failed at the gate is not about the mask.
        let stale = Sentence::CheckFailed(GateReason::ProofStale.sentence());
        assert_eq!(session.end_of(stale), Some(("again", stale.key())));
        assert_ne!(stale.key(), poor.key());
        session.unfit = Some(Unfit { reason: GateReason::FaceNone, quality: None });
        assert_eq!(session.end_of(poor), Some(("again", "look_at_camera")));
    }
}
