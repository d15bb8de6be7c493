//! The simulator as a client sees it: bytes on a real socket.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "the support code of tests")]

mod answers;
mod beside;
mod client;
mod faults;
mod http2;
mod server;
