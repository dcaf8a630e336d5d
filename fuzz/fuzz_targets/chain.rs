//! Bytes for `outside_bytes::chain`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::chain(bytes);
});
