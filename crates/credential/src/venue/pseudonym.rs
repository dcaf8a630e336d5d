//! Pseudonyms: by one a venue knows a holder again, and no other venue can.
//!
//! Lives here: [`PseudonymSecret`], [`Pseudonym`]. Not here: where a wallet keeps its secret.

use std::fmt;

use documents::{VenueId, redact_debug};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::cbor::Writer;
use crate::crypto::SecretKey;

const LABEL: &str = "bp2-venue-pseudonym";

/// A wallet's secret from which it derives its pseudonyms. It never leaves the wallet; a new wallet makes a new one.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct PseudonymSecret(SecretKey);
redact_debug!(PseudonymSecret);

impl PseudonymSecret {
    /// A secret from its 32 bytes, which the caller draws.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(SecretKey::from_bytes(bytes))
    }

    /// The pseudonym at this venue: the first 16 bytes of HMAC-SHA-256 (RFC 2104) over the CBOR array of label and id.
    #[must_use]
    pub fn at(&self, venue: &VenueId) -> Pseudonym {
        let mut w = Writer::with_capacity(72);
        let tag = self.0.tag(&w.array(2).text(LABEL).text(venue.as_str()).finish());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(tag.split_at(16).0);
        Pseudonym(bytes)
    }
}

/// The name by which one venue knows one wallet: 16 bytes that say nothing at another venue.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pseudonym([u8; 16]);
redact_debug!(Pseudonym);

impl Pseudonym {
    /// A pseudonym from its bytes, as a book keeps them.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// In lower-case hexadecimal. To show it is deliberate: at its venue it stands for a person.
impl fmt::LowerHex for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_is_one_of_a_secret_and_a_venue_alone() {
        let (one, other) = (PseudonymSecret::from_bytes([1; 32]), PseudonymSecret::from_bytes([2; 32]));
        let (hotel, tower): (VenueId, VenueId) =
            ("harbour-hotel".parse().unwrap(), "tower-a".parse().unwrap());
        assert_eq!(one.at(&hotel), one.at(&hotel));
        assert_ne!(one.at(&hotel), one.at(&tower));
        assert_ne!(one.at(&hotel), other.at(&hotel));
        assert_eq!(format!("{:?}", one.at(&hotel)), "Pseudonym(redacted)");
    }

    #[test]
    fn a_pseudonym_is_the_hmac_that_another_program_calculates() {
        // HMAC-SHA-256 under 32 bytes of 01 over 82, 73 and the label, 6d and the id; calculated with openssl.
        let pseudonym = PseudonymSecret::from_bytes([1; 32]).at(&"harbour-hotel".parse().unwrap());
        assert_eq!(format!("{pseudonym:x}"), "5715eff3b699058f69c2a26ca2c0767a");
    }
}
