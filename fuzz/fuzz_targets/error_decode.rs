//! Fuzz target: error answers.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ferrule_fuzz::error_decode(data));
