//! Messages and their parts.
//!
//! The canonical form, which every dialect's decoder produces: system text that opens a conversation is one
//! `System` message; consecutive tool results are one `Tool` message; a message whose content is a plain string has
//! one `Text` part, an empty or absent content none.

use super::{Audio, Document, Image};
use crate::json::{Extra, Json};
use alloc::{borrow::Cow, string::String, vec::Vec};

/// Who speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// The operator's instructions.
    System,
    /// The operator's instructions, as newer OpenAI models call them.
    Developer,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// The results of tool calls.
    Tool,
    /// A role we have no name for.
    Other(String),
}

/// One turn of the conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub content: Vec<Part>,
    /// The speaker's name, where the dialect has it.
    pub name: Option<String>,
    /// Fields without a name of their own here.
    pub extra: Extra,
}

impl Message {
    /// A message of `role` that says `content`.
    pub fn new(role: Role, content: Vec<Part>) -> Self {
        Self { role, content, name: None, extra: Extra::new() }
    }

    /// A message of `role` that says `text`.
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self::new(role, alloc::vec![Part::text(text)])
    }
}

/// Up to here the prompt is to be cached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheBreakpoint {
    /// For how long; the provider's default where absent.
    pub lifetime: Option<CacheLifetime>,
}

/// How long a cached prompt is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CacheLifetime {
    /// Five minutes.
    FiveMinutes,
    /// One hour.
    OneHour,
    /// Another one, in the provider's words.
    Other(String),
}

impl CacheLifetime {
    /// The providers' word for it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::FiveMinutes => "5m",
            Self::OneHour => "1h",
            Self::Other(word) => word,
        }
    }
}

impl From<&str> for CacheLifetime {
    fn from(word: &str) -> Self {
        match word {
            "5m" => Self::FiveMinutes,
            "1h" => Self::OneHour,
            other => Self::Other(other.into()),
        }
    }
}

/// One part of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// What it is.
    pub kind: PartKind,
    /// Whether the prompt is to be cached up to here.
    pub cache: Option<CacheBreakpoint>,
    /// Fields without a name of their own here (citations, annotations, ...).
    pub extra: Extra,
}

impl Part {
    /// A part of `kind` with nothing else.
    pub fn new(kind: PartKind) -> Self {
        Self { kind, cache: None, extra: Extra::new() }
    }

    /// A part that says `text`.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(PartKind::Text(text.into()))
    }

    /// A part that only the wire format `dialect` has.
    pub fn provider_item(dialect: impl Into<Cow<'static, str>>, item: Json) -> Self {
        Self::new(PartKind::ProviderItem { dialect: dialect.into(), item })
    }
}

/// What a part is.
#[derive(Clone, Debug, PartialEq)]
pub enum PartKind {
    /// Text.
    Text(String),
    /// An image.
    Image(Image),
    /// A document.
    Document(Document),
    /// Audio.
    Audio(Audio),
    /// The model calls a tool.
    ToolCall(ToolCall),
    /// What a tool answered.
    ToolResult(ToolResult),
    /// The model's reasoning, readable or summarised.
    Reasoning(Reasoning),
    /// The model's reasoning, for the provider's eyes only.
    RedactedReasoning {
        /// Opaque; sent back unchanged.
        data: String,
    },
    /// The model declines, in its own words.
    Refusal(String),
    /// A part that only one wire format has: a hosted tool's call or result, for instance. Decoders mark with it what
    /// they keep whole, and it goes back to the same wire format only.
    ProviderItem {
        /// The wire format, by its dialect's name.
        dialect: Cow<'static, str>,
        /// The part as that format writes it.
        item: Json,
    },
    /// A part that a caller wrote and that no wire format here is known to have: sent as it is.
    Unknown(Json),
}

/// The model calls a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    /// The provider's id, which the result refers to; empty where the provider gave none.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments as the model wrote them: JSON text (`{}` where there are none), not checked; free text where
    /// `custom`.
    pub arguments: String,
    /// Whether the tool takes free text rather than JSON.
    pub custom: bool,
}

/// What a tool answered.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolResult {
    /// The call it answers.
    pub tool_call_id: String,
    /// The tool's name, where it is known.
    pub name: Option<String>,
    /// The answer.
    pub content: Vec<Part>,
    /// Whether the tool failed; `None` where nobody said.
    pub is_error: Option<bool>,
}

/// The model's reasoning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reasoning {
    /// The text, which may be empty where the provider withholds it.
    pub text: String,
    /// Proves to the provider that the text is its own; sent back unchanged.
    pub signature: Option<String>,
}
