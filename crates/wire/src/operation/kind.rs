//! Operation names: what a provider can be asked for, in the words of `providers.toml` and of the configuration.
//!
//! `build.rs` compiles this file as well, so that both know the same names.

use serde::{Deserialize, Serialize};

/// What a provider can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// A chat completion, whole or streamed.
    Chat,
    /// Embeddings of texts.
    Embeddings,
    /// A ranking of documents by relevance to a query.
    Reranking,
    /// Images made from a prompt.
    Images,
    /// Speech made from text.
    Speech,
    /// The text of a recording.
    Transcription,
    /// The number of tokens in a prompt, as the provider counts them.
    TokenCounting,
    /// The list of the provider's models.
    ModelListing,
}

impl OperationKind {
    /// Every operation.
    pub const ALL: [Self; 8] = [
        Self::Chat,
        Self::Embeddings,
        Self::Reranking,
        Self::Images,
        Self::Speech,
        Self::Transcription,
        Self::TokenCounting,
        Self::ModelListing,
    ];

    /// The client's method for it, which is its name in errors and in lists of what a provider has.
    pub const fn method(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Embeddings => "embed",
            Self::Reranking => "rerank",
            Self::Images => "images.generate",
            Self::Speech => "audio.speech",
            Self::Transcription => "audio.transcribe",
            Self::TokenCounting => "count_tokens",
            Self::ModelListing => "models",
        }
    }
}
