//! Bytes for `outside_bytes::risk_state`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::risk_state(bytes);
});
