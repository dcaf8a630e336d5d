//! Glance: looks at a picture ahead of the lane, and remembers what it saw, so that the lane need not look again.

use std::sync::{Arc, Mutex, PoisonError};

use face::Track;
use face::active::{ActiveRules, Frame};

use crate::eyes::{EyeFault, Eyes, Look};

/// Eyes that were perhaps used on that picture a moment ago.
pub struct Glance<E> {
    eyes: Arc<E>,
    last: Mutex<Option<([u8; 32], Look)>>,
}

impl<E: Eyes> Glance<E> {
    /// Remembers nothing yet.
    #[must_use]
    pub const fn new(eyes: Arc<E>) -> Self {
        Self { eyes, last: Mutex::new(None) }
    }

    /// Whether a picture can be compared. What was seen is kept until the lane asks, or until [`Self::forget`].
    ///
    /// # Errors
    /// Why it cannot.
    pub fn glance(&self, picture: &[u8]) -> Result<(), EyeFault> {
        let pictures = [picture.to_vec()];
        let look = self.eyes.look(&pictures)?;
        let seen = (digest(&pictures), look);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        Ok(())
    }

    /// Forgets what was seen.
    pub fn forget(&self) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl<E: Eyes> Eyes for Glance<E> {
    fn look(&self, pictures: &[Vec<u8>]) -> Result<Look, EyeFault> {
        let remembered = {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            match last.as_ref() {
                Some((seen, _)) if *seen == digest(pictures) => last.take(),
                Some(_) | None => None,
            }
        };
        match remembered {
            Some((_, look)) => Ok(look),
            None => self.eyes.look(pictures),
        }
    }

    fn active_rules(&self) -> Option<&ActiveRules> {
        self.eyes.active_rules()
    }

    fn follow(&self, track: &mut Track, picture: &[u8], at_ms: u64) -> Result<Frame, EyeFault> {
        self.eyes.follow(track, picture, at_ms)
    }
}

fn digest(pictures: &[Vec<u8>]) -> [u8; 32] {
    let each: Vec<u8> = pictures.iter().flat_map(|picture| credential::sha256(picture)).collect();
    credential::sha256(&each)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Eyes for Counting {
        fn look(&self, pictures: &[Vec<u8>]) -> Result<Look, EyeFault> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Ok(Look { probe: pictures.concat(), suspicious: false })
        }

        fn active_rules(&self) -> Option<&ActiveRules> {
            None
        }

        fn follow(&self, _: &mut Track, _: &[u8], _: u64) -> Result<Frame, EyeFault> {
            Err(EyeFault { reason: crate::GateReason::FaceModels, detail: String::new() })
        }
    }

    #[test]
    fn a_picture_is_looked_at_once_and_another_picture_never_gets_its_probe() {
        let glance = Glance::new(Arc::new(Counting::default()));
        glance.glance(b"one").unwrap();
        assert_eq!(glance.look(&[b"two".to_vec()]).unwrap().probe, b"two");
        assert_eq!(glance.look(&[b"one".to_vec()]).unwrap().probe, b"one");
        assert_eq!(glance.eyes.0.load(Ordering::SeqCst), 2, "the first picture was not looked at again");
        assert_eq!(glance.look(&[b"one".to_vec()]).unwrap().probe, b"one");
        assert_eq!(glance.eyes.0.load(Ordering::SeqCst), 3, "it is given out once");
        glance.glance(b"one").unwrap();
        glance.forget();
        glance.look(&[b"one".to_vec()]).unwrap();
        assert_eq!(glance.eyes.0.load(Ordering::SeqCst), 5);
    }
}
