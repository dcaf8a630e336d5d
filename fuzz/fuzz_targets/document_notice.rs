//! Bytes for `outside_bytes::document_notice`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::document_notice(bytes);
});
