//! Bytes for `outside_bytes::hotel_answer`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::hotel_answer(bytes);
});
