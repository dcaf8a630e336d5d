//! Bytes for `outside_bytes::sd_cwt`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::sd_cwt(bytes);
});
