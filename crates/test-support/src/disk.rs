//! A disk that fills up: a tmpfs of a few megabytes, which a test may mount as root.

use std::io::{Result, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system in memory, unmounted when it is dropped.
#[derive(Debug)]
pub struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// Mounts a disk of so many MiB; `None`, with the test [`skip`](crate::skip)ped, where this machine mounts none.
    #[must_use]
    pub fn mount(test: &str, mebibytes: u32) -> Option<Self> {
        match Self::try_mount(mebibytes) {
            Ok(disk) => Some(disk),
            Err(why) => {
                crate::skip(test, &format!("no tmpfs can be mounted ({why}); run as root"));
                None
            }
        }
    }

    fn try_mount(mebibytes: u32) -> std::result::Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let options = format!("size={mebibytes}m,mode=0700");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "none"]).arg(folder.path()).output();
        let output = mounted.map_err(|error| error.to_string())?;
        if output.status.success() {
            return Ok(Self(folder));
        }
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }

    /// The folder that fills up soon.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    /// Leaves no byte free.
    ///
    /// # Errors
    /// The file that fills it cannot be made.
    pub fn fill(&self) -> Result<()> {
        let mut file = std::fs::File::create(self.filler())?;
        for size in [65_536, 4096, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        Ok(())
    }

    /// Gives back what [`SmallDisk::fill`] took.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub fn free(&self) -> Result<()> {
        std::fs::remove_file(self.filler())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a connection may be about to close its file.
        let _unmounted = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}
