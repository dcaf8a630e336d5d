//! Code: the one-time code of an invitation: its form and check character.
//!
//! Lives here: [`InvitationCode`]. Not here: who makes one, what it is used for (`enrolment`).

use documents::{AuthorityCode, redact_debug};

/// Crockford's Base32: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// The authority's letter, fourteen characters drawn at random (70 bits), the check character.
const LEN: usize = 16;

/// An invitation code, its check character proven.
#[derive(Clone, PartialEq, Eq)]
pub struct InvitationCode([u8; LEN]);
redact_debug!(InvitationCode);

/// Why a text is no invitation code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvitationCodeError {
    /// Another number of characters.
    #[error("an invitation code has 16 letters and digits; compare it with the paper")]
    Length,
    /// A character that no code has.
    #[error("an invitation code has no such character; compare it with the paper")]
    Character,
    /// A wrong character somewhere.
    #[error("one character of the invitation code is wrong; compare it with the paper")]
    Check,
    /// The code of another authority.
    #[error("this invitation code is another authority's; its first letter says whose")]
    Authority,
}

/// The letter of an authority's codes.
const fn letter(authority: AuthorityCode) -> u8 {
    match authority {
        AuthorityCode::Chn => b'C',
        AuthorityCode::Hkg => b'H',
        AuthorityCode::Mac => b'M',
    }
}

fn value(character: u8) -> Option<u8> {
    let place = ALPHABET.iter().position(|known| *known == character)?;
    u8::try_from(place).ok()
}

/// The check character: ISO/IEC 7064, hybrid system, with M = 32 in place of 36 or 10.
fn check(characters: &[u8]) -> Option<u8> {
    let mut p = 32_u8;
    for character in characters {
        let sum = (p + value(*character)?) % 32;
        p = (if sum == 0 { 32 } else { sum } * 2) % 33;
    }
    ALPHABET.get(usize::from((33 - p) % 32)).copied()
}

impl InvitationCode {
    /// A new code of an authority, of nine random bytes.
    #[must_use]
    pub fn new(authority: AuthorityCode, random: [u8; 9]) -> Self {
        let mut bits = random.iter().fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
        let mut code = [letter(authority); LEN];
        let (body, last) = code.split_at_mut(LEN - 1);
        for place in body.iter_mut().skip(1) {
            let five = usize::try_from(bits & 31).unwrap_or(0);
            *place = ALPHABET.get(five).copied().unwrap_or(b'0');
            bits >>= 5;
        }
        last.fill(check(body).unwrap_or(b'0'));
        Self(code)
    }

    /// Reads a code of `authority` as somebody types it: any case, blanks and hyphens anywhere, O for 0, I and L for 1.
    ///
    /// # Errors
    /// The first thing wrong with it.
    pub fn parse(text: &str, authority: AuthorityCode) -> Result<Self, InvitationCodeError> {
        let typed = text.bytes().filter(|byte| !matches!(byte, b'-' | b' '));
        let typed: Vec<u8> = typed.take(LEN + 1).map(|byte| byte.to_ascii_uppercase()).collect();
        let read = typed.iter().map(|byte| match byte {
            b'O' => b'0',
            b'I' | b'L' => b'1',
            other => *other,
        });
        let code: [u8; LEN] = read.collect::<Vec<_>>().try_into().map_err(|_| InvitationCodeError::Length)?;
        if code.iter().any(|byte| value(*byte).is_none()) {
            return Err(InvitationCodeError::Character);
        }
        let (body, last) = code.split_at(LEN - 1);
        if check(body).as_ref() != last.first() {
            return Err(InvitationCodeError::Check);
        }
        if code.first() != Some(&letter(authority)) {
            return Err(InvitationCodeError::Authority);
        }
        Ok(Self(code))
    }

    /// As it is written on paper: four groups of four.
    #[must_use]
    pub fn printed(&self) -> String {
        let text = String::from_utf8_lossy(&self.0);
        let mut printed = String::with_capacity(LEN + 3);
        for (place, character) in text.chars().enumerate() {
            if place > 0 && place % 4 == 0 {
                printed.push('-');
            }
            printed.push(character);
        }
        printed
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; LEN] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use documents::AuthorityCode::{Chn, Hkg, Mac};

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = InvitationCode::new(Hkg, [0, 1, 2, 3, 4, 5, 6, 7, 255]);
        let printed = code.printed();
        assert_eq!(printed, "HZZ1-CG2G-03G0-200N", "docs/formats.md");
        for typed in [
            printed.clone(),
            printed.to_lowercase(),
            printed.replace('-', " "),
            printed.replace('-', ""),
            printed.replace('0', "o").replace('1', "l"),
            format!("  {printed} "),
        ] {
            assert_eq!(InvitationCode::parse(&typed, Hkg).as_ref(), Ok(&code), "{typed}");
        }
        assert_eq!(InvitationCode::parse(&printed, Mac), Err(InvitationCodeError::Authority));
        assert!(!format!("{code:?}").contains(&printed[..4]));
    }

    #[test]
    fn every_wrong_character_and_every_two_that_changed_places_are_found() {
        let code = InvitationCode::new(Chn, [9, 8, 7, 6, 5, 4, 3, 2, 1]);
        for place in 0..LEN {
            for other in ALPHABET {
                let mut typed = *code.as_bytes();
                if typed[place] == *other {
                    continue;
                }
                typed[place] = *other;
                let typed = String::from_utf8(typed.to_vec()).unwrap();
                assert_eq!(InvitationCode::parse(&typed, Chn), Err(InvitationCodeError::Check), "{typed}");
            }
        }
        for place in 0..LEN - 1 {
            let mut typed = *code.as_bytes();
            typed.swap(place, place + 1);
            if typed == *code.as_bytes() {
                continue;
            }
            let typed = String::from_utf8(typed.to_vec()).unwrap();
            assert!(InvitationCode::parse(&typed, Chn).is_err(), "{typed}");
        }
    }

    #[test]
    fn what_is_no_code_is_refused() {
        use InvitationCodeError::*;
        for (typed, expected) in [
            ("", Length),
            ("H", Length),
            ("CCCC-CCCC-CCCC-CCCC-C", Length),
            ("CUUU-CCCC-CCCC-CCCC", Character),
        ] {
            assert_eq!(InvitationCode::parse(typed, Chn), Err(expected), "{typed}");
        }
        assert!(InvitationCode::parse("CCCC-CCCC-CCCC-CCC\u{e9}", Chn).is_err());
    }
}
