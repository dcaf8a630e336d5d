//! Bytes for `outside_bytes::webauthn`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::webauthn(bytes);
});
