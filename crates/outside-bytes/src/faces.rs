//! The face probe, as an authority takes it from a gate.

use face::{MAX_PROBE_BYTES, Probe};

/// A probe: an accepted one is encoded again as the same bytes.
pub fn face_probe(bytes: &[u8]) -> bool {
    let Ok(probe) = Probe::decode(bytes) else { return false };
    assert!(bytes.len() <= MAX_PROBE_BYTES, "a probe keeps its bound");
    assert!(probe.encode() == bytes, "a probe has one form");
    true
}
