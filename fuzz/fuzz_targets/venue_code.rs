//! Bytes for `outside_bytes::venue_code`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::venue_code(bytes);
});
