//! Inference pool: face models run on threads of their own, beside the workers that serve connections.
//!
//! Lives here: [`InferencePool`], which runs a bounded number of comparisons at once, lets a bounded number wait, and
//! turns the rest away. Not here: what is compared (`faces`).

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

/// A bounded number of threads for face models.
#[derive(Debug)]
pub(crate) struct InferencePool {
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

impl InferencePool {
    /// As many at once as there are processors.
    pub(crate) fn new() -> Self {
        let concurrency = std::thread::available_parallelism().map_or(1, usize::from);
        Self::with_concurrency(concurrency, concurrency * WAITING_EACH)
    }

    /// So many run at once, so many more wait.
    pub(crate) fn with_concurrency(concurrency: usize, waiting: usize) -> Self {
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
