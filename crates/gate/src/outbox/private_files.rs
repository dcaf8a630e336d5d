//! Private files: the rights of the store's files, whatever the umask and whoever made them before.
//!
//! Lives here: [`make_private`]. Not here: what stands in the files, folders (`files`).

use std::fs::{File, Permissions};
use std::io;
use std::path::{Path, PathBuf};

/// Makes the database file where there is none, and gives it and the files that SQLite keeps beside it the mode 0600.
/// SQLite gives a `-wal` or `-shm` that it makes later the mode of the database.
///
/// # Errors
/// As the file system says.
pub(super) fn make_private(database: &Path) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(database)?;
    for file in [database.to_owned(), beside(database, "-wal"), beside(database, "-shm")] {
        if file.exists() {
            set_mode(&file, 0o600)?;
        }
    }
    Ok(())
}

fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    std::fs::set_permissions(path, <Permissions as std::os::unix::fs::PermissionsExt>::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}
