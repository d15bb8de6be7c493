//! Options that a generateContent request carries.
//!
//! Left out without a word, because nothing is lost: the name of a response format, that it is strict (it always is),
//! and automatic caching of the whole prompt, which needs no asking.

use super::model_name::Family;
use super::thinking::{self, Thinking};
use super::{generation, tools};
use crate::dialect::shared::content;
use crate::encode::{Refusals, UnsupportedField};
use crate::model::{self, Request};
use crate::operation::EmbeddingRequest;
use crate::options::RequestOption::{
    Cache, Dimensions, FrequencyPenalty, InputType, Logprobs, MaxTokens, Metadata, N, PresencePenalty,
    PromptCache, Reasoning, ResponseFormat, Seed, ServiceTier, Stop, Temperature, ToolChoice, Tools, TopK,
    TopLogprobs, TopP,
};
use crate::options::{Carried, rules};
use crate::quirks::Quirks;
use crate::schema::{self, Held};
use alloc::format;

type Checked = Result<(), UnsupportedField>;

fn schema_in_subset(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Checked {
    schema::check_answer(&schema::GEMINI, Held::Always, request, refusals)
}

pub(super) const CARRIED: Carried<Request> = Carried {
    content: Some(content::fit),
    options: &[
        MaxTokens,
        Temperature,
        TopP,
        TopK,
        FrequencyPenalty,
        PresencePenalty,
        Stop,
        Seed,
        N,
        Logprobs,
        TopLogprobs,
        ServiceTier,
    ],
    rules: &[
        (Tools, tools::check),
        (ToolChoice, tools::check_choice),
        (ResponseFormat, rules::schema_without_description),
        (ResponseFormat, rules::schema_always_strict),
        (ResponseFormat, schema_in_subset),
        (ResponseFormat, format_of_its_own),
        (Reasoning, reasoning),
        (Metadata, no_labels),
        (Cache, cached_by_itself),
    ],
    noted: &[(PromptCache, rules::CACHES_BY_ITSELF)],
    ..Carried::NOTHING
};

pub(super) const EMBEDDINGS_CARRIED: Carried<EmbeddingRequest> =
    Carried { options: &[Dimensions, InputType], ..Carried::NOTHING };

fn format_of_its_own(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Checked {
    match &request.response_format {
        Some(model::ResponseFormat::Other(whole)) if generation::own_format(whole).is_none() => {
            refusals.add("response_format", "a format that only another provider knows")
        }
        Some(model::ResponseFormat::Json) if Family::from_model(&request.model).is_gemma => {
            refusals.add("response_format", "Gemma models have no JSON mode; say it in the prompt")
        }
        _ => Ok(()),
    }
}

fn reasoning(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Checked {
    match thinking::plan(request) {
        Thinking::Unsupported(reason) => refusals.add("reasoning", reason),
        _ => Ok(()),
    }
}

fn no_labels(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Checked {
    request.metadata.iter().try_for_each(|(name, _)| {
        refusals.add(
            format!("provider_metadata.{name}"),
            "there is none; on Vertex, pass `labels` as an extra field",
        )
    })
}

fn cached_by_itself(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Checked {
    if request.cache.as_ref().is_some_and(|cache| cache.lifetime.is_some()) {
        let reason = "prompts are cached by themselves, for as long as the provider pleases";
        refusals.note("cache.lifetime", reason);
    }
    Ok(())
}
