//! Encoding of Chat Completions requests.

use super::{
    cached_prompt::CachedPrompt,
    carried::{CARRIED, NAME},
    encode_message::encode_messages,
};
use crate::dialect::openai_chat::tools;
use crate::dialect::shared::{foreign, tool_declaration::write_tool};
use crate::encode::{EncodeOptions, EncodedRequest, Refusals, UnsupportedField};
use crate::json::{ObjectWriter, Value, WriteJson, write_string};
use crate::model::{CacheBreakpoint, CacheLifetime, Request, ResponseFormat};
use crate::quirks::{self, CacheControl, Feature, MaxTokensParameter, Parameter, Quirks, reasoning, refuse};
use crate::schema::{self, Held};
use alloc::vec::Vec;

/// Writes the HTTP request that asks `request`.
pub(super) fn encode(
    request: &Request,
    options: EncodeOptions<'_>,
) -> Result<EncodedRequest, UnsupportedField> {
    let request = &*foreign::for_format(request, NAME, options.quirks);
    let quirks = &*options.quirks.for_model(&request.model);
    let mut refusals = Refusals::new(NAME, options);
    refuse::chat(quirks, &refusals)?;
    let request = &*CARRIED.fit(request, quirks, &mut refusals)?;
    refuse::extra_fields(quirks, request, &mut refusals)?;
    let cached = CachedPrompt::new(request, quirks);
    let request = cached.request();
    let messages = encode_messages(request, quirks, &mut refusals)?;
    let (tools, choice) = tools::carried(request, quirks, &mut refusals)?;

    let extra = refuse::kept(quirks, &request.extra);
    let model = quirks.model(&request.model);
    let mut out = Vec::with_capacity(messages.len() + 256);
    let mut body = ObjectWriter::begin_with(&mut out, &extra);
    body.field("model", &*model);
    body.with("messages", |out| out.extend_from_slice(&messages));
    if !tools.is_empty() {
        body.array("tools", &tools, |out, tool| write_tool(out, tool, quirks));
    }
    if let Some(choice) = &choice {
        body.with("tool_choice", |out| tools::write_choice(out, choice, request, quirks));
    }
    // A neutral value is not refused, and not sent to who does not know the field.
    let takes = |feature| quirks.supports(feature);
    body.optional(
        "parallel_tool_calls",
        request.parallel_tool_calls.filter(|_| takes(Feature::ParallelToolCalls)),
    );
    if let Some(format) = &request.response_format {
        body.with("response_format", |out| write_format(out, format, &request.model, quirks));
    }
    if let Some(reasoning) = &request.reasoning {
        reasoning::write(quirks, reasoning, &request.model, &mut body);
    }
    body.optional(max_tokens_name(quirks), request.max_tokens);
    body.optional("temperature", request.temperature).optional("top_p", request.top_p);
    body.optional("top_k", request.top_k);
    body.optional(
        "frequency_penalty",
        request.frequency_penalty.filter(|_| takes(Feature::FrequencyPenalty)),
    );
    body.optional("presence_penalty", request.presence_penalty.filter(|_| takes(Feature::PresencePenalty)));
    match request.stop.as_slice() {
        [] => {}
        [only] => _ = body.field("stop", only),
        several => _ = body.field("stop", several),
    }
    let seed = if quirks.seed_parameter.is_empty() { "seed" } else { &quirks.seed_parameter };
    body.optional(seed, request.seed);
    body.optional("n", request.n.filter(|_| takes(Feature::N)));
    body.optional("logprobs", request.logprobs.filter(|_| takes(Feature::Logprobs)));
    body.optional("top_logprobs", request.top_logprobs.filter(|_| takes(Feature::TopLogprobs)));
    if !request.metadata.is_empty() {
        body.object("metadata", |metadata| {
            for (name, value) in &request.metadata {
                metadata.field(name, value);
            }
        });
    }
    body.optional("user", request.user.as_ref());
    body.optional("safety_identifier", request.safety_identifier.as_ref());
    body.optional("service_tier", request.service_tier.as_ref());
    body.optional("verbosity", request.verbosity.as_ref());
    cached.write(&mut body);
    if let Some(breakpoint) = &request.cache {
        write_prompt_cache(quirks.cache_control, breakpoint, &mut body);
    }
    for Parameter { name, json } in quirks.parameters.iter() {
        if Value::parse(json.as_bytes()).is_ok() {
            body.with(name, |out| out.extend_from_slice(json.as_bytes()));
        }
    }
    if request.stream {
        body.field("stream", true);
        // Without being asked, OpenAI does not say what a stream used.
        if takes(Feature::StreamOptions) {
            body.object("stream_options", |options| _ = options.field("include_usage", true));
        }
    }
    body.finish();
    let path = quirks.path("/chat/completions", &model);
    Ok(EncodedRequest { path, body: out, headers: Vec::new(), dropped: refusals.dropped })
}

/// What the most tokens to answer with are called: OpenAI's newer name, or the older one that most others have.
fn max_tokens_name(quirks: &Quirks) -> &'static str {
    match quirks.max_tokens_parameter {
        MaxTokensParameter::MaxCompletionTokens => "max_completion_tokens",
        MaxTokensParameter::MaxTokens => "max_tokens",
    }
}

/// That the whole prompt is to be cached.
pub(crate) fn write_prompt_cache(
    control: CacheControl,
    breakpoint: &CacheBreakpoint,
    body: &mut ObjectWriter<'_>,
) {
    let lifetime = breakpoint.lifetime.as_ref().map(CacheLifetime::as_str);
    match control {
        CacheControl::Breakpoint => body.object("prompt_cache_options", |options| {
            options.field("mode", "implicit").optional("ttl", lifetime);
        }),
        CacheControl::Passthrough => body.object("cache_control", |hint| {
            hint.field("type", "ephemeral").optional("ttl", lifetime);
        }),
        CacheControl::Strip => body,
    };
}

fn write_format(out: &mut Vec<u8>, format: &ResponseFormat, model: &str, quirks: &Quirks) {
    let (name, description, schema, strict) = match format {
        ResponseFormat::Text => return out.extend_from_slice(br#"{"type":"text"}"#),
        ResponseFormat::Json => return out.extend_from_slice(br#"{"type":"json_object"}"#),
        ResponseFormat::Other(whole) => return whole.write_json(out),
        ResponseFormat::JsonSchema { name, description, schema, strict } => {
            (name, description, schema, strict)
        }
    };
    let subset = schema::subset(quirks.strict_schema);
    let (schema, strict) = schema::fitted(subset, Held::WhereStrict, schema, *strict);
    let mut object = ObjectWriter::begin(out);
    object.field("type", "json_schema");
    object.object("json_schema", |inner| {
        inner.with("name", |out| write_string(name.as_deref().unwrap_or("response"), out));
        inner
            .optional("description", description.as_ref())
            .field("schema", &*quirks::schema::fit_answer(quirks, &schema))
            .optional("strict", strict.filter(|_| quirks.takes_strict_answers(model)));
    });
    object.finish();
}
