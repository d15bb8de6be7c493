//! Requests, written.

use super::{NAME, message::encode_messages, tool};
use crate::dialect::{EncodeOptions, EncodedRequest, UnsupportedField, refuse::Refusals};
use crate::json::{ObjectWriter, WriteJson, write_string};
use crate::model::{CacheBreakpoint, CacheLifetime, Request, ResponseFormat};
use alloc::vec::Vec;

/// What OpenAI calls the most tokens to answer with; many others still have `max_tokens`.
const MAX_TOKENS: &str = "max_completion_tokens";

/// Writes the HTTP request that asks `request`.
pub(super) fn encode(
    request: &Request,
    options: EncodeOptions<'_>,
) -> Result<EncodedRequest, UnsupportedField> {
    let mut refusals = Refusals::new(NAME, options);
    refuse_fields(request, &mut refusals)?;
    let messages = encode_messages(&request.messages, &mut refusals)?;
    let tools = tool::carried(&request.tools, &mut refusals)?;

    let mut out = Vec::with_capacity(messages.len() + 256);
    let mut body = ObjectWriter::begin_with(&mut out, &request.extra);
    body.field("model", &request.model);
    body.with("messages", |out| out.extend_from_slice(&messages));
    if !tools.is_empty() {
        body.field("tools", tools.as_slice());
    }
    if let Some(choice) = &request.tool_choice {
        body.with("tool_choice", |out| tool::write_choice(out, choice, request));
    }
    body.optional("parallel_tool_calls", request.parallel_tool_calls);
    if let Some(format) = &request.response_format {
        body.with("response_format", |out| write_format(out, format));
    }
    let effort = request.reasoning.as_ref().and_then(|reasoning| reasoning.effort.as_ref());
    body.optional("reasoning_effort", effort.map(|effort| effort.as_str()));
    body.optional(MAX_TOKENS, request.max_tokens);
    body.optional("temperature", request.temperature).optional("top_p", request.top_p);
    body.optional("frequency_penalty", request.frequency_penalty);
    body.optional("presence_penalty", request.presence_penalty);
    match request.stop.as_slice() {
        [] => {}
        [only] => _ = body.field("stop", only),
        several => _ = body.field("stop", several),
    }
    body.optional("seed", request.seed).optional("n", request.n);
    body.optional("logprobs", request.logprobs).optional("top_logprobs", request.top_logprobs);
    if !request.metadata.is_empty() {
        body.object("metadata", |metadata| {
            for (name, value) in &request.metadata {
                metadata.field(name, value);
            }
        });
    }
    body.optional("user", request.user.as_ref());
    if let Some(CacheBreakpoint { lifetime }) = &request.cache {
        body.object("prompt_cache_options", |options| {
            options.field("mode", "implicit").optional("ttl", lifetime.as_ref().map(CacheLifetime::as_str));
        });
    }
    if request.stream {
        body.field("stream", true);
        // Without being asked, OpenAI does not say what a stream used.
        body.object("stream_options", |options| _ = options.field("include_usage", true));
    }
    body.finish();
    Ok(EncodedRequest {
        path: "/chat/completions".into(),
        body: out,
        headers: Vec::new(),
        dropped: refusals.dropped,
    })
}

fn refuse_fields(request: &Request, refusals: &mut Refusals) -> Result<(), UnsupportedField> {
    if request.top_k.is_some() {
        refusals.add("top_k", "use top_p; a provider that has top_k takes it as an extra field")?;
    }
    if let Some(reasoning) = &request.reasoning {
        if reasoning.budget_tokens.is_some() {
            refusals
                .add("reasoning.budget_tokens", "thinking is asked for in words: use reasoning.effort")?;
        }
        if reasoning.display.is_some() {
            refusals.add("reasoning.display", "what is shown of the reasoning is the provider's choice")?;
        }
    }
    Ok(())
}

fn write_format(out: &mut Vec<u8>, format: &ResponseFormat) {
    let (name, description, schema, strict) = match format {
        ResponseFormat::Text => return out.extend_from_slice(br#"{"type":"text"}"#),
        ResponseFormat::Json => return out.extend_from_slice(br#"{"type":"json_object"}"#),
        ResponseFormat::Other(whole) => return whole.write_json(out),
        ResponseFormat::JsonSchema { name, description, schema, strict } => {
            (name, description, schema, strict)
        }
    };
    let mut object = ObjectWriter::begin(out);
    object.field("type", "json_schema");
    object.object("json_schema", |inner| {
        inner.with("name", |out| write_string(name.as_deref().unwrap_or("response"), out));
        inner
            .optional("description", description.as_ref())
            .field("schema", schema)
            .optional("strict", *strict);
    });
    object.finish();
}
