//! From bytes to frames.
//!
//! However the bytes are split, the frames are the same. What a frame means is the dialect's business.

pub mod event_stream;
pub mod json_array;
pub mod ndjson;
pub mod sse;
mod stray;

pub use event_stream::{EventStreamFrame, EventStreamReader, HeaderValue, write_frame};
pub use json_array::JsonArrayReader;
pub use ndjson::NdjsonReader;
pub(crate) use sse::write_event;
pub use sse::{Frame, SseReader};
