//! Bytes for `outside_bytes::event`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::event(bytes);
});
