//! Bytes for `outside_bytes::document_number`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::document_number(bytes);
});
