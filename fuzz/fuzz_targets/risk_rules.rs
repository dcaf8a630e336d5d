//! Bytes for `outside_bytes::risk_rules`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::risk_rules(bytes);
});
