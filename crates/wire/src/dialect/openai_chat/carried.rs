//! Options that Chat Completions and the other endpoints of this form carry, and the name that they are refused under.
//!
//! Most rules ask the provider's quirks: many providers speak this form, and none takes all of it.

use crate::dialect::shared::content;
use crate::encode::{Refusals, UnsupportedField};
use crate::model::Request;
use crate::operation::{
    self, EmbeddingRequest, ImageRequest, RerankRequest, SpeechRequest, TranscriptionRequest,
};
use crate::options::Carried;
use crate::options::RequestOption::{
    Cache, Dimensions, FrequencyPenalty, InputType, Instructions, Language, Logprobs, MaxTokens, Metadata, N,
    ParallelToolCalls, PresencePenalty, Prompt, PromptCache, Quality, Reasoning, ResponseFormat,
    SafetyIdentifier, Seed, ServiceTier, Size, Speed, Stop, Temperature, ToolChoice, Tools, TopK,
    TopLogprobs, TopN, TopP, User, Verbosity,
};
use crate::quirks::{EmbeddingPurposes, Quirks, reasoning, refuse};

type Checked = Result<(), UnsupportedField>;

/// The name of the format in configuration.
pub(super) const NAME: &str = "openai-chat";

pub(super) const CARRIED: Carried<Request> = Carried {
    content: Some(content::fit),
    options: &[
        ParallelToolCalls,
        MaxTokens,
        TopP,
        FrequencyPenalty,
        PresencePenalty,
        Stop,
        Seed,
        N,
        Logprobs,
        TopLogprobs,
        Metadata,
        User,
        SafetyIdentifier,
        ServiceTier,
        Verbosity,
    ],
    rules: &[
        (Tools, refuse::tools),
        (ToolChoice, refuse::tool_choice),
        (ResponseFormat, refuse::response_format),
        (Reasoning, reasoning::refuse),
        (Temperature, refuse::temperature),
        (TopK, refuse::top_k),
        (Cache, refuse::cache),
        (PromptCache, refuse::prompt_cache),
    ],
    ..Carried::NOTHING
};

pub(super) const EMBEDDINGS_CARRIED: Carried<EmbeddingRequest> =
    Carried { options: &[Dimensions, User], rules: &[(InputType, input_type)], ..Carried::NOTHING };

pub(super) const RERANK_CARRIED: Carried<RerankRequest> = Carried { options: &[TopN], ..Carried::NOTHING };

pub(super) const IMAGES_CARRIED: Carried<ImageRequest> = Carried {
    options: &[N, Size, Quality],
    rules: &[(ResponseFormat, images_that_always_come_along)],
    ..Carried::NOTHING
};

pub(super) const SPEECH_CARRIED: Carried<SpeechRequest> = Carried {
    options: &[ResponseFormat, Speed],
    rules: &[(Instructions, speech_without_instructions)],
    ..Carried::NOTHING
};

pub(super) const TRANSCRIPTION_CARRIED: Carried<TranscriptionRequest> = Carried {
    options: &[Language, Prompt, Temperature],
    rules: &[(ResponseFormat, transcripts_in_json)],
    ..Carried::NOTHING
};

fn input_type(request: &EmbeddingRequest, quirks: &Quirks, refusals: &mut Refusals) -> Checked {
    if request.input_type.is_some() && purpose(request, quirks).is_none() {
        return InputType.refuse(refusals);
    }
    Ok(())
}

/// The provider's word for what embeddings are for; a caller's own word goes as it is where there are any.
pub(super) fn purpose<'a>(request: &'a EmbeddingRequest, quirks: &Quirks) -> Option<&'a str> {
    let document = match quirks.embedding_purposes {
        EmbeddingPurposes::None => return None,
        EmbeddingPurposes::Document => "document",
        EmbeddingPurposes::Passage => "passage",
    };
    match request.input_type.as_ref()? {
        operation::InputType::Query => Some("query"),
        operation::InputType::Document => Some(document),
        operation::InputType::Other(word) => Some(word),
        operation::InputType::Classification
        | operation::InputType::Clustering
        | operation::InputType::Similarity => None,
    }
}

fn images_that_always_come_along(request: &ImageRequest, _: &Quirks, refusals: &mut Refusals) -> Checked {
    if request.response_format.is_some() && last_part(&request.model).starts_with("gpt-image") {
        return refusals.add("response_format", "this model's images always come with the answer");
    }
    Ok(())
}

fn speech_without_instructions(request: &SpeechRequest, _: &Quirks, refusals: &mut Refusals) -> Checked {
    if request.instructions.is_some() && matches!(last_part(&request.model), "tts-1" | "tts-1-hd") {
        return refusals.add("instructions", "this model takes no instructions on how to speak");
    }
    Ok(())
}

fn transcripts_in_json(request: &TranscriptionRequest, _: &Quirks, refusals: &mut Refusals) -> Checked {
    let only_json = matches!(last_part(&request.model), "gpt-4o-transcribe" | "gpt-4o-mini-transcribe");
    match request.response_format.as_deref() {
        Some(format) if only_json && format != "json" => {
            refusals.add("response_format", "this model answers JSON only")
        }
        _ => Ok(()),
    }
}

/// The model's name without the vendor's, which routers write before it: `openai/tts-1`. What a model of OpenAI's refuses
/// is refused by its name (OpenAI's API reference, "Create image", "Create speech", "Create transcription"); behind a
/// deployment's own name the provider refuses it itself.
fn last_part(model: &str) -> &str {
    model.rsplit('/').next().unwrap_or(model)
}
