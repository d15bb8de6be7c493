//! One wire format per file, in both directions.
//!
//! As a client: encode a request; decode a response, a stream, an error. As a server: decode a request; encode a
//! response, a stream, an error. `engine` uses the first half, `sim` the second.

pub mod anthropic;
pub mod familiar;
pub(crate) mod template;
