//! Option defaults of a group's target, for options that the call does not set.

use crate::options::CallOptions;
use ferrule_wire::{
    json::Extra,
    model::Request,
    operation::{EmbeddingRequest, ImageRequest, RerankRequest, SpeechRequest, TranscriptionRequest},
};

/// Defaults for options that a call does not set.
#[derive(Clone, Debug, Default)]
pub struct OptionDefaults {
    /// Options of completions, and additional fields of every body.
    pub request: Request,
    /// Options of calls.
    pub call: CallOptions,
    /// Options of other operations.
    pub operations: OperationDefaults,
}

/// Options of operations other than chat. Only the options of each request are used.
#[derive(Clone, Debug, Default)]
pub struct OperationDefaults {
    /// Options of embeddings.
    pub embedding: EmbeddingRequest,
    /// Options of reranking.
    pub reranking: RerankRequest,
    /// Options of images.
    pub image: ImageRequest,
    /// Options of speech.
    pub speech: SpeechRequest,
    /// Options of transcription.
    pub transcription: TranscriptionRequest,
}

/// A request whose unset options can be filled in.
pub(crate) trait FillIn {
    /// Fills in unset options from `defaults`.
    fn fill_in(&mut self, defaults: &OptionDefaults);
}

impl OptionDefaults {
    /// These options, with `others` for those that are unset.
    #[must_use]
    pub(crate) fn or(mut self, others: &Self) -> Self {
        self.request.fill_in(&others.request);
        self.call.fill_in(&others.call);
        let OperationDefaults { embedding, reranking, image, speech, transcription } = &mut self.operations;
        FillIn::fill_in(embedding, others);
        FillIn::fill_in(reranking, others);
        FillIn::fill_in(image, others);
        FillIn::fill_in(speech, others);
        FillIn::fill_in(transcription, others);
        self
    }
}

fn option<T: Clone>(own: &mut Option<T>, default: &Option<T>) {
    if own.is_none() {
        own.clone_from(default);
    }
}

fn fields(own: &mut Extra, defaults: &OptionDefaults) {
    for (name, value) in defaults.request.extra.iter() {
        if own.get(name).is_none() {
            own.insert(name, value.clone());
        }
    }
}

// Each request is destructured in full, so that a new option is not forgotten here.

impl FillIn for Request {
    fn fill_in(&mut self, defaults: &OptionDefaults) {
        Self::fill_in(self, &defaults.request);
    }
}

impl FillIn for EmbeddingRequest {
    fn fill_in(&mut self, defaults: &OptionDefaults) {
        let Self { model: _, inputs: _, dimensions, input_type, user, format: _, extra } = self;
        let others = &defaults.operations.embedding;
        option(dimensions, &others.dimensions);
        option(input_type, &others.input_type);
        option(user, &others.user);
        fields(extra, defaults);
    }
}

impl FillIn for RerankRequest {
    fn fill_in(&mut self, defaults: &OptionDefaults) {
        let Self { model: _, query: _, documents: _, top_n, extra } = self;
        option(top_n, &defaults.operations.reranking.top_n);
        fields(extra, defaults);
    }
}

impl FillIn for ImageRequest {
    fn fill_in(&mut self, defaults: &OptionDefaults) {
        let Self { model: _, prompt: _, n, size, quality, response_format, extra } = self;
        let others = &defaults.operations.image;
        option(n, &others.n);
        option(size, &others.size);
        option(quality, &others.quality);
        option(response_format, &others.response_format);
        fields(extra, defaults);
    }
}

impl FillIn for SpeechRequest {
    fn fill_in(&mut self, defaults: &OptionDefaults) {
        let Self { model: _, text: _, voice, response_format, speed, instructions, extra } = self;
        let others = &defaults.operations.speech;
        if voice.is_empty() {
            voice.clone_from(&others.voice);
        }
        option(response_format, &others.response_format);
        option(speed, &others.speed);
        option(instructions, &others.instructions);
        fields(extra, defaults);
    }
}

impl FillIn for TranscriptionRequest {
    fn fill_in(&mut self, defaults: &OptionDefaults) {
        let Self {
            model: _,
            file: _,
            file_name: _,
            boundary: _,
            language,
            prompt,
            response_format,
            temperature,
            extra,
        } = self;
        let others = &defaults.operations.transcription;
        option(language, &others.language);
        option(prompt, &others.prompt);
        option(response_format, &others.response_format);
        option(temperature, &others.temperature);
        fields(extra, defaults);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_call_overrides_groups_and_inner_groups_override_outer_ones() {
        let of = |dimensions, user: &str| {
            let embedding =
                EmbeddingRequest { dimensions, user: Some(user.to_owned()), ..Default::default() };
            let operations = OperationDefaults { embedding, ..Default::default() };
            OptionDefaults { operations, ..OptionDefaults::default() }
        };
        let defaults = of(None, "inner").or(&of(Some(256), "outer"));
        let mut request = EmbeddingRequest { inputs: vec!["x".to_owned()], ..Default::default() };
        FillIn::fill_in(&mut request, &defaults);
        assert_eq!((request.dimensions, request.user.as_deref()), (Some(256), Some("inner")));
        let mut request = EmbeddingRequest { dimensions: Some(8), ..Default::default() };
        FillIn::fill_in(&mut request, &defaults);
        assert_eq!(request.dimensions, Some(8));
    }
}
