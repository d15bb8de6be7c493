//! Receivers: what is made of an incoming response, as far as it has to be there before anything can be delivered.

mod decode;
mod first_chunk;
mod response;
mod stream;

pub(crate) use decode::{Decoded, decode};
pub(crate) use first_chunk::first_chunk;
pub(crate) use response::{PlainResponse, read_response};
pub use stream::EventBatch;
pub(crate) use stream::{Reader, open_stream};
