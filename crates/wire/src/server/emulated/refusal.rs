//! Refusals: which fields of a request a provider rejects, read from the JSON of its body.

use crate::json::{Fields, Json, Value};
use crate::model::{ErrorKind, ProviderError};
use crate::quirks::{
    Feature, MaxTokensParameter, NamedChoice, Quirks, RequiredWord, refuse::temperature_fits, schema, tool_id,
};
use alloc::{borrow::Cow, format, string::String};

/// Why the provider refuses the request with this body, as the error it answers; `None` where it takes it, and where
/// the body is not an object.
pub(super) fn refusal(quirks: &Quirks, body: &[u8]) -> Option<ProviderError> {
    let fields = Fields::parse(body).ok()?;
    let refused =
        settings(quirks, &fields).or_else(|| tools(quirks, &fields)).or_else(|| messages(quirks, &fields))?;
    let mut error = ProviderError::new(ErrorKind::InvalidRequest, refused.why);
    error.param = Some(refused.param);
    error.code = Some("unsupported_parameter".into());
    Some(error)
}

struct Refused {
    param: String,
    why: String,
}

fn refused(param: impl Into<String>, why: &str) -> Refused {
    let param = param.into();
    Refused { why: format!("Unsupported parameter: '{param}' {why}."), param }
}

/// Whether a field asks for anything but the default.
fn says(value: Value<'_>) -> bool {
    !matches!(value.text(), "null" | "false" | "[]" | "{}" | "0" | "0.0")
}

fn settings(quirks: &Quirks, fields: &Fields<'_>) -> Option<Refused> {
    let names: [(Feature, &str); 24] = [
        (Feature::N, "n"),
        (Feature::Seed, "seed"),
        (Feature::Stop, "stop"),
        (Feature::Logprobs, "logprobs"),
        (Feature::TopLogprobs, "top_logprobs"),
        (Feature::FrequencyPenalty, "frequency_penalty"),
        (Feature::PresencePenalty, "presence_penalty"),
        (Feature::LogitBias, "logit_bias"),
        (Feature::Temperature, "temperature"),
        (Feature::TopP, "top_p"),
        (Feature::StreamOptions, "stream_options"),
        (Feature::Tools, "tools"),
        (Feature::ToolChoice, "tool_choice"),
        (Feature::ParallelToolCalls, "parallel_tool_calls"),
        (Feature::ReasoningEffort, "reasoning_effort"),
        (Feature::Metadata, "metadata"),
        (Feature::User, "user"),
        (Feature::ServiceTier, "service_tier"),
        (Feature::Store, "store"),
        (Feature::Verbosity, "verbosity"),
        (Feature::Prediction, "prediction"),
        (Feature::Modalities, "modalities"),
        (Feature::WebSearchOptions, "web_search_options"),
        (Feature::Strict, "strict"),
    ];
    for (feature, name) in names {
        let is_one = |value: Value<'_>| feature == Feature::N && value.u64() == Some(1);
        if !quirks.supports(feature) && fields.get(name).is_some_and(|value| says(value) && !is_one(value)) {
            return Some(refused(name, "is not supported"));
        }
    }
    if quirks.max_tokens_parameter == MaxTokensParameter::MaxTokens
        && fields.get("max_completion_tokens").is_some()
    {
        return Some(refused("max_completion_tokens", "is not supported, use 'max_tokens'"));
    }
    if !quirks.seed_parameter.is_empty() && fields.get("seed").is_some() {
        return Some(refused("seed", "is not supported"));
    }
    // Nobody's quirks say nothing about what else is known.
    if !quirks.provider.is_empty() && !quirks.top_k && fields.get("top_k").is_some() {
        return Some(refused("top_k", "is not supported"));
    }
    let temperature = fields.get("temperature").and_then(Value::f64);
    if temperature.is_some_and(|temperature| !temperature_fits(quirks, temperature)) {
        return Some(refused("temperature", "is out of range"));
    }
    let format = fields.get("response_format").and_then(Value::object);
    let format_type = format.as_ref().and_then(|format| format.get("type")).and_then(Value::string);
    let feature = match format_type.as_deref() {
        Some("json_object") => Feature::JsonObject,
        Some("json_schema") => Feature::JsonSchema,
        _ => return None,
    };
    let with_tools = fields.get("tools").is_some_and(says) && !quirks.supports(Feature::JsonWithTools);
    if with_tools || !quirks.supports(feature) {
        return Some(refused("response_format", "is not supported"));
    }
    let inner = format?.get("json_schema")?.object()?;
    schema_refused(quirks, "response_format.json_schema", &inner, "schema", schema::fit_answer)
}

/// Why the schema under `name` is refused, which `fit` would make right, or that it is to be held to.
fn schema_refused(
    quirks: &Quirks,
    place: &str,
    fields: &Fields<'_>,
    name: &str,
    fit: for<'a> fn(&Quirks, &'a Json) -> Cow<'a, Json>,
) -> Option<Refused> {
    if !quirks.supports(Feature::Strict) && fields.get("strict").is_some() {
        return Some(refused(format!("{place}.strict"), "is not supported"));
    }
    let schema = fields.get(name)?.to_json();
    // However it is written: many clients put a space after each comma.
    (!fit(quirks, &schema).value().means(schema.value()))
        .then(|| refused(format!("{place}.{name}"), "has keywords that are not supported"))
}

fn tools(quirks: &Quirks, fields: &Fields<'_>) -> Option<Refused> {
    for (position, tool) in
        fields.get("tools").and_then(Value::array).unwrap_or_default().into_iter().enumerate()
    {
        let Some(tool) = tool.object() else { continue };
        if tool.get("custom").is_some() && !quirks.supports(Feature::CustomTools) {
            return Some(refused(format!("tools[{position}].type"), "must be 'function'"));
        }
        let Some(function) = tool.get("function").and_then(Value::object) else { continue };
        let place = format!("tools[{position}].function");
        if let Some(refused) = schema_refused(quirks, &place, &function, "parameters", schema::fit) {
            return Some(refused);
        }
    }
    let choice = fields.get("tool_choice")?;
    let word = match quirks.required_word {
        RequiredWord::Required => "required",
        RequiredWord::Any => "any",
    };
    let is_refused = match choice.string().as_deref() {
        Some("auto") => false,
        Some("none") => !quirks.supports(Feature::ToolChoiceNone),
        Some("required" | "any") if !quirks.supports(Feature::ToolChoiceRequired) => true,
        Some(other) => other != word,
        None => {
            let choice_type = choice.object().and_then(|choice| choice.get("type")?.string());
            if choice_type.as_deref() == Some("allowed_tools") {
                !quirks.supports(Feature::ToolChoiceSubset)
            } else {
                !quirks.supports(Feature::ToolChoiceNamed) || quirks.named_choice == NamedChoice::OnlyTool
            }
        }
    };
    is_refused.then(|| refused("tool_choice", "has a value that is not supported"))
}

fn messages(quirks: &Quirks, fields: &Fields<'_>) -> Option<Refused> {
    let mut before = String::new();
    for (position, message) in
        fields.get("messages").and_then(Value::array).unwrap_or_default().into_iter().enumerate()
    {
        let Some(message) = message.object() else { continue };
        let role = message.get("role").and_then(Value::string).unwrap_or_default();
        let place = |name: &str| format!("messages[{position}].{name}");
        if role == "developer" && !quirks.supports(Feature::DeveloperRole) {
            return Some(refused(place("role"), "must be 'system', 'user', 'assistant' or 'tool'"));
        }
        if quirks.alternate_roles && role == before {
            return Some(refused(place("role"), "must alternate between 'user' and 'assistant'"));
        }
        let parts = if role == "tool" { Feature::ToolContentParts } else { Feature::ContentParts };
        if !quirks.supports(parts) && message.get("content").is_some_and(Value::is_array) {
            return Some(refused(place("content"), "must be a string"));
        }
        // In a result it is the tool's, which Mistral's own client sends.
        if role != "tool" && !quirks.supports(Feature::Name) && message.get("name").is_some() {
            return Some(refused(place("name"), "is not supported"));
        }
        if quirks.drop_null_keys && message.iter().any(|(name, value)| value.is_null() && name != "content") {
            return Some(refused(format!("messages[{position}]"), "has keys that are null"));
        }
        let calls = message.get("tool_calls").and_then(Value::array).unwrap_or_default();
        let mut ids = calls
            .into_iter()
            .filter_map(|call| call.object()?.get("id")?.string())
            .chain(message.get("tool_call_id").and_then(Value::string));
        if ids.any(|id| !tool_id::is_right(quirks.tool_id_rule, &id)) {
            return Some(refused(place("tool_calls"), "has an id that is not nine letters and digits"));
        }
        before = role;
    }
    None
}
