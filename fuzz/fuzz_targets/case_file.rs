//! Bytes for `outside_bytes::case_file`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::case_file(bytes);
});
