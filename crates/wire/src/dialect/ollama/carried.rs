//! Options that an Ollama request carries, and the name that they are refused under.

use crate::dialect::shared::content;
use crate::encode::{Refusals, UnsupportedField};
use crate::model::{self, Request};
use crate::operation::EmbeddingRequest;
use crate::options::RequestOption::{
    Cache, Dimensions, FrequencyPenalty, InputType, Logprobs, MaxTokens, PresencePenalty, PromptCache,
    Reasoning, ResponseFormat, Seed, Stop, Temperature, ToolChoice, Tools, TopK, TopLogprobs, TopP,
};
use crate::options::{Carried, rules};
use crate::quirks::Quirks;

/// The name of the format in configuration.
pub(super) const NAME: &str = "ollama";

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
        TopLogprobs,
    ],
    rules: &[
        (ResponseFormat, json_format),
        (ResponseFormat, rules::schema_without_description),
        (ResponseFormat, rules::schema_always_strict),
        (Reasoning, rules::reasoning_in_words),
        (Reasoning, rules::reasoning_shown_as_it_is),
        (Reasoning, whether_to_think),
    ],
    noted: &[(Cache, rules::CACHES_BY_ITSELF), (PromptCache, rules::CACHES_BY_ITSELF)],
    ..Carried::NOTHING
};

pub(super) const EMBEDDINGS_CARRIED: Carried<EmbeddingRequest> = Carried {
    options: &[Dimensions],
    reasons: &[(InputType, rules::PURPOSE_IN_THE_TEXT)],
    ..Carried::NOTHING
};

fn json_format(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Result<(), UnsupportedField> {
    match request.response_format {
        Some(model::ResponseFormat::Other(_)) => {
            refusals.add("response_format", "a format is JSON or a JSON schema")
        }
        _ => Ok(()),
    }
}

/// Whether a model takes a word for how much to think: only gpt-oss does; the others take a boolean.
pub(super) fn takes_words(model: &str) -> bool {
    model.to_ascii_lowercase().contains("gpt-oss")
}

/// Most models take whether to think, not how much.
fn whether_to_think(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Result<(), UnsupportedField> {
    let effort = request.reasoning.as_ref().and_then(|reasoning| reasoning.effort.as_ref());
    if effort.is_some_and(|effort| *effort != model::Effort::None) && !takes_words(&request.model) {
        refusals.note("reasoning.effort", "this model takes whether to think, not how much");
    }
    Ok(())
}
