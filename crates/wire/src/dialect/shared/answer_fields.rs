//! Response fields in the history: which fields of an answer the next request may repeat.
//!
//! Strict providers refuse a whole conversation because of one unknown field, so two kinds of fields are removed from
//! every request ([`Cleaner`]):
//! - **Fields kept by a decoder.** Unknown fields of a message or its parts are marked when the answer is received
//!   ([`mark`], [`Marks`]): the extra field [`ANSWER_FIELDS`] next to them lists their names and the wire format that
//!   they came from. They are sent back only to that format, and only if the receiver's request schema includes them
//!   ([`crate::request_schema`]). The mark stays with the message wherever a program stores it, and is never sent.
//! - **Fields that only answers have.** The fields of [`ANSWER_ONLY`] have no meaning in a request, but programs store
//!   dumps of the providers' own clients. They are sent only if the receiver's schema has them in the same form:
//!   Ollama's `images` are strings, OpenRouter's are objects.
//!
//! All other fields are the caller's, and are sent unchanged.

use super::parts::any_part;
use crate::json::{Extra, Json, Value};
use crate::model::{Message, Part, PartKind, Role};
use crate::request_schema::{Place, Schema};
use alloc::{borrow::ToOwned, collections::BTreeSet, string::String, vec::Vec};

/// The extra field that lists the fields next to it that a decoder kept, and the wire format that they came from.
pub const ANSWER_FIELDS: &str = "answer_fields";

/// The extra field that names the signer of the signed fields next to it.
pub const SIGNED_BY: &str = "signed_by";

/// When a field of an answer is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Always,
    /// If it is `null`, `false` or empty. Any other value is sent, on the caller's responsibility.
    Empty,
}

/// The object that has a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FieldOwner {
    /// An assistant's message.
    Message,
    /// A text. (A document's `citations` is a request.)
    Text,
    /// A thought.
    Reasoning,
    /// A tool call.
    Call,
}

/// Fields of answers that requests do not have, from the providers' schemas and their clients' dumps
/// (`docs/wire/requests-accepted.md`). A name with a dot is a field inside another one.
static ANSWER_ONLY: &[(FieldOwner, &str, When)] = &[
    // OpenAI's message, and what openai-python adds to it.
    (FieldOwner::Message, "annotations", When::Always),
    (FieldOwner::Message, "parsed", When::Always),
    (FieldOwner::Message, "audio.data", When::Always),
    (FieldOwner::Message, "audio.expires_at", When::Always),
    (FieldOwner::Message, "audio.transcript", When::Always),
    (FieldOwner::Message, "audio", When::Empty),
    (FieldOwner::Message, "refusal", When::Empty),
    (FieldOwner::Message, "function_call", When::Empty),
    (FieldOwner::Message, "tool_calls", When::Empty),
    (FieldOwner::Message, "tool_call_id", When::Empty),
    (FieldOwner::Message, "name", When::Empty),
    // OpenAI's choice and chunk, where a program put them into the message.
    (FieldOwner::Message, "index", When::Always),
    (FieldOwner::Message, "finish_reason", When::Always),
    (FieldOwner::Message, "logprobs", When::Always),
    (FieldOwner::Message, "usage", When::Always),
    // The whole answer around them.
    (FieldOwner::Message, "object", When::Always),
    (FieldOwner::Message, "created", When::Always),
    (FieldOwner::Message, "created_at", When::Always),
    (FieldOwner::Message, "service_tier", When::Always),
    (FieldOwner::Message, "system_fingerprint", When::Always),
    (FieldOwner::Message, "moderation", When::Always),
    (FieldOwner::Message, "request_id", When::Always),
    (FieldOwner::Message, "_request_id", When::Always),
    // Azure.
    (FieldOwner::Message, "content_filter_results", When::Always),
    (FieldOwner::Message, "content_filter_result", When::Always),
    (FieldOwner::Message, "content_filter_offsets", When::Always),
    (FieldOwner::Message, "content_filter_raw", When::Always),
    (FieldOwner::Message, "prompt_filter_results", When::Always),
    (FieldOwner::Message, "context", When::Always),
    (FieldOwner::Message, "end_turn", When::Always),
    // OpenRouter, Groq, Perplexity, Mistral, DeepSeek, Together.
    (FieldOwner::Message, "native_finish_reason", When::Always),
    (FieldOwner::Message, "executed_tools", When::Always),
    (FieldOwner::Message, "search_results", When::Always),
    (FieldOwner::Message, "related_questions", When::Always),
    (FieldOwner::Message, "citations", When::Always),
    (FieldOwner::Message, "prefix", When::Empty),
    (FieldOwner::Message, "reasoning", When::Empty),
    (FieldOwner::Message, "reasoning_details", When::Empty),
    (FieldOwner::Message, "reasoning_steps", When::Empty),
    (FieldOwner::Message, "reasoning_details", When::Always),
    (FieldOwner::Message, "reasoning_steps", When::Always),
    (FieldOwner::Message, "thinking_blocks", When::Always),
    (FieldOwner::Message, "images", When::Always),
    (FieldOwner::Message, "thinking", When::Empty),
    (FieldOwner::Message, "tool_plan", When::Always),
    (FieldOwner::Message, "provider", When::Always),
    (FieldOwner::Message, "x_groq", When::Always),
    (FieldOwner::Message, "usage_breakdown", When::Always),
    (FieldOwner::Message, "mcp_list_tools", When::Always),
    (FieldOwner::Message, "time_info", When::Always),
    (FieldOwner::Message, "web_search", When::Always),
    (FieldOwner::Message, "video_result", When::Always),
    (FieldOwner::Message, "videos", When::Always),
    (FieldOwner::Message, "raw_output", When::Always),
    (FieldOwner::Message, "perf_metrics", When::Always),
    // vLLM, SGLang, llama.cpp, Ollama, MiniMax.
    (FieldOwner::Message, "matched_stop", When::Always),
    (FieldOwner::Message, "hidden_states", When::Always),
    (FieldOwner::Message, "meta_info", When::Always),
    (FieldOwner::Message, "token_ids", When::Always),
    (FieldOwner::Message, "prompt_token_ids", When::Always),
    (FieldOwner::Message, "prompt_logprobs", When::Always),
    (FieldOwner::Message, "kv_transfer_params", When::Always),
    (FieldOwner::Message, "routed_experts", When::Always),
    (FieldOwner::Message, "timings", When::Always),
    (FieldOwner::Message, "__verbose", When::Always),
    (FieldOwner::Message, "done", When::Always),
    (FieldOwner::Message, "done_reason", When::Always),
    (FieldOwner::Message, "total_duration", When::Always),
    (FieldOwner::Message, "load_duration", When::Always),
    (FieldOwner::Message, "prompt_eval_count", When::Always),
    (FieldOwner::Message, "prompt_eval_duration", When::Always),
    (FieldOwner::Message, "eval_count", When::Always),
    (FieldOwner::Message, "eval_duration", When::Always),
    (FieldOwner::Message, "remote_model", When::Always),
    (FieldOwner::Message, "remote_host", When::Always),
    (FieldOwner::Message, "base_resp", When::Always),
    (FieldOwner::Message, "audio_content", When::Always),
    (FieldOwner::Message, "input_sensitive", When::Always),
    (FieldOwner::Message, "input_sensitive_type", When::Always),
    (FieldOwner::Message, "output_sensitive", When::Always),
    (FieldOwner::Message, "output_sensitive_type", When::Always),
    (FieldOwner::Message, "output_sensitive_int", When::Always),
    // An item of OpenAI's Responses.
    (FieldOwner::Message, "status", When::Always),
    (FieldOwner::Message, "phase", When::Always),
    (FieldOwner::Message, "incomplete_details", When::Always),
    (FieldOwner::Message, "provider_specific_fields", When::Always),
    // The whole message of Anthropic's API, and anthropic's parse helper.
    (FieldOwner::Message, "id", When::Always),
    (FieldOwner::Message, "type", When::Always),
    (FieldOwner::Message, "model", When::Always),
    (FieldOwner::Message, "stop_reason", When::Always),
    (FieldOwner::Message, "stop_sequence", When::Always),
    (FieldOwner::Message, "stop_details", When::Always),
    (FieldOwner::Message, "container", When::Always),
    (FieldOwner::Message, "context_management", When::Always),
    (FieldOwner::Message, "input_transformations", When::Always),
    (FieldOwner::Message, "diagnostics", When::Always),
    (FieldOwner::Message, "parsed_output", When::Always),
    // Google's candidate.
    (FieldOwner::Message, "finishReason", When::Always),
    (FieldOwner::Message, "finishMessage", When::Always),
    (FieldOwner::Message, "groundingMetadata", When::Always),
    (FieldOwner::Message, "citationMetadata", When::Always),
    (FieldOwner::Message, "urlContextMetadata", When::Always),
    (FieldOwner::Message, "safetyRatings", When::Always),
    (FieldOwner::Message, "avgLogprobs", When::Always),
    (FieldOwner::Message, "logprobsResult", When::Always),
    (FieldOwner::Message, "tokenCount", When::Always),
    (FieldOwner::Message, "groundingAttributions", When::Always),
    (FieldOwner::Message, "usageMetadata", When::Always),
    (FieldOwner::Message, "modelVersion", When::Always),
    (FieldOwner::Message, "responseId", When::Always),
    (FieldOwner::Message, "promptFeedback", When::Always),
    (FieldOwner::Message, "createTime", When::Always),
    // As google-genai's Python writes them.
    (FieldOwner::Message, "finish_message", When::Always),
    (FieldOwner::Message, "grounding_metadata", When::Always),
    (FieldOwner::Message, "citation_metadata", When::Always),
    (FieldOwner::Message, "url_context_metadata", When::Always),
    (FieldOwner::Message, "safety_ratings", When::Always),
    (FieldOwner::Message, "avg_logprobs", When::Always),
    (FieldOwner::Message, "logprobs_result", When::Always),
    (FieldOwner::Message, "token_count", When::Always),
    (FieldOwner::Message, "usage_metadata", When::Always),
    (FieldOwner::Message, "model_version", When::Always),
    (FieldOwner::Message, "response_id", When::Always),
    (FieldOwner::Message, "prompt_feedback", When::Always),
    (FieldOwner::Message, "create_time", When::Always),
    (FieldOwner::Message, "sdk_http_response", When::Always),
    (FieldOwner::Message, "automatic_function_calling_history", When::Always),
    // Bedrock and Cohere.
    (FieldOwner::Message, "stopReason", When::Always),
    (FieldOwner::Message, "metrics", When::Always),
    (FieldOwner::Message, "trace", When::Always),
    (FieldOwner::Message, "performanceConfig", When::Always),
    (FieldOwner::Message, "serviceTier", When::Always),
    (FieldOwner::Message, "additionalModelResponseFields", When::Always),
    (FieldOwner::Message, "ResponseMetadata", When::Always),
    (FieldOwner::Message, "generation_id", When::Always),
    (FieldOwner::Message, "meta", When::Always),
    // Texts with sources, and the clients' parsed forms.
    (FieldOwner::Text, "annotations", When::Always),
    (FieldOwner::Text, "citations", When::Always),
    (FieldOwner::Text, "logprobs", When::Always),
    (FieldOwner::Text, "parsed", When::Always),
    (FieldOwner::Text, "parsed_output", When::Always),
    (FieldOwner::Text, "cache_control", When::Empty),
    // Mistral's thought.
    (FieldOwner::Reasoning, "closed", When::Always),
    (FieldOwner::Reasoning, "signature", When::Empty),
    // Calls.
    (FieldOwner::Call, "cache_control", When::Empty),
    (FieldOwner::Call, "caller", When::Always),
    (FieldOwner::Call, "provider_specific_fields", When::Always),
    (FieldOwner::Call, "index", When::Always),
    (FieldOwner::Call, "parsed_arguments", When::Always),
    (FieldOwner::Call, "extra_content", When::Always),
    (FieldOwner::Call, "status", When::Always),
    (FieldOwner::Call, "function.parsed_arguments", When::Always),
];

/// Fields of whole items that an answer has and a request refuses: the wire format, the item's kind (any where it is
/// empty), the field.
static ITEM_ONLY: &[(&str, &str, &str)] = &[
    ("openai-responses", "", "created_by"),
    ("openai-responses", "", "parsed_arguments"),
    ("openai-responses", "compaction", "status"),
    ("openai-responses", "reasoning", "status"),
];

/// Fields that `When::Empty` is said of where nothing else is in the field either.
fn says_nothing(value: Value<'_>) -> bool {
    matches!(value.text(), "null" | "false" | "[]" | "{}" | "\"\"")
        || value.object().is_some_and(|fields| fields.is_empty())
        || value.array().is_some_and(|items| items.is_empty())
}

/// The maximum number of fields that a mark names. More fields are marked by [`ALL`], so that each of a hundred thousand
/// fields does not repeat the names of all fields before it.
const MAX_NAMES: usize = 256;

/// In place of the names: all that stand beside the mark.
const ALL: &str = "*";

/// The value of the mark beside fields with these names.
pub(super) fn mark_of(format: &str, names: &[String]) -> Json {
    let all = [ALL.to_owned()];
    let names = if has_all(names) { &all } else { names };
    Json::object(&Extra::new(), |mark| {
        mark.field("format", format).field("names", names);
    })
}

/// Whether there are so many names that a mark has none of them.
pub(super) fn has_all(names: &[String]) -> bool {
    names.len() > MAX_NAMES
}

/// Whether a field is one of ours rather than the answer's.
pub(super) fn is_mark(name: &str) -> bool {
    name == ANSWER_FIELDS || name == SIGNED_BY
}

/// Marks the fields of `extra` as those of an answer that came by `format`.
pub(super) fn mark(extra: &mut Extra, format: &str) {
    let names = extra.iter().map(|(name, _)| name).filter(|name| !is_mark(name)).take(MAX_NAMES + 1);
    let names: Vec<String> = names.map(ToOwned::to_owned).collect();
    if !names.is_empty() {
        extra.insert(ANSWER_FIELDS, mark_of(format, &names));
    }
}

/// A mark that was read: the wire format, and the names of what came by it.
fn read_mark(mark: &Json) -> Option<(String, BTreeSet<String>)> {
    let mut fields = mark.value().object()?;
    let format = fields.take_string("format")?;
    let names = fields.take_array("names")?.into_iter().filter_map(Value::string).collect();
    Some((format, names))
}

/// Removes the fields that must not be sent to a provider from messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cleaner<'a> {
    /// The wire format that is to be written.
    pub(super) format: &'a str,
    pub(super) schema: &'static Schema,
}

impl Cleaner<'_> {
    /// Whether the message or its parts have extra fields that may have to be removed.
    pub(super) fn concerns(message: &Message) -> bool {
        let test = |part: &Part| !part.extra.is_empty() || matches!(part.kind, PartKind::ProviderItem { .. });
        !message.extra.is_empty() || any_part(&message.content, &test)
    }

    /// Cleans a message, except for its parts.
    pub(super) fn clean_message(self, message: &mut Message) {
        let Message { role, extra, .. } = message;
        let owner = if *role == Role::Assistant { Some(FieldOwner::Message) } else { None };
        self.clean(extra, Place::Message(role), owner);
    }

    /// Cleans a part.
    pub(super) fn clean_part(self, part: &mut Part) {
        let Part { kind, extra, .. } = part;
        if let PartKind::ProviderItem { dialect, item } = kind {
            clean_item(dialect, item);
        }
        let owner = match kind {
            PartKind::ToolCall(_) => Some(FieldOwner::Call),
            PartKind::Text(_) | PartKind::Refusal(_) => Some(FieldOwner::Text),
            PartKind::Reasoning(_) => Some(FieldOwner::Reasoning),
            _ => None,
        };
        self.clean(extra, Place::Part(kind), owner);
    }

    fn clean(self, extra: &mut Extra, place: Place<'_>, owner: Option<FieldOwner>) {
        if extra.is_empty() {
            return;
        }
        extra.remove(SIGNED_BY);
        if let Some((format, names)) = extra.remove(ANSWER_FIELDS).as_ref().and_then(read_mark) {
            let fit = |(name, value): (&str, &Json)| {
                let kept = if !names.contains(ALL) && !names.contains(name) {
                    value.clone()
                } else if format == self.format {
                    self.schema.fit(place, name, value)?
                } else {
                    return None;
                };
                Some((name.to_owned(), kept))
            };
            *extra = extra.iter().filter_map(fit).collect();
        }
        for (_, name, when) in ANSWER_ONLY.iter().filter(|(of, ..)| Some(*of) == owner) {
            match name.split_once('.') {
                // What is left of it says something to those only who take the field.
                Some((outer, inner)) => {
                    if remove_inner(extra, outer, inner) && self.schema.field(place, outer).is_none() {
                        extra.remove(outer);
                    }
                }
                None => {
                    let is_due = |value: &Json| match when {
                        When::Always => {
                            // In a part, it is the caller's own, in whatever form.
                            let is_taken = match owner {
                                Some(FieldOwner::Message) => self.schema.takes(place, name, value),
                                _ => self.schema.field(place, name).is_some(),
                            };
                            !is_taken || says_nothing(value.value())
                        }
                        When::Empty => says_nothing(value.value()),
                    };
                    if extra.get(name).is_some_and(is_due) {
                        extra.remove(name);
                    }
                }
            }
        }
    }
}

fn clean_item(format: &str, item: &mut Json) {
    let Some(fields) = item.value().object() else { return };
    let kind = fields.get("type").and_then(Value::string).unwrap_or_default();
    let is_due = |(of, about, name): &&(&str, &str, &str)| {
        *of == format && (about.is_empty() || *about == kind) && fields.get(name).is_some()
    };
    let due: Vec<&str> = ITEM_ONLY.iter().filter(is_due).map(|(.., name)| *name).collect();
    if due.is_empty() {
        return;
    }
    let mut rest = fields.rest();
    for name in due {
        rest.remove(name);
    }
    *item = Json::object(&rest, |_| {});
}

/// Removes the field `inner` from the object `outer`, and `outer` itself if it is then empty. Returns false if there is
/// no such field.
fn remove_inner(extra: &mut Extra, outer: &str, inner: &str) -> bool {
    let Some(fields) = extra.get(outer).and_then(|value| value.value().object()) else { return false };
    if fields.get(inner).is_none() {
        return false;
    }
    let mut rest = fields.rest();
    rest.remove(inner);
    if rest.is_empty() {
        extra.remove(outer);
    } else {
        extra.insert(outer, Json::object(&rest, |_| {}));
    }
    true
}
