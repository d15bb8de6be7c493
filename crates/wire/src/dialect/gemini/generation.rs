//! Generation settings: `generationConfig`, in both directions.

use super::schema;
use super::thinking::{self, Thinking};
use crate::dialect::shared::nested;
use crate::json::{Extra, Fields, Json, ObjectWriter, Value};
use crate::model::{Request, ResponseFormat};
use crate::schema::{self as subset, Held};
use alloc::{string::String, vec::Vec};

const CONFIG: &str = "generationConfig";
const JSON: &str = "application/json";
const TEXT: &str = "text/plain";

/// The fields of a format in this API's own words.
pub(super) fn own_format(whole: &Json) -> Option<Extra> {
    whole.value().object().filter(|fields| fields.get("responseMimeType").is_some()).map(Fields::rest)
}

/// Takes the caller's own fields of `generationConfig`, and of the `thinkingConfig` in it, out of `extra`.
pub(super) fn take_own(extra: &mut Extra) -> (Extra, Extra) {
    let mut own = nested::take(extra, CONFIG);
    let thinking = nested::take(&mut own, thinking::CONFIG);
    (own, thinking)
}

/// Writes `generationConfig`.
pub(super) fn encode(
    request: &Request,
    thinking: &Thinking<'_>,
    (own, own_thinking): &(Extra, Extra),
    body: &mut ObjectWriter<'_>,
) {
    let mut out = Vec::new();
    let mut settings = ObjectWriter::begin_with(&mut out, own);
    settings
        .optional("temperature", request.temperature)
        .optional("topP", request.top_p)
        .optional("topK", request.top_k)
        .optional("candidateCount", request.n)
        .optional("maxOutputTokens", request.max_tokens)
        .optional("seed", request.seed)
        .optional("presencePenalty", request.presence_penalty)
        .optional("frequencyPenalty", request.frequency_penalty)
        .optional("responseLogprobs", request.logprobs)
        .optional("logprobs", request.top_logprobs);
    if !request.stop.is_empty() {
        settings.field("stopSequences", &request.stop);
    }
    match &request.response_format {
        Some(ResponseFormat::Text) => _ = settings.field("responseMimeType", TEXT),
        Some(ResponseFormat::Json) => _ = settings.field("responseMimeType", JSON),
        Some(ResponseFormat::JsonSchema { schema: whole, strict, .. }) => {
            let (fitted, _) = subset::fitted(&subset::GEMINI, Held::Always, whole, *strict);
            settings.field("responseMimeType", JSON);
            settings.field("responseJsonSchema", schema::without_address(&fitted));
        }
        Some(ResponseFormat::Other(whole)) => {
            for (name, value) in own_format(whole).unwrap_or_default().iter() {
                settings.field(name, value);
            }
        }
        None => {}
    }
    thinking::encode(request, thinking, own_thinking, &mut settings);
    settings.finish();
    if out != b"{}" {
        body.field(CONFIG, Json::from_writer(out));
    }
}

/// Takes `generationConfig` out of the body and into `request`; what has no name of its own goes to `kept`.
pub(super) fn take(body: &mut Fields<'_>, request: &mut Request, kept: &mut Extra) {
    let Some(mut settings) = body.take_object(CONFIG) else { return };
    settings.camel_case();
    let mut own = Extra::new();
    request.temperature = settings.take_f64("temperature");
    request.top_p = settings.take_f64("topP");
    request.top_k = settings.take_u64("topK");
    request.n = settings.take_u64("candidateCount");
    request.max_tokens = settings.take_u64("maxOutputTokens");
    request.seed = settings.take_i64("seed");
    request.presence_penalty = settings.take_f64("presencePenalty");
    request.frequency_penalty = settings.take_f64("frequencyPenalty");
    request.logprobs = settings.take_bool("responseLogprobs");
    request.top_logprobs = settings.take_u64("logprobs");
    request.stop = take_stop(&mut settings);
    request.response_format = take_format(&mut settings);
    request.reasoning = thinking::take(&mut settings, &mut own);
    for (name, value) in settings.rest().iter() {
        own.insert(name, value.clone());
    }
    if !own.is_empty() {
        kept.insert(CONFIG, Json::object(&own, |_| {}));
    }
}

/// Takes the stop texts out; a list with anything else in it stays in place.
fn take_stop(settings: &mut Fields<'_>) -> Vec<String> {
    let texts = settings.get("stopSequences").and_then(Value::array);
    let texts: Option<Vec<String>> = texts.and_then(|items| items.into_iter().map(Value::string).collect());
    if texts.is_some() {
        settings.take("stopSequences");
    }
    texts.unwrap_or_default()
}

fn take_format(settings: &mut Fields<'_>) -> Option<ResponseFormat> {
    let written = settings.take("responseMimeType")?;
    let described = settings.take("responseSchema");
    let schema = settings.take_json("responseJsonSchema").or(settings.take_json("_responseJsonSchema"));
    let word = written.string();
    match (word.as_deref(), schema, described) {
        (Some(JSON), None, None) => Some(ResponseFormat::Json),
        (Some(JSON), schema, described) => Some(ResponseFormat::JsonSchema {
            name: None,
            description: None,
            schema: schema.or_else(|| described.map(schema::to_json_schema))?,
            strict: None,
        }),
        (Some(TEXT), None, None) => Some(ResponseFormat::Text),
        (_, schema, described) => Some(ResponseFormat::Other(Json::object(&Extra::new(), |format| {
            format.field("responseMimeType", written).optional("responseSchema", described);
            format.optional("responseJsonSchema", schema);
        }))),
    }
}
