//! Bytes for `outside_bytes::status_list`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::status_list(bytes);
});
