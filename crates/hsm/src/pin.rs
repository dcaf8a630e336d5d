//! A token's PIN: out of a file of its owner alone, or out of the environment; never off a command line.
//!
//! Lives here: [`Pin`], why it cannot be had. Not here: whether a token takes it (`session`).

use std::fmt;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use cryptoki::types::AuthPin;
use zeroize::Zeroizing;

/// Names the PIN in the environment, where no file does.
pub const PIN_VARIABLE: &str = "BAYPASS_PKCS11_PIN";
/// No PIN is longer, in bytes.
const LONGEST: usize = 256;

/// A token's PIN.
#[derive(Clone)]
pub struct Pin(pub(crate) AuthPin);

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(..)")
    }
}

/// Why there is no PIN.
#[derive(Debug, thiserror::Error)]
pub enum PinFault {
    /// The file cannot be read.
    #[error("the PIN's file {} cannot be read ({source}); write the PIN into it, mode 0600", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// Others may read the file.
    #[error("the PIN's file {} has mode {mode:04o}: others may read it; `chmod 600` it", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// No line of text.
    #[error("{of} is no PIN of 1 to {LONGEST} bytes on one line")]
    Form {
        /// Where it was read.
        of: String,
    },
    /// Neither a file nor the environment has it.
    #[error("no PIN for the token: name its file, `pin_file` under [pkcs11], or set {PIN_VARIABLE}")]
    Missing,
}

impl Pin {
    /// Reads the PIN: out of `file`, or where none is named out of the environment.
    ///
    /// # Errors
    /// [`PinFault`].
    pub fn read(file: Option<&Path>) -> Result<Self, PinFault> {
        let Some(path) = file else {
            let text = std::env::var(PIN_VARIABLE).map_err(|_| PinFault::Missing)?;
            return Self::of(&Zeroizing::new(text.into_bytes()), PIN_VARIABLE);
        };
        let fault = |source| PinFault::Read { path: path.to_owned(), source };
        let mode = std::fs::metadata(path).map_err(fault)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(PinFault::Open { path: path.to_owned(), mode });
        }
        Self::of(&Zeroizing::new(std::fs::read(path).map_err(fault)?), &path.display().to_string())
    }

    fn of(bytes: &[u8], named: &str) -> Result<Self, PinFault> {
        let line = bytes.trim_ascii_end();
        let fits = !line.is_empty() && line.len() <= LONGEST && !line.contains(&b'\n');
        let text = std::str::from_utf8(line).ok().filter(|_| fits);
        let text = text.ok_or_else(|| PinFault::Form { of: named.to_owned() })?;
        Ok(Self(AuthPin::from(text.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_comes_from_a_file_that_nobody_else_may_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pin");
        let told = |file: &Path| Pin::read(Some(file)).map(drop).map_err(|fault| fault.to_string());
        assert!(told(&file).unwrap_err().contains("mode 0600"), "missing");
        std::fs::write(&file, "2468\n").unwrap();
        let mode = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        for open in [0o640, 0o604, 0o620] {
            mode(open);
            assert!(told(&file).unwrap_err().contains("chmod 600"), "{open:o}");
        }
        mode(0o600);
        assert_eq!(told(&file), Ok(()));
        assert_eq!(format!("{:?}", Pin::read(Some(&file)).unwrap()), "Pin(..)");
        for wrong in [&b""[..], b"\n", b"24\n68\n", &[0xff, 0xfe], &[b'1'; 257]] {
            std::fs::write(&file, wrong).unwrap();
            assert!(told(&file).unwrap_err().contains("no PIN"), "{wrong:?}");
        }
    }
}
