//! HTTP attempt: sends a request, and awaits the head of a successful response.

use crate::{
    cause,
    credentials::Grant,
    failure::Failure,
    incoming::Incoming,
    retry::Failed,
    target::Target,
    timeout::{Progress, Watch},
    transport::ConnectPermit,
};
use bytes::Bytes;
use ferrule_wire::model::{ErrorKind, ProviderError};
use http::{StatusCode, header::LOCATION};
use http_body::{Body, Frame, SizeHint};
use reqwest::Url;
use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

const MAX_REDIRECTS: usize = 5;
/// A request goes out in frames of this size, so that its end is noted about when it is on its way.
const FRAME_BYTES: usize = 128 << 10;

/// Sends the request, authorised with `grant` where there is one, and awaits the head of a successful answer.
pub(crate) async fn send(
    target: &Target,
    grant: Option<&Grant>,
    mut watch: Watch,
) -> Result<Incoming, Failed> {
    let lease = target.provider.pool.lease().map_err(Failure::Config)?;
    let mut url = target.url.clone();
    let mut permit = watch.within(lease.connect_permit()).await.map_err(Failure::Timeout)?;
    for _ in 0..=MAX_REDIRECTS {
        let mut request = reqwest::Request::new(target.method.clone(), url.clone());
        *request.headers_mut() = target.headers.clone();
        if let Some(grant) = grant {
            grant.apply(&mut request, &target.body, &target.own_headers)?;
        }
        let body =
            RequestBody { bytes: target.body.clone(), progress: watch.request(), permit: permit.take() };
        *request.body_mut() = Some(reqwest::Body::wrap(body));
        let answer = watch.within(lease.client().execute(request)).await.map_err(Failure::Timeout)?;
        let response = answer.map_err(|error| cause::unanswered(&error, &url))?;
        lease.answered_in(response.version());
        let status = response.status();
        if status.is_success() {
            return Ok(Incoming::from_http(response, lease, watch));
        }
        if !status.is_redirection() {
            if let Some(grant) = grant {
                grant.refused(status, response.headers());
            }
            let incoming = Incoming::from_http(response, lease, watch);
            return Err(incoming.into_error(status, target.provider.dialect).await.into());
        }
        url = redirected(&response, &url)?;
        watch.restart();
    }
    Err(redirect_error(
        StatusCode::TEMPORARY_REDIRECT,
        format!("the provider redirects more than {MAX_REDIRECTS} times"),
    )
    .into())
}

/// Where a redirect leads: only to the same origin, as credentials go with it, and only those that repeat a POST.
fn redirected(response: &reqwest::Response, from: &Url) -> Result<Url, Failure> {
    let status = response.status();
    let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    let Some(to) = location.and_then(|location| from.join(location).ok()) else {
        return Err(redirect_error(status, "the provider redirects to nowhere".to_owned()));
    };
    if to.origin() != from.origin() {
        let to = cause::origin(&to);
        let advice = format!(
            "the provider redirects to {to}, where credentials are not sent; if it is right, set base_url to it"
        );
        return Err(redirect_error(status, advice));
    }
    if !matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT) {
        let advice =
            "the provider redirects in a way that does not repeat the request; check base_url".to_owned();
        return Err(redirect_error(status, advice));
    }
    Ok(to)
}

fn redirect_error(status: StatusCode, message: String) -> Failure {
    let mut error = ProviderError::new(ErrorKind::InvalidRequest, message);
    error.status = Some(status.as_u16());
    Failure::Provider(Box::new(error))
}

/// A request's body, which notes when it was handed to a connection: hyper reads it then, and drops it at its end.
struct RequestBody {
    bytes: Bytes,
    progress: Arc<Progress>,
    /// Ends when the body is read: then there is a connection.
    permit: Option<ConnectPermit>,
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let body = self.get_mut();
        body.progress.taken();
        body.permit = None;
        let bytes = body.bytes.split_to(body.bytes.len().min(FRAME_BYTES));
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        // It is dropped once; a body that was never sent has nobody left who asks.
        self.progress.sent();
    }
}
