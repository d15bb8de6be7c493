//! Refusals of what a provider does not take of an option's value, and of fields that have no name in the model.
//!
//! Options that a provider does not take at all are refused by [`crate::options`]; messages are looked at where they are
//! written.

use super::{CacheControl, Feature, Quirks};
use crate::encode::{Refusals, UnsupportedField};
use crate::json::Extra;
use crate::model::{Request, ResponseFormat, ToolChoice, ToolKind};
use crate::operation::kind::OperationKind;
use crate::options::RequestOption;
use crate::schema::{self, Held};
use alloc::{borrow::Cow, borrow::ToOwned, format};

type Checked = Result<(), UnsupportedField>;

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

/// Refuses a chat with a provider that has none. Nothing would be left of the request, so it is not dropped either.
pub(crate) fn chat(quirks: &Quirks, refusals: &Refusals) -> Checked {
    if quirks.has(OperationKind::Chat) {
        return Ok(());
    }
    Err(refusals.refusal("messages", &quirks.reason("serves embeddings only; it has no chat completions")))
}

/// Refuses extra fields that the provider does not take; [`kept`] are the others.
pub(crate) fn extra_fields(quirks: &Quirks, request: &Request, refusals: &mut Refusals) -> Checked {
    for (name, feature) in EXTRA_FIELDS {
        if !quirks.supports(feature) && request.extra.get(name).is_some_and(|value| !value.value().is_null())
        {
            refusals.add(name, &quirks.reason("does not take it"))?;
        }
    }
    Ok(())
}

/// The extra fields without those that [`extra_fields`] refused.
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

/// `top_k` is not OpenAI's, but some providers have it.
pub(crate) fn top_k(request: &Request, quirks: &Quirks, refusals: &mut Refusals) -> Checked {
    if request.top_k.is_some() && !quirks.top_k { RequestOption::TopK.refuse(refusals) } else { Ok(()) }
}

/// A temperature has to be in the provider's range.
pub(crate) fn temperature(request: &Request, quirks: &Quirks, refusals: &mut Refusals) -> Checked {
    let Some(temperature) = request.temperature else { return Ok(()) };
    if temperature_fits(quirks, temperature) {
        return Ok(());
    }
    let range = quirks.temperature_max.map_or_else(|| "2".to_owned(), |most| format!("{most}"));
    let from = if quirks.temperature_above_zero { "above 0" } else { "from 0" };
    refusals.add("temperature", &quirks.reason(&format!("takes temperatures {from} to {range}")))
}

/// Whether the provider takes this temperature.
pub(crate) fn temperature_fits(quirks: &Quirks, temperature: f64) -> bool {
    quirks.temperature_max.is_none_or(|most| temperature <= most)
        && (temperature > 0.0 || !quirks.temperature_above_zero)
}

/// Where a provider caches by itself, that the prompt is to be cached is left out.
pub(crate) fn cache(request: &Request, quirks: &Quirks, refusals: &mut Refusals) -> Checked {
    if request.cache.is_some() && quirks.cache_control == CacheControl::Strip {
        refusals.note("cache", &quirks.reason("caches by itself"));
    }
    Ok(())
}

/// As [`cache`], of what stays the same from call to call. A key says it where there is one.
pub(crate) fn prompt_cache(request: &Request, quirks: &Quirks, refusals: &mut Refusals) -> Checked {
    let is_marked = quirks.prompt_cache_key || quirks.cache_control != CacheControl::Strip;
    if request.prompt_cache.is_some() && !is_marked {
        refusals.note("prompt_cache", &quirks.reason("caches by itself"));
    }
    Ok(())
}

/// Refuses kinds of tools.
pub(crate) fn tools(request: &Request, quirks: &Quirks, refusals: &mut Refusals) -> Checked {
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
    strict_tools(request, quirks, refusals)
}

/// Refuses that a tool is strict whose schema cannot be said in the provider's subset.
pub(crate) fn strict_tools(request: &Request, quirks: &Quirks, refusals: &mut Refusals) -> Checked {
    if !quirks.supports(Feature::Strict) {
        return Ok(());
    }
    schema::check_tools(schema::subset(quirks.strict_schema), request, refusals)
}

/// Refuses that an answer is strict whose schema cannot be said in the provider's subset.
pub(crate) fn strict_answer(request: &Request, quirks: &Quirks, refusals: &mut Refusals) -> Checked {
    if !quirks.takes_strict_answers(&request.model) {
        return Ok(());
    }
    schema::check_answer(schema::subset(quirks.strict_schema), Held::WhereStrict, request, refusals)
}

/// Refuses choices among tools.
pub(crate) fn tool_choice(request: &Request, quirks: &Quirks, refusals: &mut Refusals) -> Checked {
    let Some(choice) = &request.tool_choice else { return Ok(()) };
    let (feature, what) = match choice {
        ToolChoice::Auto | ToolChoice::Other(_) | ToolChoice::Subset { required: false, .. } => return Ok(()),
        ToolChoice::None => (Feature::ToolChoiceNone, "cannot be kept from calling tools; send none"),
        ToolChoice::Required | ToolChoice::Subset { required: true, .. } => {
            (Feature::ToolChoiceRequired, "cannot be made to call a tool")
        }
        ToolChoice::Named(_) => (Feature::ToolChoiceNamed, "cannot be made to call one tool"),
    };
    if !quirks.supports(Feature::ToolChoice) {
        return refusals.add("tool_choice", &quirks.reason("decides itself about its tools"));
    }
    if quirks.supports(feature) { Ok(()) } else { refusals.add("tool_choice", &quirks.reason(what)) }
}

/// Refuses formats of the answer.
///
/// That an answer is to be held to its schema is left out without a word: types ask for it by themselves, and what comes
/// is read against them in any case.
pub(crate) fn response_format(request: &Request, quirks: &Quirks, refusals: &mut Refusals) -> Checked {
    let (feature, what) = match &request.response_format {
        None | Some(ResponseFormat::Text | ResponseFormat::Other(_)) => return Ok(()),
        Some(ResponseFormat::Json) => (Feature::JsonObject, "answers no JSON without a schema; give it one"),
        Some(ResponseFormat::JsonSchema { .. }) => {
            (Feature::JsonSchema, "takes no schema of its answer; ask for any JSON")
        }
    };
    if !quirks.supports(feature) {
        return refusals.add("response_format", &quirks.reason(what));
    }
    if !request.tools.is_empty() && !quirks.supports(Feature::JsonWithTools) {
        let what = "takes tools or a format of its answer, not both";
        return refusals.add("response_format", &quirks.reason(what));
    }
    strict_answer(request, quirks, refusals)
}
