//! Bytes for `outside_bytes::receipt`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::receipt(bytes);
});
