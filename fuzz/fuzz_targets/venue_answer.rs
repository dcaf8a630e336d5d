//! Bytes for `outside_bytes::venue_answer`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::venue_answer(bytes);
});
