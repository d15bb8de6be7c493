//! Wire formats of providers, and the neutral model that they are translated to and from.
//!
//! The neutral model of requests, responses, stream events and errors, the framings that carry them, and one dialect
//! per wire format, each in both directions. Bytes in, values out: there is no clock, socket, runtime or Python here,
//! and the crate depends on no other crate of this project. `engine` uses the client side, `sim` the server side.
//!
//! `no_std` with `alloc`, its dependencies too: `cargo tree -e features -p ferrule-wire -e no-dev` shows no `std`,
//! which is a feature, and a gain in speed where the processor has instructions for checksums and searches.
//! That was checked by linking the crate into a library with a panic handler of its own, which fails as soon as
//! anything pulls in `std`; a build for a target without `std` is not part of the checks.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod base_url;
pub mod breaker;
pub mod dialect;
pub mod encode;
pub mod error;
pub mod framing;
pub mod json;
pub mod model;
pub mod operation;
mod options;
pub mod prefill;
pub mod providers;
pub mod quirks;
pub mod rate_limits;
mod request_schema;
pub mod response_headers;
mod schema;
pub mod server;
