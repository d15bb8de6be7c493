//! Request head, while it is being authorised.

use super::unpack::ACCEPTED;
use crate::{cause, failure::Failure};
use http::{
    HeaderMap, HeaderValue, Method, Request, Uri,
    header::{ACCEPT, ACCEPT_ENCODING},
};
use url::Url;

/// The head of a request, while it is being authorised.
#[derive(Clone, Debug)]
pub(crate) struct RequestHead {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
}

impl RequestHead {
    /// The complete request.
    pub(crate) fn with_body<B>(self, body: B) -> Result<Request<B>, Failure> {
        let RequestHead { method, url, mut headers } = self;
        let uri = Uri::try_from(url.as_str()).map_err(|error| {
            Failure::Config(format!("an address at {} cannot be asked: {error}", cause::origin(&url)))
        })?;
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        headers.entry(ACCEPT_ENCODING).or_insert(ACCEPTED);
        let mut request = Request::new(body);
        (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (method, uri, headers);
        Ok(request)
    }
}
