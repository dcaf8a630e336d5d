//! Bytes for `outside_bytes::signed_message`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::signed_message(bytes);
});
