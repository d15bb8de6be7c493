//! Request context: one request, and helpers for its response.

use crate::{
    body::ResponseBody,
    clock::now_milliseconds,
    headers::header_map,
    random,
    record::{Details, Exchange},
    socket::Control,
    state::SimulatorState,
};
use bytes::Bytes;
use ferrule_wire::{
    error::Headers,
    model::{ProviderError, Request},
    operation::HttpRequest,
    server::{self, EmulatedProvider, HttpResponse, error_kind},
};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header::CONTENT_TYPE, request::Parts};
use std::sync::Arc;

/// The connection and the record of one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection<'a> {
    pub(crate) state: &'a SimulatorState,
    pub(crate) control: &'a Arc<Control>,
    pub(crate) exchange: &'a Arc<Exchange>,
}

/// One request: its provider, head and body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestContext<'a> {
    pub(crate) connection: Connection<'a>,
    pub(crate) provider: EmulatedProvider,
    pub(crate) head: &'a Parts,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a Bytes,
}

impl RequestContext<'_> {
    pub(crate) const fn state(&self) -> &SimulatorState {
        self.connection.state
    }

    /// The request in the form that `ferrule-wire` reads.
    pub(crate) fn http_request(&self) -> HttpRequest<'_> {
        HttpRequest { headers: Headers(self.headers), body: self.body }
    }

    /// A number that identifies the request by its model and body.
    pub(crate) fn number(&self, model: &str) -> u64 {
        random::number(self.state().seed, model, self.body)
    }

    /// Records what is requested.
    pub(crate) fn describe(&self, request: &Request) {
        self.connection.exchange.describe(Details {
            dialect: self.provider.name(),
            model: request.model.clone(),
            stream: request.stream,
        });
    }

    /// An error in the provider's form, with its own status or that of its kind. `streamed`: whether a stream was
    /// requested. `headers` take precedence over the usual ones.
    pub(crate) fn error(
        &self,
        mut error: ProviderError,
        headers: HeaderMap,
        streamed: bool,
    ) -> Response<ResponseBody> {
        let id = random::id(random::hash(self.state().seed, error.message.as_bytes()));
        error.request_id = Some(format!("req_{id}"));
        let HttpResponse { status, content_type, headers: usual, body } =
            self.provider.error_response(&error, streamed, now_milliseconds());
        let mut all = header_map(usual);
        all.extend(headers);
        self.whole(status, &content_type, body.into(), all)
    }

    /// The refusal of an invalid request.
    pub(crate) fn refuse(&self, status: u16, message: impl Into<String>) -> Response<ResponseBody> {
        let mut error = ProviderError::new(error_kind(status), message);
        error.status = Some(status);
        self.error(error, HeaderMap::new(), false)
    }

    /// A JSON response.
    pub(crate) fn json(&self, status: u16, value: &serde_json::Value) -> Response<ResponseBody> {
        self.whole(status, server::JSON, value.to_string().into(), HeaderMap::new())
    }

    /// A response whose body is available at once. A content type in `headers` takes precedence.
    pub(crate) fn whole(
        &self,
        status: u16,
        content_type: &str,
        body: Bytes,
        headers: HeaderMap,
    ) -> Response<ResponseBody> {
        let Connection { control, exchange, .. } = self.connection;
        let mut response = Response::new(ResponseBody::whole(body, control, exchange));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        *response.headers_mut() = headers;
        if let Ok(content_type) = HeaderValue::try_from(content_type) {
            response.headers_mut().entry(CONTENT_TYPE).or_insert(content_type);
        }
        response
    }
}
