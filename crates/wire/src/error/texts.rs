//! Texts of errors: the words in messages that say what kind of error it is, in lower case (`docs/wire/errors.md`,
//! section 3).

use crate::model::ErrorKind::{self, *};

pub(super) const AUTHENTICATION_TEXTS: &[&str] = &[
    "incorrect api key",
    "api key not valid",
    "api key expired",
    "invalid api key",
    "invalid api-key",
    "invalid api token",
    "api key is valid",
    "api key is invalid",
    "api key you provided is invalid",        // Fireworks
    "authentication error",                   // Cloudflare
    "authorization failed",                   // NVIDIA
    "unregistered callers",                   // Google, without a key
    "security token included in the request", // AWS
    "token has expired",
];

pub(super) const ACCOUNT_TEXTS: &[&str] =
    &["must be a member of an organization", "ip not authorized", "ip is not authorized", "ip allowlist"];

pub(super) const QUOTA_TEXTS: &[&str] = &[
    "credit balance is too low",
    "spend limit",
    "spending limit",
    "budgetexceedederror",
    "exceeded your current quota",
    "check your plan and billing",
    // Money that is used up.
    "insufficient balance",
    "balance is insufficient",
    "not enough balance",
    "overdue balance",
    "insufficient credit",
    "insufficient funds",
    "out of credits",
    "all available credits",
    "credit limit exceeded",
    "account is in good standing",      // DashScope
    "\u{4f59}\u{989d}\u{4e0d}\u{8db3}", // "balance insufficient"
    "\u{6b20}\u{8d39}",                 // "in arrears"
    // Limits of an account or a plan, that hold for hours and days.
    "api usage limits", // Anthropic
    "usage limit reached",
    "usage limit exceeded",
    "hourly usage limit",
    "daily usage limit",
    "weekly usage limit",
    "monthly usage limit",
    "set inference limit", // Volcengine
    "free tier of the model has been exhausted",
    "exhausted its free",
    "call volume quota",  // Azure
    "key limit exceeded", // OpenRouter
    "free-models-per-day",
];

/// Texts of a model that is not there. [`MODEL_ENDS`] has those with its name in the middle.
pub(super) const MODEL_TEXTS: &[&str] = &[
    "no such model",
    "unknown model",
    "unsupported model",
    "not a valid model",
    "model not exist",                  // DeepSeek
    "supported api model names",        // DeepSeek: "... are deepseek-flash or ..., but you passed x"
    "unexpected model name format",     // Gemini
    "no models loaded",                 // LM Studio
    "specified version does not exist", // Replicate
    "invalid model name",
    "invalid model id",
    "invalid model:",
    "invalid model '",
    "invalid model \"",
    "invalid model `",
    "model identifier is invalid",
    "resolve the foundation model",
    "model version has reached the end of its life",
    "unable to access model", // Together
    "unable to access non-serverless model",
    "model is not supported:",                  // Vertex
    "\u{6a21}\u{578b}\u{4e0d}\u{5b58}\u{5728}", // Zhipu: "model does not exist"
];

/// Phrases for a retired model, other than the word itself.
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

/// What is said of a model that is not there, behind the word and its name: `model 'x' not found`.
pub(super) const MODEL_ENDS: &[&str] = &[
    "not found",
    "is not found",
    "was not found",
    "cannot be found",
    "can not be found",
    "could not be found",
    "does not exist",
    "doesn't exist",
    "is not available",
    "has been removed",
    "is not supported by any",
    "not supported by provider", // Hugging Face
    "is unavailable in",         // Snowflake
    "is not supported.",
    "is not supported;",
];

/// How many words of a name may stand between `model` and one of [`MODEL_ENDS`]: `model or endpoint x does not exist`.
pub(super) const MODEL_NAME_WORDS: usize = 3;

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
    "input length exceeds",           // Ollama
    "exceed max message tokens",      // Volcengine
    "too long to fit into the model", // vLLM
];

/// Two texts that mean a prompt too long where both occur.
pub(super) const CONTEXT_TEXT_PAIRS: &[(&str, &str)] =
    &[("inputs", "max_new_tokens"), ("current length is", "while limit is")];

/// Names for what a prompt is measured by. With one of [`EXCESS`] they mean a prompt too long: servers have a wording
/// each, of these words.
pub(super) const CONTEXT_MEASURES: &[&str] = &[
    "context length",
    "context size",
    "context limit",
    "model length",
    "max_model_len",
    "max_position_embeddings",
    "prompt length",
    "prompt tokens",
    "prompt token count",
    "total token count",
    "input length",
    "input tokens",
    "input token",
    "sequence length",
    "token limit",
    "message tokens",
    "maximum number of tokens",
    "max tokens of",
    "input characters",
];

/// Words for more than there is room for.
pub(super) const EXCESS: &[&str] = &[
    "exceed",
    "too long",
    "too large",
    "longer than",
    "larger than",
    "more than",
    "greater than",
    "up to",
    "overflow",
    "not enough",
    "maximum",
    "max input",
    "reached",
    "should be [", // DashScope: "Range of input length should be [1, 30720]"
];

/// Names of the prompt itself, with [`PROMPT_EXCESS`] and [`PROMPT_UNITS`].
pub(super) const PROMPTS: &[&str] = &["prompt", "inputs", "input "];
pub(super) const PROMPT_EXCESS: &[&str] =
    &["exceed", "too long", "\u{8d85}\u{957f}", "longer than", "more than", "less than"];
pub(super) const PROMPT_UNITS: &[&str] = &["token", "length", "context", "\u{8d85}\u{957f}"];

/// What sounds like a prompt too long and is about something else: lists, single texts, the answer's limit, pydantic's
/// words for a number out of its range, and files.
pub(super) const NOT_CONTEXT_TEXTS: &[&str] = &[
    "string too long",
    "array too long",
    "completion tokens",
    "number of output tokens",
    "input should be",
    "stop sequence",
    "image",
    "audio",
    "video",
    "file",
    "tool name",
    "tool_call_id",
];

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
