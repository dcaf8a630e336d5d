//! Bytes for `outside_bytes::chip_master_list`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::chip_master_list(bytes);
});
