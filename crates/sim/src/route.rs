//! Which address means what.

use ferrule_wire::dialect::{Dialect, find};
use http::{HeaderMap, Method};

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Endpoint<'a> {
    /// A completion.
    Complete,
    /// How many tokens a prompt has.
    CountTokens,
    /// The models, or one.
    Models(Option<&'a str>),
    /// Whether we are there.
    Health,
    /// Nothing we know.
    Unknown,
    /// Something we know, by another method.
    WrongMethod,
}

/// What an address means, and the dialect its answers are in.
pub(crate) fn route<'a>(
    method: &Method,
    path: &'a str,
    headers: &HeaderMap,
) -> (Endpoint<'a>, Option<&'static dyn Dialect>) {
    let (path, prefixed) = match (path.strip_prefix("/openai/"), path.strip_prefix("/anthropic/")) {
        (Some(rest), _) => (rest, Some("openai-chat")),
        (_, Some(rest)) => (rest, Some("anthropic")),
        _ => (path.strip_prefix('/').unwrap_or(path), None),
    };
    let spoken = if headers.contains_key("anthropic-version") { "anthropic" } else { "openai-chat" };
    let (endpoint, dialect, expected) = match path {
        "v1/chat/completions" => (Endpoint::Complete, "openai-chat", Method::POST),
        "v1/messages" => (Endpoint::Complete, "anthropic", Method::POST),
        "v1/messages/count_tokens" => (Endpoint::CountTokens, "anthropic", Method::POST),
        "v1/models" => (Endpoint::Models(None), prefixed.unwrap_or(spoken), Method::GET),
        "healthz" => (Endpoint::Health, spoken, Method::GET),
        _ => match path.strip_prefix("v1/models/") {
            Some(id) => (Endpoint::Models(Some(id)), prefixed.unwrap_or(spoken), Method::GET),
            None => (Endpoint::Unknown, prefixed.unwrap_or(spoken), method.clone()),
        },
    };
    // A dialect's own address under another dialect's prefix is no address.
    let endpoint = match endpoint {
        _ if prefixed.is_some_and(|prefix| prefix != dialect) => Endpoint::Unknown,
        _ if *method != expected => Endpoint::WrongMethod,
        endpoint => endpoint,
    };
    (endpoint, find(dialect))
}
