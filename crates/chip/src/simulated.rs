//! Simulated: a document that lies in no reader: its files come from memory. For tests and for demonstrations without devices.

use std::collections::BTreeMap;

use documents::redact_debug;

use crate::active::Nonce;
use crate::file::FileId;
use crate::reader::{ChipReader, ReaderFault};

/// How a simulated chip signs.
type Signs = Box<dyn Fn(&[u8; 8]) -> Vec<u8> + Send>;

/// A chip made of files, whose access is open.
#[derive(Default)]
pub struct SimulatedChip {
    files: BTreeMap<FileId, Vec<u8>>,
    signs: Option<Signs>,
    selected: Option<FileId>,
    /// Bytes that it still answers before it is taken away.
    left: Option<usize>,
}
redact_debug!(SimulatedChip);

impl SimulatedChip {
    /// With this file, in place of the same one before.
    #[must_use]
    pub fn with(mut self, file: FileId, bytes: Vec<u8>) -> Self {
        self.files.insert(file, bytes);
        self
    }

    /// That signs nonces so. Without this it is a copy: it has files and no key.
    #[must_use]
    pub fn signing(mut self, signs: impl Fn(&[u8; 8]) -> Vec<u8> + Send + 'static) -> Self {
        self.signs = Some(Box::new(signs));
        self
    }

    /// That is taken away after so many bytes.
    #[must_use]
    pub const fn gone_after(mut self, bytes: usize) -> Self {
        self.left = Some(bytes);
        self
    }
}

impl ChipReader for SimulatedChip {
    fn select(&mut self, file: FileId) -> Result<(), ReaderFault> {
        if !self.files.contains_key(&file) {
            return Err(ReaderFault::NotThere);
        }
        self.selected = Some(file);
        Ok(())
    }

    fn read(&mut self, offset: usize, length: usize) -> Result<Vec<u8>, ReaderFault> {
        let file = self.selected.and_then(|file| self.files.get(&file)).ok_or(ReaderFault::NotThere)?;
        let rest = file.get(offset..).ok_or(ReaderFault::Answer)?;
        let piece = rest.get(..length).unwrap_or(rest).to_vec();
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(piece.len()).ok_or(ReaderFault::Gone)?;
        }
        Ok(piece)
    }

    fn internal_authenticate(&mut self, nonce: &Nonce) -> Result<Vec<u8>, ReaderFault> {
        self.signs.as_ref().map(|signs| signs(nonce.as_bytes())).ok_or(ReaderFault::NotThere)
    }
}
