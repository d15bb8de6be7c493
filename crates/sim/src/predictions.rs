//! Replicate's predictions: made by one request, asked for, streamed or cancelled by others.

use crate::{body::AnswerBody, random, record::Details, service::Conversation, speaker::Speaker};
use bytes::Bytes;
use ferrule_wire::{
    json::Json,
    model::{Request, Response as Answer},
};
use http::{Method, Response, header::HOST};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Predictions that are remembered; more, and they are forgotten.
const MOST: usize = 10_000;
const NAME: &str = "replicate";

/// What is asked of a prediction that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Get,
    Stream,
    Cancel,
}

/// Predictions that were made, by id.
#[derive(Debug, Default)]
pub(crate) struct Predictions(Mutex<HashMap<String, (Request, Bytes)>>);

impl Predictions {
    fn keep(&self, id: &str, request: &Request, body: &Bytes) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(id.to_owned(), (request.clone(), body.clone()));
    }

    fn get(&self, id: &str) -> Option<(Request, Bytes)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }
}

/// A stream is of text alone: what it took to make it is told by the prediction, when that is asked for afterwards.
pub(crate) fn leave_out_figures(response: &mut Answer, speaker: Speaker, streamed: bool) {
    if speaker.name() == NAME && streamed {
        response.usage = None;
    }
}

/// Whether an address is that of a prediction that was made: its id, and what is asked of it.
pub(crate) fn address<'a>(method: &Method, path: &'a str, speaker: Speaker) -> Option<(&'a str, What)> {
    if speaker.name() != NAME {
        return None;
    }
    let (_, rest) = path.rsplit_once("/v1/predictions/")?;
    let (id, what) = match rest.split_once('/') {
        None => (rest, What::Get),
        Some((id, "stream")) => (id, What::Stream),
        Some((id, "cancel")) => (id, What::Cancel),
        Some(_) => return None,
    };
    let expected = if what == What::Cancel { Method::POST } else { Method::GET };
    (*method == expected && !id.is_empty()).then_some((id, what))
}

impl Conversation<'_> {
    /// The prediction that has begun for `request`. `None` where its answer is waited for, and not streamed.
    pub(crate) fn predict(
        &self,
        request: &Request,
        speaker: Speaker,
        head: &http::request::Parts,
        body: &Bytes,
    ) -> Option<Response<AnswerBody>> {
        // The client that waits says so; any other asks again.
        let waits = head.headers.get("prefer").is_some_and(|value| value.as_bytes().starts_with(b"wait"));
        if speaker.name() != NAME || (waits && !request.stream) {
            return None;
        }
        self.exchange.describe(Details {
            dialect: NAME,
            model: request.model.clone(),
            stream: request.stream,
        });
        let id = random::id(random::number(self.shared.seed, &request.model, body));
        self.shared.predictions.keep(&id, request, body);
        Some(self.json(&told(&id, request, head, "starting"), 201))
    }

    /// Answers what is asked of a prediction.
    pub(crate) async fn predicted(
        &self,
        id: &str,
        what: What,
        speaker: Speaker,
        head: &http::request::Parts,
    ) -> Result<Response<AnswerBody>, String> {
        let (mut request, body) =
            self.shared.predictions.get(id).ok_or_else(|| format!("There is no prediction {id}."))?;
        if what == What::Cancel {
            return Ok(self.json(&told(id, &request, head, "canceled"), 200));
        }
        request.stream = what == What::Stream;
        Ok(self.complete(&request, speaker, head, &body).await)
    }
}

fn told(id: &str, request: &Request, head: &http::request::Parts, status: &str) -> serde_json::Value {
    serde_json::json!({
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

/// Where a prediction is.
fn urls(id: &str, head: &http::request::Parts) -> serde_json::Value {
    let host = head.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let prefix = head.uri.path().split_once("/v1/").map_or("", |(prefix, _)| prefix);
    let address = format!("http://{host}{prefix}/v1/predictions/{id}");
    serde_json::json!({
        "get": address,
        "cancel": format!("{address}/cancel"),
        "stream": format!("{address}/stream"),
    })
}

/// Adds to the answer of a prediction that is over where it is.
pub(crate) fn locate(speaker: Speaker, response: &mut Answer, head: &http::request::Parts) {
    if speaker.name() == NAME
        && let Ok(urls) = Json::from_string(urls(&response.id, head).to_string())
    {
        response.extra.insert("urls", urls);
    }
}
