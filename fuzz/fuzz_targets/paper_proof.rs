//! Bytes for `outside_bytes::paper_proof`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::paper_proof(bytes);
});
