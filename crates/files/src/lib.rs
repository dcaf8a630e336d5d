//! Files: their owner's alone, and written whole or not at all.
//!
//! Lives here: [`write_whole`], [`write_whole_by`], [`make_private_folder`], [`open_lines`], [`FILE_MODE`]. Not here: what stands in a file, and what a person is told
//! where it cannot be used.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, Permissions};
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// Folders are their owner's alone.
const FOLDER_MODE: u32 = 0o700;
/// Files are their owner's alone.
pub const FILE_MODE: u32 = 0o600;

/// Makes a folder, and those above it that are missing, for its owner alone, whatever the umask; one that is there already
/// becomes its owner's alone.
///
/// # Errors
/// As the file system says.
pub fn make_private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)?;
    std::fs::set_permissions(folder, Permissions::from_mode(FOLDER_MODE))
}

/// Writes a file whole or not at all, for its owner alone; once this has returned, it is on the disk under its name. Nothing of
/// a failed write is left.
///
/// # Errors
/// As the file system says.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_whole_by(path, |file| file.write_all(bytes))
}

/// As [`write_whole`], of what `write` writes bit by bit: for a file that is larger than memory.
///
/// # Errors
/// As `write` or the file system says.
pub fn write_whole_by(
    path: &Path,
    write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut beside = OsString::from(path);
    beside.push(format!(".partial-{}", std::process::id()));
    let whole = || {
        let file = File::options().write(true).create(true).truncate(true).mode(FILE_MODE).open(&beside)?;
        file.set_permissions(Permissions::from_mode(FILE_MODE))?;
        let mut buffered = BufWriter::new(file);
        write(&mut buffered)?;
        buffered.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        std::fs::rename(&beside, path)?;
        // The name counts once the folder is on the disk.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    };
    let written = whole();
    if written.is_err() {
        drop(std::fs::remove_file(&beside));
    }
    written
}

/// Opens a file of lines to append to, none of them longer than `longest` bytes; gives the last line too, without its end. A
/// stop in the middle of a write leaves half a line, of which nobody was told that it stands: it is cut off.
///
/// # Errors
/// As the file system says.
pub fn open_lines(path: &Path, longest: u64) -> io::Result<(File, Option<Vec<u8>>)> {
    let mut file =
        File::options().read(true).write(true).create(true).truncate(false).mode(FILE_MODE).open(path)?;
    let from = file.metadata()?.len().saturating_sub(longest.saturating_mul(2));
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let whole = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let kept = tail.get(..whole).unwrap_or_default();
    let last = kept.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty()).map(<[u8]>::to_vec);
    file.set_len(from + whole as u64)?;
    file.seek(SeekFrom::End(0))?;
    Ok((file, last))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_is_written_whole_for_its_owner_alone_and_a_failed_write_leaves_nothing() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("a/b");
        make_private_folder(&folder).unwrap();
        assert_eq!(mode(&folder), 0o700);
        let path = folder.join("list.json");
        std::fs::write(&path, "before").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        write_whole(&path, b"after").unwrap();
        assert_eq!((std::fs::read(&path).unwrap().as_slice(), mode(&path)), (&b"after"[..], 0o600));
        // A folder cannot be replaced by a file.
        let taken = folder.join("taken");
        std::fs::create_dir_all(taken.join("full")).unwrap();
        write_whole(&taken, b"after").unwrap_err();
        let names = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.collect();
        names.sort();
        assert_eq!(names, ["list.json", "taken"]);
    }

    #[test]
    fn a_file_written_bit_by_bit_stands_whole_or_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.csv");
        write_whole_by(&path, |file| (0..10_000).try_for_each(|line| writeln!(file, "{line}"))).unwrap();
        assert_eq!((std::fs::read_to_string(&path).unwrap().lines().count(), mode(&path)), (10_000, 0o600));
        let broken = write_whole_by(&path, |file| {
            file.write_all(&[b'x'; 100_000])?;
            Err(io::Error::other("the source dried up"))
        });
        assert_eq!(broken.unwrap_err().to_string(), "the source dried up");
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 10_000);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing of it is left");
    }

    #[test]
    fn half_a_line_is_cut_off_and_the_last_whole_one_is_given() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acts");
        assert_eq!(open_lines(&path, 8).unwrap().1, None);
        std::fs::write(&path, "one\ntwo\nhal").unwrap();
        let (mut file, last) = open_lines(&path, 8).unwrap();
        assert_eq!(last.as_deref(), Some(&b"two"[..]));
        file.write_all(b"three\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\nthree\n");
    }
}
