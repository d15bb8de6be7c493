//! What providers do beside chat, each as small as a chat dialect is large: a neutral request and answer, and a trait
//! that a dialect which has the operation implements in both directions.

mod embedding;
mod listing;
mod media;
mod rerank;
mod token_count;

pub use embedding::{EmbeddingRequest, EmbeddingResponse, Embeddings, InputType, Vectors};
pub use listing::{ModelInfo, ModelListing, ModelPage};
pub(crate) use listing::{OpenAiListing, decode_list};
pub use media::{Image, ImageRequest, ImageResponse, Media, SpeechRequest, Transcript, TranscriptionRequest};
pub use rerank::{RankedDocument, RerankRequest, RerankResponse, Reranking};
pub use token_count::TokenCounting;
pub(crate) use token_count::decode_tokens;

use alloc::borrow::Cow;

/// What an address asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A completion, plain or streamed.
    Complete,
    /// Vectors of texts.
    Embed,
    /// The order of documents.
    Rerank,
    /// How many tokens a prompt has.
    CountTokens,
    /// The models there are.
    Models,
}

/// Server: what the end of an address says, as far as the dialect has it there and not in the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint<'a> {
    /// What is asked for.
    pub operation: Operation,
    /// The model, unescaped, where the address names it.
    pub model: Option<Cow<'a, str>>,
    /// Whether the answer is streamed, where the address says it.
    pub stream: Option<bool>,
}

impl Endpoint<'_> {
    /// An address that says nothing but what is asked for.
    pub const fn new(operation: Operation) -> Self {
        Self { operation, model: None, stream: None }
    }
}
