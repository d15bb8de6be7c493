//! Replies: their content and speed.

use super::{error::ScriptError, headers::check_headers};
use ferrule_wire::model::{FinishReason, Usage};
use serde::{Deserialize, Deserializer, de};
use std::{collections::BTreeMap, fmt};

/// A reply and its speed. Every field may be left out: the content then depends on the request, and the rest on the
/// script's defaults.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields, default)]
pub(crate) struct Reply {
    // The content: the first of these groups that is present is used.
    pub(crate) content: Option<Vec<Content>>,
    pub(crate) text: Option<String>,
    pub(crate) reasoning: Option<String>,
    pub(crate) tool_calls: Option<Vec<ScriptedCall>>,
    pub(crate) refusal: Option<String>,
    /// The last user text.
    pub(crate) echo: bool,
    /// A text of this many tokens.
    pub(crate) tokens: Option<usize>,
    /// A JSON text that satisfies the request's schema.
    pub(crate) json: bool,
    /// A call to the request's tool.
    pub(crate) use_tools: bool,
    /// Reasoning first.
    pub(crate) reason: bool,

    pub(crate) usage: Option<UsageScript>,
    pub(crate) finish_reason: Option<String>,
    pub(crate) stop_sequence: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) id: Option<String>,

    pub(crate) first_token_ms: Option<u64>,
    pub(crate) tokens_per_second: Option<f64>,
    pub(crate) chunk_tokens: Option<usize>,
    pub(crate) chunk_chars: Option<usize>,
    pub(crate) split_bytes: Option<Vec<usize>>,
    pub(crate) split_delay_ms: Option<u64>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) gzip: Option<bool>,
}

/// One part of an answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Content {
    Text(String),
    Reasoning {
        text: String,
        #[serde(default)]
        signature: Option<String>,
    },
    RedactedReasoning(String),
    ToolCall(ScriptedCall),
    Refusal(String),
}

/// A tool call of an answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScriptedCall {
    pub(crate) name: String,
    /// An object, or a text (which may deliberately be invalid JSON).
    #[serde(default)]
    pub(crate) arguments: serde_json::Value,
    #[serde(default)]
    pub(crate) id: Option<String>,
}

/// Token counts; missing ones are computed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UsageScript {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
    cache_write_5m_tokens: Option<u64>,
    cache_write_30m_tokens: Option<u64>,
    cache_write_1h_tokens: Option<u64>,
    cache_write_12h_tokens: Option<u64>,
    reasoning_tokens: Option<u64>,
    input_audio_tokens: Option<u64>,
    output_audio_tokens: Option<u64>,
}

impl UsageScript {
    /// Replaces the counts in `usage`.
    pub(crate) fn apply(&self, usage: &mut Usage) {
        usage.update(&Usage {
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            cache_read_tokens: self.cache_read_tokens,
            cache_write_tokens: self.cache_write_tokens,
            cache_write_5m_tokens: self.cache_write_5m_tokens,
            cache_write_30m_tokens: self.cache_write_30m_tokens,
            cache_write_1h_tokens: self.cache_write_1h_tokens,
            cache_write_12h_tokens: self.cache_write_12h_tokens,
            reasoning_tokens: self.reasoning_tokens,
            input_audio_tokens: self.input_audio_tokens,
            output_audio_tokens: self.output_audio_tokens,
            ..Usage::default()
        });
    }
}

impl Reply {
    /// A reply that says `text`.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }

    /// Whether the content is given.
    fn has_content(&self) -> bool {
        self.content.is_some()
            || self.text.is_some()
            || self.reasoning.is_some()
            || self.tool_calls.is_some()
            || self.refusal.is_some()
            || self.tokens.is_some()
            || self.echo
            || self.json
            || self.use_tools
            || self.reason
    }

    /// This reply, with `other`'s fields for missing ones. The content is taken as a whole from one of the two.
    pub(crate) fn or(mut self, other: &Self) -> Self {
        if !self.has_content() {
            self.content.clone_from(&other.content);
            self.text.clone_from(&other.text);
            self.reasoning.clone_from(&other.reasoning);
            self.tool_calls.clone_from(&other.tool_calls);
            self.refusal.clone_from(&other.refusal);
            self.tokens = other.tokens;
            self.echo = other.echo;
            self.json = other.json;
            self.use_tools = other.use_tools;
            self.reason = other.reason;
        }
        macro_rules! fill {
            ($($field:ident),*) => {$(
                if self.$field.is_none() {
                    self.$field.clone_from(&other.$field);
                }
            )*};
        }
        fill!(
            usage,
            finish_reason,
            stop_sequence,
            model,
            id,
            first_token_ms,
            tokens_per_second,
            chunk_tokens,
            chunk_chars,
            split_bytes,
            split_delay_ms,
            gzip
        );
        for (name, value) in &other.headers {
            self.headers.entry(name.clone()).or_insert_with(|| value.clone());
        }
        self
    }

    pub(super) fn check(&self, field: &str) -> Result<(), ScriptError> {
        let wrong = |name: &str, expected: &str| Err(ScriptError::new(&format!("{field}.{name}"), expected));
        if self.chunk_tokens == Some(0) {
            return wrong("chunk_tokens", "expected a number of at least 1");
        }
        if self.chunk_chars == Some(0) {
            return wrong("chunk_chars", "expected a number of at least 1");
        }
        if self.tokens_per_second.is_some_and(|rate| !(rate > 0.0 && rate.is_finite())) {
            return wrong("tokens_per_second", "expected a number above 0");
        }
        if self.split_bytes.as_ref().is_some_and(|sizes| sizes.is_empty() || sizes.contains(&0)) {
            return wrong("split_bytes", "expected a list of sizes of at least 1, which is repeated");
        }
        if self.tokens.is_some_and(|tokens| tokens > MAX_TOKENS) {
            return wrong("tokens", "expected a number of at most 1000000");
        }
        check_headers(&self.headers, field)
    }
}

/// The maximum length of generated text, in tokens.
pub(crate) const MAX_TOKENS: usize = 1_000_000;

/// The finish reason with this name.
pub(crate) fn finish_reason(word: &str) -> FinishReason {
    use FinishReason::{
        ContentFilter, ContextWindow, Error, Length, Other, Pause, Refusal, Stop, StopSequence, ToolCalls,
    };
    [Stop, StopSequence, Length, ContextWindow, ToolCalls, ContentFilter, Refusal, Pause, Error]
        .into_iter()
        .find(|reason| reason.as_str() == word)
        .unwrap_or_else(|| Other(word.to_owned()))
}

/// A string means `{"text": …}`.
impl<'de> Deserialize<'de> for Reply {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ReplyVisitor;
        impl<'de> de::Visitor<'de> for ReplyVisitor {
            type Value = Reply;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a text, or an object that describes the answer")
            }
            fn visit_str<E>(self, text: &str) -> Result<Reply, E> {
                Ok(Reply::text(text))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Reply, A::Error> {
                Reply::deserialize(de::value::MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_any(ReplyVisitor)
    }
}
