//! Kept: one lock for every process that changes what a folder holds, and reading again only what changed.

use std::fs::{File, Metadata};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What officers hold cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be used; check the disk's space, the file's rights and, after a restore, its form")]
pub struct FileError {
    /// The file that cannot be used.
    path: PathBuf,
    /// The error of the file system.
    #[source]
    source: std::io::Error,
}

impl FileError {
    pub(crate) fn new(path: &Path, source: std::io::Error) -> Self {
        Self { path: path.to_owned(), source }
    }
}

/// The lock of a folder's officers, held until it is dropped. Commands and a running service wait for each other.
pub(crate) struct Lock(#[expect(dead_code, reason = "the lock lives as long as the open file")] File);

impl Lock {
    pub(crate) fn take(folder: &Path) -> Result<Self, FileError> {
        let path = folder.join("officers.lock");
        let open = || {
            let file = File::options()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(files::FILE_MODE)
                .open(&path)?;
            file.lock()?;
            Ok(file)
        };
        open().map(Self).map_err(|source| FileError::new(&path, source))
    }
}

pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    files::write_whole(path, bytes).map_err(|source| FileError::new(path, source))
}

/// What tells one version of a file from the next: it is written whole, so it is another file each time.
type Version = (u64, u64, i64, i64);

fn version(about: &Metadata) -> Version {
    (about.ino(), about.len(), about.mtime(), about.mtime_nsec())
}

/// A JSON file that is written whole; read again only where it changed. A file that is not there holds nothing.
pub(crate) struct Kept<T> {
    path: PathBuf,
    seen: Mutex<Option<(Version, Arc<T>)>>,
}

impl<T: Default + Serialize + DeserializeOwned> Kept<T> {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, seen: Mutex::new(None) }
    }

    fn fault(&self, source: std::io::Error) -> FileError {
        FileError::new(&self.path, source)
    }

    pub(crate) fn get(&self) -> Result<Arc<T>, FileError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let about = match std::fs::metadata(&self.path) {
            Ok(about) => version(&about),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Arc::default()),
            Err(error) => return Err(self.fault(error)),
        };
        if let Some((known, value)) = &*seen
            && *known == about
        {
            return Ok(Arc::clone(value));
        }
        let bytes = std::fs::read(&self.path).map_err(|error| self.fault(error))?;
        let read = serde_json::from_slice(&bytes);
        let value: Arc<T> = Arc::new(read.map_err(|error| self.fault(error.into()))?);
        *seen = Some((about, Arc::clone(&value)));
        Ok(value)
    }

    /// Writes a new value; the folder's lock must be held.
    pub(crate) fn put(&self, value: &T, _: &Lock) -> Result<(), FileError> {
        let bytes = serde_json::to_vec_pretty(value).map_err(|error| self.fault(error.into()))?;
        write_whole(&self.path, &bytes)
    }
}
