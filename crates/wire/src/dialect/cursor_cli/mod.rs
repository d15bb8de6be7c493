//! Cursor's command line, `cursor-agent -p --output-format stream-json --stream-partial-output`: a prompt in, lines of
//! JSON out. An agent with tools of its own, so requests carry no tools and answers call none.
//!
//! The body of a request is what the program is started with, as JSON; `command_line` makes arguments and input of
//! it. The facts are those of `docs/wire/cursor-cli.md`, where none is verified: what is unknown is let pass.

mod carried;
mod command_line;
mod decode_request;
mod decode_response;
mod decode_stream;
mod encode_request;
mod encode_response;
mod encode_stream;
mod error;

use super::{Dialect, Program, ServerFacts, StreamDecoder, StreamEncoder, quota_by_status};
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::framing::{StreamError, StreamLimits};
use crate::json::JsonError;
use crate::model::{ErrorKind, ProviderError, Request, Response};
use crate::operation::Endpoint;
use alloc::{boxed::Box, vec::Vec};
use carried::NAME;
use command_line::{command_line, is_last};

/// Cursor's command line.
#[derive(Clone, Copy, Debug, Default)]
pub struct CursorCli;

impl Dialect for CursorCli {
    fn name(&self) -> &'static str {
        NAME
    }

    /// No header carries the id of the request.
    fn server_facts(&self) -> &'static ServerFacts {
        const FACTS: ServerFacts = ServerFacts { request_id_header: None, ..ServerFacts::OPENAI };
        &FACTS
    }

    fn stream_media_types(&self) -> &'static [&'static str] {
        &["application/x-ndjson"]
    }

    fn encode_request(
        &self,
        request: &Request,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        encode_request::encode(request, options)
    }

    fn carried_options(&self) -> Vec<(&'static str, bool)> {
        carried::CARRIED.names()
    }

    fn decode_response(&self, body: &[u8]) -> Result<Response, StreamError> {
        decode_response::decode(body)
    }

    fn stream_decoder(&self, limits: StreamLimits) -> Box<dyn StreamDecoder> {
        Box::new(decode_stream::Decoder::new(limits))
    }

    fn decode_request(&self, body: &[u8]) -> Result<Request, JsonError> {
        decode_request::decode(body)
    }

    fn encode_response(&self, response: &Response) -> Vec<u8> {
        encode_response::encode(response)
    }

    fn stream_encoder(&self, _request: &Request) -> Box<dyn StreamEncoder> {
        Box::new(encode_stream::Encoder::default())
    }

    fn encode_error(&self, error: &ProviderError) -> Vec<u8> {
        error::encode(error)
    }

    fn program(&self) -> Option<Program> {
        Some(Program {
            command: "cursor-agent",
            key_variable: "CURSOR_API_KEY",
            variables: &["CURSOR_*"],
            command_line,
            is_last,
        })
    }

    /// Without a code in its errors, the status says that a quota is used up.
    fn error_status(&self, kind: ErrorKind) -> u16 {
        quota_by_status(kind)
    }

    /// A program has no addresses.
    fn endpoint<'a>(&self, _path: &'a str) -> Option<Endpoint<'a>> {
        None
    }
}
