//! Framing: from bytes to frames.
//!
//! However the bytes are split, the frames are the same. What a frame means is the dialect's business. Characters are
//! whole: pairs of surrogates that were cut in two are joined here, and what is left of them is U+FFFD.

pub mod event_stream;
mod frame;
pub mod json_array;
mod limits;
pub mod ndjson;
mod split_pairs;
pub mod sse;
mod stray;
mod write;

pub use event_stream::{EventStreamFrame, EventStreamReader, HeaderValue, write_frame};
pub use json_array::JsonArrayReader;
pub use limits::{StreamError, StreamLimits};
pub use ndjson::NdjsonReader;

pub use frame::Frame;
pub use sse::SseReader;
pub use write::write_event;
