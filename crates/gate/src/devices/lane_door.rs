//! Lane door: which door a lane has, as its operator chose it in `<lane>.door.toml` among the files of its gate.
//!
//! Lives here: [`LaneDoor`], reading that file. Not here: what a door does (`door`), lanes whose camera is simulated, which
//! open none.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use clearance::{ClearanceId, Passage};
use credential::SecretKey;
use serde::Deserialize;
use transport::{AddressError, base_address};
use zeroize::Zeroizing;

use super::door::{Door, DoorError, FileDoor, HttpDoor};

/// Longest file that is read, in bytes.
const MAX_FILE: u64 = 64 * 1024;

/// Why a lane has no door. Its gate does not start.
#[derive(Debug, thiserror::Error)]
pub enum LaneDoorError {
    /// A file cannot be read.
    #[error("{path} cannot be read; check that it is there and its rights (docs/operating.md, Doors)")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the file system.
        #[source]
        source: io::Error,
    },
    /// It is no configuration of a door.
    #[error(
        "{path} configures no door: {why}; it has url and key_file, and may have ca_file (docs/operating.md, Doors)"
    )]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        why: String,
    },
    /// Its address is not used.
    #[error("{path} names no address of a door")]
    Address {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: AddressError,
    },
    /// The key is none.
    #[error("{path} holds no key of a door: 64 hexadecimal digits; make one with `openssl rand -hex 32`")]
    Key {
        /// The file of the key.
        path: PathBuf,
    },
    /// Others may read the key.
    #[error("{path} may be read by others than its owner, and whoever has it can open the door: chmod 600")]
    KeyOpen {
        /// The file of the key.
        path: PathBuf,
    },
    /// No client can be made with these certificates.
    #[error("{path}: the certificates of ca_file cannot be used; give a file of PEM certificates")]
    Client {
        /// The file of the configuration.
        path: PathBuf,
        /// What the library says.
        #[source]
        source: reqwest::Error,
    },
}

/// The file, as an operator writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DoorFile {
    /// `https://host:port` of the door's controller, or `http://` on this machine.
    url: String,
    /// The file with the key that gate and controller share; a relative path counts from the gate's folder.
    key_file: PathBuf,
    /// The certificates from which the controller's own comes, where the machine does not trust them.
    ca_file: Option<PathBuf>,
}

/// The door of a lane.
#[derive(Debug, Clone)]
pub enum LaneDoor {
    /// Behind two files of the gate's folder.
    Files(FileDoor),
    /// Behind a controller on a network.
    Http(HttpDoor),
}

impl LaneDoor {
    /// The door of the lane whose name in addresses is `slug`: the controller that `<slug>.door.toml` in the gate's folder
    /// names, or, without that file, the two files `<slug>.door` and `<slug>.sensor` there. `client` makes the client for a
    /// controller; it is given the certificates (PEM) from which the controller's own must come, where the file names some.
    ///
    /// # Errors
    /// [`LaneDoorError`]: what was chosen cannot be used. A gate does not fall back on another door.
    pub fn of_lane(
        folder: &Path,
        slug: &str,
        client: impl FnOnce(Option<&[u8]>) -> Result<reqwest::Client, reqwest::Error>,
    ) -> Result<Self, LaneDoorError> {
        let path = folder.join(format!("{slug}.door.toml"));
        let text = match read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let files = folder.join(format!("{slug}.door"));
                return Ok(Self::Files(FileDoor::new(files.clone(), files.with_extension("sensor"))));
            }
            Err(source) => return Err(LaneDoorError::Unreadable { path, source }),
        };
        let form = |why: String| LaneDoorError::Form { path: path.clone(), why };
        let text = std::str::from_utf8(&text).map_err(|_| form("it is no text".to_owned()))?;
        let file: DoorFile = toml::from_str(text).map_err(|error| form(error.message().to_owned()))?;
        let base = base_address(&file.url)
            .map_err(|source| LaneDoorError::Address { path: path.clone(), source })?;
        let key = read_key(&folder.join(&file.key_file))?;
        let roots = file.ca_file.map(|name| {
            let path = folder.join(name);
            read(&path).map_err(|source| LaneDoorError::Unreadable { path, source })
        });
        let client = client(roots.transpose()?.as_ref().map(|pem| pem.as_slice()))
            .map_err(|source| LaneDoorError::Client { path, source })?;
        Ok(Self::Http(HttpDoor::new(base, key, client)))
    }
}

impl Door for LaneDoor {
    async fn open(&mut self, clearance: ClearanceId) -> Result<Passage, DoorError> {
        match self {
            Self::Files(door) => door.open(clearance).await,
            Self::Http(door) => door.open(clearance).await,
        }
    }
}

fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    use io::Read as _;
    let mut bytes = Zeroizing::new(Vec::new());
    std::fs::File::open(path)?.take(MAX_FILE).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn read_key(path: &Path) -> Result<SecretKey, LaneDoorError> {
    let unreadable = |source| LaneDoorError::Unreadable { path: path.to_owned(), source };
    let text = read(path).map_err(unreadable)?;
    if std::fs::metadata(path).map_err(unreadable)?.permissions().mode() & 0o077 != 0 {
        return Err(LaneDoorError::KeyOpen { path: path.to_owned() });
    }
    let mut key = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim_ascii(), &mut *key)
        .map_err(|_| LaneDoorError::Key { path: path.to_owned() })?;
    Ok(SecretKey::from_bytes(*key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_lane(folder: &Path, slug: &str) -> Result<LaneDoor, LaneDoorError> {
        #[expect(clippy::disallowed_methods, reason = "no controller is asked here")]
        LaneDoor::of_lane(folder, slug, |_| Ok(reqwest::Client::new()))
    }

    fn key_file(folder: &Path, text: &str, mode: u32) {
        let path = folder.join("door.key");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_lane_without_a_file_has_a_door_behind_two_files_and_one_with_it_a_controller() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(of_lane(folder.path(), "CHN-MAC").unwrap(), LaneDoor::Files(_)));
        key_file(folder.path(), &format!("{}\n", "0a".repeat(32)), 0o600);
        let text = "url = \"http://127.0.0.1:9100\"\nkey_file = \"door.key\"\n";
        std::fs::write(folder.path().join("CHN-MAC.door.toml"), text).unwrap();
        assert!(matches!(of_lane(folder.path(), "CHN-MAC").unwrap(), LaneDoor::Http(_)));
        assert!(matches!(of_lane(folder.path(), "MAC-CHN").unwrap(), LaneDoor::Files(_)));
    }

    #[test]
    fn a_file_that_configures_no_door_is_refused_with_what_to_do() {
        let good = "url = \"https://door.example\"\nkey_file = \"door.key\"\n";
        let (key, short) = ("0a".repeat(32), "0a".repeat(31));
        let with = |more: &str| format!("{good}{more}\n");
        for (text, key, mode, words) in [
            ("url = \"https://door.example\"".to_owned(), key.as_str(), 0o600, "key_file"),
            ("adress = 1".to_owned(), &key, 0o600, "adress"),
            (good.replace("https", "http"), &key, 0o600, "names no address"),
            (good.replace("https", "ftp"), &key, 0o600, "names no address"),
            (good.replace("door.key", "none.key"), &key, 0o600, "none.key cannot be read"),
            (with("ca_file = \"none.pem\""), &key, 0o600, "none.pem cannot be read"),
            (with(""), &short, 0o600, "64 hexadecimal digits"),
            (with(""), "x", 0o600, "64 hexadecimal digits"),
            (with(""), &key, 0o644, "chmod 600"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            key_file(folder.path(), key, mode);
            std::fs::write(folder.path().join("CHN-MAC.door.toml"), text).unwrap();
            let error = of_lane(folder.path(), "CHN-MAC").unwrap_err().to_string();
            assert!(error.contains(words), "{words}: {error}");
            assert!(!error.contains("0a0a"), "no key in it: {error}");
        }
    }
}
