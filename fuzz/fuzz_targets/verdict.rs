//! Bytes for `outside_bytes::verdict`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::verdict(bytes);
});
