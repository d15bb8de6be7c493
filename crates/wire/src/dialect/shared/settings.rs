//! Settings that a dialect has no word for.

use super::functions::CACHES_BY_ITSELF;
use crate::encode::{Refusals, UnsupportedField};
use crate::model::{Request, ResponseFormat};
use crate::operation::EmbeddingRequest;

/// Whether a request asks for something; a setting at its neutral value does not.
type Asks = fn(&Request) -> bool;

/// What a dialect of one text for another may have no word for, but for the rare fields below.
const SETTINGS: [(&str, Asks); 14] = [
    ("tools", |request| !request.tools.is_empty()),
    ("tool_choice", |request| request.tool_choice.is_some() && !request.tools.is_empty()),
    ("response_format", |request| !matches!(request.response_format, None | Some(ResponseFormat::Text))),
    ("reasoning", |request| request.reasoning.is_some()),
    ("max_tokens", |request| request.max_tokens.is_some()),
    ("temperature", |request| request.temperature.is_some()),
    ("top_p", |request| request.top_p.is_some()),
    ("top_k", |request| request.top_k.is_some()),
    ("frequency_penalty", |request| request.frequency_penalty.is_some_and(|penalty| penalty != 0.0)),
    ("presence_penalty", |request| request.presence_penalty.is_some_and(|penalty| penalty != 0.0)),
    ("stop", |request| !request.stop.is_empty()),
    ("seed", |request| request.seed.is_some()),
    ("logprobs", |request| request.logprobs == Some(true)),
    ("top_logprobs", |request| request.top_logprobs.is_some_and(|count| count > 0)),
];

/// Refuses every setting that is not among `carried`, and the rare fields.
pub(crate) fn refuse_all_but(
    carried: &[&str],
    reason: &str,
    request: &Request,
    refusals: &mut Refusals,
) -> Result<(), UnsupportedField> {
    refuse_rare_fields(request, refusals)?;
    SETTINGS
        .iter()
        .filter(|(name, is_asked)| !carried.contains(name) && is_asked(request))
        .try_for_each(|(name, _)| refusals.add(*name, reason))
}

/// Refuses what asks for more than a provider can do that has one answer without labels, and whose caching is its own
/// business. Settings at their neutral value say nothing.
pub(crate) fn refuse_rare_fields(request: &Request, refusals: &mut Refusals) -> Result<(), UnsupportedField> {
    if request.n.is_some_and(|n| n != 1) {
        refusals.add("n", "one answer per request; send it several times")?;
    }
    if request.parallel_tool_calls == Some(false) {
        refusals.add("parallel_tool_calls", "several calls at once cannot be forbidden")?;
    }
    if !request.metadata.is_empty() {
        refusals.add("metadata", "requests have no labels")?;
    }
    if request.user.is_some() {
        refusals.add("user", "the user is not recorded")?;
    }
    if request.cache.is_some() {
        refusals.note("cache", CACHES_BY_ITSELF);
    }
    Ok(())
}

/// Refuses what providers of open models have no word for where vectors are asked of them.
pub(crate) fn refuse_input_type_and_user(
    request: &EmbeddingRequest,
    refusals: &mut Refusals,
) -> Result<(), UnsupportedField> {
    if request.input_type.is_some() {
        refusals.add("input_type", "a model that needs it takes it as words before the text")?;
    }
    if request.user.is_some() {
        refusals.add("user", "the user is not recorded")?;
    }
    Ok(())
}
