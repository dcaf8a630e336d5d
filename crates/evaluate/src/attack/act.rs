//! Whoever stands at the gate: follows the prompts with a head, or tries to follow them with a sheet of paper.

use super::noise::Noise;
use super::scene::{Held, Scene, Subject};
use super::stage::Stage;
use super::{Chance, scene};
use crate::degrade::narrow;
use face::active::{ActiveRules, Attempt, Bounds, Challenge, Frame, Motion, Passed, Prompt, Refusal};
use face::{FaceError, Finder, Image, Landmarks, Point};

/// Who tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A traveller who follows the screen.
    Honest,
    /// A print or a screen at rest.
    Still,
    /// Moved: to the sides, nearer, turned in its plane.
    Moved,
    /// Tilted as a head would turn.
    Tilted,
    /// Bent slightly (radius 150 mm and more) while it is tilted.
    Bent,
    /// All of it at once, at random.
    Mixed,
    /// Bent as strongly as around a cheek or a bottle (radius 50 to 150 mm): more than "slightly".
    Rolled,
    /// A screen that plays a recording of an honest answer to another challenge.
    Replay,
}

impl Kind {
    /// All of them, the honest one first.
    pub const ALL: [Self; 8] = [
        Self::Honest,
        Self::Still,
        Self::Moved,
        Self::Tilted,
        Self::Bent,
        Self::Mixed,
        Self::Rolled,
        Self::Replay,
    ];

    /// The word in JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Honest => "honest",
            Self::Still => "still",
            Self::Moved => "moved",
            Self::Tilted => "tilted",
            Self::Bent => "bent",
            Self::Mixed => "mixed",
            Self::Rolled => "rolled",
            Self::Replay => "replay",
        }
    }

    /// Whether the bar on planar attacks is measured with it.
    #[must_use]
    pub const fn is_planar(self) -> bool {
        matches!(self, Self::Still | Self::Moved | Self::Tilted | Self::Bent | Self::Mixed)
    }
}

/// One attempt as it was played.
#[derive(Debug)]
pub struct Played {
    /// What was asked.
    pub challenge: Challenge,
    /// The frames, as they were handed in.
    pub frames: Vec<Frame>,
    /// What the lane's liveness check said.
    pub answer: Result<Passed, Refusal>,
}

/// Somebody before a camera, frame by frame: for whoever drives an attempt himself, as a lane does.
pub struct Player {
    scene: Scene,
    actor: Actor,
    noise: Noise,
    strays: Vec<[f64; 2]>,
    chance: Chance,
}

impl Player {
    /// Steps before the camera. A [`Kind::Replay`] plays as an honest head: what it shows was recorded of one.
    #[must_use]
    pub fn new(kind: Kind, subject: Subject, noise: Noise, mut chance: Chance) -> Self {
        let scene = scene_of(kind, subject, &mut chance);
        let actor = Actor::new(kind, &mut chance);
        Self { scene, actor, noise, strays: Vec::new(), chance }
    }

    /// What the camera sees at this moment, under this prompt; nothing where the face leaves the frame.
    pub fn frame(&mut self, at_ms: u64, prompt: Prompt) -> Option<Frame> {
        let held = self.actor.held(at_ms, prompt, &mut self.chance);
        self.noise.next(&mut self.strays, &mut self.chance);
        let (bounds, landmarks) = with_noise(&self.scene.seen(&held), &self.strays, &mut self.chance)?;
        Some(Frame { at_ms, bounds, landmarks, cover: None, embedding: None })
    }
}

/// Plays one attempt with points alone: `kind` answers the challenge of a seed drawn from `chance`.
#[must_use]
pub fn play(kind: Kind, subject: Subject, noise: &Noise, rules: &ActiveRules, chance: &mut Chance) -> Played {
    let scene = scene_of(kind, subject, chance);
    let mut strays = Vec::new();
    let mut look = |held: &Held, chance: &mut Chance| {
        let seen = scene.seen(held);
        noise.next(&mut strays, chance);
        Ok(with_noise(&seen, &strays, chance))
    };
    let nothing = |_| Played {
        challenge: Challenge::of_seed(0, rules),
        frames: Vec::new(),
        answer: Err(Refusal::Unmeasurable),
    };
    // Looking at points cannot fail.
    run(kind, rules, chance, &mut look).unwrap_or_else(nothing)
}

/// Plays one attempt with whole pictures: each is drawn, and the face in it is found by the real networks.
///
/// # Errors
/// The network itself fails. A picture in which no face is found is a frame that is missing.
pub fn play_on_stage(
    kind: Kind,
    subject: Subject,
    portrait: &Image,
    finder: &Finder,
    rules: &ActiveRules,
    chance: &mut Chance,
) -> Result<Played, FaceError> {
    let stage = Stage::new(scene_of(kind, subject, chance), portrait.clone());
    let mut look = |held: &Held, chance: &mut Chance| {
        let Ok(picture) = stage.photographed(held, chance) else { return Ok(None) };
        let found = finder.one_face(&picture).and_then(|face| Ok((face, finder.landmarks(&picture, &face)?)));
        match found {
            Ok((face, landmarks)) => Ok(Some((Bounds::from(&face), landmarks))),
            Err(FaceError::Inference(error)) => Err(FaceError::Inference(error)),
            Err(FaceError::NoFace | FaceError::SeveralFaces { .. } | FaceError::NoLandmarks) => Ok(None),
        }
    };
    run(kind, rules, chance, &mut look)
}

fn scene_of(kind: Kind, subject: Subject, chance: &mut Chance) -> Scene {
    match kind {
        // A recording shows what a camera saw of a head; on a screen its geometry is the head's.
        Kind::Honest | Kind::Replay => Scene::Head(subject),
        Kind::Still | Kind::Moved | Kind::Tilted | Kind::Bent | Kind::Mixed | Kind::Rolled => {
            Scene::Sheet(subject, chance.between(0.8, 1.25), chance.between(0.1, 0.32))
        }
    }
}

/// A look at the scene: box and points, or nothing found.
type Look<'a> = dyn FnMut(&Held, &mut Chance) -> Result<Option<(Bounds, Landmarks)>, FaceError> + 'a;

/// The longest attempt that is played.
const LONGEST_MS: u64 = 40_000;

fn run(
    kind: Kind,
    rules: &ActiveRules,
    chance: &mut Chance,
    look: &mut Look<'_>,
) -> Result<Played, FaceError> {
    if kind == Kind::Replay {
        // What was recorded: an honest answer to some other challenge.
        let mut recorded = Vec::new();
        let other = Challenge::of_seed(chance.seed(), rules);
        let mut actor = Actor::new(Kind::Honest, chance);
        act(
            rules,
            other,
            chance,
            &mut |now, prompt, chance| {
                let held = actor.held(now, prompt, chance);
                recorded.push((now, held));
                held
            },
            look,
        )?;
        let mut played = recorded.into_iter().map(|(_, held)| held).collect::<Vec<_>>().into_iter();
        let mut last = Held { distance: 500.0, ..Held::default() };
        let challenge = Challenge::of_seed(chance.seed(), rules);
        return act(
            rules,
            challenge,
            chance,
            &mut |_, _, _| {
                last = played.next().unwrap_or(last);
                last
            },
            look,
        );
    }
    let mut actor = Actor::new(kind, chance);
    let challenge = Challenge::of_seed(chance.seed(), rules);
    act(rules, challenge, chance, &mut |now, prompt, chance| actor.held(now, prompt, chance), look)
}

/// How something is held at a moment, under a prompt.
type Hands<'a> = dyn FnMut(u64, Prompt, &mut Chance) -> Held + 'a;

fn act(
    rules: &ActiveRules,
    challenge: Challenge,
    chance: &mut Chance,
    hands: &mut Hands<'_>,
    look: &mut Look<'_>,
) -> Result<Played, FaceError> {
    let mut attempt = Attempt::new(challenge.clone(), rules.clone());
    let (mut now, mut frames) = (0, Vec::new());
    while attempt.prompt() != Prompt::Ended && now < LONGEST_MS {
        now += millis(chance.between(55.0, 105.0));
        let held = hands(now, attempt.prompt(), chance);
        let Some((bounds, landmarks)) = look(&held, chance)? else { continue };
        let frame = Frame { at_ms: now, bounds, landmarks, cover: None, embedding: None };
        attempt.see(&frame);
        frames.push(frame);
    }
    Ok(Played { challenge, frames, answer: attempt.finish() })
}

/// How long a request stands before whoever follows it moves further.
const NOT_YET_MS: u64 = 1800;

/// Hands or a neck: moves from one hold to the next after a while of reaction, never quite at rest.
struct Actor {
    kind: Kind,
    home: Held,
    from: Held,
    to: Held,
    starts: u64,
    lasts: f64,
    told: Option<Prompt>,
    told_at: u64,
    further: bool,
    sway: [f64; 6],
}

impl Actor {
    fn new(kind: Kind, chance: &mut Chance) -> Self {
        let mut home = Held {
            pitch: chance.between(-6.0, 6.0),
            yaw: chance.between(-4.0, 4.0),
            roll: chance.between(-6.0, 6.0),
            x: chance.between(-50.0, 50.0),
            y: chance.between(-70.0, -20.0),
            distance: chance.between(480.0, 680.0),
            ..Held::default()
        };
        let (sharp, axis) = match kind {
            Kind::Bent => (chance.between(0.0, 1.0 / 150.0), chance.between(0.0, 180.0)),
            Kind::Mixed => (chance.between(-1.0 / 150.0, 1.0 / 150.0), chance.between(0.0, 180.0)),
            Kind::Rolled => (chance.between(1.0 / 150.0, 1.0 / 50.0), chance.between(0.0, 180.0)),
            Kind::Honest | Kind::Still | Kind::Moved | Kind::Tilted | Kind::Replay => (0.0, 0.0),
        };
        // Half of the sheets are curled to begin with, the others only while they move.
        (home.bend, home.bend_axis) = (sharp * if chance.below(2) == 0 { 1.0 } else { 0.0 }, axis);
        let sway = std::array::from_fn(|_| chance.between(0.0, std::f64::consts::TAU));
        Self {
            kind,
            home,
            from: home,
            to: home,
            starts: 0,
            lasts: 1.0,
            told: None,
            told_at: 0,
            further: false,
            sway,
        }
    }

    fn held(&mut self, now: u64, prompt: Prompt, chance: &mut Chance) -> Held {
        if self.told != Some(prompt) {
            self.from = self.at(now);
            self.to = self.answer(prompt, chance);
            self.starts = now + millis(chance.between(220.0, 800.0));
            self.lasts = chance.between(350.0, 950.0);
            (self.told, self.told_at, self.further) = (Some(prompt), now, false);
        } else if matches!(prompt, Prompt::Move(_)) && !self.further && now > self.told_at + NOT_YET_MS {
            // The arrow is still there: whoever follows it goes on.
            self.from = self.at(now);
            self.further = true;
            self.to = self.answer(prompt, chance);
            (self.starts, self.lasts) = (now, chance.between(350.0, 950.0));
        }
        let mut held = self.at(now);
        if self.kind != Kind::Still {
            self.swayed(&mut held, now);
        }
        held
    }

    fn at(&self, now: u64) -> Held {
        let share = (millis_between(self.starts, now) / self.lasts).clamp(0.0, 1.0);
        self.from.towards(&self.to, share * share * (3.0 - 2.0 * share))
    }

    fn swayed(&self, held: &mut Held, now: u64) {
        let seconds = millis_between(0, now) / 1000.0;
        let [a, b, c, d, e, f] = self.sway;
        held.yaw += 1.0 * (1.1 * seconds + a).sin();
        held.pitch += 1.0 * (0.8 * seconds + b).sin();
        held.roll += 0.8 * (0.7 * seconds + c).sin();
        held.x += 4.0 * (0.6 * seconds + d).sin();
        held.y += 3.0 * (0.9 * seconds + e).sin();
        held.distance += 6.0 * (0.5 * seconds + f).sin();
    }

    /// Where the answer to a prompt leads.
    fn answer(&mut self, prompt: Prompt, chance: &mut Chance) -> Held {
        let motion = match prompt {
            // Nobody steps back of himself.
            Prompt::LookStraight | Prompt::Ended => return Held { distance: self.to.distance, ..self.home },
            Prompt::Move(motion) => motion,
        };
        let mut to = Held { distance: self.to.distance, ..self.home };
        if self.further && motion == Motion::ComeCloser && self.kind != Kind::Still {
            to.distance *= 0.85;
            return to;
        }
        let side = match motion {
            Motion::TurnLeft => 1.0,
            Motion::TurnRight => -1.0,
            Motion::ComeCloser => {
                if self.kind != Kind::Still {
                    to.distance /= chance.between(1.25, 1.45);
                }
                return to;
            }
        };
        let tries = match self.kind {
            Kind::Still => return to,
            Kind::Honest | Kind::Replay => {
                to.yaw +=
                    side * if self.further { chance.between(34.0, 46.0) } else { chance.between(20.0, 40.0) };
                to.pitch += chance.between(-7.0, 7.0);
                to.roll += chance.between(-6.0, 6.0);
                to.x += side * chance.between(0.0, 20.0);
                return to;
            }
            Kind::Moved => [true, false, false],
            Kind::Tilted => [false, true, false],
            Kind::Bent | Kind::Rolled => [chance.below(2) == 0, true, true],
            Kind::Mixed => [chance.below(3) > 0, chance.below(3) > 0, chance.below(3) > 0],
        };
        let [moved, tilted, bent] = tries;
        if moved {
            to.x += chance.sign() * chance.between(0.0, 120.0);
            to.y += chance.between(-50.0, 50.0);
            to.roll += chance.between(-30.0, 30.0);
            to.distance *= chance.between(0.85, 1.15);
        }
        if tilted {
            to.yaw += side * chance.between(15.0, 60.0) * if chance.below(4) == 0 { -1.0 } else { 1.0 };
            to.pitch += chance.between(-30.0, 30.0);
        }
        if bent {
            let most = if self.kind == Kind::Rolled { 1.0 / 50.0 } else { 1.0 / 150.0 };
            to.bend = chance.sign() * chance.between(0.3, 1.0) * most;
            to.bend_axis += chance.between(-20.0, 20.0);
        }
        to
    }
}

fn with_noise(seen: &[[f64; 2]], strays: &[[f64; 2]], chance: &mut Chance) -> Option<(Bounds, Landmarks)> {
    let eye = |first: usize| {
        let points = seen.iter().skip(first).take(6);
        points.fold([0.0, 0.0], |[sx, sy], [x, y]| [sx + x / 6.0, sy + y / 6.0])
    };
    let ([lx, ly], [rx, ry]) = (eye(36), eye(42));
    let eyes = (rx - lx).hypot(ry - ly);
    let points: Vec<Point> = seen
        .iter()
        .zip(strays)
        .map(|([x, y], [dx, dy])| Point::new(narrow(x + dx * eyes), narrow(y + dy * eyes)))
        .collect();
    let most = |of: fn(&Point) -> f32| points.iter().map(of).fold(f32::MIN, f32::max);
    let least = |of: fn(&Point) -> f32| points.iter().map(of).fold(f32::MAX, f32::min);
    let (left, right, top, bottom) = (least(|p| p.x), most(|p| p.x), least(|p| p.y), most(|p| p.y));
    let stray = |chance: &mut Chance, size: f32| narrow(chance.normal() * 0.01) * size;
    let (width, height) = (right - left, (bottom - top) * 1.25);
    let bounds = Bounds {
        left: left + stray(chance, width),
        top: bottom - height + stray(chance, height),
        width: width + stray(chance, width),
        height: height + stray(chance, height),
    };
    let inside = f64::from(left) > 0.0
        && f64::from(right) < scene::WIDTH
        && f64::from(bottom) < scene::HEIGHT
        && f64::from(top) > 0.0;
    // A face that leaves the frame is not found.
    Landmarks::new(points).filter(|_| inside).map(|landmarks| (bounds, landmarks))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` clamps, which is what is wanted"
)]
fn millis(value: f64) -> u64 {
    value.round() as u64
}

fn millis_between(from: u64, to: u64) -> f64 {
    f64::from(u32::try_from(to.saturating_sub(from)).unwrap_or(u32::MAX))
}
