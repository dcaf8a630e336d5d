//! Bytes for `outside_bytes::gate_check`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::gate_check(bytes);
});
