//! Predictions: chat responses created by one request, and fetched, streamed or cancelled by others, as at Replicate.

use crate::{body::ResponseBody, context::RequestContext, random};
use ferrule_wire::{
    json::Json,
    model::{Request, Response as ChatResponse},
};
use http::{Response, header::HOST, request::Parts};
use serde_json::{Value, json};

/// Whether the provider responds with predictions.
fn has_predictions(context: &RequestContext<'_>) -> bool {
    context.provider.follow_up().is_some()
}

/// Creates the prediction of `request`. `None` if the provider has none, or the client waits for the response.
pub(crate) fn begin(context: &RequestContext<'_>, request: &Request) -> Option<Response<ResponseBody>> {
    if !has_predictions(context) {
        return None;
    }
    // A client that waits says so; any other polls.
    let prefer = context.head.headers.get("prefer");
    let waits = prefer.is_some_and(|value| value.as_bytes().starts_with(b"wait"));
    if waits && !request.stream {
        return None;
    }
    context.describe(request);
    let id = random::id(context.number(&request.model));
    context.state().predictions.insert(&id, request, context.body);
    Some(context.json(201, &prediction(&id, request, context.head, "starting")))
}

/// The JSON of a prediction without output.
pub(crate) fn prediction(id: &str, request: &Request, head: &Parts, status: &str) -> Value {
    json!({
        "id": id,
        "model": request.model,
        "version": "hidden",
        "status": status,
        "input": {},
        "output": null,
        "error": null,
        "logs": "",
        "created_at": "2026-01-01T00:00:00Z",
        "urls": urls(id, head),
    })
}

/// Adds the URLs to a finished prediction; its stream is text alone, without usage, which is part of the prediction
/// when fetched afterwards.
pub(crate) fn finish(context: &RequestContext<'_>, request: &Request, response: &mut ChatResponse) {
    if !has_predictions(context) {
        return;
    }
    if let Ok(urls) = Json::from_string(urls(&response.id, context.head).to_string()) {
        response.extra.insert("urls", urls);
    }
    if request.stream {
        response.usage = None;
    }
}

/// The URLs of a prediction.
fn urls(id: &str, head: &Parts) -> Value {
    let host = head.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let prefix = head.uri.path().split_once("/v1/").map_or("", |(prefix, _)| prefix);
    let address = format!("http://{host}{prefix}/v1/predictions/{id}");
    json!({
        "get": address,
        "cancel": format!("{address}/cancel"),
        "stream": format!("{address}/stream"),
    })
}
