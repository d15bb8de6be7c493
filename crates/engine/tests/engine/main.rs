//! The engine against servers on loopback sockets. One program, so that it is linked once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "the support code of tests"
)]

mod amazon;
mod authorisation;
mod backends;
mod calls;
mod clouds;
mod connections;
mod deferred;
mod dialects;
mod encrypted;
mod fallback;
mod faults;
mod follow;
mod http_client;
mod limits;
mod local_servers;
mod names;
mod operations;
mod refused_streams;
mod renewal;
mod secrets;
mod setup;
mod signers;
mod support;
