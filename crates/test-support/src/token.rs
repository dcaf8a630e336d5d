//! A token of SoftHSM for a test: PKCS #11 as hardware modules speak it, over files of a folder that goes with the value.

#![expect(clippy::expect_used, reason = "of tests alone: what goes wrong here fails the test")]

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::skip;

/// Where Debian and others put SoftHSM's library.
const LIBRARIES: [&str; 5] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
];

/// A token of SoftHSM.
#[derive(Debug)]
pub struct SoftToken {
    folder: tempfile::TempDir,
    library: PathBuf,
}

impl SoftToken {
    /// The variable that names SoftHSM's configuration.
    pub const CONFIGURATION: &str = "SOFTHSM2_CONF";
    /// The token's label.
    pub const LABEL: &str = "baypass";
    /// Its PIN.
    pub const PIN: &str = "246813";

    /// Makes a token; [`skip`]s the test where SoftHSM is missing.
    ///
    /// # Panics
    /// SoftHSM is there and makes no token.
    #[must_use]
    pub fn new(test: &str) -> Option<Self> {
        let library = LIBRARIES.map(PathBuf::from).into_iter().find(|library| library.exists());
        let runs = Command::new("softhsm2-util").arg("--version").output().is_ok();
        let Some(library) = library.filter(|_| runs) else {
            skip(test, "no SoftHSM (Debian's package softhsm2)");
            return None;
        };
        let folder = tempfile::tempdir().expect("a folder");
        let tokens = folder.path().join("tokens");
        std::fs::create_dir(&tokens).expect("a folder");
        let configuration = format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display());
        std::fs::write(folder.path().join("softhsm2.conf"), configuration).expect("a file");
        let token = Self { folder, library };
        token.add(Self::LABEL);
        Some(token)
    }

    /// Makes another token with this label.
    ///
    /// # Panics
    /// SoftHSM makes none.
    pub fn add(&self, label: &str) {
        let line = ["--init-token", "--free", "--label", label, "--so-pin", "135724", "--pin", Self::PIN];
        let made = Command::new("softhsm2-util")
            .args(line)
            .env(Self::CONFIGURATION, self.configuration())
            .output()
            .expect("softhsm2-util runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }

    /// SoftHSM's configuration, for [`SoftToken::CONFIGURATION`].
    #[must_use]
    pub fn configuration(&self) -> PathBuf {
        self.folder.path().join("softhsm2.conf")
    }

    /// The folder that holds the tokens' files.
    #[must_use]
    pub fn files(&self) -> PathBuf {
        self.folder.path().join("tokens")
    }

    /// The module.
    #[must_use]
    pub fn library(&self) -> &Path {
        &self.library
    }

    /// Writes a PIN into a file of its owner alone, and gives it.
    ///
    /// # Panics
    /// It cannot be written.
    #[must_use]
    pub fn pin_file(&self, pin: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let file = self.folder.path().join("pin");
        std::fs::write(&file, pin).expect("a file");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("its mode");
        file
    }
}
