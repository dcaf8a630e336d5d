//! Bytes for `outside_bytes::words`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::words(bytes);
});
