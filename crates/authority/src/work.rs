//! Work: the heavy part of an answer, the face models, beside the workers that serve connections.
//!
//! Lives here: [`Desk`], which runs a bounded number of comparisons at once, lets a bounded number wait, and turns the
//! rest away. Not here: what is compared (`service`, `verdict`).

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::service::ServiceError;

/// How many may wait for each one that runs: at some tenths of a second a comparison, the last one still gets its
/// answer before a gate gives up.
const WAITING_PER_SEAT: usize = 8;

/// A bounded place of work.
#[derive(Debug)]
pub(crate) struct Desk {
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

impl Desk {
    /// One seat for each processor.
    pub(crate) fn new() -> Self {
        let seats = std::thread::available_parallelism().map_or(1, usize::from);
        Self::with(seats, seats * WAITING_PER_SEAT)
    }

    /// So many run at once, so many more wait.
    pub(crate) fn with(seats: usize, waiting: usize) -> Self {
        let seats = seats.clamp(1, 1024);
        let admitted = seats.saturating_add(waiting).min(Semaphore::MAX_PERMITS);
        Self { admitted: Arc::new(Semaphore::new(admitted)), running: Arc::new(Semaphore::new(seats)) }
    }

    /// Runs `work` on a thread of its own. Its seat is held until it ends, even where nobody waits for it any more.
    ///
    /// # Errors
    /// [`ServiceError::Busy`] where every seat and every waiting place is taken.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ServiceError> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| ServiceError::Busy)?;
        let seat = Arc::clone(&self.running).acquire_owned().await.map_err(|_| ServiceError::Busy)?;
        let work = move || {
            let done = work();
            drop((seat, admitted));
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| ServiceError::Interrupted)
    }
}
