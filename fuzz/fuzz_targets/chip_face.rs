//! Bytes for `outside_bytes::chip_face`.

#![no_main]

libfuzzer_sys::fuzz_target!(init: outside_bytes::let_decoders_fail(), |bytes: &[u8]| {
    outside_bytes::chip_face(bytes);
});
