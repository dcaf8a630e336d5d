//! Challenge: the active liveness challenge at a lane: motions that a screen asks for, judged on every picture.
//!
//! Lives here: playing it with the lane's camera. Not here: what passes (`face::active`).

use std::sync::Arc;

use face::Track;
use face::active::{Attempt, Attempts, Prompt};

use super::driver::NoRound;
use super::measures::Measurer;
use super::rounds::LaneRounds;
use crate::capture::{FaceCapture, blocking};
use crate::devices::camera::Camera;
use crate::outbox::AuthorityLink;
use crate::reason::GateReason;

/// The longest active challenge, in milliseconds; its own bounds end it sooner where pictures come.
const CHALLENGE_MS: f64 = 40_000.0;
/// Most bytes of pictures that are kept while a challenge runs.
const CHALLENGE_BYTES: usize = 48 * 1024 * 1024;

impl<L: AuthorityLink, E: FaceCapture, C: Camera, M: Measurer> LaneRounds<'_, L, E, C, M> {
    /// Whether this lane can see a head move: a camera before which somebody stands, and a capture that judges it.
    pub(super) fn can_challenge(&self) -> bool {
        self.camera.is_live() && self.lane.faces.active_rules().is_some()
    }

    /// Random motions, judged on every frame, a few tries. What passes is what is compared: the probe is made anew of
    /// the frames that passed.
    pub(super) async fn challenge(&mut self) -> Result<(), NoRound> {
        let not_live = NoRound::Failed(GateReason::FaceNotLive);
        let Some(rules) = self.lane.faces.active_rules().cloned() else { return Err(not_live) };
        let mut attempts = Attempts::new(&rules);
        loop {
            let mut seed = [0; 8];
            credential::random(&mut seed).map_err(|_| not_live)?;
            let Ok(asked) = attempts.next(u64::from_be_bytes(seed), &rules) else { return Err(not_live) };
            let played = self.play(Attempt::new(asked, rules.clone())).await;
            self.camera.prompt(Prompt::Ended).await;
            let (attempt, kept) = played?;
            match attempt.finish() {
                Ok(passed) => {
                    let evidence = passed.evidence();
                    tracing::info!(
                        frames = evidence.frames,
                        relief = evidence.relief,
                        plane_ratio = evidence.plane_ratio,
                        "the active challenge was passed"
                    );
                    return self.capture(passed.pick(kept)).await;
                }
                Err(refusal) => {
                    tracing::info!(
                        code = refusal.code(),
                        left = attempts.left(),
                        "an active challenge failed"
                    );
                    self.notes.detail = Some(format!("{}: {refusal}", refusal.code()));
                }
            }
        }
    }

    /// Plays one attempt to its end. The pictures of the frames that were judged are kept, in their order.
    async fn play(&mut self, mut attempt: Attempt) -> Result<(Attempt, Vec<Vec<u8>>), NoRound> {
        let (mut track, mut kept, mut bytes) = (Track::new(), Vec::new(), 0);
        let start = self.watch.millis();
        let mut shown = Prompt::Ended;
        while attempt.prompt() != Prompt::Ended && bytes < CHALLENGE_BYTES {
            if attempt.prompt() != shown {
                shown = attempt.prompt();
                self.camera.prompt(shown).await;
            }
            let picture = self.picture().await?;
            let at = self.watch.millis() - start;
            if at > CHALLENGE_MS {
                break;
            }
            let faces = Arc::clone(&self.lane.faces);
            let at_ms = whole_millis(at);
            let followed = blocking(move || {
                let frame = faces.follow(&mut track, &picture, at_ms);
                (track, picture, frame)
            });
            let Some((next, picture, frame)) = followed.await else {
                return Err(NoRound::Failed(GateReason::FaceModels));
            };
            track = next;
            match frame {
                Ok(frame) => {
                    attempt.see(&frame);
                    bytes += picture.len();
                    kept.push(picture);
                }
                Err(fault) if fault.reason == GateReason::FaceModels => {
                    return Err(NoRound::Failed(fault.reason));
                }
                // A frame that is missing; too many of them break the track.
                Err(_) => {}
            }
        }
        Ok((attempt, kept))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` clamps, which is what is wanted"
)]
fn whole_millis(millis: f64) -> u64 {
    millis.round() as u64
}
