//! Fuzz target: AWS's binary event stream.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ferrule_fuzz::event_stream(data));
