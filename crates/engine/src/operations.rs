//! The operations of dialects: reranking, images, transcription, token counts. Embeddings, which may take several requests,
//! are in `embed.rs`; speech, which is streamed, is in `speech.rs`.

use crate::{failure::Failure, operation::Operation, provider::Provider};
use ferrule_catalog::UsageRecord;
use ferrule_wire::{
    encode::{EncodedRequest, UnsupportedField},
    error::Headers,
    framing::StreamError,
    json::Extra,
    model::Request,
    operation::{
        ImageRequest, ImageResponse, Media, RerankRequest, RerankResponse, Reranking, TokenCounting,
        Transcript, TranscriptionRequest,
    },
    quirks::Feature,
};

/// Counts the tokens of a chat request.
#[derive(Clone, Debug)]
pub struct CountTokens(pub Request);

impl Operation for RerankRequest {
    type Response = RerankResponse;

    fn set_model(&mut self, model: &str) {
        model.clone_into(&mut self.model);
    }

    fn encode(&self, provider: &Provider, drop_unsupported: bool) -> Result<EncodedRequest, Failure> {
        let encoded = reranking(provider)?.encode_request(self, provider.encode_options(drop_unsupported));
        encoded.map_err(Failure::Unsupported)
    }

    fn decode(
        &self,
        provider: &Provider,
        _: Headers<'_>,
        body: &[u8],
    ) -> Result<RerankResponse, StreamError> {
        let Ok(reranking) = reranking(provider) else { return Err(StreamError::Interrupted) };
        let response = reranking.decode_response(body)?;
        let documents = self.documents.len();
        match response.results.iter().find(|result| result.index >= documents) {
            None => Ok(response),
            Some(result) => Err(StreamError::Malformed(format!(
                "the answer ranks document {}, of {documents}",
                result.index
            ))),
        }
    }

    fn record(response: &RerankResponse, record: &mut UsageRecord) {
        record.fill("", response.usage.as_ref(), &response.extra);
        record.measured.extend(response.search_units.map(|units| ("rerank_searches", units)));
    }
}

fn reranking(provider: &Provider) -> Result<&'static dyn Reranking, Failure> {
    provider.operation(provider.dialect.reranking(), Feature::Rerank, "rerank")
}

impl Operation for ImageRequest {
    type Response = ImageResponse;

    fn set_model(&mut self, model: &str) {
        model.clone_into(&mut self.model);
    }

    fn encode(&self, provider: &Provider, drop_unsupported: bool) -> Result<EncodedRequest, Failure> {
        let encoded = images(provider)?.encode_images(self, provider.encode_options(drop_unsupported));
        encoded.map_err(Failure::Unsupported)
    }

    fn decode(&self, provider: &Provider, _: Headers<'_>, body: &[u8]) -> Result<ImageResponse, StreamError> {
        let Ok(images) = images(provider) else { return Err(StreamError::Interrupted) };
        images.decode_images(body)
    }

    fn record(response: &ImageResponse, record: &mut UsageRecord) {
        record.fill("", response.usage.as_ref(), &response.extra);
        // Where no details are reported, the output tokens of an image response are all of images.
        let is_all_images =
            |usage: &&ferrule_wire::model::Usage| usage.extra.get("output_tokens_details").is_none();
        let tokens = response.usage.as_ref().filter(is_all_images).and_then(|usage| usage.output_tokens);
        record.measured.extend(tokens.map(|tokens| ("output_image_tokens", tokens)));
    }
}

fn images(provider: &Provider) -> Result<&'static dyn Media, Failure> {
    provider.operation(provider.dialect.media(), Feature::ImageGeneration, "images.generate")
}

impl Operation for TranscriptionRequest {
    type Response = Transcript;

    fn set_model(&mut self, model: &str) {
        model.clone_into(&mut self.model);
        // 128 random bits are in no recording.
        self.boundary = format!("ferrule-{:032x}", fastrand::u128(..));
    }

    fn encode(&self, provider: &Provider, drop_unsupported: bool) -> Result<EncodedRequest, Failure> {
        let options = provider.encode_options(drop_unsupported);
        transcription(provider)?.encode_transcription(self, options).map_err(Failure::Unsupported)
    }

    fn decode(
        &self,
        provider: &Provider,
        headers: Headers<'_>,
        body: &[u8],
    ) -> Result<Transcript, StreamError> {
        let Ok(media) = transcription(provider) else { return Err(StreamError::Interrupted) };
        let content_type = headers.get("content-type").unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        media.decode_transcript(&media_type.to_ascii_lowercase(), body)
    }

    fn record(response: &Transcript, record: &mut UsageRecord) {
        record.fill("", response.usage.as_ref(), &response.extra);
    }

    fn release(&mut self) {
        self.file = Vec::new();
    }
}

fn transcription(provider: &Provider) -> Result<&'static dyn Media, Failure> {
    provider.operation(provider.dialect.media(), Feature::Transcription, "audio.transcribe")
}

impl Operation for CountTokens {
    type Response = u64;

    fn set_model(&mut self, model: &str) {
        model.clone_into(&mut self.0.model);
    }

    fn encode(&self, provider: &Provider, drop_unsupported: bool) -> Result<EncodedRequest, Failure> {
        let options = provider.encode_options(drop_unsupported);
        let request = provider.without_foreign_proofs(&self.0);
        token_counting(provider)?.encode_request(&request, options).map_err(Failure::Unsupported)
    }

    fn decode(&self, provider: &Provider, _: Headers<'_>, body: &[u8]) -> Result<u64, StreamError> {
        let Ok(counting) = token_counting(provider) else { return Err(StreamError::Interrupted) };
        counting.decode_response(body)
    }

    fn record(_: &u64, record: &mut UsageRecord) {
        record.fill("", None, &Extra::new());
    }

    fn release(&mut self) {
        self.0 = Request::default();
    }
}

fn token_counting(provider: &Provider) -> Result<&'static dyn TokenCounting, Failure> {
    provider.dialect.token_counting().ok_or_else(|| {
        Failure::Unsupported(UnsupportedField {
            field: "count_tokens".to_owned(),
            dialect: provider.dialect.name(),
            reason: format!("{} cannot be asked; tokens are estimated for it", provider.id()),
        })
    })
}
