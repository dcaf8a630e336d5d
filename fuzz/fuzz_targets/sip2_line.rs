//! Bytes for `outside_bytes::sip2_line`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::sip2_line(bytes);
});
