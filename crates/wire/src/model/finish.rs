//! Finish reasons.

use alloc::string::String;

/// Why an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FinishReason {
    /// The model was done.
    Stop,
    /// One of the caller's stop texts came up.
    StopSequence,
    /// The token limit was reached.
    Length,
    /// The context window was full.
    ContextWindow,
    /// The model wants tools to be called.
    ToolCalls,
    /// A filter withheld the answer.
    ContentFilter,
    /// The model declined.
    Refusal,
    /// The provider paused a long turn; send it back as it is to go on.
    Pause,
    /// The provider failed in the middle.
    Error,
    /// In the provider's words.
    Other(String),
}

impl FinishReason {
    /// Our word for it, as Python and configuration use it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Stop => "stop",
            Self::StopSequence => "stop_sequence",
            Self::Length => "length",
            Self::ContextWindow => "context_window",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
            Self::Refusal => "refusal",
            Self::Pause => "pause",
            Self::Error => "error",
            Self::Other(word) => word,
        }
    }
}

impl From<&str> for FinishReason {
    /// Of our word for it.
    fn from(word: &str) -> Self {
        match word {
            "stop" => Self::Stop,
            "stop_sequence" => Self::StopSequence,
            "length" => Self::Length,
            "context_window" => Self::ContextWindow,
            "tool_calls" => Self::ToolCalls,
            "content_filter" => Self::ContentFilter,
            "refusal" => Self::Refusal,
            "pause" => Self::Pause,
            "error" => Self::Error,
            other => Self::Other(other.into()),
        }
    }
}
