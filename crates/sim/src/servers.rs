//! What only one kind of server has beside its dialect: Ollama's and ruvLLM's own addresses.

use crate::{behaviour::NAMES, speaker::Speaker};
use http::Method;
use serde_json::{Value, json};

/// The answer to a request for an address of the server's own: a status and a body, `Value::Null` for an empty one. `None`
/// where there is no such address.
pub(crate) fn answer(speaker: Speaker, method: &Method, path: &str, body: &[u8]) -> Option<(u16, Value)> {
    let is = |expected: &Method, end: &str| method == expected && path.ends_with(end);
    match speaker.name() {
        "ollama" if is(&Method::GET, "/api/version") => Some((200, json!({ "version": "0.0.0-simulated" }))),
        "ollama" if is(&Method::GET, "/api/ps") => {
            let models = [json!({ "name": "simulated", "model": "simulated", "size": 0, "size_vram": 0 })];
            Some((200, json!({ "models": models })))
        }
        "ollama" if is(&Method::POST, "/api/show") => Some(show(body)),
        "ruvllm" if is(&Method::GET, "/stats") => Some((
            200,
            json!({
                "total_queries": 3, "cache_hits": 1, "avg_latency_ms": 1.5, "memory_nodes": 0, "router_updates": 0,
            }),
        )),
        "ruvllm" if is(&Method::POST, "/feedback") => {
            let read: Value = serde_json::from_slice(body).unwrap_or_default();
            let is_text = |name: &str| read.get(name).is_some_and(Value::is_string);
            let fits =
                is_text("query") && is_text("response") && read.get("quality").is_some_and(Value::is_number);
            Some(if fits { (200, Value::Null) } else { (422, json!("missing field")) })
        }
        "ruvllm" if is(&Method::POST, "/session") => {
            Some((200, json!({ "session_id": "simulated-session" })))
        }
        _ => None,
    }
}

fn show(body: &[u8]) -> (u16, Value) {
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    match asked.get("model").and_then(Value::as_str) {
        Some(model) if NAMES.contains(&model) => (
            200,
            json!({
                "details": { "family": "simulated", "parameter_size": "0B", "quantization_level": "F32" },
                "model_info": { "general.architecture": "simulated", "simulated.context_length": 8192 },
                "capabilities": ["completion", "tools", "thinking"],
            }),
        ),
        Some(model) => (404, json!({ "error": format!("model '{model}' not found") })),
        None => (400, json!({ "error": "model is required" })),
    }
}
