//! Own unlock: what a holder proof says of how its wallet was unlocked for this showing.
//!
//! Lives here: [`Unlock`] and its two bytes in a proof (`docs/formats.md`, section 5). Not here: the proof itself (`token`), how
//! lately is lately enough (`gate`, `authority`), the asking for PIN or biometrics (the wallets).

use documents::Timestamp;

use crate::cbor::CborError;

/// Greatest age that a proof can tell, in seconds: an older unlock is not for this showing, and a wallet does not name it.
pub const MOST_UNLOCK_SECONDS: u8 = 60;

/// By what the holder unlocked the wallet again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnlockMethod {
    /// By the wallet's own PIN.
    Pin,
    /// By the phone's own lock: a fingerprint, a face, or its code.
    Platform,
}

impl UnlockMethod {
    /// The byte that stands for it in a proof.
    #[must_use]
    pub const fn wire(self) -> u8 {
        match self {
            Self::Pin => 1,
            Self::Platform => 2,
        }
    }

    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pin => "pin",
            Self::Platform => "platform",
        }
    }
}

/// The holder unlocked the wallet again for this showing: by what, and how long before the proof was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Unlock {
    method: UnlockMethod,
    seconds: u8,
}

impl Unlock {
    /// An unlock `seconds` before the proof; `None` where that is more than [`MOST_UNLOCK_SECONDS`].
    #[must_use]
    pub const fn new(method: UnlockMethod, seconds: u8) -> Option<Self> {
        if seconds > MOST_UNLOCK_SECONDS { None } else { Some(Self { method, seconds }) }
    }

    /// By what.
    #[must_use]
    pub const fn method(self) -> UnlockMethod {
        self.method
    }

    /// Seconds from the unlock to the proof, by the wallet's clock.
    #[must_use]
    pub const fn seconds(self) -> u8 {
        self.seconds
    }

    /// When the wallet was unlocked, where the proof was made at `made_at`.
    #[must_use]
    pub fn at(self, made_at: Timestamp) -> Timestamp {
        made_at.plus_seconds(-i64::from(self.seconds))
    }
}

/// The two bytes of a proof.
pub(crate) const fn encode(unlock: Option<Unlock>) -> [u8; 2] {
    match unlock {
        None => [0, 0],
        Some(Unlock { method, seconds }) => [method.wire(), seconds],
    }
}

/// What the two bytes of a proof say. One form for each meaning: no age where there was no unlock.
pub(crate) fn decode(bytes: [u8; 2]) -> Result<Option<Unlock>, CborError> {
    let (method, seconds) = match bytes {
        [0, 0] => return Ok(None),
        [1, seconds] => (UnlockMethod::Pin, seconds),
        [2, seconds] => (UnlockMethod::Platform, seconds),
        [_, _] => return Err(CborError::Limit),
    };
    Unlock::new(method, seconds).map(Some).ok_or(CborError::Limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_two_bytes_are_read_as_one_meaning_or_refused() {
        let mut taken = 0;
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                let Ok(unlock) = decode([first, second]) else { continue };
                assert_eq!(encode(unlock), [first, second]);
                taken += 1;
            }
        }
        assert_eq!(taken, 1 + 2 * 61, "none, and 0 to 60 seconds by each method");
        for refused in [[0, 1], [1, 61], [2, 255], [3, 0], [255, 0]] {
            assert_eq!(decode(refused), Err(CborError::Limit), "{refused:?}");
        }
    }

    #[test]
    fn an_unlock_lies_its_seconds_before_the_proof() {
        let made: Timestamp = "2026-03-02T10:00:00+08:00".parse().unwrap();
        let unlock = Unlock::new(UnlockMethod::Platform, 20).unwrap();
        assert_eq!(unlock.at(made), made.plus_seconds(-20));
        assert_eq!(Unlock::new(UnlockMethod::Pin, 61), None);
    }
}
