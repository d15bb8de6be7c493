//! The server of ruvLLM: one text in, one text out, by `POST /query`.
//!
//! A conversation becomes one text, its speakers named where there is more than one turn. The server picks the model, so
//! the four names of models are what a caller means by a request, and the name travels as a field that the server
//! ignores. There is no stream: a server of this dialect sends the whole answer at the end, and so does the decoder.

use crate::dialect::shared::prompt::Prompt;
use crate::dialect::{Dialect, StreamDecoder, StreamEncoder};
use crate::encode::{EncodeOptions, EncodedRequest, Refusals, UnsupportedField};
use crate::framing::{StreamError, StreamLimits};
use crate::json::{Extra, Fields, JsonError, ObjectWriter};
use crate::model::{
    Accumulator, Choice, FinishReason, Message, Part, PartKind, ProviderError, Request, Response, Role,
    StreamEvent, replay,
};
use crate::operation::{Endpoint, ModelInfo, ModelListing, ModelPage, Operation};
use crate::options::{Carried, RequestOption, rules};
use alloc::{borrow::ToOwned, boxed::Box, string::String, string::ToString, vec::Vec};

const NAME: &str = "ruvllm";

const CARRIED: Carried<Request> = Carried {
    noted: &[(RequestOption::Cache, rules::CACHES_BY_ITSELF)],
    reason: Some("the server takes a text and nothing else"),
    ..Carried::NOTHING
};

/// The models there are, the one that stands for no choice first.
const MODELS: [&str; 4] = ["ruvector-auto", "ruvector-fast", "ruvector-quality", "ruvector-balanced"];

/// ruvLLM's server: `POST /query`.
#[derive(Clone, Copy, Debug, Default)]
pub struct RuvLlm;

impl Dialect for RuvLlm {
    fn name(&self) -> &'static str {
        NAME
    }

    fn stream_media_types(&self) -> &'static [&'static str] {
        &["application/json"]
    }

    fn encode_request(
        &self,
        request: &Request,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        let mut refusals = Refusals::new(NAME, options);
        let request = &*CARRIED.fit(request, options.quirks, &mut refusals)?;
        let query = Prompt::of(&request.messages, &mut refusals)?.whole();
        let mut out = Vec::with_capacity(query.len() + 64);
        let mut body = ObjectWriter::begin_with(&mut out, &request.extra);
        body.field("query", &query).field("model", &request.model);
        body.finish();
        Ok(EncodedRequest {
            path: "/query".into(),
            body: out,
            headers: Vec::new(),
            dropped: refusals.dropped,
        })
    }

    fn decode_response(&self, body: &[u8]) -> Result<Response, StreamError> {
        let mut fields = Fields::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
        let Some(text) = fields.take_string("text") else {
            let error = core::str::from_utf8(body).ok().and_then(crate::error::decode_in_stream);
            return Err(error.map_or_else(
                || StreamError::Malformed("an answer without a text".to_owned()),
                |error| StreamError::Provider(Box::new(error)),
            ));
        };
        let content = if text.is_empty() { Vec::new() } else { alloc::vec![Part::text(text)] };
        let choice = Choice {
            index: 0,
            message: Message::new(Role::Assistant, content),
            finish_reason: Some(FinishReason::Stop),
            stop_sequence: None,
            logprobs: None,
            extra: Extra::new(),
        };
        Ok(Response { choices: alloc::vec![choice], extra: fields.rest(), ..Response::default() })
    }

    fn stream_decoder(&self, limits: StreamLimits) -> Box<dyn StreamDecoder> {
        Box::new(WholeAnswer { limit: limits.event_bytes, body: Vec::new(), done: false })
    }

    fn decode_request(&self, body: &[u8]) -> Result<Request, JsonError> {
        let mut fields = Fields::parse(body)?;
        let query = fields.take_string("query").ok_or_else(|| JsonError::new("query: expected a string"))?;
        let model = fields.take_string("model").unwrap_or_else(|| MODELS[0].to_owned());
        let messages = alloc::vec![Message::text(Role::User, query)];
        Ok(Request { model, messages, extra: fields.rest(), ..Request::default() })
    }

    fn encode_response(&self, response: &Response) -> Vec<u8> {
        let mut text = String::new();
        for part in response.choices.first().iter().flat_map(|choice| &choice.message.content) {
            // What is no text cannot be said.
            if let PartKind::Text(more) | PartKind::Refusal(more) = &part.kind {
                text.push_str(more);
            }
        }
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin_with(&mut out, &response.extra);
        body.field("text", &text);
        body.finish();
        out
    }

    fn stream_encoder(&self, _request: &Request) -> Box<dyn StreamEncoder> {
        Box::new(AtTheEnd::default())
    }

    /// Plain text, as the server writes it.
    fn encode_error(&self, error: &ProviderError) -> Vec<u8> {
        error.message.as_bytes().to_owned()
    }

    fn endpoint<'a>(&self, path: &'a str) -> Option<Endpoint<'a>> {
        if path.ends_with("/query") {
            return Some(Endpoint::new(Operation::Complete));
        }
        path.ends_with("/health").then_some(Endpoint::new(Operation::Models))
    }

    fn model_listing(&self) -> &'static dyn ModelListing {
        &Listing
    }
}

/// Gathers an answer and tells it when it is whole.
#[derive(Debug)]
struct WholeAnswer {
    limit: usize,
    body: Vec<u8>,
    done: bool,
}

impl StreamDecoder for WholeAnswer {
    fn push(&mut self, bytes: &[u8], _events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        if self.body.len() + bytes.len() > self.limit {
            return Err(StreamError::TooLarge(self.limit));
        }
        self.body.extend_from_slice(bytes);
        Ok(())
    }

    fn finish(&mut self, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        if self.body.is_empty() {
            return Err(StreamError::Interrupted);
        }
        let response = RuvLlm.decode_response(&core::mem::take(&mut self.body))?;
        self.done = true;
        events.extend(replay(&response, |text| alloc::vec![text]));
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.done
    }
}

/// Gathers the events of an answer and writes it when it is whole.
#[derive(Debug, Default)]
struct AtTheEnd {
    answer: Accumulator,
    failed: bool,
}

impl StreamEncoder for AtTheEnd {
    fn push(&mut self, event: &StreamEvent, _out: &mut Vec<u8>) {
        self.answer.push(event);
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        if !self.failed {
            out.extend_from_slice(&RuvLlm.encode_response(&self.answer.response()));
        }
    }

    /// The status says success already, so the body has to say that this is an error.
    fn error(&mut self, error: &ProviderError, out: &mut Vec<u8>) {
        self.failed = true;
        let mut body = ObjectWriter::begin(out);
        body.field("error", &error.message);
        body.finish();
    }
}

/// The server lists no models: that it is there is all it says.
#[derive(Clone, Copy, Debug)]
struct Listing;

impl ModelListing for Listing {
    fn path(&self) -> &'static str {
        "/health"
    }

    fn decode_page(&self, body: &[u8]) -> Result<ModelPage, StreamError> {
        Fields::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
        let models = MODELS.iter().map(|id| ModelInfo {
            id: (*id).to_owned(),
            created: None,
            owned_by: None,
            raw: crate::json::Json::string(id),
        });
        Ok(ModelPage { models: models.collect(), next: None })
    }

    fn encode_page(&self, _models: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin(&mut out);
        body.field("status", "healthy").field("version", "0.1.0");
        body.finish();
        out
    }
}
