//! Error bodies and error frames of Bedrock, as a server (`docs/wire/bedrock.md`, sections 4 and 8).

use crate::dialect::{CredentialsProblem, usual_error_status};
use crate::framing::{HeaderValue, write_frame};
use crate::json::ObjectWriter;
use crate::model::{ErrorKind, ProviderError};
use alloc::{borrow::Cow, string::String, vec::Vec};

/// The end of every class's name.
const EXCEPTION: &str = "Exception";

/// The body of an error answer. Bedrock names the class in a header, and some of AWS's services in `__type`, which
/// every client of theirs reads as well.
pub(super) fn encode(error: &ProviderError) -> Vec<u8> {
    let mut out = Vec::new();
    let mut body = ObjectWriter::begin(&mut out);
    body.field("__type", class(error).as_ref()).field("message", &error.message);
    body.finish();
    out
}

/// Appends the frame that breaks a stream off.
pub(super) fn encode_frame(error: &ProviderError, out: &mut Vec<u8>) {
    let mut payload = Vec::new();
    let mut body = ObjectWriter::begin(&mut payload);
    body.field("message", &error.message);
    body.finish();
    let class = class(error);
    // Members of a stream begin with a small letter.
    let mut letters = class.chars();
    let name: String = letters.next().iter().map(char::to_ascii_lowercase).chain(letters).collect();
    let headers = [
        (":exception-type", name.as_str()),
        (":content-type", "application/json"),
        (":message-type", "exception"),
    ];
    write_frame(headers.map(|(name, value)| (name, HeaderValue::Text(value))), &payload, out);
}

/// The status that goes with the class of `kind`.
pub(super) fn status(kind: ErrorKind) -> u16 {
    match kind {
        ErrorKind::Authentication => 403,
        ErrorKind::QuotaExceeded => 400,
        ErrorKind::Timeout => 408,
        ErrorKind::StreamInterrupted => 424,
        ErrorKind::Cancelled => 500,
        other => usual_error_status(other),
    }
}

/// The refusal of a request with a wrong API key, or without credentials. The words of both are not verified (`docs/wire/bedrock.md`, section 8).
pub(super) fn credentials(problem: CredentialsProblem<'_>) -> ProviderError {
    let (class, message) = match problem {
        CredentialsProblem::Missing => {
            ("MissingAuthenticationTokenException", "Missing Authentication Token")
        }
        CredentialsProblem::InvalidKey(_) => {
            ("AccessDeniedException", "Authentication failed: Please make sure your API Key is valid.")
        }
    };
    let kind = ErrorKind::Authentication;
    ProviderError {
        status: Some(status(kind)),
        code: Some(class.into()),
        ..ProviderError::new(kind, message)
    }
}

/// The error's own class where it is one of AWS's, else the one of its kind.
fn class(error: &ProviderError) -> Cow<'_, str> {
    let is_class =
        |code: &&String| code.ends_with(EXCEPTION) && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match error.code.as_ref().filter(is_class) {
        Some(own) => {
            let mut letters = own.chars();
            letters.next().iter().map(char::to_ascii_uppercase).chain(letters).collect()
        }
        None => Cow::Borrowed(class_of(error.kind)),
    }
}

fn class_of(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Authentication => "UnrecognizedClientException",
        ErrorKind::PermissionDenied => "AccessDeniedException",
        ErrorKind::NotFound => "ResourceNotFoundException",
        ErrorKind::InvalidRequest | ErrorKind::ContextLength | ErrorKind::ContentFiltered => {
            "ValidationException"
        }
        ErrorKind::RateLimited => "ThrottlingException",
        ErrorKind::QuotaExceeded => "ServiceQuotaExceededException",
        ErrorKind::Overloaded => "ServiceUnavailableException",
        ErrorKind::Timeout => "ModelTimeoutException",
        ErrorKind::StreamInterrupted => "ModelStreamErrorException",
        ErrorKind::Server | ErrorKind::Cancelled => "InternalServerException",
    }
}
