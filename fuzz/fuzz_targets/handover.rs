//! Bytes for `outside_bytes::handover`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::handover(bytes);
});
