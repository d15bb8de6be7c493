//! Options that a Cohere request carries, and the name that they are refused under.

use crate::dialect::shared::content;
use crate::encode::{Refusals, UnsupportedField};
use crate::model::Request;
use crate::operation::{self, EmbeddingRequest};
use crate::options::RequestOption::{
    Cache, Dimensions, FrequencyPenalty, InputType, Logprobs, MaxTokens, PresencePenalty, PromptCache,
    Reasoning, ResponseFormat, Seed, Stop, Temperature, ToolChoice, Tools, TopK, TopP,
};
use crate::options::{Carried, rules};
use crate::quirks::Quirks;
use crate::schema::{self, Held};

/// The name of the format in configuration.
pub(super) const NAME: &str = "cohere";

pub(super) const CARRIED: Carried<Request> = Carried {
    content: Some(content::fit),
    options: &[
        Tools,
        ToolChoice,
        MaxTokens,
        Temperature,
        TopP,
        TopK,
        FrequencyPenalty,
        PresencePenalty,
        Stop,
        Seed,
        Logprobs,
    ],
    rules: &[
        (Tools, strict_tools),
        (ResponseFormat, rules::schema_without_description),
        (ResponseFormat, rules::schema_always_strict),
        (ResponseFormat, schema_in_subset),
        (Reasoning, rules::reasoning_shown_as_it_is),
    ],
    noted: &[(Cache, rules::CACHES_BY_ITSELF), (PromptCache, rules::CACHES_BY_ITSELF)],
    ..Carried::NOTHING
};

pub(super) const EMBEDDINGS_CARRIED: Carried<EmbeddingRequest> =
    Carried { options: &[Dimensions], rules: &[(InputType, input_type)], ..Carried::NOTHING };

fn strict_tools(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Result<(), UnsupportedField> {
    schema::check_tools(&schema::COHERE, request, refusals)
}

fn schema_in_subset(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Result<(), UnsupportedField> {
    schema::check_answer(&schema::COHERE, Held::Always, request, refusals)
}

fn input_type(
    request: &EmbeddingRequest,
    _: &Quirks,
    refusals: &mut Refusals,
) -> Result<(), UnsupportedField> {
    if request.input_type == Some(operation::InputType::Similarity) {
        return refusals.add("input_type", "embeddings are for search, classification or clustering");
    }
    Ok(())
}
