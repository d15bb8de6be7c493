//! What of a request a provider refuses, by name: found before anything is written.
//!
//! Messages are looked at where they are written; this is about everything beside them.

use super::{Feature, Quirks, reasoning};
use crate::encode::{Refusals, UnsupportedField};
use crate::json::Extra;
use crate::model::{Request, ResponseFormat, ToolChoice, ToolKind};
use alloc::{borrow::Cow, borrow::ToOwned, format};

/// Fields of OpenAI's that have no name in the model, and what they are refused as.
const EXTRA_FIELDS: [(&str, Feature); 7] = [
    ("logit_bias", Feature::LogitBias),
    ("service_tier", Feature::ServiceTier),
    ("store", Feature::Store),
    ("verbosity", Feature::Verbosity),
    ("prediction", Feature::Prediction),
    ("modalities", Feature::Modalities),
    ("web_search_options", Feature::WebSearchOptions),
];

/// Refuses, or notes as dropped, what the provider does not take.
pub(crate) fn refuse(
    quirks: &Quirks,
    request: &Request,
    refusals: &mut Refusals,
) -> Result<(), UnsupportedField> {
    let has = |feature| !quirks.supports(feature);
    if has(Feature::Chat) {
        // Nothing would be left of the request without them, so they are not dropped either.
        return Err(refusals.refusal("messages", &quirks.reason("does not chat; it makes vectors")));
    }
    let mut refuse = |field: &str, what: &str| refusals.add(field, &quirks.reason(what));
    let settings = [
        (
            Feature::N,
            "n",
            request.n.is_some_and(|n| n != 1),
            "gives one answer per request; send it several times",
        ),
        (Feature::Seed, "seed", request.seed.is_some(), "cannot make sampling repeatable"),
        (Feature::Stop, "stop", !request.stop.is_empty(), "takes no stop texts"),
        (Feature::Logprobs, "logprobs", request.logprobs == Some(true), "reports no log probabilities"),
        (
            Feature::TopLogprobs,
            "top_logprobs",
            request.top_logprobs.is_some_and(|count| count > 0),
            "reports no log probabilities of other tokens",
        ),
        (
            Feature::FrequencyPenalty,
            "frequency_penalty",
            request.frequency_penalty.is_some_and(|penalty| penalty != 0.0),
            "has no such penalty",
        ),
        (
            Feature::PresencePenalty,
            "presence_penalty",
            request.presence_penalty.is_some_and(|penalty| penalty != 0.0),
            "has no such penalty",
        ),
        (Feature::Temperature, "temperature", request.temperature.is_some(), "takes no temperature"),
        (Feature::TopP, "top_p", request.top_p.is_some(), "takes no top_p"),
        (Feature::Tools, "tools", !request.tools.is_empty(), "calls no tools"),
        (
            Feature::ParallelToolCalls,
            "parallel_tool_calls",
            request.parallel_tool_calls == Some(false),
            "decides itself how many tools are called at once",
        ),
        (Feature::Metadata, "metadata", !request.metadata.is_empty(), "keeps no labels"),
        (Feature::User, "user", request.user.is_some(), "takes no id of the end user"),
    ];
    for (feature, field, is_used, what) in settings {
        if is_used && has(feature) {
            refuse(field, what)?;
        }
    }
    if request.top_k.is_some() && !quirks.top_k {
        refusals.add("top_k", "use top_p; a provider that has top_k takes it as an extra field")?;
    }
    if let Some(temperature) = request.temperature
        && !temperature_fits(quirks, temperature)
    {
        let range = quirks.temperature_max.map_or_else(|| "2".to_owned(), |most| format!("{most}"));
        let from = if quirks.temperature_above_zero { "above 0" } else { "from 0" };
        refusals.add("temperature", &quirks.reason(&format!("takes temperatures {from} to {range}")))?;
    }
    if quirks.supports(Feature::Tools) {
        refuse_tools(quirks, request, refusals)?;
    }
    refuse_format(quirks, request, refusals)?;
    if let Some(reasoning) = &request.reasoning {
        reasoning::refuse(quirks, reasoning, refusals)?;
    }
    for (name, feature) in EXTRA_FIELDS {
        if !quirks.supports(feature) && request.extra.get(name).is_some_and(|value| !value.value().is_null())
        {
            refusals.add(name, &quirks.reason("does not take it"))?;
        }
    }
    Ok(())
}

/// Whether the provider takes this temperature.
pub(crate) fn temperature_fits(quirks: &Quirks, temperature: f64) -> bool {
    quirks.temperature_max.is_none_or(|most| temperature <= most)
        && (temperature > 0.0 || !quirks.temperature_above_zero)
}

fn refuse_tools(quirks: &Quirks, request: &Request, refusals: &mut Refusals) -> Result<(), UnsupportedField> {
    let mut strict = false;
    for (position, tool) in request.tools.iter().enumerate() {
        match &tool.kind {
            ToolKind::Custom { .. } if !quirks.supports(Feature::CustomTools) => {
                let reason = quirks.reason("gives its tools JSON; give the tool a schema");
                refusals.add(format!("tools[{position}]"), &reason)?;
            }
            ToolKind::Function { strict: Some(true), .. } => strict = true,
            _ => {}
        }
    }
    if strict && !quirks.supports(Feature::Strict) {
        refusals.note("tools.strict", &quirks.reason("is not held to the schemas of tools"));
    }
    if let Some(choice) = &request.tool_choice
        && let Some(what) = refused_choice(quirks, choice)
    {
        refusals.add("tool_choice", &quirks.reason(what))?;
    }
    Ok(())
}

/// Why `choice` is refused, where it is.
pub(crate) fn refused_choice(quirks: &Quirks, choice: &ToolChoice) -> Option<&'static str> {
    let (feature, what) = match choice {
        ToolChoice::Auto | ToolChoice::Other(_) | ToolChoice::Subset { required: false, .. } => return None,
        ToolChoice::None => (Feature::ToolChoiceNone, "cannot be kept from calling tools; send none"),
        ToolChoice::Required | ToolChoice::Subset { required: true, .. } => {
            (Feature::ToolChoiceRequired, "cannot be made to call a tool")
        }
        ToolChoice::Named(_) => (Feature::ToolChoiceNamed, "cannot be made to call one tool"),
    };
    if !quirks.supports(Feature::ToolChoice) {
        return Some("decides itself about its tools");
    }
    (!quirks.supports(feature)).then_some(what)
}

/// That an answer is to be held to its schema is left out without a word: types ask for it by themselves, and what comes
/// is read against them in any case.
fn refuse_format(
    quirks: &Quirks,
    request: &Request,
    refusals: &mut Refusals,
) -> Result<(), UnsupportedField> {
    let Some(format) = &request.response_format else { return Ok(()) };
    if let Some(what) = refused_format(quirks, format, !request.tools.is_empty()) {
        return refusals.add("response_format", &quirks.reason(what));
    }
    Ok(())
}

/// Why `format` is refused, where it is.
pub(crate) fn refused_format(
    quirks: &Quirks,
    format: &ResponseFormat,
    with_tools: bool,
) -> Option<&'static str> {
    let (feature, what) = match format {
        ResponseFormat::Text | ResponseFormat::Other(_) => return None,
        ResponseFormat::Json => (Feature::JsonObject, "answers no JSON without a schema; give it one"),
        ResponseFormat::JsonSchema { .. } => {
            (Feature::JsonSchema, "takes no schema of its answer; ask for any JSON")
        }
    };
    if !quirks.supports(feature) {
        return Some(what);
    }
    (with_tools && !quirks.supports(Feature::JsonWithTools))
        .then_some("takes tools or a format of its answer, not both")
}

/// The extra fields without those that [`refuse`] refused.
pub(crate) fn kept<'a>(quirks: &Quirks, extra: &'a Extra) -> Cow<'a, Extra> {
    let mut kept = Cow::Borrowed(extra);
    let own = EXTRA_FIELDS.iter().copied().chain([("stream_options", Feature::StreamOptions)]);
    for (name, feature) in own {
        if !quirks.supports(feature) && extra.get(name).is_some() {
            kept.to_mut().remove(name);
        }
    }
    kept
}
