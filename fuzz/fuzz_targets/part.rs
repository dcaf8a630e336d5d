//! Bytes for `outside_bytes::part`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::part(bytes);
});
