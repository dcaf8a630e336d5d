//! Bytes for `outside_bytes::proof`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::proof(bytes);
});
