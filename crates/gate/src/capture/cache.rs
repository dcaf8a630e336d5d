//! Cache: a kiosk judges each picture before the lane asks for it; the probe of the last one is not computed again.

use std::sync::{Arc, Mutex, PoisonError};

use face::Track;
use face::active::{ActiveRules, Frame};

use super::{CaptureFault, Captured, FaceCapture};

/// A face capture that remembers the probe of the last picture that it was shown ahead.
pub struct ProbeCache<E> {
    faces: Arc<E>,
    last: Mutex<Option<([u8; 32], Captured)>>,
}

impl<E: FaceCapture> ProbeCache<E> {
    /// Remembers nothing yet.
    #[must_use]
    pub const fn new(faces: Arc<E>) -> Self {
        Self { faces, last: Mutex::new(None) }
    }

    /// Whether a picture can be compared. Its probe is kept until the lane asks for it, or until [`Self::clear`].
    ///
    /// # Errors
    /// Why it cannot.
    pub fn preview(&self, picture: &[u8]) -> Result<(), CaptureFault> {
        let pictures = [picture.to_vec()];
        let captured = self.faces.capture(&pictures)?;
        let seen = (digest(&pictures), captured);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        Ok(())
    }

    /// Forgets the probe.
    pub fn clear(&self) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl<E: FaceCapture> FaceCapture for ProbeCache<E> {
    fn capture(&self, pictures: &[Vec<u8>]) -> Result<Captured, CaptureFault> {
        let remembered = {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            match last.as_ref() {
                Some((seen, _)) if *seen == digest(pictures) => last.take(),
                Some(_) | None => None,
            }
        };
        match remembered {
            Some((_, captured)) => Ok(captured),
            None => self.faces.capture(pictures),
        }
    }

    fn active_rules(&self) -> Option<&ActiveRules> {
        self.faces.active_rules()
    }

    fn follow(&self, track: &mut Track, picture: &[u8], at_ms: u64) -> Result<Frame, CaptureFault> {
        self.faces.follow(track, picture, at_ms)
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

    impl FaceCapture for Counting {
        fn capture(&self, pictures: &[Vec<u8>]) -> Result<Captured, CaptureFault> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Ok(Captured { probe: pictures.concat(), suspicious: false })
        }

        fn active_rules(&self) -> Option<&ActiveRules> {
            None
        }

        fn follow(&self, _: &mut Track, _: &[u8], _: u64) -> Result<Frame, CaptureFault> {
            Err(CaptureFault { reason: crate::GateReason::FaceModels, detail: String::new(), quality: None })
        }
    }

    #[test]
    fn a_picture_is_looked_at_once_and_another_picture_never_gets_its_probe() {
        let cache = ProbeCache::new(Arc::new(Counting::default()));
        cache.preview(b"one").unwrap();
        assert_eq!(cache.capture(&[b"two".to_vec()]).unwrap().probe, b"two");
        assert_eq!(cache.capture(&[b"one".to_vec()]).unwrap().probe, b"one");
        assert_eq!(cache.faces.0.load(Ordering::SeqCst), 2, "the first picture was not looked at again");
        assert_eq!(cache.capture(&[b"one".to_vec()]).unwrap().probe, b"one");
        assert_eq!(cache.faces.0.load(Ordering::SeqCst), 3, "it is given out once");
        cache.preview(b"one").unwrap();
        cache.clear();
        cache.capture(&[b"one".to_vec()]).unwrap();
        assert_eq!(cache.faces.0.load(Ordering::SeqCst), 5);
    }
}
