//! Neutral model, which every dialect is translated to and from.
//!
//! Lossless where a dialect says more than we have names for (`extra`, `Other`, `Unknown`), and honest about what
//! was not said: absent is not zero.

mod accumulate;
pub mod citation;
mod error;
mod event;
mod finish;
mod growing_fields;
mod measured_text;
mod media;
mod message;
mod replay;
mod request;
mod response;
mod tool;
mod usage;

pub use accumulate::Accumulator;
pub(crate) use accumulate::normalise_arguments;
pub use citation::Citation;
pub use error::{DelaySource, ErrorKind, ProviderError, RetryAfter};
pub use event::{Continuation, Continued, Start, StreamEvent};
pub use finish::FinishReason;
pub(crate) use growing_fields::GrowingFields;
pub use media::{Audio, Document, Image, Source};
pub use message::{
    CacheBreakpoint, CacheLifetime, Message, Part, PartKind, Reasoning, Role, ToolCall, ToolResult,
};
pub use replay::replay;
pub use request::{Effort, ReasoningRequest, Request, ResponseFormat};
pub use response::{Choice, Response};
pub use tool::{Tool, ToolChoice, ToolKind};
pub use usage::Usage;
