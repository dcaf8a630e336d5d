//! Bytes for `outside_bytes::notice`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::notice(bytes);
});
