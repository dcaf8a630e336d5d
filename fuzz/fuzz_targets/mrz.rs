//! Bytes for `outside_bytes::mrz`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::mrz(bytes);
});
