//! Encoding of Converse and ConverseStream requests.

use super::family::Family;
use super::model_fields::{self, ReasoningForm};
use super::{address, cache, carried, tools, turns, unsupported};
use crate::dialect::anthropic::{max_tokens_above, refuses_sampling};
use crate::dialect::shared::{foreign, nested, prompt_cache};
use crate::encode::{EncodeOptions, EncodedRequest, Refusals, UnsupportedField};
use crate::json::{Extra, ObjectWriter};
use crate::model::{Request, ResponseFormat};
use crate::schema::{self, Held};
use alloc::vec::Vec;

pub(super) fn encode(
    request: &Request,
    options: EncodeOptions<'_>,
) -> Result<EncodedRequest, UnsupportedField> {
    let request = &*foreign::for_format(request, carried::NAME, options.quirks);
    let mut refusals = Refusals::new(carried::NAME, options);
    let request = &*carried::CARRIED.fit(request, options.quirks, &mut refusals)?;
    let cached = cache::places(&request.model).map(|places| prompt_cache::marked(request, places));
    let request = cached.as_deref().unwrap_or(request);
    unsupported::check(request, &mut refusals)?;
    turns::check(request, &mut refusals)?;
    let operation = if request.stream { "converse-stream" } else { "converse" };
    Ok(EncodedRequest {
        path: address::path(&request.model, operation),
        body: body(request, model_fields::reasoning_form(request)),
        headers: Vec::new(),
        dropped: refusals.dropped,
    })
}

fn body(request: &Request, reasoning_form: ReasoningForm<'_>) -> Vec<u8> {
    let mut extra = request.extra.clone();
    let nested_inference = nested::take(&mut extra, "inferenceConfig");
    let nested_tools = nested::take(&mut extra, tools::CONFIG);
    let nested_output = nested::take(&mut extra, "outputConfig");
    let nested_metadata = nested::take(&mut extra, "requestMetadata");
    let given = nested::take(&mut extra, model_fields::FIELDS);

    let mut out = Vec::new();
    let mut body = ObjectWriter::begin_with(&mut out, &extra);
    turns::encode(request, &mut body);
    encode_inference(request, reasoning_form, &nested_inference, &mut body);
    tools::encode(request, &nested_tools, &mut body);
    model_fields::encode(request, reasoning_form, given, &mut body);
    encode_output(request, &nested_output, &mut body);
    if !request.metadata.is_empty() || !nested_metadata.is_empty() {
        body.object_with("requestMetadata", &nested_metadata, |metadata| {
            for (name, value) in &request.metadata {
                metadata.field(name, value);
            }
        });
    }
    if let Some(tier) = &request.service_tier {
        body.object("serviceTier", |service| _ = service.field("type", tier));
    }
    body.finish();
    out
}

fn encode_inference(
    request: &Request,
    reasoning_form: ReasoningForm<'_>,
    nested: &Extra,
    body: &mut ObjectWriter<'_>,
) {
    // Of these, only neutral values are left where the model takes none.
    let samples = Family::from_model(&request.model) != Family::Claude || !refuses_sampling(request);
    // Claude counts what it thinks in, so the limit must be above the budget.
    let max_tokens = match reasoning_form {
        ReasoningForm::Claude(thinking @ crate::dialect::anthropic::Thinking::Budget(..)) => {
            Some(max_tokens_above(request, thinking))
        }
        _ => request.max_tokens,
    };
    let temperature = request.temperature.filter(|_| samples);
    let top_p = request.top_p.filter(|_| samples);
    let says_something =
        max_tokens.is_some() || temperature.is_some() || top_p.is_some() || !request.stop.is_empty();
    if says_something || !nested.is_empty() {
        body.object_with("inferenceConfig", nested, |config| {
            config.optional("maxTokens", max_tokens);
            config.optional("temperature", temperature).optional("topP", top_p);
            if !request.stop.is_empty() {
                config.field("stopSequences", &request.stop);
            }
        });
    }
}

/// The schema is a text here.
fn encode_output(request: &Request, nested: &Extra, body: &mut ObjectWriter<'_>) {
    let format = match &request.response_format {
        Some(format @ (ResponseFormat::JsonSchema { .. } | ResponseFormat::Other(_))) => Some(format),
        Some(ResponseFormat::Text | ResponseFormat::Json) | None => None,
    };
    if format.is_none() && nested.is_empty() {
        return;
    }
    body.object_with("outputConfig", nested, |config| match format {
        Some(ResponseFormat::Other(whole)) => {
            config.field("textFormat", whole);
        }
        Some(ResponseFormat::JsonSchema { name, description, schema, strict }) => {
            let (schema, _) = schema::fitted(&schema::ANTHROPIC, Held::Always, schema, *strict);
            config.object("textFormat", |format| {
                format.field("type", "json_schema").object("structure", |structure| {
                    structure.object("jsonSchema", |json| {
                        json.field("schema", schema.text()).optional("name", name.as_ref());
                        json.optional("description", description.as_ref());
                    });
                });
            });
        }
        _ => {}
    });
}
