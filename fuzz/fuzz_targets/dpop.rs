//! Bytes for `outside_bytes::dpop`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::dpop(bytes);
});
