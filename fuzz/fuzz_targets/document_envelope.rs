//! Bytes for `outside_bytes::document_envelope`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::document_envelope(bytes);
});
