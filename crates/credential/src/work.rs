//! Work: what a stranger's device computes before a guess is looked at (hashcash over SHA-256).
//!
//! Lives here: [`WorkTicket`], which the maker keeps nowhere, [`is_solved`] and [`solve`]. Not here: who must work, how much
//! (`authority::enrolment`), and the memory of what was handed in already.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use documents::Timestamp;

use crate::crypto::{SecretKey, sha256};

/// The most leading zero bits that may be asked for: a quarter of a thousand million hashes.
pub const MAX_WORK_BITS: u8 = 28;
/// Nonce, bits, two times, tag.
const SALT_BYTES: usize = 16 + 1 + 8 + 8 + 32;
const TAG_BYTES: usize = 32;

/// Work that was asked for: how much, and between which times its answer counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkTicket {
    /// Leading zero bits.
    pub bits: u8,
    /// Its answer does not count before this time: the delay.
    pub from: Timestamp,
    /// Nor at or after this one.
    pub until: Timestamp,
}

/// Why an answer does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WorkError {
    /// The salt is not one of this maker's, or was made for another subject.
    #[error("the salt was not made here for this request; ask for a new one")]
    Salt,
    /// Before its time.
    #[error("the answer came before its time; wait as long as was said")]
    TooSoon,
    /// After its time.
    #[error("the answer came too late; ask for a new salt")]
    TooLate,
    /// The hash has fewer leading zero bits than were asked for.
    #[error("the answer does not solve the work that was asked for")]
    Unsolved,
}

impl WorkTicket {
    /// The salt of this work for `subject`: it carries what was asked for, under a tag of `key`.
    #[must_use]
    pub fn salt(&self, key: &SecretKey, subject: &[u8], nonce: [u8; 16]) -> String {
        let mut bytes = Vec::with_capacity(SALT_BYTES);
        bytes.extend_from_slice(&nonce);
        bytes.push(self.bits.min(MAX_WORK_BITS));
        bytes.extend_from_slice(&self.from.unix().to_be_bytes());
        bytes.extend_from_slice(&self.until.unix().to_be_bytes());
        let tag = key.tag(&tagged(&bytes, subject));
        bytes.extend_from_slice(&tag);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What was asked for by `salt`, where its answer counts at `now`. The cost is that of three hashes, whatever was sent.
    ///
    /// # Errors
    /// [`WorkError`]: the first thing wrong.
    pub fn accept(
        key: &SecretKey,
        subject: &[u8],
        salt: &str,
        answer: u64,
        now: Timestamp,
    ) -> Result<Self, WorkError> {
        let bytes = Some(salt).filter(|salt| salt.len() <= SALT_BYTES * 2);
        let bytes = bytes.and_then(|salt| URL_SAFE_NO_PAD.decode(salt).ok()).ok_or(WorkError::Salt)?;
        let (asked, tag) = bytes.split_last_chunk::<TAG_BYTES>().ok_or(WorkError::Salt)?;
        if bytes.len() != SALT_BYTES || !key.is_tag(&tagged(asked, subject), tag) {
            return Err(WorkError::Salt);
        }
        let (head, until) = asked.split_last_chunk::<8>().ok_or(WorkError::Salt)?;
        let (head, from) = head.split_last_chunk::<8>().ok_or(WorkError::Salt)?;
        let bits = *head.last().ok_or(WorkError::Salt)?;
        let time = |bytes: &[u8; 8]| Timestamp::from_unix(i64::from_be_bytes(*bytes)).ok_or(WorkError::Salt);
        let ticket = Self { bits, from: time(from)?, until: time(until)? };
        if now < ticket.from {
            return Err(WorkError::TooSoon);
        }
        if now >= ticket.until {
            return Err(WorkError::TooLate);
        }
        if is_solved(salt, answer, bits) { Ok(ticket) } else { Err(WorkError::Unsolved) }
    }
}

fn tagged(asked: &[u8], subject: &[u8]) -> Vec<u8> {
    [b"bp2-work".as_slice(), asked, subject].concat()
}

/// Whether SHA-256 of the salt's text, a full stop and the decimal answer begins with so many zero bits.
#[must_use]
pub fn is_solved(salt: &str, answer: u64, bits: u8) -> bool {
    let hash = sha256(format!("{salt}.{answer}").as_bytes());
    let mut zeros = 0;
    for byte in hash {
        zeros += byte.leading_zeros();
        if byte != 0 {
            break;
        }
    }
    zeros >= u32::from(bits)
}

/// The smallest answer. It takes two to the power of `bits` hashes on average: never on a thread that serves connections.
#[must_use]
pub fn solve(salt: &str, bits: u8) -> u64 {
    let bits = bits.min(MAX_WORK_BITS);
    (0..u64::MAX).find(|answer| is_solved(salt, *answer, bits)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(1_800_000_000 + seconds).unwrap()
    }

    fn ticket() -> (SecretKey, WorkTicket, String) {
        let key = SecretKey::from_bytes([7; 32]);
        let ticket = WorkTicket { bits: 9, from: at(2), until: at(300) };
        let salt = ticket.salt(&key, b"subject", [1; 16]);
        (key, ticket, salt)
    }

    #[test]
    fn an_answer_counts_for_its_subject_between_its_times_and_no_other() {
        let (key, ticket, salt) = ticket();
        let answer = solve(&salt, 9);
        let told = |subject: &[u8], answer, now| WorkTicket::accept(&key, subject, &salt, answer, now);
        assert_eq!(told(b"subject", answer, at(2)), Ok(ticket));
        assert_eq!(told(b"subject", answer, at(299)), Ok(ticket));
        assert_eq!(told(b"subject", answer, at(1)), Err(WorkError::TooSoon));
        assert_eq!(told(b"subject", answer, at(300)), Err(WorkError::TooLate));
        assert_eq!(told(b"another", answer, at(2)), Err(WorkError::Salt));
        let wrong = (0..).find(|other| !is_solved(&salt, *other, 9)).unwrap();
        assert_eq!(told(b"subject", wrong, at(2)), Err(WorkError::Unsolved));
    }

    /// Also in docs/formats.md, and held to by the wallet's TypeScript.
    #[test]
    fn the_work_of_the_page_has_the_answer_of_the_page() {
        assert_eq!(solve("specimen", 13), 3881);
    }

    #[test]
    fn every_change_of_one_character_of_a_salt_is_refused() {
        let (key, _, salt) = ticket();
        for place in 0..salt.len() {
            for other in ['A', 'b', '7', '-', '=', ' '] {
                let mut changed: Vec<char> = salt.chars().collect();
                if changed[place] == other {
                    continue;
                }
                changed[place] = other;
                let changed: String = changed.into_iter().collect();
                let told = WorkTicket::accept(&key, b"subject", &changed, 0, at(2));
                assert_eq!(told, Err(WorkError::Salt), "{place} {other}");
            }
        }
        for salt in ["", "A", &"A".repeat(87), &"A".repeat(10_000)] {
            assert_eq!(WorkTicket::accept(&key, b"subject", salt, 0, at(2)), Err(WorkError::Salt));
        }
    }
}
