//! Bytes for `outside_bytes::chip_handed_in`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::chip_handed_in(bytes);
});
