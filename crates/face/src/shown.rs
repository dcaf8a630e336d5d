//! What a network was shown and what it answered: for holding another runtime against ours on the very same numbers.
//!
//! Lives here: `Shown`. It holds a face as a tensor: personal data.

use crate::network::{Network, portable};
use documents::redact_debug;
use std::path::PathBuf;

/// One call of one network.
#[derive(Clone, PartialEq)]
pub struct Shown {
    /// detector, landmarks, or the recogniser's model.
    pub network: String,
    /// The file of the network (ONNX).
    pub file: PathBuf,
    /// Batch, channels, height, width.
    pub shape: [usize; 4],
    /// Steps that it was computed in, and how many of them are convolutions of ours.
    pub steps: (usize, usize),
    /// What went in.
    pub input: Vec<f32>,
    /// The (first) output: the detector's scores, the 68 points, the numbers of a recogniser as they come.
    pub output: Vec<f32>,
}
redact_debug!(Shown);

impl Shown {
    /// The network's file as another runtime takes it: its weights as floats, its input of this size.
    ///
    /// # Errors
    /// The file cannot be read (any more).
    pub fn portable(&self) -> std::io::Result<Vec<u8>> {
        let bytes = std::fs::read(&self.file)?;
        portable(&bytes, self.shape).ok_or_else(|| std::io::Error::other("the file is no network"))
    }

    pub(crate) fn new<const OUT: usize>(
        name: &str,
        network: &Network<OUT>,
        input: Vec<f32>,
        output: Vec<f32>,
    ) -> Self {
        let (file, shape, steps) = (network.path().to_path_buf(), network.shape(), network.steps());
        Self { network: name.to_owned(), file, shape, steps, input, output }
    }
}
