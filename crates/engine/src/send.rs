//! HTTP attempt: sends a request and awaits the head of a successful response.

use crate::{
    cause,
    credentials::Grant,
    failure::Failure,
    incoming::{Incoming, Used},
    intercept,
    net::{RequestBody, RequestHead},
    retry::Failed,
    target::Target,
    timeout::Watch,
};
use ferrule_wire::model::{ErrorKind, ProviderError};
use http::{
    HeaderMap, StatusCode,
    header::{LOCATION, PROXY_AUTHORIZATION},
};
use std::sync::Arc;
use url::Url;

const MAX_REDIRECTS: usize = 5;

/// Sends the request, authorised with `grant` if there is one, and awaits the head of a successful response.
pub(crate) async fn send(
    target: &Target,
    grant: Option<&Grant>,
    mut watch: Watch,
) -> Result<Incoming, Failed> {
    let lease = target.provider.pool.lease().map_err(Failure::Config)?;
    let mut url = target.url.clone();
    let mut permit = watch.within(lease.connect_permit()).await.map_err(Failure::from)?;
    for _ in 0..=MAX_REDIRECTS {
        let mut head =
            RequestHead { method: target.method.clone(), url: url.clone(), headers: target.headers.clone() };
        if let Some(grant) = grant {
            grant.apply(&mut head, &target.body, &target.own_headers)?;
        }
        if let Some(authorization) = lease.proxies().authorization(&url).map_err(Failure::Config)? {
            head.headers.insert(PROXY_AUTHORIZATION, authorization);
        }
        let progress = watch.request();
        let body = RequestBody {
            bytes: target.body.clone(),
            progress: Arc::clone(&progress),
            permit: permit.take(),
            admitted: target.admitted.clone(),
        };
        let request = head.with_body(body)?;
        let answer = if intercept::is_installed() {
            watch.within(lease.intercepted(request)).await
        } else {
            watch.within(lease.request(request)).await
        };
        let answer = answer.map_err(Failure::from)?;
        let (head, body, in_use) = answer.map_err(|unanswered| {
            let sending = cause::Sending {
                bytes: target.body.len(),
                since_sent: progress.since_sent(),
                is_partial: progress.is_partial(),
            };
            cause::unanswered(&unanswered, &url, sending, Some(lease.connections()))
        })?;
        if let Some(admitted) = &target.admitted {
            admitted.sent();
        }
        lease.answered_in(head.version);
        let status = head.status;
        target.note_limits(&head.headers);
        if status.is_success() {
            return Ok(Incoming::from_http(head, body, Used { in_use, lease }, watch));
        }
        if !status.is_redirection() {
            if let Some(grant) = grant {
                grant.refused(status, &head.headers);
            }
            let incoming = Incoming::from_http(head, body, Used { in_use, lease }, watch);
            let failure = incoming.into_error(status, target.provider.dialect).await;
            return Err(explained(failure, target, grant, &url).into());
        }
        url = redirected(status, &head.headers, &url)?;
        watch.restart();
    }
    Err(redirect_error(
        StatusCode::TEMPORARY_REDIRECT,
        format!("the provider redirects more than {MAX_REDIRECTS} times"),
    )
    .into())
}

/// Adds what the provider cannot know to its error: the URL that was not found, and where a refused key comes from.
fn explained(mut failure: Failure, target: &Target, grant: Option<&Grant>, url: &Url) -> Failure {
    let Failure::Provider(error) = &mut failure else { return failure };
    // The provider's own wording is kept.
    let the = if error.message.ends_with(['.', '!', '?']) { " The" } else { "; the" };
    match (error.kind, error.status) {
        (_, Some(404 | 405)) => {
            let mut url = url.clone();
            // The query and the user's name and password may hold secrets.
            url.set_query(None);
            let _ = url.set_username("").and_then(|()| url.set_password(None));
            error.note = format!("{the} request was {} {url}", target.method);
        }
        (ErrorKind::Authentication, _) => {
            if let Some(source) = target.provider.key_source(&target.headers) {
                error.note = format!("{the} key came from {source}");
            } else if let Some(origin) = grant.and_then(Grant::origin) {
                error.note = format!("{the} credentials came from {origin}");
            }
        }
        _ => {}
    }
    failure
}

/// The target of a redirect: the same origin only, as credentials are sent along, and only statuses that repeat a POST.
fn redirected(status: StatusCode, headers: &HeaderMap, from: &Url) -> Result<Url, Failure> {
    let location = headers.get(LOCATION).and_then(|location| location.to_str().ok());
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
