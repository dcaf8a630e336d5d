//! Parallel: the same work on many pictures, on several threads.
//!
//! Lives here: `spread`, `in_parallel`. Results come in the order of the work, whoever was ready first: a report does not
//! depend on the number of threads.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Work on each index below `count`, by `jobs` threads.
pub fn spread<T: Send>(count: usize, jobs: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        break;
                    }
                    let result = work(index);
                    if let Ok(mut done) = done.lock() {
                        done.insert(index, result);
                    }
                }
            });
        }
    });
    done.into_inner().map(|done| done.into_values().collect()).unwrap_or_default()
}

/// The same on every item.
pub fn in_parallel<T: Sync, R: Send>(jobs: usize, items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    spread(items.len(), jobs, |index| items.get(index).map(&work)).into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_comes_back_in_order_whatever_the_number_of_jobs() {
        for jobs in [1, 2, 5] {
            assert_eq!(spread(40, jobs, |i| i * i), (0..40).map(|i| i * i).collect::<Vec<_>>());
            let words = ["a", "b", "c", "d", "e"];
            assert_eq!(in_parallel(jobs, &words, |word| word.to_uppercase()), ["A", "B", "C", "D", "E"]);
        }
    }
}
