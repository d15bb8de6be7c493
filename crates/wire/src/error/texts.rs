//! Texts of errors: the words in messages that say what kind of error it is, in lower case (`docs/wire/errors.md`,
//! section 3).

use crate::model::ErrorKind::{self, *};

pub(super) const AUTHENTICATION_TEXTS: &[&str] =
    &["incorrect api key", "api key not valid", "api key expired", "invalid api key", "api key is valid"];

pub(super) const ACCOUNT_TEXTS: &[&str] =
    &["must be a member of an organization", "ip not authorized", "ip is not authorized", "ip allowlist"];

pub(super) const QUOTA_TEXTS: &[&str] =
    &["credit balance is too low", "spend limit", "spending limit", "budgetexceedederror"];

pub(super) const MODEL_TEXTS: &[&str] = &[
    "model not found",
    "no such model",
    "unknown model",
    "not a valid model",
    "model not exist", // DeepSeek
    "model does not exist",
];

/// What is said of a model that was there once, beside the word itself.
pub(super) const RETIRED_TEXTS: &[&str] = &[
    "has been decommissioned", // Groq
    "has been deprecated",     // OpenAI
    "has been retired",
    "has been discontinued",
    "has been shut down",
    "has been sunset",
    "is deprecated and",
    "is no longer available",
    "is no longer supported",
    "end of its life", // Bedrock
    "end of life",
];

/// What local servers answer with 500, or in a stream, and will answer again: llama.cpp and Ollama
/// (`docs/wire/errors.md`, section 2).
pub(super) const HOPELESS_TEXTS: &[&str] = &[
    // Content that the model does not take.
    "image input is not supported",
    "audio input is not supported",
    "video input is not supported",
    "missing data required for image input",
    "does not support image",
    "does not support audio",
    "does not support vision",
    "does not support tools",
    "does not support thinking",
    "does not support embeddings",
    "does not support chat",
    "does not support generate",
    "does not support completion",
    "failed to process inputs",
    "failed to load image",
    "failed to decode image",
    "invalid image input",
    "unsupported content[].type",
    // A field of another type, or none at all.
    "[json.exception.",
    "cannot unmarshal",
    "failed to parse messages",
    "failed to parse tools",
    "expected 'messages' to be an array",
    "'messages' is required",
    "missing 'role'",
    "must contain 'content'",
    // Formats and templates.
    "invalid format:",
    "invalid json schema in format",
    "json schema conversion failed",
    "failed to parse grammar",
    "failed to initialize samplers",
    "tools param requires --jinja",
    "conversation roles must alternate",
];

/// What a text means where no status says more.
pub(super) const TEXTS_WITHOUT_STATUS: &[(ErrorKind, &[&str])] = &[
    (RateLimited, &["rate limit", "too many requests"]),
    (Overloaded, &["overloaded", "temporarily unavailable", "at capacity"]),
    (Timeout, &["timed out", "deadline exceeded"]),
];

pub(super) const CONTEXT_TEXTS: &[&str] = &[
    "maximum context length",
    "context_length_exceeded",
    "prompt is too long",
    "input is too long",
    "too many tokens",
    "too many input tokens",
    "exceeds the maximum number of tokens allowed",
    "exceeds the available context size",
    "exceed_context_size_error",
    "exceed context limit",
    "longer than the model's context length",
    "maximum input length is",
    "input tokens exceed the configured limit",
    "requested token count exceeds",
    "exceeds the context length",
    "exceeds maximum context length",
    "context window",
    "contextwindowexceedederror",
    "reduce the length of the messages",
    "input tokens exceeded", // Bedrock
    "number of input tokens exceeds",
    "exceeded max context length",  // Ollama
    "total length of all messages", // Perplexity
    "is too large to process",      // llama.cpp
    "input too large for available context",
    "input length exceeds", // Ollama
];

/// Two texts that mean a prompt too long where both occur.
pub(super) const CONTEXT_TEXT_PAIRS: &[(&str, &str)] =
    &[("inputs", "max_new_tokens"), ("current length is", "while limit is")];

pub(super) const CONTENT_TEXTS: &[&str] = &[
    "content_policy_violation",
    "contentpolicyviolationerror",
    "responsibleaipolicyviolation",
    "content management policy",
    "content filtering policy",
    "violating our usage policy",
    "safety system",
    "content_filter",
    "flagged",
];
