//! Failure: the one sentence that a command ends with when it could not answer.
//!
//! Lives here: `Failure`, and the bounded reading and guarded writing that every command uses. Not here: reasons at a
//! lane, which have codes (`gate`, `documents`).

use std::fmt;
use std::io::{self, Read, Write};
use std::path::Path;

/// What happened and what to do next, for whoever typed the command.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure in these words.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }

    /// An error that says by itself what to do, with its causes, each told once: many errors tell their cause themselves.
    pub fn of(error: &dyn std::error::Error) -> Self {
        let mut sentence = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let told = error.to_string();
            if !sentence.contains(&told) {
                sentence = format!("{sentence}: {told}");
            }
            cause = error.source();
        }
        Self(sentence)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads a file, or standard input for `-`, up to `limit` bytes.
pub fn read(path: &Path, limit: usize) -> Result<Vec<u8>, Failure> {
    let shown = path.display();
    let mut bytes = Vec::new();
    // One byte more than is allowed tells a long file from one that just fits.
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let result = if path == Path::new("-") {
        io::stdin().take(most).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    match result {
        Ok(_) if bytes.len() > limit => {
            Err(Failure::new(format!("{shown} is longer than {limit} bytes; give a smaller file")))
        }
        Ok(_) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Failure::new(format!("there is no file {shown}; check the path")))
        }
        Err(error) => Err(Failure::new(format!("{shown} cannot be read ({error}); check the path"))),
    }
}

/// Prints a text. A reader that went away (`| head`) is no failure.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(format!(
            "the answer could not be written ({error}); check the disk or the pipe"
        ))),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Prints a value as JSON.
pub fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Failure::of(&error))?;
    print(&format!("{text}\n"))
}

/// [`Failure::of`] for `map_err`.
pub fn of<E: std::error::Error>(error: E) -> Failure {
    Failure::of(&error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the disk is full")]
    struct Disk;

    #[derive(Debug, thiserror::Error)]
    enum Error {
        #[error("the file was not written")]
        Silent(#[source] Disk),
        #[error("the file was not written ({0}); make room")]
        Telling(#[source] Disk),
        #[error(transparent)]
        Through(Disk),
    }

    #[test]
    fn a_cause_is_told_once_whether_its_error_tells_it_or_not() {
        for (error, wanted) in [
            (Error::Silent(Disk), "the file was not written: the disk is full"),
            (Error::Telling(Disk), "the file was not written (the disk is full); make room"),
            (Error::Through(Disk), "the disk is full"),
        ] {
            assert_eq!(Failure::of(&error).to_string(), wanted);
        }
    }
}
