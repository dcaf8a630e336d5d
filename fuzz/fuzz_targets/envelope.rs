//! Bytes for `outside_bytes::envelope`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::envelope(bytes);
});
