//! Response headers and ids of the Messages API, as a server.

use crate::dialect::{RateLimit, ResponseContext, ServerFacts, id_headers};
use alloc::{string::String, string::ToString as _, vec::Vec};
use core::time::Duration;

pub(super) const FACTS: ServerFacts = ServerFacts {
    request_id_header: Some("request-id"),
    response_id_prefix: "msg_",
    tool_call_id_prefix: "toolu_",
    ..ServerFacts::OPENAI
};

pub(super) fn encode(context: &ResponseContext<'_>) -> Vec<(&'static str, String)> {
    let mut headers = id_headers(FACTS.request_id_header, context);
    if !context.organization.is_empty() {
        headers.push(("anthropic-organization-id", context.organization.to_string()));
    }
    if let Some(RateLimit { limit, remaining, reset }) = context.rate_limit {
        headers.push(("anthropic-ratelimit-requests-limit", limit.to_string()));
        headers.push(("anthropic-ratelimit-requests-remaining", remaining.to_string()));
        if let Some(time) = time_after(context.now, reset) {
            headers.push(("anthropic-ratelimit-requests-reset", time));
        }
    }
    headers
}

/// The time `delay` after `now`, as RFC 3339 has it.
fn time_after(now: i64, delay: Duration) -> Option<String> {
    let time = now.checked_add(i64::try_from(delay.as_millis()).ok()?)?;
    Some(jiff::Timestamp::from_millisecond(time).ok()?.to_string())
}
