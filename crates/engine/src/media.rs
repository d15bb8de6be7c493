//! Pictures and sound.

use crate::{
    CallError, Engine, OperationCall, OperationReply, RawReply, engine::failed, operation::Asking,
    raw::FirstPiece, target::Provider,
};
use ferrule_wire::{
    operation::{ImageRequest, ImageResponse, SpeechRequest, Transcript, TranscriptionRequest},
    quirks::Feature,
};
use std::sync::Arc;

impl Engine {
    /// Makes pictures of a text.
    pub async fn images(
        &self,
        call: OperationCall<ImageRequest>,
    ) -> Result<OperationReply<ImageResponse>, CallError> {
        let OperationCall { provider, request, options } = call;
        let fail = |failure| failed(failure, &provider, &request.model);
        let row = self.provider(&provider).map_err(fail)?;
        let media =
            row.operation(row.dialect.media(), Feature::ImageGeneration, "images.generate").map_err(fail)?;
        let encoded = media.encode_images(&request, row.encode_options(&options));
        let asking = Asking::new(self, row, &request.model, &options);
        asking.ask(encoded, |_, body| media.decode_images(body)).await
    }

    /// Speaks a text. Comes back when the first of the sound is there.
    pub async fn speech(&self, call: OperationCall<SpeechRequest>) -> Result<RawReply, CallError> {
        let OperationCall { provider, request, options } = call;
        let fail = |failure| failed(failure, &provider, &request.model);
        let row = self.provider(&provider).map_err(fail)?;
        let media = row.operation(row.dialect.media(), Feature::Speech, "audio.speech").map_err(fail)?;
        let encoded = media.encode_speech(&request, row.encode_options(&options));
        let asking = Asking::new(self, row, &request.model, &options);
        Ok(RawReply::new(asking.send(encoded, &FirstPiece).await?))
    }

    /// Writes down what a recording says.
    pub async fn transcribe(
        &self,
        call: OperationCall<TranscriptionRequest>,
    ) -> Result<OperationReply<Transcript>, CallError> {
        let OperationCall { provider, mut request, options } = call;
        let row: &Arc<Provider> =
            self.provider(&provider).map_err(|failure| failed(failure, &provider, &request.model))?;
        let media = row
            .operation(row.dialect.media(), Feature::Transcription, "audio.transcribe")
            .map_err(|failure| failed(failure, &provider, &request.model))?;
        // 128 random bits are in no recording.
        request.boundary = format!("ferrule-{:032x}", fastrand::u128(..));
        let encoded = media.encode_transcription(&request, row.encode_options(&options));
        // It is in the request now, and should not be kept twice.
        request.file = Vec::new();
        let asking = Asking::new(self, row, &request.model, &options);
        asking
            .ask(encoded, |headers, body| {
                let content_type = headers.get("content-type").unwrap_or_default();
                let media_type = content_type.split(';').next().unwrap_or_default().trim();
                media.decode_transcript(&media_type.to_ascii_lowercase(), body)
            })
            .await
    }
}
