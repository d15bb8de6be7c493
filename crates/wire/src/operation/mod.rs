//! Operations other than chat: embeddings, reranking, images and audio, token counts, lists of models.
//!
//! Each has a file with its neutral request and response and a type that names it, such as [`Embeddings`]. A dialect
//! that has the operation implements [`Codec`] for it, in both directions, and lists it in its [`Operations`].

#[macro_use]
pub mod kind;

mod codec;
mod embeddings;
mod endpoint;
mod images;
mod model_listing;
mod reranking;
mod speech;
mod table;
mod token_counting;
mod transcription;

pub use codec::{Codec, EncodedResponse, HttpRequest, Operation};
pub use embeddings::{EmbeddingRequest, EmbeddingResponse, Embeddings, InputType, VectorFormat, Vectors};
pub use endpoint::Endpoint;
pub use images::{Image, ImageRequest, ImageResponse, Images};
pub use kind::OperationKind;
pub use model_listing::{ModelInfo, ModelListRequest, ModelListing, ModelPage};
pub use reranking::{RankedDocument, RerankRequest, RerankResponse, Reranking};
pub use speech::{Speech, SpeechRequest, SpeechResponse};
pub use table::{Listed, Operations};
pub use token_counting::TokenCounting;
pub(crate) use token_counting::decode_tokens;
pub use transcription::{Transcript, Transcription, TranscriptionRequest};
pub(crate) use with_operations;
