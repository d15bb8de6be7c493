//! Operations other than chat: reranking, images, transcription, token counts. Embeddings, which may take several
//! requests, are in `embed.rs`; speech, which is streamed, is in `speech.rs`.

use crate::{admission::Measured, operation::OperationRequest, provider::Provider};
use ferrule_catalog::UsageRecord;
use ferrule_wire::{
    framing::StreamError,
    json::Extra,
    model::{Request, Usage},
    operation::{
        ImageRequest, ImageResponse, Images, RerankRequest, RerankResponse, Reranking, TokenCounting,
        Transcript, Transcription, TranscriptionRequest,
    },
};
use std::borrow::Cow;

impl OperationRequest for RerankRequest {
    type Operation = Reranking;

    fn record(response: &RerankResponse, record: &mut UsageRecord) {
        record.fill("", response.usage.as_ref(), &response.extra);
        record.measured.extend(response.search_units.map(|units| ("rerank_searches", units)));
    }

    fn check(&self, response: &RerankResponse) -> Result<(), StreamError> {
        let documents = self.documents.len();
        match response.results.iter().find(|result| result.index >= documents) {
            None => Ok(()),
            Some(result) => Err(StreamError::Malformed(format!(
                "the answer ranks document {}, of {documents}",
                result.index
            ))),
        }
    }
}

impl OperationRequest for ImageRequest {
    type Operation = Images;

    fn record(response: &ImageResponse, record: &mut UsageRecord) {
        record.fill("", response.usage.as_ref(), &response.extra);
        // If no details are reported, all output tokens of an image response count as image tokens.
        let is_all_images = |usage: &&Usage| usage.extra.get("output_tokens_details").is_none();
        let tokens = response.usage.as_ref().filter(is_all_images).and_then(|usage| usage.output_tokens);
        record.measured.extend(tokens.map(|tokens| ("output_image_tokens", tokens)));
    }
}

impl OperationRequest for TranscriptionRequest {
    type Operation = Transcription;

    fn record(response: &Transcript, record: &mut UsageRecord) {
        record.fill("", response.usage.as_ref(), &response.extra);
    }

    fn prepare(&mut self) {
        // No recording contains these 128 random bits.
        self.boundary = format!("ferrule-{:032x}", fastrand::u128(..));
    }

    fn release(&mut self) {
        self.file = Vec::new();
    }
}

/// As an operation, a chat request counts the tokens of its prompt.
impl OperationRequest for Request {
    type Operation = TokenCounting;

    fn measure(&self) -> Measured {
        Measured::free()
    }

    fn record(_: &u64, record: &mut UsageRecord) {
        record.fill("", None, &Extra::new());
    }

    fn as_sent(&self, provider: &Provider) -> Cow<'_, Self> {
        provider.without_foreign_proofs(self)
    }

    fn release(&mut self) {
        *self = Self::default();
    }
}
