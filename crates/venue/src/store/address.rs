//! Address: where a desk's database lies, and who may read its file.
//!
//! Lives here: [`DatabaseAddress`]. Not here: connections. An address may carry a password: `Debug` shows its type only.

use std::fs::{OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::StoreError;

/// `sqlite://FILE` or `postgres://USER@HOST/DATABASE`.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseAddress(Place);
documents::redact_debug!(DatabaseAddress);

#[derive(Clone, PartialEq, Eq)]
enum Place {
    File(PathBuf),
    Server(String),
}

/// The text is no address of a database that this program knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseAddressError {
    /// Another kind of database.
    #[error("a database is sqlite://FILE or postgres://USER@HOST/DATABASE; this address begins with neither")]
    Kind,
    /// No file is named.
    #[error("name a file after sqlite://, such as sqlite:///var/lib/baypass/desk/book.db")]
    NoFile,
}

impl FromStr for DatabaseAddress {
    type Err = DatabaseAddressError;

    fn from_str(text: &str) -> Result<Self, DatabaseAddressError> {
        let text = text.trim();
        match text.strip_prefix("sqlite://") {
            Some("") => Err(DatabaseAddressError::NoFile),
            Some(file) => Ok(Self::sqlite(Path::new(file))),
            None if text.starts_with("postgres://") || text.starts_with("postgresql://") => {
                Ok(Self(Place::Server(text.to_owned())))
            }
            None => Err(DatabaseAddressError::Kind),
        }
    }
}

impl DatabaseAddress {
    /// A SQLite file.
    #[must_use]
    pub fn sqlite(file: &Path) -> Self {
        Self(Place::File(file.to_owned()))
    }

    /// Whether this is SQLite.
    #[must_use]
    pub const fn is_sqlite(&self) -> bool {
        match self.0 {
            Place::File(_) => true,
            Place::Server(_) => false,
        }
    }

    /// The address as the driver takes it. It may hold a password: never log it.
    pub(super) fn url(&self) -> String {
        match &self.0 {
            Place::File(file) => {
                let escaped = file.display().to_string().replace('%', "%25").replace('?', "%3f");
                format!("sqlite://{}?mode=rwc", escaped.replace('#', "%23"))
            }
            Place::Server(url) => url.clone(),
        }
    }

    /// Makes the file, where there is none, and sets the mode of it and of what SQLite keeps beside it: its owner's alone.
    pub(super) fn protect(&self) -> Result<(), StoreError> {
        let Place::File(file) = &self.0 else { return Ok(()) };
        let failed = |source| StoreError::File { file: file.display().to_string(), source };
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(files::FILE_MODE)
            .open(file)
            .map_err(failed)?;
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let mut name = file.clone().into_os_string();
            name.push(suffix);
            match std::fs::set_permissions(&name, Permissions::from_mode(files::FILE_MODE)) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(source) => return Err(failed(source)),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_file_a_server_or_nothing_that_is_known() {
        for (text, expected) in [
            ("mysql://u@h/d", Err(DatabaseAddressError::Kind)),
            ("/var/lib/a.db", Err(DatabaseAddressError::Kind)),
            ("sqlite://", Err(DatabaseAddressError::NoFile)),
            ("sqlite:///a?b.db", Ok(true)),
            ("postgres://u:secret@h/d", Ok(false)),
        ] {
            let address = text.parse::<DatabaseAddress>();
            assert_eq!(
                address.as_ref().map(DatabaseAddress::is_sqlite).map_err(Clone::clone),
                expected,
                "{text}"
            );
            assert!(!format!("{address:?}").contains("secret"));
        }
    }
}
