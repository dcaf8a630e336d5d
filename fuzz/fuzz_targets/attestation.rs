//! Bytes for `outside_bytes::attestation`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::attestation(bytes);
});
