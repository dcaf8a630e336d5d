//! Model files: found, read, proven against their SHA-256, loaded.
//!
//! Lives here: `ModelFolder` and the one place of this crate that touches the disk. Not here: how a
//! network is run (`network`).

use crate::config::{FaceConfig, TrustedFile};
use crate::network::{Network, Workers};
use std::io::Read;
use std::path::{Path, PathBuf};

/// No model of ours is near it; a wrong file is not read whole.
const MAX_MODEL_BYTES: u64 = 64 * 1024 * 1024;

/// Where the model files lie, and how many faces are worked on at once.
#[derive(Debug, Clone)]
pub struct ModelFolder {
    /// Looked through in this order.
    folders: Vec<PathBuf>,
    workers: Workers,
}

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Not installed.
    #[error(
        "the face model {name} is not in {}; run `make models`, or name the folder that has it (--models, BAYPASS_MODELS)",
        folder.display()
    )]
    Missing {
        /// The model's file name.
        name: String,
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// Installed, and another one.
    #[error(
        "the face model {name} is not the file that was measured (its SHA-256 differs); \
         remove models/node_modules and run `make models`"
    )]
    Altered {
        /// The model's file name.
        name: String,
    },
    /// The disk refused.
    #[error("the face model {name} could not be read")]
    Unreadable {
        /// The model's file name.
        name: String,
        /// What the disk said.
        #[source]
        source: std::io::Error,
    },
    /// The right bytes, but the runtime does not take them or they lack what we need.
    #[error("the face model {name} could not be loaded: {what}")]
    Load {
        /// The model's file name.
        name: String,
        /// What is wrong.
        what: &'static str,
    },
}

impl ModelFolder {
    /// A folder that holds the `.onnx` files themselves, or that has them in the folders that the configuration names, as
    /// the folder `models` of the repository does. One worker.
    #[must_use]
    pub fn new(folder: &Path, config: &FaceConfig) -> Self {
        let below = config.folders.iter().map(|name| folder.join(name));
        let folders = std::iter::once(folder.to_path_buf()).chain(below).collect();
        Self { folders, workers: Workers::new(1) }
    }

    /// Lets so many calls run at the same time, each on one thread. A gate needs one, a service one a core.
    #[must_use]
    pub fn with_workers(mut self, count: usize) -> Self {
        self.workers = Workers::new(count);
        self
    }

    /// Where the file lies.
    fn find(&self, file: &TrustedFile) -> Option<PathBuf> {
        self.folders.iter().map(|folder| folder.join(&file.name)).find(|path| path.is_file())
    }

    fn missing(&self, name: String) -> ModelError {
        ModelError::Missing { name, folder: self.folders.first().cloned().unwrap_or_default() }
    }

    /// Of several that would serve, those whose file is installed: the first of them, and the others. Of those that are
    /// not, the log says what they are and what brings them here.
    ///
    /// # Errors
    /// None of them is.
    pub(crate) fn installed<'c, T>(
        &self,
        choices: &'c [T],
        file: impl Fn(&T) -> &TrustedFile,
    ) -> Result<(&'c T, Vec<&'c T>), ModelError> {
        let (installed, missing): (Vec<&T>, Vec<&T>) =
            choices.iter().partition(|choice| self.find(file(choice)).is_some());
        let mut installed = installed.into_iter();
        let Some(first) = installed.next() else {
            let name = choices.first().map(|choice| file(choice).name.clone()).unwrap_or_default();
            return Err(self.missing(name));
        };
        for choice in missing {
            let (missing, used) = (&file(choice).name, &file(first).name);
            tracing::warn!(%missing, %used, "a face model is not installed; run `make models` (docs/face.md)");
        }
        Ok((first, installed.collect()))
    }

    /// The file's bytes, proven.
    pub(crate) fn read(&self, file: &TrustedFile) -> Result<Vec<u8>, ModelError> {
        let name = || file.name.clone();
        let path = self.find(file).ok_or_else(|| self.missing(name()))?;
        let mut bytes = Vec::new();
        let read =
            std::fs::File::open(path).and_then(|opened| opened.take(MAX_MODEL_BYTES).read_to_end(&mut bytes));
        match read {
            Ok(_) if file.is(&credential::sha256(&bytes)) => Ok(bytes),
            Ok(_) => Err(ModelError::Altered { name: name() }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(self.missing(name())),
            Err(source) => Err(ModelError::Unreadable { name: name(), source }),
        }
    }

    pub(crate) fn network<const OUT: usize>(
        &self,
        file: &TrustedFile,
        bytes: Vec<u8>,
        shape: [usize; 4],
        outputs: [Option<&str>; OUT],
    ) -> Result<Network<OUT>, ModelError> {
        let path = self.find(file).unwrap_or_default();
        Network::load(path, bytes, shape, outputs, self.workers.clone())
            .map_err(|what| ModelError::Load { name: file.name.clone(), what })
    }
}
