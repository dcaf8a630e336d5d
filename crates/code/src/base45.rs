//! Base45 (RFC 9285), strict both ways.
//!
//! Lives here: `encode`, `decode`, `decode_into`. Not here: the prefix before it and the CBOR inside
//! (`crossing_code`).

/// RFC 9285 §3, table 1: the 45 characters of QR's alphanumeric mode.
const ALPHABET: [u8; 45] = *b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const NOT_IN_ALPHABET: u8 = 0xff;
const VALUES: [u8; 256] = values();

/// Why a text is not Base45.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Base45Error {
    /// RFC 9285 §4: a length of 3n+1 cannot come from any bytes.
    #[error("the text ends inside a Base45 group")]
    Length,
    /// A character outside the alphabet, which has no lower-case letters.
    #[error("character {at} of the text is not in the Base45 alphabet")]
    Character {
        /// Index of the first such byte.
        at: usize,
    },
    /// RFC 9285 §4.3 names `GGW` (65,536) as invalid.
    #[error("the Base45 group at character {at} stands for a value that does not fit its bytes")]
    Overflow {
        /// Index of the group's first byte.
        at: usize,
    },
}

/// The Base45 text of `bytes`.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(encoded_len(bytes.len()));
    encode_into(bytes, &mut text);
    text
}

/// Number of characters that encode `bytes` bytes.
#[must_use]
pub const fn encoded_len(bytes: usize) -> usize {
    (bytes / 2).saturating_mul(3).saturating_add(if bytes % 2 == 1 { 2 } else { 0 })
}

/// Appends the Base45 text of `bytes` to `text`.
pub fn encode_into(bytes: &[u8], text: &mut String) {
    let (pairs, rest) = bytes.as_chunks::<2>();
    for pair in pairs {
        let value = u16::from_be_bytes(*pair);
        text.extend([letter(value % 45), letter(value / 45 % 45), letter(value / 2025)]);
    }
    if let [last] = rest {
        let value = u16::from(*last);
        text.extend([letter(value % 45), letter(value / 45)]);
    }
}

/// The bytes behind a Base45 text.
///
/// # Errors
/// [`Base45Error`] for the first fault.
pub fn decode(text: &str) -> Result<Vec<u8>, Base45Error> {
    let mut bytes = Vec::new();
    decode_into(text.as_bytes(), &mut bytes)?;
    Ok(bytes)
}

/// Replaces the contents of `bytes` by the decoded text; a buffer that is used again does not allocate.
///
/// # Errors
/// [`Base45Error`] for the first fault; `bytes` is then empty.
pub fn decode_into(text: &[u8], bytes: &mut Vec<u8>) -> Result<(), Base45Error> {
    bytes.clear();
    let (groups, rest) = text.as_chunks::<3>();
    bytes.resize(groups.len() * 2, 0);
    // One test at the end instead of two per group keeps the loop free of branches; a text that fails it
    // is walked again, slowly, for the place.
    let mut fault = 0;
    let (pairs, _) = bytes.as_chunks_mut::<2>();
    for (pair, [c, d, e]) in pairs.iter_mut().zip(groups) {
        let (c, d, e) = (value_of(*c), value_of(*d), value_of(*e));
        let value = u32::from(c) + 45 * u32::from(d) + 2025 * u32::from(e);
        fault |= u32::from(c | d | e) & 0x80 | value >> 16;
        let [_, _, high, low] = value.to_be_bytes();
        *pair = [high, low];
    }
    if let [c, d] = rest {
        let (c, d) = (value_of(*c), value_of(*d));
        let value = u32::from(c) + 45 * u32::from(d);
        fault |= u32::from(c | d) & 0x80 | value >> 8;
        let [_, _, _, low] = value.to_be_bytes();
        bytes.push(low);
    }
    if fault != 0 || rest.len() == 1 {
        bytes.clear();
        return Err(first_fault(text));
    }
    Ok(())
}

fn first_fault(text: &[u8]) -> Base45Error {
    if let Some(at) = text.iter().position(|byte| value_of(*byte) == NOT_IN_ALPHABET) {
        return Base45Error::Character { at };
    }
    let (groups, rest) = text.as_chunks::<3>();
    let value = |[c, d, e]: &[u8; 3]| {
        u32::from(value_of(*c)) + 45 * u32::from(value_of(*d)) + 2025 * u32::from(value_of(*e))
    };
    match groups.iter().position(|group| value(group) > u32::from(u16::MAX)) {
        Some(group) => Base45Error::Overflow { at: group * 3 },
        None if rest.len() == 1 => Base45Error::Length,
        None => Base45Error::Overflow { at: groups.len() * 3 },
    }
}

fn value_of(byte: u8) -> u8 {
    VALUES.get(usize::from(byte)).copied().unwrap_or(NOT_IN_ALPHABET)
}

fn letter(value: u16) -> char {
    ALPHABET.get(usize::from(value)).copied().map_or('0', char::from)
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index out of range")]
#[expect(clippy::cast_possible_truncation, reason = "the alphabet has 45 characters")]
const fn values() -> [u8; 256] {
    let mut values = [NOT_IN_ALPHABET; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        values[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_is_refused_for_the_first_thing_wrong_with_it() {
        for (text, expected) in [
            ("A", Base45Error::Length),
            ("BB8A", Base45Error::Length),
            ("GGW", Base45Error::Overflow { at: 0 }),
            ("BB8:::", Base45Error::Overflow { at: 3 }),
            ("BB8V5", Base45Error::Overflow { at: 3 }),
            ("bb8", Base45Error::Character { at: 0 }),
            ("BB8\u{e9}0", Base45Error::Character { at: 3 }),
            ("BB8,00", Base45Error::Character { at: 3 }),
            ("BB\0", Base45Error::Character { at: 2 }),
        ] {
            assert_eq!(decode(text), Err(expected), "row {text:?}");
        }
    }

    #[test]
    fn the_largest_group_and_the_largest_last_byte_are_read() {
        assert_eq!(decode("FGW"), Ok(vec![0xff, 0xff]));
        assert_eq!(decode("BB8U5"), Ok(vec![0x41, 0x42, 0xff]));
    }

    #[test]
    fn a_refused_text_leaves_no_bytes_behind() {
        let mut bytes = vec![1, 2, 3];
        assert!(decode_into(b"BB8GGW", &mut bytes).is_err());
        assert!(bytes.is_empty());
    }

    proptest! {
        #[test]
        fn what_was_encoded_comes_back(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let text = encode(&bytes);
            prop_assert_eq!(text.len(), encoded_len(bytes.len()));
            prop_assert_eq!(decode(&text), Ok(bytes));
        }

        #[test]
        fn every_text_that_decodes_is_the_only_text_of_its_bytes(text in "[0-9A-Z $%*+./:-]{0,60}") {
            if let Ok(bytes) = decode(&text) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }

        #[test]
        fn no_text_makes_the_decoder_panic(text in any::<String>()) {
            let _ = decode(&text);
        }
    }
}
