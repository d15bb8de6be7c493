//! Encoding of Responses requests.

use super::carried::{CARRIED, NAME};
use super::encode_input::{self, Input};
use crate::dialect::openai_chat::{CachedPrompt, write_prompt_cache};
use crate::dialect::openai_responses::tools;
use crate::dialect::shared::{foreign, nested};
use crate::encode::{EncodeOptions, EncodedRequest, Refusals, UnsupportedField};
use crate::json::{Extra, Json, ObjectWriter, Value, WriteJson, write_string};
use crate::model::{Effort, Request, ResponseFormat};
use crate::quirks::{CacheControl, Quirks};
use crate::schema::{self, Held};
use alloc::{borrow::ToOwned, string::String, vec::Vec};

/// Asks for the reasoning itself, encrypted, so that it can be sent back.
pub(super) const ENCRYPTED_REASONING: &str = "reasoning.encrypted_content";
/// Asks for log probabilities.
pub(super) const LOGPROBS: &str = "message.output_text.logprobs";

/// Writes the HTTP request that asks `request`.
pub(super) fn encode(
    request: &Request,
    options: EncodeOptions<'_>,
) -> Result<EncodedRequest, UnsupportedField> {
    let request = &*foreign::for_format(request, NAME, options.quirks);
    let quirks = &*options.quirks.for_model(&request.model);
    let mut refusals = Refusals::new(NAME, options);
    let request = &*CARRIED.fit(request, quirks, &mut refusals)?;
    let cached = CachedPrompt::new(request, quirks);
    let request = cached.request();
    let Input { instructions, items } =
        encode_input::encode(request, options.quirks.tool_id_rule, &mut refusals)?;
    let tools = tools::carried(&request.tools, &mut refusals)?;

    let mut extra = request.extra.clone();
    let include = take_include(&mut extra, request);
    let beside_reasoning = nested::take(&mut extra, "reasoning");
    let beside_text = nested::take(&mut extra, "text");

    let mut out = Vec::with_capacity(items.len() + 256);
    let mut body = ObjectWriter::begin_with(&mut out, &extra);
    let model = options.quirks.model(&request.model);
    body.field("model", &*model).optional("instructions", instructions);
    body.with("input", |out| out.extend_from_slice(&items));
    if !tools.is_empty() {
        body.array("tools", tools, |out, tool| tools::write(tool, quirks, out));
    }
    if let Some(choice) = &request.tool_choice {
        body.with("tool_choice", |out| tools::write_choice(choice, request, out));
    }
    body.optional("parallel_tool_calls", request.parallel_tool_calls);
    write_reasoning(request, &beside_reasoning, &mut body);
    if request.response_format.is_some() || request.verbosity.is_some() || !beside_text.is_empty() {
        body.object_with("text", &beside_text, |text| {
            if let Some(format) = &request.response_format {
                text.with("format", |out| write_format(format, &request.model, quirks, out));
            }
            text.optional("verbosity", request.verbosity.as_ref());
        });
    }
    if !include.is_empty() {
        body.field("include", include);
    }
    body.optional("max_output_tokens", request.max_tokens);
    body.optional("temperature", request.temperature).optional("top_p", request.top_p);
    body.optional("top_logprobs", request.top_logprobs);
    write_labels(request, &mut body);
    cached.write_with_lifetime(&mut body);
    if request.stream {
        body.field("stream", true);
    }
    body.finish();
    Ok(EncodedRequest {
        path: options.quirks.path("/responses", &model),
        body: out,
        headers: Vec::new(),
        dropped: refusals.dropped,
    })
}

fn write_labels(request: &Request, body: &mut ObjectWriter<'_>) {
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
    if let Some(breakpoint) = &request.cache {
        write_prompt_cache(CacheControl::Breakpoint, breakpoint, body);
    }
}

/// Takes `include` out of the extra fields, with what the request implies: where the provider stores nothing, the
/// reasoning can only come back from the caller.
fn take_include(extra: &mut Extra, request: &Request) -> Vec<String> {
    let said = extra.get("include").and_then(|include| include.value().array());
    let read = said.and_then(|values| values.into_iter().map(Value::string).collect::<Option<Vec<_>>>());
    let mut include = match (read, extra.get("include")) {
        (Some(include), _) => include,
        (None, None) => Vec::new(),
        // Not a list of words: whatever the caller means, it is sent as it is.
        (None, Some(_)) => return Vec::new(),
    };
    extra.remove("include");
    let implied = [
        (request.logprobs == Some(true), LOGPROBS),
        (implies_encrypted(extra, &request.model), ENCRYPTED_REASONING),
    ];
    for (wanted, word) in implied {
        if wanted && !include.iter().any(|known| known == word) {
            include.push(word.to_owned());
        }
    }
    include
}

/// Whether a request with these fields asks for encrypted reasoning without saying so: it is not stored, and its
/// model reasons. Those that do not refuse to be asked.
pub(super) fn implies_encrypted(extra: &Extra, model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or_default();
    let reasons = !["gpt-3", "gpt-4", "chatgpt-"].iter().any(|family| name.starts_with(family))
        && !name.contains("-chat");
    reasons && extra.get("store").is_some_and(|store| store.text() == "false")
}

fn write_reasoning(request: &Request, extras: &Extra, body: &mut ObjectWriter<'_>) {
    let effort = request.reasoning.as_ref().and_then(|reasoning| reasoning.effort.as_ref());
    let display = request.reasoning.as_ref().and_then(|reasoning| reasoning.display.as_deref());
    // Anthropic's words for what to show.
    let summary = match display {
        Some("summarized") => Some("auto"),
        Some("omitted") => None,
        other => other,
    };
    if effort.is_some() || summary.is_some() || !extras.is_empty() {
        body.object_with("reasoning", extras, |reasoning| {
            reasoning.optional("effort", effort.map(Effort::as_str)).optional("summary", summary);
        });
    }
}

fn write_format(format: &ResponseFormat, model: &str, quirks: &Quirks, out: &mut Vec<u8>) {
    match format {
        ResponseFormat::Text => out.extend_from_slice(br#"{"type":"text"}"#),
        ResponseFormat::Json => out.extend_from_slice(br#"{"type":"json_object"}"#),
        ResponseFormat::Other(whole) => whole.write_json(out),
        ResponseFormat::JsonSchema { name, description, schema, strict } => {
            let subset = schema::subset(quirks.strict_schema);
            let (schema, strict) = schema::fitted(subset, Held::WhereStrict, schema, *strict);
            let mut object = ObjectWriter::begin(out);
            object.field("type", "json_schema");
            object.with("name", |out| write_string(name.as_deref().unwrap_or("response"), out));
            object.optional("description", description.as_ref()).field("schema", &*schema);
            object.optional("strict", strict.filter(|_| quirks.takes_strict_answers(model)));
            object.finish();
        }
    }
}

/// The list that `include` is, without the words that `is_implied` names; `None` where nothing is left.
pub(super) fn without_implied(include: &Json, is_implied: impl Fn(&str) -> bool) -> Option<Json> {
    let values = include.value().array().unwrap_or_default();
    let rest: Vec<Value<'_>> =
        values.into_iter().filter(|value| !value.string().is_some_and(|word| is_implied(&word))).collect();
    (!rest.is_empty()).then(|| Json::written(rest))
}
