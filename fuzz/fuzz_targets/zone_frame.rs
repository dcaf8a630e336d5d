//! Bytes for `outside_bytes::zone_frame`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::zone_frame(bytes);
});
