//! Bytes for `outside_bytes::base45_cbor`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::base45_cbor(bytes);
});
