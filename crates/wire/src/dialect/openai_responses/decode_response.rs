//! Decoding of plain Responses answers.

use super::item::{self};
use crate::dialect::openai_chat::error;
use crate::dialect::openai_chat::usage;
use crate::dialect::shared::{finish, lenient};
use crate::framing::StreamError;
use crate::json::{Extra, Fields, Json, Value};
use crate::model::{
    Choice, ErrorKind, FinishReason, Message, PartKind, ProviderError, Response, Role, Start, Usage,
};
use alloc::{borrow::ToOwned, boxed::Box, format, string::String, string::ToString, vec::Vec};

/// Fields that clients of the API cannot do without, and what they mostly are: then they say nothing, and are written
/// where nothing else is known.
pub(super) const USUAL: [(&str, &str); 3] =
    [("parallel_tool_calls", "true"), ("tool_choice", "\"auto\""), ("tools", "[]")];

/// Reads the body of a plain answer, or the error in it.
pub(super) fn decode(body: &[u8]) -> Result<Response, StreamError> {
    let value = Value::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
    let Some(mut fields) = value.object() else {
        return Err(
            error::in_list(value).unwrap_or_else(|| StreamError::Malformed("expected a JSON object".into()))
        );
    };
    if error::is_in(&fields) || says(&fields, "status", "failed") {
        return Err(failure(value.text()));
    }
    let Some(output) = lenient::take_items(&mut fields, "output") else {
        return Err(match crate::error::decode_in_stream(value.text()) {
            Some(_) => error::provider_error(value.text()),
            None => StreamError::Malformed("an answer without output".into()),
        });
    };
    check_items(&output)?;
    let (mut content, mut logprobs) = (Vec::new(), Vec::new());
    output.into_iter().for_each(|item| item::decode(item).add_to(&mut content, &mut logprobs));
    let Head { start, usage, end } = take_head(fields)?;
    let choice = Choice {
        index: 0,
        finish_reason: end.reason(content.iter().any(|part| matches!(part.kind, PartKind::ToolCall(_)))),
        message: Message::new(Role::Assistant, content),
        stop_sequence: None,
        logprobs: (!logprobs.is_empty()).then(|| of_content(logprobs)),
        extra: Extra::new(),
    };
    let Start { id, model, created, extra } = start;
    Ok(Response { id, model, created, choices: alloc::vec![choice], usage, extra })
}

/// Refuses items that are neither an item nor a text.
pub(super) fn check_items(items: &[Value<'_>]) -> Result<(), StreamError> {
    let is_item = |item: Value<'_>| item.is_object() || item.string().is_some();
    match items.iter().position(|item| !is_item(lenient::one(*item))) {
        Some(position) => Err(lenient::unreadable(&format!("output[{position}]"), "an object")),
        None => Ok(()),
    }
}

/// The error of an answer that failed, which need not say why.
pub(super) fn failure(data: &str) -> StreamError {
    let error = crate::error::decode_in_stream(data).unwrap_or_else(|| {
        ProviderError::new(ErrorKind::Server, "the answer failed, and the provider does not say why")
    });
    StreamError::Provider(Box::new(error))
}

/// Log probabilities as the model has them.
pub(super) fn of_content(logprobs: Vec<Json>) -> Json {
    Json::object(&Extra::new(), |object| _ = object.field("content", logprobs))
}

pub(super) fn says(fields: &Fields<'_>, name: &str, word: &str) -> bool {
    fields.get(name).and_then(Value::string).is_some_and(|said| said == word)
}

/// An answer but for its output.
pub(super) struct Head {
    pub(super) start: Start,
    pub(super) usage: Option<Usage>,
    pub(super) end: End,
}

/// How an answer ended.
pub(super) enum End {
    Completed,
    Incomplete(Option<String>),
    Cancelled,
    /// It goes on in the background.
    Running,
}

impl End {
    /// Why it ended; a completed one because of its calls, where it has any.
    pub(super) fn reason(&self, has_calls: bool) -> Option<FinishReason> {
        Some(match self {
            Self::Completed if has_calls => FinishReason::ToolCalls,
            Self::Completed => FinishReason::Stop,
            Self::Incomplete(reason) => match reason.as_deref() {
                Some("max_output_tokens") => FinishReason::Length,
                Some(word) => FinishReason::from(word),
                None => FinishReason::Other("incomplete".to_owned()),
            },
            Self::Cancelled => FinishReason::Other("cancelled".to_owned()),
            Self::Running => return None,
        })
    }
}

/// Reads an answer whose output was taken out.
pub(super) fn take_head(mut fields: Fields<'_>) -> Result<Head, StreamError> {
    for name in ["object", "error", "output"] {
        fields.take(name);
    }
    for (name, usual) in USUAL {
        if fields.get(name).is_some_and(|value| value.text() == usual) {
            fields.take(name);
        }
    }
    let used = fields.get("usage").and_then(|used| usage::decode_named(used, usage::RESPONSES));
    if used.is_some() {
        fields.take("usage");
    }
    let status = lenient::take(&mut fields, "status");
    let details = fields.take("incomplete_details");
    let reason = details.and_then(|details| match details.object() {
        Some(mut details) => lenient::take(&mut details, "reason"),
        None => lenient::known(details),
    });
    finish::check(reason.as_deref().unwrap_or_default())?;
    let end = match status.as_deref() {
        Some("incomplete") => End::Incomplete(reason),
        Some("cancelled") => End::Cancelled,
        Some("in_progress" | "queued") => End::Running,
        _ => End::Completed,
    };
    let start = Start {
        id: lenient::take(&mut fields, "id").unwrap_or_default(),
        model: lenient::take(&mut fields, "model").unwrap_or_default(),
        created: fields.take_u64("created_at"),
        extra: fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.to_owned(), value.to_json()))
            .collect(),
    };
    Ok(Head { start, usage: used, end })
}
