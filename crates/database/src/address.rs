//! Address: where a database lies, and who may read its file.
//!
//! Lives here: [`DatabaseAddress`], a URL of SQLite or PostgreSQL. Not here: connections. An address may carry a
//! password: `Debug` shows its type only.

use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The mode of a database's files: their owner alone reads and writes them.
const MODE: u32 = files::FILE_MODE;

/// `sqlite://FILE`, `sqlite::memory:` or `postgres://USER@HOST/DATABASE?connections=N`.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseAddress {
    url: String,
    file: Option<PathBuf>,
    sqlite: bool,
    connections: Option<u32>,
}
documents::redact_debug!(DatabaseAddress);

/// The file of a database cannot be made, or its mode cannot be set.
#[derive(Debug, thiserror::Error)]
#[error("the database file {file} cannot be prepared: {source}; check the folder and who owns it")]
pub struct FileError {
    /// Its path, for the sentence.
    pub file: String,
    /// The system's words.
    #[source]
    pub source: std::io::Error,
}

/// The text is no address of a database that this program knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseAddressError {
    /// Another kind of database.
    #[error("a database is sqlite://FILE or postgres://USER@HOST/DATABASE; this address begins with neither")]
    Kind,
    /// No file is named.
    #[error("name a file after sqlite://, such as sqlite:///var/lib/baypass/CHN/ledger.db")]
    NoFile,
    /// The number of connections is none from 1 to 1000.
    #[error("connections= takes a number from 1 to 1000")]
    Connections,
}

impl FromStr for DatabaseAddress {
    type Err = DatabaseAddressError;

    fn from_str(text: &str) -> Result<Self, DatabaseAddressError> {
        let text = text.trim();
        if text == "sqlite::memory:" {
            return Ok(Self { url: text.to_owned(), file: None, sqlite: true, connections: None });
        }
        if let Some(rest) = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:")) {
            let file = rest.split('?').next().unwrap_or_default();
            if file.is_empty() {
                return Err(DatabaseAddressError::NoFile);
            }
            let file = file.replace("%3f", "?").replace("%23", "#").replace("%25", "%");
            return Ok(Self::sqlite(Path::new(&file)));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let (url, connections) = take_connections(text)?;
            return Ok(Self { url, file: None, sqlite: false, connections });
        }
        Err(DatabaseAddressError::Kind)
    }
}

/// The address without `connections=N`, which the driver does not know, and the number.
fn take_connections(text: &str) -> Result<(String, Option<u32>), DatabaseAddressError> {
    let Some((base, query)) = text.split_once('?') else { return Ok((text.to_owned(), None)) };
    let mut connections = None;
    let mut kept = Vec::new();
    for pair in query.split('&') {
        match pair.strip_prefix("connections=") {
            Some(number) => {
                let number = number.parse().ok().filter(|n| (1..=1000).contains(n));
                connections = Some(number.ok_or(DatabaseAddressError::Connections)?);
            }
            None => kept.push(pair),
        }
    }
    let query = kept.join("&");
    let url = if query.is_empty() { base.to_owned() } else { format!("{base}?{query}") };
    Ok((url, connections))
}

impl DatabaseAddress {
    /// A SQLite file.
    #[must_use]
    pub fn sqlite(file: &Path) -> Self {
        let shown = file.display().to_string();
        let escaped = shown.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
        Self {
            url: format!("sqlite://{escaped}?mode=rwc"),
            file: Some(file.to_owned()),
            sqlite: true,
            connections: None,
        }
    }

    /// Whether this is SQLite.
    #[must_use]
    pub const fn is_sqlite(&self) -> bool {
        self.sqlite
    }

    /// The file of a SQLite database; `None` for a server and for one in memory.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The address as the driver takes it. It may hold a password: never log it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address of another database on the same server, and the name of this one; `None` for SQLite.
    #[must_use]
    pub fn on_server(&self, other: &str) -> Option<(String, String)> {
        if self.sqlite {
            return None;
        }
        let (base, query) = self.url.split_once('?').map_or((self.url.as_str(), None), |(b, q)| (b, Some(q)));
        let (server, name) = base.rsplit_once('/')?;
        let query = query.map_or_else(String::new, |query| format!("?{query}"));
        Some((format!("{server}/{other}{query}"), name.to_owned()))
    }

    /// The most connections to a server, where the address names a number.
    #[must_use]
    pub const fn connections(&self) -> Option<u32> {
        self.connections
    }

    /// Makes the file, where there is none, readable by its owner alone whatever the umask: SQLite gives its log and
    /// its index the same mode.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn prepare_file(&self) -> Result<(), FileError> {
        let Some(file) = &self.file else { return Ok(()) };
        let made = OpenOptions::new().write(true).create(true).truncate(false).mode(MODE).open(file);
        made.map_err(|source| FileError { file: file.display().to_string(), source })?;
        self.protect_file()
    }

    /// Sets the mode of the file, its log and its index.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn protect_file(&self) -> Result<(), FileError> {
        let Some(file) = &self.file else { return Ok(()) };
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let mut name = file.clone().into_os_string();
            name.push(suffix);
            match std::fs::set_permissions(&name, Permissions::from_mode(MODE)) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(source) => {
                    return Err(FileError { file: Path::new(&name).display().to_string(), source });
                }
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
        use DatabaseAddressError::*;
        let file = |text: &str| text.parse::<DatabaseAddress>().unwrap().file().map(Path::to_owned);
        assert_eq!(file("sqlite:///var/lib/a.db"), Some("/var/lib/a.db".into()));
        assert_eq!(file("sqlite://a%3fb.db?mode=rwc"), Some("a?b.db".into()));
        assert_eq!(file("sqlite::memory:"), None);
        let server: DatabaseAddress = "postgres://u@h/d?connections=7&host=%2Ftmp".parse().unwrap();
        assert_eq!((server.url(), server.connections()), ("postgres://u@h/d?host=%2Ftmp", Some(7)));
        assert!(!server.is_sqlite());
        let moved = Some(("postgres://u@h/postgres?host=%2Ftmp".to_owned(), "d".to_owned()));
        assert_eq!(server.on_server("postgres"), moved);
        for (text, expected) in [
            ("mysql://u@h/d", Kind),
            ("/var/lib/a.db", Kind),
            ("sqlite://", NoFile),
            ("sqlite:", NoFile),
            ("postgres://u@h/d?connections=0", Connections),
            ("postgres://u@h/d?connections=many", Connections),
        ] {
            assert_eq!(text.parse::<DatabaseAddress>(), Err(expected), "{text}");
        }
    }

    #[test]
    fn an_address_with_a_password_is_not_shown() {
        let server: DatabaseAddress = "postgres://u:secret@h/d".parse().unwrap();
        assert!(!server.is_sqlite());
        assert!(!format!("{server:?}").contains("secret"));
        assert!("sqlite:///a?b.db".parse::<DatabaseAddress>().unwrap().is_sqlite());
    }
}
