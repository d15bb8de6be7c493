//! Server half of a wire format: the types of `Dialect`'s server methods, and the behaviour that most servers share.

use crate::model::{ErrorKind, ProviderError};
use alloc::{format, string::String, string::ToString as _, vec, vec::Vec};
use core::time::Duration;

/// Constant facts about how the servers of a dialect answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerFacts {
    /// The response header that carries the id of the request; `None` where no header does.
    pub request_id_header: Option<&'static str>,
    /// The prefix of response ids.
    pub response_id_prefix: &'static str,
    /// The prefix of tool-call ids.
    pub tool_call_id_prefix: &'static str,
    /// Whether reasoning carries a signature.
    pub signs_reasoning: bool,
    /// Whether a stream reports the usage of the prompt at its start.
    pub reports_usage_first: bool,
    /// Whether chat requests have the fields of OpenAI's Chat Completions.
    pub takes_openai_chat_requests: bool,
    /// Whether a response with embeddings has an id.
    pub embeddings_have_id: bool,
    /// Whether reranking is billed by the search, not by the token.
    pub counts_searches: bool,
}

impl ServerFacts {
    /// Those of OpenAI, which most servers imitate.
    pub const OPENAI: Self = Self {
        request_id_header: Some("x-request-id"),
        response_id_prefix: "chatcmpl-",
        tool_call_id_prefix: "call_",
        signs_reasoning: true,
        reports_usage_first: true,
        takes_openai_chat_requests: false,
        embeddings_have_id: false,
        counts_searches: false,
    };
}

/// Facts about one response that go into its headers.
#[derive(Clone, Copy, Debug)]
pub struct ResponseContext<'a> {
    /// The id of the request.
    pub request_id: &'a str,
    /// The organization that the key belongs to; empty where there is none.
    pub organization: &'a str,
    /// The time that the response took.
    pub processing: Duration,
    /// The limit on requests, where there is one.
    pub rate_limit: Option<RateLimit>,
    /// The time, in milliseconds since 1970.
    pub now: i64,
}

/// A limit on the number of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests allowed.
    pub limit: u64,
    /// Requests left.
    pub remaining: u64,
    /// Time until all are allowed again.
    pub reset: Duration,
}

/// Why a request's credentials are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialsProblem<'a> {
    /// There are none.
    Missing,
    /// The key is not valid.
    InvalidKey(&'a str),
}

/// An address of an answer that was begun by an earlier request, see [`Dialect::follow_up`].
///
/// [`Dialect::follow_up`]: super::Dialect::follow_up
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FollowUpEndpoint<'a> {
    /// The id of the answer.
    pub id: &'a str,
    /// What to do with it.
    pub action: FollowUpAction,
}

/// What is done with an answer that was begun before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FollowUpAction {
    /// Return it as it is now.
    Get,
    /// Stream it.
    Stream,
    /// Cancel it.
    Cancel,
}

/// An address by which a local model server is managed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManagementEndpoint {
    /// Ollama: its version.
    OllamaVersion,
    /// Ollama: the models in memory.
    OllamaRunningModels,
    /// Ollama: one model.
    OllamaShowModel,
    /// ruvLLM: its counters.
    RuvLlmStatistics,
    /// ruvLLM: a rating of an answer.
    RuvLlmFeedback,
    /// ruvLLM: a new session.
    RuvLlmSession,
}

/// The status that most servers give errors of `kind`.
pub fn usual_error_status(kind: ErrorKind) -> u16 {
    match kind {
        ErrorKind::Authentication => 401,
        ErrorKind::PermissionDenied => 403,
        ErrorKind::NotFound => 404,
        ErrorKind::InvalidRequest | ErrorKind::ContextLength | ErrorKind::ContentFiltered => 400,
        ErrorKind::RateLimited | ErrorKind::QuotaExceeded => 429,
        ErrorKind::Overloaded => 503,
        ErrorKind::Timeout => 504,
        ErrorKind::Cancelled => 499,
        ErrorKind::Server | ErrorKind::StreamInterrupted => 500,
    }
}

/// Like [`usual_error_status`], for servers with errors without a code: 402 for an exhausted quota, because 429 would
/// not distinguish it from a rate limit.
pub fn quota_by_status(kind: ErrorKind) -> u16 {
    match kind {
        ErrorKind::QuotaExceeded => 402,
        other => usual_error_status(other),
    }
}

/// The code that OpenAI gives errors of `kind`.
pub(super) fn openai_error_code(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::Authentication => Some("invalid_api_key"),
        ErrorKind::NotFound => Some("model_not_found"),
        ErrorKind::ContextLength => Some("context_length_exceeded"),
        ErrorKind::ContentFiltered => Some("content_filter"),
        ErrorKind::RateLimited => Some("rate_limit_exceeded"),
        ErrorKind::QuotaExceeded => Some("insufficient_quota"),
        _ => None,
    }
}

/// The header with the id of the request, where there is one.
pub(crate) fn id_headers(
    request_id_header: Option<&'static str>,
    context: &ResponseContext<'_>,
) -> Vec<(&'static str, String)> {
    request_id_header.map(|name| (name, context.request_id.to_string())).into_iter().collect()
}

/// OpenAI's headers of a response.
pub(crate) fn openai_response_headers(context: &ResponseContext<'_>) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("x-request-id", context.request_id.to_string()),
        ("openai-version", "2020-10-01".into()),
        ("openai-processing-ms", context.processing.as_millis().to_string()),
    ];
    if !context.organization.is_empty() {
        headers.push(("openai-organization", context.organization.to_string()));
    }
    headers.extend(rate_limit_headers(context));
    headers
}

/// OpenAI's rate-limit headers, which other servers have adopted.
pub(crate) fn rate_limit_headers(context: &ResponseContext<'_>) -> Vec<(&'static str, String)> {
    let Some(RateLimit { limit, remaining, reset }) = context.rate_limit else { return Vec::new() };
    vec![
        ("x-ratelimit-limit-requests", limit.to_string()),
        ("x-ratelimit-remaining-requests", remaining.to_string()),
        ("x-ratelimit-reset-requests", go_duration(reset)),
    ]
}

/// A duration in Go's format, as in OpenAI's rate-limit headers.
pub fn go_duration(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{}ms", duration.as_millis())
    } else {
        format!("{}s", duration.as_secs_f64())
    }
}

/// OpenAI's error for a request whose key is missing or wrong, with the dialect's `status` and `code`.
pub(super) fn usual_credentials_error(
    problem: CredentialsProblem<'_>,
    status: u16,
    code: Option<&'static str>,
) -> ProviderError {
    let message = match problem {
        CredentialsProblem::Missing => "You didn't provide an API key.".into(),
        CredentialsProblem::InvalidKey(key) => format!("Incorrect API key provided: {key}."),
    };
    ProviderError {
        status: Some(status),
        code: code.map(Into::into),
        ..ProviderError::new(ErrorKind::Authentication, message)
    }
}
