//! `GenerateContentResponse`, which plain answers and frames of a stream have in common.

use super::finish;
use crate::dialect::shared::{finish as ends, lenient};
use crate::framing::StreamError;
use crate::json::{Extra, Fields, Json, Value};
use crate::model::{ErrorKind, FinishReason, ProviderError};
use alloc::{borrow::ToOwned, boxed::Box, format, string::String, string::ToString, vec::Vec};

const CREATED: &str = "createTime";
const FINISH: &str = "finishReason";

/// One answer, or a piece of it.
pub(super) struct Chunk<'a> {
    pub(super) id: String,
    pub(super) model: String,
    pub(super) created: Option<u64>,
    /// `None` where there is no such field.
    pub(super) candidates: Option<Vec<Value<'a>>>,
    pub(super) usage: Option<Value<'a>>,
    /// Further fields of the answer.
    pub(super) extra: Extra,
    /// The prompt was blocked.
    pub(super) blocked: Option<ProviderError>,
}

impl<'a> Chunk<'a> {
    /// Reads a whole body or frame. One that reports an error is that error; `None` where it is not an answer at all.
    pub(super) fn read(value: Value<'a>) -> Result<Option<Self>, StreamError> {
        let Some(mut fields) = value.object() else {
            return match crate::error::decode_in_stream(value.text()) {
                Some(error) => Err(StreamError::Provider(Box::new(error))),
                None => Err(StreamError::Malformed("the answer is not a JSON object".to_owned())),
            };
        };
        let candidates: Option<Vec<Value<'_>>> = lenient::take_items(&mut fields, "candidates")
            .map(|candidates| candidates.into_iter().map(lenient::one).collect());
        let is_object = |candidate: &Value<'_>| candidate.is_object();
        if let Some(position) = candidates.iter().flatten().position(|candidate| !is_object(candidate)) {
            return Err(lenient::unreadable(&format!("candidates[{position}]"), "an object"));
        }
        if candidates.is_none() && fields.get("error").is_some_and(|error| !error.is_null()) {
            let error = crate::error::decode_in_stream(value.text()).unwrap_or_else(|| {
                ProviderError::new(ErrorKind::Server, "the provider reports an error without a text")
            });
            return Err(StreamError::Provider(Box::new(error)));
        }
        let usage = fields.get("usageMetadata").and_then(|usage| match usage.array() {
            Some(items) => items.first().copied(),
            None => Some(usage),
        });
        let usage = usage.filter(|usage| usage.is_object());
        if usage.is_some() {
            fields.take("usageMetadata");
        }
        let is_empty = candidates.as_ref().is_none_or(Vec::is_empty);
        let blocked = if is_empty { blocked(&fields, value) } else { None };
        if candidates.is_none() && usage.is_none() && fields.get("promptFeedback").is_none() {
            return Ok(None);
        }
        Ok(Some(Self {
            id: lenient::take(&mut fields, "responseId").unwrap_or_default(),
            model: lenient::take(&mut fields, "modelVersion").unwrap_or_default(),
            created: take_created(&mut fields),
            candidates,
            usage,
            extra: fields
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name.to_owned(), value.to_json()))
                .collect(),
            blocked,
        }))
    }
}

/// Reads a text as one value.
pub(super) fn parse(data: &[u8]) -> Result<Value<'_>, StreamError> {
    Value::parse(data).map_err(|error| StreamError::Malformed(error.to_string()))
}

/// A prompt that a filter refused is answered with status 200 and no candidates (section 3).
fn blocked(fields: &Fields<'_>, whole: Value<'_>) -> Option<ProviderError> {
    let mut feedback = fields.get("promptFeedback")?.object()?;
    let reason = feedback.take_string("blockReason")?;
    let said = feedback.take_string("blockReasonMessage");
    let message = said.unwrap_or_else(|| format!("the prompt was blocked: {reason}"));
    Some(crate::error::content_filtered(&reason, &message, whole.text().as_bytes()))
}

/// The answer's time. Kept as it was written as well where seconds do not say it all.
fn take_created(fields: &mut Fields<'_>) -> Option<u64> {
    let written = fields.get(CREATED)?.string()?;
    let time: jiff::Timestamp = written.parse().ok()?;
    let seconds = u64::try_from(time.as_second()).ok()?;
    if time_text(seconds).is_some_and(|own| own == written) {
        fields.take(CREATED);
    }
    Some(seconds)
}

/// How a time is written.
pub(super) fn time_text(seconds: u64) -> Option<String> {
    let time = jiff::Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
    Some(time.to_string())
}

/// A candidate: one answer, or a piece of it.
pub(super) struct CandidateFields<'a> {
    pub(super) index: u32,
    pub(super) parts: Vec<Value<'a>>,
    /// In the provider's word.
    pub(super) finish: Option<String>,
    pub(super) logprobs: Option<Json>,
    /// Ratings, citations, grounding and whatever else there is.
    pub(super) extra: Extra,
}

impl<'a> CandidateFields<'a> {
    /// Reads a candidate; `position` is its place in the list. `None` where it is not an object.
    pub(super) fn read(value: Value<'a>, position: u32) -> Option<Self> {
        let mut fields = value.object()?;
        let index = lenient::take_index(&mut fields, "index").unwrap_or(position);
        let mut kept = Extra::new();
        let mut parts = Vec::new();
        // The text alone, or its parts.
        if let Some(content) = fields.get("content").filter(|content| !content.is_object()) {
            fields.take("content");
            parts = lenient::items(content);
            if let [content] = parts.as_slice()
                && let Some(mut content) = content.object()
                && let Some(inside) = lenient::take_items(&mut content, "parts")
            {
                parts = inside;
            }
        }
        if let Some(mut content) = fields.take_object("content") {
            parts = lenient::take_items(&mut content, "parts").unwrap_or_default();
            if content.get("role").is_some_and(|role| role.text() == "\"model\"") {
                content.take("role");
            }
            crate::dialect::shared::nested::keep(&mut kept, "content", content);
        }
        let finish = lenient::take(&mut fields, FINISH).filter(|word| !word.is_empty());
        let logprobs = fields.take_json("logprobsResult");
        let mut extra: Extra = fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.to_owned(), value.to_json()))
            .collect();
        for (name, value) in kept.iter() {
            extra.insert(name, value.clone());
        }
        Some(Self { index, parts, finish, logprobs, extra })
    }
}

/// The reason that a word names. A word that would not be written again for it is kept as an extra field.
pub(super) fn decode_finish(
    word: &str,
    calls_tools: bool,
    extra: &mut Extra,
) -> Result<FinishReason, StreamError> {
    ends::check(word)?;
    let reason = finish::decode(word, calls_tools);
    if finish::encode(&reason) != word {
        extra.insert(FINISH, Json::string(word));
    }
    Ok(reason)
}
