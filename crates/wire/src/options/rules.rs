//! Rules about the values of options, and their reasons, that several dialects or providers have in common.

use crate::encode::{Refusals, UnsupportedField};
use crate::model::{ReasoningRequest, Request, ResponseFormat};
use crate::quirks::Quirks;

type Checked = Result<(), UnsupportedField>;

/// Why there is no `top_k`.
pub(crate) const NO_TOP_K: &str = "use top_p; a provider that has top_k takes it as an extra field";
/// Why a place of the prompt, or all of it, is not marked for caching.
pub(crate) const CACHES_BY_ITSELF: &str = "prompts are cached without breakpoints";
/// Why the purpose of embeddings has no field.
pub(crate) const PURPOSE_IN_THE_TEXT: &str = "a model that needs it takes it as words before the text";
/// Why a tool that takes free text cannot be declared.
pub(crate) const JSON_TOOLS: &str = "tools take JSON here; give the tool a schema";
/// Why a model refuses sampling options.
pub(crate) const NO_SAMPLING: &str = "this model takes no sampling settings";

/// Sampling goes from 0 to 1.
pub(crate) fn temperature_up_to_one(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Checked {
    match request.temperature {
        Some(temperature) if temperature > 1.0 => refusals.add("temperature", "it goes from 0 to 1"),
        _ => Ok(()),
    }
}

/// An answer in JSON is one that follows a schema.
pub(crate) fn json_by_schema(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Checked {
    match request.response_format {
        Some(ResponseFormat::Json) => refusals.add("response_format", "JSON needs a schema here; give one"),
        _ => Ok(()),
    }
}

/// A schema has no description.
pub(crate) fn schema_without_description(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Checked {
    match request.response_format {
        Some(ResponseFormat::JsonSchema { description: Some(_), .. }) => {
            refusals.add("response_format.description", "put the description into the schema")
        }
        _ => Ok(()),
    }
}

/// A schema is one that the model is held to.
pub(crate) fn schema_always_strict(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Checked {
    match request.response_format {
        Some(ResponseFormat::JsonSchema { strict: Some(false), .. }) => {
            refusals.add("response_format.strict", "the model is always held to the schema")
        }
        _ => Ok(()),
    }
}

/// How much to think is said in words, not in tokens.
pub(crate) fn reasoning_in_words(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Checked {
    request.reasoning.as_ref().map_or(Ok(()), |reasoning| in_words(reasoning, refusals))
}

/// As [`reasoning_in_words`].
pub(crate) fn in_words(reasoning: &ReasoningRequest, refusals: &mut Refusals) -> Checked {
    match reasoning.budget_tokens {
        Some(_) => {
            refusals.add("reasoning.budget_tokens", "thinking is asked for in words: use reasoning.effort")
        }
        None => Ok(()),
    }
}

/// What is shown of the reasoning cannot be chosen.
pub(crate) fn reasoning_shown_as_it_is(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Checked {
    request.reasoning.as_ref().map_or(Ok(()), |reasoning| shown_as_it_is(reasoning, refusals))
}

/// As [`reasoning_shown_as_it_is`].
pub(crate) fn shown_as_it_is(reasoning: &ReasoningRequest, refusals: &mut Refusals) -> Checked {
    match reasoning.display {
        Some(_) => {
            refusals.add("reasoning.display", "what is shown of the reasoning is the provider's choice")
        }
        None => Ok(()),
    }
}
