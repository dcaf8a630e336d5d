//! Bytes for `outside_bytes::work_salt`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::work_salt(bytes);
});
