//! Features that a provider may refuse, each a word of its row.
//!
//! `build.rs` compiles this file as well, as it does `flags.rs`.

use serde::{Deserialize, Serialize};

/// What a provider may refuse. Most are fields of a request in our words; the others say what of a field is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// More than one answer.
    N,
    /// A seed.
    Seed,
    /// Stop sequences.
    Stop,
    /// Log probabilities.
    Logprobs,
    /// Log probabilities of other tokens.
    TopLogprobs,
    /// A penalty on frequent tokens.
    FrequencyPenalty,
    /// A penalty on tokens that have occurred.
    PresencePenalty,
    /// A bias for tokens by id.
    LogitBias,
    /// A temperature.
    Temperature,
    /// Nucleus sampling.
    TopP,
    /// Stream options: usage is then not asked for.
    StreamOptions,
    /// Tools of any kind.
    Tools,
    /// Tools that take free text.
    CustomTools,
    /// Any choice among tools but the model's own.
    ToolChoice,
    /// That no tool may be called.
    ToolChoiceNone,
    /// That some tool must be called.
    ToolChoiceRequired,
    /// That one tool must be called.
    ToolChoiceNamed,
    /// That only some of the tools may be called: the others are then not declared.
    ToolChoiceSubset,
    /// Whether several tools may be called at once.
    ParallelToolCalls,
    /// An answer that is any JSON object.
    JsonObject,
    /// An answer that follows a schema.
    JsonSchema,
    /// Tools and an answer's shape in one request.
    JsonWithTools,
    /// That a schema is to be held to: left out; of tools, listed as such.
    Strict,
    /// The developer's role: it becomes the system's.
    DeveloperRole,
    /// The name of a participant: left out, and listed as such.
    Name,
    /// Content in parts: texts are joined, anything else is refused.
    ContentParts,
    /// Content in parts in a tool's result: texts are joined.
    ToolContentParts,
    /// Refusals as a part of their own: they become text.
    Refusals,
    /// Images in messages.
    Images,
    /// Audio in messages.
    Audio,
    /// Documents in messages.
    Documents,
    /// The reasoning effort, in words.
    ReasoningEffort,
    /// Metadata labels.
    Metadata,
    /// The end user's id.
    User,
    /// The end user's id for OpenAI's checks.
    SafetyIdentifier,
    /// A service tier.
    ServiceTier,
    /// That the answer is stored.
    Store,
    /// The verbosity of the answer, in words.
    Verbosity,
    /// A predicted output.
    Prediction,
    /// The modalities of the answer.
    Modalities,
    /// Options of a web search.
    WebSearchOptions,
    /// Caching of the prompt, also by itself.
    PromptCache,
    /// A search of the web that the provider makes itself.
    WebSearch,
    /// Fetching of pages that the provider does itself.
    WebFetch,
    /// Code that the provider runs itself.
    CodeExecution,
    /// The length of embeddings.
    Dimensions,
    /// The size of generated images.
    ImageSize,
}
