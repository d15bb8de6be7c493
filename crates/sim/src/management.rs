//! Management endpoints of local servers: Ollama's and ruvLLM's own URLs.

use crate::behaviour::NAMES;
use ferrule_wire::{dialect::ManagementEndpoint, server::JSON};
use serde_json::{Value, json};

/// The status, content type and body of the response.
pub(crate) fn answer(endpoint: ManagementEndpoint, body: &[u8]) -> (u16, &'static str, String) {
    let (status, answer) = match endpoint {
        ManagementEndpoint::OllamaVersion => (200, json!({ "version": "0.0.0-simulated" })),
        ManagementEndpoint::OllamaRunningModels => {
            let models = [json!({ "name": "simulated", "model": "simulated", "size": 0, "size_vram": 0 })];
            (200, json!({ "models": models }))
        }
        ManagementEndpoint::OllamaShowModel => show_model(body),
        ManagementEndpoint::RuvLlmStatistics => (
            200,
            json!({
                "total_queries": 3, "cache_hits": 1, "avg_latency_ms": 1.5, "memory_nodes": 0, "router_updates": 0,
            }),
        ),
        ManagementEndpoint::RuvLlmFeedback => return feedback(body),
        ManagementEndpoint::RuvLlmSession => (200, json!({ "session_id": "simulated-session" })),
    };
    (status, JSON, answer.to_string())
}

fn show_model(body: &[u8]) -> (u16, Value) {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    match request.get("model").and_then(Value::as_str) {
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

fn feedback(body: &[u8]) -> (u16, &'static str, String) {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let is_text = |name: &str| request.get(name).is_some_and(Value::is_string);
    let is_complete =
        is_text("query") && is_text("response") && request.get("quality").is_some_and(Value::is_number);
    let (status, text) = if is_complete { (200, "") } else { (422, "missing field") };
    (status, "text/plain", text.to_owned())
}
