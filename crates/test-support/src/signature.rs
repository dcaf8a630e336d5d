//! Signature: what somebody without a key can still do to an ECDSA signature.

/// The order of P-256 (SEC 2, 2.4.2).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
    0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// A message that ends in its signature (r, s), with the other valid one of the same bytes: (r, n - s).
///
/// # Panics
/// The message is shorter than 32 bytes.
#[must_use]
pub fn other_signature(signed: &[u8]) -> Vec<u8> {
    let (rest, s) = signed.split_at(signed.len() - 32);
    let (mut other, mut borrow) = ([0; 32], 0);
    for ((to, s), order) in other.iter_mut().zip(s).zip(ORDER).rev() {
        let digit = i16::from(order) - i16::from(*s) - borrow;
        borrow = i16::from(digit < 0);
        *to = u8::try_from(digit.rem_euclid(256)).unwrap_or_default();
    }
    [rest, &other].concat()
}
