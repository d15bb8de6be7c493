//! Fuzz target: streamed answers, in every wire format.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ferrule_fuzz::stream(data));
