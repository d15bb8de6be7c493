//! The list of models.

use crate::{answer::CREATED, behaviour::NAMES};
use serde_json::{Value, json};

/// The answer to `GET /models`, or to `GET /models/{id}`.
pub(crate) fn models(id: Option<&str>, anthropic: bool) -> Value {
    let entry = if anthropic { anthropic_entry } else { openai_entry };
    match id {
        Some(id) => entry(id),
        None if anthropic => json!({
            "data": NAMES.iter().map(|name| entry(name)).collect::<Vec<_>>(),
            "has_more": false,
            "first_id": NAMES.first(),
            "last_id": NAMES.last(),
        }),
        None => json!({
            "object": "list",
            "data": NAMES.iter().map(|name| entry(name)).collect::<Vec<_>>(),
        }),
    }
}

fn openai_entry(id: &str) -> Value {
    json!({ "id": id, "object": "model", "created": CREATED, "owned_by": "ferrule-sim" })
}

fn anthropic_entry(id: &str) -> Value {
    json!({
        "id": id,
        "type": "model",
        "display_name": id,
        "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "active",
    })
}
