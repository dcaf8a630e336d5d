//! Secret: one-time codes and session tokens. They are shown or sent once; what is kept is their SHA-256.

use credential::{CryptoError, sha256};
use documents::redact_debug;

/// Fills bytes with chance: `credential::random` in a program.
pub type Draw = fn(&mut [u8]) -> Result<(), CryptoError>;

/// A one-time code of 128 random bits, typed by a person: 32 hexadecimal digits in groups of four.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimeCode([u8; 16]);

redact_debug!(OneTimeCode);

impl OneTimeCode {
    /// A new code.
    ///
    /// # Errors
    /// The generator's.
    pub fn draw(draw: Draw) -> Result<Self, CryptoError> {
        let mut bytes = [0; 16];
        draw(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Reads what somebody typed: blanks and dashes between the digits do not count.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').take(33).collect();
        hex::decode(digits).ok()?.try_into().ok().map(Self)
    }

    /// The code for the one person who gets it.
    #[must_use]
    pub fn expose(&self) -> String {
        let digits = hex::encode(self.0);
        let groups: Vec<&str> = (0..8).filter_map(|group| digits.get(group * 4..group * 4 + 4)).collect();
        groups.join("-")
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        sha256(&self.0)
    }
}

/// The token of a session or of a pairing: 32 random bytes, in base64url where it travels.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; 32]);

redact_debug!(Token);

impl Token {
    /// A new token.
    ///
    /// # Errors
    /// The generator's.
    pub fn draw(draw: Draw) -> Result<Self, CryptoError> {
        let mut bytes = [0; 32];
        draw(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// A token as it travels.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        use base64::Engine as _;
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// The token as it travels.
    #[must_use]
    pub fn expose(&self) -> String {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        sha256(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_it_was_shown_and_never_printed() {
        let code = OneTimeCode::draw(credential::random).unwrap();
        let shown = code.expose();
        assert_eq!(shown.len(), 39);
        for typed in [shown.clone(), shown.to_uppercase(), shown.replace('-', " "), shown.replace('-', "")] {
            assert_eq!(OneTimeCode::parse(&typed).unwrap(), code);
        }
        for wrong in ["", "abcd", &shown[..38], &format!("{shown}0"), "zz"] {
            assert!(OneTimeCode::parse(wrong).is_none(), "{wrong}");
        }
        assert!(!format!("{code:?}").contains(&shown[..4]));
        let token = Token::draw(credential::random).unwrap();
        assert_eq!(Token::parse(&token.expose()).unwrap(), token);
        assert!(!format!("{token:?}").contains(&token.expose()));
    }
}
