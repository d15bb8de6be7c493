//! Fuzz target: answers under a provider's quirks.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ferrule_fuzz::quirks(data));
