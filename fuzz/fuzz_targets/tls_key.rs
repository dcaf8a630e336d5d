//! Bytes for `outside_bytes::tls_key`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::tls_key(bytes);
});
