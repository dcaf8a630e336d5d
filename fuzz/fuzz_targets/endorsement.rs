//! Bytes for `outside_bytes::endorsement`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::endorsement(bytes);
});
