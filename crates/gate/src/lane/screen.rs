//! Screen: what those who stand at a lane are shown, and whether the traveller still stands there.

use std::future::Future;

use clearance::Sentence;

use super::report::Judged;

/// The screens of one lane: the traveller's, and those of the officers beside it.
pub trait Screen: Send {
    /// Shows this to the traveller from now on.
    fn show(&mut self, sentence: Sentence);

    /// Shows each officer the verdict of their own authority: before measures are taken, and before the door opens.
    fn show_officers(&mut self, _verdicts: &[Judged]) {}

    /// Whether an officer at this lane has refused the traveller. Asked before a round goes out.
    fn refused(&self) -> bool {
        false
    }

    /// Ends when the traveller has left, or can be shown nothing any more. May be dropped and called again.
    fn departed(&mut self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

/// No screen: a one-shot command, a scan over HTTP.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoScreen;

impl Screen for NoScreen {
    fn show(&mut self, _: Sentence) {}
}
