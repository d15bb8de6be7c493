//! Content types of plain and streamed answers.

use crate::dialect::Dialect;

/// The content type of JSON.
pub const JSON: &str = "application/json";

/// The content type of a dialect's streams.
pub fn stream_content_type(dialect: &dyn Dialect) -> &'static str {
    match dialect.stream_media_types().first().copied() {
        Some("text/event-stream") | None => "text/event-stream; charset=utf-8",
        Some(other) => other,
    }
}

/// The content type of a whole body that a dialect wrote: some servers write errors as plain text.
pub fn body_content_type(body: &[u8]) -> &'static str {
    if body.starts_with(b"{") || body.starts_with(b"[") { JSON } else { "text/plain" }
}
