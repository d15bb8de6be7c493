//! Fuzz target: requests, as a server, in every wire format.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ferrule_fuzz::request(data));
