//! Places: how many pictures the lanes of one program decode and look at, at the same time.
//!
//! Lives here: [`blocking`]. A picture may take 256 MiB while it is decoded, so that memory is bounded only where their
//! number is. Who finds no place waits for one: a lane serves one traveller, so that no more wait than there are lanes,
//! but where pictures come in requests (a simulated camera), whose bodies are bounded.

use std::sync::{Arc, LazyLock};

use tokio::sync::Semaphore;

/// As many as there are processors, over all lanes.
static PLACES: LazyLock<Places> =
    LazyLock::new(|| Places::new(std::thread::available_parallelism().map_or(1, usize::from)));

struct Places(Arc<Semaphore>);

impl Places {
    fn new(count: usize) -> Self {
        Self(Arc::new(Semaphore::new(count.clamp(1, 1024))))
    }

    /// The place is held until the work ends, even where nobody waits for it any more.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let place = Arc::clone(&self.0).acquire_owned().await.ok()?;
        let work = move || {
            let done = work();
            drop(place);
            done
        };
        tokio::task::spawn_blocking(work).await.ok()
    }
}

/// Runs `work` on a thread of its own once there is a place. `None` where it ended before its answer.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    PLACES.run(work).await
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_picture_beyond_the_places_waits_until_one_is_free() {
        let places = Arc::new(Places::new(1));
        let (end, ended) = mpsc::channel::<()>();
        let (one, other) = (Arc::clone(&places), Arc::clone(&places));
        let first = tokio::spawn(async move { one.run(move || ended.recv().is_err()).await });
        while places.0.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let second = tokio::spawn(async move { other.run(|| 2).await });
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(!second.is_finished(), "it waits");
        drop(end);
        assert_eq!(first.await.unwrap(), Some(true), "until it was told to end");
        assert_eq!(second.await.unwrap(), Some(2));
    }

    #[tokio::test]
    async fn work_that_panics_gives_its_place_back() {
        let places = Places::new(1);
        assert_eq!(places.run(|| panic!("a fault of a decoder")).await, None::<()>);
        assert_eq!(places.run(|| 1).await, Some(1));
    }
}
