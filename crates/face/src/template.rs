//! Templates: an embedding packed for a part, and compared with another embedding.
//!
//! Lives here: `Template` and its formats. Not here: thresholds (`config`). A template is biometric data: a
//! picture like the face can be rebuilt from it, and neither quantising nor projecting protects it.
//!
//! `compact64`, `compact72`: 128 or 144 levels of 4 bits, two a byte, the first in the upper half. Level `i` stands for
//! `i - 7.5` steps; a step is [`STEP`] of the root mean square of the numbers, so no scale needs storing.
//! `wide144`: one signed byte each, `round(127 y / max |y|)`, never -128.

use crate::config::TemplateKind;
use crate::embedding::Embedding;
use crate::thresholds::Score;
use documents::redact_debug;

/// The best uniform step of 16 levels for normally distributed numbers, in standard deviations (J. Max,
/// "Quantizing for minimum distortion", 1960, table II).
const STEP: f32 = 0.335_2;

/// A packed embedding with its kind. Biometric data: no `Display`, and `Debug` shows nothing of it.
#[derive(Clone, PartialEq)]
pub struct Template {
    kind: TemplateKind,
    bytes: Vec<u8>,
}
redact_debug!(Template);

/// Why bytes are no template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Each format has one length.
    #[error("a template of this format has {expected} bytes, not {got}")]
    Length {
        /// Bytes that the format has.
        expected: usize,
        /// Bytes given.
        got: usize,
    },
    /// Values that packing never produces: all zero, or -128.
    #[error("the template holds values that no face gives")]
    Values,
    /// The embedding is of another network than the kind.
    #[error(transparent)]
    Format(#[from] FormatMismatch),
}

/// Template and embedding are of different networks: their score would mean nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("template and embedding are of different face models")]
pub struct FormatMismatch;

impl Template {
    /// Packs an embedding.
    ///
    /// # Errors
    /// [`FormatMismatch`] if the kind belongs to another network.
    pub fn pack(kind: &TemplateKind, embedding: &Embedding) -> Result<Self, FormatMismatch> {
        let values = embedding.of(kind).ok_or(FormatMismatch)?;
        let bytes = if kind.format().is_compact() {
            let step = STEP * (values.iter().map(|v| v * v).sum::<f32>() / values.len() as f32).sqrt();
            let level = |v: f32| nibble(v / step);
            let (pairs, _) = values.as_chunks::<2>();
            pairs.iter().map(|[first, second]| level(*first) << 4 | level(*second)).collect()
        } else {
            let largest = values.iter().fold(f32::MIN_POSITIVE, |largest, v| largest.max(v.abs()));
            values.iter().map(|v| signed_byte(127.0 * v / largest).cast_unsigned()).collect()
        };
        Ok(Self { kind: kind.clone(), bytes })
    }

    /// Takes the bytes of a template out of a part.
    ///
    /// # Errors
    /// A wrong length, or values that packing never produces.
    pub fn from_bytes(kind: &TemplateKind, bytes: &[u8]) -> Result<Self, TemplateError> {
        let (expected, got) = (kind.format().len(), bytes.len());
        if expected != got {
            return Err(TemplateError::Length { expected, got });
        }
        let wide = !kind.format().is_compact();
        if wide && (bytes.contains(&0x80) || bytes.iter().all(|b| *b == 0)) {
            return Err(TemplateError::Values);
        }
        Ok(Self { kind: kind.clone(), bytes: bytes.to_vec() })
    }

    /// The bytes that travel, sealed, in a part.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What kind it is.
    #[must_use]
    pub const fn kind(&self) -> &TemplateKind {
        &self.kind
    }

    /// The cosine between the template and an embedding.
    ///
    /// # Errors
    /// [`FormatMismatch`] if they are of different networks.
    pub fn compare(&self, embedding: &Embedding) -> Result<Score, FormatMismatch> {
        let values = embedding.of(&self.kind).ok_or(FormatMismatch)?;
        let levels = self.levels();
        let product: f32 = levels.iter().zip(values).map(|(a, b)| a * b).sum();
        let length = levels.iter().map(|v| v * v).sum::<f32>().sqrt();
        // An embedding has unit length already.
        Ok(Score(if length > 0.0 { product / length } else { 0.0 }))
    }

    fn levels(&self) -> Vec<f32> {
        if self.kind.format().is_compact() {
            let level = |nibble: u8| f32::from(nibble) - 7.5;
            self.bytes.iter().flat_map(|byte| [level(byte >> 4), level(byte & 15)]).collect()
        } else {
            self.bytes.iter().map(|byte| f32::from(byte.cast_signed())).collect()
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to four bits just before"
)]
fn nibble(steps: f32) -> u8 {
    (steps.floor() + 8.0).clamp(0.0, 15.0) as u8
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to a signed byte just before")]
fn signed_byte(value: f32) -> i8 {
    value.round().clamp(-127.0, 127.0) as i8
}
