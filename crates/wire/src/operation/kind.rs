//! Operation names: what a provider can be asked for, in the words of `providers.toml` and of the configuration.
//!
//! `build.rs` compiles this file as well, so that both know the same names.

use serde::{Deserialize, Serialize};

/// The table of operations other than chat: calls `$then` with a line for each, of which the names here, the codecs of
/// dialects (`table.rs`), and the requests and responses of servers (`server/api.rs`) are made.
///
/// A line has the operation's meaning, the name of its codec's field, its type, and the client's method for it.
macro_rules! with_operations {
    ($then:ident) => {
        $then! {
            "Embeddings of texts."
            embeddings: Embeddings => "embed",
            "A ranking of documents by relevance to a query."
            reranking: Reranking => "rerank",
            "Images made from a prompt."
            images: Images => "images.generate",
            "Speech made from text."
            speech: Speech => "audio.speech",
            "The text of a recording."
            transcription: Transcription => "audio.transcribe",
            "The number of tokens in a prompt, as the provider counts them."
            token_counting: TokenCounting => "count_tokens",
            "The list of the provider's models."
            model_listing: ModelListing => "models",
        }
    };
}

macro_rules! kinds {
    ($($meaning:literal $field:ident: $operation:ident => $method:literal,)*) => {
        /// What a provider can be asked for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum OperationKind {
            /// A chat completion, whole or streamed.
            Chat,
            $(#[doc = $meaning] $operation,)*
        }

        impl OperationKind {
            /// Every operation.
            pub const ALL: [Self; 1 + [$($method),*].len()] = [Self::Chat, $(Self::$operation),*];

            /// The client's method for it, which is its name in errors and in lists of what a provider has.
            pub const fn method(self) -> &'static str {
                match self {
                    Self::Chat => "chat",
                    $(Self::$operation => $method,)*
                }
            }
        }
    };
}

with_operations!(kinds);
