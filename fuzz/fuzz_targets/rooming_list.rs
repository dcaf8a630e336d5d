//! Bytes for `outside_bytes::rooming_list`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::rooming_list(bytes);
});
