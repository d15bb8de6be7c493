//! Wire formats ("dialects"): the trait that each of them implements, in both directions. Each has its own folder
//! below.
//!
//! As a client: encode a request; decode a response, a stream, an error. As a server: decode a request; encode a
//! response, a stream, an error. [`registry`] lists them; [`shared`] holds what several of them need.

pub mod anthropic;
pub mod bedrock;
pub mod cohere;
pub mod cursor_cli;
pub mod gemini;
pub mod message_dicts;
pub mod ollama;
pub mod openai_chat;
pub mod openai_completions;
pub mod openai_responses;
pub mod registry;
pub mod replicate;
pub mod ruvllm;
mod server_half;
pub mod shared;
pub mod watsonx;

pub use server_half::{
    CredentialsProblem, FollowUpAction, FollowUpEndpoint, ManagementEndpoint, RateLimit, ResponseContext,
    ServerFacts, go_duration, quota_by_status, usual_error_status,
};
pub(crate) use server_half::{id_headers, openai_response_headers, rate_limit_headers};

use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::error::Headers;
use crate::framing::{StreamError, StreamLimits};
use crate::json::JsonError;
use crate::model::{ErrorKind, ProviderError, Request, Response, StreamEvent};
use crate::operation::{Endpoint, Operations};
use crate::response_headers::{self, HeaderMetadata};
use alloc::{borrow::Cow, boxed::Box, string::String, vec::Vec};
use core::fmt;

/// A wire format.
pub trait Dialect: fmt::Debug + Send + Sync {
    /// Its name in configuration, for instance `openai-chat`.
    fn name(&self) -> &'static str;

    /// The wire format that its parts and fields are marked with: another dialect's, where it differs in its addresses
    /// only.
    fn format(&self) -> &'static str {
        self.name()
    }

    /// Client: how its own provider wants to be shown the key.
    fn key_header(&self) -> KeyHeader {
        KeyHeader::Bearer
    }

    /// Client: the media types of bodies that its stream decoder reads; the first is what streams are asked for as, and
    /// what a server calls them. A body of type `application/json` that is not among them is a plain answer.
    fn stream_media_types(&self) -> &'static [&'static str] {
        &["text/event-stream"]
    }

    /// Client: whose proofs of reasoning `model` takes back, and makes, where `provider` serves it (see
    /// [`shared::foreign`]).
    fn signer<'a>(&self, provider: &'a str, _model: &'a str) -> Cow<'a, str> {
        Cow::Borrowed(provider)
    }

    /// The kinds of parts that this format alone has: names of `type`, or of the one field of a part that has no
    /// `type`. A kind that another format has as well names a field that distinguishes them:
    /// `compaction:encrypted_content`. What a caller writes by hand is known by them; decoders mark whatever they keep
    /// whole.
    fn own_parts(&self) -> &'static [&'static str] {
        &[]
    }

    /// Client: the HTTP request that asks `request`.
    fn encode_request(
        &self,
        request: &Request,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField>;

    /// Client: the options of a chat that it carries, each with whether it does whatever the value is.
    fn carried_options(&self) -> Vec<(&'static str, bool)>;

    /// Client: the answer in the body of a plain call. A body that holds an error (some providers answer those
    /// with status 200) is [`StreamError::Provider`].
    fn decode_response(&self, body: &[u8]) -> Result<Response, StreamError>;

    /// Client: what the headers of a successful response say about it. `get` looks one up by its name in lower case.
    fn decode_headers<'h>(&self, get: &dyn Fn(&str) -> Option<&'h str>) -> HeaderMetadata {
        response_headers::litellm(get)
    }

    /// Client: the program that answers, for a dialect that no HTTP server speaks.
    fn program(&self) -> Option<Program> {
        None
    }

    /// Client: where to go on with an answer that may not be over yet. `None` for a dialect whose answers are.
    ///
    /// Who follows hands the decoders what they would have read at one address: plain, the last body; streamed, the
    /// first and the last body as events of type [`FollowUp::EVENT`] around the stream.
    fn follow_up(&self) -> Option<ReadFollowUp> {
        None
    }

    /// Client: reads the body of one streamed call.
    fn stream_decoder(&self, limits: StreamLimits) -> Box<dyn StreamDecoder>;

    /// Client: what a body with an error status says. `now` is in milliseconds since 1970, for delays given as dates.
    fn decode_error(&self, status: u16, headers: Headers<'_>, body: &[u8], now: i64) -> ProviderError {
        crate::error::decode(status, headers, body, now)
    }

    /// Server: what a request asks. The error's text is fit for the client.
    fn decode_request(&self, body: &[u8]) -> Result<Request, JsonError>;

    /// Server: the body of a plain answer.
    fn encode_response(&self, response: &Response) -> Vec<u8>;

    /// Server: writes the body of one streamed answer to `request`.
    fn stream_encoder(&self, request: &Request) -> Box<dyn StreamEncoder>;

    /// Server: the body of an error answer.
    fn encode_error(&self, error: &ProviderError) -> Vec<u8>;

    /// Server: what the address that ends with `path` asks for; `None` where the dialect has no such address. It may
    /// begin with anything: where a provider's base URL ends is the provider's business.
    fn endpoint<'a>(&self, path: &'a str) -> Option<Endpoint<'a>>;

    /// The operations that the dialect has besides chat, each with its codec.
    fn operations(&self) -> &'static Operations {
        &Operations::NONE
    }

    /// Server: constant facts about how its servers answer.
    fn server_facts(&self) -> &'static ServerFacts {
        &ServerFacts::OPENAI
    }

    /// Server: whether the headers of a request show that its client speaks this dialect, whatever the address.
    fn matches_headers(&self, _headers: Headers<'_>) -> bool {
        false
    }

    /// Server: the address of an answer that an earlier request began, where the dialect has [`Self::follow_up`].
    fn follow_up_endpoint<'a>(&self, _method: &str, _path: &'a str) -> Option<FollowUpEndpoint<'a>> {
        None
    }

    /// Server: the address by which a local server of this dialect is managed.
    fn management_endpoint(&self, _method: &str, _path: &str) -> Option<ManagementEndpoint> {
        None
    }

    /// Server: the HTTP status of an error of `kind`.
    fn error_status(&self, kind: ErrorKind) -> u16 {
        usual_error_status(kind)
    }

    /// Server: the code of an error of `kind` that has none of its own.
    fn error_code(&self, kind: ErrorKind) -> Option<&'static str> {
        server_half::openai_error_code(kind)
    }

    /// Server: the error, with its status, for a request whose key is missing or wrong.
    fn credentials_error(&self, problem: CredentialsProblem<'_>) -> ProviderError {
        let kind = ErrorKind::Authentication;
        server_half::usual_credentials_error(problem, self.error_status(kind), self.error_code(kind))
    }

    /// Server: the headers of a response, names in lower case, without its content type.
    fn response_headers(&self, context: &ResponseContext<'_>) -> Vec<(&'static str, String)> {
        id_headers(self.server_facts().request_id_header, context)
    }

    /// Server: puts into `response` the fields that the provider's own clients require and that are missing.
    fn add_required_fields(&self, _response: &mut Response) {}
}

/// A program that answers requests: started for each, it reads the prompt and writes its answer in lines.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The usual command.
    pub command: &'static str,
    /// The environment variable that it reads its key from.
    pub key_variable: &'static str,
    /// The other environment variables that it needs; a `*` at the end stands for any text.
    pub variables: &'static [&'static str],
    /// Makes a command line of the body that the dialect encodes.
    pub command_line: fn(&[u8]) -> CommandLine,
    /// Whether a line is the last of the answer.
    pub is_last: fn(&[u8]) -> bool,
}

/// What a program is started with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// The arguments behind its name.
    pub arguments: Vec<String>,
    /// What it reads from its standard input: the prompt, which may be longer than an argument can be.
    pub input: Vec<u8>,
}

/// Reads from a body where to continue with the answer; `None` if it does not say so.
pub type ReadFollowUp = fn(&[u8]) -> Option<FollowUp>;

/// Where to continue with an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FollowUp {
    /// Whether it has ended, successfully or not.
    pub is_over: bool,
    /// The address to poll.
    pub get: Option<String>,
    /// The address of its stream.
    pub stream: Option<String>,
    /// The address to cancel it.
    pub cancel: Option<String>,
    /// Headers of the first request, in lower case, that the following ones do not repeat.
    pub drop_headers: &'static [&'static str],
}

impl FollowUp {
    /// The type of the server-sent events that hold a whole body.
    pub const EVENT: &str = "prediction";
}

/// The header that carries a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyHeader {
    /// `authorization: Bearer <key>`.
    Bearer,
    /// The key alone, in the header of this name in lower case.
    Named(&'static str),
}

/// Decodes the body of one streamed answer: bytes in as they arrive, events out. The events do not depend on how the
/// bytes are split.
pub trait StreamDecoder: Send {
    /// Decodes more of the body and appends its events to `events`. Events before an error stay appended.
    fn push(&mut self, bytes: &[u8], events: &mut Vec<StreamEvent>) -> Result<(), StreamError>;

    /// The body ended without a transport error. Without its terminal event that is [`StreamError::Interrupted`].
    fn finish(&mut self, events: &mut Vec<StreamEvent>) -> Result<(), StreamError>;

    /// Whether the terminal event was seen; the rest of the body can be ignored.
    fn is_done(&self) -> bool;
}

/// Writes the body of one streamed answer.
pub trait StreamEncoder: Send {
    /// Appends the frames for `event`.
    fn push(&mut self, event: &StreamEvent, out: &mut Vec<u8>);

    /// Appends the frames that end the stream.
    fn finish(&mut self, out: &mut Vec<u8>);

    /// Appends the frames that report an error in the middle.
    fn error(&mut self, error: &ProviderError, out: &mut Vec<u8>);
}
