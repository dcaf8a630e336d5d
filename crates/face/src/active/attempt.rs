//! One attempt: frames go in one by one, a prompt comes out after each, and at the end a pass or one reason.
//!
//! The track begins with the first straight frames and must hold to the last one: one box, one shape, one person. What
//! passes is handed on by the numbers of its frames ([`Passed::matched`]): no other frame may be compared.

use super::challenge::{Challenge, Motion};
use super::rules::ActiveRules;
use super::shape::{Measured, Pose, Reference};
use crate::embedding::Embedding;
use crate::found::{Face, Landmarks};
use crate::quality::QualityFault;
use documents::redact_debug;

/// The box of a face, in pixels of its frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// The left edge.
    pub left: f32,
    /// The upper edge.
    pub top: f32,
    /// From left to right.
    pub width: f32,
    /// From top to bottom.
    pub height: f32,
}

impl From<&Face> for Bounds {
    fn from(face: &Face) -> Self {
        Self { left: face.left(), top: face.top(), width: face.width(), height: face.height() }
    }
}

impl Bounds {
    /// Intersection over union; no number where a box is none.
    fn overlap(&self, other: &Self) -> f64 {
        let shared =
            |a: f32, a_long: f32, b: f32, b_long: f32| ((a + a_long).min(b + b_long) - a.max(b)).max(0.0);
        let both = shared(self.left, self.width, other.left, other.width)
            * shared(self.top, self.height, other.top, other.height);
        f64::from(both / (self.width * self.height + other.width * other.height - both))
    }
}

/// What one picture of the gate's camera shows of the face. Personal data.
#[derive(Clone)]
pub struct Frame {
    /// When it was taken, in milliseconds from any start.
    pub at_ms: u64,
    /// The box of the detector.
    pub bounds: Bounds,
    /// The 68 points.
    pub landmarks: Landmarks,
    /// What covers the face, where capture quality sees something: mask, dark glasses, hand.
    pub cover: Option<QualityFault>,
    /// The embedding, where whoever judges has the network that compares. A gate has not.
    pub embedding: Option<Embedding>,
}
redact_debug!(Frame);

/// What the traveller is shown after a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// Look straight at the camera, and wait.
    LookStraight,
    /// Do this now.
    Move(Motion),
    /// Nothing more: [`Attempt::finish`] has the answer.
    Ended,
}

impl Prompt {
    /// The word in messages and texts.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::LookStraight => "look_straight",
            Self::Move(motion) => motion.code(),
            Self::Ended => "ended",
        }
    }
}

/// Why an attempt does not pass. The codes are public and are never used for something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Refusal {
    /// Fewer frames than can be judged.
    #[error("too few frames of the face; let the camera see the whole motion")]
    TooFewFrames,
    /// More frames than an attempt may have.
    #[error("the attempt goes on for too long; start again")]
    TooLong,
    /// Times do not rise.
    #[error("the times of the frames do not rise; the operator checks the camera")]
    TimeOrder,
    /// A pause in the frames.
    #[error("frames are missing in between; stay in sight of the camera")]
    FramesMissing,
    /// The points cannot be those of a face.
    #[error("the face cannot be measured; look straight at the camera")]
    Unmeasurable,
    /// A mask, glasses or a hand hide the points.
    #[error("the face is covered; take off mask and glasses")]
    Covered,
    /// Box or shape jump between two frames.
    #[error("the face was not in sight all the time; stay before the camera alone")]
    TrackBroken,
    /// The embeddings of two frames differ.
    #[error("the frames show more than one person; stay before the camera alone")]
    AnotherPerson,
    /// Frames that were there before.
    #[error("frames come again; the operator checks the camera")]
    Looped,
    /// Never straight and quiet at the start, or never straight again after a step.
    #[error("the face never looks straight at the camera; look straight and wait")]
    NotStraight,
    /// Nothing moves.
    #[error("nothing moves; follow what the screen asks")]
    Still,
    /// Moves as a picture moves.
    #[error("the motion is not that of a head; turn the head itself")]
    Flat,
    /// Another motion than the one asked for: another order.
    #[error("another motion than the one asked for; follow what the screen asks")]
    WrongMotion,
    /// A motion while nothing was asked.
    #[error("a motion that was not asked for; wait for the screen")]
    NotAsked,
    /// Followed sooner than a person can.
    #[error("the motion began before it was asked for; wait for the screen")]
    TooEarly,
    /// Not followed in time.
    #[error("the motion came too late; follow the screen at once")]
    TooSlow,
}

impl Refusal {
    /// Every reason, in the order of the documentation.
    pub const ALL: [Self; 16] = [
        Self::TooFewFrames,
        Self::TooLong,
        Self::TimeOrder,
        Self::FramesMissing,
        Self::Unmeasurable,
        Self::Covered,
        Self::TrackBroken,
        Self::AnotherPerson,
        Self::Looped,
        Self::NotStraight,
        Self::Still,
        Self::Flat,
        Self::WrongMotion,
        Self::NotAsked,
        Self::TooEarly,
        Self::TooSlow,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooFewFrames => "active_too_few_frames",
            Self::TooLong => "active_too_long",
            Self::TimeOrder => "active_time_order",
            Self::FramesMissing => "active_frames_missing",
            Self::Unmeasurable => "active_unmeasurable",
            Self::Covered => "active_covered",
            Self::TrackBroken => "active_track_broken",
            Self::AnotherPerson => "active_another_person",
            Self::Looped => "active_looped",
            Self::NotStraight => "active_not_straight",
            Self::Still => "active_still",
            Self::Flat => "active_flat",
            Self::WrongMotion => "active_wrong_motion",
            Self::NotAsked => "active_not_asked",
            Self::TooEarly => "active_too_early",
            Self::TooSlow => "active_too_slow",
        }
    }
}

/// The figures on which a pass rests, for the log. They identify nobody.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// Frames of the track.
    pub frames: usize,
    /// Frames of these in a turn that was asked for.
    pub turned: usize,
    /// Nose against eyes and mouth: what the turned frames show of it, as a share of what a plane would have to be
    /// tilted to be narrowed as they are. About 1 for a head; a print shows 0.2 (the landmark network guesses it).
    pub relief: f64,
    /// What a homography leaves of turned frames, as a multiple of what it leaves of straight ones.
    pub plane_ratio: f64,
}

/// An attempt that passed. It has one maker: a frame can be matched only if its attempt passed.
#[derive(Debug, Clone, PartialEq)]
pub struct Passed {
    matched: Vec<usize>,
    evidence: Evidence,
}

impl Passed {
    /// The numbers (from 0, as handed in) of the frames to be compared, in order: straight ones of the track that passed.
    #[must_use]
    pub fn matched(&self) -> &[usize] {
        &self.matched
    }

    /// Of whatever was kept beside each frame (the picture, its probe), that of the frames to be compared.
    pub fn pick<T>(&self, kept: impl IntoIterator<Item = T>) -> Vec<T> {
        let numbered = kept.into_iter().enumerate();
        numbered.filter(|(i, _)| self.matched.contains(i)).map(|(_, kept)| kept).collect()
    }

    /// What it rests on.
    #[must_use]
    pub const fn evidence(&self) -> &Evidence {
        &self.evidence
    }
}

/// Judges a whole sequence at once: the same as an [`Attempt`] that is fed frame by frame.
///
/// # Errors
/// The first reason against it.
pub fn judge(challenge: Challenge, rules: &ActiveRules, frames: &[Frame]) -> Result<Passed, Refusal> {
    let mut attempt = Attempt::new(challenge, rules.clone());
    for frame in frames {
        attempt.see(frame);
    }
    attempt.finish()
}

/// An attempt under way.
pub struct Attempt {
    challenge: Challenge,
    rules: ActiveRules,
    phase: Phase,
    /// Frames handed in, whether of the track or not.
    count: usize,
    track: Vec<Seen>,
    embedded: Option<Embedding>,
    covered: usize,
    /// What covered the face last.
    cover: Option<QualityFault>,
    copies: usize,
    /// While settling, frames come too seldom to begin a track.
    gaps: bool,
    /// Since when, and for how many frames, the face shows the same.
    run: (Shows, u64, usize),
    reference: Option<Reference>,
}
redact_debug!(Attempt);

enum Phase {
    /// Until the first frames are straight and quiet.
    Settling {
        since: u64,
    },
    /// Until the face has been straight for the pause before step `step`.
    Waiting {
        step: usize,
        since: u64,
        straight: Option<u64>,
    },
    /// Until step `step` is done.
    Asked {
        step: usize,
        at: u64,
    },
    Done,
    Refused(Refusal),
}

/// What a frame shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shows {
    Straight,
    Near,
    Left,
    Right,
    Between,
}

/// A frame of the track.
struct Seen {
    number: usize,
    at_ms: u64,
    bounds: Bounds,
    measured: Measured,
    pose: Option<Pose>,
    part: Part,
}

/// What a frame counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Straight,
    Turned,
    Way,
}

impl Attempt {
    /// Starts an attempt.
    #[must_use]
    pub fn new(challenge: Challenge, rules: ActiveRules) -> Self {
        Self {
            challenge,
            rules,
            phase: Phase::Settling { since: 0 },
            count: 0,
            track: Vec::new(),
            embedded: None,
            covered: 0,
            cover: None,
            copies: 0,
            gaps: false,
            run: (Shows::Between, 0, 0),
            reference: None,
        }
    }

    /// What covered the face, in the last frame in which something did.
    #[must_use]
    pub const fn cover(&self) -> Option<QualityFault> {
        self.cover
    }

    /// What the screen shows at this moment.
    #[must_use]
    pub fn prompt(&self) -> Prompt {
        match self.phase {
            Phase::Settling { .. } | Phase::Waiting { .. } => Prompt::LookStraight,
            Phase::Asked { step, .. } => self.motion(step).map_or(Prompt::Ended, Prompt::Move),
            Phase::Done | Phase::Refused(_) => Prompt::Ended,
        }
    }

    /// Takes the next frame. Once the attempt has ended, further frames change nothing.
    pub fn see(&mut self, frame: &Frame) -> Prompt {
        if !matches!(self.phase, Phase::Done | Phase::Refused(_)) {
            if let Err(refusal) = self.take(frame) {
                self.phase = Phase::Refused(refusal);
            }
            self.count += 1;
        }
        self.prompt()
    }

    /// The answer. Where steps are still open, the reason says what was seen instead.
    ///
    /// # Errors
    /// The reason.
    pub fn finish(self) -> Result<Passed, Refusal> {
        match self.phase {
            Phase::Refused(refusal) => Err(refusal),
            _ if self.track.len() < self.rules.frames.least => Err(Refusal::TooFewFrames),
            Phase::Done => self.solid(),
            Phase::Settling { .. } => Err(self.unsettled()),
            Phase::Waiting { .. } | Phase::Asked { .. } => Err(self.seen_instead()),
        }
    }

    fn motion(&self, step: usize) -> Option<Motion> {
        self.challenge.steps().get(step).map(|step| step.motion)
    }

    fn take(&mut self, frame: &Frame) -> Result<(), Refusal> {
        if self.count >= self.rules.frames.most {
            return Err(Refusal::TooLong);
        }
        let measured = Measured::of(&frame.landmarks).ok_or(Refusal::Unmeasurable)?;
        let settling = matches!(self.phase, Phase::Settling { .. });
        if frame.cover.is_some() {
            self.covered += 1;
            self.cover = frame.cover;
            if self.covered >= self.rules.frames.covered {
                return Err(Refusal::Covered);
            }
        }
        match self.unbroken(frame, &measured) {
            // A traveller who steps up to the gate: the track has not begun.
            Err(refusal @ (Refusal::TrackBroken | Refusal::FramesMissing)) if settling => {
                self.gaps = refusal == Refusal::FramesMissing;
                self.track.clear();
            }
            broken => {
                broken?;
                self.gaps &= self.track.is_empty();
            }
        }
        self.same_person(frame)?;
        let copy = self.copied(&measured)?;
        let pose = self.reference.as_ref().map(|reference| reference.pose(&measured));
        let shows = pose.map_or(Shows::Between, |pose| self.shows(&pose));
        if !copy {
            let (before, since, frames) = self.run;
            self.run = if before == shows { (before, since, frames + 1) } else { (shows, frame.at_ms, 1) };
        }
        let part = if shows == Shows::Straight || shows == Shows::Near { Part::Straight } else { Part::Way };
        let bounds = frame.bounds;
        self.track.push(Seen { number: self.count, at_ms: frame.at_ms, bounds, measured, pose, part });
        self.follow(frame.at_ms)
    }

    /// One track: times that rise, no gap, one box, one shape.
    fn unbroken(&self, frame: &Frame, measured: &Measured) -> Result<(), Refusal> {
        let Some(last) = self.track.last() else { return Ok(()) };
        let Some(gap) = frame.at_ms.checked_sub(last.at_ms).filter(|gap| *gap > 0) else {
            return Err(Refusal::TimeOrder);
        };
        if gap > self.rules.frames.gap_ms {
            return Err(Refusal::FramesMissing);
        }
        let track = &self.rules.track;
        let overlap = last.bounds.overlap(&frame.bounds);
        let most = track.jump + track.jump_per_s * seconds(gap);
        // Written so that what is no number is broken.
        if overlap >= track.overlap && last.measured.change(measured) <= most {
            Ok(())
        } else {
            Err(Refusal::TrackBroken)
        }
    }

    fn same_person(&mut self, frame: &Frame) -> Result<(), Refusal> {
        let Some(embedding) = &frame.embedding else { return Ok(()) };
        let first = self.embedded.get_or_insert_with(|| embedding.clone());
        let same = first.cosine(embedding).is_some_and(|score| score.value() >= self.rules.track.same_person);
        if same { Ok(()) } else { Err(Refusal::AnotherPerson) }
    }

    /// Whether the frame is a copy of the last one; copies of earlier ones, after a motion, are a loop.
    fn copied(&mut self, measured: &Measured) -> Result<bool, Refusal> {
        let track = &self.rules.track;
        let mut moved = false;
        for (back, seen) in self.track.iter().rev().enumerate() {
            let distance = seen.measured.distance(measured);
            if distance < track.repeat && (back == 0 || moved) {
                if back == 0 {
                    return Ok(true);
                }
                self.copies += 1;
                return if self.copies >= self.rules.frames.hold { Err(Refusal::Looped) } else { Ok(false) };
            }
            moved |= distance > track.still;
        }
        Ok(false)
    }

    fn shows(&self, pose: &Pose) -> Shows {
        let rules = &self.rules.pose;
        if pose.yaw >= rules.turn_deg {
            Shows::Left
        } else if pose.yaw <= -rules.turn_deg {
            Shows::Right
        } else if pose.yaw.abs() > rules.front_deg || pose.pitch.abs() > rules.pitch_deg {
            Shows::Between
        } else if pose.scale >= rules.closer {
            Shows::Near
        } else {
            Shows::Straight
        }
    }

    /// What is shown now for long enough to count, and since when.
    fn held(&self) -> Option<(Shows, u64)> {
        let (shows, since, frames) = self.run;
        (frames >= self.rules.frames.hold).then_some((shows, since))
    }

    fn follow(&mut self, now: u64) -> Result<(), Refusal> {
        match self.phase {
            Phase::Settling { since } => self.settle(if self.count == 0 { now } else { since }, now),
            Phase::Waiting { step, since, straight } => self.wait(step, since, straight, now),
            Phase::Asked { step, at } => self.answered(step, at, now),
            Phase::Done | Phase::Refused(_) => Ok(()),
        }
    }

    fn settle(&mut self, since: u64, now: u64) -> Result<(), Refusal> {
        let rules = &self.rules;
        self.phase = Phase::Settling { since };
        let straight = |seen: &Seen| seen.measured.asymmetry().abs() <= rules.pose.asymmetry;
        if self.track.last().is_some_and(|last| !straight(last)) {
            self.track.clear();
        }
        if self.track.len() >= rules.frames.reference {
            let shapes: Vec<Measured> = self.track.iter().map(|seen| seen.measured.clone()).collect();
            let reference = Reference::of(&shapes).ok_or(Refusal::Unmeasurable)?;
            for seen in &mut self.track {
                seen.pose = Some(reference.pose(&seen.measured));
                seen.part = Part::Straight;
            }
            self.reference = Some(reference);
            self.run = (Shows::Straight, now, 1);
            self.phase = Phase::Waiting { step: 0, since: now, straight: Some(now) };
        } else if now.saturating_sub(since) > rules.challenge.settle_ms {
            return Err(self.unsettled());
        }
        Ok(())
    }

    const fn unsettled(&self) -> Refusal {
        if self.gaps { Refusal::FramesMissing } else { Refusal::NotStraight }
    }

    fn wait(&mut self, step: usize, since: u64, straight: Option<u64>, now: u64) -> Result<(), Refusal> {
        let Some(wanted) = self.challenge.steps().get(step).copied() else {
            self.phase = Phase::Done;
            return Ok(());
        };
        let held = self.held();
        let closer_to_come = self.challenge.steps().iter().skip(step).any(|s| s.motion == Motion::ComeCloser);
        // The turn of the last step may still be held; any other is a motion of its own.
        let last = step.checked_sub(1).and_then(|last| self.motion(last));
        let moved = match held {
            Some((Shows::Left, _)) => straight.is_some() || last != Some(Motion::TurnLeft),
            Some((Shows::Right, _)) => straight.is_some() || last != Some(Motion::TurnRight),
            Some((Shows::Near, _)) => closer_to_come,
            Some((Shows::Straight | Shows::Between, _)) | None => false,
        };
        if moved {
            return Err(Refusal::NotAsked);
        }
        let is_straight = matches!(held, Some((Shows::Straight | Shows::Near, _)));
        let straight = straight.or(is_straight.then_some(now));
        let now_straight = matches!(self.run.0, Shows::Straight | Shows::Near);
        self.phase = match straight {
            Some(from) if now_straight && now.saturating_sub(from) >= wanted.pause_ms => {
                Phase::Asked { step, at: now }
            }
            _ => Phase::Waiting { step, since, straight },
        };
        if now.saturating_sub(since) > self.rules.challenge.settle_ms + wanted.pause_ms {
            return Err(Refusal::NotStraight);
        }
        Ok(())
    }

    fn answered(&mut self, step: usize, at: u64, now: u64) -> Result<(), Refusal> {
        let Some(motion) = self.motion(step) else { return Err(Refusal::WrongMotion) };
        let closer_to_come = self.challenge.steps().iter().skip(step).any(|s| s.motion == Motion::ComeCloser);
        let wanted = match motion {
            Motion::TurnLeft => Shows::Left,
            Motion::TurnRight => Shows::Right,
            Motion::ComeCloser => Shows::Near,
        };
        match self.held() {
            Some((shows, since)) if shows == wanted => {
                if since < at.saturating_add(self.rules.challenge.reaction_ms) {
                    return Err(Refusal::TooEarly);
                }
                self.count_turned(motion, since);
                self.phase = if step + 1 < self.challenge.steps().len() {
                    Phase::Waiting { step: step + 1, since: now, straight: None }
                } else {
                    Phase::Done
                };
                return Ok(());
            }
            Some((Shows::Left | Shows::Right, _)) => return Err(Refusal::WrongMotion),
            Some((Shows::Near, _)) if closer_to_come => return Err(Refusal::WrongMotion),
            Some((Shows::Near | Shows::Straight | Shows::Between, _)) | None => {}
        }
        if now.saturating_sub(at) > self.rules.challenge.step_ms { Err(self.seen_instead()) } else { Ok(()) }
    }

    fn count_turned(&mut self, motion: Motion, since: u64) {
        if motion.is_turn() {
            self.track
                .iter_mut()
                .filter(|seen| seen.at_ms >= since)
                .for_each(|seen| seen.part = Part::Turned);
        }
    }

    /// Why a request was not followed: nothing moved, a plane moved, or the head was too slow.
    fn seen_instead(&self) -> Refusal {
        let Some(first) = self.track.first() else { return Refusal::TooFewFrames };
        let moved =
            self.track.iter().map(|seen| first.measured.distance(&seen.measured)).fold(0.0_f64, f64::max);
        let turned =
            self.track.iter().filter_map(|seen| seen.pose).map(|pose| pose.yaw.abs()).fold(0.0, f64::max);
        if moved < self.rules.track.still {
            Refusal::Still
        } else if moved > MOVED && turned < self.rules.pose.turn_deg {
            Refusal::Flat
        } else {
            Refusal::TooSlow
        }
    }

    /// The last question: does a plane explain the turned frames?
    fn solid(self) -> Result<Passed, Refusal> {
        let solid = &self.rules.solid;
        let mean = |part: Part, of: fn(&Pose) -> f64| {
            let poses =
                self.track.iter().filter(|seen| seen.part == part).filter_map(|seen| seen.pose.as_ref());
            let (sum, count) = poses.fold((0.0, 0.0_f64), |(sum, count), pose| (sum + of(pose), count + 1.0));
            sum / count.max(1.0)
        };
        let numbers =
            |part: Part| self.track.iter().filter(move |seen| seen.part == part).map(|seen| seen.number);
        let relief =
            mean(Part::Turned, |pose| pose.parallax) / mean(Part::Turned, |pose| pose.tilt).max(1e-4);
        let straight_rest = mean(Part::Straight, |pose| pose.plane_rest);
        let plane_ratio = mean(Part::Turned, |pose| pose.plane_rest) / straight_rest.max(solid.noise);
        // Written so that what is no number is flat.
        if !(relief >= solid.relief && plane_ratio >= solid.plane_ratio) {
            return Err(Refusal::Flat);
        }
        let straight: Vec<usize> = numbers(Part::Straight).collect();
        let matched = evenly(&straight, self.rules.frames.matched);
        let turned = numbers(Part::Turned).count();
        let evidence = Evidence { frames: self.track.len(), turned, relief, plane_ratio };
        Ok(Passed { matched, evidence })
    }
}

/// A motion, as a share of the eye distance, that is more than sway.
const MOVED: f64 = 0.25;

/// At most `most` of the numbers, from the first to the last at equal distances.
fn evenly(numbers: &[usize], most: usize) -> Vec<usize> {
    let count = numbers.len().min(most);
    let last = numbers.len().saturating_sub(1);
    (0..count)
        .filter_map(|i| numbers.get(if count > 1 { i * last / (count - 1) } else { 0 }))
        .copied()
        .collect()
}

fn seconds(ms: u64) -> f64 {
    // Bounded by the longest gap allowed.
    f64::from(u32::try_from(ms).unwrap_or(u32::MAX)) / 1000.0
}
