//! Bytes for `outside_bytes::approval_bundle`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::approval_bundle(bytes);
});
