//! Options that a Responses request carries, and the name that they are refused under.

use crate::dialect::shared::content;
use crate::model::Request;
use crate::options::RequestOption::{
    Cache, FrequencyPenalty, Logprobs, MaxTokens, Metadata, ParallelToolCalls, PresencePenalty, PromptCache,
    Reasoning, ResponseFormat, SafetyIdentifier, Seed, ServiceTier, Stop, Temperature, ToolChoice, Tools,
    TopLogprobs, TopP, User, Verbosity,
};
use crate::options::{Carried, rules};
use crate::quirks::refuse;

/// The name of the format in configuration.
pub(super) const NAME: &str = "openai-responses";

pub(super) const CARRIED: Carried<Request> = Carried {
    content: Some(content::fit),
    options: &[
        Tools,
        ToolChoice,
        ParallelToolCalls,
        ResponseFormat,
        MaxTokens,
        Temperature,
        TopP,
        Logprobs,
        TopLogprobs,
        Metadata,
        User,
        SafetyIdentifier,
        ServiceTier,
        Verbosity,
        Cache,
        PromptCache,
    ],
    rules: &[
        (Tools, refuse::strict_tools),
        (ResponseFormat, refuse::strict_answer),
        (Reasoning, rules::reasoning_in_words),
    ],
    reasons: &[
        (FrequencyPenalty, "there are no penalties; use Chat Completions"),
        (PresencePenalty, "there are no penalties; use Chat Completions"),
        (Stop, "there are no stop texts; use Chat Completions"),
        (Seed, "sampling cannot be made repeatable; use Chat Completions"),
    ],
    ..Carried::NOTHING
};
