//! Receivers: decode an incoming response, as much of it as must be there before delivery can begin.

mod decode;
mod first_chunk;
mod response;
mod stream;

pub(crate) use decode::{Decoded, decode};
pub(crate) use first_chunk::first_chunk;
pub(crate) use response::{PlainResponse, read_response};
pub use stream::EventBatch;
pub(crate) use stream::{Reader, open_stream};
