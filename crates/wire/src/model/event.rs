//! Stream events, one step of a streamed answer each.

use super::{FinishReason, Part, Usage};
use crate::json::{Extra, Json};
use alloc::{boxed::Box, string::String};
use compact_str::CompactString;

/// One step of a streamed answer.
///
/// `choice` is the answer's number (0 unless several were asked for). `part` is the place of the part in that answer's
/// content, counted over all kinds of parts, so that text, reasoning and tool calls keep their order.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamEvent {
    /// The provider began to answer. Comes once, before everything else.
    Start(Box<Start>),
    /// More text.
    TextDelta {
        /// The answer's number.
        choice: u32,
        /// The part's place.
        part: u32,
        /// What is added.
        text: CompactString,
    },
    /// More reasoning.
    ReasoningDelta {
        /// The answer's number.
        choice: u32,
        /// The part's place.
        part: u32,
        /// What is added.
        text: CompactString,
    },
    /// The signature of a reasoning part, or more of it.
    ReasoningSignature {
        /// The answer's number.
        choice: u32,
        /// The part's place.
        part: u32,
        /// What is added.
        signature: String,
    },
    /// More of the model's words of refusal.
    RefusalDelta {
        /// The answer's number.
        choice: u32,
        /// The part's place.
        part: u32,
        /// What is added.
        text: CompactString,
    },
    /// A tool call begins.
    ToolCallStart {
        /// The answer's number.
        choice: u32,
        /// The part's place.
        part: u32,
        /// The provider's id.
        id: String,
        /// The tool's name.
        name: String,
        /// Whether the tool takes free text.
        custom: bool,
    },
    /// More of a tool call's arguments.
    ToolCallDelta {
        /// The answer's number.
        choice: u32,
        /// The part's place.
        part: u32,
        /// What is added.
        arguments: CompactString,
    },
    /// A tool call is complete: its arguments are all there.
    ToolCallEnd {
        /// The answer's number.
        choice: u32,
        /// The part's place.
        part: u32,
    },
    /// A part that comes whole (redacted reasoning, a hosted tool's result, ...).
    Part {
        /// The answer's number.
        choice: u32,
        /// The part's place.
        index: u32,
        /// The part.
        part: Box<Part>,
    },
    /// Fields for a part that has begun and have no delta of their own (citations, ...): list values are appended to
    /// those already there, others replace them; `{}` and `null` replace nothing.
    PartExtra {
        /// The answer's number.
        choice: u32,
        /// The part's place.
        part: u32,
        /// The fields.
        extra: Box<Extra>,
    },
    /// Fields for the whole message of an answer (reasoning details, annotations, ...), combined as for `PartExtra`.
    MessageExtra {
        /// The answer's number.
        choice: u32,
        /// The fields.
        extra: Box<Extra>,
    },
    /// Fields for an answer as a whole, which are not said by its message (filter results, grounding, ...), combined as
    /// for `PartExtra`.
    ChoiceExtra {
        /// The answer's number.
        choice: u32,
        /// The fields.
        extra: Box<Extra>,
    },
    /// Pieces of fields of the whole message that a provider cuts up (OpenRouter's `reasoning_details`, OpenAI's
    /// audio): each value is an object, one piece, or a list of pieces. A piece that has the `type`, `index` and `id`
    /// of the one before it, or none, goes on with that one: its `text`, `summary`, `data`, `signature` and
    /// `transcript` are appended, its other fields replace earlier ones.
    MessagePieces {
        /// The answer's number.
        choice: u32,
        /// The fields.
        extra: Box<Extra>,
    },
    /// Fields of the whole answer that were not said at its start; each replaces an earlier one of its name.
    ResponseExtra(Box<Extra>),
    /// Log probabilities of what was just said, as the provider wrote them.
    Logprobs {
        /// The answer's number.
        choice: u32,
        /// An object with lists (`content`, `refusal`), which are appended to those already there.
        logprobs: Json,
    },
    /// The figures so far; a later one replaces an earlier one, field by field.
    UsageUpdate(Box<Usage>),
    /// An answer is complete.
    Finish {
        /// The answer's number.
        choice: u32,
        /// Why.
        reason: FinishReason,
        /// The stop text that ended it.
        stop_sequence: Option<String>,
    },
    /// The answer broke off, and another target goes on with it. Comes from whoever asked that one, never from a provider.
    Continued(Box<Continued>),
    /// Something we have no name for, whole.
    Unknown {
        /// The frame's event name, where it has one.
        event: Option<String>,
        /// Its data.
        data: Json,
    },
}

impl StreamEvent {
    /// The place of the part that it is about, where it is about one.
    pub fn part_mut(&mut self) -> Option<&mut u32> {
        match self {
            Self::TextDelta { part, .. }
            | Self::ReasoningDelta { part, .. }
            | Self::ReasoningSignature { part, .. }
            | Self::RefusalDelta { part, .. }
            | Self::ToolCallStart { part, .. }
            | Self::ToolCallDelta { part, .. }
            | Self::ToolCallEnd { part, .. }
            | Self::Part { index: part, .. }
            | Self::PartExtra { part, .. } => Some(part),
            _ => None,
        }
    }
}

/// How a streamed answer begins.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Start {
    /// The provider's id of the answer; empty where it gave none.
    pub id: String,
    /// The model that answers; empty where the provider did not say.
    pub model: String,
    /// When, in seconds since 1970.
    pub created: Option<u64>,
    /// Fields without a name of their own here.
    pub extra: Extra,
}

/// How an answer that broke off goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Continued {
    /// The target that goes on with it.
    pub target: String,
    /// How.
    pub how: Continuation,
}

/// How a target goes on with an answer that broke off elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuation {
    /// It continues what was there.
    Prefix,
    /// It answers anew: what was there is no part of its answer.
    Restart,
}

impl Continuation {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prefix => "prefix",
            Self::Restart => "restart",
        }
    }
}
