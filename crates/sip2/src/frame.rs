//! Frame: lines out of a stream of bytes, and the checksum at a message's end.
//!
//! Lives here: [`Lines`], [`checksum`]. Not here: what a line says (`message`).

use documents::redact_debug;

use crate::SipError;

/// The longest line, in bytes, without its end.
pub const MAX_LINE: usize = 16 * 1024;
const CR: u8 = b'\r';

/// The checksum of bytes up to and including the letters `AZ`: their sum in 16 bits, negated (appendix "Checksum Calculation").
#[must_use]
pub fn checksum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0_u16, |sum, byte| sum.wrapping_add(u16::from(*byte))).wrapping_neg()
}

/// Collects bytes as they come and gives whole lines: a message may come in pieces, or two of them in one.
#[derive(Default)]
pub struct Lines {
    bytes: Vec<u8>,
}
redact_debug!(Lines);

impl Lines {
    /// Takes what was read.
    ///
    /// # Errors
    /// [`SipError::TooLong`]: no line ends within its limit; the connection is of no more use.
    pub fn push(&mut self, read: &[u8]) -> Result<(), SipError> {
        self.bytes.extend_from_slice(read);
        let unended = self.bytes.iter().rev().take_while(|byte| **byte != CR).count();
        if unended > MAX_LINE { Err(SipError::TooLong) } else { Ok(()) }
    }

    /// The next whole line, without its end. Line feeds, blanks and NUL before an id are skipped: several servers send CR LF.
    ///
    /// # Errors
    /// [`SipError::TooLong`].
    pub fn next_line(&mut self) -> Result<Option<Vec<u8>>, SipError> {
        loop {
            let Some(end) = self.bytes.iter().position(|byte| *byte == CR) else { return Ok(None) };
            let rest = self.bytes.split_off(end + 1);
            let mut line = std::mem::replace(&mut self.bytes, rest);
            line.pop();
            let begins = line.iter().position(|byte| !matches!(byte, b'\n' | b' ' | 0));
            line.drain(..begins.unwrap_or(line.len()));
            if line.len() > MAX_LINE {
                return Err(SipError::TooLong);
            }
            if !line.is_empty() {
                return Ok(Some(line));
            }
        }
    }

    /// What came without an end: some servers leave it out after one kind of message.
    #[must_use]
    pub fn unended(&self) -> &[u8] {
        let begins = self.bytes.iter().position(|byte| !matches!(byte, b'\n' | b' ' | 0));
        begins.and_then(|at| self.bytes.get(at..)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksums_that_were_worked_by_hand_come_out() {
        for (text, sum) in [
            ("9300CNuser|COpasswd|CPlocation|AY0AZ", 0xF2FB),
            ("97AZ", 0xFEF5),
            ("96AZ", 0xFEF6),
            ("941AY0AZ", 0xFDFD),
            ("9900802.00AY1AZ", 0xFCA0),
        ] {
            assert_eq!(checksum(text.as_bytes()), sum, "{text}");
        }
    }

    #[test]
    fn lines_come_out_whole_however_they_were_cut() {
        let stream = b"941AY0AZFDFD\r\n\r\n 96AZFEF6\r97AZ";
        for cut in 0..=stream.len() {
            let mut lines = Lines::default();
            let (first, second) = stream.split_at(cut);
            let mut found = Vec::new();
            for part in [first, second] {
                lines.push(part).unwrap();
                while let Some(line) = lines.next_line().unwrap() {
                    found.push(String::from_utf8(line).unwrap());
                }
            }
            assert_eq!(found, ["941AY0AZFDFD", "96AZFEF6"], "cut at {cut}");
            assert_eq!(lines.unended(), b"97AZ");
        }
    }

    #[test]
    fn a_line_without_an_end_is_given_up_at_its_limit() {
        let mut lines = Lines::default();
        assert_eq!(lines.push(&vec![b'A'; MAX_LINE]), Ok(()));
        assert_eq!(lines.push(b"A"), Err(SipError::TooLong));
        let mut lines = Lines::default();
        lines.push(&[vec![b'A'; MAX_LINE], vec![CR]].concat()).unwrap();
        assert_eq!(lines.next_line().unwrap().map(|line| line.len()), Some(MAX_LINE));
        let mut lines = Lines::default();
        lines.push(&[vec![b'A'; MAX_LINE + 1], vec![CR]].concat()).unwrap();
        assert_eq!(lines.next_line(), Err(SipError::TooLong));
    }
}
