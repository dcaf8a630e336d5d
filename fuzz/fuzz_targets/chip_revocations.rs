//! Bytes for `outside_bytes::chip_revocations`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::chip_revocations(bytes);
});
