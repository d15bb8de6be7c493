//! The operation trait, and the codec trait by which a dialect writes and reads one operation as a client and as a
//! server.

use super::kind::OperationKind;
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::error::Headers;
use crate::framing::StreamError;
use crate::json::JsonError;
use alloc::{borrow::Cow, vec::Vec};
use core::fmt;

/// An operation other than chat: its neutral request and response. Chat is the dialect itself.
pub trait Operation: Copy + fmt::Debug + Send + Sync + 'static {
    /// Its name.
    const KIND: OperationKind;
    /// The HTTP method; the request has no body where it is `GET`.
    const METHOD: &'static str = "POST";
    /// What is asked for, the same for all providers.
    type Request: Clone + fmt::Debug + Send + Sync + 'static;
    /// What is answered, the same for all providers.
    type Response: Clone + fmt::Debug + Send + Sync + 'static;

    /// The provider's name of the model that `request` is for; empty where the operation has none.
    fn model(request: &Self::Request) -> &str;

    /// Makes `request` one for `model`.
    fn set_model(request: &mut Self::Request, model: &str);

    /// Server: what every provider refuses of `request`, in words for the client.
    fn check(_request: &Self::Request) -> Result<(), &'static str> {
        Ok(())
    }
}

/// How a dialect writes and reads the operation `O`.
pub trait Codec<O: Operation>: Sync {
    /// Client: the most inputs that one request may carry to `model`, where a request has several.
    fn max_inputs(&self, _model: &str) -> usize {
        usize::MAX
    }

    /// Client: the HTTP request.
    fn encode_request(
        &self,
        request: &O::Request,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField>;

    /// Client: the response. A body that holds an error, with whatever status, is [`StreamError::Provider`].
    fn decode_response(&self, headers: Headers<'_>, body: &[u8]) -> Result<O::Response, StreamError>;

    /// Server: the request. The error's text is fit for the client.
    fn decode_request(&self, request: HttpRequest<'_>) -> Result<O::Request, JsonError>;

    /// Server: the response to `request`, which may say what form it is wanted in.
    fn encode_response(&self, response: &O::Response, request: HttpRequest<'_>) -> EncodedResponse;
}

/// Server: a request as it arrived.
#[derive(Clone, Copy, Debug, Default)]
pub struct HttpRequest<'a> {
    /// Its headers.
    pub headers: Headers<'a>,
    /// Its body.
    pub body: &'a [u8],
}

impl<'a> HttpRequest<'a> {
    /// A request with a JSON body, whose headers say nothing of interest.
    pub const fn json(body: &'a [u8]) -> Self {
        Self { headers: Headers(&[]), body }
    }
}

/// Server: a response as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedResponse {
    /// The media type of the body.
    pub content_type: Cow<'static, str>,
    /// The body.
    pub body: Vec<u8>,
}

impl EncodedResponse {
    /// A JSON response.
    pub const fn json(body: Vec<u8>) -> Self {
        Self { content_type: Cow::Borrowed("application/json"), body }
    }
}
