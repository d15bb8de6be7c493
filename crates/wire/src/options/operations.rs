//! Options of requests other than chat, one line each.

use super::RequestOption::{
    Dimensions, InputType, Instructions, Language, N, Prompt, Quality, ResponseFormat, Size, Speed,
    Temperature, TopN, User,
};
use super::{Options, RequestOption, RequestedOption};
use crate::operation::{EmbeddingRequest, ImageRequest, RerankRequest, SpeechRequest, TranscriptionRequest};
use crate::quirks::Feature;

impl Options for EmbeddingRequest {
    fn options(&self) -> impl IntoIterator<Item = RequestedOption> {
        let Self { model: _, inputs: _, extra: _, format: _, dimensions, input_type, user } = self;
        let no_dimensions = (Feature::Dimensions, "decides itself how many numbers an embedding has");
        [
            RequestedOption::new(Dimensions, dimensions.is_some(), Some(no_dimensions)),
            RequestedOption::new(InputType, input_type.is_some(), None),
            RequestedOption::new(User, user.is_some(), Some((Feature::User, "takes no id of the end user"))),
        ]
    }

    fn clear(&mut self, option: RequestOption) {
        match option {
            Dimensions => self.dimensions = None,
            InputType => self.input_type = None,
            User => self.user = None,
            _ => {}
        }
    }
}

impl Options for RerankRequest {
    fn options(&self) -> impl IntoIterator<Item = RequestedOption> {
        let Self { model: _, query: _, documents: _, extra: _, top_n } = self;
        [RequestedOption::new(TopN, top_n.is_some(), None)]
    }

    fn clear(&mut self, option: RequestOption) {
        if option == TopN {
            self.top_n = None;
        }
    }
}

impl Options for ImageRequest {
    fn options(&self) -> impl IntoIterator<Item = RequestedOption> {
        let Self { model: _, prompt: _, extra: _, n, size, quality, response_format } = self;
        let no_size = (Feature::ImageSize, "decides itself how large images are");
        [
            RequestedOption::new(N, n.is_some_and(|n| n != 1), None),
            RequestedOption::new(Size, size.is_some(), Some(no_size)),
            RequestedOption::new(Quality, quality.is_some(), None),
            RequestedOption::new(ResponseFormat, response_format.is_some(), None),
        ]
    }

    fn clear(&mut self, option: RequestOption) {
        match option {
            N => self.n = None,
            Size => self.size = None,
            Quality => self.quality = None,
            ResponseFormat => self.response_format = None,
            _ => {}
        }
    }
}

impl Options for SpeechRequest {
    fn options(&self) -> impl IntoIterator<Item = RequestedOption> {
        let Self { model: _, text: _, voice: _, extra: _, response_format, speed, instructions } = self;
        [
            RequestedOption::new(ResponseFormat, response_format.is_some(), None),
            RequestedOption::new(Speed, speed.is_some(), None),
            RequestedOption::new(Instructions, instructions.is_some(), None),
        ]
    }

    fn clear(&mut self, option: RequestOption) {
        match option {
            ResponseFormat => self.response_format = None,
            Speed => self.speed = None,
            Instructions => self.instructions = None,
            _ => {}
        }
    }
}

impl Options for TranscriptionRequest {
    fn options(&self) -> impl IntoIterator<Item = RequestedOption> {
        let Self {
            model: _,
            file: _,
            file_name: _,
            boundary: _,
            extra: _,
            language,
            prompt,
            response_format,
            temperature,
        } = self;
        [
            RequestedOption::new(Language, language.is_some(), None),
            RequestedOption::new(Prompt, prompt.is_some(), None),
            RequestedOption::new(ResponseFormat, response_format.is_some(), None),
            RequestedOption::new(Temperature, temperature.is_some(), None),
        ]
    }

    fn clear(&mut self, option: RequestOption) {
        match option {
            Language => self.language = None,
            Prompt => self.prompt = None,
            ResponseFormat => self.response_format = None,
            Temperature => self.temperature = None,
            _ => {}
        }
    }
}
