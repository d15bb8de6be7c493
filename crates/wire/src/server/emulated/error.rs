//! Error bodies in each provider's form (`docs/wire/compat-providers.md`, section 3).

use crate::dialect::gemini::write_details;
use crate::json::{Json, ObjectWriter};
use crate::model::{ErrorKind, ProviderError};
use crate::quirks::{ErrorShape, ErrorsInSuccess, Quirks};
use crate::request_schema;
use alloc::{format, string::String, vec::Vec};

/// The body of an error answer with `status`, and the status it comes with; `streamed`: where a stream was asked for.
/// `None` where the dialect's own is right.
pub(super) fn encode(
    quirks: &Quirks,
    error: &ProviderError,
    status: u16,
    streamed: bool,
) -> Option<(u16, Vec<u8>)> {
    if let Some(list) = request_schema::validation_list(error) {
        return Some((status, list.into()));
    }
    let message = error.message.as_str();
    let word = error.error_type.as_deref().or(error.code.as_deref()).unwrap_or_else(|| word(error.kind));
    let code = error.code.as_deref().unwrap_or(word);
    let param = error.param.as_ref();
    let mut body = Vec::new();
    let mut object = ObjectWriter::begin(&mut body);
    match quirks.error_shape {
        ErrorShape::OpenAi => return None,
        ErrorShape::Flat => {
            object.field("message", message).field("type", word).nullable("param", param).field("code", code);
        }
        ErrorShape::Object => {
            object.field("object", "error").field("message", message).field("type", word);
            object.nullable("param", param).field("code", code);
        }
        ErrorShape::CodeAndText => _ = object.field("code", code).field("error", message),
        ErrorShape::TextAndType => _ = object.field("error", message).field("error_type", word),
        ErrorShape::Numbered => {
            object.object("error", |inner| _ = inner.field("code", status).field("message", message));
        }
        ErrorShape::NumberedType => {
            object.object("error", |inner| {
                inner.field("code", status).field("message", message).field("type", word);
            });
        }
        ErrorShape::CodeText => {
            let code = error.code.clone().unwrap_or_else(|| format!("{status}"));
            object.object("error", |inner| _ = inner.field("code", &code).field("message", message));
        }
        ErrorShape::GoogleList => {
            let inner = Json::object(&crate::json::Extra::new(), |outer| {
                outer.object("error", |inner| {
                    inner.field("code", status).field("message", message);
                    inner.field("status", google_status(error.kind));
                    write_details(error, inner);
                });
            });
            object.finish();
            return Some((status, format!("[{}]", inner.text()).into_bytes()));
        }
        ErrorShape::ErrorCode => {
            _ = object.field("error_code", word.to_ascii_uppercase()).field("message", message);
        }
        ErrorShape::Cloudflare => {
            object.field("success", false).array("errors", [()], |out, ()| {
                let mut inner = ObjectWriter::begin(out);
                inner.field("code", 7000_u64 + u64::from(status)).field("message", message);
                inner.finish();
            });
            object.array("messages", None::<()>, |_, ()| {}).nullable("result", None::<&str>);
        }
        ErrorShape::Watsonx => {
            object.array("errors", [()], |out, ()| {
                let mut inner = ObjectWriter::begin(out);
                inner.field("code", code).field("message", message);
                inner.finish();
            });
            object.field("trace", "ferrule-sim").field("status_code", status);
        }
        ErrorShape::BaseResponse => {
            object.object("base_resp", |inner| {
                inner.field("status_code", minimax_code(error.kind)).field("status_msg", message);
            });
        }
        ErrorShape::Message => _ = object.field("message", message),
        ErrorShape::Detail => _ = object.field("detail", message),
    }
    object.finish();
    let in_success = match quirks.errors_in_success {
        ErrorsInSuccess::Never => false,
        ErrorsInSuccess::Streams => streamed,
        ErrorsInSuccess::Always => true,
    };
    Some((if in_success { 200 } else { status }, body))
}

/// Whether the form of errors has no code for what went wrong, so that the status has to say it.
pub(super) const fn has_no_code(shape: ErrorShape) -> bool {
    matches!(
        shape,
        ErrorShape::Numbered
            | ErrorShape::CodeText
            | ErrorShape::Cloudflare
            | ErrorShape::Message
            | ErrorShape::Detail
    )
}

/// OpenAI's word for the kind.
fn word(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Authentication => "invalid_api_key",
        ErrorKind::PermissionDenied => "permission_denied",
        ErrorKind::NotFound => "model_not_found",
        ErrorKind::ContextLength => "context_length_exceeded",
        ErrorKind::ContentFiltered => "content_filter",
        ErrorKind::RateLimited => "rate_limit_exceeded",
        ErrorKind::QuotaExceeded => "insufficient_quota",
        ErrorKind::Overloaded => "overloaded",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Server | ErrorKind::StreamInterrupted => "server_error",
        ErrorKind::InvalidRequest | ErrorKind::Cancelled => "invalid_request_error",
    }
}

fn google_status(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Authentication => "UNAUTHENTICATED",
        ErrorKind::PermissionDenied => "PERMISSION_DENIED",
        ErrorKind::NotFound => "NOT_FOUND",
        ErrorKind::RateLimited | ErrorKind::QuotaExceeded => "RESOURCE_EXHAUSTED",
        ErrorKind::Overloaded => "UNAVAILABLE",
        ErrorKind::Timeout => "DEADLINE_EXCEEDED",
        ErrorKind::Cancelled => "CANCELLED",
        ErrorKind::Server | ErrorKind::StreamInterrupted => "INTERNAL",
        ErrorKind::InvalidRequest | ErrorKind::ContextLength | ErrorKind::ContentFiltered => {
            "INVALID_ARGUMENT"
        }
    }
}

/// MiniMax's numbers (`docs/wire/errors.md`, section 2).
fn minimax_code(kind: ErrorKind) -> u64 {
    match kind {
        ErrorKind::RateLimited => 1002,
        ErrorKind::Authentication => 1004,
        ErrorKind::QuotaExceeded => 1008,
        ErrorKind::ContentFiltered => 1026,
        ErrorKind::ContextLength => 1039,
        ErrorKind::InvalidRequest | ErrorKind::NotFound => 1013,
        _ => 1000,
    }
}

/// The data of an error in the middle of a stream. Nobody saw one of a shape that has no word for an error in it: there
/// the dialect's own is written.
pub(super) fn in_stream(quirks: &Quirks, error: &ProviderError) -> Option<String> {
    if matches!(quirks.error_shape, ErrorShape::Message | ErrorShape::Detail) {
        return None;
    }
    let status = error.status.unwrap_or(500);
    let (_, body) = encode(quirks, error, status, true)?;
    String::from_utf8(body).ok()
}
