//! Content encodings of responses: decompression.

use super::body::ResponseBody;
use http::{HeaderValue, Request, Response, header::CONTENT_ENCODING, response::Parts};
use hyper::body::Incoming;
use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};
use tower_http::decompression::Decompression;
use tower_service::Service;

/// The encodings to request for a response that is not streamed.
pub(crate) const ACCEPTED: HeaderValue = HeaderValue::from_static("gzip, br");

/// The decompressed body of a response. Encodings are matched ignoring case; deflate is understood although it is not
/// requested.
pub(super) async fn unpack(mut head: Parts, body: Incoming) -> (Parts, ResponseBody) {
    let Some(encoding) = head.headers.get(CONTENT_ENCODING) else { return (head, ResponseBody::Plain(body)) };
    let known = match encoding.as_bytes().trim_ascii().to_ascii_lowercase().as_slice() {
        b"gzip" | b"x-gzip" => "gzip",
        b"br" => "br",
        b"deflate" => "deflate",
        _ => return (head, ResponseBody::Plain(body)),
    };
    head.headers.insert(CONTENT_ENCODING, HeaderValue::from_static(known));
    let mut unpacking = Decompression::new(Given(Some(Response::from_parts(head, body))));
    match unpacking.call(Request::new(())).await {
        Ok(response) => {
            let (head, body) = response.into_parts();
            (head, ResponseBody::Packed(Box::new(body)))
        }
        Err(never) => match never {},
    }
}

/// A service that already has its only response.
struct Given(Option<Response<Incoming>>);

impl Service<Request<()>> for Given {
    type Response = Response<Incoming>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Incoming>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    #[expect(clippy::expect_used, reason = "it is called once, where it is made")]
    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(self.0.take().expect("called once")))
    }
}
