//! Bytes for `outside_bytes::request`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::request(bytes);
});
