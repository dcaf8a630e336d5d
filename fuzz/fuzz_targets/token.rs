//! Bytes for `outside_bytes::token`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::token(bytes);
});
