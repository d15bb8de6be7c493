//! Decoding of Replicate requests, as a server.

use crate::json::{Fields, Json, JsonError, Value};
use crate::model::{Image, Message, Part, PartKind, Request, Role, Source};
use alloc::{borrow::ToOwned, string::String, vec::Vec};

/// Server: what a request asks.
pub(super) fn decode(body: &[u8]) -> Result<Request, JsonError> {
    let mut fields = Fields::parse(body)?;
    let mut input = fields.take_object("input").ok_or_else(|| JsonError::new("input: expected an object"))?;
    let mut messages = Vec::new();
    if let Some(text) = input.take_string("system_prompt") {
        messages.push(Message::text(Role::System, text));
    }
    let mut said = Vec::new();
    if let Some(url) = input.take_string("image") {
        said.push(Part::new(PartKind::Image(Image { source: read_image(url), detail: None })));
    }
    if let Some(text) = input.take_string("prompt").filter(|text| !text.is_empty()) {
        said.push(Part::text(text));
    }
    if !said.is_empty() {
        messages.push(Message::new(Role::User, said));
    }
    let max_tokens = input.take_u64("max_tokens").or_else(|| input.take_u64("max_new_tokens"));
    let stop = input.take_string("stop_sequences").unwrap_or_default();
    let mut request = Request {
        model: fields.take_string("version").unwrap_or_default(),
        messages,
        max_tokens,
        temperature: input.take_f64("temperature"),
        top_p: input.take_f64("top_p"),
        top_k: input.take_u64("top_k"),
        presence_penalty: input.take_f64("presence_penalty"),
        frequency_penalty: input.take_f64("frequency_penalty"),
        seed: input.take_i64("seed"),
        stop: stop.split(',').filter(|stop| !stop.is_empty()).map(str::to_owned).collect(),
        stream: fields.get("stream").and_then(Value::bool).unwrap_or(false),
        ..Request::default()
    };
    fields.take("stream");
    request.extra = fields.rest();
    if !input.is_empty() {
        request.extra.insert("input", Json::object(&input.rest(), |_| {}));
    }
    Ok(request)
}

fn read_image(url: String) -> Source {
    let data = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    match data {
        Some((media_type, data)) => {
            Source::Base64 { media_type: media_type.to_owned(), data: data.to_owned() }
        }
        None => Source::Url(url),
    }
}
