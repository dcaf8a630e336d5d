//! Bytes for `outside_bytes::openid_proximity`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::openid_proximity(bytes);
});
