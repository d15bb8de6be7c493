//! Decoding of Completions requests, as a server.

use crate::dialect::openai_chat::{rest_but_usage, take_stop};
use crate::json::{Fields, JsonError, Value};
use crate::model::{Message, Request, Role};

/// Reads what a request asks. A field of another type than ours stays among the extra fields, a prompt of several
/// texts or of tokens too.
pub(super) fn decode(body: &[u8]) -> Result<Request, JsonError> {
    let mut fields = Fields::parse(body)?;
    let Some(model) = fields.take_string("model") else {
        return Err(JsonError::new("model: expected a string"));
    };
    let top_logprobs = fields.take_u64("logprobs");
    let stream = fields.take_bool("stream").unwrap_or(false);
    let request = Request {
        model,
        messages: take_prompt(&mut fields).map(|text| Message::text(Role::User, text)).into_iter().collect(),
        max_tokens: fields.take_u64("max_tokens"),
        temperature: fields.take_f64("temperature"),
        top_p: fields.take_f64("top_p"),
        frequency_penalty: fields.take_f64("frequency_penalty"),
        presence_penalty: fields.take_f64("presence_penalty"),
        stop: take_stop(&mut fields),
        seed: fields.take_i64("seed"),
        n: fields.take_u64("n"),
        logprobs: top_logprobs.map(|_| true),
        top_logprobs,
        user: fields.take_string("user"),
        stream,
        ..Request::default()
    };
    Ok(Request { extra: rest_but_usage(fields, stream), ..request })
}

fn take_prompt(fields: &mut Fields<'_>) -> Option<alloc::string::String> {
    let prompt = fields.get("prompt")?;
    let text = prompt.string().or_else(|| match prompt.array()?.as_slice() {
        [only] => only.string(),
        _ => None,
    });
    if text.is_some() || prompt.is_null() {
        fields.take("prompt").map(Value::text);
    }
    text.filter(|text| !text.is_empty())
}
