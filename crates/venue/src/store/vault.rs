//! Vault: the keys under which records lie, and the keyed hashes by which they are found.
//!
//! Lives here: [`Keys`], [`PersonKey`]. Not here: the cipher (`credential::RecordKey`). The master key lies in a file of its own.
//! Destroying a person's wrapped key erases the person; tags of two desks have different keys and never join.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use credential::venue::Pseudonym;
use credential::{CryptoError, RecordKey, SecretKey};
use documents::redact_debug;
use zeroize::Zeroizing;

use super::{Result, StoreError, Tx, column, define_statements, optional, run};
use crate::profile::PermitNumber;
use crate::stay::NameForm;

define_statements! {
    FIND_SETTING = "SELECT value FROM setting WHERE name = $1";
    INSERT_SETTING = "INSERT INTO setting (name, value) VALUES ($1, $2)";
}

/// Length of the key file: the master key and the key of tags.
const KEY_BYTES: usize = 64;

/// A desk's own key of a person in its book: 16 random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonKey([u8; 16]);

impl PersonKey {
    pub(crate) fn draw() -> Result<Self> {
        random().map(Self)
    }

    pub(crate) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes, which name the person in every table of this desk.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    pub(crate) fn to_vec(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

/// Sixteen bytes from the crypto library's generator.
pub(crate) fn random() -> Result<[u8; 16]> {
    let mut bytes = [0; 16];
    credential::random(&mut bytes).map_err(StoreError::Seal)?;
    Ok(bytes)
}

/// Why a desk's keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file cannot be read or written.
    #[error("the key file {file} cannot be used: {source}; check the folder and who owns it")]
    File {
        /// Its path.
        file: PathBuf,
        /// The system's words.
        #[source]
        source: std::io::Error,
    },
    /// The file has another length.
    #[error(
        "the key file {file} does not hold two keys; put the desk's own file back (a new one opens nothing)"
    )]
    Length {
        /// Its path.
        file: PathBuf,
    },
    /// No key could be drawn.
    #[error("no key could be drawn")]
    Draw(#[source] CryptoError),
}

/// The two secrets of a desk's database.
pub struct Keys {
    master: SecretKey,
    tags: SecretKey,
}
redact_debug!(Keys);

impl Keys {
    /// New keys.
    ///
    /// # Errors
    /// [`CryptoError::Random`].
    pub fn generate() -> std::result::Result<Self, CryptoError> {
        Ok(Self { master: SecretKey::generate()?, tags: SecretKey::generate()? })
    }

    /// The keys of a file beside the database, made with mode 0600 where there is none. A database whose file was lost refuses the
    /// new keys ([`StoreError::MasterKey`]).
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn open_or_make(file: &Path) -> std::result::Result<Self, KeysError> {
        let failed = |source| KeysError::File { file: file.to_owned(), source };
        match std::fs::read(file) {
            Ok(bytes) => {
                let bytes = Zeroizing::new(bytes);
                let length = || KeysError::Length { file: file.to_owned() };
                let (master, tags) = bytes.split_at_checked(KEY_BYTES / 2).ok_or_else(length)?;
                let key = |half: &[u8]| half.try_into().map(SecretKey::from_bytes).map_err(|_| length());
                Ok(Self { master: key(master)?, tags: key(tags)? })
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let keys = Self::generate().map_err(KeysError::Draw)?;
                let bytes = Zeroizing::new([*keys.master.expose(), *keys.tags.expose()].concat());
                files::write_whole(file, &bytes).map_err(failed)?;
                Ok(keys)
            }
            Err(source) => Err(failed(source)),
        }
    }

    /// The tag of a wallet's pseudonym.
    pub(crate) fn pseudonym_tag(&self, pseudonym: Pseudonym) -> Vec<u8> {
        self.tag("pseudonym", pseudonym.as_bytes())
    }

    /// The tag of a document, by permit and by the characters that identify it.
    pub(crate) fn number_tag(&self, number: &PermitNumber) -> Vec<u8> {
        let text = format!("{}/{}", number.permit(), number.match_key());
        self.tag("number", text.as_bytes())
    }

    /// The tag of a name.
    pub(crate) fn name_tag(&self, name: &NameForm) -> Vec<u8> {
        self.tag("name", name.as_str().as_bytes())
    }

    /// The keyed hash of bytes, under a label.
    pub(crate) fn tag(&self, label: &str, bytes: &[u8]) -> Vec<u8> {
        self.tags.tag(&[label.as_bytes(), b"/", bytes].concat()).to_vec()
    }

    pub(super) fn new_person_key(&self, person: PersonKey) -> Result<(RecordKey, Vec<u8>)> {
        let key = RecordKey::generate().map_err(StoreError::Seal)?;
        let wrapped =
            key.wrap(&self.master, &context("person", person.as_bytes())).map_err(StoreError::Seal)?;
        Ok((key, wrapped))
    }

    pub(super) fn person_key(&self, person: PersonKey, wrapped: &[u8]) -> Result<RecordKey> {
        RecordKey::unwrap(&self.master, &context("person", person.as_bytes()), wrapped)
            .map_err(|_| StoreError::Row { table: "person", column: "wrapped_key" })
    }
}

/// What a sealed column is bound to: its table and its row. Moved anywhere else, it does not open.
fn context(table: &str, row: &[u8]) -> Vec<u8> {
    [b"bp-venue-1/", table.as_bytes(), b"/", row].concat()
}

/// Seals a column of a person's row.
pub(super) fn seal(key: &RecordKey, table: &str, row: &[u8], record: &[u8]) -> Result<Vec<u8>> {
    key.seal(&context(table, row), record).map_err(StoreError::Seal)
}

/// Opens a column of a person's row.
pub(super) fn open(
    key: &RecordKey,
    table: &'static str,
    row: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>> {
    key.open(&context(table, row), sealed).map_err(|_| StoreError::Row { table, column: "sealed" })
}

/// Writes a proof of the master key into a new database; checks it in one that has one.
pub(super) async fn check_master_key(tx: &mut Tx, keys: &Keys) -> Result<()> {
    let key = RecordKey::from_secret(&keys.master);
    let context = context("setting", b"master");
    match optional!(tx, FIND_SETTING, "master".to_owned())? {
        Some(row) => {
            let proof: Vec<u8> = column(&row, "setting", "value")?;
            key.open(&context, &proof).map(drop).map_err(|_| StoreError::MasterKey)
        }
        None => {
            let proof = key.seal(&context, b"master").map_err(StoreError::Seal)?;
            run!(tx, INSERT_SETTING, "master".to_owned(), proof).map(drop)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn keys_are_their_owners_alone_and_the_same_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("desk.keys");
        let first = Keys::open_or_make(&file).unwrap();
        let again = Keys::open_or_make(&file).unwrap();
        assert_eq!(first.tag("a", b"b"), again.tag("a", b"b"));
        assert_ne!(first.tag("a", b"b"), Keys::generate().unwrap().tag("a", b"b"), "two desks never join");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        for cut in [0, 31, 63, 65] {
            std::fs::write(&file, vec![7; cut]).unwrap();
            assert!(matches!(Keys::open_or_make(&file), Err(KeysError::Length { .. })), "{cut} bytes");
        }
    }
}
