//! Bytes for `outside_bytes::page`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::page(bytes);
});
