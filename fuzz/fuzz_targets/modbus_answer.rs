//! Bytes for `outside_bytes::modbus_answer`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    outside_bytes::modbus_answer(bytes);
});
