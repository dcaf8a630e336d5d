//! Kept: the lane's last picture of a traveller whom an authority referred, for that authority's own officer.
//!
//! Lives here: [`LanePicture`], [`Keeping`], which officer has which picture, and when it is gone. Not here: its route (`beside`). A
//! picture lies in memory alone: no file, no log and no event holds it (docs/officers.md, Whom an officer sees at a lane).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use clearance::Answer;
use documents::{AuthorityCode, Timestamp, redact_debug};
use zeroize::Zeroizing;

use super::session::Past;
use super::{Inner, Kiosk};

/// How long a picture is kept at most, in seconds from the moment on at which it was taken: as long as an authority shows its officer
/// whom a verdict was about, so that neither picture outlives the other.
const KEPT_SECONDS: i64 = 600;
/// How often a kept picture is looked after.
const EACH: Duration = Duration::from_millis(250);

/// The picture that the lane compares, as its page sent it. Its bytes are overwritten when the last who holds it lets go.
#[derive(Clone)]
pub(super) struct LanePicture {
    bytes: Arc<Zeroizing<Vec<u8>>>,
    taken_at: Timestamp,
}
redact_debug!(LanePicture);

impl LanePicture {
    pub(super) fn new(bytes: Vec<u8>, taken_at: Timestamp) -> Self {
        Self { bytes: Arc::new(Zeroizing::new(bytes)), taken_at }
    }

    /// Whether it may be kept no longer. One of the future is not kept either: the clock went back.
    fn is_over(&self, now: Timestamp) -> bool {
        !(0..KEPT_SECONDS).contains(&now.seconds_since(self.taken_at))
    }
}

impl AsRef<[u8]> for LanePicture {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Why an officer has no picture of a traveller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoFace {
    /// The lane took none, or this officer has nothing to do beside this traveller.
    NotHere,
    /// The approval in force says no.
    NotApproved,
    /// The own authority asked for a measure and referred nobody.
    WentWithMeasure,
    /// It was kept, and is gone.
    Forgotten,
}

impl NoFace {
    /// Status, stable code, and what the officer does next.
    pub(super) const fn told(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::NotHere => (
                StatusCode::NOT_FOUND,
                "no_face_here",
                "the lane holds no picture of this traveller for you: look at whoever stands there",
            ),
            Self::NotApproved => (
                StatusCode::FORBIDDEN,
                "face_not_approved",
                "the approval in force at this lane does not name officer_portrait: compare the traveller with their document",
            ),
            Self::WentWithMeasure => (
                StatusCode::NOT_FOUND,
                "face_went_with_measure",
                "your authority asked for a measure and referred nobody, and the picture went with the measure: look at whoever stands there",
            ),
            Self::Forgotten => (
                StatusCode::GONE,
                "face_forgotten",
                "the picture is gone with its ten minutes or with the next traveller: look at whoever stands there",
            ),
        }
    }

    pub(super) const fn code(self) -> &'static str {
        self.told().1
    }
}

/// The one picture that a lane keeps after a session, and for whom.
#[derive(Default)]
pub(super) struct Keeping(Option<Kept>);

struct Kept {
    number: u64,
    picture: LanePicture,
    /// Whose officers it waits for: never empty.
    whose: BTreeSet<AuthorityCode>,
}

impl Keeping {
    /// Keeps the picture of a session that has ended, where an officer of `whose` has yet to deal with its traveller.
    pub(super) fn keep(&mut self, number: u64, picture: Option<LanePicture>, whose: BTreeSet<AuthorityCode>) {
        self.0 = picture.filter(|_| !whose.is_empty()).map(|picture| Kept { number, picture, whose });
    }

    pub(super) fn forget(&mut self) {
        self.0 = None;
    }

    /// An officer of `authority` is done: the picture is none of theirs any more, and goes with the last of them. So no side learns
    /// by it whether the other's officer is done, or had anything to do.
    pub(super) fn dealt_with(&mut self, number: u64, authority: AuthorityCode) {
        if let Some(kept) = self.0.as_mut().filter(|kept| kept.number == number) {
            kept.whose.remove(&authority);
            if kept.whose.is_empty() {
                self.forget();
            }
        }
    }

    /// Whether the picture may be kept no longer: its time is over, or the approval (`approved`) says no by now.
    fn is_due(&self, now: Timestamp, approved: bool) -> bool {
        self.0.as_ref().is_some_and(|kept| !approved || kept.picture.is_over(now))
    }

    fn is_of(&self, number: u64) -> bool {
        self.0.as_ref().is_some_and(|kept| kept.number == number)
    }

    fn find(&self, authority: AuthorityCode, number: u64, now: Timestamp) -> Option<&LanePicture> {
        let kept = self.0.as_ref().filter(|kept| kept.number == number && kept.whose.contains(&authority))?;
        (!kept.picture.is_over(now)).then_some(&kept.picture)
    }
}

/// At what moment somebody looks, and whether the approval in force then lets officers see whom they compare.
#[derive(Clone, Copy)]
pub(super) struct Look {
    pub(super) now: Timestamp,
    pub(super) approved: bool,
}

impl Inner {
    /// The picture of a traveller for an officer of `authority`, or why there is none; `None` where this officer has nothing to do beside
    /// them. It follows from the own verdict, from what every side sees and from the clock: nothing in it depends on the other side's.
    pub(super) fn face_for(
        &self,
        authority: AuthorityCode,
        traveller: u64,
        look: Look,
    ) -> Option<Result<&LanePicture, NoFace>> {
        if let Some(session) = self.session.as_ref().filter(|session| session.number == traveller) {
            let face = || session.face.as_ref().ok_or(NoFace::NotHere);
            return session.is_open(authority).then(|| look.allowed().and_then(|()| face()));
        }
        let past = self.past.iter().find(|past| past.number == traveller)?;
        let answer = past.answer_of(authority).filter(|_| past.waits_for(authority))?;
        Some(look.allowed().and_then(|()| match answer {
            Answer::Refer => {
                let gone = if past.face_taken { NoFace::Forgotten } else { NoFace::NotHere };
                self.keeping.find(authority, traveller, look.now).ok_or(gone)
            }
            Answer::Verify { .. } => Err(NoFace::WentWithMeasure),
            Answer::Admit { .. } | Answer::Busy | Answer::NotOpenToHolder { .. } => Err(NoFace::NotHere),
        }))
    }

    /// Keeps the picture of a session that has just become `past`, for the officers to whom their own authority referred its traveller.
    pub(super) fn keep_face(
        &mut self,
        face: Option<LanePicture>,
        past: &Past,
        officers: &BTreeSet<AuthorityCode>,
        look: Look,
    ) {
        let may_keep = look.approved && !self.ending;
        let referred = |code: &&AuthorityCode| {
            may_keep && past.waits_for(**code) && matches!(past.answer_of(**code), Some(Answer::Refer))
        };
        let whose = officers.iter().filter(referred).copied().collect();
        self.keeping.keep(past.number, face, whose);
    }
}

impl Look {
    const fn allowed(self) -> Result<(), NoFace> {
        if self.approved { Ok(()) } else { Err(NoFace::NotApproved) }
    }
}

impl Kiosk {
    /// This moment, and what the approval in force says.
    pub(super) fn look(&self) -> Look {
        let (place, now) = (&self.config().place, self.setup.clock.now());
        let approved = (self.setup.trusted)().shows_officers_the_holder(&place.port, place.direction, now);
        Look { now, approved }
    }

    /// Overwrites the kept picture where it may be kept no longer.
    pub(super) fn forget_due_face(&self, look: Look) {
        let is_due = self.lock().keeping.is_due(look.now, look.approved);
        if is_due {
            self.change(|inner| inner.keeping.forget());
        }
    }

    /// Looks after the kept picture of a traveller until it is gone.
    pub(super) async fn look_after_face(&self, number: u64) {
        while self.lock().keeping.is_of(number) {
            tokio::time::sleep(EACH).await;
            self.forget_due_face(self.look());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;

    use AuthorityCode::{Chn, Mac};
    use zeroize::ZeroizeOnDrop;

    use super::*;

    fn start() -> Timestamp {
        "2026-03-02T10:00:00+08:00".parse().unwrap()
    }

    /// A picture that is kept for these officers, and a way to see whether anybody still holds it.
    fn kept(whose: &[AuthorityCode]) -> (Keeping, Weak<Zeroizing<Vec<u8>>>) {
        let picture = LanePicture::new(b"a face".to_vec(), start());
        let held = Arc::downgrade(&picture.bytes);
        let mut keeping = Keeping::default();
        keeping.keep(7, Some(picture), whose.iter().copied().collect());
        (keeping, held)
    }

    #[test]
    fn a_kept_picture_is_found_by_whom_it_waits_for_and_for_ten_minutes() {
        let (keeping, _) = kept(&[Chn]);
        for (authority, number, after, found) in [
            (Chn, 7, 0, true),
            (Mac, 7, 0, false),
            (Chn, 8, 0, false),
            (Chn, 7, KEPT_SECONDS - 1, true),
            (Chn, 7, KEPT_SECONDS, false),
            // The clock went back: nobody can say how old it is.
            (Chn, 7, -1, false),
        ] {
            let now = start().plus_seconds(after);
            let row = format!("row {authority} {number} {after}");
            assert_eq!(keeping.find(authority, number, now).is_some(), found, "{row}");
            let over = !(0..KEPT_SECONDS).contains(&after);
            assert_eq!(keeping.is_due(now, true), over, "{row}");
            assert!(keeping.is_due(now, false), "{row}: an approval that says no ends it at once");
        }
    }

    #[test]
    fn a_picture_leaves_memory_with_the_last_officer_and_its_bytes_are_overwritten() {
        let (mut keeping, held) = kept(&[Chn, Mac]);
        keeping.dealt_with(7, Chn);
        assert!(keeping.find(Chn, 7, start()).is_none() && keeping.find(Mac, 7, start()).is_some());
        keeping.dealt_with(8, Mac);
        assert!(held.upgrade().is_some(), "another traveller was dealt with");
        keeping.dealt_with(7, Mac);
        assert!(held.upgrade().is_none() && !keeping.is_of(7));

        let (mut keeping, held) = kept(&[Chn]);
        keeping.keep(8, None, BTreeSet::from([Chn]));
        assert!(held.upgrade().is_none(), "the next one takes its place");
        let (mut keeping, held) = kept(&[Chn]);
        keeping.forget();
        assert!(held.upgrade().is_none());
        assert!(kept(&[]).1.upgrade().is_none(), "for nobody none is kept");

        const fn overwritten_on_drop<T: ZeroizeOnDrop>(_: &T) {}
        overwritten_on_drop(&*LanePicture::new(Vec::new(), start()).bytes);
    }

    #[test]
    fn no_debug_output_shows_a_picture() {
        assert_eq!(format!("{:?}", LanePicture::new(b"a face".to_vec(), start())), "LanePicture(redacted)");
    }
}
