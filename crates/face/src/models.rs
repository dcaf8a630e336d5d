//! Model files: found, read, proven against their SHA-256, loaded.
//!
//! Lives here: `ModelFolder` and the one place of this crate that touches the disk. Not here: what goes into a
//! network and what comes out (`finder`, `embedding`, `liveness`).

use crate::config::{FaceConfig, TrustedFile};
use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, Tensor};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// No model of ours is near it; a wrong file is not read whole.
const MAX_MODEL_BYTES: u64 = 64 * 1024 * 1024;

/// Where the model files lie, and how many faces are worked on at once.
#[derive(Debug, Clone)]
pub struct ModelFolder {
    folder: PathBuf,
    workers: Workers,
}

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Not installed.
    #[error("the face model {name} is not installed; run `make models`")]
    Missing {
        /// The file.
        name: String,
    },
    /// Installed, and another one.
    #[error(
        "the face model {name} is not the file that was measured (its SHA-256 differs); \
         remove models/node_modules and run `make models`"
    )]
    Altered {
        /// The file.
        name: String,
    },
    /// The disk refused.
    #[error("the face model {name} could not be read")]
    Unreadable {
        /// The file.
        name: String,
        /// What the disk said.
        #[source]
        source: std::io::Error,
    },
    /// The right bytes, but the runtime does not take them or they lack what we need.
    #[error("the face model {name} could not be loaded: {what}")]
    Load {
        /// The file.
        name: String,
        /// What is wrong.
        what: &'static str,
    },
}

/// A network failed on an input that it should take: a fault of ours or of the runtime, not of the picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the face model failed while {stage}")]
pub struct InferenceError {
    pub(crate) stage: &'static str,
}

impl ModelFolder {
    /// The folder `models` of the repository, or a folder that holds the `.onnx` files themselves. One worker.
    #[must_use]
    pub fn new(folder: &Path, config: &FaceConfig) -> Self {
        let package = config.package.rsplit_once('@').map_or(config.package.as_str(), |(name, _)| name);
        let installed = folder.join("node_modules").join(package).join("model");
        let folder = if installed.is_dir() { installed } else { folder.to_path_buf() };
        Self { folder, workers: Workers::new(1) }
    }

    /// Lets so many calls run at the same time, each on one thread. A gate needs one, a service one a core.
    #[must_use]
    pub fn with_workers(mut self, count: usize) -> Self {
        self.workers = Workers::new(count);
        self
    }

    /// The file's bytes, proven.
    pub(crate) fn read(&self, file: &TrustedFile) -> Result<Vec<u8>, ModelError> {
        let name = || file.name.clone();
        let mut bytes = Vec::new();
        let read = std::fs::File::open(self.folder.join(&file.name))
            .and_then(|opened| opened.take(MAX_MODEL_BYTES).read_to_end(&mut bytes));
        match read {
            Ok(_) if file.is(&credential::sha256(&bytes)) => Ok(bytes),
            Ok(_) => Err(ModelError::Altered { name: name() }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(ModelError::Missing { name: name() })
            }
            Err(source) => Err(ModelError::Unreadable { name: name(), source }),
        }
    }

    pub(crate) fn network<const OUT: usize>(
        &self,
        file: &TrustedFile,
        bytes: Vec<u8>,
        outputs: [Option<&str>; OUT],
    ) -> Result<Network<OUT>, ModelError> {
        let fault = |what| ModelError::Load { name: file.name.clone(), what };
        let model = ModelOptions::with_all_ops()
            .prepack_weights(true)
            .load(bytes)
            .map_err(|_| fault("it is no network that the runtime can run"))?;
        let input = *model.input_ids().first().ok_or(fault("it has no input"))?;
        let mut ids = [input; OUT];
        for (id, name) in ids.iter_mut().zip(outputs) {
            let found = match name {
                Some(name) => model.find_node(name),
                None => model.output_ids().first().copied(),
            };
            *id = found.ok_or(fault("it lacks an output"))?;
        }
        let path = self.folder.join(&file.name);
        Ok(Network { model, input, outputs: ids, workers: self.workers.clone(), path })
    }
}

/// A loaded network with one input and `OUT` outputs.
pub(crate) struct Network<const OUT: usize> {
    model: Model,
    input: NodeId,
    outputs: [NodeId; OUT],
    workers: Workers,
    path: PathBuf,
}

impl<const OUT: usize> Network<OUT> {
    /// The file that it was loaded from.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs the network on one input of shape 1 x channels x height x width.
    pub(crate) fn run(
        &self,
        shape: [usize; 4],
        data: Vec<f32>,
        stage: &'static str,
    ) -> Result<[Vec<f32>; OUT], InferenceError> {
        let fault = InferenceError { stage };
        let input = NdTensor::<f32, 4>::try_from_data(shape, data).map_err(|_| fault.clone())?;
        let options = RunOptions::default().with_thread_pool(self.workers.next());
        let values = self
            .model
            .run(vec![(self.input, input.into())], &self.outputs, Some(options))
            .map_err(|_| fault.clone())?;
        let values: Vec<Vec<f32>> = values
            .into_iter()
            .map(|value| Tensor::<f32>::try_from(value).map(|tensor| tensor.to_vec()))
            .collect::<Result<_, _>>()
            .map_err(|_| fault.clone())?;
        values.try_into().map_err(|_| fault)
    }
}

/// Pools of one thread each, taken in turn: a call never waits for another while a core is free, and one call
/// never spreads over cores (its time stays the same under load).
#[derive(Debug, Clone)]
struct Workers {
    pools: Arc<[Arc<ThreadPool>]>,
    turn: Arc<AtomicUsize>,
}

impl Workers {
    fn new(count: usize) -> Self {
        let pools = (0..count.clamp(1, 256)).map(|_| Arc::new(ThreadPool::with_num_threads(1))).collect();
        Self { pools, turn: Arc::default() }
    }

    fn next(&self) -> Option<Arc<ThreadPool>> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        self.pools.get(turn % self.pools.len().max(1)).cloned()
    }
}
