//! Stream errors and limits: what reading a streamed body can end in, and how much of it is held at once.

use crate::model::ProviderError;
use alloc::{boxed::Box, string::String};
use core::fmt;

/// The most a stream may hold at once.
#[derive(Clone, Copy, Debug)]
pub struct StreamLimits {
    /// Bytes of one line, and of one event.
    pub event_bytes: usize,
}

impl Default for StreamLimits {
    /// 32 MiB, which holds a base64 image.
    fn default() -> Self {
        Self { event_bytes: 32 << 20 }
    }
}

/// Why a body could not be read to its end.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamError {
    /// The provider reports an error.
    Provider(Box<ProviderError>),
    /// The stream ended before its terminal event, or without any.
    Interrupted,
    /// What came is not what the dialect says; the text says where.
    Malformed(String),
    /// A line or event is longer than the limit, in bytes.
    TooLarge(usize),
}

impl fmt::Display for StreamError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Provider(error) => error.fmt(formatter),
            Self::Interrupted => formatter.write_str("the stream ended before its terminal event"),
            Self::Malformed(what) => write!(formatter, "malformed answer: {what}"),
            Self::TooLarge(limit) => write!(formatter, "an event of the stream is longer than {limit} bytes"),
        }
    }
}

impl core::error::Error for StreamError {}
