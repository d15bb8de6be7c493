//! What the providers' own clients demand of answers, or do not know in them, where the dialect leaves it open.
//!
//! Where each rule comes from is in the models of the clients themselves, which `tests/oracles/` runs against us.

use crate::speaker::Speaker;
use ferrule_wire::{
    json::{Extra, Json},
    model::{PartKind, Response, Usage},
    operation::{EmbeddingResponse, RerankResponse},
};
use serde_json::{Value, json};

/// How long Mistral's ids of calls are.
const SHORT_ID: usize = 9;

/// Of chats: Converse tells how long it took, and Replicate of which version a prediction is.
pub(crate) fn of_answers(dialect: &str) -> Extra {
    let mut extra = Extra::new();
    if dialect == "replicate" {
        extra.insert("version", Json::string("hidden"));
    }
    if dialect == "bedrock" {
        let metrics = Json::object(&Extra::new(), |metrics| _ = metrics.field("latencyMs", 1u64));
        extra.insert("metrics", metrics);
    }
    extra
}

/// Of what an answer used: Responses tells what went into the cache.
pub(crate) fn of_usage(dialect: &str, usage: &mut Usage) {
    if dialect == "openai-responses" {
        usage.cache_write_tokens = Some(0);
    }
}

/// Of calls of tools: Mistral's ids are short.
pub(crate) fn of_calls(speaker: Speaker, response: &mut Response) {
    if !speaker.has_short_ids() {
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

/// Of vectors: Cohere and Mistral number the answers.
pub(crate) fn of_vectors(speaker: Speaker, response: &mut EmbeddingResponse, id: &str) {
    if speaker.name() == "cohere" || speaker.provider() == "mistral" {
        response.extra.insert("id", Json::string(id));
    }
}

/// Of documents in order: Cohere counts searches, all others count tokens; Together says what the answer is.
pub(crate) fn of_orders(speaker: Speaker, response: &mut RerankResponse, model: &str) {
    if speaker.provider() == "together" {
        response.extra.insert("object", Json::string("rerank"));
        response.extra.insert("model", Json::string(model));
        if let Some(usage) = &mut response.usage {
            usage.output_tokens = Some(0);
        }
    }
    if speaker.name() == "cohere" {
        response.usage = None;
    } else {
        response.search_units = None;
    }
}

/// Of the list of models: Mistral and Together tell of each what it is, and Together's is a list and nothing around it.
pub(crate) fn of_models(speaker: Speaker, page: Vec<u8>) -> Vec<u8> {
    let is_together = speaker.provider() == "together";
    if !is_together && speaker.provider() != "mistral" {
        return page;
    }
    let Ok(mut body) = serde_json::from_slice::<Value>(&page) else { return page };
    let entries = body.get_mut("data").and_then(Value::as_array_mut);
    for entry in entries.into_iter().flatten().filter_map(Value::as_object_mut) {
        if is_together {
            entry.insert("type".to_owned(), json!("chat"));
            if let Some(owner) = entry.remove("owned_by") {
                entry.insert("organization".to_owned(), owner);
            }
        } else {
            entry.insert("type".to_owned(), json!("base"));
            entry.insert(
                "capabilities".to_owned(),
                json!({ "completion_chat": true, "function_calling": true }),
            );
        }
    }
    if is_together && let Some(list) = body.get_mut("data") {
        body = list.take();
    }
    body.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ferrule_wire::operation::Vectors;

    fn speaker(name: &str) -> Speaker {
        Speaker::named(name).unwrap()
    }

    #[test]
    fn only_who_demands_it_gets_it() {
        for (name, is_numbered, has_units) in [
            ("cohere", true, true),
            ("mistral", true, false),
            ("together", false, false),
            ("openai", false, false),
        ] {
            let mut vectors =
                EmbeddingResponse { vectors: Vectors::default(), ..EmbeddingResponse::default() };
            of_vectors(speaker(name), &mut vectors, "1");
            assert_eq!(vectors.extra.get("id").is_some(), is_numbered, "{name}");
            let usage = Some(Usage::default());
            let mut order = RerankResponse { usage, search_units: Some(1), ..RerankResponse::default() };
            of_orders(speaker(name), &mut order, "m");
            assert_eq!(order.extra.get("model").is_some(), name == "together");
            assert_eq!(
                (order.search_units.is_some(), order.usage.is_none()),
                (has_units, has_units),
                "{name}"
            );
        }
        assert!(of_answers("bedrock").get("metrics").is_some());
        assert!(of_answers("openai-chat").is_empty());
        for (dialect, written) in [("openai-responses", Some(0)), ("openai-chat", None)] {
            let mut usage = Usage::default();
            of_usage(dialect, &mut usage);
            assert_eq!(usage.cache_write_tokens, written, "{dialect}");
        }
    }

    #[test]
    fn mistral_s_ids_are_short() {
        use ferrule_wire::model::{Choice, Message, Part, Role, ToolCall};
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
            of_calls(speaker(name), &mut response);
            let found = response.choices[0].message.content.iter().filter_map(|part| match &part.kind {
                PartKind::ToolCall(call) => Some(call.id.as_str()),
                _ => None,
            });
            assert_eq!(found.collect::<Vec<_>>(), ids, "{name}");
        }
    }

    #[test]
    fn mistral_s_models_say_what_they_are() {
        let page = br#"{"object":"list","data":[{"id":"a"}]}"#.to_vec();
        assert_eq!(of_models(speaker("groq"), page.clone()), page);
        let listed: Value = serde_json::from_slice(&of_models(speaker("mistral"), page)).unwrap();
        assert_eq!(listed["data"][0]["type"], "base");
        assert_eq!(listed["data"][0]["id"], "a");
        assert_eq!(of_models(speaker("mistral"), b"[".to_vec()), b"[");
    }

    #[test]
    fn togethers_models_are_a_list_and_nothing_around_it() {
        let page = br#"{"object":"list","data":[{"id":"a","owned_by":"b"}]}"#.to_vec();
        let listed: Value = serde_json::from_slice(&of_models(speaker("together"), page)).unwrap();
        assert_eq!(listed, json!([{"id": "a", "type": "chat", "organization": "b"}]));
        assert_eq!(of_models(speaker("together"), b"[".to_vec()), b"[");
    }
}
