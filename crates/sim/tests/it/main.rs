//! Simulator tests over a real socket: the bytes that a client receives.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "the support code of tests")]

mod answers;
mod client;
mod faults;
mod http2;
mod operations;
mod server;
