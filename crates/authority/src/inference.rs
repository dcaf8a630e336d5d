//! Inference: pictures are decoded and faces compared on threads of their own, beside the workers that serve connections.
//!
//! Lives here: [`Pools`], two of them, so that strangers who enrol take no place of a lane; and [`InferencePool`], which
//! runs a bounded number at once, lets a bounded number wait, and turns the rest away. Not here: what is compared
//! (`faces`).

use std::sync::Arc;

use tokio::sync::Semaphore;

/// How many may wait for each one that runs: at some tenths of a second a comparison, the last one still gets its
/// answer before a gate gives up.
const WAITING_EACH: usize = 8;

/// Why a comparison did not run to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// Every place, running or waiting, is taken.
    #[error("too many faces are being compared at this moment; try again in a second")]
    Busy,
    /// The thread ended before its answer.
    #[error("the comparison was interrupted; try again")]
    Interrupted,
}

/// Lanes first: a pool for the verdicts of lanes, and another for whatever else brings a picture.
#[derive(Debug)]
pub(crate) struct Pools {
    /// The probe of a traveller who stands at a lane, sent by a registered gate.
    pub(crate) lanes: InferencePool,
    /// Pictures of wallets and of the registry: enrolling, adding residents, describing photographs anew.
    pub(crate) pictures: InferencePool,
}

impl Pools {
    /// Lanes may use every processor; pictures at most half of them, and one at least.
    pub(crate) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let pool = |concurrency: usize| {
            InferencePool::with_concurrency(concurrency, concurrency.saturating_mul(WAITING_EACH))
        };
        Self { lanes: pool(processors), pictures: pool((processors / 2).max(1)) }
    }

    /// So many run at once in each of them, so many more wait for each.
    pub(crate) fn with_concurrency(concurrency: usize, waiting: usize) -> Self {
        let pool = || InferencePool::with_concurrency(concurrency, waiting);
        Self { lanes: pool(), pictures: pool() }
    }
}

/// A bounded number of threads for decoders and face models.
#[derive(Debug)]
pub(crate) struct InferencePool {
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

impl InferencePool {
    /// So many run at once, so many more wait.
    fn with_concurrency(concurrency: usize, waiting: usize) -> Self {
        let concurrency = concurrency.clamp(1, 1024);
        let admitted = concurrency.saturating_add(waiting).min(Semaphore::MAX_PERMITS);
        Self { admitted: Arc::new(Semaphore::new(admitted)), running: Arc::new(Semaphore::new(concurrency)) }
    }

    /// Runs `work` on a thread of its own. Its place is held until it ends, even where nobody waits for it any more.
    ///
    /// # Errors
    /// [`PoolError`].
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PoolError> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| PoolError::Busy)?;
        let place = Arc::clone(&self.running).acquire_owned().await.map_err(|_| PoolError::Busy)?;
        let work = move || {
            let done = work();
            drop((place, admitted));
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| PoolError::Interrupted)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Fills a pool of two running and one waiting with work that ends when the sender is dropped.
    async fn filled(
        pool: &Arc<InferencePool>,
    ) -> (mpsc::Sender<()>, Vec<tokio::task::JoinHandle<Result<(), PoolError>>>) {
        let (end, ended) = mpsc::channel::<()>();
        let ended = Arc::new(std::sync::Mutex::new(ended));
        let mut storm = Vec::new();
        for _ in 0..3 {
            let (pool, ended) = (Arc::clone(pool), Arc::clone(&ended));
            storm.push(tokio::spawn(async move {
                pool.run(move || drop(ended.lock().map(|ended| ended.recv()))).await
            }));
        }
        while pool.admitted.available_permits() > 0 || pool.running.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        (end, storm)
    }

    #[tokio::test]
    async fn a_storm_of_enrolments_takes_no_place_of_a_lane() {
        let Pools { lanes, pictures } = Pools::with_concurrency(2, 1);
        let pictures = Arc::new(pictures);
        let (end, storm) = filled(&pictures).await;
        assert_eq!(pictures.run(|| ()).await, Err(PoolError::Busy), "the storm has every place of its own");
        // Nothing of the storm has ended, and ever more lanes are served.
        for lane in 0..10 {
            assert_eq!(lanes.run(move || lane).await, Ok(lane));
        }
        assert!(storm.iter().all(|each| !each.is_finished()), "the storm was still there");
        drop(end);
        for each in storm {
            assert_eq!(each.await.unwrap(), Ok(()), "who waits is served");
        }
        assert_eq!(pictures.run(|| ()).await, Ok(()), "and the places are free again");
    }

    #[tokio::test]
    async fn a_place_is_held_until_the_work_ends_though_nobody_waits_for_it() {
        let pool = Arc::new(InferencePool::with_concurrency(2, 1));
        let (end, storm) = filled(&pool).await;
        storm.iter().for_each(tokio::task::JoinHandle::abort);
        let mut left = 0;
        for each in storm {
            left += usize::from(each.await.is_err());
        }
        assert_eq!(left, 3, "every client went away");
        // The one that only waited has given its place up; the two that run have not.
        assert_eq!(pool.running.available_permits(), 0);
        assert_eq!(pool.admitted.available_permits(), 1);
        drop(end);
    }

    #[test]
    fn pictures_have_at_most_half_of_the_places_that_lanes_have() {
        let Pools { lanes, pictures } = Pools::new();
        let (lanes, pictures) = (lanes.running.available_permits(), pictures.running.available_permits());
        assert!(pictures >= 1 && pictures <= (lanes / 2).max(1), "{pictures} beside {lanes}");
    }
}
