//! SDK requirements: what the providers' own clients require in answers, where the neutral model leaves it open.
//!
//! The source of each rule is the response models of those clients, which `tests/oracles/` runs against the simulator.
//! What holds for a whole dialect is in its [`ServerFacts`] and [`add_required_fields`]; what is here besides are
//! providers that share OpenAI's dialect.
//!
//! [`add_required_fields`]: crate::dialect::Dialect::add_required_fields

use super::response::{fields, object, object_into};
use crate::dialect::ServerFacts;
use crate::json::{Extra, Fields, Json, Value, write_array};
use crate::model::{PartKind, Response};
use crate::operation::{EmbeddingResponse, RerankResponse};
use crate::quirks::{Quirks, ToolIdRule};
use alloc::vec::Vec;

const MISTRAL: &str = "mistral";
const TOGETHER: &str = "together";
/// The length of Mistral's ids of tool calls.
const SHORT_ID: usize = 9;

/// Whether the provider's clients require name and arguments in every fragment of a streamed tool call.
pub(super) fn needs_whole_tool_calls(quirks: &Quirks) -> bool {
    quirks.provider == MISTRAL
}

/// Shortens the ids of tool calls where the provider has short ones.
pub(super) fn patch_tool_calls(quirks: &Quirks, response: &mut Response) {
    if quirks.tool_id_rule != ToolIdRule::NineAlphanumeric {
        return;
    }
    let parts = response.choices.iter_mut().flat_map(|choice| &mut choice.message.content);
    for part in parts {
        if let PartKind::ToolCall(call) = &mut part.kind
            && let Some((start, _)) = call.id.char_indices().rev().nth(SHORT_ID - 1)
        {
            call.id.drain(..start);
        }
    }
}

/// Embeddings: Cohere and Mistral give each response an id.
pub(super) fn patch_embeddings(
    facts: &ServerFacts,
    quirks: &Quirks,
    response: &mut EmbeddingResponse,
    id: &str,
) {
    if facts.embeddings_have_id || quirks.provider == MISTRAL {
        response.extra.insert("id", Json::string(id));
    }
}

/// Reranking: Cohere counts searches, all others count tokens; Together names the kind of object and the model.
pub(super) fn patch_rerank(facts: &ServerFacts, quirks: &Quirks, response: &mut RerankResponse, model: &str) {
    if quirks.provider == TOGETHER {
        response.extra.insert("object", Json::string("rerank"));
        response.extra.insert("model", Json::string(model));
        if let Some(usage) = &mut response.usage {
            usage.output_tokens = Some(0);
        }
    }
    if facts.counts_searches {
        response.usage = None;
    } else {
        response.search_units = None;
    }
}

/// The list of models: Mistral and Together give each a type, and Together's list is a bare array.
pub(super) fn patch_model_list(quirks: &Quirks, page: Vec<u8>) -> Vec<u8> {
    let patch: fn(&mut Extra) = match quirks.provider.as_ref() {
        MISTRAL => describe_for_mistral,
        TOGETHER => describe_for_together,
        _ => return page,
    };
    let Some(mut body) = fields(&page) else { return page };
    let Some(entries) = body.get("data").and_then(|data| data.value().array()) else { return page };
    let mut written = Vec::new();
    write_array(&mut written, entries, |out, entry: Value<'_>| {
        let mut entry = entry.object().map(Fields::rest).unwrap_or_default();
        patch(&mut entry);
        object_into(&entry, out);
    });
    if quirks.provider == TOGETHER {
        return written;
    }
    body.insert("data", Json::from_writer(written));
    object(&body).text().as_bytes().to_vec()
}

fn describe_for_mistral(entry: &mut Extra) {
    let capabilities = Json::object(&Extra::new(), |capabilities| {
        capabilities.field("completion_chat", true).field("function_calling", true);
    });
    entry.insert("type", Json::string("base"));
    entry.insert("capabilities", capabilities);
}

fn describe_for_together(entry: &mut Extra) {
    entry.insert("type", Json::string("chat"));
    if let Some(owner) = entry.remove("owned_by") {
        entry.insert("organization", owner);
    }
}

#[cfg(test)]
mod tests {
    use crate::json::{Extra, Json};
    use crate::model::{Choice, Message, Part, PartKind, Response, Role, ToolCall, Usage};
    use crate::operation::{EmbeddingResponse, ModelInfo, ModelPage, RerankResponse};
    use crate::server::EmulatedProvider;
    use std::{string::String, vec, vec::Vec};

    fn provider(name: &str) -> EmulatedProvider {
        EmulatedProvider::find(name).unwrap()
    }

    #[test]
    fn only_clients_that_require_a_field_get_it() {
        for (name, is_numbered, has_units) in [
            ("cohere", true, true),
            ("mistral", true, false),
            ("together", false, false),
            ("openai", false, false),
        ] {
            let mut embeddings = EmbeddingResponse::default();
            provider(name).patch_embeddings(&mut embeddings, "1");
            assert_eq!(embeddings.extra.get("id").is_some(), is_numbered, "{name}");
            let usage = Some(Usage::default());
            let mut order = RerankResponse { usage, search_units: Some(1), ..RerankResponse::default() };
            provider(name).patch_rerank(&mut order, "m");
            assert_eq!(order.extra.get("model").is_some(), name == "together");
            assert_eq!(
                (order.search_units.is_some(), order.usage.is_none()),
                (has_units, has_units),
                "{name}"
            );
        }
        for (name, extra, written) in [
            ("bedrock", Some("metrics"), None),
            ("replicate", Some("version"), None),
            ("openai-responses", None, Some(0)),
            ("openai-chat", None, None),
        ] {
            let mut response = Response { usage: Some(Usage::default()), ..Response::default() };
            provider(name).patch_response(&mut response);
            assert_eq!(response.extra.iter().next().map(|(name, _)| name), extra, "{name}");
            assert_eq!(response.usage.unwrap().cache_write_tokens, written, "{name}");
        }
    }

    #[test]
    fn required_fields_do_not_replace_what_is_there() {
        let usage = Some(Usage { cache_write_tokens: Some(7), ..Usage::default() });
        let mut response = Response { usage, ..Response::default() };
        provider("openai-responses").patch_response(&mut response);
        assert_eq!(response.usage.unwrap().cache_write_tokens, Some(7));
        let mut extra = Extra::new();
        extra.insert("version", Json::string("v1"));
        let mut response = Response { extra, ..Response::default() };
        provider("replicate").patch_response(&mut response);
        assert_eq!(response.extra.get("version"), Some(&Json::string("v1")));
    }

    #[test]
    fn mistrals_ids_are_short() {
        for (name, ids) in [("mistral", ["456789abc", "short"]), ("groq", ["call_123456789abc", "short"])] {
            let call = |id: &str| {
                let call =
                    ToolCall { id: id.into(), name: "f".into(), arguments: "{}".into(), custom: false };
                Part::new(PartKind::ToolCall(call))
            };
            let message = Message::new(Role::Assistant, vec![call("call_123456789abc"), call("short")]);
            let choice = Choice {
                index: 0,
                message,
                finish_reason: None,
                stop_sequence: None,
                logprobs: None,
                extra: Extra::new(),
            };
            let mut response = Response { choices: vec![choice], ..Response::default() };
            provider(name).patch_response(&mut response);
            let found = response.choices[0].message.content.iter().filter_map(|part| match &part.kind {
                PartKind::ToolCall(call) => Some(call.id.as_str()),
                _ => None,
            });
            assert_eq!(found.collect::<Vec<_>>(), ids, "{name}");
        }
    }

    #[test]
    fn models_of_mistral_and_together_have_a_type() {
        let model = ModelInfo { owned_by: Some("us".into()), ..ModelInfo::named("a") };
        let page = ModelPage { models: vec![model], next: None };
        let list = |name: &str| String::from_utf8(provider(name).encode_model_list(&page).unwrap()).unwrap();
        assert!(!list("groq").contains(r#""type":"#));
        assert!(list("mistral").starts_with(r#"{"object":"list","data":[{"id":"a","#));
        assert!(list("mistral").contains(r#""type":"base","capabilities":{"completion_chat":true"#));
        assert!(list("together").starts_with(r#"[{"id":"a","#));
        assert!(list("together").ends_with(r#""type":"chat","organization":"us"}]"#));
    }

    #[test]
    fn only_dialects_in_openais_form_refuse_in_it() {
        let body = br#"{"tool_choice":"REQUIRED"}"#;
        for (name, refuses) in [("groq", true), ("watsonx", true), ("cohere", false)] {
            assert_eq!(provider(name).refusal(body).is_some(), refuses, "{name}");
        }
    }
}
