//! Servers: what a simulator or a gateway needs to answer as the providers do, without sockets.
//!
//! [`route`] finds the provider and the operation of a request; [`EmulatedProvider`] decodes the request, encodes the
//! response and reports errors in the provider's form; [`key`] finds the key of the caller. What is a fact of one wire
//! format is on the server half of [`Dialect`](crate::dialect::Dialect).
//!
//! A gateway answers a request in five steps:
//!
//! ```
//! use ferrule_wire::error::Headers;
//! use ferrule_wire::model::{ErrorKind, ProviderError, Request, Response};
//! use ferrule_wire::operation::{EncodedResponse, HttpRequest};
//! use ferrule_wire::server::{ApiRequest, ApiResponse, HttpResponse, RouteTarget, key, route};
//!
//! fn answer(method: &str, path: &str, headers: Headers<'_>, body: &[u8], now: i64) -> HttpResponse {
//!     // 1. Who is asked, and for what?
//!     let route = route(method, path, headers);
//!     let provider = route.provider;
//!     let refuse = |kind, message: &str| provider.error_response(&ProviderError::new(kind, message), false, now);
//!     // 2. Who asks?
//!     if key(headers) != Some("sk-gateway") {
//!         return refuse(ErrorKind::Authentication, "Unknown key.");
//!     }
//!     let RouteTarget::Operation(endpoint) = route.target else {
//!         return refuse(ErrorKind::NotFound, "There is nothing here.");
//!     };
//!     // 3. What is asked, in neutral terms?
//!     let http_request = HttpRequest { headers, body };
//!     let request = match provider.decode_api_request(&endpoint, http_request) {
//!         Ok(request) => request,
//!         Err(error) => return provider.error_response(&error, false, now),
//!     };
//!     // 4. Ask somebody.
//!     let response = match request {
//!         ApiRequest::Chat(request) => ApiResponse::Chat(ask_a_model(&request)),
//!         _ => return refuse(ErrorKind::NotFound, "This gateway serves chat only."),
//!     };
//!     // 5. The response in the form of the caller's dialect. (A stream: `provider.stream_encoder`.)
//!     match provider.encode_api_response(&response, http_request) {
//!         Some(EncodedResponse { content_type, body }) => {
//!             HttpResponse { status: 200, content_type, headers: Vec::new(), body }
//!         }
//!         None => refuse(ErrorKind::NotFound, "There is nothing here."),
//!     }
//! }
//!
//! # fn ask_a_model(request: &Request) -> Response {
//! #     Response { id: "msg_1".into(), model: request.model.clone(), ..Response::default() }
//! # }
//! let headers = Headers(&[("anthropic-version", "2023-06-01"), ("x-api-key", "sk-gateway")]);
//! let body = br#"{"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello!"}]}"#;
//! let response = answer("POST", "/v1/messages", headers, body, 0);
//! assert_eq!(response.status, 200);
//! assert!(response.body.starts_with(br#"{"id":"msg_1","type":"message""#));
//!
//! let response = answer("POST", "/v1/messages", Headers::default(), body, 0);
//! assert_eq!(response.status, 401);
//! assert!(response.body.starts_with(br#"{"type":"error","error":{"type":"authentication_error""#));
//! ```

mod api;
mod content_type;
mod emulated;
mod error;
mod keys;
mod retry;
mod route;

pub use api::{ApiRequest, ApiResponse};
pub use content_type::{JSON, body_content_type, stream_content_type};
pub use emulated::EmulatedProvider;
pub use error::{HttpResponse, error_kind};
pub use keys::{KEY_HEADERS, key};
pub use retry::{RetryAdvice, RetryHint};
pub use route::{Route, RouteTarget, is_misplaced, route};

#[cfg(test)]
mod tests;
