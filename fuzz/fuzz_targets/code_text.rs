//! Bytes for `outside_bytes::code_text`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::code_text(bytes);
});
